//! Conditions of `if`: who is meant, which host is asked for, whether the request was tried before, and whether a backend is well.
//!
//! vcl(7), vcl-var(7): `client.ip ~ ACL`, `req.http.NAME` with `==`, `!=`, `~`, `!~`, `req.restarts`, `bereq.retries`; vmod_std:
//! `std.healthy(BACKEND)`. Fastly: `client.geo.country_code`, `BACKEND.healthy`, `req.backend.healthy`.

use std::collections::BTreeMap;

use crate::read::proxy::block::Word;
use crate::read::proxy::fronts::{Asks, by_country, by_networks, is_country_header, others};
use crate::read::proxy::peer::is_host_name;
use crate::read::proxy::shorten;
use crate::read::proxy::when::When;

/// More alternatives than this are one that any request may be.
const MAX_ALTERNATIVES: usize = 32;

/// One way for a condition to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Way {
    pub ask: Asks,
    /// The request has been tried at least so often before.
    pub tries: u32,
    /// This backend or director (or the one chosen so far: empty) does not count as well.
    pub sick: Option<String>,
    /// Only those whom some `if` before leaves over, which its condition does not tell.
    pub partly: bool,
}

impl Way {
    pub fn and(&self, other: &Self) -> Option<Self> {
        Some(Self {
            ask: self.ask.and(&other.ask)?,
            tries: self.tries.max(other.tries),
            sick: self.sick.clone().or_else(|| other.sick.clone()),
            partly: self.partly || other.partly,
        })
    }

    fn of(ask: Asks) -> Self {
        Self { ask, ..Self::default() }
    }

    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// Named lists of networks.
pub(super) type Acls = BTreeMap<String, Vec<String>>;

/// The ways for a condition (its words, with the parentheses around it) to hold.
pub(super) fn ways(words: &[Word], acls: &Acls) -> Vec<Way> {
    let (words, depth) = bare(words);
    if depth > 32 {
        return vec![unknown(words)];
    }
    let either = split(words, "||");
    let found: Vec<Way> = if either.len() > 1 {
        either.iter().flat_map(|part| ways(part, acls)).take(MAX_ALTERNATIVES + 1).collect()
    } else {
        let mut all = vec![Way::default()];
        let parts = split(words, "&&");
        if parts.len() == 1 {
            return one(words, acls);
        }
        for part in parts {
            let more = ways(part, acls);
            all = all.iter().flat_map(|a| more.iter().filter_map(|b| a.and(b))).take(MAX_ALTERNATIVES + 1).collect();
        }
        all
    };
    if found.len() > MAX_ALTERNATIVES { vec![unknown(words)] } else { found }
}

/// Whom a condition leaves over; `None` if nobody.
pub(super) fn otherwise(ways: &[Way]) -> Option<Way> {
    match ways {
        [] => Some(Way::default()),
        [way] if way.is_plain() => None,
        [Way { ask: Asks { host: None, what: None, when }, tries: 0, sick: None, .. }] => {
            Some(others(when).map_or_else(Way::default, |when| Way::of(Asks::when(when))))
        }
        _ => Some(Way::default()),
    }
}

fn unknown(words: &[Word]) -> Way {
    let shown = shown(words);
    Way::of(Asks::when(When::some(format!("by {shown}"), format!("when {shown}"))))
}

fn shown(words: &[Word]) -> String {
    let one = |w: &Word| if w.quoted { format!("\"{}\"", w.text) } else { w.text.clone() };
    shorten(&words.iter().take(24).map(one).collect::<Vec<_>>().join(" "))
}

/// Without the parentheses around all of it.
fn bare(words: &[Word]) -> (&[Word], usize) {
    let mut words = words;
    let mut depth = 0;
    while let [first, inner @ .., last] = words
        && is(first, "(")
        && is(last, ")")
        && closes_at_end(words)
    {
        words = inner;
        depth += 1;
    }
    (words, depth)
}

fn is(word: &Word, text: &str) -> bool {
    !word.quoted && word.text == text
}

fn closes_at_end(words: &[Word]) -> bool {
    let mut depth = 0_i32;
    for (i, word) in words.iter().enumerate() {
        depth += i32::from(is(word, "(")) - i32::from(is(word, ")"));
        if depth == 0 && i + 1 < words.len() {
            return false;
        }
    }
    true
}

fn split<'w>(words: &'w [Word], operator: &str) -> Vec<&'w [Word]> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0_i32, 0);
    for (i, word) in words.iter().enumerate() {
        depth += i32::from(is(word, "(")) - i32::from(is(word, ")"));
        if depth == 0 && is(word, operator) {
            parts.push(&words[from..i]);
            from = i + 1;
        }
    }
    parts.push(&words[from..]);
    parts
}

