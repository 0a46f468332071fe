//! Ways of data as text: hop by hop, with place, how it is known, what carries it there and on which line. A way without
//! branches stays in one column however long it is; only branches indent.

use std::sync::Arc;

use super::{BOLD, DIM, RenderOptions, known, safe};
use crate::finding::{Hop, HopRoute, KnownPlace};
use crate::lang::{Lang, Message, say, tell};
use crate::source::Location;

/// `routing/media.conf:6`, safe to show.
pub type Lines<'l> = &'l dyn Fn(Location) -> String;

/// A hop and where data goes on from there.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    pub hop: &'a Hop,
    pub children: Vec<usize>,
}

/// A forest in one vector, so that the longest path costs no stack.
#[derive(Clone, Debug, Default)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    roots: Vec<usize>,
}

impl<'a> Tree<'a> {
    /// Paths that begin alike share their first hops; order is that of the first path that has each hop.
    pub fn merge(paths: impl IntoIterator<Item = &'a [Arc<Hop>]>) -> Self {
        let mut tree = Self::default();
        let mut index = std::collections::BTreeMap::new();
        for path in paths {
            let mut parent: Option<usize> = None;
            for hop in path {
                let route = hop.route.as_ref();
                let key = (parent, hop.endpoint.as_str(), hop.location, route.map(|r| (r.activity, r.role, r.priority)));
                let node = *index.entry(key).or_insert_with(|| {
                    tree.nodes.push(Node { hop, children: Vec::new() });
                    let id = tree.nodes.len() - 1;
                    match parent {
                        Some(p) => tree.nodes[p].children.push(id),
                        None => tree.roots.push(id),
                    }
                    id
                });
                parent = Some(node);
            }
        }
        tree
    }

    /// The text, every line behind `indent`, with a final line end.
    pub fn render(&self, indent: &str, line: Lines<'_>, options: &RenderOptions) -> String {
        let (dot, bar, fork, last) = if options.unicode { ("●", "│", "├─", "└─") } else { ("*", "|", "|-", "`-") };
        let mut out = String::new();
        // Prefix of the lines below, prefix of the node's own line, node. Deep forks stop indenting, or nothing would fit.
        let mut todo: Vec<(String, String, usize)> = Vec::new();
        for root in self.roots.iter().rev() {
            todo.push((indent.to_owned(), indent.to_owned(), *root));
        }
        while let Some((below, head, id)) = todo.pop() {
            let node = &self.nodes[id];
            let goes_on = if node.children.is_empty() { " " } else { bar };
            let rest = format!("{below}{goes_on}   ");
            let name = options.paint(BOLD, &safe(&node.hop.endpoint));
            let kind = options.paint(DIM, &format!("({})", safe(&node.hop.kind)));
            out.push_str(&options.wrap(&format!("{head}{dot} "), &rest, &format!("{name} {kind}")));
            out.push('\n');
            for text in details(node.hop, line, options.lang) {
                out.push_str(&options.wrap(&rest, &format!("{rest}  "), &text));
                out.push('\n');
            }
            if let [only] = node.children.as_slice() {
                todo.push((below.clone(), below, *only));
                continue;
            }
            let room = textwrap::core::display_width(&below) + 24 < options.width;
            for (i, child) in node.children.iter().enumerate().rev() {
                let is_last = i + 1 == node.children.len();
                let (next, own) = match (room, is_last) {
                    (true, true) => (format!("{below}  "), format!("{below}{last}")),
                    (true, false) => (format!("{below}{bar} "), format!("{below}{fork}")),
                    (false, _) => (below.clone(), below.clone()),
                };
                todo.push((next, own, *child));
            }
        }
        out
    }
}

/// How data gets there and where that is, a line each.
fn details(hop: &Hop, line: Lines<'_>, lang: Lang) -> Vec<String> {
    let at = line(hop.location);
    let mut out = vec![match &hop.route {
        Some(route) => format!("{} - {at}", by(route, lang)),
        None => format!("{} - {at}", tell!(lang, "from here")),
    }];
    out.extend(hop.places.iter().map(|p: &KnownPlace| known(p, lang)));
    out
}

/// `by forward, failover, priority 1, if all primaries of media are down or full`.
pub(super) fn by(route: &HopRoute, lang: Lang) -> String {
    let (activity, role) = (Message::Word(route.activity), Message::Word(route.role.as_str()));
    let mut told = say!("by {activity}, {role}", activity, role);
    if route.priority > 0 {
        told = say!("{told}, priority {n}", told, n = route.priority);
    }
    match &route.condition {
        Some(condition) => tell!(lang, "{told}, {condition}", told, condition = super::condition(condition, lang)),
        None => told.tell(lang),
    }
}
