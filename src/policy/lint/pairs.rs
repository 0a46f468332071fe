//! What two rules do to each other: they exclude each other, leave no place for what people share, say the same, or one covers the
//! other.

use std::collections::BTreeMap;

use super::{Level, Lint};
use crate::lang::{self, Message, say};
use crate::model::{Place, Role};
use crate::policy::{Combine, Demand, Doing, Pack, Recipients, Rule};
use crate::source::Spanned;
use crate::vocab::classes;
use crate::vocab::places::{self, Membership, PlaceSet};

/// More rules than this are not compared with each other; packs have tens.
pub(super) const MAX_COMPARED: usize = 1_000;

/// What two rules do to each other.
pub(super) fn pairs(packs: &[Pack], found: &mut Vec<Lint>) {
    let rules: Vec<(&Pack, &Rule)> = packs.iter().flat_map(|p| p.rules.iter().map(move |r| (p, r))).collect();
    if let Some((pack, rule)) = rules.get(MAX_COMPARED) {
        found.push(Lint {
            code: "rules-not-compared",
            level: Level::Warning,
            location: rule.id.at(pack.location.source),
            message: format!("{} rules are too many to compare; those from here on were not", rules.len()),
            help: Some("lint fewer packs at a time".to_owned()),
        });
    }
    let rules = &rules[..rules.len().min(MAX_COMPARED)];
    let mut shared: BTreeMap<usize, Vec<(String, bool)>> = BTreeMap::new();
    for (n, (pack, rule)) in rules.iter().enumerate() {
        for (other_pack, other) in &rules[n + 1..] {
            if apart_by_reading(pack, rule, other_pack, other) {
                continue;
            }
            let (name, other_name) = (pack.rule_name(rule), other_pack.rule_name(other));
            let at = other.id.at(other_pack.location.source);
            let say = |code, level, location, message, help: &str| Lint {
                code,
                level,
                location,
                message,
                help: Some(help.to_owned()),
            };
            if let Some(why) = exclude(rule, other) {
                // With a recorded mechanism, one of them gives way.
                let gives_way = [rule, other].iter().any(|r| !r.unless_mechanism.is_empty() || !r.tiers.is_empty());
                let level = if gives_way { Level::Note } else { Level::Error };
                let message = format!("`{other_name}` and `{name}` cannot both hold: {why}");
                let help = "narrow data, origin or activity of one of them";
                found.push(say("rules-exclude-each-other", level, at, message, help));
                continue;
            }
            if exclude_when_shared(rule, other) {
                shared.entry(n).or_default().push((other_name.clone(), pack.id == other_pack.id));
            }
            // Two laws may ask the same; two rules of one pack should not.
            let within = if pack.id == other_pack.id { Level::Warning } else { Level::Note };
            match (implies(rule, other), implies(other, rule)) {
                (true, true) => {
                    let message = format!("`{other_name}` demands the same as `{name}`");
                    found.push(say("rule-duplicated", within, at, message, "remove one of them"));
                }
                (true, false) => {
                    let message = format!("`{other_name}` adds nothing to `{name}`, which covers it");
                    found.push(say("rule-shadowed", within, at, message, "remove it, or make it stricter"));
                }
                (false, true) => {
                    let at = rule.id.at(pack.location.source);
                    let message = format!("`{name}` adds nothing to `{other_name}`, which covers it");
                    found.push(say("rule-shadowed", within, at, message, "remove it, or make it stricter"));
                }
                (false, false) => {}
            }
        }
    }
    // A rule for one country meets those for all others: it is told once.
    for (n, others) in shared {
        let (pack, rule) = rules[n];
        let named = match &*others {
            [] => continue,
            [(a, _)] => format!("`{a}`"),
            [(a, _), (b, _)] => format!("`{a}` and `{b}`"),
            [(a, _), (b, _), more @ ..] => format!("`{a}`, `{b}` and {} more", more.len()),
        };
        found.push(Lint {
            code: "shared-data-has-no-place",
            level: if others.iter().any(|(_, within)| *within) { Level::Warning } else { Level::Note },
            location: rule.id.at(pack.location.source),
            message: format!(
                "data that people of `{}` share with those of {named} has no place that both allow",
                pack.rule_name(rule)
            ),
            help: Some(
                "say with `combine` how shared data is judged: `intersection` (all rules at once, as it is without), \
                 `per-subject` (each person's part by their own rules), `nexus` (wherever a participant belongs), \
                 `controller` (the law of whoever controls it)"
                    .to_owned(),
            ),
        });
    }
}

