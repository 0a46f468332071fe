//! Velero: what takes backups of a cluster, and where they go (documentation, "Backup API Type", "Schedule API Type", "Backup Storage
//! Locations and Volume Snapshot Locations", and the `backupstoragelocation.md` and `volumesnapshotlocation.md` of its plugins for AWS,
//! GCP and Azure).
//!
//! A backup holds the objects and the volumes of the namespaces that it includes; without a list, of all of them. Its files go to
//! the bucket of its storage location, and so do the contents of volumes that are copied as files or moved; snapshots of volumes
//! go to its snapshot locations. A location that nothing here writes to by itself takes what somebody backs up by hand. Selectors
//! by labels and resources only make a backup smaller and are passed over.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cluster::Cluster;
use super::super::manifest::Object;
use super::{bucket, by_hand, elsewhere, fields, group};
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, GapScope, Reference, Role, Roles, RouteRole, Spill, Standing, Unread};
use crate::read::mentions::shorten;
use crate::read::proxy::peer::split_url;
use crate::source::{Location, Spanned};

const GROUP: &str = "velero.io";

/// Namespaces times schedules that are told apart; beyond that, one that leaves namespaces out is taken to back up all.
const MAX_PAIRS: usize = 20_000;

/// Commands that only hold a file system still.
const HARMLESS_HOOKS: &[&str] = &["fsfreeze", "sync"];

pub(super) fn read<'d>(cluster: &mut Cluster<'d>, of: &dyn Fn(&str, &str) -> Vec<Object<'d>>) {
    let (storages, snapshots) = (of(GROUP, "BackupStorageLocation"), of(GROUP, "VolumeSnapshotLocation"));
    let (schedules, backups, restores) = (of(GROUP, "Schedule"), of(GROUP, "Backup"), of(GROUP, "Restore"));
    let Some(first) = [&storages, &snapshots, &schedules, &backups, &restores].iter().find_map(|list| list.first()) else {
        return;
    };
    let at = first.location;
    let specs = schedules.iter().filter_map(|o| o.path(&["spec", "template"])).chain(backups.iter().filter_map(Object::spec));
    let keys = ["defaultVolumesToFsBackup", "defaultVolumesToRestic"];
    let as_files = specs.into_iter().any(|s| keys.iter().any(|k| s.get(k).is_some_and(|v| v.as_bool() != Some(false))));
    let kept = Kept::of(cluster, as_files, at);
    let mut targets = Targets { storages: Vec::new(), snapshots: Vec::new() };
    for object in &storages {
        let store = storage(cluster, object);
        let read_only = object.text(&["spec", "accessMode"]) == Some("ReadOnly");
        let is_default = object.text(&["spec", "default"]) == Some("true") || object.name == "default";
        targets.storages.push(Storage { name: object.name, store, read_only, is_default, at: object.location });
    }
    for object in &snapshots {
        let stores = snapshot_stores(cluster, object);
        targets.snapshots.push((object.name, stores));
    }
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let many = kept.by_namespace.len().saturating_mul(schedules.len() + backups.len()) > MAX_PAIRS;
    for (object, path) in
        schedules.iter().map(|o| (o, &["spec", "template"][..])).chain(backups.iter().map(|o| (o, &["spec"][..])))
    {
        let Some(spec) = object.path(path) else {
            let message = "this says nothing of what is backed up, so all of the cluster may be".to_owned();
            anything(cluster, "unfollowed-copy", message, "add its `template`", object.location);
            continue;
        };
        if path.len() == 2 {
            fields(cluster, object, "Velero Schedule", object.spec(), kept.all);
        }
        fields(cluster, object, "Velero Backup", Some(spec), kept.all);
        hooks(cluster, object, spec);
        let paused = object.text(&["spec", "paused"]) == Some("true");
        let sources = if many { vec![kept.all] } else { kept.chosen(spec) };
        let mut stores = targets.of(cluster, object, spec, &mut used);
        stores.sort_unstable_by_key(|(store, _)| *store);
        for source in sources {
            for (store, at) in &stores {
                let route = cluster.route(source, Reference::Fact(*store), Activity::Backup, *at);
                if paused {
                    route.role = RouteRole::Manual;
                    route.spill = Spill::Manual("the schedule is paused".to_owned());
                }
            }
        }
    }
    for (i, storage) in targets.storages.iter().enumerate() {
        let Some(store) = storage.store else { continue };
        if !used.contains(&i) && !storage.read_only {
            let route = cluster.route(kept.all, Reference::Fact(store), Activity::Backup, storage.at);
            route.role = RouteRole::Manual;
            route.spill = Spill::Manual("somebody backs up to this location by hand".to_owned());
        }
    }
    for restore in &restores {
        fields(cluster, restore, "Velero Restore", restore.spec(), kept.all);
        if let Some(spec) = restore.spec() {
            hooks(cluster, restore, spec);
        }
    }
    // Which location a backup is in stands in no manifest of its restore; one that may only be read is there to restore from.
    let readable = |s: &&Storage<'_>| s.read_only || !restores.is_empty();
    let stores: Vec<usize> = targets.storages.iter().filter(readable).filter_map(|s| s.store).collect();
    if !stores.is_empty() {
        kept.restored(cluster, &stores, restores.first().map_or(at, |r| r.location));
    }
}

