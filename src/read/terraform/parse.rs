//! The native syntax: hcl-edit parses, and its tree (which keeps comments and blanks, and is fifty times its text) is turned into
//! [`super::ast`] at once.
//!
//! hcl-edit stops at the first mistake. A file with one is parsed again block by block, so that a broken block hides no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{self, BinaryOperator, Expression, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::structure::{self, Structure};
use hcl_edit::template::{self, Directive, Element, Strip};

use super::ast::{Attribute, Block, Body, Call, Expr, For, Kind, Operator, Part, Step};
use crate::source::{SourceId, Span};

/// A mistake in a file: where, and what the parser says.
#[derive(Debug)]
pub struct Mistake {
    pub span: Span,
    pub message: String,
}

/// Longer texts are refused: attributes of one block are compared with each other while parsing.
const MAX_BYTES: usize = 16 << 20;
/// Entries of one object or block: each is compared with all others while parsing.
const MAX_ENTRIES: usize = 8_000;
/// Keys said twice in one file; each costs another parse.
const MAX_REPEATED: usize = 100;
/// Mistakes that are told of one file.
const MAX_MISTAKES: usize = 20;

/// A file in the native syntax, as far as it can be understood.
pub fn body(text: &str, source: SourceId) -> (Body, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    if text.len() > MAX_BYTES {
        let message = "the file is larger than 16 MiB, the most that is read as Terraform".to_owned();
        mistakes.push(Mistake { span: Span::default(), message });
        return (Body::default(), mistakes);
    }
    if let Some(at) = too_wide(text) {
        let message = format!("more than {MAX_ENTRIES} entries between two braces are not read as Terraform");
        mistakes.push(Mistake { span: Span::new(at, at + 1), message });
        return (Body::default(), mistakes);
    }
    // Some editors begin a file with a byte order mark.
    let (text, base) = text.strip_prefix('\u{feff}').map_or((text, 0), |rest| (rest, '\u{feff}'.len_utf8()));
    let mut lower = Lower { source, base, within: None, keys: BTreeMap::new() };
    match parsed(text, &mut lower.keys) {
        Ok(parsed) => (lower.body(&parsed), mistakes),
        Err(error) => {
            let mut whole = Body::default();
            for (start, piece) in pieces(text) {
                lower.base = base + start;
                lower.keys.clear();
                match parsed(piece, &mut lower.keys) {
                    Ok(parsed) => {
                        let mut body = lower.body(&parsed);
                        whole.attributes.append(&mut body.attributes);
                        whole.blocks.append(&mut body.blocks);
                    }
                    Err(error) if mistakes.len() < MAX_MISTAKES => mistakes.push(mistake(&error, base + start, piece)),
                    Err(_) => {}
                }
            }
            if mistakes.is_empty() {
                mistakes.push(mistake(&error, base, text));
            }
            (whole, mistakes)
        }
    }
}

/// One expression whose text is not that of a file (a variable's value on a command line): all of it stands at `at`.
pub fn expression(text: &str, source: SourceId, at: Span) -> Option<Expr> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let parsed = hcl_edit::parser::parse_expr(text.trim()).ok()?;
    Some(Lower { source, base: 0, within: Some(at), keys: BTreeMap::new() }.expr(&parsed))
}

/// A template. Its text stands at `base` in its file, or (where it was escaped) somewhere within a span.
pub fn template(text: &str, source: SourceId, base: usize, within: Option<Span>) -> Result<Vec<Part>, Mistake> {
    let whole = within.unwrap_or(Span::new(base, base));
    if text.len() > MAX_BYTES {
        return Err(Mistake { span: whole, message: "the template is larger than 16 MiB".to_owned() });
    }
    hcl_edit::parser::parse_template(text)
        .map(|parsed| Lower { source, base, within, keys: BTreeMap::new() }.template(&parsed))
        .map_err(|error| {
            let mistake = mistake(&error, base, text);
            Mistake { span: within.unwrap_or(mistake.span), ..mistake }
        })
}

/// Parses a text with what Terraform takes and hcl-edit does not: keys said twice, and lines of a heredoc that begin with the word that
/// ends it (`EOF"`, `EOF, and on`).
fn parsed(text: &str, keys: &mut BTreeMap<usize, String>) -> Result<structure::Body, hcl_edit::parser::Error> {
    let error = match with_repeated_keys(text, keys) {
        Ok(body) => return Ok(body),
        Err(error) => error,
    };
    let Some(other) = with_other_ends(text) else { return Err(error) };
    keys.clear();
    with_repeated_keys(&other, keys).map_err(|_| error)
}

