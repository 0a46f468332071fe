//! Resources to facts, by the tables: endpoints first, then what they are parts of, then the ways that data takes. What a row asks
//! for and the configuration does not tell becomes a gap of the endpoints that it could change. Equal reasons are one gap, so that
//! one missing variable does not print a line for each of a thousand resources.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use super::endpoint::{Stand, address, is_host, place};
use super::path::{self, Answer};
use super::table::{self, Condition, RouteRow, Row, Tag};
use super::{Is, Piece, Resource, Target, Value, Vocabulary, names};
use crate::model::route::DataLimit;
use crate::model::{
    Activity, ClientMatch, Country, Dependence, EndpointFact, Facts, GapScope, Reference, Role, Roles, RouteFact, RouteRole,
    TrailStep, Unread,
};
use crate::source::{Location, Spanned};

/// How references may chain; longer ones exist only in circles.
const MAX_HOPS: u8 = 12;

/// What became of the resources of one configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub resources: usize,
    /// Endpoints that say a region, a zone, a place or what they are a part of, or that need none.
    pub placed: usize,
    /// Endpoints whose place cannot be told from the configuration.
    pub unplaced: usize,
    /// Kinds that hold and carry no data, and pieces of other resources.
    pub ignored: usize,
    /// Kinds without a row, with how many there are.
    pub unknown: BTreeMap<String, usize>,
}

/// Adds what the resources say. Addresses are those of one configuration; call it once for each.
pub fn translate(resources: Vec<Resource>, facts: &mut Facts) -> Tally {
    let mut world = World::new(&resources, facts);
    world.endpoints();
    world.pieces();
    world.parts();
    for i in 0..resources.len() {
        world.routes(i);
    }
    world.strangers();
    world.finish()
}

/// What a resource is to us.
#[derive(Clone, Copy)]
enum Sort {
    Endpoint(&'static Row),
    /// A piece of another resource.
    Piece(&'static Row),
    Ignored(&'static Row),
    /// No table knows its kind.
    Stranger,
}

/// A resource, and the element of `each` that a path starts from.
#[derive(Clone, Copy)]
pub struct Frame<'v> {
    resource: usize,
    element: Option<&'v Value>,
}

impl Frame<'_> {
    pub fn of(resource: usize) -> Self {
        Self { resource, element: None }
    }
}

/// What a value leads to.
#[derive(Clone, Debug)]
enum End {
    Resource(usize),
    Other(Reference),
    /// It cannot be told; why, and what would help.
    Open(Why),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Why {
    why: String,
    help: Option<String>,
}

pub struct World<'a> {
    pub resources: &'a [Resource],
    sorts: Vec<Sort>,
    by_address: HashMap<&'a str, usize>,
    /// Without the index of an instance: `aws_instance.web` of `aws_instance.web[0]`.
    by_base: HashMap<&'a str, Vec<usize>>,
    by_key: HashMap<String, Vec<usize>>,
    /// The endpoint of each resource; data sources get theirs when something leads to them.
    nodes: Vec<Option<usize>>,
    copies: HashMap<(usize, String), Reference>,
    externals: HashMap<String, usize>,
    /// Stores by tag, made when first asked for.
    by_tag: Option<HashMap<(String, String), Vec<usize>>>,
    facts: &'a mut Facts,
    gaps: Gaps,
    tally: Tally,
}

impl<'a> World<'a> {
    fn new(resources: &'a [Resource], facts: &'a mut Facts) -> Self {
        let mut by_address = HashMap::with_capacity(resources.len());
        let mut by_base: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut sorts = Vec::with_capacity(resources.len());
        for (i, resource) in resources.iter().enumerate() {
            by_address.entry(&*resource.address).or_insert(i);
            if let Some(base) = base(&resource.address) {
                by_base.entry(base).or_default().push(i);
            }
            sorts.push(match table::find(resource.vocabulary, &resource.kind) {
                Some(row) if row.ignore.is_some() => Sort::Ignored(row),
                Some(row) if !row.extends.is_empty() => Sort::Piece(row),
                Some(row) => Sort::Endpoint(row),
                None => Sort::Stranger,
            });
        }
        let mut world = Self {
            resources,
            sorts,
            by_address,
            by_base,
            by_key: HashMap::new(),
            nodes: vec![None; resources.len()],
            copies: HashMap::new(),
            externals: HashMap::new(),
            by_tag: None,
            facts,
            gaps: Gaps::default(),
            tally: Tally { resources: resources.len(), ..Tally::default() },
        };
        world.index();
        world
    }

    /// By what resources are called, so that a literal ARN or name finds them.
    fn index(&mut self) {
        for i in 0..self.resources.len() {
            let own = self.resources[i].ids.iter().filter_map(|id| names::key(id));
            let row = self.row(i);
            let terms = row.into_iter().flat_map(|r| &r.ids).flat_map(|t| self.fill(t, Frame::of(i)));
            let by_row = terms.filter_map(|v| names::key(&self.settle(&v, 0).pattern()?));
            let given = names::own(&self.resources[i].attributes);
            let mut keys: Vec<String> = own.chain(by_row).chain(given.iter().filter_map(|id| names::key(id))).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                self.by_key.entry(key).or_default().push(i);
            }
        }
    }

