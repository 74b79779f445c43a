//! States and times in words, each safe to draw.
//!
//! Says what is known and no more: `outcome unknown` is never smoothed into success or failure.

use std::fmt::Write as _;

use serde_json::Value;

use crate::model::actor::Actor;
use crate::model::catalogue::EffectClass;
use crate::model::failure::{Certainty, ExitFacts};
use crate::model::graph::{Edge, Graph};
use crate::model::ids::StepIx;
use crate::model::plan::{Join, Step, StepKind, When};
use crate::model::state::{StepRecord, Workflow};
use crate::model::step_state::{QueuedWhy, SkipWhy, StepState, StopWhy, WorkflowState};
use crate::model::time::{Millis, Stamp};
use crate::model::verdict::Health;
use crate::text;

/// `03:07:43` in the operator's zone.
pub fn clock(at: Stamp, zone: &jiff::tz::TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| at.to_string(), |moment| moment.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string())
}

/// The time today, else also the day: true however long it stands on the screen.
pub fn since(at: Stamp, now: Stamp, zone: &jiff::tz::TimeZone) -> String {
    let day = |stamp: Stamp, form: &str| {
        jiff::Timestamp::from_millisecond(stamp.0)
            .map_or_else(|_| stamp.to_string(), |moment| moment.to_zoned(zone.clone()).strftime(form).to_string())
    };
    if day(at, "%Y-%m-%d") == day(now, "%Y-%m-%d") { clock(at, zone) } else { day(at, "%m-%d %H:%M") }
}

/// `0:09`, `1:12`, `2:03:04`.
pub fn span(span: Millis) -> String {
    let seconds = span.0 / 1_000;
    match seconds / 3_600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// A person said no to its plan, or nobody said yes in time: none of its steps was ever begun or cancelled.
fn is_refused(workflow: &Workflow) -> bool {
    let untouched = || workflow.steps.iter().all(|record| record.state == StepState::Waiting);
    workflow.state == WorkflowState::Cancelled && workflow.started.is_none() && untouched()
}

/// The run's state as people say it; a parked run is not running, whatever was recorded.
pub fn workflow(workflow: &Workflow) -> &'static str {
    if workflow.parked && !workflow.state.is_finished() {
        return "PARKED";
    }
    if workflow.waits_for_person() {
        return "WAITS ON YOU";
    }
    match workflow.shown() {
        WorkflowState::Draft => "DRAFT",
        WorkflowState::AwaitingApproval => "AWAITS APPROVAL",
        WorkflowState::Running => "RUNNING",
        WorkflowState::Pausing => "PAUSING",
        WorkflowState::Paused => "PAUSED",
        WorkflowState::Adapting => "ADAPTING",
        WorkflowState::Cancelling => "CANCELLING",
        WorkflowState::Succeeded => match workflow.verdict {
            Some(Health::Failing) => "SUCCEEDED, FAILING",
            Some(Health::Degraded) => "SUCCEEDED, DEGRADED",
            Some(Health::Healthy) => "SUCCEEDED, HEALTHY",
            None => "SUCCEEDED",
        },
        WorkflowState::PartiallySucceeded => "PARTIALLY SUCCEEDED",
        WorkflowState::Failed => "FAILED",
        WorkflowState::Cancelled if is_refused(workflow) => match &workflow.last_word {
            Some((Actor::Engine, _)) => "EXPIRED",
            Some((Actor::Local { .. }, _)) | None => "REJECTED",
        },
        WorkflowState::Cancelled => "CANCELLED",
    }
}

/// How long the last attempt took, or has taken so far.
pub fn took(record: &StepRecord, now: Stamp) -> Option<Millis> {
    let last = record.last.as_ref()?;
    match last.ended {
        Some(ended) => Some(ended.since(last.started)),
        None if record.state.is_live() => Some(now.since(last.started)),
        None => None,
    }
}

