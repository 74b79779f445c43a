//! The rows: every key, where it works, and its words for footer and help.

use super::{Act, Chord, Place, Places, Row, Verb};
use crate::console::input::{Code, Held, Key};
use crate::console::pane::Pane;
use crate::console::widget::scroll::Go;

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

/// Where a step of a run is selected.
pub(super) const RUN: Places = Places::panes(&[Pane::Plan, Pane::Step, Pane::Log, Pane::Why]);
/// A whole run is at hand.
const AGAIN: Places = RUN.and(Place::Pane(Pane::Runs));
pub(super) const STEP: Places = Places::panes(&[Pane::Step]);
pub(super) const LOG: Places = Places::panes(&[Pane::Log]);
pub(super) const WHY: Places = Places::panes(&[Pane::Why]);
pub(super) const INTENT: Places = Places::panes(&[Pane::Intent]);
pub(super) const DIALOG: Places = Places::only(Place::Dialog);
pub(super) const TYPED: Places = Places::only(Place::Prompt).and(Place::Palette);
const PALETTE: Places = Places::only(Place::Palette);
const HELP: Places = Places::only(Place::Help);
const PLAN: Places = Places::panes(&[Pane::Plan]);
const OUTPUT: Places = Places::panes(&[Pane::Step, Pane::Log]);
const FOUND: Places = Places::panes(&[Pane::Plan, Pane::Log]);
/// Every pane but the one that is typed into.
const LISTS: Places = Places::panes(&[Pane::Plan, Pane::Step, Pane::Log, Pane::Why, Pane::Runs, Pane::Inbox, Pane::Services]);
/// Each row of it can be opened.
const ROWS: Places = Places::panes(&[Pane::Plan, Pane::Runs, Pane::Inbox, Pane::Services]);
const SEARCHED: Places = Places::panes(&[Pane::Plan, Pane::Log, Pane::Runs, Pane::Inbox, Pane::Services]);
const SCROLLED: Places = LISTS.and(Place::Dialog).and(Place::Help);
const WITH_PANES: Places = Places::panes(&Pane::ALL);
const EVERYWHERE: Places = WITH_PANES.and(Place::Dialog).and(Place::Help).and(Place::Prompt).and(Place::Palette);

