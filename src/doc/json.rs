//! JSON (RFC 8259) into the tree. The first syntax error ends the reading; what came before it is kept.

use std::borrow::Cow;

use jiter::{Jiter, JiterErrorType, JsonErrorType, Peek};

use super::build::Builder;
use super::toml::on_boundaries;
use super::{Document, Problem, Style};
use crate::source::Span;

/// Parses a text; a byte order mark before it is skipped.
pub fn parse(text: &str) -> Document<'_> {
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, skipped, jiter: Jiter::new(&text.as_bytes()[skipped..]), builder: Builder::new(text) };
    if let Err(problem) = reader.document() {
        reader.builder.problem(problem);
    }
    reader.builder.finish()
}

/// The same text with its comments (`//`, `/* */`) as spaces: what Azure's tools and many editors take as JSON. Every byte stays where it was, so spans hold for the text as written.
pub fn without_comments(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if !text.contains("//") && !text.contains("/*") {
        return Cow::Borrowed(text);
    }
    let mut out: Option<Vec<u8>> = None;
    let mut blank = |range: std::ops::Range<usize>| {
        let out = out.get_or_insert_with(|| bytes.to_vec());
        out[range].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
    };
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => at = string_end(bytes, at + 1),
            (b'/', Some(b'/')) => {
                let end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n);
                blank(at..end);
                at = end;
            }
            (b'/', Some(b'*')) => {
                let end = bytes[at + 2..].windows(2).position(|w| w == b"*/").map_or(bytes.len(), |n| at + n + 4);
                blank(at..end);
                at = end;
            }
            _ => at += 1,
        }
    }
    // Only whole characters were replaced, by as many spaces as they had bytes.
    match out.map(String::from_utf8) {
        Some(Ok(clean)) => Cow::Owned(clean),
        _ => Cow::Borrowed(text),
    }
}

/// Behind the quote that ends a string.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

