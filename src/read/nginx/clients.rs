//! Which value a variable has for which clients: `map`, `geo`, `geoip_country`, `geoip2`, `split_clients` and `set`.
//!
//! ngx_http_map_module: the first parameter is any text with variables; an exact key (compared without case) goes before masks,
//! before regular expressions in their order, before `default`, which is the empty text if absent; values may hold variables.
//! ngx_http_geo_module: the most specific network of the client's address (or of `$address`) decides; `ranges` switches the
//! notation; `delete` takes a network out; `proxy` and `proxy_recursive` only say whose X-Forwarded-For is believed.
//! ngx_http_geoip_module: `$geoip_country_code` and `$geoip_city_country_code` are ISO codes. ngx_http_geoip2_module: a variable's
//! path through the database, here `country iso_code`, with an optional `default=` for clients that the database does not know.
//! ngx_http_split_clients_module: shares of all clients; `*` is the rest. ngx_http_rewrite_module: `set` and `if`.
//!
//! Regular expressions are not evaluated: one that may match counts as a possible branch, so the result is an upper bound.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::lex::{Word, shorten};
use super::variables::{Definition, Geo, Key, Map, Variables};

use crate::model::{ClientMatch, Country};
use crate::read::proxy::when::{Basis, MAX_NETWORKS, When, by_countries, countries_of_regex, country, union};

/// More values than this for one text are not followed one by one.
const MAX_BRANCHES: usize = 4096;
const MAX_NESTING: usize = 24;
/// One value a text can have, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    pub value: String,
    pub when: When,
}

/// Why a text has no known values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stuck {
    pub variable: String,
    pub why: String,
}

/// One `set`, or one place that could have set the variable.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub value: String,
    pub when: When,
    pub guarded: bool,
}

/// What `set` gives variables where a text stands.
pub(super) type Assignments = BTreeMap<String, Vec<Assignment>>;

/// Evaluates texts for one protocol. Results of variables that no `set` takes part in are kept.
pub(super) struct Evaluator<'v> {
    variables: &'v Variables,
    kept: HashMap<String, Result<Rc<Vec<Branch>>, Stuck>>,
    /// What `$host` and its like can be, while a redirect is evaluated.
    hosts: Vec<String>,
    visiting: Vec<String>,
    touched_set: bool,
    fuel: usize,
}

impl<'v> Evaluator<'v> {
    /// `size` is the number of directives read: work is bounded in proportion.
    pub fn new(variables: &'v Variables, size: usize) -> Self {
        let fuel = 500_000 + 50 * size;
        Self { variables, kept: HashMap::new(), hosts: Vec::new(), visiting: Vec::new(), touched_set: false, fuel }
    }

    /// As [`Self::values`], for a redirect of a server with these names.
    pub fn redirect_values(&mut self, text: &str, sets: &Assignments, hosts: &[String]) -> Result<Vec<Branch>, Stuck> {
        self.hosts = hosts.to_vec();
        let values = self.values(text, sets);
        self.hosts.clear();
        values
    }

    /// Every value a text with variables can have.
    pub fn values(&mut self, text: &str, sets: &Assignments) -> Result<Vec<Branch>, Stuck> {
        let mut branches = vec![Branch { value: String::new(), when: When::default() }];
        for piece in pieces(text) {
            let name = match piece {
                Piece::Text(text) => {
                    branches.iter_mut().for_each(|b| b.value.push_str(text));
                    continue;
                }
                Piece::Variable(name) => name,
            };
            let values = self.variable(name, sets)?;
            let mut product = Vec::new();
            for left in &branches {
                for right in values.iter() {
                    self.burn(name, left.value.len() + right.value.len())?;
                    if let Some(when) = left.when.and(&right.when) {
                        product.push(Branch { value: format!("{}{}", left.value, right.value), when });
                    }
                }
            }
            if product.len() > MAX_BRANCHES {
                return Err(stuck(name, format!("can have more than {MAX_BRANCHES} values here")));
            }
            branches = product;
        }
        Ok(branches)
    }

    /// Pays for making a text of this length.
    pub fn burn(&mut self, name: &str, length: usize) -> Result<(), Stuck> {
        self.fuel = self.fuel.saturating_sub(1 + length / 16);
        if self.fuel == 0 { Err(stuck(name, "takes too many steps to evaluate")) } else { Ok(()) }
    }

