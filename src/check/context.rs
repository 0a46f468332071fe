//! What every check looks at: places, tokens, and how far each token gets in each state of the world.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use foldhash::HashMap;
use jiff::civil::Date;

use super::Question;
use super::describe::hop;
use super::transfer::Register;
use crate::finding::{Coverage, Hop, KnownPlace, State};
use crate::geo::{Atlas, Basis, Geolocation, Kind, known_places};
use crate::model::{Activity, EndpointId, Place, Role, RouteId, Snapshot, Standing};
use crate::policy::Doing;
use crate::project::Project;
use crate::reach::{Graph, Paths, Spread, Step, Token, World};
use crate::source::Sources;

/// Four bytes an endpoint each.
const WAYS_KEPT: usize = 32;

/// What a verdict depends on of a [`Geolocation`]; endpoints with equal standing are judged once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Standpoint {
    pub kind: Kind,
    pub places: Vec<Place>,
    pub basis: Option<Basis>,
    pub unknown: bool,
    pub conflict: bool,
    /// The place rests on a data set older than the project accepts.
    pub stale: bool,
    /// Who operates it: `[[recipient]]` entries of the project.
    pub recipients: Vec<u32>,
    /// Entries of the transfer register about it.
    pub registered: Vec<u32>,
}

impl Standpoint {
    /// Of nobody's.
    pub fn new(atlas: &Atlas, geo: Geolocation) -> Self {
        Self {
            kind: geo.kind,
            unknown: geo.unknown.is_some() || geo.places.is_empty(),
            conflict: geo.conflict.is_some(),
            stale: rests_on_stale_data(atlas, &geo),
            basis: geo.basis,
            places: geo.places,
            recipients: Vec::new(),
            registered: Vec::new(),
        }
    }
}

pub struct Context<'a> {
    pub snapshot: &'a Snapshot,
    pub sources: &'a Sources,
    pub atlas: &'a Atlas,
    pub project: &'a Project,
    pub as_of: Date,
    pub tokens: &'a [Token],
    pub graph: &'a Graph<'a>,
    /// The one state of the world that is asked about, if it is not all of them.
    pub world: Option<World>,
    /// Distinct standpoints, and which one each endpoint has.
    pub standpoints: Rc<Vec<Standpoint>>,
    standpoint_of: Rc<Vec<u32>>,
    /// In a world in which something is lost: how things were before.
    before: Option<Box<Context<'a>>>,
    normal: Spread,
    /// Overload and loss; with one world only, there is no other.
    others: Option<(Spread, Spread)>,
    /// By state: tokens go as far as the first store that they get to.
    first_stores: [OnceCell<Spread>; 3],
    dead_ends: OnceCell<Vec<(EndpointId, Vec<u64>)>>,
    arriving: OnceCell<Vec<u64>>,
    /// Shortest ways found so far. Findings about one token mostly follow each other.
    paths: RefCell<VecDeque<(State, usize, Paths<'a>)>>,
    incoming: Rc<Incoming>,
    /// Steps that reports show, each made once.
    hops: RefCell<HashMap<Step, Arc<Hop>>>,
    register: OnceCell<Option<Register<'a>>>,
}

/// `routes[first[e]..first[e + 1]]` arrive at endpoint `e`.
struct Incoming {
    routes: Vec<RouteId>,
    first: Vec<u32>,
}

impl Incoming {
    fn new(snapshot: &Snapshot) -> Self {
        let mut first = vec![0_u32; snapshot.endpoints.len() + 1];
        for route in &snapshot.routes {
            first[route.to.index() + 1] += 1;
        }
        for i in 1..first.len() {
            first[i] += first[i - 1];
        }
        let mut next = first.clone();
        let mut routes = vec![RouteId(0); snapshot.routes.len()];
        for (i, route) in (0_u32..).zip(&snapshot.routes) {
            let slot = &mut next[route.to.index()];
            routes[*slot as usize] = RouteId(i);
            *slot += 1;
        }
        Self { routes, first }
    }
}

