//! Clauses as they were said -> each with what belongs to it: a place said before, an object said once, what is to be left alone.

use crate::model::catalogue::ParamType;
use crate::planner::grammar;
use crate::planner::index::Index;
use crate::planner::slots::find_group;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_preposition};

use super::joint::SUBJECTS;
use super::{Clause, Join};

/// "leave php alone", "keep web-2 as it is", "restart nothing".
pub(super) fn spares(tokens: &[Token], index: &Index) -> bool {
    let Some(verb) = index.verb_place(tokens).or_else(|| tokens.iter().position(|token| !is_function(&token.low))) else { return false };
    let rest = &tokens[verb + 1..];
    let last = rest.iter().rev().find(|token| token.kind == Kind::Word);
    let as_it_is = rest.iter().any(|token| token.is("as")) && last.is_some_and(|token| token.is_one_of(&["is", "are", "was"]));
    let kept = || {
        rest.iter().any(|token| token.is_one_of(&["alone", "untouched", "unchanged", "intact"]))
            || last.is_some_and(|token| token.is_one_of(&["running", "be"]))
            || as_it_is
            || matches!(rest, [it] if it.is_one_of(&["it", "them", "that", "this", "things"]))
    };
    tokens[verb].is_one_of(&["leave", "leaving", "keep", "keeping"]) && kept()
        || rest.first().is_some_and(|token| token.is("nothing")) && index.verbs.contains(&tokens[verb].low)
}

/// "on web-1, start it": where, when and to what, said first, belongs to what is done.
pub(super) fn behind(clauses: &mut Vec<Clause>, index: &Index) {
    let mut at = 0;
    while at + 1 < clauses.len() {
        let clause = &clauses[at];
        let led = clause.tokens.first().is_some_and(|token| is_preposition(&token.low) && !token.is_one_of(&["about", "by"]));
        // "into maintenance, reboot, out of maintenance": moved, unless something is moved there.
        let moved = clause.tokens.first().is_some_and(|token| token.is_one_of(&["into", "out"]));
        let moves = clauses[at + 1].tokens.first().is_some_and(|token| {
            index.light.contains(&token.low)
                || token.is_one_of(&["move", "pull", "kick", "throw", "send", "copy", "deploy", "insert", "load"])
        });
        let led = led && (moves || !moved);
        let plain = clause.cond.is_none() && !clause.negated && !clause.lead && !clause.elliptic;
        // "redis, what depends on it": what is spoken of.
        let topic = clause.tokens.last().is_some_and(|last| matches!(last.kind, Kind::Ident | Kind::Ip))
            && clause.tokens[..clause.tokens.len() - 1].iter().all(|token| is_determiner(&token.low) || index.is_machine(&token.low));
        let pronoun = clauses[at + 1].tokens.iter().position(|token| token.is("it"));
        if let Some(place) = spoken_of(&clauses[at], &clauses[at + 1], index) {
            let first = clauses.remove(at);
            let owner = clauses[at].tokens[place].is_one_of(&["its", "their"]);
            let mut name = first.tokens;
            if let Some(last) = name.last_mut() {
                last.owner = owner;
            }
            clauses[at].tokens.splice(place..=place, name);
            (clauses[at].join, clauses[at].elliptic) = (first.join, false);
            continue;
        }
        if let Some(place) = pronoun.filter(|_| topic && clause.cond.is_none() && clauses[at + 1].join == Join::Comma) {
            let first = clauses.remove(at);
            clauses[at].tokens[place] = first.tokens[first.tokens.len() - 1].clone();
            clauses[at].join = first.join;
            clauses[at].elliptic = false;
            continue;
        }
        let clause = &clauses[at];
        let speaks = |token: &Token| {
            token.kind == Kind::Word
                && grammar::environment(&token.low).is_none()
                && (index.verbs.contains(&token.low) || index.names_work(&token.low) && !is_function(&token.low))
        };
        // "from last night's snapshot, restore x": before an order or a question nouns are but nouns.
        let opens = clauses[at + 1].tokens.iter().find(|token| !is_determiner(&token.low) && !token.is_one_of(SUBJECTS));
        let ordered = opens.is_some_and(|token| {
            token.kind == Kind::Word
                && (index.verbs.contains(&token.low) || token.is_one_of(&["what", "which", "how", "who", "where", "when", "why"]))
        });
        let doing = clause.tokens.iter().any(|token| token.kind == Kind::Word && token.low.ends_with("ing") && index.is_verb(&token.low));
        let is_cue = |token: &Token| index.is_param(&token.low) || index.is_param(&token.text.to_lowercase());
        let named = clause.tokens.get(2).is_some_and(Token::is_value);
        let to_do = clause
            .tokens
            .get(1)
            .is_some_and(|token| token.kind == Kind::Word && index.verbs.contains(&token.low) && !(named && is_cue(token)));
        // "on web-1 stop nginx": an order stands right behind the place.
        let to_do = to_do
            || clause.tokens.windows(2).any(|pair| {
                let acts = pair[1].kind == Kind::Word && index.verbs.contains(&pair[1].low);
                acts && (pair[0].is_value() || pair[1].is_one_of(&["put", "set", "take", "make"]) && !is_determiner(&pair[0].low))
            });
        // "on deployment search, hold the rollout": the word for what is named stands before the name.
        let cued = |at: usize| is_cue(&clause.tokens[at]) && clause.tokens.get(at + 1).is_some_and(Token::is_value);
        let has_verb = if ordered { doing || to_do } else { (0..clause.tokens.len()).any(|at| speaks(&clause.tokens[at]) && !cued(at)) };
        if led && plain && !has_verb && clauses[at + 1].join == Join::Comma && clauses[at + 1].cond.is_none() {
            let first = clauses.remove(at);
            clauses[at].tokens.extend(first.tokens);
            clauses[at].join = first.join;
            clauses[at].elliptic = false;
            clauses[at].together |= first.together;
            continue;
        }
        at += 1;
    }
}

