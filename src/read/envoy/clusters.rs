//! Clusters: who is in them, by priority and locality, and when the next priority carries.
//!
//! "config.cluster.v3.Cluster": STATIC, STRICT_DNS and LOGICAL_DNS have their endpoints in `load_assignment`, EDS elsewhere,
//! ORIGINAL_DST wherever the client wanted to go; `cluster_type` names extensions (aggregate, dynamic forward proxy, redis).
//! "config.endpoint.v3": `priority` (0 first), locality, `health_status`, `policy.overprovisioning_factor` (140).
//! Architecture overview, "Priority levels": level P carries (share of available hosts x 1.4) of all requests, capped at 100 %, and
//! the next level carries the rest. Hosts become unavailable by `health_checks`, `outlier_detection` or what EDS says; without any
//! of these they always count as available. All of these come about under load, so the next priority spills with load, and before
//! the preferred hosts are all gone. Below the panic threshold requests go to unavailable hosts too, those that are being drained among
//! them, and with no weighted locality left to those without a weight ("Locality weighted load balancing").
//! "Aggregate cluster": its clusters one after the other, as priorities.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::fields::Part;
use super::known;
use super::resources::Resources;
use crate::model::{Activity, Address, EndpointFact, Reference, RouteRole, Spill};
use crate::read::FileSettings;
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::{self, Peer};
use crate::read::proxy::shorten;
use crate::source::{Location, Spanned};

/// The clusters of one Envoy with their endpoints.
pub(super) struct Clusters<'d> {
    pub facts: BTreeMap<String, usize>,
    parts: BTreeMap<String, Part<'d>>,
    /// Some route tries other priorities again (`previous_priorities`).
    pub retried: bool,
    /// Clusters come from a server too.
    pub dynamic: bool,
}

struct Host {
    peer: Peer,
    at: Location,
    priority: u32,
    weight: u64,
    available: bool,
    locality: Option<Locality>,
    /// Its locality has no weight, and localities are weighted.
    weightless: bool,
}

#[derive(Clone)]
struct Locality {
    shown: String,
    region: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
}

impl<'d> Clusters<'d> {
    pub fn declare(out: &mut Output, resources: &Resources<'d>) -> Self {
        let mut facts = BTreeMap::new();
        for (name, part) in &resources.clusters {
            let at = part.get("name").map_or(part.at(), |n| n.at());
            let mut fact = EndpointFact::new("envoy-cluster", name.clone(), at);
            fact.standing = crate::model::Standing::Logical;
            facts.insert(name.clone(), out.principal(fact));
        }
        let dynamic = !resources.dumped && resources.dynamic.iter().any(|(kind, _)| *kind == "clusters");
        Self { facts, parts: resources.clusters.clone(), retried: false, dynamic }
    }

    /// What can make hosts of a cluster unavailable.
    fn is_watched(&self, cluster: Part<'d>) -> bool {
        self.retried
            || !cluster.list("health_checks").is_empty()
            || cluster.get("outlier_detection").is_some()
            || matches!(cluster.text("type"), Some("EDS" | "3"))
            || cluster.get("cluster_type").is_some_and(|t| t.text("name").is_some_and(|n| n.ends_with("aggregate")))
    }

    pub fn routes(&self, out: &mut Output, resources: &Resources<'d>, settings: &dyn Fn(Location) -> FileSettings) {
        for (name, part) in &self.parts {
            self.cluster(out, resources, name, *part, settings);
        }
    }

