//! Which endpoints work: up, and with every pool that they cannot do without answered. The greatest fixpoint, by removing
//! what fails until nothing more does; every route is looked at once.

use super::bits::Bits;
use super::carry::{Carry, Left};
use super::wiring::{PoolKind, Wiring, hands_on, number};
use super::{Graph, World};
use crate::model::{Dependence, EndpointId, Snapshot, Standing};

/// Answer of [`Graph::usable`].
pub struct Usable {
    strict: Removal,
    weak: Removal,
    uncertain: Bits,
    /// Which members a pool may fall back on.
    pub(super) carry: Carry,
}

impl Usable {
    /// Works: up, every pool of what it depends on answered, and if it only hands on, every pool that it hands on to.
    pub fn strict(&self, e: EndpointId) -> bool {
        self.strict.alive.has(e.index())
    }

    /// Not dead: as [`Self::strict`], but one answered pool of those it hands on to is enough.
    pub fn weak(&self, e: EndpointId) -> bool {
        self.weak.alive.has(e.index())
    }

    /// It cannot be told whether the loss takes it down: its address lies in networks of several sites, and one of them is
    /// lost. It counts as up here.
    pub fn uncertain(&self, e: EndpointId) -> bool {
        self.uncertain.has(e.index())
    }

    /// Takes these away too, at the cost of what that takes with it.
    pub fn lose(&mut self, graph: &Graph<'_>, gone: &[EndpointId]) {
        self.weak.lose(graph, &self.carry.open, gone.iter().map(|e| e.index()));
        self.strict.lose(graph, &self.carry.open, gone.iter().map(|e| e.index()));
    }

    /// What no longer works, strictly or at all, since [`Self::lose`].
    pub fn dead(&self) -> (impl Iterator<Item = EndpointId>, impl Iterator<Item = EndpointId>) {
        let ids = |removal: &'_ Removal| removal.dead().map(|i| EndpointId(number(i))).collect::<Vec<_>>().into_iter();
        (ids(&self.strict), ids(&self.weak))
    }

    /// Brings back all that [`Self::lose`] took.
    pub fn restore(&mut self) {
        self.strict.restore();
        self.weak.restore();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    Strict,
    Weak,
}

impl Graph<'_> {
    /// Which endpoints work in a state of the world, if `purposes` are what counts of their dependences and `up` holds of
    /// them (say, that they stand in a set of places). A pool is answered by any member that may carry in that state; after
    /// a loss, by any but those that never carry or that a person would have to switch on. What waits for no pool and is up
    /// works, whether or not anything is known to lie behind it: see [`Self::serves`] for that.
    pub fn usable(&self, world: &World, purposes: &[Dependence], up: impl Fn(EndpointId) -> bool) -> Usable {
        let choice = self.choice();
        let carry = match world {
            World::Normal => self.normal.clone(),
            World::Overload => choice.overload(&self.normal),
            World::Any => choice.any(&self.normal),
            World::Loss(_) => choice.any_loss(&self.normal),
        };
        let lost = self.lost(world);
        let up = Bits::from_fn(self.wiring.endpoints, |i| !lost.down.has(i) && up(EndpointId(number(i))));
        Usable {
            strict: self.fixpoint(Demand::Strict, purposes, &up, &carry.open),
            weak: self.fixpoint(Demand::Weak, purposes, &up, &carry.open),
            uncertain: lost.uncertain,
            carry,
        }
    }

    pub(super) fn fixpoint(&self, demand: Demand, purposes: &[Dependence], up: &Bits, open: &Bits) -> Removal {
        let wiring = &self.wiring;
        let needed = |kind: PoolKind, from: u32| match kind {
            PoolKind::Depend(purpose) => purposes.contains(&purpose),
            PoolKind::Forward => self.only_forwards.has(from as usize),
            PoolKind::Aside => false,
        };
        let mut removal = Removal {
            demand,
            alive: up.clone(),
            left: Vec::with_capacity(wiring.pools.len()),
            forward_left: vec![0; wiring.endpoints],
            queue: (0..wiring.endpoints).filter(|i| !up.has(*i)).collect(),
            done: Vec::new(),
        };
        for pool in &wiring.pools {
            removal.left.push(if needed(pool.kind, pool.from) {
                removal.forward_left[pool.from as usize] += u32::from(pool.kind == PoolKind::Forward);
                number(pool.positions().filter(|at| self.counts(*at, pool.kind, open)).count())
            } else {
                NOT_NEEDED
            });
        }
        for (i, pool) in wiring.pools.iter().enumerate() {
            if removal.left[i] == 0 {
                removal.unanswered(pool.kind, pool.from);
            }
        }
        removal.settle(self, open);
        removal.done = Vec::new();
        removal
    }

