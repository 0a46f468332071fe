//! Option files: addresses, groups, Galera clusters ("Group Replication System Variables"; Galera, "wsrep_cluster_address").

use std::collections::BTreeMap;

use super::known::{PLUGINS, WORDS};
use crate::read::paths::{self, joined};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::{Setting, parts};
use crate::source::{Location, SourceId, Spanned};

/// Whether a section is about a server: `mysqld`, `mysqld2`, `mariadb-10.11`, `galera`.
pub(super) fn is_server(section: &str) -> bool {
    let plain = section.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    matches!(plain, "mysqld" | "server" | "mariadb" | "mariadbd" | "galera" | "mysqld_safe" | "mysqld_multi")
}

pub(super) fn read(copies: &mut Copies<'_>, file: SourceId, settings: &[Setting]) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let path = copies.input.sources.get(file).path.clone();
    let mut by_name: BTreeMap<String, &Setting> = BTreeMap::new();
    for setting in settings {
        if setting.name().starts_with('!') {
            let folder = paths::folder(&path);
            let target = joined(folder, setting.text());
            let known = target.is_some_and(|t| setting.name() == "!includedir" || copies.input.sources.find(&t).is_some());
            if !known {
                let message = format!("`{}` is included here and is not among the files", shorten(setting.text()));
                copies.gap("missing-include", message, "add its files to the project", setting.at(), touch);
            }
            continue;
        }
        if !is_server(&setting.section) || setting.section.starts_with("mysqld_") {
            continue;
        }
        // `loose-x` is x where the server knows it; `_` and `-` are the same.
        let name = setting.name().replace('-', "_").to_ascii_lowercase();
        let name = name.strip_prefix("loose_").unwrap_or(&name).to_owned();
        let plain = name.strip_prefix("skip_").filter(|_| WORDS.effect("mysqld", &name).is_none()).unwrap_or(&name).to_owned();
        copies.dotted(&WORDS, "mysqld", &plain, setting.key_at(), touch);
        by_name.insert(name, setting);
    }
    let value = |key: &str| by_name.get(key).copied().filter(|s| !s.text().is_empty());
    for key in ["bind_address", "report_host", "wsrep_node_address", "group_replication_local_address"] {
        for part in value(key).map(|s| parts(&s.value)).unwrap_or_default() {
            let at = part.at(file);
            if !matches!(part.value.as_str(), "*" | "AUTO" | "%") {
                copies.reached_by(own, host_of(&part.value), at);
            }
        }
    }
    if let Some(cluster) = value("wsrep_cluster_address") {
        let list = cluster.text().strip_prefix("gcomm://").unwrap_or(cluster.text());
        let list = list.split('?').next().unwrap_or(list);
        let name = value("wsrep_cluster_name").map_or("galera", |n| n.text());
        let group = copies.group("galera-cluster", name, cluster.at());
        copies.member(group, own, cluster.at());
        members(copies, group, own, list, 4567, cluster);
        if list.trim().is_empty() {
            let message =
                "the other nodes of this Galera cluster are not in this file, and each of them holds a copy".to_owned();
            let help = "add the option files of the other nodes, which name theirs in `wsrep_cluster_address`";
            copies.members_unknown(message, help, cluster.at(), touch);
        }
    }
    if let Some(seeds) = value("group_replication_group_seeds") {
        let name = value("group_replication_group_name").map_or("group", |n| n.text());
        let group = copies.group("mysql-group", name, seeds.at());
        copies.member(group, own, seeds.at());
        members(copies, group, own, seeds.text(), 33061, seeds);
        // Each member of a group may become the primary, by its weight.
        let weight = value("group_replication_member_weight");
        let weight = weight.and_then(|w| copies.number::<u32>(w.text(), w.at(), touch)).unwrap_or(50).min(100);
        copies.out.facts.endpoints[own].attributes.other.insert("member-weight".to_owned(), weight.to_string());
    } else if let Some(name) = value("group_replication_group_name") {
        let message = "the other members of this group are not in this file, and each of them holds a copy".to_owned();
        let help = "add `group_replication_group_seeds`";
        copies.members_unknown(message, help, name.at(), touch);
    }
    for key in ["plugin_load", "plugin_load_add", "early_plugin_load"] {
        for part in value(key).map(|s| parts(&s.value)).unwrap_or_default() {
            let library = part.value.rsplit('=').next().unwrap_or(&part.value);
            let library = library.trim_end_matches(".so").trim_end_matches(".dll");
            if !PLUGINS.contains(&library) {
                let at = part.at(file);
                copies.unfollowed(format!("what the plugin `{}` does is not known", shorten(library)), at, touch);
            }
        }
    }
    if let Some(donors) = value("clone_valid_donor_list") {
        for part in parts(&donors.value) {
            if let Some(donor) = copies.server_at(&part.value, Some(3306), part.at(file), touch) {
                copies.way(donor, own, crate::model::Activity::Replicate, part.at(file));
            }
        }
    }
    if let Some(sql) = value("init_file") {
        let message = format!("`{}` is run at each start, and what it says was not read here", shorten(sql.text()));
        copies.gap("setting-not-read", message, "add that file to the project as .sql", sql.at(), touch);
    }
}

fn members(copies: &mut Copies<'_>, group: usize, own: usize, list: &str, port: u16, setting: &Setting) {
    let start = setting.text().find(list).unwrap_or(0);
    let from = setting.value.span.start as usize + start;
    let written = Spanned::new(list.to_owned(), crate::source::Span::new(from, from + list.len()));
    for part in parts(&written) {
        let at = Location::new(setting.source, part.span);
        if let Some(member) = copies.server_at(&part.value, Some(port), at, Touch::Endpoint(own)) {
            copies.member(group, member, at);
        }
    }
}

/// Without the port.
fn host_of(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.ends_with(':') => host.trim_matches(['[', ']']),
        _ => text,
    }
}
