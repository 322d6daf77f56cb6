//! The records of the trail: compact JSON in one fixed field order, free of personal data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    BootId, Caller, Cause, DeptId, Digest, Operation, Purpose, RecordId, Rule, SystemId, TypeCode,
};

/// One record, as it is written. Formats only add; an old leaf is never written anew.
///
/// What does not apply is absent. Case number, officer and subject are never here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Version of this form; 1.
    pub v: u32,
    /// Id of the record, a UUIDv7.
    pub id: RecordId,
    /// What kind of record it is.
    pub kind: Kind,
    /// When, in milliseconds since 1970, UTC.
    pub time: i64,
    /// What was called and why.
    #[serde(flatten)]
    pub call: Call,
    /// Run of the gateway that wrote it.
    pub boot: BootId,
    /// Address of the peer whose refusals are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Number of refusals counted, or of records read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Number of the permissions that a change of the configuration put in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
}

/// The kinds of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An adapter is about to be asked.
    Intent,
    /// A call was decided: what it may release, or why not.
    Outcome,
    /// A stream was cut after its outcome.
    Aborted,
    /// Refusals before a call could be checked, counted.
    Refused,
    /// Somebody read the trail.
    AuditRead,
    /// Somebody had the configuration read again: what came of it.
    Config,
    /// A gateway began a run.
    Start,
    /// A gateway ended a run in order.
    Stop,
}

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
    /// Department that holds the material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<DeptId>,
    /// Type of the material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material_type: Option<TypeCode>,
    /// Name of the version; never of a personal type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Digest of the content; never of a personal type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Size of the version in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Whether a publication found its content held already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub already_held: Option<bool>,
    /// Most bytes that may leave by this record; of `aborted` the bytes that left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_authorised: Option<u64>,
    /// Where the bytes came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// Adapter calls of this exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter_calls: Option<AdapterCalls>,
    /// Why it was called, and what the decision rests on.
    #[serde(flatten)]
    pub why: Option<Why>,
    /// Digest of the request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Digest>,
    /// Index of the intent that this record closes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
    /// Index of the outcome whose rest this record is about: it had to be asked for again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<u64>,
}

/// The part of a purpose that stands in clear, so that "why" can be answered without unsealing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Approval item.
    pub item: String,
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

/// How often each adapter method was called for one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterCalls {
    /// Calls of Lookup.
    pub lookup: u32,
    /// Calls of Fetch.
    pub fetch: u32,
    /// Calls of Stage.
    pub stage: u32,
    /// Calls of Seal.
    pub seal: u32,
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
        Self {
            operation: Some(operation),
            material_type: Some(material_type.clone()),
            why: Some(Why::of(purpose)),
            ..Self::by(caller)
        }
    }

    /// Says who calls.
    pub fn by(caller: &Caller) -> Self {
        Self {
            department: Some(caller.department.clone()),
            system: Some(caller.system.clone()),
            certificate: Some(hex::encode(caller.certificate)),
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
            cause: purpose.cause,
            legal_basis: purpose.legal_basis.clone(),
            authorization: purpose.authorization.as_str().to_owned(),
            rule: None,
        }
    }
}

// === impl Record ===

impl Record {
    /// The form that this program writes.
    pub const VERSION: u32 = 1;

    /// Reads a leaf.
    ///
    /// # Errors
    ///
    /// Says where the leaf is no record of this form.
    pub fn from_leaf(leaf: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(leaf)
    }

    /// Returns the leaf's exact bytes.
    pub fn to_leaf(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record has only strings, integers and flags")
    }
}
