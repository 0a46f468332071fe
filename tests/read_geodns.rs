//! Readers of GeoDNS servers against folders of input and expected facts, against real files, and against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use facts::{Show, corpus, seeds, sound};
use onshore::model::{Activity, ClientMatch, Country, EndpointFact, RouteFact, RouteRole};
use onshore::read::geodns::{
    bind::Bind, coredns::CoreDns, gdnsd::Gdnsd, ibp::Ibp, json::GeoDnsJson, knot::Knot, nsd::Nsd, octodns::OctoDns, pdns::Pdns,
    powerdns::PowerDns,
};
use onshore::read::{Input, READERS, Reader, Reading, Recognized};
use onshore::source::Sources;
use proptest::prelude::*;

#[test]
fn cases() {
    facts::golden(&PowerDns, "tests/read/geodns-powerdns", 3);
    facts::golden(&GeoDnsJson, "tests/read/geodns-json", 1);
    facts::golden(&OctoDns, "tests/read/octodns", 2);
    facts::golden(&Gdnsd, "tests/read/gdnsd", 2);
    facts::golden(&Bind, "tests/read/bind", 2);
    facts::golden(&CoreDns, "tests/read/coredns", 3);
    facts::golden(&Knot, "tests/read/knot", 2);
    facts::golden(&Nsd, "tests/read/nsd", 2);
    facts::golden(&Pdns, "tests/read/powerdns-conf", 2);
}

/// Every reading of a case, by path.
struct Case {
    sources: Sources,
    readings: Vec<(String, Reading)>,
}

impl Case {
    fn open(reader: &dyn Reader, case: &str) -> Option<Self> {
        let sources = corpus(case)?;
        let readings = facts::readings(reader, &sources);
        let readings = readings.into_iter().map(|(id, r)| (sources.get(id).path.clone(), r)).collect();
        Some(Self { sources, readings })
    }

    fn endpoint(&self, name: &str) -> &EndpointFact {
        let mut all = self.readings.iter().flat_map(|(_, r)| &r.facts.endpoints);
        all.find(|e| e.label == name || e.names.iter().any(|n| n.value == name)).unwrap_or_else(|| panic!("no {name}"))
    }

    fn has(&self, name: &str) -> bool {
        self.readings.iter().flat_map(|(_, r)| &r.facts.endpoints).any(|e| e.names.iter().any(|n| n.value == name))
    }

    /// Where a name leads: target, priority and route, in order.
    fn from(&self, name: &str) -> Vec<(String, &RouteFact)> {
        let mut all = Vec::new();
        for (_, reading) in &self.readings {
            let show = Show { sources: &self.sources, facts: &reading.facts };
            let routes = reading.facts.routes.iter().filter(|r| show.reference(&r.from) == format!("[{name}]"));
            all.extend(routes.filter(|r| r.activity == Activity::Forward).map(|r| (show.reference(&r.to), r)));
        }
        all
    }

    /// The targets that clients of a country may get, with their priorities.
    fn get(&self, name: &str, code: &str) -> Vec<(String, u32)> {
        let admits = |r: &RouteFact| match &r.clients {
            ClientMatch::Countries(c) | ClientMatch::Part(c, _) => c.contains(&Country::from_letters(code).unwrap()),
            ClientMatch::Except(c) => !c.contains(&Country::from_letters(code).unwrap()),
            ClientMatch::Any | ClientMatch::Networks(_) | ClientMatch::Some(_) => true,
        };
        self.from(name).into_iter().filter(|(_, r)| admits(r)).map(|(to, r)| (to, r.priority.unwrap())).collect()
    }

    /// Those of the first priority.
    fn first(&self, name: &str, code: &str) -> Vec<String> {
        self.get(name, code).into_iter().filter(|(_, priority)| *priority == 0).map(|(to, _)| to).collect()
    }
}

