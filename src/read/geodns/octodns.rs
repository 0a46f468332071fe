//! octoDNS zones (YAML): plain records, the `dynamic` ones (octoDNS 1.x, "Dynamic Record Support") and the older `geo` form.
//!
//! Which service answers in the end, and with what exactness, is up to the provider that a zone is pushed to; the rules are read as
//! that chapter gives them: the first rule that fits a client decides, a pool falls to its `fallback` when all of it fails, and with
//! everything down the record's plain `values` answer. These also answer where a provider knows no dynamic records.
//!
//! A zone may be kept in pieces (`example.com._0_base.yaml`); those of one folder are read together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::build::{Builder, list};
use crate::doc::{Document, Node, yaml};
use crate::read::words::{Vocabulary, Words};
use crate::read::zone::answer::{Answer, Condition, Pick, Target, country};
use crate::read::zone::record::{known_type, shorten};
use crate::read::zone::{facts, name};
use crate::read::{Input, Reader, Reading, Recognized, Set, glance, paths};
use crate::source::{Location, SourceId};

pub struct OctoDns;

const TABLE: &[Words] = &[
    Words { part: "a record", followed: "type value values dynamic geo octodns", harmless: "ttl comment", refused: "" },
    Words {
        part: "`octodns`",
        followed: "ignored",
        harmless: "healthcheck lenient cloudflare route53 ns1 azuredns dyn",
        refused: "included excluded",
    },
    Words { part: "`dynamic`", followed: "pools rules", harmless: "", refused: "" },
    Words { part: "a pool", followed: "values fallback", harmless: "", refused: "" },
    Words { part: "a value", followed: "value status", harmless: "weight", refused: "" },
    Words { part: "a rule", followed: "geos pool subnets", harmless: "", refused: "" },
];

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

impl Reader for OctoDns {
    fn format(&self) -> &'static str {
        "octodns"
    }

    fn describe(&self) -> &'static str {
        "octoDNS zones (YAML), with dynamic records"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        if !name.ends_with(".yaml") && !name.ends_with(".yml") {
            return Recognized::No;
        }
        let text = glance(text);
        let top = |key: &str| text.lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
        if top("apiVersion") {
            return Recognized::No;
        }
        if top("providers") && text.contains("class: octodns") {
            return Recognized::Yes;
        }
        let (mut kind, mut data) = (false, false);
        for line in text.lines().filter(|l| l.starts_with([' ', '-', ':'])) {
            let word = line.trim_start_matches([' ', '-', ':']);
            kind |= word.strip_prefix("type:").is_some_and(|t| {
                let t = t.trim().trim_matches(['\'', '"']);
                t.len() <= 6 && t.bytes().all(|b| b.is_ascii_uppercase()) && known_type(t).is_some()
            });
            data |= ["value:", "values:", "dynamic:", "geo:"].iter().any(|k| word.starts_with(k));
        }
        match (kind && data, origin(path).is_some()) {
            (true, true) => Recognized::Yes,
            _ => Recognized::No,
        }
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        let mut zones: BTreeMap<(String, String), Vec<SourceId>> = BTreeMap::new();
        let mut readings = Vec::new();
        for id in set.files {
            let path = &set.sources.get(*id).path;
            let folder = paths::folder(path).to_owned();
            match origin(path) {
                Some(zone) => zones.entry((folder, zone)).or_default().push(*id),
                None => readings.push((*id, config(&set.input(*id)))),
            }
        }
        readings.extend(zones.into_iter().map(|((_, zone), files)| (files[0], read(set, &zone, &files))));
        readings.sort_by_key(|(id, _)| *id);
        Some(readings)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        match origin(input.path()) {
            Some(zone) => {
                let set = Set { sources: input.sources, files: &[input.file], settings: input.settings };
                read(&set, &zone, &[input.file])
            }
            None => config(input),
        }
    }
}

/// `unit.tests.yaml`, `k8s.io._1_canary.yaml`: the zone's name.
fn origin(path: &str) -> Option<String> {
    let name = path.rsplit('/').next()?.to_ascii_lowercase();
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))?;
    let stem = stem.split("._").next().unwrap_or(stem).trim_end_matches('.');
    let fits = stem.contains('.') && stem.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'));
    (fits && !stem.starts_with('.') && !stem.contains("..")).then(|| stem.to_owned())
}

