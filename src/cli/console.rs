//! `ouioe` without a command: the console, on the running engine or on one of its own.
//!
//! After a hang-up, or when the operator leaves runs going, the same process goes on without a screen until they are settled.

use std::sync::Arc;

use tokio::runtime::Runtime;

use super::act::Trouble;
use super::dispatch::Setup;
use super::exit::Exit;
use super::out::Out;
use super::session::Session;
use crate::console::{self, ConsoleError, PlanIntent, UiSettings, Wiring};
use crate::engine::EngineEnd;
use crate::engine::planning::Planning;
use crate::machine::{apply, rendered};
use crate::planner::Ask;

pub fn console(setup: &Setup, runtime: &Runtime) -> Result<Exit, Trouble> {
    let planning = match setup.planning() {
        Ok(planning) => Arc::new(planning),
        Err(exit) => return Ok(exit),
    };
    if setup.global.plain || setup.global.json || !has_screen(&ui_settings(setup)) {
        let help = "say what to do, as in `ouioe run \"complete system health check\"`; `ouioe --help` lists the commands";
        return Err(Trouble::new(Exit::Usage, format!("there is no terminal with a full screen here; {help}")));
    }
    let session = runtime.block_on(Session::open(&setup.place))?;
    let ended = console::run(Wiring {
        link: session.link.clone(),
        plan_intent: plan_intent(planning),
        fold: apply,
        render: |workflow, action| rendered(workflow, action).map_err(|missing| missing.detail().to_owned()),
        actor: setup.place.actor.clone(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        settings: ui_settings(setup),
        in_process: session.is_host(),
        runtime: runtime.handle().clone(),
    });
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

fn ui_settings(setup: &Setup) -> UiSettings {
    let mut settings = UiSettings::from_env(|name| std::env::var(name).ok());
    if setup.global.no_color {
        "mono".clone_into(&mut settings.theme);
    }
    settings
}

/// Looked at before an engine starts for a screen that is not there.
fn has_screen(settings: &UiSettings) -> bool {
    Out::is_on_screen() && !matches!(settings.term.as_str(), "" | "dumb")
}

fn trouble(error: &ConsoleError) -> Trouble {
    let exit = match error {
        ConsoleError::NoTerminal { .. } | ConsoleError::Theme { .. } => Exit::Usage,
        ConsoleError::Terminal { .. } | ConsoleError::Link(_) => Exit::Unreachable,
    };
    Trouble::new(exit, format!("could not {error}"))
}
