//! Traefik: install (static) and routing (dynamic) configuration files, in YAML and TOML.
//!
//! Stages: [`rules`] what a router's rule asks for, [`services`] where requests go, [`routers`] which router leads to which service
//! and what middlewares do on the way; [`known`] says of every field what it is. Rules are taken from the reference documentation of
//! version 3.7 (July 2026), checked against its source where it says less; each module names its parts. A service is a logical
//! endpoint; each host that a rule asks for is an entry. Routes that another provider makes while Traefik runs (Docker labels,
//! Consul, ECS...) and plugins are gaps. Not here: Kubernetes resources, and Traefik 1.
//!
//! An install configuration goes with the routing files of its folder and below; files of a folder without one are read together,
//! as `providers.file.directory` reads them.

mod known;
mod routers;
pub(in crate::read) mod rules;
mod services;

use std::collections::{BTreeMap, BTreeSet};

use super::proxy::fronts::Fronts;
use super::proxy::output::{Output, Touch};
use super::proxy::part::{self, Part};
use super::proxy::peer::Peer;
use super::proxy::shorten;
use super::proxy::turn::is_template;
use super::{Input, Reader, Reading, Recognized, Set, glance, paths, words};
use crate::doc::{Document, toml, yaml};
use crate::source::{Location, SourceId};
use known::VOCABULARY;

pub struct Traefik;

impl Reader for Traefik {
    fn format(&self) -> &'static str {
        "traefik"
    }

    fn describe(&self) -> &'static str {
        "Traefik install and routing configuration (YAML, TOML)"
    }

    fn words(&self) -> &'static [words::Words] {
        known::TABLE
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        Some(units(set).into_iter().map(|files| (files[0], read(&set.input(files[0]), &files))).collect())
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, text)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input, &[input.file])
    }
}

fn is_toml(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".toml")
}

