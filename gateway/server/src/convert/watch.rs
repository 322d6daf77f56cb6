//! Messages of WatchMaterials.

use oncebus_core::{
    Bus, Catalog, ChangeKind, FieldError, Told, WatchEvent, WatchQuery, Watched, WatchedSet,
};
use oncebus_proto::v1 as pb;

use super::{
    common::{optional, purpose, receipt, subject, timestamp},
    material::validity,
};

/// Reads a request, but for its cursor.
pub(crate) fn watch_query(
    bus: &Bus,
    message: pb::WatchMaterialsRequest,
) -> Result<WatchQuery, FieldError> {
    let mut entries = Vec::with_capacity(message.watched.len());
    for (place, entry) in message.watched.into_iter().enumerate() {
        let entry = watched(bus, entry).map_err(|error| {
            let field = format!("watched[{place}].{}", error.field);
            error.of(field)
        });
        entries.push(entry?);
    }
    Ok(WatchQuery {
        watched: WatchedSet::new(entries)?,
        after: None,
        purpose: purpose(bus, message.purpose)?,
        request_id: optional("request_id", &message.request_id)?,
    })
}

fn watched(bus: &Bus, message: pb::WatchedMaterial) -> Result<Watched, FieldError> {
    Ok(Watched {
        material_type: bus.material_type(&message.material_type)?,
        subject: subject(bus, message.subject)?,
        number: optional("number", &message.number)?,
        reference: message.reference.parse()?,
    })
}

/// Writes what a watch tells, and where the next one goes on.
pub(crate) fn told(catalog: &Catalog, told: &Told, cursor: String) -> pb::WatchMaterialsResponse {
    let event = told.event.as_ref().map(|event| pb::WatchEvent {
        catalog_version: catalog.version().to_string(),
        ..self::event(event)
    });
    let receipt = told.receipt.as_ref().map(receipt);
    pb::WatchMaterialsResponse { event, cursor, receipt }
}

fn event(event: &WatchEvent) -> pb::WatchEvent {
    match event {
        WatchEvent::Changed { reference, change, verdict } => pb::WatchEvent {
            reference: reference.to_string(),
            kind: kind(change.kind).into(),
            material_type: change.material_type.to_string(),
            version: change.name().to_string(),
            number: change.number.to_string(),
            status: change.status.to_string(),
            validity: validity(*verdict).into(),
            time: Some(timestamp(change.at)),
            holder: change.holder.to_string(),
            catalog_version: String::new(),
        },
        WatchEvent::Withdrawn { reference, material_type } => pb::WatchEvent {
            reference: reference.to_string(),
            kind: pb::WatchEventKind::Withdrawn.into(),
            material_type: material_type.to_string(),
            ..Default::default()
        },
    }
}

fn kind(kind: ChangeKind) -> pb::WatchEventKind {
    match kind {
        ChangeKind::Published => pb::WatchEventKind::Published,
        ChangeKind::Superseded => pb::WatchEventKind::Superseded,
        ChangeKind::Status => pb::WatchEventKind::StatusChanged,
        ChangeKind::Revoked => pb::WatchEventKind::Revoked,
    }
}
