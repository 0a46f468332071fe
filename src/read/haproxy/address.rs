//! Addresses of `server`, `bind`, `log` and `peer` lines (section 2.9 and the `server` keyword of section 4.2).
//!
//! A family or protocol prefix ends with `@`; the port is what stands after the last colon (an IPv6 address needs no brackets then)
//! and may be relative to the client's (`+1000`); without an address, or with `0.0.0.0` or `*`, a server is wherever the client wanted to go.

use std::net::IpAddr;

use crate::read::proxy::peer::{Peer, is_host_name, peer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Peer(Peer),
    /// No address of its own.
    Unspecified {
        port: Option<u16>,
    },
    /// A descriptor or socket that the process inherits.
    Inherited,
    /// Connections that the other side opened (`rhttp@`, `rev@`).
    Reverse,
    /// DNS SRV records name the servers.
    Service(String),
    /// A ring, a descriptor of the terminal: stays in the process or on the machine.
    Named {
        kind: String,
        name: String,
    },
}

/// The error is a clause for a message.
pub(super) fn target(text: &str, default_port: Option<u16>) -> Result<Target, String> {
    let mut rest = text;
    for transport in ["stream+", "dgram+", "quic+"] {
        rest = rest.strip_prefix(transport).unwrap_or(rest);
    }
    if let Some((family, inner)) = rest.split_once('@') {
        match family {
            "unix" | "uxst" | "uxdg" | "abns" | "abnsz" => {
                let inner = if family.starts_with("abns") { format!("@{inner}") } else { inner.to_owned() };
                return if inner.is_empty() { Err("has no path".to_owned()) } else { Ok(Target::Peer(Peer::Unix(inner))) };
            }
            "fd" | "sockpair" => return Ok(Target::Inherited),
            "rhttp" | "rev" => return Ok(Target::Reverse),
            "ring" | "backend" => return Ok(Target::Named { kind: family.to_owned(), name: inner.to_owned() }),
            "ip" | "ipv4" | "ipv6" | "tcp" | "tcp4" | "tcp6" | "udp" | "udp4" | "udp6" | "quic4" | "quic6" | "mptcp"
            | "mptcp4" | "mptcp6" => rest = inner,
            _ => return Err(format!("has the prefix `{family}@`, which is not known")),
        }
    }
    if rest.starts_with('/') {
        return Ok(Target::Peer(Peer::Unix(rest.to_owned())));
    }
    let (host, port) = split(rest);
    let port = match port {
        None | Some("") => default_port,
        Some(relative) if relative.starts_with(['+', '-']) => None,
        Some(range) if range.split_once('-').is_some_and(|(a, b)| a.parse::<u16>().is_ok() && b.parse::<u16>().is_ok()) => None,
        Some(port) => Some(port.parse().map_err(|_| format!("has `{port}` where a port number belongs"))?),
    };
    if host.is_empty() || host == "*" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified()) {
        return Ok(Target::Unspecified { port });
    }
    if host.starts_with('_') && is_host_name(host) {
        return Ok(Target::Service(host.to_ascii_lowercase()));
    }
    let bare = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    peer(&bare, port).map(Target::Peer)
}

/// Host and port; brackets are taken off.
fn split(text: &str) -> (&str, Option<&str>) {
    if let Some((inner, after)) = text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        return (inner, after.strip_prefix(':'));
    }
    match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    }
}

/// The ports of a `bind`: one, or a range of not too many.
pub(super) fn bind_ports(text: &str) -> Vec<u16> {
    let (_, port) = split(text.rsplit('@').next().unwrap_or(text));
    let Some(port) = port else { return Vec::new() };
    match port.split_once('-') {
        Some((from, to)) => match (from.parse::<u16>(), to.parse::<u16>()) {
            (Ok(from), Ok(to)) if to >= from && to - from < 64 => (from..=to).collect(),
            _ => Vec::new(),
        },
        None => port.parse().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let show = |text: &str| match target(text, None) {
            Ok(Target::Peer(peer)) => format!("{peer:?}"),
            Ok(other) => format!("{other:?}"),
            Err(why) => why,
        };
        assert_eq!(show("10.0.0.1:80"), "Address { ip: 10.0.0.1, port: Some(80) }");
        assert_eq!(show("10.0.0.1"), "Address { ip: 10.0.0.1, port: None }");
        assert_eq!(show("fd00::1:80"), "Address { ip: fd00::1, port: Some(80) }");
        assert_eq!(show("ipv6@[fd00::1]:80"), "Address { ip: fd00::1, port: Some(80) }");
        assert_eq!(show("a.example:+1000"), "Host { name: \"a.example\", port: None }");
        assert_eq!(show("unix@/run/a.sock"), "Unix(\"/run/a.sock\")");
        assert_eq!(show("/dev/log"), "Unix(\"/dev/log\")");
        assert_eq!(show("127.0.0.1:80"), "Loopback { ip: 127.0.0.1, port: Some(80) }");
        assert_eq!(show("0.0.0.0:80"), "Unspecified { port: Some(80) }");
        assert_eq!(show("*:80"), "Unspecified { port: Some(80) }");
        assert_eq!(show("_http._tcp.a.example"), "Service(\"_http._tcp.a.example\")");
        assert_eq!(show("rhttp@edge"), "Reverse");
        assert_eq!(show("ring@r"), "Named { kind: \"ring\", name: \"r\" }");
        assert_eq!(show("x@y"), "has the prefix `x@`, which is not known");
        assert_eq!(show("a:b"), "has `b` where a port number belongs");
        assert_eq!(bind_ports(":8000-8002"), [8000, 8001, 8002]);
        assert_eq!(bind_ports("10.0.0.1:80"), [80]);
    }
}
