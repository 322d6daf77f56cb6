//! Destroys a day: its data keys, and what was sealed under them.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use oncebus_store::SealedForm;
use tokio::task::spawn_blocking;

use super::{ActError, Acts};

/// Records that are looked at together.
const BATCH: usize = 1_024;
/// A record may be older or younger than the key that its part is under, by no more than this.
const SLACK_HOURS: i64 = 1;
const DAY_S: i64 = 24 * 3_600;

// === impl Acts ===

impl Acts {
    /// Destroys the keys of a day, then empties the parts that nobody can open any more: they hold the
    /// tokens of subjects and cases. Returns how many keys there were.
    pub(super) async fn erase_day(&self, day: Date) -> Result<u64, ActError> {
        let begin = day.to_zoned(TimeZone::UTC).map_err(ActError::unfinished)?.timestamp();
        let keys = self.keys_dir();
        let work = spawn_blocking(move || remove_keys(&keys, &format!("-{day}.age")));
        let removed = work.await.map_err(ActError::unfinished)?;
        let removed = removed.map_err(ActError::unfinished)?;

        let size = self.index.feed(self.trail()).await?;
        let end = begin + DAY_S.seconds();
        let mut from = self.first_since(begin - SLACK_HOURS.hours(), size).await?;
        let end = self.first_since(end + SLACK_HOURS.hours(), size).await?;
        while from < end {
            let most = usize::try_from(end - from).unwrap_or(BATCH).min(BATCH);
            let parts = self.trail().read_sealed(from, most)?;
            if parts.is_empty() {
                break;
            }
            let of_day = (from..).zip(&parts).filter(|(_, part)| is_of(part, begin));
            let indices: Vec<_> = of_day.map(|(index, _)| index).collect();
            if !indices.is_empty() {
                self.erase_of(&indices).await?;
            }
            from += parts.len() as u64;
        }
        Ok(removed)
    }
}

/// Returns whether a part is sealed under a key of the day that begins then.
fn is_of(part: &[u8], begin: Timestamp) -> bool {
    let key = SealedForm::read(part).map(|form| form.key);
    key.is_ok_and(|key| i64::from(key.day) == begin.as_second() / DAY_S)
}

/// Removes the files whose names end so, durably; returns how many there were.
fn remove_keys(folder: &Path, ending: &str) -> io::Result<u64> {
    let names = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        names => names?,
    };
    let mut removed = 0;
    for entry in names {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.ends_with(ending)) {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    File::open(folder)?.sync_all()?;
    Ok(removed)
}
