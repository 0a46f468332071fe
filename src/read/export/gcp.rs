//! Google Cloud Asset Inventory: exports (a list, or a line each), `gcloud asset list`, the API's pages (`assets`), history
//! windows, and the results of `search-all-resources`. Source: Cloud Asset Inventory REST reference (Asset, TemporalAsset,
//! ResourceSearchResult); exports to files spell keys with underscores, the API without.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::records::{At, Record, text};
use super::value::{Keys, entries, map, value};
use super::{Dialect, Head, Made, Records, Sample, Told, beginning, no_region};
use crate::doc::Node;
use crate::model::GapScope;
use crate::read::resource::{Resource, Value, Vocabulary};
use crate::source::Location;

pub(super) struct Assets;

const LISTS: [&str; 3] = ["", "assets", "results"];

impl Dialect for Assets {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        LISTS.iter().any(|list| {
            let records = sample.records.list(list).map(|l| l.records.as_slice()).unwrap_or_default();
            // Of lines the first one may be the broken one.
            records.iter().take(3).any(|span| {
                let record = Record::new(crate::source::SourceId(0), sample.text, *span);
                let asset = record.root().map(asset_of);
                asset.is_some_and(|a| kind(a).is_some_and(|k| k.contains(".googleapis.com/")) && text(a, &["name"]).is_some())
            })
        })
    }

    fn takes(&self, list: &str, _: &Records) -> bool {
        LISTS.contains(&list)
    }

    fn head(&self, _list: &str, record: &Record<'_>) -> Option<Head> {
        let root = record.root()?;
        let asset = asset_of(root);
        let key = text(asset, &["name"])?.to_owned();
        let updated = text(asset, &["updateTime"]).or_else(|| text(asset, &["update_time"]));
        let time = text(root, &["window", "startTime"]).or_else(|| text(root, &["window", "start_time"])).or(updated);
        let gone = root.get("deleted").and_then(|d| d.as_bool()) == Some(true);
        Some(Head { key, time: time.map(str::to_owned), gone, detailed: data(asset).is_some() })
    }

    fn convert(&self, _list: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made) {
        if let Some(root) = record.root().filter(|root| root.get("deleted").and_then(|d| d.as_bool()) != Some(true)) {
            convert(asset_of(root), record.at(), told, to);
        }
    }
}

/// An asset is itself a record, or within a window of time.
fn asset_of(root: Node<'_>) -> Node<'_> {
    root.get("asset").unwrap_or(root)
}

fn kind<'d>(asset: Node<'d>) -> Option<&'d str> {
    text(asset, &["assetType"]).or_else(|| text(asset, &["asset_type"]))
}

