//! NetBox exports: what its REST API returns (`{count, next, results}`, a list, one object, or a map of lists by type), as JSON.
//! All files of a project are read as one: sites with their networks, racks and carriers, devices and virtual machines at them.
//!
//! A site needs a country, and NetBox has no field for one. It counts only where it can be proven: some region above the site
//! bears the name or the code of a country. Names of sites, cities and time zones, the free text of an address, and coordinates
//! prove nothing here; a site without a country is a gap, and a `[[site]]` of the same id closes it.

use std::collections::BTreeSet;

use super::{Input, Reader, Reading, Recognized, Set, alone, glance, side_by_side};
use crate::doc::{Document, json};
use crate::source::SourceId;
use objects::Objects;

mod facts;
mod geography;
mod objects;

pub struct NetBox;

impl Reader for NetBox {
    fn format(&self) -> &'static str {
        "netbox"
    }

    fn describe(&self) -> &'static str {
        "NetBox export (REST API JSON: sites, regions, devices, virtual machines, prefixes, addresses, circuits)"
    }

    /// An object of the API has a `url`, with the application and the type in its path.
    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let text = glance(text);
        let is_json = path.to_ascii_lowercase().ends_with(".json")
            && text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
        let mut urls = text.match_indices("\"url\"").filter_map(|(at, _)| {
            let rest = text.get(at + 5..)?.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
            rest.split('"').next()
        });
        if is_json && urls.any(|url| objects::Type::of_url(url).is_some()) { Recognized::Yes } else { Recognized::No }
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        let Some(first) = set.files.first().copied() else { return Some(Vec::new()) };
        let text = |id: &SourceId| set.sources.get(*id).text.as_str();
        let documents: Vec<Document<'_>> = side_by_side(set.files, |id| text(id).len(), |id| json::parse(text(id)));
        let mut objects = Objects::default();
        let mut readings = Vec::new();
        let mut included: BTreeSet<SourceId> = BTreeSet::new();
        for (id, document) in set.files.iter().zip(&documents) {
            if let Some(root) = document.root() {
                objects.add(root, *id, &set.sources.get(*id).path);
            }
            match document.problems().first() {
                // A broken file stands for itself, so that it is told by its own name. What could be read of it counts.
                Some(problem) if *id != first => {
                    readings.push((*id, broken(set, *id, &problem.message, problem.span.start)));
                }
                _ if *id != first => _ = included.insert(*id),
                _ => {}
            }
        }
        let mut reading = match documents.first().and_then(|d| d.problems().first()) {
            Some(problem) => broken(set, first, &problem.message, problem.span.start),
            None => Reading::default(),
        };
        reading.facts = facts::facts(&objects);
        reading.included = included.into_iter().collect();
        readings.push((first, reading));
        readings.sort_by_key(|(id, _)| *id);
        Some(readings)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        alone(self, input)
    }
}

fn broken(set: &Set<'_>, id: SourceId, why: &str, at: u32) -> Reading {
    let line = set.sources.get(id).line(at);
    Reading { broken: Some(format!("{why} on line {line}")), ..Reading::default() }
}
