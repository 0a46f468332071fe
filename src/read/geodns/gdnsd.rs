//! gdnsd's configuration (gdnsd 3.8, gdnsd.config(5) and the pages of its plugins): the resources that DYNA and DYNC records of zone
//! files name as `plugin!resource`. Each resource is an endpoint `gdnsd:plugin!resource`, and so is each datacenter of a meta-plugin's
//! resource (`geoip!www/dc1`).
//!
//! `geoip` and `metafo` go through a list of datacenters to the first that is up; which list, the map says by network and place. With
//! everything down each plugin answers as if all of it were up, which is what overload lets through here. Not here: how monitors check.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::{EndpointFact, Facts, GapScope, Reference, Standing, Unread};
use crate::read::words::{Effect, Vocabulary, Words};
use crate::read::zone::answer::{Answer, Condition, Pick, Target, country};
use crate::read::zone::facts::lead;
use crate::read::zone::record::shorten;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{Location, SourceId, Span};

pub struct Gdnsd;

const TABLE: &[Words] = &[
    Words { part: "the configuration", followed: "plugins", harmless: "options service_types stats", refused: "" },
    Words {
        part: "`plugins`",
        followed: "geoip metafo multifo simplefo weighted static",
        harmless: "null reflect http_status tcp_connect extmon extfile",
        refused: "",
    },
    Words {
        part: "a map",
        followed: "datacenters map nets auto_dc_coords",
        harmless: "geoip2_db geoip_db geoip_db_v4_overlay city_region_names city_no_region ignore_ecs auto_dc_limit",
        refused: "",
    },
    Words {
        part: "a resource",
        followed: "map datacenters dcmap skip_first plugin",
        harmless: "service_types up_thresh multi ignore_health undefined_datacenters_ok",
        refused: "",
    },
];

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

const MAX_DEPTH: usize = 32;
const CHECKS: &str = "nothing before it is up";

impl Reader for Gdnsd {
    fn format(&self) -> &'static str {
        "gdnsd"
    }

    fn describe(&self) -> &'static str {
        "gdnsd configuration: maps and resources of its plugins"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let text = glance(text);
        let assigned = |key: &str| {
            text.match_indices(key).any(|(at, _)| {
                let rest = text.get(at + key.len()..).unwrap_or("").trim_start();
                let before = text.get(..at).and_then(|t| t.chars().next_back()).is_none_or(|c| c.is_whitespace() || c == '{');
                let rest = rest.strip_prefix("=>").or_else(|| rest.strip_prefix('='));
                before && rest.is_some_and(|r| r.trim_start().starts_with('{'))
            })
        };
        let other = matches!(super::extension(path).as_str(), "tf" | "hcl" | "json" | "yaml" | "yml" | "toml" | "nix" | "lua");
        let plugins = ["geoip", "metafo", "multifo", "simplefo", "weighted"].iter().any(|p| assigned(p));
        if !other && assigned("plugins") && plugins { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut config = Config { file: input.file, facts: Facts::default(), maps: BTreeMap::new() };
        let mut parser = Parser { text: input.text(), at: 0, problems: Vec::new() };
        let root = parser.hash(0, false);
        for (span, message) in parser.problems {
            let help = Some("what stands behind it may be missing".to_owned());
            config.gap("syntax", message, help, span, None);
        }
        config.root(&root);
        Reading { facts: config.facts, ..Reading::default() }
    }
}

/// A value of the configuration language ("Low-level syntax").
#[derive(Debug)]
enum Value {
    Text(String, Span),
    List(Vec<Value>, Span),
    Hash(Vec<(String, Span, Value)>, Span),
}

impl Value {
    fn span(&self) -> Span {
        match self {
            Self::Text(_, span) | Self::List(_, span) | Self::Hash(_, span) => *span,
        }
    }

    fn entries(&self) -> &[(String, Span, Value)] {
        if let Self::Hash(entries, _) = self { entries } else { &[] }
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.entries().iter().find(|(k, _, _)| k == key).map(|(_, _, v)| v)
    }

    /// A single value stands for a list of one. What is no text is named so that it is no address or datacenter that is known.
    fn texts(&self) -> Vec<(&str, Span)> {
        match self {
            Self::Text(..) | Self::Hash(..) => vec![self.text()],
            Self::List(items, _) => items.iter().map(Self::text).collect(),
        }
    }

