//! How large a value is as JSON, without writing it out.

use serde_json::Value;

pub(super) fn size_of(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 12,
        Value::String(text) => text.len() as u64 + 2,
        Value::Array(items) => items.iter().map(|item| size_of(item) + 1).sum::<u64>() + 2,
        Value::Object(map) => map.iter().map(|(key, item)| key.len() as u64 + size_of(item) + 4).sum::<u64>() + 2,
    }
}
