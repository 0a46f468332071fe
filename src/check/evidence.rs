//! What could not be told: gaps and the rules they may touch, and places that two sources tell differently.

use super::context::{Context, bits, intersects};
use super::describe::fingerprint;
use super::domains::relevant;
use super::placement::{Placement, Wanted, judge};
use super::recipient::{self, Fitness};
use super::scope::{Applies, Scope, from};
use super::unclassified;
use crate::finding::{Finding, GapResult, Severity, State, Verdict};
use crate::lang::{self, say};
use crate::model::{Activity, DataLimit, EndpointId, GapScope, Role, Route, Standing};
use crate::policy::{Demand, Doing};
use crate::reach::TokenSource;
use crate::source::Location;
use crate::vocab::classes::overlap;

/// Gaps, filled with the rules they touch as rules are checked.
pub struct Gaps<'a> {
    /// Those of the snapshot, then one for each of `unspoken`, then of `unclassified`.
    results: Vec<GapResult>,
    results_of_readers: usize,
    unspoken: Vec<Unspoken<'a>>,
    unclassified: Vec<EndpointId>,
}

/// A log that holds data of classes which people who come by there do not declare: nothing was followed along it.
struct Unspoken<'a> {
    route: &'a Route,
    classes: &'a [String],
    /// Their populations.
    populations: Vec<usize>,
}

impl<'a> Gaps<'a> {
    pub fn new(context: &Context<'a>) -> Self {
        let unspoken = unspoken(context);
        let mut results: Vec<GapResult> = context
            .snapshot
            .gaps
            .iter()
            .map(|g| GapResult {
                code: g.code,
                message: lang::read(g.message.clone()),
                help: g.help.clone().map(lang::read),
                location: g.location,
                touches: Vec::new(),
            })
            .collect();
        let results_of_readers = results.len();
        results.extend(unspoken.iter().map(|u| u.gap(context)));
        let unclassified = unclassified::find(context);
        results.extend(unclassified.iter().map(|id| unclassified::gap(context, *id)));
        Self { results, results_of_readers, unspoken, unclassified }
    }

    /// Marks the gaps that may change this rule's verdict; gives their lines. A gap at an endpoint may add ways from there, so
    /// it touches every rule whose data gets there in any state the rule is asked in. Rules on keys and on survival also ask
    /// what carries no data: whatever is depended on.
    pub fn touch(&mut self, context: &Context<'_>, scope: &Scope<'_>) -> Vec<Location> {
        let spread = context.spread(scope.worst_state());
        let reached = |id: EndpointId| intersects(spread.at(id), &scope.tokens);
        let asks_further = matches!(scope.rule.demand, Demand::Survive(_) | Demand::KeysIn(_));
        let needed = (asks_further && !context.snapshot.gaps.is_empty()).then(|| relevant(context, reached));
        let mut touching = Vec::new();
        for (gap, result) in context.snapshot.gaps.iter().zip(&mut self.results) {
            let touches = match &gap.scope {
                // What nobody declares to come in cannot come in by a file that was not read.
                GapScope::Everything => !matches!(scope.applies, Applies::Nobody(_)),
                GapScope::Nothing => false,
                GapScope::Endpoints(ids) => {
                    ids.iter().any(|id| needed.as_ref().map_or_else(|| reached(*id), |needed| needed[id.index()]))
                }
            };
            if touches {
                result.touches.push(scope.name.clone());
                touching.push(gap.location);
            }
        }
        let beyond = self.results.iter_mut().skip(self.results_of_readers);
        for (unspoken, result) in self.unspoken.iter().zip(beyond).filter(|(u, _)| u.matters_to(context, scope)) {
            result.touches.push(scope.name.clone());
            touching.push(unspoken.route.location);
        }
        let (_, of_stores) = self.results.split_at_mut(self.results_of_readers + self.unspoken.len());
        for store in unclassified::matter_to(context, scope, &self.unclassified) {
            of_stores[store].touches.push(scope.name.clone());
            touching.push(of_stores[store].location);
        }
        touching
    }

    /// A log or a store that no rule could mind is not worth a line.
    pub fn results(mut self) -> Vec<GapResult> {
        let mut n = 0;
        self.results.retain(|r| {
            n += 1;
            n <= self.results_of_readers || !r.touches.is_empty()
        });
        for result in &mut self.results {
            result.touches.sort_unstable();
        }
        self.results
    }
}

