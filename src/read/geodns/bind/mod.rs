//! BIND's named.conf (BIND 9 Administrator Reference Manual 9.18 to 9.21, "Configuration Reference"; the words are those of
//! `doc/misc/options`): which zone file answers whom, where queries are handed on to, and where zones are copied.
//!
//! | statement | becomes |
//! |---|---|
//! | `view` with `match-clients`, `acl`, `geoip` | the files of a zone that several views have are read here, each for the clients of its view |
//! | `forwarders` | routes from the server with what a query tells of who asks |
//! | `also-notify`, `allow-transfer` | routes along which zones are copied out; they carry nobody's data |
//! | secondary, stub and mirror zones | a gap on the names of the zone that no file gives |
//! | `response-policy` | a gap: it may rewrite every answer |
//!
//! A zone that only one view has is read as a zone file by itself. Keys and addresses of the server say nothing of a client's country.

use std::collections::{BTreeMap, BTreeSet};

use lex::{Parser, Statement};
use words::{TABLE, WORDS};

use super::build::{Builder, MAX_FILES};
use super::merge;
use super::views::{together, untold};
use crate::model::{Activity, Facts, GapScope, Reference, Unread};
use crate::read::words::{Effect, Words};
use crate::read::zone::answer::{Condition, country};
use crate::read::zone::collect::{collect, collect_as};
use crate::read::zone::facts;
use crate::read::zone::record::shorten;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{Location, SourceId};

mod lex;
mod words;

pub struct Bind;

impl Reader for Bind {
    fn format(&self) -> &'static str {
        "bind"
    }

    fn describe(&self) -> &'static str {
        "BIND named.conf: views, zones, forwarders"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        if matches!(super::extension(path).as_str(), "tf" | "json" | "yaml" | "yml" | "toml" | "md" | "zone") {
            return Recognized::No;
        }
        let (mut sure, mut any) = (false, false);
        for line in glance(text).lines() {
            let line = line.trim_start();
            let mut words = line.split([' ', '\t', '{']).filter(|w| !w.is_empty());
            match (words.next(), words.next()) {
                (Some("zone" | "view"), Some(name)) if name.starts_with('"') => any = true,
                (Some("acl"), Some(name)) if line.contains('{') && !name.contains('=') => any = true,
                (
                    Some(
                        "match-clients" | "allow-transfer" | "allow-recursion" | "listen-on-v6" | "also-notify" | "forwarders",
                    ),
                    _,
                ) => sure |= line.contains('{'),
                (Some("type"), Some("master;" | "slave;" | "primary;" | "secondary;" | "hint;")) => sure = true,
                _ => {}
            }
        }
        let named = name.starts_with("named") && (name.contains(".conf") || !name.contains('.'));
        match (sure, any, named) {
            (true, true, _) | (true, _, true) | (_, true, true) => Recognized::Yes,
            (_, _, true) if text.contains('{') => Recognized::Maybe,
            _ => Recognized::No,
        }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut config = Config {
            input,
            builder: Builder::default(),
            facts: Facts::default(),
            acls: BTreeMap::new(),
            included: Vec::new(),
            zones: BTreeMap::new(),
            views: Vec::new(),
        };
        let statements = config.parse(input.file, 0);
        config.root(&statements);
        config.finish()
    }
}

struct Config<'a> {
    input: &'a Input<'a>,
    builder: Builder,
    facts: Facts,
    acls: BTreeMap<String, Vec<Element>>,
    included: Vec<SourceId>,
    /// By name: the view that has it, and its file if that is there.
    zones: BTreeMap<String, Vec<(usize, Option<SourceId>, Location)>>,
    /// Whom each view takes, in order.
    views: Vec<Condition>,
}

/// One element of an address match list.
#[derive(Clone, Debug)]
struct Element {
    negated: bool,
    condition: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Known(Condition),
    Named(String),
    List(Vec<Element>),
}

