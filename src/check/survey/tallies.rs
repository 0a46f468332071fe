//! What is counted with nothing lost, so that a loss is told at the cost of what it touches: who is served, which stores hold what,
//! and to which countries data gets.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::Depth;
use crate::check::context::{Context, bits};
use crate::check::describe::{made_at, places_phrase};
use crate::check::held::{Certainty, Sharing};
use crate::check::ways::{activities, countries, origin, ways};
use crate::finding::{Kept, Served, State, Way};
use crate::model::{Dependence, EndpointId, Role};
use crate::reach::{Losses, Spread, Step, TokenSource, Usable, World};

/// Who is served.
pub(super) struct People {
    /// Works with nothing lost; a loss is taken from it.
    pub(super) usable: Usable,
    kinds: Vec<Alike>,
    /// The kinds of which it was asked whether an endpoint works, to know whether they are served, or by whom.
    asked: HashMap<EndpointId, Vec<usize>>,
}

/// Tokens of populations that are served alike.
struct Alike {
    tokens: Vec<usize>,
    /// In normal running.
    before: bool,
    /// With nothing lost.
    served: bool,
    /// By whom, with nothing lost; only for [`Depth::Full`].
    by: Option<EndpointId>,
}

impl People {
    pub(super) fn new(context: &Context<'_>, depth: Depth) -> Self {
        let graph = context.graph;
        let before = graph.usable(&World::Normal, &[Dependence::Service], |_| true);
        let usable = graph.usable(&World::Loss(Vec::new()), &[Dependence::Service], |_| true);
        let mut by_kind: BTreeMap<(u32, bool), Vec<usize>> = BTreeMap::new();
        let of_people = |t: &usize| matches!(context.tokens[*t].source, TokenSource::Population(_));
        for token in (0..context.tokens.len()).filter(of_people) {
            by_kind.entry(graph.kind(token)).or_default().push(token);
        }
        let mut this = Self { usable, kinds: Vec::new(), asked: HashMap::default() };
        for tokens in by_kind.into_values() {
            let before = graph.serves(tokens[0], &before);
            if !before && depth == Depth::Brief {
                continue;
            }
            let mut asked = Vec::new();
            let served = graph.asks(tokens[0], &this.usable, &mut asked);
            let by = match depth {
                Depth::Full => graph.served_by(tokens[0], &this.usable, &mut asked).and_then(|way| server(context, &way)),
                Depth::Brief => None,
            };
            asked.sort_unstable();
            asked.dedup();
            for id in asked {
                this.asked.entry(id).or_default().push(this.kinds.len());
            }
            this.kinds.push(Alike { tokens, before, served, by });
        }
        this
    }

    /// Gives what no longer works.
    pub(super) fn lose(&mut self, context: &Context<'_>, down: &[EndpointId]) -> Vec<EndpointId> {
        self.usable.lose(context.graph, down);
        self.usable.dead().0.collect()
    }

    /// Kinds of which the answer may be another than with nothing lost.
    fn open(&self, dead: &[EndpointId]) -> BTreeSet<usize> {
        dead.iter().filter_map(|id| self.asked.get(id)).flatten().copied().collect()
    }

    /// By kind.
    pub(super) fn are_served(&self, context: &Context<'_>, dead: &[EndpointId]) -> Vec<bool> {
        let open = self.open(dead);
        let kinds = self.kinds.iter().enumerate();
        kinds.map(|(i, k)| if open.contains(&i) { context.graph.serves(k.tokens[0], &self.usable) } else { k.served }).collect()
    }

    pub(super) fn unserved(&self, context: &Context<'_>, served: &[bool]) -> BTreeSet<(String, String)> {
        let mut unserved = BTreeSet::new();
        for kind in self.kinds.iter().zip(served).filter(|(kind, served)| kind.before && !**served).map(|(kind, _)| kind) {
            for token in kind.tokens.iter().map(|t| &context.tokens[*t]) {
                if let TokenSource::Population(p) = token.source {
                    unserved.insert((context.snapshot.populations[p].id.clone(), token.class.clone()));
                }
            }
        }
        unserved
    }

    /// In the order of tokens.
    pub(super) fn by_whom(&self, context: &Context<'_>, dead: &[EndpointId], served: &[bool]) -> Vec<Served> {
        let open = self.open(dead);
        let mut told: BTreeMap<usize, Served> = BTreeMap::new();
        for (i, kind) in self.kinds.iter().enumerate() {
            let by = match (served[i], open.contains(&i)) {
                (false, _) => None,
                (true, false) => kind.by,
                (true, true) => {
                    let way = context.graph.serving_witness(kind.tokens[0], &self.usable);
                    way.and_then(|way| server(context, &way))
                }
            };
            let by = by.map(|id| (context.snapshot.endpoint(id).name.clone(), places_phrase(&context.known_places(id))));
            for number in &kind.tokens {
                let token = &context.tokens[*number];
                let TokenSource::Population(p) = token.source else { continue };
                let population = context.snapshot.populations[p].id.clone();
                let (origin, data) = (origin(token), token.class.clone());
                told.insert(*number, Served { population, origin, data, by: by.clone(), before: kind.before });
            }
        }
        told.into_values().collect()
    }
}

