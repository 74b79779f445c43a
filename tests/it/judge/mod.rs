//! Plans are judged, mended, put in a better order, remembered: what must hold for every one of them.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    clippy::type_complexity,
    reason = "figures for people and small generated inputs"
)]

mod defects;
mod memory;
mod orders;
mod replay;
mod traces;