impl Config<'_> {
    /// A file as statements, with those of the files that it includes.
    fn parse(&mut self, file: SourceId, depth: usize) -> Vec<Statement> {
        let sources = self.input.sources;
        let text = sources.get(file).text.as_str();
        let mut parser = Parser { text, file, at: 0, problems: Vec::new() };
        let statements = parser.block(0, false);
        for (location, message) in parser.problems {
            self.builder.unclear("syntax", message, Some("what stands behind it may be missing"), location, None);
        }
        let mut all = Vec::new();
        for statement in statements {
            if statement.word(0) != "include" {
                all.push(statement);
                continue;
            }
            let path = statement.word(1).to_owned();
            if self.included.len() >= MAX_FILES {
                self.builder.too_many_files(statement.at);
                continue;
            }
            match self.find(&path).filter(|id| depth < 8 && *id != file) {
                Some(id) => {
                    self.included.push(id);
                    all.extend(self.parse(id, depth + 1));
                }
                // Keys, and what distributions bring along: they hold no zone of the user's.
                None if path.ends_with(".key") || path.ends_with("rndc.conf") || path.ends_with("bind.keys") => {}
                None => self.builder.not_included(&path, statement.at),
            }
        }
        all
    }

    /// The file that a path means: the longest end of the path that a file of the project has.
    fn find(&self, path: &str) -> Option<SourceId> {
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
        (0..parts.len()).find_map(|from| {
            let end = parts.get(from..)?.join("/");
            let mut fits = self.input.sources.iter().filter(|(_, s)| s.path == end || s.path.ends_with(&format!("/{end}")));
            match (fits.next(), fits.next()) {
                (Some((id, _)), None) => Some(id),
                _ => None,
            }
        })
    }

    fn known(&mut self, part: &'static str, statement: &Statement) {
        let word = statement.word(0);
        match WORDS.effect(part, word) {
            Some(Effect::Followed | Effect::Harmless) => {}
            // Switched off, it changes nothing.
            Some(Effect::Refused) if matches!(statement.word(1), "no" | "false") => {}
            Some(Effect::Refused) => {
                let message = format!("`{}` can change what is answered, and is not followed", shorten(word));
                self.builder.unclear("unfollowed-answer", message, Some(super::DECLARE), statement.at, None);
            }
            None => {
                let message = format!("`{}` is not a statement of {part} that onshore knows", shorten(word));
                let help =
                    WORDS.nearest(part, word).map_or(super::DECLARE.to_owned(), |near| format!("did you mean `{near}`?"));
                self.builder.unclear("unknown-directive", message, Some(&help), statement.at, None);
            }
        }
    }

    fn root(&mut self, statements: &[Statement]) {
        for statement in statements.iter().filter(|s| s.word(0) == "acl") {
            let list = elements(statement.inner());
            self.acls.insert(statement.word(1).to_owned(), list);
        }
        let server = super::server(&mut self.facts, "named", self.input);
        for statement in statements {
            self.known("the configuration", statement);
            match statement.word(0) {
                "options" => self.options(statement, &server),
                "view" => {
                    let condition = self.clients(statement);
                    self.views.push(condition);
                    self.options(statement, &server);
                    for zone in statement.inner().iter().filter(|s| s.word(0) == "zone") {
                        self.zone(zone, &server);
                    }
                }
                "zone" => self.zone(statement, &server),
                // Lists are read before; the others are harmless, or gaps already.
                _ => {}
            }
        }
    }

    /// Who is taken by a view: all that it asks for must hold.
    fn clients(&self, view: &Statement) -> Condition {
        let mut all = view.find("match-clients").map_or_else(Condition::always, |s| self.list(&elements(s.inner()), 0));
        if view.find("match-destinations").is_some() {
            all = both(&all, &Condition::some("clients that ask certain addresses of the server"));
        }
        if view.find("match-recursive-only").is_some_and(|s| matches!(s.word(1), "yes" | "true" | "1")) {
            all = both(&all, &Condition::some("clients that ask for recursion"));
        }
        all
    }

    /// The first element that fits decides; whoever fits none is left out.
    fn list(&self, list: &[Element], depth: usize) -> Condition {
        let nobody = Condition::always().negated();
        if depth > 16 || list.len() > 4096 {
            return Condition::some("clients of a long list");
        }
        list.iter().rev().fold(nobody, |rest, element| {
            let condition = match &element.condition {
                Test::Known(condition) => condition.clone(),
                Test::List(inner) => self.list(inner, depth + 1),
                Test::Named(name) => match self.acls.get(name) {
                    Some(inner) => self.list(inner, depth + 1),
                    None => Condition::some(format!("clients in `{}`", shorten(name))),
                },
            };
            let nobody_left = rest.text.starts_with("others than everybody");
            match (element.negated, nobody_left) {
                (false, true) => condition,
                (false, false) => condition.or(rest),
                (true, _) => both(&rest, &condition.negated()),
            }
        })
    }

    fn options(&mut self, statement: &Statement, server: &Reference) {
        for option in statement.inner() {
            if option.word(0) != "zone" && option.word(0) != "server" {
                self.known("options", option);
            }
            match option.word(0) {
                "forwarders" => self.ways(option, server, Activity::Forward),
                "also-notify" | "allow-transfer" => self.ways(option, server, Activity::Replicate),
                "response-policy" | "catalog-zones" if !option.inner().is_empty() => {
                    let message =
                        format!("`{}` changes answers or brings in zones by data that is not followed", option.word(0));
                    self.builder.unclear("unfollowed-answer", message, Some(super::DECLARE), option.at, None);
                }
                // Whom a view takes is read before; order, folder and what happens without forwarders lead nowhere else.
                _ => {}
            }
        }
    }

    /// Servers that queries or copies of zones go to.
    fn ways(&mut self, list: &Statement, server: &Reference, activity: Activity) {
        for item in list.inner() {
            let Some((word, at)) = item.words.first() else { continue };
            let Ok(ip) = word.parse::<std::net::IpAddr>() else {
                // Lists, networks and keys are whom zones are copied to, which is nobody's data.
                if activity == Activity::Forward {
                    let message = format!("queries are handed on to `{}`, which is no address", shorten(word));
                    let (help, scope) = (Some(super::DECLARE.to_owned()), GapScope::Endpoints(vec![server.clone()]));
                    self.facts.gaps.push(Unread { code: "unusable-target", message, help, location: *at, scope });
                }
                continue;
            };
            let to = Reference::Address { ip, port: None };
            self.facts.routes.push(super::way(server, to, activity, list.word(0), *at));
        }
    }

    fn zone(&mut self, zone: &Statement, server: &Reference) {
        let name = zone.word(1).trim_end_matches('.').to_ascii_lowercase();
        let below = format!("*.{name}");
        for option in zone.inner() {
            // It may change what names of the zone file lead to.
            self.known("a zone", option);
            match option.word(0) {
                "forwarders" => self.ways(option, server, Activity::Forward),
                "also-notify" | "allow-transfer" => self.ways(option, server, Activity::Replicate),
                "allow-update" if option.inner().iter().any(|e| e.word(0) != "none") => self.updated(&name, option),
                "update-policy" => self.updated(&name, option),
                // Type and file are looked at below; the others are harmless, or gaps already.
                _ => {}
            }
        }
        let kind = zone.find("type").map_or("", |t| t.word(1));
        let file = zone.find("file").map(|f| f.word(1));
        let found = file.and_then(|f| self.find(f));
        if !matches!(kind, "hint" | "delegation-only" | "forward") {
            let view = self.views.len().saturating_sub(1);
            self.zones.entry(name.clone()).or_default().push((view, found, zone.at));
        }
        match (kind, found) {
            ("hint" | "delegation-only", _) => {}
            ("master" | "primary" | "slave" | "secondary" | "mirror", Some(_)) => {}
            ("master" | "primary", None) if is_usual(&name) => {}
            ("forward", _) => {}
            (kind, _) => {
                let message = match kind {
                    "master" | "primary" => {
                        format!("the file of the zone `{}` is not among the project's files", shorten(&name))
                    }
                    "" => format!("the zone `{}` has no type", shorten(&name)),
                    _ => format!("the zone `{}` ({kind}) is taken from other servers", shorten(&name)),
                };
                let help = Some("add the zone's file, by the name that it has here");
                self.builder.unclear("missing-include", message, help, zone.at, Some(&below));
            }
        }
    }

    fn updated(&mut self, name: &str, option: &Statement) {
        let message = format!("records of `{}` can be changed while the server runs (`{}`)", shorten(name), option.word(0));
        let help = "dump the zone as it is now (`rndc sync`, or a zone transfer) and add that file";
        self.builder.unclear("unfollowed-answer", message, Some(help), option.at, Some(&format!("*.{name}")));
    }

    /// Zones with several files are read here, by view; others are read by themselves.
    fn finish(mut self) -> Reading {
        let sources = self.input.sources;
        let mut included: BTreeSet<SourceId> = self.included.iter().copied().collect();
        let mut done = Facts::default();
        for (name, files) in std::mem::take(&mut self.zones) {
            let different: BTreeSet<SourceId> = files.iter().filter_map(|(_, id, _)| *id).collect();
            // A file that by itself is taken for another zone means this one.
            let misnamed =
                different.first().filter(|id| different.len() == 1 && collect(sources, **id).origin.as_ref() != Some(&name));
            if let Some(id) = misnamed {
                let zone = collect_as(sources, *id, &name);
                included.insert(*id);
                included.extend(zone.included.iter().copied());
                merge(&mut done, facts::facts(&zone, &|_| false));
                continue;
            }
            if different.is_empty() || files.len() < 2 {
                continue;
            }
            if let Some((_, _, at)) = files.iter().find(|(_, id, _)| id.is_none()) {
                untold(&mut self.builder, &name, *at);
            }
            // Where one view has the zone twice (which BIND refuses), or there are no views, each file is read by itself.
            let twice = files.iter().map(|(view, _, _)| view).collect::<BTreeSet<_>>().len() < files.len();
            if different.len() < 2 || twice {
                continue;
            }
            // A view without the zone answers nothing for it.
            let views: Vec<_> = self
                .views
                .iter()
                .enumerate()
                .map(|(i, condition)| {
                    let file = files.iter().find(|(view, _, _)| *view == i).and_then(|(_, id, _)| *id);
                    let mut zone = file.map(|id| collect_as(sources, id, &name)).unwrap_or_default();
                    zone.origin = Some(name.clone());
                    (condition.clone(), zone)
                })
                .collect();
            included.extend(different);
            let zone = together(views);
            included.extend(zone.included.iter().copied());
            merge(&mut done, facts::facts(&zone, &|_| false));
        }
        merge(&mut self.facts, done);
        merge(&mut self.facts, facts::facts(&self.builder.zone, &|_| false));
        included.remove(&self.input.file);
        Reading { facts: self.facts, included: included.into_iter().collect(), ..Reading::default() }
    }
}