impl<'a> Context<'a> {
    pub fn new(question: &Question<'a>, tokens: &'a [Token], graph: &'a Graph<'a>) -> Self {
        let Question { snapshot, sources, atlas, project, as_of, .. } = *question;
        let world = question.world.clone();
        let before = matches!(world, Some(World::Loss(_))).then(|| {
            let question = Question { world: Some(World::Normal), coverage: Coverage::default(), ..*question };
            Box::new(Self::new(&question, tokens, graph))
        });
        let (standpoints, standpoint_of, incoming) = match &before {
            Some(before) => (before.standpoints.clone(), before.standpoint_of.clone(), before.incoming.clone()),
            None => {
                let (standpoints, standpoint_of) = standpoints(snapshot, atlas);
                (Rc::new(standpoints), Rc::new(standpoint_of), Rc::new(Incoming::new(snapshot)))
            }
        };
        Self {
            snapshot,
            sources,
            atlas,
            project,
            as_of,
            tokens,
            graph,
            standpoints,
            standpoint_of,
            before,
            normal: graph.spread(world.as_ref().unwrap_or(&World::Normal)),
            others: world.is_none().then(|| (graph.spread(&World::Overload), graph.spread(&World::Any))),
            first_stores: Default::default(),
            world,
            dead_ends: OnceCell::new(),
            arriving: OnceCell::new(),
            paths: RefCell::default(),
            incoming,
            hops: RefCell::default(),
            register: OnceCell::new(),
        }
    }

