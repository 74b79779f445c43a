//! Plans are judged, mended, put in a better order, remembered: what must hold for every one of them.

mod defects;
mod memory;
mod orders;
