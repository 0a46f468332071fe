//! Ways between sites, as a map shows them: mere names (an upstream group, an alias) stand nowhere, so a way through them is drawn
//! from the site before them to the site behind.

use std::collections::{BTreeMap, VecDeque};

use super::graph::{Change, Edge, Graph, Site, Spot};
use crate::finding::State;
use crate::lang::{Lang, tell};
use crate::model::Place;
use crate::report::count;

/// Steps through mere names taken at most: beyond, a picture would not get finished.
const MOST_STEPS: usize = 20_000_000;

/// A picture of sites with ways between them.
#[derive(Clone, Debug, Default)]
pub struct Map {
    pub title: String,
    pub subtitle: String,
    pub sites: Vec<MapSite>,
    /// Gravest first.
    pub ways: Vec<Way>,
    pub notes: Vec<String>,
    /// Of what is written on it.
    pub lang: Lang,
}

#[derive(Clone, Debug)]
pub struct MapSite {
    pub site: Site,
    pub endpoints: usize,
    /// Data comes in here.
    pub start: bool,
    /// Everything here is lost.
    pub down: bool,
    pub breaks: Vec<String>,
    pub untold: Vec<String>,
    pub waived: Vec<String>,
    /// Routes from one endpoint here to another.
    pub inside: usize,
}

/// Routes between two sites that are of a kind.
#[derive(Clone, Debug)]
pub struct Way {
    /// Indices into [`Map::sites`].
    pub from: usize,
    pub to: usize,
    /// The gravest of the routes by which it arrives, with their number and all the rules.
    pub edge: Edge,
    /// `a -> b` of the first few, each with its line.
    pub routes: Vec<String>,
}

/// Places nearer than this are one on a map of the world, in degrees.
const TOGETHER: f64 = 3.0;
/// Routes named with each way.
const NAMED: usize = 5;

