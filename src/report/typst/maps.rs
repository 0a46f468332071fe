//! Maps for paper, each on a page of its own, across, or its names are too small to read.

use std::io::{self, Write};

use super::{escaped, heading, paragraph};
use crate::lang::{self, Lang, tell};
use crate::report::count;
use crate::report::draw::map::Map;
use crate::report::draw::{Graph, short, svg};

/// Characters that tell a map to those who do not see it, which PDF/A bounds.
const TOLD: usize = 6_000;
/// Whose data and which, named over one map.
const NAMED: usize = 4;

/// A picture of where data gets to.
pub struct Sheet {
    /// The state of the world, or whose data and which: "normal running".
    pub title: String,
    pub graph: Graph,
}

/// All have the same sites.
#[derive(Default)]
pub struct Sheets {
    /// Of all data; the last shows all that any other sheet does.
    pub states: Vec<Sheet>,
    /// Of some data, in any state.
    pub parts: Vec<Sheet>,
    /// Parts that would have been too many.
    pub left_out: usize,
}

/// As it is set. Pictures that look alike are one.
struct Drawn {
    titles: Vec<String>,
    picture: String,
    /// For who does not see it.
    told: String,
}

pub(super) fn maps(sheets: &Sheets, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let Some(last) = sheets.states.last() else { return Ok(()) };
    // What is left out of the picture with most on it stands under that one.
    let all = Map::new(&last.graph);
    let whole = drawn(last, &all);
    for sheet in &sheets.states[..sheets.states.len() - 1] {
        let state = drawn(sheet, &all);
        if state.picture != whole.picture {
            page(1, &of_all(&state, lang), &[], &state, out)?;
        }
    }
    page(1, &of_all(&whole, lang), &about(sheets, lang), &whole, out)?;
    let mut parts: Vec<Drawn> = Vec::new();
    for mut part in sheets.parts.iter().map(|sheet| drawn(sheet, &all)) {
        match parts.iter_mut().find(|known| known.picture == part.picture) {
            Some(known) => known.titles.append(&mut part.titles),
            None => parts.push(part),
        }
    }
    parts.iter().try_for_each(|part| page(2, &of_some(part, lang), &[], part, out))
}

fn drawn(sheet: &Sheet, all: &Map) -> Drawn {
    let map = Map { subtitle: sheet.title.clone(), ..Map::new(&sheet.graph) };
    let told = short(&svg::told(&map), TOLD).into_owned();
    let picture = svg::printed(&Map { notes: map.notes.clone(), ..all.clone() }, map, "map");
    Drawn { titles: vec![sheet.title.clone()], picture, told }
}

fn of_all(state: &Drawn, lang: Lang) -> String {
    tell!(lang, "Where data gets to: {state}", state = state.titles.concat())
}

fn of_some(part: &Drawn, lang: Lang) -> String {
    let (named, more) = part.titles.split_at(part.titles.len().min(NAMED));
    let names = lang::list(named);
    if more.is_empty() { names.tell(lang) } else { tell!(lang, "{names} and {n} more", names, n = more.len()) }
}

/// What stands over the map of everything.
fn about(sheets: &Sheets, lang: Lang) -> Vec<String> {
    let states = tell!(
        lang,
        "In normal running, under overload and after any loss; of each way, the mildest state in which it carries is drawn."
    );
    let parts = tell!(
        lang,
        "The maps behind this one each show whose data, and which, has ways that break a rule or of which that cannot be told; \
         data with the same ways shares a map."
    );
    let left = count(sheets.left_out, "choice of people and data is", "choices of people and data are");
    let left = tell!(lang, "{left} not drawn on paper: in `onshore report -o residency.html` each can be chosen.", left);
    let is_there = [true, !sheets.parts.is_empty(), sheets.left_out > 0];
    [states, parts, left].into_iter().zip(is_there).filter_map(|(words, is)| is.then_some(words)).collect()
}

fn page(level: u8, title: &str, words: &[String], drawn: &Drawn, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", super::ACROSS)?;
    heading(level, title, out)?;
    words.iter().try_for_each(|words| paragraph(words, out))?;
    let (picture, told) = (quoted(&drawn.picture), escaped(&drawn.told, usize::MAX));
    writeln!(out, "#block(width: 100%, height: 1fr, image(bytes(\"{picture}\"), format: \"svg\", alt: \"{told}\",")?;
    writeln!(out, "  width: 100%, height: 100%, fit: \"contain\"))")?;
    writeln!(out, "]")
}

/// What stands between the quotes of a literal, as it is.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
