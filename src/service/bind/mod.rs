//! Steps of a plan -> what exactly they would do: program, digest, argv, or a hint why not.

pub mod slots;

mod binding;
mod command;
mod configured;
mod http;
mod remote;

pub use binding::{bind, bind_over, is_here, is_local};
pub use remote::Ssh;
