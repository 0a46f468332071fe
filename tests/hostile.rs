//! Hostile input through the real binary: files that are cut off, wrongly encoded, huge, nested, circular or forged. Each row
//! changes one thing in the project of `tests/unknown/base.txt`, which passes, and says with which exit code and words the run
//! must end. No row may panic, hang, take more than its memory, or let the terminal be written to by what a file says.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "it writes what it breaks")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const CONF: &str = "routing/app.conf";
const ZONE: &str = "dns/example.net.zone";
const PROJECT: &str = "onshore.toml";
const POLICY: &str = "policies/p.toml";
const TOML: &str = "inventory/x.toml";
const YAML: &str = "inventory/x.yaml";
const JSON: &str = "inventory/x.json";
const CSV: &str = "inventory/endpoints.csv";
const MMDB: &str = "data/x.mmdb";

/// Generous: a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Kilobytes of address space.
const MEMORY: u32 = 4_000_000;

type Files = Vec<(String, Vec<u8>)>;

struct Row {
    name: &'static str,
    files: Files,
    exit: i32,
    /// Each must be in what is written.
    says: Vec<&'static str>,
}

fn base() -> Files {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unknown/base.txt")).expect("base");
    let mut files: Files = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- ").and_then(|l| l.strip_suffix(" --")) {
            files.push((name.to_owned(), Vec::new()));
        } else if let Some((_, body)) = files.last_mut() {
            body.extend_from_slice(line.as_bytes());
            body.push(b'\n');
        }
    }
    files
}

/// What the base says in a file.
fn said(path: &str) -> String {
    let (_, bytes) = base().into_iter().find(|(name, _)| name == path).expect("in the base");
    String::from_utf8(bytes).expect("UTF-8")
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mmdb");
    std::fs::read(folder.join(format!("{name}.mmdb"))).expect("a fixture")
}

fn row(name: &'static str, path: &str, bytes: impl Into<Vec<u8>>, exit: i32, says: &[&'static str]) -> Row {
    Row { name, files: vec![(path.to_owned(), bytes.into())], exit, says: says.to_vec() }
}

fn more(path: &str, text: &str) -> String {
    said(path) + text
}

fn instead(path: &str, from: &str, to: &str) -> String {
    let text = said(path);
    assert!(text.contains(from), "{path} has {from}");
    text.replacen(from, to, 1)
}

/// The base with another proxy's configuration in place of nginx's.
fn proxied(name: &'static str, path: &str, bytes: impl Into<Vec<u8>>, exit: i32, says: &[&'static str]) -> Row {
    let mut row = row(name, path, bytes, exit, says);
    row.files.push((CONF.to_owned(), b"# nothing\nhttp { }\n".to_vec()));
    row
}

fn proxies() -> Vec<Row> {
    const CFG: &str = "routing/haproxy.cfg";
    const XDS: &str = "routing/envoy.yaml";
    const EDGE: &str = "routing/edge.yaml";
    const CADDY: &str = "routing/Caddyfile";
    const VCL: &str = "routing/app.vcl";
    let cfg = "frontend www\n  bind 10.1.0.5:80\n  default_backend media\nbackend media\n  server a 10.1.0.10:80\n";
    let xds = "static_resources:\n  listeners: [{name: w, address: {socket_address: {address: 10.1.0.5, port_value: 80}}, filter_chains: [{filters: [{name: tcp_proxy, typed_config: {cluster: m}}]}]}]\n  clusters: [{name: m, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.1.0.10, port_value: 80}}}}]}]}}]\n";
    let edge = "http:\n  routers:\n    app: {rule: Host(`app.example.net`), service: app}\n  services:\n    app: {loadBalancer: {servers: [{url: \"http://10.1.0.10\"}]}}\n";
    let caddy = "app.example.net {\n  reverse_proxy 10.1.0.10\n}\n";
    let httpd = "<VirtualHost *:80>\n  ServerName app.example.net\n  ProxyPass / http://10.1.0.10/\n</VirtualHost>\n";
    let vcl = "vcl 4.1;\nbackend a { .host = \"10.1.0.10\"; }\nsub vcl_recv {\n  if (req.http.host == \"app.example.net\") { return (pass); }\n  return (synth(404));\n}\n";
    vec![
        proxied("HAProxy as it is", CFG, cfg, 0, &["satisfied"]),
        proxied("HAProxy cut in a line", CFG, &cfg[..cfg.len() - 4], 3, &["haproxy.cfg:5", "cut off"]),
        proxied("HAProxy with CR", CFG, cfg.replace('\n', "\r\n"), 0, &["satisfied"]),
        proxied("HAProxy with control codes", CFG, format!("{cfg}  \u{1b}]0;x\u{7} y\n"), 3, &["haproxy.cfg:6"]),
        proxied("HAProxy with a huge line", CFG, format!("{cfg}  acl a path {}\n", "b ".repeat(1_000_000)), 0, &["satisfied"]),
        proxied("HAProxy with deep blocks", CFG, format!("{cfg}{}", ".if 1\n".repeat(100_000)), 3, &["nested too deeply"]),
        proxied("Envoy as it is", XDS, xds, 0, &["satisfied"]),
        proxied("Envoy cut in a list", XDS, &xds[..xds.len() - 10], 2, &["envoy.yaml", "not YAML"]),
        proxied("Envoy, deep", XDS, format!("{xds}x: {}", "[".repeat(100_000)), 2, &["envoy.yaml"]),
        proxied("Traefik as it is", EDGE, edge, 0, &["satisfied"]),
        proxied("Traefik cut in a list", EDGE, &edge[..edge.len() - 6], 2, &["edge.yaml", "not YAML"]),
        proxied("Traefik with CR", EDGE, edge.replace('\n', "\r\n"), 0, &["satisfied"]),
        proxied("Caddy as it is", CADDY, caddy, 0, &["satisfied"]),
        proxied("Caddy cut in a block", CADDY, &caddy[..caddy.len() - 2], 3, &["Caddyfile:1", "cut off"]),
        proxied("Caddy with CR", CADDY, caddy.replace('\n', "\r\n"), 0, &["satisfied"]),
        proxied("Caddy, deep", CADDY, format!("{caddy}{}", "a {\n".repeat(100_000)), 3, &["nested too deeply"]),
        row("httpd as it is", CONF, httpd, 0, &["satisfied"]),
        row("httpd cut in a section", CONF, &httpd[..httpd.len() - 5], 3, &["app.conf"]),
        row("httpd with CR", CONF, httpd.replace('\n', "\r\n"), 0, &["satisfied"]),
        proxied("VCL as it is", VCL, vcl, 0, &["satisfied"]),
        proxied("VCL cut in a block", VCL, &vcl[..vcl.len() - 4], 3, &["app.vcl", "cut off"]),
        proxied("VCL with CR", VCL, vcl.replace('\n', "\r\n"), 0, &["satisfied"]),
    ]
}

