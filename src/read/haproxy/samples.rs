//! What a sample expression can be (`src,map_ip(/etc/geo.map,US)`, `var(txn.pool)`, `req.hdr(host),lower,map(hosts.map)`), and map files.
//!
//! Sections 7.3 and 7.3.1, "map": the file has a key and a value on each line, `#` begins a comment; the first word is the key, the
//! rest the value; the converter gives the value of the key that matches, else the default of its second argument, else nothing.
//! `map_ip` keys are networks, `map_str` (the default) whole texts; the others match parts or patterns, so that any line may apply.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path};

use ipnetwork::IpNetwork;

use super::lex::Line;
use crate::model::{ClientMatch, Country};
use crate::read::proxy::shorten;
use crate::read::proxy::when::{Basis, MAX_NETWORKS, When, by_countries, country, sorted};
use crate::read::{Input, paths};
use crate::source::SourceId;

/// More values than this are not followed one by one.
const MAX_VALUES: usize = 4096;
const MAX_NESTING: usize = 8;

/// What an expression can be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// The address of the client.
    Client,
    /// The ISO code of the client's country: the one that all clients get that the file does not list, and which it lists.
    Country { unknown: Option<Country>, listed: Option<Vec<Country>> },
    /// One of these texts, each for whom.
    Texts(Vec<(String, When)>),
    /// Something the client or the process decides: the expression.
    Any(String),
    /// A file that was not read.
    Missing(String),
}

/// A map file or a list of patterns that was read.
pub(super) struct Table {
    pub entries: Vec<(String, String)>,
}

/// Files of the project by the paths that configurations use.
pub(super) struct Tables<'a> {
    input: Input<'a>,
    /// By the last component of the path.
    by_name: HashMap<&'a str, Vec<(SourceId, &'a str)>>,
    read: BTreeMap<String, Option<(SourceId, Table)>>,
}

impl<'a> Tables<'a> {
    pub fn new(input: Input<'a>) -> Self {
        let mut by_name: HashMap<&str, Vec<(SourceId, &str)>> = HashMap::new();
        for (id, source) in input.sources.iter() {
            let name = source.path.rsplit('/').next().unwrap_or(&source.path);
            by_name.entry(name).or_default().push((id, &source.path));
        }
        Self { input, by_name, read: BTreeMap::new() }
    }

    /// Everything that was read.
    pub fn used(&self) -> impl Iterator<Item = SourceId> {
        self.read.values().flatten().map(|(id, _)| *id)
    }

    pub fn get(&mut self, name: &str) -> Option<&Table> {
        let bare = name.strip_prefix("file@").or_else(|| name.strip_prefix("opt@")).unwrap_or(name);
        if !self.read.contains_key(bare) {
            let found = self.find(bare).map(|id| (id, Table::read(&self.input.sources.get(id).text)));
            self.read.insert(bare.to_owned(), found);
        }
        self.read.get(bare)?.as_ref().map(|(_, table)| table)
    }

    /// Relative to the configuration's folder, else below the project's root, else the only file with the longest common end of
    /// the path: `/etc/haproxy/maps/geo.map` is `edge/maps/geo.map` in the project.
    fn find(&self, path: &str) -> Option<SourceId> {
        let parts: Vec<&str> = Path::new(path)
            .components()
            .filter_map(|c| if let Component::Normal(part) = c { part.to_str() } else { None })
            .collect();
        let candidates = self.by_name.get(parts.last()?)?;
        let folder = paths::folder(self.input.path());
        let below = |folder: &str| format!("{}{}", paths::prefix(folder), parts.join("/"));
        let exact = [below(folder), below("")];
        if let Some((id, _)) = exact.iter().find_map(|p| candidates.iter().find(|(_, path)| path == p)) {
            return Some(*id);
        }
        for length in (1..=parts.len()).rev() {
            let end = parts[parts.len() - length..].join("/");
            let fits = |path: &str| path == end || path.ends_with(&format!("/{end}"));
            let near = |path: &str| path.starts_with(&paths::prefix(folder));
            let hits: Vec<_> = candidates.iter().filter(|(_, path)| fits(path)).collect();
            let nearer: Vec<_> = hits.iter().filter(|(_, path)| near(path)).collect();
            match (hits.as_slice(), nearer.as_slice()) {
                ([], _) => {}
                ([(id, _)], _) | (_, [(id, _)]) => return Some(*id),
                // Several fit equally well: none is surely meant.
                _ => return None,
            }
        }
        None
    }
}

