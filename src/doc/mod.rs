//! One spanned document tree for TOML, YAML and JSON, walked by path or deserialized with spans.
//!
//! The tree keeps what was written: scalars are text plus how they were spelled, so `country: NO` stays `NO`, and the type asked
//! for decides what a plain word means. An alias is an edge, never a copy; what aliases could expand to is bounded at parse
//! time, so walking a tree is always linear in the text. The tree knows no format's meaning; readers give it one.

mod build;
pub mod csv;
pub mod de;
pub mod json;
pub mod table;
pub mod toml;
pub mod types;
pub mod yaml;

use std::borrow::Cow;

use crate::source::{InputError, Location, SourceId, Span};

pub use table::read;

/// Containers nested deeper than this are refused.
pub const MAX_DEPTH: usize = 128;

/// Something wrong with a text, at a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub span: Span,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn in_source(self, source: SourceId) -> InputError {
        InputError { location: Location::new(source, self.span), message: self.message, help: self.help }
    }
}

/// Leaves out what only echoes a syntax error: problems of values at the very place where the text is broken.
pub fn without_echoes(syntax: &[Problem], problems: &mut Vec<Problem>) {
    let touches = |a: Span, b: Span| a.start <= b.end && b.start <= a.end;
    problems.retain(|p| !syntax.iter().any(|s| touches(s.span, p.span)));
}

/// How a scalar was spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// In quotes, or a block scalar: text for sure.
    Quoted,
    /// A bare word whose type the text does not tell (YAML, CSV).
    Plain,
    /// A number (TOML, JSON), as written: `150_000_000`.
    Number,
    /// `true` or `false` (TOML, JSON).
    Bool,
    /// A TOML date or time, as written.
    Date,
    /// JSON `null`, or nothing where YAML has a value.
    Null,
}

#[derive(Debug)]
enum Kind<'t> {
    Scalar {
        text: Cow<'t, str>,
        style: Style,
    },
    /// `children[first..first + len]`.
    List {
        first: u32,
        len: u32,
    },
    /// `children[first..first + 2 * len]`: key, value, key, value...
    Map {
        first: u32,
        len: u32,
        merges: bool,
    },
    Alias(u32),
}

#[derive(Debug)]
struct Data<'t> {
    span: Span,
    kind: Kind<'t>,
}

/// A parsed text. A broken text gives what could be read of it, and its problems.
#[derive(Debug, Default)]
pub struct Document<'t> {
    nodes: Vec<Data<'t>>,
    children: Vec<u32>,
    /// One per YAML document of the text; one for TOML and JSON.
    roots: Vec<u32>,
    /// Explicit YAML tags by node, in the order of ids.
    tags: Vec<(u32, Box<str>)>,
    problems: Vec<Problem>,
}

impl<'t> Document<'t> {
    /// The (first) document; `None` if the text holds nothing at all.
    pub fn root(&self) -> Option<Node<'_>> {
        self.roots.first().map(|id| self.node(*id))
    }

    /// All documents of a YAML stream.
    pub fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.roots.iter().map(|id| self.node(*id))
    }

    /// Every syntax error, in the order of the text.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    fn node(&self, used: u32) -> Node<'_> {
        let id = match self.nodes[used as usize].kind {
            // An alias points at a finished node that is no alias itself (see `build`).
            Kind::Alias(target) => target,
            _ => used,
        };
        Node { doc: self, id, used }
    }
}

/// A value in a document.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    doc: &'d Document<'d>,
    id: u32,
    /// The same as `id`, or the alias by which it was reached.
    used: u32,
}

/// A key with its value. Keys of JSON and TOML are always scalars.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'d> {
    pub key: Node<'d>,
    pub value: Node<'d>,
}

impl<'d> Entry<'d> {
    /// The key's text; empty if it is no scalar.
    pub fn name(&self) -> &'d str {
        self.key.text().unwrap_or("")
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.data().kind {
            Kind::Scalar { text, style } => write!(f, "{style:?} {text:?}"),
            Kind::List { .. } => f.debug_list().entries(self.items()).finish(),
            Kind::Map { .. } => f.debug_map().entries(self.entries().map(|e| (e.key, e.value))).finish(),
            Kind::Alias(_) => f.write_str("alias"),
        }
    }
}

impl<'d> Node<'d> {
    fn data(&self) -> &'d Data<'d> {
        &self.doc.nodes[self.id as usize]
    }

    /// The bytes of the value. For a TOML table under a `[header]`: the header. For an alias: what it stands for.
    pub fn span(&self) -> Span {
        self.data().span
    }

    /// Where the value is used: the `*alias`, or the value itself.
    pub fn used_at(&self) -> Span {
        self.doc.nodes[self.used as usize].span
    }

