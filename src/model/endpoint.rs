//! Endpoints: anything that data can sit in or pass through, and the desk of a person with access.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::place::DeclaredPlace;
use super::site::{LossDomain, SiteMatch};
use super::trail::Trail;
use crate::source::Location;

/// Index into `Snapshot::endpoints`; ids follow the sorted order of endpoint names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(pub u32);

impl EndpointId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an endpoint does with data that reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    Entry = 1,
    Transit = 2,
    Process = 4,
    Store = 8,
    Keys = 16,
    Access = 32,
}

impl Role {
    pub const ALL: [Self; 6] = [Self::Entry, Self::Transit, Self::Process, Self::Store, Self::Keys, Self::Access];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Transit => "transit",
            Self::Process => "process",
            Self::Store => "store",
            Self::Keys => "keys",
            Self::Access => "access",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }
}

/// A set of roles.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Roles(u8);

impl Roles {
    pub const NONE: Self = Self(0);

    pub fn of(roles: &[Role]) -> Self {
        Self(roles.iter().fold(0, |bits, r| bits | *r as u8))
    }

    pub fn contains(self, role: Role) -> bool {
        self.0 & role as u8 != 0
    }

    pub fn insert(&mut self, role: Role) {
        self.0 |= role as u8;
    }

    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |r| self.contains(*r))
    }

    /// Only hands data on: no processing, no store, no keys, nobody reads.
    pub fn only_forwards(self) -> bool {
        self.0 & !(Role::Entry as u8 | Role::Transit as u8) == 0
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Role::as_str)).finish()
    }
}

/// In what sense an endpoint stands somewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// A machine, a service, a desk: it has a place, known or not.
    #[default]
    Physical,
    /// A name in a config (an upstream group, a DNS alias): no place of its own; its targets have.
    Logical,
    /// A part of whatever hands it data: a loopback port, a cache of a proxy. It stands where that stands.
    WithSender,
}

/// An address as written, with its port if one was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub ip: IpAddr,
    pub port: Option<u16>,
    pub location: Location,
}

/// Facts about a store that some demands ask for; `None` means undeclared, never "no".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// How long data is kept, in hours.
    pub retention_hours: Option<u64>,
    /// Id of the endpoint that holds the encryption key.
    pub encryption_key: Option<String>,
    /// A retention lock (WORM, object lock): no one can delete before its time.
    pub locked: Option<bool>,
    /// Age of the copy at most, in hours (replication lag, backup interval).
    pub max_age_hours: Option<u64>,
    /// Everything else a reader found worth keeping, by the format's own words.
    pub other: BTreeMap<String, String>,
}

/// One endpoint after linking; the default says nothing yet.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Unique among endpoints; what findings call it. Declared id, else host name, else `address:port`, else a label.
    pub name: String,
    /// The format's or user's own word: `bucket`, `database`, `nginx-server`, `dns-name`.
    pub kind: String,
    pub standing: Standing,
    /// Declared, or inferred from the routes that arrive (see `link`).
    pub roles: Roles,
    pub names: Vec<String>,
    pub addresses: Vec<Address>,
    pub cloud_ids: Vec<String>,
    /// One per declared `site` or address that a site network covers. Several sites: it stands in each.
    pub sites: Vec<SiteMatch>,
    pub scope: Option<String>,
    pub provider: Option<String>,
    pub region: Option<String>,
    pub zone: Option<String>,
    /// Where the region (or zone) is written.
    pub region_location: Option<Location>,
    pub account: Option<String>,
    /// The endpoint's own domains (not those of its sites).
    pub domains: Vec<LossDomain>,
    /// A place the user's file states outright, and where it says so.
    pub place: Option<(DeclaredPlace, Location)>,
    /// For [`Standing::WithSender`]: the endpoints it is a part of.
    pub stands_with: Vec<EndpointId>,
    pub tags: BTreeMap<String, String>,
    pub attributes: Attributes,
    /// Where the fact that created it stands, and then every other that was merged into it.
    pub locations: Vec<Location>,
    /// See [`super::EndpointFact::trail`].
    pub trail: Trail,
    /// Nobody declared it: it exists because a route names it.
    pub implied: bool,
}
