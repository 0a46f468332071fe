//! What PowerDNS's functions and operators make of values of which only a part is known.

use super::super::answer::{Answer, Condition, Pick, Target, country};
use super::super::record::shorten;
use crate::source::Location;

/// A value, as far as it is known.
#[derive(Clone, Debug)]
pub enum Value {
    Nil,
    Bool(bool),
    Number(String),
    Text(String, Location),
    Table(Vec<(Option<String>, Value)>),
    Answer(Answer),
    Condition(Condition),
    /// `countryCode()` and its kin.
    CodeOf(Axis),
    Join(Vec<Value>),
    /// One of two, by a condition.
    Either(Box<Condition>, Box<Value>, Box<Value>),
    /// Not known: why.
    Unknown(String, Location),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Country,
    Continent,
    Region,
}

/// An address in the text, not in what is joined to it.
pub fn gives_hint(word: &str) -> bool {
    ["ipv4hint=", "ipv6hint="].iter().any(|h| word.strip_prefix(h).is_some_and(|rest| !rest.trim_matches('"').is_empty()))
}

/// The targets in the data of one record.
pub fn record_targets(kind: &str, text: &str, at: Location) -> Result<Vec<Target>, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let wrong = || format!("`{}` is no {kind} data", shorten(text));
    let one = |word: Option<&&str>| word.and_then(|w| Target::parse(w, at)).map(|t| vec![t]).ok_or_else(wrong);
    match kind {
        "MX" => one(words.get(1)),
        "SRV" => one(words.get(3)),
        "HTTPS" | "SVCB" => {
            let target = words.get(1).ok_or_else(wrong)?;
            let mut targets = if *target == "." { Vec::new() } else { one(Some(target))? };
            for hints in words.iter().filter_map(|w| w.strip_prefix("ipv4hint=").or_else(|| w.strip_prefix("ipv6hint="))) {
                for hint in hints.trim_matches('"').split(',') {
                    targets.push(Target::parse(hint, at).ok_or_else(wrong)?);
                }
            }
            Ok(targets)
        }
        "A" | "AAAA" if text.trim().parse::<std::net::IpAddr>().is_err() => Err(wrong()),
        "A" | "AAAA" | "CNAME" | "ALIAS" | "ANAME" | "NS" if words.len() == 1 => one(words.first()),
        _ => Err(wrong()),
    }
}

/// Whether a value holds: known, or by whom.
pub fn truth(value: &Value, text: &str) -> Result<bool, Box<Condition>> {
    match value {
        Value::Nil | Value::Bool(false) => Ok(false),
        Value::Condition(condition) => Err(Box::new(condition.clone())),
        Value::Unknown(..) | Value::Either(..) => {
            Err(Box::new(Condition::some(format!("clients for whom `{}` holds", shorten(text)))))
        }
        _ => Ok(true),
    }
}

fn is_test(value: &Value) -> bool {
    matches!(value, Value::Condition(_) | Value::Bool(_) | Value::Unknown(..))
}

pub fn and(a: Value, b: Value) -> Value {
    match (truth(&a, "it"), is_test(&b)) {
        (Ok(false), _) => a,
        (Ok(true), _) => b,
        (Err(x), true) => match truth(&b, "it") {
            Ok(true) => Value::Condition(*x),
            Ok(false) => b,
            Err(y) => Value::Condition(x.and(*y)),
        },
        (Err(x), false) => Value::Either(x, Box::new(b), Box::new(Value::Nil)),
    }
}

pub fn or(a: Value, b: Value) -> Value {
    if let Value::Either(condition, yes, no) = a {
        return Value::Either(condition, Box::new(or(*yes, b.clone())), Box::new(or(*no, b)));
    }
    match (truth(&a, "it"), is_test(&b)) {
        (Ok(true), _) => a,
        (Ok(false), _) => b,
        (Err(x), true) => match truth(&b, "it") {
            Ok(true) => b,
            Ok(false) => Value::Condition(*x),
            Err(y) => Value::Condition(x.or(*y)),
        },
        (Err(x), false) => Value::Either(x, Box::new(a), Box::new(b)),
    }
}

