//! Who listens where: sockets of the kernel's own tables, with the processes that hold them.
//!
//! Names only, never command lines: those hold secrets. What another user holds only root sees.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use crate::model::failure::FailureClass;
use crate::service::builtin::param::{broke, port};
use crate::service::builtin::registry::{Answer, Params};
use crate::service::reading::Told;

const TABLES: [&str; 4] = ["tcp", "tcp6", "udp", "udp6"];
/// Rows that a result names; all are counted.
const NAMED: usize = 250;

/// One row of a table.
struct Socket {
    protocol: &'static str,
    address: IpAddr,
    port: u16,
    inode: u64,
}

/// Number and name of a process.
type Process = (u32, String);
/// Of those that hold a socket the first.
type Owners = BTreeMap<u64, Process>;
/// A port of a program, however many addresses it has there.
type Place<'a> = (u16, &'a str, Option<Process>);

pub fn listening_ports(params: &Params) -> Answer {
    let mut sockets = Vec::new();
    for table in TABLES {
        // A machine may have one family of addresses only.
        let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        sockets.extend(text.lines().filter_map(|line| row(table, line)));
    }
    if fs::metadata("/proc/net/tcp").is_err() {
        return Err(broke(FailureClass::Config, "this host has no /proc/net/tcp"));
    }
    let wanted = sockets.iter().map(|socket| socket.inode).collect();
    Ok(of(sockets, &owners(&wanted), port(params)?))
}

/// Of another machine: `tcp 0100007F:1F90 INODE` and `INODE PID NAME`.
pub fn told(host: &Told<'_>) -> Answer {
    let sockets = host.part("sockets")?.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (table, local, inode) = (words.next()?, words.next()?, words.next()?);
        socket(table, local, inode)
    });
    let owner = |line: &str| {
        let mut words = line.splitn(3, ' ');
        Some((words.next()?.parse().ok()?, (words.next()?.parse().ok()?, words.next()?.to_owned())))
    };
    let mut owners = Owners::new();
    for (inode, process) in host.part("owners")?.lines().filter_map(owner) {
        keep_first(&mut owners, inode, process);
    }
    let wanted = host.part("port").ok().and_then(|port| port.trim().parse().ok());
    Ok(of(sockets.collect(), &owners, wanted))
}

/// `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 INODE …`
fn row(table: &str, line: &str) -> Option<Socket> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (local, remote, state) = (*words.get(1)?, *words.get(2)?, *words.get(3)?);
    let waits = if table.starts_with("tcp") { state == "0A" } else { state == "07" && remote.ends_with(":0000") };
    if waits { socket(table, local, words.get(9)?) } else { None }
}

fn socket(table: &str, local: &str, inode: &str) -> Option<Socket> {
    let protocol = if table.starts_with("tcp") { "tcp" } else { "udp" };
    let (address, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(Socket { protocol, address: address_of(address)?, port, inode: inode.parse().ok()? })
}

/// Words of four bytes, each as a little-endian machine keeps it.
fn address_of(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16).ok();
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?.swap_bytes()).into()),
        32 => {
            let words = (0..4).map(|at| word(at).map(u32::swap_bytes)).collect::<Option<Vec<u32>>>()?;
            let bits = words.into_iter().fold(0_u128, |bits, word| bits << 32 | u128::from(word));
            Some(IpAddr::from(Ipv6Addr::from(bits)).to_canonical())
        }
        _ => None,
    }
}

fn owners(wanted: &BTreeSet<u64>) -> Owners {
    let mut found = Owners::new();
    let Ok(entries) = fs::read_dir("/proc") else { return found };
    for pid in entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { continue };
        let links = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
        let inodes: Vec<u64> = links.filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()).collect();
        for inode in inodes.into_iter().filter(|inode| wanted.contains(inode)) {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            keep_first(&mut found, inode, (pid, name.trim_end().to_owned()));
        }
    }
    found
}

/// A server that forks shares its socket: the parent came first.
fn keep_first(owners: &mut Owners, inode: u64, process: Process) {
    let first = owners.entry(inode).or_insert_with(|| process.clone());
    if process.0 < first.0 {
        *first = process;
    }
}

fn of(sockets: Vec<Socket>, owners: &Owners, wanted: Option<u16>) -> Value {
    let mut rows: BTreeMap<Place<'_>, BTreeSet<IpAddr>> = BTreeMap::new();
    for socket in sockets.into_iter().filter(|socket| wanted.is_none_or(|port| port == socket.port)) {
        let owner = owners.get(&socket.inode).cloned();
        rows.entry((socket.port, socket.protocol, owner)).or_default().insert(socket.address);
    }
    let (count, unknown) = (rows.len(), rows.keys().filter(|(.., owner)| owner.is_none()).count());
    let row = |((port, protocol, owner), addresses): (Place<'_>, BTreeSet<IpAddr>)| {
        let (pid, program) = owner.unzip();
        let name = format!("{protocol}/{port} {}", program.as_deref().unwrap_or("?"));
        let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        json!({ "name": name, "port": port, "protocol": protocol, "addresses": addresses, "program": program, "pid": pid })
    };
    let listed: Vec<Value> = rows.into_iter().take(NAMED).map(row).collect();
    let mut said = json!({ "listening": listed, "count": count });
    if let Some(port) = wanted {
        (said["port"], said["in_use"]) = (json!(port), json!(count > 0));
    }
    if unknown > 0 {
        said["why"] = json!(format!("{unknown} of them belong to others, whose programs only root sees"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_that_people_write() {
        for (hex, written) in [
            ("0100007F", "127.0.0.1"),
            ("00000000", "0.0.0.0"),
            ("00000000000000000000000001000000", "::1"),
            ("0000000000000000FFFF00000100007F", "127.0.0.1"),
            ("000080FE00000000FF565A02BE2B93FE", "fe80::25a:56ff:fe93:2bbe"),
        ] {
            assert_eq!(address_of(hex).map(|it| it.to_string()).as_deref(), Some(written), "{hex}");
        }
        assert!(["", "01", "0100007G", "0100007F0"].iter().all(|hex| address_of(hex).is_none()));
    }

    #[test]
    fn only_what_waits_for_somebody_counts() {
        let line =
            |state: &str, remote: &str| format!("  1: 00000000:0016 {remote} {state} 00000000:00000000 00:00000000 00000000 0 0 77 1");
        for (table, state, remote, counts) in [
            ("tcp", "0A", "00000000:0000", true),
            ("tcp6", "01", "0100007F:9C40", false),
            ("udp", "07", "00000000:0000", true),
            ("udp", "01", "0100007F:0035", false),
        ] {
            assert_eq!(row(table, &line(state, remote)).is_some(), counts, "{table} {state}");
        }
        assert!(row("tcp", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode").is_none());
    }
}
