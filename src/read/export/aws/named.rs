//! Lists of names: the answers of Resource Explorer's `search` and of `resourcegroupstaggingapi get-resources`. They say that a
//! resource exists and in which region, and nothing of what it does with data.
//! Source: Resource Explorer API reference (Resource), Resource Groups Tagging API reference (GetResources).

use std::collections::BTreeMap;

use super::{Arn, arc, is_account, is_region};
use crate::doc::Node;
use crate::model::GapScope;
use crate::read::export::records::{At, Record, text};
use crate::read::export::value::{Keys, map, value};
use crate::read::export::{Dialect, Head, Made, Sample, Told, beginning, no_region};
use crate::read::resource::{Resource, Value, Vocabulary};

pub struct Named;

impl Dialect for Named {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        sample.has("Resources", &["Arn", "ResourceType", "OwningAccountId"])
            || sample.has("ResourceTagMappingList", &["ResourceARN"])
    }

    fn takes(&self, list: &str, _: bool) -> bool {
        matches!(list, "Resources" | "ResourceTagMappingList")
    }

    fn head(&self, _list: &str, record: &Record<'_>) -> Option<Head> {
        let root = record.root()?;
        let arn = text(root, &["Arn"]).or_else(|| text(root, &["ResourceARN"]))?;
        Some(Head { key: arn.to_owned(), time: None, gone: false, detailed: false, project: None })
    }

    fn convert(&self, _list: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made) {
        if let Some(root) = record.root() {
            convert(root, record.at(), told, to);
        }
    }
}

fn convert(root: Node<'_>, at: At, told: &Told<'_>, to: &mut Made) {
    let location = beginning(at.of(root));
    let arn = text(root, &["Arn"]).or_else(|| text(root, &["ResourceARN"]));
    let Some((name, arn)) = arn.and_then(|name| Some((name, Arn::parse(name)?))) else {
        let message = "a record of this list has no ARN".to_owned();
        to.gap("unknown-listing", message, "export again", location, GapScope::Everything);
        return;
    };
    let region = root.get("Region").filter(|r| r.text().is_some_and(|r| is_region(r) || r == "global"));
    let region = region.map(|r| value(r, at, Keys::AsWritten));
    let region = region
        .or_else(|| Some(Value::text(arn.region()?, location)))
        .or_else(|| told.region())
        .or_else(|| Some(no_region(location)));
    let account = text(root, &["OwningAccountId"]).filter(|a| is_account(a)).or_else(|| arn.account());
    let account = account.map(|a| Value::text(a, location)).or_else(|| told.account());
    let tags = root.get("Tags").or_else(|| {
        let mut properties = root.get("Properties")?.items();
        properties.find(|p| text(*p, &["Name"]) == Some("tags"))?.get("Data")
    });
    let mut attributes = BTreeMap::from([(arc("Arn"), Value::text(name, location))]);
    if let Some(tags) = tags {
        attributes.insert(arc("Tags"), value(tags, at, Keys::AsWritten));
    }
    if arn.service == "s3" {
        attributes.insert(arc("Name"), Value::text(arn.resource, location));
    }
    to.bare.push((name.to_owned(), location));
    to.resources.push(Resource {
        vocabulary: Vocabulary::Listing,
        kind: kind(arn, text(root, &["ResourceType"])).as_str().into(),
        address: name.into(),
        region,
        account,
        attributes: map(attributes, location),
        ids: std::iter::once(name.to_owned()).chain(id(arn)).collect(),
        uncertain: None,
        location,
    });
}

/// `aws:ec2:instance`: the type as Resource Explorer has it. Where only the ARN is told, its parts say the same.
fn kind(arn: Arn<'_>, told: Option<&str>) -> String {
    if let Some(told) = told {
        return format!("aws:{told}");
    }
    match (arn.service, arn.resource.split_once(['/', ':'])) {
        ("s3", _) => "aws:s3:bucket".to_owned(),
        ("sns", None) => "aws:sns:topic".to_owned(),
        ("sqs", None) => "aws:sqs:queue".to_owned(),
        (service, Some((kind, _))) => format!("aws:{service}:{kind}"),
        (service, None) => format!("aws:{service}"),
    }
}

/// `vpc-1` of `vpc/vpc-1`: EC2's ids are unique, so other answers name them without an ARN.
fn id(arn: Arn<'_>) -> Option<String> {
    (arn.service == "ec2").then(|| arn.resource.split_once('/').map(|(_, id)| id.to_owned())).flatten()
}
