//! Lists, sets and maps. Most of it works though elements are not known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Answer, Arguments, Given, No, Picked, made};
use crate::read::resource::{Is, Value};
use crate::read::terraform::eval::is_known;
use crate::read::terraform::value::{equal, is_whole, list, map, order, set, text_of};
use crate::read::terraform::world::World;

/// As many numbers as Terraform's own `range` gives.
const MAX_RANGE: usize = 1024;

#[expect(clippy::too_many_lines, reason = "one arm a function")]
pub fn call(world: &mut World<'_>, a: &Arguments<'_>) -> Option<Given> {
    Some(match a.name {
        "length" => made(length(a)),
        "concat" => {
            let lists: Result<Vec<&[Value]>, No> = (0..a.all.len()).map(|i| a.items(i)).collect();
            made(lists.map(|lists| list(lists.concat())))
        }
        "list" | "tuple" => made(Ok(list(a.all.to_vec()))),
        "compact" => made(a.items(0).and_then(|items| {
            let unsure = items.iter().any(|v| matches!(v.is, Is::Unknown(_)));
            let full = |v: &&Value| !v.is_null() && !matches!(&v.is, Is::Text(t) if t.is_empty());
            if unsure { Err(No::Unknown) } else { Ok(list(items.iter().filter(full).cloned().collect())) }
        })),
        "flatten" => made(flatten(world, a)),
        "distinct" => made(a.items(0).map(|items| list(distinct(items)))),
        "reverse" => made(a.items(0).map(|items| list(items.iter().rev().cloned().collect()))),
        "sort" => made(a.items(0).and_then(|items| {
            if !items.iter().all(is_known) {
                return Err(No::Unknown);
            }
            let mut items = items.to_vec();
            items.sort_by(|a, b| a.as_text().cmp(&b.as_text()));
            Ok(list(items))
        })),
        "element" => element(a),
        "slice" => made(slice(a)),
        "index" => made(find(a)),
        "contains" => made(contains(a)),
        "one" => match a.items(0) {
            Ok([]) => Ok(Is::Null.into()),
            Ok([one]) => Ok(Picked::Same(one.clone())),
            Ok(_) => Err(No::Wrong("`one` is given more than one element".to_owned())),
            Err(no) => Err(no),
        },
        "keys" => made(entries(a, 0).map(|m| list(m.keys().map(|k| Value::text(k.clone(), a.at)).collect()))),
        "values" => made(entries(a, 0).map(|m| list(m.values().cloned().collect()))),
        "lookup" => lookup(a),
        "merge" => made(merge(a)),
        "zipmap" => made(zipmap(a)),
        "map" => made(pairs_map(a)),
        "transpose" => made(transpose(a)),
        "matchkeys" => made(matchkeys(a)),
        "chunklist" => made(a.items(0).and_then(|items| {
            let n = a.index(1)?.max(1);
            Ok(list(items.chunks(n).map(|c| Value::new(list(c.to_vec()), a.at)).collect()))
        })),
        "setunion" => made(all_items(a).map(|lists| set(lists.concat()))),
        "setintersection" => made(sets(a, |first, rest| rest.iter().all(|l| l.iter().any(|v| equal(v, first) == Some(true))))),
        "setsubtract" => made(sets(a, |first, rest| !rest.iter().any(|l| l.iter().any(|v| equal(v, first) == Some(true))))),
        "setproduct" => made(product(world, a)),
        "toset" => made(a.items(0).map(|items| set(items.to_vec()))),
        "tolist" => made(a.items(0).map(|items| list(items.to_vec()))),
        "tomap" => made(entries(a, 0).map(|m| map(m.clone()))),
        "tostring" => scalar(a, |v| text_of(v).map(Is::Text)),
        "tonumber" => scalar(a, |v| v.as_number().map(Is::Number)),
        "tobool" => scalar(a, |v| v.as_bool().map(Is::Bool)),
        "alltrue" => made(truths(a, false)),
        "anytrue" => made(truths(a, true)),
        "sum" => made(numbers(a).map(|n| Is::Number(n.iter().sum()))),
        "max" => made(plain_numbers(a).map(|n| Is::Number(n.into_iter().fold(f64::NEG_INFINITY, f64::max)))),
        "min" => made(plain_numbers(a).map(|n| Is::Number(n.into_iter().fold(f64::INFINITY, f64::min)))),
        "abs" => made(a.number(0).map(|n| Is::Number(n.abs()))),
        "ceil" => made(a.number(0).map(|n| Is::Number(n.ceil()))),
        "floor" => made(a.number(0).map(|n| Is::Number(n.floor()))),
        "signum" => made(a.number(0).map(|n| Is::Number(if n == 0.0 { 0.0 } else { n.signum() }))),
        "pow" => made(a.number(0).and_then(|n| Ok(Is::Number(n.powf(a.number(1)?))))),
        "log" => made(a.number(0).and_then(|n| Ok(Is::Number(n.log(a.number(1)?))))),
        "range" => made(range(a)),
        _ => return None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "no collection is that large")]
fn count(n: usize) -> Is {
    Is::Number(n as f64)
}

fn length(a: &Arguments<'_>) -> Answer {
    let value = a.value(0)?;
    match &value.is {
        Is::List(items) => Ok(count(items.len())),
        // Elements that are not known may be the same.
        Is::Set(items) if items.iter().all(is_whole) || items.len() <= 1 => Ok(count(items.len())),
        Is::Map(entries) => Ok(count(entries.len())),
        Is::Text(text) => Ok(count(text.chars().count())),
        Is::Null | Is::Bool(_) | Is::Number(_) => Err(No::Wrong("`length` is given what has none".to_owned())),
        _ => Err(No::Unknown),
    }
}

fn entries<'v>(a: &Arguments<'v>, i: usize) -> Result<&'v BTreeMap<Arc<str>, Value>, No> {
    let value = a.value(i)?;
    match &value.is {
        Is::Map(entries) => Ok(entries),
        Is::Unknown(_) | Is::Reference(_) | Is::Partial(_) => Err(No::Unknown),
        _ => Err(No::Wrong(format!("`{}` is given what is no map", a.name))),
    }
}

