//! Bytes into text: UTF-8, or UTF-16 that says so. Anything else is refused with the line where it breaks.

use super::LoadError;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undecodable {
    Binary,
    /// Line (from 1) and value of the first byte that is no UTF-8.
    Utf8 {
        line: u32,
        byte: u8,
    },
    /// Line (from 1) of the first unpaired surrogate or odd byte.
    Utf16 {
        line: u32,
    },
    Utf32,
}

impl Undecodable {
    pub(super) fn error(&self, path: &str) -> LoadError {
        match self {
            Self::Binary => LoadError::new(path, "the file is binary (it holds NUL bytes)")
                .help("if it is UTF-16 without a byte order mark, save it as UTF-8"),
            Self::Utf8 { line, byte } => LoadError {
                line: Some(*line),
                ..LoadError::new(path, format!("the text is not UTF-8: byte 0x{byte:02X} on line {line} does not belong"))
                    .help("save the file as UTF-8, for example `iconv -f GB18030 -t UTF-8` or `iconv -f LATIN1 -t UTF-8`")
            },
            Self::Utf16 { line } => LoadError {
                line: Some(*line),
                ..LoadError::new(path, format!("the text begins as UTF-16 and is broken on line {line}"))
                    .help("save the file as UTF-8")
            },
            Self::Utf32 => LoadError::new(path, "the text is UTF-32, which is not read").help("save the file as UTF-8"),
        }
    }
}

/// UTF-8 (a byte order mark is taken off) or UTF-16 with a byte order mark.
pub(super) fn decode(mut bytes: Vec<u8>) -> Result<String, Undecodable> {
    if bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Err(Undecodable::Utf32);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xFF, 0xFE]) {
        return decode_utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xFE, 0xFF]) {
        return decode_utf16(rest, u16::from_be_bytes);
    }
    if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
        bytes.drain(..3);
    }
    if bytes.contains(&0) {
        return Err(Undecodable::Binary);
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let before = e.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() as u32 + 1;
        Undecodable::Utf8 { line, byte: e.as_bytes().get(at).copied().unwrap_or(0) }
    })
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Undecodable> {
    let mut text = String::with_capacity(bytes.len() / 2);
    let broken = |text: &str| Undecodable::Utf16 { line: text.matches('\n').count() as u32 + 1 };
    let (pairs, odd) = bytes.as_chunks::<2>();
    for c in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match c {
            Ok('\0') => return Err(Undecodable::Binary),
            Ok(c) => text.push(c),
            Err(_) => return Err(broken(&text)),
        }
    }
    if odd.is_empty() { Ok(text) } else { Err(broken(&text)) }
}
