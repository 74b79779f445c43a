//! Which step's output is on the screen, and how much of it was read.
//!
//! Read in pieces through the link, only while it is visible: every 250 ms while the attempt is alive, to its end and
//! then never again once it is over.

use crate::model::ids::{AttemptNo, RunId, StepId};
use crate::model::time::Millis;
use crate::spool::OutputChunk;

use super::widget::log::Log;

pub const CHUNK: usize = 64 << 10;
/// Of a long output only the end is read, but for the pane that shows it whole.
const TAIL: u64 = 512 << 10;
const PERIOD: Millis = Millis(250);

/// One attempt's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub run: RunId,
    pub step: StepId,
    pub attempt: AttemptNo,
}

/// Whether more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Live,
    Over,
}

/// How much of it somebody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Tail,
    Whole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Idle { next: Millis },
    Asked,
    Done,
}

#[derive(Debug)]
pub struct Output {
    pub source: Source,
    pub log: Log,
    /// Bytes before the first one that was read.
    pub skipped: u64,
    pub error: Option<String>,
    /// Bytes that the step has written, as far as we know.
    pub total: u64,
    extent: Extent,
    offset: u64,
    flow: Flow,
    reading: Reading,
}

impl Output {
    pub fn new(source: Source, flow: Flow, extent: Extent, now: Millis) -> Self {
        let reading = Reading::Idle { next: now };
        Self { source, log: Log::default(), skipped: 0, error: None, total: 0, extent, offset: 0, flow, reading }
    }

    /// What was read will do for this too.
    pub fn serves(&self, source: &Source, extent: Extent) -> bool {
        self.source == *source && (extent == Extent::Tail || self.skipped == 0)
    }

    /// Before anything was read, more may still be asked for.
    pub fn widen(&mut self, extent: Extent) {
        if extent == Extent::Whole {
            self.extent = extent;
        }
    }

    /// Bytes that are still to be read.
    pub fn unread(&self) -> u64 {
        self.total.saturating_sub(self.offset)
    }

    /// The attempt ended: what is left is read once more.
    pub fn set_flow(&mut self, flow: Flow, now: Millis) {
        if self.flow != flow {
            self.flow = flow;
            if self.reading != Reading::Asked {
                self.reading = Reading::Idle { next: now };
            }
        }
    }

    /// When to ask next; `None`: an answer is awaited or nothing more comes.
    pub fn due(&self) -> Option<Millis> {
        match self.reading {
            Reading::Idle { next } => Some(next),
            Reading::Asked | Reading::Done => None,
        }
    }

    /// Marks a read as asked and says where to start.
    pub fn ask(&mut self) -> u64 {
        self.reading = Reading::Asked;
        self.offset
    }

    /// Returns whether anything new is to be drawn.
    pub fn answered(&mut self, answer: Result<OutputChunk, String>, now: Millis) -> bool {
        let chunk = match answer {
            Ok(chunk) => chunk,
            Err(error) => {
                self.reading = Reading::Done;
                self.error = Some(error);
                return true;
            }
        };
        self.total = chunk.total;
        if self.offset == 0 && chunk.total > TAIL && self.extent == Extent::Tail {
            self.skipped = chunk.total - TAIL;
            self.offset = self.skipped;
            self.reading = Reading::Idle { next: now };
            return true;
        }
        let fresh = chunk.offset >= self.offset && !chunk.bytes.is_empty();
        if fresh {
            if chunk.offset > self.offset {
                self.log.gap(chunk.offset - self.offset);
            }
            self.log.push(&chunk.bytes);
            self.offset = chunk.next_offset();
        }
        let more = fresh && self.offset < chunk.total;
        self.reading = match self.flow {
            Flow::Live => Reading::Idle { next: if more { now } else { Millis(now.0 + PERIOD.0) } },
            Flow::Over if more => Reading::Idle { next: now },
            Flow::Over => Reading::Done,
        };
        // What is only passed by on the way to the end is not drawn.
        fresh && !more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(offset: u64, bytes: &[u8], total: u64) -> OutputChunk {
        OutputChunk { offset, bytes: bytes.to_vec(), total, dropped: 0 }
    }

    fn output(flow: Flow) -> Output {
        Output::new(Source { run: "r".into(), step: "s".into(), attempt: AttemptNo(1) }, flow, Extent::Tail, Millis(0))
    }

    #[test]
    fn a_live_output_is_read_four_times_a_second_and_a_finished_one_to_its_end() {
        let mut live = output(Flow::Live);
        assert_eq!((live.due(), live.ask(), live.due()), (Some(Millis(0)), 0, None));
        assert!(live.answered(Ok(chunk(0, b"one\n", 4)), Millis(10)));
        assert_eq!(live.due(), Some(Millis(260)));
        live.ask();
        assert!(!live.answered(Ok(chunk(4, b"", 4)), Millis(270)), "nothing new is nothing to draw");
        live.set_flow(Flow::Over, Millis(300));
        assert_eq!((live.due(), live.ask()), (Some(Millis(300)), 4));
        live.answered(Ok(chunk(4, b"", 4)), Millis(310));
        assert_eq!(live.due(), None, "idle is idle");
    }

    #[test]
    fn of_a_long_output_the_end_is_read() {
        let mut over = output(Flow::Over);
        over.ask();
        over.answered(Ok(chunk(0, b"start", TAIL + 100)), Millis(0));
        assert_eq!((over.skipped, over.ask()), (100, 100));
        assert!(!over.serves(&over.source, Extent::Whole));
        let mut whole = output(Flow::Over);
        whole.widen(Extent::Whole);
        whole.ask();
        assert!(!whole.answered(Ok(chunk(0, b"start\n", TAIL + 100)), Millis(0)), "the rest is on its way");
        assert_eq!((whole.skipped, whole.ask()), (0, 6));
        // Bytes that the spool dropped in between are said, not skipped in silence.
        whole.answered(Ok(chunk(TAIL, b"end\n", TAIL + 4)), Millis(0));
        assert_eq!((whole.due(), whole.log.lost()), (None, TAIL - 6));
    }
}
