//! The fields of routing objects: which of them decide where data goes, which cannot, and which can and are not followed.
//!
//! Istio, reference of the configuration API: "Virtual Service", "Destination Rule", "Service Entry", "Workload Entry", "Gateway",
//! "Sidecar". Gateway API, "API specification": HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute, Gateway. SMI, "Traffic Split". k8gb, Kuadrant and
//! ExternalDNS as in [`super::global`].
//! A part of a part (`VirtualService.http`) is checked wherever its field stands; what has no part of its own is not looked into.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::cluster::Cluster;
use super::custom;
use super::manifest::Object;
use crate::doc::Node;
use crate::model::{GapScope, Unread};
use crate::read::mentions::shorten;
use crate::read::words::{Effect, Vocabulary, Words};

pub(super) const TABLE: &[Words] = &[
    words("VirtualService", "hosts gateways http tls tcp", "exportTo", ""),
    words(
        "VirtualService.http",
        "name match route redirect directResponse delegate mirror mirrors mirrorPercent mirrorPercentage mirror_percent",
        "rewrite timeout retries fault corsPolicy headers websocketUpgrade appendHeaders appendRequestHeaders \
         appendResponseHeaders removeRequestHeaders removeResponseHeaders",
        "",
    ),
    words(
        "VirtualService.http.match",
        "uri headers withoutHeaders queryParams sourceLabels sourceNamespace gateways authority method port scheme",
        "name ignoreUriCase statPrefix",
        "",
    ),
    words("VirtualService.http.route", "destination weight", "headers", ""),
    words("VirtualService.http.route.destination", "host subset", "port", ""),
    words("VirtualService.http.mirror", "host subset", "port", ""),
    words("VirtualService.http.mirrors", "destination percentage", "", ""),
    words("VirtualService.http.mirrors.destination", "host subset", "port", ""),
    words("VirtualService.http.redirect", "authority", "uri port derivePort scheme redirectCode prefixRewrite", ""),
    words("VirtualService.http.delegate", "name namespace", "", ""),
    words("VirtualService.tls", "match route", "", ""),
    words("VirtualService.tls.match", "sniHosts destinationSubnets port sourceLabels sourceNamespace gateways", "", ""),
    words("VirtualService.tls.route", "destination weight", "", ""),
    words("VirtualService.tls.route.destination", "host subset", "port", ""),
    words("VirtualService.tcp", "match route", "", ""),
    words("VirtualService.tcp.match", "destinationSubnets port sourceSubnet sourceLabels sourceNamespace gateways", "", ""),
    words("VirtualService.tcp.route", "destination weight", "", ""),
    words("VirtualService.tcp.route.destination", "host subset", "port", ""),
    words("DestinationRule", "host trafficPolicy subsets workloadSelector exportTo", "", ""),
    words(
        "DestinationRule.trafficPolicy",
        "loadBalancer outlierDetection portLevelSettings",
        "connectionPool tls proxyProtocol retryBudget",
        "tunnel",
    ),
    words(
        "DestinationRule.trafficPolicy.loadBalancer",
        "localityLbSetting zoneAwareLbSetting",
        "simple consistentHash warmup warmupDurationSecs",
        "",
    ),
    words(
        "DestinationRule.trafficPolicy.loadBalancer.localityLbSetting",
        "distribute failover failoverPriority enabled",
        "",
        "",
    ),
    words("DestinationRule.trafficPolicy.loadBalancer.localityLbSetting.distribute", "from to", "", ""),
    words("DestinationRule.trafficPolicy.loadBalancer.localityLbSetting.failover", "from to", "", ""),
    words("DestinationRule.trafficPolicy.portLevelSettings", "port loadBalancer outlierDetection", "connectionPool tls", ""),
    words("DestinationRule.subsets", "name labels trafficPolicy", "", ""),
    words(
        "ServiceEntry",
        "hosts addresses ports resolution endpoints workloadSelector",
        "location exportTo subjectAltNames",
        "",
    ),
    words("ServiceEntry.ports", "number name targetPort", "protocol", ""),
    words("ServiceEntry.endpoints", "address ports locality labels", "network weight serviceAccount", ""),
    words("ServiceEntry.workloadSelector", "labels", "", ""),
    words("WorkloadEntry", "address locality labels", "ports network weight serviceAccount", ""),
    words("WorkloadGroup", "metadata template", "probe", ""),
    words("IstioGateway", "servers selector", "", ""),
    words("IstioGateway.servers", "hosts port tls", "bind name", "defaultEndpoint"),
    words("Sidecar", "workloadSelector outboundTrafficPolicy", "ingress egress inboundConnectionPool", ""),
    words("Sidecar.workloadSelector", "labels", "", ""),
    words("Sidecar.outboundTrafficPolicy", "egressProxy", "mode", ""),
    words("Sidecar.outboundTrafficPolicy.egressProxy", "host subset", "port", ""),
    words("Gateway", "gatewayClassName listeners addresses", "infrastructure allowedListeners tls defaultScope backendTLS", ""),
    words("Gateway.listeners", "name hostname port", "protocol tls allowedRoutes", ""),
    words("Gateway.addresses", "type value", "", ""),
    words("Route", "parentRefs hostnames rules", "", "useDefaultGateways"),
    words("Route.parentRefs", "group kind namespace name sectionName port", "", ""),
    words("Route.rules", "name matches filters backendRefs", "timeouts retry sessionPersistence", ""),
    words("Route.rules.matches", "path headers queryParams method", "", ""),
    words(
        "Route.rules.filters",
        "type requestMirror requestRedirect externalAuth",
        "requestHeaderModifier responseHeaderModifier urlRewrite cors",
        "extensionRef",
    ),
    words("Route.rules.filters.requestMirror", "backendRef percent fraction", "", ""),
    words("Route.rules.filters.requestRedirect", "hostname", "scheme path port statusCode", ""),
    words("Route.rules.filters.externalAuth", "backendRef", "protocol grpc http forwardBody", ""),
    words("Route.rules.backendRefs", "group kind name namespace weight filters", "port", ""),
    words("Gslb", "ingress resourceRef strategy", "", ""),
    words("Gslb.strategy", "type primaryGeoTag", "dnsTtlSeconds splitBrainThresholdSeconds weight", ""),
    words("DNSPolicy", "targetRef loadBalancing", "providerRefs healthCheck excludeAddresses delegate routingStrategy", ""),
    words("DNSPolicy.loadBalancing", "geo defaultGeo weight", "", "weighted"),
    words("DNSEndpoint", "endpoints", "", ""),
    words("DNSEndpoint.endpoints", "dnsName recordType targets providerSpecific", "recordTTL setIdentifier labels", ""),
    words("TrafficSplit", "service backends matches", "", ""),
    words("TrafficSplit.backends", "service weight", "", ""),
];

