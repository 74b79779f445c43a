//! `ouioe service`: the operations that there are, what binds them, and a call of one.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::act::Trouble;
use super::args::{Assignment, digest_start};
use super::dispatch::Setup;
use super::exit::Exit;
use super::out::Out;
use super::run::{Agree, submit};
use super::{check, lines};
use crate::engine::planning::Planning;
use crate::model::catalogue::{Binding, Catalogue, Operation, Remote};
use crate::planner::near;
use crate::text;

/// Operations by service: list them, show one, check the manifests, call one
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe service list
  ouioe service show host.disk_usage
  ouioe service call host.disk_usage --set host=localhost")]
pub struct ServiceArgs {
    #[command(subcommand)]
    pub command: ServiceCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ServiceCommand {
    List(ListArgs),
    Show(ShowArgs),
    Check(CheckArgs),
    Call(CallArgs),
}

/// Every operation with its effect and what binds it
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe service list
  ouioe service list network
  ouioe service list --json")]
pub struct ListArgs {
    /// Only of this service
    #[arg(value_name = "SERVICE")]
    pub service: Option<String>,
}

/// One operation: parameters, effect, binding, words
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe service show host.restart_service")]
pub struct ShowArgs {
    #[arg(value_name = "OPERATION")]
    pub operation: String,
}

/// Check the manifests, each fault by file and line
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe service check")]
pub struct CheckArgs {}

/// Run one operation as a plan of one step, with the same approval as any other
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe service call host.disk_usage --set host=localhost
  ouioe service call host.restart_service --set host=localhost --set service=nginx")]
pub struct CallArgs {
    #[arg(value_name = "OPERATION")]
    pub operation: String,
    /// A parameter of the operation
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<Assignment>,
    /// Approve in advance
    #[arg(long)]
    pub yes: bool,
    /// Of the plan that was shown; any other is refused
    #[arg(long, requires = "yes", value_parser = digest_start)]
    pub digest: Option<String>,
}

pub async fn service(setup: &Setup, args: &ServiceArgs) -> Result<Exit, Trouble> {
    if let ServiceCommand::Check(_) = &args.command {
        return Ok(check::files(&setup.out, setup.config_dir.as_deref()));
    }
    let planning = match setup.planning() {
        Ok(planning) => planning,
        Err(exit) => return Ok(exit),
    };
    Ok(match &args.command {
        ServiceCommand::List(args) => list(&setup.out, &planning.catalogue, args.service.as_deref()),
        ServiceCommand::Show(args) => show(&setup.out, &planning.catalogue, &args.operation, setup.config_dir.as_deref()),
        ServiceCommand::Check(_) => Exit::Done,
        ServiceCommand::Call(args) => return call(setup, &planning, args).await,
    })
}

fn list(out: &Out, catalogue: &Catalogue, service: Option<&str>) -> Exit {
    let mut count = 0;
    for operation in catalogue.iter().filter(|one| service.is_none_or(|service| one.service() == service)) {
        count += 1;
        if out.json {
            out.result(&lines::json(&as_json(operation)));
        } else {
            let (name, summary) = (text::safe(&operation.name), text::safe(&operation.summary));
            out.result(&out.cut(&format!("{name:28} {:8} {:8} {summary}", operation.effect.as_str(), bound(operation))));
        }
    }
    match service {
        Some(service) if count == 0 => {
            let known: std::collections::BTreeSet<&str> = catalogue.iter().map(|one| one.service()).collect();
            out.error(&format!("there is no service `{}`; there are {}", text::safe(service), Vec::from_iter(known).join(", ")));
            Exit::Usage
        }
        _ => Exit::Done,
    }
}

fn bound(operation: &Operation) -> &'static str {
    match &operation.binding {
        Some(Binding::Builtin { .. }) => "builtin",
        Some(Binding::Command { .. }) => "command",
        Some(Binding::Http { .. }) => "http",
        Some(Binding::Job { .. }) => "job",
        Some(Binding::Channel { .. }) => "channel",
        None => "-",
    }
}

fn as_json(operation: &Operation) -> serde_json::Value {
    json!({
        "operation": operation.name, "summary": operation.summary, "effect": operation.effect, "low_risk": operation.low_risk,
        "repeat": operation.repeat, "params": operation.params, "binding": operation.binding, "origin": operation.origin.to_string(),
    })
}

