//! Varnish: VCL programs with what they include, of Varnish Cache (3 to 7) and in Fastly's dialect.
//!
//! Stages: [`lex`] text to statements, [`conditions`] for whom an `if` holds, [`backends`] backends and directors, [`subs`] which of them a
//! request gets; [`known`] says of every word what it is. Rules are taken from vcl(7), vcl-backend(7), vcl-var(7) and vmod_directors(3) of
//! Varnish 7 and from Fastly's VCL reference (2026); each module names its parts. A program is one entry, a director a logical endpoint.
//! Backends that code finds, modules that open connections, code in C, and what Fastly adds to a program are gaps. Not here: where
//! varnishd listens, which its command line says.

mod backends;
mod conditions;
mod known;
mod lex;
mod subs;

use std::collections::{BTreeMap, BTreeSet};

use super::proxy::block::{Block, Files, MAX_BLOCKS, MAX_PROBLEMS};
use super::proxy::output::{Output, Touch};
use super::proxy::peer::is_host_name;
use super::proxy::turn::{Turn, is_template};
use super::proxy::{RENDER, shorten};
use super::{Input, Reader, Reading, Recognized, glance, words};
use crate::doc::Problem;
use crate::model::{Activity, EndpointFact, Role, Roles};
use crate::source::{Location, SourceId, Span, Spanned};
use backends::Backends;
use known::VOCABULARY;
use subs::Walk;

const PREFIXES: &[&str] = &["/etc/varnish/", "/usr/local/etc/varnish/", "/usr/share/varnish/vcl/"];
/// Includes in includes in...
const MAX_DEPTH: usize = 24;

pub struct Varnish;

impl Reader for Varnish {
    fn format(&self) -> &'static str {
        "varnish"
    }

    fn describe(&self) -> &'static str {
        "VCL programs of Varnish and Fastly, with their includes"
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

struct Includes<'a, 'i> {
    input: &'i Input<'a>,
    files: Files<'a>,
    taken: BTreeSet<SourceId>,
    left: usize,
}

fn read(input: &Input<'_>) -> Reading {
    let mut out = Output::new(input.text().len() / 16);
    let mut includes = Includes { input, files: Files::new(input, PREFIXES), taken: BTreeSet::new(), left: MAX_BLOCKS };
    let (blocks, problems) = lex::parse(input.text(), input.file);
    syntax(&mut out, input, input.file, &problems);
    let blocks = includes.expand(&mut out, blocks, 0);
    let mut backends = Backends::default();
    let (mut subs, mut tables, mut acls) = (BTreeMap::<String, Vec<Block>>::new(), BTreeMap::new(), BTreeMap::new());
    let mut fact =
        EndpointFact::new("varnish", format!("varnish {}", input.path()), Location::new(input.file, Span::default()));
    fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
    let mut at = None;
    hosts(&blocks, &mut fact, &mut at);
    fact.location = at.unwrap_or_else(|| blocks.first().map_or(fact.location, Block::location));
    if !fact.names.is_empty() {
        // Whoever asks for another name is served too.
        fact.attributes.other.insert("server-name-pattern".to_owned(), "*".to_owned());
    }
    let entry = out.principal(fact);
    for block in &blocks {
        let name = block.name();
        if name.starts_with("#FASTLY") {
            continue;
        }
        out.knows(&VOCABULARY, known::DECLARATION, name, block.location(), Touch::Everything);
        match name {
            "backend" => backends.backend(&mut out, block),
            "director" => backends.declared(&mut out, block),
            "sub" => subs.entry(block.word(1).to_owned()).or_default().extend(block.body().iter().cloned()),
            "import" => _ = out.knows(&VOCABULARY, known::MODULE, block.word(1), block.at(1), Touch::Endpoint(entry)),
            "acl" => {
                let networks = block.body().iter().filter(|l| l.name() != "!").map(network).collect();
                acls.insert(block.word(1).to_owned(), networks);
            }
            "table" => {
                let values = block.words.iter().any(|w| w.text == "BACKEND");
                // Entries are parted by commas: `"key": NAME,`.
                let all = block.body().iter().flat_map(|l| l.words.iter().map(move |w| (w, l.source)));
                let names = all.filter(|(w, _)| values && !w.quoted && !matches!(w.text.as_str(), ":" | ","));
                let names = names.map(|(w, source)| (w.text.clone(), Location::new(source, w.span))).collect();
                tables.insert(block.word(1).to_owned(), names);
            }
            // What is told above, or no place.
            _ => {}
        }
    }
    for block in statements(subs.get("vcl_init").map(Vec::as_slice).unwrap_or_default()) {
        let made = block.name() == "new" && backends.created(&mut out, block);
        if made || backends.added(&mut out, block) {
            continue;
        }
        if block.name() == "new" {
            // Objects of other modules: which may be directors.
            let module = block.word(3).split('.').next().unwrap_or("");
            out.knows(&VOCABULARY, known::MODULE, module, block.at(3), Touch::Endpoint(entry));
        } else {
            out.knows(&VOCABULARY, known::STATEMENT, block.name(), block.location(), Touch::Endpoint(entry));
        }
    }
    let mut walk = Walk::new(&mut out, &subs, &tables, &acls, &backends, entry);
    walk.run();
    let (choices, restarts, always, keeps) = (std::mem::take(&mut walk.choices), walk.restarts, walk.always, walk.keeps);
    drop(walk);
    if !always && let Some(name) = backends.default_name() {
        let at = backends.at(&name).unwrap_or(Location::new(input.file, Span::default()));
        let others: Vec<_> = choices.iter().filter(|c| c.way.tries == 0 && c.way.sick.is_none()).collect();
        let mut when = super::proxy::when::When::default();
        for choice in others {
            let ask = &choice.way.ask;
            if ask.host.is_none()
                && ask.what.is_none()
                && let Some(rest) = super::proxy::fronts::others(&ask.when)
            {
                when = when.and(&rest).unwrap_or(when);
            }
        }
        backends.send(&mut out, entry, &name, at, &Turn::first("backend").for_clients(&when));
    }
    subs::routes(&mut out, &mut backends, entry, &choices, restarts);
    backends.routes(&mut out);
    if keeps {
        let at =
            subs.get("vcl_recv").and_then(|b| b.first()).map_or(Location::new(input.file, Span::default()), Block::location);
        let to = out.store("cache", "cache".to_owned(), entry, at);
        let turn = Turn::first("cache").of(Activity::Cache).under("answers that may be kept");
        out.send_to(entry, to, at, &turn);
    }
    if backends.default_name().is_none() && choices.is_empty() {
        let message = "this program has no backends of its own; what includes it may have some".to_owned();
        let help = "add the program that includes it to the project".to_owned();
        let at = blocks.first().map_or(Location::new(input.file, Span::default()), Block::location);
        out.gap("fragment-without-server", message, Some(help), at, Touch::Everything);
    }
    let included = includes.taken.iter().copied().filter(|id| *id != input.file).collect();
    out.facts.endpoints.iter_mut().for_each(|e| e.fragment = true);
    Reading { facts: out.facts, included, ..Reading::default() }
}

