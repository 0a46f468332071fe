//! Which routes carry whose traffic, in which state of the world.

use std::collections::{HashMap, HashSet};

use super::bits::Bits;
use super::filter::Filters;
use super::wiring::{Pool, Wiring, number};
use crate::model::{Snapshot, Spill};

/// What carries in one state of the world.
#[derive(Clone, Debug, Default)]
pub(super) struct Carry {
    /// Per position: the mask of columns it takes; 0 is none.
    pub(super) mask: Vec<u32>,
    /// The masks of the filters, then those of routes that take only what others of their pool leave.
    pub(super) masks: Vec<u64>,
    /// Positions that somebody's traffic takes, or that an endpoint may depend on.
    pub(super) open: Bits,
}

/// How a member of a pool behaves: the routes themselves are too wide to be read again and again.
#[derive(Clone, Copy)]
pub(super) struct Member {
    priority: u32,
    standby: bool,
    spill: When,
}

/// [`Spill`] without its reasons.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Load,
    Failure,
    Manual,
    Never,
}

impl Member {
    pub(super) fn all(snapshot: &Snapshot, wiring: &Wiring) -> Vec<Self> {
        let member = |at| {
            let route = snapshot.route(wiring.route(at));
            let spill = match route.spill {
                Spill::Load => When::Load,
                Spill::Failure(_) => When::Failure,
                Spill::Manual(_) => When::Manual,
                Spill::Never(_) => When::Never,
            };
            Self { priority: route.priority, standby: route.role.is_standby(), spill }
        };
        (0..wiring.to.len()).map(member).collect()
    }

    /// Members that carry on their own come before standbys, then the lower priority number.
    pub(super) fn rank(self) -> Rank {
        (self.standby, self.priority)
    }
}

pub(super) type Rank = (bool, u32);

/// What a loss leaves of the targets.
#[derive(Clone, Copy)]
pub(super) struct Left<'l> {
    /// Surely works.
    pub(super) strict: &'l Bits,
    /// May still take traffic.
    pub(super) weak: &'l Bits,
}

/// Masks made for routes that take only what others of their pool leave, by origin groups and class filter.
pub(super) type Made = HashMap<(Bits, u32), u32>;

pub(super) struct Choice<'a> {
    pub(super) wiring: &'a Wiring,
    pub(super) filters: &'a Filters,
    pub(super) members: &'a [Member],
}

impl Choice<'_> {
    /// Normal running: of each pool, the members that nothing preferred keeps from carrying.
    pub(super) fn normal(&self) -> Carry {
        self.choose(None)
    }

    /// Every pool falls to its next usable priority, past those that a person would have to switch on.
    pub(super) fn loss(&self, normal: &Carry, left: Left<'_>) -> Carry {
        self.choose(Some((normal, left)))
    }

    /// [`Self::loss`] of some pools only, in place; masks are only added.
    pub(super) fn again(&self, normal: &Carry, left: Left<'_>, pools: &[u32], carry: &mut Carry, made: &mut Made) {
        let mut work =
            Work { choice: self, after: Some((normal, left)), carry: std::mem::take(carry), made: std::mem::take(made) };
        for pool in pools.iter().map(|i| &self.wiring.pools[*i as usize]) {
            for at in pool.positions() {
                work.carry.mask[at] = 0;
                work.carry.open.remove(at);
            }
            work.pool(pool);
        }
        (*carry, *made) = (work.carry, work.made);
    }

    /// Every member that can spill under load.
    pub(super) fn overload(&self, normal: &Carry) -> Carry {
        self.widen(normal, |m| m.spill == When::Load)
    }

    /// Every member but those that never carry.
    pub(super) fn any(&self, normal: &Carry) -> Carry {
        self.widen(normal, |m| m.spill != When::Never)
    }

    /// Every member that may carry after some loss, nobody switching anything.
    pub(super) fn any_loss(&self, normal: &Carry) -> Carry {
        self.widen(normal, |m| !matches!(m.spill, When::Never | When::Manual))
    }

    fn widen(&self, normal: &Carry, also: impl Fn(Member) -> bool) -> Carry {
        let mut carry = normal.clone();
        for (at, member) in self.members.iter().enumerate() {
            if also(*member) {
                carry.mask[at] = self.filters.of[at];
                carry.open.insert(at);
            }
        }
        carry
    }

    fn choose(&self, after: Option<(&Carry, Left<'_>)>) -> Carry {
        let routes = self.wiring.to.len();
        // After a loss the masks of normal running stay valid, for what only carries where it is preferred.
        let masks = after.map_or(&self.filters.masks, |(normal, _)| &normal.masks).clone();
        let carry = Carry { mask: vec![0; routes], masks, open: Bits::none(routes) };
        let mut work = Work { choice: self, after, carry, made: HashMap::new() };
        self.wiring.pools.iter().for_each(|pool| work.pool(pool));
        work.carry
    }
}

