//! A job or a channel by its name -> what the configuration says that it does.

use std::collections::BTreeMap;

use serde_json::Value;

use super::binding::act;
use super::command::{Filling, Misfit};
use crate::model::action::Action;
use crate::model::catalogue::{Catalogue, Job, Operation, ParamType};
use crate::planner::{grammar, near};

type Params = BTreeMap<String, Value>;

pub fn job(catalogue: &Catalogue, operation: &Operation, params: &Params, name: &str) -> Result<Action, Misfit> {
    let name = named(operation, params, name)?;
    let Some(job) = catalogue.jobs.get(&name) else {
        return Ok(unknown("job", &name, "automation.jobs", catalogue.jobs.keys()));
    };
    let action = act(catalogue, operation, &job.binding, &with_own(job, &name, params)?)?;
    let at = operation.param("at").filter(|param| param.kind == ParamType::Datetime).and_then(|_| params.get("at"));
    Ok(at.map_or_else(|| action.clone(), |at| later(&name, action.clone(), at)))
}

/// The same program with the same words, handed to the machine's own `at`.
fn later(job: &str, action: Action, at: &Value) -> Action {
    match action {
        Action::Command { program, args, env, secrets, .. } if secrets.is_empty() => {
            let argv: Vec<Value> =
                std::iter::once(program.path.as_str()).chain(args.iter().map(|arg| arg.0.as_str())).map(Value::from).collect();
            let env: serde_json::Map<_, _> = env.into_iter().map(|(name, value)| (name, Value::from(value.0))).collect();
            let params = [
                ("job", Value::from(job)),
                ("at", at.clone()),
                ("argv", Value::from(argv)),
                ("sha256", Value::from(program.sha256.to_string())),
                ("env", Value::from(env)),
            ];
            let params = params.map(|(name, value)| (name.to_owned(), value)).into();
            Action::Builtin { name: "schedule".to_owned(), params, owned: true }
        }
        unbound @ Action::Unbound { .. } => unbound,
        Action::Command { .. } | Action::Builtin { .. } | Action::Ssh { .. } => {
            Action::Unbound { hint: format!("job {job} cannot run later: it takes secrets, which a queue of the system cannot be given") }
        }
    }
}

pub fn channel(catalogue: &Catalogue, operation: &Operation, params: &Params, name: &str) -> Result<Action, Misfit> {
    let name = named(operation, params, name)?;
    match catalogue.channels.get(&name).or_else(|| catalogue.channels.get("*")) {
        Some(binding) => act(catalogue, operation, binding, params),
        None => Ok(unknown("channel", &name, "notify.channels", catalogue.channels.keys())),
    }
}

fn named(operation: &Operation, params: &Params, name: &str) -> Result<String, Misfit> {
    Ok(Filling { operation, params }.element(name)?.map_or_else(String::new, |operand| operand.0))
}

fn unknown<'k>(word: &str, name: &str, section: &str, known: impl Iterator<Item = &'k String>) -> Action {
    if name.contains("${") {
        return Action::Unbound { hint: format!("which {word} it is must be known before the run starts") };
    }
    let near = near::hint(name, known.map(String::as_str));
    let near = if near.is_empty() { String::new() } else { format!(" ({near})") };
    Action::Unbound { hint: format!("there is no {word} {name}{near}: add [{section}.\"{name}\"] to <config>/config.toml") }
}

/// The job's own values beside those of the operation: each declared, of its type, and there.
fn with_own(job: &Job, name: &str, params: &Params) -> Result<Params, Misfit> {
    let misfit = |code: &'static str, message: String| Misfit { code, message };
    let mut all = params.clone();
    let given = match all.remove("params") {
        None | Some(Value::Null) => serde_json::Map::new(),
        Some(Value::Object(given)) => given,
        Some(other) => return Err(misfit("wrong_type", format!("`params` of job {name} must be a table of values, not {other}"))),
    };
    if let Some(unknown) = given.keys().find(|key| !job.params.iter().any(|param| param.name == **key)) {
        let near = near::hint(unknown, job.params.iter().map(|param| param.name.as_str()));
        let near = if near.is_empty() { near } else { format!(" ({near})") };
        return Err(misfit("unknown_param", format!("job {name} has no parameter `{unknown}`{near}")));
    }
    for param in &job.params {
        let Some(value) = given.get(&param.name).or(param.default.as_ref()) else {
            return Err(misfit("missing_param", format!("job {name} needs `{}` ({}) in `params`", param.name, param.kind)));
        };
        grammar::check(&param.kind, value).map_err(|why| misfit("wrong_type", format!("`{}` of job {name} {why}", param.name)))?;
        all.insert(param.name.clone(), value.clone());
    }
    Ok(all)
}
