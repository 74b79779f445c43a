//! Why a plan came out as it did: the clauses as they were read, the operations weighed for each, and where values came from.
//!
//! The same stages as `plan`, told aloud; nothing here is worded before it was computed.

use super::ask::{Ask, World};
use super::compose::{Unit, draft, units};
use super::pipeline::prepared;
use super::segment::{Clause, Cond, segment};
use super::token::Token;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Provenance;

/// Lines for people, in the order of the text.
pub fn explain(ask: &Ask, world: &World<'_>) -> Vec<String> {
    let words = match prepared(ask, world) {
        Ok(words) => words,
        Err(stop) => return vec![format!("read no further: {}", said(&stop))],
    };
    let clauses = segment(&words, &world.index);
    let mut lines: Vec<String> = clauses.iter().enumerate().map(|(at, clause)| read_as(at, clause)).collect();
    match units(&clauses, world, &words) {
        Err(stop) => lines.push(format!("stopped: {}", said(&stop))),
        Ok(units) => {
            lines.extend(units.iter().map(weighed));
            match draft(&units, ask, world) {
                Err(stop) => lines.push(format!("stopped: {}", said(&stop))),
                Ok(drafts) => lines.extend(drafts.iter().enumerate().flat_map(|(at, draft)| {
                    let name = draft.operation.name.clone();
                    draft.values.iter().map(move |(param, value)| {
                        let from = draft.provenance.get(param).copied().map_or("", origin);
                        format!("s{} {name}: {param} = {value} ({from})", at + 1)
                    })
                })),
            }
        }
    }
    lines
}

fn text(tokens: &[Token]) -> String {
    tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn read_as(at: usize, clause: &Clause) -> String {
    let mut marks = vec![format!("{:?}", clause.join).to_lowercase()];
    match &clause.cond {
        Some(Cond::On { failure, about, .. }) => {
            marks.push(format!("if {} \"{}\"", if *failure { "failed" } else { "went well" }, text(about)));
        }
        Some(Cond::Otherwise) => marks.push("otherwise".to_owned()),
        None => {}
    }
    let flags = [
        (clause.always, "whatever happens"),
        (clause.together || clause.together_after, "at the same time"),
        (clause.at_end, "at the end"),
        (clause.lead, "says what it is about"),
        (clause.negated, "not to be done"),
        (clause.elliptic, "verb carried over"),
    ];
    marks.extend(flags.into_iter().filter(|(on, _)| *on).map(|(_, mark)| mark.to_owned()));
    format!("clause {}: \"{}\" [{}]", at + 1, text(&clause.tokens), marks.join(", "))
}

fn weighed(unit: &Unit) -> String {
    let about = text(&unit.clause.tokens);
    let Some(operation) = &unit.operation else { return format!("\"{about}\": no step, its values are kept") };
    let others: Vec<String> = unit.considered.iter().map(|(name, words, total)| format!("{name} {total:.1} (words {words:.1})")).collect();
    format!("\"{about}\" -> {}; weighed: {}", operation.name, others.join(", "))
}

fn origin(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Operator => "as typed",
        Provenance::Inherited => "inherited from another clause",
        Provenance::Template => "from a template",
        Provenance::StepOutput => "output of a step",
        Provenance::Preview => "read while planning",
        Provenance::Default => "default",
        Provenance::Model => "from the model",
    }
}

fn said(outcome: &PlanOutcome) -> String {
    match outcome {
        PlanOutcome::Plan { .. } => "a plan".to_owned(),
        PlanOutcome::Clarify { question, .. } => question.clone(),
        PlanOutcome::Refuse { reason, .. } => reason.clone(),
    }
}
