//! `only-in`, `never-in`, `first-in`, `nexus`: data that arrives where it must not, or where it cannot be told.

use super::context::{Arrival, Context, bits};
use super::describe::{Draft, cut_help, finding, places_phrase, state_phrase, subject_of, verb};
use super::placement::{Placement, Wanted, judge, judge_all};
use super::scope::Scope;
use super::states;
use super::together::Suppressed;
use crate::finding::{Finding, Label, State, Verdict};
use crate::model::{Activity, Address, EndpointId, Role};
use crate::policy::{Combine, Demand, Doing};
use crate::reach::{Spread, World};
use crate::vocab::places::PlaceSet;

pub fn check(context: &Context<'_>, scope: &Scope<'_>, suppressed: &Suppressed<'_>) -> Vec<Finding> {
    match &scope.rule.demand {
        Demand::OnlyIn(set) if scope.rule.combine == Combine::Nexus => per_token(context, scope, suppressed, &set.names),
        Demand::OnlyIn(set) => all_tokens(context, scope, &Asked::only_in(set), suppressed),
        Demand::NeverIn(set) => all_tokens(context, scope, &Asked::never_in(set), suppressed),
        Demand::FirstIn(set) => first_stores(context, scope, set, suppressed),
        Demand::Nexus => per_token(context, scope, suppressed, &[]),
        Demand::ReturnWithin { .. }
        | Demand::CopyIn { .. }
        | Demand::RetainIn { .. }
        | Demand::KeysIn(_)
        | Demand::Survive(_)
        | Demand::Separate { .. } => Vec::new(),
    }
}

/// A demand on places, with the words for it.
struct Asked<'s> {
    wanted: Wanted<'s>,
    code: &'static str,
    /// "inside @us-all".
    allowed: String,
}

impl<'s> Asked<'s> {
    fn only_in(set: &'s PlaceSet) -> Self {
        Self { wanted: Wanted::In(set), code: "data-leaves-boundary", allowed: format!("inside {}", set.names.join(", ")) }
    }

    fn never_in(set: &'s PlaceSet) -> Self {
        Self {
            wanted: Wanted::NotIn(set),
            code: "data-in-forbidden-place",
            allowed: format!("outside {}", set.names.join(", ")),
        }
    }
}

fn all_tokens(context: &Context<'_>, scope: &Scope<'_>, asked: &Asked<'_>, suppressed: &Suppressed<'_>) -> Vec<Finding> {
    let placements = judge_all(context, &asked.wanted);
    let spreads: Vec<(State, &Spread)> = states(scope).map(|s| (s, context.spread(s))).collect();
    find(context, scope, asked, &placements, &spreads, &scope.tokens, &scope.rule.activity, suppressed)
}

/// Sets that depend on who takes part: each token is judged by its own.
fn per_token(context: &Context<'_>, scope: &Scope<'_>, suppressed: &Suppressed<'_>, base: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for token in bits(&scope.tokens) {
        let mut words = base.to_vec();
        words.extend(context.tokens[token].origins.iter().map(ToString::to_string));
        let set = match PlaceSet::resolve(&words, context.as_of) {
            Ok(set) => set,
            // Codes of populations were checked when they were read; a set of nothing allows nothing.
            Err(_) => PlaceSet::default(),
        };
        let asked = Asked { code: "no-nexus", ..Asked::only_in(&set) };
        let placements: Vec<Placement> = context.standpoints.iter().map(|s| judge(context, s, &asked.wanted)).collect();
        let mut only = vec![0_u64; scope.tokens.len()];
        super::context::set(&mut only, token);
        let spreads: Vec<(State, &Spread)> = states(scope).map(|s| (s, context.spread(s))).collect();
        findings.extend(find(context, scope, &asked, &placements, &spreads, &only, &scope.rule.activity, suppressed));
    }
    findings
}

/// Data may go on from its first store; where it is first written is what counts.
fn first_stores(context: &Context<'_>, scope: &Scope<'_>, set: &PlaceSet, suppressed: &Suppressed<'_>) -> Vec<Finding> {
    let asked = Asked { code: "first-store-elsewhere", ..Asked::only_in(set) };
    let placements = judge_all(context, &asked.wanted);
    let is_store = |id: EndpointId| context.snapshot.endpoint(id).roles.contains(Role::Store);
    let spreads: Vec<(State, Spread)> = states(scope)
        .map(|state| {
            let world = match state {
                State::Normal => World::Normal,
                State::Overload => World::Overload,
                State::Loss => World::Any,
            };
            (state, context.graph.spread_until(&world, is_store))
        })
        .collect();
    let spreads: Vec<(State, &Spread)> = spreads.iter().map(|(s, spread)| (*s, spread)).collect();
    find(context, scope, &asked, &placements, &spreads, &scope.tokens, &[Doing::Role(Role::Store)], suppressed)
}

