//! `for_each`: a list of things that can stand where `${item}` does, and `${item}` nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Found;
use crate::model::hole::{Hole, Piece, pieces};
use crate::model::ids::StepId;
use crate::model::item;
use crate::model::plan::{Plan, Step, StepKind};
use crate::planner::settle::references as references_of;

/// Things on one list of a file.
const MOST: usize = 10_000;

/// What a step over a list gives when all is done.
pub const GIVES: [&str; 4] = ["count", "succeeded", "failed", "outputs"];

type Placed<'a> = (&'a Plan, &'a BTreeMap<&'a StepId, usize>);

pub fn check(at: usize, step: &Step, within: Placed<'_>, found: &mut Found) {
    let undo = step.compensation.iter().chain(step.probe.iter()).flat_map(|undo| undo.params.values());
    let used = step.params.values().chain(undo).any(item::holds);
    let Some(each) = &step.for_each else {
        if used {
            let help = "give the step `for_each`, a list of what `${item}` is to be";
            found.step(at, &step.id, "item_outside", "`${item}` stands for nothing here".to_owned(), help);
        }
        return reads_many(at, step, within, found);
    };
    let mut put = |code: &str, message: &str, help: &str| found.field(at, &step.id, ".for_each", code, message, help);
    match &each.list {
        Value::Array(things) if things.is_empty() => put("empty_list", "its list is empty: there is nothing to do", ""),
        Value::Array(things) if things.len() > MOST => put("too_many_steps", "its list has more than 10000 things", ""),
        Value::Array(things) if !things.iter().all(item::is_thing) => {
            put("wrong_type", "its list may hold texts, numbers, true and false only", "");
        }
        Value::Array(things) => {
            let mut seen = BTreeSet::new();
            if let Some(twice) = things.iter().map(item::text_of).find(|thing| !seen.insert(thing.clone())) {
                put("duplicate_item", &format!("`{twice}` stands twice on its list"), "");
            }
        }
        Value::String(text) if matches!(pieces(text).as_deref(), Ok([Piece::Hole(_)])) => {}
        _ => put("wrong_type", "goes over a list, or over `${steps.ID.output.path}`", "for_each = [\"a\", \"b\"]"),
    }
    if !used {
        put("unused_item", "would do the same thing several times: `${item}` stands in none of its values", "");
    }
    if step.kind == StepKind::Decision {
        put("bad_decision", "a decision gives one answer, and this would be asked of several things", "");
    }
    reads_many(at, step, within, found);
}

/// A step over a list has no one output.
fn reads_many(at: usize, step: &Step, (plan, places): Placed<'_>, found: &mut Found) {
    let list = step.for_each.iter().map(|each| &each.list);
    for value in step.params.values().chain(list).filter(|value| !references_of(value).is_empty()) {
        for hole in holes(value) {
            let many = places.get(&hole.step).is_some_and(|other| plan.steps[*other].for_each.is_some());
            if many && hole.path.first().is_some_and(|first| !GIVES.contains(&first.as_str())) {
                let message =
                    format!("reads `{}` of step `{}`, which runs once for each of several things", hole.path.join("."), hole.step);
                found.step(at, &step.id, "reads_many", message, "it gives `count`, `succeeded`, `failed` and `outputs`");
            }
        }
    }
}

fn holes(value: &Value) -> Vec<Hole> {
    match value {
        Value::String(text) => {
            let of = |piece: Piece| if let Piece::Hole(hole) = piece { Some(hole) } else { None };
            pieces(text).unwrap_or_default().into_iter().filter_map(of).collect()
        }
        Value::Array(items) => items.iter().flat_map(holes).collect(),
        Value::Object(map) => map.values().flat_map(holes).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
