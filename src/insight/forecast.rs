//! Plan + history + manifests -> how long it should take, and how likely it is that something fails.
//!
//! A step without a past takes what its manifest expects, and twice that as an upper estimate; without either it is unknown,
//! and is named. Odds come from attempts only: what never ran has none.

use crate::model::catalogue::{Catalogue, EffectClass};
use crate::model::plan::{Plan, Step};
use crate::model::time::Millis;
use crate::model::why::{Forecast, StepForecast};

use super::history::History;

pub fn forecast(plan: &Plan, history: &History, catalogue: &Catalogue) -> Forecast {
    let mut unknown = Vec::new();
    let mut steps = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let past = history.of(&step.operation).filter(|past| past.attempts() > 0);
        let fails = past.map_or(0, |past| past.failed * 1_000 / past.attempts());
        let seen = past.map_or(0, super::history::Past::attempts);
        let measured = past.filter(|_| !runs_anything(step)).and_then(|past| Some((past.percentile(50)?, past.percentile(95)?)));
        let expected = || catalogue.get(&step.operation).and_then(|one| one.expected_ms).map(|ms| (ms, Millis(ms.0.saturating_mul(2))));
        let (p50_ms, p95_ms) = told_span(step).or(measured).or_else(expected).unwrap_or_else(|| {
            unknown.push(step.id.to_string());
            (Millis(0), Millis(0))
        });
        steps.push(StepForecast { step: step.id.to_string(), p50_ms, p95_ms, fails, seen });
    }
    let p50_ms = longest(plan, &steps, |one| one.p50_ms.0);
    let p95_ms = longest(plan, &steps, |one| one.p95_ms.0);
    Forecast { p50_ms, p95_ms, fails: odds(plan, &steps), steps, unknown }
}

/// A read that goes on for as long as it was told to: a wait, a measurement.
fn told_span(step: &Step) -> Option<(Millis, Millis)> {
    let span = step.params.get("duration").filter(|_| step.effect == EffectClass::Read)?.as_str().and_then(Millis::parse)?;
    Some((span, span))
}

/// What a free command took says nothing of another one.
fn runs_anything(step: &Step) -> bool {
    step.params.contains_key("command")
}

/// Along the edges; a plan that goes in a circle never ends and is refused elsewhere.
fn longest(plan: &Plan, steps: &[StepForecast], of: impl Fn(&StepForecast) -> u64) -> Millis {
    let places: std::collections::BTreeMap<&str, usize> = plan.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let mut ends: Vec<Option<u64>> = vec![None; steps.len()];
    let mut open: Vec<(usize, bool)> = (0..steps.len()).rev().map(|at| (at, false)).collect();
    let mut entered = vec![false; steps.len()];
    while let Some((at, ready)) = open.pop() {
        if ends[at].is_some() || (!ready && std::mem::replace(&mut entered[at], true)) {
            continue;
        }
        let before = plan.steps[at].needs.iter().filter_map(|need| places.get(need.step.as_str()).copied());
        if ready {
            ends[at] = Some(before.filter_map(|one| ends[one]).max().unwrap_or(0).saturating_add(of(&steps[at])));
        } else {
            open.push((at, true));
            open.extend(before.filter(|one| ends[*one].is_none()).map(|one| (one, false)));
        }
    }
    Millis(ends.into_iter().flatten().max().unwrap_or(0))
}

/// That not every critical step succeeds, in thousandths.
fn odds(plan: &Plan, steps: &[StepForecast]) -> u32 {
    let critical = plan.steps.iter().zip(steps).filter(|(step, _)| step.critical);
    // In millionths, so that many small odds add up.
    let all_well = critical.fold(1_000_000_u64, |well, (_, one)| well * u64::from(1_000 - one.fails.min(1_000)) / 1_000);
    u32::try_from((1_000_000 - all_well) / 1_000).unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let step = |id: &str, operation: &str, needs: serde_json::Value| {
            serde_json::json!({"id": id, "operation": operation, "params": {}, "effect": "read", "low_risk": false, "repeat": "pure",
                "needs": needs, "critical": true, "approval": false, "timeout_ms": 1000, "action": {"kind": "unbound", "hint": ""}})
        };
        let steps = vec![
            step("c", "x.known", serde_json::json!([{"step": "a"}, {"step": "b"}])),
            step("a", "x.known", serde_json::json!([])),
            step("b", "x.new", serde_json::json!([])),
        ];
        serde_json::from_value(
            serde_json::json!({"digest": "0".repeat(64), "revision": 1, "title": "t", "intent": "", "source": {"kind": "intent"},
            "approval_required": false, "steps": steps}),
        )
        .expect("a plan")
    }

    fn catalogue(expected: Option<u64>) -> Catalogue {
        let mut catalogue = Catalogue::default();
        for name in ["x.known", "x.new"] {
            let mut operation: crate::model::catalogue::Operation =
                serde_json::from_value(serde_json::json!({"name": name, "summary": "s", "effect": "read"})).expect("an operation");
            operation.expected_ms = expected.map(Millis);
            catalogue.insert(operation);
        }
        catalogue
    }

    #[test]
    fn history_counts_first_then_the_manifest_then_nothing() {
        let mut history = History::default();
        for _ in 0..9 {
            history.add("x.known", Some(Millis(100)));
        }
        history.add("x.known", None);
        let told = forecast(&plan(), &history, &catalogue(Some(700)));
        assert_eq!((told.p50_ms, told.p95_ms, told.fails), (Millis(800), Millis(1_500), 190));
        assert_eq!(told.steps.iter().map(|one| one.seen).collect::<Vec<_>>(), [10, 10, 0]);
        let cold = forecast(&plan(), &History::default(), &catalogue(None));
        assert_eq!((cold.p50_ms, cold.fails, cold.unknown), (Millis(0), 0, vec!["c".to_owned(), "a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn a_wait_takes_what_it_was_told_and_a_free_command_what_its_manifest_says() {
        let mut history = History::default();
        history.add("x.known", Some(Millis(5)));
        let mut plan = plan();
        plan.steps[1].params.insert("duration".to_owned(), "1h".into());
        let told = forecast(&plan, &history, &catalogue(Some(700)));
        assert_eq!((told.steps[1].p50_ms, told.steps[1].p95_ms), (Millis(3_600_000), Millis(3_600_000)));
        // Longer than can be told, one after the other.
        for step in [0, 1] {
            plan.steps[step].params.insert("duration".to_owned(), "5000000000000h".into());
        }
        assert_eq!(forecast(&plan, &history, &catalogue(Some(700))).p50_ms, Millis(u64::MAX));
        plan.steps[1].params = std::collections::BTreeMap::from([("command".to_owned(), "sleep 9".into())]);
        assert_eq!(forecast(&plan, &history, &catalogue(Some(700))).steps[1].p50_ms, Millis(700));
    }
}
