//! Populations enter where their entries resolve to; holdings lie where selectors match.

use globset::GlobMatcher;

use super::merge::{Node, Order, World};
use crate::model::{Endpoint, EndpointId, Gap, GapScope, HeldFact, Holding, Population, SiteMatch, Snapshot, Subject};
use crate::project::{Project, Selector};
use crate::source::{Location, Sources, Spanned, glob};
use crate::vocab::classes;

/// Where each population enters, before the final order.
pub struct Entry {
    population: usize,
    nodes: Vec<Node>,
}

impl Entry {
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

pub fn resolve_entries(world: &mut World, project: &Project, gaps: &mut Vec<Gap>) -> Vec<Entry> {
    let Some(file) = project.location else { return Vec::new() };
    let mut entries = Vec::new();
    for (population, entry) in project.populations.iter().enumerate() {
        let mut nodes = Vec::new();
        for enters in &entry.enters {
            let reference = crate::model::Reference::Any(enters.value.clone());
            let entries = world.resolve(usize::MAX, &reference, None, enters.at(file.source), gaps);
            nodes.extend(world.with_servers(entries, &reference));
        }
        entries.push(Entry { population, nodes });
    }
    entries
}

pub fn finish(snapshot: &mut Snapshot, entries: Vec<Entry>, project: &Project, order: &Order) {
    for entry in entries {
        let declared = &project.populations[entry.population];
        let mut enters: Vec<EndpointId> = entry.nodes.into_iter().map(|n| order.id(n)).collect();
        enters.sort_unstable();
        enters.dedup();
        snapshot.populations.push(Population {
            id: declared.id.value.clone(),
            subject: declared.subject.clone(),
            other_axes: declared.other_axes.clone(),
            data: declared.data.iter().map(|d| d.value.clone()).collect(),
            enters,
            subjects: declared.subjects,
            location: declared.location,
        });
    }
    snapshot.populations.sort_by(|a, b| a.id.cmp(&b.id));
}

/// Fills `snapshot.holdings`. A selector that matches nothing is a gap: data that somebody knows of stands somewhere unseen.
pub fn holdings(snapshot: &mut Snapshot, project: &Project, sources: &Sources) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut holdings = Vec::new();
    for entry in &project.classify {
        let matcher = Matcher::new(&entry.selector);
        let before = holdings.len();
        for id in snapshot.endpoint_ids() {
            if matcher.matches(snapshot, snapshot.endpoint(id), sources) {
                holdings.push(Holding {
                    endpoint: id,
                    subject: entry.subject.clone(),
                    data: entry.data.iter().map(|d| d.value.clone()).collect(),
                    subjects: entry.subjects,
                    location: entry.location,
                });
            }
        }
        if holdings.len() == before {
            gaps.push(Gap {
                code: "unmatched-selector",
                message: "this selector matches no endpoint, so the data it speaks of was not followed".into(),
                help: Some("correct `match`, or remove the entry; `onshore locate` lists what was read".into()),
                location: entry.location,
                scope: GapScope::Everything,
            });
        }
    }
    holdings.sort_by_key(|h| (h.endpoint, h.location));
    snapshot.holdings = holdings;
    gaps
}

/// What files say is held somewhere, before the final order.
pub struct Held {
    node: Node,
    fact: HeldFact,
}

pub fn resolve_held(world: &mut World, held: Vec<(usize, HeldFact)>, gaps: &mut Vec<Gap>) -> Vec<Held> {
    let mut all = Vec::new();
    for (input, fact) in held {
        let nodes = world.resolve(input, &fact.at, None, fact.location, gaps);
        all.extend(nodes.into_iter().map(|node| Held { node, fact: fact.clone() }));
    }
    all
}

/// Adds them to `snapshot.holdings`, without whose data it is; where the project says what is held there, it says whose.
pub fn held(snapshot: &mut Snapshot, held: Vec<Held>, order: &Order) {
    let declared = snapshot.holdings.len();
    for Held { node, fact } in held {
        let endpoint = order.id(node);
        let of_project = |h: &Holding| h.endpoint == endpoint && h.data.iter().any(|d| classes::covers(d, &fact.data));
        if !snapshot.holdings[..declared].iter().any(of_project) {
            snapshot.holdings.push(Holding {
                endpoint,
                subject: Subject::Each(Vec::new()),
                data: vec![fact.data],
                subjects: None,
                location: fact.location,
            });
        }
    }
    snapshot.holdings.sort_by(|a, b| (a.endpoint, a.location, &a.data).cmp(&(b.endpoint, b.location, &b.data)));
    snapshot.holdings.dedup_by(|a, b| (a.endpoint, a.location, &a.data) == (b.endpoint, b.location, &b.data));
}

