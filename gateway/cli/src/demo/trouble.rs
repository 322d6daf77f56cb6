//! What still works when parts of the town fail: a holder that is stopped, a gateway that is killed.

use std::time::{Duration, Instant};

use oncebus_gateway::{MaterialType, Supply};
use tokio::time::sleep;

use super::{
    figures::Figures,
    office::{Office, Offices, failed, reason},
};
use crate::{dev::Town, exit::CliError, sample::Sample, say};

/// Longest wait for a holder's first answer after its return.
const HOLDER_BACK: Duration = Duration::from_secs(10);
/// Pause between two calls to a holder that is not back yet.
const PAUSE: Duration = Duration::from_millis(50);

/// Stops a holder, shows what its consumers still get, and starts it again.
///
/// # Errors
///
/// Returns a failed check if something is served that cannot be, or is not that can.
pub(super) async fn holder_away(town: &mut Town, figures: &mut Figures) -> Result<(), CliError> {
    let offices = Offices::open(town)?;
    // Personal content is never cached: it needs its holder each time.
    let personal = offices.rows(Supply::Uploaded).find(|(_, row)| row.personal);
    let Some((place, personal)) = personal else {
        return Ok(());
    };
    let holder = personal.department.as_str();
    let Some(consumer) = offices.all().find(|office| office.department != holder) else {
        return Ok(());
    };
    say::note(format_args!("the adapter of {holder} is killed ..."));
    town.kill_adapter(holder).await;

    let cached =
        offices.rows(Supply::OriginHeld).filter(|(_, row)| row.department.as_str() == holder);
    for (place, row) in cached {
        consumer.fetch(row, offices.sample(place, row).digest()).await?;
        figures.served_without_holder += 1;
    }
    match consumer.open(personal).await {
        Err(status) if reason(&status).as_deref() == Some("ADAPTER_UNAVAILABLE") => {
            figures.refused_without_holder += 1;
        }
        Err(status) => return Err(failed("fetch from a holder that is away", &status)),
        Ok(_stream) => return Err(CliError::check("a holder that is away answered")),
    }

    town.start_adapter(holder).await?;
    let back = Instant::now();
    let digest = offices.sample(place, personal).digest();
    while let Err(error) = consumer.fetch(personal, digest).await {
        if back.elapsed() > HOLDER_BACK {
            return Err(error);
        }
        sleep(PAUSE).await;
    }
    figures.holder_back_ms = milliseconds(back.elapsed());
    Ok(())
}

/// Kills the gateway in the middle of an upload, starts it again, and goes on where the upload was.
///
/// # Errors
///
/// Returns a failed check if what was acknowledged is lost.
pub(super) async fn gateway_killed(town: Town, figures: &mut Figures) -> Result<Town, CliError> {
    let offices = Offices::open(&town)?;
    let Some((office, row, sample)) = successor(&offices) else { return Ok(town) };
    let before = office.current(row).await?;
    office.put_first(row, &sample, &before).await?;
    say::note("the gateway is killed in the middle of an upload ...");
    let killed = Instant::now();
    let town = town.restart_gateway().await?;
    figures.gateway_back_ms = milliseconds(killed.elapsed());

    figures.resumed_at = office.finish(row, &sample, &before).await?;
    office.fetch(row, sample.digest()).await?;
    Ok(town)
}

/// A newer document of an uploaded type, long enough to be cut in the middle.
fn successor(offices: &Offices) -> Option<(&Office, &MaterialType, Sample)> {
    let (_, row) = offices.rows(Supply::Uploaded).find(|(_, row)| !row.personal)?;
    let office = offices.all().find(|office| office.department == row.department.as_str())?;
    Some((office, row, Sample::revised(row)))
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
