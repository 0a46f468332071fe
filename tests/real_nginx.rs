//! What onshore says of backups, stand-ins, mirrors and choices by client, compared with a real nginx on loopback: servers are killed
//! or filled, and who answers is compared with the routes of normal running, overload and loss.
//!
//! Needs `nginx` on the path, or its path in `NGINX`, and for two tests its modules (Debian: nginx, libnginx-mod-http-geoip2,
//! libnginx-mod-stream); says so and does nothing without them.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test starts servers and may panic

mod servers;

#[path = "servers/named.rs"]
mod named;

#[path = "servers/http.rs"]
mod http;

#[path = "servers/said.rs"]
mod said;

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use http::{answer, ask, comes_to};
use named::Named;
use onshore::model::{Activity, ClientMatch, Country, RouteFact};
use onshore::read::nginx::Nginx;
use onshore::read::{Input, Reader, Reading};
use onshore::source::Sources;
use said::{State, label, said};
use servers::{Server, free_port};

fn nginx() -> Option<String> {
    let path = std::env::var("NGINX").unwrap_or_else(|_| "nginx".to_owned());
    let runs = Command::new(&path).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if !runs {
        println!("skipped: there is no nginx here");
    }
    runs.then_some(path)
}

/// The line that loads a module.
fn module(name: &str) -> Option<String> {
    let folders = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules"];
    let found = folders.iter().map(|f| format!("{f}/{name}.so")).find(|p| Path::new(p).exists());
    if found.is_none() {
        println!("skipped: the module {name} of nginx is nowhere known");
    }
    found.map(|path| format!("load_module {path};\n"))
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nginx-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// One process, so that what it learns of its servers is known to all of it.
fn main_file(folder: &Path, modules: &str, blocks: &str) -> String {
    let home = folder.display();
    format!("{modules}daemon off;\nmaster_process off;\npid {home}/pid;\nerror_log {home}/error.log;\nevents {{ }}\n{blocks}")
}

fn http_block(folder: &Path, body: &str) -> String {
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|part| format!("  {part}_temp_path {}/{part};\n", folder.display()))
        .concat();
    format!("http {{\n  access_log off;\n{paths}  proxy_connect_timeout 500ms;\n  proxy_read_timeout 3s;\n{body}}}\n")
}

