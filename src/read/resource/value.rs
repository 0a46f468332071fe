//! Values of infrastructure code: known, partly known, or known only as an attribute of something else. Every value says where it
//! is used and, by its trail, where it comes from. How an expression gets its value is for the reader of its language.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::model::Trail;
use crate::source::Location;

/// A value, where it is used, and by which further lines it came there.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub is: Is,
    /// Where the value is used: the attribute's expression in the resource, or the literal itself.
    pub at: Location,
    /// The lines beyond `at`, from the use to the statement; empty for a literal in its place.
    pub trail: Trail,
}

/// What a value is. Cheap to copy.
#[derive(Clone, Debug, PartialEq)]
pub enum Is {
    Null,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    /// Lists, tuples, and repeated blocks.
    List(Arc<Vec<Value>>),
    /// In the order of their texts, each once.
    Set(Arc<Vec<Value>>),
    Map(Arc<BTreeMap<Arc<str>, Value>>),
    /// Text with pieces that are not known: `arn:aws:logs:us-east-1:${...}:*`.
    Partial(Arc<Vec<Piece>>),
    /// An attribute of a resource that is only known once it exists: `aws_s3_bucket.dst.arn`, `!GetAtt Dst.Arn`.
    Reference(Arc<Target>),
    Unknown(Arc<Unknown>),
}

/// A piece of a [`Is::Partial`] text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(Arc<str>),
    /// A reference or an unknown.
    Hole(Value),
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// [`super::Resource::address`] of a resource of the same input.
    pub address: Arc<str>,
    /// The attribute by the format's own name: `arn`, `Arn`, `id`; empty: the resource as a whole.
    pub attribute: Box<str>,
    /// The attribute's text, where the configuration sets it (a bucket's name): it is text and a reference at once.
    pub known: Option<Arc<str>>,
}

/// Why a value is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// In words that go on "...cannot be told: ": "variable `region` has no value".
    pub why: Cow<'static, str>,
    /// What would make it known: "give `region` a value in a .tfvars file".
    pub help: Option<Cow<'static, str>>,
    /// Resources that it may depend on.
    pub of: Vec<Arc<str>>,
}

impl Value {
    pub fn new(is: Is, at: Location) -> Self {
        Self { is, at, trail: Trail::default() }
    }

    pub fn text(text: impl Into<Arc<str>>, at: Location) -> Self {
        Self::new(Is::Text(text.into()), at)
    }

    pub fn unknown(why: impl Into<Cow<'static, str>>, help: Option<Cow<'static, str>>, at: Location) -> Self {
        Self::new(Is::Unknown(Arc::new(Unknown { why: why.into(), help, of: Vec::new() })), at)
    }

    /// The same value, used again at `at`; the line where it was used so far becomes a step of its trail.
    pub fn used(&self, at: Location, step: impl Into<Cow<'static, str>>) -> Self {
        Self { is: self.is.clone(), at, trail: self.trail.through(self.at, step) }
    }

    /// An attribute of a resource of the same input, known only when it exists.
    pub fn reference(address: Arc<str>, attribute: impl Into<Box<str>>, at: Location) -> Self {
        Self::new(Is::Reference(Arc::new(Target { address, attribute: attribute.into(), known: None })), at)
    }

    pub fn is_null(&self) -> bool {
        matches!(self.is, Is::Null)
    }

    /// The text of a known scalar, as the languages themselves would write it into a string.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match &self.is {
            Is::Text(text) => Some(Cow::Borrowed(text)),
            Is::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
            Is::Number(n) => Some(Cow::Owned(number(*n))),
            Is::Reference(target) => target.known.as_deref().map(Cow::Borrowed),
            Is::Null | Is::List(_) | Is::Set(_) | Is::Map(_) | Is::Partial(_) | Is::Unknown(_) => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match &self.is {
            Is::Bool(b) => Some(*b),
            Is::Text(text) => match text.as_ref() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    pub fn as_number(&self) -> Option<f64> {
        match &self.is {
            Is::Number(n) => Some(*n),
            Is::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Value]> {
        match &self.is {
            Is::List(list) | Is::Set(list) => Some(list),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&BTreeMap<Arc<str>, Value>> {
        match &self.is {
            Is::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// The text with `{}`-like marks for what is not known, to look for what is certain in it: `arn:aws:logs:us-east-1:\u{0}:x`.
    /// `None` for what is no text at all. A hole is one NUL character.
    pub fn pattern(&self) -> Option<Cow<'_, str>> {
        match &self.is {
            Is::Partial(pieces) => {
                let text = pieces.iter().map(|p| match p {
                    Piece::Text(text) => text,
                    Piece::Hole(_) => "\u{0}",
                });
                Some(Cow::Owned(text.collect()))
            }
            _ => self.as_text(),
        }
    }

    /// The text with what stands in its holes by name: two such texts that are equal will be one text, whatever it is. `None` if a
    /// hole has no name.
    pub fn identity(&self) -> Option<Cow<'_, str>> {
        let Is::Partial(pieces) = &self.is else { return self.as_text() };
        let text = pieces.iter().map(|p| match p {
            Piece::Text(text) => Some(text.to_string()),
            Piece::Hole(Self { is: Is::Reference(target), .. }) => {
                Some(format!("\u{1}{}.{}\u{1}", target.address, target.attribute))
            }
            Piece::Hole(_) => None,
        });
        text.collect::<Option<String>>().map(Cow::Owned)
    }

    /// Why this value, or a part of it, is not known.
    pub fn unknowns(&self) -> Vec<&Unknown> {
        let mut found = Vec::new();
        self.visit(&mut |v| {
            if let Is::Unknown(unknown) = &v.is {
                found.push(unknown.as_ref());
            }
        });
        found
    }

    /// Every resource that this value, or a part of it, names or may depend on.
    pub fn targets(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        self.visit(&mut |v| match &v.is {
            Is::Reference(target) => found.push(&target.address),
            Is::Unknown(unknown) => found.extend(unknown.of.iter().map(AsRef::as_ref)),
            _ => {}
        });
        found
    }

    /// This value and everything in it.
    fn visit<'v>(&'v self, each: &mut dyn FnMut(&'v Value)) {
        each(self);
        match &self.is {
            Is::List(list) | Is::Set(list) => list.iter().for_each(|v| v.visit(each)),
            Is::Map(map) => map.values().for_each(|v| v.visit(each)),
            Is::Partial(pieces) => {
                for piece in pieces.iter() {
                    if let Piece::Hole(v) = piece {
                        v.visit(each);
                    }
                }
            }
            Is::Null | Is::Bool(_) | Is::Number(_) | Is::Text(_) | Is::Reference(_) | Is::Unknown(_) => {}
        }
    }
}

/// A number as Terraform and JSON write it: no exponent and no `.0` where the value is whole.
pub fn number(n: f64) -> String {
    if n.fract() == 0.0 && n.abs() < 9_007_199_254_740_992.0 {
        return format!("{n:.0}");
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{n}");
    text
}
