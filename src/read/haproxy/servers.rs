//! Backends: which servers they have, in which order, and when the backups carry.
//!
//! Section 5.2: "backup" (used only when all others are unavailable; the first one that works, or all with `option allbackups`),
//! "weight" (0 takes no part in balancing but keeps sessions that stick to it), "disabled", "track", "check" (without it a server is
//! always considered available), "agent-check", "observe", "resolvers" (a name that stops resolving takes its server out), "socks4"
//! and "redir" (data goes there too). Section 4.2: "server", "server-template", "use-server", "dispatch", "default-server".
//!
//! A full server (`maxconn`) makes requests wait in the queue, and `redispatch` tries another server that is up: neither lets
//! backups in. Checks that fail do, and a server that is overloaded fails its checks; so a backup spills under load exactly when
//! every preferred server has something that watches it.

use std::collections::BTreeMap;

use super::address::{Target, target};
use super::conditions::{Acls, Weigher, short};
use super::known;
use super::lex::{Line, Word};
use super::samples::{Assigned, Evaluator, Tables};
use super::sections::Config;
use crate::model::{Activity, Dependence, RouteRole, Spill};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::{Peer, split_url};
use crate::read::proxy::when::When;
use crate::read::proxy::{peer, shorten};
use crate::source::Location;

/// What can take a server out of service without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Watch {
    /// Nothing.
    No,
    /// Its name no longer resolves.
    Name,
    /// Checks, its agent, or the traffic itself.
    Checks,
}

#[derive(Clone, Debug)]
pub(super) struct Server {
    pub name: String,
    pub target: Target,
    at: Location,
    backup: bool,
    weight: u32,
    disabled: bool,
    watch: Watch,
    track: Option<String>,
    cookie: bool,
    resolvers: Option<String>,
    socks4: Option<Word>,
    redir: Option<Word>,
}

impl Server {
    fn carries(&self) -> bool {
        !self.disabled && self.weight > 0
    }
}

/// The part of a proxy that connects to servers.
pub(super) struct Backend {
    pub section: usize,
    pub name: String,
    /// Its endpoint.
    pub fact: usize,
    pub servers: Vec<Server>,
    pub disabled: bool,
    allbackups: bool,
    sticky: bool,
    /// Servers of it are not in the text.
    dynamic: bool,
}

impl Backend {
    pub fn read(out: &mut Output, config: &Config, section: usize, fact: usize) -> Self {
        let head = &config.sections[section];
        let mut this = Self {
            section,
            name: head.name.clone(),
            fact,
            servers: Vec::new(),
            disabled: false,
            allbackups: false,
            sticky: false,
            dynamic: false,
        };
        let mut defaults: Vec<Word> = Vec::new();
        for line in config.lines_of(section) {
            match (line.first(), line.word(1)) {
                ("default-server", _) => defaults.extend(line.words.iter().skip(1).cloned()),
                ("server", _) => this.server(out, line, 3, &defaults),
                ("server-template", _) => this.server(out, line, 4, &defaults),
                ("disabled", _) => this.disabled = true,
                ("enabled", _) => this.disabled = false,
                ("option", "allbackups") => this.allbackups = true,
                ("no", "option") if line.word(2) == "allbackups" => this.allbackups = false,
                ("cookie" | "stick" | "appsession", _) => this.sticky = true,
                ("persist", "rdp-cookie") => this.sticky = true,
                _ => {}
            }
        }
        this
    }

