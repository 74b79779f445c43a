//! Who is logged in, and who was: what `who` and `last` say, else the sessions of systemd.

use std::path::Path;

use serde_json::{Value, json};

use crate::model::failure::FailureClass;
use crate::service::builtin::capture::capture;
use crate::service::builtin::param::broke;
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

/// Rows that a result names; those who are here are all counted.
const NAMED: usize = 100;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Without its record `who` says that nobody is there.
const RECORDS: [&str; 2] = ["/run/utmp", "/var/run/utmpx"];
const UNKNOWN: &str = "this host keeps no record of who is logged in: no /run/utmp, no sessions of systemd";
const SESSIONS: [&str; 3] = ["list-sessions", "--no-legend", "--no-pager"];

pub fn logins(_: Params, _: World) -> Waiting {
    Box::pin(async {
        let last = said("last", &["-n", "20"]).await;
        if let Some(who) = said("who", &[]).await.filter(|who| !who.is_empty() || RECORDS.iter().any(|path| Path::new(path).exists())) {
            return Ok(of(&who, people, "who", last.as_deref()));
        }
        let sessions = said("loginctl", &SESSIONS).await;
        let sessions = sessions.ok_or_else(|| broke(FailureClass::Config, UNKNOWN))?;
        Ok(of(&sessions, of_systemd, "systemd", last.as_deref()))
    })
}

/// `None`: it is not there, or has nothing to read from.
async fn said(program: &str, args: &[&str]) -> Option<String> {
    let shown = capture(program, args).await?.ok()?;
    (shown.code == Some(0)).then_some(shown.stdout)
}

/// Of another machine.
pub fn told(host: &Told<'_>) -> Answer {
    let last = host.part("last").ok();
    match host.part("who") {
        Ok(who) => Ok(of(who, people, "who", last)),
        Err(_) => Ok(of(host.part("sessions")?, of_systemd, "systemd", last)),
    }
}

fn of(text: &str, read: fn(&str) -> Option<Value>, via: &str, last: Option<&str>) -> Value {
    let users: Vec<Value> = text.lines().filter_map(read).collect();
    let count = users.len();
    let mut said = json!({ "users": users.into_iter().take(NAMED).collect::<Vec<_>>(), "count": count, "via": via });
    match last {
        Some(last) => said["last_logins"] = json!(last.lines().filter_map(past).take(NAMED).collect::<Vec<_>>()),
        None => said["why"] = json!("this host keeps no record of earlier logins that `last` could read"),
    }
    said
}

/// `ana pts/0 Nov 23 07:47 (10.0.0.1)`, of busybox `ana pts/0 00:07 Nov 23 07:47:12 10.0.0.1`; its first line is a heading.
fn people(line: &str) -> Option<Value> {
    let (head, time, from) = at_the_time(line)?;
    let [name, terminal, ..] = head.as_slice() else { return None };
    Some(row(name, terminal, from.trim_matches(['(', ')']), &time))
}

/// `ana pts/0 10.0.0.1 Mon Nov 23 07:47 still logged in`; what the machine itself did is no login.
fn past(line: &str) -> Option<Value> {
    let (head, time, rest) = at_the_time(line)?;
    let [name, terminal, from @ ..] = head.as_slice() else { return None };
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let from: Vec<&str> = from.iter().copied().filter(|word| !days.contains(word)).collect();
    if matches!(*name, "reboot" | "shutdown" | "runlevel" | "wtmp" | "btmp") {
        return None;
    }
    let mut row = row(name, terminal, &from.join(" "), &time);
    row["until"] = json!(rest.trim_start_matches("- "));
    Some(row)
}

/// `4 1000 ana seat0 tty2 …`: columns differ, so what stands behind the user counts as the terminal where it looks like one.
fn of_systemd(line: &str) -> Option<Value> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (_, _, name) = (words.first()?, words.get(1)?.parse::<u32>().ok()?, words.get(2)?);
    let terminal = words.iter().skip(3).find(|word| word.starts_with("tty") || word.starts_with("pts/"));
    Some(row(name, terminal.unwrap_or(&""), "", ""))
}

fn row(name: &str, terminal: &str, from: &str, since: &str) -> Value {
    json!({ "name": name, "terminal": terminal, "from": from, "since": since })
}

/// Words before the time, `Nov 23 07:47` or `2026-11-23 07:47`, and what follows.
fn at_the_time(line: &str) -> Option<(Vec<&str>, String, String)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let day = |word: &str| word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let at = words.iter().position(|word| MONTHS.contains(word) || day(word)).filter(|at| *at > 0)?;
    let end = (at + if day(words[at]) { 2 } else { 3 }).min(words.len());
    Some((words[..at].to_vec(), words[at..end].join(" "), words[end..].join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_who_is_read() {
        for (line, expected) in [
            ("ana      pts/0        Nov 23 07:47 (10.0.0.1)", Some(["ana", "pts/0", "10.0.0.1", "Nov 23 07:47"])),
            ("ana      tty1         Nov  3 07:47", Some(["ana", "tty1", "", "Nov 3 07:47"])),
            ("ana\t\tpts/0\t\t00:07\tNov 23 07:47:12  10.0.0.1", Some(["ana", "pts/0", "10.0.0.1", "Nov 23 07:47:12"])),
            ("USER\t\tTTY\t\tIDLE\tTIME\t\t HOST", None),
            ("", None),
        ] {
            let got = people(line);
            let got = got.as_ref().map(|row| ["name", "terminal", "from", "since"].map(|key| row[key].as_str().unwrap()));
            assert_eq!(got, expected, "{line}");
        }
    }

    #[test]
    fn earlier_logins_are_told_without_the_machines_own() {
        let last = "ana      pts/0        10.0.0.1         Mon Nov 23 07:47   still logged in\n\
                    reboot   system boot  6.1.0            Mon Nov 23 07:00   still running\n\
                    bob      tty1                          Sun Nov 22 23:10 - 23:50  (00:40)\n\nwtmp begins Tue May 20 00:00:00 2025\n";
        let said = of("", people, "who", Some(last));
        let rows = said["last_logins"].as_array().unwrap();
        assert_eq!(rows.len(), 2, "{said}");
        assert_eq!((&rows[0]["from"], &rows[0]["until"]), (&json!("10.0.0.1"), &json!("still logged in")));
        assert_eq!((&rows[1]["name"], &rows[1]["from"], &rows[1]["until"]), (&json!("bob"), &json!(""), &json!("23:50 (00:40)")));
        assert!(of("", people, "who", None)["why"].is_string());
        assert_eq!(of_systemd("  4 1000 ana seat0 tty2 active no -").unwrap()["terminal"], "tty2");
        assert!(of_systemd("3 sessions listed.").is_none());
    }
}
