//! Objects that are not followed: custom resources that route or copy, manifests that stand elsewhere, kustomizations that nobody
//! has rendered, kinds that nobody knows. Each is a gap about whatever it names.
//!
//! A kind that is not in the table may make its operator do anything. What it names (services, workloads, hosts, selectors) is
//! then uncertain. One that names nothing of what was read can receive data only by a name, and that name is then a gap where it
//! is used; so it is a remark.

use std::collections::{BTreeMap, BTreeSet};

use super::cluster::{Cluster, Inside};
use super::kinds::Meaning;
use super::manifest::Object;
use crate::doc::Node;
use crate::model::{Activity, Address, Dependence, EndpointFact, GapScope, Reference, RouteFact, Standing, Unread};
use crate::read::mentions::{Mention, mentions, shorten};
use crate::read::paths::{ancestors, folder, joined};
use crate::source::Spanned;

/// Values of one object that are looked at for names.
const MAX_VALUES: usize = 50_000;
const MAX_DEPTH: usize = 64;

/// What a kustomization may do without changing where data goes.
const PLAIN: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "replicas",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "sortOptions",
    "buildMetadata",
    "crds",
    "openapi",
    "configurations",
];

pub(super) fn read<'d>(cluster: &mut Cluster<'d>, all: &[(Object<'d>, Option<Meaning>)]) {
    let mut remarked: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut folders: Option<BTreeSet<String>> = None;
    for (object, meaning) in all {
        match meaning {
            Some(Meaning::Routes) => routes(cluster, object),
            Some(Meaning::Copies) => say(
                cluster,
                object,
                "unfollowed-copy",
                "copies data or logs of the cluster by rules of its own, which are not followed",
                "declare what it copies where as [[route]]s, and leave its file out with `exclude`",
                GapScope::Everything,
            ),
            Some(Meaning::Elsewhere) => {
                let known = folders.get_or_insert_with(|| all_folders(cluster));
                if !is_read(object, known) {
                    say(
                        cluster,
                        object,
                        "manifests-elsewhere",
                        "stands for manifests that were not read",
                        "add the rendered manifests of what it deploys",
                        GapScope::Everything,
                    );
                }
            }
            Some(Meaning::Kustomization) => {
                let known = folders.get_or_insert_with(|| all_folders(cluster));
                let known = std::mem::take(known);
                kustomization(cluster, object, &known);
                folders = Some(known);
            }
            Some(Meaning::ClientConfig) => client_config(cluster, object),
            None => {
                let scope = references(cluster, object);
                if !scope.is_empty() {
                    let what = "is of a kind that onshore does not know, so what it does with what it names is not known";
                    let help = "declare what it does as [[endpoint]]s and [[route]]s, and leave its file out with `exclude`";
                    say(cluster, object, "unknown-kind", what, help, GapScope::Endpoints(scope));
                } else if remarked.insert((object.group, object.kind)) {
                    let what = "is of a kind that onshore does not know; it names nothing else that was read";
                    let help = "declare it as an [[endpoint]] if data gets there";
                    say(cluster, object, "unknown-kind", what, help, GapScope::Nothing);
                }
            }
            Some(_) => {}
        }
    }
}

fn say(cluster: &mut Cluster<'_>, object: &Object<'_>, code: &'static str, what: &str, help: &str, scope: GapScope<Reference>) {
    let message = format!("{} `{}` {what}", shorten(object.kind), shorten(object.name));
    cluster.facts.gaps.push(Unread { code, message, help: Some(help.to_owned()), location: object.location, scope });
}

/// A resource that routes: all that it names, or anything if it names nothing (a filter of all proxies of a namespace).
fn routes(cluster: &mut Cluster<'_>, object: &Object<'_>) {
    let scope = references(cluster, object);
    let scope = if scope.is_empty() { GapScope::Everything } else { GapScope::Endpoints(scope) };
    let what = "routes data by rules that are not followed";
    let help = "declare where it leads as [[route]]s, and leave its file out with `exclude`";
    say(cluster, object, "unfollowed-routing", what, help, scope);
}

/// Everything that an object names, wherever it stands in it: services and workloads by name, hosts, selectors.
pub(super) fn references(cluster: &Cluster<'_>, object: &Object<'_>) -> Vec<Reference> {
    let mut found: BTreeSet<Reference> = BTreeSet::new();
    let mut budget = MAX_VALUES;
    for entry in object.node.entries().filter(|e| !matches!(e.name(), "apiVersion" | "kind" | "metadata" | "status")) {
        walk(cluster, object.namespace, entry.name(), entry.value, 0, &mut budget, &mut found);
    }
    found.into_iter().collect()
}

fn walk(
    cluster: &Cluster<'_>,
    namespace: Option<&str>,
    key: &str,
    node: Node<'_>,
    depth: usize,
    budget: &mut usize,
    found: &mut BTreeSet<Reference>,
) {
    if *budget == 0 || depth > MAX_DEPTH {
        return;
    }
    *budget -= 1;
    if let Some(text) = node.text() {
        return scalar(cluster, namespace, key, text, found);
    }
    let own = node.get("namespace").and_then(|n| n.text()).or(namespace);
    if matches!(key, "selector" | "matchLabels" | "podSelector" | "workloadSelector" | "labels") {
        let pairs: Vec<(&str, &str)> = node.entries().filter_map(|e| Some((e.name(), e.value.text()?))).collect();
        if !pairs.is_empty() {
            found.extend(cluster.selected(own, &pairs).into_iter().map(Reference::Fact));
            let ingresses = pairs.first().and_then(|p| cluster.ingress_labels.get(p));
            found.extend(ingresses.into_iter().flatten().map(|i| Reference::Fact(*i)));
        }
    }
    for entry in node.entries() {
        walk(cluster, own, entry.name(), entry.value, depth + 1, budget, found);
    }
    for item in node.items() {
        walk(cluster, own, key, item, depth + 1, budget, found);
    }
}

fn scalar(cluster: &Cluster<'_>, namespace: Option<&str>, key: &str, text: &str, found: &mut BTreeSet<Reference>) {
    if text.is_empty()
        || text.len() > 4096
        || matches!(key, "apiVersion" | "group" | "namespace" | "type" | "kind" | "description" | "image")
    {
        return;
    }
    let names = |list: Vec<usize>| list.into_iter().map(Reference::Fact);
    found.extend(names(cluster.services.find(namespace, text)));
    found.extend(names(cluster.workload_names.find(namespace, text)));
    found.extend(names(cluster.ingress_names.find(namespace, text)));
    let lower = key.to_ascii_lowercase();
    let asks =
        ["host", "domain", "address", "endpoint", "url", "uri", "server", "fqdn", "match"].iter().any(|w| lower.contains(w));
    if asks && text.strip_prefix("*.").is_some_and(|rest| rest.contains('.') && !rest.contains(['/', ' ', '('])) {
        found.insert(Reference::Host { name: text.to_ascii_lowercase(), port: None });
        return;
    }
    let mut all = mentions(if asks { "host" } else { "" }, text);
    if let Some((_, rule)) = text.split_once("Host(`").filter(|_| lower == "match") {
        // Traefik writes its rules as a language.
        all.extend(rule.split('`').step_by(2).take(1).flat_map(|h| mentions("host", h)));
    }
    for mention in all {
        match mention {
            Mention::Host { name, port, sure } => match cluster.inside(namespace, &name) {
                Inside::Services(list) => found.extend(names(list)),
                Inside::Outside if sure && name.contains('.') => {
                    found.insert(Reference::Host { name, port });
                }
                Inside::Missing(..) | Inside::Outside => {}
            },
            Mention::Address { ip, port } => {
                found.insert(Reference::Address { ip, port });
            }
            Mention::Bucket(_) | Mention::CloudId(_) | Mention::Unresolved(_) => {}
        }
    }
}

/// Every file that was loaded, and every folder that holds one.
fn all_folders(cluster: &Cluster<'_>) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for (_, source) in cluster.sources.iter() {
        let mut above = ancestors(&source.path).filter(|f| !f.is_empty());
        while above.next().is_some_and(|folder| folders.insert(folder.to_owned())) {}
    }
    folders
}

