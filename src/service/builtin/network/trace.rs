//! The way to a host, hop by hop: UDP probes whose time to live grows, and who reports their end.
//!
//! Own probes where this user may open a raw ICMP socket (IPv4), else the system's `traceroute` or `tracepath`; where there
//! is neither, the answer says what is missing. Van Jacobson's method (traceroute, 1988).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, ToSocketAddrs as _, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketType, ipproto, socket};
use serde_json::{Value, json};

use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::capture::capture;
use crate::service::builtin::param::{broke, text, wrong};
use crate::service::builtin::registry::{Answer, Params, Waiting, World};

const HOPS: u32 = 30;
/// Probes of one hop, each with this long to be answered.
const PROBES: u16 = 2;
const PATIENCE: Duration = Duration::from_millis(700);
/// Silent hops in a row after which nobody answers any more.
const SILENT: usize = 8;
/// Where traceroute begins: ports that nobody listens on.
const PORT: u16 = 33_434;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Hop {
    from: Option<Ipv4Addr>,
    ms: f64,
    /// Nothing goes on from there: it is the host, or a router that knows no way to it.
    end: bool,
}

pub fn trace(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let host = text(&params, "host")?;
        if host.starts_with('-') {
            return Err(wrong(format!("`host` must not begin with `-`: {host}")));
        }
        let name = host.clone();
        let resolved = tokio::task::spawn_blocking(move || resolve(&name)).await;
        let address = resolved.map_err(|error| broke(FailureClass::Unknown, error.to_string()))??;
        let missing = match address {
            IpAddr::V4(address) => match open() {
                Ok(listener) => return own(host, address, listener).await,
                Err(error) => format!("a raw socket ({error})"),
            },
            IpAddr::V6(_) => "own probes over IPv6".to_owned(),
        };
        by_program(&host, &missing).await
    })
}

fn resolve(host: &str) -> Result<IpAddr, Failure> {
    let found = (host, 0).to_socket_addrs().map_err(|error| broke(FailureClass::Permanent, format!("resolve {host}: {error}")))?;
    let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    addresses.sort();
    addresses.first().copied().ok_or_else(|| broke(FailureClass::Permanent, format!("{host} has no address")))
}

fn open() -> io::Result<OwnedFd> {
    let made = socket(AddressFamily::INET, SocketType::RAW, Some(ipproto::ICMP))?;
    rustix::io::fcntl_setfd(&made, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&made, true)?;
    Ok(made)
}

async fn own(host: String, to: Ipv4Addr, listener: OwnedFd) -> Answer {
    let traced = tokio::task::spawn_blocking(move || walk(to, &listener)).await;
    let hops = traced.map_err(|error| broke(FailureClass::Unknown, error.to_string()))?;
    let hops = hops.map_err(|error| broke(FailureClass::Resource, format!("trace {host}: {error}")))?;
    let reached = hops.last().is_some_and(|hop| hop.from == Some(to));
    let line = |(hop, ttl): (&Hop, u32)| match hop.from {
        Some(from) => format!("{ttl:>2}  {from}  {:.1} ms", hop.ms),
        None => format!("{ttl:>2}  *"),
    };
    let path = hops.iter().zip(1..).map(line).collect::<Vec<_>>().join("\n");
    let rows: Vec<Value> = hops
        .iter()
        .zip(1..)
        .map(|(hop, ttl): (&Hop, u32)| json!({ "ttl": ttl, "address": hop.from, "ms": hop.from.map(|_| hop.ms) }))
        .collect();
    Ok(json!({ "path": path, "hops": rows, "reached": reached, "host": host, "address": to, "via": "own probes" }))
}

