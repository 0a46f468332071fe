//! Which network belongs to whom: the published cloud ranges compiled in, and the user's own lists and geofeeds.
//!
//! The longest prefix wins. The answer is the provider's region (and through it a place), or that an address is anycast or of a
//! global service, or only whose it is. Reading the user's files is in [`super::range_file`].

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use ipnetwork::IpNetwork;

use super::flatten::{self, NOBODY, Prefix, Segment};
use super::{Kind, region};
use crate::model::{Country, Place};
use crate::vocab::places;

static V4: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cloud-v4.bin"));
static V6: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cloud-v6.bin"));
static OWNERS: &str = include_str!(concat!(env!("OUT_DIR"), "/cloud-owners.txt"));

/// When the providers published what is compiled in: the oldest of them (`data/ranges/ATTRIBUTION`).
pub const CLOUD_DATE: &str = "2026-08-22";

/// Prefixes with what they say.
#[derive(Debug)]
pub struct Ranges {
    v4: Cow<'static, [u8]>,
    v6: Cow<'static, [u8]>,
    owners: Vec<Owner>,
}

/// Who has ranges, and what that says of them. Of the compiled-in owners most are never met, so what one says is worked out
/// when it is.
#[derive(Debug)]
struct Owner {
    /// `provider,region`, where `says` is not known yet.
    named: &'static str,
    says: OnceLock<Says>,
}

impl Owner {
    fn says(&self) -> &Says {
        self.says.get_or_init(|| {
            let (provider, region) = self.named.split_once(',').unwrap_or(("", self.named));
            Says::of(provider, region)
        })
    }
}

/// What a range says of the addresses in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Says {
    pub kind: Kind,
    /// Empty with [`Kind::Unicast`]: it is known whose it is, not where.
    pub places: Vec<Place>,
    /// `aws/us-east-1`, `geofeed`.
    pub matched: String,
    pub note: Option<String>,
}

/// The compiled-in table.
pub fn cloud() -> &'static Ranges {
    static CLOUD: OnceLock<Ranges> = OnceLock::new();
    CLOUD.get_or_init(|| {
        let owners = OWNERS.lines().map(|named| Owner { named, says: OnceLock::new() }).collect();
        Ranges { v4: Cow::Borrowed(V4), v6: Cow::Borrowed(V6), owners }
    })
}

impl Says {
    /// A provider and its word for where: a region, `anycast`, a subdivision; empty if the list does not say.
    pub fn of(provider: &str, where_: &str) -> Self {
        let name = region::provider(provider).unwrap_or(provider);
        let matched = if where_.is_empty() { name.to_owned() } else { format!("{name}/{where_}") };
        let plain = |kind, note: Option<&str>| Self {
            kind,
            places: Vec::new(),
            matched: matched.clone(),
            note: note.map(str::to_owned),
        };
        if where_.eq_ignore_ascii_case("anycast") || (where_.is_empty() && name == "cloudflare") {
            return plain(Kind::Anycast, None);
        }
        if where_.is_empty() {
            return plain(Kind::Unicast, Some("the list does not say where"));
        }
        let rows = region::find(name, where_);
        if let [row] = rows.as_slice() {
            let note = (!row.note.is_empty()).then(|| row.note.to_string());
            return Self { kind: row.kind, places: row.places.clone(), matched, note };
        }
        match subdivision_or_country(where_) {
            Some(place) if rows.is_empty() => Self { kind: Kind::Unicast, places: vec![place], matched, note: None },
            _ => plain(Kind::Unknown, Some("a region that the table does not have")),
        }
    }
}

/// DigitalOcean's geofeed has codes that ISO does not (`US-MEM`): the country counts.
fn subdivision_or_country(code: &str) -> Option<Place> {
    if places::subdivision(code).is_some() {
        let country = Country::from_letters(code.get(..2)?)?;
        return Some(places::normalize(Place { country, subdivision: Some(code.into()), city: None }));
    }
    let (country, _) = code.split_once('-')?;
    places::country(country).map(Place::country)
}

impl Ranges {
    /// From a user's list. Of equal prefixes the first wins; [`super::range_file`] joins them before.
    pub fn new(entries: Vec<(IpNetwork, u16)>, says: Vec<Says>) -> Self {
        let mut lists: [Vec<Prefix>; 2] = [Vec::new(), Vec::new()];
        for (network, owner) in entries {
            let prefix = Prefix { start: bits(network.network()), length: network.prefix(), owner: u32::from(owner) };
            lists[usize::from(network.is_ipv6())].push(prefix);
        }
        let [v4, v6] = lists;
        Self {
            v4: Cow::Owned(flatten::encode(32, &flatten::flatten(32, v4))),
            v6: Cow::Owned(flatten::encode(128, &flatten::flatten(128, v6))),
            owners: says.into_iter().map(|s| Owner { named: "", says: OnceLock::from(s) }).collect(),
        }
    }