/// The program's own configuration: where zones come from and go to. Sources other than files are not read.
fn config(input: &Input<'_>) -> Reading {
    let document = yaml::parse(input.text());
    let mut builder = Builder::default();
    for problem in document.problems() {
        let at = Location::new(input.file, problem.span);
        builder.unclear("syntax", problem.message.clone(), None, at, None);
    }
    let files: BTreeSet<&str> = document
        .root()
        .and_then(|r| r.get("providers"))
        .into_iter()
        .flat_map(|p| p.entries())
        .filter(|e| e.value.get("class").and_then(|c| c.text()).is_some_and(|c| c.contains(".yaml.")))
        .map(|e| e.name())
        .collect();
    for zone in document.root().and_then(|r| r.get("zones")).into_iter().flat_map(|z| z.entries()) {
        let name = zone.name().trim_end_matches('.');
        for source in zone.value.get("sources").into_iter().flat_map(|s| s.items()) {
            let given = source.text().unwrap_or("");
            if !files.contains(given) {
                let message = format!("the zone `{}` is taken from `{}`, which is no file", shorten(name), shorten(given));
                let at = Location::new(input.file, source.span());
                let owner = (!name.contains('*') && !name.is_empty()).then_some(name);
                builder.unclear(
                    "missing-include",
                    message,
                    Some("dump the zone into a file (`octodns-dump`) and add it"),
                    at,
                    owner,
                );
            }
        }
    }
    Reading { facts: facts::facts(&builder.zone, &|_| false), ..Reading::default() }
}

fn read(set: &Set<'_>, zone: &str, files: &[SourceId]) -> Reading {
    let documents: Vec<(SourceId, Document<'_>)> =
        files.iter().map(|id| (*id, yaml::parse(&set.sources.get(*id).text))).collect();
    let mut builder = Builder::new(zone);
    let mut reading = Reading::default();
    for (id, document) in &documents {
        for problem in document.problems() {
            let at = Location::new(*id, problem.span);
            builder.unclear("syntax", problem.message.clone(), Some("what stands behind may be missing"), at, None);
        }
        let mut file = File { builder: &mut builder, zone, file: *id };
        for root in document.roots() {
            for entry in root.entries() {
                let owner = match entry.name() {
                    "" | "@" => Ok(zone.to_owned()),
                    label => name::absolute(label, Some(zone)),
                };
                match owner {
                    Ok(owner) => list(entry.value).into_iter().for_each(|record| file.record(&owner, record, entry.key)),
                    Err(why) => {
                        let at = file.at(entry.key);
                        let message = format!("the name `{}` {why}", shorten(entry.name()));
                        file.builder.unclear("malformed-line", message, None, at, None);
                    }
                }
            }
        }
    }
    reading.facts = facts::facts(&builder.zone, &|_| false);
    reading.included = files.iter().skip(1).copied().collect();
    reading
}

struct File<'a> {
    builder: &'a mut Builder,
    zone: &'a str,
    file: SourceId,
}

