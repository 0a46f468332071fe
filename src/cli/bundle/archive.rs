//! The container of a bundle: a tar archive (POSIX ustar with GNU long names) in one Zstandard frame, both ways, in memory.
//! It knows names and bytes and nothing of what they mean. Nothing is ever written to a disk here.
//!
//! What is read may come from anybody. Only plain files are taken, each once, by a relative name that climbs nowhere; what it
//! unpacks to is bounded by the size of the bundle; anything before, between or after is refused.

use std::collections::BTreeMap;
use std::io::{self, Read};

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// A bundle may unpack to this much in any case, in bytes.
const UNPACKED: u64 = 64 << 20;
/// And to so many times its own size: reports repeat themselves, but not that often.
const RATIO: u64 = 500;
/// As many inputs as a project may have, and what else is in a bundle.
const MOST_MEMBERS: usize = crate::source::load::MAX_FILES + 10_000;
/// The longest path of common systems is 4,096 bytes.
const LONGEST_NAME: u64 = 8 << 10;

/// By name, in order.
pub type Members = BTreeMap<String, Vec<u8>>;

/// The bytes of a bundle: `first`, then the others in the order of their names, all of one time (seconds since 1970).
pub fn pack(first: (&str, &[u8]), others: &Members, time: u64) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let others = others.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    for (name, bytes) in std::iter::once(first).chain(others) {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes)?;
    }
    Ok(compress_to_vec(archive.into_inner()?.as_slice(), CompressionLevel::Fastest))
}

/// What a bundle holds. The first member must be called `first`, so that nobody unpacks what it did not mean to be a bundle.
///
/// # Errors
/// Why it is no bundle, in words that complete "`x` is no bundle that can be read: ...".
pub fn unpack(bytes: &[u8], first: &str) -> Result<Members, String> {
    let most = (bytes.len() as u64).saturating_mul(RATIO).max(UNPACKED);
    unpack_within(bytes, first, most)
}

fn unpack_within(bytes: &[u8], first: &str, most: u64) -> Result<Members, String> {
    let cut = |e: io::Error| match e.kind() {
        io::ErrorKind::InvalidData if e.get_ref().is_some_and(|e| e.is::<TooLarge>()) => {
            format!("it unpacks to more than {} MiB, which no bundle of its size does", most >> 20)
        }
        _ => "it is cut off or damaged".to_owned(),
    };
    let mut rest = bytes;
    let frame = StreamingDecoder::new(&mut rest).map_err(|_| "it is not compressed by Zstandard".to_owned())?;
    let mut archive = tar::Archive::new(Bounded { inner: frame, left: most });
    let mut members = Members::new();
    let mut long_name: Option<Vec<u8>> = None;
    // Raw: no extension of the format is followed but the one that is written here.
    for entry in archive.entries().map_err(cut)?.raw(true) {
        let mut entry = entry.map_err(cut)?;
        let size = entry.header().size().map_err(cut)?;
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() && long_name.is_none() && size <= LONGEST_NAME {
            let mut name = Vec::new();
            entry.read_to_end(&mut name).map_err(cut)?;
            name.pop_if(|b| *b == 0);
            long_name = Some(name);
            continue;
        }
        let name = long_name.take().unwrap_or_else(|| entry.header().path_bytes().into_owned());
        let name = String::from_utf8(name).map_err(|_| "a name in it is not UTF-8".to_owned())?;
        if !kind.is_file() {
            return Err(format!("`{name}` in it is no plain file"));
        }
        if !is_inside(&name) {
            return Err(format!("`{name}` in it leads out of it"));
        }
        if members.is_empty() && name != first {
            return Err(format!("it begins with `{name}` instead of `{first}`"));
        }
        if members.len() >= MOST_MEMBERS {
            return Err(format!("it holds more than {MOST_MEMBERS} files"));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(cut)?;
        if content.len() as u64 != size {
            return Err("it is cut off or damaged".to_owned());
        }
        if members.insert(name.clone(), content).is_some() {
            return Err(format!("`{name}` stands in it twice"));
        }
    }
    if long_name.is_some() || members.is_empty() {
        return Err("it is cut off or damaged".to_owned());
    }
    let mut frame = archive.into_inner();
    let mut end = Vec::new();
    frame.by_ref().take(1 << 20).read_to_end(&mut end).map_err(cut)?;
    let finished = frame.inner.decoder.is_finished();
    drop(frame);
    if end.iter().any(|b| *b != 0) || !finished || !rest.is_empty() {
        return Err("something stands behind its end".to_owned());
    }
    Ok(members)
}

/// `a/b.conf`: relative, without empty parts and dots.
fn is_inside(name: &str) -> bool {
    !name.is_empty() && !name.contains('\0') && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Fails instead of giving more than it may.
struct Bounded<R> {
    inner: R,
    left: u64,
}

#[derive(Debug)]
struct TooLarge;

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it unpacks to too much")
    }
}