fn all_items<'v>(a: &Arguments<'v>) -> Result<Vec<&'v [Value]>, No> {
    (0..a.all.len()).map(|i| a.items(i)).collect()
}

fn flatten(world: &mut World<'_>, a: &Arguments<'_>) -> Answer {
    fn into(items: &[Value], out: &mut Vec<Value>) -> bool {
        items.iter().all(|v| match (&v.is, v.as_list()) {
            (_, Some(inner)) => into(inner, out),
            // It may be a list of any length.
            (Is::Unknown(_), _) => false,
            _ => {
                out.push(v.clone());
                true
            }
        })
    }
    let mut out = Vec::new();
    let known = into(a.items(0)?, &mut out);
    world.spend(out.len());
    if known { Ok(list(out)) } else { Err(No::Unknown) }
}

fn distinct(items: &[Value]) -> Vec<Value> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut out: Vec<Value> = Vec::new();
    for item in items {
        // Scalars are told apart by their texts, anything else by looking.
        let new = match item.as_text() {
            Some(text) => seen.insert(text.into_owned()),
            None => !out.iter().any(|o| o.as_text().is_none() && order(o, item).is_eq() && equal(o, item) == Some(true)),
        };
        if new {
            out.push(item.clone());
        }
    }
    out
}

fn element(a: &Arguments<'_>) -> Given {
    let items = a.items(0)?;
    let n = a.number(1)?;
    if items.is_empty() {
        return Err(No::Wrong("`element` is given an empty list".to_owned()));
    }
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the list")]
    let i = n.rem_euclid(items.len() as f64) as usize;
    items.get(i).cloned().map(Picked::Same).ok_or(No::Unknown)
}

