//! What is left in one state of the world: who is still served and from where, which stores hold the data, what is depended on
//! and gone. Facts for people to read; rules are judged elsewhere.

use std::collections::BTreeMap;

use super::context::Context;
use super::describe::places_phrase;
use super::held::{Certainty, held};
use crate::finding::{After, Lost, Served, Stored};
use crate::model::{Activity, Dependence, EndpointId, Role};
use crate::reach::{TokenSource, World};

/// What a state of the world leaves of what normal running has.
pub fn after(context: &Context<'_>, world: &World) -> After {
    let (snapshot, graph) = (context.snapshot, context.graph);
    // Login, names and keys that are gone are told apart: who is logged in, and knows the address, may go on for a while.
    let usable = graph.usable(world, &[Dependence::Service], |_| true);
    let before = graph.usable(&World::Normal, &[Dependence::Service], |_| true);
    let name = |id: EndpointId| snapshot.endpoint(id).name.clone();
    let place = |id: EndpointId| places_phrase(&context.known_places(id));

    let mut served: Vec<Served> = Vec::new();
    let mut stored: Vec<Stored> = Vec::new();
    for (number, token) in context.tokens.iter().enumerate() {
        let origin: Vec<String> = token.origins.iter().map(ToString::to_string).collect();
        let (origin, data) = (origin.join("+"), token.class.clone());
        if let TokenSource::Population(p) = token.source {
            let way = graph.serving_witness(number, &usable);
            let by = way.and_then(|w| w.iter().rev().map(|s| s.endpoint).find(|id| context.has_place(*id)));
            served.push(Served {
                population: snapshot.populations[p].id.clone(),
                origin: origin.clone(),
                data: data.clone(),
                by: by.map(|id| (name(id), place(id))),
                before: graph.serves(number, &before),
            });
        }
        let keeps = |id: &EndpointId| snapshot.endpoint(*id).roles.contains(Role::Store) && context.has_place(*id);
        let normal = graph.spread(&World::Normal);
        let stores: Vec<EndpointId> = snapshot.endpoint_ids().filter(|id| keeps(id) && normal.has(*id, number)).collect();
        if stores.is_empty() {
            continue;
        }
        let (left, gone): (Vec<EndpointId>, Vec<EndpointId>) = stores.into_iter().partition(|id| usable.strict(*id));
        let good = |id: EndpointId| keeps(&id) && usable.strict(id);
        stored.push(Stored {
            origin,
            data,
            left: left.into_iter().map(|id| (name(id), place(id))).collect(),
            gone: gone.into_iter().map(name).collect(),
            full: held(context, number, Certainty::Sure, good),
        });
    }
    After { down: down(context, world), served, stored, lost: lost(context, world) }
}

fn down(context: &Context<'_>, world: &World) -> Vec<String> {
    let down = context.graph.down(world).into_iter().filter(|id| context.has_place(*id));
    down.map(|id| context.snapshot.endpoint(id).name.clone()).collect()
}

/// What somebody who is still up depends on, and no member of its pool is.
fn lost(context: &Context<'_>, world: &World) -> Vec<Lost> {
    let snapshot = context.snapshot;
    let mut is_down = vec![false; snapshot.endpoints.len()];
    context.graph.down(world).into_iter().for_each(|id| is_down[id.index()] = true);
    let up = snapshot.endpoint_ids().filter(|id| !is_down[id.index()]);
    up.flat_map(|id| lacks(context, id, |id| is_down[id.index()])).collect()
}

/// What one endpoint depends on, with all of the pool down.
pub fn lacks(context: &Context<'_>, id: EndpointId, is_down: impl Fn(EndpointId) -> bool) -> Vec<Lost> {
    let snapshot = context.snapshot;
    // Whether the pool is answered, what it is for, and who was asked.
    let mut pools: BTreeMap<u32, (bool, &'static str, Vec<EndpointId>)> = BTreeMap::new();
    for (_, route) in snapshot.routes_from(id) {
        let what = match route.activity {
            Activity::Depend => route.purpose.as_str(),
            Activity::Keys => "keys",
            _ => continue,
        };
        let pool = pools.entry(route.pool).or_insert((false, what, Vec::new()));
        pool.0 |= !is_down(route.to);
        pool.2.push(route.to);
    }
    let gone = pools.into_values().filter(|(answered, _, _)| !answered);
    let name = |id: EndpointId| snapshot.endpoint(id).name.clone();
    gone.map(|(_, what, on)| Lost { endpoint: name(id), what, on: on.into_iter().map(name).collect() }).collect()
}
