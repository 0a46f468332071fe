//! Version 9 (RFC 3954) and IPFIX (RFC 7011): records whose layout templates tell. A record whose template has not come is a row
//! that cannot be read.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Clock, Stream, early, u16_at, u32_at};
use crate::traffic::flow::{Flow, Odd, Sink};

const HEADER_9: usize = 20;
const HEADER_IPFIX: usize = 16;
/// More templates than this are an attack.
const MOST_TEMPLATES: usize = 10_000;
/// The length that says that the value tells its own.
const VARIABLE: u16 = u16::MAX;
/// Reverse elements of a biflow (RFC 5103).
const REVERSE: u32 = 29_305;

/// What an exporter told before.
#[derive(Default)]
pub struct Templates {
    /// By exporter (version and domain) and template id.
    layouts: HashMap<(u16, u32, u16), Layout>,
    /// One packet in so many was looked at: by exporter and sampler, of which `None` is the only one.
    sampling: HashMap<(u16, u32, Option<u64>), u64>,
}

enum Layout {
    Flows(Vec<Field>),
    /// Of the exporter, not of flows.
    Options(Vec<Field>),
}

#[derive(Clone, Copy)]
struct Field {
    /// IANA's IPFIX Information Elements; version 9 has the same numbers. 0: of a maker.
    element: u16,
    reverse: bool,
    length: u16,
}

/// Whether a packet begins there that holds together as far as can be seen.
pub fn begins(head: &[u8]) -> bool {
    let (header, templates) = match head {
        [0, 9, ..] => (HEADER_9, 0..=1),
        _ => (HEADER_IPFIX, 2..=3),
    };
    let (Some(id), Some(length)) = (u16_at(head, header), u16_at(head, header + 2)) else { return false };
    let within = header == HEADER_9 || u16_at(head, 2).is_some_and(|all| usize::from(all) >= header + usize::from(length));
    (templates.contains(&id) || id >= 256) && length >= 4 && within
}

/// A packet of version 9 does not tell its length: sets follow until a version comes where a set would begin, and no set has
/// such a number.
pub fn version_9(stream: &mut Stream<'_>, templates: &mut Templates, row: &mut u64, sink: &mut dyn Sink) -> io::Result<()> {
    let mut header = [0; HEADER_9];
    stream.exactly(&mut header)?;
    let word = |at| u32_at(&header, at).unwrap_or(0);
    let packet = Packet { version: 9, domain: word(16), clock: Clock { uptime: word(4), seconds: word(8) } };
    while let Some(id) = stream.peek()? {
        if (2..256).contains(&id) {
            return Ok(());
        }
        let mut set = [0; 4];
        stream.exactly(&mut set)?;
        let length = usize::from(u16_at(&set, 2).unwrap_or(0));
        let mut body = vec![0; length.checked_sub(4).ok_or_else(damaged)?];
        stream.exactly(&mut body)?;
        packet.set(id, &body, templates, row, sink);
    }
    Ok(())
}

pub fn ipfix(stream: &mut Stream<'_>, templates: &mut Templates, row: &mut u64, sink: &mut dyn Sink) -> io::Result<()> {
    let mut header = [0; HEADER_IPFIX];
    stream.exactly(&mut header)?;
    let length = usize::from(u16_at(&header, 2).unwrap_or(0));
    let mut body = vec![0; length.checked_sub(HEADER_IPFIX).ok_or_else(damaged)?];
    let read = stream.take(&mut body)?;
    let word = |at| u32_at(&header, at).unwrap_or(0);
    let packet = Packet { version: 10, domain: word(12), clock: Clock { uptime: 0, seconds: word(4) } };
    let mut rest = &body[..read];
    while let (Some(id), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let length = usize::from(length);
        if length < 4 {
            return Err(damaged());
        }
        let Some(set) = rest.get(4..length) else { break };
        packet.set(id, set, templates, row, sink);
        rest = &rest[length..];
    }
    if read < body.len() { Err(early()) } else { Ok(()) }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a packet is shorter than its header")
}

struct Packet {
    version: u16,
    domain: u32,
    clock: Clock,
}

