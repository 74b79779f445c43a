//! Every step of a plan, its undo and its probe: operation and values -> action.
//!
//! Reads no more than programs; starts nothing. Values with `${steps…}` keep their holes for the machine to fill.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::command::{Filling, Misfit};
use super::remote::{Ssh, Words};
use super::{configured, http, slots};
use crate::model::action::{Action, Operand, Program};
use crate::model::catalogue::{Binding, Catalogue, Operation, OutputFormat};
use crate::model::plan::{Compensation, Plan};
use crate::model::problem::Problem;
use crate::model::settings::EngineSettings;
use crate::policy::consent::is_localhost;
use crate::service::{builtin, owned, programs};

/// Interpreters whose first operand is a file that they run: it is approved with them.
const INTERPRETERS: [&str; 9] = ["sh", "bash", "dash", "zsh", "python3", "python", "perl", "ruby", "node"];

/// With no inventory: other hosts are reached by their own names.
pub fn bind(plan: &mut Plan, catalogue: &Catalogue) -> Vec<Problem> {
    bind_over(plan, catalogue, &Ssh::default())
}

/// Fills in every action. An operation that nothing binds is no problem here: its hint says which line would bind it.
pub fn bind_over(plan: &mut Plan, catalogue: &Catalogue, ssh: &Ssh) -> Vec<Problem> {
    let mut problems = Vec::new();
    for step in &mut plan.steps {
        let mut action = |name: &str, params: &BTreeMap<String, Value>| {
            action(catalogue, ssh, name, params).unwrap_or_else(|misfit| {
                let message = format!("step {}: {}", step.id, misfit.message);
                problems.push(Problem::new("plan", misfit.code, message));
                Action::Unbound { hint: misfit.message }
            })
        };
        step.action = action(&step.operation, &step.params);
        if step.compensation.is_none() {
            step.compensation = undo(catalogue, &step.operation, &step.params);
        }
        for it in [&mut step.compensation, &mut step.probe].into_iter().flatten() {
            let Compensation { operation, params, action: slot, .. } = it;
            *slot = action(operation, params);
        }
    }
    problems
}

/// As its manifest declares it, for exactly what the step acts on.
fn undo(catalogue: &Catalogue, name: &str, params: &BTreeMap<String, Value>) -> Option<Compensation> {
    let undo = catalogue.get(name)?.undo.as_ref()?;
    let operation = catalogue.get(&undo.operation)?;
    Some(Compensation {
        operation: undo.operation.clone(),
        params: undo.params.iter().filter_map(|name| Some((name.clone(), params.get(name)?.clone()))).collect(),
        effect: operation.effect,
        repeat: operation.repeat,
        timeout_ms: operation.timeout_ms.unwrap_or(EngineSettings::default().timeout_ms),
        action: Action::Unbound { hint: String::new() },
    })
}

fn action(catalogue: &Catalogue, ssh: &Ssh, name: &str, params: &BTreeMap<String, Value>) -> Result<Action, Misfit> {
    let Some(operation) = catalogue.get(name) else {
        return Ok(Action::Unbound { hint: format!("there is no operation {name}") });
    };
    let Some(binding) = &operation.binding else {
        return Ok(Action::Unbound { hint: format!("{name} has no binding: {}", add_binding(operation)) });
    };
    if let Some(host) = elsewhere(operation, binding, params) {
        return remote_action(ssh, operation, binding, (host, params));
    }
    act(catalogue, operation, binding, params)
}

pub fn act(catalogue: &Catalogue, operation: &Operation, binding: &Binding, params: &BTreeMap<String, Value>) -> Result<Action, Misfit> {
    match binding {
        Binding::Builtin { name, owned } => Ok(match missing_setting(operation) {
            Some(hint) => Action::Unbound { hint },
            None => builtin_action(operation, name, *owned, params),
        }),
        Binding::Command { argv, env, secrets, output } => command_action(operation, params, (argv, env), secrets, *output),
        Binding::Http { method, url, headers, body, secrets } => {
            http::action(&Filling { operation, params }, method, url, (headers, body.as_ref()), secrets)
        }
        Binding::Job { name } => configured::job(catalogue, operation, params, name),
        Binding::Channel { name } => configured::channel(catalogue, operation, params, name),
    }
}

fn add_binding(operation: &Operation) -> String {
    let (name, service) = (&operation.name, operation.service());
    format!("bind it in <config>/services/{service}.toml; `ouioe service show {name}` prints the lines to add")
}

/// A setting that only the operator can know stands as `needed: ` and an example in the embedded manifest.
fn missing_setting(operation: &Operation) -> Option<String> {
    let wanted = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.strip_prefix("needed: ")?.to_owned()));
    let (name, example) = operation.settings.iter().find_map(wanted)?;
    let (operation, service) = (&operation.name, operation.service());
    let lines = format!("[[operation]] name = \"{operation}\" settings = {{ {name} = {example} }}");
    Some(format!("{operation} needs the setting `{name}`; in <config>/services/{service}.toml, one line each: {lines}"))
}

fn add_remote(operation: &Operation) -> String {
    format!("add `remote = {{ argv = [...] }}` to [[operation]] {} in <config>/services/{}.toml", operation.name, operation.service())
}