    /// An explicit YAML tag as written, with its `!`: `!Ref`.
    pub fn tag(&self) -> Option<&'d str> {
        let at = self.doc.tags.binary_search_by_key(&self.id, |(id, _)| *id).ok()?;
        Some(&self.doc.tags[at].1)
    }

    pub fn is_map(&self) -> bool {
        matches!(self.data().kind, Kind::Map { .. })
    }

    pub fn is_list(&self) -> bool {
        matches!(self.data().kind, Kind::List { .. })
    }

    pub fn style(&self) -> Option<Style> {
        match self.data().kind {
            Kind::Scalar { style, .. } => Some(style),
            _ => None,
        }
    }

    /// Nothing: JSON `null`; in YAML an empty value, `~` or a plain `null`.
    pub fn is_null(&self) -> bool {
        match &self.data().kind {
            Kind::Scalar { text, style } => is_null(text, *style),
            _ => false,
        }
    }

    /// The text of any scalar, also of numbers and of nothing.
    pub fn text(&self) -> Option<&'d str> {
        match &self.data().kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar that may be text: quoted, a plain word, a date. `None` for typed numbers, booleans and nothing.
    pub fn as_str(&self) -> Option<&'d str> {
        match &self.data().kind {
            Kind::Scalar { style: Style::Number | Style::Bool, .. } => None,
            Kind::Scalar { text, style } if !is_null(text, *style) => Some(text),
            _ => None,
        }
    }

    pub fn as_u64(&self) -> Option<u64> {
        match &self.data().kind {
            Kind::Scalar { text, style: Style::Number | Style::Plain } => de::integer(text).and_then(|n| u64::try_from(n).ok()),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match &self.data().kind {
            Kind::Scalar { text, style: Style::Bool | Style::Plain } => de::boolean(text),
            _ => None,
        }
    }

    /// The value of a key. An explicit key wins over one that a YAML merge key (`<<`) brings in.
    pub fn get(&self, key: &str) -> Option<Node<'d>> {
        self.entry(key).map(|e| e.value)
    }

    pub fn entry(&self, key: &str) -> Option<Entry<'d>> {
        self.entries().find(|e| e.key.text() == Some(key))
    }

    /// Down a path of keys.
    pub fn path(&self, keys: &[&str]) -> Option<Node<'d>> {
        keys.iter().try_fold(*self, |node, key| node.get(key))
    }

    /// The elements of a list; none for anything else.
    pub fn items(&self) -> impl ExactSizeIterator<Item = Node<'d>> + use<'d> {
        let doc = self.doc;
        let range = match self.data().kind {
            Kind::List { first, len } => first as usize..(first + len) as usize,
            _ => 0..0,
        };
        doc.children[range].iter().map(|id| doc.node(*id))
    }

    /// The elements of a list. Any other value but null stands for a list of it, for programs that take or mean one so.
    pub fn listed(&self) -> impl Iterator<Item = Node<'d>> + use<'d> {
        let one = (!self.is_list() && !self.is_null()).then_some(*self);
        self.items().chain(one)
    }

    /// The entries of a map, in the order of the text; then those of merge keys. None for anything else.
    pub fn entries(&self) -> Entries<'d> {
        match self.data().kind {
            Kind::Map { merges: false, .. } => Entries(Source::Own(self.own_entries())),
            Kind::Map { .. } => {
                let mut merged = Vec::new();
                let mut seen = std::collections::HashSet::new();
                self.merge_into(&mut merged, &mut seen);
                Entries(Source::Merged(merged.into_iter()))
            }
            _ => Entries(Source::Own(Pairs { doc: self.doc, ids: [].iter() })),
        }
    }

    fn own_entries(&self) -> Pairs<'d> {
        let range = match self.data().kind {
            Kind::Map { first, len, .. } => first as usize..(first + 2 * len) as usize,
            _ => 0..0,
        };
        Pairs { doc: self.doc, ids: self.doc.children[range].iter() }
    }

    /// Own keys first, then the merged maps in order: the first one that has a key wins (YAML merge key draft, 2005).
    fn merge_into(&self, out: &mut Vec<Entry<'d>>, seen: &mut std::collections::HashSet<&'d str>) {
        let mut merges = Vec::new();
        for entry in self.own_entries() {
            if is_merge(entry.key) {
                merges.push(entry.value);
            } else if entry.key.text().is_none_or(|name| seen.insert(name)) {
                out.push(entry);
            }
        }
        for merged in merges {
            if merged.is_map() {
                merged.merge_into(out, seen);
            } else {
                merged.items().for_each(|map| map.merge_into(out, seen));
            }
        }
    }
}

/// Entries of a map; see [`Node::entries`].
pub struct Entries<'d>(Source<'d>);

enum Source<'d> {
    Own(Pairs<'d>),
    Merged(std::vec::IntoIter<Entry<'d>>),
}

struct Pairs<'d> {
    doc: &'d Document<'d>,
    ids: std::slice::Iter<'d, u32>,
}

impl<'d> Iterator for Pairs<'d> {
    type Item = Entry<'d>;

    fn next(&mut self) -> Option<Entry<'d>> {
        let (key, value) = (self.ids.next()?, self.ids.next()?);
        Some(Entry { key: self.doc.node(*key), value: self.doc.node(*value) })
    }
}

impl<'d> Iterator for Entries<'d> {
    type Item = Entry<'d>;

    fn next(&mut self) -> Option<Entry<'d>> {
        match &mut self.0 {
            Source::Own(pairs) => pairs.next(),
            Source::Merged(entries) => entries.next(),
        }
    }
}

fn is_merge(key: Node<'_>) -> bool {
    key.text() == Some("<<") && key.style() == Some(Style::Plain)
}

fn is_null(text: &str, style: Style) -> bool {
    style == Style::Null || (style == Style::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL"))
}

#[cfg(test)]
mod tests;
