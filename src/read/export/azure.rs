//! Azure Resource Graph (`az graph query`, and the API's pages), `az resource list`, and lists of the management API (`value`).
//! Their resources have the shape of an ARM template's, with ids instead of expressions.
//! Source: Azure Resource Graph query language (the resources table), Azure REST API (Resources - List).

use std::sync::Arc;

use super::records::{At, Record, text};
use super::value::{Keys, entries, map, value};
use super::{Dialect, Head, Made, Sample, Told, beginning, no_region};
use crate::doc::Node;
use crate::model::GapScope;
use crate::read::resource::{Resource, Value, Vocabulary};

pub(super) struct Graph;

const LISTS: [&str; 3] = ["", "data", "value"];

impl Dialect for Graph {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        let is_resource = |list: &str| {
            sample
                .first(list)
                .is_some_and(|record| record.root().is_some_and(|r| id(r).is_some() && text(r, &["type"]).is_some()))
        };
        LISTS.iter().any(|list| is_resource(list))
    }

    fn takes(&self, list: &str, _: bool) -> bool {
        LISTS.contains(&list)
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
    text(resource, &["id"]).filter(|id| id.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("/subscriptions/")))
}

fn has_properties(resource: Node<'_>) -> bool {
    resource.get("properties").is_some_and(|p| p.is_map() && p.entries().next().is_some())
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
    let attributes = entries(value(resource, at, Keys::AsWritten)).into_iter().filter(|(key, _)| key.as_ref() != "id");
    let mut attributes: std::collections::BTreeMap<Arc<str>, Value> = attributes.collect();
    // ARM ids are compared without regard to case.
    attributes.insert(Arc::from("id"), Value::text(key.as_str(), location));
    to.resources.push(Resource {
        vocabulary: Vocabulary::Arm,
        kind: kind.to_lowercase().into(),
        address: id.into(),
        region: region.map(|r| value(r, at, Keys::AsWritten)).or_else(|| told.region()).or_else(|| Some(no_region(location))),
        account: subscription.map(|s| Value::text(s, location)).or_else(|| told.account()),
        attributes: map(attributes, location),
        ids: if key == id { vec![key] } else { vec![key, id.to_owned()] },
        uncertain: None,
        location,
    });
}
