//! `keys-in`: the keys that encrypt a class's stores must stand in the set.

use super::context::Context;
use super::copies::{Store, no_store, stores, unstored};
use super::describe::{Draft, finding, places_phrase, subject_of};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::Scope;
use crate::finding::{Finding, Label, Verdict};
use crate::model::{Activity, EndpointId, Standing};
use crate::vocab::places::PlaceSet;

pub fn check(context: &Context<'_>, scope: &Scope<'_>, places: &PlaceSet) -> Vec<Finding> {
    let placements = judge_all(context, &Wanted::In(places));
    let state = scope.worst_state();
    let set = places.names.join(", ");
    let stores = stores(context, &scope.tokens, state);
    let mut findings = no_store(context, scope, &unstored(scope, &stores), "keys-outside");
    for Store { id, arrivals } in stores {
        let endpoint = context.snapshot.endpoint(id);
        let subject = subject_of(context, scope, &arrivals);
        let holders = holders(context, id);
        let mut push = |verdict, message: String, help: String, labels: Vec<Label>| {
            let draft = Draft {
                code: "keys-outside",
                verdict,
                endpoint: id,
                arrivals: &arrivals,
                state: Some(state),
                message,
                help: Some(help),
                lost: None,
                labels,
            };
            findings.push(finding(context, scope, draft));
        };
        if let (true, Some(key)) = (holders.is_empty(), &endpoint.attributes.encryption_key) {
            push(
                Verdict::Indeterminate,
                format!("{subject} is stored at `{}`, and its key `{key}` is declared nowhere", endpoint.name),
                format!("declare `{key}` as an endpoint with `roles = [\"keys\"]`, and where it stands"),
                Vec::new(),
            );
        } else if holders.is_empty() {
            push(
                Verdict::Indeterminate,
                format!("{subject} is stored at `{}`, and which key encrypts it is not declared", endpoint.name),
                format!("declare `encryption-key = \"...\"` on `{}` and the key's endpoint", endpoint.name),
                Vec::new(),
            );
        }
        for (holder, location) in holders {
            let holder_name = &context.snapshot.endpoint(holder).name;
            let labels = vec![Label { location, text: format!("its key is held at `{holder_name}`") }];
            match &placements[context.standpoint(holder)] {
                Placement::Inside => {}
                Placement::Outside(_) => push(
                    Verdict::Violated,
                    format!(
                        "{subject} stored at `{}` is encrypted with a key held at `{holder_name}` {}",
                        endpoint.name,
                        places_phrase(&context.known_places(holder))
                    ),
                    format!("use a key that is held and operated inside {set}"),
                    labels,
                ),
                Placement::Unknown(_) | Placement::Weak(_) => push(
                    Verdict::Indeterminate,
                    format!(
                        "the key of `{}` is held at `{holder_name}`, and whether that is inside {set} cannot be told",
                        endpoint.name
                    ),
                    format!("declare where `{holder_name}` stands"),
                    labels,
                ),
            }
        }
    }
    findings
}

/// Where the keys of a store are held: the endpoint it names, and the targets of its `keys` routes.
fn holders(context: &Context<'_>, store: EndpointId) -> Vec<(EndpointId, crate::source::Location)> {
    let endpoint = context.snapshot.endpoint(store);
    let mut holders: Vec<_> = endpoint
        .attributes
        .encryption_key
        .iter()
        .filter_map(|key| context.snapshot.find(key))
        .map(|id| (id, endpoint.locations[0]))
        .collect();
    let mut stack: Vec<EndpointId> = vec![store];
    let mut seen = vec![store];
    while let Some(from) = stack.pop() {
        for (_, route) in context.snapshot.routes_from(from) {
            let leads = route.activity == Activity::Keys || (from != store && route.activity == Activity::Forward);
            if !leads || seen.contains(&route.to) {
                continue;
            }
            seen.push(route.to);
            if context.snapshot.endpoint(route.to).standing == Standing::Logical {
                stack.push(route.to);
            } else {
                holders.push((route.to, route.location));
            }
        }
    }
    holders.sort_unstable();
    holders.dedup_by_key(|(id, _)| *id);
    holders
}
