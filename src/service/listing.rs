//! What a step would touch on another machine: asked over `ssh` before anybody is asked to approve it.
//!
//! A read of nothing that could be left behind: the host is told to run `/bin/sh`, which reads the command with its words in
//! quotes. The lines that come back become the last elements of the step's argv, so that the approval covers each.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::builtin::capture::{Captured, collect};
use super::runner::tree;
use super::{control, programs};
use crate::model::action::{Action, List, Operand};
use crate::text;

/// More than this nobody can approve knowingly.
const MOST: usize = 10_000;
/// Bytes of the list; the step takes it as arguments.
const CAP: usize = 512 << 10;
/// What a login says comes before it, and is no part of the list.
const BEGUN: &str = "\nouioe-list 1\n";
/// Connecting included.
const PATIENCE: Duration = Duration::from_mins(1);

/// Puts the list into the action, which could not run without, and gives it as values.
pub async fn list(action: &mut Action, state_dir: &Path) -> Result<Option<Value>, String> {
    let Action::Ssh { host, list: Some(wanted), .. } = &*action else { return Ok(None) };
    let asked = tokio::time::timeout(PATIENCE, ask(action, wanted, state_dir)).await;
    let said = asked.map_err(|_| format!("{host} gave no answer within {} s", PATIENCE.as_secs()))??;
    if said.code != Some(0) {
        let why = said.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it failed without a word");
        return Err(format!("{host}: {}", text::safe(why.trim())));
    }
    let (_, told) = said.stdout.split_once(BEGUN).ok_or_else(|| format!("{host} runs no /bin/sh for us"))?;
    let lines: Vec<&str> = told.lines().filter(|line| is_plain(line)).collect();
    if lines.len() > MOST || told.len() > CAP {
        return Err(format!("more than {MOST} things, or {CAP} bytes of names, on {host}: ask for fewer at once"));
    }
    let items = lines.iter().map(|line| item(line, &wanted.fields)).collect::<Option<Vec<Value>>>();
    let items = items.ok_or_else(|| format!("{host} gave no list of {}", wanted.fields.join(", ")))?;
    let lines: Vec<Operand> = lines.into_iter().map(|line| Operand(line.to_owned())).collect();
    if let Action::Ssh { argv, list, .. } = action {
        argv.extend(lines);
        *list = None;
    }
    Ok(Some(Value::from(items)))
}

/// What cannot be shown cannot be approved, and `${` would be a hole of the plan.
fn is_plain(line: &str) -> bool {
    !line.is_empty() && !line.contains(char::REPLACEMENT_CHARACTER) && !line.contains(char::is_control) && !line.contains("${")
}

fn item(line: &str, fields: &[String]) -> Option<Value> {
    let mut parts = line.splitn(fields.len(), '|');
    let named = fields.iter().map(|name| Some((name.clone(), value(parts.next()?))));
    named.collect::<Option<Map<String, Value>>>().map(Value::from)
}

fn value(part: &str) -> Value {
    let number = part.parse::<u64>().ok().filter(|number| number.to_string() == part);
    number.map_or_else(|| Value::from(part), Value::from)
}

async fn ask(action: &Action, wanted: &List, state_dir: &Path) -> Result<Captured, String> {
    let Action::Ssh { ssh, destination, port, options, .. } = action else { return Err("not a step of another machine".to_owned()) };
    if programs::stamp_of(ssh).is_none() {
        return Err(format!("{} changed since it was looked at", ssh.path));
    }
    let mut command = Command::new(&ssh.path);
    let shared = control::path(state_dir, action).filter(|path| control::is_open(path));
    command.args(shared.iter().flat_map(|path| ["-S".into(), path.as_os_str().to_owned()])).args(options);
    command.args(port.iter().flat_map(|port| ["-p".to_owned(), port.to_string()]));
    command.arg("--").arg(destination).arg("/bin/sh -s").env_clear().envs(control::environment()).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let fail = |error: std::io::Error| format!("call {destination}: {error}");
    let mut call = Call(command.spawn().map_err(fail)?);
    if let Some(mut stdin) = call.0.stdin.take() {
        // A host that cannot be reached reads nothing: what `ssh` says of it counts.
        let _ = stdin.write_all(script(&wanted.argv).as_bytes()).await;
    }
    collect(&mut call.0).await.map_err(fail)
}

/// An `ssh` that nobody waits for any more ends with its helpers (`ProxyCommand`): a killed one cannot tell them.
struct Call(Child);

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(pid) = self.0.id().and_then(|pid| i32::try_from(pid).ok()) {
            tree::kill_below(pid);
        }
    }
}

/// Read whole before it begins, so that the command cannot read the rest of it.
fn script(argv: &[Operand]) -> String {
    let words: Vec<String> = argv.iter().map(|word| format!("'{}'", word.0.replace('\'', "'\\''"))).collect();
    format!("{{ printf '{}'; exec {}; }} </dev/null\n", BEGUN.replace('\n', "\\n"), words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_arrive_as_they_are() {
        let odd = ["/usr/bin/printf", "%s|", "", "a'b", "$(id)", "`id`", "a\nb", "\\", "-n", "ä", "\"", "!!", "*"];
        let script = script(&odd.map(|word| Operand(word.to_owned())));
        let mut shell = std::process::Command::new("/bin/sh");
        let mut child = shell.arg("-s").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
        let said = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(said.stdout).unwrap(), [BEGUN, &odd[2..].join("|"), "|"].concat());
    }

    #[test]
    fn lines_become_items_and_what_cannot_be_shown_does_not() {
        let fields = ["inode", "path"].map(str::to_owned);
        assert_eq!(item("17|a b|c", &fields), Some(serde_json::json!({"inode": 17, "path": "a b|c"})));
        assert_eq!(item("007|x", &fields), Some(serde_json::json!({"inode": "007", "path": "x"})));
        assert_eq!(item("17", &fields), None);
        for bad in ["", "1|a\u{1b}[2J", "1|\u{fffd}", "1|${steps.a.output.b}"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