impl Packet {
    fn set(&self, id: u16, body: &[u8], templates: &mut Templates, row: &mut u64, sink: &mut dyn Sink) {
        match (self.version, id) {
            (9, 0) | (10, 2) => self.templates(body, templates),
            (9, 1) | (10, 3) => self.options(body, templates),
            (_, 256..) => match templates.layouts.get(&(self.version, self.domain, id)) {
                Some(Layout::Flows(fields)) => self.records(body, fields, &templates.sampling, row, sink),
                Some(Layout::Options(fields)) => {
                    let told = self.samplers(body, fields);
                    let room = MOST_TEMPLATES.saturating_sub(templates.sampling.len());
                    templates.sampling.extend(told.into_iter().take(room));
                }
                None => {
                    *row += 1;
                    sink.odd(*row, Odd::Unparsable);
                }
            },
            _ => {}
        }
    }

    fn learn(&self, id: u16, layout: Layout, templates: &mut Templates) {
        let key = (self.version, self.domain, id);
        if templates.layouts.len() < MOST_TEMPLATES || templates.layouts.contains_key(&key) {
            templates.layouts.insert(key, layout);
        }
    }

    fn templates(&self, body: &[u8], templates: &mut Templates) {
        let mut at = 0;
        while let (Some(id @ 256..), Some(count)) = (u16_at(body, at), u16_at(body, at + 2)) {
            at += 4;
            let Some(fields) = self.fields(body, &mut at, count) else { return };
            self.learn(id, Layout::Flows(fields), templates);
        }
    }

    fn options(&self, body: &[u8], templates: &mut Templates) {
        let mut at = 0;
        while let (Some(id @ 256..), Some(count), Some(options)) =
            (u16_at(body, at), u16_at(body, at + 2), u16_at(body, at + 4))
        {
            at += 6;
            // In version 9 both numbers are lengths in bytes, and what comes first are scopes with numbers of their own.
            let (scopes, others) = if self.version == 9 { (count / 4, options / 4) } else { (0, count) };
            let Some(mut fields) = self.fields(body, &mut at, scopes) else { return };
            fields.iter_mut().for_each(|f| f.element = 0);
            let Some(more) = self.fields(body, &mut at, others) else { return };
            fields.extend(more);
            self.learn(id, Layout::Options(fields), templates);
        }
    }

    fn fields(&self, body: &[u8], at: &mut usize, count: u16) -> Option<Vec<Field>> {
        let mut fields = Vec::new();
        for _ in 0..count {
            let (element, length) = (u16_at(body, *at)?, u16_at(body, *at + 2)?);
            *at += 4;
            let maker = if self.version == 10 && element & 0x8000 != 0 {
                *at += 4;
                Some(u32_at(body, *at - 4)?)
            } else {
                None
            };
            let reverse = maker == Some(REVERSE);
            let element = if maker.is_none() || reverse { element & 0x7fff } else { 0 };
            fields.push(Field { element, reverse, length });
        }
        Some(fields)
    }

    /// What options say of samplers: elements 34, 50, 305 and 306; the sampler is 48 or 302.
    fn samplers(&self, mut body: &[u8], fields: &[Field]) -> Vec<((u16, u32, Option<u64>), u64)> {
        let least = least(fields);
        let mut told = Vec::new();
        while least > 0 && body.len() >= least {
            let (mut sampler, mut interval, mut looked, mut left) = (None, None, None, None);
            for field in fields {
                let Some((value, rest)) = value(body, field.length) else { return told };
                body = rest;
                match field.element {
                    34 | 50 => interval = number(value),
                    48 | 302 => sampler = number(value),
                    305 => looked = number(value),
                    306 => left = number(value),
                    _ => {}
                }
            }
            // So many packets are looked at, then so many are not.
            let by_packets = looked.zip(left).and_then(|(l, o)| l.checked_add(o)?.checked_div(l));
            if let Some(interval) = interval.or(by_packets) {
                told.push(((self.version, self.domain, sampler), interval));
            }
        }
        told
    }

    fn records(
        &self,
        mut body: &[u8],
        fields: &[Field],
        sampling: &HashMap<(u16, u32, Option<u64>), u64>,
        row: &mut u64,
        sink: &mut dyn Sink,
    ) {
        let least = least(fields);
        // What is shorter than a record is padding.
        while least > 0 && body.len() >= least {
            *row += 1;
            let mut record = Record::default();
            for field in fields {
                let Some((value, rest)) = value(body, field.length) else { return sink.odd(*row, Odd::Unparsable) };
                record.set(*field, value, self.clock);
                body = rest;
            }
            let sampler = record.sampler.filter(|id| *id != 0);
            let told = record.interval.or_else(|| sampling.get(&(self.version, self.domain, sampler)).copied());
            record.give(*row, told.or_else(|| sampler.is_none().then_some(1)), sink);
        }
    }
}

