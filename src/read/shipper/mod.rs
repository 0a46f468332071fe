//! Log shippers: programs that take logs, metrics and traces in and send them on. One reader for each format; each turns its file
//! into the same thing, a list of input and output plugins with their settings, and [`emit`] makes facts of them.
//!
//! A shipper is one endpoint. What its filters let through depends on every single record, so all that comes in may go to each of
//! its outputs. Whose logs it collects is not in its file: what it sends to is a store, and a store of which nobody says what it
//! holds leaves rules open wherever it may not stand. An unknown plugin, a setting that another program fills in, and a target
//! that an account decides are gaps, and the store behind them has no known place.

mod beats;
mod fluent_bit;
mod fluentd;
mod logstash;
mod otel;
mod rsyslog;
mod sinks;
mod vector;

pub use beats::Beats;
pub use fluent_bit::FluentBit;
pub use fluentd::Fluentd;
pub use logstash::Logstash;
pub use otel::OtelCollector;
pub use rsyslog::Rsyslog;
pub use vector::Vector;

use super::paths;
use super::proxy::output::{Output, Touch};
use super::proxy::peer::{Peer, peer, scheme_port, split_url};
use super::proxy::shorten;
use super::{FileSettings, Input, Reading};
use crate::doc::{Document, Node};
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, RouteFact, RouteRole, Spill};
use crate::source::{InputError, Location, SourceId, Span, Spanned, glob};
use sinks::{Product, To};

/// One plugin of a shipper, with its settings.
#[derive(Debug)]
struct Part {
    /// In lower case, as the format's reference names it.
    plugin: String,
    at: Location,
    values: Vec<Value>,
    /// Outputs of one pool stand for each other: those of the lowest level carry, and the others when these fail. `None`: a pool
    /// of its own.
    pool: Option<String>,
    level: u32,
    /// A missing region is what the plugin's own default says; else it comes from the environment.
    has_defaults: bool,
    /// It has more values, or nests them deeper, than are read.
    cut: bool,
}

/// `a.b` for nested keys, in lower case; one for each element of a list.
#[derive(Debug)]
struct Value {
    key: String,
    text: String,
    at: Location,
}

/// What was read of one shipper.
#[derive(Debug, Default)]
struct Shipper {
    inputs: Vec<Part>,
    outputs: Vec<Part>,
    /// Lines that were not understood, with what stands there and why it matters.
    strange: Vec<(&'static str, String, Option<String>, Location)>,
    included: Vec<SourceId>,
    syntax: Vec<InputError>,
}

#[cfg(test)]
const PRODUCTS: [Product; 7] = [
    beats::PRODUCT,
    fluent_bit::PRODUCT,
    fluentd::PRODUCT,
    logstash::PRODUCT,
    otel::PRODUCT,
    rsyslog::PRODUCT,
    vector::PRODUCT,
];

/// Files that include each other; real ones are two deep.
const MAX_INCLUDES: usize = 16;

impl Shipper {
    /// Whether a file that another one includes is to be read now: each is, once.
    fn enters(&mut self, main: SourceId, file: SourceId, at: Location, depth: usize) -> bool {
        if file == main || self.included.contains(&file) {
            return false;
        }
        if depth == MAX_INCLUDES {
            let message = format!("files are included more than {MAX_INCLUDES} deep, and what stands below is not read");
            self.strange.push(("too-deep", message, None, at));
            return false;
        }
        self.included.push(file);
        true
    }
}

/// Values of one plugin that are looked at; no real one comes near.
const MAX_VALUES: usize = 20_000;

impl Part {
    fn new(plugin: &str, at: Location) -> Self {
        Self {
            plugin: plugin.trim().to_ascii_lowercase(),
            at,
            values: Vec::new(),
            pool: None,
            level: 0,
            has_defaults: true,
            cut: false,
        }
    }

    fn push(&mut self, key: &str, text: &str, at: Location) {
        if self.values.len() == MAX_VALUES {
            self.cut = true;
        } else {
            self.values.push(Value { key: key.to_ascii_lowercase(), text: text.trim().to_owned(), at });
        }
    }

    /// All scalars below a node.
    fn take(&mut self, prefix: &str, node: Node<'_>, source: SourceId, depth: usize) {
        if depth > 16 || self.cut {
            self.cut = true;
            return;
        }
        let name = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        for entry in node.entries() {
            self.take(&name(entry.name()), entry.value, source, depth + 1);
        }
        node.items().for_each(|item| self.take(prefix, item, source, depth + 1));
        if let Some(text) = node.text().filter(|_| !node.is_null()) {
            self.push(prefix, text, Location::new(source, node.used_at()));
        }
    }

