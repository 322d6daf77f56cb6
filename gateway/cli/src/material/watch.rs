//! `oncebus material watch`: what becomes of materials, as it happens.

use std::{mem, path::PathBuf, time::Duration};

use clap::Args;
use oncebus_proto::v1::{self as pb, material_service_client::MaterialServiceClient};
use serde_json::{Value, json};
use tokio::{select, time::sleep};
use tonic::{Request, Status, transport::Channel};

use super::{answer, cursor::CursorFile};
use crate::{
    client::{CallArgs, ProfileArgs, failed, reopens, subject},
    exit::CliError,
    output::{Column, OutputArgs, Rows},
    say,
    stop::Stop,
};

/// Longest time of one stream; the next one goes on where it ended.
const STREAM_TIME: Duration = Duration::from_secs(24 * 3_600);
/// Pause before the stream is opened again; it doubles up to [`LONGEST_PAUSE`] while that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

const COLUMNS: [Column; 8] = [
    ("time", "time"),
    ("reference", "reference"),
    ("what", "kind"),
    ("type", "material_type"),
    ("number", "number"),
    ("status", "status"),
    ("validity", "validity"),
    ("version", "version"),
];
const FIELDS: [&str; 11] = [
    "time",
    "reference",
    "kind",
    "material_type",
    "number",
    "status",
    "validity",
    "version",
    "holder",
    "catalog_version",
    "receipt",
];

/// Flags of `material watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    call: CallArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// A material to watch, like M23=project:2501-370800-04-01-000016@case-7; what happens to it is shown
    /// under the reference behind @ [default: its place, from 1]; may be repeated
    #[arg(long = "watch", value_name = "TYPE=SCHEME:VALUE[@REFERENCE]", required = true)]
    #[arg(value_parser = watched)]
    watched: Vec<pb::WatchedMaterial>,
    /// Keep in this file how far was shown, and go on from there
    #[arg(long, value_name = "FILE")]
    cursor: Option<PathBuf>,
}

/// Watches, and knows where to go on.
struct Watcher {
    client: MaterialServiceClient<Channel>,
    request: pb::WatchMaterialsRequest,
    file: Option<CursorFile>,
    rows: Rows,
}

/// Why a stream ended before its time.
enum Broken {
    Call(Status),
    File(CliError),
}

// === impl WatchArgs ===

impl WatchArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut stop = Stop::on_signals()?;
        let client = MaterialServiceClient::new(self.profile.connect()?);
        let file = self.cursor.map(CursorFile::at);
        let cursor = file.as_ref().map(CursorFile::read).transpose()?.unwrap_or_default();
        let request = pb::WatchMaterialsRequest {
            watched: numbered(self.watched),
            cursor,
            purpose: Some(self.call.purpose()),
            request_id: self.call.request_id(),
        };
        let rows = self.output.stream(&COLUMNS, &FIELDS);
        let mut watcher = Watcher { client, request, file, rows };
        select! {
            ended = watcher.run() => ended,
            _signal = stop.asked() => Ok(()),
        }
    }
}

// === impl Watcher ===

impl Watcher {
    /// Watches until something is wrong that does not pass by itself.
    async fn run(&mut self) -> Result<(), CliError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let before = self.request.cursor.clone();
            match self.stream().await {
                Ok(()) => {}
                Err(Broken::Call(status)) if reopens(&status) => {
                    say::note(format_args!("{}; going on", failed(&status)));
                }
                Err(Broken::Call(status)) => return Err(failed(&status)),
                Err(Broken::File(error)) => return Err(error),
            }
            let moved = before != self.request.cursor;
            pause = if moved { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            sleep(pause).await;
        }
    }

    /// Shows what one stream brings. How far that is, is kept after it is shown: what is shown twice is
    /// better than what is never.
    async fn stream(&mut self) -> Result<(), Broken> {
        let mut request = Request::new(self.request.clone());
        request.set_timeout(STREAM_TIME);
        let opened = self.client.watch_materials(request).await.map_err(Broken::Call)?;
        let mut messages = opened.into_inner();
        let mut begun = false;
        while let Some(message) = messages.message().await.map_err(Broken::Call)? {
            if let Some(event) = &message.event {
                self.rows.push(&row(event, message.receipt.as_ref()));
            }
            self.request.cursor = message.cursor;
            if let Some(file) = &self.file {
                file.keep(&self.request.cursor).map_err(Broken::File)?;
            }
            if !mem::replace(&mut begun, true) {
                say::note(format_args!("watching {} materials", self.request.watched.len()));
            }
        }
        Ok(())
    }
}

fn row(event: &pb::WatchEvent, receipt: Option<&pb::Receipt>) -> Value {
    let told = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_owned();
    let validity = match event.validity() {
        pb::Validity::Unspecified => String::new(),
        validity => answer::validity(validity),
    };
    json!({
        "time": event.time.as_ref().and_then(answer::time),
        "reference": event.reference,
        "kind": told(event.kind().as_str_name(), "WATCH_EVENT_KIND_"),
        "material_type": event.material_type,
        "number": event.number,
        "status": event.status,
        "validity": validity,
        "version": event.version,
        "holder": event.holder,
        "catalog_version": event.catalog_version,
        "receipt": receipt.map(|proof| json!({"origin": proof.origin, "index": proof.index})),
    })
}

/// Gives what has no reference its place.
fn numbered(mut watched: Vec<pb::WatchedMaterial>) -> Vec<pb::WatchedMaterial> {
    for (place, entry) in (1..).zip(&mut watched) {
        if entry.reference.is_empty() {
            entry.reference = i32::to_string(&place);
        }
    }
    watched
}

/// Reads `TYPE=SCHEME:VALUE[@REFERENCE]`.
fn watched(text: &str) -> Result<pb::WatchedMaterial, String> {
    let form = || "give TYPE=SCHEME:VALUE[@REFERENCE]".to_owned();
    let (material_type, about) = text.split_once('=').ok_or_else(form)?;
    let (about, reference) = match about.split_once('@') {
        Some((_, "")) => return Err(form()),
        Some(both) => both,
        None => (about, ""),
    };
    Ok(pb::WatchedMaterial {
        material_type: material_type.to_owned(),
        subject: Some(subject(about)?),
        number: String::new(),
        reference: reference.to_owned(),
    })
}
