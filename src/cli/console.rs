//! `ouioe` without a command: the console, on the running engine or on one of its own.
//!
//! After a hang-up, or when the operator leaves runs going, the same process goes on without a screen until they are settled.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::act::Trouble;
use super::dispatch::Setup;
use super::exit::Exit;
use super::out::Out;
use super::session::{Place, Session, SessionError};
use crate::console::{self, ConsoleError, Joined, PlanIntent, Rejoin, UiSettings, Wiring};
use crate::engine::EngineEnd;
use crate::engine::handle::Feed;
use crate::engine::planning::Planning;
use crate::machine::{apply, rendered};
use crate::planner::Ask;

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
    let ended = console::run(Wiring {
        link,
        plan_intent: plan_intent(planning),
        rejoin: rejoin(setup.place.clone(), session.clone()),
        fold: apply,
        render: |workflow, action| rendered(workflow, action).map_err(|missing| missing.detail().to_owned()),
        actor: setup.place.actor.clone(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        settings: ui_settings(setup),
        in_process,
        runtime: runtime.handle().clone(),
    });
    let Some(session) = session.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(Exit::Done) };
    let end = match ended {
        Ok(console::Exit::Headless | console::Exit::Hangup) => runtime.block_on(session.close()),
        Ok(console::Exit::Quit | console::Exit::Park | console::Exit::Detach) => runtime.block_on(session.leave()),
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

fn plan_intent(planning: Arc<Planning>) -> PlanIntent {
    Arc::new(move |text| {
        let planning = planning.clone();
        Box::pin(async move { planning.plan_intent(&Ask::new(text)).await })
    })
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
