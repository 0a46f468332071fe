//! Whether people are still served: from some start, through endpoints that work, to one that processes or stores (or keeps
//! keys, for key material), with every pool on the way answered.
//!
//! Unlike [`Graph::usable`] this is a least fixpoint: two balancers that only hand on to each other serve nobody, and nor
//! does one behind which nothing is known.

use std::collections::{BTreeMap, VecDeque};

use super::filter::has_column;
use super::wiring::Pool;
use super::{Graph, Step, Usable};
use crate::model::{EndpointId, Role, Standing};
use crate::vocab::classes;

impl Graph<'_> {
    /// Whether a token is served with what is usable: some start of it works and leads on, as the module says. A joint token
    /// must be served for each of its participants.
    ///
    /// Of a pool only members that pass the token count, and among those the ones that take all clients of an origin before
    /// the ones that take some. The pool falls to its lowest priority with a working target, which need not be one that
    /// serves this token: what is healthy is not passed over.
    pub fn serves(&self, token: usize, usable: &Usable) -> bool {
        self.serving_witness(token, usable).is_some()
    }

    /// A shortest way by which a token is served; for a joint token that of the first participant.
    pub fn serving_witness(&self, token: usize, usable: &Usable) -> Option<Vec<Step>> {
        let column = &self.filters.columns[self.filters.column[token] as usize];
        let mut ways = column.groups.iter().map(|group| self.serving_way(token, *group, usable));
        let first = ways.next()??;
        ways.all(|way| way.is_some()).then_some(first)
    }

    fn serving_way(&self, token: usize, group: u32, usable: &Usable) -> Option<Vec<Step>> {
        let starts = &self.filters.columns[self.filters.column[token] as usize].starts;
        let starts: Vec<EndpointId> = starts.iter().copied().filter(|s| usable.strict(*s)).collect();

        // What the token could meet, by endpoint: per pool, the positions it falls to.
        let mut onward: BTreeMap<EndpointId, Vec<Vec<usize>>> = BTreeMap::new();
        let mut queue: Vec<EndpointId> = starts.clone();
        let mut ends: Vec<EndpointId> = Vec::new();
        while let Some(at) = queue.pop() {
            if onward.contains_key(&at) {
                continue;
            }
            let pools = if self.is_end(at, token) {
                ends.push(at);
                Vec::new()
            } else {
                self.wiring.pools_of(at).iter().filter_map(|p| self.falls_to(p, token, group, usable)).collect()
            };
            queue.extend(pools.iter().flatten().map(|p: &usize| EndpointId(self.wiring.to[*p])));
            onward.insert(at, pools);
        }

        // Which of them lead to an end: a pool is answered when some member is, an endpoint when all of its pools are.
        let mut before: BTreeMap<EndpointId, Vec<(EndpointId, usize)>> = BTreeMap::new();
        let mut unanswered: BTreeMap<EndpointId, Vec<bool>> = BTreeMap::new();
        for (at, pools) in &onward {
            unanswered.insert(*at, vec![true; pools.len()]);
            for (i, position) in pools.iter().enumerate().flat_map(|(i, p)| p.iter().map(move |p| (i, *p))) {
                before.entry(EndpointId(self.wiring.to[position])).or_default().push((*at, i));
            }
        }
        let mut missing: BTreeMap<EndpointId, usize> = onward.iter().map(|(at, pools)| (*at, pools.len())).collect();
        let mut served: std::collections::BTreeSet<EndpointId> = ends.iter().copied().collect();
        let mut queue = ends;
        while let Some(at) = queue.pop() {
            for (from, pool) in before.get(&at).into_iter().flatten() {
                let (Some(pools), Some(left)) = (unanswered.get_mut(from), missing.get_mut(from)) else { continue };
                if std::mem::replace(&mut pools[*pool], false) {
                    *left -= 1;
                    if *left == 0 && served.insert(*from) {
                        queue.push(*from);
                    }
                }
            }
        }

        // The shortest way through them.
        let mut by: BTreeMap<EndpointId, Option<(EndpointId, usize)>> = BTreeMap::new();
        let mut queue: VecDeque<EndpointId> = VecDeque::new();
        for start in starts.iter().filter(|s| served.contains(s)) {
            by.insert(*start, None);
            queue.push_back(*start);
        }
        while let Some(at) = queue.pop_front() {
            if self.is_end(at, token) {
                return Some(self.walk_back(&by, at));
            }
            for position in onward.get(&at).into_iter().flatten().flatten() {
                let to = EndpointId(self.wiring.to[*position]);
                if served.contains(&to) && !by.contains_key(&to) {
                    by.insert(to, Some((at, *position)));
                    queue.push_back(to);
                }
            }
        }
        None
    }

    fn walk_back(&self, by: &BTreeMap<EndpointId, Option<(EndpointId, usize)>>, end: EndpointId) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = end;
        while let Some(Some((from, position))) = by.get(&at) {
            steps.push(Step { endpoint: at, route: Some(self.wiring.route(*position)) });
            at = *from;
        }
        steps.push(Step { endpoint: at, route: None });
        steps.reverse();
        steps
    }

    /// Whether a token has arrived where it is served.
    fn is_end(&self, at: EndpointId, token: usize) -> bool {
        let endpoint = self.snapshot.endpoint(at);
        let roles = endpoint.roles;
        let keys = roles.contains(Role::Keys) && classes::is_key_material(&self.tokens[token].class);
        endpoint.standing != Standing::Logical && (keys || roles.contains(Role::Process) || roles.contains(Role::Store))
    }

    /// The members that a pool falls to for clients of an origin group, perhaps none; `None` if it is no way to be served,
    /// or none for this token.
    fn falls_to(&self, pool: &Pool, token: usize, group: u32, usable: &Usable) -> Option<Vec<usize>> {
        let column = self.filters.column[token];
        let serving = |at: usize| self.hands_on.has(at) || self.is_keys(at);
        let clients = |at: usize| &self.filters.clients[self.filters.clients_at(at) as usize];
        let passes = |at: &usize| {
            serving(*at)
                && has_column(&self.filters.masks, self.filters.words, self.filters.of[*at], column)
                && clients(*at).admits.has(group as usize)
        };
        let mut members: Vec<usize> = pool.positions().filter(passes).collect();
        if members.is_empty() {
            return None;
        }
        if members.iter().any(|at| clients(*at).all) {
            members.retain(|at| clients(*at).all);
        }
        let works = |at: &usize| {
            let mask = usable.carry.mask[*at];
            usable.strict(EndpointId(self.wiring.to[*at])) && has_column(&usable.carry.masks, self.filters.words, mask, column)
        };
        members.retain(works);
        let lowest = members.iter().map(|at| self.members[*at].rank()).min();
        members.retain(|at| Some(self.members[*at].rank()) == lowest);
        Some(members)
    }

    fn is_keys(&self, at: usize) -> bool {
        self.snapshot.route(self.wiring.route(at)).activity == crate::model::Activity::Keys
    }
}
