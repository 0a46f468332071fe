//! Envoy: bootstraps with static and dynamic resources, xDS files, and config dumps, in YAML or JSON.
//!
//! Stages: [`resources`] what the files of one process hold by name, [`listeners`] filter chains and filters, [`routes`] virtual hosts,
//! [`clusters`] endpoints and their priorities; [`filters`] says of every filter what it does; [`fields`] reads messages. Rules are
//! taken from the v3 API and the architecture overview (1.37, January 2026); each module names its parts; old v2 names are
//! understood where they are plain. A cluster is a logical endpoint, a virtual host (or a filter chain without HTTP) an entry. What is
//! decided while Envoy runs (xDS from a server, original destination, forward proxies, code) becomes a gap with its line. Not here:
//! what wraps Envoy's messages in Kubernetes resources, and the runtime.

mod clusters;
mod fields;
mod filters;
mod known;
mod listeners;
mod resources;
mod routes;
mod services;

use std::collections::{BTreeMap, BTreeSet};

use super::proxy::output::{Output, Touch};
use super::proxy::shorten;
use super::proxy::when::When;
use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, alone, glance, paths};
use crate::doc::{Document, json, yaml};
use crate::source::{InputError, Location, SourceId};
use clusters::Clusters;
use resources::Resources;

pub struct Envoy;

impl Reader for Envoy {
    fn format(&self) -> &'static str {
        "envoy"
    }

    fn describe(&self) -> &'static str {
        "Envoy bootstraps, xDS files and config dumps (YAML, JSON)"
    }

    fn words(&self) -> &'static [Words] {
        known::TABLE
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        Some(units(set).into_iter().map(|files| (files[0], read(&set.input(files[0]), &files))).collect())
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, text)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        alone(self, input)
    }
}

/// A bootstrap with the xDS files of its folder and below, and with its config dump; a config dump alone; what no bootstrap takes
/// in, by folder.
fn units(set: &Set<'_>) -> Vec<Vec<SourceId>> {
    let path = |id: SourceId| set.sources.get(id).path.as_str();
    let folder = |id: SourceId| paths::folder(path(id));
    let (mut bootstraps, mut dumps, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for id in set.files {
        let document = parse(path(*id), &set.sources.get(*id).text);
        match () {
            () if resources::is_bootstrap(&document) => bootstraps.push(*id),
            () if resources::is_dump(&document) => dumps.push(*id),
            () => parts.push(*id),
        }
    }
    let mut taken = BTreeSet::new();
    let mut units = Vec::new();
    for bootstrap in &bootstraps {
        let home = folder(*bootstrap);
        let below = |id: &&SourceId| home.is_empty() || folder(**id) == home || folder(**id).starts_with(&format!("{home}/"));
        let mut files = vec![*bootstrap];
        files.extend(parts.iter().filter(below));
        // Of several dumps or bootstraps in a folder it is not known which belong together.
        let beside: Vec<&SourceId> = dumps.iter().filter(|id| folder(**id) == home).collect();
        if let ([dump], 1) = (beside.as_slice(), bootstraps.iter().filter(|id| folder(**id) == home).count()) {
            files.push(**dump);
        }
        taken.extend(files.iter().copied());
        units.push(files);
    }
    let mut left: BTreeMap<&str, Vec<SourceId>> = BTreeMap::new();
    for id in parts.into_iter().filter(|id| !taken.contains(id)) {
        left.entry(folder(id)).or_default().push(id);
    }
    units.extend(dumps.into_iter().filter(|id| !taken.contains(id)).map(|id| vec![id]));
    units.extend(left.into_values());
    units
}

fn parse<'t>(path: &str, text: &'t str) -> Document<'t> {
    if path.ends_with(".json") || text.trim_start().starts_with('{') { json::parse(text) } else { yaml::parse(text) }
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let source = |id: SourceId| input.sources.get(id);
    let documents: Vec<(SourceId, Document<'_>)> =
        files.iter().map(|id| (*id, parse(&source(*id).path, &source(*id).text))).collect();
    let size: usize = files.iter().map(|id| source(*id).text.len() / 16).sum();
    let mut out = Output::new(size);
    let mut resources = Resources::default();
    let mut syntax = Vec::new();
    for (id, document) in &documents {
        resources.add(document, *id);
        for problem in document.problems() {
            let help = problem.help.clone().or_else(|| Some("what stands behind may be missing".to_owned()));
            syntax.push(InputError { location: Location::new(*id, problem.span), message: problem.message.clone(), help });
        }
    }
    let mut clusters = Clusters::declare(&mut out, &resources);
    clusters.retried = documents.iter().any(|(_, d)| {
        d.roots().any(|r| {
            let part = fields::Part { node: r, source: SourceId(0) };
            part.texts_below(&["name", "@type"]).iter().any(|(t, _)| t.contains("previous_priorities"))
        })
    });
    let reader = listeners::Reader { resources: &resources, clusters: &clusters };
    for listener in &resources.listeners {
        reader.listener(&mut out, *listener);
    }
    let settings = |at: Location| input.settings.of(&source(at.source).path);
    clusters.routes(&mut out, &resources, &settings);
    for (name, part) in &resources.clusters {
        let Some(fact) = clusters.facts.get(name) else { continue };
        for filter in part.list("filters") {
            known::check(&mut out, filter, known::FILTER, Touch::Endpoint(*fact));
            let shown = filters::name_of(filter.text("name").unwrap_or(""), filter.config().map_or("", |c| c.type_url()));
            reader.filter(&mut out, *fact, filter, &shown);
        }
        let options = part.get("typed_extension_protocol_options");
        for entry in options.map(|o| o.node.entries().collect::<Vec<_>>()).unwrap_or_default() {
            let options = part.with(entry.value);
            if options.kind() == "HttpProtocolOptions" || entry.name().ends_with("HttpProtocolOptions") {
                known::check(&mut out, options, known::HTTP_OPTIONS, Touch::Endpoint(*fact));
            }
            let host = routes::Host { clusters: &clusters, fact: *fact, country_headers: &[], pool: "copies".to_owned() };
            for mirror in options.list("request_mirror_policies") {
                routes::mirrored(&mut out, &host, mirror, &When::default());
            }
            for filter in options.list("http_filters") {
                known::check(&mut out, filter, known::FILTER, Touch::Endpoint(*fact));
                let shown = filters::name_of(filter.text("name").unwrap_or(""), filter.config().map_or("", |c| c.type_url()));
                reader.filter(&mut out, *fact, filter, &shown);
            }
        }
    }
    let names: Vec<&str> = files.iter().map(|id| source(*id).path.rsplit('/').next().unwrap_or("")).collect();
    process(&mut out, &resources, &names);
    let included = files.iter().skip(1).copied().collect();
    Reading { facts: out.facts, included, syntax, ..Reading::default() }
}