const fn words(part: &'static str, followed: &'static str, harmless: &'static str, refused: &'static str) -> Words {
    Words { part, followed, harmless, refused }
}

static KNOWN: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));
static PARTS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| TABLE.iter().map(|w| w.part).collect());

/// How deep fields are looked into; no part stands deeper.
const MAX_DEPTH: usize = 8;

impl<'d> Cluster<'d> {
    /// Tells every field of an object's spec that could route and is not followed.
    pub fn check_fields(&mut self, object: &Object<'d>, part: &str) {
        let mut wrong = Vec::new();
        if let Some(spec) = object.spec() {
            unknown(part, spec, 0, &mut wrong);
        }
        if wrong.is_empty() {
            return;
        }
        let mut scope = custom::references(self, object);
        scope.extend(self.own_facts(object));
        let scope = if scope.is_empty() { GapScope::Everything } else { GapScope::Endpoints(scope) };
        for (part, key, near) in wrong {
            let location = object.at(key);
            let word = shorten(key.text().unwrap_or(""));
            let kind = part.split('.').next_back().unwrap_or(&part);
            let (code, message) = match near {
                Some(_) => (
                    "unknown-directive",
                    format!("`{word}` is no field of `{kind}` that is known, so it may send data somewhere"),
                ),
                None => ("unfollowed-routing", format!("`{word}` of `{kind}` decides where data goes, and it is not followed")),
            };
            let help = match near {
                Some(Some(near)) => format!("did you mean `{near}`?"),
                _ => "declare where it leads as [[route]]s, and leave its file out with `exclude`".to_owned(),
            };
            let scope = scope.clone();
            self.facts.gaps.push(Unread { code, message, help: Some(help), location, scope });
        }
    }
}

/// A key that is not followed, with its part; for one that is not known, the nearest that is.
type Wrong<'d> = (String, Node<'d>, Option<Option<&'static str>>);

fn unknown<'d>(part: &str, node: Node<'d>, depth: usize, wrong: &mut Vec<Wrong<'d>>) {
    if depth > MAX_DEPTH {
        return;
    }
    for item in node.items() {
        unknown(part, item, depth + 1, wrong);
    }
    for entry in node.entries() {
        let (key, value) = (entry.name(), entry.value);
        match KNOWN.effect(part, key) {
            // To compare a key of a megabyte with every word would take long, and it is no slip of the pen.
            None => {
                let near = if key.len() <= 64 { KNOWN.nearest(part, key) } else { None };
                wrong.push((part.to_owned(), entry.key, Some(near)));
            }
            Some(Effect::Refused) if value.is_null() => {}
            Some(Effect::Refused) => wrong.push((part.to_owned(), entry.key, None)),
            Some(Effect::Harmless) => {}
            Some(Effect::Followed) => {
                let inner = format!("{part}.{key}");
                // The policy of a subset has the fields of the rule's own, and so have the filters of a backend.
                let inner = inner.replace("subsets.trafficPolicy", "trafficPolicy").replace("backendRefs.filters", "filters");
                let inner = inner.replace("portLevelSettings.loadBalancer", "loadBalancer");
                if PARTS.contains(inner.as_str()) {
                    unknown(&inner, value, depth + 1, wrong);
                }
            }
        }
    }
}
