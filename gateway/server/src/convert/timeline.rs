//! Messages of ListMaterials.

use oncebus_core::{Bus, FieldError, PartyRole, TimelineEntry, TimelineQuery, TypeCode};
use oncebus_proto::v1 as pb;

use super::{
    checklist::parties,
    common::{optional, purpose},
    material::info,
};

pub(crate) fn timeline_query(
    bus: &Bus,
    message: pb::ListMaterialsRequest,
) -> Result<TimelineQuery, FieldError> {
    Ok(TimelineQuery {
        catalog: bus.catalog(),
        parties: parties(bus, &message.project, message.parties)?,
        purpose: purpose(bus, message.purpose)?,
        request_id: optional("request_id", &message.request_id)?,
    })
}

pub(crate) fn timeline_entry(entry: &TimelineEntry) -> pb::TimelineEntry {
    pb::TimelineEntry {
        stage: entry.stage.clone().unwrap_or_default(),
        party: entry.party.to_string(),
        info: Some(info(&entry.info)),
    }
}

pub(crate) fn unknown_material((code, party): &(TypeCode, PartyRole)) -> pb::UnknownMaterial {
    pb::UnknownMaterial { material_type: code.to_string(), party: party.to_string() }
}
