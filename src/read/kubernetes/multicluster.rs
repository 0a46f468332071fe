//! What clusters share: services that answer for each other across clusters.
//!
//! Multi-Cluster Services API: a ServiceExport offers the service of its name and namespace to all clusters of the set.
//! Cilium, "Load-balancing & Service Discovery" and "Service Affinity": `service.cilium.io/global` joins the services of one name and
//! namespace, `shared: "false"` keeps a cluster's own endpoints to itself, `affinity` prefers local or remote endpoints and falls to
//! the others when those are gone.
//! Istio, "Install Multi-Primary on different networks": a gateway server with AUTO_PASSTHROUGH offers all services of its
//! cluster to the mesh, and a service of the same name and namespace has the endpoints of all clusters.
//! Linkerd, "Multi-cluster communication": a service with `mirror.linkerd.io/exported` appears in linked clusters as `NAME-CLUSTER`.

use std::collections::{BTreeMap, BTreeSet};

use super::cluster::Cluster;
use super::kinds::{Meaning, meaning};
use super::manifest::Object;
use super::mesh::{Locality, MAX_NAME};
use crate::model::{Activity, EndpointFact, GapScope, Reference, RouteRole, Standing, Unread};
use crate::source::Location;

type Key = (Option<String>, String);

/// One cluster's share in a service.
#[derive(Clone, Debug)]
struct Share {
    unit: usize,
    id: String,
    at: Location,
    offers: bool,
}

/// What several clusters declare of the same services, before each is read by itself.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    exports: BTreeMap<Key, Vec<Share>>,
    global: BTreeMap<Key, Vec<Share>>,
    mirrored: BTreeMap<Key, Vec<Share>>,
    federated: BTreeMap<Key, Vec<Share>>,
    /// Services of clusters that one mesh joins.
    meshed: BTreeMap<Key, Vec<Share>>,
    /// The first region that a cluster's nodes or the user name.
    localities: BTreeMap<usize, Locality>,
    joined: BTreeSet<usize>,
}

impl Fleet {
    /// Adds a cluster.
    pub fn add(&mut self, unit: usize, prefix: &str, told: Option<&str>, objects: &[Object<'_>]) {
        let named = |o: &Object<'_>| (o.namespace.map(str::to_owned), o.name.to_owned());
        let id = |o: &Object<'_>| {
            o.namespace.map_or_else(|| format!("{prefix}service/{}", o.name), |n| format!("{prefix}{n}/service/{}", o.name))
        };
        let mut services = Vec::new();
        for object in objects {
            let share = |offers: bool| Share { unit, id: id(object), at: object.location, offers };
            match meaning(object.group, object.kind) {
                Some(Meaning::ServiceExport) => self.exports.entry(named(object)).or_default().push(share(true)),
                Some(Meaning::Service) => {
                    if let Some(offers) = global(object) {
                        let share = Share { id: format!("{} (backends)", id(object)), ..share(offers) };
                        self.global.entry(named(object)).or_default().push(share);
                    }
                    let exported = object.text(&["metadata", "labels", "mirror.linkerd.io/exported"]);
                    if exported.is_some_and(|e| e != "false") {
                        self.mirrored.entry(named(object)).or_default().push(share(true));
                    }
                    if object.text(&["metadata", "labels", "mirror.linkerd.io/federated"]) == Some("member") {
                        self.federated.entry(named(object)).or_default().push(share(true));
                    }
                    services.push((named(object), share(true)));
                }
                Some(Meaning::MeshGateway) if passes_all(object) => {
                    self.joined.insert(unit);
                }
                // How a cluster reaches the others of its mesh.
                Some(Meaning::Secret) if object.text(&["metadata", "labels", "istio/multiCluster"]) == Some("true") => {
                    self.joined.insert(unit);
                }
                Some(Meaning::Node) => {
                    let label = object.text(&["metadata", "labels", "topology.kubernetes.io/region"]);
                    if let Some(region) = label {
                        self.localities.entry(unit).or_insert_with(|| Locality::parse(region));
                    }
                }
                _ => {}
            }
        }
        if let Some(region) = told {
            self.localities.insert(unit, Locality { region: Some(region.to_owned()), ..Locality::default() });
        }
        if self.joined.contains(&unit) {
            for (key, share) in services {
                self.meshed.entry(key).or_default().push(share);
            }
        }
    }

    /// The services behind an import, by id.
    pub fn exported(&self, namespace: Option<&str>, name: &str) -> Vec<(String, Location)> {
        let all = self.exports.get(&(namespace.map(str::to_owned), name.to_owned()));
        all.into_iter().flatten().map(|s| (s.id.clone(), s.at)).collect()
    }

    /// The services that `NAME-CLUSTER` can be the mirror of, in other clusters; of `NAME-federated`, all that take part.
    pub fn mirrors(&self, unit: usize, namespace: Option<&str>, name: &str) -> Vec<(String, Location)> {
        if name.len() > MAX_NAME {
            return Vec::new();
        }
        let of = |name: &str| (namespace.map(str::to_owned), name.to_owned());
        if let Some(members) = name.strip_suffix("-federated").and_then(|n| self.federated.get(&of(n))) {
            return members.iter().map(|s| (s.id.clone(), s.at)).collect();
        }
        let cuts = name.match_indices('-').map(|(i, _)| &name[..i]);
        let found = cuts.filter_map(|n| self.mirrored.get(&of(n)));
        found.flatten().filter(|s| s.unit != unit).map(|s| (s.id.clone(), s.at)).collect()
    }
}

