//! CoreDNS's Corefile (CoreDNS 1.14: corefile(5), "Server Block Ordering" of the plugin `view`, and the README of each plugin): which
//! zone files and other sources answer whom, where queries are handed on to, where zones are copied to.
//!
//! | plugin | becomes |
//! |---|---|
//! | `view` with `geoip` and `metadata` | blocks of one zone and port, the first that takes a client answers: its zone for its clients |
//! | `file`, `auto` | zone files, read by themselves; with several blocks for one zone they are read here, each for its clients |
//! | `hosts`, `template` without variables, `rewrite name exact` | records |
//! | `forward`, `grpc`, `dnstap`, `trace` | routes from the server with what a query tells of who asks |
//! | `transfer` | routes along which zones are copied out; they carry nobody's data |
//! | `secondary`, `route53`, `azure`, `clouddns`, `kubernetes`, `k8s_external`, `etcd`, `nomad` | a gap on the names of the zone |
//!
//! The text is read as a Caddyfile, which it is one of: a block on one line is a gap. Plugins run in an order of their own, so all of
//! one block count. Whom `acl` turns away is not told.

mod expr;
mod plugins;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use words::{PLUGINS, TABLE, WORDS};

use super::build::Builder;
use super::merge;
use super::views::{together, untold};
use crate::model::{Facts, Reference};
use crate::read::caddy::import::Importer;
use crate::read::caddy::lex;
use crate::read::proxy::block::{Block, Files};
use crate::read::words::Words;
use crate::read::zone::answer::Condition;
use crate::read::zone::collect::{collect, collect_as};
use crate::read::zone::record::shorten;
use crate::read::zone::{facts, name};
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{Location, SourceId, Span};

/// Where CoreDNS is installed.
const PREFIXES: &[&str] = &["/etc/coredns/", "/usr/local/etc/coredns/", "/opt/coredns/"];

pub struct CoreDns;

impl Reader for CoreDns {
    fn format(&self) -> &'static str {
        "coredns"
    }

    fn describe(&self) -> &'static str {
        "CoreDNS Corefiles with their imports: views, zones, forwarders"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    /// By name, or by plugins that a server block of nothing else has.
    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        if name == "corefile" || name.starts_with("corefile.") || name.ends_with(".corefile") {
            return Recognized::Yes;
        }
        if name.contains('.') && !name.ends_with(".conf") {
            return Recognized::No;
        }
        let (mut plugins, mut opens) = (BTreeSet::new(), false);
        for line in glance(text).lines() {
            let line = line.split('#').next().unwrap_or("").trim_end();
            if line.ends_with(';') || line.contains('=') {
                return Recognized::No;
            }
            let mut words = line.split_whitespace();
            let first = words.next().unwrap_or("");
            opens |= !line.starts_with(char::is_whitespace) && line.ends_with(" {") && first != "{";
            let second = words.next().unwrap_or("");
            let ours = match first {
                "forward" => second == "." || second.contains('.'),
                "kubernetes" | "cache" | "errors" | "loadbalance" | "loop" | "prometheus" | "ready" | "whoami" | "geoip" => {
                    true
                }
                _ => false,
            };
            if ours && line.starts_with(char::is_whitespace) {
                plugins.insert(first);
            }
        }
        match (opens, plugins.len()) {
            (true, 3..) => Recognized::Yes,
            (true, 2) => Recognized::Maybe,
            _ => Recognized::No,
        }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input)
    }
}

/// What one block answers for one zone.
#[derive(Clone, Default)]
struct Content {
    files: Vec<SourceId>,
    builder: Builder,
    /// Others answer too, or instead.
    unknown: Option<Location>,
}

struct Face {
    condition: Condition,
    content: Content,
}

struct Config<'a> {
    input: &'a Input<'a>,
    files: Files<'a>,
    builder: Builder,
    facts: Facts,
    server: Reference,
    /// By zone and port, in the order of the blocks.
    faces: BTreeMap<(String, u16), Vec<Face>>,
}

