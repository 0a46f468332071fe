//! Strimzi's `KafkaMirrorMaker2`: clusters by alias, and which is mirrored to which. Since API version v1 the target stands in
//! `target` and each source in its mirror.

use std::collections::BTreeMap;

use super::super::cluster::Cluster;
use super::super::manifest::Object;
use super::{declare, elsewhere, fields, group, host, member};
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, Standing};
use crate::read::mentions::shorten;

pub(super) fn read<'d>(cluster: &mut Cluster<'d>, objects: &[Object<'d>]) {
    for object in objects {
        let own = declare(cluster, object, "mirrormaker", &[]);
        cluster.facts.endpoints[own].roles = Roles::of(&[Role::Process]);
        fields(cluster, object, "KafkaMirrorMaker2", object.spec(), own);
        let mut clusters: BTreeMap<&str, usize> = BTreeMap::new();
        let mirrors: Vec<Node<'d>> = object.path(&["spec", "mirrors"]).into_iter().flat_map(|m| m.items()).collect();
        let listed = object.path(&["spec", "clusters"]).into_iter().flat_map(|c| c.items());
        let inline = object.path(&["spec", "target"]).into_iter().chain(mirrors.iter().filter_map(|m| m.get("source")));
        for node in listed.chain(inline) {
            let Some(alias) = node.get("alias").and_then(|a| a.text()) else { continue };
            let at = object.at(node.get("bootstrapServers").or_else(|| node.get("alias")).unwrap_or(node));
            let whole = group(cluster, "kafka-cluster", alias.to_owned(), at);
            clusters.insert(alias, whole);
            let servers = node.get("bootstrapServers").and_then(|s| s.text()).unwrap_or("");
            for server in servers.split(',').map(str::trim).filter(|s| !s.is_empty()) {
                match host(cluster, object, server, at) {
                    Some(reference) => {
                        let broker = elsewhere(cluster, "kafka-broker", reference, at);
                        member(cluster, whole, broker, at);
                    }
                    None => {
                        let message = format!("`{}` is no host name or address", shorten(server));
                        cluster.gap("unusable-target", message, "correct the broker", at, &[whole]);
                    }
                }
            }
        }
        for mirror in mirrors {
            let alias = |key: &str, inline: Option<Node<'d>>| {
                mirror.get(key).or_else(|| inline.and_then(|n| n.get("alias"))).and_then(|n| n.text())
            };
            let source = alias("sourceCluster", mirror.get("source"));
            let target = alias("targetCluster", object.path(&["spec", "target"]));
            let known = |name: Option<&str>| name.and_then(|n| clusters.get(n)).copied();
            let at = object.at(mirror.entries().next().map_or(mirror, |e| e.value));
            let (Some(from), Some(to)) = (known(source), known(target)) else {
                let message = "this mirror names a cluster that is not declared here".to_owned();
                cluster.gap("undefined-name", message, "add it to `clusters`, or correct the alias", at, &[own]);
                continue;
            };
            let topics = mirror.get("topicsPattern").and_then(|t| t.text()).unwrap_or(".*");
            let label = format!("{}->{}", source.unwrap_or(""), target.unwrap_or(""));
            let mut fact = EndpointFact::new("mirrormaker-flow", label, at);
            fact.roles = Roles::of(&[Role::Process]);
            fact.standing = Standing::WithSender;
            fact.part_of.push(Reference::Fact(own));
            let flow = cluster.push(fact);
            let what = format!("topics that match `{}`", shorten(topics));
            cluster.route(from, Reference::Fact(flow), Activity::Forward, at).condition = Some(what.clone());
            cluster.route(flow, Reference::Fact(to), Activity::Replicate, at).condition = Some(what);
        }
    }
}
