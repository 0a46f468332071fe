//! Where a text such as `host:port` or a URL leads.

use std::net::IpAddr;

/// A place to connect to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
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
pub fn peer(text: &str, default_port: Option<u16>) -> Result<Peer, String> {
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
pub fn is_host_name(name: &str) -> bool {
    let fits = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    name.len() <= 253 && name.split('.').all(fits) && name.contains(char::is_alphanumeric)
}

/// Scheme in lower case and what stands before the first `/` or `?` of the rest.
pub fn split_url(url: &str) -> (Option<String>, &str) {
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

pub fn scheme_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "grpc" | "ws" => Some(80),
        "https" | "grpcs" | "wss" => Some(443),
        _ => None,
    }
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
}
