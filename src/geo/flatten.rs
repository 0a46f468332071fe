//! Nested prefixes become disjoint segments, the longest prefix winning: what a lookup then needs is one bisection.
//!
//! Plain std Rust without dependencies: the build script runs it over `data/ranges/cloud.csv`, the library over the user's files.

/// A prefix and whose it is (an index into a list of owners). IPv4 and IPv6 never mix in one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    /// The network address; IPv4 in the low 32 bits.
    pub start: u128,
    pub length: u8,
    pub owner: u32,
}

/// Everything from `start` to the start of the next segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub start: u128,
    /// Length of the prefix that won here.
    pub length: u8,
    /// [`NOBODY`] in a gap.
    pub owner: u32,
}

pub const NOBODY: u32 = u32::MAX;

/// Disjoint segments in order. Of two equal prefixes the first owner in `prefixes` wins. `bits` is 32 or 128.
pub fn flatten(bits: u8, mut prefixes: Vec<Prefix>) -> Vec<Segment> {
    prefixes.sort_by_key(|p| (p.start, p.length));
    prefixes.dedup_by_key(|p| (p.start, p.length));
    let last = |p: &Prefix| p.start | mask(bits, p.length);
    let all = mask(bits, 0);
    let mut segments: Vec<Segment> = Vec::with_capacity(prefixes.len() * 2);
    let mut open: Vec<Prefix> = Vec::new();
    let close = |open: &mut Vec<Prefix>, segments: &mut Vec<Segment>, before: Option<u128>| {
        while let Some(top) = open.last().copied().filter(|top| before.is_none_or(|b| last(top) < b)) {
            open.pop();
            if last(&top) == all {
                continue;
            }
            let next = last(&top) + 1;
            let (length, owner) = open.last().map_or((0, NOBODY), |p| (p.length, p.owner));
            push(segments, Segment { start: next, length, owner });
        }
    };
    for prefix in prefixes {
        close(&mut open, &mut segments, Some(prefix.start));
        push(&mut segments, Segment { start: prefix.start, length: prefix.length, owner: prefix.owner });
        open.push(prefix);
    }
    close(&mut open, &mut segments, None);
    segments
}

/// A segment that starts where the last one did replaces it: nothing was left of that.
fn push(segments: &mut Vec<Segment>, next: Segment) {
    match segments.last_mut() {
        Some(last) if last.start == next.start => *last = next,
        _ => segments.push(next),
    }
}

/// The host bits of a prefix length.
pub fn mask(bits: u8, length: u8) -> u128 {
    match bits.saturating_sub(length) {
        0 => 0,
        128 => u128::MAX,
        host => (1_u128 << host) - 1,
    }
}

/// Bytes of one segment: start (4 or 16, big endian), prefix length, owner (2, big endian).
pub const fn width(bits: u8) -> usize {
    bits as usize / 8 + 3
}

/// Segments as a flat table; owners above 65,534 do not fit and become nobody (callers split their lists before that).
pub fn encode(bits: u8, segments: &[Segment]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(segments.len() * width(bits));
    for s in segments {
        bytes.extend_from_slice(&s.start.to_be_bytes()[16 - bits as usize / 8..]);
        bytes.push(s.length);
        bytes.extend_from_slice(&u16::try_from(s.owner).unwrap_or(u16::MAX).to_be_bytes());
    }
    bytes
}