/// Why no placement of the same people's data can meet both rules.
///
/// Rules for operators of different kinds are left to the check of whoever is both.
fn exclude(a: &Rule, b: &Rule) -> Option<Message> {
    let same_people = a.origin_by == b.origin_by && overlapping(a.origin.as_ref(), b.origin.as_ref());
    let asks = |r: &Rule, fact: &str| r.applies_if.iter().any(|f| f.value == fact);
    let for_all = a.applies_if.is_empty() || b.applies_if.is_empty();
    let same_operator = for_all || a.applies_if.iter().any(|f| asks(b, &f.value));
    if same_people && same_operator && same_data(a, b) { demands_exclude(a, b) } else { None }
}

fn same_data(a: &Rule, b: &Rule) -> bool {
    a.data.is_empty() || b.data.is_empty() || a.data.iter().any(|x| b.data.iter().any(|y| classes::overlap(&x.value, &y.value)))
}

/// Why no store of data that both rules are about can meet both. Rules on ways and on reading can be met by not going there.
pub fn excluded_by(a: &Rule, b: &Rule) -> Option<Message> {
    let on_stores = |r: &Rule| !matches!(r.demand, Demand::OnlyIn(_) | Demand::NeverIn(_)) || binds_stores(r);
    if on_stores(a) && on_stores(b) { demands_exclude(a, b) } else { None }
}

/// Why data of people who fall under different rules and share an item has no place, if both rules ask for all of the item.
fn exclude_when_shared(a: &Rule, b: &Rule) -> bool {
    let strict = |r: &Rule| r.unless_mechanism.is_empty() && r.tiers.is_empty();
    let only = |r: &Rule| matches!(r.demand, Demand::OnlyIn(_)) && binds_stores(r) && strict(r);
    let apart = match (&a.origin, &b.origin) {
        (Some(p), Some(q)) => !PlaceSet::overlap(&[p, q]),
        _ => false,
    };
    let combine = a.combine == Combine::Intersection || b.combine == Combine::Intersection;
    let parts = a.combine == Combine::PerSubject || b.combine == Combine::PerSubject;
    apart
        && combine
        && !parts
        && a.origin_by == b.origin_by
        && only(a)
        && only(b)
        && same_data(a, b)
        && demands_exclude(a, b).is_some()
}

fn demands_exclude(a: &Rule, b: &Rule) -> Option<Message> {
    if !a.state.iter().any(|s| b.state.contains(s)) {
        return None;
    }
    let in_words = |p: &PlaceSet| lang::list(&p.names);
    let inside = |p: &PlaceSet, q: &PlaceSet| match (in_words(p), in_words(q)) {
        (p, q) if p == q => say!("one wants it in {p}, the other nowhere in {q}", p, q),
        (p, q) => say!("all of {p} is in {q}", p, q),
    };
    let apart = |p: &PlaceSet, q: &PlaceSet| !p.is_empty() && !q.is_empty() && !PlaceSet::overlap(&[p, q]);
    match (&a.demand, &b.demand) {
        (Demand::OnlyIn(p), Demand::OnlyIn(q)) if apart(p, q) && meet(a, b) => {
            Some(say!("no place is in both {p} and {q}", p = in_words(p), q = in_words(q)))
        }
        (Demand::OnlyIn(p), Demand::NeverIn(q)) | (Demand::NeverIn(q), Demand::OnlyIn(p)) if within(p, q) && meet(a, b) => {
            Some(inside(p, q))
        }
        (Demand::OnlyIn(p), needed) | (needed, Demand::OnlyIn(p)) => {
            let only = if matches!(a.demand, Demand::OnlyIn(_)) { a } else { b };
            let home = store_needed(needed)?;
            (binds_stores(only) && apart(p, home))
                .then(|| say!("a store in {home} is not in {p}", home = in_words(home), p = in_words(p)))
        }
        (Demand::NeverIn(p), needed) | (needed, Demand::NeverIn(p)) => {
            let never = if matches!(a.demand, Demand::NeverIn(_)) { a } else { b };
            let home = store_needed(needed)?;
            (binds_stores(never) && within(home, p)).then(|| inside(home, p))
        }
        _ => None,
    }
}

/// Where a demand needs a store to stand.
fn store_needed(demand: &Demand) -> Option<&PlaceSet> {
    match demand {
        Demand::CopyIn { places, .. } | Demand::RetainIn { places, .. } | Demand::FirstIn(places) => Some(places),
        Demand::Survive(s) => s.within.as_ref(),
        _ => None,
    }
}

fn binds_stores(rule: &Rule) -> bool {
    rule.activity.is_empty() || rule.activity.contains(&Doing::Role(Role::Store))
}

/// Whether one arrival can fall under both.
fn meet(a: &Rule, b: &Rule) -> bool {
    a.activity.is_empty() || b.activity.is_empty() || a.activity.iter().any(|d| b.activity.contains(d))
}

