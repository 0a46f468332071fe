//! Answers of the `aws` command line: `describe-*`, `list-*` and `get-*`, one to a file. A record's region comes from its ARN or
//! zone, else from the folder of a layout that is documented, else from the user's file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lists::{LISTS, List, SINGLES, Single};
use super::{Arn, arc, buckets, is_account, is_region, zone};
use crate::doc::{Node, Style};
use crate::model::GapScope;
use crate::read::export::records::{At, Record, Records, text};
use crate::read::export::value::{Keys, entries, map, value};
use crate::read::export::{Dialect, Head, Made, Sample, Told, beginning, no_region};
use crate::read::resource::{Resource, Value, Vocabulary, region_of_zone};
use crate::source::{Location, Span};

pub struct Describe;

const BUCKET: &str = "AWS::S3::Bucket";
/// Several have one name.
const RECORDS: &str = "AWS::Route53::RecordSet";

/// Keys that stand beside the lists and say nothing of resources.
const BESIDE: [&str; 8] =
    ["NextToken", "Marker", "NextMarker", "nextToken", "IsTruncated", "ResponseMetadata", "Owner", "Truncated"];

impl Dialect for Describe {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        let records = sample.records;
        // Alibaba and Tencent answer with their request's id; ARM templates and others name their schema.
        if records.whole.is_none()
            || ["RequestId", "Response", "$schema", "resources", "Resources"].iter().any(|k| records.has(k))
        {
            return false;
        }
        let only = |path: &str| records.keys.iter().all(|k| k == path || BESIDE.contains(&k.as_str()));
        let list = |l: &List| match records.list(l.path) {
            // An empty answer tells itself by its only key.
            Some(found) if found.records.is_empty() => only(l.path),
            Some(_) if l.id.is_empty() => only(l.path),
            Some(_) => sample.has(l.path, &[l.id]),
            None => false,
        };
        let whole = || {
            sample
                .whole()
                .and_then(|record| Some(single(record.root()?, records).is_some() || object(record.root()?).is_some()))
        };
        LISTS.iter().any(list) || whole().unwrap_or(false)
    }

    fn takes(&self, list: &str, beside_whole: bool) -> bool {
        // Lists beside known ones that nobody knows are told as such.
        LISTS.iter().any(|l| l.path == list) || (!list.contains('.') && !beside_whole)
    }

    fn takes_whole(&self, records: &Records) -> bool {
        records.lists.iter().all(|l| !LISTS.iter().any(|known| known.path == l.path))
    }

    fn head(&self, list: &str, record: &Record<'_>) -> Option<Head> {
        let root = record.root()?;
        let list = LISTS.iter().find(|l| l.path == list && !l.id.is_empty() && root.get(l.id).is_some())?;
        let key = text(root, &[list.arn]).or_else(|| text(root, &[list.id]))?;
        let key = match list.kind {
            BUCKET => bucket_arn(key),
            RECORDS => record_set(root),
            _ => key.to_owned(),
        };
        Some(Head { key, time: None, gone: false, detailed: !list.bare, project: None })
    }

    fn convert(&self, path: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made) {
        let Some(root) = record.root() else { return };
        let at = record.at();
        if path.is_empty() {
            if let Some((list, object)) = object(root) {
                return convert(list, object, at, told, to);
            }
            if let Some(single) = SINGLES.iter().find(|s| s.keys.iter().all(|k| root.get(k).is_some())) {
                convert_single(single, root, at, told, to);
            }
            return;
        }
        let known = LISTS.iter().find(|l| l.path == path && (l.id.is_empty() || root.get(l.id).is_some()));
        let Some(list) = known else {
            if root.is_map() && !BESIDE.contains(&path) {
                let message = format!("`{path}` is a list that onshore does not know; what it lists is not read");
                let help = "give the same resources as an AWS Config snapshot, which names the type of each";
                let location = beginning(at.of(root));
                // Once a list is enough.
                if !to.gaps.iter().any(|g| g.message == message) {
                    to.gap("unknown-listing", message, help, location, GapScope::Everything);
                }
            }
            return;
        };
        if list.path == "Reservations" {
            let owner = root.get("OwnerId");
            for instance in root.get("Instances").into_iter().flat_map(|i| i.items()) {
                let list = List { path: "Reservations", id: "InstanceId", arn: "", kind: list.kind, bare: false };
                let before = to.resources.len();
                convert(&list, instance, at, told, to);
                if let (Some(made), Some(owner)) = (to.resources.get_mut(before), owner) {
                    made.account = Some(value(owner, at, Keys::AsWritten));
                }
            }
            return;
        }
        if list.path == "Clusters" {
            let list = List { path: "Clusters", id: "ClusterIdentifier", arn: "", kind: list.kind, bare: false };
            return convert(&list, root, at, told, to);
        }
        if list.kind == RECORDS {
            let before = to.resources.len();
            convert(list, root, at, told, to);
            if let Some(made) = to.resources.get_mut(before) {
                made.address = record_set(root).into();
                made.ids.clear();
            }
            return;
        }
        if let Some((list, id)) = face(list, root) {
            let before = to.resources.len();
            convert(&list, root, at, told, to);
            if let Some(made) = to.resources.get_mut(before) {
                made.address = id.into();
                made.ids.push(id.to_owned());
            }
            return;
        }
        convert(list, root, at, told, to);
    }
}