/// What a cluster keeps, by namespace.
struct Kept<'d> {
    all: usize,
    by_namespace: BTreeMap<&'d str, usize>,
    volumes: Vec<usize>,
}

impl<'d> Kept<'d> {
    /// `as_files`: every volume of a pod is copied, those too that end with the pod.
    fn of(cluster: &mut Cluster<'d>, as_files: bool, at: Location) -> Self {
        let writing: Vec<(Option<&'d str>, usize)> = cluster
            .workloads
            .iter()
            .filter(|w| {
                let named = w
                    .object
                    .path(&["spec", "template", "metadata", "annotations"])
                    .or(w.object.path(&["metadata", "annotations"]));
                let named = named.is_some_and(|a| a.get("backup.velero.io/backup-volumes").is_some());
                let mut volumes = w.pod.and_then(|p| p.get("volumes")).into_iter().flat_map(|v| v.items());
                cluster.facts.endpoints[w.fact].roles.contains(Role::Store)
                    || ((as_files || named) && volumes.any(|v| v.get("emptyDir").is_some()))
            })
            .map(|w| (w.object.namespace, w.fact))
            .collect();
        let mut stores = cluster.stores.clone();
        stores.extend(writing);
        let prefix = cluster.prefix.clone();
        let all = group(cluster, "velero-backed-up", format!("{prefix}what this cluster keeps"), at);
        let (mut by_namespace, mut volumes) = (BTreeMap::new(), Vec::new());
        for (namespace, store) in stores {
            let location = cluster.facts.endpoints[store].location;
            let name = namespace.unwrap_or("default");
            let whole = match by_namespace.get(name) {
                Some(known) => *known,
                None => {
                    let whole = group(cluster, "velero-backed-up", format!("{prefix}what {name} keeps"), location);
                    cluster.route(whole, Reference::Fact(all), Activity::Backup, location);
                    by_namespace.insert(name, whole);
                    whole
                }
            };
            cluster.route(store, Reference::Fact(whole), Activity::Backup, location);
            volumes.push(store);
        }
        Self { all, by_namespace, volumes }
    }

    /// What is restored from these stores may be written to any volume.
    fn restored(&self, cluster: &mut Cluster<'d>, from: &[usize], at: Location) {
        let prefix = cluster.prefix.clone();
        let restored = group(cluster, "velero-restored", format!("{prefix}what is restored here"), at);
        for store in from {
            by_hand(cluster, *store, restored, at, "somebody restores a backup");
        }
        for volume in &self.volumes {
            by_hand(cluster, restored, *volume, at, "somebody restores a backup");
        }
    }

    /// What a backup includes; a namespace that nothing was read of keeps nothing that is known here.
    fn chosen(&self, spec: Node<'d>) -> Vec<usize> {
        // What is no name includes everything, and leaves out nothing.
        let list = |key: &str, odd: &'d str| -> Vec<&'d str> {
            spec.get(key).into_iter().flat_map(|l| l.items()).map(|n| n.text().unwrap_or(odd)).collect()
        };
        let (included, excluded) = (list("includedNamespaces", "*"), list("excludedNamespaces", ""));
        let all = included.is_empty() || included.iter().any(|n| n.contains(['*', '?', '[', '$', '{']));
        if all && excluded.is_empty() {
            return vec![self.all];
        }
        let wanted = |name: &str| (all || included.contains(&name)) && !excluded.contains(&name);
        self.by_namespace.iter().filter(|(name, _)| wanted(name)).map(|(_, whole)| *whole).collect()
    }
}

struct Storage<'d> {
    name: &'d str,
    store: Option<usize>,
    read_only: bool,
    is_default: bool,
    at: Location,
}

