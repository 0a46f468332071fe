//! Knot DNS's knot.conf (Knot DNS 3.5, "Configuration Reference", and "geoip — Geography-based responses" with `find_best_view` of
//! `geoip.c` where the text is silent): zones with their files, where they are copied, and what `mod-geoip` answers whom.
//!
//! | item | becomes |
//! |---|---|
//! | `zone` with `file` and `storage`, and those of its template | the zone file, read by itself |
//! | `mod-geoip` of a zone | the zone is read here: for a name of `config-file` the view that fits a client best replaces the zone's records; by weight, any view may answer |
//! | `notify`, `acl` with `transfer` | routes along which zones are copied out; they carry nobody's data |
//! | `master` without a file, `zonefile-load: none`, `acl` with `update`, other modules that answer | a gap on the names of the zone |
//! | `mod-dnsproxy`, `mod-dnstap` | routes from the server with what a query tells of who asks |
//!
//! The text is read as YAML, of which it is a part. Keys, signing and times say nothing of places.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::build::{Builder, MAX_FILES, list};
use super::merge;
use super::views::together;
use crate::doc::{Document, Node, yaml};
use crate::model::{Activity, Facts, GapScope, Reference, Unread};
use crate::read::proxy::block::Files;
use crate::read::words::{Effect, Vocabulary, Words};
use crate::read::zone::answer::{Condition, country};
use crate::read::zone::collect::{Collected, collect_as};
use crate::read::zone::record::{Data, Record, known_type, shorten};
use crate::read::zone::{facts, name};
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{Location, SourceId};

const TABLE: &[Words] = &[
    Words {
        part: "the configuration",
        followed: "acl include mod-dnsproxy mod-dnstap mod-geoip remote remotes template zone",
        harmless: "control database dnskey-sync external key keystore log mod-authsignal mod-cookies mod-noudp mod-onlinesign mod-probe \
            mod-queryacl mod-rrl mod-stats mod-synthrecord mod-whoami module policy server statistics stats submission xdp",
        refused: "clear",
    },
    Words {
        part: "a zone",
        followed: "acl domain file global-module id master module notify storage template zonefile-load zone-db-input catalog-role",
        harmless: "adjust-threads catalog-group catalog-template catalog-zone comment ddns-master default-ttl deleg-aware \
            dnssec-metadata-db dnssec-policy dnssec-signing dnssec-validation ds-push expire-max-interval expire-min-interval \
            external-validation ixfr-benevolent ixfr-by-one ixfr-from-axfr journal-content journal-max-depth journal-max-usage \
            master-pin-tolerance notify-delay provide-ixfr refresh-jitter refresh-max-interval refresh-min-interval \
            retry-max-interval retry-min-interval reverse-generate semantic-checks serial-modulo serial-policy update-delay \
            zone-db-output zonefile-skip zonefile-sync zonemd-generate zonemd-verify",
        refused: "include-from",
    },
    Words {
        part: "a remote",
        followed: "address id remote",
        harmless: "automatic-acl block-notify-after-transfer cert-hostname cert-key comment key no-edns quic tls via",
        refused: "",
    },
    Words {
        part: "an access rule",
        followed: "action address deny id remote",
        harmless: "cert-hostname cert-key comment key protocol update-owner update-owner-match update-owner-name update-type",
        refused: "",
    },
    Words {
        part: "`mod-geoip`",
        followed: "config-file geodb-key id mode",
        harmless: "comment dnssec geodb-file policy ttl",
        refused: "",
    },
    Words {
        part: "`mod-dnsproxy`",
        followed: "id remote",
        harmless: "address catch-nxdomain comment fallback timeout",
        refused: "",
    },
    Words {
        part: "`mod-dnstap`",
        followed: "id sink",
        harmless: "comment identity log-queries log-responses qname-filter responses-with-queries version",
        refused: "",
    },
    Words {
        part: "Knot DNS",
        followed: "mod-dnsproxy mod-dnstap mod-geoip",
        harmless: "mod-authsignal mod-cookies mod-noudp mod-onlinesign mod-probe mod-queryacl mod-rrl mod-stats mod-whoami",
        refused: "mod-synthrecord",
    },
];

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

