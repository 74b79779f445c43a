//! What a clause is and what its best operation leaves unsaid: bounds that are missing, words that got lost, reads inside messages.

use crate::model::catalogue::{EffectClass, Param};
use crate::planner::account::{Account, account};
use crate::planner::ask::World;
use crate::planner::bounds::{self, Bounds};
use crate::planner::choose::{Around, Choice, Pool, choose};
use crate::planner::grammar;
use crate::planner::index::Index;
use crate::planner::score::{Query, is_inside_phrase};
use crate::planner::segment::{Clause, Cond, Join, is_outcome};
use crate::planner::slots::{WORDED, is_machine_param};
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, stem, stems};

use super::units::Unit;
use super::{Stop, clarify, refuse};

/// "put x in maintenance: ...", "port 443 on x: page them if it is closed": what stands before the colon is itself to be done.
pub(super) fn is_lead_done(clause: &Clause, next: Option<&Clause>, world: &World<'_>, pool: Pool) -> bool {
    let Some(best) = choose(&clause.tokens, world, pool, &Around::default()).into_iter().next() else { return false };
    let whole = best.operation.required().all(|param| best.bound.values.contains_key(&param.name));
    let asks = next.is_some_and(|next| {
        next.tokens.first().is_some_and(|token| token.is_one_of(&["how", "what", "which", "who", "when", "where", "why", "is", "are"]))
    });
    if asks && best.operation.effect != EffectClass::Read {
        return false;
    }
    let hangs = next.is_some_and(|next| matches!(next.cond, Some(Cond::On { .. })));
    whole && best.operation.required().next().is_some() && (hangs || best.operation.effect != EffectClass::Read)
}

/// "drop all databases": what destroys needs a bound.
pub(super) fn unbounded(best: &Choice, clause: &Clause) -> Option<Stop> {
    let operation = &best.operation;
    let followed = |at: usize| clause.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Word && !is_function(&next.low));
    let all = (0..clause.tokens.len()).any(|at| {
        let token = &clause.tokens[at];
        token.is("everything") || (token.is_one_of(&["all", "every", "each"]) && followed(at))
    });
    // "delete every namespace of the cluster": what stands behind is no name of one.
    let every = (1..clause.tokens.len()).any(|at| {
        let cue = |param: &Param| stems(&param.name).contains(&stem(&clause.tokens[at].low));
        clause.tokens[at - 1].is_one_of(&["all", "every", "each"])
            && operation.required().any(cue)
            && clause.tokens.get(at + 1).is_some_and(|next| next.is_one_of(&["of", "in", "on", "from"]))
    });
    let open = every || operation.required().any(|param| !best.bound.values.contains_key(&param.name));
    let no_bound = best.bound.group.as_ref().is_none_or(|group| group.values.is_empty());
    (operation.effect == EffectClass::Destroy && all && open && no_bound).then(|| {
        let what = operation.required().find(|param| !best.bound.values.contains_key(&param.name)).map_or("target", |param| &param.name);
        refuse(format!("{} on everything has no bound; name each `{what}`", operation.name), vec![operation.name.clone()])
    })
}

/// "send the load of x to #ops": the read whose answer the message carries.
pub(super) fn embedded(best: &Choice, clause: &Clause, world: &World<'_>, pool: Pool) -> Option<Choice> {
    let worded = best.operation.params.iter().any(|param| WORDED.contains(&param.name.as_str()));
    let verb = world.index.verb_place(&clause.tokens)?;
    let sends = clause.tokens[verb].is_one_of(&["send", "post", "mail", "email", "report", "forward", "push", "write", "publish", "share"]);
    let channel = clause.tokens.iter().position(|token| token.kind == Kind::Channel)?;
    if !worded || !sends || channel < verb + 3 || clause.tokens.iter().any(|token| token.is_one_of(&["that", "saying", "says"])) {
        return None;
    }
    let inner = &clause.tokens[verb + 1..channel];
    let inner = inner.strip_suffix(&[clause.tokens[channel - 1].clone()]).filter(|_| clause.tokens[channel - 1].is("to"))?;
    let read = choose(inner, world, pool, &Around::default()).into_iter().next()?;
    let whole = read.operation.required().all(|param| read.bound.values.contains_key(&param.name) || read.bound.group.is_some());
    let is_read = read.operation.effect == EffectClass::Read && read.operation.required().next().is_some();
    (is_read && whole && read.words >= 1.5).then_some(read)
}

