//! Many losses, one after the other, each told in short against normal running: what [`super::assess`] and [`super::after()`] say
//! of it, at the cost of what it touches.
//!
//! A rule is asked anew only where the loss changes who gets where, or takes away what the rule rests on.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::after::lacks;
use super::context::{Context, bits, intersects};
use super::describe::{hop, made_at, places_phrase};
use super::domains::Domains;
use super::held::{Certainty, Sharing};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::{Applies, Scope};
use super::survive::Asked;
use super::ways::{activities, countries, origin, ways};
use super::{Question, boundary, demand, together};
use crate::finding::{Brief, Detail, Finding, Kept, Served, State, Verdict, Way};
use crate::model::{Activity, Dependence, EndpointId, LossDomain, Role, RouteId};
use crate::policy::{Demand, Survive};
use crate::reach::{Graph, Losses, Spread, Step, TokenSource, Touched, Usable, World, tokens};

/// How much is told of each loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    Brief,
    /// With [`Detail`].
    Full,
}

/// Asks each loss in turn. `told` may end it early by an error.
pub fn survey<E>(
    question: &Question<'_>,
    losses: &[Vec<LossDomain>],
    depth: Depth,
    mut told: impl FnMut(&[LossDomain], Brief) -> Result<(), E>,
) -> Result<(), E> {
    let tokens = tokens(question.snapshot);
    let graph = Graph::new(question.snapshot, &tokens);
    let in_world = |world| Question { world: Some(world), coverage: question.coverage.clone(), ..*question };
    let normal = Context::new(&in_world(World::Normal), &tokens, &graph);
    let verdicts: HashMap<String, Verdict> =
        super::judge_all(&normal, &in_world(World::Normal)).rules.into_iter().map(|r| (r.rule, r.verdict)).collect();
    let scopes: Vec<Scope<'_>> =
        question.packs.iter().flat_map(|p| p.rules.iter().map(|r| Scope::new(&normal, p, r))).collect();

    let first_in = scopes.iter().any(|s| matches!(s.rule.demand, Demand::FirstIn(_)));
    let (spreading, spread) = Losses::new(&graph, |_| false);
    let is_store = |id: EndpointId| question.snapshot.endpoint(id).roles.contains(Role::Store);
    let storing = first_in.then(|| Losses::new(&graph, is_store));
    let (storing, stored) = storing.map_or((None, None), |(losses, spread)| (Some(losses), Some(spread)));

    let people = People::new(&normal, depth);
    let stores = Stores::new(&normal, &people.usable);
    let place_names = Countries::new(&normal, &spread);
    // What differs from normal running with nothing lost at all.
    let differs: BTreeSet<EndpointId> = differences(&normal, &spread, normal.spread(State::Normal))
        .chain(stored.iter().flat_map(|s| differences(&normal, s, normal.first_stores(State::Normal))))
        .collect();
    let mut now = Context::new(&in_world(World::Loss(Vec::new())), &tokens, &graph).with_spreads(spread, stored);

    let broken = |scope: &Scope<'_>| verdicts.get(&scope.name) == Some(&Verdict::Violated);
    let open = |scope: &Scope<'_>| matches!(scope.applies, Applies::Yes | Applies::IfEvidence(_)) && !broken(scope);
    let survivals: Vec<Survival<'_, '_>> = scopes
        .iter()
        .filter(|s| open(s))
        .flat_map(|s| s.parts().map(move |(part, unsure)| (s, part, unsure)))
        .filter_map(|(scope, part, unsure)| match &scope.rule.demand {
            Demand::Survive(survive) if scope.leaves(&normal, unsure) != Some(false) => {
                Some(Survival::new(&normal, scope, part, unsure, survive))
            }
            _ => None,
        })
        .collect();
    let survivals: Vec<(&Survival<'_, '_>, Asked<'_, '_, '_>)> = survivals.iter().map(|s| (s, s.asked(&normal))).collect();
    let mut others: Vec<Other<'_, '_>> = scopes
        .iter()
        .enumerate()
        .filter(|(_, s)| open(s) && !matches!(s.rule.demand, Demand::Survive(_)))
        .map(|(i, scope)| Other { i, scope, with_nothing_lost: None })
        .collect();
    {
        let pairs = together::find(&now, &scopes);
        for other in &mut others {
            other.with_nothing_lost = Some(other.breaks(&now, &pairs, None));
        }
    }

    let mut state = Lossy { normal: &normal, depth, people, stores, countries: place_names, spreading, storing };
    for loss in losses {
        let (mut brief, touched) = state.lose(&mut now, loss);
        let arrives: BTreeSet<EndpointId> = touched.arriving().chain(differs.iter().copied()).collect();
        let pairs = together::find(&now, &scopes);
        for other in &others {
            if other.is_broken(&now, &pairs, &touched, &arrives) {
                brief.broken.insert(other.scope.name.clone());
            }
        }
        for (survival, asked) in &survivals {
            if survival.is_broken(asked, loss) {
                brief.broken.insert(survival.scope.name.clone());
            }
        }
        state.restore(&mut now);
        told(loss, brief)?;
    }
    Ok(())
}

/// What a loss changes, and to which part of the graph.
struct Around {
    /// Tokens there were or are other than with nothing lost, or what leaves there carries otherwise.
    changed: Vec<(EndpointId, u32)>,
    leaving: Vec<EndpointId>,
    entering: Vec<EndpointId>,
}

impl Around {
    fn arriving(&self) -> impl Iterator<Item = EndpointId> {
        self.changed.iter().map(|(id, _)| *id).chain(self.entering.iter().copied())
    }

    /// Whether it concerns any of these tokens.
    fn concerns(&self, now: &Spread, tokens: &[u64]) -> bool {
        self.changed.iter().any(|(id, before)| intersects(now.at(*id), tokens) || intersects(now.of_row(*before), tokens))
            || self.leaving.iter().any(|id| intersects(now.at(*id), tokens))
    }
}

/// Everything that is changed in place for a loss.
struct Lossy<'g, 'a> {
    /// Normal running: what was stored before a loss is still there.
    normal: &'g Context<'a>,
    depth: Depth,
    people: People,
    stores: Stores,
    countries: Countries,
    spreading: Losses<'g, 'a>,
    storing: Option<Losses<'g, 'a>>,
}

impl Lossy<'_, '_> {
    fn lose(&mut self, now: &mut Context<'_>, loss: &[LossDomain]) -> (Brief, Around) {
        let (mut touched, mut also) = <(Touched, Touched)>::default();
        now.enter(World::Loss(loss.to_vec()), |spread, stored| {
            touched = self.spreading.lose(spread, loss);
            if let (Some(storing), Some(stored)) = (&mut self.storing, stored) {
                also = storing.lose(stored, loss);
            }
        });

        let snapshot = now.snapshot;
        let routes = || touched.routes.iter().chain(&also.routes).map(|r| snapshot.route(*r));
        let rows = touched.endpoints.iter().map(|id| (*id, self.countries.rows[id.index()]));
        let around = Around {
            changed: rows.chain(also.endpoints.iter().map(|id| (*id, self.countries.rows[id.index()]))).collect(),
            leaving: routes().map(|r| r.from).collect(),
            entering: routes().map(|r| r.to).collect(),
        };
        let down: HashSet<EndpointId> = touched.down.iter().copied().collect();
        let mut brief = Brief { down: down.iter().filter(|id| now.has_place(**id)).count(), ..Brief::default() };
        for id in needing(now, &touched.down).into_iter().filter(|id| !down.contains(id)) {
            brief.needs.extend(lacks(now, id, |id| down.contains(&id)).iter().map(|l| l.what));
        }
        let dead = self.people.lose(now, &touched.down);
        let served = self.people.are_served(now, &dead);
        brief.unserved = self.people.unserved(now, &served);
        brief.emptied = self.stores.emptied(now, &dead);
        let newly = self.countries.newly(now, &touched.endpoints);
        brief.countries = newly.iter().flat_map(|cell| self.countries.news(now, *cell)).cloned().collect();
        if self.depth == Depth::Full {
            brief.detail = Some(Box::new(self.detail(now, &touched, &dead, &served, &newly)));
        }
        (brief, around)
    }

    fn detail(
        &mut self,
        now: &Context<'_>,
        touched: &Touched,
        dead: &[EndpointId],
        served: &[bool],
        newly: &[(u32, usize)],
    ) -> Detail {
        let snapshot = now.snapshot;
        let down: HashSet<EndpointId> = touched.down.iter().copied().collect();
        let name = |id: &EndpointId| snapshot.endpoint(*id).name.clone();
        let needing = needing(now, &touched.down).into_iter().filter(|id| !down.contains(id));
        Detail {
            down: touched.down.iter().filter(|id| now.has_place(**id)).map(name).collect(),
            served: self.people.by_whom(now, dead, served),
            stored: self.stores.kept(self.normal, &self.people.usable, dead),
            lost: needing.flat_map(|id| lacks(now, id, |id| down.contains(&id))).collect(),
            ways: self.countries.ways(now, &self.spreading, &touched.endpoints, newly),
        }
    }

    fn restore(&mut self, now: &mut Context<'_>) {
        now.enter(World::Loss(Vec::new()), |spread, stored| {
            self.spreading.restore(spread);
            if let (Some(storing), Some(stored)) = (&mut self.storing, stored) {
                storing.restore(stored);
            }
        });
        self.people.usable.restore();
    }
}

/// Who depends on any of these, or has keys there.
fn needing(context: &Context<'_>, down: &[EndpointId]) -> BTreeSet<EndpointId> {
    let routes = down.iter().flat_map(|id| context.incoming(*id)).map(|r| context.snapshot.route(*r));
    routes.filter(|r| matches!(r.activity, Activity::Depend | Activity::Keys)).map(|r| r.from).collect()
}

/// Endpoints at which other tokens are, or to which something else carries.
fn differences<'c>(context: &'c Context<'_>, one: &'c Spread, other: &'c Spread) -> impl Iterator<Item = EndpointId> {
    let snapshot = context.snapshot;
    let routes = (0_u32..).zip(&snapshot.routes).map(|(i, r)| (RouteId(i), r));
    let carried = routes.filter(|(id, _)| one.carries(*id) != other.carries(*id)).map(|(_, r)| r.to);
    snapshot.endpoint_ids().filter(|id| one.at(*id) != other.at(*id)).chain(carried)
}