/// Where Knot DNS keeps its files.
const PREFIXES: &[&str] = &["/etc/knot/", "/usr/local/etc/knot/", "/var/lib/knot/"];

pub struct Knot;

impl Reader for Knot {
    fn format(&self) -> &'static str {
        "knot"
    }

    fn describe(&self) -> &'static str {
        "Knot DNS knot.conf: zones, transfers, answers by place (mod-geoip)"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    /// By name, or by zones with a `domain` beside other sections of its own.
    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let text = glance(text);
        let top = |key: &str| text.lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
        let zones = top("zone") || top("template") || top("mod-geoip");
        let inner =
            |key: &str| text.lines().any(|l| l.trim_start().trim_start_matches("- ").starts_with(key) && !l.starts_with(key));
        let ours = top("zone") && inner("domain:") && !inner("records:") && !inner("services:");
        if matches!(name.as_str(), "knot.conf" | "knotd.conf") && (zones || top("server")) {
            return Recognized::Yes;
        }
        let fits = name.ends_with(".conf") || name.ends_with(".conf.sample");
        if fits && (ours || top("mod-geoip") && inner("config-file:")) { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input)
    }
}

/// A map of a list, in its file.
#[derive(Clone, Copy)]
struct Item<'d> {
    node: Node<'d>,
    file: SourceId,
}

impl<'d> Item<'d> {
    fn at(&self, node: Node<'_>) -> Location {
        Location::new(self.file, node.span())
    }

    fn text(&self, key: &str) -> Option<&'d str> {
        self.node.get(key).and_then(|n| n.text())
    }

    /// The texts of a setting, which may be one or a list; what is no text is named so that nothing is called so.
    fn texts(&self, key: &str) -> Vec<(&'d str, Location)> {
        let all = self.node.get(key).filter(|n| !n.is_null()).map(list).unwrap_or_default();
        all.into_iter().map(|n| (n.text().unwrap_or("[ ... ]"), self.at(n))).collect()
    }
}

