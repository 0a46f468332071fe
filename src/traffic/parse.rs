//! Numbers, addresses and times out of bytes, without making a text of them first.

use std::net::{IpAddr, Ipv4Addr};

use wide::u8x16;

/// Decimal digits and nothing else.
pub fn number(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 19 {
        return None;
    }
    let (mut n, mut rest) = (0_u64, bytes);
    while let Some((eight, more)) = rest.split_first_chunk::<8>() {
        n = n * 100_000_000 + eight_digits(u64::from_le_bytes(*eight))?;
        rest = more;
    }
    for b in rest {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        n = n * 10 + u64::from(digit);
    }
    Some(n)
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Eight digits at once: neighbours are joined to pairs, these to fours, these to the whole.
#[inline]
fn eight_digits(text: u64) -> Option<u64> {
    const HIGH_HALVES: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    // A digit has a 3 before it, also when 6 is added; nothing else has.
    let halves = (text & HIGH_HALVES) | (text.wrapping_add(0x0606_0606_0606_0606) & HIGH_HALVES) >> 4;
    let digits = text.wrapping_sub(ZEROS);
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let whole = (fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff;
    (halves == 0x3333_3333_3333_3333).then_some(whole)
}

/// Every place of a byte that is a space or a control character (tabs, line ends), in order, behind [`BEFORE`]. A whole piece at once,
/// so that what is parsed between two places does not wait for what is parsed before it.
pub fn breaks(text: &[u8]) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::with_capacity(text.len() / 6 + 72);
    found.push(BEFORE);
    let (blocks, rest) = text.as_chunks::<64>();
    let mut at = 0_u32;
    for block in blocks {
        let mut mask = breaks_of(block);
        let end = found.len() + mask.count_ones() as usize;
        while mask != 0 {
            let eight: [u32; 8] = std::array::from_fn(|_| {
                let place = at + mask.trailing_zeros();
                mask &= mask.wrapping_sub(1);
                place
            });
            found.extend_from_slice(&eight);
        }
        found.truncate(end);
        at += 64;
    }
    found.extend((at..).zip(rest).filter(|(_, b)| **b <= b' ').map(|(place, _)| place));
    found
}

/// The place before the first byte: the one behind it is 0.
pub const BEFORE: u32 = u32::MAX;

/// A bit for each byte of a block that is a space or below.
#[inline]
fn breaks_of(block: &[u8; 64]) -> u64 {
    let (sixteens, _) = block.as_chunks::<16>();
    let space = u8x16::splat(b' ');
    let bits = |sixteen: &[u8; 16]| u64::from(u8x16::from(*sixteen).max(space).simd_eq(space).to_bitmask());
    sixteens.iter().rev().fold(0, |mask, sixteen| mask << 16 | bits(sixteen))
}

/// A bit for each byte that is a dot.
#[inline]
fn dots_of(sixteen: &[u8; 16]) -> u32 {
    u8x16::from(*sixteen).simd_eq(u8x16::splat(b'.')).to_bitmask()
}

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// The high bit of each byte of a word that is `wanted`.
fn equal(word: u64, wanted: u8) -> u64 {
    let differs = word ^ u64::from_ne_bytes([wanted; 8]);
    !(((differs & LOW) + LOW) | differs | LOW)
}

/// [`number`] of a part of a text. Where enough of the text comes before, up to eight digits are taken at once.
#[inline(always)]
pub fn number_in(text: &[u8], start: usize, end: usize) -> Option<u64> {
    let length = end.wrapping_sub(start);
    match before(text, end) {
        Some(word) if length.wrapping_sub(1) < 8 => last_digits(word, length),
        _ => any_number_in(text, start, end),
    }
}

/// The same where ten digits are likely: seconds since 1970 have as many until 2286.
#[inline(always)]
pub fn seconds_in(text: &[u8], start: usize, end: usize) -> Option<u64> {
    match (before(text, end), text.get(start..).and_then(|t| t.first_chunk::<2>())) {
        (Some(word), Some([tens, ones])) if end.wrapping_sub(start) == 10 => {
            let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
            let low = eight_digits(u64::from_le_bytes(*word))?;
            (tens <= 9 && ones <= 9).then(|| u64::from(tens * 10 + ones) * 100_000_000 + low)
        }
        _ => any_number_in(text, start, end),
    }
}

/// Apart, so that what is likely stays small where it is used.
#[inline(never)]
fn any_number_in(text: &[u8], start: usize, end: usize) -> Option<u64> {
    number(text.get(start..end)?)
}

#[inline(always)]
fn before(text: &[u8], end: usize) -> Option<&[u8; 8]> {
    text.get(..end)?.last_chunk()
}

/// The last so many, up to eight: what comes before is made zeros.
#[inline]
fn last_digits(word: &[u8; 8], length: usize) -> Option<u64> {
    let own = u64::MAX.wrapping_shl(64_u32.wrapping_sub(8 * length as u32));
    eight_digits((u64::from_le_bytes(*word) & own) | (ZEROS & !own))
}

/// [`address`] of a part of a text.
#[inline]
pub fn address_in(text: &[u8], start: usize, end: usize) -> Option<IpAddr> {
    match v4_in(text, start, end) {
        Some(v4) => Some(IpAddr::V4(v4)),
        None => address(text.get(start..end)?),
    }
}

/// [`v4`] of a part of a text. `None`: it is none, or lies too near to an edge of the text.
#[inline]
pub fn v4_in(text: &[u8], start: usize, end: usize) -> Option<Ipv4Addr> {
    quad(text.get(start.checked_sub(4)?..)?.first_chunk()?, end.wrapping_sub(start))
}

/// A dotted quad of so many bytes that begins behind the first four, without a branch on where its dots are. What is around it does
/// not matter, but must be there, so that the four bytes before each dot are.
#[inline]
fn quad(around: &[u8; 20], length: usize) -> Option<Ipv4Addr> {
    if !(7..=15).contains(&length) {
        return None;
    }
    let text: &[u8; 16] = around.last_chunk().expect("sixteen of the twenty");
    // The end counts as a dot.
    let mut dots = (dots_of(text) & ((1 << length) - 1)) | 1 << length;
    // What is wrong is gathered, and asked for once.
    let (mut address, mut beyond, mut foreign, mut fits) = (0_u32, 0_u32, 0_u32, 1_u32);
    let (mut before, mut left) = (0, dots);
    for _ in 0..4 {
        let dot = dots.trailing_zeros() & 15;
        left = dots;
        dots &= dots.wrapping_sub(1);
        let digits = dot.wrapping_sub(before);
        before = dot + 1;
        fits &= 0b1110 >> (digits & 31);
        // The digits lie before the dot, the last one in the highest byte; what is before them goes.
        let four = around[dot as usize..].first_chunk::<4>().expect("the dot is one of sixteen behind the first four");
        let part = (u32::from_le_bytes(*four) ^ 0x3030_3030) & OWN[digits as usize & 3];
        foreign |= part.wrapping_add(0x7676_7676) | part;
        // Digits are in the order of the numbers, so that what is beyond 255 goes below zero.
        beyond |= 0x0002_0505_u32.wrapping_sub(part.swap_bytes());
        // In the highest byte the digits come together, each by its weight.
        address = address << 8 | part.wrapping_mul(0x0064_0a01) >> 24;
    }
    let is_quad = (fits == 1) & (beyond >> 31 == 0) & (foreign & 0x8080_8080 == 0) & (left != 0) & (dots == 0);
    is_quad.then(|| Ipv4Addr::from_bits(address))
}

/// The bytes of so many digits among four that end with them.
const OWN: [u32; 4] = [0, 0xff00_0000, 0xffff_0000, 0xffff_ff00];

/// The ends of a line's fields: every place of `separator`, and the end of the line. Eight bytes at once.
pub fn ends(line: &[u8], separator: u8, mut each: impl FnMut(usize)) {
    let mut at = 0;
    let mut rest = line;
    while let Some((eight, more)) = rest.split_first_chunk::<8>() {
        let mut equal = equal(u64::from_le_bytes(*eight), separator);
        while equal != 0 {
            each(at + (equal.trailing_zeros() / 8) as usize);
            equal &= equal - 1;
        }
        at += 8;
        rest = more;
    }
    rest.iter().enumerate().filter(|(_, b)| **b == separator).for_each(|(i, _)| each(at + i));
    each(line.len());
}

/// An address of either family.
pub fn address(bytes: &[u8]) -> Option<IpAddr> {
    match v4(bytes) {
        Some(v4) => Some(IpAddr::V4(v4)),
        None if bytes.contains(&b':') => {
            // A zone (`fe80::1%eth0`) says which wire, not who.
            let end = memchr::memchr(b'%', bytes).unwrap_or(bytes.len());
            Some(IpAddr::V6(std::str::from_utf8(&bytes[..end]).ok()?.parse().ok()?))
        }
        None => None,
    }
}

fn v4(bytes: &[u8]) -> Option<Ipv4Addr> {
    let mut around = [0; 20];
    around.get_mut(4..4 + bytes.len())?.copy_from_slice(bytes);
    quad(&around, bytes.len())
}

/// A time in seconds since 1970, UTC: a number of seconds (or milli-, micro-, nanoseconds, told by its size), with or without a
/// fraction, or an ISO 8601 time; one without a zone is read as UTC.
pub fn time(bytes: &[u8]) -> Option<i64> {
    let mut whole = bytes;
    let mut seconds = number(bytes);
    if seconds.is_none() {
        whole = &bytes[..memchr::memchr(b'.', bytes).unwrap_or(bytes.len())];
        seconds = number(whole);
    }
    if let Some(n) = seconds {
        if bytes[whole.len()..].iter().skip(1).any(|b| !b.is_ascii_digit()) {
            return None;
        }
        return Some(epoch(n));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_second());
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Seconds since 1970 out of these, milli-, micro- or nanoseconds: the size tells which.
#[inline]
pub fn epoch(n: u64) -> i64 {
    let seconds = match n {
        0..100_000_000_000 => n,
        100_000_000_000..100_000_000_000_000 => n / 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => n / 1_000_000,
        _ => n / 1_000_000_000,
    };
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// IANA numbers of the protocols that logs call by name; a number stays one.
pub fn protocol(bytes: &[u8]) -> u8 {
    if let Some(n) = number(bytes) {
        return u8::try_from(n).unwrap_or(0);
    }
    match bytes.to_ascii_lowercase().as_slice() {
        b"icmp" => 1,
        b"tcp" => 6,
        b"udp" => 17,
        b"ipv6-icmp" | b"icmp6" | b"icmpv6" => 58,
        b"sctp" => 132,
        _ => 0,
    }
}

/// 0 for what is no port.
pub fn port(bytes: &[u8]) -> u16 {
    number(bytes).and_then(|n| u16::try_from(n).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn addresses_are_those_of_std(text in "[0-9]{1,4}(\\.[0-9]{1,4}){2,4}|[0-9a-f:.]{2,20}") {
            let leading_zero = text.split('.').any(|p| p.len() > 1 && p.starts_with('0'));
            let expected: Option<IpAddr> = text.parse().ok();
            // Logs write `010.0.0.1` for 10.0.0.1, where std sees a doubtful octal.
            if !leading_zero || text.contains(':') {
                prop_assert_eq!(address(text.as_bytes()), expected);
            }
        }

        /// What is parsed where it lies is what is parsed by itself.
        #[test]
        fn parts_of_a_text_are_parsed_alike(before in "[0-9. ]{0,20}", part in "[0-9]{0,20}|[0-9]{10}|[!-~]{10}|[0-9]{0,4}(\\.[0-9]{0,4}){0,5}|[0-9a-f:./é-]{0,20}", after in "[0-9. ]{0,20}") {
            let text = format!("{before}{part}{after}");
            let (start, end) = (before.len(), before.len() + part.len());
            prop_assert_eq!(number_in(text.as_bytes(), start, end), number(part.as_bytes()));
            prop_assert_eq!(seconds_in(text.as_bytes(), start, end), number(part.as_bytes()));
            prop_assert_eq!(address_in(text.as_bytes(), start, end), address(part.as_bytes()));
        }

        #[test]
        fn breaks_are_spaces_and_control_characters(text in "([ \n\t\r]|[!-~]|[\u{80}-\u{10f}]){0,300}") {
            let found = (0..).zip(text.bytes()).filter(|(_, b)| *b <= b' ').map(|(at, _)| at);
            prop_assert_eq!(breaks(text.as_bytes()), [BEFORE].into_iter().chain(found).collect::<Vec<u32>>());
        }

        #[test]
        fn no_digit_is_no_number(text in "[0-9]{0,18}[!-~][0-9]{0,8}") {
            prop_assert_eq!(number(text.as_bytes()).is_some(), text.len() < 20 && text.bytes().all(|b| b.is_ascii_digit()));
        }

        #[test]
        fn ends_are_those_of_a_split(line in "[ a-z\u{80}-\u{ff}]{0,60}") {
            let mut found = Vec::new();
            let mut start = 0;
            ends(line.as_bytes(), b' ', |end| {
                found.push(line.as_bytes()[start..end].to_vec());
                start = end + 1;
            });
            let expected: Vec<Vec<u8>> = line.as_bytes().split(|b| *b == b' ').map(<[u8]>::to_vec).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn numbers_are_those_of_std(n in any::<u64>()) {
            let text = n.to_string();
            prop_assert_eq!(number(text.as_bytes()), Some(n).filter(|_| text.len() < 20));
        }
    }

    #[test]
    fn times() {
        let cases = [
            ("1674898496", Some(1_674_898_496)),
            ("1674898496.123456", Some(1_674_898_496)),
            ("1674898496123", Some(1_674_898_496)),
            ("1674898496123456", Some(1_674_898_496)),
            ("2023-01-28T09:34:56Z", Some(1_674_898_496)),
            ("2023-01-28T10:34:56.5+01:00", Some(1_674_898_496)),
            ("2023-01-28 09:34:56", Some(1_674_898_496)),
            ("XXXXXXXXXX.XXXXXX", None),
            ("-", None),
            ("", None),
            ("12.x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(time(text.as_bytes()), expected, "{text}");
        }
    }
}
