//! What takes something of everything that a provider runs in a region, an account or an organization: a trail in the account of
//! the security team logs what the stacks of all others do, whatever file tells of them.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Draft, Node, World};
use super::routes::Links;
use crate::model::route::DataLimit;
use crate::model::{Activity, Collected, Endpoint, Gap, Reference, Role, RouteFact, Standing};

/// Leads everything that works or stores to what collects of it. Whose account or region is not known may be there. What several
/// files collect of the same comes together first, so that routes are as many as endpoints and collectors, not their product.
pub fn spread(world: &mut World, links: &mut Links, collected: Vec<(usize, Collected)>, gaps: &mut Vec<Gap>) {
    let key = |c: &Collected| (c.provider.clone(), c.account.clone(), c.region.clone(), c.data.clone());
    let groups = super::group_by(collected.into_iter().map(|(input, one)| (key(&one), (input, one))));
    for group in groups.into_values() {
        let mut by = BTreeSet::new();
        let mut routers: BTreeMap<Node, RouteFact> = BTreeMap::new();
        for (input, one) in &group {
            for reference in &one.by {
                by.extend(world.resolve(*input, reference, None, one.location, gaps));
            }
            let to = world.resolve(*input, &one.to, None, one.location, gaps);
            routers.extend(to.into_iter().map(|node| (node, way(one))));
        }
        let one = &group[0].1;
        by.extend(routers.keys());
        let members = (0..world.endpoints.len()).map(Node::new).filter(|n| !by.contains(n));
        let members = members.filter(|n| is_of(&world.endpoints[n.index()], one)).collect::<Vec<_>>();
        if members.is_empty() {
            continue;
        }
        if routers.len() > 1 {
            let shared = world.push(shared_router(one), Draft::default());
            routers.into_iter().for_each(|(router, fact)| _ = links.add(shared, router, fact));
            routers = BTreeMap::from([(shared, way(one))]);
        }
        let mut members = members.into_iter();
        if let (Some((router, fact)), Some(first)) = (routers.pop_first(), members.next()) {
            let link = links.add(first, router, fact);
            members.for_each(|node| links.also_from(node, link));
        }
    }
}

fn way(one: &Collected) -> RouteFact {
    let nowhere = || Reference::Id(String::new());
    let mut route = RouteFact::new(nowhere(), nowhere(), Activity::Log, one.location);
    route.data = DataLimit::Only(one.data.clone());
    route.data_assumed = true;
    route
}

fn shared_router(one: &Collected) -> Endpoint {
    let whose = one.account.as_ref().map_or_else(|| "any account".to_owned(), |account| format!("account {account}"));
    let place = one.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
    let provider = one.provider.as_deref().map(|p| format!(" of {p}")).unwrap_or_default();
    Endpoint {
        name: format!("logs of {whose}{provider}{place}"),
        kind: "log-router".to_owned(),
        standing: Standing::Logical,
        provider: one.provider.clone(),
        account: one.account.clone(),
        locations: vec![one.location],
        ..Endpoint::default()
    }
}

fn is_of(endpoint: &Endpoint, one: &Collected) -> bool {
    let may = |of: Option<&String>, own: Option<&String>| of.is_none() || own.is_none() || of == own;
    // Roles that no file tells are found from the routes later.
    let silent = endpoint.roles.is_empty() && endpoint.standing != Standing::Logical;
    let works = [Role::Process, Role::Store, Role::Entry, Role::Transit];
    endpoint.provider.is_some()
        && endpoint.provider == one.provider
        && may(one.account.as_ref(), endpoint.account.as_ref())
        && may(one.region.as_ref(), endpoint.region.as_ref())
        // What is kept of logs writes none.
        && !endpoint.kind.starts_with("log")
        && (silent || works.iter().any(|r| endpoint.roles.contains(*r)))
}
