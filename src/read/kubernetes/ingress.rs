//! Ingresses: host names that lead to services, and the annotations of controllers that mirror, split or check requests.

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::manifest::Object;
use super::service::push_name;
use crate::doc::{self, Node};
use crate::model::{Activity, EndpointFact, RouteRole};
use crate::read::mentions::{mentions, shorten};
use crate::source::Spanned;

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

impl<'d> Cluster<'d> {
    /// One endpoint for each host, since each has rules of its own.
    pub fn ingress(&mut self, object: Object<'d>) {
        let mut hosts: BTreeMap<&'d str, (Option<Node<'d>>, Vec<Node<'d>>)> = BTreeMap::new();
        for rule in object.path(&["spec", "rules"]).into_iter().flat_map(|r| r.items()) {
            let host = rule.get("host");
            let name = host.and_then(|h| h.text()).unwrap_or("");
            hosts.entry(name).or_insert((host, Vec::new())).1.push(rule);
        }
        let default = ["defaultBackend", "backend"].iter().find_map(|k| object.path(&["spec", k]));
        let tls: Vec<Node<'d>> = object
            .path(&["spec", "tls"])
            .into_iter()
            .flat_map(|t| t.items())
            .filter_map(|t| t.get("hosts"))
            .flat_map(|h| h.items())
            .collect();
        // Any other host leads to the rules without one, and to the default.
        if hosts.is_empty() || default.is_some() {
            hosts.entry("").or_insert((None, Vec::new()));
        }
        let several = hosts.len() > 1;
        let known: Vec<&str> = hosts.keys().copied().collect();
        let mut facts = Vec::new();
        for (host, (written, rules)) in hosts {
            let id = if several && !host.is_empty() { format!("{} ({host})", self.id(&object)) } else { self.id(&object) };
            let location = written.map_or(object.location, |h| object.at(h));
            let mut fact = EndpointFact::new("kubernetes-ingress", id.clone(), location);
            fact.id = Some(id);
            if host.is_empty() {
                for other in tls.iter().filter(|t| t.text().is_some_and(|t| !t.is_empty() && !known.contains(&t))) {
                    push_name(other.text().unwrap_or(""), *other, &mut fact);
                }
            } else if let Some(written) = written {
                push_name(host, written, &mut fact);
            }
            if !several || host.is_empty() {
                self.outer_names(&object, &mut fact);
            }
            self.balanced(&object, &mut fact);
            self.stand_ingress(&object, &mut fact);
            let fact = self.push(fact);
            facts.push(fact);
            for rule in rules {
                let paths = ["http", "paths"];
                let backends = rule.path(&paths).into_iter().flat_map(|p| p.items()).filter_map(|p| p.get("backend"));
                backends.for_each(|b| self.backend(&object, fact, b, RouteRole::Primary));
            }
            if let Some(backend) = default {
                // For paths that no rule takes.
                self.backend(&object, fact, backend, RouteRole::Primary);
            }
        }
        for fact in &facts {
            self.ingress_names.add(&object, *fact);
            for label in object.path(&["metadata", "labels"]).into_iter().flat_map(|l| l.entries()) {
                let pair = (label.name(), label.value.text().unwrap_or(""));
                self.ingress_labels.entry(pair).or_default().push(*fact);
            }
            self.access_logs(&object, *fact);
        }
        self.annotated(&object, &facts);
    }

    /// The machine behind an ingress stands in the cluster, except where its class is a service of the provider's edge.
    fn stand_ingress(&mut self, object: &Object<'d>, fact: &mut EndpointFact) {
        let class = object.text(&["spec", "ingressClassName"]).or_else(|| object.annotation("kubernetes.io/ingress.class"));
        let is_google = || matches!(self.told_provider().as_deref(), Some("gcp" | "google" | "gce"));
        if class == Some("gce") || (class.is_none() && is_google()) {
            // Google's external Application Load Balancer, GKE's default, ends connections at the edge, near the client.
            fact.provider = Some("gcp".to_owned());
            fact.region = Some(Spanned::new("global".to_owned(), fact.location.span));
            return;
        }
        self.stand_at_cluster(fact);
    }

    fn backend(&mut self, object: &Object<'d>, fact: usize, backend: Node<'d>, role: RouteRole) {
        let name = backend.path(&["service", "name"]).or_else(|| backend.get("serviceName"));
        let port = backend.path(&["service", "port", "name"]).or_else(|| backend.get("servicePort"));
        if let Some(name) = name {
            let (text, location) = (name.text().unwrap_or(""), object.at(name));
            if port.and_then(|p| p.text()) == Some("use-annotation") {
                return self.action(object, fact, text, name);
            }
            let found = self.backend_service(object.namespace, text, location);
            let several = found.len() > 1;
            for service in found {
                let route = self.route(fact, service, Activity::Forward, location);
                route.role = role;
                if several {
                    route.pool = Some(format!("service {text}"));
                }
            }
            return;
        }
        let location = object.at(backend);
        if let Some(resource) = backend.get("resource") {
            let name = resource.get("name").and_then(|n| n.text()).unwrap_or("");
            let message = format!("this path leads to the resource `{}`, which is no service", shorten(name));
            self.gap(
                "unfollowed-routing",
                message,
                "declare where it leads as a [[route]] from this ingress",
                location,
                &[fact],
            );
        } else {
            let message = "this path names no service".to_owned();
            self.gap("unusable-target", message, "name a service in `backend`", location, &[fact]);
        }
    }

    /// `alb.ingress.kubernetes.io/actions.NAME`: weighted target groups, redirects, fixed answers (AWS Load Balancer Controller,
    /// "Ingress annotations", actions).
    fn action(&mut self, object: &Object<'d>, fact: usize, name: &str, at: Node<'d>) {
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
            let groups = root.path(&["forwardConfig", "targetGroups"]).into_iter().flat_map(|g| g.items());
            let groups: Vec<(Option<String>, bool)> = groups
                .map(|g| {
                    let service = g.get("serviceName").and_then(|s| s.text()).map(str::to_owned);
                    (service, g.get("weight").and_then(|w| w.as_u64()) == Some(0))
                })
                .collect();
            understood |= !groups.is_empty() && groups.iter().all(|(s, _)| s.is_some());
            for (service, off) in groups.into_iter().filter_map(|(s, off)| Some((s?, off))) {
                for to in self.backend_service(object.namespace, &service, location) {
                    let route = self.route(fact, to, Activity::Forward, location);
                    route.role = if off { RouteRole::Manual } else { RouteRole::Weighted };
                    route.pool = Some(format!("action {name}"));
                }
            }
        }
        if !understood {
            let message = format!("the action `{}` is not followed", shorten(name));
            let help = "name services in its target groups";
            self.gap("unfollowed-annotation", message, help, location, &[fact]);
        }
    }

    /// Annotations that lead requests elsewhere.
    fn annotated(&mut self, object: &Object<'d>, facts: &[usize]) {
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

    fn unfollowed(&mut self, name: &str, location: crate::source::Location, facts: &[usize]) {
        let message = format!("the annotation `{}` may lead requests elsewhere, and it is not followed", shorten(name));
        let help =
            "tell which hosts it names with `variables` in [[inputs.override]] (by the annotation's name; empty if none)";
        self.gap("unfollowed-annotation", message, help, location, facts);
    }
}
