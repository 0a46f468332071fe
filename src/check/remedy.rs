//! What to change: for a rule that is violated because of where data gets to, the fewest routes to cut so that it holds and no
//! other rule breaks; and who is then no longer served. Every proposal is judged as if it had been made before it is shown.
//!
//! Rules on what must be there (copies, survival, separation) are not mended by cutting; [`super::adding`] says what to add.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::placement::{self, Placement, Wanted};
use super::recipient::{self, Fitness};
use super::scope::Scope;
use super::together::Together;
use super::{Question, adding, boundary, judge_all};
use crate::finding::{Allowed, Coverage, CutRoute, Finding, Remedy, RuleResult, Verdict};
use crate::model::site::SiteNetworks;
use crate::model::{Dependence, EndpointId, RouteId, Snapshot};
use crate::policy::Demand;
use crate::reach::{Cut, Graph, Offence, TokenSource, World, tokens};
use crate::vocab::places::PlaceSet;

/// Beyond so many routes a proposal is shown without having been judged.
const MOST_JUDGED: usize = 20_000;
/// Rules for which a proposal is made.
const MOST_RULES: usize = 25;
/// Proposals judged for one rule.
const MOST_TRIES: usize = 12;

pub fn remedies(
    context: &Context<'_>,
    question: &Question<'_>,
    scopes: &[Scope<'_>],
    together: &Together,
    rules: &[RuleResult],
    findings: &[Finding],
    allowed: &[Allowed],
) -> Vec<Remedy> {
    let broken = |s: &Scope<'_>| rules.iter().any(|r| r.rule == s.name && r.verdict == Verdict::Violated);
    let before = Outcome { verdicts: verdicts(rules), unserved: unserved(context) };
    let of_rule = scopes.iter().enumerate().filter(|(_, s)| broken(s)).filter_map(|(i, scope)| {
        let search = Search { context, question, scope, before: &before };
        if let Some(remedy) = adding::remedy(context, scopes, scope, findings) {
            return Some(remedy);
        }
        let mut offences = boundary::offences(context, scope, &together.suppressed(context, i));
        // What somebody has accepted, or the transfer register allows, is not to be cut.
        let accepted = accepted(&scope.name, findings, allowed);
        offences.retain(|o| !accepted.contains(context.snapshot.endpoint(o.at).name.as_str()));
        search.remedy(&offences, findings)
    });
    let mut remedies: Vec<Remedy> = of_rule.take(MOST_RULES).collect();
    remedies.sort_by(|a, b| a.rule.cmp(&b.rule));
    remedies
}

/// Endpoints at which all that would break a rule is waived or allowed.
fn accepted<'f>(rule: &str, findings: &'f [Finding], allowed: &'f [Allowed]) -> BTreeSet<&'f str> {
    let at = |verdict: Verdict| {
        let of_rule = findings.iter().filter(move |f| f.rule.as_deref() == Some(rule) && f.verdict == verdict);
        of_rule.map(|f| f.endpoint.as_str()).collect::<BTreeSet<&str>>()
    };
    let allowed = allowed.iter().filter(|a| a.rule == rule).map(|a| a.endpoint.as_str());
    let accepted: BTreeSet<&str> = at(Verdict::Waived).into_iter().chain(allowed).collect();
    &accepted - &at(Verdict::Violated)
}

/// How things are, or would be.
#[derive(Clone)]
struct Outcome {
    verdicts: BTreeMap<String, Verdict>,
    /// Population and class that are not served in normal running.
    unserved: BTreeSet<(String, String)>,
}

fn verdicts(rules: &[RuleResult]) -> BTreeMap<String, Verdict> {
    rules.iter().map(|r| (r.rule.clone(), r.verdict)).collect()
}

fn unserved(context: &Context<'_>) -> BTreeSet<(String, String)> {
    let usable = context.graph.usable(&World::Normal, &[Dependence::Service], |_| true);
    let served = context.graph.served(0..context.tokens.len(), &usable);
    let unserved = context.tokens.iter().zip(served).filter(|(_, served)| !served);
    let named = unserved.filter_map(|(token, _)| match token.source {
        TokenSource::Population(p) => Some((context.snapshot.populations[p].id.clone(), token.class.clone())),
        TokenSource::Holding(_) => None,
    });
    named.collect()
}

struct Search<'s, 'c, 'q> {
    context: &'s Context<'c>,
    question: &'s Question<'q>,
    scope: &'s Scope<'s>,
    before: &'s Outcome,
}

