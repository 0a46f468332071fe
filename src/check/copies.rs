//! `copy-in`, `retain-in`, `return-within`: what must be kept somewhere, how long, or come back.

use super::context::{Arrival, Context, bits};
use super::describe::{Draft, finding, places_phrase, subject_of};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::Scope;
use crate::finding::{Finding, State, Verdict};
use crate::model::{EndpointId, Role};
use crate::policy::Doing;
use crate::vocab::places::PlaceSet;

/// A store that the rule's data gets to.
pub struct Store {
    pub id: EndpointId,
    pub arrivals: Vec<Arrival>,
}

pub fn stores(context: &Context<'_>, wanted: &[u64], state: State) -> Vec<Store> {
    let doing = [Doing::Role(Role::Store)];
    context
        .snapshot
        .endpoint_ids()
        .filter(|id| context.snapshot.endpoint(*id).roles.contains(Role::Store) && context.has_place(*id))
        .filter_map(|id| {
            let arrivals = context.arrivals(id, context.spread(state), wanted, &doing);
            (!arrivals.is_empty()).then_some(Store { id, arrivals })
        })
        .collect()
}

/// A demand on stores of data that no store was read of: it cannot be told, rather than nothing to ask.
pub fn no_store(context: &Context<'_>, scope: &Scope<'_>, code: &'static str) -> Vec<Finding> {
    let arrivals: Vec<Arrival> = bits(&scope.tokens).map(|token| Arrival { token, via: None, activity: "transit" }).collect();
    let Some(at) = arrivals.first().and_then(|a| context.tokens[a.token].starts.first().copied()) else { return Vec::new() };
    let message = format!("no store of {} was read at all", subject_of(context, scope, &arrivals));
    let help = Some(DECLARE_STORE.to_owned());
    let state = Some(State::Normal);
    let draft = Draft {
        code,
        verdict: Verdict::Indeterminate,
        endpoint: at,
        arrivals: &arrivals,
        state,
        message,
        help,
        lost: None,
        labels: Vec::new(),
    };
    vec![finding(context, scope, draft)]
}

const DECLARE_STORE: &str =
    "declare the store: an endpoint with `roles = [\"store\"]` and the route to it, or a [[classify]] entry";

/// What one store says to a demand.
enum Answer {
    Yes,
    No,
    /// What would have to be known.
    Unknown(String),
}

pub fn copy_in(context: &Context<'_>, scope: &Scope<'_>, places: &PlaceSet, max_age_hours: Option<u64>) -> Vec<Finding> {
    let placements = judge_all(context, &Wanted::In(places));
    let demand = format!("a copy inside {}", places.names.join(", "));
    each_token(context, scope, "no-copy-in-place", &demand, |store| {
        let endpoint = context.snapshot.endpoint(store.id);
        match &placements[context.standpoint(store.id)] {
            Placement::Outside(_) => return Answer::No,
            Placement::Unknown(_) | Placement::Weak(_) => return Answer::Unknown(format!("where `{}` stands", endpoint.name)),
            Placement::Inside => {}
        }
        match (max_age_hours, endpoint.attributes.max_age_hours) {
            // The store that data is written to first is as fresh as data gets.
            (None, _) => Answer::Yes,
            (Some(_), _) if !context.is_copy(store.id) => Answer::Yes,
            (Some(limit), Some(age)) if age <= limit => Answer::Yes,
            (Some(_), Some(_)) => Answer::No,
            (Some(_), None) => Answer::Unknown(format!("how old the copy at `{}` may be (`max-age`)", endpoint.name)),
        }
    })
}

pub fn retain_in(context: &Context<'_>, scope: &Scope<'_>, places: &PlaceSet, days: u64) -> Vec<Finding> {
    let placements = judge_all(context, &Wanted::In(places));
    let demand = format!("a store inside {} that keeps it {days} days", places.names.join(", "));
    each_token(context, scope, "not-retained", &demand, |store| {
        let endpoint = context.snapshot.endpoint(store.id);
        match &placements[context.standpoint(store.id)] {
            Placement::Outside(_) => return Answer::No,
            Placement::Unknown(_) | Placement::Weak(_) => return Answer::Unknown(format!("where `{}` stands", endpoint.name)),
            Placement::Inside => {}
        }
        match endpoint.attributes.retention_hours {
            Some(hours) if hours >= days.saturating_mul(24) => Answer::Yes,
            Some(_) => Answer::No,
            None => Answer::Unknown(format!("how long `{}` keeps data (`retention`)", endpoint.name)),
        }
    })
}

