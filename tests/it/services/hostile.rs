//! Hostile values: each arrives as exactly one argument, byte for byte, or is refused with a reason. Seeded, 5,000 a type.

use std::fmt::Write as _;

use ouioe::model::action::{Action, Operand};
use ouioe::model::catalogue::{Binding, ParamType};
use ouioe::model::hole::{Piece, pieces};
use ouioe::planner::grammar;
use ouioe::service::bind::slots;
use serde_json::{Value, json};

use crate::e2e::home::Home;
use crate::service::{bound_in, catalogue};

const PAYLOADS: usize = 5_000;
/// Values that one process is given.
const AT_ONCE: usize = 200;
const TYPES: [&str; 16] = [
    "host", "name", "env", "duration", "datetime", "url", "dns", "ip", "port", "path", "version", "channel", "int", "str", "json", "Thing",
];

const PARTS: [&str; 58] = [
    "'",
    "\"",
    "`",
    "`id`",
    "$(id)",
    "$(touch /tmp/ouioe-pwned)",
    ";",
    "; id",
    "&&",
    "||",
    "|",
    "&",
    "<",
    ">",
    "\n",
    "\r\n",
    "\0",
    "-rf",
    "--",
    "-oProxyCommand=touch x",
    "-",
    "*",
    "?",
    "[a-z]*",
    "~",
    "../..",
    "%s%n",
    "\\",
    "\\n",
    "é",
    "\u{202e}",
    "\u{200b}",
    "\u{1b}[31m",
    " ",
    "\t",
    "$HOME",
    "${HOME}",
    "${steps.x.output}",
    "$${x}",
    "${",
    "{p0}",
    "{}",
    "#",
    "!",
    "=",
    ",",
    "\u{7f}",
    "\u{85}",
    "\u{feff}",
    "𝕏",
    "a",
    "web-1",
    "443",
    "9999999999999999999",
    "$",
    "%00",
    "IFS=x",
    "\u{2028}",
];
/// Good beginnings, so that some of the strict types pass too.
const GOOD: [&str; 14] = [
    "web-1",
    "nginx",
    "production",
    "2h",
    "03:30",
    "https://a.example/",
    "a.example",
    "192.0.2.1",
    "443",
    "/srv/x",
    "1.2.3",
    "#ops",
    "-5",
    "x",
];

/// `SplitMix64` (Steele, Lea, Flood 2014).
struct Rng(u64);

impl Rng {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ (word >> 31)) % below as u64).expect("below a usize")
    }
}

fn payloads(seed: u64) -> Vec<String> {
    let mut rng = Rng(seed);
    let mut one = || {
        let mut text = if rng.next(4) == 0 { GOOD[rng.next(GOOD.len())].to_owned() } else { String::new() };
        for _ in 0..rng.next(6) {
            text.push_str(PARTS[rng.next(PARTS.len())]);
        }
        text
    };
    (0..PAYLOADS).map(|_| one()).collect()
}

/// What must arrive, or why the value is refused before anything is bound.
fn judged(kind: &ParamType, text: &str) -> Result<String, String> {
    grammar::check(kind, &Value::from(text))?;
    let mut whole = String::new();
    for piece in pieces(text)? {
        match piece {
            Piece::Text(text) => whole.push_str(&text),
            Piece::Hole(hole) => return Err(format!("step {} is not there", hole.step)),
            Piece::Item => return Err("nothing is gone over here".to_owned()),
        }
    }
    match text {
        _ if text.starts_with('-') => Err("begins with `-`".to_owned()),
        // JSON may hold one, an argument never.
        _ if text.contains('\0') => Err("holds a NUL byte".to_owned()),
        _ => Ok(whole),
    }
}

fn manifest() -> String {
    let mut text = String::new();
    let mut operation = |name: &str, kind: &str, binding: String| {
        let params: Vec<String> = (0..AT_ONCE).map(|at| format!("{{ name = \"p{at}\", type = \"{kind}\" }}")).collect();
        let params = params.join(", ");
        let _ = write!(
            text,
            "[[operation]]\nname = \"t.{name}\"\nsummary = \"s\"\neffect = \"read\"\nparams = [{params}]\nbinding = {binding}\n"
        );
    };
    let slots = |form: &str| (0..AT_ONCE).map(|at| form.replace('@', &at.to_string())).collect::<Vec<_>>().join(", ");
    for kind in TYPES {
        let argv = slots("\"{p@}\"");
        operation(&kind.to_lowercase(), kind, format!("{{ kind = \"command\", argv = [\"printf\", \"%s\\\\0\", {argv}] }}"));
    }
    let argv = slots("\"x={p@}\"");
    operation("inside", "str", format!("{{ kind = \"command\", argv = [\"printf\", \"%s\\\\0\", {argv}] }}"));
    let env = slots("V@ = \"{p@}\"");
    operation("environment", "str", format!("{{ kind = \"command\", argv = [\"env\", \"-0\"], env = {{ {env} }} }}"));
    text
}

fn params(texts: &[&String]) -> Value {
    let entries = texts.iter().enumerate().map(|(at, text)| (format!("p{at}"), json!(text)));
    Value::Object(entries.collect())
}

