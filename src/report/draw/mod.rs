//! Ways of data as pictures: one [`Graph`] of what was asked, and a writer for each form.
//!
//! - [`dot`]: Graphviz, sites as clusters.
//! - [`mermaid`]: a flowchart, for places that render Markdown.
//! - [`svg`]: a map with the sites on it; [`map`] makes ways between sites of a graph, [`layout`] says where on the picture things
//!   go, [`land`] has the outlines of countries.
//!
//! Nothing is decided here: states, places and what breaks a rule come with the graph. Nothing is dropped in silence: what would
//! make a picture too large is counted in it, the gravest is drawn first.

use std::borrow::Cow;
use std::io::{self, Write};

use super::safe;
use crate::lang::{self, Lang, tell};

pub mod dot;
pub mod graph;
pub mod land;
pub mod layout;
pub mod map;
pub mod mermaid;
pub mod svg;

pub use graph::{Change, Edge, Graph, Node, Site, Spot};

/// As `--format` names them.
pub const FORMATS: [&str; 3] = ["dot", "mermaid", "svg"];

/// Writes a graph in one of [`FORMATS`].
pub fn write(format: &str, graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    let text = match format {
        "dot" => dot::dot(graph),
        "mermaid" => mermaid::mermaid(graph),
        _ => svg::svg(&map::Map::new(graph), "onshore"),
    };
    out.write_all(text.as_bytes())
}

/// Longer names are cut in the middle: what tells names apart stands at their ends. In characters.
const NAME: usize = 48;

/// In characters.
const SENTENCE: usize = 240;

/// A name as a picture shows it: without characters that could do harm, and short.
fn name(text: &str) -> String {
    // What is cut out need not be made safe first: names can be of any length.
    short(&safe(&short(text, NAME)), NAME * 2).into_owned()
}

/// A sentence, such as a title or a note.
fn sentence(text: &str) -> String {
    short(&safe(&short(text, SENTENCE)), SENTENCE * 2).into_owned()
}

pub(super) fn short(text: &str, most: usize) -> Cow<'_, str> {
    let end = (most - 1) / 3;
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let head: String = text.chars().take(most - 1 - end).collect();
            let mut tail: Vec<char> = text.chars().rev().take(end).collect();
            tail.reverse();
            Cow::Owned(format!("{head}…{}", tail.into_iter().collect::<String>()))
        }
    }
}

/// `a, b and 3 more`.
fn some_of(names: &[String], most: usize, lang: Lang) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|n| name(n)).collect();
    let more = names.len() - shown.len();
    let shown = lang::list(shown);
    if more == 0 { shown.tell(lang) } else { tell!(lang, "{names} and {n} more", names = shown, n = more) }
}
