//! Theme files -> a style for each role; the screen names roles, never colours.
//!
//! No state is told by colour alone: every state has a glyph and a word of its own.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::model::catalogue::EffectClass;
use crate::model::state::{StepRecord, Workflow};
use crate::model::step_state::{StepState, WorkflowState};
use crate::model::verdict::Health;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Text,
    Muted,
    Title,
    Accent,
    Border,
    Selected,
    Key,
    Ok,
    Running,
    Waiting,
    Warn,
    Bad,
    Unknown,
    Read,
    Mutate,
    Destroy,
    Banner,
    Message,
    Input,
}

impl Role {
    pub const ALL: [Self; 19] = [
        Self::Text,
        Self::Muted,
        Self::Title,
        Self::Accent,
        Self::Border,
        Self::Selected,
        Self::Key,
        Self::Ok,
        Self::Running,
        Self::Waiting,
        Self::Warn,
        Self::Bad,
        Self::Unknown,
        Self::Read,
        Self::Mutate,
        Self::Destroy,
        Self::Banner,
        Self::Message,
        Self::Input,
    ];

    pub fn of_step(state: &StepState) -> Self {
        match state {
            StepState::Held { .. } | StepState::BackingOff { .. } | StepState::Stopping { .. } | StepState::Compensating => Self::Warn,
            StepState::AwaitingApproval { .. } | StepState::AwaitingDecision { .. } | StepState::Failed => Self::Bad,
            StepState::Running | StepState::Recovering | StepState::Probing => Self::Running,
            StepState::Succeeded | StepState::DoneByHand => Self::Ok,
            StepState::Waiting | StepState::Queued { .. } | StepState::Skipped { .. } | StepState::Compensated | StepState::Cancelled => {
                Self::Muted
            }
            StepState::OutcomeUnknown => Self::Unknown,
        }
    }

    /// With what its result was judged to say.
    pub fn of_record(record: &StepRecord) -> Self {
        match record.verdict.as_ref().filter(|verdict| verdict.answer.is_none()).map(|verdict| verdict.health) {
            Some(Health::Failing) if record.state == StepState::Succeeded => Self::Bad,
            Some(Health::Degraded) if record.state == StepState::Succeeded => Self::Warn,
            Some(Health::Healthy | Health::Degraded | Health::Failing) | None => Self::of_step(&record.state),
        }
    }

    pub fn of_run(workflow: &Workflow) -> Self {
        match workflow.verdict {
            Some(Health::Failing) if workflow.state == WorkflowState::Succeeded => Self::Bad,
            Some(Health::Degraded) if workflow.state == WorkflowState::Succeeded => Self::Warn,
            Some(Health::Healthy | Health::Degraded | Health::Failing) | None => Self::of_workflow(workflow.shown()),
        }
    }

    fn of_workflow(state: WorkflowState) -> Self {
        match state {
            WorkflowState::Draft => Self::Muted,
            WorkflowState::AwaitingApproval | WorkflowState::Failed => Self::Bad,
            WorkflowState::Running => Self::Running,
            WorkflowState::Pausing
            | WorkflowState::Paused
            | WorkflowState::Adapting
            | WorkflowState::Cancelling
            | WorkflowState::PartiallySucceeded
            | WorkflowState::Cancelled => Self::Warn,
            WorkflowState::Succeeded => Self::Ok,
        }
    }

    pub fn of_effect(effect: EffectClass) -> Self {
        match effect {
            EffectClass::Read => Self::Read,
            EffectClass::Mutate => Self::Mutate,
            EffectClass::Destroy => Self::Destroy,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    styles: BTreeMap<Role, Style>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    roles: BTreeMap<Role, Entry>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Entry {
    #[serde(deserialize_with = "colour")]
    fg: Option<Color>,
    #[serde(deserialize_with = "colour")]
    bg: Option<Color>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
    reversed: bool,
    crossed: bool,
}

/// `red`, `lightblue`, `#005f87` or `12`.
fn colour<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Color>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("{text:?} is no colour")))
}

impl Entry {
    fn style(&self) -> Style {
        let mut style = Style { fg: self.fg, bg: self.bg, ..Style::default() };
        for (wanted, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underlined, Modifier::UNDERLINED),
            (self.reversed, Modifier::REVERSED),
            (self.crossed, Modifier::CROSSED_OUT),
        ] {
            if wanted {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

/// Embedded themes, by name. `mono` is what `NO_COLOR` uses.
pub const EMBEDDED: [(&str, &str); 3] = [
    ("default", include_str!("../../themes/default.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("paper", include_str!("../../themes/paper.toml")),
];

impl Theme {
    /// An embedded theme; `None` if there is none of this name.
    pub fn named(name: &str) -> Option<Self> {
        let (file, text) = EMBEDDED.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(&format!("themes/{file}.toml"), text).expect("embedded themes are parsed by a test"))
    }

    /// A theme names every role; the error reads `file:line: message`.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            format!("{file_name}:{line}: {}", error.message())
        })?;
        if let Some(missing) = Role::ALL.into_iter().find(|role| !file.roles.contains_key(role)) {
            return Err(format!("{file_name}:1: role {missing:?} is missing under [roles]").to_lowercase());
        }
        Ok(Self { styles: file.roles.iter().map(|(role, entry)| (*role, entry.style())).collect() })
    }

    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_themes_name_every_role() {
        for (name, text) in EMBEDDED {
            Theme::parse(name, text).expect(name);
        }
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, expected) in [
            ("[roles]\ntext = {}\nsparkle = {}\n", "t:3: "),
            ("[roles]\ntext = { fg = \"mauve-ish\" }\n", "t:2: "),
            ("[roles]\ntext = {}\n", "t:1: role muted is missing"),
        ] {
            let error = Theme::parse("t", text).expect_err(text);
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn without_colour_there_is_none() {
        let mono = Theme::named("mono").expect("embedded");
        for role in Role::ALL {
            let style = mono.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn paper_can_be_read() {
        let paper = Theme::named("paper").expect("embedded");
        for role in Role::ALL {
            let style = paper.style(role);
            let (Some(Color::Rgb(fr, fg, fb)), Some(Color::Rgb(br, bg, bb))) = (style.fg, style.bg) else { panic!("{role:?} is not rgb") };
            assert!(contrast([fr, fg, fb], [br, bg, bb]) >= 4.5, "{role:?}");
        }
    }

    /// WCAG 2 contrast ratio.
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let luminance = |rgb: [u8; 3]| {
            let [red, green, blue] = rgb.map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }
}
