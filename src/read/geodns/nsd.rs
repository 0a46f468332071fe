//! NSD's nsd.conf (NSD 4.14, nsd.conf(5): "Server Options", "Pattern Options", "Zone Options", "DNSTAP Logging Options"): zones with their
//! files, and where they are copied. NSD answers everybody alike.
//!
//! | attribute | becomes |
//! |---|---|
//! | `zonefile` in `zonesdir`, also by `include-pattern` | the zone file, read by itself |
//! | `notify`, `provide-xfr` | routes along which the zone is copied out; they carry nobody's data |
//! | `request-xfr` without a file, `catalog: consumer` | a gap on the names of the zone; on all for a catalog |
//! | `dnstap-ip` | a route with what a query tells of who asks |
//!
//! Zones that `nsd-control addzone` made stand in no file of the user's.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::build::{Builder, MAX_FILES};
use super::merge;
use crate::model::{Activity, Facts, Reference};
use crate::read::proxy::block::Files;
use crate::read::words::{Vocabulary, Words};
use crate::read::zone::record::shorten;
use crate::read::zone::{facts, name};
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{Location, SourceId, Span};

const ZONE: &str = "a zone";
const OTHERS: &str = "the other clauses";

const TABLE: &[Words] = &[
    Words {
        part: "the configuration",
        followed: "dnstap include pattern server zone",
        harmless: "key remote-control tls-auth verify",
        refused: "",
    },
    Words {
        part: "`server`",
        followed: "zonesdir",
        harmless: "allow-proxy answer-cookie chroot confine-to-zone cookie-secret cookie-secret-file cookie-staging-secret cpu-affinity \
            database debug-mode difffile do-ip4 do-ip6 drop-updates hide-identity hide-version identity interface ip-address ip-freebind \
            ip-transparent ip4-only ip6-only ipv4-edns-size ipv6-edns-size log-only-syslog log-time-ascii log-time-iso logfile \
            max-refresh-time metrics-enable metrics-interface metrics-path metrics-port minimal-responses nsid outgoing-tcp-mss pidfile \
            port proxy-protocol-port receive-buffer-size refuse-any reload-config reuseport round-robin rrl-ipv4-prefix-length \
            rrl-ipv6-prefix-length rrl-ratelimit rrl-size rrl-slip rrl-whitelist-ratelimit send-buffer-size server-*-cpu-affinity \
            server-count statistics tcp-count tcp-listen-queue tcp-mss tcp-query-count tcp-reject-overflow tcp-timeout tls-auth-port \
            tls-auth-xfr-only tls-cert-bundle tls-port tls-service-key tls-service-ocsp tls-service-pem use-systemd username verbosity \
            version xdp-bpffs-path xdp-force-copy xdp-interface xdp-program-load xdp-program-path xfrd-cpu-affinity xfrd-reload-timeout \
            xfrd-tcp-max xfrd-tcp-pipeline xfrdfile xfrdir zonefiles-check zonefiles-write zonelistfile",
        refused: "",
    },
    Words {
        part: ZONE,
        followed: "catalog include-pattern name notify provide-xfr request-xfr zonefile",
        harmless: "allow-axfr-fallback allow-notify allow-query catalog-member-pattern catalog-producer-zone create-ixfr ixfr-number \
            ixfr-size max-refresh-time max-retry-time min-expire-time min-refresh-time min-retry-time multi-master-check \
            multi-primary-check notify-retry outgoing-interface rrl-whitelist size-limit-xfr store-ixfr verifier verifier-feed-zone \
            verifier-timeout verify-zone zonestats",
        refused: "",
    },
    Words {
        part: "`dnstap`",
        followed: "dnstap-ip dnstap-enable",
        harmless: "dnstap-identity dnstap-log-auth-query-messages dnstap-log-auth-response-messages dnstap-send-identity \
            dnstap-send-version dnstap-socket-path dnstap-tls dnstap-tls-cert-bundle dnstap-tls-client-cert-file \
            dnstap-tls-client-key-file dnstap-tls-server-name dnstap-version",
        refused: "",
    },
    Words {
        part: OTHERS,
        followed: "",
        harmless: "algorithm auth-domain-name client-cert client-key client-key-pw control-cert-file control-enable control-interface \
            control-key-file control-port enable name port secret server-cert-file server-key-file verifier verifier-count \
            verifier-feed-zone verifier-timeout verify-zones ip-address",
        refused: "",
    },
];

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

/// Where NSD keeps its files.
const PREFIXES: &[&str] = &["/etc/nsd/", "/usr/local/etc/nsd/", "/var/nsd/etc/", "/var/lib/nsd/"];
/// Patterns in patterns.
const MAX_DEPTH: usize = 16;

pub struct Nsd;

