//! State of a service: the word of systemd or of its init script, else whether a process of that name is at work.

use std::path::Path;

use serde_json::{Value, json};

use super::processes;
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::capture::capture;
use crate::service::builtin::param::{broke, text, wrong};
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

/// Who starts and stops a service.
pub enum Manager {
    Systemd,
    /// Its path.
    InitScript(String),
}

impl Manager {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::InitScript(_) => "init script",
        }
    }
}

/// `None`: nobody on this machine knows how.
pub fn manager(service: &str) -> Option<Manager> {
    if Path::new("/run/systemd/system").exists() {
        return Some(Manager::Systemd);
    }
    let script = format!("/etc/init.d/{service}");
    Path::new(&script).is_file().then_some(Manager::InitScript(script))
}

/// A name that is neither an option nor a path.
pub fn name_of(params: &Params) -> Result<String, Failure> {
    let service = text(params, "service")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | ':' | '\\');
    if service.starts_with(['-', '.']) || service.is_empty() || !service.chars().all(plain) {
        return Err(wrong(format!("`service` is no name of a service: {service}")));
    }
    Ok(service)
}

pub fn service_status(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let service = name_of(&params)?;
        match manager(&service) {
            Some(Manager::Systemd) => by_systemd(&service).await,
            Some(Manager::InitScript(script)) => by_script(&service, &script).await,
            None => Ok(by_processes(&service)),
        }
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
    Ok(of_systemd(service, &shown.stdout))
}

fn of_systemd(service: &str, shown: &str) -> Value {
    let field = |key: &str| shown.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or("").to_owned();
    let (loaded, state) = (field("LoadState"), field("ActiveState"));
    json!({
        "service": service,
        "state": if loaded == "not-found" { loaded } else { state.clone() },
        "active": state == "active",
        "sub": field("SubState"),
        "pid": field("MainPID").parse::<u32>().unwrap_or(0),
        "result": field("Result"),
        "via": "systemd",
    })
}

/// LSB: 0 runs, 1 to 3 does not; a script without `status` says something else.
async fn by_script(service: &str, script: &str) -> Answer {
    let code = match capture(script, &["status"]).await {
        Some(shown) => shown?.code,
        None => None,
    };
    Ok(of_script(service, code).unwrap_or_else(|| by_processes(service)))
}

fn of_script(service: &str, code: Option<i32>) -> Option<Value> {
    let code = code.filter(|code| (0..=3).contains(code))?;
    let state = ["active", "dead", "dead", "inactive"][usize::try_from(code).ok()?];
    Some(json!({ "service": service, "state": state, "active": code == 0, "via": "init script" }))
}

fn by_processes(service: &str) -> Value {
    of_processes(service, processes::is_running(service))
}

fn of_processes(service: &str, active: bool) -> Value {
    let state = if active { "active" } else { "no process of this name" };
    json!({ "service": service, "state": state, "active": active, "via": "processes" })
}

/// Of another machine: by whoever starts and stops services there.
pub fn told(host: &Told<'_>) -> Answer {
    let service = host.part("service")?.trim();
    if let Ok(shown) = host.part("systemd") {
        return Ok(of_systemd(service, shown));
    }
    let code = host.part("script").ok().and_then(|code| code.trim().parse().ok());
    if let Some(state) = of_script(service, code) {
        return Ok(state);
    }
    Ok(of_processes(service, host.number("processes")? > 0.0))
}
