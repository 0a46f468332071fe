//! The nginx reader against folders of input and expected facts (`ONSHORE_BLESS=1` writes them), against real files, and against
//! arbitrary and damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use onshore::model::{GapScope, Reference, Unread};
use onshore::read::nginx::Nginx;
use onshore::read::{Input, Reader, Reading, Recognized};
use onshore::source::Sources;

mod facts;
use facts::{Show, sources};
use proptest::prelude::*;

fn one(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.add("nginx.conf", text);
    sources
}

fn read(sources: &Sources, path: &str) -> Reading {
    Nginx.read(&Input::new(sources, sources.find(path).unwrap()))
}

fn show(sources: &Sources, path: &str) -> String {
    let reading = read(sources, path);
    Show { sources, facts: &reading.facts }.all(&reading)
}

#[test]
fn cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/nginx");
    let bless = std::env::var_os("ONSHORE_BLESS").is_some();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    let mut wrong = String::new();
    for folder in &folders {
        let sources = sources(folder);
        let main = if sources.find("nginx.conf").is_some() { "nginx.conf" } else { "main.conf" };
        let actual = show(&sources, main);
        let expected_path = folder.join("expected.txt");
        if bless {
            std::fs::write(&expected_path, &actual).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if actual != expected {
            writeln!(wrong, "--- {}\nexpected:\n{expected}\nactual:\n{actual}", folder.display()).unwrap();
        }
        let text = &sources.get(sources.find(main).unwrap()).text;
        assert_ne!(Nginx.recognize(main, text), Recognized::No, "{} is not recognized", folder.display());
    }
    assert!(folders.len() >= 25, "only {} cases", folders.len());
    assert!(wrong.is_empty(), "{wrong}");
}

/// A real file of the corpus, or `None` with a note.
fn corpus(case: &str) -> Option<Sources> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/nginx").join(case).join("raw");
    if folder.is_dir() {
        return Some(sources(&folder));
    }
    println!("skipped: {} is not here", folder.display());
    None
}

struct Seen {
    sources: Sources,
    reading: Reading,
}

impl Seen {
    fn show(&self) -> Show<'_> {
        Show { sources: &self.sources, facts: &self.reading.facts }
    }

    fn routes_from(&self, name: &str) -> Vec<String> {
        let show = self.show();
        let all = self.reading.facts.routes.iter().filter(|r| show.reference(&r.from) == format!("[{name}]"));
        all.map(|r| show.reference(&r.to)).collect()
    }

    fn gap_at(&self, line: u32, code: &str) -> Option<&Unread> {
        self.reading.facts.gaps.iter().find(|g| g.code == code && self.sources.position(g.location).line == line)
    }
}

#[test]
fn corpus_ipfs_gateway() {
    let Some(sources) = corpus("ipfs-gateway-backup") else { return };
    let path = "ipfs/gateway/nginx.conf";
    assert_eq!(Nginx.recognize(path, &sources.get(sources.find(path).unwrap()).text), Recognized::Yes);
    let seen = Seen { reading: read(&sources, path), sources };
    // Fact 1: the first server of `gateway`; the backups come from a shell loop (trap 1), which is a gap on the upstream.
    assert_eq!(seen.routes_from("gateway"), ["[127.0.0.1:8080]"]);
    let shell = seen.gap_at(4, "template-not-rendered").expect("trap 1: the shell loop is reported");
    assert!(matches!(&shell.scope, GapScope::Endpoints(e) if seen.show().reference(&e[0]) == "[gateway]"));
    // Facts 2 and 3 stand in env.sh, which is shell and no nginx: not readable by this reader.
    println!("not readable as nginx: facts 2 and 3 (ipfs/gateway/env.sh, env.sh)");
    // Fact 4.
    assert_eq!(seen.routes_from("ws_bootstrap"), ["[127.0.0.1:8081]"]);
    // Fact 5: ipfs.io and gateway.ipfs.io on port 80 pass to `gateway`.
    let plain = &seen.reading.facts.endpoints.iter().find(|e| e.names.len() == 2 && e.names[0].value == "ipfs.io").unwrap();
    assert_eq!(plain.names[1].value, "gateway.ipfs.io");
    assert!(plain.attributes.other["listen"].starts_with("80"));
    assert!(seen.routes_from("ipfs.io").contains(&"[gateway]".to_owned()));
    // Trap 2: `\\$host` is reported and changes nothing; in a redirect it hides where the client goes.
    let escaped = seen.gap_at(36, "template-not-rendered").expect("trap 2: the escaped variable is reported");
    assert_eq!(escaped.scope, GapScope::Nothing);
    assert!(seen.gap_at(67, "template-not-rendered").is_some_and(|g| matches!(g.scope, GapScope::Endpoints(_))));
    // Nothing else is in the way: every gap is a template, an escaped variable or the include that is not in the repository.
    for gap in &seen.reading.facts.gaps {
        assert!(matches!(gap.code, "template-not-rendered" | "missing-include"), "{}", seen.show().gap(gap));
    }
}

