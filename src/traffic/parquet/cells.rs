//! Columns of a row group, read side by side, and their cells as what flows are made of.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int32Type,
    Int64Type, Int96, Int96Type,
};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use crate::traffic::parse;

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

/// A column of which a batch is held.
pub(super) struct Column {
    cells: Cells,
    /// A cell with a lower level is null.
    full: i16,
    levels: Vec<i16>,
    /// Of the next cell that is not null.
    at: usize,
    /// What one is divided by to be seconds; 0: its size tells.
    per_second: i64,
    unsigned: bool,
}

enum Cells {
    Bool(Run<BoolType>),
    I32(Run<Int32Type>),
    I64(Run<Int64Type>),
    I96(Run<Int96Type>),
    F32(Run<FloatType>),
    F64(Run<DoubleType>),
    Bytes(Run<ByteArrayType>),
    Fixed(Run<FixedLenByteArrayType>),
}

struct Run<T: DataType> {
    reader: ColumnReaderImpl<T>,
    values: Vec<T::T>,
}

impl<T: DataType> Run<T> {
    fn new(reader: ColumnReaderImpl<T>) -> Self {
        Self { reader, values: Vec::new() }
    }

    fn load(&mut self, most: usize, levels: Option<&mut Vec<i16>>) -> Result<usize, ParquetError> {
        self.values.clear();
        let (rows, ..) = self.reader.read_records(most, levels, None, &mut self.values)?;
        Ok(rows)
    }
}

/// One cell.
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

impl Column {
    pub fn new(reader: ColumnReader, about: &ColumnDescriptor) -> Self {
        let cells = match reader {
            ColumnReader::BoolColumnReader(r) => Cells::Bool(Run::new(r)),
            ColumnReader::Int32ColumnReader(r) => Cells::I32(Run::new(r)),
            ColumnReader::Int64ColumnReader(r) => Cells::I64(Run::new(r)),
            ColumnReader::Int96ColumnReader(r) => Cells::I96(Run::new(r)),
            ColumnReader::FloatColumnReader(r) => Cells::F32(Run::new(r)),
            ColumnReader::DoubleColumnReader(r) => Cells::F64(Run::new(r)),
            ColumnReader::ByteArrayColumnReader(r) => Cells::Bytes(Run::new(r)),
            ColumnReader::FixedLenByteArrayColumnReader(r) => Cells::Fixed(Run::new(r)),
        };
        let logical = about.logical_type_ref();
        let per_second = match (logical, about.converted_type()) {
            (Some(LogicalType::Timestamp(of)), _) => match of.unit {
                TimeUnit::MILLIS => 1_000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            },
            (_, ConvertedType::TIMESTAMP_MILLIS) => 1_000,
            (_, ConvertedType::TIMESTAMP_MICROS) => 1_000_000,
            _ => 0,
        };
        let unsigned = matches!(logical, Some(LogicalType::Integer(of)) if !of.is_signed)
            || matches!(about.converted_type(), ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32);
        Self { cells, full: about.max_def_level(), levels: Vec::new(), at: 0, per_second, unsigned }
    }

    /// Reads the next batch; how many rows there are.
    pub fn load(&mut self, most: usize) -> Result<usize, ParquetError> {
        self.at = 0;
        self.levels.clear();
        let levels = (self.full > 0).then_some(&mut self.levels);
        match &mut self.cells {
            Cells::Bool(run) => run.load(most, levels),
            Cells::I32(run) => run.load(most, levels),
            Cells::I64(run) => run.load(most, levels),
            Cells::I96(run) => run.load(most, levels),
            Cells::F32(run) => run.load(most, levels),
            Cells::F64(run) => run.load(most, levels),
            Cells::Bytes(run) => run.load(most, levels),
            Cells::Fixed(run) => run.load(most, levels),
        }
    }

    /// The cell of a row of the batch; rows are asked for one after the other.
    pub fn cell(&mut self, row: usize) -> Cell<'_> {
        if self.full > 0 && self.levels.get(row).is_none_or(|level| *level < self.full) {
            return Cell::Null;
        }
        let at = self.at;
        self.at += 1;
        let cell = match &self.cells {
            Cells::Bool(run) => run.values.get(at).map(|v| Cell::Bool(*v)),
            Cells::I32(run) if self.unsigned => run.values.get(at).map(|v| Cell::Number(i64::from(v.cast_unsigned()))),
            Cells::I32(run) => run.values.get(at).map(|v| Cell::Number(i64::from(*v))),
            Cells::I64(run) if self.per_second > 0 => run.values.get(at).map(|v| Cell::Seconds(v.div_euclid(self.per_second))),
            Cells::I64(run) => run.values.get(at).map(|v| Cell::Number(*v)),
            Cells::I96(run) => run.values.get(at).map(|v: &Int96| Cell::Seconds(v.to_seconds())),
            Cells::F32(run) => run.values.get(at).map(|v| Cell::Real(f64::from(*v))),
            Cells::F64(run) => run.values.get(at).map(|v| Cell::Real(*v)),
            Cells::Bytes(run) => run.values.get(at).map(|v: &ByteArray| Cell::Bytes(v.data())),
            Cells::Fixed(run) => run.values.get(at).map(|v: &FixedLenByteArray| Cell::Raw(v.data())),
        };
        cell.unwrap_or(Cell::Null)
    }
}

impl Cell<'_> {
    /// Logs write a dash for what they do not know, in text columns too.
    pub fn is_null(self) -> bool {
        matches!(self, Self::Null | Self::Bytes(b"" | b"-"))
    }

    pub fn number(self) -> Option<u64> {
        match self {
            Self::Number(n) | Self::Seconds(n) => u64::try_from(n).ok(),
            Self::Real(n) if n >= 0.0 => Some(n as u64),
            Self::Bytes(text) => parse::number(text.trim_ascii()),
            Self::Null | Self::Real(_) | Self::Bool(_) | Self::Raw(_) => None,
        }
    }

    pub fn address(self) -> Option<IpAddr> {
        match self {
            Self::Bytes(text) => parse::address(text.trim_ascii()),
            Self::Number(n) => u32::try_from(n).ok().map(|n| IpAddr::V4(Ipv4Addr::from_bits(n))),
            Self::Raw(raw) => match raw.len() {
                4 => raw.try_into().ok().map(|b: [u8; 4]| IpAddr::V4(b.into())),
                16 => raw.try_into().ok().map(|b: [u8; 16]| IpAddr::V6(Ipv6Addr::from(b))),
                _ => None,
            },
            Self::Null | Self::Real(_) | Self::Bool(_) | Self::Seconds(_) => None,
        }
    }

    pub fn time(self) -> Option<i64> {
        match self {
            Self::Seconds(n) => Some(n),
            Self::Number(n) => u64::try_from(n).ok().map(parse::epoch),
            Self::Real(n) => parse::time(format!("{n:.3}").as_bytes()),
            Self::Bytes(text) => parse::time(text.trim_ascii()),
            Self::Null | Self::Bool(_) | Self::Raw(_) => None,
        }
    }

    pub fn port(self) -> u16 {
        self.number().and_then(|n| u16::try_from(n).ok()).unwrap_or(0)
    }

    pub fn protocol(self) -> u8 {
        match self {
            Self::Bytes(text) => parse::protocol(text.trim_ascii()),
            other => other.number().and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        }
    }
}
