//! `binding = { kind = "http", … }` -> a request with slots.

use serde_json::Value;
use toml::de::DeTable;

use super::binding::{known_slots, map};
use super::reader::{Reader, nearest, to_json};
use crate::model::catalogue::{Binding, Param};

const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
const FIELDS: [&str; 8] = ["kind", "method", "url", "url_secret", "headers", "bearer", "secrets", "body"];

pub fn binding(reader: &Reader<'_>, at: usize, row: &DeTable<'_>, params: &[Param]) -> Binding {
    reader.only(row, "an http binding", &FIELDS);
    let method = reader.string(row, "method").unwrap_or_else(|| "POST".to_owned());
    if !METHODS.contains(&method.as_str()) {
        reader.say(at, "unknown_word", format!("`method` cannot be `{method}`"), nearest(&method, METHODS.into_iter()));
    }
    let mut secrets = map(reader, row, "secrets")
        .into_iter()
        .map(|(name, handle)| (format!("header:{name}"), handle))
        .collect::<std::collections::BTreeMap<_, _>>();
    secrets.extend(reader.string(row, "bearer").map(|handle| ("bearer".to_owned(), handle)));
    secrets.extend(reader.string(row, "url_secret").map(|handle| ("url".to_owned(), handle)));
    let url = reader.string(row, "url").unwrap_or_default();
    if url.is_empty() != secrets.contains_key("url") {
        reader.say(at, "missing_field", "one of `url` and `url_secret` must be there, and only one", "");
    }
    for (name, handle) in secrets.iter().filter(|(_, handle)| !is_handle(handle)) {
        // The value is not repeated: somebody may have written the secret itself.
        let length = handle.len();
        let name = name.trim_start_matches("header:");
        reader.say(
            at,
            "no_handle",
            format!("the secret of `{name}` ({length} bytes) is no handle"),
            "write env:NAME, file:/path or cmd:/program",
        );
    }
    let headers = map(reader, row, "headers");
    let body = row.get("body").and_then(|node| to_json(node.get_ref()));
    let texts = headers.values().map(String::as_str).chain(std::iter::once(url.as_str()));
    known_slots(reader, at, texts.chain(body.iter().flat_map(texts_of)), params);
    Binding::Http { method, url, headers, body, secrets }
}

fn is_handle(text: &str) -> bool {
    text.split_once(':').is_some_and(|(kind, rest)| ["env", "file", "cmd"].contains(&kind) && !rest.trim().is_empty())
}

/// Every text in it, however deep: each may hold slots.
pub fn texts_of(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        Value::Object(map) => map.values().flat_map(texts_of).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
