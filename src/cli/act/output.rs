//! A step's output, and the events of the journal; both can be followed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Trouble, find};
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::log::LogArgs;
use crate::cli::out::Out;
use crate::cli::session::{Place, Session};
use crate::cli::watch;
use crate::cli::watch::Watch;
use crate::journal::{JournalError, Reader};
use crate::model::ids::{AttemptNo, RunId, Seq, StepId, StepIx};
use crate::service::runner::record::FILE as EXIT_RECORD;
use crate::spool::Spools;
use crate::text;

const CHUNK: usize = 64 << 10;
/// Longest line in one JSON value, in bytes.
const LINE: usize = 64 << 10;
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
            if !out.json {
                out.note(&format!("== {}", text::safe(id.as_str())));
            }
            Copy::new(&spools, &workflow.run, id, raw).all(out, workflow.step(ix).attempt)?;
        }
        return Ok(Exit::Done);
    };
    let id = find::step(workflow, Some(step))?;
    let ix = workflow.graph().and_then(|graph| graph.ix(&id)).unwrap_or_default();
    let last = workflow.step(ix).attempt;
    let attempt = args.attempt.map_or(last, AttemptNo);
    if attempt > last {
        return Err(Trouble::new(Exit::Usage, format!("step {id} of run {} was tried {} times", workflow.run, last.0)));
    }
    if follow && attempt == last {
        return followed(place, out, Copy::new(&spools, &workflow.run, &id, raw), ix).await;
    }
    Copy::new(&spools, &workflow.run, &id, raw).all(out, attempt)?;
    Ok(Exit::Done)
}

/// Until the attempt has ended: as the engine tells, else as the runner's record does.
async fn followed(place: &Place, out: &Out, mut copy: Copy<'_>, ix: StepIx) -> Result<Exit, Trouble> {
    let session = Session::join(place).await?;
    let mut watch = match &session {
        Some(session) => Some(Watch::of(session.link.follow().await?)),
        None => None,
    };
    loop {
        let recorded = if watch.is_some() { None } else { Some(find::state(&place.state_dir)?) };
        let state = watch.as_ref().map(|watch| &watch.state).or(recorded.as_ref());
        let Some(record) = state.and_then(|state| state.runs.get(copy.run)).map(|run| run.step(ix)) else { return Ok(Exit::Done) };
        let attempt = record.attempt;
        let goes_on = record.state.is_live() && (watch.is_some() || !copy.has_ended(attempt));
        copy.more(out, attempt)?;
        if !goes_on || out.reader_left() {
            copy.end(out, attempt);
            return Ok(Exit::Done);
        }
        match &mut watch {
            None => tokio::time::sleep(LOOK).await,
            Some(following) => tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                next = following.next() => if !matches!(next, Some(Ok(_))) { watch = None },
            },
        }
    }
}

/// The output of one step on its way out. A character that stands in two chunks is not torn.
struct Copy<'a> {
    spools: &'a Spools,
    run: &'a RunId,
    step: &'a StepId,
    raw: bool,
    offset: u64,
    held: Vec<u8>,
}

impl<'a> Copy<'a> {
    fn new(spools: &'a Spools, run: &'a RunId, step: &'a StepId, raw: bool) -> Self {
        Self { spools, run, step, raw, offset: 0, held: Vec::new() }
    }

    fn all(mut self, out: &Out, attempt: AttemptNo) -> Result<(), Trouble> {
        self.more(out, attempt)?;
        self.end(out, attempt);
        Ok(())
    }

    fn more(&mut self, out: &Out, attempt: AttemptNo) -> Result<(), Trouble> {
        let step = self.step;
        let trouble = |error: std::io::Error| Trouble::new(Exit::JournalUnusable, format!("could not read the output of {step}: {error}"));
        loop {
            let chunk = self.spools.read(self.run, self.step, attempt, self.offset, CHUNK).map_err(trouble)?;
            if chunk.bytes.is_empty() {
                return Ok(());
            }
            if chunk.offset > self.offset {
                self.end(out, attempt);
                out.note(&format!("… {} bytes were dropped here: the output was longer than its cap …", chunk.offset - self.offset));
            }
            self.offset = chunk.offset + chunk.bytes.len() as u64;
            if self.raw {
                out.bytes(&chunk.bytes);
                continue;
            }
            self.held.extend(&chunk.bytes);
            if out.json {
                self.lines(out, attempt);
                continue;
            }
            let whole = whole_characters(&self.held);
            out.bytes(text::safe_bytes(&self.held[..whole]).as_bytes());
            self.held.drain(..whole);
        }
    }

    /// One value for each whole line; a line without an end is cut.
    fn lines(&mut self, out: &Out, attempt: AttemptNo) {
        while let Some(end) = self.held.iter().position(|byte| *byte == b'\n').or((self.held.len() > LINE).then_some(LINE)) {
            let line: Vec<u8> = self.held.drain(..=end).collect();
            self.line(out, attempt, &line);
        }
    }

    fn line(&self, out: &Out, attempt: AttemptNo, line: &[u8]) {
        let text = text::safe_bytes(line.strip_suffix(b"\n").unwrap_or(line));
        out.result(&lines::json(&serde_json::json!({ "step": self.step, "attempt": attempt.0, "text": text })));
    }

    /// What was never completed is shown as it is.
    fn end(&mut self, out: &Out, attempt: AttemptNo) {
        let rest = std::mem::take(&mut self.held);
        match out.json {
            true if rest.is_empty() => {}
            true => self.line(out, attempt, &rest),
            false => out.bytes(text::safe_bytes(&rest).as_bytes()),
        }
    }

    fn has_ended(&self, attempt: AttemptNo) -> bool {
        self.spools.attempt_dir(self.run, self.step, attempt).join(EXIT_RECORD).exists()
    }
}

/// How many of the bytes do not end within a character.
fn whole_characters(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    let begins = (start..bytes.len()).rev().find(|at| bytes[*at] >= 0xc0);
    match begins {
        Some(at) if std::str::from_utf8(&bytes[at..]).is_err_and(|error| error.error_len().is_none()) => at,
        Some(_) | None => bytes.len(),
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

#[cfg(test)]
mod tests {
    use super::whole_characters;

    #[test]
    fn a_character_is_held_until_it_is_whole() {
        let text = "aé€😀".as_bytes();
        let wanted = [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10];
        for (length, whole) in wanted.into_iter().enumerate() {
            assert_eq!(whole_characters(&text[..length]), whole, "{length}");
        }
        // What can never become a character waits for nothing.
        for broken in [&b"a\xff"[..], b"a\x80\x80\x80\x80", b"\xc0"] {
            assert_eq!(whole_characters(broken), broken.len(), "{broken:?}");
        }
    }
}
