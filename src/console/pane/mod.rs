//! The panes: each draws one part of the model into one area.

pub mod intent;
pub mod plan;
pub mod runs;
pub mod step;

/// Numbers are those of the whole set, so that a later pane moves no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pane {
    Plan,
    Step,
    Runs,
    Intent,
}

impl Pane {
    pub const ALL: [Self; 4] = [Self::Plan, Self::Step, Self::Runs, Self::Intent];

    pub fn key(self) -> char {
        match self {
            Self::Plan => '1',
            Self::Step => '2',
            Self::Runs => '5',
            Self::Intent => '7',
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Plan => "Plan",
            Self::Step => "Step",
            Self::Runs => "Runs",
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
