//! A log of lines, cut at line ends into pieces that threads read apart. It holds a line that is not yet
//! whole, and what of a piece is read otherwise than what comes before.

use std::io::{self, Read};
use std::sync::Arc;

use super::read::{Layout, Turn};

/// Bytes of a piece: enough to make handing it over cheap, little enough to stay near the processor.
const PIECE: usize = 1 << 18;
/// Longer lines are no rows.
const MAX_LINE: usize = 1 << 22;

/// What one thread has of a log.
#[derive(Default)]
pub struct Buffer {
    /// Longer than what is held, so that it need not be cleared again and again.
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    pub fn lines(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Behind what is held.
    fn room(&mut self, wanted: usize) -> &mut [u8] {
        let end = self.length + wanted;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        &mut self.bytes[self.length..end]
    }

    fn skip(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.length, 0);
        self.length -= bytes;
    }
}

pub struct Pieces<R> {
    log: R,
    layout: Arc<dyn Layout>,
    /// Whole lines that are read otherwise than those before them.
    held: Vec<u8>,
    /// The beginning of a line.
    begun: Vec<u8>,
    /// Of the next line, from 1.
    row: u64,
    /// What follows, up to the next line end, belongs to a line that was cut.
    overlong: bool,
    ended: bool,
    /// Given out after what came before it.
    failed: Option<io::Error>,
}

impl<R: Read> Pieces<R> {
    pub fn new(log: R, layout: Arc<dyn Layout>) -> Self {
        let (held, begun) = (Vec::new(), Vec::new());
        Self { log, layout, held, begun, row: 1, overlong: false, ended: false, failed: None }
    }

    /// The number of the next line.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// Puts lines that are read alike into `buffer`, and says how and the number of the first. `None`: the end.
    ///
    /// # Errors
    /// The log ends early or is damaged; what came before was given out.
    pub fn next(&mut self, buffer: &mut Buffer) -> io::Result<Option<(Arc<dyn Layout>, u64)>> {
        loop {
            buffer.length = 0;
            if self.held.is_empty() {
                self.fill(buffer);
            } else {
                buffer.put(&std::mem::take(&mut self.held));
            }
            if buffer.length == 0 {
                return self.failed.take().map_or(Ok(None), Err);
            }
            let mut passed = 0;
            loop {
                let (length, turn) = until_turn(&buffer.lines()[passed..], &*self.layout);
                let Some((turn, own)) = turn.filter(|_| length == 0) else {
                    buffer.skip(passed);
                    self.held.extend_from_slice(&buffer.lines()[length..]);
                    buffer.length = length;
                    break;
                };
                passed += own;
                self.row += 1;
                if let Turn::To(layout) = turn {
                    self.layout = layout;
                }
            }
            if buffer.length == 0 {
                continue;
            }
            let first = self.row;
            let lines = buffer.lines();
            let unended = !lines.ends_with(b"\n");
            self.row += memchr::memchr_iter(b'\n', lines).count() as u64 + u64::from(unended);
            return Ok(Some((Arc::clone(&self.layout), first)));
        }
    }

    /// Reads whole lines; leaves nothing only at the end.
    fn fill(&mut self, buffer: &mut Buffer) {
        buffer.put(&std::mem::take(&mut self.begun));
        let mut fresh = 0;
        while !self.ended {
            self.read(buffer);
            if self.overlong {
                let Some(at) = memchr::memchr(b'\n', buffer.lines()) else {
                    buffer.length = 0;
                    continue;
                };
                buffer.skip(at + 1);
                self.overlong = false;
            }
            if let Some(at) = memchr::memrchr(b'\n', &buffer.lines()[fresh..]) {
                let end = fresh + at + 1;
                self.begun.extend_from_slice(&buffer.lines()[end..]);
                buffer.length = end;
                return;
            }
            if buffer.length >= MAX_LINE {
                buffer.length = MAX_LINE;
                self.overlong = true;
                return;
            }
            fresh = buffer.length;
        }
        // A last line without an end counts, unless the log breaks off there.
        if self.failed.is_some() {
            buffer.length = 0;
        }
    }

    fn read(&mut self, buffer: &mut Buffer) {
        let room = buffer.room(PIECE);
        let mut filled = 0;
        while filled < PIECE {
            match self.log.read(&mut room[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => filled += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    (self.failed, self.ended) = (Some(e), true);
                    break;
                }
            }
        }
        buffer.length += filled;
    }
}

