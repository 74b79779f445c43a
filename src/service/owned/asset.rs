//! Changes of the inventory.

use serde_json::json;

use super::call::{Call, Done, now, of_store};
use crate::service::builtin::param::{span, text};

pub fn tag(call: &mut Call<'_>) -> Done {
    let (asset, tag) = (text(call.params, "asset")?, text(call.params, "tag")?);
    let added = call.inventory().tag(&asset, &tag).map_err(|error| of_store(&error))?;
    Ok(json!({ "asset": asset, "tag": tag, "added": added }))
}

pub fn set_maintenance(call: &mut Call<'_>) -> Done {
    let (target, span) = (text(call.params, "target")?, span(call.params, "duration")?);
    let window = call.inventory().set_maintenance(&target, now(), span).map_err(|error| of_store(&error))?;
    Ok(json!({ "target": target, "from": window.from.to_string(), "until": window.until.map(|until| until.to_string()) }))
}

pub fn clear_maintenance(call: &mut Call<'_>) -> Done {
    let target = text(call.params, "target")?;
    let ended = call.inventory().clear_maintenance(&target, now()).map_err(|error| of_store(&error))?;
    Ok(json!({ "target": target, "was_in_maintenance": ended }))
}

pub fn decommission(call: &mut Call<'_>) -> Done {
    let asset = text(call.params, "asset")?;
    call.inventory().remove(&asset).map_err(|error| of_store(&error))?;
    Ok(json!({ "asset": asset, "removed": true }))
}
