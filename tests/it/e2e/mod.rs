//! The program as a user meets it: the real binary, folders of its own, a real terminal where one is needed.

mod clean;
mod codes;
mod health;
mod home;
mod tty;
