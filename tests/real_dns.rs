//! What onshore says of answers by view, country, network and health, compared with real name servers on loopback: BIND's views, Knot
//! DNS's `mod-geoip`, and gdnsd's plugins. They are asked on behalf of clients, and then with the preferred servers down.
//!
//! Needs `named`, `knotd` and `gdnsd` on the path or in /usr/sbin (Debian: bind9, knot with knot-module-geoip, gdnsd); says so and does
//! nothing without one of them.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test starts servers and may panic

mod servers;

#[path = "servers/dns.rs"]
mod dns;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use dns::CLIENTS;
use onshore::model::{ClientMatch, Country, Reference, RouteFact};
use onshore::read::geodns::bind::Bind;
use onshore::read::geodns::gdnsd::Gdnsd;
use onshore::read::geodns::knot::Knot;
use onshore::read::{Input, Reader, Reading};
use onshore::source::Sources;
use servers::{Server, free_port};

const ZONE: &str = "\
$TTL 60
@ SOA ns h 1 7200 1800 259200 300
@ NS ns
ns A 192.0.2.53
";

fn program(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let found = folders.iter().map(|f| f.join(name)).find(|p| p.is_file());
    if found.is_none() {
        println!("skipped: there is no {name} here");
    }
    found
}

/// A folder with these files in it.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn database() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mmdb/GeoIP2-Country-Test.mmdb")
}

