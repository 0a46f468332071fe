//! Where a `*_pass`, a `server` of an upstream or a URL leads, from its text alone.
//!
//! ngx_http_proxy_module, "proxy_pass": `http://` or `https://`, then a host (a name of an upstream goes first), an optional port
//! (80 and 443 else) or `unix:` with a path; the rest is a URI. grpc_pass takes `grpc://` and `grpcs://` or nothing; the others a
//! bare address. In stream blocks a port is a must.

use super::clients::{Piece, pieces};
pub(super) use crate::read::proxy::peer::{Peer, is_host_name, peer, scheme_port, split_url};

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
