//! Numbers, addresses and times out of bytes, without making a text of them first.

use std::net::{IpAddr, Ipv4Addr};

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

/// Eight digits at once: neighbours are joined to pairs, these to fours, these to the whole.
fn eight_digits(text: u64) -> Option<u64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let all_digits = (text & 0xf0f0_f0f0_f0f0_f0f0) == ZEROS
        && ((text.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0) == ZEROS;
    if !all_digits {
        return None;
    }
    let digits = text - ZEROS;
    let pairs = (digits.wrapping_mul(10) + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff)
}

/// The ends of a line's fields: every place of `separator`, and the end of the line. Eight bytes at once.
pub fn ends(line: &[u8], separator: u8, mut each: impl FnMut(usize)) {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let wanted = u64::from_ne_bytes([separator; 8]);
    let mut at = 0;
    let mut rest = line;
    while let Some((eight, more)) = rest.split_first_chunk::<8>() {
        let differs = u64::from_le_bytes(*eight) ^ wanted;
        // The high bit of each byte that is equal.
        let mut equal = !(((differs & LOW) + LOW) | differs | LOW);
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
    if !(7..=15).contains(&bytes.len()) {
        return None;
    }
    let (mut address, mut part, mut digits, mut dots) = (0_u32, 0_u32, 0_u32, 0_u32);
    for b in bytes {
        let digit = b.wrapping_sub(b'0');
        if digit <= 9 {
            part = part * 10 + u32::from(digit);
            digits += 1;
            if digits > 3 {
                return None;
            }
        } else if *b == b'.' && digits > 0 && part <= 255 {
            address = address << 8 | part;
            (part, digits) = (0, 0);
            dots += 1;
        } else {
            return None;
        }
    }
    (dots == 3 && digits > 0 && part <= 255).then(|| Ipv4Addr::from_bits(address << 8 | part))
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
