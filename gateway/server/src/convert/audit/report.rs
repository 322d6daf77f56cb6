//! Messages of the reports.

use oncebus_core::{Bus, FieldError};
use oncebus_proto::v1 as pb;
use oncebus_store::{RecordFilter, ReuseBy, ReuseCount, ReuseQuery};

use super::filter::window;
use crate::convert::common::{recorded_subject, signed};

/// Reads whom a report is about: only what came of calls is in it.
///
/// # Errors
///
/// Names `subject`, `material_type` or a time.
pub(crate) fn subject_filter(
    bus: &Bus,
    message: &pb::GetSubjectReportRequest,
) -> Result<RecordFilter, FieldError> {
    let material_type = match message.material_type.as_str() {
        "" => None,
        code => Some(bus.material_type(code)?.code.clone()),
    };
    let (from, until) = window(message.start_time.as_ref(), message.end_time.as_ref())?;
    Ok(RecordFilter {
        subject: Some(recorded_subject(message.subject.clone())?),
        kind: Some("outcome".to_owned()),
        material_type,
        from,
        until,
        ..RecordFilter::default()
    })
}

/// Reads what a report counts.
///
/// # Errors
///
/// Names `group_by`, if a group is unknown or there twice, or a time.
pub(crate) fn reuse_query(message: &pb::GetReuseReportRequest) -> Result<ReuseQuery, FieldError> {
    let (from, until) = window(message.start_time.as_ref(), message.end_time.as_ref())?;
    let mut by = Vec::new();
    for group in &message.group_by {
        let group = reuse_by(group)?;
        if by.contains(&group) {
            return Err(FieldError::new("group_by", "has one twice", "give each once"));
        }
        by.push(group);
    }
    Ok(ReuseQuery { from, until, by })
}

pub(crate) fn reuse_row(count: ReuseCount) -> pb::ReuseRow {
    pb::ReuseRow {
        reused_percent: percent(count.reused, count.asked),
        group: count.group,
        asked: signed(count.asked),
        reused: signed(count.reused),
        collected: signed(count.collected),
        projects: signed(count.projects),
    }
}

fn reuse_by(text: &str) -> Result<ReuseBy, FieldError> {
    match text {
        "month" => Ok(ReuseBy::Month),
        "region" => Ok(ReuseBy::Region),
        "item" => Ok(ReuseBy::Item),
        "package" => Ok(ReuseBy::Package),
        "material_type" => Ok(ReuseBy::MaterialType),
        "department" => Ok(ReuseBy::Department),
        _ => Err(FieldError::new(
            "group_by",
            "is unknown",
            "give any of month, region, item, package, material_type, department",
        )),
    }
}

/// Writes a part in percent with two digits after the point, rounded half up; nothing where there is
/// no whole.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    let hundredths = (part * 20_000 + whole) / (2 * whole);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_has_two_digits_rounded_half_up_and_nothing_of_nothing() {
        assert_eq!(percent(0, 0), "");
        assert_eq!(percent(0, 7), "0.00");
        assert_eq!(percent(1, 3), "33.33");
        assert_eq!(percent(2, 3), "66.67");
        assert_eq!(percent(1, 800), "0.13");
        assert_eq!(percent(7, 7), "100.00");
    }

    #[test]
    fn a_group_is_known_and_given_once() {
        let by = |groups: &[&str]| {
            let group_by = groups.iter().map(ToString::to_string).collect();
            reuse_query(&pb::GetReuseReportRequest { group_by, ..Default::default() })
        };

        let known = by(&["month", "region", "item", "package", "material_type", "department"]);

        assert_eq!(known.unwrap().by.len(), 6);
        assert_eq!(by(&["type"]).unwrap_err().field, "group_by");
        assert_eq!(by(&["month", "month"]).unwrap_err().field, "group_by");
    }
}
