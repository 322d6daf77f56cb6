//! `oncebus material bundle`.

mod entries;
mod report;

use std::{fs, path::PathBuf};

use clap::Args;
use oncebus_proto::v1 as pb;

use self::report::{COLUMNS, Report};
use super::{
    TRANSFER_TIME,
    case::{fact, party},
    silence, transfers,
};
use crate::{
    client::{CallArgs, ProfileArgs, failed, persist, within},
    exit::CliError,
    output::OutputArgs,
    say,
};

/// Flags of `material bundle`.
#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// A material: its type and whom or what it is about, or the name of a version; repeat it
    #[arg(long = "entry", value_name = "TYPE=SCHEME:VALUE[#NUMBER]", value_parser = entries::entry,
        required_unless_present_any = ["file", "package", "items"], conflicts_with = "file")]
    entries: Vec<pb::BundleEntry>,
    /// JSON list of materials: [{"type": T, "subject": "SCHEME:VALUE", "number": N, "reference": R}]
    #[arg(long, value_name = "LIST")]
    file: Option<PathBuf>,
    /// Everything that is held of a package, like P04
    #[arg(long, value_name = "PACKAGE", requires = "project", conflicts_with_all = ["entries", "file"])]
    package: Option<String>,
    /// Everything that is held of an item, like I14; may be repeated
    #[arg(long = "item", value_name = "ITEM", requires = "project",
        conflicts_with_all = ["entries", "file", "package"])]
    items: Vec<String>,
    /// Project code of the case, with --package or --item
    #[arg(long, value_name = "CODE")]
    project: Option<String>,
    /// A party of the case, like contractor=credit:91370800MA3ABCD15K; may be repeated
    #[arg(long = "party", value_name = "ROLE=SCHEME:VALUE", value_parser = party)]
    parties: Vec<pb::Party>,
    /// A fact of the case, like land_way=granted; may be repeated
    #[arg(long = "fact", value_name = "KEY=VALUE", value_parser = fact)]
    facts: Vec<(String, String)>,
    /// Folder for the files, which are called REFERENCE or TYPE-NUMBER; none is overwritten
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

// === impl BundleArgs ===

impl BundleArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let entries = match &self.file {
            Some(file) => entries::read(file)?,
            None => self.entries.clone(),
        };
        let unmade = |error| {
            CliError::usage(format!("cannot make the folder {}: {error}", self.out.display()))
        };
        fs::create_dir_all(&self.out).map_err(unmade)?;
        let references = entries.iter().map(|entry| entry.reference.clone()).collect();
        let mut report = Report::new(&self.out, references);
        let received = self.receive(entries, &mut report).await;
        let (rows, whole) = report.told();
        self.output.listed(&COLUMNS, &rows, &whole);
        received?;
        report.end()
    }

    /// Returns what the case requires, where that is asked for.
    fn checklist(&self) -> Option<pb::ResolveRequirementsRequest> {
        let project = self.project.clone()?;
        Some(pb::ResolveRequirementsRequest {
            items: self.items.clone(),
            package: self.package.clone().unwrap_or_default(),
            project,
            parties: self.parties.clone(),
            facts: self.facts.iter().cloned().collect(),
            ..Default::default()
        })
    }

    /// Receives the materials to the end of the stream.
    async fn receive(
        &self,
        entries: Vec<pb::BundleEntry>,
        report: &mut Report,
    ) -> Result<(), CliError> {
        let client = transfers(&self.profile)?;
        let request = pb::FetchBundleRequest {
            entries,
            checklist: self.checklist(),
            purpose: Some(self.call.purpose()),
            request_id: self.call.request_id(),
        };
        let mut messages = persist(async || {
            client.clone().fetch_bundle(within(TRANSFER_TIME, request.clone())).await
        })
        .await?;
        while let Some(message) = silence(messages.message()).await.map_err(|s| failed(&s))? {
            match message.checklist {
                Some(checklist) => tell(&checklist),
                None => report.take(message).await?,
            }
        }
        Ok(())
    }
}

/// Says what of a checklist comes.
fn tell(checklist: &pb::ResolveRequirementsResponse) {
    let counts = checklist.counts.unwrap_or_default();
    say::note(format_args!(
        "{} pieces asked, {} documents held, {} to collect",
        counts.asked, counts.held, counts.to_collect
    ));
}