/// How a way went on through mere names: whether every step so far is on a way that breaks a rule, what a state changes, and the
/// mildest state in which all of it carries.
type Through = (bool, Change, State);
/// From, to, activity, state, change, whether it breaks a rule.
type Key = (usize, usize, &'static str, State, Change, bool);

impl Map {
    pub fn new(graph: &Graph) -> Self {
        let mut sites: Vec<MapSite> = graph.sites.iter().map(MapSite::new).collect();
        for node in &graph.nodes {
            let Some(site) = node.site.map(|s| &mut sites[s]) else { continue };
            site.endpoints += 1;
            site.start |= node.start;
            site.down &= node.down;
            merge(&mut site.breaks, &node.breaks);
            merge(&mut site.untold, &node.untold);
            merge(&mut site.waived, &node.waived);
        }
        let mut map =
            Self { title: graph.title.clone(), subtitle: graph.subtitle.clone(), sites, lang: graph.lang, ..Self::default() };
        let cut = Follow::new(graph).all(&mut map);
        map.ways.sort_by_key(Way::order);
        map.notes.clone_from(&graph.notes);
        if cut > 0 {
            let sites = count(cut, "site", "sites");
            map.notes.push(tell!(map.lang, "ways that lead on through mere names from {sites} are not drawn", sites));
        }
        map
    }
}

impl Map {
    /// Itself, or by country if there are more sites than that.
    pub fn bounded(&self, most: usize) -> Self {
        if self.sites.len() <= most {
            return self.clone();
        }
        let mut small = Self {
            title: self.title.clone(),
            subtitle: self.subtitle.clone(),
            notes: self.notes.clone(),
            lang: self.lang,
            ..Self::default()
        };
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let mut number = Vec::with_capacity(self.sites.len());
        for site in &self.sites {
            let (name, spots, unsure) = match (site.site.spots.as_slice(), &site.site.unsure) {
                ([spot], None) => {
                    let place = Place::country(spot.place.country);
                    (place.to_string(), vec![Spot::new(place, None)], None)
                }
                ([], _) => (tell!(self.lang, "place unknown"), Vec::new(), Some(tell!(self.lang, "place unknown"))),
                _ => (tell!(self.lang, "one of several places"), Vec::new(), Some(tell!(self.lang, "one of several places"))),
            };
            let all = *known.entry(name.clone()).or_insert_with(|| {
                small.sites.push(MapSite::new(&Site { name, spots, unsure }));
                small.sites.len() - 1
            });
            number.push(all);
            let all = &mut small.sites[all];
            all.endpoints += site.endpoints;
            all.inside += site.inside;
            all.start |= site.start;
            all.down &= site.down;
            merge(&mut all.breaks, &site.breaks);
            merge(&mut all.untold, &site.untold);
            merge(&mut all.waived, &site.waived);
        }
        let mut ways: BTreeMap<Key, Way> = BTreeMap::new();
        for way in &self.ways {
            let (from, to) = (number[way.from], number[way.to]);
            if from == to {
                small.sites[from].inside += way.edge.count;
                merge(&mut small.sites[from].breaks, &way.edge.breaks);
                merge(&mut small.sites[from].waived, &way.edge.waived);
                continue;
            }
            let key = (from, to, way.edge.activity, way.edge.state, way.edge.change, !way.edge.breaks.is_empty());
            match ways.get_mut(&key) {
                None => {
                    ways.insert(key, Way { from, to, ..way.clone() });
                }
                Some(all) => {
                    all.edge.count += way.edge.count;
                    all.edge.ends |= way.edge.ends;
                    merge(&mut all.edge.breaks, &way.edge.breaks);
                    merge(&mut all.edge.waived, &way.edge.waived);
                    all.routes.extend(way.routes.iter().take(NAMED.saturating_sub(all.routes.len())).cloned());
                }
            }
        }
        small.ways = ways.into_values().collect();
        small.ways.sort_by_key(Way::order);
        let sites = count(self.sites.len(), "site", "sites");
        small.notes.push(tell!(self.lang, "drawn by country: {sites} are too many to draw one by one", sites));
        small
    }
}

impl Way {
    /// Gravest first.
    fn order(&self) -> impl Ord + use<> {
        let e = &self.edge;
        (e.breaks.is_empty(), !e.ends, e.change == Change::Gone, std::cmp::Reverse(e.count), self.from, self.to, e.state)
    }
}

impl MapSite {
    /// Where it is drawn, and whether it surely stands there. Possible places that lie together are drawn in their middle.
    pub fn at(&self) -> Option<((f64, f64), bool)> {
        let places: Option<Vec<(f64, f64)>> = self.site.spots.iter().map(|s| s.at).collect();
        let places = places.filter(|p| !p.is_empty())?;
        if self.site.unsure.is_some() && places.len() == 1 {
            return None;
        }
        let first = places[0];
        let near = |p: &(f64, f64)| (p.0 - first.0).abs() < TOGETHER && (p.1 - first.1).abs() < TOGETHER;
        let middle = |of: fn(&(f64, f64)) -> f64| places.iter().map(of).sum::<f64>() / places.len() as f64;
        let sure = places.len() == 1 && !self.site.spots[0].vague;
        places.iter().all(near).then(|| ((middle(|p| p.0), middle(|p| p.1)), sure))
    }

    fn new(site: &Site) -> Self {
        let (breaks, untold, waived) = (Vec::new(), Vec::new(), Vec::new());
        Self { site: site.clone(), endpoints: 0, start: false, down: true, breaks, untold, waived, inside: 0 }
    }
}

/// Adds the words that are not there yet.
fn merge(to: &mut Vec<String>, words: &[String]) {
    for word in words {
        if !to.contains(word) {
            to.push(word.clone());
        }
    }
}

/// Routes that arrive where they began.
#[derive(Default)]
struct Inside {
    count: usize,
    breaks: Vec<String>,
}

struct Follow<'g> {
    graph: &'g Graph,
    /// Per node: the edges that leave it.
    leaving: Vec<Vec<usize>>,
    steps: usize,
}

impl<'g> Follow<'g> {
    fn new(graph: &'g Graph) -> Self {
        let mut leaving = vec![Vec::new(); graph.nodes.len()];
        for (i, edge) in graph.edges.iter().enumerate() {
            leaving[edge.from].push(i);
        }
        Self { graph, leaving, steps: 0 }
    }

