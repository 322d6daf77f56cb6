//! What a checklist leaves to fetch.

use crate::{Checklist, ChecklistQuery, FetchQuery, RequestId, Supply, Target};

impl Checklist {
    /// Returns a fetch of every material that is held and good, each once, in the checklist's order.
    /// What is only ever verified is left out.
    pub fn fetches(&self, query: &ChecklistQuery, request: RequestId) -> Vec<FetchQuery> {
        let mut seen = Vec::new();
        let mut fetches = Vec::new();
        let held = self.items.iter().flat_map(|item| &item.requirements);
        for requirement in held.filter(|requirement| requirement.status.is_held()) {
            let Some(subject) = query.parties.subject(requirement.party) else { continue };
            for material in &requirement.materials {
                let code = material.material_type.as_str();
                let key = (code, subject, &material.number);
                let Some(material_type) = query.catalog.material_type(code) else { continue };
                if material_type.supply == Supply::VerifyOnly || seen.contains(&key) {
                    continue;
                }
                seen.push(key);
                let (subject, number) = (subject.clone(), Some(material.number.clone()));
                fetches.push(FetchQuery {
                    material_type: material_type.clone(),
                    target: Target::Current { subject, number },
                    offset: 0,
                    purpose: query.purpose.clone(),
                    request_id: Some(request),
                });
            }
        }
        fetches
    }
}
