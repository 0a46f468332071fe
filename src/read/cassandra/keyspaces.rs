//! Keyspaces: which data centres hold the rows (CQL, "CREATE KEYSPACE").

use std::collections::BTreeMap;

use super::Sort;
use super::nodes::Nodes;
use crate::model::Activity;
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::sql::{Sort as WordSort, Statement, statements};
use crate::source::{Location, SourceId};

/// Keyspaces of the server itself hold no data of users.
const OWN: &[&str] =
    &["system", "system_schema", "system_auth", "system_distributed", "system_traces", "system_views", "system_virtual_schema"];

/// What `replication = {...}` says.
struct Replication {
    class: String,
    /// Data centre, number of replicas as written, and its place.
    centres: Vec<(String, String, Location)>,
    at: Location,
}

pub(super) fn read(copies: &mut Copies<'_>, nodes: &mut Nodes, files: &[(SourceId, Sort)]) -> Vec<(usize, Location)> {
    // Of a keyspace that is altered the last word counts.
    let mut all: BTreeMap<String, (Replication, Location)> = BTreeMap::new();
    let sources = copies.input.sources;
    for (id, _) in files.iter().filter(|(_, sort)| *sort == Sort::Keyspaces) {
        statements(&sources.get(*id).text, *id, |statement| {
            copies.cut(&statement);
            let create = statement.starts("create keyspace");
            if !create && !statement.starts("alter keyspace") {
                if statement.starts("drop keyspace")
                    && let Some((name, _)) = statement.path(statement.skip_if(2))
                {
                    all.remove(&name);
                }
                return;
            }
            let at = statement.skip_if(2);
            let Some((name, _)) = statement.path(at).filter(|(n, _)| !OWN.contains(&n.as_str())) else { return };
            match replication(&statement) {
                Some(found) => _ = all.insert(name, (found, statement.at(at))),
                None if create => {
                    let found = Replication { class: String::new(), centres: Vec::new(), at: statement.at(at) };
                    all.insert(name, (found, statement.at(at)));
                }
                None => {}
            }
        });
    }
    let mut keyspaces = Vec::new();
    for (name, (replication, at)) in all {
        let keyspace = copies.group("cassandra-keyspace", &name, at);
        let class = replication.class.rsplit('.').next().unwrap_or("");
        if class != "NetworkTopologyStrategy" {
            let message = match class {
                "SimpleStrategy" => {
                    format!("`SimpleStrategy` keeps the rows of `{}` on any node of the cluster", shorten(&name))
                }
                _ => format!("where the rows of `{}` are kept is not told by `{}`", shorten(&name), shorten(class)),
            };
            let help = "use `NetworkTopologyStrategy` with the data centres that may hold them";
            copies.gap("members-not-read", message, help, replication.at, Touch::Endpoint(keyspace));
            for node in nodes.known() {
                copies.way(keyspace, node, Activity::Replicate, replication.at);
            }
        }
        for (centre, count, place) in &replication.centres {
            if centre == "replication_factor" {
                if class == "NetworkTopologyStrategy" {
                    let message =
                        "`replication_factor` keeps rows in every data centre, and which there are is not told".to_owned();
                    let help = "name the data centres, each with its number of replicas";
                    copies.gap("members-not-read", message, help, *place, Touch::Endpoint(keyspace));
                }
                continue;
            }
            if count == "0" {
                continue;
            }
            let to = nodes.centre(copies, centre, *place);
            copies.route(keyspace, to, Activity::Replicate, *place, |r| r.condition = Some(format!("replicas: {count}")));
        }
        keyspaces.push((keyspace, at));
    }
    keyspaces
}

fn replication(statement: &Statement<'_>) -> Option<Replication> {
    let mut at = statement.after("replication")?;
    while statement.word(at).is_some_and(|w| w.is("=")) {
        at += 1;
    }
    let mut found = Replication { class: String::new(), centres: Vec::new(), at: statement.at(at) };
    if !statement.word(at).is_some_and(|w| w.is("{")) {
        return None;
    }
    at += 1;
    // 'key' : 'value' , ...
    while let (Some(key), Some(value)) = (statement.word(at), statement.word(at + 2))
        && !key.is("}")
    {
        let plain = |w: &crate::read::replicas::sql::Word<'_>| w.sort != WordSort::Sign;
        if !plain(key) || !plain(value) || !statement.word(at + 1).is_some_and(|w| w.is(":")) {
            break;
        }
        if key.text == "class" {
            found.class = value.text.clone().into_owned();
            found.at = statement.at(at + 2);
        } else {
            found.centres.push((key.text.clone().into_owned(), value.text.clone().into_owned(), statement.at(at)));
        }
        at += 3;
        if statement.word(at).is_some_and(|w| w.is(",")) {
            at += 1;
        }
    }
    Some(found)
}
