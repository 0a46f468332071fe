//! Rules that exclude each other for data of people from several places: no store can satisfy a rule that keeps it in one
//! country and a rule that keeps it in another. Such a demand is *unsatisfiable*, and names its partner.

use std::cell::Cell;

use super::context::{Arrival, Context};
use super::describe::{Draft, finding};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::{Applies, Scope, people_in};
use crate::finding::{Finding, State, Verdict};
use crate::lang::{self, Joint, Message, say};
use crate::model::{Country, EndpointId, Role};
use crate::policy::{Combine, Demand, Doing};
use crate::vocab::classes::overlap;
use crate::vocab::places::PlaceSet;

/// Two rules that no place satisfies together for a joint token.
struct Pair {
    token: usize,
    /// Indices of scopes; the first combines by intersection.
    rules: [usize; 2],
    /// What both forbid elsewhere.
    doing: Vec<Doing>,
    /// Where such data is, as far as reached.
    at: EndpointId,
    arrival: Arrival,
    state: State,
}

pub struct Together {
    pairs: Vec<Pair>,
    hits: Vec<Cell<bool>>,
}

/// Arrivals that an unsatisfiable pair already speaks for.
pub struct Suppressed<'t> {
    tokens: Vec<(usize, &'t [Doing])>,
    hit: &'t Cell<bool>,
}

impl Suppressed<'_> {
    pub fn covers(&self, token: usize, activity: &str) -> bool {
        let covered = self.tokens.iter().any(|(t, doing)| *t == token && doing.iter().any(|d| word(*d) == activity));
        if covered {
            self.hit.set(true);
        }
        covered
    }
}

fn word(doing: Doing) -> &'static str {
    match doing {
        Doing::Role(role) => role.as_str(),
        Doing::Route(activity) => activity.as_str(),
    }
}

pub fn find(context: &Context<'_>, scopes: &[Scope<'_>]) -> Together {
    let mut pairs = Vec::new();
    for (t, token) in context.tokens.iter().enumerate().filter(|(_, t)| t.joint) {
        let bound: Vec<(usize, &PlaceSet)> = scopes
            .iter()
            .enumerate()
            .filter(|(_, s)| matches!(s.applies, Applies::Yes) && s.mechanisms.is_empty())
            .filter(|(_, s)| s.rule.data.is_empty() || s.rule.data.iter().any(|d| overlap(&d.value, &token.class)))
            .filter(|(_, s)| token.origins.iter().any(|o| super::scope::from(s.rule, *o)))
            .filter_map(|(i, s)| match &s.rule.demand {
                Demand::OnlyIn(set) => Some((i, set)),
                _ => None,
            })
            .collect();
        for (a, set_a) in &bound {
            for (b, set_b) in bound.iter().filter(|(b, _)| b != a) {
                let (rule_a, rule_b) = (scopes[*a].rule, scopes[*b].rule);
                // Each rule of a pair that intersects gets its own finding; the other is named there.
                if rule_a.combine != Combine::Intersection || PlaceSet::overlap(&[set_a, set_b]) {
                    continue;
                }
                let Some(doing) = shared(&rule_a.activity, &rule_b.activity) else { continue };
                let mut only = vec![0_u64; context.tokens.len().div_ceil(64)];
                super::context::set(&mut only, t);
                let first = rule_a.state.iter().find_map(|state| {
                    let spread = context.spread(*state);
                    context.snapshot.endpoint_ids().filter(|id| context.has_place(*id)).find_map(|id| {
                        let arrival = context.arrivals(id, spread, &only, &doing).into_iter().next()?;
                        Some((id, arrival, *state))
                    })
                });
                if let Some((at, arrival, state)) = first {
                    pairs.push(Pair { token: t, rules: [*a, *b], doing, at, arrival, state });
                }
            }
        }
    }
    Together { pairs, hits: scopes.iter().map(|_| Cell::new(false)).collect() }
}

/// What both rules say of keeping; `None` if one of them is not about stores. A rule on ways or on reading can be met by not
/// going there; what is kept must be kept somewhere.
fn shared(a: &[Doing], b: &[Doing]) -> Option<Vec<Doing>> {
    let store = Doing::Role(Role::Store);
    let about_stores = |doing: &[Doing]| doing.is_empty() || doing.contains(&store);
    (about_stores(a) && about_stores(b)).then(|| vec![store])
}

