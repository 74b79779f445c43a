//! The exact action of a step as lines: what is approved, nothing left out and nothing hidden.

use std::collections::BTreeMap;

use serde_json::Value;

use super::phrase::{count, exact};
use crate::model::action::{Action, Operand, Program};
use crate::model::plan::Step;
use crate::planner::render::{Folded, value_lines};
use crate::text;

/// What several steps of a page have in common, so that it stands there once.
#[derive(Default)]
pub struct Shared<'a> {
    /// Shown behind all steps.
    pub texts: Folded<'a>,
    /// Program and options of `ssh` that were told last.
    ssh: Option<(&'a Program, &'a [String])>,
}

/// What the step is about, then exactly what runs.
pub fn lines(step: &Step, action: &Action) -> Vec<String> {
    let mut shared = Shared::default();
    let mut lines = named(step, action, &mut shared);
    lines.extend(shared.texts.whole(exact));
    lines
}

/// The same without what the steps before it told already.
pub fn named<'a>(step: &'a Step, action: &'a Action, shared: &mut Shared<'a>) -> Vec<String> {
    let of_step = if matches!(action, Action::Builtin { .. }) { Vec::new() } else { values(step, &mut shared.texts) };
    of_step.into_iter().chain(elements(action, shared)).collect()
}

/// The exact action: one element or parameter a line, long texts last, nothing left out.
pub fn bytes(action: &Action) -> Vec<String> {
    let mut shared = Shared::default();
    let mut lines = elements(action, &mut shared);
    lines.extend(shared.texts.whole(exact));
    lines
}

fn elements<'a>(action: &'a Action, shared: &mut Shared<'a>) -> Vec<String> {
    let folded = &mut shared.texts;
    match action {
        Action::Builtin { name, params, owned: _ } => std::iter::once(format!("built in: {}", exact(name)))
            .chain(params.iter().flat_map(|(name, value)| param(name, value)))
            .collect(),
        Action::Command { program, args, env, secrets, cwd, output: _, script } => {
            let mut lines = vec![exact(&program.path)];
            lines.extend(given(args, env, secrets, folded));
            lines.extend(cwd.iter().map(|folder| format!("in {}", quoted(folder))));
            lines.extend(script.iter().map(|script| format!("script {} sha256 {}", exact(&script.path), script.sha256.short())));
            lines.push(format!("program sha256 {}", program.sha256.short()));
            lines
        }
        Action::Ssh { ssh, host, destination, port, options, argv, env, secrets, output: _, list } => {
            let at = port.map_or_else(String::new, |port| format!(" port {port}"));
            let mut lines = vec![format!("on {}: {}", exact(host), argv.first().map_or_else(String::new, |program| quoted(&program.0)))];
            lines.extend(given(argv.get(1..).unwrap_or_default(), env, secrets, folded));
            let way = Some((ssh, options.as_slice()));
            let as_before = if shared.ssh == way { ", with the program and options above" } else { "" };
            lines.push(format!("over ssh to {}{at}{as_before}", exact(destination)));
            if shared.ssh != way {
                lines.extend((!options.is_empty()).then(|| format!("ssh options: {}", one_line(options))));
                lines.push(format!("{} sha256 {}", exact(&ssh.path), ssh.sha256.short()));
                shared.ssh = way;
            }
            lines.extend(list.iter().map(|_| "what it would touch is not listed yet: so it cannot run".to_owned()));
            lines
        }
        Action::Unbound { hint } => vec![format!("cannot run: {}", text::safe(hint))],
    }
}

/// What the program is given: one a line.
fn given<'a>(
    args: &'a [Operand],
    env: &'a BTreeMap<String, Operand>,
    secrets: &BTreeMap<String, String>,
    folded: &mut Folded<'a>,
) -> Vec<String> {
    let mut lines: Vec<String> = args.iter().map(|arg| format!("  {}", short(&arg.0, folded))).collect();
    lines.extend(env.iter().map(|(name, value)| format!("env {}={}", exact(name), short(&value.0, folded))));
    lines.extend(secrets.iter().map(|(name, handle)| format!("secret {} from {}", exact(name), exact(handle))));
    lines
}