/// Zones that every server has for itself.
fn is_usual(name: &str) -> bool {
    name.is_empty() || name == "localhost" || name.ends_with(".arpa") || name.ends_with("localdomain")
}

fn both(a: &Condition, b: &Condition) -> Condition {
    match (a.text.as_str(), b.text.as_str()) {
        ("everybody", _) => b.clone(),
        (_, "everybody") => a.clone(),
        _ => a.clone().and(b.clone()),
    }
}

/// An address match list ("Address Match Lists"), with `geoip` elements ("GeoIP").
fn elements(statements: &[Statement]) -> Vec<Element> {
    statements.iter().take(100_000).map(element).collect()
}

fn element(statement: &Statement) -> Element {
    let mut words: Vec<&str> = statement.words.iter().map(|(w, _)| w.as_str()).collect();
    let mut negated = false;
    if let Some(first) = words.first_mut()
        && let Some(rest) = first.strip_prefix('!')
    {
        negated = true;
        *first = rest;
    }
    words.retain(|w| !w.is_empty());
    let some = |what: &str| Test::Known(Condition::some(format!("clients in {}", shorten(what))));
    let condition = match words.as_slice() {
        [] => Test::List(elements(statement.inner())),
        ["any"] => Test::Known(Condition::always()),
        ["none"] => Test::Known(Condition::always().negated()),
        ["localhost" | "localnets"] => Test::Known(Condition::some("clients near the server")),
        ["key", name] => Test::Known(Condition::some(format!("clients with the key {}", shorten(name)))),
        ["geoip", "db", _, rest @ ..] | ["geoip", rest @ ..] => match rest {
            ["country", code] => country(code).map_or_else(|| some(code), |c| Test::Known(Condition::countries(vec![c]))),
            ["continent", code] => Condition::continents(&[code]).map_or_else(|| some(code), Test::Known),
            other => some(&other.join(" ")),
        },
        [one] => match network(one) {
            Some(network) => Test::Known(Condition::networks(vec![network])),
            None => Test::Named((*one).to_owned()),
        },
        other => some(&other.join(" ")),
    };
    Element { negated, condition }
}

/// `10/8` stands for `10.0.0.0/8`.
fn network(text: &str) -> Option<ipnetwork::IpNetwork> {
    if let Ok(network) = text.parse() {
        return Some(network);
    }
    let (address, prefix) = text.split_once('/')?;
    let parts = address.split('.').count();
    let whole = (parts..4).fold(address.to_owned(), |a, _| a + ".0");
    format!("{whole}/{prefix}").parse().ok()
}
