//! Finds the records of an export without building a tree of the whole text: a snapshot may be far larger than what each of its
//! resources needs. Lists are found by their path of keys from the top (`Instances.Instance`), records by their span.

use jiter::{Jiter, JiterResult, Peek};

use crate::doc::{Document, Node, Problem, Style, json};
use crate::source::{Location, SourceId, Span};

/// Lists are looked for below so many keys: `Response.Instances.Instance`.
const MAX_KEYS: usize = 3;

/// What a text consists of.
#[derive(Debug, Default)]
pub struct Records {
    /// In the order of the text, empty ones too.
    pub lists: Vec<List>,
    /// The keys of the outermost object.
    pub keys: Vec<String>,
    /// The outermost object; `None` for a list, and for lines of their own.
    pub whole: Option<Span>,
    /// Each line is a record, and a broken one costs itself only.
    pub lines: bool,
    /// The text ends or breaks here; the last record may then be cut short.
    pub problem: Option<Problem>,
}

/// A list at a path of keys; the outermost list, and lines, have an empty path.
#[derive(Debug)]
pub struct List {
    pub path: String,
    pub records: Vec<Span>,
}

impl Records {
    pub fn of(text: &str) -> Self {
        let by_line = |records| Self { lists: vec![List { path: String::new(), records }], lines: true, ..Self::default() };
        if first_line_is_whole(text) {
            return by_line(lines(text));
        }
        let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut finder = Finder { jiter: Jiter::new(&text.as_bytes()[skipped..]), skipped, found: Self::default() };
        let begins = text.len() - text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).len();
        let read = finder.jiter.peek().and_then(|peek| {
            finder.value(peek, &mut Vec::new())?;
            finder.jiter.finish()
        });
        let mut found = finder.found;
        if text.get(begins..).is_some_and(|t| t.starts_with('{')) {
            found.whole = Some(Span::new(begins, text.trim_end().len()));
        }
        if read.is_err() {
            // Lines of which the first one is broken.
            let lines = lines(text);
            let whole = lines.iter().filter(|span| is_object(text.get(span.range()).unwrap_or(""))).count();
            if whole * 2 > lines.len() && lines.len() > 1 {
                return by_line(lines);
            }
            // The parser of trees has the words for what is wrong; errors are rare, so reading again costs nothing that counts.
            found.problem = json::parse(text).take_problems().into_iter().next();
        }
        found
    }

    pub fn list(&self, path: &str) -> Option<&List> {
        self.lists.iter().find(|l| l.path == path)
    }

    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|k| k == key)
    }
}

/// Newline-delimited JSON: the first line is an object, and others follow.
fn first_line_is_whole(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next().is_some_and(is_object) && lines.next().is_some()
}

fn is_object(line: &str) -> bool {
    let mut jiter = Jiter::new(line.as_bytes());
    line.starts_with('{') && jiter.next_skip().and_then(|()| jiter.finish()).is_ok()
}

/// The lines that are not empty.
fn lines(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = text.strip_prefix('\u{feff}').map_or(0, |_| '\u{feff}'.len_utf8());
    for line in text.get(at..).unwrap_or("").split_inclusive('\n') {
        let trimmed = line.trim();
        if !trimmed.is_empty() {
            let start = at + (line.len() - line.trim_start().len());
            spans.push(Span::new(start, start + trimmed.len()));
        }
        at += line.len();
    }
    spans
}

struct Finder<'t> {
    jiter: Jiter<'t>,
    skipped: usize,
    found: Records,
}

impl Finder<'_> {
    fn here(&self) -> usize {
        self.skipped + self.jiter.current_index()
    }

    fn value(&mut self, peek: Peek, path: &mut Vec<String>) -> JiterResult<()> {
        match peek {
            Peek::Array => self.list(path),
            Peek::Object if path.len() < MAX_KEYS => {
                let mut key = self.jiter.known_object()?.map(str::to_owned);
                while let Some(name) = key {
                    if path.is_empty() {
                        self.found.keys.push(name.clone());
                    }
                    let peek = self.jiter.peek()?;
                    path.push(name);
                    self.value(peek, path)?;
                    path.pop();
                    key = self.jiter.next_key()?.map(str::to_owned);
                }
                Ok(())
            }
            other => self.jiter.known_skip(other),
        }
    }

    fn list(&mut self, path: &[String]) -> JiterResult<()> {
        self.found.lists.push(List { path: path.join("."), records: Vec::new() });
        let at = self.found.lists.len() - 1;
        let mut next = self.jiter.known_array()?;
        while let Some(peek) = next {
            let start = self.here();
            self.found.lists[at].records.push(Span::new(start, start));
            self.jiter.known_skip(peek)?;
            let end = self.here();
            if let Some(last) = self.found.lists[at].records.last_mut() {
                *last = Span::new(start, end);
            }
            next = self.jiter.array_step()?;
        }
        Ok(())
    }
}