    fn of<'p>(&'p self, keys: &'p [&str]) -> impl Iterator<Item = &'p Value> {
        self.values.iter().filter(move |v| keys.contains(&v.key.as_str()) && !v.text.is_empty())
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.values.iter().find(|v| v.key == key)
    }
}

/// The reading of a shipper that one file (with what it includes) describes.
fn emit(input: &Input<'_>, product: &'static Product, shipper: Shipper) -> Reading {
    let told = input.settings.of(input.path());
    let mut out = Output::new(shipper.inputs.len() + shipper.outputs.len());
    let mut own = shipper.outputs.iter().chain(&shipper.inputs).map(|p| p.at).filter(|at| at.source == input.file);
    let at = own.next().unwrap_or(Location::new(input.file, Span::new(0, 0)));
    let mut fact = EndpointFact::new("log-shipper", format!("{} ({})", product.name, input.path()), at);
    fact.roles = Roles::of(&[Role::Process]);
    fact.provider = told.provider.as_ref().map(|t| t.text.clone());
    fact.account = told.account.as_ref().map(|t| t.text.clone());
    fact.region = told.region.as_ref().map(|t| Spanned::new(t.text.clone(), at.span));
    let agent = out.principal(fact);
    let mut emitter = Emitter { out, agent, told, product };
    for part in &shipper.inputs {
        emitter.input(part);
    }
    for part in &shipper.outputs {
        emitter.output(part);
    }
    for part in shipper.inputs.iter().chain(&shipper.outputs).filter(|part| part.cut) {
        let message =
            format!("`{}` has more settings than are read; one that is left out may name a target", shorten(&part.plugin));
        emitter.unclear(&part.plugin, "too-large", message, None, part.at);
    }
    for (code, message, help, at) in shipper.strange {
        emitter.unclear("", code, message, help, at);
    }
    Reading { facts: emitter.out.facts, included: shipper.included, syntax: shipper.syntax, ..Reading::default() }
}

struct Emitter<'e> {
    out: Output,
    agent: usize,
    told: FileSettings,
    product: &'e Product,
}

/// Where a plugin leads, or what is in the way of telling.
enum Target {
    To(Reference),
    Gap { code: &'static str, message: String, help: Option<String>, at: Location },
}

impl Emitter<'_> {
    fn input(&mut self, part: &Part) {
        let Some(to) = self.product.input(&part.plugin) else {
            let message = format!(
                "the input `{}` of {} is not known here, so what it brings is not followed",
                shorten(&part.plugin),
                self.product.name
            );
            self.unclear(&part.plugin, "unknown-directive", message, None, part.at);
            return;
        };
        for target in self.targets(part, to) {
            match target {
                Target::To(reference) => {
                    let route = RouteFact::new(reference, Reference::Fact(self.agent), Activity::Log, part.at);
                    self.out.route(route);
                }
                Target::Gap { code, message, help, at } => self.unclear(&part.plugin, code, message, help, at),
            }
        }
    }

    fn output(&mut self, part: &Part) {
        let Some(to) = self.product.output(&part.plugin) else {
            let message = format!(
                "the output `{}` of {} is not known here, so where it sends is not told",
                shorten(&part.plugin),
                self.product.name
            );
            let help = "declare its target with an endpoint and a `log` route in an inventory, if data goes there".to_owned();
            self.unclear(&part.plugin, "unknown-directive", message, Some(help), part.at);
            return;
        };
        // Each output gets everything; the targets of one share it out.
        let pool = part.pool.clone().unwrap_or_else(|| self.out.pool(self.agent, &part.plugin));
        for target in self.targets(part, to) {
            match target {
                Target::To(reference) => {
                    let mut route = Output::plain(self.agent, reference, Activity::Log, part.at);
                    route.pool = Some(pool.clone());
                    if part.level > 0 {
                        route.role = RouteRole::Failover;
                        route.priority = Some(part.level);
                        route.spill = Spill::Load;
                        route.condition = Some("when the outputs before it fail or are too slow".to_owned());
                    }
                    self.out.route(route);
                }
                Target::Gap { code, message, help, at } => self.unclear(&part.plugin, code, message, help, at),
            }
        }
    }

    /// A gap, and behind it a store that could stand anywhere.
    fn unclear(&mut self, plugin: &str, code: &'static str, message: String, help: Option<String>, at: Location) {
        self.out.gap(code, message, help, at, Touch::Endpoint(self.agent));
        let label = match plugin {
            "" => format!("what {} sends to", self.product.name),
            plugin => format!("what `{}` of {} sends to", shorten(plugin), self.product.name),
        };
        let mut fact = EndpointFact::new("log-store", label, at);
        fact.elsewhere = true;
        fact.roles = Roles::of(&[Role::Store]);
        let store = self.out.facts.endpoint(fact);
        self.out.route(Output::plain(self.agent, store, Activity::Log, at));
    }

