//! The tables of `data/resources/*.toml`: what each kind of resource is, where it stands, and where its data goes, also without
//! being asked (`implied`). A kind without a row is a gap, never "nothing". How far a row was checked is its `verification`.
//!
//! Three small languages are used in rows:
//!
//! - A *path* names an attribute: `destination.bucket`. Lists are entered: `replica.region_name` is the region of every replica;
//!   `*` is every value of a map. `^` goes from an element of `each` back to the resource: `^.bucket`; `@` is the element itself.
//!   Text in quotes stands for itself: `'us-east-1'`. `zone_id>name` is an attribute of the resource that `zone_id` leads to, and
//!   `^.origin[id=origin_id].domain_name` picks the elements of a list whose `id` is what `origin_id` of the element says. JSON in a
//!   text is entered like anything else.
//!   `#` is the key under which an element of `each` stands, and as a piece of a path all keys of a map: `country_pools.#`.
//!   `pool>>monitor` is like `pool>monitor`, but nothing where the resource is here and has no such attribute, and not known where it
//!   is not here.
//!   `/kind[field=path].rest` is `rest` of every resource of a kind whose `field` is what `path` says.
//! - A *term* is a path, or text with paths in braces: `arn:aws:s3:::{bucket}`. Beside attributes, `{region}`, `{account}` and
//!   `{partition}` and `{dns_suffix}` are known. What is an ARN, a resource id or a reference already is taken as it is, so that one term serves for
//!   names and ARNs. `^` alone is the resource itself. A term that cannot be filled in gives nothing as an id, and a gap as a target.
//! - A *condition* compares what a path gives: `{ path = "account_replication_type", is = ["GRS", "RAGRS"] }`.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::Vocabulary;
use crate::model::{Activity, Dependence, Role, RouteRole};
use crate::vocab::pairs;

/// One file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct TableFile {
    /// `terraform`, `cloud-formation`, `arm`, `gcp-asset`, `listing`.
    vocabulary: Vocabulary,
    /// The provider in `data/regions` of every kind that does not say its own.
    provider: String,
    /// Whose reference the names follow, and how far the rows were held against it.
    source: String,
    /// Of every row that does not say its own, and how it was checked. What a provider does without being asked (`implied`) is
    /// checked only where its route says so.
    verification: Verification,
    checked: Option<String>,
    /// For rows that do not say their own.
    #[serde(default)]
    region: Vec<String>,
    #[serde(default)]
    account: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(rename = "kind")]
    kinds: Vec<Row>,
}

/// How what a row says was checked; the words mean what they mean in policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verification {
    /// Written from knowledge of the reference, and not held against it.
    #[default]
    Memory,
    /// Held against what somebody else says of it, or a generated copy of the schema.
    Secondary,
    /// Held against the vendor's own document (which the row names).
    Primary,
}

/// What is known of some kinds that behave alike.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Row {
    /// Type names, or with a final `*` every type that begins so (the longest match wins).
    pub kinds: Vec<String>,
    /// Why it holds and carries no data: "permissions". Such a resource is no endpoint; references to it go on to what `passes`
    /// says. Its routes, if it has any, must say where they come `from`.
    pub ignore: Option<String>,
    /// Paths to what a reference to an ignored resource means in truth: `function_name` of a Lambda alias.
    pub passes: Vec<String>,
    /// Terms for the resource that this is a piece of (`bucket` of a bucket's replication): no endpoint of its own; its routes,
    /// key, retention and lock are that resource's.
    pub extends: Vec<String>,
    /// What onshore calls it: `bucket`, `database`, `load-balancer`, `key`.
    pub is: String,
    /// It is no store, and what copies stores by a tag or a pattern of names copies its disks all the same.
    pub copied: bool,
    /// `entry`, `transit`, `process`, `store`, `keys`, `access`; empty: inferred from its routes.
    pub roles: Vec<String>,
    /// A name in a configuration with no place of its own (a target group, a DNS alias).
    pub logical: bool,
    /// It is only a name where all of these hold for sure.
    pub logical_when: Vec<Condition>,
    pub provider: Option<String>,
    /// Terms for what others may call it: ARN, id, name.
    pub ids: Vec<String>,
    /// Terms for host names under which it is reached.
    pub hosts: Vec<String>,
    /// Path to the domain that host names are relative to where they do not end with it.
    pub domain: Vec<String>,
    /// Paths to addresses.
    pub addresses: Vec<String>,
    /// Paths to the networks that it spans (a subnet): addresses in them stand where it stands.
    pub networks: Vec<String>,
    /// Paths to what tells its private addresses and networks from equal ones elsewhere (the VPC of a subnet).
    pub scope: Vec<String>,
    /// Terms for the networks (and the hubs of networks) that it joins: both sides of a peering.
    pub joins: Vec<String>,
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
    /// The region that its provider is set to says nothing of it: it stands where what it is a part of does, also where that is
    /// declared elsewhere.
    pub part_only: bool,
    /// Terms for what sees what passes it, without saying where it stands: the zone of a DNS record, the subnets of a function. What
    /// it is a part of does so too.
    pub inside: Vec<String>,
    /// Paths to the key that encrypts it.
    pub key: Vec<String>,
    /// Path to its tags or labels: a map, or a list of `key`/`value` pairs.
    pub tags: Vec<String>,
    /// Paths to what some demands ask for.
    pub retention_days: Vec<String>,
    pub locked: Vec<String>,
    /// How the row (its routes too, unless they say) was checked, and against which document.
    pub verification: Option<Verification>,
    pub checked: Option<String>,
    /// Ways that data takes because of this resource.
    #[serde(rename = "route")]
    pub routes: Vec<RouteRow>,
}