/// The same text, where heredocs whose lines begin with their own end have another word for it, of the same length. HCL's scanner ends
/// one only where the word stands alone on its line (`heredocNewline` of `scan_tokens.rl`).
fn with_other_ends(text: &str) -> Option<String> {
    let mut other: Option<String> = None;
    let (mut at, mut open) = (0, None::<(String, usize, bool)>);
    for line in text.split_inclusive('\n') {
        let plain = line.trim();
        match &mut open {
            None if plain.starts_with(['#', '/']) => {}
            None => open = heredoc_of(line).map(|word| (word.clone(), at + line.trim_end().len() - word.len(), false)),
            Some((word, start, early)) if plain == word.as_str() => {
                if *early {
                    let name = (0..64).filter_map(|n| other_name(n, word.len())).find(|name| !text.contains(name.as_str()))?;
                    let end = at + line.len() - line.trim_start().len();
                    let renamed = other.get_or_insert_with(|| text.to_owned());
                    renamed.replace_range(*start..*start + name.len(), &name);
                    renamed.replace_range(end..end + name.len(), &name);
                }
                open = None;
            }
            Some((word, _, early)) => *early |= plain.starts_with(word.as_str()),
        }
        at += line.len();
    }
    other
}

/// Parses a text in which an object may say a key twice: to Terraform the last one counts, to hcl-edit it is a mistake. Such a
/// key is given another name of the same length for parsing.
fn with_repeated_keys(text: &str, keys: &mut BTreeMap<usize, String>) -> Result<structure::Body, hcl_edit::parser::Error> {
    let mut renamed: Option<String> = None;
    loop {
        let error = match hcl_edit::parser::parse_body(renamed.as_deref().unwrap_or(text)) {
            Ok(body) => return Ok(body),
            Err(error) => error,
        };
        let at = error.location().offset();
        let repeated = error.message().contains("redefined object key") && keys.len() < MAX_REPEATED;
        let Some((start, key)) = repeated.then(|| key_at(text, at)).flatten() else { return Err(error) };
        let Some(other) = other_name(keys.len(), key.len()).filter(|_| !keys.contains_key(&at)) else { return Err(error) };
        keys.insert(at, key.to_owned());
        renamed.get_or_insert_with(|| text.to_owned()).replace_range(start..start + key.len(), &other);
    }
}

/// Where an object or block begins that seems to have more entries than can be compared with each other.
fn too_wide(text: &str) -> Option<usize> {
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open.push((at, 0)),
            b'}' => {
                open.pop();
            }
            b'=' | b':' => {
                if let Some((start, entries)) = open.last_mut() {
                    *entries += 1;
                    if *entries > MAX_ENTRIES {
                        return Some(*start);
                    }
                }
            }
            _ => {}
        }
    }
    None
}

/// The plain key at an offset, and where its letters begin.
fn key_at(text: &str, at: usize) -> Option<(usize, &str)> {
    let rest = text.get(at..)?;
    let start = if rest.starts_with('"') { at + 1 } else { at };
    let rest = text.get(start..)?;
    let end =
        rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | ' ' | '*' | '@')))?;
    let key = if start > at { rest.get(..end)? } else { rest.get(..end)?.split([' ', ':']).next()? };
    (!key.is_empty()).then_some((start, key))
}

/// A name that hardly anybody uses, `length` letters long.
fn other_name(number: usize, length: usize) -> Option<String> {
    let mut letters = Vec::new();
    let mut rest = number;
    for _ in 0..length {
        letters.push(b"zqxjkvwyZQXJKVWY"[rest % 16]);
        rest /= 16;
    }
    String::from_utf8(letters).ok().filter(|_| rest == 0)
}

fn mistake(error: &hcl_edit::parser::Error, base: usize, text: &str) -> Mistake {
    let mut start = error.location().offset().min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let end = text.get(start..).and_then(|rest| rest.chars().next()).map_or(start, |c| start + c.len_utf8());
    Mistake { span: Span::new(base + start, base + end), message: error.message().to_owned() }
}

/// Pieces that each begin with a line that can begin a block or an attribute at the top: a name in the first column, outside
/// of heredocs and comments as far as that can be seen line by line.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut starts = vec![0];
    let (mut at, mut comment, mut heredoc) = (0, false, None::<String>);
    for line in text.split_inclusive('\n') {
        if let Some(end) = &heredoc {
            if line.trim() == end {
                heredoc = None;
            }
        } else if comment {
            comment = !line.contains("*/");
        } else {
            if at > 0 && line.starts_with(|c: char| c.is_ascii_alphabetic()) && line.trim_end().ends_with(['{', '}']) {
                starts.push(at);
            }
            heredoc = heredoc_of(line);
            comment = line.trim_start().starts_with("/*") && !line.contains("*/");
        }
        at += line.len();
    }
    starts.push(text.len());
    starts.windows(2).filter_map(|w| Some((w[0], text.get(w[0]..w[1])?))).collect()
}