impl Reader for Nsd {
    fn format(&self) -> &'static str {
        "nsd"
    }

    fn describe(&self) -> &'static str {
        "NSD nsd.conf: zones and transfers"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    /// By name, or by clauses with attributes that only NSD has.
    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let (mut clauses, mut own) = (false, false);
        for line in glance(text).lines() {
            let first = line.split_whitespace().next().unwrap_or("");
            clauses |= matches!(first, "zone:" | "pattern:" | "server:");
            own |= matches!(first, "provide-xfr:" | "request-xfr:" | "zonefile:" | "zonesdir:" | "include-pattern:");
        }
        match (name == "nsd.conf", clauses, own) {
            (true, true, _) | (_, true, true) if name.ends_with(".conf") || !name.contains('.') => Recognized::Yes,
            _ => Recognized::No,
        }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input)
    }
}

/// `attribute: value value`.
#[derive(Clone, Debug)]
struct Attribute {
    name: String,
    values: Vec<(String, Location)>,
    at: Location,
}

impl Attribute {
    fn value(&self) -> &str {
        self.values.first().map_or("", |(v, _)| v)
    }
}

/// `zone:` and what stands up to the next clause.
#[derive(Debug)]
struct Clause {
    kind: String,
    attributes: Vec<Attribute>,
    at: Location,
}

impl Clause {
    fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }
}

fn attributes(text: &str, file: SourceId, builder: &mut Builder) -> Vec<Attribute> {
    let mut all: Vec<Attribute> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut at = 0;
        while let Some(rest) = line.get(at..) {
            let Some(first) = rest.chars().next() else { break };
            if first.is_whitespace() {
                at += first.len_utf8();
                continue;
            }
            if first == '#' {
                break;
            }
            let (word, length, quoted) = match rest.strip_prefix(['"', '\'']) {
                Some(inner) => match inner.find(first) {
                    Some(end) => (&inner[..end], end + 2, true),
                    None => {
                        let location = Location::new(file, Span::new(start + at, start + at + 1));
                        builder.unclear("syntax", "a quoted text is not closed".to_owned(), None, location, None);
                        (inner.trim_end(), rest.len(), true)
                    }
                },
                None => {
                    let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
                    (&rest[..end], end, false)
                }
            };
            let location = Location::new(file, Span::new(start + at, start + at + length));
            let named = word.strip_suffix(':').filter(|w| !quoted && w.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
            match (named, all.last_mut()) {
                (Some(name), _) => all.push(Attribute { name: name.to_owned(), values: Vec::new(), at: location }),
                (None, Some(last)) => last.values.push((word.to_owned(), location)),
                (None, None) => {
                    let message = format!("`{}` belongs to no attribute", shorten(word));
                    builder.unclear("syntax", message, None, location, None);
                }
            }
            at += length.max(1);
        }
        start += line.len();
    }
    all
}

fn read(input: &Input<'_>) -> Reading {
    let files = Files::new(input, PREFIXES);
    let mut builder = Builder::default();
    let mut clauses: Vec<Clause> = Vec::new();
    let mut included = BTreeSet::new();
    take(input, &files, input.file, &mut builder, &mut clauses, &mut included);
    let mut facts = Facts::default();
    let server = super::server(&mut facts, "nsd", input);
    let mut config = Config { input, files, clauses: &clauses, builder, facts, server };
    config.all();
    merge(&mut config.facts, facts::facts(&config.builder.zone, &|_| false));
    Reading { facts: config.facts, included: included.into_iter().collect(), ..Reading::default() }
}

/// The clauses of a file, with those of the files that it includes.
fn take(
    input: &Input<'_>,
    files: &Files<'_>,
    file: SourceId,
    builder: &mut Builder,
    clauses: &mut Vec<Clause>,
    included: &mut BTreeSet<SourceId>,
) {
    let source = input.sources.get(file);
    for attribute in attributes(&source.text, file, builder) {
        match attribute.name.as_str() {
            "include" => {
                let found = files.find(&source.path, attribute.value());
                if found.is_empty() {
                    builder.not_included(attribute.value(), attribute.at);
                }
                for id in found.into_iter().filter(|id| *id != input.file) {
                    if included.len() >= MAX_FILES && !included.contains(&id) {
                        builder.too_many_files(attribute.at);
                        break;
                    }
                    if included.insert(id) {
                        take(input, files, id, builder, clauses, included);
                    }
                }
            }
            kind if attribute.values.is_empty() && WORDS.effect("the configuration", kind).is_some() => {
                clauses.push(Clause { kind: kind.to_owned(), attributes: Vec::new(), at: attribute.at });
            }
            _ => match clauses.last_mut() {
                Some(clause) => clause.attributes.push(attribute),
                None => _ = builder.word(&WORDS, "the configuration", "clause", &attribute.name, attribute.at, None),
            },
        }
    }
}

struct Config<'a> {
    input: &'a Input<'a>,
    files: Files<'a>,
    clauses: &'a [Clause],
    builder: Builder,
    facts: Facts,
    server: Reference,
}

