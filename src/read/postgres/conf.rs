//! The server's own parameters: `postgresql.conf`, the files it includes, `postgresql.auto.conf`, and the old `recovery.conf`.

use std::collections::BTreeMap;

use super::known::{LIBRARIES, WORDS};
use super::{Found, commands};
use crate::model::Activity;
use crate::read::paths::{self, joined};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::lines::{Setting, conninfo, hosts_of, postgres};
use crate::read::replicas::{Copies, hours};
use crate::source::SourceId;

/// The files of one server; `postgresql.auto.conf` has the last word.
pub(super) fn read(copies: &mut Copies<'_>, found: &mut Found, mut files: Vec<SourceId>) {
    let sources = copies.input.sources;
    let rank = |id: &SourceId| match sources.get(*id).path.rsplit('/').next().unwrap_or("") {
        "postgresql.base.conf" => 0,
        "postgresql.conf" => 1,
        "postgresql.auto.conf" => 4,
        "recovery.conf" => 3,
        _ => 2,
    };
    files.sort_by_key(|id| (rank(id), *id));
    let own = copies.own(files[0]);
    let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
    for file in files {
        let source = sources.get(file);
        for setting in postgres(&source.text, file) {
            let name = setting.name().to_ascii_lowercase();
            if matches!(name.as_str(), "include" | "include_if_exists" | "include_dir") {
                include(copies, own, &setting, &source.path, &name);
                continue;
            }
            settings.insert(name, setting);
        }
    }
    parameters(copies, found, own, &settings);
}

/// Files that are taken in stand in the same folders as far as they are read: all of the server's files are read together.
fn include(copies: &mut Copies<'_>, own: usize, setting: &Setting, path: &str, word: &str) {
    let folder = paths::folder(path);
    let target = joined(folder, setting.text());
    let is_there = target.as_ref().is_some_and(|t| match word {
        // An empty folder is not seen.
        "include_dir" => true,
        _ => copies.input.sources.find(t).is_some(),
    });
    if !is_there {
        let message = format!("`{}` is included here and is not among the files", shorten(setting.text()));
        copies.gap("missing-include", message, "add that file to the project", setting.at(), Touch::Endpoint(own));
    }
}

/// Parameters by name, from a server's files or from Patroni's.
pub(super) fn parameters(copies: &mut Copies<'_>, found: &mut Found, own: usize, settings: &BTreeMap<String, Setting>) {
    let touch = Touch::Endpoint(own);
    let value = |key: &str| settings.get(key).filter(|s| !s.text().is_empty());
    for (name, setting) in settings {
        if let Some((extension, _)) = name.split_once('.') {
            // What extensions do is decided where their library is loaded.
            if REPLICATING.contains(&extension) {
                copies.unfollowed(format!("`{}` copies data by rules of its own", shorten(extension)), setting.key_at(), touch);
            }
            continue;
        }
        copies.word(&WORDS, "postgresql.conf", name, setting.key_at(), touch);
    }
    if let Some(addresses) = value("listen_addresses") {
        for (address, at) in addresses.list().into_iter().filter(|(a, _)| a != "*") {
            copies.reached_by(own, &address, at);
        }
    }
    for key in ["shared_preload_libraries", "session_preload_libraries", "local_preload_libraries"] {
        let Some(list) = value(key) else { continue };
        for (library, at) in list.list() {
            let library = library.trim_matches(['"', '\'']).trim_start_matches("$libdir/").trim_end_matches(".so");
            if !LIBRARIES.contains(&library) {
                copies.unfollowed(format!("what the library `{}` does is not known", shorten(library)), at, touch);
            }
        }
    }
    let mut name = value("cluster_name").map(|s| s.text().to_owned());
    if let Some(primary) = value("primary_conninfo") {
        let hosts = hosts_of(primary.text());
        if hosts.is_empty() && !primary.text().contains("service=") {
            // A socket of the same machine.
        } else if hosts.is_empty() {
            copies.no_target(primary.text(), "leaves the host to a service file", primary.at(), touch);
        }
        for host in hosts {
            if let Some(far) = copies.server_at(&host, Some(5432), primary.at(), touch) {
                copies.way(far, own, Activity::Replicate, primary.at());
            }
        }
        let given = conninfo(primary.text()).into_iter().rev().find(|(key, _)| key == "application_name").map(|(_, v)| v);
        name = given.or(name).or_else(|| Some("walreceiver".to_owned()));
    }
    if let Some(name) = name {
        copies.out.facts.endpoints[own].tags.insert("cluster-name".to_owned(), name.clone());
        found.standbys.entry(name).or_insert(own);
    }
    if let Some(delay) = value("recovery_min_apply_delay") {
        match seconds(delay.text()) {
            Some(0) => {}
            Some(seconds) => copies.out.facts.endpoints[own].attributes.max_age_hours = Some(hours(seconds)),
            None => copies.unread(delay.text(), "is no time", delay.at(), touch),
        }
    }
    if let Some(names) = value("synchronous_standby_names") {
        for (standby, at) in standbys(names) {
            found.waited_for.push((own, standby, at));
        }
    }
    let archives = !value("archive_mode").is_some_and(|m| matches!(m.text(), "off" | "false" | "no" | "0"));
    if let Some(command) = value("archive_command").filter(|_| archives) {
        commands::follow(copies, found, own, command, false);
    }
    if let Some(library) = value("archive_library").filter(|_| archives) {
        let folder = settings.get("basic_archive.archive_directory").filter(|_| library.text() == "basic_archive");
        match folder {
            Some(folder) => {
                let store = copies.folder(folder.text(), own, folder.at());
                copies.way(own, store, Activity::Backup, folder.at());
            }
            None => {
                let message = format!("where the library `{}` sends archives is not followed", shorten(library.text()));
                copies.unfollowed(message, library.at(), touch);
            }
        }
    }
    if let Some(command) = value("restore_command") {
        commands::follow(copies, found, own, command, true);
    }
    for key in ["archive_cleanup_command", "recovery_end_command", "ssl_passphrase_command"] {
        let Some(command) = value(key) else { continue };
        let program = command.text().split_whitespace().next().unwrap_or("").rsplit('/').next().unwrap_or("");
        if !matches!(program, "pg_archivecleanup" | "rm" | "echo" | "cat" | "true" | "touch") {
            let message = format!("`{key}` runs `{}`, and what that sends where is not followed", shorten(program));
            copies.unfollowed(message, command.at(), touch);
        }
    }
}

/// Extensions that copy data to other servers by their own tables.
const REPLICATING: &[&str] = &["pglogical", "bdr", "spock", "citus", "edb_pgd", "pgd", "londiste", "snowflake"];

/// `FIRST 2 (s1, "s 2")`, `ANY 1 (*)`, `2 (a, b)` or `a, b`.
fn standbys(names: &Setting) -> Vec<(String, crate::source::Location)> {
    let text = names.text();
    let list = text.split_once('(').map_or(text, |(_, list)| list).trim_end().trim_end_matches(')');
    list.split(',').map(|n| n.trim().trim_matches('"')).filter(|n| !n.is_empty()).map(|n| (n.to_owned(), names.at())).collect()
}

/// `5min`, `1h`, `300000` (milliseconds), `1d`.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let factor = match text[digits..].trim() {
        "us" => return Some(number.div_ceil(1_000_000)),
        "" | "ms" => return Some(number.div_ceil(1000)),
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(factor)
}
