//! Squid: squid.conf with what it includes.
//!
//! squid.conf, "cache_peer", "cache_peer_access", "always_direct", "never_direct", "nonhierarchical_direct": a request goes to a parent
//! where one may take it - a member of the group that shares requests (`round-robin`, `carp`, `sourcehash`...), else the first that is
//! up, then any other that is up, a `default` one last - and to the server that the client names unless `never_direct` forbids it.
//! An accelerator (`accel`) only goes to its peers, unless `allow-direct`. "access_log" with `udp://` or `tcp://`, "icap_service". A peer
//! that cannot be connected to counts as dead until it answers again. One squid.conf is one entry. Helper programs, rewriters and eCAP
//! are code, and gaps. Not here: what ICP and HTCP ask siblings besides URLs.

mod known;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;

use super::proxy::block::{Block, Files, MAX_BLOCKS, Word};
use super::proxy::fronts::{Asks, by_networks};
use super::proxy::output::{Listen, Output, Touch};
use super::proxy::peer::{self, Peer, is_host_name};
use super::proxy::shorten;
use super::proxy::turn::{Turn, both};
use super::proxy::when::When;
use super::{Input, Reader, Reading, Recognized, glance, words};
use crate::model::{Activity, Address, Dependence, EndpointFact, Role, Roles, RouteFact, Spill};
use crate::source::{Location, SourceId, Span, Spanned};
use known::VOCABULARY;

const PREFIXES: &[&str] = &["/etc/squid/", "/usr/local/squid/etc/", "/usr/local/etc/squid/", "/etc/squid3/"];
const MAX_DEPTH: usize = 16;

pub struct Squid;

impl Reader for Squid {
    fn format(&self) -> &'static str {
        "squid"
    }

    fn describe(&self) -> &'static str {
        "Squid configuration with its includes (parents, accelerators, logs)"
    }

    fn words(&self) -> &'static [words::Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, text)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input)
    }
}

/// Lines of words, with includes in place.
struct Lines<'a, 'i> {
    input: &'i Input<'a>,
    files: Files<'a>,
    taken: BTreeSet<SourceId>,
    missing: Vec<(String, Location)>,
    left: usize,
    /// Where there was more than is read.
    full: Option<Location>,
}

impl Lines<'_, '_> {
    fn read(&mut self, source: SourceId, depth: usize, done: &mut Vec<Block>) {
        let text = &self.input.sources.get(source).text;
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let from = offset;
            offset += line.len();
            let code = line.trim_end();
            let mut words = Vec::new();
            let mut at = 0;
            while at < code.len() {
                let rest = &code[at..];
                let blank = rest.len() - rest.trim_start().len();
                let start = at + blank;
                let word = code[start..].split(char::is_whitespace).next().unwrap_or("");
                if word.is_empty() || word.starts_with('#') {
                    break;
                }
                let span = Span::new(from + start, from + start + word.len());
                words.push(Word { text: word.to_owned(), span, quoted: false });
                at = start + word.len();
            }
            if words.is_empty() || self.left == 0 {
                continue;
            }
            self.left -= 1;
            let block = Block { source, words, body: None, part_of: None };
            if self.left == 0 {
                self.full = Some(block.location());
            }
            if block.name() != "include" {
                done.push(block);
                continue;
            }
            for i in 1..block.words.len() {
                let found = if depth < MAX_DEPTH {
                    self.files.find(&self.input.sources.get(source).path, block.word(i).trim_matches('"'))
                } else {
                    Vec::new()
                };
                if found.is_empty() {
                    self.missing.push((block.word(i).to_owned(), block.at(i)));
                }
                for id in found.into_iter().filter(|id| *id != self.input.file) {
                    self.taken.insert(id);
                    self.read(id, depth + 1, done);
                }
            }
        }
    }
}

struct Parent {
    peer: Peer,
    at: Location,
    name: String,
    /// Shares requests with the others of its kind.
    shares: bool,
    weight: u64,
    last: bool,
    sibling: bool,
}

