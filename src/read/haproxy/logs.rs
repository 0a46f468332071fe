//! Where logs and tables go: `log` lines, rings, log forwarders (sections 4.2, 12.5, 12.6) and stick tables that peers share (chapter 11).
//!
//! Requests are logged by the frontend; what a backend logs is the state of its servers. `log global` stands for the targets of the global section; targets of `defaults` count as well, `no log` drops both. A target
//! is an address (UDP, port 514 if none is given), a socket, `ring@NAME`, `backend@NAME`, or stays on the machine (`stdout`, `fd@`).

use std::collections::BTreeMap;

use super::address::{Target, target};
use super::known;
use super::lex::Line;
use super::sections::Config;
use super::servers::Backend;
use crate::model::{Activity, DataLimit, EndpointFact, Reference, Role, Roles, Standing};
use crate::read::proxy::output::{Listen, Output, Touch};
use crate::read::proxy::peer::Peer;
use crate::read::proxy::{LOGGED, shorten};
use crate::source::Location;

/// Rings and tables by name, as far as they are endpoints already.
#[derive(Default)]
pub(super) struct Sinks {
    rings: BTreeMap<String, Reference>,
}

pub(super) struct Logs<'c> {
    pub config: &'c Config,
    pub backends: &'c BTreeMap<String, Backend>,
    pub sinks: Sinks,
}

impl<'c> Logs<'c> {
    /// The logs and shared tables of one proxy.
    pub fn proxy(&mut self, out: &mut Output, fact: usize, lines: &[&Line]) {
        let content = lines.iter().any(|l| l.first().starts_with("log-format") && tells_content(&l.rest(1)));
        let config: &'c Config = self.config;
        for line in Self::targets(config, lines) {
            self.send(out, fact, line, content, true);
        }
        self.tables(out, fact, lines);
    }

    /// A log forwarder hands on whatever it is sent.
    pub fn forwarders(&mut self, out: &mut Output) {
        let config = self.config;
        for (_, section) in config.of_kind("log-forward") {
            let mut fact =
                EndpointFact::new("haproxy-log-forward", format!("log-forward {}", section.name), section.header.at(1));
            fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
            let label = fact.label.clone();
            let binds: Vec<&Line> = section.lines.iter().filter(|l| matches!(l.first(), "bind" | "dgram-bind")).collect();
            let (listens, unheard) = super::bind(&mut fact, &binds);
            let index = out.principal(fact);
            listens.into_iter().for_each(|on| out.listens(index, on, &label));
            unheard.into_iter().for_each(|(text, at)| out.unheard(&text, at, Touch::Endpoint(index)));
            let lines: Vec<&Line> = section.lines.iter().collect();
            for line in Self::targets(config, &lines) {
                self.send(out, index, line, true, false);
            }
            for line in &section.lines {
                if known::effect(known::LOG_FORWARD, line.first()).is_none() {
                    super::unknown(out, line, Touch::Endpoint(index));
                }
            }
        }
    }