impl<'a> Config<'a> {
    fn all(&mut self) {
        let folder = self.clauses.iter().filter(|c| c.kind == "server").find_map(|c| c.get("zonesdir"));
        let folder = folder.map_or("", Attribute::value);
        for clause in self.clauses {
            let part = match clause.kind.as_str() {
                "server" => "`server`",
                "zone" | "pattern" => ZONE,
                "dnstap" => "`dnstap`",
                _ => OTHERS,
            };
            for attribute in &clause.attributes {
                self.builder.word(&WORDS, part, "word", &attribute.name, attribute.at, None);
            }
            match clause.kind.as_str() {
                "zone" => self.zone(clause, folder),
                // Off unless it says so; what is neither `yes` nor `no` may mean on.
                "dnstap" if clause.get("dnstap-enable").is_some_and(|a| a.value() != "no") => {
                    for (address, at) in clause.attributes.iter().filter(|a| a.name == "dnstap-ip").flat_map(|a| &a.values) {
                        self.way(address, Activity::Log, "dnstap", *at);
                    }
                }
                // Patterns are taken in by zones; keys and control lead nowhere.
                _ => {}
            }
        }
    }

    /// What a zone says, and its patterns where it is silent or adds to them.
    fn attributes_of(&mut self, clause: &'a Clause, depth: usize) -> Vec<&'a Attribute> {
        let mut all = Vec::new();
        for attribute in &clause.attributes {
            if attribute.name != "include-pattern" {
                all.push(attribute);
                continue;
            }
            let wanted = attribute.value();
            let pattern = self
                .clauses
                .iter()
                .find(|c| c.kind == "pattern" && c.get("name").is_some_and(|n| n.value() == wanted))
                .filter(|_| depth < MAX_DEPTH);
            match pattern {
                Some(pattern) => all.extend(self.attributes_of(pattern, depth + 1).into_iter().filter(|a| a.name != "name")),
                None => {
                    let message = format!("there is no pattern `{}`", shorten(wanted));
                    self.builder.unclear("undefined-name", message, None, attribute.at, None);
                }
            }
        }
        all
    }

    fn zone(&mut self, clause: &'a Clause, folder: &str) {
        let all = self.attributes_of(clause, 0);
        let named = clause.get("name");
        let at = named.map_or(clause.at, |n| n.at);
        let Ok(zone) = name::absolute(named.map_or("", Attribute::value), Some("")) else {
            let message = "this zone has no name, or one that is no name".to_owned();
            return self.builder.unclear("malformed-line", message, None, at, None);
        };
        for attribute in &all {
            match attribute.name.as_str() {
                "notify" | "provide-xfr" => {
                    let blocked = attribute.values.iter().any(|(v, _)| v == "BLOCKED");
                    if let Some((address, at)) = attribute.values.first().filter(|_| !blocked) {
                        self.way(address, Activity::Replicate, &attribute.name, *at);
                    }
                }
                "catalog" if attribute.value() == "consumer" => {
                    let message = format!("`{}` lists further zones, which are not followed", shorten(&zone));
                    self.builder.unclear("unfollowed-answer", message, Some(super::DECLARE), attribute.at, None);
                }
                // The file is looked at below; the others are harmless, or gaps already.
                _ => {}
            }
        }
        let written = all.iter().rev().find(|a| a.name == "zonefile").map_or("", |a| a.value()).replace("%s", &zone);
        let from = self.input.path();
        let full = if folder.is_empty() || written.starts_with('/') { written.clone() } else { format!("{folder}/{written}") };
        let found = |path: &str| !path.is_empty() && !path.contains('%') && !self.files.find(from, path).is_empty();
        if !written.is_empty() && (found(&full) || found(&written)) {
            return;
        }
        let requested = all.iter().any(|a| a.name == "request-xfr");
        let message = if requested {
            format!("the zone `{}` is taken from other servers", shorten(&zone))
        } else if written.is_empty() {
            format!("the zone `{}` has no file", shorten(&zone))
        } else {
            format!("the file `{}` of the zone `{}` is not among the project's files", shorten(&written), shorten(&zone))
        };
        let help = Some("add the zone's file, by the name that it has here");
        self.builder.unclear("missing-include", message, help, at, Some(&format!("*.{zone}")));
    }

    /// `192.0.2.1@53`. A network or a range is whom zones may be copied to, which is nobody's data.
    fn way(&mut self, address: &str, activity: Activity, pool: &str, at: Location) {
        let (ip, port) = address.split_once('@').unwrap_or((address, "53"));
        match (ip.parse(), port.parse()) {
            (Ok(ip), Ok(port)) => {
                let to = Reference::Address { ip, port: Some(port) };
                self.facts.routes.push(super::way(&self.server, to, activity, pool, at));
            }
            _ if activity == Activity::Replicate || address.is_empty() => {}
            _ => {
                let message = format!("messages of `{pool}` go to `{}`, which is no address", shorten(address));
                self.builder.unclear("unusable-target", message, Some(super::DECLARE), at, None);
            }
        }
    }
}