fn dns() -> Vec<Row> {
    const GEO: &str = "dns/geo.yaml";
    const NAMED: &str = "dns/named.conf";
    const GDNSD: &str = "dns/config";
    let geo = "domains:\n  - domain: geo.example\n    ttl: 1\n    records:\n      geo.example: [{a: 10.1.0.7}]\n";
    let lua = |code: &str| said(ZONE) + &format!("x IN LUA A \"{code}\"\n");
    vec![
        row("PowerDNS as it is", GEO, geo, 0, &["satisfied"]),
        row("PowerDNS cut in a list", GEO, &geo[..geo.len() - 4], 3, &["geo.yaml"]),
        row("LUA, deep", ZONE, lua(&"(".repeat(50_000)), 0, &["nested too deeply"]),
        row(
            "LUA of many branches",
            ZONE,
            lua(&format!(";{} return '10.1.0.1'", "if a then b=1 else b=2 end ".repeat(64))),
            0,
            &["followed"],
        ),
        row("LUA of a long chain", ZONE, lua(&"'a' .. ".repeat(20_000)), 0, &["operators"]),
        row("named.conf, deep", NAMED, "options { ".repeat(100_000), 3, &["nested too deeply"]),
        row("gdnsd, deep", GDNSD, format!("plugins => {{ geoip => {{ x => {}", "[".repeat(100_000)), 3, &["nested too deeply"]),
    ]
}

fn nginx() -> Vec<Row> {
    let server = "server 10.1.0.10:80";
    vec![
        row("cut in a directive", CONF, &said(CONF)[..40], 3, &["app.conf:2", "the file stops here"]),
        row("cut in a quote", CONF, more(CONF, "server { server_name \"x"), 3, &["app.conf:11", "never closed"]),
        row("deep and open", CONF, more(CONF, &("server { ".to_owned() + &"a { ".repeat(100_000))), 3, &["never closed"]),
        row(
            "deep and closed",
            CONF,
            instead(CONF, "location / {", &("location / {".repeat(50_000) + &"}".repeat(49_999))),
            3,
            &["more than 128 deep"],
        ),
        row("huge line", CONF, more(CONF, &format!("upstream m {{ server {}; }}", "a".repeat(5_000_000))), 0, &["aaa..."]),
        row("UTF-16", CONF, utf16(&said(CONF)), 0, &["satisfied"]),
        row("UTF-16 without a mark", CONF, utf16(&said(CONF))[2..].to_vec(), 3, &["app.conf", "NUL bytes"]),
        row("Latin-1", CONF, [said(CONF).as_bytes(), b"# caf\xe9\n"].concat(), 3, &["byte 0xE9 on line 11"]),
        row("NUL byte", CONF, more(CONF, "\0"), 3, &["app.conf", "NUL bytes"]),
        row("CR alone", CONF, said(CONF).replace('\n', "\r"), 3, &["app.conf"]),
        row("empty", CONF, "", 3, &["it is empty"]),
        row("includes itself", CONF, more(CONF, "include app.conf;\n"), 3, &["app.conf:11", "cycle"]),
        row(
            "includes what lies outside",
            CONF,
            more(CONF, "include ../../../../../etc/passwd;\n"),
            3,
            &["app.conf:11", "outside the project"],
        ),
        row("includes very much", CONF, more(CONF, "include **/**/**/*.conf;\ninclude *.conf;\n"), 3, &["cycle"]),
        Row {
            files: (0..20)
                .map(|i| (format!("routing/a{i}.conf"), format!("include a{}.conf;\n", i + 1).repeat(4).into_bytes()))
                .chain([("routing/a20.conf".to_owned(), b"upstream z { server 10.1.0.9; }".to_vec())])
                .chain([(CONF.to_owned(), more(CONF, "include a0.conf;\n").into_bytes())])
                .collect(),
            ..row("includes that double", CONF, "", 3, &["too large to follow"])
        },
        row(
            "variables that double",
            CONF,
            (0..60).map(|i| format!("map $v{i} $v{} {{ default $v{i}$v{i}; }}\n", i + 1)).collect::<String>()
                + &instead(CONF, "http://media", "http://$v60"),
            3,
            &["$v60"],
        ),
        row(
            "variables in a circle",
            CONF,
            "map $a $b { default $a; }\nmap $b $a { default $b; }\n".to_owned() + &instead(CONF, "http://media", "http://$a"),
            3,
            &["app.conf:10", "defined by itself"],
        ),
        row("escapes", CONF, instead(CONF, "10.1.0.10:80", "\u{1b}[31mevil\u{1b}]0;title\u{7}:80"), 3, &["\\u{1b}[31mevil"]),
        row("bidi", CONF, instead(CONF, "10.1.0.10:80", "evil\u{202e}\u{2066}gnp.exe:80"), 3, &["evil\\u{202e}\\u{2066}gnp"]),
        row("HTML", CONF, instead(CONF, "10.1.0.10:80", "\"<script>alert(1)</script>\""), 3, &["app.conf:2"]),
        row("formula", CONF, instead(CONF, "10.1.0.10:80", "\"=cmd|'/c calc'!A1\""), 3, &["app.conf:2"]),
        row("port", CONF, instead(CONF, server, "server 10.1.0.10:99999"), 3, &["app.conf:2", "port number"]),
        row(
            "weight",
            CONF,
            instead(CONF, server, "server 10.1.0.10 weight=99999999999999999999"),
            3,
            &["app.conf:2", "weight="],
        ),
    ]
}

