//! Address ranges behind an index over their first 16 bits: one look-up is an index access and a bisection of few entries.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::geo::flat::Stretch;

/// Answers by address, for both families.
#[derive(Debug)]
pub struct Table {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

impl Table {
    /// From stretches in address order that begin at address 0, as [`crate::geo::flat`] gives them.
    pub fn new(v4: &[Stretch], v6: &[Stretch]) -> Self {
        let low = |s: &Stretch| (u32::try_from(s.start).unwrap_or(u32::MAX), s.answer);
        Self { v4: Ranges::new(v4.iter().map(low)), v6: Ranges::new(v6.iter().map(|s| (s.start, s.answer))) }
    }

    pub fn v4(&self, address: Ipv4Addr) -> u32 {
        self.v4.find(address.to_bits())
    }

    pub fn v6(&self, address: Ipv6Addr) -> u32 {
        self.v6.find(address.to_bits())
    }

    /// The bytes that tell two tables apart.
    pub fn feed(&self, mut sink: impl FnMut(&[u8])) {
        self.v4.starts.iter().for_each(|s| sink(&s.to_le_bytes()));
        self.v4.answers.iter().for_each(|s| sink(&s.to_le_bytes()));
        self.v6.starts.iter().for_each(|s| sink(&s.to_le_bytes()));
        self.v6.answers.iter().for_each(|s| sink(&s.to_le_bytes()));
    }
}

trait Bits: Copy + Ord {
    fn high(self) -> usize;
}

impl Bits for u32 {
    fn high(self) -> usize {
        (self >> 16) as usize
    }
}

impl Bits for u128 {
    fn high(self) -> usize {
        (self >> 112) as usize
    }
}

#[derive(Debug)]
struct Ranges<N> {
    starts: Vec<N>,
    answers: Vec<u32>,
    /// `index[h]..=index[h + 1]`: the ranges in which addresses with the high bits `h` may lie.
    index: Vec<u32>,
}

impl<N: Bits> Ranges<N> {
    fn new(ranges: impl Iterator<Item = (N, u32)>) -> Self {
        let (starts, answers): (Vec<N>, Vec<u32>) = ranges.unzip();
        let mut index = Vec::with_capacity((1 << 16) + 1);
        let mut at = 0_usize;
        for high in 0..=1_usize << 16 {
            while starts.get(at).is_some_and(|s| s.high() < high) {
                at += 1;
            }
            index.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        Self { starts, answers, index }
    }

    fn find(&self, address: N) -> u32 {
        let high = address.high();
        let (mut low, mut end) = (self.index[high] as usize, self.index[high + 1] as usize);
        while low < end {
            let middle = low + (end - low) / 2;
            if self.starts[middle] <= address { low = middle + 1 } else { end = middle }
        }
        // The first range begins at 0, so that one lies before.
        self.answers[low.saturating_sub(1)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_lookup_is_the_last_range_that_begins_before(mut cuts in proptest::collection::btree_set(any::<u32>(), 0..60), probes in proptest::collection::vec(any::<u32>(), 20)) {
            cuts.insert(0);
            let stretches: Vec<Stretch> = (0..).zip(&cuts).map(|(i, c)| Stretch { start: u128::from(*c), answer: i }).collect();
            let wide: Vec<Stretch> = (0..).zip(&cuts).map(|(i, c)| Stretch { start: u128::from(*c) << 90, answer: i }).collect();
            let table = Table::new(&stretches, &wide);
            let near = cuts.iter().flat_map(|c| [c.wrapping_sub(1), *c, c.wrapping_add(1)]);
            for probe in near.chain(probes.iter().copied()) {
                let expected = cuts.range(..=probe).count() as u32 - 1;
                prop_assert_eq!(table.v4(Ipv4Addr::from_bits(probe)), expected);
                let probe_v6 = u128::from(probe) << 90;
                prop_assert_eq!(table.v6(Ipv6Addr::from_bits(probe_v6)), expected);
            }
        }
    }
}
