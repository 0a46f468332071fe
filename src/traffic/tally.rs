//! Tallies: what was seen, counted by who sent, where to, how and in which hour; mergeable, and of bounded size.
//!
//! The bound never drops a flow. Hours are given up first (for days, then for no time at all); if even then there are too many
//! pairs, those with the smallest numbers keep their own cell and all others share one, which no rule can be satisfied beside.
//! Both depend on nothing but the set of flows: files in any order, on any number of threads or machines, give the same tally.

use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use super::flow::Flow;
use super::label::PartyId;
pub use crate::finding::observed::Rows;

/// Cells that a tally keeps.
pub const CELLS: usize = 1 << 16;
/// Flows that are counted between two looks at the bound.
pub(super) const BATCH: usize = 64;
/// Rows named per cell.
const SAMPLES: usize = 3;

/// How a flow went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The sender opened the connection, or nobody knows who did.
    Sent,
    /// It answers whoever opened it.
    Answered,
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    pub from: u32,
    pub to: u32,
    pub way: Way,
    /// The log says whether the sender is on the side that keeps it.
    pub ours: Option<bool>,
    /// In hours since 1970, rounded down to the tally's [`Grain`]; `None`: untold, or given up.
    pub hour: Option<u32>,
}

/// A key in few bytes: it is looked up once a row, among many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Short {
    from: u32,
    to: u32,
    /// From the lowest bit: one of the way, two of whose side it is, the rest for the hour, from 1.
    rest: u32,
}

impl Short {
    /// Hours beyond (in the year 61,000 or so) are told as the last.
    const LAST_HOUR: u32 = (1 << 29) - 2;

    #[inline]
    fn key(self) -> Key {
        let way = if self.rest & 1 == 0 { Way::Sent } else { Way::Answered };
        let ours = [None, Some(false), Some(true), None][(self.rest >> 1 & 3) as usize];
        Key { from: self.from, to: self.to, way, ours, hour: (self.rest >> 3).checked_sub(1) }
    }
}

impl From<Key> for Short {
    #[inline]
    fn from(key: Key) -> Self {
        let ours = key.ours.map_or(0, |ours| 1 + u32::from(ours));
        let hour = key.hour.map_or(0, |hour| hour.min(Self::LAST_HOUR) + 1);
        Self { from: key.from, to: key.to, rest: hour << 3 | ours << 1 | key.way as u32 }
    }
}

impl Hash for Short {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.from) << 32 | u64::from(self.to));
        state.write_u32(self.rest);
    }
}

/// How finely time is told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grain {
    #[default]
    Hour,
    Day,
    Whole,
}

impl Grain {
    fn coarser(self) -> Option<Self> {
        match self {
            Self::Hour => Some(Self::Day),
            Self::Day => Some(Self::Whole),
            Self::Whole => None,
        }
    }

    fn round(self, hour: u32) -> Option<u32> {
        match self {
            Self::Hour => Some(hour),
            Self::Day => Some(hour - hour % 24),
            Self::Whole => None,
        }
    }
}

/// File (index into the list of files) and row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sample(pub u32, pub u64);

/// The first rows by file and row, each in one word so that a cell stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<Sample>", from = "Vec<Sample>")]
pub struct Samples([u64; SAMPLES]);

const NO_SAMPLE: u64 = u64::MAX;
/// Bits of a row; the rest is the file. Later rows and files than fit are told as the last that does.
const ROW_BITS: u32 = 40;

impl Samples {
    const NONE: Self = Self([NO_SAMPLE; SAMPLES]);

    pub fn iter(&self) -> impl Iterator<Item = Sample> {
        let unpack = |word: u64| Sample((word >> ROW_BITS) as u32, word & ((1 << ROW_BITS) - 1));
        self.0.into_iter().filter(|w| *w != NO_SAMPLE).map(unpack)
    }

    fn add(&mut self, sample: Sample) {
        let file = u64::from(sample.0).min((1 << (64 - ROW_BITS)) - 2);
        self.word(file << ROW_BITS | sample.1.min((1 << ROW_BITS) - 1));
    }

