//! Which files make one cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::{Meaning, meaning};
use super::manifest::{File, Object};
use crate::read::settings::FileSettings;
use crate::read::{Set, paths};

/// Files that several clusters share are read once for each; in all at most this many times the objects there are.
const MAX_SHARING: usize = 4;

/// The files of one cluster.
pub(super) struct Unit {
    /// Indices, in the order of paths.
    pub files: Vec<usize>,
    /// Those of them that belong to other clusters too; and of those the ones for which another cluster speaks.
    pub common: BTreeSet<usize>,
    pub shared: BTreeSet<usize>,
    pub told: FileSettings,
    pub prefix: String,
}

type Key<'d> = (&'d str, Option<&'d str>, &'d str);

/// Files that are told the same, divided where two folders declare the same object.
pub(super) fn units(set: &Set<'_>, files: &[File<'_>], objects: &[Vec<Object<'_>>]) -> Vec<Unit> {
    let mut groups: BTreeMap<[String; 4], (FileSettings, Vec<usize>)> = BTreeMap::new();
    for (i, file) in files.iter().enumerate() {
        let told = set.settings.of(&set.sources.get(file.id).path);
        let text = |t: &Option<crate::read::Told>| t.as_ref().map_or(String::new(), |t| t.text.clone());
        let key = [text(&told.region), text(&told.provider), text(&told.account), text(&told.site)];
        groups.entry(key).or_insert_with(|| (told, Vec::new())).1.push(i);
    }
    let mut keys: Vec<BTreeSet<Key<'_>>> = Vec::with_capacity(objects.len());
    for list in objects {
        keys.push(list.iter().filter(|o| is_own(o)).map(|o| (o.kind, o.namespace, o.name)).collect());
    }
    let mut all = Vec::new();
    for (told, members) in groups.into_values() {
        let paths: Vec<(usize, Vec<&str>)> =
            members.iter().map(|i| (*i, set.sources.get(files[*i].id).path.split('/').collect())).collect();
        let total: usize = members.iter().map(|i| keys[*i].len() + 1).sum();
        let mut split = Split { keys: &keys, budget: total * MAX_SHARING };
        for part in split.folder(&paths, 0) {
            let own =
                part.files.iter().filter(|i| !part.common.contains(i)).map(|i| set.sources.get(files[*i].id).path.as_str());
            let prefix = common_folder(own);
            all.push(Unit { files: part.files, common: part.common, shared: part.shared, told: told.clone(), prefix });
        }
    }
    if let [only] = all.as_mut_slice() {
        only.prefix = String::new();
    }
    // Two groups may be told apart only by what is told of them.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for unit in all.iter_mut().filter(|u| !u.prefix.is_empty()) {
        let again = seen.entry(unit.prefix.clone()).or_default();
        *again += 1;
        unit.prefix = if *again > 1 { format!("{} #{again}: ", unit.prefix) } else { format!("{}: ", unit.prefix) };
    }
    all
}

/// What only one cluster declares by a name.
fn is_own(object: &Object<'_>) -> bool {
    !object.name.is_empty()
        && matches!(
            meaning(object.group, object.kind),
            Some(
                Meaning::Node
                    | Meaning::Workload(_)
                    | Meaning::Service
                    | Meaning::Ingress
                    | Meaning::Claim
                    | Meaning::Volume
                    | Meaning::ConfigMap
                    | Meaning::Secret
            )
        )
}

/// The deepest folder that holds all of the paths.
fn common_folder<'p>(paths: impl Iterator<Item = &'p str>) -> String {
    let common = paths.map(|p| paths::folder(p).split('/').collect::<Vec<_>>()).reduce(|a, b| {
        let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
        a[..same].to_vec()
    });
    let folder = common.unwrap_or_default().join("/");
    if folder.is_empty() { ".".to_owned() } else { folder }
}

struct Part {
    files: Vec<usize>,
    /// Files of other parts too; and those of them for which another part speaks.
    common: BTreeSet<usize>,
    shared: BTreeSet<usize>,
}

struct Split<'k, 'd> {
    keys: &'k [BTreeSet<Key<'d>>],
    /// How many objects more may be shared.
    budget: usize,
}

impl Split<'_, '_> {
    /// The clusters of a folder, `depth` components down.
    fn folder(&mut self, paths: &[(usize, Vec<&str>)], depth: usize) -> Vec<Part> {
        let mut own: Vec<usize> = Vec::new();
        let mut children: BTreeMap<&str, Vec<(usize, Vec<&str>)>> = BTreeMap::new();
        for (i, path) in paths {
            if path.len() > depth + 1 {
                children.entry(path[depth]).or_default().push((*i, path.clone()));
            } else {
                own.push(*i);
            }
        }
        let below: Vec<Vec<Part>> = children.values().map(|c| self.folder(c, depth + 1)).collect();
        let several = below.iter().filter(|parts| parts.len() > 1).count();
        let conflict = self.conflict(children.values());
        if !conflict && several == 0 {
            let mut files: Vec<usize> = below.into_iter().flatten().flat_map(|p| p.files).chain(own).collect();
            files.sort_unstable();
            return vec![Part { files, common: BTreeSet::new(), shared: BTreeSet::new() }];
        }
        // Where one child alone holds several clusters, its siblings belong to each of them.
        let (mut parts, mut common): (Vec<Part>, Vec<usize>) = (Vec::new(), own);
        for child in below {
            if child.len() == 1 && !conflict && several == 1 {
                common.extend(child.into_iter().flat_map(|p| p.files));
            } else {
                parts.extend(child);
            }
        }
        let cost: usize = common.iter().map(|i| self.keys[*i].len() + 1).sum::<usize>() * parts.len();
        if common.is_empty() {
            return parts;
        }
        if cost > self.budget {
            common.sort_unstable();
            parts.push(Part { files: common, common: BTreeSet::new(), shared: BTreeSet::new() });
            return parts;
        }
        self.budget -= cost;
        for (n, part) in parts.iter_mut().enumerate() {
            part.files.extend(&common);
            part.files.sort_unstable();
            part.common.extend(&common);
            // Someone must speak for what is shared.
            if n > 0 {
                part.shared.extend(&common);
            }
        }
        parts
    }

    /// Whether two children declare the same object.
    fn conflict<'p>(&self, children: impl Iterator<Item = &'p Vec<(usize, Vec<&'p str>)>>) -> bool {
        let mut seen: BTreeMap<&Key<'_>, usize> = BTreeMap::new();
        for (n, child) in children.enumerate() {
            for key in child.iter().flat_map(|(i, _)| &self.keys[*i]) {
                if *seen.entry(key).or_insert(n) != n {
                    return true;
                }
            }
        }
        false
    }
}
