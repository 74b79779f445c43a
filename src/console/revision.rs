//! A step's parameters as lines that can be typed over, one after the other, and what of them was changed.
//!
//! What a value means is judged where plans are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::model::ids::{RunId, StepIx};
use crate::model::plan::{Plan, Step};
use crate::text;

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

/// Parameters that are typed, and how far one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub target: Target,
    pub fields: Vec<(String, String)>,
    pub at: usize,
}

impl Form {
    /// `None`: it has nothing that can be typed in a line.
    pub fn of(target: Target, step: &Step) -> Option<Self> {
        let fields: Vec<(String, String)> = step.params.iter().filter_map(|(name, value)| Some((name.clone(), typed(value)?))).collect();
        (!fields.is_empty()).then_some(Self { target, fields, at: 0 })
    }

    pub fn name(&self) -> &str {
        self.fields.get(self.at).map_or("", |(name, _)| name)
    }

    pub fn value(&self) -> &str {
        self.fields.get(self.at).map_or("", |(_, value)| value)
    }

    /// Takes the value; `false`: that was the last one.
    pub fn take(&mut self, value: &str) -> bool {
        if let Some(field) = self.fields.get_mut(self.at) {
            value.clone_into(&mut field.1);
        }
        self.at += 1;
        self.at < self.fields.len()
    }

    /// Those that are not as in the step.
    pub fn changed(&self, step: &Step) -> BTreeMap<String, String> {
        let differs = |(name, value): &&(String, String)| step.params.get(name).and_then(typed).as_ref() != Some(value);
        self.fields.iter().filter(differs).cloned().collect()
    }
}

/// Lists and whatever does not stand in one safe line are not typed here.
fn typed(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (text::safe(&text) == text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_changed_goes_on() {
        let step: Step = serde_json::from_value(serde_json::json!({
            "id": "s", "operation": "host.tail", "params": { "host": "web-1", "lines": 10, "items": [1], "odd": "a\nb", "what": "a; b=c" },
            "effect": "read", "low_risk": false, "repeat": "pure", "needs": [], "critical": true, "approval": false, "timeout_ms": 1,
            "action": { "kind": "unbound", "hint": "" },
        }))
        .expect("a step");
        let form = Form::of(Target { run: "r".into(), ix: StepIx(0), rev: 1 }, &step).expect("it has some");
        let names: Vec<&str> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["host", "lines", "what"]);
        for (values, expected) in [(["web-1", "10", "a; b=c"], vec![]), (["web-2", "20", "a; b=c"], vec!["host=web-2", "lines=20"])] {
            let mut typed = form.clone();
            let more: Vec<bool> = values.iter().map(|value| typed.take(value)).collect();
            assert_eq!(more, [true, true, false]);
            let set: Vec<String> = typed.changed(&step).iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(set, expected);
        }
    }
}
