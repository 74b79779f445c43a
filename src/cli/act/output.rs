//! A step's output, and the events of the journal; both can be followed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Trouble, find};
use crate::cli::exit::Exit;
use crate::cli::log::LogArgs;
use crate::cli::out::Out;
use crate::cli::session::{Place, Session};
use crate::cli::watch;
use crate::cli::watch::Watch;
use crate::journal::{JournalError, Reader};
use crate::model::ids::{AttemptNo, RunId, Seq, StepId};
use crate::spool::Spools;
use crate::text;

const CHUNK: usize = 64 << 10;
/// Between two looks at the output of a running step.
const LOOK: Duration = Duration::from_millis(200);

/// Without a step: every step's output in plan order, under its name. `raw` writes the bytes as they are.
pub async fn log(place: &Place, out: &Out, args: &LogArgs) -> Result<Exit, Trouble> {
    let (follow, raw) = (args.follow, args.raw);
    if raw && Out::terminals().output {
        let what = "--raw writes control characters as they are, and a terminal would obey them; send it to a file or a program";
        return Err(Trouble::new(Exit::Usage, what));
    }
    let state = find::state(&place.state_dir)?;
    let workflow = find::run(&state, &args.run)?;
    let spools = Spools::new(place.state_dir.join("runs"));
    let Some(step) = args.step.as_deref() else {
        let Some(graph) = workflow.graph() else { return Ok(Exit::Done) };
        for ix in graph.places().filter(|ix| workflow.step(*ix).attempt.0 > 0) {
            let id = &graph.step(ix).id;
            out.note(&format!("== {}", text::safe(id.as_str())));
            copy(&spools, out, &workflow.run, id, workflow.step(ix).attempt, 0, raw)?;
        }
        return Ok(Exit::Done);
    };
    let id = find::step(workflow, Some(step))?;
    let run = workflow.run.clone();
    let mut offset = 0;
    loop {
        let state = find::state(&place.state_dir)?;
        let Some((ix, workflow)) = state.runs.get(&run).and_then(|one| Some((one.graph()?.ix(&id)?, one))) else { return Ok(Exit::Done) };
        let live = workflow.step(ix).state.is_live();
        offset = copy(&spools, out, &run, &id, workflow.step(ix).attempt, offset, raw)?;
        if !follow || !live || out.reader_left() {
            return Ok(Exit::Done);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn copy(spools: &Spools, out: &Out, run: &RunId, step: &StepId, attempt: AttemptNo, from: u64, raw: bool) -> Result<u64, Trouble> {
    let mut offset = from;
    let trouble = |error: std::io::Error| Trouble::new(Exit::JournalUnusable, format!("could not read the output of {step}: {error}"));
    loop {
        let chunk = spools.read(run, step, attempt, offset, CHUNK).map_err(trouble)?;
        if chunk.bytes.is_empty() {
            return Ok(offset);
        }
        if chunk.offset > offset {
            out.note(&format!("… {} bytes were dropped here: the output was longer than its cap …", chunk.offset - offset));
        }
        offset = chunk.offset + chunk.bytes.len() as u64;
        if raw { out.bytes(&chunk.bytes) } else { out.bytes(text::safe_bytes(&chunk.bytes).as_bytes()) }
    }
}

/// Every event, or a run's; with `follow`, also those to come.
pub async fn events(place: &Place, out: &Out, run: Option<&str>, follow: bool, after: Seq) -> Result<Exit, Trouble> {
    let run = match run {
        Some(text) => Some(find::run(&find::state(&place.state_dir)?, text)?.run.clone()),
        None => None,
    };
    let session = if follow { Session::join(place).await? } else { None };
    let mut watch = match &session {
        Some(session) => Some(Watch::of(session.link.follow().await?)),
        None => None,
    };
    let upto = watch.as_ref().map(|watch| watch.state.seq);
    print_recorded(place, out, run.as_ref(), after, upto)?;
    let wanted: Option<BTreeSet<RunId>> = run.map(|run| BTreeSet::from([run]));
    while let Some(watch) = watch.as_mut().filter(|_| !out.reader_left()) {
        match watch.next().await {
            Some(Ok(event)) => {
                if wanted.as_ref().is_none_or(|runs| event.run.as_ref().is_some_and(|run| runs.contains(run))) {
                    watch::print(&event, out);
                }
            }
            Some(Err(_)) | None => break,
        }
    }
    Ok(Exit::Done)
}

fn print_recorded(place: &Place, out: &Out, run: Option<&RunId>, after: Seq, upto: Option<Seq>) -> Result<(), Trouble> {
    let reader = match Reader::open(&place.state_dir) {
        Ok(reader) => reader,
        Err(JournalError::Missing { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut after = after;
    loop {
        let events = reader.events(after, run, 1_000)?;
        let Some(last) = events.last() else { return Ok(()) };
        after = last.seq;
        for event in events.iter().filter(|event| upto.is_none_or(|upto| event.seq <= upto)) {
            watch::print(event, out);
        }
    }
}
