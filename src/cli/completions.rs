//! `ouioe completions`: what a shell needs to complete our words, and the run and step ids that it asks us for.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory as _, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;

use super::act::find;
use super::args::Cli;
use super::exit::Exit;
use super::out::Out;
use crate::config::environment::Environment;
use crate::config::place::state_dir;
use crate::model::state::State;
use crate::text;

/// The variable by which a shell asks.
const VARIABLE: &str = "OUIOE_COMPLETE";
/// Runs offered; the newest.
const OFFERED: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// Print what makes a shell complete commands, runs and steps
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe completions bash > ~/.local/share/bash-completion/completions/ouioe
  ouioe completions zsh > ~/.zfunc/_ouioe
  ouioe completions fish > ~/.config/fish/completions/ouioe.fish")]
pub struct CompletionsArgs {
    pub shell: Shell,
}

/// Answers a shell that asks while a line is typed, and ends the process then. Before anything else is set up.
pub fn answer() {
    CompleteEnv::with_factory(with_ids).var(VARIABLE).complete();
}

/// Whatever takes a run or a step offers those that there are.
fn with_ids() -> Command {
    Cli::command().mut_subcommands(|command| {
        command.mut_args(|arg| match arg.get_id().as_str() {
            "run" | "again" => arg.add(ArgValueCompleter::new(runs)),
            "step" => arg.add(ArgValueCompleter::new(steps)),
            _ => arg,
        })
    })
}

pub fn completions(out: &Out, args: &CompletionsArgs) -> Exit {
    let name = match args.shell {
        Shell::Bash => "bash",
        Shell::Elvish => "elvish",
        Shell::Fish => "fish",
        Shell::Powershell => "powershell",
        Shell::Zsh => "zsh",
    };
    let mut script = Vec::new();
    let written = Shells::builtins()
        .completer(name)
        .ok_or_else(|| io::Error::other("no such shell"))
        .and_then(|shell| shell.write_registration(VARIABLE, "ouioe", "ouioe", "ouioe", &mut script));
    match written {
        Ok(()) => {
            out.bytes(&script);
            Exit::Done
        }
        Err(error) => {
            out.error(&format!("could not make the completions: {error}"));
            Exit::Usage
        }
    }
}

/// Newest first, with their titles.
fn runs(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(state) = state() else { return Vec::new() };
    let mut runs: Vec<_> = state.runs.values().filter(|run| fits(typed, run.run.as_str())).collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.order));
    let shown = |run: &&crate::model::state::Workflow| {
        let help = format!("{}: {}", run.shown().word(), text::clip(&text::safe(&run.title), 40));
        CompletionCandidate::new(run.run.to_string()).help(Some(help.into()))
    };
    runs.iter().take(OFFERED).map(shown).collect()
}

/// Of the run that stands before it on the line.
fn steps(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(state) = state() else { return Vec::new() };
    let words: Vec<String> = std::env::args().collect();
    let Some(run) = words.iter().rev().find_map(|word| find::run(&state, word).ok()) else { return Vec::new() };
    let Some(graph) = run.graph() else { return Vec::new() };
    let steps = graph.places().map(|ix| (graph.step(ix), run.step(ix).state.word()));
    steps
        .filter(|(step, _)| fits(typed, step.id.as_str()))
        .map(|(step, word)| CompletionCandidate::new(text::safe(step.id.as_str())).help(Some(word.into())))
        .collect()
}

fn fits(typed: &OsStr, id: &str) -> bool {
    typed.to_str().is_some_and(|typed| id.starts_with(typed))
}

/// As the line that is being typed would find it.
fn state() -> Option<State> {
    let words: Vec<String> = std::env::args().collect();
    let named = words.iter().position(|word| word == "--state-dir").and_then(|at| words.get(at + 1)).map(PathBuf::from);
    let dir = state_dir(named.as_deref(), &Environment::of_process()).ok()?;
    find::state(&dir).ok()
}
