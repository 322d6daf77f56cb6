//! What to look for, and what the asker may see.

use oncebus_core::{DeptId, Digest, RecordId, Subject, TypeCode, VersionName};

/// Kinds of the gateway's own acts, which those who run it may see.
const ACTS: [&str; 6] = ["admin", "audit_read", "config", "key", "start", "stop"];

/// Conditions that must all hold; `None` is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Department that called.
    pub department: Option<DeptId>,
    /// System that called.
    pub system: Option<String>,
    /// Department that answered.
    pub holder: Option<DeptId>,
    /// Type of the material.
    pub material_type: Option<TypeCode>,
    /// Approval item.
    pub item: Option<String>,
    /// Kind of the record.
    pub kind: Option<String>,
    /// What was called.
    pub operation: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Registered reason.
    pub reason: Option<String>,
    /// Where the bytes came from.
    pub cache: Option<String>,
    /// Version.
    pub version: Option<VersionName>,
    /// Not before this time, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this time, in milliseconds since 1970.
    pub until: Option<i64>,
    /// Id of the record.
    pub id: Option<RecordId>,
    /// Trace id of the call.
    pub trace_id: Option<[u8; 16]>,
    /// Digest of the content.
    pub digest: Option<Digest>,
    /// Whom or what the material is about.
    pub subject: Option<Subject>,
    /// A department's case: its code and its number of the case.
    pub case: Option<(DeptId, String)>,
    /// Took at least so long, in milliseconds.
    pub min_latency_ms: Option<i64>,
}

/// Which records somebody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// All: an auditor.
    All,
    /// Calls that the department made or answered.
    Department(DeptId),
    /// Those, and the gateway's own acts: administration, reading, configuration, keys, start, stop.
    Acts(DeptId),
}

// === impl RecordFilter ===

impl RecordFilter {
    /// Returns columns and the texts that they must have.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let version_type = self.version.as_ref().map(|version| version.material_type.as_str());
        let texts = [
            ("department", self.department.as_ref().map(DeptId::as_str)),
            ("department", self.case.as_ref().map(|(department, _)| department.as_str())),
            ("system", self.system.as_deref()),
            ("holder", self.holder.as_ref().map(DeptId::as_str)),
            ("material_type", self.material_type.as_ref().map(TypeCode::as_str)),
            ("material_type", version_type),
            ("item", self.item.as_deref()),
            ("kind", self.kind.as_deref()),
            ("operation", self.operation.as_deref()),
            ("outcome", self.outcome.as_deref()),
            ("reason", self.reason.as_deref()),
            ("cache", self.cache.as_deref()),
        ];
        texts.into_iter().filter_map(|(column, text)| Some((column, text?)))
    }

    /// Returns columns and the bytes that they must have, subject and case apart.
    pub(super) fn bytes(&self) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
        let version = self.version.as_ref().map(|version| version.id.digest().as_bytes().to_vec());
        let bytes = [
            ("id", self.id.map(|id| id.0.as_bytes().to_vec())),
            ("version", version),
            ("trace_id", self.trace_id.map(|id| id.to_vec())),
            ("digest", self.digest.as_ref().map(|digest| digest.as_bytes().to_vec())),
        ];
        bytes.into_iter().filter_map(|(column, bytes)| Some((column, bytes?)))
    }
}

// === impl Visibility ===

impl Visibility {
    /// Returns whether a record of this kind, between these departments, may be seen.
    pub fn sees(&self, kind: &str, department: &str, holder: &str) -> bool {
        let own = self.department().is_none_or(|own| [department, holder].contains(&own));
        own || self.kinds().contains(&kind)
    }

    /// Returns the department whose two sides are seen; `None` if all are.
    pub(super) fn department(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Department(department) | Self::Acts(department) => Some(department.as_str()),
        }
    }

    /// Returns the kinds that are seen whoever called.
    pub(super) fn kinds(&self) -> &'static [&'static str] {
        match self {
            Self::All | Self::Department(_) => &[],
            Self::Acts(_) => &ACTS,
        }
    }
}
