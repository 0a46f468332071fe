//! Findings in words: the sentence, the path, the reason, the fingerprint. One place, so that all checks speak alike.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::context::{Arrival, Context};
use super::scope::{Scope, countries, from, people_in, under};
use crate::finding::{Finding, Hop, HopRoute, KnownPlace, Label, Path, State, Verdict, without_line};
use crate::geo::{Atlas, known_places};
use crate::lang::{self, Joint, Message, say};
use crate::model::{Country, Endpoint, EndpointId, Place, RouteId, RouteRole, Snapshot, Spill, Standing, Trail};
use crate::reach::{Step, TokenSource};
use crate::source::Location;
use crate::vocab::classes::may_be_personal;

/// What a check knows of a finding; [`finding`] adds the rest.
pub struct Draft<'d> {
    pub code: &'static str,
    pub verdict: Verdict,
    pub endpoint: EndpointId,
    /// Those that do it, mildest state; the first is shown.
    pub arrivals: &'d [Arrival],
    pub state: Option<State>,
    pub message: Message,
    pub help: Option<Message>,
    pub lost: Option<String>,
    pub labels: Vec<Label>,
}

pub fn finding(context: &Context<'_>, scope: &Scope<'_>, draft: Draft<'_>) -> Finding {
    let snapshot = context.snapshot;
    let endpoint = snapshot.endpoint(draft.endpoint);
    let steps = draft.arrivals.first().and_then(|a| steps(context, a, draft.endpoint, draft.state.unwrap_or(State::Loss)));
    let path: Path = steps.iter().flatten().map(|s| context.hop(s)).collect();
    let routes = || steps.iter().flatten().filter_map(|s| s.route).map(|r| snapshot.route(r));
    // The standby hop is what a reader must see, be it only another name; else how data got there last.
    let role = routes().rev().find(|r| r.role.is_standby()).or_else(|| routes().rev().find(|r| !r.alias)).map(|r| r.role);
    let conditions: Vec<Message> = path.iter().filter_map(|h| h.route.as_ref()?.condition.clone()).collect();
    let location = path.last().map(|h| h.location).or_else(|| endpoint.locations.first().copied());
    let (origin, data, populations) = whose(context, scope, draft.arrivals);
    let mut labels = draft.labels;
    labels.extend(holding_label(context, draft.arrivals));
    labels.extend(trails(snapshot, endpoint, &steps.unwrap_or_default()));
    let mut finding = Finding {
        rule: Some(scope.name.clone()),
        help: draft.help,
        why: Some(why(scope)),
        origin: origin.iter().map(ToString::to_string).collect(),
        data,
        populations,
        endpoint: endpoint.name.clone(),
        places: context.known_places(draft.endpoint),
        activity: draft.arrivals.first().map(|a| a.activity),
        role,
        state: draft.state,
        condition: (!conditions.is_empty()).then(|| lang::series(conditions, Joint::Semicolon)),
        lost: draft.lost,
        path,
        location,
        policy_location: Some(scope.rule.demand_location),
        labels,
        ..Finding::new(draft.code, scope.rule.severity, draft.verdict, draft.message)
    };
    finding.fingerprint = fingerprint(&finding);
    finding
}

/// The lines by which the place of an endpoint, and the targets on the way there, came to be what they are.
fn trails(snapshot: &Snapshot, endpoint: &Endpoint, steps: &[Step]) -> Vec<Label> {
    let routes = steps.iter().filter_map(|s| s.route).map(|r| &snapshot.route(r).trail);
    let mut labels: Vec<Label> = Vec::new();
    for step in std::iter::once(&endpoint.trail).chain(routes).flat_map(Trail::steps) {
        if labels.iter().all(|l| l.location != step.location) {
            labels.push(Label { location: step.location, text: lang::read(step.text.clone()) });
        }
    }
    labels
}

