//! The program as a user meets it: the real binary, folders of its own, a real terminal where one is needed.

mod bad_input;
mod clean;
mod codes;
mod conditions;
mod drift;
mod each;
mod escape;
mod everyday;
#[cfg(target_os = "linux")]
mod hangup;
mod health;
pub mod home;
mod idle;
mod join;
mod step_in;
mod terminals;
mod tools;
pub mod tty;