    fn word(&mut self, word: u64) {
        if word >= self.0[SAMPLES - 1] {
            return;
        }
        let at = self.0.partition_point(|w| *w < word);
        if self.0[at] != word {
            self.0[at..].rotate_right(1);
            self.0[at] = word;
        }
    }
}

impl From<Samples> for Vec<Sample> {
    fn from(samples: Samples) -> Self {
        samples.iter().collect()
    }
}

impl From<Vec<Sample>> for Samples {
    fn from(list: Vec<Sample>) -> Self {
        let mut samples = Self::NONE;
        list.into_iter().for_each(|s| samples.add(s));
        samples
    }
}

/// What is known of all flows of a kind. In one line of the processor's memory, so that counting a flow waits for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(align(64))]
pub struct Sum {
    pub flows: u64,
    pub bytes: u64,
    /// Flows whose bytes the log did not measure.
    pub unmeasured: u64,
    /// Seconds since 1970, UTC; beyond all times where none is known.
    first: i64,
    last: i64,
    pub samples: Samples,
}

impl Default for Sum {
    fn default() -> Self {
        Self { flows: 0, bytes: 0, unmeasured: 0, first: i64::MAX, last: i64::MIN, samples: Samples::NONE }
    }
}

impl Sum {
    /// Of the flows that have a time.
    pub fn first(&self) -> Option<i64> {
        (self.first != i64::MAX).then_some(self.first)
    }

    pub fn last(&self) -> Option<i64> {
        (self.last != i64::MIN).then_some(self.last)
    }

    pub fn add(&mut self, other: &Self) {
        self.flows = self.flows.saturating_add(other.flows);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.unmeasured = self.unmeasured.saturating_add(other.unmeasured);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        other.samples.0.iter().filter(|w| **w != NO_SAMPLE).for_each(|w| self.samples.word(*w));
    }

    fn count(&mut self, flow: &Flow, sample: Sample) {
        self.flows += 1;
        match flow.bytes {
            Some(bytes) => self.bytes = self.bytes.saturating_add(bytes),
            None => self.unmeasured += 1,
        }
        self.first = self.first.min(flow.first.or(flow.last).unwrap_or(i64::MAX));
        self.last = self.last.max(flow.last.or(flow.first).unwrap_or(i64::MIN));
        self.samples.add(sample);
    }
}

/// Sums by key: numbers by key and sums by number, so that what is counted for many rows at once does not wait for memory row by row.
#[derive(Clone, Debug)]
struct Cells {
    numbers: HashMap<Short, u32>,
    sums: Vec<Sum>,
}

impl Cells {
    /// With room for all that a tally of such a bound ever holds: growing would need the room of before beside the new one.
    fn up_to(bound: usize) -> Self {
        Self { numbers: HashMap::default(), sums: Vec::with_capacity(most(bound.min(CELLS))) }
    }

    fn len(&self) -> usize {
        self.sums.len()
    }

    #[inline]
    fn number(&mut self, key: Key) -> u32 {
        let key = Short::from(key);
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let next = u32::try_from(self.sums.len()).expect("as many as the bound allows, and those of a batch");
        self.sums.push(Sum::default());
        self.numbers.insert(key, next);
        next
    }

    /// Every cell under another key, or (`None`) with `other`. In place: sums beside their copies would be the most memory that a run
    /// needs.
    fn rekey(&mut self, key: impl Fn(Key) -> Option<Key>, other: &mut Sum) {
        let mut numbers: HashMap<Short, u32> = HashMap::default();
        // By number: its sum is in another one now.
        let mut gone = vec![false; self.sums.len()];
        #[expect(clippy::iter_over_hash_type, reason = "sums add up to the same in any order")]
        for (old, number) in self.numbers.drain() {
            let sum = self.sums[number as usize];
            match key(old.key()) {
                None => other.add(&sum),
                Some(new) => match numbers.entry(new.into()) {
                    Entry::Vacant(free) => {
                        free.insert(number);
                        continue;
                    }
                    Entry::Occupied(kept) => self.sums[*kept.get() as usize].add(&sum),
                },
            }
            gone[number as usize] = true;
        }
        self.numbers = numbers;
        self.close(&gone);
    }

