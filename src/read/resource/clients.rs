//! Whose traffic a route takes, by the areas that providers write: countries, states, continents, and groups of their own
//! (`data/resources/areas.csv`). Which member of a pool answers whom follows from all of them, also those of other resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use super::path::Answer;
use super::table::RouteRow;
use super::translate::{Frame, World};
use crate::model::{Activity, ClientMatch, Country, GapScope, Reference, RouteFact, RouteRole, Spill, Unread};
use crate::vocab::continents::continent;
use crate::vocab::places;

/// Groups of countries that only one provider knows: `area,countries,disputed,verification,source`. `*` is everybody, `!CN` everybody
/// but these, and no countries those whom nobody but the provider knows.
static AREAS: &str = include_str!("../../../data/resources/areas.csv");

/// What narrower members leave to wider ones: their priorities are so far apart.
const STEP: u32 = 1000;

/// Some clients, and how wide the area is that names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) clients: ClientMatch,
    /// 0 for a part of a country, 1 a country, 2 a continent, 3 everybody; `None` if the configuration names no area.
    pub(super) width: Option<u32>,
}

/// `*`, `US`, `US-CA`, `continent:EU`, `azure:GEO-ME`, and what only its provider can map (`the region WNAM`).
fn areas(words: &str) -> Vec<Area> {
    words.split(',').map(str::trim).filter(|word| !word.is_empty()).flat_map(one).collect()
}

fn one(word: &str) -> Vec<Area> {
    let area = |clients, width| Area { clients, width: Some(width) };
    let group = |sure: Vec<Country>, disputed: Vec<Country>| {
        let mut found = vec![area(ClientMatch::Countries(sure), 2)];
        if !disputed.is_empty() {
            found.push(area(ClientMatch::Part(disputed, format!("those whom the provider counts to `{word}`")), 2));
        }
        found
    };
    if word == "*" {
        return vec![area(ClientMatch::Any, 3)];
    }
    if let Some(continent) = word.strip_prefix("continent:").and_then(continent) {
        return group(continent.surely.clone(), continent.perhaps.clone());
    }
    if let Some((sure, disputed)) = GROUPS.get(word) {
        return match sure.strip_prefix('!') {
            _ if *sure == "*" => vec![area(ClientMatch::Any, 3)],
            _ if sure.is_empty() => vec![area(ClientMatch::Some(format!("those whom the provider counts to `{word}`")), 2)],
            Some(others) => vec![area(ClientMatch::Except(codes(others)), 2)],
            None => group(codes(sure), codes(disputed)),
        };
    }
    let bare = word.rsplit_once(':').map_or(word, |(_, bare)| bare);
    if bare == "*" {
        return vec![area(ClientMatch::Any, 3)];
    }
    if let Some(country) = places::country(bare) {
        return vec![area(ClientMatch::Countries(vec![country]), 1)];
    }
    if let Some(country) = bare.split_once('-').filter(|(_, part)| !part.is_empty()).and_then(|(c, _)| places::country(c)) {
        return vec![area(ClientMatch::Part(vec![country], format!("those in {bare}")), 0)];
    }
    // Whom the provider means is not known: it may be anybody.
    vec![area(ClientMatch::Some(format!("those whom the provider counts to `{bare}`")), 1)]
}

fn codes(text: &str) -> Vec<Country> {
    text.split(' ').filter_map(Country::from_letters).collect()
}

static GROUPS: LazyLock<HashMap<&str, (&str, &str)>> = LazyLock::new(|| {
    let fields = AREAS.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    fields.filter_map(|f| Some((*f.first()?, (*f.get(1)?, *f.get(2)?)))).collect()
});

