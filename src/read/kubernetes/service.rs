//! Services: names inside a cluster that lead to pods, to addresses, or out of the cluster; and load balancers before them.

use std::collections::BTreeMap;

use super::cluster::{Cluster, Inside};
use super::manifest::Object;
use super::mesh::Locality;
use crate::doc::Node;
use crate::model::{Activity, Address, EndpointFact, Reference, Standing};
use crate::read::mentions::shorten;
use crate::source::{Location, Spanned};

/// Pairs of nodes and ports that are listed; beyond that a gap says so.
const MAX_NODE_PORTS: usize = 100_000;

/// `Endpoints` and `EndpointSlice` objects by the namespace and name of their service.
pub(super) type Slices<'d> = BTreeMap<(Option<&'d str>, &'d str), Vec<Object<'d>>>;

pub(super) fn by_service<'d>(objects: impl Iterator<Item = Object<'d>>) -> Slices<'d> {
    let mut slices = Slices::new();
    for object in objects {
        let label = || object.text(&["metadata", "labels", "kubernetes.io/service-name"]).unwrap_or("");
        let service = if object.kind == "Endpoints" { object.name } else { label() };
        slices.entry((object.namespace, service)).or_default().push(object);
    }
    slices
}

impl<'d> Cluster<'d> {
    /// What a service is, without where it leads.
    pub fn declare_service(&mut self, object: &Object<'d>) -> usize {
        let id = self.id(object);
        let mut fact = EndpointFact::new("kubernetes-service", id.clone(), object.location);
        fact.id = Some(id);
        if let Some(namespace) = object.namespace {
            for tail in ["svc.cluster.local", "svc"] {
                let name = format!("{}.{namespace}.{tail}", object.name).to_lowercase();
                fact.names.push(Spanned::new(name, object.location.span));
            }
        }
        self.outer_names(object, &mut fact);
        self.balanced(object, &mut fact);
        for ip in object.path(&["spec", "externalIPs"]).into_iter().flat_map(|e| e.items()) {
            push_address(object, ip, &mut fact);
        }
        let kind = object.text(&["spec", "type"]).unwrap_or("ClusterIP");
        // A cluster address is a rule on every node; a load balancer or a port of all nodes is a machine of its own.
        if matches!(kind, "LoadBalancer" | "NodePort") || !fact.addresses.is_empty() {
            if fact.addresses.is_empty() || self.told.region.is_some() {
                self.stand_at_cluster(&mut fact);
            }
        } else {
            fact.standing = Standing::Logical;
        }
        let index = self.push(fact);
        self.services.add(object, index);
        index
    }

    /// Addresses and names that a cloud's load balancer got, or is to get.
    pub fn balanced(&mut self, object: &Object<'d>, fact: &mut EndpointFact) {
        if let Some(ip) = object.path(&["spec", "loadBalancerIP"]) {
            push_address(object, ip, fact);
        }
        for ingress in object.path(&["status", "loadBalancer", "ingress"]).into_iter().flat_map(|i| i.items()) {
            if let Some(ip) = ingress.get("ip") {
                push_address(object, ip, fact);
            }
            if let Some(host) = ingress.get("hostname").filter(|h| h.text().is_some_and(|t| t.contains('.'))) {
                push_name(host.text().unwrap_or(""), host, fact);
            }
        }
    }

    /// Names that ExternalDNS publishes for a service or ingress.
    pub fn outer_names(&mut self, object: &Object<'d>, fact: &mut EndpointFact) {
        for (name, value) in object.annotations() {
            if matches!(
                name,
                "external-dns.alpha.kubernetes.io/hostname" | "external-dns.alpha.kubernetes.io/internal-hostname"
            ) {
                for host in value.text().unwrap_or("").split(',').map(str::trim).filter(|h| h.contains('.')) {
                    push_name(host, value, fact);
                }
            }
        }
    }

