//! The unix socket of a journal's engine: other consoles and commands of the same user join through it.
//!
//! JSON lines, one protocol for every link that leaves the process. Never takes the sender's word for who it is.

pub mod address;
pub mod client;
pub mod frame;
pub mod protocol;
pub mod server;

pub use address::{Listener, listen, runtime_dir};
pub use client::SocketClient;
pub use server::{Served, serve};
