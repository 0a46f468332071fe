//! Resources to facts, by the tables: endpoints first, then what they are parts of, then the ways that data takes. What a row asks
//! for and the configuration does not tell becomes a gap of the endpoints that it could change. Equal reasons are one gap, so that
//! one missing variable does not print a line for each of a thousand resources.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt};

use super::collect::Watched;
use super::endpoint::Stand;
use super::ends::{End, Why, why};
use super::gaps::Gaps;
use super::table::{self, Row};
use super::{Is, Resource, Value, Vocabulary, clients, names};
use crate::model::{EndpointFact, Facts, GapScope, Reference, ResourceTally, Standing, Trail, Unread};

/// Adds what the resources say. Addresses are those of one configuration; call it once for each.
pub fn translate(resources: Vec<Resource>, facts: &mut Facts) {
    translate_beside(resources, &BTreeSet::new(), facts);
}

/// The same; what is left open of resources at these addresses another file tells, and it is no gap.
pub fn translate_beside(resources: Vec<Resource>, told: &BTreeSet<String>, facts: &mut Facts) {
    let mut world = World::new(&resources, told, facts);
    world.endpoints();
    world.pieces();
    world.parts();
    world.containers();
    for i in 0..resources.len() {
        world.routes(i);
    }
    clients::settle_pools(&mut world);
    world.strangers();
    world.outsiders();
    world.finish();
}

/// What a resource is to us.
#[derive(Clone, Copy)]
pub(super) enum Sort {
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
    pub(super) resource: usize,
    pub(super) element: Option<&'v Value>,
    /// Under which key of a map the element stands.
    pub(super) key: Option<&'v str>,
}

impl Frame<'_> {
    pub fn of(resource: usize) -> Self {
        Self { resource, element: None, key: None }
    }
}

pub struct World<'a> {
    pub(super) resources: &'a [Resource],
    /// Addresses of resources that another file tells all of.
    told: &'a BTreeSet<String>,
    pub(super) sorts: Vec<Sort>,
    pub(super) by_address: HashMap<&'a str, usize>,
    /// Without the index of an instance: `aws_instance.web` of `aws_instance.web[0]`.
    pub(super) by_base: HashMap<&'a str, Vec<usize>>,
    pub(super) by_key: HashMap<String, Vec<usize>>,
    /// The endpoint of each resource; data sources get theirs when something leads to them.
    pub(super) nodes: Vec<Option<usize>>,
    pub(super) copies: HashMap<(usize, String), Reference>,
    pub(super) externals: HashMap<String, usize>,
    /// What patterns of names fitted.
    pub(super) wild: HashMap<String, Vec<usize>>,
    /// Steps of evaluation that are left: references that multiply exist only in configurations made to do so.
    pub(super) steps: Cell<usize>,
    /// How deep regions are asked for that are those of others.
    pub(super) depth: Cell<u8>,
    /// Stores by tag, made when first asked for.
    pub(super) by_tag: Option<HashMap<(String, String), Vec<usize>>>,
    /// The first of what collects from everything that these resources tell.
    pub(super) first_collected: usize,
    /// Routes whose targets never count as failed.
    pub(super) steady: BTreeSet<usize>,
    /// Routes whose priority is one of their own, so that only their pool says which stand by.
    pub(super) listed: BTreeSet<usize>,
    /// The first route that these resources tell.
    pub(super) first_route: usize,
    pub(super) watches: Vec<Watched>,
    pub(super) facts: &'a mut Facts,
    pub(super) gaps: Gaps,
    /// Why nothing tells where a fact stands, by its index.
    open: HashMap<usize, String>,
}

