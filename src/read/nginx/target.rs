//! Where a `*_pass`, a `server` of an upstream or a URL leads, from its text alone.
//!
//! ngx_http_proxy_module, "proxy_pass": `http://` or `https://`, then a host (a name of an upstream goes first), an optional port
//! (80 and 443 else) or `unix:` with a path; the rest is a URI. grpc_pass takes `grpc://` and `grpcs://` or nothing; the others a
//! bare address. In stream blocks a port is a must.

use std::net::IpAddr;

use super::clients::{Piece, pieces};

/// A place to connect to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Peer {
    /// Lower case, without the final dot.
    Host {
        name: String,
        port: Option<u16>,
    },
    Address {
        ip: IpAddr,
        port: Option<u16>,
    },
    /// This machine, by an address of the loopback network or as `localhost`.
    Loopback {
        ip: IpAddr,
        port: Option<u16>,
    },
    Unix(String),
}

/// `host`, `host:port`, `1.2.3.4:5`, `[::1]:5`, `unix:/path`. The error is a clause for a message.
pub(super) fn peer(text: &str, default_port: Option<u16>) -> Result<Peer, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = path.split(':').next().unwrap_or(path);
        return if path.is_empty() { Err("has no path after `unix:`".to_owned()) } else { Ok(Peer::Unix(path.to_owned())) };
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']').ok_or("has `[` without `]`")?;
            (inner, after.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => Some(port.parse().map_err(|_| format!("has `{port}` where a port number belongs"))?),
        None => default_port,
    };
    if let Ok(ip) = host.parse::<IpAddr>() {
        let ip = ip.to_canonical();
        let local = ip.is_loopback() || ip.is_unspecified();
        return Ok(if local { Peer::Loopback { ip, port } } else { Peer::Address { ip, port } });
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        return Ok(Peer::Loopback { ip: IpAddr::from([127, 0, 0, 1]), port });
    }
    if is_host_name(&name) { Ok(Peer::Host { name, port }) } else { Err("is no host name or address".to_owned()) }
}

/// Letters (of any script), digits, `-`, `_` and dots.
pub(super) fn is_host_name(name: &str) -> bool {
    let fits = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    name.len() <= 253 && name.split('.').all(fits) && name.contains(char::is_alphanumeric)
}

/// Scheme in lower case and what stands before the first `/` or `?` of the rest.
pub(super) fn split_url(url: &str) -> (Option<String>, &str) {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '$', '?']) => (Some(scheme.to_ascii_lowercase()), rest),
        _ => (None, url),
    };
    if rest.starts_with("unix:") {
        // The path of the socket ends at the next colon; a URI may follow.
        return (scheme, rest);
    }
    (scheme, &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())])
}

pub(super) fn scheme_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "grpc" | "ws" => Some(80),
        "https" | "grpcs" | "wss" => Some(443),
        _ => None,
    }
}

/// The part of a URL text with variables that decides where it leads: up to the first `/`, `?` or variable that holds a path.
pub(super) fn deciding_part(text: &str) -> &str {
    let start = text.find("://").map_or(0, |i| i + 3);
    if text[start..].starts_with("unix:") {
        return text;
    }
    let mut at = 0;
    for piece in pieces(text) {
        let (from, length) = match piece {
            Piece::Text(t) => (at, t.len()),
            Piece::Variable(name) => {
                // `$name` or `${name}`.
                let braces = if text[at..].starts_with("${") { 2 } else { 0 };
                (at, name.len() + 1 + braces)
            }
        };
        at += length;
        match piece {
            Piece::Text(t) => {
                let skip = start.saturating_sub(from).min(t.len());
                if let Some(i) = t[skip..].find(['/', '?']) {
                    return &text[..from + skip + i];
                }
            }
            Piece::Variable(name)
                if from >= start && matches!(name, "request_uri" | "uri" | "document_uri" | "is_args" | "args") =>
            {
                return &text[..from];
            }
            Piece::Variable(_) => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers() {
        let show = |t: &str| match peer(t, Some(80)) {
            Ok(Peer::Host { name, port }) => format!("host {name} {port:?}"),
            Ok(Peer::Address { ip, port }) => format!("address {ip} {port:?}"),
            Ok(Peer::Loopback { ip, port }) => format!("loopback {ip} {port:?}"),
            Ok(Peer::Unix(path)) => format!("unix {path}"),
            Err(e) => e,
        };
        assert_eq!(show("A.example."), "host a.example Some(80)");
        assert_eq!(show("10.0.0.1:81"), "address 10.0.0.1 Some(81)");
        assert_eq!(show("[2001:db8::1]:81"), "address 2001:db8::1 Some(81)");
        assert_eq!(show("[::ffff:127.0.0.1]"), "loopback 127.0.0.1 Some(80)");
        assert_eq!(show("localhost:3000"), "loopback 127.0.0.1 Some(3000)");
        assert_eq!(show("unix:/run/a.sock:/b"), "unix /run/a.sock");
        assert_eq!(show("a:b"), "has `b` where a port number belongs");
        assert_eq!(show(""), "is no host name or address");
    }

    #[test]
    fn only_the_deciding_part_counts() {
        for (text, expected) in [
            ("http://b$request_uri", "http://b"),
            ("http://${b}/x$y", "http://${b}"),
            ("$b", "$b"),
            ("$b$request_uri", "$b"),
            ("$scheme://b?c", "$scheme://b"),
            ("$uri", ""),
            ("http://$b:$p/x", "http://$b:$p"),
        ] {
            assert_eq!(deciding_part(text), expected, "{text}");
        }
    }
}
