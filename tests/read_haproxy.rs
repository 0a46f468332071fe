//! The HAProxy reader against folders of input and expected facts, against real files, and against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use facts::{Show, corpus, seeds, sound};
use onshore::model::{GapScope, RouteFact, Spill};
use onshore::read::haproxy::Haproxy;
use onshore::read::{Input, Reader, Reading, Recognized};
use onshore::source::Sources;
use proptest::prelude::*;

#[test]
fn cases() {
    facts::golden(&Haproxy, "tests/read/haproxy", 15);
}

fn read(sources: &Sources, path: &str) -> Reading {
    let file = sources.find(path).unwrap();
    assert_eq!(Haproxy.recognize(path, &sources.get(file).text), Recognized::Yes);
    Haproxy.read(&Input::new(sources, file))
}

fn from<'a>(show: &Show<'a>, name: &str) -> Vec<(String, &'a RouteFact)> {
    let all = show.facts.routes.iter().filter(|r| show.reference(&r.from) == format!("[{name}]"));
    all.map(|r| (show.reference(&r.to), r)).collect()
}

#[test]
fn corpus_tcp_sni_backends() {
    let Some(sources) = corpus("haproxy/tcp-sni-backends") else { return };
    let reading = read(&sources, "haproxy.cfg");
    let show = Show { sources: &sources, facts: &reading.facts };
    // Fact 1: two server names, each to its backend, and a default. The frontend is reached by both names.
    let frontend = reading.facts.endpoints.iter().find(|e| e.kind == "haproxy-frontend").unwrap();
    let names: Vec<&str> = frontend.names.iter().map(|n| n.value.as_str()).collect();
    assert_eq!(names, ["backend0.example.com", "backend1.example.com"]);
    assert_eq!(frontend.attributes.other["bind"], "0.0.0.0:32766");
    let told: Vec<(String, String)> =
        from(&show, "backend0.example.com").into_iter().map(|(to, r)| (to, r.condition.clone().unwrap_or_default())).collect();
    let expected = [
        ("[tests_svc_http-echo-0_https]", "when switch_be_0 (req_ssl_sni -i backend0.example.com)"),
        ("[tests_svc_http-echo-1_https]", "when switch_be_1 (req_ssl_sni -i backend1.example.com)"),
        ("[tests_svc_http-echo_https]", ""),
    ];
    assert_eq!(told, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    // Facts 2 and 3, and trap 1: two servers each carry, the disabled ones never do.
    for (backend, first, second) in [
        ("tests_svc_http-echo-0_https", "10.244.0.50:8443", "[fd00:10:244::32]:8443"),
        ("tests_svc_http-echo-1_https", "10.244.0.51:8443", "[fd00:10:244::33]:8443"),
    ] {
        let routes = from(&show, backend);
        let carry: Vec<&str> =
            routes.iter().filter(|(_, r)| !matches!(r.spill, Spill::Never(_))).map(|(to, _)| to.as_str()).collect();
        assert_eq!(carry, [first, second]);
        assert_eq!(routes.iter().filter(|(to, _)| to == "[127.0.0.1:8443]").count(), 2);
    }
    // Trap 2 does not hold: the default backend is in the extract, lines 62 to 71. A missing one is a gap (see maps-and-servers).
    assert!(reading.facts.gaps.is_empty());
}

#[test]
fn corpus_maps_and_servers() {
    let Some(sources) = corpus("haproxy/maps-and-servers") else { return };
    // Fact 1: the map files are not there, and neither is the default backend.
    let maps = read(&sources, "storage_maps/haproxy.cfg");
    let gap = |line: u32, code: &str| {
        maps.facts
            .gaps
            .iter()
            .find(|g| g.code == code && sources.position(g.location).line == line)
            .is_some_and(|g| matches!(g.scope, GapScope::Endpoints(_)))
    };
    assert!(gap(31, "missing-map"), "the empty map");
    assert!(gap(36, "missing-map"), "the map that chooses the backend");
    assert!(gap(38, "undefined-name"), "default_backend test_maps");
    // Fact 2: five servers; two share an address.
    let servers = read(&sources, "servers/haproxy.cfg");
    let show = Show { sources: &sources, facts: &servers.facts };
    let told: Vec<String> = from(&show, "test_backend").into_iter().map(|(to, _)| to).collect();
    let expected = ["10.1.1.1:8080", "10.1.1.2:8080", "10.1.1.2:8080", "[fd00:6:48:c85:deb:f:62:4]:80", "192.168.1.1:80"];
    assert_eq!(told, expected);
    let share = from(&show, "test_backend")[0].1.condition.clone();
    assert_eq!(share.as_deref(), Some("takes 80 of 242 requests"), "three of weight 80, two of weight 1");
    // Fact 3 and the trap: the `server` of the peers is no server of a backend.
    assert_eq!(servers.facts.routes.iter().filter(|r| show.reference(&r.to) == "10.1.1.1:8080").count(), 1);
    assert_eq!(show.reference(&servers.facts.routes[0].from), "[test_backend]");
}

#[test]
fn other_formats_are_left_alone() {
    for (path, text) in [
        ("nginx.conf", "http {\n  upstream backend {\n    server 10.0.0.1;\n  }\n}\n"),
        ("default.vcl", "vcl 4.0;\nbackend default { .host = \"127.0.0.1\"; }\n"),
        ("named.conf", "options {\n  listen-on { any; };\n};\n"),
        ("setup.cfg", "[global]\nindex-url = x\n[options]\nserver = y\n"),
        ("example.zone", "$ORIGIN example.\n@ IN SOA a b 1 2 3 4 5\n"),
        ("hosts", "10.0.0.1 backend app\n10.0.0.2 global\n"),
        ("squid.conf", "acl localnet src 10.0.0.0/8\nhttp_access allow localnet\n"),
        ("keepalived.conf", "global_defs {\n}\nvrrp_instance a {\n  state MASTER\n}\n"),
        ("notes.txt", "global\n  daemon\nbackend a\n  server b\n"),
    ] {
        assert_eq!(Haproxy.recognize(path, text), Recognized::No, "{path}");
    }
    for (path, text, expected) in [
        ("conf.d/app.cfg", "backend app\n  server a 10.0.0.1:80\n", Recognized::Yes),
        ("etc/haproxy/00-global.cfg", "global\n  daemon\n", Recognized::Yes),
        ("edge.conf", "frontend www\n  bind :80\n  default_backend a\n", Recognized::Yes),
        ("peers.cfg", "peers p\n  peer a 10.0.0.1:1024\n", Recognized::Maybe),
    ] {
        assert_eq!(Haproxy.recognize(path, text), expected, "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_words_are_survived(words in prop::collection::vec(prop::sample::select(vec![
        "frontend", "backend", "listen", "a", "b", "\n", "  ", "use_backend", "default_backend", "if", "unless", "{", "}", "!", "or",
        "acl", "src", "-f", "-m", "str", "%[", "]", "map(a.map,b)", "nbsrv(a)", "lt", "1", "server", "10.0.0.1:80", "check", "backup",
        "track", "a/b", "global", "log", "ring@a", "ring", "peers", "defaults", "from", ".if", ".else", ".endif", "\"", "'", "\\", "#",
        "\"${X}\"", "http-request", "set-var(txn.a)", "%[var(txn.a)]", "redirect", "location", "https://%[hdr(host)]/", "\u{4e0a}\u{6d77}",
    ]), 0..80)) {
        sound(&Haproxy, "haproxy.cfg", &words.join(" "));
    }

    #[test]
    fn damaged_configurations_are_survived(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
                                           cut in 0_usize..40, insert in "[{}!\"'$\\\\#a% \n]{0,6}") {
        let seeds = seeds("tests/read/haproxy");
        let mut text: Vec<char> = which.get(&seeds).chars().collect();
        let from = at.index(text.len().max(1)).min(text.len());
        let to = (from + cut).min(text.len());
        text.splice(from..to, insert.chars());
        sound(&Haproxy, "haproxy.cfg", &text.into_iter().collect::<String>());
    }
}

