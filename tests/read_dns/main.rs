//! Zones and hosts files as facts: each input in `tests/read/{zone,hosts}` beside the facts it becomes (`ONSHORE_BLESS=1` writes
//! them anew), and what is known of a real zone.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a panic is how a test fails, a line how it says that it was skipped

mod dump;

use std::path::Path;

use onshore::model::{EndpointFact, Facts, GapScope, Reference};
use onshore::read::{Input, READERS, Reader, Recognized, read_all};
use onshore::source::load::{Loaded, load, read_one};

fn reader(format: &str) -> &'static dyn Reader {
    *READERS.iter().find(|r| r.format() == format).expect("the reader is registered")
}

/// Reads a folder of inputs and compares each reading with the file `INPUT.facts`.
fn check_folder(folder: &str, format: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let loaded = load(&root, &[], &["**/*.facts".to_owned()]).unwrap();
    assert!(loaded.errors.is_empty() && loaded.skipped.is_empty(), "{:?} {:?}", loaded.errors, loaded.skipped);
    let all = read_all(&loaded, &onshore::read::Settings::default(), &[("**".to_owned(), format.to_owned())], None).unwrap();
    assert!(all.readings.len() > 1);
    let mut wrong = Vec::new();
    for (id, _, reading) in &all.readings {
        let path = root.join(format!("{}.facts", loaded.sources.get(*id).path));
        let actual = dump::facts(&loaded.sources, *id, reading);
        if std::env::var_os("ONSHORE_BLESS").is_some() {
            std::fs::write(&path, &actual).unwrap();
        }
        let expected = read_one(&path).unwrap_or_default();
        if expected != actual {
            wrong.push(format!("{}\n--- expected\n{expected}--- actual\n{actual}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn zones_become_facts() {
    check_folder("tests/read/zone", "dns-zone");
}

#[test]
fn hosts_files_become_facts() {
    check_folder("tests/read/hosts", "hosts");
}

#[test]
fn formats_are_recognized() {
    use Recognized::{Maybe, No, Yes};
    const ZONE: &str = "@ IN SOA ns1 host 1 2 3 4 5\n  NS ns1\nns1 A 192.0.2.1\n";
    const HOSTS: &str = "127.0.0.1 localhost\n10.0.0.1 db db.internal # x\n";
    let inventory = "[web]\nweb1 ansible_host=10.0.0.1\n10.0.0.2\n";
    let terraform = "resource \"aws_route53_record\" \"a\" {\n  type = \"A\"\n}\n";
    let config_map = "apiVersion: v1\nkind: ConfigMap\ndata:\n  db: |\n    $ORIGIN example.com.\n    @ IN SOA a b 1 2 3 4 5\n";
    let named = "options { directory \"/etc/bind\"; };\nzone \"example.com\" { type master; file \"db.example.com\"; };\n";
    let nginx = "server {\n  listen 80;\n  server_name a.example;\n}\n";
    let csv = "name,type,address\nwww,A,192.0.2.1\n";
    for (path, text, zone, hosts) in [
        ("dns/example.com.zone", ZONE, Yes, No),
        ("whatever.txt", ZONE, Yes, No),
        ("db.example.com", "www A 192.0.2.1\n", Yes, No),
        ("part.txt", "www A 192.0.2.1\nftp CNAME www\n", Maybe, No),
        ("empty.zone", "", No, No),
        ("old.zone", "$ORIGIN example.com.\nwww A 1.2.3.4\n???\n", Yes, No),
        ("hosts", HOSTS, No, Yes),
        ("etc/hosts", "10.0.0.1 a 1.2.3.4\n10.0.0.2 b\n", No, Yes),
        ("x.txt", HOSTS, No, Yes),
        ("x.txt", "10.0.0.1 db\n", No, Maybe),
        ("hosts", "10.0.0.1 ns ns1\n10.0.0.2 mx 10 mail\n", No, Yes),
        ("hosts", inventory, No, No),
        ("hosts", "10.0.0.1\n10.0.0.2\n", No, No),
        ("hosts.tf", terraform, No, No),
        ("coredns.yaml", config_map, No, No),
        ("named.conf", named, No, No),
        ("nginx.conf", nginx, No, No),
        ("records.csv", csv, No, No),
        ("records.txt", csv, No, No),
        ("inventory.ini", "[dns]\nwww A 192.0.2.1\n", No, No),
        ("", "", No, No),
    ] {
        assert_eq!(reader("dns-zone").recognize(path, text), zone, "zone: {path}: {text}");
        assert_eq!(reader("hosts").recognize(path, text), hosts, "hosts: {path}: {text}");
    }
}

/// The real zone and its facts, as `bind-zone/phil-pennock-zone/facts.md` numbers them.
mod corpus {
    use super::*;

    fn read(file: &str) -> Option<Facts> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/bind-zone/phil-pennock-zone/raw").join(file);
        let Ok(text) = read_one(&path) else {
            println!("skipped: {file} of the shared corpus is not here");
            return None;
        };
        let mut loaded = Loaded::default();
        let id = loaded.add(file, text);
        assert_eq!(reader("dns-zone").recognize(file, &loaded.sources.get(id).text), Recognized::Yes);
        Some(reader("dns-zone").read(&Input::new(&loaded.sources, id)).facts)
    }

    fn fact<'a>(facts: &'a Facts, name: &str) -> &'a EndpointFact {
        let has = |e: &&EndpointFact| e.id.as_deref() == Some(name) || e.names.iter().any(|n| n.value == name);
        facts.endpoints.iter().find(has).unwrap_or_else(|| panic!("no endpoint {name}"))
    }

    fn addresses(facts: &Facts, name: &str) -> Vec<String> {
        fact(facts, name).addresses.iter().map(|a| a.ip.to_string()).collect()
    }

    /// `priority host:port` of the routes that leave an endpoint.
    fn targets(facts: &Facts, name: &str, pool: &str) -> Vec<String> {
        let at = facts.endpoints.iter().position(|e| std::ptr::eq(e, fact(facts, name))).unwrap();
        let leaves = |r: &&onshore::model::RouteFact| r.from == Reference::Fact(at) && r.pool.as_deref() == Some(pool);
        let show = |r: &onshore::model::RouteFact| match &r.to {
            Reference::Host { name, port } => {
                format!("{} {name}{}", r.priority.unwrap_or(0), port.map_or(String::new(), |p| format!(":{p}")))
            }
            other => format!("{other:?}"),
        };
        facts.routes.iter().filter(leaves).map(show).collect()
    }

    #[test]
    fn fact_1_the_apex() {
        let Some(facts) = read("example.org.zone") else { return };
        assert_eq!(addresses(&facts, "example.org"), ["192.0.2.1", "2001:db8::1:1"]);
        assert_eq!(targets(&facts, "mx:example.org", "mx"), ["0 mx.example.org"]);
        assert_eq!(
            targets(&facts, "ns:example.org", "ns"),
            ["0 ns1.example.org", "0 ns2.example.org", "0 ns-a.example.net", "0 friend-dns.example.com"]
        );
    }

    #[test]
    fn fact_2_hosts() {
        let Some(facts) = read("example.org.zone") else { return };
        for (name, address) in [
            ("mx", "192.0.2.25"),
            ("chat", "203.0.113.175"),
            ("foo", "192.0.2.200"),
            ("megalomaniac", "198.51.100.254"),
            ("ns2", "203.0.113.53"),
        ] {
            assert!(addresses(&facts, &format!("{name}.example.org")).contains(&address.to_owned()), "{name}");
        }
    }

    #[test]
    fn fact_3_services() {
        let Some(facts) = read("example.org.zone") else { return };
        assert_eq!(targets(&facts, "_xmpp-server._tcp.example.org", "service"), ["0 xmpp-s2s.example.org:5269"]);
        assert_eq!(targets(&facts, "_imaps._tcp.example.org", "service"), ["0 imap.example.org:993"]);
        let offered = |name: &str| facts.endpoints.iter().any(|e| e.names.iter().any(|n| n.value == name));
        assert!(!offered("_ldap._tcp.example.org"), "the target `.` means that the service is not offered");
    }

    #[test]
    fn fact_4_the_delegated_zone() {
        let Some(facts) = read("example.org.zone") else { return };
        assert_eq!(targets(&facts, "ns:field.example.org", "ns"), ["0 ns1.example.org", "0 ns2.example.org"]);
        let field = facts.endpoints.iter().position(|e| std::ptr::eq(e, fact(&facts, "field.example.org"))).unwrap();
        let gap = facts.gaps.iter().find(|g| g.code == "delegated").unwrap();
        assert_eq!(gap.scope, GapScope::Endpoints(vec![Reference::Fact(field)]));
    }

    #[test]
    fn trap_1_no_place_is_claimed() {
        let Some(facts) = read("example.org.zone") else { return };
        assert!(facts.endpoints.iter().all(|e| e.place.is_none() && e.region.is_none() && e.site.is_none()));
    }

    #[test]
    fn trap_2_relative_names_and_omitted_owners() {
        let Some(facts) = read("example.org.zone") else { return };
        assert_eq!(addresses(&facts, "avatars.example.org"), ["192.0.2.93", "2001:db8::48:4558:5345:5256"]);
        assert_eq!(targets(&facts, "mx:gladys.example.org", "mx"), ["0 mx.example.org"]);
        let odd = facts.endpoints.iter().flat_map(|e| &e.names).find(|n| !n.value.ends_with("example.org"));
        assert_eq!(odd, None, "every name lies in the zone");
    }

    #[test]
    fn nothing_else_is_unclear() {
        let Some(facts) = read("example.org.zone") else { return };
        let codes: Vec<_> = facts.gaps.iter().map(|g| (g.code, g.message.split('`').nth(1).unwrap_or(""))).collect();
        let delegated = ["field.example.org", "khard.example.org", "yoyo.example.org"].map(|zone| ("delegated", zone));
        assert_eq!(codes, delegated);
    }

    #[test]
    fn the_simple_zone() {
        let Some(facts) = read("simple.com.zone") else { return };
        assert_eq!(
            targets(&facts, "mx:simple.com", "mx"),
            [
                "0 aspmx.l.google.com",
                "1 alt1.aspmx.l.google.com",
                "1 alt2.aspmx.l.google.com",
                "2 alt3.aspmx.l.google.com",
                "2 alt4.aspmx.l.google.com"
            ]
        );
        assert_eq!(targets(&facts, "dev.simple.com", "dns"), ["0 stackoverflowsandbox2.mktoweb.com"]);
        assert_eq!(targets(&facts, "_sip._tcp.simple.com", "service"), ["0 bigbox.example.com:5060"]);
        assert_eq!(targets(&facts, "ns:simple.com", "ns").len(), 4);
        assert!(facts.gaps.is_empty(), "{:?}", facts.gaps);
    }
}