/// In the order of the footer and the help: what acts on the world first.
pub const TABLE: &[Row] = &[
    Row {
        chords: &[code(Code::Enter)],
        act: Act::Ask,
        places: INTENT,
        hint: "plan it",
        help: "plan the intent; nothing runs before you saw the plan",
    },
    Row { chords: &[ctrl('j'), alt(Code::Enter)], act: Act::NewLine, places: INTENT, hint: "", help: "new line in the intent" },
    Row { chords: &[ctrl('u')], act: Act::ClearIntent, places: INTENT, hint: "clear", help: "clear the intent; Up brings it back" },
    Row { chords: &[code(Code::Enter)], act: Act::Do, places: DIALOG, hint: "do", help: "do what the mark ▸ stands on" },
    Row { chords: &[code(Code::Esc)], act: Act::Close, places: HELP.and(Place::Dialog), hint: "close", help: "close; nothing is decided" },
    Row { chords: &[code(Code::Tab)], act: Act::NextQuestion, places: DIALOG, hint: "next question", help: "next question that waits" },
    Row { chords: &[code(Code::Enter)], act: Act::RunPlan, places: PLAN, hint: "run", help: "run the proposed plan, if it only reads" },
    Row { chords: &[letter('a')], act: Act::Approve, places: RUN, hint: "approve", help: "open the approval of this plan or step" },
    Row {
        chords: &[ctrl('y')],
        act: Act::OtherPlan,
        places: WITH_PANES,
        hint: "other plan",
        help: "look at the plan that the model proposes instead (asks)",
    },
    Row {
        chords: &[letter('A')],
        act: Act::OldestQuestion,
        places: LISTS,
        hint: "decide",
        help: "open the shown run's question, else the oldest of all",
    },
    Row { chords: &[letter('r')], act: Act::Retry, places: RUN, hint: "retry", help: "do the step again (asks)" },
    Row {
        chords: &[letter('m')],
        act: Act::Change,
        places: RUN,
        hint: "change",
        help: "do the step again with other parameters (shows what runs)",
    },
    Row { chords: &[letter('s')], act: Act::Skip, places: RUN, hint: "skip", help: "go on without the step (asks, shows what is lost)" },
    Row { chords: &[letter('u')], act: Act::TakeBack, places: RUN, hint: "take back", help: "take an approved step back while it is held" },
    Row {
        chords: &[letter('p')],
        act: Act::PauseOrResume,
        places: LISTS,
        hint: "pause",
        help: "pause the run, or go on with a paused one",
    },
    Row {
        chords: &[letter('R')],
        act: Act::ResumeParked,
        places: LISTS,
        hint: "resume",
        help: "go on with a run that an ended engine left",
    },
    Row {
        chords: &[letter('o')],
        act: Act::RunAgain,
        places: AGAIN,
        hint: "run again",
        help: "the plan of a finished run as a proposal for a new one",
    },
    Row {
        chords: &[letter('J')],
        act: Act::Rejoin,
        places: LISTS,
        hint: "join again",
        help: "look for an engine again, or start one here",
    },
    Row { chords: &[letter('x')], act: Act::Cancel, places: LISTS, hint: "cancel", help: "cancel the run (asks)" },
    Row {
        chords: &[letter('H')],
        act: Act::Done,
        places: RUN,
        hint: "done by hand",
        help: "mark the step as done by hand (asks how you know)",
    },
    Row {
        chords: &[letter('B')],
        act: Act::HoldBack,
        places: RUN,
        hint: "hold back",
        help: "pause the step and all that depends on it, or let them go on",
    },
    Row {
        chords: &[code(Code::Enter), letter('l'), code(Code::Right)],
        act: Act::Open,
        places: ROWS,
        hint: "open",
        help: "open the selected step, run, question or operation",
    },
    Row {
        chords: &[code(Code::Esc), letter('h'), code(Code::Left)],
        act: Act::Back,
        places: LISTS,
        hint: "",
        help: "back: from a step to its plan, from a plan to the runs",
    },
    Row { chords: &[code(Code::Esc)], act: Act::Back, places: INTENT, hint: "panes", help: "back to the pane before; the draft is kept" },
    Row {
        chords: &[code(Code::Up)],
        act: Act::Go(Go::Up),
        places: INTENT,
        hint: "",
        help: "an earlier intent; among choices the one above",
    },
    Row {
        chords: &[code(Code::Down)],
        act: Act::Go(Go::Down),
        places: INTENT,
        hint: "",
        help: "the next one, last the draft; among choices the one below",
    },
    Row { chords: &[letter('i')], act: Act::EditIntent, places: LISTS, hint: "intent", help: "type an intent" },
    Row { chords: &[letter('f')], act: Act::Follow, places: OUTPUT, hint: "follow", help: "follow the output again" },
    Row { chords: &[Chord::Two('g', 't')], act: Act::ShowResult, places: STEP, hint: "result", help: "the step's typed result as a tree" },
    Row {
        chords: &[code(Code::Enter), letter('l'), code(Code::Right)],
        act: Act::Fold,
        places: STEP,
        hint: "unfold",
        help: "open or close a part of the result",
    },
    Row {
        chords: &[Chord::Two('g', 'f')],
        act: Act::ShowFacts,
        places: STEP,
        hint: "facts",
        help: "all that is known of the step, with everything that it runs",
    },
    Row { chords: &[Chord::Two('g', 'o')], act: Act::ShowOutput, places: STEP, hint: "output", help: "the step's output" },
    Row { chords: &[letter('k'), code(Code::Up)], act: Act::Go(Go::Up), places: SCROLLED, hint: "", help: "up" },
    Row { chords: &[letter('j'), code(Code::Down)], act: Act::Go(Go::Down), places: SCROLLED, hint: "", help: "down" },
    Row { chords: &[ctrl('u'), code(Code::PageUp)], act: Act::Go(Go::PageUp), places: SCROLLED, hint: "", help: "page up" },
    Row { chords: &[ctrl('d'), code(Code::PageDown)], act: Act::Go(Go::PageDown), places: SCROLLED, hint: "", help: "page down" },
    Row { chords: &[Chord::Two('g', 'g'), code(Code::Home)], act: Act::Go(Go::Top), places: SCROLLED, hint: "", help: "to the top" },
    Row { chords: &[letter(' ')], act: Act::Go(Go::PageDown), places: HELP, hint: "page on", help: "in this help: page down" },
    Row { chords: &[letter('b')], act: Act::Go(Go::PageUp), places: HELP, hint: "page back", help: "in this help: page up" },
    Row { chords: &[letter('G'), code(Code::End)], act: Act::Go(Go::Bottom), places: SCROLLED, hint: "", help: "to the end" },
    Row { chords: &[letter('/')], act: Act::Find, places: SEARCHED, hint: "find", help: "look for text; lists keep only what has it" },
    Row { chords: &[letter('n')], act: Act::NextFound, places: FOUND, hint: "next", help: "next place with the text" },
    Row { chords: &[letter('N')], act: Act::PreviousFound, places: FOUND, hint: "", help: "previous place with the text" },
    Row {
        chords: &[letter('S')],
        act: Act::Save,
        places: LOG,
        hint: "save",
        help: "save the whole output to a file, byte for byte (asks where)",
    },
    Row {
        chords: &[letter('d')],
        act: Act::ThinkInFull,
        places: WHY,
        hint: "debug",
        help: "all that was thought about the plan, or the conclusions alone",
    },
    Row { chords: &[letter(':')], act: Act::Palette, places: LISTS, hint: "more", help: "find a command or a run by name" },
    Row { chords: &[code(Code::Enter)], act: Act::Accept, places: TYPED, hint: "go", help: "do it" },
    Row { chords: &[code(Code::Esc)], act: Act::Dismiss, places: TYPED, hint: "leave", help: "leave it" },
    Row { chords: &[code(Code::Up)], act: Act::Go(Go::Up), places: PALETTE, hint: "", help: "previous command" },
    Row { chords: &[code(Code::Down)], act: Act::Go(Go::Down), places: PALETTE, hint: "", help: "next command" },
    Row { chords: &[letter('1')], act: Act::Show(Pane::Plan), places: LISTS, hint: "", help: "pane Plan" },
    Row { chords: &[letter('2')], act: Act::Show(Pane::Step), places: LISTS, hint: "", help: "pane Step" },
    Row { chords: &[letter('3')], act: Act::Show(Pane::Log), places: LISTS, hint: "", help: "pane Log: the whole output of the step" },
    Row {
        chords: &[letter('4'), letter('v')],
        act: Act::Show(Pane::Why),
        places: LISTS,
        hint: "",
        help: "pane Why: where the plan came from, who decided what",
    },
    Row { chords: &[letter('5')], act: Act::Show(Pane::Runs), places: LISTS, hint: "", help: "pane Runs" },
    Row { chords: &[letter('6')], act: Act::Show(Pane::Inbox), places: LISTS, hint: "", help: "pane Inbox: all that waits for a person" },
    Row { chords: &[letter('7')], act: Act::Show(Pane::Intent), places: LISTS, hint: "", help: "pane Intent" },
    Row {
        chords: &[letter('8')],
        act: Act::Show(Pane::Services),
        places: LISTS,
        hint: "",
        help: "pane Services: what carries out each operation, freezes",
    },
    Row { chords: &[code(Code::Tab)], act: Act::NextPane, places: WITH_PANES, hint: "", help: "next pane" },
    Row { chords: &[code(Code::BackTab)], act: Act::PreviousPane, places: WITH_PANES, hint: "", help: "previous pane" },
    Row {
        chords: &[letter('q')],
        act: Act::Leave,
        places: LISTS,
        hint: "leave",
        help: "leave; with unfinished runs it asks what becomes of them",
    },
    Row { chords: &[letter('q')], act: Act::Close, places: HELP, hint: "", help: "close the help" },
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

pub const VERBS: &[Verb] = &[
    Verb { letter: 'a', name: "approve", help: "run exactly what is shown" },
    Verb { letter: 'n', name: "reject", help: "say no" },
    Verb { letter: 'r', name: "retry", help: "do it again" },
    Verb { letter: 'm', name: "change", help: "do it again with other parameters" },
    Verb { letter: 's', name: "skip", help: "go on without it" },
    Verb { letter: 'H', name: "done", help: "it was done by hand: say how you know" },
    Verb { letter: 'x', name: "cancel", help: "cancel; what runs is ended with grace" },
    Verb { letter: 'X', name: "cancel now", help: "cancel without grace; recovery steps do not run" },
    Verb { letter: 'b', name: "roll back", help: "cancel, then undo what can be undone, last first" },
    Verb { letter: 'l', name: "leave running", help: "the engine goes on without a screen" },
    Verb { letter: 'p', name: "park", help: "end the engine; nothing new starts before `resume`" },
    Verb { letter: 'q', name: "leave", help: "leave the console" },
    Verb { letter: 't', name: "take", help: "take this plan instead; nothing runs yet" },
    Verb { letter: 'd', name: "dismiss", help: "let the other plan go" },
    Verb { letter: 'c', name: "close", help: "decide later" },
];