struct Work<'a, 'c> {
    choice: &'c Choice<'a>,
    after: Option<(&'c Carry, Left<'c>)>,
    carry: Carry,
    made: Made,
}

impl Work<'_, '_> {
    fn pool(&mut self, pool: &Pool) {
        if pool.positions().all(|at| self.choice.filters.clients_at(at) == 0) {
            self.plain(pool);
        } else {
            self.by_origin(pool);
        }
    }

    /// A pool that tells no clients apart.
    fn plain(&mut self, pool: &Pool) {
        let lowest = self.lowest(pool);
        let rank = |at: usize| self.choice.members[at].rank();
        let bar = pool.positions().filter(|at| self.keeps_others(*at, lowest)).map(rank).min();
        for at in pool.positions() {
            if self.takes(at) && bar.is_none_or(|bar| self.choice.members[at].rank() <= bar) {
                self.open(at, self.choice.filters.of[at]);
            }
        }
    }

    fn lowest(&self, pool: &Pool) -> Option<Rank> {
        let members = &self.choice.members[pool.positions()];
        members.iter().filter(|m| m.spill != When::Never).map(|m| m.rank()).min()
    }

    /// A pool whose members take different clients: each member takes the origins it admits, less those that a preferred
    /// member surely takes whole. A preferred member for *some* clients (networks, a header) leaves the rest to the others.
    fn by_origin(&mut self, pool: &Pool) {
        let filters = self.choice.filters;
        let lowest = self.lowest(pool);
        let all = self.choice.members;
        let mut members: Vec<usize> = pool.positions().collect();
        members.sort_by_key(|at| all[*at].rank());
        let mut taken = Bits::none(filters.groups);
        let mut matches_taken = HashSet::new();
        for equals in members.chunk_by(|a, b| all[*a].rank() == all[*b].rank()) {
            for at in equals.iter().copied() {
                let (clients, class) = filters.filters[filters.of[at] as usize];
                if !self.takes(at) || matches_taken.contains(&clients) {
                    continue;
                }
                let admits = &filters.clients[clients as usize].admits;
                let groups = admits.clone().minus(&taken);
                if groups == *admits {
                    self.open(at, filters.of[at]);
                } else if !groups.is_empty() {
                    let mask = self.mask(groups, class);
                    self.open(at, mask);
                }
            }
            for at in equals.iter().copied().filter(|at| self.keeps_others(*at, lowest)) {
                let id = filters.clients_at(at);
                let clients = &filters.clients[id as usize];
                if clients.all {
                    taken.add(&clients.admits);
                } else {
                    matches_taken.insert(id);
                }
            }
        }
    }

    fn open(&mut self, at: usize, mask: u32) {
        self.carry.open.insert(at);
        // What only a person switches on carries after a loss what it carried before, and nothing else.
        let kept = self.after.filter(|_| self.choice.members[at].spill == When::Manual);
        self.carry.mask[at] = kept.map_or(mask, |(normal, _)| normal.mask[at]);
    }

    fn mask(&mut self, groups: Bits, class: u32) -> u32 {
        let (masks, filters) = (&mut self.carry.masks, self.choice.filters);
        *self.made.entry((groups, class)).or_insert_with_key(|(groups, class)| {
            masks.extend(filters.mask(groups, *class));
            number(masks.len() / filters.words - 1)
        })
    }

    /// Whether a member can take anything.
    fn takes(&self, at: usize) -> bool {
        let spill = self.choice.members[at].spill;
        spill != When::Never
            && self.after.is_none_or(|(normal, left)| {
                left.weak.has(self.choice.wiring.to[at] as usize) && (spill != When::Manual || normal.open.has(at))
            })
    }

    /// Whether a member surely works on its own, so that those after it carry nothing. One that waits for a person does not.
    fn keeps_others(&self, at: usize, lowest: Option<Rank>) -> bool {
        let member = self.choice.members[at];
        let on_its_own = match member.spill {
            When::Load | When::Failure => true,
            When::Manual => !member.standby && Some(member.rank()) == lowest,
            When::Never => false,
        };
        on_its_own && self.after.is_none_or(|(_, left)| left.strict.has(self.choice.wiring.to[at] as usize))
    }
}
