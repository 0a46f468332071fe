//! What one line of an access log tells: a request from a client to the machine that keeps the log, and what that machine asked of
//! others for it.

use std::net::IpAddr;

use crate::traffic::flow::{End, Flow, Odd, Opened, Sink};
use crate::traffic::parse::{address, number, port};

/// What a field of an access log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An address, or one with its port.
    Client,
    /// The same, without what headers claim.
    Direct,
    ClientPort,
    /// The address that the client connected to, and from which others are asked.
    Here,
    /// Only the former: behind a redirection it is not the machine's own.
    HereToClient,
    /// Only the latter.
    HereToUpstream,
    HerePort,
    Time,
    /// Of a time in two fields: the day, and the time of day.
    Day,
    Clock,
    /// Bytes to the client, with headers.
    Sent,
    /// The same without headers: nothing may be headers only.
    SentBody,
    Received,
    ReceivedBody,
    /// Whoever was asked, one after the other.
    Upstream,
    UpstreamPort,
    UpstreamSent,
    UpstreamReceived,
    UpstreamReceivedBody,
    /// Names that the configuration has for the machine that is asked, for a group of such, and for one of the group.
    Front,
    Backend,
    Server,
    Other,
}

/// One line, as written; empty: unset.
#[derive(Debug, Default)]
pub struct Exchange<'l> {
    client: &'l [u8],
    direct: &'l [u8],
    client_port: &'l [u8],
    here: &'l [u8],
    here_to_client: &'l [u8],
    here_to_upstream: &'l [u8],
    here_port: &'l [u8],
    time: &'l [u8],
    day: &'l [u8],
    clock: &'l [u8],
    sent: &'l [u8],
    sent_body: &'l [u8],
    received: &'l [u8],
    received_body: &'l [u8],
    upstream: &'l [u8],
    upstream_port: &'l [u8],
    upstream_sent: &'l [u8],
    upstream_received: &'l [u8],
    upstream_received_body: &'l [u8],
    front: &'l [u8],
    backend: &'l [u8],
    server: &'l [u8],
}

impl<'l> Exchange<'l> {
    pub fn set(&mut self, what: What, value: &'l [u8]) {
        let value = value.trim_ascii();
        if value.is_empty() || value == b"-" {
            return;
        }
        let field = match what {
            What::Client => &mut self.client,
            What::Direct => &mut self.direct,
            What::ClientPort => &mut self.client_port,
            What::Here => &mut self.here,
            What::HereToClient => &mut self.here_to_client,
            What::HereToUpstream => &mut self.here_to_upstream,
            What::HerePort => &mut self.here_port,
            What::Time => &mut self.time,
            What::Day => &mut self.day,
            What::Clock => &mut self.clock,
            What::Sent => &mut self.sent,
            What::SentBody => &mut self.sent_body,
            What::Received => &mut self.received,
            What::ReceivedBody => &mut self.received_body,
            What::Upstream => &mut self.upstream,
            What::UpstreamPort => &mut self.upstream_port,
            What::UpstreamSent => &mut self.upstream_sent,
            What::UpstreamReceived => &mut self.upstream_received,
            What::UpstreamReceivedBody => &mut self.upstream_received_body,
            What::Front => &mut self.front,
            What::Backend => &mut self.backend,
            What::Server => &mut self.server,
            What::Other => return,
        };
        *field = value;
    }

    pub fn time(&self) -> Option<i64> {
        if self.time.is_empty() && !self.day.is_empty() {
            return super::time(&[self.day, b"T", self.clock].concat());
        }
        super::time(self.time)
    }

    /// Whether the line holds together: its time is one, and its client is one word.
    pub fn is_plausible(&self) -> bool {
        self.time().is_some() && !self.client.iter().any(u8::is_ascii_whitespace)
    }

