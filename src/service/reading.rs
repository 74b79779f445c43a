//! What another machine says of itself in plain figures -> the same typed facts that a builtin finds on this one.
//!
//! `ouioe NAME 1` comes first, then parts: `== PART` and lines up to the next one. A part `lines` goes on to the end. So a script
//! needs no more than `cat`, and all that is computed is computed here.

use std::collections::BTreeMap;

use super::builtin::host::{disk, facts, load, logins, logs, processes, service, sockets, units, updates, weight};
use super::builtin::network::{bandwidth, reach};
use super::builtin::param::broke;
use super::builtin::registry::Answer;
use crate::model::failure::{Failure, FailureClass};

type Reading = fn(&Told<'_>) -> Answer;

static READINGS: &[(&str, Reading)] = &[
    ("facts", facts::told),
    ("disk_usage", disk::told),
    ("cpu_mem", load::told),
    ("top_processes", processes::told),
    ("service_status", service::told),
    ("read_logs", logs::told),
    ("check_updates", updates::told),
    ("failed_units", units::told),
    ("listening_ports", sockets::told),
    ("logins", logins::told),
    ("largest_files", weight::told),
    ("reach", reach::told),
    ("bandwidth", bandwidth::told),
];

/// Parts by their names.
#[derive(Debug)]
pub struct Told<'a> {
    parts: BTreeMap<&'a str, &'a str>,
}

impl<'a> Told<'a> {
    pub fn part(&self, name: &str) -> Result<&'a str, Failure> {
        self.parts.get(name).copied().ok_or_else(|| unreadable(&format!("it does not tell `{name}`")))
    }

    pub fn number(&self, name: &str) -> Result<f64, Failure> {
        let text = self.part(name)?.trim();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| unreadable(&format!("its `{name}` is no number")))
    }
}

fn unreadable(why: &str) -> Failure {
    broke(FailureClass::Permanent, format!("result_unreadable: {why}"))
}

pub fn read(text: &str) -> Answer {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let name = first.strip_prefix("ouioe ").and_then(|rest| rest.strip_suffix(" 1")).unwrap_or_default();
    let Some((_, reading)) = READINGS.iter().find(|(known, _)| *known == name) else {
        return Err(unreadable("standard output does not begin with the name of a reading"));
    };
    reading(&Told { parts: parts(rest) })
}

fn parts(text: &str) -> BTreeMap<&str, &str> {
    let mut parts = BTreeMap::new();
    let mut open: Option<(&str, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let header = line.trim_end().strip_prefix("== ").filter(|_| !matches!(open, Some(("lines", _))));
        if let Some(name) = header {
            parts.extend(open.map(|(name, from)| (name, &text[from..at])));
            open = Some((name, at + line.len()));
        }
        at += line.len();
    }
    parts.extend(open.map(|(name, from)| (name, &text[from..])));
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_hosts_say_becomes_facts() {
        let memory = "== meminfo\nMemTotal: 1000 kB\nMemAvailable: 250 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n";
        let load = format!(
            "ouioe cpu_mem 1\n== load\n1.50 0.5 0.1 1/2 3\n== before\ncpu 10 0 0 90 0\ncpu0 1\n\n== after\ncpu 60 0 0 140 0\ncpu0 1\ncpu1 1\n{memory}"
        );
        let got = read(&load).unwrap();
        assert_eq!((&got["cpus"], &got["load_per_cpu"], &got["cpu_busy_percent"]), (&json!(2), &json!(0.75), &json!(50.0)));
        assert_eq!(got["mem_used_percent"], json!(75.0));
        let top = format!(
            "ouioe top_processes 1\n== page_size\n4096\n== ticks_per_second\n100\n{memory}== seconds\n2.00\n== count\n77\n\
             == processes\n5 S 100 10 a b)\n7 R 0 100 x\n5 S 100 10 a b)\n"
        );
        let got = read(&top).unwrap();
        assert_eq!(
            (&got["processes"][0]["name"], &got["processes"][0]["cpu_percent"], &got["count"]),
            (&json!("a b)"), &json!(50.0), &json!(77))
        );
        assert_eq!((&got["by_memory"][0]["pid"], &got["by_memory"][0]["rss_kib"]), (&json!(7), &json!(400)));
        let logs = "ouioe read_logs 1\n== source\njournal\n== since_applied\nyes\n== found\n9\n== lines\none\n== source\nthree\n";
        let got = read(logs).unwrap();
        assert_eq!((&got["logs"], &got["found"], &got["cut"]), (&json!("one\n== source\nthree"), &json!(9), &json!(true)));
    }

    #[test]
    fn services_are_judged_by_who_runs_them() {
        let said = |parts: &str| read(&format!("ouioe service_status 1\n== service\nx\n{parts}")).unwrap();
        for (parts, active, via) in [
            ("== systemd\nLoadState=loaded\nActiveState=active\n", true, "systemd"),
            ("== systemd\nLoadState=not-found\nActiveState=inactive\n", false, "systemd"),
            ("== script\n0\n== processes\n0\n", true, "init script"),
            ("== script\n3\n== processes\n4\n", false, "init script"),
            ("== script\n2\n", false, "init script"),
            ("== script\n64\n== processes\n4\n", true, "processes"),
            ("== processes\n0\n", false, "processes"),
        ] {
            let got = said(parts);
            assert_eq!((got["active"].as_bool(), got["via"].as_str()), (Some(active), Some(via)), "{parts}");
        }
        assert_eq!(said("== systemd\nLoadState=not-found\n")["state"], "not-found");
    }

    #[test]
    fn what_is_missing_or_no_number_is_said() {
        for (text, part) in [
            ("", "name of a reading"),
            ("Linux x 6.1\n", "name of a reading"),
            ("ouioe nothing 1\n", "name of a reading"),
            ("ouioe cpu_mem 1\n", "does not tell `before`"),
            ("ouioe bandwidth 1\n== before\n== after\n== seconds\nx\n", "`seconds` is no number"),
            ("ouioe disk_usage 1\n== blocks\n== inodes\n== mounts\n", "names none"),
        ] {
            let failure = read(text).unwrap_err();
            assert!(failure.detail.contains(part), "{text:?}: {failure:?}");
        }
    }
}
