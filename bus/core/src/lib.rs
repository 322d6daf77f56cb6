//! The exchange: what oncebus exists for.
//!
//! Vocabulary, catalogue, permissions, fetch and publish. What it needs from outside comes through
//! the ports [`Registry`], [`Holders`], [`Clock`] and [`Rng`], and through the trail.

mod admission;
mod batch;
mod bundle;
mod bus;
mod cache;
mod caller;
mod catalog;
mod change;
mod checklist;
mod chunks;
mod circumstances;
mod claim;
mod clock;
mod contribution;
mod correct;
mod digest;
mod error;
mod exchange;
mod fetch;
mod field;
mod find;
mod first_fetch;
mod flight;
mod gather;
mod hang_up;
mod history;
mod holders;
mod identifier;
mod ids;
mod info;
mod joint;
mod journal;
mod lookup;
mod manifest;
mod outages;
mod party;
mod permissions;
mod planted;
mod policy;
mod prefill;
mod publish;
mod purpose;
mod receive;
mod record;
mod registry;
mod relation;
mod release;
mod resolve;
mod revocations;
mod revoke;
mod revoked;
mod rng;
mod seal;
mod settle;
mod source;
mod source_department;
mod spool;
mod standing;
mod status;
mod subject;
mod sweep;
mod take;
mod timeline;
mod trace;
mod valid_until;
mod verdict;
mod verify;
mod watch;

#[cfg(feature = "planted")]
pub use self::planted::Bug;
pub use self::{
    admission::{Admission, AdmissionLimits, Admitted, Load, Permit},
    batch::{Batch, BatchQuery},
    bundle::{Bundle, BundlePart, BundleSummary},
    bus::{Bus, Limits, Parts},
    cache::CacheLimits,
    caller::{Caller, Role},
    catalog::{
        Catalog, CatalogError, CatalogFault, CatalogSources, Classification, Condition, DataField,
        Department, Fact, FactKind, FactValue, Facts, FieldSource, Form, FormField, Holds,
        Incompatibility, Item, MaterialType, Package, Position, Region, Requirement, Sensitivity,
        Sharing, SharingWay, Stage, Supply, UpdateFrequency, ValidityKind,
    },
    change::{Change, ChangeKind, ChangeSpan, PastVersion},
    checklist::{
        Asked, Checklist, ChecklistQuery, Choice, Counts, ItemChecklist, MaterialAnswer, Question,
        RequirementAnswer, RequirementStatus,
    },
    chunks::{CHUNK_BYTES, ChunkDigests},
    claim::{Claim, Claims, FieldName},
    clock::{Clock, SteadyClock, SystemClock},
    contribution::{
        Contribution, CorrectionState, DuplicateCollection, Excepted, Intake, UploadException,
    },
    correct::Corrected,
    digest::{Digest, DigestError},
    error::{Class, ExchangeError, Failure},
    fetch::{FetchQuery, Target},
    field::{Day, FieldError, IssuerName, MediaType, Number},
    find::{Beside, FindQuery, FoundMaterials, GetQuery},
    gather::Bar,
    hang_up::HangUp,
    holders::{
        Asking, ClaimsQuery, Content, ContentStream, Description, Document, HolderError, Holders,
        Holding, LookupQuery,
    },
    identifier::{
        CitizenId, CreditCode, ELicenceId, Identifier, IdentifierFault, IdentifierModes,
        Identifiers, ItemCode, Mode, OrganisationCode, PermitNumber, ProjectCode, RegionCode,
    },
    ids::{
        BootId, BundleId, CorrectionId, DeptId, MaterialId, RecordId, RequestId, SystemId,
        TypeCode, UploadId, VersionId, VersionName,
    },
    info::{MaterialInfo, Then},
    journal::{Journal, RecordError, Run},
    manifest::Manifest,
    party::{Parties, Party, PartyRole},
    permissions::{Operation, Permission, PermissionError, Permissions, Rule},
    policy::{Epoch, Policy},
    prefill::{
        FieldText, FieldValue, FormSource, PrefillQuery, PrefilledField, PrefilledForm,
        SourceStatus,
    },
    publish::{BeginQuery, Begun, CommitQuery, Published, PutQuery},
    purpose::{Authorization, Cause, Purpose},
    record::{AdapterCalls, Cache, Call, Ending, Ground, Kind, Record, Span, Spans, Why},
    registry::{
        Committed, Discard, HeldVersion, NewUpload, Registry, RegistryError, RequestScope,
        RequestState, Upload, UploadState, Version,
    },
    relation::{Relation, RelationKind},
    release::{Part, Release},
    revoke::{Note, RevokeQuery, RevokedVersion},
    revoked::{Revocation, Revoked},
    rng::{Rng, SystemRng},
    seal::{Seal, SealError, SealedContent, SealedPart},
    status::Status,
    subject::{MaterialKey, Scheme, Subject},
    sweep::Swept,
    timeline::{Timeline, TimelineEntry, TimelineQuery},
    trace::TraceId,
    valid_until::ValidUntil,
    verdict::{Bound, Circumstances, Judgement, Known, Verdict, When, judge},
    verify::{Finding, MatchVerdict, Verified, VerifyQuery},
    watch::{Reference, Told, Watch, WatchEvent, WatchQuery, Watched, WatchedSet},
};

/// Conformance suites that every implementation of a port runs.
pub mod conformance;
