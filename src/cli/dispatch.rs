//! Arguments -> wired parts -> exit code.

use std::path::PathBuf;

use tokio::runtime::Runtime;

use super::act::intervene::intervene;
use super::act::{self, Trouble};
use super::args::{Cli, Command, Global};
use super::audit::AuditCommand;
use super::console::console;
use super::exit::Exit;
use super::out::{self, Out};
use super::session::Place;
use super::{audit, check, completions, config, detach, logging, man, plain, plan, run, service, verbs};
use crate::config::Config;
use crate::config::environment::Environment;
use crate::config::place::{config_folder, state_dir};
use crate::config::secrets::redactor;
use crate::engine::past::Past;
use crate::engine::planning::Planning;
use crate::engine::proposing::Model;
use crate::link::local::local_actor;
use crate::model::ids::Seq;
use crate::store::Inventory;
use crate::text::redact::Redactor;

/// What every subcommand gets.
pub struct Setup {
    pub place: Place,
    pub out: Out,
    pub global: Global,
    pub config: Config,
    pub config_dir: Option<PathBuf>,
    /// Finds the values of configured secrets.
    pub secrets: Redactor,
}

impl Setup {
    /// Built-in and the user's manifests and templates; what is wrong with them, by file and line.
    pub fn planning(&self) -> Result<Planning, Exit> {
        let planning = Planning::load(self.config_dir.as_deref(), &self.config.settings.policy).map_err(|problems| {
            self.out.problems(&problems);
            Exit::Usage
        })?;
        let planning = planning.without(self.secrets.clone()).with_bound(self.config.jobs.clone(), self.config.channels.clone());
        let key = self.config.llm_key().map(|handle| handle.to_string());
        let planning = planning.with_ssh(self.config.settings.ssh.clone()).with_model(Model::of(&self.config.settings.llm, key));
        let planning = planning.with_past(Past::at(&self.place.state_dir));
        Ok(planning.with_inventory(Inventory::at(&self.place.state_dir)))
    }
}

/// Help is printed as it is; an error repeats what was typed, so it goes the way of all other text.
pub fn wrong_words(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        Out::default().error(error.render().to_string().trim_end());
        return Exit::Usage;
    }
    // A reader that left needs no help.
    let _ = error.print();
    Exit::Done
}

pub fn dispatch(cli: Cli) -> Exit {
    let Cli { global, command } = cli;
    let out = Out { json: global.json, quiet: global.quiet, verbose: global.verbose > 0 };
    let env = Environment::of_process();
    if let Some(exit) = command.as_ref().and_then(|command| without_state(&out, &global, &env, command)) {
        return exit;
    }
    let setup = match set_up(global, out.clone(), &env) {
        Ok(setup) => setup,
        Err(exit) => return exit,
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            out.error(&format!("could not start: {error}"));
            return Exit::Unreachable;
        }
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), "begins");
    let exit = match command {
        None if plain::is_wanted(&setup) => Ok(plain::plain(&setup, &runtime)),
        None => console(&setup, &runtime),
        Some(command) => runtime.block_on(carry_out(&setup, command)),
    };
    // What still runs has a process of its own; nothing here is worth waiting for.
    runtime.shutdown_background();
    let exit = exit.unwrap_or_else(|trouble| {
        let sentence = trouble.sentence();
        tracing::error!("{sentence}");
        out.error(&sentence);
        trouble.exit
    });
    tracing::info!(exit = exit as u8, "ends");
    exit
}

/// What needs no state folder and leaves none behind.
fn without_state(out: &Out, global: &Global, env: &Environment, command: &Command) -> Option<Exit> {
    Some(match command {
        Command::Check(_) => check::check(out, global, env),
        Command::Config(args) => config::config(out, global, env, args),
        Command::Completions(args) => completions::completions(out, args),
        Command::Man(args) => man::man(out, args),
        _ => return None,
    })
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("work").build()
}

fn set_up(global: Global, out: Out, env: &Environment) -> Result<Setup, Exit> {
    let config = Config::load(global.config.as_deref(), env).map_err(|problems| {
        out.problems(&problems);
        Exit::Usage
    })?;
    let state_dir = state_dir(global.state_dir.as_deref(), env).map_err(|problem| {
        out.problems(&[problem]);
        Exit::Usage
    })?;
    let (redactor, _) = redactor(&config.handles(), env);
    out::hide(redactor.clone());
    let filter = env.get("OUIOE_LOG").and_then(|text| text.to_str()).unwrap_or(match global.verbose {
        0 => "info",
        1 => "debug",
        _ => "trace",
    });
    if let Err(error) = logging::start(&state_dir, filter, redactor.clone()) {
        if error.is_about_permission() {
            out.error(&format!("could not use the state folder: {error}; name one of your own with --state-dir or OUIOE_STATE_DIR"));
            return Err(Exit::JournalUnusable);
        }
        out.note(&format!("no log: could not {error}"));
    }
    let place = Place { state_dir, settings: config.settings.clone(), actor: local_actor() };
    let config_dir = config_folder(global.config.as_deref(), env);
    Ok(Setup { place, out, global, config, config_dir, secrets: redactor })
}

pub async fn carry_out(setup: &Setup, command: Command) -> Result<Exit, Trouble> {
    let (place, out) = (&setup.place, &setup.out);
    if let Some(exit) = without_state(out, &setup.global, &Environment::of_process(), &command) {
        return Ok(exit);
    }
    match command {
        Command::Host => detach::host(place).await,
        Command::Plan(args) => plan::plan(setup, &args).await,
        Command::Run(args) => run::run(setup, &args).await,
        Command::Resume(args) => act::resume::resume(place, out, (args.run.as_deref(), args.step.as_deref()), args.force).await,
        Command::Memory(_) => Ok(act::memory::memory(place, out)),
        Command::Runs(args) => act::list::runs(place, out, args.unfinished),
        Command::Show(args) => act::show::show(place, out, &args.run),
        Command::Log(args) => act::output::log(place, out, &args).await,
        Command::Events(args) => act::output::events(place, out, args.run.as_deref(), args.follow, Seq(args.after)).await,
        Command::Template(args) => act::template::template(setup, &args.command),
        Command::Service(args) => service::service(setup, &args).await,
        Command::Doctor(_) => Ok(act::doctor::doctor(setup).await),
        Command::Asset(args) => act::asset::asset(place, out, &args.command),
        Command::Audit(args) => match args.command {
            AuditCommand::Verify(args) => audit::verify(place, out, args.head),
            AuditCommand::Export(args) => audit::export(place, out, &args),
        },
        other => step_in(setup, &other).await,
    }
}

async fn step_in(setup: &Setup, command: &Command) -> Result<Exit, Trouble> {
    match (command, verbs::of(command)) {
        (Command::Retry(args), _) if !args.set.is_empty() => act::revise::revise(setup, args).await,
        (_, Some((verb, words))) => intervene(&setup.place, &setup.out, verb, &words).await,
        (_, None) => Ok(Exit::Usage),
    }
}
