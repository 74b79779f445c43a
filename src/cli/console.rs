//! `ouioe` without a command: the console, on the running engine or on one of its own.

use super::act::Trouble;
use super::dispatch::Setup;
use super::exit::Exit;

pub async fn console(setup: &Setup) -> Result<Exit, Trouble> {
    let _ = setup;
    Err(Trouble::new(
        Exit::Usage,
        "no terminal: say what to do, as in `ouioe run \"complete system health check\"`; `ouioe --help` lists the commands",
    ))
}
