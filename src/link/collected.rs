//! What takes something of everything that a provider runs in a region, an account or an organization: a trail in the account of
//! the security team logs what the stacks of all others do, whatever file tells of them.

use std::collections::BTreeSet;

use super::merge::{Node, World};
use super::routes::Links;
use crate::model::route::DataLimit;
use crate::model::{Activity, Collected, Endpoint, Gap, Role, RouteFact, Standing};

/// Leads everything that works or stores to what collects of it. Whose account or region is not known may be there.
pub fn spread(world: &mut World, links: &mut Links, collected: Vec<(usize, Collected)>, gaps: &mut Vec<Gap>) {
    for (input, one) in collected {
        let mut by = BTreeSet::new();
        for reference in &one.by {
            by.extend(world.resolve(input, reference, None, one.location, gaps));
        }
        for to in world.resolve(input, &one.to, None, one.location, gaps) {
            let from = (0..world.endpoints.len()).map(Node::new).filter(|n| !by.contains(n) && *n != to);
            let mut from = from.filter(|n| is_of(&world.endpoints[n.index()], &one)).collect::<Vec<_>>().into_iter();
            let Some(first) = from.next() else { continue };
            let mut route = RouteFact::new(one.to.clone(), one.to.clone(), Activity::Log, one.location);
            route.data = DataLimit::Only(one.data.clone());
            route.data_assumed = true;
            let link = links.add(first, to, route);
            from.for_each(|node| links.also_from(node, link));
        }
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
