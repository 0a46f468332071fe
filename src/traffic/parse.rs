//! Numbers, addresses and times out of bytes, without making a text of them first.

use std::net::{IpAddr, Ipv4Addr};

/// Decimal digits and nothing else.
pub fn number(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 19 {
        return None;
    }
    let mut n = 0_u64;
    for b in bytes {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        n = n * 10 + u64::from(digit);
    }
    Some(n)
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
    let whole = &bytes[..memchr::memchr(b'.', bytes).unwrap_or(bytes.len())];
    if let Some(n) = number(whole) {
        if bytes[whole.len()..].iter().skip(1).any(|b| !b.is_ascii_digit()) {
            return None;
        }
        let seconds = match n {
            0..100_000_000_000 => n,
            100_000_000_000..100_000_000_000_000 => n / 1_000,
            100_000_000_000_000..100_000_000_000_000_000 => n / 1_000_000,
            _ => n / 1_000_000_000,
        };
        return i64::try_from(seconds).ok();
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_second());
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
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
