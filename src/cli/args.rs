//! The words of the command line; each subcommand's own stand in its file.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

use super::{
    approve, asset, audit, cancel, check, completions, config, doctor, done, events, forget, freeze, log, man, memory, note, pause, plan,
    reject, resume, retry, rollback, run, runs, service, show, skip, take_back, template,
};

/// From a typed intent to an approved, durable, adaptive run.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "ouioe",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Without a command: the console. It joins your running engine, else runs one itself.

Examples:
  ouioe
  ouioe plan restart nginx on web-3 and verify
  ouioe run check disk usage on localhost
  ouioe runs

Exit codes: 0 done as asked; 1 the run failed, only partially succeeded, or its verdict is FAILING;
2 wrong usage or invalid file; 3 needs clarification; 4 refused; 5 rejected or cancelled;
6 waits for a decision; 7 outcome unknown; 74 journal unusable; 75 engine not reachable;
130 left by Ctrl-C, nothing was cancelled"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help = "Journal, outputs and logs [default: $OUIOE_STATE_DIR, else $XDG_STATE_HOME/ouioe]"
    )]
    pub state_dir: Option<PathBuf>,
    #[arg(long, global = true, value_name = "FILE", help = "Settings [default: $XDG_CONFIG_HOME/ouioe/config.toml]")]
    pub config: Option<PathBuf>,
    /// Results as JSON, one value a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Lines instead of a full screen
    #[arg(long, global = true)]
    pub plain: bool,
    /// As with `NO_COLOR` in the environment
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Only results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// More in the log; twice for all
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// An engine without a screen, until every run is settled; what `run --detach` leaves behind
    #[command(name = "__host", hide = true)]
    Host,
    Plan(plan::PlanArgs),
    Run(run::RunArgs),
    Resume(resume::ResumeArgs),
    Runs(runs::RunsArgs),
    Show(show::ShowArgs),
    Log(log::LogArgs),
    Events(events::EventsArgs),
    Approve(approve::ApproveArgs),
    Reject(reject::RejectArgs),
    Retry(retry::RetryArgs),
    Skip(skip::SkipArgs),
    Done(done::DoneArgs),
    TakeBack(take_back::TakeBackArgs),
    Pause(pause::PauseArgs),
    Cancel(cancel::CancelArgs),
    Rollback(rollback::RollbackArgs),
    Freeze(freeze::FreezeArgs),
    Thaw(freeze::ThawArgs),
    Note(note::NoteArgs),
    Memory(memory::MemoryArgs),
    Forget(forget::ForgetArgs),
    Template(template::TemplateArgs),
    Service(service::ServiceArgs),
    Doctor(doctor::DoctorArgs),
    Config(config::ConfigArgs),
    Check(check::CheckArgs),
    Asset(asset::AssetArgs),
    Audit(audit::AuditArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// A step of a run.
#[derive(Clone, Debug, Args)]
pub struct StepAt {
    /// As `ouioe runs` lists it, its beginning, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// As `ouioe show RUN` lists it
    #[arg(value_name = "STEP")]
    pub step: String,
}

/// `name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub name: String,
    pub value: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self { name: name.to_owned(), value: value.to_owned() }),
            Some(_) | None => Err("expected NAME=VALUE".to_owned()),
        }
    }
}

/// The first digits of a digest, as people read them from the screen.
pub fn digest_start(text: &str) -> Result<String, String> {
    if (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("expected 8 to 64 hex digits, as shown with the plan".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }

    /// Every line of every "Examples:" is a command line that we accept.
    #[test]
    fn every_command_has_examples_that_parse() {
        let mut all = vec![(Vec::new(), Cli::command())];
        let mut examples = 0;
        while let Some((path, command)) = all.pop() {
            if command.is_hide_set() {
                continue;
            }
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1).take_while(|line| line.starts_with("  "));
            let lines: Vec<&str> = lines.collect();
            assert!(!lines.is_empty(), "{path:?} has no examples");
            for line in lines {
                let words = words_of(line);
                Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{line}\n{error}"));
                assert!(words[1..].starts_with(&path), "{line} is no example of {path:?}");
                examples += 1;
            }
            for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
                let mut path = path.clone();
                path.push(child.get_name().to_owned());
                all.push((path, child.clone()));
            }
        }
        assert!(examples > 20);
    }

    /// Words with single quotes, before the first `|`, `<` or `>`.
    fn words_of(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
        for c in line.trim().chars().chain(std::iter::once(' ')) {
            match c {
                '\'' => quoted = !quoted,
                '|' | '<' | '>' if !quoted => break,
                ' ' if !quoted => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
                _ => word.push(c),
            }
        }
        words
    }

    #[test]
    fn digests_and_assignments_are_checked_early() {
        assert_eq!(digest_start("ABABABAB").as_deref(), Ok("abababab"));
        for bad in ["abab", "nothexno", &"a".repeat(65)] {
            assert!(digest_start(bad).is_err(), "{bad}");
        }
        assert_eq!("a=b=c".parse(), Ok(Assignment { name: "a".to_owned(), value: "b=c".to_owned() }));
        assert!("=b".parse::<Assignment>().is_err() && "a".parse::<Assignment>().is_err());
    }

    #[test]
    fn a_run_has_one_source() {
        for (line, is_ok) in [
            ("run restart nginx", true),
            ("run --plan p.toml", true),
            ("run --template t --set host=a", true),
            ("run", false),
            ("run restart --plan p.toml", false),
            ("run --plan p.toml --template t", false),
            ("plan --batch", true),
            ("plan", false),
            ("plan --batch restart", false),
        ] {
            let words = std::iter::once("ouioe").chain(line.split(' '));
            assert_eq!(Cli::try_parse_from(words).is_ok(), is_ok, "{line}");
        }
    }
}