fn zones() -> Vec<Row> {
    let app = "app  IN A 10.1.0.5";
    let chain = |n: usize| (0..n).map(|i| format!("c{i} IN CNAME c{}\n", i + 1)).collect::<String>();
    vec![
        row("cut in an address", ZONE, said(ZONE).trim_end().trim_end_matches(".0.5"), 3, &["zone:6", "not an IPv4 address"]),
        row("open parenthesis", ZONE, more(ZONE, "x IN TXT ( \"a\n"), 3, &["zone:7", "never closed"]),
        row(
            "open parentheses",
            ZONE,
            more(ZONE, &("x IN A ".to_owned() + &"(".repeat(100_000))),
            3,
            &["zone:7", "never closed"],
        ),
        row("generates", ZONE, more(ZONE, "$GENERATE 0-4294967295 h$ IN A 10.1.0.$\n"), 3, &["zone:7", "$GENERATE"]),
        row("generates wide names", ZONE, more(ZONE, "$GENERATE 0-9 ${0,99999999,d} IN A 10.1.0.1\n"), 3, &["zone:7"]),
        row("includes itself", ZONE, more(ZONE, "$INCLUDE example.net.zone\n"), 3, &["zone:7", "includes itself"]),
        row("includes what lies outside", ZONE, more(ZONE, "$INCLUDE /etc/passwd\n"), 3, &["zone:7", "/etc/passwd"]),
        row("long label", ZONE, more(ZONE, &format!("{} IN A 10.1.0.5\n", "a".repeat(70))), 3, &["zone:7", "63 bytes"]),
        row("alias of itself", ZONE, instead(ZONE, app, "app IN CNAME app"), 3, &["zone:6"]),
        row("aliases in a circle", ZONE, instead(ZONE, app, "app IN CNAME b\nb IN CNAME app"), 3, &["zone:6"]),
        row(
            "aliases in a row",
            ZONE,
            instead(ZONE, app, &format!("app IN CNAME c0\n{}c5000 IN A 10.1.0.5", chain(5000))),
            0,
            &["satisfied"],
        ),
        row("escapes", ZONE, instead(ZONE, app, "app IN CNAME e\u{1b}[2Jvil.example."), 3, &["e\\u{1b}[2jvil"]),
        row("escaped escapes", ZONE, instead(ZONE, app, "app IN CNAME \\027[2Jvil.example."), 3, &["zone:6"]),
        row("priority", ZONE, instead(ZONE, app, "app IN MX 999999 app"), 3, &["zone:6", "999999"]),
        row("NUL byte", ZONE, more(ZONE, "\0"), 3, &["example.net.zone", "NUL bytes"]),
    ]
}