    fn variable(&mut self, name: &str, sets: &Assignments) -> Result<Rc<Vec<Branch>>, Stuck> {
        if let Some(kept) = self.kept.get(name) {
            return kept.clone();
        }
        if self.visiting.iter().any(|v| v == name) {
            return Err(stuck(name, "is defined by itself"));
        }
        if self.visiting.len() >= MAX_NESTING {
            return Err(stuck(name, "is defined through too many other variables"));
        }
        self.visiting.push(name.to_owned());
        let outer = std::mem::replace(&mut self.touched_set, false);
        let values = self.fresh(name, sets).map(Rc::new);
        let touched = std::mem::replace(&mut self.touched_set, false);
        self.visiting.pop();
        if !touched && self.hosts.is_empty() && (values.is_ok() || self.visiting.is_empty()) {
            self.kept.insert(name.to_owned(), values.clone());
        }
        self.touched_set = outer || touched;
        values
    }

    fn fresh(&mut self, name: &str, sets: &Assignments) -> Result<Vec<Branch>, Stuck> {
        if let Some(assignments) = sets.get(name) {
            self.touched_set = true;
            let mut out = Vec::new();
            for assignment in assignments {
                self.extend(&mut out, name, &assignment.value, &assignment.when, sets)?;
            }
            return Ok(out);
        }
        let variables = self.variables;
        match variables.definitions.get(name) {
            Some(Definition::Map(map)) => self.map(name, map, sets),
            Some(Definition::Geo(geo)) => self.geo(name, geo, sets),
            Some(Definition::Split { source, shares, broken }) => {
                incomplete(name, *broken)?;
                let mut out = Vec::new();
                for (share, value) in shares {
                    let share = if share == "*" { "the rest".to_owned() } else { share.clone() };
                    let by = format!("by {} (split_clients)", shorten(source));
                    let text = format!("for {share} of clients ({by})");
                    let when = When { clients: ClientMatch::Some(by), basis: Basis::Share, text: Some(text) };
                    self.extend(&mut out, name, value, &when, sets)?;
                }
                Ok(out)
            }
            Some(Definition::Country { .. } | Definition::Place) => Err(stuck(name, "can be any place")),
            Some(Definition::Runtime(why)) => Err(stuck(name, *why)),
            None => match name {
                "scheme" => Ok(["http", "https"].map(|s| Branch { value: s.into(), when: When::default() }).to_vec()),
                "host" | "http_host" | "server_name" if !self.hosts.is_empty() => {
                    let plain = |h: &String| Branch { value: h.clone(), when: When::default() };
                    Ok(self.hosts.iter().map(plain).collect())
                }
                "host" | "http_host" | "server_name" | "proxy_host" => Err(stuck(name, "is the host that the client asks for")),
                _ if name.starts_with(|c: char| c.is_ascii_digit()) => {
                    Err(stuck(name, "is cut out of the request by a pattern"))
                }
                _ if ["arg_", "cookie_", "http_"].iter().any(|p| name.starts_with(p)) => {
                    Err(stuck(name, "is taken from the request"))
                }
                _ if name.starts_with("upstream_") => Err(stuck(name, "is taken from another server's answer")),
                _ if name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') => {
                    Err(stuck(name, "looks like an environment variable that a template tool fills in"))
                }
                _ => Err(stuck(name, "is not defined in the files that were read, or only while nginx runs")),
            },
        }
    }

    /// Adds the values of `value`, which may hold variables itself.
    fn extend(&mut self, out: &mut Vec<Branch>, name: &str, value: &str, when: &When, sets: &Assignments) -> Result<(), Stuck> {
        self.burn(name, value.len())?;
        if !value.contains('$') {
            out.push(Branch { value: value.to_owned(), when: when.clone() });
        } else {
            for branch in self.values(value, sets)? {
                if let Some(when) = when.and(&branch.when) {
                    out.push(Branch { value: branch.value, when });
                }
            }
        }
        if out.len() > MAX_BRANCHES {
            return Err(stuck(name, format!("can have more than {MAX_BRANCHES} values")));
        }
        Ok(())
    }

    fn map(&mut self, name: &str, map: &Map, sets: &Assignments) -> Result<Vec<Branch>, Stuck> {
        incomplete(name, map.broken)?;
        let mut out = Vec::new();
        let source = sole_variable(&map.source);
        if let Some((variable, default)) = source.and_then(|v| Some((v, self.country(v)?))) {
            for (value, when) in by_country(variable, default, map) {
                self.extend(&mut out, name, value, &when, sets)?;
            }
            return Ok(out);
        }
        let basis = match source.and_then(|v| self.variables.definitions.get(v)) {
            Some(Definition::Place) => Basis::Geography,
            _ => Basis::Other,
        };
        let by = format!("by {}", shorten(&map.source));
        let shown = shorten(&map.source);
        let Ok(sources) = self.values(&map.source, sets) else {
            for (value, keys) in &map.groups {
                let when = When {
                    clients: ClientMatch::Some(by.clone()),
                    basis,
                    text: Some(format!("when {shown} is {}", list(keys))),
                };
                self.extend(&mut out, name, value, &when, sets)?;
            }
            let text = Some(format!("when {shown} is something else"));
            let otherwise = When { clients: ClientMatch::Some(by), basis, text };
            self.extend(&mut out, name, &map.default, &otherwise, sets)?;
            return Ok(out);
        };
        for source in sources {
            if let Some(group) = map.exact.get(&source.value.to_lowercase()) {
                self.extend(&mut out, name, &map.groups[*group].0, &source.when, sets)?;
                continue;
            }
            for (value, keys) in &map.groups {
                let patterns: Vec<Key> = keys.iter().filter(|k| !matches!(k, Key::Exact(_))).cloned().collect();
                let maybe = When::some(by.clone(), format!("when {shown} is {}", list(&patterns)));
                if let (false, Some(when)) = (patterns.is_empty(), source.when.and(&maybe)) {
                    self.extend(&mut out, name, value, &when, sets)?;
                }
            }
            self.extend(&mut out, name, &map.default, &source.when, sets)?;
        }
        merge(&mut out, &by);
        Ok(out)
    }

    fn geo(&mut self, name: &str, geo: &Geo, sets: &Assignments) -> Result<Vec<Branch>, Stuck> {
        incomplete(name, geo.broken)?;
        let mut out = Vec::new();
        for (value, networks, count) in &geo.groups {
            let few = networks.len() <= MAX_NETWORKS;
            let clients = if few {
                ClientMatch::Networks(networks.clone())
            } else {
                ClientMatch::Some(format!("by {} networks of geo ${name}", count))
            };
            let text =
                Some(format!("when {} is in {count} network{} of geo ${name}", geo.source, if *count == 1 { "" } else { "s" }));
            self.extend(&mut out, name, value, &When { clients, basis: Basis::Geography, text }, sets)?;
        }
        let by = format!("by geo ${name}");
        let text = Some(format!("when {} is in none of the networks of geo ${name}", geo.source));
        let when = When { clients: ClientMatch::Some(by), basis: Basis::Geography, text };
        self.extend(&mut out, name, &geo.default, &when, sets)?;
        Ok(out)
    }

    /// Whether a variable is the client's country code, and which code stands for "unknown". Headers of CDNs count: whoever
    /// trusts them routes by them.
    fn country(&self, name: &str) -> Option<Option<Country>> {
        match self.variables.definitions.get(name) {
            Some(Definition::Country { default }) => Some(*default),
            Some(_) => None,
            None => matches!(
                name,
                "geoip_country_code" | "geoip_city_country_code" | "http_cf_ipcountry" | "http_cloudfront_viewer_country"
            )
            .then_some(None),
        }
    }

    /// For whom an `if` holds and for whom it does not.
    pub fn condition(&mut self, args: &[Word], sets: &Assignments) -> (When, When) {
        let joined = args.iter().map(|a| a.text.as_str()).collect::<Vec<_>>().join(" ");
        let text = joined.trim().trim_start_matches('(').trim_end_matches(')').trim();
        let shown = shorten(text);
        let yes = When::some(format!("by if ({shown})"), format!("when {shown}"));
        let unknown = (yes, When::default());
        let mut words = text.splitn(3, ' ').filter(|w| !w.is_empty());
        let (Some(variable), Some(operator), Some(value)) = (words.next().and_then(sole_variable), words.next(), words.next())
        else {
            return unknown;
        };
        let value = value.trim();
        let (positive, regex) = match operator {
            "=" => (true, false),
            "!=" => (false, false),
            "~" | "~*" => (true, true),
            "!~" | "!~*" => (false, true),
            _ => return unknown,
        };
        let (holds, fails) = if self.country(variable).is_some() {
            let listed = if regex {
                countries_of_regex(&format!("{}{value}", operator.trim_start_matches('!')))
            } else {
                country(value).map(|c| vec![c])
            };
            let Some(listed) = listed else { return unknown };
            (by_countries(variable, listed.clone(), true), by_countries(variable, listed, false))
        } else {
            let Ok(branches) = self.variable(variable, sets) else { return unknown };
            if regex {
                return unknown;
            }
            let by = format!("by ${variable}");
            let pick = |equal: bool| {
                let some = branches.iter().filter(|b| (b.value == value) == equal);
                let basis = branches.iter().map(|b| b.when.basis).max().unwrap_or_default();
                some.map(|b| b.when.clone()).reduce(|a, b| When {
                    clients: union(&a.clients, &b.clients, &by),
                    basis,
                    text: None,
                })
            };
            let sign = |equal: bool| if equal { "is" } else { "is not" };
            let side = |equal: bool| {
                pick(equal).map(|w| When { text: Some(format!("when ${variable} {} {}", sign(equal), shorten(value))), ..w })
            };
            match (side(true), side(false)) {
                (Some(a), Some(b)) => (a, b),
                _ => return unknown,
            }
        };
        if positive { (holds, fails) } else { (fails, holds) }
    }
}

