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

/// The networks of all sites, for longest-prefix matches in O(prefix lengths in use).
#[derive(Debug, Default)]
pub struct SiteNetworks {
    /// Sorted by (network, prefix length): one entry per declared network.
    by_network: std::collections::BTreeMap<IpNetwork, Vec<SiteId>>,
    /// Prefix lengths in use, longest first: IPv4, IPv6.
    lengths: [Vec<u8>; 2],
    scopes: Vec<Option<String>>,
}

impl SiteNetworks {
    pub fn new(sites: &[Site]) -> Self {
        let mut this = Self { scopes: sites.iter().map(|s| s.network_scope.clone()).collect(), ..Self::default() };
        for (i, site) in sites.iter().enumerate() {
            for network in &site.networks {
                let Ok(key) = IpNetwork::new(network.value.network(), network.value.prefix()) else { continue };
                this.by_network.entry(key).or_default().push(SiteId(u32::try_from(i).unwrap_or(u32::MAX)));
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

    /// The site of an address. With a `scope`, only networks of that scope count. Without one, a private address that lies in
    /// networks of several scopes is ambiguous, however long the prefixes.
    pub fn find(&self, address: IpAddr, scope: Option<&str>) -> SiteMatch {
        let mut hits: Vec<(SiteId, IpNetwork)> = Vec::new();
        for length in &self.lengths[usize::from(address.is_ipv6())] {
            let Ok(wide) = IpNetwork::new(address, *length) else { continue };
            let Ok(key) = IpNetwork::new(wide.network(), *length) else { continue };
            for site in self.by_network.get(&key).into_iter().flatten() {
                if scope.is_none() || self.scopes[site.0 as usize].as_deref() == scope {
                    hits.push((*site, key));
                }
            }
        }
        let Some((_, longest)) = hits.first().cloned() else { return SiteMatch::None };
        let several_scopes = scope.is_none()
            && is_private(address)
            && hits.iter().any(|(s, _)| self.scopes[s.0 as usize] != self.scopes[hits[0].0.0 as usize]);
        if !several_scopes {
            hits.retain(|(_, network)| *network == longest);
        }
        hits.sort_unstable();
        hits.dedup_by_key(|(site, _)| *site);
        match hits.as_slice() {
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