/// How many stores each token has that work.
pub(super) struct Stores {
    left: Vec<usize>,
    /// What is at each store in normal running.
    at: HashMap<EndpointId, Vec<usize>>,
    /// Classes that have none with nothing lost already.
    emptied: BTreeSet<String>,
    /// Of tokens that lost a store: how they are shared out, and whether all of each is in stores with nothing lost.
    sharing: HashMap<usize, (Sharing, bool)>,
}

impl Stores {
    pub(super) fn new(context: &Context<'_>, usable: &Usable) -> Self {
        let normal = context.spread(State::Normal);
        let mut this = Self {
            left: vec![0; context.tokens.len()],
            at: HashMap::default(),
            emptied: BTreeSet::new(),
            sharing: HashMap::default(),
        };
        let mut stored = vec![false; context.tokens.len()];
        for id in context.snapshot.endpoint_ids() {
            if !context.snapshot.endpoint(id).roles.contains(Role::Store) || !context.has_place(id) {
                continue;
            }
            let here: Vec<usize> = normal.tokens_at(id).collect();
            for token in &here {
                stored[*token] = true;
                this.left[*token] += usize::from(usable.strict(id));
            }
            this.at.insert(id, here);
        }
        let none = (0..stored.len()).filter(|t| stored[*t] && this.left[*t] == 0);
        this.emptied = none.map(|t| context.tokens[t].class.clone()).collect();
        this
    }

    pub(super) fn emptied(&self, context: &Context<'_>, dead: &[EndpointId]) -> BTreeSet<String> {
        let mut gone: BTreeMap<usize, usize> = BTreeMap::new();
        for token in dead.iter().filter_map(|id| self.at.get(id)).flatten() {
            *gone.entry(*token).or_default() += 1;
        }
        let none = gone.into_iter().filter(|(token, gone)| self.left[*token] == *gone);
        none.map(|(t, _)| context.tokens[t].class.clone()).chain(self.emptied.iter().cloned()).collect()
    }

    /// What is left of each token that loses a store. `usable` is as the loss leaves it.
    pub(super) fn kept(&mut self, normal: &Context<'_>, usable: &Usable, dead: &[EndpointId]) -> Vec<Kept> {
        let mut gone: BTreeMap<usize, Vec<EndpointId>> = BTreeMap::new();
        for id in dead {
            for token in self.at.get(id).into_iter().flatten() {
                gone.entry(*token).or_default().push(*id);
            }
        }
        let stores = &self.at;
        let lost: HashSet<EndpointId> = dead.iter().copied().collect();
        let mut told = Vec::new();
        for (number, mut gone) in gone {
            let (sharing, before) = self.sharing.entry(number).or_insert_with(|| {
                let sharing = Sharing::new(normal, number, Certainty::Sure, |_| false);
                let works = |id: &EndpointId| stores.contains_key(id) && (usable.strict(*id) || lost.contains(id));
                let good: Vec<bool> = sharing.endpoints.iter().map(works).collect();
                let before = sharing.all_in(&good);
                (sharing, before)
            });
            let works = |id: &EndpointId| stores.contains_key(id) && usable.strict(*id);
            let full = *before && sharing.all_in(&sharing.endpoints.iter().map(works).collect::<Vec<_>>());
            let token = &normal.tokens[number];
            gone.sort_unstable();
            let left = self.left[number] - gone.len();
            let gone = gone.into_iter().map(|id| normal.snapshot.endpoint(id).name.clone()).collect();
            told.push(Kept { origin: origin(token), data: token.class.clone(), left, gone, full });
        }
        told
    }
}