impl std::error::Error for TooLarge {}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, TooLarge))?;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "manifest.json";

    fn packed() -> Vec<u8> {
        let long = format!("inputs/{}/x.conf", "deep/".repeat(60).trim_end_matches('/'));
        let others = [("inputs/a.conf".to_owned(), b"a\n".to_vec()), (long, vec![b'x'; 5_000])].into();
        pack((FIRST, b"{}"), &others, 1_795_305_600).unwrap()
    }

    /// An archive with one entry of any kind behind a manifest.
    fn with(edit: impl FnOnce(&mut tar::Header), name: &[u8]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        archive.append_data(&mut header, FIRST, &b"{}"[..]).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        edit(&mut header);
        header.set_cksum();
        archive.append(&header, &b"x"[..]).unwrap();
        compress_to_vec(archive.into_inner().unwrap().as_slice(), CompressionLevel::Fastest)
    }

    #[test]
    fn what_was_packed_is_unpacked_and_the_bytes_are_always_the_same() {
        let bytes = packed();
        assert_eq!(bytes, packed());
        let members = unpack(&bytes, FIRST).unwrap();
        assert_eq!(members.len(), 3);
        assert!(members.keys().any(|name| name.len() > 300));
        assert_eq!(members["inputs/a.conf"], b"a\n");
    }

    #[test]
    fn nothing_leads_out_and_only_plain_files_are_taken() {
        let plain = |name: &[u8]| unpack(&with(|_| {}, name), FIRST);
        assert!(plain(b"inputs/x").is_ok());
        for name in ["../x", "/etc/passwd", "a/../../x", "a//x", "./x", "a/.", ""] {
            assert!(plain(name.as_bytes()).unwrap_err().contains("leads out"), "{name}");
        }
        assert!(plain(b"\xff").unwrap_err().contains("UTF-8"));
        assert!(plain(FIRST.as_bytes()).unwrap_err().contains("twice"));
        for kind in [b'1', b'2', b'3', b'5', b'6', b'x', b'g', b'K', b'V'] {
            let bytes = with(|h| h.set_entry_type(tar::EntryType::new(kind)), b"x");
            assert!(unpack(&bytes, FIRST).unwrap_err().contains("no plain file"), "{}", char::from(kind));
        }
        assert!(unpack(&with(|h| h.set_entry_type(tar::EntryType::GNUSparse), b"x"), FIRST).is_err());
        let endless = with(|h| h.set_size(1 << 40), b"x");
        assert!(unpack(&endless, FIRST).is_err());
        let name = with(|h| h.set_entry_type(tar::EntryType::GNULongName), b"x");
        assert!(unpack(&name, FIRST).unwrap_err().contains("cut off"), "a name of nothing");
    }

    #[test]
    fn a_bomb_is_stopped_and_not_kept() {
        let zeros = [("x".to_owned(), vec![0; 3 << 20])].into();
        let bytes = pack((FIRST, b"{}"), &zeros, 0).unwrap();
        assert!(bytes.len() < 3 << 12, "{}", bytes.len());
        assert!(unpack_within(&bytes, FIRST, 1 << 20).unwrap_err().contains("unpacks to more than 1 MiB"));
        assert!(unpack(&bytes, FIRST).is_ok());
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_refused() {
        let bytes = packed();
        for end in 0..bytes.len() {
            assert!(unpack(&bytes[..end], FIRST).is_err(), "cut at {end}");
        }
        for more in [&b"x"[..], &bytes] {
            assert!(unpack(&[&bytes, more].concat(), FIRST).is_err());
        }
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        archive.append_data(&mut header, "other", io::empty()).unwrap();
        let other = compress_to_vec(archive.into_inner().unwrap().as_slice(), CompressionLevel::Fastest);
        assert!(unpack(&other, FIRST).unwrap_err().contains("begins with `other`"));
        assert!(unpack(&compress_to_vec(&b""[..], CompressionLevel::Fastest), FIRST).is_err());
        assert!(unpack(b"PK\x03\x04", FIRST).unwrap_err().contains("Zstandard"));
    }

    /// Whatever a byte becomes, the end is an error or members, never a panic.
    #[test]
    fn no_byte_can_make_it_panic() {
        let bytes = packed();
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut wrong = bytes.clone();
                wrong[at] ^= flip;
                drop(unpack(&wrong, FIRST));
            }
        }
    }
}