#[expect(clippy::too_many_arguments, reason = "the question in full: who, what, where, when; each caller varies two of them")]
fn find(
    context: &Context<'_>,
    scope: &Scope<'_>,
    asked: &Asked<'_>,
    placements: &[Placement],
    spreads: &[(State, &Spread)],
    tokens: &[u64],
    doing: &[Doing],
    suppressed: &Suppressed<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for id in context.snapshot.endpoint_ids() {
        let placed = context.has_place(id);
        let placement = &placements[context.standpoint(id)];
        if placed && *placement == Placement::Inside {
            continue;
        }
        // A name that leads nowhere may lead anywhere, whatever the rule asks it to do there.
        if !placed && (leads_on(context, id) || !spreads.iter().any(|(_, s)| reaches(s, id, tokens))) {
            continue;
        }
        for (state, spread) in spreads {
            let mut arrivals = context.arrivals(id, spread, tokens, if placed { doing } else { &[] });
            arrivals.retain(|a| !suppressed.covers(a.token, a.activity));
            if arrivals.is_empty() {
                continue;
            }
            findings.push(one(context, scope, asked, id, placed.then_some(placement), &arrivals, *state));
            break;
        }
    }
    findings
}

fn reaches(spread: &Spread, id: EndpointId, tokens: &[u64]) -> bool {
    spread.at(id).iter().zip(tokens).any(|(a, b)| a & b != 0)
}

fn leads_on(context: &Context<'_>, id: EndpointId) -> bool {
    context.snapshot.routes_from(id).any(|(_, r)| r.activity != Activity::Depend)
}

fn one(
    context: &Context<'_>,
    scope: &Scope<'_>,
    asked: &Asked<'_>,
    id: EndpointId,
    placement: Option<&Placement>,
    arrivals: &[Arrival],
    state: State,
) -> Finding {
    let name = &context.snapshot.endpoint(id).name;
    let subject = subject_of(context, scope, arrivals);
    let does = verb(arrivals[0].activity);
    let when = state_phrase(state);
    let (code, verdict, message, help) = match placement {
        Some(Placement::Outside(places)) => {
            let places: Vec<String> = places.iter().map(ToString::to_string).collect();
            let message = format!("{subject} {does} `{name}` in {} {when}", places.join(" or "));
            (asked.code, Verdict::Violated, message, None)
        }
        Some(Placement::Weak(why)) => {
            let places = places_phrase(&context.known_places(id));
            let message = format!("{subject} {does} `{name}` {places} {when}, but {why}");
            let help = format!("declare where `{name}` stands (a site with its network, a region, or a [[geo.override]])");
            ("place-weakly-known", Verdict::Indeterminate, message, Some(help))
        }
        Some(Placement::Unknown(_) | Placement::Inside) => {
            let geo = context.geolocation(id);
            let told = match placement {
                Some(Placement::Unknown(Some(why))) => Some(why.clone()),
                _ => geo.conflict.clone().or_else(|| geo.unknown.clone()),
            };
            let why = told.unwrap_or_else(|| "nothing that was read says where it stands".into());
            let message = format!("{subject} {does} `{name}` {when}, and where that is cannot be told: {why}");
            let help = format!(
                "declare where `{name}` stands: a [[site]] with its network, `site = ...`, a provider's region, or a [[geo.override]]"
            );
            ("place-unknown", Verdict::Indeterminate, message, Some(help))
        }
        None => {
            let message = format!("{subject} reaches the name `{name}` {when}, which leads nowhere that was read");
            let help = format!("add the file that says what `{name}` is (a DNS zone, a hosts file, an inventory entry)");
            ("place-unknown", Verdict::Indeterminate, message, Some(help))
        }
    };
    let mut finding = finding(
        context,
        scope,
        Draft { code, verdict, endpoint: id, arrivals, state: Some(state), message, help, lost: None, labels: Vec::new() },
    );
    if finding.help.is_none() {
        finding.help = Some(cut_help(finding.role, name, &asked.allowed));
    }
    if let Some(address) = placement.and_then(|p| culprit(context, id, p)) {
        // Where data enters there is no route to show; else the route's line stays, and the address is pointed at beside it.
        if finding.path.len() == 1 {
            finding.location = Some(address.location);
        } else {
            let text = format!("this address of `{name}` is the one");
            finding.labels.push(Label { location: address.location, text });
        }
    }
    finding
}

/// Of several addresses, the first one that is not where it should be.
fn culprit(context: &Context<'_>, id: EndpointId, placement: &Placement) -> Option<Address> {
    let endpoint = context.snapshot.endpoint(id);
    if endpoint.addresses.len() < 2 || !endpoint.stands_with.is_empty() {
        return None;
    }
    let mut located = endpoint.addresses.iter().map(|a| (a, context.atlas.locate_address(a.ip, endpoint.scope.as_deref())));
    let wrong = located.find(|(_, geo)| match placement {
        Placement::Outside(places) => geo.places.iter().any(|p| places.contains(p)),
        Placement::Unknown(_) => geo.places.is_empty(),
        Placement::Weak(_) | Placement::Inside => false,
    });
    wrong.map(|(a, _)| *a)
}
