//! Writing the compact form.

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

use super::cells::damaged;
use super::own::{NOWHERE, SCHEMA, SEPARATOR};
use crate::traffic::flow::{End, Flow, Odd, Opened, Sink};
use crate::traffic::open::OnDisk;

/// Rows of a group: what is held while it is written.
const GROUP: usize = 1 << 17;

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
        self.add(row, &Flow::between(NOWHERE, NOWHERE), End::Untold, End::Untold);
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
