//! `survive`: after each loss, serving paths, full copies and what they depend on remain, inside the place set.
//!
//! Asked twice: once with everything that is not known counted as lost or outside, once with it counted as up and inside. If
//! the first holds the rule is satisfied; if the second fails it is violated; in between it cannot be told.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Arrival, Context, bits, intersects};
use super::describe::{Draft, finding, subject_of};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::Scope;
use crate::finding::{Finding, State, Verdict};
use crate::model::{Activity, Dependence, DomainKind, EndpointId, LossDomain, Role};
use crate::policy::{Keep, Survive};
use crate::reach::World;

/// Losses of several at once are asked one combination at a time, up to this many.
const MOST_COMBINATIONS: usize = 20_000;

pub fn check(context: &Context<'_>, scope: &Scope<'_>, survive: &Survive) -> Vec<Finding> {
    let within: Vec<Placement> = match &survive.within {
        Some(set) => judge_all(context, &Wanted::In(set)),
        None => vec![Placement::Inside; context.standpoints.len()],
    };
    let domains = Domains::new(context, scope, survive.loss_of);
    let mut findings = Vec::new();
    let mut asked = Asked { context, scope, survive, within: &within, domains: &domains };
    // What does not serve with nothing lost cannot survive a loss; one finding says it for all.
    if let Some(found) = asked.after(&[]) {
        return vec![found];
    }
    let Some(losses) = combinations(&domains.names, survive.count as usize) else {
        return vec![asked.too_many()];
    };
    for loss in &losses {
        findings.extend(asked.after(loss));
    }
    if losses.is_empty() && domains.undeclared.contains(&true) {
        // Nobody declared what can be lost: everything may be lost at once.
        findings.extend(asked.after_unknown());
    }
    findings
}

/// Every set of `count` domains; `None` if there are too many to ask.
fn combinations(names: &[LossDomain], count: usize) -> Option<Vec<Vec<LossDomain>>> {
    let count = count.max(1);
    let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..count.min(names.len()) {
        let mut next = Vec::new();
        for set in &sets {
            let from = set.last().map_or(0, |l| l + 1);
            for i in from..names.len() {
                let mut longer = set.clone();
                longer.push(i);
                next.push(longer);
            }
            if next.len() > MOST_COMBINATIONS {
                return None;
            }
        }
        sets = next;
    }
    Some(sets.into_iter().filter(|s| !s.is_empty()).map(|s| s.into_iter().map(|i| names[i].clone()).collect()).collect())
}

/// The things of one kind that can be lost, and what each endpoint has to do with them.
struct Domains {
    names: Vec<LossDomain>,
    /// Endpoints whose domain of this kind nobody declared.
    undeclared: Vec<bool>,
}

impl Domains {
    fn new(context: &Context<'_>, scope: &Scope<'_>, kind: DomainKind) -> Self {
        let snapshot = context.snapshot;
        let spread = context.spread(State::Loss);
        let mut names: BTreeSet<LossDomain> = BTreeSet::new();
        let mut undeclared = vec![false; snapshot.endpoints.len()];
        let relevant = relevant(context, |id| intersects(spread.at(id), &scope.tokens));
        for id in snapshot.endpoint_ids().filter(|id| context.has_place(*id) && relevant[id.index()]) {
            let domains = snapshot.domains_of(id);
            let own: Vec<&LossDomain> = domains.iter().filter(|d| d.kind == kind).collect();
            if !own.is_empty() {
                names.extend(own.into_iter().cloned());
                continue;
            }
            // In several sites: no single one takes it down, so no domain of its own, yet nothing unknown either.
            let sites = snapshot.sites_of(id);
            if sites.len() > 1 && sites.iter().all(|s| snapshot.site_domains(*s).iter().any(|d| d.kind == kind)) {
                names.extend(sites.iter().flat_map(|s| snapshot.site_domains(*s)).filter(|d| d.kind == kind));
                continue;
            }
            // A cloud region holds its sites: losing one of them takes down at most the region's endpoints.
            let within_region = matches!(kind, DomainKind::Zone | DomainKind::Site | DomainKind::Campus | DomainKind::Metro);
            match domains.iter().find(|d| d.kind == DomainKind::Region).filter(|_| within_region) {
                Some(region) => {
                    names.insert(region.clone());
                }
                None => undeclared[id.index()] = true,
            }
        }
        Self { names: names.into_iter().collect(), undeclared }
    }
}

