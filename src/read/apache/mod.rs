//! Apache httpd: the main server, its virtual hosts and balancers, with what the files include.
//!
//! Stages: [`lex`] text to directives, [`tree`] includes, variables and macros in place, [`conditions`] for whom a rule holds,
//! [`balancers`] and [`servers`] the facts; [`known`] says of every directive what it is. Rules are taken from the documentation of
//! version 2.4 (checked against 2.4.67 running); each module names its parts. Each virtual host is an endpoint, each balancer a logical one.
//! Targets that are made from the request, maps, code (Lua, Perl, mod_jk's own files) and unknown directives are gaps. Not here:
//! `.htaccess` files, which are told of nothing here.

mod balancers;
mod conditions;
mod known;
mod lex;
mod servers;
mod tree;

use super::proxy::block::Block;
use super::proxy::output::{Listen, Output, Touch};
use super::proxy::peer::{self, Peer, is_host_name};
use super::proxy::turn::is_template;
use super::proxy::{RENDER, shorten};
use super::{Input, Reader, Reading, Recognized, glance, words};
use crate::model::{Address, EndpointFact, Role, Roles};
use crate::source::Spanned;
use balancers::Balancers;
use servers::Server;
use tree::Tree;

pub struct Apache;

impl Reader for Apache {
    fn format(&self) -> &'static str {
        "apache"
    }

    fn describe(&self) -> &'static str {
        "Apache httpd configuration with its includes (virtual hosts, balancers, rewrite rules)"
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

fn read(input: &Input<'_>) -> Reading {
    let mut tree = Tree::new(input);
    let blocks = tree.read();
    let mut out = Output::new(input.text().len() / 16);
    let hosts: Vec<&Block> = blocks.iter().filter(|b| is(b, "VirtualHost") && b.body.is_some()).collect();
    let mut balancers = Balancers::default();
    balancers.declare(&mut out, 0, &blocks);
    for (i, host) in hosts.iter().enumerate() {
        balancers.declare(&mut out, i + 1, host.body());
    }
    // Without virtual hosts everything is the main server's; beside them it only answers what none of them is for.
    let carries =
        blocks.iter().any(|b| is(b, "ProxyPass") || is(b, "ProxyPassMatch") || is(b, "RewriteRule") || is(b, "Location"));
    let main = (hosts.is_empty() || carries).then(|| declare(&mut out, input, None, &blocks));
    let facts: Vec<usize> = hosts.iter().map(|h| declare(&mut out, input, Some(h), h.body())).collect();
    for (code, message, help, at, hides) in std::mem::take(&mut tree.gaps) {
        out.gap(code, message, help, at, if hides { Touch::Everything } else { Touch::Tree });
    }
    if let Some(fact) = main {
        Server { out: &mut out, fact, index: 0, balancers: &balancers }.routes(&blocks);
    } else {
        outside(&mut out, &blocks);
    }
    for (i, (host, fact)) in hosts.iter().zip(&facts).enumerate() {
        let mut server = Server { out: &mut out, fact: *fact, index: i + 1, balancers: &balancers };
        server.routes(host.body());
        server.inherits(&blocks, host.body());
    }
    balancers.routes(&mut out);
    let whole = blocks.iter().any(|b| is(b, "ServerRoot") || is(b, "Listen") || is(b, "LoadModule"));
    out.facts.endpoints.iter_mut().for_each(|e| e.fragment = !whole);
    Reading { facts: out.facts, included: tree.included(), ..Reading::default() }
}

fn is(block: &Block, name: &str) -> bool {
    block.name().eq_ignore_ascii_case(name)
}

/// Directives of a main server that answers nothing itself.
fn outside(out: &mut Output, blocks: &[Block]) {
    for block in blocks {
        let part = if block.body.is_some() { known::SECTION } else { known::DIRECTIVE };
        out.knows(&known::VOCABULARY, part, known::spelled(block.name()), block.location(), Touch::Tree);
    }
}

