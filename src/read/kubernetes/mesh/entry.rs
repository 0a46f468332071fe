//! ServiceEntry, WorkloadEntry and Sidecar: hosts that the mesh knows beside the services of its cluster.
//!
//! Istio, reference "Service Entry": with `endpoints` requests for the hosts go to these; without, and with `resolution` DNS or
//! NONE, to whatever the host itself is. "Workload Entry": a machine that is chosen by labels as pods are.

use std::collections::BTreeMap;

use super::super::cluster::{Cluster, Workload};
use super::super::manifest::Object;
use super::destination::Member;
use super::{Host, Locality};
use crate::doc::Node;
use crate::model::{Activity, Address, EndpointFact, GapScope, Reference, Role, Roles, RouteFact, Unread};
use crate::read::mentions::shorten;
use crate::source::Spanned;

/// Whether a ServiceEntry says which endpoints its hosts have.
pub(super) fn leads(object: &Object<'_>) -> bool {
    let has = |key: &str| object.path(&["spec", key]).is_some_and(|n| n.is_map() || n.items().next().is_some());
    has("endpoints") || has("workloadSelector")
}

impl<'d> Cluster<'d> {
    /// A machine outside of the cluster, found by selectors like a workload.
    pub fn workload_entry(&mut self, object: Object<'d>) {
        let id = self.id(&object);
        let mut fact = EndpointFact::new("istio-workload-entry", id.clone(), object.location);
        fact.id = Some(id);
        fact.roles = Roles::of(&[Role::Process]);
        let labels: BTreeMap<&str, &str> = object
            .path(&["spec", "labels"])
            .into_iter()
            .flat_map(|l| l.entries().filter_map(|e| Some((e.name(), e.value.text()?))))
            .collect();
        fact.tags = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        if let Some(locality) = object.text(&["spec", "locality"]) {
            fact.tags.entry("istio-locality".to_owned()).or_insert_with(|| locality.replace('/', "."));
        }
        let address = object.path(&["spec", "address"]);
        let text = address.and_then(|a| a.text()).unwrap_or("");
        if let (Some(node), Ok(ip)) = (address, text.parse()) {
            fact.addresses.push(Address { ip, port: None, location: object.at(node) });
        } else if let Some(node) = address.filter(|_| text.contains('.') && !text.contains('/')) {
            fact.names.push(Spanned::new(text.trim_end_matches('.').to_ascii_lowercase(), node.used_at()));
        }
        let fact = self.push(fact);
        self.add_workload(Workload { object, pod: None, labels, fact });
    }

