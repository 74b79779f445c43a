//! `ouioe` without a command: the console, on the running engine or on one of its own.
//!
//! After a hang-up, or when the operator leaves runs going, the same process goes on without a screen until they are settled.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Runtime;

use super::act::Trouble;
use super::detach::background;
use super::dispatch::Setup;
use super::exit::Exit;
use super::out::Out;
use super::session::{Place, Session, SessionError};
use crate::console::{self, Anew, ConsoleError, Improve, Joined, Past, PlanIntent, Rejoin, Revise, UiSettings, Wiring};
use crate::engine::EngineEnd;
use crate::engine::handle::{Feed, Reply};
use crate::engine::planning::Planning;
use crate::journal::Reader;
use crate::machine::{apply, rendered};
use crate::model::action::Action;
use crate::model::command::Command;
use crate::model::ids::{RunId, Seq};
use crate::model::problem::Problem;
use crate::model::state::Workflow;
use crate::model::step_state::WorkflowState;
use crate::model::time::Stamp;
use crate::planner::{self, Ask};

/// How long an engine that ends may take to let go of its journal and its socket.
const ENDING: Duration = Duration::from_secs(5);

/// The console's present way to an engine; it changes when that engine ends.
type Slot = Arc<Mutex<Option<Session>>>;

pub fn console(setup: &Setup, runtime: &Runtime) -> Result<Exit, Trouble> {
    let planning = match setup.planning() {
        Ok(planning) => Arc::new(planning),
        Err(exit) => return Ok(exit),
    };
    if setup.global.json || !has_screen(&ui_settings(setup)) {
        let help = "say what to do, as in `ouioe run \"complete system health check\"`; `ouioe --help` lists the commands";
        return Err(Trouble::new(Exit::Usage, format!("there is no terminal with a full screen here; {help}")));
    }
    let session = runtime.block_on(Session::open(&setup.place))?;
    let (link, in_process) = (session.link.clone(), session.is_host());
    let session: Slot = Arc::new(Mutex::new(Some(session)));
    let catalogue = Arc::new(planning.catalogue.clone());
    let ended = console::run(Wiring {
        catalogue,
        limits: setup.place.settings.engine.clone(),
        link,
        plan_intent: plan_intent(planning.clone()),
        improve: planning.model().map(|model| (model.name().to_owned(), improve(planning.clone()))),
        anew: anew(planning.clone()),
        revise: revise(planning),
        past: past(setup.place.clone()),
        rejoin: rejoin(setup.place.clone(), session.clone()),
        fold: apply,
        render: |workflow, action| rendered(workflow, action).map_err(|missing| missing.detail().to_owned()),
        actor: setup.place.actor.clone(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        settings: ui_settings(setup),
        in_process,
        seen: seen(&setup.place),
        runtime: runtime.handle().clone(),
    });
    remember(&setup.place);
    let Some(session) = session.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(Exit::Done) };
    let end = match ended {
        Ok(console::Exit::Hangup) => runtime.block_on(session.close()),
        Ok(console::Exit::Headless) => runtime.block_on(hand_over(setup, session)),
        Ok(console::Exit::Detach) => {
            setup.out.note("the engine goes on without this console; `ouioe` comes back to it, `ouioe runs` lists its runs");
            runtime.block_on(session.leave())
        }
        Ok(console::Exit::Quit | console::Exit::Park) => runtime.block_on(session.leave()),
        Err(error) => {
            runtime.block_on(session.leave());
            return Err(trouble(&error));
        }
    };
    match end {
        Some(EngineEnd::Stopped { seq, head }) => {
            setup.out.note(&format!("journal head {} at event {seq}", head.short()));
            Ok(Exit::Done)
        }
        Some(end) => Err(end.into()),
        None => Ok(Exit::Done),
    }
}

/// The runs go on in a process of their own, so that the shell comes back. Steps that run are not touched: the next engine
/// finds them again.
async fn hand_over(setup: &Setup, session: Session) -> Option<EngineEnd> {
    let goes_on = match session.link.follow().await {
        Ok(feed) => feed.state.runs.values().filter(|workflow| moves_by_itself(workflow)).map(|workflow| workflow.run.clone()).collect(),
        Err(_) => Vec::new(),
    };
    let end = session.leave().await;
    if goes_on.is_empty() || !matches!(end, Some(EngineEnd::Stopped { .. })) {
        return end;
    }
    match go_on(setup, &goes_on).await {
        Ok(pid) => setup.out.note(&format!(
            "{} without a screen in process {pid}; `ouioe` comes back, `ouioe runs` lists what there is",
            if goes_on.len() == 1 { "1 run goes on".to_owned() } else { format!("{} runs go on", goes_on.len()) },
        )),
        Err(trouble) => setup.out.error(&format!("{}; the runs are parked, `ouioe resume` goes on with them", trouble.sentence())),
    }
    end
}

/// Those that a person paused or an earlier engine left stay as they are.
fn moves_by_itself(workflow: &Workflow) -> bool {
    let held = matches!(workflow.state, WorkflowState::Paused | WorkflowState::Pausing);
    !workflow.state.is_finished() && !workflow.parked && !held
}