/// What to say beside a step, state first.
pub fn step(workflow: &Workflow, graph: &Graph, ix: StepIx, now: Stamp, zone: &jiff::tz::TimeZone) -> String {
    let Some(record) = workflow.steps.get(ix.at()) else { return String::new() };
    let note = || text::safe(&record.note);
    let held_back = record.paused && !record.state.is_settled() && !record.state.is_live();
    if held_back && matches!(record.state, StepState::Waiting | StepState::Queued { .. } | StepState::BackingOff { .. }) {
        return "held back by a person  B lets it go on".to_owned();
    }
    match &record.state {
        StepState::Waiting if workflow.state.is_finished() => "not started".to_owned(),
        StepState::Waiting => waiting(workflow, graph, ix),
        StepState::Queued { queued } => queued_why(queued),
        StepState::Held { until, .. } => format!("held until {}  u takes it back", clock(*until, zone)),
        StepState::AwaitingApproval { .. } => "needs approval  press a".to_owned(),
        StepState::Running => tried("running", record),
        StepState::BackingOff { until, .. } => format!("{}  again in {}", failed(record), span(until.since(now))),
        StepState::Recovering => "recovering: finding out what became of it".to_owned(),
        StepState::Probing => "probing whether it happened".to_owned(),
        StepState::Stopping { stopping, .. } => match stopping {
            StopWhy::Cancel => "stopping".to_owned(),
            StopWhy::CancelNow => "stopping at once".to_owned(),
            StopWhy::Skip => "stopping, then skipped".to_owned(),
        },
        StepState::AwaitingDecision { .. } => with_last_line(format!("needs a decision  {}", failed(record)), record),
        StepState::Succeeded => succeeded(record),
        StepState::Failed => with_last_line(format!("failed  {}", failed(record)), record),
        StepState::Skipped { skipped: SkipWhy::Unreachable } => format!("skipped: {}", ruled_out(workflow, graph, ix)),
        StepState::Skipped { skipped: SkipWhy::ConditionFalse } if !record.note.is_empty() => format!("skipped: {}", note()),
        StepState::Skipped { skipped } => format!("skipped: {}", skip_why(*skipped)),
        StepState::DoneByHand => format!("done by hand: {}", note()),
        StepState::OutcomeUnknown => format!("OUTCOME UNKNOWN  {}", note()),
        StepState::Compensating => "undoing".to_owned(),
        StepState::Compensated => "undone".to_owned(),
        StepState::Cancelled => stopped(workflow, record),
    }
}

/// The step's state in a word or two.
pub fn state_word(workflow: &Workflow, record: &StepRecord) -> String {
    match (&record.state, &record.last) {
        (StepState::Waiting, _) if workflow.state.is_finished() => "not started".to_owned(),
        (StepState::Cancelled, None) => "not started".to_owned(),
        (StepState::Cancelled, Some(_)) => "stopped".to_owned(),
        (state, _) => state.word().replace('_', " "),
    }
}

/// Its own end is not on record, the run's is no earlier.
fn stopped(workflow: &Workflow, record: &StepRecord) -> String {
    let Some(last) = &record.last else { return "not started".to_owned() };
    match (last.ended, &last.failure, workflow.finished) {
        (Some(_), Some(_), _) => format!("cancelled after it {}", with_last_line(format!("failed  {}", failed(record)), record)),
        (None, _, Some(finished)) => format!("stopped  ran at most {}", span(finished.since(last.started))),
        (Some(_), None, _) | (None, _, None) => "stopped".to_owned(),
    }
}

fn waiting(workflow: &Workflow, graph: &Graph, ix: StepIx) -> String {
    let open = graph.needs[ix.at()].iter().find(|edge| workflow.steps.get(edge.from.at()).is_some_and(|record| !record.state.is_settled()));
    open.map_or_else(
        || "waiting".to_owned(),
        |edge| {
            let name = text::safe(graph.step(edge.from).id.as_str());
            match edge.when {
                When::Success if decides(graph, edge) => format!("only if {name} says yes"),
                When::Failure if decides(graph, edge) => format!("only if {name} says no"),
                When::Success => format!("after {name}"),
                When::Failure => format!("only if {name} fails"),
                When::Always => format!("after {name}, whatever happens"),
            }
        },
    )
}

