//! Routes: directed ways that data can take, and when each carries.

use ipnetwork::IpNetwork;

use super::endpoint::EndpointId;
use super::place::Country;
use super::trail::Trail;
use crate::source::Location;

/// Index into `Snapshot::routes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

impl RouteId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What happens along a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    Forward,
    Replicate,
    Backup,
    Log,
    Mirror,
    Cache,
    /// Data goes to the person or system that reads it.
    Access,
    /// Key material.
    Keys,
    /// Carries no data: `from` does not work without one of the pool's targets.
    Depend,
}

impl Activity {
    pub const ALL: [Self; 9] = [
        Self::Forward,
        Self::Replicate,
        Self::Backup,
        Self::Log,
        Self::Mirror,
        Self::Cache,
        Self::Access,
        Self::Keys,
        Self::Depend,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Replicate => "replicate",
            Self::Backup => "backup",
            Self::Log => "log",
            Self::Mirror => "mirror",
            Self::Cache => "cache",
            Self::Access => "access",
            Self::Keys => "keys",
            Self::Depend => "depend",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == text)
    }
}

/// Why a route is there. Priority says in which order; the role is what a finding calls it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteRole {
    #[default]
    Primary,
    Geo,
    Weighted,
    Failover,
    Overflow,
    Manual,
}

impl RouteRole {
    pub const ALL: [Self; 6] = [Self::Primary, Self::Geo, Self::Weighted, Self::Failover, Self::Overflow, Self::Manual];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Geo => "geo",
            Self::Weighted => "weighted",
            Self::Failover => "failover",
            Self::Overflow => "overflow",
            Self::Manual => "manual",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }

    /// Stands in for another route rather than carrying on its own.
    pub fn is_standby(self) -> bool {
        matches!(self, Self::Failover | Self::Overflow | Self::Manual)
    }
}

/// When a standby route (priority above the lowest of its pool) may carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spill {
    /// Under overload and after losses: the upper bound, and the default.
    #[default]
    Load,
    /// Only when preferred members fail outright; the reason names the config that makes it so.
    Failure(String),
    /// Only when a person switches it over.
    Manual(String),
    /// Never (`down`, an impossible combination): kept so that it can be shown, with the reason.
    Never(String),
}

/// Whose traffic a route takes, by where the client is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientMatch {
    #[default]
    Any,
    /// Only clients of these countries (sorted).
    Countries(Vec<Country>),
    /// All clients but those of these countries (sorted): the default branch of a geographic map.
    Except(Vec<Country>),
    /// Some clients of these countries (sorted), by something finer than the country: a state, a city, whose map is asked.
    Part(Vec<Country>, String),
    /// Clients of these networks, as written. The origin cannot tell, so every origin is admitted, and the path says so.
    Networks(Vec<IpNetwork>),
    /// Some clients, by something that is not the country (a header, a cookie, a share of all). Every origin is admitted.
    Some(String),
}

impl ClientMatch {
    /// Whether it takes every client of the origins that it admits, so that none is left for others.
    pub fn takes_whole_origins(&self) -> bool {
        !matches!(self, Self::Part(..) | Self::Networks(_) | Self::Some(_))
    }
}

/// Which classes a route carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataLimit {
    #[default]
    All,
    /// Only these classes and what lies below them (dotted names, sorted).
    Only(Vec<String>),
}

/// What a `depend` route is needed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependence {
    /// Needed to serve at all.
    #[default]
    Service,
    Dns,
    Identity,
    Keys,
    ControlPlane,
}

impl Dependence {
    pub const ALL: [Self; 5] = [Self::Service, Self::Dns, Self::Identity, Self::Keys, Self::ControlPlane];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Dns => "dns",
            Self::Identity => "identity",
            Self::Keys => "keys",
            Self::ControlPlane => "control-plane",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == text)
    }
}

/// One route after linking. Routes of one `from` with the same `pool` stand for each other, lowest `priority` first.
#[derive(Clone, Debug)]
pub struct Route {
    pub from: EndpointId,
    pub to: EndpointId,
    pub activity: Activity,
    pub role: RouteRole,
    /// Unique among the pools of `from`; dense from 0.
    pub pool: u32,
    pub priority: u32,
    pub spill: Spill,
    pub clients: ClientMatch,
    pub data: DataLimit,
    /// The limit is what such a route holds by its nature (a log of requests), not what somebody declared.
    pub data_assumed: bool,
    /// Classes taken out on the way by a declared transform.
    pub drops: Vec<String>,
    /// For `depend` routes.
    pub purpose: Dependence,
    /// A name for the same thing (CNAME, address record): every class passes, key material too, and it is not an activity.
    pub alias: bool,
    /// What must be true for it to carry, in words: "all primaries of `media` down or full".
    pub condition: Option<String>,
    /// See [`super::RouteFact::trail`].
    pub trail: Trail,
    pub location: Location,
}

impl Route {
    /// A primary route of its pool that carries everything of everybody.
    pub fn new(from: EndpointId, to: EndpointId, activity: Activity, pool: u32, location: Location) -> Self {
        Self {
            from,
            to,
            activity,
            role: RouteRole::Primary,
            pool,
            priority: 0,
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
