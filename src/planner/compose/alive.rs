//! "is web-3 back?", "if web-3 is down": a machine and how it is, and nothing else -> the read that pings it.
//! "is nginx up on web-3": something that runs there, and how it is -> the read that tells the state of a service.

use crate::model::catalogue::EffectClass;
use crate::planner::ask::World;
use crate::planner::choose::{Around, Choice, Pool, choose};
use crate::planner::grammar;
use crate::planner::segment::is_not;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_function, stem};

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
pub(super) const SURE: f64 = 3.0;

/// A question about it, not a remark before an order.
fn asks(tokens: &[Token]) -> bool {
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
    // "back up db-1" orders a backup.
    let orders = matches!(tokens, [back, up, ..] if back.is("back") && up.is("up"));
    // "how long has it been up" asks something else.
    let named =
        tokens.iter().any(machine) && !tokens.iter().any(|token| token.is_one_of(&["how", "why", "when", "since", "what", "who", "long"]));
    // "ping x from y", "can y reach x": somebody else is to try.
    let elsewhere = tokens.windows(2).any(|pair| pair[0].is("from") && machine(&pair[1]))
        || tokens.iter().filter(|token| machine(token)).count() > 1 && tokens.iter().any(|token| token.is("reach"));
    if orders
        || !named
        || elsewhere
        || !tokens.iter().any(state)
        || !tokens.iter().all(|token| machine(token) || state(token) || plain(token))
    {
        return None;
    }
    // Asked in the words that the catalogue has for it.
    let put = Token::word;
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

/// How something that runs is.
const RUNS: &[&str] = &[
    "up",
    "down",
    "running",
    "active",
    "inactive",
    "alive",
    "dead",
    "back",
    "healthy",
    "unhealthy",
    "stopped",
    "started",
    "ok",
    "okay",
    "fine",
    "crashed",
    "online",
    "offline",
];

/// How a machine or a service is, asked for in a clause of its own.
pub(super) fn stated(tokens: &[Token], alone: bool, world: &World<'_>, pool: Pool) -> Option<Choice> {
    let machine = (alone || asks(tokens)).then(|| alive(tokens, world, pool)).flatten();
    machine.or_else(|| asks_state(tokens).then(|| service_state(tokens, world, pool)).flatten())
}

/// Said of it in a clause of its own: asked or checked, and not to be made so, as in "nginx should be started, php stopped".
fn asks_state(tokens: &[Token]) -> bool {
    let made =
        |token: &Token| token.is_one_of(&["be", "should", "must", "shall", "needs", "need", "to", "has", "have", "gets", "get", "bring"]);
    let checks = asks(tokens)
        || tokens.first().is_some_and(|first| first.is_one_of(&["check", "verify", "confirm", "ensure", "see", "make", "was", "were"]));
    checks && !tokens.iter().any(made)
}

pub(super) fn service_state(tokens: &[Token], world: &World<'_>, pool: Pool) -> Option<Choice> {
    let index = &world.index;
    let machine = |token: &Token| match token.kind {
        Kind::Ident => world.is_asset(&token.text) || grammar::is_machine_like(&token.text),
        Kind::Ip => true,
        Kind::Word => world.is_asset(&token.text),
        _ => false,
    };
    let state = |token: &Token| token.kind == Kind::Word && token.is_one_of(RUNS);
    let plain = |token: &Token| {
        token.kind == Kind::Mark(',')
            || is_not(token)
            || token.kind == Kind::Word
                && (is_function(&token.low)
                    || token.is_one_of(&[
                        "check", "verify", "confirm", "see", "ensure", "certain", "whether", "still", "again", "yet", "service", "daemon",
                        "unit",
                    ]))
    };
    let name = |token: &Token| {
        let said = matches!(token.kind, Kind::Word | Kind::Ident) && !machine(token) && !state(token) && !plain(token);
        said && !index.is_machine(&token.low) && !index.is_verb(&token.low) && grammar::environment(&token.low).is_none()
    };
    let names: Vec<&Token> = tokens.iter().filter(|token| name(token)).collect();
    let known = |token: &&Token| index.knows(&stem(&token.low)) && token.kind == Kind::Word;
    // "how is x", "since when is x up" ask for more.
    let more =
        tokens.iter().any(|token| token.is_one_of(&["how", "why", "when", "since", "what", "who", "long", "which", "where", "been"]));
    let told = tokens.iter().all(|token| machine(token) || state(token) || plain(token) || name(token));
    // Without a machine, what is up may be one.
    if !pool.machine || names.is_empty() || names.iter().any(known) || more || !told || !tokens.iter().any(state) {
        return None;
    }
    let joint = |token: &Token| token.is_one_of(&["and", "or", ","]);
    let part = |keep: &dyn Fn(&Token) -> bool| {
        let kept: Vec<Token> = tokens.iter().filter(|token| keep(token)).cloned().collect();
        kept.iter()
            .enumerate()
            .flat_map(|(at, token)| (at > 0).then(|| Token::word("and")).into_iter().chain([token.clone()]))
            .collect::<Vec<_>>()
    };
    let machines = part(&machine);
    // "web-1 or web-2": which of them, nobody says.
    if tokens.iter().any(|token| joint(token) && token.is("or")) {
        return None;
    }
    let mut said: Vec<Token> = ["service", "status", "of"].into_iter().map(Token::word).chain(part(&name)).collect();
    if !machines.is_empty() {
        said.push(Token::word("on"));
        said.extend(machines);
    }
    let mut best = choose(&said, world, pool, &Around::default()).into_iter().next()?;
    let taken = |token: &&Token| best.bound.values.values().flatten().any(|value| *value == token.text);
    let all = names.iter().all(taken) && tokens.iter().filter(|token| machine(token)).all(|token| taken(&token));
    if best.operation.effect != EffectClass::Read || !all || !best.bound.bad.is_empty() {
        return None;
    }
    best.words = best.words.max(SURE);
    best.bound.used = vec![true; tokens.len()];
    Some(best)
}
