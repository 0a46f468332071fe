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
mod words;

use std::collections::{BTreeMap, BTreeSet};

use words::{PLUGINS, TABLE, WORDS};

use super::build::Builder;
use super::powerdns::merge;
use super::views::{together, untold};
use crate::model::{Activity, Facts, GapScope, Reference, Unread};
use crate::read::caddy::import::Importer;
use crate::read::caddy::lex;
use crate::read::proxy::block::{Block, Files};
use crate::read::proxy::peer::{self, Peer};
use crate::read::words::Words;
use crate::read::zone::answer::Condition;
use crate::read::zone::collect::collect;
use crate::read::zone::record::{Data, known_type, shorten};
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

    /// The lines of a plugin's block whose words are known.
    fn inner<'b>(&mut self, part: &'static str, line: &'b Block) -> Vec<&'b Block> {
        let mut known = Vec::new();
        for inner in line.body() {
            if self.builder.word(&WORDS, part, "word", inner.name(), inner.location(), None) {
                known.push(inner);
            }
        }
        known
    }

    fn plugin(&mut self, line: &Block, server: &mut Server) {
        let at = line.location();
        let words = |from: usize| line.words.iter().skip(from).map(|w| w.text.as_str());
        match line.name() {
            "file" => {
                self.inner("`file`", line);
                self.zone_files(line, line.word(1), &server.zones(words(2)), server);
            }
            "auto" => {
                let folder = self.inner("`auto`", line).into_iter().find(|l| l.name() == "directory");
                self.zone_files(line, folder.map_or("", |l| l.word(1)), &server.zones(words(1)), server);
            }
            "hosts" => self.hosts(line, server),
            "template" => self.template(line, server),
            "rewrite" => self.rewrite(line, server),
            "forward" | "grpc" => {
                self.inner(if line.name() == "grpc" { "`grpc`" } else { "`forward`" }, line);
                for i in 2..line.words.len() {
                    self.way(line, i, Activity::Forward);
                }
                for zone in server.zones(words(1).take(1).filter(|w| *w != ".")) {
                    server.content(&zone).unknown.get_or_insert(at);
                }
            }
            "dnstap" => {
                // Without a port it is a socket of this machine.
                let last = line.words.iter().rposition(|w| w.text.contains(':') && !w.text.starts_with("unix:"));
                if let Some(i) = last.filter(|i| *i > 0) {
                    self.way(line, i, Activity::Log);
                }
            }
            "trace" => {
                // What comes first may be the sort of server; without any it is on this machine.
                let i = if matches!(line.word(1), "zipkin" | "datadog") { 2 } else { 1 };
                if !line.word(i).is_empty() {
                    self.way(line, i, Activity::Log);
                }
            }
            "transfer" => {
                for to in self.inner("`transfer`", line).into_iter().filter(|l| l.name() == "to") {
                    // Whoever asks may have it: a zone is nobody's data.
                    for i in (1..to.words.len()).filter(|i| to.word(*i) != "*") {
                        self.way(to, i, Activity::Replicate);
                    }
                }
            }
            "secondary" => self.elsewhere(line, "from other servers", &server.zones(words(1)), server),
            "route53" => {
                self.elsewhere(line, "from Route 53", &server.zones(words(1).filter_map(|w| w.split(':').next())), server)
            }
            "azure" => {
                self.elsewhere(line, "from Azure DNS", &server.zones(words(1).filter_map(|w| w.split(':').nth(1))), server)
            }
            "clouddns" => {
                self.elsewhere(line, "from Cloud DNS", &server.zones(words(1).filter_map(|w| w.split(':').next())), server);
            }
            "kubernetes" | "k8s_external" => {
                self.elsewhere(line, "from the services of a Kubernetes cluster", &server.zones(words(1)), server);
            }
            "etcd" => self.elsewhere(line, "from etcd", &server.zones(words(1)), server),
            "nomad" => {
                let named = words(1).next().unwrap_or("service.nomad");
                self.elsewhere(line, "from the services of a Nomad cluster", &server.zones([named].into_iter()), server);
            }
            // `import` is done, and `geoip` and `metadata` serve `view`; the others lead nowhere.
            _ => {}
        }
    }

    /// Something that could lead names of zones elsewhere; for a zone of all names it is the server's.
    fn untold(&mut self, code: &'static str, message: &str, help: &str, at: Location, zones: &[String]) {
        for zone in zones {
            match below(zone) {
                Some(below) => self.builder.unclear(code, message.to_owned(), Some(help), at, Some(&below)),
                None => {
                    let (help, scope) = (Some(help.to_owned()), GapScope::Endpoints(vec![self.server.clone()]));
                    self.facts.gaps.push(Unread { code, message: message.to_owned(), help, location: at, scope });
                }
            }
        }
    }

    fn elsewhere(&mut self, line: &Block, from: &str, zones: &[String], server: &mut Server) {
        let at = line.location();
        let help = "declare where the names lead in onshore's own inventory, or add the records as a zone file";
        self.untold(
            "missing-include",
            &format!("the names of this zone are taken {from} (`{}`)", line.name()),
            help,
            at,
            zones,
        );
        for zone in zones {
            server.content(zone).unknown.get_or_insert(at);
        }
    }

    fn zone_files(&mut self, line: &Block, path: &str, zones: &[String], server: &mut Server) {
        let from = self.input.sources.get(line.source).path.as_str();
        let mut found = if path.is_empty() { Vec::new() } else { self.files.find(from, path) };
        if let Some(root) = server.root.as_ref().filter(|_| found.is_empty() && !path.is_empty()) {
            found = self.files.find(from, &format!("{}/{path}", root.trim_end_matches('/')));
        }
        if found.is_empty() {
            let at = line.at(1);
            let message = format!("the zone file `{}` is not among the project's files", shorten(path));
            self.untold("missing-include", &message, "add it, by the name that it has here", at, zones);
            zones.iter().for_each(|zone| _ = *server.content(zone).unknown.get_or_insert(at));
        }
        for zone in zones {
            server.content(zone).files.extend(&found);
        }
    }

    fn hosts(&mut self, line: &Block, server: &mut Server) {
        let zones = server.zones(line.words.iter().skip(2).map(|w| w.text.as_str()));
        let mut inline = false;
        for inner in line.body() {
            let Ok(ip) = inner.name().parse::<std::net::IpAddr>() else {
                self.builder.word(&WORDS, "`hosts`", "word", inner.name(), inner.location(), None);
                continue;
            };
            inline = true;
            for (i, word) in inner.words.iter().enumerate().skip(1) {
                match name::absolute(&word.text, Some("")) {
                    // Names outside of the block's zones are never asked for.
                    Ok(owner) => {
                        if let Some(zone) = server.zone_of(&owner) {
                            server.content(&zone).builder.push(&owner, Data::Address(ip), inner.at(i));
                        }
                    }
                    Err(why) => {
                        let message = format!("the name `{}` {why}", shorten(&word.text));
                        self.builder.unclear("malformed-line", message, None, inner.at(i), None);
                    }
                }
            }
        }
        let file = if line.word(1).is_empty() { "/etc/hosts" } else { line.word(1) };
        let from = self.input.sources.get(line.source).path.as_str();
        // With a table of its own, the machine's file is a habit and not what is meant.
        if self.files.find(from, file).is_empty() && !(inline && line.word(1).is_empty()) {
            let message = format!("the names of `{}` are answered too, and it is not among the project's files", shorten(file));
            self.untold("missing-include", &message, "add the file, by the name that it has here", line.at(1), &zones);
        }
    }

    /// The owner of a gap about many names of a zone: of those that no file of the block tells of, else of all.
    fn owner_of(server: &Server, zone: &str) -> Option<String> {
        if server.mixed { None } else { below(zone) }
    }

    fn template(&mut self, line: &Block, server: &mut Server) {
        let kind = line.word(2).to_ascii_uppercase();
        let leads =
            kind == "ANY" || !matches!(known_type(&kind), Some("TXT" | "PTR" | "CAA" | "HINFO" | "SPF" | "SSHFP" | "TLSA"));
        let lines = self.inner("`template`", line);
        if !leads || !matches!(line.word(1).to_ascii_uppercase().as_str(), "IN" | "ANY") {
            return;
        }
        let asks = lines.iter().find(|l| l.name() == "expr");
        let matches: Vec<&&Block> = lines.iter().filter(|l| l.name() == "match").collect();
        let all = matches.is_empty() || matches.iter().any(|m| matches!(m.word(1), ".*" | "." | "^.*$" | ".+"));
        let names: Option<Vec<String>> =
            matches.iter().flat_map(|m| m.words.iter().skip(1)).map(|w| literal(&w.text)).collect();
        for zone in server.zones(line.words.iter().skip(3).map(|w| w.text.as_str())) {
            let owners: Option<Vec<String>> = match (&names, all, asks) {
                (_, true, None) if !zone.is_empty() && !server.mixed => Some(vec![zone.clone(), format!("*.{zone}")]),
                (Some(names), false, None) => Some(names.clone()),
                _ => None,
            };
            for answer in lines.iter().filter(|l| matches!(l.name(), "answer" | "additional")) {
                let text = answer.rest(1);
                match (record_of(&text), &owners) {
                    (Some((None, rest)), Some(owners)) => {
                        let (first, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                        for owner in owners {
                            server.content(&zone).builder.record(owner, first, rest, "", answer.at(1));
                        }
                    }
                    (Some((Some(owner), rest)), _) => {
                        let (first, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                        match name::absolute(owner, Some("")) {
                            Ok(owner) => server.content(&zone).builder.record(&owner, first, rest, "", answer.at(1)),
                            Err(why) => {
                                let message = format!("the owner `{}` {why}", shorten(owner));
                                self.builder.unclear("malformed-line", message, None, answer.at(1), None);
                            }
                        }
                    }
                    _ => {
                        let message = format!(
                            "`{}` is answered for names that are not listed, or is filled in for each query",
                            shorten(&text)
                        );
                        let owner = Self::owner_of(server, &zone);
                        self.builder.unclear(
                            "unfollowed-answer",
                            message,
                            Some(super::DECLARE),
                            answer.at(1),
                            owner.as_deref(),
                        );
                    }
                }
            }
        }
    }

    /// The name that is looked up in place of another.
    fn rewrite(&mut self, line: &Block, server: &mut Server) {
        let mut words: Vec<&str> = line.words.iter().skip(1).map(|w| w.text.as_str()).collect();
        if let Some(first) = line.body().first() {
            words.extend(first.words.iter().map(|w| w.text.as_str()));
        }
        if matches!(words.first(), Some(&"continue" | &"stop")) {
            words.remove(0);
        }
        let at = line.at(1);
        let Some((field, rest)) = words.split_first() else {
            let message = "this `rewrite` says nothing".to_owned();
            return self.builder.unclear("malformed-line", message, None, at, None);
        };
        if !self.builder.word(&WORDS, "`rewrite`", "field", field, at, None) || !matches!(*field, "name" | "cname") {
            return;
        }
        let exact = match rest {
            ["exact", from, to, ..] => Some((*from, *to)),
            ["prefix" | "suffix" | "substring" | "regex", ..] => None,
            [from, to, ..] => Some((*from, *to)),
            _ => None,
        };
        let names = exact.filter(|_| *field == "name").and_then(|(from, to)| {
            let absolute = |n: &str| name::absolute(n, Some("")).ok().filter(|n| !n.is_empty());
            Some((absolute(from)?, absolute(to)?))
        });
        let zone = names.as_ref().and_then(|(from, _)| server.zone_of(from));
        if let (Some((from, to)), Some(zone)) = (&names, zone) {
            return server.content(&zone).builder.push(from, Data::Alias(to.clone()), at);
        }
        let message =
            format!("`{}` makes other names of those that are asked for, and is not followed", shorten(&words.join(" ")));
        self.builder.unclear("unfollowed-answer", message, Some(super::DECLARE), at, None);
    }

    /// A server that the word of a line names.
    fn way(&mut self, line: &Block, i: usize, activity: Activity) {
        let (text, at) = (line.word(i), line.at(i));
        let (_, rest) = text.split_once("://").unwrap_or(("", text));
        let rest = rest.trim_end_matches('/');
        // `9.9.9.9%dns.quad9.net:10853`: the name is that of the certificate.
        let plain = match rest.split_once('%') {
            Some((host, name)) => format!("{host}{}", name.find(':').map_or("", |c| &name[c..])),
            None => rest.to_owned(),
        };
        let port = if text.starts_with("tls://") {
            853
        } else if text.starts_with("https://") {
            443
        } else {
            53
        };
        let port = Some(port).filter(|_| activity != Activity::Log);
        let to = match plain.parse() {
            Ok(ip) => Ok(Reference::Address { ip, port }),
            Err(_) if text.starts_with('/') => Err("is a file, in which the machine says which servers they are".to_owned()),
            Err(_) => peer::peer(&plain, port).and_then(|peer| match peer {
                Peer::Host { name, port } => Ok(Reference::Host { name, port }),
                Peer::Address { ip, port } | Peer::Loopback { ip, port } => Ok(Reference::Address { ip, port }),
                Peer::Unix(_) => Err("is a socket".to_owned()),
            }),
        };
        match to {
            Ok(to) => self.facts.routes.push(super::way(&self.server, to, activity, line.name(), at)),
            // Copies are nobody's data.
            Err(_) if activity == Activity::Replicate => {}
            Err(why) => {
                let message = format!("queries are handed on to `{}`, which {why}", shorten(text));
                let (help, scope) = (Some(super::DECLARE.to_owned()), GapScope::Endpoints(vec![self.server.clone()]));
                self.facts.gaps.push(Unread { code: "unusable-target", message, help, location: at, scope });
            }
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
                        let read = collect(sources, *file);
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

/// The one name that a regular expression fits.
fn literal(regex: &str) -> Option<String> {
    let inner = regex.strip_prefix('^')?.strip_suffix('$')?;
    let plain = inner.replace("\\\\.", ".").replace("\\.", ".").replace("[.]", ".");
    let fits = plain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    // A bare dot stands for any character; in practice it is meant as one.
    name::absolute(&plain, Some("")).ok().filter(|_| fits && plain.ends_with('.'))
}

/// The owner (`None`: the name that was asked for) and the rest of a record that holds nothing else to be filled in.
fn record_of(text: &str) -> Option<(Option<&str>, &str)> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("{{") {
        let (inner, rest) = rest.split_once("}}")?;
        return (inner.trim() == ".Name" && !rest.contains("{{")).then(|| (None, rest.trim()));
    }
    let (owner, rest) = text.split_once(char::is_whitespace)?;
    (!text.contains("{{")).then(|| (Some(owner), rest.trim()))
}
