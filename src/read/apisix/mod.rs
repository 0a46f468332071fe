//! APISIX: the standalone configuration (`apisix.yaml`, closed by `#END`), in YAML and JSON.
//!
//! Admin API reference (3.14, 2026): a "Route" matches `uri`, `host`, `remote_addr`, `vars` and methods, and leads to an upstream of its
//! own, by id, or through a "Service"; "Upstream": nodes share requests by weight, 0 takes one out; nodes of a lower `priority` are asked
//! when those of a higher one are unhealthy or were tried (`retries`, by default one for each further node); `discovery_type` finds
//! nodes while APISIX runs. Plugins that send requests, copies or logs elsewhere are followed by their settings; those that run code
//! are gaps. Not here: what etcd holds, and Kubernetes resources of its ingress controller.

mod known;

use std::collections::BTreeMap;

use super::proxy::fronts::{Asks, Fronts, by_country, by_networks, is_country_header};
use super::proxy::output::{Output, Touch};
use super::proxy::part::{self, Part};
use super::proxy::peer::Peer;
use super::proxy::turn::Turn;
use super::proxy::when::When;
use super::proxy::{plugins, shorten};
use super::{Input, Reader, Reading, Recognized, glance, words};
use crate::model::{EndpointFact, Reference, Spill, Standing};
use crate::source::Location;
use known::{PLUGINS, VOCABULARY};

pub struct Apisix;

impl Reader for Apisix {
    fn format(&self) -> &'static str {
        "apisix"
    }

    fn describe(&self) -> &'static str {
        "APISIX standalone configuration (YAML, JSON)"
    }

    fn words(&self) -> &'static [words::Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, text)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        part::reading(input, read)
    }
}

struct World<'d> {
    upstreams: BTreeMap<&'d str, usize>,
    services: BTreeMap<&'d str, Part<'d>>,
    configs: BTreeMap<&'d str, Part<'d>>,
}

fn check(out: &mut Output, part: Part<'_>, kind: &'static str, touch: Touch) {
    for (word, at, _) in part.entries() {
        out.knows(&VOCABULARY, kind, word, at, touch);
    }
}

fn by_id<'d>(root: Part<'d>, kind: &str) -> BTreeMap<&'d str, Part<'d>> {
    root.list(kind).into_iter().filter_map(|p| Some((p.text("id")?, p))).collect()
}