impl Unspoken<'_> {
    fn gap(&self, context: &Context<'_>) -> GapResult {
        let name = |id: EndpointId| &context.snapshot.endpoint(id).name;
        let people: Vec<String> =
            self.populations.iter().map(|p| format!("`{}`", context.snapshot.populations[*p].id)).collect();
        GapResult {
            code: "logged-and-undeclared",
            message: say!(
                "`{from}` logs requests of {people} to `{to}`, and what such a log holds ({classes}) is not all declared for them",
                from = name(self.route.from),
                people = lang::list(&people),
                to = name(self.route.to),
                classes = lang::list(self.classes)
            ),
            help: Some(say!("add these classes to the population's `data`, so that the log is followed too")),
            location: self.route.location,
            touches: Vec::new(),
        }
    }

    /// Whether a rule on places could be broken by the log, had its data been declared.
    fn matters_to(&self, context: &Context<'_>, scope: &Scope<'_>) -> bool {
        let rule = scope.rule;
        let wanted = match &rule.demand {
            Demand::OnlyIn(set) => Wanted::In(set),
            Demand::NeverIn(set) => Wanted::NotIn(set),
            Demand::Recipient => Wanted::Anywhere,
            _ => return false,
        };
        let kept = [Doing::Role(Role::Store), Doing::Route(Activity::Log)];
        let asked = rule.activity.is_empty() || rule.activity.iter().any(|d| kept.contains(d));
        let about = |class: &String| rule.data.is_empty() || rule.data.iter().any(|d| overlap(&d.value, class));
        let of_theirs = |p: &usize| {
            let population = &context.snapshot.populations[*p];
            let silent = self.classes.iter().any(|c| about(c) && !population.data.iter().any(|d| overlap(d, c)));
            silent && population.subject.countries().iter().any(|country| from(rule, *country))
        };
        let stands = |id: EndpointId| {
            let standpoint = &context.standpoints[context.standpoint(id)];
            context.has_place(id)
                && judge(context, standpoint, &wanted) == Placement::Inside
                && recipient::judge(context, standpoint, rule) == Fitness::Fit
        };
        let kept = kept_at(context, self.route.to);
        let inside = !kept.is_empty() && kept.into_iter().all(stands);
        asked && !inside && self.populations.iter().any(of_theirs)
    }
}

/// Where a log comes to rest: where it is sent, and from a name in a configuration wherever that leads.
fn kept_at(context: &Context<'_>, to: EndpointId) -> Vec<EndpointId> {
    let mut seen = vec![to];
    let mut kept = Vec::new();
    let mut next = vec![to];
    while let Some(id) = next.pop() {
        if context.snapshot.endpoint(id).standing != Standing::Logical {
            kept.push(id);
            continue;
        }
        for (_, route) in context.snapshot.routes_from(id).filter(|(_, r)| r.activity != Activity::Depend) {
            if !seen.contains(&route.to) {
                seen.push(route.to);
                next.push(route.to);
            }
        }
    }
    kept
}

fn unspoken<'a>(context: &Context<'a>) -> Vec<Unspoken<'a>> {
    let spread = context.spread(State::Loss);
    let logs = context.snapshot.routes.iter().filter_map(|route| match &route.data {
        DataLimit::Only(classes) if route.activity == Activity::Log && route.data_assumed => Some((route, classes.as_slice())),
        DataLimit::Only(_) | DataLimit::All => None,
    });
    let by_there = |route: &Route| -> Vec<usize> {
        let mut populations: Vec<usize> = bits(spread.at(route.from))
            .filter_map(|t| match context.tokens[t].source {
                TokenSource::Population(p) => Some(p),
                TokenSource::Holding(_) => None,
            })
            .collect();
        populations.sort_unstable();
        populations.dedup();
        populations
    };
    let silent = |p: &usize, classes: &[String]| {
        let declared = &context.snapshot.populations[*p].data;
        classes.iter().any(|c| !declared.iter().any(|d| overlap(d, c)))
    };
    // What comes together at a router was counted where it came from.
    let is_router = |id: EndpointId| {
        let endpoint = context.snapshot.endpoint(id);
        endpoint.standing == Standing::Logical && endpoint.kind == "log-router"
    };
    logs.filter(|(route, _)| !is_router(route.from))
        .map(|(route, classes)| {
            let populations = by_there(route).into_iter().filter(|p| silent(p, classes)).collect();
            Unspoken { route, classes, populations }
        })
        .filter(|u: &Unspoken<'_>| !u.populations.is_empty())
        .collect()
}

/// Endpoints that data reaches and whose place two trusted sources tell differently.
pub fn conflicts(context: &Context<'_>) -> Vec<Finding> {
    let spread = context.spread(State::Loss);
    let mut findings = Vec::new();
    for id in context.snapshot.endpoint_ids() {
        if !context.has_place(id) || !context.standpoints[context.standpoint(id)].conflict {
            continue;
        }
        let Some(token) = bits(spread.at(id)).next() else { continue };
        let Some(conflict) = context.geolocation(id).conflict else { continue };
        let endpoint = context.snapshot.endpoint(id);
        let steps = context.way(State::Loss, token, id);
        let path: Vec<_> = steps.iter().flatten().map(|s| context.hop(s)).collect();
        let message = say!("two sources disagree on where `{endpoint}` stands: {conflict}", endpoint = endpoint.name, conflict);
        let mut finding = Finding {
            help: Some(say!("correct the declaration that is wrong, or settle it with a [[geo.override]] that says why")),
            endpoint: endpoint.name.clone(),
            places: context.known_places(id),
            path,
            location: endpoint.locations.first().copied(),
            ..Finding::new("location-conflict", Severity::Medium, Verdict::Conflict, message)
        };
        finding.fingerprint = fingerprint(&finding);
        findings.push(finding);
    }
    findings
}
