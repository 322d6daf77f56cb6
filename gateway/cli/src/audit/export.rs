//! `oncebus audit export`.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::{Args, ValueEnum};
use oncebus_proto::v1 as pb;
use serde_json::json;

use super::{
    connect,
    filter::{FilterArgs, WindowArgs},
    record,
};
use crate::{
    client::{ProfileArgs, failed, within},
    exit::{CliError, Exit},
    output::{OutputArgs, csv_line},
};

/// Longest time of an export.
const EXPORT_TIME: Duration = Duration::from_secs(3_600);

/// Flags of `audit export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    window: WindowArgs,
    /// Folder to write records, proofs.jsonl and checkpoint into; without a checkpoint it is not whole
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Form of the records
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Form of exported records.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// records.jsonl: one JSON object a line
    #[default]
    Jsonl,
    /// records.csv: one line a record, with a head
    Csv,
}

/// The files of an export, as they grow.
struct Files {
    dir: PathBuf,
    format: Format,
    records: BufWriter<File>,
    proofs: BufWriter<File>,
    checkpoint: String,
    count: u64,
    indexed_size: i64,
}

// === impl ExportArgs ===

impl ExportArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = connect(&self.profile)?;
        let filter = Some(self.filter.within(self.window));
        let request = within(EXPORT_TIME, pb::ExportRecordsRequest { filter });
        let answer = client.export_records(request).await.map_err(|s| failed(&s))?;
        let mut messages = answer.into_inner();
        let unwritable = |error: io::Error| {
            let dir = self.out.display();
            CliError::usage(format!("cannot write the export into {dir}: {error}"))
        };
        let mut files = Files::create(&self.out, self.format).map_err(unwritable)?;
        loop {
            match messages.message().await {
                Ok(Some(message)) => files.write(&message).map_err(unwritable)?,
                Ok(None) => break,
                Err(status) => return Err(files.cut(&failed(&status))),
            }
        }
        let (count, indexed) = (files.count, files.indexed_size);
        files.finish().map_err(unwritable)?;
        let dir = self.out.display();
        let sentence = format!("{count} of {indexed} records, with their proofs, in {dir}");
        let value = json!({"records": count, "indexed_size": indexed, "out": self.out});
        self.output.sentence(&sentence, &value);
        Ok(())
    }
}

// === impl Files ===

impl Files {
    /// Begins the files; none of them may be there already.
    fn create(dir: &Path, format: Format) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let name = match format {
            Format::Jsonl => "records.jsonl",
            Format::Csv => "records.csv",
        };
        let mut records = BufWriter::new(File::create_new(dir.join(name))?);
        let proofs = BufWriter::new(File::create_new(dir.join("proofs.jsonl"))?);
        if let Format::Csv = format {
            writeln!(records, "{}", record::FIELDS.join(","))?;
        }
        let (dir, checkpoint) = (dir.to_owned(), String::new());
        Ok(Self { dir, format, records, proofs, checkpoint, count: 0, indexed_size: 0 })
    }

    fn write(&mut self, message: &pb::ExportRecordsResponse) -> io::Result<()> {
        self.checkpoint.push_str(&message.checkpoint);
        self.indexed_size = message.indexed_size;
        for proven in &message.records {
            let Some(record) = &proven.record else { continue };
            let shown = record::json(record);
            match self.format {
                Format::Jsonl => writeln!(self.records, "{shown}")?,
                Format::Csv => writeln!(self.records, "{}", csv_line(&record::FIELDS, &shown))?,
            }
            let path: Vec<_> =
                proven.inclusion_path.iter().map(|hash| STANDARD.encode(hash)).collect();
            let leaf = STANDARD.encode(&record.leaf);
            let proof = json!({"index": record.index, "leaf": leaf, "path": path});
            writeln!(self.proofs, "{proof}")?;
            self.count += 1;
        }
        Ok(())
    }

    /// Writes the checkpoint last: where it is, the export is whole.
    fn finish(mut self) -> io::Result<()> {
        for file in [&mut self.records, &mut self.proofs] {
            file.flush()?;
            file.get_ref().sync_all()?;
        }
        let mut checkpoint = File::create_new(self.dir.join("checkpoint"))?;
        checkpoint.write_all(self.checkpoint.as_bytes())?;
        checkpoint.sync_all()
    }

    fn cut(self, cause: &CliError) -> CliError {
        let (count, dir) = (self.count, self.dir.display());
        let message = format!(
            "the export broke off after {count} records, delete {dir} and try again: {cause}"
        );
        CliError::new(Exit::Partial, message)
    }
}
