//! What a record says of a call.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    BundleId, Caller, Cause, CorrectionId, CorrectionState, Counts, DeptId, Digest, MediaType,
    Operation, Purpose, Revocation, Rule, SealedContent, SystemId, TraceId, TypeCode,
    UploadException,
};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// With what was asked for.
    Served,
    /// By a decision against it.
    Denied,
    /// By events.
    Failed,
    /// Nobody knows: the gateway ended in between.
    Unknown,
    /// Well, as the registry shows; written after the gateway had ended in between.
    Recovered,
}

/// What a record says of a call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Call {
    /// What was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Ending>,
    /// Registered reason of a refusal or failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'static, str>>,
    /// Department that called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<DeptId>,
    /// System that called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemId>,
    /// SHA-256 of its certificate, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Pseudonym of the officer: the same for one officer of one department, and not to be traced back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// Department that holds the material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<DeptId>,
    /// Adapter that was asked, `name/build`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<Arc<str>>,
    /// Type of the material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material_type: Option<TypeCode>,
    /// Name of the version; never of a personal type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Digest of the content; never of a personal type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Of a personal type: SHA-256 of the sealed part's salt and the content's digest, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_salted: Option<String>,
    /// Size of the version in bytes; of `start` the bytes of a torn frame that was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Media type of the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// Whether a publication found its content held already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub already_held: Option<bool>,
    /// Whether what was uploaded is what a department should have already, and policy let it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_collection: Option<bool>,
    /// Why something was uploaded that a department should have already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<UploadException>,
    /// The correction that a contribution opened, or that a comparison is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<CorrectionId>,
    /// What the comparison of a contribution came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<CorrectionState>,
    /// Why a version was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
    /// Most bytes that may leave by this record; of `aborted` the bytes that left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_authorised: Option<u64>,
    /// Where the bytes came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// When what a hit rests on was fetched from its holder, in milliseconds since 1970, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_since: Option<i64>,
    /// Adapter calls of this exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter_calls: Option<AdapterCalls>,
    /// How often an adapter was asked again; absent if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// Why it was called, and what the decision rests on.
    #[serde(flatten)]
    pub why: Option<Why>,
    /// SHA-256 of the permissions that decided, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Arc<str>>,
    /// First 16 hexadecimal digits of the version of the catalogue that the call was by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Arc<str>>,
    /// Digest of the request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Digest>,
    /// Trace of the caller that the call belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<TraceId>,
    /// Index of the intent that this record closes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
    /// Index of the outcome whose rest this record is about: it had to be asked for again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<u64>,
    /// Bundle or batch that the call was a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BundleId>,
    /// How long the call took until this record, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// How many pieces a checklist has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// What only auditors may read: it never stands in the leaf.
    #[serde(skip)]
    pub private: SealedContent,
}

/// The part of a purpose that stands in clear, so that "why" can be answered without unsealing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Approval item.
    pub item: String,
    /// Package of items that the item was asked for in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub package: Option<String>,
    /// Cause.
    pub cause: Cause,
    /// Legal basis.
    pub legal_basis: String,
    /// Ground of the authorization, without its reference.
    pub authorization: String,
    /// What the decision rests on; absent where it was against the call.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<Rule>,
}

/// Where the bytes of an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cache {
    /// The bus had them.
    Hit,
    /// The holder was asked.
    Miss,
    /// Another call was asking the holder already, and this one shared its answer.
    Joined,
}

/// How often each adapter method was called for one exchange; what was not called is absent in a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdapterCalls {
    /// Calls of Lookup.
    #[serde(skip_serializing_if = "is_zero")]
    pub lookup: u32,
    /// Calls of Fetch.
    #[serde(skip_serializing_if = "is_zero")]
    pub fetch: u32,
    /// Calls of Stage.
    #[serde(skip_serializing_if = "is_zero")]
    pub stage: u32,
    /// Calls of Seal.
    #[serde(skip_serializing_if = "is_zero")]
    pub seal: u32,
    /// Calls of Verify.
    #[serde(skip_serializing_if = "is_zero")]
    pub verify: u32,
}

// === impl Call ===

impl Call {
    /// Says who calls, what and why.
    pub(crate) fn new(
        caller: &Caller,
        operation: Operation,
        material_type: &TypeCode,
        purpose: &Purpose,
    ) -> Self {
        let material_type = Some(material_type.clone());
        Self { material_type, ..Self::about_many(caller, operation, purpose) }
    }

    /// Says who calls, what and why, of a call about many types.
    pub(crate) fn about_many(caller: &Caller, operation: Operation, purpose: &Purpose) -> Self {
        Self {
            operation: Some(operation),
            why: Some(Why::of(purpose)),
            private: SealedContent::of(purpose),
            ..Self::by(caller)
        }
    }

    /// Says who calls.
    pub fn by(caller: &Caller) -> Self {
        Self {
            department: Some(caller.department.clone()),
            system: Some(caller.system.clone()),
            certificate: Some(hex::encode(caller.certificate)),
            trace_id: caller.trace_id,
            ..Self::default()
        }
    }
}

// === impl Why ===

impl Why {
    /// Takes from a purpose what may stand in clear.
    pub fn of(purpose: &Purpose) -> Self {
        Self {
            item: purpose.item.clone(),
            package: None,
            cause: purpose.cause,
            legal_basis: purpose.legal_basis.clone(),
            authorization: purpose.authorization.as_str().to_owned(),
            rule: None,
        }
    }
}

fn is_zero(calls: &u32) -> bool {
    *calls == 0
}
