//! Address ranges behind an index over their first 16 bits: one look-up is an index access and a bisection of few entries.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::geo::flat::Stretch;

/// Answers by address, for both families.
#[derive(Debug)]
pub struct Table {
    v4: Packed,
    v6: Ranges<(u64, u64)>,
}

impl Table {
    /// From stretches in address order that begin at address 0, as [`crate::geo::flat`] gives them.
    pub fn new(v4: &[Stretch], v6: &[Stretch]) -> Self {
        let low = |s: &Stretch| (u32::try_from(s.start).unwrap_or(u32::MAX), s.answer);
        let v4 = v4.iter().map(low).map(|(start, answer)| ((start >> 16) as usize, start as u16, answer));
        let v6 = v6.iter().map(|s| ((s.start >> 112) as usize, halves(s.start), s.answer));
        Self { v4: Packed::new(&Ranges::new(v4, |_| 0)), v6: Ranges::new(v6, |high| halves((high as u128) << 112)) }
    }

    #[inline]
    pub fn v4(&self, address: Ipv4Addr) -> u32 {
        let bits = address.to_bits();
        self.v4.find((bits >> 16) as usize, bits as u16)
    }

    pub fn v6(&self, address: Ipv6Addr) -> u32 {
        let bits = address.to_bits();
        self.v6.find((bits >> 112) as usize, halves(bits))
    }

    /// The bytes that tell two tables apart.
    pub fn feed(&self, mut sink: impl FnMut(&[u8])) {
        self.v4.index.iter().chain(&self.v6.index).for_each(|at| sink(&at.to_le_bytes()));
        self.v4.words.iter().chain(&self.v4.high).for_each(|word| sink(&word.to_le_bytes()));
        for (high, low) in &self.v6.starts {
            sink(&high.to_le_bytes());
            sink(&low.to_le_bytes());
        }
        self.v4.answers.iter().chain(&self.v6.answers).for_each(|answer| sink(&answer.to_le_bytes()));
    }
}

/// An IPv6 address in two words: as one it would take room for alignment.
fn halves(address: u128) -> (u64, u64) {
    ((address >> 64) as u64, address as u64)
}

/// `N`: what is left of an address to be told apart behind the index.
#[derive(Debug)]
struct Ranges<N> {
    /// `index[h]..index[h + 1]`: the ranges of addresses with the high bits `h`, of which the first begins where these do.
    index: Vec<u32>,
    /// Apart from the answers, so that those which are compared lie close together.
    starts: Vec<N>,
    answers: Vec<u32>,
}

impl<N: Copy + Ord> Ranges<N> {
    /// From high bits, starts and answers; `first` tells the least start for high bits.
    fn new(ranges: impl Iterator<Item = (usize, N, u32)>, first: impl Fn(usize) -> N) -> Self {
        let mut own = Self { index: Vec::with_capacity((1 << 16) + 1), starts: Vec::new(), answers: Vec::new() };
        let mut ranges = ranges.peekable();
        let mut answer = 0;
        for high in 0..1_usize << 16 {
            let begin = own.starts.len();
            own.index.push(u32::try_from(begin).unwrap_or(u32::MAX));
            let first = first(high);
            if ranges.peek().is_none_or(|next| next.0 > high || next.1 > first) {
                own.starts.push(first);
                own.answers.push(answer);
            }
            while let Some((_, start, next)) = ranges.next_if(|next| next.0 == high) {
                if own.starts.len() == begin || next != answer {
                    own.starts.push(start);
                    own.answers.push(next);
                }
                answer = next;
            }
        }
        own.index.push(u32::try_from(own.starts.len()).unwrap_or(u32::MAX));
        own.starts.shrink_to_fit();
        own.answers.shrink_to_fit();
        own
    }

    #[inline]
    fn find(&self, high: usize, address: N) -> u32 {
        let (begin, end) = (self.index[high] as usize, self.index[high + 1] as usize);
        self.answers[begin + last_before(&self.starts[begin..end], address)]
    }
}

/// The last one that does not begin behind the address; the first one never does. Both halves are worked out: which one it is cannot
/// be guessed.
#[inline]
fn last_before<N: Copy + Ord>(starts: &[N], address: N) -> usize {
    let (mut at, mut left) = (0, starts.len());
    while left > 1 {
        let half = left / 2;
        at = if starts[at + half] <= address { at + half } else { at };
        left -= half;
    }
    at
}

/// Ranges of IPv4 addresses so close together that a look-up waits for little memory: two bytes a start, and behind the starts of each
/// index entry two bytes an answer, which is one of a list.
#[derive(Debug)]
struct Packed {
    /// As in [`Ranges`].
    index: Vec<u32>,
    /// Of each index entry first the starts, then the low halves of the answers' numbers.
    words: Vec<u16>,
    /// By range, the high halves; nothing where two bytes tell all answers apart.
    high: Vec<u16>,
    /// By number.
    answers: Vec<u32>,
}

impl Packed {
    fn new(ranges: &Ranges<u16>) -> Self {
        let mut answers = ranges.answers.clone();
        answers.sort_unstable();
        answers.dedup();
        let number = |answer: &u32| answers.partition_point(|a| a < answer);
        let mut words = Vec::with_capacity(2 * ranges.starts.len());
        for ends in ranges.index.windows(2) {
            let own = ends[0] as usize..ends[1] as usize;
            words.extend_from_slice(&ranges.starts[own.clone()]);
            words.extend(ranges.answers[own].iter().map(|answer| number(answer) as u16));
        }
        let is_wide = answers.len() > 1 << 16;
        let high = ranges.answers.iter().filter(|_| is_wide).map(|answer| (number(answer) >> 16) as u16).collect();
        Self { index: ranges.index.clone(), words, high, answers }
    }

    #[inline]
    fn find(&self, high: usize, address: u16) -> u32 {
        let (begin, end) = (self.index[high] as usize, self.index[high + 1] as usize);
        let (starts, numbers) = self.words[2 * begin..2 * end].split_at(end - begin);
        let at = last_before(starts, address);
        let above = self.high.get(begin + at).map_or(0, |high| usize::from(*high) << 16);
        self.answers[above | usize::from(numbers[at])]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn more_answers_than_two_bytes_tell_apart() {
        let stretches: Vec<Stretch> = (0..70_000_u32).map(|i| Stretch { start: u128::from(i) * 256, answer: i * 3 }).collect();
        let table = Table::new(&stretches, &[]);
        for i in (0..70_000_u32).step_by(997).chain([65_535, 65_536, 69_999]) {
            assert_eq!(table.v4(Ipv4Addr::from_bits(i * 256 + 255)), i * 3);
        }
    }

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