impl World<'_> {
    /// The clients of a route: one route for each.
    pub(super) fn areas(&self, row: &RouteRow, frame: Frame<'_>) -> Vec<Area> {
        let words = |terms: &[String]| {
            let filled = |term: &String| self.fill(term, frame).into_iter().map(|v| self.settle(&v, 0)).collect::<Vec<_>>();
            terms.iter().map(filled).find(|values| !values.is_empty()).unwrap_or_default()
        };
        let some_if = row.some_if.iter().find(|s| self.holds(&s.when, frame) != Answer::No);
        let some = some_if.map(|s| &s.some).or(row.some.as_ref());
        let mut countries: BTreeSet<Country> = BTreeSet::new();
        let mut found: Vec<Area> = Vec::new();
        let mut width = Some(0);
        for value in words(&row.clients) {
            let Some(text) = value.as_text().filter(|t| !t.is_empty()) else {
                let clients = ClientMatch::Some("clients of an area that cannot be told".to_owned());
                return vec![Area { clients, width: Some(1) }];
            };
            for area in areas(&text) {
                match area.clients {
                    ClientMatch::Countries(list) => {
                        width = width.max(area.width);
                        countries.extend(list);
                    }
                    ClientMatch::Any => return vec![area],
                    _ => found.push(area),
                }
            }
        }
        if !countries.is_empty() {
            found.insert(0, Area { clients: ClientMatch::Countries(countries.into_iter().collect()), width });
        }
        if !found.is_empty() {
            return found;
        }
        // Values that stand beside each other are united here: what is left out is left out by any of them.
        let others = row.except.iter().flat_map(|t| self.fill(t, frame)).map(|v| self.settle(&v, 0));
        let others = others.filter_map(|v| Some(areas(&v.as_text()?))).flatten();
        let left_out: BTreeSet<Country> =
            others.flat_map(|area| if let ClientMatch::Countries(list) = area.clients { list } else { Vec::new() }).collect();
        let clients = match (some, left_out.is_empty()) {
            (Some(words), _) => ClientMatch::Some(words.clone()),
            (None, false) => ClientMatch::Except(left_out.into_iter().collect()),
            (None, true) => ClientMatch::Any,
        };
        vec![Area { clients, width: None }]
    }
}

/// The priority of a member whose area is so wide, if narrower ones go first.
pub(super) fn by_width(own: Option<u32>, width: u32) -> u32 {
    own.unwrap_or(0).min(STEP - 1) + width * STEP
}

