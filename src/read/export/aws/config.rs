//! AWS Config: snapshots and history files as it delivers them (`configurationItems`), the answers of
//! `get-resource-config-history`, `batch-get-resource-config` and of advanced queries (`Results`, JSON in strings), and change
//! notifications. Source: AWS Config API reference (ConfigurationItem, BaseConfigurationItem) and developer guide.
//!
//! A configuration holds what the service's own describe call answers, with small first letters. Types that Config takes over
//! from CloudFormation have that one's attributes, which begin with capitals as well: one spelling serves both.

use std::sync::Arc;

use super::{Arn, arc, is_account, is_region};
use crate::doc::{Node, Style};
use crate::model::GapScope;
use crate::read::export::records::{At, Record, Records, text};
use crate::read::export::value::{Keys, entries, map, value};
use crate::read::export::{Dialect, Head, Made, Sample, Told, beginning, no_region};
use crate::read::resource::{Is, Resource, Value, Vocabulary, region_of_zone, table};

pub struct Config;

/// The lists it delivers.
const LISTS: [&str; 3] = ["configurationItems", "baseConfigurationItems", "Results"];

/// What Config writes where a resource stands in no single zone.
const NO_ZONE: [&str; 4] = ["Not Applicable", "Multiple Availability Zones", "Regional", "Not Available"];

impl Dialect for Config {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        let records = sample.records;
        let has_items = |list: &str| match records.list(list) {
            Some(found) if found.records.is_empty() => records.has("configSnapshotId") || records.has("fileVersion"),
            Some(_) => sample.has(list, &["resourceType"]),
            None => false,
        };
        has_items(LISTS[0])
            || has_items(LISTS[1])
            || (records.list("Results").is_some() && records.has("QueryInfo"))
            || sample
                .whole()
                .is_some_and(|r| r.root().is_some_and(|n| n.path(&["configurationItem", "resourceType"]).is_some()))
    }

    fn takes(&self, list: &str, _: bool) -> bool {
        LISTS.contains(&list)
    }

    fn takes_whole(&self, records: &Records) -> bool {
        records.has("configurationItem")
    }

    fn head(&self, _list: &str, record: &Record<'_>) -> Option<Head> {
        with_item(record, |item, _| {
            let (kind, id) = (text(item, &["resourceType"])?, text(item, &["resourceId"])?);
            let status = text(item, &["configurationItemStatus"]).unwrap_or("");
            let key = match arn(item) {
                Some(arn) => arn.to_owned(),
                None => format!("{kind} {id} {}", text(item, &["awsRegion"]).unwrap_or("")),
            };
            let time = text(item, &["configurationItemCaptureTime"]).map(str::to_owned);
            Some(Head {
                key,
                time,
                gone: status.starts_with("ResourceDeleted"),
                detailed: has_configuration(item),
                project: None,
            })
        })
        .flatten()
    }

    fn convert(&self, _list: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made) {
        with_item(record, |item, at| convert(item, at, told, to));
    }
}

/// The item of a record: in a string (advanced queries), in a notification, or the record itself.
fn with_item<T>(record: &Record<'_>, then: impl FnOnce(Node<'_>, At) -> T) -> Option<T> {
    let root = record.root()?;
    if root.style() == Some(Style::Quoted) {
        let inner = Record::within(root.text()?, record.at().of(root));
        let item = inner.root()?;
        return Some(then(item, inner.at()));
    }
    Some(then(root.get("configurationItem").unwrap_or(root), record.at()))
}

fn arn<'d>(item: Node<'d>) -> Option<&'d str> {
    text(item, &["ARN"]).or_else(|| text(item, &["arn"]))
}

fn has_configuration(item: Node<'_>) -> bool {
    item.get("configuration").is_some_and(|c| !c.is_null() && c.text() != Some("") && c.text() != Some("null"))
}

