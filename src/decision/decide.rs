//! Proposals of plans + evidence -> one ruling with every vote, the dissent and the losers.
//!
//! **The interface for proposers**: `decide(&[Proposal], &Evidence) -> Decision`. A proposer hands in a validated plan with its
//! problems; `Ruling::Chosen` names the proposal to take, `Clarify` and `Refused` are said to the operator.
//! A veto or a problem excludes; the others are ranked by the weighted mean of the roles that have evidence. The order of
//! the proposals never matters, and nobody votes without evidence.

use crate::model::why::{Considered, Decision, Role, Ruling, Vote};

use super::proposal::{Evidence, Proposal, THRESHOLD};
use super::role::{self, ROLES};

/// Fewer voices than this say too little.
const QUORUM: usize = 2;

pub fn decide(proposals: &[Proposal], evidence: &Evidence) -> Decision {
    decide_by(&ROLES, proposals, evidence)
}

/// By these roles only; the tests ask what one of them changes.
pub(super) fn decide_by(roles: &[Role], proposals: &[Proposal], evidence: &Evidence) -> Decision {
    let mut table: Vec<&Proposal> = proposals.iter().collect();
    table.sort_by(|a, b| a.origin.cmp(&b.origin).then_with(|| a.name.cmp(&b.name)).then_with(|| operations(a).cmp(&operations(b))));
    let votes: Vec<Vec<Vote>> = roles.iter().map(|role| role::votes(*role, &table, evidence)).collect();
    let mut considered: Vec<(Considered, &Proposal)> = table
        .iter()
        .enumerate()
        .map(|(at, proposal)| (consider(proposal, votes.iter().map(|of| of[at].clone()).collect()), *proposal))
        .collect();
    // A stable sort: what is equal stays in the order of the table.
    considered.sort_by(|(a, _), (b, _)| is_vetoed(a).cmp(&is_vetoed(b)).then(b.consensus.cmp(&a.consensus)));
    let mut considered: Vec<Considered> = considered.into_iter().map(|(one, _)| one).collect();
    let ruling = ruling(&considered);
    explain_losers(&mut considered, &ruling);
    Decision { dissent: dissent(roles, &considered), ruling, threshold: THRESHOLD, considered }
}

fn operations(proposal: &Proposal) -> Vec<&str> {
    proposal.plan.steps.iter().map(|step| step.operation.as_str()).collect()
}

fn consider(proposal: &Proposal, votes: Vec<Vote>) -> Considered {
    let scores: Vec<(u32, u32)> = votes.iter().filter_map(|vote| Some((vote.score?, role::weight(vote.role)))).collect();
    let weight: u32 = scores.iter().map(|(_, weight)| weight).sum();
    let total: u32 = scores.iter().map(|(score, weight)| score * weight).sum();
    Considered {
        name: proposal.name.clone(),
        operations: operations(proposal).into_iter().map(str::to_owned).collect(),
        consensus: (weight > 0).then(|| total / weight),
        votes,
        why_not: String::new(),
    }
}

fn veto(considered: &Considered) -> Option<&str> {
    considered.votes.iter().find_map(|vote| vote.veto.as_deref())
}

fn is_vetoed(considered: &Considered) -> bool {
    veto(considered).is_some()
}

fn ruling(considered: &[Considered]) -> Ruling {
    let free: Vec<&Considered> = considered.iter().filter(|one| !is_vetoed(one)).collect();
    let Some(best) = free.first() else {
        let reasons = considered.iter().filter_map(|one| Some(format!("{}: {}", one.name, veto(one)?))).collect();
        return Ruling::Refused { reasons };
    };
    let choices = || free.iter().take(3).map(|one| format!("{}: {}", one.name, one.operations.join(", "))).collect();
    let voices = best.votes.iter().filter(|vote| vote.score.is_some()).count();
    if voices < QUORUM {
        let question = format!("only {voices} of {} roles know anything about this; which plan is meant?", best.votes.len());
        return Ruling::Clarify { question, choices: choices() };
    }
    match best.consensus {
        Some(consensus) if consensus >= THRESHOLD => Ruling::Chosen { name: best.name.clone() },
        Some(consensus) => Ruling::Clarify {
            question: format!("the best plan reaches {consensus} of the {THRESHOLD} thousandths of agreement it needs; which is meant?"),
            choices: choices(),
        },
        None => Ruling::Clarify { question: "nobody knows anything about this; which plan is meant?".to_owned(), choices: choices() },
    }
}