/// The step's own values: what an operator asked for, before the bytes that carry it out.
fn values<'a>(step: &'a Step, folded: &mut Folded<'a>) -> Vec<String> {
    let one = |(name, value): (&'a String, &'a Value)| match value {
        Value::String(text) => vec![format!("{} = {}", exact(name), short(text, folded))],
        _ => param(name, value).into_iter().map(|line| line.strip_prefix("  ").map_or(line.clone(), str::to_owned)).collect(),
    };
    let over = step.for_each.as_ref().map(|each| format!("for {}", exact(&each.told(step.effect))));
    over.into_iter().chain(step.params.iter().flat_map(one)).collect()
}

fn one_line(options: &[String]) -> String {
    options.iter().map(|option| quoted(option)).collect::<Vec<_>>().join(" ")
}

/// An element with blanks stands in quotes: none can pass for the name of a text.
fn short<'a>(element: &'a str, folded: &mut Folded<'a>) -> String {
    folded.name(element).unwrap_or_else(|| quoted(element))
}

fn param(name: &str, value: &Value) -> Vec<String> {
    let listed =
        value.as_array().and_then(|items| items.iter().map(file).collect::<Option<Vec<String>>>()).filter(|files| !files.is_empty());
    let mut lines: Vec<String> = match listed {
        Some(files) => std::iter::once(format!("  {}", count(files.len(), "file"))).chain(files).collect(),
        None => value_lines(value).iter().map(|line| format!("  {}", exact(line))).collect(),
    };
    lines[0] = format!("  {} = {}", exact(name), lines[0].trim_start());
    lines
}

/// One file of a preview, so that its name leads and a row holds it. The machine compares to the nanosecond.
fn file(item: &Value) -> Option<String> {
    // The last two are of another machine, and stand in what it is given, too.
    const KNOWN: [&str; 7] = ["inode", "modified_ns", "modified_s", "path", "size", "changed_s", "device"];
    let fields = item.as_object().filter(|fields| fields.keys().all(|key| KNOWN.contains(&key.as_str())))?;
    let number = |name: &str| fields.get(name).and_then(Value::as_i64).map(i128::from);
    let modified = number("modified_ns").or_else(|| Some(number("modified_s")? * 1_000_000_000))?;
    let modified = jiff::Timestamp::from_nanosecond(modified).ok()?.strftime("%Y-%m-%d %H:%M:%SZ");
    let path = exact(&fields.get("path").filter(|path| path.is_string())?.to_string());
    Some(format!("  {path}  {} B  {modified}  inode {}", fields.get("size")?.as_u64()?, fields.get("inode")?.as_u64()?))
}

/// An element that is empty or holds blanks shows where it begins and ends.
fn quoted(element: &str) -> String {
    let plain = !element.is_empty() && !element.chars().any(char::is_whitespace) && !element.contains(['"', '\'']);
    if plain { exact(element) } else { format!("\"{}\"", exact(element)) }
}

