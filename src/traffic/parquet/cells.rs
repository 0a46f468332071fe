//! Columns of a row group, read side by side a batch at a time, as values that flows are made of.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::page::PageReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int32Type,
    Int64Type, Int96, Int96Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use super::pages::Pages;
use super::texts::{Shared, Texts, lock};
use crate::traffic::flow::{Known, Odd};
use crate::traffic::parse;
use crate::traffic::read::refuses;

pub(super) fn damaged(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::new(io::ErrorKind::InvalidData, brief(&other.to_string())),
        },
        other => io::Error::new(io::ErrorKind::InvalidData, brief(&other.to_string())),
    }
}

/// A broken file can put anything into an error, at any length.
fn brief(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// One cell as the file has it.
#[derive(Clone, Copy)]
pub(super) enum Cell<'c> {
    Null,
    Number(i64),
    Real(f64),
    Bool(bool),
    Bytes(&'c [u8]),
    /// Of a fixed length: no text.
    Raw(&'c [u8]),
    /// Seconds since 1970.
    Seconds(i64),
}

/// What a cell means.
pub(super) trait Value: Clone + Send + 'static {
    fn of(cell: Cell<'_>) -> Self;

    /// Of a part of a page.
    fn of_text(page: &[u8], at: Range<usize>) -> Self {
        Self::of(Cell::Bytes(&page[at]))
    }
}

/// A column of which a batch is held.
pub(super) struct Column<V> {
    /// `None`: the table has no such column.
    source: Option<Source<V>>,
    /// A cell with a lower level is null.
    full: i16,
    levels: Vec<i16>,
    /// What one is divided by to be seconds; 0: its size tells.
    per_second: i64,
    unsigned: bool,
    values: Vec<V>,
}

enum Source<V> {
    Bool(Run<BoolType>),
    I32(Run<Int32Type>),
    I64(Run<Int64Type>),
    I96(Run<Int96Type>),
    F32(Run<FloatType>),
    F64(Run<DoubleType>),
    Texts(Run<Int32Type>, Shared<V>),
    /// Texts that are encoded in their differences.
    Bytes(Run<ByteArrayType>),
    Fixed(Run<FixedLenByteArrayType>),
}

struct Run<T: DataType> {
    reader: ColumnReaderImpl<T>,
    values: Vec<T::T>,
}

impl<T: DataType> Run<T> {
    fn new(about: ColumnDescPtr, pages: impl PageReader + 'static) -> Self {
        Self { reader: ColumnReaderImpl::new(about, Box::new(pages)), values: Vec::new() }
    }

    /// So many rows, nulls left out.
    fn load(&mut self, rows: usize, levels: Option<&mut Vec<i16>>) -> Result<&[T::T], ParquetError> {
        self.values.clear();
        let (read, ..) = self.reader.read_records(rows, levels, None, &mut self.values)?;
        if read == rows { Ok(&self.values) } else { Err(short()) }
    }
}

fn short() -> ParquetError {
    ParquetError::EOF("a column has fewer rows than the table".to_owned())
}

impl<V: Value> Column<V> {
    /// A column that the table does not have: every cell is null.
    pub fn absent() -> Self {
        Self { source: None, full: 0, levels: Vec::new(), per_second: 0, unsigned: false, values: Vec::new() }
    }

    pub fn new(pages: Pages, chunk: &ColumnChunkMetaData) -> Self {
        let about = chunk.column_descr_ptr();
        let full = about.max_def_level();
        let (per_second, unsigned) = (per_second(&about), unsigned(&about));
        let source = match about.physical_type() {
            Type::BOOLEAN => Source::Bool(Run::new(about, pages)),
            Type::INT32 => Source::I32(Run::new(about, pages)),
            Type::INT64 => Source::I64(Run::new(about, pages)),
            Type::INT96 => Source::I96(Run::new(about, pages)),
            Type::FLOAT => Source::F32(Run::new(about, pages)),
            Type::DOUBLE => Source::F64(Run::new(about, pages)),
            Type::FIXED_LEN_BYTE_ARRAY => Source::Fixed(Run::new(about, pages)),
            Type::BYTE_ARRAY if Texts::<V>::fits(chunk.encodings()) => {
                let (texts, entries) = Texts::new(pages, full);
                Source::Texts(Run::new(about, texts), entries)
            }
            Type::BYTE_ARRAY => Source::Bytes(Run::new(about, pages)),
        };
        Self { source: Some(source), full, levels: Vec::new(), per_second, unsigned, values: Vec::new() }
    }

    /// The next so many rows.
    pub fn load(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.load_each(rows, |_| {})
    }

    /// The same, each value after it was handed out to be completed: what many rows have in common only once.
    pub fn load_each(&mut self, rows: usize, complete: impl FnMut(&mut V)) -> Result<(), ParquetError> {
        self.levels.clear();
        let levels = (self.full > 0).then_some(&mut self.levels);
        let into = Target { values: &mut self.values, rows, full: self.full };
        let (per_second, number) = (self.per_second, |n: i64| V::of(Cell::Number(n)));
        match &mut self.source {
            None => self.values.resize_with(rows, || V::of(Cell::Null)),
            Some(Source::I32(run)) if self.unsigned => {
                into.put(run.load(rows, levels)?, &self.levels, |v| number(i64::from(v.cast_unsigned())));
            }
            Some(Source::I32(run)) => into.put(run.load(rows, levels)?, &self.levels, |v| number(i64::from(*v))),
            Some(Source::I64(run)) if per_second > 0 => {
                into.put(run.load(rows, levels)?, &self.levels, |v| V::of(Cell::Seconds(v.div_euclid(per_second))));
            }
            Some(Source::I64(run)) => into.put(run.load(rows, levels)?, &self.levels, |v| number(*v)),
            Some(Source::I96(run)) => {
                into.put(run.load(rows, levels)?, &self.levels, |v: &Int96| V::of(Cell::Seconds(v.to_seconds())));
            }
            Some(Source::F32(run)) => into.put(run.load(rows, levels)?, &self.levels, |v| V::of(Cell::Real(f64::from(*v)))),
            Some(Source::F64(run)) => into.put(run.load(rows, levels)?, &self.levels, |v| V::of(Cell::Real(*v))),
            Some(Source::Bool(run)) => into.put(run.load(rows, levels)?, &self.levels, |v| V::of(Cell::Bool(*v))),
            Some(Source::Texts(run, entries)) => {
                lock(entries).forget();
                let numbers = run.load(rows, levels)?;
                let (mut entries, null) = (lock(entries), V::of(Cell::Null));
                entries.renew(complete);
                let mut missing = false;
                into.put(numbers, &self.levels, |n| {
                    let entry = entries.get(*n);
                    missing |= entry.is_none();
                    entry.unwrap_or(&null).clone()
                });
                return if missing {
                    Err(ParquetError::General("a text that is not in its dictionary".to_owned()))
                } else {
                    Ok(())
                };
            }
            Some(Source::Bytes(run)) => {
                into.put(run.load(rows, levels)?, &self.levels, |v: &ByteArray| V::of(Cell::Bytes(v.data())));
            }
            Some(Source::Fixed(run)) => {
                into.put(run.load(rows, levels)?, &self.levels, |v: &FixedLenByteArray| V::of(Cell::Raw(v.data())));
            }
        }
        self.values.iter_mut().for_each(complete);
        Ok(())
    }

    /// Of the batch, a value a row.
    pub fn values(&self) -> &[V] {
        &self.values
    }
}

/// Where the values of a batch go.
struct Target<'c, V> {
    values: &'c mut Vec<V>,
    rows: usize,
    full: i16,
}

impl<V: Value> Target<'_, V> {
    fn put<S>(self, read: &[S], levels: &[i16], mut of: impl FnMut(&S) -> V) {
        self.values.clear();
        if read.len() == self.rows {
            self.values.extend(read.iter().map(of));
            return;
        }
        let mut read = read.iter();
        let known = levels.iter().map(|level| if *level < self.full { None } else { read.next() });
        self.values.extend(known.map(|v| v.map_or_else(|| V::of(Cell::Null), &mut of)));
    }
}

