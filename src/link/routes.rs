//! Route facts to routes: both ends resolved, pools numbered, priorities filled in, roles of silent endpoints inferred.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Node, Order, World};
use crate::model::{Activity, ClientMatch, Gap, Role, Roles, Route, RouteFact, Snapshot, Standing, route::DataLimit};
use crate::source::Location;

/// A route between nodes.
#[derive(Debug)]
pub struct Link {
    /// Which input tells it; `usize::MAX` for ways that linking itself adds.
    pub input: usize,
    pub from: Node,
    pub to: Node,
    pub fact: RouteFact,
}

pub fn resolve_all(world: &mut World, inputs: Vec<Vec<RouteFact>>, gaps: &mut Vec<Gap>) -> Vec<Link> {
    let mut links = Vec::with_capacity(inputs.iter().map(Vec::len).sum());
    for (input, facts) in inputs.into_iter().enumerate() {
        for fact in facts {
            let froms = world.resolve(input, &fact.from, None, fact.location, gaps);
            let speaker = froms.first().filter(|f| !world.drafts[f.index()].several_scopes);
            let scope = speaker.and_then(|f| world.endpoints[f.index()].scope.clone());
            let tos = world.resolve(input, &fact.to, scope.as_deref(), fact.location, gaps);
            let tos = world.with_servers(tos, &fact.to);
            for from in &froms {
                for to in &tos {
                    links.push(Link { input, from: *from, to: *to, fact: fact.clone() });
                }
            }
        }
    }
    links.extend(world.extra_routes.drain(..).map(|(from, to, fact)| Link { input: usize::MAX, from, to, fact }));
    links
}

/// Which routes of one endpoint stand for each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PoolKey {
    activity: Activity,
    input: usize,
    name: Option<String>,
    /// For routes without a pool: their own line.
    alone: Option<Location>,
}

/// Fills `snapshot.routes`, sorted by `(from, pool, priority, to, ...)`.
pub fn finish(snapshot: &mut Snapshot, links: Vec<Link>, order: &Order) {
    // A standby route without a pool stands for the pool-less routes beside it.
    let joined: BTreeSet<(Node, usize, Activity)> = links
        .iter()
        .filter(|l| l.fact.pool.is_none() && l.fact.role.is_standby())
        .map(|l| (l.from, l.input, l.fact.activity))
        .collect();
    let mut keyed: Vec<(PoolKey, Route)> = links
        .into_iter()
        .map(|Link { input, from, to, fact }| {
            let alone = match &fact.pool {
                None if !joined.contains(&(from, input, fact.activity)) => Some(fact.location),
                _ => None,
            };
            let key = PoolKey { activity: fact.activity, input, name: fact.pool, alone };
            let route = Route {
                from: order.id(from),
                to: order.id(to),
                activity: fact.activity,
                role: fact.role,
                pool: 0,
                priority: fact.priority.unwrap_or(u32::from(fact.role.is_standby())),
                spill: fact.spill,
                clients: sorted(fact.clients),
                data: sorted_limit(fact.data),
                drops: fact.drops,
                purpose: fact.purpose,
                alias: fact.alias,
                condition: fact.condition,
                location: fact.location,
            };
            (key, route)
        })
        .collect();
    keyed.sort_by(|(ka, a), (kb, b)| {
        (a.from, ka, a.priority, a.to, a.location, a.role, &a.clients, &a.data)
            .cmp(&(b.from, kb, b.priority, b.to, b.location, b.role, &b.clients, &b.data))
    });
    let mut pool = 0;
    for i in 0..keyed.len() {
        if i > 0 {
            let same_from = keyed[i].1.from == keyed[i - 1].1.from;
            pool = match (same_from, keyed[i].0 == keyed[i - 1].0) {
                (true, true) => pool,
                (true, false) => pool + 1,
                (false, _) => 0,
            };
        }
        keyed[i].1.pool = pool;
    }
    snapshot.routes = keyed.into_iter().map(|(_, r)| r).collect();
    snapshot.index_routes();
}

fn sorted(clients: ClientMatch) -> ClientMatch {
    match clients {
        ClientMatch::Countries(mut list) => {
            list.sort_unstable();
            list.dedup();
            ClientMatch::Countries(list)
        }
        ClientMatch::Except(mut list) => {
            list.sort_unstable();
            list.dedup();
            ClientMatch::Except(list)
        }
        other @ (ClientMatch::Any | ClientMatch::Networks(_) | ClientMatch::Some(_)) => other,
    }
}

fn sorted_limit(data: DataLimit) -> DataLimit {
    match data {
        DataLimit::All => DataLimit::All,
        DataLimit::Only(mut classes) => {
            classes.sort_unstable();
            classes.dedup();
            DataLimit::Only(classes)
        }
    }
}

/// Endpoints that do not say what they do are taken to do what their routes imply; what receives copies stores them,
/// whatever else it says of itself.
pub fn infer_roles(snapshot: &mut Snapshot) {
    let mut arriving = vec![Roles::NONE; snapshot.endpoints.len()];
    let mut forwards = vec![false; snapshot.endpoints.len()];
    for route in &snapshot.routes {
        let role = match route.activity {
            Activity::Forward | Activity::Mirror => {
                forwards[route.from.index()] |= route.from != route.to;
                continue;
            }
            Activity::Replicate | Activity::Backup | Activity::Log | Activity::Cache => Role::Store,
            Activity::Access => Role::Access,
            Activity::Keys => Role::Keys,
            Activity::Depend => continue,
        };
        arriving[route.to.index()].insert(role);
    }
    for (i, endpoint) in snapshot.endpoints.iter_mut().enumerate() {
        if endpoint.standing == Standing::Logical {
            endpoint.roles = Roles::of(&[Role::Transit]);
            continue;
        }
        let silent = endpoint.roles.is_empty();
        let copies = arriving[i];
        if silent {
            endpoint.roles = copies;
            if forwards[i] {
                endpoint.roles.insert(Role::Transit);
            } else if copies.is_empty() {
                // Whatever receives data and hands it to nobody does something with it.
                endpoint.roles.insert(Role::Process);
            }
        } else if copies.contains(Role::Store) {
            endpoint.roles.insert(Role::Store);
        }
    }
}

/// Physical endpoints that hand data to each node, through any number of logical ones; and where each node's names lead.
pub fn neighbours(world: &World, links: &[Link]) -> (BTreeMap<Node, Vec<Node>>, BTreeMap<Node, Vec<Node>>) {
    let mut senders: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    let mut aliases: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    for link in links {
        if link.fact.activity == Activity::Depend {
            continue;
        }
        let interesting = world.endpoints[link.to.index()].standing != Standing::Physical
            || world.endpoints[link.to.index()].addresses.is_empty();
        if interesting {
            senders.entry(link.to).or_default().push(link.from);
        }
        if link.fact.alias {
            aliases.entry(link.from).or_default().push(link.to);
        }
    }
    (senders, aliases)
}
