//! The one integration binary: one link, one run.

mod architecture;
mod console;
mod source;