impl Table {
    fn read(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let split = |line: &str| match line.split_once([' ', '\t']) {
            Some((key, value)) => (key.to_owned(), value.trim().to_owned()),
            None => (line.to_owned(), String::new()),
        };
        Self { entries: lines.map(split).collect() }
    }

    /// Every value is the code of a country: the file says where addresses are.
    fn gives_countries(&self) -> bool {
        !self.entries.is_empty() && self.entries.iter().all(|(_, v)| v.len() == 2 && v.chars().all(|c| c.is_ascii_alphabetic()))
    }
}

/// A name that says that a file tells countries.
fn named_by_country(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    ["geo", "country", "countries", "maxmind", "ip2c", "iso"].iter().any(|part| name.contains(part))
}

/// Variables and headers that a proxy sets itself, by name, with every expression they are set to.
#[derive(Default)]
pub(super) struct Assigned(BTreeMap<String, Vec<String>>);

impl Assigned {
    /// `set-var(NAME) EXPR` and `set-header NAME FMT` of rule sets.
    pub fn read<'l>(lines: impl Iterator<Item = &'l Line>) -> Self {
        let mut this = Self::default();
        for line in lines {
            for (i, word) in line.words.iter().enumerate().skip(1).take(3) {
                if let Some(name) = word.text.strip_prefix("set-var(").and_then(|r| r.strip_suffix(')')) {
                    let name = name.split(',').next().unwrap_or(name);
                    this.add(format!("var {name}"), line.word(i + 1).to_owned());
                } else if word.text == "set-header" || word.text == "add-header" {
                    let expression = line.word(i + 2);
                    let sole = expression.strip_prefix("%[").and_then(|e| e.strip_suffix(']')).filter(|e| !e.contains("%["));
                    let name = format!("header {}", line.word(i + 1).to_ascii_lowercase());
                    this.add(name, sole.map_or_else(|| format!("\u{0}{expression}"), str::to_owned));
                }
            }
        }
        this
    }

    fn add(&mut self, name: String, expression: String) {
        self.0.entry(name).or_default().push(expression);
    }

    /// The one expression a name has, if there is exactly one.
    fn sole(&self, name: &str) -> Option<&str> {
        match self.0.get(name)?.as_slice() {
            [one] if !one.starts_with('\u{0}') => Some(one),
            _ => None,
        }
    }
}

