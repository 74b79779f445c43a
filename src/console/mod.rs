//! Engine's events and an operator's keys -> a screen and commands (ratatui, Elm-like).
//!
//! `app` is the model, `update` the only thing that changes it, `view` draws it and changes nothing. `run` owns threads,
//! clock and terminal. Every key is one row of `keys`; every pane is one file of `pane`; themes are data.

pub mod app;
pub mod arming;
pub mod dialog;
pub mod glyph;
mod hangup;
pub mod input;
pub mod keys;
pub mod output;
pub mod pane;
pub mod phrase;
pub mod proposal;
mod run;
pub mod screen;
mod selection;
pub mod settings;
mod terminal;
pub mod theme;
pub mod update;
pub mod view;
mod waiting;
pub mod widget;
mod wiring;

pub use hangup::release_terminal;
pub use run::run;
pub use settings::UiSettings;
pub use wiring::{ConsoleError, Exit, Fold, Joined, PlanIntent, Rejoin, Render, Wiring};
