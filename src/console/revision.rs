//! A step's parameters as one line that can be typed over, and back.
//!
//! Only what was changed goes on. What the line means is judged where plans are made; here it is only parted.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::model::ids::{RunId, StepIx};
use crate::model::plan::{Plan, Step};
use crate::text;

/// Between two parameters; a value cannot hold it.
const BETWEEN: &str = "; ";

/// Which step is to be done again in another way, and the revision of it that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub run: RunId,
    pub ix: StepIx,
    pub rev: u32,
}

/// The plan's next revision, ready to be looked at.
#[derive(Clone, Debug)]
pub struct Revision {
    pub target: Target,
    pub plan: Arc<Plan>,
}

/// `host=web-1; lines=100`: what can be typed in one line.
pub fn written(step: &Step) -> String {
    let texts = step.params.iter().filter_map(|(name, value)| Some(format!("{name}={}", typed(value)?)));
    texts.collect::<Vec<_>>().join(BETWEEN)
}

/// Lists and whatever does not stand in one safe line are not typed here.
fn typed(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (text::safe(&text) == text && !text.contains(BETWEEN)).then_some(text)
}

/// Parameters that differ from the step's; an error says what is wrong with the line.
pub fn changed(step: &Step, line: &str) -> Result<BTreeMap<String, String>, String> {
    let mut set = BTreeMap::new();
    for part in line.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(|| format!("{part} is no name=value"))?;
        let (name, value) = (name.trim(), value.trim());
        if step.params.get(name).and_then(typed).as_deref() != Some(value) {
            set.insert(name.to_owned(), value.to_owned());
        }
    }
    if set.is_empty() { Err("nothing was changed".to_owned()) } else { Ok(set) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_changed_goes_on() {
        let step: Step = serde_json::from_value(serde_json::json!({
            "id": "s", "operation": "host.tail", "params": { "host": "web-1", "lines": 10, "items": [1], "odd": "a; b" },
            "effect": "read", "low_risk": false, "repeat": "pure", "needs": [], "critical": true, "approval": false, "timeout_ms": 1,
            "action": { "kind": "unbound", "hint": "" },
        }))
        .expect("a step");
        assert_eq!(written(&step), "host=web-1; lines=10");
        for (line, expected) in [
            ("host=web-2; lines=10", Ok(vec![("host", "web-2")])),
            ("lines = 20", Ok(vec![("lines", "20")])),
            ("host=web-1; new=a=b", Ok(vec![("new", "a=b")])),
            ("host=web-1; lines=10", Err("nothing was changed")),
            ("lines 20", Err("lines 20 is no name=value")),
        ] {
            let set = changed(&step, line);
            let set = set.as_ref().map(|set| set.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>());
            assert_eq!(set.map_err(String::as_str), expected, "{line}");
        }
    }
}
