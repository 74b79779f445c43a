//! CEL over the results of earlier steps -> yes, no, or an error that waits for a person.
//!
//! Evaluated here only; the answer is kept in the event, so a replay never evaluates again.
//! Only steps that the condition's own step needs are visible, as `steps.ID.state` and `steps.ID.output`.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::{Key, Map};
use cel::{Context, Program, Value as Cel};
use serde_json::Value;

use crate::model::ids::StepIx;
use crate::model::state::Workflow;

/// Longest expression, in bytes.
const MAX_LEN: usize = 4 << 10;
/// Longest list handed to an expression.
const MAX_LIST: usize = 10_000;

pub(super) fn holds(workflow: &Workflow, ix: StepIx, text: &str) -> Result<bool, String> {
    if text.len() > MAX_LEN {
        return Err(format!("the condition is longer than {MAX_LEN} bytes"));
    }
    let program = Program::compile(text).map_err(|error| error.to_string())?;
    let mut context = Context::default();
    context.add_variable_from_value("steps", steps(workflow, ix)?);
    match program.execute(&context) {
        Ok(Cel::Bool(yes)) => Ok(yes),
        Ok(other) => Err(format!("the condition gives {other:?}, not true or false")),
        Err(error) => Err(error.to_string()),
    }
}

fn steps(workflow: &Workflow, ix: StepIx) -> Result<Cel, String> {
    let Some(graph) = workflow.graph() else { return Err("the plan's body is gone".to_owned()) };
    let mut all = HashMap::new();
    for edge in &graph.needs[ix.at()] {
        let record = workflow.step(edge.from);
        let mut one = HashMap::from([(Key::from("state"), Cel::from(record.state.word()))]);
        if let Some(result) = record.result.as_deref() {
            one.insert(Key::from("output"), to_cel(result)?);
        }
        all.insert(Key::from(graph.step(edge.from).id.as_str()), Cel::Map(Map { map: Arc::new(one) }));
    }
    Ok(Cel::Map(Map { map: Arc::new(all) }))
}

/// Signed integers first, so that arithmetic with literals works.
fn to_cel(value: &Value) -> Result<Cel, String> {
    Ok(match value {
        Value::Null => Cel::Null,
        Value::Bool(yes) => Cel::Bool(*yes),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Cel::Int(whole),
            (None, Some(real)) => Cel::Float(real),
            (None, None) => return Err(format!("{number} is out of range")),
        },
        Value::String(text) => Cel::from(text.as_str()),
        Value::Array(items) if items.len() > MAX_LIST => return Err(format!("a list of {} is longer than {MAX_LIST}", items.len())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(to_cel).collect::<Result<_, _>>()?)),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, item)| Ok((Key::from(key.as_str()), to_cel(item)?)));
            Cel::Map(Map { map: Arc::new(entries.collect::<Result<HashMap<_, _>, String>>()?) })
        }
    })
}
