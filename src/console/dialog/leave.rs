//! Leaving the console: what becomes of the runs is the operator's choice, in words that are true.

use crate::text;

use super::super::app::App;
use super::super::phrase;
use super::super::wiring::Exit;
use super::{Basis, Choice, Dialog, Does, Effort, Part};

/// Runs named; more are counted.
const NAMED: usize = 6;

/// With the engine in this process and unfinished runs; otherwise there is nothing to ask but for Ctrl-c.
pub fn for_leaving(app: &App) -> Dialog {
    let names: Vec<String> = app
        .unfinished()
        .take(NAMED)
        .map(|workflow| {
            format!("{}  {}  {}", text::safe(workflow.run.as_str()), phrase::workflow(workflow), phrase::exact(&workflow.title))
        })
        .collect();
    let count = app.unfinished().count();
    let live: usize = app.unfinished().map(|workflow| workflow.live.len()).sum();
    if !app.in_process || count == 0 {
        let exit = if app.in_process { Exit::Quit } else { Exit::Detach };
        let note = if app.in_process { "no run is unfinished" } else { "the engine goes on elsewhere" };
        let choices =
            vec![Choice::new("leave", "leave the console", Does::Leave(exit), Effort::Letter).noted(note), Choice::close("stay here")];
        return Dialog::new("Leave".to_owned(), vec![Part::new("WHAT", note)], choices, String::new(), Basis::Free, app);
    }
    let mut parts = vec![Part::new("WHAT", format!("unfinished runs: {count}, live steps: {live}; their engine is this console"))];
    parts.push(Part::of("RUNS", super::super::theme::Role::Text, names));
    if count > NAMED {
        parts.push(Part::new("", format!("and {} more", count - NAMED)));
    }
    let choices = vec![
        Choice::new("leave running", "leave them running without a screen", Does::Leave(Exit::Headless), Effort::Letter)
            .noted("`ouioe` comes back to them"),
        Choice::new("park", "leave them parked", Does::Leave(Exit::Park), Effort::Enter).noted("live steps end, nothing new starts"),
        Choice::new("cancel", "cancel them all, then stay here", Does::CancelAll, Effort::Enter).noted("with grace"),
        Choice::close("stay here"),
    ];
    Dialog::new("Leave: what becomes of the runs?".to_owned(), parts, choices, String::new(), Basis::Free, app)
}