/// How many bytes of lines come before one that is no row, and that one with its length.
fn until_turn(lines: &[u8], layout: &dyn Layout) -> (usize, Option<(Turn, usize)>) {
    let mark = layout.mark();
    if mark.is_empty() {
        return (lines.len(), None);
    }
    let mut from = 0;
    while let Some(hit) = memchr::memmem::find(&lines[from..], mark).map(|at| from + at) {
        let begin = memchr::memrchr(b'\n', &lines[..hit]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &lines[hit..]).map_or(lines.len(), |at| hit + at + 1);
        match layout.turn(without_end(&lines[begin..end])) {
            Turn::Row => from = end,
            turn => return (begin, Some((turn, end - begin))),
        }
    }
    (lines.len(), None)
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Each line of a piece (without its end) with its number.
pub fn each_line(piece: &[u8], first: u64, mut each: impl FnMut(u64, &[u8])) {
    let (mut start, mut row) = (0, first);
    for end in memchr::memchr_iter(b'\n', piece) {
        let line = &piece[start..end];
        each(row, line.strip_suffix(b"\r").unwrap_or(line));
        (start, row) = (end + 1, row + 1);
    }
    if start < piece.len() {
        let line = &piece[start..];
        each(row, line.strip_suffix(b"\r").unwrap_or(line));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::traffic::flow::Sink;

    /// Lines from `#` on are comments, those from `#x` on turn.
    struct Marked;

    impl Layout for Marked {
        fn row(&self, _: u64, _: &[u8], _: &mut dyn Sink) {}

        fn mark(&self) -> &'static [u8] {
            b"#"
        }

        fn turn(&self, line: &[u8]) -> Turn {
            match line {
                [b'#', b'x', ..] => Turn::To(Arc::new(Self)),
                [b'#', ..] => Turn::Comment,
                _ => Turn::Row,
            }
        }
    }

    struct Plain;

    impl Layout for Plain {
        fn row(&self, _: u64, _: &[u8], _: &mut dyn Sink) {}
    }

    fn lines(log: impl Read, layout: Arc<dyn Layout>) -> Vec<(u64, Vec<u8>)> {
        let mut pieces = Pieces::new(log, layout);
        let (mut buffer, mut seen) = (Buffer::default(), Vec::new());
        while let Some((_, first)) = pieces.next(&mut buffer).unwrap() {
            each_line(buffer.lines(), first, |row, line| seen.push((row, line.to_vec())));
        }
        seen
    }

    #[test]
    fn lines_over_the_edges_of_pieces() {
        let long = "x".repeat(PIECE + 7);
        let text = format!("a\r\n\n{long}\nend");
        let seen: Vec<(u64, usize)> = lines(text.as_bytes(), Arc::new(Plain)).into_iter().map(|(n, l)| (n, l.len())).collect();
        assert_eq!(seen, [(1, 1), (2, 0), (3, long.len()), (4, 3)]);
        let endless = vec![b'y'; MAX_LINE * 2 + 5];
        let text = [&endless[..], b"\nz"].concat();
        let seen: Vec<(u64, usize)> = lines(text.as_slice(), Arc::new(Plain)).into_iter().map(|(n, l)| (n, l.len())).collect();
        assert_eq!(seen, [(1, MAX_LINE), (2, 1)], "an overlong line is one row, and the next one is read");
    }

    proptest! {
        #[test]
        fn rows_keep_their_numbers(text in "([ab#x\r]{0,6}\n){0,30}[ab#x]{0,4}") {
            let expected: Vec<(u64, Vec<u8>)> = (1..)
                .zip(text.split('\n'))
                .map(|(n, l)| (n, l.strip_suffix('\r').unwrap_or(l).as_bytes().to_vec()))
                .collect();
            let is_last = |n: &u64| *n == expected.len() as u64;
            let rows: Vec<(u64, Vec<u8>)> =
                expected.iter().filter(|(n, l)| !(l.starts_with(b"#") || is_last(n) && l.is_empty())).cloned().collect();
            prop_assert_eq!(lines(text.as_bytes(), Arc::new(Marked)), rows);
        }
    }
}
