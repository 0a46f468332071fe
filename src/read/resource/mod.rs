//! Resources: what infrastructure code, plans, state files, stacks and cloud exports all describe, a typed thing with attributes.
//! Their readers ([`super`]) evaluate their own languages and give [`Resource`]s; the tables of `data/resources/` say what each
//! kind is, where it stands, and where its data goes; [`translate()`] makes endpoints, routes and gaps of them. No resource kind is
//! named in code unless a table cannot say what it does.

mod clients;
mod collect;
mod endpoint;
mod ends;
mod gaps;
mod names;
mod path;
mod readers;
mod routes;
mod settle;
pub mod table;
mod translate;
pub mod value;

use std::sync::Arc;

use serde::Deserialize;

pub use names::region_of_zone;
pub use translate::{translate, translate_beside};
pub use value::{Is, Piece, Target, Unknown, Value};

use crate::source::Location;

/// Whose words a resource's kind and attributes are. Each has its own tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vocabulary {
    /// Terraform, OpenTofu, and Pulumi's bridged providers (translated by its reader): `aws_s3_bucket`.
    #[default]
    Terraform,
    /// CloudFormation, SAM, and AWS Config, which uses the same type names: `AWS::S3::Bucket`.
    CloudFormation,
    /// ARM templates and Azure Resource Graph, lower case: `microsoft.storage/storageaccounts`.
    Arm,
    /// Google Cloud Asset Inventory: `storage.googleapis.com/Bucket`.
    GcpAsset,
    /// Answers of cloud command lines and lists of resources: `AWS::EC2::Instance`, `aws:ec2:instance` (Resource Explorer),
    /// `ACS::ECS::Instance`, `tencent:cvm/instance`.
    Listing,
}

impl Vocabulary {
    pub const ALL: [Self; 5] = [Self::Terraform, Self::CloudFormation, Self::Arm, Self::GcpAsset, Self::Listing];

    /// What the names of its tables begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Terraform => "terraform-",
            Self::CloudFormation => "cloudformation",
            Self::Arm => "arm",
            Self::GcpAsset => "gcp-asset",
            Self::Listing => "listing",
        }
    }
}

/// One resource, evaluated as far as it can be.
#[derive(Clone, Debug)]
pub struct Resource {
    pub vocabulary: Vocabulary,
    /// The type, by the vocabulary's own name.
    pub kind: Arc<str>,
    /// Unique in its input, as people name it: `module.eu["x"].aws_s3_bucket.logs[0]`, `SourceBucket`. References use it.
    pub address: Arc<str>,
    /// The region its provider (or stack) is set to; `None` where the vocabulary has no such thing. The resource's own
    /// attributes, by the tables, go before it.
    pub region: Option<Value>,
    /// The account, subscription or project its provider (or stack) is set to.
    pub account: Option<Value>,
    /// Always an [`Is::Map`] (or an unknown). Blocks are lists of maps.
    pub attributes: Value,
    /// Why it is not known whether, or how many times, it exists: what `count` or a condition came to.
    pub uncertain: Option<Value>,
    /// Ids that are known from elsewhere than the attributes (the id of an export's record).
    pub ids: Vec<String>,
    /// The block's header.
    pub location: Location,
}
