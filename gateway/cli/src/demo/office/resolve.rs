//! One checklist: what a case still lacks.

use oncebus_proto::v1::{ChecklistCounts, material_service_client::MaterialServiceClient};
use tonic::Status;

use super::{Answer, Office, failed, purpose, timed};
use crate::{demo::case::Case, exit::CliError};

// === impl Office ===

impl Office {
    /// Asks what of a case is held.
    ///
    /// # Errors
    ///
    /// Returns a failed check if the call fails or carries no proof.
    pub(in super::super) async fn resolve(
        &self,
        case: &Case,
    ) -> Result<(ChecklistCounts, Answer), CliError> {
        let what = format!("checklist of {} by {}", case.number, self.department);
        let lost = |status: Status| failed(&what, &status);
        let mut material = MaterialServiceClient::new(self.channel.clone());
        let request = timed(case.request(purpose().unwrap_or_default()));
        let answer = material.resolve_requirements(request).await.map_err(lost)?.into_inner();
        match (answer.counts, answer.receipt) {
            (Some(counts), Some(receipt)) => Ok((counts, Answer { what, receipt })),
            _ => Err(CliError::check(format!("{what}: the answer has no counts or no receipt"))),
        }
    }
}
