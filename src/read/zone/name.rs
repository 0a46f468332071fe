//! Domain names and times as master files write them.

/// A name made absolute: lower case, without the final dot (the root is empty). Dots and backslashes inside a label stay
/// escaped, bytes that do not print become `\DDD`.
///
/// # Errors
/// One phrase that completes "`name` ...".
pub fn absolute(raw: &str, origin: Option<&str>) -> Result<String, String> {
    const NO_ORIGIN: &str = "is relative and there is no origin: no `$ORIGIN` comes before it and the file name names no zone";
    match raw {
        "." => return Ok(String::new()),
        "@" => return origin.map(str::to_owned).ok_or_else(|| NO_ORIGIN.to_owned()),
        "" => return Err("is empty".to_owned()),
        _ => {}
    }
    let mut name = String::with_capacity(raw.len() + origin.map_or(0, str::len) + 1);
    let (mut label, mut absolute) = (0, false);
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        absolute = false;
        match c {
            '.' => {
                if label == 0 {
                    return Err("has an empty label".to_owned());
                }
                (label, absolute) = (0, true);
                name.push('.');
                continue;
            }
            '\\' => escaped(&mut chars, &mut name)?,
            '{' | '}' | '<' | '>' => return Err(format!("holds `{c}`: it seems to be a template that nobody filled in")),
            c => {
                name.push(c.to_ascii_lowercase());
                label += c.len_utf8() - 1;
            }
        }
        label += 1;
        if label > 63 {
            return Err("has a label of more than 63 bytes (RFC 1035 section 2.3.4)".to_owned());
        }
    }
    if absolute {
        name.pop();
    } else {
        match origin {
            None => return Err(NO_ORIGIN.to_owned()),
            Some("") => {}
            Some(origin) => {
                name.push('.');
                name.push_str(origin);
            }
        }
    }
    // On the wire each label has a length byte, and the root is one more.
    if wire_length(&name) > 255 {
        return Err("is longer than 255 bytes (RFC 1035 section 2.3.4)".to_owned());
    }
    Ok(name)
}

/// What stands behind a backslash: three digits, or any character for itself.
fn escaped(chars: &mut std::str::Chars<'_>, name: &mut String) -> Result<(), String> {
    let rest = chars.as_str();
    let byte = match rest.bytes().next() {
        None => return Err("ends in a backslash".to_owned()),
        Some(b'0'..=b'9') => {
            let digits = rest.get(..3).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
            let Some(byte) = digits.and_then(|d| d.parse::<u8>().ok()) else {
                return Err("has an escape that is not three digits up to 255".to_owned());
            };
            *chars = rest.get(3..).unwrap_or("").chars();
            byte
        }
        Some(byte) => {
            let c = chars.next().unwrap_or('\\');
            if !c.is_ascii() {
                name.push(c);
                return Ok(());
            }
            byte
        }
    };
    match byte {
        b'.' | b'\\' => name.extend(['\\', char::from(byte)]),
        0x21..=0x7e => name.push(char::from(byte.to_ascii_lowercase())),
        _ => name.push_str(&format!("\\{byte:03}")),
    }
    Ok(())
}

fn wire_length(name: &str) -> usize {
    let mut length = 2;
    let mut bytes = name.bytes();
    while let Some(b) = bytes.next() {
        if b == b'\\' && bytes.next().is_some_and(|b| b.is_ascii_digit()) {
            bytes.nth(1);
        }
        length += 1;
    }
    length
}

/// The names above a name, nearest first, beginning with itself: `a.b.c`, `b.c`, `c`, and the empty root.
pub fn ancestors(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |n| (!n.is_empty()).then(|| split_label(n).1))
}

/// The first label and the rest; dots behind a backslash do not split.
fn split_label(name: &str) -> (&str, &str) {
    let mut escape = false;
    for (i, b) in name.bytes().enumerate() {
        if b == b'.' && !escape {
            return (name.get(..i).unwrap_or(name), name.get(i + 1..).unwrap_or(""));
        }
        escape = b == b'\\' && !escape;
    }
    (name, "")
}

/// Seconds, or BIND's units: `1h30m`, `2W`.
pub fn is_ttl(raw: &str) -> bool {
    let mut digits = 0;
    let mut after_unit = false;
    for b in raw.bytes() {
        match b.to_ascii_lowercase() {
            b'0'..=b'9' => (digits, after_unit) = (digits + 1, false),
            b's' | b'm' | b'h' | b'd' | b'w' if digits > 0 => (digits, after_unit) = (0, true),
            _ => return false,
        }
    }
    digits > 0 || after_unit
}

/// The zone that a file name speaks of: `zoom.example.zone`, `db.example.com`, `example.com.zone.signed`, `example.com`.
pub fn origin_from_path(path: &str) -> Option<String> {
    let mut name = path.rsplit('/').next()?.to_ascii_lowercase();
    let mut told = false;
    for prefix in ["db.", "zone.", "named.", "pri.", "master.", "fwd."] {
        if let Some(rest) = name.strip_prefix(prefix) {
            (name, told) = (rest.to_owned(), true);
            break;
        }
    }
    for suffix in [".j2", ".signed", ".txt", ".zone", ".db", ".dns", ".bind", ".hosts", ".master"] {
        if let Some(rest) = name.strip_suffix(suffix) {
            told |= suffix == ".zone" || suffix == ".db";
            name = rest.to_owned();
        }
    }
    let name = name.trim_end_matches('.');
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let fits = plain && (told || name.contains('.')) && !name.starts_with(['.', '-']) && !name.contains("..");
    (fits && !name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let o = Some("example.org");
        for (raw, expected) in [
            ("www", "www.example.org"),
            ("WWW.", "www"),
            ("@", "example.org"),
            (".", ""),
            ("a\\.b", "a\\.b.example.org"),
            ("\\097\\032c.", "a\\032c"),
            ("*.x", "*.x.example.org"),
            ("\\*", "*.example.org"),
        ] {
            assert_eq!(absolute(raw, o).as_deref(), Ok(expected), "{raw}");
        }
        let long = "a".repeat(64);
        for raw in ["", "..", ".a", "a..b", "a\\", "\\999", "\\1", "${x}", long.as_str(), &"abc.".repeat(70)] {
            assert!(absolute(raw, o).is_err(), "{raw}");
        }
        assert_eq!(absolute(&"a".repeat(63), o).unwrap().len(), 75);
        assert!(absolute("www", None).is_err());
        assert_eq!(absolute("www", Some("")).as_deref(), Ok("www"));
        assert_eq!(ancestors("a\\.x.b.c").collect::<Vec<_>>(), ["a\\.x.b.c", "b.c", "c", ""]);
    }

    #[test]
    fn times() {
        for raw in ["0", "300", "1h30m", "2W", "10d"] {
            assert!(is_ttl(raw), "{raw}");
        }
        for raw in ["", "h", "1x", "1h30x", "mx", "1.2.3.4"] {
            assert!(!is_ttl(raw), "{raw}");
        }
    }

    #[test]
    fn origins_from_file_names() {
        for (path, expected) in [
            ("dns/zoom.example.zone", Some("zoom.example")),
            ("db.example.com", Some("example.com")),
            ("etc/example.com.zone.signed", Some("example.com")),
            ("example.com", Some("example.com")),
            ("localhost.zone", Some("localhost")),
            ("records.txt", None),
            ("zonefile", None),
            ("{{ x }}.zone", None),
        ] {
            assert_eq!(origin_from_path(path).as_deref(), expected, "{path}");
        }
    }
}
