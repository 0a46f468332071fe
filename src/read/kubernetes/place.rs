//! Where pods may stand: what nodes say of themselves, what a workload demands of its node, and what the user tells of the
//! cluster. Only demands count: a preference or a spread over zones keeps no pod away from anywhere.

use std::collections::{BTreeMap, BTreeSet};

use super::cluster::Cluster;
use super::manifest::Object;
use super::mesh::Locality;
use crate::doc::Node;
use crate::model::{Address, EndpointFact, GapScope, Reference, Role, Roles, Trail, Unread};
use crate::source::{Location, Span, Spanned};

/// Labels that name a region, in the order of trust; the beta one was in use before Kubernetes 1.17.
const REGION: &[&str] = &["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"];
const ZONE: &[&str] = &[
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
    "topology.ebs.csi.aws.com/zone",
    "topology.gke.io/zone",
    "topology.disk.csi.azure.com/zone",
];

/// The scheme of a node's `providerID`, and the provider's name in the region tables.
const PROVIDERS: &[(&str, &str)] = &[
    ("aws", "aws"),
    ("gce", "gcp"),
    ("azure", "azure"),
    ("alicloud", "alibaba"),
    ("qcloud", "tencent"),
    ("digitalocean", "digitalocean"),
    ("hcloud", "hetzner"),
    ("linode", "linode"),
    ("vultr", "vultr"),
    ("scaleway", "scaleway"),
    ("ibm", "ibm"),
    ("oci", "oci"),
    ("yandex", "yandex"),
];

pub(super) fn is_region(label: &str) -> bool {
    REGION.contains(&label)
}

pub(super) fn is_zone(label: &str) -> bool {
    ZONE.contains(&label)
}

/// A region, a zone, or both, as somebody wrote them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub provider: Option<String>,
    pub region: Option<String>,
    pub zone: Option<String>,
}

/// A place and the line that says so.
pub(super) type Written = (Spot, Location);

/// One node of the cluster.
pub(super) struct Machine<'d> {
    labels: BTreeMap<&'d str, &'d str>,
    name: &'d str,
    /// Of its labels; `None`: only its addresses tell.
    spot: Option<Written>,
    fact: usize,
}

/// All nodes that were read, and where pods may stand by what they demand.
#[derive(Default)]
pub(super) struct Machines<'d> {
    all: Vec<Machine<'d>>,
    /// By demand, written out: many workloads demand the same.
    known: BTreeMap<String, Vec<Stand>>,
}

/// One possible place: a node that says where it is, or the node itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stand {
    Spot(Written),
    Node(usize),
}

impl<'d> Machines<'d> {
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn named(&self, name: &str) -> Option<&Machine<'d>> {
        self.all.iter().find(|m| m.name == name)
    }

    /// The region and zone of a node.
    pub fn locality(&self, name: &str) -> Option<Locality> {
        let (spot, _) = self.named(name)?.spot.as_ref()?;
        Some(Locality { region: spot.region.clone(), zone: spot.zone.clone(), subzone: None })
    }

    /// The provider of all nodes, if it is one.
    fn provider(&self) -> Option<String> {
        let mut all: BTreeSet<&String> = BTreeSet::new();
        all.extend(self.all.iter().filter_map(|m| m.spot.as_ref()?.0.provider.as_ref()));
        (all.len() == 1).then(|| all.into_iter().next().cloned()).flatten()
    }

    fn stands<'m>(machines: impl Iterator<Item = &'m Machine<'d>>) -> Vec<Stand>
    where
        'd: 'm,
    {
        let mut spots: BTreeMap<Spot, Location> = BTreeMap::new();
        let mut nodes = BTreeSet::new();
        for machine in machines {
            match &machine.spot {
                Some((spot, location)) => {
                    spots.entry(spot.clone()).or_insert(*location);
                }
                None => {
                    nodes.insert(machine.fact);
                }
            }
        }
        spots.into_iter().map(Stand::Spot).chain(nodes.into_iter().map(Stand::Node)).collect()
    }
}

