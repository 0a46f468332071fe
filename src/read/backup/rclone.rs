//! Remotes of rclone (`rclone.conf`: a section for each). A remote says the service, its region or its host; buckets stand in the
//! commands that name them. Some remotes only wrap others (`crypt`, `union`).

use std::collections::{BTreeMap, BTreeSet};

use super::known::{ACCOUNTS, WORDS, WRAPPERS};
use super::targets::{Targets, unknown};
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, Standing};
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::{Peer, peer, split_url};
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::Setting;
use crate::read::replicas::store::provider_of;
use crate::source::{Location, SourceId, Spanned};

/// Remotes that one remote wraps, those inside of others too; real ones are three.
const MAX_WRAPPED: usize = 200;

/// Written with blanks, as no word of a table is.
const GOOGLE: &str = "google cloud storage";

/// The type of a remote, if a line says one.
pub(super) fn type_of(line: &str) -> Option<&str> {
    let (key, value) = line.split_once('=')?;
    (key.trim() == "type").then(|| value.trim())
}

pub(super) fn is_type(name: &str) -> bool {
    name == GOOGLE || WORDS.effect("rclone type", name).is_some()
}

/// What a remote is, before those that it wraps are known.
enum Remote {
    Stores(Vec<usize>),
    /// Other remotes and folders, as written.
    Wraps(Vec<(String, Location)>),
}

pub(super) fn read(copies: &mut Copies<'_>, targets: &mut Targets, file: SourceId, settings: &[Setting]) {
    let own = copies.own(file);
    let mut sections: Vec<(&str, BTreeMap<&str, &Setting>)> = Vec::new();
    for setting in settings {
        match sections.last_mut().filter(|(name, _)| *name == setting.section) {
            Some((_, all)) => _ = all.insert(setting.name(), setting),
            None => sections.push((&setting.section, BTreeMap::from([(setting.name(), setting)]))),
        }
    }
    let mut remotes: BTreeMap<String, Remote> = BTreeMap::new();
    let mut places: BTreeMap<String, Location> = BTreeMap::new();
    for (name, all) in &sections {
        let Some(kind) = all.get("type") else {
            let at = all.values().next().map_or(copies.out.facts.endpoints[own].location, |s| s.key_at());
            let store = unknown(copies, name, "the remote has no `type`", at);
            remotes.insert((*name).to_owned(), Remote::Stores(vec![store]));
            places.insert((*name).to_owned(), at);
            continue;
        };
        places.insert((*name).to_owned(), kind.at());
        for (key, setting) in all {
            copies.dotted(&WORDS, "rclone.conf", key, setting.key_at(), Touch::Endpoint(own));
        }
        let remote = if WRAPPERS.split(' ').any(|w| w == kind.text()) {
            let wrapped = ["remote", "upstreams"].iter().filter_map(|key| all.get(key)).flat_map(|s| upstreams(s)).collect();
            Remote::Wraps(wrapped)
        } else {
            Remote::Stores(stores(copies, own, name, kind, all))
        };
        remotes.insert((*name).to_owned(), remote);
    }
    let names: Vec<String> = remotes.keys().cloned().collect();
    for name in names {
        let at = places.get(&name).copied().unwrap_or(copies.out.facts.endpoints[own].location);
        let found = resolve(copies, own, &remotes, &name, at);
        for store in &found {
            copies.route(own, *store, Activity::Backup, at, |r| {
                r.condition = Some(format!("when a command names the remote {}", shorten(&name)));
            });
        }
        // Several files may have a remote of this name; which one a program reads is not told.
        let known = targets.remotes.entry(name).or_default();
        let seen: BTreeSet<usize> = known.iter().copied().collect();
        known.extend(found.into_iter().filter(|s| !seen.contains(s)));
    }
}

/// `remote:path` of `crypt` and its like; `a:x b:y`, `name=a:x "other=b:y"` of `union` and `combine`; `:ro` may end them.
fn upstreams(setting: &Setting) -> Vec<(String, Location)> {
    let pieces = if setting.name() == "upstreams" { setting.text().split(' ').collect() } else { vec![setting.text()] };
    let plain = |piece: &str| {
        let piece = piece.trim_matches(['"', '\'']);
        let piece = if setting.name() == "upstreams" { piece.rsplit_once('=').map_or(piece, |(_, p)| p) } else { piece };
        (piece.to_owned(), setting.at())
    };
    pieces.into_iter().filter(|p| !p.is_empty()).map(plain).collect()
}

