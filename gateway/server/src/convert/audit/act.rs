//! Messages of unsealing, erasing and dropping.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use bytes::Bytes;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use oncebus_core::{FieldError, Ground};
use oncebus_proto::v1 as pb;
use oncebus_store::{Unseal, UnsealId};
use oncebus_trail::Receipt;

use crate::{
    acts::{ApproveQuery, EraseQuery, Parts, Retained, Target, UnsealQuery},
    convert::common::{receipt, request_id, signed, timestamp, unsigned},
};

/// Most records of one request.
const MAX_INDICES: usize = 1_000;
/// Longest reference, in letters.
const MAX_REFERENCE: usize = 128;
/// How long an approval lasts, in seconds, where nobody says; and at most.
const LASTS_S: (u64, u64) = (3_600, 24 * 3_600);

/// Which records may be named: all below the size that are not dropped.
#[derive(Debug)]
pub(crate) struct Extent {
    /// Records of the trail.
    pub size: u64,
    /// Which of them retention dropped.
    pub dropped: Vec<Range<u64>>,
}

/// Reads what is to be unsealed, and why.
///
/// # Errors
///
/// Names the field that is wrong.
pub(crate) fn unseal_query(
    message: pb::RequestUnsealRequest,
    extent: &Extent,
) -> Result<UnsealQuery, FieldError> {
    let grounds = [
        Ground::Complaint,
        Ground::Inspection,
        Ground::CourtOrder,
        Ground::Incident,
        Ground::DataSubjectRequest,
    ];
    let letters = message.reference.chars().count();
    let control = message.reference.chars().any(char::is_control);
    if !(1..=MAX_REFERENCE).contains(&letters) || control {
        let fault = "is empty, too long or has a control character";
        let cure = format!("give 1 to {MAX_REFERENCE} letters, like the number of the complaint");
        return Err(FieldError::new("reference", fault, cure));
    }
    Ok(UnsealQuery {
        indices: indices(&message.indices, extent)?,
        ground: ground(&message.ground, &grounds)?,
        reference: message.reference,
        request: request_id(&message.request_id)?,
    })
}

/// Reads which request is approved, for how long.
///
/// # Errors
///
/// Names the field that is wrong.
pub(crate) fn approve_query(
    message: &pb::ApproveUnsealRequest,
) -> Result<ApproveQuery, FieldError> {
    let (default, most) = LASTS_S;
    let lasts = match unsigned("lasts_s", message.lasts_s)? {
        0 => default,
        lasts if lasts <= most => lasts,
        lasts => {
            let cure = format!("give at most {most}, or 0 for an hour");
            return Err(FieldError::new("lasts_s", format!("is {lasts}"), cure));
        }
    };
    Ok(ApproveQuery { id: unseal_id(&message.unseal)?, lasts: Duration::from_secs(lasts) })
}

/// Reads the name of a request to unseal.
///
/// # Errors
///
/// If it is none.
pub(crate) fn unseal_id(name: &str) -> Result<UnsealId, FieldError> {
    let id = name.strip_prefix("unseals/").and_then(|id| id.parse().ok());
    id.map(UnsealId).ok_or_else(|| {
        FieldError::new("unseal", "is no name of a request", "give the unseals/... of its answer")
    })
}

/// Reads what is to be erased, and why.
///
/// # Errors
///
/// Names the field that is wrong.
pub(crate) fn erase_query(
    message: pb::EraseSealedRequest,
    extent: &Extent,
    now: Timestamp,
) -> Result<EraseQuery, FieldError> {
    let grounds = [Ground::DataSubjectRequest, Ground::CourtOrder, Ground::Retention];
    let target = match (message.day.as_str(), message.indices.is_empty()) {
        ("", _) => Target::Parts(indices(&message.indices, extent)?),
        (day, true) => Target::Day(past_day(day, now)?),
        (_, false) => {
            return Err(FieldError::new("day", "is given with indices", "give one of them"));
        }
    };
    Ok(EraseQuery {
        target,
        ground: ground(&message.ground, &grounds)?,
        request: request_id(&message.request_id)?,
    })
}

fn past_day(text: &str, now: Timestamp) -> Result<Date, FieldError> {
    let cure = "give a day before today, in UTC, like 2026-10-01";
    match text.parse::<Date>() {
        Ok(day) if day.to_string() != text => Err(FieldError::new("day", "is no day", cure)),
        Ok(day) if now.to_zoned(TimeZone::UTC).date() <= day => {
            Err(FieldError::new("day", "is not over", cure))
        }
        Ok(day) => Ok(day),
        Err(_unreadable) => Err(FieldError::new("day", "is no day", cure)),
    }
}

fn indices(given: &[i64], extent: &Extent) -> Result<Vec<u64>, FieldError> {
    if !(1..=MAX_INDICES).contains(&given.len()) {
        let fault = format!("has {}", given.len());
        return Err(FieldError::new("indices", fault, format!("give 1 to {MAX_INDICES}")));
    }
    let mut indices = BTreeSet::new();
    for index in given {
        let index = unsigned("indices", *index)?;
        if extent.size <= index {
            let fault = format!("has {index}, the trail has {} records", extent.size);
            return Err(FieldError::new("indices", fault, "give what a search found"));
        }
        if extent.dropped.iter().any(|range| range.contains(&index)) {
            let fault = format!("has {index}, which is no longer kept");
            return Err(FieldError::new("indices", fault, "leave it out"));
        }
        indices.insert(index);
    }
    Ok(indices.into_iter().collect())
}

fn ground(text: &str, allowed: &[Ground]) -> Result<Ground, FieldError> {
    let ground = allowed.iter().find(|ground| ground.as_str() == text);
    ground.copied().ok_or_else(|| {
        let names: Vec<_> = allowed.iter().map(|ground| ground.as_str()).collect();
        FieldError::new(
            "ground",
            "is missing or unknown",
            format!("give one of {}", names.join(", ")),
        )
    })
}

pub(crate) fn unseal(unseal: &Unseal) -> pb::Unseal {
    let approval = unseal.approval.as_ref();
    pb::Unseal {
        name: unseal.id.to_string(),
        requested_by: unseal.system.clone(),
        ground: unseal.ground.as_str().to_owned(),
        records: i32::try_from(unseal.indices.len()).unwrap_or(i32::MAX),
        approved_by: approval.map(|approval| approval.system.clone()).unwrap_or_default(),
        approved_until: approval.map(|approval| timestamp(approval.until)),
    }
}

pub(crate) fn sealed(parts: Parts, proof: &Receipt) -> pb::ReadSealedResponse {
    let Parts { parts, keys } = parts;
    let parts = parts.into_iter().map(|part| pb::SealedPart {
        index: signed(part.index),
        key: part.key,
        sealed: Bytes::from(part.sealed),
        record: Bytes::from(part.leaf),
    });
    let keys = keys.into_iter().map(|(key, age)| pb::SealedKey { key, age: Bytes::from(age) });
    let receipt = Some(receipt(proof));
    pb::ReadSealedResponse { parts: parts.collect(), keys: keys.collect(), receipt }
}

pub(crate) fn retained(retained: &Retained) -> pb::ApplyRetentionResponse {
    let range =
        |range: &Range<u64>| pb::IndexRange { start: signed(range.start), end: signed(range.end) };
    pb::ApplyRetentionResponse {
        dropped: retained.dropped.iter().map(range).collect(),
        held: retained.held.iter().map(range).collect(),
        receipt: retained.receipt.as_ref().map(receipt),
    }
}
