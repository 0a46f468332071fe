//! The objects of one cluster, by what they are called, and how one names another.

use std::collections::{BTreeMap, BTreeSet};

use super::custom;
use super::databases;
use super::gateway_api::Door;
use super::global::Sent;
use super::kinds::{Meaning, meaning};
use super::manifest::Object;
use super::mesh::Mesh;
use super::multicluster::Fleet;
use super::place::{Machines, Spot};
use super::service::by_service;
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, Facts, GapScope, Reference, Role, Roles, RouteFact, Standing, Unread};
use crate::read::mentions::{Mention, activity, shorten};
use crate::read::settings::{FileSettings, Settings};
use crate::source::{Location, SourceId, Sources};

/// One cluster while it is read.
pub(super) struct Cluster<'d> {
    pub sources: &'d Sources,
    pub settings: &'d Settings,
    /// What is told of all files of the cluster alike.
    pub told: FileSettings,
    /// Tells ids of several clusters apart.
    pub prefix: String,
    /// What all clusters share, and which of them this one is.
    pub fleet: &'d Fleet,
    pub unit: usize,
    pub facts: Facts,
    pub machines: Machines<'d>,
    /// Zones that several pods may stand in.
    pub spots: BTreeMap<Spot, usize>,
    pub services: Named<'d, usize>,
    /// Services that operators make: namespace, name, and what they lead to.
    pub operated: Vec<(Option<String>, String, usize)>,
    pub claims: Named<'d, usize>,
    /// What keeps data beyond the life of a pod, with its namespace.
    pub stores: Vec<(Option<&'d str>, usize)>,
    pub config_maps: Named<'d, Object<'d>>,
    pub secrets: Named<'d, Object<'d>>,
    pub classes: Named<'d, Object<'d>>,
    /// The class of claims that name none.
    pub default_class: Option<Object<'d>>,
    pub workloads: Vec<Workload<'d>>,
    pub workload_names: Named<'d, usize>,
    /// Ingresses by name, and by one of their labels.
    pub ingress_names: Named<'d, usize>,
    pub ingress_labels: BTreeMap<(&'d str, &'d str), Vec<usize>>,
    /// Gateways and entries of the Gateway API.
    pub doors: Named<'d, Door<'d>>,
    pub entry_names: Named<'d, usize>,
    pub grants: Vec<Object<'d>>,
    /// Services of several clusters, by namespace and name.
    pub imports: BTreeMap<(Option<String>, String), usize>,
    /// Gateways to which DNS sends some of the clients.
    pub sent: Vec<Sent>,
    pub mesh: Mesh<'d>,
    /// Pods that a selector can choose, by namespace and one of their labels.
    by_label: BTreeMap<(&'d str, &'d str), Vec<usize>>,
    /// The first thing of which nobody says where it stands.
    pub placeless: Option<Location>,
    pub node_port_pairs: usize,
    /// Services that are named and are not there.
    missing: BTreeMap<String, Reference>,
    /// Ways that settings name, to tell each once.
    followed: BTreeSet<(usize, Reference, Activity, Location)>,
    buckets: BTreeMap<String, usize>,
    variables: BTreeMap<SourceId, FileSettings>,
}

/// What runs pods.
pub(super) struct Workload<'d> {
    pub object: Object<'d>,
    /// The spec of its pods.
    pub pod: Option<Node<'d>>,
    pub labels: BTreeMap<&'d str, &'d str>,
    pub fact: usize,
}

/// Things by name, with their namespaces.
pub(super) struct Named<'d, T>(BTreeMap<&'d str, Vec<(Option<&'d str>, T)>>);

impl<T> Default for Named<'_, T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'d, T: Copy> Named<'d, T> {
    pub fn add(&mut self, object: &Object<'d>, thing: T) {
        self.0.entry(object.name).or_default().push((object.namespace, thing));
    }

    /// Those of a name, in any namespace.
    pub fn named(&self, name: &str) -> Vec<T> {
        self.0.get(name).into_iter().flatten().map(|(_, thing)| *thing).collect()
    }

    /// Those of a namespace; else those that do not say theirs. Who does not know its own namespace means any.
    pub fn find(&self, namespace: Option<&str>, name: &str) -> Vec<T> {
        let Some(all) = self.0.get(name) else { return Vec::new() };
        let pick = |wanted: fn(Option<&str>, Option<&str>) -> bool| -> Vec<T> {
            all.iter().filter(|(theirs, _)| wanted(*theirs, namespace)).map(|(_, t)| *t).collect()
        };
        let exact = pick(|theirs, ours| theirs == ours);
        if exact.is_empty() { pick(|theirs, ours| theirs.is_none() || ours.is_none()) } else { exact }
    }
}

