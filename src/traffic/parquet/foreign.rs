//! Tables of others: AWS's flow logs by its names, and any whose columns the user names.

use std::net::IpAddr;

use parquet::errors::ParquetError;

use super::cells::{Address, Column, Direction, Number, Port, Protocol, Refused, Status, Time};
use super::switch::{Columns, Rows};
use crate::traffic::flow::{Flow, Known, Odd, Sink};

/// What a column is: first what [`crate::traffic::read::Columns`] knows, in that order, then AWS's further ones.
const FROM: usize = 0;
const TO: usize = 1;
const FROM_PORT: usize = 2;
const TO_PORT: usize = 3;
const PROTOCOL: usize = 4;
const PACKETS: usize = 5;
const BYTES: usize = 6;
const FIRST: usize = 7;
const LAST: usize = 8;
const PACKETS_BACK: usize = 9;
const BYTES_BACK: usize = 10;
const ACTION: usize = 11;
const REFUSED: usize = 12;
const SAMPLING: usize = 13;
const REAL_FROM: usize = 14;
const REAL_TO: usize = 15;
const STATUS: usize = 16;
const DIRECTION: usize = 17;
/// How many there are.
pub(super) const COLUMNS: usize = 18;

/// AWS's names, of which the files have underscores where the documentation has dashes.
pub(super) fn aws(name: &str) -> Option<usize> {
    Some(match name.to_ascii_lowercase().replace('_', "-").as_str() {
        "srcaddr" => FROM,
        "dstaddr" => TO,
        "srcport" => FROM_PORT,
        "dstport" => TO_PORT,
        "protocol" => PROTOCOL,
        "packets" => PACKETS,
        "bytes" => BYTES,
        "start" => FIRST,
        "end" => LAST,
        "action" => ACTION,
        "log-status" => STATUS,
        "pkt-srcaddr" => REAL_FROM,
        "pkt-dstaddr" => REAL_TO,
        "flow-direction" => DIRECTION,
        _ => return None,
    })
}

/// Whether both ends of a flow are told.
pub(super) fn has_addresses(columns: &[Option<usize>]) -> bool {
    let has = |from: usize, to: usize| columns[from].is_some() && columns[to].is_some();
    has(FROM, TO) || has(REAL_FROM, REAL_TO)
}

/// Rows of such a table, side by side.
pub(super) struct Batch {
    status: Column<Status>,
    from: Ends,
    to: Ends,
    from_port: Column<Port>,
    to_port: Column<Port>,
    protocol: Column<Protocol>,
    packets: Column<Number>,
    bytes: Column<Number>,
    first: Column<Time>,
    last: Column<Time>,
    packets_back: Column<Number>,
    bytes_back: Column<Number>,
    action: Column<Refused>,
    refused: Column<Refused>,
    sampling: Column<Number>,
    direction: Column<Direction>,
    /// The direction is told of the side that keeps the log.
    has_sides: bool,
}

/// Who is at one end.
struct Ends {
    packet: Column<Address>,
    interface: Column<Address>,
}

impl Ends {
    fn load(&mut self, rows: usize, sink: &dyn Sink) -> Result<(), ParquetError> {
        let know = |cell: &mut Address| cell.known = cell.address.map_or(Known::NOT, |address| sink.know(address));
        self.packet.load_each(rows, know)?;
        self.interface.load_each(rows, know)
    }

    /// Behind a NAT or a load balancer the packet's own addresses say who talks to whom.
    #[inline]
    fn get(&self, at: usize) -> Option<(IpAddr, Known)> {
        let packet = &self.packet.values()[at];
        let told = if packet.is_told { packet } else { &self.interface.values()[at] };
        told.address.map(|address| (address, told.known))
    }
}

impl Batch {
    pub fn new(columns: &Columns<'_>, has_sides: bool) -> Result<Self, ParquetError> {
        Ok(Self {
            status: columns.get(STATUS)?,
            from: Ends { packet: columns.get(REAL_FROM)?, interface: columns.get(FROM)? },
            to: Ends { packet: columns.get(REAL_TO)?, interface: columns.get(TO)? },
            from_port: columns.get(FROM_PORT)?,
            to_port: columns.get(TO_PORT)?,
            protocol: columns.get(PROTOCOL)?,
            packets: columns.get(PACKETS)?,
            bytes: columns.get(BYTES)?,
            first: columns.get(FIRST)?,
            last: columns.get(LAST)?,
            packets_back: columns.get(PACKETS_BACK)?,
            bytes_back: columns.get(BYTES_BACK)?,
            action: columns.get(ACTION)?,
            refused: columns.get(REFUSED)?,
            sampling: columns.get(SAMPLING)?,
            direction: columns.get(DIRECTION)?,
            has_sides,
        })
    }
}

impl Rows for Batch {
    fn load(&mut self, rows: usize, sink: &dyn Sink) -> Result<(), ParquetError> {
        self.status.load(rows)?;
        self.from.load(rows, sink)?;
        self.to.load(rows, sink)?;
        self.from_port.load(rows)?;
        self.to_port.load(rows)?;
        self.protocol.load(rows)?;
        self.packets.load(rows)?;
        self.bytes.load(rows)?;
        self.first.load(rows)?;
        self.last.load(rows)?;
        self.packets_back.load(rows)?;
        self.bytes_back.load(rows)?;
        self.action.load(rows)?;
        self.refused.load(rows)?;
        self.sampling.load(rows)?;
        self.direction.load(rows)
    }

    #[inline]
    fn give(&self, row: u64, at: usize, sink: &mut dyn Sink) {
        if let Some(odd) = self.status.values()[at].0 {
            return sink.odd(row, odd);
        }
        let (Some((from, is_from)), Some((to, is_to))) = (self.from.get(at), self.to.get(at)) else {
            return sink.odd(row, Odd::Unparsable);
        };
        let flow = Flow {
            from_port: self.from_port.values()[at].0,
            to_port: self.to_port.values()[at].0,
            protocol: self.protocol.values()[at].0,
            packets: self.packets.values()[at].0,
            bytes: self.bytes.values()[at].0,
            first: self.first.values()[at].0,
            last: self.last.values()[at].0,
            ours: self.direction.values()[at].0.filter(|_| self.has_sides),
            refused: self.action.values()[at].0 || self.refused.values()[at].0,
            ..Flow::between(from, to)
        };
        let one_in = self.sampling.values()[at].0;
        sink.known_flow(row, flow.sampled(one_in), [is_from, is_to]);
        let (packets, bytes) = (self.packets_back.values()[at].0, self.bytes_back.values()[at].0);
        if bytes.is_some_and(|b| b > 0) || packets.is_some_and(|p| p > 0) {
            sink.known_flow(row, Flow { packets, bytes, ..flow.back() }.sampled(one_in), [is_to, is_from]);
        }
    }
}
