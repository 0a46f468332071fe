//! `separate`: production and its backups must not share a fate (account, operator, site...), and one copy must be locked.

use super::context::{Arrival, Context};
use super::copies::{Store, no_store, stores, unstored};
use super::describe::{Draft, finding, subject_of};
use super::scope::Scope;
use crate::finding::{Finding, Label, State, Verdict};
use crate::model::{Activity, DomainKind, EndpointId, RouteId, Standing};
use crate::policy::Between;

pub fn check(context: &Context<'_>, scope: &Scope<'_>, kinds: &[DomainKind], between: Between) -> Vec<Finding> {
    let Between::StoreAndBackups = between;
    let stores = stores(context, &scope.tokens, State::Normal);
    let mut findings = no_store(context, scope, &unstored(scope, &stores), "not-separated");
    // Stores that only copy each other: any of them may be the original.
    let original = |s: &Store| {
        let (copied_from, written) = context.copied_from(s.id);
        copied_from.is_empty() || written
    };
    let has_original = |t: usize| stores.iter().any(|s| original(s) && s.arrivals.iter().any(|a| a.token == t));
    let originals = stores.iter().filter(|s| original(s) || s.arrivals.iter().any(|a| !has_original(a.token)));
    findings.extend(originals.flat_map(|s| one_store(context, scope, kinds, s.id, &s.arrivals)));
    findings
}

fn one_store(
    context: &Context<'_>,
    scope: &Scope<'_>,
    kinds: &[DomainKind],
    store: EndpointId,
    arrivals: &[Arrival],
) -> Vec<Finding> {
    let name = &context.snapshot.endpoint(store).name;
    let subject = subject_of(context, scope, arrivals);
    let mut findings = Vec::new();
    let mut push = |verdict, message: String, help: String, labels: Vec<Label>| {
        let draft = Draft {
            code: "not-separated",
            verdict,
            endpoint: store,
            arrivals,
            state: Some(State::Normal),
            message,
            help: Some(help),
            lost: None,
            labels,
        };
        findings.push(finding(context, scope, draft));
    };
    let copies = copies(context, store);
    if copies.is_empty() {
        push(
            Verdict::Violated,
            format!("{subject} stored at `{name}` has no backup and no replica that was read"),
            "declare the backup: a route with `activity = \"backup\"` to the store that keeps it".into(),
            Vec::new(),
        );
        return findings;
    }
    for (copy, route) in &copies {
        let copy_name = &context.snapshot.endpoint(*copy).name;
        let label = || vec![Label { location: context.snapshot.route(*route).location, text: "the copy is made here".into() }];
        for kind in kinds {
            let (ours, theirs) = (values(context, store, *kind), values(context, *copy, *kind));
            if let Some(same) = ours.iter().find(|v| theirs.contains(v)) {
                push(
                    Verdict::Violated,
                    format!("`{name}`, which holds {subject}, and its copy `{copy_name}` share {}={same}", kind.as_str()),
                    format!("keep the copy under another {}", kind.as_str()),
                    label(),
                );
            } else if ours.is_empty() || theirs.is_empty() {
                let silent = if ours.is_empty() { name } else { copy_name };
                push(
                    Verdict::Indeterminate,
                    format!(
                        "whether `{name}` and its copy `{copy_name}` share their {} cannot be told: `{silent}` declares none",
                        kind.as_str()
                    ),
                    format!("declare `{} = ...` on `{silent}`", kind.as_str()),
                    label(),
                );
            }
        }
    }
    let locked: Vec<Option<bool>> = copies.iter().map(|(c, _)| context.snapshot.endpoint(*c).attributes.locked).collect();
    if !locked.contains(&Some(true)) {
        let undeclared = locked.contains(&None);
        push(
            if undeclared { Verdict::Indeterminate } else { Verdict::Violated },
            if undeclared {
                format!("no copy of `{name}` is declared to be locked against deletion")
            } else {
                format!("no copy of `{name}` is locked against deletion")
            },
            "keep one copy under a retention lock, and declare `locked = true` on it".into(),
            Vec::new(),
        );
    }
    findings
}

/// Backups of a store, through logical names; its replicas if it has no backup.
fn copies(context: &Context<'_>, store: EndpointId) -> Vec<(EndpointId, RouteId)> {
    let by = |activity: Activity| {
        let mut found: Vec<(EndpointId, RouteId)> = Vec::new();
        for (first, route) in context.snapshot.routes_from(store).filter(|(_, r)| r.activity == activity) {
            let mut stack = vec![route.to];
            let mut seen = vec![route.to];
            while let Some(at) = stack.pop() {
                if context.snapshot.endpoint(at).standing != Standing::Logical {
                    found.push((at, first));
                    continue;
                }
                for (_, next) in context.snapshot.routes_from(at).filter(|(_, r)| r.activity != Activity::Depend) {
                    if !seen.contains(&next.to) {
                        seen.push(next.to);
                        stack.push(next.to);
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|(id, _)| *id);
        found
    };
    let backups = by(Activity::Backup);
    if backups.is_empty() { by(Activity::Replicate) } else { backups }
}

/// The values of one kind of domain that an endpoint or its sites declare.
fn values(context: &Context<'_>, id: EndpointId, kind: DomainKind) -> Vec<Box<str>> {
    context.snapshot.domains_of(id).into_iter().filter(|d| d.kind == kind).map(|d| d.name).collect()
}
