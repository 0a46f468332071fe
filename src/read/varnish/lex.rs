//! VCL text to statements of words.
//!
//! vcl(7): statements end with `;`, blocks stand in braces; `#`, `//` and `/* */` are comments; `"..."`, `{"..."}` and `"""..."""` are
//! strings; `C{ }C` holds code in C. Fastly puts what its service configuration says in place of comments such as `#FASTLY recv`, so
//! these are kept as statements.

use crate::doc::Problem;
use crate::read::proxy::block::{Block, Nest, Word};
use crate::source::{SourceId, Span};

/// What two characters make one word.
const PAIRS: [&str; 10] = ["==", "!=", "!~", "&&", "||", "<=", ">=", "+=", "-=", "*="];

pub(super) fn parse(text: &str, source: SourceId) -> (Vec<Block>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut nest = Nest::new(source);
    let mut words: Vec<Word> = Vec::new();
    for word in tokens(text, &mut problems) {
        let bare = if word.quoted { "" } else { word.text.as_str() };
        match bare {
            ";" => nest.add(std::mem::take(&mut words)),
            _ if bare.starts_with("#FASTLY") => {
                nest.add(std::mem::take(&mut words));
                nest.add(vec![word]);
            }
            "{" => nest.enter(std::mem::take(&mut words), word.span, "block", &mut problems),
            "}" if nest.is_beyond() => _ = nest.leave(),
            "}" => {
                // Entries of a table are parted by commas.
                if !words.is_empty() && nest.name() != Some("table") {
                    problems.push(Problem::new(word.span, "a statement that does not end with `;`"));
                }
                nest.add(std::mem::take(&mut words));
                if !nest.leave() {
                    problems.push(Problem::new(word.span, "a `}` that closes nothing"));
                }
            }
            _ => words.push(word),
        }
    }
    if let Some(word) = words.last() {
        problems.push(Problem::new(word.span, "a statement that never ends: the text seems to be cut off"));
    }
    nest.add(words);
    let blocks = nest.end("block", &mut problems);
    (blocks, problems)
}

fn tokens(text: &str, problems: &mut Vec<Problem>) -> Vec<Word> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    // The end of what begins at `from` and ends with a mark.
    let until = |from: usize, mark: &str, what: &str, problems: &mut Vec<Problem>| match text[from..].find(mark) {
        Some(i) => (from + i, from + i + mark.len()),
        None => {
            problems.push(Problem::new(Span::new(from.saturating_sub(1), from), format!("{what} that never ends")));
            (text.len(), text.len())
        }
    };
    while at < bytes.len() {
        let rest = &text[at..];
        if bytes[at].is_ascii_whitespace() {
            at += 1;
        } else if rest.starts_with("#FASTLY") || rest.starts_with("//") || bytes[at] == b'#' {
            let end = rest.find('\n').map_or(text.len(), |i| at + i);
            if rest.starts_with("#FASTLY") {
                let line = text[at..end].trim_end();
                words.push(Word { text: line.to_owned(), span: Span::new(at, at + line.len()), quoted: false });
            }
            at = end;
        } else if rest.starts_with("/*") {
            at = until(at + 2, "*/", "a comment", problems).1;
        } else if let Some((open, close)) =
            [("C{", "}C"), ("\"\"\"", "\"\"\""), ("{\"", "\"}")].into_iter().find(|(open, _)| rest.starts_with(open))
        {
            let start = at + open.len();
            let (end, next) = until(start, close, "a string", problems);
            let code = open == "C{";
            let text = if code { "C{".to_owned() } else { text[start..end].to_owned() };
            let span = Span::new(if code { at } else { start }, if code { at + 2 } else { end });
            words.push(Word { text, span, quoted: !code });
            if code {
                words.push(Word { text: ";".to_owned(), span, quoted: false });
            }
            at = next;
        } else if bytes[at] == b'"' {
            let start = at + 1;
            let line = rest[1..].find('\n').map_or(text.len(), |i| start + i);
            let end = match text[start..line].find('"') {
                Some(i) => start + i,
                None => {
                    problems.push(Problem::new(Span::new(at, start), "a string that does not end on its line"));
                    line
                }
            };
            words.push(Word { text: text[start..end].to_owned(), span: Span::new(start, end), quoted: true });
            at = (end + 1).min(text.len());
        } else {
            let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '-' | '%');
            let start = at;
            let first = rest.chars().next().unwrap_or(' ');
            if word(first) && first != '-' {
                at += rest.find(|c: char| !word(c)).unwrap_or(rest.len());
            } else if let Some(pair) = PAIRS.iter().find(|p| rest.starts_with(**p)) {
                at += pair.len();
            } else {
                at += first.len_utf8();
            }
            words.push(Word { text: text[start..at].to_owned(), span: Span::new(start, at), quoted: false });
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::proxy::block::shown;

    #[test]
    fn statements() {
        let parsed = |text: &str| shown(parse(text, SourceId(0)), " ");
        for (text, expected) in [
            ("vcl 4.1; # no\n/* no; */ import std;", "vcl|4.1 import|std"),
            ("if (req.http.a == \"b;}\") { set x = y.z(); }", "if|(|req.http.a|==|b;}|){set|x|=|y.z|(|)}"),
            ("backend a { .host = \"b\"; .probe = { .url = \"/\"; } }", "backend|a{.host|=|b .probe|={.url|=|/}}"),
            ("synthetic {\"x } \"\";\"};", "synthetic|x } \"\";"),
            ("sub a {\n#FASTLY recv\n}", "sub|a{#FASTLY recv}"),
            ("C{ int x; }C", "C{"),
            ("a", "a !a statement that never ends: the text seems to be cut off"),
            ("sub a {", "sub|a{} !a block that is never closed: the text seems to be cut off"),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        assert!(parsed(&"{".repeat(100_000)).contains("too deeply"));
    }
}