/// What has to come about before it: `if s1 says no`. `None` where it only follows what goes well.
pub fn only_if(graph: &Graph, ix: StepIx) -> Option<String> {
    let step = graph.step(ix);
    let said = |edge: &Edge| {
        let name = text::safe(graph.step(edge.from).id.as_str());
        match edge.when {
            When::Success => decides(graph, edge).then(|| format!("{name} says yes")),
            When::Failure if decides(graph, edge) => Some(format!("{name} says no")),
            When::Failure => Some(format!("{name} fails")),
            When::Always => None,
        }
    };
    let mut all: Vec<String> = graph.needs[ix.at()].iter().filter_map(said).collect();
    all.extend(step.condition.as_deref().map(text::safe));
    let joined = all.join(if step.join == Join::Any { " or " } else { " and " });
    let in_any_case = || graph.needs[ix.at()].iter().any(|edge| edge.when == When::Always).then(|| "in any case".to_owned());
    if all.is_empty() { in_any_case() } else { Some(format!("if {joined}")) }
}

/// Its edges go by what it says, not by how it ended.
pub fn decides(graph: &Graph, edge: &Edge) -> bool {
    graph.step(edge.from).kind == StepKind::Decision
}

fn queued_why(why: &QueuedWhy) -> String {
    match why {
        QueuedWhy::Ready => "queued".to_owned(),
        QueuedWhy::Slot => "queued: every slot is taken".to_owned(),
        QueuedWhy::Limit { service } => format!("queued: limit of {}", text::safe(service)),
        QueuedWhy::Lock { lock, holder } => format!("queued: {} holds {}", text::safe(holder), text::safe(lock)),
        QueuedWhy::Frozen { target } => format!("queued: {} is frozen", text::safe(target)),
    }
}

/// The edge that can never hold: what it depends on, and what became of that.
pub fn ruled_out(workflow: &Workflow, graph: &Graph, ix: StepIx) -> String {
    let said = graph.needs[ix.at()].iter().find_map(|edge| {
        let state = &workflow.steps.get(edge.from.at())?.state;
        let name = text::safe(graph.step(edge.from).id.as_str());
        match (edge.when, state) {
            (When::Success, StepState::Failed) => Some(format!("needs {name}, which failed")),
            (When::Success, StepState::Skipped { skipped }) if !matches!(skipped, SkipWhy::Person | SkipWhy::Strategy) => {
                Some(format!("needs {name}, which was skipped"))
            }
            (When::Success | When::Failure | When::Always, StepState::Cancelled) => Some(format!("needs {name}, which was cancelled")),
            (When::Failure, StepState::Succeeded | StepState::DoneByHand | StepState::Skipped { .. }) => {
                Some(format!("only if {name} fails, and it did not"))
            }
            _ => None,
        }
    });
    said.unwrap_or_else(|| skip_why(SkipWhy::Unreachable).to_owned())
}

pub fn skip_why(why: SkipWhy) -> &'static str {
    match why {
        SkipWhy::Unreachable => "what it depends on did not end as it needs",
        SkipWhy::ConditionFalse => "its condition is false",
        SkipWhy::Person => "by a person",
        SkipWhy::Strategy => "not critical",
        SkipWhy::MissingOutput => "reads what a skipped step did not give",
    }
}

fn tried(word: &str, record: &StepRecord) -> String {
    if record.attempt.0 > 1 { format!("{word}, try {}", record.attempt) } else { word.to_owned() }
}

/// The last attempt's failure, exit first.
pub fn failed(record: &StepRecord) -> String {
    let Some(last) = &record.last else { return text::safe(&record.note) };
    let detail = last.failure.as_ref().map_or_else(String::new, |failure| text::safe(&failure.detail));
    match last.exit.as_ref().and_then(exit) {
        Some(exit) if detail.is_empty() || detail.replace("exit status", "exit") == exit => exit,
        Some(exit) if detail.contains(&exit) => detail,
        Some(exit) => format!("{exit}  {detail}"),
        None => detail,
    }
}

/// What it wrote last before it failed, unless that is said already.
fn with_last_line(said: String, record: &StepRecord) -> String {
    let tail = record.last.as_ref().map_or("", |last| last.error_tail.as_str());
    match last_line(tail) {
        Some(line) if !said.contains(&line) => format!("{said}: {line}"),
        Some(_) | None => said,
    }
}

