//! Submit a plan and stay with it to its end.

use std::collections::BTreeSet;

use super::Trouble;
use super::ask::{self, Asked};
use crate::cli::detach::outlive_terminal;
use crate::cli::exit::Exit;
use crate::cli::out::Out;
use crate::cli::session::{Place, Session};
use crate::cli::watch::{Ended, Watch};
use crate::engine::EngineEnd;
use crate::engine::handle::Reply;
use crate::model::command::{Command, Submit};
use crate::model::ids::RunId;
use crate::text;

/// Hosts an engine where none runs. The exit code is the run's.
pub async fn run(place: &Place, out: &Out, submit: Submit) -> Result<Exit, Trouble> {
    outlive_terminal();
    let session = Session::open(place).await?;
    let mut watch = Watch::of(session.link.follow().await?);
    let reply = session.link.send(Command::Submit(submit)).await;
    let Reply::Accepted { run: Some(run), .. } = reply else {
        let exit = refused(&reply, out);
        let end = session.close().await;
        return Ok(if exit == Exit::Done { Exit::Refused } else { exit.worse(of_end(end.as_ref())) });
    };
    if !out.json {
        out.note(&format!("run {run}"));
    }
    settle(session, &mut watch, &BTreeSet::from([run]), out).await
}

/// Watches to the end, says what a person should do next, ends the engine if it is ours.
pub async fn settle(session: Session, watch: &mut Watch, runs: &BTreeSet<RunId>, out: &Out) -> Result<Exit, Trouble> {
    let ended = until_nothing_is_asked(&session, watch, runs, out).await;
    let exit = match ended {
        Ended::Settled => watch.exit(runs),
        Ended::Interrupted => {
            let hosted = session.is_host();
            session.leave().await;
            for run in runs {
                out.note(&left(watch, run, hosted));
            }
            return Ok(Exit::Interrupted);
        }
        Ended::Gone(reason) => {
            let end = session.leave().await;
            return match end {
                Some(end @ (EngineEnd::Poisoned { .. } | EngineEnd::LostEpoch { .. } | EngineEnd::Panicked)) => Err(end.into()),
                _ => Err(Trouble::new(Exit::Unreachable, format!("the engine ended before the run did: {reason}"))),
            };
        }
    };
    say_what_next(watch, runs, out);
    let end = session.close().await;
    if let Some(EngineEnd::Stopped { seq, head }) = &end
        && out.verbose
    {
        out.note(&format!("journal head {head} at event {seq}"));
    }
    Ok(exit.worse(of_end(end.as_ref())))
}

/// What goes on without us, and what to type to come back.
fn left(watch: &Watch, run: &RunId, hosted: bool) -> String {
    let live = watch.state.runs.get(run).map_or(0, |run| run.live.len());
    let alone = match live {
        0 => "nothing of it runs".to_owned(),
        1 => "1 step runs to its end".to_owned(),
        many => format!("{many} steps run to their end"),
    };
    if hosted {
        format!("left run {run}: {alone}, nothing new starts; `ouioe resume {run}` goes on, `ouioe cancel {run}` ends it")
    } else {
        format!("left run {run}: its engine goes on with it; `ouioe events {run} -f` follows, `ouioe cancel {run}` ends it")
    }
}

/// Where somebody sits at the terminal, what waits for a person is put to them, until all is settled or they leave it.
async fn until_nothing_is_asked(session: &Session, watch: &mut Watch, runs: &BTreeSet<RunId>, out: &Out) -> Ended {
    loop {
        // The submission itself is the first event to see; a state without the run is not settled.
        let ended = watch.until_settled(runs, out).await;
        if ended != Ended::Settled || !out.is_interactive() {
            return ended;
        }
        let Some((run, request)) = ask::oldest(&watch.state, runs) else { return ended };
        match ask::put(&session.link, watch, &run, &request, out).await {
            Asked::Later => return ended,
            Asked::Interrupted => return Ended::Interrupted,
            Asked::Answered(None) => {}
            Asked::Answered(Some(Reply::Accepted { seq, .. })) => {
                if let Some(ended) = watch.until_answered((seq, &request), runs, out).await {
                    return ended;
                }
            }
            Asked::Answered(Some(reply)) => {
                refused(&reply, out);
                if !matches!(reply, Reply::Refused(_)) {
                    return ended;
                }
            }
        }
    }
}

fn of_end(end: Option<&EngineEnd>) -> Exit {
    match end {
        Some(EngineEnd::Poisoned { .. } | EngineEnd::LostEpoch { .. } | EngineEnd::Panicked) => Exit::JournalUnusable,
        Some(EngineEnd::Stopped { .. }) | None => Exit::Done,
    }
}

fn say_what_next(watch: &Watch, runs: &BTreeSet<RunId>, out: &Out) {
    for run in runs.iter().filter_map(|run| watch.state.runs.get(run)) {
        if let Some(paused) = super::weigh::paused(run) {
            out.note(&paused);
        }
        for open in run.questions.values() {
            out.note(&format!("waits for you: {}; `ouioe show {}` says what to type", text::safe(&open.question.why), run.run));
        }
    }
}

/// Says why, and who was faster; the exit code of it.
pub fn refused(reply: &Reply, out: &Out) -> Exit {
    match reply {
        Reply::Accepted { .. } => Exit::Done,
        Reply::Refused(refusal) => {
            let by =
                refusal.by.as_ref().map(|by| format!(" ({by} acted at event {})", refusal.seq.unwrap_or_default())).unwrap_or_default();
            out.error(&text::safe(&format!("refused: {}{by}", refusal.why)));
            Exit::of_refusal(refusal)
        }
        Reply::Unknown { cmd_id } => {
            out.error(&format!("it is not known whether command {cmd_id} is on disk; `ouioe runs` after a restart tells"));
            Exit::JournalUnusable
        }
        Reply::Gone => {
            out.error("the engine ended before it answered; `ouioe runs` tells what it recorded");
            Exit::Unreachable
        }
    }
}