    fn targets(&mut self, part: &Part, to: To) -> Vec<Target> {
        // With the id of a deployment, hosts are what it stands for.
        let cloud = part.of(&["cloud_id", "cloudid"]).next().is_some();
        let to = if cloud { To::Untold("the id of the cloud deployment") } else { to };
        match to {
            To::Nowhere | To::Served => Vec::new(),
            To::File => {
                let path = part.of(&["path", "file"]).next().map_or("files", |v| v.text.as_str());
                let label = shorten(path);
                vec![Target::To(self.out.store("log-file", label, self.agent, part.at))]
            }
            To::Peers { keys, port, default } => self.peers(part, keys, port, default),
            To::Cloud { provider, kind, region, name, endpoint, default } => {
                if part.of(endpoint).next().is_some() {
                    return self.peers(part, endpoint, 443, None);
                }
                vec![self.cloud(part, (provider, kind), region, name, default)]
            }
            To::Service { host, keys, default, endpoint } => {
                if part.of(endpoint).next().is_some() {
                    return self.peers(part, endpoint, 443, None);
                }
                vec![self.service(part, host, keys, default)]
            }
            To::Untold(what) => {
                let message = format!("where `{}` sends to depends on {what}, which is not in this file", part.plugin);
                let help = "declare the endpoint with its region and a `log` route to it in an inventory".to_owned();
                vec![Target::Gap { code: "dynamic-target", message, help: Some(help), at: part.at }]
            }
        }
    }

    fn peers(&mut self, part: &Part, keys: &[&str], port: u16, default: Option<&str>) -> Vec<Target> {
        let usual = match part.of(&["port"]).next().map(|v| (self.filled(&v.text), v)) {
            None => (port != 0).then_some(port),
            Some((Err(gap), v)) => return vec![gap.at(v.at)],
            Some((Ok(text), v)) => match text.parse::<u16>() {
                Ok(port) => Some(port),
                Err(_) => {
                    let message = format!("`{}` is no port, so where `{}` leads is not known", shorten(&text), part.plugin);
                    return vec![Target::Gap { code: "unusable-target", message, help: None, at: v.at }];
                }
            },
        };
        let named: Vec<(String, Location)> = part
            .of(keys)
            .flat_map(|v| v.text.split([',', ' ']).map(|t| (t.trim_matches(['[', ']', '"', '\'', ' ']).to_owned(), v.at)))
            .filter(|(text, _)| !text.is_empty())
            .collect();
        let named = match (named.is_empty(), default) {
            (true, Some(default)) => vec![(default.to_owned(), part.at)],
            (true, None) => {
                let message = format!("`{}` does not say where it sends to", part.plugin);
                let help = format!("expected one of {}", keys.join(", "));
                return vec![Target::Gap { code: "unusable-target", message, help: Some(help), at: part.at }];
            }
            (false, _) => named,
        };
        named.into_iter().flat_map(|(text, at)| self.peer(&text, usual, at)).collect()
    }

    fn peer(&mut self, text: &str, port: Option<u16>, at: Location) -> Vec<Target> {
        let text = match self.filled(text) {
            Ok(text) => text,
            Err(gap) => return vec![gap.at(at)],
        };
        let (scheme, host) = split_url(&text);
        if let Some("file" | "unix") = scheme.as_deref() {
            return Vec::new();
        }
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let port = scheme.as_deref().and_then(scheme_port).or(port);
        match peer(host, port) {
            Ok(Peer::Unix(_)) => Vec::new(),
            Ok(found) => self.out.endpoints_at(&found, at).into_iter().map(|(reference, _)| Target::To(reference)).collect(),
            Err(why) => {
                let message = format!("the target `{}` {why}", shorten(&text));
                vec![Target::Gap { code: "unusable-target", message, help: None, at }]
            }
        }
    }

    fn cloud(
        &mut self,
        part: &Part,
        (provider, kind): (&str, &str),
        region: &[&str],
        name: &[&str],
        default: Option<&str>,
    ) -> Target {
        // Without a name it stands in the region that the client is told, or is a gap.
        let name = part.of(name).next().and_then(|v| self.filled(&v.text).ok());
        let region = match part.of(region).next().map(|v| (self.filled(&v.text), v.at)) {
            Some((Ok(region), at)) => Some(Spanned::new(region, at.span)),
            Some((Err(gap), at)) => return gap.at(at),
            None => default.filter(|_| part.has_defaults).map(|d| Spanned::new(d.to_owned(), part.at.span)),
        };
        let label = name.clone().unwrap_or_else(|| format!("{kind} of {}", part.plugin));
        let mut fact = EndpointFact::new(kind, label, part.at);
        fact.elsewhere = true;
        fact.roles = Roles::of(&[Role::Store]);
        fact.provider = Some(provider.to_owned());
        if kind == "bucket"
            && let Some(name) = &name
        {
            // A bucket's own declaration says where it stands, better than the client's setting.
            fact.cloud_ids = vec![match provider {
                _ if name.starts_with("arn:") => name.clone(),
                "aws" => format!("arn:aws:s3:::{name}"),
                _ => format!("gs://{name}"),
            }];
        }
        if region.is_none() && fact.cloud_ids.is_empty() {
            let message = format!("the region that `{}` sends to is not in this file", part.plugin);
            let help = format!("add `region` to it, or declare `{}` with its region in an inventory", fact.label);
            return Target::Gap { code: "unknown-region", message, help: Some(help), at: part.at };
        }
        fact.region = region;
        Target::To(self.out.facts.endpoint(fact))
    }