/// At least one store must answer yes for each token; one finding per endpoint where tokens without one are to be seen.
fn each_token(
    context: &Context<'_>,
    scope: &Scope<'_>,
    code: &'static str,
    demand: &str,
    answer: impl Fn(&Store) -> Answer,
) -> Vec<Finding> {
    let stores = stores(context, &scope.tokens, State::Normal);
    let answers: Vec<Answer> = stores.iter().map(&answer).collect();
    let mut findings = Vec::new();
    for token in bits(&scope.tokens) {
        let mine: Vec<usize> = (0..stores.len()).filter(|s| stores[*s].arrivals.iter().any(|a| a.token == token)).collect();
        if mine.iter().any(|s| matches!(answers[*s], Answer::Yes)) {
            continue;
        }
        let told = |s: &usize| match &answers[*s] {
            Answer::Unknown(what) => Some(what.as_str()),
            Answer::Yes | Answer::No => None,
        };
        let missing: Vec<&str> = mine.iter().filter_map(told).collect();
        let telling = mine.iter().find(|s| told(s).is_some()).or(mine.first());
        let start = telling.map(|s| stores[*s].id).or_else(|| context.tokens[token].starts.first().copied());
        let Some(at) = start else { continue };
        let arrival = [Arrival { token, via: None, activity: if mine.is_empty() { "transit" } else { "store" } }];
        let subject = subject_of(context, scope, &arrival);
        let (verdict, message, help) = if mine.is_empty() {
            (
                Verdict::Indeterminate,
                format!("{subject} must have {demand}, and no store of it was read at all"),
                "declare the store: an endpoint with `roles = [\"store\"]` and the route to it, or a [[classify]] entry"
                    .to_owned(),
            )
        } else if missing.is_empty() {
            let held: Vec<String> = mine
                .iter()
                .map(|s| {
                    format!(
                        "`{}` {}",
                        context.snapshot.endpoint(stores[*s].id).name,
                        places_phrase(&context.known_places(stores[*s].id))
                    )
                })
                .collect();
            (
                Verdict::Violated,
                format!("{subject} must have {demand}, and is stored only at {}", held.join(", ")),
                format!("add {demand}"),
            )
        } else {
            (
                Verdict::Indeterminate,
                format!("{subject} must have {demand}; it cannot be told without {}", missing.join("; ")),
                format!("declare {}", missing.join("; ")),
            )
        };
        findings.push(finding(
            context,
            scope,
            Draft {
                code,
                verdict,
                endpoint: at,
                arrivals: &arrival,
                state: Some(State::Normal),
                message,
                help: Some(help),
                lost: None,
                labels: Vec::new(),
            },
        ));
    }
    findings
}

/// Stores outside the home must declare that they keep data no longer than the limit. Whether data then comes back is a
/// question of the routes home.
pub fn return_within(context: &Context<'_>, scope: &Scope<'_>, hours: u64, home: &PlaceSet) -> Vec<Finding> {
    let placements = judge_all(context, &Wanted::In(home));
    let mut findings = Vec::new();
    for store in stores(context, &scope.tokens, scope.worst_state()) {
        let placement = &placements[context.standpoint(store.id)];
        if *placement == Placement::Inside {
            continue;
        }
        let endpoint = context.snapshot.endpoint(store.id);
        let subject = subject_of(context, scope, &store.arrivals);
        let home_names = home.names.join(", ");
        let returns = context
            .snapshot
            .routes_from(store.id)
            .any(|(_, r)| matches!(placements[context.standpoint(r.to)], Placement::Inside) && context.has_place(r.to));
        let (verdict, message) = match (placement, endpoint.attributes.retention_hours) {
            (Placement::Unknown(_) | Placement::Weak(_), _) => (
                Verdict::Indeterminate,
                format!("{subject} is stored at `{}`, and whether that is inside {home_names} cannot be told", endpoint.name),
            ),
            (_, None) => (
                Verdict::Indeterminate,
                format!(
                    "{subject} is stored at `{}` outside {home_names}, and how long is not declared (at most {hours} hours)",
                    endpoint.name
                ),
            ),
            (_, Some(kept)) if kept > hours => (
                Verdict::Violated,
                format!(
                    "{subject} is kept {kept} hours at `{}` outside {home_names}, longer than the {hours} allowed",
                    endpoint.name
                ),
            ),
            (_, Some(_)) if !returns => (
                Verdict::Violated,
                format!("{subject} is stored at `{}` outside {home_names}, and no route brings it back", endpoint.name),
            ),
            (_, Some(_)) => continue,
        };
        findings.push(finding(
            context,
            scope,
            Draft {
                code: "not-returned",
                verdict,
                endpoint: store.id,
                arrivals: &store.arrivals,
                state: Some(scope.worst_state()),
                message,
                help: Some(format!(
                    "declare `retention` of at most {hours}h and the route home, or keep the data inside {home_names}"
                )),
                lost: None,
                labels: Vec::new(),
            },
        ));
    }
    findings
}
