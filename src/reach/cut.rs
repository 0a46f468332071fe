//! The fewest routes whose absence keeps tokens from where they must not get: a minimum cut (Dinic), every route counting one.
//!
//! For tokens that move alike it is the smallest there is. Tokens that do not are put into one network first, in which ways of
//! several may be taken for one; what a cut of that has too much is taken out again, and whether it is then surely the smallest
//! is told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use foldhash::HashMap;

use super::{Graph, Spread};
use crate::model::{EndpointId, RouteId};

/// What a token must not do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offence {
    pub token: usize,
    pub at: EndpointId,
    /// Only coming by one of these; empty: by any.
    pub by: Vec<RouteId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Sorted, and whether there surely is no smaller set.
    Routes(Vec<RouteId>, bool),
    /// Tokens start where they must not be, or only routes that are to be kept lead there.
    Impossible,
    /// More routes are in question than are looked at.
    TooMany,
}

/// Routes in question at most.
const MOST_ROUTES: usize = 200_000;
/// Kinds of tokens that are also cut off each by itself, to know that no smaller set does.
const MOST_KINDS: usize = 64;

/// Tokens that move alike and must not do the same.
struct Kind {
    token: usize,
    at: BTreeSet<EndpointId>,
    by: BTreeSet<RouteId>,
}

impl Graph<'_> {
    /// The fewest routes, none of `keep`, without which no token offends.
    pub fn cut(&self, spread: &Spread, offences: &[Offence], keep: &BTreeSet<RouteId>) -> Cut {
        let kinds = self.kinds(offences);
        let all: Vec<&Kind> = kinds.iter().collect();
        // Where one kind starts, another may have to be kept out: in one network that has no cut, though each by itself has.
        let together = match self.cut_kinds(spread, &all, keep) {
            Cut::Routes(routes, _) => Some(routes),
            Cut::Impossible if (2..=MOST_KINDS).contains(&kinds.len()) => None,
            other => return other,
        };
        if let (1, Some(routes)) = (kinds.len(), &together) {
            return Cut::Routes(routes.clone(), true);
        }
        let together = together.map(|routes| self.needed(spread, &all, routes));
        // No set is smaller than what one kind needs by itself; and what each needs by itself is enough for all.
        let mut least = 0;
        let mut each: BTreeSet<RouteId> = BTreeSet::new();
        for kind in kinds.iter().take(MOST_KINDS) {
            match self.cut_kinds(spread, &[kind], keep) {
                Cut::Routes(routes, _) => {
                    least = least.max(routes.len());
                    each.extend(routes);
                }
                other => return other,
            }
        }
        let each = (kinds.len() <= MOST_KINDS).then(|| self.needed(spread, &all, each.into_iter().collect()));
        let fewest = [together, each].into_iter().flatten().min_by_key(Vec::len);
        fewest.map_or(Cut::Impossible, |routes| {
            let smallest = routes.len() == least;
            Cut::Routes(routes, smallest)
        })
    }

    fn kinds(&self, offences: &[Offence]) -> Vec<Kind> {
        let mut by_token: BTreeMap<usize, (BTreeSet<EndpointId>, BTreeSet<RouteId>)> = BTreeMap::new();
        for offence in offences {
            let (at, by) = by_token.entry(offence.token).or_default();
            if offence.by.is_empty() {
                at.insert(offence.at);
            }
            by.extend(&offence.by);
        }
        let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
        for (token, (at, by)) in by_token {
            kinds.entry((self.filters.column[token], at, by)).or_insert(token);
        }
        kinds.into_iter().map(|((_, at, by), token)| Kind { token, at, by }).collect()
    }

    /// Those of a cut without which it would be none.
    fn needed(&self, spread: &Spread, kinds: &[&Kind], cut: Vec<RouteId>) -> Vec<RouteId> {
        let mut left: BTreeSet<RouteId> = cut.iter().copied().collect();
        for route in cut {
            left.remove(&route);
            if kinds.iter().any(|kind| self.offends(spread, kind, &left)) {
                left.insert(route);
            }
        }
        left.into_iter().collect()
    }

    /// Whether tokens of a kind still get where they must not without these routes.
    fn offends(&self, spread: &Spread, kind: &Kind, without: &BTreeSet<RouteId>) -> bool {
        let mut queue: VecDeque<EndpointId> = self.starts(spread, kind.token).collect();
        let mut seen: BTreeSet<EndpointId> = queue.iter().copied().collect();
        while let Some(from) = queue.pop_front() {
            if kind.at.contains(&from) {
                return true;
            }
            for (id, route) in self.snapshot.routes_from(from) {
                if without.contains(&id) || !self.moves(spread, id, kind.token) {
                    continue;
                }
                if kind.by.contains(&id) {
                    return true;
                }
                if seen.insert(route.to) {
                    queue.push_back(route.to);
                }
            }
        }
        false
    }

    fn starts<'s>(&'s self, spread: &'s Spread, token: usize) -> impl Iterator<Item = EndpointId> {
        let column = &self.filters.columns[self.filters.column[token] as usize];
        column.starts.iter().copied().filter(|s| !spread.down.has(s.index()))
    }

    fn cut_kinds(&self, spread: &Spread, kinds: &[&Kind], keep: &BTreeSet<RouteId>) -> Cut {
        let mut net = Net::default();
        let (source, sink) = (net.node(), net.node());
        let mut nodes: HashMap<EndpointId, usize> = HashMap::default();
        let mut routes: BTreeSet<RouteId> = BTreeSet::new();
        let mut ends: BTreeSet<RouteId> = BTreeSet::new();
        let mut bad: BTreeSet<EndpointId> = BTreeSet::new();
        for kind in kinds {
            // Backwards from where it must not get, over what it moves along.
            let arrivals = self.wiring.arrivals();
            let mut queue: Vec<EndpointId> = kind.at.iter().copied().collect();
            bad.extend(&kind.at);
            for by in &kind.by {
                ends.insert(*by);
                queue.push(self.snapshot.route(*by).from);
            }
            let mut seen: BTreeSet<EndpointId> = queue.iter().copied().collect();
            while let Some(to) = queue.pop() {
                for at in arrivals.at(to.index()) {
                    let id = self.wiring.route(*at as usize);
                    if !self.moves(spread, id, kind.token) {
                        continue;
                    }
                    if routes.len() > MOST_ROUTES {
                        return Cut::TooMany;
                    }
                    routes.insert(id);
                    let from = self.snapshot.route(id).from;
                    if seen.insert(from) {
                        queue.push(from);
                    }
                }
            }
            for start in self.starts(spread, kind.token).filter(|s| seen.contains(s)) {
                let node = *nodes.entry(start).or_insert_with(|| net.node());
                net.edge(source, node, ENDLESS, None);
            }
        }
        for id in routes.union(&ends) {
            let route = self.snapshot.route(*id);
            let from = *nodes.entry(route.from).or_insert_with(|| net.node());
            let to = *nodes.entry(route.to).or_insert_with(|| net.node());
            let to = if ends.contains(id) { sink } else { to };
            net.edge(from, to, if keep.contains(id) { ENDLESS } else { 1 }, Some(*id));
        }
        for at in bad {
            let node = *nodes.entry(at).or_insert_with(|| net.node());
            net.edge(node, sink, ENDLESS, None);
        }
        match net.fill(source, sink) {
            true => Cut::Routes(net.cut(sink), true),
            false => Cut::Impossible,
        }
    }
}

