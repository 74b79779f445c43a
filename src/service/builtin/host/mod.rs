//! What this machine is and does, read from the kernel itself.

pub mod disk;
pub mod facts;
pub mod kill;
pub mod load;
pub mod logins;
pub mod logs;
pub mod processes;
pub mod service;
pub mod sockets;
pub mod units;
pub mod updates;
pub mod weight;
