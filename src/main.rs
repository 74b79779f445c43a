//! Arguments -> wired parts -> exit code; so far nothing is wired.

fn main() {}
