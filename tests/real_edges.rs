//! What onshore says of stand-ins in Caddy, Apache httpd and Varnish, compared with the real servers on loopback: the first server is
//! killed, and who answers is compared with the routes.
//!
//! Needs `caddy`, `apache2` (or `httpd`) and `varnishd` on the path; says so and does nothing without one of them.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test starts servers and may panic

mod servers;

#[path = "servers/named.rs"]
mod named;

#[path = "servers/http.rs"]
mod http;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use http::{answer, ask, comes_to};
use named::Named;
use onshore::model::{Reference, RouteFact, Spill};
use onshore::read::apache::Apache;
use onshore::read::caddy::Caddy;
use onshore::read::varnish::Varnish;
use onshore::read::{Input, Reader, Reading};
use onshore::source::Sources;
use servers::{Server, free_port};

/// The first of these programs that is here.
fn program(names: &[&str], version: &str) -> Option<String> {
    let runs = |name: &&&str| {
        Command::new(name).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    };
    let found = names.iter().find(runs).map(|n| (*n).to_owned());
    if found.is_none() {
        println!("skipped: there is no {} here", names[0]);
    }
    found
}

fn folder(name: &str) -> PathBuf {
    // Varnish gives its rights up, and then must still reach this; a build folder may lie in a home that others may not enter.
    let folder = std::env::temp_dir().join(format!("onshore-real-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn start(binary: &str, arguments: &[&str], home: &Path) -> Server {
    let mut command = Command::new(binary);
    command.args(arguments).env("HOME", home).stdout(Stdio::null()).stderr(Stdio::null());
    Server(command.spawn().unwrap())
}

fn read(reader: &dyn Reader, path: &str, text: &str) -> Reading {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let reading = reader.read(&Input::new(&sources, file));
    assert!(reading.facts.gaps.is_empty(), "{:?}", reading.facts.gaps);
    reading
}

/// The route from an endpoint to a port of this machine.
fn route<'r>(reading: &'r Reading, from: &str, port: u16) -> &'r RouteFact {
    let label = |r: &Reference| match r {
        Reference::Fact(i) => reading.facts.endpoints[*i].label.clone(),
        other => format!("{other:?}"),
    };
    let to = format!("127.0.0.1:{port}");
    let found = reading.facts.routes.iter().find(|r| label(&r.from) == from && label(&r.to) == to);
    found.unwrap_or_else(|| panic!("no route from {from} to {to}"))
}

#[test]
fn caddy_leaves_the_first_upstream_only_with_health_checks() {
    let Some(binary) = program(&["caddy"], "version") else { return };
    let (mut near, far) = (Named::start("near", answer), Named::start("far", answer));
    let (watched, unwatched, admin) = (free_port(), free_port(), free_port());
    let site = |port: u16, checks: &str| {
        format!(
            "http://127.0.0.1:{port} {{\n  reverse_proxy 127.0.0.1:{} 127.0.0.1:{} {{\n    lb_policy first\n    lb_try_duration 1s\n{checks}  }}\n}}\n",
            near.port, far.port
        )
    };
    let sites = site(watched, "    fail_duration 10s\n") + &site(unwatched, "");
    let config = format!("{{\n  admin 127.0.0.1:{admin}\n  auto_https off\n}}\n{sites}");
    let home = folder("caddy");
    std::fs::write(home.join("Caddyfile"), &config).unwrap();
    let _server =
        start(&binary, &["run", "--adapter", "caddyfile", "--config", home.join("Caddyfile").to_str().unwrap()], &home);
    assert!(comes_to(watched, "127.0.0.1", "near") && comes_to(unwatched, "127.0.0.1", "near"));
    near.kill();
    assert!(comes_to(watched, "127.0.0.1", "far"));
    assert_eq!(ask(unwatched, "127.0.0.1", &[]), "error", "without checks nobody stands in");
    let reading = read(&Caddy, "Caddyfile", &config);
    assert_eq!(route(&reading, &format!("caddy http://127.0.0.1:{watched}"), far.port).spill, Spill::Load);
    let never = route(&reading, &format!("caddy http://127.0.0.1:{unwatched}"), far.port);
    assert!(matches!(never.spill, Spill::Never(_)), "{:?}", never.spill);
}

