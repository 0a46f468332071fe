//! Pictures of ways: those of two seed cases as stored in `tests/draw` (`SNAPSHOTS=overwrite cargo test --test draw` rewrites them;
//! look at them before they are committed), what programs make of them, hostile names, and size.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use onshore::finding::State;
use onshore::model::{Country, Place, RouteRole};
use onshore::report::draw::{self, Change, Edge, FORMATS, Graph, Node, Site, Spot};
use snapbox::{Data, assert_data_eq};

const AS_OF: &str = "2026-11-22";

fn onshore(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_onshore"))
        .args(args)
        .args(["--as-of", AS_OF])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("onshore runs");
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8")
}

const PICTURES: &[(&str, &[&str])] = &[
    ("zoom-2020", &["trace", "tests/cases/zoom-2020", "--origin", "US"]),
    ("kakao-2022", &["whatif", "tests/cases/kakao-2022", "--lose", "site=pangyo"]),
];

#[test]
fn pictures_are_as_stored() {
    for (name, args) in PICTURES {
        for format in FORMATS {
            let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/draw/{name}.{format}"));
            let text = onshore(&[args, &["--format", format][..]].concat());
            assert_data_eq!(Data::text(text).raw(), Data::read_from(&stored, Some(snapbox::data::DataFormat::Text)).raw());
        }
    }
}