impl<'d> Cluster<'d> {
    /// Facts of a `Node` object.
    pub fn node(&mut self, object: Object<'d>) {
        let labels: BTreeMap<&str, &str> = object
            .path(&["metadata", "labels"])
            .into_iter()
            .flat_map(|l| l.entries().filter_map(|e| Some((e.name(), e.value.text()?))))
            .collect();
        let label = |names: &[&str]| {
            let all = object.path(&["metadata", "labels"])?;
            names.iter().find_map(|n| all.get(n)).filter(|n| n.text().is_some_and(|t| !t.is_empty()))
        };
        let mut fact = EndpointFact::new("kubernetes-node", object.name, object.location);
        fact.id = Some(self.id(&object));
        let (region, zone) = (label(REGION), label(ZONE));
        fact.region = region.map(|r| spanned_as(r, r.text().unwrap_or("")));
        fact.zone = zone.map(|z| spanned_as(z, z.text().unwrap_or("")));
        fact.provider = self.told.provider.as_ref().map(|p| p.text.clone());
        if let Some(id) = object.path(&["spec", "providerID"]) {
            self.provider_id(&object, id, &mut fact);
        }
        for address in object.path(&["status", "addresses"]).into_iter().flat_map(|a| a.items()) {
            let Some(value) = address.get("address") else { continue };
            let text = value.text().unwrap_or("");
            if let Ok(ip) = text.parse() {
                fact.addresses.push(Address { ip, port: None, location: object.at(value) });
            } else if text.contains('.') {
                fact.names.push(Spanned::new(text.trim_end_matches('.').to_lowercase(), value.used_at()));
            }
        }
        // A node that says nothing stands where the cluster stands, unless its addresses know better.
        if fact.region.is_none() && fact.zone.is_none() && fact.addresses.is_empty() {
            self.stand_at_cluster(&mut fact);
        }
        let location = zone.or(region).map_or(object.location, |n| object.at(n));
        let spot = Spot {
            provider: fact.provider.clone(),
            region: fact.region.as_ref().map(|r| r.value.clone()),
            zone: fact.zone.as_ref().map(|z| z.value.clone()),
        };
        let spot = (spot.region.is_some() || spot.zone.is_some()).then_some((spot, location));
        self.facts.endpoints.push(fact);
        let fact = self.facts.endpoints.len() - 1;
        self.machines.all.push(Machine { labels, name: object.name, spot, fact });
    }

    /// `aws:///us-east-1a/i-0abc`, `gce://project/zone/name`, `azure:///subscriptions/...`: the form each cloud's controller
    /// writes into `spec.providerID`.
    fn provider_id(&mut self, object: &Object<'d>, id: Node<'d>, fact: &mut EndpointFact) {
        let text = id.text().unwrap_or("");
        let Some((scheme, rest)) = text.split_once("://") else { return };
        let Some((_, provider)) = PROVIDERS.iter().find(|(s, _)| *s == scheme) else { return };
        fact.provider = Some((*provider).to_owned());
        fact.cloud_ids.push(text.to_owned());
        let parts: Vec<&str> = rest.split('/').filter(|p| !p.is_empty()).collect();
        let zone = match (scheme, parts.as_slice()) {
            ("aws", [zone, .., instance]) => {
                fact.cloud_ids.push((*instance).to_owned());
                Some(*zone)
            }
            ("gce", [project, zone, _]) => {
                fact.account = Some((*project).to_owned());
                Some(*zone)
            }
            ("azure", ["subscriptions", subscription, ..]) => {
                fact.account = Some((*subscription).to_owned());
                None
            }
            // `cn-hangzhou.i-abc`.
            ("alicloud", [one]) => {
                if let Some((region, instance)) = one.split_once('.') {
                    fact.cloud_ids.push(instance.to_owned());
                    if fact.region.is_none() {
                        fact.region = Some(spanned_as(id, region));
                    }
                }
                None
            }
            _ => None,
        };
        let Some(zone) = zone else { return };
        match &fact.zone {
            None => fact.zone = Some(spanned_as(id, zone)),
            Some(label) if label.value != zone => {
                let message =
                    format!("node `{}` says zone `{}` by its label and `{zone}` by its providerID", object.name, label.value);
                let help = "correct the label; the cloud's controller writes both from the same source";
                let scope = GapScope::Endpoints(vec![Reference::Id(self.id(object))]);
                let location = object.at(id);
                self.facts.gaps.push(Unread { code: "labels-disagree", message, help: Some(help.to_owned()), location, scope });
            }
            Some(_) => {}
        }
    }