impl Search<'_, '_, '_> {
    fn remedy(&self, offences: &[Offence], findings: &[Finding]) -> Option<Remedy> {
        let starts = |o: &Offence| o.by.is_empty() && self.context.tokens[o.token].starts.contains(&o.at);
        let (entries, offences): (Vec<Offence>, Vec<Offence>) = offences.iter().cloned().partition(starts);
        let mut moved: Vec<EndpointId> = entries.iter().map(|o| o.at).collect();
        moved.sort_unstable();
        moved.dedup();
        let name = |id: &EndpointId| self.context.snapshot.endpoint(*id).name.clone();
        let mut remedy = Remedy {
            rule: self.scope.name.clone(),
            moves: moved.iter().map(name).collect(),
            smallest: true,
            ..Remedy::default()
        };
        if offences.is_empty() {
            return (!remedy.moves.is_empty()).then_some(remedy);
        }
        let found = self.best(&offences, !moved.is_empty())?;
        remedy.smallest = found.smallest;
        if let Some(after) = &found.after {
            remedy.judged = true;
            remedy.unserved = after.unserved.difference(&self.before.unserved).cloned().collect();
            remedy.breaks = self.breaks(after);
        }
        remedy.cut = found.routes.iter().map(|r| self.told(*r, findings)).collect();
        Some(remedy)
    }

    /// The fewest routes that break no other rule; if every set does, the fewest at all. Of sets of that size one that leaves
    /// everybody served goes first.
    fn best(&self, offences: &[Offence], moved: bool) -> Option<Proposal> {
        let spread = self.context.spread(self.scope.worst_state());
        let mut keep: BTreeSet<RouteId> = BTreeSet::new();
        let mut best: Option<Proposal> = None;
        let mut tries = 0;
        let mut least: Option<usize> = None;
        while let Cut::Routes(routes, smallest) = self.context.graph.cut(spread, offences, &keep) {
            // With routes that are kept, more may be needed than without.
            let least = *least.get_or_insert(if smallest { routes.len() } else { 0 });
            let smallest = routes.len() == least;
            if best.as_ref().is_some_and(|b| b.is_sound(self) && routes.len() > b.routes.len()) {
                break;
            }
            if self.context.snapshot.routes.len() > MOST_JUDGED {
                return Some(Proposal { routes, smallest, after: None });
            }
            let proposal = Proposal { after: Some(self.without(&routes)), smallest, routes };
            tries += proposal.routes.len() + 1;
            let holds = moved || !proposal.violates(&self.scope.name);
            let worth = |p: &Proposal| (!p.is_sound(self), p.routes.len(), p.takes_service(self));
            if holds && best.as_ref().is_none_or(|b| worth(&proposal) < worth(b)) {
                best = Some(proposal.clone());
            }
            if (holds && proposal.is_sound(self) && !proposal.takes_service(self)) || tries > MOST_TRIES {
                break;
            }
            // What does harm by itself is kept from now on.
            let harmful = |r: &&RouteId| {
                let alone = Proposal { routes: vec![**r], smallest, after: Some(self.without(&[**r])) };
                !alone.is_sound(self) || alone.takes_service(self)
            };
            let before = keep.len();
            if proposal.routes.len() == 1 {
                keep.extend(&proposal.routes);
            } else {
                keep.extend(proposal.routes.iter().filter(harmful));
            }
            if keep.len() == before {
                break;
            }
        }
        best
    }

    /// Rules that are violated or can no longer be met, and were not before.
    fn breaks(&self, after: &Outcome) -> Vec<String> {
        let bad = |v: Option<&Verdict>| matches!(v, Some(Verdict::Violated | Verdict::Unsatisfiable));
        let broken = after.verdicts.iter().filter(|(rule, v)| bad(Some(v)) && !bad(self.before.verdicts.get(*rule)));
        broken.map(|(rule, _)| rule.clone()).collect()
    }

    /// How things would be without these routes.
    fn without(&self, routes: &[RouteId]) -> Outcome {
        let snapshot = without(self.context.snapshot, routes);
        let tokens = tokens(&snapshot);
        let graph = Graph::new(&snapshot, &tokens);
        let question = Question { snapshot: &snapshot, coverage: Coverage::default(), world: None, ..*self.question };
        let context = Context::new(&question, &tokens, &graph);
        let rules = judge_all(&context, &question).rules;
        Outcome { verdicts: verdicts(&rules), unserved: unserved(&context) }
    }

    fn told(&self, id: RouteId, findings: &[Finding]) -> CutRoute {
        let snapshot = self.context.snapshot;
        let route = snapshot.route(id);
        let own = findings.iter().filter(|f| f.rule.as_deref() == Some(&self.scope.name) && f.verdict == Verdict::Violated);
        let (from, to) = (&snapshot.endpoint(route.from).name, &snapshot.endpoint(route.to).name);
        let takes = |f: &&Finding| {
            f.path
                .windows(2)
                .any(|hops| hops[0].endpoint == *from && hops[1].endpoint == *to && hops[1].location == route.location)
        };
        CutRoute {
            from: from.clone(),
            to: to.clone(),
            activity: route.activity.as_str(),
            role: route.role,
            location: route.location,
            instead: self.instead(id),
            findings: own.filter(takes).map(|f| f.fingerprint.clone()).collect(),
        }
    }

    /// What is like the target, where the rule allows it, and not yet in the pool.
    fn instead(&self, id: RouteId) -> Vec<String> {
        let (context, snapshot) = (self.context, self.context.snapshot);
        let route = snapshot.route(id);
        let (Demand::OnlyIn(set) | Demand::NeverIn(set) | Demand::FirstIn(set)) = &self.scope.rule.demand else {
            return Vec::new();
        };
        let set: &PlaceSet = set;
        let wanted = if matches!(self.scope.rule.demand, Demand::NeverIn(_)) { Wanted::NotIn(set) } else { Wanted::In(set) };
        let placements = placement::judge_all(context, &wanted);
        let fitness = recipient::judge_all(context, self.scope.rule);
        let target = snapshot.endpoint(route.to);
        let pool: BTreeSet<EndpointId> =
            snapshot.routes_from(route.from).filter(|(_, r)| r.pool == route.pool).map(|(_, r)| r.to).collect();
        let fits = |id: &EndpointId| {
            let e = snapshot.endpoint(*id);
            context.has_place(*id)
                && placements[context.standpoint(*id)] == Placement::Inside
                && fitness[context.standpoint(*id)] == Fitness::Fit
                && (e.roles, &e.kind) == (target.roles, &target.kind)
                && !pool.contains(id)
        };
        if !context.has_place(route.to) {
            return Vec::new();
        }
        snapshot.endpoint_ids().filter(fits).take(3).map(|id| snapshot.endpoint(id).name.clone()).collect()
    }
}

