//! Plans from one line a step, for scenarios and properties.

use std::collections::BTreeMap;

use ouioe::model::action::Action;
use ouioe::model::catalogue::{EffectClass, Repeat};
use ouioe::model::ids::StepId;
use ouioe::model::plan::{Bound, Compensation, ForEach, Join, Need, NeedKind, Plan, PlanSource, Retry, Step, StepKind, When};
use ouioe::model::settings::PolicySettings;
use ouioe::model::time::Millis;
use ouioe::policy::digest::seal;
use ouioe::policy::rule::mark_approvals;
use serde_json::Value;

/// `id key=value …`; keys: effect repeat needs join critical kind retry locks comp probe param condition bound service `low_risk`
/// each, then `at_once` most
pub fn step(line: &str) -> Result<Step, String> {
    let mut words = line.split_whitespace();
    let id = words.next().ok_or("a step needs an id")?;
    let mut step = plain(id);
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("{word}: expected key=value"))?;
        set(&mut step, key, value)?;
    }
    let params = step.params.clone();
    step.action = Action::Builtin { name: "noop".to_owned(), params, owned: false };
    Ok(step)
}

pub fn plain(id: &str) -> Step {
    Step {
        id: StepId::new(id),
        operation: "test.noop".to_owned(),
        params: BTreeMap::new(),
        effect: EffectClass::Read,
        low_risk: false,
        repeat: Repeat::Pure,
        needs: Vec::new(),
        join: Join::All,
        kind: StepKind::Action,
        condition: None,
        critical: true,
        approval: false,
        provenance: BTreeMap::new(),
        timeout_ms: Millis::seconds(60),
        silence_ms: Millis(0),
        retry: Retry { limit: 0, ..Retry::default() },
        locks: Vec::new(),
        compensation: None,
        probe: None,
        bounds: BTreeMap::new(),
        thresholds: Vec::new(),
        suggested: false,
        for_each: None,
        copy_of: None,
        action: Action::Builtin { name: "noop".to_owned(), params: BTreeMap::new(), owned: false },
        digest: ouioe::model::digest::Digest::ZERO,
    }
}

fn set(step: &mut Step, key: &str, value: &str) -> Result<(), String> {
    let list = || value.split(',').map(str::to_owned).collect::<Vec<_>>();
    match key {
        "effect" => {
            step.effect = word(value)?;
            step.repeat = Repeat::AtMostOnce;
        }
        "repeat" => step.repeat = word(value)?,
        "join" => step.join = word(value)?,
        "kind" => step.kind = word(value)?,
        "critical" => step.critical = value == "yes",
        "low_risk" => step.low_risk = value == "yes",
        "retry" => step.retry.limit = value.parse().map_err(|_| "retry is a number")?,
        "locks" => step.locks = list(),
        "service" => step.operation = format!("{value}.noop"),
        "each" => {
            let list = if value.starts_with("${") { Value::from(value) } else { list().into_iter().map(Value::from).collect() };
            step.for_each = Some(ForEach { list, at_once: None, most: 100 });
        }
        "at_once" => over(step)?.at_once = Some(value.parse().map_err(|_| "at_once is a number")?),
        "most" => over(step)?.most = value.parse().map_err(|_| "most is a number")?,
        "condition" => step.condition = Some(value.replace('~', " ")),
        "needs" => step.needs = list().iter().map(|text| need(text)).collect::<Result<_, _>>()?,
        "comp" => step.compensation = Some(extra(word(value)?)),
        "probe" => step.probe = Some(extra(word(value)?)),
        "param" => {
            let (name, text) = value.split_once(':').ok_or("param=name:value")?;
            step.params.insert(name.to_owned(), Value::String(text.to_owned()));
        }
        "bound" => {
            let (name, values) = value.split_once(':').ok_or("bound=name:a|b")?;
            step.bounds.insert(name.to_owned(), Bound::OneOf(values.split('|').map(str::to_owned).collect()));
        }
        _ => return Err(format!("no such key: {key}")),
    }
    Ok(())
}

fn over(step: &mut Step) -> Result<&mut ForEach, String> {
    step.for_each.as_mut().ok_or_else(|| "after each=".to_owned())
}

fn need(text: &str) -> Result<Need, String> {
    let (id, when) = text.split_once(':').unwrap_or((text, "success"));
    let when: When = word(when)?;
    Ok(Need { step: StepId::new(id), when, kind: NeedKind::Completion })
}

fn extra(repeat: Repeat) -> Compensation {
    Compensation {
        operation: "test.undo".to_owned(),
        params: BTreeMap::new(),
        effect: EffectClass::Mutate,
        repeat,
        timeout_ms: Millis::seconds(5),
        action: Action::Builtin { name: "noop".to_owned(), params: BTreeMap::new(), owned: true },
    }
}

/// The word of any of our enums, as JSON has it.
pub fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|error| format!("{text}: {error}"))
}

pub fn plan(steps: Vec<Step>, policy: &PolicySettings) -> Plan {
    let mut plan = Plan {
        digest: ouioe::model::digest::Digest::ZERO,
        revision: 1,
        why: Box::default(),
        title: "a test".to_owned(),
        intent: "a test".to_owned(),
        source: PlanSource::File { path: "test.toml".to_owned() },
        environment: None,
        approval_required: false,
        steps,
    };
    mark_approvals(&mut plan, policy);
    seal(&mut plan);
    plan
}