impl Together {
    /// Arrivals of rule `i` that a pair speaks for: the joint data itself, and its parts.
    pub fn suppressed(&self, context: &Context<'_>, i: usize) -> Suppressed<'_> {
        let mut tokens = Vec::new();
        for pair in self.pairs.iter().filter(|p| p.rules.contains(&i)) {
            tokens.push((pair.token, pair.doing.as_slice()));
            let parts = context.tokens.iter().enumerate().filter(|(_, t)| t.part_of.is_some_and(|j| j as usize == pair.token));
            tokens.extend(parts.map(|(p, _)| (p, pair.doing.as_slice())));
        }
        Suppressed { tokens, hit: &self.hits[i] }
    }

    /// Rule `i` intersects and cannot be met, or would be broken by data that a pair speaks for.
    pub fn unsatisfiable(&self, i: usize) -> bool {
        self.pairs.iter().any(|p| p.rules[0] == i) || self.hits[i].get()
    }

    /// One finding per partner of rule `i`.
    pub fn findings(&self, context: &Context<'_>, scopes: &[Scope<'_>], i: usize) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for pair in self.pairs.iter().filter(|p| p.rules[0] == i) {
            let (own, other) = (&scopes[i], &scopes[pair.rules[1]]);
            let token = &context.tokens[pair.token];
            let message = say!(
                "{data} of {people} together cannot be kept anywhere: `{own}` allows only {own_places}, `{other}` allows only {other_places}",
                data = token.class,
                people = people_in(&token.origins),
                own = own.name,
                own_places = allowed(own),
                other = other.name,
                other_places = allowed(other)
            );
            let help = choices(context, &token.origins, own, other);
            let mut found = finding(
                context,
                own,
                Draft {
                    code: "unsatisfiable-together",
                    verdict: Verdict::Unsatisfiable,
                    endpoint: pair.at,
                    arrivals: std::slice::from_ref(&pair.arrival),
                    state: Some(pair.state),
                    message,
                    help: Some(help),
                    lost: None,
                    labels: vec![crate::finding::Label {
                        location: other.rule.demand_location,
                        text: say!("`{other}` asks for this", other = other.name),
                    }],
                },
            );
            found.with_rules = vec![other.name.clone()];
            found.origin = token.origins.iter().map(ToString::to_string).collect();
            found.fingerprint = super::describe::fingerprint(&found);
            if !findings.iter().any(|f| f.with_rules == found.with_rules && f.data == found.data) {
                findings.push(found);
            }
        }
        findings
    }
}

/// How data of several people can be judged, told of this case.
fn choices(context: &Context<'_>, people: &[Country], own: &Scope<'_>, other: &Scope<'_>) -> Message {
    let stores = |scope: &Scope<'_>| {
        let Demand::OnlyIn(set) = &scope.rule.demand else { return Message::default() };
        let placements = judge_all(context, &Wanted::In(set));
        let is_store = |id: &EndpointId| {
            context.snapshot.endpoint(*id).roles.contains(Role::Store)
                && context.has_place(*id)
                && placements[context.standpoint(*id)] == Placement::Inside
        };
        let names: Vec<String> = context
            .snapshot
            .endpoint_ids()
            .filter(is_store)
            .take(2)
            .map(|id| format!("`{}`", context.snapshot.endpoint(id).name))
            .collect();
        let names = if names.is_empty() { say!("none yet") } else { lang::list(names) };
        say!("for {allowed} {names}", allowed = allowed(scope), names)
    };
    let people: Vec<&str> = people.iter().map(Country::as_str).collect();
    say!(
        "choose with `combine` how data is judged that people of {people} share: `intersection`, as now, wants a place that both rules allow, and there is none; \
         `per-subject`: each person's part by their own rules, with routes by `origin` to a store for each ({own_stores}; {other_stores}); \
         `nexus`: wherever one of them belongs, so in {homes}; \
         `controller`: the law of whoever controls the data decides for all of it, so `{own}` or `{other}` alone; or do not keep such data",
        people = lang::series(&people, Joint::EachAnd),
        own_stores = stores(own),
        other_stores = stores(other),
        homes = lang::series(&people, Joint::EachOr),
        own = own.name,
        other = other.name
    )
}

fn allowed(scope: &Scope<'_>) -> Message {
    match &scope.rule.demand {
        Demand::OnlyIn(set) => lang::list(&set.names),
        _ => Message::default(),
    }
}
