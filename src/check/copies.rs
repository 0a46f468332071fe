//! `copy-in`, `retain-in`, `return-within`: what must be kept somewhere, how long, or come back.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Arrival, Context, bits};
use super::describe::{Draft, finding, places_phrase, subject_of};
use super::held::{Certainty, held};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::Scope;
use crate::finding::{Finding, State, Verdict};
use crate::lang::{self, Joint, Message, say};
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
pub fn no_store(context: &Context<'_>, scope: &Scope<'_>, tokens: &[usize], code: &'static str) -> Vec<Finding> {
    let arrivals: Vec<Arrival> = tokens.iter().map(|t| Arrival { token: *t, via: None, activity: "transit" }).collect();
    let Some(at) = arrivals.first().and_then(|a| context.tokens[a.token].starts.first().copied()) else { return Vec::new() };
    let message = say!("no store of {subject} was read at all", subject = subject_of(context, scope, &arrivals));
    let help = Some(declare_store());
    let (verdict, state) = (Verdict::Indeterminate, Some(State::Normal));
    let arrivals = &arrivals;
    vec![finding(
        context,
        scope,
        Draft { code, verdict, endpoint: at, arrivals, state, message, help, lost: None, labels: Vec::new() },
    )]
}

/// The tokens that none of the stores gets.
pub fn unstored(scope: &Scope<'_>, stores: &[Store]) -> Vec<usize> {
    bits(&scope.tokens).filter(|t| !stores.iter().any(|s| s.arrivals.iter().any(|a| a.token == *t))).collect()
}

fn declare_store() -> Message {
    say!("declare the store: an endpoint with `roles = [\"store\"]` and the route to it, or a [[classify]] entry")
}

/// "3 days", "36 hours".
pub fn hours(hours: u64) -> Message {
    match hours >= 48 && hours.is_multiple_of(24) {
        true => Message::Count(hours / 24, "day", "days"),
        false => Message::Count(hours, "hour", "hours"),
    }
}

/// What one store says to a demand.
enum Answer {
    Yes,
    /// With what is wrong apart from the place.
    No(Option<Message>),
    /// What would have to be known.
    Unknown(Message),
}

pub fn copy_in(context: &Context<'_>, scope: &Scope<'_>, places: &PlaceSet, max_age_hours: Option<u64>) -> Vec<Finding> {
    let placements = judge_all(context, &Wanted::In(places));
    let mut demand = say!("a copy inside {names}", names = lang::list(&places.names));
    if let Some(limit) = max_age_hours {
        demand = say!("{demand} at most {hours} old", demand, hours = hours(limit));
    }
    each_token(context, scope, "no-copy-in-place", &demand, |store| {
        let endpoint = context.snapshot.endpoint(store.id);
        match &placements[context.standpoint(store.id)] {
            Placement::Outside(_) => return Answer::No(None),
            Placement::Unknown(_) | Placement::Weak(_) => {
                return Answer::Unknown(say!("where `{endpoint}` stands", endpoint = endpoint.name));
            }
            Placement::Inside => {}
        }
        let Some(limit) = max_age_hours else { return Answer::Yes };
        let ages: Result<Vec<u64>, EndpointId> =
            store.arrivals.iter().map(|arrival| context.age_hours(store.id, arrival.token)).collect();
        match ages.map(|ages| ages.into_iter().max().unwrap_or(0)) {
            Ok(age) if age <= limit => Answer::Yes,
            Ok(age) => Answer::No(Some(say!("up to {hours} old", hours = hours(age)))),
            Err(silent) => Answer::Unknown(say!(
                "how old the copy at `{endpoint}` may be (`max-age`)",
                endpoint = context.snapshot.endpoint(silent).name
            )),
        }
    })
}

pub fn retain_in(context: &Context<'_>, scope: &Scope<'_>, places: &PlaceSet, days: u64) -> Vec<Finding> {
    let placements = judge_all(context, &Wanted::In(places));
    let demand = say!("a store inside {names} that keeps it {days} days", names = lang::list(&places.names), days);
    each_token(context, scope, "not-retained", &demand, |store| {
        let endpoint = context.snapshot.endpoint(store.id);
        match &placements[context.standpoint(store.id)] {
            Placement::Outside(_) => return Answer::No(None),
            Placement::Unknown(_) | Placement::Weak(_) => {
                return Answer::Unknown(say!("where `{endpoint}` stands", endpoint = endpoint.name));
            }
            Placement::Inside => {}
        }
        match endpoint.attributes.retention_hours {
            Some(hours) if hours >= days.saturating_mul(24) => Answer::Yes,
            Some(kept) => Answer::No(Some(say!("for {hours}", hours = hours(kept)))),
            None => Answer::Unknown(say!("how long `{endpoint}` keeps data (`retention`)", endpoint = endpoint.name)),
        }
    })
}

