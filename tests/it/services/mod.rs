//! The services of a bare machine against the real thing: real processes, sockets, files and databases.

mod asset;
mod host;
mod http;
mod jobs;
mod notify;
mod server;