/// Bytes of a record at least.
fn least(fields: &[Field]) -> usize {
    fields.iter().map(|f| if f.length == VARIABLE { 1 } else { usize::from(f.length) }).sum()
}

fn value(body: &[u8], length: u16) -> Option<(&[u8], &[u8])> {
    if length != VARIABLE {
        return body.split_at_checked(usize::from(length));
    }
    let (first, rest) = body.split_first()?;
    match first {
        255 => rest.get(2..)?.split_at_checked(usize::from(u16_at(rest, 0)?)),
        length => rest.split_at_checked(usize::from(*length)),
    }
}

/// A number of up to eight bytes.
fn number(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8 && !bytes.is_empty()).then(|| bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
}

/// One record as it is read.
#[derive(Default)]
struct Record {
    from: Option<IpAddr>,
    to: Option<IpAddr>,
    ports: [u16; 2],
    protocol: u8,
    packets: Option<u64>,
    bytes: Option<u64>,
    bytes_back: Option<u64>,
    first: Option<i64>,
    last: Option<i64>,
    sampler: Option<u64>,
    interval: Option<u64>,
}

impl Record {
    fn set(&mut self, field: Field, value: &[u8], clock: Clock) {
        let address = || match value.len() {
            4 => u32_at(value, 0).map(|a| IpAddr::V4(Ipv4Addr::from_bits(a))),
            16 => value.try_into().ok().map(|a| IpAddr::V6(Ipv6Addr::from_bits(u128::from_be_bytes(a)))),
            _ => None,
        };
        let port = || number(value).and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
        let seconds = |per: u64| number(value).and_then(|n| i64::try_from(n / per).ok());
        // The high word of NTP time counts seconds since 1900 (RFC 5905).
        let ntp = || number(value).and_then(|n| i64::try_from(n >> 32).ok()?.checked_sub(2_208_988_800));
        let uptime = || number(value).and_then(|n| clock.time(u32::try_from(n).ok()?));
        match (field.element, field.reverse) {
            (1 | 85 | 231, false) => self.bytes = number(value).or(self.bytes),
            (23 | 232, false) | (1 | 85, true) => self.bytes_back = number(value),
            (2 | 86 | 298, false) => self.packets = number(value),
            (4, false) => self.protocol = number(value).and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
            (7, false) => self.ports[0] = port(),
            (11, false) => self.ports[1] = port(),
            (8 | 27, false) => self.from = address().or(self.from),
            (12 | 28, false) => self.to = address().or(self.to),
            (22, false) => self.first = uptime(),
            (21, false) => self.last = uptime(),
            (34 | 50, false) => self.interval = number(value).filter(|n| *n > 0),
            (48 | 302, false) => self.sampler = number(value),
            (150, false) => self.first = seconds(1),
            (151, false) => self.last = seconds(1),
            (152, false) => self.first = seconds(1000),
            (153, false) => self.last = seconds(1000),
            (154 | 156, false) => self.first = ntp(),
            (155 | 157, false) => self.last = ntp(),
            _ => {}
        }
    }

    /// `sampling`: one packet in so many was looked at; `None`: nobody said in how many.
    fn give(&self, row: u64, sampling: Option<u64>, sink: &mut dyn Sink) {
        let scaled = |n: Option<u64>| Some(n?.saturating_mul(sampling?.max(1)));
        let (Some(from), Some(to)) = (self.from, self.to) else { return sink.odd(row, Odd::Unparsable) };
        let flow = Flow {
            from_port: self.ports[0],
            to_port: self.ports[1],
            protocol: self.protocol,
            packets: scaled(self.packets),
            bytes: scaled(self.bytes),
            estimated: sampling.is_some_and(|s| s > 1),
            first: self.first,
            last: self.last,
            ..Flow::between(from, to)
        };
        sink.flow(row, flow);
        if self.bytes_back.is_some_and(|b| b > 0) {
            sink.flow(row, Flow { bytes: scaled(self.bytes_back), ..flow.back() });
        }
    }
}