fn data(asset: Node<'_>) -> Option<Node<'_>> {
    asset.path(&["resource", "data"]).filter(|d| d.is_map())
}

fn convert(asset: Node<'_>, at: At, told: &Told<'_>, to: &mut Made) {
    let location = beginning(at.of(asset));
    let (Some(kind), Some(name)) = (kind(asset), text(asset, &["name"])) else {
        let message = "this record has no asset type or no name".to_owned();
        to.gap("unknown-listing", message, "export again", location, GapScope::Everything);
        return;
    };
    let mut attributes = data(asset).map(|d| entries(value(d, at, Keys::AsWritten))).unwrap_or_default();
    // What the search knows of a resource stands beside its name.
    let beside = ["labels", "additionalAttributes", "kmsKeys", "displayName"];
    for key in beside {
        if let Some(found) = asset.get(key) {
            attributes.entry(Arc::from(key)).or_insert_with(|| value(found, at, Keys::AsWritten));
        }
    }
    if data(asset).is_none() {
        to.bare.push((name.to_owned(), location));
    }
    let path = name.trim_start_matches("//");
    for (key, own) in [("assetName", Some(name)), ("assetParent", parent(name)), ("assetCluster", cluster(name))] {
        if let Some(own) = own {
            attributes.insert(Arc::from(key), Value::text(own, location));
        }
    }
    to.resources.push(Resource {
        vocabulary: Vocabulary::GcpAsset,
        kind: kind.into(),
        address: path.into(),
        region: region(asset, path, at, location).or_else(|| told.region()).or_else(|| Some(no_region(location))),
        account: account(asset, path, &attributes, location).or_else(|| told.account()),
        ids: ids(name, path, kind, &attributes),
        attributes: map(attributes, location),
        uncertain: None,
        location,
    });
}

/// The asset's own location, else the one in its name: `/zones/us-east1-c/`.
fn region(asset: Node<'_>, path: &str, at: At, location: Location) -> Option<Value> {
    let stated = asset.path(&["resource", "location"]).or_else(|| asset.get("location"));
    if let Some(stated) = stated.filter(|l| l.as_str().is_some_and(|l| !l.is_empty())) {
        return Some(value(stated, at, Keys::AsWritten));
    }
    ["locations", "regions", "zones"].iter().find_map(|key| Some(Value::text(after(path, key)?, location)))
}

/// What a name says that the resource is inside of: names end with a collection and an id.
fn parent(name: &str) -> Option<&str> {
    let (collection, _) = name.rsplit_once('/')?;
    let (parent, _) = collection.rsplit_once('/')?;
    (parent.trim_start_matches('/').contains('/')).then_some(parent)
}

/// `//container.googleapis.com/projects/p/locations/l/clusters/c` of what runs in a cluster.
fn cluster(name: &str) -> Option<&str> {
    let at = name.find("/clusters/")? + "/clusters/".len();
    let end = name.get(at..)?.find('/').map_or(name.len(), |n| at + n);
    name.get(..end).filter(|cluster| *cluster != name)
}

/// The part of a resource's name that follows a key: `p` of `projects/p/instances/i` after `projects`.
fn after<'n>(path: &'n str, key: &str) -> Option<&'n str> {
    let mut parts = path.split('/');
    parts.find(|part| *part == key)?;
    parts.next().filter(|part| !part.is_empty())
}

fn account(asset: Node<'_>, path: &str, data: &BTreeMap<Arc<str>, Value>, location: Location) -> Option<Value> {
    // `projects/_` stands for any project in the names of buckets.
    let named = after(path, "projects").filter(|p| *p != "_");
    let number = || {
        let ancestor = asset.get("ancestors")?.items().next()?.text();
        let of = |text: Option<&'_ str>| text.and_then(|t| after(t, "projects").map(str::to_owned));
        of(ancestor)
    };
    let parent = || text(asset, &["resource", "parent"]).and_then(|p| after(p, "projects")).map(str::to_owned);
    let searched = || text(asset, &["project"]).and_then(|p| after(p, "projects")).map(str::to_owned);
    let own = data.get("project").and_then(|p| p.as_text()).map(|p| p.into_owned());
    let account = named.map(str::to_owned).or(own).or_else(number).or_else(parent).or_else(searched)?;
    Some(Value::text(account, location))
}

/// The full name, the path that other resources' settings use (`projects/p/locations/l/keyRings/...`), and the link to itself.
fn ids(name: &str, path: &str, kind: &str, data: &BTreeMap<Arc<str>, Value>) -> Vec<String> {
    let mut ids = vec![name.to_owned()];
    let relative = path.split_once('/').map(|(_, rest)| rest).filter(|rest| rest.starts_with("projects/"));
    ids.extend(relative.map(str::to_owned));
    ids.extend(
        data.get("selfLink").and_then(|l| l.as_text()).filter(|l| l.ends_with(relative.unwrap_or("/"))).map(|l| l.into_owned()),
    );
    if kind == "storage.googleapis.com/Bucket" {
        ids.extend(path.rsplit('/').next().map(|bucket| format!("gs://{bucket}")));
    }
    ids
}
