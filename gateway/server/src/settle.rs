//! Settles what nobody will end: at start of earlier runs, and while running of calls that died.

use oncebus_core::{Bus, ExchangeError, Record, UploadState};
use oncebus_store::{IndexError, SearchIndex};

use crate::StartError;

/// Records that are read in one go.
const BATCH: u32 = 1_000;

/// Writes the outcomes that are missing: `recovered` for publications that the registry has,
/// `unknown` for intents that nobody will close. Answers how many.
///
/// # Errors
///
/// If registry, index or trail fail; the gateway must not start then.
pub(crate) async fn settle(bus: &Bus, index: &SearchIndex) -> Result<u32, StartError> {
    index.feed(bus.journal().trail()).await?;
    let recovered = recover(bus, index).await?;
    index.feed(bus.journal().trail()).await?;
    let unknown = close(bus, index).await?;
    if recovered + unknown > 0 {
        tracing::info!(recovered, unknown, "what the last run left is settled");
    }
    Ok(recovered + unknown)
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

/// Notes the outcomes of all publications that lack one: the one that is on the trail already, else
/// a new one. Answers how many are new.
async fn recover(bus: &Bus, index: &SearchIndex) -> Result<u32, StartError> {
    let mut new = 0;
    loop {
        let unrecorded = bus.unrecorded(BATCH).await.map_err(settling)?;
        if unrecorded.is_empty() {
            return Ok(new);
        }
        for upload in unrecorded {
            let UploadState::Committed { outcome, .. } = upload.state else { continue };
            let durable = index.find_by_id(outcome).await?;
            bus.recover(upload, durable).await.map_err(settling)?;
            new += u32::from(durable.is_none());
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