#[test]
fn corpus_geodns_json_zones() {
    let Some(case) = Case::open(&GeoDnsJson, "geodns/geodns-json-zones") else { return };
    let bar = "bar.test.example.com";
    // Facts 1 and 2: an address before an AS before everybody; the empty list of Norway is passed over. Trap 1: no host `bar.no`.
    let told: Vec<(String, ClientMatch)> = case.from(bar).into_iter().map(|(to, r)| (to, r.clients.clone())).collect();
    assert_eq!(told[0], ("192.168.1.3".into(), ClientMatch::Networks(vec!["1.0.0.255/32".parse().unwrap()])));
    assert_eq!(told[1], ("192.168.1.4".into(), ClientMatch::Some("clients of AS15169".into())));
    assert_eq!(told[2].0, "192.168.1.2");
    assert!(case.first(bar, "NO").contains(&"192.168.1.2".to_owned()));
    assert!(!case.has("bar.no.test.example.com"));
    // Fact 3: by country before continent. Trap 2: a name without a dot is inside the zone.
    let www = "www.test.example.com";
    assert_eq!(case.first(www, "SE"), ["geo-europe.test.example.com", "geo-dk.test.example.com"]);
    assert_eq!(case.first(www, "DE"), ["geo-europe.bitnames.com"]);
    assert_eq!(case.first(www, "US"), ["geo.bitnames.com"]);
    assert_eq!(case.first(www, "TR"), ["geo-europe.bitnames.com", "geo.bitnames.com"], "databases differ about Turkey");
    // Facts 4, 5 and 6.
    let weight = case.from("weight.test.example.com");
    assert_eq!(weight.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["192.168.1.2", "192.168.1.3", "192.168.1.4"]);
    assert!(weight.iter().all(|(_, r)| r.role == RouteRole::Weighted && r.priority == Some(0)));
    for (name, count) in [("closest.test.example.com", 6), ("tucs.hc.example.com", 6)] {
        let nearest = case.from(name);
        assert_eq!(nearest.len(), count, "{name}");
        assert!(nearest.iter().all(|(_, r)| r.role == RouteRole::Geo && matches!(r.clients, ClientMatch::Some(_))), "{name}");
    }
    // Fact 7.
    assert_eq!(case.first("mx:test.example.com", "FR"), ["mx-eu.example.net"]);
    assert_eq!(case.first("mx:test.example.com", "US"), ["mx2.example.net", "mx.example.net"]);
    assert!(case.readings.iter().all(|(_, r)| r.facts.gaps.is_empty()));
}

#[test]
fn corpus_ibp_members() {
    let Some(case) = Case::open(&Ibp, "geodns/ibp-geodns-members") else { return };
    // Fact 1 and trap 2: what members say of their place is text beside the address.
    for (name, address, region, latitude) in [
        ("Stake Plus", "192.96.202.175", "North America", "38.7777"),
        ("Amforc", "91.90.166.200", "Europe", "47.1449"),
        ("Gatotech", "181.174.168.72", "Central America", "9.9"),
        ("Rotko Networks", "160.22.180.180", "Asia", "13.7"),
        ("Dwellir", "102.69.240.202", "Africa", "6.4"),
        ("RadiumBlock", "103.67.246.100", "Asia", "19.0"),
        ("Turboflakes", "193.39.195.54", "Europe", "38.7"),
    ] {
        let member = case.endpoint(name);
        assert_eq!(member.addresses[0].ip.to_string(), address);
        assert_eq!(member.tags["stated-region"], region);
        assert!(member.tags["stated-latitude"].starts_with(latitude), "{name}: {}", member.tags["stated-latitude"]);
        assert!(member.place.is_none(), "trap 1: the place is for the address to say");
    }
    // Fact 2: any client may get any active member that has the service.
    let told: Vec<String> = case.from("polkadot.dotters.network").into_iter().map(|(to, _)| to).collect();
    assert_eq!(told, ["192.96.202.175", "91.90.166.200", "181.174.168.72", "102.69.240.202", "193.39.195.54"]);
    assert!(case.from("polkadot.dotters.network").iter().all(|(_, r)| matches!(r.clients, ClientMatch::Some(_))));
    // Fact 3: a name per service and provider, and names that all services share.
    assert!(case.has("paseo.dotters.network") && case.has("rpc.dotters.network") && case.has("paseo.ibp.network"));
    // Fact 4.
    assert_eq!(case.endpoint("dotters.network").addresses[0].ip.to_string(), "192.96.202.175");
    let servers = case.readings[0].1.facts.routes.iter().filter(|r| r.activity == Activity::Depend);
    let show = Show { sources: &case.sources, facts: &case.readings[0].1.facts };
    let of_zone: Vec<String> =
        servers.filter(|r| show.reference(&r.from) == "[ns:dotters.network]").map(|r| show.reference(&r.to)).collect();
    assert_eq!(of_zone, [1, 2, 3, 4, 5].map(|n| format!("dns-0{n}.dotters.network")));
}

