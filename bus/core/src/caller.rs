//! Who calls, as proved by a certificate.

use crate::{DeptId, SystemId, TraceId};

/// A system that calls, as its certificate and the configuration say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The department that it belongs to.
    pub department: DeptId,
    /// Its SPIFFE id.
    pub system: SystemId,
    /// SHA-256 of its certificate.
    pub certificate: [u8; 32],
    /// What it may read of the trail.
    pub role: Role,
    /// Trace of its own that the call belongs to, where it said so.
    pub trace_id: Option<TraceId>,
}

/// What a system may do beside its department's own business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Calls, and reads its department's two sides of the trail.
    #[default]
    Department,
    /// Reads the whole trail.
    Auditor,
    /// Approves unsealing; reads its department's two sides of the trail.
    Security,
    /// Operates the gateway; reads its department's two sides of the trail.
    Operator,
}
