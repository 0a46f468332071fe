//! K8ssandra: one Cassandra cluster over data centres that may stand in several Kubernetes clusters. Any keyspace may be copied to
//! each of them. A data centre is called by its `datacenterName`, else by the name of its object.

use super::super::cluster::Cluster;
use super::super::manifest::Object;
use super::super::place::{is_region, is_zone};
use super::{bucket, elsewhere, fields, group, host, member};
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, Standing};
use crate::read::mentions::shorten;
use crate::source::{Location, Spanned};

pub(super) fn read<'d>(cluster: &mut Cluster<'d>, objects: &[Object<'d>]) {
    for object in objects {
        one(cluster, object);
    }
}

fn one<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>) {
    let cassandra = object.path(&["spec", "cassandra"]);
    let name = object.text(&["spec", "cassandra", "clusterName"]).unwrap_or(object.name).to_owned();
    let whole = group(cluster, "cassandra-cluster", name, object.location);
    cluster.facts.endpoints[whole].id = Some(cluster.id(object));
    fields(cluster, object, "K8ssandraCluster", object.spec(), whole);
    fields(cluster, object, "K8ssandraCluster cassandra", cassandra, whole);
    for centre in cassandra.and_then(|c| c.get("datacenters")).into_iter().flat_map(|d| d.items()) {
        data_centre(cluster, object, whole, centre);
    }
    for seed in cassandra.and_then(|c| c.get("additionalSeeds")).into_iter().flat_map(|s| s.items()) {
        let at = object.at(seed);
        let text = seed.text().unwrap_or("");
        match host(cluster, object, text, at) {
            Some(reference) => {
                let far = elsewhere(cluster, "cassandra", reference, at);
                member(cluster, whole, far, at);
            }
            None => {
                let message = format!("the seed `{}` is no host name or address", shorten(text));
                cluster.gap("unusable-target", message, "correct the seed", at, &[whole]);
            }
        }
    }
    for far in object.path(&["spec", "externalDatacenters"]).into_iter().flat_map(|d| d.items()) {
        let message = format!("where the external data centre `{}` stands is not told", shorten(far.text().unwrap_or("")));
        let help = "declare it as an [[endpoint]] with a [[route]] that replicates to it";
        cluster.gap("members-not-read", message, help, object.at(far), &[whole]);
    }
    if let Some(storage) = object.path(&["spec", "medusa", "storageProperties"]) {
        let text = |key: &str| storage.get(key).and_then(|n| n.text()).filter(|t| !t.is_empty());
        let at = object.at(storage.get("bucketName").unwrap_or(storage));
        let scheme = match text("storageProvider").unwrap_or("") {
            "google_storage" => Some("gs"),
            "azure_blobs" => Some("azure"),
            "s3" | "s3_compatible" | "s3_rgw" | "ibm_storage" => Some("s3"),
            _ => None,
        };
        match text("bucketName").zip(scheme) {
            Some((name, scheme)) => {
                let store =
                    bucket(cluster, object, &format!("{scheme}://{name}"), storage.get("host"), storage.get("region"), at);
                cluster.route(whole, Reference::Fact(store), Activity::Backup, at);
            }
            None => {
                let message = "where Medusa keeps its backups is not told".to_owned();
                let help = "declare where it leads as a [[route]] in the inventory";
                cluster.gap("unfollowed-copy", message, help, at, &[whole]);
            }
        }
    }
    let sinks = cassandra.and_then(|c| c.path(&["telemetry", "vector", "components", "sinks"]));
    for sink in sinks.into_iter().flat_map(|s| s.items()) {
        if !matches!(sink.get("type").and_then(|t| t.text()), Some("console" | "blackhole" | "file")) {
            let message = "Vector sends what it collects to a sink that is not followed here".to_owned();
            let help = "declare where it leads as a [[route]] in the inventory";
            cluster.gap("unfollowed-copy", message, help, object.at(sink), &[whole]);
        }
    }
}

fn data_centre<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>, whole: usize, centre: Node<'d>) {
    let text = |path: &[&str]| centre.path(path).filter(|n| n.text().is_some_and(|t| !t.is_empty()));
    let own = text(&["metadata", "name"]);
    let named = text(&["datacenterName"]).or(own);
    let at = named.map_or(object.location, |n| object.at(n));
    let name = named.and_then(|n| n.text()).unwrap_or("dc");
    let context = text(&["k8sContext"]);
    let mut fact = EndpointFact::new("cassandra-datacenter", name, at);
    fact.id = Some(format!("{}/{name}", cluster.id(object)));
    fact.labelled = true;
    fact.roles = Roles::of(&[Role::Process, Role::Store]);
    fact.site_hints.push(Spanned::new(name.to_owned(), at.span));
    match context {
        // Another Kubernetes cluster, which nothing here places.
        Some(context) => {
            let context_name = context.text().unwrap_or("");
            fact.tags.insert("k8s-context".to_owned(), context_name.to_owned());
            fact.site_hints.push(Spanned::new(context_name.to_owned(), context.used_at()));
            fact.elsewhere = true;
        }
        None => cluster.stand_at_cluster(&mut fact),
    }
    let racks: Vec<Node<'d>> = centre.get("racks").into_iter().flat_map(|r| r.items()).collect();
    let zoned: Vec<EndpointFact> = racks.iter().filter_map(|rack| rack_fact(cluster, object, &fact, *rack)).collect();
    if !zoned.is_empty() && zoned.len() == racks.len() {
        fact.standing = Standing::Logical;
        fact.region = None;
    }
    let index = cluster.push(fact);
    let service = format!("{}-{}-service", object.name, own.and_then(|n| n.text()).unwrap_or(name)).to_lowercase();
    cluster.operated.push((object.namespace.map(str::to_owned), service, index));
    if cluster.facts.endpoints[index].standing == Standing::Logical {
        for rack in zoned {
            let place = rack.location;
            let rack = cluster.push(rack);
            cluster.route(index, Reference::Fact(rack), Activity::Replicate, place);
        }
    }
    member(cluster, whole, index, at);
}

/// A rack that says its zone.
fn rack_fact(cluster: &Cluster<'_>, object: &Object<'_>, centre: &EndpointFact, rack: Node<'_>) -> Option<EndpointFact> {
    let labels = rack.get("nodeAffinityLabels")?;
    let zone = labels.entries().find(|e| is_zone(e.name()) || is_region(e.name()))?;
    let at: Location = object.at(zone.value);
    let name = rack.get("name").and_then(|n| n.text()).unwrap_or("rack");
    let mut fact = EndpointFact::new("cassandra-rack", format!("{} {name}", centre.label), at);
    fact.id = centre.id.as_ref().map(|id| format!("{id}/{name}"));
    fact.roles = centre.roles;
    let value = Spanned::new(zone.value.text().unwrap_or("").to_owned(), zone.value.used_at());
    fact.site_hints.push(value.clone());
    fact.provider = cluster.told_provider();
    if is_region(zone.name()) {
        fact.region = Some(value);
    } else {
        fact.zone = Some(value);
    }
    Some(fact)
}
