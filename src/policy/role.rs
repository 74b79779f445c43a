//! One authorisation function: actor, verb -> yes or a refusal. Default deny.

use crate::model::actor::{Actor, Role};
use crate::model::command::{Command, Refusal, RefusalCode};

/// Verbs in the order of the role that they need.
fn needed(command: &Command) -> Role {
    match command {
        Command::Submit(_)
        | Command::Retry { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::Cancel { .. }
        | Command::TakeBack { .. }
        | Command::Note { .. }
        | Command::Forget { .. } => Role::Operator,
        Command::Approve { .. }
        | Command::Reject { .. }
        | Command::Revise { .. }
        | Command::Skip { .. }
        | Command::Done { .. }
        | Command::Rollback { .. }
        | Command::Freeze { .. }
        | Command::Thaw { .. } => Role::Approver,
        Command::Report(_) => Role::Admin,
    }
}

/// Reports come from the engine alone, whatever role a person has.
pub fn authorise(actor: &Actor, command: &Command) -> Result<(), Refusal> {
    let is_report = matches!(command, Command::Report(_));
    if actor.role() >= needed(command) && (!is_report || *actor == Actor::Engine) {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Denied, format!("{actor} may not do this")))
}