    fn text(&self) -> (&str, Span) {
        match self {
            Self::Text(text, span) => (text, *span),
            Self::List(_, span) => ("[ ... ]", *span),
            Self::Hash(_, span) => ("{ ... }", *span),
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    problems: Vec<(Span, String)>,
}

impl Parser<'_> {
    fn skip(&mut self) {
        while let Some(rest) = self.text.get(self.at..) {
            let Some(c) = rest.chars().next() else { return };
            match c {
                c if c.is_whitespace() || c == ',' => self.at += c.len_utf8(),
                '#' | ';' => self.at += rest.find('\n').unwrap_or(rest.len()),
                _ => return,
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn wrong(&mut self, message: impl Into<String>) {
        let end = self.text.len().min(self.at + 1);
        if self.problems.len() < 20 {
            self.problems.push((
                Span::new(self.at.min(self.text.floor_char_boundary(end)), self.text.floor_char_boundary(end)),
                message.into(),
            ));
        }
    }

    fn word(&mut self) -> (String, Span) {
        let start = self.at;
        let mut word = String::new();
        let quoted = self.peek() == Some('"');
        self.at += usize::from(quoted);
        loop {
            let Some(c) = self.peek() else {
                if quoted {
                    self.at = start;
                    self.wrong("a quoted text is not closed");
                    self.at = self.text.len();
                }
                break;
            };
            if quoted && c == '"' {
                self.at += 1;
                break;
            }
            if !quoted && (c.is_whitespace() || "][}{;#,\"=".contains(c)) {
                break;
            }
            self.at += c.len_utf8();
            if c != '\\' {
                word.push(c);
            } else if let Some(next) = self.peek() {
                self.at += next.len_utf8();
                word.push(next);
            }
        }
        (word, Span::new(start, self.at))
    }

    fn value(&mut self, depth: usize) -> Value {
        self.skip();
        let start = self.at;
        if depth > MAX_DEPTH {
            self.wrong("it is nested too deeply");
            self.at = self.text.len();
            return Value::Text(String::new(), Span::new(start, start));
        }
        match self.peek() {
            Some('{') => {
                self.at += 1;
                self.hash(depth + 1, true)
            }
            Some('[') => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.skip();
                    match self.peek() {
                        Some(']') => {
                            self.at += 1;
                            break;
                        }
                        None | Some('}' | '=') => {
                            self.wrong("a list is not closed with `]`");
                            break;
                        }
                        Some(_) => items.push(self.value(depth + 1)),
                    }
                }
                Value::List(items, Span::new(start, start + 1))
            }
            _ => {
                let (word, span) = self.word();
                if span.start == span.end {
                    self.wrong("a value was expected");
                    self.at = (self.at + 1).min(self.text.len());
                    self.at = self.text.ceil_char_boundary(self.at);
                }
                Value::Text(word, span)
            }
        }
    }

    /// Keys and values up to the closing brace, or to the end of the file.
    fn hash(&mut self, depth: usize, braced: bool) -> Value {
        let start = self.at;
        let mut entries = Vec::new();
        loop {
            self.skip();
            match self.peek() {
                Some('}') if braced => {
                    self.at += 1;
                    break;
                }
                None => {
                    if braced {
                        self.wrong("`{` is not closed: the file stops here");
                    }
                    break;
                }
                Some(c) if "}[]{=".contains(c) => {
                    self.wrong(format!("`{c}` was not expected here"));
                    self.at += 1;
                }
                Some(_) => {
                    let (key, span) = self.word();
                    self.skip();
                    if key.starts_with("$include") {
                        // The path in braces is no hash.
                        let length = self.text.get(self.at..).and_then(|r| r.find('}')).map_or(0, |n| n + 1);
                        self.at = (self.at + length).max(self.at + usize::from(length == 0)).min(self.text.len());
                        self.at = self.text.ceil_char_boundary(self.at);
                        entries.push((key, span, Value::Text(String::new(), span)));
                        continue;
                    }
                    let rest = self.text.get(self.at..).unwrap_or("");
                    if let Some(n) = if rest.starts_with("=>") { Some(2) } else { rest.starts_with('=').then_some(1) } {
                        self.at += n;
                        let value = self.value(depth);
                        entries.push((key, span, value));
                    } else {
                        self.wrong(format!("`{}` has no value", shorten(&key)));
                    }
                }
            }
        }
        Value::Hash(entries, Span::new(start.saturating_sub(1).min(start), start))
    }
}

struct Config {
    file: SourceId,
    facts: Facts,
    /// What the maps of `geoip` answer, as lists of datacenters.
    maps: BTreeMap<String, Vec<(Condition, Datacenters)>>,
}

#[derive(Clone)]
enum Datacenters {
    List(Vec<String>, Span),
    /// The nearest of these.
    Nearest(Vec<String>, Span),
}

impl Config {
    fn at(&self, span: Span) -> Location {
        Location::new(self.file, span)
    }

    fn gap(&mut self, code: &'static str, message: String, help: Option<String>, span: Span, of: Option<usize>) {
        let scope = of.map_or(GapScope::Everything, |i| GapScope::Endpoints(vec![Reference::Fact(i)]));
        let location = self.at(span);
        self.facts.gaps.push(Unread { code, message, help, location, scope });
    }

    fn known(&mut self, part: &'static str, value: &Value) {
        for (key, span, _) in value.entries() {
            if key.starts_with("$include") {
                // What it holds may be anything of the configuration.
                let message = "a part of this configuration stands in another file, which is not followed".to_owned();
                self.gap("missing-include", message, Some("give the configuration in one file".to_owned()), *span, None);
            } else if !matches!(WORDS.effect(part, key), Some(Effect::Followed | Effect::Harmless)) {
                let message = format!("`{}` is not a key of {part} that onshore knows", shorten(key));
                let help = WORDS.nearest(part, key).map_or(super::DECLARE.to_owned(), |near| format!("did you mean `{near}`?"));
                self.gap("unknown-directive", message, Some(help), *span, None);
            }
        }
    }

    fn root(&mut self, root: &Value) {
        self.known("the configuration", root);
        let Some(plugins) = root.get("plugins") else { return };
        self.known("`plugins`", plugins);
        for (plugin, _, config) in plugins.entries() {
            match plugin.as_str() {
                "geoip" | "metafo" => {
                    for (name, _, map) in config.get("maps").map_or(&[][..], Value::entries) {
                        self.map(name, map);
                    }
                    for (name, span, resource) in config.get("resources").map_or(&[][..], Value::entries) {
                        self.meta(plugin, name, *span, resource, config);
                    }
                }
                "multifo" | "simplefo" | "weighted" | "static" => {
                    for (name, span, resource) in config.entries() {
                        if WORDS.effect("a resource", name).is_none() {
                            self.resource(&format!("{plugin}!{name}"), plugin, *span, resource);
                        }
                    }
                }
                // They check, or answer nobody's address; records that name them lead to a resource that nobody declares.
                _ => {}
            }
        }
    }

    /// An endpoint for a resource or for one datacenter of it.
    fn endpoint(&mut self, name: &str, span: Span) -> usize {
        let mut fact = EndpointFact::new("gdnsd-resource", name, self.at(span));
        fact.id = Some(format!("gdnsd:{name}"));
        fact.standing = Standing::Logical;
        self.facts.endpoints.push(fact);
        self.facts.endpoints.len() - 1
    }

    fn resource(&mut self, name: &str, plugin: &str, span: Span, value: &Value) -> usize {
        let index = self.endpoint(name, span);
        let answer = self.answer(plugin, value, 0);
        let location = self.at(span);
        lead(&mut self.facts, index, name, plugin, &answer, location);
        index
    }

    fn target(&self, text: &str, span: Span) -> Result<Target, Answer> {
        let at = self.at(span);
        Target::parse(text, at).ok_or_else(|| Answer::Unknown {
            why: format!("`{}` is no address or host name", shorten(text)),
            help: None,
            location: at,
        })
    }

    fn set(&self, texts: &[(&str, Span)], pick: Pick, whole: Span) -> Answer {
        if texts.is_empty() {
            return Answer::Unknown { why: "it has no address".to_owned(), help: None, location: self.at(whole) };
        }
        let found: Result<Vec<Target>, Answer> = texts.iter().map(|(t, s)| self.target(t, *s)).collect();
        found.map_or_else(|unknown| unknown, |targets| Answer::Set(targets, pick))
    }

    /// What a plugin other than the meta-plugins answers.
    fn answer(&self, plugin: &str, value: &Value, depth: usize) -> Answer {
        let own: Vec<&(String, Span, Value)> =
            value.entries().iter().filter(|(k, _, _)| WORDS.effect("a resource", k).is_none()).collect();
        if depth == 0 && own.iter().any(|(k, _, _)| k == "addrs_v4" || k == "addrs_v6") {
            return Answer::Each(own.iter().map(|(_, _, v)| self.answer(plugin, v, depth + 1)).collect());
        }
        match plugin {
            "simplefo" => {
                let tier = |key: &str| match value.get(key) {
                    Some(Value::Text(text, span)) => self.target(text, *span).map(|t| vec![t]),
                    _ => {
                        Err(Answer::Unknown { why: format!("it has no `{key}`"), help: None, location: self.at(value.span()) })
                    }
                };
                match (tier("primary"), tier("secondary")) {
                    (Ok(a), Ok(b)) => Answer::Tiers { tiers: vec![a, b], pick: Pick::All, checks: CHECKS.to_owned() },
                    (Err(unknown), _) | (_, Err(unknown)) => unknown,
                }
            }
            // `label => [address, weight]`, or groups of those.
            "weighted" => {
                let mut texts = Vec::new();
                let mut lists: Vec<&Value> = own.iter().map(|(_, _, v)| v).collect();
                while let Some(list) = lists.pop() {
                    match list {
                        Value::Hash(entries, _) => lists.extend(entries.iter().rev().map(|(_, _, v)| v)),
                        other => texts.push(other.texts().first().copied().unwrap_or(other.text())),
                    }
                }
                texts.sort_by_key(|(_, span)| *span);
                self.set(&texts, Pick::Share, value.span())
            }
            _ => {
                let texts = if own.is_empty() { value.texts() } else { own.iter().flat_map(|(_, _, v)| v.texts()).collect() };
                self.set(&texts, Pick::All, value.span())
            }
        }
    }

    /// Datacenters of a meta-plugin's resource, and the lists in which they are gone through.
    fn meta(&mut self, plugin: &str, name: &str, span: Span, resource: &Value, defaults: &Value) {
        self.known("a resource", resource);
        let index = self.endpoint(&format!("{plugin}!{name}"), span);
        let word = |key: &str| {
            resource.get(key).or_else(|| defaults.get(key)).and_then(|v| v.texts().first().map(|(t, _)| (*t).to_owned()))
        };
        let inner = word("plugin").unwrap_or_else(|| "multifo".to_owned());
        let mut centers: BTreeMap<String, Target> = BTreeMap::new();
        for (center, at, value) in resource.get("dcmap").map_or(&[][..], Value::entries) {
            let full = format!("{plugin}!{name}/{center}");
            let direct = match value {
                Value::Text(text, at) => text
                    .strip_prefix('%')
                    .map(str::to_owned)
                    .or_else(|| text.strip_prefix('!').map(|r| format!("{inner}!{r}")))
                    .map(|r| (r, *at)),
                _ => None,
            };
            let of = if let Some((reference, at)) = direct {
                let i = self.endpoint(&full, at);
                let location = self.at(at);
                let target = Target { to: Reference::Id(format!("gdnsd:{reference}")), location };
                lead(&mut self.facts, i, &full, plugin, &Answer::Set(vec![target], Pick::All), location);
                i
            } else {
                let own = value.get("plugin").and_then(|v| v.texts().first().map(|(t, _)| (*t).to_owned()));
                let plugin =
                    if value.entries().is_empty() { "multifo".to_owned() } else { own.unwrap_or_else(|| inner.clone()) };
                self.resource(&full, &plugin, *at, value)
            };
            centers.insert(center.clone(), Target { to: Reference::Fact(of), location: self.at(*at) });
        }
        let lists = match (plugin, resource.get("datacenters"), word("map")) {
            ("metafo", Some(list), _) => Some(vec![(Condition::always(), Datacenters::list(list))]),
            ("geoip", _, Some(map)) => self.maps.get(&map).cloned(),
            _ => None,
        };
        let Some(lists) = lists else {
            let message =
                format!("the resource `{plugin}!{}` has no list of datacenters or no map of that name", shorten(name));
            return self.gap("undefined-name", message, None, span, Some(index));
        };
        let skips = word("skip_first").is_some_and(|s| s.eq_ignore_ascii_case("true"));
        let mut branches = Vec::new();
        for (condition, list) in lists {
            let (names, at, nearest) = match list {
                Datacenters::List(names, at) => (names, at, false),
                Datacenters::Nearest(names, at) => (names, at, true),
            };
            let missing = names.iter().find(|n| !centers.contains_key(*n)).cloned();
            let mut targets: Vec<Target> = names.iter().filter_map(|n| centers.get(n)).cloned().collect();
            if skips && targets.len() > 1 && !nearest {
                targets.remove(0);
            }
            let answer = if nearest {
                Answer::Set(targets, Pick::Closest)
            } else {
                Answer::Tiers {
                    tiers: targets.into_iter().map(|t| vec![t]).collect(),
                    pick: Pick::All,
                    checks: CHECKS.to_owned(),
                }
            };
            branches.push((condition, answer));
            if let Some(missing) = missing {
                let message =
                    format!("the datacenter `{}` is not in the `dcmap` of `{plugin}!{}`", shorten(&missing), shorten(name));
                self.gap("undefined-name", message, None, at, Some(index));
            }
        }
        let location = self.at(span);
        lead(&mut self.facts, index, &format!("{plugin}!{name}"), plugin, &Answer::Branches(branches), location);
    }

    /// Networks first, then places, the most exact first, then everybody.
    fn map(&mut self, name: &str, map: &Value) {
        self.known("a map", map);
        let mut lists: Vec<(Condition, Datacenters)> = Vec::new();
        match map.get("nets") {
            Some(Value::Hash(entries, _)) => {
                for (network, span, list) in entries {
                    match network.parse() {
                        Ok(network) => lists.push((Condition::networks(vec![network]), Datacenters::list(list))),
                        Err(_) => {
                            self.gap("malformed-line", format!("`{}` is no network", shorten(network)), None, *span, None)
                        }
                    }
                }
            }
            Some(other) => {
                let message = "networks and their datacenters stand in another file, which is not followed".to_owned();
                self.gap("missing-include", message, Some("write them into the map".to_owned()), other.span(), None);
            }
            None => {}
        }
        let all = map.get("datacenters").map_or(Datacenters::List(Vec::new(), map.span()), Datacenters::list);
        let auto = map
            .get("auto_dc_coords")
            .map(|coords| Datacenters::Nearest(coords.entries().iter().map(|(k, _, _)| k.clone()).collect(), coords.span()));
        let places = map.get("map");
        if let Some(places) = places {
            for (continent, span, value) in places.entries().iter().filter(|(k, _, _)| k != "default") {
                match Condition::continents(&[continent]) {
                    Some(condition) => {
                        for (code, _, value) in value.entries().iter().filter(|(k, _, _)| k != "default") {
                            below_country(code, value, auto.as_ref(), &mut lists);
                        }
                        let own = if let Value::Hash(..) = value { value.get("default") } else { Some(value) };
                        lists.extend(own.map(|list| (condition, Datacenters::or_auto(list, auto.as_ref()))));
                    }
                    None => self.gap("malformed-line", format!("`{}` is no continent", shorten(continent)), None, *span, None),
                }
            }
        }
        let default = places.and_then(|p| p.get("default")).map(|list| Datacenters::or_auto(list, auto.as_ref()));
        let chosen = default.or(auto);
        // Whoever no place is known of goes through the whole list.
        if matches!(chosen, Some(Datacenters::Nearest(..))) {
            lists.push((Condition::some("clients that the database has a place for"), chosen.clone().unwrap_or(all.clone())));
            lists.push((Condition::always(), all));
        } else {
            lists.push((Condition::always(), chosen.unwrap_or(all)));
        }
        self.maps.insert(name.to_owned(), lists);
    }
}

/// Regions and cities of a country, then the country itself.
fn below_country(code: &str, value: &Value, auto: Option<&Datacenters>, lists: &mut Vec<(Condition, Datacenters)>) {
    let Some(country) = country(code) else {
        // What is no country may be a part of any.
        lists.push((Condition::some(format!("clients in {}", shorten(code))), Datacenters::or_auto(value, auto)));
        return;
    };
    let mut parts: Vec<(&str, &Value)> =
        value.entries().iter().filter(|(k, _, _)| k != "default").map(|(k, _, v)| (k.as_str(), v)).collect();
    // Without a default the country is as its continent.
    let mut default =
        if let Value::Hash(..) = value { value.get("default").map(|v| vec![v]).unwrap_or_default() } else { vec![value] };
    while let Some((name, part)) = parts.pop() {
        match part {
            Value::Hash(entries, _) => {
                parts.extend(entries.iter().filter(|(k, _, _)| k != "default").map(|(k, _, v)| (k.as_str(), v)));
                let own = part.get("default").map(|v| {
                    (Condition::part_of(country, format!("clients in {code} {}", shorten(name))), Datacenters::or_auto(v, auto))
                });
                lists.extend(own);
            }
            list => lists.push((
                Condition::part_of(country, format!("clients in {code} {}", shorten(name))),
                Datacenters::or_auto(list, auto),
            )),
        }
    }
    lists.extend(default.pop().map(|list| (Condition::countries(vec![country]), Datacenters::or_auto(list, auto))));
}

impl Datacenters {
    fn list(value: &Value) -> Self {
        Self::List(value.texts().into_iter().map(|(t, _)| t.to_owned()).collect(), value.span())
    }

    fn or_auto(value: &Value, auto: Option<&Self>) -> Self {
        match (value, auto) {
            (Value::Text(text, _), Some(auto)) if text == "auto" => auto.clone(),
            _ => Self::list(value),
        }
    }
}
