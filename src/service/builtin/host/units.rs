//! Units of systemd that failed, in its own words.

use serde_json::{Value, json};

use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::capture::capture;
use crate::service::builtin::param::broke;
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

const WORDS: [&str; 7] = ["list-units", "--state=failed", "--all", "--full", "--plain", "--no-legend", "--no-pager"];
/// Rows that a result names; all are counted.
const NAMED: usize = 200;

pub fn failed_units(_: Params, _: World) -> Waiting {
    Box::pin(async {
        let shown = capture("systemctl", &WORDS).await.ok_or_else(|| absent("there is no systemd on this host"))??;
        if shown.code == Some(0) {
            return Ok(of(&shown.stdout));
        }
        if !std::path::Path::new("/run/systemd/system").exists() {
            return Err(absent("systemd does not run on this host"));
        }
        Err(broke(FailureClass::DependencyDown, format!("systemctl: {}", shown.stderr.trim())))
    })
}

fn absent(why: &str) -> Failure {
    broke(FailureClass::Config, format!("{why}: only the state of a named service can be told"))
}

/// Of another machine.
pub fn told(host: &Told<'_>) -> Answer {
    Ok(of(host.part("units")?))
}

fn of(text: &str) -> Value {
    let units: Vec<Value> = text.lines().filter_map(unit).collect();
    let count = units.len();
    json!({ "failed": units.into_iter().take(NAMED).collect::<Vec<_>>(), "count": count })
}

/// `nginx.service loaded failed failed A web server`, with a dot before it where systemd is old.
fn unit(line: &str) -> Option<Value> {
    let mut words = line.trim_start_matches(['●', '*', ' ']).split_ascii_whitespace();
    let (name, load, active, sub) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let about: Vec<&str> = words.collect();
    (active == "failed").then(|| json!({ "name": name, "load": load, "sub": sub, "description": about.join(" ") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_tables_are_read_and_other_lines_are_not() {
        let text = "nginx.service loaded failed failed A web  server\n● srv-data.mount not-found failed failed\n\n2 loaded units listed.\n";
        let got = of(text);
        assert_eq!(got["count"], 2);
        assert_eq!(got["failed"][0], json!({ "name": "nginx.service", "load": "loaded", "sub": "failed", "description": "A web server" }));
        assert_eq!(got["failed"][1]["name"], "srv-data.mount");
        assert_eq!(of(""), json!({ "failed": [], "count": 0 }));
    }
}