impl File<'_> {
    fn at(&self, node: Node<'_>) -> Location {
        Location::new(self.file, node.span())
    }

    fn record(&mut self, owner: &str, record: Node<'_>, key: Node<'_>) {
        let Some(kind) = record.get("type").and_then(|t| t.text()) else {
            let at = self.at(key);
            let message = format!("the record of `{owner}` has no type");
            return self.builder.unclear("malformed-line", message, None, at, Some(owner));
        };
        if matches!(known_type(kind), Some("TXT" | "SPF" | "CAA" | "SSHFP" | "LOC" | "PTR" | "TLSA" | "DS")) {
            return;
        }
        if record.path(&["octodns", "ignored"]).and_then(|i| i.as_bool()) == Some(true) {
            return;
        }
        self.builder.keys(&WORDS, "a record", record, self.file, Some(owner));
        if let Some(own) = record.get("octodns") {
            self.builder.keys(&WORDS, "`octodns`", own, self.file, Some(owner));
        }
        let values: Vec<Node<'_>> = record.get("values").or(record.get("value")).map(list).unwrap_or_default();
        if let Some(dynamic) = record.get("dynamic") {
            let answer = self.dynamic(owner, dynamic, &values);
            let at = self.at(dynamic);
            return self.builder.chosen(owner, kind, answer, at);
        }
        if let Some(geo) = record.get("geo") {
            let answer = self.geo(geo, &values);
            let at = self.at(geo);
            return self.builder.chosen(owner, kind, answer, at);
        }
        for value in values {
            let at = self.at(value);
            match data(kind, value) {
                // Names are written in full; those that are not are relative to the zone.
                Some(text) => self.builder.record(owner, kind, &text, self.zone, at),
                None => {
                    let message = format!("what the {} record of `{owner}` says is not followed", shorten(kind));
                    self.builder.unclear("unfollowed-record", message, Some(super::DECLARE), at, Some(owner));
                }
            }
        }
    }

    fn targets(&self, values: &[Node<'_>]) -> Result<Vec<Target>, Location> {
        let one = |v: &Node<'_>| v.text().and_then(|t| Target::parse(t, self.at(*v))).ok_or(self.at(*v));
        values.iter().map(one).collect()
    }

    fn dynamic(&mut self, owner: &str, dynamic: Node<'_>, values: &[Node<'_>]) -> Answer {
        self.builder.keys(&WORDS, "`dynamic`", dynamic, self.file, Some(owner));
        let pools = dynamic.get("pools");
        for pool in pools.into_iter().flat_map(|p| p.entries()) {
            self.builder.keys(&WORDS, "a pool", pool.value, self.file, Some(owner));
            for value in pool.value.get("values").into_iter().flat_map(|v| v.items()).filter(Node::is_map) {
                self.builder.keys(&WORDS, "a value", value, self.file, Some(owner));
            }
        }
        let unknown = |why: String, location| Answer::Unknown { why, help: None, location };
        let last = match self.targets(values) {
            Ok(targets) => targets,
            Err(at) => return unknown("a value is no address or host name".to_owned(), at),
        };
        let mut branches = Vec::new();
        for rule in dynamic.get("rules").into_iter().flat_map(|r| r.items()) {
            self.builder.keys(&WORDS, "a rule", rule, self.file, Some(owner));
            let Some(pool) = rule.get("pool") else {
                branches.push((Condition::always(), unknown("a rule names no pool".to_owned(), self.at(rule))));
                continue;
            };
            let mut tiers = Vec::new();
            let mut seen = BTreeSet::new();
            let mut next = Some(pool.text().unwrap_or(""));
            let mut problem = None;
            while let Some(name) = next.filter(|n| seen.insert((*n).to_owned())) {
                let Some(pool_node) = pools.and_then(|p| p.get(name)) else {
                    problem = Some(unknown(format!("there is no pool `{}`", shorten(name)), self.at(pool)));
                    break;
                };
                let members: Vec<Node<'_>> = pool_node
                    .get("values")
                    .into_iter()
                    .flat_map(list)
                    // `status: down` is never served.
                    .filter(|v| v.get("status").and_then(|s| s.text()) != Some("down"))
                    .map(|v| v.get("value").unwrap_or(v))
                    .collect();
                match self.targets(&members) {
                    Ok(targets) if targets.is_empty() && pool_node.get("values").is_none() => {
                        problem = Some(unknown(format!("the pool `{}` has no values", shorten(name)), self.at(pool_node)));
                    }
                    Ok(targets) => tiers.push(targets),
                    Err(at) => problem = Some(unknown("a value is no address or host name".to_owned(), at)),
                }
                // What is no text is the name of no pool.
                next = pool_node.get("fallback").filter(|f| !f.is_null()).map(|f| f.text().unwrap_or(""));
            }
            if !last.is_empty() {
                tiers.push(last.clone());
            }
            let checks = "everything before it fails its health checks".to_owned();
            let answer =
                Answer::Each([Answer::Tiers { tiers, pick: Pick::Share, checks }].into_iter().chain(problem).collect());
            branches.push((self.rule(rule), answer));
        }
        if branches.is_empty() {
            return unknown("it has no rules".to_owned(), self.at(dynamic));
        }
        Answer::Branches(branches)
    }

    /// Whom a rule takes: networks and places are both required to fit where both are given.
    fn rule(&mut self, rule: Node<'_>) -> Condition {
        // What is no code is some place, not every place.
        let geos = rule.get("geos").map(|g| {
            let places = list(g).into_iter().map(|g| place(g.text().unwrap_or("?")));
            places.reduce(Condition::or).unwrap_or_else(|| Condition::some("clients of no place"))
        });
        let subnets = rule.get("subnets").map(|s| {
            let networks: Option<Vec<_>> = list(s).into_iter().map(|n| n.text().and_then(|t| t.parse().ok())).collect();
            networks.filter(|n| !n.is_empty()).map_or_else(|| Condition::some("clients in some networks"), Condition::networks)
        });
        match (geos, subnets) {
            (Some(geos), Some(subnets)) => geos.and(subnets),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Condition::always(),
        }
    }

    /// The old form: `AF: [...]`, the most exact place first, and the plain values for the rest.
    fn geo(&mut self, geo: Node<'_>, values: &[Node<'_>]) -> Answer {
        let mut places: Vec<(usize, Condition, Answer)> = Vec::new();
        for entry in geo.entries() {
            let members = list(entry.value);
            let answer = match self.targets(&members) {
                Ok(targets) => Answer::Set(targets, Pick::All),
                Err(at) => Answer::Unknown { why: "a value is no address".to_owned(), help: None, location: at },
            };
            places.push((entry.name().matches('-').count(), place(entry.name()), answer));
        }
        places.sort_by_key(|(exactness, _, _)| std::cmp::Reverse(*exactness));
        let rest = match self.targets(values) {
            Ok(targets) => Answer::Set(targets, Pick::All),
            Err(at) => Answer::Unknown { why: "a value is no address".to_owned(), help: None, location: at },
        };
        let mut branches: Vec<(Condition, Answer)> = places.into_iter().map(|(_, c, a)| (c, a)).collect();
        branches.push((Condition::always(), rest));
        Answer::Branches(branches)
    }
}

