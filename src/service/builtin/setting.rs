//! What an operation's manifest says of the site: `settings = {…}`, carried and approved with the step's own values.

use serde_json::Value;

use super::param::wrong;
use super::registry::Params;
use crate::model::failure::Failure;

pub fn find<'p>(params: &'p Params, name: &str) -> Option<&'p Value> {
    params.get("settings")?.get(name)
}

pub fn text<'p>(params: &'p Params, name: &str) -> Result<&'p str, Failure> {
    find(params, name).and_then(Value::as_str).ok_or_else(|| wrong(format!("the setting `{name}` is missing, or no text")))
}
