//! A typed result -> its key figures in a few words, for one line beside the step.
//!
//! What answers a question comes first: yes or no and why, then shares, then lists, then the rest. Each part is safe text.

use serde_json::{Map, Value};

use super::{clip, safe};

/// Items of a list that are named; the others are counted.
const NAMED: usize = 3;
const VALUE_CELLS: usize = 48;

/// `["not open", "why Connection refused", "port 1"]`; empty where there is nothing to say.
pub fn figures(result: &Value) -> Vec<String> {
    match result {
        Value::Object(fields) => {
            let mut ranked: Vec<(u8, String)> =
                fields.iter().filter_map(|(key, value)| Some((rank(key, value), part(key, value)?))).collect();
            ranked.sort_by_key(|(rank, _)| *rank);
            ranked.into_iter().map(|(_, part)| part).collect()
        }
        Value::Array(items) => vec![list(items)],
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![scalar("", result)],
    }
}

fn rank(key: &str, value: &Value) -> u8 {
    match value {
        Value::Bool(_) => 0,
        _ if matches!(key, "why" | "error" | "status" | "state" | "removed") => 1,
        Value::Array(items) if items.is_empty() => 5,
        Value::Array(_) if key.starts_with("by_") => 3,
        Value::Number(_) if key.ends_with("_percent") || key.starts_with("days") => 2,
        Value::Array(items) if items.iter().any(|item| share(item).is_some()) => 2,
        Value::Array(_) => 3,
        Value::Number(_) | Value::String(_) | Value::Object(_) | Value::Null => 4,
    }
}

fn part(key: &str, value: &Value) -> Option<String> {
    let name = safe(key).replace('_', " ");
    match value {
        Value::Null => None,
        Value::Bool(yes) => Some(if *yes { name } else { format!("not {name}") }),
        Value::String(text) if text.is_empty() => None,
        Value::Number(_) | Value::String(_) => Some(format!("{} {}", named(&name), scalar(key, value))),
        Value::Array(items) if key.starts_with("by_") => Some(format!("{name}: {}", ordered(items))),
        Value::Array(items) => Some(format!("{name}: {}", list(items))),
        Value::Object(fields) => Some(format!("{name} ×{}", fields.len())),
    }
}

/// Without the unit, which stands behind the figure.
fn named(name: &str) -> &str {
    [" percent", " kib", " ms", " s"].iter().find_map(|unit| name.strip_suffix(unit)).unwrap_or(name)
}

fn scalar(key: &str, value: &Value) -> String {
    let plain = match value {
        Value::String(text) => safe(text.trim_end()),
        other => other.to_string(),
    };
    let shown = match value.as_f64() {
        Some(share) if key.ends_with("_percent") => format!("{share}%"),
        Some(kib) if key.ends_with("_kib") => size(kib),
        Some(ms) if key.ends_with("_ms") => format!("{ms} ms"),
        Some(seconds) if key.ends_with("uptime_s") => format!("{:.1} h", seconds / 3_600.0),
        Some(seconds) if key.ends_with("_s") => format!("{seconds} s"),
        Some(_) | None => plain,
    };
    clip(&shown, VALUE_CELLS)
}

fn size(kib: f64) -> String {
    if kib >= 1_048_576.0 { format!("{:.1} GiB", kib / 1_048_576.0) } else { format!("{:.1} MiB", kib / 1_024.0) }
}

/// The largest shares first, by name; else the first names.
fn list(items: &[Value]) -> String {
    let mut named: Vec<(Option<f64>, String)> = items.iter().filter_map(|item| Some((share(item), name_of(item)?))).collect();
    named.sort_by(|(one, _), (other, _)| other.unwrap_or(0.0).total_cmp(&one.unwrap_or(0.0)));
    let mut parts: Vec<String> =
        named.iter().take(NAMED).map(|(share, name)| share.map_or_else(|| name.clone(), |share| format!("{name} {share}%"))).collect();
    if parts.is_empty() {
        return format!("×{}", items.len());
    }
    if items.len() > parts.len() {
        parts.push(format!("+{}", items.len() - parts.len()));
    }
    parts.join(", ")
}

/// A list that stands in an order of its own, by another weight than its share: the size, where its items have one.
fn ordered(items: &[Value]) -> String {
    let weight = |item: &Value| {
        let (_, kib) = item.as_object()?.iter().find(|(key, _)| key.ends_with("_kib"))?;
        Some(size(kib.as_f64()?))
    };
    let one = |item: &Value| Some(format!("{} {}", name_of(item)?, weight(item).unwrap_or_default()).trim_end().to_owned());
    let mut parts: Vec<String> = items.iter().filter_map(one).take(NAMED).collect();
    if items.len() > parts.len() {
        parts.push(format!("+{}", items.len() - parts.len()));
    }
    parts.join(", ")
}

/// What tells an item of a list from the others: its name, and its share where it has one.
pub fn headline(item: &Value) -> Option<String> {
    let name = name_of(item).filter(|_| item.is_object())?;
    Some(share(item).map_or_else(|| name.clone(), |share| format!("{name} {share}%")))
}

/// The share with the shortest name is the most general one.
fn share(item: &Value) -> Option<f64> {
    let shares = item.as_object()?.iter().filter(|(key, _)| key.ends_with("_percent"));
    shares.min_by_key(|(key, _)| key.len()).and_then(|(_, value)| value.as_f64())
}

fn name_of(item: &Value) -> Option<String> {
    let text = match item {
        Value::String(text) => Some(text.as_str()),
        Value::Object(fields) => name_in(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    };
    text.map(|text| clip(&safe(text), VALUE_CELLS / 2))
}

fn name_in(fields: &Map<String, Value>) -> Option<&str> {
    ["mount", "name", "host", "id", "path"].iter().find_map(|key| fields.get(*key)?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_by_another_weight_shows_that_weight() {
        let row = |name: &str, cpu: f64, kib: u64| json!({ "name": name, "cpu_percent": cpu, "rss_kib": kib });
        let result = json!({ "by_memory": [row("a", 0.0, 2_048), row("b", 90.0, 1_024)], "processes": [row("b", 90.0, 1_024)] });
        assert_eq!(figures(&result), ["processes: b 90%", "by memory: a 2.0 MiB, b 1.0 MiB"]);
    }

    #[test]
    fn the_answer_comes_first() {
        for (result, said) in [
            (
                json!({"host": "h", "ms": 101, "open": false, "port": 1, "why": "refused"}),
                "not open · why refused · host h · ms 101 · port 1",
            ),
            (
                json!({"filesystems": [{"mount": "/", "used_percent": 36, "inodes_used_percent": 99}, {"mount": "/var", "used_percent": 91}]}),
                "filesystems: /var 91%, / 36%",
            ),
            (json!({"hosts": ["a", "b", "c", "d"]}), "hosts: a, b, c, +1"),
            (json!({"mem_total_kib": 24_684_092, "cpus": 2, "mem_used_percent": 4.3}), "mem used 4.3% · cpus 2 · mem total 23.5 GiB"),
            (json!({"status": null, "why": ""}), ""),
            (
                json!({"removed": 30, "freed_bytes": 4096, "left_count": 0, "left": []}),
                "removed 30 · freed bytes 4096 · left count 0 · left: ×0",
            ),
            (json!(["x\u{1b}[2J"]), "x^[[2J"),
            (json!(7), "7"),
        ] {
            assert_eq!(figures(&result).join(" · "), said, "{result}");
        }
    }
}
