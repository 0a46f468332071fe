//! Which tokens pass which routes, whatever the state of the world.
//!
//! A config has many routes and few *filters*: a client match together with what the route does to classes. Tokens that
//! every filter treats alike and that start alike share one *column* of the bit masks; origins that every client match
//! treats alike are one *origin group*.

use std::collections::{BTreeMap, HashMap};

use super::bits::Bits;
use super::token::Token;
use super::wiring::{Wiring, number};
use crate::model::{Activity, ClientMatch, Country, DataLimit, EndpointId, Route, Snapshot};
use crate::vocab::classes;

/// What a route does to classes, by its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Way {
    Nothing,
    Plain,
    Alias,
    Keys,
}

/// What a route does to classes.
type ClassFilter<'a> = (Way, &'a DataLimit, &'a [String]);

/// Whom a client match admits.
pub(super) struct Clients {
    pub(super) admits: Bits,
    /// All clients of the origins it admits, not some of them.
    pub(super) all: bool,
}

pub(super) struct Filters {
    /// Per position: index into `filters` and into `masks`.
    pub(super) of: Vec<u32>,
    /// Client match and class filter.
    pub(super) filters: Vec<(u32, u32)>,
    /// Per client match; 0 admits everybody.
    pub(super) clients: Vec<Clients>,
    /// Words in a mask.
    pub(super) words: usize,
    /// Per filter: the columns that pass.
    pub(super) masks: Vec<u64>,
    pub(super) groups: usize,
    /// Per origin group and per class filter: the columns that are of the group, or that pass.
    group_columns: Vec<Vec<u64>>,
    class_columns: Vec<Vec<u64>>,
    /// Per token.
    pub(super) column: Vec<u32>,
    pub(super) columns: Vec<Column>,
}

pub(super) struct Column {
    /// Origin groups, sorted.
    pub(super) groups: Vec<u32>,
    pub(super) starts: Vec<EndpointId>,
}

impl Filters {
    pub(super) fn new(snapshot: &Snapshot, tokens: &[Token], wiring: &Wiring) -> Self {
        let Distinct { of, filters, clients: matches, classes: limits } = distinct(snapshot, wiring);
        let (group_of, clients) = group_origins(&matches, tokens);
        let groups = clients[0].admits.iter().count();

        // Rows: what each distinct class passes.
        let mut rows: HashMap<Vec<bool>, u32> = HashMap::new();
        let mut row_of: HashMap<&str, u32> = HashMap::new();
        let mut row_list: Vec<Vec<bool>> = Vec::new();
        for token in tokens {
            row_of.entry(&token.class).or_insert_with(|| {
                let row: Vec<bool> = limits.iter().map(|l| class_passes(*l, &token.class)).collect();
                *rows.entry(row.clone()).or_insert_with(|| {
                    row_list.push(row);
                    number(row_list.len() - 1)
                })
            });
        }

        let mut ids: HashMap<(Vec<u32>, u32, Vec<EndpointId>), u32> = HashMap::new();
        let mut columns = Vec::new();
        let mut column_row = Vec::new();
        let mut column = Vec::with_capacity(tokens.len());
        for token in tokens {
            let mut of_token: Vec<u32> = token.origins.iter().map(|c| group_of[c]).collect();
            if of_token.is_empty() {
                of_token = (0..number(groups)).collect();
            }
            of_token.sort_unstable();
            of_token.dedup();
            let mut starts = token.starts.clone();
            starts.sort_unstable();
            starts.dedup();
            let row = row_of[token.class.as_str()];
            column.push(*ids.entry((of_token, row, starts)).or_insert_with_key(|(groups, row, starts)| {
                columns.push(Column { groups: groups.clone(), starts: starts.clone() });
                column_row.push(*row);
                number(columns.len() - 1)
            }));
        }

        let words = columns.len().div_ceil(64).max(1);
        let set = |mask: &mut Vec<u64>, c: usize| mask[c / 64] |= 1 << (c % 64);
        let mut group_columns = vec![vec![0; words]; groups];
        let mut class_columns = vec![vec![0; words]; limits.len()];
        for (c, col) in columns.iter().enumerate() {
            col.groups.iter().for_each(|g| set(&mut group_columns[*g as usize], c));
            for (passes, mask) in row_list[column_row[c] as usize].iter().zip(&mut class_columns) {
                if *passes {
                    set(mask, c);
                }
            }
        }
        let mut this =
            Self { of, filters, clients, words, masks: Vec::new(), groups, group_columns, class_columns, column, columns };
        for (client, class) in this.filters.clone() {
            let mask = this.mask(&this.clients[client as usize].admits, class);
            this.masks.extend(mask);
        }
        this
    }

