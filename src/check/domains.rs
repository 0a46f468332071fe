//! What can be lost at once, of the kind that a `survive` rule names.

use std::collections::BTreeSet;

use super::context::{Context, intersects};
use super::scope::Scope;
use crate::finding::State;
use crate::model::{Activity, DomainKind, EndpointId, LossDomain};

/// Losses of several at once are asked one combination at a time, up to this many.
pub const MOST_COMBINATIONS: usize = 20_000;

/// The things of one kind that can be lost, and what each endpoint has to do with them.
pub struct Domains {
    pub names: Vec<LossDomain>,
    /// Endpoints whose domain of this kind nobody declared.
    pub undeclared: Vec<bool>,
    /// Endpoints of which only the region is declared that the domain lies in. Losing all of the region is worse than any
    /// loss in it: what survives that is safe, what does not is undecided.
    pub by_region: Vec<bool>,
}

impl Domains {
    pub fn new(context: &Context<'_>, scope: &Scope<'_>, kind: DomainKind) -> Self {
        let snapshot = context.snapshot;
        let spread = context.spread(State::Loss);
        let mut names: BTreeSet<LossDomain> = BTreeSet::new();
        let mut undeclared = vec![false; snapshot.endpoints.len()];
        let mut by_region = undeclared.clone();
        let relevant = relevant(context, |id| intersects(spread.at(id), &scope.tokens));
        for id in snapshot.endpoint_ids().filter(|id| context.has_place(*id) && relevant[id.index()]) {
            let domains = snapshot.domains_of(id);
            let own: Vec<&LossDomain> = domains.iter().filter(|d| d.kind == kind).collect();
            if !own.is_empty() {
                names.extend(own.into_iter().cloned());
                continue;
            }
            // In several sites: no single one takes it down, so no domain of its own, yet nothing unknown either.
            let sites = snapshot.sites_of(id);
            if sites.len() > 1 && sites.iter().all(|s| snapshot.site_domains(*s).iter().any(|d| d.kind == kind)) {
                names.extend(sites.iter().flat_map(|s| snapshot.site_domains(*s)).filter(|d| d.kind == kind));
                continue;
            }
            let inside_regions = matches!(kind, DomainKind::Zone | DomainKind::Site | DomainKind::Campus | DomainKind::Metro);
            match domains.into_iter().find(|d| d.kind == DomainKind::Region).filter(|_| inside_regions) {
                Some(region) => {
                    names.insert(region);
                    by_region[id.index()] = true;
                }
                None => undeclared[id.index()] = true,
            }
        }
        Self { names: names.into_iter().collect(), undeclared, by_region }
    }
}

/// Every set of `count` domains; `None` if there are too many to ask.
pub fn combinations(names: &[LossDomain], count: usize) -> Option<Vec<Vec<LossDomain>>> {
    let count = count.max(1);
    let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..count.min(names.len()) {
        let mut next = Vec::new();
        for set in &sets {
            let from = set.last().map_or(0, |l| l + 1);
            for i in from..names.len() {
                let mut longer = set.clone();
                longer.push(i);
                next.push(longer);
            }
            if next.len() > MOST_COMBINATIONS {
                return None;
            }
        }
        sets = next;
    }
    Some(sets.into_iter().filter(|s| !s.is_empty()).map(|s| s.into_iter().map(|i| names[i].clone()).collect()).collect())
}

/// What the tokens reach, and whatever that depends on.
pub fn relevant(context: &Context<'_>, reached: impl Fn(EndpointId) -> bool) -> Vec<bool> {
    let snapshot = context.snapshot;
    let mut relevant: Vec<bool> = snapshot.endpoint_ids().map(&reached).collect();
    let mut stack: Vec<EndpointId> = snapshot.endpoint_ids().filter(|id| relevant[id.index()]).collect();
    while let Some(id) = stack.pop() {
        let needs =
            snapshot.routes_from(id).filter(|(_, r)| matches!(r.activity, Activity::Depend | Activity::Keys) || !reached(id));
        for (_, route) in needs {
            if !relevant[route.to.index()] {
                relevant[route.to.index()] = true;
                stack.push(route.to);
            }
        }
    }
    relevant
}
