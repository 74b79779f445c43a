//! Values of parameters as the types that builtins need, or a failure that names the parameter.

use serde_json::Value;

use super::registry::Params;
use crate::model::failure::{Certainty, Failure, FailureClass};
use crate::model::time::Millis;
use crate::service::outcome::failure;

/// A wrong value: nothing was done.
pub fn wrong(why: impl AsRef<str>) -> Failure {
    failure(Certainty::NotStarted, FailureClass::Config, why)
}

/// It was tried and did not work.
pub fn broke(class: FailureClass, why: impl AsRef<str>) -> Failure {
    failure(Certainty::FailedKnown, class, why)
}

pub fn text(params: &Params, name: &str) -> Result<String, Failure> {
    optional(params, name).ok_or_else(|| wrong(format!("`{name}` is missing")))
}

pub fn optional(params: &Params, name: &str) -> Option<String> {
    match params.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

pub fn number(params: &Params, name: &str) -> Result<Option<u64>, Failure> {
    optional(params, name).map(|text| text.trim().parse().map_err(|_| wrong(format!("`{name}` is no number: {text}")))).transpose()
}

pub fn port(params: &Params) -> Result<Option<u16>, Failure> {
    let port = number(params, "port")?;
    port.map(|port| {
        u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| wrong(format!("`port` is not within 1..65535: {port}")))
    })
    .transpose()
}

pub fn span(params: &Params, name: &str) -> Result<Option<Millis>, Failure> {
    optional(params, name).map(|text| Millis::parse(&text).ok_or_else(|| wrong(format!("`{name}` is no span of time: {text}")))).transpose()
}
