//! NetFlow version 5 as a file of export packets one after the other, as a collector that keeps what it receives writes it (Cisco,
//! "NetFlow Export Datagram Format"). Sampled counts are multiplied by the interval, so that they are estimates of what went.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr};

use super::{Columns, Format, Head};
use crate::traffic::flow::{Flow, Sink};

pub struct Version5;

const HEADER: usize = 24;
const RECORD: usize = 48;
/// Flows of a packet at most.
const MOST: u16 = 30;

impl Format for Version5 {
    fn name(&self) -> &'static str {
        "netflow-v5"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        // Where the first packet ends another begins, or nothing.
        let Some(count) = flows(head.bytes) else { return false };
        let rest = head.bytes.get(HEADER + usize::from(count) * RECORD..);
        rest.is_some_and(|r| r.is_empty() || r.starts_with(&[0, 5]))
    }

    fn read(&self, log: &mut dyn Read, _: &Columns, sink: &mut dyn Sink) -> io::Result<()> {
        let mut packet = [0_u8; HEADER + RECORD * MOST as usize];
        let mut row = 0;
        loop {
            match fill(log, &mut packet[..HEADER])? {
                0 => return Ok(()),
                HEADER => {}
                _ => return Err(early()),
            }
            let Some(count) = flows(&packet) else {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "what follows is no NetFlow version 5"));
            };
            let length = usize::from(count) * RECORD;
            let read = fill(log, &mut packet[HEADER..HEADER + length])?;
            let (header, records) = packet.split_at(HEADER);
            let clock = Clock::new(header);
            for record in records[..read].chunks_exact(RECORD) {
                row += 1;
                sink.flow(row, clock.flow(record));
            }
            if read < length {
                super::cut(row + 1, sink);
                return Err(early());
            }
        }
    }
}

fn early() -> io::Error {
    io::Error::from(io::ErrorKind::UnexpectedEof)
}

/// Fills the buffer as far as there is something.
fn fill(log: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut held = 0;
    while held < buffer.len() {
        match log.read(&mut buffer[held..]) {
            Ok(0) => break,
            Ok(read) => held += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(held)
}

/// How many flows a packet says it has, if it is one.
fn flows(packet: &[u8]) -> Option<u16> {
    let count = u16_at(packet, 2)?;
    (packet.starts_with(&[0, 5]) && (1..=MOST).contains(&count)).then_some(count)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// Records tell time in milliseconds since the exporter started; the header says when that was, and how it samples.
struct Clock {
    uptime: u32,
    seconds: u32,
    sampling: u64,
}

impl Clock {
    fn new(header: &[u8]) -> Self {
        // The two high bits are the mode.
        let interval = u64::from(u16_at(header, 22).unwrap_or(0) & 0x3fff);
        Self { uptime: u32_at(header, 4), seconds: u32_at(header, 8), sampling: interval.max(1) }
    }

    fn time(&self, uptime: u32) -> Option<i64> {
        let ago = i64::from(self.uptime) - i64::from(uptime);
        i64::from(self.seconds).checked_sub(ago.div_euclid(1000))
    }

    fn flow(&self, r: &[u8]) -> Flow {
        let address = |at| IpAddr::V4(Ipv4Addr::from_bits(u32_at(r, at)));
        Flow {
            from_port: u16_at(r, 32).unwrap_or(0),
            to_port: u16_at(r, 34).unwrap_or(0),
            protocol: r[38],
            packets: Some(u64::from(u32_at(r, 16)).saturating_mul(self.sampling)),
            bytes: Some(u64::from(u32_at(r, 20)).saturating_mul(self.sampling)),
            first: self.time(u32_at(r, 24)),
            last: self.time(u32_at(r, 28)),
            ..Flow::between(address(0), address(4))
        }
    }
}
