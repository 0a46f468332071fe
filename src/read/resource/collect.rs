//! What takes something of everything that stands in a region, an account or an organization: the sinks and trails of a provider's
//! logs. They name where the logs go, not whose they are.

use std::collections::BTreeSet;

use super::table::{RouteRow, Wide};
use super::translate::World;
use crate::model::route::DataLimit;
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, RouteFact, Standing};
use crate::source::Location;

/// One for all that collect the same, so that routes are as many as resources and collectors, not their product.
pub(super) struct Router {
    provider: Option<String>,
    account: Option<String>,
    region: Option<String>,
    data: Vec<String>,
    node: Reference,
    at: Location,
}

impl World<'_> {
    /// Where what resource `i` collects comes together.
    pub(super) fn router(&mut self, i: usize, wide: Wide, route: &RouteRow) -> Reference {
        let own = self.node(i);
        self.collectors.insert(own);
        let fact = &self.facts.endpoints[own];
        let provider = self.provider(i).map(str::to_owned);
        let account = fact.account.clone().filter(|_| wide != Wide::Organization);
        let region = fact.region.as_ref().map(|r| r.value.clone()).filter(|_| wide == Wide::Region);
        let same = |r: &&Router| (&r.provider, &r.account, &r.region, &r.data) == (&provider, &account, &region, &route.data);
        if let Some(known) = self.routers.iter().find(same) {
            return known.node.clone();
        }
        let whose = account.as_deref().unwrap_or(if wide == Wide::Organization { "the organization" } else { "the account" });
        let label = region.as_ref().map_or_else(|| format!("logs of {whose}"), |region| format!("logs of {whose} in {region}"));
        let at = self.resources[i].location;
        let mut router = EndpointFact::new("log-router", label, at);
        router.labelled = true;
        router.standing = Standing::Logical;
        router.account.clone_from(&account);
        router.provider.clone_from(&provider);
        let node = self.facts.endpoint(router);
        self.routers.push(Router { provider, account, region, data: route.data.clone(), node: node.clone(), at });
        node
    }

    /// Leads everything that works or stores to the routers that collect of it. Whose account or region is not known may be there.
    pub(super) fn collect(&mut self) {
        let works = Roles::of(&[Role::Process, Role::Store, Role::Entry, Role::Transit]);
        let nodes: BTreeSet<usize> = self.nodes.iter().flatten().copied().filter(|n| !self.collectors.contains(n)).collect();
        for router in &self.routers {
            for node in &nodes {
                let fact = &self.facts.endpoints[*node];
                let region = fact.region.as_ref().map(|r| &r.value);
                let may = |of: Option<&String>, own: Option<&String>| of.is_none() || own.is_none() || of == own;
                let here = fact.provider == router.provider
                    && may(router.account.as_ref(), fact.account.as_ref())
                    && may(router.region.as_ref(), region);
                // What is kept of logs writes none.
                if !here || fact.kind.starts_with("log") || !works.iter().any(|r| fact.roles.contains(r)) {
                    continue;
                }
                let mut route = RouteFact::new(Reference::Fact(*node), router.node.clone(), Activity::Log, router.at);
                route.data = DataLimit::Only(router.data.clone());
                route.data_assumed = true;
                self.facts.routes.push(route);
            }
        }
    }
}
