//! Conditions: small CEL expressions over the steps that are needed.
//!
//! Guard rails, so that evaluation stays cheap: 4 KiB, two loops inside each other, no loop over a map.

use std::collections::{BTreeMap, BTreeSet};

use cel::Program;
use cel::common::ast::{EntryExpr, Expr, IdedEntryExpr, IdedExpr};

use crate::model::catalogue::{Binding, EffectClass, Operation};
use crate::model::ids::StepId;
use crate::model::plan::{Step, StepKind};

use super::Found;

const MAX_LEN: usize = 4 << 10;
const MAX_LOOPS: usize = 2;

/// A decision only looks, and what it finds can be judged.
pub fn decides(at: usize, step: &Step, operation: &Operation, found: &mut Found) {
    if step.kind != StepKind::Decision {
        return;
    }
    if operation.effect != EffectClass::Read {
        let message = format!("{} changes something, and a decision only looks", step.operation);
        return found.field(at, &step.id, ".kind", "bad_decision", message, "make what it looks at a step of its own, before it");
    }
    let answers_by_status = matches!(operation.binding, None | Some(Binding::Command { .. }));
    if operation.thresholds.is_empty() && step.thresholds.is_empty() && !answers_by_status {
        let message = format!("nothing of what {} finds is judged, so it answers neither yes nor no", step.operation);
        found.field(at, &step.id, ".kind", "bad_decision", message, "take a check with thresholds; `ouioe service show` names them");
    }
}

pub fn check(at: usize, step: &Step, places: &BTreeMap<&StepId, usize>, found: &mut Found) {
    let Some(text) = &step.condition else { return };
    if text.len() > MAX_LEN {
        found.step(at, &step.id, "bad_condition", format!("the condition has {} bytes, at most {MAX_LEN} are allowed", text.len()), "");
        return;
    }
    let program = match Program::compile(text) {
        Ok(program) => program,
        Err(error) => {
            let first = error.to_string().lines().next().unwrap_or_default().to_owned();
            found.step(at, &step.id, "bad_condition", format!("the condition is not CEL: {first}"), "");
            return;
        }
    };
    let mut seen = Seen::default();
    seen.walk(program.expression(), 0);
    if seen.loops > MAX_LOOPS {
        found.step(at, &step.id, "bad_condition", format!("loops are nested {} deep, at most {MAX_LOOPS} are allowed", seen.loops), "");
    }
    if seen.over_map {
        found.step(at, &step.id, "bad_condition", "a loop over a map is not allowed; loop over a list of an output".to_owned(), "");
    }
    for name in seen.steps {
        let id = StepId::new(&name);
        if !places.contains_key(&id) {
            found.field(at, &step.id, ".condition", "unknown_reference", format!("the condition reads unknown step `{name}`"), "");
        } else if !step.needs.iter().any(|need| need.step == id) {
            found.field(
                at,
                &step.id,
                &format!(".condition.{name}"),
                "late_reference",
                format!("the condition reads `{name}`, which is not among its needs"),
                &format!("add `{name}` to its needs"),
            );
        }
    }
}

#[derive(Default)]
struct Seen {
    loops: usize,
    over_map: bool,
    steps: BTreeSet<String>,
}

impl Seen {
    fn walk(&mut self, node: &IdedExpr, loops: usize) {
        self.loops = self.loops.max(loops);
        match &node.expr {
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
            Expr::Call(call) => call.target.iter().map(|target| &**target).chain(&call.args).for_each(|part| self.walk(part, loops)),
            Expr::List(list) => list.elements.iter().for_each(|part| self.walk(part, loops)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(entry, loops)),
            Expr::Struct(made) => made.entries.iter().for_each(|entry| self.entry(entry, loops)),
            Expr::Select(select) => {
                if matches!(&select.operand.expr, Expr::Ident(name) if name == "steps") {
                    self.steps.insert(select.field.clone());
                }
                self.walk(&select.operand, loops);
            }
            Expr::Comprehension(inner) => {
                self.over_map |= is_map(&inner.iter_range.expr) || inner.iter_var2.is_some();
                self.walk(&inner.iter_range, loops);
                for part in [&inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result] {
                    self.walk(part, loops + 1);
                }
            }
        }
    }

    fn entry(&mut self, entry: &IdedEntryExpr, loops: usize) {
        match &entry.expr {
            EntryExpr::StructField(field) => self.walk(&field.value, loops),
            EntryExpr::MapEntry(pair) => {
                self.walk(&pair.key, loops);
                self.walk(&pair.value, loops);
            }
        }
    }
}

/// `steps`, `steps.ID` and map literals are maps for certain.
fn is_map(range: &Expr) -> bool {
    match range {
        Expr::Map(_) => true,
        Expr::Ident(name) => name == "steps",
        Expr::Select(select) => matches!(&select.operand.expr, Expr::Ident(name) if name == "steps"),
        Expr::Unspecified | Expr::Call(_) | Expr::Comprehension(_) | Expr::List(_) | Expr::Literal(_) | Expr::Struct(_) => false,
    }
}