impl<'a> World<'a> {
    pub(super) fn new(resources: &'a [Resource], told: &'a BTreeSet<String>, facts: &'a mut Facts) -> Self {
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
            told,
            sorts,
            by_address,
            by_base,
            by_key: HashMap::new(),
            nodes: vec![None; resources.len()],
            copies: HashMap::new(),
            externals: HashMap::new(),
            wild: HashMap::new(),
            by_tag: None,
            watches: Vec::new(),
            steps: Cell::new(20_000 + 4_000 * resources.len()),
            depth: Cell::new(0),
            steady: BTreeSet::new(),
            listed: BTreeSet::new(),
            first_route: facts.routes.len(),
            first_collected: facts.collected.len(),
            facts,
            gaps: Gaps::default(),
            open: HashMap::new(),
        };
        world.index();
        world
    }

    /// By what resources are called, so that a literal ARN or name finds them.
    pub(super) fn index(&mut self) {
        for i in 0..self.resources.len() {
            let own = self.resources[i].ids.iter().filter_map(|id| names::key(id));
            let row = self.row(i);
            let terms = row.into_iter().flat_map(|r| &r.ids).flat_map(|t| self.fill(t, Frame::of(i)));
            let by_row = terms.filter_map(|v| names::key(&self.settle(&v, 0).identity()?));
            let given = if self.is_endpoint(i) { names::own(&self.resources[i].attributes) } else { Vec::new() };
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

    /// Takes a step of the evaluation; false if there are none left.
    pub(super) fn step(&self) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        left > 0
    }

    /// A table says that it is something of its own.
    pub(super) fn is_endpoint(&self, i: usize) -> bool {
        matches!(self.sorts[i], Sort::Endpoint(_))
    }

    pub fn provider(&self, i: usize) -> Option<&str> {
        let own = self.row(i).and_then(|r| r.provider.as_deref()).filter(|p| !p.is_empty());
        own.or_else(|| by_kind(self.resources[i].vocabulary, &self.resources[i].kind))
    }

    pub(super) fn reference(&mut self, end: &End) -> Option<Reference> {
        match end {
            End::Resource(i) => Some(Reference::Fact(self.node(*i))),
            End::Other(reference) => Some(reference.clone()),
            End::Open(_) => None,
        }
    }

    /// The fact of a resource, made if it has none yet.
    pub(super) fn node(&mut self, i: usize) -> usize {
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

    /// Whether another file tells what is open of a resource.
    pub(super) fn told(&self, i: usize) -> bool {
        self.told.contains(&*self.resources[i].address)
    }

    /// A gap if nothing tells where a thing stands that stands somewhere.
    pub(super) fn ask_place(&mut self, i: usize, node: usize, stand: &Stand) {
        if self.told(i) {
            return;
        }
        let resource = &self.resources[i];
        let reference = Reference::Fact(node);
        let subject = &*resource.address;
        if let Some(uncertain) = &resource.uncertain {
            let why = why(uncertain);
            self.open.insert(node, why.why.clone());
            self.gaps.gap("uncertain-resource", subject, "may or may not exist", why, uncertain.at, vec![reference]);
            return;
        }
        let fact = &self.facts.endpoints[node];
        // AWS resources stand in their provider's region, whatever zone is asked for: one of the two is wrong.
        if let (Some("aws"), Some(region), Some(zone)) = (fact.provider.as_deref(), &fact.region, &fact.zone)
            && names::region_of_zone(&zone.value).is_some_and(|of| of != region.value)
        {
            let why = format!("its region is {} and its zone {}", region.value, zone.value);
            let why = Why { why, help: Some("find out which of the two is right".into()), declared_elsewhere: false };
            let at = stand.zone.as_ref().map_or(resource.location, |z| z.at);
            self.gaps.gap("region-and-zone-disagree", subject, "names a zone of another region", why, at, vec![reference]);
            return;
        }
        let logical = fact.standing != Standing::Physical;
        // A name beside a region that cannot be told was made without it.
        let named = !fact.names.is_empty() && stand.region.is_none();
        let says = fact.region.is_some() || fact.zone.is_some() || !fact.addresses.is_empty() || named;
        let part = self.row(i).is_some_and(|r| !r.part_of.is_empty());
        if logical || says || part {
            return;
        }
        let (why, at) = match stand.zone.as_ref().or(stand.region.as_ref()) {
            Some(value) => (why(value), value.at),
            None => (Why { why: "nothing says its region".into(), help: None, declared_elsewhere: false }, resource.location),
        };
        self.open.insert(node, why.why.clone());
        self.gaps.gap("unknown-region", subject, "stands somewhere that cannot be told", why, at, vec![reference]);
    }

    // ---- stages ----

    pub(super) fn endpoints(&mut self) {
        for i in 0..self.resources.len() {
            if matches!(self.sorts[i], Sort::Endpoint(_) | Sort::Stranger) && !is_data(&self.resources[i]) {
                self.node(i);
            }
        }
    }

    /// What pieces say of the resources that they are pieces of.
    pub(super) fn pieces(&mut self) {
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

    /// Whether a name is only that of things that are no endpoints.
    fn is_ignored(&self, key: &str) -> bool {
        self.by_key.get(key).is_some_and(|of| of.iter().all(|i| matches!(self.sorts[*i], Sort::Ignored(_))))
    }

    pub(super) fn extended(&mut self, i: usize, row: &Row) -> Vec<End> {
        let values: Vec<Value> = row.extends.iter().flat_map(|t| self.fill(t, Frame::of(i))).collect();
        values.iter().flat_map(|v| self.ends(v, 0)).collect()
    }

    /// What tells the private addresses of a network from those of others.
    fn scope_name(&mut self, value: &Value) -> Option<String> {
        // The name of a network that is no endpoint here is a scope all the same.
        let named = value.as_text().filter(|t| names::is_name(t)).and_then(|t| names::key(&t));
        if let Some(scope) = named.filter(|key| !self.by_key.contains_key(key) || self.is_ignored(key)) {
            return Some(scope);
        }
        // A network that holds nothing is no endpoint, and a scope all the same.
        if let Is::Reference(target) = &value.is
            && let [of] = self.named(&target.address)[..]
            && matches!(self.sorts[of], Sort::Ignored(row) if row.passes.is_empty())
        {
            return Some(self.resources[of].address.to_string());
        }
        match &self.ends(value, 0)[..] {
            [End::Resource(of), ..] => Some(self.resources[*of].address.to_string()),
            [End::Other(Reference::Id(id)), ..] => Some(id.clone()),
            [End::Other(Reference::Fact(fact)), ..] => Some(self.facts.endpoints[*fact].label.clone()),
            _ => None,
        }
    }

    /// Which networks reach each other over private links: those that one link joins, and those that hubs lead to, which are no
    /// networks themselves. Peerings of networks are no hubs: what is beyond the second one is not reached.
    fn join(&mut self, networks: &BTreeSet<String>) {
        let mut beside: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for i in 0..self.resources.len() {
            let Some(row) = self.row(i).filter(|row| !row.joins.is_empty()) else { continue };
            let values: Vec<Value> = row.joins.iter().flat_map(|t| self.fill(t, Frame::of(i))).collect();
            let sides: BTreeSet<String> = values.iter().filter_map(|v| self.scope_name(v)).collect();
            for side in &sides {
                beside.entry(side.clone()).or_default().extend(sides.iter().filter(|s| *s != side).cloned());
            }
        }
        for from in networks.iter().filter(|n| beside.contains_key(*n)) {
            let mut seen = BTreeSet::from([from]);
            let mut next = vec![from];
            while let Some(at) = next.pop() {
                for to in beside.get(at).into_iter().flatten() {
                    if !seen.insert(to) || !self.step() {
                        continue;
                    }
                    if !networks.contains(to) {
                        next.push(to);
                    } else if from < to {
                        self.facts.joined.push((from.clone(), to.clone()));
                    }
                }
            }
        }
    }

    /// What resources are parts of, and the networks that their private addresses belong to.
    pub(super) fn parts(&mut self) {
        let mut scopes: BTreeMap<usize, String> = BTreeMap::new();
        for i in 0..self.resources.len() {
            let (Sort::Endpoint(row), Some(node)) = (self.sorts[i], self.nodes[i]) else { continue };
            // A network that is in no other is its own scope.
            if row.scope.is_empty() && !row.networks.is_empty() {
                scopes.insert(node, self.resources[i].address.to_string());
            }
            for value in row.scope.iter().flat_map(|p| self.values(p, Frame::of(i))).collect::<Vec<_>>() {
                if let Some(scope) = self.scope_name(&value) {
                    scopes.entry(node).or_insert(scope);
                }
            }
        }
        self.join(&scopes.values().cloned().collect());
        for i in 0..self.resources.len() {
            let (Sort::Endpoint(row), Some(node)) = (self.sorts[i], self.nodes[i]) else { continue };
            if self.resources[i].uncertain.is_some() || self.stand(i).own_zone {
                continue;
            }
            let has_region = self.facts.endpoints[node].region.is_some();
            let values: Vec<Value> = row.part_of.iter().flat_map(|p| self.fill(p, Frame::of(i))).collect();
            let mut parts = Vec::new();
            let mut inside = Vec::new();
            let mut missing = None;
            for end in values.iter().flat_map(|v| self.ends(v, 0)).collect::<Vec<_>>() {
                match end.clone() {
                    End::Resource(of) if of != i => parts.push(Reference::Fact(self.node(of))),
                    // Its region is a better answer than something that nobody declares.
                    End::Other(reference) if !has_region => parts.push(reference),
                    End::Other(_) => inside.extend(self.container(&end)),
                    End::Open(why) => missing = missing.or(Some(why)),
                    _ => {}
                }
            }
            let unplaced = parts.is_empty() && !has_region && !row.part_of.is_empty();
            let says = |f: &EndpointFact| f.zone.is_some() || !f.addresses.is_empty() || !f.names.is_empty();
            if unplaced && !self.told(i) && !says(&self.facts.endpoints[node]) {
                let why = missing.unwrap_or_else(|| Why {
                    why: "nothing says its region".into(),
                    help: None,
                    declared_elsewhere: false,
                });
                self.open.insert(node, why.why.clone());
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
            // A key stands where its ring does, whatever its provider is set to.
            let region = |of: usize| self.facts.endpoints[of].region.as_ref().map(|r| table::plain_region(&r.value));
            let elsewhere =
                |p: &Reference| matches!(p, Reference::Fact(host) if region(*host).is_some_and(|r| region(node) != Some(r)));
            if has_region && parts.iter().any(elsewhere) && self.stand(i).provided {
                self.facts.endpoints[node].region = None;
                self.facts.endpoints[node].trail = Trail::default();
            }
            self.facts.endpoints[node].part_of = parts;
            self.facts.endpoints[node].inside = inside;
        }
        for (node, scope) in scopes {
            self.facts.endpoints[node].scope = Some(scope);
        }
    }

    /// What resources are inside of without standing there; a piece says it of what it is a piece of.
    fn containers(&mut self) {
        for i in 0..self.resources.len() {
            let Some(row) = self.row(i).filter(|r| !r.inside.is_empty()) else { continue };
            if is_data(&self.resources[i]) {
                continue;
            }
            let of: Vec<End> = match self.sorts[i] {
                Sort::Piece(row) => self.extended(i, row),
                _ => vec![End::Resource(i)],
            };
            let of: Vec<usize> =
                of.iter().filter_map(|e| if let End::Resource(of) = e { self.nodes[*of] } else { None }).collect();
            if let (Some(uncertain), false) = (&self.resources[i].uncertain, of.is_empty()) {
                let scope = of.into_iter().map(Reference::Fact).collect();
                let (why, subject) = (why(uncertain), &*self.resources[i].address);
                self.gaps.gap("unknown-network", subject, "may put something into a network", why, uncertain.at, scope);
                continue;
            }
            let values: Vec<Value> = row.inside.iter().flat_map(|t| self.fill(t, Frame::of(i))).collect();
            let ends: Vec<End> = values.iter().flat_map(|v| self.ends(v, 0)).collect();
            let inside: Vec<Reference> = ends.iter().filter_map(|e| self.container(e)).collect();
            for node in of {
                let own = Reference::Fact(node);
                self.facts.endpoints[node].inside.extend(inside.iter().filter(|c| **c != own).cloned());
            }
        }
    }

    /// Kinds without a row: one gap each, for all that they are and name.
    pub(super) fn strangers(&mut self) {
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
        }
    }

    /// Counts every resource once.
    fn tally(&self) -> ResourceTally {
        let placed = self.placed();
        let mut tally = ResourceTally::default();
        for (i, sort) in self.sorts.iter().enumerate() {
            let node = match (sort, self.nodes[i]) {
                (Sort::Endpoint(_), Some(node)) => node,
                (Sort::Stranger, Some(_)) => {
                    *tally.unknown.entry(self.resources[i].kind.to_string()).or_default() += 1;
                    continue;
                }
                // Data sources that nothing leads to have no node.
                _ => {
                    tally.no_data += 1;
                    continue;
                }
            };
            let fact = &self.facts.endpoints[node];
            if fact.standing != Standing::Physical {
                tally.placeless += 1;
            } else if placed[node] {
                tally.placed += 1;
            } else if self.resources[i].uncertain.is_some() && self.says_where(i) {
                tally.uncertain += 1;
            } else {
                let why = match self.open.get(&node) {
                    Some(why) => why,
                    None if !fact.part_of.is_empty() => "what it is a part of does not say where it stands",
                    None if !fact.names.is_empty() => "only its host name could tell where it stands",
                    None => "nothing says its region",
                };
                *tally.unplaced.entry(why.to_owned()).or_default() += 1;
            }
        }
        tally
    }

    /// Whether a resource says its region or zone, whether or not it exists.
    fn says_where(&self, i: usize) -> bool {
        let stand = self.stand(i);
        [stand.region, stand.zone].into_iter().flatten().any(|v| v.as_text().is_some())
    }

    /// Of each fact, whether it or what it is a part of says where it stands.
    fn placed(&self) -> Vec<bool> {
        let endpoints = &self.facts.endpoints;
        let mut parts: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut told = vec![false; endpoints.len()];
        let mut next = Vec::new();
        for (i, fact) in endpoints.iter().enumerate() {
            if fact.region.is_some() || fact.zone.is_some() || !fact.addresses.is_empty() {
                told[i] = true;
                next.push(i);
            }
            for whole in &fact.part_of {
                if let Reference::Fact(whole) = whole {
                    parts.entry(*whole).or_default().push(i);
                }
            }
        }
        while let Some(whole) = next.pop() {
            for part in parts.get(&whole).into_iter().flatten() {
                if !std::mem::replace(&mut told[*part], true) {
                    next.push(*part);
                }
            }
        }
        told
    }

    pub(super) fn finish(self) {
        let tally = self.tally();
        self.facts.resources.add(tally);
        let (nodes, sorts) = (&self.nodes, &self.sorts);
        let of_service = |service: &str| {
            let has = |sort: &Sort| match sort {
                Sort::Endpoint(row) => row.ids.is_empty() || row.ids.iter().any(|id| id.split(':').nth(2) == Some(service)),
                _ => true,
            };
            let found = nodes.iter().zip(sorts).filter(|(_, sort)| service.is_empty() || has(sort));
            found.filter_map(|(node, _)| node.map(Reference::Fact)).collect()
        };
        self.gaps.finish(self.facts, of_service);
    }
}

/// The provider of a kind that no table has.
fn by_kind(vocabulary: Vocabulary, kind: &str) -> Option<&'static str> {
    let known: &[(&str, &str)] = match vocabulary {
        Vocabulary::CloudFormation => &[("AWS::", "aws"), ("Alexa::", "aws")],
        Vocabulary::Arm => return Some("azure"),
        Vocabulary::GcpAsset => return Some("gcp"),
        Vocabulary::Listing => &[("AWS::", "aws"), ("aws:", "aws"), ("ACS::", "alibaba"), ("tencent:", "tencent")],
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
pub(super) fn is_data(resource: &Resource) -> bool {
    resource.vocabulary == Vocabulary::Terraform
        && (resource.address.starts_with("data.") || resource.address.contains(".data."))
}

/// `a.b` of `a.b[0]` and `a.b["x"]`.
fn base(address: &str) -> Option<&str> {
    let inner = address.strip_suffix(']')?;
    let at = if inner.ends_with('"') { inner.rfind("[\"")? } else { inner.rfind('[')? };
    Some(&address[..at])
}
