//! HAProxy configuration: the files of one process, with the maps and lists they name.
//!
//! Stages: [`lex`] lines to words, [`sections`] conditional blocks, sections and what they inherit, [`samples`] and [`conditions`] for
//! whom a rule holds, [`frontends`], [`servers`] and [`logs`] the facts; [`known`] says of every keyword what it is. Rules are taken
//! from the Configuration Manual (version 3.5-dev, August 2026; checked against 2.6 LTS running); each module names its sections.
//! A `frontend` is an endpoint, a `backend` a logical one, a `listen` both. What cannot be followed (a map that is not there, a
//! destination from the request, Lua, SPOE, an unknown keyword) becomes a gap with its line. Not here: the Data Plane API's own files,
//! the Kubernetes ingress resources, the Runtime API's state.
//!
//! Files of one folder (and of its `*.d` and `conf.d` folders) are one process, as `-f FOLDER` reads them, unless several of them
//! have a `global` section or they define the same proxy twice.

mod address;
mod conditions;
mod frontends;
mod known;
mod lex;
mod logs;
mod samples;
mod sections;
mod servers;

use std::collections::{BTreeMap, BTreeSet};

use super::proxy::output::{Listen, Output, Touch};
use super::proxy::peer::Peer;
use super::proxy::shorten;
use super::words::{Effect, Words};
use super::{Input, Reader, Reading, Recognized, Set, alone, paths};
use crate::model::{Address, EndpointFact, Role, Roles, Standing};
use crate::source::{Location, SourceId, Spanned};
use address::{Target, bind_ports, target};
use frontends::Proxy;
use known::{GLOBAL, OPTIONS, PROXIES};
use lex::Line;
use logs::{Logs, Sinks, listens_on};
use samples::Tables;
use sections::{Config, can_route};
use servers::Backend;

pub struct Haproxy;

impl Reader for Haproxy {
    fn format(&self) -> &'static str {
        "haproxy"
    }

    fn describe(&self) -> &'static str {
        "HAProxy configuration (all files of a process, with its maps)"
    }

    fn words(&self) -> &'static [Words] {
        known::TABLE
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        Some(units(set).into_iter().map(|files| (files[0], read(&set.input(files[0]), &files))).collect())
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, text)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        alone(self, input)
    }
}

/// Which files one process reads.
fn units(set: &Set<'_>) -> Vec<Vec<SourceId>> {
    let mut folders: BTreeMap<String, Vec<SourceId>> = BTreeMap::new();
    for file in set.files {
        let folder = paths::folder(&set.sources.get(*file).path);
        let (parent, last) = folder.rsplit_once('/').unwrap_or(("", folder));
        let joins = !last.is_empty() && (last.ends_with(".d") || last == "conf");
        folders.entry(if joins { parent } else { folder }.to_owned()).or_default().push(*file);
    }
    let mut units = Vec::new();
    for mut files in folders.into_values() {
        let text = |id: SourceId| set.sources.get(id).text.as_str();
        let globals = files.iter().filter(|f| headers(text(**f)).any(|(kind, _)| kind == "global")).count();
        let mut seen = BTreeSet::new();
        let mut proxies =
            files.iter().flat_map(|f| headers(text(*f)).filter(|(kind, _)| matches!(*kind, "frontend" | "listen" | "backend")));
        let clash = !proxies.all(|proxy| seen.insert(proxy));
        if globals > 1 || clash {
            units.extend(files.into_iter().map(|f| vec![f]));
        } else {
            // The file of the folder itself comes before those of `conf.d`.
            files.sort_by_key(|f| (set.sources.get(*f).path.matches('/').count(), *f));
            units.push(files);
        }
    }
    units
}