#[test]
fn httpd_asks_standbys_of_a_set_before_the_next_set() {
    let Some(binary) = program(&["apache2", "httpd"], "-v") else { return };
    let modules = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules"];
    let Some(modules) = modules.into_iter().find(|m| Path::new(m).is_dir()) else {
        println!("skipped: the modules of httpd are nowhere known");
        return;
    };
    let (mut near, mut standby, far) =
        (Named::start("near", answer), Named::start("standby", answer), Named::start("far", answer));
    let port = free_port();
    let home = folder("httpd");
    let names = ["mpm_event", "authz_core", "proxy", "proxy_http", "proxy_balancer", "slotmem_shm", "lbmethod_byrequests"];
    let load: String = names.iter().map(|n| format!("LoadModule {n}_module {modules}/mod_{n}.so\n")).collect();
    let config = format!(
        "ServerRoot {home}\nServerName localhost\nPidFile {home}/pid\nErrorLog {home}/error.log\nListen 127.0.0.1:{port}\n{load}
<Proxy balancer://media>
  BalancerMember http://127.0.0.1:{} retry=1
  BalancerMember http://127.0.0.1:{} status=+H retry=1
  BalancerMember http://127.0.0.1:{} lbset=1
</Proxy>
ProxyPass / balancer://media/
",
        near.port,
        standby.port,
        far.port,
        home = home.display()
    );
    std::fs::write(home.join("httpd.conf"), &config).unwrap();
    let _server = start(&binary, &["-X", "-f", home.join("httpd.conf").to_str().unwrap()], &home);
    assert!(comes_to(port, "a", "near"));
    near.kill();
    assert!(comes_to(port, "a", "standby"));
    standby.kill();
    assert!(comes_to(port, "a", "far"));
    let reading = read(&Apache, "httpd.conf", &config);
    let order = [near.port, standby.port, far.port].map(|p| route(&reading, "media", p).priority);
    assert_eq!(order, [Some(0), Some(1), Some(2)]);
}

#[test]
fn varnish_leaves_a_backend_only_when_its_probe_fails() {
    let Some(binary) = program(&["varnishd"], "-V") else { return };
    let (mut near, far) = (Named::start("near", answer), Named::start("far", answer));
    let port = free_port();
    let home = folder("varnish");
    let config = format!(
        "vcl 4.1;
import directors;
backend near {{ .host = \"127.0.0.1\"; .port = \"{near}\"; }}
backend probed {{ .host = \"127.0.0.1\"; .port = \"{near}\"; .probe = {{ .url = \"/\"; .interval = 300ms; .window = 2; .threshold = 1; }} }}
backend far {{ .host = \"127.0.0.1\"; .port = \"{far}\"; }}
sub vcl_init {{
  new plain = directors.fallback();
  plain.add_backend(near);
  plain.add_backend(far);
  new watched = directors.fallback();
  watched.add_backend(probed);
  watched.add_backend(far);
}}
sub vcl_recv {{
  set req.backend_hint = plain.backend();
  if (req.http.host == \"watched\") {{
    set req.backend_hint = watched.backend();
  }}
  return (pass);
}}
",
        near = near.port,
        far = far.port
    );
    std::fs::write(home.join("edge.vcl"), &config).unwrap();
    let work = home.join("work");
    let listen = format!("127.0.0.1:{port}");
    let vcl = home.join("edge.vcl");
    let arguments = ["-F", "-a", &listen, "-f", vcl.to_str().unwrap(), "-n", work.to_str().unwrap(), "-s", "malloc,16m"];
    let _server = start(&binary, &arguments, &home);
    assert!(comes_to(port, "plain", "near") && comes_to(port, "watched", "near"));
    near.kill();
    assert!(comes_to(port, "watched", "far"));
    assert_eq!(ask(port, "plain", &[]), "error", "without a probe the backend counts as healthy");
    let reading = read(&Varnish, "edge.vcl", &config);
    assert_eq!(route(&reading, "watched", far.port).spill, Spill::Load);
    let manual = route(&reading, "plain", far.port);
    assert!(matches!(manual.spill, Spill::Manual(_)), "{:?}", manual.spill);
}
