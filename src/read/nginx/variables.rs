//! What defines a variable: the blocks `map`, `geo`, `geoip2`, `split_clients` and the directives that stand for data sets or code.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::lex::{Word, has_template};
use super::tree::{Item, Node};
use crate::model::Country;
use crate::read::proxy::when::MAX_NETWORKS;
use crate::read::proxy::when::country;

/// The variables that one protocol's blocks define.
#[derive(Default)]
pub(super) struct Variables {
    pub definitions: HashMap<String, Definition>,
}

pub(super) enum Definition {
    Map(Map),
    Geo(Geo),
    Split {
        source: String,
        shares: Vec<(String, String)>,
        broken: bool,
    },
    /// An ISO country code, with the one that clients of unknown country get.
    Country {
        default: Option<Country>,
    },
    /// Of the client's place or network, but no country code.
    Place,
    /// Set by code or kept in memory.
    Runtime(&'static str),
}

pub(super) struct Map {
    pub source: String,
    /// Keys in order, by value in the order of first use.
    pub groups: Vec<(String, Vec<Key>)>,
    /// Exact keys in lower case -> group.
    pub exact: HashMap<String, usize>,
    pub default: String,
    /// An entry could not be read: any value may be missing.
    pub broken: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Exact(String),
    Mask(String),
    Regex(String),
}

impl Key {
    pub fn text(&self) -> &str {
        match self {
            Self::Exact(t) | Self::Mask(t) | Self::Regex(t) => t,
        }
    }
}

pub(super) struct Geo {
    /// The address's variable.
    pub source: String,
    pub groups: Vec<(String, Vec<IpNetwork>, usize)>,
    pub default: String,
    pub broken: bool,
}

impl Variables {
    /// Takes in a block or directive that defines variables. Says whether it was one.
    pub fn define(&mut self, node: &Node<'_>) -> bool {
        let Some((directive, children)) = node.directive() else { return false };
        let args: Vec<&str> = directive.args.iter().map(|a| a.text.as_str()).collect();
        let variable = |text: &str| text.strip_prefix('$').map(str::to_owned);
        let (name, definition) = match (directive.name.text.as_str(), args.as_slice()) {
            ("map", [source, name]) => (variable(name), Definition::Map(Map::read(source, children))),
            ("geo", [name]) => (variable(name), Definition::Geo(Geo::read("$remote_addr", children))),
            ("geo", [source, name]) => (variable(name), Definition::Geo(Geo::read(source, children))),
            ("split_clients", [source, name]) => {
                let entries = entries(children);
                let shares = entries.list.iter().map(|(k, v)| (k.text.clone(), v.clone())).collect();
                let split = Definition::Split { source: (*source).to_owned(), shares, broken: entries.broken };
                (variable(name), split)
            }
            ("geoip_country", [..]) => {
                self.places(&["geoip_country_code3", "geoip_country_name"]);
                (Some("geoip_country_code".to_owned()), Definition::Country { default: None })
            }
            ("geoip_city", [..]) => {
                self.places(&[
                    "geoip_city_continent_code",
                    "geoip_city_country_code3",
                    "geoip_city_country_name",
                    "geoip_region",
                    "geoip_region_name",
                    "geoip_city",
                ]);
                (Some("geoip_city_country_code".to_owned()), Definition::Country { default: None })
            }
            ("geoip_org", [..]) => (Some("geoip_org".to_owned()), Definition::Place),
            ("geoip2", _) => {
                for child in children {
                    if let Some((d, _)) = child.directive() {
                        self.geoip2(&d.name, &d.args);
                    }
                }
                return true;
            }
            ("js_set" | "perl_set", [name, ..]) => (variable(name), Definition::Runtime("is computed by a script")),
            ("keyval", [_, name, ..]) => {
                (variable(name), Definition::Runtime("is kept in memory and changes while nginx runs"))
            }
            ("num_map", [_, name]) => (variable(name), Definition::Runtime("is a table of number ranges")),
            ("map" | "geo" | "split_clients" | "js_set" | "perl_set" | "keyval" | "num_map", _) => return true,
            _ => return false,
        };
        if let Some(name) = name {
            self.definitions.insert(name, definition);
        }
        true
    }

    fn places(&mut self, names: &[&str]) {
        for name in names {
            self.definitions.insert((*name).to_owned(), Definition::Place);
        }
    }

