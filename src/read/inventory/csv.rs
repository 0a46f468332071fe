//! Inventories as CSV: one of the three tables a file, told by its columns.

use super::convert::Conversion;
use super::entry::{EndpointEntry, RouteEntry, SiteEntry};
use crate::doc::csv::{has_column, header, read as rows};
use crate::doc::de::fields;

/// Which table a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Sites,
    Endpoints,
    Routes,
}

impl Table {
    /// By the columns; where sites and endpoints could both be meant, by the file's name.
    pub fn of(path: &str, text: &str) -> Option<Self> {
        let header = header(text);
        let has = |name: &str| header.iter().any(|h| h == name);
        let known = |fields: &[&str]| header.iter().filter(|h| has_column(fields, h)).count();
        // Other people's tables have an `id` too: more than half of the columns must be ours.
        let enough = |count: usize| count * 2 > header.len();
        if has("from") && has("to") {
            return enough(known(fields::<RouteEntry>())).then_some(Self::Routes);
        }
        let (sites, endpoints) = (known(fields::<SiteEntry>()), known(fields::<EndpointEntry>()));
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        match has("id") && enough(sites.max(endpoints)) {
            false => None,
            true if sites > endpoints || (sites == endpoints && name.contains("site")) => Some(Self::Sites),
            true => Some(Self::Endpoints),
        }
    }
}

pub(super) fn read(path: &str, text: &str, to: &mut Conversion<'_>) {
    let mut problems = Vec::new();
    let found = |p| problems.push(p);
    match Table::of(path, text) {
        Some(Table::Sites) => rows(text, found, |entry, span| to.site(entry, span)),
        Some(Table::Routes) => rows(text, found, |entry, span| to.route(entry, span)),
        Some(Table::Endpoints) | None => rows(text, found, |entry, span| to.endpoint(entry, span)),
    }
    to.problems(problems);
}
