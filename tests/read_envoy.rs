//! The Envoy reader against folders of input and expected facts, against real files, and against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use facts::{Show, corpus, seeds, sound};
use onshore::model::{Activity, RouteFact, RouteRole, Spill};
use onshore::read::envoy::Envoy;
use onshore::read::{Input, Reader, Reading, Recognized};
use onshore::source::Sources;
use proptest::prelude::*;

#[test]
fn cases() {
    facts::golden(&Envoy, "tests/read/envoy", 9);
}

fn read(sources: &Sources, path: &str) -> Reading {
    Envoy.read(&Input::new(sources, sources.find(path).unwrap()))
}

fn from<'a>(show: &Show<'a>, name: &str) -> Vec<(String, &'a RouteFact)> {
    let all = show.facts.routes.iter().filter(|r| show.reference(&r.from) == format!("[{name}]"));
    all.map(|r| (show.reference(&r.to), r)).collect()
}

#[test]
fn corpus_locality_priorities() {
    let Some(sources) = corpus("envoy/locality-priorities") else { return };
    let reading = read(&sources, "envoy.yaml");
    let show = Show { sources: &sources, facts: &reading.facts };
    // Fact 1: the listener on port 3000 sends every path to `backend`.
    let listener = reading.facts.endpoints.iter().find(|e| e.kind == "envoy-listener").unwrap();
    assert_eq!(listener.attributes.other["listen"], "0.0.0.0:3000");
    let entry = from(&show, &listener.label);
    assert_eq!(entry.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["[backend]"]);
    // Fact 2: priorities and localities.
    let routes = from(&show, "backend");
    let told: Vec<(&str, u32)> = routes.iter().map(|(to, r)| (to.as_str(), r.priority.unwrap())).collect();
    let expected = [("[backend-local-1]", 0), ("[backend-local-2]", 1), ("[backend-remote-1]", 1), ("[backend-remote-2]", 2)];
    assert_eq!(told, expected);
    let locality = |name: &str| {
        let host = reading.facts.endpoints.iter().find(|e| e.kind == "envoy-host" && e.names[0].value == name).unwrap();
        host.attributes.other["locality"].clone()
    };
    assert_eq!(locality("backend-local-1"), "local/zone-1");
    assert_eq!(locality("backend-local-2"), "local/zone-2");
    // The trap: priority 1 is not all local.
    assert_eq!(locality("backend-remote-1"), "remote/zone-1");
    assert_eq!(locality("backend-remote-2"), "remote/zone-2");
    // Fact 3: in normal running only the first; under load the remote region is in the first step.
    let standbys: Vec<&RouteFact> = routes.iter().skip(1).map(|(_, r)| *r).collect();
    assert!(standbys.iter().all(|r| r.role == RouteRole::Failover && r.spill == Spill::Load));
    assert!(reading.facts.gaps.is_empty());
    // The compose file beside it is not this reader's.
    let compose = sources.find("docker-compose.yaml").unwrap();
    assert_eq!(Envoy.recognize("docker-compose.yaml", &sources.get(compose).text), Recognized::No);
}

#[test]
fn corpus_route_mirror() {
    let Some(sources) = corpus("envoy/route-mirror") else { return };
    let reading = read(&sources, "envoy.yaml");
    let show = Show { sources: &sources, facts: &reading.facts };
    // Fact 1: each cluster has the endpoint of its name.
    for cluster in ["service1", "service1-mirror", "service2", "service2-mirror"] {
        let to: Vec<String> = from(&show, cluster).into_iter().map(|(to, _)| to).collect();
        assert_eq!(to, [format!("{cluster}:8080")]);
    }
    let listener = reading.facts.endpoints.iter().find(|e| e.kind == "envoy-listener").unwrap();
    let routes = from(&show, &listener.label);
    let of = |line: u32, activity: Activity| -> Vec<&str> {
        let here = routes.iter().filter(|(_, r)| sources.position(r.location).line == line && r.activity == activity);
        here.map(|(to, _)| to.as_str()).collect()
    };
    // Fact 2: a fixed mirror for service1; the trap: a header names that of service2, so it may be any cluster.
    assert_eq!(of(24, Activity::Forward), ["[service1]"]);
    assert_eq!(of(26, Activity::Mirror), ["[service1-mirror]"]);
    assert_eq!(of(30, Activity::Forward), ["[service2]"]);
    assert_eq!(of(32, Activity::Mirror), ["[service1]", "[service1-mirror]", "[service2]", "[service2-mirror]"]);
    // Fact 3: mirrors carry whole requests.
    assert!(routes.iter().all(|(_, r)| r.data == onshore::model::DataLimit::All));
    assert!(reading.facts.gaps.is_empty());
}