fn last_line(text: &str) -> Option<String> {
    text.lines().rev().find(|line| !line.trim().is_empty()).map(|line| text::safe(line.trim()))
}

/// What counts of a result; of a text its last line.
fn figures(result: &Value) -> Vec<String> {
    match result {
        Value::String(text) => last_line(text).into_iter().collect(),
        Value::Object(fields) => {
            let said = fields.get("text").and_then(Value::as_str);
            let none_is_in_it = |name: &str, value: &Value| name.starts_with("in_") && value.as_array().is_some_and(Vec::is_empty);
            let of_text = |name: &str| said.is_some() && matches!(name, "text" | "cut");
            let is_news = |name: &str, value: &Value| !of_text(name) && !none_is_in_it(name, value);
            let rest = fields.iter().filter(|(name, value)| is_news(name, value)).map(|(name, value)| (name.clone(), value.clone()));
            // What was kept of a cut text is its beginning: the last line of that is not the last that was written.
            let is_cut = fields.get("cut").and_then(Value::as_bool).unwrap_or(false);
            let end = said
                .and_then(|said| if is_cut { Some(format!("cut after {}", count(said.lines().count(), "line"))) } else { last_line(said) });
            text::figures(&Value::Object(rest.collect())).into_iter().chain(end).collect()
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => text::figures(result),
    }
}

/// `812 B`, `1.4 MiB`.
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", tenths(1_024)),
        1_048_576..1_073_741_824 => format!("{} MiB", tenths(1_048_576)),
        _ => format!("{} GiB", tenths(1_073_741_824)),
    }
}

/// `exit 7`, `killed by signal 9`, `cut: timeout`.
pub fn exit(facts: &ExitFacts) -> Option<String> {
    if let Some(cut) = &facts.cut {
        return Some(format!("cut: {}", text::safe(cut)));
    }
    match (facts.code, facts.signal) {
        (Some(code), _) => Some(format!("exit {code}")),
        (None, Some(signal)) => Some(format!("killed by signal {signal}")),
        (None, None) => None,
    }
}

pub fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::NotStarted => "nothing left the engine",
        Certainty::FailedKnown => "it ran and failed",
        Certainty::Unknown => "it may have happened",
    }
}

fn succeeded(record: &StepRecord) -> String {
    let said = match &record.verdict {
        Some(verdict) if verdict.answer.is_some() => text::safe(&verdict.told().unwrap_or_default()),
        Some(verdict) if verdict.health == Health::Healthy => "healthy".to_owned(),
        Some(verdict) => format!("{}: {}", verdict.health.as_str().to_uppercase(), text::safe(&verdict.reasons.join("; "))),
        None => String::new(),
    };
    // The mark says that it is done; the row has no cell to lose.
    let figures = record.result.as_deref().map(figures).unwrap_or_default();
    let said = std::iter::once(said).chain(figures).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    if said.is_empty() { "succeeded".to_owned() } else { said }
}

/// The risk in one word, from what was declared.
pub fn risk(step: &Step) -> &'static str {
    match step.effect {
        EffectClass::Read => "LOW",
        EffectClass::Mutate if step.low_risk => "LOW",
        EffectClass::Mutate => "MEDIUM",
        EffectClass::Destroy => "HIGH",
    }
}

pub fn effect(effect: EffectClass) -> &'static str {
    match effect {
        EffectClass::Read => "reads only",
        EffectClass::Mutate => "CHANGES",
        EffectClass::Destroy => "DESTROYS",
    }
}

/// `1 step`, `3 steps`.
pub fn count(many: usize, what: &str) -> String {
    if many == 1 { format!("1 {what}") } else { format!("{many} {what}s") }
}

