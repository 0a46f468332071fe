//! A Caddyfile's text to blocks of words.
//!
//! "Caddyfile Concepts": words are parted by blanks; `"..."` and backticks quote; `<<MARK` begins a heredoc; `#` at the beginning of a
//! word opens a comment; `\` at the end of a line joins it with the next; `{` at the end of a line opens a block, `}` alone closes
//! it; `{$NAME:default}` is an environment variable.

use std::collections::BTreeMap;

use crate::doc::Problem;
use crate::read::proxy::block::{Block, Nest, Word};
use crate::source::{SourceId, Span};

/// The blocks of a text, and where it is broken. `environment` gives values of variables.
pub fn parse(text: &str, source: SourceId, environment: &BTreeMap<String, String>) -> (Vec<Block>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut nest = Nest::new(source);
    for mut words in lines(text, environment, &mut problems) {
        let bare = |w: &Word, text: &str| !w.quoted && w.text == text;
        if words.len() == 1 && bare(&words[0], "}") {
            if !nest.leave() {
                problems.push(Problem::new(words[0].span, "a `}` that closes nothing"));
            }
            continue;
        }
        let opens = words.last().is_some_and(|w| bare(w, "{"));
        if !opens {
            // A block on one line is no block to Caddy.
            if let Some(brace) = words.iter().find(|w| bare(w, "{") || bare(w, "}")) {
                problems.push(Problem::new(brace.span, "a brace that neither ends its line nor stands alone"));
            }
            nest.add(words);
            continue;
        }
        let brace = words.pop().map_or(Span::default(), |w| w.span);
        nest.enter(words, brace, "block", &mut problems);
    }
    let blocks = nest.end("block", &mut problems);
    (blocks, problems)
}

fn lines(text: &str, environment: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> Vec<Vec<Word>> {
    let bytes = text.as_bytes();
    let mut lines = Vec::new();
    let mut line: Vec<Word> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\n' => {
                at += 1;
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
            }
            b'\\' if matches!(&bytes[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]) => {
                at += if bytes[at + 1] == b'\r' { 3 } else { 2 };
            }
            b if b.is_ascii_whitespace() => at += 1,
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            quote @ (b'"' | b'`') => {
                let start = at + 1;
                at = start;
                let mut word = String::new();
                let mut from = start;
                while at < bytes.len() && bytes[at] != quote {
                    if bytes[at] == b'\\' && quote == b'"' && bytes.get(at + 1) == Some(&b'"') {
                        word.push_str(&text[from..at]);
                        from = at + 1;
                        at += 1;
                    }
                    at += 1;
                }
                let end = at.min(bytes.len());
                word.push_str(&text[from.min(end)..end]);
                if at >= bytes.len() {
                    problems.push(Problem::new(Span::new(start - 1, start), "a quote that is never closed"));
                }
                at += 1;
                line.push(Word { text: substitute(&word, environment), span: Span::new(start, end), quoted: true });
            }
            _ => {
                let start = at;
                while at < bytes.len() && !bytes[at].is_ascii_whitespace() {
                    at += 1;
                }
                let word = &text[start..at];
                if let Some(mark) = word.strip_prefix("<<").filter(|m| !m.is_empty()) {
                    at = heredoc(text, at, mark, problems);
                    let span = Span::new(start, at);
                    line.push(Word { text: text[start..at].to_owned(), span, quoted: true });
                } else {
                    line.push(Word { text: substitute(word, environment), span: Span::new(start, at), quoted: false });
                }
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Behind the line that holds only the mark.
fn heredoc(text: &str, from: usize, mark: &str, problems: &mut Vec<Problem>) -> usize {
    let mut at = from;
    for line in text[from..].split_inclusive('\n') {
        let code = line.trim_start();
        if at > from && code.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace)) {
            return at + (line.len() - code.len()) + mark.len();
        }
        at += line.len();
    }
    problems.push(Problem::new(Span::new(from - mark.len(), from), "a heredoc that never ends"));
    text.len()
}

/// `{$NAME}` and `{$NAME:default}`; what is not known stays as it is written.
fn substitute(word: &str, environment: &BTreeMap<String, String>) -> String {
    let mut done = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once("{$") {
        let Some((inner, behind)) = after.split_once('}') else { break };
        let (name, default) = inner.split_once(':').map_or((inner, None), |(n, d)| (n, Some(d)));
        done.push_str(before);
        match environment.get(name).map(String::as_str).or(default) {
            Some(value) => done.push_str(value),
            None => {
                done.push_str("{$");
                done.push_str(inner);
                done.push('}');
            }
        }
        rest = behind;
    }
    done.push_str(rest);
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::proxy::block::shown;

    #[test]
    fn words_and_blocks() {
        let environment = BTreeMap::from([("HOST".to_owned(), "a.example".to_owned())]);
        let parsed = |text: &str| shown(parse(text, SourceId(0), &environment), ";");
        for (text, expected) in [
            ("a.example {\n  respond \"x \\\" y\" # no\n}\n", "a.example{respond|x \" y}"),
            ("{$HOST} {$PORT:80} {$NO}", "a.example|80|{$NO}"),
            ("a \\\n  b\nc", "a|b;c"),
            ("respond `a\nb`", "respond|a\nb"),
            ("respond <<END\n  a }\n  END 200", "respond|<<END\n  a }\n  END|200"),
            ("a {\n b {\n", "a{b{}} !a block that is never closed: the text seems to be cut off"),
            ("}\na", "a !a `}` that closes nothing"),
            ("{\n debug\n}\na", "{debug};a"),
            ("a#b {args[0]}", "a#b|{args[0]}"),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        assert!(parsed(&"a {\n".repeat(100_000)).contains("too deeply"));
    }
}