/// `Some` for a global service of Cilium: whether it offers its own endpoints.
fn global(object: &Object<'_>) -> Option<bool> {
    let any = |keys: [&str; 2]| keys.into_iter().find_map(|k| object.annotation(k));
    any(["service.cilium.io/global", "io.cilium/global-service"])?
        .eq_ignore_ascii_case("true")
        .then(|| any(["service.cilium.io/shared", "io.cilium/shared-service"]) != Some("false"))
}

/// A gateway that hands on whatever service of the cluster is asked for.
fn passes_all(object: &Object<'_>) -> bool {
    let servers = object.path(&["spec", "servers"]).into_iter().flat_map(|s| s.items());
    servers.filter_map(|s| s.path(&["tls", "mode"])).any(|m| m.text() == Some("AUTO_PASSTHROUGH"))
}

impl<'d> Cluster<'d> {
    /// Joins the services of this cluster with those of the others, after its own are known.
    pub fn join_clusters(&mut self, services: &[(Object<'d>, usize)]) {
        for (object, fact) in services {
            if global(object).is_some() {
                self.global_service(object, *fact);
            }
        }
        if self.fleet.joined.contains(&self.unit) {
            self.join_mesh(services);
        }
    }

    fn global_service(&mut self, object: &Object<'d>, fact: usize) {
        let key = (object.namespace.map(str::to_owned), object.name.to_owned());
        // The own endpoints become something that other clusters can name.
        let id = format!("{} (backends)", self.id(object));
        let mut own = EndpointFact::new("kubernetes-backends", id.clone(), object.location);
        own.id = Some(id);
        own.standing = Standing::Logical;
        let own = self.push(own);
        let mut any = false;
        for route in &mut self.facts.routes {
            if route.from == Reference::Fact(fact) && route.pool.as_deref() == Some("pods") {
                route.from = Reference::Fact(own);
                any = true;
            }
        }
        let others: Vec<Share> =
            self.fleet.global.get(&key).into_iter().flatten().filter(|s| s.unit != self.unit && s.offers).cloned().collect();
        let affinity =
            object.annotation("service.cilium.io/affinity").or_else(|| object.annotation("io.cilium/service-affinity"));
        let at = object
            .annotations()
            .find(|(n, _)| n.ends_with("/affinity") || n.ends_with("/global") || n.ends_with("/global-service"))
            .map_or(object.location, |(_, v)| object.at(v));
        if others.is_empty() {
            let message = format!("service `{}` has endpoints in other clusters too, none of which was read", object.name);
            self.gap("unfollowed-routing", message, "add the manifests of the clusters that share it", at, &[fact]);
        }
        let mut targets: Vec<(Reference, bool)> = others.into_iter().map(|s| (Reference::Id(s.id), false)).collect();
        if any {
            targets.insert(0, (Reference::Fact(own), true));
        }
        let alone = targets.len() < 2;
        for (to, local) in targets {
            let standby = !alone && matches!((affinity, local), (Some("local"), false) | (Some("remote"), true));
            let route = self.route(fact, to, Activity::Forward, at);
            route.pool = Some("clusters".to_owned());
            if standby {
                route.role = RouteRole::Failover;
                route.priority = Some(1);
                let preferred = if local { "remote" } else { "local" };
                route.condition = Some(format!("when no {preferred} endpoint of `{}` is healthy (affinity)", object.name));
            }
        }
    }

    /// A service that Linkerd made of another cluster's: leads there, and not to the gateway whose address it holds.
    pub fn mirror(&mut self, object: &Object<'d>, fact: usize) -> bool {
        if object.text(&["metadata", "labels", "mirror.linkerd.io/mirrored-service"]) != Some("true") {
            return false;
        }
        let found = self.fleet.mirrors(self.unit, object.namespace, object.name);
        for (id, _) in &found {
            let route = self.route(fact, Reference::Id(id.clone()), Activity::Forward, object.location);
            route.pool = Some("clusters".to_owned());
        }
        !found.is_empty()
    }

    /// The same, where only the other cluster's service was read.
    pub fn missing_mirror(&mut self, namespace: Option<&str>, name: &str, id: &str, at: Location) -> Option<Reference> {
        let found = self.fleet.mirrors(self.unit, namespace, name);
        if found.is_empty() {
            return None;
        }
        let mut fact = EndpointFact::new("kubernetes-service", id, at);
        fact.id = Some(id.to_owned());
        fact.standing = Standing::Logical;
        let fact = self.push(fact);
        for (id, _) in found {
            let route = self.route(fact, Reference::Id(id), Activity::Forward, at);
            route.pool = Some("clusters".to_owned());
        }
        Some(Reference::Fact(fact))
    }

    fn join_mesh(&mut self, services: &[(Object<'d>, usize)]) {
        if self.fleet.joined.len() < 2 {
            let facts: Vec<Reference> = services.iter().map(|(_, f)| Reference::Fact(*f)).collect();
            let Some((object, _)) = services.first() else { return };
            self.facts.gaps.push(Unread {
                code: "unfollowed-routing",
                message: "this cluster is joined with others of its mesh, none of which was read".to_owned(),
                help: Some("add the manifests of the other clusters of the mesh, each in a folder of its own".to_owned()),
                location: object.location,
                scope: if facts.len() > 500 { GapScope::Everything } else { GapScope::Endpoints(facts) },
            });
            return;
        }
        for (object, fact) in services {
            let key = (object.namespace.map(str::to_owned), object.name.to_owned());
            let others = self.fleet.meshed.get(&key).into_iter().flatten().filter(|s| s.unit != self.unit);
            let others: Vec<_> = others.map(|s| (s.id.clone(), self.fleet.localities.get(&s.unit).cloned(), s.at)).collect();
            if !others.is_empty() {
                self.mesh.abroad.insert(*fact, others);
            }
        }
    }
}
