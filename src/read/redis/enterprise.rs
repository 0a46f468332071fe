//! Active-Active databases of Redis Enterprise (REST reference, "CRDB object"): every participating cluster holds all of the data.

use super::known::WORDS;
use crate::doc::{Node, json};
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::split_url;
use crate::read::replicas::{Copies, objects};
use crate::source::{Location, SourceId};

pub(super) fn read(copies: &mut Copies<'_>, file: SourceId, text: &str) {
    let document = json::parse(text);
    copies.problems(file, &document);
    for database in objects(&document) {
        if database.get("instances").is_some() {
            one(copies, file, database);
        } else {
            let message = "this database names no `instances`, so where its copies stand is not known".to_owned();
            let help = "add the object as `GET /v1/crdbs` gives it";
            copies.members_unknown(message, help, Location::new(file, database.span()), Touch::Everything);
        }
    }
}

fn one(copies: &mut Copies<'_>, file: SourceId, database: Node<'_>) {
    let at = |n: Node<'_>| Location::new(file, n.span());
    let Some(instances) = database.get("instances") else { return };
    let name = database.get("name").or_else(|| database.get("guid"));
    let group =
        copies.group("redis-active-active", name.and_then(|n| n.text()).unwrap_or("database"), name.map_or(at(instances), at));
    let touch = Touch::Endpoint(group);
    for entry in database.entries() {
        copies.word(&WORDS, "Active-Active database", entry.name(), at(entry.key), touch);
    }
    for instance in instances.items() {
        let cluster = instance.get("cluster").unwrap_or(instance);
        let url = cluster.get("url").filter(|u| u.text().is_some_and(|t| !t.is_empty()));
        let named = url.or_else(|| cluster.get("name")).or_else(|| if cluster.is_map() { None } else { Some(cluster) });
        let Some(named) = named else {
            let message = "this instance names neither the URL nor the name of its cluster".to_owned();
            copies.gap("unusable-target", message, "add `cluster.url`", at(instance), touch);
            continue;
        };
        let (_, host) = split_url(named.text().unwrap_or(""));
        if let Some(server) = copies.server_at(host, None, at(named), touch) {
            copies.out.facts.endpoints[server].kind = "redis-enterprise".to_owned();
            copies.member(group, server, at(named));
        }
    }
}