    /// Where a service leads.
    pub fn service(&mut self, object: &Object<'d>, fact: usize, endpoints: &Slices<'d>) {
        self.access_logs(object, fact);
        self.published_targets(object, fact);
        if close(object) {
            self.mesh.close.insert(fact);
        }
        if opaque(object) {
            self.mesh.opaque.insert(fact);
        }
        if self.mirror(object, fact) {
            return;
        }
        if object.text(&["spec", "type"]) == Some("NodePort") {
            self.node_ports(object, fact);
        }
        if let Some(name) = object.path(&["spec", "externalName"]) {
            let host = name.text().unwrap_or("").trim_end_matches('.').to_lowercase();
            let location = object.at(name);
            let targets = match (host.parse(), self.inside(object.namespace, &host)) {
                (Ok(ip), _) => vec![Reference::Address { ip, port: None }],
                (_, Inside::Services(found)) => found.into_iter().map(Reference::Fact).collect(),
                _ => vec![Reference::Host { name: host, port: None }],
            };
            for to in targets {
                self.route(fact, to, Activity::Forward, location).alias = true;
            }
            return;
        }
        let selector = object.path(&["spec", "selector"]).filter(|s| s.entries().next().is_some());
        let mut found = Vec::new();
        if let Some(selector) = selector {
            let pairs: Vec<(&str, &str)> = selector.entries().map(|e| (e.name(), e.value.text().unwrap_or(""))).collect();
            found = self.selected(object.namespace, &pairs);
            for workload in &found {
                let route = self.route(fact, Reference::Fact(*workload), Activity::Forward, object.at(selector));
                route.pool = Some("pods".to_owned());
            }
        }
        let known = if found.is_empty() { self.addresses(object, fact, endpoints) } else { true };
        if known {
            return;
        }
        let location = selector.map_or(object.location, |s| object.at(s));
        let (message, help) = match selector {
            Some(_) => (
                format!("no pods that were read have the labels that service `{}` selects", object.name),
                "add the manifests of those pods, or correct the selector",
            ),
            None => (
                format!("service `{}` selects no pods, and no EndpointSlice that was read gives its addresses", object.name),
                "add its EndpointSlice",
            ),
        };
        self.gap("service-without-pods", message, help, location, &[fact]);
    }

    /// Addresses from `Endpoints` and `EndpointSlice` objects.
    fn addresses(&mut self, service: &Object<'d>, fact: usize, endpoints: &Slices<'d>) -> bool {
        let mut known = false;
        for object in endpoints.get(&(service.namespace, service.name)).into_iter().flatten() {
            let mut nodes: Vec<Node<'d>> = Vec::new();
            let mut places: Vec<Option<Locality>> = Vec::new();
            for subset in object.node.get("subsets").into_iter().flat_map(|s| s.items()) {
                for key in ["addresses", "notReadyAddresses"] {
                    nodes.extend(subset.get(key).into_iter().flat_map(|a| a.items()).filter_map(|a| a.get("ip")));
                }
            }
            places.resize(nodes.len(), None);
            for endpoint in object.node.get("endpoints").into_iter().flat_map(|e| e.items()) {
                nodes.extend(endpoint.get("addresses").into_iter().flat_map(|a| a.items()));
                let text = |key: &str| endpoint.get(key).and_then(|n| n.text());
                let zone = || Some(Locality { region: None, zone: Some(text("zone")?.to_owned()), subzone: None });
                let place = text("nodeName").and_then(|n| self.machines.locality(n)).or_else(zone);
                places.resize(nodes.len(), place);
            }
            for (node, place) in nodes.into_iter().zip(places) {
                let text = node.text().unwrap_or("");
                let to = match text.parse() {
                    Ok(ip) => Reference::Address { ip, port: None },
                    Err(_) if text.contains('.') => Reference::Host { name: text.to_lowercase(), port: None },
                    Err(_) => continue,
                };
                known = true;
                if let Some(place) = place {
                    self.mesh.localities.insert((fact, to.clone()), place);
                }
                self.route(fact, to, Activity::Forward, object.at(node)).pool = Some("pods".to_owned());
            }
        }
        known
    }