fn read(input: &Input<'_>) -> Reading {
    let mut out = Output::new(input.text().len() / 16);
    let files = Files::new(input, PREFIXES);
    let mut lines = Lines { input, files, taken: BTreeSet::new(), missing: Vec::new(), left: MAX_BLOCKS, full: None };
    let mut all = Vec::new();
    lines.read(input.file, 0, &mut all);
    let fact = declare(&mut out, input, &all);
    let touch = Touch::Endpoint(fact);
    for (pattern, at) in std::mem::take(&mut lines.missing) {
        let message = format!("`include {}`: no such file is in the project", shorten(&pattern));
        let help = "add the file to the project, and to `include` of its onshore.toml".to_owned();
        out.gap("missing-include", message, Some(help), at, Touch::Everything);
    }
    if let Some(at) = lines.full {
        let message = "this configuration is longer, with all it includes, than is read".to_owned();
        out.gap("too-large", message, None, at, Touch::Everything);
    }
    let mut acls: BTreeMap<&str, (&str, Vec<&str>)> = BTreeMap::new();
    for line in all.iter().filter(|l| l.name() == "acl") {
        let entry = acls.entry(line.word(1)).or_insert_with(|| (line.word(2), Vec::new()));
        entry.1.extend(line.words.iter().skip(3).map(|w| w.text.as_str()).filter(|w| !w.starts_with('-')));
    }
    for line in &all {
        if out.knows(&VOCABULARY, known::DIRECTIVE, line.name(), line.location(), touch) {
            other(&mut out, fact, line);
        }
    }
    parents(&mut out, fact, &all, &acls);
    let refused = all.iter().any(|l| l.name() == "cache" && l.word(1) == "deny" && l.word(2) == "all");
    if !refused {
        let dir = all.iter().find(|l| l.name() == "cache_dir");
        let at = dir
            .map_or_else(|| all.first().map_or(Location::new(input.file, Span::default()), Block::location), Block::location);
        let label = dir.map_or("memory cache".to_owned(), |d| format!("cache {}", shorten(d.word(2))));
        let to = out.store("cache", label, fact, at);
        out.send_to(fact, to, at, &Turn::first("cache").of(Activity::Cache).under("answers that may be kept"));
    }
    let included = lines.taken.iter().copied().filter(|id| *id != input.file).collect();
    Reading { facts: out.facts, included, ..Reading::default() }
}

fn declare(out: &mut Output, input: &Input<'_>, all: &[Block]) -> usize {
    let at = all.first().map_or(Location::new(input.file, Span::default()), Block::location);
    let mut fact = EndpointFact::new("squid", format!("squid {}", input.path()), at);
    fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
    let (mut listens, mut unheard) = (Vec::new(), Vec::new());
    let mut shown = Vec::new();
    for line in all {
        if matches!(line.name(), "http_port" | "https_port" | "ftp_port") {
            let text = line.word(1);
            shown.push(text.to_owned());
            let bare = if text.contains(':') { text.to_owned() } else { format!("0.0.0.0:{text}") };
            match peer::peer(&bare, None) {
                Ok(Peer::Address { ip, port }) => fact.addresses.push(Address { ip, port, location: line.at(1) }),
                Ok(Peer::Loopback { port: Some(port), .. }) => listens.push(Listen::Port(port)),
                _ => unheard.push((text, line.at(1))),
            }
        }
        let named =
            match line.name() {
                "visible_hostname" => Some((line.word(1), 1)),
                "http_port" | "https_port" => line.words.iter().enumerate().find_map(|(i, w)| {
                    Some((w.text.strip_prefix("defaultsite=").or_else(|| w.text.strip_prefix("vhost="))?, i))
                }),
                _ => None,
            };
        if let Some((name, i)) = named.filter(|(n, _)| is_host_name(n) && n.contains('.')) {
            let span = if line.source == fact.location.source { line.words[i].span } else { fact.location.span };
            fact.names.push(Spanned::new(name.to_ascii_lowercase(), span));
        }
    }
    fact.attributes.other.insert("listen".to_owned(), shorten(&shown.join(", ")));
    if let Some(first) = fact.names.first() {
        fact.label = first.value.clone();
    }
    let label = fact.label.clone();
    let index = out.principal(fact);
    listens.into_iter().for_each(|on| out.listens(index, on, &label));
    for (text, at) in unheard {
        out.unheard(text, at, Touch::Endpoint(index));
    }
    index
}

