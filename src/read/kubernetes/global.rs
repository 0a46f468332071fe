//! DNS that objects of a cluster publish: k8gb's Gslb, Kuadrant's DNSPolicy, ExternalDNS.
//!
//! k8gb, "Strategy options": `roundRobin` answers with all clusters, `failover` with the primary while its pods are there and then
//! with the next, `geoip` with the closest. Which clusters there are stands in Helm values, so each Gslb is a gap of its hosts.
//! Kuadrant, "The DNSPolicy Custom Resource Definition": `geo` says which clients are sent to the gateway, not where it stands;
//! with `defaultGeo` all others are sent there too. The other clusters' gateways take part if their manifests are read.
//! ExternalDNS, "Annotations": `target` publishes other targets for the hosts than the load balancer itself. What its annotations
//! say of weights, regions and countries only leaves out some of the clients.

use super::cluster::Cluster;
use super::manifest::Object;
use crate::model::{Activity, ClientMatch, EndpointFact, GapScope, Reference, RouteRole, Spill, Standing, Unread};
use crate::read::mentions::shorten;
use crate::read::proxy::when::country;
use crate::source::{Location, Spanned};
use crate::vocab::continents::continent;

/// Which clients DNS sends to a gateway.
#[derive(Clone)]
pub(super) struct Sent {
    door: usize,
    clients: ClientMatch,
    text: String,
    at: Location,
}

impl<'d> Cluster<'d> {
    /// Other targets that ExternalDNS publishes for the hosts of an object.
    pub fn published_targets(&mut self, object: &Object<'d>, fact: usize) {
        let Some((_, value)) = object.annotations().find(|(n, _)| *n == "external-dns.alpha.kubernetes.io/target") else {
            return;
        };
        let location = object.at(value);
        for target in value.text().unwrap_or("").split(',').map(str::trim).filter(|t| !t.is_empty()) {
            let to = target_of(target);
            self.route(fact, to, Activity::Forward, location).alias = true;
        }
    }

    /// Records as ExternalDNS takes them from an object of its own.
    pub fn dns_endpoint(&mut self, object: &Object<'d>) {
        self.check_fields(object, "DNSEndpoint");
        for record in object.path(&["spec", "endpoints"]).into_iter().flat_map(|e| e.items()) {
            let Some(named) = record.get("dnsName") else {
                let message = "this record has no name, so which one leads there is not known".to_owned();
                let (location, scope) = (object.at(record), GapScope::Everything);
                let help = Some("give it a `dnsName`".to_owned());
                self.facts.gaps.push(Unread { code: "malformed-line", message, help, location, scope });
                continue;
            };
            let kind = record.get("recordType").map_or("A", |k| k.text().unwrap_or("?"));
            if matches!(kind, "TXT" | "PTR") {
                continue;
            }
            let name = named.text().unwrap_or("").trim_end_matches('.').to_ascii_lowercase();
            let mut fact = EndpointFact::new("dns-name", name.clone(), object.at(named));
            fact.standing = Standing::Logical;
            fact.names.push(Spanned::new(name.clone(), named.used_at()));
            let fact = self.push(fact);
            if !matches!(kind, "A" | "AAAA" | "CNAME") {
                let message = format!("the record type {} of `{name}` is not followed", shorten(kind));
                let help = "declare where the name leads in onshore's own inventory";
                self.gap("unfollowed-record", message, help, object.at(named), &[fact]);
                continue;
            }
            let setting = |wanted: &str| {
                let all = record.get("providerSpecific").into_iter().flat_map(|p| p.items());
                let mut all = all.filter(|p| p.get("name").and_then(|n| n.text()).is_some_and(|n| n.ends_with(wanted)));
                all.find_map(|p| p.get("value")?.text())
            };
            for target in record.get("targets").into_iter().flat_map(|t| t.items()) {
                let route = self.route(fact, target_of(target.text().unwrap_or("")), Activity::Forward, object.at(target));
                route.alias = true;
                route.pool = Some(format!("{name} {kind}"));
                match (setting("/failover"), setting("/weight")) {
                    (Some("SECONDARY"), _) => {
                        route.role = RouteRole::Failover;
                        route.priority = Some(1);
                        route.condition = Some("when the primary record is not healthy".to_owned());
                    }
                    (_, Some("0")) => {
                        route.role = RouteRole::Weighted;
                        route.spill = Spill::Never("its weight is 0".to_owned());
                        route.condition = Some("never: its weight is 0".to_owned());
                    }
                    (_, Some(weight)) => {
                        route.role = RouteRole::Weighted;
                        route.condition = Some(format!("by weight {}", shorten(weight)));
                    }
                    // What else they say only leaves out some of the clients.
                    _ => {}
                }
            }
        }
    }

