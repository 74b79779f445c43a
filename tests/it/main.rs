//! The one integration binary: one link, one run.

mod architecture;
mod journal;
mod machine;
mod source;