/// "are there any x? list them": asked once.
pub(super) fn is_again(found: &[Unit], best: &Choice, clause: &Clause, world: &World<'_>) -> bool {
    let pronoun = clause.tokens.iter().any(|token| token.is_one_of(&["it", "them", "these", "those", "that"]));
    let nothing_new = best.bound.values.values().all(Vec::is_empty) && best.bound.group.is_none() && clause.cond.is_none();
    let same = found.iter().rev().find_map(|unit| unit.operation.as_ref()).is_some_and(|operation| operation.name == best.operation.name);
    let alone = clause.tokens.iter().all(|token| token.kind == Kind::Word) && clause.tokens.len() < 3;
    let once_more = clause.tokens.iter().any(|token| token.is_one_of(&["again", "more", "another", "second", "twice"]));
    // "x has a new cert, renew": the verb alone; "what route do we take? run a traceroute": the same look.
    let content = || clause.tokens.iter().filter(|token| !is_function(&token.low));
    let plain = !once_more && clause.join != Join::Then && clause.tokens.iter().all(|token| token.kind == Kind::Word);
    let verb_alone = plain && content().count() == 1 && clause.tokens.len() < 4;
    let place = world.index.operations.iter().position(|one| one.name == best.operation.name);
    let query = Query::of(&clause.tokens, &world.index, None);
    let told = |at: usize| {
        let token = &clause.tokens[at];
        is_function(&token.low) || Index::is_carrier(&token.low) || place.is_some_and(|place| query.explains(place, at, &world.index))
    };
    let same_look = plain && best.operation.effect == EffectClass::Read && (0..clause.tokens.len()).all(told);
    let it_alone =
        clause.tokens.iter().any(|token| token.is("it")) && !clause.tokens.iter().any(|token| token.is_one_of(&["them", "these", "those"]));
    let destroys = best.operation.effect == EffectClass::Destroy;
    same && (pronoun || alone && clause.elliptic || verb_alone || same_look) && nothing_new && (!destroys || it_alone)
}

/// What the plan would leave out: a part behind "and", or a word that has no place.
pub(super) fn left_over(best: &Choice, clause: &Clause, world: &World<'_>) -> Option<Stop> {
    let worded = best.operation.params.iter().any(|param| WORDED.contains(&param.name.as_str()));
    if let Some(lost) = lost_part(best, clause, world).filter(|_| !worded) {
        return Some(clarify(format!("which operation is meant by \"{lost}\"?"), vec!["operation".to_owned()], Vec::new()));
    }
    // "... until that is done: do that": what follows the colon says when it ends.
    let ends =
        clause.lead && clause.tokens.last().is_some_and(|token| token.is_one_of(&["done", "finished", "complete", "completed", "over"]));
    let told = |bounds: Bounds| ends && bounds == Bounds::Condition;
    let (at, bounds) = account_of(best, &clause.tokens, world).lost.into_iter().find(|(_, bounds)| !told(*bounds))?;
    let machine =
        best.operation.required().find(|param| is_machine_param(&param.name, &param.kind) && !best.bound.values.contains_key(&param.name));
    if let Some(param) = machine.filter(|_| bounds == Bounds::Value && clause.tokens[at].kind == Kind::Word) {
        let question = format!("{}: `{}` is no {} that is known; which is meant?", best.operation.name, clause.tokens[at].text, param.name);
        return Some(clarify(question, vec![param.name.clone()], world.assets.iter().take(8).cloned().collect()));
    }
    Some(bounds::ask(&best.operation.name, &clause.tokens, at, bounds))
}

/// The operation has a place for every value, whatever the words around them bound.
pub(super) fn has_places(best: &Choice, clause: &Clause, world: &World<'_>) -> bool {
    let worded = best.operation.params.iter().any(|param| WORDED.contains(&param.name.as_str()));
    let whole = worded || lost_part(best, clause, world).is_none();
    let misplaced = |(at, bounds): &(usize, Bounds)| *bounds == Bounds::Value || clause.tokens[*at].kind == Kind::Datetime;
    whole && !account_of(best, &clause.tokens, world).lost.iter().any(misplaced)
}

