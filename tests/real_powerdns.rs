//! What onshore says of answers by country and of health-checked sets, compared with a real PowerDNS on loopback: it is asked on behalf
//! of clients in several countries (EDNS Client Subnet), and then with the preferred servers down.
//!
//! Needs `pdns_server` with the GeoIP backend (Debian: pdns-server, pdns-backend-geoip), or its path in `PDNS_SERVER`; says so and does
//! nothing without it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test starts servers and may panic

#[path = "servers/dns.rs"]
mod dns;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use dns::CLIENTS;
use onshore::model::{ClientMatch, Country, Reference, RouteFact};
use onshore::read::geodns::powerdns::PowerDns;
use onshore::read::{Input, Reader, Reading};
use onshore::source::Sources;

const STATIC: &str = "\
domains:
  - domain: geo.example
    ttl: 30
    records:
      geo.example:
        - soa: ns1.geo.example hostmaster.geo.example 1 7200 3600 1209600 300
        - ns: ns1.geo.example
      cn.www.geo.example:
        - a: 192.0.2.86
      as.www.geo.example:
        - a: 192.0.2.1
      eu.www.geo.example:
        - a: 192.0.2.2
      unknown.www.geo.example:
        - a: 192.0.2.9
      east.mapped.geo.example:
        - a: 192.0.2.5
      unknown.mapped.geo.example:
        - a: 192.0.2.6
      by.geo.example:
        - lua: A \";if country('CN') then return '192.0.2.86' elseif continent('EU') then return {'192.0.2.2'} else return '192.0.2.1' end\"
      code.geo.example:
        - lua: A \"(countryCode() == 'us' or countryCode() == 'ph') and '192.0.2.3' or '192.0.2.4'\"
      upper.geo.example:
        - lua: A \"countryCode() == 'US' and '192.0.2.3' or '192.0.2.4'\"
      view.geo.example:
        - lua: A \"view({{{'2.125.160.0/24'}, {'192.0.2.7'}}, {{'0.0.0.0/0'}, {'192.0.2.8'}}})\"
";

const SERVICES: &str = "    services:
      www.geo.example: ['%cc.www.geo.example', '%cn.www.geo.example']
      mapped.geo.example: '%mp.mapped.geo.example'
    mapping_lookup_formats: ['%cc', '%cn']
    custom_mapping: { cn: east, as: east }
";

/// Answers any request with 200, until it is killed.
struct Healthy {
    alive: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Healthy {
    fn start(at: SocketAddr) -> Self {
        let listener = TcpListener::bind(at).unwrap();
        listener.set_nonblocking(true).unwrap();
        let alive = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&alive);
        let thread = thread::spawn(move || {
            while seen.load(Relaxed) {
                let Ok((mut stream, _)) = listener.accept() else {
                    sleep(Duration::from_millis(5));
                    continue;
                };
                let _ = stream.set_nonblocking(false);
                let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
                let mut request = [0; 1024];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            }
        });
        Self { alive, thread: Some(thread) }
    }

