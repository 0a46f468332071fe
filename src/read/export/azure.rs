//! Azure Resource Graph (`az graph query`, and the API's pages), `az resource list`, lists of the management API (`value`), and what
//! `az ... show` and `list` print of single services. Their resources have the shape of an ARM template's, with ids instead of
//! expressions; the command line leaves `properties` out and puts what stands in there beside the id, which is undone here.
//! Source: Azure Resource Graph query language (the resources table), Azure REST API (Resources - List), Azure CLI reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::records::{At, Record, text};
use super::value::{Keys, entries, map as map_at, value};
use super::{Dialect, Head, Made, Records, Sample, Told, beginning, no_region};
use crate::doc::{Node, Style};
use crate::model::GapScope;
use crate::read::resource::{Is, Resource, Value, Vocabulary};

pub(super) struct Graph;

const LISTS: [&str; 3] = ["", "data", "value"];

/// Keys that every resource may have beside its properties.
const ENVELOPE: [&str; 21] = [
    "id",
    "name",
    "type",
    "location",
    "tags",
    "resourceGroup",
    "etag",
    "kind",
    "sku",
    "identity",
    "zones",
    "plan",
    "managedBy",
    "extendedLocation",
    "systemData",
    "subscriptionId",
    "tenantId",
    "apiVersion",
    "changedTime",
    "createdTime",
    "provisioningState",
];

impl Dialect for Graph {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        let is_resource = |list: &str| {
            sample
                .first(list)
                .is_some_and(|record| record.root().is_some_and(|r| id(r).is_some() && text(r, &["type"]).is_some()))
        };
        let is_whole = || {
            let whole = sample.whole();
            whole.is_some_and(|record| record.root().is_some_and(|r| id(r).is_some() && text(r, &["type"]).is_some()))
        };
        LISTS.iter().any(|list| is_resource(list)) || (self.takes_whole(sample.records) && is_whole())
    }

    fn takes(&self, list: &str, beside_whole: bool) -> bool {
        !beside_whole && LISTS.contains(&list)
    }

    fn takes_whole(&self, records: &Records) -> bool {
        records.has("id") && records.has("type")
    }

    fn head(&self, _list: &str, record: &Record<'_>) -> Option<Head> {
        let root = record.root()?;
        Some(Head { key: id(root)?.to_lowercase(), time: None, gone: false, detailed: has_properties(root), project: None })
    }

    fn convert(&self, _list: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made) {
        if let Some(root) = record.root() {
            convert(root, record.at(), told, to);
        }
    }
}

fn id<'d>(resource: Node<'d>) -> Option<&'d str> {
    text(resource, &["id"]).filter(|id| is_id(id))
}

fn is_id(text: &str) -> bool {
    text.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("/subscriptions/"))
}

fn has_properties(resource: Node<'_>) -> bool {
    match resource.get("properties") {
        Some(properties) => properties.is_map() && properties.entries().next().is_some(),
        None => resource.entries().any(|e| !ENVELOPE.contains(&e.name()) && e.value.style() != Some(Style::Null)),
    }
}

/// A resource, and those within it, with what the command line took out of `properties` back in there.
fn nested(value: Value) -> Value {
    let at = value.at;
    match &value.is {
        Is::List(items) => Value { is: Is::List(Arc::new(items.iter().cloned().map(nested).collect())), ..value },
        Is::Map(map) => {
            let text = |key: &str| map.get(key).and_then(|v| if let Is::Text(text) = &v.is { Some(text) } else { None });
            let is_resource =
                text("id").is_some_and(|id| is_id(id)) && text("type").is_some() && !map.contains_key("properties");
            let inner = map.iter().map(|(key, value)| (Arc::clone(key), nested(value.clone())));
            let (own, rest): (Vec<_>, Vec<_>) = inner.partition(|(key, _)| !is_resource || ENVELOPE.contains(&key.as_ref()));
            let mut own: BTreeMap<Arc<str>, Value> = own.into_iter().collect();
            if !rest.is_empty() {
                own.insert(Arc::from("properties"), map_at(rest.into_iter().collect(), at));
            }
            Value { is: Is::Map(Arc::new(own)), ..value }
        }
        _ => value,
    }
}

/// `.../profiles/p` of `.../profiles/p/afdEndpoints/e`; `None` for a resource that is a part of no other.
fn parent(id: &str) -> Option<&str> {
    let types = id.rsplit_once("/providers/")?.1;
    let (before, _) = id.rsplit_once('/')?;
    (types.split('/').count() > 3).then(|| before.rsplit_once('/').map_or(before, |(before, _)| before))
}

fn convert(resource: Node<'_>, at: At, told: &Told<'_>, to: &mut Made) {
    let location = beginning(at.of(resource));
    let (Some(id), Some(kind)) = (id(resource), text(resource, &["type"])) else {
        let message = "this row does not say which resource it is about".to_owned();
        let help = "keep `id`, `type`, `location` and `properties` in the query's result";
        to.gap("unknown-listing", message, help, location, GapScope::Everything);
        return;
    };
    let key = id.to_lowercase();
    if !has_properties(resource) {
        to.bare.push((key.clone(), location));
    }
    let region = resource.get("location").filter(|l| l.as_str().is_some_and(|l| !l.is_empty()));
    let subscription = id.split('/').nth(2).filter(|s| !s.is_empty());
    let attributes = entries(nested(value(resource, at, Keys::AsWritten))).into_iter().filter(|(key, _)| key.as_ref() != "id");
    let mut attributes: BTreeMap<Arc<str>, Value> = attributes.collect();
    if let Some(parent) = parent(&key) {
        attributes.insert(Arc::from("Parent"), Value::text(parent, location));
    }
    // ARM ids are compared without regard to case.
    attributes.insert(Arc::from("id"), Value::text(key.as_str(), location));
    to.resources.push(Resource {
        vocabulary: Vocabulary::Arm,
        kind: kind.to_lowercase().into(),
        address: id.into(),
        region: region.map(|r| value(r, at, Keys::AsWritten)).or_else(|| told.region()).or_else(|| Some(no_region(location))),
        account: subscription.map(|s| Value::text(s, location)).or_else(|| told.account()),
        attributes: map_at(attributes, location),
        ids: if key == id { vec![key] } else { vec![key, id.to_owned()] },
        uncertain: None,
        location,
    });
}
