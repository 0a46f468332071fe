//! nginx configuration: `http`, `stream` and `mail`, whole files or fragments of them, with their includes.
//!
//! Stages: [`lex`] text to statements, [`tree`] includes, [`context`] blocks and what they inherit, [`locations`] a server as a list
//! of locations, [`variables`] and [`clients`] which value a
//! variable has for whom, [`routes`], [`upstream`] and [`logs`] the facts. Rules are taken
//! from the reference of nginx.org (July 2026); each module names its sections. Every `server` becomes an endpoint, every
//! `upstream` a logical one; what cannot be followed (a variable from the request, a script, a directive of an unknown module, a
//! template) becomes a gap with its line. Not here: OpenResty, njs and Perl code, the Kubernetes ingress resources.

mod clients;
mod context;
mod known;
mod lex;
mod locations;
mod logs;
mod output;
mod routes;
mod target;
mod tree;
mod upstream;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use super::words::Words;
use super::{Input, Reader, Reading, Recognized};
use crate::model::{Activity, Address, EndpointFact, Role, Roles, Standing};
use crate::source::{Location, Spanned};
use clients::Evaluator;
use context::{Config, Outside, Protocol, Server, is_block};
use lex::{RENDER, shorten};
use output::{Listen, Output, Touch};
use routes::{Identity, Tree};
use target::Peer;
use tree::{Files, named};
use upstream::Usage;

pub use logs::log_formats;

pub struct Nginx;

impl Reader for Nginx {
    fn format(&self) -> &'static str {
        "nginx"
    }

    fn describe(&self) -> &'static str {
        "nginx configuration (http, stream and mail; whole files or fragments)"
    }

    fn words(&self) -> &'static [Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, text)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let files = Files::load(input);
        let nodes = files.expand();
        let config = Config::read(&nodes);
        let mut out = Output::new(files.directives());
        let mut tree = declare_upstreams(&mut out, &config);
        let identities: Vec<Identity> = config.servers.iter().map(|s| declare_server(&mut out, input, s)).collect();
        for i in defaults(&config.servers) {
            out.facts.endpoints[identities[i].fact].attributes.other.insert("default-server".to_owned(), "yes".to_owned());
        }
        outside(&mut out, &config);
        let mut http = Evaluator::new(config.variables(Protocol::Http), files.directives());
        let mut stream = Evaluator::new(config.variables(Protocol::Stream), files.directives());
        for (server, identity) in config.servers.iter().zip(&identities) {
            match server.protocol {
                Protocol::Mail => mail(&mut out, server, identity),
                Protocol::Http => routes::server(&mut out, &mut http, &mut tree, server, identity),
                Protocol::Stream => routes::server(&mut out, &mut stream, &mut tree, server, identity),
            }
        }
        for (server, identity) in config.servers.iter().zip(&identities).filter(|(s, _)| s.loose) {
            let routed = out.facts.routes.iter().any(|r| r.from == crate::model::Reference::Fact(identity.fact));
            if routed {
                let message = "this fragment sends requests on, but no `server` that was read includes it".to_owned();
                let help = "add the configuration that includes it to the project".to_owned();
                out.gap("fragment-without-server", message, Some(help), server.node.location(), Touch::Everything);
            }
        }
        for ((upstream, fact), usage) in config.upstreams.iter().zip(&tree.upstream_facts).zip(&tree.usage) {
            upstream::read(&mut out, upstream, *fact, *usage);
        }
        let whole = nodes.iter().filter_map(tree::Node::directive).any(|(d, _)| is_main(&d.name.text));
        out.facts.endpoints.iter_mut().for_each(|e| e.fragment = !whole);
        Reading { facts: out.facts, included: files.included(), ..Reading::default() }
    }
}

/// Blocks of the main file; without any of them a text is a piece that some nginx.conf includes.
fn is_main(directive: &str) -> bool {
    matches!(directive, "http" | "stream" | "mail" | "events")
}

