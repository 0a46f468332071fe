//! The readers of edges (Traefik, Caddy, Apache httpd, Varnish...) against folders of input and expected facts, against real files,
//! and against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use facts::{Show, corpus, seeds, sound};
use onshore::model::{Activity, RouteFact, RouteRole, Spill};
use onshore::read::apache::Apache;
use onshore::read::apisix::Apisix;
use onshore::read::caddy::Caddy;
use onshore::read::kong::Kong;
use onshore::read::squid::Squid;
use onshore::read::traefik::Traefik;
use onshore::read::varnish::Varnish;
use onshore::read::{Input, Reader, Reading, Recognized};
use onshore::source::Sources;
use proptest::prelude::*;

#[test]
fn traefik() {
    facts::golden(&Traefik, "tests/read/traefik", 6);
}

#[test]
fn caddy() {
    facts::golden(&Caddy, "tests/read/caddy", 6);
}

#[test]
fn apache() {
    facts::golden(&Apache, "tests/read/apache", 5);
}

#[test]
fn varnish() {
    facts::golden(&Varnish, "tests/read/varnish", 5);
}

#[test]
fn kong() {
    facts::golden(&Kong, "tests/read/kong", 2);
}

#[test]
fn apisix() {
    facts::golden(&Apisix, "tests/read/apisix", 2);
}

#[test]
fn squid() {
    facts::golden(&Squid, "tests/read/squid", 3);
}

#[test]
fn files_of_others_are_left_to_them() {
    for (path, text) in [
        ("compose.yaml", "services:\n  app:\n    labels: [traefik.enable=true]\n"),
        ("ingress.yaml", "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nspec: {routes: []}\n"),
        ("nginx.conf", "server {\n  listen 80;\n  location / { proxy_pass http://a; }\n}\n"),
        ("haproxy.cfg", "frontend f\n  bind :80\n  default_backend b\nbackend b\n  server s 10.0.0.1:80\n"),
        ("openapi.yaml", "openapi: 3.0.0\nservers: []\nroutes: []\n"),
        ("settings.toml", "[http]\nport = 80\n[services]\na = 1\n"),
        ("app.json", "{\"apps\": [], \"servers\": []}"),
        ("web.xml", "<?xml version=\"1.0\"?>\n<Location>x</Location>\n"),
        ("sshd_config", "Port 22\nPermitRootLogin no\n"),
    ] {
        for (reader, _, _) in READERS {
            assert_eq!(reader.recognize(path, text), Recognized::No, "{} {path}", reader.format());
        }
    }
}

fn read(reader: &dyn Reader, sources: &Sources, path: &str) -> Reading {
    let file = sources.find(path).unwrap();
    assert_eq!(reader.recognize(path, &sources.get(file).text), Recognized::Yes, "{path}");
    reader.read(&Input::new(sources, file))
}

fn from<'a>(show: &Show<'a>, name: &str) -> Vec<(String, &'a RouteFact)> {
    let all = show.facts.routes.iter().filter(|r| show.reference(&r.from) == format!("[{name}]"));
    all.map(|r| (show.reference(&r.to), r)).collect()
}

fn targets<'a>(routes: &'a [(String, &RouteFact)]) -> Vec<&'a str> {
    routes.iter().map(|(to, _)| to.as_str()).collect()
}

