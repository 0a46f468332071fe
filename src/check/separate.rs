//! `separate`: production and its backups must not share a fate (account, operator, site, somebody with access to both), one copy
//! must be locked, and one far away where that is asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Arrival, Context, bits};
use super::copies::{no_store, stores, unstored};
use super::describe::{Draft, finding, subject_of};
use super::distance;
use super::scope::Scope;
use crate::finding::{Finding, Label, State, Verdict};
use crate::lang::{Message, say};
use crate::model::{Activity, DomainKind, EndpointId, Role, RouteId, Standing};
use crate::policy::{Apart, Between, Separate};

/// A copy, and the first route on the way to it.
type CopyBy = (EndpointId, RouteId);

pub fn check(context: &Context<'_>, scope: &Scope<'_>, separate: &Separate) -> Vec<Finding> {
    let Between::StoreAndBackups = separate.between;
    let stores = stores(context, &scope.tokens, State::Normal);
    let mut findings = no_store(context, scope, &unstored(scope, &stores), "not-separated");
    let original = |store: EndpointId, token: usize| {
        let (copied_from, written) = context.copied_from(store, token);
        copied_from.is_empty() || written
    };
    let arrives = |token: usize| stores.iter().filter(move |s| s.arrivals.iter().any(|a| a.token == token));
    let has_original: BTreeMap<usize, bool> =
        stores.iter().flat_map(|s| &s.arrivals).map(|a| (a.token, arrives(a.token).any(|s| original(s.id, a.token)))).collect();
    for store in &stores {
        // Data of one store may be copied in several ways: each class goes its own.
        let mut by_copies: BTreeMap<Vec<CopyBy>, Vec<Arrival>> = BTreeMap::new();
        for arrival in &store.arrivals {
            // Stores that only copy each other: any of them may be the original.
            if original(store.id, arrival.token) || !has_original[&arrival.token] {
                by_copies.entry(copies(context, store.id, arrival.token)).or_default().push(arrival.clone());
            }
        }
        for (copies, arrivals) in by_copies {
            findings.extend(One { context, scope, store: store.id, arrivals }.check(separate, &copies));
        }
    }
    findings
}

/// What a store holds that is copied alike.
struct One<'o, 'c, 'p> {
    context: &'o Context<'c>,
    scope: &'o Scope<'p>,
    store: EndpointId,
    arrivals: Vec<Arrival>,
}