    fn server(&mut self, out: &mut Output, line: &Line, parameters: usize, defaults: &[Word]) {
        let touch = Touch::Endpoint(self.fact);
        let Some(address) = line.words.get(parameters - 1) else {
            out.gap("syntax", format!("`{}` needs a name and an address", line.first()), None, line.location(), touch);
            self.dynamic = true;
            return;
        };
        let at = Location::new(line.source, address.span);
        if let Some((word, name)) = line.unresolved() {
            let message =
                format!("a server of `{}` depends on the environment variable `{name}`, which is not known", self.name);
            let help = format!("give `{name}` in `variables` of an `[[inputs.override]]`");
            out.gap("unresolved-variable", message, Some(help), Location::new(line.source, word.span), touch);
            self.dynamic = true;
            if address.unresolved.is_some() {
                return;
            }
        }
        let target = match target(&address.text, None) {
            Ok(target) => target,
            Err(why) => {
                out.gap("unusable-target", format!("the address `{}` {why}", shorten(&address.text)), None, at, touch);
                self.dynamic = true;
                return;
            }
        };
        let mut server = Server {
            name: line.word(1).to_owned(),
            target,
            at,
            backup: false,
            weight: 1,
            disabled: false,
            watch: Watch::No,
            track: None,
            cookie: false,
            resolvers: None,
            socks4: None,
            redir: None,
        };
        let own = line.words.get(parameters..).unwrap_or(&[]);
        for words in [defaults, own] {
            let mut rest = words.iter();
            let mut lost = false;
            while let Some(word) = rest.next() {
                let Some(values) = known::server_parameter(&word.text) else {
                    // What follows an unknown word may be its value.
                    if std::mem::replace(&mut lost, true) {
                        continue;
                    }
                    let message =
                        format!("`{}` is no known parameter of a server, so it may send data somewhere", shorten(&word.text));
                    let help = known::nearest_parameter(&word.text).map(|near| format!("did you mean `{near}`?"));
                    out.gap("unknown-directive", message, help, Location::new(line.source, word.span), touch);
                    continue;
                };
                lost = false;
                let value = if values == 1 { rest.next() } else { None };
                server.parameter(&word.text, value);
                if let ("weight", Some(value)) = (word.text.as_str(), value) {
                    let at = Location::new(line.source, value.span);
                    server.weight = out.number("`weight`", &value.text, at, touch).unwrap_or(1);
                }
            }
        }
        self.servers.push(server);
    }

    /// Servers that carry in normal running.
    pub fn usable(&self) -> Option<usize> {
        let preferred = self.servers.iter().filter(|s| !s.backup && s.carries()).count();
        let backups = self.servers.iter().filter(|s| s.backup && s.carries()).count();
        match (self.dynamic, preferred) {
            (true, _) => None,
            (false, 0) if !self.allbackups => Some(backups.min(1)),
            (false, 0) => Some(backups),
            (false, n) => Some(n),
        }
    }

    /// What makes all preferred servers unavailable.
    pub fn spill(&self, all: &BTreeMap<String, Backend>) -> Spill {
        let mut least = Watch::Checks;
        let mut named = "";
        for server in self.servers.iter().filter(|s| !s.backup && s.carries()) {
            let watch = server.watch_through(self, all, 0);
            if watch < least {
                (least, named) = (watch, &server.name);
            }
        }
        let name = shorten(&self.name);
        match least {
            _ if self.dynamic => Spill::Load,
            Watch::Checks => Spill::Load,
            Watch::Name => Spill::Failure(format!(
                "nothing checks server `{named}` of `{name}`: it is given up only when its name no longer resolves"
            )),
            Watch::No => Spill::Manual(format!(
                "nothing checks server `{named}` of `{name}`, so it always counts as up: only a person can take it out"
            )),
        }
    }

    pub fn routes(&self, out: &mut Output, config: &Config, all: &BTreeMap<String, Backend>, tables: &mut Tables<'_>) {
        let lines = config.lines_of(self.section);
        let chosen = self.chosen(out, &lines, all, tables);
        let name = shorten(&self.name);
        let preferred = self.servers.iter().filter(|s| !s.backup && s.carries()).count();
        let total: u64 = self.servers.iter().filter(|s| !s.backup && s.carries()).map(|s| u64::from(s.weight)).sum();
        let mut weights = self.servers.iter().filter(|s| !s.backup && s.carries()).map(|s| s.weight);
        let weighted = weights.next().is_some_and(|first| weights.any(|w| w != first));
        let spill = self.spill(all);
        let mut backups = 0;
        for server in &self.servers {
            if server.backup && server.carries() && !self.allbackups {
                backups += 1;
            }
            let order = if self.allbackups { 1 } else { backups.max(1) };
            let base = self.standing(server, preferred, total, weighted, &spill, order);
            self.connect(out, server, &base);
            for when in chosen.iter().filter(|(s, _)| *s == server.name).map(|(_, w)| w) {
                let standing =
                    Standing { role: when.basis.role(), priority: 0, spill: Spill::Load, when: when.clone(), condition: None };
                if !server.disabled && (server.backup || !server.carries()) {
                    self.connect(out, server, &standing);
                }
            }
        }
        for line in &lines {
            self.line(out, line);
        }
        self.depends(out, config);
        if self.servers.is_empty() && !self.dynamic && !lines.iter().any(|l| ends_here(l)) {
            let message = format!("backend `{name}` has no servers in the files that were read");
            out.gap(
                "empty-upstream",
                message,
                None,
                config.sections[self.section].header.location(),
                Touch::Endpoint(self.fact),
            );
        }
    }