#[test]
fn corpus_traefik_failover() {
    let Some(sources) = corpus("traefik-caddy/traefik-failover") else { return };
    // Fact 1: one rule to a failover of two services with health checks.
    let reading = read(&Traefik, &sources, "failover.toml");
    let show = Show { sources: &sources, facts: &reading.facts };
    assert_eq!(targets(&from(&show, "traefik failover.toml")), ["[failover-service]"]);
    assert_eq!(from(&show, "traefik failover.toml")[0].1.condition.as_deref(), Some("for path /whoami"));
    // Trap 1: the URLs are yet to be filled in, so each service has a gap and no server.
    let gaps = |reading: &Reading, code: &str| reading.facts.gaps.iter().filter(|g| g.code == code).count();
    assert_eq!(gaps(&reading, "template-not-rendered"), 2);
    assert_eq!(reading.facts.gaps.len(), 2);
    // With the placeholders filled in, the fallback carries when the main service is down.
    let filled = sources.get(sources.find("failover.toml").unwrap()).text.replace("{{ .MainServer }}", "10.0.0.1");
    let filled = filled.replace("{{ .FallbackServer }}", "10.0.0.2");
    let mut own = Sources::default();
    own.add("failover.toml", filled);
    let reading = read(&Traefik, &own, "failover.toml");
    let show = Show { sources: &own, facts: &reading.facts };
    let routes = from(&show, "failover-service");
    assert_eq!(targets(&routes), ["10.0.0.1:80", "10.0.0.2:80"]);
    assert_eq!((routes[1].1.role, &routes[1].1.spill), (RouteRole::Failover, &Spill::Load));
    assert!(reading.facts.gaps.is_empty());
    // Fact 2: 3 to 1.
    let reading = read(&Traefik, &sources, "wrr.toml");
    let show = Show { sources: &sources, facts: &reading.facts };
    let routes = from(&show, "wrr");
    assert_eq!(targets(&routes), ["[service1]", "[service2]"]);
    let conditions: Vec<&str> = routes.iter().map(|(_, r)| r.condition.as_deref().unwrap()).collect();
    assert_eq!(conditions, ["takes 3 of 4 requests", "takes 1 of 4 requests"]);
    // Fact 3: shares of copies; trap 2: a copy without its body is still a copy.
    let reading = read(&Traefik, &sources, "mirror.toml");
    let show = Show { sources: &sources, facts: &reading.facts };
    for (service, body) in [("mirror", ""), ("mirrorWithMaxBody", ""), ("mirrorWithoutBody", ", without its body")] {
        let routes = from(&show, service);
        assert_eq!(targets(&routes), ["[service1]", "[mirror1]", "[mirror2]"]);
        let copies: Vec<_> = routes.iter().filter(|(_, r)| r.activity == Activity::Mirror).map(|(_, r)| r).collect();
        let told: Vec<&str> = copies.iter().map(|r| r.condition.as_deref().unwrap()).collect();
        assert_eq!(told, [format!("a copy of 10 % of the requests{body}"), format!("a copy of 50 % of the requests{body}")]);
    }
}

#[test]
fn corpus_caddy_load_balance() {
    let Some(sources) = corpus("traefik-caddy/caddy-load-balance") else { return };
    for (file, expected) in [
        ("reverse_proxy_load_balance.caddyfiletest", vec![("127.0.0.1:65535", None)]),
        (
            "reverse_proxy_load_balance_wrr.caddyfiletest",
            vec![("127.0.0.1:65535", Some("takes 10 of 11 requests")), ("127.0.0.1:35535", Some("takes 1 of 11 requests"))],
        ),
    ] {
        // Facts 1 and 2, and fact 3: the Caddyfile and the JSON behind it say the same.
        let text = &sources.get(sources.find(file).unwrap()).text;
        let (_, json) = text.split_once("\n----------\n").unwrap();
        let mut own = Sources::default();
        own.add("Caddyfile", text.split("\n----------\n").next().unwrap());
        own.add("caddy.json", json);
        for (sources, path) in [(&sources, file), (&own, "Caddyfile"), (&own, "caddy.json")] {
            let reading = read(&Caddy, sources, path);
            let show = Show { sources, facts: &reading.facts };
            let entry = reading.facts.endpoints.iter().find(|e| e.kind != "loopback").unwrap();
            assert_eq!(entry.attributes.other["listen"], ":8884");
            let routes = from(&show, &entry.label);
            let told: Vec<(&str, Option<&str>)> =
                routes.iter().map(|(to, r)| (to.trim_matches(['[', ']']), r.condition.as_deref())).collect();
            assert_eq!(told, expected, "{path}");
            assert!(reading.facts.gaps.is_empty(), "{path}: {:?}", reading.facts.gaps);
        }
    }
    // The trap: `first` makes later upstreams stand by; every other policy lets all carry.
    for (policy, role, priority) in [("first", RouteRole::Failover, 1), ("weighted_round_robin 10 1", RouteRole::Weighted, 0)] {
        let mut own = Sources::default();
        own.add(
            "Caddyfile",
            format!(":80 {{\n reverse_proxy a.example:80 b.example:80 {{\n lb_policy {policy}\n fail_duration 5s\n }}\n}}"),
        );
        let reading = read(&Caddy, &own, "Caddyfile");
        let second = &reading.facts.routes[1];
        assert_eq!((second.role, second.priority, &second.spill), (role, Some(priority), &Spill::Load));
    }
}