/// What a tree shows, every picture shows: endpoints in the graphs, and on the map each site that one of them stands at.
#[test]
fn no_endpoint_is_missing() {
    let cases = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")).unwrap();
    let mut folders: Vec<String> = cases.map(|c| c.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    let mut seen = 0;
    for folder in folders.iter().filter(|f| f.starts_with("kakao") || f.starts_with("zoom-2020") || f.starts_with("wechat")) {
        let folder = format!("tests/cases/{folder}");
        let told: serde_json::Value = serde_json::from_str(&onshore(&["trace", &folder, "--format", "json"])).unwrap();
        assert_eq!(told["schema"], "onshore.trace/1");
        let hops = told["ways"].as_array().unwrap().iter().flat_map(|w| w.as_array().unwrap());
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut cities: BTreeSet<String> = BTreeSet::new();
        for hop in hops {
            names.insert(hop["endpoint"].as_str().unwrap().to_owned());
            cities.extend(hop["places"].as_array().unwrap().iter().filter_map(|p| p["city"].as_str()).map(str::to_owned));
        }
        let [dot, mermaid, svg] = FORMATS.map(|format| onshore(&["trace", &folder, "--format", format]));
        for name in &names {
            assert!(dot.contains(&format!("[label=\"{name}\\n")), "{folder}: {name} is not in the DOT file");
            assert!(
                mermaid.contains(&format!("\"{}<br>", name.replace(':', "#58;"))),
                "{folder}: {name} is not in the flowchart"
            );
        }
        for city in &cities {
            assert!(svg.contains(city.as_str()), "{folder}: {city} is not on the map");
        }
        seen += names.len();
    }
    assert!(seen > 30, "{seen}");
}

// ---- graphs made by hand ----

fn site(name: &str, country: &str, city: Option<&str>) -> Site {
    let place = Place { country: Country::from_letters(country).unwrap(), subdivision: None, city: city.map(Into::into) };
    Site { name: name.into(), spots: vec![Spot::new(place, None)], unsure: None }
}

fn node(name: &str, site: Option<usize>) -> Node {
    Node { name: name.into(), kind: "server".into(), site, ..Node::default() }
}

fn edge(from: usize, to: usize) -> Edge {
    Edge {
        from,
        to,
        activity: "forward",
        role: RouteRole::Primary,
        state: State::Normal,
        change: Change::Same,
        condition: None,
        at: "a.conf:1".into(),
        breaks: Vec::new(),
        ends: false,
        waived: Vec::new(),
        count: 1,
    }
}

fn written(format: &str, graph: &Graph) -> String {
    let mut out = Vec::new();
    draw::write(format, graph, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const HOSTILE: &[&str] = &[
    "\"];}\nn0 -> n0",
    "a --> b",
    "end",
    "style a:#b;c:::x",
    "<script>alert(1)</script>",
    "]]><!--&quot;&#x3c;",
    "\u{1b}[31mred\u{1b}[0m\u{9b}2J",
    "\u{202e}gnp.exe\u{2066}\u{200f}",
    "C:\\new\\table\\N\\G",
    "`**bold** [link](javascript:alert(1))`",
    "%%{init: {\"theme\":\"dark\"}}%%",
    "click n0 call alert()",
    "天津 \u{fffe}\u{ffff}\u{0}",
    "",
    "|||\"\"\"'''",
    "#quot;#35;#lt;",
];

fn hostile() -> Graph {
    let long = "x".repeat(10_000);
    let names: Vec<&str> = HOSTILE.iter().copied().chain([long.as_str()]).collect();
    let mut graph =
        Graph { title: names.join(" "), subtitle: names.join("\n"), notes: vec![names.join(" ")], ..Graph::default() };
    for (i, name) in names.iter().enumerate() {
        let unsure = (i % 3 == 0).then(|| (*name).to_owned());
        graph.sites.push(Site { unsure, ..site(name, "CN", Some(name)) });
        graph.nodes.push(Node { kind: (*name).into(), breaks: vec![(*name).into()], ..node(name, (i % 4 != 0).then_some(i)) });
        let (breaks, condition) = (vec![(*name).to_owned()], Some((*name).into()));
        graph.edges.push(Edge { at: (*name).into(), breaks, condition, ends: true, ..edge(i, (i + 1) % names.len()) });
    }
    graph
}

#[test]
fn hostile_names_come_out_inert() {
    let graph = hostile();
    for format in FORMATS {
        let text = written(format, &graph);
        // In double quotes of a DOT file a tag is a word like any other.
        assert!(format == "dot" || !text.contains("<script"), "{format}");
        assert!(
            !text.chars().any(|c| (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{200f}\u{fffe}\u{ffff}".contains(c)),
            "{format}"
        );
        assert!(!text.contains(&"x".repeat(300)), "{format}: a name of 10,000 characters is written out");
    }
    // Mermaid: outside of quotes only what the writer itself says, inside only letters, harmless signs and entities.
    for line in written("mermaid", &graph).lines().skip(3) {
        let parts: Vec<&str> = line.split('"').collect();
        assert!(parts.len() == 1 || parts.len() == 3, "{line}");
        let harmless = |c: char| c.is_alphanumeric() || " .,-_=/()+…#;".contains(c);
        if let [_, label, _] = parts[..] {
            assert!(label.replace("<br>", " ").chars().all(harmless), "{line}");
        }
    }
    well_formed(&written("svg", &graph));
}

/// Every element is closed, entities are known, and nothing runs or is fetched.
fn well_formed(svg: &str) -> BTreeSet<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(svg);
    reader.config_mut().check_end_names = true;
    reader.config_mut().enable_all_checks(true);
    let mut elements = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let mut depth = 0_i32;
    loop {
        let event = reader.read_event().unwrap_or_else(|e| panic!("{e} at {}: {}", reader.error_position(), &svg[..200]));
        let element = match &event {
            Event::Start(e) => {
                depth += 1;
                Some(e)
            }
            Event::Empty(e) => Some(e),
            Event::End(_) => {
                depth -= 1;
                None
            }
            Event::GeneralRef(entity) => {
                let known = ["amp", "lt", "gt", "quot"].contains(&&**entity);
                assert!(known, "{entity:?}");
                None
            }
            Event::Text(_) => None,
            Event::Eof => break,
            other => panic!("{other:?} in a picture"),
        };
        if let Some(e) = element {
            elements.insert(e.name().as_ref().to_owned());
            for attribute in e.attributes() {
                let attribute = attribute.unwrap();
                let (key, value) = (attribute.key.as_ref(), attribute.value.to_string());
                assert!(!key.starts_with("on") && !key.ends_with("href"), "{value}");
                assert!(!value.contains("url("), "{value}");
                assert!(key != "id" || ids.insert(value.clone()), "id {value} twice");
            }
        }
    }
    assert_eq!(depth, 0);
    let known = ["circle", "desc", "g", "path", "rect", "style", "svg", "text", "title"];
    assert!(elements.iter().all(|e| known.contains(&e.as_str())), "{elements:?}");
    elements
}

#[test]
fn maps_are_well_formed_and_need_nothing_from_outside() {
    for (_, args) in PICTURES {
        let svg = onshore(&[args, &["--format", "svg"][..]].concat());
        well_formed(&svg);
        let outside = svg.matches("://").count() - svg.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
        assert_eq!(outside, 0);
        assert!(
            svg.contains("prefers-color-scheme:dark") && svg.contains("Natural Earth") && svg.contains("GeoNames (CC BY 4.0)")
        );
    }
    well_formed(&written("svg", &Graph::default()));
}

/// What `dot` says of a file: its plain output.
fn real_dot(text: &str) -> Option<String> {
    let run = Command::new("dot").arg("-Tplain").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = run else {
        eprintln!("skipped: Graphviz is not installed (Debian: graphviz)");
        return None;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success() && !errors.contains("rror"), "{errors}\n{text}");
    Some(String::from_utf8_lossy(&out.stdout).into_owned())
}

#[test]
fn graphviz_reads_what_is_written() {
    let graph = hostile();
    let count = |plain: &str, kind: &str| plain.lines().filter(|l| l.starts_with(kind)).count();
    let Some(plain) = real_dot(&written("dot", &graph)) else { return };
    assert_eq!((count(&plain, "node "), count(&plain, "edge ")), (graph.nodes.len(), graph.edges.len()));
    for (_, args) in PICTURES {
        let text = onshore(&[args, &["--format", "dot"][..]].concat());
        let plain = real_dot(&text).unwrap();
        assert_eq!(count(&plain, "edge "), text.lines().filter(|l| l.contains(" -> n")).count());
    }
}

/// 100,000 endpoints of 300 sites, each with a route to the next one; one breaks a rule.
fn large(sites: usize) -> Graph {
    let mut graph = Graph { title: "large".into(), subtitle: "all data".into(), ..Graph::default() };
    let countries = ["US", "CN", "DE", "SG", "BR", "JP", "IN", "FR"];
    graph.sites = (0..sites).map(|i| site(&format!("site-{i}"), countries[i % 8], None)).collect();
    graph.nodes = (0..100_000).map(|i| node(&format!("server-{i}.{}", "n".repeat(60)), Some(i % sites))).collect();
    graph.edges = (0..100_000).map(|i| edge(i, (i * 7 + 1) % 100_000)).collect();
    let broken = Edge { breaks: vec!["pack/the-broken-rule".into()], ends: true, state: State::Overload, ..edge(77_777, 5) };
    graph.edges[77_777] = broken;
    graph
}

#[test]
fn large_graphs_stay_small_pictures_that_say_so() {
    for sites in [300, 30_000] {
        let graph = large(sites);
        for (format, most, says) in
            [("dot", 400_000, "drawn by site"), ("mermaid", 50_000, "drawn by site"), ("svg", 600_000, "drawn by country")]
        {
            let text = written(format, &graph);
            assert!(text.len() < most, "{format} of {sites} sites: {} bytes", text.len());
            assert!(text.contains(says) && text.contains("the-broken-rule"), "{format} of {sites} sites: {text:.2000}");
            assert!(format == "svg" || text.contains("left out of this picture"), "{format} of {sites} sites");
        }
    }
}

#[test]
fn names_stand_nowhere_so_ways_are_drawn_through_them() {
    let mut graph = Graph {
        sites: vec![site("a", "US", None), site("b", "CN", None)],
        nodes: vec![node("entry.example", None), node("edge", Some(0)), node("pool", None), node("far", Some(1))],
        edges: vec![edge(0, 1), edge(1, 2), Edge { state: State::Overload, role: RouteRole::Overflow, ..edge(2, 3) }],
        ..Graph::default()
    };
    graph.nodes[0].start = true;
    let map = draw::map::Map::new(&graph);
    let ways: Vec<(usize, usize, State)> = map.ways.iter().map(|w| (w.from, w.to, w.edge.state)).collect();
    assert_eq!(ways, [(0, 1, State::Overload)]);
    assert_eq!(map.sites.iter().map(|s| s.start).collect::<Vec<_>>(), [true, false], "data comes in where its name leads");
}