    fn kill(&mut self) {
        self.alive.store(false, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Healthy {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Server {
    child: Child,
    at: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(name: &str, zones: &str) -> Option<Self> {
        let binary = std::env::var("PDNS_SERVER").unwrap_or_else(|_| "/usr/sbin/pdns_server".to_owned());
        let runs = Command::new(&binary).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
        let module = ["/usr/lib/x86_64-linux-gnu/pdns", "/usr/lib/aarch64-linux-gnu/pdns", "/usr/lib/pdns", "/usr/lib64/pdns"];
        if !runs || !module.iter().any(|m| Path::new(m).join("libgeoipbackend.so").exists()) {
            println!("skipped: there is no PowerDNS with the GeoIP backend here (Debian: pdns-server, pdns-backend-geoip)");
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("geo.yaml"), zones).unwrap();
        let database = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mmdb/GeoIP2-Country-Test.mmdb");
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(binary)
            .arg(format!("--config-dir={}", folder.display()))
            .arg(format!("--socket-dir={}", folder.display()))
            .arg(format!("--geoip-zones-file={}", folder.join("geo.yaml").display()))
            .arg(format!("--geoip-database-files=mmdb:{}", database.display()))
            .arg(format!("--local-port={port}"))
            .args(["--local-address=127.0.0.1", "--launch=geoip", "--daemon=no", "--guardian=no"])
            .args(["--enable-lua-records=yes", "--edns-subnet-processing=yes", "--lua-health-checks-interval=1"])
            .args(["--cache-ttl=0", "--query-cache-ttl=0", "--negquery-cache-ttl=0", "--zone-cache-refresh-interval=0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, at: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) };
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if server.ask("cn.www.geo.example", CLIENTS[0].1).is_some() {
                return Some(server);
            }
            sleep(Duration::from_millis(100));
        }
        panic!("PowerDNS does not answer");
    }

    /// The addresses that a client in a network gets; `None` without an answer.
    fn ask(&self, name: &str, client: Ipv4Addr) -> Option<BTreeSet<String>> {
        dns::ask(self.at, name, Ipv4Addr::LOCALHOST, Some(client))
    }
}

fn read(zones: &str) -> (Sources, Reading) {
    let mut sources = Sources::default();
    let file = sources.add("geo.yaml", zones);
    let reading = PowerDns.read(&Input::new(&sources, file));
    assert!(reading.facts.gaps.is_empty(), "{:?}", reading.facts.gaps);
    (sources, reading)
}

fn admits(route: &RouteFact, code: &str) -> bool {
    let country = Country::from_letters(code).unwrap();
    match &route.clients {
        ClientMatch::Countries(c) | ClientMatch::Part(c, _) => c.contains(&country),
        ClientMatch::Except(c) => !c.contains(&country),
        ClientMatch::Any | ClientMatch::Networks(_) | ClientMatch::Some(_) => true,
    }
}

/// The addresses that a name leads clients of a country to, by the priority of the last choice. Whether that is the country's own
/// answer or one that anybody may get is told by the second set.
fn told(reading: &Reading, name: &str, code: &str, priority: u32) -> (BTreeSet<String>, BTreeSet<String>) {
    let facts = &reading.facts;
    let is = |reference: &Reference| match reference {
        Reference::Fact(i) => facts.endpoints[*i].names.iter().any(|n| n.value == name),
        _ => false,
    };
    let (mut sure, mut all) = (BTreeSet::new(), BTreeSet::new());
    for route in facts.routes.iter().filter(|r| is(&r.from) && r.alias && r.priority == Some(priority) && admits(r, code)) {
        let addresses: Vec<String> = match &route.to {
            Reference::Address { ip, .. } => vec![ip.to_string()],
            Reference::Host { name, .. } => {
                let of = facts.endpoints.iter().filter(|e| e.names.iter().any(|n| n.value == *name));
                of.flat_map(|e| e.addresses.iter().map(|a| a.ip.to_string())).collect()
            }
            other => panic!("{other:?}"),
        };
        if !matches!(route.clients, ClientMatch::Some(_) | ClientMatch::Networks(_)) {
            sure.extend(addresses.iter().cloned());
        }
        all.extend(addresses);
    }
    (sure, all)
}

#[test]
fn each_country_gets_what_is_said_of_it() {
    let zones = format!("{STATIC}{SERVICES}");
    let Some(server) = Server::start("pdns-countries", &zones) else { return };
    let (_, reading) = read(&zones);
    for (code, network) in CLIENTS {
        for name in ["www.geo.example", "mapped.geo.example", "by.geo.example", "code.geo.example"] {
            let got = server.ask(name, network).unwrap_or_else(|| panic!("{name} for {code}"));
            let (sure, all) = told(&reading, name, code, 0);
            assert_eq!(got, sure, "{name} for {code}");
            assert!(got.is_subset(&all), "{name} for {code}");
        }
        // Networks say nothing of countries, and codes are in lower case: the answer is among what anybody may get.
        for name in ["view.geo.example", "upper.geo.example"] {
            let got = server.ask(name, network).unwrap();
            assert!(got.is_subset(&told(&reading, name, code, 0).1) && !got.is_empty(), "{name} for {code}: {got:?}");
        }
    }
    // Nobody knows this network's country, and so anybody may get what it gets.
    let nowhere = server.ask("www.geo.example", Ipv4Addr::new(9, 9, 9, 0)).unwrap();
    assert_eq!(nowhere, BTreeSet::from(["192.0.2.9".to_owned()]));
    assert!(told(&reading, "www.geo.example", "US", 0).1.is_superset(&nowhere));
}

#[test]
fn later_sets_answer_when_the_first_is_down() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let zones = format!(
        "{STATIC}      up.geo.example:
        - lua: A \"ifurlup('http://up.geo.example:{port}/', {{{{'127.0.0.1', '127.0.0.2'}}, {{'127.0.0.3'}}}}, {{selector='all'}})\"
      flat.geo.example:
        - lua: A \"ifportup({port}, {{'127.0.0.1', '127.0.0.2'}})\"
"
    );
    let Some(server) = Server::start("pdns-health", &zones) else { return };
    let (_, reading) = read(&zones);
    let at = |last: u8| SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), port));
    let mut near = [Healthy::start(at(1)), Healthy::start(at(2))];
    let _far = Healthy::start(at(3));
    let comes_to = |name: &str, expected: &BTreeSet<String>| {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let got = server.ask(name, CLIENTS[4].1);
            if got.as_ref() == Some(expected) {
                return true;
            }
            if Instant::now() > until {
                println!("{name}: {got:?}, not {expected:?}");
                return false;
            }
            sleep(Duration::from_millis(100));
        }
    };
    let first = told(&reading, "up.geo.example", "US", 0).0;
    let next = told(&reading, "up.geo.example", "US", 1).0;
    assert_eq!((first.len(), next.len()), (2, 1));
    // Normal running: the set of the first priority. One of it down: the other; all down: the set of the next.
    assert!(comes_to("up.geo.example", &first));
    near[0].kill();
    assert!(comes_to("up.geo.example", &BTreeSet::from(["127.0.0.2".to_owned()])));
    assert!(comes_to("flat.geo.example", &BTreeSet::from(["127.0.0.2".to_owned()])));
    near[1].kill();
    assert!(comes_to("up.geo.example", &next));
    // With nothing up, an answer is still among what the name leads to.
    let flat = told(&reading, "flat.geo.example", "US", 0).0;
    let seen: BTreeSet<String> = (0..40).filter_map(|_| server.ask("flat.geo.example", CLIENTS[4].1)).flatten().collect();
    assert!(!seen.is_empty() && seen.is_subset(&flat), "{seen:?}");
}

