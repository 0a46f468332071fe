//! What Terraform does with values: texts of them, comparisons, sets, and what comes of a value that is not known.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::Trail;
use crate::read::resource::{Is, Piece, Unknown, Value};
use crate::source::Location;

/// The text of a scalar, shared where it can be.
pub fn text_of(value: &Value) -> Option<Arc<str>> {
    match &value.is {
        Is::Text(text) => Some(text.clone()),
        Is::Reference(target) => target.known.clone(),
        _ => value.as_text().map(|t| Arc::from(&*t)),
    }
}

pub fn map(entries: BTreeMap<Arc<str>, Value>) -> Is {
    Is::Map(Arc::new(entries))
}

pub fn list(items: Vec<Value>) -> Is {
    Is::List(Arc::new(items))
}

/// Elements in Terraform's order of sets, each once. Elements that are not known stay beside each other.
pub fn set(mut items: Vec<Value>) -> Is {
    items.sort_by(order);
    items.dedup_by(|a, b| equal(a, b) == Some(true));
    Is::Set(Arc::new(items))
}

/// A total order: numbers by value, texts by bytes, what is not known at the end in the order it came.
pub fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |v: &Value| match &v.is {
        Is::Null => 0,
        Is::Bool(_) => 1,
        Is::Number(_) => 2,
        _ if v.as_text().is_some() => 3,
        Is::List(_) | Is::Set(_) => 4,
        Is::Map(_) => 5,
        _ => 6,
    };
    rank(a).cmp(&rank(b)).then_with(|| match (&a.is, &b.is) {
        (Is::Bool(a), Is::Bool(b)) => a.cmp(b),
        (Is::Number(a), Is::Number(b)) => a.total_cmp(b),
        (Is::List(a) | Is::Set(a), Is::List(b) | Is::Set(b)) => by_elements(a.iter(), b.iter()),
        (Is::Map(a), Is::Map(b)) => a.keys().cmp(b.keys()).then_with(|| by_elements(a.values(), b.values())),
        _ => match (a.as_text(), b.as_text()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => Ordering::Equal,
        },
    })
}

fn by_elements<'v>(a: impl Iterator<Item = &'v Value>, b: impl Iterator<Item = &'v Value>) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) => match order(a, b) {
                Ordering::Equal => {}
                other => return other,
            },
            (a, b) => return a.is_some().cmp(&b.is_some()),
        }
    }
}

/// `==`; `None` if it depends on what is not known.
pub fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (&a.is, &b.is) {
        (Is::Unknown(_), _) | (_, Is::Unknown(_)) => None,
        (Is::Null, Is::Null) => Some(true),
        // An attribute of something that is made, and a text with known pieces, are something.
        (Is::Null, _) | (_, Is::Null) => Some(false),
        (Is::Reference(a), Is::Reference(b)) if a == b => Some(true),
        (Is::Bool(a), Is::Bool(b)) => Some(a == b),
        #[expect(clippy::float_cmp, reason = "Terraform compares numbers exactly")]
        (Is::Number(a), Is::Number(b)) => Some(a == b),
        (Is::List(a), Is::List(b)) | (Is::Set(a), Is::Set(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b.iter()))
        }
        (Is::Map(a), Is::Map(b)) => {
            if !a.keys().eq(b.keys()) {
                return Some(false);
            }
            all(a.values().zip(b.values()))
        }
        (Is::Text(_) | Is::Reference(_), Is::Text(_) | Is::Reference(_)) => Some(a.as_text()? == b.as_text()?),
        (Is::Partial(_), Is::Partial(_) | Is::Text(_) | Is::Reference(_))
        | (Is::Text(_) | Is::Reference(_), Is::Partial(_)) => {
            let (a, b) = (a.pattern()?, b.pattern()?);
            let beginning = |t: &str| t.split('\u{0}').next().unwrap_or("").to_owned();
            let (a, b) = (beginning(&a), beginning(&b));
            // Texts that begin differently are different, whatever comes later.
            (!a.starts_with(&b) && !b.starts_with(&a)).then_some(false)
        }
        (Is::Reference(_), _) | (_, Is::Reference(_)) => None,
        _ => Some(false),
    }
}

