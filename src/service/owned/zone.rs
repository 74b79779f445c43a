//! Changes a record of a DNS zone by `nsupdate` (RFC 2136), and asks the server what it says then.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::call::{Call, Done, not_done};
use super::program::run;
use crate::model::failure::{Failure, FailureClass};
use crate::model::time::Millis;
use crate::service::builtin::param::{broke, optional, span, text};
use crate::service::builtin::setting;

const KINDS: [&str; 5] = ["A", "AAAA", "CNAME", "PTR", "TXT"];
const TTL: Millis = Millis(300_000);

struct Server {
    host: String,
    port: String,
    key: Option<String>,
}

pub fn update(call: &mut Call<'_>) -> Done {
    let (name, value) = (text(call.params, "name")?, text(call.params, "value")?);
    let kind = kind_of(optional(call.params, "type").as_deref(), &value)?;
    let ttl = span(call.params, "ttl")?.unwrap_or(TTL).0 / 1_000;
    let name = checked(&name)?;
    let data = data(kind, &value)?;
    let server = server(call)?;
    let was = ask(call, &server, &name, kind)?;
    let lines =
        format!("server {} {}\nupdate delete {name} {kind}\nupdate add {name} {ttl} {kind} {data}\nsend\n", server.host, server.port);
    let file = call.dir.join("update");
    fs::write(&file, &lines).map_err(|error| broke(FailureClass::Resource, format!("write {}: {error}", file.display())))?;
    lines.lines().for_each(|line| call.say(line));
    let path = file.to_string_lossy().into_owned();
    let args: Vec<&str> = server.key.iter().flat_map(|key| ["-k", key]).chain(["-t", "10", &path]).collect();
    let said = run(call, "nsupdate", &args, &BTreeMap::new())?;
    if !said.is_good() {
        return Err(refused(&said.output));
    }
    let is = ask(call, &server, &name, kind)?;
    if !is.contains(&data) {
        return Err(broke(FailureClass::Unknown, format!("the server took it and says {} for {name}", is.join(", "))));
    }
    Ok(json!({ "name": name, "type": kind, "value": data, "ttl_s": ttl, "was": Value::from(was), "server": server.host }))
}

/// By its name, or by what the value is.
fn kind_of(named: Option<&str>, value: &str) -> Result<&'static str, Failure> {
    let by_value = match value.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => "A",
        Ok(IpAddr::V6(_)) => "AAAA",
        Err(_) => "CNAME",
    };
    let Some(named) = named else { return Ok(by_value) };
    let found = KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(named.trim_end_matches(" record")));
    found.ok_or_else(|| not_done(format!("`type` must be one of {}, not {named}", KINDS.join(", "))))
}

/// As the server writes it.
fn data(kind: &str, value: &str) -> Result<String, Failure> {
    match kind {
        "A" | "AAAA" => {
            let address: IpAddr = value.parse().map_err(|_| not_done(format!("`value` of a record {kind} must be an address: {value}")))?;
            if address.is_ipv4() == (kind == "A") { Ok(address.to_string()) } else { Err(not_done(format!("{value} is no record {kind}"))) }
        }
        "TXT" if value.len() <= 255 && value.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\') => Ok(format!("\"{value}\"")),
        "TXT" => Err(not_done("`value` of a record TXT may hold 255 plain characters, without quotes")),
        _ => checked(value),
    }
}

/// A name with its final dot, so that no zone is appended; nothing that could begin a second order.
fn checked(name: &str) -> Result<String, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '*');
    if name.is_empty() || name.starts_with('-') || name.len() > 253 || !name.chars().all(plain) {
        return Err(not_done(format!("{name} is no name of a record")));
    }
    Ok(format!("{}.", name.trim_end_matches('.')))
}

/// `HOST` or `HOST:PORT`.
fn server(call: &Call<'_>) -> Result<Server, Failure> {
    let named = setting::text(call.params, "server")?;
    let (host, port) = named.rsplit_once(':').filter(|(host, _)| !host.contains(':')).unwrap_or((named, "53"));
    let key = setting::find(call.params, "key").and_then(Value::as_str).filter(|key| !key.is_empty());
    let host = if host.parse::<IpAddr>().is_ok() { host.to_owned() } else { checked(host)? };
    Ok(Server { host, port: port.to_owned(), key: key.map(str::to_owned) })
}

fn ask(call: &mut Call<'_>, server: &Server, name: &str, kind: &str) -> Result<Vec<String>, Failure> {
    let at = format!("@{}", server.host);
    let said = run(call, "dig", &["+short", "+norecurse", "+time=5", "-p", &server.port, &at, name, kind], &BTreeMap::new())?;
    if !said.is_good() {
        return Err(broke(FailureClass::DependencyDown, format!("ask {}: {}", server.host, said.last_line())));
    }
    Ok(said.output.lines().map(str::to_owned).collect())
}

fn refused(output: &str) -> Failure {
    let line = output.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it said nothing");
    let class = match line {
        _ if ["REFUSED", "NOTAUTH", "BADKEY", "BADSIG"].iter().any(|word| line.contains(word)) => FailureClass::Auth,
        _ if line.contains("timed out") => FailureClass::DependencyDown,
        _ => FailureClass::Unknown,
    };
    broke(class, format!("nsupdate: {line}"))
}