/// Who is served.
struct People {
    /// Works with nothing lost; a loss is taken from it.
    usable: Usable,
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
    fn new(context: &Context<'_>, depth: Depth) -> Self {
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
    fn lose(&mut self, context: &Context<'_>, down: &[EndpointId]) -> Vec<EndpointId> {
        self.usable.lose(context.graph, down);
        self.usable.dead().0.collect()
    }

    /// Kinds of which the answer may be another than with nothing lost.
    fn open(&self, dead: &[EndpointId]) -> BTreeSet<usize> {
        dead.iter().filter_map(|id| self.asked.get(id)).flatten().copied().collect()
    }

    /// By kind.
    fn are_served(&self, context: &Context<'_>, dead: &[EndpointId]) -> Vec<bool> {
        let open = self.open(dead);
        let kinds = self.kinds.iter().enumerate();
        kinds.map(|(i, k)| if open.contains(&i) { context.graph.serves(k.tokens[0], &self.usable) } else { k.served }).collect()
    }

    fn unserved(&self, context: &Context<'_>, served: &[bool]) -> BTreeSet<(String, String)> {
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
    fn by_whom(&self, context: &Context<'_>, dead: &[EndpointId], served: &[bool]) -> Vec<Served> {
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
struct Stores {
    left: Vec<usize>,
    /// What is at each store in normal running.
    at: HashMap<EndpointId, Vec<usize>>,
    /// Classes that have none with nothing lost already.
    emptied: BTreeSet<String>,
    /// Of tokens that lost a store: how they are shared out, and whether all of each is in stores with nothing lost.
    sharing: HashMap<usize, (Sharing, bool)>,
}

impl Stores {
    fn new(context: &Context<'_>, usable: &Usable) -> Self {
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

    fn emptied(&self, context: &Context<'_>, dead: &[EndpointId]) -> BTreeSet<String> {
        let mut gone: BTreeMap<usize, usize> = BTreeMap::new();
        for token in dead.iter().filter_map(|id| self.at.get(id)).flatten() {
            *gone.entry(*token).or_default() += 1;
        }
        let none = gone.into_iter().filter(|(token, gone)| self.left[*token] == *gone);
        none.map(|(t, _)| context.tokens[t].class.clone()).chain(self.emptied.iter().cloned()).collect()
    }

    /// What is left of each token that loses a store. `usable` is as the loss leaves it.
    fn kept(&mut self, normal: &Context<'_>, usable: &Usable, dead: &[EndpointId]) -> Vec<Kept> {
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
struct Countries {
    /// Rows with nothing lost.
    rows: Vec<u32>,
    /// Per endpoint; those without a place are of none.
    kind: Vec<Option<u32>>,
    kinds: Vec<(Vec<String>, Vec<&'static str>)>,
    count: HashMap<(u32, usize), u32>,
    normal: HashSet<Key>,
    /// Of these, some way is not there in normal running, though nothing is lost.
    more: Vec<(u32, usize)>,
}

impl Countries {
    fn new(context: &Context<'_>, spread: &Spread) -> Self {
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
    fn news<'s>(&'s self, context: &'s Context<'_>, (kind, token): (u32, usize)) -> impl Iterator<Item = &'s String> {
        let (countries, does) = &self.kinds[kind as usize];
        let token = &context.tokens[token];
        let is_new = move |country: &String, activity: &'static str| {
            !self.normal.contains(&(origin(token), token.class.clone(), country.clone(), activity))
        };
        countries.iter().filter(move |country| does.iter().any(|activity| is_new(country, activity)))
    }

    /// Who (by kind of endpoint) newly holds what, if some way of theirs is not there in normal running.
    fn newly(&self, now: &Context<'_>, touched: &[EndpointId]) -> Vec<(u32, usize)> {
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
    fn ways(&self, now: &Context<'_>, spreading: &Losses<'_, '_>, touched: &[EndpointId], cells: &[(u32, usize)]) -> Vec<Way> {
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
                        .map(|steps| steps.iter().map(|s| hop(snapshot, now.atlas, s)).collect())
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

/// A rule on survival, as it is asked of some of its tokens.
struct Survival<'s, 'p> {
    scope: &'s Scope<'p>,
    part: Scope<'p>,
    unsure: bool,
    survive: &'p Survive,
    within: Vec<Placement>,
    domains: Domains,
}

impl<'s, 'p> Survival<'s, 'p> {
    fn new(normal: &Context<'_>, scope: &'s Scope<'p>, part: Scope<'p>, unsure: bool, survive: &'p Survive) -> Self {
        let within = match &survive.within {
            Some(set) => judge_all(normal, &Wanted::In(set)),
            None => vec![Placement::Inside; normal.standpoints.len()],
        };
        let domains = Domains::new(normal, &part, survive.loss_of);
        Self { scope, part, unsure, survive, within, domains }
    }

    fn asked<'a, 'c>(&'a self, normal: &'a Context<'c>) -> Asked<'a, 'c, 'p> {
        Asked::new(normal, &self.part, self.survive, &self.within, &self.domains, &mut Vec::new())
    }

    fn is_broken(&self, asked: &Asked<'_, '_, '_>, loss: &[LossDomain]) -> bool {
        asked.breaks(loss)
            && (self.scope.leaves(asked.context, self.unsure) == Some(true)
                || asked.after(loss).is_some_and(|found| {
                    let mut found = [found];
                    self.scope.soften(asked.context, &mut found, self.unsure);
                    found[0].verdict == Verdict::Violated
                }))
    }
}

/// A rule on anything but survival.
struct Other<'s, 'p> {
    i: usize,
    scope: &'s Scope<'p>,
    /// Whether it is broken with nothing lost.
    with_nothing_lost: Option<bool>,
}

impl Other<'_, '_> {
    fn is_broken(
        &self,
        now: &Context<'_>,
        pairs: &together::Together,
        touched: &Around,
        arrives: &BTreeSet<EndpointId>,
    ) -> bool {
        let rule = self.scope.rule;
        match rule.demand {
            Demand::OnlyIn(_) | Demand::NeverIn(_) | Demand::FirstIn(_) | Demand::Nexus => {
                // Where nothing new arrives it is as in normal running: not broken, if it was asked there.
                let asked_before = rule.state.contains(&State::Normal) && self.scope.leaves(now, false).is_some();
                self.breaks(now, pairs, asked_before.then_some(arrives))
            }
            _ if touched.concerns(now.spread(State::Loss), &self.scope.tokens) => self.breaks(now, pairs, None),
            _ => self.with_nothing_lost == Some(true),
        }
    }

    /// With endpoints, only these are looked at.
    fn breaks(&self, now: &Context<'_>, pairs: &together::Together, at: Option<&BTreeSet<EndpointId>>) -> bool {
        let suppressed = pairs.suppressed(now, self.i);
        let by_place =
            matches!(self.scope.rule.demand, Demand::OnlyIn(_) | Demand::NeverIn(_) | Demand::FirstIn(_) | Demand::Nexus);
        self.scope.parts().any(|(part, unsure)| {
            if self.scope.leaves(now, unsure) == Some(false) {
                return false;
            }
            match (by_place, at) {
                (true, Some(at)) => boundary::breaks(now, &part, &suppressed, unsure, at.iter().copied()),
                (true, None) => boundary::breaks(now, &part, &suppressed, unsure, now.snapshot.endpoint_ids()),
                (false, _) => {
                    let mut found: Vec<Finding> = demand(now, &part, &suppressed);
                    self.scope.soften(now, &mut found, unsure);
                    found.iter().any(|f| f.verdict == Verdict::Violated)
                }
            }
        })
    }
}