/// The way an arrival took.
fn steps(context: &Context<'_>, arrival: &Arrival, to: EndpointId, state: State) -> Option<Vec<Step>> {
    let Some(last) = arrival.via else { return context.way(state, arrival.token, to) };
    if !context.graph.moves(context.spread(state), last, arrival.token) {
        return None;
    }
    let mut steps = context.way(state, arrival.token, context.snapshot.route(last).from)?;
    steps.push(Step { endpoint: to, route: Some(last) });
    Some(steps)
}

/// What must be true for a route to carry: in its reader's words, else from the pool that it stands by in.
pub fn condition(snapshot: &Snapshot, route: RouteId) -> Option<Message> {
    let own = snapshot.route(route);
    if own.condition.is_some() {
        return own.condition.clone().map(lang::read);
    }
    let preferred = snapshot.preferred_to(own);
    let when = match &own.spill {
        Spill::Load => say!("down or full"),
        Spill::Failure(_) => say!("down"),
        Spill::Manual(_) => return preferred.map(|_| say!("when a person switches it over")),
        Spill::Never(_) => return None,
    };
    let from = &snapshot.endpoint(own.from).name;
    match preferred? {
        (1, one) => Some(say!(
            "when `{endpoint}`, which `{from}` prefers, is {when}",
            endpoint = snapshot.endpoint(one).name,
            from,
            when
        )),
        (2, _) => Some(say!("when both targets that `{from}` prefers are {when}", from, when)),
        (several, _) => Some(say!("when all {len} targets that `{from}` prefers are {when}", len = several, from, when)),
    }
}

/// One step of a witness, as reports show it.
pub fn hop(snapshot: &Snapshot, atlas: &Atlas, step: &Step) -> Hop {
    let endpoint = snapshot.endpoint(step.endpoint);
    let route = step.route.map(|r| snapshot.route(r));
    // A mere name has no place of its own.
    let placed = endpoint.standing != Standing::Logical;
    Hop {
        endpoint: endpoint.name.clone(),
        kind: endpoint.kind.clone(),
        route: route.map(|r| HopRoute {
            activity: r.activity.as_str(),
            role: r.role,
            priority: r.priority,
            condition: step.route.and_then(|id| condition(snapshot, id)),
        }),
        places: if placed { known_places(&atlas.locate_endpoint(snapshot, step.endpoint), atlas) } else { Vec::new() },
        location: route.map_or_else(|| made_at(endpoint), |r| r.location),
    }
}

/// Every endpoint has the line of the fact that created it.
pub fn made_at(endpoint: &Endpoint) -> Location {
    endpoint.locations.first().copied().expect("link gives every endpoint the line that names it")
}

/// Origins, classes and populations behind some arrivals, sorted; of joint data, the participants the rule is about.
pub fn whose(context: &Context<'_>, scope: &Scope<'_>, arrivals: &[Arrival]) -> (Vec<Country>, Vec<String>, Vec<String>) {
    let mut origins = Vec::new();
    let mut data = Vec::new();
    let mut populations = Vec::new();
    for arrival in arrivals {
        let token = &context.tokens[arrival.token];
        origins.extend(token.origins.iter().copied().filter(|o| from(scope.rule, *o) || token.origins.len() == 1));
        data.push(token.class.clone());
        if let TokenSource::Population(p) = token.source {
            populations.push(context.snapshot.populations[p].id.clone());
        }
    }
    origins.sort_unstable();
    origins.dedup();
    data.sort_unstable();
    data.dedup();
    populations.sort_unstable();
    populations.dedup();
    (origins, data, populations)
}

/// "communications.content of people in China".
pub fn subject_of(context: &Context<'_>, scope: &Scope<'_>, arrivals: &[Arrival]) -> Message {
    let (origins, data, _) = whose(context, scope, arrivals);
    let of_people = origins.is_empty() || data.iter().any(|d| may_be_personal(d));
    let whose = if of_people { people_in(&origins) } else { countries(&origins) };
    say!("{data} of {whose}", data = lang::list(&data), whose)
}

