//! Access logs of AWS load balancers: Application Load Balancers (`type time elb client:port target:port ...`) and Classic ones
//! (`time elb client:port backend:port ...`). The balancer's own address is not in them; what a row shows is which target answered
//! which client, and how much.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Format, Head, Hints, Layout};
use crate::traffic::flow::{Flow, Odd, Opened, Sink};
use crate::traffic::parse::{number, time};

pub struct Log;

impl Format for Log {
    fn name(&self) -> &'static str {
        "elb-access-log"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        head.lines().next().is_some_and(|l| layout(l).is_some())
    }

    fn layout(&self, _: &Hints) -> Option<Arc<dyn Layout>> {
        Some(Arc::new(Self))
    }
}

impl Layout for Log {
    fn row(&self, row: u64, line: &[u8], sink: &mut dyn Sink) {
        if !line.is_empty() {
            give(row, line, sink);
        }
    }
}

/// How many fields come before `client:port`. `None`: no such row.
fn layout(line: &[u8]) -> Option<usize> {
    let fields: Vec<&[u8]> = line.split(|b| *b == b' ').take(14).collect();
    let first = *fields.first()?;
    let is_type = [&b"http"[..], b"https", b"h2", b"grpcs", b"ws", b"wss"].contains(&first);
    let before = if is_type { 3 } else { 2 };
    let is_time = |b: &[u8]| b.contains(&b'T') && time(b).is_some();
    let quoted = fields.get(before + 9)?.starts_with(b"\"");
    (is_time(fields.get(before - 2)?) && socket(fields.get(before)?).is_some() && quoted).then_some(before)
}

fn socket(field: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(field).ok()?;
    text.parse().ok().or_else(|| {
        // IPv6 addresses stand there without brackets.
        let (ip, port) = text.rsplit_once(':')?;
        Some(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?))
    })
}

fn give(row: u64, line: &[u8], sink: &mut dyn Sink) {
    let Some(before) = layout(line) else { return sink.odd(row, Odd::Unparsable) };
    let fields: Vec<&[u8]> = line.split(|b| *b == b' ').take(before + 9).collect();
    let Some(client) = socket(fields[before]) else { return sink.odd(row, Odd::Unparsable) };
    if fields[before + 1].starts_with(b"-") {
        // The balancer answered by itself.
        return sink.odd(row, Odd::NoData);
    }
    let Some(target) = socket(fields[before + 1]) else { return sink.odd(row, Odd::Unparsable) };
    let time = time(fields[before - 2]);
    let there = Flow {
        from_port: client.port(),
        to_port: target.port(),
        protocol: 6,
        bytes: number(fields[before + 7]),
        first: time,
        last: time,
        opened: Opened::Sender,
        ours: Some(false),
        ..Flow::between(client.ip(), target.ip())
    };
    sink.flow(row, there);
    sink.flow(row, Flow { bytes: number(fields[before + 8]), ours: Some(true), ..there.back() });
}
