//! A log of lines, cut at line ends into pieces that threads read apart. It holds one piece and a line that is not yet whole.

use std::io::{self, Read};
use std::sync::Arc;

use super::read::{Layout, Turn};

/// Bytes of a piece: enough to make handing it over cheap, little enough to stay near the processor.
const PIECE: usize = 1 << 18;
/// Longer lines are no rows.
const MAX_LINE: usize = 1 << 22;

pub struct Pieces<R> {
    log: R,
    layout: Arc<dyn Layout>,
    /// `held[start..end]` are lines, `held[end..]` is the beginning of one.
    held: Vec<u8>,
    start: usize,
    end: usize,
    /// Of the line at `start`, from 1.
    row: u64,
    /// What follows, up to the next line end, belongs to a line that was cut.
    overlong: bool,
    ended: bool,
    /// Given out after what came before it.
    failed: Option<io::Error>,
}

impl<R: Read> Pieces<R> {
    pub fn new(log: R, layout: Arc<dyn Layout>) -> Self {
        Self { log, layout, held: Vec::new(), start: 0, end: 0, row: 1, overlong: false, ended: false, failed: None }
    }

    /// The number of the next line.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// Puts lines that are read alike into `buffer`, and says how and the number of the first. `None`: the end.
    ///
    /// # Errors
    /// The log ends early or is damaged; what came before was given out.
    pub fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<(Arc<dyn Layout>, u64)>> {
        loop {
            if self.start == self.end {
                self.fill();
            }
            if self.start == self.end {
                return self.failed.take().map_or(Ok(None), Err);
            }
            let lines = &self.held[self.start..self.end];
            let (length, turn) = until_turn(lines, &*self.layout);
            if length == 0
                && let Some((turn, length)) = turn
            {
                self.start += length;
                self.row += 1;
                if let Turn::To(layout) = turn {
                    self.layout = layout;
                }
                continue;
            }
            buffer.clear();
            buffer.extend_from_slice(&lines[..length]);
            let first = self.row;
            let unended = !buffer.ends_with(b"\n");
            self.row += memchr::memchr_iter(b'\n', buffer).count() as u64 + u64::from(unended);
            self.start += length;
            return Ok(Some((Arc::clone(&self.layout), first)));
        }
    }

    /// Reads until there is a whole line, or nothing more.
    fn fill(&mut self) {
        self.held.drain(..self.end);
        (self.start, self.end) = (0, 0);
        if self.ended && self.failed.is_none() {
            // A last line without an end counts, unless the log breaks off there.
            self.end = self.held.len();
        }
        while self.end == 0 && !self.ended {
            let before = self.held.len();
            self.read();
            if self.overlong {
                let Some(at) = memchr::memchr(b'\n', &self.held) else {
                    self.held.clear();
                    continue;
                };
                self.held.drain(..=at);
                self.overlong = false;
            }
            let fresh = before.min(self.held.len());
            if let Some(at) = memchr::memrchr(b'\n', &self.held[fresh..]) {
                self.end = fresh + at + 1;
            } else if self.held.len() >= MAX_LINE {
                self.held.truncate(MAX_LINE);
                (self.end, self.overlong) = (MAX_LINE, true);
            } else if self.ended && self.failed.is_none() {
                self.end = self.held.len();
            }
        }
    }

    fn read(&mut self) {
        let before = self.held.len();
        self.held.resize(before + PIECE, 0);
        let mut filled = before;
        while filled < self.held.len() {
            match self.log.read(&mut self.held[filled..]) {
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
        self.held.truncate(filled);
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

    /// Lines from `#` on are comments; `#x` makes `x` the first byte of what is read.
    struct Marked(u8);

    impl Layout for Marked {
        fn row(&self, _: u64, _: &[u8], _: &mut dyn Sink) {}

        fn mark(&self) -> &'static [u8] {
            b"#"
        }

        fn turn(&self, line: &[u8]) -> Turn {
            match line {
                [b'#', b'x', ..] => Turn::To(Arc::new(Self(line[1]))),
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
        let (mut buffer, mut seen) = (Vec::new(), Vec::new());
        while let Some((_, first)) = pieces.next(&mut buffer).unwrap() {
            each_line(&buffer, first, |row, line| seen.push((row, line.to_vec())));
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
            prop_assert_eq!(lines(text.as_bytes(), Arc::new(Marked(0))), rows);
        }
    }
}