fn start(binary: &str, folder: &Path, config: &str) -> Server {
    let path = folder.join("nginx.conf");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new(binary);
    command.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(path);
    Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// Keeps the server that gets it busy for two seconds.
fn hold(port: u16, host: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET /hold HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    sleep(Duration::from_millis(300));
    stream
}

#[test]
fn backups_carry_when_the_others_are_full_or_down() {
    let Some(binary) = nginx() else { return };
    let folder = folder("backup");
    let mut nears: Vec<Named> = (0..4).map(|_| Named::start("near", answer)).collect();
    let far = Named::start("far", answer);
    let port = free_port();
    let upstream = |name: &str, near: usize, parameters: &str| {
        format!(
            "  upstream {name} {{\n    server 127.0.0.1:{}{parameters};\n    server 127.0.0.1:{} backup;\n  }}\n",
            nears[near].port, far.port
        )
    };
    let server = |name: &str, more: &str| {
        format!(
            "  server {{\n    listen 127.0.0.1:{port};\n    server_name {name}.example;\n    location / {{ proxy_pass http://{name};{more} }}\n  }}\n"
        )
    };
    let body = upstream("counted", 0, "")
        + &upstream("limited", 1, " max_conns=1")
        + &upstream("never", 2, " max_fails=0")
        + &upstream("retried", 3, " max_fails=0")
        + &server("counted", " proxy_next_upstream off;")
        + &server("limited", "")
        + &server("never", " proxy_next_upstream off;")
        + &server("retried", "");
    let config = main_file(&folder, "", &http_block(&folder, &body));
    let reading = said::read(&Nginx, "nginx.conf", &config);
    let _server = start(&binary, &folder, &config);
    let names = ["counted", "limited", "never", "retried"];
    for (i, name) in names.iter().enumerate() {
        assert!(comes_to(port, &format!("{name}.example"), "near"), "{name}");
        let host = format!("{name}.example");
        assert_eq!(said(&reading, &host, Activity::Forward, State::Normal), BTreeSet::from([nears[i].port]), "{name}");
    }
    // Full, and the next request goes to the backup; those of servers without a bound never do.
    for (name, next) in [("limited.example", "far"), ("counted.example", "near"), ("never.example", "near")] {
        let held = hold(port, name);
        assert_eq!(ask(port, name, &[]), next, "{name}");
        let _ = held.shutdown(Shutdown::Both);
    }
    nears.iter_mut().for_each(Named::kill);
    // One error is seen by the client, and then the server counts as down for a while.
    assert_eq!(ask(port, "counted.example", &[]), "error");
    for (name, carried) in [("counted", true), ("limited", true), ("never", false), ("retried", true)] {
        let host = format!("{name}.example");
        assert_eq!(ask(port, &host, &[]), if carried { "far" } else { "error" }, "{name}");
        assert_eq!(ask(port, &host, &[]), if carried { "far" } else { "error" }, "{name} asked again");
        for state in [State::Overload, State::Loss] {
            assert_eq!(said(&reading, &host, Activity::Forward, state).contains(&far.port), carried, "{name} {state:?}");
        }
    }
}

#[test]
fn stand_ins_by_error_page_and_mirrors_get_what_is_said() {
    let Some(binary) = nginx() else { return };
    let folder = folder("error-page");
    let (mut near, far, mirror) =
        (Named::start("near", answer), Named::start("far", answer), Named::start("mirror", remembers));
    let (port, plain) = (free_port(), free_port());
    let body = format!(
        "  server {{
    listen 127.0.0.1:{port};
    server_name app.example;
    location / {{
      mirror /copy;
      proxy_pass http://127.0.0.1:{near};
      error_page 502 504 = @abroad;
    }}
    location @abroad {{ proxy_pass http://127.0.0.1:{far}; }}
    location = /copy {{ internal; proxy_pass http://127.0.0.1:{mirror}; }}
  }}
  server {{
    listen 127.0.0.1:{plain};
    server_name plain.example;
    location / {{ proxy_pass http://127.0.0.1:{near}; }}
    location @abroad {{ proxy_pass http://127.0.0.1:{far}; }}
  }}
",
        near = near.port,
        far = far.port,
        mirror = mirror.port,
    );
    let config = main_file(&folder, "", &http_block(&folder, &body));
    let reading = said::read(&Nginx, "nginx.conf", &config);
    let _server = start(&binary, &folder, &config);
    assert!(comes_to(port, "app.example", "near") && comes_to(plain, "plain.example", "near"));
    assert_eq!(said(&reading, "app.example", Activity::Forward, State::Normal), BTreeSet::from([near.port]));
    // Each request is copied, whoever answers it.
    assert!(said(&reading, "app.example", Activity::Mirror, State::Normal).contains(&mirror.port));
    let until = Instant::now() + Duration::from_secs(5);
    while MIRRORED.load(std::sync::atomic::Ordering::Relaxed) == 0 {
        assert!(Instant::now() < until, "nothing is mirrored");
        sleep(Duration::from_millis(20));
    }
    near.kill();
    assert!(comes_to(port, "app.example", "far"));
    assert!(said(&reading, "app.example", Activity::Forward, State::Loss).contains(&far.port));
    // A named location that nothing hands requests to gets none.
    assert_eq!(ask(plain, "plain.example", &[]), "error");
}

static MIRRORED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

fn remembers(stream: &mut TcpStream, name: &str) {
    MIRRORED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    answer(stream, name);
}

/// Whether a route is for a client in a country, or at an address.
fn admits(route: &RouteFact, country: Option<&str>, ip: Option<&str>) -> bool {
    let country = country.map(|c| Country::from_letters(c).unwrap());
    match &route.clients {
        ClientMatch::Countries(c) => country.is_some_and(|country| c.contains(&country)),
        ClientMatch::Except(c) => country.is_none_or(|country| !c.contains(&country)),
        ClientMatch::Networks(n) => ip.is_some_and(|ip| n.iter().any(|n| n.contains(ip.parse().unwrap()))),
        ClientMatch::Any | ClientMatch::Some(_) | ClientMatch::Part(..) => true,
    }
}

/// Who gets clients of a server: upstreams by their names.
fn chosen(reading: &Reading, host: &str, country: Option<&str>, ip: Option<&str>) -> BTreeSet<String> {
    let of = |r: &&RouteFact| label(reading, &r.from) == host && admits(r, country, ip);
    reading.facts.routes.iter().filter(of).map(|r| label(reading, &r.to)).collect()
}

#[test]
fn networks_and_headers_choose_the_upstream_that_is_said() {
    let Some(binary) = nginx() else { return };
    let folder = folder("geo");
    let servers = ["home", "abroad", "office"].map(|name| (name, Named::start(name, answer)));
    let port = free_port();
    let upstreams: String =
        servers.iter().map(|(name, s)| format!("  upstream {name} {{ server 127.0.0.1:{}; }}\n", s.port)).collect();
    let body = format!(
        "  geo $http_x_client $by_network {{
    default home;
    10.0.0.0/8 abroad;
    10.1.0.0/16 office;
    192.0.2.7 abroad;
    2001:db8::/32 office;
    delete 10.2.0.0/16;
  }}
  map $http_cf_ipcountry $by_country {{
    default home;
    CN abroad;
    ~^(DE|FR)$ office;
  }}
{upstreams}
  server {{ listen 127.0.0.1:{port}; server_name network.example; location / {{ proxy_pass http://$by_network; }} }}
  server {{ listen 127.0.0.1:{port}; server_name country.example; location / {{ proxy_pass http://$by_country; }} }}
  server {{
    listen 127.0.0.1:{port};
    server_name if.example;
    location / {{
      if ($http_cf_ipcountry = CN) {{ proxy_pass http://abroad; }}
      proxy_pass http://home;
    }}
  }}
"
    );
    let config = main_file(&folder, "", &http_block(&folder, &body));
    let reading = said::read(&Nginx, "nginx.conf", &config);
    let _server = start(&binary, &folder, &config);
    assert!(comes_to(port, "network.example", "home"));
    for ip in ["10.0.0.1", "10.1.0.1", "192.0.2.7", "192.0.2.8", "2001:db8::1"] {
        let got = ask(port, "network.example", &[&format!("X-Client: {ip}")]);
        let said = chosen(&reading, "network.example", None, Some(ip));
        assert!(said.contains(&got), "{ip}: {got} answers, and {said:?} are said");
    }
    for country in ["CN", "DE", "FR", "US", "cn"] {
        let header = format!("CF-IPCountry: {country}");
        for host in ["country.example", "if.example"] {
            let got = ask(port, host, &[&header]);
            let said = chosen(&reading, host, Some(&country.to_uppercase()), None);
            // Only `if` minds the case of a code, and CDNs write them in capitals.
            if !(host == "if.example" && country == "cn") {
                assert!(said.contains(&got), "{host} {country}: {got} answers, and {said:?} are said");
            }
            if host == "country.example" {
                assert_eq!(said.len(), 1, "{country}: {said:?}");
            }
        }
    }
}

#[test]
fn the_country_of_a_database_chooses_the_upstream_that_is_said() {
    let Some(binary) = nginx() else { return };
    let Some(module) = module("ngx_http_geoip2_module") else { return };
    let folder = folder("geoip2");
    let database = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mmdb/GeoIP2-Country-Test.mmdb");
    let servers = ["home", "abroad"].map(|name| (name, Named::start(name, answer)));
    let port = free_port();
    let upstreams: String =
        servers.iter().map(|(name, s)| format!("  upstream {name} {{ server 127.0.0.1:{}; }}\n", s.port)).collect();
    let body = format!(
        "  geoip2 {} {{
    $country default=US source=$http_x_client country iso_code;
  }}
  map $country $dc {{ CN abroad; SE abroad; US home; default home; }}
{upstreams}
  server {{ listen 127.0.0.1:{port}; server_name app.example; location / {{ proxy_pass http://$dc; }} }}
",
        database.display()
    );
    let config = main_file(&folder, &module, &http_block(&folder, &body));
    let reading = said::read(&Nginx, "nginx.conf", &config);
    let _server = start(&binary, &folder, &config);
    assert!(comes_to(port, "app.example", "home"));
    let clients = [
        ("CN", "111.235.160.1"),
        ("GB", "2.125.160.216"),
        ("PH", "202.196.224.1"),
        ("SE", "89.160.20.112"),
        ("US", "50.114.0.1"),
    ];
    for (country, ip) in clients {
        let got = ask(port, "app.example", &[&format!("X-Client: {ip}")]);
        assert_eq!(BTreeSet::from([got]), chosen(&reading, "app.example", Some(country), None), "{country}");
    }
    // Nobody knows this network's country, and the file says that it counts as the United States.
    let got = ask(port, "app.example", &["X-Client: 9.9.9.9"]);
    assert_eq!(BTreeSet::from([got]), chosen(&reading, "app.example", Some("US"), None));
}

#[test]
fn streams_have_backups_too() {
    let Some(binary) = nginx() else { return };
    let Some(module) = module("ngx_stream_module") else { return };
    let folder = folder("stream");
    let (mut near, far) = (Named::start("near", answer), Named::start("far", answer));
    let port = free_port();
    let stream = format!(
        "stream {{
  upstream media {{
    server 127.0.0.1:{};
    server 127.0.0.1:{} backup;
  }}
  server {{
    listen 127.0.0.1:{port};
    proxy_connect_timeout 500ms;
    proxy_pass media;
  }}
}}
",
        near.port, far.port
    );
    let config = main_file(&folder, &module, &stream);
    let reading = said::read(&Nginx, "nginx.conf", &config);
    let _server = start(&binary, &folder, &config);
    assert!(comes_to(port, "media", "near"));
    near.kill();
    assert!(comes_to(port, "media", "far"));
    assert_eq!(said(&reading, "media", Activity::Forward, State::Normal), BTreeSet::from([near.port]));
    for state in [State::Overload, State::Loss] {
        assert_eq!(said(&reading, "media", Activity::Forward, state), BTreeSet::from([near.port, far.port]), "{state:?}");
    }
}

/// Methods that do without backups: written before the servers nginx refuses the file, written after them it takes it.
#[test]
fn a_backup_beside_a_hash_is_said_to_be_doubtful() {
    let Some(binary) = nginx() else { return };
    let folder = folder("hash");
    let port = free_port();
    let file = |first: &str, last: &str| {
        let body = format!(
            "  upstream a {{\n    {first}\n    server 127.0.0.1:1;\n    server 127.0.0.1:2 backup;\n    {last}\n  }}\n  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://a; }} }}\n"
        );
        main_file(&folder, "", &http_block(&folder, &body))
    };
    for (config, taken) in [(file("ip_hash;", ""), false), (file("", "ip_hash;"), true)] {
        let path = folder.join("nginx.conf");
        std::fs::write(&path, &config).unwrap();
        let mut command = Command::new(&binary);
        command.arg("-t").arg("-p").arg(&folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(&path);
        let output = command.output().unwrap();
        assert_eq!(output.status.success(), taken, "{}", String::from_utf8_lossy(&output.stderr));
        let mut sources = Sources::default();
        let file = sources.add("nginx.conf", config.as_str());
        let reading = Nginx.read(&Input::new(&sources, file));
        assert!(reading.facts.gaps.iter().any(|g| g.code == "unsupported-backup"), "{:?}", reading.facts.gaps);
        // The backup may carry all the same.
        assert!(said(&reading, "a", Activity::Forward, State::Overload).contains(&2));
    }
}