/// Whether all that an application deploys lies in folders that were read.
fn is_read(object: &Object<'_>, folders: &BTreeSet<String>) -> bool {
    let spec = object.spec();
    let sources = ["source", "sources"].iter().filter_map(|k| spec?.get(k));
    let sources: Vec<Node<'_>> = sources.flat_map(|s| if s.is_list() { s.items().collect() } else { vec![s] }).collect();
    let plain = |n: &Node<'_>| {
        let path = n.get("path").and_then(|p| p.text()).unwrap_or("").trim_matches(['/', '.']);
        n.get("chart").is_none() && n.get("helm").is_none() && !path.is_empty() && folders.contains(path)
    };
    let flux = spec.and_then(|s| s.get("path")).and_then(|p| p.text()).map(|p| p.trim_start_matches("./").trim_matches('/'));
    if object.group == "kustomize.toolkit.fluxcd.io" {
        return flux.is_some_and(|p| folders.contains(p)) && spec.is_some_and(|s| s.get("patches").is_none());
    }
    !sources.is_empty() && sources.iter().all(plain)
}

/// A kustomization whose parts are read one by one: what it adds or changes is not.
fn kustomization(cluster: &mut Cluster<'_>, object: &Object<'_>, folders: &BTreeSet<String>) {
    let file = cluster.sources.get(object.file);
    let here = folder(&file.path);
    let mut wrong: Vec<(String, Node<'_>)> = Vec::new();
    for entry in object.node.entries().filter(|e| !PLAIN.contains(&e.name())) {
        if entry.value.items().len() > 0
            || entry.value.entries().next().is_some()
            || entry.value.text().is_some_and(|t| !t.is_empty())
        {
            wrong.push((format!("`{}` changes or adds manifests when it is built", shorten(entry.name())), entry.key));
        }
    }
    for resource in ["resources", "bases"].iter().filter_map(|k| object.node.get(k)).flat_map(|r| r.items()) {
        let text = resource.text().unwrap_or("");
        let path = joined(here, text);
        let known = path.as_ref().is_some_and(|p| folders.contains(p));
        if !known {
            wrong.push((format!("`{}` is not among the files that were read", shorten(text)), resource));
        }
    }
    if let Some((what, node)) = wrong.first() {
        let more = if wrong.len() > 1 { format!("; and {} more", wrong.len() - 1) } else { String::new() };
        cluster.facts.gaps.push(Unread {
            code: "kustomization-not-built",
            message: format!("this kustomization was not built: {what}{more}"),
            help: Some("give the output of `kustomize build` instead of its parts".to_owned()),
            location: object.at(*node),
            scope: GapScope::Everything,
        });
    }
}

/// A kubeconfig: what uses a context needs the control plane behind it. A region in its name proves nothing.
fn client_config<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>) {
    let mut planes: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in object.node.get("clusters").into_iter().flat_map(|c| c.items()) {
        let Some(name) = entry.get("name").and_then(|n| n.text()) else { continue };
        let Some(server) = entry.path(&["cluster", "server"]) else { continue };
        let location = object.at(server);
        let mut fact = EndpointFact::new("kubernetes-control-plane", format!("{}cluster {name}", cluster.prefix), location);
        for mention in mentions("server", server.text().unwrap_or("")) {
            match mention {
                Mention::Host { name, .. } => fact.names.push(Spanned::new(name, location.span)),
                Mention::Address { ip, port } => fact.addresses.push(Address { ip, port, location }),
                Mention::Bucket(_) | Mention::CloudId(_) | Mention::Unresolved(_) => {}
            }
        }
        let index = cluster.push(fact);
        planes.insert(name, index);
    }
    for entry in object.node.get("contexts").into_iter().flat_map(|c| c.items()) {
        let (Some(name), Some(of)) = (entry.get("name"), entry.path(&["context", "cluster"])) else { continue };
        let location = object.at(name);
        let label = format!("{}context {}", cluster.prefix, name.text().unwrap_or(""));
        let mut fact = EndpointFact::new("kubernetes-context", label, location);
        fact.standing = Standing::Logical;
        let from = cluster.push(fact);
        if let Some(plane) = of.text().and_then(|n| planes.get(n)) {
            let mut needs = RouteFact::new(Reference::Fact(from), Reference::Fact(*plane), Activity::Depend, object.at(of));
            needs.purpose = Dependence::ControlPlane;
            cluster.facts.routes.push(needs);
        }
    }
}