    /// Closes the gaps that sums have left.
    fn close(&mut self, gone: &[bool]) {
        let mut left = 0;
        let mut place = |gone: &bool| {
            let place = left;
            left += u32::from(!gone);
            place
        };
        let places: Vec<u32> = gone.iter().map(&mut place).collect();
        self.numbers.values_mut().for_each(|number| *number = places[*number as usize]);
        let mut gone = gone.iter();
        self.sums.retain(|_| gone.next() == Some(&false));
    }

    /// In no order.
    fn iter(&self) -> impl Iterator<Item = (Key, &Sum)> {
        self.numbers.iter().map(|(key, number)| (key.key(), &self.sums[*number as usize]))
    }
}

/// Cells of a tally that is cut back to its bound before it has more: so many more that cutting back costs little, as many as a table for
/// the bound has room for anyway. One more, and table and sums would double.
fn most(bound: usize) -> usize {
    bound.saturating_add(bound / 4 * 3)
}

/// The same sums, however they are numbered.
impl PartialEq for Cells {
    fn eq(&self, other: &Self) -> bool {
        let sum = |key| other.numbers.get(&Short::from(key)).map(|number| &other.sums[*number as usize]);
        self.len() == other.len() && self.iter().all(|(key, own)| sum(key) == Some(own))
    }
}

impl Eq for Cells {}

/// Everything that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    cells: Cells,
    pub grain: Grain,
    /// Flows of pairs beyond the bound.
    pub other: Sum,
    /// Keys above this one share `other`.
    cut: Option<Key>,
    pub rows: Rows,
    /// The first rows that could not be read, or that the log says it skipped.
    pub odd: Vec<Sample>,
    bound: usize,
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

impl Tally {
    pub fn new() -> Self {
        Self::bounded(CELLS)
    }

    /// With room for so many cells.
    pub fn bounded(bound: usize) -> Self {
        Self {
            cells: Cells::up_to(bound),
            grain: Grain::default(),
            other: Sum::default(),
            cut: None,
            rows: Rows::default(),
            odd: Vec::new(),
            bound: bound.max(1),
        }
    }

    /// Cells in the order of their keys.
    pub fn cells(&self) -> Vec<(Key, &Sum)> {
        let mut cells: Vec<(Key, &Sum)> = self.cells.iter().collect();
        cells.sort_unstable_by_key(|(k, _)| *k);
        cells
    }

    /// The number of the cell for a key, until the bound is kept again; `None`: it is counted with all others beyond the bound. The
    /// hour is any one.
    #[inline]
    pub(super) fn cell(&mut self, key: Key) -> Option<u32> {
        let key = Key { hour: key.hour.and_then(|h| self.grain.round(h)), ..key };
        if self.cut.is_some_and(|cut| key > cut) { None } else { Some(self.cells.number(key)) }
    }

    /// Counts a flow in a cell that was asked for.
    #[inline]
    pub(super) fn count(&mut self, cell: Option<u32>, flow: &Flow, sample: Sample) {
        let sum = cell.map_or(&mut self.other, |number| &mut self.cells.sums[number as usize]);
        sum.count(flow, sample);
    }

    /// Counts a cell that was counted elsewhere.
    pub fn put(&mut self, key: Key, sum: &Sum) {
        let kept = match self.cell(key) {
            Some(number) => &mut self.cells.sums[number as usize],
            None => &mut self.other,
        };
        kept.add(sum);
        self.keep_bound();
    }

    pub(super) fn keep_bound(&mut self) {
        if self.cells.len() > most(self.bound).saturating_sub(BATCH).max(self.bound) {
            self.shrink();
        }
    }

    /// Both together, on top of the larger one.
    pub fn merged(self, other: Self) -> Self {
        let (mut all, less) = if self.cells.len() < other.cells.len() { (other, self) } else { (self, other) };
        all.merge(&less);
        all
    }

    pub fn merge(&mut self, other: &Self) {
        while self.grain < other.grain {
            self.coarsen();
        }
        self.rows.add(&other.rows);
        self.other.add(&other.other);
        for sample in &other.odd {
            self.remember_odd(*sample);
        }
        if let Some(cut) = other.cut {
            self.lower_cut(cut);
        }
        // In any order: what is kept depends on the keys alone.
        for (key, sum) in other.cells.iter() {
            self.put(key, sum);
        }
        self.settle();
    }