fn slice(a: &Arguments<'_>) -> Answer {
    let (from, to) = (a.index(1)?, a.index(2)?);
    let items = a.items(0)?;
    match items.get(from..to) {
        Some(part) => Ok(list(part.to_vec())),
        None => Err(No::Wrong(format!("`slice` asks for elements {from} to {to} of {}", items.len()))),
    }
}

fn find(a: &Arguments<'_>) -> Answer {
    let wanted = a.value(1)?;
    for (i, item) in a.items(0)?.iter().enumerate() {
        match equal(item, wanted) {
            Some(true) => return Ok(count(i)),
            Some(false) => {}
            None => return Err(No::Unknown),
        }
    }
    Err(No::Wrong("`index` finds no such element".to_owned()))
}

fn contains(a: &Arguments<'_>) -> Answer {
    let wanted = a.value(1)?;
    let mut unsure = false;
    for item in a.items(0)? {
        match equal(item, wanted) {
            Some(true) => return Ok(Is::Bool(true)),
            Some(false) => {}
            None => unsure = true,
        }
    }
    if unsure { Err(No::Unknown) } else { Ok(Is::Bool(false)) }
}

fn lookup(a: &Arguments<'_>) -> Given {
    let entries = entries(a, 0)?;
    let key = a.text(1)?;
    match (entries.get(&*key), a.all.get(2)) {
        (Some(value), _) | (None, Some(value)) => Ok(Picked::Same(value.clone())),
        (None, None) => Err(No::Wrong(format!("`lookup` finds no `{key}`"))),
    }
}