fn one(words: &[Word], acls: &Acls) -> Vec<Way> {
    if let [not, rest @ ..] = words
        && is(not, "!")
    {
        let (inner, _) = bare(rest);
        let text: Vec<&str> = inner.iter().map(|w| w.text.as_str()).collect();
        return match text.as_slice() {
            ["std.healthy", "(", name, ")"] => vec![Way { sick: Some(backend_name(name)), ..Way::default() }],
            [name] if name.ends_with(".healthy") => {
                vec![Way { sick: Some(backend_name(name.trim_end_matches(".healthy"))), ..Way::default() }]
            }
            [_, "~", _] | [_, "==", _] if inner.len() == 3 => compare(&inner[0], &inner[1], &inner[2], acls, false),
            _ => vec![unknown(words)],
        };
    }
    match words {
        [left, operator, right] => compare(left, operator, right, acls, true),
        _ => vec![unknown(words)],
    }
}

/// The backend chosen so far is the empty name.
fn backend_name(name: &str) -> String {
    if matches!(name, "req.backend" | "req.backend_hint" | "bereq.backend") { String::new() } else { name.to_owned() }
}

fn compare(left: &Word, operator: &Word, right: &Word, acls: &Acls, straight: bool) -> Vec<Way> {
    let words = [left.clone(), operator.clone(), right.clone()];
    let (variable, value) = (left.text.to_ascii_lowercase(), right.text.as_str());
    let among = straight == matches!(operator.text.as_str(), "==" | "~");
    let pattern = operator.text.contains('~');
    let header = variable.strip_prefix("req.http.").or_else(|| variable.strip_prefix("bereq.http."));
    let header = header.map(|h| h.split(':').next().unwrap_or(h));
    let geo = matches!(variable.as_str(), "client.geo.country_code" | "geoip.country_code" | "client.geo.country_code.ascii");
    if geo || header.is_some_and(is_country_header) {
        let name = header.unwrap_or(&variable);
        if let Some(when) = by_country(name, value, pattern, among) {
            return vec![Way::of(Asks::when(when))];
        }
    }
    match variable.as_str() {
        "req.restarts" | "bereq.retries" | "req.esi_level"
            if right.text.parse::<u32>().is_ok() && variable != "req.esi_level" =>
        {
            let number = right.text.parse::<u32>().unwrap_or(0);
            let tries = match operator.text.as_str() {
                ">" => number + 1,
                ">=" | "==" => number,
                "!=" if number == 0 => 1,
                _ => 0,
            };
            vec![Way { tries, ..Way::default() }]
        }
        "client.ip" if pattern => match acls.get(value) {
            Some(networks) => {
                let texts: Vec<&str> = networks.iter().map(String::as_str).collect();
                vec![Way::of(Asks::when(by_networks(&texts, among)))]
            }
            None => vec![unknown(&words)],
        },
        _ if header == Some("host") && among => {
            let plain = value.trim_start_matches("(?i)").trim_start_matches('^').trim_end_matches('$');
            let name = if pattern { plain.replace("\\.", ".") } else { value.to_owned() };
            let anchored = !pattern || (value.contains('^') && value.ends_with('$'));
            match anchored && is_host_name(&name) {
                true => vec![Way::of(Asks::host(&name))],
                false => vec![Way::of(Asks::what(format!("hosts like {}", shorten(value))))],
            }
        }
        "req.url" | "req.url.path" | "req.method" | "req.request" | "bereq.url" => {
            vec![Way::of(Asks::what(format!("requests with {}", shown(&words))))]
        }
        _ => vec![unknown(&words)],
    }
}
