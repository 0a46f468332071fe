//! What stands in which block: servers, upstreams, variables and log formats of one tree, and what blocks inherit.
//!
//! nginx merges settings from the outside in. Of those that matter here, each (access_log, error_log, error_page, mirror,
//! auth_request, post_action, `*_cache`, `*_store`, `*_next_upstream`, otel_trace...) is taken over whole from the next outer block
//! if the block itself does not name it; one occurrence replaces all outer ones ("inherited ... if and only if there are no such
//! directives on the current level"). `*_pass` and `return` belong to their block alone.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::clients::Variables;
use super::known;
use super::lex::{Body, Directive, Problem};
use super::tree::{Item, Node};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Protocol {
    Http,
    Stream,
    Mail,
}

/// Directives with their nodes.
pub(super) type Found<'t, 'a> = Rc<Vec<(&'t Node<'a>, &'a Directive)>>;

/// What a block has of its own or from outside.
#[derive(Clone, Default)]
pub(super) struct Level<'t, 'a> {
    settings: BTreeMap<&'a str, Found<'t, 'a>>,
}

fn is_inherited(name: &str) -> bool {
    matches!(
        name,
        "access_log"
            | "error_log"
            | "error_page"
            | "mirror"
            | "auth_request"
            | "post_action"
            | "otel_trace"
            | "auth_http"
            | "recursive_error_pages"
            | "dav_methods"
            | "client_body_in_file_only"
    ) || known::gateway(name).is_some_and(|(_, rest)| matches!(rest, "cache" | "store" | "next_upstream"))
}

impl<'t, 'a> Level<'t, 'a> {
    /// The level of a block inside this one.
    pub fn enter(&self, nodes: &'t [Node<'a>]) -> Self {
        let mut own: BTreeMap<&'a str, Vec<(&'t Node<'a>, &'a Directive)>> = BTreeMap::new();
        for node in nodes {
            if let Some((directive, _)) = node.directive()
                && is_inherited(&directive.name.text)
            {
                own.entry(&directive.name.text).or_default().push((node, directive));
            }
        }
        let mut level = self.clone();
        level.settings.extend(own.into_iter().map(|(name, list)| (name, Rc::new(list))));
        level
    }

    pub fn get(&self, name: &str) -> &[(&'t Node<'a>, &'a Directive)] {
        self.settings.get(name).map_or(&[], |found| found.as_slice())
    }

    /// The first argument of a setting that is given once.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.get(name).last().and_then(|(_, d)| d.args.first()).map(|w| w.text.as_str())
    }
}

pub(super) struct Server<'t, 'a> {
    pub protocol: Protocol,
    pub node: &'t Node<'a>,
    pub children: &'t [Node<'a>],
    pub level: Level<'t, 'a>,
    /// Stands for directives that are in no `server` block of the files that were read.
    pub loose: bool,
}

pub(super) struct Upstream<'t, 'a> {
    pub protocol: Protocol,
    pub name: &'a str,
    pub node: &'t Node<'a>,
    pub directive: &'a Directive,
    pub children: &'t [Node<'a>],
}