struct Targets<'d> {
    storages: Vec<Storage<'d>>,
    snapshots: Vec<(&'d str, Vec<(usize, Location)>)>,
}

impl<'d> Targets<'d> {
    /// Where a backup goes, each with the line that says so.
    fn of(
        &self,
        cluster: &mut Cluster<'d>,
        object: &Object<'d>,
        spec: Node<'d>,
        used: &mut BTreeSet<usize>,
    ) -> Vec<(usize, Location)> {
        let mut stores = Vec::new();
        let named = spec.get("storageLocation").filter(|n| n.text().is_some_and(|t| !t.is_empty()));
        let fits = |storage: &Storage<'_>| match named {
            Some(named) => named.text() == Some(storage.name),
            None => storage.is_default,
        };
        let at = named.map_or(object.location, |n| object.at(n));
        let found: Vec<usize> = (0..self.storages.len()).filter(|i| fits(&self.storages[*i])).collect();
        if found.is_empty() {
            let name = named.and_then(|n| n.text()).unwrap_or("default");
            let message = format!("the storage location `{}` that this backs up to was not read", shorten(name));
            anything(cluster, "setting-not-read", message, "add the BackupStorageLocation", at);
        }
        stores.extend(found.iter().filter_map(|i| self.storages[*i].store).map(|store| (store, at)));
        used.extend(found);
        // Off only where it says so: else Velero takes snapshots wherever it has a location for them.
        if spec.get("snapshotVolumes").and_then(|s| s.as_bool()) == Some(false) {
            return stores;
        }
        let listed: Vec<Node<'d>> = spec.get("volumeSnapshotLocations").into_iter().flat_map(|l| l.items()).collect();
        for node in &listed {
            let name = node.text().unwrap_or("");
            if !self.snapshots.iter().any(|(known, _)| *known == name) {
                let message = format!("the snapshot location `{}` was not read", shorten(name));
                anything(cluster, "setting-not-read", message, "add the VolumeSnapshotLocation", object.at(*node));
            }
        }
        let wanted = |name: &str| listed.is_empty() || listed.iter().any(|n| n.text() == Some(name));
        stores.extend(self.snapshots.iter().filter(|(name, _)| wanted(name)).flat_map(|(_, stores)| stores.iter().copied()));
        stores
    }
}

/// `velero.io/aws` and, before version 1.2, `aws`.
fn provider<'d>(object: &Object<'d>) -> (&'d str, Location) {
    let node = object.path(&["spec", "provider"]);
    let name = node.and_then(|n| n.text()).unwrap_or("");
    (name.strip_prefix("velero.io/").unwrap_or(name), node.map_or(object.location, |n| object.at(n)))
}

/// A value of `config` that says something.
fn config<'d>(object: &Object<'d>, key: &str) -> Option<Node<'d>> {
    object.path(&["spec", "config", key]).filter(|n| n.text().is_some_and(|t| !t.is_empty()))
}

/// The place that backups are written to; `None` after a gap.
fn storage<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>) -> Option<usize> {
    let (provider, said) = provider(object);
    let named = object.path(&["spec", "objectStorage", "bucket"]).filter(|n| n.text().is_some_and(|t| !t.is_empty()));
    let at = named.map_or(object.location, |n| object.at(n));
    let name = named.and_then(|n| n.text()).filter(|n| !n.contains(['$', '{']));
    let store = match (provider, name) {
        ("aws", Some(name)) => {
            bucket(cluster, object, &format!("s3://{name}"), config(object, "s3Url"), config(object, "region"), at)
        }
        ("gcp", Some(name)) => bucket(cluster, object, &format!("gs://{name}"), None, None, at),
        ("azure", Some(_)) => {
            let uri = config(object, "storageAccountURI").map(|n| split_url(n.text().unwrap_or("")).1.to_owned());
            let account = config(object, "storageAccount").and_then(|n| n.text());
            match uri.or_else(|| account.map(|a| format!("{a}.blob.core.windows.net"))) {
                Some(host) => {
                    let store =
                        elsewhere(cluster, "storage-account", Reference::Host { name: host.to_lowercase(), port: None }, at);
                    cluster.facts.endpoints[store].roles = Roles::of(&[Role::Store]);
                    store
                }
                None => untold(cluster, object, "where this location stands is not told without `storageAccount`", at),
            }
        }
        (_, None) => untold(cluster, object, "this location names no bucket", at),
        (other, Some(_)) => {
            let message = format!("the plugin `{}` keeps backups where this file does not say", shorten(other));
            untold(cluster, object, &message, said)
        }
    };
    fields(cluster, object, "Velero BackupStorageLocation", object.spec(), store);
    fields(cluster, object, "Velero BackupStorageLocation config", object.path(&["spec", "config"]), store);
    Some(store)
}