/// Which files one process reads.
fn units(set: &Set<'_>) -> Vec<Vec<SourceId>> {
    let path = |id: SourceId| set.sources.get(id).path.as_str();
    let folder = |id: SourceId| paths::folder(path(id));
    let (mut installs, mut parts) = (Vec::new(), Vec::new());
    for id in set.files {
        let source = set.sources.get(*id);
        if is_install(&source.path, &source.text) { installs.push(*id) } else { parts.push(*id) }
    }
    let mut taken = BTreeSet::new();
    let mut units = Vec::new();
    for install in &installs {
        let home = folder(*install);
        // Of several processes in a folder it is not known which reads what.
        let alone = installs.iter().filter(|id| folder(**id) == home).count() == 1;
        let below = |id: &&SourceId| home.is_empty() || folder(**id) == home || folder(**id).starts_with(&format!("{home}/"));
        let mut files = vec![*install];
        if alone {
            files.extend(parts.iter().filter(below).filter(|id| !taken.contains(*id)));
        }
        taken.extend(files.iter().copied());
        units.push(files);
    }
    let mut left: BTreeMap<&str, Vec<SourceId>> = BTreeMap::new();
    for id in parts.into_iter().filter(|id| !taken.contains(id)) {
        left.entry(folder(id)).or_default().push(id);
    }
    units.extend(left.into_values());
    units
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let source = |id: SourceId| input.sources.get(id);
    let parse = |id: SourceId| {
        let source = source(id);
        if is_toml(&source.path) { toml::parse(&source.text) } else { yaml::parse(&source.text) }
    };
    let documents: Vec<(SourceId, Document<'_>)> = files.iter().map(|id| (*id, parse(*id))).collect();
    let size: usize = files.iter().map(|id| source(*id).text.len() / 16).sum();
    let mut out = Output::new(size);
    let mut reading = Reading { included: files[1..].to_vec(), ..Reading::default() };
    let mut roots = Vec::new();
    for (id, document) in &documents {
        reading.syntax.extend(part::mistakes(&mut out, document, *id, &source(*id).text));
        roots.extend(document.roots().map(|node| Part { node, source: *id }));
    }
    let mut fronts = Fronts::new("traefik-entry", entry_label(&source(files[0]).path));
    let installs = install(&mut out, &mut fronts, &roots);
    let routed = routers::read(&mut out, &mut fronts, &roots, &installs.middlewares);
    if installs.any || routed {
        process(&mut out, &mut fronts, &roots, files, &|id| source(id).path.as_str());
    }
    out.facts.endpoints.iter_mut().for_each(|e| e.fragment = !installs.any);
    reading.facts = out.facts;
    reading
}

fn entry_label(path: &str) -> String {
    format!("traefik {path}")
}

/// What the install configuration says of entries.
#[derive(Default)]
struct Installs {
    any: bool,
    /// Middlewares that an entry point puts before those of its routers: entry point, name, where.
    middlewares: Vec<(String, String, Location)>,
}

fn install(out: &mut Output, fronts: &mut Fronts, roots: &[Part<'_>]) -> Installs {
    let mut found = Installs::default();
    for root in roots {
        for (word, at, _) in root.entries() {
            out.knows(&VOCABULARY, known::STATIC, known::spelled(word), at, Touch::Everything);
        }
        let Some(points) = root.get("entryPoints") else { continue };
        found.any = true;
        for (name, _, point) in points.entries() {
            for (word, at, _) in point.entries() {
                out.knows(&VOCABULARY, known::ENTRY_POINT, known::spelled(word), at, Touch::Tree);
            }
            if let Some(address) = point.get("address") {
                let text = address.node.text().unwrap_or("");
                // `:443/udp`
                fronts.listen(out, text, text.split('/').next().unwrap_or(text), address.at());
            }
            for (middleware, at) in point.get("http").map(|h| h.texts("middlewares")).unwrap_or_default() {
                found.middlewares.push((name.to_owned(), middleware.to_owned(), at));
            }
        }
    }
    found.any |= roots.iter().any(|r| r.has("providers"));
    found
}

/// Providers, and where logs and traces go.
fn process<'s>(
    out: &mut Output,
    fronts: &mut Fronts,
    roots: &[Part<'_>],
    files: &[SourceId],
    path: &dyn Fn(SourceId) -> &'s str,
) {
    for root in roots {
        for (name, at, provider) in root.get("providers").map(|p| p.entries()).unwrap_or_default() {
            let name = known::spelled(name);
            match VOCABULARY.effect(known::PROVIDERS, name) {
                Some(words::Effect::Followed) => provided(out, provider, files, path),
                Some(words::Effect::Refused) => {
                    let message =
                        format!("the provider `{name}` adds routers and services while Traefik runs, which no file here holds");
                    let help = "declare the servers that it can find in an inventory, with routes to them".to_owned();
                    out.gap("dynamic-upstream", message, Some(help), at, Touch::Tree);
                }
                _ => _ = out.knows(&VOCABULARY, known::PROVIDERS, name, at, Touch::Tree),
            }
        }
        for (exporter, at, _) in root.get("tracing").map(|t| t.entries()).unwrap_or_default() {
            out.knows(&VOCABULARY, known::TRACING, known::spelled(exporter), at, Touch::Tree);
        }
        for (field, what) in [("accessLog", "the access log"), ("log", "the log"), ("tracing", "traces")] {
            let Some(otlp) = root.get(field).and_then(|l| l.get("otlp")) else { continue };
            for protocol in ["http", "grpc"] {
                let Some(endpoint) = otlp.get(protocol).and_then(|p| p.get("endpoint")) else { continue };
                let (text, at) = (endpoint.node.text().unwrap_or(""), endpoint.at());
                let default = if protocol == "grpc" { 4317 } else { 4318 };
                for (_, front) in entries(out, fronts, at) {
                    let touch = Touch::Endpoint(front);
                    let Some(peer) = out.target(&format!("`endpoint` of {what}"), text, Some(default), at, touch) else {
                        break;
                    };
                    out.log_to(front, &peer, at, &format!("{what} (OTLP)"));
                }
            }
        }
    }
}

fn entries(out: &mut Output, fronts: &mut Fronts, at: Location) -> Vec<(Option<String>, usize)> {
    if fronts.all().is_empty() {
        fronts.of(out, None, at);
    }
    fronts.all().into_iter().map(|(host, index)| (host.map(str::to_owned), index)).collect()
}

/// `providers.file`: is what it names among the files that were read?
fn provided<'s>(out: &mut Output, provider: Part<'_>, files: &[SourceId], path: &dyn Fn(SourceId) -> &'s str) {
    for field in ["filename", "directory"] {
        let Some(named) = provider.get(field) else { continue };
        let text = named.node.text().unwrap_or("");
        let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or("");
        let itself = path(named.source);
        // A placeholder in a file that has routers of its own stands for this file.
        let fits = |id: &SourceId| match field {
            "filename" => path(*id).rsplit('/').next() == Some(last),
            _ => path(*id).rsplit_once('/').is_some_and(|(folder, _)| folder.split('/').any(|f| f == last)) || last == ".",
        };
        if files.iter().any(fits) || (is_template(text) && files.len() == 1) {
            continue;
        }
        let message =
            format!("the routing configuration of this Traefik stands in `{}`, which is not among the files", shorten(text));
        let help = format!("add it to the project, in the folder of `{itself}` or below");
        out.gap("missing-include", message, Some(help), named.at(), Touch::Tree);
    }
}

/// Sections of an install configuration at the beginning of a line.
fn is_install(path: &str, text: &str) -> bool {
    let marks = ["entrypoints", "providers"];
    text.lines().any(|line| {
        let line = line.trim_end().to_ascii_lowercase();
        if is_toml(path) {
            let name = line.trim_start().trim_start_matches('[').split([']', '.']).next().unwrap_or("");
            line.trim_start().starts_with('[') && marks.contains(&name.trim())
        } else {
            line.split_once(':').is_some_and(|(key, _)| marks.contains(&key))
        }
    })
}

/// By content: sections that only Traefik has. Kubernetes resources are not for this reader.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let text = glance(text);
    let has = |list: &[&str], word: &str| list.iter().any(|w| w.eq_ignore_ascii_case(word));
    let parts = ["routers", "services", "middlewares", "serversTransports"];
    if is_toml(&name) {
        let mut points = false;
        for line in text.lines().map(str::trim).filter(|l| l.starts_with('[')) {
            let header = line.trim_start_matches('[').split(']').next().unwrap_or("");
            let mut words = header.split('.').map(str::trim);
            match (words.next().unwrap_or(""), words.next()) {
                ("http" | "tcp" | "udp", Some(part)) if has(&parts, part) => return Recognized::Yes,
                ("frontends" | "backends", Some(_)) if points => return Recognized::Yes,
                (first, _) if first.eq_ignore_ascii_case("entryPoints") => points = true,
                ("providers", Some(_)) if points || name.contains("traefik") => return Recognized::Yes,
                _ => {}
            }
        }
        return if points { Recognized::Yes } else { Recognized::No };
    }
    if !(name.ends_with(".yaml") || name.ends_with(".yml")) {
        return Recognized::No;
    }
    let mut within = "";
    let mut found = Recognized::No;
    for line in text.lines() {
        let code = line.split(" #").next().unwrap_or("").trim_end();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        let Some((key, _)) = code.split_once(':') else { continue };
        if !key.starts_with([' ', '\t']) {
            match key {
                "apiVersion" | "kind" | "static_resources" | "swagger" | "openapi" => return Recognized::No,
                _ if key.eq_ignore_ascii_case("entryPoints") => found = Recognized::Yes,
                "providers" if name.starts_with("traefik") => found = Recognized::Yes,
                _ => {}
            }
            within = key;
        } else if matches!(within, "http" | "tcp" | "udp") && has(&parts, key.trim()) {
            found = Recognized::Yes;
        }
    }
    found
}

/// Whether a middleware only shapes or refuses what passes, by its name in any case.
pub(in crate::read) fn is_harmless_middleware(name: &str) -> bool {
    VOCABULARY.effect(known::MIDDLEWARE, known::spelled(name)) == Some(words::Effect::Harmless)
}

/// Where a URL of a middleware leads, for readers of its text.
fn url_peer(out: &mut Output, what: &str, text: &str, at: Location, touch: Touch) -> Option<Peer> {
    out.target(what, text, Some(80), at, touch)
}
