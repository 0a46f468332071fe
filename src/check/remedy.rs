//! What to change: for a rule that is violated because of where data gets to, the fewest routes to cut so that it holds, no other
//! rule breaks and everybody stays served; where there is no such set, what the cut costs. Every proposal is judged as if it had been
//! made before it is shown.
//!
//! Rules on what must be there (copies, survival, separation) are not mended by cutting; [`super::adding`] says what to add.

mod cuts;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use self::cuts::Cuts;
use super::as_if::{self, MOST_JUDGED, Outcome, person};
use super::context::Context;
use super::scope::Scope;
use super::together::Together;
use super::{Question, adding, boundary};
use crate::finding::{Allowed, Finding, Remedy, RuleResult, Smaller, Verdict};
use crate::model::{Dependence, EndpointId, RouteId};
use crate::reach::{Cut, Offence, World};

/// Rules for which a proposal is made.
const MOST_RULES: usize = 25;
/// Places tried for what is to be added.
const MOST_PLACES: usize = 3;
/// Proposals judged for one rule, in a world of any size; in a small one as many more as come to so many routes in all.
const MOST_TRIES: usize = 12;
const MOST_ROUTES_TRIED: usize = 2_000;

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
    let before = Outcome::new(context, rules);
    let of_rule = scopes.iter().enumerate().filter(|(_, s)| broken(s)).filter_map(|(i, scope)| {
        let search = Search { context, question, scope, before: &before };
        if let Some(mut remedy) = adding::remedy(context, scopes, scope, findings) {
            search.judge(&mut remedy);
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

struct Search<'s, 'c, 'q> {
    context: &'s Context<'c>,
    question: &'s Question<'q>,
    scope: &'s Scope<'s>,
    before: &'s Outcome,
}

impl Search<'_, '_, '_> {
    /// What is to be added is judged as if it were there, in one of the places proposed after the other until the rule holds.
    fn judge(&self, remedy: &mut Remedy) {
        let snapshot = self.context.snapshot;
        if snapshot.routes.len() > MOST_JUDGED {
            return;
        }
        let places = remedy.add.iter().map(|a| a.at.len()).max().unwrap_or(0).min(MOST_PLACES);
        let mut best: Option<(usize, Outcome)> = None;
        for nth in 0..places {
            let Some(world) = as_if::with(snapshot, &remedy.add, &self.scope.rule.demand, nth) else { return };
            let after = Outcome::of(self.question, &world);
            let holds = |o: &Outcome| o.verdict(&self.scope.name).is_some_and(|(v, _)| *v == Verdict::Satisfied);
            let worth = |o: &Outcome| (!o.breaks(self.before).is_empty(), o.verdict(&self.scope.name).map(|(v, _)| *v));
            let is_done = holds(&after) && after.breaks(self.before).is_empty();
            if best.as_ref().is_none_or(|(_, b)| worth(&after) < worth(b)) {
                best = Some((nth, after));
            }
            if is_done {
                break;
            }
        }
        let Some((nth, after)) = best else { return };
        // The place that was judged is named first.
        for addition in remedy.add.iter_mut().filter(|a| a.at.len() > nth) {
            addition.at[..=nth].rotate_right(1);
        }
        remedy.judged = true;
        remedy.then = after.verdict(&self.scope.name).cloned();
        remedy.unserved = after.newly_unserved(self.before);
        remedy.breaks = after.breaks(self.before);
    }

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
        let (found, smaller) = self.best(&offences, !moved.is_empty())?;
        remedy.smallest = found.smallest;
        if let Some(after) = &found.after {
            remedy.judged = true;
            remedy.then = after.verdict(&self.scope.name).cloned();
            remedy.unserved = after.newly_unserved(self.before);
            remedy.breaks = after.breaks(self.before);
        }
        let mut cuts = Cuts::new(self.context, self.scope, findings);
        let mut told = |p: &Proposal| p.routes.iter().map(|r| cuts.tell(*r)).collect();
        remedy.cut = told(&found);
        remedy.smaller = smaller.and_then(|p| {
            let after = p.after.as_ref()?;
            Some(Smaller { cut: told(&p), unserved: after.newly_unserved(self.before), breaks: after.breaks(self.before) })
        });
        Some(remedy)
    }

    /// The fewest routes that break no other rule and leave everybody served; if every set that was tried does harm, one that breaks
    /// nothing, or the fewest at all. With it the smallest set of all, if that is smaller.
    ///
    /// The smallest cut comes first; each next one keeps what did harm. What does harm alone may do none with others (a pool that
    /// goes as a whole is asked for by nobody), so that where this ends, every cut that spares one route of one before is tried.
    fn best(&self, offences: &[Offence], moved: bool) -> Option<(Proposal, Option<Proposal>)> {
        let spread = boundary::spread(self.context, self.scope, self.scope.worst_state());
        let (mut best, mut fewest): (Option<Proposal>, Option<Proposal>) = (None, None);
        let mut tries = 0;
        let mut least: Option<usize> = None;
        let mut harms: BTreeMap<Vec<RouteId>, bool> = BTreeMap::new();
        let mut ahead: VecDeque<BTreeSet<RouteId>> = VecDeque::from([BTreeSet::new()]);
        let mut kept: BTreeSet<BTreeSet<RouteId>> = ahead.iter().cloned().collect();
        while let Some(keep) = ahead.pop_front() {
            let Cut::Routes(routes, smallest) = self.context.graph.cut(spread, offences, &keep) else { continue };
            // With routes that are kept, more may be needed than without.
            let least = *least.get_or_insert(if smallest { routes.len() } else { 0 });
            let smallest = routes.len() == least;
            if self.context.snapshot.routes.len() > MOST_JUDGED {
                return Some((Proposal { routes, smallest, after: None }, None));
            }
            let proposal = Proposal { after: Some(self.without(&routes)), smallest, routes };
            tries += 1;
            let holds = moved || !proposal.violates(&self.scope.name);
            let worth = |p: &Proposal| (!p.is_sound(self), p.takes_service(self), p.routes.len());
            if holds && fewest.as_ref().is_none_or(|f| proposal.routes.len() < f.routes.len()) {
                fewest = Some(proposal.clone());
            }
            if holds && best.as_ref().is_none_or(|b| worth(&proposal) < worth(b)) {
                best = Some(proposal.clone());
            }
            harms.insert(proposal.routes.clone(), proposal.does_harm(self));
            if (holds && !proposal.does_harm(self)) || tries > self.most_tries() {
                break;
            }
            let mut harmful = |route: &RouteId| {
                *harms.entry(vec![*route]).or_insert_with(|| {
                    tries += 1;
                    Proposal { routes: vec![*route], smallest, after: Some(self.without(&[*route])) }.does_harm(self)
                })
            };
            let mut next = keep.clone();
            next.extend(proposal.routes.iter().filter(|r| harmful(r)));
            if next == keep {
                next.extend(self.ways_to_serve(&proposal, offences));
            }
            if kept.insert(next.clone()) {
                ahead.push_front(next);
            }
            for route in &proposal.routes {
                let spared: BTreeSet<RouteId> = keep.iter().chain([route]).copied().collect();
                if kept.insert(spared.clone()) {
                    ahead.push_back(spared);
                }
            }
        }
        let best = best?;
        let smaller = fewest.filter(|f| f.routes.len() < best.routes.len());
        Some((best, smaller))
    }

    /// Proposals and single routes that are judged: the more the smaller the world, each is a whole assessment.
    fn most_tries(&self) -> usize {
        (MOST_ROUTES_TRIED / self.context.snapshot.routes.len().max(1)).clamp(MOST_TRIES, 10 * MOST_TRIES)
    }

    /// The routes by which those could be served whom a proposal takes their last way from, past where the data must not get.
    fn ways_to_serve(&self, proposal: &Proposal, offences: &[Offence]) -> BTreeSet<RouteId> {
        let (context, Some(after)) = (self.context, &proposal.after) else { return BTreeSet::new() };
        let bad: BTreeSet<EndpointId> = offences.iter().filter(|o| o.by.is_empty()).map(|o| o.at).collect();
        let usable = context.graph.usable(&World::Normal, &[Dependence::Service], |id| !bad.contains(&id));
        let lost: BTreeSet<(String, String)> = after.newly_unserved(self.before).into_iter().collect();
        let tokens = (0..context.tokens.len()).filter(|t| person(context, *t).is_some_and(|p| lost.contains(&p)));
        let ways = tokens.filter_map(|token| context.graph.serving_witness(token, &usable));
        ways.flatten().filter_map(|step| step.route).collect()
    }

    /// How things would be without these routes.
    fn without(&self, routes: &[RouteId]) -> Outcome {
        Outcome::of(self.question, &as_if::without(self.context.snapshot, routes))
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
        self.after.as_ref().is_some_and(|a| a.verdict(rule).is_some_and(|(v, _)| *v == Verdict::Violated))
    }

    fn is_sound(&self, search: &Search<'_, '_, '_>) -> bool {
        self.after.as_ref().is_some_and(|after| after.breaks(search.before).is_empty())
    }

    fn does_harm(&self, search: &Search<'_, '_, '_>) -> bool {
        !self.is_sound(search) || self.takes_service(search)
    }

    fn takes_service(&self, search: &Search<'_, '_, '_>) -> bool {
        self.after.as_ref().is_some_and(|after| !after.newly_unserved(search.before).is_empty())
    }
}