/// What tells a record set of Route 53 from others of its name.
fn record_set(record: Node<'_>) -> String {
    let told = ["Name", "Type", "SetIdentifier"].into_iter().filter_map(|key| text(record, &[key]));
    told.collect::<Vec<_>>().join(" ")
}

/// The interface of an instance is the instance itself, as its network sees it.
fn face<'d>(list: &List, record: Node<'d>) -> Option<(List, &'d str)> {
    let instance = text(record, &["Attachment", "InstanceId"]).filter(|_| list.kind == "AWS::EC2::NetworkInterface")?;
    Some((List { path: list.path, id: list.id, arn: "", kind: "AWS::EC2::Instance", bare: false }, instance))
}

/// The object that an answer consists of: `{"Table": {...}}`.
fn object<'d>(root: Node<'d>) -> Option<(&'static List, Node<'d>)> {
    LISTS.iter().find_map(|l| {
        let object = root.get(l.path).filter(|o| o.is_map() && !l.id.is_empty() && o.get(l.id).is_some())?;
        Some((l, object))
    })
}

fn single(root: Node<'_>, records: &Records) -> Option<&'static Single> {
    SINGLES.iter().find(|s| {
        // A key that others might have as well must be the only one.
        s.keys.iter().all(|k| root.get(k).is_some()) && (s.keys.len() > 1 || records.keys.len() == 1)
    })
}

fn convert(list: &List, record: Node<'_>, at: At, told: &Told<'_>, to: &mut Made) {
    let location = beginning(at.of(record));
    let id = if list.id.is_empty() { record.as_str() } else { text(record, &[list.id]) };
    let of_url = id.and_then(queue_arn);
    let arn = text(record, &[list.arn]).or(id).filter(|a| Arn::parse(a).is_some()).or(of_url.as_deref());
    let Some(name) = arn.or(id) else {
        let message = format!("a record of `{}` has no id", list.path);
        to.gap("unknown-listing", message, "export again", location, GapScope::Everything);
        return;
    };
    let parsed = arn.and_then(Arn::parse);
    let attributes = match record.style() {
        Some(Style::Quoted) => BTreeMap::from([(arc("Id"), value(record, at, Keys::AsWritten))]),
        _ => entries(value(record, at, Keys::AsWritten)),
    };
    if list.kind == BUCKET && !told.buckets.files(name).is_empty() {
        // The answers about it say more.
        return;
    }
    if list.bare {
        to.bare.push((name.to_owned(), location));
    }
    let region = stated_region(record, parsed, at, location).or_else(|| match list.kind {
        // Every region answers with all buckets.
        BUCKET => None,
        _ => outer_region(told, location),
    });
    to.resources.push(Resource {
        vocabulary: Vocabulary::Listing,
        kind: list.kind.into(),
        address: name.into(),
        region: region.or_else(|| Some(no_region(location))),
        account: account(record, parsed, at, location, told),
        attributes: map(attributes, location),
        ids: ids(name, id, list),
        uncertain: None,
        location,
    });
}

fn ids(name: &str, id: Option<&str>, list: &List) -> Vec<String> {
    let mut ids = vec![name.to_owned()];
    // A name of a bucket or table is no id: others may have the same.
    ids.extend(id.filter(|id| *id != name && list.id.ends_with("Id")).map(str::to_owned));
    ids
}

fn stated_region(record: Node<'_>, arn: Option<Arn<'_>>, at: At, location: Location) -> Option<Value> {
    if let Some(region) = arn.and_then(Arn::region) {
        return Some(Value::text(region, location));
    }
    let own = record.get("BucketRegion").or_else(|| record.get("Region")).filter(|r| r.as_str().is_some_and(is_region));
    if let Some(own) = own {
        return Some(value(own, at, Keys::AsWritten));
    }
    Some(Value::text(zone(record).or_else(|| first_zone(record)).and_then(region_of_zone)?, location))
}

/// The first of several zones, which are all of one region.
fn first_zone<'d>(record: Node<'d>) -> Option<&'d str> {
    let first = record.get("AvailabilityZones")?.items().next()?;
    first.as_str().or_else(|| text(first, &["ZoneName"]))
}

