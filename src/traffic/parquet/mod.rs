//! Parquet: AWS's flow logs as it delivers them, any table whose columns the user names, and the compact form that
//! `onshore traffic convert` writes. Needs the cargo feature `parquet`; without it such a file is told, and not read.
//!
//! A Parquet file is read at its end first, so that it must be a file: what comes as a stream is put into a temporary one.

use std::io::{self, Read};
use std::path::Path;

use super::flow::Sink;
use super::open::{self, Anywhere};
use super::read::{Format, Head, Hints};

#[cfg(feature = "parquet")]
mod cells;
#[cfg(feature = "parquet")]
mod foreign;
#[cfg(feature = "parquet")]
mod own;
#[cfg(feature = "parquet")]
mod pages;
#[cfg(feature = "parquet")]
mod room;
#[cfg(not(feature = "parquet"))]
#[path = "disabled.rs"]
mod switch;
#[cfg(feature = "parquet")]
#[path = "enabled.rs"]
mod switch;
#[cfg(feature = "parquet")]
mod texts;
#[cfg(feature = "parquet")]
mod write;

pub use switch::{BUILT_IN, Table, Writer};

/// Both ends of such a file.
const MAGIC: &[u8] = b"PAR1";

pub struct Parquet;

impl Parquet {
    pub const NAME: &'static str = "parquet";
}

impl Format for Parquet {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        head.bytes.starts_with(MAGIC)
    }

    fn read(&self, log: &mut dyn Read, hints: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        let table = Table::of(Anywhere::Disk(open::to_disk(log)?), hints)?;
        table.read(0..table.groups(), sink)
    }
}

/// The table in a file.
///
/// # Errors
/// It is damaged, or has no columns with addresses.
pub fn table(path: &Path, hints: &Hints) -> io::Result<Table> {
    Table::of(Anywhere::Disk(open::on_disk(path)?), hints)
}
