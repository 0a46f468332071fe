//! Flow logs of other clouds and sensors as JSON: Google Cloud's VPC flow logs (as Cloud Logging exports them), Azure's NSG and
//! virtual network flow logs, Suricata's EVE.

use std::io::{self, Read};

use serde_json::Value;

use super::json::{self, address_at, at, number_at, port_at, protocol_at, text_at, time_at};
use super::{Format, Head, Hints};
use crate::traffic::flow::{Flow, Odd, Opened, Sink};
use crate::traffic::parse::{address, number, port, protocol, time};

/// `jsonPayload.connection` (docs.cloud.google.com, "VPC Flow Logs record format").
pub struct Google;

impl Format for Google {
    fn name(&self) -> &'static str {
        "gcp-flow-log"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        head.json().is_some_and(|t| t.contains("\"connection\"") && t.contains("\"src_ip\"") && t.contains("\"dest_ip\""))
    }

    fn read(&self, log: &mut dyn Read, _: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        json::documents(log, sink, |row, value, sink| {
            let of = at(value, "jsonPayload").unwrap_or(value);
            let (Some(from), Some(to)) = (address_at(of, "connection.src_ip"), address_at(of, "connection.dest_ip")) else {
                return sink.odd(row, Odd::Unparsable);
            };
            let ours = match text_at(of, "reporter") {
                Some("SRC" | "SRC_GATEWAY") => Some(true),
                Some("DEST" | "DEST_GATEWAY") => Some(false),
                _ => None,
            };
            let flow = Flow {
                from_port: port_at(of, "connection.src_port"),
                to_port: port_at(of, "connection.dest_port"),
                protocol: protocol_at(of, "connection.protocol"),
                // Of what its bytes count beside payload, the documentation says nothing: packets would make headers of them.
                bytes: number_at(of, "bytes_sent"),
                first: time_at(of, "start_time"),
                last: time_at(of, "end_time"),
                ours,
                ..Flow::between(from, to)
            };
            sink.flow(row, flow);
        })
    }
}

/// `flowTuples` (learn.microsoft.com, "NSG flow logs" and "Virtual network flow logs"). A record holds many flows.
pub struct Azure;

impl Format for Azure {
    fn name(&self) -> &'static str {
        "azure-flow-log"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        head.json().is_some_and(|t| t.contains("\"flowTuples\""))
    }

    fn read(&self, log: &mut dyn Read, _: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        json::documents(log, sink, |row, value, sink| {
            let mut found = false;
            tuples(value, 0, &mut |tuple| {
                found = true;
                give(row, tuple, sink);
            });
            if !found {
                sink.odd(row, Odd::NoData);
            }
        })
    }
}

/// Every flow tuple below a value: both kinds of log nest them differently.
fn tuples(value: &Value, depth: u8, each: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) if depth < 12 => {
            for (name, member) in members {
                match member {
                    Value::Array(list) if name == "flowTuples" => list.iter().filter_map(Value::as_str).for_each(&mut *each),
                    other => tuples(other, depth + 1, each),
                }
            }
        }
        Value::Array(list) if depth < 12 => list.iter().for_each(|v| tuples(v, depth + 1, each)),
        _ => {}
    }
}

/// NSG: `time,src,dst,sport,dport,T|U,I|O,A|D,B|C|E,packets,bytes,packets back,bytes back`, the last five since version 2.
/// Virtual network: `time,src,dst,sport,dport,number,I|O,B|C|E|D,encryption,packets,bytes,packets back,bytes back`.
fn give(row: u64, tuple: &str, sink: &mut dyn Sink) {
    let fields: Vec<&[u8]> = tuple.split(',').map(|f| f.trim().as_bytes()).collect();
    let field = |i: usize| fields.get(i).copied().unwrap_or_default();
    let (Some(from), Some(to)) = (address(field(1)), address(field(2))) else { return sink.odd(row, Odd::Unparsable) };
    if fields.len() != 8 && fields.len() != 13 {
        return sink.odd(row, Odd::Unparsable);
    }
    let protocol = match field(5) {
        b"T" => 6,
        b"U" => 17,
        other => protocol(other),
    };
    let time = time(field(0));
    let flow = Flow {
        from_port: port(field(3)),
        to_port: port(field(4)),
        protocol,
        bytes: number(field(10)),
        first: time,
        last: time,
        opened: Opened::Sender,
        ours: match field(6) {
            b"O" => Some(true),
            b"I" => Some(false),
            _ => None,
        },
        refused: field(7) == b"D",
        ..Flow::between(from, to)
    };
    sink.flow(row, flow);
    if let Some(bytes) = number(field(12)).filter(|b| *b > 0) {
        sink.flow(row, Flow { bytes: Some(bytes), ours: flow.ours.map(|o| !o), ..flow.back() });
    }
}

/// Events of type `flow` and `netflow` (docs.suricata.io, "EVE JSON Format"); all others are of other things.
pub struct Suricata;

impl Format for Suricata {
    fn name(&self) -> &'static str {
        "suricata-eve"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        head.json().is_some_and(|t| t.contains("\"event_type\"") && t.contains("\"src_ip\"") && t.contains("\"timestamp\""))
    }

    fn read(&self, log: &mut dyn Read, _: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        json::documents(log, sink, |row, value, sink| {
            let both = match text_at(value, "event_type") {
                Some("flow") => true,
                Some("netflow") => false,
                Some(_) => return,
                None => return sink.odd(row, Odd::Unparsable),
            };
            let (Some(from), Some(to)) = (address_at(value, "src_ip"), address_at(value, "dest_ip")) else {
                return sink.odd(row, Odd::Unparsable);
            };
            let of = at(value, if both { "flow" } else { "netflow" }).unwrap_or(&Value::Null);
            let there = Flow {
                from_port: port_at(value, "src_port"),
                to_port: port_at(value, "dest_port"),
                protocol: protocol_at(value, "proto"),
                first: time_at(of, "start"),
                last: time_at(of, "end"),
                ..Flow::between(from, to)
            };
            if !both {
                return sink.flow(row, Flow { bytes: number_at(of, "bytes"), ..there });
            }
            let there = Flow { opened: Opened::Sender, ..there };
            sink.flow(row, Flow { bytes: number_at(of, "bytes_toserver"), ..there });
            sink.flow(row, Flow { bytes: number_at(of, "bytes_toclient"), ..there.back() });
        })
    }
}
