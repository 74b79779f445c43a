//! The services of a bare machine against the real thing: real processes, sockets, files and databases.

mod asset;
mod bare;
mod canaries;
pub mod host;
mod hostile;
mod http;
mod jobs;
mod network;
mod notify;
mod server;
mod site;
