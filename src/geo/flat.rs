//! Everything that the atlas knows of addresses as disjoint stretches: one sweep over all prefixes of all sources at once, so that
//! millions of addresses can be asked at the price of one bisection each. What a stretch says is what [`Atlas::locate_address`]
//! says of its example; only the network that evidence names differs inside one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use foldhash::HashMap;

use super::flatten::{NOBODY, Prefix, flatten};
use super::mmdb::Database;
use super::{Atlas, GeoError, special};

/// One answer for all addresses from `start` up to the next stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// IPv4 in the low 32 bits.
    pub start: u128,
    /// Index into [`Flat::answers`].
    pub answer: u32,
}

/// What holds in a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Ask of this address: it stands for all that share the answer.
    pub example: IpAddr,
    /// Which of the marked addresses it is.
    pub mark: Option<u32>,
    /// No source speaks of it, and it carries an IPv4 address: that one is meant.
    pub unwrap: bool,
}

/// Both address families, each from address 0 on.
#[derive(Clone, Debug, Default)]
pub struct Flat {
    pub v4: Vec<Stretch>,
    pub v6: Vec<Stretch>,
    pub answers: Vec<Answer>,
}

/// From each start on, a source says this; 0: nothing.
type Steps = Vec<(u128, u32)>;

impl Atlas {
    /// `marked` addresses (sorted, each once) get a stretch of their own. Of all in a stretch, `beside` says the same, too.
    ///
    /// # Errors
    /// A database is damaged.
    pub fn flat(&self, marked: &[IpAddr], beside: Option<&Database>) -> Result<Flat, GeoError> {
        let mut flat = Flat::default();
        let mut databases: [Vec<Steps>; 2] = [Vec::new(), Vec::new()];
        for database in self.databases.iter().map(|(database, _)| database.get()).chain(beside) {
            let [v4, v6] = database.steps()?;
            databases[0].push(v4);
            databases[1].push(v6);
        }
        let [databases_v4, databases_v6] = databases;
        for (bits, databases) in [(32, databases_v4), (128, databases_v6)] {
            let is_v6 = bits == 128;
            let of_family = |a: &IpAddr| a.is_ipv6() == is_v6;
            let marks = (1_u32..).zip(marked).filter(|(_, a)| of_family(a)).map(|(number, a)| (number, *a, bits));
            let overrides = (1_u32..).zip(&self.networks).map(|(number, o)| (number, o.network.network(), o.network.prefix()));
            let sites = self.sites.iter().flat_map(|s| &s.networks).map(|n| n.value);
            let sites = (1_u32..).zip(sites).map(|(number, n)| (number, n.network(), n.prefix()));
            let blocks = (1_u32..).zip(special::all()).map(|(number, b)| (number, b.network.network(), b.network.prefix()));
            let wraps = [(1_u32, "::ffff:0:0", 96), (1, "64:ff9b::", 96), (1, "2002::", 16), (1, "2001::", 32)];
            let wraps = wraps.iter().map(|(n, a, length)| (*n, a.parse::<IpAddr>().expect("it is one"), *length));
            // What changes least comes first: what is combined up to there is kept.
            let mut sources: Vec<Steps> = vec![
                steps(bits, wraps.filter(|(_, a, _)| of_family(a))),
                steps(bits, blocks.filter(|(_, a, _)| of_family(a))),
                steps(bits, overrides.filter(|(_, a, _)| of_family(a))),
                steps(bits, sites.filter(|(_, a, _)| of_family(a))),
                steps(bits, marks),
            ];
            sources.extend(self.range_tables().map(|(ranges, _)| ranges.steps(is_v6)));
            sources.extend(databases);
            let (stretches, answers) = sweep(is_v6, &sources, flat.answers.len());
            flat.answers.extend(answers);
            if is_v6 {
                flat.v6 = stretches;
            } else {
                flat.v4 = stretches;
            }
        }
        Ok(flat)
    }
}

/// The sources' places among those that [`sweep`] gets.
const WRAPS: usize = 0;
const OVERRIDES: usize = 2;
const SITES: usize = 3;
const MARKS: usize = 4;

fn steps(bits: u8, prefixes: impl Iterator<Item = (u32, IpAddr, u8)>) -> Steps {
    let prefix = |(owner, address, length): (u32, IpAddr, u8)| Prefix { start: number(address), length, owner };
    let segments = flatten(bits, prefixes.map(prefix).collect());
    segments.into_iter().map(|s| (s.start, if s.owner == NOBODY { 0 } else { s.owner })).collect()
}

pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(a.to_bits()),
        IpAddr::V6(a) => a.to_bits(),
    }
}

fn address(is_v6: bool, number: u128) -> IpAddr {
    match u32::try_from(number) {
        Ok(v4) if !is_v6 => IpAddr::V4(Ipv4Addr::from_bits(v4)),
        _ => IpAddr::V6(Ipv6Addr::from_bits(number)),
    }
}

/// All sources from address 0 to the last, one answer for each distinct combination of what they say.
fn sweep(is_v6: bool, sources: &[Steps], base: usize) -> (Vec<Stretch>, Vec<Answer>) {
    let mut at = vec![0_usize; sources.len()];
    let mut says = vec![0_u32; sources.len()];
    // `combined[i]`: what sources 0..=i say together, numbered.
    let mut combined = vec![0_u32; sources.len()];
    let mut known: Vec<HashMap<(u32, u32), u32>> = vec![HashMap::default(); sources.len()];
    let mut stretches: Vec<Stretch> = Vec::with_capacity(sources.iter().map(Vec::len).sum());
    let mut answers: Vec<Answer> = Vec::new();
    let mut start = 0_u128;
    loop {
        let mut first_changed = if start == 0 { 0 } else { sources.len() };
        for (i, steps) in sources.iter().enumerate() {
            while let Some((_, value)) = steps.get(at[i]).filter(|(from, _)| *from <= start) {
                if says[i] != *value {
                    says[i] = *value;
                    first_changed = first_changed.min(i);
                }
                at[i] += 1;
            }
        }
        for i in first_changed..sources.len() {
            let before = if i == 0 { 0 } else { combined[i - 1] };
            let next = u32::try_from(known[i].len()).unwrap_or(u32::MAX);
            combined[i] = *known[i].entry((before, says[i])).or_insert(next);
        }
        let Some(whole) = combined.last().map(|c| *c as usize) else { break };
        if whole == answers.len() {
            let named = says[OVERRIDES] != 0 || says[SITES] != 0 || says[MARKS] != 0;
            answers.push(Answer {
                example: address(is_v6, start),
                mark: says[MARKS].checked_sub(1),
                unwrap: says[WRAPS] != 0 && !named,
            });
        }
        let answer = u32::try_from(base + whole).unwrap_or(u32::MAX);
        if stretches.last().is_none_or(|s| s.answer != answer) {
            stretches.push(Stretch { start, answer });
        }
        match sources.iter().zip(&at).filter_map(|(steps, at)| steps.get(*at)).map(|(from, _)| *from).min() {
            Some(next) => start = next,
            None => break,
        }
    }
    (stretches, answers)
}
