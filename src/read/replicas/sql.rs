//! Statements of SQL and its relatives as words with their places: enough to find the few that copy data or say where it is kept,
//! in any dialect. It is no parser of queries; what it passes over is left to whoever asks.

use std::borrow::Cow;

use crate::source::{Location, SourceId, Span};

/// Words of one statement that are kept; an `INSERT` of a dump may have millions.
const MAX_WORDS: usize = 4000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A bare word or a number.
    Word,
    /// In double quotes, backquotes or brackets.
    Name,
    /// In single quotes or dollars.
    Text,
    Sign,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'t> {
    pub sort: Sort,
    /// Without its quotes.
    pub text: Cow<'t, str>,
    pub span: Span,
}

impl Word<'_> {
    /// A keyword or a sign, in whatever case.
    pub fn is(&self, word: &str) -> bool {
        matches!(self.sort, Sort::Word | Sort::Sign) && self.text.eq_ignore_ascii_case(word)
    }

    /// A name, as the catalogue knows it: lower case unless it was quoted.
    pub fn name(&self) -> String {
        if self.sort == Sort::Word { self.text.to_ascii_lowercase() } else { self.text.clone().into_owned() }
    }
}

/// One statement, without its semicolon.
#[derive(Clone, Debug)]
pub struct Statement<'t> {
    pub words: Vec<Word<'t>>,
    pub source: SourceId,
    /// It has more words than were kept.
    pub cut: bool,
}

impl<'t> Statement<'t> {
    /// Whether it begins so.
    pub fn starts(&self, words: &str) -> bool {
        let mut own = self.words.iter();
        words.split(' ').all(|w| own.next().is_some_and(|o| o.is(w)))
    }

    /// The place after these words, wherever they stand outside of quotes.
    pub fn after(&self, words: &str) -> Option<usize> {
        let wanted: Vec<&str> = words.split(' ').collect();
        let fits = |at: &usize| wanted.iter().enumerate().all(|(i, w)| self.words[at + i].is(w));
        (0..(self.words.len() + 1).saturating_sub(wanted.len())).find(fits).map(|at| at + wanted.len())
    }

    pub fn word(&self, at: usize) -> Option<&Word<'t>> {
        self.words.get(at)
    }

    pub fn at(&self, word: usize) -> Location {
        let span = self.words.get(word).or(self.words.first()).map_or(Span::default(), |w| w.span);
        Location::new(self.source, span)
    }

    /// A name with its qualifiers from `at`: `db.public.t`, and the place after it.
    pub fn path(&self, at: usize) -> Option<(String, usize)> {
        let mut name = self.words.get(at).filter(|w| w.sort != Sort::Sign)?.name();
        let mut at = at + 1;
        while self.words.get(at).is_some_and(|w| w.is("."))
            && let Some(next) = self.words.get(at + 1).filter(|w| w.sort != Sort::Sign)
        {
            name.push('.');
            name.push_str(&next.name());
            at += 2;
        }
        Some((name, at))
    }

    /// The place after `IF NOT EXISTS` or `IF EXISTS`, if that stands at `at`.
    pub fn skip_if(&self, at: usize) -> usize {
        let is = |i: usize, w: &str| self.words.get(at + i).is_some_and(|o| o.is(w));
        match () {
            () if is(0, "if") && is(1, "not") && is(2, "exists") => at + 3,
            () if is(0, "if") && is(1, "exists") => at + 2,
            () => at,
        }
    }

    /// The value of `KEY = value`, `KEY => value`, `KEY := value` or `KEY value`, with its place.
    pub fn value(&self, key: &str) -> Option<(&Word<'t>, Location)> {
        let mut at = self.after(key)?;
        while self.words.get(at).is_some_and(|w| w.sort == Sort::Sign && matches!(w.text.as_ref(), "=" | ":" | ">")) {
            at += 1;
        }
        let word = self.words.get(at).filter(|w| w.sort != Sort::Sign)?;
        Some((word, self.at(at)))
    }

    /// Names parted by commas from `at`, in or without parentheses.
    pub fn names(&self, at: usize) -> Vec<(String, usize)> {
        let mut at = at + usize::from(self.words.get(at).is_some_and(|w| w.is("(")));
        let mut names = Vec::new();
        while let Some((name, next)) = self.path(at) {
            names.push((name, at));
            if !self.words.get(next).is_some_and(|w| w.is(",")) {
                break;
            }
            at = next + 1;
        }
        names
    }

    /// Every text in quotes, with its place.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Location)> {
        let texts = self.words.iter().filter(|w| w.sort == Sort::Text);
        texts.map(|w| (w.text.as_ref(), Location::new(self.source, w.span)))
    }
}