/// `onshore check --resolve` asks this server on behalf of each country, and finds what the zone says.
#[test]
fn resolving_agrees_with_the_zone() {
    let zones = format!("{STATIC}{SERVICES}");
    let Some(server) = Server::start("pdns-resolve", &zones) else { return };
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pdns-project");
    // What was recorded before is not asked again.
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).unwrap();
    let write = |file: &str, text: &str| std::fs::write(root.join(file), text).unwrap();
    write(
        "onshore.toml",
        "[[population]]\nid = \"p\"\norigin = [\"CN\", \"GB\", \"US\"]\ndata = [\"user.contact\"]\nenters = [\"by.geo.example\"]\n",
    );
    let database = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mmdb/GeoIP2-Country-Test.mmdb");
    let run = Command::new(env!("CARGO_BIN_EXE_onshore"))
        .args(["check", ".", "--as-of", "2026-11-22", "--resolve", "--record", "answers", "--server", &server.at.to_string()])
        .arg("--geoip")
        .arg(database)
        .current_dir(&root)
        .output()
        .unwrap();
    let record = std::fs::read_to_string(root.join("answers")).unwrap_or_else(|_| panic!("{run:?}"));
    let (_, reading) = read(&zones);
    for code in ["CN", "GB", "US"] {
        let line = record
            .lines()
            .find(|l| l.starts_with(&format!("by.geo.example for {code} ")))
            .unwrap_or_else(|| panic!("{record}"));
        let told = told(&reading, "by.geo.example", code, 0).0;
        assert_eq!(line.rsplit(": ").next().map(str::to_owned), told.into_iter().next(), "{line}");
    }
}
