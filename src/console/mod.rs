//! Engine's events and an operator's keys -> a screen and commands (ratatui, Elm-like).
//!
//! `app` is the model, `update` the only thing that changes it, `view` draws it and changes nothing. `run` owns threads,
//! clock and terminal. Every key is one row of `keys`; every pane is one file of `pane`; themes are data.

pub mod action;
pub mod app;
pub mod arming;
mod bars;
pub mod card;
pub mod dialog;
mod errand;
mod facts;
pub mod glyph;
mod hangup;
pub mod history;
pub mod input;
pub mod keys;
pub mod meant;
pub mod other;
pub mod output;
pub mod palette;
pub mod pane;
pub mod phrase;
pub mod prompt;
pub mod proposal;
pub mod revision;
mod run;
mod save;
pub mod screen;
mod selection;
pub mod settings;
mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod waiting;
pub mod widget;
mod wiring;

pub use hangup::release_terminal;
pub use run::run;
pub use settings::UiSettings;
pub use wiring::{Anew, ConsoleError, Exit, Fold, Improve, Joined, Past, PlanIntent, Rejoin, Render, Revise, Wiring};
