//! What is drawn: endpoints at their sites, and the routes along which the data asked about moves, each with the mildest state of
//! the world in which it does. Plain data; whoever asks fills it in.

use std::collections::BTreeMap;

use super::map::Map;
use crate::finding::State;
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::model::{Place, RouteRole};
use crate::report::{count, state_words};
use crate::vocab::coordinates;

/// More endpoints or routes than this are drawn by site: nobody can read on, and programs that lay graphs out take minutes.
pub const MOST: usize = 400;

#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub title: String,
    /// What was asked, in which state of the world.
    pub subtitle: String,
    pub sites: Vec<Site>,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Each node is all of a site.
    pub by_site: bool,
    /// What whoever looks at it must know: gaps, things left out.
    pub notes: Vec<String>,
    /// Of what is written on it.
    pub lang: Lang,
}

/// Where endpoints stand together: a declared site, a region, or only a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// `sjc1`, `aws/us-east-1`; where nothing has a name, the place.
    pub name: String,
    /// Possible places; empty: unknown.
    pub spots: Vec<Spot>,
    /// Why it is not one known place: "place unknown", "one of DE, NL".
    pub unsure: Option<String>,
}

/// A place, and where on the globe it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    pub place: Place,
    /// Latitude and longitude in degrees.
    pub at: Option<(f64, f64)>,
    /// Only the country is known, or no coordinates of the city are: `at` is the middle of the country.
    pub vague: bool,
}

impl Spot {
    /// By declared coordinates, else those of the city, else by the country.
    pub fn new(place: Place, declared: Option<(f64, f64)>) -> Self {
        let exact = declared.or_else(|| coordinates::city(&place));
        let at = exact.or_else(|| coordinates::country(place.country));
        Self { place, at, vague: exact.is_none() }
    }
}

/// An endpoint, or several that are drawn as one.
#[derive(Clone, Debug, Default)]
pub struct Node {
    pub name: String,
    pub kind: String,
    /// Index into [`Graph::sites`]; `None`: a mere name, which stands nowhere.
    pub site: Option<usize>,
    /// Data comes in here.
    pub start: bool,
    /// Lost in the state that is drawn.
    pub down: bool,
    /// Rules that are broken here.
    pub breaks: Vec<String>,
    /// Rules of which it cannot be told here whether they are.
    pub untold: Vec<String>,
    /// Rules that are broken here, and somebody answers for it.
    pub waived: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub activity: &'static str,
    pub role: RouteRole,
    /// The mildest in which it carries.
    pub state: State,
    pub change: Change,
    pub condition: Option<Message>,
    /// `file:line`.
    pub at: String,
    /// Rules that are broken by a way that takes it.
    pub breaks: Vec<String>,
    /// Such a way ends with it.
    pub ends: bool,
    /// Rules that are broken by a way that ends with it, and somebody answers for it.
    pub waived: Vec<String>,
    /// Routes that are drawn as one.
    pub count: usize,
}

/// Against normal running, in a picture of one other state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    #[default]
    Same,
    New,
    Gone,
}

impl Edge {
    /// `forward, failover, under overload, new`.
    pub fn says(&self, lang: Lang) -> String {
        let mut words = vec![Message::Word(self.activity)];
        if self.role.is_standby() {
            words.push(Message::Word(self.role.as_str()));
        }
        words.push(when(self.state, self.change));
        if self.count > 1 {
            words.push(count(self.count, "route", "routes"));
        }
        lang::series(words, Joint::Clause).tell(lang)
    }
}

/// The state of the world in words, or what it changes.
pub fn when(state: State, change: Change) -> Message {
    match (change, state) {
        (Change::Gone, _) => say!("gone"),
        (Change::New, State::Loss) => say!("new after the loss"),
        (Change::New, _) => say!("new under overload"),
        (Change::Same, state) => state_words(state),
    }
}

/// What the word means.
pub fn waived() -> Message {
    say!("waived: breaks a rule, and somebody answers for it")
}

impl Graph {
    /// Itself if it is small enough to be looked at, else a graph of its sites with the ways between them.
    pub fn bounded(&self, most: usize) -> Self {
        if self.nodes.len() <= most && self.edges.len() <= most {
            return self.clone();
        }
        let map = Map::new(self);
        let mut small = Self {
            title: self.title.clone(),
            subtitle: self.subtitle.clone(),
            by_site: true,
            lang: self.lang,
            ..Self::default()
        };
        // The gravest ways first, and the sites that they are between.
        let ways = &map.ways[..map.ways.len().min(most)];
        let mut number = BTreeMap::new();
        let ends = ways.iter().flat_map(|w| [w.from, w.to]);
        for site in ends.chain(0..map.sites.len()) {
            if number.len() < most.max(2 * ways.len()) {
                let next = number.len();
                number.entry(site).or_insert(next);
            }
        }
        let mut shown: Vec<(usize, usize)> = number.iter().map(|(site, node)| (*node, *site)).collect();
        shown.sort_unstable();
        for (_, site) in shown {
            let site = &map.sites[site];
            small.sites.push(site.site.clone());
            small.nodes.push(Node {
                name: site.site.name.clone(),
                kind: count(site.endpoints, "endpoint", "endpoints").tell(self.lang),
                site: Some(small.nodes.len()),
                start: site.start,
                down: site.down,
                breaks: site.breaks.clone(),
                untold: site.untold.clone(),
                waived: site.waived.clone(),
            });
        }
        small.edges = ways.iter().map(|w| Edge { from: number[&w.from], to: number[&w.to], ..w.edge.clone() }).collect();
        small.notes.push(tell!(
            self.lang,
            "drawn by site: {endpoints} and {routes} are too many to draw one by one",
            endpoints = count(self.nodes.len(), "endpoint", "endpoints"),
            routes = count(self.edges.len(), "route", "routes")
        ));
        small.left_out(map.sites.len() - small.nodes.len(), map.ways.len() - ways.len());
        small.notes.extend(map.notes);
        small
    }

    fn left_out(&mut self, sites: usize, ways: usize) {
        if sites > 0 || ways > 0 {
            let (sites, ways) = (count(sites, "site", "sites"), count(ways, "way", "ways"));
            self.notes.push(tell!(
                self.lang,
                "left out of this picture: {sites} and {ways} between sites; ask for one --origin and --data",
                sites,
                ways
            ));
        }
    }

    /// What lines mean, as far as they are drawn.
    pub fn legend(&self) -> Vec<Message> {
        let has = |f: fn(&Edge) -> bool| self.edges.iter().any(f);
        let is_waived = self.nodes.iter().any(|n| !n.waived.is_empty()) || has(|e| !e.waived.is_empty());
        let lines = [
            (true, say!("solid: in normal running")),
            (has(|e| e.state == State::Overload), say!("dashed: under overload")),
            (has(|e| e.state == State::Loss), say!("dotted: after a loss")),
            (has(|e| !e.breaks.is_empty()), say!("thick: on a way that breaks a rule")),
            (is_waived, waived()),
            (has(|e| e.change == Change::Gone), say!("grey: gone in this state")),
            (has(|e| e.activity == "depend"), say!("round end: depends on, carries no data")),
        ];
        lines.into_iter().filter(|(is, _)| *is).map(|(_, line)| line).collect()
    }
}
