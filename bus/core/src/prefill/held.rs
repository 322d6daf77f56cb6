//! What is held of one type about one party, and what each material says.

use crate::{
    Bar, DeptId, FieldSource, MaterialInfo,
    prefill::{
        answer::{FieldText, SourceStatus},
        items::Items,
    },
};

/// What is held of one type about one party.
#[derive(Clone, Debug)]
pub(super) enum HeldMaterials {
    /// These, by number.
    Known(Vec<HeldMaterial>),
    /// Nobody may share it with the caller.
    Barred(Bar),
    /// Its department does not answer.
    Away(DeptId),
}

/// One material, and what its content says.
#[derive(Clone, Debug)]
pub(super) struct HeldMaterial {
    pub(super) info: MaterialInfo,
    /// The data items of its content, or why there are none.
    pub(super) items: Result<Items, SourceStatus>,
}

// === impl HeldMaterial ===

impl HeldMaterial {
    /// Takes a material whose content is not read yet.
    pub(super) fn unread(info: MaterialInfo) -> Self {
        Self { info, items: Err(SourceStatus::NotRead) }
    }

    /// Returns whether it may be relied on: only then it gives values.
    pub(super) fn is_good(&self) -> bool {
        self.info.judgement.verdict.is_good()
    }

    /// Returns what it says for a source, or why it says nothing.
    pub(super) fn text(&self, source: &FieldSource) -> Result<FieldText, SourceStatus> {
        if !self.is_good() {
            return Err(SourceStatus::NotGood);
        }
        let text = match source.is_of_document() {
            true => self.of_document(&source.field),
            false => self.items.as_ref().map_err(Clone::clone)?.text(&source.field),
        };
        text.ok_or(SourceStatus::Absent)
    }

    /// Returns what is known of every document without its content.
    fn of_document(&self, field: &str) -> Option<FieldText> {
        let MaterialInfo { document, judgement, .. } = &self.info;
        let text = match field {
            "number" => Some(document.number.to_string()),
            "issuer" => document.issuer.as_ref().map(ToString::to_string),
            "issued" => document.issued.as_ref().map(ToString::to_string),
            "valid_until" => judgement.until.as_ref().map(ToString::to_string),
            _ => None,
        };
        FieldText::of(&text?)
    }
}