#[test]
fn corpus_octodns_dynamic() {
    let Some(case) = Case::open(&OctoDns, "geodns/octodns-dynamic") else { return };
    let name = "real-ish-a.dynamic.tests";
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    let of = |prefix: &str| -> Vec<String> {
        ["1.1", "1.2", "2.1", "2.2", "3.1", "3.2"].iter().map(|end| format!("{prefix}.{end}")).collect()
    };
    // Facts 1 to 3 and trap 2: pools by their addresses, whatever their names look like; China is sent to the pool of its rule.
    assert_eq!(case.first(name, "CN"), of("1.4"));
    assert_eq!(case.first(name, "ZA"), of("1.3"));
    assert_eq!(case.first(name, "DE"), of("1.3"));
    assert_eq!(case.first(name, "JP"), of("1.1"));
    assert_eq!(case.first(name, "IN"), of("1.1"));
    assert_eq!(
        sorted(case.first(name, "US")),
        [of("1.1"), of("1.2")].concat(),
        "four states go to one pool, the others elsewhere"
    );
    // Fact 4.
    let a = "a.dynamic.tests";
    assert_eq!(case.first(a, "GB"), ["4.4.4.4"]);
    assert_eq!(case.first(a, "FR"), ["1.1.1.1"]);
    assert_eq!(case.first(a, "US"), ["6.6.6.6", "5.5.5.5", "2.2.2.2", "3.3.3.3"]);
    assert_eq!(case.first(a, "BR"), ["2.2.2.2", "3.3.3.3"]);
    // Fact 5: a pool that only a fallback names.
    let only = "pool-only-in-fallback.dynamic.tests";
    assert_eq!(case.get(only, "US"), [("1.1.1.1".into(), 0), ("2.2.2.2".into(), 1), ("4.4.4.4".into(), 2)]);
    assert_eq!(case.first(only, "SG"), ["3.3.3.3"]);
    // Trap 1: the plain values carry only when all else has failed.
    let plain = case.from(only).into_iter().filter(|(to, _)| to == "4.4.4.4");
    assert!(plain.map(|(_, r)| r).all(|r| r.role == RouteRole::Failover && r.priority > Some(0)));
    // Fact 6.
    let apex = "unit.tests";
    assert_eq!(case.first(apex, "FR"), ["1.2.3.4", "1.2.3.5"]);
    assert_eq!(case.first(apex, "NG"), ["2.2.3.4", "2.2.3.5"]);
    assert_eq!(case.first(apex, "JP"), ["3.2.3.4", "3.2.3.5"]);
    assert_eq!(case.first(apex, "US"), ["5.2.3.4", "5.2.3.5", "4.2.3.4", "4.2.3.5"]);
}

#[test]
fn corpus_octodns_k8s_io() {
    let Some(case) = Case::open(&OctoDns, "geodns/octodns-k8s-io") else { return };
    // Facts 1 and 2: no answer depends on the client.
    let routes = || case.readings.iter().flat_map(|(_, r)| &r.facts.routes);
    assert!(routes().all(|r| r.clients == ClientMatch::Any));
    let apex: Vec<String> = case.endpoint("k8s.io").addresses.iter().map(|a| a.ip.to_string()).collect();
    assert_eq!(apex, ["34.107.204.206", "2600:1901:0:26f3::"]);
    assert_eq!(case.first("docs.k8s.io", "US"), ["redirect.k8s.io"]);
    assert_eq!(case.get("mx:k8s.io", "US")[0], ("aspmx.l.google.com".into(), 0));
    // Fact 3.
    assert_eq!(case.first("*.docs.k8s.io", "US"), ["netlifyglobalcdn.com"]);
    // Fact 4: an address that is none, as written; it is special to whoever looks for its place.
    assert_eq!(case.endpoint("invalid.registry.k8s.io").addresses[0].ip.to_string(), "0.0.0.0");
    // Trap 1: the pieces of a zone are one zone.
    let (_, zone) = case.readings.iter().find(|(p, _)| p.ends_with("/k8s.io._0_base.yaml")).unwrap();
    let parts: Vec<&str> = zone.included.iter().map(|id| case.sources.get(*id).path.as_str()).collect();
    assert_eq!(parts, ["_1_canary", "_1_do", "_2_aws"].map(|p| format!("zone-configs/k8s.io.{p}.yaml")));
    assert!(zone.facts.gaps.iter().any(|g| g.code == "delegated" && g.message.contains("`canary.k8s.io`")));
}

