//! Zones of GeoDNS (github.com/abh/geodns 3.x, README "Zone format"; the order of targets is that of `targeting.go`, and which label is
//! answered that of `FindLabels` and `Picker`).
//!
//! A label `www.de` is what clients in Germany get for `www`. Of all labels that fit a client, the most exact one that has records of
//! the type answers: address, AS, region, group of regions, country, continent, everybody. A label without such records is passed
//! over, and so is one of which nothing passes its health check.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ipnetwork::IpNetwork;

use super::build::{Builder, list};
use crate::doc::{Node, json};
use crate::model::Reference;
use crate::read::words::{Vocabulary, Words};
use crate::read::zone::answer::{Answer, Condition, Pick, Target, country};
use crate::read::zone::record::shorten;
use crate::read::zone::{facts, name};
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{Location, Span};

pub struct GeoDnsJson;

const TABLE: &[Words] = &[
    Words { part: "a zone", followed: "data targeting closest", harmless: "serial ttl max_hosts logging contact", refused: "" },
    Words {
        part: "a label",
        followed: "a aaaa cname alias mx ns srv closest health",
        harmless: "txt spf ptr ttl max_hosts",
        refused: "",
    },
];

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

impl Reader for GeoDnsJson {
    fn format(&self) -> &'static str {
        "geodns-zone"
    }

    fn describe(&self) -> &'static str {
        "GeoDNS zones (JSON, github.com/abh/geodns)"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let Some(_) = origin(path) else { return Recognized::No };
        let text = glance(text);
        let has = |key: &str| text.contains(&format!("\"{key}\""));
        let zone = has("data") && (has("max_hosts") || has("targeting") || (has("serial") && has("ttl")));
        let records = ["a", "ns", "cname", "aaaa", "mx"].iter().any(|k| has(k));
        if text.trim_start().starts_with('{') && zone && records && !has("apiVersion") {
            Recognized::Yes
        } else {
            Recognized::No
        }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut document = json::parse(input.text());
        let problems = document.take_problems();
        let named = origin(input.path());
        let zone = named.clone().unwrap_or_default();
        let mut builder = Builder::new(&zone);
        if named.is_none() {
            let message = "a GeoDNS zone is named by its file, and this file is named by no zone".to_owned();
            let help = "name it after its zone, such as `example.com.json`";
            builder.unclear("malformed-line", message, Some(help), Location::new(input.file, Span::default()), None);
        }
        for problem in problems {
            let at = Location::new(input.file, problem.span);
            builder.unclear("syntax", problem.message, Some("GeoDNS keeps the zone as it was before"), at, None);
        }
        let mut reading = Reading::default();
        match document.root().filter(Node::is_map) {
            Some(root) => Zone { input, zone, root }.read(&mut builder),
            None => reading.broken = Some("it is no JSON object".to_owned()),
        }
        reading.facts = facts::facts(&builder.zone, &|_| false);
        reading
    }
}

/// The zone is named by its file.
fn origin(path: &str) -> Option<String> {
    let name = path.rsplit('/').next()?.strip_suffix(".json")?.to_ascii_lowercase();
    let fits = name.contains('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (fits && !name.starts_with('.') && !name.ends_with('.')).then_some(name)
}

/// What a target word picks out, most exact first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ip,
    As,
    Region,
    RegionGroup,
    Country,
    Continent,
    Everybody,
}

struct Zone<'a> {
    input: &'a Input<'a>,
    zone: String,
    root: Node<'a>,
}

/// A label that answers some clients for a name.
struct Label<'a> {
    level: Level,
    condition: Condition,
    data: Node<'a>,
}

impl<'a> Zone<'a> {
    fn at(&self, node: Node<'_>) -> Location {
        Location::new(self.input.file, node.span())
    }