    pub fn row(&self, i: usize) -> Option<&'static Row> {
        match self.sorts[i] {
            Sort::Endpoint(row) | Sort::Piece(row) | Sort::Ignored(row) => Some(row),
            Sort::Stranger => None,
        }
    }

    pub fn provider(&self, i: usize) -> Option<&str> {
        let own = self.row(i).and_then(|r| r.provider.as_deref()).filter(|p| !p.is_empty());
        own.or_else(|| by_kind(self.resources[i].vocabulary, &self.resources[i].kind))
    }

    // ---- values ----

    /// What a path of a table gives, from an element of `each` or from the resource.
    pub fn values(&self, path: &str, frame: Frame<'_>) -> Vec<Value> {
        let resource = &self.resources[frame.resource];
        if let Some(literal) = path.strip_prefix('\'').and_then(|p| p.strip_suffix('\'')) {
            return vec![Value::text(literal, resource.location)];
        }
        if let Some((first, rest)) = path.split_once('>') {
            let named = self.values(first, frame).into_iter().map(|v| self.settled_name(&v));
            return named.flat_map(|v| self.beyond(v, rest)).collect();
        }
        let (root, path) = match (path.strip_prefix("^."), frame.element) {
            (Some(path), _) => (&resource.attributes, path),
            (None, Some(element)) => (element, path),
            (None, None) => (&resource.attributes, path),
        };
        // `list[field=path].rest`
        if let Some((list, condition, rest)) = join(path) {
            let (field, wanted) = condition;
            let wanted: Vec<Value> = self.values(wanted, frame).iter().map(|v| self.settle(v, 0)).collect();
            let wanted: Vec<String> = wanted.iter().filter_map(|v| Some(v.pattern()?.into_owned())).collect();
            let fits = |v: &Value| {
                path::get(v, field).iter().any(|f| self.settle(f, 0).pattern().is_some_and(|p| wanted.iter().any(|w| *w == *p)))
            };
            return path::get(root, list).iter().filter(|v| fits(v)).flat_map(|v| path::get(v, rest)).collect();
        }
        path::get(root, path)
    }

    /// A text that names a resource of this configuration as a reference to it.
    fn settled_name(&self, value: &Value) -> Value {
        let known = value.as_text().and_then(|t| self.by_key.get(&names::key(&t)?)).and_then(|known| known.first());
        match known {
            Some(i) => {
                let target = Target { address: Arc::clone(&self.resources[*i].address), attribute: "".into() };
                Value { is: Is::Reference(Arc::new(target)), at: value.at, trail: value.trail.clone() }
            }
            None => value.clone(),
        }
    }

    /// An attribute of the resource that a value names; what cannot be followed stays as it is.
    fn beyond(&self, value: Value, path: &str) -> Vec<Value> {
        let Is::Reference(target) = &value.is else { return vec![value] };
        let found: Vec<Value> =
            self.named(&target.address).into_iter().flat_map(|i| path::get(&self.resources[i].attributes, path)).collect();
        if found.is_empty() { vec![value] } else { found }
    }

    /// What a term gives: known text, partly known text, a reference, or the unknown that stands in its way.
    pub fn fill(&self, term: &str, frame: Frame<'_>) -> Vec<Value> {
        if term == "^" {
            let resource = &self.resources[frame.resource];
            let target = Target { address: Arc::clone(&resource.address), attribute: "".into() };
            return vec![Value::new(Is::Reference(Arc::new(target)), resource.location)];
        }
        if term == "{region}" {
            return self.stand(frame.resource).region.into_iter().collect();
        }
        if !term.contains('{') {
            return self.values(term, frame);
        }
        let pieces = term_pieces(term);
        let paths: Vec<&str> =
            pieces.iter().filter(|(_, braced)| *braced).map(|(p, _)| *p).filter(|p| !is_special(p)).collect();
        let lead = match paths.first() {
            Some(path) => self.values(path, frame),
            None => vec![Value::text("", self.resources[frame.resource].location)],
        };
        let mut rest: HashMap<&str, Value> = HashMap::new();
        for path in paths.iter().skip(1) {
            let Some(value) = self.values(path, frame).into_iter().next() else { return Vec::new() };
            let value = self.settle(&value, 0);
            if value.as_text().is_none() {
                return vec![value];
            }
            rest.insert(path, value);
        }
        lead.into_iter().filter_map(|value| self.fill_one(&pieces, paths.first().copied(), value, &rest, frame)).collect()
    }

    fn fill_one(
        &self,
        pieces: &[(&str, bool)],
        lead: Option<&str>,
        value: Value,
        rest: &HashMap<&str, Value>,
        frame: Frame<'_>,
    ) -> Option<Value> {
        let alone = rest.is_empty();
        if alone && matches!(value.is, Is::Reference(_)) {
            return Some(value);
        }
        let value = self.settle(&value, 0);
        let pattern = match value.pattern() {
            Some(text) if lead.is_some() && text.is_empty() => return None,
            Some(text) => text,
            None => return path::is_open(&value).then_some(value),
        };
        if alone && (names::is_name(&pattern) || pattern.contains("://") || pattern.starts_with('\u{0}')) {
            return Some(value.clone());
        }
        let mut filled: Vec<Piece> = Vec::new();
        for (text, braced) in pieces {
            if !braced {
                filled.push(Piece::Text((*text).into()));
            } else if Some(*text) == lead {
                match &value.is {
                    Is::Partial(own) => filled.extend(own.iter().cloned()),
                    _ => filled.push(Piece::Text(pattern.as_ref().into())),
                }
            } else if let Some(other) = rest.get(text) {
                filled.push(Piece::Text(other.as_text()?.into()));
            } else {
                filled.push(self.special(text, frame));
            }
        }
        let is = match filled.iter().map(|p| if let Piece::Text(t) = p { Some(&**t) } else { None }).collect::<Option<String>>()
        {
            Some(text) => Is::Text(text.into()),
            None => Is::Partial(filled.into()),
        };
        Some(Value { is, at: value.at, trail: value.trail.clone() })
    }

    /// `{region}`, `{account}`, `{partition}`.
    fn special(&self, word: &str, frame: Frame<'_>) -> Piece {
        let i = frame.resource;
        let region = || {
            self.stand(i).region.unwrap_or_else(|| Value::unknown("nothing says its region", None, self.resources[i].location))
        };
        match word {
            "account" => match self.account(i) {
                Some(account) => Piece::Text(account.into()),
                None => Piece::Hole(Value::unknown("its account is not known", None, self.resources[i].location)),
            },
            "partition" => Piece::Text(partition(region().as_text().as_deref().unwrap_or("")).into()),
            _ => {
                let region = region();
                match region.as_text() {
                    Some(text) => Piece::Text(text.into()),
                    None => Piece::Hole(region),
                }
            }
        }
    }

    /// References to attributes that are known replaced by what they are.
    pub fn settle(&self, value: &Value, hops: u8) -> Value {
        if hops > MAX_HOPS {
            return value.clone();
        }
        match &value.is {
            Is::Reference(target) => {
                let Some(found) = self.attribute(target, hops) else { return value.clone() };
                let trail = if found.at == value.at {
                    found.trail
                } else {
                    found.trail.through(found.at, format!("`{}.{}` is set here", target.address, target.attribute))
                };
                Value { is: found.is, at: value.at, trail }
            }
            Is::Partial(pieces) => {
                let pieces: Vec<Piece> = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(_) => piece.clone(),
                        Piece::Hole(hole) => {
                            let hole = self.settle(hole, hops + 1);
                            hole.as_text().map(|t| Piece::Text(t.into())).unwrap_or(Piece::Hole(hole))
                        }
                    })
                    .collect();
                let text: Option<String> =
                    pieces.iter().map(|p| if let Piece::Text(t) = p { Some(&**t) } else { None }).collect();
                let is = text.map_or_else(|| Is::Partial(pieces.into()), |t| Is::Text(t.into()));
                Value { is, at: value.at, trail: value.trail.clone() }
            }
            _ => value.clone(),
        }
    }

    /// A known attribute of a resource that a reference names.
    fn attribute(&self, target: &Target, hops: u8) -> Option<Value> {
        let [i] = self.named(&target.address)[..] else { return None };
        if let [value] = &path::get(&self.resources[i].attributes, &target.attribute)[..] {
            let value = self.settle(value, hops + 1);
            if value.as_text().is_some() {
                return Some(value);
            }
        }
        if !matches!(&*target.attribute, "region" | "location" | "Region") || hops > 2 {
            return None;
        }
        self.stand(i).region.filter(|r| r.as_text().is_some())
    }

    /// The resources that an address means: one, or all instances of a counted one.
    fn named(&self, address: &str) -> Vec<usize> {
        match self.by_address.get(address) {
            Some(i) => vec![*i],
            None => self.by_base.get(address).cloned().unwrap_or_default(),
        }
    }

    // ---- what values lead to ----

    fn ends(&mut self, value: &Value, hops: u8) -> Vec<End> {
        if hops > MAX_HOPS {
            return vec![open(value)];
        }
        match &value.is {
            Is::Null | Is::Bool(_) | Is::Map(_) => Vec::new(),
            Is::List(list) => list.iter().flat_map(|v| self.ends(v, hops + 1)).collect(),
            Is::Number(n) => vec![End::Other(Reference::Id(super::value::number(*n)))],
            Is::Text(text) => self.by_text(text, value),
            Is::Reference(target) => self.by_reference(target, value, hops),
            Is::Partial(pieces) => {
                let settled = self.settle(value, 0);
                if settled.as_text().is_some() {
                    return self.ends(&settled, hops + 1);
                }
                self.by_pattern(pieces, &settled, hops)
            }
            Is::Unknown(_) => vec![open(value)],
        }
    }

    fn by_reference(&mut self, target: &Target, value: &Value, hops: u8) -> Vec<End> {
        let named = self.named(&target.address);
        if named.is_empty() {
            return vec![End::Open(Why {
                why: format!("`{}` is not among the resources that were read", target.address),
                help: Some("add the files that declare it to the project".into()),
            })];
        }
        let mut found = Vec::new();
        for i in named {
            let attribute = path::get(&self.resources[i].attributes, &target.attribute).into_iter().next();
            // An attribute that names something else means that: the key of a bucket, not the bucket.
            let own = matches!(&*target.attribute, "" | "arn" | "id" | "self_link" | "Arn" | "Ref" | "name");
            let leads_on = attribute.filter(|a| match &a.is {
                Is::Reference(_) => true,
                Is::Text(text) => !own && names::is_name(text),
                _ => false,
            });
            match (leads_on, self.sorts[i]) {
                (Some(other), _) => found.extend(self.ends(&other, hops + 1)),
                (None, Sort::Endpoint(_) | Sort::Stranger) => found.push(End::Resource(i)),
                (None, Sort::Piece(row)) => found.extend(self.through(i, &row.extends, value, hops)),
                (None, Sort::Ignored(row)) => found.extend(self.through(i, &row.passes, value, hops)),
            }
        }
        found
    }

    /// What a resource that is no endpoint stands for.
    fn through(&mut self, i: usize, terms: &[String], value: &Value, hops: u8) -> Vec<End> {
        let values: Vec<Value> = terms.iter().flat_map(|t| self.fill(t, Frame::of(i))).collect();
        let ends: Vec<End> = values.iter().flat_map(|v| self.ends(v, hops + 1)).collect();
        if ends.is_empty() { vec![open(value)] } else { ends }
    }

    fn by_text(&mut self, text: &str, value: &Value) -> Vec<End> {
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        if let Some(known) = names::key(text).and_then(|k| self.by_key.get(&k)) {
            let known = known.clone();
            return known.into_iter().flat_map(|i| self.means(i, value)).collect();
        }
        if let Some(inner) = names::inside(text) {
            return inner.into_iter().flat_map(|t| self.by_text(&t, value)).collect();
        }
        if names::is_name(text) {
            return vec![End::Other(self.external(text, value))];
        }
        // `10 mail.example.com` of a mail or service record.
        let text = match text.rsplit_once(' ') {
            Some((numbers, host)) if numbers.split(' ').all(|n| n.parse::<u16>().is_ok()) => host,
            _ => text,
        };
        if let Some(ip) = address(text) {
            return vec![End::Other(Reference::Address { ip, port: None })];
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return vec![End::Other(Reference::Address { ip: socket.ip(), port: Some(socket.port()) })];
        }
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (host, None),
        };
        let name = host.trim_end_matches('.').to_lowercase();
        if let Some(bucket) = names::bucket_of_host(&name) {
            let arn = format!("arn:{}:s3:::{bucket}", if name.ends_with(".cn") { "aws-cn" } else { "aws" });
            if self.by_key.contains_key(&arn) || !names::host_says_region(&name) {
                return self.by_text(&arn, value);
            }
        }
        let is_url = rest.len() < text.len();
        if is_host(&name) && (is_url || !text.contains('/')) {
            return vec![End::Other(Reference::Host { name, port })];
        }
        if is_url && let Some(ip) = address(host) {
            return vec![End::Other(Reference::Address { ip, port })];
        }
        vec![End::Other(Reference::Id(text.to_owned()))]
    }

    /// A resource itself, or what it stands for.
    fn means(&mut self, i: usize, value: &Value) -> Vec<End> {
        match self.sorts[i] {
            Sort::Endpoint(_) | Sort::Stranger => vec![End::Resource(i)],
            Sort::Piece(row) => self.through(i, &row.extends, value, 1),
            Sort::Ignored(row) => self.through(i, &row.passes, value, 1),
        }
    }

    /// Partly known text: a resource that stands in it, else what the known pieces prove.
    fn by_pattern(&mut self, pieces: &[Piece], value: &Value, hops: u8) -> Vec<End> {
        for piece in pieces.iter().rev() {
            let Piece::Hole(hole) = piece else { continue };
            let Is::Reference(target) = &hole.is else { continue };
            let names_it = !matches!(&*target.attribute, "account_id" | "owner_id" | "region" | "partition" | "hosted_zone_id");
            let ends: Vec<End> = if names_it { self.ends(hole, hops + 1) } else { Vec::new() };
            let ends: Vec<End> = ends.into_iter().filter(|e| matches!(e, End::Resource(_))).collect();
            if !ends.is_empty() {
                return ends;
            }
        }
        let Some(pattern) = value.pattern() else { return vec![open(value)] };
        if let Some(known) = names::key(&pattern).and_then(|k| self.by_key.get(&k)) {
            return known.clone().into_iter().map(End::Resource).collect();
        }
        match names::read(&pattern) {
            Some(name) if name.region.is_some() || name.zone.is_some() => vec![End::Other(self.external(&pattern, value))],
            _ => vec![open(value)],
        }
    }

    /// Something that this configuration names and does not declare: its name proves what it can.
    fn external(&mut self, text: &str, value: &Value) -> Reference {
        let key = names::key(text).unwrap_or_else(|| text.to_owned());
        if let Some(fact) = self.externals.get(&key) {
            return Reference::Fact(*fact);
        }
        let name = names::read(text).unwrap_or_default();
        let mut fact = EndpointFact::new(names::kind(&name.service), text.replace('\u{0}', "*"), value.at);
        fact.labelled = true;
        fact.provider = Some(name.provider.to_owned()).filter(|p| !p.is_empty());
        let spanned = |text: String| Spanned::new(text, value.at.span);
        fact.region = name.region.map(spanned);
        fact.zone = name.zone.map(spanned);
        fact.account = name.account;
        fact.trail = value.trail.clone();
        if !text.contains('\u{0}') {
            let whole = if name.service == "s3" { key.clone() } else { text.trim_end_matches(":*").to_owned() };
            fact.cloud_ids = Some(whole).filter(|id| names::is_global(id)).into_iter().collect();
        }
        let reference = self.facts.endpoint(fact);
        if let Reference::Fact(at) = reference {
            self.externals.insert(key, at);
        }
        reference
    }

    fn reference(&mut self, end: &End) -> Option<Reference> {
        match end {
            End::Resource(i) => Some(Reference::Fact(self.node(*i))),
            End::Other(reference) => Some(reference.clone()),
            End::Open(_) => None,
        }
    }

    /// The fact of a resource, made if it has none yet.
    fn node(&mut self, i: usize) -> usize {
        if let Some(node) = self.nodes[i] {
            return node;
        }
        let stand = self.stand(i);
        let fact = self.fact(i, &stand);
        self.facts.endpoints.push(fact);
        let node = self.facts.endpoints.len() - 1;
        self.nodes[i] = Some(node);
        self.ask_place(i, node, &stand);
        node
    }

    /// A gap if nothing tells where a thing stands that stands somewhere.
    fn ask_place(&mut self, i: usize, node: usize, stand: &Stand) {
        let resource = &self.resources[i];
        let reference = Reference::Fact(node);
        let subject = &*resource.address;
        if let Some(uncertain) = &resource.uncertain {
            let why = why(uncertain);
            self.gaps.gap("uncertain-resource", subject, "may or may not exist", why, uncertain.at, vec![reference]);
            return;
        }
        let fact = &self.facts.endpoints[node];
        let logical = fact.standing != crate::model::Standing::Physical;
        let says = fact.region.is_some() || fact.zone.is_some() || !fact.addresses.is_empty() || !fact.names.is_empty();
        let part = self.row(i).is_some_and(|r| !r.part_of.is_empty());
        if logical || says || part {
            return;
        }
        let (why, at) = match stand.zone.as_ref().or(stand.region.as_ref()) {
            Some(value) => (why(value), value.at),
            None => (Why { why: "nothing says its region".into(), help: None }, resource.location),
        };
        self.gaps.gap("unknown-region", subject, "stands somewhere that cannot be told", why, at, vec![reference]);
    }

    // ---- stages ----

    fn endpoints(&mut self) {
        for i in 0..self.resources.len() {
            match self.sorts[i] {
                Sort::Endpoint(_) | Sort::Stranger if !is_data(&self.resources[i]) => {
                    self.node(i);
                }
                _ => self.tally.ignored += 1,
            }
        }
    }

    /// What pieces say of the resources that they are pieces of.
    fn pieces(&mut self) {
        for i in 0..self.resources.len() {
            let Sort::Piece(row) = self.sorts[i] else { continue };
            if self.resources[i].uncertain.is_some() {
                continue;
            }
            for end in self.extended(i, row) {
                if let End::Resource(of) = end
                    && let Some(node) = self.nodes[of]
                {
                    let mut fact = std::mem::replace(
                        &mut self.facts.endpoints[node],
                        EndpointFact::new("", "", self.resources[i].location),
                    );
                    self.tell(row, Frame::of(i), &mut fact);
                    self.facts.endpoints[node] = fact;
                }
            }
        }
    }

    fn extended(&mut self, i: usize, row: &Row) -> Vec<End> {
        let values: Vec<Value> = row.extends.iter().flat_map(|t| self.fill(t, Frame::of(i))).collect();
        values.iter().flat_map(|v| self.ends(v, 0)).collect()
    }

    /// What resources are parts of, and the networks that their private addresses belong to.
    fn parts(&mut self) {
        let mut scopes: HashMap<usize, String> = HashMap::new();
        for i in 0..self.resources.len() {
            let (Sort::Endpoint(row), Some(node)) = (self.sorts[i], self.nodes[i]) else { continue };
            // A network that is in no other is its own scope.
            if row.scope.is_empty() && !row.networks.is_empty() {
                scopes.insert(node, self.resources[i].address.to_string());
            }
            for value in row.scope.iter().flat_map(|p| self.values(p, Frame::of(i))).collect::<Vec<_>>() {
                let scope = match &self.ends(&value, 0)[..] {
                    [End::Resource(of), ..] => Some(self.resources[*of].address.to_string()),
                    [End::Other(Reference::Id(id)), ..] => Some(id.clone()),
                    _ => None,
                };
                if let Some(scope) = scope {
                    scopes.entry(node).or_insert(scope);
                }
            }
        }
        for i in 0..self.resources.len() {
            let (Sort::Endpoint(row), Some(node)) = (self.sorts[i], self.nodes[i]) else { continue };
            if self.resources[i].uncertain.is_some() || self.stand(i).own_zone {
                continue;
            }
            let has_region = self.facts.endpoints[node].region.is_some();
            let values: Vec<Value> = row.part_of.iter().flat_map(|p| self.fill(p, Frame::of(i))).collect();
            let mut parts = Vec::new();
            let mut missing = None;
            for end in values.iter().flat_map(|v| self.ends(v, 0)).collect::<Vec<_>>() {
                match end {
                    End::Resource(of) if of != i => parts.push(Reference::Fact(self.node(of))),
                    // Its region is a better answer than something that nobody declares.
                    End::Other(reference) if !has_region => parts.push(reference),
                    End::Open(why) => missing = missing.or(Some(why)),
                    _ => {}
                }
            }
            let unplaced = parts.is_empty() && !has_region && !row.part_of.is_empty();
            let says = |f: &EndpointFact| f.zone.is_some() || !f.addresses.is_empty() || !f.names.is_empty();
            if unplaced && !says(&self.facts.endpoints[node]) {
                let why = missing.unwrap_or_else(|| Why { why: "nothing says its region".into(), help: None });
                let subject = &*self.resources[i].address;
                let at = values.first().map_or(self.resources[i].location, |v| v.at);
                self.gaps.gap(
                    "unknown-region",
                    subject,
                    "stands somewhere that cannot be told",
                    why,
                    at,
                    vec![Reference::Fact(node)],
                );
            }
            let inherited =
                parts.iter().find_map(|p| if let Reference::Fact(host) = p { scopes.get(host).cloned() } else { None });
            if let Some(scope) = inherited {
                scopes.entry(node).or_insert(scope);
            }
            self.facts.endpoints[node].part_of = parts;
        }
        for (node, scope) in scopes {
            self.facts.endpoints[node].scope = Some(scope);
        }
    }

    fn routes(&mut self, i: usize) {
        let Some(row) = self.row(i) else { return };
        // A data source says what it finds, not what it sets up.
        if is_data(&self.resources[i]) {
            return;
        }
        let own = match self.sorts[i] {
            Sort::Endpoint(_) => vec![End::Resource(i)],
            Sort::Piece(row) => {
                let ends = self.extended(i, row);
                self.unfollowed_piece(i, &ends);
                ends
            }
            Sort::Ignored(_) | Sort::Stranger => Vec::new(),
        };
        self.keys(i, row, &own);
        for route in &row.routes {
            let Some(each) = &route.each else {
                self.one_route(i, route, Frame::of(i), &own, (0, 0));
                continue;
            };
            for element in path::elements(&self.resources[i].attributes, each) {
                let frame = Frame { resource: i, element: Some(&element.value) };
                if path::is_open(&element.value) && route.to != ["@"] {
                    self.unclear(i, &own, route, why(&element.value), element.value.at);
                    continue;
                }
                self.one_route(i, route, frame, &own, (element.at, element.list));
            }
        }
    }

    /// A piece of something that nobody declares changes something unknown.
    fn unfollowed_piece(&mut self, i: usize, ends: &[End]) {
        let Some(End::Open(why)) = ends.iter().find(|e| matches!(e, End::Open(_))) else { return };
        let (subject, location) = (&*self.resources[i].address, self.resources[i].location);
        let scope = self.mentioned(i);
        self.gaps.gap("unknown-target", subject, "is a piece of a resource that cannot be told", why.clone(), location, scope);
    }

    /// The endpoints that a resource names anywhere.
    fn mentioned(&mut self, i: usize) -> Vec<Reference> {
        let resources = self.resources;
        let mut scope: Vec<usize> = resources[i]
            .attributes
            .targets()
            .into_iter()
            .flat_map(|address| self.named(address))
            .filter_map(|of| self.nodes[of])
            .collect();
        scope.extend(self.nodes[i]);
        scope.sort_unstable();
        scope.dedup();
        scope.into_iter().map(Reference::Fact).collect()
    }

    fn keys(&mut self, i: usize, row: &Row, own: &[End]) {
        let values: Vec<Value> = row.key.iter().flat_map(|t| self.fill(t, Frame::of(i))).collect();
        for value in values {
            for end in self.ends(&value, 0) {
                if let Some(key) = self.reference(&end) {
                    self.key_route(own, key, &value);
                }
            }
        }
    }

    fn key_route(&mut self, of: &[End], key: Reference, value: &Value) {
        for end in of.to_vec() {
            let Some(from) = self.reference(&end).filter(|f| *f != key) else { continue };
            let mut route = RouteFact::new(from, key.clone(), Activity::Keys, value.at);
            route.purpose = Dependence::Keys;
            route.trail = value.trail.clone();
            self.facts.routes.push(route);
        }
    }

    fn one_route(&mut self, i: usize, route: &'static RouteRow, frame: Frame<'_>, own: &[End], n: (usize, usize)) {
        let location = self.resources[i].location;
        for condition in &route.when {
            match self.holds(condition, frame) {
                Answer::Yes => {}
                Answer::No => return,
                Answer::Unclear(values) => {
                    let (reason, at) = values.first().map_or_else(
                        || (Why { why: format!("`{}` is not known", condition.path), help: None }, location),
                        |v| (why(v), v.at),
                    );
                    return self.unclear(i, own, route, reason, at);
                }
            }
        }
        let from: Vec<End> = if let Some(tag) = &route.from_tag {
            self.tagged(i, tag, frame)
        } else if route.from.is_empty() {
            own.to_vec()
        } else {
            let values: Vec<Value> = route.from.iter().flat_map(|t| self.fill(t, frame)).collect();
            values.iter().flat_map(|v| self.ends(v, 0)).collect()
        };
        if let Some(End::Open(why)) = from.iter().find(|e| matches!(e, End::Open(_))).cloned()
            && !route.from.is_empty()
        {
            self.unclear(i, own, route, why, location);
        }
        if let Some(uncertain) = self.resources[i].uncertain.clone() {
            let mut touched = from;
            let values: Vec<Value> = route.to.iter().flat_map(|t| self.fill(t, frame)).collect();
            touched.extend(values.iter().flat_map(|v| self.ends(v, 0)));
            return self.unclear(i, &touched, route, why(&uncertain), uncertain.at);
        }
        if let Some(words) = &route.to_unknown {
            let why = Why { why: words.clone(), help: None };
            let scope: Vec<Reference> = from.iter().filter_map(|e| self.reference(e)).collect();
            let subject = self.subject(i, &from);
            self.gaps.gap("destination-not-stated", &subject, verb(route), why, location, scope);
        }
        let mut targets: Vec<(Reference, Value)> = Vec::new();
        for value in route.to.iter().flat_map(|t| self.fill(t, frame)).collect::<Vec<_>>() {
            for end in self.ends(&value, 0) {
                match self.reference(&end) {
                    Some(to) => targets.push((to, value.clone())),
                    None => {
                        if let End::Open(why) = end {
                            self.unclear(i, &from, route, why, value.at);
                        }
                    }
                }
            }
        }
        let keys: Vec<Value> = route.to_key.iter().flat_map(|t| self.fill(t, frame)).collect();
        for end in &from {
            let Some(source) = self.reference(end) else { continue };
            let regions: Vec<Value> = self.copy_regions(i, route, frame, end);
            let mut ends = targets.clone();
            for region in regions {
                let region = self.settle(&region, 0);
                match region.as_text() {
                    None => self.unclear(i, std::slice::from_ref(end), route, why(&region), region.at),
                    Some(text) => {
                        let Some(copy) = self.copy(&source, &text, &region, &route.activity) else { continue };
                        for key in &keys {
                            for end in self.ends(key, 0) {
                                if let (Some(holder), Reference::Fact(_)) = (self.reference(&end), &copy) {
                                    let mut keyed = RouteFact::new(copy.clone(), holder, Activity::Keys, key.at);
                                    keyed.purpose = Dependence::Keys;
                                    self.facts.routes.push(keyed);
                                }
                            }
                        }
                        ends.push((copy, region.clone()));
                    }
                }
            }
            for (to, value) in ends {
                if to != source {
                    self.push_route(i, route, frame, source.clone(), to, &value, n);
                }
            }
        }
    }

    /// The stores that carry a tag, in the region of the resource that asks.
    fn tagged(&mut self, i: usize, tag: &Tag, frame: Frame<'_>) -> Vec<End> {
        let first = |path: &str| self.values(path, frame).first().map(|v| self.settle(v, 0));
        let (Some(key), Some(value)) = (first(&tag.key), first(&tag.value)) else { return Vec::new() };
        let (Some(key_text), Some(value_text)) = (key.as_text(), value.as_text()) else {
            let unknown = if key.as_text().is_none() { &key } else { &value };
            return vec![open(unknown)];
        };
        if self.by_tag.is_none() {
            let mut by_tag: HashMap<(String, String), Vec<usize>> = HashMap::new();
            for (of, node) in self.nodes.iter().enumerate() {
                let Some(fact) = node.map(|n| &self.facts.endpoints[n]) else { continue };
                for (key, value) in fact.tags.iter().filter(|_| fact.roles.contains(Role::Store)) {
                    by_tag.entry((key.clone(), value.clone())).or_default().push(of);
                }
            }
            self.by_tag = Some(by_tag);
        }
        let region = |of: usize| self.nodes[of].and_then(|n| self.facts.endpoints[n].region.as_ref().map(|r| r.value.clone()));
        let here = region(i).or_else(|| self.stand(i).region.and_then(|r| Some(r.as_text()?.into_owned())));
        let pair = (key_text.into_owned(), value_text.into_owned());
        let all = self.by_tag.as_ref().and_then(|t| t.get(&pair)).into_iter().flatten();
        let near = |of: &usize| here.is_none() || region(*of).is_none() || region(*of) == here;
        all.copied().filter(near).map(End::Resource).collect()
    }

    fn holds(&self, condition: &Condition, frame: Frame<'_>) -> Answer {
        let values: Vec<Value> = self.values(&condition.path, frame).iter().map(|v| self.settle(v, 0)).collect();
        let others = condition.not_in.iter().flat_map(|p| self.values(p, frame));
        let others: Vec<Value> = others.map(|v| self.settle(&v, 0)).collect();
        path::holds(condition, &values, &others)
    }

    /// The regions in which copies stand.
    fn copy_regions(&mut self, i: usize, route: &RouteRow, frame: Frame<'_>, from: &End) -> Vec<Value> {
        let mut regions: Vec<Value> = route.to_region.iter().flat_map(|p| self.fill(p, frame)).collect();
        if route.to_pair {
            let of = if let End::Resource(of) = from { *of } else { i };
            let own = self.stand(of).region.map(|r| self.settle(&r, 0));
            let pair = own.as_ref().and_then(|r| table::pair(self.provider(of)?, &r.as_text()?));
            match (pair, own) {
                (Some(pair), Some(own)) => {
                    let provider = self.provider(of).unwrap_or("its provider").to_owned();
                    let text = own.as_text().unwrap_or_default().into_owned();
                    regions.push(Value {
                        is: Is::Text(pair.into()),
                        at: own.at,
                        trail: own.trail.through(own.at, format!("{provider} pairs {text} with {pair}")),
                    });
                }
                (None, Some(own)) if own.as_text().is_some() => {
                    let text = own.as_text().unwrap_or_default().into_owned();
                    regions.push(Value::unknown(format!("no table says which region `{text}` is paired with"), None, own.at));
                }
                (_, own) => regions.extend(own),
            }
        }
        regions
    }

    /// The same thing in another region; `None` if that is where it stands already.
    fn copy(&mut self, of: &Reference, region: &str, value: &Value, activity: &str) -> Option<Reference> {
        let Reference::Fact(original) = *of else { return None };
        let fact = &self.facts.endpoints[original];
        if fact.region.as_ref().is_some_and(|r| table::plain_region(&r.value) == table::plain_region(region)) {
            return None;
        }
        let memo = (original, table::plain_region(region));
        if let Some(known) = self.copies.get(&memo) {
            return Some(known.clone());
        }
        let ids: Vec<String> = fact.cloud_ids.iter().filter_map(|id| names::in_region(id, region)).collect();
        // A table that is declared in each of its regions.
        let declared = ids.iter().filter_map(|id| self.by_key.get(&names::key(id)?)).flatten().copied().next();
        if let Some(declared) = declared {
            return Some(Reference::Fact(self.node(declared)));
        }
        let mut copy = EndpointFact::new(fact.kind.as_str(), format!("{} in {region}", fact.label), value.at);
        copy.labelled = true;
        copy.standing = fact.standing;
        // What only passes another place does not stay there.
        copy.roles = if activity == "forward" { Roles::of(&[Role::Transit]) } else { fact.roles };
        copy.provider.clone_from(&fact.provider);
        copy.account.clone_from(&fact.account);
        copy.tags.clone_from(&fact.tags);
        copy.attributes = fact.attributes.clone();
        copy.cloud_ids = ids;
        place(&mut copy, &Stand { region: Some(value.clone()), ..Stand::default() });
        let reference = self.facts.endpoint(copy);
        self.copies.insert(memo, reference.clone());
        Some(reference)
    }

    #[allow(clippy::too_many_arguments, reason = "the two ends, and what explains them")]
    fn push_route(
        &mut self,
        i: usize,
        row: &RouteRow,
        frame: Frame<'_>,
        from: Reference,
        to: Reference,
        value: &Value,
        n: (usize, usize),
    ) {
        let Some(activity) = Activity::parse(&row.activity) else { return };
        let mut route = RouteFact::new(from, to, activity, value.at);
        route.trail = value.trail.clone();
        if let Some(document) = &row.implied {
            let step = TrailStep {
                location: self.resources[i].location,
                text: format!("the provider does this without being asked: {document}").into(),
            };
            route.trail = route.trail.steps().cloned().chain([step]).collect();
        }
        route.role = row.role.as_deref().and_then(RouteRole::parse).unwrap_or_default();
        route.priority = row.priority;
        let number = row.priority_of.iter().flat_map(|p| self.values(p, frame)).find_map(|v| self.settle(&v, 0).as_number());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float to an integer saturates")]
        if let Some(number) = number {
            route.priority = Some(number.max(0.0) as u32);
        }
        let role_if = row.role_if.iter().find(|r| self.holds(&r.when, frame) == Answer::Yes);
        if let Some(role) = role_if.and_then(|r| RouteRole::parse(&r.role)) {
            route.role = role;
        }
        route.pool.clone_from(&row.pool);
        if row.ordered {
            let (at, list) = n;
            route.priority = u32::try_from(at).ok();
            route.role = if at == 0 { RouteRole::Primary } else { RouteRole::Failover };
            route.pool = Some(format!("{} {list}", row.pool.as_deref().unwrap_or("members")));
        }
        route.alias = row.alias;
        route.condition.clone_from(&row.condition);
        route.purpose = row.purpose.as_deref().and_then(Dependence::parse).unwrap_or_default();
        if !row.data.is_empty() {
            route.data = DataLimit::Only(row.data.clone());
            route.data_assumed = true;
        }
        let countries: Vec<String> = row
            .countries
            .iter()
            .flat_map(|p| self.values(p, frame))
            .filter_map(|v| Some(self.settle(&v, 0).as_text()?.into_owned()))
            .collect();
        let codes: Option<Vec<Country>> = countries.iter().map(|c| Country::from_letters(c)).collect();
        route.clients = match (codes, &row.some) {
            (Some(codes), _) if !codes.is_empty() => ClientMatch::Countries(codes),
            (_, Some(words)) => ClientMatch::Some(words.clone()),
            _ => ClientMatch::Any,
        };
        if row.both {
            let mut back = route.clone();
            std::mem::swap(&mut back.from, &mut back.to);
            self.facts.routes.push(back);
        }
        self.facts.routes.push(route);
    }

    /// Something that a row asks for cannot be told: a gap of the endpoints that it could change.
    fn unclear(&mut self, i: usize, of: &[End], route: &RouteRow, why: Why, at: Location) {
        let mut scope: Vec<Reference> = of.to_vec().iter().filter_map(|e| self.reference(e)).collect();
        if scope.is_empty() {
            scope = self.mentioned(i);
        }
        let subject = self.subject(i, of);
        self.gaps.gap("unknown-target", &subject, verb(route), why, at, scope);
    }

    /// Whom a gap speaks of: where data comes from, else the resource that says so.
    fn subject(&self, i: usize, of: &[End]) -> String {
        let from = of.iter().find_map(|e| if let End::Resource(of) = e { Some(*of) } else { None });
        self.resources[from.unwrap_or(i)].address.to_string()
    }

    /// Kinds without a row: one gap each, for all that they are and name.
    fn strangers(&mut self) {
        let resources = self.resources;
        let mut kinds: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, sort) in self.sorts.iter().enumerate() {
            if matches!(sort, Sort::Stranger) && (self.nodes[i].is_some() || !is_data(&resources[i])) {
                kinds.entry(&*resources[i].kind).or_default().push(i);
            }
        }
        for (kind, of) in kinds {
            let Some(first) = of.iter().map(|i| &resources[*i]).min_by_key(|r| r.location) else { continue };
            let scope: Vec<Reference> = of.iter().flat_map(|i| self.mentioned(*i)).collect();
            let many = if of.len() == 1 { String::new() } else { format!(" ({} of them)", of.len()) };
            self.facts.gaps.push(Unread {
                code: "unknown-resource-kind",
                message: format!("no table says what a `{kind}` is and where its data goes{many}"),
                help: Some(format!(
                    "declare where the data of `{}` goes with [[route]] and [[endpoint]], or ask for a row in data/resources",
                    first.address
                )),
                location: first.location,
                scope: GapScope::Endpoints(scope),
            });
            self.tally.unknown.insert(kind.to_owned(), of.len());
        }
    }

    fn finish(mut self) -> Tally {
        for node in self.nodes.iter().flatten() {
            let fact = &self.facts.endpoints[*node];
            let physical = fact.standing == crate::model::Standing::Physical;
            let says = fact.region.is_some() || fact.zone.is_some() || !fact.part_of.is_empty() || !fact.addresses.is_empty();
            if !physical || says { self.tally.placed += 1 } else { self.tally.unplaced += 1 }
        }
        self.gaps.finish(self.facts);
        self.tally
    }
}

