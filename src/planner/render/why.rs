//! Thinking, decision and forecast -> lines for people, a table, a tree, and dot.
//!
//! Normal mode tells the conclusions, debug mode everything. Every outside text passes `text::safe`.

use std::fmt::Write as _;

use crate::model::why::{Considered, Decision, Forecast, Ruling, Thought, Vote};
use crate::text::safe;

/// One line an entry, with its kind.
pub fn thinking(all: &[Thought], debug: bool) -> String {
    let mut out = String::new();
    for thought in all.iter().filter(|one| debug || one.conclusion) {
        out.push_str(&entry(thought));
        out.push('\n');
    }
    out
}

pub fn entry(thought: &Thought) -> String {
    format!("  {:<19} {}", thought.kind.as_str(), safe(&thought.text))
}

/// Proposals as columns of a table are too wide for a terminal, so each is a row and each role a column.
pub fn decision_table(decision: &Decision) -> String {
    let mut out = format!("Decision: {} (needs {} of 1000)\n", ruling(decision), decision.threshold);
    let Some(first) = decision.considered.first() else { return out };
    let roles: Vec<&str> = first.votes.iter().map(|vote| vote.role.as_str()).collect();
    let _ = writeln!(out, "  {:<24} {:>5}  {}", "proposal", "all", columns(roles.iter().map(|role| (*role).to_owned())));
    for one in &decision.considered {
        let cells: String = columns(one.votes.iter().map(cell));
        let all = one.consensus.map_or_else(|| "-".to_owned(), |score| score.to_string());
        let _ = writeln!(out, "  {:<24} {all:>5}  {cells}", crate::text::clip(&safe(&one.name), 24));
    }
    out
}

/// Winner, losers with why not, every vote with its reason, and the dissent.
pub fn decision_tree(decision: &Decision) -> String {
    let mut out = String::new();
    for one in &decision.considered {
        let why_not = if one.why_not.is_empty() { String::new() } else { format!("  not taken: {}", safe(&one.why_not)) };
        let _ = writeln!(out, "  {}: {}{why_not}", safe(&one.name), safe(&one.operations.join(", ")));
        for (at, vote) in one.votes.iter().enumerate() {
            let branch = if at + 1 == one.votes.len() { "`-" } else { "|-" };
            let _ = writeln!(out, "    {branch} {:<11} {:>8}  {}", vote.role.as_str(), cell(vote), safe(&vote.reason));
        }
    }
    for line in &decision.dissent {
        let _ = writeln!(out, "  dissent: {}", safe(line));
    }
    out
}

fn columns(cells: impl Iterator<Item = String>) -> String {
    cells.fold(String::new(), |mut out, cell| {
        let _ = write!(out, "{cell:>12}");
        out
    })
}

fn cell(vote: &Vote) -> String {
    match (&vote.veto, vote.score) {
        (Some(_), _) => "veto".to_owned(),
        (None, Some(score)) => score.to_string(),
        (None, None) => "abstains".to_owned(),
    }
}

fn ruling(decision: &Decision) -> String {
    match &decision.ruling {
        Ruling::Chosen { name } => format!("{} is taken", safe(name)),
        Ruling::Clarify { question, .. } => format!("a person is asked: {}", safe(question)),
        Ruling::Refused { reasons } => format!("refused: {}", safe(&reasons.join("; "))),
    }
}