/// A way that data takes because of a resource.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RouteRow {
    /// A route for each element of this path; paths below are then relative to the element.
    pub each: Option<String>,
    /// All must hold. A value that is not known makes the way a gap, for it may be there.
    pub when: Vec<Condition>,
    /// Where data comes from; empty: this resource. An ARN with wildcards is every resource of this configuration that fits.
    pub from: Vec<String>,
    /// Where data comes from all that is in what these terms name (a network, a zone), and from itself.
    pub from_in: Vec<String>,
    /// Where data comes from what carries a tag: all stores of this configuration with it, in the resource's region.
    pub from_tag: Option<Tag>,
    /// Where data comes from everything of the provider that works or stores, as far as this says. `data` must be told.
    pub from_all: Option<Wide>,
    /// Terms for what it goes to: a resource, an id, a host name, an address.
    pub to: Vec<String>,
    /// Paths to the account of what it goes to (a bucket's ARN has none).
    pub to_account: Vec<String>,
    /// Terms for regions (or regions themselves, in quotes: `'us-east-1'`): a copy of where data comes from stands in each.
    pub to_region: Vec<String>,
    /// The region that the provider pairs with the resource's own (`data/resources/pairs.csv`).
    pub to_pair: bool,
    /// It goes somewhere, and the provider does not say where: the words for the gap.
    pub to_unknown: Option<String>,
    /// Those of other accounts who may read it: paths to principals (ARNs, accounts, Google's members), and to policy documents of
    /// AWS that name them.
    pub to_readers: Vec<String>,
    pub to_readers_of: Vec<String>,
    /// Anybody may read it.
    pub to_anybody: bool,
    /// `forward`, `replicate`, `backup`, `log`, `mirror`, `cache`, `access`, `keys`, `depend`.
    pub activity: String,
    /// Paths to the key that encrypts the copy (`to_region`, `to_pair`).
    pub to_key: Vec<String>,
    /// The same way back: both sides take writes.
    pub both: bool,
    /// A name for the same thing (a DNS alias).
    pub alias: bool,
    /// `primary`, `geo`, `weighted`, `failover`, `overflow`, `manual`.
    pub role: Option<String>,
    /// The role where a condition holds; the first that does.
    pub role_if: Vec<RoleIf>,
    pub priority: Option<u32>,
    /// Paths to the priority, 0 (or the lowest) first.
    pub priority_of: Vec<String>,
    /// The elements of `each` stand in for each other in their order: the first is `primary`, the others `failover`.
    pub ordered: bool,
    /// The same of what `to` gives.
    pub to_in_order: bool,
    /// Terms for the areas whose clients it takes: `US`, `US-CA`, `continent:EU`, `*`, or a group of `data/resources/areas.csv`. The
    /// first term that gives something wins.
    pub clients: Vec<String>,
    /// Terms for areas whose clients others take.
    pub except: Vec<String>,
    /// The smaller an area is, the earlier it is asked for: a country before its continent before all others.
    pub narrowest_first: bool,
    /// It takes only some clients, in words: "those that are nearest by latency".
    pub some: Option<String>,
    /// The same where a condition holds; the first that does.
    pub some_if: Vec<SomeIf>,
    /// Routes of one resource (or of one name) with the same pool stand for each other. A term, if it has braces.
    pub pool: Option<String>,
    /// Where all of these hold for sure, the provider takes the target for healthy whatever happens: what stands behind it in the
    /// pool gets none of its clients.
    pub unchecked_when: Vec<Condition>,
    /// For `depend`: `service`, `dns`, `identity`, `keys`, `control-plane`.
    pub purpose: Option<String>,
    /// What must be true for it to carry, in words.
    pub condition: Option<String>,
    /// The data classes that such a route holds by its nature (a log).
    pub data: Vec<String>,
    /// The configuration does not say it, the provider does it: what it does, and the document that says so.
    pub implied: Option<String>,
    /// As for a row. `implied` names the document.
    pub verification: Option<Verification>,
}