/// What a host name means inside a cluster.
pub(super) enum Inside {
    Services(Vec<usize>),
    /// By its notation a service, but none that was read: its namespace and name.
    Missing(Option<String>, String),
    /// No name of the cluster.
    Outside,
}

impl<'d> Cluster<'d> {
    pub fn new(
        sources: &'d Sources,
        settings: &'d Settings,
        told: FileSettings,
        prefix: String,
        fleet: &'d Fleet,
        unit: usize,
    ) -> Self {
        Self {
            sources,
            settings,
            told,
            prefix,
            fleet,
            unit,
            facts: Facts::default(),
            machines: Machines::default(),
            spots: BTreeMap::new(),
            services: Named::default(),
            operated: Vec::new(),
            claims: Named::default(),
            stores: Vec::new(),
            config_maps: Named::default(),
            secrets: Named::default(),
            classes: Named::default(),
            default_class: None,
            workloads: Vec::new(),
            workload_names: Named::default(),
            ingress_names: Named::default(),
            ingress_labels: BTreeMap::new(),
            doors: Named::default(),
            entry_names: Named::default(),
            grants: Vec::new(),
            imports: BTreeMap::new(),
            sent: Vec::new(),
            mesh: Mesh::default(),
            by_label: BTreeMap::new(),
            placeless: None,
            node_port_pairs: 0,
            missing: BTreeMap::new(),
            followed: BTreeSet::new(),
            buckets: BTreeMap::new(),
            variables: BTreeMap::new(),
        }
    }

