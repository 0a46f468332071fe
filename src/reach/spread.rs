//! Where tokens get in one state of the world.

use std::collections::VecDeque;

use foldhash::HashMap;

use super::bits::Bits;
use super::carry::Carry;
use super::filter::has_column;
use super::wiring::{PoolKind, number};
use super::{Graph, World};
use crate::model::{EndpointId, RouteId};

/// Answer of [`Graph::spread`]: who is where. Endpoints where the same tokens arrive share one row of bits.
pub struct Spread {
    pub(super) row: Vec<u32>,
    pub(super) rows: Vec<u64>,
    pub(super) words: usize,
    /// By route id.
    pub(super) carrying: Bits,
    pub(super) carry: Carry,
    /// Endpoints that a token enters and does not leave.
    pub(super) stops: Bits,
    pub(super) down: Bits,
}

impl Spread {
    pub fn has(&self, e: EndpointId, token: usize) -> bool {
        self.at(e).get(token / 64).is_some_and(|w| w >> (token % 64) & 1 != 0)
    }

    /// The tokens at an endpoint as bits: token `t` is bit `t % 64` of word `t / 64`.
    pub fn at(&self, e: EndpointId) -> &[u64] {
        self.of_row(self.row(e))
    }

    /// What [`Self::at`] gives of endpoints of a row.
    pub fn of_row(&self, row: u32) -> &[u64] {
        &self.rows[row as usize * self.words..][..self.words]
    }

    /// Endpoints of one row hold the same tokens.
    pub fn row(&self, e: EndpointId) -> u32 {
        self.row[e.index()]
    }

    pub fn is_reached(&self, e: EndpointId) -> bool {
        // Row 0 is that of nobody.
        self.row(e) != 0
    }

    /// The tokens at an endpoint, ascending.
    pub fn tokens_at(&self, e: EndpointId) -> impl Iterator<Item = usize> {
        self.at(e).iter().enumerate().flat_map(|(i, w)| super::bits::ones(*w).map(move |b| i * 64 + b))
    }

    /// Whether a route carries anybody's data in this state. Of a route that takes what other members of its pool leave,
    /// [`Graph::moves`] says whose.
    pub fn carries(&self, r: RouteId) -> bool {
        self.carrying.has(r.index())
    }
}