    /// The provider of the cluster, if somebody says so.
    pub fn told_provider(&self) -> Option<String> {
        self.told.provider.as_ref().map(|p| p.text.clone()).or_else(|| self.machines.provider())
    }

    /// Places the pods of a template.
    pub fn stand_pods(&mut self, object: &Object<'d>, pod: Option<Node<'d>>, fact: &mut EndpointFact) {
        fact.account = self.told.account.as_ref().map(|a| a.text.clone());
        let Some(pod) = pod else { return self.stand_at_cluster(fact) };
        if let Some(node) = pod.get("nodeName")
            && let Some(machine) = self.machines.named(node.text().unwrap_or(""))
        {
            fact.part_of.push(Reference::Fact(machine.fact));
            return;
        }
        let demand = Demand::of(object, pod);
        if !self.machines.is_empty() {
            let key = demand.key();
            if !self.machines.known.contains_key(&key) {
                let stands = Machines::stands(self.machines.all.iter().filter(|m| demand.admits(m)));
                self.machines.known.insert(key.clone(), stands);
            }
            let stands = self.machines.known.get(&key).cloned().unwrap_or_default();
            if !stands.is_empty() {
                return self.stand_at(stands, fact);
            }
            let message = format!("no node that was read has the labels that `{}` demands", object.name);
            let help = "add the other nodes (`kubectl get nodes -o yaml`), or correct the labels";
            self.facts.gaps.push(Unread {
                code: "no-such-node",
                message,
                help: Some(help.to_owned()),
                location: object.at(pod.get("nodeSelector").or_else(|| pod.get("affinity")).unwrap_or(pod)),
                scope: GapScope::Endpoints(fact.id.iter().cloned().map(Reference::Id).collect()),
            });
        }
        match demand.spots() {
            Some(spots) => {
                let provider = self.told_provider();
                let spots: Vec<Stand> = spots
                    .into_iter()
                    .map(|(mut spot, location)| {
                        spot.provider.clone_from(&provider);
                        Stand::Spot((spot, location))
                    })
                    .collect();
                self.stand_at(spots, fact);
            }
            None => self.stand_at_cluster(fact),
        }
    }

    /// Places what stands somewhere in the cluster: anywhere that its nodes or the user say it is.
    pub fn stand_at_cluster(&mut self, fact: &mut EndpointFact) {
        fact.account = fact.account.take().or_else(|| self.told.account.as_ref().map(|a| a.text.clone()));
        if let Some(region) = self.told.region.clone() {
            fact.provider = fact.provider.take().or_else(|| self.told_provider());
            fact.region = Some(Spanned::new(region.text, fact.location.span));
            fact.trail = Trail::stated(region.location, "the cluster's region is told here");
            return;
        }
        // The region is common to its zones more often than not.
        let mut stands = Vec::new();
        for stand in Machines::stands(self.machines.all.iter()) {
            let stand = match stand {
                Stand::Spot((Spot { provider, region: Some(region), .. }, location)) => {
                    Stand::Spot((Spot { provider, region: Some(region), zone: None }, location))
                }
                other => other,
            };
            let same = |s: &Stand| matches!((s, &stand), (Stand::Spot((a, _)), Stand::Spot((b, _))) if a == b);
            if !stands.iter().any(same) {
                stands.push(stand);
            }
        }
        if stands.is_empty() {
            if self.told.site.is_none() {
                self.placeless.get_or_insert(fact.location);
            }
            return;
        }
        self.stand_at(stands, fact);
    }