/// The `[[classify]]` entry that says what a store holds.
fn holding_label(context: &Context<'_>, arrivals: &[Arrival]) -> Option<Label> {
    arrivals.iter().find_map(|a| match context.tokens[a.token].source {
        TokenSource::Holding(h) => Some(Label {
            location: context.snapshot.holdings[h].location,
            text: say!("declared here to hold {class}", class = context.tokens[a.token].class),
        }),
        TokenSource::Population(_) => None,
    })
}

/// Title, citations, rationale.
pub fn why(scope: &Scope<'_>) -> Message {
    let mut text = scope.rule.title();
    for instrument in scope.pack.instruments.iter().filter(|i| scope.rule.instruments.contains(&i.id.value)) {
        text = say!("{text} - {citation}", text, citation = instrument.cited());
    }
    if let Some(read) = &scope.read {
        text = say!("{text} - {reading}", text, reading = under(read));
    }
    if let Some(rationale) = scope.rule.rationale() {
        text = say!("{text}. {rationale}", text, rationale);
    }
    text
}

/// "is stored at" and the like.
pub fn verb(activity: &str) -> Message {
    match activity {
        "store" => say!("is stored at"),
        "process" => say!("is processed at"),
        "keys" => say!("is held at"),
        "access" => say!("can be read at"),
        "replicate" => say!("is replicated to"),
        "backup" => say!("is backed up to"),
        "log" => say!("is logged to"),
        "mirror" => say!("is mirrored to"),
        "cache" => say!("is cached at"),
        _ => say!("passes through"),
    }
}

pub fn state_phrase(state: State) -> Message {
    match state {
        State::Normal => say!("in normal running"),
        State::Overload => say!("under overload"),
        State::Loss => say!("after a loss"),
    }
}

/// "in CN Beijing or HK", from places as known.
pub fn places_phrase(places: &[KnownPlace]) -> Message {
    let mut places: Vec<&Place> = places.iter().filter_map(|p| p.place.as_ref()).collect();
    places.sort_by_cached_key(ToString::to_string);
    places.dedup();
    if places.is_empty() {
        return say!("in an unknown place");
    }
    say!("in {places}", places = lang::series(places, Joint::EachOr))
}

/// What to do about a way that must not be there; `led`: whether a route leads there.
pub fn cut_help(role: Option<RouteRole>, led: bool, endpoint: &str, allowed: &Message) -> Message {
    match role {
        None if !led => say!("move `{endpoint}` to a place {allowed}, or keep the data out of it", endpoint, allowed),
        Some(RouteRole::Failover | RouteRole::Overflow | RouteRole::Manual) => {
            say!("remove `{endpoint}` from the standby targets, or replace it by one {allowed}", endpoint, allowed)
        }
        _ => say!("move `{endpoint}` to a place {allowed}, or remove the route that leads there", endpoint, allowed),
    }
}

/// Names, not lines: survives moved lines, renamed and reordered files.
pub fn fingerprint(finding: &Finding) -> String {
    let mut hash = Sha256::new();
    let mut feed = |text: &str| {
        let text = without_line(text);
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    feed(finding.code);
    feed(finding.rule.as_deref().unwrap_or(""));
    feed(&finding.endpoint);
    feed(finding.lost.as_deref().unwrap_or(""));
    feed(finding.activity.unwrap_or(""));
    for word in finding.origin.iter().chain(&finding.data).chain(&finding.with_rules) {
        feed(word);
    }
    for hop in &finding.path {
        feed(&hop.endpoint);
        feed(hop.route.as_ref().map_or("", |r| r.activity));
        feed(hop.route.as_ref().map_or("", |r| r.role.as_str()));
    }
    short(hash)
}

fn short(hash: Sha256) -> String {
    hash.finalize().iter().take(12).map(|b| format!("{b:02x}")).collect()
}

/// Findings that differ in words only (two domains that one copy shares) are counted through, so that none passes for another.
/// Expects them in their final order.
pub fn tell_apart(findings: &mut [Finding]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for finding in findings {
        let again = seen.entry(finding.fingerprint.clone()).or_default();
        *again += 1;
        if *again > 1 {
            finding.fingerprint = short(Sha256::new().chain_update(&finding.fingerprint).chain_update(again.to_le_bytes()));
        }
    }
}