    /// The longest prefix that holds an address.
    pub fn find(&self, address: IpAddr) -> Option<(IpNetwork, &Says)> {
        let table = self.table(address.is_ipv6());
        let at = table.at_or_before(bits(address))?;
        self.answer(&table, at)
    }

    /// Every stretch of a network, with what holds there: `None` where nothing does. In address order; at most `limit`, and
    /// whether there were more.
    pub fn inside(&self, network: IpNetwork, limit: usize) -> (Vec<Option<(IpNetwork, &Says)>>, bool) {
        let table = self.table(network.is_ipv6());
        let (first, last) = (bits(network.network()), bits(network.network()) | flatten::mask(table.bits, network.prefix()));
        let start = table.at_or_before(first);
        let mut found: Vec<Option<(IpNetwork, &Says)>> = Vec::new();
        if start.is_none() {
            found.push(None);
        }
        for at in start.unwrap_or(0)..table.len() {
            if table.segment(at).start > last {
                break;
            }
            if found.len() >= limit {
                return (found, true);
            }
            let answer = self.answer(&table, at);
            if found.last() != Some(&answer) {
                found.push(answer);
            }
        }
        (found, false)
    }

    /// From each start on, who is meant (from 1; 0: nobody), in address order.
    pub(super) fn steps(&self, v6: bool) -> Vec<(u128, u32)> {
        let table = self.table(v6);
        let step = |at| {
            let Segment { start, owner, .. } = table.segment(at);
            (start, if owner == NOBODY { 0 } else { owner + 1 })
        };
        (0..table.len()).map(step).collect()
    }

    fn table(&self, v6: bool) -> Table<'_> {
        if v6 { Table { bytes: &self.v6, bits: 128 } } else { Table { bytes: &self.v4, bits: 32 } }
    }

    fn answer(&self, table: &Table<'_>, at: usize) -> Option<(IpNetwork, &Says)> {
        let segment = table.segment(at);
        let says = self.owners.get(segment.owner as usize)?.says();
        let network = segment.start & !flatten::mask(table.bits, segment.length);
        let address = match u32::try_from(network) {
            Ok(v4) if table.bits == 32 => IpAddr::V4(Ipv4Addr::from_bits(v4)),
            _ => IpAddr::V6(Ipv6Addr::from_bits(network)),
        };
        Some((IpNetwork::new(address, segment.length).ok()?, says))
    }
}

/// Segments as bytes (see [`flatten::encode`]).
struct Table<'a> {
    bytes: &'a [u8],
    bits: u8,
}

