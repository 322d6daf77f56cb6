//! The policy of retention, published beside the trail for whoever reads it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

use oncebus_core::Clock as _;
use serde::{Deserialize, Serialize};

use super::Acts;
use crate::config::Retention;

/// The file, within the trail's folder.
const FILE: &str = "retention.json";

/// What the file says. Holds have no reference there: it may name a case.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Published {
    keep_days: u32,
    holds: Vec<PublishedHold>,
    /// When this policy was first published.
    since: String,
}

/// First and last day, in UTC.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PublishedHold {
    from: String,
    until: String,
}

// === impl Acts ===

impl Acts {
    /// Returns where the policy is published.
    pub(super) fn policy_file(&self) -> PathBuf {
        self.trail_dir.join(FILE)
    }

    /// Publishes a policy, unless it is published.
    pub(super) fn publish_policy(&self, retention: &Retention) -> io::Result<()> {
        let file = self.policy_file();
        let holds = retention.holds.iter().map(|hold| PublishedHold {
            from: hold.from.to_string(),
            until: hold.until.to_string(),
        });
        let since = self.journal().clock().now().to_string();
        let new = Published { keep_days: retention.keep_days, holds: holds.collect(), since };
        let old = fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok());
        if old.is_some_and(|old: Published| Published { since: new.since.clone(), ..old } == new) {
            return Ok(());
        }
        let draft = file.with_extension("draft");
        let mut written =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        serde_json::to_writer_pretty(&mut written, &new)?;
        written.write_all(b"\n")?;
        written.sync_all()?;
        fs::rename(&draft, &file)?;
        File::open(&self.trail_dir)?.sync_all()
    }
}
