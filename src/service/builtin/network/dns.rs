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
    let records: Vec<Value> = addresses
        .iter()
        .map(|address| json!({ "type": if address.is_ipv4() { "A" } else { "AAAA" }, "value": address.to_string() }))
        .collect();
    Ok(json!({ "records": records, "name": name }))
}