impl One<'_, '_, '_> {
    fn check(&self, separate: &Separate, copies: &[CopyBy]) -> Vec<Finding> {
        let name = self.name(self.store);
        if copies.is_empty() {
            let message =
                say!("{subject} stored at `{name}` has no backup and no replica that was read", subject = self.subject(), name);
            let help = say!("declare the backup: a route with `activity = \"backup\"` to the store that keeps it");
            return vec![self.finding(Verdict::Violated, message, help, None)];
        }
        let mut findings = Vec::new();
        for copy in copies {
            findings.extend(separate.apart.iter().filter_map(|apart| self.shared(*apart, *copy)));
        }
        findings.extend(separate.at_least_km.and_then(|km| self.near(km, copies)));
        findings.extend(self.unlocked(copies));
        findings
    }

    fn shared(&self, apart: Apart, (copy, route): CopyBy) -> Option<Finding> {
        let (name, copy_name) = (self.name(self.store), self.name(copy));
        let values = |id| match apart {
            Apart::Domain(kind) => values(self.context, id, kind),
            Apart::Principal => principals(self.context, id),
        };
        let (ours, theirs) = (values(self.store), values(copy));
        let word = apart.as_str();
        if let Some(same) = ours.iter().find(|v| theirs.contains(v)) {
            let subject = self.subject();
            let (message, help) = match apart {
                Apart::Domain(_) => (
                    say!(
                        "`{name}`, which holds {subject}, and its copy `{copy_name}` share {word}={same}",
                        name,
                        subject,
                        copy_name,
                        word,
                        same
                    ),
                    say!("keep the copy under another {word}", word),
                ),
                Apart::Principal => (
                    say!(
                        "`{same}` has access to `{name}`, which holds {subject}, and to its copy `{copy_name}`",
                        same,
                        name,
                        subject,
                        copy_name
                    ),
                    say!("let nobody who has access to `{name}` have access to `{copy_name}`", name, copy_name),
                ),
            };
            return Some(self.finding(Verdict::Violated, message, help, Some(route)));
        }
        if !ours.is_empty() && !theirs.is_empty() {
            return None;
        }
        let silent = if ours.is_empty() { name } else { copy_name };
        let (message, help) = match apart {
            Apart::Domain(_) => (
                say!(
                    "whether `{name}` and its copy `{copy_name}` share their {word} cannot be told: `{silent}` declares none",
                    name,
                    copy_name,
                    word,
                    silent
                ),
                say!("declare `{word} = ...` on `{silent}`", word, silent),
            ),
            Apart::Principal => (
                say!(
                    "whether somebody has access to `{name}` and to its copy `{copy_name}` cannot be told: nothing that was read says who has access to `{silent}`",
                    name,
                    copy_name,
                    silent
                ),
                say!("declare who does: a route with `activity = \"access\"` from `{silent}` to where they sit", silent),
            ),
        };
        Some(self.finding(Verdict::Indeterminate, message, help, Some(route)))
    }

    /// No copy is far enough away.
    fn near(&self, km: u32, copies: &[CopyBy]) -> Option<Finding> {
        let far = |copy: &CopyBy| (*copy, distance::between(self.context, self.store, copy.0));
        let distances: Vec<(CopyBy, Option<f64>)> = copies.iter().map(far).collect();
        if distances.iter().any(|(_, distance)| distance.is_some_and(|d| d >= f64::from(km))) {
            return None;
        }
        let name = self.name(self.store);
        if let Some((copy, _)) = distances.iter().find(|(_, distance)| distance.is_none()) {
            let copy_name = self.name(copy.0);
            let message = say!(
                "whether a copy of `{name}` stands at least {km} km away cannot be told: how far `{copy_name}` is from it is not declared",
                name,
                km,
                copy_name
            );
            let help = say!(
                "declare `coordinates = [latitude, longitude]` on the sites of `{name}` and `{copy_name}`",
                name,
                copy_name
            );
            return Some(self.finding(Verdict::Indeterminate, message, help, Some(copy.1)));
        }
        let farthest = distances.iter().max_by(|a, b| a.1.unwrap_or(0.0).total_cmp(&b.1.unwrap_or(0.0)))?;
        let message = say!(
            "no copy of `{name}`, which holds {subject}, stands at least {km} km away: the farthest, `{farthest}`, is {distance} km off",
            name,
            subject = self.subject(),
            km,
            farthest = self.name(farthest.0.0),
            distance = format!("{:.0}", farthest.1.unwrap_or(0.0).floor())
        );
        Some(self.finding(Verdict::Violated, message, say!("keep a copy at least {km} km away", km), Some(farthest.0.1)))
    }

    fn unlocked(&self, copies: &[CopyBy]) -> Option<Finding> {
        let name = self.name(self.store);
        let locked: Vec<Option<bool>> =
            copies.iter().map(|(c, _)| self.context.snapshot.endpoint(*c).attributes.locked).collect();
        if locked.contains(&Some(true)) {
            return None;
        }
        let (verdict, message) = match locked.contains(&None) {
            true => (Verdict::Indeterminate, say!("no copy of `{name}` is declared to be locked against deletion", name)),
            false => (Verdict::Violated, say!("no copy of `{name}` is locked against deletion", name)),
        };
        let help = say!("keep one copy under a retention lock, and declare `locked = true` on it");
        Some(self.finding(verdict, message, help, None))
    }

    fn finding(&self, verdict: Verdict, message: Message, help: Message, made: Option<RouteId>) -> Finding {
        let label =
            |route| Label { location: self.context.snapshot.route(route).location, text: say!("the copy is made here") };
        let draft = Draft {
            code: "not-separated",
            verdict,
            endpoint: self.store,
            arrivals: &self.arrivals,
            state: Some(State::Normal),
            message,
            help: Some(help),
            lost: None,
            labels: made.map(label).into_iter().collect(),
        };
        finding(self.context, self.scope, draft)
    }

    fn name(&self, id: EndpointId) -> &str {
        &self.context.snapshot.endpoint(id).name
    }

    fn subject(&self) -> Message {
        subject_of(self.context, self.scope, &self.arrivals)
    }
}

