//! Google Cloud Asset Inventory: exports (a list, or a line each), `gcloud asset list`, the API's pages (`assets`), history
//! windows, and the results of `search-all-resources`. Source: Cloud Asset Inventory REST reference (Asset, TemporalAsset,
//! ResourceSearchResult); exports to files spell keys with underscores, the API without.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::records::{At, Record, text};
use super::value::{Keys, entries, map, value};
use super::{Dialect, Head, Made, Sample, Told, beginning, no_region};
use crate::doc::Node;
use crate::model::{Activity, DataLimit, EndpointFact, Facts, GapScope, Reference, Role, Roles, RouteFact, Standing};
use crate::read::resource::{Resource, Value, Vocabulary};
use crate::source::{Location, SourceId};

pub(super) struct Assets;

const LISTS: [&str; 3] = ["", "assets", "results"];

impl Dialect for Assets {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        LISTS.iter().any(|list| {
            let records = sample.records.list(list).map(|l| l.records.as_slice()).unwrap_or_default();
            // Of lines the first one may be the broken one.
            records.iter().take(3).any(|span| {
                let record = Record::new(SourceId(0), sample.text, *span);
                let asset = record.root().map(asset_of);
                asset.is_some_and(|a| kind(a).is_some_and(|k| k.contains(".googleapis.com/")) && text(a, &["name"]).is_some())
            })
        })
    }

    fn takes(&self, list: &str, _: bool) -> bool {
        LISTS.contains(&list)
    }

    fn head(&self, _list: &str, record: &Record<'_>) -> Option<Head> {
        let root = record.root()?;
        let asset = asset_of(root);
        let key = text(asset, &["name"])?.to_owned();
        let updated = text(asset, &["updateTime"]).or_else(|| text(asset, &["update_time"]));
        let time = text(root, &["window", "startTime"]).or_else(|| text(root, &["window", "start_time"])).or(updated);
        let gone = root.get("deleted").and_then(|d| d.as_bool()) == Some(true);
        Some(Head { key, time: time.map(str::to_owned), gone, detailed: data(asset).is_some(), project: project(asset) })
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
    let mut region = region(asset, path, at, location);
    if let Some((of_zone, zone)) = region.as_ref().and_then(|r| Some((region_of_zone(&r.as_text()?)?.to_owned(), r.clone()))) {
        region = Some(Value::text(of_zone, zone.at));
        attributes.insert(Arc::from("assetZone"), zone);
    }
    to.resources.push(Resource {
        vocabulary: Vocabulary::GcpAsset,
        kind: kind.into(),
        address: path.into(),
        region: region.or_else(|| told.region()).or_else(|| Some(no_region(location))),
        account: account(asset, path, &attributes, told, location).or_else(|| told.account()),
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

/// `us-east1` of the zone `us-east1-c`.
fn region_of_zone(text: &str) -> Option<&str> {
    let (region, letter) = text.rsplit_once('-')?;
    let is_letter = letter.len() == 1 && letter.bytes().all(|b| b.is_ascii_lowercase());
    (is_letter && region.contains('-') && region.ends_with(|c: char| c.is_ascii_digit())).then_some(region)
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

/// Names have a project's id or its number; the one account that this makes is the id, where any asset tells both.
fn account(
    asset: Node<'_>,
    path: &str,
    data: &BTreeMap<Arc<str>, Value>,
    told: &Told<'_>,
    location: Location,
) -> Option<Value> {
    let own = data.get("project").and_then(Value::as_text).filter(|p| p.parse::<f64>().is_err());
    let account = named_project(path).or(own.as_deref()).or_else(|| project_number(asset))?;
    Some(Value::text(told.known.project(account), location))
}

/// `projects/_` stands for any project in the names of buckets.
fn named_project(path: &str) -> Option<&str> {
    after(path, "projects").filter(|p| *p != "_")
}

fn project_number<'d>(asset: Node<'d>) -> Option<&'d str> {
    let ancestor = asset.get("ancestors").and_then(|list| list.items().next()).and_then(|first| first.text());
    let parent = || text(asset, &["resource", "parent"]);
    let searched = || text(asset, &["project"]);
    [ancestor, parent(), searched()].into_iter().flatten().find_map(|name| after(name, "projects"))
}

/// Number and id of the project, where an asset tells both.
fn project(asset: Node<'_>) -> Option<(String, String)> {
    let is_number = |p: &str| p.bytes().all(|b| b.is_ascii_digit());
    let (number, id) = (project_number(asset)?, named_project(text(asset, &["name"])?)?);
    (is_number(number) && !is_number(id)).then(|| (number.to_owned(), id.to_owned()))
}

/// Sinks take the logs of a whole project (of a folder's or an organization's projects, where they stand there): everything that
/// works or stores there leads to its sinks. Source: cloud.google.com/logging/docs/routing/overview.
pub(super) fn collect_logs(facts: &mut Facts, file: SourceId) {
    let sinks: Vec<usize> = (0..facts.endpoints.len()).filter(|i| facts.endpoints[*i].kind == "log-sink").collect();
    let mut routers: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for sink in sinks {
        routers.entry(facts.endpoints[sink].account.clone()).or_default().push(sink);
    }
    let works = Roles::of(&[Role::Process, Role::Store, Role::Entry, Role::Transit]);
    for (account, sinks) in routers {
        let sources: Vec<usize> = (0..facts.endpoints.len())
            .filter(|i| {
                let fact = &facts.endpoints[*i];
                let here = fact.location.source == file && fact.provider.as_deref() == Some("gcp") && fact.kind != "log";
                here && works.iter().any(|r| fact.roles.contains(r)) && (account.is_none() || fact.account == account)
            })
            .collect();
        let Some(at) = sinks.first().map(|sink| facts.endpoints[*sink].location) else { continue };
        let label = format!("logs of {}", account.as_deref().unwrap_or("the organization"));
        let mut router = EndpointFact::new("log-router", label, at);
        router.labelled = true;
        router.standing = Standing::Logical;
        router.account = account;
        router.provider = Some("gcp".to_owned());
        let router = facts.endpoint(router);
        let mut route = |from: Reference, to: Reference, at: Location| {
            let mut route = RouteFact::new(from, to, Activity::Log, at);
            route.data = DataLimit::Only(LOGGED.map(str::to_owned).to_vec());
            route.data_assumed = true;
            facts.routes.push(route);
        };
        for source in sources {
            route(Reference::Fact(source), router.clone(), at);
        }
        for sink in sinks {
            route(router.clone(), Reference::Fact(sink), at);
        }
    }
}

/// What logs hold by their nature.
const LOGGED: [&str; 2] = ["logs", "telemetry"];

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
