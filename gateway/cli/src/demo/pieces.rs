//! The pieces that the cases asked for, and what of them nobody had to bring: by the trail.

use oncebus_proto::v1::{
    ChecklistCounts, RecordFilter, SearchRecordsRequest, audit_service_client::AuditServiceClient,
};
use tonic::transport::Channel;

use super::{
    case::Case,
    figures::Figures,
    office::{failed, timed},
};
use crate::exit::CliError;

/// Returns the counts of a case's last checklist, as its record has them.
///
/// # Errors
///
/// Returns a failed check if the call fails, or no record is there.
pub(super) async fn of(
    auditor: Channel,
    department: &str,
    case: &Case,
) -> Result<ChecklistCounts, CliError> {
    let filter = RecordFilter {
        department: department.to_owned(),
        case_number: case.number.to_owned(),
        kind: "outcome".to_owned(),
        operation: "resolve".to_owned(),
        outcome: "served".to_owned(),
        ..Default::default()
    };
    let request = SearchRecordsRequest { filter: Some(filter), ..Default::default() };
    let what = format!("search for case {}", case.number);
    let found = AuditServiceClient::new(auditor).search_records(timed(request)).await;
    let records = found.map_err(|status| failed(&what, &status))?.into_inner().records;
    let last = records.into_iter().max_by_key(|record| record.index);
    last.and_then(|record| record.counts)
        .ok_or_else(|| CliError::check(format!("{what}: no checklist is on the trail")))
}

// === impl Figures ===

impl Figures {
    /// Adds the pieces of all cases. A piece counts once in each case, however often it was asked for;
    /// what was uploaded for them was not avoided.
    pub(super) fn add_pieces(&mut self, cases: &[ChecklistCounts]) {
        let sum = |count: fn(&ChecklistCounts) -> i32| {
            cases.iter().map(|counts| u64::try_from(count(counts)).unwrap_or_default()).sum::<u64>()
        };
        let whole = cases.iter().max_by_key(|counts| counts.asked).copied().unwrap_or_default();
        let of_whole = |count: i32| u64::try_from(count).unwrap_or_default();
        self.pieces_asked = sum(|counts| counts.asked);
        self.distinct = of_whole(whole.distinct);
        self.held = of_whole(whole.held);
        self.to_collect = of_whole(whole.to_collect);
        self.uploads_avoided = sum(|counts| counts.satisfied).saturating_sub(self.published);
        self.saved_percent =
            (self.uploads_avoided * 100).checked_div(self.pieces_asked).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_uploaded_for_the_cases_was_not_avoided() {
        let case = |asked, distinct, satisfied| ChecklistCounts {
            asked,
            distinct,
            held: distinct,
            to_collect: 0,
            satisfied,
        };
        let mut figures = Figures { published: 5, ..Figures::default() };

        figures.add_pieces(&[case(38, 16, 38), case(38, 16, 38), case(117, 26, 117)]);

        assert_eq!((figures.pieces_asked, figures.distinct), (193, 26));
        assert_eq!((figures.uploads_avoided, figures.saved_percent), (188, 97));
    }
}
