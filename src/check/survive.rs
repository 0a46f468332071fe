//! `survive`: after each loss, serving paths, full copies and what they depend on remain, inside the place set.
//!
//! Asked twice: once with everything that is not known counted as lost or outside, once with it counted as up and inside. If
//! the first holds the rule is satisfied; if the second fails it is violated; in between it cannot be told.

mod words;

use std::cell::RefCell;
use std::collections::BTreeMap;

use foldhash::HashSet;

use super::context::{Context, bits, intersects};
use super::copies::no_store;
use super::distance::of_domains;
use super::domains::{Domains, combinations, relevant};
use super::held::{Certainty, held};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::Scope;
use super::serving::{InUse, View};
use crate::finding::{Finding, State, Verdict};
use crate::model::{Activity, Dependence, EndpointId, LossDomain, Role, Route};
use crate::policy::{Keep, Survive};
use crate::reach::{TokenSource, Usable, World};
use crate::vocab::classes::is_key_material;
use words::nothing_read;

pub fn check(context: &Context<'_>, scope: &Scope<'_>, survive: &Survive) -> Vec<Finding> {
    let (world, context) = (&context.world, context.before());
    let within: Vec<Placement> = match &survive.within {
        Some(set) => judge_all(context, &Wanted::In(set)),
        None => vec![Placement::Inside; context.standpoints.len()],
    };
    let domains = Domains::new(context, scope, survive.loss_of);
    let mut findings = Vec::new();
    let asked = Asked::new(context, scope, survive, &within, &domains, &mut findings);
    if let Some(world) = world {
        let lost = if let World::Loss(lost) = world { lost.as_slice() } else { &[] };
        findings.extend(asked.after(lost));
        return findings;
    }
    // What does not serve with nothing lost cannot survive a loss; one finding says it for all.
    if let Some(found) = asked.after(&[]) {
        findings.push(found);
        return findings;
    }
    let Some(losses) = combinations(&domains.names, survive.count as usize) else {
        findings.push(asked.too_many());
        return findings;
    };
    findings.extend(losses.iter().filter_map(|loss| asked.after(loss)));
    if losses.is_empty() && domains.undeclared.contains(&true) {
        // Nobody declared what can be lost: everything may be lost at once.
        findings.extend(asked.after_unknown());
    }
    findings
}

pub struct Asked<'a, 'c, 'p> {
    pub context: &'a Context<'c>,
    scope: &'a Scope<'p>,
    survive: &'a Survive,
    within: &'a [Placement],
    domains: &'a Domains,
    /// Of which tokens each thing to keep is asked.
    keep: BTreeMap<Keep, Vec<usize>>,
    /// Stores of each token that is declared to be held somewhere: it is served from any of them.
    held_at: BTreeMap<usize, Vec<EndpointId>>,
    /// Whether anything that could serve stands elsewhere than surely inside.
    may_leave: bool,
    /// Endpoints that need keys.
    keyed: Vec<EndpointId>,
    /// What works with nothing lost; each loss is taken from it and put back.
    works: RefCell<BTreeMap<(Keep, Up), Usable>>,
    /// What remains with nothing lost, and which endpoints that rests on.
    rests: RefCell<Resting<bool>>,
    /// What serves from outside with nothing lost, likewise.
    leaves: RefCell<Resting<Option<EndpointId>>>,
}

/// Which endpoints count as up before anything is lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Up {
    All,
    Inside(View),
    Sure(View),
}

/// An answer, and the endpoints that were asked whether they work.
type Rests<T> = (T, Vec<EndpointId>);
/// By what is kept, as whom it is seen by, and token.
type Resting<T> = BTreeMap<(Keep, View, usize), Rests<T>>;

/// What is missing after a loss, and for whom.
#[derive(Default)]
struct Missing {
    kept: BTreeMap<Keep, Vec<usize>>,
    /// Still served, but by this endpoint, which is not (surely) inside.
    outside: Option<(EndpointId, Vec<usize>)>,
}

impl Missing {
    fn nothing(&self) -> bool {
        self.kept.is_empty() && self.outside.is_none()
    }
}

