//! Text to statements: nginx's own quoting rules with exact spans, and recovery where nginx would stop.
//!
//! The rules are those of "Configuration file's structure" in the Beginner's Guide and of the tokenizer behind it: words are
//! separated by blanks; `;` ends a directive, `{` opens its block; quotes only count at the start of a word and must be followed
//! by a blank, `;`, `{` or `)`; a backslash hides the next character and is kept, but for `\" \' \\ \t \r \n`; `#` opens a comment
//! only between words; `}` closes a block only between words; `${` never opens a block. Bodies of `*_by_lua_block` are Lua and
//! are skipped whole. Not here: what directives mean, and includes.
//!
//! Templates (shell `$(...)`, Jinja and Go `{{ }}` and `{% %}`, ERB `<% %>`) are not nginx, but so common in repositories that
//! their brackets are kept together, so that the rest of the file is still understood. One bad line is one [`Problem`].

use super::known;
use crate::source::Span;

/// Blocks nested deeper than this are not read. Real configurations stay below ten.
pub(super) const MAX_DEPTH: usize = 128;

/// One word of a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// With escapes resolved and without quotes.
    pub text: String,
    /// Without the quotes.
    pub span: Span,
    pub quoted: bool,
    /// First on its line.
    pub starts_line: bool,
}

impl Word {
    /// Still holds template code, so that its value is not known.
    pub fn is_template(&self) -> bool {
        has_template(&self.text)
    }
}

/// Whether a text holds template code that nginx would not accept or not mean.
pub(super) fn has_template(text: &str) -> bool {
    text.contains("$(") || text.contains("{{") || text.contains("{%") || text.contains("<%") || has_escaped_variable(text)
}

/// `\$name`, as it stands in a shell here-document.
pub(super) fn has_escaped_variable(text: &str) -> bool {
    text.match_indices("\\$").any(|(i, _)| text[i + 2..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '{'))
}

#[derive(Clone, Debug)]
pub(super) enum Statement {
    Directive(Directive),
    Problem(Problem),
}

#[derive(Clone, Debug)]
pub(super) struct Directive {
    pub name: Word,
    pub args: Vec<Word>,
    pub body: Body,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    None,
    Block(Vec<Statement>),
    /// Another language (Lua).
    Code,
}

/// What could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub code: &'static str,
    pub message: String,
    pub help: Option<&'static str>,
    pub span: Span,
    /// Cannot change what the rest means (a stray `;`).
    pub harmless: bool,
    /// The text ends too early: anything may have stood behind.
    pub cut: bool,
}

pub(super) use crate::read::proxy::{RENDER, shorten};

pub(super) fn parse(text: &str) -> Vec<Statement> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        pos: if text.starts_with('\u{feff}') { 3 } else { 0 },
        args: Vec::new(),
        starts_line: true,
        open: Vec::new(),
        done: Vec::new(),
        skipped: 0,
        ended: false,
        cut: Vec::new(),
        shell_unbalanced: false,
        no_close: [0; 4],
        no_quote: [false; 2],
    };
    parser.run();
    parser.done
}

/// A block whose end has not come yet; `None` for one without a directive before its brace.
struct Open {
    directive: Option<(Word, Vec<Word>)>,
    outer: Vec<Statement>,
    brace: usize,
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    args: Vec<Word>,
    starts_line: bool,
    open: Vec<Open>,
    /// Statements of the innermost open block.
    done: Vec<Statement>,
    /// Depth inside a block that is too deep to be read.
    skipped: usize,
    /// The end of the text was met: what is still open is cut off.
    ended: bool,
    /// Problems of what is cut off. They stand outside of all blocks, for a block that is not understood is not looked into.
    cut: Vec<Statement>,
    /// A `$(` was found that nothing closes: later ones are not tried, which keeps the cost linear.
    shell_unbalanced: bool,
    /// Per closing bracket: none lies before this offset.
    no_close: [usize; 4],
    /// Per quote: none lies ahead.
    no_quote: [bool; 2],
}

