//! `oncebus demo`: the whole promise in a few seconds, counted from the audit trail.

mod case;
mod expected;
mod figures;
mod office;
mod pieces;
mod receipts;
mod story;
mod trail;
mod trouble;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use tempfile::TempDir;

use self::{case::Case, expected::Expected, figures::Figures, office::Offices};
use crate::{
    dev::{Plan, Town},
    exit::CliError,
    say,
    stop::Stop,
};

/// Shows it all in a few seconds: publish once, reuse everywhere, every call on the audit trail
///
/// Starts a gateway and three departments as processes of their own, publishes one document of every
/// type that is ever uploaded, lets every other department fetch all types twice, and counts from the
/// audit trail what happened. Then stops a holder, and kills the gateway in the middle of an upload, and
/// shows what still works. Needs no network and leaves nothing behind.
#[derive(Debug, Args)]
pub(crate) struct DemoCommand {
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Keep everything in this new folder; `oncebus dev --dir DIR` goes on from there
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Catalogue to use instead of the shipped one
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
}

/// Where the demo's bus lives.
#[derive(Debug)]
enum Folder {
    /// In the user's folder.
    Kept(PathBuf),
    /// In a folder that is removed at the end.
    Temporary(TempDir),
}

// === impl DemoCommand ===

impl DemoCommand {
    /// Runs the demo to its end.
    ///
    /// # Errors
    ///
    /// Returns a failed check if a step failed, or a figure is not what the catalogue implies.
    pub(crate) async fn run(self) -> Result<(), CliError> {
        let mut stop = Stop::on_signals()?;
        tokio::select! {
            done = self.play() => done,
            asked = stop.asked() => Err(CliError::check(format!("stopped by {asked}"))),
        }
    }

    async fn play(&self) -> Result<(), CliError> {
        let begun = Instant::now();
        let folder = Folder::make(self.keep.as_deref())?;
        say::note("starting a gateway and the departments' adapters ...");
        let plan = Plan {
            dir: folder.path(),
            catalog: self.catalog.clone(),
            trail_dir: None,
            foreign_adapters: BTreeMap::new(),
            log: "error",
        };
        let mut town = Town::start(plan).await?;
        let expected = Expected::of(&town)?;
        let mut figures = scenes(&town).await?;
        trouble::holder_away(&mut town, &mut figures).await?;
        let town = trouble::gateway_killed(town, &mut figures).await?;
        figures.elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let died = town.stop().await;
        self.tell(&figures);
        if !died.is_empty() {
            return Err(CliError::check(died.join("; ")));
        }
        expected.compare(&figures)
    }

    fn tell(&self, figures: &Figures) {
        if self.json {
            let json = serde_json::to_string(figures).expect("numbers serialise");
            say::line(json);
        } else {
            say::line(story::of(figures));
        }
        if let Some(dir) = &self.keep {
            say::note(format_args!("kept: oncebus dev --dir {}", dir.display()));
        }
    }
}

/// Plays all scenes, and counts from the trail what happened.
async fn scenes(town: &Town) -> Result<Figures, CliError> {
    let offices = Offices::open(town)?;
    let cases = Case::all(town.catalog())?;
    let mut listed = offices.resolve_all(&cases[..cases.len().min(1)]).await?;
    let published = offices.publish_all().await?;
    let fetched = offices.fetch_all().await?;
    listed.extend(offices.resolve_all(&cases).await?);
    say::note("one fetch that must be refused ...");
    let refused = offices.refused_fetch().await?;

    say::note("reading the audit trail back ...");
    let trail = trail::read(offices.auditor()).await?;
    let mut figures = Figures::count(&trail);
    figures.set_catalog(&offices.material_types().await?);
    figures.receipts_verified = receipts::verify(
        published.iter().chain(&fetched).chain(&refused).chain(&listed),
        &trail,
        town.verifier(),
    )?;
    figures.add_pieces(&offices.pieces(&cases).await?);
    Ok(figures)
}

// === impl Folder ===

impl Folder {
    fn make(keep: Option<&Path>) -> Result<Self, CliError> {
        if let Some(dir) = keep {
            refuse_used(dir)?;
            return Ok(Self::Kept(dir.to_owned()));
        }
        let made = tempfile::Builder::new().prefix("oncebus-demo-").tempdir();
        let cannot = |error| CliError::usage(format!("cannot make a temporary folder: {error}"));
        Ok(Self::Temporary(made.map_err(cannot)?))
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::Kept(dir) => dir.clone(),
            Self::Temporary(dir) => dir.path().to_owned(),
        }
    }
}

/// A folder with something in it would be counted too.
fn refuse_used(dir: &Path) -> Result<(), CliError> {
    match fs::read_dir(dir).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(CliError::usage(format!(
            "{} is not empty: name a new folder; `oncebus dev --dir` goes on in an old one",
            dir.display()
        ))),
        _ => Ok(()),
    }
}