/// How far that which collects from everything reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wide {
    /// Its own account and region.
    Region,
    Account,
    Organization,
}

/// Paths to a tag's key and value, or to a map of tags.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Tag {
    pub key: String,
    pub value: String,
    pub map: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RoleIf {
    pub role: String,
    pub when: Condition,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SomeIf {
    pub some: String,
    pub when: Condition,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Condition {
    pub path: String,
    /// One of these texts (case does not matter).
    pub is: Vec<String>,
    /// None of these.
    pub not: Vec<String>,
    /// It begins with one of these.
    pub starts: Vec<String>,
    /// One of these stands in it.
    pub contains: Vec<String>,
    /// None of what these paths give.
    pub not_in: Vec<String>,
    /// Whether it is given at all.
    pub set: Option<bool>,
}

macro_rules! tables {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../../../data/resources/", $name, ".toml")))),*] };
}

/// Name and text of each table; `tests/data.rs` checks that no file of the folder is left out. Keep it sorted.
pub static TABLES: &[(&str, &str)] = tables![
    "arm",
    "arm-networks",
    "arm-traffic",
    "cloudformation",
    "cloudformation-networks",
    "cloudformation-traffic",
    "gcp-asset",
    "listing-alibaba",
    "listing-aws",
    "listing-aws-traffic",
    "listing-tencent",
    "terraform-alibaba",
    "terraform-aws",
    "terraform-aws-traffic",
    "terraform-azure",
    "terraform-azure-traffic",
    "terraform-common",
    "terraform-google",
    "terraform-google-traffic",
    "terraform-networks",
    "terraform-other",
    "terraform-other-traffic",
    "terraform-tencent",
];

/// The row for a kind: its own, else that of the longest prefix.
pub fn find(vocabulary: Vocabulary, kind: &str) -> Option<&'static Row> {
    let index = index(vocabulary);
    if let Some(row) = index.exact.get(kind) {
        return Some(row);
    }
    if index.prefixes.is_empty() {
        return None;
    }
    let ends = (0..=kind.len()).rev().filter(|end| kind.is_char_boundary(*end));
    ends.filter_map(|end| index.prefixes.get(&kind[..end])).next().map(Arc::as_ref)
}

/// The region that a provider pairs with one of its own.
pub fn pair(provider: &str, region: &str) -> Option<&'static str> {
    pairs::of(provider, &plain_region(region))
}

/// `East US 2` and `eastus2` are one region.
pub fn plain_region(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '_')).flat_map(char::to_lowercase).collect()
}

/// Everything that is wrong with a table, for the test that keeps them right.
pub fn faults() -> Vec<String> {
    let mut faults = Vec::new();
    for (name, text) in TABLES {
        match parse(text) {
            Err(why) => faults.push(format!("{name}: {why}")),
            Ok(file) => check(name, &file, &mut faults),
        }
    }
    faults
}

fn parse(text: &str) -> Result<TableFile, String> {
    let mut file: TableFile = toml::from_str(text).map_err(|e| e.to_string())?;
    for row in &mut file.kinds {
        row.provider.get_or_insert_with(|| file.provider.clone());
        let defaults = [(&mut row.region, &file.region), (&mut row.account, &file.account), (&mut row.tags, &file.tags)];
        for (own, default) in defaults {
            if own.is_empty() {
                own.clone_from(default);
            }
        }
        if row.verification.is_none() {
            row.checked.clone_from(&file.checked);
        }
        let of_row = *row.verification.get_or_insert(file.verification);
        for route in &mut row.routes {
            let of_route = if route.implied.is_some() { Verification::Memory } else { of_row };
            route.verification.get_or_insert(of_route);
        }
    }
    Ok(file)
}

