//! State of a service: systemd's word where it runs, else whether a process of that name is at work.

use std::path::Path;

use serde_json::json;

use super::processes;
use crate::model::failure::FailureClass;
use crate::service::builtin::capture::capture;
use crate::service::builtin::param::{broke, text, wrong};
use crate::service::builtin::registry::{Answer, Params, Waiting, World};

pub fn service_status(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let service = text(&params, "service")?;
        if service.starts_with('-') {
            return Err(wrong(format!("`service` must not begin with `-`: {service}")));
        }
        if Path::new("/run/systemd/system").exists() { by_systemd(&service).await } else { Ok(by_processes(&service)) }
    })
}

async fn by_systemd(service: &str) -> Answer {
    let properties = "--property=LoadState,ActiveState,SubState,MainPID,Result";
    let Some(shown) = capture("systemctl", &["show", properties, "--", service]).await else {
        return Ok(by_processes(service));
    };
    let shown = shown?;
    if shown.code != Some(0) {
        return Err(broke(FailureClass::DependencyDown, format!("systemctl: {}", shown.stderr.trim())));
    }
    let field = |key: &str| shown.stdout.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or("").to_owned();
    let (loaded, state) = (field("LoadState"), field("ActiveState"));
    Ok(json!({
        "service": service,
        "state": if loaded == "not-found" { loaded } else { state.clone() },
        "active": state == "active",
        "sub": field("SubState"),
        "pid": field("MainPID").parse::<u32>().unwrap_or(0),
        "result": field("Result"),
        "via": "systemd",
    }))
}

fn by_processes(service: &str) -> serde_json::Value {
    let active = processes::is_running(service);
    let state = if active { "active" } else { "no process of this name" };
    json!({ "service": service, "state": state, "active": active, "via": "processes" })
}