#[test]
fn corpus_ipfs_main_and_denylist() {
    let Some(sources) = corpus("ipfs-gateway-backup") else { return };
    // The host's main file: everything it says is known; only the folder it includes is not in the repository.
    assert_eq!(
        Nginx.recognize("nginx/nginx.conf", &sources.get(sources.find("nginx/nginx.conf").unwrap()).text),
        Recognized::Yes
    );
    let main = read(&sources, "nginx/nginx.conf");
    assert_eq!(main.facts.gaps.iter().map(|g| g.code).collect::<Vec<_>>(), ["missing-include"]);
    // A fragment of many locations that only return codes: nothing to route, nothing unknown.
    let list = read(&sources, "ipfs/gateway/denylist.conf");
    assert!(list.facts.gaps.is_empty() && list.facts.routes.is_empty());
}

#[test]
fn corpus_geoip2() {
    let Some(sources) = corpus("geoip2-module") else { return };
    let seen = Seen { reading: read(&sources, "geoip2.conf"), sources };
    // Trap: the ellipses of the documentation are a problem at their line, and the rest is read.
    let dots: Vec<u32> =
        seen.reading.facts.gaps.iter().filter(|g| g.code == "syntax").map(|g| seen.sources.position(g.location).line).collect();
    assert!(dots.contains(&2), "{dots:?}");
    // Facts 1 to 3: no routes in this file; with a map behind, the default country is what unknown clients count as.
    let text =
        seen.sources.get(seen.sources.find("geoip2.conf").unwrap()).text.replace("    ....\n", "").replace("    ...\n", "");
    let with_map = text.replacen(
        "fastcgi_param COUNTRY_CODE",
        "map $geoip2_data_country_code $to { CN cn.example; default us.example; }
         server { server_name a.example; location / { proxy_pass http://$to; } }
         fastcgi_param COUNTRY_CODE",
        1,
    );
    let sources = one(&with_map);
    let shown = show(&sources, "nginx.conf");
    assert!(shown.contains("Except([CN])") && shown.contains("clients of unknown country count as US"), "{shown}");
    assert!(!shown.contains("gaps"), "{shown}");
}

#[test]
fn corpus_ingress_is_not_nginx() {
    let Some(sources) = corpus("ingress-backup-crd") else { return };
    // Custom resources of the ingress controller are for the Kubernetes reader: this one must leave them alone.
    for (_, source) in sources.iter() {
        assert_eq!(Nginx.recognize(&source.path, &source.text), Recognized::No, "{}", source.path);
        println!("not yet readable: {}", source.path);
    }
}

#[test]
fn other_formats_are_left_alone() {
    for (path, text) in [
        (
            "haproxy.cfg",
            "global\n  log /dev/log local0\nfrontend web\n  bind *:80\n  default_backend app\nbackend app\n  server a 10.0.0.1:80\n",
        ),
        ("haproxy.conf", "defaults\n  mode http\nbackend app\n  server a 10.0.0.1:80 check\n"),
        ("httpd.conf", "ServerRoot \"/etc/httpd\"\nListen 80\n<VirtualHost *:80>\n  ProxyPass / http://a/\n</VirtualHost>\n"),
        (
            "named.conf",
            "options {\n  directory \"/var/named\";\n};\nzone \"example.com\" {\n  type master;\n  file \"example.com.zone\";\n};\n",
        ),
        ("app.service", "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/x\n"),
        ("default.vcl", "vcl 4.0;\nbackend default { .host = \"127.0.0.1\"; }\n"),
        ("Caddyfile", "example.com {\n  reverse_proxy localhost:8080\n}\n"),
        ("main.tf", "resource \"x\" \"y\" {\n  server {\n  }\n}\n"),
        ("dhcpd.conf", "subnet 10.0.0.0 netmask 255.0.0.0 {\n  range 10.0.0.1 10.0.0.9;\n}\n"),
        ("redis.conf", "bind 127.0.0.1\nport 6379\n"),
        ("mongod.conf", "net:\n  port: 27017\n"),
        ("my.cnf", "[mysqld]\nport=3306\n"),
    ] {
        assert_eq!(Nginx.recognize(path, text), Recognized::No, "{path}");
    }
    for (path, text, expected) in [
        ("edge.conf", "stream {\n  upstream a {\n server 1.2.3.4:5;\n }\n}\n", Recognized::Yes),
        ("sites-enabled/shop", "server\n{\n  listen 80;\n}\n", Recognized::Yes),
        ("conf.d/up.conf", "upstream a { server 10.0.0.1; }\n", Recognized::Maybe),
        ("nginx/snippet.conf", "proxy_pass http://a;\n", Recognized::Maybe),
        ("x.txt", "just words\n", Recognized::No),
    ] {
        assert_eq!(Nginx.recognize(path, text), expected, "{path}");
    }
}

/// Whatever the text, a reading ends, and every place it names lies in its text and on character boundaries.
fn sound(sources: &Sources) {
    let reading = read(sources, "nginx.conf");
    let facts = &reading.facts;
    let places = facts.gaps.iter().map(|g| g.location);
    let places = places.chain(facts.routes.iter().map(|r| r.location)).chain(facts.endpoints.iter().map(|e| e.location));
    for at in places {
        assert!(sources.get(at.source).text.get(at.span.range()).is_some(), "{at:?}");
    }
    for route in &facts.routes {
        for reference in [&route.from, &route.to] {
            if let Reference::Fact(i) = reference {
                assert!(*i < facts.endpoints.len());
            }
        }
    }
    let text = &sources.get(sources.find("nginx.conf").unwrap()).text;
    Nginx.recognize("nginx.conf", text);
}

/// The text of every case, to be damaged.
fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/nginx");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    folders.iter().flat_map(|f| sources(f).iter().map(|(_, s)| s.text.clone()).collect::<Vec<_>>()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_is_survived(text in any::<String>()) {
        sound(&one(&text));
    }

    #[test]
    fn arbitrary_words_are_survived(words in prop::collection::vec(prop::sample::select(vec![
        "server", "{", "}", ";", "location", "/", "upstream", "a", "map", "$a", "$b", "\"", "'", "\\", "proxy_pass", "http://$a", "http://a",
        "if", "(", "$geoip_country_code", "=", "CN", ")", "set", "default", "error_page", "502", "@a", "include", "nginx.conf", "*", "geo",
        "10.0.0.0/8", "1.2.3.4-9.9.9.9", "split_clients", "5%", "stream", "http", "return", "302", "\n", "$(", "{{", "}}", "{%", "%}", "#",
        "mirror", "listen", "80", "127.0.0.1:80", "content_by_lua_block", "[[", "--", "backup", "weight=2", "\u{4e0a}\u{6d77}",
    ]), 0..80)) {
        sound(&one(&words.join(" ")));
    }

    #[test]
    fn damaged_configurations_are_survived(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
                                           cut in 0_usize..40, insert in "[{};\"'$\\\\#a \n]{0,6}") {
        let seeds = seeds();
        let mut text: Vec<char> = which.get(&seeds).chars().collect();
        let from = at.index(text.len().max(1)).min(text.len());
        let to = (from + cut).min(text.len());
        text.splice(from..to, insert.chars());
        sound(&one(&text.into_iter().collect::<String>()));
    }
}

