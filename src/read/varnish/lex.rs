//! VCL text to statements of words.
//!
//! vcl(7): statements end with `;`, blocks stand in braces; `#`, `//` and `/* */` are comments; `"..."`, `{"..."}` and `"""..."""` are
//! strings; `C{ }C` holds code in C. Fastly puts what its service configuration says in place of comments such as `#FASTLY recv`, so
//! these are kept as statements.

use crate::doc::Problem;
use crate::read::proxy::block::{Block, MAX_DEPTH, Word};
use crate::source::{SourceId, Span};

/// What two characters make one word.
const PAIRS: [&str; 10] = ["==", "!=", "!~", "&&", "||", "<=", ">=", "+=", "-=", "*="];

pub(super) fn parse(text: &str, source: SourceId) -> (Vec<Block>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut open: Vec<(Vec<Word>, Vec<Block>)> = vec![(Vec::new(), Vec::new())];
    let mut words: Vec<Word> = Vec::new();
    let mut beyond = 0_usize;
    let push = |open: &mut Vec<(Vec<Word>, Vec<Block>)>, words: &mut Vec<Word>| {
        if let (Some((_, body)), false) = (open.last_mut(), words.is_empty()) {
            body.push(Block { source, words: std::mem::take(words), body: None, part_of: None });
        }
    };
    for word in tokens(text, &mut problems) {
        let bare = if word.quoted { "" } else { word.text.as_str() };
        match bare {
            ";" => push(&mut open, &mut words),
            _ if bare.starts_with("#FASTLY") => {
                push(&mut open, &mut words);
                words.push(word);
                push(&mut open, &mut words);
            }
            "{" => {
                if open.len() > MAX_DEPTH || beyond > 0 {
                    if beyond == 0 {
                        problems.push(Problem::new(word.span, "blocks are nested too deeply to be read"));
                    }
                    beyond += 1;
                    continue;
                }
                let mut head = std::mem::take(&mut words);
                if head.is_empty() {
                    head.push(Word { text: String::new(), ..word });
                }
                open.push((head, Vec::new()));
            }
            "}" if beyond > 0 => beyond -= 1,
            "}" => {
                // Entries of a table are parted by commas.
                let table = open.last().and_then(|(head, _)| head.first()).is_some_and(|w| w.text == "table");
                if !words.is_empty() && !table {
                    problems.push(Problem::new(word.span, "a statement that does not end with `;`"));
                }
                push(&mut open, &mut words);
                if open.len() > 1 {
                    close(&mut open, source);
                } else {
                    problems.push(Problem::new(word.span, "a `}` that closes nothing"));
                }
            }
            _ => words.push(word),
        }
    }
    if let Some(word) = words.last() {
        problems.push(Problem::new(word.span, "a statement that never ends: the text seems to be cut off"));
    }
    push(&mut open, &mut words);
    if open.len() > 1 {
        let at = open.last().and_then(|(w, _)| w.first()).map_or(Span::default(), |w| w.span);
        problems.push(Problem::new(at, "a block that is never closed: the text seems to be cut off"));
    }
    while open.len() > 1 {
        close(&mut open, source);
    }
    (open.pop().map(|(_, body)| body).unwrap_or_default(), problems)
}

fn close(open: &mut Vec<(Vec<Word>, Vec<Block>)>, source: SourceId) {
    if let Some((words, body)) = open.pop()
        && let Some((_, outer)) = open.last_mut()
    {
        outer.push(Block { source, words, body: Some(body), part_of: None });
    }
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

    #[test]
    fn statements() {
        fn show(blocks: &[Block]) -> String {
            let one = |b: &Block| {
                let words = b.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join("|");
                b.body.as_ref().map_or(words.clone(), |body| format!("{words}{{{}}}", show(body)))
            };
            blocks.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        let parsed = |text: &str| {
            let (blocks, problems) = parse(text, SourceId(0));
            format!("{}{}", show(&blocks), problems.iter().map(|p| format!(" !{}", p.message)).collect::<String>())
        };
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
