//! What `trace` and `whatif` draw: endpoints that the data asked about gets to, and the routes that it moves along, with places,
//! states and what an assessment found on the way. The pictures are made in `report::draw`.

use std::collections::{BTreeMap, BTreeSet};

use super::pipeline::Opened;
use super::whatif;
use crate::check::{FOR_NOTHING, condition};
use crate::finding::{Finding, State, Verdict};
use crate::geo::{Atlas, Kind};
use crate::lang::{self, Lang, Message, say, tell};
use crate::model::{self, Activity, DeclaredPlace, EndpointId, Place, RouteId, Standing};
use crate::policy::Pack;
use crate::reach::{Graph, Spread, Token, TokenSource, World, tokens};
use crate::report::count;
use crate::report::draw::{self, Change, Edge, Node, Site, Spot};

/// Codes of findings that say that data must not get where its way ends. What lacks a copy or shares a building with one breaks a
/// rule where it stands, not by the way that leads there.
const BY_THE_WAY: [&str; 4] = ["data-leaves-boundary", "data-in-forbidden-place", "first-store-elsewhere", "no-nexus"];

/// What is drawn.
pub(super) struct Picture<'a> {
    pub opened: &'a Opened,
    pub atlas: &'a Atlas,
    pub graph: &'a Graph<'a>,
    pub tokens: &'a [Token],
    /// Indices of tokens.
    pub wanted: Vec<usize>,
    /// Mildest first; the last is that which is asked about.
    pub states: Vec<(State, World)>,
    /// What it is held against: normal running, in a picture of one other state.
    pub against_normal: bool,
    pub findings: &'a [Finding],
    pub subtitle: String,
    pub lang: Lang,
}

/// One state of the world for all data, held against normal running.
pub(super) fn state_of(opened: &Opened, atlas: &Atlas, packs: &[Pack], world: World, lang: Lang) -> draw::Graph {
    let tokens = tokens(&opened.snapshot);
    let graph = Graph::new(&opened.snapshot, &tokens);
    let assessment = opened.assess_in(atlas, packs, Some(world.clone()));
    let state = if world == World::Overload { State::Overload } else { State::Loss };
    let picture = Picture {
        opened,
        atlas,
        graph: &graph,
        tokens: &tokens,
        wanted: (0..tokens.len()).collect(),
        subtitle: tell!(lang, "{state}: where data gets to, against normal running", state = whatif::title(&world)),
        states: vec![(state, world)],
        against_normal: true,
        findings: &assessment.findings,
        lang,
    };
    picture.draw()
}