fn read(input: &Input<'_>) -> Reading {
    let told = input.settings.of(input.path()).variables;
    let environment: BTreeMap<String, String> = told.into_iter().map(|(name, value)| (name, value.text)).collect();
    let parse = |id: SourceId| lex::parse(&input.sources.get(id).text, id, &environment);
    let (blocks, problems) = parse(input.file);
    let mut importer = Importer::new(input, Files::new(input, PREFIXES), &parse);
    importer.problems(input.file, &problems);
    let blocks = importer.top(blocks);
    let included = importer.included();
    let mut facts = Facts::default();
    let server = super::server(&mut facts, "coredns", input);
    let (builder, faces) = (Builder::default(), BTreeMap::new());
    let mut config = Config { input, files: Files::new(input, PREFIXES), builder, facts, server, faces };
    for (code, message, help, at) in importer.gaps {
        config.builder.unclear(code, message, help.as_deref(), at, None);
    }
    // A Corefile with only one block may leave its braces out: the first line is its zones.
    if let Some((first, rest)) = blocks.split_first().filter(|(first, _)| first.body.is_none()) {
        config.block(first, rest);
    } else {
        for block in &blocks {
            config.block(block, block.body());
        }
    }
    config.finish(included)
}

/// `tls://example.org:853` as zone and port; `None` for networks, which stand for names of the reverse tree.
fn address(text: &str) -> Result<Option<(String, u16)>, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("dns", text));
    if rest.contains('/') {
        return Ok(None);
    }
    let (zone, port) = match rest.rsplit_once(':') {
        Some((zone, port)) => (zone, port.parse().map_err(|_| format!("has `{}` where a port number belongs", shorten(port)))?),
        None => (
            rest,
            match scheme {
                "tls" | "quic" => 853,
                "https" | "https3" | "grpc" => 443,
                _ => 53,
            },
        ),
    };
    name::absolute(if zone.is_empty() { "." } else { zone }, Some("")).map(|zone| Some((zone, port)))
}

/// The names of a zone as a pattern; `None` for all names.
fn below(zone: &str) -> Option<String> {
    (!zone.is_empty()).then(|| format!("*.{zone}"))
}

/// A server block as it is read.
struct Server {
    /// Zones with ports.
    addresses: BTreeSet<(String, u16)>,
    zones: BTreeSet<String>,
    /// The folder of its files, as `root` says.
    root: Option<String>,
    contents: BTreeMap<String, Content>,
    /// Files and tables have names of their own, which other plugins may answer for.
    mixed: bool,
}

impl Server {
    /// The zones that a plugin names, else those of the block.
    fn zones<'w>(&self, words: impl Iterator<Item = &'w str>) -> Vec<String> {
        // A network stands for names of the reverse tree; what is no name may be any zone of the block.
        let named: Vec<_> = words.filter(|w| !w.contains('/')).map(|w| name::absolute(w, Some(""))).collect();
        let open = named.is_empty() || named.iter().any(Result::is_err);
        let own = self.zones.iter().filter(|_| open).cloned();
        let all: BTreeSet<String> = own.chain(named.iter().flatten().cloned()).collect();
        all.into_iter().filter(|z| !z.ends_with(".arpa")).collect()
    }

    fn content(&mut self, zone: &str) -> &mut Content {
        self.contents.entry(zone.to_owned()).or_default()
    }

    /// The zone of the block that a name is in.
    fn zone_of(&self, name: &str) -> Option<String> {
        let within = |zone: &&String| {
            zone.is_empty() || name == **zone || name.strip_suffix(zone.as_str()).is_some_and(|n| n.ends_with('.'))
        };
        self.zones.iter().filter(within).max_by_key(|z| z.len()).cloned()
    }
}

