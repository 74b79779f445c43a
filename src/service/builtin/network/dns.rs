//! Name -> addresses, as this machine's own resolver sees them.

use std::net::{IpAddr, ToSocketAddrs as _};

use serde_json::{Value, json};

use crate::model::failure::FailureClass;
use crate::service::builtin::param::{broke, text};
use crate::service::builtin::registry::{Answer, Params};

pub fn dns_lookup(params: &Params) -> Answer {
    let name = text(params, "name")?;
    let found = (name.as_str(), 0).to_socket_addrs().map_err(|error| {
        // The C library tells a missing name from an unreachable server by its words only.
        let class = if error.to_string().contains("emporary") { FailureClass::Transient } else { FailureClass::Permanent };
        broke(class, format!("resolve {name}: {error}"))
    })?;
    let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    addresses.sort();
    addresses.dedup();
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let records: Vec<Value> = addresses
        .iter()
        .map(|address| {
            let kind = if address.is_ipv4() { "A" } else { "AAAA" };
            let source = if is_in(&hosts, &name, *address) { "/etc/hosts" } else { "resolver" };
            json!({ "type": kind, "value": address.to_string(), "source": source })
        })
        .collect();
    let mut sources: Vec<&str> = records.iter().filter_map(|record| record["source"].as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let (source, addresses) = (sources.join(", "), addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", "));
    Ok(json!({ "records": records, "name": name, "addresses": addresses, "source": source }))
}

/// The C library does not say whom it asked; a line of the file that says the same is what it reads first.
fn is_in(hosts: &str, name: &str, address: IpAddr) -> bool {
    let says = |line: &str| {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        words.next().and_then(|word| word.parse().ok()) == Some(address)
            && words.any(|word| word.eq_ignore_ascii_case(name.trim_end_matches('.')))
    };
    hosts.lines().any(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_hosts_file_is_told_from_one_of_a_server() {
        let hosts = "127.0.0.1 localhost box # not-this\n::1 localhost\n192.0.2.7\tWeb-3.example web-3\n";
        for (name, address, is) in [
            ("localhost", "127.0.0.1", true),
            ("localhost", "::1", true),
            ("web-3.EXAMPLE.", "192.0.2.7", true),
            ("web-3", "192.0.2.8", false),
            ("not-this", "127.0.0.1", false),
            ("web", "192.0.2.7", false),
        ] {
            assert_eq!(is_in(hosts, name, address.parse().unwrap()), is, "{name} {address}");
        }
        let found = dns_lookup(&[("name".to_owned(), Value::from("localhost"))].into()).unwrap();
        let records = found["records"].as_array().unwrap();
        assert!(records.iter().any(|record| record["value"] == "127.0.0.1" || record["value"] == "::1"), "{found}");
    }
}