/// One record's tree, and where it stands. Answers of some interfaces hold JSON within a string; all of it then stands at the string.
pub struct Record<'t> {
    document: Document<'t>,
    at: At,
}

/// Where the nodes of a record's tree stand in its file.
#[derive(Clone, Copy, Debug)]
pub struct At {
    source: SourceId,
    base: u32,
    /// The tree is that of a string's text.
    string: Option<Span>,
}

impl<'t> Record<'t> {
    pub fn new(source: SourceId, text: &'t str, span: Span) -> Self {
        // Only the last record of a broken text has no end.
        let range = if span.end > span.start { span.range() } else { span.start as usize..text.len() };
        let document = json::parse(text.get(range).unwrap_or(""));
        Self { document, at: At { source, base: span.start, string: None } }
    }

    /// The record that a string holds.
    pub fn within(text: &'t str, string: Location) -> Self {
        Self { document: json::parse(text), at: At { source: string.source, base: 0, string: Some(string.span) } }
    }

    pub fn root(&self) -> Option<Node<'_>> {
        self.document.root()
    }

    pub fn at(&self) -> At {
        self.at
    }

    /// The first thing that is wrong with it.
    pub fn problem(&self) -> Option<(Location, &Problem)> {
        self.document.problems().first().map(|p| (self.at.of_span(p.span), p))
    }
}

impl At {
    pub fn of(&self, node: Node<'_>) -> Location {
        self.of_span(node.span())
    }

    fn of_span(&self, span: Span) -> Location {
        let moved = Span { start: self.base.saturating_add(span.start), end: self.base.saturating_add(span.end) };
        Location::new(self.source, self.string.unwrap_or(moved))
    }
}

/// The text of a value below keys, if it is text or a number; nothing for an empty text.
pub fn text<'d>(node: Node<'d>, keys: &[&str]) -> Option<&'d str> {
    let found = node.path(keys)?;
    found.text().filter(|t| !t.is_empty() && found.style() != Some(Style::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        let found = Records::of(text);
        let lists: Vec<String> = found
            .lists
            .iter()
            .map(|l| format!("{}={:?}", l.path, l.records.iter().map(|s| &text[s.range()]).collect::<Vec<_>>()))
            .collect();
        format!("{} {:?} lines={} broken={}", lists.join(" "), found.keys, found.lines, found.problem.is_some())
    }

    #[test]
    fn lists_are_found_by_their_path() {
        assert_eq!(show(r#"[{"a":1}, 2]"#), r#"=["{\"a\":1}", "2"] [] lines=false broken=false"#);
        assert_eq!(
            show(r#"{"X":{"Y":[{"b":[1]}]},"Z":[]}"#),
            r#"X.Y=["{\"b\":[1]}"] Z=[] ["X", "Z"] lines=false broken=false"#
        );
        assert_eq!(show("{\"a\":1}\n\n{\"a\":2\n"), r#"=["{\"a\":1}", "{\"a\":2"] [] lines=true broken=false"#);
        assert_eq!(
            show("{\"a\":\n{\"b\":2}\n{\"c\":3}\n"),
            r#"=["{\"a\":", "{\"b\":2}", "{\"c\":3}"] [] lines=true broken=false"#
        );
        assert_eq!(
            show("{\"X\":[\n{\"a\":1},\n{\"a\":2}\n]}"),
            r#"X=["{\"a\":1}", "{\"a\":2}"] ["X"] lines=false broken=false"#
        );
        assert_eq!(show("{\"a\":\n1}"), r#" ["a"] lines=false broken=false"#);
    }

    #[test]
    fn a_text_cut_short_keeps_its_records() {
        assert_eq!(show(r#"[{"a":1},{"a":"#), r#"=["{\"a\":1}", ""] [] lines=false broken=true"#);
        assert_eq!(show(""), " [] lines=false broken=true");
    }
}
