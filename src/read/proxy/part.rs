//! A value of a spanned document together with the file it stands in. Names of fields are compared without regard to case, as the
//! programs whose files are read through this do.

use crate::doc::Node;
use crate::source::{Location, SourceId};

#[derive(Clone, Copy)]
pub struct Part<'d> {
    pub node: Node<'d>,
    pub source: SourceId,
}

impl<'d> Part<'d> {
    pub fn at(&self) -> Location {
        let mut span = self.node.used_at();
        // A map in block style begins at its first key; the whole of it would be many lines.
        if self.node.is_map()
            && let Some(first) = self.node.entries().next()
        {
            span = first.key.span();
        }
        Location::new(self.source, span)
    }

    pub fn get(&self, name: &str) -> Option<Self> {
        let entry = self.node.entries().find(|e| e.name().eq_ignore_ascii_case(name))?;
        (!entry.value.is_null()).then_some(Self { node: entry.value, source: self.source })
    }

    /// There is such a key, whatever its value: `healthCheck: {}`.
    pub fn has(&self, name: &str) -> bool {
        self.node.entries().any(|e| e.name().eq_ignore_ascii_case(name))
    }

    pub fn path(&self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(*self, |part, name| part.get(name))
    }

    pub fn text(&self, name: &str) -> Option<&'d str> {
        self.get(name)?.node.text()
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.trim().parse().ok()
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.text(name)?.trim().parse().ok()
    }

    /// The elements of a list; anything else that is there stands for a list of it.
    pub fn list(&self, name: &str) -> Vec<Self> {
        match self.get(name) {
            Some(list) if list.node.is_list() => list.node.items().map(|node| Self { node, source: self.source }).collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        }
    }

    /// The texts of a list, or one.
    pub fn texts(&self, name: &str) -> Vec<(&'d str, Location)> {
        self.list(name).into_iter().filter_map(|p| Some((p.node.text()?, p.at()))).collect()
    }

    /// Keys with where they stand, and their values.
    pub fn entries(&self) -> Vec<(&'d str, Location, Self)> {
        let one = |e: crate::doc::Entry<'d>| {
            (e.name(), Location::new(self.source, e.key.span()), Self { node: e.value, source: self.source })
        };
        self.node.entries().map(one).collect()
    }
}
