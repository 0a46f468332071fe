//! Percona Operator for MongoDB. Pods and external nodes of a replica set hold all of its data; an external node may become the
//! primary if it has both a vote and a priority. A site that is `unmanaged` belongs to the cluster of another site.

use super::super::cluster::Cluster;
use super::super::manifest::Object;
use super::{bucket, declare, elsewhere, fields, group, member};
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, RouteRole, Spill, Standing};
use crate::read::mentions::shorten;
use crate::read::paths::folder;
use crate::read::proxy::peer::{Peer, peer};
use crate::source::Location;

pub(super) fn read<'d>(cluster: &mut Cluster<'d>, objects: &[Object<'d>]) {
    // Replica sets by the resource that manages them, with their names.
    let mut managed: Vec<(String, usize, &str)> = Vec::new();
    let unmanaged = |o: &Object<'d>| o.text(&["spec", "unmanaged"]) == Some("true");
    let (others, mains): (Vec<Object<'d>>, Vec<Object<'d>>) = objects.iter().partition(|o| unmanaged(o));
    let sources = cluster.sources;
    let home = |o: &Object<'d>| folder(&sources.get(o.file).path);
    for object in mains {
        for (name, set, _) in one(cluster, &object) {
            managed.push((name, set, home(&object)));
        }
    }
    for object in others {
        for (name, set, at) in one(cluster, &object) {
            // Those of its own folder come before the others.
            let all = || managed.iter().filter(|(n, ..)| *n == name);
            let beside: Vec<usize> = all().filter(|(.., f)| *f == home(&object)).map(|(_, set, _)| *set).collect();
            let mains = if beside.is_empty() { all().map(|(_, set, _)| *set).collect() } else { beside };
            if let [main] = mains.as_slice() {
                // Two sites of one set: what gets to one gets to the other.
                member(cluster, *main, set, at);
            } else {
                let message = format!("another site manages the replica set `{}`, and which one is not known", shorten(&name));
                let help = "add the manifest of the site that is managed, and of no other with a set of this name";
                cluster.gap("members-not-read", message, help, at, &[set]);
            }
        }
    }
}

/// The replica sets of a resource: name, logical endpoint, place.
fn one<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>) -> Vec<(String, usize, Location)> {
    let spec = object.spec();
    let whole = declare(cluster, object, "percona-mongodb", &[format!("{}-mongos", object.name)]);
    // The pods of each set stand by themselves.
    cluster.facts.endpoints[whole].standing = Standing::Logical;
    cluster.facts.endpoints[whole].region = None;
    fields(cluster, object, "PerconaServerMongoDB", spec, whole);
    let mut sets = Vec::new();
    let replsets = spec.and_then(|s| s.get("replsets")).into_iter().flat_map(|r| r.items());
    let config = spec
        .and_then(|s| s.path(&["sharding", "configsvrReplSet"]))
        .filter(|_| object.text(&["spec", "sharding", "enabled"]) == Some("true"));
    for (node, is_config) in replsets.map(|r| (r, false)).chain(config.map(|c| (c, true))) {
        let named = node.get("name").filter(|n| n.text().is_some());
        let name = if is_config { "cfg" } else { named.and_then(|n| n.text()).unwrap_or("rs0") };
        let at = named.map_or_else(|| node.entries().next().map_or(object.location, |e| object.at(e.key)), |n| object.at(n));
        let set = replica_set(cluster, object, node, name, at);
        if !is_config {
            cluster.route(whole, Reference::Fact(set), Activity::Forward, at);
            backups(cluster, object, set);
            sets.push((name.to_owned(), set, at));
        }
    }
    sets
}