/// Gaps with equal reasons, in the order in which they were met.
#[derive(Default)]
struct Gaps {
    by_reason: HashMap<(&'static str, String, Why), usize>,
    list: Vec<Grouped>,
}

struct Grouped {
    code: &'static str,
    subject: String,
    verb: String,
    why: Why,
    location: Location,
    subjects: std::collections::BTreeSet<String>,
    scope: Vec<Reference>,
}

impl Gaps {
    fn gap(&mut self, code: &'static str, subject: &str, verb: &str, why: Why, location: Location, scope: Vec<Reference>) {
        let at = *self.by_reason.entry((code, verb.to_owned(), why.clone())).or_insert_with(|| {
            self.list.push(Grouped {
                code,
                subject: subject.to_owned(),
                verb: verb.to_owned(),
                why,
                location,
                subjects: std::collections::BTreeSet::new(),
                scope: Vec::new(),
            });
            self.list.len() - 1
        });
        let group = &mut self.list[at];
        group.subjects.insert(subject.to_owned());
        group.scope.extend(scope);
    }

    fn finish(self, facts: &mut Facts) {
        for mut group in self.list {
            group.scope.sort_unstable();
            group.scope.dedup();
            let more = match group.subjects.len() {
                0 | 1 => String::new(),
                n => format!(" (and so with {} more)", n - 1),
            };
            facts.gaps.push(Unread {
                code: group.code,
                message: format!("`{}` {}: {}{more}", group.subject, group.verb, group.why.why),
                help: group.why.help,
                location: group.location,
                scope: GapScope::Endpoints(group.scope),
            });
        }
    }
}

/// What a route does, as a gap says it.
fn verb(route: &RouteRow) -> &'static str {
    match Activity::parse(&route.activity) {
        Some(Activity::Replicate) => "may be replicated to somewhere that cannot be told",
        Some(Activity::Backup) => "may be backed up to somewhere that cannot be told",
        Some(Activity::Log) => "may write its log to somewhere that cannot be told",
        Some(Activity::Access) => "may be read by somebody who cannot be told",
        Some(Activity::Keys) => "may have its keys somewhere that cannot be told",
        Some(Activity::Depend) => "may depend on something that cannot be told",
        _ => "may send data to somewhere that cannot be told",
    }
}