/// The word that ends the heredoc that begins on this line.
fn heredoc_of(line: &str) -> Option<String> {
    let (_, rest) = line.rsplit_once("<<")?;
    let word = rest.strip_prefix('-').unwrap_or(rest).trim_end();
    let good = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    good.then(|| word.to_owned())
}

struct Lower {
    source: SourceId,
    /// Where the text begins in its file.
    base: usize,
    /// All that is known of where anything stands, for a text that is not that of its file.
    within: Option<Span>,
    /// Keys that were renamed to be parsed, by where they stand in the text.
    keys: BTreeMap<usize, String>,
}

impl Lower {
    fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        let here = || range.map_or(Span::new(self.base, self.base), |r| Span::new(self.base + r.start, self.base + r.end));
        self.within.unwrap_or_else(here)
    }

    fn body(&self, body: &structure::Body) -> Body {
        let mut out = Body::default();
        for structure in body {
            match structure {
                Structure::Attribute(a) => out.attributes.push(Attribute {
                    name: a.key.value().as_str().into(),
                    source: self.source,
                    span: self.span(a.key.span()),
                    value: self.expr(&a.value),
                }),
                Structure::Block(b) => {
                    let start = b.ident.span().unwrap_or_default();
                    let end = b.labels.last().and_then(hcl_edit::Span::span).unwrap_or_else(|| start.clone()).end;
                    out.blocks.push(Block {
                        kind: b.ident.value().as_str().into(),
                        labels: b.labels.iter().map(|l| l.as_str().into()).collect(),
                        source: self.source,
                        span: self.span(Some(start.start..end.max(start.end))),
                        body: self.body(&b.body),
                    });
                }
            }
        }
        out
    }

    fn expr(&self, expr: &Expression) -> Expr {
        let span = self.span(expr.span());
        let kind = match expr {
            Expression::Null(_) => Kind::Null,
            Expression::Bool(b) => Kind::Bool(*b.value()),
            Expression::Number(n) => n.value().as_f64().map_or(Kind::Null, Kind::Number),
            Expression::String(s) => Kind::Text(s.value().as_str().into()),
            Expression::Array(list) => Kind::List(list.iter().map(|e| self.expr(e)).collect()),
            Expression::Object(object) => {
                Kind::Object(object.iter().map(|(key, value)| (self.key(key), self.expr(value.expr()))).collect())
            }
            Expression::StringTemplate(t) => Kind::Template(self.template(t)),
            Expression::HeredocTemplate(t) => match self.template(&t.template) {
                parts if parts.is_empty() => Kind::Text("".into()),
                mut parts => match (parts.len(), parts.pop()) {
                    (1, Some(Part::Text(text))) => Kind::Text(text),
                    (_, last) => {
                        parts.extend(last);
                        Kind::Template(parts)
                    }
                },
            },
            Expression::Parenthesis(inner) => return Expr { span, ..self.expr(inner.inner()) },
            Expression::Variable(name) => Kind::Name(name.value().as_str().into()),
            Expression::Conditional(c) => {
                Kind::If(Box::new([self.expr(&c.cond_expr), self.expr(&c.true_expr), self.expr(&c.false_expr)]))
            }
            Expression::FuncCall(call) => {
                let mut name: String = call.name.namespace.iter().map(|n| format!("{}::", n.value().as_str())).collect();
                name.push_str(call.name.name.value().as_str());
                // `core::` names the functions that every configuration has.
                let name = name.strip_prefix("core::").unwrap_or(&name).into();
                let arguments = call.args.iter().map(|e| self.expr(e)).collect();
                Kind::Call(Box::new(Call { name, arguments, expand: call.args.expand_final() }))
            }
            Expression::Traversal(t) => {
                Kind::Get(Box::new(self.expr(&t.expr)), t.operators.iter().map(|o| self.step(o.value())).collect())
            }
            Expression::UnaryOp(op) => {
                let inner = Box::new(self.expr(&op.expr));
                match op.operator.value() {
                    UnaryOperator::Neg => Kind::Negative(inner),
                    UnaryOperator::Not => Kind::Not(inner),
                }
            }
            Expression::BinaryOp(op) => {
                let sides = Box::new([self.expr(&op.lhs_expr), self.expr(&op.rhs_expr)]);
                Kind::Binary(operator(*op.operator.value()), sides)
            }
            Expression::ForExpr(f) => Kind::For(Box::new(self.for_expr(f))),
        };
        Expr { span, kind }
    }

    fn key(&self, key: &ObjectKey) -> Expr {
        if let Some(span) = key.span()
            && let Some(own) = self.keys.get(&span.start)
        {
            return Expr::new(self.span(Some(span)), Kind::Text(own.as_str().into()));
        }
        match key {
            ObjectKey::Ident(name) => Expr::new(self.span(name.span()), Kind::Text(name.value().as_str().into())),
            ObjectKey::Expression(expr) => self.expr(expr),
        }
    }

    fn step(&self, step: &TraversalOperator) -> Step {
        match step {
            TraversalOperator::GetAttr(name) => Step::Attribute(name.value().as_str().into()),
            TraversalOperator::Index(index) => Step::Index(self.expr(index)),
            #[expect(clippy::cast_precision_loss, reason = "an index beyond 2^53 is out of range either way")]
            TraversalOperator::LegacyIndex(n) => Step::Index(Expr::new(self.span(n.span()), Kind::Number(*n.value() as f64))),
            TraversalOperator::AttrSplat(_) => Step::Splat { full: false },
            TraversalOperator::FullSplat(_) => Step::Splat { full: true },
        }
    }

    fn for_expr(&self, f: &expr::ForExpr) -> For {
        For {
            key_name: f.intro.key_var.as_ref().map(|k| k.value().as_str().into()),
            value_name: f.intro.value_var.value().as_str().into(),
            over: self.expr(&f.intro.collection_expr),
            key: f.key_expr.as_ref().map(|k| self.expr(k)),
            value: self.expr(&f.value_expr),
            group: f.grouping,
            condition: f.cond.as_ref().map(|c| self.expr(&c.expr)),
        }
    }

    fn template(&self, template: &template::Template) -> Vec<Part> {
        self.parts(template, false, false)
    }

    /// The parts of a template whose first literal loses its leading blanks, or whose last one its trailing ones.
    fn parts(&self, template: &template::Template, trim_start: bool, trim_end: bool) -> Vec<Part> {
        let elements: Vec<&Element> = template.iter().collect();
        let mut parts = Vec::with_capacity(elements.len());
        for (i, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(text) => {
                    let before = if i == 0 { trim_start } else { elements.get(i - 1).is_some_and(|e| strips(e).1) };
                    let after = elements.get(i + 1).map_or(trim_end, |e| strips(e).0);
                    let mut text = text.value().as_str();
                    if before {
                        text = text.trim_start();
                    }
                    if after {
                        text = text.trim_end();
                    }
                    if !text.is_empty() {
                        parts.push(Part::Text(text.into()));
                    }
                }
                Element::Interpolation(i) => parts.push(Part::Value(self.expr(&i.expr))),
                Element::Directive(directive) => parts.push(self.directive(directive)),
            }
        }
        parts
    }

    fn directive(&self, directive: &Directive) -> Part {
        match directive {
            Directive::If(d) => {
                let (_, first) = ends(d.if_expr.strip);
                let (last, _) = ends(d.endif_expr.strip);
                let (middle_before, middle_after) = d.else_expr.as_ref().map_or((last, false), |e| ends(e.strip));
                Part::If {
                    condition: self.expr(&d.if_expr.cond_expr),
                    then: self.parts(&d.if_expr.template, first, middle_before),
                    otherwise: d.else_expr.as_ref().map(|e| self.parts(&e.template, middle_after, last)).unwrap_or_default(),
                }
            }
            Directive::For(d) => Part::For {
                key_name: d.for_expr.key_var.as_ref().map(|k| k.value().as_str().into()),
                value_name: Arc::from(d.for_expr.value_var.value().as_str()),
                over: self.expr(&d.for_expr.collection_expr),
                body: self.parts(&d.for_expr.template, ends(d.for_expr.strip).1, ends(d.endfor_expr.strip).0),
            },
        }
    }
}