fn stuck(variable: &str, why: impl Into<String>) -> Stuck {
    Stuck { variable: variable.to_owned(), why: why.into() }
}

fn incomplete(name: &str, broken: bool) -> Result<(), Stuck> {
    if broken { Err(stuck(name, "is defined by a table with entries that could not be read")) } else { Ok(()) }
}

/// Branches with the same value as one, where the clients can be told together.
fn merge(branches: &mut Vec<Branch>, by: &str) {
    let mut out: Vec<Branch> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    for branch in branches.drain(..) {
        match at.get(&branch.value) {
            Some(i) => {
                let when = &mut out[*i].when;
                when.clients = union(&when.clients, &branch.when.clients, by);
                when.basis = when.basis.max(branch.when.basis);
                when.text = match (when.text.take(), branch.when.text) {
                    (Some(a), Some(b)) if !a.contains(&b) && a.len() + b.len() < 200 => Some(format!("{a}, or {b}")),
                    (a, _) => a,
                };
            }
            None => {
                at.insert(branch.value.clone(), out.len());
                out.push(branch);
            }
        }
    }
    *branches = out;
}

/// The values of a map from a country code, with the clients of each.
fn by_country<'m>(variable: &str, unknown: Option<Country>, map: &'m Map) -> Vec<(&'m str, When)> {
    let mut out = Vec::new();
    let mut all = Vec::new();
    for (value, keys) in &map.groups {
        let mut here = Vec::new();
        let mut others = Vec::new();
        for key in keys {
            let listed = match key {
                Key::Exact(code) => country(code).map(|c| vec![c]),
                Key::Regex(regex) => countries_of_regex(regex),
                Key::Mask(_) => None,
            };
            match listed {
                Some(countries) => here.extend(countries),
                None => others.push(key.clone()),
            }
        }
        all.extend(here.iter().copied());
        if !here.is_empty() {
            out.push((value.as_str(), by_countries(variable, here, true)));
        }
        if !others.is_empty() {
            let text = Some(format!("when ${variable} is {}", list(&others)));
            let clients = ClientMatch::Some(format!("by ${variable}"));
            out.push((value.as_str(), When { clients, basis: Basis::Geography, text }));
        }
    }
    if all.is_empty() {
        let text = Some(format!("when ${variable} is something else"));
        let clients = ClientMatch::Some(format!("by ${variable}"));
        out.push((map.default.as_str(), When { clients, basis: Basis::Geography, text }));
    } else {
        out.push((map.default.as_str(), by_countries(variable, all, false)));
    }
    if let Some(unknown) = unknown {
        for (_, when) in &mut out {
            let takes = match &when.clients {
                ClientMatch::Countries(c) => c.contains(&unknown),
                ClientMatch::Except(c) => !c.contains(&unknown),
                _ => false,
            };
            if let (true, Some(text)) = (takes, &mut when.text) {
                text.push_str(&format!(" (clients of unknown country count as {unknown})"));
            }
        }
    }
    out
}

