//! The checker itself: a clean journal passes, and each kind of lie in it is found.
