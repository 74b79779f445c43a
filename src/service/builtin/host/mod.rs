//! What this machine is and does, read from the kernel itself.

pub mod disk;
pub mod facts;
pub mod kill;
pub mod load;
pub mod logs;
pub mod processes;
pub mod service;
pub mod updates;
