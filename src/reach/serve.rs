//! Whether people are still served: from some start, through endpoints that work, to one that processes or stores (or keeps
//! keys, for key material), with every pool on the way answered.
//!
//! Unlike [`Graph::usable`] this is a least fixpoint: two balancers that only hand on to each other serve nobody, and nor
//! does one behind which nothing is known.

use std::collections::VecDeque;

use foldhash::HashMap;

use super::filter::has_column;
use super::wiring::Pool;
use super::{Graph, Step, Usable};
use crate::model::{Activity, EndpointId, Role, Standing};
use crate::vocab::classes;

impl Graph<'_> {
    /// Whether a token is served with what is usable: some start of it works and leads on, as the module says. A joint token
    /// must be served for each of its participants.
    ///
    /// Of a pool only members that pass the token count, and among those the ones that take all clients of an origin before
    /// the ones that take some. The pool falls to its lowest priority with a working target, which need not be one that
    /// serves this token: what is healthy is not passed over.
    pub fn serves(&self, token: usize, usable: &Usable) -> bool {
        self.asks(token, usable, &mut Vec::new())
    }

    /// As [`Self::serves`], noting every endpoint of which it was asked whether it works: while those answer alike, so does this.
    pub fn asks(&self, token: usize, usable: &Usable, asked: &mut Vec<EndpointId>) -> bool {
        let column = &self.filters.columns[self.filters.column[token] as usize];
        let groups = column.groups.iter();
        let served = groups.filter(|group| self.leads_on(token, **group, usable, asked)).count();
        served == column.groups.len() && served > 0
    }

    /// [`Self::serves`] of some tokens, each kind of them looked at once.
    pub fn served(&self, tokens: impl Iterator<Item = usize>, usable: &Usable) -> Vec<bool> {
        let mut known: HashMap<(u32, bool), bool> = HashMap::default();
        tokens.map(|t| *known.entry(self.kind(t)).or_insert_with(|| self.serves(t, usable))).collect()
    }

    /// Tokens of one kind are served alike.
    pub fn kind(&self, token: usize) -> (u32, bool) {
        (self.filters.column[token], classes::is_key_material(&self.tokens[token].class))
    }

    /// Whether some start leads to an end. Of a pool one member is looked at after the other, and no further than needed.
    fn leads_on(&self, token: usize, group: u32, usable: &Usable, asked: &mut Vec<EndpointId>) -> bool {
        let mut ahead = Proof::default();
        for start in &self.filters.columns[self.filters.column[token] as usize].starts {
            asked.push(*start);
            if !usable.strict(*start) {
                continue;
            }
            let start = ahead.number(*start);
            loop {
                while let Some(at) = ahead.endpoints.get(ahead.expanded).copied() {
                    let node = ahead.expanded;
                    ahead.expanded += 1;
                    if self.is_end(at, token) {
                        ahead.answer(node);
                        continue;
                    }
                    let target = |position: &usize| EndpointId(self.wiring.to[*position]);
                    let pools = self.wiring.pools_of(at).iter().filter_map(|pool| {
                        let members = self.members(pool, token, group)?;
                        asked.extend(members.iter().map(target));
                        Some(self.falls_to(members, token, usable).iter().map(target).collect())
                    });
                    ahead.pools(node, pools.collect());
                }
                if ahead.served[start] {
                    return true;
                }
                if !ahead.look_further() {
                    break;
                }
            }
        }
        false
    }

    /// A shortest way by which a token is served; for a joint token that of the first participant.
    pub fn serving_witness(&self, token: usize, usable: &Usable) -> Option<Vec<Step>> {
        self.served_by(token, usable, &mut Vec::new())
    }

    /// As [`Self::serving_witness`], noting every endpoint of which it was asked whether it works.
    pub fn served_by(&self, token: usize, usable: &Usable, asked: &mut Vec<EndpointId>) -> Option<Vec<Step>> {
        let column = &self.filters.columns[self.filters.column[token] as usize];
        let mut ways = column.groups.iter().map(|group| self.serving_way(token, *group, usable, asked));
        let first = ways.next()??;
        ways.all(|way| way.is_some()).then_some(first)
    }

    fn serving_way(&self, token: usize, group: u32, usable: &Usable, asked: &mut Vec<EndpointId>) -> Option<Vec<Step>> {
        let starts = &self.filters.columns[self.filters.column[token] as usize].starts;
        asked.extend(starts);
        let mut ahead = Ahead::default();
        for start in starts.iter().filter(|s| usable.strict(**s)) {
            ahead.number(*start);
        }
        let starts = ahead.endpoints.len();
        let mut i = 0;
        while let Some(at) = ahead.endpoints.get(i).copied() {
            ahead.is_end.push(self.is_end(at, token));
            if !ahead.is_end[i] {
                for members in self.wiring.pools_of(at).iter().filter_map(|p| self.members(p, token, group)) {
                    asked.extend(members.iter().map(|p| EndpointId(self.wiring.to[*p])));
                    let members = self.falls_to(members, token, usable);
                    let members = members.into_iter().map(|p| (p, ahead.number(EndpointId(self.wiring.to[p])))).collect();
                    ahead.pools.push((i, members));
                }
            }
            i += 1;
        }
        let way = ahead.shortest(starts, &ahead.served())?;
        let step = |(endpoint, position): (EndpointId, Option<usize>)| Step {
            endpoint,
            route: position.map(|p| self.wiring.route(p)),
        };
        Some(way.into_iter().map(step).collect())
    }

    /// Whether a token has arrived where it is served.
    fn is_end(&self, at: EndpointId, token: usize) -> bool {
        let endpoint = self.snapshot.endpoint(at);
        let roles = endpoint.roles;
        let keys = roles.contains(Role::Keys) && classes::is_key_material(&self.tokens[token].class);
        endpoint.standing != Standing::Logical && (keys || roles.contains(Role::Process) || roles.contains(Role::Store))
    }

    /// The members of a pool that serve clients of an origin group; `None` if it is no way to be served, or none for this token.
    fn members(&self, pool: &Pool, token: usize, group: u32) -> Option<Vec<usize>> {
        let column = self.filters.column[token];
        let serving = |at: usize| self.hands_on.has(at) || self.is_keys(at);
        let clients = |at: usize| &self.filters.clients[self.filters.clients_at(at) as usize];
        let passes = |at: &usize| {
            serving(*at)
                && has_column(&self.filters.masks, self.filters.words, self.filters.of[*at], column)
                && clients(*at).admits.has(group as usize)
        };
        let mut members: Vec<usize> = pool.positions().filter(passes).collect();
        if members.iter().any(|at| clients(*at).all) {
            members.retain(|at| clients(*at).all);
        }
        (!members.is_empty()).then_some(members)
    }

    /// Those of a pool's members that it falls to, perhaps none.
    fn falls_to(&self, mut members: Vec<usize>, token: usize, usable: &Usable) -> Vec<usize> {
        let column = self.filters.column[token];
        let works = |at: &usize| {
            let mask = usable.carry.mask[*at];
            usable.strict(EndpointId(self.wiring.to[*at])) && has_column(&usable.carry.masks, self.filters.words, mask, column)
        };
        members.retain(works);
        let lowest = members.iter().map(|at| self.members[*at].rank()).min();
        members.retain(|at| Some(self.members[*at].rank()) == lowest);
        members
    }

    fn is_keys(&self, at: usize) -> bool {
        self.snapshot.route(self.wiring.route(at)).activity == Activity::Keys
    }
}