/// Kind and name of each section.
fn headers(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let kind = words.next().and_then(known::section)?;
        Some((kind, words.next().unwrap_or("")))
    })
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let config = Config::read(input, files);
    let mut out = Output::new(config.lines);
    let mut tables = Tables::new(*input);
    let mut facts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut backends: BTreeMap<String, Backend> = BTreeMap::new();
    let whole = config.of_kind("global").next().is_some();
    for (i, section) in config.sections.iter().enumerate() {
        let has_servers = || config.lines_of(i).iter().any(|l| servers::connects(l));
        if section.kind == "backend" || (section.kind == "listen" && has_servers()) {
            let mut fact = EndpointFact::new("haproxy-backend", section.name.clone(), section.header.at(1));
            fact.standing = Standing::Logical;
            let fact = out.principal(fact);
            let backend = Backend::read(&mut out, &config, i, fact);
            facts.entry(i).or_insert(fact);
            if backends.contains_key(&backend.name) {
                let message = format!("the backend `{}` is defined more than once", shorten(&section.name));
                out.gap("duplicate-id", message, None, section.header.location(), Touch::Tree);
            }
            backends.insert(backend.name.clone(), backend);
        }
    }
    let mut fronts = Vec::new();
    for (i, section) in config.sections.iter().enumerate() {
        if matches!(section.kind, "frontend" | "listen") {
            fronts.push((i, declare(&mut out, &config, i, &mut tables)));
        }
    }
    problems(&mut out, &config, &facts, &fronts);
    let mut logs = Logs { config: &config, backends: &backends, sinks: Sinks::default() };
    for (section, fact) in &fronts {
        let lines = config.lines_of(*section);
        if !is_disabled(&lines) {
            let proxy = Proxy { config: &config, section: *section, fact: *fact, backends: &backends };
            frontends::routes(&mut out, &proxy, &mut tables);
            logs.proxy(&mut out, *fact, &lines);
        }
        keywords(&mut out, &config, *section, *fact);
    }
    for backend in backends.values() {
        backend.routes(&mut out, &config, &backends, &mut tables);
        let lines = config.lines_of(backend.section);
        if config.sections[backend.section].kind == "backend" {
            lines.iter().for_each(|line| frontends::other(&mut out, backend.fact, line));
            keywords(&mut out, &config, backend.section, backend.fact);
        }
        logs.tables(&mut out, backend.fact, &lines);
    }
    logs.forwarders(&mut out);
    process(&mut out, &config);
    out.facts.endpoints.iter_mut().for_each(|e| e.fragment = !whole);
    let mut included: Vec<SourceId> = files.iter().skip(1).copied().chain(tables.used()).collect();
    included.sort_unstable();
    included.dedup();
    Reading { facts: out.facts, included, ..Reading::default() }
}

fn is_disabled(lines: &[&Line]) -> bool {
    lines.iter().rev().find(|l| matches!(l.first(), "disabled" | "enabled")).is_some_and(|l| l.first() == "disabled")
}

/// The endpoint of a frontend, with the names and addresses by which others may mean it.
fn declare(out: &mut Output, config: &Config, section: usize, tables: &mut Tables<'_>) -> usize {
    let head = &config.sections[section];
    let kind = if head.kind == "listen" { "haproxy-listen" } else { "haproxy-frontend" };
    let mut fact = EndpointFact::new(kind, format!("{} {}", head.kind, head.name), head.header.at(1));
    fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
    let lines = config.lines_of(section);
    for (name, at) in frontends::hosts(&lines, tables) {
        let span = if at.source == fact.location.source { at.span } else { fact.location.span };
        fact.names.push(Spanned::new(name, span));
    }
    let mut binds: Vec<&Line> = head.lines.iter().filter(|l| l.first() == "bind").collect();
    // `listen NAME ADDRESS:PORT` of old versions.
    if head.header.words.len() > 2 && head.header.word(2) != "from" {
        binds.push(&head.header);
    }
    let (listens, unheard) = bind(&mut fact, &binds);
    // Whoever asks for a name that no rule knows is served too.
    let takes_all =
        |l: &&Line| l.first() == "default_backend" || (l.first() == "use_backend" && conditions::condition_at(l, 2).is_none());
    if !fact.names.is_empty() && (head.kind == "listen" || lines.iter().any(takes_all)) {
        fact.attributes.other.insert("server-name-pattern".to_owned(), "*".to_owned());
    }
    let unresolved: Vec<(Location, String)> =
        binds.iter().filter_map(|l| l.unresolved().map(|(w, n)| (Location::new(l.source, w.span), n.to_owned()))).collect();
    let label = fact.names.first().map_or(fact.label.clone(), |n| n.value.clone());
    let index = out.principal(fact);
    listens.into_iter().for_each(|on| out.listens(index, on, &label));
    unheard.into_iter().for_each(|(text, at)| out.unheard(&text, at, Touch::Endpoint(index)));
    for (at, name) in unresolved {
        let message = format!("where this proxy listens depends on the environment variable `{name}`, which is not known");
        let help = format!("give `{name}` in `variables` of an `[[inputs.override]]`");
        out.gap("unresolved-variable", message, Some(help), at, Touch::Endpoint(index));
    }
    index
}