fn overlapping(a: Option<&PlaceSet>, b: Option<&PlaceSet>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => PlaceSet::overlap(&[a, b]),
        _ => true,
    }
}

/// Whether everything in `inner` is surely in `outer`: the country of each of its codes is, without conditions.
fn within(inner: &PlaceSet, outer: &PlaceSet) -> bool {
    let covered = |code: &str| {
        let country = code.split('-').next().and_then(places::country);
        country.is_some_and(|c| outer.contains(&Place::country(c)) == Membership::In)
    };
    !inner.is_empty() && inner.codes().all(covered)
}

fn same_recipients(a: Option<&Recipients>, b: Option<&Recipients>) -> bool {
    let ids = |r: &Recipients| r.certified.iter().map(|c| c.value.clone()).collect::<Vec<_>>();
    match (a, b) {
        // What asks more of recipients still meets what asks nothing of them.
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(a), Some(b)) => a.jurisdiction == b.jurisdiction && ids(a) == ids(b) && a.covered_person == b.covered_person,
    }
}

/// Rules for two readings of one point are never asked together.
fn apart_by_reading(pack: &Pack, rule: &Rule, other_pack: &Pack, other: &Rule) -> bool {
    match (&rule.reading, &other.reading) {
        (Some((a, p)), Some((b, q))) => pack.id == other_pack.id && a.value == b.value && p != q,
        _ => false,
    }
}

/// Whether meeting `a` always meets `b` too: `a` demands the same, of at least as much.
fn implies(a: &Rule, b: &Rule) -> bool {
    let ids = |list: &[Spanned<String>]| list.iter().map(|s| s.value.clone()).collect::<Vec<_>>();
    let no_more = |few: &[Spanned<String>], many: &[Spanned<String>]| {
        let many = ids(many);
        ids(few).iter().all(|f| many.contains(f))
    };
    let words = |r: &Rule| r.reading.as_ref().map(|(point, reading)| (point.value.clone(), *reading));
    same_demand(&a.demand, &b.demand)
        && same_recipients(a.recipient.as_ref(), b.recipient.as_ref())
        && (a.reading.is_none() || words(a) == words(b))
        && a.origin_by == b.origin_by
        && match (&a.origin, &b.origin) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(p), Some(q)) => q.codes().all(|c| p.codes().any(|o| o == c)),
        }
        && (a.data.is_empty()
            || (!b.data.is_empty() && b.data.iter().all(|y| a.data.iter().any(|x| classes::covers(&x.value, &y.value)))))
        && (a.activity.is_empty() || (!b.activity.is_empty() && b.activity.iter().all(|d| a.activity.contains(d))))
        && b.state.iter().all(|s| a.state.contains(s))
        && a.severity >= b.severity
        && a.combine == b.combine
        && no_more(&a.unless_mechanism, &b.unless_mechanism)
        && no_more(&a.applies_if, &b.applies_if)
        && no_more(&a.exempt, &b.exempt)
        && a.min_subjects.unwrap_or(0) <= b.min_subjects.unwrap_or(0)
        && a.window == b.window
        && a.tiers.is_empty()
        && b.tiers.is_empty()
}

fn same_demand(a: &Demand, b: &Demand) -> bool {
    let same = |p: &PlaceSet, q: &PlaceSet| p.codes().eq(q.codes());
    match (a, b) {
        (Demand::OnlyIn(p), Demand::OnlyIn(q))
        | (Demand::NeverIn(p), Demand::NeverIn(q))
        | (Demand::FirstIn(p), Demand::FirstIn(q))
        | (Demand::KeysIn(p), Demand::KeysIn(q)) => same(p, q),
        (Demand::CopyIn { places: p, max_age_hours: m }, Demand::CopyIn { places: q, max_age_hours: n }) => {
            same(p, q) && m == n
        }
        (Demand::ReturnWithin { hours: m, home: p }, Demand::ReturnWithin { hours: n, home: q }) => same(p, q) && m == n,
        (Demand::RetainIn { places: p, days: m }, Demand::RetainIn { places: q, days: n }) => same(p, q) && m == n,
        (Demand::Survive(s), Demand::Survive(t)) => {
            (s.loss_of, s.count, &s.keep, &s.within, s.max_age_hours, s.radius_km)
                == (t.loss_of, t.count, &t.keep, &t.within, t.max_age_hours, t.radius_km)
        }
        (Demand::Separate(p), Demand::Separate(q)) => p == q,
        (Demand::Nexus, Demand::Nexus) | (Demand::Recipient, Demand::Recipient) => true,
        _ => false,
    }
}
