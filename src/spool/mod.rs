//! Where each attempt's files are, and its output as bytes.
//!
//! The runner writes them; everybody else reads. Folder: `runs/RUN/STEP/ATTEMPT/` with STEP percent-encoded, so that no
//! step id can leave the folder.

pub mod folder;
pub mod layout;
pub mod reader;
pub mod writer;

pub use folder::Spools;
pub use reader::OutputChunk;
pub use writer::SpoolWriter;
