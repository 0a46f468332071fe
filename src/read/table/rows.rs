//! Rows of cells with their places. CSV as RFC 4180 has it, with the separator that the file uses; sheets have a tab between
//! cells and no quotes.

use std::borrow::Cow;

use crate::source::Span;

#[derive(Debug)]
pub struct Cell<'t> {
    /// Trimmed.
    pub text: Cow<'t, str>,
    pub span: Span,
}

#[derive(Debug)]
pub struct Row<'t> {
    pub cells: Vec<Cell<'t>>,
    pub span: Span,
}

impl Row<'_> {
    /// Whether a cell holds just this text.
    pub fn has(&self, text: &str) -> bool {
        self.cells.iter().any(|c| c.text == text.trim())
    }
}

/// Rows that have any text; at the end an unclosed quote, with what is wrong.
pub struct Rows<'t> {
    text: &'t str,
    at: usize,
    separator: u8,
    quotes: bool,
}

impl<'t> Rows<'t> {
    pub fn new(path: &str, text: &'t str, is_sheet: bool) -> Self {
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut this = Self { text, at: start, separator: b'\t', quotes: !is_sheet };
        if is_sheet || path.to_ascii_lowercase().ends_with(".tsv") {
            return this;
        }
        let lines = text.get(start..).unwrap_or("");
        let first = lines.lines().find(|l| !l.trim().is_empty()).unwrap_or("");
        // What Excel writes and takes to tell the separator.
        if let Some([one]) = first.strip_prefix("sep=").map(str::as_bytes) {
            this.separator = *one;
            this.at = start + lines.find('\n').map_or(lines.len(), |n| n + 1);
            return this;
        }
        let mut quoted = false;
        let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
        for byte in first.bytes() {
            quoted ^= byte == b'"';
            counts.iter_mut().filter(|(b, _)| *b == byte && !quoted).for_each(|(_, n)| *n += 1);
        }
        this.separator = counts.iter().rev().max_by_key(|(_, n)| *n).map_or(b',', |(b, _)| *b);
        this
    }

    fn row(&mut self) -> Result<Row<'t>, (Span, String)> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut cells = Vec::new();
        loop {
            let from = self.at;
            if self.quotes && bytes.get(from) == Some(&b'"') {
                let mut end = from + 1;
                loop {
                    match bytes.get(end) {
                        None => {
                            self.at = bytes.len();
                            let why = "this quote is never closed, so all behind it is one cell".to_owned();
                            return Err((Span::new(from, from + 1), why));
                        }
                        Some(b'"') if bytes.get(end + 1) == Some(&b'"') => end += 2,
                        Some(b'"') => break,
                        Some(_) => end += 1,
                    }
                }
                let inside = self.text.get(from + 1..end).unwrap_or("");
                let text =
                    if inside.contains("\"\"") { Cow::Owned(inside.replace("\"\"", "\"")) } else { Cow::Borrowed(inside) };
                // What stands between a closing quote and the separator is no part of a cell in RFC 4180; blanks are common.
                self.at = end + 1;
                self.skip_to_end_of_cell();
                cells.push(Cell { text: trimmed(text), span: Span::new(from, end + 1) });
            } else {
                self.skip_to_end_of_cell();
                let raw = self.text.get(from..self.at).unwrap_or("");
                let lead = raw.len() - raw.trim_start().len();
                let text = raw.trim();
                cells.push(Cell { text: Cow::Borrowed(text), span: Span::new(from + lead, from + lead + text.len()) });
            }
            match bytes.get(self.at) {
                Some(b) if *b == self.separator => self.at += 1,
                Some(_) => {
                    let end = self.at;
                    self.at += if bytes.get(end..end + 2) == Some(b"\r\n") { 2 } else { 1 };
                    return Ok(Row { cells, span: Span::new(start, end) });
                }
                None => return Ok(Row { cells, span: Span::new(start, self.at) }),
            }
        }
    }

    fn skip_to_end_of_cell(&mut self) {
        let ends = |b: &u8| *b == self.separator || *b == b'\n' || *b == b'\r';
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

impl<'t> Iterator for Rows<'t> {
    type Item = Result<Row<'t>, (Span, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.text.len() {
            match self.row() {
                Ok(row) if row.cells.iter().all(|c| c.text.is_empty()) => {}
                found => return Some(found),
            }
        }
        None
    }
}
