//! Puts on the trail which keys are in use: each once, where it is not the newest of its name.

use oncebus_core::{Bus, Digest, Record};
use oncebus_store::{IndexError, RecordFilter, SearchIndex, SubjectKeys, Visibility};

use crate::{GatewayConfig, StartError};

/// Key records that are looked at, the newest: a key whose record is older is recorded again.
const LOOKED_AT: usize = 1_000;
/// So much of its digest names a key that is a secret, in bytes.
const ID_BYTES: usize = 8;

/// Writes a record for each key in use that is not recorded.
///
/// # Errors
///
/// If index or trail fail.
pub(crate) async fn write(
    config: &GatewayConfig,
    bus: &Bus,
    index: &SearchIndex,
    subject_keys: &SubjectKeys,
    page_key: &[u8; 32],
) -> Result<(), StartError> {
    let recorded = recorded(bus, index).await?;
    let newest = |name: &str| {
        let of_name = recorded.iter().filter_map(|key| key.split_once(':'));
        of_name.filter(|(of, _)| *of == name).map(|(_, id)| id).next().unwrap_or_default()
    };
    let page = hex::encode(&Digest::of(page_key).as_bytes()[..ID_BYTES]);
    let trail = bus.journal().trail().verifier().id();
    let one = [("trail", trail), ("subject", subject_keys.newest().to_string()), ("page", page)];
    let changed = one.into_iter().filter(|(name, id)| newest(name) != id);
    let auditors = config.seal_recipients.names().map(|id| ("seal", id));
    let new = auditors.filter(|(name, id)| !recorded.contains(&format!("{name}:{id}")));
    for (name, id) in changed.chain(new) {
        bus.journal().key(name, &id).await?;
    }
    Ok(())
}

/// Returns the keys that are recorded, `NAME:ID`, the newest first.
async fn recorded(bus: &Bus, index: &SearchIndex) -> Result<Vec<String>, StartError> {
    let trail = bus.journal().trail();
    index.feed(trail).await?;
    let filter = RecordFilter { kind: Some("key".to_owned()), ..RecordFilter::default() };
    let found = index.search(&filter, &Visibility::All, None, LOOKED_AT).await?;
    let mut keys = Vec::with_capacity(found.len());
    for position in found {
        let leaf = trail.read(position, 1)?.pop().unwrap_or_default();
        keys.extend(Record::from_leaf(&leaf).map_err(IndexError::from)?.key);
    }
    Ok(keys)
}