fn list(keys: &[Key]) -> String {
    let mut text = keys.iter().take(3).map(|k| format!("`{}`", shorten(k.text()))).collect::<Vec<_>>().join(" or ");
    if keys.len() > 3 {
        text.push_str(&format!(" or {} more", keys.len() - 3));
    }
    text
}

pub(super) enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

/// `a$b${c}d` in its parts, as nginx's script compiler reads them.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        let (name, skip) = match after.strip_prefix('{') {
            Some(inner) => match inner.find('}') {
                Some(end) => (&inner[..end], end + 2),
                None => ("", 0),
            },
            None => {
                let digit = after.starts_with(|c: char| c.is_ascii_digit());
                let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
                let end = if digit { 1 } else { end };
                (&after[..end], end)
            }
        };
        if name.is_empty() {
            out.push(Piece::Text(&rest[..=at]));
            rest = after;
            continue;
        }
        if at > 0 {
            out.push(Piece::Text(&rest[..at]));
        }
        out.push(Piece::Variable(name));
        rest = &after[skip..];
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest));
    }
    out
}

/// The name of the one variable that a text consists of.
pub(super) fn sole_variable(text: &str) -> Option<&str> {
    match pieces(text).as_slice() {
        [Piece::Variable(name)] => Some(*name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_falls_into_pieces() {
        let show = |t: &str| {
            pieces(t)
                .iter()
                .map(|p| match p {
                    Piece::Text(t) => format!("{t:?}"),
                    Piece::Variable(v) => format!("<{v}>"),
                })
                .collect::<String>()
        };
        assert_eq!(show("http://$a-${b}c$1x$"), "\"http://\"<a>\"-\"<b>\"c\"<1>\"x$\"");
    }
}