    /// Gives the number of sites from which mere names could not be followed.
    fn all(mut self, map: &mut Map) -> usize {
        let mut ways: BTreeMap<Key, Way> = BTreeMap::new();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); map.sites.len()];
        let mut starts = Vec::new();
        for (i, node) in self.graph.nodes.iter().enumerate() {
            match node.site {
                Some(site) => members[site].push(i),
                None if node.start => starts.push(i),
                None => {}
            }
        }
        let mut cut = 0;
        for (site, members) in members.iter().enumerate() {
            let (inside, complete) = self.from(Some(site), members, &mut |key, edge, label| {
                let way = ways.entry(key).or_insert_with(|| Way {
                    from: key.0,
                    to: key.1,
                    edge: Edge {
                        state: key.3,
                        change: key.4,
                        count: 0,
                        breaks: Vec::new(),
                        ends: false,
                        waived: Vec::new(),
                        ..edge.clone()
                    },
                    routes: Vec::new(),
                });
                way.edge.count += 1;
                merge(&mut way.edge.waived, &edge.waived);
                if key.5 {
                    merge(&mut way.edge.breaks, &edge.breaks);
                    way.edge.ends |= edge.ends;
                }
                if way.routes.len() < NAMED {
                    way.routes.push(label);
                }
            });
            map.sites[site].inside = inside.count;
            merge(&mut map.sites[site].breaks, &inside.breaks);
            cut += usize::from(!complete);
        }
        // Where data that comes in under a mere name gets to first.
        let mut entries = Vec::new();
        let _ = self.from(None, &starts, &mut |key, _, _| entries.push(key.1));
        entries.into_iter().for_each(|site| map.sites[site].start = true);
        map.ways = ways.into_values().collect();
        cut
    }

    /// Every route that arrives at another site, from the endpoints given or from mere names behind them; and the number of those
    /// that arrive at the same.
    fn from(&mut self, site: Option<usize>, members: &[usize], arrives: &mut dyn FnMut(Key, &Edge, String)) -> (Inside, bool) {
        let mut seen: BTreeMap<(usize, bool, Change), State> = BTreeMap::new();
        // An edge arrives once, in the mildest state.
        let mut arrived: BTreeMap<(usize, bool, Change), State> = BTreeMap::new();
        let mut queue: VecDeque<(usize, Through)> = members.iter().map(|m| (*m, (true, Change::Same, State::Normal))).collect();
        let mut complete = true;
        while let Some((at, (all, change, state))) = queue.pop_front() {
            for edge in &self.leaving[at] {
                self.steps += 1;
                let e = &self.graph.edges[*edge];
                let through: Through = (all && !e.breaks.is_empty(), change.max(e.change), state.max(e.state));
                let key = |at: usize| (at, through.0, through.1);
                let milder = |known: Option<&State>| known.is_none_or(|known| through.2 < *known);
                match self.graph.nodes[e.to].site {
                    Some(_) => {
                        if milder(arrived.get(&key(*edge))) {
                            arrived.insert(key(*edge), through.2);
                        }
                    }
                    None if self.steps > MOST_STEPS => complete = false,
                    None => {
                        if milder(seen.get(&key(e.to))) {
                            seen.insert(key(e.to), through.2);
                            queue.push_back((e.to, through));
                        }
                    }
                }
            }
        }
        let mut inside = Inside::default();
        for ((edge, breaks, change), state) in &arrived {
            let (edge, breaks, change, state) = (*edge, *breaks, *change, *state);
            // What is on a way that breaks a rule need not be told again as one that is not.
            if !breaks && arrived.contains_key(&(edge, true, change)) {
                continue;
            }
            let e = &self.graph.edges[edge];
            let to = self.graph.nodes[e.to].site.unwrap_or_default();
            if site == Some(to) {
                inside.count += 1;
                if e.ends {
                    merge(&mut inside.breaks, &e.breaks);
                }
                continue;
            }
            let label = format!("{} -> {} ({})", self.graph.nodes[e.from].name, self.graph.nodes[e.to].name, e.at);
            arrives((site.unwrap_or(to), to, e.activity, state, change, breaks), e, label);
        }
        (inside, complete)
    }
}