    /// The transfer register, if the project keeps one.
    pub fn register(&self) -> Option<&Register<'a>> {
        self.register.get_or_init(|| Register::new(self)).as_ref()
    }

    /// Another world in the place of the one asked about; what was worked out for that is forgotten. How far tokens get is
    /// changed to fit: that to everywhere, and that to first stores if it is known.
    pub fn enter(&mut self, world: World, change: impl FnOnce(&mut Spread, Option<&mut Spread>)) {
        self.dead_ends = OnceCell::new();
        self.arriving = OnceCell::new();
        self.paths.borrow_mut().clear();
        change(&mut self.normal, self.first_stores[State::Loss as usize].get_mut());
        self.world = Some(world);
    }

    /// With spreads for the state in which something is lost.
    pub fn with_spreads(mut self, spread: Spread, first_stores: Option<Spread>) -> Self {
        self.normal = spread;
        self.first_stores[State::Loss as usize] = first_stores.map_or_else(OnceCell::new, OnceCell::from);
        self
    }

    /// How far tokens get up to the first store.
    pub fn first_stores(&self, state: State) -> &Spread {
        let is_store = |id: EndpointId| self.snapshot.endpoint(id).roles.contains(Role::Store);
        self.first_stores[state as usize].get_or_init(|| self.graph.spread_until(&self.world_of(state), is_store))
    }

    /// How far tokens get. Loss is bounded from above by letting every route carry that can carry after any loss at all.
    pub fn spread(&self, state: State) -> &Spread {
        match (state, &self.others) {
            (State::Normal, _) | (_, None) => &self.normal,
            (State::Overload, Some((overload, _))) => overload,
            (State::Loss, Some((_, any))) => any,
        }
    }

    /// How things were before anything was lost: what a loss leaves is asked of that.
    pub fn before(&self) -> &Self {
        self.before.as_deref().unwrap_or(self)
    }

    /// What [`Self::spread`] follows.
    pub fn world_of(&self, state: State) -> World {
        match (&self.world, state) {
            (Some(world), _) => world.clone(),
            (None, State::Normal) => World::Normal,
            (None, State::Overload) => World::Overload,
            (None, State::Loss) => World::Any,
        }
    }

    /// The states that are asked about, mildest first.
    pub fn states(&self) -> &'static [State] {
        match &self.world {
            None => &State::ALL,
            Some(World::Normal) => &[State::Normal],
            Some(World::Overload) => &[State::Overload],
            Some(World::Any | World::Loss(_)) => &[State::Loss],
        }
    }

    /// Names without a place of their own, and the tokens that get there and go no further in any state.
    pub fn dead_ends(&self) -> &[(EndpointId, Vec<u64>)] {
        self.dead_ends.get_or_init(|| {
            let mut ends = Vec::new();
            for id in self.snapshot.endpoint_ids().filter(|id| !self.has_place(*id)) {
                let mut stuck = self.spread(State::Loss).at(id).to_vec();
                for token in self.spread(State::Loss).tokens_at(id) {
                    if self.snapshot.routes_from(id).any(|(r, _)| self.graph.moves(self.spread(State::Loss), r, token)) {
                        stuck[token / 64] &= !(1 << (token % 64));
                    }
                }
                if stuck.iter().any(|w| *w != 0) {
                    ends.push((id, stuck));
                }
            }
            ends
        })
    }

    /// Tokens that get to anything that does more than hand them on.
    pub fn arriving(&self) -> &[u64] {
        self.arriving.get_or_init(|| {
            let mut arriving = vec![0_u64; self.tokens.len().div_ceil(64)];
            let uses = |id: &EndpointId| self.has_place(*id) && !self.snapshot.endpoint(*id).roles.only_forwards();
            for id in self.snapshot.endpoint_ids().filter(uses) {
                arriving.iter_mut().zip(self.spread(State::Loss).at(id)).for_each(|(a, b)| *a |= b);
            }
            arriving
        })
    }

    /// The shortest way of a token to an endpoint, as [`Graph::witness`] gives it.
    pub fn way(&self, state: State, token: usize, to: EndpointId) -> Option<Vec<Step>> {
        let mut paths = self.paths.borrow_mut();
        if let Some((_, _, known)) = paths.iter().find(|(s, t, _)| (*s, *t) == (state, token)) {
            return known.to(to);
        }
        if paths.len() == WAYS_KEPT {
            paths.pop_front();
        }
        let found = self.graph.paths(self.spread(state), token);
        let way = found.to(to);
        paths.push_back((state, token, found));
        way
    }

    /// A step of a way, as reports show it.
    pub fn hop(&self, step: &Step) -> Arc<Hop> {
        let mut hops = self.hops.borrow_mut();
        Arc::clone(hops.entry(*step).or_insert_with(|| Arc::new(hop(self.snapshot, self.atlas, step))))
    }

    pub fn standpoint(&self, id: EndpointId) -> usize {
        self.standpoint_of[id.index()] as usize
    }

    /// Whether the endpoint has a place of its own to be judged by.
    pub fn has_place(&self, id: EndpointId) -> bool {
        self.snapshot.endpoint(id).standing != Standing::Logical
    }

    pub fn geolocation(&self, id: EndpointId) -> Geolocation {
        self.atlas.locate_endpoint(self.snapshot, id)
    }

    pub fn known_places(&self, id: EndpointId) -> Vec<KnownPlace> {
        if self.has_place(id) { known_places(&self.geolocation(id), self.atlas) } else { Vec::new() }
    }

    pub fn incoming(&self, id: EndpointId) -> &[RouteId] {
        let Incoming { routes, first } = &*self.incoming;
        &routes[first[id.index()] as usize..first[id.index() + 1] as usize]
    }

    /// The stores that a store is a copy of, as far as a token goes, by whatever names; and whether the token is also written
    /// there by something else.
    pub fn copied_from(&self, id: EndpointId, token: usize) -> (Vec<EndpointId>, bool) {
        // What is declared to be held there did not come by any route that was read.
        let held = self.tokens[token].starts.contains(&id);
        let writes = |r: RouteId| if held { self.graph.passes(r, token) } else { self.graph.moves(&self.normal, r, token) };
        let (mut originals, mut written) = (Vec::new(), false);
        let (mut stack, mut seen) = (vec![id], vec![id]);
        while let Some(at) = stack.pop() {
            for (number, route) in self.incoming(at).iter().map(|r| (*r, self.snapshot.route(*r))) {
                match route.activity {
                    Activity::Depend | Activity::Access => {}
                    _ if !self.graph.passes(number, token) => {}
                    Activity::Replicate | Activity::Backup => {
                        if self.snapshot.endpoint(route.from).roles.contains(Role::Store) {
                            originals.push(route.from);
                        }
                    }
                    // A name in between: what leads to the name is what counts.
                    _ if !self.has_place(route.from) => {
                        if !seen.contains(&route.from) {
                            seen.push(route.from);
                            stack.push(route.from);
                        }
                    }
                    _ => written |= writes(number),
                }
            }
        }
        (originals, written)
    }

    /// How old a token's data may be at a store, in hours: what is copied there is older than what it is copied from. `Err`: a
    /// store that does not declare it.
    pub fn age_hours(&self, id: EndpointId, token: usize) -> Result<u64, EndpointId> {
        self.age(id, token, &mut BTreeMap::new())
    }

    fn age(
        &self,
        id: EndpointId,
        token: usize,
        known: &mut BTreeMap<EndpointId, Result<u64, EndpointId>>,
    ) -> Result<u64, EndpointId> {
        if let Some(age) = known.get(&id) {
            return *age;
        }
        let (originals, written) = self.copied_from(id, token);
        if originals.is_empty() || written {
            return Ok(0);
        }
        // Copies that go round are no older for that.
        known.insert(id, Ok(0));
        let own = self.snapshot.endpoint(id).attributes.max_age_hours.ok_or(id);
        let age = own.and_then(|own| {
            let mut oldest = 0;
            for original in originals {
                oldest = oldest.max(self.age(original, token, known)?);
            }
            Ok(own.saturating_add(oldest))
        });
        known.insert(id, age);
        age
    }

    /// Tokens among `wanted` that do one of `doing` at an endpoint (all of them if `doing` is empty), each with the route it
    /// must have come by, if the route decides.
    pub fn arrivals(&self, id: EndpointId, spread: &Spread, wanted: &[u64], doing: &[Doing]) -> Vec<Arrival> {
        // Most endpoints are not reached at all.
        if !intersects(spread.at(id), wanted) {
            return Vec::new();
        }
        let here: Vec<usize> = bits(&and(spread.at(id), wanted)).collect();
        let endpoint = self.snapshot.endpoint(id);
        let by_role = doing.iter().filter_map(|d| match d {
            Doing::Role(role) => Some(*role),
            Doing::Route(_) => None,
        });
        let asked: Vec<Role> = by_role.collect();
        let wanted_role =
            |r: &Role| doing.is_empty() || asked.contains(r) || (*r == Role::Entry && asked.contains(&Role::Transit));
        let role = GRAVITY.into_iter().find(|r| wanted_role(r) && endpoint.roles.contains(*r));
        if doing.is_empty() || role.is_some() {
            let activity = role.map_or("transit", |r| if r == Role::Entry { "transit" } else { r.as_str() });
            return here.into_iter().map(|token| Arrival { token, via: None, activity }).collect();
        }
        let mut found: Vec<Arrival> = Vec::new();
        for route in self.incoming(id) {
            let route_ref = self.snapshot.route(*route);
            if !doing.contains(&Doing::Route(route_ref.activity)) || !spread.carries(*route) {
                continue;
            }
            for token in &here {
                if spread.has(route_ref.from, *token)
                    && self.graph.passes(*route, *token)
                    && !found.iter().any(|a| a.token == *token)
                {
                    found.push(Arrival { token: *token, via: Some(*route), activity: route_ref.activity.as_str() });
                }
            }
        }
        found.sort_by_key(|a| a.token);
        found
    }

    /// Fills in what the run examined.
    pub fn coverage(&self, mut coverage: Coverage) -> Coverage {
        let mut by_country: BTreeMap<String, usize> = BTreeMap::new();
        for id in self.snapshot.endpoint_ids().filter(|id| self.has_place(*id)) {
            let standpoint = &self.standpoints[self.standpoint(id)];
            coverage.endpoints += 1;
            if standpoint.places.is_empty() {
                coverage.unlocated += 1;
            } else {
                coverage.located += 1;
            }
            let mut countries: Vec<_> = standpoint.places.iter().map(|p| p.country).collect();
            countries.sort_unstable();
            countries.dedup();
            for country in countries {
                *by_country.entry(country.to_string()).or_default() += 1;
            }
        }
        coverage.routes = self.snapshot.routes.len();
        coverage.by_country = by_country.into_iter().collect();
        coverage
    }
}