impl Picture<'_> {
    pub fn draw(&self) -> draw::Graph {
        let snapshot = &self.opened.snapshot;
        let spreads: Vec<(State, Spread)> = self.states.iter().map(|(s, world)| (*s, self.graph.spread(world))).collect();
        let normal = self.against_normal.then(|| self.graph.spread(&World::Normal));
        let world = self.states.last().map_or(&World::Normal, |(_, world)| world);
        let mut down = vec![false; snapshot.endpoints.len()];
        self.graph.down(world).into_iter().for_each(|id| down[id.index()] = true);

        let is_here = |spread: &Spread, id| self.wanted.iter().any(|t| spread.has(id, *t));
        let reached = |id: EndpointId| spreads.iter().map(|(_, s)| s).chain(&normal).any(|s| is_here(s, id));
        let drawn: Vec<EndpointId> = snapshot.endpoint_ids().filter(|id| reached(*id)).collect();

        let mut edges: Vec<(RouteId, State, Change)> = Vec::new();
        for (id, _) in drawn.iter().flat_map(|id| snapshot.routes_from(*id)) {
            let moves = |spread: &Spread| self.wanted.iter().any(|t| self.graph.moves(spread, id, *t));
            let before = normal.as_ref().is_some_and(moves);
            if let Some((state, _)) = spreads.iter().find(|(_, spread)| moves(spread)) {
                let change = if normal.is_none() || before { Change::Same } else { Change::New };
                edges.push((id, if before { State::Normal } else { *state }, change));
            } else if before {
                edges.push((id, State::Normal, Change::Gone));
            }
        }
        let mut endpoints: BTreeSet<EndpointId> = drawn.iter().copied().collect();
        endpoints.extend(edges.iter().map(|(id, ..)| snapshot.route(*id).to));
        if self.against_normal {
            edges.extend(self.needed(&mut endpoints, &down));
        }
        let number: BTreeMap<EndpointId, usize> = endpoints.iter().enumerate().map(|(i, id)| (*id, i)).collect();

        let title = self.opened.project.called(self.lang).map_or_else(|| tell!(self.lang, "ways of data"), str::to_owned);
        let mut graph = draw::Graph { title, subtitle: self.subtitle.clone(), lang: self.lang, ..draw::Graph::default() };
        let mut sites = Sites::default();
        for id in &endpoints {
            let endpoint = snapshot.endpoint(*id);
            graph.nodes.push(Node {
                name: endpoint.name.clone(),
                kind: endpoint.kind.clone(),
                site: (endpoint.standing != Standing::Logical).then(|| sites.of(self, *id)),
                down: down[id.index()],
                ..Node::default()
            });
        }
        graph.sites = sites.all;
        for start in self.starts() {
            if let Some(node) = number.get(&start) {
                graph.nodes[*node].start = true;
            }
        }
        for (id, state, change) in edges {
            let route = snapshot.route(id);
            let at = self.opened.sources.position(route.location);
            graph.edges.push(Edge {
                from: number[&route.from],
                to: number[&route.to],
                activity: route.activity.as_str(),
                role: route.role,
                state,
                change,
                condition: condition(snapshot, id),
                at: format!("{}:{}", at.file, at.line),
                breaks: Vec::new(),
                ends: false,
                waived: Vec::new(),
                count: 1,
            });
        }
        self.mark(&mut graph);
        let gaps = snapshot.gaps.len();
        if gaps > 0 {
            let gaps = count(gaps, "gap", "gaps");
            graph.notes.push(tell!(self.lang, "{gaps} in what was read: there may be other ways", gaps));
        }
        graph
    }

    /// What the endpoints depend on, and what that depends on; these are added to the endpoints.
    fn needed(&self, endpoints: &mut BTreeSet<EndpointId>, down: &[bool]) -> Vec<(RouteId, State, Change)> {
        let mut found = Vec::new();
        let mut todo: Vec<EndpointId> = endpoints.iter().copied().collect();
        while let Some(at) = todo.pop() {
            for (id, route) in self.opened.snapshot.routes_from(at).filter(|(_, r)| r.activity == Activity::Depend) {
                let gone = down[route.to.index()] || down[at.index()];
                found.push((id, State::Normal, if gone { Change::Gone } else { Change::Same }));
                if endpoints.insert(route.to) {
                    todo.push(route.to);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// Where data comes in from people, by whatever way.
    fn starts(&self) -> impl Iterator<Item = EndpointId> {
        let of_people = |t: &&Token| matches!(t.source, TokenSource::Population(_));
        self.wanted.iter().map(|t| &self.tokens[*t]).filter(of_people).flat_map(|t| t.starts.iter().copied())
    }

    /// What the findings say of endpoints and of the routes on the way there.
    fn mark(&self, graph: &mut draw::Graph) {
        let by_name: BTreeMap<String, usize> = graph.nodes.iter().enumerate().map(|(i, n)| (n.name.clone(), i)).collect();
        let mut by_ends: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (i, edge) in graph.edges.iter().enumerate() {
            by_ends.entry((edge.from, edge.to)).or_default().push(i);
        }
        for finding in self.findings {
            let (Some(rule), Some(node)) = (&finding.rule, by_name.get(&finding.endpoint)) else { continue };
            let breaks = matches!(finding.verdict, Verdict::Violated | Verdict::Unsatisfiable);
            let node = &mut graph.nodes[*node];
            let words = match finding.verdict {
                Verdict::Violated | Verdict::Unsatisfiable => &mut node.breaks,
                Verdict::Indeterminate | Verdict::Conflict => &mut node.untold,
                Verdict::Waived if finding.code != FOR_NOTHING => &mut node.waived,
                Verdict::Waived | Verdict::Satisfied | Verdict::NotApplicable => continue,
            };
            if !words.contains(rule) {
                words.push(rule.clone());
            }
            if !(breaks || finding.verdict == Verdict::Waived) || !BY_THE_WAY.contains(&finding.code) {
                continue;
            }
            let hops: Vec<Option<usize>> = finding.path.iter().map(|h| by_name.get(&h.endpoint).copied()).collect();
            for (i, pair) in hops.windows(2).enumerate() {
                let [Some(from), Some(to)] = pair else { continue };
                let hop = &finding.path[i + 1];
                let at = self.opened.sources.position(hop.location);
                let line = format!("{}:{}", at.file, at.line);
                for edge in by_ends.get(&(*from, *to)).into_iter().flatten() {
                    let edge = &mut graph.edges[*edge];
                    if edge.at != line || hop.route.as_ref().is_some_and(|r| r.activity != edge.activity) {
                        continue;
                    }
                    let ends = i + 2 == hops.len();
                    let words = if breaks { &mut edge.breaks } else { &mut edge.waived };
                    if (breaks || ends) && !words.contains(rule) {
                        words.push(rule.clone());
                    }
                    edge.ends |= breaks && ends;
                }
            }
        }
    }
}

/// Places named of one endpoint; what is drawn beyond is a number.
const MOST_PLACES: usize = 4;

/// Sites by what they are called and where they are.
#[derive(Default)]
struct Sites {
    all: Vec<Site>,
    known: BTreeMap<(String, String), usize>,
}

impl Sites {
    /// The site of an endpoint: a declared one, else its region, else its place.
    fn of(&mut self, picture: &Picture<'_>, id: EndpointId) -> usize {
        let snapshot = &picture.opened.snapshot;
        let declared: Vec<&model::Site> = snapshot.sites_of(id).into_iter().map(|s| snapshot.site(s)).collect();
        let geo = picture.atlas.locate_endpoint(snapshot, id);
        let best = geo.evidence.iter().find(|e| Some(e.basis) == geo.basis);
        // A place that is stated for the endpoint goes before that of its site; of several sites each has its own.
        let stated = snapshot.endpoint(id).place.as_ref().map(|(place, _)| place);
        let stated: Vec<&DeclaredPlace> = stated.into_iter().chain(declared.iter().map(|s| &s.place)).collect();
        let coordinates = |p: &Place| {
            let like = |d: &&&DeclaredPlace| d.place.country == p.country && (d.place.city == p.city || stated.len() == 1);
            stated.iter().find(like).and_then(|d| d.coordinates)
        };
        let spots: Vec<Spot> = geo.places.iter().map(|p| Spot::new(p.clone(), coordinates(p))).collect();
        let mut places: Vec<Message> = geo.places.iter().map(|p| Message::Place(p.clone())).collect();
        let more = places.len().saturating_sub(MOST_PLACES);
        places.truncate(MOST_PLACES);
        places.extend((more > 0).then(|| say!("{more} more", more)));
        let places = lang::list(places);
        let unsure = match (spots.len(), geo.kind) {
            (0, Kind::Unicast | Kind::Unknown | Kind::Private) => Some(say!("place unknown")),
            (0, kind) => Some(say!("place unknown ({kind})", kind = Message::Word(kind.as_str()))),
            (1, _) => geo.unknown.as_ref().map(|_| say!("{places} or an unknown place", places)),
            (_, Kind::MultiRegion) => Some(say!("any of {countries}", countries = places)),
            _ => Some(say!("one of {countries}", countries = places)),
        };
        let unsure = unsure.map(|why| why.tell(picture.lang));
        let place = match (&unsure, spots.first()) {
            (Some(why), _) => why.clone(),
            (None, Some(spot)) => Message::Place(spot.place.clone()).tell(picture.lang),
            (None, None) => String::new(),
        };
        let declared: Vec<&str> = declared.iter().take(MOST_PLACES).map(|s| s.id.as_str()).collect();
        let declared = (!declared.is_empty()).then(|| declared.join(" + "));
        // `gcp/projects/p/instanceConfigs/nam3` is the provider's way to write gcp/nam3.
        let region = best.and_then(|e| e.matched.split_once('/')).filter(|(_, id)| !id.contains(['.', ':', ' ']));
        let region = region.map(|(provider, id)| format!("{provider}/{}", id.rsplit('/').next().unwrap_or(id)));
        let name = declared.or(region).unwrap_or_else(|| place.clone());
        *self.known.entry((name.clone(), place)).or_insert_with(|| {
            self.all.push(Site { name, spots, unsure });
            self.all.len() - 1
        })
    }
}