/// Directives that lead elsewhere and are not about parents.
fn other(out: &mut Output, fact: usize, line: &Block) {
    let touch = Touch::Endpoint(fact);
    match line.name() {
        "access_log" | "useragent_log" | "referer_log" | "icap_log" => {
            let text = line.word(1);
            let (kind, place) = text.split_once(':').unwrap_or(("", text));
            match kind {
                "udp" | "tcp" => {
                    if let Some(peer) = out.target(line.name(), place.trim_start_matches('/'), None, line.at(1), touch) {
                        out.log_to(fact, &peer, line.at(1), line.name());
                    }
                }
                "" | "none" | "stdio" | "daemon" | "syslog" => {}
                other => {
                    let message = format!("`{}` goes to `{}`, which is not followed", line.name(), shorten(other));
                    let help = "declare where these logs go in an inventory".to_owned();
                    out.gap("unfollowed-filter", message, Some(help), line.at(1), touch);
                }
            }
        }
        "icap_service" => {
            let Some(i) = (1..line.words.len()).find(|i| line.word(*i).contains("://")) else {
                let message = format!("icap_service `{}` says no URL", shorten(line.word(1)));
                out.gap("unusable-target", message, None, line.location(), touch);
                return;
            };
            let vector = line.word(2);
            let what = format!("each request or answer, with its body ({} {})", shorten(line.word(1)), shorten(vector));
            if let Some(peer) = out.target("icap_service", line.word(i), Some(1344), line.at(i), touch) {
                let pool = out.pool(fact, "icap_service");
                out.send(fact, &peer, line.at(i), &Turn::first(pool).under(what));
            }
        }
        "dns_nameservers" => {
            for (i, word) in line.words.iter().enumerate().skip(1) {
                let is_v6 = word.text.parse::<Ipv6Addr>().is_ok();
                let bracketed = if is_v6 { format!("[{}]", word.text) } else { word.text.clone() };
                let Some(peer) = out.target("dns_nameservers", &bracketed, Some(53), line.at(i), touch) else { continue };
                for (to, _) in out.endpoints_at(&peer, line.at(i)) {
                    let mut route: RouteFact = Output::plain(fact, to, Activity::Depend, line.at(i));
                    route.pool = Some("dns_nameservers".to_owned());
                    route.purpose = Dependence::Dns;
                    out.route(route);
                }
            }
        }
        "deny_info" => {
            let url = line.word(1);
            let url = url.split_once(':').filter(|(code, _)| code.parse::<u16>().is_ok()).map_or(url, |(_, url)| url);
            if url.contains("://")
                && let Some(peer) = out.target("deny_info", url, Some(80), line.at(1), touch)
            {
                let pool = out.pool(fact, "redirect");
                out.send(
                    fact,
                    &peer,
                    line.at(1),
                    &Turn::first(pool).under("redirect: the client goes there when it is refused"),
                );
            }
        }
        // It does not lead elsewhere, or is about parents.
        _ => {}
    }
}

fn parents(out: &mut Output, fact: usize, all: &[Block], acls: &BTreeMap<&str, (&str, Vec<&str>)>) {
    let touch = Touch::Endpoint(fact);
    let mut parents: Vec<Parent> = Vec::new();
    for line in all.iter().filter(|l| l.name() == "cache_peer") {
        let port = out.number("the port of a cache_peer", line.word(3), line.at(3), touch);
        let options: Vec<&str> = line.words.iter().skip(5).map(|w| w.text.as_str()).collect();
        for (i, option) in options.iter().enumerate() {
            out.knows(&VOCABULARY, known::PEER, option.split('=').next().unwrap_or(option), line.at(i + 5), touch);
        }
        let value = |name: &str| options.iter().find_map(|o| o.strip_prefix(name)?.strip_prefix('='));
        let has = |names: &[&str]| options.iter().any(|o| names.contains(o));
        let Some(peer) = out.target("cache_peer", line.word(1), port, line.at(1), touch) else { continue };
        parents.push(Parent {
            peer,
            at: line.at(1),
            name: value("name").unwrap_or(line.word(1)).to_owned(),
            shares: has(&["round-robin", "weighted-round-robin", "carp", "userhash", "sourcehash"]),
            weight: value("weight").and_then(|w| out.number("`weight`", w, line.at(5), touch)).map_or(1, |w: u32| u64::from(w)),
            last: has(&["default"]),
            sibling: line.word(2) != "parent",
        });
    }
    let shares = parents.iter().any(|p| p.shares && !p.sibling);
    let total: u64 = parents.iter().filter(|p| p.shares && !p.sibling).map(|p| p.weight).sum();
    let uneven = {
        let mut weights = parents.iter().filter(|p| p.shares && !p.sibling).map(|p| p.weight);
        weights.next().is_some_and(|first| weights.any(|w| w != first))
    };
    // Shared ones first, then the others as they stand, the last resort last.
    let mut order: Vec<usize> = (0..parents.len()).filter(|i| !parents[*i].sibling).collect();
    order.sort_by_key(|i| (!(parents[*i].shares), parents[*i].last));
    let mut priority = 0;
    for (place, i) in order.iter().enumerate() {
        let parent = &parents[*i];
        if place > 0 && !(shares && parent.shares) {
            priority += 1;
        }
        let turn = if priority > 0 {
            let condition = match place {
                1 => "when the parent before it is dead".to_owned(),
                n => format!("when the {n} parents before it are dead"),
            };
            Turn::standby("parents", priority, Spill::Load, condition)
        } else if uneven && parent.shares {
            Turn::first("parents").share(parent.weight, total)
        } else {
            Turn::first("parents")
        };
        for ask in access(all, acls, &parent.name) {
            let condition = both(turn.condition.clone(), ask.text());
            out.send(fact, &parent.peer, parent.at, &Turn { condition, ..turn.clone().for_clients(&ask.when) });
        }
    }
    for parent in parents.iter().filter(|p| p.sibling) {
        let pool = out.pool(fact, "siblings");
        let turn = Turn::first(pool).under("asked whether it has a page, and for the page if it has");
        out.send(fact, &parent.peer, parent.at, &turn);
    }
    direct(out, fact, all, !order.is_empty());
}

