//! One loss after the other. What a loss does is worked out against the state in which nothing is lost: what it takes down, which
//! pools fall elsewhere for that, and who then gets where. Each is undone before the next, and each costs what it touches.
//!
//! Of every token at every endpoint one way by which it got there is kept. What a loss does not cut of these ways stays as it is;
//! what it cuts off looks for another.

use std::collections::VecDeque;

use foldhash::{HashMap, HashSet};

use super::bits::{Bits, ones};
use super::carry::Made;
use super::spread::Spread;
use super::usable::Working;
use super::wiring::{PoolKind, number};
use super::{Graph, Step, World};
use crate::model::{EndpointId, LossDomain, RouteId};

/// Ways kept at most; beyond (half a gigabyte) every loss is followed from the start.
const MOST_WAYS: usize = 1 << 27;

/// The token is not there.
const ABSENT: u32 = u32::MAX;
/// It starts there.
const START: u32 = u32::MAX - 1;

/// Endpoints and routes at which a loss changes something. What is named here may also be as it was.
#[derive(Debug, Default)]
pub struct Touched {
    pub down: Vec<EndpointId>,
    /// See [`super::Usable::uncertain`].
    pub uncertain: Vec<EndpointId>,
    /// Other tokens are there than with nothing lost.
    pub endpoints: Vec<EndpointId>,
    /// They carry other tokens, or none.
    pub routes: Vec<RouteId>,
}

pub struct Losses<'g, 'a> {
    graph: &'g Graph<'a>,
    working: Working,
    made: Made,
    /// Columns in a block of `by`.
    columns: usize,
    /// Per endpoint and column: the position by which it came. Empty if that would be too many.
    by: Vec<u32>,
    /// Per endpoint: the columns there.
    reached: Vec<u64>,
    row_of: HashMap<Box<[u64]>, u32>,
    undo: Undo,
}

#[derive(Default)]
struct Undo {
    /// Whole, where ways are not kept.
    spread: Option<Box<Spread>>,
    masks: Vec<(usize, u32, bool)>,
    by: Vec<(usize, u32)>,
    rows: Vec<(usize, u32)>,
}

impl<'g, 'a> Losses<'g, 'a> {
    /// Also gives the state in which nothing is lost; every question changes it in place. Tokens enter and do not leave
    /// endpoints for which `stop` holds.
    pub fn new(graph: &'g Graph<'a>, stop: impl Fn(EndpointId) -> bool) -> (Self, Spread) {
        let endpoints = graph.wiring.endpoints;
        let none = Bits::none(endpoints);
        let working = graph.left(&none);
        let carry = graph.choice().loss(&graph.normal, working.after());
        let stops = Bits::from_fn(endpoints, |i| stop(EndpointId(number(i))));
        let (spread, reached) = graph.follow(carry, stops, none);
        let columns = graph.filters.columns.len();
        let words = graph.filters.words;
        let row_of = reached.chunks_exact(words).zip(&spread.row).map(|(c, row)| (c.into(), *row)).collect();
        let mut this =
            Self { graph, working, made: Made::new(), columns, by: Vec::new(), reached, row_of, undo: Undo::default() };
        this.row_of.insert(vec![0; words].into(), 0);
        if endpoints.saturating_mul(columns) <= MOST_WAYS {
            this.by = this.ways(&spread);
        }
        (this, spread)
    }

    /// A way of every token to everywhere: its last position.
    fn ways(&self, spread: &Spread) -> Vec<u32> {
        let (graph, columns) = (self.graph, self.columns);
        let mut by = vec![ABSENT; graph.wiring.endpoints * columns];
        let mut queue = VecDeque::new();
        for (c, column) in graph.filters.columns.iter().enumerate() {
            for start in &column.starts {
                by[start.index() * columns + c] = START;
                queue.push_back((start.index(), c));
            }
        }
        while let Some((from, c)) = queue.pop_front() {
            if spread.stops.has(from) {
                continue;
            }
            for at in graph.wiring.leaving(from) {
                let slot = graph.wiring.to[at] as usize * columns + c;
                if by[slot] == ABSENT && self.takes(spread, at, c) {
                    by[slot] = number(at);
                    queue.push_back((graph.wiring.to[at] as usize, c));
                }
            }
        }
        by
    }

    fn takes(&self, spread: &Spread, at: usize, c: usize) -> bool {
        self.mask(spread, spread.carry.mask[at], c / 64) >> (c % 64) & 1 != 0
    }

    fn mask(&self, spread: &Spread, index: u32, word: usize) -> u64 {
        if index == 0 { 0 } else { spread.carry.masks[index as usize * self.graph.filters.words + word] }
    }

