//! How a server was told to write its access log: nginx's `$variables`, Envoy's `%OPERATORS%`, HAProxy's `%letters`. Between two
//! values stands a text that the first of them does not have in it; servers escape quotes in what clients send.

use super::exchange::{Exchange, What};

/// A format as literals and fields in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    /// Its last value is one word: what a client wrote before it, with quotes that nobody escapes, cannot stand for more values.
    ends_in_word: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Vec<u8>),
    Field(What),
}

/// Who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    Nginx,
    Envoy,
    Haproxy,
}

impl Notation {
    /// Of a format that somebody gives.
    fn of(text: &str) -> Self {
        let operator = |t: &str| t.starts_with(|c: char| c.is_ascii_uppercase()) && t.len() > 2;
        if text.contains('$') {
            Self::Nginx
        } else if text
            .split('%')
            .skip(1)
            .step_by(2)
            .any(|t| operator(t) && t.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase()))
        {
            Self::Envoy
        } else {
            Self::Haproxy
        }
    }
}

impl Template {
    /// A format as the user or a configuration has it.
    ///
    /// # Errors
    /// Lines of it tell nothing that is asked here, or cannot be taken apart.
    pub fn parse(text: &str) -> Result<Self, String> {
        let template = Self::of(Notation::of(text), text)?;
        let has = |wanted: &[What]| template.parts.iter().any(|p| matches!(p, Part::Field(w) if wanted.contains(w)));
        if !has(&[What::Time]) {
            return Err("its lines tell no time".to_owned());
        }
        if !has(&[What::Client, What::Direct, What::Upstream, What::Server]) {
            return Err("its lines tell neither a client nor an upstream".to_owned());
        }
        Ok(template)
    }

    pub fn of(notation: Notation, text: &str) -> Result<Self, String> {
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (field, length) = match notation {
                Notation::Nginx => nginx(rest),
                Notation::Envoy => envoy(rest),
                Notation::Haproxy => haproxy(rest),
            };
            let Some(what) = field else {
                let literal = &rest.as_bytes()[..length];
                match parts.last_mut() {
                    Some(Part::Literal(known)) => known.extend_from_slice(literal),
                    _ => parts.push(Part::Literal(literal.to_vec())),
                }
                rest = &rest[length..];
                continue;
            };
            match parts.last() {
                Some(Part::Field(What::Other)) if what == What::Other => {}
                Some(Part::Field(_)) => {
                    let at = &rest[..length];
                    return Err(format!(
                        "nothing stands between `{at}` and the value before it, so that they cannot be told apart"
                    ));
                }
                _ => parts.push(Part::Field(what)),
            }
            rest = &rest[length..];
        }
        // Spaces at the ends say nothing, and systems cut them.
        if let Some(Part::Literal(last)) = parts.last_mut() {
            last.truncate(last.trim_ascii_end().len());
        }
        parts.retain(|p| !matches!(p, Part::Literal(l) if l.is_empty()));
        let ends_in_word = notation == Notation::Envoy && matches!(parts.last(), Some(Part::Field(_)));
        Ok(Self { parts, ends_in_word })
    }

    /// The values of a line that is in this format.
    pub fn read<'l>(&self, line: &'l [u8]) -> Option<Exchange<'l>> {
        let mut found = Exchange::default();
        let mut rest = line.trim_ascii_end();
        let mut parts = self.parts.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Literal(text) => rest = rest.strip_prefix(text.as_slice())?,
                Part::Field(what) => {
                    let end = match parts.peek() {
                        Some(Part::Literal(text)) if text == b":" => {
                            // Addresses have colons in them: the last one is before the port.
                            let beyond = parts.clone().nth(2);
                            let until = match beyond {
                                Some(Part::Literal(text)) => memchr::memmem::find(rest, text)?,
                                _ => rest.len(),
                            };
                            memchr::memrchr(b':', &rest[..until])?
                        }
                        Some(Part::Literal(text)) => memchr::memmem::find(rest, text)?,
                        _ => rest.len(),
                    };
                    if self.ends_in_word && parts.peek().is_none() && rest.contains(&b' ') {
                        return None;
                    }
                    found.set(*what, &rest[..end]);
                    rest = &rest[end..];
                }
            }
        }
        rest.is_empty().then_some(found)
    }
}

/// The field that a text begins with and its length, or the length of what is none.
type Next = (Option<What>, usize);

fn literal(text: &str, sign: char) -> Next {
    let first = text.chars().next().map_or(0, char::len_utf8);
    (None, text[first..].find(sign).map_or(text.len(), |at| at + first))
}

