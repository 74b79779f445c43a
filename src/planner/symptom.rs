//! "the site feels slow": how things are, said as a reason.

use super::token::{Kind, Token};
use super::words::is_function;

/// "the site feels slow": what is wrong, said before what is to be done.
pub fn is_symptom(tokens: &[Token]) -> bool {
    let how = |token: &Token| {
        token.is_one_of(&["slow", "sluggish", "slower", "weird", "odd", "hanging", "unresponsive", "flaky", "laggy", "crawling", "acting"])
    };
    let who = |token: &Token| {
        token.is_one_of(&[
            "site",
            "website",
            "page",
            "app",
            "application",
            "service",
            "system",
            "everything",
            "users",
            "complain",
            "customers",
        ])
    };
    let says = |token: &Token| token.is_one_of(&["feels", "seems", "looks", "very", "really", "complaining", "say", "report", "again"]);
    let named = |token: &Token| matches!(token.kind, Kind::Ident | Kind::Ip | Kind::Mark(_));
    tokens.iter().any(how) && tokens.iter().all(|token| is_function(&token.low) || how(token) || who(token) || says(token) || named(token))
}