fn all<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>) -> Option<bool> {
    let mut known = Some(true);
    for (a, b) in pairs {
        match equal(a, b) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => known = None,
        }
    }
    known
}

/// A value that depends on values that are not known: with the first reason, and every resource that any of them names.
pub fn unknown_of<'v>(values: impl IntoIterator<Item = &'v Value>, at: Location) -> Value {
    let mut of: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut first: Option<Arc<Unknown>> = None;
    let mut trail = Trail::default();
    for value in values {
        of.extend(value.targets().into_iter().map(Arc::from));
        if first.is_none() {
            first = first_unknown(value);
            if first.is_some() {
                trail = value.trail.clone();
            }
        }
    }
    let (why, help) = match &first {
        Some(unknown) => (unknown.why.clone(), unknown.help.clone()),
        None => match of.first() {
            Some(address) => (Cow::Owned(format!("it depends on `{address}`, which is only known once it exists")), None),
            None => (Cow::Borrowed("it is not known before Terraform runs"), None),
        },
    };
    let unknown = Unknown { why, help, of: of.into_iter().collect() };
    Value { is: Is::Unknown(Arc::new(unknown)), at, trail }
}

fn first_unknown(value: &Value) -> Option<Arc<Unknown>> {
    match &value.is {
        Is::Unknown(unknown) => Some(unknown.clone()),
        Is::List(items) | Is::Set(items) => items.iter().find_map(first_unknown),
        Is::Map(entries) => entries.values().find_map(first_unknown),
        Is::Partial(pieces) => pieces.iter().find_map(|p| match p {
            Piece::Hole(v) => first_unknown(v),
            Piece::Text(_) => None,
        }),
        _ => None,
    }
}

/// Whether all of a value is known.
pub fn is_whole(value: &Value) -> bool {
    match &value.is {
        Is::Unknown(_) | Is::Partial(_) => false,
        Is::Reference(target) => target.known.is_some(),
        Is::List(items) | Is::Set(items) => items.iter().all(is_whole),
        Is::Map(entries) => entries.values().all(is_whole),
        Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) => true,
    }
}

/// Collects the pieces of a text.
#[derive(Default)]
pub struct Builder {
    pieces: Vec<Piece>,
    text: String,
    /// Bytes so far, holes counted as one.
    pub bytes: usize,
    trail: Option<Trail>,
}

impl Builder {
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
        self.bytes += text.len();
    }

    /// Adds a value as an interpolation does; `false` if it is none that a text can hold.
    pub fn value(&mut self, value: &Value) -> bool {
        match &value.is {
            Is::Partial(pieces) => {
                for piece in pieces.iter() {
                    match piece {
                        Piece::Text(text) => self.text(text),
                        Piece::Hole(hole) => self.hole(hole.clone()),
                    }
                }
            }
            Is::Unknown(_) => self.hole(value.clone()),
            Is::Reference(target) if target.known.is_none() => self.hole(value.clone()),
            _ => match value.as_text() {
                Some(text) => self.text(&text),
                None => return false,
            },
        }
        if self.trail.is_none() && !value.trail.is_empty() {
            self.trail = Some(value.trail.clone());
        }
        true
    }

    fn hole(&mut self, value: Value) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text).into()));
        }
        self.bytes += 1;
        self.pieces.push(Piece::Hole(value));
    }

    pub fn finish(mut self, at: Location) -> Value {
        let is = if self.pieces.is_empty() {
            Is::Text(self.text.into())
        } else {
            if !self.text.is_empty() {
                self.pieces.push(Piece::Text(self.text.into()));
            }
            Is::Partial(Arc::new(self.pieces))
        };
        Value { is, at, trail: self.trail.unwrap_or_default() }
    }
}
