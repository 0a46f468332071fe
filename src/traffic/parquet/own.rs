//! The compact form: one row a flow, as a reader gave it. Addresses are numbers, rows keep the numbers that they had in the log, so
//! that counting the converted log gives the same tally.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::cells::{Cell, Column, damaged};
use crate::traffic::flow::{End, Flow, Odd, Opened, Sink};
use crate::traffic::open::OnDisk;

/// `*_v4` as unsigned numbers, `*_v6` as bytes, `*_is` where the log tells an end by something else; times in seconds since 1970.
/// `odd`: 1 a row that says that there was nothing, 2 one in whose place the log left something out, 3 one that could not be read.
const SCHEMA: &str = "message onshore_flows {
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

/// Rows of a group: what is held while it is written.
const GROUP: usize = 1 << 17;

/// Separates the two names of an end.
const SEPARATOR: char = '\t';

/// A row of the batch as the flow that it was.
pub(super) fn give(columns: &mut [Option<Column>], i: usize, sink: &mut dyn Sink) {
    let mut cells: [Cell<'_>; COLUMNS.len()] = [Cell::Null; COLUMNS.len()];
    for (cell, column) in cells.iter_mut().zip(columns) {
        *cell = column.as_mut().map_or(Cell::Null, |c| c.cell(i));
    }
    let [
        row,
        odd,
        from_v4,
        from_v6,
        from_is,
        to_v4,
        to_v6,
        to_is,
        from_port,
        to_port,
        protocol,
        packets,
        bytes,
        first,
        last,
        opened,
        ours,
        refused,
        estimated,
    ] = cells;
    let row = row.number().unwrap_or(0);
    match odd.number() {
        None => {}
        Some(1) => return sink.odd(row, Odd::NoData),
        Some(2) => return sink.odd(row, Odd::Skipped),
        Some(_) => return sink.odd(row, Odd::Unparsable),
    }
    let seconds = |cell: Cell<'_>| match cell {
        Cell::Number(n) => Some(n),
        _ => None,
    };
    let (from, to) = (from_v4.address().or(from_v6.address()), to_v4.address().or(to_v6.address()));
    let (from_is, to_is) = (end(from_is), end(to_is));
    let nowhere = IpAddr::from([0, 0, 0, 0]);
    let (Some(from_end), Some(to_end)) = (from_is.or(from.map(|_| End::Address)), to_is.or(to.map(|_| End::Address))) else {
        return sink.odd(row, Odd::Unparsable);
    };
    let flow = Flow {
        from_port: from_port.port(),
        to_port: to_port.port(),
        protocol: protocol.protocol(),
        packets: packets.number(),
        bytes: bytes.number(),
        first: seconds(first),
        last: seconds(last),
        opened: match opened.number() {
            Some(1) => Opened::Sender,
            Some(2) => Opened::Receiver,
            _ => Opened::Unsaid,
        },
        ours: ours.number().map(|n| n == 1),
        refused: refused.number() == Some(1),
        estimated: estimated.number() == Some(1),
        ..Flow::between(from.unwrap_or(nowhere), to.unwrap_or(nowhere))
    };
    if (from_end, to_end) == (End::Address, End::Address) {
        sink.flow(row, flow);
    } else {
        sink.between(row, flow, from_end, to_end);
    }
}

fn end(cell: Cell<'_>) -> Option<End<'_>> {
    let Cell::Bytes(text) = cell else { return None };
    let text = std::str::from_utf8(text).ok()?;
    Some(match text.split_once(':') {
        Some(("here", front)) => End::Here(front),
        Some(("named", names)) => {
            let (name, group) = names.split_once(SEPARATOR).unwrap_or((names, ""));
            End::Named(name, group)
        }
        _ => End::Untold,
    })
}

fn end_text(end: End<'_>) -> Option<ByteArray> {
    // A name with the separator in it is none that an inventory has.
    match end {
        End::Address => None,
        End::Here(front) => Some(format!("here:{front}").into_bytes().into()),
        End::Named(name, group) => Some(format!("named:{name}{SEPARATOR}{group}").into_bytes().into()),
        End::Untold => Some(b"untold".to_vec().into()),
    }
}

/// Values of a column that may be null, as they are written.
struct Optional<T> {
    levels: Vec<i16>,
    values: Vec<T>,
}

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self { levels: Vec::new(), values: Vec::new() }
    }
}