/// A word that nobody knows, where a name can stand, has no place.
pub(super) fn leaves_name(best: &Choice, clause: &Clause, world: &World<'_>) -> bool {
    let worded = best.operation.params.iter().any(|param| WORDED.contains(&param.name.as_str()));
    let index = &world.index;
    let strange = |at: usize| {
        let token = &clause.tokens[at];
        token.kind == Kind::Word
            && !is_function(&token.low)
            && !index.is_verb(&token.low)
            && !index.knows(&stem(&token.low))
            && index.is_strange(&token.low)
            && !is_outcome(token)
    };
    let said = |at: usize| is_inside_phrase(&clause.tokens, at, index);
    !worded && (0..clause.tokens.len()).any(|at| !best.bound.used[at] && strange(at) && !said(at))
}

/// More than a word of looking speaks for it: "check the weather" is no check that is known.
pub(super) fn says_more(best: &Choice, clause: &Clause, world: &World<'_>) -> bool {
    let query = Query::of(&clause.tokens, &world.index, None);
    let Some(place) = world.index.operations.iter().position(|one| one.name == best.operation.name) else { return false };
    let looks = |token: &Token| world.index.looks.iter().any(|look| stem(look) == stem(&token.low));
    (0..clause.tokens.len()).any(|at| !looks(&clause.tokens[at]) && query.explains(place, at, &world.index))
}

pub(super) fn account_of(best: &Choice, tokens: &[Token], world: &World<'_>) -> Account {
    let counts: Vec<usize> = best.bound.values.values().map(Vec::len).collect();
    account(&best.operation, tokens, &best.bound.used, &counts, world)
}

/// What stands behind an "and" without a word that the operation knows: "restart nginx and lift the ban".
pub(super) fn lost_part(best: &Choice, clause: &Clause, world: &World<'_>) -> Option<String> {
    let query = Query::of(&clause.tokens, &world.index, None);
    let operation = world.index.operations.iter().position(|one| one.name == best.operation.name)?;
    let is_joint = |token: &Token| token.is_one_of(&["and", "plus", "but"]) || token.kind == Kind::Mark(',');
    let joints = (0..clause.tokens.len()).filter(|at| is_joint(&clause.tokens[*at]));
    let ends = joints.map(|from| {
        let end = (from + 1..clause.tokens.len()).find(|at| is_joint(&clause.tokens[*at])).unwrap_or(clause.tokens.len());
        from + 1..end
    });
    let mut parts = ends.filter(|part| {
        let content = |at: &usize| clause.tokens[*at].kind == Kind::Word && !is_function(&clause.tokens[*at].low);
        let known = |at: usize| best.bound.used[at] || query.explains(operation, at, &world.index);
        // "snap, blk 10.0.0.1": a word that nobody knows stands where a verb stands.
        let strange = |at: usize| {
            let low = clause.tokens[at].low.as_str();
            !world.index.knows(&stem(low))
                && !world.index.is_verb(low)
                && !world.index.is_machine(low)
                && grammar::environment(low).is_none()
        };
        let opens = part.clone().find(|at| !is_function(&clause.tokens[*at].low) || clause.tokens[*at].is_value());
        let unknown =
            opens.is_some_and(|at| content(&at) && at + 1 < part.end && clause.tokens[at + 1].is_value() && !known(at) && strange(at));
        unknown || part.clone().any(|at| content(&at)) && !part.clone().any(known)
    });
    parts.next().map(|part| clause.tokens[part].iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" "))
}

/// "verify that it is up again": no object of its own.
pub(super) fn is_bare_look(clause: &Clause, world: &World<'_>) -> bool {
    let plain = |token: &Token| {
        token.kind == Kind::Word
            && (is_function(&token.low)
                || world.index.looks.contains(&token.low)
                || token.is_one_of(&["come", "comes", "came", "checked", "verified", "confirmed", "inspected", "checking", "verifying"])
                || is_outcome(token)
                || (token.is_one_of(&["status", "state", "result", "outcome"])
                    && (clause.tokens.len() == 1 || clause.tokens.iter().any(|token| token.is_one_of(&["its", "their", "the"])))))
            && !token.is_one_of(&["reachable", "answer", "answers", "respond", "responds"])
    };
    clause.tokens.iter().all(plain)
}

