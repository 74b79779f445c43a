//! Name -> function. One row a builtin; the owned ones stand in `service/owned.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use serde_json::Value;

use super::param::wrong;
use super::{asset, basic, host, http, job, network};
use crate::model::failure::{Certainty, Failure, FailureClass};
use crate::service::bind::is_here;
use crate::service::files::{archive, list};
use crate::service::outcome::failure;
use crate::store::Inventory;

pub type Params = BTreeMap<String, Value>;
pub type Answer = Result<Value, Failure>;
pub type Waiting = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What builtins share.
#[derive(Clone, Default)]
pub struct World {
    pub http: http::client::Shared,
    pub inventory: Inventory,
    pub state_dir: PathBuf,
}

impl World {
    /// Of the state folder whose attempts lie in `runs`.
    pub fn beside(runs: &Path) -> Self {
        let state_dir = runs.parent().unwrap_or(runs).to_owned();
        Self { inventory: Inventory::at(&state_dir), state_dir, ..Self::default() }
    }
}

impl From<&Inventory> for World {
    /// Of the state folder that it lies in.
    fn from(inventory: &Inventory) -> Self {
        let state_dir = inventory.path().parent().map(Path::to_owned).unwrap_or_default();
        Self { inventory: inventory.clone(), state_dir, ..Self::default() }
    }
}

pub enum Run {
    /// Needs no waiting: answered from within `start`.
    AtOnce(fn(&Params) -> Answer),
    /// May wait for a disk or a name server: runs on a thread for such work.
    Blocking(fn(&Params) -> Answer),
    /// The same, with what builtins share.
    Looking(fn(&Params, &World) -> Answer),
    Waiting(fn(Params, World) -> Waiting),
}

pub struct Builtin {
    pub name: &'static str,
    pub run: Run,
    /// Looks at this machine: parameter `host` must name it.
    pub local: bool,
}

const fn row(name: &'static str, run: Run) -> Builtin {
    Builtin { name, run, local: false }
}

const fn local(name: &'static str, run: Run) -> Builtin {
    Builtin { name, run, local: true }
}

static BUILTINS: &[Builtin] = &[
    row("noop", Run::AtOnce(basic::noop)),
    row("wait", Run::Waiting(basic::wait)),
    row("asset_list", Run::Looking(asset::list)),
    row("asset_get", Run::Looking(asset::get)),
    row("asset_find_owner", Run::Looking(asset::find_owner)),
    row("asset_dependencies", Run::Looking(asset::dependencies)),
    row("job_status", Run::Looking(job::status)),
    local("facts", Run::Blocking(host::facts::facts)),
    local("disk_usage", Run::Blocking(host::disk::disk_usage)),
    local("cpu_mem", Run::Waiting(host::load::cpu_mem)),
    local("top_processes", Run::Waiting(host::processes::top_processes)),
    local("service_status", Run::Waiting(host::service::service_status)),
    local("read_logs", Run::Waiting(host::logs::read_logs)),
    local("failed_units", Run::Waiting(host::units::failed_units)),
    local("listening_ports", Run::Blocking(host::sockets::listening_ports)),
    local("logins", Run::Waiting(host::logins::logins)),
    local("largest_files", Run::Waiting(host::weight::largest_files)),
    local("check_updates", Run::Waiting(host::updates::check_updates)),
    local("clean_files_preview", Run::Blocking(list::preview)),
    row("restore_preview", Run::Looking(archive::preview)),
    local("kill_process_preview", Run::Blocking(host::kill::preview)),
    local("patch_preview", Run::Waiting(host::updates::preview)),
    row("ping", Run::Waiting(network::ping::ping)),
    row("internet", Run::Waiting(network::internet::internet)),
    row("dns_lookup", Run::Blocking(network::dns::dns_lookup)),
    row("port_check", Run::Waiting(network::port::port_check)),
    local("reach", Run::Waiting(network::reach::reach)),
    local("bandwidth", Run::Waiting(network::bandwidth::bandwidth)),
    row("trace", Run::Waiting(network::trace::trace)),
    row("tls_cert", Run::Blocking(network::tls::tls_cert)),
    row("http_check", Run::Waiting(http::check::check)),
    row("http_get", Run::Waiting(http::get::get)),
    row("http_latency", Run::Waiting(http::latency::latency)),
];

pub fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|builtin| builtin.name)
}

pub fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}

/// The answer of a builtin that needs no waiting; `None` for all others.
pub fn at_once(name: &str, params: &Params) -> Option<Answer> {
    match find(name)?.run {
        Run::AtOnce(run) => Some(run(params)),
        Run::Blocking(_) | Run::Looking(_) | Run::Waiting(_) => None,
    }
}

pub async fn call(name: &str, params: Params, world: &World) -> Answer {
    let Some(builtin) = find(name) else {
        return Err(wrong(format!("there is no builtin {name}")));
    };
    if builtin.local {
        is_here(&params).map_err(wrong)?;
    }
    match builtin.run {
        Run::AtOnce(run) => run(&params),
        Run::Waiting(run) => run(params, world.clone()).await,
        Run::Blocking(run) => on_a_thread(name, move || run(&params)).await,
        Run::Looking(run) => {
            let world = world.clone();
            on_a_thread(name, move || run(&params, &world)).await
        }
    }
}

async fn on_a_thread(name: &str, work: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    let broke_off = |error| Err(failure(Certainty::FailedKnown, FailureClass::Unknown, format!("{name} broke off: {error}")));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(broke_off)
}