    fn read(&self, builder: &mut Builder) {
        builder.keys(&WORDS, "a zone", self.root, self.input.file, None);
        // Without the option: countries, continents and everybody.
        let targeting = self.root.get("targeting").and_then(|t| t.text()).unwrap_or("@ country continent");
        let levels: Vec<Level> = targeting.split_whitespace().filter_map(level).collect();
        if let Some(word) = targeting.split_whitespace().find(|w| level(w).is_none()) {
            let message = format!("`{}` is no way to target that GeoDNS knows", shorten(word));
            let at = self.root.get("targeting").map_or(self.at(self.root), |t| self.at(t));
            builder.unclear("unknown-directive", message, None, at, None);
        }
        let labels: BTreeMap<String, Node<'a>> = self
            .root
            .get("data")
            .into_iter()
            .flat_map(|d| d.entries())
            .map(|e| (e.name().to_ascii_lowercase(), e.value))
            .collect();
        let mut names: BTreeMap<String, Vec<Label<'a>>> = BTreeMap::new();
        for (label, data) in &labels {
            let of = split(label).and_then(|(base, word)| Some((base, target(word).filter(|(l, _)| levels.contains(l))?)));
            match of {
                // A name below another is what it says only if there is such another; otherwise it may be a name as well.
                Some((base, (level, condition))) => {
                    if base.is_empty() || !labels.contains_key(base) {
                        names.entry(label.clone()).or_default().push(self.everybody(*data));
                    }
                    names.entry(base.to_owned()).or_default().push(Label { level, condition, data: *data });
                }
                None => names.entry(label.clone()).or_default().push(self.everybody(*data)),
            }
        }
        for (label, mut targets) in names {
            targets.sort_by_key(|t| t.level);
            let owner = if label.is_empty() { self.zone.clone() } else { format!("{label}.{}", self.zone) };
            match name::absolute(&owner, Some("")) {
                Ok(owner) => self.name(builder, &owner, &targets),
                Err(why) => {
                    let message = format!("the label `{}` {why}", shorten(&label));
                    builder.unclear("malformed-line", message, None, self.at(targets[0].data), None);
                }
            }
        }
    }

