//! Kong: declarative configuration (`kong.yml`, decK files), in YAML and JSON.
//!
//! Kong Gateway's documentation (2026): "Routes" match hosts, paths, methods, headers, SNIs and sources; "Services" name a host, which is
//! an upstream's name first and a host name else; "Targets" of an upstream share requests by weight (100 if none is said), 0 takes one
//! out, and those with `failover` only carry when all others are unhealthy; "Health checks" take targets out. Plugins that send requests,
//! copies or logs elsewhere are followed by their settings; those that run code are gaps. Not here: what the Admin API changes.

mod known;

use std::collections::{BTreeMap, BTreeSet};

use super::proxy::fronts::{Asks, Fronts, by_country, by_networks, is_country_header};
use super::proxy::output::{Output, Touch};
use super::proxy::part::{self, Part};
use super::proxy::peer::{self, Peer};
use super::proxy::turn::{Turn, both};
use super::proxy::when::When;
use super::proxy::{plugins, shorten};
use super::{Input, Reader, Reading, Recognized, glance, words};
use crate::model::{EndpointFact, Reference, Spill, Standing};
use crate::source::Location;
use known::{PLUGINS, VOCABULARY};

pub struct Kong;

impl Reader for Kong {
    fn format(&self) -> &'static str {
        "kong"
    }

    fn describe(&self) -> &'static str {
        "Kong declarative configuration (YAML, JSON)"
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

fn check(out: &mut Output, part: Part<'_>, kind: &'static str, touch: Touch) {
    for (word, at, _) in part.entries() {
        out.knows(&VOCABULARY, kind, word, at, touch);
    }
}

/// A reference to another entity: its name, or a map with it.
fn named<'d>(part: Part<'d>, field: &str) -> Option<&'d str> {
    let value = part.get(field)?;
    value.node.text().or_else(|| value.text("name")).or_else(|| value.text("id"))
}

struct Service<'d> {
    /// `None`: routes that only their plugins answer.
    part: Option<Part<'d>>,
    at: Location,
    routes: Vec<Part<'d>>,
}

fn read(out: &mut Output, root: Part<'_>, path: &str) {
    check(out, root, known::TOP, Touch::Everything);
    let upstreams = upstreams(out, root);
    let mut services: Vec<Service<'_>> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    for part in root.list("services") {
        check(out, part, known::SERVICE, Touch::Everything);
        for field in ["name", "id"] {
            if let Some(name) = part.text(field) {
                index.insert(name, services.len());
            }
        }
        let at = part.get("name").map_or(part.at(), |n| n.at());
        services.push(Service { part: Some(part), at, routes: part.list("routes") });
    }
    let mut orphans = Vec::new();
    for route in root.list("routes") {
        match named(route, "service").and_then(|s| index.get(s)) {
            Some(service) => services[*service].routes.push(route),
            None => orphans.push(route),
        }
    }
    for route in &orphans {
        let Some(service) = named(*route, "service") else { continue };
        let message = format!("there is no service `{}` in this file", shorten(service));
        let help = "add the file that defines it to the project".to_owned();
        out.gap("undefined-name", message, Some(help), route.at(), Touch::Everything);
    }
    services.push(Service { part: None, at: root.at(), routes: orphans });
    let mut fronts = Fronts::new("kong-entry", format!("kong {path}"));
    let asks: Vec<Vec<Vec<Asks>>> = services.iter().map(|s| s.routes.iter().map(|r| asks(out, *r)).collect()).collect();
    for ask in asks.iter().flatten().flatten() {
        let at = services.first().map_or(root.at(), |s| s.at);
        fronts.of(out, ask.host.as_deref(), at);
    }
    let mut globals = root.list("plugins");
    for kind in ["consumers", "consumer_groups"] {
        globals.extend(root.list(kind).iter().flat_map(|consumer| consumer.list("plugins")));
    }
    for (service, asks) in services.iter().zip(&asks) {
        for (route, asks) in service.routes.iter().zip(asks) {
            for ask in asks {
                let entries: Vec<usize> = match &ask.host {
                    Some(host) => vec![fronts.of(out, Some(host), route.at())],
                    None => fronts.all().into_iter().map(|(_, front)| front).collect(),
                };
                for front in entries {
                    forward(out, front, service, *route, ask, &upstreams);
                }
            }
        }
    }
    for (_, front) in fronts.all() {
        for plugin in &globals {
            // A plugin of one service, route or consumer is told of for all entries: whom it serves is not worth a miss.
            one_plugin(out, front, *plugin, &Turn::first("plugins"));
        }
    }
}

