//! Many losses, one after the other, each told in short against normal running: what [`super::assess`] and [`super::after()`] say
//! of it, at the cost of what it touches.
//!
//! A rule is asked anew only where the loss changes who gets where, or takes away what the rule rests on.

mod tallies;

use std::collections::BTreeSet;

use foldhash::{HashMap, HashSet};

use super::after::lacks;
use super::context::{Context, intersects};
use super::domains::Domains;
use super::placement::{Placement, Wanted, judge_all};
use super::scope::{Applies, Scope};
use super::survive::Asked;
use super::waive::Waivers;
use super::{Question, boundary, demand, together};
use crate::finding::{Brief, Detail, Finding, State, Verdict};
use crate::model::{Activity, EndpointId, LossDomain, Role, RouteId};
use crate::policy::{Demand, Survive};
use crate::reach::{Graph, Losses, Spread, Touched, World, tokens};
use tallies::{Countries, People, Stores};

/// How much is told of each loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    Brief,
    /// With [`Detail`].
    Full,
}

/// Asks each loss in turn. `told` may end it early by an error.
pub fn survey<E>(
    question: &Question<'_>,
    losses: &[Vec<LossDomain>],
    depth: Depth,
    mut told: impl FnMut(&[LossDomain], Brief) -> Result<(), E>,
) -> Result<(), E> {
    let tokens = tokens(question.snapshot);
    let graph = Graph::new(question.snapshot, &tokens);
    let in_world = |world| Question { world: Some(world), coverage: question.coverage.clone(), ..*question };
    let normal = Context::new(&in_world(World::Normal), &tokens, &graph);
    let verdicts: HashMap<String, Verdict> =
        super::judge_all(&normal, &in_world(World::Normal)).rules.into_iter().map(|r| (r.rule, r.verdict)).collect();
    let scopes: Vec<Scope<'_>> =
        question.packs.iter().flat_map(|p| p.rules.iter().map(|r| Scope::new(&normal, p, r))).collect();

    let first_in = scopes.iter().any(|s| matches!(s.rule.demand, Demand::FirstIn(_)));
    let (spreading, spread) = Losses::new(&graph, |_| false);
    let is_store = |id: EndpointId| question.snapshot.endpoint(id).roles.contains(Role::Store);
    let storing = first_in.then(|| Losses::new(&graph, is_store));
    let (storing, stored) = storing.map_or((None, None), |(losses, spread)| (Some(losses), Some(spread)));

    let people = People::new(&normal, depth);
    let stores = Stores::new(&normal, &people.usable);
    let place_names = Countries::new(&normal, &spread);
    // What differs from normal running with nothing lost at all.
    let differs: BTreeSet<EndpointId> = differences(&normal, &spread, normal.spread(State::Normal))
        .chain(stored.iter().flat_map(|s| differences(&normal, s, normal.first_stores(State::Normal))))
        .collect();
    let mut now = Context::new(&in_world(World::Loss(Vec::new())), &tokens, &graph).with_spreads(spread, stored);

    let waivers = Waivers::new(question);
    let broken = |scope: &Scope<'_>| verdicts.get(&scope.name) == Some(&Verdict::Violated);
    let open = |scope: &Scope<'_>| matches!(scope.applies, Applies::Yes | Applies::IfEvidence(_)) && !broken(scope);
    let survivals: Vec<Survival<'_, '_>> = scopes
        .iter()
        .filter(|s| open(s))
        .flat_map(|s| s.parts().map(move |(part, unsure)| (s, part, unsure)))
        .filter_map(|(scope, part, unsure)| match &scope.rule.demand {
            Demand::Survive(survive) if scope.leaves(&normal, unsure) != Some(false) => Some(Survival {
                has_waivers: waivers.at(&normal, &scope.name).is_some(),
                ..Survival::new(&normal, scope, part, unsure, survive)
            }),
            _ => None,
        })
        .collect();
    let survivals: Vec<(&Survival<'_, '_>, Asked<'_, '_, '_>)> = survivals.iter().map(|s| (s, s.asked(&normal))).collect();
    let mut others: Vec<Other<'_, '_>> = scopes
        .iter()
        .enumerate()
        .filter(|(_, s)| open(s) && !matches!(s.rule.demand, Demand::Survive(_)))
        .map(|(i, scope)| Other {
            i,
            scope,
            waivers: &waivers,
            waived_at: waivers.at(&normal, &scope.name),
            with_nothing_lost: None,
        })
        .collect();
    {
        let pairs = together::find(&now, &scopes);
        for other in &mut others {
            other.with_nothing_lost = Some(other.breaks(&now, &pairs, None));
        }
    }

    let mut state = Lossy { normal: &normal, depth, people, stores, countries: place_names, spreading, storing };
    for loss in losses {
        let (mut brief, touched) = state.lose(&mut now, loss);
        let arrives: BTreeSet<EndpointId> = touched.arriving().chain(differs.iter().copied()).collect();
        let pairs = together::find(&now, &scopes);
        for other in &others {
            if other.is_broken(&now, &pairs, &touched, &arrives) {
                brief.broken.insert(other.scope.name.clone());
            }
        }
        for (survival, asked) in &survivals {
            if survival.is_broken(asked, loss, &waivers) {
                brief.broken.insert(survival.scope.name.clone());
            }
        }
        state.restore(&mut now);
        told(loss, brief)?;
    }
    Ok(())
}

/// What a loss changes, and to which part of the graph.
struct Around {
    /// Tokens there were or are other than with nothing lost, or what leaves there carries otherwise.
    changed: Vec<(EndpointId, u32)>,
    leaving: Vec<EndpointId>,
    entering: Vec<EndpointId>,
}

impl Around {
    fn arriving(&self) -> impl Iterator<Item = EndpointId> {
        self.changed.iter().map(|(id, _)| *id).chain(self.entering.iter().copied())
    }

    /// Whether it concerns any of these tokens.
    fn concerns(&self, now: &Spread, tokens: &[u64]) -> bool {
        self.changed.iter().any(|(id, before)| intersects(now.at(*id), tokens) || intersects(now.of_row(*before), tokens))
            || self.leaving.iter().any(|id| intersects(now.at(*id), tokens))
    }
}

/// Everything that is changed in place for a loss.
struct Lossy<'g, 'a> {
    /// Normal running: what was stored before a loss is still there.
    normal: &'g Context<'a>,
    depth: Depth,
    people: People,
    stores: Stores,
    countries: Countries,
    spreading: Losses<'g, 'a>,
    storing: Option<Losses<'g, 'a>>,
}

impl Lossy<'_, '_> {
    fn lose(&mut self, now: &mut Context<'_>, loss: &[LossDomain]) -> (Brief, Around) {
        let (mut touched, mut also) = <(Touched, Touched)>::default();
        now.enter(World::Loss(loss.to_vec()), |spread, stored| {
            touched = self.spreading.lose(spread, loss);
            if let (Some(storing), Some(stored)) = (&mut self.storing, stored) {
                also = storing.lose(stored, loss);
            }
        });

        let snapshot = now.snapshot;
        let routes = || touched.routes.iter().chain(&also.routes).map(|r| snapshot.route(*r));
        let rows = touched.endpoints.iter().map(|id| (*id, self.countries.rows[id.index()]));
        let around = Around {
            changed: rows.chain(also.endpoints.iter().map(|id| (*id, self.countries.rows[id.index()]))).collect(),
            leaving: routes().map(|r| r.from).collect(),
            entering: routes().map(|r| r.to).collect(),
        };
        let down: HashSet<EndpointId> = touched.down.iter().copied().collect();
        let mut brief = Brief { down: down.iter().filter(|id| now.has_place(**id)).count(), ..Brief::default() };
        for id in needing(now, &touched.down).into_iter().filter(|id| !down.contains(id)) {
            brief.needs.extend(lacks(now, id, |id| down.contains(&id)).iter().map(|l| l.what));
        }
        let dead = self.people.lose(now, &touched.down);
        let served = self.people.are_served(now, &dead);
        brief.unserved = self.people.unserved(now, &served);
        brief.emptied = self.stores.emptied(now, &dead);
        let newly = self.countries.newly(now, &touched.endpoints);
        brief.countries = newly.iter().flat_map(|cell| self.countries.news(now, *cell)).cloned().collect();
        if self.depth == Depth::Full {
            brief.detail = Some(Box::new(self.detail(now, &touched, &dead, &served, &newly)));
        }
        (brief, around)
    }

    fn detail(
        &mut self,
        now: &Context<'_>,
        touched: &Touched,
        dead: &[EndpointId],
        served: &[bool],
        newly: &[(u32, usize)],
    ) -> Detail {
        let snapshot = now.snapshot;
        let down: HashSet<EndpointId> = touched.down.iter().copied().collect();
        let name = |id: &EndpointId| snapshot.endpoint(*id).name.clone();
        let needing = needing(now, &touched.down).into_iter().filter(|id| !down.contains(id));
        Detail {
            down: touched.down.iter().filter(|id| now.has_place(**id)).map(name).collect(),
            served: self.people.by_whom(now, dead, served),
            stored: self.stores.kept(self.normal, &self.people.usable, dead),
            lost: needing.flat_map(|id| lacks(now, id, |id| down.contains(&id))).collect(),
            ways: self.countries.ways(now, &self.spreading, &touched.endpoints, newly),
        }
    }

    fn restore(&mut self, now: &mut Context<'_>) {
        now.enter(World::Loss(Vec::new()), |spread, stored| {
            self.spreading.restore(spread);
            if let (Some(storing), Some(stored)) = (&mut self.storing, stored) {
                storing.restore(stored);
            }
        });
        self.people.usable.restore();
    }
}

/// Who depends on any of these, or has keys there.
fn needing(context: &Context<'_>, down: &[EndpointId]) -> BTreeSet<EndpointId> {
    let routes = down.iter().flat_map(|id| context.incoming(*id)).map(|r| context.snapshot.route(*r));
    routes.filter(|r| matches!(r.activity, Activity::Depend | Activity::Keys)).map(|r| r.from).collect()
}

/// Endpoints at which other tokens are, or to which something else carries.
fn differences<'c>(context: &'c Context<'_>, one: &'c Spread, other: &'c Spread) -> impl Iterator<Item = EndpointId> {
    let snapshot = context.snapshot;
    let routes = (0_u32..).zip(&snapshot.routes).map(|(i, r)| (RouteId(i), r));
    let carried = routes.filter(|(id, _)| one.carries(*id) != other.carries(*id)).map(|(_, r)| r.to);
    snapshot.endpoint_ids().filter(|id| one.at(*id) != other.at(*id)).chain(carried)
}