fn read(input: &Input<'_>) -> Reading {
    let files = Files::new(input, PREFIXES);
    let mut builder = Builder::default();
    // The files, each once; an included one stands for the line that names it.
    let mut paths = vec![input.file];
    let mut documents: Vec<(SourceId, Document<'_>)> = Vec::new();
    while let Some(file) = paths.get(documents.len()).copied() {
        let source = input.sources.get(file);
        let document = yaml::parse(&source.text);
        for problem in document.problems() {
            let at = Location::new(file, problem.span);
            builder.unclear("syntax", problem.message.clone(), Some("what stands behind it may be missing"), at, None);
        }
        for root in document.roots() {
            for entry in root.entries().filter(|e| e.name() == "include") {
                for node in list(entry.value) {
                    let path = node.text().unwrap_or("");
                    let found = files.find(&source.path, path);
                    if found.is_empty() {
                        builder.not_included(path, Location::new(file, node.span()));
                    }
                    for id in found {
                        if paths.contains(&id) {
                            continue;
                        }
                        if paths.len() >= MAX_FILES {
                            builder.too_many_files(Location::new(file, node.span()));
                            break;
                        }
                        paths.push(id);
                    }
                }
            }
        }
        documents.push((file, document));
    }
    let mut sections: BTreeMap<String, Vec<Item<'_>>> = BTreeMap::new();
    for (file, document) in &documents {
        for root in document.roots() {
            builder.keys(&WORDS, "the configuration", root, *file, None);
            for entry in root.entries() {
                let (items, odd): (Vec<_>, Vec<_>) = list(entry.value).into_iter().partition(Node::is_map);
                let items = items.into_iter().map(|node| Item { node, file: *file });
                sections.entry(entry.name().to_owned()).or_default().extend(items);
                // In a section that is not known it is a gap already.
                let counts =
                    WORDS.effect("the configuration", entry.name()) == Some(Effect::Followed) && entry.name() != "include";
                for node in odd.into_iter().filter(|n| counts && !n.is_null()) {
                    let message = format!("this is no item of `{}`", shorten(entry.name()));
                    builder.unclear("malformed-line", message, None, Location::new(*file, node.span()), None);
                }
            }
        }
    }
    for (section, part) in [
        ("remote", "a remote"),
        ("remotes", "a remote"),
        ("acl", "an access rule"),
        ("template", "a zone"),
        ("mod-geoip", "`mod-geoip`"),
        ("mod-dnsproxy", "`mod-dnsproxy`"),
        ("mod-dnstap", "`mod-dnstap`"),
    ] {
        for item in sections.get(section).into_iter().flatten() {
            builder.keys(&WORDS, part, item.node, item.file, None);
        }
    }
    let mut facts = Facts::default();
    let server = super::server(&mut facts, "knotd", input);
    let mut config = Config { input, files, sections, builder, facts, server, included: paths.into_iter().collect() };
    for zone in config.items("zone") {
        config.zone(zone);
    }
    for template in config.items("template") {
        for (module, at) in template.texts("global-module") {
            config.module(module, at, None, &mut None);
        }
    }
    merge(&mut config.facts, facts::facts(&config.builder.zone, &|_| false));
    config.included.remove(&input.file);
    Reading { facts: config.facts, included: config.included.into_iter().collect(), ..Reading::default() }
}

struct Config<'a, 'd> {
    input: &'a Input<'a>,
    files: Files<'a>,
    sections: BTreeMap<String, Vec<Item<'d>>>,
    builder: Builder,
    facts: Facts,
    server: Reference,
    included: BTreeSet<SourceId>,
}

impl<'d> Config<'_, 'd> {
    fn items(&self, section: &str) -> Vec<Item<'d>> {
        self.sections.get(section).cloned().unwrap_or_default()
    }

    fn named(&self, section: &str, id: &str) -> Option<Item<'d>> {
        self.sections.get(section)?.iter().find(|i| i.text("id") == Some(id)).copied()
    }

    fn zone(&mut self, zone: Item<'d>) {
        let Ok(domain) = name::absolute(zone.text("domain").unwrap_or(""), Some("")) else {
            let message = "this zone has no domain, or one that is no name".to_owned();
            return self.builder.unclear("malformed-line", message, None, zone.at(zone.node), None);
        };
        let at = zone.node.get("domain").map_or(zone.at(zone.node), |d| zone.at(d));
        let below = format!("*.{domain}");
        // It may change what names of the zone file lead to.
        self.builder.keys(&WORDS, "a zone", zone.node, zone.file, None);
        let wanted = zone.texts("template").first().map(|(t, _)| *t);
        let template = self.named("template", wanted.unwrap_or("default"));
        if let Some(wanted) = wanted.filter(|_| template.is_none()) {
            let message = format!("there is no template `{}`", shorten(wanted));
            self.builder.unclear("undefined-name", message, None, at, None);
        }
        // What the zone says itself goes before its template.
        let from =
            |key: &str| if zone.node.get(key).is_some() { Some(zone) } else { template.filter(|t| t.node.get(key).is_some()) };
        let texts = |key: &str| from(key).map(|i| i.texts(key)).unwrap_or_default();
        for (remote, _) in texts("notify") {
            self.copies(remote, "notify", 0);
        }
        for (rule, at) in texts("acl") {
            self.rule(rule, at, &domain);
        }
        let unread = texts("zonefile-load").iter().any(|(t, _)| *t == "none")
            || texts("zone-db-input").iter().any(|(t, _)| *t != "-1")
            || texts("catalog-role").iter().any(|(t, _)| *t == "generate");
        let written = texts("file").first().map_or("%s.zone", |(t, _)| *t).replace("%s", &domain);
        let storage = texts("storage").first().map_or("", |(t, _)| *t);
        let found = if unread { Vec::new() } else { self.find(zone.file, storage, &written) };
        let mut collected = None;
        if found.is_empty() {
            let message = match (unread, texts("master").is_empty()) {
                (true, _) => format!("the zone `{}` is not loaded from a file", shorten(&domain)),
                (_, true) => format!(
                    "the file `{}` of the zone `{}` is not among the project's files",
                    shorten(&written),
                    shorten(&domain)
                ),
                (_, false) => format!("the zone `{}` is taken from other servers", shorten(&domain)),
            };
            let help = Some("add the zone's file, by the name that it has here");
            self.builder.unclear("missing-include", message, help, at, Some(&below));
        }
        if texts("catalog-role").iter().any(|(t, _)| *t == "interpret") {
            let message = format!("`{}` lists further zones, which are not followed", shorten(&domain));
            self.builder.unclear("unfollowed-answer", message, Some(super::DECLARE), at, None);
        }
        for (module, at) in texts("module") {
            if module.starts_with("mod-geoip/") && collected.is_none() {
                let mut read = found.first().map(|id| collect_as(self.input.sources, *id, &domain)).unwrap_or_default();
                read.origin = Some(domain.clone());
                self.included.extend(found.iter().chain(&read.included));
                collected = Some(read);
            }
            self.module(module, at, Some(&domain), &mut collected);
        }
        if let Some(mut collected) = collected {
            collected.unclear.retain(|u| u.code != "missing-include" || !found.is_empty());
            merge(&mut self.facts, facts::facts(&collected, &|_| false));
        }
    }

    /// A file of the zone folder, or of the folder of the configuration.
    fn find(&self, from: SourceId, storage: &str, path: &str) -> Vec<SourceId> {
        let from = self.input.sources.get(from).path.as_str();
        if path.is_empty() || path.contains('%') {
            return Vec::new();
        }
        let full = if storage.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("{storage}/{path}") };
        let found = self.files.find(from, &full);
        if found.is_empty() { self.files.find(from, path) } else { found }
    }

    /// Servers that copies of zones go to.
    fn copies(&mut self, remote: &str, pool: &str, depth: usize) {
        if let Some(group) = self.named("remotes", remote).filter(|_| depth == 0) {
            for (one, _) in group.texts("remote") {
                self.copies(one, pool, 1);
            }
            return;
        }
        // A remote that is not there gets nothing, and what it would get is nobody's data.
        for (address, at) in self.named("remote", remote).map(|r| r.texts("address")).unwrap_or_default() {
            self.way(address, Activity::Replicate, pool, at);
        }
    }

    /// `192.0.2.1@53`, `2001:db8::1`.
    fn way(&mut self, address: &str, activity: Activity, pool: &str, at: Location) {
        let (ip, port) = address.split_once('@').unwrap_or((address, "53"));
        match (ip.parse(), port.parse()) {
            (Ok(ip), Ok(port)) => {
                let to = Reference::Address { ip, port: Some(port) };
                self.facts.routes.push(super::way(&self.server, to, activity, pool, at));
            }
            // Networks and ranges are whom zones may be copied to, which is nobody's data; a socket is this machine's.
            _ if activity == Activity::Replicate || address.starts_with('/') => {}
            _ => self.untold(format!("queries are handed on to `{}`, which is no address", shorten(address)), at),
        }
    }

    fn untold(&mut self, message: String, location: Location) {
        let (help, scope) = (Some(super::DECLARE.to_owned()), GapScope::Endpoints(vec![self.server.clone()]));
        self.facts.gaps.push(Unread { code: "unusable-target", message, help, location, scope });
    }

    fn rule(&mut self, id: &str, at: Location, domain: &str) {
        let Some(rule) = self.named("acl", id) else {
            let message = format!("there is no access rule `{}`", shorten(id));
            return self.builder.unclear("undefined-name", message, None, at, Some(&format!("*.{domain}")));
        };
        if rule.node.get("deny").and_then(|d| d.as_bool()) == Some(true) || rule.text("deny") == Some("on") {
            return;
        }
        let actions = rule.texts("action");
        if actions.iter().any(|(a, _)| *a == "transfer") {
            for (address, at) in rule.texts("address") {
                self.way(address, Activity::Replicate, "transfer", at);
            }
            for (remote, _) in rule.texts("remote") {
                self.copies(remote, "transfer", 0);
            }
        }
        if let Some((_, at)) = actions.iter().find(|(a, _)| *a == "update") {
            let message = format!("records of `{}` can be changed while the server runs (`update`)", shorten(domain));
            let help = "dump the zone as it is now (`knotc zone-read`, or a zone transfer) and add that file";
            self.builder.unclear("unfollowed-answer", message, Some(help), *at, Some(&format!("*.{domain}")));
        }
    }

    /// `mod-geoip/default`: what a module does, for one zone or for all.
    fn module(&mut self, module: &str, at: Location, domain: Option<&str>, zone: &mut Option<Collected>) {
        let (kind, id) = module.split_once('/').unwrap_or((module, ""));
        let below = domain.map(|d| format!("*.{d}"));
        if !self.builder.word(&WORDS, "Knot DNS", "module", kind, at, None) {
            return;
        }
        let section = self.named(kind, id);
        match (kind, section) {
            ("mod-geoip" | "mod-dnsproxy" | "mod-dnstap", None) => {
                let message = format!("there is no module `{}`", shorten(module));
                self.builder.unclear("undefined-name", message, None, at, None);
            }
            ("mod-geoip", Some(section)) => {
                if let Some(zone) = zone {
                    self.geoip(section, at, zone);
                }
            }
            ("mod-dnsproxy", Some(section)) => {
                for (remote, at) in section.texts("remote") {
                    let addresses = self.named("remote", remote).map(|r| r.texts("address")).unwrap_or_default();
                    if addresses.is_empty() {
                        self.untold(format!("queries are handed on to `{}`, which has no address", shorten(remote)), at);
                    }
                    for (address, at) in addresses {
                        self.way(address, Activity::Forward, kind, at);
                    }
                }
                // What this server does not know, the other answers, and may even where a name does not exist.
                if let Some(below) = below {
                    let message = format!("other names of `{}` are answered by another server", shorten(domain.unwrap_or("")));
                    self.builder.unclear("unfollowed-answer", message, Some(super::DECLARE), at, Some(&below));
                }
            }
            ("mod-dnstap", Some(section)) => {
                // A file or a socket of this machine is none of another's.
                for (sink, at) in section.texts("sink") {
                    if let Some(address) = sink.strip_prefix("tcp:") {
                        self.way(address, Activity::Log, kind, at);
                    }
                }
            }
            // They refuse, count or sign.
            _ => {}
        }
    }

    /// What a zone answers with views: its records of a name are for those whom no view fits.
    fn geoip(&mut self, module: Item<'d>, at: Location, zone: &mut Collected) {
        let path = module.text("config-file").unwrap_or("");
        let found = self.find(module.file, "", path);
        let [file] = found.as_slice() else {
            let message =
                format!("what `mod-geoip` answers stands in `{}`, which is not among the project's files", shorten(path));
            let help = Some("add it, by the name that it has here");
            return self.builder.unclear("missing-include", message, help, at, None);
        };
        self.included.insert(*file);
        let document = yaml::parse(&self.input.sources.get(*file).text);
        for problem in document.problems() {
            let at = Location::new(*file, problem.span);
            self.builder.unclear("syntax", problem.message.clone(), Some("what stands behind it may be missing"), at, None);
        }
        let mode = module.text("mode").unwrap_or("subnet");
        let keys: Vec<&str> = module.texts("geodb-key").into_iter().map(|(t, _)| t).collect();
        for entry in document.roots().flat_map(|r| r.entries()) {
            let owner = match name::absolute(entry.name(), Some("")) {
                Ok(owner) => owner,
                Err(why) => {
                    let message = format!("the name `{}` {why}", shorten(entry.name()));
                    self.builder.unclear("malformed-line", message, None, Location::new(*file, entry.key.span()), None);
                    continue;
                }
            };
            let views = list(entry.value).into_iter().filter(|n| !n.is_null()).map(|node| Item { node, file: *file });
            let mut faces: Vec<(Precision, Condition, Collected)> =
                views.map(|view| self.view(view, &owner, mode, &keys)).collect();
            faces.sort_by_key(|(precision, _, _)| std::cmp::Reverse(*precision));
            let mut faces: Vec<(Condition, Collected)> = faces.into_iter().map(|(_, c, z)| (c, z)).collect();
            let own = |owner: &str| zone.records.iter().filter(|r| r.owner == owner).cloned().collect::<Vec<_>>();
            let mut rest = own(&owner);
            if rest.is_empty() {
                // A name that the zone does not have may be one of a wildcard.
                let wild = name::ancestors(&owner).skip(1).map(|a| own(&format!("*.{a}"))).find(|r| !r.is_empty());
                rest = wild.unwrap_or_default();
                rest.iter_mut().for_each(|r| r.owner.clone_from(&owner));
            }
            for (_, face) in &mut faces {
                // A view without records of a type answers nothing there, or (Knot DNS 3.2) as if it were not there.
                let given: Vec<_> = face.records.iter().map(|r| sort(&r.data)).collect();
                let alias = face.records.iter().any(|r| matches!(r.data, Data::Cname(_)));
                let left = |r: &&Record| !alias && !given.contains(&sort(&r.data));
                face.records.extend(rest.iter().filter(left).cloned());
            }
            if mode != "weighted" {
                faces.push((Condition::always(), Collected { records: rest, ..Collected::default() }));
            }
            zone.records.retain(|r| r.owner != owner);
            let answers = together(faces);
            zone.records.extend(answers.records);
            zone.unclear.extend(answers.unclear);
            zone.entries += 1;
        }
    }

    /// Whom a view fits, and its records.
    fn view(&mut self, view: Item<'_>, owner: &str, mode: &str, keys: &[&str]) -> (Precision, Condition, Collected) {
        let mut builder = Builder::default();
        if !view.node.is_map() {
            let message = format!("this is no view of `{}`", shorten(owner));
            builder.unclear("malformed-line", message, None, view.at(view.node), Some(owner));
        }
        let (mut fits, mut precision) = (None, 0);
        for entry in view.node.entries() {
            let (key, at) = (entry.name(), view.at(entry.value));
            if matches!(key, "geo" | "net" | "weight") {
                let text = entry.value.text().unwrap_or("");
                let known = match (key, mode) {
                    ("net", "subnet") => text.parse::<ipnetwork::IpNetwork>().ok().map(|net| {
                        precision = usize::from(net.prefix());
                        Condition::networks(vec![net])
                    }),
                    ("geo", "geodb") => {
                        precision = text.split(';').filter(|p| !matches!(*p, "" | "*")).count();
                        place(text, keys)
                    }
                    ("weight", "weighted") => {
                        Some(Condition::some(format!("a share of all clients (weight {})", shorten(text))))
                    }
                    _ => None,
                };
                fits = Some(known.unwrap_or_else(|| Condition::some(format!("clients in `{}`", shorten(text)))));
                continue;
            }
            match known_type(key) {
                Some(kind) => {
                    for value in list(entry.value) {
                        let text = value.text().unwrap_or("");
                        builder.record(owner, kind, text, owner, view.at(value));
                    }
                }
                None => {
                    let message = format!("`{}` is no record type and does not say whom the view is for", shorten(key));
                    builder.unclear("malformed-line", message, None, at, Some(owner));
                }
            }
        }
        let condition = fits.unwrap_or_else(|| Condition::some("clients of a view that does not say whom it is for"));
        (precision, condition, builder.zone)
    }
}

