//! Replicas, backups, logs and keys as routes, from what people write to the countries that data gets to.
//!
//! Each file of `tests/read/movements` holds items: `== the service's movement`, then files in the archive form `-- path --` (settings
//! such as `region=eu-west-1` after the path), and `-- ways --`: every route with its places, every gap (`ONSHORE_BLESS=1` writes
//! them; read what it wrote). A further file after the ways is the same movement in another format, read by itself.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test opens files and may panic")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use onshore::geo::Atlas;
use onshore::link::link;
use onshore::model::{Gap, Route};
use onshore::project::Project;
use onshore::read::{FileSettings, Settings, Told, read_all};
use onshore::source::load::Loaded;
use onshore::source::{Location, SourceId, Span};

/// More places than this are counted, not named.
const NAMED: usize = 3;

/// Files that are read together, and what comes of them.
#[derive(Default)]
struct Form {
    /// Header (path and settings) and text.
    files: Vec<(String, String)>,
    ways: String,
}

struct Item {
    title: String,
    forms: Vec<Form>,
}

fn parse(text: &str) -> (String, Vec<Item>) {
    let mut head = String::new();
    let mut items: Vec<Item> = Vec::new();
    let mut in_ways = false;
    for line in text.split_inclusive('\n') {
        let plain = line.trim_end();
        if let Some(title) = plain.strip_prefix("== ") {
            items.push(Item { title: title.to_owned(), forms: Vec::new() });
            in_ways = true;
            continue;
        }
        let Some(item) = items.last_mut() else {
            head.push_str(line);
            continue;
        };
        match plain.strip_prefix("-- ").and_then(|l| l.strip_suffix(" --")) {
            Some("ways") => in_ways = true,
            Some(header) => {
                if in_ways {
                    item.forms.push(Form::default());
                }
                in_ways = false;
                item.forms.last_mut().unwrap().files.push((header.to_owned(), String::new()));
            }
            None => match item.forms.last_mut() {
                Some(form) if in_ways => form.ways.push_str(line),
                Some(form) => form.files.last_mut().unwrap().1.push_str(line),
                None => assert!(plain.is_empty(), "{}: {plain}", item.title),
            },
        }
    }
    (head, items)
}

/// `path key=value ...`: the path, and what is told of it.
fn settings(form: &Form) -> Settings {
    let told = |text: &str| Some(Told { text: text.to_owned(), location: Location::new(SourceId(0), Span::default()) });
    let mut settings = Settings::default();
    for (header, _) in &form.files {
        let mut words = header.split(' ');
        let path = words.next().unwrap();
        let mut one = FileSettings::default();
        for word in words {
            match word.split_once('=').unwrap() {
                ("region", value) => one.region = told(value),
                ("account", value) => one.account = told(value),
                (other, _) => panic!("{header}: {other}"),
            }
        }
        settings.add(path, one);
    }
    settings
}

/// Everything that the files say of where data goes, one line each.
fn ways(form: &Form, atlas: &Atlas) -> String {
    let mut loaded = Loaded::default();
    for (header, text) in &form.files {
        loaded.add(header.split(' ').next().unwrap(), text.as_str());
    }
    let all = read_all(&loaded, &settings(form), &[], None).unwrap();
    assert!(all.unread.is_empty(), "{:?}: {:?}", form.files[0].0, all.unread);
    let broken: Vec<&String> = all.readings.iter().filter_map(|(_, _, r)| r.broken.as_ref()).collect();
    assert!(broken.is_empty(), "{broken:?}");
    let inputs = all.readings.into_iter().map(|(id, _, reading)| (id, reading.facts)).collect();
    let snapshot = link(inputs, &Project::default(), &loaded.sources);
    let end = |id| {
        let found = atlas.locate_endpoint(&snapshot, id);
        let mut places: Vec<String> = found.places.iter().map(ToString::to_string).collect();
        if places.is_empty() {
            places.push(found.kind.as_str().to_owned());
        }
        if places.len() > NAMED {
            let more = places.len() - NAMED;
            places.truncate(NAMED);
            places.push(format!("{more} more"));
        }
        format!("{} ({})", snapshot.endpoint(id).name, places.join(", "))
    };
    let way = |route: &Route| {
        let implied = if route.trail.steps().any(|s| s.text.starts_with("the provider determines")) { ", implied" } else { "" };
        format!("{}{implied}: {} -> {}", route.activity.as_str(), end(route.from), end(route.to))
    };
    let gap = |gap: &Gap| format!("gap {}: {}", gap.code, gap.message);
    // Both ways of one copy are one line.
    let mut lines: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for route in snapshot.routes.iter() {
        let key = (route.activity.as_str(), route.from.min(route.to), route.from.max(route.to));
        let back = snapshot.routes.iter().any(|r| r.from == route.to && r.to == route.from && r.activity == route.activity);
        if back && !seen.insert(key) {
            continue;
        }
        let line = way(route);
        lines.push(if back { line.replacen(" -> ", " <-> ", 1) } else { line });
    }
    lines.sort();
    lines.dedup();
    // Nothing moves: then it matters where it stands.
    if lines.is_empty() {
        lines.extend(snapshot.endpoint_ids().map(|id| format!("stands: {}", end(id))));
    }
    let mut gaps: Vec<String> = snapshot.gaps.iter().map(gap).collect();
    gaps.sort();
    lines.extend(gaps);
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn every_movement_is_a_route_to_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/movements");
    let bless = std::env::var_os("ONSHORE_BLESS").is_some();
    let atlas = Atlas::embedded(date(2026, 11, 22));
    let mut files: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let (mut wrong, mut items_seen) = (String::new(), 0);
    for file in &files {
        let (head, items) = parse(&std::fs::read_to_string(file).unwrap());
        let mut blessed = head;
        for item in &items {
            items_seen += 1;
            writeln!(blessed, "== {}", item.title).unwrap();
            for (n, form) in item.forms.iter().enumerate() {
                let actual = ways(form, &atlas);
                for (header, text) in &form.files {
                    write!(blessed, "-- {header} --\n{text}").unwrap();
                }
                write!(blessed, "-- ways --\n{actual}").unwrap();
                if actual.trim_end() != form.ways.trim_end() {
                    let expected = &form.ways;
                    writeln!(wrong, "--- {} ({})\nexpected:\n{expected}actual:\n{actual}", item.title, n + 1).unwrap();
                }
            }
            blessed.push('\n');
        }
        if bless {
            std::fs::write(file, blessed.trim_end().to_owned() + "\n").unwrap();
        }
    }
    assert!(items_seen >= 50, "only {items_seen} items");
    assert!(bless || wrong.is_empty(), "{wrong}");
}