/// Proposals and roles as a graph: an edge is a vote.
pub fn decision_dot(decision: &Decision) -> String {
    let quote = |text: &str| format!("\"{}\"", safe(text).replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = "digraph decision {\n  rankdir=LR;\n".to_owned();
    let winner = |one: &Considered| matches!(&decision.ruling, Ruling::Chosen { name } if *name == one.name);
    for one in &decision.considered {
        let shape = if winner(one) { "doubleoctagon" } else { "box" };
        let all = one.consensus.map_or_else(|| "-".to_owned(), |score| score.to_string());
        let _ = writeln!(out, "  {} [shape={shape}, label={}];", quote(&one.name), quote(&format!("{} {all}", one.name)));
        for vote in &one.votes {
            let style = if vote.veto.is_some() {
                ", style=bold"
            } else if vote.score.is_none() {
                ", style=dashed"
            } else {
                ""
            };
            let _ = writeln!(out, "  {} -> {} [label={}{style}];", quote(vote.role.as_str()), quote(&one.name), quote(&cell(vote)));
        }
    }
    out.push_str("}\n");
    out
}

/// Attempts of a step before odds are told: 1 of 1 that went well says little.
const ENOUGH: u32 = 5;

pub fn forecast(told: &Forecast) -> String {
    let rests = told.steps.iter().filter(|step| step.seen > 0).count();
    let from = if rests == 0 { "as the manifests expect".to_owned() } else { format!("{rests} of {} steps ran before", told.steps.len()) };
    let unknown = if told.unknown.is_empty() { String::new() } else { format!("; nothing is known of {}", safe(&told.unknown.join(", "))) };
    if told.unknown.len() == told.steps.len() {
        return "not known: none of its steps ran before".to_owned();
    }
    let fails = match told.steps.iter().map(|step| step.seen).filter(|seen| *seen > 0).min() {
        None => "no past to tell the odds of a failure".to_owned(),
        Some(seen) if seen < ENOUGH => "too short a past to tell the odds of a failure".to_owned(),
        Some(_) => format!("{:.1} % odds that a step fails", f64::from(told.fails) / 10.0),
    };
    format!("about {}, at most about {} ({from}); {fails}{unknown}", told.p50_ms, told.p95_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Millis;
    use crate::model::why::{Role, StepForecast, ThinkingKind};

    fn decision() -> Decision {
        let vote =
            |role, score, veto: Option<&str>| Vote { role, score, veto: veto.map(str::to_owned), reason: "so \u{1b}[31mit is".to_owned() };
        let one = |name: &str, consensus, votes, why_not: &str| Considered {
            name: name.to_owned(),
            operations: vec!["host.look".to_owned()],
            consensus,
            votes,
            why_not: why_not.to_owned(),
        };
        Decision {
            ruling: Ruling::Chosen { name: "embedded".to_owned() },
            threshold: 500,
            considered: vec![
                one("embedded", Some(900), vec![vote(Role::Analyst, Some(900), None), vote(Role::Ethicist, None, None)], ""),
                one("like \"r1\"", Some(100), vec![vote(Role::Analyst, Some(100), None), vote(Role::Ethicist, Some(0), Some("no"))], "no"),
            ],
            dissent: vec!["critic: would rather take like r1".to_owned()],
        }
    }

    #[test]
    fn a_decision_is_told_as_table_tree_and_dot() {
        let (table, tree, dot) = (decision_table(&decision()), decision_tree(&decision()), decision_dot(&decision()));
        assert!(table.contains("embedded is taken (needs 500 of 1000)") && table.contains("abstains") && table.contains("veto"), "{table}");
        assert!(tree.contains("not taken: no") && tree.contains("`- ethicist") && tree.contains("dissent: critic"), "{tree}");
        assert!(dot.contains("\"like \\\"r1\\\"\"") && dot.contains("doubleoctagon") && dot.contains("style=bold"), "{dot}");
        assert!(![table, tree, dot].concat().contains('\u{1b}'));
    }

    #[test]
    fn debug_mode_tells_all_and_normal_mode_the_conclusions() {
        let thought = |text: &str, conclusion| Thought { kind: ThinkingKind::Analysis, text: text.to_owned(), conclusion };
        let all = [thought("clause", false), thought("2 clauses", true)];
        assert_eq!((thinking(&all, false).lines().count(), thinking(&all, true).lines().count()), (1, 2));
    }

    #[test]
    fn a_forecast_says_what_it_rests_on() {
        let step = |seen| StepForecast { step: "s1".to_owned(), p50_ms: Millis(1_000), p95_ms: Millis(2_000), fails: 100, seen };
        let told = |seen, unknown: &[&str]| {
            let unknown = unknown.iter().map(|one| (*one).to_owned()).collect();
            forecast(&Forecast { p50_ms: Millis(1_000), p95_ms: Millis(2_000), fails: 100, steps: vec![step(seen)], unknown })
        };
        assert!(told(9, &[]).contains("1 of 1 steps ran before") && told(9, &[]).contains("10.0 % odds"), "{}", told(9, &[]));
        assert!(told(1, &[]).contains("too short a past"), "{}", told(1, &[]));
        assert!(told(0, &[]).contains("as the manifests expect") && told(0, &["s1"]).starts_with("not known"));
    }
}
