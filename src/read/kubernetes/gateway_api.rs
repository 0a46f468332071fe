//! Gateway API: gateways, and the routes that lead what they let in to services.
//!
//! Gateway API, "API specification": a route is attached to the listeners of its `parentRefs` whose hostname agrees with one of its
//! own; requests are shared among `backendRefs` by weight (default 1), and 0 gets nothing; RequestMirror sends a copy to another
//! backend, RequestRedirect sends the client elsewhere, ExternalAuth asks a server about each request. A parent that is a Service
//! (GAMMA) means the requests of the mesh to that service. A backend in another namespace needs a ReferenceGrant; one that was not
//! read may be there, so none is left out for that.

use super::cluster::Cluster;
use super::kinds::Meaning;
use super::manifest::Object;
use super::mesh::{Host, Locality, When, covers};
use super::service::{push_address, push_name};
use crate::doc::Node;
use crate::model::{Activity, ClientMatch, EndpointFact, GapScope, Reference, RouteRole, Spill, Standing, Unread};
use crate::read::mentions::shorten;
use crate::source::{Location, Spanned};

/// Parents, hostnames and rules of one route, listeners of one gateway: the API takes 32, 16, 16 and 64.
const MOST: usize = 64;

/// Classes whose gateways know the rules of the mesh (DestinationRule).
const IN_MESH: &[&str] = &["istio", "istio-remote", "istio-waypoint", "istio-east-west", "gloo-gateway", "kgateway"];
/// Classes of Google's load balancers that end connections at the edge.
const AT_EDGE: &[&str] =
    &["gke-l7-gxlb", "gke-l7-gxlb-mc", "gke-l7-global-external-managed", "gke-l7-global-external-managed-mc", "gke-td"];

/// One gateway that was read.
#[derive(Clone, Copy)]
pub(super) struct Door<'d> {
    object: Object<'d>,
    pub fact: usize,
}

/// Where a route begins.
struct Start<'d> {
    node: usize,
    locality: Option<Locality>,
    /// Whether what leads from here knows the rules of the mesh.
    in_mesh: Option<bool>,
    object: Object<'d>,
}

