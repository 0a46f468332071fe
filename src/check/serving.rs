//! What serves after a loss: the members that pools really fall to, wherever they stand.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::placement::Placement;
use crate::finding::State;
use crate::model::{Activity, Dependence, EndpointId, Route, RouteId, Spill};
use crate::reach::Usable;

/// How what is not known counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// As inside and up.
    Hopeful,
    /// As outside; what may share the loss counts as lost.
    Cautious,
    /// As outside, with nothing lost that is not named.
    Unlost,
}

/// What serves a token after a loss, by the order in which pools fall, wherever it stands.
pub struct InUse<'i, 'c> {
    pub context: &'i Context<'c>,
    pub within: &'i [Placement],
    pub purposes: &'i [Dependence],
    pub alive: &'i Usable,
    /// Without what may be lost as well.
    pub sure: &'i Usable,
    pub view: View,
    /// Endpoints of which it was asked whether they work.
    pub asked: RefCell<Vec<EndpointId>>,
}

impl InUse<'_, '_> {
    /// The first endpoint that serves the token and is not inside; in a cautious view, not surely inside.
    pub fn outside(&self, token: usize) -> Option<EndpointId> {
        let (context, snapshot) = (self.context, self.context.snapshot);
        self.asked.borrow_mut().extend(&context.tokens[token].starts);
        let mut queue: Vec<EndpointId> = context.tokens[token].starts.iter().copied().filter(|s| self.alive.weak(*s)).collect();
        let mut seen: BTreeSet<EndpointId> = queue.iter().copied().collect();
        let mut next = 0;
        while let Some(at) = queue.get(next).copied() {
            next += 1;
            if context.has_place(at) {
                match &self.within[context.standpoint(at)] {
                    Placement::Inside => {}
                    Placement::Outside(_) => return Some(at),
                    Placement::Unknown(_) | Placement::Weak(_) if self.view != View::Hopeful => return Some(at),
                    Placement::Unknown(_) | Placement::Weak(_) => {}
                }
            }
            let mut pools: BTreeMap<u32, Vec<(RouteId, &Route)>> = BTreeMap::new();
            for (id, route) in snapshot.routes_from(at).filter(|(id, r)| self.serves(*id, r, token)) {
                pools.entry(route.pool).or_default().push((id, route));
            }
            for members in pools.into_values() {
                queue.extend(self.falls_to(&members, token).into_iter().filter(|to| seen.insert(*to)));
            }
        }
        None
    }

    /// Whether a route is a part of serving: it hands the token on, or leads to what is depended on.
    fn serves(&self, id: RouteId, route: &Route, token: usize) -> bool {
        match route.activity {
            Activity::Depend => self.purposes.contains(&route.purpose),
            Activity::Keys if self.purposes.contains(&Dependence::Keys) => true,
            Activity::Forward | Activity::Keys => self.context.graph.passes(id, token),
            _ => route.alias && self.context.graph.passes(id, token),
        }
    }

    /// The members that may carry: those not dead, up to the first that surely works and takes everybody.
    fn falls_to(&self, members: &[(RouteId, &Route)], token: usize) -> Vec<EndpointId> {
        let context = self.context;
        self.asked.borrow_mut().extend(members.iter().map(|(_, r)| r.to));
        let sure = self.sure;
        let rank = |r: &Route| (r.role.is_standby(), r.priority);
        let on_its_own = |id: RouteId, r: &Route| match r.spill {
            Spill::Load | Spill::Failure(_) => true,
            Spill::Manual(_) => context.graph.moves(context.spread(State::Normal), id, token),
            Spill::Never(_) => false,
        };
        let takes_all = |r: &Route| r.clients.takes_whole_origins();
        let members = || members.iter().filter(|(id, r)| on_its_own(*id, r));
        let bar = members().filter(|(_, r)| sure.strict(r.to) && takes_all(r)).map(|(_, r)| rank(r)).min();
        let within_bar = |r: &Route| bar.is_none_or(|bar| rank(r) <= bar);
        members().filter(|(_, r)| self.alive.weak(r.to) && within_bar(r)).map(|(_, r)| r.to).collect()
    }
}
