//! `forms.toml`: forms that are filled from materials.

use super::{
    CatalogFault, CatalogSources, FieldSource, Form, FormField, Sensitivity,
    fault::{Faults, quoted},
    names::{self, Names},
    row::{Located, NAME_BYTES, Row, Rows},
    types::TypeRows,
};
use crate::{PartyRole, TypeCode};

/// Reads the file, or adds its faults of TOML; fields are checked if `types.toml` could be read.
pub(super) fn read(
    text: &str,
    types: Option<&TypeRows>,
    faults: &mut Vec<CatalogFault>,
) -> Option<Vec<Form>> {
    let mut found = Faults::new(CatalogSources::FORMS, text);
    let read = Rows::parse(text, &mut found).and_then(|rows| {
        let mut top = rows.top(&mut found);
        top.table("form");
        top.finish();

        let types = types?;
        let mut codes = Names::default();
        Some(rows.each("form", &mut found, |row| form(row, types, &mut codes)))
    });
    faults.append(&mut found.into_list());
    read
}

fn form(row: &mut Row<'_, '_>, types: &TypeRows, codes: &mut Names) -> Option<Form> {
    let code = row.checked("code", names::short);
    let code = codes.take(row, "form", code);
    let name_zh = row.text("name_zh", NAME_BYTES);
    let name_en = row.text("name_en", NAME_BYTES);
    let mut keys = Names::default();
    let fields = row.some_rows("field", |row| field(row, types, &mut keys));
    Some(Form { code: code?, name_zh: name_zh?.value, name_en: name_en?.value, fields: fields? })
}

fn field(row: &mut Row<'_, '_>, types: &TypeRows, keys: &mut Names) -> Option<FormField> {
    let key = row.checked("key", names::key);
    let key = keys.take(row, "field", key);
    let label_zh = row.text("label_zh", NAME_BYTES);
    let label_en = row.text("label_en", NAME_BYTES);
    let sources = row.some_rows("sources", |row| source(row, types));
    Some(FormField {
        key: key?,
        label_zh: label_zh?.value,
        label_en: label_en?.value,
        sources: sources?,
    })
}

fn source(row: &mut Row<'_, '_>, types: &TypeRows) -> Option<FieldSource> {
    let party = row.if_given("party", |row| row.parsed::<PartyRole>("party"));
    let party = party.map(|given| given.map_or(PartyRole::Project, |party| party.value));
    let named = row.text("type", NAME_BYTES);
    let material_type = named.and_then(|Located { value, span }| {
        types.find(row, "type", &Located { value: &*value, span }, party)
    });
    let field = row.text("field", NAME_BYTES);
    let field = match &material_type {
        Some(code) => field.filter(|field| can_be_shown(row, field, code, types)),
        None => field,
    };
    Some(FieldSource { material_type: material_type?, field: field?.value, party: party? })
}

/// Checks that the type has such a data item, and that others may see it.
fn can_be_shown(
    row: &mut Row<'_, '_>,
    field: &Located<String>,
    code: &TypeCode,
    types: &TypeRows,
) -> bool {
    // A faulty type is listed at its row.
    let Some(of) = types.of(code) else { return false };
    if FieldSource::OF_DOCUMENTS.contains(&field.value.as_str()) {
        return true;
    }
    let listed = of.fields.iter().find(|listed| listed.name == field.value);
    let (what, cure) = match listed.map(|listed| listed.sensitivity) {
        Some(Sensitivity::Public | Sensitivity::Personal) => return true,
        Some(Sensitivity::Secret) => ("is secret", "remove this source".to_owned()),
        None => {
            let names: Vec<_> = of.fields.iter().map(|listed| listed.name.as_str()).collect();
            let documents = FieldSource::OF_DOCUMENTS.join(", ");
            let cure = format!("give one of {}, {documents}", names.join(", "));
            ("is no data item of it", cure)
        }
    };
    let fault = format!("field {} of {code} {what}", quoted(&field.value));
    row.faults().add(&field.span, fault, cure);
    false
}
