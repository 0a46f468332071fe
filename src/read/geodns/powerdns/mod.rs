//! The zones of PowerDNS's GeoIP backend (PowerDNS Authoritative 4.2 to 5.0, "GeoIP backend / Zonefile format", and `format2str` and
//! `lookup` of `geoipbackend.cc` where the text is silent).
//!
//! A service is a name that the server makes another name of for each client: `%cc.www.example.com`. Here it is made for every country
//! in turn, and the names that exist are the ways, each for its countries. What depends on more than the country (region, city, AS)
//! may be any name that fits. Clients whom the server's database does not know get `unknown`, and may be anybody.

mod expand;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use expand::{Domain, Outcome, Who};

use super::build::{Builder, list};
use super::merge;
use crate::doc::{Node, yaml};
use crate::model::{Country, Facts};
use crate::read::words::{Vocabulary, Words};
use crate::read::zone::answer::{Answer, Condition, Pick, Target, listed};
use crate::read::zone::record::{known_type, shorten};
use crate::read::zone::{facts, lua, name};
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::Location;
use crate::vocab::places;

pub struct PowerDns;

const TABLE: &[Words] = &[
    Words {
        part: "the file",
        followed: "domains zone mapping_lookup_formats custom_mapping zones_dir",
        harmless: "",
        refused: "",
    },
    Words {
        part: "a domain",
        followed: "domain records services mapping_lookup_formats custom_mapping",
        harmless: "ttl",
        refused: "",
    },
    Words { part: "a record", followed: "content", harmless: "ttl weight", refused: "" },
];

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

/// Names tried for all services of a file together.
const MAX_WORK: usize = 20_000_000;

impl Reader for PowerDns {
    fn format(&self) -> &'static str {
        "powerdns-geoip"
    }

    fn describe(&self) -> &'static str {
        "zones of PowerDNS's GeoIP backend (YAML), with their LUA records"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        if ![".yaml", ".yml", ".yaml.j2", ".yml.j2"].iter().any(|end| name.ends_with(end)) {
            return Recognized::No;
        }
        let text = glance(text);
        let top = |key: &str| text.lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
        let inner = |key: &str| {
            text.lines().any(|l| {
                let word = l.trim_start().trim_start_matches("- ").trim_start();
                word.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')) && !l.starts_with(key)
            })
        };
        let holds = (top("domains") || top("zone")) && inner("domain") && (inner("records") || inner("services"));
        if holds && !top("apiVersion") { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input)
    }
}

fn read(input: &Input<'_>) -> Reading {
    let mut document = yaml::parse(input.text());
    let mut builder = Builder::default();
    let problems = document.take_problems();
    if let Some(at) = template(input) {
        let message =
            "this is a template, not yet a zone file: what stands in `{{ }}` and `{% %}` is filled in by another tool";
        let help = "render the template first and give onshore the result";
        builder.unclear("template-not-rendered", message.to_owned(), Some(help), at, None);
        let facts = facts::facts(&builder.zone, &|_| false);
        return Reading { facts, ..Reading::default() };
    }
    let mut reading = Reading::default();
    for problem in &problems {
        let at = Location::new(input.file, problem.span);
        builder.unclear("syntax", problem.message.clone(), Some("what stands behind may be missing"), at, None);
    }
    let Some(root) = document.root().filter(Node::is_map) else {
        let facts = facts::facts(&builder.zone, &|_| false);
        return Reading { facts, broken: Some("there is no map of `domains` in it".to_owned()), ..Reading::default() };
    };
    let file = File { input, root };
    builder.keys(&WORDS, "the file", root, input.file, None);
    if let Some(folder) = root.entry("zones_dir") {
        file.zones_dir(&mut builder, folder.value);
    }
    let domains: Vec<Node<'_>> = root.get("domains").into_iter().flat_map(|d| d.items()).chain(root.get("zone")).collect();
    let mut work = MAX_WORK;
    let mut all = Facts::default();
    for domain in domains {
        merge(&mut all, file.domain(domain, &mut work));
    }
    merge(&mut all, facts::facts(&builder.zone, &|_| false));
    reading.facts = all;
    reading
}