/// The endpoint of a server, with the names and addresses by which others may mean it.
fn declare(out: &mut Output, input: &Input<'_>, host: Option<&Block>, body: &[Block]) -> usize {
    let at = host
        .or(body.first())
        .map_or_else(|| crate::source::Location::new(input.file, crate::source::Span::default()), Block::location);
    let position = input.sources.position(at);
    let (kind, label) = match host {
        Some(_) => ("apache-vhost", format!("httpd virtual host {position}")),
        None => ("apache-server", format!("httpd {}", input.path())),
    };
    let mut fact = EndpointFact::new(kind, label, at);
    fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
    let mut listens = Vec::new();
    let mut shown = Vec::new();
    let (mut problems, mut unheard) = (Vec::new(), Vec::new());
    let mut listening: Vec<(String, crate::source::Location)> = Vec::new();
    match host {
        Some(host) => listening.extend((1..host.words.len()).map(|i| (host.word(i).to_owned(), host.at(i)))),
        None => listening.extend(body.iter().filter(|b| is(b, "Listen")).map(|b| (b.word(1).to_owned(), b.at(1)))),
    }
    for (text, at) in listening {
        shown.push(text.clone());
        let bare = match text.parse::<u16>() {
            Ok(port) => format!("0.0.0.0:{port}"),
            Err(_) => text.replace("_default_", "0.0.0.0").replacen('*', "0.0.0.0", usize::from(text.starts_with('*'))),
        };
        let bare = bare.strip_suffix(":*").unwrap_or(&bare);
        match peer::peer(bare, None) {
            Ok(Peer::Address { ip, port }) => fact.addresses.push(Address { ip, port, location: at }),
            Ok(Peer::Loopback { port, .. }) => listens.extend(port.map(Listen::Port)),
            Ok(Peer::Host { name, .. }) if host.is_some() => {
                fact.names
                    .push(Spanned::new(name, if at.source == fact.location.source { at.span } else { fact.location.span }));
            }
            _ => unheard.push((text, at)),
        }
    }
    for line in body.iter().filter(|b| is(b, "ServerName") || is(b, "ServerAlias")) {
        if is_template(&line.rest(1)) {
            problems.push((line.rest(1), line.at(1)));
            continue;
        }
        for word in line.words.iter().skip(1) {
            let (_, authority) = peer::split_url(&word.text);
            let name = authority.split(':').next().unwrap_or("").trim_end_matches('.').to_ascii_lowercase();
            let span = if line.source == fact.location.source { word.span } else { fact.location.span };
            if is_host_name(name.strip_prefix("*.").unwrap_or(&name)) && name != "localhost" {
                fact.names.push(Spanned::new(name, span));
            } else if name.contains(['*', '?']) {
                fact.attributes.other.insert("server-name-pattern".to_owned(), shorten(&name));
            }
            // By anything else nobody can ask for this server.
        }
    }
    if let Some(first) = fact.names.first() {
        fact.label = first.value.clone();
    }
    if !shown.is_empty() {
        fact.attributes.other.insert("listen".to_owned(), shorten(&shown.join(", ")));
    }
    let label = fact.label.clone();
    let index = out.principal(fact);
    listens.into_iter().for_each(|on| out.listens(index, on, &label));
    for (text, at) in unheard {
        out.unheard(&text, at, Touch::Endpoint(index));
    }
    for (text, at) in problems {
        let message = format!("`{}` is yet to be filled in, so where this server is reached is not known", shorten(&text));
        out.gap("template-not-rendered", message, Some(RENDER.to_owned()), at, Touch::Endpoint(index));
    }
    index
}

/// By content: sections in angle brackets and directives that only httpd has.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let named = [".conf", ".vhost", ".conf.j2", ".conf.erb", ".conf.tmpl", ".conf.template", ".conf.in"]
        .iter()
        .any(|end| name.ends_with(end))
        || ["apache", "httpd", "sites-available/", "sites-enabled/"].iter().any(|part| path.contains(part))
        || !name.contains('.');
    let other = [".xml", ".html", ".md", ".json", ".yaml", ".yml", ".toml", ".tf", ".py", ".sh", ".csv", ".rs", ".txt"];
    if !named || other.iter().any(|end| name.ends_with(end)) {
        return Recognized::No;
    }
    let (mut sections, mut words) = (0_u32, 0_u32);
    for line in glance(text).lines() {
        let line = line.trim();
        if line.starts_with("<?xml") || line.starts_with("<!") || line.ends_with(';') {
            return Recognized::No;
        }
        let first = line.split_whitespace().next().unwrap_or("");
        match first.to_ascii_lowercase().trim_end_matches('>') {
            "<virtualhost" | "<ifmodule" | "<ifdefine" | "<directory" | "<location" | "<locationmatch" | "<proxy"
            | "<files" | "<filesmatch" | "<macro" | "<if" | "<ifversion" => sections += 1,
            // Redis has the word too, with a path alone.
            "loadmodule" if line.split_whitespace().nth(2).is_none() => {}
            "proxypass" | "proxypassmatch" | "balancermember" | "loadmodule" | "serverroot" | "documentroot"
            | "rewriterule" | "serveralias" | "customlog" | "proxypassreverse" | "includeoptional" | "rewriteengine" => {
                words += 1
            }
            _ => {}
        }
    }
    match (sections, words) {
        (1.., 1..) => Recognized::Yes,
        (0, 2..) => Recognized::Yes,
        (1.., 0) | (0, 1) => Recognized::Maybe,
        _ => Recognized::No,
    }
}