/// Plans, states and stacks beside the project that passes. None may be taken for a file that says nothing.
fn plans() -> Vec<Row> {
    const PLAN: &str = "infra/plan.json";
    const STATE: &str = "infra/terraform.tfstate";
    let plan = |inside: &str| format!("{{\"format_version\":\"1.2\",\"resource_changes\":[{inside}]}}");
    let bucket = |address: &str| {
        format!(
            "{{\"address\":\"{address}\",\"mode\":\"managed\",\"type\":\"aws_s3_bucket\",\"name\":\"b\",\
             \"provider_name\":\"aws\",\"change\":{{\"actions\":[\"create\"],\"after\":{{\"bucket\":\"b\"}}}}}}"
        )
    };
    // Modules whose outputs name each other, each twice.
    let circle = {
        let module = |to: &str| {
            format!(
                "{{\"module\":{{\"outputs\":{{\"o\":{{\"expression\":{{\"references\":[\"var.v\",\"var.v\",\"module.{to}.o\"]}}}}}},\
                 \"variables\":{{\"v\":{{}}}}}},\"expressions\":{{\"v\":{{\"references\":[\"module.a.o\",\"module.b.o\"]}}}}}}"
            )
        };
        let changes = ["a", "b"].map(|m| {
            bucket("x").replace("\"x\"", &format!("\"module.{m}.aws_s3_bucket.b\",\"module_address\":\"module.{m}\""))
        });
        let main = bucket("aws_s3_bucket.b")
            .replace("\"after\":{\"bucket\":\"b\"}", "\"after\":{},\"after_unknown\":{\"bucket\":true}");
        format!(
            "{{\"format_version\":\"1.2\",\"resource_changes\":[{},{main}],\"configuration\":{{\"root_module\":{{\"resources\":[\
             {{\"address\":\"aws_s3_bucket.b\",\"provider_config_key\":\"aws\",\"expressions\":{{\"bucket\":{{\"references\":[\"module.a.o\"]}}}}}}],\
             \"module_calls\":{{\"a\":{},\"b\":{}}}}}}}}}",
            changes.join(","),
            module("b"),
            module("a")
        )
    };
    let cut = plan(&bucket("aws_s3_bucket.b"));
    let deep =
        format!("{{\"format_version\":\"1.2\",\"planned_values\":{{\"root_module\":{}", "{\"child_modules\":[".repeat(100_000));
    let deep_values =
        plan(&bucket("aws_s3_bucket.b").replace("\"bucket\":\"b\"", &format!("\"bucket\":{}", "[".repeat(100_000))));
    let wide = plan(&(0..20_000).map(|i| bucket(&format!("aws_s3_bucket.b[{i}]"))).collect::<Vec<_>>().join(","));
    vec![
        row("plan cut off", PLAN, &cut[..cut.len() - 20], 2, &["infra/plan.json:1", "ends too early"]),
        row("plan of the future", PLAN, cut.replace("\"1.2\"", "\"2.0\""), 3, &["format version is `2.0`"]),
        row(
            "plan of the wrong shape",
            PLAN,
            "{\"format_version\":\"1.0\",\n\"resource_changes\":7}",
            2,
            &["infra/plan.json:2"],
        ),
        row(
            "plan that is a log",
            PLAN,
            "{\"@level\":\"info\",\"@message\":\"x\",\"@module\":\"terraform.ui\"}\n",
            3,
            &["show -json"],
        ),
        row("plan nested deep", PLAN, deep, 2, &["infra/plan.json:1"]),
        row("values nested deep", PLAN, deep_values, 2, &["infra/plan.json:1"]),
        row("plan of references in a circle", PLAN, circle, 3, &["plan.json:1:446"]),
        row("wide plan", PLAN, wide, 3, &["plan.json:1", "19999 more"]),
        row("escapes in an address", PLAN, plan(&bucket("aws_s3_bucket.\\u001b[31mb")), 3, &["\\u{1b}[31mb"]),
        row(
            "plan of nothing",
            PLAN,
            "{\"format_version\":\"1.2\",\"configuration\":{\"provider_config\":{},\"root_module\":{}}}",
            3,
            &["says nothing"],
        ),
        row(
            "state of version 3",
            STATE,
            "{\"version\":3,\"terraform_version\":\"0.11\",\"serial\":1,\"lineage\":\"x\"}",
            3,
            &["version is 3"],
        ),
        row("state that is encrypted", STATE, "{\"serial\":1,\"lineage\":\"x\",\"encrypted_data\":\"e\"}", 3, &["encrypted"]),
        row(
            "state cut off",
            STATE,
            "{\"version\":4,\"serial\":1,\"lineage\":\"x\",\"resources\":[{",
            2,
            &["infra/terraform.tfstate:1", "ends too early"],
        ),
        row("state of something else", STATE, "{\"hello\":1}", 3, &["terraform.tfstate"]),
        row(
            "stack cut off",
            "infra/stack.json",
            "{\"version\":3,\"deployment\":{\"manifest\":{},\"resources\":[{\"urn\":\"urn:pulumi:a::b::c::d\"",
            2,
            &["infra/stack.json:1", "ends too early"],
        ),
        row(
            "stack of the future",
            "infra/stack.json",
            "{\"version\":9,\"deployment\":{\"manifest\":{}}}",
            3,
            &["version is 9"],
        ),
    ]
}