    fn service(&mut self, part: &Part, host: &str, keys: &[&str], default: Option<&str>) -> Target {
        let site = match part.of(keys).next().map(|v| (self.filled(&v.text), v.at)) {
            Some((Ok(site), _)) => Some(site),
            Some((Err(gap), at)) => return gap.at(at),
            None => default.filter(|_| part.has_defaults || default == Some("")).map(str::to_owned),
        };
        let Some(site) = site else {
            let message = format!("which site of its service `{}` sends to is not in this file", part.plugin);
            let help = format!("add {}", keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(" or "));
            return Target::Gap { code: "unknown-region", message, help: Some(help), at: part.at };
        };
        Target::To(Reference::Host { name: host.replace("{}", &site.to_ascii_lowercase()), port: Some(443) })
    }

    /// A text with what the project tells of its variables (`${NAME}`, `${env:NAME}`, `${NAME:-else}`, `${NAME:else}`).
    fn filled(&self, text: &str) -> Result<String, Unfilled> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, after) = rest.split_at(start);
            let Some((inner, more)) = after[2..].split_once('}') else { return Err(Unfilled(shorten(text))) };
            let inner = inner.strip_prefix("env:").or(inner.strip_prefix("ENV:")).unwrap_or(inner);
            let (name, default) = match inner.split_once(':') {
                Some((name, default)) => (name, Some(default.trim_start_matches(['-', '?']))),
                None => (inner, None),
            };
            let told = self.told.variables.get(name).map(|t| t.text.as_str());
            filled.push_str(before);
            filled.push_str(told.or(default).ok_or_else(|| Unfilled(name.to_owned()))?);
            rest = more;
        }
        filled.push_str(rest);
        // References to records, environments and templates that are not of this form.
        let open = ["$", "%{", "{{", "#{"].iter().any(|mark| filled.contains(mark));
        if open { Err(Unfilled(shorten(&filled))) } else { Ok(filled) }
    }
}

/// What has no value here.
struct Unfilled(String);

impl Unfilled {
    fn at(self, at: Location) -> Target {
        let message = format!("where this leads depends on `{}`, which has no value here", self.0);
        let help = "give it in `variables` of an `[[inputs.override]]`, or write the value".to_owned();
        Target::Gap { code: "unresolved-variable", message, help: Some(help), at }
    }
}

/// What stands in the way of reading a document; what could be read counts.
fn mistakes(document: &Document<'_>, source: SourceId) -> Vec<InputError> {
    document
        .problems()
        .iter()
        .take(1)
        .map(|p| InputError { location: Location::new(source, p.span), message: p.message.clone(), help: p.help.clone() })
        .collect()
}

/// The files of the project that an `include` of a file names, by path or mask; an empty list if there is none.
fn included(input: &Input<'_>, from: SourceId, pattern: &str) -> Vec<SourceId> {
    let folder = paths::folder(&input.sources.get(from).path);
    let Some(path) = paths::joined(folder, pattern.trim_matches(['"', '\''])) else { return Vec::new() };
    if !path.contains(['*', '?', '[']) {
        return input.sources.find(&path).into_iter().collect();
    }
    let Ok(matcher) = glob::compile(&path, true) else { return Vec::new() };
    input.sources.iter().filter(|(id, s)| *id != from && matcher.is_match(&s.path)).map(|(id, _)| id).collect()
}

/// The gap of an include that names no file of the project.
fn not_included(pattern: &str, at: Location) -> (&'static str, String, Option<String>, Location) {
    let message = format!(
        "`{}` is included and matches none of the files that were read, so what it adds is not known",
        shorten(pattern)
    );
    ("missing-include", message, Some("add the included files to the project, beside this one".to_owned()), at)
}

/// Whether a line that begins a table, a section or a key is in a text, outside of comments.
fn has_line(text: &str, begins: &[&str]) -> bool {
    text.lines().any(|line| begins.iter().any(|b| line.starts_with(b)))
}