impl Config<'_> {
    fn block(&mut self, block: &Block, lines: &[Block]) {
        let find = |plugin: &str| lines.iter().find(|l| l.name() == plugin);
        let has = |plugin: &str| find(plugin).is_some();
        let mut server = Server {
            addresses: BTreeSet::new(),
            zones: BTreeSet::new(),
            root: find("root").map(|l| l.word(1).to_owned()),
            contents: BTreeMap::new(),
            mixed: has("file") || has("auto") || has("hosts"),
        };
        for (i, word) in block.words.iter().enumerate() {
            for text in word.text.split(',').filter(|t| !t.is_empty()) {
                match address(text) {
                    Ok(Some((zone, port))) => {
                        server.zones.insert(zone.clone());
                        server.addresses.insert((zone, port));
                    }
                    Ok(None) => {}
                    Err(why) => {
                        let message = format!("the zone `{}` {why}", shorten(text));
                        self.builder.unclear("malformed-line", message, None, block.at(i), None);
                    }
                }
            }
        }
        let located = has("metadata") && has("geoip");
        let mut condition = Condition::always();
        for line in lines {
            if !self.builder.word(&WORDS, PLUGINS, "plugin", line.name(), line.location(), None) {
                continue;
            }
            if line.name() == "view" {
                for inner in self.inner("`view`", line) {
                    let asked = expr::condition(&inner.rest(1), located);
                    condition = if condition == Condition::always() { asked } else { condition.and(asked) };
                }
            } else {
                self.plugin(line, &mut server);
            }
        }
        for (zone, port) in &server.addresses {
            let content = server.contents.get(zone).cloned().unwrap_or_default();
            self.faces.entry((zone.clone(), *port)).or_default().push(Face { condition: condition.clone(), content });
        }
        // Zones that plugins name for themselves.
        let port = server.addresses.first().map_or(53, |(_, port)| *port);
        for (zone, content) in server.contents.into_iter().filter(|(zone, _)| !server.zones.contains(zone)) {
            self.faces.entry((zone, port)).or_default().push(Face { condition: condition.clone(), content });
        }
    }

    /// Zones that several blocks have are read here, by view; other files are read by themselves.
    fn finish(mut self, included: Vec<SourceId>) -> Reading {
        let sources = self.input.sources;
        let mut included: BTreeSet<SourceId> = included.into_iter().collect();
        let parents: BTreeSet<String> = self.faces.keys().map(|(zone, _)| zone.clone()).collect();
        let mut all = Facts::default();
        let mut once = BTreeSet::new();
        for ((zone, _), mut faces) in std::mem::take(&mut self.faces) {
            if zone.is_empty() && faces.len() < 2 || faces.len() == 1 && faces[0].condition == Condition::always() {
                for face in faces {
                    let mut content = face.content.builder.zone;
                    // A zone on several ports is one.
                    content.records.retain(|r| once.insert((r.owner.clone(), r.location)));
                    merge(&mut all, facts::facts(&content, &|_| false));
                }
                continue;
            }
            let told = faces.iter().any(|f| !f.content.files.is_empty() || !f.content.builder.zone.records.is_empty());
            let unknown = faces.iter().find_map(|f| f.content.unknown);
            // Whom no view takes, the block of a zone above answers.
            let open = faces.iter().all(|f| f.condition != Condition::always());
            let above = open && name::ancestors(&zone).skip(1).chain([""]).any(|a| parents.contains(a));
            if let Some(at) = unknown.filter(|_| told) {
                untold(&mut self.builder, &zone, at);
            }
            if above && told && !zone.is_empty() {
                let message =
                    format!("clients that no view of `{}` takes are answered by the block of a zone above it", shorten(&zone));
                let at = Location::new(self.input.file, Span::default());
                let help = "add a block for the zone without a `view`, or declare where its names lead";
                self.builder.unclear("unfollowed-answer", message, Some(help), at, None);
            }
            let views = faces
                .iter_mut()
                .map(|face| {
                    let mut zone_here = std::mem::take(&mut face.content.builder.zone);
                    for file in &face.content.files {
                        let read = if zone.is_empty() { collect(sources, *file) } else { collect_as(sources, *file, &zone) };
                        zone_here.records.extend(read.records);
                        zone_here.unclear.extend(read.unclear);
                        zone_here.included.extend(read.included);
                        zone_here.entries += read.entries;
                        included.insert(*file);
                    }
                    zone_here.origin = Some(zone.clone());
                    (face.condition.clone(), zone_here)
                })
                .collect();
            let zone = together(views);
            included.extend(zone.included.iter().copied());
            merge(&mut all, facts::facts(&zone, &|_| false));
        }
        merge(&mut self.facts, all);
        merge(&mut self.facts, facts::facts(&self.builder.zone, &|_| false));
        included.remove(&self.input.file);
        Reading { facts: self.facts, included: included.into_iter().collect(), ..Reading::default() }
    }
}