    /// What a loss leaves: surely working with all that anything depends on; possibly taking traffic whatever it lacks.
    pub(super) fn left(&self, down: &Bits) -> Working {
        let up = Bits::from_fn(self.wiring.endpoints, |i| !down.has(i));
        let open = self.choice().any_loss(&self.normal).open;
        Working {
            strict: self.fixpoint(Demand::Strict, &Dependence::ALL, &up, &open),
            weak: self.fixpoint(Demand::Weak, &[], &up, &open),
            open,
        }
    }

    /// Whether a member of a pool can answer it.
    fn counts(&self, at: usize, kind: PoolKind, open: &Bits) -> bool {
        open.has(at) && (kind != PoolKind::Forward || self.hands_on.has(at))
    }

    pub(super) fn forwarders(snapshot: &Snapshot) -> Bits {
        let only = |i: usize| {
            let e = &snapshot.endpoints[i];
            e.standing == Standing::Logical || e.roles.only_forwards()
        };
        Bits::from_fn(snapshot.endpoints.len(), only)
    }

    pub(super) fn handing_on(snapshot: &Snapshot, wiring: &Wiring) -> Bits {
        Bits::from_fn(wiring.to.len(), |at| hands_on(snapshot.route(wiring.route(at))))
    }
}

/// What pools fall by.
pub(super) struct Working {
    pub(super) strict: Removal,
    pub(super) weak: Removal,
    /// Positions that may carry after some loss.
    pub(super) open: Bits,
}

impl Working {
    pub(super) fn after(&self) -> Left<'_> {
        Left { strict: &self.strict.alive, weak: &self.weak.alive }
    }
}

/// A pool that nobody waits for.
const NOT_NEEDED: u32 = u32::MAX;

/// A fixpoint from which more can be removed, and put back.
pub(super) struct Removal {
    demand: Demand,
    pub(super) alive: Bits,
    /// Per pool: members that count and whose target is not yet removed.
    left: Vec<u32>,
    /// Pools handed on to that are still answered.
    forward_left: Vec<u32>,
    queue: Vec<usize>,
    /// What was done since it was made, to be undone.
    done: Vec<Done>,
}

enum Done {
    Died(u32),
    PoolLost(u32),
    ForwardLost(u32),
}

impl Removal {
    /// Removes these and all that then fails.
    pub(super) fn lose(&mut self, graph: &Graph<'_>, open: &Bits, gone: impl Iterator<Item = usize>) {
        gone.for_each(|e| self.die(e));
        self.settle(graph, open);
    }

    pub(super) fn restore(&mut self) {
        while let Some(done) = self.done.pop() {
            match done {
                Done::Died(e) => self.alive.insert(e as usize),
                Done::PoolLost(i) => self.left[i as usize] += 1,
                Done::ForwardLost(e) => self.forward_left[e as usize] += 1,
            }
        }
    }

    /// What died since it was made.
    pub(super) fn dead(&self) -> impl Iterator<Item = usize> {
        self.done.iter().filter_map(|done| match done {
            Done::Died(e) => Some(*e as usize),
            Done::PoolLost(_) | Done::ForwardLost(_) => None,
        })
    }

    fn settle(&mut self, graph: &Graph<'_>, open: &Bits) {
        let arrivals = graph.wiring.arrivals();
        while let Some(gone) = self.queue.pop() {
            for at in arrivals.at(gone) {
                let i = arrivals.pool[*at as usize];
                let pool = &graph.wiring.pools[i as usize];
                let left = &mut self.left[i as usize];
                if *left == NOT_NEEDED || !graph.counts(*at as usize, pool.kind, open) {
                    continue;
                }
                *left -= 1;
                self.done.push(Done::PoolLost(i));
                if *left == 0 {
                    self.unanswered(pool.kind, pool.from);
                }
            }
        }
    }

    fn unanswered(&mut self, kind: PoolKind, from: u32) {
        if kind == PoolKind::Forward {
            self.forward_left[from as usize] -= 1;
            self.done.push(Done::ForwardLost(from));
            if self.demand == Demand::Weak && self.forward_left[from as usize] > 0 {
                return;
            }
        }
        self.die(from as usize);
    }

    fn die(&mut self, e: usize) {
        if self.alive.has(e) {
            self.alive.remove(e);
            self.done.push(Done::Died(number(e)));
            self.queue.push(e);
        }
    }
}
