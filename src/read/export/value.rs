//! The trees of records as [`Value`]s.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::records::At;
use crate::doc::{Node, Style};
use crate::read::resource::value::number;
use crate::read::resource::{Is, Value};
use crate::source::Location;

/// How the keys of a record are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    AsWritten,
    /// `vpcId` for what the service itself calls `VpcId` (AWS Config).
    Capital,
}

/// A tree as a value; each value is used where it is written.
pub fn value(node: Node<'_>, at: At, keys: Keys) -> Value {
    let is = if node.is_map() {
        Is::Map(Arc::new(node.entries().map(|e| (key(e.name(), keys), value(e.value, at, keys))).collect()))
    } else if node.is_list() {
        Is::List(Arc::new(node.items().map(|item| value(item, at, keys)).collect()))
    } else {
        scalar(node)
    };
    Value::new(is, at.of(node))
}

fn scalar(node: Node<'_>) -> Is {
    let text = node.text().unwrap_or("");
    match node.style() {
        Some(Style::Bool) => Is::Bool(text == "true"),
        // Account ids of 16 digits and more are numbers in some answers, and must stay what they are.
        Some(Style::Number) => match text.parse::<f64>() {
            Ok(n) if number(n) == text => Is::Number(n),
            _ => Is::Text(text.into()),
        },
        Some(Style::Null) | None => Is::Null,
        Some(_) => Is::Text(text.into()),
    }
}

fn key(name: &str, keys: Keys) -> Arc<str> {
    let mut letters = name.chars();
    match (keys, letters.next()) {
        (Keys::Capital, Some(first)) if first.is_ascii_lowercase() => {
            format!("{}{}", first.to_ascii_uppercase(), letters.as_str()).into()
        }
        _ => name.into(),
    }
}

/// The entries of a map, to add to; empty for anything else.
pub fn entries(value: Value) -> BTreeMap<Arc<str>, Value> {
    match value.is {
        Is::Map(map) => Arc::try_unwrap(map).unwrap_or_else(|shared| (*shared).clone()),
        _ => BTreeMap::new(),
    }
}

/// Attributes that stand at the record as a whole.
pub fn map(entries: BTreeMap<Arc<str>, Value>, at: Location) -> Value {
    Value::new(Is::Map(Arc::new(entries)), at)
}
