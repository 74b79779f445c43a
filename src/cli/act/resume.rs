//! Go on with what is paused or was left unfinished, until it is settled or waits for a person.

use std::collections::BTreeSet;

use super::run::settle;
use super::{Trouble, find};
use crate::cli::exit::Exit;
use crate::cli::out::Out;
use crate::cli::session::{Place, Session};
use crate::cli::watch::Watch;
use crate::engine::handle::Reply;
use crate::model::command::{Command, RefusalCode};
use crate::model::ids::RunId;

/// `force`: kills a holder of the journal that does not answer, as far as it can be proven to be one.
pub async fn resume(place: &Place, out: &Out, run: Option<&str>, force: bool) -> Result<Exit, Trouble> {
    if force
        && Session::join(place).await.ok().flatten().is_none()
        && let Some(holder) = crate::journal::take_over(&place.state_dir)?
    {
        out.note(&format!("took over from process {}", holder.pid));
    }
    let session = Session::open(place).await?;
    let mut watch = Watch::of(session.link.follow().await?);
    let one: Option<RunId> = run.map(|text| find::run(&watch.state, text).map(|run| run.run.clone())).transpose()?;
    let unfinished = |run: &&crate::model::state::Workflow| !run.state.is_finished();
    let runs: BTreeSet<RunId> = match &one {
        Some(run) => BTreeSet::from([run.clone()]),
        None => watch.state.runs.values().filter(unfinished).map(|run| run.run.clone()).collect(),
    };
    match session.link.send(Command::Resume { run: one.clone() }).await {
        Reply::Accepted { .. } => {}
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
