//! VirtualService: rules that lead requests for a host to destinations, copy them, or send the client elsewhere.
//!
//! Istio, reference "Virtual Service": the first rule that matches counts; `weight` shares among destinations, and one of 0 gets
//! nothing; `mirror` and `mirrors` send a copy of the request; `delegate` takes the rules of another VirtualService; `rewrite` changes
//! what the request says, not where it goes.

use super::super::cluster::Cluster;
use super::super::manifest::Object;
use super::Locality;
use crate::doc::Node;
use crate::model::{Activity, ClientMatch, Reference, RouteFact, RouteRole, Spill};
use crate::read::mentions::shorten;

/// For whom a rule holds.
#[derive(Clone, Default)]
pub(in crate::read::kubernetes) struct When {
    pub clients: ClientMatch,
    pub text: Option<String>,
}

impl When {
    pub fn and(&self, more: String) -> Option<String> {
        Some(self.text.as_ref().map_or_else(|| more.clone(), |t| format!("{t} and {more}")))
    }
}

impl<'d> Cluster<'d> {
    /// Routes from `node` by the rules that hold at `gateway` (`mesh`: at sidecars).
    pub(super) fn follow_rules(&mut self, object: &Object<'d>, node: usize, gateway: &str, from: Option<&Locality>) {
        for kind in ["http", "tls", "tcp"] {
            let rules = object.path(&["spec", kind]).into_iter().flat_map(|r| r.items());
            for (i, rule) in rules.enumerate() {
                if !self.spend(object.location) {
                    return;
                }
                let Some(when) = matched(object, rule, gateway) else { continue };
                let name = rule.get("name").and_then(|n| n.text()).map_or_else(|| (i + 1).to_string(), shorten);
                let pool = format!("{} {kind} {name}", object.name);
                match rule.get("delegate") {
                    Some(delegate) => self.delegated(object, delegate, node, &when, &pool, from),
                    None => self.follow_rule(object, rule, node, &when, &pool, from),
                }
            }
        }
    }

    fn delegated(
        &mut self,
        object: &Object<'d>,
        delegate: Node<'d>,
        node: usize,
        when: &When,
        pool: &str,
        from: Option<&Locality>,
    ) {
        let text = |key: &str| delegate.get(key).and_then(|n| n.text());
        let name = text("name").unwrap_or("");
        let found = self.mesh.virtual_services.find(text("namespace").or(object.namespace), name);
        if found.is_empty() {
            let message = format!("these requests are led by VirtualService `{}`, which was not read", shorten(name));
            self.gap("undefined-name", message, "add its manifest, or correct the name", object.at(delegate), &[node]);
        }
        for other in found {
            for (i, rule) in other.path(&["spec", "http"]).into_iter().flat_map(|r| r.items()).enumerate() {
                if !self.spend(other.location) {
                    return;
                }
                let Some(inner) = matched(&other, rule, "") else { continue };
                let clients = if when.clients == ClientMatch::Any { inner.clients.clone() } else { when.clients.clone() };
                let text = match (&when.text, inner.text) {
                    (Some(a), Some(b)) => Some(format!("{a} and {b}")),
                    (a, b) => a.clone().or(b),
                };
                let pool = format!("{pool} {} {}", other.name, i + 1);
                // A delegate has no delegates.
                self.follow_rule(&other, rule, node, &When { clients, text }, &pool, from);
            }
        }
    }

    fn follow_rule(
        &mut self,
        object: &Object<'d>,
        rule: Node<'d>,
        node: usize,
        when: &When,
        pool: &str,
        from: Option<&Locality>,
    ) {
        let routes: Vec<Node<'d>> = rule.get("route").into_iter().flat_map(|r| r.items()).collect();
        // Left out it is 0; of those that are no numbers nobody knows who gets nothing.
        let weights: Option<Vec<u64>> = routes.iter().map(|n| n.get("weight").map_or(Some(0), |w| w.as_u64())).collect();
        let total = weights.iter().flatten().copied().fold(0, u64::saturating_add);
        for (i, route) in routes.iter().enumerate() {
            let Some(destination) = route.get("destination") else {
                let message = "this route names no destination".to_owned();
                self.gap("unusable-target", message, "name one in `destination`", object.at(rule), &[node]);
                continue;
            };
            let weight = weights.as_ref().and_then(|all| all.get(i).copied());
            let share = weight.filter(|_| routes.len() > 1 && total > 0).map(|weight| (weight, total));
            self.lead_to_destination(object, destination, node, when, pool, share, Activity::Forward, from);
        }
        if let Some(host) = rule.path(&["redirect", "authority"]) {
            let name = host.text().unwrap_or("").to_ascii_lowercase();
            let to = Reference::Host { name, port: None };
            let mut route = RouteFact::new(Reference::Fact(node), to, Activity::Forward, object.at(host));
            route.condition = when.and("the client is sent there (redirect)".to_owned());
            route.clients = when.clients.clone();
            self.mesh_route(route);
        }
        // One that is no number leaves the copy on.
        let percent = |n: Option<Node<'d>>| n.and_then(|n| n.get("value").unwrap_or(n).text()?.parse::<f64>().ok());
        if let Some(mirror) = rule.get("mirror") {
            let keys = ["mirrorPercentage", "mirrorPercent", "mirror_percent"];
            let off = percent(keys.iter().find_map(|k| rule.get(k))) == Some(0.0);
            self.mirrored(object, mirror, node, when, off, from);
        }
        for mirror in rule.get("mirrors").into_iter().flat_map(|m| m.items()) {
            if let Some(destination) = mirror.get("destination") {
                self.mirrored(object, destination, node, when, percent(mirror.get("percentage")) == Some(0.0), from);
            }
        }
    }