fn open(value: &Value) -> End {
    End::Open(why(value))
}

fn why(value: &Value) -> Why {
    if let Some(unknown) = value.unknowns().first() {
        return Why { why: unknown.why.to_string(), help: unknown.help.as_ref().map(ToString::to_string) };
    }
    let mut named = value.targets().into_iter();
    Why {
        why: match named.next() {
            Some(address) => format!("it is only known once `{address}` exists"),
            None => "its value is of an unexpected shape".into(),
        },
        help: value.targets().first().map(|_| "read the plan or the state as well, in which it is known".into()),
    }
}

/// The pieces of a term; true for what stood in braces.
fn term_pieces(term: &str) -> Vec<(&str, bool)> {
    let mut pieces = Vec::new();
    let mut rest = term;
    while let Some((text, after)) = rest.split_once('{') {
        let Some((path, tail)) = after.split_once('}') else { break };
        pieces.extend([(text, false), (path, true)]);
        rest = tail;
    }
    pieces.push((rest, false));
    pieces.retain(|(text, braced)| *braced || !text.is_empty());
    pieces
}

fn is_special(path: &str) -> bool {
    matches!(path, "region" | "account" | "partition")
}

/// The partition that an AWS region belongs to.
fn partition(region: &str) -> &'static str {
    const BEGINS: [(&str, &str); 6] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    BEGINS.iter().find(|(begin, _)| region.starts_with(begin)).map_or("aws", |(_, partition)| partition)
}

