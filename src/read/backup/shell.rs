//! A command line as a shell takes it apart: pipelines of simple commands, each a list of words with where they stand.
//!
//! POSIX.1-2024, "Shell Command Language": quoting (2.2), tokens (2.3), pipelines and lists (2.9). What a word's `$` and backquotes stand
//! for is left as it is written; loops and conditions are taken as lists of what stands in them, as any of it may run.

use crate::source::{Location, Span};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    pub at: Location,
}

/// One simple command.
#[derive(Clone, Debug, Default)]
pub(super) struct Simple {
    pub words: Vec<Word>,
    /// Files that its output goes to.
    pub writes: Vec<Word>,
    /// Its input is a file.
    pub reads: bool,
}

/// Commands of which each hands what it says to the next one.
pub(super) type Pipeline = Vec<Simple>;

/// Where the text of a command stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stands {
    /// It begins here, and stands there as it is.
    From(Location),
    /// It is written with quotes and escapes somewhere in this.
    Within(Location),
}

impl Stands {
    fn at(self, start: usize, end: usize) -> Location {
        match self {
            Self::From(begin) => {
                let base = begin.span.start as usize;
                Location::new(begin.source, Span::new(base + start, base + end))
            }
            Self::Within(whole) => whole,
        }
    }
}

/// Words that begin and end what may run.
const GRAMMAR: &[&str] = &["if", "then", "elif", "else", "fi", "while", "until", "do", "done", "{", "}", "!", "time"];

/// `None` where a quote is not closed: then nothing of it is sure. `operators`: `|`, `;`, `&` and `>` mean something (they do not to
/// systemd, which runs no shell).
pub(super) fn pipelines(text: &str, stands: Stands, operators: bool) -> Option<Vec<Pipeline>> {
    let mut all = Vec::new();
    let mut pipeline: Pipeline = Vec::new();
    let mut simple = Simple::default();
    // The next word is a file: one that is written to, or one that is read.
    let mut file: Option<bool> = None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c == '\n' || (operators && matches!(c, ';' | '(' | ')')) || (operators && c == '&' && !rest.starts_with("&>")) {
            end(&mut simple, &mut pipeline);
            all.push(std::mem::take(&mut pipeline));
            at += 1;
        } else if c.is_whitespace() {
            at += c.len_utf8();
        } else if operators && rest.starts_with("||") {
            end(&mut simple, &mut pipeline);
            all.push(std::mem::take(&mut pipeline));
            at += 2;
        } else if operators && c == '|' {
            end(&mut simple, &mut pipeline);
            if pipeline.is_empty() {
                // What stands in brackets or a loop before it hands over what it says.
                pipeline.push(Simple::default());
            }
            at += if rest.starts_with("|&") { 2 } else { 1 };
        } else if operators && c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if operators && (c == '>' || rest.starts_with("&>")) {
            at += rest.find(|c| !matches!(c, '>' | '&' | '|')).unwrap_or(rest.len());
            // `2>&1` names no file.
            let copies = text[..at].ends_with('&') && text[at..].starts_with(|c: char| c.is_ascii_digit() || c == '-');
            at += usize::from(copies);
            file = (!copies).then_some(true);
        } else if operators && c == '<' {
            at += rest.find(|c| c != '<').unwrap_or(rest.len());
            simple.reads = true;
            file = Some(false);
        } else {
            let (word, length) = word(rest, operators)?;
            let word = Word { text: word, at: stands.at(at, at + length) };
            at += length;
            let number = word.text.bytes().all(|b| b.is_ascii_digit());
            if operators && number && text[at..].starts_with(['>', '<']) {
                continue;
            }
            match file.take() {
                Some(true) => simple.writes.push(word),
                Some(false) => {}
                None if operators && simple.words.is_empty() && GRAMMAR.contains(&word.text.as_str()) => {}
                None => simple.words.push(word),
            }
        }
    }
    end(&mut simple, &mut pipeline);
    all.push(pipeline);
    all.retain(|p| p.iter().any(|s| !s.words.is_empty() || !s.writes.is_empty()));
    Some(all)
}

fn end(simple: &mut Simple, pipeline: &mut Pipeline) {
    let ended = std::mem::take(simple);
    if !ended.words.is_empty() || !ended.writes.is_empty() {
        pipeline.push(ended);
    }
}

/// A word without its quotes, and its length as written.
fn word(rest: &str, operators: bool) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c.is_whitespace() => return Some((text, at)),
            '|' | ';' | '&' | '<' | '>' | '(' | ')' if operators => return Some((text, at)),
            '\\' => text.extend(chars.next().map(|(_, c)| c)),
            '\'' => loop {
                match chars.next()?.1 {
                    '\'' => break,
                    c => text.push(c),
                }
            },
            '"' => loop {
                match chars.next()?.1 {
                    '"' => break,
                    '\\' => match chars.next()?.1 {
                        c @ ('"' | '\\' | '`' | '$') => text.push(c),
                        c => text.extend(['\\', c]),
                    },
                    c => text.push(c),
                }
            },
            // What a command says stands in for it, whole.
            '`' => {
                text.push(c);
                loop {
                    let c = chars.next()?.1;
                    text.push(c);
                    if c == '`' {
                        break;
                    }
                }
            }
            '$' if rest[at..].starts_with("$(") => {
                text.push(c);
                let mut depth = 0_usize;
                loop {
                    let c = chars.next()?.1;
                    text.push(c);
                    match c {
                        '(' => depth += 1,
                        ')' if depth == 1 => break,
                        ')' => depth -= 1,
                        _ => {}
                    }
                }
            }
            c => text.push(c),
        }
    }
    Some((text, rest.len()))
}

