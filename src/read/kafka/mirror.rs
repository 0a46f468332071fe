//! MirrorMaker 2 (documentation, "Geo-Replication": "Configuring replication flows") and Confluent's cluster links. A flow carries
//! only where `SOURCE->TARGET.enabled` says so; without `topics` it takes them all.

use std::collections::BTreeMap;

use super::known::WORDS;
use super::{cluster_of, flow};
use crate::model::{Activity, Role, Roles};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::Setting;
use crate::source::SourceId;

pub(super) fn read(copies: &mut Copies<'_>, file: SourceId, settings: &[Setting]) {
    let process = copies.own(file);
    copies.out.facts.endpoints[process].kind = "mirrormaker".to_owned();
    copies.out.facts.endpoints[process].roles = Roles::of(&[Role::Process]);
    // Of a key that stands twice the last one counts.
    let by_key: BTreeMap<&str, &Setting> = settings.iter().map(|s| (s.name(), s)).collect();
    let Some(clusters) = by_key.get("clusters") else { return };
    let aliases: Vec<String> = clusters.list().into_iter().map(|(alias, _)| alias).collect();
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for alias in &aliases {
        if let Some(servers) = by_key.get(format!("{alias}.bootstrap.servers").as_str()) {
            groups.insert(alias, cluster_of(copies, alias, servers, Touch::Endpoint(process)));
        } else {
            let message =
                format!("the cluster `{}` has no `bootstrap.servers`, so where it stands is not known", shorten(alias));
            let help = format!("add `{alias}.bootstrap.servers`");
            groups.insert(alias, copies.group("kafka-cluster", alias, clusters.at()));
            copies.gap("unusable-target", message, &help, clusters.at(), Touch::Endpoint(groups[alias.as_str()]));
        }
    }
    for (key, setting) in &by_key {
        let (pair, word) = split(key, &aliases);
        let touch = Touch::Tree;
        if let Some((source, target)) = key.split_once("->").filter(|_| pair.is_none()) {
            let target = target.split('.').next().unwrap_or(target);
            let message = format!("`{}->{}` names a cluster that `clusters` does not", shorten(source), shorten(target));
            copies.gap("undefined-name", message, "correct the name, or add it to `clusters`", setting.key_at(), touch);
            continue;
        }
        copies.dotted(&WORDS, "MirrorMaker 2", word, setting.key_at(), touch);
        let Some((source, target)) = pair.filter(|_| word == "enabled") else { continue };
        let (Some(from), Some(to)) = (groups.get(source), groups.get(target)) else { continue };
        if !setting.text().eq_ignore_ascii_case("true") {
            if !setting.text().eq_ignore_ascii_case("false") {
                copies.no_target(setting.text(), "is neither `true` nor `false`", setting.at(), touch);
            }
            continue;
        }
        let topics = by_key.get(format!("{source}->{target}.topics").as_str()).or_else(|| by_key.get("topics"));
        if topics.is_some_and(|t| t.text().is_empty()) {
            continue;
        }
        let what = topics.map_or("all topics".to_owned(), |t| format!("topics that match `{}`", shorten(t.text())));
        let at = topics.map_or(setting.at(), |t| t.at());
        let through = flow(copies, "mirrormaker-flow", format!("{source}->{target}"), process, setting.key_at());
        copies.route(*from, through, Activity::Forward, setting.at(), |r| r.condition = Some(what.clone()));
        copies.route(through, *to, Activity::Replicate, at, |r| r.condition = Some(what.clone()));
    }
}

/// The pair of clusters that a key is about, and the word behind it.
fn split<'a>(key: &'a str, aliases: &'a [String]) -> (Option<(&'a str, &'a str)>, &'a str) {
    for source in aliases {
        let Some(rest) = key.strip_prefix(source.as_str()) else { continue };
        if let Some(word) = rest.strip_prefix('.') {
            return (None, word);
        }
        let Some(rest) = rest.strip_prefix("->") else { continue };
        for target in aliases {
            if let Some(word) = rest.strip_prefix(target.as_str()).and_then(|r| r.strip_prefix('.')) {
                return (Some((source, target)), word);
            }
        }
    }
    (None, key)
}

/// A link copies topics of the cluster that `bootstrap.servers` names to the cluster on which the link is made, whose name no
/// file holds.
pub(super) fn link(copies: &mut Copies<'_>, file: SourceId, settings: &[Setting]) {
    let here = copies.own(file);
    copies.out.facts.endpoints[here].kind = "kafka-linked-cluster".to_owned();
    let mode = settings.iter().rev().find(|s| s.name() == "link.mode").map_or("DESTINATION", |s| s.text());
    let both = mode.eq_ignore_ascii_case("bidirectional");
    for setting in settings {
        copies.dotted(&WORDS, "cluster link", setting.name(), setting.key_at(), Touch::Endpoint(here));
        if setting.name() != "bootstrap.servers" {
            continue;
        }
        let far = cluster_of(copies, setting.text(), setting, Touch::Endpoint(here));
        if both || !mode.eq_ignore_ascii_case("source") {
            copies.way(far, here, Activity::Replicate, setting.at());
        }
        if both || mode.eq_ignore_ascii_case("source") {
            copies.way(here, far, Activity::Replicate, setting.at());
        }
    }
}
