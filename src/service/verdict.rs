//! A typed result and the thresholds of its operation -> healthy, degraded or failing.
//!
//! No verdict where no threshold names a number that the result has.

use serde_json::Value;

use crate::model::verdict::{Health, Side, Threshold, Verdict};

pub fn judge(thresholds: &[Threshold], result: &Value) -> Option<Verdict> {
    let mut looked_at = 0;
    let mut verdict = Verdict { health: Health::Healthy, reasons: Vec::new(), answer: None };
    for threshold in thresholds {
        let mut figures = Vec::new();
        collect(result, &threshold.field, String::new(), &mut figures);
        looked_at += figures.len();
        for (name, figure) in figures {
            if let Some((health, bound)) = crossed(threshold, figure.number()) {
                verdict.health = verdict.health.max(health);
                let reason = match figure {
                    Figure::Number(number) => format!("{name} is {number}, {} at {bound}", health.as_str()),
                    Figure::Answer(yes) => format!("{name} is {yes}"),
                };
                verdict.reasons.push(reason);
            }
        }
    }
    (looked_at > 0).then_some(verdict)
}

#[derive(Clone, Copy)]
enum Figure {
    Number(f64),
    Answer(bool),
}

impl Figure {
    fn number(self) -> f64 {
        match self {
            Self::Number(number) => number,
            Self::Answer(yes) => f64::from(u8::from(yes)),
        }
    }
}

fn crossed(threshold: &Threshold, figure: f64) -> Option<(Health, f64)> {
    let beyond = |bound: f64| match threshold.side {
        Side::Above => figure >= bound,
        Side::Below => figure <= bound,
    };
    let failing = threshold.failing.filter(|bound| beyond(*bound)).map(|bound| (Health::Failing, bound));
    failing.or_else(|| threshold.degraded.filter(|bound| beyond(*bound)).map(|bound| (Health::Degraded, bound)))
}

/// Every number at `path`, with its own path; in a list of named things the name stands for the place.
fn collect(value: &Value, path: &str, at: String, found: &mut Vec<(String, Figure)>) {
    if path.is_empty() {
        let figure = value.as_f64().map(Figure::Number).or_else(|| value.as_bool().map(Figure::Answer));
        found.extend(figure.map(|figure| (at, figure)));
        return;
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let join = |part: &str| if at.is_empty() { part.to_owned() } else { format!("{at}.{part}") };
    match value {
        Value::Array(items) if first == "*" => {
            for (place, item) in items.iter().enumerate() {
                collect(item, rest, join(&name_of(item).unwrap_or_else(|| place.to_string())), found);
            }
        }
        Value::Object(map) if first == "*" => map.iter().for_each(|(key, item)| collect(item, rest, join(key), found)),
        Value::Object(map) => {
            if let Some(item) = map.get(first) {
                collect(item, rest, join(first), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {}
    }
}

fn name_of(item: &Value) -> Option<String> {
    ["mount", "name", "host"].iter().find_map(|key| item.get(key)?.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn thresholds_cross_on_their_side() {
        let usage = |percent: f64| json!({"filesystems": [{"mount": "/", "used_percent": 10}, {"mount": "/var", "used_percent": percent}]});
        let above = Threshold { field: "filesystems.*.used_percent".into(), degraded: Some(85.0), failing: Some(95.0), side: Side::Above };
        let below = Threshold { field: "days_left".into(), degraded: Some(30.0), failing: Some(7.0), side: Side::Below };
        for (threshold, result, health, reason) in [
            (&above, usage(84.9), Health::Healthy, None),
            (&above, usage(85.0), Health::Degraded, Some("filesystems./var.used_percent is 85, degraded at 85")),
            (&above, usage(99.5), Health::Failing, Some("filesystems./var.used_percent is 99.5, failing at 95")),
            (&below, json!({"days_left": 31}), Health::Healthy, None),
            (&below, json!({"days_left": 12}), Health::Degraded, Some("days_left is 12, degraded at 30")),
            (&below, json!({"days_left": -3}), Health::Failing, Some("days_left is -3, failing at 7")),
        ] {
            let verdict = judge(std::slice::from_ref(threshold), &result).unwrap();
            assert_eq!((verdict.health, verdict.reasons.first().map(String::as_str)), (health, reason));
        }
        assert_eq!(judge(&[above], &json!({"other": 1})), None, "nothing to judge by");
    }
}