impl<'a, 'c, 'p> Asked<'a, 'c, 'p> {
    /// Notes what cannot be asked because nothing of it was read.
    pub fn new(
        context: &'a Context<'c>,
        scope: &'a Scope<'p>,
        survive: &'a Survive,
        within: &'a [Placement],
        domains: &'a Domains,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let snapshot = context.snapshot;
        let spread = context.spread(State::Normal);
        let mut keep: BTreeMap<Keep, Vec<usize>> = BTreeMap::new();
        for what in &survive.keep {
            let mut tokens: Vec<usize> = bits(&scope.tokens).collect();
            if *what == Keep::FullCopy {
                let (stored, unstored): (Vec<usize>, Vec<usize>) = tokens.into_iter().partition(|t| {
                    snapshot.endpoint_ids().any(|id| keeps_copy(context, id, *t) && spread.has(id, *t) && context.has_place(id))
                });
                findings.extend(no_store(context, scope, &unstored, "not-surviving"));
                tokens = stored;
            }
            if let Some(purpose) = purpose_of(*what) {
                // Login and names are for people who are served; what sits in a store has none.
                let is_held = |t: &usize| matches!(context.tokens[*t].source, TokenSource::Holding(_));
                tokens.retain(|t| purpose == Dependence::Keys || !is_held(t));
                let (asked, unread): (Vec<usize>, Vec<usize>) = tokens.into_iter().partition(|t| depends(context, *t, purpose));
                findings.extend(nothing_read(context, scope, survive, *what, purpose, &unread));
                tokens = asked;
            }
            keep.insert(*what, tokens);
        }
        let any = context.spread(State::Loss);
        let reached = |id: EndpointId| intersects(any.at(id), &scope.tokens);
        let needed = survive.within.as_ref().map(|_| relevant(context, reached));
        let inside = |id: EndpointId| !context.has_place(id) || within[context.standpoint(id)] == Placement::Inside;
        let may_leave = needed.is_some_and(|n| snapshot.endpoint_ids().any(|id| n[id.index()] && !inside(id)));
        let holdings = bits(&scope.tokens).filter(|t| matches!(context.tokens[*t].source, TokenSource::Holding(_)));
        let held_at = holdings.map(|t| (t, stores_of(context, t))).collect();
        let needs_keys = |id: &EndpointId| snapshot.routes_from(*id).any(|(_, r)| r.activity == Activity::Keys);
        let keyed = snapshot.endpoint_ids().filter(needs_keys).collect();
        let (works, rests, leaves) = Default::default();
        Self { context, scope, survive, within, domains, keep, held_at, may_leave, keyed, works, rests, leaves }
    }

    /// Whether a loss surely breaks the rule.
    pub fn breaks(&self, loss: &[LossDomain]) -> bool {
        loss.iter().all(|d| d.kind == self.survive.loss_of)
            && !self.missing(loss, if loss.is_empty() { View::Unlost } else { View::Cautious }).nothing()
            && !self.missing(loss, View::Hopeful).nothing()
    }

    /// `None`: all that is to be kept remains.
    pub fn after(&self, loss: &[LossDomain]) -> Option<Finding> {
        let cautious = self.missing(loss, if loss.is_empty() { View::Unlost } else { View::Cautious });
        if cautious.nothing() {
            return None;
        }
        // A region stands in for what was not declared in it.
        if loss.iter().all(|d| d.kind == self.survive.loss_of) {
            let hopeful = self.missing(loss, View::Hopeful);
            if !hopeful.nothing() {
                return Some(self.finding(loss, Verdict::Violated, &hopeful));
            }
        }
        Some(self.finding(loss, Verdict::Indeterminate, &cautious))
    }

    fn after_unknown(&self) -> Option<Finding> {
        let missing = self.missing(&[], View::Cautious);
        (!missing.nothing()).then(|| self.finding(&[], Verdict::Indeterminate, &missing))
    }

    fn missing(&self, loss: &[LossDomain], view: View) -> Missing {
        let graph = self.context.graph;
        let world = World::Loss(self.around(loss, view));
        let down = graph.down(&world);
        let mut gone = down.clone();
        if view != View::Hopeful {
            gone.extend(graph.uncertain(&world));
        }
        let mut missing = Missing::default();
        for (keep, tokens) in &self.keep {
            let mut usable = self.take((*keep, Up::Inside(view)));
            for token in tokens {
                let key = (*keep, view, *token);
                if !self.rests.borrow().contains_key(&key) {
                    let found = self.remains(*keep, *token, view, &usable);
                    self.rests.borrow_mut().insert(key, found);
                }
            }
            usable.lose(graph, &gone);
            let dead: HashSet<EndpointId> = usable.dead().0.collect();
            let remains = |token: usize| match &self.rests.borrow()[&(*keep, view, token)] {
                (remains, asked) if !asked.iter().any(|e| dead.contains(e)) => *remains,
                _ => self.remains(*keep, token, view, &usable).0,
            };
            let (kept, lost): (Vec<usize>, Vec<usize>) = tokens.iter().copied().partition(|t| remains(*t));
            if !lost.is_empty() {
                missing.kept.insert(*keep, lost);
            }
            usable.restore();
            self.works.borrow_mut().insert((*keep, Up::Inside(view)), usable);
            if *keep != Keep::FullCopy && self.may_leave && missing.outside.is_none() {
                missing.outside = self.outside(*keep, view, &kept, &down, &gone);
            }
        }
        missing
    }

