//! The panes: each draws one part of the model into one area.

pub mod inbox;
pub mod intent;
pub mod log;
pub mod plan;
pub mod runs;
pub mod services;
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
    Services,
}

impl Pane {
    pub const ALL: [Self; 8] = [Self::Plan, Self::Step, Self::Log, Self::Why, Self::Runs, Self::Inbox, Self::Intent, Self::Services];
    /// Key and name, by their place among all.
    const NAMES: [(char, &str); Self::ALL.len()] =
        [('1', "Plan"), ('2', "Step"), ('3', "Log"), ('4', "Why"), ('5', "Runs"), ('6', "Inbox"), ('7', "Intent"), ('8', "Services")];

    pub fn key(self) -> char {
        Self::NAMES[self as usize].0
    }

    pub fn title(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    pub fn previous(self) -> Self {
        Self::ALL[(self as usize + Self::ALL.len() - 1) % Self::ALL.len()]
    }
}
