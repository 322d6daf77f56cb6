//! Settles at start what an earlier run of this gateway left open.

use oncebus_core::{Bus, ExchangeError, Record};
use oncebus_store::{IndexError, SearchIndex};

use crate::StartError;

/// Records that are settled in one go.
const BATCH: u32 = 1_000;

/// Writes the outcomes that are missing: `recovered` for publications that the registry has,
/// `unknown` for intents that nobody will close.
///
/// # Errors
///
/// If registry, index or trail fail; the gateway must not start then.
pub(crate) async fn settle(bus: &Bus, index: &SearchIndex) -> Result<(), StartError> {
    let recovered = bus.recover_publications(BATCH).await.map_err(settling)?;
    index.feed(bus.journal().trail()).await?;
    let mut unknown = 0;
    for at in index.open_intents(BATCH).await? {
        if let Some(leaf) = bus.journal().trail().read(at, 1).map_err(IndexError::from)?.pop() {
            let intent = Record::from_leaf(&leaf).map_err(IndexError::from)?;
            unknown += u32::from(bus.close_intent(at, intent).await.map_err(settling)?);
        }
    }
    if recovered + unknown > 0 {
        tracing::info!(recovered, unknown, "what the last run left is settled");
    }
    Ok(())
}

fn settling(error: ExchangeError) -> StartError {
    StartError::Settle(Box::new(error))
}
