//! Route facts to routes: both ends resolved, pools numbered, priorities filled in, roles of silent endpoints inferred.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Node, Order, World};
use super::stand::placeless;
use crate::model::{
    Activity, ClientMatch, EndpointId, Gap, Role, Roles, Route, RouteFact, RouteRole, Snapshot, Standing, route::DataLimit,
};
use crate::source::Location;

/// A route between nodes.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub from: Node,
    pub to: Node,
    input: u32,
    fact: u32,
}

/// All routes between nodes. Facts are large and there may be millions, so they stay where the reader put them; one whose
/// references fit several endpoints tells several routes.
#[derive(Debug)]
pub struct Links {
    links: Vec<Link>,
    /// Those from everything within something, until it is known what that is.
    within: Vec<Link>,
    /// By input; the last list holds what linking itself adds.
    facts: Vec<Vec<RouteFact>>,
}

impl Links {
    fn new(mut facts: Vec<Vec<RouteFact>>) -> Self {
        let links = Vec::with_capacity(facts.iter().map(Vec::len).sum());
        facts.push(Vec::new());
        Self { links, within: Vec::new(), facts }
    }

    /// A way that no input tells.
    pub fn add(&mut self, from: Node, to: Node, fact: RouteFact) -> Link {
        let input = self.facts.len() - 1;
        let link = Link { from, to, input: number(input), fact: number(self.facts[input].len()) };
        self.links.push(link);
        self.facts[input].push(fact);
        link
    }

    /// The way that `link` tells, from another node.
    pub fn also_from(&mut self, from: Node, link: Link) {
        self.links.push(Link { from, ..link });
    }

    pub fn take_within(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.within)
    }

    fn fact(&self, link: Link) -> &RouteFact {
        &self.facts[link.input as usize][link.fact as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (Link, &RouteFact)> {
        self.links.iter().map(|link| (*link, self.fact(*link)))
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 routes")
}

pub fn resolve_all(world: &mut World, inputs: Vec<Vec<RouteFact>>, gaps: &mut Vec<Gap>) -> Links {
    let mut all = Links::new(inputs);
    for (input, facts) in all.facts.iter().enumerate() {
        for (i, fact) in facts.iter().enumerate() {
            let froms = world.resolve(input, &fact.from, None, fact.location, gaps);
            let speaker = froms.first().filter(|f| !world.drafts[f.index()].several_scopes);
            let scope = speaker.and_then(|f| world.endpoints[f.index()].scope.clone());
            let tos = if fact.activity == Activity::Forward {
                world.destinations(input, &fact.to, scope.as_deref(), fact.location, gaps)
            } else {
                // What copies make of a machine is only told by a way to the machine itself.
                let tos = world.resolve(input, &fact.to, scope.as_deref(), fact.location, gaps);
                world.with_servers(tos, &fact.to)
            };
            for from in &froms {
                for to in &tos {
                    let list = if fact.within { &mut all.within } else { &mut all.links };
                    list.push(Link { from: *from, to: *to, input: number(input), fact: number(i) });
                }
            }
        }
    }
    for (from, to, fact) in world.extra_routes.drain(..) {
        all.add(from, to, fact);
    }
    all
}

/// Which routes of one endpoint stand for each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PoolKey<'f> {
    activity: Activity,
    input: u32,
    name: Option<&'f str>,
    /// For routes without a pool: what tells them apart.
    alone: Option<Place<'f>>,
}

/// The order of routes by what they say; by their lines only if they say the same, so that moved lines change nothing.
type Place<'f> = (u32, EndpointId, RouteRole, &'f ClientMatch, &'f DataLimit, Location);

/// Fills `snapshot.routes`, sorted by `(from, pool, priority, to, ...)`.
pub fn finish(snapshot: &mut Snapshot, mut links: Links, order: &Order) {
    for fact in links.facts.iter_mut().flatten() {
        sort_clients(&mut fact.clients);
        sort_limit(&mut fact.data);
    }
    // A standby route without a pool stands for the pool-less routes beside it.
    let joined: BTreeSet<(Node, u32, Activity)> = links
        .iter()
        .filter(|(_, fact)| fact.pool.is_none() && fact.role.is_standby())
        .map(|(link, fact)| (link.from, link.input, fact.activity))
        .collect();
    let is_alone =
        |link: Link, fact: &RouteFact| fact.pool.is_none() && !joined.contains(&(link.from, link.input, fact.activity));
    let mut sorting: Vec<(EndpointId, bool, Link)> =
        links.iter().map(|(link, fact)| (order.id(link.from), is_alone(link, fact), link)).collect();
    let place = |link: Link| {
        let fact = links.fact(link);
        (priority(fact), order.id(link.to), fact.role, &fact.clients, &fact.data, fact.location)
    };
    let pool_key = |(_, alone, link): &(EndpointId, bool, Link)| {
        let fact = links.fact(*link);
        let alone = alone.then(|| place(*link));
        PoolKey { activity: fact.activity, input: link.input, name: fact.pool.as_deref(), alone }
    };
    sorting.sort_by(|a, b| {
        let rest = || pool_key(a).cmp(&pool_key(b)).then_with(|| place(a.2).cmp(&place(b.2)));
        a.0.cmp(&b.0).then_with(rest)
    });
    let mut routes: Vec<Route> = Vec::with_capacity(sorting.len());
    for (at, this) in sorting.iter().enumerate() {
        let pool = match at.checked_sub(1).map(|at| (&sorting[at], routes[at].pool)) {
            Some((before, pool)) if before.0 == this.0 => pool + u32::from(pool_key(before) != pool_key(this)),
            _ => 0,
        };
        let (from, _, link) = *this;
        let fact = links.fact(link);
        routes.push(Route {
            from,
            to: order.id(link.to),
            activity: fact.activity,
            role: fact.role,
            pool,
            priority: priority(fact),
            spill: fact.spill.clone(),
            clients: fact.clients.clone(),
            data: fact.data.clone(),
            data_assumed: fact.data_assumed,
            drops: fact.drops.clone(),
            purpose: fact.purpose,
            alias: fact.alias,
            condition: fact.condition.clone(),
            trail: fact.trail.clone(),
            location: fact.location,
        });
    }
    snapshot.routes = routes;
    snapshot.index_routes();
}

fn priority(fact: &RouteFact) -> u32 {
    fact.priority.unwrap_or(u32::from(fact.role.is_standby()))
}

fn sort_clients(clients: &mut ClientMatch) {
    match clients {
        ClientMatch::Countries(list) | ClientMatch::Except(list) | ClientMatch::Part(list, _) => {
            list.sort_unstable();
            list.dedup();
        }
        ClientMatch::Any | ClientMatch::Networks(_) | ClientMatch::Some(_) => {}
    }
}

fn sort_limit(data: &mut DataLimit) {
    match data {
        DataLimit::All => {}
        DataLimit::Only(classes) => {
            classes.sort_unstable();
            classes.dedup();
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
pub fn neighbours(world: &World, links: &Links) -> (BTreeMap<Node, Vec<Node>>, BTreeMap<Node, Vec<Node>>) {
    let mut senders: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    let mut aliases: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    for (link, fact) in links.iter() {
        if fact.activity == Activity::Depend {
            continue;
        }
        let to = &world.endpoints[link.to.index()];
        // Nobody asks who sends to what has a place of its own.
        if to.standing != Standing::Physical || placeless(to) {
            senders.entry(link.to).or_default().push(link.from);
        }
        if fact.alias {
            aliases.entry(link.from).or_default().push(link.to);
        }
    }
    (senders, aliases)
}