/// The preview's name travels with the action until its list replaces it: without the list an owned builtin refuses to run.
fn builtin_action(operation: &Operation, name: &str, owned: bool, params: &BTreeMap<String, Value>) -> Action {
    let mut params = params.clone();
    for param in &operation.params {
        if let Some(default) = &param.default {
            params.entry(param.name.clone()).or_insert_with(|| default.clone());
        }
    }
    if !operation.settings.is_empty() {
        params.insert("settings".to_owned(), Value::from_iter(operation.settings.clone()));
    }
    if let Some(preview) = &operation.preview
        && !params.contains_key("items")
    {
        params.insert("preview".to_owned(), Value::from(preview.as_str()));
    }
    Action::Builtin { name: name.to_owned(), params, owned }
}

fn command_action(
    operation: &Operation,
    params: &BTreeMap<String, Value>,
    (argv, env): (&[String], &BTreeMap<String, String>),
    secrets: &BTreeMap<String, String>,
    output: OutputFormat,
) -> Result<Action, Misfit> {
    let Some((name, elements)) = argv.split_first() else {
        return Ok(Action::Unbound { hint: format!("the binding of {} has an empty argv", operation.name) });
    };
    let program = match programs::resolve(name) {
        Ok(program) => program,
        Err(error) => {
            let hint = format!("{} needs {name}: {error}; install it, or {}", operation.name, add_binding(operation));
            return Ok(Action::Unbound { hint });
        }
    };
    let filling = Filling { operation, params };
    let mut operands: Vec<Operand> = Vec::new();
    for element in elements {
        operands.extend(filling.element(element)?);
    }
    let mut filled = BTreeMap::new();
    for (name, text) in env {
        filled.extend(filling.element(text)?.map(|value| (name.clone(), value)));
    }
    let script = script_of(&program, &operands);
    Ok(Action::Command { program, args: operands, env: filled, secrets: secrets.clone(), cwd: None, output, script })
}

fn script_of(program: &Program, args: &[Operand]) -> Option<Program> {
    let name = Path::new(&program.path).file_name()?.to_str()?;
    let first = args.first().filter(|first| INTERPRETERS.contains(&name) && first.0.starts_with('/') && Path::new(&first.0).is_file())?;
    programs::resolve(&first.0).ok()
}

/// The machine that an operation is to act on, if it acts on the one it runs on and this is another.
fn elsewhere<'p>(operation: &Operation, binding: &Binding, params: &'p BTreeMap<String, Value>) -> Option<&'p str> {
    let host = params.get("host").filter(|_| acts_here(operation, binding))?.as_str()?;
    // A builtin looks again when it runs; a command could not.
    let is_seen_later = host.contains("${") && matches!(binding, Binding::Builtin { .. });
    (!is_local(host) && !is_seen_later).then_some(host)
}

fn remote_action(
    ssh: &Ssh,
    operation: &Operation,
    binding: &Binding,
    (host, params): (&str, &BTreeMap<String, Value>),
) -> Result<Action, Misfit> {
    let none = BTreeMap::new();
    let command = match binding {
        Binding::Command { argv, env, secrets, output } => Some(Words { preview: None, argv, env, secrets, output: *output }),
        Binding::Builtin { .. } => operation.remote.as_ref().map(|it| Words {
            preview: it.preview.as_ref(),
            argv: &it.argv,
            env: &none,
            secrets: &none,
            output: it.output,
        }),
        Binding::Http { .. } | Binding::Job { .. } | Binding::Channel { .. } => None,
    };
    let name = &operation.name;
    Ok(match command {
        Some(_) if host.contains("${") => Action::Unbound {
            hint: format!("{name} goes over ssh to other machines, and which host it is must be known before the run starts"),
        },
        Some(command) => ssh.action(host, &command, &Filling { operation, params })?,
        None => {
            let hint = format!("{name} reaches only this machine directly; for {host} a binding over ssh would: {}", add_remote(operation));
            Action::Unbound { hint }
        }
    })
}

fn acts_here(operation: &Operation, binding: &Binding) -> bool {
    match binding {
        Binding::Builtin { name, owned: true } => owned::find(name).is_some() && !owned::is_about_others(name),
        Binding::Builtin { name, owned: false } => builtin::find(name).is_some_and(|builtin| builtin.local),
        Binding::Command { argv, env, .. } => {
            let named = argv.iter().chain(env.values()).any(|text| slots::names(text).contains(&"host"));
            operation.param("host").is_some() && !named
        }
        Binding::Http { .. } | Binding::Job { .. } | Binding::Channel { .. } => false,
    }
}

/// The values name this machine, or none: whatever else stands there is somewhere else, a list of hosts above all.
pub fn is_here(params: &BTreeMap<String, Value>) -> Result<(), String> {
    match params.get("host") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(host)) if is_local(host) => Ok(()),
        Some(Value::String(host)) => Err(format!("{host} is not this machine")),
        Some(other) => Err(format!("`host` is no name of one machine: {other}")),
    }
}

/// Names of this machine.
pub fn is_local(host: &str) -> bool {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let short = name.split('.').next().unwrap_or(&name);
    is_localhost(host) || (!name.is_empty() && (host.eq_ignore_ascii_case(&name) || host.eq_ignore_ascii_case(short)))
}