/// What the tokens reach, and whatever that depends on.
fn relevant(context: &Context<'_>, reached: impl Fn(EndpointId) -> bool) -> Vec<bool> {
    let snapshot = context.snapshot;
    let mut relevant: Vec<bool> = snapshot.endpoint_ids().map(&reached).collect();
    let mut stack: Vec<EndpointId> = snapshot.endpoint_ids().filter(|id| relevant[id.index()]).collect();
    while let Some(id) = stack.pop() {
        let needs =
            snapshot.routes_from(id).filter(|(_, r)| matches!(r.activity, Activity::Depend | Activity::Keys) || !reached(id));
        for (_, route) in needs {
            if !relevant[route.to.index()] {
                relevant[route.to.index()] = true;
                stack.push(route.to);
            }
        }
    }
    relevant
}

struct Asked<'a, 'c> {
    context: &'a Context<'c>,
    scope: &'a Scope<'c>,
    survive: &'a Survive,
    within: &'a [Placement],
    domains: &'a Domains,
}

/// What is missing after a loss, by what was to be kept, for some tokens.
type Missing = BTreeMap<Keep, Vec<usize>>;

impl Asked<'_, '_> {
    /// `None`: all that is to be kept remains.
    fn after(&mut self, loss: &[LossDomain]) -> Option<Finding> {
        let cautious = self.missing(loss, true, !loss.is_empty());
        if cautious.is_empty() {
            return None;
        }
        let hopeful = self.missing(loss, false, false);
        let (verdict, missing) =
            if hopeful.is_empty() { (Verdict::Indeterminate, cautious) } else { (Verdict::Violated, hopeful) };
        Some(self.finding(loss, verdict, &missing))
    }

    fn after_unknown(&mut self) -> Option<Finding> {
        let missing = self.missing(&[], true, true);
        (!missing.is_empty()).then(|| self.finding(&[], Verdict::Indeterminate, &missing))
    }

    /// With `cautious`, what is not known counts as outside; with `undeclared_down`, what may share the loss counts as lost.
    fn missing(&self, loss: &[LossDomain], cautious: bool, undeclared_down: bool) -> Missing {
        let (context, snapshot) = (self.context, self.context.snapshot);
        let inside = |id: EndpointId| {
            if !context.has_place(id) {
                return true;
            }
            let known = match &self.within[context.standpoint(id)] {
                Placement::Inside => true,
                Placement::Outside(_) => false,
                Placement::Unknown(_) | Placement::Weak(_) => !cautious,
            };
            known && !(undeclared_down && self.domains.undeclared[id.index()])
        };
        let world = World::Loss(loss.to_vec());
        let mut purposes = vec![Dependence::Service];
        let mut missing = Missing::new();
        let tokens: Vec<usize> = bits(&self.scope.tokens).collect();
        for keep in &self.survive.keep {
            let usable = match keep {
                Keep::ServingPath | Keep::FullCopy => context.graph.usable(&world, &purposes, &inside),
                Keep::Identity | Keep::Dns | Keep::Keys => {
                    let purpose = match keep {
                        Keep::Identity => Dependence::Identity,
                        Keep::Dns => Dependence::Dns,
                        _ => Dependence::Keys,
                    };
                    purposes.push(purpose);
                    let usable = context.graph.usable(&world, &purposes, &inside);
                    purposes.pop();
                    usable
                }
            };
            let served = context.graph.served(&usable);
            for token in &tokens {
                let kept = match keep {
                    Keep::ServingPath | Keep::Identity | Keep::Dns => served[*token],
                    Keep::Keys => served[*token] && self.keys_remain(*token, |id| usable.strict(id)),
                    Keep::FullCopy => snapshot.endpoint_ids().any(|id| {
                        snapshot.endpoint(id).roles.contains(Role::Store)
                            && context.spread(State::Normal).has(id, *token)
                            && usable.strict(id)
                            && (!cautious || !usable.uncertain(id))
                    }),
                };
                // An endpoint whose site is only guessed at may be the lost one.
                let sure = !cautious || !context.tokens[*token].starts.iter().all(|s| usable.uncertain(*s));
                if !kept || !sure {
                    missing.entry(*keep).or_default().push(*token);
                }
            }
        }
        missing
    }

    /// Every pool of `keys` routes on the token's way has a usable holder.
    fn keys_remain(&self, token: usize, usable: impl Fn(EndpointId) -> bool) -> bool {
        let snapshot = self.context.snapshot;
        let spread = self.context.spread(State::Normal);
        snapshot.endpoint_ids().filter(|id| spread.has(*id, token) && usable(*id)).all(|id| {
            let mut pools: BTreeMap<u32, bool> = BTreeMap::new();
            for (_, route) in snapshot.routes_from(id).filter(|(_, r)| r.activity == Activity::Keys) {
                *pools.entry(route.pool).or_default() |= usable(route.to);
            }
            pools.values().all(|answered| *answered)
        })
    }