/// A gap found outside of servers and upstreams.
pub(super) enum Outside<'t, 'a> {
    Problem(&'t Node<'a>, &'t Problem),
    Unknown(&'t Node<'a>, &'a Directive),
    Code(&'t Node<'a>, &'a Directive),
}

#[derive(Default)]
pub(super) struct Config<'t, 'a> {
    pub servers: Vec<Server<'t, 'a>>,
    pub upstreams: Vec<Upstream<'t, 'a>>,
    http: Variables,
    stream: Variables,
    /// Log formats that write request or answer bodies.
    pub formats_with_content: Vec<&'a str>,
    /// Endpoint of the OpenTelemetry exporter.
    pub otel: Option<(&'t Node<'a>, &'a str)>,
    pub outside: Vec<Outside<'t, 'a>>,
}

impl<'t, 'a> Config<'t, 'a> {
    pub fn read(nodes: &'t [Node<'a>]) -> Self {
        let mut config = Self::default();
        let level = Level::default().enter(nodes);
        let named = |names: &[&str]| {
            nodes.iter().any(|n| n.directive().is_some_and(|(d, _)| is_block(d) && names.contains(&d.name.text.as_str())))
        };
        let protocol =
            if named(&["http", "stream", "mail"]) || !looks_like_stream(nodes) { Protocol::Http } else { Protocol::Stream };
        config.block(nodes, protocol, true, &level);
        let loose = nodes.iter().find(|n| n.directive().is_some_and(|(d, _)| belongs_in_server(d)));
        if let Some(node) = loose {
            config.servers.push(Server { protocol, node, children: nodes, level, loose: true });
        }
        config
    }

    pub fn variables(&self, protocol: Protocol) -> &Variables {
        if protocol == Protocol::Stream { &self.stream } else { &self.http }
    }

    fn block(&mut self, nodes: &'t [Node<'a>], protocol: Protocol, top: bool, level: &Level<'t, 'a>) {
        for node in nodes {
            let (directive, children) = match &node.item {
                Item::Problem(problem) => {
                    self.outside.push(Outside::Problem(node, problem));
                    continue;
                }
                Item::Directive { directive, children } => (*directive, children.as_slice()),
            };
            let name = directive.name.text.as_str();
            match name {
                "http" | "stream" | "mail" if top && is_block(directive) => {
                    let inner = match name {
                        "http" => Protocol::Http,
                        "stream" => Protocol::Stream,
                        _ => Protocol::Mail,
                    };
                    self.block(children, inner, false, &level.enter(children));
                }
                "server" if is_block(directive) => self.server(node, children, protocol, level),
                "upstream" if is_block(directive) => {
                    let name = directive.args.first().map_or("", |a| a.text.as_str());
                    self.upstreams.push(Upstream { protocol, name, node, directive, children });
                }
                "log_format" => {
                    let content = |w: &str| w.contains("request_body") || w.contains("resp_body");
                    if let Some(name) = directive.args.first().filter(|_| directive.args.iter().any(|a| content(&a.text))) {
                        self.formats_with_content.push(&name.text);
                    }
                }
                "otel_exporter" => {
                    let endpoint = children.iter().find_map(|n| match n.directive() {
                        Some((d, _)) if d.name.text == "endpoint" => d.args.first().map(|a| (n, a.text.as_str())),
                        _ => None,
                    });
                    self.otel = self.otel.or(endpoint);
                }
                _ if known::is_code(name) => self.outside.push(Outside::Code(node, directive)),
                _ if belongs_in_server(directive) && top => {}
                _ => {
                    let variables = if protocol == Protocol::Stream { &mut self.stream } else { &mut self.http };
                    if !variables.define(node) && !known::is_known(name) {
                        self.outside.push(Outside::Unknown(node, directive));
                    }
                    for child in children {
                        if let Item::Problem(problem) = &child.item
                            && !matches!(name, "map" | "geo" | "split_clients")
                        {
                            self.outside.push(Outside::Problem(child, problem));
                        }
                    }
                }
            }
        }
    }

    fn server(&mut self, node: &'t Node<'a>, children: &'t [Node<'a>], protocol: Protocol, outer: &Level<'t, 'a>) {
        self.servers.push(Server { protocol, node, children, level: outer.enter(children), loose: false });
        // A forgotten `}` puts the next server inside this one.
        let mut blocks = vec![children];
        while let Some(block) = blocks.pop() {
            for inner in block {
                match inner.directive() {
                    Some((d, nested)) if is_block(d) && d.name.text == "server" => self.server(inner, nested, protocol, outer),
                    Some((d, nested)) if is_block(d) && d.name.text == "location" => blocks.push(nested),
                    _ => {}
                }
            }
        }
    }
}

pub(super) fn is_block(directive: &Directive) -> bool {
    matches!(directive.body, Body::Block(_))
}

/// Could make a fragment without a `server` block send requests somewhere.
fn belongs_in_server(directive: &Directive) -> bool {
    let name = directive.name.text.as_str();
    matches!(
        name,
        "location"
            | "if"
            | "limit_except"
            | "return"
            | "rewrite"
            | "set"
            | "try_files"
            | "listen"
            | "server_name"
            | "internal"
            | "pass"
    ) || known::gateway(name).is_some_and(|(_, rest)| rest == "pass")
}

/// Tells a fragment of a `stream` block from one of an `http` block by directives that only one of them has.
fn looks_like_stream(nodes: &[Node<'_>]) -> bool {
    let mut stream = false;
    for node in nodes {
        let Some((outer, children)) = node.directive() else { continue };
        let inner = if outer.name.text == "server" { children } else { std::slice::from_ref(node) };
        for (directive, _) in inner.iter().filter_map(Node::directive) {
            let first = directive.args.first().map_or("", |a| a.text.as_str());
            match directive.name.text.as_str() {
                "location" | "root" | "index" | "return" | "if" | "rewrite" | "add_header" | "proxy_set_header"
                | "try_files" => {
                    return false;
                }
                "proxy_pass" if first.contains("://") => return false,
                "proxy_pass" | "ssl_preread" | "proxy_timeout" | "proxy_responses" | "preread_timeout" => stream = true,
                "listen" if directive.args.iter().any(|a| a.text == "udp") => stream = true,
                "map" | "split_clients" if first.contains("$ssl_preread_") => stream = true,
                _ => {}
            }
        }
    }
    stream
}

/// Names of upstreams by protocol, in lower case.
pub(super) fn index_upstreams(upstreams: &[Upstream<'_, '_>]) -> HashMap<(Protocol, String), usize> {
    let mut index = HashMap::new();
    for (i, upstream) in upstreams.iter().enumerate() {
        index.entry((upstream.protocol, upstream.name.to_ascii_lowercase())).or_insert(i);
    }
    index
}
