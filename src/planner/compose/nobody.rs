//! What nobody here does: a part that no operation carries out, and matters of everyday life.

use crate::planner::ask::World;
use crate::planner::index::Index;
use crate::planner::score::Query;
use crate::planner::segment::Clause;
use crate::planner::speech::asks_holder;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_function, stem};

use super::{Stop, clarify, refuse};

/// A part that nobody can carry out is never left out silently.
#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
pub(super) fn unknown(clause: &Clause, clauses: &[Clause], world: &World<'_>) -> Stop {
    let text = said(&clause.tokens);
    let nearest = nearest(&clause.tokens, world);
    let asks = clause.tokens.first().is_some_and(|first| first.is_one_of(ASKING));
    let words = || clauses.iter().flat_map(|clause| &clause.tokens).filter(|token| token.kind == Kind::Word);
    let names = |token: &Token| token.is_value() || world.is_asset(&token.text);
    let named = clauses.iter().flat_map(|clause| &clause.tokens).any(names) && words().any(|token| is_function(&token.low));
    // "make sandwiches": a verb that everybody knows, and nothing that anybody here makes.
    let opening = words().find(|token| !token.is_one_of(&["please", "and", "then"]));
    let known = |token: &Token| world.index.knows(&stem(&token.low)) || world.index.is_verb(&token.low) && !is_function(&token.low);
    let some_sense = named || opening.is_some_and(|token| world.index.is_verb(&token.low)) || words().any(known);
    let runs = clause.tokens.iter().position(|token| token.is_one_of(&["run", "execute", "exec"]));
    if runs.is_some_and(|at| clause.tokens[..at].iter().all(|token| is_function(&token.low))) {
        return refuse(
            format!(
                "\"{text}\" names no job, check or template that is known; a command is given in quotes, as in: run the command \"uptime\" on HOST"
            ),
            nearest,
        );
    }
    if asks_holder(&clause.tokens) {
        return clarify(format!("no known operation tells \"{text}\"; which one is meant?"), vec!["operation".to_owned()], nearest);
    }
    if (some_sense || asks) && clauses.len() == 1 {
        return refuse(format!("no known operation does this: \"{text}\""), nearest);
    }
    let question = if some_sense {
        format!("which operation is meant by \"{text}\"?")
    } else {
        format!(
            "no word of \"{text}\" is known; say what to do and with what, as in `disk usage`, `is port 22 open` or `complete system health check`"
        )
    };
    clarify(question, vec!["operation".to_owned()], nearest)
}

/// "will it rain tomorrow": a matter of everyday life, where nothing of operations is named.
pub fn elsewhere(intent: &[Token], world: &World<'_>) -> Option<Stop> {
    let everyday = |token: &&Token| token.kind == Kind::Word && Index::is_elsewhere(&token.low) && !world.index.knows(&stem(&token.low));
    let found = intent.iter().find(everyday)?;
    let named = intent
        .iter()
        .any(|token| token.is_value() && !matches!(token.kind, Kind::Duration | Kind::Datetime) || world.index.is_machine(&token.low));
    (!named).then(|| {
        refuse(format!("\"{}\" is nothing that operations know: no known operation does this", found.text), nearest(intent, world))
    })
}

const ASKING: &[&str] = &["what", "who", "whom", "whose", "which", "when", "where", "why", "how", "is", "are", "does", "will", "can"];

fn said(tokens: &[Token]) -> String {
    tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn nearest(tokens: &[Token], world: &World<'_>) -> Vec<String> {
    let ranked = Query::of(tokens, &world.index, None).rank(&world.index);
    ranked.iter().take(3).map(|score| world.index.operations[score.operation].name.clone()).collect()
}
