//! Decisions: what it is, exactly what would run, what it touches, and the choices, with the focus on "close".
//!
//! Opens only by the operator's key. Choices are locked until the dialog was shown for a moment without a stray key, until
//! its end was on the screen, and for good once the world moved under it. A paste never chooses.

mod approve;
mod draw;
mod leave;
mod other;
mod revise;
mod run;
mod step;

pub use crate::machine::losses;
pub use approve::{for_gate, for_plan, for_proposal};
pub use draw::draw;
pub use leave::for_leaving;
pub use other::for_other;
pub use revise::for_revision;
pub use run::for_cancel;
pub use step::for_step;

use crate::model::command::Command;
use crate::model::digest::Digest;
use crate::model::ids::{RequestId, RunId, StepIx};
use crate::model::state::{OpenQuestion, State, Workflow};
use crate::model::time::Millis;
use crate::text;

use super::app::App;
use super::arming::Arming;
use super::keys::{VERBS, Verb};
use super::phrase;
use super::theme::Role;
use super::widget::editor::Editor;
use super::widget::wrap::Wrap;
use super::wiring::Exit;

/// A labelled part: `RUNS`, and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub label: &'static str,
    pub lines: Vec<(Role, String)>,
    pub wrap: Wrap,
}

impl Part {
    pub fn new(label: &'static str, line: impl Into<String>) -> Self {
        Self::prose(label, Role::Text, line)
    }

    /// Sentences of ours.
    pub fn prose(label: &'static str, role: Role, line: impl Into<String>) -> Self {
        Self { label, lines: vec![(role, line.into())], wrap: Wrap::Words }
    }

    /// Lines as they are, blank for blank.
    pub fn of(label: &'static str, role: Role, lines: impl IntoIterator<Item = String>) -> Self {
        Self { label, lines: lines.into_iter().map(|line| (role, line)).collect(), wrap: Wrap::Cells }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    Close,
    Send(Command),
    /// Submits the proposal with consent to exactly this digest.
    SubmitProposal(Digest),
    Leave(Exit),
    CancelAll,
    /// Asks for other parameters; nothing is sent yet.
    Change,
    /// A model's plan comes to the place of the one that stands, or goes; nothing is sent.
    TakeOther,
    DismissOther,
}

/// What the choice asks of the operator's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Its letter acts.
    Letter,
    /// Its letter selects, Enter acts.
    Enter,
    /// This word must be typed.
    Word(String),
    /// A sentence must be typed; it goes with the command.
    Sentence,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub verb: &'static Verb,
    pub what: String,
    pub note: String,
    pub does: Does,
    pub effort: Effort,
}

impl Choice {
    pub fn new(verb: &'static str, what: impl Into<String>, does: Does, effort: Effort) -> Self {
        let verb = VERBS.iter().find(|known| known.name == verb).unwrap_or(&VERBS[VERBS.len() - 1]);
        Self { verb, what: what.into(), note: String::new(), does, effort }
    }

    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    pub fn close(note: &str) -> Self {
        Self::new("close", "close, decide later", Does::Close, Effort::Letter).noted(note)
    }
}

/// What the dialog was made from; once it no longer holds, nothing can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Leaving the console needs nothing to hold.
    Free,
    Proposal {
        digest: Digest,
    },
    Run {
        run: RunId,
    },
    Plan {
        run: RunId,
        request: RequestId,
    },
    Step {
        run: RunId,
        ix: StepIx,
        rev: u32,
    },
}

impl Basis {
    /// Which of the questions it is, where several wait now.
    fn place(&self, app: &App) -> Option<(usize, usize)> {
        let all = app.questions();
        let is_this = |workflow: &Workflow, open: &OpenQuestion| match self {
            Self::Free | Self::Proposal { .. } | Self::Run { .. } => false,
            Self::Plan { run, request } => workflow.run == *run && open.question.request == *request,
            Self::Step { run, ix, .. } => workflow.run == *run && open.step == Some(*ix),
        };
        let at = all.iter().position(|(workflow, open)| is_this(workflow, open))?;
        (all.len() > 1).then_some((at + 1, all.len()))
    }
}

/// The end of the parts was on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Unseen,
    Seen,
}

#[derive(Clone, Debug)]
pub struct Dialog {
    pub title: String,
    pub parts: Vec<Part>,
    pub choices: Vec<Choice>,
    /// One line that names what the choice is about: digest, request, time.
    pub about: String,
    pub basis: Basis,
    pub focus: usize,
    /// What is typed for the focused choice, where it asks for a word or a sentence.
    pub field: Option<Editor>,
    pub arming: Arming,
    pub end: End,
    /// Why nothing can be chosen any more.
    pub stale: Option<String>,
    /// Parts, wrapped to the width, and the first visible row.
    pub rows: Vec<(Role, String)>,
    pub top: usize,
    pub frame: draw::Frame,
    size: (u16, u16),
}

