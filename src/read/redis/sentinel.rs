//! Sentinel's own file, and the nodes of a cluster as each node keeps them (`nodes.conf`, "CLUSTER NODES").

use std::collections::BTreeMap;

use super::known::WORDS;
use crate::model::Activity;
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::source::{Location, SourceId, Spanned};

type Line = [Spanned<String>];

/// Masters that are watched, by the name they are given, with the replicas that were found. Many call theirs alike.
#[derive(Default)]
pub(super) struct Sentinels(BTreeMap<(String, usize), Watched>);

struct Watched {
    group: usize,
    at: Location,
    replicas: Vec<(usize, Location)>,
}

impl Sentinels {
    pub fn read(&mut self, copies: &mut Copies<'_>, file: SourceId, lines: &[Vec<Spanned<String>>]) {
        let mut masters: BTreeMap<&str, usize> = BTreeMap::new();
        for line in lines {
            let at = |i: usize| line.get(i).map_or(line[0].at(file), |w| w.at(file));
            let text = |i: usize| line.get(i).map_or("", |w| w.value.as_str());
            let word = text(0).to_ascii_lowercase();
            if word != "sentinel" {
                copies.word(&WORDS, "redis.conf", &word, at(0), Touch::Everything);
                continue;
            }
            let order = text(1).to_ascii_lowercase();
            copies.word(&WORDS, "sentinel", &order, at(1), Touch::Everything);
            if !matches!(order.as_str(), "monitor" | "known-replica" | "known-slave") {
                continue;
            }
            let Some(server) = copies.server_beside(text(3), text(4), at(4), at(3), Touch::Everything) else { continue };
            if order == "monitor" {
                masters.insert(&line[2].value, server);
                let known = self.0.contains_key(&(text(2).to_owned(), server));
                if !known {
                    let same = self.0.keys().any(|(name, _)| name == text(2));
                    let label = if same { format!("{} at {}", text(2), text(3)) } else { text(2).to_owned() };
                    let group = copies.group("redis-sentinel", &label, at(2));
                    let watched = Watched { group, at: at(3), replicas: Vec::new() };
                    self.0.insert((text(2).to_owned(), server), watched);
                }
            } else if let Some(master) = masters.get(text(2))
                && let Some(watched) = self.0.get_mut(&(text(2).to_owned(), *master))
            {
                if watched.replicas.iter().all(|(known, _)| *known != server) {
                    watched.replicas.push((server, at(3)));
                }
            } else {
                let message = format!("`{}` is not among the masters of this file", shorten(text(2)));
                copies.gap("undefined-name", message, "add its `sentinel monitor` line", at(2), Touch::Endpoint(server));
            }
        }
    }

    pub fn finish(self, copies: &mut Copies<'_>) {
        for ((name, master), watched) in self.0 {
            let (group, at) = (watched.group, watched.at);
            let mut candidates = vec![(master, 0, at)];
            for (replica, at) in &watched.replicas {
                copies.way(master, *replica, Activity::Replicate, *at);
                let never = copies.out.facts.endpoints[*replica].tags.get("priority").is_some_and(|p| p == "0");
                if !never {
                    // Each of them may become the master of the others.
                    candidates.push((*replica, 1, *at));
                    copies.way(*replica, master, Activity::Replicate, *at);
                }
            }
            copies.primaries(group, &candidates, "Sentinel makes a replica the master only when the master is lost");
            if watched.replicas.is_empty() {
                let message =
                    format!("Sentinel finds the replicas of `{}` by itself, and this file names none yet", shorten(&name));
                let help = "add the file as Sentinel has rewritten it, or the redis.conf of each replica";
                copies.members_unknown(message, help, at, Touch::Endpoint(master));
            }
        }
    }
}

/// `<id> <ip:port@bus[,host]> <flags> <master> ...`.
pub(super) fn is_node(line: &Line) -> bool {
    line.len() >= 8
        && line[0].value.len() == 40
        && line[0].value.bytes().all(|b| b.is_ascii_hexdigit())
        && line[1].value.contains('@')
}

/// Masters share the slots out; each replica copies its master and may take its place.
pub(super) fn nodes(copies: &mut Copies<'_>, file: SourceId, lines: &[Vec<Spanned<String>>]) {
    let Some(first) = lines.iter().find(|l| is_node(l)) else { return };
    let own = copies.own(file);
    let cluster = copies.group("redis-cluster", &copies.input.sources.get(file).path.clone(), first[0].at(file));
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for line in lines.iter().filter(|l| is_node(l)) {
        let at = line[1].at(file);
        let flags = line[2].value.as_str();
        if flags.contains("noaddr") {
            continue;
        }
        let (address, names) = line[1].value.split_once(',').unwrap_or((&line[1].value, ""));
        let written = address.split('@').next().unwrap_or(address);
        let server = if flags.contains("myself") {
            copies.reached_by(own, written, at);
            Some(own)
        } else if written.starts_with(':') {
            // Only its name is known.
            copies.server_at(names.split(',').next().unwrap_or(""), None, at, Touch::Endpoint(own))
        } else {
            copies.server_at(written, Some(6379), at, Touch::Endpoint(own))
        };
        let Some(server) = server else { continue };
        by_id.insert(&line[0].value, server);
        all.push((server, flags.contains("slave") || flags.contains("replica"), line[3].value.as_str(), at));
    }
    for (server, is_replica, master, at) in &all {
        // A node that does not hold a key sends the client to the one that does.
        copies.member(cluster, *server, *at);
        if let Some(master) = by_id.get(master).filter(|_| *is_replica) {
            copies.way(*master, *server, Activity::Replicate, *at);
        }
    }
}
