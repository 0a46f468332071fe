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
    /// Values that are no resource that is known.
    pub strange: Vec<Part<'d>>,
}

/// Whether a file stands for a process of its own.
pub(super) fn is_process(document: &Document<'_>) -> bool {
    document.roots().any(|root| {
        let part = Part { node: root, source: SourceId(0) };
        ["static_resources", "dynamic_resources", "admin", "configs"].iter().any(|k| part.get(k).is_some())
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
            if let Some(config) = found.filter(|c| !is_file(*c)) {
                self.dynamic.push((kind, config.at()));
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

    fn cluster(&mut self, cluster: Part<'d>) {
        let name = cluster.text("name").unwrap_or("").to_owned();
        self.clusters.entry(name).or_insert(cluster);
    }

    fn route(&mut self, route: Part<'d>) {
        self.routes.entry(route.text("name").unwrap_or("").to_owned()).or_insert(route);
    }

    fn assignment(&mut self, assignment: Part<'d>) {
        self.assignments.entry(assignment.text("cluster_name").unwrap_or("").to_owned()).or_insert(assignment);
    }

    fn dump(&mut self, root: Part<'d>) {
        for config in root.list("configs") {
            match config.kind() {
                "BootstrapConfigDump" => {}
                "ClustersConfigDump" => {
                    for (list, _) in [("static_clusters", 0), ("dynamic_active_clusters", 1), ("dynamic_warming_clusters", 2)] {
                        config.list(list).iter().filter_map(|c| c.get("cluster")).for_each(|c| self.cluster(c));
                    }
                }
                "ListenersConfigDump" => {
                    self.listeners.extend(config.list("static_listeners").iter().filter_map(|l| l.get("listener")));
                    for dynamic in config.list("dynamic_listeners") {
                        let state = dynamic.get("active_state").or_else(|| dynamic.get("warming_state"));
                        self.listeners.extend(state.and_then(|s| s.get("listener")));
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

/// A configuration source that is a file.
pub(super) fn is_file(source: Part<'_>) -> bool {
    source.get("path_config_source").is_some() || source.get("path").is_some()
}