/// "the TLS certificate on x, could you renew it", "last night's backup job, check its status": where the pronoun stands.
fn spoken_of(clause: &Clause, next: &Clause, index: &Index) -> Option<usize> {
    let plain = |clause: &Clause| clause.cond.is_none() && !clause.negated && !clause.lead && !clause.elliptic;
    let names = |token: &Token| match token.kind {
        Kind::Word => {
            !index.verbs.contains(&token.low) || index.knows(&crate::planner::words::stem(&token.low)) && !index.is_machine(&token.low)
        }
        Kind::Ident | Kind::Ip => true,
        _ => false,
    };
    let led = clause.tokens.first().is_some_and(|first| is_determiner(&first.low) || first.is("last"));
    let says = |token: &Token| token.is_one_of(&["is", "are", "was", "has", "should", "must", "needs", "to", "please", "it", "its"]);
    let noun = led && clause.tokens.len() > 1 && clause.tokens.iter().all(|token| names(token) && !says(token));
    let opens = next.tokens.first().is_some_and(|first| {
        index.verbs.contains(&first.low) || first.is_one_of(&["could", "can", "would", "please", "how", "what", "is", "was"])
    });
    let place = next.tokens.iter().position(|token| token.is_one_of(&["it", "its", "them", "their"]))?;
    (noun && opens && plain(clause) && plain(next) && next.join == Join::Comma && clause.join != Join::And).then_some(place)
}

