//! NetFlow version 5 and 9 and IPFIX as a file of export packets one after the other, as a collector that keeps what it receives
//! writes it; versions may mix. Rows are flow records from 1. Counts that are sampled are multiplied by the interval and marked
//! as estimates: version 5 has it in each packet, the later versions in the records or in options that come before them. Of a sampler
//! that no options have told, counts are unknown.

use std::io::{self, Read};

use super::{Format, Head, Hints};
use crate::traffic::flow::Sink;

mod template;
mod v5;

use template::Templates;

pub struct NetFlow;

impl Format for NetFlow {
    fn name(&self) -> &'static str {
        "netflow"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        match head.bytes {
            [0, 5, ..] => v5::begins(head.bytes),
            [0, 9 | 10, ..] => template::begins(head.bytes),
            _ => false,
        }
    }

    fn read(&self, log: &mut dyn Read, _: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        let mut stream = Stream { log, peeked: None };
        let mut templates = Templates::default();
        let mut row = 0;
        let result = packets(&mut stream, &mut templates, &mut row, sink);
        if result.is_err() {
            super::cut(row + 1, sink);
        }
        result
    }
}

fn packets(stream: &mut Stream<'_>, templates: &mut Templates, row: &mut u64, sink: &mut dyn Sink) -> io::Result<()> {
    while let Some(version) = stream.peek()? {
        match version {
            5 => v5::packet(stream, row, sink)?,
            9 => template::version_9(stream, templates, row, sink)?,
            10 => template::ipfix(stream, templates, row, sink)?,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "what follows is no NetFlow packet")),
        }
    }
    Ok(())
}

/// Bytes with a look at the next two.
struct Stream<'r> {
    log: &'r mut dyn Read,
    peeked: Option<[u8; 2]>,
}

impl Stream<'_> {
    /// The next two bytes as a number; `None`: the end.
    fn peek(&mut self) -> io::Result<Option<u16>> {
        if self.peeked.is_none() {
            let mut two = [0; 2];
            match self.fill(&mut two)? {
                0 => return Ok(None),
                2 => self.peeked = Some(two),
                _ => return Err(early()),
            }
        }
        Ok(self.peeked.map(u16::from_be_bytes))
    }

    /// Fills the buffer as far as there is something.
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut held = 0;
        if let (Some(two), Some(first)) = (self.peeked, buffer.first_chunk_mut::<2>()) {
            *first = two;
            self.peeked = None;
            held = 2;
        }
        Ok(held + self.fill(&mut buffer[held..])?)
    }

    /// # Errors
    /// There is not that much.
    fn exactly(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        if self.take(buffer)? == buffer.len() { Ok(()) } else { Err(early()) }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut held = 0;
        while held < buffer.len() {
            match self.log.read(&mut buffer[held..]) {
                Ok(0) => break,
                Ok(read) => held += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(held)
    }
}

fn early() -> io::Error {
    io::Error::from(io::ErrorKind::UnexpectedEof)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Records may tell time in milliseconds since the exporter started; the header says when that was.
#[derive(Clone, Copy)]
struct Clock {
    uptime: u32,
    seconds: u32,
}

impl Clock {
    fn time(self, uptime: u32) -> Option<i64> {
        let ago = i64::from(self.uptime) - i64::from(uptime);
        i64::from(self.seconds).checked_sub(ago.div_euclid(1000))
    }
}
