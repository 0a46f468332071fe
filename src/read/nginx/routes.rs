//! The routes that leave a server: passes, redirects, mirrors, stand-ins by `error_page`, authorisation subrequests, caches.
//!
//! ngx_http_proxy_module and its siblings, "*_pass"; ngx_stream_proxy_module, "proxy_pass"; ngx_http_mirror_module, "mirror"
//! (background subrequests, several at a level); ngx_http_auth_request_module; ngx_http_core_module, "error_page" (a code, `=code`,
//! a URI or `@name`; nginx's own 502 and 504 count without `*_intercept_errors`) and "try_files" (the last parameter is where a
//! request goes if no file is there); `*_cache` and `*_store` keep answers on this machine, "dav_methods" and
//! "client_body_in_file_only" keep request bodies there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::clients::{Branch, Evaluator, Stuck, sole_variable};
use super::context::{Config, Level, Protocol, Server};
use super::lex::{RENDER, has_template, shorten};
use super::locations::{Ends, Finder, Location, Matcher, Pass, Walk};
use super::logs;
use super::output::{Output, Touch};
use super::target::{self, Peer};
use super::upstream::Usage;
use crate::model::{Activity, RouteRole, Spill};
use crate::read::proxy::when::{Basis, When};
use crate::source::Location as At;

/// What all servers of a tree share.
pub(super) struct Tree<'c, 't, 'a> {
    pub config: &'c Config<'t, 'a>,
    pub upstreams: HashMap<(Protocol, String), usize>,
    /// Facts of the upstreams.
    pub upstream_facts: Vec<usize>,
    pub usage: Vec<Usage>,
}

/// Where one branch of a pass leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Destination {
    Upstream(usize),
    Peer(Peer),
}

#[derive(Clone)]
struct Way {
    to: Destination,
    when: When,
    at: At,
}

/// What a server is called and reached by.
pub(super) struct Identity {
    pub fact: usize,
    /// Literal names, and wildcards.
    pub names: Vec<String>,
}

/// How the routes to a set of ways stand among others.
struct Manner {
    activity: Activity,
    /// `None`: by what tells the clients apart.
    role: Option<RouteRole>,
    pool: String,
    priority: Option<u32>,
    condition: Option<String>,
}

struct Emitter<'o, 'e, 'v, 'c, 't, 'a> {
    out: &'o mut Output,
    evaluator: &'e mut Evaluator<'v>,
    tree: &'o mut Tree<'c, 't, 'a>,
    identity: &'o Identity,
    protocol: Protocol,
    locations: Vec<Location<'t, 'a>>,
    /// Ways of each location with passes, by index.
    ways: BTreeMap<usize, Vec<Way>>,
    finder: Finder,
    stores: BTreeSet<String>,
    logged: logs::Done,
    /// Lists of mirrors and the like that have been read.
    subrequested: BTreeSet<usize>,
    patterns_marked: [bool; 2],
}

