//! Which listeners, clusters, routes and endpoints the files of one Envoy hold, by name.
//!
//! A bootstrap ("config.bootstrap.v3.Bootstrap") has static ones and says where the others come from; a discovery response in a
//! file (`resources`), or a resource on its own, adds to the bootstraps of its folder and above; a config dump
//! ("admin.v3.ConfigDump") holds what a running Envoy was given.

use std::collections::BTreeMap;

use super::fields::Part;
use crate::doc::Document;
use crate::source::{Location, SourceId};

#[derive(Default)]
pub(super) struct Resources<'d> {
    pub listeners: Vec<Part<'d>>,
    pub clusters: BTreeMap<String, Part<'d>>,
    pub routes: BTreeMap<String, Part<'d>>,
    pub virtual_hosts: Vec<Part<'d>>,
    pub scopes: Vec<Part<'d>>,
    pub assignments: BTreeMap<String, Part<'d>>,
    /// Bootstraps, for what concerns the whole process.
    pub bootstraps: Vec<Part<'d>>,
    /// What comes from a server while Envoy runs: `listeners`, `clusters`, and where that is said.
    pub dynamic: Vec<(&'static str, Location)>,
    /// Files that others should come from: what, the path, and where that is said.
    pub files: Vec<(&'static str, &'d str, Location)>,
    /// Values that are no resource that is known.
    pub strange: Vec<Part<'d>>,
    /// Names that several resources of one kind have.
    pub repeated: Vec<(String, Location)>,
    /// A config dump says what a running Envoy was given.
    pub dumped: bool,
}

/// A config dump of a running process.
pub(super) fn is_dump(document: &Document<'_>) -> bool {
    document.roots().any(|root| root.get("configs").is_some())
}

/// Whether a file is a bootstrap.
pub(super) fn is_bootstrap(document: &Document<'_>) -> bool {
    document.roots().any(|root| {
        let part = Part { node: root, source: SourceId(0) };
        ["static_resources", "dynamic_resources", "admin"].iter().any(|k| part.get(k).is_some())
    })
}

impl<'d> Resources<'d> {
    pub fn add(&mut self, document: &'d Document<'_>, source: SourceId) {
        // The tree borrows its text, which lives as long as the tree.
        for node in document.roots() {
            self.root(Part { node, source });
        }
    }

    fn root(&mut self, root: Part<'d>) {
        if root.get("configs").is_some() {
            return self.dump(root);
        }
        if root.get("resources").is_some() {
            let type_url = root.text("type_url").unwrap_or("");
            for resource in root.list("resources") {
                // A resource may be wrapped with its name and version.
                let inner = if resource.kind() == "Resource" { resource.get("resource").unwrap_or(resource) } else { resource };
                self.resource(inner, type_url);
            }
            return;
        }
        if !root.type_url().is_empty() && root.get("static_resources").is_none() {
            return self.resource(root, "");
        }
        self.bootstraps.push(root);
        if let Some(fixed) = root.get("static_resources") {
            self.listeners.extend(fixed.list("listeners"));
            for cluster in fixed.list("clusters") {
                self.cluster(cluster);
            }
        }
        for (kind, field, resources) in
            [("listeners", "lds_config", "lds_resources_locator"), ("clusters", "cds_config", "cds_resources_locator")]
        {
            let Some(dynamic) = root.get("dynamic_resources") else { continue };
            let found = dynamic.get(field).or_else(|| dynamic.get(resources));
            match found.map(|c| (c, file_of(c))) {
                Some((config, Some(path))) => self.files.push((kind, path, config.at())),
                Some((config, None)) => self.dynamic.push((kind, config.at())),
                None => {}
            }
        }
    }

    fn resource(&mut self, resource: Part<'d>, type_url: &str) {
        let kind = if resource.kind().is_empty() { type_url.rsplit('.').next().unwrap_or("") } else { resource.kind() };
        match kind {
            "Listener" => self.listeners.push(resource),
            "Cluster" => self.cluster(resource),
            "RouteConfiguration" => self.route(resource),
            "VirtualHost" => self.virtual_hosts.push(resource),
            "ScopedRouteConfiguration" => self.scopes.push(resource),
            "ClusterLoadAssignment" => self.assignment(resource),
            "Secret" | "Runtime" | "ExtensionConfigWithMatcher" => {}
            _ => self.strange.push(resource),
        }
    }

    /// A listener that the bootstrap tells already is not told again by the dump.
    fn listener(&mut self, listener: Part<'d>) {
        let name = listener.text("name");
        if name.is_none() || self.listeners.iter().all(|l| l.text("name") != name) {
            self.listeners.push(listener);
        }
    }

    fn cluster(&mut self, cluster: Part<'d>) {
        let name = cluster.text("name").unwrap_or("");
        keep(&mut self.clusters, &mut self.repeated, self.dumped, name, cluster);
    }

    fn route(&mut self, route: Part<'d>) {
        let name = route.text("name").unwrap_or("");
        keep(&mut self.routes, &mut self.repeated, self.dumped, name, route);
    }

    fn assignment(&mut self, assignment: Part<'d>) {
        let name = assignment.text("cluster_name").unwrap_or("");
        keep(&mut self.assignments, &mut self.repeated, self.dumped, name, assignment);
    }

    fn dump(&mut self, root: Part<'d>) {
        self.dumped = true;
        for config in root.list("configs") {
            match config.kind() {
                "BootstrapConfigDump" => {}
                "ClustersConfigDump" => {
                    for list in ["static_clusters", "dynamic_active_clusters", "dynamic_warming_clusters"] {
                        config.list(list).iter().filter_map(|c| c.get("cluster")).for_each(|c| self.cluster(c));
                    }
                }
                "ListenersConfigDump" => {
                    config.list("static_listeners").iter().filter_map(|l| l.get("listener")).for_each(|l| self.listener(l));
                    for dynamic in config.list("dynamic_listeners") {
                        let state = dynamic.get("active_state").or_else(|| dynamic.get("warming_state"));
                        state.and_then(|s| s.get("listener")).into_iter().for_each(|l| self.listener(l));
                    }
                }
                "RoutesConfigDump" => {
                    for list in ["static_route_configs", "dynamic_route_configs"] {
                        config.list(list).iter().filter_map(|r| r.get("route_config")).for_each(|r| self.route(r));
                    }
                }
                "EndpointsConfigDump" => {
                    for list in ["static_endpoint_configs", "dynamic_endpoint_configs"] {
                        config.list(list).iter().filter_map(|e| e.get("endpoint_config")).for_each(|e| self.assignment(e));
                    }
                }
                "ScopedRoutesConfigDump" | "SecretsConfigDump" | "EcdsConfigDump" => {}
                _ => self.strange.push(config),
            }
        }
    }
}

/// The path of a configuration source that is a file.
fn file_of(source: Part<'_>) -> Option<&str> {
    source.get("path_config_source").and_then(|p| p.text("path")).or_else(|| source.text("path"))
}

/// The first of several resources of a name counts; a dump repeats what the bootstrap says.
fn keep<'d>(
    known: &mut BTreeMap<String, Part<'d>>,
    repeated: &mut Vec<(String, Location)>,
    dumped: bool,
    name: &str,
    resource: Part<'d>,
) {
    if !known.contains_key(name) {
        known.insert(name.to_owned(), resource);
    } else if !dumped {
        repeated.push((name.to_owned(), resource.at()));
    }
}