/// Why a choice cannot be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locked {
    Arming,
    EndUnseen,
    Stale,
}

impl Dialog {
    pub fn new(title: String, parts: Vec<Part>, choices: Vec<Choice>, about: String, basis: Basis, app: &App) -> Self {
        let focus = choices.iter().position(|choice| choice.does == Does::Close).unwrap_or(0);
        let mut dialog = Self {
            title,
            parts,
            choices,
            about,
            basis,
            focus,
            field: None,
            arming: Arming::from_frame(app.frame),
            end: End::Unseen,
            stale: None,
            rows: Vec::new(),
            top: 0,
            frame: draw::Frame::default(),
            size: app.size,
        };
        dialog.fit(app.size);
        dialog
    }

    /// Wraps the parts to the screen; after a resize the end counts as unseen again if it no longer fits.
    pub fn fit(&mut self, size: (u16, u16)) {
        self.size = size;
        self.frame = draw::Frame::of(size, self);
        self.rows = wrapped(&self.parts, usize::from(self.frame.inner_width));
        self.frame = draw::Frame::of(size, self);
        self.scroll_to(self.top);
    }

    pub fn visible(&self) -> usize {
        usize::from(self.frame.part_rows)
    }

    pub fn scroll_to(&mut self, top: usize) {
        self.top = top.min(self.rows.len().saturating_sub(self.visible()));
    }

    /// Rows below the visible ones.
    pub fn below(&self) -> usize {
        self.rows.len().saturating_sub(self.top + self.visible())
    }

    /// A frame with this scroll position is on the terminal.
    pub fn frame_written(&mut self, frame: u64, now: Millis) {
        self.arming.frame_written(frame, now);
        if self.below() == 0 && self.visible() > 0 && self.arming.shown.is_some() {
            self.end = End::Seen;
        }
    }

    pub fn locked(&self, choice: &Choice, now: Millis, wait: Millis) -> Option<Locked> {
        if choice.does == Does::Close {
            return None;
        }
        if self.stale.is_some() {
            return Some(Locked::Stale);
        }
        if self.end == End::Unseen {
            return Some(Locked::EndUnseen);
        }
        (!self.arming.is_armed(now, wait)).then_some(Locked::Arming)
    }

    /// Looks whether what it was made from still holds; if not, the first part says so in full.
    pub fn check(&mut self, state: &State, proposal: Option<Digest>) {
        if self.stale.is_some() {
            return;
        }
        self.stale = moved(&self.basis, state, proposal);
        if let Some(why) = self.stale.clone() {
            self.parts.insert(0, Part::prose("CHANGED", Role::Bad, why));
            if matches!(self.basis, Basis::Run { .. }) {
                // Nothing of a run that has ended can be ended: only the way out is left.
                self.choices.retain(|choice| choice.does == Does::Close);
                (self.focus, self.field) = (0, None);
            }
            self.fit(self.size);
            self.scroll_to(0);
        }
    }

    pub fn letter_at(&self, letter: char) -> Option<usize> {
        self.choices.iter().position(|choice| choice.verb.letter == letter)
    }
}

fn moved(basis: &Basis, state: &State, proposal: Option<Digest>) -> Option<String> {
    let by = |run: &RunId| {
        let who = state.runs.get(run).and_then(|workflow| workflow.last_word.as_ref());
        who.map_or_else(String::new, |(actor, seq)| format!(" (last word: {}, event {seq})", text::safe(&actor.to_string())))
    };
    let gone = match basis {
        Basis::Free => None,
        Basis::Proposal { digest } => (proposal != Some(*digest)).then(|| "another plan took its place".to_owned()),
        Basis::Run { run } => {
            let ended = |one: &Workflow| format!("the run has ended: {}{}", phrase::workflow(one), by(run));
            match state.runs.get(run) {
                None => Some("the run has ended".to_owned()),
                Some(one) => one.state.is_finished().then(|| ended(one)),
            }
        }
        Basis::Plan { run, request } => {
            let open = state.runs.get(run).is_some_and(|one| one.questions.contains_key(request));
            (!open).then(|| format!("this question is no longer open{}", by(run)))
        }
        Basis::Step { run, ix, rev } => {
            let same = state.runs.get(run).and_then(|one| one.steps.get(ix.at())).is_some_and(|record| record.rev == *rev);
            (!same).then(|| format!("the step moved on since you looked{}", by(run)))
        }
    };
    gone.map(|why| format!("nothing was sent; {why}"))
}

const LABEL: usize = 8;

/// Label in the first column, lines beside it; nothing is cut.
fn wrapped(parts: &[Part], width: usize) -> Vec<(Role, String)> {
    let room = width.saturating_sub(LABEL).max(1);
    let mut rows = Vec::new();
    for part in parts {
        let mut label = part.label;
        for (role, line) in &part.lines {
            for piece in part.wrap.rows(line, room) {
                rows.push((*role, format!("{label:<LABEL$}{piece}")));
                label = "";
            }
        }
    }
    rows
}
