//! What values lead to: a resource of the same configuration, something that its name, address or host name tells, or a reason why
//! it cannot be told.

use std::net::SocketAddr;

use super::endpoint::{address, is_host};
use super::settle::MAX_HOPS;
use super::translate::{Frame, Sort, World};
use super::{Is, Piece, Target, Value, names, path};
use crate::model::{EndpointFact, Reference};
use crate::source::Spanned;

/// So many resources of one name are all meant by it.
const MAX_NAMESAKES: usize = 64;

/// What a value leads to.
#[derive(Clone, Debug)]
pub(super) enum End {
    Resource(usize),
    Other(Reference),
    /// It cannot be told; why, and what would help.
    Open(Why),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Why {
    pub(super) why: String,
    pub(super) help: Option<String>,
    /// It is a resource for sure, only none of these.
    pub(super) declared_elsewhere: bool,
}
impl World<'_> {
    pub(super) fn ends(&mut self, value: &Value, hops: u8) -> Vec<End> {
        if hops > MAX_HOPS || !self.step() {
            return vec![open(value)];
        }
        match &value.is {
            Is::Null | Is::Bool(_) | Is::Map(_) => Vec::new(),
            Is::List(list) | Is::Set(list) => list.iter().flat_map(|v| self.ends(v, hops + 1)).collect(),
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

    pub(super) fn by_reference(&mut self, target: &Target, value: &Value, hops: u8) -> Vec<End> {
        let named = self.named(&target.address);
        if named.is_empty() {
            return vec![End::Open(Why {
                why: format!("`{}` is not among the resources that were read", target.address),
                help: Some("add the files that declare it to the project".into()),
                declared_elsewhere: true,
            })];
        }
        if named.len() > MAX_NAMESAKES {
            return vec![namesakes(&target.address)];
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
    pub(super) fn through(&mut self, i: usize, terms: &[String], value: &Value, hops: u8) -> Vec<End> {
        let values: Vec<Value> = terms.iter().flat_map(|t| self.fill(t, Frame::of(i))).collect();
        let ends: Vec<End> = values.iter().flat_map(|v| self.ends(v, hops + 1)).collect();
        if ends.is_empty() { vec![open(value)] } else { ends }
    }

    pub(super) fn by_text(&mut self, text: &str, value: &Value) -> Vec<End> {
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        if let Some(known) = names::key(text).and_then(|k| self.by_key.get(&k)) {
            if known.len() > MAX_NAMESAKES {
                return vec![namesakes(text)];
            }
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
    pub(super) fn means(&mut self, i: usize, value: &Value) -> Vec<End> {
        match self.sorts[i] {
            Sort::Endpoint(_) | Sort::Stranger => vec![End::Resource(i)],
            Sort::Piece(row) => self.through(i, &row.extends, value, 1),
            Sort::Ignored(row) => self.through(i, &row.passes, value, 1),
        }
    }

    /// Partly known text: a resource that stands in it, else what the known pieces prove.
    pub(super) fn by_pattern(&mut self, pieces: &[Piece], value: &Value, hops: u8) -> Vec<End> {
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
        if let Some(known) = value.identity().and_then(|t| names::key(&t)).and_then(|k| self.by_key.get(&k)) {
            return known.clone().into_iter().flat_map(|i| self.means(i, value)).collect();
        }
        let Some(pattern) = value.pattern() else { return vec![open(value)] };
        if let Some(known) = names::key(&pattern).and_then(|k| self.by_key.get(&k)) {
            return known.clone().into_iter().flat_map(|i| self.means(i, value)).collect();
        }
        match names::read(&pattern) {
            Some(name) if name.region.is_some() || name.zone.is_some() => vec![End::Other(self.external(&pattern, value))],
            _ => vec![open(value)],
        }
    }

    /// Something that this configuration names and does not declare: its name proves what it can.
    pub(super) fn external(&mut self, text: &str, value: &Value) -> Reference {
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
}

fn namesakes(name: &str) -> End {
    let why = format!("more than {MAX_NAMESAKES} resources are called `{name}`");
    End::Open(Why { why, help: None, declared_elsewhere: true })
}

pub(super) fn open(value: &Value) -> End {
    End::Open(why(value))
}

pub(super) fn why(value: &Value) -> Why {
    if let Some(unknown) = value.unknowns().first() {
        return Why {
            why: unknown.why.to_string(),
            help: unknown.help.as_ref().map(ToString::to_string),
            declared_elsewhere: false,
        };
    }
    let mut named = value.targets().into_iter();
    Why {
        why: match named.next() {
            Some(address) => format!("it is only known once `{address}` exists"),
            None => "its value is of an unexpected shape".into(),
        },
        help: value.targets().first().map(|_| "read the plan or the state as well, in which it is known".into()),
        declared_elsewhere: false,
    }
}