    fn standing(&self, server: &Server, preferred: usize, total: u64, weighted: bool, spill: &Spill, order: u32) -> Standing {
        let mut standing =
            Standing { role: RouteRole::Primary, priority: 0, spill: Spill::Load, when: When::default(), condition: None };
        let name = shorten(&self.name);
        if server.backup {
            let when = match preferred {
                0 => None,
                1 => Some(format!("when the only preferred server of `{name}` is down")),
                n => Some(format!("when the {n} preferred servers of `{name}` are down")),
            };
            let earlier = (order > 1).then(|| "the backups before it too".to_owned());
            standing.role = RouteRole::Failover;
            standing.priority = order;
            standing.spill = spill.clone();
            standing.condition = both(when, earlier);
        } else if weighted && server.carries() {
            standing.role = RouteRole::Weighted;
            standing.condition = Some(format!("takes {} of {total} requests", server.weight));
        }
        if server.disabled {
            standing.spill = Spill::Never("disabled".to_owned());
            standing.condition = Some("never: it is disabled".to_owned());
        } else if server.weight == 0 {
            if self.sticky || server.cookie {
                standing.when = When::some("by a session that sticks to it", "for sessions that stick to it (weight 0)");
            } else {
                standing.role = RouteRole::Manual;
                standing.priority = standing.priority.max(1);
                standing.spill = Spill::Manual("its weight is 0 until a person or a program raises it".to_owned());
                standing.condition = Some("when its weight is raised above 0".to_owned());
            }
        }
        standing
    }

    fn connect(&self, out: &mut Output, server: &Server, standing: &Standing) {
        let touch = Touch::Endpoint(self.fact);
        let peers: Vec<Peer> = match &server.target {
            Target::Peer(peer) => vec![peer.clone()],
            Target::Unspecified { .. } if server.disabled => Vec::new(),
            other => {
                let why = match other {
                    Target::Unspecified { .. } => {
                        "has no address: it stands for whatever destination the client or a rule asks for"
                    }
                    Target::Reverse => "is whoever opened a connection to this proxy before",
                    Target::Service(_) => "is found by DNS SRV records, which are not in this file",
                    _ => "is a socket that the process inherits",
                };
                let message = format!("server `{}` of `{}` {why}", shorten(&server.name), shorten(&self.name));
                let help = "declare the servers that this can be in an inventory, with routes to them".to_owned();
                out.gap("dynamic-upstream", message, Some(help), server.at, touch);
                Vec::new()
            }
        };
        for peer in peers {
            for (to, more) in out.endpoints_at(&peer, server.at) {
                let mut route = Output::plain(self.fact, to, Activity::Forward, server.at);
                route.pool = Some("servers".to_owned());
                route.priority = Some(standing.priority);
                route.role = standing.role;
                route.spill = standing.spill.clone();
                route.clients = standing.when.clients.clone();
                route.condition = both(both(standing.condition.clone(), standing.when.text.clone()), more);
                out.route(route);
            }
        }
        let never = matches!(standing.spill, Spill::Never(_));
        for (word, what) in [(&server.socks4, "socks4"), (&server.redir, "redir")] {
            let Some(word) = word.as_ref().filter(|_| !never) else { continue };
            let at = Location::new(server.at.source, word.span);
            let (scheme, authority) = split_url(&word.text);
            let port = scheme.as_deref().and_then(peer::scheme_port);
            match peer::peer(authority, port) {
                Ok(peer) => {
                    let pool = out.pool(self.fact, &format!("{what} {}", server.name));
                    for (to, more) in out.endpoints_at(&peer, at) {
                        let mut route = Output::plain(self.fact, to, Activity::Forward, at);
                        route.pool = Some(pool.clone());
                        let how = if what == "redir" { "is redirected there" } else { "is reached through this proxy" };
                        route.condition = both(Some(format!("server `{}` {how} ({what})", server.name)), more);
                        out.route(route);
                    }
                }
                // A relative redirection stays where it is.
                Err(_) if what == "redir" && authority.is_empty() => {}
                Err(why) => {
                    out.gap("unusable-target", format!("`{what} {}` {why}", shorten(&word.text)), None, at, touch);
                }
            }
        }
    }