/// Which members of a pool stand by, and what members that never fail leave to those behind them: fewer clients, or nothing.
pub(super) fn settle_pools(world: &mut World<'_>) {
    let (steady, listed) = (&world.steady, &world.listed);
    if steady.is_empty() && listed.is_empty() {
        return;
    }
    let mut pools: BTreeMap<(Vec<String>, Reference, Activity, String), Vec<usize>> = BTreeMap::new();
    for (at, route) in world.facts.routes.iter().enumerate().skip(world.first_route) {
        let Some(pool) = &route.pool else { continue };
        // Records of one name are resources of their own.
        let names = match &route.from {
            Reference::Fact(i) => world.facts.endpoints[*i].names.iter().map(|n| n.value.clone()).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let from = if names.is_empty() { route.from.clone() } else { Reference::Id(String::new()) };
        pools.entry((names, from, route.activity, pool.clone())).or_default().push(at);
    }
    let mut idle = Vec::new();
    for mut members in pools.into_values().filter(|m| m.len() > 1) {
        let first = members.iter().map(|at| rank(&world.facts.routes[*at])).min();
        for at in members.iter().filter(|at| listed.contains(at)) {
            let route = &mut world.facts.routes[*at];
            if route.role == RouteRole::Primary && Some(rank(route)) != first {
                route.role = RouteRole::Failover;
            }
        }
        if !members.iter().any(|at| steady.contains(at)) {
            continue;
        }
        members.sort_by_key(|at| rank(&world.facts.routes[*at]));
        let mut taken = Taken::default();
        let ranks: Vec<_> = members.iter().map(|at| rank(&world.facts.routes[*at])).collect();
        let mut next = 0;
        while let Some(first) = ranks.get(next) {
            let end = next + ranks[next..].iter().take_while(|r| *r == first).count();
            let equals = &members[next..end];
            for at in equals {
                let route = &mut world.facts.routes[*at];
                if taken.narrow(route) {
                    idle.push(route.location);
                }
            }
            for at in equals.iter().filter(|at| steady.contains(at)) {
                taken.add(&world.facts.routes[*at].clients);
            }
            next = end;
        }
    }
    idle.sort_unstable();
    idle.dedup();
    world.facts.gaps.extend(idle.into_iter().map(|location| Unread {
        code: "standby-never-answers",
        message: format!("this stands in for others and never carries: {NEVER}"),
        help: Some("give what goes before it a health check, or take this out".to_owned()),
        location,
        scope: GapScope::Nothing,
    }));
}

/// As the reach engine orders members.
fn rank(route: &RouteFact) -> (bool, u32) {
    (route.role.is_standby(), route.priority.unwrap_or(u32::from(route.role.is_standby())))
}

/// Clients that are taken in any event.
#[derive(Default)]
struct Taken {
    countries: BTreeSet<Country>,
    /// Everybody but these.
    all_but: Option<BTreeSet<Country>>,
}

impl Taken {
    fn add(&mut self, clients: &ClientMatch) {
        let but: BTreeSet<Country> = match clients {
            ClientMatch::Countries(list) => {
                self.countries.extend(list);
                if let Some(but) = &mut self.all_but {
                    but.retain(|c| !list.contains(c));
                }
                return;
            }
            ClientMatch::Any => BTreeSet::new(),
            ClientMatch::Except(list) => list.iter().filter(|c| !self.countries.contains(c)).copied().collect(),
            ClientMatch::Part(..) | ClientMatch::Networks(_) | ClientMatch::Some(_) => return,
        };
        self.all_but = Some(match self.all_but.take() {
            Some(before) => before.intersection(&but).copied().collect(),
            None => but,
        });
    }

    fn has(&self, country: Country) -> bool {
        self.countries.contains(&country) || self.all_but.as_ref().is_some_and(|but| !but.contains(&country))
    }

    /// Takes its clients from a member behind; whether that leaves it none.
    fn narrow(&self, route: &mut RouteFact) -> bool {
        let left = |list: &[Country]| list.iter().copied().filter(|c| !self.has(*c)).collect::<Vec<_>>();
        let clients = match (&route.clients, &self.all_but) {
            (ClientMatch::Countries(list), _) => ClientMatch::Countries(left(list)),
            (ClientMatch::Part(list, by), _) => ClientMatch::Part(left(list), by.clone()),
            (ClientMatch::Any, Some(but)) => ClientMatch::Countries(but.iter().copied().collect()),
            (ClientMatch::Except(list), Some(but)) => {
                ClientMatch::Countries(but.iter().copied().filter(|c| !list.contains(c)).collect())
            }
            (ClientMatch::Any, None) if self.countries.is_empty() => return false,
            (ClientMatch::Any, None) => ClientMatch::Except(self.countries.iter().copied().collect()),
            (ClientMatch::Except(list), None) => {
                ClientMatch::Except(self.countries.iter().chain(list).copied().collect::<BTreeSet<_>>().into_iter().collect())
            }
            (ClientMatch::Networks(_) | ClientMatch::Some(_), Some(but)) if but.is_empty() => {
                ClientMatch::Countries(Vec::new())
            }
            (ClientMatch::Networks(_) | ClientMatch::Some(_), _) => return false,
        };
        let none = matches!(&clients, ClientMatch::Countries(list) | ClientMatch::Part(list, _) if list.is_empty());
        if none {
            route.spill = Spill::Never(NEVER.into());
            if !route.role.is_standby() {
                route.role = RouteRole::Failover;
            }
        } else {
            route.clients = clients;
        }
        none
    }
}

const NEVER: &str = "nothing checks the health of what goes before it, which the provider then always takes for healthy";

#[cfg(test)]
mod tests {
    use super::*;

    fn countries(codes: &str) -> Vec<Country> {
        codes.split(' ').filter_map(Country::from_letters).collect()
    }

    #[test]
    fn areas_are_as_wide_as_their_words() {
        let told = |word: &str| areas(word).into_iter().map(|a| (a.width.unwrap(), a.clients)).collect::<Vec<_>>();
        assert_eq!(told("US"), [(1, ClientMatch::Countries(countries("US")))]);
        assert_eq!(told("US-CA"), [(0, ClientMatch::Part(countries("US"), "those in US-CA".into()))]);
        assert_eq!(told("*"), [(3, ClientMatch::Any)]);
        assert_eq!(told("azure:WORLD"), [(3, ClientMatch::Any)]);
        assert_eq!(told("azure:DE"), [(1, ClientMatch::Countries(countries("DE")))]);
        let europe = areas("continent:EU");
        let [sure, disputed] = &europe[..] else { panic!("{europe:?}") };
        assert!(
            matches!(&sure.clients, ClientMatch::Countries(list) if list.contains(&countries("DE")[0]) && sure.width == Some(2))
        );
        assert!(matches!(&disputed.clients, ClientMatch::Part(list, _) if list.contains(&countries("TR")[0])));
        assert!(matches!(&areas("WNAM")[0].clients, ClientMatch::Some(_)), "nobody publishes whom it means");
        assert!(matches!(&areas("continent:XX")[0].clients, ClientMatch::Some(_)));
    }
}