    /// What works with nothing lost; to be put back.
    fn take(&self, key: (Keep, Up)) -> Usable {
        let known = self.works.borrow_mut().remove(&key);
        known.unwrap_or_else(|| {
            let undeclared = |view, id: EndpointId| view == View::Cautious && self.domains.undeclared[id.index()];
            self.context.graph.usable(&World::Loss(Vec::new()), purposes(key.0), |id| match key.1 {
                Up::All => true,
                Up::Sure(view) => !undeclared(view, id),
                Up::Inside(view) => match (self.context.has_place(id), &self.within[self.context.standpoint(id)]) {
                    (false, _) => true,
                    (true, Placement::Inside) => !undeclared(view, id),
                    (true, Placement::Outside(_)) => false,
                    (true, Placement::Unknown(_) | Placement::Weak(_)) => view == View::Hopeful,
                },
            })
        })
    }

    /// Whether a thing to keep remains for a token.
    fn remains(&self, keep: Keep, token: usize, view: View, usable: &Usable) -> Rests<bool> {
        let (context, graph) = (self.context, self.context.graph);
        let asked = RefCell::new(Vec::new());
        let works = |id: EndpointId| {
            asked.borrow_mut().push(id);
            usable.strict(id)
        };
        let remains = if keep == Keep::FullCopy {
            let certainty = if view == View::Hopeful { Certainty::Possible } else { Certainty::Sure };
            // Where a copy is declared to hold data, what it is a copy of holds it too.
            let original_left = self.held_at.contains_key(&token) && originals(context, token).into_iter().any(works);
            original_left
                || held(context, token, certainty, |id| {
                    keeps_copy(context, id, token) && self.is_fresh(id, token).unwrap_or(view == View::Hopeful) && works(id)
                })
        } else {
            let serves = match self.held_at.get(&token) {
                Some(stores) => stores.iter().any(|id| works(*id)),
                None => graph.asks(token, usable, &mut asked.borrow_mut()),
            };
            serves && (keep != Keep::Keys || self.keys_remain(token, works))
        };
        (remains, asked.into_inner())
    }

    /// Whether what is there is no older than the recovery point; `None`: nobody said.
    fn is_fresh(&self, id: EndpointId, token: usize) -> Option<bool> {
        let Some(limit) = self.survive.max_age_hours else { return Some(true) };
        self.context.age_hours(id, token).ok().map(|age| age <= limit)
    }

    /// With the sites around a lost one, if the rule counts those: surely near ones, and in a cautious view all that may be near.
    fn around(&self, loss: &[LossDomain], view: View) -> Vec<LossDomain> {
        let mut all = loss.to_vec();
        let Some(radius) = self.survive.radius_km else { return all };
        let near = |other: &&LossDomain| {
            let distances = loss.iter().map(|lost| of_domains(self.context.snapshot, lost, other));
            let mut near = distances.map(|km| km.map_or(view != View::Hopeful, |km| km <= f64::from(radius)));
            !loss.contains(other) && near.any(|near| near)
        };
        all.extend(self.domains.names.iter().filter(near).cloned());
        all
    }