impl<'d> Cluster<'d> {
    pub fn gateway_api(&mut self, all: &[(Object<'d>, Option<Meaning>)]) {
        let of = |wanted: Meaning| all.iter().filter(move |(_, m)| *m == Some(wanted)).map(|(o, _)| *o);
        for object in of(Meaning::Gateway) {
            let fact = self.door(&object);
            self.doors.add(&object, Door { object, fact });
            self.check_fields(&object, "Gateway");
        }
        of(Meaning::DnsPolicy).for_each(|o| self.dns_policy(&o));
        for object in of(Meaning::GatewayRoute) {
            self.gateway_route(&object);
            self.check_fields(&object, "Route");
        }
    }

    fn door(&mut self, object: &Object<'d>) -> usize {
        let id = self.id(object);
        let mut fact = EndpointFact::new("kubernetes-gateway", id.clone(), object.location);
        fact.id = Some(id);
        self.outer_names(object, &mut fact);
        let labels = object.path(&["spec", "infrastructure", "labels"]).into_iter().flat_map(|l| l.entries());
        fact.tags = labels.filter_map(|e| Some((e.name().to_owned(), e.value.text()?.to_owned()))).collect();
        for part in ["spec", "status"] {
            for address in object.path(&[part, "addresses"]).into_iter().flat_map(|a| a.items()) {
                let Some(value) = address.get("value") else { continue };
                push_address(object, value, &mut fact);
                if fact.addresses.is_empty() && value.text().is_some_and(|t| t.contains('.')) {
                    push_name(value.text().unwrap_or(""), value, &mut fact);
                }
            }
        }
        let class = object.text(&["spec", "gatewayClassName"]).unwrap_or("");
        if AT_EDGE.contains(&class) {
            fact.provider = Some("gcp".to_owned());
            fact.region = Some(Spanned::new("global".to_owned(), fact.location.span));
        } else if fact.addresses.is_empty() || self.told.region.is_some() {
            self.stand_at_cluster(&mut fact);
        }
        self.push(fact)
    }

    fn gateway_route(&mut self, object: &Object<'d>) {
        let list = |key: &str| object.path(&["spec", key]).into_iter().flat_map(|p| p.items());
        if let Some(key) = ["parentRefs", "hostnames", "rules"].into_iter().find(|k| list(k).nth(MOST).is_some()) {
            let message = format!("`{}` has more `{key}` than the API takes; the rest is left out", shorten(object.name));
            self.facts.gaps.push(Unread {
                code: "too-large",
                message,
                help: Some("divide the route into several".to_owned()),
                location: object.location,
                scope: GapScope::Everything,
            });
        }
        let parents: Vec<Node<'d>> = list("parentRefs").take(MOST).collect();
        for parent in &parents {
            let text = |key: &str| parent.get(key).and_then(|n| n.text()).filter(|t| !t.is_empty());
            let namespace = text("namespace").or(object.namespace);
            let name = text("name").unwrap_or("");
            match text("kind").unwrap_or("Gateway") {
                "Gateway" => {
                    let doors = self.doors.find(namespace, name);
                    if doors.is_empty() {
                        let message =
                            format!("gateway `{}` is named here, but no manifest that was read declares it", shorten(name));
                        let before = self.facts.endpoints.len();
                        self.through_door(object, None, Some(*parent));
                        let entries: Vec<usize> = (before..self.facts.endpoints.len()).collect();
                        self.gap(
                            "undefined-name",
                            message,
                            "add its manifest, or correct the name",
                            object.at(*parent),
                            &entries,
                        );
                    }
                    for door in doors {
                        self.through_door(object, Some(door), Some(*parent));
                    }
                }
                "Service" | "ServiceImport" => {
                    self.mesh_of_service(object, *parent, namespace, name);
                }
                kind => {
                    let message =
                        format!("this route is attached to {} `{}`, which is not followed", shorten(kind), shorten(name));
                    let help = "declare where requests come in from as [[route]]s to the services behind it";
                    let node = self.logical_route(object);
                    self.gap("unfollowed-routing", message, help, object.at(*parent), &[node]);
                    self.route_rules(&Start { node, locality: None, in_mesh: None, object: *object });
                }
            }
        }
        // Who attaches it may stand elsewhere.
        if parents.is_empty() {
            self.through_door(object, None, None);
        }
    }

    fn logical_route(&mut self, object: &Object<'d>) -> usize {
        let id = self.id(object);
        let id = id.trim_start_matches(self.prefix.as_str()).to_owned();
        self.logical("kubernetes-route", &id, object.location)
    }

    /// A route that is attached to a gateway: an entry for each of its hosts.
    fn through_door(&mut self, object: &Object<'d>, door: Option<Door<'d>>, parent: Option<Node<'d>>) {
        let own: Vec<Node<'d>> = object
            .path(&["spec", "hostnames"])
            .into_iter()
            .flat_map(|h| h.items())
            .filter(|h| h.text().is_some())
            .take(MOST)
            .collect();
        // The listeners that it asks for; without a hostname they take any.
        let mut offered: Vec<Option<Node<'d>>> = Vec::new();
        if let Some(door) = &door {
            let wanted = |l: &Node<'d>, ours: &str, theirs: &str| {
                let text = |n: Option<Node<'d>>| n.and_then(|n| n.text()).map(str::to_owned);
                text(parent.and_then(|p| p.get(ours))).is_none_or(|o| Some(o) == text(l.get(theirs)))
            };
            let listeners = door.object.path(&["spec", "listeners"]).into_iter().flat_map(|l| l.items());
            let listeners = listeners.take(MOST).filter(|l| wanted(l, "sectionName", "name") && wanted(l, "port", "port"));
            offered.extend(listeners.map(|l| l.get("hostname").filter(|h| h.text().is_some_and(|t| !t.is_empty()))));
        }
        let any = offered.is_empty() || offered.iter().any(Option::is_none);
        let mut hosts: Vec<(&'d str, Location, Node<'d>)> = Vec::new();
        let at_door = |node: &Node<'d>| door.as_ref().map_or(object.location, |d| d.object.at(*node));
        for host in &own {
            let text = host.text().unwrap_or("");
            let named = |o: &Node<'d>| o.text().unwrap_or("");
            if any || offered.iter().flatten().any(|o| covers(named(o), text)) {
                hosts.push((text, object.at(*host), *host));
            } else {
                hosts.extend(offered.iter().flatten().filter(|o| covers(text, named(o))).map(|o| (named(o), at_door(o), *o)));
            }
        }
        if own.is_empty() {
            hosts.extend(offered.iter().flatten().map(|o| (o.text().unwrap_or(""), at_door(o), *o)));
        }
        let class = door.as_ref().and_then(|d| d.object.text(&["spec", "gatewayClassName"]));
        let in_mesh = class.and_then(|c| IN_MESH.contains(&c).then_some(true));
        let locality = door.as_ref().and_then(|d| self.locality_of(d.fact));
        let start = |node: usize| Start { node, locality: locality.clone(), in_mesh, object: *object };
        let id = self.id(object);
        let several = hosts.len() > 1;
        let shared = several.then(|| {
            let node = self.logical_route(object);
            self.route_rules(&start(node));
            node
        });
        let entries: Vec<Option<(&'d str, Location, Node<'d>)>> =
            if hosts.is_empty() { vec![None] } else { hosts.into_iter().map(Some).collect() };
        for entry in entries {
            let location = entry.map_or(object.location, |(_, at, _)| at);
            if !self.spend(location) {
                return;
            }
            let label = entry.map_or_else(|| id.clone(), |(host, _, _)| format!("{id} ({host})"));
            let mut fact = EndpointFact::new("kubernetes-virtual-host", label, location);
            if let Some((host, _, node)) = entry.filter(|(h, _, _)| h.contains('.') && !h.contains('$')) {
                push_name(host, node, &mut fact);
            }
            match &door {
                Some(door) => fact.part_of.push(Reference::Fact(door.fact)),
                None => self.stand_at_cluster(&mut fact),
            }
            // Who has a name is asked for by it; whatever else comes in at the gateway is for the others.
            let nameless = fact.names.is_empty();
            let fact = self.push(fact);
            self.entry_names.add(object, fact);
            self.published_targets(object, fact);
            if let Some(door) = &door {
                self.published_targets(&door.object, fact);
                if let Some((host, _, _)) = entry {
                    self.sent_by_dns(door.fact, host, fact);
                }
            }
            if let Some((host, at, _)) = entry.filter(|(h, _, _)| h.contains("${") || h.contains("$(")) {
                let message = format!("this entry is for `{}`, whose value is not known", shorten(host));
                self.gap("unresolved-variable", message, "give the manifests with their values", at, &[fact]);
            }
            match shared {
                None => self.route_rules(&start(fact)),
                Some(shared) => {
                    self.route(fact, Reference::Fact(shared), Activity::Forward, location);
                }
            }
            if let Some(door) = door.as_ref().filter(|_| nameless) {
                let route = self.route(door.fact, Reference::Fact(fact), Activity::Forward, location);
                route.condition = entry.map(|(host, _, _)| format!("when `{}` is asked for", shorten(host)));
            }
        }
    }

    /// A route for the requests of a mesh to a service (GAMMA). Who is no part of the mesh goes on as before.
    fn mesh_of_service(&mut self, object: &Object<'d>, parent: Node<'d>, namespace: Option<&str>, name: &str) {
        let at = object.at(parent);
        let is_import = parent.get("kind").and_then(|k| k.text()) == Some("ServiceImport");
        let services =
            if is_import { vec![self.service_import(namespace, name, at)] } else { self.backend_service(namespace, name, at) };
        for service in services {
            let Reference::Fact(fact) = service else { continue };
            let node = self.logical_route(object);
            self.route_rules(&Start { node, locality: None, in_mesh: Some(true), object: *object });
            let proxies = self.nodes_of(&Host::Service(fact));
            for from in std::iter::once(fact).chain(proxies) {
                let route = self.route(from, Reference::Fact(node), Activity::Forward, at);
                route.condition = Some("for requests of the mesh".to_owned());
            }
        }
    }

    fn route_rules(&mut self, start: &Start<'d>) {
        let object = start.object;
        for (i, rule) in object.path(&["spec", "rules"]).into_iter().flat_map(|r| r.items()).take(MOST).enumerate() {
            if !self.spend(object.location) {
                return;
            }
            let when = matched(rule);
            let name = rule.get("name").and_then(|n| n.text()).map_or_else(|| (i + 1).to_string(), shorten);
            let pool = format!("{} rule {name}", object.name);
            let filters = |n: Node<'d>| n.get("filters").into_iter().flat_map(|f| f.items()).collect::<Vec<_>>();
            for filter in filters(rule) {
                self.filter(start, filter, &when);
            }
            let backends: Vec<Node<'d>> = rule.get("backendRefs").into_iter().flat_map(|b| b.items()).collect();
            let weight = |n: &Node<'d>| n.get("weight").and_then(|w| w.as_u64()).unwrap_or(1);
            let total = backends.iter().map(weight).fold(0, u64::saturating_add);
            for backend in &backends {
                let share = (backends.len() > 1 || weight(backend) == 0).then(|| (weight(backend), total));
                self.lead_to_backend(start, *backend, &when, &pool, share, Activity::Forward);
                for filter in filters(*backend) {
                    self.filter(start, filter, &when);
                }
            }
        }
    }

    fn filter(&mut self, start: &Start<'d>, filter: Node<'d>, when: &When) {
        if let Some(mirror) = filter.get("requestMirror").and_then(|m| m.get("backendRef")) {
            let part = |path: &[&str]| filter.path(path).and_then(|n| n.as_u64());
            let off =
                part(&["requestMirror", "percent"]) == Some(0) || part(&["requestMirror", "fraction", "numerator"]) == Some(0);
            let when =
                When { clients: when.clients.clone(), text: when.and("a copy of each request (RequestMirror)".to_owned()) };
            self.lead_to_backend(start, mirror, &when, "", off.then_some((0, 100)), Activity::Mirror);
        }
        if let Some(auth) = filter.path(&["externalAuth", "backendRef"]) {
            let when = When {
                clients: when.clients.clone(),
                text: when.and("it is asked about each request (ExternalAuth)".to_owned()),
            };
            self.lead_to_backend(start, auth, &when, "", None, Activity::Forward);
        }
        if let Some(host) = filter.path(&["requestRedirect", "hostname"]) {
            let to = Reference::Host { name: host.text().unwrap_or("").to_ascii_lowercase(), port: None };
            let route = self.route(start.node, to, Activity::Forward, start.object.at(host));
            route.condition = when.and("the client is sent there (redirect)".to_owned());
            route.clients = when.clients.clone();
        }
    }

    fn lead_to_backend(
        &mut self,
        start: &Start<'d>,
        backend: Node<'d>,
        when: &When,
        pool: &str,
        share: Option<(u64, u64)>,
        activity: Activity,
    ) {
        let object = start.object;
        let text = |key: &str| backend.get(key).and_then(|n| n.text()).filter(|t| !t.is_empty());
        let Some(named) = backend.get("name") else {
            let message = "this backend has no name".to_owned();
            return self.gap("unusable-target", message, "name a service in `name`", object.at(backend), &[start.node]);
        };
        let (name, at) = (named.text().unwrap_or(""), object.at(named));
        let namespace = text("namespace").or(object.namespace);
        let targets: Vec<(Reference, Option<&str>)> = match (text("group").unwrap_or(""), text("kind").unwrap_or("Service")) {
            ("" | "core", "Service") => self.led_backends(start, namespace, name, at),
            ("multicluster.x-k8s.io" | "net.gke.io", "ServiceImport") => vec![(self.service_import(namespace, name, at), None)],
            ("networking.istio.io", "Hostname") => {
                let hosts = self.registered(namespace, name);
                let mut all = Vec::new();
                for host in hosts {
                    all.extend(self.destination(&host, None, start.locality.as_ref(), at).into_iter().map(|r| (r, None)));
                }
                all
            }
            (group, kind) => {
                let message = format!(
                    "this backend is {} `{}` of `{}`, which is not followed",
                    shorten(kind),
                    shorten(name),
                    shorten(group)
                );
                let help = "declare where it leads as a [[route]] from this entry";
                return self.gap("unfollowed-routing", message, help, at, &[start.node]);
            }
        };
        let abroad = text("namespace").is_some_and(|n| Some(n) != object.namespace);
        let grant = || format!("if a ReferenceGrant of namespace `{}` allows it", namespace.map_or_else(String::new, shorten));
        let granted = !abroad || self.grants.iter().any(|g| allows(g, &object, namespace, backend));
        let pool = if targets.len() > 1 && pool.is_empty() { format!("backend {name}") } else { pool.to_owned() };
        for (to, doubt) in targets {
            let route = self.route(start.node, to, activity, at);
            route.pool = (!pool.is_empty()).then(|| pool.clone());
            route.clients = when.clients.clone();
            route.condition.clone_from(&when.text);
            if let Some((weight, total)) = share {
                route.role = RouteRole::Weighted;
                if weight == 0 {
                    route.spill = Spill::Never("its weight is 0".to_owned());
                    route.condition = when.and("never: its weight is 0".to_owned());
                } else {
                    route.condition = when.and(format!("takes {weight} of {total} requests"));
                }
            }
            for more in doubt.map(str::to_owned).into_iter().chain((!granted).then(grant)) {
                route.condition = Some(route.condition.take().map_or_else(|| more.clone(), |c| format!("{c} and {more}")));
            }
        }
    }

    /// A service as a gateway of this class reaches it: by the rules of a mesh, without them, or nobody knows.
    fn led_backends(
        &mut self,
        start: &Start<'d>,
        namespace: Option<&str>,
        name: &str,
        at: Location,
    ) -> Vec<(Reference, Option<&'static str>)> {
        let mut all = Vec::new();
        for plain in self.backend_service(namespace, name, at) {
            let Reference::Fact(fact) = plain else {
                all.push((plain, None));
                continue;
            };
            let led = self.destination(&Host::Service(fact), None, start.locality.as_ref(), at);
            if led.as_slice() == std::slice::from_ref(&plain) || start.in_mesh == Some(false) {
                all.push((plain, None));
            } else {
                let sure = start.in_mesh == Some(true);
                all.extend(led.into_iter().map(|r| (r, (!sure).then_some("if the gateway follows the mesh"))));
                if !sure {
                    all.push((plain, None));
                }
            }
        }
        all
    }

    /// A service of several clusters (Multi-Cluster Services API).
    pub fn service_import(&mut self, namespace: Option<&str>, name: &str, at: Location) -> Reference {
        let key = (namespace.map(str::to_owned), name.to_owned());
        if let Some(known) = self.imports.get(&key) {
            return Reference::Fact(*known);
        }
        let id = self.id_of(namespace, "serviceimport", name);
        let mut fact = EndpointFact::new("kubernetes-service-import", id.clone(), at);
        fact.id = Some(id);
        if let Some(namespace) = namespace {
            fact.names.push(Spanned::new(format!("{name}.{namespace}.svc.clusterset.local").to_lowercase(), at.span));
        }
        let exports = self.fleet.exported(namespace, name);
        let known = !exports.is_empty();
        if known {
            fact.standing = Standing::Logical;
        }
        let fact = self.push(fact);
        self.imports.insert(key, fact);
        for (id, at) in exports {
            self.route(fact, Reference::Id(id), Activity::Forward, at).pool = Some("clusters".to_owned());
        }
        if !known {
            let message =
                format!("no cluster that was read exports service `{}`, so who answers for it is not known", shorten(name));
            let help = "add the manifests of the clusters that export it (ServiceExport)";
            self.remark("undefined-service", message, help, at);
        }
        Reference::Fact(fact)
    }
}

/// For whom a rule holds: any one of its matches.
fn matched(rule: Node<'_>) -> When {
    let matches: Vec<Node<'_>> = rule.get("matches").into_iter().flat_map(|m| m.items()).collect();
    let texts: Vec<String> = matches.iter().map(|m| described(*m)).collect();
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return When::default();
    }
    let by_client = |m: &Node<'_>| ["headers", "queryParams", "method"].iter().any(|k| m.get(k).is_some());
    let more = texts.len().saturating_sub(4);
    let mut text = texts.iter().take(4).cloned().collect::<Vec<_>>().join(" or ");
    if more > 0 {
        text = format!("{text} or {more} more");
    }
    let clients = if matches.iter().all(by_client) { ClientMatch::Some(text.clone()) } else { ClientMatch::Any };
    When { clients, text: Some(format!("for {text}")) }
}

