//! Messages of MaterialService.

use oncebus_core::{
    Beside, Bus, Cache, FieldError, FindQuery, GetQuery, Judgement, MaterialInfo, Relation,
    RelationKind, Revocation, Revoked, Then, Verdict, VersionName,
};
use oncebus_proto::v1 as pb;

use super::{
    common::{optional, pb_digest, purpose, signed, subject, timestamp},
    contribution,
};

pub(crate) fn find_query(
    bus: &Bus,
    message: pb::FindMaterialsRequest,
) -> Result<FindQuery, FieldError> {
    Ok(FindQuery {
        material_type: bus.material_type(&message.material_type)?,
        subject: subject(bus, message.subject)?,
        number: optional("number", &message.number)?,
        beside: match message.include_contributions {
            true => Beside::Contributions,
            false => Beside::Nothing,
        },
        purpose: purpose(bus, message.purpose)?,
        request_id: optional("request_id", &message.request_id)?,
        as_of: optional("as_of", &message.as_of)?,
    })
}

pub(crate) fn get_query(
    bus: &Bus,
    message: pb::GetMaterialRequest,
) -> Result<GetQuery, FieldError> {
    let name: VersionName = message.version.parse()?;
    let material_type =
        bus.material_type(name.material_type.as_str()).map_err(|error| error.of("version"))?;
    Ok(GetQuery {
        material_type,
        id: name.id,
        purpose: purpose(bus, message.purpose)?,
        request_id: optional("request_id", &message.request_id)?,
    })
}

pub(crate) fn info(info: &MaterialInfo) -> pb::MaterialInfo {
    let document = &info.document;
    pb::MaterialInfo {
        version: info.version.as_ref().map(ToString::to_string).unwrap_or_default(),
        catalog: info.catalog.to_string(),
        material_type: info.material_type.to_string(),
        number: document.number.to_string(),
        holder: info.holder.to_string(),
        media_type: document.media_type.to_string(),
        size_bytes: signed(document.size_bytes),
        version_digest: Some(pb_digest(&document.digest)),
        sent_digest: Some(pb_digest(&document.digest)),
        issuer: document.issuer.as_ref().map(ToString::to_string).unwrap_or_default(),
        issued: document.issued.as_ref().map(ToString::to_string).unwrap_or_default(),
        valid_until: until(&info.judgement),
        current: info.current,
        fetched_at: Some(timestamp(info.confirmed_at)),
        age_ms: i64::try_from(info.age.as_millis()).unwrap_or(i64::MAX),
        freshness: freshness(info).into(),
        cache: match info.cache {
            Some(Cache::Hit) => pb::CacheResult::Hit.into(),
            Some(Cache::Miss) => pb::CacheResult::Miss.into(),
            Some(Cache::Joined) => pb::CacheResult::Joined.into(),
            None => pb::CacheResult::Unspecified.into(),
        },
        status: info.status.to_string(),
        validity: validity(info.judgement.verdict).into(),
        revoked_at: info.revoked.map(|Revoked { at, .. }| timestamp(at)),
        revocation: match info.revoked {
            Some(Revoked { reason, .. }) => pb_revocation(reason).into(),
            None => pb::Revocation::Unspecified.into(),
        },
        contribution: info.contribution.is_some(),
        correction: contribution::correction(info.contribution.as_ref()),
        correction_state: contribution::correction_state(info.contribution.as_ref()).into(),
        relations: document.relations.iter().map(relation).collect(),
        then: info.then.as_ref().map(then),
    }
}

pub(super) fn freshness(info: &MaterialInfo) -> pb::Freshness {
    match info.stale {
        true => pb::Freshness::Stale,
        false => pb::Freshness::Fresh,
    }
}

fn then(then: &Then) -> pb::MaterialThen {
    pb::MaterialThen {
        validity: validity(then.judgement.verdict).into(),
        valid_until: until(&then.judgement),
        status: then.status.to_string(),
    }
}

fn relation(relation: &Relation) -> pb::Relation {
    let kind = match relation.kind {
        RelationKind::Replaces => pb::RelationKind::Replaces,
        RelationKind::AnnexOf => pb::RelationKind::AnnexOf,
        RelationKind::TranslationOf => pb::RelationKind::TranslationOf,
        RelationKind::SnapshotOf => pb::RelationKind::SnapshotOf,
    };
    pb::Relation { kind: kind.into(), version: relation.version.to_string() }
}

pub(super) fn until(judgement: &Judgement) -> String {
    judgement.until.map(|until| until.to_string()).unwrap_or_default()
}

pub(super) fn validity(verdict: Verdict) -> pb::Validity {
    match verdict {
        Verdict::Valid => pb::Validity::Valid,
        Verdict::Expiring => pb::Validity::Expiring,
        Verdict::ValidIfStarted { .. } => pb::Validity::ValidIfStarted,
        Verdict::Undated => pb::Validity::Undated,
        Verdict::NotYetValid => pb::Validity::NotYetValid,
        Verdict::Expired => pb::Validity::Expired,
        Verdict::Lapsed => pb::Validity::Lapsed,
        Verdict::NotInForce { .. } => pb::Validity::NotInForce,
        Verdict::Revoked => pb::Validity::Revoked,
        Verdict::Outdated => pb::Validity::Outdated,
        Verdict::Unknown => pb::Validity::Unknown,
    }
}

fn pb_revocation(reason: Revocation) -> pb::Revocation {
    match reason {
        Revocation::Error => pb::Revocation::Error,
        Revocation::Fraud => pb::Revocation::Fraud,
        Revocation::RevokedByAuthority => pb::Revocation::RevokedByAuthority,
        Revocation::SupersededInLaw => pb::Revocation::SupersededInLaw,
        Revocation::WithdrawnByPrincipal => pb::Revocation::WithdrawnByPrincipal,
    }
}