/// Where the text shows that it is a template: `{% ... %}`, or a word in double braces. Lua has tables in tables: `{{'...'}}`.
fn template(input: &Input<'_>) -> Option<Location> {
    let text = input.text();
    let is_expression = |at: usize| {
        let inner = text.get(at + 2..).and_then(|rest| rest.split(['{', '}']).next()).unwrap_or("");
        let closes = text.get(at + 2 + inner.len()..).is_some_and(|rest| rest.starts_with("}}"));
        closes && inner.trim_start().starts_with(|c: char| c.is_alphabetic() || c == '_')
    };
    let expression = text.match_indices("{{").map(|(at, _)| at).find(|at| is_expression(*at));
    let at = text.find("{%").into_iter().chain(expression).min()?;
    Some(Location::new(input.file, crate::source::Span::new(at, at + 2)))
}

struct File<'a> {
    input: &'a Input<'a>,
    root: Node<'a>,
}

impl File<'_> {
    fn at(&self, node: Node<'_>) -> Location {
        Location::new(self.input.file, node.span())
    }

    /// Further files, each with one `zone`: they are read by themselves if they are there.
    fn zones_dir(&self, builder: &mut Builder, folder: Node<'_>) {
        let path = folder.text().unwrap_or("").trim_end_matches('/');
        let last = path.rsplit('/').next().unwrap_or(path);
        let inside = |file: &str| file.rsplit_once('/').is_some_and(|(at, _)| at == last || at.ends_with(&format!("/{last}")));
        if last.is_empty() || !self.input.sources.iter().any(|(_, s)| inside(&s.path)) {
            let message = format!("further zones stand in the folder `{}`, of which no file is in the project", shorten(path));
            let help = "add the folder to the project, by the same name";
            builder.unclear("missing-include", message, Some(help), self.at(folder), None);
        }
    }

    fn domain(&self, node: Node<'_>, work: &mut usize) -> Facts {
        let name = |node: Node<'_>| name::absolute(node.text().unwrap_or(""), Some(""));
        let origin = node.get("domain").map(|d| (name(d), d));
        let mut builder = Builder::default();
        builder.keys(&WORDS, "a domain", node, self.input.file, None);
        let origin = match origin {
            Some((Ok(origin), _)) => origin,
            Some((Err(why), at)) => {
                builder.unclear("malformed-line", format!("the domain's name {why}"), None, self.at(at), None);
                return facts::facts(&builder.zone, &|_| false);
            }
            None => {
                let message = "this domain has no name, so the server does not load it".to_owned();
                builder.unclear("malformed-line", message, Some("give it a `domain`"), self.at(node), None);
                return facts::facts(&builder.zone, &|_| false);
            }
        };
        builder.zone.origin = Some(origin.clone());
        let setting = |key: &str| node.get(key).or_else(|| self.root.get(key));
        let mapped = setting("custom_mapping");
        let lookups = setting("mapping_lookup_formats");
        let values = mapped.into_iter().flat_map(|m| m.entries()).map(|e| e.value);
        let odd = mapped.filter(|m| !m.is_map()).into_iter().chain(lookups.filter(|f| !f.is_list()));
        let odd = odd.chain(values.chain(lookups.into_iter().flat_map(|f| f.items())).filter(|v| v.text().is_none()));
        for node in odd {
            let message = "this is no text that a name can be made of, and the server does not load the domain".to_owned();
            builder.unclear("malformed-line", message, None, self.at(node), None);
        }
        let text = |node: Node<'_>| node.text().unwrap_or("").to_owned();
        // Names that are none are told below.
        let owners = |key: &str| -> BTreeSet<String> {
            node.get(key).into_iter().flat_map(|n| n.entries()).filter_map(|e| name(e.key).ok()).collect()
        };
        let domain = Domain {
            names: owners("records"),
            services: owners("services"),
            origin,
            formats: lookups.into_iter().flat_map(|f| f.items()).map(text).collect(),
            mapping: mapped.into_iter().flat_map(|m| m.entries()).map(|e| (e.name().to_owned(), text(e.value))).collect(),
        };
        for entry in node.get("records").into_iter().flat_map(|r| r.entries()) {
            match name(entry.key) {
                Ok(owner) => self.records(&mut builder, &domain, &owner, entry.value, work),
                Err(why) => {
                    builder.unclear(
                        "malformed-line",
                        format!("the owner `{}` {why}", shorten(entry.name())),
                        None,
                        self.at(entry.key),
                        None,
                    );
                }
            }
        }
        for entry in node.get("services").into_iter().flat_map(|r| r.entries()) {
            match name(entry.key) {
                Ok(owner) => {
                    let answer = self.service(&domain, entry.value, work);
                    builder.chosen(&owner, "service", answer, self.at(entry.key));
                }
                Err(why) => {
                    builder.unclear(
                        "malformed-line",
                        format!("the service `{}` {why}", shorten(entry.name())),
                        None,
                        self.at(entry.key),
                        None,
                    );
                }
            }
        }
        lua::settle(&mut builder.zone, self.input.sources);
        facts::facts(&builder.zone, &|_| false)
    }

    /// `- a: 192.0.2.1`, or `- a: {content: ..., weight: ...}`: one of several with weights is answered, so any may be.
    fn records(&self, builder: &mut Builder, domain: &Domain, owner: &str, all: Node<'_>, work: &mut usize) {
        for item in all.items() {
            for (i, entry) in item.entries().enumerate() {
                let at = self.at(entry.key);
                if i > 0 {
                    // The server takes the first key of each item.
                    let message = format!(
                        "`{}` stands beside another record in one item, and the server ignores it",
                        shorten(entry.name())
                    );
                    builder.unclear("malformed-line", message, Some("begin it with a dash of its own"), at, Some(owner));
                    continue;
                }
                let content = if entry.value.is_map() {
                    builder.keys(&WORDS, "a record", entry.value, self.input.file, Some(owner));
                    entry.value.get("content")
                } else {
                    Some(entry.value)
                };
                let Some(content) = content.filter(|c| !c.is_null()) else {
                    let message = format!("the {} record of `{owner}` says nothing", shorten(entry.name()));
                    builder.unclear("malformed-line", message, None, at, Some(owner));
                    continue;
                };
                let (kind, text) = (entry.name(), content.text().unwrap_or(""));
                let at = self.at(content);
                match known_type(kind) {
                    Some("TXT" | "SPF" | "LOC") => {}
                    Some("LUA") => builder.record(owner, kind, text, "", at),
                    Some("CNAME") if text.contains('%') => {
                        let answer = self.expanded(domain, &[text.to_owned()], at, work, false);
                        builder.chosen(owner, "CNAME", answer, at);
                    }
                    _ if text.contains('%') => {
                        let why = format!("`{}` is filled in for each query", shorten(text));
                        builder.chosen(
                            owner,
                            kind,
                            Answer::Unknown { why, help: Some(super::DECLARE.to_owned()), location: at },
                            at,
                        );
                    }
                    _ => builder.record(owner, kind, text, "", at),
                }
            }
        }
    }

    fn service(&self, domain: &Domain, value: Node<'_>, work: &mut usize) -> Answer {
        let mut expanded = |node: Node<'_>| {
            let formats: Option<Vec<String>> = list(node).into_iter().map(|f| f.text().map(str::to_owned)).collect();
            match formats.filter(|f| !f.is_empty()) {
                Some(formats) => self.expanded(domain, &formats, self.at(node), work, true),
                None => Answer::Unknown { why: "it is made of no name".to_owned(), help: None, location: self.at(node) },
            }
        };
        if !value.is_map() {
            return expanded(value);
        }
        let (mut networks, mut broken) = (Vec::new(), Vec::new());
        let mut otherwise = Answer::Nothing;
        for entry in value.entries() {
            let answer = expanded(entry.value);
            match entry.name().parse::<ipnetwork::IpNetwork>() {
                _ if entry.name() == "default" => otherwise = answer,
                Ok(network) => networks.push((network, answer)),
                Err(_) => {
                    let why = format!("`{}` is no network", shorten(entry.name()));
                    broken.push((Condition::always(), Answer::Unknown { why, help: None, location: self.at(entry.key) }));
                }
            }
        }
        // The longest network that fits is taken.
        networks.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix()));
        let mut branches: Vec<(Condition, Answer)> =
            networks.into_iter().map(|(network, answer)| (Condition::networks(vec![network]), answer)).collect();
        branches.push((Condition::always(), otherwise));
        let answers = broken.into_iter().map(|b| Answer::Branches(vec![b]));
        Answer::Each(answers.chain([Answer::Branches(branches)]).collect())
    }

    /// The names that formats come to, for every country and for clients of none. `direct`: names that are records of the domain are
    /// answered themselves, in the order of the formats; else the one format is a CNAME.
    fn expanded(&self, domain: &Domain, formats: &[String], at: Location, work: &mut usize, direct: bool) -> Answer {
        let mut outcomes: BTreeMap<Outcome, (BTreeSet<Country>, bool)> = BTreeMap::new();
        let mut unknown_clients: BTreeSet<Outcome> = BTreeSet::new();
        let countries: Vec<Country> = places::all_countries().collect();
        for who in countries.iter().flat_map(|c| Who::all(*c)).chain([Who::default()]) {
            if *work == 0 {
                let why = "it has more names than can be gone through".to_owned();
                return Answer::Unknown { why, help: None, location: at };
            }
            for (outcome, surely) in domain.outcomes(formats, who, work, direct) {
                match who.country {
                    Some(country) => {
                        let (all, sure) = outcomes.entry(outcome).or_insert((BTreeSet::new(), true));
                        all.insert(country);
                        *sure &= surely;
                    }
                    None => _ = unknown_clients.insert(outcome),
                }
            }
        }
        let mut answers = Vec::new();
        let everybody = |all: &BTreeSet<Country>| all.len() == countries.len();
        let mut outside: Vec<String> = Vec::new();
        for (outcome, (all, sure)) in &outcomes {
            let Outcome::Name(name, inside) = outcome else { continue };
            let Some(target) = Target::parse(name, at) else { continue };
            if !inside && !everybody(all) {
                outside.push(name.clone());
                continue;
            }
            let answer = Answer::Set(vec![target], Pick::All);
            let list: Vec<Country> = all.iter().copied().collect();
            let condition = if everybody(all) {
                if *sure { Condition::always() } else { Condition::some("clients chosen by region, city or network") }
            } else if list.len() * 2 > countries.len() {
                let rest: Vec<Country> = countries.iter().copied().filter(|c| !all.contains(c)).collect();
                Condition::countries(rest).negated()
            } else {
                let mut condition = Condition::countries(list.clone());
                if !sure {
                    condition.text = format!("some of the clients in {}", listed(&list));
                }
                condition
            };
            answers.push(Answer::Branches(vec![(condition, answer)]));
        }
        for outcome in unknown_clients {
            let everywhere = outcomes.get(&outcome).is_some_and(|(all, _)| everybody(all));
            if let Outcome::Name(name, true) = &outcome
                && !everywhere
                && let Some(target) = Target::parse(name, at)
            {
                let condition = Condition::some("clients that the server's database does not know");
                answers.push(Answer::Branches(vec![(condition, Answer::Set(vec![target], Pick::All))]));
            }
        }
        if outcomes.keys().any(|o| *o == Outcome::Elsewhere) || !outside.is_empty() {
            let example = outside.first().or(formats.last()).map_or("", String::as_str);
            let why = format!(
                "clients are sent to names outside the domain that are made for each of them, such as `{}`",
                shorten(example)
            );
            answers.push(Answer::Unknown { why, help: Some("add records for them under `records`".to_owned()), location: at });
        }
        Answer::Each(answers)
    }
}
