//! The console without and with a terminal: screens as text, keys as data, and the real thing under a pty.

mod keys;
mod large;
mod moves;
mod pty;
mod screens;
mod world;
