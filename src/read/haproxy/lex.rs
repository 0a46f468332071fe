//! Lines to words, with quotes, escapes and environment variables (sections 2.2 and 2.3).
//!
//! Words end at spaces and tabs. A backslash keeps the next character (`\ `, `\#`, `\\`, `\n`, `\xHH`); between double quotes it
//! does so before `"`, `\`, `$` and a quote; single quotes keep everything. A `#` outside of quotes begins a comment. Variables
//! are expanded only between double quotes: `"$NAME"`, `"${NAME}"`, `"${NAME-default}"`. A line is a statement; none continues on the next.

use std::collections::BTreeMap;

use crate::source::{Location, SourceId, Span};

/// One word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    pub span: Span,
    /// An environment variable in it has no known value.
    pub unresolved: Option<String>,
    /// A quote is not closed on this line.
    pub open: bool,
}

/// One line with words on it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub source: SourceId,
    pub words: Vec<Word>,
    /// Stands at the very beginning of its line.
    pub flush: bool,
    /// Inside of `.if` blocks whose condition is not known.
    pub maybe: bool,
}

impl Line {
    pub fn first(&self) -> &str {
        self.words.first().map_or("", |w| &w.text)
    }

    /// The text of a word; empty beyond the end.
    pub fn word(&self, i: usize) -> &str {
        self.words.get(i).map_or("", |w| &w.text)
    }

    pub fn at(&self, i: usize) -> Location {
        let span = self.words.get(i).or(self.words.last()).map_or_else(Span::default, |w| w.span);
        Location::new(self.source, span)
    }

    /// From the first word to the last.
    pub fn location(&self) -> Location {
        let (first, last) = (self.words.first(), self.words.last());
        let span = first.zip(last).map_or_else(Span::default, |(a, b)| Span { start: a.span.start, end: b.span.end });
        Location::new(self.source, span)
    }

    pub fn unresolved(&self) -> Option<(&Word, &str)> {
        self.words.iter().find_map(|w| w.unresolved.as_deref().map(|name| (w, name)))
    }

    /// Words from `i` on, as they are read.
    pub fn rest(&self, i: usize) -> String {
        self.words.iter().skip(i).map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// What is known of the environment.
pub(super) type Environment = BTreeMap<String, String>;

/// The words of one line. `offset` is where the line begins in its text.
pub(super) fn words(line: &str, offset: usize, environment: &Environment) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut current: Option<Word> = None;
    let (mut single, mut double) = (false, false);
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let next = at + c.len_utf8();
        let after = line[next..].chars().next();
        if !single && !double && (c == ' ' || c == '\t' || c == '\r') {
            out.extend(finish(current.take(), offset + at));
            at = next;
            continue;
        }
        if !single && !double && c == '#' {
            break;
        }
        let word = current.get_or_insert_with(|| Word {
            text: String::new(),
            span: Span::new(offset + at, offset + at),
            unresolved: None,
            open: false,
        });
        at = next;
        match c {
            '"' if !single => double = !double,
            '\'' if !double => single = !single,
            '\\' if !single => at += escape(&line[next..], after, double, &mut word.text),
            '$' if double => at += expand(&line[next..], environment, word),
            _ => word.text.push(c),
        }
    }
    if let Some(word) = &mut current {
        word.open = single || double;
    }
    out.extend(finish(current, offset + at));
    out
}

fn finish(word: Option<Word>, end: usize) -> Option<Word> {
    word.map(|w| Word { span: Span::new(w.span.start as usize, end), ..w })
}

/// Adds what a backslash stands for and gives how many bytes after it are used up.
fn escape(rest: &str, after: Option<char>, double: bool, text: &mut String) -> usize {
    let Some(c) = after else {
        text.push('\\');
        return 0;
    };
    if double && !matches!(c, '"' | '\'' | '\\' | '$') {
        text.push('\\');
        return 0;
    }
    match c {
        'n' if !double => text.push('\n'),
        'r' if !double => text.push('\r'),
        't' if !double => text.push('\t'),
        'x' if !double => {
            if let Some(code) = rest.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                text.push(char::from(code));
                return 3;
            }
            text.push(c);
        }
        c => text.push(c),
    }
    c.len_utf8()
}

/// Adds a variable's value and gives how many bytes after the `$` are used up.
fn expand(rest: &str, environment: &Environment, word: &mut Word) -> usize {
    let name_end = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(text.len());
    let (name, default, used) = match rest.strip_prefix('{') {
        Some(inner) => {
            let Some(close) = inner.find('}') else {
                word.text.push('$');
                return 0;
            };
            let body = inner[..close].trim_end_matches("[*]");
            let end = name_end(body);
            (&body[..end], body[end..].strip_prefix('-'), close + 2)
        }
        None => {
            let end = name_end(rest);
            (&rest[..end], None, end)
        }
    };
    if name.is_empty() {
        word.text.push('$');
        return 0;
    }
    match environment.get(name).map(String::as_str).or(default) {
        Some(value) => word.text.push_str(value),
        // Format strings of logs, the position in the file: nothing that could be a target.
        None if name.starts_with('.') || name.starts_with("HAPROXY_") => {}
        None => word.unresolved = Some(name.to_owned()),
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(line: &str) -> String {
        let environment = Environment::from([("NAME".to_owned(), "value".to_owned())]);
        let words = words(line, 0, &environment);
        let one = |w: &Word| match &w.unresolved {
            Some(name) => format!("[{}|?{name}]", w.text),
            None => format!("[{}]{}", w.text, if w.open { "!" } else { "" }),
        };
        words.iter().map(one).collect()
    }

    #[test]
    fn words_of_a_line() {
        assert_eq!(show("  server a\t10.0.0.1:80 # comment"), "[server][a][10.0.0.1:80]");
        assert_eq!(show(r#"a\ b \# "c d" 'e "f"' g'h'"i""#), r#"[a b][#][c d][e "f"][ghi]"#);
        assert_eq!(
            show(r#""$NAME:80" "${NAME}x" "${OTHER-10.0.0.1}" $NAME '$NAME'"#),
            "[value:80][valuex][10.0.0.1][$NAME][$NAME]"
        );
        assert_eq!(show(r#""${OTHER}:80" "\$NAME" "\n""#), r"[:80|?OTHER][$NAME][\n]");
        assert_eq!(show(r#"a "b c"#), "[a][b c]!");
        assert_eq!(show(r#""${" "$" \x41 \"#), "[${][$][A][\\]");
        assert_eq!(show(""), "");
    }

    #[test]
    fn spans_hold_what_was_written() {
        let line = r#"  log "10.0.0.1"  x"#;
        let words = words(line, 0, &Environment::new());
        assert_eq!(words.iter().map(|w| &line[w.span.range()]).collect::<Vec<_>>(), ["log", "\"10.0.0.1\"", "x"]);
    }
}