impl Table<'_> {
    fn len(&self) -> usize {
        self.bytes.len() / flatten::width(self.bits)
    }

    fn segment(&self, at: usize) -> Segment {
        let width = flatten::width(self.bits);
        let row = &self.bytes[at * width..(at + 1) * width];
        let (start, rest) = row.split_at(width - 3);
        let start = start.iter().fold(0_u128, |n, b| n << 8 | u128::from(*b));
        let owner = u16::from_be_bytes([rest[1], rest[2]]);
        Segment { start, length: rest[0], owner: if owner == u16::MAX { NOBODY } else { u32::from(owner) } }
    }

    /// The last segment that starts at or before `target`.
    fn at_or_before(&self, target: u128) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.segment(middle).start <= target { low = middle + 1 } else { high = middle }
        }
        low.checked_sub(1)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(a.to_bits()),
        IpAddr::V6(a) => a.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cloud_says(address: &str) -> String {
        cloud().find(address.parse().unwrap()).map_or("-".into(), |(network, says)| {
            let places: Vec<String> = says.places.iter().map(|p| p.country.to_string()).collect();
            format!("{network} {} {} {}", says.matched, says.kind.as_str(), places.join("|"))
        })
    }

    #[test]
    fn published_ranges() {
        let cases = [
            ("52.94.5.1", "52.94.5.0/24 aws/eu-west-1 unicast IE"),
            ("140.179.1.1", "140.179.0.0/16 aws/cn-north-1 unicast CN"),
            ("96.0.80.1", "96.0.80.0/22 aws/ap-southeast-2-akl-1 unicast NZ"),
            ("15.181.232.1", "15.181.232.0/21 aws/us-east-1-iah-1 unicast US"),
            ("120.52.22.100", "120.52.22.96/27 aws/GLOBAL global "),
            ("3.33.128.1", "3.33.128.0/17 aws/ANYCAST anycast "),
            ("104.16.0.1", "104.16.0.0/13 cloudflare/anycast anycast "),
            ("8.8.8.8", "-"),
            ("223.255.255.255", "-"),
            ("0.0.0.0", "-"),
        ];
        for (address, expected) in cases {
            assert_eq!(cloud_says(address), expected, "{address}");
        }
        let (_, qro) = cloud().find("15.220.184.1".parse().unwrap()).unwrap();
        assert_eq!(qro.matched, "aws/us-east-1-qro-1");
        assert_eq!(qro.places[0].country.as_str(), "MX");
    }

    #[test]
    fn every_owner_says_something() {
        let unplaced: Vec<&str> = cloud()
            .owners
            .iter()
            .map(Owner::says)
            .filter(|s| s.places.is_empty() && !matches!(s.kind, Kind::Anycast | Kind::Global))
            .map(|s| s.matched.as_str())
            .collect();
        assert_eq!(unplaced, ["azure/northeurope2", "azure/usstagec", "azure/usstagee"], "regions without a place");
    }

    #[test]
    fn inside_a_network() {
        let (found, more) = cloud().inside("52.94.5.0/24".parse().unwrap(), 100);
        assert_eq!((found.len(), more), (1, false));
        let (found, _) = cloud().inside("8.8.8.0/24".parse().unwrap(), 100);
        assert_eq!(found, [None]);
        let (found, more) = cloud().inside("0.0.0.0/0".parse().unwrap(), 100);
        assert_eq!((found.len(), more), (100, true));
        assert_eq!(found[0], None, "the space before the first prefix belongs to nobody");
    }

    fn naive(entries: &[(IpNetwork, u16)], address: IpAddr) -> Option<(IpNetwork, u16)> {
        let mut best: Option<(IpNetwork, u16)> = None;
        for (network, owner) in entries {
            let network = IpNetwork::new(network.network(), network.prefix()).unwrap();
            if network.contains(address) && best.is_none_or(|(b, _)| network.prefix() > b.prefix()) {
                best = Some((network, *owner));
            }
        }
        best
    }

    fn networks() -> impl Strategy<Value = Vec<(IpNetwork, u16)>> {
        // Few distinct bits, so that prefixes nest, touch and repeat.
        let v4 = (0_u32..64, 0_u8..=32)
            .prop_map(|(n, length)| IpNetwork::new(IpAddr::V4(Ipv4Addr::from_bits(n << 26 | (n & 3))), length).unwrap());
        let v6 = (0_u128..64, 0_u8..=128)
            .prop_map(|(n, length)| IpNetwork::new(IpAddr::V6(Ipv6Addr::from_bits(n << 122 | (n & 3))), length).unwrap());
        proptest::collection::vec((prop_oneof![v4, v6], 0_u16..5), 0..40)
    }

    proptest! {
        #[test]
        fn flattened_is_longest_prefix(entries in networks(), probes in proptest::collection::vec((any::<u128>(), any::<bool>()), 20)) {
            let says: Vec<Says> = (0..5).map(|i| Says::of("nobody", &format!("{i}"))).collect();
            let ranges = Ranges::new(entries.clone(), says);
            let edges = entries.iter().flat_map(|(n, _)| [n.network(), n.broadcast()]);
            let random = probes.iter().map(|(n, v6)| if *v6 { IpAddr::V6(Ipv6Addr::from_bits(*n)) } else { IpAddr::V4(Ipv4Addr::from_bits((*n & 0xffff_ffff) as u32)) });
            for address in edges.chain(random) {
                let found = ranges.find(address).map(|(n, s)| (n, s.matched.clone()));
                let expected = naive(&entries, address).map(|(n, o)| (n, format!("nobody/{o}")));
                prop_assert_eq!(found, expected, "{}", address);
            }
        }
    }

    /// The compiled table against the list it was made from.
    #[test]
    fn compiled_table_is_the_list() {
        let text = include_str!("../../data/ranges/cloud.csv");
        let mut rows: Vec<(IpNetwork, String)> = text
            .lines()
            .skip(1)
            .map(|l| {
                let (prefix, rest) = l.split_once(',').unwrap();
                (prefix.parse().unwrap(), rest.replace(',', "/"))
            })
            .collect();
        for (network, owner) in &rows {
            // Some longer prefix may hold the first address, but never nobody.
            let (found, says) = cloud().find(network.network()).unwrap();
            assert!(found.prefix() >= network.prefix(), "{network}");
            assert!(found.prefix() > network.prefix() || says.matched == *owner, "{network}");
        }
        let count = rows.len();
        rows.sort();
        rows.dedup_by_key(|(n, _)| *n);
        assert_eq!(rows.len(), count, "data/ranges/cloud.csv names a prefix twice");
    }
}
