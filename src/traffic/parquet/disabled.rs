//! What there is without the cargo feature `parquet`: the same names, and the word that it is missing.

use std::io;
use std::ops::Range;

use crate::traffic::flow::{End, Flow, Odd, Sink};
use crate::traffic::open::{Anywhere, OnDisk};
use crate::traffic::read::Hints;

pub const BUILT_IN: bool = false;

fn missing() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "Parquet is not built into this onshore; build it with `--features parquet`")
}

/// Never made.
pub enum Table {}

impl Table {
    /// # Errors
    /// Always.
    pub fn of(_: Anywhere, _: &Hints) -> io::Result<Self> {
        Err(missing())
    }

    pub fn groups(&self) -> usize {
        match *self {}
    }

    /// # Errors
    /// Never: there is no table.
    pub fn read(&self, _: Range<usize>, _: &mut dyn Sink) -> io::Result<()> {
        match *self {}
    }
}

/// Never made.
pub enum Writer {}

impl Writer {
    /// # Errors
    /// Always.
    pub fn new(_: OnDisk) -> io::Result<Self> {
        Err(missing())
    }

    /// # Errors
    /// Never: there is no writer.
    pub fn finish(self) -> io::Result<u64> {
        match self {}
    }
}

impl Sink for Writer {
    fn flow(&mut self, _: u64, _: Flow) {
        match *self {}
    }

    fn between(&mut self, _: u64, _: Flow, _: End<'_>, _: End<'_>) {
        match *self {}
    }

    fn odd(&mut self, _: u64, _: Odd) {
        match *self {}
    }
}