impl Graph<'_> {
    /// Follows all tokens.
    pub fn spread(&self, world: &World) -> Spread {
        self.run(world, Bits::none(self.wiring.endpoints))
    }

    /// Follows all tokens up to the first endpoint for which `stop` holds: they enter it and do not leave it.
    pub fn spread_until(&self, world: &World, stop: impl Fn(EndpointId) -> bool) -> Spread {
        self.run(world, Bits::from_fn(self.wiring.endpoints, |i| stop(EndpointId(number(i)))))
    }

    /// Whether a token that is there moves along a route.
    pub fn moves(&self, spread: &Spread, route: RouteId, token: usize) -> bool {
        let at = self.wiring.position(route);
        let from = self.snapshot.route(route).from;
        spread.has(from, token) && !spread.stops.has(from.index()) && self.carries_at(spread, at, token)
    }

    pub(super) fn carries_at(&self, spread: &Spread, position: usize, token: usize) -> bool {
        let index = spread.carry.mask[position];
        index != 0 && has_column(&spread.carry.masks, self.filters.words, index, self.filters.column[token])
    }

    fn run(&self, world: &World, stops: Bits) -> Spread {
        let choice = self.choice();
        let down = self.lost(world).down;
        let carry = match world {
            World::Normal => self.normal.clone(),
            World::Overload => choice.overload(&self.normal),
            World::Any => choice.any(&self.normal),
            World::Loss(_) => {
                let left = self.left(&down);
                choice.loss(&self.normal, left.after())
            }
        };
        self.follow(carry, stops, down).0
    }

    /// The answer, and the columns at each endpoint.
    pub(super) fn follow(&self, carry: Carry, stops: Bits, down: Bits) -> (Spread, Vec<u64>) {
        let reached = self.propagate(&carry, &stops, &down);
        let (row, rows, words) = self.expand(&reached);
        let mut carrying = Bits::none(self.wiring.to.len());
        for pool in self.wiring.pools.iter().filter(|p| !matches!(p.kind, PoolKind::Depend(_))) {
            for at in pool.positions().filter(|at| carry.open.has(*at)) {
                carrying.insert(self.wiring.route(at).index());
            }
        }
        (Spread { row, rows, words, carrying, carry, stops, down }, reached)
    }

    /// Columns per endpoint. An endpoint is looked at again only for columns that are new to it.
    fn propagate(&self, carry: &Carry, stops: &Bits, down: &Bits) -> Vec<u64> {
        let (words, wiring) = (self.filters.words, &self.wiring);
        // Per endpoint side by side, for the cache: what has reached it, and what of that has not yet moved on.
        let mut state = vec![0_u64; wiring.endpoints * words * 2];
        let mut queue = VecDeque::new();
        for (c, column) in self.filters.columns.iter().enumerate() {
            for start in column.starts.iter().map(|s| s.index()).filter(|s| !down.has(*s)) {
                let (reached, news) = state[start * words * 2..][..words * 2].split_at_mut(words);
                if news.iter().all(|w| *w == 0) {
                    queue.push_back(start);
                }
                reached[c / 64] |= 1 << (c % 64);
                news[c / 64] |= 1 << (c % 64);
            }
        }
        let mut moving = vec![0_u64; words];
        while let Some(from) = queue.pop_front() {
            let news = &mut state[from * words * 2 + words..][..words];
            moving.copy_from_slice(news);
            news.fill(0);
            if stops.has(from) {
                continue;
            }
            for at in wiring.leaving(from) {
                let mask = carry.mask[at] as usize;
                if mask == 0 {
                    continue;
                }
                let to = wiring.to[at] as usize;
                let mask = &carry.masks[mask * words..][..words];
                let (reached, news) = state[to * words * 2..][..words * 2].split_at_mut(words);
                let (mut arrived, mut waiting) = (0, 0);
                for (((reached, news), mask), moving) in reached.iter_mut().zip(news).zip(mask).zip(&moving) {
                    let new = moving & mask & !*reached;
                    waiting |= *news;
                    *reached |= new;
                    *news |= new;
                    arrived |= new;
                }
                if arrived != 0 && waiting == 0 {
                    queue.push_back(to);
                }
            }
        }
        state.chunks_exact(words * 2).flat_map(|s| &s[..words]).copied().collect()
    }

    /// From columns back to tokens, once for each distinct row.
    fn expand(&self, reached: &[u64]) -> (Vec<u32>, Vec<u64>, usize) {
        let words = self.filters.column.len().div_ceil(64).max(1);
        let nobody: &[u64] = &vec![0; self.filters.words];
        let mut distinct = vec![nobody];
        let mut ids: HashMap<&[u64], u32> = HashMap::from_iter([(nobody, 0)]);
        let row = reached.chunks_exact(self.filters.words).map(|columns| {
            *ids.entry(columns).or_insert_with(|| {
                distinct.push(columns);
                number(distinct.len() - 1)
            })
        });
        let row = row.collect();
        let mut rows = vec![0; distinct.len() * words];
        for (columns, row) in distinct.iter().zip(rows.chunks_exact_mut(words)) {
            self.tokens_of(columns, row);
        }
        (row, rows, words)
    }

    /// Sets the bits of the tokens that a set of columns stands for.
    pub(super) fn tokens_of(&self, columns: &[u64], row: &mut [u64]) {
        for (token, c) in self.filters.column.iter().enumerate() {
            if columns[*c as usize / 64] >> (c % 64) & 1 != 0 {
                row[token / 64] |= 1 << (token % 64);
            }
        }
    }
}
