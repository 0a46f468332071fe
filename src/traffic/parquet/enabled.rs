//! A table that is read row group by row group: the same columns side by side, a batch of rows at a time.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};

use super::cells::{Column, Value, damaged};
use super::pages::Pages;
use super::room::{fill, lend, room};
pub use super::write::Writer;
use super::{foreign, own};
use crate::traffic::flow::Sink;
use crate::traffic::open::{Anywhere, Remote};
use crate::traffic::read::Hints;

pub const BUILT_IN: bool = true;

/// Rows of which all columns are held at once: few enough to stay near the processor.
const BATCH: usize = 1_024;

pub struct Table {
    reader: SerializedFileReader<Anywhere>,
    file: Arc<Anywhere>,
    /// By what a column is: which one it is.
    columns: Vec<Option<usize>>,
    kind: Kind,
}

impl Length for Anywhere {
    fn len(&self) -> u64 {
        match self {
            Self::Disk(file) => Length::len(file),
            Self::Remote(remote) => remote.length(),
        }
    }
}

impl ChunkReader for Anywhere {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        match self {
            Self::Disk(file) => Ok(Box::new(file.get_read(start)?)),
            Self::Remote(remote) => Ok(Box::new(BufReader::new(Onwards { remote: Arc::clone(remote), at: start }))),
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match self {
            Self::Disk(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(start))?;
                let mut into = room(length);
                let read = fill(&mut file, &mut into[..length])?;
                if read == length { Ok(lend(into, length)) } else { Err(short(length, read as u64)) }
            }
            Self::Remote(remote) => {
                let left = remote.length().saturating_sub(start);
                if length as u64 > left { Err(short(length, left)) } else { Ok(remote.bytes(start, length)?.into()) }
            }
        }
    }
}

/// In the crate's own words, wherever a log lies.
fn short(length: usize, left: u64) -> ParquetError {
    ParquetError::EOF(format!("Expected to read {length} bytes, read only {left}"))
}

/// A log that lies elsewhere, from a place on.
struct Onwards {
    remote: Arc<dyn Remote>,
    at: u64,
}

impl Read for Onwards {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.remote.length().saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        buffer[..length].copy_from_slice(&self.remote.bytes(self.at, length)?);
        self.at += length as u64;
        Ok(length)
    }
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

impl Table {
    /// # Errors
    /// It is damaged, or has no columns with addresses.
    pub fn of(file: Anywhere, hints: &Hints) -> io::Result<Self> {
        let pages = Arc::new(file.again()?);
        let reader = guarded(|| SerializedFileReader::new(file))?;
        let schema = reader.metadata().file_metadata().schema_descr();
        // A list has many values a row, and the columns would not go side by side.
        let flat = |i: usize| schema.column(i).max_rep_level() == 0;
        let names: Vec<String> = (0..schema.num_columns()).map(|i| schema.column(i).path().string()).collect();
        let find = |wanted: &str| names.iter().position(|n| n == wanted).filter(|i| flat(*i));
        let own: Vec<Option<usize>> = own::COLUMNS.iter().map(|name| find(name)).collect();
        if own.iter().all(Option::is_some) {
            return Ok(Self { reader, file: pages, columns: own, kind: Kind::Own });
        }
        let mut columns = vec![None; foreign::COLUMNS];
        let kind = if hints.columns.is_empty() {
            for (i, name) in names.iter().enumerate().filter(|(i, _)| flat(*i)) {
                if let Some(what) = foreign::aws(name) {
                    columns[what] = Some(i);
                }
            }
            let gateway = names.iter().any(|n| n.replace('_', "-") == "tgw-id");
            Kind::Aws { gateway }
        } else {
            hints.columns.named().for_each(|(what, name)| columns[what] = find(name));
            Kind::Named
        };
        if foreign::has_addresses(&columns) {
            return Ok(Self { reader, file: pages, columns, kind });
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
        let before = (0..group).map(rows).sum();
        let columns = Columns { file: &self.file, group: metadata.row_group(group), places: &self.columns };
        match self.kind {
            Kind::Own => batches(own::Batch::new(&columns)?, before, rows(group), sink),
            Kind::Aws { gateway } => batches(foreign::Batch::new(&columns, !gateway)?, before, rows(group), sink),
            Kind::Named => batches(foreign::Batch::new(&columns, false)?, before, rows(group), sink),
        }
    }
}

/// The columns of a row group.
pub(super) struct Columns<'t> {
    file: &'t Arc<Anywhere>,
    group: &'t RowGroupMetaData,
    places: &'t [Option<usize>],
}

impl Columns<'_> {
    /// By what it is.
    pub fn get<V: Value>(&self, what: usize) -> Result<Column<V>, ParquetError> {
        let Some(place) = self.places[what] else { return Ok(Column::absent()) };
        let chunk = self.group.column(place);
        Ok(Column::new(Pages::new(Arc::clone(self.file), chunk)?, chunk))
    }
}

/// Rows of which all columns are held.
pub(super) trait Rows {
    /// Loads the next so many; the sink is asked what it knows of them.
    fn load(&mut self, rows: usize, sink: &dyn Sink) -> Result<(), ParquetError>;

    /// The one at a place of the batch, which has the number `row`.
    fn give(&self, row: u64, at: usize, sink: &mut dyn Sink);
}

fn batches(mut batch: impl Rows, before: u64, rows: u64, sink: &mut dyn Sink) -> Result<(), ParquetError> {
    let (mut row, mut left) = (before, usize::try_from(rows).unwrap_or(0));
    while left > 0 {
        let length = left.min(BATCH);
        batch.load(length, &*sink)?;
        for at in 0..length {
            row += 1;
            batch.give(row, at, sink);
        }
        left -= length;
    }
    Ok(())
}

/// What is read was written by somebody else: where the decoder gives up on it, the file is damaged, and the run goes on.
pub(super) fn guarded<R>(read: impl FnOnce() -> Result<R, ParquetError>) -> io::Result<R> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(damaged),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "its columns cannot be decoded")),
    }
}