const ENDLESS: u32 = u32::MAX;

/// A network of flow; edge `e` and its reverse `e ^ 1` stand side by side.
#[derive(Default)]
struct Net {
    leaving: Vec<Vec<usize>>,
    to: Vec<usize>,
    room: Vec<u32>,
    route: Vec<Option<RouteId>>,
}

impl Net {
    fn node(&mut self) -> usize {
        self.leaving.push(Vec::new());
        self.leaving.len() - 1
    }

    fn edge(&mut self, from: usize, to: usize, room: u32, route: Option<RouteId>) {
        for (from, to, room) in [(from, to, room), (to, from, 0)] {
            self.leaving[from].push(self.to.len());
            self.to.push(to);
            self.room.push(room);
            self.route.push(route);
        }
    }

    /// Fills the network; `false` if nothing bounds what flows.
    fn fill(&mut self, source: usize, sink: usize) -> bool {
        loop {
            let mut level = self.levels(source);
            if level[sink] == usize::MAX {
                return true;
            }
            let mut next = vec![0; self.leaving.len()];
            let mut path: Vec<usize> = Vec::new();
            loop {
                let at = path.last().map_or(source, |e| self.to[*e]);
                if at == sink {
                    let room = path.iter().map(|e| self.room[*e]).min().unwrap_or(ENDLESS);
                    if room == ENDLESS {
                        return false;
                    }
                    for e in path.drain(..) {
                        if self.room[e] != ENDLESS {
                            self.room[e] -= room;
                        }
                        self.room[e ^ 1] = self.room[e ^ 1].saturating_add(room);
                    }
                    continue;
                }
                match self.leaving[at].get(next[at]).copied() {
                    Some(e) if self.room[e] > 0 && level[self.to[e]] == level[at] + 1 => path.push(e),
                    Some(_) => next[at] += 1,
                    None => {
                        // A dead end: nobody need look here again.
                        level[at] = usize::MAX;
                        if path.pop().is_none() {
                            break;
                        }
                    }
                }
            }
        }
    }

    fn levels(&self, source: usize) -> Vec<usize> {
        let mut level = vec![usize::MAX; self.leaving.len()];
        level[source] = 0;
        let mut queue = VecDeque::from([source]);
        while let Some(at) = queue.pop_front() {
            for e in &self.leaving[at] {
                if self.room[*e] > 0 && level[self.to[*e]] == usize::MAX {
                    level[self.to[*e]] = level[at] + 1;
                    queue.push_back(self.to[*e]);
                }
            }
        }
        level
    }

    /// The full routes into what can still reach the sink: of several smallest cuts the one nearest to where data must not get.
    fn cut(&self, sink: usize) -> Vec<RouteId> {
        let mut beyond = vec![false; self.leaving.len()];
        beyond[sink] = true;
        let mut queue = vec![sink];
        while let Some(at) = queue.pop() {
            for e in &self.leaving[at] {
                let from = self.to[*e];
                if self.room[*e ^ 1] > 0 && !beyond[from] {
                    beyond[from] = true;
                    queue.push(from);
                }
            }
        }
        let crosses = |e: &usize| beyond[self.to[*e]] && !beyond[self.to[*e ^ 1]];
        let mut routes: Vec<RouteId> = (0..self.to.len()).step_by(2).filter(crosses).filter_map(|e| self.route[e]).collect();
        routes.sort_unstable();
        routes.dedup();
        routes
    }
}
