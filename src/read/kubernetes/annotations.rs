//! Annotations of ingress controllers that mirror, split, check or redirect requests.
//!
//! ingress-nginx, "Annotations": mirror-target sends each request with its body to another URL; a canary stands beside another
//! ingress of the same host and takes requests by header, by cookie, or by weight; snippets are raw configuration. AWS Load Balancer
//! Controller, "Ingress annotations": an action shares requests among target groups, which may be of no service of the cluster;
//! a target group may take in pods of other clusters.

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::manifest::Object;
use super::service::push_name;
use crate::doc::{self, Node};
use crate::model::{Activity, ClientMatch, Reference, RouteFact, RouteRole, Spill};
use crate::read::mentions::{mentions, shorten};
use crate::source::Location;

/// Controllers whose annotations are looked at, by the part before the slash.
const CONTROLLERS: &[&str] = &[
    "nginx.ingress.kubernetes.io",
    "nginx.org",
    "nginx.com",
    "ingress.kubernetes.io",
    "haproxy.org",
    "haproxy-ingress.github.io",
    "traefik.ingress.kubernetes.io",
    "konghq.com",
    "configuration.konghq.com",
    "alb.ingress.kubernetes.io",
    "appgw.ingress.kubernetes.io",
    "projectcontour.io",
    "ingress.cilium.io",
    "mse.ingress.kubernetes.io",
    "higress.io",
];

/// Words in the name of an annotation that may lead data elsewhere.
const LEADING: &[&str] = &[
    "mirror",
    "snippet",
    "backend",
    "upstream",
    "auth-url",
    "auth-service",
    "external-auth",
    "plugins",
    "middlewares",
    "actions.",
    "failover",
    "location",
    "request-redirect",
    "server-alias",
    "forward",
    "lua",
    "destination",
    "override",
    "multi-cluster",
];
/// Names with such a word that do not.
const HARMLESS: &[&str] = &[
    "backend-protocol",
    "backend-protocol-version",
    "ssl-backend",
    "upstream-hash-by",
    "upstream-vhost",
    "upstream-keepalive",
    "upstream-fail-timeout",
    "upstream-max-fails",
    "proxy-next-upstream",
    "proxy-next-upstream-timeout",
    "proxy-next-upstream-tries",
    "forwarded-for-header",
    "use-forwarded-headers",
    "enable-real-ip",
    "backend-config-snippet-disabled",
    "backend-path-prefix",
    "backend-hostname",
    "health-check-backend",
    "override-frontend-port",
    "location-snippet-disabled",
    "mirror-request-body",
    "mirror-host",
];

/// The part of the requests that a canary takes.
pub(super) struct Canary {
    clients: ClientMatch,
    text: String,
    never: bool,
}

/// `Some` for an ingress that stands beside another one (ingress-nginx, "Canary").
pub(super) fn canary(object: &Object<'_>) -> Option<Canary> {
    let get = |key: &str| object.annotation(&format!("nginx.ingress.kubernetes.io/{key}")).filter(|t| !t.is_empty());
    if get("canary") != Some("true") {
        return None;
    }
    let by = [("canary-by-header", "header"), ("canary-by-cookie", "cookie")];
    let mut parts: Vec<String> =
        by.iter().filter_map(|(key, what)| Some(format!("{what} {} is there", shorten(get(key)?)))).collect();
    let clients = if parts.is_empty() { ClientMatch::Any } else { ClientMatch::Some(parts.join(" or ")) };
    let total = get("canary-weight-total").unwrap_or("100");
    let weight = get("canary-weight").filter(|w| *w != "0");
    parts.extend(weight.map(|w| format!("{} of {} requests", shorten(w), shorten(total))));
    let never = parts.is_empty();
    let text = if never { "never: its weight is 0".to_owned() } else { format!("a canary: {}", parts.join(" or ")) };
    Some(Canary { clients: if weight.is_some() { ClientMatch::Any } else { clients }, text, never })
}

impl Canary {
    pub fn limit(&self, route: &mut RouteFact) {
        route.role = RouteRole::Weighted;
        route.clients = self.clients.clone();
        route.condition = Some(self.text.clone());
        if self.never {
            // A controller of rollouts changes it while it runs; that is told by the rollout.
            route.spill = Spill::Never("its weight is 0".to_owned());
        }
    }
}

/// A field of an action; its key is accepted with a capital too.
fn get<'n>(node: Node<'n>, key: &str) -> Option<Node<'n>> {
    let mut letters = key.chars();
    let capital = letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str());
    node.get(key).or_else(|| node.get(&capital?))
}

