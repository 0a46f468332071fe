//! JSON, YAML and CSV.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Answer, Arguments, Given, No, made};
use crate::doc::{self, Document, Node, Style};
use crate::read::resource::{Is, Value};
use crate::read::terraform::value::{Builder, list, map};
use crate::source::Location;

/// Values that a document may turn into: aliases may repeat what stands there once.
const MAX_NODES: usize = 200_000;
/// Bytes of a document.
const MAX_BYTES: usize = 4 << 20;

pub fn call(a: &Arguments<'_>) -> Option<Given> {
    Some(match a.name {
        "jsonencode" => made(a.value(0).and_then(|value| {
            let mut out = Builder::default();
            if write(value, &mut out) { Ok(out.finish(a.at).is) } else { Err(No::Unknown) }
        })),
        "jsondecode" => made(a.text(0).and_then(|text| decode(&text, doc::json::parse, a.at))),
        "yamldecode" => made(a.text(0).and_then(|text| decode(&text, doc::yaml::parse, a.at))),
        "csvdecode" => made(a.text(0).and_then(|text| csv(&text, a.at))),
        "urlencode" => made(a.text(0).map(|text| Is::Text(percent(&text).into()))),
        _ => return None,
    })
}

/// The JSON text of a value that is known.
pub fn json(value: &Value) -> Option<String> {
    let mut out = Builder::default();
    write(value, &mut out).then_some(())?;
    match out.finish(value.at).is {
        Is::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

fn write(value: &Value, out: &mut Builder) -> bool {
    if out.bytes > MAX_BYTES {
        return false;
    }
    match &value.is {
        Is::Null => out.text("null"),
        Is::Bool(_) | Is::Number(_) => return out.value(value),
        Is::List(items) | Is::Set(items) => {
            out.text("[");
            for (i, item) in items.iter().enumerate() {
                out.text(if i > 0 { "," } else { "" });
                if !write(item, out) {
                    return false;
                }
            }
            out.text("]");
        }
        Is::Map(entries) => {
            out.text("{");
            for (i, (key, item)) in entries.iter().enumerate() {
                out.text(if i > 0 { "," } else { "" });
                out.text(&quoted(key));
                out.text(":");
                if !write(item, out) {
                    return false;
                }
            }
            out.text("}");
        }
        _ => match value.as_text() {
            Some(text) => out.text(&quoted(&text)),
            // What is not known may be of any type.
            None => return out.value(value),
        },
    }
    true
}

/// As Go's encoder does, which also escapes what HTML could take for a tag.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn decode<'t>(text: &'t str, parse: impl FnOnce(&'t str) -> Document<'t>, at: Location) -> Answer {
    if text.len() > MAX_BYTES {
        return Err(No::Unknown);
    }
    let document = parse(text);
    if !document.problems().is_empty() {
        return Err(No::Wrong("this text cannot be decoded".to_owned()));
    }
    let mut nodes = 0;
    match document.root() {
        Some(root) => value(root, at, &mut nodes).map(|v| v.is).ok_or(No::Unknown),
        None => Ok(Is::Null),
    }
}

fn value(node: Node<'_>, at: Location, nodes: &mut usize) -> Option<Value> {
    *nodes += 1;
    if *nodes > MAX_NODES {
        return None;
    }
    let is = match (node.text(), node.style()) {
        (None, _) if node.is_list() => list(node.items().map(|n| value(n, at, nodes)).collect::<Option<_>>()?),
        (None, _) => {
            let entries = node.entries().map(|e| Some((Arc::from(e.name()), value(e.value, at, nodes)?)));
            map(entries.collect::<Option<_>>()?)
        }
        (Some(_), _) if node.is_null() => Is::Null,
        (Some(text), Some(Style::Number)) => text.parse().map_or_else(|_| Is::Text(text.into()), Is::Number),
        (Some(text), Some(Style::Bool)) => Is::Bool(text.eq_ignore_ascii_case("true")),
        // A plain word of YAML: Terraform reads it by YAML 1.2's core schema.
        (Some(text), Some(Style::Plain)) => match text {
            "true" | "True" | "TRUE" => Is::Bool(true),
            "false" | "False" | "FALSE" => Is::Bool(false),
            _ => match text.parse::<f64>() {
                Ok(n) if n.is_finite() && !text.starts_with('+') => Is::Number(n),
                _ => Is::Text(text.into()),
            },
        },
        (Some(text), _) => Is::Text(text.into()),
    };
    Some(Value::new(is, at))
}

fn csv(text: &str, at: Location) -> Answer {
    let mut reader = ::csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let wrong = |_| No::Wrong("this text is no CSV".to_owned());
    let names: Vec<Arc<str>> = reader.headers().map_err(wrong)?.iter().map(Arc::from).collect();
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(wrong)?;
        let fields: BTreeMap<Arc<str>, Value> = names.iter().cloned().zip(row.iter().map(|f| Value::text(f, at))).collect();
        rows.push(Value::new(map(fields), at));
        if rows.len() * names.len().max(1) > MAX_NODES {
            return Err(No::Unknown);
        }
    }
    Ok(list(rows))
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
