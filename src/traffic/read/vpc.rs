//! AWS flow logs as text: VPC flow logs of any version and transit gateway flow logs, whose header line names the fields
//! (docs.aws.amazon.com, "Flow log records" and "Transit Gateway Flow Logs"); without a header only the default format (version 2).

use std::net::IpAddr;
use std::sync::Arc;

use super::{Format, Head, Hints, Layout, Turn};
use crate::traffic::flow::{Flow, Odd, Sink};
use crate::traffic::parse::{BEFORE, address_in, breaks, ends, epoch, number, number_in, protocol, seconds_in, time};

pub struct Text;

/// The default format.
pub const VERSION_2: &str =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

impl Format for Text {
    fn name(&self) -> &'static str {
        "aws-flow-log"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        let Some(first) = head.lines().next() else { return false };
        Fields::from_header(first).is_some() || looks_like_version_2(first)
    }

    fn layout(&self, _: &Hints) -> Option<Arc<dyn Layout>> {
        Some(Arc::new(Fields::from_header(VERSION_2.as_bytes()).expect("it has addresses")))
    }
}

impl Layout for Fields {
    fn row(&self, row: u64, line: &[u8], sink: &mut dyn Sink) {
        if !line.is_empty() {
            Self::row(self, row, line, sink);
        }
    }

    /// Rows with as many fields as the header are read where they lie; all others (and what only looks so) one by one.
    fn rows(&self, piece: &[u8], first: u64, sink: &mut dyn Sink) {
        let breaks = breaks(piece);
        let width = self.order.len();
        let tidy = is_tidy(piece, &breaks, width);
        // The break before the row.
        let (mut row, mut at) = (first, 0);
        loop {
            if let Some(breaks) = breaks.get(at..=at + width).filter(|breaks| tidy || is_row(piece, &breaks[1..])) {
                self.read(row, Row { text: piece, breaks }, sink);
                at += width;
            } else {
                let start = breaks[at].wrapping_add(1) as usize;
                if start >= piece.len() {
                    return;
                }
                let ahead = breaks[at + 1..].iter().position(|place| piece[*place as usize] == b'\n');
                at = ahead.map_or(breaks.len(), |ahead| at + 1 + ahead);
                let end = breaks.get(at).map_or(piece.len(), |end| *end as usize);
                let line = &piece[start..end];
                Layout::row(self, row, line.strip_suffix(b"\r").unwrap_or(line), sink);
                if at == breaks.len() {
                    return;
                }
            }
            row += 1;
        }
    }

    fn mark(&self) -> &'static [u8] {
        b"srcaddr"
    }

    /// The header; files that were joined repeat it.
    fn turn(&self, line: &[u8]) -> Turn {
        Self::from_header(line).map_or(Turn::Row, |named| Turn::To(Arc::new(named)))
    }
}

/// Whether all lines are rows, seen without looking at each: every so many breaks there is a line end, and all others are spaces if
/// there are as many of these.
fn is_tidy(piece: &[u8], breaks: &[u32], width: usize) -> bool {
    let lines = (breaks.len() - 1) / width;
    breaks.len() == lines * width + 1
        && (1..=lines).all(|n| piece[breaks[n * width] as usize] == b'\n')
        && memchr::memchr_iter(b' ', piece).count() == lines * (width - 1)
}

/// Spaces between fields and a line end behind the last one.
#[inline]
fn is_row(piece: &[u8], ends: &[u32]) -> bool {
    let Some((last, between)) = ends.split_last() else { return false };
    let differs = between.iter().fold(0, |differs, end| differs | (piece[*end as usize] ^ b' '));
    differs | (piece[*last as usize] ^ b'\n') == 0
}

/// `2 123456789010 eni-... 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK`.
fn looks_like_version_2(line: &[u8]) -> bool {
    let fields: Vec<&[u8]> = line.split(|b| *b == b' ').collect();
    let is_status = |s: &&[u8]| [&b"OK"[..], b"NODATA", b"SKIPDATA"].contains(s);
    fields.len() == 14
        && fields[0] == b"2"
        && fields[2].starts_with(b"eni-")
        && number(fields[10]).is_some()
        && fields.last().is_some_and(is_status)
}

