//! pgBackRest ("Configuration Reference"): repositories, and the servers whose backups they hold.

use std::collections::BTreeMap;

use super::Found;
use super::known::WORDS;
use crate::model::Activity;
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::peer;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::Setting;
use crate::read::replicas::store::About;
use crate::source::{Location, SourceId};

/// A key without its number: `repo2-s3-bucket` is number 2 and `repo-s3-bucket`.
fn split(key: &str) -> (u32, String) {
    for prefix in ["repo", "pg"] {
        let Some(rest) = key.strip_prefix(prefix) else { continue };
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        // A number too large for any repository makes a key that no table has.
        if let Ok(number) = rest[..digits].parse() {
            return (number, format!("{prefix}{}", &rest[digits..]));
        }
    }
    (1, key.to_owned())
}

pub(super) fn read(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, settings: &[Setting]) {
    let own = copies.own(file);
    // Settings of `[global]` and of its commands hold for each stanza, which may say otherwise.
    let mut stanzas: BTreeMap<&str, BTreeMap<(u32, String), &Setting>> = BTreeMap::new();
    for setting in settings {
        let key = split(setting.name());
        copies.word(&WORDS, "pgbackrest.conf", &key.1, setting.key_at(), Touch::Endpoint(own));
        let section = setting.section.split(':').next().unwrap_or("");
        stanzas.entry(section).or_default().insert(key, setting);
    }
    let global = stanzas.remove("global").unwrap_or_default();
    if stanzas.is_empty() {
        stanzas.insert("", BTreeMap::new());
    }
    for (stanza, mut all) in stanzas {
        for (key, setting) in &global {
            all.entry(key.clone()).or_insert(setting);
        }
        let value = |n: u32, key: &str| all.get(&(n, key.to_owned())).copied().filter(|s| !s.text().is_empty());
        let numbers = |prefix: &str| {
            let mut list: Vec<u32> = all.keys().filter(|(_, k)| k.starts_with(prefix)).map(|(n, _)| *n).collect();
            list.sort_unstable();
            list.dedup();
            list
        };
        let mut servers: Vec<(usize, Location)> = Vec::new();
        for n in numbers("pg-") {
            let host = value(n, "pg-host");
            let Some(place) = host.or_else(|| value(n, "pg-path")) else { continue };
            let server = match host {
                Some(host) => copies.server_at(host.text(), Some(5432), host.at(), Touch::Endpoint(own)),
                None => Some(own),
            };
            servers.extend(server.map(|s| (s, place.at())));
        }
        if servers.is_empty() {
            servers.push((own, copies.out.facts.endpoints[own].location));
        }
        let mut stores = Vec::new();
        for n in numbers("repo-") {
            stores.extend(repository(copies, own, &|key| value(n, key)));
        }
        for (server, _) in &servers {
            for (store, at) in &stores {
                copies.route(*server, *store, Activity::Backup, *at, |_| {});
            }
        }
        // Several servers of a stanza are a primary and its standbys.
        if let [_, _, ..] = servers.as_slice() {
            let group = copies.group("postgresql-cluster", stanza, servers[0].1);
            for (server, at) in &servers {
                copies.member(group, *server, *at);
            }
        }
        found.repositories.entry(stanza.to_owned()).or_default().extend(stores);
    }
}

fn repository<'s>(
    copies: &mut Copies<'_>,
    own: usize,
    value: &dyn Fn(&str) -> Option<&'s Setting>,
) -> Option<(usize, Location)> {
    let touch = Touch::Endpoint(own);
    if let Some(host) = value("repo-host").or_else(|| value("repo-sftp-host")) {
        return match peer(host.text(), Some(22)) {
            Ok(peer) => Some((copies.remote("backup-host", &peer, host.at()), host.at())),
            Err(why) => {
                copies.no_target(host.text(), &why, host.at(), touch);
                None
            }
        };
    }
    let kind = value("repo-type");
    // A setting that may stand in the environment of the program instead.
    let needed = |copies: &mut Copies<'_>, key: &str| {
        let found = value(key);
        if found.is_none() {
            let at = kind.map_or_else(|| copies.out.facts.endpoints[own].location, Setting::at);
            let message = format!("this repository says no `{key}`, so where it keeps copies is not known");
            copies.gap("unusable-target", message, "add it here, if the environment of pgBackRest sets it", at, touch);
        }
        found
    };
    let region = |key: &str| value(key).map(|r| (r.text().to_owned(), r.at()));
    let endpoint = |key: &str| value(key).map(|e| e.text().to_owned());
    match kind.map_or("posix", |k| k.text()) {
        "s3" => {
            let bucket = needed(copies, "repo-s3-bucket")?;
            // pgBackRest wants the endpoint without a scheme, and a host of its own beside it.
            let about = About {
                endpoint: endpoint("repo-storage-host").or_else(|| endpoint("repo-s3-endpoint")),
                region: region("repo-s3-region"),
            };
            copies.store(&format!("s3://{}", bucket.text()), &about, own, bucket.at(), touch).map(|s| (s, bucket.at()))
        }
        "gcs" => {
            let bucket = needed(copies, "repo-gcs-bucket")?;
            let about =
                About { endpoint: endpoint("repo-storage-host").or_else(|| endpoint("repo-gcs-endpoint")), region: None };
            copies.store(&format!("gs://{}", bucket.text()), &about, own, bucket.at(), touch).map(|s| (s, bucket.at()))
        }
        "azure" => {
            let account = needed(copies, "repo-azure-account")?;
            let host = format!(
                "https://{}.{}",
                account.text(),
                endpoint("repo-azure-endpoint").unwrap_or_else(|| "blob.core.windows.net".into())
            );
            copies.store(&host, &About::default(), own, account.at(), touch).map(|s| (s, account.at()))
        }
        "posix" => {
            // Without a path it is a folder of this machine, where the server's own data is.
            let path = value("repo-path").or(kind)?;
            Some((copies.folder(path.text(), own, path.at()), path.at()))
        }
        "cifs" => {
            let at = kind?.at();
            let message = "this repository is on a share of another machine, which is not named here".to_owned();
            copies.unfollowed(message, at, touch);
            None
        }
        other => {
            let kind = kind?;
            copies.no_target(other, "is no kind of repository that is known here", kind.at(), touch);
            None
        }
    }
}
