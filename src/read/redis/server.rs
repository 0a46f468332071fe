//! `redis.conf`: whom a server follows, and how it is reached.

use super::known::{MODULES, WORDS};
use crate::model::Activity;
use crate::read::paths::{self, joined};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::source::{Location, SourceId, Spanned};

pub(super) fn read(
    copies: &mut Copies<'_>,
    clustered: &mut Vec<(usize, Location)>,
    file: SourceId,
    lines: &[Vec<Spanned<String>>],
) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let path = copies.input.sources.get(file).path.clone();
    // A port that cannot be read leaves an address that is reached on any.
    let port = lines.iter().rev().find(|l| l[0].value == "port").and_then(|l| l.get(1)?.value.parse::<u16>().ok());
    for line in lines {
        let word = line[0].value.to_ascii_lowercase();
        let at = |i: usize| line.get(i).map_or(line[0].at(file), |w| w.at(file));
        let text = |i: usize| line.get(i).map_or("", |w| w.value.as_str());
        copies.word(&WORDS, "redis.conf", &word, at(0), touch);
        match word.as_str() {
            "replicaof" | "slaveof" if !text(1).eq_ignore_ascii_case("no") => {
                if let Some(master) = copies.server_beside(text(1), text(2), at(2), at(1), touch) {
                    copies.way(master, own, Activity::Replicate, at(1));
                }
            }
            "bind" => {
                for (i, address) in line.iter().enumerate().skip(1) {
                    let address = address.value.trim_start_matches('-');
                    let written = match port {
                        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
                        Some(port) => format!("{address}:{port}"),
                        None => address.to_owned(),
                    };
                    if address != "*" {
                        copies.reached_by(own, &written, at(i));
                    }
                }
            }
            "replica-announce-ip" | "slave-announce-ip" | "cluster-announce-ip" | "cluster-announce-hostname" => {
                copies.reached_by(own, text(1), at(1));
            }
            "replica-priority" | "slave-priority" => {
                copies.out.facts.endpoints[own].tags.insert("priority".to_owned(), text(1).to_owned());
            }
            "cluster-enabled" if text(1).eq_ignore_ascii_case("yes") => clustered.push((own, at(1))),
            "loadmodule" => {
                let module = text(1).rsplit('/').next().unwrap_or("").trim_end_matches(".so");
                if !MODULES.contains(&module.to_ascii_lowercase().as_str()) {
                    copies.unfollowed(format!("what the module `{}` does is not known", shorten(module)), at(1), touch);
                }
            }
            "include" => {
                let folder = paths::folder(&path);
                let target = joined(folder, text(1));
                if target.is_none_or(|t| copies.input.sources.find(&t).is_none()) {
                    let message = format!("`{}` is included here and is not among the files", shorten(text(1)));
                    copies.gap("missing-include", message, "add that file to the project", at(1), touch);
                }
            }
            // Words in no table are gaps already.
            _ => {}
        }
    }
}

/// Nodes of a cluster know each other from a file that each of them writes.
pub(super) fn clusters(copies: &mut Copies<'_>, nodes: &[(usize, Location)]) {
    for (node, at) in nodes {
        let message =
            "the other nodes of this Redis cluster are not in this file, and replicas of its slots may be on any".to_owned();
        let help = "add the `nodes.conf` of a node, or the answer of `CLUSTER NODES`, as a file called nodes.conf beside it";
        copies.members_unknown(message, help, *at, Touch::Endpoint(*node));
    }
}
