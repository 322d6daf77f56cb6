//! `oncebus audit reuse`.

use clap::{Args, ValueEnum};
use oncebus_proto::v1 as pb;
use serde_json::{Map, Value};

use super::{connect, filter::WindowArgs, search::tell_lag};
use crate::{
    client::{CALL_TIME, ProfileArgs, failed, within},
    exit::CliError,
    output::{Column, OutputArgs},
};

const COUNTS: [Column; 5] = [
    ("asked", "asked"),
    ("reused", "reused"),
    ("collected", "collected"),
    ("reused %", "reused_percent"),
    ("projects", "projects"),
];

/// Flags of `audit reuse`.
#[derive(Debug, Args)]
pub(crate) struct ReuseArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    window: WindowArgs,
    /// What rows are made of [default: one row of all]
    #[arg(long, value_enum, value_delimiter = ',')]
    by: Vec<By>,
}

/// What rows are made of.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// Month in Asia/Shanghai
    Month,
    /// Region of the gateway
    Region,
    /// Approval item
    Item,
    /// Package of items
    Package,
    /// Material type
    Type,
    /// Department that asked
    Department,
}

// === impl ReuseArgs ===

impl ReuseArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut client = connect(&self.profile)?;
        let WindowArgs { since, until } = self.window;
        let group_by = self.by.iter().map(|by| by.column().1.to_owned()).collect();
        let request = pb::GetReuseReportRequest { start_time: since, end_time: until, group_by };
        let answer = client.get_reuse_report(within(CALL_TIME, request)).await;
        let answer = answer.map_err(|s| failed(&s))?.into_inner();
        let columns: Vec<_> = self.by.iter().map(|by| by.column()).chain(COUNTS).collect();
        let rows: Vec<_> = answer.rows.iter().map(|row| json(&self.by, row)).collect();
        self.output.rows(&columns, &rows);
        tell_lag(answer.tree_size, answer.indexed_size);
        Ok(())
    }
}

// === impl By ===

impl By {
    fn column(self) -> Column {
        match self {
            Self::Month => ("month", "month"),
            Self::Region => ("region", "region"),
            Self::Item => ("item", "item"),
            Self::Package => ("package", "package"),
            Self::Type => ("type", "material_type"),
            Self::Department => ("department", "department"),
        }
    }
}

fn json(by: &[By], row: &pb::ReuseRow) -> Value {
    let group = by.iter().zip(&row.group);
    let group = group.map(|(by, value)| (by.column().1, value.clone().into()));
    let counts: [(&str, Value); 5] = [
        ("asked", row.asked.into()),
        ("reused", row.reused.into()),
        ("collected", row.collected.into()),
        ("reused_percent", row.reused_percent.clone().into()),
        ("projects", row.projects.into()),
    ];
    let fields = group.chain(counts).map(|(name, value)| (name.to_owned(), value));
    Value::Object(fields.collect::<Map<_, _>>())
}
