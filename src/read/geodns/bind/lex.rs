//! named.conf as statements with their blocks (BIND 9 Administrator Reference Manual, "Configuration File (named.conf)"). What they
//! mean is told elsewhere.

use crate::source::{Location, SourceId, Span};

const MAX_DEPTH: usize = 32;

/// `word word { ... } word;`
#[derive(Debug)]
pub struct Statement {
    pub words: Vec<(String, Location)>,
    pub block: Option<Vec<Statement>>,
    pub at: Location,
}

impl Statement {
    pub fn word(&self, i: usize) -> &str {
        self.words.get(i).map_or("", |(w, _)| w)
    }

    pub fn inner(&self) -> &[Statement] {
        self.block.as_deref().unwrap_or(&[])
    }

    pub fn find(&self, name: &str) -> Option<&Statement> {
        self.inner().iter().find(|s| s.word(0) == name)
    }
}

pub struct Parser<'t> {
    pub text: &'t str,
    pub file: SourceId,
    pub at: usize,
    pub problems: Vec<(Location, String)>,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn wrong(&mut self, at: usize, message: &str) {
        if self.problems.len() < 20 {
            let end = self.text.ceil_char_boundary((at + 1).min(self.text.len()));
            self.problems.push((Location::new(self.file, Span::new(at.min(end), end)), message.to_owned()));
        }
    }

    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let length = match rest.chars().next() {
                Some(c) if c.is_whitespace() => c.len_utf8(),
                Some('#') => rest.find('\n').unwrap_or(rest.len()),
                Some('/') if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                Some('/') if rest.starts_with("/*") => match rest.find("*/") {
                    Some(end) => end + 2,
                    None => {
                        let (at, length) = (self.at, rest.len());
                        self.wrong(at, "a comment is not closed");
                        length
                    }
                },
                _ => return,
            };
            self.at += length;
        }
    }

    pub fn block(&mut self, depth: usize, braced: bool) -> Vec<Statement> {
        let opened = self.at;
        let mut statements = Vec::new();
        if depth > MAX_DEPTH {
            self.wrong(opened, "it is nested too deeply");
            self.at = self.text.len();
            return statements;
        }
        let mut words: Vec<(String, Location)> = Vec::new();
        let mut inner: Option<Vec<Statement>> = None;
        let mut start = self.at;
        loop {
            self.skip();
            if words.is_empty() && inner.is_none() {
                start = self.at;
            }
            let at = self.at;
            match self.rest().chars().next() {
                None => {
                    if braced || !words.is_empty() {
                        self.wrong(
                            opened.min(self.text.len()),
                            "a statement or block is not closed: the file stops before its end",
                        );
                    }
                    if !words.is_empty() {
                        statements.push(Statement {
                            words,
                            block: inner,
                            at: Location::new(self.file, Span::new(start, self.at)),
                        });
                    }
                    return statements;
                }
                Some(';') => {
                    self.at += 1;
                    if !words.is_empty() || inner.is_some() {
                        let span = Span::new(start, words.last().map_or(at, |(_, l)| l.span.end as usize).max(start));
                        statements.push(Statement {
                            words: std::mem::take(&mut words),
                            block: inner.take(),
                            at: Location::new(self.file, span),
                        });
                    }
                }
                Some('{') => {
                    self.at += 1;
                    let more = self.block(depth + 1, true);
                    inner.get_or_insert_with(Vec::new).extend(more);
                }
                Some('}') => {
                    self.at += 1;
                    if braced {
                        if !words.is_empty() {
                            self.wrong(at, "a `;` is missing before `}`");
                            statements.push(Statement {
                                words,
                                block: inner,
                                at: Location::new(self.file, Span::new(start, at)),
                            });
                        }
                        return statements;
                    }
                    self.wrong(at, "this `}` closes nothing");
                }
                Some('"') => {
                    let length = self.rest().get(1..).and_then(|r| r.find('"'));
                    let Some(length) = length else {
                        self.wrong(at, "a quoted text is not closed");
                        self.at = self.text.len();
                        continue;
                    };
                    let word = self.rest().get(1..1 + length).unwrap_or("").to_owned();
                    self.at += length + 2;
                    words.push((word, Location::new(self.file, Span::new(at + 1, at + 1 + length))));
                }
                Some(_) => {
                    let rest = self.rest();
                    let length = rest.find(|c: char| c.is_whitespace() || "{};\"#".contains(c)).unwrap_or(rest.len());
                    let length = if length == 0 { rest.chars().next().map_or(1, char::len_utf8) } else { length };
                    let word = rest.get(..length).unwrap_or("").to_owned();
                    self.at += length;
                    words.push((word, Location::new(self.file, Span::new(at, at + length))));
                }
            }
        }
    }
}