fn show(out: &Out, catalogue: &Catalogue, name: &str, dir: Option<&Path>) -> Exit {
    let Some(operation) = catalogue.get(name) else { return unknown(out, catalogue, name) };
    if out.json {
        out.result(&lines::json(&as_json(operation)));
        return Exit::Done;
    }
    let risk = if operation.low_risk { ", low risk" } else { "" };
    out.result(&format!("{}  {}", operation.name, text::safe(&operation.summary)));
    out.result(&format!("  effect    {}{risk}", operation.effect.as_str()));
    out.result(&format!("  repeat    {}", operation.repeat.told()));
    for param in &operation.params {
        let default = param.default.as_ref().map(|value| format!(", default {value}")).unwrap_or_default();
        let needed = if param.required { "required" } else { "optional" };
        out.result(&text::safe(&format!("  {:9} {}, {needed}{default}  {}", param.name, param.kind, param.doc)));
    }
    for (name, value) in &operation.settings {
        out.result(&text::safe(&format!("  setting   {name} = {value}")));
    }
    match &operation.binding {
        Some(Binding::Builtin { name, .. }) => out.result(&format!("  bound     builtin {name}")),
        Some(Binding::Http { method, url, .. }) => out.result(&text::safe(&format!("  bound     {method} {url}"))),
        Some(Binding::Job { name }) => out.result(&text::safe(&format!("  bound     the configured job `{name}`"))),
        Some(Binding::Channel { name }) => out.result(&text::safe(&format!("  bound     the configured channel `{name}`"))),
        Some(Binding::Command { argv, .. }) => out.result(&text::safe(&format!("  bound     {}", argv.join(" ")))),
        None => out.block(&format!(
            "  bound     no; these lines in {} would, with a program of yours:\n\n{}",
            own_file(dir, operation),
            lines_to_add(operation)
        )),
    }
    if let Some(Remote { argv, preview, .. }) = &operation.remote {
        let told =
            |argv: &[String]| argv.iter().map(|word| if word.contains('\n') { "(script)" } else { word }).collect::<Vec<_>>().join(" ");
        out.result(&text::safe(&format!("  elsewhere over ssh: {}", told(argv))));
        if let Some(list) = preview {
            out.result(&text::safe(&format!("  listed by {}: {}", told(&list.argv), list.fields.join(", "))));
        }
    }
    out.result(&text::safe(&format!(
        "  words     {}",
        operation.aliases.iter().chain(&operation.nouns).cloned().collect::<Vec<_>>().join(", ")
    )));
    out.result(&format!("  from      {}", operation.origin));
    Exit::Done
}

fn own_file(dir: Option<&Path>, operation: &Operation) -> String {
    let dir = dir.map_or_else(|| "<config>".to_owned(), |dir| dir.display().to_string());
    format!("{dir}/services/{}.toml", operation.service())
}

/// As they may be pasted: every required parameter is an operand.
fn lines_to_add(operation: &Operation) -> String {
    let operands: Vec<String> = operation.required().map(|param| format!(", \"{{{}}}\"", param.name)).collect();
    format!(
        "[[operation]]\nname = \"{}\"\nbinding = {{ kind = \"command\", argv = [\"/path/to/program\"{}] }}\n",
        operation.name,
        operands.concat()
    )
}

fn unknown(out: &Out, catalogue: &Catalogue, name: &str) -> Exit {
    let hint = near::hint(name, catalogue.operations.keys().map(String::as_str));
    let hint = if hint.is_empty() { "`ouioe service list` names them".to_owned() } else { hint };
    out.error(&format!("there is no operation `{}`; {hint}", text::safe(name)));
    Exit::Usage
}

async fn call(setup: &Setup, planning: &Planning, args: &CallArgs) -> Result<Exit, Trouble> {
    if planning.catalogue.get(&args.operation).is_none() {
        return Ok(unknown(&setup.out, &planning.catalogue, &args.operation));
    }
    let set: BTreeMap<String, String> = args.set.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
    let planned = match planning.single(&args.operation, &set) {
        Ok(plan) => planning.prepare(plan).await,
        Err(problems) => Err(problems),
    };
    match planned {
        Ok(plan) => submit(setup, plan, &Agree { yes: args.yes, digest: args.digest.as_deref(), detach: false }).await,
        Err(problems) => {
            setup.out.problems(&problems);
            Ok(Exit::Usage)
        }
    }
}
