//! The console without and with a terminal: screens as text, keys as data, and the real thing under a pty.

mod screens;
mod world;
