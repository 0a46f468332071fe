//! TOML 1.1 into the tree, with all syntax errors of a file at once.

use std::borrow::Cow;

use toml::de::{DeTable, DeValue};

use super::build::{Builder, TooDeep};
use super::{Document, Problem, Style};
use crate::source::Span;

/// Parses a text. After a syntax error the rest of the file is still read, as well as it can be.
pub fn parse(text: &str) -> Document<'_> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut builder = Builder::new(text);
    for error in errors {
        let span = error.span().map_or(Span::new(0, 0), |range| on_boundaries(text, range));
        let message = error.message().trim_end_matches('.');
        if message.contains("recurs") {
            builder.problem(Problem::new(span, "values nest too deeply to be read"));
            // The brackets behind it no longer match; their errors would be noise.
            break;
        }
        builder.problem(Problem::new(span, message.to_owned()));
    }
    let span = Span::new(0, text.len());
    let done = table(&mut builder, text, root.into_inner(), span);
    if done.is_err() {
        builder.problem(Problem::new(Span::new(0, 0), "tables nest deeper than 128 levels"));
    }
    builder.finish()
}

fn table<'t>(builder: &mut Builder<'t>, text: &'t str, table: DeTable<'t>, span: Span) -> Result<(), TooDeep> {
    builder.open(true, span)?;
    for (key, item) in table {
        let key_span = on_boundaries(text, key.span());
        builder.scalar(key.into_inner(), Style::Quoted, key_span);
        let span = match item.span() {
            // After a syntax error the parser stands something in for the value, without a place: the line is its place.
            range if range.is_empty() => {
                let rest = text.get(key_span.end as usize..).and_then(|t| t.lines().next()).unwrap_or("");
                Span::new(key_span.end as usize, key_span.end as usize + rest.len())
            }
            range => on_boundaries(text, range),
        };
        value(builder, text, item.into_inner(), span)?;
    }
    builder.close(None);
    Ok(())
}

fn value<'t>(builder: &mut Builder<'t>, text: &'t str, item: DeValue<'t>, span: Span) -> Result<(), TooDeep> {
    // Numbers and dates stay as they are written.
    let written = || Cow::Borrowed(text.get(span.range()).unwrap_or(""));
    match item {
        DeValue::String(s) => _ = builder.scalar(s, Style::Quoted, span),
        DeValue::Integer(_) | DeValue::Float(_) => _ = builder.scalar(written(), Style::Number, span),
        DeValue::Boolean(_) => _ = builder.scalar(written(), Style::Bool, span),
        DeValue::Datetime(_) => _ = builder.scalar(written(), Style::Date, span),
        DeValue::Array(items) => {
            builder.open(false, span)?;
            for item in items {
                let span = on_boundaries(text, item.span());
                value(builder, text, item.into_inner(), span)?;
            }
            builder.close(None);
        }
        DeValue::Table(inner) => table(builder, text, inner, span)?,
    }
    Ok(())
}

/// A span inside the text, on character boundaries: errors may point past the end or into a character.
pub(super) fn on_boundaries(text: &str, range: std::ops::Range<usize>) -> Span {
    let start = text.floor_char_boundary(range.start);
    let end = text.ceil_char_boundary(range.end.min(text.len()));
    Span::new(start, end)
}
