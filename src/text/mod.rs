//! Text from outside -> text that is safe to show: nothing hidden, nothing obeyed, nothing secret.
//!
//! Every screen, log and file that people read gets such text through here. Nothing is dropped silently.

mod figures;
pub mod redact;
mod sanitise;
mod width;

pub use figures::{figures, headline};
pub use sanitise::{safe, safe_block, safe_bytes, safe_json};
pub use width::{clip, width};