/// Records of one type are of one sort.
fn sort(data: &Data) -> (std::mem::Discriminant<Data>, bool) {
    (std::mem::discriminant(data), matches!(data, Data::Address(ip) if ip.is_ipv6()))
}

/// How exactly a view says whom it is for: more goes before less.
type Precision = usize;

/// `US;Las Vegas` by the keys `country/iso_code` and `city/names/en`. `None` where no key says a country or continent.
fn place(text: &str, keys: &[&str]) -> Option<Condition> {
    let mut whole: Option<Condition> = None;
    let mut one = None;
    let mut finer = false;
    for (i, part) in text.split(';').enumerate().filter(|(_, p)| !matches!(*p, "" | "*")) {
        let condition = match *keys.get(i)? {
            "country/iso_code" => {
                one = country(part);
                Condition::countries(vec![one?])
            }
            "continent/code" => Condition::continents(&[part])?,
            _ => {
                finer = true;
                continue;
            }
        };
        whole = Some(whole.map_or(condition.clone(), |w| w.and(condition)));
    }
    match (whole, one, finer) {
        (_, Some(country), true) => Some(Condition::part_of(country, format!("clients in {}", shorten(text)))),
        (Some(whole), _, false) => Some(whole),
        // Everybody whom the database has.
        (None, _, false) => Some(Condition::some("clients that the database has a place for")),
        (_, None, true) => None,
    }
}
