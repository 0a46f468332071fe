//! What leads nowhere, and where nothing leads: names in a circle, servers that nobody can be seen to ask.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Node, World};
use super::people::Entry;
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

/// What readers of proxies call the places where requests come in.
const ENTRIES: [&str; 4] = ["nginx-server", "haproxy-frontend", "haproxy-listen", "envoy-listener"];

/// Where people come to an address of which nothing that was read says what stands there: by what they enter, and the address. Any
/// server whose address is not known may answer them.
fn doors(world: &World, links: &Links, entries: &[Entry]) -> Vec<(Node, Node)> {
    let is_name = |n: Node| world.endpoints[n.index()].standing == Standing::Logical;
    let mut next: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    let mut sends = vec![false; world.endpoints.len()];
    for (link, _) in links.iter().filter(|(l, f)| l.from != l.to && f.activity != Activity::Depend) {
        sends[link.from.index()] = true;
        if is_name(link.from) {
            next.entry(link.from).or_default().push(link.to);
        }
    }
    let mut doors = BTreeSet::new();
    for entry in entries.iter().flat_map(Entry::nodes).copied().collect::<BTreeSet<_>>() {
        let (mut open, mut seen) = (vec![entry], BTreeSet::from([entry]));
        while let Some(node) = open.pop() {
            let endpoint = &world.endpoints[node.index()];
            if endpoint.implied && !endpoint.addresses.is_empty() && !sends[node.index()] {
                doors.insert((entry, node));
            }
            open.extend(next.get(&node).into_iter().flatten().filter(|to| seen.insert(**to)));
        }
    }
    doors.into_iter().collect()
}

/// What hands data on, though nothing can be seen to lead there: a server without a name or an address, known only by a pattern,
/// or a mere word in the `from` of a route, which may be a misspelt one. Anybody's data may go that way.
pub fn servers(world: &World, links: &Links, entries: &[Entry], gaps: &mut Vec<Gap>) {
    let mut asked = vec![false; world.endpoints.len()];
    let mut first: Vec<Option<Location>> = vec![None; world.endpoints.len()];
    for node in entries.iter().flat_map(Entry::nodes) {
        asked[node.index()] = true;
    }
    for (link, fact) in links.iter().filter(|(l, _)| l.from != l.to) {
        asked[link.to.index()] |= fact.activity != Activity::Depend;
        // What stays on its machine goes nowhere, and what is needed carries nothing.
        let leaves = world.endpoints[link.to.index()].standing != Standing::WithSender && fact.activity != Activity::Depend;
        first[link.from.index()] = first[link.from.index()].or(leaves.then_some(fact.location));
    }
    let doors = doors(world, links, entries);
    for (i, endpoint) in world.endpoints.iter().enumerate() {
        let Some(sends) = first[i] else { continue };
        let name = &endpoint.name;
        let placeless = endpoint.addresses.is_empty() && world.drafts[i].machines.is_empty();
        if let (true, [(entry, door), ..]) = (placeless && endpoint.attributes.other.contains_key("default-server"), &*doors) {
            let [shown, address] = [entry, door].map(|n| &world.endpoints[n.index()].name);
            gaps.push(Gap {
                code: "nobody-leads-here",
                message: format!(
                    "`{name}` answers for every name that no other server has, perhaps at `{address}`, where `{shown}` leads"
                ),
                help: Some(format!(
                    "add the address that it listens on, or an [[endpoint]] that says what stands at {address}"
                )),
                location: endpoint.locations[0],
                scope: GapScope::Endpoints(doors.iter().flat_map(|(e, d)| [e.as_id(), d.as_id()]).collect()),
            });
        }
        let by_pattern = endpoint.attributes.other.get("server-name-pattern").filter(|_| placeless);
        let (message, help, location) = if let Some(pattern) = by_pattern {
            (
                format!("`{name}` answers for every name like `{pattern}`, so whose requests it passes on is not known"),
                "add those names literally, or the address it listens on, here or beside one of its names in an inventory",
                endpoint.locations[0],
            )
        } else if asked[i] {
            continue;
        } else if endpoint.implied {
            (
                format!("nothing that was read leads to `{name}` or says what it is, so this route is followed for nobody"),
                "correct the name if it is misspelt, or declare it as an [[endpoint]] and what leads to it",
                sends,
            )
        } else if ENTRIES.contains(&endpoint.kind.as_str()) && endpoint.names.is_empty() && placeless {
            (
                format!("no name and no address leads to `{name}`, so whose requests it passes on is not known"),
                "add a literal name, or the address it listens on, by which DNS or other servers lead to it",
                endpoint.locations[0],
            )
        } else {
            continue;
        };
        let scope = GapScope::Everything;
        gaps.push(Gap { code: "nobody-leads-here", message, help: Some(help.into()), location, scope });
    }
}