    /// Brings the tally to its bound; what it then holds depends on what was counted and on nothing else.
    pub fn settle(&mut self) {
        if self.cells.len() > self.bound {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        while self.cells.len() > self.bound && self.grain.coarser().is_some() {
            self.coarsen();
        }
        if self.cells.len() > self.bound {
            let mut keys: Vec<Key> = self.cells.iter().map(|(key, _)| key).collect();
            let (_, last, _) = keys.select_nth_unstable(self.bound - 1);
            let last = *last;
            self.lower_cut(last);
        }
    }

    fn coarsen(&mut self) {
        let Some(grain) = self.grain.coarser() else { return };
        self.grain = grain;
        self.cells.rekey(|key| Some(Key { hour: key.hour.and_then(|h| grain.round(h)), ..key }), &mut self.other);
    }

    fn lower_cut(&mut self, cut: Key) {
        let cut = self.cut.map_or(cut, |known| known.min(cut));
        self.cut = Some(cut);
        self.cells.rekey(|key| (key <= cut).then_some(key), &mut self.other);
    }

    pub fn cut(&self) -> Option<Key> {
        self.cut
    }

    /// As it was when it was written down.
    pub fn restored(grain: Grain, cut: Option<Key>, other: Sum, rows: Rows, odd: Vec<Sample>) -> Self {
        Self { grain, cut, other, rows, odd, ..Self::new() }
    }

    pub(super) fn remember_odd(&mut self, sample: Sample) {
        let at = self.odd.partition_point(|s| *s < sample);
        if at < SAMPLES {
            self.odd.insert(at, sample);
            self.odd.truncate(SAMPLES);
        }
    }
}

/// Which party a key's numbers mean.
pub fn parties(key: &Key) -> (PartyId, PartyId) {
    (PartyId(key.from), PartyId(key.to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(n: u64) -> Sum {
        Sum { flows: 1, bytes: n, first: n as i64, last: n as i64, samples: vec![Sample(0, n)].into(), unmeasured: 0 }
    }

    fn key(from: u32, hour: u32) -> Key {
        Key { from, to: 0, way: Way::Sent, ours: None, hour: Some(hour) }
    }

    proptest! {
        #[test]
        fn a_short_key_is_the_same(from: u32, to: u32, answered: bool, ours: Option<bool>, hour in prop::option::of(0..=Short::LAST_HOUR)) {
            let way = if answered { Way::Answered } else { Way::Sent };
            let key = Key { from, to, way, ours, hour };
            prop_assert_eq!(Short::from(key).key(), key);
        }

        /// Whatever is counted where and in which order: the same tally, and nothing lost.
        #[test]
        fn order_and_shares_change_nothing(flows in proptest::collection::vec((0_u32..30, 0_u32..60), 0..120), split in 0_usize..120, bound in 1_usize..40) {
            let count = |part: &[(usize, (u32, u32))]| {
                let mut tally = Tally::bounded(bound);
                part.iter().for_each(|(i, (from, hour))| tally.put(key(*from, *hour), &sum(*i as u64)));
                tally.settle();
                tally
            };
            let numbered: Vec<(usize, (u32, u32))> = flows.iter().copied().enumerate().collect();
            let whole = count(&numbered);
            let mut backwards = numbered.clone();
            backwards.reverse();
            let (a, b) = numbered.split_at(split.min(numbered.len()));
            let mut merged = count(b);
            merged.merge(&count(a));
            for other in [count(&backwards), merged] {
                prop_assert_eq!(whole.cells(), other.cells());
                prop_assert_eq!(&whole.other, &other.other);
                prop_assert_eq!(whole.grain, other.grain);
            }
            let all: u64 = whole.cells().iter().map(|(_, s)| s.flows).sum::<u64>() + whole.other.flows;
            prop_assert_eq!(all, flows.len() as u64);
            prop_assert!(whole.cells().len() <= bound);
        }
    }
}