    /// A service of this type answers on the same port of every node.
    fn node_ports(&mut self, object: &Object<'d>, fact: usize) {
        let nodes: Vec<Address> = self.node_addresses();
        let ports: Vec<u16> = object
            .path(&["spec", "ports"])
            .into_iter()
            .flat_map(|p| p.items())
            .filter_map(|p| u16::try_from(p.get("nodePort")?.as_u64()?).ok())
            .collect();
        self.node_port_pairs += nodes.len() * ports.len();
        if self.node_port_pairs > MAX_NODE_PORTS {
            let message = format!("too many ports on too many nodes: those of service `{}` are not followed", object.name);
            self.gap("too-large", message, "read fewer nodes at once", object.location, &[fact]);
            return;
        }
        for port in ports {
            let with_port = nodes.iter().map(|a| Address { port: Some(port), ..*a });
            self.facts.endpoints[fact].addresses.extend(with_port);
        }
    }

    fn node_addresses(&self) -> Vec<Address> {
        let nodes = self.facts.endpoints.iter().take_while(|e| e.kind == "kubernetes-node");
        nodes.flat_map(|n| n.addresses.iter().copied()).collect()
    }

    /// Load balancers write access logs to buckets.
    pub fn access_logs(&mut self, object: &Object<'d>, fact: usize) {
        for (name, value) in object.annotations() {
            let text = value.text().unwrap_or("");
            let bucket = match name {
                "service.beta.kubernetes.io/aws-load-balancer-access-log-s3-bucket-name" => text,
                "alb.ingress.kubernetes.io/load-balancer-attributes"
                | "service.beta.kubernetes.io/aws-load-balancer-attributes" => {
                    text.split(',').find_map(|p| p.trim().strip_prefix("access_logs.s3.bucket=")).unwrap_or("")
                }
                _ => continue,
            };
            if !bucket.is_empty() {
                let location = object.at(value);
                let bucket = self.bucket(&format!("arn:aws:s3:::{bucket}"), location);
                self.route(fact, Reference::Fact(bucket), Activity::Log, location);
            }
        }
    }

    /// The service that a backend names, wherever it is.
    pub fn backend_service(&mut self, namespace: Option<&str>, name: &str, location: Location) -> Vec<Reference> {
        let found = self.services.find(namespace, name);
        if found.is_empty() {
            vec![self.missing_service(namespace, name, location)]
        } else {
            found.into_iter().map(Reference::Fact).collect()
        }
    }
}

/// Whether a port says that it is not HTTP, by its name or `appProtocol` (Istio, "Protocol Selection"). A mesh finds out for itself
/// what a port without a word carries, and whoever calls it by a URL speaks HTTP.
fn opaque(object: &Object<'_>) -> bool {
    object.path(&["spec", "ports"]).into_iter().flat_map(|p| p.items()).any(|port| {
        let text = |key: &str| port.get(key).and_then(|n| n.text());
        let word = text("appProtocol").or_else(|| text("name")).unwrap_or("").to_ascii_lowercase();
        let word = word.split(['-', '.', '/']).next().unwrap_or("").to_owned();
        text("protocol") == Some("UDP") || ["tcp", "udp", "tls", "mongo", "mysql", "redis"].contains(&word.as_str())
    })
}

/// Whether a mesh prefers the endpoints of a service that are close (Kubernetes, "Traffic distribution"). What the cluster itself
/// makes of that, and of `internalTrafficPolicy`, only leaves out some of its pods at times.
fn close(object: &Object<'_>) -> bool {
    let told =
        object.text(&["spec", "trafficDistribution"]).or_else(|| object.annotation("networking.istio.io/traffic-distribution"));
    told.is_some_and(|t| !matches!(t, "Any" | ""))
}

/// What is no address (template code, `None`) is not kept: who leads to it finds an endpoint of unknown place instead.
pub(super) fn push_address(object: &Object<'_>, node: Node<'_>, fact: &mut EndpointFact) {
    if let Some(ip) = node.text().and_then(|t| t.parse().ok()) {
        let same = |a: &Address| a.ip == ip;
        if !fact.addresses.iter().any(same) {
            fact.addresses.push(Address { ip, port: None, location: object.at(node) });
        }
    }
}

pub(super) fn push_name(name: &str, node: Node<'_>, fact: &mut EndpointFact) {
    let name = shorten(name).trim_end_matches('.').to_lowercase();
    if fact.names.iter().all(|n| n.value != name) {
        fact.names.push(Spanned::new(name, node.used_at()));
    }
}
