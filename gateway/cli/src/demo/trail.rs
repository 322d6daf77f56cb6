//! Reads the whole audit trail back, as the auditor.

use std::collections::BTreeMap;

use oncebus_proto::v1::{Record, SearchRecordsRequest, audit_service_client::AuditServiceClient};
use tonic::transport::Channel;

use super::office::{failed, timed};
use crate::exit::CliError;

/// Records asked for at a time.
const PAGE: i32 = 200;

/// The trail as it was when reading began.
#[derive(Debug)]
pub(super) struct Records {
    /// Number of records.
    pub(super) size: u64,
    /// The records by index.
    pub(super) by_index: BTreeMap<i64, Record>,
}

/// Reads every record that is there when this is called; reading is itself on record, after them.
///
/// # Errors
///
/// Returns a failed check if a call fails or the search index misses a record.
pub(super) async fn read(auditor: Channel) -> Result<Records, CliError> {
    let mut client = AuditServiceClient::new(auditor);
    let mut request = SearchRecordsRequest { page_size: PAGE, ..SearchRecordsRequest::default() };
    let mut size = None;
    let mut by_index = BTreeMap::new();
    loop {
        let page = client
            .search_records(timed(request.clone()))
            .await
            .map_err(|status| failed("reading the audit trail", &status))?
            .into_inner();
        let size = *size.get_or_insert(page.tree_size);
        let records = page.records.into_iter().filter(|record| record.index < size);
        by_index.extend(records.map(|record| (record.index, record)));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let size = u64::try_from(size.unwrap_or_default()).unwrap_or_default();
    if by_index.len() as u64 != size {
        let found = by_index.len();
        return Err(CliError::check(format!("the trail has {size} records, {found} were found")));
    }
    Ok(Records { size, by_index })
}
