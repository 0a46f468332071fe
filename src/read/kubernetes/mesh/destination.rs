//! DestinationRule: which endpoints of a host carry requests from a given locality, and in which order the others take over.
//!
//! Istio, reference "Destination Rule": subsets choose endpoints by labels; LocalityLoadBalancerSetting works only where
//! `outlierDetection` is set, for nothing else takes endpoints out, and is on by default for the whole mesh. Envoy hands on to
//! the next locality as soon as less than 72 % of the preferred endpoints are healthy (Envoy, "Priority levels",
//! overprovisioning factor 1.4), so a locality takes over under load, not only after a loss.
//!
//! Where it depends on the client which rule it sees (several rules for one host, `workloadSelector`, `exportTo`, settings of single
//! ports), every endpoint counts as one that carries.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::cluster::Cluster;
use super::super::manifest::Object;
use super::locality::{Label, Order, Range, priority, ranks};
use super::{Host, Locality};
use crate::doc::Node;
use crate::model::{Activity, GapScope, Reference, RouteFact, RouteRole, Spill, Trail, Unread};
use crate::read::mentions::shorten;
use crate::source::Location;

/// One endpoint of a host.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub to: Reference,
    pub at: Location,
    pub locality: Option<Locality>,
    /// `None`: nobody says.
    pub labels: Option<BTreeMap<String, String>>,
}

