//! The map with its selectors: one picture for each choice of people, data and state of the world, all over the same land. Without
//! the script the first picture stands there (everything, in any state), and the table below says all ways in words.

use maud::{Markup, PreEscaped, html};

use super::{Breaking, Report, Text, at, country_words, nothing, origin_words, state_words};
use crate::lang::{Lang, say, tell};
use crate::report::draw::Graph;
use crate::report::draw::map::Map;
use crate::report::draw::svg::{Layer, layered};

/// What can be chosen, and the picture of each choice.
#[derive(Debug, Default)]
pub struct World {
    pub who: Vec<Who>,
    /// Classes of data.
    pub what: Vec<String>,
    /// States of the world: the first contains all others, which are none that can be lost.
    pub when: Vec<When>,
    /// The first is of everything. All have the same sites.
    pub pictures: Vec<Picture>,
    /// What is left out.
    pub notes: Vec<String>,
}

/// Whose data.
#[derive(Debug)]
pub struct Who {
    pub name: String,
    /// As ways have them: `US`, `CN+US`.
    pub origins: Vec<String>,
}

/// A state of the world.
#[derive(Debug)]
pub struct When {
    pub name: String,
    /// Ways of this rank and below carry: 0 normal, 1 overload, 2 any.
    pub rank: u8,
    /// What newly carries and what is gone are told apart.
    pub change: bool,
}

/// Indices into the lists of a [`World`]; `None`: all.
#[derive(Debug)]
pub struct Picture {
    pub who: Option<usize>,
    pub what: Option<usize>,
    pub when: usize,
    pub graph: Graph,
}

pub(super) fn section(r: &Report<'_>) -> Markup {
    let ways = &r.assessment.ways;
    html! {
        @if r.world.pictures.is_empty() { (nothing(r.lang, &say!("There is nothing to draw."))) } @else { (map(r.world, r.lang)) }
        @if !ways.is_empty() {
            @let rows = html! {
                @for way in ways {
                    tr data-origin=(crate::report::safe(&way.origin)) data-class=(crate::report::safe(&way.data)) data-rank=(way.state as u8)
                        class=[(way.country == "?").then_some("untold")] {
                        th scope="row" { (Text(&origin_words(&way.origin, r.lang), r.lang)) }
                        td { (Breaking(&way.data, '.', r.lang)) }
                        th scope="row" { (Text(&country_words(&way.country, r.lang), r.lang)) }
                        td { (r.lang.word(way.activity)) }
                        td { span class={ "state st-" (way.state.as_str()) } { (state_words(way.state).tell(r.lang)) } }
                        td { (Text(&way.endpoint, r.lang)) br; (at(r, way.location)) }
                    }
                }
            };
            @let table = super::table(r.lang, &say!("Where whose data gets to, one endpoint each"), &[say!("People of"), say!("Data"), say!("To"), say!("Activity"), say!("When"), say!("Endpoint")], rows);
            div id="ways" { (super::rests::fold(r.lang, ways.len(), table)) }
        }
    }
}

fn map(world: &World, lang: Lang) -> Markup {
    let key = |p: &Picture| {
        let of = |i: Option<usize>| i.map_or(0, |i| i + 1);
        format!("{} {} {}", of(p.who), of(p.what), p.when)
    };
    let layers: Vec<Layer> = world.pictures.iter().map(|p| Layer { key: key(p), map: Map::new(&p.graph) }).collect();
    let Some(first) = world.pictures.first() else { return Markup::default() };
    let mut base = Map::new(&first.graph);
    base.subtitle = tell!(lang, "Map of where data gets to: all data, in any state. The table below says it in words.");
    base.notes.extend(world.notes.iter().cloned());
    let svg = layered(&base, &layers, "world");
    html! {
        form class="tools" hidden data-tools="map" aria-label=(tell!(lang, "What the map shows")) {
            div {
                label for="who" { (tell!(lang, "Whose data")) }
                select id="who" aria-controls="world ways" {
                    option value="0" { (tell!(lang, "everybody's")) }
                    @for (i, who) in world.who.iter().enumerate() {
                        option value=(i + 1) data-origins=(crate::report::safe(&who.origins.join(" "))) { (Text(&short(&who.name), lang)) }
                    }
                }
            }
            div {
                label for="what" { (tell!(lang, "Which data")) }
                select id="what" aria-controls="world ways" {
                    option value="0" { (tell!(lang, "all classes")) }
                    @for (i, class) in world.what.iter().enumerate() { option value=(i + 1) data-class=(crate::report::safe(class)) { (Text(&short(class), lang)) } }
                }
            }
            div {
                label for="when" { (tell!(lang, "State of the world")) }
                select id="when" aria-controls="world ways" {
                    @for (i, when) in world.when.iter().enumerate() {
                        option value=(i) data-rank=(when.rank) data-change=[when.change.then_some("1")] { (Text(&short(&when.name), lang)) }
                    }
                }
            }
            p role="status" id="shown" data-none=(tell!(lang, "No picture: no such data is declared, or it was left out, as the notes under the map say"))
                data-every=(tell!(lang, "the table below shows every state"))
                data-rows=(tell!(lang, "{n} of {all} rows in the table below", n = "{n}", all = "{all}"))
                data-end=(tell!(lang, "{drawn}; {table}.", drawn = "{drawn}", table = "{table}")) {}
        }
        figure id="world" class="map" {
            div class="scroll" role="region" aria-label=(tell!(lang, "Map")) tabindex="0" { (PreEscaped(svg)) }
        }
    }
}

/// A list is not wider than a phone.
fn short(name: &str) -> String {
    match name.char_indices().nth(60) {
        None => name.to_owned(),
        Some((i, _)) => format!("{}…", &name[..i]),
    }
}