/// `name(arguments)` of a chain.
pub(super) fn calls(expression: &str) -> Vec<(&str, Vec<&str>)> {
    let mut out = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    let mut pieces = Vec::new();
    for (i, c) in expression.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                pieces.push(&expression[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    pieces.push(&expression[start..]);
    for piece in pieces {
        let piece = piece.trim();
        match piece.split_once('(') {
            Some((name, rest)) => {
                let inner = rest.strip_suffix(')').unwrap_or(rest);
                out.push((name, inner.split(',').map(|a| a.trim().trim_matches(['"', '\''])).collect()));
            }
            None => out.push((piece, Vec::new())),
        }
    }
    out
}

pub(super) struct Evaluator<'a, 't> {
    pub tables: &'t mut Tables<'a>,
    pub assigned: &'t Assigned,
}

impl Evaluator<'_, '_> {
    pub fn value(&mut self, expression: &str) -> Value {
        self.nested(expression, 0)
    }

    fn nested(&mut self, expression: &str, depth: usize) -> Value {
        if depth > MAX_NESTING {
            return Value::Any(shorten(expression));
        }
        let calls = calls(expression);
        let Some(((fetch, arguments), converters)) = calls.split_first() else { return Value::Any(String::new()) };
        let mut value = self.fetch(fetch, arguments, depth);
        if value == Value::Any(String::new()) {
            value = Value::Any(shorten(expression));
        }
        for (name, arguments) in converters {
            value = self.convert(value, name, arguments, expression);
        }
        value
    }

    fn fetch(&mut self, name: &str, arguments: &[&str], depth: usize) -> Value {
        let first = arguments.first().copied().unwrap_or("");
        let header = first.to_ascii_lowercase();
        let assigned = match name {
            "var" => self.assigned.sole(&format!("var {first}")),
            "hdr" | "req.hdr" | "req.fhdr" | "hdr_ip" | "req.hdr_ip" => self.assigned.sole(&format!("header {header}")),
            _ => None,
        };
        if let Some(expression) = assigned.map(str::to_owned) {
            return self.nested(&expression, depth + 1);
        }
        match name {
            "src" | "fc_src" | "hdr_ip" | "req.hdr_ip" => Value::Client,
            "hdr" | "req.hdr" | "req.fhdr" => match header.as_str() {
                "x-forwarded-for" | "x-real-ip" | "cf-connecting-ip" | "true-client-ip" => Value::Client,
                "cf-ipcountry" | "cloudfront-viewer-country" => Value::Country { unknown: None, listed: None },
                _ => Value::Any(String::new()),
            },
            "str" | "int" => Value::Texts(vec![(first.to_owned(), When::default())]),
            _ => Value::Any(String::new()),
        }
    }

    fn convert(&mut self, value: Value, name: &str, arguments: &[&str], expression: &str) -> Value {
        let case = |f: fn(&str) -> String, value: Value| match value {
            Value::Texts(texts) => Value::Texts(texts.into_iter().map(|(t, w)| (f(&t), w)).collect()),
            other => other,
        };
        match (name, value) {
            ("lower", value) => case(|t| t.to_ascii_lowercase(), value),
            ("upper", value) => case(|t| t.to_ascii_uppercase(), value),
            ("ipmask" | "ltrim" | "rtrim", Value::Client) => Value::Client,
            ("maxmind-lookup" | "netacuity-lookup-ipv4" | "netacuity-lookup-ipv6", Value::Client)
                if arguments
                    .iter()
                    .any(|a| a.to_ascii_lowercase().contains("iso_code") || a.contains("two-letter-country")) =>
            {
                Value::Country { unknown: None, listed: None }
            }
            (map, value) if map == "map" || map.starts_with("map_") => self.map(value, map, arguments, expression),
            (_, Value::Missing(file)) => Value::Missing(file),
            _ => Value::Any(shorten(expression)),
        }
    }

    fn map(&mut self, value: Value, converter: &str, arguments: &[&str], expression: &str) -> Value {
        let file = arguments.first().copied().unwrap_or("");
        let default = arguments.get(1).copied();
        let by_address = converter.starts_with("map_ip") || (converter == "map" && value == Value::Client);
        let shown = shorten(expression);
        let Some(table) = self.tables.get(file) else {
            let countries = value == Value::Client && named_by_country(file);
            let unknown = default.and_then(country);
            return if countries { Value::Country { unknown, listed: None } } else { Value::Missing(file.to_owned()) };
        };
        if table.entries.len() > 4 * MAX_VALUES && !table.gives_countries() && !by_address {
            return Value::Any(shown);
        }
        match value {
            Value::Client if table.gives_countries() => {
                let listed = table.entries.iter().filter_map(|(_, v)| country(v)).collect();
                Value::Country { unknown: default.and_then(country), listed: Some(sorted(listed)) }
            }
            Value::Client => by_networks(table, default, file),
            Value::Country { unknown, .. } => by_country(table, default, unknown, &shown),
            Value::Texts(texts) if matches!(converter, "map" | "map_str") => {
                let find = |text: &str| table.entries.iter().find(|(key, _)| key == text).map(|(_, v)| v.as_str()).or(default);
                let found = texts.iter().filter_map(|(t, w)| Some((find(t)?.to_owned(), w.clone())));
                Value::Texts(found.collect())
            }
            Value::Missing(file) => Value::Missing(file),
            _ => {
                let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
                table.entries.iter().for_each(|(key, v)| keys.entry(v).or_default().push(key));
                if keys.len() > MAX_VALUES {
                    return Value::Any(shown);
                }
                let by = format!("by {shown}");
                let one = |(value, keys): (&str, Vec<&str>)| {
                    let first = keys.iter().take(3).map(|k| shorten(k)).collect::<Vec<_>>().join(", ");
                    let more = if keys.len() > 3 { format!(" or {} more", keys.len() - 3) } else { String::new() };
                    (value.to_owned(), When::some(by.clone(), format!("when {shown} finds {first}{more}")))
                };
                let mut texts: Vec<(String, When)> = keys.into_iter().map(one).collect();
                let otherwise = || When::some(by.clone(), format!("when {shown} finds nothing"));
                texts.extend(default.map(|d| (d.to_owned(), otherwise())));
                Value::Texts(texts)
            }
        }
    }
}

/// A map from networks to texts.
fn by_networks(table: &Table, default: Option<&str>, file: &str) -> Value {
    let mut by_value: BTreeMap<&str, (Vec<IpNetwork>, usize)> = BTreeMap::new();
    for (key, value) in &table.entries {
        let (networks, count) = by_value.entry(value).or_default();
        *count += 1;
        if networks.len() <= MAX_NETWORKS {
            networks.extend(key.parse::<IpNetwork>());
        }
    }
    let name = file.rsplit('/').next().unwrap_or(file);
    let one = |(value, (networks, count)): (&str, (Vec<IpNetwork>, usize))| {
        let clients = if count <= MAX_NETWORKS && networks.len() == count {
            ClientMatch::Networks(networks)
        } else {
            ClientMatch::Some(format!("by {count} networks of {name}"))
        };
        let text = format!("when the client is in {count} network{} of {name}", if count == 1 { "" } else { "s" });
        (value.to_owned(), When { clients, basis: Basis::Geography, text: Some(text) })
    };
    let mut texts: Vec<(String, When)> = by_value.into_iter().map(one).collect();
    if let Some(default) = default {
        let text = format!("when the client is in none of the networks of {name}");
        let clients = ClientMatch::Some(format!("by {name}"));
        texts.push((default.to_owned(), When { clients, basis: Basis::Geography, text: Some(text) }));
    }
    Value::Texts(texts)
}

/// A map from country codes to texts. Clients of no known country count as `unknown`, if the database says so.
fn by_country(table: &Table, default: Option<&str>, unknown: Option<Country>, shown: &str) -> Value {
    let mut by_value: BTreeMap<&str, Vec<Country>> = BTreeMap::new();
    let mut listed = Vec::new();
    for (key, value) in &table.entries {
        let Some(code) = country(key).filter(|c| !listed.contains(c)) else { continue };
        by_value.entry(value).or_default().push(code);
        listed.push(code);
    }
    let name = format!("country by {shown}");
    let mut texts: Vec<(String, When)> = Vec::new();
    for (value, countries) in by_value {
        let mut when = by_countries(&name, countries.clone(), true);
        when.text = when.text.map(|t| t.replace("when $", "when the "));
        if unknown.is_some_and(|u| countries.contains(&u)) {
            // Whoever has no known country goes here too.
            let rest = sorted(listed.iter().copied().filter(|c| !countries.contains(c)).collect());
            when = When { clients: ClientMatch::Except(rest), ..when };
        }
        texts.push((value.to_owned(), when));
    }
    if let Some(default) = default {
        let mut when = by_countries(&name, listed, false);
        when.text = when.text.map(|t| t.replace("when $", "when the "));
        texts.push((default.to_owned(), when));
    }
    Value::Texts(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_taken_apart() {
        assert_eq!(
            calls("req.hdr(host),lower,map(/etc/a.map,be (x))"),
            [("req.hdr", vec!["host"]), ("lower", vec![]), ("map", vec!["/etc/a.map", "be (x)"])]
        );
        assert_eq!(calls("src"), [("src", vec![])]);
        assert_eq!(calls("str(a"), [("str", vec!["a"])]);
    }
}
