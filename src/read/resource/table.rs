//! The tables of `data/resources/*.toml`: what each kind of resource is, where it stands, and where its data goes, also without
//! being asked (`implied`). Each row names its source. A kind without a row is a gap, never "nothing".
//!
//! Three small languages are used in rows:
//!
//! - A *path* names an attribute: `destination.bucket`. Lists are entered: `replica.region_name` is the region of every replica.
//!   `^` goes from an element of `each` back to the resource: `^.bucket`.
//! - A *term* is a path, or text with paths in braces: `arn:aws:s3:::{bucket}`. Beside attributes, `{region}`, `{account}` and
//!   `{partition}` are known. A term that cannot be filled in gives nothing.
//! - A *condition* compares what a path gives: `{ path = "account_replication_type", is = ["GRS", "RAGRS"] }`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Vocabulary;

/// One file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct TableFile {
    /// `terraform`, `cloud-formation`, `arm`, `gcp-asset`, `listing`.
    vocabulary: Vocabulary,
    /// The provider in `data/regions` of every kind that does not say its own.
    provider: String,
    /// Where the rows come from, unless they say.
    #[expect(dead_code, reason = "for those who keep the table")]
    source: String,
    #[serde(rename = "kind")]
    kinds: Vec<Row>,
}

/// What is known of some kinds that behave alike.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Row {
    /// Type names, or with a final `*` every type that begins so (the longest match wins).
    pub kinds: Vec<String>,
    /// Why it holds and carries no data: "permissions". Such a resource is no endpoint; references go through it (`passes`).
    pub ignore: Option<String>,
    /// What onshore calls it: `bucket`, `database`, `load-balancer`, `key`.
    pub is: String,
    /// `entry`, `transit`, `process`, `store`, `keys`, `access`; empty: inferred from its routes.
    pub roles: Vec<String>,
    /// A name in a configuration with no place of its own (a target group, a DNS alias).
    pub logical: bool,
    pub provider: Option<String>,
    /// Terms for what others may call it: ARN, id, name.
    pub ids: Vec<String>,
    /// Terms for host names under which it is reached.
    pub hosts: Vec<String>,
    /// Paths to addresses.
    pub addresses: Vec<String>,
    /// Paths to the networks that it spans (a subnet): addresses in them stand where it stands.
    pub networks: Vec<String>,
    /// Paths to its region or location; they go before the provider's. The first that gives something wins.
    pub region: Vec<String>,
    /// Paths to its zone.
    pub zone: Vec<String>,
    /// The region that every such resource has, whatever the provider is set to: `us-east-1` for Route 53 query logs, `global`.
    pub fixed_region: Option<String>,
    /// Paths to an account, subscription or project.
    pub account: Vec<String>,
    /// Paths to what it is a part of and stands in (a subnet, a cluster), where it has no place of its own.
    pub part_of: Vec<String>,
    /// Paths to the key that encrypts it.
    pub key: Vec<String>,
    /// Path to its tags or labels: a map, or a list of `key`/`value` pairs.
    pub tags: Vec<String>,
    /// Paths to what some demands ask for.
    pub retention_days: Vec<String>,
    pub locked: Vec<String>,
    /// Ways that data takes because of this resource.
    #[serde(rename = "route")]
    pub routes: Vec<RouteRow>,
    /// A translator in code, for what no row can say.
    pub by: Option<String>,
}

/// A way that data takes because of a resource.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RouteRow {
    /// A route for each element of this path; paths below are then relative to the element.
    pub each: Option<String>,
    /// All must hold. A value that is not known makes the way a gap, for it may be there.
    pub when: Vec<Condition>,
    /// Where data comes from; empty: this resource.
    pub from: Vec<String>,
    /// Terms for what it goes to: a resource, an id, a host name, an address.
    pub to: Vec<String>,
    /// Paths to regions (or regions themselves, in quotes: `'us-east-1'`): a copy of this resource stands in each.
    pub to_region: Vec<String>,
    /// The region that the provider pairs with the resource's own (`data/resources/pairs.csv`).
    pub to_pair: bool,
    /// It goes somewhere, and the provider does not say where: the words for the gap.
    pub to_unknown: Option<String>,
    /// `forward`, `replicate`, `backup`, `log`, `mirror`, `cache`, `access`, `keys`, `depend`.
    pub activity: String,
    /// `primary`, `geo`, `weighted`, `failover`, `overflow`, `manual`.
    pub role: Option<String>,
    pub priority: Option<u32>,
    /// Routes of one resource with the same pool stand for each other.
    pub pool: Option<String>,
    /// For `depend`: `service`, `dns`, `identity`, `keys`, `control-plane`.
    pub purpose: Option<String>,
    /// What must be true for it to carry, in words.
    pub condition: Option<String>,
    /// The data classes that such a route holds by its nature (a log).
    pub data: Vec<String>,
    /// The provider does this without being asked: the document that says so.
    pub implied: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Condition {
    pub path: String,
    /// One of these texts (case does not matter).
    pub is: Vec<String>,
    /// None of these.
    pub not: Vec<String>,
    /// Whether it is given at all.
    pub set: Option<bool>,
}
