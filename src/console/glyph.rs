//! States and rails as single cells, and the same in ASCII.
//!
//! Views draw Unicode; where the terminal cannot show it, one pass over the finished buffer turns it into ASCII, so no
//! view knows of two sets.

use ratatui::buffer::Buffer;

use crate::model::step_state::{StepState, WorkflowState};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    Unicode,
    Ascii,
}

/// Each state has its own.
pub fn step(state: &StepState) -> char {
    match state {
        StepState::Waiting => '·',
        StepState::Queued { .. } => '○',
        StepState::Held { .. } => '◔',
        StepState::AwaitingApproval { .. } => '?',
        StepState::Running => '●',
        StepState::BackingOff { .. } => '↻',
        StepState::Recovering => '◌',
        StepState::Probing => '◎',
        StepState::Stopping { .. } => '■',
        StepState::AwaitingDecision { .. } => '!',
        StepState::Succeeded => '✔',
        StepState::Failed => '✖',
        StepState::Skipped { .. } => '↷',
        StepState::DoneByHand => '☑',
        StepState::OutcomeUnknown => '¿',
        StepState::Compensating => '↶',
        StepState::Compensated => '⊖',
        StepState::Cancelled => '⊘',
    }
}

pub fn workflow(state: WorkflowState) -> char {
    match state {
        WorkflowState::Draft => '·',
        WorkflowState::AwaitingApproval => '?',
        WorkflowState::Running => '●',
        WorkflowState::Pausing => '◔',
        WorkflowState::Paused => '‖',
        WorkflowState::Adapting => '↻',
        WorkflowState::Cancelling => '■',
        WorkflowState::Succeeded => '✔',
        WorkflowState::PartiallySucceeded => '◐',
        WorkflowState::Failed => '✖',
        WorkflowState::Cancelled => '⊘',
    }
}

/// Where lines leave a cell, as bits.
pub mod side {
    pub const UP: u8 = 1;
    pub const DOWN: u8 = 2;
    pub const LEFT: u8 = 4;
    pub const RIGHT: u8 = 8;
}

/// The line that leaves a cell at these sides.
pub fn line(sides: u8) -> char {
    const LINES: [char; 16] = [' ', '│', '│', '│', '─', '╯', '╮', '┤', '─', '╰', '╭', '├', '─', '┴', '┬', '┼'];
    LINES[usize::from(sides & 15)]
}

/// Glyphs -> their likeness in ASCII.
const ASCII: [(&str, char); 24] = [
    ("·▯▱", '.'),
    ("○◇", 'o'),
    ("◔", 'h'),
    ("●◆", '*'),
    ("↻…", '~'),
    ("◌", 'c'),
    ("◎", 'p'),
    ("■▮▰", '#'),
    ("✔▼↓", 'v'),
    ("✖×", 'x'),
    ("↷─┄╌—–", '-'),
    ("☑", 'V'),
    ("¿", '%'),
    ("↶", 'u'),
    ("⊖", 'U'),
    ("⊘", '/'),
    ("‖", '='),
    ("◐", 'P'),
    ("│┊▌▏█", '|'),
    ("╭╮╯╰├┤┬┴┼┌┐└┘", '+'),
    ("▸▶❯→", '>'),
    ("◂←", '<'),
    ("▲↑", '^'),
    ("␤", '$'),
];

/// What has no likeness is `?`.
fn ascii(letter: char) -> char {
    ASCII.iter().find(|(glyphs, _)| glyphs.contains(letter)).map_or('?', |(_, plain)| *plain)
}

/// The buffer as a terminal without Unicode can show it.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let letter = cell.symbol().chars().next().map_or(' ', ascii);
            cell.set_char(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::ids::{RequestId, TimerId};
    use crate::model::step_state::{QueuedWhy, SkipWhy, StopWhy};
    use crate::model::time::Stamp;

    #[test]
    fn no_two_states_look_alike_even_in_ascii() {
        let (request, timer, until) = (RequestId::new("q"), TimerId::new("t"), Stamp(0));
        let states = [
            StepState::Waiting,
            StepState::Queued { queued: QueuedWhy::Ready },
            StepState::Held { until, timer: timer.clone() },
            StepState::AwaitingApproval { request: request.clone() },
            StepState::Running,
            StepState::BackingOff { until, timer },
            StepState::Recovering,
            StepState::Probing,
            StepState::Stopping { stopping: StopWhy::Cancel, since: until },
            StepState::AwaitingDecision { request },
            StepState::Succeeded,
            StepState::Failed,
            StepState::Skipped { skipped: SkipWhy::Person },
            StepState::DoneByHand,
            StepState::OutcomeUnknown,
            StepState::Compensating,
            StepState::Compensated,
            StepState::Cancelled,
        ];
        let unicode: BTreeSet<char> = states.iter().map(step).collect();
        let plain: BTreeSet<char> = states.iter().map(step).map(|glyph| if glyph.is_ascii() { glyph } else { ascii(glyph) }).collect();
        assert_eq!((unicode.len(), plain.len()), (states.len(), states.len()));
        assert!(!plain.is_empty());
    }
}