/// Whether an element takes the blanks before and after it.
fn strips(element: &Element) -> (bool, bool) {
    match element {
        Element::Literal(_) => (false, false),
        Element::Interpolation(i) => ends(i.strip),
        Element::Directive(directive) => match directive.as_ref() {
            Directive::If(d) => (ends(d.if_expr.strip).0, ends(d.endif_expr.strip).1),
            Directive::For(d) => (ends(d.for_expr.strip).0, ends(d.endfor_expr.strip).1),
        },
    }
}

fn ends(strip: Strip) -> (bool, bool) {
    match strip {
        Strip::None => (false, false),
        Strip::Start => (true, false),
        Strip::End => (false, true),
        Strip::Both => (true, true),
    }
}

fn operator(operator: BinaryOperator) -> Operator {
    match operator {
        BinaryOperator::Eq => Operator::Equal,
        BinaryOperator::NotEq => Operator::NotEqual,
        BinaryOperator::LessEq => Operator::LessOrEqual,
        BinaryOperator::GreaterEq => Operator::GreaterOrEqual,
        BinaryOperator::Less => Operator::Less,
        BinaryOperator::Greater => Operator::Greater,
        BinaryOperator::Plus => Operator::Add,
        BinaryOperator::Minus => Operator::Subtract,
        BinaryOperator::Mul => Operator::Multiply,
        BinaryOperator::Div => Operator::Divide,
        BinaryOperator::Mod => Operator::Modulo,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
    }
}