/// The stores behind a remote, each once.
fn resolve(
    copies: &mut Copies<'_>,
    own: usize,
    remotes: &BTreeMap<String, Remote>,
    name: &str,
    at: Location,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut seen: BTreeSet<&str> = BTreeSet::from([name]);
    let mut open = vec![(name, at)];
    while let Some((name, at)) = open.pop() {
        match remotes.get(name) {
            Some(Remote::Stores(stores)) => found.extend(stores),
            Some(Remote::Wraps(wrapped)) => {
                for (text, at) in wrapped {
                    match text.split_once(':').filter(|(remote, _)| !remote.contains('/')) {
                        Some((remote, _)) if seen.insert(remote) => open.push((remote, *at)),
                        // A remote that was met already, or that wraps itself.
                        Some(_) => {}
                        None => _ = found.insert(copies.folder(text, own, *at)),
                    }
                }
            }
            None => _ = found.insert(unknown(copies, name, "no remote of this name is in the same file", at)),
        }
        if seen.len() > MAX_WRAPPED {
            let message = format!("a remote wraps more than {MAX_WRAPPED} others, and the rest is not followed");
            copies.gap("too-deep", message, "split it", at, Touch::Everything);
            break;
        }
    }
    if found.is_empty() {
        found.insert(unknown(copies, name, "it wraps no other remote but itself", at));
    }
    found
}

/// Where a remote that wraps no other leads.
fn stores(copies: &mut Copies<'_>, own: usize, name: &str, kind: &Setting, all: &BTreeMap<&str, &Setting>) -> Vec<usize> {
    let value = |key: &str| all.get(key).copied().filter(|s| !s.text().is_empty());
    let at = kind.at();
    let one = match kind.text() {
        strange if !is_type(strange) => unknown(copies, name, "its type is not known here", at),
        "s3" => object_store(copies, name, at, all),
        GOOGLE | "gcs" => unknown(copies, name, "each bucket says where it is, and commands name them", at),
        "azureblob" | "azurefiles" => {
            let service = if kind.text() == "azureblob" { "blob" } else { "file" };
            let host = value("endpoint").map(|e| split_url(e.text()).1.to_owned());
            let host = host.or_else(|| value("account").map(|a| format!("{}.{service}.core.windows.net", a.text())));
            host.and_then(|h| machine(copies, &h, at)).unwrap_or_else(|| unknown(copies, name, "it names no account", at))
        }
        "local" => copies.folder(name, own, at),
        "memory" => own,
        account if ACCOUNTS.split(' ').any(|a| a == account) => {
            unknown(copies, name, "the account at the service decides where files are kept", at)
        }
        _ => {
            let named = ["host", "url", "namenode", "endpoint", "api_url", "nodes"].iter().find_map(|key| value(key));
            // HDFS has several name nodes.
            let hosts = named.into_iter().flat_map(|n| n.text().split(',').map(|host| (host.trim(), n.at())));
            let one = |(host, at)| {
                let found = machine(copies, split_url(host).1, at);
                found.unwrap_or_else(|| unknown(copies, name, "it names no host", at))
            };
            let found: Vec<usize> = hosts.map(one).collect();
            return if found.is_empty() { vec![unknown(copies, name, "it names no host", at)] } else { found };
        }
    };
    vec![one]
}

/// A machine that files are written to, or this one; `None` if the text names neither.
fn machine(copies: &mut Copies<'_>, text: &str, at: Location) -> Option<usize> {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    peer(host, None).ok().map(|peer| copies.remote("backup-host", &peer, at))
}

/// Buckets behind one endpoint: what commands call them is not told, but all are in the region that the remote asks.
fn object_store(copies: &mut Copies<'_>, name: &str, at: Location, all: &BTreeMap<&str, &Setting>) -> usize {
    let value = |key: &str| all.get(key).copied().filter(|s| !s.text().is_empty());
    let endpoint = value("endpoint").map(|e| (split_url(e.text()).1.to_ascii_lowercase(), e.at()));
    let service = value("provider").map_or("", |p| p.text());
    let by_host = endpoint.as_ref().and_then(|(host, _)| provider_of(host.split(':').next().unwrap_or(host)));
    // Others speak S3 too, and call their regions alike.
    let of_aws = if endpoint.is_some() { by_host == Some("aws") } else { service == "AWS" };
    if let Some(region) = value("region").filter(|_| of_aws) {
        let mut fact = EndpointFact::new("object-store", format!("rclone remote {}", shorten(name)), at);
        fact.roles = Roles::of(&[Role::Store]);
        fact.elsewhere = true;
        fact.provider = Some("aws".to_owned());
        fact.region = Some(Spanned::new(region.text().to_owned(), region.value.span));
        return copies.out.principal(fact);
    }
    let Some((host, told)) = endpoint else {
        return unknown(copies, name, "it says neither `endpoint` nor the region of AWS", at);
    };
    let mut fact = EndpointFact::new("object-store", format!("rclone remote {}", shorten(name)), told);
    fact.roles = Roles::of(&[Role::Store]);
    fact.elsewhere = true;
    match peer(&host, None) {
        Ok(Peer::Host { name, port }) => fact.part_of.push(Reference::Host { name, port }),
        Ok(Peer::Address { ip, port }) => fact.part_of.push(Reference::Address { ip, port }),
        // On the machine itself.
        Ok(Peer::Loopback { .. } | Peer::Unix(_)) => {}
        Err(_) => return unknown(copies, name, "its endpoint is no host name or address", told),
    }
    fact.standing = Standing::WithSender;
    copies.out.principal(fact)
}
