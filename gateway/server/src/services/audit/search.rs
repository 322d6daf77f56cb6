//! Searches, a page at a time, newest first.

use oncebus_core::{Caller, FieldError, Operation};
use oncebus_proto::v1 as pb;
use oncebus_store::RecordFilter;
use prost::Message;
use tonic::{Request, Status};

use super::{
    Audit,
    reading::{Extent, signed, visibility},
};
use crate::{convert, page::Page};

/// A page of records, and where the next begins.
pub(super) struct Found {
    pub(super) records: Vec<pb::Record>,
    pub(super) next_page_token: String,
    pub(super) extent: Extent,
}

// === impl Audit ===

impl Audit {
    pub(super) async fn search(
        &self,
        request: Request<pb::SearchRecordsRequest>,
    ) -> Result<pb::SearchRecordsResponse, Status> {
        let (admitted, (filter, page)) = self.0.callers.admit(request, |message, caller| {
            let (size, token) = (message.page_size, message.page_token.clone());
            let bare =
                pb::SearchRecordsRequest { page_size: 0, page_token: String::new(), ..message };
            let page = self.page(caller, Operation::SearchRecords, &bare, size, &token)?;
            Ok((convert::filter(&self.0.bus, &bare.filter.unwrap_or_default())?, page))
        })?;
        let found = self.found(&admitted.caller, Operation::SearchRecords, &filter, &page).await?;
        Ok(pb::SearchRecordsResponse {
            records: found.records,
            next_page_token: found.next_page_token,
            tree_size: signed(found.extent.tree_size),
            indexed_size: signed(found.extent.indexed_size),
        })
    }

    /// Checks a request for a page: a token is good for the same caller, method and filter alone.
    pub(super) fn page(
        &self,
        caller: &Caller,
        operation: Operation,
        bare: &impl Message,
        size: i32,
        token: &str,
    ) -> Result<Page, FieldError> {
        let bound = format!("{operation} {}", hex::encode(bare.encode_to_vec()));
        self.0.pager.page(caller, &bound, size, token, &*self.0.clock)
    }

    /// Finds one page, and puts on record that it is read.
    pub(super) async fn found(
        &self,
        caller: &Caller,
        operation: Operation,
        filter: &RecordFilter,
        page: &Page,
    ) -> Result<Found, Status> {
        let extent = self.caught_up().await?;
        let before = page.after.as_ref().and_then(|after| after.parse().ok());
        let visible = visibility(caller.role, &caller.department);
        let found = self.0.index.search(filter, &visible, before, page.size + 1).await;
        let mut found = found.map_err(|error| convert::storage(&error))?;
        let more = found.len() > page.size;
        found.truncate(page.size);
        let next_page_token = match found.last() {
            Some(last) if more => self.0.pager.token(page, last.to_string(), &*self.0.clock),
            _ => String::new(),
        };
        let records = self.read(found).await?;
        self.record_read(caller, operation, records.len() as u64).await?;
        Ok(Found { records, next_page_token, extent })
    }
}
