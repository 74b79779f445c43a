//! Steps of a plan -> what exactly they would do: program, digest, argv, or a hint why not.

pub mod slots;

mod binding;
mod command;
mod configured;
mod http;

pub use binding::{bind, is_local};
