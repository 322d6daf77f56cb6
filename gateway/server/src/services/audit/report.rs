//! Reports: on one subject, and on what was reused.

use oncebus_core::Operation;
use oncebus_proto::v1 as pb;
use tonic::{Request, Status};

use super::{
    Audit,
    reading::{signed, visibility},
};
use crate::convert;

// === impl Audit ===

impl Audit {
    pub(super) async fn subject_report(
        &self,
        request: Request<pb::GetSubjectReportRequest>,
    ) -> Result<pb::GetSubjectReportResponse, Status> {
        let operation = Operation::GetSubjectReport;
        let (admitted, (filter, page)) = self.0.callers.admit(request, |message, caller| {
            let (size, token) = (message.page_size, message.page_token.clone());
            let bare =
                pb::GetSubjectReportRequest { page_size: 0, page_token: String::new(), ..message };
            let page = self.page(caller, operation, &bare, size, &token)?;
            Ok((convert::subject_filter(&self.0.bus, &bare)?, page))
        })?;
        let found = self.found(&admitted.caller, operation, &filter, &page).await?;
        Ok(pb::GetSubjectReportResponse {
            records: found.records,
            next_page_token: found.next_page_token,
            tree_size: signed(found.extent.tree_size),
            indexed_size: signed(found.extent.indexed_size),
        })
    }

    pub(super) async fn reuse_report(
        &self,
        request: Request<pb::GetReuseReportRequest>,
    ) -> Result<pb::GetReuseReportResponse, Status> {
        let parse = |message, _caller: &_| convert::reuse_query(&message);
        let (admitted, query) = self.0.callers.admit(request, parse)?;
        let extent = self.caught_up().await?;
        let caller = &admitted.caller;
        let visible = visibility(caller.role, &caller.department);
        let counts = self.0.index.reuse(&query, &visible).await;
        let counts = counts.map_err(|error| convert::storage(&error))?;
        self.record_read(caller, Operation::GetReuseReport, counts.len() as u64).await?;
        Ok(pb::GetReuseReportResponse {
            rows: counts.into_iter().map(convert::reuse_row).collect(),
            tree_size: signed(extent.tree_size),
            indexed_size: signed(extent.indexed_size),
        })
    }
}
