//! The data items of a type.

use crate::{
    DataField, FieldError, Sensitivity,
    catalog::{
        form::FieldSource,
        names::{self, Names},
        row::{NAME_BYTES, Row},
    },
};

const SENSITIVITIES: [(&str, Sensitivity); 3] = [
    ("public", Sensitivity::Public),
    ("personal", Sensitivity::Personal),
    ("secret", Sensitivity::Secret),
];

/// Reads `fields`, at least one.
pub(super) fn read(row: &mut Row<'_, '_>) -> Option<Vec<DataField>> {
    let mut seen = Names::default();
    row.some_rows("fields", |row| {
        let name = row.checked("name", name);
        let name = seen.take(row, "name", name);
        let name_zh = row.text("name_zh", NAME_BYTES);
        let sensitivity = row.word("sensitivity", &SENSITIVITIES);
        Some(DataField { name: name?, name_zh: name_zh?.value, sensitivity: sensitivity?.value })
    })
}

fn name(written: &str) -> Result<String, FieldError> {
    if FieldSource::OF_DOCUMENTS.contains(&written) {
        return Err(FieldError::new("name", "is a field of every document already", "remove it"));
    }
    names::key(written)
}