/// Some of it is not ASCII: worth a second look before a yes.
pub fn has_foreign(action: &Action) -> bool {
    let text = |text: &str| !text.is_ascii();
    match action {
        Action::Builtin { name, params, .. } => text(name) || params.iter().any(|(name, value)| text(name) || text(&value.to_string())),
        Action::Command { program, args, env, cwd, .. } => {
            text(&program.path)
                || args.iter().any(|arg| text(&arg.0))
                || env.iter().any(|(name, value)| text(name) || text(&value.0))
                || cwd.as_deref().is_some_and(text)
        }
        Action::Ssh { host, destination, options, argv, env, .. } => {
            text(host)
                || text(destination)
                || options.iter().any(|option| text(option))
                || argv.iter().any(|arg| text(&arg.0))
                || env.iter().any(|(name, value)| text(name) || text(&value.0))
        }
        Action::Unbound { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_shows_where_it_ends() {
        for (element, expected) in [("trailing ", "\"trailing \""), ("", "\"\""), ("plain", "plain")] {
            assert_eq!(quoted(element), expected);
        }
    }

    fn step(params: &Value) -> Step {
        serde_json::from_value(serde_json::json!({
            "id": "restart", "operation": "host.restart_service", "params": params, "effect": "mutate", "low_risk": false,
            "repeat": "at_most_once", "needs": [], "critical": true, "approval": true, "timeout_ms": 1000,
            "action": { "kind": "unbound", "hint": "" },
        }))
        .expect("a step")
    }

    #[test]
    fn a_step_on_another_host_says_what_it_is_about_before_how() {
        let action: Action = serde_json::from_value(serde_json::json!({
            "kind": "ssh", "ssh": { "path": "/usr/bin/ssh", "sha256": "ab".repeat(32) }, "host": "web-3", "destination": "ops@web-3",
            "port": 2222, "options": ["-o", "BatchMode=yes", "-F", "a b"], "argv": ["/bin/sh", "-c", "set -eu\nsystemctl restart", "sh", "nginx"],
            "env": {}, "secrets": {}, "output": "json",
        }))
        .expect("an action");
        let step = step(&serde_json::json!({ "host": "web-3", "lines": 20, "service": "nginx" }));
        let sha = crate::model::digest::Digest::short(&serde_json::from_value(serde_json::json!("ab".repeat(32))).expect("a digest"));
        assert_eq!(
            lines(&step, &action),
            [
                "host = web-3",
                "lines = 20",
                "service = nginx",
                "on web-3: /bin/sh",
                "  -c",
                "  (text 1, 2 lines)",
                "  sh",
                "  nginx",
                "over ssh to ops@web-3 port 2222",
                "ssh options: -o BatchMode=yes -F \"a b\"",
                &format!("/usr/bin/ssh sha256 {sha}"),
                "text 1:",
                "  set -eu",
                "  systemctl restart",
            ]
        );
    }

    #[test]
    fn the_way_to_hosts_is_told_once_until_it_changes() {
        let on = |host: &str, option: &str| -> Action {
            serde_json::from_value(serde_json::json!({
                "kind": "ssh", "ssh": { "path": "/usr/bin/ssh", "sha256": "ab".repeat(32) }, "host": host, "destination": host,
                "options": ["-o", option], "argv": ["true"], "env": {}, "secrets": {}, "output": "text",
            }))
            .expect("an action")
        };
        let step = step(&serde_json::json!({}));
        let actions = [on("a", "X=1"), on("b", "X=1"), on("c", "X=2"), on("d", "X=1"), on("e", "X=1")];
        let mut shared = Shared::default();
        let told: Vec<Vec<String>> = actions.iter().map(|action| named(&step, action, &mut shared)).collect();
        let says =
            |at: usize| told[at].iter().filter(|line| line.starts_with("ssh options") || line.starts_with("over")).cloned().collect();
        let says: Vec<Vec<String>> = (0..5).map(says).collect();
        assert_eq!(
            says,
            [
                vec!["over ssh to a", "ssh options: -o X=1"],
                vec!["over ssh to b, with the program and options above"],
                vec!["over ssh to c", "ssh options: -o X=2"],
                vec!["over ssh to d", "ssh options: -o X=1"],
                vec!["over ssh to e, with the program and options above"],
            ]
        );
    }

    #[test]
    fn a_file_of_another_machine_has_a_row_that_its_name_leads() {
        let items = serde_json::json!([{ "changed_s": 9, "device": 7, "inode": 3, "modified_s": 86_400, "path": "old/f1", "size": 12 }]);
        assert_eq!(param("items", &items), ["  items = 1 file", "  \"old/f1\"  12 B  1970-01-02 00:00:00Z  inode 3"]);
    }

    #[test]
    fn a_long_text_stands_once_and_whole() {
        let step = step(&serde_json::json!({ "script": "echo\n  a", "note": "one\ntwo" }));
        let action: Action = serde_json::from_value(serde_json::json!({
            "kind": "command", "program": { "path": "/bin/sh", "sha256": "ab".repeat(32) }, "args": ["-c", "echo\n  a", "last"],
            "env": {}, "secrets": {}, "output": "text",
        }))
        .expect("an action");
        let lines = lines(&step, &action);
        let short = ["note = (text 1, 2 lines)", "script = (text 2, 2 lines)", "/bin/sh", "  -c", "  (text 2, 2 lines)", "  last"];
        assert_eq!(lines[..6], short);
        assert_eq!(lines[7..], ["text 1:", "  one", "  two", "text 2:", "  echo", "    a"]);
    }
}
