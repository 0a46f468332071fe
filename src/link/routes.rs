//! Route facts to routes: both ends resolved, pools numbered, priorities filled in, roles of silent endpoints inferred.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Node, Order, World};
use super::stand::placeless;
use crate::model::{Activity, ClientMatch, EndpointId, Gap, Role, Roles, Route, RouteFact, Snapshot, Standing, route::DataLimit};
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
            let scope = froms.first().and_then(|f| world.endpoints[f.index()].scope.clone());
            let tos = world.resolve(input, &fact.to, scope.as_deref(), fact.location, gaps);
            if let ([from], [to]) = (froms.as_slice(), tos.as_slice()) {
                links.push(Link { input, from: *from, to: *to, fact });
                continue;
            }
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
struct PoolKey<'f> {
    activity: Activity,
    input: usize,
    name: Option<&'f str>,
    /// For routes without a pool: their own line.
    alone: Option<Location>,
}

/// Fills `snapshot.routes`, sorted by `(from, pool, priority, to, ...)`.
pub fn finish(snapshot: &mut Snapshot, mut links: Vec<Link>, order: &Order) {
    // A standby route without a pool stands for the pool-less routes beside it.
    let joined: BTreeSet<(Node, usize, Activity)> = links
        .iter()
        .filter(|l| l.fact.pool.is_none() && l.fact.role.is_standby())
        .map(|l| (l.from, l.input, l.fact.activity))
        .collect();
    // What is sorted is numbers: routes are large, and there may be millions.
    let mut sorting: Vec<(EndpointId, bool, usize)> = Vec::with_capacity(links.len());
    for (i, link) in links.iter_mut().enumerate() {
        link.fact.clients = sorted(std::mem::take(&mut link.fact.clients));
        link.fact.data = sorted_limit(std::mem::take(&mut link.fact.data));
        let alone = link.fact.pool.is_none() && !joined.contains(&(link.from, link.input, link.fact.activity));
        sorting.push((order.id(link.from), alone, i));
    }
    let pool_key = |(_, alone, i): (EndpointId, bool, usize)| {
        let Link { input, fact, .. } = &links[i];
        let alone = alone.then_some(fact.location);
        PoolKey { activity: fact.activity, input: *input, name: fact.pool.as_deref(), alone }
    };
    let within_pool = |i: usize| {
        let Link { to, fact, .. } = &links[i];
        (priority(fact), order.id(*to), fact.location, fact.role, &fact.clients, &fact.data)
    };
    sorting.sort_by(|a, b| {
        let rest = || pool_key(*a).cmp(&pool_key(*b)).then_with(|| within_pool(a.2).cmp(&within_pool(b.2)));
        a.0.cmp(&b.0).then_with(rest)
    });
    let mut pools: Vec<u32> = Vec::with_capacity(links.len());
    for (at, this) in sorting.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| (sorting[at], pools[at])).filter(|(before, _)| before.0 == this.0);
        pools.push(match before {
            Some((before, pool)) => pool + u32::from(pool_key(before) != pool_key(*this)),
            None => 0,
        });
    }
    let mut links: Vec<Option<Link>> = links.into_iter().map(Some).collect();
    let in_order = sorting.into_iter().zip(pools).filter_map(|((from, _, i), pool)| Some((from, links[i].take()?, pool)));
    snapshot.routes = in_order
        .map(|(from, Link { to, fact, .. }, pool)| Route {
            from,
            to: order.id(to),
            activity: fact.activity,
            role: fact.role,
            pool,
            priority: priority(&fact),
            spill: fact.spill,
            clients: fact.clients,
            data: fact.data,
            drops: fact.drops,
            purpose: fact.purpose,
            alias: fact.alias,
            condition: fact.condition,
            location: fact.location,
        })
        .collect();
    snapshot.index_routes();
}

fn priority(fact: &RouteFact) -> u32 {
    fact.priority.unwrap_or(u32::from(fact.role.is_standby()))
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
        let to = &world.endpoints[link.to.index()];
        // Nobody asks who sends to what has a place of its own.
        if to.standing != Standing::Physical || placeless(to) {
            senders.entry(link.to).or_default().push(link.from);
        }
        if link.fact.alias {
            aliases.entry(link.from).or_default().push(link.to);
        }
    }
    (senders, aliases)
}