/// The provider of a kind that no table has.
fn by_kind(vocabulary: Vocabulary, kind: &str) -> Option<&'static str> {
    let known: &[(&str, &str)] = match vocabulary {
        Vocabulary::CloudFormation => &[("AWS::", "aws"), ("Alexa::", "aws")],
        Vocabulary::Arm => return Some("azure"),
        Vocabulary::GcpAsset => return Some("gcp"),
        Vocabulary::Listing => &[("aws:", "aws"), ("aliyun:", "alibaba"), ("tencent:", "tencent")],
        Vocabulary::Terraform => &[
            ("aws_", "aws"),
            ("awscc_", "aws"),
            ("azurerm_", "azure"),
            ("azapi_", "azure"),
            ("google_", "gcp"),
            ("alicloud_", "alibaba"),
            ("tencentcloud_", "tencent"),
            ("huaweicloud_", "huawei"),
            ("digitalocean_", "digitalocean"),
            ("hcloud_", "hetzner"),
            ("cloudflare_", "cloudflare"),
            ("ibm_", "ibm"),
            ("oci_", "oci"),
            ("ncloud_", "naver"),
            ("kakaocloud_", "kakao"),
            ("ovh_", "ovh"),
            ("scaleway_", "scaleway"),
            ("linode_", "linode"),
            ("vultr_", "vultr"),
            ("yandex_", "yandex"),
            ("fly_", "fly"),
            ("vercel_", "vercel"),
            ("mongodbatlas_", "mongodb-atlas"),
            ("snowflake_", "snowflake"),
        ],
    };
    known.iter().find(|(begin, _)| kind.starts_with(begin)).map(|(_, provider)| *provider)
}

/// Terraform's data sources look things up that others made.
fn is_data(resource: &Resource) -> bool {
    resource.vocabulary == Vocabulary::Terraform
        && (resource.address.starts_with("data.") || resource.address.contains(".data."))
}

/// `list[field=path].rest` as its parts.
fn join(path: &str) -> Option<(&str, (&str, &str), &str)> {
    let (list, rest) = path.split_once('[')?;
    let (condition, rest) = rest.split_once(']')?;
    Some((list, condition.split_once('=')?, rest.trim_start_matches('.')))
}

/// `a.b` of `a.b[0]` and `a.b["x"]`.
fn base(address: &str) -> Option<&str> {
    let inner = address.strip_suffix(']')?;
    let at = if inner.ends_with('"') { inner.rfind("[\"")? } else { inner.rfind('[')? };
    Some(&address[..at])
}