    /// Reads all objects: first what others name, then what names others.
    pub fn read(&mut self, objects: &[Object<'d>]) {
        let all: Vec<(Object<'d>, Option<Meaning>)> = objects.iter().map(|o| (*o, meaning(o.group, o.kind))).collect();
        let of =
            |wanted: fn(&Meaning) -> bool| all.iter().filter(move |(_, m)| m.as_ref().is_some_and(wanted)).map(|(o, _)| *o);
        of(|m| *m == Meaning::Node).for_each(|o| self.node(o));
        of(|m| *m == Meaning::ConfigMap).for_each(|o| self.config_maps.add(&o, o));
        of(|m| *m == Meaning::Secret).for_each(|o| self.secrets.add(&o, o));
        self.storage(
            of(|m| *m == Meaning::StorageClass).collect(),
            of(|m| *m == Meaning::Volume).collect(),
            of(|m| *m == Meaning::Claim).collect(),
        );
        let owners: BTreeSet<(Option<&str>, &str, &str)> =
            of(|m| matches!(m, Meaning::Workload(_))).map(|o| (o.namespace, o.kind, o.name)).collect();
        for (object, meaning) in &all {
            if let Some(Meaning::Workload(path)) = meaning {
                // What a deployment made is the deployment.
                let owned = object.path(&["metadata", "ownerReferences"]).into_iter().flat_map(|o| o.items());
                let text = |n: Node<'d>, key: &str| n.get(key).and_then(|k| k.text()).unwrap_or("");
                let mut owned = owned.filter(|o| owners.contains(&(object.namespace, text(*o, "kind"), text(*o, "name"))));
                if owned.next().is_none() {
                    self.workload(*object, path);
                }
            }
        }
        of(|m| *m == Meaning::WorkloadEntry).for_each(|o| self.workload_entry(o));
        let endpoints = by_service(of(|m| *m == Meaning::Endpoints));
        let services: Vec<(Object<'d>, usize)> =
            of(|m| *m == Meaning::Service).map(|o| (o, self.declare_service(&o))).collect();
        for (service, fact) in &services {
            self.service(service, *fact, &endpoints);
        }
        self.join_clusters(&services);
        of(|m| matches!(m, Meaning::Ingress | Meaning::Gslb)).for_each(|o| self.ingress(o));
        databases::read(self, &all);
        self.programs();
        self.grants.extend(of(|m| *m == Meaning::ReferenceGrant));
        of(|m| *m == Meaning::ServiceImport).for_each(|o| {
            self.service_import(o.namespace, o.name, o.location);
        });
        of(|m| matches!(m, Meaning::Workload(_))).filter(|o| o.kind == "Rollout").for_each(|o| self.rollout(&o));
        self.mesh(&all);
        self.gateway_api(&all);
        of(|m| *m == Meaning::DnsEndpoint).for_each(|o| self.dns_endpoint(&o));
        of(|m| *m == Meaning::Gslb).for_each(|o| self.gslb(&o));
        of(|m| *m == Meaning::TrafficSplit).for_each(|o| self.traffic_split(&o));
        of(|m| *m == Meaning::WorkloadGroup).for_each(|o| self.workload_group(&o, &services));
        custom::read(self, &all);
        self.widen_gaps();
        self.say_placeless();
    }

    fn say_placeless(&mut self) {
        let Some(location) = self.placeless else { return };
        // Each of them is of unknown place already; this only says how to mend all at once.
        self.facts.gaps.push(Unread {
            code: "cluster-place-unknown",
            message: "nothing that was read says where this cluster stands".to_owned(),
            help: Some(
                "tell it with `region` and `provider` (or `site`) in [[inputs.override]], or add `kubectl get nodes -o yaml`"
                    .to_owned(),
            ),
            location,
            scope: GapScope::Nothing,
        });
    }

    /// `shop/deployment/web`; of several clusters `clusters/eu: shop/deployment/web`.
    pub fn id(&self, object: &Object<'_>) -> String {
        self.id_of(object.namespace, object.kind, object.name)
    }

    pub fn id_of(&self, namespace: Option<&str>, kind: &str, name: &str) -> String {
        let kind = kind.to_ascii_lowercase();
        match namespace {
            Some(namespace) => format!("{}{namespace}/{kind}/{name}", self.prefix),
            None => format!("{}{kind}/{name}", self.prefix),
        }
    }

    pub fn push(&mut self, fact: EndpointFact) -> usize {
        self.facts.endpoints.push(fact);
        self.facts.endpoints.len() - 1
    }

    pub fn route(&mut self, from: usize, to: Reference, activity: Activity, location: Location) -> &mut RouteFact {
        let at = self.facts.routes.len();
        self.facts.routes.push(RouteFact::new(Reference::Fact(from), to, activity, location));
        &mut self.facts.routes[at]
    }

    /// Something that could change what these endpoints are or where they lead.
    pub fn gap(&mut self, code: &'static str, message: String, help: &str, location: Location, of: &[usize]) {
        let scope = GapScope::Endpoints(of.iter().map(|i| Reference::Fact(*i)).collect());
        self.facts.gaps.push(Unread { code, message, help: Some(help.to_owned()), location, scope });
    }

    /// Something that explains an unknown place, which by itself lets nothing pass.
    pub fn remark(&mut self, code: &'static str, message: String, help: &str, location: Location) {
        let help = Some(help.to_owned());
        self.facts.gaps.push(Unread { code, message, help, location, scope: GapScope::Nothing });
    }

    /// A value that the project file tells for a setting of a file.
    pub fn variable(&mut self, file: SourceId, name: &str) -> Option<String> {
        let (settings, sources) = (self.settings, self.sources);
        let told = self.variables.entry(file).or_insert_with(|| settings.of(&sources.get(file).path));
        told.variables.get(name).map(|t| t.text.clone())
    }

    /// The endpoints that an object itself became.
    pub fn own_facts(&self, object: &Object<'_>) -> Vec<Reference> {
        let doors = self.doors.find(object.namespace, object.name).into_iter().map(|d| d.fact);
        let entries = self.entry_names.find(object.namespace, object.name);
        doors.chain(entries).map(Reference::Fact).collect()
    }

    /// Adds a workload to what selectors find.
    pub fn add_workload(&mut self, workload: Workload<'d>) {
        let index = self.workloads.len();
        self.workload_names.add(&workload.object, workload.fact);
        for (key, value) in &workload.labels {
            self.by_label.entry((key, value)).or_default().push(index);
        }
        self.workloads.push(workload);
    }

    /// The workloads of a namespace whose pods have all of these labels.
    pub fn selected(&self, namespace: Option<&str>, selector: &[(&str, &str)]) -> Vec<usize> {
        let Some(rarest) = selector.iter().map(|pair| self.by_label.get(pair)).min_by_key(|l| l.map_or(0, Vec::len)) else {
            return Vec::new();
        };
        let fits = |w: &Workload<'_>| selector.iter().all(|(k, v)| w.labels.get(k) == Some(v));
        let all: Vec<&Workload<'_>> = rarest.into_iter().flatten().map(|i| &self.workloads[*i]).filter(|w| fits(w)).collect();
        let exact: Vec<usize> = all.iter().filter(|w| w.object.namespace == namespace).map(|w| w.fact).collect();
        if !exact.is_empty() {
            return exact;
        }
        let loose = |w: &&&Workload<'_>| w.object.namespace.is_none() || namespace.is_none();
        all.iter().filter(loose).map(|w| w.fact).collect()
    }

    /// What a host name means to a pod of a namespace (Kubernetes, "DNS for Services and Pods"): `svc`, `svc.ns`, `svc.ns.svc`,
    /// `svc.ns.svc.cluster.local`, and any of them below the name of a pod.
    pub fn inside(&self, namespace: Option<&str>, host: &str) -> Inside {
        let host = host.trim_end_matches('.');
        let labels: Vec<&str> = host.split('.').collect();
        let at = labels.iter().position(|l| *l == "svc").filter(|at| *at >= 2);
        let by_notation = at.is_some_and(|at| matches!(labels.get(at + 1..), Some([] | ["cluster", "local"])));
        if let Some(at) = at.filter(|_| by_notation) {
            let (name, theirs) = (labels[at - 2], labels[at - 1]);
            let found = self.serving(Some(theirs), name);
            return if found.is_empty() {
                Inside::Missing(Some(theirs.to_owned()), name.to_owned())
            } else {
                Inside::Services(found)
            };
        }
        let found = match labels.as_slice() {
            [name] => {
                let found = self.serving(namespace, name);
                if found.is_empty() {
                    return Inside::Missing(namespace.map(str::to_owned), (*name).to_owned());
                }
                found
            }
            [name, theirs] => self.serving(Some(theirs), name),
            [_, name, theirs] => self.serving(Some(theirs), name),
            _ => Vec::new(),
        };
        if found.is_empty() { Inside::Outside } else { Inside::Services(found) }
    }

    /// Services by name, and what the services of operators lead to.
    fn serving(&self, namespace: Option<&str>, name: &str) -> Vec<usize> {
        let found = self.services.find(namespace, name);
        if !found.is_empty() {
            return found;
        }
        let same = |theirs: &Option<String>| theirs.is_none() || namespace.is_none() || theirs.as_deref() == namespace;
        self.operated.iter().filter(|(theirs, service, _)| service == name && same(theirs)).map(|(.., fact)| *fact).collect()
    }

    /// A service that is named and was not read. Of one cluster it is found by its name, if somebody declares that; of several
    /// it could be another cluster's, so it stays a thing of unknown place.
    pub fn missing_service(&mut self, namespace: Option<&str>, name: &str, location: Location) -> Reference {
        let id = self.id_of(namespace, "service", name);
        if let Some(known) = self.missing.get(&id) {
            return known.clone();
        }
        if let Some(mirror) = self.missing_mirror(namespace, name, &id, location) {
            self.missing.insert(id, mirror.clone());
            return mirror;
        }
        let reference = if self.prefix.is_empty() {
            let full = namespace.map_or_else(|| name.to_owned(), |n| format!("{name}.{n}.svc.cluster.local"));
            Reference::Host { name: full, port: None }
        } else {
            let mut fact = EndpointFact::new("kubernetes-service", id.clone(), location);
            fact.id = Some(id.clone());
            Reference::Fact(self.push(fact))
        };
        self.missing.insert(id, reference.clone());
        let message = format!("service `{}` is named here, but no manifest that was read declares it", shorten(name));
        self.remark("undefined-service", message, "add its manifest, or correct the name", location);
        reference
    }

    pub fn bucket(&mut self, id: &str, location: Location) -> usize {
        if let Some(known) = self.buckets.get(id) {
            return *known;
        }
        let mut fact = EndpointFact::new("bucket", id, location);
        fact.elsewhere = true;
        fact.cloud_ids.push(id.to_owned());
        fact.roles = Roles::of(&[Role::Store]);
        fact.standing = Standing::Physical;
        let index = self.push(fact);
        self.buckets.insert(id.to_owned(), index);
        index
    }

    /// Routes from a workload to what one of its settings names.
    pub fn follow(
        &mut self,
        from: usize,
        namespace: Option<&str>,
        setting: &str,
        found: Vec<Mention>,
        aliases: &BTreeMap<String, std::net::IpAddr>,
        location: Location,
    ) {
        for mention in found {
            let targets = match mention {
                Mention::Address { ip, port } => vec![Reference::Address { ip, port }],
                Mention::Bucket(id) | Mention::CloudId(id) => vec![Reference::Fact(self.bucket(&id, location))],
                Mention::Host { name, port, sure } => match (aliases.get(&name), self.inside(namespace, &name)) {
                    (Some(ip), _) => vec![Reference::Address { ip: *ip, port }],
                    (None, Inside::Services(found)) => found.into_iter().map(Reference::Fact).collect(),
                    (None, Inside::Missing(..)) if !sure => Vec::new(),
                    (None, Inside::Missing(theirs, name)) => {
                        vec![self.missing_service(theirs.as_deref(), &name, location)]
                    }
                    (None, Inside::Outside) if !sure => Vec::new(),
                    (None, Inside::Outside) => vec![Reference::Host { name, port }],
                },
                Mention::Unresolved(text) => {
                    self.gap(
                        "unresolved-variable",
                        format!("{setting} leads to `{}`, whose value is not known", shorten(&text)),
                        "tell the whole value with `variables` in [[inputs.override]]",
                        location,
                        &[from],
                    );
                    Vec::new()
                }
            };
            for to in targets {
                let activity = activity(setting);
                if to != Reference::Fact(from) && self.followed.insert((from, to.clone(), activity, location)) {
                    self.route(from, to, activity, location);
                }
            }
        }
    }
}