/// What is wrong with a token's stores. Tokens with which the same is wrong share a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    /// The stores that it has.
    Nowhere(Vec<usize>),
    /// The stores that will do and get only a part, and the others.
    Partly(Vec<usize>, Vec<usize>),
    /// What would have to be known.
    Untold(Vec<Message>),
    /// The same; all that there is may be there.
    PerhapsPartly(Vec<Message>),
    NoStore(EndpointId),
}

/// All of each token must be in stores that answer yes.
fn each_token(
    context: &Context<'_>,
    scope: &Scope<'_>,
    code: &'static str,
    demand: &Message,
    answer: impl Fn(&Store) -> Answer,
) -> Vec<Finding> {
    let stores = stores(context, &scope.tokens, State::Normal);
    let answers: Vec<Answer> = stores.iter().map(&answer).collect();
    let by_id: BTreeMap<EndpointId, &Answer> = stores.iter().map(|s| s.id).zip(&answers).collect();
    let mut wrong: BTreeMap<Wrong, Vec<usize>> = BTreeMap::new();
    for token in bits(&scope.tokens) {
        let yes = |id: EndpointId| matches!(by_id.get(&id), Some(Answer::Yes));
        let perhaps = |id: EndpointId| matches!(by_id.get(&id), Some(Answer::Yes | Answer::Unknown(_)));
        if held(context, token, Certainty::Sure, yes) {
            continue;
        }
        let mine: Vec<usize> = (0..stores.len()).filter(|s| stores[*s].arrivals.iter().any(|a| a.token == token)).collect();
        let (good, other): (Vec<usize>, Vec<usize>) = mine.iter().partition(|s| matches!(answers[**s], Answer::Yes));
        let what = if mine.is_empty() {
            let Some(start) = context.tokens[token].starts.first() else { continue };
            Wrong::NoStore(*start)
        } else if held(context, token, Certainty::Possible, perhaps) {
            let told = mine.iter().filter_map(|s| match &answers[*s] {
                Answer::Unknown(what) => Some(what.clone()),
                Answer::Yes | Answer::No(_) => None,
            });
            let mut missing: Vec<Message> = told.collect();
            if missing.is_empty() {
                missing.extend(
                    good.iter().map(|s| say!("whether all of it gets to `{store}`", store = name(context, &stores[*s]))),
                );
                Wrong::PerhapsPartly(missing)
            } else {
                Wrong::Untold(missing)
            }
        } else if good.is_empty() {
            Wrong::Nowhere(other)
        } else {
            Wrong::Partly(good, other)
        };
        wrong.entry(what).or_default().push(token);
    }
    wrong.into_iter().map(|(what, tokens)| lacking(context, scope, code, demand, &stores, &answers, &what, &tokens)).collect()
}

#[expect(clippy::too_many_arguments, reason = "the demand, what was found, and whose")]
fn lacking(
    context: &Context<'_>,
    scope: &Scope<'_>,
    code: &'static str,
    demand: &Message,
    stores: &[Store],
    answers: &[Answer],
    wrong: &Wrong,
    tokens: &[usize],
) -> Finding {
    let activity = if matches!(wrong, Wrong::NoStore(_)) { "transit" } else { "store" };
    let arrivals: Vec<Arrival> = tokens.iter().map(|t| Arrival { token: *t, via: None, activity }).collect();
    let subject = subject_of(context, scope, &arrivals);
    let at = |s: &usize| {
        let place = places_phrase(&context.known_places(stores[*s].id));
        match &answers[*s] {
            Answer::No(Some(more)) => say!("`{store}` {place} {more}", store = name(context, &stores[*s]), place, more),
            Answer::No(None) | Answer::Yes | Answer::Unknown(_) => {
                say!("`{store}` {place}", store = name(context, &stores[*s]), place)
            }
        }
    };
    let list = |of: &[usize]| lang::list(of.iter().map(at));
    let has_token = |s: &usize| stores[*s].arrivals.iter().any(|a| a.token == tokens[0]);
    let (endpoint, verdict, message, help) = match wrong {
        Wrong::NoStore(start) => (
            *start,
            Verdict::Indeterminate,
            say!("{subject} must have {demand}, and no store of it was read at all", subject, demand),
            declare_store(),
        ),
        Wrong::Untold(missing) | Wrong::PerhapsPartly(missing) => {
            let untold = |s: &usize| has_token(s) && matches!(answers[*s], Answer::Unknown(_));
            let telling = (0..stores.len()).find(untold).or_else(|| (0..stores.len()).find(has_token)).unwrap_or(0);
            (
                stores[telling].id,
                Verdict::Indeterminate,
                say!(
                    "{subject} must have {demand}; what was read does not say {missing}",
                    subject,
                    demand,
                    missing = lang::series(missing, Joint::ClauseNor)
                ),
                match wrong {
                    Wrong::PerhapsPartly(_) => say!("let the routes to it carry the whole class, for everybody"),
                    _ => say!("declare {missing}", missing = lang::series(missing, Joint::ClauseAnd)),
                },
            )
        }
        Wrong::Nowhere(other) => (
            stores[other[0]].id,
            Verdict::Violated,
            say!("{subject} must have {demand}, and is stored only at {list}", subject, demand, list = list(other)),
            say!("add {demand}", demand),
        ),
        Wrong::Partly(good, other) => (
            other.first().map_or(stores[good[0]].id, |s| stores[*s].id),
            Verdict::Violated,
            match other.is_empty() {
                true => {
                    say!("{subject} must have {demand}, and not all of it gets to {list}", subject, demand, list = list(good))
                }
                false => say!(
                    "{subject} must have {demand}, and only a part has: the rest is stored at {list}",
                    subject,
                    demand,
                    list = list(other)
                ),
            },
            say!("replicate all of it to {demand}", demand),
        ),
    };
    let state = Some(State::Normal);
    let arrivals = &arrivals;
    let help = Some(help);
    finding(context, scope, Draft { code, verdict, endpoint, arrivals, state, message, help, lost: None, labels: Vec::new() })
}