#[test]
fn corpus_powerdns_lua_archlinux() {
    let Some(sources) = corpus("geodns/powerdns-lua-archlinux") else { return };
    let path = "roles/geo_dns/templates/geo.yml.j2";
    // Trap 1: a template says so, and none of its expressions is taken for an address.
    let template = sources.get(sources.find(path).unwrap()).text.clone();
    assert_eq!(PowerDns.recognize(path, &template), Recognized::Yes);
    let reading = PowerDns.read(&Input::new(&sources, sources.find(path).unwrap()));
    assert!(reading.facts.endpoints.is_empty() && reading.facts.routes.is_empty());
    assert_eq!(reading.facts.gaps[0].code, "template-not-rendered");
    // Rendered from the addresses of the hosts, as the template says.
    let hosts = ["berlin", "frankfurt", "johannesburg", "london", "losangeles", "singapore", "taipei", "umea"];
    let host = |name: &str, key: &str| {
        let text = &sources.get(sources.find(&format!("host_vars/{name}.mirror.pkgbuild.com/misc.yml")).unwrap()).text;
        let line = text.lines().find_map(|l| l.strip_prefix(key)).unwrap();
        line.trim_start_matches(':').trim().trim_matches('"').to_owned()
    };
    let list = |key: &str| hosts.map(|h| host(h, key)).join("', '");
    let (v4, v6) = (list("ipv4_address"), list("ipv6_address"));
    let mut text = "domains:\n".to_owned();
    for domain in ["geo.mirror.pkgbuild.com", "riscv.mirror.pkgbuild.com"] {
        let up = |list: &str| {
            format!(
                "ifurlup('https://{domain}/lastupdate',\n              {{'{list}'}},\n              {{selector='pickclosest', useragent='pdns on london'}})"
            )
        };
        text.push_str(&format!(
            "  - domain: {domain}\n    ttl: 3600\n    records:\n      {domain}:\n        - soa: berlin.mirror.pkgbuild.com. root.archlinux.org. 1 3600 1800 604800 3600\n"
        ));
        for h in hosts {
            text.push_str(&format!("        - ns:\n            ttl: 86400\n            content: {h}.mirror.pkgbuild.com\n"));
        }
        for (kind, code) in [
            ("A", up(&v4)),
            ("AAAA", up(&v6)),
            (
                "HTTPS",
                format!(
                    "'1 . alpn=h2,h3 ipv4hint=' ..\n              {}[1] ..\n              ' ipv6hint=' ..\n              {}[1]",
                    up(&v4),
                    up(&v6)
                ),
            ),
        ] {
            text.push_str(&format!(
                "        - lua:\n            ttl: 300\n            content: >\n              {kind} \"{code}\"\n"
            ));
        }
    }
    let mut sources = Sources::default();
    let file = sources.add("geo.yml", text);
    let reading = PowerDns.read(&Input::new(&sources, file));
    assert!(reading.facts.gaps.is_empty(), "{:?}", reading.facts.gaps);
    let case = Case { sources, readings: vec![("geo.yml".into(), reading)] };
    // Facts 1 to 3: each name leads to each mirror; whose nearest it is, or whose nearest is down, is anybody's guess.
    for domain in ["geo.mirror.pkgbuild.com", "riscv.mirror.pkgbuild.com"] {
        let told = case.from(domain);
        for address in [
            "45.142.247.77",
            "138.199.19.15",
            "102.130.49.241",
            "185.73.44.89",
            "209.209.59.11",
            "194.156.163.63",
            "45.150.242.222",
            "194.71.11.121",
        ] {
            let ways: Vec<&&RouteFact> = told.iter().filter(|(to, _)| to == address).map(|(_, r)| r).collect();
            assert_eq!(ways.len(), 2, "{domain} {address}: A and HTTPS");
            assert!(ways.iter().all(|r| r.role == RouteRole::Geo && r.alias), "{domain} {address}");
            // Fact 4: and so a German client may get the one in the US, in Taiwan or in South Africa.
            assert!(case.first(domain, "DE").contains(&address.to_owned()));
        }
        assert_eq!(told.len(), 4 * hosts.len(), "A, AAAA, and both as hints");
    }
    // Trap 2: no place is read off a host's name. Fact 5: the health check is no way.
    assert!(case.readings[0].1.facts.endpoints.iter().all(|e| e.place.is_none() && e.region.is_none()));
}