/// `$name`, `${name}`.
fn nginx(text: &str) -> Next {
    let Some(after) = text.strip_prefix('$') else { return literal(text, '$') };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some((name, _)) = after.strip_prefix('{').and_then(|t| t.split_once('}')) {
        return (Some(variable(name)), name.len() + 3);
    }
    let length = after.find(|c| !is_name(c)).unwrap_or(after.len());
    if length == 0 { literal(text, '$') } else { (Some(variable(&after[..length])), length + 1) }
}

/// `%NAME%`, `%NAME(argument):length%`; `%%` is a percent sign.
fn envoy(text: &str) -> Next {
    let Some(after) = text.strip_prefix('%') else { return literal(text, '%') };
    let name = after.len() - after.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_').len();
    let rest = &after[name..];
    let argument = if rest.starts_with('(') { rest.find(')').map_or(0, |end| end + 1) } else { 0 };
    match rest[argument..].find('%') {
        Some(end) if name > 0 => (Some(operator(&after[..name])), 1 + name + argument + end + 1),
        _ => literal(text, '%'),
    }
}

/// `%ci`, `%{+Q}r`, `%[sample]`.
fn haproxy(text: &str) -> Next {
    let Some(after) = text.strip_prefix('%') else { return literal(text, '%') };
    let flags = if after.starts_with('{') { after.find('}').map_or(0, |end| end + 1) } else { 0 };
    let rest = &after[flags..];
    if rest.starts_with('[') {
        return rest.find(']').map_or_else(|| literal(text, '%'), |end| (Some(What::Other), 1 + flags + end + 1));
    }
    let length = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    if length == 0 { literal(text, '%') } else { (Some(letters(&rest[..length])), 1 + flags + length) }
}

/// Variables of nginx (nginx.org: ngx_http_core, _log, _upstream, _realip and ngx_stream_core, _proxy modules).
pub fn variable(name: &str) -> What {
    match name {
        "remote_addr" => What::Client,
        "realip_remote_addr" => What::Direct,
        "remote_port" => What::ClientPort,
        "server_addr" => What::Here,
        "server_port" => What::HerePort,
        "time_local" | "time_iso8601" | "msec" => What::Time,
        "bytes_sent" => What::Sent,
        "body_bytes_sent" => What::SentBody,
        "request_length" | "bytes_received" => What::Received,
        "upstream_addr" => What::Upstream,
        "upstream_bytes_sent" => What::UpstreamSent,
        "upstream_bytes_received" => What::UpstreamReceived,
        "upstream_response_length" => What::UpstreamReceivedBody,
        _ => What::Other,
    }
}

/// Operators of Envoy (envoyproxy.io, "Access logging"). What it calls bytes is the body of HTTP.
pub fn operator(name: &str) -> What {
    match name.to_ascii_uppercase().as_str() {
        "START_TIME" => What::Time,
        "BYTES_RECEIVED" => What::ReceivedBody,
        "BYTES_SENT" => What::SentBody,
        "DOWNSTREAM_WIRE_BYTES_RECEIVED" => What::Received,
        "DOWNSTREAM_WIRE_BYTES_SENT" => What::Sent,
        "DOWNSTREAM_REMOTE_ADDRESS" | "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" => What::Client,
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" => What::Direct,
        "DOWNSTREAM_REMOTE_PORT" => What::ClientPort,
        "DOWNSTREAM_LOCAL_ADDRESS" => What::HereToClient,
        "UPSTREAM_LOCAL_ADDRESS" => What::HereToUpstream,
        "UPSTREAM_HOST" | "UPSTREAM_REMOTE_ADDRESS" => What::Upstream,
        "UPSTREAM_WIRE_BYTES_SENT" => What::UpstreamSent,
        "UPSTREAM_WIRE_BYTES_RECEIVED" => What::UpstreamReceived,
        _ => What::Other,
    }
}

/// Variables of HAProxy (Configuration Manual, 8.2.4 "Custom log format").
fn letters(name: &str) -> What {
    match name {
        "ci" => What::Client,
        "cp" => What::ClientPort,
        "fi" => What::Here,
        "fp" => What::HerePort,
        "bi" => What::HereToUpstream,
        "si" => What::Upstream,
        "sp" => What::UpstreamPort,
        "t" | "tr" | "T" | "trg" | "Tl" | "trl" | "Ts" => What::Time,
        "B" => What::Sent,
        "U" => What::Received,
        "f" | "ft" => What::Front,
        "b" => What::Backend,
        "s" => What::Server,
        _ => What::Other,
    }
}