pub(super) fn server<'t, 'a>(
    out: &mut Output,
    evaluator: &mut Evaluator<'_>,
    tree: &mut Tree<'_, 't, 'a>,
    server: &Server<'t, 'a>,
    identity: &Identity,
) {
    let mut walk = Walk {
        out,
        evaluator,
        protocol: server.protocol,
        server: identity.fact,
        loose: server.loose,
        locations: Vec::new(),
        all_sets: BTreeMap::new(),
        checked: false,
        writable_api: None,
        zone_sync: Vec::new(),
    };
    walk.server(server.children, &server.level);
    if walk.checked {
        tree.usage.iter_mut().for_each(|u| u.checked = true);
    }
    if let Some(at) = walk.writable_api {
        let message = "this API can change the servers of every upstream while nginx runs".to_owned();
        walk.out.gap("dynamic-upstream", message, None, at, Touch::Tree);
    }
    // An `if` with `return` in the server itself ends requests before they come to a location, but for those that an
    // `error_page` then catches.
    let finder = Finder::new(&walk.locations);
    let caught = caught(&walk.locations, &finder);
    let mut ways = BTreeMap::new();
    let mut redirecting = Vec::new();
    for index in 0..walk.locations.len() {
        let passes = std::mem::take(&mut walk.locations[index].passes);
        let redirects = std::mem::take(&mut walk.locations[index].redirects);
        if passes.is_empty() && redirects.is_empty() {
            continue;
        }
        let sets = walk.sets_at(index);
        let here = Here { protocol: server.protocol, fact: identity.fact };
        let mut found = Vec::new();
        let admitted = if index == 0 || caught.contains(&index) || !walk.locations[index].is_public() {
            When::default()
        } else {
            walk.locations[0].rest.clone()
        };
        for pass in &passes {
            let rest = &walk.locations[index].rest;
            let when = if pass.when == When::default() { rest } else { &pass.when };
            let Some(when) = when.and(&admitted) else { continue };
            let part = target::deciding_part(pass.text);
            let mut branches = walk.evaluator.values(part, &sets);
            // Only the port may be unknown: then the host still is.
            if branches.is_err()
                && let Some((host, port)) = part.rsplit_once(':')
                && sole_variable(port).is_some()
                && !host.ends_with(['/', ':'])
            {
                branches = walk.evaluator.values(host, &sets).or(branches);
            }
            found.extend(here.ways(walk.out, tree, pass, &when, branches));
        }
        if !passes.is_empty() {
            ways.insert(index, found);
        }
        redirecting.push((index, redirects, sets));
        walk.locations[index].passes = passes;
    }
    let zone_sync = std::mem::take(&mut walk.zone_sync);
    let locations = walk.locations;
    let mut emitter = Emitter {
        out,
        evaluator,
        tree,
        identity,
        protocol: server.protocol,
        locations,
        ways,
        finder,
        stores: BTreeSet::new(),
        logged: logs::Done::default(),
        subrequested: BTreeSet::new(),
        patterns_marked: [false; 2],
    };
    for (index, redirects, sets) in redirecting {
        for redirect in redirects {
            emitter.redirect(index, redirect.text, &redirect.how, redirect.at, &redirect.when, &sets);
        }
    }
    emitter.run();
    for (peer, at) in zone_sync {
        emitter.sync(peer, at);
    }
}

/// Locations that an `error_page` may hand a request to.
fn caught(locations: &[Location<'_, '_>], finder: &Finder) -> BTreeSet<usize> {
    let mut uris = BTreeSet::new();
    let mut lists = BTreeSet::new();
    for location in locations {
        if location.level.identity("error_page").is_none_or(|list| !lists.insert(list)) {
            continue;
        }
        for (_, directive) in location.level.get("error_page") {
            uris.extend(directive.args.last().map(|w| w.text.as_str()));
        }
    }
    let ends: Vec<Ends> = uris.into_iter().map(|uri| finder.find(uri)).collect();
    let patterns = Ends { one: None, patterns: ends.iter().any(|e| e.patterns) };
    ends.iter().filter_map(|e| e.one).chain(finder.list(patterns)).collect()
}

/// Where a pass stands.
struct Here {
    protocol: Protocol,
    fact: usize,
}

