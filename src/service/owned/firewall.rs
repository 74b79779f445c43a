//! Blocks an address by nftables on this machine, in a table of our own, and takes that back.
//!
//! Nothing of other tables is touched. What the kernel says afterwards decides.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::call::{Call, Done, not_done, now};
use super::program::{Said, run};
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::param::{broke, span, text};

const TABLE: &str = "inet ouioe";
/// Wider networks hold more than anybody means to block.
const WIDEST: [u8; 2] = [8, 16];

struct Blocked {
    address: String,
    set: &'static str,
}

pub fn block(call: &mut Call<'_>) -> Done {
    let it = wanted(call)?;
    let span = span(call.params, "duration")?;
    let mut rules = format!("add table {TABLE}\n");
    for (set, kind) in [("blocked4", "ipv4_addr"), ("blocked6", "ipv6_addr")] {
        let _ = writeln!(rules, "add set {TABLE} {set} {{ type {kind}; flags interval, timeout; }}");
    }
    for hook in ["input", "forward"] {
        let _ = writeln!(rules, "add chain {TABLE} {hook} {{ type filter hook {hook} priority -150; policy accept; }}");
        if !nft(call, &["list", "chain", "inet", "ouioe", hook])?.output.contains("@blocked6") {
            for (set, family) in [("blocked4", "ip"), ("blocked6", "ip6")] {
                let _ = writeln!(rules, "add rule {TABLE} {hook} {family} saddr @{set} drop");
            }
        }
    }
    let was = is_blocked(call, &it)?;
    if was {
        let _ = writeln!(rules, "delete element {TABLE} {} {{ {} }}", it.set, it.address);
    }
    let timeout = span.map_or_else(String::new, |span| format!(" timeout {}s", (span.0 / 1_000).max(1)));
    let _ = writeln!(rules, "add element {TABLE} {} {{ {}{timeout} }}", it.set, it.address);
    carry_out(call, &rules)?;
    if !is_blocked(call, &it)? {
        return Err(broke(FailureClass::Unknown, format!("nftables does not list {} as blocked", it.address)));
    }
    let until = span.map_or(Value::Null, |span| json!(now() + span));
    Ok(json!({ "ip": it.address, "blocked": true, "was_blocked": was, "until": until, "via": "nftables" }))
}

pub fn unblock(call: &mut Call<'_>) -> Done {
    let it = wanted(call)?;
    let was = is_blocked(call, &it)?;
    if was {
        carry_out(call, &format!("delete element {TABLE} {} {{ {} }}\n", it.set, it.address))?;
    }
    if is_blocked(call, &it)? {
        return Err(broke(FailureClass::Unknown, format!("{} is blocked still: by a wider network?", it.address)));
    }
    Ok(json!({ "ip": it.address, "blocked": false, "was_blocked": was, "via": "nftables" }))
}

fn wanted(call: &Call<'_>) -> Result<Blocked, Failure> {
    let text = text(call.params, "ip")?;
    let (address, length) = text.split_once('/').map_or((text.as_str(), None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().map_err(|_| not_done(format!("`ip` is no address: {text}")))?;
    let (set, most, widest) = if address.is_ipv4() { ("blocked4", 32, WIDEST[0]) } else { ("blocked6", 128, WIDEST[1]) };
    let length = match length.map(str::parse::<u8>) {
        None => most,
        Some(Ok(length)) if length <= most => length,
        Some(_) => return Err(not_done(format!("`ip` is no network: {text}"))),
    };
    if length < widest || address.is_loopback() || address.is_unspecified() {
        return Err(not_done(format!("{text} is this machine itself, or far too wide a network to block")));
    }
    Ok(Blocked { address: if length == most { address.to_string() } else { format!("{address}/{length}") }, set })
}

/// A list that is not there blocks nobody.
fn is_blocked(call: &mut Call<'_>, it: &Blocked) -> Result<bool, Failure> {
    let element = format!("{{ {} }}", it.address);
    Ok(nft(call, &["get", "element", "inet", "ouioe", it.set, &element])?.is_good())
}

/// All of it or nothing: nftables takes a file as one transaction.
fn carry_out(call: &mut Call<'_>, rules: &str) -> Result<(), Failure> {
    let file = call.dir.join("rules.nft");
    fs::write(&file, rules).map_err(|error| broke(FailureClass::Resource, format!("write {}: {error}", file.display())))?;
    rules.lines().for_each(|rule| call.say(rule));
    let said = nft(call, &["-f", &file.to_string_lossy()])?;
    if said.is_good() {
        return Ok(());
    }
    let class = if said.output.contains("Operation not permitted") { FailureClass::Auth } else { FailureClass::Unknown };
    Err(broke(class, format!("nft: {}", said.output.lines().next().unwrap_or("it said nothing"))))
}

fn nft(call: &mut Call<'_>, args: &[&str]) -> Result<Said, Failure> {
    run(call, "nft", args, &BTreeMap::new())
}
