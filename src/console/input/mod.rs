//! Bytes of the terminal -> keys, pastes and focus changes.
//!
//! One thread reads fd 0; nothing else does. Owning the reader makes drain, suspend and hang-up simple, and a terminal
//! that is gone cannot make a library spin (crossterm #793).

mod parser;
mod reader;

pub use parser::{PASTE_CAP, Parser};
pub use reader::{Heard, Reader, Stopper};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// Recognised so that it does not fall apart into letters; bound to nothing.
    Function(u8),
}

/// What was held down with it. Shift shows in the letter itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    Nothing,
    Ctrl,
    Alt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub code: Code,
    pub held: Held,
}

impl Key {
    pub const fn plain(code: Code) -> Self {
        Self { code, held: Held::Nothing }
    }

    pub const fn char(letter: char) -> Self {
        Self::plain(Code::Char(letter))
    }

    pub const fn ctrl(letter: char) -> Self {
        Self { code: Code::Char(letter), held: Held::Ctrl }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Key(Key),
    /// Raw text between the paste marks; `dropped` counts the bytes over [`PASTE_CAP`].
    Paste {
        text: String,
        dropped: usize,
    },
    FocusGained,
    FocusLost,
}