fn replica_set(cluster: &mut Cluster<'_>, object: &Object<'_>, node: Node<'_>, name: &str, at: Location) -> usize {
    let label = format!("{}/{name}", cluster.id(object));
    let set = group(cluster, "mongodb-replica-set", label.clone(), at);
    let mut primaries: Vec<(usize, Location, bool)> = Vec::new();
    let mut pods = EndpointFact::new("percona-mongodb-pods", format!("{label}/pods"), at);
    pods.id = Some(format!("{label}/pods"));
    pods.roles = Roles::of(&[Role::Process, Role::Store]);
    cluster.stand_at_cluster(&mut pods);
    let pods = cluster.push(pods);
    cluster.operated.push((object.namespace.map(str::to_owned), format!("{}-{name}", object.name), pods));
    member(cluster, set, pods, at);
    primaries.push((pods, at, true));
    for external in node.get("externalNodes").into_iter().flat_map(|e| e.items()) {
        let Some(named) = external.get("host") else {
            let message = "this external node names no host, so where its copy stands is not known".to_owned();
            cluster.gap("unusable-target", message, "add `host`", at, &[set]);
            continue;
        };
        let place = object.at(named);
        let Some(reference) = external_host(named.text().unwrap_or("")) else {
            let message = format!("`{}` is no host name or address", shorten(named.text().unwrap_or("")));
            cluster.gap("unusable-target", message, "correct the host", place, &[set]);
            continue;
        };
        let far = elsewhere(cluster, "mongodb", reference, place);
        let number =
            |key: &str| external.get(key).and_then(|n| n.text()).and_then(|t| t.parse::<f64>().ok()).filter(|n| n.is_finite());
        for key in ["priority", "votes"] {
            if let Some(value) = external.get(key).and_then(|n| n.text()) {
                cluster.facts.endpoints[far].tags.insert(key.to_owned(), value.to_owned());
            }
        }
        // What is not said to be an arbiter holds data.
        if external.get("arbiterOnly").and_then(|a| a.as_bool()).unwrap_or(false) {
            continue;
        }
        member(cluster, set, far, place);
        // What is not said, or cannot be read, may be.
        if number("votes").is_none_or(|v| v > 0.0) && number("priority").is_none_or(|p| p > 0.0) {
            primaries.push((far, place, false));
        }
    }
    for (fact, place, first) in primaries {
        let route = cluster.route(set, Reference::Fact(fact), Activity::Forward, place);
        route.pool = Some("primary".to_owned());
        route.priority = Some(u32::from(!first));
        if !first {
            route.role = RouteRole::Failover;
            route.spill = Spill::Failure("another member is elected when the primary is lost".to_owned());
        }
    }
    set
}

/// An external node is of another cluster, whatever its name looks like.
fn external_host(text: &str) -> Option<Reference> {
    match peer(text, None).ok()? {
        Peer::Address { ip, port } => Some(Reference::Address { ip, port }),
        Peer::Host { name, port } => Some(Reference::Host { name, port }),
        Peer::Loopback { .. } | Peer::Unix(_) => None,
    }
}

/// `backup.storages` that tasks write to.
fn backups(cluster: &mut Cluster<'_>, object: &Object<'_>, set: usize) {
    if object.text(&["spec", "backup", "enabled"]) == Some("false") {
        return;
    }
    for storage in object.path(&["spec", "backup", "storages"]).into_iter().flat_map(|s| s.entries()) {
        let kind = storage.value.get("type").and_then(|t| t.text()).unwrap_or("");
        let config = storage.value.get(kind);
        let text = |key: &str| config.and_then(|c| c.get(key)).and_then(|n| n.text()).filter(|t| !t.is_empty());
        let url = match kind {
            "s3" | "minio" => text("bucket").map(|b| format!("s3://{b}")),
            "gcs" => text("bucket").map(|b| format!("gs://{b}")),
            "azure" => text("container").map(|c| format!("azure://{c}")),
            _ => None,
        };
        let at = object.at(storage.key);
        match url {
            Some(url) => {
                let of = |key: &str| config.and_then(|c| c.get(key));
                let endpoint = of("endpointUrl").or_else(|| of("endpointURL")).or_else(|| of("endpoint"));
                let store = bucket(cluster, object, &url, endpoint, of("region"), at);
                cluster.route(set, Reference::Fact(store), Activity::Backup, at);
            }
            None => {
                let message = format!("where the storage `{}` of backups stands is not told", shorten(storage.name()));
                let help = "declare where it leads as a [[route]] in the inventory";
                cluster.gap("unfollowed-copy", message, help, at, &[set]);
            }
        }
    }
}
