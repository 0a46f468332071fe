//! Regions that a provider pairs: where it copies to by itself when asked for geo-redundancy (`data/resources/pairs.csv`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// `provider,region,pair,source`.
static PAIRS: &str = include_str!("../../data/resources/pairs.csv");

/// The region that a provider pairs with one of its own, by its id.
pub fn of(provider: &str, region: &str) -> Option<&'static str> {
    PAIR_OF.get(&(provider, region)).copied()
}

/// Every region of a provider that has a pair, with it.
pub fn all(provider: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    PAIR_OF.iter().filter(move |((of, _), _)| *of == provider).map(|((_, region), pair)| (*region, *pair))
}

static PAIR_OF: LazyLock<BTreeMap<(&str, &str), &str>> = LazyLock::new(|| {
    let rows = PAIRS.lines().skip(1).map(|line| line.splitn(4, ','));
    rows.filter_map(|mut f| Some(((f.next()?, f.next()?), f.next()?))).collect()
});
