//! Question -> streamed answer of a language model -> a proposal that somebody else judges.
//!
//! Two protocols, one client: caps on every size, one deadline for everything, nothing sent twice without a reason. Dropping
//! the future closes the connection. The key goes into one header and nowhere else; texts of the server are shown redacted.

mod client;
mod extract;
mod fault;
mod look;
mod progress;
mod prompt;
mod propose;
mod protocol;
mod schema;
mod server;

pub use extract::json_of;
pub use fault::Fault;
pub use look::{Look, look};
pub use progress::Progress;
pub use prompt::Brief;
pub use propose::{End, Proposal, REPAIRS, Usage, propose};
pub use server::{Key, Server};
