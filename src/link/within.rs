//! What watches all that is in a network, a subnet or a zone: its log tells of whatever passes there, so the way to it leaves each
//! endpoint that is in there, however deep. Nothing is handed to a network itself, so a way from it alone would carry nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Node, World};
use super::routes::Links;
use crate::model::site::{Networks, is_private};
use crate::model::{EndpointId, Gap, GapScope};

/// Turns each way from within something into one from each endpoint in there.
pub fn spread(world: &mut World, links: &mut Links, gaps: &mut Vec<Gap>) {
    let within = links.take_within();
    if within.is_empty() {
        return;
    }
    let holds = Holds::new(world, gaps);
    let mut members: BTreeMap<Node, BTreeSet<Node>> = BTreeMap::new();
    for link in within {
        let of = members.entry(link.from).or_insert_with(|| holds.members(world, link.from));
        for member in of.iter().filter(|m| **m != link.to) {
            links.also_from(*member, link);
        }
    }
}

/// What is in what, one step deep.
struct Holds {
    children: BTreeMap<Node, BTreeSet<Node>>,
    by_scope: BTreeMap<String, Vec<Node>>,
}

impl Holds {
    fn new(world: &mut World, gaps: &mut Vec<Gap>) -> Self {
        let mut children: BTreeMap<Node, BTreeSet<Node>> = BTreeMap::new();
        let mut by_scope: BTreeMap<String, Vec<Node>> = BTreeMap::new();
        let owners: Vec<Node> =
            (0..world.drafts.len()).filter(|i| !world.drafts[*i].networks.is_empty()).map(Node::new).collect();
        let of_owner = |n: &Node| (world.drafts[n.index()].networks.clone(), world.endpoints[n.index()].scope.clone());
        let networks = Networks::new(owners.iter().map(of_owner));
        for i in 0..world.endpoints.len() {
            let node = Node::new(i);
            let mut holders: BTreeSet<Node> = BTreeSet::new();
            for (input, reference, location) in std::mem::take(&mut world.drafts[i].inside) {
                let known = gaps.len();
                holders.extend(world.resolve(input, &reference, None, location, gaps));
                for gap in &mut gaps[known..] {
                    if let GapScope::Endpoints(of) = &mut gap.scope {
                        of.push(node.as_id());
                    }
                }
            }
            let endpoint = &world.endpoints[i];
            holders.extend(endpoint.stands_with.iter().map(|EndpointId(host)| Node(*host)));
            holders.extend(world.drafts[i].machines.iter().copied());
            // Of equal networks it may be in any.
            for address in endpoint.addresses.iter().filter(|a| is_private(a.ip)) {
                let found = networks.find(address.ip, endpoint.scope.as_deref());
                holders.extend(found.into_iter().map(|(owner, _)| owners[owner as usize]));
            }
            for holder in holders.into_iter().filter(|h| *h != node) {
                children.entry(holder).or_default().insert(node);
            }
            if let Some(scope) = &endpoint.scope {
                by_scope.entry(scope.clone()).or_default().push(node);
            }
        }
        Self { children, by_scope }
    }

    /// Everything in a container, and itself: an interface takes what is sent to its address.
    fn members(&self, world: &World, container: Node) -> BTreeSet<Node> {
        let mut members = BTreeSet::from([container]);
        let mut stack = vec![container];
        while let Some(node) = stack.pop() {
            let endpoint = &world.endpoints[node.index()];
            let called = [&world.drafts[node.index()].label, &endpoint.name].into_iter().chain(&endpoint.cloud_ids);
            let of_scope = called.filter_map(|name| self.by_scope.get(name)).flatten();
            for member in self.children.get(&node).into_iter().flatten().chain(of_scope) {
                if members.insert(*member) {
                    stack.push(*member);
                }
            }
        }
        members
    }
}
