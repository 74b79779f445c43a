//! Past attempts -> what to expect of the next ones.
//!
//! Pure: it is told what happened and never looks for itself.

mod forecast;
mod history;

pub use forecast::forecast;
pub use history::{History, Past};