/// `path /west and method POST`.
fn described(node: Node<'_>) -> String {
    let text = |n: Node<'_>, key: &str| n.get(key).and_then(|k| k.text()).unwrap_or("").to_owned();
    let mut parts = Vec::new();
    if let Some(path) = node.get("path").filter(|p| text(*p, "value") != "/" || text(*p, "type") == "Exact") {
        parts.push(format!("path {}", text(path, "value")));
    }
    match node.get("method") {
        Some(method) if method.is_map() => parts.push(format!("method {}/{}", text(method, "service"), text(method, "method"))),
        Some(method) => parts.push(format!("method {}", method.text().unwrap_or(""))),
        None => {}
    }
    for (key, shown) in [("headers", "header"), ("queryParams", "query")] {
        for one in node.get(key).into_iter().flat_map(|l| l.items()) {
            parts.push(format!("{shown} {} {}", text(one, "name"), text(one, "value")));
        }
    }
    shorten(parts.join(" and ").trim())
}

/// Whether a ReferenceGrant lets a route name a backend of its namespace.
fn allows(grant: &Object<'_>, route: &Object<'_>, namespace: Option<&str>, backend: Node<'_>) -> bool {
    let text = |n: Node<'_>, key: &str| n.get(key).and_then(|k| k.text()).unwrap_or("").to_owned();
    let list = |key: &str| grant.path(&["spec", key]).into_iter().flat_map(|l| l.items());
    let kind = backend.get("kind").and_then(|k| k.text()).unwrap_or("Service");
    let from = |f: Node<'_>| text(f, "kind") == route.kind && Some(text(f, "namespace").as_str()) == route.namespace;
    let to = |t: Node<'_>| text(t, "kind") == kind && [String::new(), text(backend, "name")].contains(&text(t, "name"));
    grant.namespace == namespace && list("from").any(from) && list("to").any(to)
}