    /// One place is the endpoint's own; of several it is a part.
    pub fn stand_at(&mut self, stands: Vec<Stand>, fact: &mut EndpointFact) {
        if let [Stand::Spot((spot, location))] = stands.as_slice() {
            fact.provider = spot.provider.clone().or(fact.provider.take());
            let here = location.source == fact.location.source;
            let span = if here { location.span } else { fact.location.span };
            fact.region = spot.region.clone().map(|r| Spanned::new(r, span));
            fact.zone = spot.zone.clone().map(|z| Spanned::new(z, span));
            fact.trail = Trail::stated(*location, "its place is stated here");
            return;
        }
        for stand in stands {
            let part = match stand {
                Stand::Node(node) => Reference::Fact(node),
                Stand::Spot(written) => self.spot(written),
            };
            fact.part_of.push(part);
        }
    }

    /// A zone or region of the cluster as something to be a part of.
    fn spot(&mut self, (spot, location): Written) -> Reference {
        if let Some(known) = self.spots.get(&spot) {
            return Reference::Fact(*known);
        }
        let name = spot.zone.as_deref().or(spot.region.as_deref()).unwrap_or("").to_owned();
        let mut fact = EndpointFact::new("kubernetes-zone", format!("{}zone {name}", self.prefix), location);
        fact.roles = Roles::of(&[Role::Process]);
        fact.provider.clone_from(&spot.provider);
        fact.region = spot.region.clone().map(|r| Spanned::new(r, location.span));
        fact.zone = spot.zone.clone().map(|z| Spanned::new(z, location.span));
        self.facts.endpoints.push(fact);
        self.spots.insert(spot, self.facts.endpoints.len() - 1);
        Reference::Fact(self.facts.endpoints.len() - 1)
    }
}

fn spanned_as(node: Node<'_>, text: &str) -> Spanned<String> {
    Spanned::new(text.to_owned(), node.used_at())
}

/// What a pod demands of the labels of its node.
#[derive(Default)]
pub(super) struct Demand<'d> {
    file: Option<crate::source::SourceId>,
    /// All of these.
    selector: Vec<(&'d str, &'d str, Span)>,
    /// One of these, if there are any: in each, all of its expressions.
    terms: Vec<Vec<Expression<'d>>>,
}

struct Expression<'d> {
    key: &'d str,
    operator: &'d str,
    values: Vec<(&'d str, Span)>,
    /// Of `matchFields`: about the node itself.
    field: bool,
}

impl<'d> Demand<'d> {
    fn of(object: &Object<'d>, pod: Node<'d>) -> Self {
        let selector = pod.get("nodeSelector").into_iter().flat_map(|s| s.entries());
        let selector = selector.map(|e| (e.name(), e.value.text().unwrap_or(""), e.value.used_at())).collect();
        let terms = pod
            .path(&["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"])
            .map(terms)
            .unwrap_or_default();
        Self { file: Some(object.file), selector, terms }
    }

    /// The `required` of a persistent volume.
    pub fn of_volume(object: &Object<'d>) -> Self {
        let terms = object.path(&["spec", "nodeAffinity", "required", "nodeSelectorTerms"]).map(terms).unwrap_or_default();
        Self { file: Some(object.file), selector: Vec::new(), terms }
    }

