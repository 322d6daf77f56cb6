//! Flags that say which records are meant.

use clap::Args;
use oncebus_proto::v1 as pb;

use super::time;
use crate::client::subject;

/// A flag for each filter; every one that is given must hold.
#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// Department that called
    #[arg(long, default_value_t)]
    department: String,
    /// System that called, by SPIFFE id
    #[arg(long, default_value_t)]
    system: String,
    /// Department that answered
    #[arg(long, default_value_t)]
    holder: String,
    /// Code or alias of a material type
    #[arg(long = "type", value_name = "TYPE", default_value_t)]
    material_type: String,
    /// Approval item of the purpose
    #[arg(long, default_value_t)]
    item: String,
    /// The agency's number of the case, together with --department
    #[arg(long = "case", value_name = "NUMBER", default_value_t, requires = "department")]
    case_number: String,
    /// Whom or what the material is about, like credit:91370800MA3D
    #[arg(long, value_name = "SCHEME:VALUE", value_parser = subject)]
    subject: Option<pb::Subject>,
    /// intent, outcome, aborted, refused, admin, audit_read, config, key, retention, erasure, clock,
    /// start or stop
    #[arg(long, default_value_t)]
    kind: String,
    /// publish, resume, fetch, find, get, or the method of a reading, like search_records
    #[arg(long, default_value_t)]
    operation: String,
    /// served, denied, failed, unknown or recovered
    #[arg(long, default_value_t)]
    outcome: String,
    /// A registered reason, like ACCESS_DENIED
    #[arg(long, default_value_t)]
    reason: String,
    /// hit, miss or joined
    #[arg(long, default_value_t)]
    cache: String,
    /// Took at least so many milliseconds
    #[arg(long = "min-latency", value_name = "MS", default_value_t)]
    min_latency_ms: u32,
    /// Name of a version
    #[arg(long, default_value_t)]
    version: String,
    /// Digest of the content, sha256:HEX
    #[arg(long, default_value_t)]
    digest: String,
    /// Id of a record
    #[arg(long, value_name = "UUID", default_value_t)]
    id: String,
    /// Trace id of the call, 32 hexadecimal digits
    #[arg(long, value_name = "HEX", default_value_t)]
    trace_id: String,
}

/// Flags of a window of time.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct WindowArgs {
    /// Not before this time: 2026-03-02T09:00:00+08:00, or a day in Asia/Shanghai
    #[arg(long, value_name = "TIME", value_parser = time::start)]
    pub(super) since: Option<prost_types::Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time::start)]
    pub(super) until: Option<prost_types::Timestamp>,
}

// === impl FilterArgs ===

impl FilterArgs {
    /// Returns the filter at any time.
    pub(super) fn filter(&self) -> pb::RecordFilter {
        pb::RecordFilter {
            department: self.department.clone(),
            system: self.system.clone(),
            holder: self.holder.clone(),
            material_type: self.material_type.clone(),
            item: self.item.clone(),
            kind: self.kind.clone(),
            operation: self.operation.clone(),
            outcome: self.outcome.clone(),
            reason: self.reason.clone(),
            version: self.version.clone(),
            start_time: None,
            end_time: None,
            id: self.id.clone(),
            trace_id: self.trace_id.clone(),
            digest: self.digest.clone(),
            subject: self.subject.clone(),
            case_number: self.case_number.clone(),
            cache: self.cache.clone(),
            min_latency_ms: self.min_latency_ms.into(),
        }
    }

    /// Returns the filter within a window of time.
    pub(super) fn within(&self, window: WindowArgs) -> pb::RecordFilter {
        let WindowArgs { since, until } = window;
        pb::RecordFilter { start_time: since, end_time: until, ..self.filter() }
    }
}