    fn cluster(
        &self,
        out: &mut Output,
        resources: &Resources<'d>,
        name: &str,
        cluster: Part<'d>,
        settings: &dyn Fn(Location) -> FileSettings,
    ) {
        let Some(fact) = self.facts.get(name).copied() else { return };
        let touch = Touch::Endpoint(fact);
        known::check(out, cluster, known::CLUSTER, touch);
        cluster.get("common_lb_config").into_iter().for_each(|lb| known::check(out, lb, known::COMMON_LB, touch));
        for policy in cluster.get("load_balancing_policy").map(|p| p.list("policies")).unwrap_or_default() {
            known::extension(out, policy.get("typed_extension_config").unwrap_or(policy), known::BALANCERS, touch);
        }
        cluster.get("upstream_config").into_iter().for_each(|u| known::extension(out, u, known::UPSTREAMS, touch));
        let extension = cluster.get("cluster_type");
        let kind = match extension.and_then(|t| t.text("name")) {
            Some(extension) => extension.rsplit('.').next().unwrap_or(extension).to_owned(),
            None => cluster.text("type").unwrap_or("STATIC").to_ascii_lowercase(),
        };
        let at = extension.or_else(|| cluster.get("type")).map_or_else(|| cluster.at(), |p| p.at());
        let any = |out: &mut Output, why: &str| {
            let message = format!("cluster `{}` {why}", shorten(name));
            let help = "declare the servers that it can lead to in an inventory, with routes to them".to_owned();
            out.gap("dynamic-upstream", message, Some(help), at, touch);
        };
        let mut assignment = cluster.get("load_assignment");
        match kind.as_str() {
            "aggregate" => return self.aggregate(out, name, fact, extension),
            "original_dst" | "4" => return any(out, "sends requests to whatever address the client asks for (ORIGINAL_DST)"),
            "dynamic_forward_proxy" => {
                return any(out, "sends requests to whatever host the client asks for (dynamic forward proxy)");
            }
            "eds" | "3" => {
                let eds = cluster.get("eds_cluster_config");
                let service = eds.and_then(|e| e.text("service_name")).filter(|s| !s.is_empty()).unwrap_or(name);
                assignment = resources.assignments.get(service).copied();
                if assignment.is_none() {
                    let message = format!("the hosts of cluster `{}` are not in the files that were read (EDS)", shorten(name));
                    let help = "add the file with its endpoints, or a config dump with `?include_eds`, or declare the hosts in an inventory";
                    out.gap("dynamic-upstream", message, Some(help.to_owned()), at, touch);
                }
            }
            "static" | "strict_dns" | "logical_dns" | "dns" | "0" | "1" | "2" => {}
            "redis" => any(out, "asks its first servers which other ones there are"),
            other => any(out, &format!("is of the type `{}`, which is not known", shorten(other))),
        }
        let mut hosts = Vec::new();
        match assignment {
            Some(assignment) => self.hosts(out, cluster, assignment, fact, &mut hosts),
            // API v2.
            None => {
                for host in cluster.list("hosts") {
                    self.host(out, host, None, 0, None, fact, &mut hosts);
                }
            }
        }
        if hosts.is_empty() && matches!(kind.as_str(), "static" | "strict_dns" | "logical_dns" | "dns" | "0" | "1" | "2") {
            let message = format!("cluster `{}` has no endpoints in the files that were read", shorten(name));
            out.gap("empty-upstream", message, None, cluster.get("name").map_or(at, |n| n.at()), touch);
        }
        let policy = assignment.and_then(|a| a.get("policy"));
        let factor = policy.and_then(|p| p.told_number("overprovisioning_factor", out, touch)).unwrap_or(140);
        let panic = cluster.path(&["common_lb_config", "healthy_panic_threshold"]);
        // One that cannot be read may be any.
        let panic = panic.map_or(50, |p| p.told_number("value", out, touch).unwrap_or(100)).min(100);
        let named = hosts.iter().any(|h| matches!(h.peer, Peer::Host { .. })) && kind != "static";
        self.connect(out, name, fact, &hosts, (factor, panic), self.is_watched(cluster), named, settings);
        sockets(out, cluster, touch);
    }