fn inventories() -> Vec<Row> {
    let laughs = || {
        let level = |i: u8| {
            let (this, below) = ((b'b' + i) as char, (b'a' + i) as char);
            format!("{this}: &{this} [{}]\n", vec![format!("*{below}"); 9].join(","))
        };
        "endpoint:\n  - id: x\na: &a {id: x, kind: lol}\n".to_owned() + &(0..12).map(level).collect::<String>() + "site: *m\n"
    };
    let merges = (0..30).map(|i| format!("  - &a{}\n    <<: [*a{i}, *a{i}]\n    id: x{i}\n", i + 1)).collect::<String>();
    vec![
        row("TOML cut off", TOML, "[[endpoint]]\nid = \"x", 2, &["x.toml:2"]),
        row("TOML deep", TOML, "[[endpoint]]\nid = ".to_owned() + &"[".repeat(100_000), 2, &["x.toml:2", "too deeply"]),
        row(
            "TOML deep key",
            TOML,
            format!("[[endpoint]]\nid = \"x\"\n[{}b]\n", "a.".repeat(100_000)),
            2,
            &["x.toml", "too deeply"],
        ),
        row("JSON deep", JSON, "{\"endpoint\":".to_owned() + &"[".repeat(100_000), 2, &["x.json:1", "deeper than 128"]),
        row("JSON cut off", JSON, "{\"endpoint\":[{\"id\":\"a\"", 2, &["x.json:1", "ends too early"]),
        row("JSON twice", JSON, "{\"endpoint\":[{\"id\":\"a\",\"id\":\"b\"}]}", 2, &["x.json:1", "written twice"]),
        row("JSON half a character", JSON, "{\"endpoint\":[{\"id\":\"\\ud800\"}]}", 2, &["x.json:1"]),
        row("JSON number", JSON, "{\"site\":[{\"id\":\"a\",\"country\":\"US\",\"coordinates\":[1e400,0]}]}", 2, &["1e400"]),
        row("YAML deep flow", YAML, "endpoint: ".to_owned() + &"[".repeat(100_000), 2, &["x.yaml:1", "deeper than 128"]),
        row("YAML deep block", YAML, "endpoint:\n".to_owned() + &"- ".repeat(100_000), 2, &["x.yaml:2", "deeper than 128"]),
        row("YAML laughs", YAML, laughs(), 2, &["x.yaml:3"]),
        row("YAML merges", YAML, format!("endpoint:\n  - &a0 {{id: x}}\n{merges}"), 2, &["x.yaml:4"]),
        row("YAML in itself", YAML, "endpoint: &a\n  - *a\n", 2, &["x.yaml:2", "contains it"]),
        row("YAML tab", YAML, "endpoint:\n\t- id: x\n", 2, &["x.yaml:2", "tab"]),
        row("CSV open quote", CSV, "id,kind\nx,\"server\ny,server\n", 2, &["endpoints.csv:2", "never closed"]),
        row("CSV short row", CSV, "id,kind\nx\n", 2, &["endpoints.csv:2", "1 cells"]),
        row("CSV twice", CSV, "id,kind,kind\nx,y,z\n", 2, &["endpoints.csv:1", "there twice"]),
        row("CSV huge cell", CSV, format!("id,kind\n{},server\n", "x".repeat(3_000_000)), 0, &["satisfied"]),
        row("CSV many columns", CSV, (0..50_000).map(|i| format!("c{i},")).collect::<String>(), 3, &["endpoints.csv"]),
        row(
            "numbers",
            TOML,
            "[[endpoint]]\nid='a'\n[[route]]\nfrom='a'\nto='a'\nactivity='forward'\npriority=99999999999999999999\n",
            2,
            &["x.toml:7", "too large"],
        ),
        row(
            "networks",
            TOML,
            "[[site]]\nid='a'\ncountry='US'\nnetworks=['10.0.0.0/99','::/129','1.2.3.4/-1']\n",
            2,
            &["10.0.0.0/99", "::/129", "1.2.3.4/-1"],
        ),
        row("addresses", TOML, "[[endpoint]]\nid='a'\naddresses=['10.0.0.1:99999','300.1.1.1']\n", 2, &["99999", "300.1.1.1"]),
        row("times", TOML, "[[endpoint]]\nid='a'\nretention='18446744073709551615w'\n", 2, &["x.toml:3", "length of time"]),
        row("globe", TOML, "[[site]]\nid='a'\ncountry='US'\ncoordinates=[nan, inf]\n", 2, &["x.toml:4"]),
        row(
            "a pack that is an inventory",
            TOML,
            "[pack]\nid='x'\n[[endpoint]]\nid='hidden'\n",
            2,
            &["x.toml:1", "unknown key `pack`"],
        ),
        row(
            "forged names",
            TOML,
            "[[endpoint]]\nid=\"\\u001b[31mred\\u0007\\u202e\"\nsite=\"\\u001b[2J\"\n",
            0,
            &["\\u{1b}[2J"],
        ),
    ]
}

