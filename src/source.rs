//! Where every fact came from: the texts that were read, and places in them.
//!
//! A [`Location`] is twelve bytes and travels with every fact through all derived structures; line and column are computed
//! only when a person is to see them. Loading from the file system lives in [`load`]; nothing else here does IO.

use std::fmt;
use std::sync::OnceLock;

pub mod glob;
pub mod load;

/// Index of a text in [`Sources`]. Ids follow the sorted order of paths, so the same inputs give the same ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A byte range in one text: `start..end`, on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// A span from byte offsets. Texts are at most 4 GiB (see [`load::MAX_FILE_BYTES`]), so `u32` holds every offset.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end.max(start)) }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A span in a given source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    pub source: SourceId,
    pub span: Span,
}

impl Location {
    pub fn new(source: SourceId, span: Span) -> Self {
        Self { source, span }
    }
}

/// A value and where its text stands (in a source known from the context).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    pub fn at(&self, source: SourceId) -> Location {
        Location::new(source, self.span)
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

impl<T: fmt::Display> fmt::Display for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// Something wrong with what the user wrote: the run cannot go on as if it were not there, so it ends with exit code 2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputError {
    pub location: Location,
    /// What is wrong, with the offending text, in one line without a full stop.
    pub message: String,
    /// The remedy: "did you mean `country`?".
    pub help: Option<String>,
}

/// What a person reads: file (relative to the project root, with `/`), line and column, both from 1, columns in characters. In a
/// workbook: `servers.xlsx:Sheet1`, row and column of the cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One text that was read.
#[derive(Debug)]
pub struct Source {
    /// Relative to the project root, with `/`.
    pub path: String,
    pub text: String,
    /// The sheet of a workbook whose cells the text holds: a line per row, a tab between cells. Other sheets of the workbook are
    /// sources with the same path.
    pub sheet: Option<String>,
    /// Byte offsets of line starts, made on first use.
    lines: OnceLock<Vec<u32>>,
    /// Characters before every [`STRIDE`]th byte, made on first use: a JSON file may be one line of many megabytes.
    strides: OnceLock<Vec<u32>>,
}

const STRIDE: usize = 4096;

impl Source {
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), sheet: None, lines: OnceLock::new(), strides: OnceLock::new() }
    }

    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let after = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|i| Span::new(i + 1, i + 1).start);
            std::iter::once(0).chain(after).collect()
        })
    }

    /// Line (from 1) of a byte offset.
    pub fn line(&self, offset: u32) -> u32 {
        let starts = self.line_starts();
        starts.partition_point(|s| *s <= offset) as u32
    }

    /// The text of a line (from 1), without its line end; empty beyond the last line.
    pub fn line_text(&self, line: u32) -> &str {
        let starts = self.line_starts();
        let Some(start) = (line as usize).checked_sub(1).and_then(|i| starts.get(i)) else { return "" };
        let end = starts.get(line as usize).map_or(self.text.len(), |e| *e as usize);
        self.text.get(*start as usize..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }

    /// Byte offset where a line (from 1) begins.
    pub fn line_start(&self, line: u32) -> u32 {
        let starts = self.line_starts();
        (line as usize)
            .checked_sub(1)
            .and_then(|i| starts.get(i))
            .copied()
            .unwrap_or_else(|| Span::new(self.text.len(), 0).start)
    }

    pub fn position(&self, offset: u32) -> Position {
        let line = self.line(offset);
        let start = self.line_start(line) as usize;
        let before = self.text.get(start..offset as usize).unwrap_or("");
        let (file, column) = match &self.sheet {
            Some(sheet) => (format!("{}:{sheet}", self.path), before.matches('\t').count()),
            None if before.len() > STRIDE => {
                (self.path.clone(), self.characters_before(offset as usize) - self.characters_before(start))
            }
            None => (self.path.clone(), before.chars().count()),
        };
        Position { file, line, column: column as u32 + 1 }
    }

    /// How many characters begin before a byte offset.
    fn characters_before(&self, offset: usize) -> usize {
        let begins = |bytes: &[u8]| bytes.iter().filter(|b| **b & 0xC0 != 0x80).count();
        let bytes = self.text.as_bytes();
        let strides = self.strides.get_or_init(|| {
            let mut count = 0;
            let after = bytes.chunks(STRIDE).map(|chunk| {
                count += begins(chunk) as u32;
                count
            });
            std::iter::once(0).chain(after).collect()
        });
        let whole = (offset / STRIDE).min(strides.len() - 1);
        strides[whole] as usize + begins(&bytes[whole * STRIDE..offset.min(bytes.len())])
    }
}

/// All texts of one run, by [`SourceId`].
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
    /// Where the project stands in its repository, `infra/eu/`; empty at the top of it, and where there is none.
    pub base: String,
    /// The project's folder as `file:///srv/infra/`; `None` where it has none.
    pub folder: Option<String>,
}

impl Sources {
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.files.push(Source::new(path, text));
        SourceId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// Adds a sheet of a workbook.
    pub fn add_sheet(&mut self, path: impl Into<String>, sheet: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.files.push(Source { sheet: Some(sheet.into()), ..Source::new(path, text) });
        SourceId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    pub fn get(&self, id: SourceId) -> &Source {
        &self.files[id.0 as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.files.iter().enumerate().map(|(i, s)| (SourceId(u32::try_from(i).unwrap_or(u32::MAX)), s))
    }

    /// The id of a path that was read.
    pub fn find(&self, path: &str) -> Option<SourceId> {
        self.iter().find(|(_, s)| s.path == path).map(|(id, _)| id)
    }

    pub fn position(&self, at: Location) -> Position {
        self.get(at.source).position(at.span.start)
    }

    /// The text under a location; empty if the span is out of bounds.
    pub fn text(&self, at: Location) -> &str {
        self.get(at.source).text.get(at.span.range()).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_lines_from_one() {
        let s = Source::new("a", "上海 lb\r\nsecond\n");
        assert_eq!(s.position(0), Position { file: "a".into(), line: 1, column: 1 });
        assert_eq!(s.position(7).column, 4);
        assert_eq!((s.position(11).line, s.position(11).column), (2, 1));
        assert_eq!(s.line_text(1), "上海 lb");
        assert_eq!(s.line_text(9), "");
        let long = Source::new("long", format!("\n{}\n海", "海a".repeat(STRIDE)));
        for characters in [1, 2, STRIDE, STRIDE + 1, 2 * STRIDE] {
            let offset = 1 + characters / 2 * 4 + characters % 2 * 3;
            assert_eq!(long.position(offset as u32).column as usize, characters + 1);
        }
        assert_eq!(long.position(long.text.len() as u32).column, 2);
        let mut sources = Sources::default();
        let sheet = sources.add_sheet("a.xlsx", "主机", "a\tb\n\n\tc\n");
        let at = sources.position(Location::new(sheet, Span::new(6, 7)));
        assert_eq!((at.to_string().as_str(), at.column), ("a.xlsx:主机:3", 2));
    }
}