/// As much of what a token could meet as is needed to see that it is served.
#[derive(Default)]
struct Proof {
    endpoints: Vec<EndpointId>,
    numbers: HashMap<EndpointId, usize>,
    /// How many of them were looked at.
    expanded: usize,
    served: Vec<bool>,
    /// Pools of each that are not answered.
    missing: Vec<usize>,
    /// The pools in which it was looked at as a member.
    before: Vec<Vec<usize>>,
    /// Where each leaves, its members last first, and whether it is answered.
    pools: Vec<(usize, Vec<EndpointId>, bool)>,
    /// Pools with members that were not yet looked at.
    open: Vec<usize>,
}

impl Proof {
    fn number(&mut self, e: EndpointId) -> usize {
        *self.numbers.entry(e).or_insert_with(|| {
            self.endpoints.push(e);
            self.served.push(false);
            self.missing.push(0);
            self.before.push(Vec::new());
            self.endpoints.len() - 1
        })
    }

    /// All pools of an endpoint: it is served when each of them is answered.
    fn pools(&mut self, from: usize, pools: Vec<Vec<EndpointId>>) {
        let first = self.pools.len();
        self.missing[from] = pools.len();
        for mut members in pools {
            members.reverse();
            self.pools.push((from, members, false));
        }
        for pool in first..self.pools.len() {
            self.open.push(pool);
            self.next(pool);
        }
    }