fn own_files() -> Vec<Row> {
    let project = |text: &str| more(PROJECT, text);
    let globs = |glob: &str| project(&format!("\n[inputs]\ninclude = [\"{glob}\"]\n"));
    let policy = |to: &str| instead(POLICY, "only-in = [\"US\"]", to);
    let rule = said(POLICY).split_once("[[rule]]").expect("a rule").1.to_owned();
    vec![
        row("project cut off", PROJECT, &said(PROJECT)[..60], 2, &["onshore.toml:5"]),
        row(
            "project deep",
            PROJECT,
            project(&("x = ".to_owned() + &"[".repeat(100_000))),
            2,
            &["onshore.toml:12", "too deeply"],
        ),
        row("project Latin-1", PROJECT, [said(PROJECT).as_bytes(), b"# \xe9"].concat(), 2, &["onshore.toml:12", "0xE9"]),
        row("project NUL", PROJECT, project("\0"), 2, &["onshore.toml", "NUL"]),
        row("project empty", PROJECT, "", 2, &["no policy was given"]),
        row("pattern outside", PROJECT, globs("../../**"), 2, &["../../**", "leaves the project folder"]),
        row("pattern open", PROJECT, globs("{{{[a-"), 2, &["onshore.toml:14", "not a glob"]),
        row(
            "pattern nested",
            PROJECT,
            globs(&("{a,".repeat(200) + "b" + &"}".repeat(200))),
            2,
            &["onshore.toml:14", "50 groups"],
        ),
        row("pattern long", PROJECT, globs(&"a,".repeat(50_000)), 2, &["onshore.toml:14", "1000 bytes"]),
        row(
            "policy is a folder",
            PROJECT,
            instead(PROJECT, "policies/p.toml", "policies"),
            2,
            &["onshore.toml:5", "regular file"],
        ),
        row(
            "policy is not there",
            PROJECT,
            instead(PROJECT, "policies/p.toml", "policies/q.toml"),
            2,
            &["onshore.toml:5", "no such file", "did you mean `policies/p.toml`?"],
        ),
        row("policy pack is not there", PROJECT, instead(PROJECT, "policies/p.toml", "pack:x"), 2, &["onshore.toml:5", "`x`"]),
        row("negative age", PROJECT, project("[geo]\nmax-age-days = -1\n"), 2, &["onshore.toml:13", "0 or more"]),
        row("many people", PROJECT, project("subjects = 99999999999999999999\n"), 2, &["onshore.toml:12", "too large"]),
        row("forged entry", PROJECT, instead(PROJECT, "app.example.net", "\\u001b]8;;x\\u001b\\\\app"), 3, &["\\u{1b}]8;;x"]),
        row("policy cut off", POLICY, said(POLICY).trim_end().trim_end_matches("= [\"US\"]"), 2, &["p.toml:16"]),
        row("policy empty", POLICY, "", 2, &["p.toml:1", "[pack] is missing"]),
        row("policy deep", POLICY, more(POLICY, &("x = ".to_owned() + &"{a=".repeat(50_000))), 2, &["p.toml:17", "too deeply"]),
        row(
            "policy of 3000 rules",
            POLICY,
            said(POLICY)
                + &(0..3000).map(|i| format!("[[rule]]{}", rule.replace("stays", &format!("s{i}")))).collect::<String>(),
            0,
            &["3001 rules"],
        ),
        row(
            "policy of 3000 equal rules",
            POLICY,
            said(POLICY) + &format!("[[rule]]{rule}").repeat(3000),
            2,
            &["`stays` is taken", "too many errors", "more\n"],
        ),
        row("no such place", POLICY, policy("only-in = [\"@nope\", \"\\u001b[0m\"]"), 2, &["p.toml:16", "@nope"]),
        row("many days", POLICY, policy("retain-in = [\"US\"]\ndays = 99999999999999999999"), 2, &["p.toml:17", "too large"]),
        row("no loss", POLICY, policy("survive = { loss-of = \"site\", count = 0, keep = [\"dns\"] }"), 2, &["p.toml:16"]),
        row(
            "loss of everything",
            POLICY,
            policy("survive = { loss-of = \"site\", count = 4000000000, keep = [\"serving-path\"] }"),
            1,
            &["not-surviving"],
        ),
        row(
            "no such day",
            POLICY,
            instead(POLICY, "2026-01-01", "2026-02-30"),
            2,
            &["p.toml:7", "`2026-02-30` is not a day", "year-month-day"],
        ),
    ]
}

fn databases() -> Vec<Row> {
    let city = fixture("GeoIP2-City-Test");
    let marker = city.windows(14).rposition(|w| w == b"\xab\xcd\xefMaxMind.com").expect("metadata");
    let with = |bytes: &[u8], filler: u8| [&vec![filler; marker][..], &bytes[marker..]].concat();
    let at: &[&'static str] = &["onshore.toml:14", "data/x.mmdb"];
    let database = |name, bytes: Vec<u8>, exit, says: &[&'static str]| Row {
        files: vec![
            (MMDB.to_owned(), bytes),
            (PROJECT.to_owned(), more(PROJECT, "\n[geo]\ndatabases = [\"data/x.mmdb\"]\nmax-age-days = 9999\n").into_bytes()),
            (CONF.to_owned(), instead(CONF, "10.1.0.10", "216.160.83.56").into_bytes()),
        ],
        ..row(name, "", "", exit, says)
    };
    vec![
        database("whole", city.clone(), 0, &["satisfied"]),
        database("records broken", fixture("GeoIP2-City-Test-Broken-Double-Format"), 3, &["app.conf:2", "unreadable"]),
        database("cut off", city[..city.len() / 2].to_vec(), 2, at),
        database("head cut off", city[1000..].to_vec(), 2, at),
        database("empty", Vec::new(), 2, at),
        database("text", b"network,country\n".to_vec(), 2, at),
        database("packed", [b"\x1f\x8b".as_slice(), &city[..500]].concat(), 2, at),
        database("without countries", fixture("GeoLite2-ASN-Test"), 2, &["onshore.toml:14", "no countries in it"]),
        database("metadata only", city[marker..].to_vec(), 2, at),
        database("all zeros", with(&city, 0), 2, at),
        database("all ones", with(&city, 0xff), 2, at),
    ]
}

fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn write(root: &Path, files: &Files) {
    let _ = std::fs::remove_dir_all(root);
    for (name, bytes) in base().iter().chain(files) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("inside the root")).expect("folder");
        std::fs::write(path, bytes).expect("file");
    }
}

