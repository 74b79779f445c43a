//! A step's typed result -> a tree that folds (tui-tree-widget).

use serde_json::Value;
use tui_tree_widget::TreeItem;

use crate::text;

/// Nodes shown; a result is at most 64 KiB, but one of empty lists has many.
const NODES: usize = 2_000;
const VALUE_CELLS: usize = 200;

/// Items with ids that are keys and places, so that they stay the same while the result grows.
pub fn items(value: &Value) -> Vec<TreeItem<'static, String>> {
    let mut left = NODES;
    children(value, &mut left)
}

fn children(value: &Value, left: &mut usize) -> Vec<TreeItem<'static, String>> {
    match value {
        Value::Object(fields) => fields.iter().map_while(|(key, value)| item(key.clone(), key, value, left)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map_while(|(at, value)| item(at.to_string(), &label(at, value), value, left)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            vec![TreeItem::new_leaf("value".to_owned(), scalar(value))]
        }
    }
}

fn label(at: usize, value: &Value) -> String {
    text::headline(value).map_or_else(|| format!("[{at}]"), |name| format!("[{at}] {name}"))
}

fn item(id: String, label: &str, value: &Value, left: &mut usize) -> Option<TreeItem<'static, String>> {
    *left = left.checked_sub(1)?;
    let label = text::safe(label);
    match value {
        Value::Object(fields) if !fields.is_empty() => TreeItem::new(id, label, children(value, left)).ok(),
        Value::Array(list) if !list.is_empty() => TreeItem::new(id, format!("{label} ×{}", list.len()), children(value, left)).ok(),
        _ => Some(TreeItem::new_leaf(id, format!("{label}: {}", scalar(value)))),
    }
}

fn scalar(value: &Value) -> String {
    let shown = match value {
        Value::String(text) => text::safe(text),
        other => text::safe(&other.to_string()),
    };
    text::clip(&shown, VALUE_CELLS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_node_and_none_is_raw() {
        let value = serde_json::json!({ "disks": [{ "path": "/\u{1b}[2J", "free": 3 }], "ok": true, "none": {} });
        let items = items(&value);
        assert_eq!(items.len(), 3);
        assert_eq!(items[0].children()[0].children().len(), 2);
        assert!(!format!("{items:?}").contains('\u{1b}'));
        assert_eq!(super::items(&Value::Array(vec![Value::Null; 10_000])).len(), NODES);
    }
}