/// Distinct standpoints, and which one each endpoint has.
fn standpoints(snapshot: &Snapshot, atlas: &Atlas) -> (Vec<Standpoint>, Vec<u32>) {
    let mut standpoints = Vec::new();
    let mut known: HashMap<Standpoint, u32> = HashMap::default();
    let mut standpoint_of = Vec::with_capacity(snapshot.endpoints.len());
    let by_endpoint = |of: &[Vec<EndpointId>]| {
        let mut by_endpoint: Vec<Vec<u32>> = vec![Vec::new(); if of.is_empty() { 0 } else { snapshot.endpoints.len() }];
        for (entry, all) in (0_u32..).zip(of) {
            all.iter().for_each(|id| by_endpoint[id.index()].push(entry));
        }
        by_endpoint
    };
    let (mut operated, mut registered) = (by_endpoint(&snapshot.operated), by_endpoint(&snapshot.recipients));
    for id in snapshot.endpoint_ids() {
        let recipients = operated.get_mut(id.index()).map(std::mem::take).unwrap_or_default();
        let registered = registered.get_mut(id.index()).map(std::mem::take).unwrap_or_default();
        let standpoint = Standpoint { recipients, registered, ..Standpoint::new(atlas, atlas.locate_endpoint(snapshot, id)) };
        let next = u32::try_from(standpoints.len()).unwrap_or(u32::MAX);
        standpoint_of.push(*known.entry(standpoint).or_insert_with_key(|s| {
            standpoints.push(s.clone());
            next
        }));
    }
    (standpoints, standpoint_of)
}

