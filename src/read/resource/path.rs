//! Paths into values, and the conditions of the tables. What cannot be told stays in the answer as it is: an unknown value on the
//! way is what the path gives.

use super::table::Condition;
use super::{Is, Value};

/// What a path gives: every value it leads to, lists entered, nulls left out.
pub fn get<'v>(root: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = Vec::new();
    if path == "@" {
        leaves(root, &mut found);
    } else {
        walk(root, path, &mut found);
    }
    found
}

fn walk<'v>(value: &'v Value, path: &str, found: &mut Vec<&'v Value>) {
    if path.is_empty() {
        return leaves(value, found);
    }
    let (segment, rest) = path.split_once('.').unwrap_or((path, ""));
    match &value.is {
        Is::List(list) => match segment.parse::<usize>() {
            Ok(at) => list.get(at).into_iter().for_each(|v| walk(v, rest, found)),
            Err(_) => list.iter().for_each(|v| walk(v, path, found)),
        },
        Is::Map(map) if segment == "*" => map.values().for_each(|v| walk(v, rest, found)),
        Is::Map(map) => {
            if let Some(next) = map.get(segment) {
                walk(next, rest, found);
            }
        }
        Is::Reference(_) | Is::Unknown(_) | Is::Partial(_) => found.push(value),
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) => {}
    }
}

fn leaves<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match &value.is {
        Is::Null => {}
        Is::List(list) => list.iter().for_each(|v| leaves(v, found)),
        _ => found.push(value),
    }
}

/// Whether something holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Yes,
    No,
    /// It depends on these values.
    Unclear(Vec<Value>),
}

/// What a condition says of the values that its path gave.
pub fn holds(condition: &Condition, values: &[&Value]) -> Answer {
    let texts: Vec<_> = values.iter().filter_map(|v| v.as_text()).collect();
    let unclear: Vec<Value> = values.iter().filter(|v| is_open(v)).map(|v| (*v).clone()).collect();
    if let Some(wanted) = condition.set {
        // A reference or a partly known text is something; an unknown may come to nothing.
        let empty = |v: &&Value| v.as_text().is_some_and(|t| t.is_empty()) || v.as_map().is_some_and(|m| m.is_empty());
        let unknown = |v: &&Value| matches!(v.is, Is::Unknown(_));
        let given = values.iter().any(|v| !empty(v) && !unknown(v));
        return match (given == wanted, given || unclear.is_empty()) {
            (true, true) => Answer::Yes,
            (false, true) => Answer::No,
            _ => Answer::Unclear(unclear),
        };
    }
    let same = |list: &[String]| texts.iter().any(|t| list.iter().any(|word| word.eq_ignore_ascii_case(t)));
    let starts = |t: &str| condition.starts.iter().any(|s| t.get(..s.len()).is_some_and(|head| head.eq_ignore_ascii_case(s)));
    if !condition.not.is_empty() {
        return match (same(&condition.not), unclear.is_empty()) {
            (true, _) => Answer::No,
            (false, true) => Answer::Yes,
            (false, false) => Answer::Unclear(unclear),
        };
    }
    let begins = values.iter().any(|v| v.pattern().is_some_and(|p| starts(&p)));
    match (same(&condition.is) || begins, unclear.is_empty()) {
        (true, _) => Answer::Yes,
        (false, true) => Answer::No,
        (false, false) => Answer::Unclear(unclear),
    }
}

/// Not fully known.
pub fn is_open(value: &Value) -> bool {
    matches!(value.is, Is::Reference(_) | Is::Unknown(_) | Is::Partial(_))
}