fn forward(
    out: &mut Output,
    front: usize,
    service: &Service<'_>,
    route: Part<'_>,
    ask: &Asks,
    upstreams: &BTreeMap<&str, usize>,
) {
    let touch = Touch::Endpoint(front);
    let of_service = |field: &str| service.part.and_then(|p| p.text(field));
    let name = route.text("name").or_else(|| of_service("name")).unwrap_or("");
    let pool = out.pool(front, &format!("route {}", shorten(name)));
    let turn = Turn { condition: ask.text(), ..Turn::first(pool) }.for_clients(&ask.when);
    let off = service.part.is_some_and(|p| p.flag("enabled") == Some(false));
    let turn = if off { turn.never("its service is switched off") } else { turn };
    if let Some((part, url)) = service.part.and_then(|p| Some((p, p.get("url").or_else(|| p.get("host"))?))) {
        let text = url.node.text().unwrap_or("");
        let (scheme, authority) = peer::split_url(text);
        let scheme = scheme.or_else(|| part.text("protocol").map(str::to_owned));
        let port = part.number("port", out, touch);
        let port = port.or_else(|| scheme.as_deref().and_then(peer::scheme_port)).or(Some(80));
        let bare = authority.split(':').next().unwrap_or(authority);
        match upstreams.get(bare) {
            Some(upstream) => out.send_to(front, Reference::Fact(*upstream), url.at(), &turn),
            None => {
                if let Some(peer) = out.target("the host of a service", authority, port, url.at(), touch) {
                    out.send(front, &peer, url.at(), &turn);
                }
            }
        }
    } else if service.part.is_some() {
        let message = format!("service `{}` says no host", shorten(of_service("name").unwrap_or("")));
        out.gap("unusable-target", message, None, service.at, touch);
    }
    let plugins = service.part.map(|p| p.list("plugins")).unwrap_or_default();
    for plugin in plugins.into_iter().chain(route.list("plugins")) {
        one_plugin(out, front, plugin, &turn);
    }
}

fn one_plugin(out: &mut Output, front: usize, plugin: Part<'_>, base: &Turn) {
    if plugin.flag("enabled") == Some(false) {
        return;
    }
    // Without a name it is a plugin that nobody knows.
    let name = plugin.get("name").unwrap_or(plugin);
    let text = name.node.text().unwrap_or("");
    let config = plugin.get("config");
    plugins::routes(out, front, (PLUGINS, &VOCABULARY, known::PLUGIN), (text, name.at(), config), base);
    // Counters that are kept elsewhere hold who asked how often.
    if let Some(redis) = config.and_then(|c| c.get("redis").and_then(|r| r.get("host")).or_else(|| c.get("redis_host")))
        && let Some(peer) =
            out.target("the redis of a plugin", redis.node.text().unwrap_or(""), Some(6379), redis.at(), Touch::Endpoint(front))
    {
        out.log_to(front, &peer, redis.at(), &format!("{text} redis"));
    }
}

fn asks(out: &mut Output, route: Part<'_>) -> Vec<Asks> {
    check(out, route, known::ROUTE, Touch::Everything);
    let mut base = Asks::default();
    let mut what = Vec::new();
    for field in ["paths", "methods"] {
        let texts: Vec<&str> = route.texts(field).into_iter().map(|(t, _)| t).filter(|t| *t != "/").collect();
        if !texts.is_empty() {
            what.push(format!("{field} {}", texts.join(" ")));
        }
    }
    base.what = (!what.is_empty()).then(|| shorten(&what.join(" and ")));
    let mut when = When::default();
    let headers = route.get("headers");
    for (header, _, _) in headers.map(|h| h.entries()).unwrap_or_default() {
        let texts: Vec<&str> = headers.map(|h| h.texts(header)).unwrap_or_default().into_iter().map(|(t, _)| t).collect();
        let country = is_country_header(header).then(|| by_country(header, &texts.join(" "), false, true)).flatten();
        let header = shorten(header);
        let more = country.unwrap_or_else(|| {
            When::some(format!("by header {header}"), format!("when header {header} is {}", shorten(&texts.join(" "))))
        });
        when = when.and(&more).unwrap_or(more);
    }
    let sources = route.list("sources");
    if !sources.is_empty() {
        // A source may be a port of any network.
        let networks: Option<Vec<&str>> = sources.iter().map(|s| s.text("ip")).collect();
        let more = networks.map_or_else(|| When::some("by source", "for some sources"), |n| by_networks(&n, true));
        when = when.and(&more).unwrap_or(more);
    }
    if let Some(expression) = route.text("expression") {
        let shown = shorten(expression);
        when = When::some(format!("by {shown}"), format!("when {shown}"));
    }
    base.when = when;
    let hosts: BTreeSet<&str> = route.texts("hosts").into_iter().chain(route.texts("snis")).map(|(t, _)| t).collect();
    if hosts.is_empty() {
        return vec![base];
    }
    hosts.into_iter().map(|h| Asks { host: Asks::host(h.split(':').next().unwrap_or(h)).host, ..base.clone() }).collect()
}

