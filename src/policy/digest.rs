//! Step, plan and rendered-action digests.
//!
//! A step's digest keeps its holes as text, so it covers "the value of s1.output.path goes here"; a rendered digest has
//! none left. The plan digest is a Merkle root over both, edges and envelope.

use serde_json::Value;

use super::canonical::Canonical;
use crate::model::action::{Action, Program};
use crate::model::digest::Digest;
use crate::model::plan::{Bound, Compensation, Plan, Step};

/// Covers builtin name and parameters, or program, argv, environment and script.
pub fn action_digest(action: &Action) -> Digest {
    match action {
        Action::Builtin { name, params, owned } => Canonical::new("ouioe.action.builtin.1")
            .text(name)
            .number(u64::from(*owned))
            .list(params.iter(), |out, (key, value)| out.text(key).value(value))
            .finish(),
        Action::Command { program, args, env, secrets, cwd, output, script } => {
            let out = put_program(Canonical::new("ouioe.action.command.1"), program)
                .list(args.iter(), |out, arg| out.text(&arg.0))
                .list(env.iter(), |out, (key, value)| out.text(key).text(&value.0))
                .list(secrets.iter(), |out, (key, handle)| out.text(key).text(handle))
                .text(cwd.as_deref().unwrap_or(""))
                .text(&format!("{output:?}"));
            out.list(script.iter(), put_program).finish()
        }
        Action::Ssh { ssh, host, destination, port, options, argv, env, secrets, output, list } => {
            let out = put_program(Canonical::new("ouioe.action.ssh.1"), ssh)
                .text(host)
                .text(destination)
                .number(port.map_or(0, u64::from))
                .list(options.iter(), |out, option| out.text(option))
                .list(argv.iter(), |out, arg| out.text(&arg.0))
                .list(env.iter(), |out, (key, value)| out.text(key).text(&value.0))
                .list(secrets.iter(), |out, (key, handle)| out.text(key).text(handle))
                .text(&format!("{output:?}"));
            let Some(list) = list else { return out.finish() };
            let out = out.list(list.argv.iter(), |out, arg| out.text(&arg.0));
            out.list(list.fields.iter(), |out, field| out.text(field)).finish()
        }
        Action::Unbound { .. } => Canonical::new("ouioe.action.unbound.1").finish(),
    }
}

fn put_program(out: Canonical, program: &Program) -> Canonical {
    out.text(&program.path).digest(&program.sha256)
}

/// Covers all that decides what the step does and when; not titles, provenance or thresholds.
pub fn step_digest(step: &Step) -> Digest {
    let out = Canonical::new("ouioe.step.1")
        .text(step.id.as_str())
        .text(&step.operation)
        .list(step.params.iter(), |out, (key, value)| out.text(key).value(value))
        .text(step.effect.as_str())
        .text(&format!("{:?} {:?} {:?}", step.repeat, step.join, step.kind))
        .list(step.needs.iter(), |out, need| out.text(need.step.as_str()).text(&format!("{:?} {:?}", need.when, need.kind)))
        .text(step.condition.as_deref().unwrap_or(""))
        .number(u64::from(step.critical) | u64::from(step.approval) << 1 | u64::from(step.low_risk) << 2)
        .number(step.timeout_ms.0)
        .number(step.silence_ms.0)
        .number(u64::from(step.retry.limit))
        .number(step.retry.base_ms.0)
        .number(step.retry.cap_ms.0)
        .list(step.locks.iter(), |out, lock| out.text(lock))
        .list(step.bounds.iter(), |out, (hole, bound)| put_bound(out.text(hole), bound))
        .digest(&action_digest(&step.action));
    let out = out.list(step.compensation.iter(), put_compensation).list(step.probe.iter(), put_compensation);
    // Steps without it keep the digest that they always had.
    let Some(each) = &step.for_each else { return out.finish() };
    out.text("for_each").value(&each.list).number(each.at_once.map_or(0, u64::from)).number(u64::from(each.most)).finish()
}

fn put_compensation(out: Canonical, it: &Compensation) -> Canonical {
    out.text(&it.operation)
        .list(it.params.iter(), |out, (key, value)| out.text(key).value(value))
        .text(it.effect.as_str())
        .number(it.timeout_ms.0)
        .digest(&action_digest(&it.action))
}

fn put_bound(out: Canonical, bound: &Bound) -> Canonical {
    match bound {
        Bound::OneOf(values) => out.text("one_of").list(values.iter(), |out, value| out.text(value)),
        Bound::Range { min, max } => out.text("range").value(&Value::from(*min)).value(&Value::from(*max)),
    }
}

/// Fills in every step's digest and the plan's own. The last thing done to a plan.
pub fn seal(plan: &mut Plan) {
    for step in &mut plan.steps {
        step.digest = step_digest(step);
    }
    plan.digest = plan_digest(plan);
}

pub fn plan_digest(plan: &Plan) -> Digest {
    Canonical::new("ouioe.plan.1")
        .number(u64::from(plan.revision))
        .text(plan.environment.as_deref().unwrap_or(""))
        .number(u64::from(plan.approval_required))
        .list(plan.steps.iter(), |out, step| out.digest(&step_digest(step)))
        .finish()
}
