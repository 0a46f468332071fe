//! Kubernetes manifests: plain, as `kustomize build` and `helm template` write them, or as `kubectl get -o yaml` shows a cluster.
//!
//! All manifests of one cluster are read together. Which they are: files of which the project file tells the same region and
//! provider; among those, folders that declare the same object stand for different clusters. Templates and kustomizations are
//! not rendered here: what they would change is a gap. What a kind means stands in one table ([`kinds`]); custom resources that
//! route or copy are gaps about whatever they name ([`custom`]).
//!
//! A pod may stand on every node that its `nodeSelector` and its required affinity admit (Kubernetes, "Assigning Pods to
//! Nodes"). Preferences, taints and spread constraints keep nothing away and are not read.

mod annotations;
mod cluster;
mod custom;
mod databases;
mod gateway_api;
mod global;
mod ingress;
mod kinds;
mod manifest;
mod mesh;
mod multicluster;
mod place;
mod service;
mod split;
mod storage;
mod units;
mod words;
mod workload;

use std::sync::LazyLock;

use cluster::Cluster;
use manifest::{File, Object};
use multicluster::Fleet;

use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, alone, glance, side_by_side};
use crate::model::Unread;
use crate::source::SourceId;

static WORDS: LazyLock<Vec<Words>> =
    LazyLock::new(|| [kinds::words(), words::TABLE.to_vec(), databases::TABLE.to_vec()].concat());

pub struct Kubernetes;

impl Reader for Kubernetes {
    fn format(&self) -> &'static str {
        "kubernetes"
    }

    fn describe(&self) -> &'static str {
        "Kubernetes manifests (YAML or JSON, lists of kubectl, output of kustomize and helm)"
    }

    fn words(&self) -> &'static [Words] {
        &WORDS
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

/// `apiVersion` and `kind` at the top level of a document.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let yaml = [".yaml", ".yml", ".yaml.tpl"].iter().any(|end| name.ends_with(end));
    let json = name.ends_with(".json");
    if json || text.trim_start().starts_with('{') {
        let has = |key: &str| text.contains(key);
        let fits = has("\"apiVersion\"") && has("\"kind\"") && (has("\"metadata\"") || has("\"items\""));
        return match (fits, json || yaml) {
            (true, true) => Recognized::Yes,
            (true, false) => Recognized::Maybe,
            (false, _) => Recognized::No,
        };
    }
    let (mut version, mut kind) = (false, false);
    for line in text.lines() {
        version |= line.starts_with("apiVersion:");
        kind |= line.starts_with("kind:");
        if line == "---" && !(version && kind) {
            (version, kind) = (false, false);
        }
        if version && kind {
            return if yaml { Recognized::Yes } else { Recognized::Maybe };
        }
    }
    if matches!(name.as_str(), "kustomization.yaml" | "kustomization.yml") { Recognized::Yes } else { Recognized::No }
}

fn read_all(set: &Set<'_>) -> Vec<(SourceId, Reading)> {
    let size = |id: &SourceId| set.sources.get(*id).text.len();
    let files: Vec<File<'_>> = side_by_side(set.files, size, |id| File::parse(set.sources, *id));
    let mut gaps: Vec<Vec<Unread>> = files.iter().map(|f| f.problems(set.sources)).collect();
    let objects: Vec<Vec<Object<'_>>> = files
        .iter()
        .zip(&mut gaps)
        .map(|(file, gaps)| {
            let mut strange = Vec::new();
            let objects = file.objects(&mut strange);
            // Pieces of a template are no objects, and that was said.
            if gaps.iter().all(|g| g.code != "template-not-rendered") {
                gaps.extend(strange);
            }
            objects
        })
        .collect();
    let units = units::units(set, &files, &objects);
    let members: Vec<Vec<Object<'_>>> =
        units.iter().map(|u| u.files.iter().flat_map(|i| objects[*i].iter().copied()).collect()).collect();
    let mut fleet = Fleet::default();
    for (i, (unit, objects)) in units.iter().zip(&members).enumerate() {
        fleet.add(i, &unit.prefix, unit.told.region.as_ref().map(|r| r.text.as_str()), objects);
    }
    let fleet = &fleet;
    let one = |(n, unit): &(usize, &units::Unit)| -> (SourceId, Reading) {
        let ids: Vec<SourceId> = unit.files.iter().map(|i| files[*i].id).collect();
        let mut cluster = Cluster::new(set.sources, set.settings, unit.told.clone(), unit.prefix.clone(), fleet, *n);
        cluster.read(&members[*n]);
        let mut facts = cluster.facts;
        facts.gaps.extend(unit.files.iter().filter(|i| !unit.shared.contains(i)).flat_map(|i| gaps[*i].iter().cloned()));
        // A file that another unit includes would count only there.
        let first = unit.files.iter().find(|i| !unit.common.contains(i)).or(unit.files.first());
        let first = first.map_or(ids[0], |i| files[*i].id);
        let included = ids.into_iter().filter(|id| *id != first).collect();
        (first, Reading { facts, included, ..Reading::default() })
    };
    let bytes = |(_, unit): &(usize, &units::Unit)| unit.files.iter().map(|i| size(&files[*i].id)).sum();
    let numbered: Vec<(usize, &units::Unit)> = units.iter().enumerate().collect();
    side_by_side(&numbered, bytes, one)
}