impl Parser<'_> {
    fn run(&mut self) {
        loop {
            self.skip_blanks();
            let Some(byte) = self.bytes.get(self.pos).copied() else { break };
            match byte {
                b';' => {
                    let at = self.pos;
                    self.pos += 1;
                    if self.args.is_empty() {
                        self.problem("stray-semicolon", "`;` without a directive before it".into(), None, at, at + 1, true);
                    } else {
                        self.finish(Body::None);
                    }
                }
                b'{' if self.template_tag() => {}
                b'{' if !self.bytes[self.pos..].starts_with(b"{{") || self.close(self.pos + 2, 0).is_none() => {
                    self.open_block()
                }
                b'}' => self.close_block(),
                quote @ (b'"' | b'\'') => self.quoted(quote),
                _ => self.word(),
            }
        }
        self.ended = true;
        self.skipped = 0;
        if !self.args.is_empty() {
            let at = self.args[0].span;
            let message = format!("`{}` is not ended by `;`: the file stops here", shorten(&self.args[0].text));
            self.problem("syntax", message, None, at.start as usize, at.end as usize, false);
            self.finish(Body::None);
        }
        // The innermost block stands for those around it.
        if let Some(open) = self.open.last() {
            let (at, name) = (open.brace, open.directive.as_ref().map_or("", |(n, _)| n.text.as_str()));
            let message = format!("the block of `{}` is never closed by `}}`", shorten(name));
            self.problem("syntax", message, None, at, at + 1, false);
        }
        while !self.open.is_empty() {
            self.pop();
        }
        self.done.append(&mut self.cut);
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.bytes.get(self.pos) {
            match byte {
                b'\n' => self.starts_line = true,
                b' ' | b'\t' | b'\r' => {}
                b'#' => {
                    while self.bytes.get(self.pos).is_some_and(|b| *b != b'\n') {
                        self.pos += 1;
                    }
                    continue;
                }
                _ => return,
            }
            self.pos += 1;
        }
    }

    fn problem(
        &mut self,
        code: &'static str,
        message: String,
        help: Option<&'static str>,
        from: usize,
        to: usize,
        harmless: bool,
    ) {
        if self.skipped == 0 {
            let span = Span::new(from, to.min(self.text.len()));
            let problem = Statement::Problem(Problem { code, message, help, span, harmless, cut: self.ended });
            if self.ended { &mut self.cut } else { &mut self.done }.push(problem);
        }
    }

    fn open_block(&mut self) {
        let brace = self.pos;
        self.pos += 1;
        if self.skipped > 0 || self.open.len() >= MAX_DEPTH {
            if self.skipped == 0 {
                let message = format!("blocks are nested more than {MAX_DEPTH} deep; what is inside is not read");
                self.problem("too-deep", message, None, brace, brace + 1, false);
            }
            self.args.clear();
            self.skipped += 1;
            return;
        }
        if self.args.first().is_some_and(|w| !w.quoted && w.text.ends_with("_by_lua_block")) {
            match self.lua_end(self.pos) {
                Some(end) => self.pos = end,
                None => {
                    self.ended = true;
                    self.problem(
                        "syntax",
                        "this block of Lua code is never closed by `}`".into(),
                        None,
                        brace,
                        brace + 1,
                        false,
                    );
                    self.pos = self.bytes.len();
                }
            }
            self.finish(Body::Code);
            return;
        }
        let directive = self.take_directive();
        if directive.is_none() {
            let template = self.bytes.get(self.pos) == Some(&b'{') || (brace > 0 && self.bytes[brace - 1] == b'{');
            if template {
                let message = "`{{` is template code, not nginx: what it becomes is not known".into();
                self.problem("template-not-rendered", message, Some(RENDER), brace, brace + 1, false);
            } else {
                self.problem("syntax", "`{` without a directive before it".into(), None, brace, brace + 1, false);
            }
        }
        self.open.push(Open { directive, outer: std::mem::take(&mut self.done), brace });
    }

    fn close_block(&mut self) {
        let at = self.pos;
        self.pos += 1;
        if self.skipped > 0 {
            self.args.clear();
            self.skipped -= 1;
            return;
        }
        if let Some(first) = self.args.first() {
            let message = format!("`{}` is not ended by `;` before `}}`", shorten(&first.text));
            let span = first.span;
            self.problem("syntax", message, None, span.start as usize, span.end as usize, false);
            self.finish(Body::None);
        }
        if self.open.is_empty() {
            self.problem("syntax", "`}` closes nothing: no block is open here".into(), None, at, at + 1, false);
        } else {
            self.pop();
        }
    }

    /// Closes the innermost block.
    fn pop(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let inner = std::mem::replace(&mut self.done, open.outer);
        match open.directive {
            Some((name, args)) => self.done.push(Statement::Directive(Directive { name, args, body: Body::Block(inner) })),
            None => self.done.extend(inner),
        }
    }

    fn finish(&mut self, body: Body) {
        if self.skipped > 0 {
            self.args.clear();
        } else if let Some((name, args)) = self.take_directive() {
            self.done.push(Statement::Directive(Directive { name, args, body }));
        }
    }

    /// The words so far as name and arguments. A known directive name at the start of a line among the arguments means that the
    /// line before lacks its `;`: the words before it become a directive of their own.
    fn take_directive(&mut self) -> Option<(Word, Vec<Word>)> {
        let mut words = std::mem::take(&mut self.args);
        let first_is_server = words.first().is_some_and(|w| w.text == "server");
        let split = |w: &Word| {
            w.starts_line && !w.quoted && (known::starts_statement(&w.text) || (first_is_server && w.text == "server"))
        };
        if words.iter().skip(1).any(split) {
            let mut rest = words.into_iter().peekable();
            words = Vec::new();
            while let Some(word) = rest.next() {
                words.push(word);
                if rest.peek().is_some_and(split) {
                    let mut args = std::mem::take(&mut words);
                    let name = args.remove(0);
                    let message =
                        format!("`{}` is not ended by `;` before the next line begins a directive", shorten(&name.text));
                    self.problem("syntax", message, None, name.span.start as usize, name.span.end as usize, false);
                    self.done.push(Statement::Directive(Directive { name, args, body: Body::None }));
                }
            }
        }
        if words.is_empty() {
            return None;
        }
        let name = words.remove(0);
        Some((name, words))
    }

    fn push_word(&mut self, text: String, span: Span, quoted: bool) {
        let starts_line = std::mem::replace(&mut self.starts_line, false);
        if self.skipped == 0 {
            self.args.push(Word { text, span, quoted, starts_line });
        }
    }

    fn quoted(&mut self, quote: u8) {
        let start = self.pos + 1;
        let which = usize::from(quote == b'"');
        let mut end = None;
        if !self.no_quote[which] {
            let mut at = start;
            while at < self.bytes.len() {
                match self.bytes[at] {
                    b'\\' => at += 1,
                    b if b == quote => {
                        end = Some(at);
                        break;
                    }
                    _ => {}
                }
                at += 1;
            }
            self.no_quote[which] = end.is_none();
        }
        let line_end = || self.bytes[start..].iter().position(|b| *b == b'\n').map_or(self.bytes.len(), |i| start + i);
        if let Some(end) = end {
            let next = self.bytes.get(end + 1);
            let ends_well = next.is_none_or(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b')'));
            // A string over several lines with text stuck to its end began with a quote that was never closed.
            if ends_well || !self.bytes[start..end].contains(&b'\n') {
                self.push_word(unescape(&self.text[start..end]), Span::new(start, end), true);
                self.pos = end + 1;
                if next == Some(&b')') {
                    self.pos += 1;
                } else if !ends_well {
                    let message = "a quoted word must be followed by a blank, `;` or `{`".into();
                    self.problem("syntax", message, None, end, end + 1, false);
                }
                return;
            }
        }
        let line_end = line_end();
        let line = self.text[start..line_end].trim_end();
        let content = line.strip_suffix(';').unwrap_or(line);
        let stop = start + content.len();
        self.problem("syntax", "this quote is never closed".into(), None, start - 1, stop, false);
        self.push_word(unescape(content), Span::new(start, stop), true);
        self.pos = stop;
    }

    fn word(&mut self) {
        let start = self.pos;
        let mut at = start;
        while at < self.bytes.len() {
            match self.bytes[at] {
                b'\\' => at += 2,
                b'$' if self.bytes.get(at + 1) == Some(&b'{') => at += 2,
                b'$' if self.bytes.get(at + 1) == Some(&b'(') => at = self.shell_end(at),
                b'{' if self.bytes[at..].starts_with(b"{{") => match self.close(at + 2, 0) {
                    Some(end) => at = end,
                    None => break,
                },
                b'<' if self.bytes.get(at + 1) == Some(&b'%') => at = self.close(at + 2, 2).unwrap_or(at + 2),
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' => break,
                _ => at += 1,
            }
        }
        // A backslash may have hidden the first byte of a character, or the end of the text.
        let mut at = at.min(self.bytes.len());
        while !self.text.is_char_boundary(at) {
            at += 1;
        }
        self.pos = at;
        let raw = &self.text[start..at];
        let alone = self.args.is_empty()
            && ((raw.starts_with("$(") && raw.ends_with(')'))
                || (raw.starts_with("{{") && raw.ends_with("}}"))
                || (raw.starts_with("<%") && raw.ends_with("%>")))
            && self.text[at..].trim_start_matches([' ', '\t', '\r']).chars().next().is_none_or(|c| c == '\n');
        if alone {
            self.template(start, at);
        } else {
            self.push_word(unescape(raw), Span::new(start, at), false);
        }
    }

    /// `{% ... %}` and, before a directive, `{# ... #}`. Says whether there was one.
    fn template_tag(&mut self) -> bool {
        let start = self.pos;
        let end = match self.bytes.get(start + 1) {
            Some(b'%') => self.close(start + 2, 1),
            Some(b'#') if self.args.is_empty() => self.close(start + 2, 3),
            _ => None,
        };
        let Some(end) = end else { return false };
        self.pos = end;
        if self.bytes[start + 1] == b'%' {
            self.template(start, end);
        }
        true
    }

    fn template(&mut self, start: usize, end: usize) {
        let message =
            format!("`{}` is template code, not nginx: what it becomes is not known", shorten(&self.text[start..end]));
        self.problem("template-not-rendered", message, Some(RENDER), start, end, false);
    }

    /// The offset after the closing bracket of a template on this line.
    fn close(&mut self, from: usize, which: usize) -> Option<usize> {
        if from < self.no_close[which] {
            return None;
        }
        let bracket: &[u8] = [b"}}", b"%}", b"%>", b"#}"][which];
        let mut at = from;
        while at + 1 < self.bytes.len() && self.bytes[at] != b'\n' {
            if self.bytes[at..].starts_with(bracket) {
                return Some(at + 2);
            }
            at += 1;
        }
        self.no_close[which] = at;
        None
    }

    /// The offset after a shell substitution that begins at `start` (at its `$`), over several lines if need be; if nothing closes
    /// it, the offset after its `$(`.
    fn shell_end(&mut self, start: usize) -> usize {
        if self.shell_unbalanced {
            return start + 2;
        }
        let mut depth = 0_usize;
        let mut at = start + 1;
        let mut quote = None;
        while at < self.bytes.len() {
            match (quote, self.bytes[at]) {
                (None | Some(b'"'), b'\\') => at += 1,
                (None, b @ (b'\'' | b'"')) => quote = Some(b),
                (Some(q), b) if q == b => quote = None,
                (None, b'(') => depth += 1,
                (None, b')') => {
                    depth -= 1;
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.shell_unbalanced = true;
        start + 2
    }

    /// The offset after the `}` that closes a Lua block; strings and comments of Lua may hold braces.
    fn lua_end(&self, from: usize) -> Option<usize> {
        let mut depth = 1_usize;
        let mut at = from;
        while at < self.bytes.len() {
            match self.bytes[at] {
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                b'-' if self.bytes[at..].starts_with(b"--") => {
                    at = match long_bracket(&self.bytes[at + 2..]) {
                        Some(level) => self.long_end(at + 2, level)?,
                        None => self.bytes[at..].iter().position(|b| *b == b'\n').map(|i| at + i)?,
                    };
                    continue;
                }
                b'[' => {
                    if let Some(level) = long_bracket(&self.bytes[at..]) {
                        at = self.long_end(at, level)?;
                        continue;
                    }
                }
                quote @ (b'"' | b'\'') => {
                    at += 1;
                    while self.bytes.get(at).is_some_and(|b| *b != quote && *b != b'\n') {
                        at += if self.bytes[at] == b'\\' { 2 } else { 1 };
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// The offset after `]==]`.
    fn long_end(&self, from: usize, level: usize) -> Option<usize> {
        let close: Vec<u8> = [b"]".as_slice(), &vec![b'='; level], b"]"].concat();
        let at = self.text.get(from..)?.find(std::str::from_utf8(&close).ok()?)?;
        Some(from + at + close.len())
    }
}

/// The level of Lua's long bracket `[==[` that a text begins with.
fn long_bracket(bytes: &[u8]) -> Option<usize> {
    let rest = bytes.strip_prefix(b"[")?;
    let level = rest.iter().take_while(|b| **b == b'=').count();
    (rest.get(level) == Some(&b'[')).then_some(level)
}

fn unescape(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let resolved = match (c, chars.peek()) {
            ('\\', Some(q @ ('"' | '\'' | '\\'))) => Some(*q),
            ('\\', Some('t')) => Some('\t'),
            ('\\', Some('r')) => Some('\r'),
            ('\\', Some('n')) => Some('\n'),
            _ => None,
        };
        match resolved {
            Some(r) => {
                text.push(r);
                chars.next();
            }
            None => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statements as one line: words in brackets if quoted, `!code` for problems.
    fn show(text: &str) -> String {
        fn list(statements: &[Statement], out: &mut String) {
            for s in statements {
                match s {
                    Statement::Problem(p) => out.push_str(&format!("!{} ", p.code)),
                    Statement::Directive(d) => {
                        for w in std::iter::once(&d.name).chain(&d.args) {
                            out.push_str(&if w.quoted { format!("[{}] ", w.text) } else { format!("{} ", w.text) });
                        }
                        match &d.body {
                            Body::None => out.push_str("; "),
                            Body::Code => out.push_str("{code} "),
                            Body::Block(inner) => {
                                out.push_str("{ ");
                                list(inner, out);
                                out.push_str("} ");
                            }
                        }
                    }
                }
            }
        }
        let mut out = String::new();
        list(&parse(text), &mut out);
        out.trim_end().to_owned()
    }

    #[test]
    fn quoting_follows_nginx() {
        for (input, expected) in [
            ("a b;", "a b ;"),
            ("a 'b c' \"d\\\"e\";", "a [b c] [d\"e] ;"),
            ("a b#c; # d;\ne;", "a b#c ; e ;"),
            ("a ${b}c{d;}", "a ${b}c { d ; }"),
            ("log_format m '$a '\n  '{\"x\"}';", "log_format m [$a ] [{\"x\"}] ;"),
            ("a x\\;y \\{;", "a x\\;y \\{ ;"),
            ("a \"(^/|$)\";", "a [(^/|$)] ;"),
            ("if ($a = \"b\") { c; }", "if ($a = [b] { c ; }"),
            ("a }b;", "!syntax a ; !syntax b ;"),
            ("a b}c;", "a b}c ;"),
            ("", ""),
        ] {
            assert_eq!(show(input), expected, "{input}");
        }
    }

    #[test]
    fn lua_bodies_are_code() {
        for lua in ["ngx.say(\"}\")", "-- }\n x = { 1 }", "x = [[ } ]] --[==[ } ]==]", "s = '\\'}'"] {
            assert_eq!(show(&format!("content_by_lua_block {{ {lua}\n }} a;")), "content_by_lua_block {code} a ;", "{lua}");
        }
    }

    #[test]
    fn one_bad_line_is_one_problem() {
        for (input, expected) in [
            ("a;; b;", "a ; !stray-semicolon b ;"),
            ("a { b; ", "a { b ; } !syntax"),
            ("a; } b;", "a ; !syntax b ;"),
            ("a { b }", "a { !syntax b ; }"),
            ("a \"b;\nc;", "!syntax a [b] ; c ;"),
            ("a \"b;\nc \"d\";", "!syntax a [b] ; c [d] ;"),
            ("root /x\nproxy_pass http://a;", "!syntax root /x ; proxy_pass http://a ;"),
            ("$(for h in $(x); do\n echo ')';\ndone)\na;", "!template-not-rendered a ;"),
            ("a $(b c).d;", "a $(b c).d ;"),
            ("a {{ b }};", "a {{ b }} ;"),
            ("{% if x %}\na;\n{% endif %}", "!template-not-rendered a ; !template-not-rendered"),
            ("{# a #}\nb;", "b ;"),
            ("a {# b\n c; }", "a { c ; }"),
        ] {
            assert_eq!(show(input), expected, "{input}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let text = format!("{}x;{} y;", "a {".repeat(100_000), "}".repeat(100_000));
        let statements = parse(&text);
        assert_eq!(statements.len(), 2);
    }
}
