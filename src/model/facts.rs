//! What readers produce: fragments that name each other, and gaps. Never an error as a whole.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::endpoint::{Address, Attributes, Roles, Standing};
use super::gap::Unread;
use super::place::DeclaredPlace;
use super::route::{Activity, ClientMatch, DataLimit, Dependence, RouteRole, Spill};
use super::site::{LossDomain, Site};
use super::trail::Trail;
use crate::source::{Location, Spanned};

/// How a fact names an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// Index into the `endpoints` of the same [`Facts`].
    Fact(usize),
    /// A declared id or a cloud id.
    Id(String),
    Host {
        name: String,
        port: Option<u16>,
    },
    Address {
        ip: IpAddr,
        port: Option<u16>,
    },
    /// As a person writes it (`to = "kms-us"`): an id, else a host name, else an address with or without port.
    Any(String),
}

/// One endpoint as one file tells it. Facts that share an id, a cloud id or a host name become one endpoint.
#[derive(Clone, Debug)]
pub struct EndpointFact {
    /// A declared id, unique within the project.
    pub id: Option<String>,
    /// What to call it if it has neither id nor host name nor address.
    pub label: String,
    /// The label is how people name it (an address in infrastructure code) and goes before its host names.
    pub labelled: bool,
    pub kind: String,
    pub standing: Standing,
    /// Empty if the format does not say; linking then infers them from the routes.
    pub roles: Roles,
    /// Host names, lower case, without the final dot. `*.example.com` is a wildcard.
    pub names: Vec<Spanned<String>>,
    pub addresses: Vec<Address>,
    /// Networks that it spans (a subnet): what has a private address in them and no other place stands where it stands.
    pub networks: Vec<Spanned<IpNetwork>>,
    pub cloud_ids: Vec<String>,
    pub site: Option<Spanned<String>>,
    /// The file only names it (a far server, a store): what is told of where the file stands says nothing of it.
    pub elsewhere: bool,
    /// Words that may name a declared site (a `datacenter` variable of a list): one that does counts like `site`, others say nothing.
    pub site_hints: Vec<Spanned<String>>,
    pub scope: Option<String>,
    pub provider: Option<String>,
    pub region: Option<Spanned<String>>,
    pub zone: Option<Spanned<String>>,
    pub account: Option<String>,
    pub domains: Vec<LossDomain>,
    pub place: Option<(DeclaredPlace, Location)>,
    /// It is a part of these endpoints and stands where they stand (a proxy's cache, a pod on a node).
    pub part_of: Vec<Reference>,
    /// Networks, zones and the like that see what passes here, though they do not say where it stands; see [`RouteFact::within`].
    pub inside: Vec<Reference>,
    pub tags: BTreeMap<String, String>,
    pub attributes: Attributes,
    /// The lines by which its place (or what it names) came to be what it is, where one line does not say it all.
    pub trail: Trail,
    /// The file is a piece of a configuration whose main file was not read: what it names may stand in the files beside it.
    pub fragment: bool,
    pub location: Location,
}

impl EndpointFact {
    pub fn new(kind: impl Into<String>, label: impl Into<String>, location: Location) -> Self {
        Self {
            id: None,
            label: label.into(),
            labelled: false,
            kind: kind.into(),
            standing: Standing::Physical,
            roles: Roles::NONE,
            names: Vec::new(),
            addresses: Vec::new(),
            networks: Vec::new(),
            cloud_ids: Vec::new(),
            site: None,
            elsewhere: false,
            site_hints: Vec::new(),
            scope: None,
            provider: None,
            region: None,
            zone: None,
            account: None,
            domains: Vec::new(),
            place: None,
            part_of: Vec::new(),
            inside: Vec::new(),
            tags: BTreeMap::new(),
            attributes: Attributes::default(),
            trail: Trail::default(),
            fragment: false,
            location,
        }
    }
}