/// What stands around the record: the folder, or the user's word.
fn outer_region(told: &Told<'_>, location: Location) -> Option<Value> {
    told.region().or_else(|| {
        let folder = told.folder?;
        let step = format!("the folder `{}` says the region", folder.region);
        let mut region = Value::text(folder.region.as_str(), location);
        region.trail = crate::model::Trail::stated(location, step);
        Some(region)
    })
}

fn account(record: Node<'_>, arn: Option<Arn<'_>>, at: At, location: Location, told: &Told<'_>) -> Option<Value> {
    let owner = record.get("OwnerId").filter(|o| o.text().is_some_and(is_account));
    let stated = arn.and_then(Arn::account).map(|a| Value::text(a, location));
    stated
        .or_else(|| owner.map(|o| value(o, at, Keys::AsWritten)))
        .or_else(|| told.account())
        .or_else(|| Some(Value::text(told.folder?.account.as_deref()?, location)))
}

/// What `get-bucket-location` and its like answer for one bucket.
fn convert_single(single: &Single, root: Node<'_>, at: At, told: &Told<'_>, to: &mut Made) {
    let location = beginning(at.of(root));
    if single.kind.is_empty() {
        return;
    }
    if !single.of_bucket {
        let list = List { path: "", id: "ARN", arn: "ARN", kind: single.kind, bare: false };
        return convert(&list, root, at, told, to);
    }
    let Some(bucket) = buckets::named(told.input.path()) else {
        let message = "this answer does not say which bucket it is about".to_owned();
        let help = "keep it as `s3-get-bucket-location/NAME`, or give an AWS Config snapshot";
        to.gap("unknown-listing", message, help, location, GapScope::Everything);
        return;
    };
    let files = told.buckets.files(bucket);
    if files.first() != Some(&told.input.file) {
        return;
    }
    let mut attributes: BTreeMap<Arc<str>, Value> = entries(value(root, at, Keys::AsWritten));
    for file in files.iter().skip(1) {
        let text = &told.input.sources.get(*file).text;
        let record = Record::new(*file, text, Span::new(0, text.len()));
        if let (Some(root), None) = (record.root(), record.problem()) {
            attributes.extend(entries(value(root, record.at(), Keys::AsWritten)));
        }
    }
    let region = attributes.get("LocationConstraint").map(|constraint| match constraint.as_text().as_deref() {
        // S3 API reference, GetBucketLocation: null for us-east-1, and EU for old buckets of eu-west-1.
        None => Value::text("us-east-1", constraint.at),
        Some("EU") => Value::text("eu-west-1", constraint.at),
        Some(region) => Value::text(region, constraint.at),
    });
    if !attributes.contains_key("ReplicationConfiguration") {
        to.bare.push((bucket.to_owned(), location));
    }
    attributes.insert(arc("Name"), Value::text(bucket, location));
    to.resources.push(Resource {
        vocabulary: Vocabulary::Listing,
        kind: single.kind.into(),
        address: bucket.into(),
        region: region.or_else(|| Some(no_region(location))),
        account: told.account().or_else(|| Some(Value::text(told.folder?.account.as_deref()?, location))),
        attributes: map(attributes, location),
        ids: Vec::new(),
        uncertain: None,
        location,
    });
}

/// The ARN of a queue, by its URL: `https://sqs.us-east-1.amazonaws.com/123456789012/orders`.
fn queue_arn(url: &str) -> Option<String> {
    let (host, path) = url.strip_prefix("https://sqs.")?.split_once('/')?;
    let (account, name) = path.split_once('/').filter(|(account, _)| is_account(account))?;
    let (region, domain) = host.split_once('.')?;
    let partition = if domain.ends_with(".cn") { "aws-cn" } else { "aws" };
    is_region(region).then(|| format!("arn:{partition}:sqs:{region}:{account}:{name}"))
}

/// Without the partition, which the name does not tell: enough to know what is told twice.
fn bucket_arn(name: &str) -> String {
    format!("arn:aws:s3:::{name}")
}
