//! Can one host reach another: tried from the first, by a TCP port or, without one, by `ping`.

use serde_json::{Value, json};

use super::ping::{by_icmp, ping};
use super::port::try_port;
use crate::model::failure::FailureClass;
use crate::service::builtin::capture::Captured;
use crate::service::builtin::param::{broke, port, text};
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

pub fn reach(mut params: Params, world: World) -> Waiting {
    Box::pin(async move {
        let to = text(&params, "target")?;
        let Some(port) = port(&params)? else {
            params.insert("host".to_owned(), Value::from(to.clone()));
            return Ok(named(&to, ping(params, world).await?));
        };
        let tried = try_port(&to, port).await;
        Ok(by_port(&to, port, tried.open, &tried.why, tried.ms))
    })
}

fn by_port(to: &str, port: u16, open: bool, why: &str, ms: u64) -> Value {
    let mut said = json!({ "reachable": open, "to": to, "port": port, "via": format!("tcp/{port}"), "ms": ms });
    if !open {
        said["why"] = json!(why);
    }
    said
}

/// Of another machine: what its own programs said of the attempt.
pub fn told(host: &Told<'_>) -> Answer {
    let to = host.part("to")?.trim();
    if let Ok(shown) = host.part("ping") {
        return by_ping(to, shown);
    }
    let port =
        host.part("port")?.trim().parse().map_err(|_| broke(FailureClass::Permanent, "result_unreadable: its `port` is no number"))?;
    let ms = ((host.number("after")? - host.number("before")?).max(0.0) * 1_000.0).round();
    let open = host.number("status")? == 0.0;
    let ms = format!("{ms}").parse().unwrap_or(0);
    Ok(by_port(to, port, open, &why(host.part("said")?), ms))
}

fn by_ping(to: &str, stdout: &str) -> Answer {
    let shown = Captured { code: None, stdout: stdout.to_owned(), stderr: String::new() };
    if let Some(said) = by_icmp(to, &shown) {
        return Ok(named(to, said));
    }
    let line = last_line(stdout);
    if line.is_empty() || line.to_lowercase().contains("permi") {
        return Err(broke(FailureClass::Auth, format!("its ping works for others only ({line}): name a port")));
    }
    Ok(json!({ "reachable": false, "to": to, "via": "icmp", "why": why(stdout) }))
}

/// The one that was tried is `to`, not the host that tried.
fn named(to: &str, mut said: Value) -> Value {
    if let Some(fields) = said.as_object_mut() {
        fields.remove("host");
        fields.insert("to".to_owned(), json!(to));
    }
    said
}

/// `bash: line 1: connect: Connection refused` -> `Connection refused`; a program that was ended in time says nothing.
fn why(said: &str) -> String {
    const KNOWN: [&str; 6] = [
        "Connection refused",
        "No route to host",
        "Network is unreachable",
        "Name or service not known",
        "Temporary failure in name resolution",
        "bad address",
    ];
    if let Some(known) = KNOWN.iter().find(|known| said.to_lowercase().contains(&known.to_lowercase())) {
        return match *known {
            "Name or service not known" | "bad address" => "the name is not known there".to_owned(),
            known => known.to_owned(),
        };
    }
    let line = last_line(said);
    if line.is_empty() || line.to_lowercase().contains("timed out") { "no answer within 5 s".to_owned() } else { line.to_owned() }
}

fn last_line(said: &str) -> &str {
    said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_of_an_attempt_has_one_wording() {
        for (said, expected) in [
            ("bash: connect: Connection refused\nbash: line 1: /dev/tcp/a/1: Connection refused\n", "Connection refused"),
            ("nc: connect to a port 1 (tcp) failed: Connection refused", "Connection refused"),
            ("nc: bad address 'nowhere'\n", "the name is not known there"),
            ("bash: line 1: nowhere: Name or service not known", "the name is not known there"),
            ("", "no answer within 5 s"),
            ("Connection timed out\n\n", "no answer within 5 s"),
            ("something else", "something else"),
        ] {
            assert_eq!(why(said), expected);
        }
    }
}
