//! A filled form as JSON, and as the rows that a clerk reads.

use oncebus_proto::v1::{self as pb, FormSourceStatus as Status};
use serde_json::{Value, json};

use crate::material::answer;

/// Writes the whole form.
pub(super) fn form(form: &pb::PrefillFormResponse) -> Value {
    let fields = form.fields.iter().map(|field| {
        let values = field.values.iter().map(|value| {
            let sources: Vec<_> = value.sources.iter().map(source).collect();
            json!({ "value": value.value, "sources": sources })
        });
        json!({
            "key": field.key,
            "label_zh": field.label_zh,
            "label_en": field.label_en,
            "conflict": field.conflict,
            "values": values.collect::<Vec<_>>(),
            "without": field.without.iter().map(source).collect::<Vec<_>>(),
        })
    });
    json!({
        "form": form.form,
        "name_zh": form.name_zh,
        "name_en": form.name_en,
        "fields": fields.collect::<Vec<_>>(),
        "catalog_version": form.catalog_version,
        "receipt": form.receipt.as_ref().map(address),
        "material_receipts": form.material_receipts.iter().map(address).collect::<Vec<_>>(),
    })
}

/// Writes a row for each value, and one for each field that has none.
pub(super) fn rows(form: &pb::PrefillFormResponse) -> Vec<Value> {
    form.fields.iter().flat_map(field_rows).collect()
}

fn field_rows(field: &pb::PrefilledField) -> Vec<Value> {
    let row = |value: Option<&pb::FieldValue>, note: String| {
        let sources = value.map_or(&[][..], |value| &value.sources);
        json!({
            "key": field.key,
            "label_zh": field.label_zh,
            "label_en": field.label_en,
            "value": value.map(|value| value.value.clone()),
            "conflict": field.conflict,
            "sources": sources.iter().map(source).collect::<Vec<_>>(),
            "without": field.without.iter().map(source).collect::<Vec<_>>(),
            "told_by": sources.iter().map(told_by).collect::<Vec<_>>().join("；"),
            "note": note,
        })
    };
    let why_not = || field.without.iter().map(why_not).collect::<Vec<_>>().join("；");
    if field.values.is_empty() {
        return vec![row(None, why_not())];
    }
    let note = |at: usize| {
        let conflict = field.conflict.then(|| "冲突 conflict".to_owned());
        // What is said of the field as a whole is said once.
        let others = Some(why_not()).filter(|others| at == 0 && !others.is_empty());
        conflict.into_iter().chain(others).collect::<Vec<_>>().join("；")
    };
    let values = field.values.iter().enumerate();
    values.map(|(at, value)| row(Some(value), note(at))).collect()
}

fn told_by(source: &pb::FormSource) -> String {
    format!("{} {} ({})", source.name_zh, source.number, source.holder)
}

fn why_not(source: &pb::FormSource) -> String {
    let name = &source.name_zh;
    match source.status() {
        Status::Missing => format!("{name}未持有 missing"),
        Status::NotGood => format!("{name}无效 {}", answer::validity(source.validity())),
        Status::NotStructured => format!("{name}无结构化数据 not structured"),
        Status::Absent => format!("{name}未载明 absent"),
        Status::NotRead => format!("{name}未读取 not read"),
        Status::Unknown => format!("{name}未知，{}未应答 unknown", source.holder),
        Status::NotShared => format!("{name}不共享 {}", source.citation),
        Status::RoleMissing => {
            format!("未提供{} give --party {}=...", source.party_zh, source.party)
        }
        Status::Given | Status::Unspecified => String::new(),
    }
}

fn source(source: &pb::FormSource) -> Value {
    let freshness = source.freshness().as_str_name().trim_start_matches("FRESHNESS_");
    json!({
        "type": source.material_type,
        "name_zh": source.name_zh,
        "name_en": source.name_en,
        "party": source.party,
        "field": source.field,
        "status": source.status().as_str_name().trim_start_matches("FORM_SOURCE_STATUS_"),
        "version": source.version,
        "number": source.number,
        "holder": source.holder,
        "validity": answer::validity(source.validity()),
        "valid_until": source.valid_until,
        "fetched_at": source.fetched_at.as_ref().and_then(answer::time),
        "age_ms": source.age_ms,
        "freshness": freshness,
        "citation": source.citation,
    })
}

fn address(receipt: &pb::Receipt) -> Value {
    json!({ "origin": receipt.origin, "index": receipt.index })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(number: &str) -> pb::FormSource {
        pb::FormSource {
            name_zh: "营业执照".to_owned(),
            number: number.to_owned(),
            holder: "market".to_owned(),
            status: Status::Given.into(),
            ..Default::default()
        }
    }

    fn value(text: &str, number: &str) -> pb::FieldValue {
        pb::FieldValue { value: text.to_owned(), sources: vec![given(number)] }
    }

    #[test]
    fn each_value_in_conflict_has_a_line_of_its_own_and_is_marked() {
        let field = pb::PrefilledField {
            label_zh: "建设单位".to_owned(),
            values: vec![value("甲", "N-1"), value("乙", "N-2")],
            conflict: true,
            without: vec![pb::FormSource {
                party_zh: "施工单位".to_owned(),
                party: "contractor".to_owned(),
                status: Status::RoleMissing.into(),
                ..Default::default()
            }],
            ..Default::default()
        };

        let rows = field_rows(&field);

        let cells = |row: &Value| ["value", "told_by", "note"].map(|f| row[f].clone());
        let role = "冲突 conflict；未提供施工单位 give --party contractor=...";
        assert_eq!(cells(&rows[0]), ["甲", "营业执照 N-1 (market)", role]);
        assert_eq!(cells(&rows[1]), ["乙", "营业执照 N-2 (market)", "冲突 conflict"]);
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn a_field_without_a_value_has_one_line_that_says_why() {
        let away = pb::FormSource { status: Status::Unknown.into(), ..given("") };
        let field = pb::PrefilledField { without: vec![away], ..Default::default() };

        let rows = field_rows(&field);

        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["value"], Value::Null);
        assert_eq!(rows[0]["note"], "营业执照未知，market未应答 unknown");
    }
}