    /// Looks at one more member of a pool.
    fn next(&mut self, pool: usize) {
        let Some(member) = self.pools[pool].1.pop() else { return };
        let member = self.number(member);
        self.before[member].push(pool);
        if self.served[member] {
            self.answer(member);
        }
    }

    /// One more member of every pool that still waits; whether there was any.
    fn look_further(&mut self) -> bool {
        let open = std::mem::take(&mut self.open);
        for pool in open {
            let (from, members, answered) = &self.pools[pool];
            if !answered && !self.served[*from] && !members.is_empty() {
                self.open.push(pool);
                self.next(pool);
            }
        }
        !self.open.is_empty()
    }

    /// It is served, and so is whatever only waited for that.
    fn answer(&mut self, node: usize) {
        let mut queue = vec![node];
        while let Some(at) = queue.pop() {
            self.served[at] = true;
            for pool in self.before[at].clone() {
                let (from, _, answered) = &mut self.pools[pool];
                if !std::mem::replace(answered, true) {
                    self.missing[*from] -= 1;
                    if self.missing[*from] == 0 && !self.served[*from] {
                        queue.push(*from);
                    }
                }
            }
        }
    }
}

/// What one token could meet on its way to be served, numbered as it is met.
#[derive(Default)]
struct Ahead {
    endpoints: Vec<EndpointId>,
    numbers: HashMap<EndpointId, usize>,
    is_end: Vec<bool>,
    /// In the order of where they leave: that, and the members it falls to as position and target.
    pools: Vec<(usize, Vec<(usize, usize)>)>,
}

impl Ahead {
    fn number(&mut self, e: EndpointId) -> usize {
        *self.numbers.entry(e).or_insert_with(|| {
            self.endpoints.push(e);
            self.endpoints.len() - 1
        })
    }

    /// Which lead to an end: a pool is answered when some member does, an endpoint does when it has pools and all are.
    fn served(&self) -> Vec<bool> {
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.endpoints.len()];
        let mut missing = vec![0_usize; self.endpoints.len()];
        for (i, (from, members)) in self.pools.iter().enumerate() {
            missing[*from] += 1;
            members.iter().for_each(|(_, to)| before[*to].push(i));
        }
        let mut answered = vec![false; self.pools.len()];
        let mut served = self.is_end.clone();
        let mut queue: Vec<usize> = (0..served.len()).filter(|i| served[*i]).collect();
        while let Some(at) = queue.pop() {
            for pool in &before[at] {
                let from = self.pools[*pool].0;
                if !std::mem::replace(&mut answered[*pool], true) {
                    missing[from] -= 1;
                    if missing[from] == 0 {
                        served[from] = true;
                        queue.push(from);
                    }
                }
            }
        }
        served
    }

    /// From one of the first `starts` endpoints to an end, with the positions taken.
    fn shortest(&self, starts: usize, served: &[bool]) -> Option<Vec<(EndpointId, Option<usize>)>> {
        let mut by: Vec<Option<(usize, usize)>> = vec![None; served.len()];
        let mut seen: Vec<bool> = (0..served.len()).map(|i| i < starts && served[i]).collect();
        let mut queue: VecDeque<usize> = (0..starts).filter(|i| served[*i]).collect();
        while let Some(mut at) = queue.pop_front() {
            if self.is_end[at] {
                let mut way = Vec::new();
                while let Some((from, position)) = by[at] {
                    way.push((self.endpoints[at], Some(position)));
                    at = from;
                }
                way.push((self.endpoints[at], None));
                way.reverse();
                return Some(way);
            }
            let first = self.pools.partition_point(|(from, _)| *from < at);
            for (position, to) in self.pools[first..].iter().take_while(|(from, _)| *from == at).flat_map(|(_, m)| m) {
                if served[*to] && !std::mem::replace(&mut seen[*to], true) {
                    by[*to] = Some((at, *position));
                    queue.push_back(*to);
                }
            }
        }
        None
    }
}