/// A rule on survival, as it is asked of some of its tokens.
struct Survival<'s, 'p> {
    scope: &'s Scope<'p>,
    part: Scope<'p>,
    unsure: bool,
    survive: &'p Survive,
    within: Vec<Placement>,
    domains: Domains,
    has_waivers: bool,
}

impl<'s, 'p> Survival<'s, 'p> {
    fn new(normal: &Context<'_>, scope: &'s Scope<'p>, part: Scope<'p>, unsure: bool, survive: &'p Survive) -> Self {
        let within = match &survive.within {
            Some(set) => judge_all(normal, &Wanted::In(set)),
            None => vec![Placement::Inside; normal.standpoints.len()],
        };
        let domains = Domains::new(normal, &part, survive.loss_of);
        Self { scope, part, unsure, survive, within, domains, has_waivers: false }
    }

    fn asked<'a, 'c>(&'a self, normal: &'a Context<'c>) -> Asked<'a, 'c, 'p> {
        Asked::new(normal, &self.part, self.survive, &self.within, &self.domains, &mut Vec::new())
    }

    fn is_broken(&self, asked: &Asked<'_, '_, '_>, loss: &[LossDomain], waivers: &Waivers<'_>) -> bool {
        let context = asked.context;
        let for_sure = self.scope.leaves(context, self.unsure) == Some(true) && !self.has_waivers;
        asked.breaks(loss)
            && (for_sure
                || asked.after(loss).is_some_and(|found| {
                    let mut found = [found];
                    self.scope.soften(context, &mut found, self.unsure);
                    found[0].verdict == Verdict::Violated && !waivers.covers(context, &found[0])
                }))
    }
}

/// A rule on anything but survival.
struct Other<'s, 'p> {
    i: usize,
    scope: &'s Scope<'p>,
    waivers: &'s Waivers<'p>,
    /// Where a finding is waived, if any may be.
    waived_at: Option<Vec<EndpointId>>,
    /// Whether it is broken with nothing lost.
    with_nothing_lost: Option<bool>,
}

impl Other<'_, '_> {
    fn is_broken(
        &self,
        now: &Context<'_>,
        pairs: &together::Together,
        touched: &Around,
        arrives: &BTreeSet<EndpointId>,
    ) -> bool {
        let rule = self.scope.rule;
        if rule.demand.is_on_arrivals() {
            // Where nothing new arrives it is as in normal running: not broken, if it was asked there.
            let asked_before = rule.state.contains(&State::Normal) && self.scope.leaves(now, false).is_some();
            return self.breaks(now, pairs, asked_before.then_some(arrives));
        }
        if touched.concerns(now.spread(State::Loss), &self.scope.tokens) {
            return self.breaks(now, pairs, None);
        }
        self.with_nothing_lost == Some(true)
    }

    /// With endpoints, only these are looked at.
    fn breaks(&self, now: &Context<'_>, pairs: &together::Together, at: Option<&BTreeSet<EndpointId>>) -> bool {
        let suppressed = pairs.suppressed(now, self.i);
        let by_place = self.scope.rule.demand.is_on_arrivals();
        self.scope.parts().any(|(part, unsure)| {
            if self.scope.leaves(now, unsure) == Some(false) {
                return false;
            }
            let waived = |f: &Finding| self.waived_at.is_some() && self.waivers.covers(now, f);
            // What is waived in normal running may come by another line now.
            let also = self.waived_at.iter().flatten().copied();
            match (by_place, at) {
                (true, Some(at)) => boundary::breaks(now, &part, &suppressed, unsure, waived, at.iter().copied().chain(also)),
                (true, None) => boundary::breaks(now, &part, &suppressed, unsure, waived, now.snapshot.endpoint_ids()),
                (false, _) => {
                    let mut found: Vec<Finding> = demand(now, &part, &suppressed);
                    self.scope.soften(now, &mut found, unsure);
                    found.iter().any(|f| f.verdict == Verdict::Violated && !waived(f))
                }
            }
        })
    }
}
