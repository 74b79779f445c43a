//! "is web-3 back?", "web-3 not responding", "if web-3 is down": a machine and how it is, and nothing else -> the read that pings it.

use crate::model::catalogue::EffectClass;
use crate::planner::ask::World;
use crate::planner::choose::{Around, Choice, Pool, choose};
use crate::planner::grammar;
use crate::planner::segment::is_not;
use crate::planner::token::{Kind, Token};
use crate::planner::words::is_function;

const STATES: &[&str] = &[
    "up",
    "down",
    "back",
    "online",
    "offline",
    "dead",
    "alive",
    "reach",
    "reached",
    "reachable",
    "unreachable",
    "answer",
    "answers",
    "answering",
    "answered",
    "respond",
    "responds",
    "responding",
    "responded",
    "reply",
    "response",
    "contact",
    "ping",
    "replies",
    "replying",
    "gone",
    "hung",
    "there",
];

/// Nothing else can be meant by the words.
const SURE: f64 = 3.0;

/// A question about it, not a remark before an order.
pub(super) fn asks(tokens: &[Token]) -> bool {
    tokens.first().is_some_and(|token| {
        token.is_one_of(&["is", "are", "isn't", "aren't", "does", "do", "doesn't", "did", "has", "have", "can", "whether"])
    })
}

pub(super) fn alive(tokens: &[Token], world: &World<'_>, pool: Pool) -> Option<Choice> {
    let machine = |token: &Token| match token.kind {
        Kind::Ident => world.is_asset(&token.text) || grammar::is_machine_like(&token.text),
        Kind::Ip => true,
        _ => false,
    };
    let state = |token: &Token| token.kind == Kind::Word && token.is_one_of(STATES);
    let plain = |token: &Token| {
        let adverb = token.is_one_of(&["still", "again", "yet", "come", "comes", "came", "whether", "anymore", "now"]);
        token.kind == Kind::Mark(',') || token.kind == Kind::Word && (is_function(&token.low) || is_not(token) || adverb)
    };
    // "how long has it been up" asks something else.
    let named =
        tokens.iter().any(machine) && !tokens.iter().any(|token| token.is_one_of(&["how", "why", "when", "since", "what", "who", "long"]));
    // "ping x from y", "can y reach x": somebody else is to try.
    let elsewhere = tokens.windows(2).any(|pair| pair[0].is("from") && machine(&pair[1]))
        || tokens.iter().filter(|token| machine(token)).count() > 1 && tokens.iter().any(|token| token.is("reach"));
    if !named || elsewhere || !tokens.iter().any(state) || !tokens.iter().all(|token| machine(token) || state(token) || plain(token)) {
        return None;
    }
    // Asked in the words that the catalogue has for it.
    let put = |low: &str| Token { text: low.to_owned(), low: low.to_owned(), kind: Kind::Word, owner: false };
    let said: Vec<Token> = std::iter::once(put("ping"))
        .chain(tokens.iter().filter(|token| machine(token) || token.is_one_of(&["and", "or", ","])).cloned())
        .collect();
    let mut best = choose(&said, world, pool, &Around::default()).into_iter().next()?;
    let pings = best.operation.verb().split('_').any(|part| part == "ping") || best.operation.aliases.iter().any(|alias| alias == "ping");
    let whole = best.operation.required().all(|param| best.bound.values.contains_key(&param.name));
    if !pings || !whole || best.operation.effect != EffectClass::Read || !best.bound.bad.is_empty() {
        return None;
    }
    best.words = best.words.max(SURE);
    best.bound.used = vec![true; tokens.len()];
    Some(best)
}
