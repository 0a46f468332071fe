//! WAL-G and WAL-E: settings as environment variables, or as a YAML or JSON file of them ("Configuration", "Storages").

use std::collections::BTreeMap;

use super::Found;
use crate::doc::{json, yaml};
use crate::model::Activity;
use crate::read::proxy::output::Touch;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::{Setting, ini};
use crate::read::replicas::store::About;
use crate::source::{SourceId, Spanned};

/// Settings that hold where copies are kept, by the beginning of their URL where that is not in the value.
const PREFIXES: &[(&str, &str)] = &[
    ("WALG_S3_PREFIX", ""),
    ("WALE_S3_PREFIX", ""),
    ("WALG_GS_PREFIX", ""),
    ("WALE_GS_PREFIX", ""),
    ("WALG_AZ_PREFIX", ""),
    ("WALG_SWIFT_PREFIX", ""),
    ("WALE_SWIFT_PREFIX", ""),
    ("WALG_SSH_PREFIX", ""),
    ("WALG_FILE_PREFIX", "file://"),
    ("WALE_FILE_PREFIX", "file://"),
];

pub(super) fn read(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, text: &str) {
    let own = copies.own(file);
    let path = &copies.input.sources.get(file).path;
    let tree = path.ends_with(".yaml") || path.ends_with(".yml") || text.trim_start().starts_with('{');
    let settings: Vec<Setting> = if tree {
        let document = if text.trim_start().starts_with('{') { json::parse(text) } else { yaml::parse(text) };
        copies.problems(file, &document);
        let entries = document.root().into_iter().flat_map(|r| r.entries().collect::<Vec<_>>());
        entries
            .map(|e| Setting {
                section: String::new(),
                key: Spanned::new(e.name().to_owned(), e.key.span()),
                value: Spanned::new(e.value.text().unwrap_or("").to_owned(), e.value.span()),
                source: file,
            })
            .collect()
    } else {
        ini(text, file)
    };
    let by_key: BTreeMap<&str, &Setting> =
        settings.iter().map(|s| (s.name().trim_start_matches("export ").trim(), s)).collect();
    let value = |key: &str| by_key.get(key).copied().filter(|s| !s.text().is_empty());
    let host = value("PGHOST").filter(|h| !h.text().starts_with('/'));
    let server = host.and_then(|h| copies.server_at(h.text(), Some(5432), h.at(), Touch::Endpoint(own))).unwrap_or(own);
    let about = About {
        endpoint: value("AWS_ENDPOINT").or_else(|| value("WALE_S3_ENDPOINT")).map(|s| s.text().to_owned()),
        region: value("AWS_REGION").map(|s| (s.text().to_owned(), s.at())),
    };
    let mut any = false;
    for (key, scheme) in PREFIXES {
        let Some(prefix) = value(key) else { continue };
        any = true;
        let url = format!("{scheme}{}", prefix.text());
        if let Some(store) = copies.store(&url, &about, server, prefix.at(), Touch::Endpoint(server)) {
            copies.route(server, store, Activity::Backup, prefix.at(), |_| {});
            found.walg.push(store);
        }
    }
    if !any {
        let message = "none of these settings tells where WAL-G keeps its copies".to_owned();
        copies.unfollowed(message, copies.out.facts.endpoints[own].location, Touch::Endpoint(server));
    }
}