fn declare_upstreams<'c, 't, 'a>(out: &mut Output, config: &'c Config<'t, 'a>) -> Tree<'c, 't, 'a> {
    let facts = config.upstreams.iter().map(|upstream| {
        let at =
            upstream.directive.args.first().map_or(upstream.node.location(), |w| Location::new(upstream.node.source, w.span));
        let mut fact = EndpointFact::new("nginx-upstream", upstream.name, at);
        fact.standing = Standing::Logical;
        out.principal(fact)
    });
    Tree {
        upstream_facts: facts.collect(),
        upstreams: context::index_upstreams(&config.upstreams),
        usage: vec![Usage::default(); config.upstreams.len()],
        config,
    }
}

/// The endpoint of a server block, with the names and addresses by which others may mean it.
fn declare_server(out: &mut Output, input: &Input<'_>, server: &Server<'_, '_>) -> Identity {
    let position = input.sources.position(server.node.location());
    let mut fact = EndpointFact::new("nginx-server", String::new(), server.node.location());
    fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
    let mut patterns = Vec::new();
    let mut problems = Vec::new();
    let mut located = false;
    for (node, directive) in named(server.children, "server_name").filter(|_| !server.loose) {
        if !std::mem::replace(&mut located, true) {
            fact.location = node.location();
        }
        for word in &directive.args {
            let span = if node.source == fact.location.source { word.span } else { fact.location.span };
            let at = Location::new(fact.location.source, span);
            match server_name(&word.text) {
                Name::Literal(names) => fact.names.extend(names.into_iter().map(|n| Spanned::new(n, span))),
                Name::Address(ip) => fact.addresses.push(Address { ip, port: None, location: at }),
                Name::Pattern => patterns.push(word.text.clone()),
                Name::Template => problems.push((word.text.clone(), at)),
                Name::None => {}
            }
        }
    }
    let mut listens = Vec::new();
    let mut ports = Vec::new();
    for (node, directive) in named(server.children, "listen").filter(|_| !server.loose) {
        let Some(word) = directive.args.first() else { continue };
        let at = Location::new(node.source, word.span);
        if word.is_template() || word.text.contains('$') {
            problems.push((word.text.clone(), at));
            continue;
        }
        ports.push(word.text.clone());
        match listen(&word.text, server.protocol) {
            Some(Peer::Address { ip, port }) => fact.addresses.push(Address { ip, port, location: at }),
            Some(Peer::Loopback { port: Some(port), .. }) => listens.push(Listen::Port(port)),
            Some(Peer::Unix(path)) => listens.push(Listen::Socket(path)),
            _ => {}
        }
    }
    if ports.is_empty() && server.protocol == Protocol::Http && !server.loose {
        listens.push(Listen::Port(80));
    }
    let what = match (server.loose, server.protocol) {
        (true, _) => "nginx fragment",
        (false, Protocol::Mail) => "nginx mail server",
        (false, _) => "nginx server",
    };
    fact.label = match fact.names.first() {
        Some(name) => name.value.clone(),
        None if patterns.is_empty() => format!("{what} {position}"),
        None => format!("{what} {position} ({})", shorten(&patterns[0])),
    };
    if !ports.is_empty() {
        fact.attributes.other.insert("listen".to_owned(), ports.join(", "));
    }
    if let Some(pattern) = patterns.first() {
        fact.attributes.other.insert("server-name-pattern".to_owned(), shorten(pattern).to_string());
    }
    let label = fact.label.clone();
    let names: Vec<String> = fact.names.iter().map(|n| n.value.clone()).collect();
    let index = out.principal(fact);
    for on in listens {
        out.listens(index, on, &label);
    }
    for (text, at) in problems {
        let message = format!("`{}` holds template code, so where this server is reached is not known", shorten(&text));
        out.gap("template-not-rendered", message, Some(RENDER.to_owned()), at, Touch::Endpoint(index));
    }
    Identity { fact: index, names }
}

