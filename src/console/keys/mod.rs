//! The one key table: dispatch, footer and help are read from it, so none of them can differ.
//!
//! Only keys that have an effect are here. Never bound: Ctrl-a b g h o s t, Alt-digits, F-keys (taken by tmux, screen,
//! zellij and flow control).

mod table;

pub use table::{TABLE, VERBS};

use super::app::App;
use super::input::{Code, Held, Key};
use super::pane::Pane;
use super::widget::scroll::Go;
use table::{DIALOG, INTENT, LOG, RUN, STEP, TYPED};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Go(Go),
    Open,
    Back,
    Show(Pane),
    NextPane,
    PreviousPane,
    EditIntent,
    Ask,
    NewLine,
    ClearIntent,
    RunPlan,
    Approve,
    OtherPlan,
    OldestQuestion,
    Retry,
    Change,
    HoldBack,
    Skip,
    Done,
    PauseOrResume,
    Cancel,
    TakeBack,
    ResumeParked,
    RunAgain,
    Rejoin,
    Follow,
    ShowOutput,
    ShowResult,
    ShowFacts,
    Fold,
    Find,
    NextFound,
    PreviousFound,
    Save,
    ThinkInFull,
    Palette,
    Accept,
    Dismiss,
    Do,
    Close,
    NextQuestion,
    Help,
    Leave,
    Interrupt,
    Repaint,
    Suspend,
}

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Pane(Pane),
    Dialog,
    Help,
    /// One line that is typed: what to look for, where to save.
    Prompt,
    Palette,
}

impl Place {
    /// Where the next key goes.
    pub fn of(app: &App) -> Self {
        if app.help.is_some() {
            Self::Help
        } else if app.dialog.is_some() {
            Self::Dialog
        } else if app.palette.is_some() {
            Self::Palette
        } else if app.prompt.is_some() {
            Self::Prompt
        } else {
            Self::Pane(app.pane)
        }
    }

    const fn bit(self) -> u16 {
        1 << match self {
            Self::Pane(pane) => pane as u16,
            Self::Dialog => 12,
            Self::Help => 13,
            Self::Prompt => 14,
            Self::Palette => 15,
        }
    }
}

/// A set of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places(u16);

impl Places {
    pub const fn panes(panes: &[Pane]) -> Self {
        let (mut set, mut at) = (Self(0), 0);
        while at < panes.len() {
            set = set.and(Place::Pane(panes[at]));
            at += 1;
        }
        set
    }

    pub const fn only(place: Place) -> Self {
        Self(place.bit())
    }

    pub const fn and(self, place: Place) -> Self {
        Self(self.0 | place.bit())
    }

    pub const fn has(self, place: Place) -> bool {
        self.0 & place.bit() != 0
    }

    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chord {
    One(Key),
    /// Two letters, one after the other.
    Two(char, char),
}

#[derive(Debug)]
pub struct Row {
    pub chords: &'static [Chord],
    pub act: Act,
    pub places: Places,
    /// For the footer; empty: not there.
    pub hint: &'static str,
    pub help: &'static str,
}

/// Letters of the choices in dialogs: the same verb has the same letter in every one.
#[derive(Debug, PartialEq, Eq)]
pub struct Verb {
    pub letter: char,
    pub name: &'static str,
    pub help: &'static str,
}

/// What a key means at a place; `first` is the first key of a pair that was begun.
pub fn act(place: Place, first: Option<char>, key: Key) -> Option<Act> {
    let matches = |chord: &Chord| match (chord, first) {
        (Chord::One(one), None) => *one == key,
        (Chord::Two(one, two), Some(first)) => *one == first && key == Key::char(*two),
        (Chord::One(_), Some(_)) | (Chord::Two(..), None) => false,
    };
    TABLE.iter().filter(|row| row.places.has(place)).find(|row| row.chords.iter().any(matches)).map(|row| row.act)
}

/// Every meaning of a key at a place, first the one that acts: `Enter` runs a proposal, else opens a step.
pub fn acts(place: Place, key: Key) -> impl Iterator<Item = Act> {
    let here = TABLE.iter().filter(move |row| row.places.has(place));
    here.filter(move |row| row.chords.contains(&Chord::One(key))).map(|row| row.act)
}

/// The key begins a pair at this place.
pub fn begins_pair(place: Place, key: Key) -> bool {
    let begins = |chord: &Chord| matches!(chord, Chord::Two(first, _) if key == Key::char(*first));
    TABLE.iter().any(|row| row.places.has(place) && row.chords.iter().any(begins))
}

/// What may come after the first key of a pair: `gf facts  go output`.
pub fn pairs(place: Place, first: char) -> String {
    let here = TABLE.iter().filter(|row| row.places.has(place));
    let second = |row: &Row| {
        let pair = row.chords.iter().find(|chord| matches!(chord, Chord::Two(one, _) if *one == first))?;
        let what = if row.hint.is_empty() { row.help } else { row.hint };
        Some(format!("{} {what}", chord_name(pair)))
    };
    here.filter_map(second).collect::<Vec<_>>().join("   ")
}

/// The first of its panes with this act, for those who look for it elsewhere.
pub fn home(act: Act) -> Option<Pane> {
    let works = |pane: &Pane| TABLE.iter().any(|row| row.act == act && row.places.has(Place::Pane(*pane)));
    Pane::ALL.into_iter().find(works)
}

/// As people read it: `^d`, `PgDn`, `gg`.
pub fn chord_name(chord: &Chord) -> String {
    match chord {
        Chord::Two(first, second) => format!("{first}{second}"),
        Chord::One(key) => {
            let name = match key.code {
                Code::Char(' ') => "Space".to_owned(),
                Code::Char(letter) => letter.to_string(),
                Code::Enter => "Enter".to_owned(),
                Code::Esc => "Esc".to_owned(),
                Code::Tab => "Tab".to_owned(),
                Code::BackTab => "S-Tab".to_owned(),
                Code::Backspace => "Bksp".to_owned(),
                Code::Delete => "Del".to_owned(),
                Code::Insert => "Ins".to_owned(),
                Code::Up => "Up".to_owned(),
                Code::Down => "Down".to_owned(),
                Code::Left => "Left".to_owned(),
                Code::Right => "Right".to_owned(),
                Code::Home => "Home".to_owned(),
                Code::End => "End".to_owned(),
                Code::PageUp => "PgUp".to_owned(),
                Code::PageDown => "PgDn".to_owned(),
                Code::Function(number) => format!("F{number}"),
            };
            match key.held {
                Held::Nothing => name,
                Held::Ctrl => format!("^{name}"),
                Held::Alt => format!("Alt-{name}"),
            }
        }
    }
}

/// The help: keys and meaning, one line a row, for every place in which the console can be.
pub fn help() -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (title, section) in [
        ("everywhere but where text is typed", None),
        ("a run and its steps: Plan, Step, Log, Why", Some(RUN)),
        ("Step", Some(STEP)),
        ("Log", Some(LOG)),
        ("intent editor", Some(INTENT)),
        ("what is looked for, where to save, commands", Some(TYPED)),
        ("dialogs", Some(DIALOG)),
    ] {
        lines.push((String::new(), title.to_owned()));
        let section = TABLE.iter().filter(|row| section_of(row) == section);
        lines.extend(section.map(|row| (row.chords.iter().map(chord_name).collect::<Vec<_>>().join(" "), row.help.to_owned())));
        if title == "dialogs" {
            lines.extend(VERBS.iter().map(|verb| (verb.letter.to_string(), format!("{}: {}", verb.name, verb.help))));
        }
    }
    lines
}