impl Here {
    fn ways(
        &self,
        out: &mut Output,
        tree: &Tree<'_, '_, '_>,
        pass: &Pass<'_, '_>,
        when: &When,
        branches: Result<Vec<Branch>, Stuck>,
    ) -> Vec<Way> {
        let touch = Touch::Endpoint(self.fact);
        let shown = format!("{}{} {}", pass.module, if pass.module == "pass" { "" } else { "_pass" }, shorten(pass.text));
        if has_template(target::deciding_part(pass.text)) {
            let message = format!("`{shown}` holds template code, so where it leads is not known");
            out.gap("template-not-rendered", message, Some(RENDER.to_owned()), pass.at, touch);
            return Vec::new();
        }
        let branches = match branches {
            Ok(branches) => branches,
            Err(stuck) => {
                unresolved(out, &shown, &stuck, pass.at, touch);
                return Vec::new();
            }
        };
        let mut ways = Vec::new();
        let mut wrong = BTreeSet::new();
        for branch in branches {
            let Some(both) = when.and(&branch.when) else { continue };
            match self.destination(tree, pass.module, &branch.value) {
                Ok(None) => {}
                Ok(Some(to)) => ways.push(Way { to, when: both, at: pass.at }),
                Err(why) if wrong.len() < 20 => {
                    if wrong.insert(branch.value.clone()) {
                        let message = format!("`{shown}`: `{}` {why}", shorten(&branch.value));
                        out.gap("unusable-target", message, None, pass.at, touch);
                    }
                }
                Err(_) => {}
            }
        }
        ways
    }

    /// `None` for a text that leads nowhere: nginx answers with an error.
    fn destination(&self, tree: &Tree<'_, '_, '_>, module: &str, url: &str) -> Result<Option<Destination>, String> {
        let (scheme, authority) = target::split_url(url);
        if authority.is_empty() {
            return Ok(None);
        }
        let needs_scheme = module == "proxy" && self.protocol == Protocol::Http;
        let default_port = match scheme.as_deref() {
            Some(s @ ("http" | "https")) if needs_scheme => target::scheme_port(s),
            Some(s @ ("grpc" | "grpcs")) if module == "grpc" => target::scheme_port(s),
            Some(s) => return Err(format!("has the scheme `{s}`, which `{module}_pass` does not know")),
            None if needs_scheme => return Err("needs `http://` or `https://` in front".to_owned()),
            None if module == "grpc" => Some(80),
            None => None,
        };
        let name = authority.split(':').next().unwrap_or(authority).to_ascii_lowercase();
        if let Some(upstream) = tree.upstreams.get(&(self.protocol, name)) {
            return Ok(Some(Destination::Upstream(*upstream)));
        }
        // In `pass`, `*:8080` and `[::]:8080` are listening sockets of this nginx.
        let authority = authority.strip_prefix('*').map_or(authority.to_owned(), |rest| format!("127.0.0.1{rest}"));
        target::peer(&authority, default_port).map(|p| Some(Destination::Peer(p)))
    }
}

fn unresolved(out: &mut Output, shown: &str, stuck: &Stuck, at: At, touch: Touch) {
    let message = format!("`{shown}` leads where `${}` says, which {}", stuck.variable, stuck.why);
    let help = "choose among named upstreams with a `map`, or declare the routes it can take in an inventory".to_owned();
    out.gap("unresolved-variable", message, Some(help), at, touch);
}

/// How a location is reached other than by clients.
#[derive(Default)]
struct Reached {
    /// By something that carries in normal running, with the condition.
    plainly: Option<String>,
    /// By mirrors, stand-ins and subrequests, which have routes of their own.
    specially: bool,
}

