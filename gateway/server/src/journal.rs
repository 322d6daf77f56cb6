//! Opens the pen of the trail: with the run's name, its seal, and a clock that goes on from the last
//! record.

use std::sync::Arc;

use jiff::Timestamp;
use oncebus_core::{BootId, Clock, Journal, Record, Rng, Run, SteadyClock};
use oncebus_store::Sealer;
use oncebus_trail::{ReadError, Trail};

use crate::{GatewayConfig, stores::Stores};

/// Begins the records of one run.
///
/// # Errors
///
/// If the last record cannot be read.
pub(crate) fn open(
    config: &GatewayConfig,
    stores: &Stores,
    clock: &Arc<dyn Clock>,
    rng: &Arc<dyn Rng>,
) -> Result<Journal, ReadError> {
    let trail = stores.trail.clone();
    let steady = Arc::new(SteadyClock::new(Arc::clone(clock), last_time(&trail)?));
    let boot = BootId::draw(&*steady, &**rng);
    let run = Run {
        boot,
        gateway: format!("spiffe://{}", config.origin).into(),
        config: config.digest().into(),
        region: (!config.region.is_empty()).then(|| config.region.as_str().into()),
    };
    let (recipients, tokens) = (config.seal_recipients.clone(), Arc::clone(&stores.subject_keys));
    let keys = config.trail_dir.join("keys");
    let sealer = Sealer::new(boot, keys, recipients, tokens, Arc::clone(rng));
    Ok(Journal::new(trail, steady, Arc::clone(rng), Arc::new(sealer), run))
}

/// Returns the time of the last record; of an empty trail that is the beginning of time.
fn last_time(trail: &Trail) -> Result<Timestamp, ReadError> {
    let Some(last) = trail.size().checked_sub(1) else { return Ok(Timestamp::UNIX_EPOCH) };
    let leaf = trail.read(last, 1)?.pop().unwrap_or_default();
    let time = Record::from_leaf(&leaf).ok().map(|record| record.time);
    let time = time.and_then(|time| Timestamp::from_millisecond(time).ok());
    Ok(time.unwrap_or(Timestamp::UNIX_EPOCH))
}