/// All statements of a text, handed on one by one. Comments are passed over, those that MySQL executes (`/*! ... */`) are read; the
/// data of `COPY ... FROM stdin` is passed over up to its `\.` line.
pub fn statements<'t>(text: &'t str, source: SourceId, mut each: impl FnMut(Statement<'t>)) {
    let mut lexer = Lexer { text, at: 0, executed: false };
    let mut statement = Statement { words: Vec::new(), source, cut: false };
    loop {
        let word = lexer.next();
        let ends = word.as_ref().is_none_or(|w| w.sort == Sort::Sign && w.text == ";");
        if let Some(word) = word.filter(|_| !ends) {
            if statement.words.len() < MAX_WORDS {
                statement.words.push(word);
            } else {
                statement.cut = true;
            }
            continue;
        }
        if !statement.words.is_empty() {
            if statement.starts("copy") && statement.after("from stdin").is_some() {
                lexer.skip_rows();
            }
            each(std::mem::replace(&mut statement, Statement { words: Vec::new(), source, cut: false }));
        }
        if lexer.at >= text.len() {
            return;
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    /// Inside of a comment that MySQL executes.
    executed: bool,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_rows(&mut self) {
        self.at = self.rest().find("\n\\.").map_or(self.text.len(), |end| self.at + end + 3);
    }

    /// Over white space, comments and lines of the client (`\connect`).
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            let rest = self.rest();
            let line_start = self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n');
            let line = || rest.find('\n').unwrap_or(rest.len());
            if self.executed && rest.starts_with("*/") {
                self.executed = false;
                self.at += 2;
            } else if rest.starts_with("--") || rest.starts_with("//") || (line_start && rest.starts_with(['\\', '#'])) {
                self.at += line();
            } else if rest.starts_with("/*!") || rest.starts_with("/*M!") {
                let lead = if rest.starts_with("/*!") { 3 } else { 4 };
                let digits = rest[lead..].bytes().take_while(u8::is_ascii_digit).count();
                self.at += lead + digits;
                self.executed = true;
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            } else {
                return;
            }
        }
    }

    fn next(&mut self) -> Option<Word<'t>> {
        self.skip();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let start = self.at;
        let word = |sort, text, from, to| Word { sort, text, span: Span::new(from, to) };
        match first {
            '\'' => Some(self.quoted('\'', Sort::Text)),
            '"' => Some(self.quoted('"', Sort::Name)),
            '`' => Some(self.quoted('`', Sort::Name)),
            '$' => {
                let tag = rest[1..].find('$').filter(|end| rest[1..=*end].chars().all(|c| c.is_alphanumeric() || c == '_'));
                let Some(tag) = tag.map(|end| &rest[..end + 2]) else {
                    self.at += 1;
                    return Some(word(Sort::Sign, Cow::Borrowed(&rest[..1]), start, start + 1));
                };
                let body = &rest[tag.len()..];
                let len = body.find(tag).unwrap_or(body.len());
                self.at += (tag.len() * 2 + len).min(rest.len());
                Some(word(Sort::Text, Cow::Borrowed(&body[..len]), start + tag.len(), start + tag.len() + len))
            }
            c if c.is_alphanumeric() || c == '_' || c == '@' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '@' | '#')));
                let len = end.unwrap_or(rest.len());
                self.at += len;
                Some(word(Sort::Word, Cow::Borrowed(&rest[..len]), start, start + len))
            }
            c => {
                self.at += c.len_utf8();
                Some(word(Sort::Sign, Cow::Borrowed(&rest[..c.len_utf8()]), start, start + c.len_utf8()))
            }
        }
    }

    /// Up to the closing quote; a doubled quote and one behind `\` stand for themselves.
    fn quoted(&mut self, quote: char, sort: Sort) -> Word<'t> {
        let start = self.at + 1;
        let inner = self.text.get(start..).unwrap_or("");
        let mut plain = true;
        let mut chars = inner.char_indices().peekable();
        let mut end = inner.len();
        while let Some((at, c)) = chars.next() {
            if c == '\\' && sort == Sort::Text {
                plain = false;
                chars.next();
            } else if c == quote {
                if chars.peek().is_some_and(|(_, next)| *next == quote) {
                    plain = false;
                    chars.next();
                } else {
                    end = at;
                    break;
                }
            }
        }
        self.at = (start + end + 1).min(self.text.len());
        let body = &inner[..end];
        let twice = format!("{quote}{quote}");
        let text = if plain { Cow::Borrowed(body) } else { Cow::Owned(body.replace(&twice, &quote.to_string())) };
        Word { sort, text, span: Span::new(start, start + end) }
    }
}