impl<'a> Emitter<'_, '_, '_, '_, '_, 'a> {
    fn run(&mut self) {
        let mut reached: BTreeMap<usize, Reached> = BTreeMap::new();
        self.references(&mut reached);
        let mut pools = BTreeMap::new();
        for index in self.ways.keys().copied().collect::<Vec<_>>() {
            let location = &self.locations[index];
            let how = reached.get(&index);
            let plainly = how.and_then(|r| r.plainly.clone());
            let public = location.is_public();
            let pool = self.out.pool(self.identity.fact, if location.title.is_empty() { "server" } else { &location.title });
            pools.insert(index, pool.clone());
            if public || plainly.is_some() || !how.is_some_and(|r| r.specially) {
                let condition = if public { None } else { plainly };
                self.pass_routes(index, &pool, condition);
            }
            self.kept(index);
        }
        let mut done = BTreeSet::new();
        // Locations with passes first: a stand-in belongs to the pool of what it stands in for.
        let (passing, others): (Vec<usize>, Vec<usize>) = (0..self.locations.len()).partition(|i| self.ways.contains_key(i));
        for index in passing.into_iter().chain(others) {
            let level = self.locations[index].level.clone();
            if self.protocol == Protocol::Http {
                self.stand_ins(index, &level, pools.get(&index).cloned(), &mut done);
                self.subrequests(&level, &mut done);
            }
            logs::routes(self.out, self.tree.config, &level, self.identity.fact, &mut self.logged);
        }
        for index in self.ways.keys().copied().collect::<Vec<_>>() {
            // An `if` or `limit_except` has a level of its own.
            for level in self.locations[index].passes.iter().map(|p| p.level.clone()).collect::<Vec<_>>() {
                logs::routes(self.out, self.tree.config, &level, self.identity.fact, &mut self.logged);
            }
        }
    }

    /// Who refers to which internal location, and how.
    fn references(&mut self, reached: &mut BTreeMap<usize, Reached>) {
        let mut seen = BTreeSet::new();
        let mut lists = BTreeSet::new();
        for index in 0..self.locations.len() {
            for uri in std::mem::take(&mut self.locations[index].refers) {
                if uri.starts_with(['@', '/']) && seen.insert((0_u8, uri)) {
                    let condition = format!("when a request is handed to `{}`", shorten(uri));
                    self.mark(reached, uri, Some(condition));
                }
            }
            let level = self.locations[index].level.clone();
            for (_, directive) in level.get("error_page") {
                if level.identity("error_page").is_some_and(|list| lists.contains(&list)) {
                    break;
                }
                if let Some((codes, uri)) = error_page(directive.args.iter().map(|a| a.text.as_str()).collect()) {
                    let standby = codes.iter().all(|c| is_overload(c));
                    if seen.insert((1 + u8::from(standby), uri)) {
                        let condition = (!standby).then(|| format!("when the answer is {} (error_page)", codes.join(", ")));
                        self.mark(reached, uri, condition);
                    }
                }
            }
            lists.extend(level.identity("error_page"));
            for name in ["mirror", "auth_request", "post_action"] {
                if level.identity(name).is_none_or(|list| !lists.insert(list)) {
                    continue;
                }
                for uri in level.get(name).iter().filter_map(|(_, d)| d.args.first()).map(|w| w.text.as_str()) {
                    if seen.insert((3, uri)) {
                        self.mark(reached, uri, None);
                    }
                }
            }
        }
    }

    fn mark(&mut self, reached: &mut BTreeMap<usize, Reached>, uri: &'a str, plainly: Option<String>) {
        let mut ends = self.finder.find(uri);
        // Patterns are many, and once is enough.
        let kind = usize::from(plainly.is_some());
        if ends.patterns {
            ends.patterns = !std::mem::replace(&mut self.patterns_marked[kind], true);
        }
        for index in self.finder.list(ends) {
            let entry = reached.entry(index).or_default();
            match &plainly {
                Some(condition) => entry.plainly = entry.plainly.take().or_else(|| Some(condition.clone())),
                None => entry.specially = true,
            }
        }
    }

    /// Routes of a location's own passes.
    fn pass_routes(&mut self, index: usize, pool: &str, condition: Option<String>) {
        self.use_upstreams(index);
        let ways = self.ways.get(&index).cloned().unwrap_or_default();
        // A pass in an `if` that neither place nor share decides carries beside the others, not in their stead.
        let passes = &self.locations[index].passes;
        let apart: BTreeSet<At> = passes.iter().filter(|p| p.when.basis == Basis::Other).map(|p| p.at).collect();
        let (apart, ways): (Vec<Way>, Vec<Way>) = ways.into_iter().partition(|w| apart.contains(&w.at));
        let geographic = ways.iter().any(|w| w.when.basis == Basis::Geography);
        let share = ways.iter().any(|w| w.when.basis == Basis::Share);
        let role = if geographic { Some(RouteRole::Geo) } else { share.then_some(RouteRole::Weighted) };
        let mut manner = Manner { activity: Activity::Forward, role, pool: pool.to_owned(), priority: None, condition };
        self.emit(&ways, &manner);
        for ways in apart.chunk_by(|a, b| a.at == b.at) {
            manner.pool = self.out.pool(self.identity.fact, pool);
            self.emit(ways, &manner);
        }
    }

    /// Counts how the upstreams of a location's passes are used.
    fn use_upstreams(&mut self, index: usize) {
        let mut used = BTreeSet::new();
        for pass in &self.locations[index].passes {
            let off = pass.level.value(&format!("{}_next_upstream", pass.module)) == Some("off");
            for way in self.ways.get(&index).into_iter().flatten().filter(|w| w.at == pass.at) {
                if let Destination::Upstream(upstream) = way.to {
                    used.insert((upstream, off));
                }
            }
        }
        for (upstream, off) in used {
            self.tree.usage[upstream].passes += 1;
            self.tree.usage[upstream].never_next += usize::from(off);
        }
    }

    fn emit(&mut self, ways: &[Way], manner: &Manner) {
        let mut seen = BTreeSet::new();
        for way in ways {
            let targets = match &way.to {
                Destination::Upstream(u) => vec![(crate::model::Reference::Fact(self.tree.upstream_facts[*u]), None)],
                Destination::Peer(peer) => self.out.endpoints_at(peer, way.at),
            };
            for (to, more) in targets {
                let condition = [manner.condition.clone(), way.when.text.clone(), more]
                    .into_iter()
                    .flatten()
                    .reduce(|a, b| format!("{a}, {b}"));
                if !seen.insert((to.clone(), way.when.clients.clone(), condition.clone())) {
                    continue;
                }
                let mut route = Output::plain(self.identity.fact, to, manner.activity, way.at);
                route.role = manner.role.unwrap_or_else(|| way.when.basis.role());
                route.pool = Some(manner.pool.clone());
                route.priority = manner.priority;
                route.clients = way.when.clients.clone();
                route.condition = condition;
                if manner.priority.is_some_and(|p| p > 0) {
                    route.spill = Spill::Load;
                }
                self.out.route(route);
            }
        }
    }

    /// `error_page 502 = @x`: another location's pass stands in when this one's fails.
    fn stand_ins(&mut self, index: usize, level: &Level<'_, 'a>, pool: Option<String>, done: &mut BTreeSet<(At, u8)>) {
        let mut queue: Vec<(Level<'_, 'a>, u32)> = vec![(level.clone(), 1)];
        let mut visited = BTreeSet::from([index]);
        while let Some((level, priority)) = queue.pop() {
            for (node, directive) in level.get("error_page") {
                if self.out.is_full() {
                    return;
                }
                // For locations without a pass, what the others said is enough.
                if !done.insert((node.location(), 0)) && pool.is_none() {
                    continue;
                }
                let Some((codes, uri)) = error_page(directive.args.iter().map(|a| a.text.as_str()).collect()) else { continue };
                let standby = codes.iter().all(|c| is_overload(c));
                if target::split_url(uri).0.is_some() || uri.starts_with("$scheme") {
                    let how = format!("redirect by error_page when the answer is {}: the client goes there", codes.join(", "));
                    let at = directive.args.last().map_or(node.location(), |w| At::new(node.source, w.span));
                    if done.insert((at, 1)) {
                        self.redirect(0, uri, &how, at, &When::default(), &BTreeMap::new());
                    }
                    continue;
                }
                if !standby {
                    continue;
                }
                for other in self.finder.list(self.finder.find(uri)).collect::<Vec<_>>() {
                    let named = matches!(self.locations[other].matcher, Matcher::Named(_)) || self.locations[other].internal;
                    if !visited.insert(other) || (!named && !self.ways.contains_key(&other)) {
                        continue;
                    }
                    if let Some(ways) = self.ways.get(&other).cloned() {
                        self.use_upstreams(other);
                        let title =
                            if self.locations[index].title.is_empty() { "the server" } else { &self.locations[index].title };
                        let condition = Some(format!("when {title} answers {} (error_page)", codes.join(", ")));
                        let pool = pool.clone().unwrap_or_else(|| self.out.pool(self.identity.fact, "error_page"));
                        let role = Some(RouteRole::Failover);
                        let manner = Manner { activity: Activity::Forward, role, pool, priority: Some(priority), condition };
                        self.emit(&ways, &manner);
                    }
                    let next = self.locations[other].level.clone();
                    if next.value("recursive_error_pages") == Some("on") {
                        queue.push((next, priority + 1));
                    }
                }
            }
        }
    }

    /// `mirror`, `auth_request` and `post_action` of a level.
    fn subrequests(&mut self, level: &Level<'_, 'a>, done: &mut BTreeSet<(At, u8)>) {
        for (name, activity, why) in [
            ("mirror", Activity::Mirror, "a copy of each request (mirror)"),
            ("auth_request", Activity::Forward, "to authorise each request (auth_request)"),
            ("post_action", Activity::Forward, "after each request (post_action)"),
        ] {
            if level.identity(name).is_none_or(|list| !self.subrequested.insert(list)) {
                continue;
            }
            for (node, directive) in level.get(name) {
                let Some(uri) = directive.args.first().map(|w| w.text.as_str()).filter(|u| *u != "off") else { continue };
                if !done.insert((node.location(), 2)) {
                    continue;
                }
                for other in self.finder.list(self.finder.find(uri)).collect::<Vec<_>>() {
                    let Some(ways) = self.ways.get(&other).cloned() else { continue };
                    self.use_upstreams(other);
                    let pool = self.out.pool(self.identity.fact, &format!("{name} {}", shorten(uri)));
                    let manner = Manner { activity, role: None, pool, priority: None, condition: Some(why.to_owned()) };
                    self.emit(&ways, &manner);
                }
            }
        }
    }

    /// Caches and stores of a location's passes.
    fn kept(&mut self, index: usize) {
        let fact = self.identity.fact;
        let mut wanted = Vec::new();
        for pass in &self.locations[index].passes {
            for (setting, kind) in [("cache", "nginx-cache"), ("store", "nginx-store")] {
                let name = format!("{}_{setting}", pass.module);
                if let Some((node, directive)) = pass.level.get(&name).last()
                    && let Some(value) = directive.args.first().map(|a| a.text.as_str()).filter(|v| *v != "off")
                {
                    wanted.push((kind, format!("{setting} {}", shorten(value)), node.location()));
                }
            }
        }
        for name in ["dav_methods", "client_body_in_file_only"] {
            if let Some((node, directive)) = self.locations[index].level.get(name).last()
                && directive.args.first().is_some_and(|a| a.text != "off")
            {
                wanted.push(("nginx-store", format!("request bodies ({name})"), node.location()));
            }
        }
        for (kind, label, at) in wanted {
            if self.stores.insert(label.clone()) {
                let label = format!("{} {label}", self.out.facts.endpoints[fact].label);
                let to = self.out.store(kind, label.clone(), fact, at);
                let mut route = Output::plain(fact, to, Activity::Cache, at);
                route.pool = Some(self.out.pool(fact, "cache"));
                self.out.route(route);
            }
        }
    }

    /// A redirect to another host: the client goes there and brings its data along.
    fn redirect(&mut self, index: usize, text: &'a str, how: &str, at: At, when: &When, sets: &super::clients::Assignments) {
        let touch = Touch::Endpoint(self.identity.fact);
        let whole = text.strip_prefix("//").map_or(text.to_owned(), |rest| format!("http://{rest}"));
        let part = target::deciding_part(&whole);
        if !(part.contains("://") || part.starts_with(['$', '\\'])) {
            return;
        }
        if has_template(part) {
            let message = format!("the redirect to `{}` holds template code, so where it leads is not known", shorten(text));
            self.out.gap("template-not-rendered", message, Some(RENDER.to_owned()), at, touch);
            return;
        }
        let host = part.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.rsplit_once(':').filter(|(_, port)| !port.contains('}')).map_or(host, |(host, _)| host);
        if matches!(sole_variable(host), Some("host" | "http_host" | "server_name" | "server_addr")) {
            return;
        }
        let literal: Vec<String> = self.identity.names.iter().filter(|n| !n.contains('*')).cloned().collect();
        let branches = match self.evaluator.redirect_values(part, sets, &literal) {
            Ok(branches) => branches,
            Err(stuck) => {
                unresolved(self.out, &format!("redirect to {}", shorten(text)), &stuck, at, touch);
                return;
            }
        };
        let mut ways = Vec::new();
        for branch in branches {
            let (Some(scheme), authority) = target::split_url(&branch.value) else { continue };
            let Some(when) = when.and(&branch.when).filter(|_| !authority.is_empty()) else { continue };
            match target::peer(authority, target::scheme_port(&scheme)) {
                Ok(Peer::Host { name, .. }) if self.is_own(&name) => {}
                Ok(peer) => ways.push(Way { to: Destination::Peer(peer), when, at }),
                Err(why) => {
                    let message = format!("the redirect to `{}` {why}", shorten(&branch.value));
                    self.out.gap("unusable-target", message, None, at, touch);
                }
            }
        }
        if ways.is_empty() {
            return;
        }
        let title = self.locations[index].title.clone();
        let pool = self.out.pool(self.identity.fact, format!("redirect {title}").trim_end());
        let geographic = ways.iter().any(|w| w.when.basis == Basis::Geography);
        let role = geographic.then_some(RouteRole::Geo).or(Some(RouteRole::Primary));
        let manner = Manner { activity: Activity::Forward, role, pool, priority: None, condition: Some(how.to_owned()) };
        self.emit(&ways, &manner);
    }

    fn is_own(&self, host: &str) -> bool {
        self.identity.names.iter().any(|own| match own.strip_prefix('*') {
            Some(suffix) => host.ends_with(suffix),
            None => own == host,
        })
    }

    /// ngx_stream_zone_sync_module: shared memory (sessions, counters, key-value pairs) goes to the other nodes of the cluster.
    fn sync(&mut self, peer: &str, at: At) {
        match target::peer(peer, None) {
            Ok(peer) => {
                for (to, more) in self.out.endpoints_at(&peer, at) {
                    let mut route = Output::plain(self.identity.fact, to, Activity::Replicate, at);
                    route.pool = Some(self.out.pool(self.identity.fact, "zone_sync"));
                    route.condition = more.or_else(|| Some("shared memory of the cluster (zone_sync)".to_owned()));
                    self.out.route(route);
                }
            }
            Err(why) => {
                let message = format!("`zone_sync_server {}` {why}", shorten(peer));
                self.out.gap("unusable-target", message, None, at, Touch::Endpoint(self.identity.fact));
            }
        }
    }
}

/// Codes and URI of an `error_page`.
fn error_page(args: Vec<&str>) -> Option<(Vec<&str>, &str)> {
    let (uri, rest) = args.split_last()?;
    let codes: Vec<&str> = rest.iter().copied().filter(|a| !a.starts_with('=')).collect();
    (!codes.is_empty()).then_some((codes, *uri))
}

/// Answers that come from failure or load; others come in normal running too.
fn is_overload(code: &str) -> bool {
    matches!(code, "429" | "500" | "502" | "503" | "504")
}