#[test]
fn other_formats_are_left_alone() {
    let readers: [&dyn Reader; 4] = [&PowerDns, &GeoDnsJson, &OctoDns, &Ibp];
    for (path, text) in [
        ("compose.yaml", "services:\n  a:\n    image: b\n    type: A\n"),
        ("k.example.yaml", "apiVersion: v1\nkind: List\nspec:\n  type: A\n  value: x\n"),
        ("x.example.json", "{\"data\": {\"a\": 1}}"),
        ("mkdocs.yml", "domains:\n  - a\n"),
        ("terraform.tfstate.json", "{\"serial\": 1, \"data\": [], \"a\": 1}"),
    ] {
        for reader in readers {
            assert_eq!(reader.recognize(path, text), Recognized::No, "{path} {}", reader.format());
        }
    }
    // What one of them takes, no reader of another format does.
    for (folder, format) in
        [("geodns-powerdns", "powerdns-geoip"), ("geodns-json", "geodns-zone"), ("octodns", "octodns"), ("gdnsd", "gdnsd")]
    {
        let all = facts::sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read").join(folder));
        for (_, source) in all.iter().filter(|(_, s)| !s.path.ends_with("expected.txt")) {
            let taken: Vec<&str> = READERS
                .iter()
                .filter(|r| r.recognize(&source.path, &source.text) != Recognized::No)
                .map(|r| r.format())
                .collect();
            assert_eq!(taken, [format], "{}", source.path);
        }
    }
}

/// BIND names each file by a line of its own; those beyond the bound are gaps.
#[test]
fn bind_includes_no_more_than_256_files() {
    for (files, too_many) in [(200, 0), (300, 44)] {
        let lines: String = (0..files).map(|n| format!("include \"more/{n:03}.conf\";\n")).collect();
        let mut sources = Sources::default();
        let file = sources.add("named.conf", lines);
        (0..files).for_each(|n| _ = sources.add(format!("more/{n:03}.conf"), "// nothing\n"));
        let reading = Bind.read(&Input::new(&sources, file));
        assert_eq!(reading.facts.gaps.iter().filter(|g| g.code == "too-large").count(), too_many);
        assert_eq!(reading.included.len(), files - too_many);
    }
}

/// A folder of more files than are read is a gap at the line that names it, and no more than the bound are taken in.
#[test]
fn no_more_than_256_files_are_included() {
    let includes: [(&dyn Reader, &str, &str, &str); 3] = [
        (&Knot, "knot.conf", "server:\n    user: knot\ninclude: more/*.conf\n", "log:\n  - target: syslog\n"),
        (&Nsd, "nsd.conf", "server:\n    port: 53\ninclude: more/*.conf\n", "# nothing\n"),
        (&Pdns, "pdns.conf", "launch=bind\ninclude-dir=more\n", "local-port=53\n"),
    ];
    for (reader, main, text, more) in includes {
        for (files, too_many) in [(200, 0), (300, 1)] {
            let mut sources = Sources::default();
            let file = sources.add(main, text);
            (0..files).for_each(|n| _ = sources.add(format!("more/{n:03}.conf"), more));
            let reading = reader.read(&Input::new(&sources, file));
            let told = reading.facts.gaps.iter().filter(|g| g.code == "too-large").count();
            assert_eq!(told, too_many, "{main} with {files}: {:?}", reading.facts.gaps);
            assert!(reading.included.len() <= 256, "{main}: {}", reading.included.len());
            assert!(reading.included.len() >= files.min(255), "{main}: {}", reading.included.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Pieces of the cases in any order.
    #[test]
    fn damaged_files(picks in proptest::collection::vec((0_usize..64, 0_usize..4000, 0_usize..400), 1..8)) {
        for (reader, folder, path) in [
            (&PowerDns as &dyn Reader, "tests/read/geodns-powerdns", "geo.yaml"),
            (&GeoDnsJson, "tests/read/geodns-json", "example.org.json"),
            (&OctoDns, "tests/read/octodns", "example.org.yaml"),
            (&Ibp, "tests/read/geodns-json", "members.json"),
            (&Gdnsd, "tests/read/gdnsd", "config"),
            (&Bind, "tests/read/bind", "named.conf"),
        ] {
            let seeds = seeds(folder);
            let mut text = String::new();
            for (which, from, length) in &picks {
                let seed = &seeds[which % seeds.len()];
                let chars: Vec<char> = seed.chars().collect();
                let from = from % chars.len().max(1);
                text.extend(chars.iter().skip(from).take(*length));
            }
            sound(reader, path, &text);
        }
    }
}