fn convert(item: Node<'_>, at: At, told: &Told<'_>, to: &mut Made) {
    let location = beginning(at.of(item));
    let arn = arn(item);
    let parsed = arn.and_then(Arn::parse);
    let id = text(item, &["resourceId"]);
    let (Some(kind), Some(name)) = (text(item, &["resourceType"]), arn.or(id)) else {
        let message = "this result does not say which resource it is about".to_owned();
        let help = "select at least `arn`, `resourceType`, `awsRegion` and `configuration` in the query";
        to.gap("unknown-listing", message, help, location, GapScope::Everything);
        return;
    };
    if text(item, &["configurationItemStatus"]).is_some_and(|s| s.starts_with("ResourceDeleted")) {
        return;
    }
    let mut attributes = item.get("configuration").map(|c| entries(decoded(c, at))).unwrap_or_default();
    if let Some(supplement) = item.get("supplementaryConfiguration") {
        let supplement: Vec<(Arc<str>, Value)> =
            supplement.entries().map(|e| (arc(e.name()), listed_rules(decoded(e.value, at)))).collect();
        let supplement = map(supplement.into_iter().collect(), location);
        attributes.insert(arc("SupplementaryConfiguration"), supplement);
    }
    if let Some(tags) = item.get("tags") {
        attributes.entry(arc("Tags")).or_insert_with(|| value(tags, at, Keys::AsWritten));
    }
    let zone = item.get("availabilityZone").filter(|z| z.text().is_some_and(|z| !z.is_empty() && !NO_ZONE.contains(&z)));
    if let Some(zone) = zone.filter(|z| z.text().is_some_and(|z| region_of_zone(z).is_some())) {
        attributes.insert(arc("AvailabilityZone"), value(zone, at, Keys::AsWritten));
    }
    for (key, own) in [("ResourceName", item.get("resourceName")), ("ResourceId", item.get("resourceId"))] {
        if let Some(own) = own.filter(|own| !own.is_null()) {
            attributes.entry(arc(key)).or_insert_with(|| value(own, at, Keys::AsWritten));
        }
    }
    let region = item.get("awsRegion").filter(|r| r.text().is_some_and(|r| is_region(r) || r == "global"));
    let region = region.map(|r| value(r, at, Keys::AsWritten));
    let region = region
        .or_else(|| Some(Value::text(parsed?.region()?, location)))
        .or_else(|| told.region())
        .or_else(|| Some(no_region(location)));
    let account = item.get("awsAccountId").or_else(|| item.get("accountId")).filter(|a| a.text().is_some_and(is_account));
    let account = account.map(|a| value(a, at, Keys::AsWritten));
    let account = account.or_else(|| Some(Value::text(parsed?.account()?, location))).or_else(|| told.account());
    if !has_configuration(item) {
        to.bare.push((name.to_owned(), location));
    }
    // The rows for answers of `aws` serve where there are some; else Config has CloudFormation's types and attributes.
    let vocabulary = match table::find(Vocabulary::Listing, kind) {
        Some(_) => Vocabulary::Listing,
        None => Vocabulary::CloudFormation,
    };
    to.resources.push(Resource {
        vocabulary,
        kind: kind.into(),
        address: name.into(),
        region,
        account,
        attributes: map(attributes, location),
        ids: arn.into_iter().chain(id.filter(|id| Some(*id) != arn)).map(str::to_owned).collect(),
        uncertain: None,
        location,
    });
}

/// A configuration: a map, or (in the API's answers) a string with one.
fn decoded(node: Node<'_>, at: At) -> Value {
    if let Some(json) = node.as_str().filter(|text| text.starts_with(['{', '['])) {
        let inner = Record::within(json, at.of(node));
        if let (Some(root), None) = (inner.root(), inner.problem()) {
            return value(root, inner.at(), Keys::Capital);
        }
    }
    value(node, at, Keys::Capital)
}

/// Replication rules of a bucket come by their names; the tables know lists.
fn listed_rules(configuration: Value) -> Value {
    let at = configuration.at;
    match configuration.get("Rules").and_then(Value::as_map) {
        Some(rules) => {
            let list = Value::new(Is::List(Arc::new(rules.values().cloned().collect())), at);
            let mut changed = entries(configuration);
            changed.insert(arc("Rules"), list);
            map(changed, at)
        }
        None => configuration,
    }
}