/// Every copy of what a store holds that a rule is about.
pub fn all_copies(context: &Context<'_>, scope: &Scope<'_>, store: EndpointId) -> BTreeSet<EndpointId> {
    let spread = context.spread(State::Normal);
    let tokens = bits(&scope.tokens).filter(|t| spread.has(store, *t));
    tokens.flat_map(|t| copies(context, store, t)).map(|(copy, _)| copy).collect()
}

/// The backups of what a store holds of a token: its own; if it has none, those of its replicas; if there are none, the replicas.
fn copies(context: &Context<'_>, store: EndpointId, token: usize) -> Vec<CopyBy> {
    let own = copied_to(context, store, token, Activity::Backup);
    if !own.is_empty() {
        return own;
    }
    let replicas = copied_to(context, store, token, Activity::Replicate);
    let mut seen = BTreeSet::from([store]);
    let mut queue = replicas.clone();
    let mut backups: Vec<CopyBy> = Vec::new();
    while let Some((replica, by)) = queue.pop() {
        if seen.insert(replica) {
            backups.extend(copied_to(context, replica, token, Activity::Backup).into_iter().map(|(copy, _)| (copy, by)));
            queue.extend(copied_to(context, replica, token, Activity::Replicate).into_iter().map(|(next, _)| (next, by)));
        }
    }
    backups.retain(|(copy, _)| *copy != store);
    backups.sort_unstable();
    backups.dedup_by_key(|(id, _)| *id);
    if backups.is_empty() { replicas } else { backups }
}

/// Where routes of an activity put what a store holds of a token: through names, and through what only hands it on.
fn copied_to(context: &Context<'_>, store: EndpointId, token: usize, activity: Activity) -> Vec<CopyBy> {
    let snapshot = context.snapshot;
    let spread = context.spread(State::Normal);
    let moves = |route: RouteId| context.graph.moves(spread, route, token);
    let mut found: Vec<CopyBy> = Vec::new();
    for (first, route) in snapshot.routes_from(store).filter(|(id, r)| r.activity == activity && moves(*id)) {
        let mut stack = vec![route.to];
        let mut seen = BTreeSet::from([store, route.to]);
        while let Some(at) = stack.pop() {
            let endpoint = snapshot.endpoint(at);
            let is_name = endpoint.standing == Standing::Logical;
            if !is_name && endpoint.roles.contains(Role::Store) {
                found.push((at, first));
                continue;
            }
            let aside = |a: Activity| matches!(a, Activity::Depend | Activity::Access | Activity::Keys | Activity::Log);
            let onward: Vec<EndpointId> =
                snapshot.routes_from(at).filter(|(id, r)| !aside(r.activity) && moves(*id)).map(|(_, r)| r.to).collect();
            if onward.is_empty() && !is_name {
                found.push((at, first));
            }
            stack.extend(onward.into_iter().filter(|to| seen.insert(*to)));
        }
    }
    found.sort_unstable();
    found.dedup_by_key(|(id, _)| *id);
    found
}

/// The values of one kind of domain that an endpoint or its sites declare.
pub fn values(context: &Context<'_>, id: EndpointId, kind: DomainKind) -> Vec<Box<str>> {
    context.snapshot.domains_of(id).into_iter().filter(|d| d.kind == kind).map(|d| d.name).collect()
}

/// Who has access to what an endpoint holds: where its `access` routes lead, through names.
fn principals(context: &Context<'_>, id: EndpointId) -> Vec<Box<str>> {
    let snapshot = context.snapshot;
    let mut found: BTreeSet<EndpointId> = BTreeSet::new();
    let mut stack: Vec<EndpointId> =
        snapshot.routes_from(id).filter(|(_, r)| r.activity == Activity::Access).map(|(_, r)| r.to).collect();
    let mut seen: BTreeSet<EndpointId> = stack.iter().copied().collect();
    while let Some(at) = stack.pop() {
        if snapshot.endpoint(at).standing != Standing::Logical {
            found.insert(at);
            continue;
        }
        let onward = snapshot.routes_from(at).filter(|(_, r)| r.activity != Activity::Depend).map(|(_, r)| r.to);
        stack.extend(onward.filter(|to| seen.insert(*to)));
    }
    found.into_iter().map(|id| snapshot.endpoint(id).name.as_str().into()).collect()
}
