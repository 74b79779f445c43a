//! `ouioe --plain`, and every terminal without a full screen: one line at a time, the same verbs.
//!
//! A line is an intent; one that begins with `:` is a command line of ours. What waits for a person is said before the prompt.

use clap::Parser as _;
use tokio::runtime::Runtime;

use super::act::{Trouble, find};
use super::args::{Cli, Command};
use super::console::{has_screen, ui_settings};
use super::dispatch::{Setup, carry_out, wrong_words};
use super::exit::Exit;
use crate::text;

const HELP: &str = "\
Type what is to be done, as in: complete system health check
:runs  :show RUN  :approve RUN  :retry RUN STEP  :log RUN STEP  :cancel RUN   every command of `ouioe --help`, after a colon
:quit  or the end of input leaves; runs that are not finished stay as they are";

/// Where it was asked for, and at a terminal that has no full screen.
pub fn is_wanted(setup: &Setup) -> bool {
    !setup.global.json && (setup.global.plain || (setup.out.is_interactive() && !has_screen(&ui_settings(setup))))
}

/// The worst code of what was asked for, where nobody sits there; a person has seen each.
pub fn plain(setup: &Setup, runtime: &Runtime) -> Exit {
    let out = &setup.out;
    let is_interactive = out.is_interactive();
    let mut worst = Exit::Done;
    let mut said = String::new();
    if is_interactive {
        out.note("One line at a time. `?` helps, `:quit` leaves.");
    }
    loop {
        let waits = waiting(setup);
        if is_interactive && waits != said {
            out.note(&waits);
            said = waits;
        }
        let Some(line) = out.line(if is_interactive { "ouioe> " } else { "" }) else { break };
        let exit = match line.trim() {
            "" => continue,
            "?" | "help" | ":help" => {
                out.note(HELP);
                continue;
            }
            "quit" | "exit" | "q" | ":quit" | ":q" => break,
            line => one(setup, runtime, line),
        };
        worst = worst.worse(exit);
    }
    if is_interactive { Exit::Done } else { worst }
}

fn one(setup: &Setup, runtime: &Runtime, line: &str) -> Exit {
    let words = match line.strip_prefix(':') {
        None => Some(["run", "--", line].map(str::to_owned).to_vec()),
        Some(rest) => shlex::split(rest),
    };
    let Some(words) = words else {
        setup.out.error("a quote is not closed");
        return Exit::Usage;
    };
    match Cli::try_parse_from(std::iter::once("ouioe".to_owned()).chain(words)) {
        Ok(Cli { command: Some(command), .. }) => carried_out(setup, runtime, command),
        Ok(Cli { command: None, .. }) => {
            setup.out.note(HELP);
            Exit::Usage
        }
        Err(error) => wrong_words(&error),
    }
}

fn carried_out(setup: &Setup, runtime: &Runtime, command: Command) -> Exit {
    runtime.block_on(carry_out(setup, command)).unwrap_or_else(|trouble: Trouble| {
        setup.out.error(&trouble.sentence());
        trouble.exit
    })
}

/// One line for each run that somebody must do something about.
fn waiting(setup: &Setup) -> String {
    let Ok(state) = find::state(&setup.place.state_dir) else { return String::new() };
    let mut lines = Vec::new();
    for run in state.runs.values().filter(|run| !run.state.is_finished()) {
        let title = text::clip(&text::safe(&run.title), 40);
        if let Some(open) = run.questions.values().next() {
            lines.push(format!("{}  {title}: waits for you: {}; :show {}", run.run, text::safe(&open.question.why), run.run));
        } else if run.parked {
            lines.push(format!("{}  {title}: left unfinished; :resume", run.run));
        }
    }
    lines.join("\n")
}
