//! Which endpoints work: up, and with every pool that they cannot do without answered. The greatest fixpoint, by removing
//! what fails until nothing more does; every route is looked at once.

use super::bits::Bits;
use super::carry::{Carry, Left};
use super::wiring::{PoolKind, Wiring, hands_on, number};
use super::{Graph, World};
use crate::model::{Dependence, EndpointId, Snapshot, Standing};

/// Answer of [`Graph::usable`].
pub struct Usable {
    pub(super) strict: Bits,
    pub(super) weak: Bits,
    pub(super) uncertain: Bits,
    /// Which members a pool may fall back on.
    pub(super) carry: Carry,
}

impl Usable {
    /// Works: up, every pool of what it depends on answered, and if it only hands on, every pool that it hands on to.
    pub fn strict(&self, e: EndpointId) -> bool {
        self.strict.has(e.index())
    }

    /// Not dead: as [`Self::strict`], but one answered pool of those it hands on to is enough.
    pub fn weak(&self, e: EndpointId) -> bool {
        self.weak.has(e.index())
    }

    /// It cannot be told whether the loss takes it down: its address lies in networks of several sites, and one of them is
    /// lost. It counts as up here.
    pub fn uncertain(&self, e: EndpointId) -> bool {
        self.uncertain.has(e.index())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Demand {
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

    /// What a loss leaves: surely working with all that anything depends on; possibly taking traffic whatever it lacks.
    pub(super) fn left(&self, down: &Bits) -> Left {
        let up = Bits::from_fn(self.wiring.endpoints, |i| !down.has(i));
        let open = self.choice().any_loss(&self.normal).open;
        Left {
            strict: self.fixpoint(Demand::Strict, &Dependence::ALL, &up, &open),
            weak: self.fixpoint(Demand::Weak, &[], &up, &open),
        }
    }

    fn fixpoint(&self, demand: Demand, purposes: &[Dependence], up: &Bits, open: &Bits) -> Bits {
        let (wiring, arrivals) = (&self.wiring, self.wiring.arrivals());
        let counts = |at: usize, kind: PoolKind| open.has(at) && (kind != PoolKind::Forward || self.hands_on.has(at));
        let needed = |kind: PoolKind, from: u32| match kind {
            PoolKind::Depend(purpose) => purposes.contains(&purpose),
            PoolKind::Forward => self.only_forwards.has(from as usize),
            PoolKind::Aside => false,
        };
        let mut state = Removal { demand, alive: up.clone(), forward_left: vec![0; wiring.endpoints], queue: Vec::new() };
        state.queue.extend((0..wiring.endpoints).filter(|i| !up.has(*i)));
        // Members that count and whose target is not yet removed; `None`: nobody needs the pool.
        let mut left: Vec<Option<u32>> = Vec::with_capacity(wiring.pools.len());
        for pool in &wiring.pools {
            left.push(needed(pool.kind, pool.from).then(|| {
                state.forward_left[pool.from as usize] += u32::from(pool.kind == PoolKind::Forward);
                number(pool.positions().filter(|at| counts(*at, pool.kind)).count())
            }));
        }
        for (pool, left) in wiring.pools.iter().zip(&left) {
            if *left == Some(0) {
                state.unanswered(pool.kind, pool.from as usize);
            }
        }
        while let Some(gone) = state.queue.pop() {
            for at in arrivals.at(gone) {
                let i = arrivals.pool[*at as usize] as usize;
                let pool = &wiring.pools[i];
                if let Some(n) = &mut left[i]
                    && counts(*at as usize, pool.kind)
                {
                    *n -= 1;
                    if *n == 0 {
                        state.unanswered(pool.kind, pool.from as usize);
                    }
                }
            }
        }
        state.alive
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

struct Removal {
    demand: Demand,
    alive: Bits,
    /// Pools handed on to that are still answered.
    forward_left: Vec<u32>,
    queue: Vec<usize>,
}

impl Removal {
    fn unanswered(&mut self, kind: PoolKind, from: usize) {
        if kind == PoolKind::Forward {
            self.forward_left[from] -= 1;
            if self.demand == Demand::Weak && self.forward_left[from] > 0 {
                return;
            }
        }
        if self.alive.has(from) {
            self.alive.remove(from);
            self.queue.push(from);
        }
    }
}
