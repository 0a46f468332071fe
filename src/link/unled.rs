//! What leads nowhere, and where nothing leads: names in a circle, servers that nobody can be seen to ask.

use std::collections::BTreeMap;

use super::merge::{Node, World};
use super::routes::Links;
use crate::model::{Activity, Gap, GapScope, Standing};
use crate::source::Location;

/// Names that lead only to each other.
pub fn circles(world: &World, links: &Links, gaps: &mut Vec<Gap>) {
    let mut before: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    let mut first: BTreeMap<Node, Location> = BTreeMap::new();
    let is_name = |n: Node| world.endpoints[n.index()].standing == Standing::Logical;
    // Only names matter, and they are few among the endpoints of a large estate.
    for (link, fact) in links.iter().filter(|(l, f)| f.activity != Activity::Depend && is_name(l.from)) {
        before.entry(link.to).or_default().push(link.from);
        first.entry(link.from).or_insert(fact.location);
    }
    let mut ends: Vec<bool> =
        (0..world.endpoints.len()).map(Node::new).map(|n| !is_name(n) || !first.contains_key(&n)).collect();
    let mut stack: Vec<Node> = (0..ends.len()).map(Node::new).filter(|n| ends[n.index()]).collect();
    while let Some(node) = stack.pop() {
        for from in before.get(&node).into_iter().flatten() {
            if !std::mem::replace(&mut ends[from.index()], true) {
                stack.push(*from);
            }
        }
    }
    for (node, location) in first.into_iter().filter(|(n, _)| !ends[n.index()]) {
        let name = &world.endpoints[node.index()].name;
        gaps.push(Gap {
            code: "circular-name",
            message: format!("`{name}` leads only to names that lead back to each other, never to a machine"),
            help: Some("correct the record that closes the circle".into()),
            location,
            scope: GapScope::Endpoints(vec![node.as_id()]),
        });
    }
}

/// Servers that pass requests on, but have neither a name nor an address, and to which nothing leads: anybody's requests may
/// come to them.
pub fn servers(world: &World, links: &Links, gaps: &mut Vec<Gap>) {
    let mut asked = vec![false; world.endpoints.len()];
    let mut sends: Vec<bool> = asked.clone();
    for (link, _) in links.iter().filter(|(l, _)| l.from != l.to) {
        asked[link.to.index()] = true;
        // What stays on its machine goes nowhere.
        sends[link.from.index()] |= world.endpoints[link.to.index()].standing != Standing::WithSender;
    }
    for (i, endpoint) in world.endpoints.iter().enumerate() {
        let hidden = endpoint.kind == "nginx-server" && endpoint.names.is_empty() && endpoint.addresses.is_empty();
        let sole = world.drafts[i].machines.is_empty() && !asked[i];
        let Some(location) = endpoint.locations.first().filter(|_| hidden && sole && sends[i] && !endpoint.implied) else {
            continue;
        };
        gaps.push(Gap {
            code: "nobody-leads-here",
            message: format!(
                "no name and no address leads to `{}`, so whose requests it passes on is not known",
                endpoint.name
            ),
            help: Some(
                "add a literal `server_name`, or an address to `listen`, by which DNS or other servers lead to it".into(),
            ),
            location: *location,
            scope: GapScope::Everything,
        });
    }
}