impl<T> Optional<T> {
    fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

#[derive(Default)]
struct Side {
    v4: Optional<i32>,
    v6: Optional<FixedLenByteArray>,
    is: Optional<ByteArray>,
}

impl Side {
    fn push(&mut self, address: Option<IpAddr>, is: Option<ByteArray>) {
        let (v4, v6) = match address {
            Some(IpAddr::V4(v4)) => (Some(v4.to_bits().cast_signed()), None),
            Some(IpAddr::V6(v6)) => (None, Some(six(v6))),
            None => (None, None),
        };
        self.v4.push(v4);
        self.v6.push(v6);
        self.is.push(is);
    }
}

fn six(address: Ipv6Addr) -> FixedLenByteArray {
    ByteArray::from(address.octets().to_vec()).into()
}

/// Rows of the group that is being made.
#[derive(Default)]
struct Rows {
    row: Vec<i64>,
    odd: Optional<i32>,
    from: Side,
    to: Side,
    from_port: Vec<i32>,
    to_port: Vec<i32>,
    protocol: Vec<i32>,
    packets: Optional<i64>,
    bytes: Optional<i64>,
    first: Optional<i64>,
    last: Optional<i64>,
    opened: Vec<i32>,
    ours: Optional<i32>,
    refused: Vec<i32>,
    estimated: Vec<i32>,
}

/// Writes what a reader gives.
pub struct Writer {
    file: SerializedFileWriter<OnDisk>,
    rows: Rows,
    written: u64,
    failed: Option<ParquetError>,
}

impl Writer {
    /// # Errors
    /// The file cannot be written.
    pub fn new(file: OnDisk) -> io::Result<Self> {
        let schema = parse_message_type(SCHEMA).map_err(damaged)?;
        let mut properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        for column in ["row", "first", "last", "bytes", "packets"] {
            let path = ColumnPath::from(column);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        let file = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties.build())).map_err(damaged)?;
        Ok(Self { file, rows: Rows::default(), written: 0, failed: None })
    }

    /// Writes the rest. How many rows there are.
    ///
    /// # Errors
    /// Something could not be written.
    pub fn finish(mut self) -> io::Result<u64> {
        self.flush();
        match self.failed {
            Some(error) => Err(damaged(error)),
            None => self.file.close().map(|_| self.written).map_err(damaged),
        }
    }

    /// Before a row is added: both directions of one row stay in one group, which one thread counts.
    fn make_room(&mut self, row: u64) {
        let again = self.rows.row.last().is_some_and(|last| u64::try_from(*last).ok() == Some(row));
        if self.rows.row.len() >= GROUP && !again {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if self.failed.is_some() || rows.row.is_empty() {
            return;
        }
        self.written += rows.row.len() as u64;
        self.failed = write(&mut self.file, &rows).err();
    }

    fn add(&mut self, row: u64, flow: &Flow, from: End<'_>, to: End<'_>) {
        self.make_room(row);
        let number = |n: Option<u64>| n.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let address = |end, address| (end == End::Address).then_some(address);
        let rows = &mut self.rows;
        rows.row.push(i64::try_from(row).unwrap_or(i64::MAX));
        rows.odd.push(None);
        rows.from.push(address(from, flow.from), end_text(from));
        rows.to.push(address(to, flow.to), end_text(to));
        rows.from_port.push(i32::from(flow.from_port));
        rows.to_port.push(i32::from(flow.to_port));
        rows.protocol.push(i32::from(flow.protocol));
        rows.packets.push(number(flow.packets));
        rows.bytes.push(number(flow.bytes));
        rows.first.push(flow.first);
        rows.last.push(flow.last);
        rows.opened.push(match flow.opened {
            Opened::Unsaid => 0,
            Opened::Sender => 1,
            Opened::Receiver => 2,
        });
        rows.ours.push(flow.ours.map(i32::from));
        rows.refused.push(i32::from(flow.refused));
        rows.estimated.push(i32::from(flow.estimated));
    }
}

impl Sink for Writer {
    fn flow(&mut self, row: u64, flow: Flow) {
        self.add(row, &flow, End::Address, End::Address);
    }

    fn between(&mut self, row: u64, flow: Flow, from: End<'_>, to: End<'_>) {
        self.add(row, &flow, from, to);
    }

    fn odd(&mut self, row: u64, odd: Odd) {
        let nowhere = IpAddr::from([0, 0, 0, 0]);
        self.add(row, &Flow::between(nowhere, nowhere), End::Untold, End::Untold);
        if let Some(level) = self.rows.odd.levels.last_mut() {
            *level = 1;
            self.rows.odd.values.push(match odd {
                Odd::NoData => 1,
                Odd::Skipped => 2,
                Odd::Unparsable => 3,
            });
        }
    }
}

fn write(file: &mut SerializedFileWriter<OnDisk>, rows: &Rows) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    let all = |g: &mut SerializedRowGroupWriter<'_, OnDisk>, v: &Vec<i32>| column::<Int32Type>(g, v, None);
    column::<Int64Type>(&mut group, &rows.row, None)?;
    optional::<Int32Type>(&mut group, &rows.odd)?;
    for side in [&rows.from, &rows.to] {
        optional::<Int32Type>(&mut group, &side.v4)?;
        optional::<FixedLenByteArrayType>(&mut group, &side.v6)?;
        optional::<ByteArrayType>(&mut group, &side.is)?;
    }
    all(&mut group, &rows.from_port)?;
    all(&mut group, &rows.to_port)?;
    all(&mut group, &rows.protocol)?;
    for numbers in [&rows.packets, &rows.bytes, &rows.first, &rows.last] {
        optional::<Int64Type>(&mut group, numbers)?;
    }
    all(&mut group, &rows.opened)?;
    optional::<Int32Type>(&mut group, &rows.ours)?;
    all(&mut group, &rows.refused)?;
    all(&mut group, &rows.estimated)?;
    group.close()?;
    Ok(())
}

fn optional<T: DataType>(group: &mut SerializedRowGroupWriter<'_, OnDisk>, of: &Optional<T::T>) -> Result<(), ParquetError> {
    column::<T>(group, &of.values, Some(&of.levels))
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, OnDisk>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(|| ParquetError::General("there is no such column".to_owned()))?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}
