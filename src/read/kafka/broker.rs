//! Brokers (documentation, "Broker Configs"): who is reached by which listeners, in which rack, and where older segments are kept.
//! Replicas of a partition may be on any broker: racks spread them and keep none away.

use std::collections::BTreeMap;

use super::known::WORDS;
use crate::model::Activity;
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::Setting;
use crate::read::replicas::store::About;
use crate::source::{SourceId, Spanned};

/// What brokers of one cluster have in common.
pub(super) fn cluster(settings: &[Setting]) -> Option<String> {
    let value = |key: &str| settings.iter().rev().find(|s| s.name() == key).map(|s| s.text().replace(' ', ""));
    ["controller.quorum.voters", "controller.quorum.bootstrap.servers", "zookeeper.connect"]
        .iter()
        .find_map(|key| value(key).filter(|v| !v.is_empty()))
}

pub(super) fn read(copies: &mut Copies<'_>, files: &[(SourceId, Vec<Setting>)]) {
    let Some((_, first)) = files.first() else { return };
    let name = cluster(first).unwrap_or_else(|| "cluster".to_owned());
    let at = first.iter().find(|s| s.text().replace(' ', "") == name).or(first.first()).map(Setting::at);
    let Some(at) = at else { return };
    let mut members = Vec::new();
    for (file, settings) in files {
        let by_key: BTreeMap<&str, &Setting> = settings.iter().map(|s| (s.name(), s)).collect();
        let value = |key: &str| by_key.get(key).copied().filter(|s| !s.text().is_empty());
        let broker = copies.own(*file);
        for setting in by_key.values() {
            copies.dotted(&WORDS, "broker", setting.name(), setting.key_at(), Touch::Endpoint(broker));
        }
        // One that names no listener is known by what others name it by.
        for (listener, place) in
            value("advertised.listeners").or_else(|| value("listeners")).map(Setting::list).unwrap_or_default()
        {
            let host = listener.split_once("://").map_or(listener.as_str(), |(_, rest)| rest);
            // Without a host: every address of the machine.
            if !host.starts_with(':') {
                copies.reached_by(broker, host, place);
            }
        }
        if let Some(rack) = value("broker.rack") {
            let provider = copies.told(*file).provider.clone();
            let fact = &mut copies.out.facts.endpoints[broker];
            fact.tags.insert("rack".to_owned(), rack.text().to_owned());
            let span = rack.value.span;
            fact.site_hints.push(Spanned::new(rack.text().to_owned(), span));
            if provider.is_some() && fact.region.is_none() {
                fact.zone = Some(Spanned::new(rack.text().to_owned(), span));
            }
        }
        tiers(copies, broker, &by_key);
        // A controller alone keeps no records.
        let roles = value("process.roles").map(|r| r.text().contains("broker"));
        if roles != Some(false) {
            members.push((broker, settings));
        }
    }
    let group = copies.group("kafka-cluster", &name, at);
    for (broker, settings) in &members {
        let place = settings.iter().find(|s| matches!(s.name(), "node.id" | "broker.id")).map_or(at, Setting::at);
        copies.member(group, *broker, place);
    }
    let single = |s: &[Setting]| s.iter().any(|s| s.name() == "offsets.topic.replication.factor" && s.text() == "1");
    if let [(broker, settings)] = members.as_slice()
        && !single(settings)
    {
        let message = "the other brokers of this cluster were not read, and any of them may hold copies".to_owned();
        copies.members_unknown(message, "add the `server.properties` of every broker", at, Touch::Endpoint(*broker));
    }
}

/// Older segments in a store of their own: KIP-405 with a plugin, and Confluent's tiered storage.
fn tiers(copies: &mut Copies<'_>, broker: usize, by_key: &BTreeMap<&str, &Setting>) {
    let on = |key: &str| by_key.get(key).filter(|s| s.text().eq_ignore_ascii_case("true")).copied();
    let Some(switch) = on("remote.log.storage.system.enable").or_else(|| on("confluent.tier.feature")) else { return };
    let find = |end: &str| by_key.iter().find(|(key, _)| key.ends_with(end)).map(|(_, s)| *s).filter(|s| !s.text().is_empty());
    let region = find("s3.region").map(|s| (s.text().to_owned(), s.at()));
    let about = About { endpoint: find("s3.endpoint.url").map(|s| s.text().to_owned()), region };
    let buckets = [("s3.bucket.name", "s3"), ("tier.s3.bucket", "s3"), ("gcs.bucket.name", "gs"), ("tier.gcs.bucket", "gs")];
    let found = buckets.iter().find_map(|(key, scheme)| Some((find(key)?, *scheme)));
    if let Some((bucket, scheme)) = found {
        let url = format!("{scheme}://{}", bucket.text());
        if let Some(store) = copies.store(&url, &about, broker, bucket.at(), Touch::Endpoint(broker)) {
            copies.way(broker, store, Activity::Replicate, bucket.at());
        }
    } else {
        let message = format!("`{}` moves older records to a store that is not followed", shorten(switch.name()));
        copies.unfollowed(message, switch.key_at(), Touch::Endpoint(broker));
    }
}