/// The options of a command and what is left of its words.
#[derive(Debug, Default)]
pub(super) struct Arguments<'w> {
    /// By name, with dashes: `-h`, `--host`. Flags have no value.
    pub options: Vec<(String, Option<Word>)>,
    pub places: Vec<&'w Word>,
}

impl<'w> Arguments<'w> {
    /// By the conventions of getopt: letters in a row, of which one in `letters` takes the rest or the next word; long names, of which
    /// those in `longs` take the next word unless they have a `=`.
    pub fn of(words: &'w [Word], letters: &str, longs: &str) -> Self {
        let mut found = Self::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = word.text.as_str();
            if text == "--" {
                found.places.extend(rest.by_ref());
            } else if let Some((name, value)) = text.split_once('=').filter(|(name, _)| name.starts_with("--")) {
                let value = Word { text: value.to_owned(), at: word.at };
                found.options.push((name.to_owned(), Some(value)));
            } else if text.starts_with("--")
                || (text.len() > 2 && text.starts_with('-') && longs.split_whitespace().any(|l| l == text))
            {
                let value = if longs.split_whitespace().any(|l| l == text) { rest.next().cloned() } else { None };
                found.options.push((text.to_owned(), value));
            } else if let Some(cluster) = text.strip_prefix('-').filter(|c| !c.is_empty()) {
                for (at, c) in cluster.char_indices() {
                    let name = format!("-{c}");
                    if !letters.contains(c) {
                        found.options.push((name, None));
                        continue;
                    }
                    let own = &cluster[at + c.len_utf8()..];
                    let own = own.strip_prefix('=').unwrap_or(own);
                    let value =
                        if own.is_empty() { rest.next().cloned() } else { Some(Word { text: own.to_owned(), at: word.at }) };
                    found.options.push((name, value));
                    break;
                }
            } else {
                found.places.push(word);
            }
        }
        found
    }

    /// The value that stands last for one of these names.
    pub fn value(&self, names: &[&str]) -> Option<&Word> {
        self.options.iter().rev().find(|(n, _)| names.contains(&n.as_str())).and_then(|(_, value)| value.as_ref())
    }

    pub fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(n, _)| names.contains(&n.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    fn show(text: &str, operators: bool) -> String {
        let stands = Stands::From(Location::new(SourceId(0), Span::new(0, 0)));
        let Some(all) = pipelines(text, stands, operators) else { return "?".to_owned() };
        let simple = |s: &Simple| {
            let words: Vec<&str> = s.words.iter().map(|w| w.text.as_str()).collect();
            let writes: String = s.writes.iter().map(|w| format!(" >{}", w.text)).collect();
            words.join("_") + &writes + if s.reads { " <" } else { "" }
        };
        all.iter().map(|p| p.iter().map(simple).collect::<Vec<_>>().join(" | ")).collect::<Vec<_>>().join(" ; ")
    }

    #[test]
    fn lines_fall_into_commands() {
        for (text, expected) in [
            ("a b 'c d' \"e $f\"", "a_b_c d_e $f"),
            ("a | b |& c && d || e; f & g", "a | b | c ; d ; e ; f ; g"),
            ("a > /x 2>&1 < in", "a >/x <"),
            ("a &>/x; b >>y 2>/dev/null", "a >/x ; b >y >/dev/null"),
            ("if a; then b; fi", "a ; b"),
            ("a $(b | c) `d | e` f\\ g", "a_$(b | c)_`d | e`_f g"),
            ("a # b | c", "a"),
            ("(a; b) | c", "a ; b ;  | c"),
            ("for x in y; do a; done | b", "for_x_in_y ; a ;  | b"),
            ("a 'b", "?"),
            ("a $(b", "?"),
        ] {
            assert_eq!(show(text, true), expected, "{text}");
        }
        assert_eq!(show("a | b; c > d 'e f'", false), "a_|_b;_c_>_d_e f");
    }

    #[test]
    fn options_by_getopt() {
        let words: Vec<Word> = "-avze ssh --port 22 --exclude=x -p2222 a --flag b -- -c"
            .split(' ')
            .map(|text| Word { text: text.to_owned(), at: Location::new(SourceId(0), Span::new(0, 0)) })
            .collect();
        let arguments = Arguments::of(&words, "ep", "--port");
        let places: Vec<&str> = arguments.places.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(places, ["a", "b", "-c"]);
        for (name, value) in [("-e", "ssh"), ("--port", "22"), ("--exclude", "x"), ("-p", "2222")] {
            assert_eq!(arguments.value(&[name]).map(|w| w.text.as_str()), Some(value), "{name}");
        }
        assert!(arguments.has(&["--flag"]) && arguments.has(&["-a"]) && arguments.value(&["-a"]).is_none());
    }
}