fn upstreams<'d>(out: &mut Output, root: Part<'d>) -> BTreeMap<&'d str, usize> {
    let mut facts = BTreeMap::new();
    let (upstreams, loose) = (root.list("upstreams"), root.list("targets"));
    let known: BTreeSet<&str> = upstreams.iter().flat_map(|u| [u.text("name"), u.text("id")]).flatten().collect();
    for target in loose.iter().filter(|t| named(**t, "upstream").is_none_or(|n| !known.contains(n))) {
        let message = "the upstream of this target is not in this file".to_owned();
        let help = "add the file that defines it to the project".to_owned();
        out.gap("undefined-name", message, Some(help), target.at(), Touch::Everything);
    }
    for part in upstreams {
        check(out, part, known::UPSTREAM, Touch::Everything);
        let name = part.text("name").unwrap_or("");
        let at = part.get("name").map_or(part.at(), |n| n.at());
        let mut fact = EndpointFact::new("kong-upstream", name, at);
        fact.standing = Standing::Logical;
        let fact = out.principal(fact);
        facts.insert(name, fact);
        let touch = Touch::Endpoint(fact);
        let is_own = |t: &Part<'_>| named(*t, "upstream").is_some_and(|n| n == name || part.text("id") == Some(n));
        let loose = loose.iter().copied().filter(is_own);
        let mut targets: Vec<(Peer, Location, u64, bool)> = Vec::new();
        let mut open = false;
        for target in part.list("targets").into_iter().chain(loose) {
            check(out, target, known::TARGET, touch);
            let address = target.get("target").unwrap_or(target);
            let text = address.node.text().unwrap_or("");
            match out.target("a target", text, Some(8000), address.at(), touch) {
                Some(peer) => {
                    let weight = target.number("weight", out, touch).unwrap_or(100);
                    targets.push((peer, address.at(), weight, target.flag("failover") == Some(true)));
                }
                None => open = true,
            }
        }
        if targets.is_empty() && !open {
            let message = format!("upstream `{}` has no targets in this file", shorten(name));
            out.gap("empty-upstream", message, None, at, touch);
        }
        let checked = part.path(&["healthchecks"]).is_some();
        let preferred = || targets.iter().filter(|t| !t.3 && t.2 > 0);
        let total: u64 = preferred().map(|t| t.2).sum();
        let uneven = preferred().any(|t| Some(t.2) != preferred().next().map(|f| f.2));
        for (peer, at, weight, failover) in &targets {
            let turn = match (weight, failover) {
                (0, _) => Turn::first("targets").never("its weight is 0"),
                (_, true) => {
                    let spill = match checked {
                        true => Spill::Load,
                        false => Spill::Failure(format!(
                            "nothing checks the targets of `{}`: they are given up only when their names no longer resolve",
                            shorten(name)
                        )),
                    };
                    let condition =
                        format!("when the {} preferred targets of `{}` are unhealthy", preferred().count(), shorten(name));
                    Turn::standby("targets", 1, spill, condition)
                }
                _ if uneven => Turn::first("targets").share(*weight, total),
                _ => Turn::first("targets"),
            };
            out.send(fact, peer, *at, &Turn { condition: both(turn.condition.clone(), None), ..turn });
        }
    }
    facts
}

/// By `_format_version`, which only Kong's files have.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if ![".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)) {
        return Recognized::No;
    }
    let text = glance(text);
    let marked = text.lines().any(|l| l.starts_with("_format_version:") || l.trim_start().starts_with("\"_format_version\""));
    if marked { Recognized::Yes } else { Recognized::No }
}
