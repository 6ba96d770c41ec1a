//! Which addresses may be reached on somebody else's word: the guard against requests forged towards our own network
//! (SSRF).
//!
//! Customers choose the URLs of webhooks, audited accounts those that an audit probes; we sit inside somebody's network.
//! So the check is on the address that is about to be connected, never on the text of the URL.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// IPv4 ranges that are not the public internet (RFC 6890 and the IANA special-purpose registry).
const BLOCKED_V4: &[(Ipv4Addr, u8, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network, unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private, RFC 1918"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT, RFC 6598"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local; cloud metadata"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private, RFC 1918"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments, RFC 6890"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation, RFC 5737"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays, RFC 7526"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private, RFC 1918"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking, RFC 2544"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation, RFC 5737"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation, RFC 5737"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved, broadcast"),
];

/// Parts of the global unicast space `2000::/3` that are not public; outside that space nothing is.
const BLOCKED_V6: &[(Ipv6Addr, u8, &str)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol assignments: Teredo, benchmarking, ORCHID"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation, RFC 3849"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation, RFC 9637"),
];

/// Whether an address belongs to the public internet. An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64)
/// is as public as the address it carries; IPv4-compatible, unique-local, link-local and site-local are never.
pub fn ip_is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4_is_public(v4),
        IpAddr::V6(v6) => v6_is_public(v6),
    }
}

/// Whether an address may be connected on somebody else's word: it is public, or the operator's list has it.
pub fn may_reach(address: IpAddr, allowed_private: &[IpRange]) -> bool {
    ip_is_public(address) || allowed_private.iter().any(|range| range.contains(address))
}

fn v4_is_public(address: Ipv4Addr) -> bool {
    !BLOCKED_V4
        .iter()
        .any(|(network, prefix, _)| shares_prefix(v4_bits(address), v4_bits(*network), 96 + prefix))
}

fn v6_is_public(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return v4_is_public(v4);
    }
    let segments = address.segments();
    // NAT64's well-known prefix (RFC 6052 §2.1): how an IPv6-only network reaches the IPv4 internet.
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return v4_is_public(v4_of(segments[6], segments[7]));
    }
    // 6to4 (RFC 3056 §2).
    if segments[0] == 0x2002 {
        return v4_is_public(v4_of(segments[1], segments[2]));
    }
    let global_unicast = segments[0] & 0xe000 == 0x2000;
    global_unicast
        && !BLOCKED_V6
            .iter()
            .any(|(network, prefix, _)| shares_prefix(address.to_bits(), network.to_bits(), *prefix))
}

fn v4_of(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}

fn v4_bits(address: Ipv4Addr) -> u128 {
    u128::from(address.to_bits())
}

/// Whether the first `prefix` of 128 bits agree.
fn shares_prefix(left: u128, right: u128, prefix: u8) -> bool {
    (left ^ right).leading_zeros() >= u32::from(prefix)
}

/// A range of addresses in CIDR notation, such as `127.0.0.0/8`: one line of the operator's list of internal
/// destinations that may be reached all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpRange {
    network: IpAddr,
    prefix: u8,
}

/// The text is not an address, or address and prefix length joined by `/`, or it has bits set behind the prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpRangeProblem;

impl fmt::Display for IpRangeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an IP range such as 10.1.0.0/16, with no bits set behind the prefix")
    }
}

impl std::error::Error for IpRangeProblem {}

impl IpRange {
    /// Whether the address lies in the range. An IPv4-mapped IPv6 address counts as the IPv4 address it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(v4)) => {
                shares_prefix(v4_bits(v4), v4_bits(network), 96 + self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(v6)) => {
                shares_prefix(v6.to_bits(), network.to_bits(), self.prefix)
            }
            _ => false,
        }
    }
}

impl FromStr for IpRange {
    type Err = IpRangeProblem;

    fn from_str(text: &str) -> Result<IpRange, IpRangeProblem> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| IpRangeProblem)?)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().map_err(|_| IpRangeProblem)?;
        let (bits, width) = match network {
            IpAddr::V4(v4) => (v4_bits(v4), 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let prefix = prefix.unwrap_or(width);
        // A stray bit behind the prefix means that the author meant another range: refuse rather than guess.
        let host_bits = u32::from(width.checked_sub(prefix).ok_or(IpRangeProblem)?);
        if bits.trailing_zeros() < host_bits {
            return Err(IpRangeProblem);
        }
        Ok(IpRange { network, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_public_from_internal() {
        let cases: &[(&str, bool)] = &[
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("::1", false),
            ("::", false),
            ("::ffff:127.0.0.1", false),
            ("::127.0.0.1", false),
            ("::8.8.8.8", false),
            ("10.1.2.3", false),
            ("172.15.255.255", true),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("172.32.0.0", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("::ffff:169.254.169.254", false),
            ("fd00:ec2::254", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("64:ff9b::808:808", true),
            ("64:ff9b:1::808:808", false),
            ("2002:7f00:1::", false),
            ("2002:a00:1::1", false),
            ("2002:808:808::1", true),
            ("2001::1", false),
            ("2001:2::1", false),
            ("2001:db8::1", false),
            ("3fff::1", false),
            ("5f00::1", false),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("100.64.0.1", false),
            ("100.127.255.255", false),
            ("100.128.0.1", true),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("198.18.0.1", false),
            ("198.19.255.255", false),
            ("198.20.0.1", true),
            ("198.51.100.7", false),
            ("203.0.113.7", false),
            ("224.0.0.1", false),
            ("239.255.255.255", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("8.8.8.8", true),
            ("1.1.1.1", true),
            ("::ffff:8.8.8.8", true),
            ("2606:4700:4700::1111", true),
            ("2a00:1450::1", true),
        ];
        for (text, public) in cases {
            assert_eq!(ip_is_public(text.parse().expect("an address")), *public, "{text}");
        }
    }

    #[test]
    fn reaches_what_is_public_and_what_the_operator_lists() {
        let listed: [IpRange; 1] = ["10.1.0.0/16".parse().expect("a range")];
        for (address, expected) in
            [("8.8.8.8", true), ("10.1.2.3", true), ("10.2.0.1", false), ("::1", false)]
        {
            assert_eq!(may_reach(address.parse().expect("an address"), &listed), expected, "{address}");
        }
    }

    #[test]
    fn range_holds_what_it_says() {
        let cases: &[(&str, &str, bool)] = &[
            ("127.0.0.0/8", "127.9.9.9", true),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
            ("127.0.0.0/8", "128.0.0.1", false),
            ("127.0.0.0/8", "::1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "2a00::1", false),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::1/128", "::1", true),
        ];
        for (range, address, inside) in cases {
            let range: IpRange = range.parse().expect("a range");
            assert_eq!(range.contains(address.parse().expect("an address")), *inside, "{range:?} {address}");
        }
    }

    #[test]
    fn refuses_unclear_ranges() {
        for text in
            ["", "10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "localhost", "fd00::1/8"]
        {
            assert_eq!(text.parse::<IpRange>(), Err(IpRangeProblem), "{text}");
        }
    }
}
