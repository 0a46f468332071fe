//! A template as it is written: its sections, and which of its values are calls of intrinsic functions. Evaluates nothing.

use crate::doc::{Document, Entry, Node};
use crate::source::{Location, SourceId};

/// One template file, parsed.
#[derive(Clone, Copy)]
pub(super) struct Template<'d> {
    pub source: SourceId,
    pub root: Node<'d>,
}

impl<'d> Template<'d> {
    pub fn new(source: SourceId, document: &'d Document<'d>) -> Option<Self> {
        Some(Self { source, root: document.root()? })
    }

    pub fn section(&self, name: &str) -> impl Iterator<Item = Entry<'d>> + use<'d> {
        self.root.get(name).into_iter().flat_map(|s| s.entries())
    }

    pub fn find(&self, section: &str, name: &str) -> Option<Entry<'d>> {
        self.root.get(section)?.entry(name)
    }

    pub fn at(&self, node: Node<'_>) -> Location {
        Location::new(self.source, node.used_at())
    }

    /// The macros that rewrite the template, with their names where they are written out.
    pub fn transforms(&self) -> Vec<(Node<'d>, Option<&'d str>)> {
        let named = |node: Node<'d>| (node, node.text().or_else(|| node.get("Name").and_then(|n| n.text())));
        match self.root.get("Transform") {
            Some(list) if list.is_list() => list.items().map(named).collect(),
            Some(one) => vec![named(one)],
            None => Vec::new(),
        }
    }
}

/// The argument of a function: in the short form (`!Ref X`) it is the tagged node itself without its tag.
#[derive(Clone, Copy)]
pub(super) struct Argument<'d> {
    pub node: Node<'d>,
    pub tagged: bool,
}

/// A call of an intrinsic function, by its long name without `Fn::`: `Ref`, `Sub`, `GetAtt`.
pub(super) fn call<'d>(node: Node<'d>) -> Option<(&'d str, Argument<'d>)> {
    if let Some(name) = node.tag().and_then(|tag| tag.strip_prefix('!')).filter(|name| !name.starts_with('!')) {
        return Some((name, Argument { node, tagged: true }));
    }
    long_call(node)
}

/// A call in the long form, whatever the node's tag: `!ImportValue {"Fn::Sub": ...}` holds one.
pub(super) fn long_call<'d>(node: Node<'d>) -> Option<(&'d str, Argument<'d>)> {
    let mut entries = node.entries();
    let only = entries.next()?;
    if entries.next().is_some() {
        return None;
    }
    let name = match only.name() {
        name @ ("Ref" | "Condition") => name,
        name => name.strip_prefix("Fn::").filter(|name| !name.starts_with("ForEach::"))?,
    };
    Some((name, Argument { node: only.value, tagged: false }))
}