fn name<'c>(context: &'c Context<'_>, store: &Store) -> &'c str {
    &context.snapshot.endpoint(store.id).name
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
        let home_names = lang::list(&home.names);
        let returns = comes_back(context, &store, scope.worst_state(), &placements);
        let (verdict, message) = match (placement, endpoint.attributes.retention_hours) {
            (Placement::Unknown(_) | Placement::Weak(_), _) => (
                Verdict::Indeterminate,
                say!(
                    "{subject} is stored at `{endpoint}`, and whether that is inside {home_names} cannot be told",
                    subject,
                    endpoint = endpoint.name,
                    home_names
                ),
            ),
            (_, None) => (
                Verdict::Indeterminate,
                say!(
                    "{subject} is stored at `{endpoint}` outside {home_names}, and for how long is not declared (at most {hours} are allowed)",
                    subject,
                    endpoint = endpoint.name,
                    home_names,
                    hours = self::hours(hours)
                ),
            ),
            (_, Some(kept)) if kept > hours => (
                Verdict::Violated,
                say!(
                    "{subject} is kept {hours} at `{endpoint}` outside {home_names}, longer than the {limit} allowed",
                    subject,
                    hours = self::hours(kept),
                    endpoint = endpoint.name,
                    home_names,
                    limit = self::hours(hours)
                ),
            ),
            (_, Some(_)) if returns == Back::No => (
                Verdict::Violated,
                say!(
                    "{subject} is stored at `{endpoint}` outside {home_names}, and no route brings it back",
                    subject,
                    endpoint = endpoint.name,
                    home_names
                ),
            ),
            (_, Some(_)) if returns == Back::Untold => (
                Verdict::Indeterminate,
                say!(
                    "{subject} is stored at `{endpoint}` outside {home_names}, and whether its way back ends inside cannot be told",
                    subject,
                    endpoint = endpoint.name,
                    home_names
                ),
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
                help: Some(match placement {
                    Placement::Unknown(_) | Placement::Weak(_) => {
                        say!("declare where `{endpoint}` stands", endpoint = endpoint.name)
                    }
                    _ => say!(
                        "declare `retention` of at most {hours}h and the route home, or keep the data inside {home_names}",
                        hours,
                        home_names
                    ),
                }),
                lost: None,
                labels: Vec::new(),
            },
        ));
    }
    findings
}

/// Whether data stored outside gets to a store at home again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Back {
    No,
    Untold,
    Yes,
}

/// Of all that is stored there, the worst answer.
fn comes_back(context: &Context<'_>, store: &Store, state: State, placements: &[Placement]) -> Back {
    let (snapshot, spread) = (context.snapshot, context.spread(state));
    let of_token = |arrival: &Arrival| {
        let mut best = Back::No;
        let (mut stack, mut seen) = (vec![store.id], BTreeSet::from([store.id]));
        while let Some(at) = stack.pop() {
            for (route, to) in snapshot.routes_from(at).map(|(id, r)| (id, r.to)) {
                if !context.graph.moves(spread, route, arrival.token) || !seen.insert(to) {
                    continue;
                }
                if context.has_place(to) && snapshot.endpoint(to).roles.contains(Role::Store) {
                    best = best.max(match &placements[context.standpoint(to)] {
                        Placement::Inside => Back::Yes,
                        Placement::Outside(_) => Back::No,
                        Placement::Unknown(_) | Placement::Weak(_) => Back::Untold,
                    });
                }
                stack.push(to);
            }
            if best == Back::Yes {
                break;
            }
        }
        best
    };
    store.arrivals.iter().map(of_token).min().unwrap_or(Back::No)
}
