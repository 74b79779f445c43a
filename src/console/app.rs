//! The model: what the console knows and where the operator is in it.
//!
//! Plain data with questions on it; `update` alone changes it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use tui_tree_widget::TreeState;

use crate::model::actor::Actor;
use crate::model::catalogue::EffectClass;
use crate::model::digest::Digest;
use crate::model::graph::Graph;
use crate::model::ids::{RequestId, RunId, StepIx};
use crate::model::plan::{Plan, Step};
use crate::model::state::{OpenQuestion, State, StepRecord, Workflow};
use crate::model::step_state::WorkflowState;
use crate::model::time::{Millis, Stamp};

use super::dialog::Dialog;
use super::output::Output;
use super::pane::Pane;
use super::settings::UiSettings;
use super::theme::{Role, Theme};
use super::widget::editor::Editor;
use super::widget::rail::Rail;
use super::wiring::{Fold, Render};

/// Time as the update function is told it: never read inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Since the console started; never goes back.
    pub mono: Millis,
    pub wall: Stamp,
}

/// What Plan and Step show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Nothing,
    /// A plan that nobody has submitted.
    Proposal,
    Run(RunId),
}

/// A decision is locked until it was on the screen for a while without a stray key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arming {
    /// Frames from this one on show it.
    pub since_frame: u64,
    pub shown: Option<Millis>,
    pub stray: Option<Millis>,
    /// Quarters as last drawn.
    drawn: u64,
}

impl Arming {
    pub fn from_frame(frame: u64) -> Self {
        Self { since_frame: frame, shown: None, stray: None, drawn: 0 }
    }

    pub fn frame_written(&mut self, frame: u64, now: Millis) {
        if self.shown.is_none() && frame >= self.since_frame {
            self.shown = Some(now);
        }
    }

    /// How long it has been quiet; `None` before it was shown.
    fn quiet(&self, now: Millis) -> Option<Millis> {
        let from = self.stray.max(self.shown).filter(|_| self.shown.is_some())?;
        Some(Millis(now.0.saturating_sub(from.0)))
    }

    pub fn is_armed(&self, now: Millis, wait: Millis) -> bool {
        self.quiet(now).is_some_and(|quiet| quiet >= wait)
    }

    /// Quarters of the wait that have passed.
    pub fn quarters(&self, now: Millis, wait: Millis) -> u64 {
        self.quiet(now).map_or(0, |quiet| (quiet.0 * 4).checked_div(wait.0).unwrap_or(4).min(4))
    }

    /// The bar is not as it was drawn last; asking takes note.
    pub fn moved(&mut self, now: Millis, wait: Millis) -> bool {
        let quarters = self.quarters(now, wait);
        std::mem::replace(&mut self.drawn, quarters) != quarters
    }

    /// When the bar moves next.
    pub fn next_change(&self, now: Millis, wait: Millis) -> Option<Millis> {
        let quiet = self.quiet(now).filter(|quiet| *quiet < wait)?;
        let quarter = (wait.0 / 4).max(1);
        Some(Millis(now.0 + quarter - quiet.0 % quarter))
    }
}

#[derive(Debug)]
pub struct Proposal {
    pub text: String,
    pub plan: Arc<Plan>,
    pub graph: Arc<Graph>,
    pub arming: Arming,
    pub sent: Sent,
    /// Steps that need approval, and the worst effect: counted once, a plan may have 100,000 steps.
    pub gates: usize,
    pub worst: EffectClass,
    /// Plan or Step shows it.
    pub in_view: bool,
}

impl Proposal {
    pub fn new(text: String, plan: Plan, arming: Arming) -> Self {
        let gates = plan.steps.iter().filter(|step| step.approval).count();
        let worst = plan.worst_effect();
        let plan = Arc::new(plan);
        let graph = Arc::new(Graph::of(plan.clone()));
        Self { text, plan, graph, arming, sent: Sent::No, gates, worst, in_view: false }
    }
}

/// Whether the engine was already asked to run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    No,
    Yes,
}

/// What planning answered other than a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Clarify { question: String, missing: Vec<String>, choices: Vec<String> },
    Refuse { reason: String, nearest: Vec<String> },
}

#[derive(Debug, Default)]
pub struct IntentPane {
    pub editor: Editor,
    /// Number and text of the intent that is being planned.
    pub asking: Option<(u64, String)>,
    pub asked: u64,
    pub answer: Option<Answer>,
    /// One of the answer's choices.
    pub choice: Option<usize>,
}

