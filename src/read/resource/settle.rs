//! Paths, terms and references to values: what a row asks for, as far as a configuration tells it.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use super::path::is_open;
use super::translate::{Frame, World, is_data};
use super::{Is, Piece, Resource, Target, Value, names, path};

/// How references may chain; longer ones exist only in circles.
pub(super) const MAX_HOPS: u8 = 12;

impl World<'_> {
    /// What a path of a table gives, from an element of `each` or from the resource.
    pub fn values(&self, path: &str, frame: Frame<'_>) -> Vec<Value> {
        let resource = &self.resources[frame.resource];
        if let Some(literal) = path.strip_prefix('\'').and_then(|p| p.strip_suffix('\'')) {
            return vec![Value::text(literal, resource.location)];
        }
        if let Some((kind, (field, wanted), rest)) = path.strip_prefix('/').and_then(join) {
            return self.of_kind(kind, field, wanted, rest, frame);
        }
        if path == "#" {
            return frame.key.map(|key| Value::text(key, resource.location)).into_iter().collect();
        }
        if let Some((first, rest)) = path.split_once(">>") {
            let named = self.values(first, frame).into_iter().map(|v| self.settled_name(&v));
            return named.flat_map(|v| self.surely_beyond(&v, rest)).collect();
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
            // `0` and `'0'` are the same here, as in Terraform.
            let same = |a: &Value, b: &Value| a.is == b.is || a.as_text().is_some_and(|text| Some(text) == b.as_text());
            let fits = |v: &Value| path::get(v, field).iter().any(|f| wanted.iter().any(|w| same(&self.settle(f, 0), w)));
            let found: Vec<Value> = path::get(root, list).iter().filter(|v| fits(v)).flat_map(|v| path::get(v, rest)).collect();
            // What cannot be told may be any of them.
            return if found.is_empty() { wanted.into_iter().filter(path::is_open).collect() } else { found };
        }
        path::get(root, path)
    }

    /// A text that names a resource of this configuration as a reference to it.
    pub(super) fn settled_name(&self, value: &Value) -> Value {
        let known = value.as_text().and_then(|t| self.by_key.get(&names::key(&t)?)).and_then(|known| known.first());
        match known {
            Some(i) => {
                let target = Target { address: Arc::clone(&self.resources[*i].address), attribute: "".into(), known: None };
                Value { is: Is::Reference(Arc::new(target)), at: value.at, trail: value.trail.clone() }
            }
            None => value.clone(),
        }
    }

    /// An attribute of the resource that a value names; what cannot be followed stays as it is.
    pub(super) fn beyond(&self, value: Value, path: &str) -> Vec<Value> {
        let Is::Reference(target) = &value.is else {
            // A text that names nothing here says nothing either.
            return if path::is_open(&value) { vec![value] } else { Vec::new() };
        };
        let found: Vec<Value> =
            self.named(&target.address).into_iter().flat_map(|i| path::get(&self.resources[i].attributes, path)).collect();
        if found.is_empty() { vec![value] } else { found }
    }

    /// What `rest` gives of the resources of a kind whose `field` is what `wanted` says.
    fn of_kind(&self, kind: &str, field: &str, wanted: &str, rest: &str, frame: Frame<'_>) -> Vec<Value> {
        let named = |v: &Value| match &self.settled_name(v).is {
            Is::Reference(target) => Some(target.address.to_string()),
            _ => self.settle(v, 0).as_text().map(|t| t.into_owned()),
        };
        let wanted: Vec<String> = self.values(wanted, frame).iter().filter_map(named).collect();
        let fits = |of: &Resource| {
            *of.kind == *kind
                && self.step()
                && path::get(&of.attributes, field).iter().filter_map(named).any(|f| wanted.contains(&f))
        };
        self.resources.iter().filter(|of| fits(of)).flat_map(|of| path::get(&of.attributes, rest)).collect()
    }

    /// The same; nothing if the resource is here and has no such attribute, and not known if it is not here.
    fn surely_beyond(&self, value: &Value, path: &str) -> Vec<Value> {
        let named = if let Is::Reference(target) = &value.is { self.named(&target.address) } else { Vec::new() };
        if named.is_empty() || named.iter().any(|i| is_data(&self.resources[*i])) {
            return vec![Value::unknown("what it names is not among the resources that were read", None, value.at)];
        }
        named.into_iter().flat_map(|i| path::get(&self.resources[i].attributes, path)).collect()
    }

    /// What a term gives: known text, partly known text, a reference, or the unknown that stands in its way.
    pub fn fill(&self, term: &str, frame: Frame<'_>) -> Vec<Value> {
        if term == "^" {
            let resource = &self.resources[frame.resource];
            let target = Target { address: Arc::clone(&resource.address), attribute: "".into(), known: None };
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

    pub(super) fn fill_one(
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

    /// `{region}`, `{account}`, `{partition}`, `{dns_suffix}`.
    pub(super) fn special(&self, word: &str, frame: Frame<'_>) -> Piece {
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
            "dns_suffix" => Piece::Text(dns_suffix(region().as_text().as_deref().unwrap_or("")).into()),
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
        if hops > MAX_HOPS || (is_open(value) && !self.step()) {
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
    pub(super) fn attribute(&self, target: &Target, hops: u8) -> Option<Value> {
        let [i] = self.named(&target.address)[..] else { return None };
        if let [value] = &path::get(&self.resources[i].attributes, &target.attribute)[..] {
            let value = self.settle(value, hops + 1);
            if value.as_text().is_some() {
                return Some(value);
            }
        }
        if !matches!(&*target.attribute, "region" | "location") || hops > 2 {
            return None;
        }
        self.stand(i).region.filter(|r| r.as_text().is_some())
    }

    /// The resources that an address means: one, or all instances of a counted one.
    pub(super) fn named(&self, address: &str) -> Vec<usize> {
        match self.by_address.get(address) {
            Some(i) => vec![*i],
            None => self.by_base.get(address).cloned().unwrap_or_default(),
        }
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
    matches!(path, "region" | "account" | "partition" | "dns_suffix")
}

/// What the host names of an AWS partition end with (`dnsSuffix` of botocore's `partitions.json`).
fn dns_suffix(region: &str) -> &'static str {
    match partition(region) {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
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

/// `list[field=path].rest` as its parts.
fn join(path: &str) -> Option<(&str, (&str, &str), &str)> {
    let (list, rest) = path.split_once('[')?;
    let (condition, rest) = rest.split_once(']')?;
    Some((list, condition.split_once('=')?, rest.trim_start_matches('.')))
}
