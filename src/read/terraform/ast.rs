//! Terraform's configuration language after parsing: blocks, attributes and expressions with their spans, and nothing that an
//! evaluator does not need. The native syntax ([`super::parse`]) and the JSON syntax ([`super::parse_json`]) both end here.

use std::sync::Arc;

use crate::source::{Location, SourceId, Span};

/// Attributes and blocks in the order of their lines.
#[derive(Debug, Default)]
pub struct Body {
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
}

#[derive(Debug)]
pub struct Attribute {
    pub name: Box<str>,
    pub source: SourceId,
    /// Of the name.
    pub span: Span,
    pub value: Expr,
}

#[derive(Debug)]
pub struct Block {
    pub kind: Box<str>,
    pub labels: Vec<Box<str>>,
    pub source: SourceId,
    /// Of the header: the block's kind and labels.
    pub span: Span,
    pub body: Body,
}

#[derive(Debug)]
pub struct Expr {
    pub span: Span,
    pub kind: Kind,
}

#[derive(Debug)]
pub enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    List(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    Template(Vec<Part>),
    /// What a traversal begins with, or a variable of a `for`.
    Name(Arc<str>),
    Get(Box<Expr>, Vec<Step>),
    Call(Box<Call>),
    /// Condition, then, otherwise.
    If(Box<[Expr; 3]>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Binary(Operator, Box<[Expr; 2]>),
    For(Box<For>),
}

#[derive(Debug)]
pub struct Call {
    pub name: Box<str>,
    pub arguments: Vec<Expr>,
    /// The last argument is followed by `...`.
    pub expand: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
}

/// `[for k, v in over : value if condition]` and `{for k, v in over : key => value... if condition}`.
#[derive(Debug)]
pub struct For {
    pub key_name: Option<Arc<str>>,
    pub value_name: Arc<str>,
    pub over: Expr,
    /// For objects.
    pub key: Option<Expr>,
    pub value: Expr,
    pub group: bool,
    pub condition: Option<Expr>,
}

#[derive(Debug)]
pub enum Step {
    Attribute(Arc<str>),
    Index(Expr),
    /// `[*]` or `.*`: what follows is done with each element. `.*` ends at an index.
    Splat {
        full: bool,
    },
}

/// A piece of a text template. Strip marks are already applied.
#[derive(Debug)]
pub enum Part {
    Text(Arc<str>),
    Value(Expr),
    If { condition: Expr, then: Vec<Part>, otherwise: Vec<Part> },
    For { key_name: Option<Arc<str>>, value_name: Arc<str>, over: Expr, body: Vec<Part> },
}

impl Body {
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| *a.name == *name)
    }

    pub fn blocks_of<'b>(&'b self, kind: &'b str) -> impl Iterator<Item = &'b Block> {
        self.blocks.iter().filter(move |b| *b.kind == *kind)
    }
}

impl Attribute {
    pub fn location(&self) -> Location {
        Location::new(self.source, self.value.span)
    }
}

impl Block {
    pub fn location(&self) -> Location {
        Location::new(self.source, self.span)
    }

    pub fn label(&self, index: usize) -> &str {
        self.labels.get(index).map_or("", |l| l)
    }
}

impl Expr {
    pub fn new(span: Span, kind: Kind) -> Self {
        Self { span, kind }
    }

    /// A literal text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The names of a traversal as written, `aws.us`: for words that are never evaluated (`provider = aws.us`).
    pub fn as_words(&self) -> Option<Vec<&str>> {
        match &self.kind {
            Kind::Name(name) => Some(vec![name]),
            // Before Terraform 0.12 these words were quoted.
            Kind::Text(text) if !text.is_empty() => Some(text.split('.').collect()),
            Kind::Get(first, steps) => {
                let mut words = first.as_words()?;
                for step in steps {
                    match step {
                        Step::Attribute(name) => words.push(name),
                        Step::Index(_) => break,
                        Step::Splat { .. } => return None,
                    }
                }
                Some(words)
            }
            _ => None,
        }
    }

    /// The index that ends a traversal: `each.key` of `aws.by_region[each.key]`.
    pub fn last_index(&self) -> Option<&Expr> {
        match &self.kind {
            Kind::Get(_, steps) => match steps.last() {
                Some(Step::Index(index)) => Some(index),
                _ => None,
            },
            _ => None,
        }
    }
}