struct Reader<'t> {
    text: &'t str,
    /// Length of the byte order mark.
    skipped: usize,
    jiter: Jiter<'t>,
    builder: Builder<'t>,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<(), Problem> {
        let peek = self.jiter.peek();
        let first = self.good(peek)?;
        self.value(first)?;
        // Each round reads one more value of the innermost container, or ends it.
        while let Some(next) = self.step()? {
            if let Some(peek) = next {
                self.value(peek)?;
            }
        }
        let end = self.jiter.finish();
        self.good(end)
    }

    /// `None`: all containers are closed. `Some(None)`: one container ended.
    fn step(&mut self) -> Result<Option<Option<Peek>>, Problem> {
        if self.builder.depth() == 0 {
            return Ok(None);
        }
        let before = self.here();
        let next = if self.builder.wants_key() {
            let key = self.jiter.next_key().map(|k| k.map(str::to_owned));
            match self.good(key)? {
                Some(key) => {
                    self.key(before, key);
                    let peek = self.jiter.peek();
                    Some(self.good(peek)?)
                }
                None => None,
            }
        } else {
            let peek = self.jiter.array_step();
            self.good(peek)?
        };
        if next.is_none() {
            self.close();
        }
        Ok(Some(next))
    }

    /// Reads a value up to and with its first innermost one: one level of recursion a level of nesting, which the builder bounds.
    fn value(&mut self, peek: Peek) -> Result<(), Problem> {
        let start = self.here();
        match peek {
            Peek::Object => {
                self.open(true, start)?;
                let first = self.jiter.known_object().map(|k| k.map(str::to_owned));
                match self.good(first)? {
                    Some(key) => {
                        self.key(start + 1, key);
                        let peek = self.jiter.peek();
                        let peek = self.good(peek)?;
                        return self.value(peek);
                    }
                    None => self.close(),
                }
            }
            Peek::Array => {
                self.open(false, start)?;
                let first = self.jiter.known_array();
                match self.good(first)? {
                    Some(peek) => return self.value(peek),
                    None => self.close(),
                }
            }
            Peek::String => {
                let decoded = self.jiter.known_str().map(str::to_owned);
                let decoded = self.good(decoded)?;
                let span = Span::new(start, self.here());
                let raw = self.text.get(start + 1..self.here() - 1).unwrap_or("");
                let text = if raw == decoded { Cow::Borrowed(raw) } else { Cow::Owned(decoded) };
                self.builder.scalar(text, Style::Quoted, span);
            }
            Peek::Null => {
                let read = self.jiter.known_null();
                self.good(read)?;
                self.written(start, Style::Null);
            }
            Peek::True | Peek::False => {
                let read = self.jiter.known_bool(peek).map(|_| ());
                self.good(read)?;
                self.written(start, Style::Bool);
            }
            _ => {
                let read = self.jiter.known_number_bytes(peek).map(|_| ());
                self.good(read)?;
                self.written(start, Style::Number);
            }
        }
        Ok(())
    }

    fn written(&mut self, start: usize, style: Style) {
        let span = Span::new(start, self.here());
        self.builder.scalar(Cow::Borrowed(self.text.get(span.range()).unwrap_or("")), style, span);
    }

    fn open(&mut self, is_map: bool, start: usize) -> Result<(), Problem> {
        let opened = self.builder.open(is_map, Span::new(start, start + 1));
        opened.map(|_| ()).map_err(|_| Problem::new(Span::new(start, start + 1), "values nest deeper than 128 levels"))
    }

    fn close(&mut self) {
        let end = Span::new(self.here(), self.here()).end;
        if let Some(closed) = self.builder.close(Some(end)) {
            self.builder.check_duplicates(closed.id);
        }
    }

    /// A key was read somewhere after `from`, where a comma or white space may stand before it.
    fn key(&mut self, from: usize, key: String) {
        let rest = self.text.get(from..self.here()).unwrap_or("");
        let start = from + rest.find('"').unwrap_or(0);
        let after = self.text.get(start + 1..).unwrap_or("");
        let (text, len) = match after.strip_prefix(key.as_str()) {
            Some(tail) if tail.starts_with('"') && !key.contains('\\') => (Cow::Borrowed(&after[..key.len()]), key.len()),
            _ => (Cow::Owned(key), closing_quote(after)),
        };
        let span = on_boundaries(self.text, start..start + len + 2);
        self.builder.scalar(text, Style::Quoted, span);
    }

    fn here(&self) -> usize {
        self.skipped + self.jiter.current_index()
    }

    fn good<T>(&self, result: Result<T, jiter::JiterError>) -> Result<T, Problem> {
        result.map_err(|error| {
            let at = self.skipped + error.index;
            let at = if at >= self.text.len() { self.text.len() } else { at };
            let span = on_boundaries(self.text, at..(at + 1));
            Problem::new(span, words(&error.error_type, self.text.get(span.range()).unwrap_or("")))
        })
    }
}

/// Bytes up to the quote that ends a JSON string.
fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|b| {
        let end = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        end
    });
    end.unwrap_or(text.len())
}

fn words(error: &JiterErrorType, found: &str) -> String {
    let JiterErrorType::JsonError(error) = error else { return "this is not a JSON value".to_owned() };
    match error {
        JsonErrorType::EofWhileParsingList
        | JsonErrorType::EofWhileParsingObject
        | JsonErrorType::EofWhileParsingString
        | JsonErrorType::EofWhileParsingValue => "the JSON text ends too early".to_owned(),
        JsonErrorType::TrailingCharacters => format!("`{found}` follows after the end of the JSON value"),
        JsonErrorType::TrailingComma => "a comma before a closing bracket is not allowed in JSON".to_owned(),
        JsonErrorType::KeyMustBeAString => format!("a key in double quotes should stand here, not `{found}`"),
        JsonErrorType::ExpectedColon => format!("a colon should stand here, not `{found}`"),
        JsonErrorType::ExpectedListCommaOrEnd => format!("a comma or `]` should stand here, not `{found}`"),
        JsonErrorType::ExpectedObjectCommaOrEnd => format!("a comma or `}}` should stand here, not `{found}`"),
        JsonErrorType::ExpectedSomeValue | JsonErrorType::ExpectedSomeIdent => {
            format!("a JSON value should stand here, not `{found}`")
        }
        other => format!("this is not JSON: {other}"),
    }
}
