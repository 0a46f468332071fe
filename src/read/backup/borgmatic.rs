//! borgmatic ("Configuration reference"): repositories, databases that are dumped, and where reports go. A report names files and
//! counts bytes; it holds nothing of what they say.

use std::collections::BTreeMap;

use super::commands::Commands;
use super::known::WORDS;
use super::shell::Stands;
use super::targets::{Named, Targets, Variables};
use crate::doc::{Node, yaml};
use crate::model::{Activity, DataLimit};
use crate::read::filled_in;
use crate::read::mentions::{Mention, mentions};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::peer;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::source::{Location, SourceId};

/// Sections in which settings stood before version 1.8.
const SECTIONS: &[&str] = &["location", "storage", "retention", "consistency", "output", "hooks"];

/// Services that get reports, and the host of those whose settings name none.
const REPORTS: &[(&str, Option<&str>)] = &[
    ("healthchecks", Some("hc-ping.com")),
    ("uptime_kuma", None),
    ("cronitor", None),
    ("cronhub", None),
    ("pagerduty", Some("events.pagerduty.com")),
    ("pushover", Some("api.pushover.net")),
    ("ntfy", Some("ntfy.sh")),
    ("loki", None),
    ("apprise", None),
    ("zabbix", None),
    ("sentry", None),
];

const DATABASES: &[(&str, u16)] =
    &[("postgresql_databases", 5432), ("mariadb_databases", 3306), ("mysql_databases", 3306), ("mongodb_databases", 27017)];

/// Hooks that run commands; `commands` holds them with conditions.
const COMMANDS: &[&str] = &[
    "before_actions",
    "before_backup",
    "before_prune",
    "before_compact",
    "before_check",
    "before_extract",
    "after_backup",
    "after_compact",
    "after_prune",
    "after_check",
    "after_extract",
    "after_actions",
    "on_error",
    "before_everything",
    "after_everything",
    "commands",
];

pub(super) fn read(copies: &mut Copies<'_>, targets: &mut Targets, file: SourceId, text: &str) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let document = yaml::parse(text);
    copies.problems(file, &document);
    let Some(root) = document.root() else { return };
    if !root.is_map() && !text.trim().is_empty() {
        let at = Location::new(file, root.span());
        copies.unread(root.text().unwrap_or("[ ... ]"), "is no configuration of a backup program that is known", at, touch);
    }
    let at = |n: Node<'_>| Location::new(file, n.used_at());
    let mut settings: Vec<(&str, Node<'_>, Node<'_>)> = Vec::new();
    for entry in root.entries() {
        let inner = entry.value.entries().map(|e| (e.name(), e.key, e.value));
        if SECTIONS.contains(&entry.name()) && (entry.value.is_map() || entry.value.is_null()) {
            settings.extend(inner)
        } else {
            settings.push((entry.name(), entry.key, entry.value))
        }
    }
    let constants: BTreeMap<&str, &str> = settings
        .iter()
        .filter(|(name, ..)| *name == "constants")
        .flat_map(|(.., value)| value.entries())
        .filter_map(|e| Some((e.name(), e.value.text()?)))
        .collect();
    let filled = |node: Node<'_>| filled_in(node.text().unwrap_or(""), "{", |name| constants.get(name).copied());
    for (name, key, value) in &settings {
        copies.word(&WORDS, "borgmatic", name, at(*key), touch);
        if *name == "repositories" {
            for item in value.listed() {
                let path = item.get("path").unwrap_or(item);
                targets.back_up(copies, own, Named { text: &filled(path), at: at(path) }, &Variables::new());
            }
        } else if let Some((_, port)) = DATABASES.iter().find(|(hook, _)| hook == name) {
            for database in value.listed() {
                dumped(copies, own, database, *port, &at, &filled);
            }
        } else if let Some((service, host)) = REPORTS.iter().find(|(service, _)| service == name) {
            report(copies, own, service, *host, (*key, *value), &at, &filled);
        } else if *name == "ssh_command" {
            let text = filled(*value);
            let plain = text.split_whitespace().next() == Some("ssh");
            let elsewhere = ["-J", "-W", "-F", "proxy", "hostname", "$", "`"];
            let lower = text.to_ascii_lowercase();
            if !plain || elsewhere.iter().any(|w| text.contains(w) || lower.contains(w)) {
                let message = format!("`{}` may go to another machine than the repository names", shorten(&text));
                copies.unfollowed(message, at(*value), touch);
            }
        } else if COMMANDS.contains(name) {
            // In `commands`, what is run stands beside when it is.
            for command in value.listed().flat_map(|c| c.get("run").unwrap_or(c).listed()) {
                let text = filled(command);
                if text.trim().is_empty() {
                    copies.unread(name, "has a command that is no text", at(command), touch);
                }
                Commands::new(copies, targets, Variables::new()).run(own, &text, Stands::Within(at(command)), true);
            }
        }
    }
    // `!include` may stand for any value.
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if node.tag().is_some_and(|t| t.contains("include")) {
            let message =
                format!("settings are taken from the file `{}`, which was not read here", shorten(node.text().unwrap_or("")));
            let help = "give onshore the configuration as `borgmatic config show` prints it";
            copies.gap("missing-include", message, help, at(node), touch);
        }
        open.extend(node.entries().map(|e| e.value).chain(node.items()));
    }
}