    fn client(&self) -> Side<'l> {
        let written = if self.direct.is_empty() { self.client } else { self.direct };
        side(written, self.client_port)
    }

    /// The flows of the line, or that it is none.
    pub fn give(&self, row: u64, sink: &mut dyn Sink) {
        let Some(time) = self.time() else { return sink.odd(row, Odd::Unparsable) };
        let front = std::str::from_utf8(self.front).unwrap_or_default().trim_end_matches('~');
        let own = |written: &[u8]| match side(if written.is_empty() { self.here } else { written }, self.here_port) {
            Side::At(ip, port) => (End::Address, ip, port),
            _ if !front.is_empty() => (End::Here(front), NOWHERE, 0),
            _ => (End::Here(""), NOWHERE, 0),
        };
        let body = |whole: &[u8], body: &[u8]| plus(whole).or_else(|| plus(body).filter(|n| *n > 0));
        let flow = |from: (IpAddr, u16), to: (IpAddr, u16)| Flow {
            from_port: from.1,
            to_port: to.1,
            first: Some(time),
            last: Some(time),
            opened: Opened::Sender,
            ..Flow::between(from.0, to.0)
        };

        let (here, here_ip, here_port) = own(self.here_to_client);
        let (client, client_ip, client_port) = match self.client() {
            Side::At(ip, port) => (End::Address, ip, port),
            Side::Named(name) => (End::Named(name, ""), NOWHERE, 0),
            // What comes over a socket of the machine comes from the machine.
            Side::Local => (here, here_ip, 0),
            Side::Untold => (End::Untold, NOWHERE, 0),
        };
        let there = Flow { ours: Some(false), ..flow((client_ip, client_port), (here_ip, here_port)) };
        sink.between(row, Flow { bytes: body(self.received, self.received_body), ..there }, client, here);
        let back = Flow { bytes: body(self.sent, self.sent_body), ours: Some(true), ..there.back() };
        sink.between(row, back, here, client);

        let (here, here_ip, _) = own(self.here_to_upstream);
        let mut ask = |to: End<'_>, ip: IpAddr, port: u16, sent: Option<u64>, received: Option<u64>| {
            let there = Flow { bytes: sent, ours: Some(true), ..flow((here_ip, 0), (ip, port)) };
            sink.between(row, there, here, to);
            sink.between(row, Flow { bytes: received, ours: Some(false), ..there.back() }, to, here);
        };
        // Several were tried: `a:80, b:80`, after an internal redirection also `c:80 : d:80`.
        let tries = |list: &'l [u8]| pieces(list);
        let (sent, received) = (tries(self.upstream_sent), tries(self.upstream_received));
        let received_body = tries(self.upstream_received_body);
        let at = |list: &[&[u8]], i: usize| list.get(i).and_then(|n| plus(n));
        let upstreams = tries(self.upstream);
        for (i, written) in upstreams.iter().enumerate() {
            let received = at(&received, i).or_else(|| at(&received_body, i).filter(|n| *n > 0));
            match side(written, self.upstream_port) {
                Side::At(ip, port) => ask(End::Address, ip, port, at(&sent, i), received),
                // Without a port it is the name of a group of which nobody was asked.
                Side::Named(name) if name.contains(':') => {
                    let host = name.rsplit_once(':').map_or(name, |(host, _)| host);
                    ask(End::Named(name, host), NOWHERE, 0, at(&sent, i), received);
                }
                Side::Named(_) | Side::Local | Side::Untold => {}
            }
        }
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
        let (backend, server) = (text(self.backend), text(self.server));
        // `<NOSRV>`, `<STATS>`: nobody was asked.
        if upstreams.is_empty() && !server.is_empty() && !server.starts_with('<') {
            let one = format!("{backend}/{server}");
            ask(End::Named(&one, backend), NOWHERE, 0, None, None);
        }
    }
}

/// Stands where a flow has a name for an address.
const NOWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

/// Who a field means.
enum Side<'l> {
    At(IpAddr, u16),
    Named(&'l str),
    /// A socket of the machine itself.
    Local,
    Untold,
}

/// `1.2.3.4`, `1.2.3.4:80`, `[2001:db8::1]:80`, `2001:db8::1`, a name, or nothing; the port may stand apart.
fn side<'l>(written: &'l [u8], apart: &[u8]) -> Side<'l> {
    let written = written.strip_prefix(b"tcp://").unwrap_or(written);
    if written.is_empty() {
        return Side::Untold;
    }
    if let Some(ip) = address(written) {
        return Side::At(ip, port(apart));
    }
    let text = std::str::from_utf8(written).unwrap_or_default();
    if let Some((ip, after)) = text.rsplit_once(':')
        && let Some(ip) = address(ip.trim_start_matches('[').trim_end_matches(']').as_bytes())
    {
        return Side::At(ip, port(after.as_bytes()));
    }
    if let Some(ip) = address(text.trim_start_matches('[').trim_end_matches(']').as_bytes()) {
        return Side::At(ip, port(apart));
    }
    if text.starts_with("unix") || text.starts_with('/') || text.starts_with('@') {
        return Side::Local;
    }
    if text.is_empty() { Side::Untold } else { Side::Named(text) }
}

/// The tries of a list; a dash stands for one that has no such value.
fn pieces(list: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let comma = memchr::memmem::find(rest, b",").map(|at| (at, 1));
        let colon = memchr::memmem::find(rest, b" : ").map(|at| (at, 3));
        let (end, skip) = [comma, colon].into_iter().flatten().min().unwrap_or((rest.len(), 0));
        found.push(rest[..end].trim_ascii());
        rest = &rest[end + skip..];
    }
    found
}

/// A number; HAProxy sets a plus before one that grew after the line was written.
fn plus(bytes: &[u8]) -> Option<u64> {
    number(bytes.strip_prefix(b"+").unwrap_or(bytes))
}