    /// `$variable [default=X] [source=$ip] path...;`
    fn geoip2(&mut self, name: &Word, args: &[Word]) {
        let Some(variable) = name.text.strip_prefix('$') else { return };
        let path: Vec<&str> = args.iter().map(|a| a.text.as_str()).filter(|a| !a.contains('=')).collect();
        let default = args.iter().find_map(|a| a.text.strip_prefix("default="));
        let definition = if path == ["country", "iso_code"] {
            Definition::Country { default: default.and_then(country) }
        } else {
            Definition::Place
        };
        self.definitions.insert(variable.to_owned(), definition);
    }
}
struct Entries<'a> {
    list: Vec<(&'a Word, String)>,
    default: String,
    broken: bool,
}

/// `key value;` lines; parameters without a value (`hostnames`, `volatile`) are left out.
fn entries<'a>(children: &[Node<'a>]) -> Entries<'a> {
    let mut out = Entries { list: Vec::new(), default: String::new(), broken: false };
    for child in children {
        match &child.item {
            Item::Problem(p) => out.broken |= !p.harmless,
            Item::Directive { directive, .. } => match directive.args.as_slice() {
                [value] if !directive.name.quoted && directive.name.text == "default" => out.default = value.text.clone(),
                [_] if has_template(&directive.name.text) && !directive.name.text.starts_with('~') => out.broken = true,
                [value] => out.list.push((&directive.name, value.text.clone())),
                [] if matches!(directive.name.text.as_str(), "hostnames" | "volatile" | "ranges" | "proxy_recursive") => {}
                _ => out.broken = true,
            },
        }
    }
    out
}

impl Map {
    fn read(source: &str, children: &[Node<'_>]) -> Self {
        let entries = entries(children);
        let mut map = Self {
            source: source.to_owned(),
            groups: Vec::new(),
            exact: HashMap::new(),
            default: entries.default,
            broken: entries.broken,
        };
        let mut by_value: HashMap<String, usize> = HashMap::new();
        for (word, value) in entries.list {
            let group = *by_value.entry(value.clone()).or_insert_with(|| {
                map.groups.push((value, Vec::new()));
                map.groups.len() - 1
            });
            let text = word.text.clone();
            let key = if text.starts_with('~') {
                Key::Regex(text)
            } else if text.starts_with(['.', '*']) || text.ends_with(".*") {
                Key::Mask(text)
            } else {
                let exact = text.strip_prefix('\\').unwrap_or(&text).to_owned();
                map.exact.entry(exact.to_lowercase()).or_insert(group);
                Key::Exact(exact)
            };
            map.groups[group].1.push(key);
        }
        map
    }
}

impl Geo {
    fn read(source: &str, children: &[Node<'_>]) -> Self {
        let entries = entries(children);
        let mut geo = Self { source: source.to_owned(), groups: Vec::new(), default: entries.default, broken: entries.broken };
        let mut by_value: HashMap<String, usize> = HashMap::new();
        for (word, value) in entries.list {
            if matches!(word.text.as_str(), "delete" | "proxy") {
                continue;
            }
            let networks = networks(&word.text);
            if networks.is_empty() {
                geo.broken = true;
                continue;
            }
            if networks.iter().all(|n| n.prefix() == 0) {
                geo.default = value;
                continue;
            }
            let group = *by_value.entry(value.clone()).or_insert_with(|| {
                geo.groups.push((value, Vec::new(), 0));
                geo.groups.len() - 1
            });
            let (_, list, count) = &mut geo.groups[group];
            *count += 1;
            if list.len() <= MAX_NETWORKS {
                list.extend(networks);
            }
        }
        geo
    }
}

/// A network, an address or a range `a-b` as networks; empty if it is none of these.
fn networks(text: &str) -> Vec<IpNetwork> {
    if let Some((from, to)) = text.split_once('-') {
        return match (from.parse(), to.parse()) {
            (Ok(IpAddr::V4(a)), Ok(IpAddr::V4(b))) if a <= b => range(u32::from(a), u32::from(b)),
            _ => Vec::new(),
        };
    }
    text.parse().into_iter().collect()
}

/// The fewest networks that make up a range; at most 62.
fn range(from: u32, to: u32) -> Vec<IpNetwork> {
    let mut out = Vec::new();
    let (mut from, to) = (u64::from(from), u64::from(to));
    while from <= to {
        let aligned = if from == 0 { 32 } else { from.trailing_zeros().min(32) };
        let fits = (to - from + 1).ilog2();
        let bits = aligned.min(fits);
        let start = u32::try_from(from).unwrap_or(u32::MAX);
        out.extend(IpNetwork::new(IpAddr::V4(start.into()), 32 - u8::try_from(bits).unwrap_or(0)));
        from += 1_u64 << bits;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_become_networks() {
        let show = |t: &str| networks(t).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(show("10.1.0.0-10.1.255.255"), "10.1.0.0/16");
        assert_eq!(show("127.0.0.1-127.0.0.255").split(' ').count(), 8);
        assert_eq!(show("0.0.0.0-255.255.255.255"), "0.0.0.0/0");
        assert_eq!(show("9.0.0.0-8.0.0.0"), "");
        assert_eq!(show("2001:db8::/32"), "2001:db8::/32");
    }
}
