//! The subcommands that step in -> one verb and its words.

use super::act::intervene::{Verb, Words};
use super::args::{Command, StepAt};

/// None for those that only look, plan or run.
pub fn of(command: &Command) -> Option<(Verb, Words<'_>)> {
    let whole = |run| Words { run, ..Words::default() };
    let step = |at| {
        let StepAt { run, step }: &StepAt = at;
        Words { run, step: Some(step), ..Words::default() }
    };
    Some(match command {
        Command::Approve(args) => (Verb::Approve, Words { step: args.step.as_deref(), digest: args.digest.as_deref(), ..whole(&args.run) }),
        Command::Reject(args) => (Verb::Reject, Words { step: args.step.as_deref(), text: &args.reason, ..whole(&args.run) }),
        Command::Retry(args) => (Verb::Retry, Words { text: &args.reason, ..step(&args.at) }),
        Command::Skip(args) => (Verb::Skip, Words { text: &args.reason, sure: args.yes, ..step(&args.at) }),
        Command::Done(args) => (Verb::Done, Words { text: &args.evidence, ..step(&args.at) }),
        Command::TakeBack(args) => (Verb::TakeBack, step(&args.at)),
        Command::Pause(args) => (Verb::Pause, Words { step: args.step.as_deref(), ..whole(&args.run) }),
        Command::Cancel(args) => (Verb::Cancel, Words { text: &args.reason, now: args.now, sure: args.yes, ..whole(&args.run) }),
        Command::Rollback(args) => (Verb::Rollback, Words { text: &args.reason, sure: args.yes, ..whole(&args.run) }),
        Command::Freeze(args) => (Verb::Freeze, Words { text: &args.reason, ..whole(&args.target) }),
        Command::Thaw(args) => (Verb::Thaw, whole(&args.target)),
        Command::Note(args) => (Verb::Note, Words { text: &args.text, ..whole(&args.run) }),
        Command::Forget(args) => (Verb::Forget, Words { text: &args.reason, ..whole(&args.run) }),
        Command::Host
        | Command::Plan(_)
        | Command::Run(_)
        | Command::Resume(_)
        | Command::Runs(_)
        | Command::Show(_)
        | Command::Log(_)
        | Command::Events(_)
        | Command::Template(_)
        | Command::Service(_)
        | Command::Doctor(_)
        | Command::Config(_)
        | Command::Check(_)
        | Command::Asset(_)
        | Command::Audit(_)
        | Command::Memory(_)
        | Command::Completions(_)
        | Command::Man(_) => return None,
    })
}
