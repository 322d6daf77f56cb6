//! Messages of RevokeMaterial.

use jiff::Timestamp;
use oncebus_core::{Bus, Digest, FieldError, Revocation, RevokeQuery, VersionName};
use oncebus_proto::v1 as pb;
use oncebus_store::Recipient;
use prost::Message as _;

use super::common::{optional, purpose, request_id, signed, timestamp};

pub(crate) fn revoke_query(
    bus: &Bus,
    message: pb::RevokeMaterialRequest,
) -> Result<RevokeQuery, FieldError> {
    let payload = Digest::of(&message.encode_to_vec());
    let reason = revocation(message.reason())?;
    let name: VersionName = message.version.parse()?;
    let material_type =
        bus.material_type(name.material_type.as_str()).map_err(|error| error.of("version"))?;
    Ok(RevokeQuery {
        material_type,
        id: name.id,
        reason,
        note: optional("note", &message.note)?,
        request_id: request_id(&message.request_id)?,
        payload,
        purpose: purpose(bus, message.purpose)?,
    })
}

pub(crate) fn recipient(recipient: Recipient) -> pb::Recipient {
    let Recipient { department, system, last_ms, fetches } = recipient;
    pb::Recipient {
        department,
        system,
        last_time: Timestamp::from_millisecond(last_ms).ok().map(timestamp),
        fetches: signed(fetches),
    }
}

fn revocation(reason: pb::Revocation) -> Result<Revocation, FieldError> {
    match reason {
        pb::Revocation::Error => Ok(Revocation::Error),
        pb::Revocation::Fraud => Ok(Revocation::Fraud),
        pb::Revocation::RevokedByAuthority => Ok(Revocation::RevokedByAuthority),
        pb::Revocation::SupersededInLaw => Ok(Revocation::SupersededInLaw),
        pb::Revocation::WithdrawnByPrincipal => Ok(Revocation::WithdrawnByPrincipal),
        pb::Revocation::Unspecified => "".parse(),
    }
}