/// Starts a server and waits until it answers for a name.
fn start(command: &mut Command, at: SocketAddr, name: &str) -> Server {
    let server = Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if dns::ask(at, name, Ipv4Addr::LOCALHOST, None).is_some() {
            return server;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("the server does not answer for {name}");
}

fn read(reader: &dyn Reader, files: &[(&str, &str)]) -> Reading {
    let mut sources = Sources::default();
    let ids: Vec<_> = files.iter().map(|(path, text)| sources.add(*path, *text)).collect();
    let reading = reader.read(&Input::new(&sources, ids[0]));
    assert!(reading.facts.gaps.is_empty(), "{:?}", reading.facts.gaps);
    reading
}

/// Who asks, as far as it matters: the country of an address, or the address itself.
#[derive(Clone, Copy)]
enum Client {
    Country(&'static str),
    At(Ipv4Addr),
}

fn admits(route: &RouteFact, client: Client) -> bool {
    let country = match client {
        Client::Country(code) => Country::from_letters(code),
        Client::At(_) => None,
    };
    match &route.clients {
        ClientMatch::Countries(c) | ClientMatch::Part(c, _) => country.is_some_and(|country| c.contains(&country)),
        ClientMatch::Except(c) => country.is_none_or(|country| !c.contains(&country)),
        ClientMatch::Networks(n) => match client {
            Client::At(ip) => n.iter().any(|n| n.contains(ip.into())),
            Client::Country(_) => false,
        },
        ClientMatch::Any | ClientMatch::Some(_) => true,
    }
}

/// The addresses that a name or resource leads a client to, by the priority of the last choice.
fn told(reading: &Reading, name: &str, client: Client, priority: u32) -> BTreeSet<String> {
    let facts = &reading.facts;
    let is = |reference: &Reference, name: &str| match reference {
        Reference::Fact(i) => facts.endpoints[*i].label == name || facts.endpoints[*i].names.iter().any(|n| n.value == name),
        _ => false,
    };
    let mut found = BTreeSet::new();
    let of = |r: &&RouteFact| is(&r.from, name) && r.priority == Some(priority) && admits(r, client);
    for route in facts.routes.iter().filter(of) {
        match &route.to {
            Reference::Address { ip, .. } => _ = found.insert(ip.to_string()),
            Reference::Fact(i) => {
                let to = &facts.endpoints[*i];
                found.extend(to.addresses.iter().map(|a| a.ip.to_string()));
                found.extend(told(reading, &to.label, client, 0));
            }
            other => panic!("{other:?}"),
        }
    }
    found
}

#[test]
fn views_answer_whom_they_are_said_to() {
    let Some(binary) = program("named") else { return };
    let port = free_port();
    let home = folder("bind-views", &[]);
    let zone = |address: &str| format!("{ZONE}www A {address}\n");
    let config = format!(
        "acl office {{ !127.0.0.9; 127.0.0.8/31; }};
options {{
    directory \"{home}\";
    pid-file none;
    session-keyfile none;
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
}};
controls {{ }};
view \"one\" {{ match-clients {{ 127.0.0.2; 127.0.0.4/31; }}; zone \"geo.example\" {{ type primary; file \"one.zone\"; }}; }};
view \"two\" {{ match-clients {{ office; }}; zone \"geo.example\" {{ type primary; file \"two.zone\"; }}; }};
view \"rest\" {{ match-clients {{ any; }}; zone \"geo.example\" {{ type primary; file \"rest.zone\"; }}; }};
",
        home = home.display()
    );
    let zones = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(zone);
    let files: [(&str, &str); 4] =
        [("named.conf", &config), ("one.zone", &zones[0]), ("two.zone", &zones[1]), ("rest.zone", &zones[2])];
    let home = folder("bind-views", &files);
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut command = Command::new(binary);
    command.arg("-g").arg("-c").arg(home.join("named.conf"));
    let _server = start(&mut command, at, "www.geo.example");
    let reading = read(&Bind, &files);
    for last in [1, 2, 3, 4, 5, 6, 8, 9] {
        let client = Ipv4Addr::new(127, 0, 0, last);
        let got = dns::ask(at, "www.geo.example", client, None).unwrap();
        let said = told(&reading, "www.geo.example", Client::At(client), 0);
        assert!(!got.is_empty() && got.is_subset(&said), "127.0.0.{last}: {got:?} is answered, and {said:?} are said");
    }
    // Where plain networks decide, the view that is asked first is among what is said, and later ones for the others only.
    assert!(told(&reading, "www.geo.example", Client::At(Ipv4Addr::new(127, 0, 0, 2)), 0).contains("192.0.2.1"));
    assert!(!told(&reading, "www.geo.example", Client::At(Ipv4Addr::new(127, 0, 0, 1)), 0).contains("192.0.2.1"));
}

#[test]
fn knot_answers_by_country_network_and_weight() {
    let Some(binary) = program("knotd") else { return };
    let port = free_port();
    let home = folder("knot-geo", &[]);
    let config = format!(
        "server:
    rundir: \"{home}\"
    edns-client-subnet: on
    listen: 127.0.0.1@{port}
database:
    storage: \"{home}/db\"
mod-geoip:
  - id: place
    config-file: \"{home}/place.conf\"
    ttl: 20
    mode: geodb
    geodb-file: \"{database}\"
    geodb-key: [ country/iso_code, city/names/en ]
  - id: net
    config-file: \"{home}/net.conf\"
    mode: subnet
  - id: share
    config-file: \"{home}/share.conf\"
    mode: weighted
zone:
  - domain: geo.example
    storage: \"{home}\"
    file: geo.example.zone
    module: [ mod-geoip/place, mod-geoip/net, mod-geoip/share ]
",
        home = home.display(),
        database = database().display()
    );
    let zone = format!("$ORIGIN geo.example.\n{ZONE}www A 192.0.2.1\nnet A 192.0.2.1\nmix A 192.0.2.1\n");
    let place = "www.geo.example:\n  - geo: \"CN;*\"\n    A: 192.0.2.86\n  - geo: \"GB\"\n    A: [ 192.0.2.44, 192.0.2.45 ]\n";
    let net = "net.geo.example:\n  - net: 10.0.0.0/8\n    A: 192.0.2.10\n  - net: 10.1.0.0/16\n    A: 192.0.2.11\n";
    let share = "mix.geo.example:\n  - weight: 1\n    A: 192.0.2.21\n  - weight: 3\n    A: 192.0.2.22\n";
    let files: [(&str, &str); 5] =
        [("knot.conf", &config), ("geo.example.zone", &zone), ("place.conf", place), ("net.conf", net), ("share.conf", share)];
    let home = folder("knot-geo", &files);
    std::fs::create_dir_all(home.join("db")).unwrap();
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut command = Command::new(binary);
    command.arg("-c").arg(home.join("knot.conf"));
    let _server = start(&mut command, at, "www.geo.example");
    // Below the project's root the files stand beside each other.
    let config = config.replace(&format!("{}/", home.display()), "");
    let files = [("knot.conf", config.as_str()), files[1], files[2], files[3], files[4]];
    let reading = read(&Knot, &files);
    for (code, network) in CLIENTS {
        let got = dns::ask(at, "www.geo.example", Ipv4Addr::LOCALHOST, Some(network)).unwrap();
        assert_eq!(got, told(&reading, "www.geo.example", Client::Country(code), 0), "{code}");
    }
    for client in [Ipv4Addr::new(10, 0, 0, 0), Ipv4Addr::new(10, 1, 0, 0), Ipv4Addr::new(198, 51, 100, 0)] {
        let got = dns::ask(at, "net.geo.example", Ipv4Addr::LOCALHOST, Some(client)).unwrap();
        let said = told(&reading, "net.geo.example", Client::At(client), 0);
        assert!(got.is_subset(&said), "{client}: {got:?} is answered, and {said:?} are said");
    }
    let shares: BTreeSet<String> =
        (0..40).flat_map(|_| dns::ask(at, "mix.geo.example", Ipv4Addr::LOCALHOST, None).unwrap()).collect();
    assert_eq!(shares, told(&reading, "mix.geo.example", Client::At(Ipv4Addr::LOCALHOST), 0));
}

#[test]
fn gdnsd_goes_through_its_lists_as_they_are_told() {
    let Some(binary) = program("gdnsd") else { return };
    let (port, probed) = (free_port(), free_port());
    let home = folder("gdnsd", &[]);
    let config = format!(
        "options => {{
  listen => 127.0.0.1:{port}
  run_dir => {home}/run
  state_dir => {home}/state
}}
service_types => {{
  live => {{ plugin => tcp_connect, port => {probed}, up_thresh => 1, ok_thresh => 1, down_thresh => 1, interval => 2, timeout => 1 }}
}}
plugins => {{
  geoip => {{
    maps => {{
      prod => {{
        geoip2_db => {database}
        datacenters => [us, cn, eu]
        map => {{ AS => {{ CN => [cn, us], default => [us, eu] }}, EU => [eu, us] }}
        nets => {{ 10.0.0.0/8 => [cn] }}
      }}
    }}
    resources => {{
      www => {{ map => prod, service_types => live, dcmap => {{ us => 127.0.0.1, cn => 127.0.0.2, eu => 127.0.0.3 }} }}
    }}
  }}
  metafo => {{ resources => {{ chain => {{ service_types => live, datacenters => [one, two], dcmap => {{ one => 127.0.0.2, two => 127.0.0.3 }} }} }} }}
  simplefo => {{ service_types => live, pair => {{ primary => 127.0.0.2, secondary => 127.0.0.1 }} }}
  multifo => {{ service_types => live, all => {{ a => 127.0.0.1, b => 127.0.0.3 }} }}
}}
",
        home = home.display(),
        database = database().display()
    );
    let zone = format!(
        "{ZONE}www 30 DYNA geoip!www\nchain 30 DYNA metafo!chain\npair 30 DYNA simplefo!pair\nall 30 DYNA multifo!all\n"
    );
    let home = folder("gdnsd", &[("config", &config), ("zones/geo.example", &zone), ("run/x", ""), ("state/x", "")]);
    let listen = |last: u8| TcpListener::bind((Ipv4Addr::new(127, 0, 0, last), probed)).unwrap();
    let mut alive: Vec<Option<TcpListener>> = [1, 2, 3].map(|last| Some(listen(last))).into();
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut command = Command::new(binary);
    command.arg("-c").arg(&home).arg("start");
    let _server = start(&mut command, at, "www.geo.example");
    let reading = read(&Gdnsd, &[("config", &config)]);
    let ask = |name: &str, client: Ipv4Addr| dns::ask(at, name, Ipv4Addr::LOCALHOST, Some(client)).unwrap();
    let comes_to = |name: &str, client: Ipv4Addr, expected: &BTreeSet<String>| {
        let until = Instant::now() + Duration::from_secs(15);
        while Instant::now() < until {
            if ask(name, client) == *expected {
                return true;
            }
            sleep(Duration::from_millis(200));
        }
        false
    };
    for (code, network) in CLIENTS {
        let said = told(&reading, "geoip!www", Client::Country(code), 0);
        assert_eq!(said.len(), 1, "{code}: {said:?}");
        assert!(comes_to("www.geo.example", network, &said), "{code}: {said:?}");
    }
    let inside = Ipv4Addr::new(10, 1, 0, 0);
    let got = ask("www.geo.example", inside);
    assert!(got.is_subset(&told(&reading, "geoip!www", Client::At(inside), 0)), "{got:?}");
    let anybody = CLIENTS[4].1;
    let plain =
        [("chain.geo.example", "metafo!chain"), ("pair.geo.example", "simplefo!pair"), ("all.geo.example", "multifo!all")];
    for (name, resource) in plain {
        assert!(comes_to(name, anybody, &told(&reading, resource, Client::Country("US"), 0)), "{name}");
    }
    // China's goes down: the next of each list.
    alive[1] = None;
    let china = CLIENTS[0].1;
    assert!(comes_to("www.geo.example", china, &told(&reading, "geoip!www", Client::Country("CN"), 1)));
    for (name, resource) in &plain[..2] {
        assert!(comes_to(name, anybody, &told(&reading, resource, Client::Country("US"), 1)), "{name}");
    }
    // With everything down each answers as if it were up.
    alive.clear();
    assert!(comes_to("www.geo.example", china, &told(&reading, "geoip!www", Client::Country("CN"), 0)));
}