/// What each step's program printed, divided at the NULs.
fn printed(home: &Home, operation: &str, texts: &[&String]) -> Vec<Vec<String>> {
    let steps: Vec<Value> = texts
        .chunks(AT_ONCE)
        .enumerate()
        .map(|(at, texts)| json!({"id": format!("s{at}"), "operation": operation, "params": params(texts)}))
        .collect();
    home.run(&["run", "--yes", "--quiet", "--plan", &home.plan(&steps)]).exits(0);
    let run = home.show("last")["run"].as_str().expect("an id").to_owned();
    let output = |at: usize| {
        let bytes = std::fs::read(home.state().join(format!("runs/{run}/s{at}/1/out"))).expect("its output");
        let mut parts: Vec<String> = bytes.split(|byte| *byte == 0).map(|part| String::from_utf8(part.to_vec()).expect("UTF-8")).collect();
        assert_eq!(parts.pop().as_deref(), Some(""), "a NUL at the end");
        parts
    };
    (0..steps.len()).map(output).collect()
}

#[test]
fn every_value_is_one_argument_or_refused() {
    let home = Home::new();
    home.manifest(&manifest());
    for (seed, kind) in (1_u64..).zip(TYPES) {
        let param = ParamType::from(kind.to_owned());
        let all = payloads(seed);
        let (mut good, mut wanted, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for text in &all {
            match judged(&param, text) {
                Ok(whole) => {
                    good.push(text);
                    wanted.push(whole);
                }
                Err(reason) => {
                    assert!(!reason.trim().is_empty(), "{kind} {text:?} is refused without a word");
                    refused.push(text);
                }
            }
        }
        println!("{kind}: {} arrive, {} are refused", good.len(), refused.len());
        assert!(!good.is_empty() && !refused.is_empty(), "{kind}: both must occur");
        let operation = format!("t.{}", kind.to_lowercase());
        for (texts, wanted) in printed(&home, &operation, &good).iter().zip(wanted.chunks(AT_ONCE)) {
            assert_eq!(texts, wanted, "{kind}");
        }
        // The program itself refuses the others, each by name.
        refused.truncate(90);
        let plan = home.plan(&[json!({"id": "s", "operation": operation, "params": params(&refused)})]);
        let said = home.run(&["run", "--yes", "--plan", &plan]).exits(2);
        for (at, text) in refused.iter().enumerate().filter(|(_, text)| judged_by_file(&param, text)) {
            assert!(said.err.contains(&format!("`p{at}`")), "{kind} {text:?}: {}", said.err);
        }
    }
    assert!(!std::path::Path::new("/tmp/ouioe-pwned").exists());
}

/// Told by the file's check, each for itself; a hole for a step that is not there is told by its name.
fn judged_by_file(kind: &ParamType, text: &str) -> bool {
    grammar::check(kind, &Value::from(text)).is_err() || pieces(text).is_err()
}

#[test]
fn inside_an_element_and_in_the_environment_too() {
    let home = Home::new();
    home.manifest(&manifest());
    let all = payloads(77);
    let inside = |text: &str| judged(&ParamType::Str, &format!("x{text}")).map(|whole| whole[1..].to_owned());
    let (good, wanted): (Vec<&String>, Vec<String>) = all.iter().filter_map(|text| Some((text, inside(text).ok()?))).unzip();
    assert!(good.iter().any(|text| text.starts_with('-')), "a dash inside an element is no option");
    for (texts, wanted) in printed(&home, "t.inside", &good).iter().zip(wanted.chunks(AT_ONCE)) {
        let wanted: Vec<String> = wanted.iter().map(|text| format!("x={text}")).collect();
        assert_eq!(texts, &wanted);
    }
    let good: Vec<&String> = good.into_iter().filter(|text| !text.starts_with('-')).collect();
    for (lines, texts) in printed(&home, "t.environment", &good).iter().zip(good.chunks(AT_ONCE)) {
        for (at, text) in texts.iter().enumerate() {
            let wanted = format!("V{at}={}", inside(text).expect("it passed"));
            assert_eq!(lines.iter().filter(|line| line.starts_with(&format!("V{at}="))).collect::<Vec<_>>(), [&wanted]);
        }
    }
}

/// Every command of the manifests that come with the program: bound here, run by nobody.
#[test]
fn bound_commands_keep_their_form() {
    let catalogue = catalogue();
    let mut slotted = Vec::new();
    for operation in catalogue.iter() {
        let Some(Binding::Command { argv, .. }) = &operation.binding else { continue };
        for param in argv.iter().flat_map(|element| slots::names(element)) {
            slotted.push(operation.name.clone());
            let kind = operation.param(param).expect("known").kind.clone();
            for text in payloads(99) {
                let mut values = json!({"host": "localhost"});
                values[param] = json!(text);
                let (action, problems) = bound_in(&catalogue, &operation.name, &values);
                match (judged(&kind, &text), action) {
                    (Ok(_), Action::Command { args, .. }) => {
                        let place = argv.iter().position(|element| element.contains(&format!("{{{param}}}"))).expect("its place");
                        assert_eq!((args.len(), &args[place - 1]), (argv.len() - 1, &Operand(text.clone())));
                    }
                    (Err(_), Action::Unbound { .. }) => assert_eq!(problems.len(), 1, "{text:?}"),
                    // Refused by the planner, long before it is bound.
                    (Err(reason), _) => {
                        let is_told =
                            grammar::check(&kind, &json!(text)).is_err() || pieces(&text).is_err() || reason.contains("is not there");
                        assert!(is_told, "{text:?}");
                    }
                    (Ok(_), action) => panic!("{text:?}: {action:?} {problems:?}"),
                }
            }
        }
    }
    assert_eq!(slotted, ["host.run_command"], "a new command with slots is tried as well");
}
