//! Messages of CatalogService.

use oncebus_core::{Department, MaterialType, Supply};
use oncebus_proto::v1 as pb;

use super::common::signed;

pub(crate) fn material_type(row: &MaterialType) -> pb::MaterialType {
    let supply = match row.supply {
        Supply::Uploaded => pb::Supply::Uploaded,
        Supply::OriginHeld => pb::Supply::OriginHeld,
        Supply::VerifyOnly => pb::Supply::VerifyOnly,
    };
    pb::MaterialType {
        code: row.code.to_string(),
        alias: row.alias.clone(),
        name_zh: row.name_zh.clone(),
        name_en: row.name_en.clone(),
        source_department: row.source_department.clone(),
        department: row.department.to_string(),
        supply: supply.into(),
        media_types: row.media_types.iter().map(ToString::to_string).collect(),
        max_size_bytes: signed(row.max_size_bytes),
        personal: row.personal,
        may_be_stale: row.may_be_stale,
        pointer_age: Some(prost_types::Duration {
            seconds: signed(row.pointer_age.as_secs()),
            nanos: 0,
        }),
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
