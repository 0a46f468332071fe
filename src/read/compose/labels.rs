//! Labels by which containers tell a proxy that watches Docker what to lead to them: those of Traefik ("Docker", "Routing
//! Configuration with Labels") are followed, others are gaps.
//!
//! A router's host is an entry that stands where the project's Traefik stands, or on this machine where that is not among its
//! services: a proxy can watch no other. Traefik's own settings (its default rule, which containers it exposes) are not looked at:
//! what is labelled counts.

use std::collections::BTreeMap;

use super::project::Definition;
use super::service::{Project, Service};
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, RouteFact, Trail};
use crate::read::mentions::{Mention, mentions, shorten};
use crate::read::proxy::peer::is_host_name;
use crate::read::proxy::turn::both;
use crate::read::traefik::{is_harmless_middleware, rules};
use crate::source::{Location, Spanned};

/// The labels of one container that are Traefik's.
pub(super) struct Watched {
    fact: usize,
    labels: Vec<(String, String, Location)>,
}

#[derive(Default)]
struct Router {
    /// The container that has its labels.
    fact: usize,
    at: Option<Location>,
    rule: Option<(String, Location)>,
    service: Option<(String, Location)>,
    middlewares: Vec<(String, Location)>,
}

impl<'d> Project<'_, 'd> {
    pub(super) fn labels(&mut self, service: &Service<'d>) {
        let index = service.fact;
        let deployed = service.all("deploy").filter_map(|(d, n)| Some((d, n.get("labels")?)));
        let labels: Vec<(Definition<'d>, Node<'d>)> = service.all("labels").chain(deployed).collect();
        let mut watched = Watched { fact: index, labels: Vec::new() };
        for (definition, node) in labels {
            let mut pairs: Vec<(String, String, Location)> = Vec::new();
            for item in node.items() {
                let text = self.fill(item);
                if let Some((name, value)) = text.split_once('=') {
                    pairs.push((name.to_owned(), value.to_owned(), definition.at(item)));
                }
            }
            for entry in node.entries() {
                pairs.push((entry.name().to_owned(), self.fill(entry.value), definition.at(entry.value)));
            }
            for (name, value, location) in pairs {
                if name.starts_with("traefik.") {
                    watched.labels.push((name, value, location));
                } else if name == "caddy" {
                    self.hosts(index, &name, value.split([',', ' ']), location);
                } else {
                    self.facts.endpoints[index].tags.insert(name, value);
                }
            }
        }
        let off = watched.labels.iter().rev().find(|(n, ..)| n.eq_ignore_ascii_case("traefik.enable"));
        if off.is_none_or(|(_, value, _)| !value.trim().eq_ignore_ascii_case("false")) && !watched.labels.is_empty() {
            self.watched.push(watched);
        }
    }

    /// Routers, once the labels of all containers are known: one may name another's service.
    pub(super) fn traefik(&mut self, all: &BTreeMap<&'d str, Service<'d>>) {
        let watched = std::mem::take(&mut self.watched);
        let mut routers: BTreeMap<(String, String), Router> = BTreeMap::new();
        let mut services: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut middlewares: BTreeMap<String, Vec<(String, String, Location)>> = BTreeMap::new();
        for container in &watched {
            for (label, value, at) in &container.labels {
                let lower = label.to_ascii_lowercase();
                let mut parts = lower.splitn(5, '.').skip(1);
                let (protocol, part) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                let (name, key) = (parts.next().unwrap_or("").to_owned(), parts.next().unwrap_or("").to_owned());
                match (protocol, part) {
                    ("enable" | "docker" | "swarm" | "tags", _) => {}
                    ("http" | "tcp" | "udp", "routers") => {
                        let router = routers.entry((protocol.to_owned(), name)).or_default();
                        router.fact = container.fact;
                        router.at.get_or_insert(*at);
                        match key.split('.').next().unwrap_or("") {
                            "rule" => router.rule = Some((value.clone(), *at)),
                            "service" => router.service = Some((value.to_ascii_lowercase(), *at)),
                            "middlewares" => {
                                let names = value.split(',').map(|n| (n.trim().to_ascii_lowercase(), *at));
                                router.middlewares = names.collect();
                            }
                            "entrypoints" | "tls" | "priority" | "rulesyntax" | "observability" => {}
                            _ => self.unfollowed(container.fact, label, *at),
                        }
                    }
                    ("http" | "tcp" | "udp", "services") => {
                        let known = services.entry(format!("{protocol} {name}")).or_default();
                        if !known.contains(&container.fact) {
                            known.push(container.fact);
                        }
                        if !key.starts_with("loadbalancer.") || key == "loadbalancer.server.url" || key.contains("servers[") {
                            self.unfollowed(container.fact, label, *at);
                        }
                    }
                    ("http" | "tcp", "middlewares") => {
                        middlewares.entry(name).or_default().push((key, value.clone(), *at));
                    }
                    ("http" | "tcp", "serverstransports") => {}
                    _ => self.unfollowed(container.fact, label, *at),
                }
            }
        }
        let is_proxy = |s: &&Service<'d>| {
            let images: Vec<String> = s.each("image").iter().map(|(_, n)| self.fill(*n)).collect();
            images.iter().any(|i| i.rsplit('/').next().unwrap_or(i).starts_with("traefik"))
        };
        let proxy = all.values().find(is_proxy).map(|s| s.fact);
        let mut entries: BTreeMap<String, usize> = BTreeMap::new();
        for ((protocol, name), router) in &routers {
            let at = router.at.unwrap_or(self.facts.endpoints[router.fact].location);
            let targets = self.targets(protocol, name, router, &services, at);
            let (rule, rule_at) = router.rule.clone().unwrap_or((String::new(), at));
            let asks = match rules::alternatives(&rule) {
                _ if rule.is_empty() => vec![Default::default()],
                Ok(asks) => asks,
                Err(what) => {
                    let message = format!("{what} in the rule of the router `{}` is not understood", shorten(name));
                    let help = "correct it, or declare the routes of this host in an inventory";
                    self.gap("unfollowed-routing", message, help, rule_at, router.fact);
                    vec![rules::unknown(&rule)]
                }
            };
            for ask in asks {
                let host = ask.host.clone().unwrap_or_default();
                let entry = *entries.entry(host.clone()).or_insert_with(|| self.entry(&host, proxy, router.fact, rule_at));
                for to in &targets {
                    let mut route = RouteFact::new(Reference::Fact(entry), Reference::Fact(*to), Activity::Forward, rule_at);
                    route.pool = Some(format!("router {name}"));
                    route.role = ask.when.basis.role();
                    route.clients = ask.when.clients.clone();
                    route.condition = both(ask.text(), ask.when.text.clone());
                    self.facts.routes.push(route);
                }
                for (middleware, at) in &router.middlewares {
                    self.middleware(entry, middleware, *at, &middlewares);
                }
            }
        }
    }

    fn unfollowed(&mut self, of: usize, label: &str, at: Location) {
        let message = format!("the label `{}` can lead requests elsewhere and is not followed", shorten(label));
        self.gap("unfollowed-routing", message, "declare where it leads as a [[route]] in an inventory", at, of);
    }

    /// The containers that a router leads to.
    fn targets(
        &mut self,
        protocol: &str,
        name: &str,
        router: &Router,
        services: &BTreeMap<String, Vec<usize>>,
        at: Location,
    ) -> Vec<usize> {
        let own: Vec<&String> = services
            .iter()
            .filter(|(key, of)| key.starts_with(&format!("{protocol} ")) && of.contains(&router.fact))
            .map(|(key, _)| key)
            .collect();
        let Some((named, named_at)) = &router.service else {
            if own.len() > 1 {
                let message = format!("the router `{}` names no service, and its container has several", shorten(name));
                self.gap("unfollowed-routing", message, "name one with `service`", at, router.fact);
            }
            return vec![router.fact];
        };
        let (bare, provider) = named.rsplit_once('@').unwrap_or((named, "docker"));
        match (provider, services.get(&format!("{protocol} {bare}"))) {
            ("internal", _) => Vec::new(),
            ("docker" | "swarm", Some(of)) => of.clone(),
            _ => {
                let message = format!("the service `{}` of this router is told by no label here", shorten(named));
                let help = "add the file that tells it, or declare where it leads as a [[route]] in an inventory";
                self.gap("unfollowed-routing", message, help, *named_at, router.fact);
                vec![router.fact]
            }
        }
    }

    /// The entry for those who ask for a host; for any other, without one.
    fn entry(&mut self, host: &str, proxy: Option<usize>, of: usize, at: Location) -> usize {
        let mut fact = EndpointFact::new("traefik-entry", format!("{}traefik", self.prefix), at);
        fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
        if is_host_name(host.strip_prefix("*.").unwrap_or(host)) {
            fact.label = host.to_owned();
            fact.names.push(Spanned::new(host.to_owned(), at.span));
        } else if !host.is_empty() {
            fact.label = format!("{} ({})", fact.label, shorten(host));
            fact.attributes.other.insert("server-name-pattern".to_owned(), shorten(host));
        }
        match proxy {
            Some(proxy) => fact.part_of.push(Reference::Fact(proxy)),
            // On the machine of the container that it leads to.
            None => {
                let container = &self.facts.endpoints[of];
                fact.provider.clone_from(&container.provider);
                fact.account.clone_from(&container.account);
                fact.region = container.region.clone().map(|r| Spanned::new(r.value, at.span));
                fact.zone = container.zone.clone().map(|z| Spanned::new(z.value, at.span));
                fact.trail = Trail::stated(container.location, "it stands where the container does that it leads to");
            }
        }
        self.facts.endpoints.push(fact);
        self.facts.endpoints.len() - 1
    }

    /// What a middleware sends elsewhere.
    fn middleware(&mut self, entry: usize, name: &str, at: Location, all: &BTreeMap<String, Vec<(String, String, Location)>>) {
        let (bare, provider) = name.rsplit_once('@').unwrap_or((name, "docker"));
        let Some(settings) = all.get(bare).filter(|_| matches!(provider, "docker" | "swarm")) else {
            let message =
                format!("the middleware `{}` is told by no label here, and may send requests elsewhere", shorten(name));
            let help = "add the file that tells it, or declare where it leads as a [[route]] in an inventory";
            return self.gap("unfollowed-routing", message, help, at, entry);
        };
        for (key, value, at) in settings {
            let kind = key.split(['.', '[']).next().unwrap_or("");
            match kind {
                // To another port or scheme of the same host.
                "redirectscheme" => {}
                "chain" => {
                    for inner in value.split(',').map(|n| n.trim().to_ascii_lowercase()).filter(|n| n != bare) {
                        // Chains of chains are rare, and one that names this one would never end.
                        let deeper = all.get(&inner).is_some_and(|s| s.iter().any(|(k, ..)| k.starts_with("chain")));
                        if deeper {
                            self.unfollowed(entry, &inner, *at);
                        } else {
                            self.middleware(entry, &inner, *at, all);
                        }
                    }
                }
                "forwardauth" if key == "forwardauth.address" => {
                    for mention in mentions("url", value) {
                        let to = match mention {
                            Mention::Host { name, port, .. } => match self.names.get(&name) {
                                Some(service) => Reference::Fact(*service),
                                None => Reference::Host { name, port },
                            },
                            Mention::Address { ip, port } => Reference::Address { ip, port },
                            Mention::Unresolved(_) | Mention::Bucket(_) | Mention::CloudId(_) => {
                                self.unfollowed(entry, key, *at);
                                continue;
                            }
                        };
                        let mut route = RouteFact::new(Reference::Fact(entry), to, Activity::Forward, *at);
                        route.condition = Some("to authorise each request (forwardAuth)".to_owned());
                        self.facts.routes.push(route);
                    }
                }
                "forwardauth" => {}
                "plugin" | "errors" | "redirectregex" => self.unfollowed(entry, key, *at),
                harmless if is_harmless_middleware(harmless) || harmless == "ratelimit" => {}
                _ => self.unfollowed(entry, key, *at),
            }
        }
    }
}
