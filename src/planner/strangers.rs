//! A machine that is to be changed and that the inventory does not have -> a question, where one of a like name is there.
//!
//! Where none is near nothing is asked: other places know hosts too, such as the ssh configuration.

use crate::model::catalogue::{EffectClass, ParamType};
use crate::model::hole::is_literal;
use crate::model::plan::Plan;

use super::ask::World;
use super::compose::{Stop, clarify};
use super::grammar;
use super::index::is_machine;
use super::near::distance;
use super::token::{Kind, tokens};
use super::words::{is_determiner, is_function};

/// The first such machine.
pub fn asked(plan: &Plan, world: &World<'_>) -> Option<Stop> {
    for step in plan.steps.iter().filter(|step| step.effect != EffectClass::Read) {
        let Some(operation) = world.catalogue.get(&step.operation) else { continue };
        let hosts = operation.params.iter().filter(|param| param.kind == ParamType::Host);
        for name in hosts.filter_map(|param| step.params.get(&param.name)?.as_str()) {
            if !is_literal(name) || world.is_asset(name) || grammar::is_ip(name) {
                continue;
            }
            if is_said_of_many(name, &plan.intent) && world.assets.iter().any(|asset| asset != "localhost") {
                let question = format!("`{name}` is not in the inventory, and may be no host; say which hosts are meant");
                return Some(clarify(question, vec!["host".to_owned()], Vec::new()));
            }
            let near = near(name, world.assets);
            if !near.is_empty() {
                let question = format!("`{name}` is not in the inventory; is {} meant? say its name instead", near.join(" or "));
                return Some(clarify(question, vec!["host".to_owned()], Vec::new()));
            }
        }
    }
    None
}

/// "the idle web hosts", "the rest of them", "most servers": a plain word where the name of one machine does not stand.
fn is_said_of_many(name: &str, intent: &str) -> bool {
    let words = tokens(intent);
    let places = (0..words.len()).filter(|at| words[*at].kind == Kind::Word && words[*at].text == name);
    let alone = |at: usize| {
        let led = at > 0 && is_determiner(&words[at - 1].low);
        let goes_on = words.get(at + 1).is_some_and(|next| {
            next.kind == Kind::Word && !is_machine(&next.low) && (!is_function(&next.low) || next.is_one_of(&["on", "of", "in", "at"]))
        });
        !led && !goes_on
    };
    let mut places = places.peekable();
    places.peek().is_some() && !places.any(alone)
}

/// Names that differ by a slip, and those that begin with all of it: `web-1` for `wbe-1`, `web1` and `web`.
/// Another number is another host.
fn near<'a>(name: &str, assets: &'a [String]) -> Vec<&'a str> {
    let letters = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let wanted = letters(name);
    let slips = |other: &str| {
        let far = distance(&wanted, &letters(other));
        let most = if wanted.len() >= 9 { 2 } else { 1 };
        digits(name) == digits(other) && wanted.len() >= 3 && far <= most
    };
    let begins = |other: &str| {
        let rest = other.strip_prefix(name).unwrap_or_default();
        let number = rest.trim_start_matches(['-', '_', '.']);
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(|last: char| last.is_ascii_digit())
    };
    assets.iter().map(String::as_str).filter(|other| slips(other) || begins(other)).take(4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_word_is_a_host_where_one_name_stands() {
        for (name, intent, expected) in [
            ("zeus", "restart nginx on zeus", false),
            ("zeus", "reboot zeus and ping it", false),
            ("zeus", "reboot server zeus", false),
            ("rest", "restart nginx on the rest of the web hosts", true),
            ("idle", "restart nginx on the idle web hosts", true),
            ("most", "restart nginx on most web hosts", true),
            ("nginx", "restart nginx on the hosts that are down", true),
        ] {
            assert_eq!(is_said_of_many(name, intent), expected, "{intent}");
        }
    }

    #[test]
    fn a_slip_is_near_and_another_number_is_not() {
        let assets = ["localhost", "web-1", "web-2", "db-1", "reports-eu-1"].map(str::to_owned);
        for (name, expected) in [
            ("web1", &["web-1"][..]),
            ("wbe-1", &["web-1"]),
            ("web", &["web-1", "web-2"]),
            ("raports-eu1", &["reports-eu-1"]),
            ("web-9", &[]),
            ("web-11", &[]),
            ("zeus-1", &[]),
        ] {
            assert_eq!(near(name, &assets), expected, "{name}");
        }
    }
}
