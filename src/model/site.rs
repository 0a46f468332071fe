//! Sites: where machines and people stand, their networks, and what they share the fate of.

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::place::DeclaredPlace;
use crate::source::{Location, Spanned};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u32);

/// Something that can be lost as a whole. A zone is not proof of a separate site; what is undeclared is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DomainKind {
    Zone,
    Site,
    Campus,
    Metro,
    Region,
    Account,
    Provider,
    Carrier,
    Operator,
    Country,
}

impl DomainKind {
    pub const ALL: [Self; 10] = [
        Self::Zone,
        Self::Site,
        Self::Campus,
        Self::Metro,
        Self::Region,
        Self::Account,
        Self::Provider,
        Self::Carrier,
        Self::Operator,
        Self::Country,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Site => "site",
            Self::Campus => "campus",
            Self::Metro => "metro",
            Self::Region => "region",
            Self::Account => "account",
            Self::Provider => "provider",
            Self::Carrier => "carrier",
            Self::Operator => "operator",
            Self::Country => "country",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }

    /// Whether it says whose a thing is: then what stands at a site may belong to another than the site does, and what it says
    /// of itself goes before what its site says. Where it stands it shares the site's fate, whatever else it says.
    pub fn is_ownership(self) -> bool {
        matches!(self, Self::Account | Self::Operator | Self::Provider)
    }
}

/// One thing that can be lost: `site=sjc1`, `carrier=AS4837`. Region and zone ids carry their provider: `region=aws/us-east-1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LossDomain {
    pub kind: DomainKind,
    pub name: Box<str>,
}

impl LossDomain {
    pub fn new(kind: DomainKind, name: impl Into<Box<str>>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for LossDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.kind.as_str(), self.name)
    }
}

/// A declared site. `domains` does not repeat the site itself nor its country; [`super::Snapshot::domains_of`] adds both.
#[derive(Clone, Debug)]
pub struct Site {
    pub id: String,
    pub place: DeclaredPlace,
    pub domains: Vec<LossDomain>,
    /// Public and private networks, each where it is written.
    pub networks: Vec<Spanned<IpNetwork>>,
    /// Tells overlapping private networks apart (a VPC, a company network).
    pub network_scope: Option<String>,
    pub location: Location,
}

/// What the declared networks say of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteMatch {
    None,
    /// A person wrote `site = "..."`, here.
    Declared(SiteId, Location),
    /// The longest matching network and its site.
    One(SiteId, IpNetwork),
    /// Networks of several sites or scopes match equally well: a gap, not a guess.
    Ambiguous(Vec<(SiteId, IpNetwork)>),
}

impl SiteMatch {
    /// The site, if there is exactly one.
    pub fn site(&self) -> Option<SiteId> {
        match self {
            Self::Declared(site, _) | Self::One(site, _) => Some(*site),
            Self::None | Self::Ambiguous(_) => None,
        }
    }
}

/// Networks and who has them, for longest-prefix matches in O(prefix lengths in use).
#[derive(Debug, Default)]
pub struct Networks {
    /// One entry per network, with the indices of its owners.
    by_network: std::collections::BTreeMap<IpNetwork, Vec<u32>>,
    /// Prefix lengths in use, longest first: IPv4, IPv6.
    lengths: [Vec<u8>; 2],
    /// By owner.
    scopes: Vec<Option<String>>,
}

impl Networks {
    /// The networks and the scope of each owner; owners are numbered in this order.
    pub fn new(owners: impl Iterator<Item = (Vec<IpNetwork>, Option<String>)>) -> Self {
        let mut this = Self::default();
        for (owner, (networks, scope)) in (0_u32..).zip(owners) {
            this.scopes.push(scope);
            for network in networks {
                let Ok(key) = IpNetwork::new(network.network(), network.prefix()) else { continue };
                this.by_network.entry(key).or_default().push(owner);
                let lengths = &mut this.lengths[usize::from(key.is_ipv6())];
                if !lengths.contains(&key.prefix()) {
                    lengths.push(key.prefix());
                }
            }
        }
        for lengths in &mut this.lengths {
            lengths.sort_unstable_by(|a, b| b.cmp(a));
        }
        this
    }

    /// The owners of the longest network that holds an address. With a `scope`, only networks of that scope count. Without one, a
    /// private address that lies in networks of several scopes may be any of them, however long the prefixes.
    pub fn find(&self, address: IpAddr, scope: Option<&str>) -> Vec<(u32, IpNetwork)> {
        let mut hits: Vec<(u32, IpNetwork)> = Vec::new();
        for length in &self.lengths[usize::from(address.is_ipv6())] {
            let Ok(wide) = IpNetwork::new(address, *length) else { continue };
            let Ok(key) = IpNetwork::new(wide.network(), *length) else { continue };
            for owner in self.by_network.get(&key).into_iter().flatten() {
                if scope.is_none() || self.scopes[*owner as usize].as_deref() == scope {
                    hits.push((*owner, key));
                }
            }
        }
        let Some((first, longest)) = hits.first().copied() else { return hits };
        let several_scopes = scope.is_none()
            && is_private(address)
            && hits.iter().any(|(owner, _)| self.scopes[*owner as usize] != self.scopes[first as usize]);
        if !several_scopes {
            hits.retain(|(_, network)| *network == longest);
        }
        hits.sort_unstable();
        hits.dedup_by_key(|(owner, _)| *owner);
        hits
    }
}

/// The networks of all sites.
#[derive(Debug, Default)]
pub struct SiteNetworks(Networks);

impl SiteNetworks {
    pub fn new(sites: &[Site]) -> Self {
        Self(Networks::new(sites.iter().map(|s| (s.networks.iter().map(|n| n.value).collect(), s.network_scope.clone()))))
    }

    /// The site of an address, see [`Networks::find`].
    pub fn find(&self, address: IpAddr, scope: Option<&str>) -> SiteMatch {
        let hits: Vec<(SiteId, IpNetwork)> =
            self.0.find(address, scope).into_iter().map(|(site, network)| (SiteId(site), network)).collect();
        match hits.as_slice() {
            [] => SiteMatch::None,
            [(site, network)] => SiteMatch::One(*site, *network),
            _ => SiteMatch::Ambiguous(hits),
        }
    }
}

/// Addresses that mean nothing outside their own network: RFC 1918, RFC 6598 (CGNAT), RFC 4193, link-local.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            (first & 0xfe00) == 0xfc00 || (first & 0xffc0) == 0xfe80
        }
    }
}
