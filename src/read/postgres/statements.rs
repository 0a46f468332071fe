//! SQL that copies data between servers: publications, subscriptions, foreign servers ("Logical Replication", "postgres_fdw").

use super::Found;
use crate::model::{Activity, RouteRole, Spill};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::hosts_of;
use crate::read::replicas::sql::{Statement, statements};
use crate::source::SourceId;

/// Functions of extensions that copy data by rules of their own.
const EXTENSIONS: &[&str] = &["pglogical", "bdr", "spock", "citus_add_node", "master_add_node", "create_distributed_table"];

pub(super) fn read(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, text: &str) {
    statements(text, file, |statement| one(copies, found, file, &statement));
}

fn one(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, statement: &Statement<'_>) {
    copies.cut(statement);
    let create = statement.starts("create subscription");
    if create || statement.starts("alter subscription") {
        subscription(copies, found, file, statement, create);
    } else if statement.starts("create publication") {
        if let Some((name, _)) = statement.path(2) {
            let own = copies.own(file);
            found.publications.push((name, own, statement.at(2)));
        }
    } else if statement.starts("create server") || statement.starts("alter server") {
        foreign(copies, file, statement);
    } else if statement.starts("copy") && statement.after("to program").is_some() {
        let own = copies.own(file);
        copies.unfollowed("`COPY ... TO PROGRAM` hands rows to a program".to_owned(), statement.at(0), Touch::Endpoint(own));
    } else if statement.starts("select") || statement.starts("call") || statement.starts("perform") {
        let Some(at) = (1..statement.words.len().min(40)).find(|i| EXTENSIONS.iter().any(|e| statement.words[*i].is(e))) else {
            return dblink(copies, file, statement);
        };
        let own = copies.own(file);
        let named = statement.texts().filter(|(text, _)| text.contains("host"));
        let mut hosts: Vec<_> = named.flat_map(|(text, at)| hosts_of(text).into_iter().map(move |h| (h, at))).collect();
        if !statement.words.iter().any(|w| w.is("create_subscription")) {
            hosts.clear();
        }
        for (host, at) in &hosts {
            if let Some(far) = copies.server_at(host, Some(5432), *at, Touch::Endpoint(own)) {
                copies.way(far, own, Activity::Replicate, *at);
            }
        }
        if hosts.is_empty() {
            let message = format!("`{}` copies data by rules of its own", shorten(&statement.words[at].text));
            copies.unfollowed(message, statement.at(at), Touch::Endpoint(own));
        }
    }
}

/// Changes come from the publisher to the database that runs this SQL.
fn subscription(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, statement: &Statement<'_>, create: bool) {
    let own = copies.own(file);
    let name = statement.path(2).map(|(name, _)| name).unwrap_or_default();
    if let Some(at) = statement.after("publication") {
        found.subscribed.extend(statement.names(at).into_iter().map(|(name, _)| name));
    }
    let Some((info, at)) = statement.value("connection").map(|(w, at)| (w.text.clone().into_owned(), at)) else {
        if create {
            let message = format!("the subscription `{}` names its publisher by a server object", shorten(&name));
            copies.unfollowed(message, statement.at(2), Touch::Endpoint(own));
        }
        return;
    };
    let off = statement.value("enabled").is_some_and(|(w, _)| w.text.eq_ignore_ascii_case("false"));
    let hosts = hosts_of(&info);
    if hosts.is_empty() {
        copies.no_target(&info, "names no host", at, Touch::Endpoint(own));
    }
    for host in hosts {
        let Some(far) = copies.server_at(&host, Some(5432), at, Touch::Endpoint(own)) else { continue };
        copies.route(far, own, Activity::Replicate, at, |route| {
            route.condition = Some(format!("by the subscription {}", shorten(&name)));
            if off {
                route.role = RouteRole::Manual;
                route.spill = Spill::Manual("the subscription is not enabled".to_owned());
            }
        });
    }
}

/// Rows of foreign tables are read from and written to the far server.
fn foreign(copies: &mut Copies<'_>, file: SourceId, statement: &Statement<'_>) {
    let own = copies.own(file);
    let Some((host, at)) = statement.value("host").map(|(w, at)| (w.text.clone().into_owned(), at)) else {
        if statement.starts("create server") && statement.after("foreign data wrapper").is_some() {
            let local = ["file_fdw", "cstore_fdw", "parquet_fdw"];
            let wrapper =
                statement.after("foreign data wrapper").and_then(|at| statement.path(at)).map(|(n, _)| n).unwrap_or_default();
            if !local.contains(&wrapper.as_str()) {
                let message = format!("where the foreign server of `{}` stands is not told", shorten(&wrapper));
                copies.unfollowed(message, statement.at(2), Touch::Endpoint(own));
            }
        }
        return;
    };
    let (port, port_at) = statement.value("port").map_or(("5432".into(), at), |(w, at)| (w.text.clone(), at));
    if let Some(far) = copies.server_beside(&host, &port, port_at, at, Touch::Endpoint(own)) {
        copies.way(own, far, Activity::Forward, at);
        copies.way(far, own, Activity::Forward, at);
    }
}

/// `dblink('host=...', ...)`.
fn dblink(copies: &mut Copies<'_>, file: SourceId, statement: &Statement<'_>) {
    if !statement.words.iter().take(200).any(|w| ["dblink", "dblink_connect", "dblink_exec"].iter().any(|f| w.is(f))) {
        return;
    }
    let own = copies.own(file);
    let targets: Vec<_> =
        statement.texts().flat_map(|(text, at)| hosts_of(text).into_iter().map(move |host| (host, at))).collect();
    // A string that names a database and no host leads to this machine.
    if targets.is_empty() && !statement.texts().any(|(text, _)| text.contains("dbname")) {
        let message = "`dblink` goes by a connection or a server object that is not told here".to_owned();
        copies.unfollowed(message, statement.at(0), Touch::Endpoint(own));
    }
    for (host, at) in targets {
        if let Some(far) = copies.server_at(&host, Some(5432), at, Touch::Endpoint(own)) {
            copies.way(own, far, Activity::Forward, at);
            copies.way(far, own, Activity::Forward, at);
        }
    }
}
