//! A table that is read row group by row group: the same columns side by side, a batch of rows at a time.

use std::io;
use std::net::IpAddr;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::cells::{Cell, Column, damaged};
use super::own;
pub use super::own::Writer;
use crate::traffic::flow::{Flow, Odd, Sink};
use crate::traffic::open::OnDisk;
use crate::traffic::read::{Hints, refuses};

pub const BUILT_IN: bool = true;

/// Rows of which all columns are held at once.
const BATCH: usize = 8_192;

pub struct Table {
    reader: SerializedFileReader<OnDisk>,
    /// By what a column is: which one it is.
    columns: Vec<Option<usize>>,
    kind: Kind,
}

/// Who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `onshore traffic convert`.
    Own,
    Aws {
        /// At a transit gateway both sides are the operator's.
        gateway: bool,
    },
    /// The user names its columns.
    Named,
}

/// What a column of a foreign table is: first what [`crate::traffic::read::Columns`] knows, in that order, then AWS's further ones.
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
const FOREIGN: usize = 18;

/// AWS's names, of which the files have underscores where the documentation has dashes.
fn aws(name: &str) -> Option<usize> {
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

impl Table {
    /// # Errors
    /// It is damaged, or has no columns with addresses.
    pub fn of(file: OnDisk, hints: &Hints) -> io::Result<Self> {
        let reader = guarded(|| SerializedFileReader::new(file))?;
        let schema = reader.metadata().file_metadata().schema_descr();
        // A list has many values a row, and the columns would not go side by side.
        let flat = |i: usize| schema.column(i).max_rep_level() == 0;
        let names: Vec<String> = (0..schema.num_columns()).map(|i| schema.column(i).path().string()).collect();
        let find = |wanted: &str| names.iter().position(|n| n == wanted).filter(|i| flat(*i));
        let own: Vec<Option<usize>> = own::COLUMNS.iter().map(|name| find(name)).collect();
        if own.iter().all(Option::is_some) {
            return Ok(Self { reader, columns: own, kind: Kind::Own });
        }
        let mut columns = vec![None; FOREIGN];
        let kind = if hints.columns.is_empty() {
            for (i, name) in names.iter().enumerate().filter(|(i, _)| flat(*i)) {
                if let Some(what) = aws(name) {
                    columns[what] = Some(i);
                }
            }
            let gateway = names.iter().any(|n| n.replace('_', "-") == "tgw-id");
            Kind::Aws { gateway }
        } else {
            hints.columns.named().for_each(|(what, name)| columns[what] = find(name));
            Kind::Named
        };
        let has = |from: usize, to: usize| columns[from].is_some() && columns[to].is_some();
        if has(FROM, TO) || has(REAL_FROM, REAL_TO) {
            return Ok(Self { reader, columns, kind });
        }
        let shown: Vec<&str> = names.iter().take(40).map(String::as_str).collect();
        let message =
            format!("no columns of addresses are known in it; name them with --columns (it has {})", shown.join(", "));
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }

    pub fn groups(&self) -> usize {
        self.reader.num_row_groups()
    }

    /// Some of its row groups.
    ///
    /// # Errors
    /// They are damaged; what came before was given to the sink.
    pub fn read(&self, groups: Range<usize>, sink: &mut dyn Sink) -> io::Result<()> {
        for group in groups {
            guarded(|| self.group(group, sink))?;
        }
        Ok(())
    }

    fn group(&self, group: usize, sink: &mut dyn Sink) -> Result<(), ParquetError> {
        let metadata = self.reader.metadata();
        let rows = |g: usize| u64::try_from(metadata.row_group(g).num_rows()).unwrap_or(0);
        let mut row: u64 = (0..group).map(rows).sum();
        let reader = self.reader.get_row_group(group)?;
        let schema = metadata.file_metadata().schema_descr();
        let mut columns: Vec<Option<Column>> = Vec::with_capacity(self.columns.len());
        for wanted in &self.columns {
            let column = wanted.map(|i| Ok::<_, ParquetError>(Column::new(reader.get_column_reader(i)?, &schema.column(i))));
            columns.push(column.transpose()?);
        }
        let mut left = usize::try_from(rows(group)).unwrap_or(0);
        while left > 0 {
            let batch = left.min(BATCH);
            for column in columns.iter_mut().flatten() {
                if column.load(batch)? != batch {
                    return Err(ParquetError::EOF("a column has fewer rows than the table".to_owned()));
                }
            }
            for i in 0..batch {
                row += 1;
                match self.kind {
                    Kind::Own => own::give(&mut columns, i, sink),
                    Kind::Aws { gateway } => give(row, &mut columns, i, true, gateway, sink),
                    Kind::Named => give(row, &mut columns, i, false, true, sink),
                }
            }
            left -= batch;
        }
        Ok(())
    }
}

fn cell(columns: &mut [Option<Column>], what: usize, i: usize) -> Cell<'_> {
    columns[what].as_mut().map_or(Cell::Null, |c| c.cell(i))
}

