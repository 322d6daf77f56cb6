//! What a filled form says: for each field its values, and who gives them.

use std::fmt;

use oncebus_trail::Receipt;

use super::{
    held::{HeldMaterial, HeldMaterials},
    plan::{Place, PlannedField, PlannedSource},
};
use crate::{Bar, DeptId, Digest, FieldSource, MaterialInfo, MaterialType};

/// Longest value, in bytes: a field of a form is a line, not a document.
const MAX_TEXT_BYTES: usize = 4_096;

/// A filled form.
#[derive(Clone, Debug)]
pub struct PrefilledForm {
    /// Its code.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Its fields, in their order.
    pub fields: Vec<PrefilledField>,
    /// Proof of each content that was read.
    pub receipts: Vec<Receipt>,
    /// Digest of the catalogue that answered.
    pub catalog: Digest,
}

/// One field of a form.
#[derive(Clone, Debug)]
pub struct PrefilledField {
    /// Its key.
    pub key: String,
    /// Chinese label.
    pub label_zh: String,
    /// English label.
    pub label_en: String,
    /// Its values, in the order of its sources; several where these differ.
    pub values: Vec<FieldValue>,
    /// The sources that give none.
    pub without: Vec<FormSource>,
}

/// A value, and every source that gives it.
#[derive(Clone, Debug)]
pub struct FieldValue {
    /// The value.
    pub text: FieldText,
    /// Who gives it; at least one.
    pub sources: Vec<FormSource>,
}

/// The text of a field. It may be personal, so the `Debug` form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldText(String);

/// Where a value comes from, or would.
#[derive(Clone, Debug)]
pub struct FormSource {
    /// The source, as the form names it.
    pub source: FieldSource,
    /// Chinese name of its type.
    pub name_zh: String,
    /// English name of its type.
    pub name_en: String,
    /// Whether it gives a value.
    pub status: SourceStatus,
    /// The material, where one is held.
    pub info: Option<MaterialInfo>,
}

/// Whether a source gives a value, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceStatus {
    /// It does.
    Given,
    /// Nobody holds such a material.
    Missing,
    /// The material is not good.
    NotGood,
    /// Its content has no data items.
    NotStructured,
    /// It does not name the item, or not as a text of a line.
    Absent,
    /// Its content is too large to be read, or too many others were read.
    NotRead,
    /// The department does not answer, or not with what it said that it holds.
    Unknown {
        /// The department.
        holder: DeptId,
    },
    /// Nobody may share it with the caller.
    NotShared(Bar),
    /// It is matched at its holder, and nothing of it is ever shown.
    VerifyOnly,
    /// Nobody is named in the role whose material it is.
    NoRole,
}

// === impl PrefilledField ===

impl PrefilledField {
    /// Returns whether sources differ: then a person decides.
    pub fn is_conflict(&self) -> bool {
        self.values.len() > 1
    }
}

// === impl FieldText ===

impl FieldText {
    /// Takes a text without the blanks at its ends; none if it is empty or longer than a field.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && text.len() <= MAX_TEXT_BYTES;
        fits.then(|| Self(text.to_owned()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FieldText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldText")
    }
}

/// Answers one field: equal texts are one value, different ones stand beside each other.
pub(super) fn field(planned: &PlannedField<'_>, held: &[HeldMaterials]) -> PrefilledField {
    let PlannedField { field, sources } = planned;
    let (mut values, mut without) = (Vec::<FieldValue>::new(), Vec::new());
    for (text, source) in sources.iter().flat_map(|planned| said(planned, held)) {
        match text {
            None => without.push(source),
            Some(text) => match values.iter_mut().find(|value| value.text == text) {
                Some(same) => same.sources.push(source),
                None => values.push(FieldValue { text, sources: vec![source] }),
            },
        }
    }
    PrefilledField {
        key: field.key.clone(),
        label_zh: field.label_zh.clone(),
        label_en: field.label_en.clone(),
        values,
        without,
    }
}

/// What every material of a source says; where there is none, why.
fn said(
    planned: &PlannedSource<'_>,
    held: &[HeldMaterials],
) -> Vec<(Option<FieldText>, FormSource)> {
    let PlannedSource { source, material_type, place } = planned;
    let without = |status| vec![(None, FormSource::of(source, material_type, status, None))];
    let held = match place {
        Place::NoRole => return without(SourceStatus::NoRole),
        Place::VerifyOnly => return without(SourceStatus::VerifyOnly),
        Place::At(place) => held.get(*place),
    };
    match held {
        Some(HeldMaterials::Barred(bar)) => without(SourceStatus::NotShared(bar.clone())),
        Some(HeldMaterials::Away(holder)) => {
            without(SourceStatus::Unknown { holder: holder.clone() })
        }
        Some(HeldMaterials::Known(materials)) if !materials.is_empty() => {
            let says = |material: &HeldMaterial| {
                let (text, status) = match material.text(source) {
                    Ok(text) => (Some(text), SourceStatus::Given),
                    Err(status) => (None, status),
                };
                let info = Some(material.info.clone());
                (text, FormSource::of(source, material_type, status, info))
            };
            materials.iter().map(says).collect()
        }
        Some(HeldMaterials::Known(_)) | None => without(SourceStatus::Missing),
    }
}

// === impl FormSource ===

impl FormSource {
    fn of(
        source: &FieldSource,
        material_type: &MaterialType,
        status: SourceStatus,
        info: Option<MaterialInfo>,
    ) -> Self {
        Self {
            source: source.clone(),
            name_zh: material_type.name_zh.clone(),
            name_en: material_type.name_en.clone(),
            status,
            info,
        }
    }
}