/// Takes in the addresses of `bind` lines; gives what they listen on, and the addresses that are not understood.
fn bind(fact: &mut EndpointFact, lines: &[&Line]) -> (Vec<Listen>, Vec<(String, Location)>) {
    let (mut listens, mut unheard) = (Vec::new(), Vec::new());
    let mut shown = Vec::new();
    for line in lines {
        let at = usize::from(matches!(line.first(), "listen" | "frontend")) + 1;
        let Some(word) = line.words.get(at) else { continue };
        for text in word.text.split(',').filter(|t| !t.is_empty()) {
            shown.push(text.to_owned());
            let location = Location::new(line.source, word.span);
            let ports = bind_ports(text);
            let target = target(text, None);
            let on = target.as_ref().map(|t| listens_on(t, &ports)).unwrap_or_default();
            match target {
                Ok(Target::Peer(Peer::Address { ip, port })) => {
                    let ports = if ports.is_empty() { vec![port] } else { ports.into_iter().map(Some).collect() };
                    fact.addresses.extend(ports.into_iter().map(|port| Address { ip, port, location }));
                }
                // Servers connect from their side.
                Ok(Target::Reverse) => {}
                // A variable is told of with its line.
                _ if on.is_empty() && line.unresolved().is_none() => unheard.push((text.to_owned(), location)),
                _ => {}
            }
            listens.extend(on);
        }
    }
    if !shown.is_empty() {
        fact.attributes.other.insert("bind".to_owned(), shown.join(", "));
    }
    (listens, unheard)
}

fn problems(out: &mut Output, config: &Config, backends: &BTreeMap<usize, usize>, fronts: &[(usize, usize)]) {
    for problem in &config.problems {
        let fact = problem
            .section
            .and_then(|s| backends.get(&s).or_else(|| fronts.iter().find(|(section, _)| *section == s).map(|(_, fact)| fact)));
        let touch = match (fact, problem.code) {
            (Some(fact), _) => Touch::Endpoint(*fact),
            (None, "file-cut-off") => Touch::Everything,
            (None, _) if problem.section.is_some() => Touch::Tree,
            (None, _) => Touch::Everything,
        };
        out.gap(problem.code, problem.message.clone(), problem.help.clone(), problem.location, touch);
    }
    for section in &config.sections {
        if let Some(line) = section.lines.iter().find(|l| l.maybe && can_route(l)) {
            let message =
                "whether this line counts depends on the process (its version or environment); it is taken as it stands"
                    .to_owned();
            let help = "give the variables of the condition in an `[[inputs.override]]`".to_owned();
            out.gap("unresolved-condition", message, Some(help), line.location(), Touch::Tree);
        }
    }
}

/// Keywords that nobody knows.
fn keywords(out: &mut Output, config: &Config, section: usize, fact: usize) {
    for line in config.lines_of(section) {
        let (name, argument) = match line.first() {
            "no" | "default" => (line.word(1), line.word(2)),
            name => (name, line.word(1)),
        };
        let (part, word) = if name == "option" { (OPTIONS, argument) } else { (PROXIES, name) };
        if known::effect(part, word).is_none() {
            unknown(out, line, Touch::Endpoint(fact));
        }
    }
}

fn unknown(out: &mut Output, line: &Line, touch: Touch) {
    let is_option = line.first() == "option" || (line.first() == "no" && line.word(1) == "option");
    let name = if is_option { line.rest(0) } else { line.first().to_owned() };
    // A word at the beginning of its line may open a section of a kind that is not known, and own what follows.
    let touch = if line.flush && !is_option { Touch::Everything } else { touch };
    if !out.seen_unknown.insert((touch, name.clone())) {
        return;
    }
    let help = match known::nearest(line.first()).filter(|_| !is_option && out.seen_unknown.len() <= 100) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "if it sends requests elsewhere, declare those routes in an inventory".to_owned(),
    };
    let message = format!("the keyword `{}` is not known, so it may send data somewhere", shorten(&name));
    out.gap("unknown-directive", message, Some(help), line.location(), touch);
}

