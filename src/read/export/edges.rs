//! Cloudflare and Fastly: what their APIs answer of load balancers, pools, names and services. Both call things as their Terraform
//! providers do, but for a few names, so that their tables say what those are.
//! Sources: Cloudflare API (Load Balancers, Pools, DNS Records: list and get), Fastly API (Service: `GET /service/ID/details`, and
//! `fastly service describe --json`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::records::{At, Record, text};
use super::value::{Keys, entries, map, value};
use super::{Dialect, Head, Made, Records, Sample, Told, beginning};
use crate::doc::Node;
use crate::model::{GapScope, Reference};
use crate::read::resource::{Resource, Value, Vocabulary};

pub(super) struct Cloudflare;
pub(super) struct Fastly;

/// Keys that tell what is listed, and what it is.
const CLOUDFLARE: [(&[&str], &str); 4] = [
    (&["id", "default_pools", "fallback_pool"], "cloudflare_load_balancer"),
    (&["id", "origins", "name"], "cloudflare_load_balancer_pool"),
    (&["id", "type", "name", "content", "proxied"], "cloudflare_dns_record"),
    (&["id", "type", "expected_codes", "interval"], "cloudflare_load_balancer_monitor"),
];

const LISTS: [&str; 2] = ["result", ""];

fn of_cloudflare(node: Node<'_>) -> Option<&'static str> {
    CLOUDFLARE.iter().find(|(keys, _)| keys.iter().all(|key| node.get(key).is_some())).map(|(_, kind)| *kind)
}

/// An answer with one thing has it in `result`.
fn result<'d>(record: &'d Record<'_>) -> Option<Node<'d>> {
    let root = record.root()?;
    Some(root.get("result").filter(|r| r.is_map()).unwrap_or(root))
}

impl Dialect for Cloudflare {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        let first = LISTS.iter().find_map(|list| sample.first(list));
        if first.is_some_and(|record| record.root().and_then(of_cloudflare).is_some()) {
            return true;
        }
        let answers = sample.records.has("success") && sample.records.has("result");
        let is_empty = sample.records.list("result").is_some_and(|l| l.records.is_empty()) && sample.records.has("result_info");
        answers && (is_empty || sample.whole().is_some_and(|record| result(&record).and_then(of_cloudflare).is_some()))
    }

    fn takes(&self, list: &str, beside_whole: bool) -> bool {
        !beside_whole && LISTS.contains(&list)
    }

    fn takes_whole(&self, records: &Records) -> bool {
        records.has("success") && records.has("result") && records.list("result").is_none()
    }

    fn head(&self, _list: &str, record: &Record<'_>) -> Option<Head> {
        let node = result(record)?;
        let time = text(node, &["modified_on"]).map(str::to_owned);
        Some(Head { key: text(node, &["id"])?.to_owned(), time, gone: false, detailed: true, project: None })
    }

    fn convert(&self, _list: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made) {
        let Some(node) = result(record) else { return };
        match (of_cloudflare(node), text(node, &["id"])) {
            (Some(kind), Some(id)) => {
                let name = text(node, &["name"]).unwrap_or(id);
                let mut attributes = entries(value(node, record.at(), Keys::AsWritten));
                // What the Terraform provider calls the whole name.
                if let Some(name) = node.get("name").filter(|_| kind == "cloudflare_dns_record") {
                    attributes.insert(Arc::from("hostname"), value(name, record.at(), Keys::AsWritten));
                }
                add(kind, id, name, attributes, (node, record.at()), told, to);
            }
            _ => unknown(node, record.at(), to),
        }
    }
}

impl Dialect for Fastly {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        let fits = |record: &Record<'_>| record.root().is_some_and(|root| version(root).is_some());
        (self.takes_whole(sample.records) && sample.whole().is_some_and(|r| fits(&r)))
            || sample.first("").is_some_and(|r| fits(&r))
    }

    fn takes(&self, list: &str, beside_whole: bool) -> bool {
        !beside_whole && list.is_empty()
    }

    fn takes_whole(&self, records: &Records) -> bool {
        records.has("active_version") || records.has("ActiveVersion")
    }

    fn head(&self, _list: &str, record: &Record<'_>) -> Option<Head> {
        let id = text(record.root()?, &["id"])?.to_owned();
        Some(Head { key: id, time: None, gone: false, detailed: true, project: None })
    }

    fn convert(&self, _list: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made) {
        let Some(root) = record.root() else { return };
        let (Some(version), Some(id)) = (version(root), text(root, &["id"])) else { return unknown(root, record.at(), to) };
        let name = text(root, &["name"]).unwrap_or(id);
        let kind = if text(root, &["type"]) == Some("wasm") { "fastly_service_compute" } else { "fastly_service_vcl" };
        let mut attributes: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        for (key, value) in entries(value(version, record.at(), Keys::AsWritten)) {
            attributes.insert(singular(&key).into(), value);
        }
        let location = beginning(record.at().of(root));
        attributes.insert(Arc::from("id"), Value::text(id, location));
        let message = format!("where the service `{name}` logs to is not in this answer");
        let help = "add the code that made the service, or declare where it logs to as [[route]]s in an inventory";
        to.gap("setting-not-read", message, help, location, GapScope::Endpoints(vec![Reference::Id(id.to_owned())]));
        add(kind, id, name, attributes, (root, record.at()), told, to);
    }
}

/// What is set of a service: its active version, with all that belongs to it.
fn version(root: Node<'_>) -> Option<Node<'_>> {
    let version = root.get("active_version").filter(|v| v.is_map())?;
    (version.get("backends").is_some() && version.get("domains").is_some()).then_some(version)
}

/// The name that the Terraform provider has for a list.
fn singular(key: &str) -> &str {
    match key {
        "backends" => "backend",
        "domains" => "domain",
        "directors" => "director",
        "vcls" => "vcl",
        "snippets" => "snippet",
        "conditions" => "condition",
        "healthchecks" => "healthcheck",
        "headers" => "header",
        "gzips" => "gzip",
        "request_settings" => "request_setting",
        "response_objects" => "response_object",
        "cache_settings" => "cache_setting",
        other => other,
    }
}

fn add(
    kind: &str,
    id: &str,
    name: &str,
    attributes: BTreeMap<Arc<str>, Value>,
    (node, at): (Node<'_>, At),
    told: &Told<'_>,
    to: &mut Made,
) {
    let location = beginning(at.of(node));
    to.resources.push(Resource {
        vocabulary: Vocabulary::Terraform,
        kind: kind.into(),
        address: format!("{kind}/{name}").into(),
        region: told.region(),
        account: told.account(),
        attributes: map(attributes, location),
        ids: vec![id.to_owned()],
        uncertain: None,
        location,
    });
}

fn unknown(node: Node<'_>, at: At, to: &mut Made) {
    let message = "this is no load balancer, pool, record or service that is known".to_owned();
    let help = "keep whole records in the answer, or leave the file out with `exclude`";
    to.gap("unknown-listing", message, help, beginning(at.of(node)), GapScope::Everything);
}
