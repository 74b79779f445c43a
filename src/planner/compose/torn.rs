//! Operations that a clause speaks of alike: which way it points, and where no word tells, both are named.

use crate::model::catalogue::EffectClass;
use crate::planner::ask::World;
use crate::planner::choose::{Around, Choice, Pool, choose};
use crate::planner::index::Index;
use crate::planner::segment::Clause;
use crate::planner::token::{Kind, Token};
use crate::planner::words::stem;

use super::parts::account_of;
use super::{Stop, clarify};

/// Verbs that bring something about, and those that end it.
const BRINGING: &[&str] =
    &["create", "add", "grant", "enable", "assign", "allow", "open", "attach", "mount", "register", "join", "start", "activate", "issue"];

/// The first two, where both change something with the same values and nothing tells them apart.
pub(super) fn torn(choices: &[Choice], around: &Around) -> Vec<String> {
    let [first, second, ..] = choices else { return Vec::new() };
    let apart = around.before.iter().any(|before| [first, second].iter().any(|one| before.service() == one.operation.service()));
    if alike(first, second) && !apart { vec![first.operation.name.clone(), second.operation.name.clone()] } else { Vec::new() }
}

/// Asks which of them is meant.
#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
pub(super) fn which(tokens: &[Token], names: Vec<String>) -> Stop {
    let said = tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    clarify(format!("\"{said}\" can be {}; which is meant?", names.join(" or ")), vec!["operation".to_owned()], names)
}

fn alike(first: &Choice, second: &Choice) -> bool {
    let changes = |choice: &Choice| choice.operation.effect != EffectClass::Read;
    let values = |choice: &Choice| choice.bound.values.values().cloned().collect::<Vec<_>>();
    let near = first.total - second.total < 0.01 && (first.words - second.words).abs() < 0.01;
    near && changes(first) && changes(second) && values(first) == values(second)
}

/// "make a mailbox", "put x into the group": a verb that says little, and words that say which way.
pub(super) fn pointed(mut choices: Vec<Choice>, clause: &Clause, world: &World<'_>) -> Vec<Choice> {
    let [first, second, ..] = choices.as_slice() else { return choices };
    let light =
        clause.tokens.iter().any(|token| token.is_one_of(&["make", "put", "get", "give", "set", "let", "need", "want", "take", "bring"]));
    let ends = clause.tokens.iter().any(|token| token.is_one_of(&["out", "off", "away", "from", "over", "no", "gone", "take"]));
    if !light || !alike(first, second) {
        return choices;
    }
    let brings = |choice: &Choice| {
        let place = world.index.operations.iter().position(|one| one.name == choice.operation.name);
        BRINGING.iter().any(|verb| world.index.led_by(&stem(verb)).is_some_and(|led| place.is_some_and(|place| led.contains(&place))))
    };
    if brings(first) != brings(second) && brings(first) == ends {
        choices.swap(0, 1);
    }
    if brings(&choices[0]) != brings(&choices[1]) {
        choices.remove(1);
    }
    choices
}

/// "move port 17 into vlan 220": what the verb names has no place for it, and what sets it has.
pub(super) fn lightly(clause: &Clause, world: &World<'_>, pool: Pool, around: &Around) -> Option<Choice> {
    let verb = world.index.verb_place(&clause.tokens)?;
    if !clause.tokens[verb].is_one_of(&["move", "bring", "change", "shift", "switch", "turn", "make"]) {
        return None;
    }
    let mut tokens = clause.tokens.clone();
    tokens[verb] = Token::word("set");
    let fits = |choice: &Choice| {
        let whole = choice.operation.required().all(|param| choice.bound.values.contains_key(&param.name));
        let sets = choice.operation.verb().starts_with("set_") || Index::is_change(choice.operation.verb());
        whole
            && sets
            && choice.operation.effect == EffectClass::Mutate
            && choice.bound.bad.is_empty()
            && account_of(choice, &tokens, world).lost.is_empty()
    };
    let values = tokens.iter().filter(|token| token.is_value() && !matches!(token.kind, Kind::Mark(_))).count();
    choose(&tokens, world, pool, around).into_iter().next().filter(|best| fits(best) && best.bound.values.len() >= values)
}