/// "something is wrong on web-1", "in staging": says where, and perhaps that it is bad.
pub(super) fn is_complaint(clause: &Clause, world: &World<'_>) -> bool {
    let plain = |token: &Token| match token.kind {
        Kind::Word => is_function(&token.low) || is_outcome(token) || grammar::environment(&token.low).is_some(),
        Kind::Ident | Kind::Ip => world.is_asset(&token.text) || grammar::is_machine_like(&token.text),
        Kind::Mark(_) => true,
        Kind::Quoted | Kind::Url | Kind::Path | Kind::Channel | Kind::Int(_) | Kind::Duration | Kind::Version | Kind::Datetime => false,
    };
    let says = |token: &Token| is_outcome(token) || grammar::environment(&token.low).is_some();
    clause.tokens.iter().all(plain) && clause.tokens.iter().any(says)
}

/// "haproxy isn't running, ...", "we have an incident on x; ...": says how things are, before somebody is asked to do something.
pub(super) fn is_context(clause: &Clause, next: Option<&Clause>, world: &World<'_>) -> bool {
    let index = &world.index;
    let plain = clause.cond.is_none() && !clause.negated && !clause.lead && !clause.elliptic && clause.join == Join::Start;
    let Some(next) = next.filter(|next| plain && next.cond.is_none() && matches!(next.join, Join::Comma | Join::Break | Join::And)) else {
        return false;
    };
    let tokens = clause.tokens.as_slice();
    let orders = |token: &Token| token.kind == Kind::Word && index.verbs.contains(&token.low);
    let Some(first) = tokens.iter().find(|token| !is_determiner(&token.low)) else { return false };
    let modal = tokens.windows(2).any(|pair| {
        pair[0].is_one_of(&["should", "must", "shall", "want", "wants", "like", "can", "could", "would", "will", "please"])
            || pair[0].is_one_of(&["need", "needs", "has", "have", "is", "are", "going"]) && pair[1].is_one_of(&["to", "you"])
            || pair[0].is_one_of(&["is", "are", "gets", "get", "be", "been"]) && index.is_verb(&pair[1].low) && pair[1].low.ends_with("ed")
    });
    // An order in it is carried out, whatever else it says.
    let changing = |at: usize| {
        let token = &tokens[at];
        let led = index.led_by(&stem(&token.low)).into_iter().flatten();
        let noun = at > 0 && is_determiner(&tokens[at - 1].low);
        token.kind == Kind::Word
            && !is_outcome(token)
            && !noun
            && (orders(token) || token.low.ends_with("ing") && index.is_verb(&token.low))
            && led.into_iter().any(|one| index.operations[*one].effect != EffectClass::Read)
    };
    if (0..tokens.len()).any(changing) {
        return false;
    }
    let speaks = first.is_one_of(&["we", "we're", "we've", "our", "customers", "users", "people", "there", "i'm"]);
    let says = tokens.iter().skip(1).any(|token| {
        token.is_one_of(&[
            "is", "are", "was", "were", "isn't", "aren't", "has", "had", "seems", "seem", "feels", "keeps", "won't", "doesn't", "don't",
            "expires", "looks",
        ])
    });
    let asked = first.is_one_of(&["what", "which", "who", "how", "why", "when", "where", "is", "are", "does", "do", "did", "has", "was"]);
    let opening = next.tokens.iter().find(|token| !is_function(&token.low) || token.is_value());
    let requested = opening.is_some_and(|token| orders(token) || token.low.ends_with("ing") && index.is_verb(&token.low));
    let told = speaks || says && !orders(first);
    told && !modal && !asked && requested
}

/// Nothing but function words and looks: "I want you to see".
pub(super) fn is_filler(clause: &Clause, world: &World<'_>) -> bool {
    clause.tokens.iter().all(|token| match token.kind {
        Kind::Word => is_function(&token.low) || (world.index.looks.contains(&token.low) && clause.tokens.len() < 4),
        Kind::Mark(_) => true,
        Kind::Ident
        | Kind::Quoted
        | Kind::Url
        | Kind::Path
        | Kind::Channel
        | Kind::Ip
        | Kind::Int(_)
        | Kind::Duration
        | Kind::Version
        | Kind::Datetime => false,
    })
}
