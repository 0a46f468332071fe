//! A line of the user's, cut to the width around what matters, without its secrets and safe to show.

use std::ops::Range;

use super::inert::push_safe;
use super::mask::mask;
use crate::source::{Location, Source};

/// The line of a location in at most `room` columns, without its secrets and made safe, and where in it the location is.
pub(super) fn pointed_at(source: &Source, at: Location, room: usize, unicode: bool) -> (String, Range<usize>) {
    let number = source.line(at.span.start);
    let (line, start) = (source.line_text(number), source.line_start(number));
    let inside = |offset: u32| floor(line, offset.saturating_sub(start) as usize);
    let focus = inside(at.span.start)..inside(at.span.end);
    clip(line, &mask(source, number, focus.clone()), focus, room, unicode)
}

/// A byte offset moved back onto a character boundary inside the text.
pub(super) fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// At most `room` columns of a line that show the beginning of `focus` and nothing of `masked`, made safe, and where the focus is
/// in them. Looks at no more of the line than it shows.
pub(super) fn clip(
    line: &str,
    masked: &[Range<usize>],
    focus: Range<usize>,
    room: usize,
    unicode: bool,
) -> (String, Range<usize>) {
    let more = if unicode { "…" } else { "..." };
    // A character, or a masked piece of the line: a long one is a cut, a short one a value that is not shown.
    let unit = |at: usize, c: char| -> (Range<usize>, String) {
        let index = masked.partition_point(|m| m.end <= at);
        match masked.get(index).filter(|m| m.contains(&at)) {
            Some(m) => (m.clone(), if m.len() > room * 4 { more } else { "***" }.to_owned()),
            None => {
                // What it must be told from may begin before it: see `inert::LOG_COMMAND`.
                let before = if c == '[' && line[..at].ends_with("##") { "##" } else { "" };
                let mut piece = before.to_owned();
                push_piece(&mut piece, c);
                (at..at + c.len_utf8(), piece.split_off(before.len()))
            }
        }
    };
    let next = |at: usize| line[at..].chars().next().map(|c| unit(at, c));
    let previous = |at: usize| line[..at].chars().next_back().map(|c| unit(at - c.len_utf8(), c));
    let width = |piece: &str| textwrap::core::display_width(piece);

    let mut start = 0;
    let (mut at, mut columns) = (0, 0);
    while at < focus.end && columns <= room {
        let Some((range, piece)) = next(at) else { break };
        columns += width(&piece).max(1);
        at = range.end;
    }
    if columns > room {
        // A mask that holds the beginning of the focus is shown whole.
        start = next(focus.start).map_or(focus.start, |(range, _)| range.start.min(focus.start));
        let mut left = room / 3;
        while let Some((range, piece)) = previous(start) {
            let Some(rest) = left.checked_sub(width(&piece).max(1)) else { break };
            (left, start) = (rest, range.start);
        }
    }
    let mut out = String::new();
    if start > 0 {
        out.push_str(more);
    }
    let mut range = out.len()..out.len();
    let mut columns = width(&out);
    let mut at = start;
    while let Some((unit, piece)) = next(at) {
        columns += width(&piece);
        if columns > room || out.len() > room * 8 {
            out.push_str(more);
            break;
        }
        if unit.start <= focus.start {
            range.start = out.len();
        }
        out.push_str(&piece);
        if unit.start < focus.end {
            range.end = out.len();
        }
        at = unit.end;
    }
    if focus.start >= line.len() {
        range.start = out.len();
    }
    range.end = range.end.max(range.start);
    (out, range)
}

/// Tabs as one blank: the column that counts is in the frame's title.
fn push_piece(out: &mut String, c: char) {
    if c == '\t' { out.push(' ') } else { push_safe(out, c) }
}