/// One route as one file tells it.
#[derive(Clone, Debug)]
pub struct RouteFact {
    pub from: Reference,
    pub to: Reference,
    /// It leaves `from` and everything that is inside of it or a part of it, or has its network scope: what watches a network.
    pub within: bool,
    pub activity: Activity,
    pub role: RouteRole,
    /// Routes of one `from` with the same pool name (in the same file) stand for each other. `None`: a pool of its own.
    pub pool: Option<String>,
    /// `None`: 0 for routes that carry on their own, 1 for standby roles.
    pub priority: Option<u32>,
    pub spill: Spill,
    pub clients: ClientMatch,
    pub data: DataLimit,
    /// See [`super::Route::data_assumed`].
    pub data_assumed: bool,
    pub drops: Vec<String>,
    pub purpose: Dependence,
    pub alias: bool,
    pub condition: Option<String>,
    /// The lines by which its target came to be what it is, where one line does not say it all.
    pub trail: Trail,
    pub location: Location,
}

impl RouteFact {
    pub fn new(from: Reference, to: Reference, activity: Activity, location: Location) -> Self {
        Self {
            from,
            to,
            within: false,
            activity,
            role: RouteRole::Primary,
            pool: None,
            priority: None,
            spill: Spill::Load,
            clients: ClientMatch::Any,
            data: DataLimit::All,
            data_assumed: false,
            drops: Vec::new(),
            purpose: Dependence::Service,
            alias: false,
            condition: None,
            trail: Trail::default(),
            location,
        }
    }
}

/// Everything one input (a file, or a config tree with its includes) says.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub sites: Vec<Site>,
    pub endpoints: Vec<EndpointFact>,
    pub routes: Vec<RouteFact>,
    pub gaps: Vec<Unread>,
    /// Network scopes that a private link joins, two at a time: what is not in the one is looked for in the other.
    pub joined: Vec<(String, String)>,
    /// What takes something of everything that a provider runs.
    pub collected: Vec<Collected>,
    /// What is held somewhere by the word of a file, and not whose it is.
    pub held: Vec<HeldFact>,
    pub resources: ResourceTally,
}

/// Data of a class that a file says is at an endpoint.
#[derive(Clone, Debug)]
pub struct HeldFact {
    pub at: Reference,
    /// A class without aliases.
    pub data: String,
    pub location: Location,
}

/// A sink or trail of logs: it names where they go, not whose they are. They are those of all inputs, not of its own alone.
#[derive(Clone, Debug)]
pub struct Collected {
    /// Where they come together.
    pub to: Reference,
    /// What does the collecting writes none of them.
    pub by: Vec<Reference>,
    pub provider: Option<String>,
    /// `None`: of every account.
    pub account: Option<String>,
    /// `None`: of every region.
    pub region: Option<String>,
    pub data: Vec<String>,
    pub location: Location,
}

/// What became of the resources of infrastructure code, plans, states and exports: each is counted once, as one of these. A
/// resource that a source, a plan and a state tell of counts in each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceTally {
    /// They say a region, a zone, an address, or what they are a part of that says so. Whether the region is a known one is told
    /// by the places of endpoints.
    pub placed: usize,
    /// They say so too, and may or may not exist.
    pub uncertain: usize,
    /// Nothing read says where they stand: why, with how many there are.
    pub unplaced: BTreeMap<String, usize>,
    /// Names and rules that have no place of their own; where they lead to has.
    pub placeless: usize,
    /// They hold and carry no data, or are pieces of other resources.
    pub no_data: usize,
    /// Kinds that no table knows, with how many there are.
    pub unknown: BTreeMap<String, usize>,
}

impl ResourceTally {
    pub fn total(&self) -> usize {
        self.of_places() + self.placeless + self.no_data
    }

    /// Those that stand somewhere, as far as anybody knows.
    pub fn of_places(&self) -> usize {
        self.placed + self.uncertain + self.unplaced.values().sum::<usize>() + self.unknown.values().sum::<usize>()
    }

    pub fn add(&mut self, other: Self) {
        self.placed += other.placed;
        self.uncertain += other.uncertain;
        self.placeless += other.placeless;
        self.no_data += other.no_data;
        for (why, count) in other.unplaced {
            *self.unplaced.entry(why).or_default() += count;
        }
        for (kind, count) in other.unknown {
            *self.unknown.entry(kind).or_default() += count;
        }
    }
}

impl Facts {
    /// Adds an endpoint and gives the reference to it.
    pub fn endpoint(&mut self, fact: EndpointFact) -> Reference {
        self.endpoints.push(fact);
        Reference::Fact(self.endpoints.len() - 1)
    }
}