/// Behind a NAT or a load balancer the packet's own addresses say who talks to whom.
fn either(columns: &mut [Option<Column>], packet: usize, interface: usize, i: usize) -> Option<IpAddr> {
    let real = cell(columns, packet, i);
    let (known, real) = (!real.is_null(), real.address());
    let own = cell(columns, interface, i).address();
    if known { real } else { own }
}

fn give(row: u64, columns: &mut [Option<Column>], i: usize, aws: bool, gateway: bool, sink: &mut dyn Sink) {
    // Every cell is taken, whatever the others say: columns go on together.
    let status = match cell(columns, STATUS, i) {
        Cell::Bytes(b"NODATA") => Some(Odd::NoData),
        Cell::Bytes(b"SKIPDATA") => Some(Odd::Skipped),
        _ => None,
    };
    let from = either(columns, REAL_FROM, FROM, i);
    let to = either(columns, REAL_TO, TO, i);
    let (from_port, to_port) = (cell(columns, FROM_PORT, i).port(), cell(columns, TO_PORT, i).port());
    let protocol = cell(columns, PROTOCOL, i).protocol();
    let (packets, bytes) = (cell(columns, PACKETS, i).number(), cell(columns, BYTES, i).number());
    let (first, last) = (cell(columns, FIRST, i).time(), cell(columns, LAST, i).time());
    let (packets_back, bytes_back) = (cell(columns, PACKETS_BACK, i).number(), cell(columns, BYTES_BACK, i).number());
    let refused = |cell: Cell<'_>| match cell {
        Cell::Bytes(word) if aws => word == b"REJECT",
        Cell::Bytes(word) => refuses(word),
        Cell::Bool(refused) => refused,
        Cell::Number(n) => n == 1,
        Cell::Null | Cell::Real(_) | Cell::Raw(_) | Cell::Seconds(_) => false,
    };
    let refused = refused(cell(columns, ACTION, i)) | refused(cell(columns, REFUSED, i));
    let one_in = cell(columns, SAMPLING, i).number();
    let ours = match cell(columns, DIRECTION, i) {
        Cell::Bytes(b"egress") if !gateway => Some(true),
        Cell::Bytes(b"ingress") if !gateway => Some(false),
        _ => None,
    };
    if let Some(odd) = status {
        return sink.odd(row, odd);
    }
    let (Some(from), Some(to)) = (from, to) else { return sink.odd(row, Odd::Unparsable) };
    let flow = Flow { from_port, to_port, protocol, packets, bytes, first, last, ours, refused, ..Flow::between(from, to) };
    sink.flow(row, flow.sampled(one_in));
    if bytes_back.is_some_and(|b| b > 0) || packets_back.is_some_and(|p| p > 0) {
        sink.flow(row, Flow { packets: packets_back, bytes: bytes_back, ..flow.back() }.sampled(one_in));
    }
}

/// What is read was written by somebody else: where the decoder gives up on it, the file is damaged, and the run goes on.
pub(super) fn guarded<R>(read: impl FnOnce() -> Result<R, ParquetError>) -> io::Result<R> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(damaged),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "its columns cannot be decoded")),
    }
}