/// Fills `snapshot.recipients`. An entry of the register whose recipient is not found covers nothing, which is told.
pub fn recipients(snapshot: &mut Snapshot, project: &Project, sources: &Sources) -> Vec<Gap> {
    let entries = project.transfers.iter().flatten().map(|entry| {
        let nothing = format!("this entry covers nothing: no endpoint is what {} operates", entry.recipient);
        (&entry.selector, entry.location, nothing, Vec::new())
    });
    let mut gaps = Vec::new();
    snapshot.recipients = matched(snapshot, sources, "unmatched-transfer", entries, &mut gaps);
    gaps
}

/// Fills `snapshot.operated`, after the register's recipients: what is on record by somebody's name is operated by them. Of a
/// recipient that operates nothing that was read, nothing is asked; that is told.
pub fn operated(snapshot: &mut Snapshot, project: &Project, sources: &Sources) -> Vec<Gap> {
    let recipients = project.recipients.iter().map(|recipient| {
        let nothing = format!("no endpoint is what {} operates", recipient.name);
        let on_record = project.transfers.iter().flatten().zip(&snapshot.recipients);
        let by_name = on_record.filter(|(t, _)| t.recipient == recipient.name).flat_map(|(_, of_entry)| of_entry);
        (&recipient.selector, recipient.location, nothing, by_name.copied().collect())
    });
    let mut gaps = Vec::new();
    snapshot.operated = matched(snapshot, sources, "unmatched-recipient", recipients, &mut gaps);
    gaps
}

/// The endpoints that each selector means, with those that are known to be meant; where there are none, a gap with these words.
fn matched<'p>(
    snapshot: &Snapshot,
    sources: &Sources,
    code: &'static str,
    entries: impl Iterator<Item = (&'p Selector, Location, String, Vec<EndpointId>)>,
    gaps: &mut Vec<Gap>,
) -> Vec<Vec<EndpointId>> {
    let endpoints = |(selector, location, message, mut found): (_, _, _, Vec<EndpointId>)| {
        let matcher = Matcher::new(selector);
        found.extend(snapshot.endpoint_ids().filter(|id| matcher.matches(snapshot, snapshot.endpoint(*id), sources)));
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            let help = "correct `match`, or remove the entry; `onshore locate` lists what was read";
            gaps.push(Gap { code, message, help: Some(help.into()), location, scope: GapScope::Nothing });
        }
        found
    };
    entries.map(endpoints).collect()
}

/// A compiled selector. A key whose glob is malformed matches nothing; the project parser has already refused it.
pub struct Matcher {
    keys: Vec<(Key, Option<GlobMatcher>)>,
}

enum Key {
    Id,
    Kind,
    Name,
    Tag(String),
    Account,
    Region,
    Provider,
    Site,
    File,
}

impl Matcher {
    pub fn new(selector: &Selector) -> Self {
        let plain: [(Key, &Option<Spanned<String>>); 8] = [
            (Key::Id, &selector.id),
            (Key::Kind, &selector.kind),
            (Key::Name, &selector.name),
            (Key::Account, &selector.account),
            (Key::Region, &selector.region),
            (Key::Provider, &selector.provider),
            (Key::Site, &selector.site),
            (Key::File, &selector.file),
        ];
        let compile = |s: &Spanned<String>| glob::compile(&s.value, false).ok();
        let mut keys: Vec<(Key, Option<GlobMatcher>)> =
            plain.into_iter().filter_map(|(k, s)| Some((k, compile(s.as_ref()?)))).collect();
        keys.extend(selector.tag.iter().map(|(tag, value)| (Key::Tag(tag.clone()), compile(value))));
        Self { keys }
    }

    pub fn matches(&self, snapshot: &Snapshot, endpoint: &Endpoint, sources: &Sources) -> bool {
        let sites = || endpoint.sites.iter().filter_map(SiteMatch::site).map(|s| snapshot.site(s).id.as_str());
        let file = |l: &Location| sources.get(l.source).path.as_str();
        self.keys.iter().all(|(key, glob)| {
            let Some(glob) = glob else { return false };
            let fits = |text: Option<&str>| text.is_some_and(|t| glob.is_match(t));
            match key {
                Key::Id => fits(Some(&endpoint.name)) || endpoint.cloud_ids.iter().any(|c| glob.is_match(c)),
                Key::Kind => fits(Some(&endpoint.kind)),
                Key::Name => fits(Some(&endpoint.name)) || endpoint.names.iter().any(|n| glob.is_match(n)),
                Key::Tag(tag) => fits(endpoint.tags.get(tag).map(String::as_str)),
                Key::Account => fits(endpoint.account.as_deref()),
                Key::Region => fits(endpoint.region.as_deref()),
                Key::Provider => fits(endpoint.provider.as_deref()),
                Key::Site => sites().any(|s| glob.is_match(s)),
                Key::File => endpoint.locations.iter().any(|l| glob.is_match(file(l))),
            }
        })
    }
}