/// Whether some line begins with one of these words (in capitals), or holds one of them after it began a statement: cheap enough
/// for a dump of any size.
pub fn has_statement(text: &str, beginnings: &[&str]) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start().trim_start_matches("/*!").trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let same = |a: &str, b: &str| a.as_bytes().get(..b.len()).is_some_and(|head| head.eq_ignore_ascii_case(b.as_bytes()));
        beginnings.iter().any(|b| {
            let mut rest = line;
            b.split(' ').all(|word| {
                let ends = word.ends_with('.')
                    || !rest.get(word.len()..).unwrap_or("").starts_with(|c: char| c.is_alphanumeric() || c == '_');
                let fits = same(rest, word) && ends;
                if fits {
                    rest = rest[word.len()..].trim_start();
                }
                fits
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let join = |s: Statement<'_>| s.words.iter().map(|w| w.text.to_string()).collect::<Vec<_>>().join("|");
        statements(text, SourceId(0), |s| found.push(join(s)));
        found
    }

    #[test]
    fn words_of_statements() {
        assert_eq!(all("a 'it''s'; -- no;\n/* x; */ B.\"c d\" = `e`;;"), ["a|it's", "B|.|c d|=|e"]);
        assert_eq!(all("COPY t (a) FROM stdin;\n1;2\n\\.\n\nc;"), ["COPY|t|(|a|)|FROM|stdin", "c"]);
        assert_eq!(all("/*!50013 CHANGE MASTER TO x=1 */;\nf($$a;b$$, $x$c$x$)"), ["CHANGE|MASTER|TO|x|=|1", "f|(|a;b|,|c|)"]);
        assert_eq!(all("'open"), ["open"]);
    }

    #[test]
    fn values() {
        statements("CREATE x WITH (A = 'b', c => 3) FROM d.e", SourceId(0), |s| {
            assert_eq!(s.value("a").map(|(w, _)| w.text.to_string()).as_deref(), Some("b"));
            assert_eq!(s.value("c").map(|(w, _)| w.text.to_string()).as_deref(), Some("3"));
            assert_eq!(s.path(s.after("from").unwrap()).unwrap().0, "d.e");
            assert!(s.starts("create x") && !s.starts("create y"));
        });
    }

    #[test]
    fn statements_are_recognized() {
        assert!(has_statement("x;\n  create  Subscription s", &["CREATE SUBSCRIPTION"]));
        assert!(has_statement("/*!40000 CHANGE MASTER TO", &["CHANGE MASTER"]));
        assert!(has_statement("select pglogical.create_node(x)", &["SELECT pglogical."]));
        assert!(!has_statement("CREATE SUBSCRIPTIONS", &["CREATE SUBSCRIPTION"]));
        assert!(!has_statement("-- CREATE SUBSCRIPTION s", &["CREATE SUBSCRIPTION"]));
    }
}