    fn hosts(&self, out: &mut Output, cluster: Part<'d>, assignment: Part<'d>, fact: usize, hosts: &mut Vec<Host>) {
        let weighted = cluster.path(&["common_lb_config", "locality_weighted_lb_config"]).is_some();
        let touch = Touch::Endpoint(fact);
        known::check(out, assignment, known::ASSIGNMENT, touch);
        for group in assignment.list("endpoints") {
            known::check(out, group, known::LOCALITY, touch);
            let priority = group.told_number("priority", out, touch).and_then(|p| u32::try_from(p).ok()).unwrap_or(0);
            let locality = group.get("locality").and_then(|l| {
                let spanned =
                    |name: &str| l.get(name).and_then(|p| Some(Spanned::new(p.node.text()?.to_owned(), p.node.span())));
                let (region, zone) = (spanned("region"), spanned("zone"));
                let shown = [region.as_ref(), zone.as_ref(), spanned("sub_zone").as_ref()]
                    .iter()
                    .flatten()
                    .map(|s| s.value.as_str())
                    .filter(|s| !s.is_empty())
                    .collect::<Vec<_>>()
                    .join("/");
                (!shown.is_empty()).then_some(Locality { shown, region, zone })
            });
            // No weight is 0; one that cannot be read may be any.
            let weight = |out: &mut Output| group.told_number("load_balancing_weight", out, touch).unwrap_or(1);
            let weightless = weighted && group.get("load_balancing_weight").map_or(0, |_| weight(out)) == 0;
            if group.get("leds_cluster_locality_config").is_some() {
                let message = "the hosts of a locality come from a server while Envoy runs (LEDS)".to_owned();
                out.gap("dynamic-upstream", message, None, group.at(), Touch::Endpoint(fact));
            }
            let inner = group.path(&["load_balancer_endpoints"]).unwrap_or(group);
            for endpoint in inner.list("lb_endpoints") {
                let before = hosts.len();
                known::check(out, endpoint, known::LB_ENDPOINT, touch);
                endpoint.get("endpoint").into_iter().for_each(|e| known::check(out, e, known::ENDPOINT, touch));
                if let Some(name) = endpoint.text("endpoint_name") {
                    let named = assignment.get("named_endpoints").and_then(|n| n.get(name));
                    match named.and_then(|n| n.get("address")) {
                        Some(address) => self.host(out, address, Some(endpoint), priority, locality.as_ref(), fact, hosts),
                        None => out.gap(
                            "undefined-name",
                            format!("there is no endpoint `{}`", shorten(name)),
                            None,
                            endpoint.at(),
                            Touch::Endpoint(fact),
                        ),
                    }
                } else if let Some(address) = endpoint.path(&["endpoint", "address"]) {
                    self.host(out, address, Some(endpoint), priority, locality.as_ref(), fact, hosts);
                    for more in endpoint.get("endpoint").map(|e| e.list("additional_addresses")).unwrap_or_default() {
                        if let Some(address) = more.get("address") {
                            self.host(out, address, Some(endpoint), priority, locality.as_ref(), fact, hosts);
                        }
                    }
                } else {
                    let message = "an endpoint has no address that is understood".to_owned();
                    out.gap("unusable-target", message, None, endpoint.at(), Touch::Endpoint(fact));
                }
                hosts[before..].iter_mut().for_each(|h| h.weightless = weightless);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one per thing that an endpoint's place in the message tells")]
    fn host(
        &self,
        out: &mut Output,
        address: Part<'d>,
        endpoint: Option<Part<'d>>,
        priority: u32,
        locality: Option<&Locality>,
        fact: usize,
        hosts: &mut Vec<Host>,
    ) {
        address_fields(out, address, Touch::Endpoint(fact));
        match peer_of(address) {
            Ok(peer) => {
                let status = endpoint.and_then(|e| e.text("health_status")).unwrap_or("UNKNOWN").to_ascii_uppercase();
                let at = address.path(&["socket_address", "address"]).map_or(address.at(), |p| p.at());
                hosts.push(Host {
                    peer,
                    at,
                    priority,
                    weight: endpoint
                        .and_then(|e| e.told_number("load_balancing_weight", out, Touch::Endpoint(fact)))
                        .unwrap_or(1),
                    available: !matches!(status.as_str(), "UNHEALTHY" | "DRAINING" | "TIMEOUT" | "DEGRADED"),
                    locality: locality.cloned(),
                    weightless: false,
                });
            }
            Err(why) => {
                out.gap("unusable-target", format!("an endpoint's address {why}"), None, address.at(), Touch::Endpoint(fact))
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what decides how a cluster carries")]
    fn connect(
        &self,
        out: &mut Output,
        name: &str,
        fact: usize,
        hosts: &[Host],
        (factor, panic): (u64, u64),
        watched: bool,
        named: bool,
        settings: &dyn Fn(Location) -> FileSettings,
    ) {
        let name = shorten(name);
        let levels = levels(hosts, factor, panic);
        let any_open = levels.values().any(|l| l.open);
        // With too few hosts in all priorities together, those of a priority that are not available get requests too.
        let short = levels.values().map(|l| l.health).sum::<u64>() < 100;
        for host in hosts {
            let level = &levels[&host.priority];
            let held_back = if host.weightless && level.weighted {
                Some("no host of a locality that has a weight is available".to_owned())
            } else if !host.available && any_open && !(short && level.panics) {
                Some("so few hosts are available that others are asked too (panic threshold)".to_owned())
            } else {
                None
            };
            let is_open = level.open || !any_open;
            let carries = is_open && held_back.is_none();
            let share = 10_000_u64.div_ceil(factor.max(1));
            let locality = host.locality.as_ref().map(|l| format!(" in {}", l.shown)).unwrap_or_default();
            for (to, more) in self.endpoints(out, host, settings) {
                let mut route = Output::plain(fact, to, Activity::Forward, host.at);
                route.pool = Some("endpoints".to_owned());
                route.priority = Some(if carries { 0 } else { host.priority.max(1) });
                if !carries {
                    route.role = RouteRole::Failover;
                    route.spill = if watched {
                        Spill::Load
                    } else if named {
                        Spill::Failure(format!(
                            "nothing checks the hosts of `{name}`: they are given up only when their names no longer resolve"
                        ))
                    } else {
                        Spill::Never(format!(
                            "nothing checks the hosts of `{name}`, so those before it always count as available"
                        ))
                    };
                    let hosts = if level.before == 1 { "host".to_owned() } else { format!("{} hosts", level.before) };
                    let first = || format!("less than {share} % of the preferred {hosts} of `{name}` are available");
                    let when = match held_back.clone() {
                        Some(when) if is_open || level.before == 0 => when,
                        Some(when) => format!("{} and {when}", first()),
                        None => first(),
                    };
                    route.condition = Some(format!("when {when} (priority {}{locality})", host.priority));
                } else if host.priority > 0 {
                    let why = format!("too few hosts before it are available (priority {}{locality})", host.priority);
                    route.condition = Some(format!("already in normal running: {why}"));
                } else if level.uneven {
                    route.role = RouteRole::Weighted;
                    route.condition = Some(format!("takes {} of {} requests{locality}", host.weight, level.total));
                }
                route.condition = both(route.condition, more);
                out.route(route);
            }
        }
    }

    /// A host that stands in a locality is an endpoint of its own: the region is a fact about it.
    fn endpoints(
        &self,
        out: &mut Output,
        host: &Host,
        settings: &dyn Fn(Location) -> FileSettings,
    ) -> Vec<(Reference, Option<String>)> {
        let local = matches!(host.peer, Peer::Loopback { .. } | Peer::Unix(_));
        let Some(locality) = host.locality.as_ref().filter(|_| !local) else { return out.endpoints_at(&host.peer, host.at) };
        let told = settings(host.at);
        let mut fact = EndpointFact::new("envoy-host", String::new(), host.at);
        match &host.peer {
            Peer::Host { name, port } => {
                fact.label = port.map_or(name.clone(), |p| format!("{name}:{p}"));
                fact.names.push(Spanned::new(name.clone(), host.at.span));
            }
            Peer::Address { ip, port } => {
                fact.label = address_label(*ip, *port);
                fact.addresses.push(Address { ip: *ip, port: *port, location: host.at });
            }
            Peer::Loopback { .. } | Peer::Unix(_) => {}
        }
        fact.attributes.other.insert("locality".to_owned(), locality.shown.clone());
        // Names of regions mean something only together with whose they are.
        if let Some(provider) = told.provider {
            fact.provider = Some(provider.text);
            fact.region = locality.region.clone();
            fact.zone = locality.zone.clone();
        }
        vec![(out.facts.endpoint(fact), None)]
    }

    fn aggregate(&self, out: &mut Output, name: &str, fact: usize, extension: Option<Part<'d>>) {
        let config = extension.and_then(|e| e.config());
        let members = config.and_then(|c| c.get("clusters")).map(|l| l.node.items().map(|n| l.with(n)).collect::<Vec<_>>());
        let mut watched = true;
        let mut first = None;
        for (i, member) in members.unwrap_or_default().into_iter().enumerate() {
            let text = member.node.text().unwrap_or("");
            let Some(to) = self.facts.get(text) else {
                self.undefined(out, text, member.at(), fact);
                continue;
            };
            let mut route = Output::plain(fact, Reference::Fact(*to), Activity::Forward, member.at());
            route.pool = Some("clusters".to_owned());
            route.priority = Some(u32::try_from(i).unwrap_or(u32::MAX));
            if i > 0 {
                route.role = RouteRole::Failover;
                let before = first.unwrap_or("");
                route.spill = if watched {
                    Spill::Load
                } else {
                    Spill::Never(format!(
                        "nothing checks the hosts of a cluster before it in `{}`, so they always count as available",
                        shorten(name)
                    ))
                };
                route.condition =
                    Some(format!("when too few hosts of `{}` and the clusters before it are available", shorten(before)));
            }
            first = first.or(Some(text));
            watched &= self.parts.get(text).is_none_or(|p| self.is_watched(*p));
            out.route(route);
        }
        if first.is_none() {
            let message = format!("the aggregate cluster `{}` names no cluster that is known", shorten(name));
            let at = extension.map_or_else(|| self.parts[name].at(), |e| e.at());
            out.gap("empty-upstream", message, None, at, Touch::Endpoint(fact));
        }
    }

    /// A cluster that no file defines.
    pub fn undefined(&self, out: &mut Output, name: &str, at: Location, touches: usize) {
        let message = format!("there is no cluster `{}` in the files that were read", shorten(name));
        let help = if self.dynamic {
            "it may come from a server: add a config dump to the project, or declare its hosts in an inventory"
        } else {
            "add the file that defines it to the project"
        };
        out.gap("undefined-name", message, Some(help.to_owned()), at, Touch::Endpoint(touches));
    }
}

/// The hosts of one priority.
#[derive(Default)]
struct Level {
    /// Share of all requests that it could take, in percent.
    health: u64,
    /// Fewer of its hosts are available than the panic threshold says.
    panics: bool,
    /// It carries in normal running: those before it leave something.
    open: bool,
    /// Hosts of the priorities before it.
    before: usize,
    /// Some available host stands in a locality with a weight.
    weighted: bool,
    /// Sum of all weights, and whether they differ.
    total: u64,
    uneven: bool,
}

fn levels(hosts: &[Host], factor: u64, panic: u64) -> BTreeMap<u32, Level> {
    let mut by_priority: BTreeMap<u32, Vec<&Host>> = BTreeMap::new();
    for host in hosts {
        by_priority.entry(host.priority).or_default().push(host);
    }
    let (mut left, mut before) = (100_u64, 0);
    let mut levels = BTreeMap::new();
    for (priority, of) in by_priority {
        let up = of.iter().filter(|h| h.available).count() as u64;
        let all = of.len() as u64;
        let health = up.saturating_mul(factor).checked_div(all).unwrap_or(0).min(100);
        let level = Level {
            health,
            panics: up.saturating_mul(100) < all.saturating_mul(panic),
            open: left > 0 && health > 0,
            before,
            weighted: of.iter().any(|h| !h.weightless && h.available),
            total: of.iter().fold(0, |sum: u64, h| sum.saturating_add(h.weight)),
            uneven: of.iter().any(|h| h.weight != of[0].weight),
        };
        left = left.saturating_sub(health);
        before += of.len();
        levels.insert(priority, level);
    }
    levels
}

/// Sockets that hand connections to something else.
pub(super) fn sockets(out: &mut Output, cluster: Part<'_>, touch: Touch) {
    let mut all: Vec<Part<'_>> = cluster.get("transport_socket").into_iter().collect();
    all.extend(cluster.list("transport_socket_matches").iter().filter_map(|m| m.get("transport_socket")));
    for socket in all {
        let name = socket.text("name").unwrap_or("");
        if ["http_11_proxy", "tap"].iter().any(|n| name.ends_with(n))
            || ["Http11ProxyUpstreamTransport", "Tap"].contains(&socket.config().map_or("", |c| c.kind()))
        {
            let message =
                format!("the transport socket `{}` can hand connections to another server and is not followed", shorten(name));
            let help = "declare the routes that it takes in an inventory".to_owned();
            out.gap("unfollowed-filter", message, Some(help), socket.at(), touch);
        }
    }
}

pub(super) fn both(a: Option<String>, b: Option<String>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => Some(format!("{a} and {b}")),
        (a, b) => a.or(b),
    }
}

fn address_label(ip: IpAddr, port: Option<u16>) -> String {
    let ip = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    port.map_or(ip.clone(), |p| format!("{ip}:{p}"))
}

pub(super) fn address_fields(out: &mut Output, address: Part<'_>, touch: Touch) {
    known::check(out, address, known::ADDRESS, touch);
    address.get("socket_address").into_iter().for_each(|socket| known::check(out, socket, known::SOCKET, touch));
}

/// "config.core.v3.Address". The error is a clause for a message.
pub(super) fn peer_of(address: Part<'_>) -> Result<Peer, String> {
    if let Some(path) = address.path(&["pipe", "path"]).and_then(|p| p.node.text()) {
        return Ok(Peer::Unix(path.to_owned()));
    }
    if let Some(name) = address.path(&["envoy_internal_address", "server_listener_name"]).and_then(|p| p.node.text()) {
        return Ok(Peer::Unix(format!("internal:{name}")));
    }
    let Some(socket) = address.get("socket_address") else { return Err("is of a kind that is not known".to_owned()) };
    let text = socket.text("address").unwrap_or("");
    let port = match socket.get("port_value") {
        Some(text) if socket.number("port_value").is_none_or(|p| p > 65_535) => {
            return Err(format!("has the port `{}`, which is no number that fits", shorten(text.node.text().unwrap_or(""))));
        }
        _ => socket.number("port_value").and_then(|p| u16::try_from(p).ok()),
    };
    if text.contains(['{', '$', '<']) {
        return Err(format!("`{}` holds template code", shorten(text)));
    }
    let bare = if text.contains(':') && !text.starts_with('[') { format!("[{text}]") } else { text.to_owned() };
    peer::peer(&bare, port).map_err(|why| format!("`{}` {why}", shorten(text)))
}