/// Returns the process that hosts them.
async fn go_on(setup: &Setup, runs: &[RunId]) -> Result<String, Trouble> {
    let session = background(setup).await?;
    for run in runs {
        match session.link.send(Command::Resume { run: Some(run.clone()), step: None }).await {
            Reply::Accepted { .. } => {}
            Reply::Refused(refusal) => return Err(Trouble::new(Exit::Refused, format!("could not go on with {run}: {}", refusal.why))),
            Reply::Unknown { .. } | Reply::Gone => return Err(Trouble::new(Exit::Unreachable, format!("could not go on with {run}"))),
        }
    }
    let holder = crate::journal::holder(&setup.place.state_dir).ok().flatten();
    Ok(holder.map_or_else(|| "?".to_owned(), |holder| holder.pid.to_string()))
}

/// Beside the journal; only a convenience, so a file that cannot be read or written is none.
fn seen_file(place: &Place) -> PathBuf {
    place.state_dir.join("console.seen")
}

fn seen(place: &Place) -> Option<Stamp> {
    std::fs::read_to_string(seen_file(place)).ok()?.trim().parse().ok().map(Stamp)
}

fn remember(place: &Place) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    if let Err(error) = std::fs::write(seen_file(place), now.to_string()) {
        tracing::debug!(%error, "could not keep when the console was looked at");
    }
}

fn plan_intent(planning: Arc<Planning>) -> PlanIntent {
    Arc::new(move |text, tell| {
        let planning = planning.clone();
        Box::pin(async move {
            // A long journal that nobody looked at yet takes a moment to read.
            let learning = planning.clone();
            let _ = tokio::task::spawn_blocking(move || learning.experience()).await;
            planning.plan_aloud(&Ask::new(text), &tell).await.0
        })
    })
}

fn improve(planning: Arc<Planning>) -> Improve {
    Arc::new(move |text, standing, tell| {
        let planning = planning.clone();
        Box::pin(async move { planning.improve_aloud(&Ask::new(text), &standing, &tell).await })
    })
}

fn revise(planning: Arc<Planning>) -> Revise {
    Arc::new(move |plan, step, set| {
        let planning = planning.clone();
        Box::pin(async move {
            let revised = planning.revise(&plan, &step, &set).await;
            let revised = revised.map_err(|problems| told(&problems))?;
            match revised.ix(&step).map(|ix| &revised.step(ix).action) {
                Some(Action::Unbound { hint }) => Err(format!("it could not run: {hint}")),
                Some(Action::Builtin { .. } | Action::Command { .. } | Action::Ssh { .. }) | None => Ok(revised),
            }
        })
    })
}

/// As `run --again` does it: an approval covers what is there now.
fn anew(planning: Arc<Planning>) -> Anew {
    Arc::new(move |plan| {
        let planning = planning.clone();
        Box::pin(async move { planning.prepare(planner::again(&plan)).await.map_err(|problems| told(&problems)) })
    })
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn rejoin(place: Place, slot: Slot) -> Rejoin {
    Arc::new(move || {
        let (place, slot) = (place.clone(), slot.clone());
        Box::pin(async move {
            let (session, feed) = next_engine(&place).await.map_err(|error| error.to_string())?;
            let joined = Joined { link: session.link.clone(), in_process: session.is_host(), feed };
            slot.lock().unwrap_or_else(PoisonError::into_inner).replace(session);
            Ok(joined)
        })
    })
}

/// Events of one run that are read to tell why; no run has more decisions.
const PAST: usize = 200_000;

/// Read beside the engine, which never waits for it.
fn past(place: Place) -> Past {
    Arc::new(move |run| {
        let dir = place.state_dir.clone();
        Box::pin(async move {
            let read = move || Reader::open(&dir)?.events(Seq(0), Some(&run), PAST);
            let read = tokio::task::spawn_blocking(read).await.map_err(|error| format!("read the journal: {error}"))?;
            read.map_err(|error| error.to_string())
        })
    })
}

/// Whoever holds the journal, else this process. One that is just ending still answers for a moment.
async fn next_engine(place: &Place) -> Result<(Session, Feed), SessionError> {
    let begun = Instant::now();
    loop {
        let tried = match Session::open(place).await {
            Ok(session) => session.link.follow().await.map(|feed| (session, feed)).map_err(SessionError::from),
            Err(error) => Err(error),
        };
        match tried {
            Err(SessionError::Link(_)) if begun.elapsed() < ENDING => tokio::time::sleep(Duration::from_millis(50)).await,
            settled => return settled,
        }
    }
}

pub fn ui_settings(setup: &Setup) -> UiSettings {
    let mut settings = UiSettings::from_env(|name| std::env::var(name).ok());
    if setup.global.no_color {
        "mono".clone_into(&mut settings.theme);
    }
    settings
}

/// Looked at before an engine starts for a screen that is not there.
pub fn has_screen(settings: &UiSettings) -> bool {
    Out::is_on_screen() && !matches!(settings.term.as_str(), "" | "dumb")
}

fn trouble(error: &ConsoleError) -> Trouble {
    let exit = match error {
        ConsoleError::NoTerminal { .. } | ConsoleError::Theme { .. } => Exit::Usage,
        ConsoleError::Terminal { .. } | ConsoleError::Link(_) => Exit::Unreachable,
    };
    Trouble::new(exit, format!("could not {error}"))
}
