//! Names, reachability, ports, certificates and interface rates.

pub mod bandwidth;
pub mod dns;
pub mod internet;
pub mod ping;
pub mod port;
pub mod reach;
pub mod tls;
pub mod trace;

mod der;
