//! The way by which a token got somewhere: the shortest, and among equals the one with the smallest start, then the smallest
//! route ids from the start on.

use std::collections::VecDeque;

use super::wiring::number;
use super::{Graph, Spread};
use crate::model::{EndpointId, RouteId};

/// One endpoint of a path, and the route by which data came (`None` where it starts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    pub endpoint: EndpointId,
    pub route: Option<RouteId>,
}

const UNSEEN: u32 = u32::MAX;
const START: u32 = u32::MAX - 1;

/// Shortest ways of one token to everywhere; worth keeping when several are asked for.
pub struct Paths<'g> {
    graph: &'g Graph<'g>,
    /// Per endpoint: the position of the route that came first.
    by: Vec<u32>,
}

impl Paths<'_> {
    pub fn to(&self, e: EndpointId) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let mut at = e;
        while self.by[at.index()] != START {
            let position = self.by[at.index()];
            if position == UNSEEN {
                return None;
            }
            let route = self.graph.wiring.route(position as usize);
            steps.push(Step { endpoint: at, route: Some(route) });
            at = self.graph.snapshot.route(route).from;
        }
        steps.push(Step { endpoint: at, route: None });
        steps.reverse();
        Some(steps)
    }
}

impl Graph<'_> {
    /// A shortest way of a token to an endpoint; `None` if it does not get there.
    pub fn witness(&self, spread: &Spread, token: usize, to: EndpointId) -> Option<Vec<Step>> {
        if !spread.has(to, token) {
            return None;
        }
        self.search(spread, token, Some(to)).to(to)
    }

    /// A shortest way of a token that ends with a given route; `None` if the token does not move along it.
    pub fn witness_via(&self, spread: &Spread, token: usize, last: RouteId) -> Option<Vec<Step>> {
        if !self.moves(spread, last, token) {
            return None;
        }
        let route = self.snapshot.route(last);
        let mut steps = self.witness(spread, token, route.from)?;
        steps.push(Step { endpoint: route.to, route: Some(last) });
        Some(steps)
    }

    /// All shortest ways of a token at once; each is what [`Self::witness`] gives.
    pub fn paths(&self, spread: &Spread, token: usize) -> Paths<'_> {
        self.search(spread, token, None)
    }

    fn search(&self, spread: &Spread, token: usize, until: Option<EndpointId>) -> Paths<'_> {
        let mut by = vec![UNSEEN; self.wiring.endpoints];
        let mut queue = VecDeque::new();
        for start in &self.filters.columns[self.filters.column[token] as usize].starts {
            if !spread.down.has(start.index()) {
                by[start.index()] = START;
                queue.push_back(start.index());
            }
        }
        while let Some(from) = queue.pop_front() {
            if until.is_some_and(|e| by[e.index()] != UNSEEN) {
                break;
            }
            if spread.stops.has(from) {
                continue;
            }
            for at in self.wiring.leaving(from) {
                let to = self.wiring.to[at] as usize;
                if by[to] == UNSEEN && self.carries_at(spread, at, token) {
                    by[to] = number(at);
                    queue.push_back(to);
                }
            }
        }
        Paths { graph: self, by }
    }
}