fn walk(to: Ipv4Addr, listener: &OwnedFd) -> io::Result<Vec<Hop>> {
    let sender = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let from_port = sender.local_addr()?.port();
    let mut hops: Vec<Hop> = Vec::new();
    let mut port = PORT;
    for ttl in 1..=HOPS {
        sender.set_ttl(ttl)?;
        let mut hop = Hop { from: None, ms: 0.0, end: false };
        for _ in 0..PROBES {
            port += 1;
            let sent = Instant::now();
            match sender.send_to(&[0; 32], SocketAddrV4::new(to, port)) {
                Ok(_) => {}
                // Reports of earlier probes come as errors of the socket.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error),
            }
            if let Some((from, end)) = report(listener, to, (from_port, port), sent + PATIENCE)? {
                hop = Hop { from: Some(from), ms: sent.elapsed().as_secs_f64() * 1_000.0, end };
                break;
            }
        }
        hops.push(hop);
        let silent = hops.iter().rev().take_while(|hop| hop.from.is_none()).count();
        if hop.end || silent >= SILENT {
            break;
        }
    }
    Ok(hops)
}

/// Who reports this very probe's end, and whether it could go no further.
fn report(listener: &OwnedFd, to: Ipv4Addr, ports: (u16, u16), deadline: Instant) -> io::Result<Option<(Ipv4Addr, bool)>> {
    let mut packet = [0; 1500];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let span = Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(0), tv_nsec: i64::from(left.subsec_nanos()) };
        match poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&span)) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        match rustix::io::read(listener, &mut packet) {
            Ok(length) => {
                if let Some(found) = read(&packet[..length], to, ports) {
                    return Ok(Some(found));
                }
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// IP header, ICMP header, the probe's own IP header and its first eight bytes (RFC 792).
fn read(packet: &[u8], to: Ipv4Addr, ports: (u16, u16)) -> Option<(Ipv4Addr, bool)> {
    let header = |bytes: &[u8]| Some(usize::from(bytes.first()? & 0x0f) * 4);
    let address = |bytes: &[u8], at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok()?));
    let number = |bytes: &[u8], at: usize| Some(u16::from_be_bytes(<[u8; 2]>::try_from(bytes.get(at..at + 2)?).ok()?));
    let icmp = packet.get(header(packet)?..)?;
    let probe = icmp.get(8..)?;
    let udp = probe.get(header(probe)?..)?;
    let is_ours = address(probe, 16)? == to && (number(udp, 0)?, number(udp, 2)?) == ports;
    match (is_ours, icmp.first()?) {
        (true, 11) => Some((address(packet, 12)?, false)),
        (true, 3) => Some((address(packet, 12)?, true)),
        _ => None,
    }
}

async fn by_program(host: &str, missing: &str) -> Answer {
    for (program, args) in [("traceroute", &["-n", "-w", "2", "--", host][..]), ("tracepath", &["-n", "--", host])] {
        let Some(shown) = capture(program, args).await else { continue };
        let shown = shown?;
        return match shown.code {
            Some(0) => Ok(json!({ "path": shown.stdout.trim_end(), "host": host, "via": program })),
            _ => Err(broke(FailureClass::Unknown, format!("{program}: {}", shown.stderr.trim()))),
        };
    }
    Err(wrong(format!("tracing needs {missing}, traceroute or tracepath, and this machine offers none of them")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn icmp(kind: u8, to: [u8; 4], ports: (u16, u16)) -> Vec<u8> {
        let mut packet = vec![0x45; 1];
        packet.resize(12, 0);
        packet.extend([192, 0, 2, 1, 0, 0, 0, 0]);
        packet.extend([kind, 0, 0, 0, 0, 0, 0, 0, 0x45]);
        packet.resize(20 + 8 + 16, 0);
        packet.extend(to);
        packet.extend(ports.0.to_be_bytes());
        packet.extend(ports.1.to_be_bytes());
        packet
    }

    #[test]
    fn only_reports_of_our_own_probe_count() {
        let (to, ports) = (Ipv4Addr::new(198, 51, 100, 9), (40_000, 33_435));
        let from = Ipv4Addr::new(192, 0, 2, 1);
        assert_eq!(read(&icmp(11, to.octets(), ports), to, ports), Some((from, false)));
        assert_eq!(read(&icmp(3, to.octets(), ports), to, ports), Some((from, true)));
        for other in [icmp(0, to.octets(), ports), icmp(11, [1, 1, 1, 1], ports), icmp(11, to.octets(), (40_000, 33_436))] {
            assert_eq!(read(&other, to, ports), None);
        }
        let whole = icmp(11, to.octets(), ports);
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end], to, ports), None, "cut at {end}");
        }
    }
}