    fn mirrored(
        &mut self,
        object: &Object<'d>,
        destination: Node<'d>,
        node: usize,
        when: &When,
        off: bool,
        from: Option<&Locality>,
    ) {
        let share = off.then_some((0, 100));
        let when = When { clients: when.clients.clone(), text: when.and("a copy of each request (mirror)".to_owned()) };
        self.lead_to_destination(object, destination, node, &when, "", share, Activity::Mirror, from);
    }

    #[expect(clippy::too_many_arguments, reason = "one for each thing that a rule says of a destination")]
    fn lead_to_destination(
        &mut self,
        object: &Object<'d>,
        destination: Node<'d>,
        node: usize,
        when: &When,
        pool: &str,
        share: Option<(u64, u64)>,
        activity: Activity,
        from: Option<&Locality>,
    ) {
        let Some(host) = destination.get("host") else {
            let message = "this destination names no host".to_owned();
            return self.gap("unusable-target", message, "name one in `host`", object.at(destination), &[node]);
        };
        let (text, at) = (host.text().unwrap_or(""), object.at(host));
        let subset = destination.get("subset").and_then(|s| s.text()).filter(|s| !s.is_empty());
        for known in self.registered(object.namespace, text) {
            for to in self.destination(&known, subset, from, at) {
                let mut route = RouteFact::new(Reference::Fact(node), to, activity, at);
                route.pool = (!pool.is_empty()).then(|| pool.to_owned());
                route.clients = when.clients.clone();
                route.condition.clone_from(&when.text);
                if let Some((weight, total)) = share {
                    let is_rolled = |name: &str| self.mesh.rolled.contains(name);
                    let rolled = is_rolled(text.split('.').next().unwrap_or(text)) || subset.is_some_and(is_rolled);
                    route.role = RouteRole::Weighted;
                    if weight == 0 && rolled {
                        route.condition = when.and("while a rollout is under way".to_owned());
                    } else if weight == 0 {
                        route.spill = Spill::Never("its weight is 0".to_owned());
                        route.condition = when.and("never: its weight is 0".to_owned());
                    } else {
                        route.condition = when.and(format!("takes {weight} of {total} requests"));
                    }
                }
                if route.from != route.to {
                    self.mesh_route(route);
                }
            }
        }
    }
}

/// For whom a rule holds at a gateway; `None`: it does not hold there.
fn matched(object: &Object<'_>, rule: Node<'_>, gateway: &str) -> Option<When> {
    let all: Vec<Node<'_>> = rule.get("match").into_iter().flat_map(|m| m.items()).collect();
    let here = |m: &&Node<'_>| {
        let mut gateways = m.get("gateways").into_iter().flat_map(|g| g.items()).filter_map(|g| g.text()).peekable();
        gateway.is_empty() || gateways.peek().is_none() || gateways.any(|g| full(object, g) == full(object, gateway))
    };
    let held: Vec<&Node<'_>> = all.iter().filter(here).collect();
    if held.is_empty() {
        return all.is_empty().then(When::default);
    }
    // Any one of them is enough.
    let mut texts: Vec<String> = held.iter().map(|m| described(**m)).collect();
    if texts.iter().any(String::is_empty) {
        return Some(When::default());
    }
    let by_client = |m: &&Node<'_>| {
        ["headers", "withoutHeaders", "queryParams", "sourceLabels", "sourceNamespace", "sourceSubnet", "method"]
            .iter()
            .any(|k| m.get(k).is_some())
    };
    let some = held.iter().all(by_client);
    let more = texts.len().saturating_sub(4);
    texts.truncate(4);
    let mut text = format!("for {}", texts.join(" or "));
    if more > 0 {
        text = format!("{text} or {more} more");
    }
    let clients = if some { ClientMatch::Some(texts.join(" or ")) } else { ClientMatch::Any };
    Some(When { clients, text: Some(text) })
}

/// `namespace/name`, as `gateways` writes it.
fn full(object: &Object<'_>, gateway: &str) -> String {
    match gateway.split_once('/') {
        Some((".", name)) => format!("{}/{name}", object.namespace.unwrap_or("")),
        Some(_) => gateway.to_owned(),
        None if gateway == "mesh" => gateway.to_owned(),
        None => format!("{}/{gateway}", object.namespace.unwrap_or("")),
    }
}

/// `uri /cart and header x-user`.
fn described(node: Node<'_>) -> String {
    let mut parts = Vec::new();
    for entry in node.entries() {
        let value = entry.value;
        let inner = |n: Node<'_>| {
            let text = n.text().map(str::to_owned);
            text.or_else(|| n.entries().next().and_then(|e| Some(format!("{} {}", e.name(), e.value.text()?))))
                .unwrap_or_default()
        };
        match entry.name() {
            "name" | "gateways" | "ignoreUriCase" | "statPrefix" => {}
            key @ ("headers" | "withoutHeaders" | "queryParams" | "sourceLabels") => {
                for one in value.entries() {
                    parts.push(format!("{key} {} {}", one.name(), inner(one.value)));
                }
            }
            key if value.is_list() => {
                let all: Vec<&str> = value.items().filter_map(|i| i.text()).collect();
                parts.push(format!("{key} {}", all.join(", ")));
            }
            key => parts.push(format!("{key} {}", inner(value))),
        }
    }
    shorten(parts.join(" and ").trim())
}
