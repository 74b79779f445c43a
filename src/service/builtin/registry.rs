//! Name -> function. One row a builtin; the owned ones stand in `service/owned.rs`.

use std::collections::BTreeMap;
use std::pin::Pin;

use serde_json::Value;

use super::basic;
use crate::model::failure::{Certainty, Failure, FailureClass};
use crate::service::outcome::failure;

pub type Params = BTreeMap<String, Value>;
pub type Answer = Result<Value, Failure>;
pub type Waiting = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What builtins share.
#[derive(Clone, Default)]
pub struct World {}

pub enum Run {
    /// Needs no waiting: answered from within `start`.
    AtOnce(fn(&Params) -> Answer),
    /// May wait for a disk or a name server: runs on a thread for such work.
    Blocking(fn(&Params) -> Answer),
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

static BUILTINS: &[Builtin] = &[row("noop", Run::AtOnce(basic::noop)), row("wait", Run::Waiting(basic::wait))];

pub fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}

/// The answer of a builtin that needs no waiting; `None` for all others.
pub fn at_once(name: &str, params: &Params) -> Option<Answer> {
    match find(name)?.run {
        Run::AtOnce(run) => Some(run(params)),
        Run::Blocking(_) | Run::Waiting(_) => None,
    }
}

pub async fn call(name: &str, params: Params, world: &World) -> Answer {
    let Some(builtin) = find(name) else {
        return Err(failure(Certainty::NotStarted, FailureClass::Config, format!("there is no builtin {name}")));
    };
    match builtin.run {
        Run::AtOnce(run) => run(&params),
        Run::Waiting(run) => run(params, world.clone()).await,
        Run::Blocking(run) => tokio::task::spawn_blocking(move || run(&params))
            .await
            .unwrap_or_else(|error| Err(failure(Certainty::FailedKnown, FailureClass::Unknown, format!("{name} broke off: {error}")))),
    }
}