    /// Machines that add themselves as endpoints while the mesh runs.
    pub fn workload_group(&mut self, object: &Object<'d>, services: &[(Object<'d>, usize)]) {
        let parts = ["metadata", "template"].into_iter().filter_map(|p| object.path(&["spec", p, "labels"]));
        let labels: BTreeMap<&str, &str> =
            parts.flat_map(|l| l.entries()).map(|e| (e.name(), e.value.text().unwrap_or(""))).collect();
        let chooses = |selector: Node<'d>| {
            let mut all = selector.entries().peekable();
            all.peek().is_some() && all.all(|e| labels.get(e.name()).copied() == e.value.text())
        };
        let mut scope = Vec::new();
        for (service, fact) in services.iter().filter(|(s, _)| s.namespace == object.namespace) {
            if service.path(&["spec", "selector"]).is_some_and(chooses) {
                scope.push(Reference::Fact(*fact));
            }
        }
        for (host, entries) in &self.mesh.entries {
            if entries.iter().any(|e| e.path(&["spec", "workloadSelector", "labels"]).is_some_and(chooses)) {
                scope.push(Reference::Host { name: host.clone(), port: None });
            }
        }
        self.facts.gaps.push(Unread {
            code: "unfollowed-routing",
            message: format!(
                "the machines of `{}` join the mesh by themselves, so which they are is not known",
                shorten(object.name)
            ),
            help: Some("add the WorkloadEntry of each (`kubectl get workloadentries -A -o yaml`)".to_owned()),
            location: object.location,
            scope: if scope.is_empty() { GapScope::Nothing } else { GapScope::Endpoints(scope) },
        });
    }

    pub(super) fn service_entry(&mut self, object: Object<'d>) {
        let spec = |key: &str| object.path(&["spec", key]).into_iter().flat_map(|n| n.items());
        let leads = leads(&object);
        for host in spec("hosts").filter_map(|h| h.text()) {
            self.mesh.entries.entry(host.trim_end_matches('.').to_ascii_lowercase()).or_default().push(object);
        }
        let first = spec("hosts").find_map(|h| h.text()).unwrap_or("").to_ascii_lowercase();
        for address in spec("addresses").filter(|_| leads) {
            let text = address.text().unwrap_or("");
            match text.parse() {
                Ok(ip) => {
                    self.mesh.entry_addresses.insert(ip, first.clone());
                }
                // A single address may be written as a network.
                Err(_) => match text.parse::<ipnetwork::IpNetwork>() {
                    Ok(net) if net.prefix() == if net.is_ipv4() { 32 } else { 128 } => {
                        self.mesh.entry_addresses.insert(net.ip(), first.clone());
                    }
                    _ => {
                        let message = format!(
                            "whoever calls `{}` is led to the endpoints of `{}`, which is not followed",
                            shorten(text),
                            shorten(&first)
                        );
                        let scope = GapScope::Endpoints(super::super::custom::references(self, &object));
                        let help = "declare these routes in an inventory".to_owned();
                        self.facts.gaps.push(Unread {
                            code: "unfollowed-routing",
                            message,
                            help: Some(help),
                            location: object.at(address),
                            scope,
                        });
                    }
                },
            }
        }
    }

    /// The endpoints of a ServiceEntry's host; empty: the host itself.
    pub(super) fn entry_members(&mut self, host: &str) -> Vec<Member> {
        let mut members = Vec::new();
        for object in self.mesh.entries.get(host).cloned().unwrap_or_default() {
            let ports: Vec<Node<'d>> = object.path(&["spec", "ports"]).into_iter().flat_map(|p| p.items()).collect();
            // Without a port it is every port of that address.
            let number = |node: Option<Node<'d>>| node.and_then(|n| n.as_u64()).and_then(|n| u16::try_from(n).ok());
            for endpoint in object.path(&["spec", "endpoints"]).into_iter().flat_map(|e| e.items()) {
                let address = endpoint.get("address").unwrap_or(endpoint);
                let text = address.text().unwrap_or("").trim_end_matches('.');
                if text.is_empty() {
                    self.facts.gaps.push(Unread {
                        code: "unfollowed-routing",
                        message: format!(
                            "an endpoint of `{}` has no address, so requests go by the gateway of its network, which is not followed",
                            shorten(host)
                        ),
                        help: Some("declare where it leads as a [[route]]".to_owned()),
                        location: object.at(address),
                        scope: GapScope::Endpoints(vec![Reference::Host { name: host.to_owned(), port: None }]),
                    });
                    continue;
                }
                let port = match ports.as_slice() {
                    [one] => number(endpoint.path(&["ports", one.get("name").and_then(|n| n.text()).unwrap_or("")]))
                        .or_else(|| number(one.get("targetPort")))
                        .or_else(|| number(one.get("number"))),
                    _ => None,
                };
                let to = match text.parse() {
                    Ok(ip) => Reference::Address { ip, port },
                    // A socket beside the proxy.
                    Err(_) if text.starts_with("unix:") => continue,
                    Err(_) => Reference::Host { name: text.to_ascii_lowercase(), port },
                };
                let labels = endpoint.get("labels").into_iter().flat_map(|l| l.entries());
                let labels = labels.map(|e| (e.name().to_owned(), e.value.text().unwrap_or("").to_owned())).collect();
                members.push(Member {
                    to,
                    at: object.at(address),
                    locality: endpoint.get("locality").and_then(|l| l.text()).map(Locality::parse),
                    labels: Some(labels),
                });
            }
            if let Some(selector) = object.path(&["spec", "workloadSelector", "labels"]) {
                let pairs: Vec<(&str, &str)> = selector.entries().map(|e| (e.name(), e.value.text().unwrap_or(""))).collect();
                for fact in self.selected(object.namespace, &pairs) {
                    members.push(self.member(Reference::Fact(fact), object.at(selector)));
                }
            }
        }
        members
    }

    /// Requests to hosts that the mesh does not know may go by a proxy.
    pub(super) fn sidecar(&mut self, object: &Object<'d>) {
        let proxy = ["spec", "outboundTrafficPolicy", "egressProxy", "host"];
        let Some(host) = object.path(&proxy) else { return };
        let at = object.at(host);
        let subset = object.text(&["spec", "outboundTrafficPolicy", "egressProxy", "subset"]);
        let selector = object.path(&["spec", "workloadSelector", "labels"]);
        let pairs: Vec<(&str, &str)> =
            selector.into_iter().flat_map(|s| s.entries()).map(|e| (e.name(), e.value.text().unwrap_or(""))).collect();
        let facts: Vec<usize> = if pairs.is_empty() {
            let all = self.workloads.iter().filter(|w| object.namespace.is_none() || w.object.namespace == object.namespace);
            all.map(|w| w.fact).collect()
        } else {
            self.selected(object.namespace, &pairs)
        };
        for fact in facts {
            let locality = self.locality_of(fact);
            for known in self.registered(object.namespace, host.text().unwrap_or("")) {
                for to in self.destination(&known, subset, locality.as_ref(), at) {
                    let mut route = RouteFact::new(Reference::Fact(fact), to, Activity::Forward, at);
                    route.condition = Some("for hosts that the mesh does not know (egressProxy)".to_owned());
                    self.mesh_route(route);
                }
            }
        }
    }

    /// What a host is without any rule of the mesh.
    pub(super) fn plain(&mut self, host: &Host, at: crate::source::Location) -> Reference {
        match host {
            Host::Service(fact) => Reference::Fact(*fact),
            Host::Missing(namespace, name) => self.missing_service(namespace.as_deref(), name, at),
            Host::Entry(name) | Host::Outside(name) => Reference::Host { name: name.clone(), port: None },
        }
    }
}
