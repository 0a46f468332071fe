//! Whether all of a token's data is in stores of some kind. What a token may reach is not enough to say so: a pool that shares
//! data out puts only a part of it into each of its targets, and a route may carry a part of a class.

use std::collections::{BTreeMap, HashMap};

use super::context::Context;
use crate::finding::State;
use crate::model::{Activity, DataLimit, EndpointId, Role, Route};
use crate::vocab::classes;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Every item surely is.
    Sure,
    /// Nothing that was read speaks against it: a route for a part of a class may carry all that there is, and what uses data
    /// and is not known to store it may keep it elsewhere.
    Possible,
}

/// Whether all of a token gets to stores that are `good`, in normal running: at every start, along some pool (each gets
/// everything) whose members (they share it out) all lead there.
pub fn held(context: &Context<'_>, token: usize, certainty: Certainty, good: impl Fn(EndpointId) -> bool) -> bool {
    let mut goods = Vec::new();
    // What is beyond a good store adds nothing.
    let sharing = Sharing::new(context, token, certainty, |id| {
        goods.push(good(id));
        goods.last() == Some(&true)
    });
    sharing.all_in(&goods)
}

/// How a token is shared out, from its starts on.
pub struct Sharing {
    pub endpoints: Vec<EndpointId>,
    /// So many of them are starts.
    starts: usize,
    /// Per pool: where it leaves, and its members.
    pools: Vec<(usize, Vec<usize>)>,
    leads_to: Vec<Vec<usize>>,
    /// What uses data and hands it to nobody says nothing against the others of its pool.
    silent: Vec<bool>,
}

impl Sharing {
    /// Asks each endpoint once, in the order of `endpoints`, whether to stop there.
    pub fn new(context: &Context<'_>, token: usize, certainty: Certainty, mut stop: impl FnMut(EndpointId) -> bool) -> Self {
        let (snapshot, spread) = (context.snapshot, context.spread(State::Normal));
        let mut number: HashMap<EndpointId, usize> = HashMap::new();
        let mut endpoints: Vec<EndpointId> = Vec::new();
        let mut add = |endpoints: &mut Vec<EndpointId>, id: EndpointId| {
            *number.entry(id).or_insert_with(|| {
                endpoints.push(id);
                endpoints.len() - 1
            })
        };
        for start in &context.tokens[token].starts {
            add(&mut endpoints, *start);
        }
        let starts = endpoints.len();
        let mut pools: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut silent: Vec<bool> = Vec::new();
        let mut at = 0;
        while let Some(id) = endpoints.get(at).copied() {
            let mut of_pool: BTreeMap<u32, Vec<&Route>> = BTreeMap::new();
            for (_, route) in snapshot.routes_from(id).filter(|(r, _)| context.graph.moves(spread, *r, token)) {
                of_pool.entry(route.pool).or_default().push(route);
            }
            let is_store = snapshot.endpoint(id).roles.contains(Role::Store);
            let is_end = of_pool.is_empty() && context.has_place(id);
            silent.push(certainty == Certainty::Possible && is_end && !is_store);
            at += 1;
            if stop(id) {
                continue;
            }
            for routes in of_pool.into_values() {
                let members: Vec<usize> = routes.iter().map(|r| add(&mut endpoints, r.to)).collect();
                if certainty == Certainty::Possible || whole(&routes, &context.tokens[token].class) {
                    pools.push((at - 1, members));
                }
            }
        }
        let mut leads_to: Vec<Vec<usize>> = vec![Vec::new(); endpoints.len()];
        for (i, (_, members)) in pools.iter().enumerate() {
            members.iter().for_each(|m| leads_to[*m].push(i));
        }
        Self { endpoints, starts, pools, leads_to, silent }
    }

    /// Whether all of the token is in those of the endpoints that are good.
    pub fn all_in(&self, good: &[bool]) -> bool {
        let mut covered = good.to_vec();
        let open = |members: &[usize]| members.iter().filter(|m| !self.silent[**m]).count();
        let mut missing: Vec<usize> = self.pools.iter().map(|(_, members)| open(members)).collect();
        let mut queue: Vec<usize> = (0..covered.len()).filter(|i| covered[*i]).collect();
        while let Some(done) = queue.pop() {
            for pool in &self.leads_to[done] {
                let from = self.pools[*pool].0;
                missing[*pool] = missing[*pool].saturating_sub(usize::from(!self.silent[done]));
                if missing[*pool] == 0 && !covered[from] {
                    covered[from] = true;
                    queue.push(from);
                }
            }
        }
        self.starts > 0 && (0..self.starts).all(|i| covered[i])
    }
}

/// Whether the members of a pool together carry all of a class.
fn whole(routes: &[&Route], class: &str) -> bool {
    let everybody = routes.iter().any(|r| r.clients.takes_whole_origins());
    let all_of_class = |r: &&Route| {
        let limit = match &r.data {
            DataLimit::All => true,
            DataLimit::Only(named) => named.iter().any(|n| classes::covers(n, class)),
        };
        // A cache keeps what it likes; a `keys` route carries only the keys of a branch above them.
        let kind = match r.activity {
            Activity::Cache => false,
            Activity::Keys => classes::is_key_material(class),
            _ => true,
        };
        limit && kind && !r.drops.iter().any(|d| classes::overlap(d, class))
    };
    everybody && routes.iter().all(all_of_class)
}
