//! The text of an httpd configuration file to directives and sections.
//!
//! "Configuration Files": one directive a line, `\` at the end of a line joins it with the next, `#` at the beginning of a line opens a
//! comment; words are parted by blanks, quotes (either kind) keep blanks in one word; `<Name ...>` opens a section, `</Name>` closes it.

use crate::doc::Problem;
use crate::read::proxy::block::{Block, Nest, Word};
use crate::source::{SourceId, Span};

pub(super) fn parse(text: &str, source: SourceId) -> (Vec<Block>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut nest = Nest::new(source);
    let mut at = 0;
    while at < text.len() {
        let start = at;
        // The end of the line, over joined lines.
        let end = loop {
            let stop = text[at..].find('\n').map_or(text.len(), |i| at + i);
            let line = text[at..stop].trim_end_matches('\r');
            at = (stop + 1).min(text.len());
            if !line.ends_with('\\') || stop >= text.len() {
                break stop;
            }
        };
        if end >= text.len() {
            at = text.len();
        }
        let line = &text[start..end];
        let code = line.trim_start();
        let from = start + (line.len() - code.len());
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        if let Some(name) = code.strip_prefix("</") {
            let name = name.trim_end().trim_end_matches('>').trim();
            if nest.is_beyond() || nest.name().is_some_and(|opened| opened.eq_ignore_ascii_case(name)) {
                nest.leave();
            } else {
                let message = format!("`</{name}>` closes nothing that is open here");
                problems.push(Problem::new(Span::new(from, end), message));
            }
            continue;
        }
        if let Some(inner) = code.strip_prefix('<') {
            let inner = inner.trim_end();
            let Some(inner) = inner.strip_suffix('>') else {
                problems.push(Problem::new(Span::new(from, end), "a section's head that does not end with `>`"));
                continue;
            };
            let head = words(inner, from + 1, &mut problems);
            nest.enter(head, Span::new(from, end), "section", &mut problems);
            continue;
        }
        nest.add(words(code, from, &mut problems));
    }
    let blocks = nest.end("section", &mut problems);
    (blocks, problems)
}

fn words(line: &str, offset: usize, problems: &mut Vec<Problem>) -> Vec<Word> {
    let bytes = line.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    let joins = |at: usize| bytes[at] == b'\\' && matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r'));
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() || joins(at) {
            at += 1;
            continue;
        }
        let quote = Some(bytes[at]).filter(|b| matches!(b, b'"' | b'\''));
        let start = at + usize::from(quote.is_some());
        at = start;
        let mut text = String::new();
        let mut from = start;
        loop {
            let Some(byte) = bytes.get(at).copied() else {
                if quote.is_some() {
                    problems.push(Problem::new(Span::new(offset + start - 1, offset + start), "a quote that is never closed"));
                }
                break;
            };
            let stop = match quote {
                Some(quote) => byte == quote,
                None => byte.is_ascii_whitespace() || joins(at),
            };
            if stop {
                break;
            }
            let hides = byte == b'\\' && quote.is_some() && bytes.get(at + 1).is_some_and(|b| Some(*b) == quote || *b == b'\\');
            if hides {
                text.push_str(&line[from..at]);
                from = at + 1;
                at += 1;
            }
            at += 1;
        }
        let end = at.min(bytes.len());
        text.push_str(&line[from.min(end)..end]);
        words.push(Word { text, span: Span::new(offset + start, offset + end), quoted: quote.is_some() });
        at += 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::proxy::block::shown;

    #[test]
    fn directives_and_sections() {
        let parsed = |text: &str| shown(parse(text, SourceId(0)), ";");
        for (text, expected) in [
            ("# no\nA \"b \\\" c\" 'd e'\n", "A|b \" c|d e"),
            ("A b \\\n  c\nD", "A|b|c;D"),
            ("<VirtualHost *:80>\nA\n</virtualhost>\nB", "VirtualHost|*:80{A};B"),
            ("<If \"%{A} == 'b'\">\nC\n</If>", "If|%{A} == 'b'{C}"),
            ("<A>\nB", "A{B} !a section that is never closed: the text seems to be cut off"),
            ("</A>\nB", "B !`</A>` closes nothing that is open here"),
            ("A \"b", "A|b !a quote that is never closed"),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        assert!(parsed(&"<A>\n".repeat(100_000)).contains("too deeply"));
    }
}