    /// A way by which a token got somewhere in the state that was made last; `None` where ways are not kept.
    pub fn way(&self, token: usize, to: EndpointId) -> Option<Vec<Step>> {
        let wiring = &self.graph.wiring;
        let column = self.graph.filters.column[token] as usize;
        let arrivals = wiring.arrivals();
        let mut steps = Vec::new();
        let mut at = to.index();
        while steps.len() <= wiring.endpoints {
            let endpoint = EndpointId(number(at));
            match *self.by.get(at * self.columns + column)? {
                ABSENT => return None,
                START => {
                    steps.push(Step { endpoint, route: None });
                    steps.reverse();
                    return Some(steps);
                }
                position => {
                    steps.push(Step { endpoint, route: Some(wiring.route(position as usize)) });
                    at = wiring.pools[arrivals.pool[position as usize] as usize].from as usize;
                }
            }
        }
        None
    }

    /// Turns the state in which nothing is lost into the one in which this is.
    pub fn lose(&mut self, spread: &mut Spread, domains: &[LossDomain]) -> Touched {
        let graph = self.graph;
        let lost = graph.lost(&World::Loss(domains.to_vec()));
        let ids = |bits: &Bits| bits.iter().map(|i| EndpointId(number(i))).collect::<Vec<_>>();
        let mut touched = Touched { down: ids(&lost.down), uncertain: ids(&lost.uncertain), ..Touched::default() };
        let Working { strict, weak, open } = &mut self.working;
        strict.lose(graph, open, lost.down.iter());
        weak.lose(graph, open, lost.down.iter());
        if self.by.is_empty() && self.columns > 0 {
            self.anew(spread, lost.down, &mut touched);
            return touched;
        }
        let changed = self.choose(spread);
        let down = &touched.down;
        spread.down = lost.down;
        let endpoints = self.move_on(spread, down, &changed);
        for e in endpoints {
            let row = self.row(spread, e);
            if row != spread.row[e] {
                self.undo.rows.push((e, spread.row[e]));
                spread.row[e] = row;
                touched.endpoints.push(EndpointId(number(e)));
            }
        }
        touched.routes = changed.iter().map(|(at, _)| graph.wiring.route(*at)).collect();
        touched
    }

    /// Back to the state in which nothing is lost.
    pub fn restore(&mut self, spread: &mut Spread) {
        self.working.strict.restore();
        self.working.weak.restore();
        if let Some(before) = self.undo.spread.take() {
            *spread = *before;
            return;
        }
        spread.down = Bits::none(self.graph.wiring.endpoints);
        let masks = std::mem::take(&mut self.undo.masks);
        for (at, mask, open) in masks.into_iter().rev() {
            self.set(spread, at, mask, open);
        }
        while let Some((slot, by)) = self.undo.by.pop() {
            self.put(slot, by);
        }
        for (e, row) in self.undo.rows.drain(..).rev() {
            spread.row[e] = row;
        }
    }

    /// Follows everything from the start.
    fn anew(&mut self, spread: &mut Spread, down: Bits, touched: &mut Touched) {
        let graph = self.graph;
        let carry = graph.choice().loss(&graph.normal, self.working.after());
        let (after, _) = graph.follow(carry, spread.stops.clone(), down);
        let changed = |at: &usize| {
            let masks = |s: &Spread| (0..graph.filters.words).map(|w| self.mask(s, s.carry.mask[*at], w)).collect::<Vec<_>>();
            masks(spread) != masks(&after)
        };
        touched.routes = (0..graph.wiring.to.len()).filter(changed).map(|at| graph.wiring.route(at)).collect();
        let all = (0..graph.wiring.endpoints).map(|i| EndpointId(number(i)));
        touched.endpoints = all.filter(|e| spread.at(*e) != after.at(*e)).collect();
        self.undo.spread = Some(Box::new(std::mem::replace(spread, after)));
    }

    /// Lets every pool fall of which a target no longer works; gives the positions that changed, with their masks before.
    fn choose(&mut self, spread: &mut Spread) -> Vec<(usize, u32)> {
        let graph = self.graph;
        let arrivals = graph.wiring.arrivals();
        let dead = self.working.strict.dead().chain(self.working.weak.dead());
        let mut pools: Vec<u32> = dead.flat_map(|e| arrivals.at(e)).map(|at| arrivals.pool[*at as usize]).collect();
        pools.sort_unstable();
        pools.dedup();
        let positions = || pools.iter().flat_map(|i| graph.wiring.pools[*i as usize].positions());
        let before: Vec<(usize, u32, bool)> =
            positions().map(|at| (at, spread.carry.mask[at], spread.carry.open.has(at))).collect();
        graph.choice().again(&graph.normal, self.working.after(), &pools, &mut spread.carry, &mut self.made);
        let mut changed = Vec::new();
        for (at, mask, open) in before {
            let now = (spread.carry.mask[at], spread.carry.open.has(at));
            if now != (mask, open) {
                self.undo.masks.push((at, mask, open));
                self.set(spread, at, now.0, now.1);
                changed.push((at, mask));
            }
        }
        changed
    }

    fn set(&self, spread: &mut Spread, at: usize, mask: u32, open: bool) {
        let arrivals = self.graph.wiring.arrivals();
        spread.carry.mask[at] = mask;
        let data = !matches!(self.graph.wiring.pools[arrivals.pool[at] as usize].kind, PoolKind::Depend(_));
        let route = self.graph.wiring.route(at).index();
        if open {
            spread.carry.open.insert(at);
        } else {
            spread.carry.open.remove(at);
        }
        if open && data {
            spread.carrying.insert(route);
        } else {
            spread.carrying.remove(route);
        }
    }

