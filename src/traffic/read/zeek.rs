//! Zeek's conn.log, as TSV with its own header and as JSON (docs.zeek.org, "conn.log"). A row is a connection: what the originator
//! sent is one flow, what came back another.

use std::io::{self, Read};
use std::sync::Arc;

use serde_json::Value;

use super::json::{self, bytes_of, number_at, text_at};
use super::{Format, Head, Hints, Layout, Turn};
use crate::traffic::flow::{Flow, Odd, Opened, Sink};
use crate::traffic::parse::{address, number, port, protocol, time};

pub struct Tsv;

impl Format for Tsv {
    fn name(&self) -> &'static str {
        "zeek"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        let mut comments = head.lines().take_while(|l| l.starts_with(b"#"));
        comments.any(|l| l.starts_with(b"#fields") && has(l, b"id.orig_h") && has(l, b"id.resp_h") && has(l, b"conn_state"))
    }

    fn layout(&self, _: &Hints) -> Option<Arc<dyn Layout>> {
        Some(Arc::new(Header { separator: b'\t', unset: b"-".to_vec(), fields: Vec::new() }))
    }
}

fn has(line: &[u8], name: &[u8]) -> bool {
    line.split(|b| b.is_ascii_whitespace()).any(|f| f == name)
}

/// What the comment lines say of the rows below them.
#[derive(Clone)]
struct Header {
    separator: u8,
    unset: Vec<u8>,
    fields: Vec<Vec<u8>>,
}

impl Layout for Header {
    fn row(&self, row: u64, line: &[u8], sink: &mut dyn Sink) {
        if line.is_empty() {
            return;
        }
        let mut found = Connection::default();
        let mut count = 0;
        for value in line.split(|b| *b == self.separator) {
            if let Some(name) = self.fields.get(count)
                && value != self.unset
            {
                found.set(name, value);
            }
            count += 1;
        }
        if count == self.fields.len() { found.give(row, sink) } else { sink.odd(row, Odd::Unparsable) }
    }

    fn mark(&self) -> &'static [u8] {
        b"#"
    }

    fn turn(&self, line: &[u8]) -> Turn {
        if !line.starts_with(b"#") {
            return Turn::Row;
        }
        // `#separator` is set off by a space, all others by the separator itself.
        if let Some(written) = line.strip_prefix(b"#separator ") {
            let hex = written.strip_prefix(b"\\x").and_then(|h| std::str::from_utf8(h).ok());
            let separator = hex.and_then(|h| u8::from_str_radix(h, 16).ok()).or(written.first().copied()).unwrap_or(b'\t');
            return Turn::To(Arc::new(Self { separator, ..self.clone() }));
        }
        let mut words = line.split(|b| *b == self.separator);
        match words.next() {
            Some(b"#fields") => Turn::To(Arc::new(Self { fields: words.map(<[u8]>::to_vec).collect(), ..self.clone() })),
            Some(b"#unset_field") => Turn::To(Arc::new(Self { unset: words.next().unwrap_or(b"-").to_vec(), ..self.clone() })),
            _ => Turn::Comment,
        }
    }
}

/// The fields that are used, as written; empty: unset.
#[derive(Default)]
struct Connection<'l> {
    time: &'l [u8],
    duration: &'l [u8],
    from: &'l [u8],
    from_port: &'l [u8],
    to: &'l [u8],
    to_port: &'l [u8],
    protocol: &'l [u8],
    sent: [&'l [u8]; 2],
    packets: [&'l [u8]; 2],
    local: [&'l [u8]; 2],
}

impl<'l> Connection<'l> {
    fn set(&mut self, name: &[u8], value: &'l [u8]) {
        let field = match name {
            b"ts" => &mut self.time,
            b"duration" => &mut self.duration,
            b"id.orig_h" => &mut self.from,
            b"id.orig_p" => &mut self.from_port,
            b"id.resp_h" => &mut self.to,
            b"id.resp_p" => &mut self.to_port,
            b"proto" => &mut self.protocol,
            b"orig_bytes" => &mut self.sent[0],
            b"resp_bytes" => &mut self.sent[1],
            b"orig_pkts" => &mut self.packets[0],
            b"resp_pkts" => &mut self.packets[1],
            b"local_orig" => &mut self.local[0],
            b"local_resp" => &mut self.local[1],
            _ => return,
        };
        *field = value;
    }

    fn give(&self, row: u64, sink: &mut dyn Sink) {
        let (Some(from), Some(to)) = (address(self.from), address(self.to)) else { return sink.odd(row, Odd::Unparsable) };
        let first = time(self.time);
        let last = first.and_then(|t| t.checked_add(i64::try_from(number(whole(self.duration)).unwrap_or(0)).ok()?));
        let local = self.local.map(|l| match l {
            b"T" | b"true" => Some(true),
            b"F" | b"false" => Some(false),
            _ => None,
        });
        let ours = |sender: usize| match (local[sender], local[1 - sender]) {
            (Some(true), _) => Some(true),
            (_, Some(true)) => Some(false),
            _ => None,
        };
        let there = Flow {
            from_port: port(self.from_port),
            to_port: port(self.to_port),
            protocol: protocol(self.protocol),
            first,
            last,
            opened: Opened::Sender,
            ..Flow::between(from, to)
        };
        // Zeek counts payload; without packets there was none, however little is known of the bytes.
        let sent = |side: usize| match number(self.packets[side]) {
            Some(0) => Some(0),
            _ => number(self.sent[side]),
        };
        sink.flow(row, Flow { bytes: sent(0), ours: ours(0), ..there });
        sink.flow(row, Flow { bytes: sent(1), ours: ours(1), ..there.back() });
    }
}

/// `6.159326` without its fraction.
fn whole(number: &[u8]) -> &[u8] {
    &number[..memchr::memchr(b'.', number).unwrap_or(number.len())]
}

pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "zeek-json"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        head.json().is_some_and(|t| t.contains("\"id.orig_h\"") && t.contains("\"id.resp_h\"") && t.contains("\"conn_state\""))
    }

    fn read(&self, log: &mut dyn Read, _: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        json::documents(log, sink, |row, value, sink| {
            let texts: Vec<(&String, Vec<u8>)> = fields(value);
            let mut found = Connection::default();
            for (name, text) in &texts {
                found.set(name.as_bytes(), text);
            }
            if text_at(value, "id.orig_h").is_none() && number_at(value, "ts").is_none() {
                return sink.odd(row, Odd::Unparsable);
            }
            found.give(row, sink);
        })
    }
}

fn fields(value: &Value) -> Vec<(&String, Vec<u8>)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name, bytes_of(value))).collect()
}
