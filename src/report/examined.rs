//! What was examined, and how much of it is known: files, endpoints, resources.

use std::collections::BTreeMap;

use super::safe;
use crate::finding::Coverage;
use crate::lang::{self, Message, say};
use crate::model::ResourceTally;

/// What was examined, in lines: files by format, endpoints and their places.
pub(crate) fn coverage(c: &Coverage) -> Vec<Message> {
    let files = lang::count(c.files_read.len(), "file", "files");
    let formats: Vec<String> = by_format(c).into_iter().map(|(f, n)| format!("{f} {n}")).collect();
    let mut lines = vec![
        match formats.is_empty() {
            true => say!("{files} read", files),
            false => say!("{files} read ({formats})", files, formats = lang::list(formats)),
        },
        say!(
            "{endpoints}, {located} with a known place, {unlocated} without; {routes}",
            endpoints = lang::count(c.endpoints, "endpoint", "endpoints"),
            located = c.located,
            unlocated = c.unlocated,
            routes = lang::count(c.routes, "route", "routes")
        ),
    ];
    lines.extend(resources(&c.resources));
    lines
}

/// Kinds and reasons shown; JSON has them all.
const FREQUENT: usize = 5;

/// What became of resources: nothing where there are none.
fn resources(r: &ResourceTally) -> Vec<Message> {
    let total = r.total();
    if total == 0 {
        return Vec::new();
    }
    let of = r.of_places();
    // Rounded down: 100 % is all of them.
    let placed = match (r.placed * 100).checked_div(of) {
        Some(percent) => say!("{n} of {of} placed ({percent} %)", n = r.placed, of, percent),
        None => say!("none that stands somewhere"),
    };
    let mut lines = vec![say!(
        "{resources} read: {placed}; {placeless} without a place of their own, {no_data} without data",
        resources = lang::count(total, "resource", "resources"),
        placed,
        placeless = r.placeless,
        no_data = r.no_data
    )];
    if r.uncertain > 0 {
        lines.push(say!("{n} more may or may not exist, and would be placed", n = r.uncertain));
    }
    let (kinds, more) = frequent(&r.unknown);
    if !kinds.is_empty() {
        let kinds = lang::list(kinds.iter().map(|(kind, n)| format!("{} {n}", safe(kind))));
        let all: usize = r.unknown.values().sum();
        lines.push(match more {
            0 => say!("no table knows the kind of {all}: {kinds}", all, kinds),
            more => say!("no table knows the kind of {all}: {kinds}, and {more} more kinds", all, kinds, more),
        });
    }
    let (reasons, more) = frequent(&r.unplaced);
    lines.extend(reasons.iter().map(|(why, n)| say!("{n} not placed: {why}", n, why = lang::read(safe(why).into_owned()))));
    if more > 0 {
        let reasons = lang::count(more, "more reason", "more reasons");
        lines.push(say!("others not placed for {reasons}; --format json lists all", reasons));
    }
    lines
}

/// The most frequent, equally frequent ones by name, and how many more there are.
fn frequent(counts: &BTreeMap<String, usize>) -> (Vec<(&str, usize)>, usize) {
    let mut all: Vec<(&str, usize)> = counts.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let more = all.len().saturating_sub(FREQUENT);
    all.truncate(FREQUENT);
    (all, more)
}

/// Files read per format, by name of format.
pub(crate) fn by_format(c: &Coverage) -> BTreeMap<&'static str, usize> {
    let mut formats = BTreeMap::new();
    for (_, format) in &c.files_read {
        *formats.entry(*format).or_insert(0) += 1;
    }
    formats
}
