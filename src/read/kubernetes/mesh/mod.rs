//! Istio: what the sidecars and gateways of a mesh make of requests to a host.
//!
//! A host of the mesh's registry is a service of the cluster or a host of a ServiceEntry. A VirtualService leads requests for a
//! host to destinations ([`routes`]); a DestinationRule says which endpoints of a destination carry, and in which order
//! ([`destination`]); gateways let requests in ([`gateway`]). What a service is for pods outside of the mesh stays as it was: a
//! pod that is known to have a sidecar is led by the mesh, one of which nobody knows is led both ways.
//!
//! `exportTo`, `Sidecar.egress` and `outboundTrafficPolicy` only hide hosts from proxies; as if they hid nothing is the upper bound.

mod destination;
mod entry;
mod gateway;
mod locality;
mod routes;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use gateway::covers;
pub(super) use locality::Locality;
pub(super) use routes::When;

use super::cluster::{Cluster, Inside, Named};
use super::kinds::{Meaning, meaning};
use super::manifest::Object;
use crate::doc::Node;
use crate::model::{Activity, Reference, RouteFact};
use crate::source::Location;

/// A host as the registry of the mesh knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Host {
    /// A service of the cluster, by its fact.
    Service(usize),
    /// A host of a ServiceEntry, as written there.
    Entry(String),
    /// By its notation a service, but none that was read.
    Missing(Option<String>, String),
    /// Not in the registry: whatever DNS says.
    Outside(String),
}

/// The routing objects of one cluster.
#[derive(Default)]
pub(super) struct Mesh<'d> {
    rules: Vec<Object<'d>>,
    rules_of: BTreeMap<Host, Vec<usize>>,
    /// Rules for `*.something`, by what follows the star.
    wild_rules: Vec<(String, usize)>,
    entries: BTreeMap<String, Vec<Object<'d>>>,
    /// Addresses that clients in the mesh dial for a ServiceEntry.
    entry_addresses: BTreeMap<std::net::IpAddr, String>,
    virtual_services: Named<'d, Object<'d>>,
    /// Those that sidecars follow, by host.
    called: BTreeMap<Host, Vec<Object<'d>>>,
    gateways: Named<'d, Object<'d>>,
    namespaces: BTreeMap<&'d str, Object<'d>>,
    /// Where addresses of EndpointSlices are.
    pub localities: BTreeMap<(usize, Reference), Locality>,
    /// Services that prefer what is close (`trafficDistribution`).
    pub close: BTreeSet<usize>,
    /// Services with ports that are not HTTP.
    pub opaque: BTreeSet<usize>,
    /// Services whose pods in other clusters of the mesh take part.
    pub abroad: BTreeMap<usize, Vec<(String, Option<Locality>, Location)>>,
    /// A weight of 0 for these services changes while a rollout is under way.
    pub rolled: BTreeSet<String>,
    members: BTreeMap<Host, std::rc::Rc<Vec<destination::Member>>>,
    destinations: BTreeMap<(Host, Option<String>, Option<Locality>), Vec<Reference>>,
    calls: BTreeMap<(Host, Option<Locality>), Vec<Reference>>,
    /// What a host is for proxies, where that is more than the host itself.
    nodes: BTreeMap<Host, Vec<usize>>,
    budget: usize,
}

/// No longer name can be asked for (RFC 1035, section 2.3.4).
pub(super) const MAX_NAME: usize = 255;

/// Routes that the mesh may add for each route that was read.
const MAX_GROWTH: usize = 16;