/// The fields that are used, by the place in which a row has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum Field {
    From,
    To,
    RealFrom,
    RealTo,
    FromPort,
    ToPort,
    Protocol,
    Packets,
    Bytes,
    Start,
    End,
    Action,
    Status,
    Direction,
    /// Not used.
    Other,
}

const USED: usize = Field::Other as usize;

/// The place of a field that rows do not have.
const ABSENT: usize = usize::MAX;

/// A row in a text: the break before it, and the one behind each of its fields.
#[derive(Clone, Copy)]
struct Row<'t> {
    text: &'t [u8],
    breaks: &'t [u32],
}

impl<'t> Row<'t> {
    /// From where to where a field goes.
    #[inline]
    fn span(self, place: usize) -> Option<(usize, usize)> {
        let [before, end] = *self.breaks.get(place..)?.first_chunk()?;
        Some((before.wrapping_add(1) as usize, end as usize))
    }

    /// Of what is not there nothing is known, as of a dash.
    #[inline]
    fn value(self, place: usize) -> &'t [u8] {
        self.span(place).map_or(b"", |(start, end)| &self.text[start..end])
    }

    #[inline(always)]
    fn number(self, place: usize) -> Option<u64> {
        let (start, end) = self.span(place)?;
        number_in(self.text, start, end)
    }

    #[inline(always)]
    fn seconds(self, place: usize) -> Option<u64> {
        let (start, end) = self.span(place)?;
        seconds_in(self.text, start, end)
    }

    #[inline]
    fn address(self, place: usize) -> Option<IpAddr> {
        let (start, end) = self.span(place)?;
        address_in(self.text, start, end)
    }
}

impl Field {
    fn named(name: &[u8]) -> Self {
        match name {
            b"srcaddr" => Self::From,
            b"dstaddr" => Self::To,
            b"pkt-srcaddr" => Self::RealFrom,
            b"pkt-dstaddr" => Self::RealTo,
            b"srcport" => Self::FromPort,
            b"dstport" => Self::ToPort,
            b"protocol" => Self::Protocol,
            b"packets" => Self::Packets,
            b"bytes" => Self::Bytes,
            b"start" => Self::Start,
            b"end" => Self::End,
            b"action" => Self::Action,
            b"log-status" => Self::Status,
            b"flow-direction" => Self::Direction,
            _ => Self::Other,
        }
    }
}

pub struct Fields {
    order: Vec<Field>,
    /// By field: its place among all. What a header names twice is the last one.
    places: [usize; USED],
    /// At a transit gateway both sides are the operator's.
    gateway: bool,
}

impl Fields {
    /// `None`: this line names no source and destination address.
    pub fn from_header(line: &[u8]) -> Option<Self> {
        let names = || line.split(|b| *b == b' ').map(<[u8]>::trim_ascii).filter(|n| !n.is_empty());
        let order: Vec<Field> = names().map(Field::named).collect();
        let mut places = [ABSENT; USED];
        for (place, field) in order.iter().enumerate().filter(|(_, f)| **f != Field::Other) {
            places[*field as usize] = place;
        }
        let has = |a, b| order.contains(&a) && order.contains(&b);
        let whole = has(Field::From, Field::To) || has(Field::RealFrom, Field::RealTo);
        (whole && order.len() <= 128).then(|| Self { gateway: names().any(|n| n == b"tgw-id"), order, places })
    }

    pub fn row(&self, row: u64, line: &[u8], sink: &mut dyn Sink) {
        let mut breaks = [BEFORE; 129];
        let mut count = 0;
        ends(line, b' ', |end| {
            count += 1;
            if let Some(field) = breaks.get_mut(count) {
                *field = u32::try_from(end).unwrap_or(u32::MAX);
            }
        });
        if count != self.order.len() {
            return sink.odd(row, Odd::Unparsable);
        }
        self.read(row, Row { text: line, breaks: &breaks[..=count] }, sink);
    }

