//! Ingresses: host names that lead to services. What the annotations of controllers add is in [`super::annotations`].

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::manifest::Object;
use super::service::push_name;
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, RouteRole};
use crate::read::mentions::shorten;
use crate::source::Spanned;

impl<'d> Cluster<'d> {
    /// One endpoint for each host, since each has rules of its own.
    pub fn ingress(&mut self, object: Object<'d>) {
        // A Gslb may hold the whole spec of its ingress.
        let spec = if object.kind == "Gslb" { object.path(&["spec", "ingress"]) } else { object.spec() };
        if object.kind == "Gslb" && spec.is_none() {
            return;
        }
        let part = |key: &str| spec.and_then(|s| s.get(key));
        let mut hosts: BTreeMap<&'d str, (Option<Node<'d>>, Vec<Node<'d>>)> = BTreeMap::new();
        for rule in part("rules").into_iter().flat_map(|r| r.items()) {
            let host = rule.get("host");
            let name = host.and_then(|h| h.text()).unwrap_or("");
            hosts.entry(name).or_insert((host, Vec::new())).1.push(rule);
        }
        let default = ["defaultBackend", "backend"].iter().find_map(|k| part(k));
        let tls: Vec<Node<'d>> =
            part("tls").into_iter().flat_map(|t| t.items()).filter_map(|t| t.get("hosts")).flat_map(|h| h.items()).collect();
        // Any other host leads to the rules without one, and to the default.
        if hosts.is_empty() || default.is_some() {
            hosts.entry("").or_insert((None, Vec::new()));
        }
        let several = hosts.len() > 1;
        let known: Vec<&str> = hosts.keys().copied().collect();
        let canary = super::annotations::canary(&object);
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
            self.stand_ingress(&object, part("ingressClassName"), &mut fact);
            let fact = self.push(fact);
            facts.push(fact);
            let before = self.facts.routes.len();
            for rule in rules {
                let paths = ["http", "paths"];
                let backends = rule.path(&paths).into_iter().flat_map(|p| p.items()).filter_map(|p| p.get("backend"));
                backends.for_each(|b| self.backend(&object, fact, b, RouteRole::Primary));
            }
            if let Some(backend) = default {
                // For paths that no rule takes.
                self.backend(&object, fact, backend, RouteRole::Primary);
            }
            if let Some(canary) = &canary {
                self.facts.routes[before..].iter_mut().for_each(|r| canary.limit(r));
            }
        }
        for fact in &facts {
            self.ingress_names.add(&object, *fact);
            for label in object.path(&["metadata", "labels"]).into_iter().flat_map(|l| l.entries()) {
                let pair = (label.name(), label.value.text().unwrap_or(""));
                self.ingress_labels.entry(pair).or_default().push(*fact);
            }
            self.access_logs(&object, *fact);
            self.published_targets(&object, *fact);
        }
        // A canary has the annotations of the ingress that it stands beside.
        if canary.is_none() {
            self.annotated(&object, &facts);
        }
    }

    /// The machine behind an ingress stands in the cluster, except where its class is a service of the provider's edge.
    fn stand_ingress(&mut self, object: &Object<'d>, class: Option<Node<'d>>, fact: &mut EndpointFact) {
        let class = class.and_then(|c| c.text()).or_else(|| object.annotation("kubernetes.io/ingress.class"));
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
}
