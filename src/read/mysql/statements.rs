//! Channels of replication, and tables that stand at another server ("CHANGE REPLICATION SOURCE TO Statement", "FEDERATED").

use std::collections::BTreeMap;

use crate::model::{Activity, RouteRole, Spill};
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::split_url;
use crate::read::proxy::shorten;
use crate::read::replicas::sql::{Sort, Statement, statements};
use crate::read::replicas::{Copies, hours};
use crate::source::{Location, SourceId};

/// What the statements of one channel say together.
#[derive(Default)]
struct Channel {
    host: Option<(String, Location)>,
    port: Option<u16>,
    delay: u64,
}

pub(super) fn read(copies: &mut Copies<'_>, file: SourceId, text: &str) {
    let mut channels: BTreeMap<String, Channel> = BTreeMap::new();
    statements(text, file, |statement| one(copies, &mut channels, file, &statement));
    for (name, channel) in channels {
        let Some((host, at)) = channel.host else { continue };
        let own = copies.own(file);
        let Some(source) = copies.server_at(&host, channel.port.or(Some(3306)), at, Touch::Endpoint(own)) else { continue };
        copies.route(source, own, Activity::Replicate, at, |route| {
            route.condition = (!name.is_empty()).then(|| format!("channel {}", shorten(&name)));
        });
        if channel.delay > 0 {
            copies.out.facts.endpoints[own].attributes.max_age_hours = Some(hours(channel.delay));
        }
    }
}

fn one(copies: &mut Copies<'_>, channels: &mut BTreeMap<String, Channel>, file: SourceId, statement: &Statement<'_>) {
    copies.cut(statement);
    let maria = statement.starts("change master");
    if maria || statement.starts("change replication source to") {
        // `CHANGE MASTER 'name' TO` of MariaDB, `... FOR CHANNEL 'name'` of MySQL.
        let named = statement.word(2).filter(|w| maria && w.sort != Sort::Sign && !w.is("to"));
        let named = named.map(|w| w.text.to_string());
        let channel = named.or_else(|| statement.value("for channel").map(|(w, _)| w.text.to_string())).unwrap_or_default();
        let channel = channels.entry(channel).or_default();
        let value = |a: &str, b: &str| statement.value(a).or_else(|| statement.value(b));
        if let Some((host, at)) = value("source_host", "master_host") {
            channel.host = Some((host.text.to_string(), at)).filter(|(h, _)| !h.is_empty());
        }
        if let Some((port, _)) = value("source_port", "master_port") {
            channel.port = port.text.parse().ok();
        }
        if let Some((delay, _)) = value("source_delay", "master_delay") {
            channel.delay = delay.text.parse().unwrap_or(0);
        }
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
        // The first text is the host, the first number behind it the port.
        let Some(i) = statement.words.iter().position(|w| w.sort == Sort::Text) else { return };
        let port = statement.words.iter().skip(i).find_map(|w| w.text.parse().ok().filter(|_| w.sort == Sort::Word));
        let host = statement.words[i].text.to_string();
        if let Some(source) = copies.server_at(&host, port.or(Some(3306)), statement.at(i), touch) {
            copies.way(source, own, Activity::Replicate, statement.at(i));
        }
    } else if call("asynchronous_connection_failover_add_source") {
        // (channel, host, port, network namespace, weight)
        let texts: Vec<(usize, String)> = statement
            .words
            .iter()
            .enumerate()
            .filter(|(_, w)| w.sort == Sort::Text)
            .map(|(i, w)| (i, w.text.to_string()))
            .collect();
        let Some((i, host)) = texts.get(1).cloned() else { return };
        let port = statement.words.iter().skip(i).find_map(|w| w.text.parse().ok().filter(|_| w.sort == Sort::Word));
        if let Some(source) = copies.server_at(&host, port.or(Some(3306)), statement.at(i), touch) {
            copies.route(source, own, Activity::Replicate, statement.at(i), |route| {
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
        // Else the name of a server object, which says its host itself.
        if target.contains("://") {
            let (_, host) = split_url(&target);
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_owned();
            both_ways(copies, own, &host, at);
        }
    } else if statement.starts("create server") || statement.starts("create or replace server") {
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
        if let Some((host, i)) = host.zip(at)
            && let Some(donor) = copies.server_at(&host, Some(3306), statement.at(i), touch)
        {
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
