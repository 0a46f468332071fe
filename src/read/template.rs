//! What evaluating the templates of any cloud takes: names that are bound to values, texts made of pieces, and a budget that keeps
//! it linear in what is written. Knows no template's language.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::resource::{Is, Piece, Value};
use crate::model::Trail;
use crate::source::Location;

/// Values (and 64-byte pieces of texts) made in all, beyond 40 for each byte of the templates.
const FREE_VALUES: u64 = 200_000;
/// A text made of pieces may grow to this many bytes.
pub const MAX_TEXT: usize = 1 << 20;
/// ... and have this many pieces.
const MAX_PIECES: usize = 1 << 10;

/// What may still be made, and how deeply things are nested just now.
pub struct Budget {
    depth: Cell<u32>,
    max_depth: u32,
    spent: Cell<u64>,
    limit: u64,
}

impl Budget {
    /// For templates of so many bytes.
    pub fn new(bytes: usize, max_depth: u32) -> Self {
        Self { depth: Cell::new(0), max_depth, spent: Cell::new(0), limit: FREE_VALUES + 40 * bytes as u64 }
    }

    /// Whether so much more may be made. Once it is not, it never is again, and the templates are a gap.
    pub fn spend(&self, values: usize) -> bool {
        let spent = self.spent.get().saturating_add(values as u64);
        self.spent.set(spent);
        spent <= self.limit
    }

    pub fn is_spent(&self) -> bool {
        self.spent.get() > self.limit
    }

    /// One level deeper, unless that is too deep. The level ends when the guard is dropped.
    pub fn deeper(&self) -> Option<Deeper<'_>> {
        if self.depth.get() >= self.max_depth {
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        Some(Deeper(&self.depth))
    }

    /// One text of several pieces; a single piece stays what it is, and what is empty adds nothing.
    pub fn concat(&self, values: impl IntoIterator<Item = Value>, at: Location) -> Value {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut length = 0;
        let mut steps = Vec::new();
        for value in values {
            if steps.len() < Trail::MAX_STEPS {
                steps.extend(value.trail.steps().cloned());
            }
            match &value.is {
                Is::Null => {}
                Is::Partial(inner) => pieces.extend(inner.iter().cloned()),
                _ => match value.as_text() {
                    Some(text) => {
                        length += text.len();
                        pieces.push(Piece::Text(Arc::from(text.as_ref())));
                    }
                    None => pieces.push(Piece::Hole(value)),
                },
            }
            if length > MAX_TEXT || pieces.len() > MAX_PIECES || !self.spend(1 + length / 64) {
                return Value::unknown("this text grows larger than onshore is willing to read".to_owned(), None, at);
            }
        }
        Value { is: text_of(pieces), at, trail: steps.into_iter().collect() }
    }
}

pub struct Deeper<'b>(&'b Cell<u32>);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Neighbouring texts become one; a single hole is no text but what it stands for.
pub fn text_of(pieces: Vec<Piece>) -> Is {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(more) => text.push_str(&more),
            hole @ Piece::Hole(_) => {
                if !text.is_empty() {
                    joined.push(Piece::Text(std::mem::take(&mut text).into()));
                }
                joined.push(hole);
            }
        }
    }
    if joined.is_empty() {
        return Is::Text(text.into());
    }
    if !text.is_empty() {
        joined.push(Piece::Text(text.into()));
    }
    match joined.as_slice() {
        [Piece::Hole(value)] => value.is.clone(),
        _ => Is::Partial(Arc::new(joined)),
    }
}

/// Names that loops, lambdas and functions give to values, the innermost first.
#[derive(Clone)]
pub struct Vars<V>(Option<Rc<Var<V>>>);

struct Var<V> {
    name: String,
    value: V,
    outer: Vars<V>,
}

impl<V> Default for Vars<V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<V: Clone> Vars<V> {
    /// Inside what gives one name more.
    pub fn with(&self, name: impl Into<String>, value: V) -> Self {
        Self(Some(Rc::new(Var { name: name.into(), value, outer: self.clone() })))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        std::iter::successors(self.0.as_ref(), |var| var.outer.0.as_ref()).map(|var| (var.name.as_str(), &var.value))
    }

    pub fn get(&self, name: &str) -> Option<&V> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}