impl<'d> Cluster<'d> {
    /// `alb.ingress.kubernetes.io/actions.NAME`: weighted target groups, redirects, fixed answers (AWS Load Balancer Controller,
    /// "Ingress annotations", actions).
    pub fn action(&mut self, object: &Object<'d>, fact: usize, name: &str, at: Node<'d>) {
        let key = format!("alb.ingress.kubernetes.io/actions.{name}");
        let Some((_, value)) = object.annotations().find(|(n, _)| *n == key) else {
            let message = format!("no annotation `{}` says what this action does", shorten(&key));
            return self.gap("unfollowed-annotation", message, "add the annotation", object.at(at), &[fact]);
        };
        let location = object.at(value);
        let text = value.text().unwrap_or("");
        let document = doc::json::parse(text);
        let root = document.root().filter(|_| document.problems().is_empty());
        let kind =
            root.and_then(|r| r.get("type")).or_else(|| root.and_then(|r| r.get("Type"))).and_then(|t| t.text()).unwrap_or("");
        let mut understood = matches!(kind, "redirect" | "fixed-response");
        if let Some(root) = root {
            let text = |n: Node<'_>, key: &str| get(n, key).and_then(|v| v.text()).filter(|t| !t.is_empty()).map(str::to_owned);
            let config = get(root, "forwardConfig").and_then(|c| get(c, "targetGroups"));
            let mut groups: Vec<Node<'_>> = config.into_iter().flat_map(|g| g.items()).collect();
            // One target group may stand in the action itself.
            if groups.is_empty() && kind == "forward" {
                groups.push(root);
            }
            // One that is no number leaves the way open.
            let weight = |g: &Node<'_>| get(*g, "weight").and_then(|w| w.text()?.parse::<u64>().ok());
            let total = groups.iter().filter_map(weight).fold(0, u64::saturating_add);
            let mut all = !groups.is_empty();
            for group in &groups {
                let targets = match (text(*group, "serviceName"), text(*group, "targetGroupARN")) {
                    (Some(service), _) => self.backend_service(object.namespace, &service, location),
                    (None, Some(arn)) => vec![Reference::Id(arn)],
                    (None, None) => {
                        all = false;
                        Vec::new()
                    }
                };
                for to in targets {
                    let route = self.route(fact, to, Activity::Forward, location);
                    route.pool = Some(format!("action {name}"));
                    route.role = RouteRole::Weighted;
                    match weight(group) {
                        Some(0) => {
                            route.spill = Spill::Never("its weight is 0".to_owned());
                            route.condition = Some("never: its weight is 0".to_owned());
                        }
                        Some(weight) => route.condition = Some(format!("takes {weight} of {total} requests")),
                        None => {}
                    }
                }
            }
            understood |= all;
            let host = get(root, "redirectConfig").and_then(|r| text(r, "host")).filter(|h| !h.contains("#{host}"));
            if let Some(host) = host {
                let to = Reference::Host { name: host.to_ascii_lowercase(), port: None };
                let route = self.route(fact, to, Activity::Forward, location);
                route.condition = Some("the client is sent there (redirect)".to_owned());
            }
        }
        if !understood {
            let message = format!("the action `{}` is not followed", shorten(name));
            let help = "name services or ARNs in its target groups";
            self.gap("unfollowed-annotation", message, help, location, &[fact]);
        }
    }

    /// Annotations that lead requests elsewhere.
    pub fn annotated(&mut self, object: &Object<'d>, facts: &[usize]) {
        for (name, value) in object.annotations() {
            let Some((controller, key)) = name.split_once('/') else { continue };
            if !CONTROLLERS.contains(&controller) {
                continue;
            }
            let text = value.text().unwrap_or("");
            let location = object.at(value);
            if let Some(told) = self.variable(object.file, name) {
                for fact in facts {
                    self.follow(*fact, object.namespace, key, mentions("host", &told), &BTreeMap::new(), location);
                }
                continue;
            }
            match key {
                // nginx mirrors requests with their bodies, and asks this URL about each request.
                "mirror-target" | "auth-url" => {
                    let activity = if key == "auth-url" { Activity::Forward } else { Activity::Mirror };
                    for fact in facts {
                        let before = self.facts.routes.len();
                        let url = text.split('$').next().unwrap_or(text);
                        self.follow(*fact, object.namespace, key, mentions("url", url), &BTreeMap::new(), location);
                        for route in &mut self.facts.routes[before..] {
                            route.activity = activity;
                        }
                        if self.facts.routes.len() == before && text.starts_with('$') || !text.contains("://") {
                            self.unfollowed(name, location, facts);
                        }
                    }
                }
                // The client is sent there, and takes its request along.
                "permanent-redirect" | "temporal-redirect" | "rewrite-target" | "auth-signin" => {
                    let url = text.split('$').next().unwrap_or(text);
                    for fact in facts.iter().filter(|_| text.contains("://")) {
                        let before = self.facts.routes.len();
                        self.follow(*fact, object.namespace, key, mentions("url", url), &BTreeMap::new(), location);
                        for route in &mut self.facts.routes[before..] {
                            route.activity = Activity::Forward;
                            route.condition = Some(format!("the client is sent there ({key})"));
                        }
                        // The same host, with another scheme or path, is no other place.
                        let host = text.split_once("://").map_or("", |(_, rest)| rest);
                        let same = ["$host", "$http_host", "$best_http_host"].iter().any(|v| {
                            host.strip_prefix(v).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '$', ':', '?']))
                        });
                        if self.facts.routes.len() == before && !same {
                            self.unfollowed(name, location, &[*fact]);
                        }
                    }
                }
                "default-backend" => {
                    let found = self.backend_service(object.namespace, text, location);
                    for (fact, service) in facts.iter().flat_map(|f| found.iter().map(move |s| (*f, s.clone()))) {
                        self.route(fact, service, Activity::Forward, location);
                    }
                }
                "server-alias" => {
                    for host in text.split([',', ' ']).filter(|h| h.contains('.')) {
                        for fact in facts {
                            push_name(host, value, &mut self.facts.endpoints[*fact]);
                        }
                    }
                }
                _ if key.starts_with("actions.") => {}
                _ => {
                    let leads = LEADING.iter().any(|w| key.contains(w)) && !HARMLESS.contains(&key);
                    if leads && !matches!(text, "" | "false") {
                        self.unfollowed(name, location, facts);
                    }
                }
            }
        }
    }

    fn unfollowed(&mut self, name: &str, location: Location, facts: &[usize]) {
        let message = format!("the annotation `{}` may lead requests elsewhere, and it is not followed", shorten(name));
        let help =
            "tell which hosts it names with `variables` in [[inputs.override]] (by the annotation's name; empty if none)";
        self.gap("unfollowed-annotation", message, help, location, facts);
    }
}
