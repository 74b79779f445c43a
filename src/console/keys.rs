//! The one key table: dispatch, footer and help are read from it, so none of them can differ.
//!
//! Only keys that have an effect are here. Never bound: Ctrl-a b g h o s t, Alt-digits, F-keys (taken by tmux, screen,
//! zellij and flow control).

use super::input::{Code, Held, Key};
use super::pane::Pane;
use super::widget::scroll::Go;

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
    RunPlan,
    Approve,
    OldestQuestion,
    Retry,
    Skip,
    Done,
    PauseOrResume,
    Cancel,
    TakeBack,
    ResumeParked,
    Rejoin,
    Follow,
    ShowOutput,
    ShowResult,
    Fold,
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
    Plan,
    Step,
    Runs,
    Intent,
    Dialog,
    Help,
}

impl From<Pane> for Place {
    fn from(pane: Pane) -> Self {
        match pane {
            Pane::Plan => Self::Plan,
            Pane::Step => Self::Step,
            Pane::Runs => Self::Runs,
            Pane::Intent => Self::Intent,
        }
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
    pub places: &'static [Place],
    /// For the footer; empty: not there.
    pub hint: &'static str,
    pub help: &'static str,
}

const fn letter(letter: char) -> Chord {
    Chord::One(Key::char(letter))
}

const fn ctrl(letter: char) -> Chord {
    Chord::One(Key::ctrl(letter))
}

const fn code(code: Code) -> Chord {
    Chord::One(Key::plain(code))
}

const fn alt(code: Code) -> Chord {
    Chord::One(Key { code, held: Held::Alt })
}

const LISTS: &[Place] = &[Place::Plan, Place::Step, Place::Runs];
const RUN: &[Place] = &[Place::Plan, Place::Step];
const EVERYWHERE: &[Place] = &[Place::Plan, Place::Step, Place::Runs, Place::Intent, Place::Dialog, Place::Help];
const SCROLLED: &[Place] = &[Place::Plan, Place::Step, Place::Runs, Place::Dialog, Place::Help];
const WITH_PANES: &[Place] = &[Place::Plan, Place::Step, Place::Runs, Place::Intent];

/// In the order of the footer and the help: what acts on the world first.
pub const TABLE: &[Row] = &[
    Row {
        chords: &[code(Code::Enter)],
        act: Act::Ask,
        places: &[Place::Intent],
        hint: "plan it",
        help: "plan the intent; nothing runs before you saw the plan",
    },
    Row { chords: &[ctrl('j'), alt(Code::Enter)], act: Act::NewLine, places: &[Place::Intent], hint: "", help: "new line in the intent" },
    Row { chords: &[code(Code::Enter)], act: Act::Do, places: &[Place::Dialog], hint: "do", help: "do what the mark ▸ stands on" },
    Row {
        chords: &[code(Code::Esc)],
        act: Act::Close,
        places: &[Place::Dialog, Place::Help],
        hint: "close",
        help: "close; nothing is decided",
    },
    Row {
        chords: &[code(Code::Tab)],
        act: Act::NextQuestion,
        places: &[Place::Dialog],
        hint: "next question",
        help: "next question that waits",
    },
    Row {
        chords: &[code(Code::Enter)],
        act: Act::RunPlan,
        places: &[Place::Plan],
        hint: "run",
        help: "run the proposed plan, if it only reads",
    },
    Row { chords: &[letter('a')], act: Act::Approve, places: RUN, hint: "approve", help: "open the approval of this plan or step" },
    Row { chords: &[letter('A')], act: Act::OldestQuestion, places: LISTS, hint: "decide", help: "open the question that waits longest" },
    Row { chords: &[letter('r')], act: Act::Retry, places: RUN, hint: "retry", help: "do the step again (asks)" },
    Row { chords: &[letter('s')], act: Act::Skip, places: RUN, hint: "skip", help: "go on without the step (asks, shows what is lost)" },
    Row {
        chords: &[letter('H')],
        act: Act::Done,
        places: RUN,
        hint: "done by hand",
        help: "mark the step as done by hand (asks how you know)",
    },
    Row { chords: &[letter('u')], act: Act::TakeBack, places: RUN, hint: "take back", help: "take an approved step back while it is held" },
    Row { chords: &[letter('p')], act: Act::PauseOrResume, places: RUN, hint: "pause", help: "pause the run, or go on with a paused one" },
    Row {
        chords: &[letter('R')],
        act: Act::ResumeParked,
        places: LISTS,
        hint: "resume",
        help: "go on with a run that an ended engine left",
    },
    Row {
        chords: &[letter('J')],
        act: Act::Rejoin,
        places: LISTS,
        hint: "join again",
        help: "look for an engine again, or start one here",
    },
    Row { chords: &[letter('x')], act: Act::Cancel, places: RUN, hint: "cancel", help: "cancel the run (asks)" },
    Row {
        chords: &[code(Code::Enter), letter('l'), code(Code::Right)],
        act: Act::Open,
        places: &[Place::Plan, Place::Runs],
        hint: "open",
        help: "open the selected step or run",
    },
    Row {
        chords: &[code(Code::Esc), letter('h'), code(Code::Left)],
        act: Act::Back,
        places: LISTS,
        hint: "",
        help: "back: from a step to its plan, from a plan to the runs",
    },
    Row {
        chords: &[code(Code::Esc)],
        act: Act::Back,
        places: &[Place::Intent],
        hint: "leave",
        help: "leave the editor; the draft is kept",
    },
    Row { chords: &[letter('i')], act: Act::EditIntent, places: LISTS, hint: "intent", help: "type an intent" },
    Row { chords: &[letter('f')], act: Act::Follow, places: &[Place::Step], hint: "follow", help: "follow the output again" },
    Row {
        chords: &[Chord::Two('g', 't')],
        act: Act::ShowResult,
        places: &[Place::Step],
        hint: "result",
        help: "the step's typed result as a tree",
    },
    Row {
        chords: &[code(Code::Enter), letter('l'), code(Code::Right)],
        act: Act::Fold,
        places: &[Place::Step],
        hint: "unfold",
        help: "open or close a part of the result",
    },
    Row { chords: &[Chord::Two('g', 'o')], act: Act::ShowOutput, places: &[Place::Step], hint: "output", help: "the step's output" },
    Row { chords: &[letter('k'), code(Code::Up)], act: Act::Go(Go::Up), places: SCROLLED, hint: "", help: "up" },
    Row { chords: &[letter('j'), code(Code::Down)], act: Act::Go(Go::Down), places: SCROLLED, hint: "", help: "down" },
    Row { chords: &[ctrl('u'), code(Code::PageUp)], act: Act::Go(Go::PageUp), places: SCROLLED, hint: "", help: "page up" },
    Row { chords: &[ctrl('d'), code(Code::PageDown)], act: Act::Go(Go::PageDown), places: SCROLLED, hint: "", help: "page down" },
    Row { chords: &[Chord::Two('g', 'g'), code(Code::Home)], act: Act::Go(Go::Top), places: SCROLLED, hint: "", help: "to the top" },
    Row { chords: &[letter('G'), code(Code::End)], act: Act::Go(Go::Bottom), places: SCROLLED, hint: "", help: "to the end" },
    Row { chords: &[letter('1')], act: Act::Show(Pane::Plan), places: LISTS, hint: "", help: "pane Plan" },
    Row { chords: &[letter('2')], act: Act::Show(Pane::Step), places: LISTS, hint: "", help: "pane Step" },
    Row { chords: &[letter('5')], act: Act::Show(Pane::Runs), places: LISTS, hint: "", help: "pane Runs" },
    Row { chords: &[letter('7')], act: Act::Show(Pane::Intent), places: LISTS, hint: "", help: "pane Intent" },
    Row { chords: &[code(Code::Tab)], act: Act::NextPane, places: WITH_PANES, hint: "", help: "next pane" },
    Row { chords: &[code(Code::BackTab)], act: Act::PreviousPane, places: WITH_PANES, hint: "", help: "previous pane" },
    Row {
        chords: &[letter('q')],
        act: Act::Leave,
        places: LISTS,
        hint: "leave",
        help: "leave; with unfinished runs it asks what becomes of them",
    },
    Row { chords: &[letter('q')], act: Act::Close, places: &[Place::Help], hint: "", help: "close the help" },
    Row {
        chords: &[ctrl('c')],
        act: Act::Interrupt,
        places: EVERYWHERE,
        hint: "",
        help: "clear the input, then offer to leave; never cancels a run",
    },
    Row { chords: &[ctrl('l')], act: Act::Repaint, places: EVERYWHERE, hint: "", help: "paint the screen anew" },
    Row { chords: &[ctrl('z')], act: Act::Suspend, places: EVERYWHERE, hint: "", help: "suspend to the shell (`fg` comes back)" },
    Row { chords: &[letter('?')], act: Act::Help, places: LISTS, hint: "help", help: "this help" },
];

/// Letters of the choices in dialogs: the same verb has the same letter in every one.
#[derive(Debug, PartialEq, Eq)]
pub struct Verb {
    pub letter: char,
    pub name: &'static str,
    pub help: &'static str,
}

pub const VERBS: &[Verb] = &[
    Verb { letter: 'a', name: "approve", help: "run exactly what is shown" },
    Verb { letter: 'n', name: "reject", help: "say no" },
    Verb { letter: 'r', name: "retry", help: "do it again" },
    Verb { letter: 's', name: "skip", help: "go on without it" },
    Verb { letter: 'H', name: "done", help: "it was done by hand: say how you know" },
    Verb { letter: 'x', name: "cancel", help: "cancel; what runs is ended with grace" },
    Verb { letter: 'X', name: "cancel now", help: "cancel without grace; recovery steps do not run" },
    Verb { letter: 'b', name: "roll back", help: "cancel, then undo what can be undone, last first" },
    Verb { letter: 'l', name: "leave running", help: "the engine goes on without a screen" },
    Verb { letter: 'p', name: "park", help: "end the engine; nothing new starts before `resume`" },
    Verb { letter: 'q', name: "leave", help: "leave the console" },
    Verb { letter: 'c', name: "close", help: "decide later" },
];

/// What a key means at a place; `first` is the first key of a pair that was begun.
pub fn act(place: Place, first: Option<char>, key: Key) -> Option<Act> {
    let matches = |chord: &Chord| match (chord, first) {
        (Chord::One(one), None) => *one == key,
        (Chord::Two(one, two), Some(first)) => *one == first && key == Key::char(*two),
        (Chord::One(_), Some(_)) | (Chord::Two(..), None) => false,
    };
    TABLE.iter().filter(|row| row.places.contains(&place)).find(|row| row.chords.iter().any(matches)).map(|row| row.act)
}

/// Every meaning of a key at a place, first the one that acts: `Enter` runs a proposal, else opens a step.
pub fn acts(place: Place, key: Key) -> impl Iterator<Item = Act> {
    let here = TABLE.iter().filter(move |row| row.places.contains(&place));
    here.filter(move |row| row.chords.contains(&Chord::One(key))).map(|row| row.act)
}

/// The key begins a pair at this place.
pub fn begins_pair(place: Place, key: Key) -> bool {
    let begins = |chord: &Chord| matches!(chord, Chord::Two(first, _) if key == Key::char(*first));
    TABLE.iter().any(|row| row.places.contains(&place) && row.chords.iter().any(begins))
}

/// As people read it: `^d`, `PgDn`, `gg`.
pub fn chord_name(chord: &Chord) -> String {
    match chord {
        Chord::Two(first, second) => format!("{first}{second}"),
        Chord::One(key) => {
            let name = match key.code {
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
    for (title, place) in [
        ("everywhere but the editor", None),
        ("Plan, Step", Some(RUN)),
        ("Step", Some(&[Place::Step][..])),
        ("intent editor", Some(&[Place::Intent][..])),
        ("dialogs", Some(&[Place::Dialog][..])),
    ] {
        lines.push((String::new(), title.to_owned()));
        let section = TABLE.iter().filter(|row| section_of(row) == place);
        lines.extend(section.map(|row| (row.chords.iter().map(chord_name).collect::<Vec<_>>().join(" "), row.help.to_owned())));
        if title == "dialogs" {
            lines.extend(VERBS.iter().map(|verb| (verb.letter.to_string(), format!("{}: {}", verb.name, verb.help))));
        }
    }
    lines
}

/// Each row is in one section: the narrowest that names where it works.
fn section_of(row: &Row) -> Option<&'static [Place]> {
    match row.places {
        [Place::Step] => Some(&[Place::Step]),
        [Place::Intent] => Some(&[Place::Intent]),
        [Place::Dialog] => Some(&[Place::Dialog]),
        [Place::Plan, Place::Step] | [Place::Plan] => Some(RUN),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PLACES: [Place; 6] = [Place::Plan, Place::Step, Place::Runs, Place::Intent, Place::Dialog, Place::Help];

    #[test]
    fn no_key_has_two_meanings_but_enter_on_a_proposal() {
        for place in PLACES {
            for row in TABLE.iter().filter(|row| row.places.contains(&place)) {
                for chord in row.chords {
                    let meanings: Vec<Act> =
                        TABLE.iter().filter(|row| row.places.contains(&place) && row.chords.contains(chord)).map(|row| row.act).collect();
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
            assert!(!taken.iter().any(|letter| *chord == ctrl(*letter)), "{}", chord_name(chord));
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
    fn a_verb_has_one_letter_and_a_letter_one_verb() {
        let letters: BTreeSet<char> = VERBS.iter().map(|verb| verb.letter).collect();
        assert_eq!(letters.len(), VERBS.len());
        let taken = |verb: &&Verb| act(Place::Dialog, None, Key::char(verb.letter)).is_some();
        assert!(VERBS.iter().filter(taken).count() == 0, "a choice's letter may not also move");
    }
}
