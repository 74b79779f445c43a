//! Service manifests: TOML files -> catalogue of operations.

pub mod embedded;
pub mod load;

mod binding;
mod fields;
mod http;
mod operation;
mod reader;

pub use http::texts_of;
pub use load::{load, load_file, toml_files};