fn check(root: &Path, format: &str) -> Output {
    let binary = env!("CARGO_BIN_EXE_onshore");
    let args = ["check", ".", "--as-of", "2026-11-22", "--format", format];
    let mut command = if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\""), binary]);
        shell
    } else {
        Command::new(binary)
    };
    // Files and not pipes: a full pipe would look like a hang.
    let file = |name: &str| std::fs::File::create(root.with_extension(name)).expect("a file for the output");
    command.args(args).current_dir(root).stdin(Stdio::null()).stdout(file("out")).stderr(file("err"));
    let mut child = command.spawn().expect("onshore runs");
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().expect("waits") {
            Some(status) => break status,
            None if begun.elapsed() > PATIENCE => {
                let _ = child.kill();
                break child.wait().expect("ends");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let read = |name: &str| std::fs::read(root.with_extension(name)).expect("the output");
    Output { status, stdout: read("out"), stderr: read("err") }
}

/// What is wrong with how a row ended.
fn judge(row: &Row, root: &Path) -> Vec<String> {
    write(root, &row.files);
    let out = check(root, "concise");
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    let shown: String = text.chars().take(600).collect();
    let mut wrong = Vec::new();
    if out.status.code() != Some(row.exit) {
        wrong.push(format!("exit {:?}, not {}: {shown}", out.status.code(), row.exit));
    }
    for words in row.says.iter().filter(|w| !text.contains(**w)) {
        wrong.push(format!("does not say {words:?}: {shown}"));
    }
    if text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{2066}']) {
        wrong.push(format!("writes to the terminal: {shown:?}"));
    }
    if text.len() > 100_000 {
        wrong.push(format!("says {} bytes", text.len()));
    }
    wrong
}

/// A broken file among others: it is named with its line, the rest is still checked, and the run ends with exit code 2.
fn broken_among_others() -> Vec<Row> {
    let among = |name, path: &str, text: &str, exit, says: &[&'static str]| {
        let mut row = row(name, path, text, exit, says);
        // What the rest holds.
        row.says.extend(["data-leaves-boundary", "`aws_s3_bucket.calls`"]);
        let more = "\n[[population]]\nid = \"more\"\norigin = [\"US\"]\ndata = [\"communications.content\"]\nenters = [\"aws_s3_bucket.calls\"]\n";
        row.files.push((PROJECT.to_owned(), (said(PROJECT) + more).into_bytes()));
        let rest = "provider \"aws\" {\n  region = \"eu-west-1\"\n}\nresource \"aws_s3_bucket\" \"calls\" {\n  bucket = \"calls\"\n}\n";
        row.files.push(("infra/rest.tf".to_owned(), rest.into()));
        row
    };
    let bucket = "resource \"aws_s3_bucket\" \"x\" {\n";
    let plan = "{\n\"format_version\": \"1.2\",\n\"resource_changes\": [{]\n}\n";
    let template = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: [}\n";
    let modules = "{\"Modules\": [{\"Key\": \"far\", \"Source\": \"x/y/aws\", \"Dir\": \".terraform/modules/far\"}]}";
    let mut fetched = among(
        "a module that was fetched",
        "infra/.terraform/modules/modules.json",
        modules,
        1,
        &["`module.far.aws_s3_bucket.far`", ".terraform/modules/far/main.tf:1"],
    );
    fetched.files.extend([
        ("infra/far.tf".to_owned(), b"module \"far\" {\n  source = \"x/y/aws\"\n  from = aws_s3_bucket.calls.id\n}\n".to_vec()),
        (
            "infra/.terraform/modules/far/main.tf".to_owned(),
            "resource \"aws_s3_bucket\" \"far\" {\n  bucket = \"far\"\n}\nvariable \"from\" {}\n\
             resource \"aws_s3_bucket_replication_configuration\" \"far\" {\n  bucket = var.from\n  rule {\n    \
             status = \"Enabled\"\n    destination {\n      bucket = aws_s3_bucket.far.arn\n    }\n  }\n}\n"
                .into(),
        ),
    ]);
    vec![
        among("Terraform", "infra/broken.tf", &format!("{bucket}  bucket =\n}}\n"), 2, &["infra/broken.tf:2"]),
        among("Terraform cut off", "infra/broken.tf", &format!("{bucket}  bucket = \"x\"\n"), 2, &["infra/broken.tf:"]),
        among("Terraform JSON", "infra/broken.tf.json", "{\"resource\": {\n]\n", 2, &["infra/broken.tf.json:2"]),
        among("Terraform values", "infra/terraform.tfvars", "a = 1\nb = [\n", 2, &["infra/terraform.tfvars:"]),
        among("plan", "other/plan.json", plan, 2, &["other/plan.json:3"]),
        among("CloudFormation", "stacks/s.yaml", template, 2, &["stacks/s.yaml:5"]),
        among(
            "Kubernetes",
            "k8s/x.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: x\nspec: [}\n",
            2,
            &["k8s/x.yaml:4", "not YAML"],
        ),
        fetched,
    ]
}

