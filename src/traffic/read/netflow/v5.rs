//! Version 5: fixed records (Cisco, "NetFlow Export Datagram Format").

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use super::{Clock, Stream, early, u16_at, u32_at};
use crate::traffic::flow::{Flow, Sink};

const HEADER: usize = 24;
const RECORD: usize = 48;
/// Flows of a packet at most.
const MOST: u16 = 30;

/// How many flows a packet says it has, if it is one.
fn flows(packet: &[u8]) -> Option<u16> {
    u16_at(packet, 2).filter(|count| packet.starts_with(&[0, 5]) && (1..=MOST).contains(count))
}

/// Where the first packet ends another begins, or nothing.
pub fn begins(head: &[u8]) -> bool {
    let rest = flows(head).and_then(|count| head.get(HEADER + usize::from(count) * RECORD..));
    rest.is_some_and(|r| r.is_empty() || matches!(r, [0, 5 | 9 | 10, ..]))
}

pub fn packet(stream: &mut Stream<'_>, row: &mut u64, sink: &mut dyn Sink) -> io::Result<()> {
    let mut packet = [0_u8; HEADER + RECORD * MOST as usize];
    stream.exactly(&mut packet[..HEADER])?;
    let Some(count) = flows(&packet) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "what follows is no NetFlow packet of version 5"));
    };
    let length = usize::from(count) * RECORD;
    let read = stream.take(&mut packet[HEADER..HEADER + length])?;
    let (header, records) = packet.split_at(HEADER);
    let clock = Clock { uptime: u32_at(header, 4).unwrap_or(0), seconds: u32_at(header, 8).unwrap_or(0) };
    // The two high bits are the mode.
    let sampling = u64::from(u16_at(header, 22).unwrap_or(0) & 0x3fff).max(1);
    for record in records[..read].chunks_exact(RECORD) {
        *row += 1;
        sink.flow(*row, flow(record, clock, sampling));
    }
    if read < length { Err(early()) } else { Ok(()) }
}

fn flow(r: &[u8], clock: Clock, sampling: u64) -> Flow {
    let word = |at| u32_at(r, at).unwrap_or(0);
    let address = |at| IpAddr::V4(Ipv4Addr::from_bits(word(at)));
    Flow {
        from_port: u16_at(r, 32).unwrap_or(0),
        to_port: u16_at(r, 34).unwrap_or(0),
        protocol: r.get(38).copied().unwrap_or(0),
        packets: Some(u64::from(word(16)).saturating_mul(sampling)),
        bytes: Some(u64::from(word(20)).saturating_mul(sampling)),
        estimated: sampling > 1,
        first: clock.time(word(24)),
        last: clock.time(word(28)),
        ..Flow::between(address(0), address(4))
    }
}
