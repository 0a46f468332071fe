//! Addresses that no database may answer for: special-purpose blocks (IANA registries for IPv4 and IPv6, RFC 6890), public
//! addresses that clouds use inside, the public resolvers that every flow log shows and databases give a country to, and IPv6
//! forms that carry an IPv4 address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use ipnetwork::IpNetwork;

use super::Kind;

/// A block with a meaning of its own instead of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub network: IpNetwork,
    /// Completes "10.0.0.1 is ...": `private (RFC 1918)`.
    pub is: &'static str,
    /// [`Kind::Private`], [`Kind::Special`] or [`Kind::Anycast`].
    pub kind: Kind,
}

impl Block {
    /// What is sent there does not leave the machine, the wire or the cloud's own host.
    pub fn stays_local(&self) -> bool {
        ["loopback", "link-local", "multicast", "unspecified", "\"this network\"", "reserved (RFC 1112)"]
            .iter()
            .any(|w| self.is.contains(w) && !self.is.contains("anycast"))
            || self.is.contains(", local to each")
    }
}

/// What addresses are said to be.
pub fn words() -> impl Iterator<Item = &'static str> {
    BLOCKS.iter().map(|(_, _, is)| *is)
}

/// Longer prefixes before the ones that hold them.
const BLOCKS: &[(&str, Kind, &str)] = &[
    ("0.0.0.0/8", Kind::Special, "\"this network\" (RFC 791)"),
    ("1.0.0.0/24", Kind::Anycast, "anycast (Cloudflare's public resolver)"),
    ("1.1.1.0/24", Kind::Anycast, "anycast (Cloudflare's public resolver)"),
    ("8.8.4.0/24", Kind::Anycast, "anycast (Google's public resolver)"),
    ("8.8.8.0/24", Kind::Anycast, "anycast (Google's public resolver)"),
    ("9.9.9.0/24", Kind::Anycast, "anycast (Quad9's public resolver)"),
    ("10.0.0.0/8", Kind::Private, "private (RFC 1918)"),
    ("35.191.0.0/16", Kind::Special, "a Google Cloud health check or proxy, in front of whatever it reaches"),
    ("35.199.192.0/19", Kind::Special, "Google Cloud DNS forwarding, local to each network"),
    ("100.100.2.136/32", Kind::Special, "Alibaba Cloud's own DNS server, local to each network"),
    ("100.100.2.138/32", Kind::Special, "Alibaba Cloud's own DNS server, local to each network"),
    ("100.100.100.200/32", Kind::Special, "Alibaba Cloud's instance metadata service, local to each machine"),
    ("100.64.0.0/10", Kind::Private, "shared behind carrier NAT (RFC 6598)"),
    ("127.0.0.0/8", Kind::Special, "loopback (RFC 1122): the machine itself"),
    ("130.211.0.0/22", Kind::Special, "a Google Cloud health check or proxy, in front of whatever it reaches"),
    ("149.112.112.0/24", Kind::Anycast, "anycast (Quad9's public resolver)"),
    ("168.63.129.16/32", Kind::Special, "Azure's virtual host address, local to each machine"),
    ("169.254.169.254/32", Kind::Special, "a cloud's instance metadata service, local to each machine"),
    ("169.254.0.0/16", Kind::Special, "link-local (RFC 3927)"),
    ("172.16.0.0/12", Kind::Private, "private (RFC 1918)"),
    ("192.0.0.0/24", Kind::Special, "set aside for protocols (RFC 6890)"),
    ("192.0.2.0/24", Kind::Special, "for documentation only (RFC 5737)"),
    ("192.31.196.0/24", Kind::Special, "anycast of AS112 (RFC 7535)"),
    ("192.52.193.0/24", Kind::Special, "anycast of multicast tunnels (RFC 7450)"),
    ("192.88.99.0/24", Kind::Special, "a 6to4 relay, retired (RFC 7526)"),
    ("192.168.0.0/16", Kind::Private, "private (RFC 1918)"),
    ("192.175.48.0/24", Kind::Special, "anycast of AS112 (RFC 7534)"),
    ("198.18.0.0/15", Kind::Special, "for benchmarks only (RFC 2544)"),
    ("198.51.100.0/24", Kind::Special, "for documentation only (RFC 5737)"),
    ("199.36.153.4/30", Kind::Special, "restricted.googleapis.com, a way into Google's global services"),
    ("199.36.153.8/30", Kind::Special, "private.googleapis.com, a way into Google's global services"),
    ("203.0.113.0/24", Kind::Special, "for documentation only (RFC 5737)"),
    ("208.67.220.0/24", Kind::Anycast, "anycast (OpenDNS)"),
    ("208.67.222.0/24", Kind::Anycast, "anycast (OpenDNS)"),
    ("224.0.0.0/4", Kind::Special, "multicast (RFC 5771)"),
    ("240.0.0.0/4", Kind::Special, "reserved (RFC 1112)"),
    ("::/128", Kind::Special, "the unspecified address (RFC 4291)"),
    ("::1/128", Kind::Special, "loopback (RFC 4291): the machine itself"),
    ("::/96", Kind::Special, "an IPv4-compatible address, retired (RFC 4291)"),
    ("64:ff9b:1::/48", Kind::Special, "local NAT64 (RFC 8215)"),
    ("100::/64", Kind::Special, "discarded (RFC 6666)"),
    ("100:0:0:1::/64", Kind::Special, "a placeholder (RFC 9780)"),
    ("2001:db8::/32", Kind::Special, "for documentation only (RFC 3849)"),
    ("2001::/23", Kind::Special, "set aside for protocols (RFC 2928)"),
    ("2001:4860:4860::/48", Kind::Anycast, "anycast (Google's public resolver)"),
    ("2606:4700:4700::/48", Kind::Anycast, "anycast (Cloudflare's public resolver)"),
    ("2620:fe::/48", Kind::Anycast, "anycast (Quad9's public resolver)"),
    ("2620:119:35::/48", Kind::Anycast, "anycast (OpenDNS)"),
    ("2620:4f:8000::/48", Kind::Special, "anycast of AS112 (RFC 7534)"),
    ("3fff::/20", Kind::Special, "for documentation only (RFC 9637)"),
    ("5f00::/16", Kind::Special, "a segment routing id (RFC 9602)"),
    ("fd00:ec2::254/128", Kind::Special, "AWS's instance metadata service, local to each machine"),
    ("fd20:ce::254/128", Kind::Special, "Google Cloud's instance metadata service, local to each machine"),
    ("fc00::/7", Kind::Private, "private (RFC 4193)"),
    ("fe80::/10", Kind::Special, "link-local (RFC 4291)"),
    ("ff00::/8", Kind::Special, "multicast (RFC 4291)"),
];

