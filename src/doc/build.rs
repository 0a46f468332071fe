//! Builds the tree from a stream of beginnings and ends, and holds the limits that keep walking it linear: depth, and the size
//! that aliases could expand to.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Data, Document, Kind, MAX_DEPTH, Problem, Style, is_merge};
use crate::source::Span;

/// Values that aliases may stand for in all, beyond four for each byte of the text.
const FREE_EXPANSION: u64 = 1_000_000;

#[derive(Default)]
pub(super) struct Builder<'t> {
    doc: Document<'t>,
    open: Vec<Open>,
    /// Children of the open containers, innermost last.
    pending: Vec<u32>,
    /// Nodes there are when every alias counts as what it stands for.
    expanded: u64,
    limit: u64,
}

struct Open {
    id: u32,
    first: usize,
    is_map: bool,
    /// Levels below it, aliases counted as what they stand for.
    height: usize,
    expanded_before: u64,
}

/// A finished node that aliases may stand for.
#[derive(Clone, Copy)]
pub(super) struct Anchored {
    pub id: u32,
    expanded: u64,
    height: usize,
}

/// A container that is nested too deep.
pub(super) struct TooDeep;

impl<'t> Builder<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { limit: FREE_EXPANSION + 4 * text.len() as u64, ..Self::default() }
    }

    pub fn problem(&mut self, problem: Problem) {
        self.doc.problems.push(problem);
    }

    pub fn tag(&mut self, node: u32, tag: String) {
        self.doc.tags.push((node, tag.into_boxed_str()));
    }

    pub fn scalar(&mut self, text: Cow<'t, str>, style: Style, span: Span) -> Anchored {
        self.expanded += 1;
        let id = self.push(span, Kind::Scalar { text, style });
        self.child(id);
        Anchored { id, expanded: 1, height: 0 }
    }

    /// An alias of a finished node. Where it would make the tree too large or too deep it becomes nothing, with a problem.
    pub fn alias(&mut self, target: Anchored, span: Span) {
        let problem = if self.expanded + target.expanded > self.limit {
            "the aliases of this file stand for more values than onshore is willing to read"
        } else if self.open.len() + target.height > MAX_DEPTH {
            "this alias nests deeper than 128 levels"
        } else {
            self.expanded += target.expanded;
            let id = self.push(span, Kind::Alias(target.id));
            self.child(id);
            if let Some(open) = self.open.last_mut() {
                open.height = open.height.max(target.height + 1);
            }
            return;
        };
        self.unusable_alias(span, problem);
    }

    /// Stands for a value that cannot be had. One problem a file is enough for bombs.
    pub fn unusable_alias(&mut self, span: Span, problem: &str) {
        if self.doc.problems.last().is_none_or(|last| last.message != problem) {
            self.problem(Problem::new(span, problem));
        }
        self.scalar(Cow::Borrowed(""), Style::Null, span);
    }

    pub fn open(&mut self, is_map: bool, start: Span) -> Result<u32, TooDeep> {
        if self.open.len() >= MAX_DEPTH {
            return Err(TooDeep);
        }
        let id = self.push(start, Kind::List { first: 0, len: 0 });
        self.open.push(Open { id, first: self.pending.len(), is_map, height: 0, expanded_before: self.expanded });
        self.expanded += 1;
        Ok(id)
    }

    /// Ends the innermost container; with `end` its span grows to there.
    pub fn close(&mut self, end: Option<u32>) -> Option<Anchored> {
        let open = self.open.pop()?;
        if open.is_map && (self.pending.len() - open.first) % 2 == 1 {
            // A broken text ended after a key.
            self.pending.pop();
        }
        let first = self.doc.children.len() as u32;
        let count = (self.pending.len() - open.first) as u32;
        self.doc.children.extend(self.pending.drain(open.first..));
        let merges =
            open.is_map && self.doc.children[first as usize..].chunks_exact(2).any(|pair| is_merge(self.doc.node(pair[0])));
        let data = &mut self.doc.nodes[open.id as usize];
        data.kind = match open.is_map {
            true => Kind::Map { first, len: count / 2, merges },
            false => Kind::List { first, len: count },
        };
        if let Some(end) = end {
            data.span.end = end.max(data.span.start);
        }
        if let Some(parent) = self.open.last_mut() {
            parent.height = parent.height.max(open.height + 1);
        }
        self.child(open.id);
        Some(Anchored { id: open.id, expanded: self.expanded - open.expanded_before, height: open.height + 1 })
    }

    /// Whether the innermost container waits for a key (`Some(true)`) or, after a key, for its value.
    pub fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|o| o.is_map && (self.pending.len() - o.first).is_multiple_of(2))
    }

    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Takes keys that occur again out of the map that was just closed: the first one counts, but the file is wrong.
    pub fn check_duplicates(&mut self, map: u32) {
        let Kind::Map { first, len, merges } = self.doc.nodes[map as usize].kind else { return };
        let pairs = || self.doc.children[first as usize..].chunks_exact(2);
        let key = |pair: &[u32]| self.doc.node(pair[0]).text();
        let mut again = Vec::new();
        if len <= 8 {
            for (i, pair) in pairs().enumerate() {
                if key(pair).is_some_and(|text| pairs().take(i).any(|earlier| key(earlier) == Some(text))) {
                    again.push(i);
                }
            }
        } else {
            let mut seen = HashSet::with_capacity(len as usize);
            again.extend(pairs().enumerate().filter(|(_, p)| key(p).is_some_and(|k| !seen.insert(k))).map(|(i, _)| i));
        }
        if again.is_empty() {
            return;
        }
        let removed: Vec<u32> = again.iter().map(|i| self.doc.children[first as usize + 2 * i]).collect();
        for id in removed {
            let key = self.doc.node(id);
            let message = format!("the key `{}` is written twice", key.text().unwrap_or(""));
            let problem = Problem::new(key.used_at(), message).help("keep one of the two");
            self.problem(problem);
        }
        // The children of the map just closed are the last ones.
        let own = self.doc.children.split_off(first as usize);
        let mut again = again.into_iter().peekable();
        for (i, pair) in own.chunks_exact(2).enumerate() {
            if again.next_if_eq(&i).is_none() {
                self.doc.children.extend_from_slice(pair);
            }
        }
        let len = (self.doc.children.len() as u32 - first) / 2;
        self.doc.nodes[map as usize].kind = Kind::Map { first, len, merges };
    }

    /// The document; containers still open end here. Problems are put in the order of the text.
    pub fn finish(mut self) -> Document<'t> {
        self.abandon();
        self.doc.problems.sort_by_key(|p| p.span);
        self.doc
    }

    /// Ends every open container, as after a syntax error.
    pub fn abandon(&mut self) {
        while self.close(None).is_some() {}
    }

    fn push(&mut self, span: Span, kind: Kind<'t>) -> u32 {
        self.doc.nodes.push(Data { span, kind });
        (self.doc.nodes.len() - 1) as u32
    }

    fn child(&mut self, id: u32) {
        match self.open.is_empty() {
            true => self.doc.roots.push(id),
            false => self.pending.push(id),
        }
    }
}
