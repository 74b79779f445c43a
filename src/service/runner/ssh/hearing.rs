//! What comes over a link -> how far the step got, and which bytes are its own.
//!
//! Before the host has said on a stream that it listens, all that comes there is the login's: messages of the day, of `ssh`, of
//! start-up files.

use crate::service::runner::stream::Side;

/// What `run.sh` says first on both streams, and `ask.sh` on the one it has.
pub const READY: &[u8] = b"\nouioe-ready 1\n";
/// A login that says more than this is taken for no shell of ours.
const NOISE_CAP: usize = 1 << 20;
/// Last bytes of what `ssh` said.
const SAID_CAP: usize = 4 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nobody listens yet.
    Greeting,
    /// The host listens and was told nothing, or not all.
    Ready,
    /// It was told all; it has said nothing to it.
    Sent,
    /// Somebody else had the attempt before.
    Held,
    Refused(String),
    Started,
}

pub struct Hearing {
    pub stage: Stage,
    said: Vec<u8>,
    line: Vec<u8>,
    /// Errors before the host's word, as far as they could be its beginning.
    errors: Vec<u8>,
    are_errors_its: bool,
    /// Errors of the step that were read before the line that says that it began.
    early: Vec<u8>,
    noise: usize,
}

impl Hearing {
    pub fn new() -> Self {
        Self {
            stage: Stage::Greeting,
            said: Vec::new(),
            line: Vec::new(),
            errors: Vec::new(),
            are_errors_its: false,
            early: Vec::new(),
            noise: 0,
        }
    }

    pub fn is_too_noisy(&self) -> bool {
        self.noise > NOISE_CAP
    }

    /// The last line that came beside the step.
    pub fn said(&self) -> String {
        let text = self.all_said();
        text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
    }

    /// All lines of it.
    pub fn all_said(&self) -> String {
        String::from_utf8_lossy(&[&self.said[..], &self.errors, &self.early].concat()).into_owned()
    }

    /// `keep` gets what is the step's own.
    pub fn hear(&mut self, side: Side, bytes: &[u8], keep: &mut dyn FnMut(Side, &[u8])) {
        match (&self.stage, side) {
            (Stage::Started, Side::Err) if self.are_errors_its => keep(side, bytes),
            (_, Side::Err) => self.error(bytes, keep),
            (Stage::Started, Side::Out) => keep(side, bytes),
            (Stage::Greeting, Side::Out) => self.greeting(bytes, keep),
            (Stage::Ready | Stage::Sent, Side::Out) => self.answer(bytes, keep),
            (Stage::Held | Stage::Refused(_), Side::Out) => {}
        }
    }

    fn error(&mut self, bytes: &[u8], keep: &mut dyn FnMut(Side, &[u8])) {
        if self.are_errors_its {
            return self.early.extend(bytes);
        }
        self.errors.extend(bytes);
        if let Some(at) = self.errors.windows(READY.len()).position(|window| window == READY) {
            self.are_errors_its = true;
            let rest = self.errors.split_off(at + READY.len());
            self.errors.truncate(at);
            let login = std::mem::take(&mut self.errors);
            self.note(&login);
            self.hear(Side::Err, &rest, keep);
        } else {
            let known = self.errors.len().saturating_sub(READY.len());
            let login: Vec<u8> = self.errors.drain(..known).collect();
            self.note(&login);
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        self.said.extend(bytes);
        self.said.drain(..self.said.len().saturating_sub(SAID_CAP));
    }

    fn greeting(&mut self, bytes: &[u8], keep: &mut dyn FnMut(Side, &[u8])) {
        self.line.extend(bytes);
        self.noise += bytes.len();
        if let Some(at) = self.line.windows(READY.len()).position(|window| window == READY) {
            self.line.drain(..at + READY.len());
            self.stage = Stage::Ready;
            self.answer(b"", keep);
        } else {
            let known = self.line.len().saturating_sub(READY.len());
            self.line.drain(..known);
        }
    }

    fn answer(&mut self, bytes: &[u8], keep: &mut dyn FnMut(Side, &[u8])) {
        self.line.extend(bytes);
        let Some(end) = self.line.iter().position(|byte| *byte == b'\n') else { return };
        let rest = self.line.split_off(end + 1);
        let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
        self.stage = match line.split_once(' ') {
            None if line == "started" => Stage::Started,
            None if line == "held" => Stage::Held,
            Some(("refused", why)) => Stage::Refused(why.to_owned()),
            Some(_) | None => Stage::Refused(format!("it says `{line}`")),
        };
        if self.stage == Stage::Started {
            for (side, bytes) in [(Side::Out, rest), (Side::Err, std::mem::take(&mut self.early))] {
                keep(side, &bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However the bytes are cut and whichever stream is read first, the same is the step's.
    #[test]
    fn only_what_follows_the_start_is_the_steps() {
        let out = b"Welcome!\n\nouioe-ready\n no\n\nouioe-ready 1\nstarted\nout\n\nouioe-ready 1\nheld\n".to_vec();
        let err = b"banner\n\nouioe-ready 1\nerr\n\nouioe-ready 1\n".to_vec();
        for (size, first) in (1..=out.len()).flat_map(|size| [(size, Side::Out), (size, Side::Err)]) {
            let mut hearing = Hearing::new();
            let mut kept: [Vec<u8>; 2] = Default::default();
            let (one, other) =
                if first == Side::Out { ((Side::Out, &out), (Side::Err, &err)) } else { ((Side::Err, &err), (Side::Out, &out)) };
            for (side, part) in [one, other].iter().flat_map(|(side, all)| all.chunks(size).map(|part| (*side, part))) {
                hearing.hear(side, part, &mut |side, bytes| kept[usize::from(side == Side::Err)].extend(bytes));
            }
            assert_eq!(hearing.stage, Stage::Started, "parts of {size}");
            assert_eq!(
                kept,
                [b"out\n\nouioe-ready 1\nheld\n".to_vec(), b"err\n\nouioe-ready 1\n".to_vec()],
                "parts of {size}, {first:?} first"
            );
            assert_eq!(hearing.said(), "banner");
        }
    }

    #[test]
    fn an_answer_that_is_none_starts_nothing() {
        for (line, stage) in [
            ("held\n", Stage::Held),
            ("refused mkdir /x y\n", Stage::Refused("mkdir /x y".into())),
            ("startled\n", Stage::Refused("it says `startled`".into())),
        ] {
            let mut hearing = Hearing::new();
            hearing.hear(Side::Out, READY, &mut |_, _| {});
            hearing.stage = Stage::Sent;
            hearing.hear(Side::Out, line.as_bytes(), &mut |_, _| panic!("kept"));
            assert_eq!(hearing.stage, stage);
        }
    }
}