impl<'d> Cluster<'d> {
    /// Reads the objects of a mesh, when everything that they name is known.
    pub fn mesh(&mut self, all: &[(Object<'d>, Option<Meaning>)]) {
        self.mesh.budget = 100_000 + MAX_GROWTH * (self.facts.routes.len() + all.len());
        let of = |wanted: Meaning| all.iter().filter(move |(_, m)| *m == Some(wanted)).map(|(o, _)| *o);
        of(Meaning::Namespace).for_each(|o| {
            self.mesh.namespaces.insert(o.name, o);
        });
        of(Meaning::ServiceEntry).for_each(|o| self.service_entry(o));
        for rule in of(Meaning::DestinationRule) {
            self.mesh.rules.push(rule);
            let host = rule.text(&["spec", "host"]).unwrap_or("");
            let at = self.mesh.rules.len() - 1;
            if let Some(rest) = host.strip_prefix('*') {
                self.mesh.wild_rules.push((rest.trim_start_matches('.').to_ascii_lowercase(), at));
            } else {
                for host in self.registered(rule.namespace, host) {
                    self.mesh.rules_of.entry(host).or_default().push(at);
                }
            }
        }
        let virtual_services: Vec<Object<'d>> = of(Meaning::VirtualService).collect();
        for object in &virtual_services {
            self.mesh.virtual_services.add(object, *object);
            if gateways_of(object).is_none_or(|g| g.iter().any(|g| g.text() == Some("mesh"))) {
                for host in object.path(&["spec", "hosts"]).into_iter().flat_map(|h| h.items()).filter_map(|h| h.text()) {
                    for host in self.registered(object.namespace, host) {
                        self.mesh.called.entry(host).or_default().push(*object);
                    }
                }
            }
        }
        of(Meaning::MeshGateway).for_each(|o| self.mesh.gateways.add(&o, o));
        for object in &virtual_services {
            self.virtual_hosts(object);
        }
        self.led_workloads();
        self.led_ingresses();
        for sidecar in of(Meaning::Sidecar) {
            self.sidecar(&sidecar);
        }
        for (meaning, part) in [
            (Meaning::VirtualService, "VirtualService"),
            (Meaning::DestinationRule, "DestinationRule"),
            (Meaning::ServiceEntry, "ServiceEntry"),
            (Meaning::WorkloadEntry, "WorkloadEntry"),
            (Meaning::MeshGateway, "IstioGateway"),
            (Meaning::Sidecar, "Sidecar"),
        ] {
            of(meaning).for_each(|o| self.check_fields(&o, part));
        }
    }

    /// What a host name means to the registry. A short name is of the namespace of the object that holds it.
    pub fn registered(&self, namespace: Option<&str>, host: &str) -> Vec<Host> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if self.mesh.entries.contains_key(&host) {
            return vec![Host::Entry(host)];
        }
        match self.inside(namespace, &host) {
            Inside::Services(found) => found.into_iter().map(Host::Service).collect(),
            Inside::Missing(theirs, name) => vec![Host::Missing(theirs, name)],
            Inside::Outside if host.len() > MAX_NAME => vec![Host::Outside(host)],
            Inside::Outside => {
                let wild = host.match_indices('.').map(|(i, _)| format!("*{}", &host[i..]));
                // An entry without endpoints leads each of its hosts to itself.
                let leads = |w: &String| self.mesh.entries.get(w).is_some_and(|all| all.iter().any(entry::leads));
                let entry = wild.into_iter().find(leads);
                vec![entry.map_or(Host::Outside(host), Host::Entry)]
            }
        }
    }

    /// The host as people would write it.
    pub fn host_shown(&self, host: &Host) -> String {
        match host {
            Host::Service(fact) => {
                let label = &self.facts.endpoints[*fact].label;
                label.strip_prefix(self.prefix.as_str()).unwrap_or(label).to_owned()
            }
            Host::Entry(name) | Host::Outside(name) => name.clone(),
            Host::Missing(Some(namespace), name) => format!("{namespace}/service/{name}"),
            Host::Missing(None, name) => name.clone(),
        }
    }

    /// Where requests for a host go from a sidecar: by its VirtualServices, else to its endpoints.
    fn call(&mut self, host: &Host, from: Option<&Locality>, at: Location) -> Vec<Reference> {
        let key = (host.clone(), from.cloned());
        if let Some(known) = self.mesh.calls.get(&key) {
            return known.clone();
        }
        let virtual_services = self.called_by(host);
        let targets = if virtual_services.is_empty() {
            self.destination(host, None, from, at)
        } else {
            let shown = self.host_shown(host);
            let from_shown = from.map(|f| format!(", from {}", f.shown())).unwrap_or_default();
            let location = virtual_services[0].location;
            let node = self.logical(
                "istio-virtual-service",
                &format!("{shown} (by {}{from_shown})", virtual_services[0].name),
                location,
            );
            self.mesh.nodes.entry(host.clone()).or_default().push(node);
            for object in &virtual_services {
                self.follow_rules(object, node, "mesh", from);
            }
            // Rules for HTTP say nothing of other ports.
            let other = |o: &Object<'_>| o.path(&["spec", "tcp"]).or_else(|| o.path(&["spec", "tls"])).is_some();
            if matches!(host, Host::Service(fact) if self.mesh.opaque.contains(fact)) && !virtual_services.iter().any(other) {
                for to in self.destination(host, None, from, at) {
                    let mut route = RouteFact::new(Reference::Fact(node), to, Activity::Forward, location);
                    route.condition = Some("for ports that are not HTTP".to_owned());
                    self.mesh_route(route);
                }
            }
            vec![Reference::Fact(node)]
        };
        self.mesh.calls.insert(key, targets.clone());
        targets
    }

    /// The VirtualServices that sidecars follow for a host: those that name it, else those of the longest pattern that fits.
    fn called_by(&self, host: &Host) -> Vec<Object<'d>> {
        if let Some(exact) = self.mesh.called.get(host) {
            return exact.clone();
        }
        let name = match host {
            Host::Service(fact) => {
                let Some(namespace) = self.namespace_of(*fact) else { return Vec::new() };
                let all = Host::Missing(Some(namespace.to_owned()), "*".to_owned());
                if let Some(found) = self.mesh.called.get(&all) {
                    return found.clone();
                }
                format!("x.{namespace}.svc.cluster.local")
            }
            Host::Entry(name) | Host::Outside(name) => name.clone(),
            Host::Missing(Some(namespace), name) => format!("{name}.{namespace}.svc.cluster.local"),
            Host::Missing(None, _) => return Vec::new(),
        };
        if name.len() > MAX_NAME {
            return Vec::new();
        }
        let patterns = name.match_indices('.').map(|(i, _)| format!("*{}", &name[i..])).chain(["*".to_owned()]);
        let mut hosts = patterns.flat_map(|p| [Host::Outside(p.clone()), Host::Entry(p)]);
        hosts.find_map(|h| self.mesh.called.get(&h)).cloned().unwrap_or_default()
    }