/// Origin, class, country, activity.
type Key = (String, String, String, &'static str);

/// Where data gets to, counted by endpoints that stand alike and do alike.
pub(super) struct Countries {
    /// Rows with nothing lost.
    pub(super) rows: Vec<u32>,
    /// Per endpoint; those without a place are of none.
    kind: Vec<Option<u32>>,
    kinds: Vec<(Vec<String>, Vec<&'static str>)>,
    count: HashMap<(u32, usize), u32>,
    normal: HashSet<Key>,
    /// Of these, some way is not there in normal running, though nothing is lost.
    more: Vec<(u32, usize)>,
}

impl Countries {
    pub(super) fn new(context: &Context<'_>, spread: &Spread) -> Self {
        let key = |w: crate::finding::Way| (w.origin, w.data, w.country, w.activity);
        let mut this = Self {
            rows: context.snapshot.endpoint_ids().map(|id| spread.row(id)).collect(),
            kind: Vec::new(),
            kinds: Vec::new(),
            count: HashMap::default(),
            normal: ways(context).into_iter().map(key).collect(),
            more: Vec::new(),
        };
        let mut known: HashMap<(usize, Vec<&'static str>), u32> = HashMap::default();
        // Many endpoints of a kind hold the same tokens.
        let mut alike: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for id in context.snapshot.endpoint_ids() {
            let kind = context.has_place(id).then(|| {
                let alike = (context.standpoint(id), activities(context, id));
                *known.entry(alike).or_insert_with_key(|(standpoint, does)| {
                    this.kinds.push((countries(context, *standpoint), does.clone()));
                    u32::try_from(this.kinds.len() - 1).unwrap_or(u32::MAX)
                })
            });
            this.kind.push(kind);
            if let Some(kind) = kind {
                *alike.entry((kind, spread.row(id))).or_default() += 1;
            }
        }
        for ((kind, row), endpoints) in alike {
            for token in bits(spread.of_row(row)) {
                *this.count.entry((kind, token)).or_default() += endpoints;
            }
        }
        let mut more: Vec<(u32, usize)> =
            this.count.keys().copied().filter(|cell| this.news(context, *cell).next().is_some()).collect();
        more.sort_unstable();
        this.more = more;
        this
    }

    /// The countries of a cell that are new to what is there.
    pub(super) fn news<'s>(
        &'s self,
        context: &'s Context<'_>,
        (kind, token): (u32, usize),
    ) -> impl Iterator<Item = &'s String> {
        let (countries, does) = &self.kinds[kind as usize];
        let token = &context.tokens[token];
        let is_new = move |country: &String, activity: &'static str| {
            !self.normal.contains(&(origin(token), token.class.clone(), country.clone(), activity))
        };
        countries.iter().filter(move |country| does.iter().any(|activity| is_new(country, activity)))
    }

    /// Who (by kind of endpoint) newly holds what, if some way of theirs is not there in normal running.
    pub(super) fn newly(&self, now: &Context<'_>, touched: &[EndpointId]) -> Vec<(u32, usize)> {
        let spread = now.spread(State::Loss);
        let mut change: BTreeMap<(u32, usize), i64> = BTreeMap::new();
        for id in touched {
            let Some(kind) = self.kind[id.index()] else { continue };
            let (before, after) = (spread.of_row(self.rows[id.index()]), spread.at(*id));
            let only =
                |a: &[u64], b: &[u64]| bits(&a.iter().zip(b).map(|(a, b)| a & !b).collect::<Vec<_>>()).collect::<Vec<_>>();
            only(after, before).into_iter().for_each(|t| *change.entry((kind, t)).or_default() += 1);
            only(before, after).into_iter().for_each(|t| *change.entry((kind, t)).or_default() -= 1);
        }
        let count = |cell: &(u32, usize)| {
            i64::from(self.count.get(cell).copied().unwrap_or(0)) + change.get(cell).copied().unwrap_or(0)
        };
        let opened = change.keys().filter(|cell| !self.count.contains_key(*cell));
        let there = opened.chain(&self.more).filter(|cell| count(cell) > 0);
        there.filter(|cell| self.news(now, **cell).next().is_some()).copied().collect()
    }

    /// The ways of such cells, one of each.
    pub(super) fn ways(
        &self,
        now: &Context<'_>,
        spreading: &Losses<'_, '_>,
        touched: &[EndpointId],
        cells: &[(u32, usize)],
    ) -> Vec<Way> {
        let (spread, snapshot) = (now.spread(State::Loss), now.snapshot);
        let mut ways: BTreeMap<Key, Way> = BTreeMap::new();
        for (kind, number) in cells {
            let token = &now.tokens[*number];
            let here = |id: &EndpointId| self.kind[id.index()] == Some(*kind) && spread.has(*id, *number);
            // What nobody touched holds it already with nothing lost, if not in normal running.
            let first = touched.iter().copied().filter(here).min();
            let Some(at) = first.or_else(|| snapshot.endpoint_ids().find(here)) else { continue };
            let (countries, does) = &self.kinds[*kind as usize];
            let keys = countries.iter().flat_map(|country| does.iter().map(move |activity| (country, *activity)));
            for (country, activity) in keys {
                let key = (origin(token), token.class.clone(), country.clone(), activity);
                if self.normal.contains(&key) {
                    continue;
                }
                ways.entry(key).or_insert_with_key(|(origin, data, country, activity)| Way {
                    origin: origin.clone(),
                    data: data.clone(),
                    country: country.clone(),
                    activity,
                    state: State::Loss,
                    endpoint: snapshot.endpoint(at).name.clone(),
                    location: made_at(snapshot.endpoint(at)),
                    path: spreading
                        .way(*number, at)
                        .or_else(|| now.way(State::Loss, *number, at))
                        .map(|steps| steps.iter().map(|s| now.hop(s)).collect())
                        .unwrap_or_default(),
                });
            }
        }
        ways.into_values().collect()
    }
}

/// The one that serves, at the end of a way.
fn server(context: &Context<'_>, way: &[Step]) -> Option<EndpointId> {
    way.iter().rev().map(|s| s.endpoint).find(|id| context.has_place(*id))
}