    /// Who gets where now. Gives the endpoints at which that may have changed.
    fn move_on(&mut self, spread: &Spread, down: &[EndpointId], changed: &[(usize, u32)]) -> Vec<usize> {
        let (graph, columns) = (self.graph, self.columns);
        let (words, wiring) = (graph.filters.words, &graph.wiring);
        let mut cut: Vec<usize> = Vec::new();
        let mut seen: HashSet<usize> = HashSet::default();
        for e in down {
            for word in 0..words {
                let here = self.reached[e.index() * words + word];
                cut.extend(ones(here).map(|bit| e.index() * columns + word * 64 + bit));
            }
        }
        for (at, before) in changed {
            let to = wiring.to[*at] as usize;
            for word in 0..words {
                let (old, new) = (self.mask(spread, *before, word), self.mask(spread, spread.carry.mask[*at], word));
                for bit in ones(old & !new & self.reached[to * words + word]) {
                    let slot = to * columns + word * 64 + bit;
                    if self.by[slot] == number(*at) {
                        cut.push(slot);
                    }
                }
            }
        }
        // Whatever came by what is cut is cut.
        cut.sort_unstable();
        cut.dedup();
        let mut next = 0;
        for slot in &cut {
            self.change(*slot, ABSENT);
        }
        while let Some(slot) = cut.get(next).copied() {
            next += 1;
            let (from, c) = (slot / columns, slot % columns);
            seen.insert(from);
            for at in wiring.leaving(from) {
                let slot = wiring.to[at] as usize * columns + c;
                if self.by[slot] == number(at) {
                    self.change(slot, ABSENT);
                    cut.push(slot);
                }
            }
        }
        // What can come by another way does, and what newly carries brings more.
        let mut queue: VecDeque<usize> = VecDeque::new();
        let arrivals = wiring.arrivals();
        for slot in cut {
            let (to, c) = (slot / columns, slot % columns);
            if spread.down.has(to) || self.by[slot] != ABSENT {
                continue;
            }
            let other = arrivals.at(to).iter().find(|at| {
                let from = self.from(**at as usize);
                self.by[from * columns + c] != ABSENT && !spread.stops.has(from) && self.takes(spread, **at as usize, c)
            });
            if let Some(at) = other {
                self.change(slot, *at);
                queue.push_back(slot);
            }
        }
        for (at, before) in changed {
            let from = self.from(*at);
            if spread.stops.has(from) {
                continue;
            }
            for word in 0..words {
                let (old, new) = (self.mask(spread, *before, word), self.mask(spread, spread.carry.mask[*at], word));
                for bit in ones(new & !old & self.reached[from * words + word]) {
                    let c = word * 64 + bit;
                    self.arrive(spread, *at, c, &mut queue, &mut seen);
                }
            }
        }
        while let Some(slot) = queue.pop_front() {
            let (from, c) = (slot / columns, slot % columns);
            if spread.stops.has(from) {
                continue;
            }
            for at in wiring.leaving(from) {
                if self.takes(spread, at, c) {
                    self.arrive(spread, at, c, &mut queue, &mut seen);
                }
            }
        }
        let mut endpoints: Vec<usize> = seen.into_iter().collect();
        endpoints.sort_unstable();
        endpoints
    }

    fn arrive(&mut self, spread: &Spread, at: usize, c: usize, queue: &mut VecDeque<usize>, seen: &mut HashSet<usize>) {
        let to = self.graph.wiring.to[at] as usize;
        let slot = to * self.columns + c;
        if self.by[slot] == ABSENT && !spread.down.has(to) {
            self.change(slot, number(at));
            queue.push_back(slot);
            seen.insert(to);
        }
    }

    fn from(&self, at: usize) -> usize {
        let arrivals = self.graph.wiring.arrivals();
        self.graph.wiring.pools[arrivals.pool[at] as usize].from as usize
    }

    fn change(&mut self, slot: usize, by: u32) {
        self.undo.by.push((slot, self.by[slot]));
        self.put(slot, by);
    }

    fn put(&mut self, slot: usize, by: u32) {
        self.by[slot] = by;
        let (e, c) = (slot / self.columns, slot % self.columns);
        let word = &mut self.reached[e * self.graph.filters.words + c / 64];
        if by == ABSENT {
            *word &= !(1 << (c % 64));
        } else {
            *word |= 1 << (c % 64);
        }
    }

    /// The row for the columns that are now at an endpoint.
    fn row(&mut self, spread: &mut Spread, e: usize) -> u32 {
        let words = self.graph.filters.words;
        let columns = &self.reached[e * words..][..words];
        if let Some(row) = self.row_of.get(columns) {
            return *row;
        }
        let row = number(spread.rows.len() / spread.words);
        let start = spread.rows.len();
        spread.rows.resize(start + spread.words, 0);
        self.graph.tokens_of(columns, &mut spread.rows[start..]);
        self.row_of.insert(columns.into(), row);
        row
    }
}