fn per_second(about: &ColumnDescriptor) -> i64 {
    match (about.logical_type_ref(), about.converted_type()) {
        (Some(LogicalType::Timestamp(of)), _) => match of.unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        },
        (_, ConvertedType::TIMESTAMP_MILLIS) => 1_000,
        (_, ConvertedType::TIMESTAMP_MICROS) => 1_000_000,
        _ => 0,
    }
}

fn unsigned(about: &ColumnDescriptor) -> bool {
    matches!(about.logical_type_ref(), Some(LogicalType::Integer(of)) if !of.is_signed)
        || matches!(about.converted_type(), ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32)
}

/// A number that is not below zero.
#[derive(Clone, Copy)]
pub(super) struct Number(pub Option<u64>);

impl Value for Number {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        Self(match cell {
            Cell::Number(n) | Cell::Seconds(n) => u64::try_from(n).ok(),
            Cell::Real(n) if n >= 0.0 => Some(n as u64),
            Cell::Bytes(text) => parse::number(text.trim_ascii()),
            Cell::Null | Cell::Real(_) | Cell::Bool(_) | Cell::Raw(_) => None,
        })
    }
}

#[derive(Clone, Copy)]
pub(super) struct Address {
    /// There is something, be it an address or not.
    pub is_told: bool,
    pub address: Option<IpAddr>,
    pub known: Known,
}

