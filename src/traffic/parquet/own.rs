//! The compact form, as `onshore traffic convert` writes it: one row a flow, as a reader gave it. Addresses are numbers, rows keep the
//! numbers that they had in the log, so that counting the converted log gives the same tally.

use std::net::IpAddr;

use parquet::errors::ParquetError;

use super::cells::{Address, Column, Number, Port, Protocol, Seconds, Text};
use super::switch::{Columns, Rows};
use crate::traffic::flow::{End, Flow, Odd, Opened, Sink};

/// `*_v4` as unsigned numbers, `*_v6` as bytes, `*_is` where the log tells an end by something else; times in seconds since 1970.
/// `odd`: 1 a row that says that there was nothing, 2 one in whose place the log left something out, 3 one that could not be read.
pub(super) const SCHEMA: &str = "message onshore_flows {
    REQUIRED INT64 row;
    OPTIONAL INT32 odd (INTEGER(32, true));
    OPTIONAL INT32 from_v4 (INTEGER(32, false));
    OPTIONAL FIXED_LEN_BYTE_ARRAY(16) from_v6;
    OPTIONAL BYTE_ARRAY from_is (STRING);
    OPTIONAL INT32 to_v4 (INTEGER(32, false));
    OPTIONAL FIXED_LEN_BYTE_ARRAY(16) to_v6;
    OPTIONAL BYTE_ARRAY to_is (STRING);
    REQUIRED INT32 from_port (INTEGER(32, true));
    REQUIRED INT32 to_port (INTEGER(32, true));
    REQUIRED INT32 protocol (INTEGER(32, true));
    OPTIONAL INT64 packets;
    OPTIONAL INT64 bytes;
    OPTIONAL INT64 first;
    OPTIONAL INT64 last;
    REQUIRED INT32 opened (INTEGER(32, true));
    OPTIONAL INT32 ours (INTEGER(32, true));
    REQUIRED INT32 refused (INTEGER(32, true));
    REQUIRED INT32 estimated (INTEGER(32, true));
}";

/// The columns in the order of [`SCHEMA`].
pub(super) const COLUMNS: [&str; 19] = [
    "row",
    "odd",
    "from_v4",
    "from_v6",
    "from_is",
    "to_v4",
    "to_v6",
    "to_is",
    "from_port",
    "to_port",
    "protocol",
    "packets",
    "bytes",
    "first",
    "last",
    "opened",
    "ours",
    "refused",
    "estimated",
];

/// Separates the two names of an end.
pub(super) const SEPARATOR: char = '\t';

/// Rows of such a table, side by side.
pub(super) struct Batch {
    row: Column<Number>,
    odd: Column<Number>,
    from: Side,
    to: Side,
    from_port: Column<Port>,
    to_port: Column<Port>,
    protocol: Column<Protocol>,
    packets: Column<Number>,
    bytes: Column<Number>,
    first: Column<Seconds>,
    last: Column<Seconds>,
    opened: Column<Number>,
    ours: Column<Number>,
    refused: Column<Number>,
    estimated: Column<Number>,
}

/// Who is at one end.
struct Side {
    v4: Column<Address>,
    v6: Column<Address>,
    is: Column<Text>,
}

impl Side {
    fn new(columns: &Columns<'_>, first: usize) -> Result<Self, ParquetError> {
        Ok(Self { v4: columns.get(first)?, v6: columns.get(first + 1)?, is: columns.get(first + 2)? })
    }

    fn load(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.v4.load(rows)?;
        self.v6.load(rows)?;
        self.is.load(rows)
    }

    #[inline]
    fn get(&self, at: usize) -> Option<(IpAddr, End<'_>)> {
        let address = self.v4.values()[at].address.or(self.v6.values()[at].address);
        match &self.is.values()[at].0 {
            Some(text) => Some((address.unwrap_or(NOWHERE), end(text))),
            None => address.map(|address| (address, End::Address)),
        }
    }
}

/// The address of what has none.
pub(super) const NOWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

impl Batch {
    pub fn new(columns: &Columns<'_>) -> Result<Self, ParquetError> {
        Ok(Self {
            row: columns.get(0)?,
            odd: columns.get(1)?,
            from: Side::new(columns, 2)?,
            to: Side::new(columns, 5)?,
            from_port: columns.get(8)?,
            to_port: columns.get(9)?,
            protocol: columns.get(10)?,
            packets: columns.get(11)?,
            bytes: columns.get(12)?,
            first: columns.get(13)?,
            last: columns.get(14)?,
            opened: columns.get(15)?,
            ours: columns.get(16)?,
            refused: columns.get(17)?,
            estimated: columns.get(18)?,
        })
    }
}

impl Rows for Batch {
    fn load(&mut self, rows: usize, _: &dyn Sink) -> Result<(), ParquetError> {
        self.row.load(rows)?;
        self.odd.load(rows)?;
        self.from.load(rows)?;
        self.to.load(rows)?;
        self.from_port.load(rows)?;
        self.to_port.load(rows)?;
        self.protocol.load(rows)?;
        self.packets.load(rows)?;
        self.bytes.load(rows)?;
        self.first.load(rows)?;
        self.last.load(rows)?;
        self.opened.load(rows)?;
        self.ours.load(rows)?;
        self.refused.load(rows)?;
        self.estimated.load(rows)
    }

    /// As the flow that it was, with the number that it had.
    #[inline]
    fn give(&self, _: u64, at: usize, sink: &mut dyn Sink) {
        let row = self.row.values()[at].0.unwrap_or(0);
        match self.odd.values()[at].0 {
            None => {}
            Some(1) => return sink.odd(row, Odd::NoData),
            Some(2) => return sink.odd(row, Odd::Skipped),
            Some(_) => return sink.odd(row, Odd::Unparsable),
        }
        let (Some((from, from_end)), Some((to, to_end))) = (self.from.get(at), self.to.get(at)) else {
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
            opened: match self.opened.values()[at].0 {
                Some(1) => Opened::Sender,
                Some(2) => Opened::Receiver,
                _ => Opened::Unsaid,
            },
            ours: self.ours.values()[at].0.map(|n| n == 1),
            refused: self.refused.values()[at].0 == Some(1),
            estimated: self.estimated.values()[at].0 == Some(1),
            ..Flow::between(from, to)
        };
        if (from_end, to_end) == (End::Address, End::Address) {
            sink.flow(row, flow);
        } else {
            sink.between(row, flow, from_end, to_end);
        }
    }
}

fn end(text: &str) -> End<'_> {
    match text.split_once(':') {
        Some(("here", front)) => End::Here(front),
        Some(("named", names)) => {
            let (name, group) = names.split_once(SEPARATOR).unwrap_or((names, ""));
            End::Named(name, group)
        }
        _ => End::Untold,
    }
}
