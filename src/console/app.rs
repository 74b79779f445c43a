//! The model: what the console knows and where the operator is in it.
//!
//! Plain data with questions on it; `update` alone changes it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use tui_tree_widget::TreeState;

use crate::model::actor::Actor;
use crate::model::catalogue::Catalogue;
use crate::model::graph::Graph;
use crate::model::ids::{RequestId, RunId, StepIx};
use crate::model::settings::EngineSettings;
use crate::model::state::State;
use crate::model::time::{Millis, Stamp};

use super::card::Card;
use super::dialog::Dialog;
use super::history::History;
use super::other::{Elsewhere, Other, Thinking};
use super::output::Output;
use super::palette::Palette;
use super::pane::Pane;
use super::prompt::Prompt;
use super::proposal::Proposal;
use super::revision::{Form, Revision};
use super::settings::UiSettings;
use super::theme::{Role, Theme};
use super::waiting::Waiting;
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
    /// How far back in the submitted intents it stands, and what was typed before it went there.
    pub recalled: Option<usize>,
    pub draft: String,
    /// The text has its plan: what is typed next takes its place.
    pub selected: bool,
    /// What was replaced or cleared last; the way back through earlier intents begins with it.
    pub replaced: Option<String>,
}

/// What the lower part of Step shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepPart {
    #[default]
    Output,
    Result,
    /// Nothing but what is known of it.
    Facts,
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
    /// The line that was found last.
    pub found: Option<usize>,
    /// First visible row of the facts, where they have the pane.
    pub facts_top: usize,
}

/// Where the operator is among the operations.
#[derive(Debug, Default)]
pub struct ServicesPane {
    pub cursor: usize,
    pub top: usize,
    /// The selected one has the keys, with everything that its manifest says.
    pub open: bool,
    pub facts_top: usize,
}

/// One line above the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub text: String,
    /// It leaves as soon as this run tells by itself how it goes.
    pub until: Option<RunId>,
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
    /// The engine elsewhere ended: the next one is looked for, or made here.
    Rejoining {
        reason: String,
    },
    Gone {
        reason: String,
    },
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
    pub catalogue: Arc<Catalogue>,
    pub limits: EngineSettings,
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
    pub catalogue: Arc<Catalogue>,
    pub limits: EngineSettings,
    pub size: (u16, u16),

    pub pane: Pane,
    /// Where the intent was opened from.
    pub before_intent: Pane,
    pub subject: Subject,
    pub proposal: Option<Proposal>,
    pub other: Other,
    pub thinking: Thinking,
    pub elsewhere: Elsewhere,
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
    /// What of the inbox is selected, and where that is.
    pub inbox_chosen: Option<Waiting>,
    pub inbox_cursor: usize,
    pub inbox_top: usize,
    /// First visible row.
    pub why_top: usize,
    pub services: ServicesPane,
    pub history: Option<History>,
    /// What is looked for in each pane.
    pub find: BTreeMap<Pane, String>,
    /// The runs that have it; `None`: all.
    pub matching: Option<Vec<RunId>>,
    pub prompt: Option<Prompt>,
    pub palette: Option<Palette>,
    /// A changed step that is ready to be looked at, and what was typed for it last.
    pub revision: Option<Revision>,
    pub last_change: Option<Form>,
    /// The finished run whose plan is being made ready for another one.
    pub making_anew: Option<RunId>,
    /// What happened while nobody looked.
    pub card: Option<Card>,
    /// When the terminal lost the focus, and when a key was pressed last.
    pub left: Option<Stamp>,
    pub last_key: Option<Stamp>,

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
            catalogue: setup.catalogue,
            limits: setup.limits,
            size: setup.size,
            pane: Pane::Intent,
            before_intent: Pane::Runs,
            subject: Subject::Nothing,
            proposal: None,
            other: Other::default(),
            thinking: Thinking::default(),
            elsewhere: Elsewhere::default(),
            intent: IntentPane::default(),
            step: StepPane::default(),
            output: None,
            cursor: 0,
            top: 0,
            runs_cursor: 0,
            runs_top: 0,
            runs: Vec::new(),
            rail: None,
            inbox_chosen: None,
            inbox_cursor: 0,
            inbox_top: 0,
            why_top: 0,
            services: ServicesPane::default(),
            history: None,
            find: BTreeMap::new(),
            matching: None,
            prompt: None,
            palette: None,
            revision: None,
            last_change: None,
            making_anew: None,
            card: None,
            left: None,
            last_key: None,
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

    /// Why nothing may be sent; never queued for later.
    pub fn cannot_act(&self) -> Option<String> {
        match &self.link_state {
            LinkState::Live => None,
            LinkState::Rejoining { reason } => {
                Some(format!("the engine ended ({reason}), the next one is looked for: try again in a moment"))
            }
            LinkState::Gone { reason } if self.in_process => {
                Some(format!("nothing can act, the engine ended ({reason}): q, then `ouioe` goes on"))
            }
            LinkState::Gone { reason } => Some(format!("nothing can act, there is no engine ({reason}): J tries again")),
        }
    }

    pub fn mark(&mut self, dirty: Dirty) {
        self.dirty = self.dirty.max(dirty);
    }

    pub fn say(&mut self, role: Role, text: impl AsRef<str>) {
        self.message = Some(Message { role, text: crate::text::safe(text.as_ref()), until: None });
        self.mark(Dirty::Soon);
    }
}
