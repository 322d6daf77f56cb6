//! Settles what nobody will end: at start of earlier runs, and while running of calls that died.

use oncebus_core::{Bus, ExchangeError, Record};
use oncebus_store::{IndexError, SearchIndex};

use crate::StartError;

/// Records that are read in one go.
const BATCH: u32 = 1_000;

/// Writes the outcomes that are missing: `recovered` for publications that the registry has,
/// `unknown` for intents that nobody will close.
///
/// # Errors
///
/// If registry, index or trail fail; the gateway must not start then.
pub(crate) async fn settle(bus: &Bus, index: &SearchIndex) -> Result<(), StartError> {
    let recovered = recover(bus).await?;
    index.feed(bus.journal().trail()).await?;
    let unknown = close(bus, index).await?;
    if recovered + unknown > 0 {
        tracing::info!(recovered, unknown, "what the last run left is settled");
    }
    Ok(())
}

/// Closes the intents whose calls are over without an outcome; answers how many.
///
/// # Errors
///
/// If registry, index or trail fail; the next round tries again.
pub(crate) async fn settle_overdue(bus: &Bus, index: &SearchIndex) -> Result<u32, StartError> {
    index.feed(bus.journal().trail()).await?;
    close(bus, index).await
}

/// Writes the outcomes of all publications that lack one.
async fn recover(bus: &Bus) -> Result<u32, StartError> {
    let mut all = 0;
    loop {
        match bus.recover_publications(BATCH).await.map_err(settling)? {
            0 => return Ok(all),
            recovered => all += recovered,
        }
    }
}

/// Closes all intents that nobody will. Those of uploads that go on stay open: each page begins
/// behind the one before.
async fn close(bus: &Bus, index: &SearchIndex) -> Result<u32, StartError> {
    let mut closed = 0;
    let mut after = None;
    loop {
        let open = index.open_intents(after, BATCH).await?;
        let Some(last) = open.last() else { return Ok(closed) };
        after = Some(*last);
        for at in open {
            if let Some(leaf) = bus.journal().trail().read(at, 1).map_err(IndexError::from)?.pop() {
                let intent = Record::from_leaf(&leaf).map_err(IndexError::from)?;
                closed += u32::from(bus.close_intent(at, intent).await.map_err(settling)?);
            }
        }
    }
}

fn settling(error: ExchangeError) -> StartError {
    StartError::Settle(Box::new(error))
}
