//! Channels of replication, and tables that stand at another server ("CHANGE REPLICATION SOURCE TO Statement", "FEDERATED").

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Activity, RouteRole, Spill};
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::split_url;
use crate::read::proxy::shorten;
use crate::read::replicas::sql::{Sort, Statement, Word, statements};
use crate::read::replicas::{Copies, hours};
use crate::source::{Location, SourceId};

/// What the statements of one channel say together.
#[derive(Default)]
struct Channel {
    host: Option<(String, Location)>,
    port: Option<(String, Location)>,
    delay: Option<(String, Location)>,
}

/// What the statements of one file say of each other.
#[derive(Default)]
struct Found {
    channels: BTreeMap<String, Channel>,
    /// Objects that say where a server stands, and tables that name one.
    servers: BTreeSet<String>,
    stored_at: Vec<(String, Location)>,
}

pub(super) fn read(copies: &mut Copies<'_>, file: SourceId, text: &str) {
    let mut found = Found::default();
    statements(text, file, |statement| one(copies, &mut found, file, &statement));
    for (name, at) in found.stored_at.iter().filter(|(name, _)| !found.servers.contains(name)) {
        let own = copies.own(file);
        let message = format!("the rows of this table are at the server `{}`, which is not declared here", shorten(name));
        copies.unfollowed(message, *at, Touch::Endpoint(own));
    }
    for (name, channel) in found.channels {
        // Without a host it keeps the one that it has, which an earlier statement told.
        let Some((host, at)) = channel.host else { continue };
        let own = copies.own(file);
        let touch = Touch::Endpoint(own);
        let port = channel.port.unwrap_or_else(|| ("3306".to_owned(), at));
        let Some(source) = copies.server_beside(&host, &port.0, port.1, at, touch) else { continue };
        copies.route(source, own, Activity::Replicate, at, |route| {
            route.condition = (!name.is_empty()).then(|| format!("channel {}", shorten(&name)));
        });
        let delay = channel.delay.and_then(|(delay, at)| copies.number::<u64>(&delay, at, touch));
        if let Some(delay) = delay.filter(|d| *d > 0) {
            copies.out.facts.endpoints[own].attributes.max_age_hours = Some(hours(delay));
        }
    }
}

/// The first word of each argument of a call, and whether the argument is that word alone.
fn arguments(statement: &Statement<'_>) -> Vec<(usize, bool)> {
    let Some(open) = statement.words.iter().position(|w| w.is("(")) else { return Vec::new() };
    let (mut depth, mut start, mut all) = (0_usize, open + 1, Vec::new());
    for (i, word) in statement.words.iter().enumerate().skip(start) {
        let ends = word.is(")") && depth == 0;
        if ends || (word.is(",") && depth == 0) {
            all.push((start, i == start + 1));
            start = i + 1;
        }
        if ends {
            break;
        }
        depth = if word.is("(") { depth + 1 } else { depth - usize::from(word.is(")")) };
    }
    all
}

/// The server at the host that is argument `nth` of a call, and the port behind it.
fn called(copies: &mut Copies<'_>, statement: &Statement<'_>, nth: usize, touch: Touch) -> Option<(usize, Location)> {
    let all = arguments(statement);
    let text = |n: usize| all.get(n).filter(|(_, alone)| *alone).and_then(|(i, _)| statement.word(*i));
    let at = statement.at(all.get(nth).map_or(0, |(i, _)| *i));
    let Some(host) = text(nth).filter(|w| w.sort == Sort::Text) else {
        copies.no_target(&statement.words[0].text, "names no host here", at, touch);
        return None;
    };
    let port_at = statement.at(all.get(nth + 1).map_or(0, |(i, _)| *i));
    let port = text(nth + 1).map_or("an expression", |w| w.text.as_ref());
    copies.server_beside(&host.text, port, port_at, at, touch).map(|server| (server, at))
}

