//! A parameter's value -> lines for people.
//!
//! A list of records takes one line a record, texts first: no file of a preview hides behind the end of a line.

use serde_json::{Map, Value};

/// The first line belongs behind the name; nothing is left out.
pub fn value_lines(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let head = if items.len() == 1 { "1 item".to_owned() } else { format!("{} items", items.len()) };
            std::iter::once(head).chain(items.iter().map(|item| format!("  {}", record(item)))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => vec![value.to_string()],
    }
}

fn record(item: &Value) -> String {
    item.as_object().map_or_else(|| item.to_string(), fields)
}

/// Values as JSON, so that no text can pass for a second field.
fn fields(record: &Map<String, Value>) -> String {
    let (texts, others): (Vec<_>, Vec<_>) = record.iter().partition(|(_, value)| value.is_string());
    let shown = texts.into_iter().chain(others).map(|(name, value)| format!("{name} {value}"));
    shown.collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_of_records_has_a_line_each() {
        let files = json!([{ "inode": 7, "path": "a\"  size 9" }, { "inode": 8, "path": "b" }]);
        assert_eq!(value_lines(&files), ["2 items", r#"  path "a\"  size 9"  inode 7"#, r#"  path "b"  inode 8"#]);
        assert_eq!(value_lines(&json!([1, "x"])), [r#"[1,"x"]"#]);
        assert_eq!(value_lines(&json!("x")), [r#""x""#]);
    }
}
