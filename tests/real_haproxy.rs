//! What onshore says of backups and of rules on the state of servers, compared with a real HAProxy on loopback: servers are
//! killed or filled, and who answers is compared with the routes.
//!
//! Needs `haproxy` on the path, or its path in `HAPROXY`; says so and does nothing without it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test starts servers and may panic

mod servers;

#[path = "servers/named.rs"]
mod named;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use named::Named;
use onshore::model::{Reference, RouteFact, RouteRole, Spill};
use onshore::read::haproxy::Haproxy;
use onshore::read::{Input, Reader, Reading};
use onshore::source::Sources;
use servers::{Server, free_port};

/// It hears the client out, so that a client that says nothing keeps the connection busy.
fn answer(stream: &mut TcpStream, name: &str) {
    let mut byte = [0];
    if stream.read(&mut byte).is_ok_and(|n| n == 1) {
        let _ = stream.write_all(name.as_bytes());
    }
}

fn haproxy() -> Option<String> {
    let path = std::env::var("HAPROXY").unwrap_or_else(|_| "haproxy".to_owned());
    let runs = Command::new(&path).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if !runs {
        println!("skipped: there is no haproxy here");
    }
    runs.then_some(path)
}

fn start(binary: &str, name: &str, config: &str) -> Server {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.cfg"));
    std::fs::write(&path, config).unwrap();
    let child =
        Command::new(binary).args(["-db", "-f"]).arg(&path).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    Server(child)
}

/// Who answers at a port; empty if nobody does within a second.
fn ask(port: u16) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    if stream.write_all(b"?").is_err() {
        return String::new();
    }
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// Waits until `expected` answers, for what needs a check or two to be noticed.
fn comes_to(port: u16, expected: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if ask(port) == expected {
            return true;
        }
        sleep(Duration::from_millis(50));
    }
    false
}

fn read(config: &str) -> (Sources, Reading) {
    let mut sources = Sources::default();
    let file = sources.add("haproxy.cfg", config);
    let reading = Haproxy.read(&Input::new(&sources, file));
    assert!(reading.facts.gaps.is_empty(), "{:?}", reading.facts.gaps);
    (sources, reading)
}

/// The route from a backend or frontend to a backend, or to a port of this machine.
fn route<'r>(reading: &'r Reading, from: &str, to: &str) -> &'r RouteFact {
    let label = |r: &Reference| match r {
        Reference::Fact(i) => reading.facts.endpoints[*i].label.clone(),
        other => format!("{other:?}"),
    };
    let found = reading.facts.routes.iter().find(|r| label(&r.from) == from && label(&r.to) == to);
    found.unwrap_or_else(|| panic!("no route from {from} to {to}"))
}

const DEFAULTS: &str = "defaults\n  mode tcp\n  timeout connect 300ms\n  timeout client 5s\n  timeout server 5s\n  timeout queue 5s\n  retries 1\n";

#[test]
fn backups_carry_when_checks_fail_and_only_then() {
    let Some(binary) = haproxy() else { return };
    let (mut near, far) = (Named::start("near", answer), Named::start("far", answer));
    let (mut unwatched, other) = (Named::start("unwatched", answer), Named::start("other", answer));
    let (checked, unchecked) = (free_port(), free_port());
    let config = format!(
        "{DEFAULTS}
frontend one
  bind 127.0.0.1:{checked}
  default_backend checked
frontend two
  bind 127.0.0.1:{unchecked}
  default_backend unchecked
backend checked
  server near 127.0.0.1:{} check inter 100ms fall 1 rise 1 maxconn 1
  server far 127.0.0.1:{} check inter 100ms backup
backend unchecked
  server near 127.0.0.1:{}
  server far 127.0.0.1:{} backup
",
        near.port, far.port, unwatched.port, other.port
    );
    let (_, reading) = read(&config);
    let _proxy = start(&binary, "backups", &config);
    assert!(comes_to(checked, "near") && comes_to(unchecked, "unwatched"));
    // Full: the next request waits in the queue, and no backup takes it.
    let held = TcpStream::connect(("127.0.0.1", checked)).unwrap();
    sleep(Duration::from_millis(300));
    assert_eq!(ask(checked), "", "a full server does not let its backup in");
    drop(held);
    assert!(comes_to(checked, "near"));
    near.kill();
    unwatched.kill();
    // Checks that fail let the backup in, as an overloaded server's do: it spills with load.
    assert!(comes_to(checked, "far"));
    assert_eq!(route(&reading, "checked", &format!("127.0.0.1:{}", far.port)).spill, Spill::Load);
    // Nothing notices that the other one is dead: its backup waits for a person.
    assert!(!comes_to(unchecked, "other"), "without checks no backup is let in");
    let backup = route(&reading, "unchecked", &format!("127.0.0.1:{}", other.port));
    assert!(matches!(backup.spill, Spill::Manual(_)), "{:?}", backup.spill);
}

#[test]
fn rules_on_the_state_of_servers_decide_which_backend_stands_in() {
    let Some(binary) = haproxy() else { return };
    let (mut near, far) = (Named::start("near", answer), Named::start("far", answer));
    let (guarded, plain) = (free_port(), free_port());
    let config = format!(
        "{DEFAULTS}
frontend guarded
  bind 127.0.0.1:{guarded}
  use_backend near if {{ nbsrv(near) ge 1 }}
  default_backend far
frontend plain
  bind 127.0.0.1:{plain}
  use_backend near if {{ always_true }}
  default_backend far
backend near
  server a 127.0.0.1:{} check inter 100ms fall 1 rise 1
  server off 127.0.0.1:{} disabled
  server drained 127.0.0.1:{} weight 0
backend far
  server a 127.0.0.1:{}
",
        near.port, far.port, far.port, far.port
    );
    let (_, reading) = read(&config);
    let _proxy = start(&binary, "rules", &config);
    assert!(comes_to(guarded, "near") && comes_to(plain, "near"));
    near.kill();
    assert!(comes_to(guarded, "far"));
    let standby = route(&reading, "frontend guarded", "far");
    assert_eq!((standby.role, &standby.spill), (RouteRole::Failover, &Spill::Load));
    // The first rule that holds decides, even if its backend is down; disabled and drained servers do not help.
    assert!(!comes_to(plain, "far"));
    assert!(!reading.facts.routes.iter().any(|r| {
        matches!((&r.from, &r.to), (Reference::Fact(a), Reference::Fact(b))
            if reading.facts.endpoints[*a].label == "frontend plain" && reading.facts.endpoints[*b].label == "far")
    }));
}
