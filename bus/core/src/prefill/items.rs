//! The data items of a structured content.

use serde_json::{Map, Value};

use super::answer::{FieldText, SourceStatus};

/// Media type of contents that have data items.
const STRUCTURED: &str = "application/json";

/// Those of a content's data items that a form takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Items(Vec<(String, FieldText)>);

// === impl Items ===

impl Items {
    /// Tells whether contents of a media type have data items.
    pub(super) fn are_in(media_type: &str) -> bool {
        media_type == STRUCTURED
    }

    /// Reads the items with these names; the others are not kept.
    ///
    /// # Errors
    ///
    /// [`SourceStatus::NotStructured`] if the content is no JSON object.
    pub(super) fn read(content: &[u8], names: &[&str]) -> Result<Self, SourceStatus> {
        // What is wrong with it quotes it, so nobody is told.
        let record: Map<String, Value> = serde_json::from_slice(content)
            .map_err(|_quotes: serde_json::Error| SourceStatus::NotStructured)?;
        let item = |name: &&str| Some(((*name).to_owned(), text(record.get(*name)?)?));
        Ok(Self(names.iter().filter_map(item).collect()))
    }

    /// Returns the text of an item.
    pub(super) fn text(&self, name: &str) -> Option<FieldText> {
        self.0.iter().find(|(listed, _)| listed == name).map(|(_, text)| text.clone())
    }
}

/// Returns what a person would write into the form.
fn text(value: &Value) -> Option<FieldText> {
    match value {
        Value::String(text) => FieldText::of(text),
        Value::Number(number) => FieldText::of(&number.to_string()),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<Vec<String>, SourceStatus> {
        let items = Items::read(content.as_bytes(), &["name", "area", "none"])?;
        Ok(items.0.into_iter().map(|(name, text)| format!("{name}={}", text.as_str())).collect())
    }

    #[test]
    fn texts_and_numbers_are_items_and_nothing_else_is_kept() {
        let content = r#"{"name": " 示例 ", "area": 45000, "account": "6222", "none": null}"#;

        assert_eq!(read(content).unwrap(), ["name=示例", "area=45000"]);
        assert!(read(r#"{"name": "", "area": [1], "none": {"a": 1}}"#).unwrap().is_empty());
        assert!(read(&format!(r#"{{"name": "{}"}}"#, "a".repeat(4_097))).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_json_object_is_not_structured() {
        for content in ["%PDF-1.7", "[1]", "\"text\"", "", "{\"name\": \"cut", "\u{feff}{}"] {
            assert_eq!(read(content), Err(SourceStatus::NotStructured), "{content}");
        }
    }

    #[test]
    fn what_an_item_says_is_not_in_its_debug_form() {
        let items = Items::read(br#"{"name": "zhang wei"}"#, &["name"]).unwrap();

        assert!(!format!("{items:?}").contains("zhang"));
    }
}
