//! Go on with what is paused or was left unfinished, until it is settled or waits for a person.

use std::collections::BTreeSet;

use super::run::settle;
use super::{Trouble, find};
use crate::cli::detach::outlive_terminal;
use crate::cli::exit::Exit;
use crate::cli::out::Out;
use crate::cli::session::{Place, Session};
use crate::cli::watch::{Watch, print};
use crate::engine::handle::Reply;
use crate::journal::Reader;
use crate::model::command::{Command, RefusalCode};
use crate::model::ids::RunId;
use crate::model::state::State;

/// `force`: kills a holder of the journal that does not answer, as far as it can be proven to be one.
pub async fn resume(place: &Place, out: &Out, (run, step): (Option<&str>, Option<&str>), force: bool) -> Result<Exit, Trouble> {
    if force
        && Session::join(place).await.ok().flatten().is_none()
        && let Some(holder) = crate::journal::take_over(&place.state_dir)?
    {
        out.note(&format!("took over from process {}", holder.pid));
    }
    outlive_terminal();
    let before = find::state(&place.state_dir)?;
    let session = Session::open(place).await?;
    let mut watch = Watch::of(session.link.follow().await?);
    let one: Option<RunId> = run.map(|text| find::run(&watch.state, text).map(|run| run.run.clone())).transpose()?;
    let step = match (&one, step) {
        (Some(run), Some(text)) => Some(find::step(find::run(&watch.state, run.as_str())?, Some(text))?),
        _ => None,
    };
    let runs: BTreeSet<RunId> = match &one {
        Some(run) => BTreeSet::from([run.clone()]),
        None => [&before, &watch.state].into_iter().flat_map(unfinished).collect(),
    };
    // What the engine found out while it started: a run may have ended with it.
    for event in Reader::open(&place.state_dir)?.events(before.seq, None, usize::MAX)? {
        if event.seq <= watch.state.seq && event.run.as_ref().is_some_and(|run| runs.contains(run)) {
            print(&event, out);
        }
    }
    match session.link.send(Command::Resume { run: one.clone(), step }).await {
        Reply::Accepted { .. } => {}
        // It was unfinished when asked, and ended with what the engine found of it, or while this was on its way: the watch
        // hears of it.
        Reply::Refused(refusal)
            if refusal.code == RefusalCode::WrongState && has_ended(&before, &find::state(&place.state_dir)?, one.as_ref()) => {}
        Reply::Refused(refusal) if one.is_none() && refusal.code == RefusalCode::WrongState => {
            if runs.is_empty() {
                out.note("nothing was left unfinished");
            }
        }
        other => {
            let exit = super::run::refused(&other, out);
            session.close().await;
            return Ok(exit);
        }
    }
    settle(session, &mut watch, &runs, out).await
}

fn has_ended(before: &State, now: &State, run: Option<&RunId>) -> bool {
    let is_finished = |state: &State| run.and_then(|run| state.runs.get(run)).is_some_and(|run| run.state.is_finished());
    !is_finished(before) && is_finished(now)
}

fn unfinished(state: &State) -> impl Iterator<Item = RunId> {
    state.runs.values().filter(|run| !run.state.is_finished()).map(|run| run.run.clone())
}
