//! Docker Compose files (the Compose specification; also stacks of a swarm): services, and where their data goes.
//!
//! The files of one folder are one project: the main file, its override, and files that are used with `-f`. Whether those are
//! used is not written anywhere, so that each of them counts. Profiles switch services on, so that all services count. Compose
//! does not say where it runs: tell it with `region` or `site` in `[[inputs.override]]`.

mod labels;
mod logging;
mod project;
mod service;
mod settings;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use project::{Definition, File, Files, Variables};

use super::paths::{folder, joined};
use super::{Input, Reader, Reading, Recognized, Set, alone, glance, side_by_side};
use crate::model::{Facts, GapScope, Unread};
use crate::source::{Location, SourceId, Span};

pub struct Compose;

impl Reader for Compose {
    fn format(&self) -> &'static str {
        "docker-compose"
    }

    fn describe(&self) -> &'static str {
        "Docker Compose files and stacks"
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, glance(text))
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        Some(read_all(set))
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        alone(self, input)
    }
}

/// The usual name, or a map of services with images.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if !name.ends_with(".yml") && !name.ends_with(".yaml") {
        return Recognized::No;
    }
    let named = name.starts_with("docker-compose") || name.starts_with("compose.") || name.starts_with("compose-");
    let top = |key: &str| text.lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    if top("apiVersion") {
        return Recognized::No;
    }
    if named && ["services", "include", "volumes", "networks"].iter().any(|k| top(k)) {
        return Recognized::Yes;
    }
    let mut lines = text.lines().skip_while(|l| !l.starts_with("services:"));
    lines.next();
    let (mut service, mut image) = (false, false);
    for line in lines.take_while(|l| l.starts_with([' ', '#']) || l.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let word = line.trim();
        service |= matches!(indent, 2 | 4) && word.ends_with(':') && !word.starts_with('-');
        image |= indent >= 4 && service && (word.starts_with("image:") || word.starts_with("build:"));
    }
    if image { Recognized::Maybe } else { Recognized::No }
}

fn read_all(set: &Set<'_>) -> Vec<(SourceId, Reading)> {
    let size = |id: &SourceId| set.sources.get(*id).text.len();
    let parsed: Vec<File<'_>> = side_by_side(set.files, size, |id| project::parse(set.sources, *id));
    let files: BTreeMap<String, File<'_>> = parsed.into_iter().map(|f| (set.sources.get(f.id).path.clone(), f)).collect();
    let mut gaps: Vec<(SourceId, Unread)> = Vec::new();
    let included = inclusions(set, &files, &mut gaps);
    let mut units: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    // Files that include each other in a circle have no first one: then any is.
    let alone = files.keys().filter(|p| !included.contains_key(p.as_str()));
    for path in alone.chain(files.keys()) {
        if !reached.contains(path.as_str()) {
            units.entry(folder(path)).or_default().push(path);
            reached.extend(with_included(path, &included));
        }
    }
    let several = units.len() > 1;
    let mut readings = Vec::new();
    for (folder, mut paths) in units {
        paths.sort_by_key(|p| (rank(p), *p));
        let mut all: Vec<&str> = Vec::new();
        for path in paths.iter().flat_map(|p| with_included(p, &included)) {
            if !all.contains(&path) {
                all.push(path);
            }
        }
        let first = files[paths[0]].id;
        let (variables, env) = Variables::new(set, folder, first);
        let mut unit = Files { roots: Vec::new(), read: env.into_iter().collect() };
        let mut facts = Facts::default();
        for path in &all {
            let file = &files[*path];
            unit.read.insert(file.id);
            for problem in file.document.problems() {
                facts.gaps.push(Unread {
                    code: "broken-syntax",
                    message: problem.message.clone(),
                    help: Some("correct the file; what could be read of it was read".to_owned()),
                    location: Location::new(file.id, problem.span),
                    scope: GapScope::Everything,
                });
            }
            match file.document.root() {
                Some(node) if node.is_map() => {
                    let beside = (rank(path) > 1).then_some(file.id);
                    unit.roots.push(Definition { file: file.id, node, beside });
                }
                _ => facts.gaps.push(Unread {
                    code: "not-an-object",
                    message: "this file holds no map with `services`".to_owned(),
                    help: Some("correct it, or leave it out with `exclude`".to_owned()),
                    location: Location::new(file.id, Span::default()),
                    scope: GapScope::Everything,
                }),
            }
        }
        facts.gaps.extend(gaps.iter().filter(|(id, _)| unit.read.contains(id)).map(|(_, g)| g.clone()));
        let prefix = match (several, folder) {
            (false, _) => String::new(),
            (true, "") => "./".to_owned(),
            (true, folder) => format!("{folder}/"),
        };
        let facts = service::read(set, &files, &mut unit, &variables, prefix, facts);
        unit.read.remove(&first);
        readings.push((first, Reading { facts, included: unit.read.into_iter().collect(), ..Reading::default() }));
    }
    readings
}

/// The main file first, then its override, then the others.
fn rank(path: &str) -> usize {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "compose.yaml" | "compose.yml" | "docker-compose.yaml" | "docker-compose.yml" => 0,
        _ if name.contains(".override.") => 1,
        _ => 2,
    }
}

/// A file and all that it includes, directly or not.
fn with_included<'p>(path: &'p str, included: &'p BTreeMap<String, BTreeSet<String>>) -> Vec<&'p str> {
    let mut all = vec![path];
    let mut at = 0;
    while let Some(current) = all.get(at).copied() {
        for (target, _) in included.iter().filter(|(_, by)| by.contains(current)) {
            if !all.contains(&target.as_str()) {
                all.push(target);
            }
        }
        at += 1;
    }
    all
}

/// Which files others `include`, by whom.
fn inclusions(
    set: &Set<'_>,
    files: &BTreeMap<String, File<'_>>,
    gaps: &mut Vec<(SourceId, Unread)>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut included: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, file) in files {
        let Some(root) = file.document.root() else { continue };
        for item in root.get("include").into_iter().flat_map(|i| i.items()) {
            let named = item.get("path").unwrap_or(item);
            let list: Vec<_> = if named.is_list() { named.items().collect() } else { vec![named] };
            for node in list {
                let text = node.text().unwrap_or("");
                let (variables, _) = Variables::new(set, folder(path), file.id);
                let target = joined(folder(path), &variables.fill(text));
                match target.filter(|t| files.contains_key(t)) {
                    Some(target) if target != *path => {
                        included.entry(target).or_default().insert(path.clone());
                    }
                    _ => gaps.push((
                        file.id,
                        Unread {
                            code: "missing-include",
                            message: format!("`{text}` is included here, and it was not read"),
                            help: Some("add that file to the project".to_owned()),
                            location: Location::new(file.id, node.used_at()),
                            scope: GapScope::Everything,
                        },
                    )),
                }
            }
        }
    }
    included
}
