//! `types.toml`: the types of material.

mod codes;
mod fields;
mod terms;
mod validity;

use std::{sync::Arc, time::Duration};

use self::{codes::TypeCodes, validity::Context};
use super::{
    CatalogFault, CatalogSources, MaterialType, SharingWay, Supply,
    departments::DepartmentRows,
    fault::{Faults, quoted},
    items::Ground,
    names::{self, Names},
    row::{Located, NAME_BYTES, Row, Rows},
};
use crate::{DeptId, FieldError, PartyRole, Scheme, TypeCode};

/// Largest size that a type may allow, in bytes.
const MAX_SIZE_BYTES: u64 = 1 << 30;
/// Longest reliance on what a holder said, in seconds: a day, so that no error lasts longer.
const MAX_POINTER_AGE_S: u64 = 86_400;
/// Longest basis, in bytes.
const BASIS_BYTES: usize = 1024;

const SUPPLIES: [(&str, Supply); 3] = [
    (Supply::Uploaded.as_str(), Supply::Uploaded),
    (Supply::OriginHeld.as_str(), Supply::OriginHeld),
    (Supply::VerifyOnly.as_str(), Supply::VerifyOnly),
];
/// Whom a type may be about: who has a part in a case is one of them.
const SUBJECTS: [(&str, Scheme); 3] =
    [("project", Scheme::Project), ("credit", Scheme::Credit), ("citizen", Scheme::Citizen)];

/// What `types.toml` says.
#[derive(Debug)]
pub(super) struct TypeRows {
    /// The types without a fault, in the file's order.
    pub(super) types: Vec<Arc<MaterialType>>,
    codes: TypeCodes,
}

/// What rows refer to in other files; `None` is that one that could not be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elsewhere<'a> {
    pub(super) departments: Option<&'a DepartmentRows>,
    pub(super) ground: Option<&'a Ground>,
}

// === impl TypeRows ===

impl TypeRows {
    /// Reads the file, or adds its faults of TOML.
    pub(super) fn read(
        text: &str,
        elsewhere: Elsewhere<'_>,
        faults: &mut Vec<CatalogFault>,
    ) -> Option<Self> {
        let mut found = Faults::new(CatalogSources::TYPES, text);
        let read = Rows::parse(text, &mut found).map(|rows| {
            let mut top = rows.top(&mut found);
            top.table("type");
            top.finish();

            let codes = TypeCodes::of(&rows);
            let mut names = Names::default();
            let types = rows.each("type", &mut found, |row| {
                material_type(row, elsewhere, &codes, &mut names).map(Arc::new)
            });
            Self { types, codes }
        });
        faults.append(&mut found.into_list());
        read
    }

    /// Finds the type that `name` is the code or alias of; `whose` must be identified as its subjects
    /// are. Adds what is wrong.
    pub(super) fn find(
        &self,
        row: &mut Row<'_, '_>,
        key: &str,
        name: &Located<&str>,
        whose: Option<PartyRole>,
    ) -> Option<TypeCode> {
        let code = self.codes.find(row, key, name)?;
        let subject = self.of(&code).map(|found| found.subject);
        let (Some(subject), Some(whose)) = (subject, whose) else { return Some(code) };
        if subject == whose.scheme() {
            return Some(code);
        }
        let fault = format!(
            "{key} {} is about a {}, but party {whose} is a {}",
            quoted(name.value),
            subject.as_str(),
            whose.scheme().as_str()
        );
        row.faults().add(&name.span, fault, "name another party, or change the type's subject");
        None
    }

    /// Returns the row of a type if it has no fault.
    pub(super) fn of(&self, code: &TypeCode) -> Option<&MaterialType> {
        self.types.iter().find(|row| row.code == *code).map(|row| &**row)
    }
}