/// 2 MB each of what is most likely to cost more than its length.
#[test]
fn large_input_ends() {
    let many = |piece: &str| piece.repeat(400_000 / piece.len());
    let servers: String = (0..20_000)
        .map(|i| format!("server {{ server_name s{i}.example; location / {{ proxy_pass http://u{i}; }} }}\nupstream u{i} {{ server 10.0.0.1:{}; }}\n", i + 1))
        .collect();
    sound(&one(&servers));
    let map: String = (0..60_000).map(|i| format!("k{i} v{i}.example;\n")).collect();
    let users = "location /a { proxy_pass http://$to; }\n".repeat(2_000);
    sound(&one(&format!("map $http_x $to {{ {map} }} server {{ {users} }}")));
    let few: String = (0..3_000).map(|i| format!("k{i} v{i}.example;\n")).collect();
    sound(&one(&format!("map $http_x $to {{ {few} }} server {{ {users} }}")));
    let nested: String =
        (1..200).map(|i| format!("map $http_{i} $m{i} {{ a \"$m{0}$m{0}\"; default b$m{0}; }}\n", i - 1)).collect();
    sound(&one(&format!(
        "map $http_x $m0 {{ a b; default c; }} {nested} server {{ location / {{ proxy_pass http://$m199; }} }}"
    )));
    let logs = many("access_log syslog:server=192.0.2.1;\n");
    sound(&one(&format!("{logs} server {{ {} }}", "location / { }".repeat(500))));
    let sets: String = (0..10_000).map(|i| format!("set $v{i} a; if ($v{i} = b) {{ set $w{i} c; }}\n")).collect();
    sound(&one(&format!("server {{ {sets} }}")));
    let errors: String = (0..10_000)
        .map(|i| {
            format!(
                "location /l{i} {{ proxy_pass http://a; }} location @n{i} {{ proxy_pass http://b; }} error_page 502 @n{i};\n"
            )
        })
        .collect();
    sound(&one(&format!("server {{ {errors} }}")));
    for piece in [
        "{",
        "}",
        "\"",
        "'a",
        "$(",
        "{{",
        "{% ",
        "a {",
        ";",
        "\\",
        "server {",
        "location / {",
        "if (a) {",
        "content_by_lua_block { [[ ",
        "x \"\n",
        "unknown1;",
    ] {
        sound(&one(&many(piece)));
    }
    // A file that includes itself through others, many times over.
    let mut sources = Sources::default();
    sources.add("nginx.conf", "include f0;\n".repeat(10));
    for i in 0..40 {
        sources.add(format!("f{i}"), format!("include f{};\n", i + 1).repeat(10));
    }
    sources.add("f40", "server { listen 80; }\n".repeat(100));
    let reading = read(&sources, "nginx.conf");
    assert!(reading.facts.gaps.iter().any(|g| g.code == "too-large" || g.code == "too-deep"));
}