    /// `use-server` rules: which servers they choose, and for whom.
    fn chosen(
        &self,
        out: &mut Output,
        lines: &[&Line],
        all: &BTreeMap<String, Backend>,
        tables: &mut Tables<'_>,
    ) -> Vec<(String, When)> {
        if lines.iter().all(|l| l.first() != "use-server") {
            return Vec::new();
        }
        let acls = Acls::read(lines.iter().copied());
        let assigned = Assigned::read(lines.iter().copied());
        let usable = |name: &str| all.get(name).and_then(Self::usable);
        let mut chosen = Vec::new();
        for line in lines.iter().filter(|l| l.first() == "use-server") {
            let evaluator = Evaluator { tables, assigned: &assigned };
            let (undefined, missing) = (Vec::new(), Vec::new());
            let mut weigher = Weigher { evaluator, acls: &acls, usable: &usable, own: &self.name, undefined, missing };
            let alternatives = weigher.weigh(line, 2);
            let name = line.word(1);
            let named = self.servers.iter().filter(|s| name.contains('%') || s.name == name);
            let mut any = false;
            for server in named {
                any = true;
                chosen.extend(alternatives.iter().map(|a| (server.name.clone(), short(a.when.clone()))));
            }
            if !any {
                let message = format!("`use-server {}`: `{}` has no such server", shorten(name), shorten(&self.name));
                out.gap("undefined-name", message, None, line.at(1), Touch::Endpoint(self.fact));
            }
        }
        chosen
    }

    /// Ways to servers that have no `server` line.
    fn line(&self, out: &mut Output, line: &Line) {
        let touch = Touch::Endpoint(self.fact);
        match (line.first(), line.word(1)) {
            ("dispatch", address) => match target(address, None) {
                Ok(Target::Peer(peer)) => {
                    for (to, more) in out.endpoints_at(&peer, line.at(1)) {
                        let mut route = Output::plain(self.fact, to, Activity::Forward, line.at(1));
                        route.pool = Some("servers".to_owned());
                        route.priority = Some(0);
                        route.condition = more;
                        out.route(route);
                    }
                }
                _ => {
                    let message = format!("`dispatch {}` leads to no known address", shorten(address));
                    out.gap("unusable-target", message, None, line.at(1), touch);
                }
            },
            ("option", "transparent" | "http_proxy") => {
                let message = format!("`option {}` sends requests to whatever address the client asks for", line.word(1));
                let help = "declare the servers that clients can reach this way in an inventory".to_owned();
                out.gap("dynamic-upstream", message, Some(help), line.location(), touch);
            }
            _ => {}
        }
    }

