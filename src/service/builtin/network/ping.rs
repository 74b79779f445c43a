//! Is a host there? By the system's `ping` where it is, else by TCP: an answer or a refusal both prove a host.
//!
//! The result says which way it was asked.

use serde_json::{Value, json};

use super::port::try_port;
use crate::service::builtin::capture::{Captured, capture};
use crate::service::builtin::param::{text, wrong};
use crate::service::builtin::registry::{Params, Waiting, World};

/// Ports that most hosts at least refuse.
const PORTS: [u16; 4] = [22, 443, 80, 7];

pub fn ping(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let host = text(&params, "host")?;
        if host.starts_with('-') {
            return Err(wrong(format!("`host` must not begin with `-`: {host}")));
        }
        if let Some(Ok(shown)) = capture("ping", &["-n", "-c", "3", "-W", "2", "--", &host]).await
            && let Some(answer) = by_icmp(&host, &shown)
        {
            return Ok(answer);
        }
        Ok(by_tcp(&host).await)
    })
}

/// `None` where ping itself could not work, for want of a right or a name.
pub fn by_icmp(host: &str, shown: &Captured) -> Option<Value> {
    let loss = shown.stdout.split(", ").find_map(|part| part.split_once("% packet loss")?.0.trim().parse::<f64>().ok())?;
    let average = shown.stdout.lines().find_map(|line| line.split_once(" = ")?.1.split('/').nth(1)?.parse::<f64>().ok());
    Some(json!({ "reachable": loss < 100.0, "host": host, "via": "icmp", "loss_percent": loss, "ms": average }))
}

async fn by_tcp(host: &str) -> Value {
    let mut why = String::new();
    for port in PORTS {
        let tried = try_port(host, port).await;
        if tried.answered {
            return json!({ "reachable": true, "host": host, "via": format!("tcp/{port}"), "loss_percent": 0, "ms": tried.ms });
        }
        why = tried.why;
    }
    json!({ "reachable": false, "host": host, "via": "tcp", "loss_percent": 100, "ms": Value::Null, "why": why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ping_prints_is_read() {
        let stdout =
            "3 packets transmitted, 2 received, 33.3333% packet loss, time 2003ms\nrtt min/avg/max/mdev = 0.040/0.052/0.065/0.010 ms\n";
        let shown = |stdout: &str| Captured { code: Some(0), stdout: stdout.to_owned(), stderr: String::new() };
        let answer = by_icmp("h", &shown(stdout)).unwrap();
        assert_eq!(
            (answer["reachable"].as_bool(), answer["loss_percent"].as_f64(), answer["ms"].as_f64()),
            (Some(true), Some(33.3333), Some(0.052))
        );
        assert!(by_icmp("h", &shown("ping: socket: Operation not permitted")).is_none());
    }
}