pub fn equal(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Text(a, _), Value::Text(b, _)) | (Value::Number(a), Value::Number(b)) => Value::Bool(a == b),
        (Value::CodeOf(axis), Value::Text(code, _)) | (Value::Text(code, _), Value::CodeOf(axis)) => {
            let some = || Condition::some(format!("clients in `{}`", shorten(code)));
            Value::Condition(match axis {
                // The server gives codes in lower case, so that others equal none; whether every version does is not certain.
                _ if code.bytes().any(|b| b.is_ascii_uppercase()) => some(),
                Axis::Country => country(code).map_or_else(some, |c| Condition::countries(vec![c])),
                Axis::Continent => Condition::continents(&[code]).unwrap_or_else(some),
                Axis::Region => Condition::some(format!("clients in region {}", shorten(code))),
            })
        }
        _ => Value::Condition(Condition::some("clients for whom a comparison holds")),
    }
}

pub fn indexed(of: Value, index: &Value, at: Location) -> Value {
    match (of, index) {
        // A key that is worked out may be the one that is asked for.
        (Value::Table(entries), _) if entries.iter().any(|(key, _)| key.as_deref() == Some("")) => {
            Value::Unknown("it is looked up in a table of which a key is worked out while it runs".to_owned(), at)
        }
        (Value::Table(entries), Value::Number(key)) => {
            // Of values without keys the first is 1.
            let position = key.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            let plain = position.and_then(|p| entries.iter().filter(|(key, _)| key.is_none()).nth(p));
            let found = plain.or_else(|| entries.iter().find(|(k, _)| k.as_ref() == Some(key)));
            found.map_or(Value::Nil, |(_, v)| v.clone())
        }
        (Value::Table(entries), Value::Text(key, _)) => {
            entries.into_iter().find(|(k, _)| k.as_ref() == Some(key)).map_or(Value::Nil, |(_, v)| v)
        }
        (Value::Nil, _) => Value::Nil,
        // One of what is answered: it may be any of them.
        (Value::Answer(answer), Value::Number(_)) => Value::Answer(answer),
        (Value::Either(condition, yes, no), index) => {
            Value::Either(condition, Box::new(indexed(*yes, index, at)), Box::new(indexed(*no, index, at)))
        }
        (Value::Unknown(why, at), _) => Value::Unknown(why, at),
        _ => Value::Unknown("it is looked up while it runs".to_owned(), at),
    }
}

/// A text, or the texts of a table; `None` where one of them is worked out while it runs.
pub fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Text(text, _) | Value::Number(text) => Some(vec![text.clone()]),
        Value::Table(entries) => {
            let all: Option<Vec<Vec<String>>> = entries.iter().map(|(_, v)| texts(v)).collect();
            all.map(|all| all.concat())
        }
        _ => None,
    }
}

pub fn listed(codes: Option<Vec<String>>, mark: &str) -> String {
    let between = format!("{mark}, {mark}");
    codes.map_or_else(|| "what is worked out while it runs".to_owned(), |all| format!("{mark}{}{mark}", all.join(&between)))
}

/// The targets of a list of addresses or names.
fn targets(value: &Value, at: Location) -> Result<Vec<Target>, (String, Location)> {
    match value {
        Value::Text(text, at) => Target::parse(text, *at)
            .map(|t| vec![t])
            .ok_or_else(|| (format!("`{}` is no address or host name", shorten(text)), *at)),
        Value::Table(entries) => {
            let mut all = Vec::new();
            for (_, value) in entries {
                all.extend(targets(value, at)?);
            }
            Ok(all)
        }
        Value::Answer(answer) => {
            let flat = answer.flat();
            match flat.unknown.into_iter().next() {
                Some((why, _, at)) => Err((why, at)),
                None => Ok(flat.branches.into_iter().flat_map(|b| b.tiers.into_iter().flatten()).collect()),
            }
        }
        Value::Unknown(why, at) => Err((why.clone(), *at)),
        _ => Err(("its addresses are worked out while it runs".to_owned(), at)),
    }
}

