//! Everything that needs a file, a process or a socket, in one binary.

mod journal;