#[test]
fn corpus_govuk_fastly_mirrors() {
    let Some(sources) = corpus("varnish-vcl/govuk-fastly-mirrors") else { return };
    let reading = read(&Varnish, &sources, "www-production.out.vcl");
    let show = Show { sources: &sources, facts: &reading.facts };
    let entry = from(&show, "varnish www-production.out.vcl");
    let ways: Vec<_> = entry.iter().filter(|(_, r)| r.activity == Activity::Forward).collect();
    // Facts 1 and 2: four backends, in the order of restarts; fact 4: the last is another provider's cloud. Trap 1: `foo` and `bar` are
    // placeholders that look like hosts, and stay what they are. Trap 2: no director says so, only code.
    let order: Vec<(&str, u32, RouteRole)> = ways
        .iter()
        .filter(|(_, r)| {
            r.priority == Some(0) && r.clients == onshore::model::ClientMatch::Any || r.role == RouteRole::Failover
        })
        .map(|(to, r)| (to.as_str(), r.priority.unwrap(), r.role))
        .collect();
    assert_eq!(
        order,
        [
            ("foo:443", 0, RouteRole::Primary),
            ("bar:443", 1, RouteRole::Failover),
            ("s3-mirror-replica.aws.com:443", 2, RouteRole::Failover),
            ("gcs-mirror.google.com:443", 3, RouteRole::Failover),
        ]
    );
    assert!(ways.iter().filter(|(_, r)| r.role == RouteRole::Failover).all(|(_, r)| r.spill == Spill::Load));
    // Each can also be forced by a variable.
    let forced: Vec<&str> = ways
        .iter()
        .filter(|(_, r)| r.condition.as_deref().is_some_and(|c| c.contains("var.backend_override")))
        .map(|(to, _)| to.as_str())
        .collect();
    assert_eq!(forced, ["bar:443", "s3-mirror-replica.aws.com:443", "gcs-mirror.google.com:443"]);
    assert!(!reading.facts.endpoints.iter().any(|e| e.kind == "varnish-director"));
    for file in ["assets-production.out.vcl", "mirror-production.out.vcl"] {
        let reading = read(&Varnish, &sources, file);
        assert_eq!(reading.facts.routes.iter().filter(|r| r.role == RouteRole::Failover).count(), 3, "{file}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Pieces of the seeds, put together anyhow, are read without harm.
    #[test]
    fn damaged_files_are_read(which in 0..READERS.len(), pieces in prop::collection::vec((any::<prop::sample::Index>(), 0..400_usize, 0..120_usize), 1..8)) {
        let (reader, folder, name) = READERS[which];
        let seeds = seeds(folder);
        let mut text = String::new();
        for (seed, from, length) in pieces {
            text.extend(seed.get(&seeds).chars().skip(from).take(length));
        }
        sound(reader, name, &text);
    }
}

const READERS: [(&dyn Reader, &str, &str); 7] = [
    (&Traefik, "tests/read/traefik", "routes.yaml"),
    (&Caddy, "tests/read/caddy", "Caddyfile"),
    (&Apache, "tests/read/apache", "httpd.conf"),
    (&Varnish, "tests/read/varnish", "default.vcl"),
    (&Kong, "tests/read/kong", "kong.yaml"),
    (&Apisix, "tests/read/apisix", "apisix.yaml"),
    (&Squid, "tests/read/squid", "squid.conf"),
];

#[test]
fn hostile_files_are_read() {
    for (reader, _, name) in READERS {
        for piece in ["{", "}", "<", "(", "\"", "a {\n", "\\\n", "[", "a: ", "<<X\n", "import Caddyfile\n", "\u{0}"] {
            sound(reader, name, &piece.repeat(50_000));
        }
    }
    sound(&Traefik, "a.toml", &"[http.routers.".repeat(20_000));
    let chain = (0..300)
        .map(|i| format!("    s{i}: {{failover: {{service: s{}, fallback: s{}}}}}\n", i + 1, i + 1))
        .collect::<String>();
    sound(&Traefik, "routes.yaml", &format!("http:\n  services:\n{chain}"));
    let circle = "    a: {failover: {service: b, fallback: b}}\n    b: {failover: {service: a, fallback: a}}\n";
    sound(&Traefik, "routes.yaml", &format!("http:\n  services:\n{circle}"));
    let macros = (0..200).map(|i| format!("<Macro m{i}>\nUse m{0}\nUse m{0}\n</Macro>\n", i + 1)).collect::<String>();
    sound(&Apache, "httpd.conf", &format!("{macros}Use m0\n"));
    sound(&Apache, "httpd.conf", &format!("Define a xx\n{}Include ${{a}}\n", "Define a ${a}${a}\n".repeat(60)));
    let snippets = (0..200).map(|i| format!("(s{i}) {{\n import s{0}\n import s{0}\n}}\n", i + 1)).collect::<String>();
    sound(&Caddy, "Caddyfile", &format!("{snippets}a.example {{\n import s0\n}}\n"));
}