pub fn set(values: &Value, pick: Pick, at: Location) -> Value {
    match targets(values, at) {
        Ok(targets) if targets.is_empty() => Value::Unknown("its list is empty".to_owned(), at),
        Ok(targets) => Value::Answer(Answer::Set(targets, pick)),
        Err((why, at)) => Value::Unknown(why, at),
    }
}

/// Pairs of weight and value: the values.
pub fn weighted(values: &Value) -> Value {
    let Value::Table(entries) = values else { return values.clone() };
    let value = |(_, pair): &(Option<String>, Value)| match pair {
        Value::Table(pair) => match pair.as_slice() {
            [_, (_, value)] => (None, value.clone()),
            _ => (None, Value::Nil),
        },
        other => (None, other.clone()),
    };
    Value::Table(entries.iter().map(value).collect())
}

/// `{{['192.0.2.1']='https://...'}}`: the addresses are the keys of each group.
pub fn keys_of(groups: &Value, at: Location) -> Value {
    let Value::Table(groups) = groups else { return groups.clone() };
    let group = |(_, group): &(Option<String>, Value)| {
        let Value::Table(entries) = group else { return (None, group.clone()) };
        let key = |(key, _): &(Option<String>, Value)| (None, key.clone().map_or(Value::Nil, |k| Value::Text(k, at)));
        (None, Value::Table(entries.iter().map(key).collect()))
    };
    Value::Table(groups.iter().map(group).collect())
}

/// Sets of addresses of which the first that has one up is answered.
pub fn checked(addresses: &Value, options: Option<&Value>, checks: &str, at: Location) -> Value {
    let option = |name: &str| match options {
        Some(Value::Table(entries)) => entries.iter().find(|(k, _)| k.as_deref() == Some(name)).map(|(_, v)| v.clone()),
        _ => None,
    };
    let pick = match option("selector") {
        None => Pick::Share,
        Some(Value::Text(selector, at)) => match selector.as_str() {
            "random" | "hashed" => Pick::Share,
            "all" => Pick::All,
            "pickclosest" => Pick::Closest,
            other => return Value::Unknown(format!("the selector `{}` is not known", shorten(other)), at),
        },
        Some(_) => Pick::Share,
    };
    let Value::Table(entries) = addresses else {
        return match addresses {
            Value::Unknown(why, at) => Value::Unknown(why.clone(), *at),
            other => set(other, pick, at),
        };
    };
    let grouped = entries.iter().any(|(_, v)| matches!(v, Value::Table(_)));
    let tiers: Result<Vec<Vec<Target>>, _> = if grouped {
        entries.iter().map(|(_, group)| targets(group, at)).collect()
    } else {
        targets(addresses, at).map(|one| vec![one])
    };
    match tiers {
        Ok(tiers) if tiers.iter().all(Vec::is_empty) => Value::Unknown("its list is empty".to_owned(), at),
        // At its first query nothing has been checked yet, and that counts as down.
        Ok(tiers) => Value::Answer(Answer::Tiers { tiers, pick, checks: format!("{checks}, or nothing was checked yet") }),
        Err((why, at)) => Value::Unknown(why, at),
    }
}

/// Pairs of networks and what their clients get.
pub fn view(pairs: &[(Option<String>, Value)], at: Location) -> Value {
    let mut branches = Vec::new();
    for (_, pair) in pairs {
        let Value::Table(pair) = pair else { return Value::Unknown("its pairs are worked out while it runs".to_owned(), at) };
        let [(_, networks), (_, values), ..] = pair.as_slice() else {
            return Value::Unknown("a pair of `view` has networks and values".to_owned(), at);
        };
        let parsed: Option<Vec<_>> = texts(networks).and_then(|all| all.iter().map(|n| n.parse().ok()).collect());
        let Some(parsed) = parsed.filter(|n| !n.is_empty()) else {
            return Value::Unknown("the networks of a `view` are not known".to_owned(), at);
        };
        match targets(values, at) {
            Ok(targets) => branches.push((Condition::networks(parsed), Answer::Set(targets, Pick::Share))),
            Err((why, at)) => return Value::Unknown(why, at),
        }
    }
    Value::Answer(Answer::Branches(branches))
}