/// The block an address lies in.
pub fn find(address: IpAddr) -> Option<Block> {
    blocks().iter().find(|b| b.network.contains(address)).copied()
}

/// Every block, longer prefixes before the ones that hold them.
pub fn all() -> impl Iterator<Item = Block> {
    blocks().iter().copied()
}

/// The blocks that a network touches without lying inside one of them, or the one that holds it.
pub fn touching(network: IpNetwork) -> impl Iterator<Item = Block> {
    blocks().iter().filter(move |b| b.network.contains(network.network()) || network.contains(b.network.network())).copied()
}

/// The IPv4 address that an IPv6 address stands for, and by which mechanism; others come back as they are.
pub fn unwrap(address: IpAddr) -> (IpAddr, Option<&'static str>) {
    let IpAddr::V6(v6) = address else { return (address, None) };
    let bits = v6.to_bits();
    let low = |bits: u128| IpAddr::V4(Ipv4Addr::from_bits((bits & 0xffff_ffff) as u32));
    let has = |prefix: Ipv6Addr, length: u8| bits >> (128 - length) == prefix.to_bits() >> (128 - length);
    if has(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96) {
        (low(bits), Some("IPv4-mapped"))
    } else if has(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96) {
        (low(bits), Some("NAT64"))
    } else if has(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16) {
        (low(bits >> 80), Some("6to4"))
    } else if has(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32) {
        // The client's address is stored inverted (RFC 4380); bits 32..64 are the server's.
        (low(!bits), Some("Teredo"))
    } else {
        (address, None)
    }
}

fn blocks() -> &'static [Block] {
    static TABLE: OnceLock<Vec<Block>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let parse = |text: &str| text.parse::<IpNetwork>().expect("the table is tested");
        BLOCKS.iter().map(|(network, kind, is)| Block { network: parse(network), is, kind: *kind }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_prefixes_come_first() {
        let blocks = blocks();
        for (i, inner) in blocks.iter().enumerate() {
            for outer in &blocks[..i] {
                let holds = outer.network.prefix() <= inner.network.prefix() && outer.network.contains(inner.network.network());
                assert!(!holds, "{} hides {}", outer.network, inner.network);
            }
        }
    }

    #[test]
    fn special_addresses() {
        let cases = [
            ("10.9.0.4", Some(Kind::Private)),
            ("172.32.0.1", None),
            ("100.64.0.1", Some(Kind::Private)),
            ("100.100.100.200", Some(Kind::Special)),
            ("168.63.129.16", Some(Kind::Special)),
            ("168.63.129.17", None),
            ("35.191.10.1", Some(Kind::Special)),
            ("199.36.153.11", Some(Kind::Special)),
            ("199.36.153.12", None),
            ("169.254.169.254", Some(Kind::Special)),
            ("203.0.113.1", Some(Kind::Special)),
            ("240.0.0.1", Some(Kind::Special)),
            ("2001:db8::1", Some(Kind::Special)),
            ("fd00::1", Some(Kind::Private)),
            ("fe80::1", Some(Kind::Special)),
            ("2606:4700::1", None),
            ("8.8.8.8", Some(Kind::Anycast)),
            ("9.9.10.9", None),
        ];
        for (address, kind) in cases {
            assert_eq!(find(address.parse().unwrap()).map(|b| b.kind), kind, "{address}");
        }
    }

    #[test]
    fn ipv4_inside_ipv6() {
        let cases = [
            ("::ffff:8.8.8.8", "8.8.8.8"),
            ("64:ff9b::5102:458e", "81.2.69.142"),
            ("2002:5102:458e::1", "81.2.69.142"),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"),
            ("2001:4860:4860::8888", "2001:4860:4860::8888"),
            ("64:ff9b:1::1", "64:ff9b:1::1"),
        ];
        for (address, inner) in cases {
            assert_eq!(unwrap(address.parse().unwrap()).0, inner.parse::<IpAddr>().unwrap(), "{address}");
        }
    }
}
