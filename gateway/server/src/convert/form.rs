//! Messages of PrefillForm.

use oncebus_core::{
    Bus, FieldError, FieldValue, FormSource, PrefillQuery, PrefilledField, PrefilledForm,
    SourceStatus,
};
use oncebus_proto::v1::{self as pb, FormSourceStatus as Status};
use oncebus_trail::Receipt;

use super::{
    checklist::{citation, parties},
    common::{optional, purpose, receipt, timestamp},
    material::{freshness, until, validity},
};

pub(crate) fn prefill_query(
    bus: &Bus,
    message: pb::PrefillFormRequest,
) -> Result<PrefillQuery, FieldError> {
    let catalog = bus.catalog();
    Ok(PrefillQuery {
        form: PrefillQuery::form(&catalog, &message.form)?,
        parties: parties(bus, &message.project, message.parties)?,
        purpose: purpose(bus, message.purpose)?,
        request_id: optional("request_id", &message.request_id)?,
        catalog,
    })
}

pub(crate) fn prefilled(form: &PrefilledForm, proof: &Receipt) -> pb::PrefillFormResponse {
    pb::PrefillFormResponse {
        form: form.code.clone(),
        name_zh: form.name_zh.clone(),
        name_en: form.name_en.clone(),
        fields: form.fields.iter().map(field).collect(),
        catalog_version: form.catalog.to_string(),
        receipt: Some(receipt(proof)),
        material_receipts: form.receipts.iter().map(receipt).collect(),
    }
}

fn field(field: &PrefilledField) -> pb::PrefilledField {
    pb::PrefilledField {
        key: field.key.clone(),
        label_zh: field.label_zh.clone(),
        label_en: field.label_en.clone(),
        values: field.values.iter().map(value).collect(),
        conflict: field.is_conflict(),
        without: field.without.iter().map(source).collect(),
    }
}

fn value(value: &FieldValue) -> pb::FieldValue {
    pb::FieldValue {
        value: value.text.as_str().to_owned(),
        sources: value.sources.iter().map(source).collect(),
    }
}

fn source(source: &FormSource) -> pb::FormSource {
    let said = pb::FormSource {
        material_type: source.source.material_type.to_string(),
        name_zh: source.name_zh.clone(),
        name_en: source.name_en.clone(),
        party: source.source.party.to_string(),
        party_zh: source.source.party.name_zh().to_owned(),
        field: source.source.field.clone(),
        status: status(&source.status).into(),
        holder: match &source.status {
            SourceStatus::Unknown { holder } => holder.to_string(),
            _ => String::new(),
        },
        citation: match &source.status {
            SourceStatus::NotShared(bar) => citation(bar),
            SourceStatus::VerifyOnly => "VERIFY_ONLY".to_owned(),
            _ => String::new(),
        },
        ..Default::default()
    };
    let Some(info) = &source.info else { return said };
    pb::FormSource {
        version: info.version.as_ref().map(ToString::to_string).unwrap_or_default(),
        number: info.document.number.to_string(),
        holder: info.holder.to_string(),
        validity: validity(info.judgement.verdict).into(),
        valid_until: until(&info.judgement),
        fetched_at: Some(timestamp(info.confirmed_at)),
        age_ms: i64::try_from(info.age.as_millis()).unwrap_or(i64::MAX),
        freshness: freshness(info).into(),
        ..said
    }
}

fn status(status: &SourceStatus) -> Status {
    match status {
        SourceStatus::Given => Status::Given,
        SourceStatus::Missing => Status::Missing,
        SourceStatus::NotGood => Status::NotGood,
        SourceStatus::NotStructured => Status::NotStructured,
        SourceStatus::Absent => Status::Absent,
        SourceStatus::NotRead => Status::NotRead,
        SourceStatus::Unknown { .. } => Status::Unknown,
        SourceStatus::NotShared(_) | SourceStatus::VerifyOnly => Status::NotShared,
        SourceStatus::NoRole => Status::RoleMissing,
    }
}
