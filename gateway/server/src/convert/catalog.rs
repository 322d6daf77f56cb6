//! Messages of CatalogService.

use std::time::Duration;

use oncebus_core::{
    Classification, DataField, Department, Item, MaterialType, Package, Requirement, Sensitivity,
    Sharing, SharingWay, Supply, UpdateFrequency, ValidityKind,
};
use oncebus_proto::v1 as pb;

use super::common::signed;

pub(crate) fn material_type(row: &MaterialType) -> pb::MaterialType {
    let supply = match row.supply {
        Supply::Uploaded => pb::Supply::Uploaded,
        Supply::OriginHeld => pb::Supply::OriginHeld,
        Supply::VerifyOnly => pb::Supply::VerifyOnly,
    };
    let (class, conditions, citation) = match &row.sharing {
        Sharing::Unconditional => (pb::SharingClass::Unconditional, "", ""),
        Sharing::Conditional { conditions } => (pb::SharingClass::Conditional, &**conditions, ""),
        Sharing::NotShared { citation } => (pb::SharingClass::NotShared, "", &**citation),
    };
    pb::MaterialType {
        code: row.code.to_string(),
        alias: row.alias.clone(),
        name_zh: row.name_zh.clone(),
        name_en: row.name_en.clone(),
        issuer: row.issuer.clone(),
        source_department: row.source_department.clone(),
        department: row.department.to_string(),
        subject_scheme: row.subject.as_str().to_owned(),
        stage: row.stage_or_any().to_owned(),
        supply: supply.into(),
        sharing_class: class.into(),
        conditions: conditions.to_owned(),
        citation: citation.to_owned(),
        update_frequency: update_frequency(row.update_frequency).into(),
        sharing_way: sharing_way(row.sharing_way).into(),
        classification: classification(row.classification).into(),
        validity: Some(validity(&row.validity)),
        fields: row.fields.iter().map(data_field).collect(),
        media_types: row.media_types.iter().map(ToString::to_string).collect(),
        max_size_bytes: signed(row.max_size_bytes),
        personal: row.personal,
        may_be_stale: row.may_be_stale,
        pointer_age: Some(seconds(row.pointer_age)),
        basis: row.basis.clone(),
    }
}

pub(crate) fn department(row: &Department) -> pb::Department {
    pb::Department {
        code: row.code.to_string(),
        name_zh: row.name_zh.clone(),
        name_en: row.name_en.clone(),
        credit_code: row.credit_code.to_string(),
    }
}

pub(crate) fn item(row: &Item) -> pb::Item {
    pb::Item {
        code: row.code.clone(),
        implementation_codes: row.codes.clone(),
        name_zh: row.name_zh.clone(),
        name_en: row.name_en.clone(),
        stage: row.stage.clone(),
        link: row.link.clone().unwrap_or_default(),
        scene: row.scene.clone().unwrap_or_default(),
        requirements: row.requires.iter().map(requirement).collect(),
    }
}

pub(crate) fn package(row: &Package) -> pb::Package {
    pb::Package {
        code: row.code.clone(),
        name_zh: row.name_zh.clone(),
        name_en: row.name_en.clone(),
        items: row.items.clone(),
    }
}

fn requirement(row: &Requirement) -> pb::ItemRequirement {
    let alternative = |all_of: &Vec<_>| pb::TypeAlternative {
        material_types: all_of.iter().map(ToString::to_string).collect(),
    };
    let terms = row.when.iter().flat_map(|condition| &condition.all);
    pb::ItemRequirement {
        any_of: row.any_of.iter().map(alternative).collect(),
        party: row.party.to_string(),
        bound_parties: row.with.iter().map(ToString::to_string).collect(),
        conditions: terms
            .map(|(key, values)| pb::FactCondition {
                key: key.clone(),
                values: values.iter().map(ToString::to_string).collect(),
            })
            .collect(),
    }
}

fn validity(row: &ValidityKind) -> pb::ValidityRule {
    let of = |kind: pb::ValidityKind| pb::ValidityRule { kind: kind.into(), ..Default::default() };
    match row {
        ValidityKind::FixedUntil { months } => pb::ValidityRule {
            months: small(months.unwrap_or(0)),
            ..of(pb::ValidityKind::FixedUntil)
        },
        ValidityKind::StartWithin { months, extensions, extension_months, started } => {
            pb::ValidityRule {
                months: small(*months),
                extensions: small(*extensions),
                extension_months: small(*extension_months),
                started_fact: started.clone(),
                ..of(pb::ValidityKind::StartWithin)
            }
        }
        ValidityKind::OpenUntilChanged => of(pb::ValidityKind::OpenUntilChanged),
        ValidityKind::LiveStatus { max_age } => pb::ValidityRule {
            max_age: Some(seconds(*max_age)),
            ..of(pb::ValidityKind::LiveStatus)
        },
        ValidityKind::VersionBound { to } => pb::ValidityRule {
            bound_to: to.as_ref().map(ToString::to_string).unwrap_or_default(),
            ..of(pb::ValidityKind::VersionBound)
        },
        ValidityKind::TermOfContract => of(pb::ValidityKind::TermOfContract),
    }
}

fn update_frequency(frequency: UpdateFrequency) -> pb::UpdateFrequency {
    match frequency {
        UpdateFrequency::RealTime => pb::UpdateFrequency::RealTime,
        UpdateFrequency::Daily => pb::UpdateFrequency::Daily,
        UpdateFrequency::Weekly => pb::UpdateFrequency::Weekly,
        UpdateFrequency::Monthly => pb::UpdateFrequency::Monthly,
        UpdateFrequency::Yearly => pb::UpdateFrequency::Yearly,
        UpdateFrequency::OnChange => pb::UpdateFrequency::OnChange,
    }
}

fn sharing_way(way: SharingWay) -> pb::SharingWay {
    match way {
        SharingWay::Interface => pb::SharingWay::Interface,
        SharingWay::File => pb::SharingWay::File,
        SharingWay::Verification => pb::SharingWay::Verification,
    }
}

fn classification(class: Classification) -> pb::Classification {
    match class {
        Classification::General => pb::Classification::General,
        Classification::Important => pb::Classification::Important,
        Classification::Core => pb::Classification::Core,
    }
}

fn data_field(row: &DataField) -> pb::DataField {
    let sensitivity = match row.sensitivity {
        Sensitivity::Public => pb::Sensitivity::Public,
        Sensitivity::Personal => pb::Sensitivity::Personal,
        Sensitivity::Secret => pb::Sensitivity::Secret,
    };
    pb::DataField {
        name: row.name.clone(),
        name_zh: row.name_zh.clone(),
        sensitivity: sensitivity.into(),
    }
}

fn seconds(of: Duration) -> prost_types::Duration {
    prost_types::Duration { seconds: signed(of.as_secs()), nanos: 0 }
}

/// Writes a number of months or of extensions; what would not fit no catalogue has.
fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