/// What an endpoint does with data, gravest first: the one that a finding names.
const GRAVITY: [Role; 6] = [Role::Store, Role::Keys, Role::Access, Role::Process, Role::Transit, Role::Entry];

/// A token that does something at an endpoint.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub token: usize,
    /// The route that makes it this activity; `None` if the endpoint's own role does.
    pub via: Option<RouteId>,
    pub activity: &'static str,
}

fn rests_on_stale_data(atlas: &Atlas, geo: &Geolocation) -> bool {
    geo.evidence.iter().any(|e| Some(e.basis) == geo.basis && e.data_set.is_some_and(|d| atlas.is_stale(d)))
}

pub fn and(a: &[u64], b: &[u64]) -> Vec<u64> {
    a.iter().zip(b).map(|(x, y)| x & y).collect()
}

/// Whether some bit is set in both.
pub fn intersects(a: &[u64], b: &[u64]) -> bool {
    a.iter().zip(b).any(|(x, y)| x & y != 0)
}

/// The positions of set bits.
pub fn bits(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(w, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros() as usize;
            (rest != 0).then(|| {
                rest &= rest - 1;
                w * 64 + bit
            })
        })
    })
}

pub fn has(words: &[u64], bit: usize) -> bool {
    words[bit / 64] >> (bit % 64) & 1 != 0
}

pub fn set(words: &mut [u64], bit: usize) {
    words[bit / 64] |= 1 << (bit % 64);
}
