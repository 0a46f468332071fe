//! The tables of an inventory as they are written. The JSON Schema is made from the same types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::doc::types::{
    AddressText, Choice, Cidr, Coordinates, CountryCode, DataClass, Hours, Name, OneOrMany, OneOrMore, SubdivisionCode,
};
use crate::model::{Activity, Dependence, Role, RouteRole};
use crate::source::Spanned;

/// Where machines and people are, what they are, and which ways data can take between them.
#[derive(JsonSchema)]
#[schemars(title = "onshore inventory", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; tables are read entry by entry")]
struct InventoryFile {
    /// Where editors find this schema.
    #[serde(rename = "$schema")]
    schema: Option<String>,
    /// Places of one's own.
    #[serde(default)]
    site: Vec<SiteEntry>,
    /// What holds, handles or passes on data.
    #[serde(default)]
    endpoint: Vec<EndpointEntry>,
    /// Ways that data takes from one endpoint to another.
    #[serde(default)]
    route: Vec<RouteEntry>,
}

/// The JSON Schema of an inventory file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(InventoryFile).to_value()
}

/// A site: where machines or people stand, its networks, and what it shares the fate of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "site", rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct SiteEntry {
    /// The site's own name; also a loss domain.
    pub id: Spanned<Name>,
    pub country: Spanned<CountryCode>,
    pub subdivision: Option<Spanned<SubdivisionCode>>,
    /// The city it stands in.
    pub city: Option<Name>,
    /// Latitude and longitude in degrees.
    pub coordinates: Option<Coordinates>,
    /// In degrees, together with `longitude`; instead of `coordinates`.
    pub latitude: Option<Spanned<f64>>,
    /// Degrees, east of Greenwich.
    pub longitude: Option<Spanned<f64>>,
    /// An availability zone. Not proof of a separate site.
    pub zone: Option<Name>,
    /// Several sites on one ground.
    pub campus: Option<Name>,
    /// A metropolitan area that one disaster can hit as a whole.
    pub metro: Option<Name>,
    /// The provider's region.
    pub region: Option<Name>,
    /// Account, project or subscription.
    pub account: Option<Name>,
    /// Whose site it is.
    pub provider: Option<Name>,
    /// Who operates the machines.
    pub operator: Option<Name>,
    /// Carriers (AS numbers). Several stand for each other.
    #[serde(default)]
    pub carrier: OneOrMany<Name>,
    /// The site's networks, private ones too.
    #[serde(default)]
    pub networks: OneOrMany<Spanned<Cidr>>,
    /// Tells overlapping private networks apart (a VPC, a company network).
    pub network_scope: Option<Name>,
}

/// An endpoint: anything that data can sit in or pass through, and the desk of a person with access.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "endpoint", rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct EndpointEntry {
    /// As routes and findings call it.
    pub id: Spanned<Name>,
    /// Your own word for what it is: `bucket`, `database`, `key-server`, `workplace`. Well-known ones imply roles.
    pub kind: Option<Name>,
    /// What it does with data that reaches it.
    #[serde(default)]
    pub roles: OneOrMany<Choice<Role>>,
    /// Host names.
    #[serde(default)]
    pub names: OneOrMany<Spanned<Name>>,
    /// Its IP addresses.
    #[serde(default)]
    pub addresses: OneOrMany<Spanned<AddressText>>,
    /// ARNs and other ids by which cloud files name it.
    #[serde(default)]
    pub cloud_ids: OneOrMany<Name>,
    /// The id of the site it stands in.
    pub site: Option<Spanned<Name>>,
    /// The scope that its private addresses belong to.
    pub network_scope: Option<Name>,
    /// The provider it runs at.
    pub provider: Option<Name>,
    /// The region, as its provider calls it.
    pub region: Option<Spanned<Name>>,
    /// The zone within its region.
    pub zone: Option<Spanned<Name>>,
    /// Account, project or subscription.
    pub account: Option<Name>,
    /// Who can reach what is on it.
    pub operator: Option<Name>,
    /// Carriers (AS numbers). Several stand for each other.
    #[serde(default)]
    pub carrier: OneOrMany<Name>,
    /// The campus: buildings that one event can hit together.
    pub campus: Option<Name>,
    /// The metropolitan area.
    pub metro: Option<Name>,
    /// Says outright where it stands, whatever other sources say.
    pub country: Option<Spanned<CountryCode>>,
    pub subdivision: Option<Spanned<SubdivisionCode>>,
    /// The city it stands in.
    pub city: Option<Spanned<Name>>,
    /// Latitude and longitude in degrees.
    pub coordinates: Option<Spanned<Coordinates>>,
    /// Names and values that selectors can ask for.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// How long it keeps data.
    pub retention: Option<Hours>,
    /// The id of the endpoint that holds its encryption key.
    pub encryption_key: Option<Name>,
    /// Nobody can delete from it before its time (object lock, WORM).
    pub locked: Option<bool>,
    /// How old the copy may be at most: replication lag, backup interval.
    pub max_age: Option<Hours>,
    /// What it is a part of; it stands where that stands.
    #[serde(default)]
    pub part_of: OneOrMany<Name>,
}

/// A route: a way that data can take from one endpoint to another.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "route", rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct RouteEntry {
    /// An endpoint: its id, a host name of it, or an address of it.
    pub from: Name,
    /// Where the data goes: an id, a host name or an address.
    pub to: Spanned<Name>,
    /// What happens along it; `forward` if not said.
    pub activity: Option<Choice<Activity>>,
    /// When it carries; `primary` if not said.
    pub role: Option<Choice<RouteRole>>,
    /// Routes of one `from` in one pool stand for each other.
    pub pool: Option<Name>,
    /// 0 first. If not said: 0, and 1 for standby roles.
    pub priority: Option<u32>,
    /// It carries only these data classes and what lies below them.
    pub data: Option<OneOrMore<DataClass>>,
    /// Data classes that are taken out on the way.
    #[serde(default)]
    pub drops: OneOrMany<DataClass>,
    /// Only for clients in these countries.
    pub origin: Option<Spanned<OneOrMore<CountryCode>>>,
    /// For clients everywhere but in these countries.
    pub except_origin: Option<Spanned<OneOrMore<CountryCode>>>,
    /// Only for clients in these networks.
    pub networks: Option<Spanned<OneOrMore<Cidr>>>,
    /// What a `depend` route is needed for; `service` if not said.
    pub purpose: Option<Spanned<Choice<Dependence>>>,
    /// What must be true for it to carry, in words.
    pub condition: Option<Name>,
}