/// Frame glyphs become their code, so that no text can draw a second dialog; letters beyond ASCII are marked where they
/// could be mistaken.
pub fn exact(untrusted: &str) -> String {
    let mut out = String::with_capacity(untrusted.len());
    for letter in text::safe(untrusted).chars() {
        if is_frame(letter) || is_lookalike(letter) {
            let _ = write!(out, "<U+{:04X}>", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Box drawing, blocks and the marks that our own dialogs use.
pub fn is_frame(letter: char) -> bool {
    matches!(letter, '\u{2500}'..='\u{259f}' | '▸' | '▶' | '▮' | '▯')
}

/// Letters of scripts whose shapes repeat Latin ones, and full-width forms.
fn is_lookalike(letter: char) -> bool {
    matches!(letter, '\u{370}'..='\u{52f}' | '\u{13a0}'..='\u{13ff}' | '\u{ff01}'..='\u{ff5e}' | '\u{2000}'..='\u{200a}' | '\u{a0}' | '\u{2010}'..='\u{2015}' | '\u{2024}' | '\u{2044}' | '\u{2215}')
}

/// `a, b, c`: distinct targets in plan order, at most eight by name. A step that only reads and names none, such as a wait,
/// touches nothing that could be named; the services stand where no step names a target.
pub fn targets<'a>(steps: impl Iterator<Item = &'a Step>) -> String {
    let (mut names, mut services): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for step in steps {
        let (list, name) = match step.target() {
            Some(target) => (&mut names, target),
            None if step.effect != EffectClass::Read => (&mut names, step.service()),
            None => (&mut services, step.service()),
        };
        if !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
        }
    }
    if names.is_empty() {
        names = services;
    }
    let shown = names.iter().take(8).map(|name| exact(name)).collect::<Vec<_>>().join(", ");
    if names.len() > 8 { format!("{} targets: {shown}, …", names.len()) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_command_can_pass_for_something_else() {
        for (untrusted, expected) in [
            ("nginx", "nginx"),
            ("│ approve │", "<U+2502> approve <U+2502>"),
            ("nginх", "ngin<U+0445>"),
            ("a\u{202e}b", "a<U+202E>b"),
            ("grün", "grün"),
            ("a\nb", "a␤b"),
        ] {
            assert_eq!(exact(untrusted), expected);
        }
    }

    #[test]
    fn of_a_text_its_last_line_is_said() {
        for (result, said) in [
            (serde_json::json!({ "text": "tick 1\ntick 2\n\n" }), "tick 2"),
            (serde_json::json!({ "cut": true, "text": "1\n2\n3" }), "cut after 3 lines"),
            (serde_json::json!({ "cut": false, "lines": 2, "text": "1\n\u{1b}[2J2" }), "lines 2 · ^[[2J2"),
            (serde_json::json!("a\nb\n"), "b"),
            (serde_json::json!({ "hosts": ["a"], "in_maintenance": [] }), "hosts: a"),
            (serde_json::json!({ "text": "" }), ""),
        ] {
            assert_eq!(figures(&result).join(" · "), said);
        }
    }

    #[test]
    fn a_wait_touches_nothing_where_a_host_is_named() {
        let step = |effect: &str, operation: &str, target: Option<&str>| {
            let params = target.map_or_else(|| serde_json::json!({}), |host| serde_json::json!({ "host": host }));
            let step = serde_json::json!({
                "id": "s", "operation": operation, "params": params, "effect": effect, "low_risk": false, "repeat": "pure", "needs": [],
                "critical": true, "approval": false, "timeout_ms": 1, "action": { "kind": "unbound", "hint": "" },
            });
            serde_json::from_value::<Step>(step).expect("a step")
        };
        let (restart, wait) = (step("mutate", "host.restart", Some("web-3")), step("read", "automation.wait", None));
        let (tell, again) = (step("mutate", "notify.tell", None), step("read", "host.disk", Some("web-3")));
        for (steps, expected) in
            [(vec![&restart, &wait, &again], "web-3"), (vec![&wait], "automation"), (vec![&again, &tell], "web-3, notify")]
        {
            assert_eq!(targets(steps.into_iter()), expected);
        }
    }

    #[test]
    fn sizes_keep_one_place() {
        assert_eq!([812, 1_536, 3_565_159, u64::MAX].map(size), ["812 B", "1.5 KiB", "3.4 MiB", "17179869183.9 GiB"]);
    }

    #[test]
    fn spans_as_on_a_clock() {
        assert_eq!([span(Millis(9_000)), span(Millis(72_000)), span(Millis(7_384_000))], ["0:09", "1:12", "2:03:04"]);
    }
}