    /// The `log` lines in force.
    fn targets<'l>(config: &'l Config, lines: &[&'l Line]) -> Vec<&'l Line> {
        let mut targets = Vec::new();
        for line in lines {
            match (line.first(), line.word(1)) {
                ("no", "log") => targets.clear(),
                ("log", "global") => {
                    let global = config.of_kind("global").flat_map(|(_, s)| &s.lines);
                    targets.extend(global.filter(|l| l.first() == "log"));
                }
                ("log", _) | ("log-stderr", _) => targets.push(*line),
                _ => {}
            }
        }
        targets.sort_by_key(|l| l.location());
        targets.dedup_by_key(|l| l.location());
        targets
    }

    fn send(&mut self, out: &mut Output, from: usize, line: &Line, everything: bool, assumed: bool) {
        let (text, at, touch) = (line.word(1), line.at(1), Touch::Endpoint(from));
        if let Some((_, name)) = line.unresolved() {
            let message = format!("where this log goes depends on the environment variable `{name}`, which is not known");
            let help = format!("give `{name}` in `variables` of an `[[inputs.override]]`");
            out.gap("unresolved-variable", message, Some(help), at, touch);
            return;
        }
        if matches!(text, "stdout" | "stderr" | "") {
            return;
        }
        let targets = match target(text, Some(514)) {
            Ok(Target::Peer(peer)) => out.endpoints_at(&peer, at),
            Ok(Target::Unspecified { port }) => {
                let ip = std::net::IpAddr::from([127, 0, 0, 1]);
                out.endpoints_at(&Peer::Loopback { ip, port }, at)
            }
            Ok(Target::Inherited | Target::Reverse) => return,
            Ok(Target::Named { kind, name }) if kind == "ring" => {
                self.ring(out, &name).into_iter().map(|r| (r, None)).collect()
            }
            Ok(Target::Named { name, .. }) => {
                self.backends.get(&name).map(|b| (Reference::Fact(b.fact), None)).into_iter().collect()
            }
            Ok(Target::Service(name)) => vec![(Reference::Host { name, port: None }, None)],
            Err(why) => {
                out.gap("unusable-target", format!("the log target `{}` {why}", shorten(text)), None, at, touch);
                return;
            }
        };
        if targets.is_empty() {
            let message = format!("the log target `{}` is not defined in the files that were read", shorten(text));
            out.gap("undefined-name", message, None, at, touch);
        }
        let pool = out.pool(from, "log");
        for (to, more) in targets {
            let mut route = Output::plain(from, to, Activity::Log, at);
            route.pool = Some(pool.clone());
            route.condition = more;
            if !everything {
                logged(&mut route.data);
                route.data_assumed = assumed;
            }
            out.route(route);
        }
    }

    /// A ring keeps messages in memory and may send them on.
    fn ring(&mut self, out: &mut Output, name: &str) -> Option<Reference> {
        if let Some(known) = self.sinks.rings.get(name) {
            return Some(known.clone());
        }
        let (_, section) = self.config.of_kind("ring").find(|(_, s)| s.name == name)?;
        let mut fact = EndpointFact::new("haproxy-ring", format!("ring {name}"), section.header.at(1));
        fact.standing = Standing::WithSender;
        let index = out.principal(fact);
        self.sinks.rings.insert(name.to_owned(), Reference::Fact(index));
        for line in section.lines.iter().filter(|l| l.first() == "server") {
            match target(line.word(2), Some(514)) {
                Ok(Target::Peer(peer)) if line.unresolved().is_none() => {
                    let pool = out.pool(index, "log");
                    for (to, more) in out.endpoints_at(&peer, line.at(2)) {
                        let mut route = Output::plain(index, to, Activity::Log, line.at(2));
                        route.pool = Some(pool.clone());
                        route.condition = more;
                        out.route(route);
                    }
                }
                _ => {
                    let message =
                        format!("the server `{}` of ring `{}` has no known address", shorten(line.word(1)), shorten(name));
                    out.gap("unusable-target", message, None, line.location(), Touch::Endpoint(index));
                }
            }
        }
        Some(Reference::Fact(index))
    }

    /// Stick tables hold addresses and counters of clients; peers get a copy of each entry.
    pub fn tables(&self, out: &mut Output, fact: usize, lines: &[&Line]) {
        let mut peers: Vec<(&str, Location)> = Vec::new();
        for line in lines {
            if line.first() == "stick-table" {
                let at = line.words.iter().position(|w| w.text == "peers");
                peers.extend(at.map(|i| (line.word(i + 1), line.at(i + 1))));
            } else {
                // A table of a peers section, as `track-sc0 src table NAME/TABLE`.
                let named = line.words.iter().filter_map(|w| Some((w.text.split_once('/')?.0, w)));
                let named = named.filter(|(name, _)| self.config.of_kind("peers").any(|(_, s)| s.name == *name));
                peers.extend(named.map(|(name, word)| (name, Location::new(line.source, word.span))));
            }
        }
        peers.sort_unstable();
        peers.dedup_by_key(|(name, _)| *name);
        for (name, at) in peers {
            let Some((_, section)) = self.config.of_kind("peers").find(|(_, s)| s.name == name) else {
                let message = format!("there is no section `peers {}` in the files that were read", shorten(name));
                out.gap("undefined-name", message, None, at, Touch::Endpoint(fact));
                continue;
            };
            for line in section.lines.iter().filter(|l| matches!(l.first(), "peer" | "server") && l.words.len() > 2) {
                let Ok(Target::Peer(peer)) = target(line.word(2), None) else {
                    let message = format!("the peer `{}` of `{}` has no known address", shorten(line.word(1)), shorten(name));
                    out.gap("unusable-target", message, None, line.location(), Touch::Endpoint(fact));
                    continue;
                };
                let pool = out.pool(fact, &format!("peers {name}"));
                for (to, more) in out.endpoints_at(&peer, line.at(2)) {
                    let mut route = Output::plain(fact, to, Activity::Replicate, line.at(2));
                    route.pool = Some(pool.clone());
                    logged(&mut route.data);
                    route.data_assumed = true;
                    let text = format!("stick table shared by peers `{name}`");
                    route.condition = super::servers::both(Some(text), more);
                    out.route(route);
                }
            }
        }
    }
}

fn logged(data: &mut DataLimit) {
    *data = DataLimit::Only(LOGGED.map(str::to_owned).to_vec());
}

/// A format that writes what requests hold.
fn tells_content(format: &str) -> bool {
    ["req.body", "req.payload", "payload(", "res.body", "res.payload", "req.hdrs"].iter().any(|f| format.contains(f))
}

/// What an address listens on at this machine.
pub(super) fn listens_on(target: &Target, ports: &[u16]) -> Vec<Listen> {
    match target {
        Target::Peer(Peer::Unix(path)) => vec![Listen::Socket(path.clone())],
        Target::Unspecified { .. } | Target::Peer(Peer::Loopback { .. }) => ports.iter().map(|p| Listen::Port(*p)).collect(),
        _ => Vec::new(),
    }
}
