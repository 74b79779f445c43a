//! CEL over the results of earlier steps -> yes, no, or an error that waits for a person.
//!
//! Evaluated here only; the answer is kept in the event, so a replay never evaluates again.
//! Only steps that the condition's own step needs are visible, as `steps.ID.state` and `steps.ID.output`.

use cel::{Context, Program, Value as Cel, to_value};
use serde::ser::{Error as _, SerializeMap as _};
use serde::{Serialize, Serializer};
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
    let steps = to_value(Steps { workflow, ix }).map_err(|error| error.to_string())?;
    context.add_variable_from_value("steps", steps);
    match program.execute(&context) {
        Ok(Cel::Bool(yes)) => Ok(yes),
        Ok(other) => Err(format!("the condition gives {other:?}, not true or false")),
        Err(error) => Err(error.to_string()),
    }
}

struct Steps<'a> {
    workflow: &'a Workflow,
    ix: StepIx,
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let graph = self.workflow.graph().ok_or_else(|| S::Error::custom("the plan's body is gone"))?;
        let needs = &graph.needs[self.ix.at()];
        let mut map = serializer.serialize_map(Some(needs.len()))?;
        for edge in needs {
            let record = self.workflow.step(edge.from);
            let one = Seen { state: record.state.word(), output: record.result.as_deref().map(Signed) };
            map.serialize_entry(graph.step(edge.from).id.as_str(), &one)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Seen<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Signed<'a>>,
}

/// Signed integers first, so that arithmetic with literals works: CEL has no operator between signed and unsigned.
struct Signed<'a>(&'a Value);

impl Serialize for Signed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => serializer.serialize_i64(whole),
                (None, Some(real)) => serializer.serialize_f64(real),
                (None, None) => Err(S::Error::custom(format!("{number} is out of range"))),
            },
            Value::Array(items) if items.len() > MAX_LIST => {
                Err(S::Error::custom(format!("a list of {} is longer than {MAX_LIST}", items.len())))
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Signed)),
            Value::Object(map) => serializer.collect_map(map.iter().map(|(key, item)| (key, Signed(item)))),
            Value::Null | Value::Bool(_) | Value::String(_) => self.0.serialize(serializer),
        }
    }
}
