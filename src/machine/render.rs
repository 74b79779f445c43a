//! Action with holes + results -> action without.
//!
//! One pass: what a value brings in is never read again. A hole fills part of exactly one argv element; an element that
//! is nothing but a hole may not begin with `-`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::action::{Action, Operand};
use crate::model::hole::{Hole, Piece, is_literal, pieces};
use crate::model::state::Workflow;

/// Why an action has no exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unrendered {
    /// The other step has no result, or none at this path.
    Missing(String),
    /// The value may not stand there.
    Refused(String),
}

impl Unrendered {
    pub fn detail(&self) -> &str {
        match self {
            Self::Missing(detail) | Self::Refused(detail) => detail,
        }
    }
}

pub fn rendered(workflow: &Workflow, action: &Action) -> Result<Action, Unrendered> {
    Ok(match action {
        Action::Builtin { name, params, owned } => Action::Builtin { name: name.clone(), params: values(workflow, params)?, owned: *owned },
        Action::Command { program, args, env, secrets, cwd, output, script } => Action::Command {
            program: program.clone(),
            args: operands(workflow, args)?,
            env: environment(workflow, env)?,
            secrets: secrets.clone(),
            cwd: cwd.clone(),
            output: *output,
            script: script.clone(),
        },
        Action::Ssh { ssh, host, destination, port, options, argv, env, secrets, output, list } => Action::Ssh {
            ssh: ssh.clone(),
            host: host.clone(),
            destination: destination.clone(),
            port: *port,
            options: options.clone(),
            argv: operands(workflow, argv)?,
            env: environment(workflow, env)?,
            secrets: secrets.clone(),
            output: *output,
            list: list.clone(),
        },
        Action::Unbound { hint } => Action::Unbound { hint: hint.clone() },
    })
}

fn operands(workflow: &Workflow, args: &[Operand]) -> Result<Vec<Operand>, Unrendered> {
    args.iter().map(|arg| operand(workflow, arg, true)).collect()
}

fn environment(workflow: &Workflow, env: &BTreeMap<String, Operand>) -> Result<BTreeMap<String, Operand>, Unrendered> {
    env.iter().map(|(key, value)| Ok((key.clone(), operand(workflow, value, false)?))).collect()
}

fn values(workflow: &Workflow, params: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, Unrendered> {
    params.iter().map(|(key, value)| Ok((key.clone(), filled(workflow, value)?))).collect()
}

pub(super) fn filled(workflow: &Workflow, value: &Value) -> Result<Value, Unrendered> {
    Ok(match value {
        Value::String(text) if is_literal(text) => value.clone(),
        Value::String(text) => match scan(text)?.as_slice() {
            [Piece::Hole(hole)] => look_up(workflow, hole)?,
            parts => Value::String(joined(workflow, parts)?),
        },
        Value::Array(items) => Value::Array(items.iter().map(|item| filled(workflow, item)).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, item)| Ok((key.clone(), filled(workflow, item)?))).collect::<Result<_, Unrendered>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

fn operand(workflow: &Workflow, operand: &Operand, guard_dash: bool) -> Result<Operand, Unrendered> {
    if is_literal(&operand.0) {
        return Ok(operand.clone());
    }
    let parts = scan(&operand.0)?;
    let text = joined(workflow, &parts)?;
    if guard_dash && matches!(parts.first(), Some(Piece::Hole(_))) && text.starts_with('-') {
        return Err(Unrendered::Refused(format!("the value of {} begins with `-` and would be read as an option", operand.0)));
    }
    if text.contains('\0') {
        return Err(Unrendered::Refused(format!("the value of {} holds a zero byte", operand.0)));
    }
    Ok(Operand(text))
}

fn scan(text: &str) -> Result<Vec<Piece>, Unrendered> {
    pieces(text).map_err(Unrendered::Refused)
}

fn joined(workflow: &Workflow, parts: &[Piece]) -> Result<String, Unrendered> {
    let mut out = String::new();
    for part in parts {
        match part {
            Piece::Text(text) => out.push_str(text),
            Piece::Item => return Err(Unrendered::Refused("`${item}` stands for nothing outside of a `for_each`".to_owned())),
            Piece::Hole(hole) => match look_up(workflow, hole)? {
                Value::String(text) => out.push_str(&text),
                scalar @ (Value::Bool(_) | Value::Number(_)) => out.push_str(&scalar.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(Unrendered::Refused(format!("the value of steps.{} is no text or number", hole.step)));
                }
            },
        }
    }
    Ok(out)
}

pub(super) fn look_up(workflow: &Workflow, hole: &Hole) -> Result<Value, Unrendered> {
    let missing = || Unrendered::Missing(format!("steps.{}.output.{} has no value", hole.step, hole.path.join(".")));
    let ix = workflow.graph().and_then(|graph| graph.ix(&hole.step)).ok_or_else(missing)?;
    let mut value: &Value = workflow.step(ix).result.as_deref().ok_or_else(missing)?;
    for part in &hole.path {
        value = match value {
            Value::Object(map) => map.get(part),
            Value::Array(items) => part.parse::<usize>().ok().and_then(|at| items.get(at)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
        .ok_or_else(missing)?;
    }
    Ok(value.clone())
}