    /// The namespace of a service, by the name that the cluster gives it.
    fn namespace_of(&self, service: usize) -> Option<&str> {
        self.facts.endpoints[service].names.iter().find_map(|n| n.value.strip_suffix(".svc.cluster.local")?.rsplit('.').next())
    }

    /// What is uncertain of a host is uncertain of all that it is for proxies.
    pub fn widen_gaps(&mut self) {
        if self.mesh.nodes.is_empty() {
            return;
        }
        let mut gaps = std::mem::take(&mut self.facts.gaps);
        for gap in &mut gaps {
            let crate::model::GapScope::Endpoints(scope) = &mut gap.scope else { continue };
            let mut more: BTreeSet<usize> = BTreeSet::new();
            for reference in scope.iter() {
                match reference {
                    Reference::Fact(fact) => more.extend(self.nodes_of(&Host::Service(*fact))),
                    Reference::Host { name, .. } => {
                        let named = self.mesh.nodes.iter().filter(
                            |(host, _)| matches!(host, Host::Entry(n) | Host::Outside(n) if covers(name, n) || covers(n, name)),
                        );
                        more.extend(named.flat_map(|(_, nodes)| nodes));
                    }
                    Reference::Id(_) | Reference::Address { .. } | Reference::Any(_) => {}
                }
            }
            scope.extend(more.into_iter().map(Reference::Fact));
        }
        self.facts.gaps = gaps;
    }