/// What concerns the whole process.
fn process(out: &mut Output, resources: &Resources<'_>, names: &[&str]) {
    for (kind, path, at) in &resources.files {
        if names.contains(&path.rsplit('/').next().unwrap_or(path)) {
            continue;
        }
        let message = format!("the {kind} of this Envoy stand in `{}`, which is not among the files", shorten(path));
        let help = "add that file to the project, in the folder of the bootstrap or below".to_owned();
        out.gap("missing-include", message, Some(help), *at, Touch::Tree);
    }
    for (name, at) in &resources.repeated {
        let message = format!("`{}` is defined more than once, and only the first is read", shorten(name));
        let help = "keep the files of different Envoys in different folders".to_owned();
        out.gap("duplicate-id", message, Some(help), *at, Touch::Tree);
    }
    for (kind, at) in resources.dynamic.iter().filter(|_| !resources.dumped) {
        let message =
            format!("the {kind} of this Envoy come from a server while it runs, and are not in the files that were read");
        let help = "add a config dump (`/config_dump?include_eds`) of the running Envoy to the project".to_owned();
        out.gap("dynamic-upstream", message, Some(help), *at, Touch::Tree);
    }
    for part in &resources.strange {
        let kind = if part.kind().is_empty() { "without a type" } else { part.kind() };
        let message = format!("the resource `{}` is not known, so it may hold routes", shorten(kind));
        out.gap("unknown-directive", message, None, part.at(), Touch::Tree);
    }
    for bootstrap in &resources.bootstraps {
        known::check(out, *bootstrap, known::BOOTSTRAP, Touch::Tree);
        for (field, part) in [("static_resources", known::STATIC), ("dynamic_resources", known::DYNAMIC)] {
            bootstrap.get(field).into_iter().for_each(|inner| known::check(out, inner, part, Touch::Tree));
        }
        for extension in bootstrap.list("bootstrap_extensions") {
            let name = extension.text("name").unwrap_or("");
            if !["internal_listener", "default_socket_interface"].iter().any(|n| name.ends_with(n)) {
                let message = format!("the extension `{}` can do anything with connections and is not followed", shorten(name));
                out.gap("embedded-code", message, None, extension.at(), Touch::Tree);
            }
        }
    }
}

/// By content: the top-level words of a bootstrap, or resources with Envoy's types. Kubernetes resources that wrap Envoy's messages
/// are not for this reader.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let fits = [".yaml", ".yml", ".json", ".conf", ".txt"].iter().any(|end| name.ends_with(end)) || !name.contains('.');
    if !fits {
        return Recognized::No;
    }
    let text = glance(text);
    let keys = ["static_resources", "staticResources", "dynamic_resources", "dynamicResources"];
    if text.trim_start().starts_with(['{', '[']) {
        let has = |key: &str| text.contains(&format!("\"{key}\""));
        let typed = text.contains("type.googleapis.com/envoy.");
        return match () {
            () if has("apiVersion") && has("kind") => Recognized::No,
            () if keys.iter().any(|k| has(k)) => Recognized::Yes,
            () if typed && (has("resources") || has("configs") || has("@type")) => Recognized::Yes,
            () => Recognized::No,
        };
    }
    let mut typed = false;
    let mut top = false;
    for line in text.lines() {
        if line.starts_with("apiVersion:") {
            return Recognized::No;
        }
        if keys.iter().any(|k| line.strip_prefix(k).is_some_and(|rest| rest.starts_with(':'))) {
            return Recognized::Yes;
        }
        top |= line.starts_with("resources:")
            || line.starts_with("configs:")
            || line.starts_with("\"@type\":")
            || line.starts_with("'@type':");
        typed |= line.contains("type.googleapis.com/envoy.");
    }
    if top && typed { Recognized::Yes } else { Recognized::No }
}