    /// Name servers that the servers' addresses come from.
    fn depends(&self, out: &mut Output, config: &Config) {
        let mut used: Vec<&str> = self.servers.iter().filter_map(|s| s.resolvers.as_deref()).collect();
        used.sort_unstable();
        used.dedup();
        for name in used {
            let Some((_, section)) = config.of_kind("resolvers").find(|(_, s)| s.name == name) else {
                // `default` is made from the system's own settings.
                if name != "default" {
                    let message = format!("there is no section `resolvers {}` in the files that were read", shorten(name));
                    let at = self.servers.iter().find(|s| s.resolvers.as_deref() == Some(name)).map(|s| s.at);
                    let at = at.unwrap_or_else(|| config.sections[self.section].header.location());
                    out.gap("undefined-name", message, None, at, Touch::Endpoint(self.fact));
                }
                continue;
            };
            for line in section.lines.iter().filter(|l| l.first() == "nameserver") {
                let Ok(Target::Peer(peer)) = target(line.word(2), Some(53)) else {
                    let shown = shorten(line.word(2));
                    let message = format!("the name server `{shown}` of `resolvers {}` has no known address", shorten(name));
                    out.gap("unusable-target", message, None, line.location(), Touch::Endpoint(self.fact));
                    continue;
                };
                for (to, more) in out.endpoints_at(&peer, line.at(2)) {
                    let mut route = Output::plain(self.fact, to, Activity::Depend, line.at(2));
                    route.pool = Some(format!("resolvers {name}"));
                    route.purpose = Dependence::Dns;
                    route.condition = more;
                    out.route(route);
                }
            }
        }
    }
}

/// How a route to a server stands among the others.
struct Standing {
    role: RouteRole,
    priority: u32,
    spill: Spill,
    when: When,
    condition: Option<String>,
}

impl Server {
    fn parameter(&mut self, name: &str, value: Option<&Word>) {
        let text = value.map_or("", |w| w.text.as_str());
        match name {
            "backup" => self.backup = true,
            "no-backup" => self.backup = false,
            "disabled" => self.disabled = true,
            "enabled" => self.disabled = false,
            "check" | "agent-check" | "observe" => self.watch = self.watch.max(Watch::Checks),
            "no-check" | "no-agent-check" => self.watch = Watch::No,
            "resolvers" => {
                self.resolvers = Some(text.to_owned());
                if matches!(self.target, Target::Peer(Peer::Host { .. }) | Target::Service(_)) {
                    self.watch = self.watch.max(Watch::Name);
                }
            }
            "track" => self.track = Some(text.to_owned()),
            "cookie" => self.cookie = true,
            "socks4" => self.socks4 = value.cloned(),
            "redir" => self.redir = value.cloned(),
            // Neither where to nor when.
            _ => {}
        }
    }

    /// What watches a server, or the one whose state it shares.
    fn watch_through(&self, own: &Backend, all: &BTreeMap<String, Backend>, depth: usize) -> Watch {
        let Some(track) = self.track.as_deref().filter(|_| depth < 16) else { return self.watch };
        let (backend, name) = match track.split_once('/') {
            Some((backend, name)) => (all.get(backend), name),
            None => (Some(own), track),
        };
        let tracked = backend.and_then(|b| Some((b, b.servers.iter().find(|s| s.name == name)?)));
        // One that cannot be found may be checked.
        tracked.map_or(Watch::Checks, |(b, s)| s.watch_through(b, all, depth + 1).max(self.watch))
    }
}

pub(super) fn both(a: Option<String>, b: Option<String>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => Some(format!("{a} and {b}")),
        (a, b) => a.or(b),
    }
}

/// Lines that connect to servers.
pub(super) fn connects(line: &Line) -> bool {
    matches!(
        (line.first(), line.word(1)),
        ("server" | "server-template" | "dispatch", _) | ("option", "http_proxy" | "transparent")
    )
}

/// Lines that answer without any server.
fn ends_here(line: &Line) -> bool {
    matches!(
        (line.first(), line.word(1)),
        ("http-request", "deny" | "return" | "redirect" | "reject" | "tarpit" | "use-service" | "silent-drop")
    ) || matches!((line.first(), line.word(1)), ("tcp-request", _) if line.words.iter().any(|w| w.text == "reject"))
        || matches!(
            (line.first(), line.word(1)),
            ("redirect" | "stats" | "errorfile" | "http-error" | "dispatch" | "use-fcgi-app", _)
        )
        || matches!((line.first(), line.word(1)), ("option", "transparent" | "http_proxy"))
        || line.first().starts_with("errorloc")
}
