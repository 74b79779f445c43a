//! `noop` and `wait`: nothing, at once or later.

use serde_json::{Value, json};

use super::registry::{Answer, Params, Waiting, World};
use crate::model::failure::{Certainty, FailureClass};
use crate::model::time::Millis;
use crate::service::outcome::failure;

/// Its `value` is its result.
pub fn noop(params: &Params) -> Answer {
    Ok(params.get("value").cloned().unwrap_or(Value::Null))
}

pub fn wait(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let text = params.get("duration").map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default();
        let Some(span) = Millis::parse(&text) else {
            return Err(failure(Certainty::NotStarted, FailureClass::Config, format!("duration {text:?} is not a span of time")));
        };
        tokio::time::sleep(std::time::Duration::from_millis(span.0)).await;
        Ok(json!({ "waited_ms": span.0 }))
    })
}
