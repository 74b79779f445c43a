//! The panes: each draws one part of the model into one area.

pub mod inbox;
pub mod intent;
pub mod log;
pub mod plan;
pub mod runs;
pub mod step;
pub mod why;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pane {
    Plan,
    Step,
    Log,
    Why,
    Runs,
    Inbox,
    Intent,
}

impl Pane {
    pub const ALL: [Self; 7] = [Self::Plan, Self::Step, Self::Log, Self::Why, Self::Runs, Self::Inbox, Self::Intent];

    pub fn key(self) -> char {
        match self {
            Self::Plan => '1',
            Self::Step => '2',
            Self::Log => '3',
            Self::Why => '4',
            Self::Runs => '5',
            Self::Inbox => '6',
            Self::Intent => '7',
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Plan => "Plan",
            Self::Step => "Step",
            Self::Log => "Log",
            Self::Why => "Why",
            Self::Runs => "Runs",
            Self::Inbox => "Inbox",
            Self::Intent => "Intent",
        }
    }

    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    pub fn previous(self) -> Self {
        let at = Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0);
        Self::ALL[(at + Self::ALL.len() - 1) % Self::ALL.len()]
    }
}