    /// The same demand gives the same text.
    fn key(&self) -> String {
        let mut parts: Vec<String> = self.selector.iter().map(|(k, v, _)| format!("{k}\u{1}{v}")).collect();
        parts.sort_unstable();
        for term in &self.terms {
            let one = |e: &Expression<'_>| {
                let values: Vec<&str> = e.values.iter().map(|(v, _)| *v).collect();
                format!("{}\u{1}{}\u{1}{}\u{1}{}", e.key, e.operator, values.join("\u{2}"), e.field)
            };
            parts.push(term.iter().map(one).collect::<Vec<_>>().join("\u{3}"));
        }
        parts.join("\u{4}")
    }

    fn admits(&self, machine: &Machine<'_>) -> bool {
        let has = |(key, value, _): &(&str, &str, Span)| label(machine, key) == Some(*value);
        let fits = |e: &Expression<'_>| {
            let value = if e.field { (e.key == "metadata.name").then_some(machine.name) } else { label(machine, e.key) };
            let listed = |v: &str| e.values.iter().any(|(w, _)| *w == v);
            match e.operator {
                "In" => value.is_some_and(listed),
                "NotIn" => !value.is_some_and(listed),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                // Of numbers (cores, generations): whichever.
                _ => true,
            }
        };
        self.selector.iter().all(has) && (self.terms.is_empty() || self.terms.iter().any(|t| t.iter().all(fits)))
    }

    /// The regions and zones that are demanded, where no node is known. `None`: it may stand anywhere in the cluster.
    pub fn spots(&self) -> Option<Vec<Written>> {
        let file = self.file?;
        let of = |names: fn(&str) -> bool| self.selector.iter().find(|(k, _, _)| names(k)).map(|(_, v, at)| (*v, *at));
        let (region, zone) = (of(is_region), of(is_zone));
        let written = |region: Option<&str>, zone: Option<(&str, Span)>, at: Span| {
            let spot = Spot { provider: None, region: region.map(str::to_owned), zone: zone.map(|(z, _)| z.to_owned()) };
            (spot, Location::new(file, at))
        };
        if let Some((_, at)) = zone {
            return Some(vec![written(region.map(|(r, _)| r), zone, at)]);
        }
        let mut spots = BTreeMap::new();
        for term in &self.terms {
            let listed = |names: fn(&str) -> bool| -> Vec<(&str, Span)> {
                let listed = term.iter().filter(|e| !e.field && e.operator == "In" && names(e.key));
                listed.flat_map(|e| e.values.iter().copied()).collect()
            };
            let (regions, zones) = (listed(is_region), listed(is_zone));
            let found: Vec<Written> = if zones.is_empty() {
                regions.iter().map(|(r, at)| written(Some(*r), None, *at)).collect()
            } else {
                // Two lists of one term do not say which zone is of which region.
                let one = match regions.as_slice() {
                    [(one, _)] => Some(*one),
                    _ => region.map(|(r, _)| r),
                };
                zones.iter().map(|(z, at)| written(one, Some((*z, *at)), *at)).collect()
            };
            if found.is_empty() {
                // This alternative demands no place.
                spots.clear();
                break;
            }
            for (spot, location) in found {
                spots.entry(spot).or_insert(location);
            }
        }
        match (spots.is_empty(), region) {
            (false, _) => Some(spots.into_iter().collect()),
            (true, Some((region, at))) => Some(vec![written(Some(region), None, at)]),
            (true, None) => None,
        }
    }
}

/// A label of a node; the old and the new name of a place mean the same.
fn label<'d>(machine: &Machine<'d>, key: &str) -> Option<&'d str> {
    let same: &[&str] = if is_region(key) {
        REGION
    } else if is_zone(key) {
        ZONE
    } else {
        return machine.labels.get(key).copied();
    };
    machine.labels.get(key).or_else(|| same.iter().find_map(|k| machine.labels.get(k))).copied()
}

pub(super) fn terms_of_topologies<'d>(object: &Object<'d>, list: Node<'d>) -> Demand<'d> {
    let term = |t: Node<'d>| {
        let expressions = t.get("matchLabelExpressions").into_iter().flat_map(|e| e.items());
        expressions.map(|e| Expression { operator: "In", ..expression(e, false) }).collect()
    };
    Demand { file: Some(object.file), selector: Vec::new(), terms: list.items().map(term).collect() }
}

fn terms(list: Node<'_>) -> Vec<Vec<Expression<'_>>> {
    list.items().map(term).collect()
}

fn term(node: Node<'_>) -> Vec<Expression<'_>> {
    let of = |key: &str| node.get(key).into_iter().flat_map(|e| e.items());
    let expressions = of("matchExpressions").map(|e| expression(e, false));
    expressions.chain(of("matchFields").map(|e| expression(e, true))).collect()
}

fn expression(node: Node<'_>, field: bool) -> Expression<'_> {
    let text = |key: &str| node.get(key).and_then(|n| n.text()).unwrap_or("");
    let values = node.get("values").into_iter().flat_map(|v| v.items());
    let values = values.filter_map(|v| Some((v.text()?, v.used_at()))).collect();
    Expression { key: text("key"), operator: text("operator"), values, field }
}
