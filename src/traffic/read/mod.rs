//! Readers of logs, one file a format. A reader streams: it holds a window of the file, gives each row to a [`Sink`], and knows
//! neither labels nor policies. A row that it cannot read is a row all the same.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use super::flow::{Odd, Sink};
use super::open::Unpacked;
use super::parquet::Parquet;
use super::pieces::{Buffer, Pieces, each_line};

mod access;
mod aws;
mod cloud;
mod elb;
mod json;
mod netflow;
mod nfdump;
mod table;
mod vpc;
mod zeek;

pub use access::Template;
pub use table::{Columns, refuses};

/// What the user says of logs.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    pub columns: Columns,
    /// How access logs are written.
    pub access: Vec<Template>,
}

/// A log format.
pub trait Format: Sync {
    fn name(&self) -> &'static str;
    /// Whether a log that begins so is in this format; strict, for files of all kinds lie in folders.
    fn recognizes(&self, head: &Head<'_>) -> bool;
    /// How its lines are read, if rows are lines that can be read apart.
    fn layout(&self, _: &Hints) -> Option<Arc<dyn Layout>> {
        None
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// The file ends early or is damaged; what came before was given to the sink.
    fn read(&self, log: &mut dyn Read, hints: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        let Some(layout) = self.layout(hints) else { return Err(io::Error::from(io::ErrorKind::Unsupported)) };
        let mut pieces = Pieces::new(log, layout);
        let mut buffer = Buffer::default();
        loop {
            match pieces.next(&mut buffer) {
                Ok(Some((layout, first))) => layout.rows(buffer.lines(), first, sink),
                Ok(None) => return Ok(()),
                Err(e) => {
                    cut(pieces.row(), sink);
                    return Err(e);
                }
            }
        }
    }
}

/// How the lines of a log are read. A line may say how those below it are.
pub trait Layout: Send + Sync {
    /// Without its end.
    fn row(&self, row: u64, line: &[u8], sink: &mut dyn Sink);

    /// The lines of a piece, of which the first has this number.
    fn rows(&self, piece: &[u8], first: u64, sink: &mut dyn Sink) {
        each_line(piece, first, |row, line| self.row(row, line, sink));
    }

    /// A text that is in every line that is no row; empty: every line is one.
    fn mark(&self) -> &'static [u8] {
        b""
    }

    fn turn(&self, _line: &[u8]) -> Turn {
        Turn::Row
    }
}

/// What a line is.
pub enum Turn {
    Row,
    Comment,
    /// From here on lines are read so.
    To(Arc<dyn Layout>),
}

/// Every format, the stricter ones first.
pub const FORMATS: &[&dyn Format] = &[
    &Parquet,
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
    &access::CloudFront,
    &access::GIVEN,
    &access::HAPROXY,
    &access::ENVOY,
    &access::COMBINED,
    &access::Json,
];

/// The first bytes of a log.
pub struct Head<'h> {
    pub bytes: &'h [u8],
    pub hints: &'h Hints,
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
const WINDOW: usize = 1 << 18;

/// Tells the format of a log by its first bytes, and gives the log with these put back. `None`: no format fits.
///
/// # Errors
/// The first bytes cannot be read.
pub fn recognize<R: Read>(
    mut log: R,
    hints: &Hints,
    forced: Option<&'static dyn Format>,
) -> io::Result<(Option<&'static dyn Format>, Rejoined<R>)> {
    let mut bytes = Vec::new();
    // A file that ends early may still say what it is.
    let early = log.by_ref().take(HEAD as u64).read_to_end(&mut bytes).err();
    let format = forced.or_else(|| {
        let head = Head { bytes: &bytes, hints };
        FORMATS.iter().copied().find(|f| f.recognizes(&head))
    });
    let rest = match early {
        Some(e) if format.is_none() => return Err(e),
        Some(e) => Rest::Failed(Some(e)),
        None => Rest::Log(log),
    };
    Ok((format, Rejoined { head: Cursor::new(bytes), rest }))
}

/// A log with its first bytes put back.
pub struct Rejoined<R> {
    head: Cursor<Vec<u8>>,
    rest: Rest<R>,
}

enum Rest<R> {
    Log(R),
    /// Ends with an error that was met before.
    Failed(Option<io::Error>),
}

impl<R: Read> Rejoined<Unpacked<R>> {
    /// What is read here is not what lies in the file.
    pub fn is_packed(&self) -> bool {
        matches!(&self.rest, Rest::Log(log) if log.is_packed())
    }
}

impl<R: Read> Read for Rejoined<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.head.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        match &mut self.rest {
            Rest::Log(log) => log.read(buffer),
            Rest::Failed(error) => error.take().map_or(Ok(0), Err),
        }
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
