//! Paths into values, and the conditions of the tables. What cannot be told stays in the answer as it is: an unknown value on the
//! way is what the path gives.

use std::sync::Arc;

use super::table::Condition;
use super::{Is, Piece, Value};

/// A value that a path gave, and where in its list it stood.
#[derive(Clone, Debug)]
pub struct Element {
    pub value: Value,
    /// Its position in the list that holds it.
    pub at: usize,
    /// Which list that was, of all that the path met.
    pub list: usize,
    /// The key under which it (or its list) stood, where the path took all of a map.
    pub key: Option<Arc<str>>,
}

/// What a path gives: every value it leads to, lists entered, nulls left out.
pub fn get(root: &Value, path: &str) -> Vec<Value> {
    elements(root, path).into_iter().map(|e| e.value).collect()
}

/// The same, with the lists that hold the values told apart.
fn elements(root: &Value, path: &str) -> Vec<Element> {
    walk(root, path, false)
}

/// Like [`elements`], entering JSON in a text where the path ends, too: its elements are asked for.
pub fn each(root: &Value, path: &str) -> Vec<Element> {
    walk(root, path, true)
}

fn walk(root: &Value, path: &str, into_json: bool) -> Vec<Element> {
    let mut walk = Walk { found: Vec::new(), lists: 0, key: None, into_json };
    walk.step(root, if path == "@" { "" } else { path }, 0);
    walk.found
}

struct Walk {
    found: Vec<Element>,
    lists: usize,
    key: Option<Arc<str>>,
    into_json: bool,
}

impl Walk {
    fn step(&mut self, value: &Value, path: &str, at: usize) {
        if path.is_empty() {
            return self.leaf(value, at);
        }
        let (segment, rest) = path.split_once('.').unwrap_or((path, ""));
        match &value.is {
            Is::List(list) | Is::Set(list) => match segment.parse::<usize>() {
                Ok(n) => list.get(n).into_iter().for_each(|v| self.step(v, rest, n)),
                Err(_) => self.each(list, path),
            },
            Is::Map(map) if segment == "*" => {
                for (key, value) in map.iter() {
                    let outer = self.key.replace(Arc::clone(key));
                    self.step(value, rest, at);
                    self.key = outer;
                }
            }
            Is::Map(map) if segment == "#" => {
                map.keys().for_each(|key| self.leaf(&Value::new(Is::Text(Arc::clone(key)), value.at), at));
            }
            Is::Map(map) => {
                if let Some(next) = map.get(segment) {
                    self.step(next, rest, at);
                }
            }
            Is::Text(text) if looks_like_json(text) => {
                if let Some(inner) = json(value) {
                    self.step(&inner, path, at);
                }
            }
            Is::Partial(_) => match json(value) {
                Some(inner) => self.step(&inner, path, at),
                None => self.leaf(value, at),
            },
            Is::Reference(_) | Is::Unknown(_) => self.leaf(value, at),
            Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) => {}
        }
    }

    fn leaf(&mut self, value: &Value, at: usize) {
        match &value.is {
            Is::Null => {}
            Is::List(list) | Is::Set(list) => self.each(list, ""),
            Is::Text(_) | Is::Partial(_) if self.into_json => match json(value) {
                Some(inner) => self.step(&inner, "", at),
                None => self.push(value, at),
            },
            _ => self.push(value, at),
        }
    }

    fn push(&mut self, value: &Value, at: usize) {
        self.found.push(Element { value: value.clone(), at, list: self.lists, key: self.key.clone() });
    }

    fn each(&mut self, list: &[Value], path: &str) {
        self.lists += 1;
        for (n, value) in list.iter().enumerate() {
            self.step(value, path, n);
        }
    }
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// A text that is JSON, with its holes in their places.
fn json(value: &Value) -> Option<Value> {
    // Private-use characters mark holes: JSON allows them inside strings, where holes are.
    const MARK: char = '\u{f8f0}';
    let mut holes: Vec<&Value> = Vec::new();
    let text: String = match &value.is {
        Is::Text(text) => text.to_string(),
        Is::Partial(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.to_string(),
                Piece::Hole(hole) => {
                    holes.push(hole);
                    format!("{MARK}{}{MARK}", holes.len() - 1)
                }
            })
            .collect(),
        _ => return None,
    };
    if !looks_like_json(&text) {
        return None;
    }
    let parsed: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(from_json(&parsed, value, &holes, MARK))
}

