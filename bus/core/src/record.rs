//! The records of the trail: compact JSON in one fixed field order, free of personal data.

mod call;
mod ground;
mod span;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{BootId, RecordId};

pub use self::{
    call::{AdapterCalls, Cache, Call, Ending, Why},
    ground::Ground,
    span::{Span, Spans},
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
    /// When, in milliseconds since 1970, UTC; never before the record in front of it.
    pub time: i64,
    /// What was called and why.
    #[serde(flatten)]
    pub call: Call,
    /// Run of the gateway that wrote it.
    pub boot: BootId,
    /// The gateway, by SPIFFE id. Of `start` and `config`; the others name it by their run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Arc<str>>,
    /// SHA-256 of the configuration, hexadecimal. Of `start` and `config`, as the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Arc<str>>,
    /// Region of the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Arc<str>>,
    /// Address of the peer whose refusals are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Number of refusals counted, or of records read; of `erasure` the records that are meant, or with
    /// an outcome what was erased; of `start` the records that settled what the
    /// run before left; of `clock` the milliseconds by which the clock lies behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Number of the permissions that a change of the configuration put in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Which key is in use from here on, `NAME:ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Records that this one is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ranges: Option<Spans>,
    /// Reason that somebody gave for an act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// SHA-256 of the salt and the whole of the sealed part, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
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
    /// Somebody administered the trail.
    Admin,
    /// Somebody read the trail.
    AuditRead,
    /// Somebody had the configuration read again: what came of it.
    Config,
    /// A key is in use from here on.
    Key,
    /// Old records were dropped.
    Retention,
    /// Sealed parts were erased.
    Erasure,
    /// The machine's clock was set back.
    Clock,
    /// A gateway began a run.
    Start,
    /// A gateway ended a run in order.
    Stop,
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