fn merge(a: &Arguments<'_>) -> Answer {
    let mut all = BTreeMap::new();
    for (i, value) in a.all.iter().enumerate() {
        if !value.is_null() {
            all.extend(entries(a, i)?.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
    }
    Ok(map(all))
}

fn zipmap(a: &Arguments<'_>) -> Answer {
    let (keys, values) = (a.items(0)?, a.items(1)?);
    if keys.len() != values.len() {
        return Err(No::Wrong("`zipmap` is given lists of different lengths".to_owned()));
    }
    let pairs = keys.iter().zip(values).map(|(k, v)| Some((text_of(k)?, v.clone())));
    pairs.collect::<Option<_>>().map(map).ok_or(No::Unknown)
}

/// `map("a", 1, "b", 2)` of Terraform 0.11.
fn pairs_map(a: &Arguments<'_>) -> Answer {
    let pairs = a.all.chunks(2).map(|pair| Some((text_of(pair.first()?)?, pair.get(1)?.clone())));
    pairs.collect::<Option<_>>().map(map).ok_or(No::Unknown)
}

fn transpose(a: &Arguments<'_>) -> Answer {
    let mut turned: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, values) in entries(a, 0)? {
        for value in values.as_list().ok_or(No::Unknown)? {
            turned.entry(text_of(value).ok_or(No::Unknown)?).or_default().push(Value::text(key.clone(), a.at));
        }
    }
    Ok(map(turned.into_iter().map(|(k, v)| (k, Value::new(list(v), a.at))).collect()))
}

fn matchkeys(a: &Arguments<'_>) -> Answer {
    let (values, keys, wanted) = (a.items(0)?, a.items(1)?, a.items(2)?);
    if !keys.iter().chain(wanted).all(is_whole) {
        return Err(No::Unknown);
    }
    let matches = |k: &Value| wanted.iter().any(|w| equal(k, w) == Some(true));
    Ok(list(values.iter().zip(keys).filter(|(_, k)| matches(k)).map(|(v, _)| v.clone()).collect()))
}

fn sets(a: &Arguments<'_>, keep: impl Fn(&Value, &[&[Value]]) -> bool) -> Answer {
    let lists = all_items(a)?;
    if !lists.iter().all(|l| l.iter().all(is_whole)) {
        return Err(No::Unknown);
    }
    let (first, rest) = lists.split_first().ok_or_else(|| No::Wrong(format!("`{}` takes sets", a.name)))?;
    Ok(set(first.iter().filter(|v| keep(v, rest)).cloned().collect()))
}

fn product(world: &mut World<'_>, a: &Arguments<'_>) -> Answer {
    let lists = all_items(a)?;
    let size = lists.iter().fold(1_usize, |n, l| n.saturating_mul(l.len()));
    if size > 50_000 {
        world.bound("terraform-too-large", "`setproduct` makes more than 50000 elements", a.at);
        return Err(No::Unknown);
    }
    world.spend(size * lists.len());
    let mut tuples: Vec<Vec<Value>> = vec![Vec::new()];
    for items in lists {
        tuples = tuples.iter().flat_map(|t| items.iter().map(|i| t.iter().chain([i]).cloned().collect())).collect();
    }
    Ok(list(tuples.into_iter().map(|t| Value::new(list(t), a.at)).collect()))
}

fn scalar(a: &Arguments<'_>, convert: impl Fn(&Value) -> Option<Is>) -> Given {
    let value = a.value(0)?;
    match &value.is {
        Is::Null => Ok(Is::Null.into()),
        // Text stays text, also where it is only known in part.
        Is::Partial(_) | Is::Reference(_) if a.name == "tostring" => Ok(Picked::Same(value.clone())),
        _ if !is_known(value) => Err(No::Unknown),
        _ => match convert(value) {
            Some(is) => Ok(Picked::Same(Value { is, ..value.clone() })),
            None => Err(No::Wrong(format!("`{}` cannot convert this", a.name))),
        },
    }
}

/// Whether one element decides (`true` for any, `false` for all).
fn truths(a: &Arguments<'_>, decides: bool) -> Answer {
    let mut unsure = false;
    for item in a.items(0)? {
        match item.as_bool().filter(|_| is_known(item)) {
            Some(b) if b == decides => return Ok(Is::Bool(decides)),
            Some(_) => {}
            None if item.is_null() && !decides => return Ok(Is::Bool(false)),
            None => unsure |= !item.is_null(),
        }
    }
    if unsure { Err(No::Unknown) } else { Ok(Is::Bool(!decides)) }
}

fn numbers(a: &Arguments<'_>) -> Result<Vec<f64>, No> {
    a.items(0)?.iter().map(|v| v.as_number().filter(|_| is_known(v)).ok_or(No::Unknown)).collect()
}

fn plain_numbers(a: &Arguments<'_>) -> Result<Vec<f64>, No> {
    if a.all.is_empty() {
        return Err(No::Wrong(format!("`{}` takes numbers", a.name)));
    }
    (0..a.all.len()).map(|i| a.number(i)).collect()
}

fn range(a: &Arguments<'_>) -> Answer {
    let (from, to, step) = match a.all.len() {
        0 | 1 => (0.0, a.number(0)?, 1.0),
        2 => (a.number(0)?, a.number(1)?, 1.0),
        _ => (a.number(0)?, a.number(1)?, a.number(2)?),
    };
    let step = if a.has(2) || to >= from { step } else { -1.0 };
    let steps = ((to - from) / step).ceil();
    if step == 0.0 || !steps.is_finite() || steps > MAX_RANGE as f64 {
        return Err(No::Wrong(format!("`range` gives more than {MAX_RANGE} numbers")));
    }
    let mut numbers = Vec::new();
    let mut n = from;
    while (step > 0.0 && n < to) || (step < 0.0 && n > to) {
        numbers.push(Value::new(Is::Number(n), a.at));
        n += step;
        if numbers.len() > MAX_RANGE {
            return Err(No::Unknown);
        }
    }
    Ok(list(numbers))
}
