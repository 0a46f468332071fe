//! `survive`: after each loss, serving paths, full copies and what they depend on remain, inside the place set.
//!
//! Asked twice: once with everything that is not known counted as lost or outside, once with it counted as up and inside. If
//! the first holds the rule is satisfied; if the second fails it is violated; in between it cannot be told.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashSet;

use super::context::{Arrival, Context, bits, intersects};
use super::copies::{hours, no_store};
use super::describe::{Draft, count, finding, places_phrase, subject_of};
use super::distance::of_domains;
use super::domains::{Domains, MOST_COMBINATIONS, combinations, relevant};
use super::held::{Certainty, held};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::Scope;
use super::serving::{InUse, View};
use crate::finding::{Finding, State, Verdict};
use crate::model::{Activity, Dependence, DomainKind, EndpointId, LossDomain, Role, Route};
use crate::policy::{Keep, Survive};
use crate::reach::{TokenSource, Usable, World};
use crate::vocab::classes::is_key_material;

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

    /// What a thing to keep is called, with what is asked of it.
    fn phrase(&self, keep: Keep, article: &str) -> String {
        match (keep, self.survive.max_age_hours) {
            (Keep::FullCopy, Some(limit)) => format!("{article} {} at most {} old", noun(keep), hours(limit)),
            // Nothing is left of the keys, one key service is left.
            (Keep::Keys, _) if article == "no" => "no keys".to_owned(),
            _ => format!("{article} {}", noun(keep)),
        }
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

    fn finding(&self, loss: &[LossDomain], verdict: Verdict, missing: &Missing) -> Finding {
        let context = self.context;
        let of_kept = missing.kept.values().flatten();
        let of_outside = missing.outside.iter().filter(|_| missing.kept.is_empty()).flat_map(|(_, tokens)| tokens);
        let tokens: BTreeSet<usize> = of_kept.chain(of_outside).copied().collect();
        let arrivals: Vec<Arrival> = tokens.iter().map(|t| Arrival { token: *t, via: None, activity: "transit" }).collect();
        let start = arrivals.first().and_then(|a| context.tokens[a.token].starts.first().copied()).unwrap_or(EndpointId(0));
        let subject = subject_of(context, self.scope, &arrivals);
        let kept: Vec<String> = missing.kept.keys().map(|k| self.phrase(*k, "no")).collect();
        let within = self.survive.within.as_ref().map(|w| format!(" inside {}", w.names.join(", "))).unwrap_or_default();
        let lost: Vec<String> = loss.iter().map(ToString::to_string).collect();
        let kind = self.survive.loss_of.as_str();
        let down = self.down_on_the_way(loss, &tokens);
        let near: Vec<String> = self.around(loss, View::Hopeful)[loss.len()..].iter().map(ToString::to_string).collect();
        let around = match self.survive.radius_km {
            Some(radius) if !near.is_empty() => format!(" and what stands within {radius} km of it ({})", near.join(", ")),
            _ => String::new(),
        };
        let losing = match (loss.is_empty(), verdict) {
            (true, Verdict::Violated) => "even with nothing lost".to_owned(),
            (true, _) => format!("losing one {kind}"),
            (false, _) if loss.iter().any(|d| d.kind != self.survive.loss_of) => {
                format!("losing one {kind} in {}", lost.join(" and "))
            }
            (false, _) if down.is_empty() || verdict != Verdict::Violated => {
                format!("losing {}{around}", lost.join(" and "))
            }
            (false, _) => format!("losing {}{around} takes down {}, which", lost.join(" and "), self.list(&down)),
        };
        let elsewhere = missing.outside.as_ref().filter(|_| missing.kept.is_empty()).map(|(at, _)| *at);
        let place =
            |at: EndpointId| format!("`{}` {}", context.snapshot.endpoint(at).name, places_phrase(&context.known_places(at)));
        let message = match (verdict, elsewhere) {
            (Verdict::Violated, Some(at)) if loss.is_empty() => {
                format!("{losing}, {subject} is served by {}, not{within}", place(at))
            }
            (Verdict::Violated, Some(at)) => format!("{losing} leaves {subject} to {}, not{within}", place(at)),
            (Verdict::Violated, None) if loss.is_empty() => format!("{losing}, {subject} has {}{within}", kept.join(", ")),
            (Verdict::Violated, None) => format!("{losing} leaves {} for {subject}{within}", kept.join(", ")),
            _ => {
                let kept: Vec<String> = self.survive.keep.iter().map(|k| self.phrase(*k, "a")).collect();
                format!(
                    "whether {losing} leaves {} for {subject}{within} cannot be told: {}",
                    kept.join(", "),
                    self.unknowns(loss, &tokens)
                )
            }
        };
        let culprit = down.iter().copied().find(|id| missing.kept.keys().any(|keep| self.is_kept_by(*keep, *id)));
        let endpoint = elsewhere.or(culprit).or(down.first().copied()).unwrap_or(start);
        let name = &context.snapshot.endpoint(endpoint).name;
        let alone = match elsewhere {
            None if !loss.is_empty() && verdict == Verdict::Violated => self.without_stand_in(loss, missing),
            _ => Vec::new(),
        };
        let far = self.survive.radius_km.map_or(String::new(), |km| format!(" more than {km} km away"));
        let help = match (verdict, elsewhere) {
            (Verdict::Violated, Some(_)) => format!("put the stand-ins{within} before `{name}`, or take it out"),
            (Verdict::Violated, None) if loss.is_empty() => {
                format!("declare the routes and stores that serve this data{within}")
            }
            (Verdict::Violated, None) if missing.kept.keys().eq([&Keep::FullCopy]) => {
                format!("keep a copy of all of it{within}{far} that does not share {} with `{name}`", lost.join(", "))
            }
            (Verdict::Violated, None) => {
                let (of, stand_in) = match alone.as_slice() {
                    [] => (format!("`{name}`"), "a stand-in"),
                    [_] => (self.list(&alone), "a stand-in"),
                    _ => (self.list(&alone), "stand-ins"),
                };
                let share = if alone.len() > 1 { "do not share" } else { "does not share" };
                let line = match self.survive.loss_of {
                    DomainKind::Carrier => format!("lead a line of another carrier to {of}, or "),
                    _ => String::new(),
                };
                format!("{line}give {of} {stand_in}{within}{far} that {share} {}", lost.join(", "))
            }
            _ if self.survive.radius_km.is_some() => {
                format!("declare the {kind} and the place of the endpoints named, and `coordinates` of every site")
            }
            _ if self.survive.max_age_hours.is_some() => {
                format!("declare the {kind}, the place and the `max-age` of the endpoints named")
            }
            _ => format!("declare the {kind} and the place of the endpoints named"),
        };
        let draft = Draft {
            code: "not-surviving",
            verdict,
            endpoint,
            arrivals: &arrivals,
            state: Some(if loss.is_empty() { State::Normal } else { State::Loss }),
            message,
            help: Some(help),
            lost: (!lost.is_empty()).then(|| lost.join(",")),
            labels: Vec::new(),
        };
        let without = alone.iter().map(|id| context.snapshot.endpoint(*id).name.clone()).collect();
        Finding { without, ..finding(context, self.scope, draft) }
    }

    /// Whether an endpoint is what a thing to keep rests on: the store, the login, the key service, the name server.
    fn is_kept_by(&self, keep: Keep, id: EndpointId) -> bool {
        let snapshot = self.context.snapshot;
        let Some(purpose) = purpose_of(keep) else {
            return keep == Keep::FullCopy && snapshot.endpoint(id).roles.contains(Role::Store);
        };
        self.context.incoming(id).iter().map(|r| snapshot.route(*r)).any(|r| match r.activity {
            Activity::Depend => r.purpose == purpose,
            Activity::Keys => purpose == Dependence::Keys,
            _ => false,
        })
    }

    /// What is lost and has no stand-in: all of a pool that something on the way hands on to or needs, all of the entries, or,
    /// where only copies are asked for, the stores.
    fn without_stand_in(&self, loss: &[LossDomain], missing: &Missing) -> Vec<EndpointId> {
        let (context, snapshot) = (self.context, self.context.snapshot);
        let lost = World::Loss(self.around(loss, View::Hopeful));
        let down: BTreeSet<EndpointId> = context.graph.down(&lost).into_iter().collect();
        let tokens: BTreeSet<usize> = missing.kept.values().flatten().copied().collect();
        let spread = context.spread(State::Normal);
        if missing.kept.keys().eq([&Keep::FullCopy]) {
            let holds = |id: &EndpointId| tokens.iter().any(|t| keeps_copy(context, *id, *t) && spread.has(*id, *t));
            return down.into_iter().filter(holds).collect();
        }
        let purposes: BTreeSet<&str> =
            missing.kept.keys().flat_map(|keep| purposes(*keep)).map(|purpose| purpose.as_str()).collect();
        let needs = |r: &Route| match r.activity {
            Activity::Depend => purposes.contains(r.purpose.as_str()),
            Activity::Keys => purposes.contains(Dependence::Keys.as_str()),
            Activity::Forward => true,
            _ => r.alias,
        };
        let needed = relevant(context, |id| tokens.iter().any(|t| spread.has(id, *t)));
        let mut pools: Vec<Vec<EndpointId>> = tokens.iter().map(|t| context.tokens[*t].starts.clone()).collect();
        for id in snapshot.endpoint_ids().filter(|id| needed[id.index()]) {
            let mut of_pool: BTreeMap<u32, Vec<EndpointId>> = BTreeMap::new();
            for (_, route) in snapshot.routes_from(id).filter(|(_, r)| needs(r)) {
                of_pool.entry(route.pool).or_default().push(route.to);
            }
            pools.extend(of_pool.into_values());
        }
        let gone = pools.into_iter().filter(|pool| pool.iter().all(|to| down.contains(to)));
        let alone: BTreeSet<EndpointId> = gone.flatten().collect();
        alone.into_iter().collect()
    }

    /// What the loss itself takes down of what serves or stores the tokens in normal running, nearest to the first token's
    /// entry first.
    fn down_on_the_way(&self, loss: &[LossDomain], tokens: &BTreeSet<usize>) -> Vec<EndpointId> {
        let context = self.context;
        let spread = context.spread(State::Normal);
        let Some(first) = tokens.first() else { return Vec::new() };
        let mut down = context.graph.down(&World::Loss(self.around(loss, View::Hopeful)));
        let needed = relevant(context, |id| tokens.iter().any(|t| spread.has(id, *t)));
        down.retain(|id| needed[id.index()]);
        down.sort_by_key(|id| (context.way(State::Normal, *first, *id).map_or(usize::MAX, |way| way.len()), *id));
        down
    }

    /// "`a`, `b` and `c`", "`a`, `b`, `c` and 3 others".
    fn list(&self, ids: &[EndpointId]) -> String {
        let mut shown: Vec<String> =
            ids.iter().take(3).map(|id| format!("`{}`", self.context.snapshot.endpoint(*id).name)).collect();
        if ids.len() > 3 {
            shown.push(count(ids.len() - 3, "other"));
        }
        match shown.as_slice() {
            [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            all => all.concat(),
        }
    }

    /// Endpoints on the way of which too little is declared.
    fn unknowns(&self, loss: &[LossDomain], tokens: &BTreeSet<usize>) -> String {
        let context = self.context;
        let spread = context.spread(State::Loss);
        let needed = relevant(context, |id| tokens.iter().any(|t| spread.has(id, *t)));
        let on_the_way = || context.snapshot.endpoint_ids().filter(|id| context.has_place(*id) && needed[id.index()]);
        let kind = self.survive.loss_of.as_str();
        let silent: Vec<EndpointId> =
            on_the_way().filter(|id| self.domains.undeclared[id.index()] || self.domains.by_region[id.index()]).collect();
        let placeless: Vec<EndpointId> = on_the_way()
            .filter(|id| matches!(self.within[context.standpoint(*id)], Placement::Unknown(_) | Placement::Weak(_)))
            .collect();
        let is_ageless = |id: &EndpointId| {
            tokens.iter().any(|t| keeps_copy(context, *id, *t) && spread.has(*id, *t) && self.is_fresh(*id, *t).is_none())
        };
        let ageless: Vec<EndpointId> = on_the_way().filter(is_ageless).collect();
        let mut told = Vec::new();
        let (surely, perhaps) = (self.around(loss, View::Hopeful), self.around(loss, View::Cautious));
        let unmeasured: Vec<String> =
            perhaps.iter().filter(|d| !surely.contains(d)).take(3).map(|d| format!("`{d}`")).collect();
        if let (Some(lost), false) = (loss.first(), unmeasured.is_empty()) {
            told.push(format!("how far {} from `{lost}` is not declared (`coordinates`)", are(&unmeasured)));
        }
        if !ageless.is_empty() {
            told.push(format!("how old the copy at {} may be (`max-age`) is not declared", self.list(&ageless)));
        }
        if !silent.is_empty() {
            told.push(format!("the {kind} of {} is not declared", self.list(&silent)));
        }
        if !placeless.is_empty() {
            told.push(format!("the place of {} is not known", self.list(&placeless)));
        }
        if told.is_empty() {
            told.push("not all of it surely gets to what is left".into());
        }
        told.join(", and ")
    }

    fn too_many(&self) -> Finding {
        let start =
            bits(&self.scope.tokens).find_map(|t| self.context.tokens[t].starts.first().copied()).unwrap_or(EndpointId(0));
        let message = format!(
            "the {} {}s in use make more than {MOST_COMBINATIONS} ways to lose {} at once; not all were asked",
            self.domains.names.len(),
            self.survive.loss_of.as_str(),
            self.survive.count
        );
        let draft = Draft {
            code: "not-surviving",
            verdict: Verdict::Indeterminate,
            endpoint: start,
            arrivals: &[],
            state: Some(State::Loss),
            message,
            help: Some("ask for a smaller `count`, or for a wider kind of domain".into()),
            lost: None,
            labels: Vec::new(),
        };
        finding(self.context, self.scope, draft)
    }
}

/// "`a` is", "`a` and `b` are".
fn are(names: &[String]) -> String {
    match names {
        [one] => format!("{one} is"),
        [rest @ .., last] => format!("{} and {last} are", rest.join(", ")),
        [] => String::new(),
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

/// What must remain and was never read cannot be said to remain.
fn nothing_read(
    context: &Context<'_>,
    scope: &Scope<'_>,
    survive: &Survive,
    keep: Keep,
    purpose: Dependence,
    tokens: &[usize],
) -> Option<Finding> {
    let arrivals: Vec<Arrival> = tokens.iter().map(|t| Arrival { token: *t, via: None, activity: "transit" }).collect();
    let endpoint = context.tokens[*tokens.first()?].starts.first().copied()?;
    let (what, word) = match keep {
        Keep::Identity => ("login", "identity"),
        Keep::Keys => ("keys", "keys"),
        Keep::ControlPlane => ("control plane", "control-plane"),
        _ => ("name service", "dns"),
    };
    let message = format!(
        "whether a {} is left after losing one {} cannot be told for {}: nothing that was read depends on any",
        noun(keep),
        survive.loss_of.as_str(),
        subject_of(context, scope, &arrivals)
    );
    let help = Some(format!(
        "declare the {what} (a route with `activity = \"depend\"` and `purpose = \"{}\"`), or leave `{word}` out of `keep`",
        purpose.as_str()
    ));
    let (verdict, state) = (Verdict::Indeterminate, Some(State::Normal));
    let arrivals = &arrivals;
    let draft = Draft { code: "not-surviving", verdict, endpoint, arrivals, state, message, help, lost: None, labels: vec![] };
    Some(finding(context, scope, draft))
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

/// "a serving path", "no serving path".
fn noun(keep: Keep) -> &'static str {
    match keep {
        Keep::ServingPath => "serving path",
        Keep::FullCopy => "full copy",
        Keep::Identity => "login",
        Keep::Keys => "key service",
        Keep::Dns => "name service",
        Keep::ControlPlane => "control plane",
    }
}
