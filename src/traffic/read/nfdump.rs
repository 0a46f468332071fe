//! What nfdump prints: `-o csv` of 1.6 (`ts,te,td,sa,da,...`) and 1.7 (`firstSeen,duration,proto,srcAddr,...`), and `-o json`
//! (github.com/phaag/nfdump, output_csv.c, output_json.c). It prints times in the zone of the machine it runs on; they are read
//! as UTC, so `TZ=UTC nfdump` is what to run.

use std::io::{self, Read};

use super::json::{self, address_at, number_at, port_at, protocol_at, time_at};
use super::table::{self, Columns};
use super::{Format, Head, Hints};
use crate::traffic::flow::{Flow, Odd, Sink};

pub struct Csv;

impl Format for Csv {
    fn name(&self) -> &'static str {
        "nfdump-csv"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        head.lines().next().is_some_and(|l| layout(l).is_some())
    }

    fn read(&self, log: &mut dyn Read, _: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        // A summary follows the rows.
        table::rows(log, layout, |first| first == b"Summary", sink)
    }
}

fn layout(header: &[u8]) -> Option<Columns> {
    let is = |a: &str, b: &str| header.starts_with(a.as_bytes()) && memchr::memmem::find(header, b.as_bytes()).is_some();
    let text = if is("ts,te,td,", ",sa,da,") {
        "first=ts,last=te,from=sa,to=da,from-port=sp,to-port=dp,protocol=pr,packets=ipkt,bytes=ibyt,packets-back=opkt,bytes-back=obyt"
    } else if is("firstSeen,", "srcAddr,") {
        "first=firstSeen,last=lastSeen,from=srcAddr,to=dstAddr,from-port=srcPort,to-port=dstPort,protocol=proto,packets=packets,bytes=bytes"
    } else {
        return None;
    };
    text.parse().ok()
}

pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "nfdump-json"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        let has = |t: &str, v| t.contains(&format!("\"src{v}_addr\"")) && t.contains(&format!("\"dst{v}_addr\""));
        head.json().is_some_and(|t| (has(t, 4) || has(t, 6)) && t.contains("\"in_bytes\""))
    }

    fn read(&self, log: &mut dyn Read, _: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        json::documents(log, sink, |row, value, sink| {
            let either = |side: &str| {
                address_at(value, &format!("{side}4_addr")).or_else(|| address_at(value, &format!("{side}6_addr")))
            };
            let (Some(from), Some(to)) = (either("src"), either("dst")) else { return sink.odd(row, Odd::Unparsable) };
            let time = |names: [&str; 2]| names.into_iter().find_map(|n| time_at(value, n));
            let flow = Flow {
                from_port: port_at(value, "src_port"),
                to_port: port_at(value, "dst_port"),
                protocol: protocol_at(value, "proto"),
                packets: number_at(value, "in_packets"),
                bytes: number_at(value, "in_bytes"),
                first: time(["first", "t_first"]),
                last: time(["last", "t_last"]),
                ..Flow::between(from, to)
            };
            sink.flow(row, flow);
            let (packets, bytes) = (number_at(value, "out_packets"), number_at(value, "out_bytes"));
            if bytes.is_some_and(|b| b > 0) {
                sink.flow(row, Flow { packets, bytes, ..flow.back() });
            }
        })
    }
}
