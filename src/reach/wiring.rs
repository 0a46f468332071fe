//! The graph as flat arrays: routes by where they leave, grouped into pools, and the same seen from their targets.
//!
//! A *position* is a route's place in that order; for a snapshot in its proper order, positions are route ids.

use std::ops::Range;
use std::sync::OnceLock;

use crate::model::{Activity, Dependence, EndpointId, Route, RouteId, Snapshot};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolKind {
    /// What `from` cannot do without.
    Depend(Dependence),
    /// Some member forwards.
    Forward,
    /// Copies, logs, access, keys: `from` works without them.
    Aside,
}

pub(super) struct Pool {
    pub(super) from: u32,
    pub(super) kind: PoolKind,
    start: u32,
    end: u32,
}

impl Pool {
    pub(super) fn positions(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

pub(super) struct Wiring {
    pub(super) endpoints: usize,
    order: Vec<u32>,
    position: Vec<u32>,
    first: Vec<u32>,
    pub(super) to: Vec<u32>,
    pub(super) pools: Vec<Pool>,
    first_pool: Vec<u32>,
    arrivals: OnceLock<Arrivals>,
}

/// The reverse: for each endpoint the positions that arrive, and for each position its pool.
pub(super) struct Arrivals {
    first: Vec<u32>,
    positions: Vec<u32>,
    pub(super) pool: Vec<u32>,
}

impl Arrivals {
    pub(super) fn at(&self, endpoint: usize) -> &[u32] {
        &self.positions[self.first[endpoint] as usize..self.first[endpoint + 1] as usize]
    }
}

impl Wiring {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let routes = &snapshot.routes;
        // Routes of one pool that depend for different purposes cannot stand for each other, nor for a route that carries.
        let purpose = |r: &Route| (r.activity == Activity::Depend).then_some(r.purpose);
        let key = |id: u32| {
            let r = &routes[id as usize];
            (r.from, r.pool, purpose(r))
        };
        let mut order: Vec<u32> = (0..number(routes.len())).collect();
        order.sort_by_key(|id| key(*id));
        let mut position = vec![0; routes.len()];
        let mut to = Vec::with_capacity(routes.len());
        let mut pools: Vec<Pool> = Vec::new();
        let mut first = vec![0; snapshot.endpoints.len() + 1];
        let mut first_pool = first.clone();
        let mut last_key = None;
        for (at, id) in order.iter().enumerate() {
            let route = &routes[*id as usize];
            position[*id as usize] = number(at);
            to.push(route.to.0);
            first[route.from.index() + 1] += 1;
            if last_key != Some(key(*id)) {
                last_key = Some(key(*id));
                first_pool[route.from.index() + 1] += 1;
                let kind = purpose(route).map_or(PoolKind::Aside, PoolKind::Depend);
                pools.push(Pool { from: route.from.0, kind, start: number(at), end: number(at) });
            }
            if let Some(pool) = pools.last_mut() {
                pool.end = number(at + 1);
                if hands_on(route) {
                    pool.kind = PoolKind::Forward;
                }
            }
        }
        sums(&mut first);
        sums(&mut first_pool);
        let arrivals = OnceLock::new();
        Self { endpoints: snapshot.endpoints.len(), order, position, first, to, pools, first_pool, arrivals }
    }

    pub(super) fn route(&self, position: usize) -> RouteId {
        RouteId(self.order[position])
    }

    pub(super) fn position(&self, route: RouteId) -> usize {
        self.position[route.index()] as usize
    }

    pub(super) fn leaving(&self, endpoint: usize) -> Range<usize> {
        self.first[endpoint] as usize..self.first[endpoint + 1] as usize
    }

    pub(super) fn pools_of(&self, endpoint: EndpointId) -> &[Pool] {
        &self.pools[self.first_pool[endpoint.index()] as usize..self.first_pool[endpoint.index() + 1] as usize]
    }

    pub(super) fn arrivals(&self) -> &Arrivals {
        self.arrivals.get_or_init(|| {
            let mut first = vec![0; self.endpoints + 1];
            for to in &self.to {
                first[*to as usize + 1] += 1;
            }
            sums(&mut first);
            let mut next = first.clone();
            let mut positions = vec![0; self.to.len()];
            for (at, to) in self.to.iter().enumerate() {
                positions[next[*to as usize] as usize] = number(at);
                next[*to as usize] += 1;
            }
            let mut pool = vec![0; self.to.len()];
            for (i, p) in self.pools.iter().enumerate() {
                pool[p.positions()].fill(number(i));
            }
            Arrivals { first, positions, pool }
        })
    }
}

/// Whether a route hands requests on: without any of these an endpoint that only forwards is of no use.
pub(super) fn hands_on(route: &Route) -> bool {
    route.activity == Activity::Forward || (route.alias && route.activity != Activity::Depend)
}

/// Ids are `u32`, so every count of endpoints and routes fits.
pub(super) fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn sums(counts: &mut [u32]) {
    for i in 1..counts.len() {
        counts[i] += counts[i - 1];
    }
}
