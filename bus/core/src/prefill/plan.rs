//! What a form has to look for: the materials that its fields come from, for these parties.

use std::{collections::HashMap, sync::Arc};

use crate::{
    Catalog, FieldSource, Form, FormField, MaterialType, Parties, Subject, Supply, TypeCode,
    gather::Wanted,
};

/// Every field, and everything to look for, each once.
#[derive(Debug)]
pub(super) struct Plan<'f> {
    pub(super) fields: Vec<PlannedField<'f>>,
    pub(super) wanted: Vec<Wanted>,
    /// Data items that the form takes from each of `wanted`; of most documents none.
    pub(super) items: Vec<Vec<&'f str>>,
    by_topic: HashMap<(TypeCode, Subject), usize>,
}

/// A field, and where each of its sources is.
#[derive(Debug)]
pub(super) struct PlannedField<'f> {
    pub(super) field: &'f FormField,
    pub(super) sources: Vec<PlannedSource<'f>>,
}

/// A source of a field.
#[derive(Debug)]
pub(super) struct PlannedSource<'f> {
    pub(super) source: &'f FieldSource,
    pub(super) material_type: Arc<MaterialType>,
    pub(super) place: Place,
}

/// Where a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At this place of [`Plan::wanted`].
    At(usize),
    /// Nobody is named in its role.
    NoRole,
    /// Nowhere: it is matched at its holder, and nothing of it is ever shown.
    VerifyOnly,
}

// === impl Plan ===

impl<'f> Plan<'f> {
    /// Plans `form`, which is of `catalog`.
    pub(super) fn new(catalog: &Catalog, form: &'f Form, parties: &Parties) -> Self {
        let (fields, wanted, items) = Default::default();
        let mut plan = Self { fields, wanted, items, by_topic: HashMap::new() };
        for field in &form.fields {
            let sources = field.sources.iter();
            let sources = sources.filter_map(|source| plan.planned(catalog, source, parties));
            let sources = sources.collect();
            plan.fields.push(PlannedField { field, sources });
        }
        plan
    }

    /// Plans one source; `None` where the catalogue lacks its type, which its check forbids.
    fn planned(
        &mut self,
        catalog: &Catalog,
        source: &'f FieldSource,
        parties: &Parties,
    ) -> Option<PlannedSource<'f>> {
        let material_type = Arc::clone(catalog.material_type(source.material_type.as_str())?);
        let place = match parties.subject(source.party) {
            None => Place::NoRole,
            Some(_) if material_type.supply == Supply::VerifyOnly => Place::VerifyOnly,
            Some(subject) => {
                let place = self.place(&material_type, subject);
                self.note_item(place, source);
                Place::At(place)
            }
        };
        Some(PlannedSource { source, material_type, place })
    }

    fn place(&mut self, material_type: &Arc<MaterialType>, subject: &Subject) -> usize {
        let topic = (material_type.code.clone(), subject.clone());
        *self.by_topic.entry(topic).or_insert_with(|| {
            let (material_type, subject) = (Arc::clone(material_type), subject.clone());
            self.wanted.push(Wanted { material_type, subject });
            self.items.push(Vec::new());
            self.wanted.len() - 1
        })
    }

    fn note_item(&mut self, place: usize, source: &'f FieldSource) {
        let (item, items) = (source.field.as_str(), &mut self.items[place]);
        if !source.is_of_document() && !items.contains(&item) {
            items.push(item);
        }
    }
}
