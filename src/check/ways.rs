//! Ways: every (origin, class, country, activity) that declared data gets to, and the mildest state in which it does. What two
//! versions of a project do not share of these is what a change does.

use std::collections::BTreeMap;

use foldhash::HashSet;

use super::context::{Context, bits};
use super::describe::{hop, made_at};
use crate::finding::{Hop, State, Way};
use crate::model::{EndpointId, Role};
use crate::reach::Token;

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
        Way { origin, data, country, activity, state, endpoint: endpoint.name.clone(), location }
    };
    found.into_iter().map(way).collect()
}

/// The path of a way that [`ways`] gave for the same snapshot, hop by hop.
pub fn path_of(context: &Context<'_>, way: &Way) -> Vec<Hop> {
    let Some(endpoint) = context.snapshot.find(&way.endpoint) else { return Vec::new() };
    let spread = context.spread(way.state);
    let is_it = |t: &usize| origin(&context.tokens[*t]) == way.origin && context.tokens[*t].class == way.data;
    let Some(token) = spread.tokens_at(endpoint).find(is_it) else { return Vec::new() };
    let steps = context.way(way.state, token, endpoint).unwrap_or_default();
    steps.iter().map(|s| hop(context.snapshot, context.atlas, s)).collect()
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
