//! The notation of the planner's corpora: `intent | outcome | steps | edges`.

use ouioe::model::outcome::PlanOutcome;
use ouioe::model::plan::{Join, PlanSource, Provenance, Step, When};

pub struct Case<'a> {
    pub line: usize,
    pub intent: &'a str,
    pub expected: String,
}

/// The last three bars divide the fields, so an intent may hold one.
pub fn cases(text: &str) -> Vec<Case<'_>> {
    let rows = text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty() && !row.starts_with('#'));
    rows.map(|(at, row)| {
        let fields: Vec<&str> = row.rsplitn(4, '|').map(str::trim).collect();
        let [edges, steps, outcome, intent] = fields[..] else { panic!("line {}: four fields", at + 1) };
        let steps: Vec<String> =
            steps.split(';').map(|step| step.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|step| !step.is_empty()).collect();
        Case { line: at + 1, intent, expected: format!("{outcome} | {} | {edges}", steps.join("; ")) }
    })
    .collect()
}

/// What came, in the notation of the corpus.
pub fn shown(outcome: &PlanOutcome) -> String {
    match outcome {
        PlanOutcome::Clarify { missing, .. } => format!("clarify {} |  | ", missing.join(",")),
        PlanOutcome::Refuse { .. } => "refuse |  | ".to_owned(),
        PlanOutcome::Plan { approval_required, plan } => {
            if let PlanSource::Template { name } = &plan.source {
                let mut targets: Vec<&str> = Vec::new();
                for target in plan.steps.iter().filter_map(Step::target) {
                    if !targets.contains(&target) {
                        targets.push(target);
                    }
                }
                return format!("plan{} | @{name} {} | ", if *approval_required { "!" } else { "" }, targets.join(","));
            }
            let steps: Vec<String> = plan.steps.iter().map(step_shown).collect();
            let place = |id: &str| plan.steps.iter().position(|step| step.id.as_str() == id).map_or(0, |at| at + 1);
            let edges = plan.steps.iter().enumerate().flat_map(|(at, step)| {
                step.needs.iter().map(move |need| {
                    let sign = match need.when {
                        When::Success => '>',
                        When::Failure => '!',
                        When::Always => '*',
                    };
                    (need.step.to_string(), sign, at + 1)
                })
            });
            let mut edges: Vec<String> = edges.map(|(from, sign, to)| format!("{}{sign}{to}", place(&from))).collect();
            // One failure of several is enough, and every success is needed, where nothing else stands.
            edges.extend(plan.steps.iter().enumerate().filter(|(_, step)| step.needs.len() > 1).filter_map(|(at, step)| {
                let failure = step.needs.iter().any(|need| need.when == When::Failure);
                let usual = if failure { Join::Any } else { Join::All };
                (step.join != usual).then(|| format!("{}{}", if failure { "all" } else { "any" }, at + 1))
            }));
            format!("plan{} | {} | {}", if *approval_required { "!" } else { "" }, steps.join("; "), edges.join(" "))
        }
    }
}

fn step_shown(step: &Step) -> String {
    let values = step.params.iter().filter(|(name, _)| step.provenance.get(*name) != Some(&Provenance::Default)).map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = if text.starts_with("${") { "~".to_owned() } else { text };
        if text.contains(' ') { format!("{name}=\"{text}\"") } else { format!("{name}={text}") }
    });
    std::iter::once(step.operation.clone()).chain(values).collect::<Vec<_>>().join(" ")
}

/// Order of the values within a step and of the edges is not part of a case.
pub fn canonical(text: &str) -> String {
    let fields: Vec<String> = text
        .split(" | ")
        .enumerate()
        .map(|(at, field)| {
            let mark = if at == 1 { "; " } else { "\u{0}" };
            let parts: Vec<String> = field
                .split(mark)
                .map(|part| {
                    let mut words: Vec<&str> = part.split_whitespace().collect();
                    let fixed = usize::from(at == 1).min(words.len());
                    words[fixed..].sort_unstable();
                    words.join(" ")
                })
                .collect();
            parts.join("; ")
        })
        .collect();
    fields.join(" | ")
}