/// Which endpoints carry.
enum Balance<'d> {
    /// All of them alike.
    All,
    /// The nearest first.
    Nearest(Order, Location),
    /// Shares by locality: of each rule, for whom, and who gets how much.
    Shares(Vec<(&'d str, Vec<(&'d str, &'d str)>)>, Location),
}

/// Localities of `distribute` times endpoints; beyond that every endpoint counts as one that carries.
const MAX_SHARES: usize = 1_000_000;

const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";
const SUBZONE: &str = "topology.istio.io/subzone";

impl<'d> Cluster<'d> {
    /// Where a proxy in `from` sends requests for a destination. One endpoint, unless there is nothing to say about it.
    pub fn destination(&mut self, host: &Host, subset: Option<&str>, from: Option<&Locality>, at: Location) -> Vec<Reference> {
        let key = (host.clone(), subset.map(str::to_owned), from.cloned());
        if let Some(known) = self.mesh.destinations.get(&key) {
            return known.clone();
        }
        let found = vec![self.balanced_destination(host, subset, from, at)];
        self.mesh.destinations.insert(key, found.clone());
        found
    }

    fn balanced_destination(&mut self, host: &Host, subset: Option<&str>, from: Option<&Locality>, at: Location) -> Reference {
        if self.mesh.budget == 0 {
            return self.plain(host, at);
        }
        let rules = self.rules_for(host);
        let balance = self.balance(host, subset, &rules);
        let abroad = matches!(host, Host::Service(fact) if self.mesh.abroad.contains_key(fact));
        let is_entry =
            matches!(host, Host::Entry(name) if self.mesh.entries.get(name).is_some_and(|e| e.iter().any(super::entry::leads)));
        let plain = subset.is_none() && !abroad && !is_entry && matches!(balance, Balance::All);
        if plain || matches!(host, Host::Missing(..) | Host::Outside(_)) {
            return self.plain(host, at);
        }
        let mut members = self.members(host);
        if let Some(subset) = subset {
            members = Rc::new(self.subset(host, subset, &rules, &members, at));
        }
        let all_same = members.iter().all(|m| m.locality.is_none()) && matches!(balance, Balance::Nearest(..));
        if members.is_empty() || (all_same && subset.is_none() && !abroad && !is_entry) {
            return self.plain(host, at);
        }
        let shown = self.host_shown(host);
        let mut label = match (host, subset) {
            (_, Some(subset)) => format!("{shown} subset {subset}"),
            (Host::Service(_), None) => format!("{shown} in the mesh"),
            _ => shown.clone(),
        };
        let several = matches!(balance, Balance::Nearest(..) | Balance::Shares(..)) && self.clients_in_several_places();
        if let Some(from) = from.filter(|_| several) {
            label = format!("{label} (from {})", from.shown());
        }
        let node = self.logical("istio-destination", &label, rules.first().map_or(at, |r| r.location));
        self.mesh.nodes.entry(host.clone()).or_default().push(node);
        for route in self.carried(node, &shown, &members, &balance, from) {
            self.mesh_route(route);
        }
        Reference::Fact(node)
    }

    /// Pods stand in more than one locality, so that who asks makes a difference.
    fn clients_in_several_places(&self) -> bool {
        let mut all = self.workloads.iter().filter_map(|w| self.locality_of(w.fact));
        let first = all.next();
        all.any(|l| Some(&l) != first.as_ref())
    }

    fn rules_for(&self, host: &Host) -> Vec<Object<'d>> {
        let mut rules: Vec<usize> = self.mesh.rules_of.get(host).cloned().unwrap_or_default();
        if rules.is_empty() {
            let names: Vec<String> = match host {
                Host::Service(fact) => self.facts.endpoints[*fact].names.iter().map(|n| n.value.clone()).collect(),
                Host::Entry(name) => vec![name.clone()],
                Host::Missing(..) | Host::Outside(_) => Vec::new(),
            };
            let fits =
                |end: &str| names.iter().any(|n| end.is_empty() || n.strip_suffix(end).is_some_and(|n| n.ends_with('.')));
            rules.extend(self.mesh.wild_rules.iter().filter(|(end, _)| fits(end)).map(|(_, rule)| *rule));
        }
        rules.into_iter().map(|r| self.mesh.rules[r]).collect()
    }

    fn balance(&self, host: &Host, subset: Option<&str>, rules: &[Object<'d>]) -> Balance<'d> {
        let close = matches!(host, Host::Service(fact) if self.mesh.close.contains(fact));
        let labels = || [REGION, ZONE, SUBZONE].map(|l| (l.to_owned(), None)).to_vec();
        let [rule] = rules else {
            // Nothing watches the endpoints but the cluster itself.
            return match (rules, host) {
                ([], Host::Service(fact)) if close => {
                    Balance::Nearest(Order { labels: labels(), ..Order::default() }, self.facts.endpoints[*fact].location)
                }
                _ => Balance::All,
            };
        };
        let has = |n: Option<Node<'d>>| n.is_some_and(|n| n.items().next().is_some() || n.entries().next().is_some());
        let spec = |key: &str| rule.path(&["spec", key]);
        let hidden = spec("exportTo").is_some_and(|e| e.items().any(|i| i.text() != Some("*")));
        if has(spec("workloadSelector")) || hidden || !self.is_at_home(rule, host) {
            return Balance::All;
        }
        let of_subset = subset
            .and_then(|s| spec("subsets")?.items().find(|i| i.get("name").and_then(|n| n.text()) == Some(s)))
            .and_then(|s| s.get("trafficPolicy"));
        let policies = [of_subset, spec("trafficPolicy")];
        let find = |path: &[&str]| policies.into_iter().flatten().find_map(|p| p.path(path));
        let ports = find(&["portLevelSettings"]).into_iter().flat_map(|p| p.items());
        let mut ports = ports.filter(|p| p.get("loadBalancer").is_some() || p.get("outlierDetection").is_some());
        if ports.next().is_some() || find(&["loadBalancer", "zoneAwareLbSetting"]).is_some() {
            return Balance::All;
        }
        let watched = find(&["outlierDetection"]);
        let balancer = policies.into_iter().flatten().find_map(|p| p.get("loadBalancer"));
        let Some(setting) = balancer.and_then(|b| b.get("localityLbSetting")) else {
            // The mesh's own setting is on unless it was switched off, and then all carry; it may order otherwise.
            return match (watched, self.mesh_setting()) {
                _ if close => Balance::Nearest(Order { labels: labels(), ..Order::default() }, rule.location),
                (Some(watched), MeshSetting::Default) => Balance::Nearest(Order::default(), rule.at(watched)),
                _ => Balance::All,
            };
        };
        let at = rule.at(setting.entries().next().map_or(setting, |e| e.key));
        if setting.get("enabled").and_then(|e| e.as_bool()) == Some(false) {
            return Balance::All;
        }
        let text = |n: Node<'d>, key: &str| n.get(key).and_then(|k| k.text()).unwrap_or("");
        let list = |key: &str| setting.get(key).into_iter().flat_map(|l| l.items());
        let shares: Vec<_> = list("distribute")
            .map(|d| {
                let to = d.get("to").into_iter().flat_map(|t| t.entries());
                (text(d, "from"), to.map(|e| (e.name(), e.value.text().unwrap_or("?"))).collect())
            })
            .collect();
        if !shares.is_empty() {
            return Balance::Shares(shares, at);
        }
        if watched.is_none() {
            return Balance::All;
        }
        let failover = list("failover").map(|f| (text(f, "from").to_owned(), text(f, "to").to_owned())).collect();
        let by_label = |l: Node<'d>| {
            let text = l.text().unwrap_or("");
            text.split_once('=').map_or((text.to_owned(), None), |(label, value)| (label.to_owned(), Some(value.to_owned())))
        };
        Balance::Nearest(Order { failover, labels: list("failoverPriority").map(by_label).collect() }, at)
    }

    /// Whether every client sees a rule: it stands beside the service, or in the mesh's root namespace (Istio, "Configuration
    /// Scoping"). Elsewhere it is for the clients of its own namespace.
    fn is_at_home(&self, rule: &Object<'d>, host: &Host) -> bool {
        let Some(namespace) = rule.namespace else { return true };
        let beside = match host {
            Host::Service(fact) => self.namespace_of(*fact) == Some(namespace),
            Host::Entry(name) => {
                let mut entries = self.mesh.entries.get(name).into_iter().flatten();
                entries.all(|e| e.namespace.is_none_or(|n| n == namespace))
            }
            Host::Missing(..) | Host::Outside(_) => false,
        };
        beside || namespace == "istio-system"
    }

    /// What the mesh's own configuration says of localities, as far as it was read.
    fn mesh_setting(&self) -> MeshSetting {
        let own = self.config_maps.named("istio");
        let says = own.iter().filter_map(|m| m.text(&["data", "mesh"])).any(|t| t.contains("ocalityLbSetting"));
        if says { MeshSetting::Own } else { MeshSetting::Default }
    }

    /// The endpoints of a host, before any rule.
    fn members(&mut self, host: &Host) -> Rc<Vec<Member>> {
        if let Some(known) = self.mesh.members.get(host) {
            return Rc::clone(known);
        }
        let members = Rc::new(self.list_members(host));
        self.mesh.members.insert(host.clone(), Rc::clone(&members));
        members
    }

    fn list_members(&mut self, host: &Host) -> Vec<Member> {
        match host {
            Host::Entry(name) => self.entry_members(name),
            Host::Service(fact) => {
                let own = self.facts.routes.iter().filter(|r| {
                    r.from == Reference::Fact(*fact)
                        && !r.alias
                        && r.activity == Activity::Forward
                        && r.pool.as_deref() == Some("pods")
                });
                let own: Vec<(Reference, Location)> = own.map(|r| (r.to.clone(), r.location)).collect();
                let mut members: Vec<Member> = Vec::new();
                for (to, at) in own {
                    let mut member = self.member(to, at);
                    if member.locality.is_none() {
                        member.locality = self.mesh.localities.get(&(*fact, member.to.clone())).cloned();
                    }
                    members.push(member);
                }
                for (id, locality, at) in self.mesh.abroad.get(fact).cloned().unwrap_or_default() {
                    members.push(Member { to: Reference::Id(id), at, locality, labels: None });
                }
                members
            }
            Host::Missing(..) | Host::Outside(_) => Vec::new(),
        }
    }

    pub(super) fn member(&self, to: Reference, at: Location) -> Member {
        let Reference::Fact(fact) = to else { return Member { to, at, locality: None, labels: None } };
        let labels = self.facts.endpoints[fact].tags.clone();
        Member { locality: self.locality_of(fact), to, at, labels: Some(labels) }
    }

    fn subset(&mut self, host: &Host, subset: &str, rules: &[Object<'d>], members: &[Member], at: Location) -> Vec<Member> {
        let mut wanted: Option<Node<'d>> = None;
        for rule in rules {
            let all = rule.path(&["spec", "subsets"]).into_iter().flat_map(|s| s.items());
            wanted = wanted.or_else(|| all.into_iter().find(|s| s.get("name").and_then(|n| n.text()) == Some(subset)));
        }
        let Some(wanted) = wanted else {
            let message = format!(
                "no DestinationRule that was read says what subset `{}` of `{}` is",
                shorten(subset),
                self.host_shown(host)
            );
            let scope = GapScope::Endpoints(vec![self.plain(host, at)]);
            let help = Some("add the DestinationRule, or correct the name".to_owned());
            self.facts.gaps.push(Unread { code: "undefined-name", message, help, location: at, scope });
            return members.to_vec();
        };
        let pairs: Vec<(&str, &str)> = wanted
            .get("labels")
            .into_iter()
            .flat_map(|l| l.entries())
            .map(|e| (e.name(), e.value.text().unwrap_or("")))
            .collect();
        let fits = |m: &Member| {
            m.labels
                .as_ref()
                .is_none_or(|l| pairs.iter().all(|(k, v)| l.get(*k).map(String::as_str) == Some(*v) || is_topology(k)))
        };
        let left: Vec<Member> = members.iter().filter(|m| fits(m)).cloned().collect();
        if left.is_empty() {
            let message = format!(
                "no endpoint of `{}` that was read has the labels of subset `{}`",
                self.host_shown(host),
                shorten(subset)
            );
            let scope = GapScope::Endpoints(vec![self.plain(host, at)]);
            let help = Some("add the manifests of those pods, or correct the labels".to_owned());
            self.facts.gaps.push(Unread { code: "service-without-pods", message, help, location: at, scope });
        }
        left
    }

    fn carried(
        &self,
        node: usize,
        shown: &str,
        members: &[Member],
        balance: &Balance<'d>,
        from: Option<&Locality>,
    ) -> Vec<RouteFact> {
        let unknown = Locality::default();
        let from = from.unwrap_or(&unknown);
        let plain = |m: &Member| {
            let mut route = RouteFact::new(Reference::Fact(node), m.to.clone(), Activity::Forward, m.at);
            route.pool = Some("endpoints".to_owned());
            route.priority = Some(0);
            route
        };
        match balance {
            Balance::All => members.iter().map(plain).collect(),
            Balance::Nearest(order, at) => {
                let ranges: Vec<Range> = members.iter().map(|m| range(m, from, order)).collect();
                let here = from.shown();
                let here = if here.is_empty() { "the proxy".to_owned() } else { here };
                let after = |rank: u32, m: &Member| {
                    let mut route = plain(m);
                    route.priority = Some(rank);
                    route.trail = Trail::stated(*at, "this decides which endpoints take over");
                    if rank > 0 {
                        let locality = m.locality.as_ref().map(|l| format!(" in {}", l.shown())).unwrap_or_default();
                        route.role = RouteRole::Failover;
                        route.condition = Some(format!(
                            "when less than 72 % of the endpoints of `{}` that are nearer to {here} are healthy (priority {rank}{locality})",
                            shorten(shown)
                        ));
                    }
                    route
                };
                ranks(&ranges).into_iter().zip(members).map(|(rank, m)| after(rank, m)).collect()
            }
            Balance::Shares(rules, at) => {
                let mut doubt = false;
                let mut rule = None;
                for (pattern, to) in rules {
                    match from.matches(pattern) {
                        Some(true) => {
                            rule = Some(to);
                            break;
                        }
                        Some(false) => {}
                        None => doubt = true,
                    }
                }
                let bounded = |to: &&Vec<(&str, &str)>| to.len().saturating_mul(members.len()) < MAX_SHARES;
                let Some(to) = rule.filter(|_| !doubt).filter(bounded) else { return members.iter().map(plain).collect() };
                let share = |m: &Member| {
                    let mut route = plain(m);
                    route.trail = Trail::stated(*at, "this says which locality gets how much");
                    let locality = m.locality.clone().unwrap_or_default();
                    let mut all = to.iter().map(|(pattern, share)| (locality.matches(pattern), pattern, share));
                    match all.clone().find(|(fits, _, _)| *fits == Some(true)) {
                        Some((_, pattern, share)) => {
                            route.role = RouteRole::Weighted;
                            route.condition = Some(format!("{pattern} takes {share} % of the requests from {}", from.shown()));
                        }
                        None if all.any(|(fits, _, _)| fits.is_none()) => {}
                        None => {
                            let why = format!(
                                "`distribute` gives {} no share of the requests from {}",
                                locality.shown(),
                                from.shown()
                            );
                            route.condition = Some(format!("never: {why}"));
                            route.spill = Spill::Never(why);
                        }
                    }
                    route
                };
                members.iter().map(share).collect()
            }
        }
    }
}

/// Whether the mesh's configuration orders localities in a way of its own.
enum MeshSetting {
    Default,
    Own,
}

fn is_topology(label: &str) -> bool {
    [REGION, ZONE, SUBZONE].contains(&label) || label.starts_with("topology.istio.io/")
}

fn range(member: &Member, from: &Locality, order: &Order) -> Range {
    let theirs = member.locality.clone().unwrap_or_default();
    let label = |locality: &Locality, own: Option<&BTreeMap<String, String>>, name: &str| {
        let by_place = match name {
            REGION => locality.region.clone(),
            ZONE => locality.zone.clone(),
            SUBZONE => locality.subzone.clone(),
            _ if is_topology(name) => None,
            // A label that a pod does not have counts as empty.
            _ => own.map(|l| l.get(name).cloned().unwrap_or_default()),
        };
        by_place.map_or(Label::Unknown, Label::Is)
    };
    priority(from, &theirs, order, &|name| label(from, None, name), &|name| label(&theirs, member.labels.as_ref(), name))
}
