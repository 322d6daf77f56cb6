//! What to look for, and what the asker may see.

use oncebus_core::{DeptId, TypeCode};

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
    /// Name of the version.
    pub version: Option<String>,
    /// Not before this time, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this time, in milliseconds since 1970.
    pub until: Option<i64>,
}

/// Which records somebody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// All: an auditor.
    All,
    /// Calls that the department made or answered.
    Department(DeptId),
}

// === impl RecordFilter ===

impl RecordFilter {
    /// Returns columns and the texts that they must have.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let texts = [
            ("department", self.department.as_ref().map(DeptId::as_str)),
            ("system", self.system.as_deref()),
            ("holder", self.holder.as_ref().map(DeptId::as_str)),
            ("material_type", self.material_type.as_ref().map(TypeCode::as_str)),
            ("item", self.item.as_deref()),
            ("kind", self.kind.as_deref()),
            ("operation", self.operation.as_deref()),
            ("outcome", self.outcome.as_deref()),
            ("reason", self.reason.as_deref()),
            ("version", self.version.as_deref()),
        ];
        texts.into_iter().filter_map(|(column, text)| Some((column, text?)))
    }
}