#[test]
fn other_formats_are_left_alone() {
    for (path, text) in [
        (
            "filter.yaml",
            "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nspec:\n  value:\n    \"@type\": type.googleapis.com/envoy.x\n",
        ),
        ("map.yaml", "apiVersion: v1\nkind: ConfigMap\ndata:\n  envoy.yaml: |\n    static_resources:\n      clusters: []\n"),
        ("compose.yaml", "services:\n  envoy:\n    image: envoyproxy/envoy\n"),
        ("list.json", "{\"resources\": [{\"type\": \"aws_instance\"}]}"),
        ("envoy.tf", "static_resources: {}\n"),
    ] {
        assert_eq!(Envoy.recognize(path, text), Recognized::No, "{path}");
    }
    assert_eq!(Envoy.recognize("envoy.json", "{\"staticResources\": {}}"), Recognized::Yes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn damaged_configurations_are_survived(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
                                           cut in 0_usize..40, insert in "[{}:,\\[\"'&*# \n-]{0,6}") {
        let seeds = seeds("tests/read/envoy");
        let mut text: Vec<char> = which.get(&seeds).chars().collect();
        let from = at.index(text.len().max(1)).min(text.len());
        let to = (from + cut).min(text.len());
        text.splice(from..to, insert.chars());
        sound(&Envoy, "envoy.yaml", &text.into_iter().collect::<String>());
    }
}

#[test]
fn hostile_input_ends() {
    // Clusters that contain each other, aliases of aliases, a header that names any of very many clusters.
    let circle = "static_resources:\n  clusters:\n  - {name: a, cluster_type: {name: envoy.clusters.aggregate, typed_config: {clusters: [b]}}}\n  - {name: b, cluster_type: {name: envoy.clusters.aggregate, typed_config: {clusters: [a]}}}\n";
    sound(&Envoy, "envoy.yaml", circle);
    let mut bomb = "a0: &a0 {cluster: x}\n".to_owned();
    for i in 1..30 {
        bomb.push_str(&format!("a{i}: &a{i} [*a{0}, *a{0}, *a{0}]\n", i - 1));
    }
    sound(
        &Envoy,
        "envoy.yaml",
        &format!(
            "{bomb}static_resources: {{listeners: [{{name: l, filter_chains: [{{filters: [{{name: strange, typed_config: *a29}}]}}]}}]}}\n"
        ),
    );
    let clusters: String = (0..3_000).map(|i| format!("    - {{name: c{i}}}\n")).collect();
    let routes = "{match: {prefix: /a}, route: {cluster_header: x}}, ".repeat(2_000);
    sound(
        &Envoy,
        "envoy.yaml",
        &format!(
            "static_resources:\n  listeners: [{{name: l, filter_chains: [{{filters: [{{name: envoy.filters.network.http_connection_manager, typed_config: {{route_config: {{virtual_hosts: [{{domains: ['*'], routes: [{routes}]}}]}}}}}}]}}]}}]\n  clusters:\n{clusters}"
        ),
    );
    sound(&Envoy, "envoy.json", &("{\"static_resources\":".repeat(100_000)));
}
