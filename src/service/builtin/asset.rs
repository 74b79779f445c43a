//! The inventory as far as a bare machine has one: `localhost` is always an asset.

use serde_json::{Value, json};

use super::host::facts;
use super::param::{broke, optional, text};
use super::registry::{Answer, Params};
use crate::model::failure::FailureClass;
use crate::service::bind::is_local;

/// It belongs to no group and no environment and carries no tag.
pub fn list(params: &Params) -> Answer {
    let narrowed = ["group", "env", "tag"].iter().any(|name| optional(params, name).is_some());
    let hosts: Vec<Value> = if narrowed { Vec::new() } else { vec![Value::from("localhost")] };
    Ok(json!({ "hosts": hosts }))
}

pub fn get(params: &Params) -> Answer {
    let name = text(params, "asset")?;
    if !is_local(&name) {
        return Err(broke(FailureClass::Permanent, format!("the inventory has no asset {name}")));
    }
    Ok(json!({ "asset": { "name": "localhost", "groups": [], "tags": [], "facts": facts::read()? } }))
}