/// Whose requests `cache_peer_access` lets a peer have.
fn access(all: &[Block], acls: &BTreeMap<&str, (&str, Vec<&str>)>, name: &str) -> Vec<Asks> {
    let lines: Vec<&Block> = all.iter().filter(|l| l.name() == "cache_peer_access" && l.word(1) == name).collect();
    let allowed: Vec<Asks> = lines
        .iter()
        .filter(|l| l.word(2) == "allow")
        .filter_map(|line| line.words.iter().skip(3).try_fold(Asks::default(), |ask, w| ask.and(&one_acl(acls, &w.text))))
        .collect();
    // The last line decides what no line is for, the other way round.
    let others_too = lines.last().is_none_or(|l| l.word(2) == "deny" && l.word(3) != "all");
    match (allowed.is_empty(), others_too) {
        (_, true) => vec![Asks::default()],
        (true, false) => Vec::new(),
        (false, false) => allowed,
    }
}

fn one_acl(acls: &BTreeMap<&str, (&str, Vec<&str>)>, name: &str) -> Asks {
    let (name, among) = name.strip_prefix('!').map_or((name, true), |n| (n, false));
    if name == "all" {
        return Asks::default();
    }
    let shown = shorten(name);
    match acls.get(name) {
        Some(("src", values)) => Asks::when(by_networks(values, among)),
        Some(("dstdomain" | "dstdom_regex" | "url_regex" | "urlpath_regex" | "method" | "port" | "proto", values)) => {
            let not = if among { "" } else { "other than " };
            Asks::what(shorten(&format!("requests {not}of {}", values.join(" "))))
        }
        _ => Asks::when(When::some(format!("by {shown}"), format!("when {}{shown}", if among { "" } else { "not " }))),
    }
}

/// Requests that go to the server that the client names.
fn direct(out: &mut Output, fact: usize, all: &[Block], parents: bool) {
    let ports: Vec<&Block> = all.iter().filter(|l| matches!(l.name(), "http_port" | "https_port")).collect();
    let has = |l: &&Block, option: &str| l.words.iter().any(|w| w.text == option);
    let accelerates = !ports.is_empty()
        && ports.iter().all(|l| has(l, "accel") || l.words.iter().any(|w| w.text.starts_with("defaultsite=")));
    let allows = ports.iter().any(|l| has(l, "allow-direct"));
    let always = all.iter().any(|l| l.name() == "always_direct" && l.word(1) == "allow");
    let never = all.iter().find(|l| l.name() == "never_direct").is_some_and(|l| l.word(1) == "allow" && l.word(2) == "all");
    if (accelerates && !allows && !always && parents) || (never && !always) {
        return;
    }
    let at =
        ports.first().or(all.first().as_ref()).map_or_else(|| Location::new(SourceId(0), Span::default()), |l| l.location());
    if all.is_empty() {
        return;
    }
    let message = "this proxy sends requests to whatever server the client names".to_owned();
    let help =
        "declare the servers that clients can reach this way in an inventory, or forbid it with `never_direct allow all`";
    out.gap("dynamic-upstream", message, Some(help.to_owned()), at, Touch::Endpoint(fact));
}

/// By words that only squid.conf has.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if !(name.ends_with(".conf") || name.contains("squid") || !name.contains('.')) || name.ends_with(".md") {
        return Recognized::No;
    }
    let mut words = 0;
    for line in glance(text).lines() {
        let line = line.trim_end();
        if line.ends_with([';', '{']) || line.starts_with('<') {
            return Recognized::No;
        }
        let mut parts = line.split_whitespace();
        words += u32::from(match parts.next().unwrap_or("") {
            "http_access" | "cache_peer" | "cache_peer_access" | "never_direct" | "always_direct" | "coredump_dir"
            | "refresh_pattern" | "cache_dir" | "icap_service" => true,
            "http_port" | "https_port" => parts.next().is_some(),
            _ => false,
        });
    }
    match (words, name.contains("squid") || path.contains("squid/")) {
        (2.., _) | (1, true) => Recognized::Yes,
        (1, false) => Recognized::Maybe,
        _ => Recognized::No,
    }
}