    /// The columns of some origin groups that pass a class filter.
    pub(super) fn mask(&self, groups: &Bits, class: u32) -> Vec<u64> {
        let mut mask = vec![0; self.words];
        for group in groups.iter() {
            mask.iter_mut().zip(&self.group_columns[group]).for_each(|(a, b)| *a |= b);
        }
        mask.iter_mut().zip(&self.class_columns[class as usize]).for_each(|(a, b)| *a &= b);
        mask
    }

    /// The client match of a route, as an index.
    pub(super) fn clients_at(&self, position: usize) -> u32 {
        self.filters[self.of[position] as usize].0
    }
}

/// Whether bit `column` of mask `index` is set.
pub(super) fn has_column(masks: &[u64], words: usize, index: u32, column: u32) -> bool {
    masks[index as usize * words + column as usize / 64] >> (column % 64) & 1 != 0
}

struct Distinct<'a> {
    of: Vec<u32>,
    filters: Vec<(u32, u32)>,
    clients: Vec<&'a ClientMatch>,
    classes: Vec<ClassFilter<'a>>,
}

/// Numbers the distinct filters. 0 is "nothing passes".
fn distinct<'a>(snapshot: &'a Snapshot, wiring: &Wiring) -> Distinct<'a> {
    let any: &'a ClientMatch = &ClientMatch::Any;
    let all: &'a DataLimit = &DataLimit::All;
    let mut clients = vec![any];
    let mut classes: Vec<ClassFilter<'a>> = vec![(Way::Nothing, all, &[]), (Way::Plain, all, &[])];
    let mut filters = vec![(0, 0), (0, 1)];
    let mut client_ids: BTreeMap<&ClientMatch, u32> = BTreeMap::from([(any, 0)]);
    let mut class_ids: BTreeMap<ClassFilter<'a>, u32> = BTreeMap::from([(classes[0], 0), (classes[1], 1)]);
    let mut filter_ids: HashMap<(u32, u32), u32> = HashMap::from([((0, 0), 0), ((0, 1), 1)]);
    let of = (0..wiring.to.len()).map(|at| {
        let route = &snapshot.routes[wiring.route(at).index()];
        let client = match &route.clients {
            ClientMatch::Any => 0,
            other => *client_ids.entry(other).or_insert_with(|| {
                clients.push(other);
                number(clients.len() - 1)
            }),
        };
        let class = match class_filter(route) {
            (Way::Nothing, ..) => 0,
            (Way::Plain, DataLimit::All, []) => 1,
            filter => *class_ids.entry(filter).or_insert_with(|| {
                classes.push(filter);
                number(classes.len() - 1)
            }),
        };
        *filter_ids.entry((client, class)).or_insert_with(|| {
            filters.push((client, class));
            number(filters.len() - 1)
        })
    });
    let of = of.collect();
    Distinct { of, filters, clients, classes }
}

fn class_filter(route: &Route) -> ClassFilter<'_> {
    let way = match route.activity {
        Activity::Depend => Way::Nothing,
        _ if route.alias => Way::Alias,
        Activity::Keys => Way::Keys,
        _ => Way::Plain,
    };
    (way, &route.data, &route.drops)
}