    #[inline]
    fn read(&self, row: u64, text: Row<'_>, sink: &mut dyn Sink) {
        let place = |field: Field| self.places[field as usize];
        let value = |field: Field| text.value(place(field));
        let number = |field: Field| text.number(place(field));
        let time = |field: Field| text.seconds(place(field)).map(epoch).or_else(|| time(value(field)));
        match value(Field::Status) {
            b"NODATA" => return sink.odd(row, Odd::NoData),
            b"SKIPDATA" => return sink.odd(row, Odd::Skipped),
            _ => {}
        }
        // Behind a NAT or a load balancer the packet's own addresses say who talks to whom.
        let either = |packet: Field, interface: Field| -> Option<IpAddr> {
            let untold = matches!(value(packet), b"" | b"-");
            text.address(place(if untold { interface } else { packet }))
        };
        let addresses = (either(Field::RealFrom, Field::From), either(Field::RealTo, Field::To));
        let (Some(from), Some(to)) = addresses else { return sink.odd(row, Odd::Unparsable) };
        let ours = match value(Field::Direction) {
            _ if self.gateway => None,
            b"egress" => Some(true),
            b"ingress" => Some(false),
            _ => None,
        };
        let port = |field: Field| number(field).and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
        let protocol = match number(Field::Protocol) {
            Some(n) => u8::try_from(n).unwrap_or(0),
            None => protocol(value(Field::Protocol)),
        };
        let flow = Flow {
            from_port: port(Field::FromPort),
            to_port: port(Field::ToPort),
            protocol,
            packets: number(Field::Packets),
            bytes: number(Field::Bytes),
            first: time(Field::Start),
            last: time(Field::End),
            ours,
            refused: value(Field::Action) == b"REJECT",
            ..Flow::between(from, to)
        };
        sink.flow(row, flow);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::traffic::flow::End;
    use crate::traffic::pieces::each_line;

    #[derive(Debug, Default, PartialEq)]
    struct Rows(Vec<(u64, Result<Flow, Odd>)>);

    impl Sink for Rows {
        fn flow(&mut self, row: u64, flow: Flow) {
            self.0.push((row, Ok(flow)));
        }

        fn between(&mut self, row: u64, flow: Flow, _: End<'_>, _: End<'_>) {
            self.0.push((row, Ok(flow)));
        }

        fn odd(&mut self, row: u64, odd: Odd) {
            self.0.push((row, Err(odd)));
        }
    }

    #[test]
    fn whatever_a_piece_is_each_line_is_a_row_or_told() {
        let fields = Fields::from_header(b"srcaddr dstaddr bytes").unwrap();
        let cases = [
            ("", 0),
            ("x", 1),
            ("10.0.0.1", 1),
            ("\n", 0),
            (" ", 1),
            ("10.0.0.1 10.0.0.2 5", 1),
            ("1\n2 3\n4 5 6 7 8\n9\n", 4),
        ];
        for (piece, expected) in cases {
            let mut rows = Rows::default();
            fields.rows(piece.as_bytes(), 1, &mut rows);
            assert_eq!(rows.0.len(), expected, "{piece:?}");
        }
        let mut rows = Rows::default();
        fields.rows(b"10.0.0.1 10.0.0.2 5\n10.0.0.3 10.0.0.4 6\n", 1, &mut rows);
        assert!(matches!(&rows.0[..], [(1, Ok(_)), (2, Ok(Flow { bytes: Some(6), .. }))]), "{rows:?}");
    }

    proptest! {
        /// Rows that are read where they lie say what each says by itself.
        #[test]
        fn rows_in_place_are_those_of_single_lines(
            rows in proptest::collection::vec(
                ("([0-9]{1,3}\\.){3}[0-9]{1,3}|-|[0-9a-f:]{2,12}|", "([0-9]{1,3}\\.){3}[0-9]{1,3}|-", "[0-9]{0,17}|-|x", "[0-9]{10}|[0-9]{13}|-", "OK|NODATA|SKIPDATA|", "[ \t\r]?|\n"),
                0..12,
            ),
            header in prop::sample::select(vec!["srcaddr dstaddr bytes start log-status", "version dstaddr srcaddr end log-status pkt-srcaddr"]),
            last in prop::bool::ANY,
        ) {
            let fields = Fields::from_header(header.as_bytes()).unwrap();
            let mut text: String = rows.iter().map(|(a, b, n, t, s, end)| format!("{a} {b} {n} {t} {s}{end}\n")).collect();
            if last {
                text.pop();
            }
            let (mut whole, mut single) = (Rows::default(), Rows::default());
            fields.rows(text.as_bytes(), 7, &mut whole);
            each_line(text.as_bytes(), 7, |row, line| Layout::row(&fields, row, line, &mut single));
            prop_assert_eq!(whole, single);
        }
    }
}