/// "all the web hosts, check their disks": which machines is said first.
pub(super) fn groups_first(clauses: &mut [Clause], index: &Index) {
    for at in 0..clauses.len().saturating_sub(1) {
        let speaks = clauses[at + 1].tokens.iter().any(|token| token.is_one_of(&["their", "them", "they", "each"]));
        let clause = &clauses[at];
        let plain = clause.cond.is_none() && !clause.negated && !clause.lead && clause.join != Join::And;
        let Some(group) = find_group(&clause.tokens, index).filter(|_| speaks && plain) else { continue };
        let outside = (0..clause.tokens.len()).filter(|place| !group.span.contains(place));
        if outside.into_iter().all(|place| is_determiner(&clause.tokens[place].low) || clause.tokens[place].is_one_of(&["on", "for", "of"]))
        {
            clauses[at].lead = true;
        }
    }
}

/// "the vacuum job on db-2, please start": the verb stands last, by itself.
pub(super) fn verb_last(clauses: &mut Vec<Clause>, index: &Index) {
    let mut at = 0;
    while at + 1 < clauses.len() {
        let (object, order) = (&clauses[at], &clauses[at + 1]);
        let plain = |clause: &Clause| clause.cond.is_none() && !clause.negated && !clause.lead && !clause.together && !clause.always;
        let verbs: Vec<&Token> = order.tokens.iter().filter(|token| !is_function(&token.low)).collect();
        let names = object.tokens.iter().any(|token| token.is_value() || token.kind == Kind::Word && !is_function(&token.low));
        let acts = |token: &Token| token.kind == Kind::Word && (index.is_verb(&token.low) || index.verbs.contains(&token.low));
        let pronoun = order.tokens.iter().any(|token| token.is_one_of(&["it", "them", "that", "both", "again", "its", "there"]));
        let looks = verbs.iter().all(|verb| index.looks.contains(&verb.low));
        let follows = order.join == Join::Comma || looks && order.join == Join::Break;
        let asks = order.tokens.iter().any(|token| token.is_one_of(&["please", "kindly", "pls"])) || looks;
        if let ([verb], true) = (&verbs[..], follows && asks && !pronoun && names && plain(object) && plain(order))
            && acts(verb)
            && !object.tokens.iter().any(acts)
        {
            let verb = (*verb).clone();
            clauses.remove(at + 1);
            let says = clauses[at].tokens.iter().any(|token| token.is_one_of(&["is", "are", "does", "has", "was", "which", "what", "how"]));
            if !says && !looks {
                clauses[at].tokens.insert(0, verb);
            }
            continue;
        }
        at += 1;
    }
}

/// "inspect and renew the cert of x": one object for both verbs.
pub(super) fn share(clauses: &mut [Clause], index: &Index) {
    for at in 1..clauses.len() {
        let [verb] = clauses[at - 1].tokens.as_slice() else { continue };
        let acts =
            verb.kind == Kind::Word && index.verbs.contains(&verb.low) && !verb.is_one_of(&["go", "come", "try", "wait", "look", "see"]);
        let opens = clauses[at].tokens.first().is_some_and(|token| token.kind == Kind::Word && index.verbs.contains(&token.low));
        let object = clauses[at].tokens.iter().skip(1).any(|token| token.is_value() || !is_function(&token.low));
        let pronoun = clauses[at].tokens.iter().any(|token| token.is_one_of(&["it", "its", "them", "that"]));
        let led = clauses[..at].iter().any(|clause| clause.lead);
        // "snapshot and clear /data": no snapshot is taken of a path.
        let led_by = || index.led_by(&crate::planner::words::stem(&verb.low)).into_iter().flatten().map(|one| &index.operations[*one]);
        let takes = |token: &Token| {
            let kind = match token.kind {
                Kind::Path => ParamType::Path,
                Kind::Url => ParamType::Url,
                Kind::Channel => ParamType::Channel,
                _ => return true,
            };
            led_by().next().is_none() || led_by().any(|one| one.params.iter().any(|param| param.kind == kind))
        };
        let object = object && clauses[at].tokens.iter().all(takes);
        if acts && opens && object && !led && !pronoun && clauses[at].join == Join::And && !clauses[at - 1].lead {
            let object: Vec<Token> = clauses[at].tokens[1..].to_vec();
            clauses[at - 1].tokens.extend(object);
        }
    }
}