/// `NA`, `NA-US`, `NA-US-CA`.
fn place(code: &str) -> Condition {
    let parts: Vec<&str> = code.split('-').collect();
    let some = || Condition::some(format!("clients in `{}`", shorten(code)));
    match parts.as_slice() {
        [continent] => Condition::continents(&[continent]).unwrap_or_else(some),
        [_, code] => country(code).map_or_else(some, |c| Condition::countries(vec![c])),
        [_, whole, _] => country(whole).map_or_else(some, |c| {
            Condition::part_of(c, format!("clients in {}", code.split_once('-').map_or(code, |(_, c)| c)))
        }),
        _ => some(),
    }
}

/// The data of one value, as a master file writes it.
fn data(kind: &str, value: Node<'_>) -> Option<String> {
    if !value.is_map() {
        return value.text().map(str::to_owned);
    }
    let field = |keys: &[&str]| keys.iter().find_map(|k| value.get(k)).and_then(|v| v.text());
    Some(match kind {
        "MX" => format!("{} {}", field(&["preference", "priority"])?, field(&["exchange", "value"])?),
        "SRV" => format!("{} {} {} {}", field(&["priority"])?, field(&["weight"])?, field(&["port"])?, field(&["target"])?),
        "NAPTR" => "0 0 \"\" \"\" \"\" .".to_owned(),
        "SVCB" | "HTTPS" => {
            let mut text = format!("{} {}", field(&["svcpriority"])?, field(&["targetname"])?);
            for hints in ["ipv4hint", "ipv6hint"] {
                if let Some(given) = value.path(&["svcparams", hints]) {
                    let given: Vec<&str> = list(given).into_iter().map(|h| h.text().unwrap_or("")).collect();
                    text.push_str(&format!(" {hints}={}", given.join(",")));
                }
            }
            text
        }
        _ => return None,
    })
}
