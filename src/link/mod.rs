//! Linking: fragments from different files meet by id, host name, address or cloud id and become one [`Snapshot`].
//!
//! Nothing is guessed. A reference that fits nothing, or fits several things, is a gap with its line, and the route then goes to
//! every candidate (or to an endpoint that exists only because it was named, whose place is unknown). Linking adds ways, never
//! takes one away.
//!
//! Stages, one file each: [`merge`] (facts to endpoints), [`resolve`] (references to endpoints), [`alias`] (names that lead to
//! machines), [`fragment`] (pieces of one configuration), [`stand`] (sites, loss domains, parts), [`unled`] (what leads nowhere, and
//! where nothing leads), [`collected`] (what logs everything of a provider), [`within`] (what watches all that is in a network), [`routes`] (pools, priorities, roles), [`people`] (populations and holdings).

mod alias;
mod beyond;
mod collected;
mod fragment;
mod index;
mod merge;
mod people;
mod resolve;
mod routes;
mod stand;
mod unled;
mod within;

use std::collections::BTreeMap;

pub use people::Matcher;

use crate::model::{Facts, Gap, GapScope, Snapshot, Unread};
use crate::project::Project;
use crate::source::{SourceId, Sources};

/// Joins what the readers found. `inputs` in the order of their source ids.
pub fn link(inputs: Vec<(SourceId, Facts)>, project: &Project, sources: &Sources) -> Snapshot {
    let mut inputs = inputs;
    inputs.sort_by_key(|(source, _)| *source);

    let mut sites = Vec::new();
    let mut unread: Vec<(usize, Unread)> = Vec::new();
    let mut gaps: Vec<Gap> = Vec::new();
    let mut facts = Vec::new();
    let mut route_facts = Vec::new();
    let mut joins = Vec::new();
    let mut collected = Vec::new();
    let mut held = Vec::new();
    for (input, (_, read)) in inputs.into_iter().enumerate() {
        sites.extend(read.sites);
        unread.extend(read.gaps.into_iter().map(|g| (input, g)));
        facts.push(read.endpoints);
        route_facts.push(read.routes);
        joins.extend(read.joined);
        collected.extend(read.collected.into_iter().map(|c| (input, c)));
        held.extend(read.held.into_iter().map(|h| (input, h)));
    }
    stand::sort_sites(&mut sites, sources, &mut gaps);
    let overrides = stand::FileOverrides::new(project, sources).with_sites(&sites);

    let mut world = merge::merge(facts, overrides, sources, &mut gaps);
    world.beyond = beyond::Beyond::new(joins, &world);
    let mut links = routes::resolve_all(&mut world, route_facts, &mut gaps);
    alias::names(&mut world, &mut links);
    fragment::local_ports(&world, &mut links);
    let entries = people::resolve_entries(&mut world, project, &mut gaps);
    alias::ports(&world, &mut links);
    let held = people::resolve_held(&mut world, held, &mut gaps);
    // References of gaps come last: they may imply endpoints too.
    for (input, gap) in unread {
        let scope = match gap.scope {
            GapScope::Everything => GapScope::Everything,
            GapScope::Nothing => GapScope::Nothing,
            GapScope::Endpoints(refs) => GapScope::Endpoints(
                refs.iter()
                    .flat_map(|r| world.resolve(input, r, None, gap.location, &mut gaps))
                    .map(merge::Node::as_id)
                    .collect(),
            ),
        };
        gaps.push(Gap { code: gap.code, message: gap.message, help: gap.help, location: gap.location, scope });
    }

    let mut snapshot = Snapshot { site_networks: crate::model::site::SiteNetworks::new(&sites), sites, ..Snapshot::default() };
    alias::machines(&mut world);
    alias::apart(&mut world, &mut links, &snapshot);
    unled::circles(&world, &links, &mut gaps);
    unled::servers(&world, &links, &entries, &mut gaps);
    stand::place_in_sites(&mut world, &snapshot, &mut gaps);
    stand::parts(&mut world, &links, &mut gaps);
    within::spread(&mut world, &mut links, &mut gaps);
    collected::spread(&mut world, &mut links, collected, &mut gaps);
    stand::only_hinted(&world, &mut gaps);
    let order = world.sort(sources);
    snapshot.endpoints = world.into_endpoints(&order);
    routes::finish(&mut snapshot, links, &order);
    routes::infer_roles(&mut snapshot);
    people::finish(&mut snapshot, entries, project, &order);

    for gap in &mut gaps {
        if let GapScope::Endpoints(ids) = &mut gap.scope {
            for id in ids.iter_mut() {
                *id = order.id(merge::Node(id.0));
            }
            ids.sort_unstable();
            ids.dedup();
        }
    }
    gaps.extend(people::holdings(&mut snapshot, project, sources));
    people::held(&mut snapshot, held, &order);
    gaps.extend(people::recipients(&mut snapshot, project, sources));
    gaps.extend(people::operated(&mut snapshot, project, sources));
    gaps.sort_by(|a, b| (a.location, a.code, &a.message).cmp(&(b.location, b.code, &b.message)));
    gaps.dedup_by(|a, b| a.location == b.location && a.code == b.code && a.message == b.message && a.scope == b.scope);
    snapshot.gaps = gaps;
    snapshot
}

/// Groups indices by a key, in the order of the keys.
fn group_by<K: Ord, T>(items: impl IntoIterator<Item = (K, T)>) -> BTreeMap<K, Vec<T>> {
    let mut groups: BTreeMap<K, Vec<T>> = BTreeMap::new();
    for (key, item) in items {
        groups.entry(key).or_default().push(item);
    }
    groups
}
