//! Caddy: Caddyfiles with what they import, and the native JSON configuration.
//!
//! Stages: [`lex`] text to blocks, [`import`] snippets and files in place, [`sites`] what directives and matchers mean, [`json`] the same
//! in JSON, [`upstreams`] when each upstream carries; [`known`] says of every word what it is. Rules are taken from the documentation
//! of caddyserver.com (August 2026); each module names its sections. A site block is an endpoint, a `reverse_proxy` in a snippet a
//! logical one. Upstreams that are found while Caddy runs and words of modules that are not Caddy's own are gaps. Not here: what
//! environment variables tell Caddy of proxies.

pub(super) mod import;
mod json;
mod known;
pub(super) mod lex;
mod sites;
mod upstreams;

use std::collections::BTreeMap;

use super::proxy::block::{Block, Files};
use super::proxy::output::{Output, Touch};
use super::proxy::part;
use super::proxy::turn::is_template;
use super::proxy::{RENDER, shorten};
use super::{Input, Reader, Reading, Recognized, glance, words};
use crate::source::SourceId;
use known::VOCABULARY;
use sites::Walk;

/// Where Caddy is installed.
const PREFIXES: &[&str] = &["/etc/caddy/", "/usr/local/etc/caddy/", "/opt/caddy/"];

pub struct Caddy;

impl Reader for Caddy {
    fn format(&self) -> &'static str {
        "caddy"
    }

    fn describe(&self) -> &'static str {
        "Caddyfiles with their imports, and Caddy's JSON configuration"
    }

    fn words(&self) -> &'static [words::Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, text)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        if input.text().trim_start().starts_with('{') && input.path().ends_with(".json") {
            return part::reading(input, json::read);
        }
        read_caddyfile(input)
    }
}

/// The text of a Caddyfile. Caddy's own tests hold what it is adapted to behind a line of dashes.
fn caddyfile<'t>(path: &str, text: &'t str) -> &'t str {
    if path.ends_with(".caddyfiletest") { text.split("\n----------\n").next().unwrap_or(text) } else { text }
}

fn read_caddyfile(input: &Input<'_>) -> Reading {
    let told = input.settings.of(input.path()).variables;
    let environment: BTreeMap<String, String> = told.into_iter().map(|(name, value)| (name, value.text)).collect();
    let text = caddyfile(input.path(), input.text());
    let mut out = Output::new(text.len() / 16);
    let parse = |id: SourceId| {
        let source = input.sources.get(id);
        lex::parse(caddyfile(&source.path, &source.text), id, &environment)
    };
    let (blocks, problems) = parse(input.file);
    let mut importer = import::Importer::new(input, Files::new(input, PREFIXES), &parse);
    importer.problems(input.file, &problems);
    let blocks = importer.top(blocks);
    let included = importer.included();
    for (code, message, help, at) in importer.gaps {
        out.gap(code, message, help, at, Touch::Everything);
    }
    let blocks = one_site(blocks);
    let named_routes =
        blocks.iter().filter_map(|b| Some((b.name().strip_prefix("&(")?.strip_suffix(')')?.to_owned(), b.body()))).collect();
    let options = blocks.first().filter(|b| b.name().is_empty());
    let reordered = options.is_some_and(|o| o.body().iter().any(|l| l.name() == "order"));
    let mut facts = Vec::new();
    for block in blocks.iter().filter(|b| is_site(b)) {
        let label = format!("caddy {}", shorten(&block.rest(0)));
        facts.push((sites::declare(&mut out, block, &label), block));
    }
    if let Some(options) = options {
        let all: Vec<usize> = facts.iter().map(|(fact, _)| *fact).collect();
        for line in options.body() {
            out.knows(&VOCABULARY, known::OPTION, line.name(), line.location(), Touch::Tree);
            if line.name() == "log" {
                sites::logs(&mut out, line, &all);
            }
        }
    }
    let mut walk = Walk { out: &mut out, named_routes, reordered, groups: BTreeMap::new() };
    for (fact, block) in &facts {
        sites::routes(&mut walk, *fact, block.body());
    }
    // Snippets that some other file is to import.
    let routes_nowhere = facts.is_empty() && !blocks.is_empty() && options.is_none();
    if routes_nowhere {
        let at = blocks[0].location();
        let message = "this file has no site, only pieces that other files may import".to_owned();
        let help = "add the Caddyfile that imports it to the project".to_owned();
        out.gap("fragment-without-server", message, Some(help), at, Touch::Everything);
    }
    Reading { facts: out.facts, included, ..Reading::default() }
}

/// A Caddyfile with only one site may leave its braces out: the first line is its address.
fn one_site(blocks: Vec<Block>) -> Vec<Block> {
    let at = usize::from(blocks.first().is_some_and(|b| b.name().is_empty()));
    let bare = blocks.get(at).is_some_and(|b| b.body.is_none() && !b.name().starts_with(['(', '&']));
    if !bare {
        return blocks;
    }
    let mut blocks = blocks;
    let mut rest = blocks.split_off(at);
    if rest.is_empty() {
        return blocks;
    }
    let mut site = rest.remove(0);
    site.body = Some(rest);
    blocks.push(site);
    blocks
}

fn is_site(block: &Block) -> bool {
    let name = block.name();
    block.body.is_some() && !name.is_empty() && !name.starts_with(['(', '&'])
}

/// By name (`Caddyfile`, `*.caddyfile`), or by directives that only Caddyfiles have; JSON by `apps` with `http` in it.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let text = glance(text);
    if name.ends_with(".json") {
        let has = |key: &str| text.contains(&format!("\"{key}\""));
        let caddy = has("apps") && has("servers") && (has("handler") || has("handle"));
        return if caddy && has("http") { Recognized::Yes } else { Recognized::No };
    }
    if name.ends_with(".caddyfiletest") || name.ends_with(".caddyfile") || name == "caddyfile" || name.starts_with("caddyfile.")
    {
        return Recognized::Yes;
    }
    let within = path.contains("caddy/") || path.contains("Caddyfile.d/") || name.ends_with(".caddy");
    if name.contains('.') && !(name.ends_with(".caddy") || (within && name.ends_with(".conf"))) {
        return Recognized::No;
    }
    let mut words = 0;
    for line in text.lines() {
        let first = line.split_whitespace().next().unwrap_or("");
        if line.trim_end().ends_with(';') {
            return Recognized::No;
        }
        let ours = ["reverse_proxy", "php_fastcgi", "file_server", "handle_path", "forward_auth", "handle_errors"];
        words += usize::from(ours.contains(&first));
    }
    match (words, within) {
        (1.., true) => Recognized::Yes,
        (1.., false) if !name.contains('.') => Recognized::Maybe,
        _ => Recognized::No,
    }
}

/// How a broken text is told of.
fn syntax(text: &str) -> (&'static str, &'static str) {
    if is_template(text) { ("template-not-rendered", RENDER) } else { ("syntax", "what stands behind may be misread") }
}
