//! AWS flow logs as text: VPC flow logs of any version and transit gateway flow logs, whose header line names the fields
//! (docs.aws.amazon.com, "Flow log records" and "Transit Gateway Flow Logs"); without a header only the default format (version 2).

use std::net::IpAddr;
use std::sync::Arc;

use super::{Format, Head, Hints, Layout, Turn};
use crate::traffic::flow::{Flow, Odd, Sink};
use crate::traffic::parse::{address, ends, number, port, protocol, time};

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

    fn mark(&self) -> &'static [u8] {
        b"srcaddr"
    }

    /// The header; files that were joined repeat it.
    fn turn(&self, line: &[u8]) -> Turn {
        Self::from_header(line).map_or(Turn::Row, |named| Turn::To(Arc::new(named)))
    }
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
    /// At a transit gateway both sides are the operator's.
    gateway: bool,
}

impl Fields {
    /// `None`: this line names no source and destination address.
    pub fn from_header(line: &[u8]) -> Option<Self> {
        let names = || line.split(|b| *b == b' ').map(<[u8]>::trim_ascii).filter(|n| !n.is_empty());
        let order: Vec<Field> = names().map(Field::named).collect();
        let has = |a, b| order.contains(&a) && order.contains(&b);
        let whole = has(Field::From, Field::To) || has(Field::RealFrom, Field::RealTo);
        (whole && order.len() <= 128).then(|| Self { gateway: names().any(|n| n == b"tgw-id"), order })
    }

    pub fn row(&self, row: u64, line: &[u8], sink: &mut dyn Sink) {
        let mut values: [&[u8]; USED] = [b"-"; USED];
        let mut start = 0;
        let mut count = 0;
        ends(line, b' ', |end| {
            if let Some(field) = self.order.get(count).filter(|f| **f != Field::Other) {
                values[*field as usize] = &line[start..end];
            }
            start = end + 1;
            count += 1;
        });
        let value = |field: Field| values[field as usize];
        if count != self.order.len() {
            return sink.odd(row, Odd::Unparsable);
        }
        match value(Field::Status) {
            b"NODATA" => return sink.odd(row, Odd::NoData),
            b"SKIPDATA" => return sink.odd(row, Odd::Skipped),
            _ => {}
        }
        // Behind a NAT or a load balancer the packet's own addresses say who talks to whom.
        let either = |packet: Field, interface: Field| -> Option<IpAddr> {
            match value(packet) {
                b"-" => address(value(interface)),
                real => address(real),
            }
        };
        let addresses = (either(Field::RealFrom, Field::From), either(Field::RealTo, Field::To));
        let (Some(from), Some(to)) = addresses else { return sink.odd(row, Odd::Unparsable) };
        let ours = match value(Field::Direction) {
            _ if self.gateway => None,
            b"egress" => Some(true),
            b"ingress" => Some(false),
            _ => None,
        };
        let flow = Flow {
            from_port: port(value(Field::FromPort)),
            to_port: port(value(Field::ToPort)),
            protocol: protocol(value(Field::Protocol)),
            packets: number(value(Field::Packets)),
            bytes: number(value(Field::Bytes)),
            first: time(value(Field::Start)),
            last: time(value(Field::End)),
            ours,
            refused: value(Field::Action) == b"REJECT",
            ..Flow::between(from, to)
        };
        sink.flow(row, flow);
    }
}
