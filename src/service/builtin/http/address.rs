//! Addresses that no request may reach: link-local and the metadata services of clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Outside the link-local ranges.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

pub fn is_blocked(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let link_local = match address {
        IpAddr::V4(four) => four.is_link_local() || four.is_unspecified() || four.is_multicast() || four.is_broadcast(),
        IpAddr::V6(six) => six.is_unicast_link_local() || six.is_unspecified() || six.is_multicast(),
    };
    link_local || METADATA.contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_blocked_in_every_form() {
        for (address, blocked) in [
            ("169.254.169.254", true),
            ("::ffff:169.254.169.254", true),
            ("fe80::1", true),
            ("fd00:ec2::254", true),
            ("100.100.100.200", true),
            ("0.0.0.0", true),
            ("127.0.0.1", false),
            ("10.0.0.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_blocked(address.parse().unwrap()), blocked, "{address}");
        }
    }
}
