//! `${item}` in a step -> the thing on a list that the step is for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::action::{Action, Operand};
use super::hole::{Piece, WHOLE_ITEM, has_item, literal, pieces, written};
use super::plan::{Compensation, Step};

/// As people read it.
pub fn text_of(item: &Value) -> String {
    item.as_str().map_or_else(|| item.to_string(), str::to_owned)
}

/// Things that a message names before it says how many more there are.
const NAMED: usize = 5;

/// For a message: the first, and how many more.
pub fn named(things: &[Value]) -> String {
    let first = things.iter().take(NAMED).map(text_of).collect::<Vec<_>>().join(", ");
    match things.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Text, number, true or false: nothing else can stand in an argument.
pub fn is_thing(item: &Value) -> bool {
    matches!(item, Value::String(_) | Value::Number(_) | Value::Bool(_))
}

/// Itself, or the `name` of a record.
pub fn thing(item: &Value) -> Option<&Value> {
    item.as_object().map_or(Some(item), |record| record.get("name")).filter(|item| is_thing(item))
}

/// Parameters that hold the thing or a part of it.
pub fn holders(step: &Step) -> Vec<String> {
    step.params.iter().filter(|(_, value)| holds(value)).map(|(name, _)| name.clone()).collect()
}

pub fn holds(value: &Value) -> bool {
    match value {
        Value::String(text) => has_item(text),
        Value::Array(items) => items.iter().any(holds),
        Value::Object(map) => map.values().any(holds),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// In values, undo, probe, locks and actions. `Err`: the thing may not stand there.
pub fn put(step: &mut Step, item: &Value) -> Result<(), String> {
    put_values(&mut step.params, item)?;
    put_action(&mut step.action, item)?;
    for Compensation { params, action, .. } in [&mut step.compensation, &mut step.probe].into_iter().flatten() {
        put_values(params, item)?;
        put_action(action, item)?;
    }
    let text = text_of(item);
    step.locks.iter_mut().for_each(|lock| *lock = lock.replace(WHOLE_ITEM, &text));
    Ok(())
}

fn put_values(values: &mut BTreeMap<String, Value>, item: &Value) -> Result<(), String> {
    values.values_mut().try_for_each(|value| put_value(value, item))
}

fn put_value(value: &mut Value, item: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text == WHOLE_ITEM => {
            *value = match item {
                Value::String(text) => Value::String(literal(text)),
                other => other.clone(),
            }
        }
        Value::String(text) if has_item(text) => *text = filled(text, item)?.0,
        Value::Array(items) => items.iter_mut().try_for_each(|one| put_value(one, item))?,
        Value::Object(map) => map.values_mut().try_for_each(|one| put_value(one, item))?,
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

/// Whether the thing leads it, too.
fn filled(text: &str, item: &Value) -> Result<(String, bool), String> {
    let parts = pieces(text)?;
    let put = |piece: &Piece| if *piece == Piece::Item { Piece::Text(text_of(item)) } else { piece.clone() };
    let full = written(&parts.iter().map(put).collect::<Vec<_>>());
    // "…$" before a hole would read as a literal brace.
    let holes = |parts: &[Piece]| parts.iter().filter(|piece| matches!(piece, Piece::Hole(_))).count();
    if holes(&pieces(&full)?) != holes(&parts) {
        return Err(format!("{} may not end with `$` here", text_of(item)));
    }
    Ok((full, parts.first() == Some(&Piece::Item)))
}

fn put_environment(env: &mut BTreeMap<String, Operand>, item: &Value) -> Result<(), String> {
    env.values_mut().filter(|value| has_item(&value.0)).try_for_each(|value| {
        value.0 = filled(&value.0, item)?.0;
        Ok(())
    })
}

fn put_action(action: &mut Action, item: &Value) -> Result<(), String> {
    match action {
        Action::Builtin { params, .. } => put_values(params, item)?,
        Action::Command { args, env, .. } => {
            put_operands(args, item)?;
            put_environment(env, item)?;
        }
        Action::Ssh { argv, env, list, .. } => {
            put_operands(argv, item)?;
            put_environment(env, item)?;
            if let Some(list) = list {
                put_operands(&mut list.argv, item)?;
            }
        }
        Action::Unbound { .. } => {}
    }
    Ok(())
}

fn put_operands(operands: &mut [Operand], item: &Value) -> Result<(), String> {
    for Operand(text) in operands.iter_mut().filter(|operand| has_item(&operand.0)) {
        let (full, leads) = filled(text, item)?;
        if leads && full.starts_with('-') {
            return Err(format!("{} begins with `-` and would be read as an option", text_of(item)));
        }
        if full.contains('\0') {
            return Err("a thing on the list holds a zero byte".to_owned());
        }
        *text = full;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_thing_keeps_its_type_and_is_never_read_again() {
        for (value, item, expected) in [
            (json!("${item}"), json!(80), json!(80)),
            (json!("${item}"), json!("web-1"), json!("web-1")),
            (json!("at ${item}: ${steps.a.output.x}"), json!(80), json!("at 80: ${steps.a.output.x}")),
            (json!("${item}"), json!("${steps.a.output}"), json!("$${steps.a.output}")),
            (json!("x${item}"), json!("${item}"), json!("x$${item}")),
            (json!({ "a": ["${item}", "$${item}"] }), json!("b"), json!({ "a": ["b", "$${item}"] })),
        ] {
            let mut put = value.clone();
            put_value(&mut put, &item).expect("a value");
            assert_eq!(put, expected, "{value} {item}");
        }
    }

    #[test]
    fn no_thing_becomes_an_option() {
        let operands = |text: &str| vec![Operand(text.to_owned())];
        assert!(put_operands(&mut operands("${item}"), &json!("-rf")).is_err());
        assert!(put_operands(&mut operands("${item}"), &json!(-1)).is_err());
        assert!(put_operands(&mut operands("a${item}"), &json!("b\0c")).is_err());
        assert!(put_value(&mut json!("${item}${steps.a.output}"), &json!("a$")).is_err());
        let mut named = operands("--host=${item}");
        assert_eq!(put_operands(&mut named, &json!("-x")), Ok(()));
        assert_eq!(named[0].0, "--host=-x");
    }
}
