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
    let mut last_day = Span::new(0, 0);
    for error in errors {
        let span = error.span().map_or(Span::new(0, 0), |range| on_boundaries(text, range));
        let message = error.message().trim_end_matches('.');
        if message.contains("recurs") {
            builder.problem(Problem::new(span, "values nest too deeply to be read"));
            // The brackets behind it no longer match; their errors would be noise.
            break;
        }
        if let Some(day) = day_in_other_form(text, span) {
            if day != last_day {
                let problem = Problem::new(day, format!("`{}` is not a day", text.get(day.range()).unwrap_or("")));
                builder.problem(problem.help("write year-month-day, like 2026-11-01"));
            }
            last_day = day;
            continue;
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

/// The value around a syntax error, if it is three numbers as people write days: `01.02.2026`, `2026/11/01`, `2026-13-01`.
fn day_in_other_form(text: &str, span: Span) -> Option<Span> {
    let of_day = |c: char| c.is_ascii_digit() || matches!(c, '.' | '/' | '-');
    let at = span.start as usize;
    let before = text.get(..at)?;
    let start = at - before.chars().rev().take_while(|c| of_day(*c)).map(char::len_utf8).sum::<usize>();
    let rest = text.get(start..)?;
    let end = start + rest.find(|c| !of_day(c)).unwrap_or(rest.len());
    let is_value = before.get(..start)?.trim_end_matches(' ').ends_with('=');
    let parts: Vec<&str> = text.get(start..end)?.split(['.', '/', '-']).collect();
    let is_day = parts.len() == 3 && parts.iter().all(|p| (1..=4).contains(&p.len()));
    (is_value && is_day).then(|| Span::new(start, end))
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
