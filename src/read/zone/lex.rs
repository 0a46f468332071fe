//! Master-file text into entries (RFC 1035 section 5.1): one logical line each, with the spans of its words. It knows
//! parentheses, quotes, escapes and comments; what a word means is not its business.

use crate::source::Span;

/// One word; a quoted one without its quotes.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub span: Span,
    pub quoted: bool,
}

/// One logical line with at least one word or an error.
#[derive(Debug)]
pub struct Entry {
    /// It begins with white space: the owner is that of the entry before.
    pub blank: bool,
    pub words: Vec<Word>,
    /// What is wrong with the line as a whole, and where.
    pub error: Option<(Span, &'static str)>,
    /// Something was opened that the text does not close: it may be cut off.
    pub cut: bool,
}

impl Entry {
    pub fn span(&self) -> Span {
        match (self.words.first(), self.words.last()) {
            (Some(first), Some(last)) => Span { start: first.span.start, end: last.span.end },
            _ => self.error.map(|(span, _)| span).unwrap_or_default(),
        }
    }
}

/// Gives the entries of a text in order. After an error it goes on with the next line.
pub struct Entries<'a> {
    text: &'a str,
    at: usize,
    /// A parenthesis was never closed: from there on each line stands alone. Found at most once, so the cost stays linear.
    lines_only: bool,
}

impl<'a> Entries<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, lines_only: false }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over a backslash and what it escapes; a line end is never escaped.
    fn skip_escape(&mut self) {
        self.at += 1;
        let next = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        self.at += next.filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    }

    /// From behind an opening quote to behind the closing one; the end of the inside, and whether it was closed.
    fn quoted(&mut self) -> (usize, bool) {
        loop {
            match self.byte() {
                None | Some(b'\n') => return (self.at, false),
                Some(b'"') => {
                    self.at += 1;
                    return (self.at - 1, true);
                }
                Some(b'\\') => self.skip_escape(),
                Some(_) => self.at += 1,
            }
        }
    }

    fn entry(&mut self) -> Option<Entry> {
        const UNQUOTED: &str = "a quoted text is not closed on its line";
        let blank = matches!(self.byte()?, b' ' | b'\t');
        let mut entry = Entry { blank, words: Vec::new(), error: None, cut: false };
        let mut depth = 0_usize;
        let mut opened = 0;
        loop {
            let start = self.at;
            match self.byte() {
                None | Some(b'\n') if depth == 0 => {
                    self.at += 1;
                    return Some(entry);
                }
                None => {
                    // Take the line of the parenthesis alone and go on behind it.
                    let end = self.text.get(opened..).and_then(|t| t.find('\n')).map_or(self.text.len(), |n| opened + n);
                    entry.words.retain(|w| (w.span.start as usize) < end);
                    entry.error = Some((Span::new(opened, opened + 1), "the parenthesis opened here is never closed"));
                    entry.cut = true;
                    self.at = end + 1;
                    self.lines_only = true;
                    return Some(entry);
                }
                Some(b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c) => self.at += 1,
                Some(b';') => {
                    self.at = self.text.get(start..).and_then(|t| t.find('\n')).map_or(self.text.len(), |n| start + n);
                }
                Some(b'(') => {
                    self.at += 1;
                    if !self.lines_only {
                        opened = if depth == 0 { start } else { opened };
                        depth += 1;
                    }
                }
                Some(b')') => {
                    self.at += 1;
                    if depth == 0 && !self.lines_only {
                        entry.error.get_or_insert((Span::new(start, start + 1), "this parenthesis was never opened"));
                    }
                    depth = depth.saturating_sub(1);
                }
                Some(b'"') => {
                    self.at += 1;
                    let (end, closed) = self.quoted();
                    entry.words.push(Word { span: Span::new(start + 1, end), quoted: true });
                    if !closed {
                        entry.error.get_or_insert((Span::new(start, end), UNQUOTED));
                    }
                }
                Some(_) => {
                    let mut closed = true;
                    loop {
                        match self.byte() {
                            None | Some(b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | b';' | b'(' | b')') => break,
                            Some(b'\\') => self.skip_escape(),
                            // `alpn="h2,h3"`: the quotes are inside the word.
                            Some(b'"') => {
                                self.at += 1;
                                closed &= self.quoted().1;
                            }
                            Some(_) => self.at += 1,
                        }
                    }
                    let span = Span::new(start, self.at);
                    entry.words.push(Word { span, quoted: false });
                    if !closed {
                        entry.error.get_or_insert((span, UNQUOTED));
                    }
                }
            }
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            let entry = self.entry()?;
            if !entry.words.is_empty() || entry.error.is_some() {
                return Some(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `_` marks a blank owner, `"` a quoted word, `!` an error.
    fn words(text: &str) -> Vec<String> {
        Entries::new(text)
            .map(|e| {
                let word = |w: &Word| format!("{}{}", if w.quoted { "\"" } else { "" }, &text[w.span.range()]);
                let words = e.words.iter().map(word).collect::<Vec<_>>().join("|");
                format!("{}{words}{}", if e.blank { "_" } else { "" }, if e.error.is_some() { "!" } else { "" })
            })
            .collect()
    }

    #[test]
    fn entries() {
        for (text, expected) in [
            ("a A 1 ; x\n\n ; only a comment\n\tB 2", vec!["a|A|1", "_B|2"]),
            ("@ SOA a b (\n 1 ; serial (\n 2 )\nb A 1", vec!["@|SOA|a|b|1|2", "b|A|1"]),
            ("x TXT \"a;b (\" \"c\\\"d\"e", vec!["x|TXT|\"a;b (|\"c\\\"d|e"]),
            ("x HTTPS 1 . alpn=\"h2 h3\" k=v", vec!["x|HTTPS|1|.|alpn=\"h2 h3\"|k=v"]),
            ("a\\;b\\ c A 1\r\nd", vec!["a\\;b\\ c|A|1", "d"]),
            ("x TXT \"open\ny A 1", vec!["x|TXT|\"open!", "y|A|1"]),
            ("a ( b\nc ( d )\ne )\nf ( g\nh (i)\n", vec!["a|b|c|d|e", "f|g!", "h|i"]),
            ("a ) b\nc", vec!["a|b!", "c"]),
            ("x\\", vec!["x\\"]),
            ("x\\\ny", vec!["x\\", "y"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }
}