/// What the lower part of Step shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepPart {
    #[default]
    Output,
    Result,
}

#[derive(Debug, Default)]
pub struct StepPane {
    /// The step that the rest is about.
    pub of: Option<(RunId, StepIx)>,
    /// The result's first level was opened, once it was there.
    pub unfolded: bool,
    /// What the operator wants to see of it; else what there is.
    pub chosen: Option<StepPart>,
    /// The tree widget keeps its scroll place here while it draws.
    pub tree: RefCell<TreeState<String>>,
    /// Lines above the end of the output; `None` follows it.
    pub back: Option<usize>,
}

/// One line above the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub text: String,
}

/// What the terminal said of its focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Unknown,
    Here,
    Elsewhere,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    Live,
    Gone { reason: String },
}

/// Whether a frame is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirty {
    Clean,
    /// With the next frame that the cap allows.
    Soon,
    /// A key was pressed: at once.
    Now,
}

/// What the app is made of at the start.
pub struct Setup {
    pub state: State,
    pub settings: UiSettings,
    pub theme: Theme,
    pub actor: Actor,
    pub host: String,
    pub link: Arc<str>,
    pub in_process: bool,
    pub fold: Fold,
    pub render: Render,
    pub size: (u16, u16),
}

pub struct App {
    pub state: State,
    pub settings: UiSettings,
    pub theme: Theme,
    pub actor: Actor,
    pub host: String,
    pub link: Arc<str>,
    pub link_state: LinkState,
    pub in_process: bool,
    pub fold: Fold,
    pub render: Render,
    pub size: (u16, u16),

    pub pane: Pane,
    pub subject: Subject,
    pub proposal: Option<Proposal>,
    pub intent: IntentPane,
    pub step: StepPane,
    pub output: Option<Output>,
    /// Place in the rail's order, and first visible row.
    pub cursor: usize,
    pub top: usize,
    pub runs_cursor: usize,
    pub runs_top: usize,
    /// Newest first.
    pub runs: Vec<RunId>,
    pub rail: Option<(Arc<Graph>, Arc<Rail>)>,

    pub dialog: Option<Dialog>,
    /// First visible row of the help.
    pub help: Option<usize>,
    pub message: Option<Message>,
    /// First key of a pair such as `gt`.
    pub prefix: Option<char>,
    pub focus: Focus,
    /// Questions that were already rung for.
    pub rung: BTreeMap<RunId, Vec<RequestId>>,
    pub last_paste: Option<Millis>,

    pub dirty: Dirty,
    /// Number of the next frame.
    pub frame: u64,
    pub last_clock: Stamp,
}

impl App {
    pub fn new(setup: Setup) -> Self {
        let mut app = Self {
            state: setup.state,
            settings: setup.settings,
            theme: setup.theme,
            actor: setup.actor,
            host: setup.host,
            link: setup.link,
            link_state: LinkState::Live,
            in_process: setup.in_process,
            fold: setup.fold,
            render: setup.render,
            size: setup.size,
            pane: Pane::Intent,
            subject: Subject::Nothing,
            proposal: None,
            intent: IntentPane::default(),
            step: StepPane::default(),
            output: None,
            cursor: 0,
            top: 0,
            runs_cursor: 0,
            runs_top: 0,
            runs: Vec::new(),
            rail: None,
            dialog: None,
            help: None,
            message: None,
            prefix: None,
            focus: Focus::Unknown,
            rung: BTreeMap::new(),
            last_paste: None,
            dirty: Dirty::Now,
            frame: 0,
            last_clock: Stamp(0),
        };
        app.rung = app.asked();
        app
    }

    pub fn style(&self, role: Role) -> ratatui::style::Style {
        self.theme.style(role)
    }

    pub fn workflow(&self) -> Option<&Workflow> {
        match &self.subject {
            Subject::Run(run) => self.state.runs.get(run),
            Subject::Nothing | Subject::Proposal => None,
        }
    }

    /// The graph on the screen.
    pub fn graph(&self) -> Option<&Arc<Graph>> {
        match &self.subject {
            Subject::Nothing => None,
            Subject::Proposal => self.proposal.as_ref().map(|proposal| &proposal.graph),
            Subject::Run(run) => self.state.runs.get(run)?.graph(),
        }
    }