/// The statements of a subroutine, with those under conditions.
fn statements(blocks: &[Block]) -> Vec<&Block> {
    blocks.iter().flat_map(|b| std::iter::once(b).chain(statements(b.body()))).collect()
}

fn syntax(out: &mut Output, input: &Input<'_>, source: SourceId, problems: &[Problem]) {
    let template = !problems.is_empty() && is_template(&input.sources.get(source).text);
    let (code, help) =
        if template { ("template-not-rendered", RENDER) } else { ("syntax", "what stands behind may be misread") };
    for problem in problems.iter().take(MAX_PROBLEMS) {
        let at = Location::new(source, problem.span);
        out.gap(code, problem.message.clone(), Some(help.to_owned()), at, Touch::Everything);
    }
}

impl Includes<'_, '_> {
    /// `include "FILE";`, in place, at the top and in subroutines.
    fn expand(&mut self, out: &mut Output, blocks: Vec<Block>, depth: usize) -> Vec<Block> {
        let mut done = Vec::new();
        for mut block in blocks {
            if self.left == 0 {
                return done;
            }
            self.left -= 1;
            if self.left == 0 {
                let message = "this program is longer, with all it includes, than is read".to_owned();
                out.gap("too-large", message, None, block.location(), Touch::Everything);
            }
            if block.name() != "include" {
                block.body = block.body.take().map(|body| self.expand(out, body, depth));
                done.push(block);
                continue;
            }
            // `include +glob "PATTERN";`
            let Some(i) = block.words.iter().position(|w| w.quoted) else { continue };
            let (pattern, at) = (block.word(i).to_owned(), block.at(i));
            if depth >= MAX_DEPTH {
                out.gap(
                    "include-cycle",
                    format!("`include \"{}\"` leads round in a circle", shorten(&pattern)),
                    None,
                    at,
                    Touch::Everything,
                );
                continue;
            }
            let from = self.input.sources.get(block.source).path.clone();
            let found = self.files.find(&from, &pattern);
            // The detection of devices that Varnish ships sets headers only.
            if found.is_empty() && !pattern.ends_with("devicedetect.vcl") {
                let message = format!("`include \"{}\"`: no such file is in the project", shorten(&pattern));
                let help = "add the file to the project, and to `include` of its onshore.toml".to_owned();
                out.gap("missing-include", message, Some(help), at, Touch::Everything);
            }
            for id in found.into_iter().filter(|id| *id != self.input.file) {
                let (blocks, problems) = lex::parse(&self.input.sources.get(id).text, id);
                if self.taken.insert(id) {
                    syntax(out, self.input, id, &problems);
                }
                done.extend(self.expand(out, blocks, depth + 1));
            }
        }
        done
    }
}

/// The entries of an `acl`: `"10.0.0.0"/8;`.
fn network(line: &Block) -> String {
    line.words.iter().map(|w| w.text.as_str()).collect()
}

/// Host names that conditions compare the request's host with.
fn hosts(blocks: &[Block], fact: &mut EndpointFact, at: &mut Option<Location>) {
    for block in blocks {
        if matches!(block.name(), "if" | "elsif" | "elseif" | "elif" | "else") {
            for words in block.words.windows(3) {
                let [left, operator, right] = words else { continue };
                let host = left.text.eq_ignore_ascii_case("req.http.host");
                let name = right.text.to_ascii_lowercase();
                let known = fact.names.iter().any(|n| n.value == name);
                if host && operator.text == "==" && right.quoted && is_host_name(&name) && !known && fact.names.len() < 1000 {
                    let here = Location::new(block.source, right.span);
                    let place = *at.get_or_insert(here);
                    let span = if place.source == here.source { right.span } else { place.span };
                    fact.names.push(Spanned::new(name, span));
                }
            }
        }
        hosts(block.body(), fact, at);
    }
}

/// By the ending `.vcl`, or by subroutines of VCL.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let text = glance(text);
    let starts = |prefix: &str| text.lines().any(|l| l.trim_start().starts_with(prefix));
    let vcl = starts("sub vcl_") || starts("vcl 4") || (starts("backend ") && text.contains(".host"));
    match (name.contains(".vcl"), vcl) {
        (true, true) => Recognized::Yes,
        (true, false) => Recognized::Maybe,
        (false, true) if starts("sub vcl_") && !name.contains('.') => Recognized::Yes,
        _ => Recognized::No,
    }
}