#[test]
fn large_input_ends() {
    let backends: String =
        (0..3_000).map(|i| format!("backend b{i}\n  server s 10.0.0.1:{} track b{}/s\n", i + 1, (i + 1) % 3_000)).collect();
    let rules: String = (0..3_000)
        .map(|i| format!("  acl a{i} path_beg /{i}\n  use_backend b{i} if a{i} !a{} or {{ nbsrv(b{i}) gt 0 }}\n", i / 2))
        .collect();
    sound(&Haproxy, "haproxy.cfg", &format!("frontend f\n  bind :80\n{rules}{backends}"));
    let any = "  use_backend %[req.hdr(x)]\n".repeat(3_000);
    sound(&Haproxy, "haproxy.cfg", &format!("frontend f\n  bind :80\n{any}{backends}"));
    let defaults: String = (0..3_000).map(|i| format!("defaults d{} from d{i}\n  log global\n", i + 1)).collect();
    sound(&Haproxy, "haproxy.cfg", &format!("defaults d0\n{defaults}frontend f from d3000\n  bind :80\n"));
    let vars: String = (0..200).map(|i| format!("  http-request set-var(txn.v{i}) var(txn.v{})\n", (i + 1) % 200)).collect();
    sound(&Haproxy, "haproxy.cfg", &format!("frontend f\n{vars}  use_backend %[var(txn.v0)]\n"));
    for piece in ["{ ", "if { a } ", "or ", "! ", "\"${A", "%[", "a(", ".if 1\n", "\\", "frontend f\n", "server a b\n"] {
        sound(&Haproxy, "haproxy.cfg", &format!("frontend f\n  use_backend b if {}", piece.repeat(100_000 / piece.len())));
    }
}
