//! Tells the routes to cut: what each one mends, and what could stand there instead. What several routes share is worked out once,
//! since a rule can ask for thousands of cuts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::context::Context;
use super::super::placement::{self, Placement, Wanted};
use super::super::recipient::{self, Fitness};
use super::super::scope::Scope;
use crate::finding::{CutRoute, Finding, Verdict};
use crate::model::{EndpointId, Roles, Route, RouteId};
use crate::policy::Demand;
use crate::reach::Spread;
use crate::source::Location;

/// Stand-ins that are named for one route.
const MOST_STAND_INS: usize = 3;

pub struct Cuts<'s, 'c> {
    context: &'s Context<'c>,
    spread: &'s Spread,
    /// Fingerprints of the findings whose path takes a hop: from, to, line.
    takers: HashMap<(&'s str, &'s str, Location), Vec<&'s str>>,
    /// Where the rule lets the data be, in the order of names.
    allowed: Vec<EndpointId>,
    /// What is like a target and has its data already, or nothing to do: by roles, kind and tokens.
    alike: BTreeMap<(Roles, &'s str, Vec<usize>), Vec<EndpointId>>,
    /// Members of a pool.
    pools: BTreeMap<(EndpointId, u32), BTreeSet<EndpointId>>,
}

impl<'s, 'c> Cuts<'s, 'c> {
    pub fn new(context: &'s Context<'c>, scope: &Scope<'_>, findings: &'s [Finding]) -> Self {
        let mut takers: HashMap<_, Vec<&str>> = HashMap::new();
        for f in findings.iter().filter(|f| f.rule.as_deref() == Some(&scope.name) && f.verdict == Verdict::Violated) {
            let mut hops: Vec<_> = f
                .path
                .windows(2)
                .map(|hops| (hops[0].endpoint.as_str(), hops[1].endpoint.as_str(), hops[1].location))
                .collect();
            hops.sort_unstable();
            hops.dedup();
            for hop in hops {
                takers.entry(hop).or_default().push(&f.fingerprint);
            }
        }
        let spread = context.spread(scope.worst_state());
        Self { context, spread, takers, allowed: allowed(context, scope), alike: BTreeMap::new(), pools: BTreeMap::new() }
    }

    pub fn tell(&mut self, id: RouteId) -> CutRoute {
        let snapshot = self.context.snapshot;
        let route = snapshot.route(id);
        let (from, to) = (&snapshot.endpoint(route.from).name, &snapshot.endpoint(route.to).name);
        let takers = self.takers.get(&(from.as_str(), to.as_str(), route.location));
        CutRoute {
            from: from.clone(),
            to: to.clone(),
            activity: route.activity.as_str(),
            role: route.role,
            location: route.location,
            findings: takers.into_iter().flatten().map(|f| (*f).to_owned()).collect(),
            instead: self.instead(id, route),
        }
    }

    /// What is like the target, where the rule allows it, and not yet in the pool.
    fn instead(&mut self, id: RouteId, route: &Route) -> Vec<String> {
        let (context, snapshot, spread) = (self.context, self.context.snapshot, self.spread);
        if self.allowed.is_empty() || !context.has_place(route.to) {
            return Vec::new();
        }
        let target = snapshot.endpoint(route.to);
        let carried: Vec<usize> = spread.tokens_at(route.to).filter(|t| context.graph.moves(spread, id, *t)).collect();
        let allowed = &self.allowed;
        let alike =
            self.alike.entry((target.roles, target.kind.as_str(), carried)).or_insert_with_key(|(roles, kind, carried)| {
                let fits = |id: &&EndpointId| {
                    let e = snapshot.endpoint(**id);
                    (e.roles, e.kind.as_str()) == (*roles, *kind)
                        && (context.incoming(**id).is_empty() || carried.iter().all(|t| spread.has(**id, *t)))
                };
                allowed.iter().filter(fits).copied().collect()
            });
        let pool = self.pools.entry((route.from, route.pool)).or_insert_with(|| {
            snapshot.routes_from(route.from).filter(|(_, r)| r.pool == route.pool).map(|(_, r)| r.to).collect()
        });
        let fits = |id: &&EndpointId| **id != route.from && !pool.contains(id);
        alike.iter().filter(fits).take(MOST_STAND_INS).map(|id| snapshot.endpoint(*id).name.clone()).collect()
    }
}

fn allowed(context: &Context<'_>, scope: &Scope<'_>) -> Vec<EndpointId> {
    let wanted = match &scope.rule.demand {
        Demand::OnlyIn(set) | Demand::FirstIn(set) => Wanted::In(set),
        Demand::NeverIn(set) => Wanted::NotIn(set),
        Demand::Recipient => Wanted::Anywhere,
        _ => return Vec::new(),
    };
    let placements = placement::judge_all(context, &wanted);
    let fitness = recipient::judge_all(context, scope.rule);
    let fits = |id: &EndpointId| {
        let at = context.standpoint(*id);
        context.has_place(*id) && placements[at] == Placement::Inside && fitness[at] == Fitness::Fit
    };
    context.snapshot.endpoint_ids().filter(fits).collect()
}