fn from_json(json: &serde_json::Value, of: &Value, holes: &[&Value], mark: char) -> Value {
    let each = |v: &serde_json::Value| from_json(v, of, holes, mark);
    let is = match json {
        serde_json::Value::Null => Is::Null,
        serde_json::Value::Bool(b) => Is::Bool(*b),
        serde_json::Value::Number(n) => Is::Number(n.as_f64().unwrap_or(0.0)),
        serde_json::Value::Array(list) => Is::List(Arc::new(list.iter().map(each).collect())),
        serde_json::Value::Object(map) => Is::Map(Arc::new(map.iter().map(|(k, v)| (k.as_str().into(), each(v))).collect())),
        serde_json::Value::String(text) => {
            let parts: Vec<&str> = text.split(mark).collect();
            let hole = |at: &str| at.parse::<usize>().ok().and_then(|n| holes.get(n));
            let mut pieces: Vec<Piece> = Vec::new();
            for (n, part) in parts.iter().enumerate() {
                match hole(part).filter(|_| n % 2 == 1) {
                    Some(hole) => pieces.push(Piece::Hole((*hole).clone())),
                    None if part.is_empty() => {}
                    None => pieces.push(Piece::Text((*part).into())),
                }
            }
            match &pieces[..] {
                [] => Is::Text("".into()),
                [Piece::Text(text)] => Is::Text(text.clone()),
                [Piece::Hole(one)] => return one.clone(),
                _ => Is::Partial(pieces.into()),
            }
        }
    };
    Value { is, at: of.at, trail: of.trail.clone() }
}

/// Whether something holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Yes,
    No,
    /// It depends on these values.
    Unclear(Vec<Value>),
}

/// What a condition says of the values that its path gave; `others` is what its `not_in` paths gave.
pub fn holds(condition: &Condition, values: &[Value], others: &[Value]) -> Answer {
    let texts: Vec<_> = values.iter().filter_map(Value::as_text).collect();
    let unclear: Vec<Value> = values.iter().chain(others).filter(|v| is_open(v)).cloned().collect();
    if let Some(wanted) = condition.set {
        // A reference or a partly known text is something; an unknown may come to nothing.
        let empty = |v: &Value| v.as_text().is_some_and(|t| t.is_empty()) || v.as_map().is_some_and(|m| m.is_empty());
        let given = values.iter().any(|v| !empty(v) && !matches!(v.is, Is::Unknown(_)));
        return match (given == wanted, given || unclear.is_empty()) {
            (true, true) => Answer::Yes,
            (false, true) => Answer::No,
            _ => Answer::Unclear(unclear),
        };
    }
    let same = |list: &[String]| texts.iter().any(|t| list.iter().any(|word| word.eq_ignore_ascii_case(t)));
    if !condition.not.is_empty() || !condition.not_in.is_empty() {
        let other = others.iter().any(|o| values.iter().any(|v| v.is == o.is));
        let nothing_to_compare = condition.not.is_empty() && others.is_empty();
        return match (same(&condition.not) || other, unclear.is_empty() || nothing_to_compare) {
            (true, _) => Answer::No,
            (false, true) => Answer::Yes,
            (false, false) => Answer::Unclear(unclear),
        };
    }
    let patterns: Vec<String> = values.iter().filter_map(|v| Some(v.pattern()?.to_lowercase())).collect();
    let any = |words: &[String], test: fn(&str, &str) -> bool| {
        words.iter().any(|word| patterns.iter().any(|p| test(p, &word.to_lowercase())))
    };
    let fits = any(&condition.starts, |p, w| p.starts_with(w)) || any(&condition.contains, |p, w| p.contains(w));
    match (same(&condition.is) || fits, unclear.is_empty()) {
        (true, _) => Answer::Yes,
        (false, true) => Answer::No,
        (false, false) => Answer::Unclear(unclear),
    }
}

/// Not fully known.
pub fn is_open(value: &Value) -> bool {
    matches!(value.is, Is::Reference(_) | Is::Unknown(_) | Is::Partial(_)) && value.as_text().is_none()
}
