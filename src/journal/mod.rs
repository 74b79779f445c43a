//! Events on disk: durable when `append` returns, chained, owned by one engine at a time.
//!
//! Decides nothing about runs: the fold is handed in. Never waits for more events before it syncs, never overwrites a file that it
//! does not understand. One `SQLite` database in WAL mode, `synchronous=FULL`: one transaction and one sync a batch.

pub mod chain;
mod database;
mod ended;
mod entry;
mod error;
pub mod folder;
mod lock;
mod process;
pub mod ps;
mod reader;
mod replay;
mod reserve;
mod snapshot;
mod take_over;
mod verify;
mod writer;

pub use ended::{Bounds, Ended};
pub use error::{AppendError, JournalError, RefusedKind};
pub use lock::holder;
pub use process::Holder;
pub use reader::Reader;
pub use replay::Fold;
pub use reserve::RESERVE_BYTES;
pub use take_over::take_over;
pub use verify::{Finding, VerifyReport, verify};
pub use writer::{Batch, Journal, OpenOptions, SNAPSHOT_EVERY};