/// A store of unknown place, with the gap that says why.
fn untold<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>, message: &str, at: Location) -> usize {
    let mut fact = EndpointFact::new("backup-location", cluster.id(object), object.location);
    fact.elsewhere = true;
    fact.roles = Roles::of(&[Role::Store]);
    let store = cluster.push(fact);
    cluster.gap("unfollowed-copy", message.to_owned(), "declare its place with [[geo.override]]", at, &[store]);
    store
}

/// Where snapshots of volumes are kept.
fn snapshot_stores<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>) -> Vec<(usize, Location)> {
    let (provider, said) = provider(object);
    let mut stores = Vec::new();
    let mut snapshots = |cluster: &mut Cluster<'d>, provider: &str, region: Option<Node<'d>>, what: &str| {
        let at = region.map_or(object.location, |n| object.at(n));
        let mut fact = EndpointFact::new("volume-snapshots", format!("{}{what}", cluster.id(object)), at);
        fact.roles = Roles::of(&[Role::Store]);
        fact.provider = Some(provider.to_owned());
        fact.elsewhere = true;
        fact.region = region.map(|n| Spanned::new(n.text().unwrap_or("").to_owned(), n.used_at()));
        if region.is_none() {
            fact.standing = Standing::WithSender;
        }
        let store = cluster.push(fact);
        stores.push((store, at));
        store
    };
    let first = match (provider, config(object, "region"), config(object, "snapshotLocation")) {
        ("aws", Some(region), _) => {
            let first = snapshots(cluster, "aws", Some(region), "");
            if let Some(far) = config(object, "altRegion") {
                snapshots(cluster, "aws", Some(far), " copied");
            }
            first
        }
        ("gcp", _, Some(place)) => snapshots(cluster, "gcp", Some(place), ""),
        // In the region of the disk.
        ("azure", ..) => snapshots(cluster, "azure", None, ""),
        ("csi", ..) => {
            let store = untold(cluster, object, "where the driver keeps its snapshots is not told here", said);
            stores.push((store, said));
            store
        }
        (other, ..) => {
            let message = match other {
                "aws" => "snapshots are in the region that `region` names, and there is none".to_owned(),
                "gcp" => "without `snapshotLocation` the account's own setting decides where snapshots are kept".to_owned(),
                other => format!("the plugin `{}` keeps snapshots where this file does not say", shorten(other)),
            };
            let store = untold(cluster, object, &message, said);
            stores.push((store, said));
            store
        }
    };
    fields(cluster, object, "Velero VolumeSnapshotLocation", object.spec(), first);
    fields(cluster, object, "Velero VolumeSnapshotLocation config", object.path(&["spec", "config"]), first);
    stores
}

/// A copy of whatever the cluster holds, kept in a volume or not, to a place that is not known.
fn anything(cluster: &mut Cluster<'_>, code: &'static str, message: String, help: &str, location: Location) {
    let help = Some(help.to_owned());
    cluster.facts.gaps.push(Unread { code, message, help, location, scope: GapScope::Everything });
}

/// Commands that run inside of pods before or after a volume is copied: what they send is not read.
fn hooks<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>, spec: Node<'d>) {
    let resources = spec.path(&["hooks", "resources"]).into_iter().flat_map(|r| r.items());
    let steps = resources
        .flat_map(|r| ["pre", "post", "postHooks"].into_iter().filter_map(move |key| r.get(key)).flat_map(|l| l.items()));
    for step in steps {
        let command = step.path(&["exec", "command"]);
        let program = command.and_then(|c| c.items().next()).or(command);
        let name = program.and_then(|p| p.text()).unwrap_or("");
        if !HARMLESS_HOOKS.contains(&name.rsplit('/').next().unwrap_or(name)) {
            let message = format!("the hook `{}` runs inside of pods, and what it sends where is not followed", shorten(name));
            let help = "declare where it leads as a [[route]] in the inventory";
            anything(cluster, "unfollowed-copy", message, help, object.at(program.unwrap_or(step)));
        }
    }
}
