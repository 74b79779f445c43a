//! ouioe: from a typed intent to an approved, durable, adaptive run. A module imports lower floors only.
//!
//! - 0 `model` nouns; `text` untrusted text -> safe text
//! - 1 `policy` who may, and what exactly was approved; `decision`, `insight`
//! - 2 `planner` intent -> plan; `adaptation`, `orchestration`
//! - 3 `machine` the fold: commands in, events out
//! - 4 `journal` events on disk; `spool` step output; `store`
//! - 5 `service` effect -> report, with the step runner; `llm`
//! - 6 `engine` the loop     7 `link` console <-> engine     8 `console` the screen
//! - 9 `config` file, environment -> settings     10 `cli` one file per subcommand
//!
//! Floors 0-3 know no clock, file, socket or hash order; `tests/it/architecture.rs` holds all this.

pub mod adaptation;
pub mod cli;
pub mod config;
pub mod console;
pub mod decision;
pub mod engine;
pub mod insight;
pub mod journal;
pub mod link;
pub mod llm;
pub mod machine;
pub mod model;
pub mod planner;
pub mod policy;
pub mod service;
pub mod spool;
pub mod store;
pub mod text;