fn one(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, statement: &Statement<'_>) {
    copies.cut(statement);
    let maria = statement.starts("change master");
    if maria || statement.starts("change replication source to") {
        // `CHANGE MASTER 'name' TO` of MariaDB, `... FOR CHANNEL 'name'` of MySQL.
        let named = statement.word(2).filter(|w| maria && w.sort != Sort::Sign && !w.is("to"));
        let named = named.map(|w| w.text.to_string());
        let channel = named.or_else(|| statement.value("for channel").map(|(w, _)| w.text.to_string())).unwrap_or_default();
        let channel = found.channels.entry(channel).or_default();
        let value = |a: &str, b: &str| statement.value(a).or_else(|| statement.value(b));
        if let Some((host, at)) = value("source_host", "master_host") {
            // A variable or an expression is no host, which the gap about it says.
            let host = if host.sort == Sort::Text { host.text.to_string() } else { format!("{}()", host.text) };
            channel.host = Some((host, at)).filter(|(h, _)| !h.is_empty());
        }
        let told = |(word, at): (&Word<'_>, Location)| (word.text.to_string(), at);
        channel.port = value("source_port", "master_port").map(told).or(channel.port.take());
        channel.delay = value("source_delay", "master_delay").map(told).or(channel.delay.take());
        return;
    }
    let first = statement.word(0);
    if !["call", "select", "create", "clone"].iter().any(|w| first.is_some_and(|f| f.is(w))) {
        return;
    }
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let call = |name: &str| (0..statement.words.len().min(6)).any(|i| statement.words[i].is(name));
    if [
        "rds_set_external_master",
        "rds_set_external_source",
        "rds_set_external_master_with_auto_position",
        "rds_set_external_source_with_gtid_auto_position",
        "az_replication_change_master",
    ]
    .iter()
    .any(|name| call(name))
    {
        // (host, port, user, password, ...)
        if let Some((source, at)) = called(copies, statement, 0, touch) {
            copies.way(source, own, Activity::Replicate, at);
        }
    } else if call("asynchronous_connection_failover_add_source") {
        // (channel, host, port, network namespace, weight)
        if let Some((source, at)) = called(copies, statement, 1, touch) {
            copies.route(source, own, Activity::Replicate, at, |route| {
                route.role = RouteRole::Failover;
                route.spill = Spill::Failure("the channel takes another source when its own one is lost".to_owned());
            });
        }
    } else if call("asynchronous_connection_failover_add_managed") {
        let message = "the sources of this channel are the members of a group that only the servers know".to_owned();
        copies.members_unknown(message, "add the option files of the group's members", statement.at(0), touch);
    } else if statement.starts("create table") {
        let engine = statement.value("engine").map(|(w, _)| w.text.to_ascii_lowercase());
        if !matches!(engine.as_deref(), Some("federated" | "connect" | "spider")) {
            return;
        }
        let Some((target, at)) = statement.value("connection").map(|(w, at)| (w.text.to_string(), at)) else {
            return copies.unfollowed(
                "this table stands at another server, which is not named here".to_owned(),
                statement.at(2),
                touch,
            );
        };
        if target.contains("://") {
            let (_, host) = split_url(&target);
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_owned();
            both_ways(copies, own, &host, at);
        } else {
            // `server/table`: the name of a server object, which says its host itself.
            found.stored_at.push((target.split('/').next().unwrap_or(&target).to_ascii_lowercase(), at));
        }
    } else if statement.starts("create server") || statement.starts("create or replace server") {
        if let Some(name) = statement.after("server").and_then(|at| statement.path(statement.skip_if(at))) {
            found.servers.insert(name.0.to_ascii_lowercase());
        }
        match statement.value("host").map(|(w, at)| (w.text.to_string(), at)) {
            Some((host, at)) => both_ways(copies, own, &host, at),
            None => copies.unfollowed("where this server stands is not told".to_owned(), statement.at(2), touch),
        }
    } else if statement.starts("clone instance from") {
        // user@host:port
        let at = (3..statement.words.len()).find(|i| statement.words[*i].text.contains('@') || statement.words[*i].is("@"));
        let host =
            at.and_then(|i| statement.words[i].text.rsplit_once('@').map(|(_, h)| h.to_owned()).filter(|h| !h.is_empty()));
        let host = host.or_else(|| at.and_then(|i| statement.word(i + 1)).map(|w| w.text.to_string()));
        let Some((host, i)) = host.zip(at) else {
            return copies.no_target("CLONE INSTANCE FROM", "names no host here", statement.at(0), touch);
        };
        let port = statement.words.iter().skip(i).position(|w| w.is(":")).map(|colon| i + colon + 1);
        let (port, port_at) = match port.and_then(|p| statement.word(p).zip(Some(statement.at(p)))) {
            Some((port, at)) => (port.text.to_string(), at),
            None => (String::new(), statement.at(i)),
        };
        if let Some(donor) = copies.server_beside(&host, &port, port_at, statement.at(i), touch) {
            copies.way(donor, own, Activity::Replicate, statement.at(i));
        }
    }
}

fn both_ways(copies: &mut Copies<'_>, own: usize, host: &str, at: Location) {
    if let Some(far) = copies.server_at(host, Some(3306), at, Touch::Endpoint(own)) {
        copies.way(own, far, Activity::Forward, at);
        copies.way(far, own, Activity::Forward, at);
    }
}