/// Reads one row to its end, so that every fault of it is listed.
fn material_type(
    row: &mut Row<'_, '_>,
    elsewhere: Elsewhere<'_>,
    codes: &TypeCodes,
    names: &mut Names,
) -> Option<MaterialType> {
    let code = row.parsed::<TypeCode>("code");
    let code = code.filter(|code| names.is_new(row, "code", code.value.as_str(), &code.span));
    let alias = row.checked("alias", alias);
    let alias = names.take(row, "alias", alias);
    let name_zh = row.text("name_zh", NAME_BYTES);
    let name_en = row.text("name_en", NAME_BYTES);
    let issuer = row.text("issuer", NAME_BYTES);
    let source_department = row.text("source_department", NAME_BYTES);
    let department = source_department
        .as_ref()
        .and_then(|source| on_the_bus(row, source, elsewhere.departments));
    let subject = row.word("subject", &SUBJECTS);
    let stage = stage(row, elsewhere.ground);
    let supply = row.word("supply", &SUPPLIES);
    let terms = terms::read(row);
    let sharing_way = terms.sharing_way.filter(|way| can_be_shared_so(row, way, supply.as_ref()));
    let fields = fields::read(row);
    let media_types = row.list("media_types");
    let max_size_bytes = row.integer("max_size_bytes", 1..=MAX_SIZE_BYTES);
    let personal = row.switch("personal");
    let may_be_stale = row.switch("may_be_stale");
    let may_be_stale = may_be_stale.filter(|stale| can_be_stale(row, stale, personal.as_ref()));
    let pointer_age_s = row.integer("pointer_age_s", 1..=MAX_POINTER_AGE_S);
    let validity = validity::read(row, Context { ground: elsewhere.ground, codes, pointer_age_s });
    let basis = row.text("basis", BASIS_BYTES);
    Some(MaterialType {
        code: code?.value,
        alias: alias?,
        name_zh: name_zh?.value,
        name_en: name_en?.value,
        issuer: issuer?.value,
        source_department: source_department?.value,
        department: department?,
        subject: subject?.value,
        stage: stage?,
        supply: supply?.value,
        sharing: terms.sharing?,
        update_frequency: terms.update_frequency?,
        sharing_way: sharing_way?.value,
        classification: terms.classification?,
        validity: validity?,
        fields: fields?,
        media_types: media_types?,
        max_size_bytes: max_size_bytes?,
        personal: personal?.value,
        may_be_stale: may_be_stale?.value,
        pointer_age: Duration::from_secs(pointer_age_s?),
        basis: basis?.value,
    })
}

fn alias(written: &str) -> Result<String, FieldError> {
    names::short(written).map_err(|error| FieldError { fault: "is no alias".to_owned(), ..error })
}

/// Reads the stage that a type belongs to: `Some(None)` is any.
fn stage(row: &mut Row<'_, '_>, ground: Option<&Ground>) -> Option<Option<String>> {
    let stage = row.text("stage", NAME_BYTES)?;
    if stage.value == Ground::ANY_STAGE {
        return Some(None);
    }
    let known = ground.is_none_or(|ground| ground.has_stage(row, &stage));
    known.then_some(Some(stage.value))
}

/// Finds the department that stands for a source department.
fn on_the_bus(
    row: &mut Row<'_, '_>,
    source: &Located<String>,
    departments: Option<&DepartmentRows>,
) -> Option<DeptId> {
    let mapped = departments?.of_authority(&source.value);
    if mapped.is_none() {
        let fault = format!("source_department {} has no [[source]]", quoted(&source.value));
        let cure = format!("add one without a region to {}", CatalogSources::DEPARTMENTS);
        row.faults().add(&source.span, fault, cure);
    }
    mapped.flatten().cloned()
}

/// What never leaves its holder can only be asked about.
fn can_be_shared_so(
    row: &mut Row<'_, '_>,
    way: &Located<SharingWay>,
    supply: Option<&Located<Supply>>,
) -> bool {
    let verified = supply.is_some_and(|supply| supply.value == Supply::VerifyOnly);
    let refused = verified && way.value != SharingWay::Verification;
    if refused {
        let fault = "sharing_way lets a verify_only type leave its holder";
        row.faults().add(&way.span, fault, "give verification");
    }
    !refused
}

/// Personal content is never kept, so nothing old could be served.
fn can_be_stale(
    row: &mut Row<'_, '_>,
    may_be_stale: &Located<bool>,
    personal: Option<&Located<bool>>,
) -> bool {
    let refused = may_be_stale.value && personal.is_some_and(|personal| personal.value);
    if refused {
        let fault = "may_be_stale is true of a personal type, which the bus never keeps";
        row.faults().add(&may_be_stale.span, fault, "set it to false");
    }
    !refused
}