fn read(out: &mut Output, root: Part<'_>, path: &str) {
    check(out, root, known::TOP, Touch::Everything);
    for kind in ["services", "plugin_configs", "global_rules"] {
        root.list(kind).into_iter().for_each(|part| check(out, part, known::ROUTE, Touch::Everything));
    }
    let mut world =
        World { upstreams: BTreeMap::new(), services: by_id(root, "services"), configs: by_id(root, "plugin_configs") };
    for (id, part) in by_id(root, "upstreams") {
        let label = part.text("name").unwrap_or(id);
        let fact = upstream(out, part, label);
        world.upstreams.insert(id, fact);
    }
    let mut fronts = Fronts::new("apisix-entry", format!("apisix {path}"));
    let routes: Vec<(Part<'_>, Vec<Asks>)> =
        root.list("routes").into_iter().chain(root.list("stream_routes")).map(|r| (r, asks(out, r, &world))).collect();
    for (route, asks) in &routes {
        asks.iter().for_each(|ask| _ = fronts.of(out, ask.host.as_deref(), route.at()));
    }
    let mut own: BTreeMap<Location, usize> = BTreeMap::new();
    for (route, asks) in &routes {
        for ask in asks {
            let entries: Vec<usize> = match &ask.host {
                Some(host) => vec![fronts.of(out, Some(host), route.at())],
                None => fronts.all().into_iter().map(|(_, front)| front).collect(),
            };
            for front in entries {
                one_route(out, front, *route, ask, &world, &mut own);
            }
        }
    }
    for (_, front) in fronts.all() {
        for kind in ["global_rules", "consumers", "consumer_groups"] {
            for rule in root.list(kind) {
                all_plugins(out, front, rule, &Turn::first("plugins"), &world, &mut own);
            }
        }
    }
}

fn asks(out: &mut Output, route: Part<'_>, world: &World<'_>) -> Vec<Asks> {
    check(out, route, known::ROUTE, Touch::Everything);
    let texts = |field: &str| route.texts(field).into_iter().map(|(t, _)| t).collect::<Vec<_>>();
    let mut base = Asks::default();
    let paths: Vec<&str> = texts("uri").into_iter().chain(texts("uris")).filter(|p| *p != "/*").collect();
    let methods = texts("methods");
    let what = [("path", paths), ("method", methods)].into_iter().filter(|(_, l)| !l.is_empty());
    let what: Vec<String> = what.map(|(noun, list)| format!("{noun} {}", list.join(" "))).collect();
    base.what = (!what.is_empty()).then(|| shorten(&what.join(" and ")));
    let addresses: Vec<&str> = texts("remote_addr").into_iter().chain(texts("remote_addrs")).collect();
    if !addresses.is_empty() {
        base.when = by_networks(&addresses, true);
    }
    // `vars` is a list of [variable, operator, value], all of which hold.
    for test in route.get("vars").map(|v| v.node.items().collect::<Vec<_>>()).unwrap_or_default() {
        let words: Vec<String> = test
            .items()
            .map(|n| n.text().map_or_else(|| n.items().filter_map(|i| i.text()).collect::<Vec<_>>().join(" "), str::to_owned))
            .collect();
        let shown = shorten(&words.join(" "));
        let country = match words.as_slice() {
            [variable, operator, value]
                if matches!(operator.as_str(), "==" | "in" | "~~" | "~*" | "~=")
                    && (variable.strip_prefix("http_").is_some_and(is_country_header) || variable == "geoip_country_code") =>
            {
                by_country(variable, value, operator.starts_with('~') && operator != "~=", operator != "~=")
            }
            _ => None,
        };
        let more = country.unwrap_or_else(|| When::some(format!("by {shown}"), format!("when {shown}")));
        base.when = base.when.and(&more).unwrap_or(more);
    }
    if route.has("filter_func") {
        base.when = When::some("by code", "when its filter_func says so");
    }
    let mut hosts: Vec<&str> = texts("host").into_iter().chain(texts("hosts")).chain(texts("sni")).collect();
    if hosts.is_empty()
        && let Some(service) = route.text("service_id").and_then(|id| world.services.get(id))
    {
        hosts = service.texts("hosts").into_iter().map(|(t, _)| t).collect();
    }
    if hosts.is_empty() {
        return vec![base];
    }
    hosts.into_iter().map(|h| Asks { host: Asks::host(h).host, ..base.clone() }).collect()
}

fn one_route(
    out: &mut Output,
    front: usize,
    route: Part<'_>,
    ask: &Asks,
    world: &World<'_>,
    own: &mut BTreeMap<Location, usize>,
) {
    let touch = Touch::Endpoint(front);
    let name = route.text("name").or_else(|| route.text("id")).or_else(|| route.text("uri")).unwrap_or("");
    let pool = out.pool(front, &format!("route {}", shorten(name)));
    let turn = Turn { condition: ask.text(), ..Turn::first(pool) }.for_clients(&ask.when);
    let turn = if route.text("status") == Some("0") { turn.never("the route is switched off") } else { turn };
    let service = match route.get("service_id") {
        Some(id) => {
            let found = world.services.get(id.node.text().unwrap_or("")).copied();
            if found.is_none() {
                let message =
                    format!("there is no service with the id `{}` in this file", shorten(id.node.text().unwrap_or("")));
                out.gap("undefined-name", message, None, id.at(), touch);
            }
            found
        }
        None => None,
    };
    let mut led = false;
    for holder in [Some(route), service].into_iter().flatten() {
        led = led || upstream_of(out, front, holder, world, own, &turn);
        if let Some(id) = holder.get("plugin_config_id") {
            match world.configs.get(id.node.text().unwrap_or("")) {
                Some(config) => all_plugins(out, front, *config, &turn, world, own),
                None => {
                    let shown = shorten(id.node.text().unwrap_or(""));
                    let message = format!("there is no plugin_config with the id `{shown}` in this file");
                    out.gap("undefined-name", message, None, id.at(), touch);
                }
            }
        }
        all_plugins(out, front, holder, &turn, world, own);
    }
}

/// A route to the upstream that a route, a service or a rule of traffic-split names.
fn upstream_of(
    out: &mut Output,
    front: usize,
    holder: Part<'_>,
    world: &World<'_>,
    own: &mut BTreeMap<Location, usize>,
    turn: &Turn,
) -> bool {
    if let Some(part) = holder.get("upstream") {
        let label = part.text("name").or_else(|| holder.text("name")).or_else(|| holder.text("id")).unwrap_or("upstream");
        let fact = match own.get(&part.at()) {
            Some(known) => *known,
            None => {
                let fact = upstream(out, part, label);
                own.insert(part.at(), fact);
                fact
            }
        };
        out.send_to(front, Reference::Fact(fact), part.at(), turn);
        return true;
    }
    let Some(id) = holder.get("upstream_id") else { return false };
    let text = id.node.text().unwrap_or("");
    match world.upstreams.get(text) {
        Some(fact) => out.send_to(front, Reference::Fact(*fact), id.at(), turn),
        None => {
            let message = format!("there is no upstream with the id `{}` in this file", shorten(text));
            let help = "add what holds it to the project, or declare its nodes in an inventory".to_owned();
            out.gap("undefined-name", message, Some(help), id.at(), Touch::Endpoint(front));
        }
    }
    true
}

fn all_plugins(
    out: &mut Output,
    front: usize,
    holder: Part<'_>,
    base: &Turn,
    world: &World<'_>,
    own: &mut BTreeMap<Location, usize>,
) {
    for (name, at, settings) in holder.get("plugins").map(|p| p.entries()).unwrap_or_default() {
        if settings.path(&["_meta"]).is_some_and(|m| m.flag("disable") == Some(true)) {
            continue;
        }
        match name {
            "traffic-split" => split(out, front, settings, base, world, own),
            // A path of the same host, or https instead of http.
            "redirect" if !settings.text("uri").is_some_and(|u| u.contains("://")) => {}
            "limit-count" | "limit-req" | "limit-conn" => {
                for field in ["redis_host", "redis_cluster_nodes"] {
                    for redis in settings.list(field) {
                        let (text, touch) = (redis.node.text().unwrap_or(""), Touch::Endpoint(front));
                        if let Some(peer) = out.target(&format!("`{field}`"), text, Some(6379), redis.at(), touch) {
                            out.log_to(front, &peer, redis.at(), name);
                        }
                    }
                }
            }
            _ => plugins::routes(out, front, (PLUGINS, &VOCABULARY, known::PLUGIN), (name, at, Some(settings)), base),
        }
    }
}

/// "traffic-split": of the rules whose match holds, a share of requests goes to each upstream; one without an upstream is the route's.
fn split(
    out: &mut Output,
    front: usize,
    settings: Part<'_>,
    base: &Turn,
    world: &World<'_>,
    own: &mut BTreeMap<Location, usize>,
) {
    for rule in settings.list("rules") {
        let touch = Touch::Endpoint(front);
        let weight = |s: Part<'_>| s.number("weight", out, touch).unwrap_or(1_u32);
        let weights: Vec<u64> = rule.list("weighted_upstreams").into_iter().map(weight).map(u64::from).collect();
        let total: u64 = weights.iter().sum();
        let some = When::some("by a rule of traffic-split", "when a rule of traffic-split holds");
        for (share, weight) in rule.list("weighted_upstreams").into_iter().zip(weights) {
            let turn = match weight {
                0 => base.clone().never("its weight is 0"),
                weight => base.clone().share(weight, total),
            };
            let turn = if rule.has("match") { turn.for_clients(&base.when.and(&some).unwrap_or(some.clone())) } else { turn };
            upstream_of(out, front, share, world, own, &turn);
        }
    }
}

fn upstream(out: &mut Output, part: Part<'_>, label: &str) -> usize {
    let mut fact = EndpointFact::new("apisix-upstream", label, part.at());
    fact.standing = Standing::Logical;
    let fact = out.principal(fact);
    let touch = Touch::Endpoint(fact);
    check(out, part, known::UPSTREAM, touch);
    if let Some(kind) = part.get("discovery_type") {
        let message = format!("the nodes of upstream `{}` are found while APISIX runs (discovery_type)", shorten(label));
        let help = "declare the nodes that it can find in an inventory, with routes to them".to_owned();
        out.gap("dynamic-upstream", message, Some(help), kind.at(), touch);
    }
    let port = if part.text("scheme") == Some("https") { 443 } else { 80 };
    let mut nodes: Vec<(Peer, Location, u32, i32)> = Vec::new();
    let mut open = part.has("discovery_type");
    if let Some(list) = part.get("nodes") {
        let mut add = |out: &mut Output, text: &str, at: Location, default: u16, weight: u32, priority: i32| match out.target(
            "a node",
            text,
            Some(default),
            at,
            touch,
        ) {
            Some(peer) => nodes.push((peer, at, weight, priority)),
            None => open = true,
        };
        if list.node.is_map() {
            for (text, at, weight) in list.entries() {
                let weight = out.number("the weight of a node", weight.node.text().unwrap_or(""), at, touch);
                add(out, text, at, port, weight.unwrap_or(1), 0);
            }
        }
        for node in list.node.items().map(|node| Part { node, source: list.source }) {
            let host = node.get("host").unwrap_or(node);
            let own = node.number("port", out, touch).unwrap_or(port);
            let priority = node.number("priority", out, touch).unwrap_or(0);
            let weight = node.number("weight", out, touch).unwrap_or(1);
            add(out, host.node.text().unwrap_or(""), host.at(), own, weight, priority);
        }
    }
    if nodes.is_empty() && !open {
        let message = format!("upstream `{}` has no nodes in this file", shorten(label));
        out.gap("empty-upstream", message, None, part.at(), touch);
    }
    let mut turns: Vec<i32> = nodes.iter().filter(|n| n.2 > 0).map(|n| -n.3).collect();
    turns.sort_unstable();
    turns.dedup();
    let notices = part.has("checks") || part.number::<u32>("retries", out, touch) != Some(0);
    for (peer, at, weight, priority) in &nodes {
        let order = turns.iter().position(|t| *t == -priority).unwrap_or(0);
        let peers = || nodes.iter().filter(|n| n.3 == *priority && n.2 > 0);
        let turn = match (weight, order) {
            (0, _) => Turn::first("nodes").never("its weight is 0"),
            (_, 1..) => {
                let spill = match notices {
                    true => Spill::Load,
                    false => Spill::Never(format!(
                        "nothing checks the nodes of `{}`, and none is tried after another (retries 0)",
                        shorten(label)
                    )),
                };
                let condition = format!("when no node of a higher priority in `{}` is usable", shorten(label));
                Turn::standby("nodes", u32::try_from(order).unwrap_or(u32::MAX), spill, condition)
            }
            (weight, 0) if peers().any(|n| n.2 != *weight) => {
                Turn::first("nodes").share(u64::from(*weight), peers().map(|n| u64::from(n.2)).sum())
            }
            _ => Turn::first("nodes"),
        };
        out.send(fact, peer, *at, &turn);
    }
    fact
}

/// By `#END` behind routes or upstreams, which APISIX asks for, or by nodes and plugins as only APISIX writes them.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if ![".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)) {
        return Recognized::No;
    }
    let ended = text.trim_end().ends_with("#END");
    let text = glance(text);
    let (mut top, mut words) = (false, false);
    for line in text.lines() {
        let key = line.trim_start_matches(['-', ' ', '{', '"']).split([':', '"']).next().unwrap_or("");
        top |= !line.starts_with(' ') && matches!(key, "routes" | "upstreams" | "stream_routes" | "global_rules");
        words |= matches!(key, "upstream_id" | "nodes" | "service_id" | "plugin_config_id");
        if matches!(key, "apiVersion" | "_format_version" | "static_resources") {
            return Recognized::No;
        }
    }
    match (top, ended, words || name.starts_with("apisix")) {
        (true, true, _) => Recognized::Yes,
        (true, false, true) => Recognized::Maybe,
        _ => Recognized::No,
    }
}
