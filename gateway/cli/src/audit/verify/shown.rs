//! What a proven leaf says, and whether what is shown of it is the same.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// What people are told of a proven record.
const MAIN: [&str; 15] = [
    "id",
    "kind",
    "time",
    "operation",
    "outcome",
    "reason",
    "department",
    "system",
    "holder",
    "material_type",
    "version",
    "digest",
    "item",
    "cause",
    "legal_basis",
];

/// Fields of a leaf that are moments, in milliseconds since 1970; they are shown as RFC 3339.
const MOMENTS: [&str; 2] = ["time", "cached_since"];

/// Field of a leaf that is never shown: the digest of a request id.
const HIDDEN: &str = "request";

/// Reads a leaf; one that is no JSON object is shown as base64.
pub(super) fn record(leaf: &[u8]) -> Value {
    match serde_json::from_slice(leaf) {
        Ok(Value::Object(fields)) => Value::Object(fields),
        _ => STANDARD.encode(leaf).into(),
    }
}

/// Writes the main fields of a leaf, a line each.
pub(super) fn main_fields(leaf: &[u8]) -> String {
    let record = record(leaf);
    let lines = MAIN.iter().filter_map(|field| {
        let value = record.get(field)?;
        // A log's record may be anything: nothing in it may steer the terminal.
        let text = as_shown(field, value).escape_debug().to_string();
        Some(format!("  {:<14} {text}", field.replace('_', " ")))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Checks that fields shown beside a proof are those of the proven leaf.
pub(super) fn compare(shown: &Map<String, Value>, index: u64, leaf: &[u8]) -> Result<(), String> {
    let record = record(leaf);
    let Value::Object(fields) = &record else {
        return Err(format!("record {index} is shown, but its leaf is no JSON object"));
    };
    for (field, value) in shown {
        let proven = match field.as_str() {
            "index" => index.to_string(),
            _ => fields.get(field).map(|value| as_shown(field, value)).unwrap_or_default(),
        };
        let shown = text(value);
        let absent = proven.is_empty() && ["0", "false", "{}"].contains(&shown.as_str());
        if shown != proven && !absent {
            return Err(format!("record {index} is shown with {field} {shown:?}, not {proven:?}"));
        }
    }
    let missing = fields.iter().find(|(field, value)| {
        value.is_string() && *field != HIDDEN && !shown.contains_key(*field)
    });
    match missing {
        Some((field, _)) => Err(format!("record {index} is shown without its {field}")),
        None => Ok(()),
    }
}

/// Reads the hashes of a path.
pub(super) fn path(hashes: &[String]) -> Result<Vec<[u8; 32]>, String> {
    let hash = |text: &String| {
        let bytes = STANDARD.decode(text).unwrap_or_default();
        bytes.try_into().or(Err(format!("{text:?} is no hash of 32 bytes in base64")))
    };
    hashes.iter().map(hash).collect()
}

/// Writes a value of a leaf as it is shown.
fn as_shown(field: &str, value: &Value) -> String {
    let moment = value.as_i64().filter(|_| MOMENTS.contains(&field));
    match moment.map(Timestamp::from_millisecond) {
        Some(Ok(moment)) => moment.to_string(),
        _ => text(value),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => match serde_json::from_str(text) {
            // A CSV has what is nested as text.
            Ok(nested @ (Value::Object(_) | Value::Array(_))) => self::text(&nested),
            _ => text.clone(),
        },
        Value::Object(counts) => {
            // What is zero may be left out.
            let counted = counts.iter().filter(|(_, count)| count.as_i64() != Some(0));
            Value::Object(counted.map(|(name, count)| (name.clone(), count.clone())).collect())
                .to_string()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LEAF: &str = r#"{"v":1,"id":"0198","kind":"outcome","time":1772413200000,"outcome":"served","adapter_calls":{"fetch":1},"request":"77"}"#;

    fn shown(value: Value) -> Result<(), String> {
        compare(value.as_object().unwrap(), 7, LEAF.as_bytes())
    }

    #[test]
    fn what_is_shown_of_a_leaf_is_taken_whatever_its_form() {
        let calls = json!({"lookup": 0, "fetch": 1});
        let rest = json!({"index": 7, "id": "0198", "kind": "outcome", "outcome": "served",
            "time": "2026-03-02T01:00:00Z", "size_bytes": 0, "already_held": false,
            "adapter_calls": calls});
        let csv = json!({"index": "7", "id": "0198", "kind": "outcome", "outcome": "served",
            "time": "2026-03-02T01:00:00Z", "size_bytes": "0", "reason": "",
            "adapter_calls": calls.to_string()});

        assert_eq!(shown(rest), Ok(()));
        assert_eq!(shown(csv), Ok(()));
    }

    #[test]
    fn what_differs_from_the_leaf_is_named() {
        let sound = json!({"index": 7, "id": "0198", "kind": "outcome", "outcome": "served"});
        for (field, value) in [
            ("index", json!(8)),
            ("outcome", json!("denied")),
            ("outcome", json!("")),
            ("reason", json!("ACCESS_DENIED")),
            ("time", json!("2026-03-02T01:00:01Z")),
            ("adapter_calls", json!({"fetch": 2})),
            ("size_bytes", json!(1)),
        ] {
            let mut altered = sound.clone();
            altered[field] = value;
            assert!(shown(altered).unwrap_err().contains(field));
        }
        let mut cut = sound;
        cut.as_object_mut().unwrap().shift_remove("outcome");
        assert_eq!(shown(cut), Err("record 7 is shown without its outcome".to_owned()));
    }

    #[test]
    fn main_fields_steer_no_terminal() {
        let told = main_fields(br#"{"kind":"start","item":"\u001b[2Ja"}"#);

        assert_eq!(told, "  kind           start\n  item           \\u{1b}[2Ja");
    }
}