    fn everybody(&self, data: Node<'a>) -> Label<'a> {
        Label { level: Level::Everybody, condition: Condition::always(), data }
    }

    fn name(&self, builder: &mut Builder, owner: &str, targets: &[Label<'_>]) {
        let mut told: Vec<Answer> = Vec::new();
        for target in targets {
            builder.keys(&WORDS, "a label", target.data, self.input.file, Some(owner));
        }
        for kind in ["a", "aaaa", "mx"] {
            let answer = self.answer(builder, owner, kind, targets);
            let Some(answer) = answer else { continue };
            // Where there is only a CNAME, it is the same for each type.
            if !told.contains(&answer) {
                let at = self.at(targets[0].data);
                builder.chosen(owner, &kind.to_ascii_uppercase(), answer.clone(), at);
                told.push(answer);
            }
        }
        for target in targets.iter().filter(|t| t.level == Level::Everybody) {
            let apex = owner == self.zone;
            for ns in target.data.get("ns").filter(|_| apex || target.data.get("ns").is_some()).into_iter().flat_map(values) {
                // What is no text is no name either, which the record tells.
                builder.record(owner, "NS", ns.0.as_deref().unwrap_or(""), "", ns.1.at(self.input));
            }
            for srv in target.data.get("srv").into_iter().flat_map(list) {
                // Left out it is 0; what is no text is no number either, which the record tells.
                let field = |key: &str| srv.get(key).map_or("0", |v| v.text().unwrap_or("?"));
                let host = srv.get("target").and_then(|v| v.text()).unwrap_or("");
                let text = format!("{} {} {} {host}", field("priority"), field("srv_weight"), field("port"));
                builder.record(owner, "SRV", &text, &self.zone, self.at(srv));
            }
        }
    }

    /// What a type of query gets: by the first label that has such records.
    fn answer(&self, builder: &mut Builder, owner: &str, kind: &str, targets: &[Label<'_>]) -> Option<Answer> {
        let mut sets: Vec<(&Label<'_>, Vec<Target>)> = Vec::new();
        for target in targets {
            let mut found = Vec::new();
            for key in ["alias", "cname", kind] {
                for value in target.data.get(key).into_iter().flat_map(values) {
                    match self.host(key, value.0.as_deref(), value.1.at(self.input)) {
                        Some(one) => found.push(one),
                        None => {
                            let message = format!("`{}` is no data for `{key}`", shorten(value.0.as_deref().unwrap_or("")));
                            builder.unclear("malformed-line", message, None, value.1.at(self.input), Some(owner));
                        }
                    }
                }
            }
            if !found.is_empty() {
                sets.push((target, found));
            }
        }
        if sets.is_empty() || (kind == "mx" && sets.iter().all(|(t, _)| t.data.get("mx").is_none())) {
            return None;
        }
        let branches = sets.iter().enumerate().map(|(i, (target, found))| {
            let closest = target.data.get("closest").or(self.root.get("closest")).is_some_and(|c| c.as_bool() == Some(true));
            let pick = if closest { Pick::Closest } else { Pick::Share };
            let answer = if target.data.get("health").is_some() {
                let mut tiers = vec![found.clone()];
                tiers.extend(sets[i + 1..].iter().map(|(_, found)| found.clone()));
                Answer::Tiers { tiers, pick, checks: "no server before it passes its health check".to_owned() }
            } else {
                Answer::Set(found.clone(), pick)
            };
            (target.condition.clone(), answer)
        });
        Some(Answer::Branches(branches.collect()))
    }

    fn host(&self, key: &str, text: Option<&str>, at: Location) -> Option<Target> {
        let text = text?;
        match key {
            "a" | "aaaa" => Target::parse(text, at).filter(|t| matches!(t.to, Reference::Address { .. })),
            "mx" => Target::parse(text, at),
            // Labels of the zone, from its top.
            "alias" => {
                let name = if text.is_empty() { self.zone.clone() } else { format!("{text}.{}", self.zone) };
                Target::parse(&name, at)
            }
            _ => Target::parse(&name::absolute(text, Some(&self.zone)).ok()?, at),
        }
    }
}

/// A value with the node that states it.
struct At<'a>(Node<'a>);

impl At<'_> {
    fn at(&self, input: &Input<'_>) -> Location {
        Location::new(input.file, self.0.span())
    }
}

/// The text of each record: `"x"`, `["x", weight]`, `{"a": "x"}`, and the old form of name servers as keys.
fn values(node: Node<'_>) -> Vec<(Option<String>, At<'_>)> {
    if node.is_null() {
        return Vec::new();
    }
    if node.is_map() {
        let single = ["mx", "cname", "a", "aaaa", "ip", "alias"].iter().find_map(|k| node.get(k));
        return match single {
            Some(value) => vec![(value.text().map(str::to_owned), At(value))],
            None => node.entries().map(|e| (Some(e.name().to_owned()), At(e.key))).collect(),
        };
    }
    let one = |item: Node<'_>| -> Option<String> {
        if item.is_list() {
            return item.items().next().and_then(|v| v.text()).map(str::to_owned);
        }
        if item.is_map() {
            return ["ip", "a", "aaaa", "mx", "cname", "ns"]
                .iter()
                .find_map(|k| item.get(k))
                .and_then(|v| v.text())
                .map(str::to_owned);
        }
        item.text().map(str::to_owned)
    };
    if node.is_list() { node.items().map(|i| (one(i), At(i))).collect() } else { vec![(one(node), At(node))] }
}

fn level(word: &str) -> Option<Level> {
    Some(match word {
        "@" => Level::Everybody,
        "country" => Level::Country,
        "continent" => Level::Continent,
        "regiongroup" => Level::RegionGroup,
        "region" => Level::Region,
        "asn" => Level::As,
        "ip" => Level::Ip,
        _ => return None,
    })
}

/// The name that a label is of, and its last word, which may be an address in brackets.
fn split(label: &str) -> Option<(&str, &str)> {
    if let Some(at) = label.find('[').filter(|_| label.ends_with(']')) {
        let (base, word) = label.split_at(at);
        return Some((base.trim_end_matches('.'), word));
    }
    match label.rsplit_once('.') {
        Some((base, word)) => Some((base, word)),
        None if label.is_empty() => None,
        None => Some(("", label)),
    }
}

const CONTINENTS: [(&str, &str); 7] = [
    ("africa", "AF"),
    ("antarctica", "AN"),
    ("asia", "AS"),
    ("europe", "EU"),
    ("north-america", "NA"),
    ("oceania", "OC"),
    ("south-america", "SA"),
];

fn target(word: &str) -> Option<(Level, Condition)> {
    if let Some(ip) = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')) {
        let ip: std::net::IpAddr = ip.parse().ok()?;
        // An address that ends in zeros is that of its network: a /24, or a /48.
        let prefix = match ip {
            std::net::IpAddr::V4(v4) if v4.octets()[3] == 0 => 24,
            std::net::IpAddr::V4(_) => 32,
            std::net::IpAddr::V6(v6) if v6.segments()[3..] == [0; 5] => 48,
            std::net::IpAddr::V6(_) => 128,
        };
        return Some((Level::Ip, Condition::networks(vec![IpNetwork::new(ip, prefix).ok()?])));
    }
    if let Some((_, code)) = CONTINENTS.iter().find(|(name, _)| *name == word) {
        return Some((Level::Continent, Condition::continents(&[code])?));
    }
    if let Some(number) = word.strip_prefix("as").filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return Some((Level::As, Condition::some(format!("clients of AS{number}"))));
    }
    if let Some((code, part)) = word.split_once('-').filter(|(code, _)| code.len() == 2) {
        let whole = country(code)?;
        let group = matches!(code, "us" | "ru") && part.len() > 3 || matches!(part, "west" | "east");
        let level = if group { Level::RegionGroup } else { Level::Region };
        return Some((level, Condition::part_of(whole, format!("clients in {word}"))));
    }
    if word.len() == 2 {
        return Some((Level::Country, Condition::countries(vec![country(word)?])));
    }
    None
}