fn class_passes((way, limit, drops): ClassFilter<'_>, class: &str) -> bool {
    let key_material = classes::is_key_material(class);
    let admitted = match (way, limit) {
        (Way::Nothing, _) => false,
        (_, DataLimit::Only(named)) => named.iter().any(|n| classes::overlap(n, class)),
        (Way::Alias, DataLimit::All) => true,
        // A class above key material (`communications`) may include it.
        (Way::Keys, DataLimit::All) => key_material || classes::covers(class, "communications.keys"),
        (Way::Plain, DataLimit::All) => !key_material,
    };
    admitted && !drops.iter().any(|drop| classes::covers(drop, class))
}

/// Puts countries that every client match treats alike into one group, those that nobody names into another, and says
/// which groups each match admits. Linear in the length of the lists.
fn group_origins(matches: &[&ClientMatch], tokens: &[Token]) -> (BTreeMap<Country, u32>, Vec<Clients>) {
    let mut listed_in: BTreeMap<Country, Vec<u32>> = BTreeMap::new();
    for token in tokens {
        for country in &token.origins {
            listed_in.entry(*country).or_default();
        }
    }
    for (i, clients) in matches.iter().enumerate() {
        if let ClientMatch::Countries(list) | ClientMatch::Except(list) | ClientMatch::Part(list, _) = clients {
            for country in list {
                let lists = listed_in.entry(*country).or_default();
                if lists.last() != Some(&number(i)) {
                    lists.push(number(i));
                }
            }
        }
    }
    // Group 0: a country that nobody names.
    let mut groups: Vec<&[u32]> = vec![&[]];
    let mut ids: HashMap<&[u32], u32> = HashMap::from([(groups[0], 0)]);
    let mut group_of = BTreeMap::new();
    for (country, lists) in &listed_in {
        let id = *ids.entry(lists).or_insert_with(|| {
            groups.push(lists);
            number(groups.len() - 1)
        });
        group_of.insert(*country, id);
    }
    let mut clients: Vec<Clients> = matches
        .iter()
        .map(|m| match m {
            ClientMatch::Countries(_) | ClientMatch::Part(..) => {
                Clients { admits: Bits::none(groups.len()), all: m.takes_whole_origins() }
            }
            ClientMatch::Any | ClientMatch::Except(_) => Clients { admits: Bits::from_fn(groups.len(), |_| true), all: true },
            ClientMatch::Networks(_) | ClientMatch::Some(_) => {
                Clients { admits: Bits::from_fn(groups.len(), |_| true), all: false }
            }
        })
        .collect();
    for (group, lists) in groups.iter().enumerate() {
        for i in *lists {
            match matches[*i as usize] {
                ClientMatch::Except(_) => clients[*i as usize].admits.remove(group),
                _ => clients[*i as usize].admits.insert(group),
            }
        }
    }
    (group_of, clients)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reach::TokenSource;

    fn countries(codes: &[&str]) -> Vec<Country> {
        codes.iter().map(|c| Country::from_letters(c).unwrap()).collect()
    }

    #[test]
    fn countries_that_every_match_treats_alike_are_one_group() {
        let matches = [
            ClientMatch::Any,
            ClientMatch::Countries(countries(&["CN", "HK"])),
            ClientMatch::Except(countries(&["CN", "CN", "HK", "US"])),
            ClientMatch::Some("cookie".to_owned()),
        ];
        let token = Token {
            source: TokenSource::Population(0),
            origins: countries(&["CN", "DE", "FR"]),
            joint: true,
            part_of: None,
            class: "user".to_owned(),
            starts: Vec::new(),
        };
        let (group_of, clients) = group_origins(&matches.each_ref(), &[token]);
        let told: Vec<(&str, u32)> = group_of.iter().map(|(c, g)| (c.as_str(), *g)).collect();
        assert_eq!(told, [("CN", 1), ("DE", 0), ("FR", 0), ("HK", 1), ("US", 2)]);
        let admits: Vec<(Vec<usize>, bool)> = clients.iter().map(|c| (c.admits.iter().collect(), c.all)).collect();
        assert_eq!(admits, [(vec![0, 1, 2], true), (vec![1], true), (vec![0], true), (vec![0, 1, 2], false)]);
    }
}
