//! Tables with a header line and a mapping of columns that the user gives (`--columns from=src_ip,to=dst_ip,bytes=octets`): the
//! logs of whatever writes CSV. nfdump's CSV is read the same way.

use std::io::{self, Read};
use std::str::FromStr;

use super::{Format, Head, Hints};
use crate::traffic::flow::{Flow, Odd, Sink};
use crate::traffic::parse::{address, number, port, protocol, time};

/// Which column of a table is what: header names by [`WORDS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    named: Vec<(usize, String)>,
}

/// What a column can be. `from` and `to` must be there.
pub const WORDS: [&str; 14] = [
    "from",
    "to",
    "from-port",
    "to-port",
    "protocol",
    "packets",
    "bytes",
    "first",
    "last",
    "packets-back",
    "bytes-back",
    "action",
    "refused",
    // One packet in so many was looked at.
    "sampling",
];

impl FromStr for Columns {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut named: Vec<(usize, String)> = Vec::new();
        for pair in text.split(',').filter(|p| !p.trim().is_empty()) {
            let Some((word, column)) = pair.split_once('=') else {
                return Err(format!("`{pair}` is not WORD=COLUMN, such as from=src_ip"));
            };
            let word = word.trim();
            let Some(at) = WORDS.iter().position(|w| *w == word) else {
                let near = crate::vocab::suggest(word, WORDS)
                    .map_or_else(|| WORDS.join(", "), |near| format!("did you mean `{near}`"));
                return Err(format!("`{word}` is nothing that a column can be ({near})"));
            };
            if named.iter().any(|(known, _)| *known == at) {
                return Err(format!("`{word}` is given twice"));
            }
            named.push((at, column.trim().to_owned()));
        }
        if !named.iter().any(|(at, _)| *at == 0) || !named.iter().any(|(at, _)| *at == 1) {
            return Err("`from` and `to`, the columns of the two addresses, must be given".to_owned());
        }
        Ok(Self { named })
    }
}

impl Columns {
    /// Words (by their place in [`WORDS`]) and columns.
    pub fn named(&self) -> impl Iterator<Item = (usize, &str)> {
        self.named.iter().map(|(word, column)| (*word, column.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// Per word the position of its column. `None`: an address column is not there. The columns that nfdump leaves out are
    /// no reason.
    fn positions(&self, header: &csv::ByteRecord) -> Option<[Option<usize>; WORDS.len()]> {
        let mut found = [None; WORDS.len()];
        for (word, column) in &self.named {
            found[*word] = header.iter().position(|h| h.trim_ascii() == column.as_bytes());
        }
        (found[0].is_some() && found[1].is_some()).then_some(found)
    }
}

pub struct Table;

impl Format for Table {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        let first = head.lines().next().unwrap_or_default();
        !head.hints.columns.is_empty()
            && reader(first)
                .byte_records()
                .next()
                .and_then(Result::ok)
                .is_some_and(|h| head.hints.columns.positions(&h).is_some())
    }

    fn read(&self, log: &mut dyn Read, hints: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        rows(log, |_| Some(hints.columns.clone()), |_| false, sink)
    }
}

fn reader<R: Read>(log: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(super::WINDOW).from_reader(log)
}

/// Reads rows below a header; `layout` tells the columns by the header line. Rows end where `ends` says so of a first cell.
pub(super) fn rows(
    log: &mut dyn Read,
    layout: impl Fn(&[u8]) -> Option<Columns>,
    ends: impl Fn(&[u8]) -> bool,
    sink: &mut dyn Sink,
) -> io::Result<()> {
    let mut reader = reader(log);
    let mut record = csv::ByteRecord::new();
    let mut positions = None;
    let mut width = 0;
    let mut last = 0;
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(e) => {
                super::cut(last + 1, sink);
                return Err(match e.into_kind() {
                    csv::ErrorKind::Io(e) => e,
                    _ => io::Error::new(io::ErrorKind::InvalidData, "the table is damaged"),
                });
            }
        }
        let row = record.position().map_or(0, csv::Position::line);
        last = row;
        let Some(positions) = &positions else {
            let header = record.iter().collect::<Vec<_>>().join(&b',');
            let Some(found) = layout(&header).and_then(|columns| columns.positions(&record)) else {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the header line does not have the columns of the addresses",
                ));
            };
            width = record.len();
            positions = Some(found);
            continue;
        };
        let first = record.get(0).unwrap_or_default();
        if ends(first) {
            return Ok(());
        }
        if record.len() != width {
            sink.odd(row, Odd::Unparsable);
            continue;
        }
        give(row, positions, &record, sink);
    }
}

/// Words for traffic that a firewall did not let through.
pub fn refuses(text: &[u8]) -> bool {
    ["reject", "deny", "denied", "drop", "dropped", "refused", "block", "blocked", "true", "1", "d"]
        .iter()
        .any(|w| text.eq_ignore_ascii_case(w.as_bytes()))
}

fn give(row: u64, positions: &[Option<usize>; WORDS.len()], record: &csv::ByteRecord, sink: &mut dyn Sink) {
    let cell = |word: usize| positions[word].and_then(|at| record.get(at)).unwrap_or_default().trim_ascii();
    let (Some(from), Some(to)) = (address(cell(0)), address(cell(1))) else { return sink.odd(row, Odd::Unparsable) };
    let flow = Flow {
        from_port: port(cell(2)),
        to_port: port(cell(3)),
        protocol: protocol(cell(4)),
        packets: number(cell(5)),
        bytes: number(cell(6)),
        first: time(cell(7)),
        last: time(cell(8)),
        refused: refuses(cell(11)) || refuses(cell(12)),
        ..Flow::between(from, to)
    };
    let flow = flow.sampled(number(cell(13)));
    sink.flow(row, flow);
    let (packets, bytes) = (number(cell(9)), number(cell(10)));
    if bytes.is_some_and(|b| b > 0) || packets.is_some_and(|p| p > 0) {
        sink.flow(row, Flow { packets, bytes, ..flow.back() }.sampled(number(cell(13))));
    }
}