    /// The first endpoint that serves and is not (surely) inside, and whom.
    fn outside(
        &self,
        keep: Keep,
        view: View,
        kept: &[usize],
        down: &[EndpointId],
        gone: &[EndpointId],
    ) -> Option<(EndpointId, Vec<usize>)> {
        let (context, graph) = (self.context, self.context.graph);
        let (mut alive, mut sure) = (self.take((keep, Up::All)), self.take((keep, Up::Sure(view))));
        let ask = |alive: &Usable, sure: &Usable, token: usize| {
            let asked = RefCell::default();
            let in_use = InUse { context, within: self.within, purposes: purposes(keep), alive, sure, view, asked };
            (in_use.outside(token), in_use.asked.into_inner())
        };
        for token in kept {
            let key = (keep, view, *token);
            if !self.leaves.borrow().contains_key(&key) {
                let found = ask(&alive, &sure, *token);
                self.leaves.borrow_mut().insert(key, found);
            }
        }
        alive.lose(graph, down);
        sure.lose(graph, gone);
        let dead: HashSet<EndpointId> = alive.dead().1.chain(sure.dead().0).collect();
        let mut outside: BTreeMap<EndpointId, Vec<usize>> = BTreeMap::new();
        for token in kept {
            let at = match &self.leaves.borrow()[&(keep, view, *token)] {
                (at, asked) if !asked.iter().any(|e| dead.contains(e)) => *at,
                _ => ask(&alive, &sure, *token).0,
            };
            if let Some(at) = at {
                outside.entry(at).or_default().push(*token);
            }
        }
        alive.restore();
        sure.restore();
        self.works.borrow_mut().extend([((keep, Up::All), alive), ((keep, Up::Sure(view)), sure)]);
        outside.into_iter().next()
    }

    /// Every pool of `keys` routes on the token's way has a usable holder.
    fn keys_remain(&self, token: usize, usable: impl Fn(EndpointId) -> bool) -> bool {
        let snapshot = self.context.snapshot;
        let spread = self.context.spread(State::Normal);
        self.keyed.iter().filter(|id| spread.has(**id, token) && usable(**id)).all(|id| {
            let mut pools: BTreeMap<u32, bool> = BTreeMap::new();
            for (_, route) in snapshot.routes_from(*id).filter(|(_, r)| r.activity == Activity::Keys) {
                *pools.entry(route.pool).or_default() |= usable(route.to);
            }
            pools.values().all(|answered| *answered)
        })
    }
}

/// Where a held token is, and what that is a copy of.
fn stores_of(context: &Context<'_>, token: usize) -> Vec<EndpointId> {
    let spread = context.spread(State::Normal);
    let stores = context.snapshot.endpoint_ids().filter(|id| keeps_copy(context, *id, token) && spread.has(*id, token));
    stores.chain(originals(context, token)).collect()
}

fn originals(context: &Context<'_>, token: usize) -> Vec<EndpointId> {
    context.tokens[token].starts.iter().flat_map(|start| context.copied_from(*start, token).0).collect()
}

fn purpose_of(keep: Keep) -> Option<Dependence> {
    match keep {
        Keep::ServingPath | Keep::FullCopy => None,
        Keep::Identity => Some(Dependence::Identity),
        Keep::Dns => Some(Dependence::Dns),
        Keep::ControlPlane => Some(Dependence::ControlPlane),
        Keep::Keys => Some(Dependence::Keys),
    }
}

/// Whether anything that serves the token is known to depend on something for this purpose.
fn depends(context: &Context<'_>, token: usize, purpose: Dependence) -> bool {
    if purpose == Dependence::Keys && is_key_material(&context.tokens[token].class) {
        return true;
    }
    let (snapshot, spread) = (context.snapshot, context.spread(State::Normal));
    let needed = relevant(context, |id| spread.has(id, token));
    let is_for = |r: &Route| match r.activity {
        Activity::Depend => r.purpose == purpose,
        Activity::Keys => purpose == Dependence::Keys,
        _ => false,
    };
    snapshot.routes.iter().any(|r| is_for(r) && needed[r.from.index()])
}

/// What a thing to keep may not lack.
fn purposes(keep: Keep) -> &'static [Dependence] {
    match keep {
        Keep::ServingPath | Keep::FullCopy => &[Dependence::Service],
        Keep::Identity => &[Dependence::Service, Dependence::Identity],
        Keep::Dns => &[Dependence::Service, Dependence::Dns],
        Keep::Keys => &[Dependence::Service, Dependence::Keys],
        Keep::ControlPlane => &[Dependence::Service, Dependence::ControlPlane],
    }
}

/// Whether an endpoint keeps what gets to it: a store; for key material, whatever holds keys.
fn keeps_copy(context: &Context<'_>, id: EndpointId, token: usize) -> bool {
    let roles = context.snapshot.endpoint(id).roles;
    roles.contains(Role::Store) || (roles.contains(Role::Keys) && is_key_material(&context.tokens[token].class))
}