    /// The clusters that answer for the hosts of a Gslb.
    pub fn gslb(&mut self, object: &Object<'d>) {
        self.check_fields(object, "Gslb");
        let reference = |key: &str| object.path(&["spec", "resourceRef", key]);
        let mut of = self.ingress_names.find(object.namespace, object.name);
        if let Some(name) = reference("name").and_then(|n| n.text()) {
            of.extend(self.ingress_names.find(object.namespace, name));
            of.extend(self.entry_names.find(object.namespace, name));
        }
        if let Some(label) = reference("matchLabels").and_then(|l| l.entries().next()) {
            let pair = (label.name(), label.value.text().unwrap_or(""));
            of.extend(self.ingress_labels.get(&pair).into_iter().flatten());
        }
        of.sort_unstable();
        of.dedup();
        let strategy = object.text(&["spec", "strategy", "type"]).unwrap_or("");
        let primary = object.text(&["spec", "strategy", "primaryGeoTag"]);
        let primary = primary.map(|p| format!(", primary `{}`", shorten(p))).unwrap_or_default();
        let message = format!(
            "by DNS other clusters answer for the hosts of Gslb `{}` too (strategy `{}`{primary}); which they are stands in Helm values",
            shorten(object.name),
            shorten(strategy)
        );
        let help = "declare the other clusters' entries as [[route]]s from these hosts, with the role `failover` or `geo`, and leave the Gslb's file out with `exclude`";
        let at =
            object.path(&["spec", "strategy"]).and_then(|s| s.entries().next()).map_or(object.location, |e| object.at(e.key));
        let of: Vec<Reference> = of.into_iter().map(Reference::Fact).collect();
        let scope = if of.is_empty() { GapScope::Everything } else { GapScope::Endpoints(of) };
        let help = Some(help.to_owned());
        self.facts.gaps.push(Unread { code: "unfollowed-routing", message, help, location: at, scope });
    }

    /// Notes for a gateway which clients DNS sends to it.
    pub fn dns_policy(&mut self, object: &Object<'d>) {
        self.check_fields(object, "DNSPolicy");
        let text = |keys: &[&str]| object.text(keys).unwrap_or("");
        let (kind, name) = (text(&["spec", "targetRef", "kind"]), text(&["spec", "targetRef", "name"]));
        let doors = if kind == "Gateway" { self.doors.find(object.namespace, name) } else { Vec::new() };
        if doors.is_empty() {
            let message = format!("gateway `{}` is named here, but no manifest that was read declares it", shorten(name));
            return self.remark("undefined-name", message, "add its manifest, or correct the name", object.location);
        }
        let Some(geo) = object.path(&["spec", "loadBalancing", "geo"]) else { return };
        let default = object.path(&["spec", "loadBalancing", "defaultGeo"]).and_then(|d| d.as_bool()) == Some(true);
        let code = shorten(geo.text().unwrap_or(""));
        let weight = object.text(&["spec", "loadBalancing", "weight"]).unwrap_or("120");
        let others = if default { ", and for those of any place that has no gateway of its own" } else { "" };
        // A continent's code after `GEO-`, or a country's; Google's names of regions say nothing of clients.
        let of_continent = code.strip_prefix("GEO-").and_then(continent).map(|c| c.at_most());
        let clients = match of_continent.or_else(|| country(&code).map(|c| vec![c])) {
            _ if default => ClientMatch::Any,
            Some(countries) => ClientMatch::Countries(countries),
            None => ClientMatch::Some(format!("clients in {code}")),
        };
        let text = format!("by DNS for clients in {code}{others} (weight {})", shorten(weight));
        for door in doors {
            self.sent.push(Sent { door: door.fact, clients: clients.clone(), text: text.clone(), at: object.at(geo) });
        }
    }

    /// Leads a host to an entry as the policies of its gateway say. Without any the entry has the name itself.
    pub fn sent_by_dns(&mut self, door: usize, host: &str, entry: usize) {
        let all: Vec<Sent> = self.sent.iter().filter(|s| s.door == door).cloned().collect();
        if all.is_empty() {
            return;
        }
        let names = std::mem::take(&mut self.facts.endpoints[entry].names);
        let mut fact = EndpointFact::new("dns-name", host, self.facts.endpoints[entry].location);
        fact.standing = Standing::Logical;
        fact.names = names;
        let from = self.push(fact);
        for sent in all {
            let route = self.route(from, Reference::Fact(entry), Activity::Forward, sent.at);
            route.role = RouteRole::Geo;
            route.clients = sent.clients;
            route.condition = Some(sent.text);
        }
    }
}

fn target_of(text: &str) -> Reference {
    let text = text.trim_end_matches('.');
    match text.parse() {
        Ok(ip) => Reference::Address { ip, port: None },
        Err(_) => Reference::Host { name: text.to_ascii_lowercase(), port: None },
    }
}