/// Each row is in one section: the narrowest that holds all the places where it works.
fn section_of(row: &Row) -> Option<Places> {
    [STEP, LOG, INTENT, DIALOG, TYPED, RUN].into_iter().find(|section| row.places.is_within(*section))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn places() -> impl Iterator<Item = Place> {
        Pane::ALL.into_iter().map(Place::Pane).chain([Place::Dialog, Place::Help, Place::Prompt, Place::Palette])
    }

    #[test]
    fn no_key_has_two_meanings_but_enter_on_a_proposal() {
        for place in places() {
            for row in TABLE.iter().filter(|row| row.places.has(place)) {
                for chord in row.chords {
                    let meanings: Vec<Act> =
                        TABLE.iter().filter(|row| row.places.has(place) && row.chords.contains(chord)).map(|row| row.act).collect();
                    let enter = meanings == [Act::RunPlan, Act::Open];
                    assert!(meanings.len() == 1 || enter, "{place:?} {} {meanings:?}", chord_name(chord));
                }
            }
        }
    }

    #[test]
    fn keys_that_multiplexers_and_lines_take_are_free() {
        let taken = ['a', 'b', 'g', 'h', 'o', 's', 't', 'k', 'n', 'p', 'q'];
        for chord in TABLE.iter().flat_map(|row| row.chords) {
            assert!(!taken.iter().any(|letter| *chord == Chord::One(Key::ctrl(*letter))), "{}", chord_name(chord));
            assert!(!matches!(chord, Chord::One(Key { code: Code::Function(_), .. })));
            assert!(!matches!(chord, Chord::One(Key { code: Code::Char(digit), held: Held::Alt }) if digit.is_ascii_digit()));
        }
    }

    #[test]
    fn the_help_is_the_table() {
        let help = help();
        for row in TABLE {
            let keys = row.chords.iter().map(chord_name).collect::<Vec<_>>().join(" ");
            assert_eq!(help.iter().filter(|(shown, text)| *shown == keys && text == row.help).count(), 1, "{keys} {}", row.help);
        }
        let rows = help.iter().filter(|(keys, _)| !keys.is_empty()).count();
        assert_eq!(rows, TABLE.len() + VERBS.len());
    }

    #[test]
    fn the_help_fits_80_columns() {
        for (keys, text) in help().iter().filter(|(keys, _)| !keys.is_empty()) {
            let width = 3 + keys.len().max(16) + text.len();
            assert!(width <= 80, "{width} {keys} {text}");
        }
    }

    #[test]
    fn a_verb_has_one_letter_and_a_letter_one_verb() {
        let letters: BTreeSet<char> = VERBS.iter().map(|verb| verb.letter).collect();
        assert_eq!(letters.len(), VERBS.len());
        let taken = |verb: &&Verb| act(Place::Dialog, None, Key::char(verb.letter)).is_some();
        assert!(VERBS.iter().filter(taken).count() == 0, "a choice's letter may not also move");
    }
}