fn explain_losers(considered: &mut [Considered], ruling: &Ruling) {
    let winner = match ruling {
        Ruling::Chosen { name } => Some((name.clone(), considered.first().and_then(|one| one.consensus))),
        Ruling::Clarify { .. } | Ruling::Refused { .. } => None,
    };
    for (at, one) in considered.iter_mut().enumerate() {
        one.why_not = match (veto(one), &winner) {
            (Some(veto), _) => veto.to_owned(),
            (None, Some(_)) if at == 0 => String::new(),
            (None, Some((name, score))) if *score == one.consensus => format!("as good as {name}, which comes first"),
            (None, Some((name, score))) => {
                format!("{} below {} of {name}", one.consensus.unwrap_or(0), score.unwrap_or(0))
            }
            (None, None) => "too little agreement".to_owned(),
        };
    }
}

/// Roles whose favourite is another than the first, with their reason.
fn dissent(roles: &[Role], considered: &[Considered]) -> Vec<String> {
    let Some(first) = considered.first() else { return Vec::new() };
    let of = |one: &Considered, at: usize| one.votes[at].score;
    let against = |(at, role): (usize, &Role)| {
        let own = of(first, at)?;
        let other = considered[1..].iter().filter(|one| of(one, at).is_some_and(|score| score > own));
        let other = other.reduce(|best, one| if of(one, at) > of(best, at) { one } else { best })?;
        Some(format!("{}: would rather take {} ({})", role.as_str(), other.name, other.votes[at].reason))
    };
    roles.iter().enumerate().filter_map(against).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::proposal::{Origin, Record, Word};
    use super::*;
    use crate::model::plan::Plan;
    use crate::model::problem::Problem;
    use crate::model::time::Millis;

    /// `ID service.verb:effect target [<NEED…] [flags]`, one step each.
    fn plan(lines: &[&str]) -> Plan {
        let steps: Vec<Value> = lines.iter().map(|line| step(line)).collect();
        let plan = json!({"digest": "0".repeat(64), "revision": 1, "title": "t", "intent": "i", "source": {"kind": "intent"},
            "approval_required": false, "steps": steps});
        serde_json::from_value(plan).expect("a plan")
    }

    fn step(line: &str) -> Value {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (operation, effect) = words[1].split_once(':').expect("an effect");
        let needs: Vec<Value> = words.iter().filter_map(|word| Some(json!({"step": word.strip_prefix('<')?}))).collect();
        let has = |flag: &str| words.contains(&flag);
        json!({"id": words[0], "operation": operation, "params": {"host": words[2]}, "effect": effect, "low_risk": false,
            "repeat": if has("once") { "at_most_once" } else { "idempotent" }, "needs": needs, "critical": true,
            "approval": has("gate"), "timeout_ms": 1000, "retry": {"limit": u32::from(has("again")), "base_ms": 1, "cap_ms": 2},
            "action": {"kind": "unbound", "hint": ""}})
    }

    fn proposal(name: &str, origin: Origin, lines: &[&str]) -> Proposal {
        Proposal { name: name.to_owned(), origin, plan: Arc::new(plan(lines)), problems: Vec::new(), record: None }
    }

    fn word(text: &str, operations: &[&str]) -> Word {
        Word { text: text.to_owned(), operations: operations.iter().map(|one| (*one).to_owned()).collect() }
    }

    fn evidence() -> Evidence {
        Evidence { said: BTreeSet::from(["web-1".to_owned()]), ..Evidence::default() }
    }

    fn chosen(decision: &Decision) -> Option<&str> {
        match &decision.ruling {
            Ruling::Chosen { name } => Some(name),
            Ruling::Clarify { .. } | Ruling::Refused { .. } => None,
        }
    }

    /// With the role `b` wins, without it `a` does: nothing else differs.
    fn alone_turns(role: Role, proposals: &[Proposal], evidence: &Evidence) {
        let others: Vec<Role> = ROLES.into_iter().filter(|one| *one != role).collect();
        let (with, without) = (decide(proposals, evidence), decide_by(&others, proposals, evidence));
        assert_eq!((chosen(&with), chosen(&without)), (Some("b"), Some("a")), "{role:?}\n{with:#?}");
        let said = with.considered.iter().flat_map(|one| &one.votes).filter(|vote| vote.role == role);
        assert!(said.clone().count() == proposals.len() && said.clone().any(|vote| vote.score.is_some()), "{role:?}");
    }

    const LOOK: &str = "s1 host.look:read web-1";

    #[test]
    fn analyst_alone_prefers_the_plan_that_explains_more_words() {
        let proposals = [proposal("a", Origin::Embedded, &[LOOK]), proposal("b", Origin::Memory, &["s1 host.see:read web-1"])];
        alone_turns(Role::Analyst, &proposals, &Evidence { words: vec![word("see", &["host.see"])], ..evidence() });
    }

    #[test]
    fn advocate_alone_prefers_the_plan_with_a_way_on() {
        let proposals = [proposal("a", Origin::Embedded, &[LOOK]), proposal("b", Origin::Memory, &["s1 host.look:read web-1 again"])];
        alone_turns(Role::Advocate, &proposals, &evidence());
    }

    #[test]
    fn critic_alone_prefers_the_smaller_risk() {
        let proposals = [
            proposal("a", Origin::Embedded, &["s1 host.wipe:destroy web-1 gate"]),
            proposal("b", Origin::Memory, &["s1 host.wipe:mutate web-1 gate"]),
        ];
        alone_turns(Role::Critic, &proposals, &evidence());
    }

    #[test]
    fn synthesiser_alone_prefers_what_others_propose_too() {
        let proposals = [
            proposal("a", Origin::Embedded, &[LOOK]),
            proposal("b", Origin::Memory, &["s1 host.see:read web-1"]),
            proposal("c", Origin::Model, &["s1 host.see:read web-1"]),
        ];
        alone_turns(Role::Synthesiser, &proposals, &evidence());
    }

    #[test]
    fn validator_alone_keeps_out_what_is_unsound() {
        let mut unsound = proposal("a", Origin::Embedded, &[LOOK]);
        unsound.problems = vec![Problem::new("plan", "cycle", "the steps wait for each other")];
        let proposals = [unsound, proposal("b", Origin::Memory, &[LOOK])];
        let evidence = Evidence { words: vec![word("look", &["host.look"])], ..evidence() };
        alone_turns(Role::Validator, &proposals, &evidence);
        assert_eq!(decide(&proposals, &evidence).considered[1].why_not, "1 problems: the steps wait for each other");
    }

    #[test]
    fn strategist_alone_prefers_the_shorter_chain() {
        let two = |needs: &str| format!("s2 host.look:read web-1 {needs}");
        let (chain, wide) = (two("<s1"), two(""));
        let proposals = [proposal("a", Origin::Embedded, &[LOOK, &chain]), proposal("b", Origin::Memory, &[LOOK, &wide])];
        let expected = BTreeMap::from([("host.look".to_owned(), Millis(500))]);
        alone_turns(Role::Strategist, &proposals, &Evidence { expected, ..evidence() });
    }

    #[test]
    fn ethicist_alone_vetoes_a_target_that_nobody_named() {
        let proposals =
            [proposal("a", Origin::Model, &["s1 host.x:mutate db-9"]), proposal("b", Origin::Model, &["s1 host.x:mutate web-1"])];
        let evidence = evidence();
        alone_turns(Role::Ethicist, &proposals, &evidence);
        let decision = decide(&proposals[..1], &evidence);
        let Ruling::Refused { reasons } = decision.ruling else { panic!("{decision:?}") };
        assert_eq!(reasons, ["a: host.x would change `db-9`, which nobody named"]);
    }

    #[test]
    fn pragmatist_alone_prefers_what_ended_well() {
        let mut tried = proposal("b", Origin::Memory, &[LOOK]);
        tried.record = Some(Record { runs: 9, succeeded: 9 });
        alone_turns(Role::Pragmatist, &[proposal("a", Origin::Embedded, &[LOOK]), tried], &evidence());
    }

    #[test]
    fn too_few_voices_or_too_little_agreement_ask() {
        let one = [proposal("a", Origin::Embedded, &[LOOK])];
        let few = decide_by(&[Role::Analyst, Role::Critic, Role::Validator], &one, &evidence());
        assert!(
            matches!(&few.ruling, Ruling::Clarify { question, choices } if question.starts_with("only 1 of 3") && choices.len() == 1),
            "{few:?}"
        );
        let words = ["paint", "the", "moon"].map(|text| word(text, &[])).to_vec();
        let low = decide(&one, &Evidence { words, ..evidence() });
        assert!(matches!(&low.ruling, Ruling::Clarify { question, .. } if question.contains("of the 500")), "{low:?}");
        assert!(matches!(decide(&[], &evidence()).ruling, Ruling::Refused { .. }));
    }

    #[test]
    fn dissent_names_the_role_and_what_it_would_rather_take() {
        let proposals = [
            proposal("a", Origin::Embedded, &["s1 host.see:read web-1"]),
            proposal("b", Origin::Memory, &["s1 host.look:read web-1 again"]),
        ];
        let decision = decide(&proposals, &Evidence { words: vec![word("see", &["host.see"])], ..evidence() });
        assert_eq!(chosen(&decision), Some("a"));
        assert_eq!(decision.dissent, ["advocate: would rather take b (1 of 1 steps can be repeated, undone or went around)"]);
        assert!(decision.considered[1].why_not.contains("below"), "{decision:?}");
    }

    fn some_proposal() -> impl Strategy<Value = Proposal> {
        let operation = prop::sample::select(vec!["host.a:read", "host.b:mutate", "host.c:destroy"]);
        let flags = prop::sample::select(vec!["", "again", "gate", "once", "<s1", "<s2 again"]);
        let target = prop::sample::select(vec!["web-1", "db-9"]);
        let origin = prop::sample::select(vec![Origin::Embedded, Origin::Memory, Origin::Model]);
        (prop::collection::vec((operation, target, flags), 1..4), origin, prop::option::of(0_u32..5)).prop_map(|(steps, origin, runs)| {
            let lines: Vec<String> = steps
                .iter()
                .enumerate()
                .map(|(at, (operation, target, flags))| format!("s{} {operation} {target} {flags}", at + 1))
                .collect();
            let mut made = proposal("", origin, &lines.iter().map(String::as_str).collect::<Vec<_>>());
            made.record = runs.map(|succeeded| Record { runs: 5, succeeded });
            made
        })
    }

    proptest! {
        #[test]
        fn the_order_of_the_proposals_never_matters(made in prop::collection::vec(some_proposal(), 1..6), turn in 0_usize..6) {
            let named: Vec<Proposal> = made.into_iter().enumerate().map(|(at, one)| Proposal { name: format!("p{at}"), ..one }).collect();
            let words = vec![word("a", &["host.a"]), word("c", &["host.c"])];
            let evidence = Evidence { words, ..evidence() };
            let mut turned = named.clone();
            turned.reverse();
            let middle = turn % turned.len();
            turned.rotate_left(middle);
            prop_assert_eq!(decide(&named, &evidence), decide(&turned, &evidence));
        }
    }
}