#[derive(Clone)]
struct Proposal {
    routes: Vec<RouteId>,
    smallest: bool,
    after: Option<Outcome>,
}

impl Proposal {
    fn violates(&self, rule: &str) -> bool {
        self.after.as_ref().is_some_and(|a| a.verdicts.get(rule) == Some(&Verdict::Violated))
    }

    fn is_sound(&self, search: &Search<'_, '_, '_>) -> bool {
        self.after.as_ref().is_some_and(|after| search.breaks(after).is_empty())
    }

    fn takes_service(&self, search: &Search<'_, '_, '_>) -> bool {
        self.after.as_ref().is_some_and(|after| !after.unserved.is_subset(&search.before.unserved))
    }
}

/// The world without some of its routes.
fn without(snapshot: &Snapshot, routes: &[RouteId]) -> Snapshot {
    let gone: BTreeSet<RouteId> = routes.iter().copied().collect();
    let left = (0_u32..).zip(&snapshot.routes).filter(|(i, _)| !gone.contains(&RouteId(*i)));
    let mut snapshot = Snapshot {
        sites: snapshot.sites.clone(),
        site_networks: SiteNetworks::new(&snapshot.sites),
        endpoints: snapshot.endpoints.clone(),
        routes: left.map(|(_, r)| r.clone()).collect(),
        populations: snapshot.populations.clone(),
        holdings: snapshot.holdings.clone(),
        recipients: snapshot.recipients.clone(),
        operated: snapshot.operated.clone(),
        gaps: snapshot.gaps.clone(),
        first_route: Vec::new(),
    };
    snapshot.index_routes();
    snapshot
}