/// A database that is dumped to this machine, and stands here if it names no host.
fn dumped(
    copies: &mut Copies<'_>,
    own: usize,
    database: Node<'_>,
    port: u16,
    at: &dyn Fn(Node<'_>) -> Location,
    filled: &dyn Fn(Node<'_>) -> String,
) {
    let said = |key: &str| database.get(key).filter(|n| !n.is_null() && n.text().is_some_and(|t| !t.is_empty()));
    // A whole connection string of MongoDB or PostgreSQL, or a command that asks elsewhere.
    for key in [
        "uri",
        "pg_dump_command",
        "psql_command",
        "mysql_command",
        "mysql_dump_command",
        "mariadb_dump_command",
        "mongodump_command",
    ] {
        if let Some(node) = said(key) {
            let message = format!("`{key}` decides which server is dumped, and is not followed");
            copies.unfollowed(message, at(node), Touch::Endpoint(own));
        }
    }
    let Some(host) = said("hostname") else { return };
    match peer(&filled(host), Some(port)) {
        Ok(peer) => {
            let server = copies.remote("database", &peer, at(host));
            copies.route(server, own, Activity::Backup, at(host), |_| {});
        }
        Err(why) => copies.no_target(&filled(host), &why, at(host), Touch::Endpoint(own)),
    }
}

fn report(
    copies: &mut Copies<'_>,
    own: usize,
    service: &str,
    default: Option<&str>,
    (key, value): (Node<'_>, Node<'_>),
    at: &dyn Fn(Node<'_>) -> Location,
    filled: &dyn Fn(Node<'_>) -> String,
) {
    let mut hosts = Vec::new();
    let mut open = vec![(service, value, 0)];
    while let Some((name, node, depth)) = open.pop() {
        for mention in mentions(name, &filled(node)) {
            match mention {
                Mention::Host { name, port, sure: true } => {
                    hosts.push((crate::model::Reference::Host { name, port }, at(node)))
                }
                Mention::Address { ip, port } => hosts.push((crate::model::Reference::Address { ip, port }, at(node))),
                // Words that are no hosts by their notation are keys and titles.
                Mention::Host { .. } | Mention::Bucket(_) | Mention::CloudId(_) => {}
                Mention::Unresolved(text) => copies.no_target(&text, "holds a variable", at(node), Touch::Endpoint(own)),
            }
        }
        // Hosts of reports stand no deeper.
        if depth < 4 {
            open.extend(node.entries().map(|e| (e.name(), e.value, depth + 1)));
            open.extend(node.items().map(|n| (name, n, depth + 1)));
        }
    }
    if hosts.is_empty() {
        match default {
            Some(host) => hosts.push((crate::model::Reference::Host { name: host.to_owned(), port: Some(443) }, at(key))),
            None => copies.unfollowed(format!("where `{service}` gets reports is not told"), at(key), Touch::Endpoint(own)),
        }
    }
    for (to, at) in hosts {
        let mut route = Output::plain(own, to, Activity::Log, at);
        route.data = DataLimit::Only(vec!["telemetry".to_owned()]);
        copies.out.route(route);
    }
}