    pub fn selected(&self) -> Option<StepIx> {
        let (_, rail) = self.rail.as_ref()?;
        rail.order.get(self.cursor).copied()
    }

    pub fn selected_step(&self) -> Option<&Step> {
        Some(self.graph()?.step(self.selected()?))
    }

    /// The selected step of a run, with its record.
    pub fn selected_record(&self) -> Option<(&Workflow, StepIx, &StepRecord)> {
        let (workflow, ix) = (self.workflow()?, self.selected()?);
        Some((workflow, ix, workflow.steps.get(ix.at())?))
    }

    /// What the lower part of Step shows: the output, or the result of a step that wrote none, unless something was chosen.
    pub fn step_part(&self) -> StepPart {
        self.step.chosen.unwrap_or_else(|| self.natural_part())
    }

    pub fn natural_part(&self) -> StepPart {
        let silent = |record: &StepRecord| {
            record.result.is_some() && record.last.as_ref().and_then(|last| last.spool.as_ref()).is_none_or(|spool| spool.len == 0)
        };
        if self.selected_record().is_some_and(|(_, _, record)| silent(record)) { StepPart::Result } else { StepPart::Output }
    }

    /// The open question about the selected step.
    pub fn selected_question(&self) -> Option<(&Workflow, &OpenQuestion)> {
        let (workflow, ix, _) = self.selected_record()?;
        workflow.questions.values().find(|open| open.step == Some(ix)).map(|open| (workflow, open))
    }

    /// The open question about the whole plan.
    pub fn plan_question(&self) -> Option<(&Workflow, &OpenQuestion)> {
        let workflow = self.workflow()?;
        workflow.questions.values().find(|open| open.step.is_none()).map(|open| (workflow, open))
    }

    fn asked(&self) -> BTreeMap<RunId, Vec<RequestId>> {
        let waiting = self.state.runs.iter().filter(|(_, workflow)| !workflow.questions.is_empty());
        waiting.map(|(run, workflow)| (run.clone(), workflow.questions.keys().cloned().collect())).collect()
    }

    /// Rebuilds what was rung for, after a resync: what was asked meanwhile does not ring one by one.
    pub fn forget_asked(&mut self) {
        self.rung = self.asked();
    }

    /// How many questions wait for a person.
    pub fn waiting(&self) -> usize {
        self.rung.keys().filter_map(|run| self.state.runs.get(run)).map(|workflow| workflow.questions.len()).sum()
    }

    pub fn oldest_question(&self) -> Option<(&Workflow, &OpenQuestion)> {
        let all = self.rung.keys().filter_map(|run| self.state.runs.get(run));
        let open = all.flat_map(|workflow| workflow.questions.values().map(move |open| (workflow, open)));
        open.min_by_key(|(workflow, open)| (open.asked, workflow.order, open.step))
    }

    /// Runs that an end of this engine would leave in the middle.
    pub fn unfinished(&self) -> impl Iterator<Item = &Workflow> {
        self.state.runs.values().filter(|workflow| !workflow.state.is_finished())
    }

    /// The proposal's or run's digest.
    pub fn shown_digest(&self) -> Option<Digest> {
        match &self.subject {
            Subject::Nothing => None,
            Subject::Proposal => self.proposal.as_ref().map(|proposal| proposal.plan.digest),
            Subject::Run(_) => self.workflow().map(|workflow| workflow.digest),
        }
    }

    /// Time passes on the screen only while something moves without a person.
    pub fn is_ticking(&self) -> bool {
        let moves = |workflow: &Workflow| {
            !workflow.state.is_finished()
                && workflow.state != WorkflowState::AwaitingApproval
                && !workflow.waits_for_person()
                && (!workflow.live.is_empty() || !workflow.parked && workflow.state != WorkflowState::Paused)
        };
        match self.pane {
            Pane::Runs => {
                self.runs.iter().skip(self.runs_top).take(usize::from(self.size.1)).filter_map(|run| self.state.runs.get(run)).any(moves)
            }
            Pane::Plan | Pane::Step | Pane::Intent => self.workflow().is_some_and(moves),
        }
    }

    pub fn mark(&mut self, dirty: Dirty) {
        self.dirty = self.dirty.max(dirty);
    }

    pub fn say(&mut self, role: Role, text: impl AsRef<str>) {
        self.message = Some(Message { role, text: crate::text::safe(text.as_ref()) });
        self.mark(Dirty::Soon);
    }
}
