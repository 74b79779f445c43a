//! Steps on another machine: the real `ssh` against a real `sshd` of our own, on this one.

mod acts;
mod bytes;
mod ends;
mod fleet;
mod lists;
mod looks;
mod orphan;
mod program;
mod reads;
mod server;
mod shared;
mod stand_ins;
