//! Which department answers for a type about a subject.

use crate::{Bus, DeptId, MaterialType, ProjectCode, Scheme, Subject};

impl Bus {
    /// Returns the one department that answers for a type about a subject: another one than usual may
    /// in the region that a project's code was given in.
    pub(crate) fn source(&self, material_type: &MaterialType, subject: &Subject) -> DeptId {
        self.catalog().source_department(material_type, region(subject).as_deref()).clone()
    }
}

/// Returns the region that a project's code was given in; nothing else has one.
fn region(subject: &Subject) -> Option<String> {
    let code = (subject.scheme() == Scheme::Project).then(|| subject.value());
    let code: ProjectCode = code?.parse().ok()?;
    Some(code.region().ok()?.as_str().to_owned())
}
