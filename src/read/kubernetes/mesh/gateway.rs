//! Gateways of Istio: hosts that requests from outside of the mesh are let in for, where the gateway's pods stand.
//!
//! Istio, reference "Gateway": `selector` finds the pods, in all namespaces; a VirtualService is bound to a gateway and served for
//! those of its hosts that one of the gateway's servers names.

use super::super::cluster::Cluster;
use super::super::manifest::Object;
use super::{Host, Locality, gateways_of};
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, GapScope, Reference, RouteFact, Unread};
use crate::read::kubernetes::service::push_name;
use crate::read::mentions::shorten;
use crate::source::Location;

/// Hosts of one VirtualService.
const MAX_HOSTS: usize = 1000;

impl<'d> Cluster<'d> {
    /// What outer gateways serve by a VirtualService.
    pub(super) fn virtual_hosts(&mut self, object: &Object<'d>) {
        let mut hosts: Vec<Node<'d>> = object.path(&["spec", "hosts"]).into_iter().flat_map(|h| h.items()).collect();
        if let Some(more) = hosts.get(MAX_HOSTS) {
            let message = format!("`{}` has more hosts than can be followed; the rest is left out", shorten(object.name));
            let (location, scope) = (object.at(*more), GapScope::Everything);
            self.facts.gaps.push(Unread { code: "too-large", message, help: None, location, scope });
            hosts.truncate(MAX_HOSTS);
        }
        for gateway in gateways_of(object).unwrap_or_default() {
            let name = gateway.text().unwrap_or("");
            if name == "mesh" || name.is_empty() {
                continue;
            }
            let (namespace, bare) = match name.split_once('/') {
                Some((".", bare)) => (object.namespace, bare),
                Some((namespace, bare)) => (Some(namespace), bare),
                None => (object.namespace, name),
            };
            let gateways = self.mesh.gateways.find(namespace, bare);
            if gateways.is_empty() {
                let message = format!("gateway `{}` is named here, but no manifest that was read declares it", shorten(name));
                let before = self.facts.endpoints.len();
                self.served(object, name, &hosts, None);
                let entries: Vec<usize> = (before..self.facts.endpoints.len()).collect();
                self.gap("undefined-name", message, "add its manifest, or correct the name", object.at(gateway), &entries);
            }
            for gateway in gateways {
                self.served(object, name, &hosts, Some(gateway));
            }
        }
    }

    fn served(&mut self, object: &Object<'d>, name: &str, hosts: &[Node<'d>], gateway: Option<Object<'d>>) {
        let offered: Option<Vec<(&'d str, Node<'d>)>> = gateway.map(|g| {
            let servers = g.path(&["spec", "servers"]).into_iter().flat_map(|s| s.items());
            let hosts = servers.filter_map(|s| s.get("hosts")).flat_map(|h| h.items());
            hosts.filter_map(|h| Some((h.text()?, h))).map(|(t, h)| (t.rsplit('/').next().unwrap_or(t), h)).collect()
        });
        // Of each host: what it is called, and where that is written.
        let mut served: Vec<(&'d str, Location, Node<'d>)> = Vec::new();
        for host in hosts {
            let text = host.text().unwrap_or("");
            match &offered {
                None => served.push((text, object.at(*host), *host)),
                Some(_) if text != "*" && offered.iter().flatten().any(|(o, _)| covers(o, text)) => {
                    served.push((text, object.at(*host), *host));
                }
                // The gateway's own hosts are narrower.
                Some(all) => {
                    let file = gateway.as_ref().unwrap_or(object);
                    served.extend(all.iter().filter(|(o, _)| covers(text, o)).map(|(o, node)| (*o, file.at(*node), *node)));
                }
            }
        }
        // One that was not read stands with the cluster.
        let pods = gateway.map(|g| self.gateway_pods(&g)).unwrap_or_default();
        let locality = self.gateway_locality(&pods);
        let several = served.len() > 1;
        let id = self.id(object);
        let shared = several.then(|| {
            let node = self.logical(
                "istio-virtual-service",
                &format!("{} at gateway {name}", id.trim_start_matches(self.prefix.as_str())),
                object.location,
            );
            self.follow_rules(object, node, name, locality.as_ref());
            node
        });
        for (host, location, node) in served {
            if !self.spend(location) {
                return;
            }
            let mut fact = EndpointFact::new("istio-virtual-host", format!("{id} ({host}) at gateway {name}"), location);
            // On its way out a request is for a host that is not the gateway.
            let elsewhere =
                self.registered(object.namespace, host).iter().any(|h| matches!(h, Host::Entry(_) | Host::Service(_)));
            if host.contains('.') && !elsewhere && host.parse::<std::net::IpAddr>().is_err() {
                push_name(host, node, &mut fact);
            }
            fact.part_of = pods.iter().map(|p| Reference::Fact(*p)).collect();
            if pods.is_empty() {
                self.stand_at_cluster(&mut fact);
            }
            // Who has a name is asked for by it; whatever else comes in at the pods is for the others.
            let nameless = fact.names.is_empty();
            let fact = self.push(fact);
            match shared {
                None => self.follow_rules(object, fact, name, locality.as_ref()),
                Some(shared) => {
                    self.mesh_route(RouteFact::new(Reference::Fact(fact), Reference::Fact(shared), Activity::Forward, location))
                }
            }
            for pod in pods.iter().filter(|_| nameless) {
                let mut route = RouteFact::new(Reference::Fact(*pod), Reference::Fact(fact), Activity::Forward, location);
                route.condition = Some(format!("when `{}` is asked for", shorten(host)));
                self.mesh_route(route);
            }
        }
    }

    fn gateway_pods(&self, gateway: &Object<'d>) -> Vec<usize> {
        let selector = gateway.path(&["spec", "selector"]).into_iter().flat_map(|s| s.entries());
        let pairs: Vec<(&str, &str)> = selector.map(|e| (e.name(), e.value.text().unwrap_or(""))).collect();
        if pairs.is_empty() { Vec::new() } else { self.selected(None, &pairs) }
    }

    /// Where the proxies of a gateway are for the mesh, if that is one locality.
    fn gateway_locality(&self, pods: &[usize]) -> Option<Locality> {
        let mut all = pods.iter().map(|p| self.locality_of(*p));
        match all.next() {
            Some(first) => all.all(|l| l == first).then_some(first).flatten(),
            None => self.told.region.as_ref().map(|r| Locality { region: Some(r.text.clone()), ..Locality::default() }),
        }
    }
}

/// Whether a host, or a pattern, is one of those that a pattern names.
pub(in crate::read::kubernetes) fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(end) => host.to_ascii_lowercase().ends_with(&end.to_ascii_lowercase()),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn hosts_of_gateways() {
        assert!(covers("*", "a.example.com"));
        assert!(covers("*.example.com", "a.example.com"));
        assert!(covers("*.example.com", "*.b.example.com"));
        assert!(!covers("*.example.com", "example.com"));
        assert!(!covers("a.example.com", "*.example.com"));
        assert!(covers("A.example.com", "a.example.com"));
    }
}
