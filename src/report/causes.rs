//! Findings of one cause: forty servers of one overflow list are one fault, told once with its forty members.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::places_short;
use crate::finding::{Finding, Severity, State, Verdict};
use crate::lang::Lang;
use crate::source::Location;

/// Findings alike in everything but which member of one pool, or which of what one line makes, they are about.
type Cause<'a> =
    (Verdict, Severity, &'a str, Option<&'a str>, [&'a [String]; 3], Option<State>, Vec<&'a str>, Option<Location>, String);

fn cause(f: &Finding) -> Cause<'_> {
    let before = f.path.split_last().map_or(&[][..], |(_, before)| before);
    let pool: Vec<&str> = before.iter().map(|h| h.endpoint.as_str()).collect();
    // Without a way to it, only what stands on the same line has the same cause.
    let line = f.location.filter(|_| pool.is_empty());
    let whose = [f.origin.as_slice(), &f.data, &f.populations];
    let how = format!("{:?} {:?} {:?} {}", f.activity, f.role, f.lost, places_short(&f.places, Lang::En));
    (f.verdict, f.severity, f.code, f.rule.as_deref(), whose, f.state, pool, line, how)
}

/// The findings in the order of `all`, those of one cause together behind the first of them.
pub(super) fn grouped<'a>(all: &[&'a Finding]) -> Vec<(&'a Finding, Vec<&'a Finding>)> {
    let mut groups: Vec<(&Finding, Vec<&Finding>)> = Vec::new();
    let mut known: BTreeMap<Cause<'_>, usize> = BTreeMap::new();
    for f in all {
        let cause = cause(f);
        if cause.6.is_empty() && cause.7.is_none() || f.waiver.is_some() {
            groups.push((f, Vec::new()));
            continue;
        }
        match known.entry(cause) {
            Entry::Occupied(of) => groups[*of.get()].1.push(f),
            Entry::Vacant(of) => {
                of.insert(groups.len());
                groups.push((f, Vec::new()));
            }
        }
    }
    groups
}