    /// What a host is for proxies beside the host itself.
    pub fn nodes_of(&self, host: &Host) -> Vec<usize> {
        self.mesh.nodes.get(host).cloned().unwrap_or_default()
    }

    /// Something of a mesh that has no place of its own.
    pub fn logical(&mut self, kind: &str, label: &str, location: Location) -> usize {
        let mut fact = crate::model::EndpointFact::new(kind, format!("{}{label}", self.prefix), location);
        fact.standing = crate::model::Standing::Logical;
        self.push(fact)
    }

    /// Pods with a sidecar are led by the mesh to whatever they call.
    fn led_workloads(&mut self) {
        if self.mesh.entries.is_empty()
            && self.mesh.rules.is_empty()
            && self.mesh.called.is_empty()
            && self.mesh.abroad.is_empty()
        {
            return;
        }
        // Whether it has a sidecar, where it stands, its namespace.
        type Member<'d> = (Option<bool>, Option<Locality>, Option<&'d str>);
        let mut members: BTreeMap<usize, Member<'d>> = BTreeMap::new();
        for index in 0..self.workloads.len() {
            let fact = self.workloads[index].fact;
            let member = (self.has_sidecar(index), self.locality_of(fact), self.workloads[index].object.namespace);
            members.insert(fact, member);
        }
        for index in 0..self.facts.routes.len() {
            let route = &self.facts.routes[index];
            let Reference::Fact(from) = route.from else { continue };
            let Some((sidecar, locality, namespace)) = members.get(&from).cloned() else { continue };
            if route.alias || sidecar == Some(false) {
                continue;
            }
            let host = match &route.to {
                Reference::Fact(fact) if self.facts.endpoints[*fact].kind == "kubernetes-service" => Host::Service(*fact),
                Reference::Host { name, .. } => match self.registered(namespace, name).pop() {
                    Some(host) => host,
                    None => continue,
                },
                Reference::Address { ip, .. } => match self.mesh.entry_addresses.get(ip) {
                    Some(entry) => Host::Entry(entry.clone()),
                    None => continue,
                },
                _ => continue,
            };
            let (at, to) = (route.location, route.to.clone());
            let targets = self.call(&host, locality.as_ref(), at);
            let itself = |t: &Reference| matches!((t, &to), (Reference::Host { name: a, .. }, Reference::Host { name: b, .. }) if a == b);
            if targets.iter().all(itself) {
                continue;
            }
            self.lead(index, sidecar == Some(true), &to, targets, "if the pod has a sidecar of the mesh");
        }
    }

    /// Replaces where a route leads, or adds to it if that is not sure.
    pub fn lead(&mut self, index: usize, sure: bool, to: &Reference, targets: Vec<Reference>, doubt: &str) {
        if targets.as_slice() == std::slice::from_ref(to) || targets.is_empty() {
            return;
        }
        let template = self.facts.routes[index].clone();
        for (i, target) in targets.into_iter().enumerate() {
            if sure && i == 0 {
                self.facts.routes[index].to = target;
            } else if target != *to {
                let mut route = RouteFact { to: target, ..template.clone() };
                if !sure {
                    route.condition = Some(route.condition.map_or_else(|| doubt.to_owned(), |c| format!("{c} and {doubt}")));
                }
                self.mesh_route(route);
            }
        }
    }

    /// Controllers of ingresses may have sidecars too; these go by the host that was asked for.
    fn led_ingresses(&mut self) {
        if self.mesh.called.is_empty() {
            return;
        }
        for fact in 0..self.facts.endpoints.len() {
            let endpoint = &self.facts.endpoints[fact];
            if endpoint.kind != "kubernetes-ingress" {
                continue;
            }
            let names = endpoint.names.iter().flat_map(|n| self.registered(None, &n.value));
            let hosts: Vec<Host> =
                names.filter(|h| matches!(h, Host::Outside(_) | Host::Entry(_)) && !self.called_by(h).is_empty()).collect();
            let location = endpoint.location;
            for host in hosts {
                for to in self.call(&host, None, location) {
                    let mut route = RouteFact::new(Reference::Fact(fact), to, Activity::Forward, location);
                    route.condition = Some("if the ingress controller has a sidecar of the mesh".to_owned());
                    self.mesh_route(route);
                }
            }
        }
    }

    /// Adds a route within the bound.
    fn mesh_route(&mut self, route: RouteFact) {
        if self.spend(route.location) {
            self.facts.routes.push(route);
        }
    }

    /// One step more for a mesh; `false` when there were too many.
    pub fn spend(&mut self, location: Location) -> bool {
        if self.mesh.budget == 1 {
            self.facts.gaps.push(crate::model::Unread {
                code: "too-large",
                message: "the mesh and its gateways have more routes than can be followed; the rest is left out".to_owned(),
                help: Some("read fewer clusters at once".to_owned()),
                location,
                scope: crate::model::GapScope::Everything,
            });
        }
        self.mesh.budget = self.mesh.budget.saturating_sub(1);
        self.mesh.budget > 0
    }

    /// Whether the pods of a workload have a sidecar (Istio, "Installing the Sidecar"): the pod's own word, else its
    /// namespace's. A namespace that was not read may say anything; one in ambient mode has waypoints or has none.
    fn has_sidecar(&self, index: usize) -> Option<bool> {
        let workload = &self.workloads[index];
        let object = &workload.object;
        if object.kind == "WorkloadEntry" {
            return Some(true);
        }
        let annotation = || {
            let Some(Meaning::Workload(path)) = meaning(object.group, object.kind) else { return None };
            let template = object.path(path)?;
            template.path(&["metadata", "annotations", "sidecar.istio.io/inject"])?.text()
        };
        match workload.labels.get("sidecar.istio.io/inject").copied().or_else(annotation) {
            Some("true") => return Some(true),
            Some("false") => return Some(false),
            // Versions differ about other words.
            Some(_) => return None,
            None => {}
        }
        // A pod in the network of its node gets none.
        if workload.pod.and_then(|p| p.get("hostNetwork")).and_then(|h| h.as_bool()) == Some(true) {
            return Some(false);
        }
        let containers = ["containers", "initContainers"].into_iter().filter_map(|k| workload.pod?.get(k));
        let mut containers = containers.flat_map(|c| c.items());
        if containers.any(|c| c.get("name").and_then(|n| n.text()) == Some("istio-proxy")) {
            return Some(true);
        }
        let labels = self.mesh.namespaces.get(object.namespace?)?.path(&["metadata", "labels"])?;
        let text = |key: &str| labels.get(key).and_then(|n| n.text());
        match (text("istio-injection"), text("istio.io/rev")) {
            (Some("enabled"), _) | (None, Some(_)) => Some(true),
            (Some("disabled"), _) => Some(false),
            _ => None,
        }
    }

    /// The locality of pods: what their label says, else their node's.
    pub fn locality_of(&self, fact: usize) -> Option<Locality> {
        let endpoint = &self.facts.endpoints[fact];
        if let Some(label) = endpoint.tags.get("istio-locality") {
            let locality = Locality::parse(&label.replace('.', "/"));
            return locality.is_known().then_some(locality);
        }
        let place = match endpoint.part_of.as_slice() {
            [Reference::Fact(one)] if endpoint.region.is_none() => &self.facts.endpoints[*one],
            _ => endpoint,
        };
        let text = |s: &Option<crate::source::Spanned<String>>| s.as_ref().map(|s| s.value.clone());
        let locality = Locality { region: text(&place.region), zone: text(&place.zone), subzone: None };
        locality.is_known().then_some(locality)
    }
}

/// `gateways` of a VirtualService; `None`: only sidecars follow it.
fn gateways_of<'d>(object: &Object<'d>) -> Option<Vec<Node<'d>>> {
    let list: Vec<Node<'d>> = object.path(&["spec", "gateways"])?.items().collect();
    (!list.is_empty()).then_some(list)
}