fn check(name: &str, file: &TableFile, faults: &mut Vec<String>) {
    if !name.starts_with(file.vocabulary.prefix()) {
        faults.push(format!("{name}: its name does not begin with `{}`", file.vocabulary.prefix()));
    }
    if file.source.is_empty() {
        faults.push(format!("{name}: it does not say where its names come from"));
    }
    for row in &file.kinds {
        let kind = row.kinds.first().map_or("", String::as_str);
        let mut wrong = |what: String| faults.push(format!("{name}: {kind}: {what}"));
        if row.kinds.is_empty() {
            wrong("a row without kinds".into());
        }
        if row.ignore.is_some() == (!row.is.is_empty() || !row.extends.is_empty()) {
            wrong("a row has either `is`, `extends` or `ignore`".into());
        }
        if row.verification > Some(Verification::Memory) && row.checked.is_none() {
            wrong("a row that was checked names the document (`checked`)".into());
        }
        for condition in
            row.logical_when.iter().filter(|c| c.path.is_empty() || c.set.is_none() && c.is.is_empty() && c.not.is_empty())
        {
            wrong(format!("`{condition:?}` has a path, and `is`, `not` or `set`"));
        }
        for role in row.roles.iter().filter(|r| Role::parse(r).is_none()) {
            wrong(format!("`{role}` is no role"));
        }
        for route in &row.routes {
            if Activity::parse(&route.activity).is_none() {
                wrong(format!("`{}` is no activity", route.activity));
            }
            if route.role.as_ref().is_some_and(|r| RouteRole::parse(r).is_none()) {
                wrong(format!("`{:?}` is no route role", route.role));
            }
            if route.purpose.as_ref().is_some_and(|p| Dependence::parse(p).is_none()) {
                wrong(format!("`{:?}` is no purpose", route.purpose));
            }
            if route.from_all.is_some() && (route.data.is_empty() || row.is.is_empty()) {
                wrong("what collects from everything is an endpoint, and says which data".into());
            }
            if route.verification > row.verification && route.implied.is_none() {
                wrong("a route that was checked more than its row names the document (`implied`)".into());
            }
            let readers = route.to_anybody || !(route.to_readers.is_empty() && route.to_readers_of.is_empty());
            let ends = [!route.to.is_empty(), !route.to_region.is_empty(), route.to_pair, route.to_unknown.is_some(), readers];
            if ends.iter().filter(|e| **e).count() != 1 {
                wrong(
                    "a route has exactly one of `to`, `to-region`, `to-pair`, `to-unknown`, `to-readers(-of)` or `to-anybody`"
                        .into(),
                );
            }
            if route.pool.is_none() && (route.narrowest_first || !route.unchecked_when.is_empty()) {
                wrong("what comes first is told of a pool".into());
            }
            for role in route.role_if.iter().filter(|r| RouteRole::parse(&r.role).is_none()) {
                wrong(format!("`{}` is no route role", role.role));
            }
            if row.ignore.is_some() && route.from.is_empty() && route.from_in.is_empty() && route.from_tag.is_none() {
                wrong("a route of an ignored kind must say where it comes `from`".into());
            }
            for condition in route.when.iter().chain(&route.unchecked_when).chain(conditions_of(route)) {
                let lists = [&condition.is, &condition.not, &condition.starts, &condition.contains, &condition.not_in];
                if condition.path.is_empty() || (condition.set.is_none() && lists.iter().all(|l| l.is_empty())) {
                    wrong("a condition has a path and something to compare with".into());
                }
            }
        }
    }
}

/// What roles and clients of a route hang on.
fn conditions_of(route: &RouteRow) -> impl Iterator<Item = &Condition> {
    route.role_if.iter().map(|r| &r.when).chain(route.some_if.iter().map(|s| &s.when))
}

/// All rows of all tables, with the table's name: what the tests look through.
pub fn rows() -> Vec<(&'static str, Vocabulary, Row)> {
    let of = |(name, text): &(&'static str, &str)| {
        let file = parse(text).unwrap_or_default();
        file.kinds.into_iter().map(|row| (*name, file.vocabulary, row)).collect::<Vec<_>>()
    };
    TABLES.iter().flat_map(of).collect()
}

#[derive(Default)]
struct Index {
    exact: HashMap<String, Arc<Row>>,
    prefixes: HashMap<String, Arc<Row>>,
}

/// Of a vocabulary; its tables are read when it is first asked for.
fn index(vocabulary: Vocabulary) -> &'static Index {
    static READ: [OnceLock<Index>; Vocabulary::ALL.len()] = [const { OnceLock::new() }; Vocabulary::ALL.len()];
    READ[vocabulary as usize].get_or_init(|| {
        let mut index = Index::default();
        for (_, text) in TABLES.iter().filter(|(name, _)| name.starts_with(vocabulary.prefix())) {
            for mut row in parse(text).unwrap_or_default().kinds {
                let kinds = std::mem::take(&mut row.kinds);
                let row = Arc::new(row);
                for kind in kinds {
                    match kind.strip_suffix('*') {
                        Some(prefix) => index.prefixes.insert(prefix.to_owned(), Arc::clone(&row)),
                        None => index.exact.insert(kind, Arc::clone(&row)),
                    };
                }
            }
        }
        index
    })
}
