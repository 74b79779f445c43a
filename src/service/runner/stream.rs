//! Bytes of a step's two streams -> spool, typed result and error tail, all redacted.
//!
//! Bounded memory, whatever the step writes: lines are never collected.

use super::record::{Ended, Stdout, TAIL_CAP};
use crate::model::failure::ExitFacts;
use crate::spool::SpoolWriter;
use crate::text::redact::Redactor;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Out,
    Err,
}

/// The last bytes of a stream.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(TAIL_CAP)..];
        let over = (self.0.len() + bytes.len()).saturating_sub(TAIL_CAP);
        self.0.drain(..over);
        self.0.extend(bytes);
    }
}

pub struct Streams {
    spool: SpoolWriter,
    /// One a stream: a secret may be cut by a read, not by the other stream.
    redact: Option<(Redactor, Redactor)>,
    stdout: Vec<u8>,
    stdout_cap: usize,
    stdout_cut: bool,
    out_tail: Tail,
    err_tail: Tail,
}

impl Streams {
    pub fn new(spool: SpoolWriter, secrets: Vec<Vec<u8>>, result_cap: u64) -> Self {
        let redact = (!secrets.is_empty()).then(|| {
            let redactor = Redactor::new(secrets);
            (redactor.clone(), redactor)
        });
        let stdout_cap = usize::try_from(result_cap).unwrap_or(usize::MAX);
        Self { spool, redact, stdout: Vec::new(), stdout_cap, stdout_cut: false, out_tail: Tail::default(), err_tail: Tail::default() }
    }

    pub fn push(&mut self, side: Side, bytes: &[u8]) {
        let clean = match (&mut self.redact, side) {
            (None, _) => return self.keep(side, bytes),
            (Some((out, _)), Side::Out) => out.push(bytes),
            (Some((_, err)), Side::Err) => err.push(bytes),
        };
        self.keep(side, &clean);
    }

    fn keep(&mut self, side: Side, clean: &[u8]) {
        self.spool.push(clean);
        match side {
            Side::Out => {
                let room = self.stdout_cap - self.stdout.len();
                self.stdout.extend(&clean[..clean.len().min(room)]);
                self.stdout_cut |= clean.len() > room;
                self.out_tail.push(clean);
            }
            Side::Err => self.err_tail.push(clean),
        }
    }

    pub fn finish(mut self, exit: ExitFacts) -> Ended {
        if let Some((mut out, mut err)) = self.redact.take() {
            self.keep(Side::Out, &out.finish());
            self.keep(Side::Err, &err.finish());
        }
        let tail = if self.err_tail.0.is_empty() { &self.out_tail.0 } else { &self.err_tail.0 };
        let error_tail = String::from_utf8_lossy(tail).into_owned();
        let stdout = into_text(self.stdout, self.stdout_cut);
        let (spool, lost) = self.spool.finish();
        Ended::Ran { exit, spool, stdout, error_tail, spool_error: lost.map(|error| error.to_string()), unsure: None }
    }
}

/// A cut inside a character is no fault of the step's.
fn into_text(mut bytes: Vec<u8>, cut: bool) -> Stdout {
    if cut
        && let Err(error) = std::str::from_utf8(&bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Stdout { text, cut, lossy: false, lost: false },
        Err(error) => Stdout { text: String::from_utf8_lossy(error.as_bytes()).into_owned(), cut, lossy: true, lost: false },
    }
}