fn all_hold(group: &str, rows: Vec<Row>) {
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile").join(group);
    let mut wrong = Vec::new();
    for row in &rows {
        let root = folder.join(row.name.replace(' ', "-"));
        wrong.extend(judge(row, &root).into_iter().map(|w| format!("{group}, {}: {w}", row.name)));
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn nginx_configurations() {
    all_hold("nginx", nginx());
}

#[test]
fn name_servers() {
    all_hold("name servers", dns());
}

#[test]
fn other_proxies() {
    all_hold("proxies", proxies());
}

#[test]
fn zone_files() {
    all_hold("zones", zones());
}

#[test]
fn inventories_in_every_notation() {
    all_hold("inventories", inventories());
}

#[test]
fn hostile_plans() {
    all_hold("plans", plans());
}

#[test]
fn broken_files_among_others() {
    all_hold("broken", broken_among_others());
}

#[test]
fn project_and_policy() {
    all_hold("own", own_files());
}

#[test]
fn geolocation_databases() {
    all_hold("databases", databases());
}

/// The base project in the ways that editors and systems write text.
#[test]
fn encodings_of_every_file() {
    type Write = fn(&str) -> Vec<u8>;
    let written: [(&'static str, Write); 3] = [
        ("CRLF", |t| t.replace('\n', "\r\n").into_bytes()),
        ("byte-order mark", |t| format!("\u{feff}{t}").into_bytes()),
        ("UTF-16", utf16),
    ];
    let rows = written.map(|(name, write)| Row {
        files: base().iter().map(|(path, _)| (path.clone(), write(&said(path)))).collect(),
        ..row(name, "", "", 0, &["satisfied: 1 rule"])
    });
    all_hold("encodings", rows.into());
}

/// 200 origins by 30 classes, and a rule for each origin: every one is judged.
#[test]
fn many_origins_and_classes() {
    let countries = include_str!("../data/iso3166.tsv");
    let codes: Vec<&str> =
        countries.lines().filter_map(|l| l.split('\t').next()).filter(|c| c.len() == 2 && c.is_ascii()).take(200).collect();
    assert_eq!(codes.len(), 200);
    let classes: Vec<String> = (0..30).map(|i| format!("\"user.contact.own-{i}\"")).collect();
    let population = |code: &&str| {
        format!(
            "[[population]]\nid = \"p{code}\"\norigin = [\"{code}\"]\ndata = [{}]\nenters = [\"app.example.net\"]\n",
            classes.join(", ")
        )
    };
    let rule = |code: &&str| {
        format!(
            "[[rule]]\nid = \"r{}\"\ntitle = \"x\"\nseverity = \"low\"\ndata = [\"user.contact\"]\n\
             origin = [\"{code}\"]\nonly-in = [\"US\"]\n",
            code.to_lowercase()
        )
    };
    let project = "[check]\npolicies = [\"policies/p.toml\"]\n".to_owned() + &codes.iter().map(population).collect::<String>();
    let policy = said(POLICY).split("[[rule]]").next().unwrap_or("").to_owned() + &codes.iter().map(rule).collect::<String>();
    let files = vec![(PROJECT.to_owned(), project.into_bytes()), (POLICY.to_owned(), policy.into_bytes())];
    all_hold("many", vec![Row { files, ..row("origins", "", "", 0, &["200 rules (200 satisfied)"]) }]);
}

/// What a file system can put in the way. Each must be named; none may be followed out of the project or waited for.
#[cfg(unix)]
#[test]
fn file_systems() {
    use std::os::unix::fs::symlink;
    type Prepare = fn(&Path);
    let rows: [(&str, Prepare, i32, &[&str]); 7] = [
        (
            "link-outside",
            |r| symlink("/etc/hosts", r.join("routing/h.conf")).expect("link"),
            3,
            &["h.conf", "leaves the project"],
        ),
        (
            "folder-outside",
            |r| symlink("/etc", r.join("routing/etc")).expect("link"),
            3,
            &["routing/etc", "leaves the project"],
        ),
        (
            "link-to-itself",
            |r| symlink("self.conf", r.join("routing/self.conf")).expect("link"),
            3,
            &["self.conf", "to nothing"],
        ),
        ("folder-in-itself", |r| symlink("..", r.join("routing/up")).expect("link"), 0, &["satisfied"]),
        ("project-is-a-folder", |r| replace(r, PROJECT), 2, &["onshore.toml", "regular file"]),
        ("policy-is-a-folder", |r| replace(r, POLICY), 2, &["onshore.toml:5", "regular file"]),
        (
            "deep-folders",
            |r| {
                let deep = r.join("d/".repeat(200));
                std::fs::create_dir_all(&deep).expect("folders");
                std::fs::write(deep.join("x.conf"), "server { proxy_pass http://198.51.100.1; }").expect("file");
            },
            3,
            &["nested this deep"],
        ),
    ];
    fn replace(root: &Path, file: &str) {
        std::fs::remove_file(root.join(file)).expect("was there");
        std::fs::create_dir(root.join(file)).expect("folder");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile/files");
    let mut wrong = Vec::new();
    for (name, prepare, exit, says) in rows {
        let root = folder.join(name);
        write(&root, &Vec::new());
        prepare(&root);
        let out = check(&root, "concise");
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        if out.status.code() != Some(exit) || says.iter().any(|s| !text.contains(s)) {
            wrong.push(format!("{name}: exit {:?}, not {exit} with {says:?}: {text}", out.status.code()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
