//! Room for pages, used again and again: new room of their size comes from the system, which clears it first, and that takes as long
//! as to fill it.

use std::cell::RefCell;
use std::io::{self, Read};

use bytes::Bytes;

/// Smaller room the allocator has at hand.
const LEAST: usize = 1 << 16;
/// What a thread keeps: a page and a dictionary for each column of a flow log.
const MOST: usize = 1 << 24;

#[derive(Default)]
struct Spare {
    rooms: Vec<Vec<u8>>,
    bytes: usize,
}

thread_local! {
    static SPARE: RefCell<Spare> = RefCell::default();
}

/// At least so many bytes; what they are means nothing.
pub(super) fn room(bytes: usize) -> Vec<u8> {
    let fitting = |spare: &mut Spare| {
        let fits = spare.rooms.iter().enumerate().filter(|(_, room)| room.len() >= bytes);
        let (at, _) = fits.min_by_key(|(_, room)| room.len())?;
        let room = spare.rooms.swap_remove(at);
        spare.bytes -= room.len();
        Some(room)
    };
    let spare = if bytes < LEAST { None } else { SPARE.with_borrow_mut(fitting) };
    // Rounded, so that it also does for the next page, which is a little larger.
    let rounded = if bytes < LEAST { bytes } else { bytes.next_multiple_of(LEAST) };
    spare.unwrap_or_else(|| vec![0; rounded])
}

/// What was put at the beginning of some room, which comes back when nobody needs that any more.
pub(super) fn lend(room: Vec<u8>, length: usize) -> Bytes {
    if room.len() < LEAST { Bytes::from(room).slice(..length) } else { Bytes::from_owner(Lent { room, length }) }
}

/// As many bytes as there are, and how many.
pub(super) fn fill(from: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < into.len() {
        match from.read(&mut into[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(length)
}

struct Lent {
    room: Vec<u8>,
    length: usize,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.room[..self.length]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let room = std::mem::take(&mut self.room);
        // A thread that ends keeps nothing.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.bytes + room.len() <= MOST {
                spare.bytes += room.len();
                spare.rooms.push(room);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back() {
        let mut first = room(100_000);
        first[..20].fill(7);
        let (at, page) = (first.as_ptr(), lend(first, 20));
        let part = page.slice(10..);
        drop(page);
        let other = room(100_000);
        assert_ne!(other.as_ptr(), at, "some of it is still needed");
        assert_eq!(&part[..], [7; 10]);
        drop(part);
        let larger = room(1 << 20);
        assert_ne!(larger.as_ptr(), at, "it is too small");
        let again = room(90_000);
        assert_eq!(again.as_ptr(), at);
        for _ in 0..3 {
            drop(lend(room(MOST / 2 + 1), 1));
        }
        SPARE.with_borrow(|spare| assert!(spare.bytes <= MOST && spare.rooms.len() < 3, "{}", spare.bytes));
    }
}