/// The servers that answer for every name that no other has ("listen", "default_server"): of each address and port the one that is
/// told to, else the first.
fn defaults(servers: &[Server<'_, '_>]) -> BTreeSet<usize> {
    let mut defaults: BTreeMap<String, (bool, usize)> = BTreeMap::new();
    for (i, server) in servers.iter().enumerate().filter(|(_, s)| s.protocol == Protocol::Http && !s.loose) {
        let mut listens: Vec<(&str, bool)> = Vec::new();
        for (_, directive) in named(server.children, "listen") {
            let told = directive.args.iter().skip(1).any(|a| matches!(a.text.as_str(), "default_server" | "default"));
            listens.extend(directive.args.first().map(|a| (a.text.as_str(), told)));
        }
        if listens.is_empty() {
            listens.push(("80", false));
        }
        // Nobody comes from outside to what listens on its own machine only.
        let inside = |text: &str| ["127.", "[::1]", "localhost", "unix:"].iter().any(|own| text.starts_with(own));
        for (text, told) in listens.into_iter().filter(|(text, _)| !inside(text)) {
            let text = text.trim_start_matches("*:");
            let key = if text == "*" { "80".to_owned() } else { text.to_ascii_lowercase() };
            let known = defaults.entry(key).or_insert((told, i));
            if told && !known.0 {
                *known = (told, i);
            }
        }
    }
    defaults.into_values().map(|(_, i)| i).collect()
}

enum Name {
    /// One, or two for `.example.com`.
    Literal(Vec<String>),
    Address(std::net::IpAddr),
    /// A regular expression, or a mask at the end.
    Pattern,
    Template,
    /// Matches nothing in particular: `_`, the empty name, `localhost`.
    None,
}

/// "Server names": exact, `*.example.com`, `.example.com` (both), `www.example.*`, `~regex`, `$hostname`, and invalid ones.
fn server_name(text: &str) -> Name {
    if text.starts_with('~') {
        return Name::Pattern;
    }
    if lex::has_template(text) || text.contains('$') && text != "$hostname" {
        return Name::Template;
    }
    let name = text.trim_end_matches('.').to_lowercase();
    if name.ends_with(".*") {
        return Name::Pattern;
    }
    if let Ok(ip) = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        return if ip.is_loopback() || ip.is_unspecified() { Name::None } else { Name::Address(ip) };
    }
    if let Some(rest) = name.strip_prefix('.').filter(|r| target::is_host_name(r)) {
        return Name::Literal(vec![rest.to_owned(), format!("*.{rest}")]);
    }
    if name == "localhost" || name == "localhost.localdomain" {
        return Name::None;
    }
    match name.strip_prefix("*.").unwrap_or(&name) {
        bare if target::is_host_name(bare) => Name::Literal(vec![name]),
        _ => Name::None,
    }
}

/// What a server listens on: loopback stands for every address of the machine too.
fn listen(text: &str, protocol: Protocol) -> Option<Peer> {
    let default = (protocol == Protocol::Http).then_some(80);
    if let Ok(port) = text.parse::<u16>() {
        return Some(Peer::Loopback { ip: std::net::IpAddr::from([0, 0, 0, 0]), port: Some(port) });
    }
    let text = text.strip_prefix('*').map_or(text.to_owned(), |rest| format!("0.0.0.0{rest}"));
    match target::peer(&text, default) {
        Ok(Peer::Host { .. }) | Err(_) => None,
        Ok(peer) => Some(peer),
    }
}

/// Gaps outside of any server or upstream.
fn outside(out: &mut Output, config: &Config<'_, '_>) {
    for gap in &config.outside {
        match gap {
            Outside::Problem(node, problem) => {
                // Outside of any server, what is missing could have been a server.
                out.problem(problem, node.location(), Touch::Everything);
            }
            Outside::Unknown(node, directive) => {
                let odd = !directive.name.text.starts_with(|c: char| c.is_ascii_alphabetic());
                let touch = if odd || is_block(directive) { Touch::Everything } else { Touch::Tree };
                out.unknown(&directive.name.text, node.location(), touch);
            }
            Outside::Code(node, directive) => out.code(&directive.name.text, node.location(), Touch::Tree),
        }
    }
}

