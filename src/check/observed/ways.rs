//! Which ways are declared, which declared ways were not seen, and which findings of the assessment were seen to happen.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Judge, Pair};
use crate::check::context::Context;
use crate::finding::Assessment;
use crate::finding::observed::{Proof, Unused};
use crate::model::{Activity, EndpointId, RouteId, Snapshot, Spill, Standing};
use crate::traffic::{PartyId, Sum, Way};

/// Unused ways told at most; a project of a million routes declares more than anybody reads.
const MOST_UNUSED: usize = 10_000;

/// Where declared routes lead, past names that have no place of their own.
pub(super) struct Hops {
    by_sender: RefCell<BTreeMap<EndpointId, Rc<Next>>>,
    /// `routes[from]`: to whom, by which route last.
    direct: BTreeMap<EndpointId, Vec<(EndpointId, RouteId, bool)>>,
}

/// By receiver, the routes that arrive there last.
type Next = BTreeMap<EndpointId, Vec<RouteId>>;

impl Hops {
    pub(super) fn new(context: &Context<'_>) -> Self {
        let snapshot = context.snapshot;
        let mut direct: BTreeMap<EndpointId, Vec<(EndpointId, RouteId, bool)>> = BTreeMap::new();
        for id in snapshot.endpoint_ids() {
            let routes = snapshot.routes_from(id).filter(|(_, r)| !matches!(r.spill, Spill::Never(_)));
            let list: Vec<(EndpointId, RouteId, bool)> = routes.map(|(n, r)| (r.to, n, is_name(snapshot, r.to))).collect();
            if !list.is_empty() {
                direct.insert(id, list);
            }
        }
        Self { by_sender: RefCell::default(), direct }
    }

    pub(super) fn from(&self, id: EndpointId) -> Rc<Next> {
        if let Some(known) = self.by_sender.borrow().get(&id) {
            return Rc::clone(known);
        }
        let mut next = Next::new();
        let (mut stack, mut seen) = (vec![id], BTreeSet::from([id]));
        while let Some(at) = stack.pop() {
            for (to, route, is_name) in self.direct.get(&at).into_iter().flatten() {
                next.entry(*to).or_default().push(*route);
                if *is_name && seen.insert(*to) {
                    stack.push(*to);
                }
            }
        }
        let next = Rc::new(next);
        self.by_sender.borrow_mut().insert(id, Rc::clone(&next));
        next
    }

    /// The routes that lead from a sender to a receiver; `None` unless both are of the inventory.
    pub(super) fn between(&self, pair: &Pair<'_>) -> Option<Vec<RouteId>> {
        if pair.from.endpoints.is_empty() || pair.to.endpoints.is_empty() {
            return None;
        }
        Some(self.routes(&pair.from.endpoints, &pair.to.endpoints))
    }

    fn routes(&self, from: &[EndpointId], to: &[EndpointId]) -> Vec<RouteId> {
        let mut routes: Vec<RouteId> = Vec::new();
        for sender in from {
            let next = self.from(*sender);
            routes.extend(to.iter().filter_map(|t| next.get(t)).flatten());
        }
        routes.sort_unstable();
        routes.dedup();
        routes
    }

    /// Whether the two are declared to talk, whoever begins; `None` where neither is of the inventory, or somebody unknown came.
    pub(super) fn is_declared(&self, pair: &Pair<'_>) -> Option<bool> {
        let (from, to) = (&pair.from.endpoints, &pair.to.endpoints);
        if from.is_empty() || (to.is_empty() && pair.way == Way::Answered) {
            return None;
        }
        if from.iter().any(|e| to.contains(e)) {
            return Some(true);
        }
        Some(!self.routes(from, to).is_empty() || !self.routes(to, from).is_empty())
    }
}

fn is_name(snapshot: &Snapshot, id: EndpointId) -> bool {
    snapshot.endpoint(id).standing == Standing::Logical
}

impl Judge<'_, '_> {
    /// What flowed between endpoints, either way, by the two of them in order.
    fn talks(&self) -> BTreeMap<(EndpointId, EndpointId), Sum> {
        let mut talks: BTreeMap<(EndpointId, EndpointId), Sum> = BTreeMap::new();
        for pair in &self.pairs {
            for a in &pair.from.endpoints {
                for b in &pair.to.endpoints {
                    talks.entry((*a.min(b), *a.max(b))).or_default().add(&pair.sum);
                }
            }
        }
        talks
    }

    /// Declared ways between endpoints with addresses, one of which shows in the logs, on which nothing went.
    pub(super) fn unused(&self) -> Vec<Unused> {
        let snapshot = self.context.snapshot;
        let talks = self.talks();
        let ends = |p: &Pair<'_>| [p.ids.0, p.ids.1];
        let shown: BTreeSet<PartyId> = self.pairs.iter().flat_map(ends).collect();
        let covered: BTreeSet<EndpointId> =
            shown.iter().flat_map(|id| self.counted.labels.party(*id).endpoints.iter().copied()).collect();
        let has_address = |id: EndpointId| !snapshot.endpoint(id).addresses.is_empty() && !is_name(snapshot, id);
        let mut unused: BTreeSet<Unused> = BTreeSet::new();
        for from in snapshot.endpoint_ids().filter(|id| has_address(*id)) {
            for (to, routes) in self.hops.from(from).iter().filter(|(to, _)| has_address(**to) && **to != from) {
                let quiet = !talks.contains_key(&(from.min(*to), from.max(*to)));
                if !quiet || !(covered.contains(&from) || covered.contains(to)) || unused.len() >= MOST_UNUSED {
                    continue;
                }
                for route in routes.iter().map(|r| snapshot.route(*r)).filter(|r| r.activity != Activity::Depend && !r.alias) {
                    unused.insert(Unused {
                        from: snapshot.endpoint(from).name.clone(),
                        to: snapshot.endpoint(*to).name.clone(),
                        activity: route.activity.as_str(),
                        role: route.role.as_str(),
                        source: self.context.sources.position(route.location).to_string(),
                    });
                }
            }
        }
        unused.into_iter().collect()
    }

    /// Findings of the assessment whose last step between two machines was seen.
    pub(super) fn proofs(&self, assessed: &Assessment) -> Vec<Proof> {
        let snapshot = self.context.snapshot;
        let talks = self.talks();
        let mut proofs = Vec::new();
        for finding in &assessed.findings {
            let machines: Vec<EndpointId> =
                finding.path.iter().filter_map(|h| snapshot.find(&h.endpoint)).filter(|id| !is_name(snapshot, *id)).collect();
            let [.., from, to] = machines.as_slice() else { continue };
            let (Some(sum), Some(rule)) = (talks.get(&(*from.min(to), *from.max(to))), &finding.rule) else { continue };
            proofs.push(Proof {
                finding: finding.fingerprint.clone(),
                rule: rule.clone(),
                endpoint: finding.endpoint.clone(),
                message: finding.message.clone(),
                seen: self.seen(sum),
            });
        }
        proofs
    }
}