impl Value for Address {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        let address = match cell {
            Cell::Bytes(text) => parse::address(text.trim_ascii()),
            Cell::Number(n) => u32::try_from(n).ok().map(|n| IpAddr::V4(Ipv4Addr::from_bits(n))),
            Cell::Raw(raw) => match raw.len() {
                4 => raw.try_into().ok().map(|b: [u8; 4]| IpAddr::V4(b.into())),
                16 => raw.try_into().ok().map(|b: [u8; 16]| IpAddr::V6(Ipv6Addr::from(b))),
                _ => None,
            },
            Cell::Null | Cell::Real(_) | Cell::Bool(_) | Cell::Seconds(_) => None,
        };
        // Logs write a dash for what they do not know, in text columns too.
        Self { is_told: !matches!(cell, Cell::Null | Cell::Bytes(b"" | b"-")), address, known: Known::NOT }
    }

    #[inline]
    fn of_text(page: &[u8], at: Range<usize>) -> Self {
        match parse::v4_in(page, at.start, at.end) {
            Some(v4) => Self { is_told: true, address: Some(IpAddr::V4(v4)), known: Known::NOT },
            None => Self::of(Cell::Bytes(&page[at])),
        }
    }
}

/// Seconds since 1970, UTC.
#[derive(Clone, Copy)]
pub(super) struct Time(pub Option<i64>);

impl Value for Time {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        Self(match cell {
            Cell::Seconds(n) => Some(n),
            Cell::Number(n) => u64::try_from(n).ok().map(parse::epoch),
            Cell::Real(n) => parse::time(format!("{n:.3}").as_bytes()),
            Cell::Bytes(text) => parse::time(text.trim_ascii()),
            Cell::Null | Cell::Bool(_) | Cell::Raw(_) => None,
        })
    }
}

/// Seconds since 1970 in a table that says nothing else.
#[derive(Clone, Copy)]
pub(super) struct Seconds(pub Option<i64>);

impl Value for Seconds {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        Self(if let Cell::Number(n) = cell { Some(n) } else { None })
    }
}

/// 0 for what is none.
#[derive(Clone, Copy)]
pub(super) struct Port(pub u16);

impl Value for Port {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        Self(Number::of(cell).0.and_then(|n| u16::try_from(n).ok()).unwrap_or(0))
    }
}

/// IANA's number; 0: untold.
#[derive(Clone, Copy)]
pub(super) struct Protocol(pub u8);

impl Value for Protocol {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        Self(match cell {
            Cell::Bytes(text) => parse::protocol(text.trim_ascii()),
            other => Number::of(other).0.and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        })
    }
}

/// A firewall refused it; texts are the words that firewalls have.
#[derive(Clone, Copy)]
pub(super) struct Refused(pub bool);

impl Value for Refused {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        Self(match cell {
            Cell::Bytes(word) => refuses(word),
            Cell::Bool(refused) => refused,
            Cell::Number(n) => n == 1,
            Cell::Null | Cell::Real(_) | Cell::Raw(_) | Cell::Seconds(_) => false,
        })
    }
}

/// AWS's `log-status`: what the row is instead of a flow.
#[derive(Clone, Copy)]
pub(super) struct Status(pub Option<Odd>);

impl Value for Status {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        Self(match cell {
            Cell::Bytes(b"NODATA") => Some(Odd::NoData),
            Cell::Bytes(b"SKIPDATA") => Some(Odd::Skipped),
            _ => None,
        })
    }
}

/// AWS's `flow-direction`: whether the sender is on the side that keeps the log.
#[derive(Clone, Copy)]
pub(super) struct Direction(pub Option<bool>);

impl Value for Direction {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        Self(match cell {
            Cell::Bytes(b"egress") => Some(true),
            Cell::Bytes(b"ingress") => Some(false),
            _ => None,
        })
    }
}

/// A text as it is.
#[derive(Clone)]
pub(super) struct Text(pub Option<Arc<str>>);

impl Value for Text {
    #[inline]
    fn of(cell: Cell<'_>) -> Self {
        let Cell::Bytes(bytes) = cell else { return Self(None) };
        Self(std::str::from_utf8(bytes).ok().map(Arc::from))
    }
}
