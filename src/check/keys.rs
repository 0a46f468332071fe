//! `keys-in`: the keys that encrypt a class's stores must stand in the set.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::context::Context;
use super::copies::{Store, no_store, stores, unstored};
use super::describe::{Draft, finding, places_phrase, subject_of};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::Scope;
use crate::finding::{Finding, Label, Verdict};
use crate::lang::{self, Message, say};
use crate::model::{Activity, EndpointId, Role, Standing};
use crate::source::Location;
use crate::vocab::places::PlaceSet;

pub fn check(context: &Context<'_>, scope: &Scope<'_>, places: &PlaceSet) -> Vec<Finding> {
    let placements = judge_all(context, &Wanted::In(places));
    let state = scope.worst_state();
    let set = lang::list(&places.names);
    let stores = stores(context, &scope.tokens, state);
    let twins = twins(context);
    let mut findings = no_store(context, scope, &unstored(scope, &stores), "keys-outside");
    for Store { id, arrivals } in stores {
        let endpoint = context.snapshot.endpoint(id);
        let subject = subject_of(context, scope, &arrivals);
        let holders = holders(context, id, &twins);
        let mut push = |verdict, message: Message, help: Message, labels: Vec<Label>| {
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
                say!(
                    "{subject} is stored at `{endpoint}`, and its key `{key}` is declared nowhere",
                    subject,
                    endpoint = endpoint.name,
                    key
                ),
                say!("declare `{key}` as an endpoint with `roles = [\"keys\"]`, and where it stands", key),
                Vec::new(),
            );
        } else if holders.is_empty() {
            push(
                Verdict::Indeterminate,
                say!(
                    "{subject} is stored at `{endpoint}`, and which key encrypts it is not declared",
                    subject,
                    endpoint = endpoint.name
                ),
                say!("declare `encryption-key = \"...\"` on `{endpoint}` and the key's endpoint", endpoint = endpoint.name),
                Vec::new(),
            );
        }
        for (holder, Held { location, copy }) in holders {
            let holder_name = &context.snapshot.endpoint(holder).name;
            let text = match copy {
                true => say!("a copy of its key is held at `{holder_name}`", holder_name),
                false => say!("its key is held at `{holder_name}`", holder_name),
            };
            let labels = vec![Label { location, text }];
            match &placements[context.standpoint(holder)] {
                Placement::Inside => {}
                Placement::Outside(_) => push(
                    Verdict::Violated,
                    say!(
                        "{subject} stored at `{endpoint}` is encrypted with a key held at `{holder_name}` {places}",
                        subject,
                        endpoint = endpoint.name,
                        holder_name,
                        places = places_phrase(&context.known_places(holder))
                    ),
                    say!("use a key that is held and operated inside {set}", set),
                    labels,
                ),
                Placement::Unknown(_) | Placement::Weak(_) => push(
                    Verdict::Indeterminate,
                    say!(
                        "the key of `{endpoint}` is held at `{holder_name}`, and whether that is inside {set} cannot be told",
                        endpoint = endpoint.name,
                        holder_name,
                        set
                    ),
                    say!("declare where `{holder_name}` stands", holder_name),
                    labels,
                ),
            }
        }
    }
    findings
}

/// How a store's key comes to be held somewhere.
#[derive(Clone, Copy)]
struct Held {
    location: Location,
    /// The same key material is there, though the store names another key.
    copy: bool,
}

/// Where the keys of a store are held: the endpoint it names, the targets of its `keys` routes, and where these keys are copied to
/// or from. A copy of a key opens the store as well as the key does.
fn holders(
    context: &Context<'_>,
    store: EndpointId,
    twins: &BTreeMap<EndpointId, Vec<(EndpointId, Location)>>,
) -> Vec<(EndpointId, Held)> {
    let endpoint = context.snapshot.endpoint(store);
    let mut holders: BTreeMap<EndpointId, Held> = BTreeMap::new();
    let own = endpoint.attributes.encryption_key.iter().filter_map(|key| context.snapshot.find(key));
    holders.extend(own.map(|id| (id, Held { location: endpoint.locations[0], copy: false })));
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
                holders.entry(route.to).or_insert(Held { location: route.location, copy: false });
            }
        }
    }
    let mut stack: Vec<EndpointId> = holders.keys().copied().collect();
    while let Some(key) = stack.pop() {
        for (twin, location) in twins.get(&key).into_iter().flatten() {
            if let Entry::Vacant(new) = holders.entry(*twin) {
                new.insert(Held { location: *location, copy: true });
                stack.push(*twin);
            }
        }
    }
    holders.into_iter().collect()
}

/// Holders of keys between which keys are copied, either way.
fn twins(context: &Context<'_>) -> BTreeMap<EndpointId, Vec<(EndpointId, Location)>> {
    let holds_keys = |id: EndpointId| context.snapshot.endpoint(id).roles.contains(Role::Keys);
    let mut twins: BTreeMap<EndpointId, Vec<(EndpointId, Location)>> = BTreeMap::new();
    let copies = |a: Activity| matches!(a, Activity::Replicate | Activity::Backup | Activity::Mirror);
    for route in context.snapshot.routes.iter().filter(|r| copies(r.activity) && holds_keys(r.from) && holds_keys(r.to)) {
        twins.entry(route.from).or_default().push((route.to, route.location));
        twins.entry(route.to).or_default().push((route.from, route.location));
    }
    twins
}
