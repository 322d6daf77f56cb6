//! Smart combined forms (智慧综合表单): which field is filled from which data item.

use serde::Serialize;

use crate::{PartyRole, TypeCode};

/// A form that is filled from materials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Form {
    /// Short code, for example `F01`.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Its fields, in their order.
    pub fields: Vec<FormField>,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormField {
    /// Key, lower case.
    pub key: String,
    /// Chinese label.
    pub label_zh: String,
    /// English label.
    pub label_en: String,
    /// Where its value may come from; at least one.
    pub sources: Vec<FieldSource>,
}

/// Where the value of a form's field may come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldSource {
    /// Type of the material.
    pub material_type: TypeCode,
    /// Name of the data item in it, or `number`, `issuer`, `issued`, `valid_until` of the document.
    pub field: String,
    /// Whose material.
    pub party: PartyRole,
}

// === impl FieldSource ===

impl FieldSource {
    /// What every document has, whatever its type's data items.
    pub const OF_DOCUMENTS: [&str; 4] = ["number", "issuer", "issued", "valid_until"];

    /// Tells whether every document has it: then it is known without the content.
    pub fn is_of_document(&self) -> bool {
        Self::OF_DOCUMENTS.contains(&self.field.as_str())
    }
}