/// The sections that are no proxies.
fn process(out: &mut Output, config: &Config) {
    for section in &config.sections {
        match section.kind {
            "global" => {
                for line in &section.lines {
                    match known::effect(GLOBAL, line.first()) {
                        Some(Effect::Refused) => {
                            let message =
                                format!("`{}` runs code that can open connections and is not followed", shorten(&line.rest(0)));
                            let help = "declare the routes that the code can take in an inventory".to_owned();
                            out.gap("embedded-code", message, Some(help), line.location(), Touch::Tree);
                        }
                        Some(Effect::Followed | Effect::Harmless) => {}
                        None => unknown(out, line, Touch::Tree),
                    }
                }
            }
            "resolvers" | "peers" | "ring" => {
                for line in &section.lines {
                    out.knows(&known::VOCABULARY, section.kind, line.first(), line.location(), Touch::Tree);
                }
            }
            "fcgi-app" => {
                for line in section.lines.iter().filter(|l| l.first() == "log-stderr" && l.word(1) != "global") {
                    let message =
                        "what the application writes to its error log is sent there, which is not followed".to_owned();
                    let help = "declare the log as a route in an inventory".to_owned();
                    out.gap("unfollowed-copy", message, Some(help), line.location(), Touch::Tree);
                }
            }
            "program" => {
                let message = format!(
                    "`program {}` starts another program beside the proxy, which is not followed",
                    shorten(&section.name)
                );
                out.gap("embedded-code", message, None, section.header.location(), Touch::Nothing);
            }
            // Proxies and log forwarders are read elsewhere; the others send nothing.
            _ => {}
        }
    }
}

/// By content: sections that only HAProxy has, with words that only it uses in them.
fn recognize(path: &str, text: &str) -> Recognized {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let other = [
        ".json", ".yaml", ".yml", ".tf", ".hcl", ".toml", ".xml", ".md", ".sh", ".py", ".lua", ".js", ".rs", ".go", ".html",
        ".csv", ".vcl", ".zone", ".txt",
    ];
    if other.iter().any(|end| name.ends_with(end)) {
        return Recognized::No;
    }
    let (mut sections, mut proxies, mut words) = (0_u32, 0_u32, 0_u32);
    for line in text.lines().take(20_000) {
        let code = line.split('#').next().unwrap_or("").trim_end();
        let mut parts = code.split_whitespace();
        let first = parts.next().unwrap_or("");
        // No line of it ends with a brace or a semicolon that opens or ends a statement.
        if (code.ends_with('{') && first != "use_backend" && !code.contains(" if "))
            || first == "}"
            || first.starts_with('[')
            || first.starts_with('<')
        {
            return Recognized::No;
        }
        let count = parts.clone().count();
        match first {
            "global" | "defaults" if count <= 3 => sections += 1,
            "frontend" | "listen" | "backend" if count >= 1 && !code.ends_with(';') => proxies += 1,
            "peers" | "resolvers" | "userlist" | "ring" | "log-forward" | "http-errors" | "mailers" | "cache" | "fcgi-app"
            | "crt-store"
                if count == 1 && code.starts_with(first) =>
            {
                sections += 1;
            }
            "default_backend" | "use_backend" | "default-server" | "server-template" | "http-request" | "tcp-request"
            | "use-server" | "stick-table" | "http-response" => words += 2,
            "bind" | "server" | "balance" | "mode" | "timeout" | "acl" | "option" | "stats" | "log" | "maxconn"
            | "nameserver" | "peer" | "chroot" | "daemon" | "user"
                if line.starts_with([' ', '\t']) =>
            {
                words += 1
            }
            _ => {}
        }
    }
    match (proxies, sections, words) {
        (1.., _, 1..) => Recognized::Yes,
        (_, 1.., 1..) if name.contains("haproxy") || path.contains("haproxy") || sections > 1 => Recognized::Yes,
        (_, 1.., 1..) if name.ends_with(".cfg") => Recognized::Maybe,
        _ => Recognized::No,
    }
}
