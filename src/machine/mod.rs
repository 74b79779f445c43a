//! The fold: one command -> events, events -> state, state -> wanted effects.
//!
//! Pure: no clock, randomness, file, socket or hash order. `apply` records facts and decides nothing, so an old journal
//! means the same for ever; `handle` judges one command; `advance` draws what follows, one small step at a time.

mod advance;
mod apply;
mod condition;
mod copies;
mod ending;
mod handle;
mod losses;
mod quiet;
mod render;
mod size;
mod turn;
mod wanted;
mod worklist;

pub use advance::advance;
pub use apply::apply;
pub use copies::{Copies, asked_about, copies};
pub use ending::{Ending, ending};
pub use handle::handle;
pub use losses::losses;
pub use quiet::is_quiet;
pub use render::{Unrendered, rendered};
pub use turn::{Ctx, Draft, Handled, Turn, turn, wake};
pub use wanted::{begin, wanted, wanted_of};
pub use worklist::Worklist;