    fn finding(&self, loss: &[LossDomain], verdict: Verdict, missing: &Missing) -> Finding {
        let context = self.context;
        let tokens: BTreeSet<usize> = missing.values().flatten().copied().collect();
        let arrivals: Vec<Arrival> = tokens.iter().map(|t| Arrival { token: *t, via: None, activity: "transit" }).collect();
        let start = arrivals.first().and_then(|a| context.tokens[a.token].starts.first().copied()).unwrap_or(EndpointId(0));
        let lost: Vec<String> = loss.iter().map(ToString::to_string).collect();
        let subject = subject_of(context, self.scope, &arrivals);
        let kept: Vec<&str> = missing.keys().map(|k| keep_phrase(*k)).collect();
        let within = self.survive.within.as_ref().map(|w| format!(" inside {}", w.names.join(", "))).unwrap_or_default();
        let after = if lost.is_empty() { "with nothing lost".to_owned() } else { format!("losing {}", lost.join(" and ")) };
        let message = match verdict {
            Verdict::Violated if lost.is_empty() => format!("even {after}, {subject} has {}{within}", kept.join(", ")),
            Verdict::Violated => format!("{after} leaves {} for {subject}{within}", kept.join(", ")),
            _ if lost.is_empty() => format!(
                "whether losing one {} leaves a way to serve {subject}{within} cannot be told: {}",
                self.survive.loss_of.as_str(),
                self.unknowns()
            ),
            _ => format!("whether {after} leaves a way to serve {subject}{within} cannot be told: {}", self.unknowns()),
        };
        // The endpoint that goes down on the token's normal way is the one to look at.
        let down = loss.first().and_then(|_| self.down_on_the_way(loss, &tokens)).unwrap_or(start);
        let help = match verdict {
            Verdict::Violated if lost.is_empty() => format!("declare the routes that serve this data{within}"),
            Verdict::Violated => format!(
                "give `{}` a stand-in{within} that does not share {}",
                context.snapshot.endpoint(down).name,
                lost.join(", ")
            ),
            _ => "declare site, region or place of the endpoints named".into(),
        };
        finding(
            context,
            self.scope,
            Draft {
                code: "not-surviving",
                verdict,
                endpoint: down,
                arrivals: &arrivals,
                state: Some(if lost.is_empty() { State::Normal } else { State::Loss }),
                message,
                help: Some(help),
                lost: (!lost.is_empty()).then(|| lost.join(",")),
                labels: Vec::new(),
            },
        )
    }

    /// The endpoint nearest to where the first token enters that the loss takes down.
    fn down_on_the_way(&self, loss: &[LossDomain], tokens: &BTreeSet<usize>) -> Option<EndpointId> {
        let context = self.context;
        let spread = context.spread(State::Normal);
        let token = *tokens.first()?;
        let paths = context.graph.paths(spread, token);
        let down =
            |id: &EndpointId| context.has_place(*id) && context.snapshot.domains_of(*id).iter().any(|d| loss.contains(d));
        let reached = context.snapshot.endpoint_ids().filter(|id| spread.has(*id, token)).filter(down);
        reached.min_by_key(|id| (paths.to(*id).map_or(usize::MAX, |steps| steps.len()), *id))
    }

    /// Endpoints on the way whose place or domain nobody declared.
    fn unknowns(&self) -> String {
        let context = self.context;
        let spread = context.spread(State::Loss);
        let mut names: Vec<&str> = context
            .snapshot
            .endpoint_ids()
            .filter(|id| context.has_place(*id) && spread.at(*id).iter().zip(&self.scope.tokens).any(|(a, b)| a & b != 0))
            .filter(|id| {
                self.domains.undeclared[id.index()]
                    || matches!(self.within[context.standpoint(*id)], Placement::Unknown(_) | Placement::Weak(_))
            })
            .map(|id| context.snapshot.endpoint(id).name.as_str())
            .collect();
        let more = names.len().saturating_sub(3);
        names.truncate(3);
        let list = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        let kind = self.survive.loss_of.as_str();
        match more {
            0 => format!("the {kind} or the place of {list} is not declared"),
            n => format!("the {kind} or the place of {list} and {n} more is not declared"),
        }
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
        finding(
            self.context,
            self.scope,
            Draft {
                code: "not-surviving",
                verdict: Verdict::Indeterminate,
                endpoint: start,
                arrivals: &[],
                state: Some(State::Loss),
                message,
                help: Some("ask for a smaller `count`, or for a wider kind of domain".into()),
                lost: None,
                labels: Vec::new(),
            },
        )
    }
}

fn keep_phrase(keep: Keep) -> &'static str {
    match keep {
        Keep::ServingPath => "no serving path",
        Keep::FullCopy => "no full copy",
        Keep::Identity => "no login",
        Keep::Keys => "no keys",
        Keep::Dns => "no name service",
    }
}
