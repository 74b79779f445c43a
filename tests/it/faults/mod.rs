//! The whole program under faults: killed, stopped, starved, lied to. Judged by `tests/checker`, which shares no code with it.
//!
//! Every campaign prints its seed and its counts. A fault that did not fire counts for nothing. `OUIOE_LONG=1` runs them at
//! full length, `OUIOE_SEED` repeats one, `OUIOE_BIN` names another program.

mod adopt;
mod approved;
mod boundary;
mod checker;
mod full;
mod host;
mod kill;
mod plans;
mod program;
mod race;
pub mod rng;
mod takeover;
