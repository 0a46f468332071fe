//! Readers of logs, one file a format. A reader streams: it holds a window of the file, gives each row to a [`Sink`], and knows
//! neither labels nor policies. A row that it cannot read is a row all the same.

use std::io::{self, Cursor, Read};

use super::flow::{Odd, Sink};

mod aws;
mod cloud;
mod elb;
mod json;
mod netflow;
mod nfdump;
mod table;
mod vpc;
mod zeek;

pub use table::Columns;

/// A log format.
pub trait Format: Sync {
    fn name(&self) -> &'static str;
    /// Whether a log that begins so is in this format; strict, for files of all kinds lie in folders.
    fn recognizes(&self, head: &Head<'_>) -> bool;
    /// Reads to the end.
    ///
    /// # Errors
    /// The file ends early or is damaged; what came before was given to the sink.
    fn read(&self, log: &mut dyn Read, columns: &Columns, sink: &mut dyn Sink) -> io::Result<()>;
}

/// Every format, the stricter ones first.
pub const FORMATS: &[&dyn Format] = &[
    &table::Table,
    &netflow::NetFlow,
    &zeek::Tsv,
    &vpc::Text,
    &nfdump::Csv,
    &elb::Log,
    &aws::Document,
    &zeek::Json,
    &nfdump::Json,
    &cloud::Azure,
    &cloud::Google,
    &cloud::Suricata,
];

/// The first bytes of a log.
pub struct Head<'h> {
    pub bytes: &'h [u8],
    pub columns: &'h Columns,
}

impl<'h> Head<'h> {
    /// Lines as far as they are whole (or the only one).
    pub fn lines(&self) -> impl Iterator<Item = &'h [u8]> {
        self.bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l))
    }

    /// The first object of a JSON log, as far as it was read.
    pub fn json(&self) -> Option<&'h str> {
        let text = self.bytes.trim_ascii_start();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let valid = text.utf8_chunks().next()?.valid();
        valid.starts_with(['{', '[']).then_some(valid)
    }
}

/// Bytes that formats are told by.
const HEAD: usize = 1 << 16;
/// Longer lines are no rows.
const MAX_LINE: usize = 1 << 22;
const WINDOW: usize = 1 << 18;

/// The format of a log, and the log with its first bytes put back. `None`: no format fits.
pub type Recognized<'r> = (Option<&'static dyn Format>, Box<dyn Read + 'r>);

/// Tells the format of a log by its first bytes.
///
/// # Errors
/// The first bytes cannot be read.
pub fn recognize<'r>(
    mut log: Box<dyn Read + 'r>,
    columns: &Columns,
    forced: Option<&'static dyn Format>,
) -> io::Result<Recognized<'r>> {
    let mut head = Vec::new();
    // A file that ends early may still say what it is.
    let early = log.by_ref().take(HEAD as u64).read_to_end(&mut head).err();
    let format = forced.or_else(|| {
        let head = Head { bytes: &head, columns };
        FORMATS.iter().copied().find(|f| f.recognizes(&head))
    });
    let rest: Box<dyn Read + 'r> = match early {
        Some(e) if format.is_none() => return Err(e),
        Some(e) => Box::new(Failing(Some(e))),
        None => log,
    };
    Ok((format, Box::new(Cursor::new(head).chain(rest))))
}

/// Ends with an error that was met before.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Each line (without its end) with its number from 1. An overlong line is cut. A last line without an end counts, unless the
/// file breaks off there.
pub fn lines(log: &mut dyn Read, mut each: impl FnMut(u64, &[u8])) -> io::Result<()> {
    let mut buffer = vec![0_u8; WINDOW];
    // `buffer[..held]` has been read and not yet given out.
    let (mut held, mut number, mut overlong) = (0, 0_u64, false);
    loop {
        if held == buffer.len() {
            if buffer.len() < MAX_LINE {
                buffer.resize(buffer.len() * 2, 0);
            } else {
                if !overlong {
                    number += 1;
                    each(number, &buffer);
                }
                (held, overlong) = (0, true);
            }
        }
        let read = match log.read(&mut buffer[held..]) {
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if read == 0 {
            if held > 0 && !overlong {
                each(number + 1, buffer[..held].strip_suffix(b"\r").unwrap_or(&buffer[..held]));
            }
            return Ok(());
        }
        let filled = held + read;
        let mut start = 0;
        // What was held has no line end in it.
        for end in memchr::memchr_iter(b'\n', &buffer[held..filled]).map(|at| held + at) {
            if overlong {
                overlong = false;
            } else {
                number += 1;
                let line = &buffer[start..end];
                each(number, line.strip_suffix(b"\r").unwrap_or(line));
            }
            start = end + 1;
        }
        buffer.copy_within(start..filled, 0);
        held = filled - start;
    }
}

/// A log that broke off in the middle of a row.
fn cut(row: u64, sink: &mut dyn Sink) {
    sink.odd(row, Odd::Unparsable);
}

/// A format by its name.
pub fn format(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|f| f.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_over_window_edges() {
        let long = "x".repeat(WINDOW + 7);
        let text = format!("a\r\n\n{long}\nend");
        let mut seen = Vec::new();
        lines(&mut text.as_bytes(), |n, l| seen.push((n, l.len()))).unwrap();
        assert_eq!(seen, [(1, 1), (2, 0), (3, long.len()), (4, 3)]);
        let endless = vec![b'y'; MAX_LINE * 2 + 5];
        let mut seen = Vec::new();
        lines(&mut [&endless[..], b"\nz"].concat().as_slice(), |n, l| seen.push((n, l.len()))).unwrap();
        assert_eq!(seen, [(1, MAX_LINE), (2, 1)], "an overlong line is one row, and the next one is read");
    }
}