/// ngx_mail_proxy_module: an HTTP service (auth_http) is asked at each log-in and names the mail server to pass the session to.
fn mail(out: &mut Output, server: &Server<'_, '_>, identity: &Identity) {
    let touch = Touch::Endpoint(identity.fact);
    for node in server.children {
        match (&node.item, node.directive()) {
            (tree::Item::Problem(problem), _) => out.problem(problem, node.location(), touch),
            (_, Some((directive, _))) if !known::is_known(&directive.name.text) => {
                out.unknown(&directive.name.text, node.location(), touch);
            }
            _ => {}
        }
    }
    for (node, directive) in server.level.get("auth_http") {
        let Some(word) = directive.args.first() else { continue };
        let at = Location::new(node.source, word.span);
        let (_, authority) = target::split_url(&word.text);
        match target::peer(authority, Some(80)) {
            Ok(peer) => {
                for (to, more) in out.endpoints_at(&peer, at) {
                    let mut route = Output::plain(identity.fact, to, Activity::Forward, at);
                    route.condition = more.or_else(|| Some("user name and password at each log-in (auth_http)".to_owned()));
                    out.route(route);
                }
            }
            Err(why) => {
                let message = format!("`auth_http {}` {why}", shorten(&word.text));
                out.gap("unusable-target", message, None, at, touch);
            }
        }
    }
    let message = "which mail server a session goes to is decided at log-in by the auth_http service".to_owned();
    let help = "declare the mail servers it can name in an inventory".to_owned();
    out.gap("dynamic-upstream", message, Some(help), server.node.location(), touch);
}

/// By content first. Blocks `http`, `stream`, `events`, or `server` and `upstream` with words that only nginx uses, are nginx;
/// words of nginx without a block make a fragment. Other formats with braces and semicolons (named.conf, VCL, dhcpd, keepalived)
/// have none of these words.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let other = [
        ".json", ".yaml", ".yml", ".tf", ".hcl", ".toml", ".xml", ".md", ".sh", ".py", ".lua", ".js", ".rs", ".go", ".html",
        ".csv",
    ];
    if other.iter().any(|end| name.ends_with(end)) {
        return Recognized::No;
    }
    let named = name.ends_with(".conf")
        || name.ends_with(".nginx")
        || name.starts_with("nginx.conf")
        || name.ends_with(".vhost")
        || [".conf.template", ".conf.tmpl", ".conf.tpl", ".conf.j2", ".conf.erb", ".nginx.j2", ".conf.jinja2", ".conf.in"]
            .iter()
            .any(|end| name.ends_with(end))
        || ["sites-enabled/", "sites-available/", "nginx/"].iter().any(|folder| path.contains(folder));
    let mut blocks = 0_u32;
    let mut words = 0_u32;
    for line in text.lines().take(20_000) {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let first = line.split(|c: char| c.is_whitespace() || c == '{' || c == ';').next().unwrap_or("");
        let rest = line[first.len()..].trim();
        let opens = rest.split('#').next().unwrap_or("").trim_end().ends_with('{') || rest.contains("{ ") || rest.is_empty();
        match first {
            "http" | "stream" | "events" | "mail" | "server" if opens && rest.trim_start().starts_with('{') => blocks += 1,
            "server" | "http" | "stream" | "events" if rest.is_empty() => blocks += 1,
            "upstream" if opens => blocks += 1,
            "location" if opens => words += 1,
            "vcl" | "zone" | "options" | "acl" | "backend" | "frontend" | "defaults" | "global"
                if !line.ends_with(';') || first == "vcl" =>
            {
                return Recognized::No;
            }
            _ if line.starts_with(['<', '[']) && blocks + words == 0 => return Recognized::No,
            _ if first.contains('_') && known::is_known(first) && line.contains(';') => words += 1,
            "listen" | "return" | "rewrite" | "root" | "server" | "map" | "geo" | "include" if line.ends_with([';', '{']) => {
                words += 1
            }
            _ => {}
        }
    }
    match (blocks, words) {
        (1.., 1..) => Recognized::Yes,
        (1.., 0) | (0, 2..) if named => Recognized::Maybe,
        (0, 1) if named && (name.contains("nginx") || path.contains("nginx/") || path.contains("sites-")) => Recognized::Maybe,
        _ => Recognized::No,
    }
}
