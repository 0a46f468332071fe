//! Ways: every (origin, class, country, activity) that declared data gets to, and the mildest state in which it does. What two
//! versions of a project do not share of these is what a change does.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashSet;

use super::context::{Context, bits};
use super::describe::made_at;
use super::{Question, with_context};
use crate::finding::{Assessment, Edge, KnownPlace, Path, Stand, State, Topology, Way, without_line};
use crate::model::{Endpoint, EndpointId, Role, Route, SiteMatch};
use crate::reach::Token;
use crate::source::Location;

/// All ways, sorted; of equal ones the first endpoint in the mildest state.
pub fn ways(context: &Context<'_>) -> Vec<Way> {
    let mut found: BTreeMap<(String, &str, String, &'static str), (State, EndpointId)> = BTreeMap::new();
    // Many endpoints hold the same tokens, in the same place, and do the same with them.
    let mut seen: HashSet<(State, u32, usize, &'static str)> = HashSet::default();
    for state in context.states().iter().copied() {
        let spread = context.spread(state);
        for endpoint in context.snapshot.endpoint_ids().filter(|id| context.has_place(*id) && spread.is_reached(*id)) {
            let standpoint = context.standpoint(endpoint);
            for activity in activities(context, endpoint) {
                if !seen.insert((state, spread.row(endpoint), standpoint, activity)) {
                    continue;
                }
                for token in bits(spread.at(endpoint)).map(|t| &context.tokens[t]) {
                    for country in countries(context, standpoint) {
                        found.entry((origin(token), &token.class, country, activity)).or_insert((state, endpoint));
                    }
                }
            }
        }
    }
    let way = |((origin, data, country, activity), (state, endpoint)): (
        (String, &str, String, &'static str),
        (State, EndpointId),
    )| {
        let endpoint = context.snapshot.endpoint(endpoint);
        let (data, location) = (data.to_owned(), made_at(endpoint));
        Way { origin, data, country, activity, state, endpoint: endpoint.name.clone(), location, path: Vec::new() }
    };
    found.into_iter().map(way).collect()
}

/// Fills in what another version of the project is compared by: the path of every way, and what leads where.
pub fn follow(question: &Question<'_>, assessment: &mut Assessment) {
    with_context(question, |context| {
        // One pass over the graph tells all ways of a token in a state.
        let mut order: Vec<&mut Way> = assessment.ways.iter_mut().collect();
        order.sort_by(|a, b| (a.state, &a.origin, &a.data).cmp(&(b.state, &b.origin, &b.data)));
        for way in order {
            way.path = path_of(context, way);
        }
        assessment.topology = Some(topology(context));
    });
}

fn topology(context: &Context<'_>) -> Topology {
    let snapshot = context.snapshot;
    let name = |id: EndpointId| without_line(&snapshot.endpoint(id).name).to_owned();
    let placed = snapshot.endpoint_ids().filter(|id| context.has_place(*id));
    let edge = |r: &Route| Edge {
        from: name(r.from),
        to: name(r.to),
        activity: r.activity.as_str().to_owned(),
        role: r.role.as_str().to_owned(),
    };
    let mut all: BTreeMap<String, BTreeSet<Stand>> = BTreeMap::new();
    for id in placed {
        let said = said(snapshot.endpoint(id)).map(|at| context.sources.position(at));
        all.entry(name(id)).or_default().insert(Stand { places: stands(&context.known_places(id)), said });
    }
    Topology { stands: all, routes: snapshot.routes.iter().map(edge).collect() }
}

/// The line that says where an endpoint stands, apart from its addresses: of a region that came through variables, the first of all.
fn said(endpoint: &Endpoint) -> Option<Location> {
    let outright = endpoint.place.as_ref().map(|(_, at)| *at);
    let by_site = endpoint.sites.iter().find_map(|site| match site {
        SiteMatch::Declared(_, at) => Some(*at),
        SiteMatch::None | SiteMatch::One(..) | SiteMatch::Ambiguous(_) => None,
    });
    let by_region = endpoint.region_location.map(|at| endpoint.trail.steps().last().map_or(at, |step| step.location));
    outright.or(by_site).or(by_region)
}

/// Where something stands, without how that is known.
pub fn stands(places: &[KnownPlace]) -> Vec<String> {
    places.iter().map(|p| p.place.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string)).collect()
}

/// The path of a way that [`ways`] gave for the same snapshot, hop by hop.
pub fn path_of(context: &Context<'_>, way: &Way) -> Path {
    let Some(endpoint) = context.snapshot.find(&way.endpoint) else { return Vec::new() };
    let spread = context.spread(way.state);
    let is_it = |t: &usize| origin(&context.tokens[*t]) == way.origin && context.tokens[*t].class == way.data;
    let Some(token) = spread.tokens_at(endpoint).find(is_it) else { return Vec::new() };
    let steps = context.way(way.state, token, endpoint).unwrap_or_default();
    steps.iter().map(|s| context.hop(s)).collect()
}

pub fn origin(token: &Token) -> String {
    token.origins.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
}

/// What an endpoint does with data; if nothing, it hands it on.
pub fn activities(context: &Context<'_>, endpoint: EndpointId) -> Vec<&'static str> {
    let roles = context.snapshot.endpoint(endpoint).roles;
    let does = [Role::Store, Role::Keys, Role::Access, Role::Process].into_iter().filter(|r| roles.contains(*r));
    let does: Vec<&'static str> = does.map(Role::as_str).collect();
    if does.is_empty() { vec![Role::Transit.as_str()] } else { does }
}

/// Country codes; `?` where none can be told.
pub fn countries(context: &Context<'_>, standpoint: usize) -> Vec<String> {
    let places = &context.standpoints[standpoint].places;
    let mut countries: Vec<String> = places.iter().map(|p| p.country.to_string()).collect();
    countries.sort_unstable();
    countries.dedup();
    if countries.is_empty() { vec!["?".to_owned()] } else { countries }
}
