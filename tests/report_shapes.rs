//! SARIF, OSCAL and JUnit held against `tests/report/shapes.toml`: what their schemas ask of the parts that onshore writes, on every
//! machine. The published schemas themselves are asked in `tests/published_schemas.rs`, where they are at hand.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::path::Path;
use std::process::Command;

use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value, json};

/// Cases with waivers, transfers, gaps, paths, rules that cannot be met, and hardly anything.
const CASES: [&str; 7] = [
    "zoom-2020",
    "kakao-2022",
    "waived",
    "transfers",
    "terraform-unknown-region",
    "three-kinds-of-lists",
    "tencent-2004-repaired",
];

fn written(case: &str, format: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onshore"));
    command.args(["check", &format!("tests/cases/{case}"), "--as-of", "2026-11-22", "--format", format]);
    let out = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    match format {
        "junit" => elements(&text),
        _ => serde_json::from_str(&text).unwrap_or_else(|e| panic!("{case}: {e}: {}", String::from_utf8_lossy(&out.stderr))),
    }
}

/// An XML document as objects.
fn elements(text: &str) -> Value {
    fn begun(e: &BytesStart<'_>) -> (String, Map<String, Value>) {
        let attribute = |a: quick_xml::events::attributes::Attribute<'_>| {
            let name = format!("@{}", a.key.as_ref());
            (name, Value::from(a.value.into_owned()))
        };
        let attributes = e.attributes().map(|a| attribute(a.unwrap())).collect();
        (e.name().as_ref().to_owned(), attributes)
    }
    fn ended(open: &mut [(String, Map<String, Value>)], (name, mut element): (String, Map<String, Value>)) {
        if element.get("#").is_some_and(|text| text.as_str().unwrap().trim().is_empty()) {
            element.remove("#");
        }
        let parent = &mut open.last_mut().unwrap().1;
        parent.entry(name).or_insert_with(|| json!([])).as_array_mut().unwrap().push(Value::Object(element));
    }
    let mut reader = quick_xml::Reader::from_str(text);
    let mut open = vec![(String::new(), Map::new())];
    loop {
        let said = match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(e) => {
                open.push(begun(&e));
                continue;
            }
            Event::Empty(e) => {
                ended(&mut open, begun(&e));
                continue;
            }
            Event::End(_) => {
                let element = open.pop().unwrap();
                ended(&mut open, element);
                continue;
            }
            Event::Text(t) => t.to_string(),
            Event::GeneralRef(r) => format!("&{};", &*r),
            Event::Decl(_) => continue,
            other => panic!("{other:?}"),
        };
        let text = open.last_mut().unwrap().1.entry("#").or_insert_with(|| json!(""));
        *text = json!(format!("{}{said}", text.as_str().unwrap()));
    }
    let (_, mut document) = open.pop().unwrap();
    document.remove("#");
    Value::Object(document)
}

/// The tables of one format.
struct Shapes(toml::Table);

impl Shapes {
    fn of(format: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/shapes.toml");
        let all: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
        Self(all[format].as_table().unwrap().clone())
    }

    /// What is wrong, each with where.
    fn wrong(&self, document: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        self.check("start", document, "", &mut wrong);
        wrong
    }

    fn check(&self, kind: &str, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let mut fail = |why: &str| wrong.push(format!("{at}: {why}: {:.200}", value.to_string()));
        if let Some(table) = self.0.get(kind) {
            let table = table.as_table().unwrap();
            let Some(members) = value.as_object() else { return fail("no object") };
            let required = table.iter().filter(|(_, kind)| !kind.as_str().unwrap().ends_with('?'));
            let missing: Vec<&String> = required.map(|(name, _)| name).filter(|name| !members.contains_key(*name)).collect();
            if !missing.is_empty() {
                fail(&format!("{missing:?} is missing"));
            }
            for (name, value) in members {
                let at = format!("{at}/{name}");
                match table.get(name) {
                    Some(kind) => self.check(kind.as_str().unwrap().trim_end_matches('?'), value, &at, wrong),
                    None => wrong.push(format!("{at}: {kind} has no such member")),
                }
            }
            return;
        }
        if let Some(of) = kind.strip_prefix('[') {
            let (of, most) = of.strip_suffix("]*").map_or_else(|| (of.strip_suffix(']').unwrap(), 1), |of| (of, 0));
            match value.as_array() {
                Some(items) if items.len() >= most => {
                    items.iter().enumerate().for_each(|(i, item)| self.check(of, item, &format!("{at}/{i}"), wrong));
                }
                _ => fail("no list, or an empty one"),
            }
            return;
        }
        if let Some(of) = kind.strip_prefix('{') {
            let of = of.strip_suffix('}').unwrap();
            match value.as_object() {
                Some(members) => members.iter().for_each(|(name, m)| self.check(of, m, &format!("{at}/{name}"), wrong)),
                None => fail("no object"),
            }
            return;
        }
        let is = match (kind, value) {
            ("anything", Value::Object(_)) | ("truth", Value::Bool(_)) => true,
            ("position", value) => value.as_u64().is_some_and(|n| n >= 1),
            ("index", value) => value.as_i64().is_some_and(|n| n >= -1),
            (kind, Value::String(text)) => is_text(kind, text),
            _ => false,
        };
        if !is {
            fail(&format!("not `{kind}`"));
        }
    }
}

fn is_text(kind: &str, text: &str) -> bool {
    let hex = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_hexdigit());
    let of_uri = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    match kind {
        "text" => true,
        "line" => !text.is_empty() && !text.contains('\n'),
        "string" => !text.is_empty() && text.trim() == text && !text.contains('\n'),
        "token" => {
            let further = |c: char| c.is_alphanumeric() || ".-_".contains(c);
            text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(further)
        }
        "reference" => text.bytes().all(of_uri),
        "uri" => {
            let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
            let further = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
            scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(further) && text.bytes().all(of_uri)
        }
        "uuid" => {
            let parts: Vec<&str> = text.split('-').collect();
            matches!(parts.as_slice(), [a, b, c, d, e]
                if hex(a, 8) && hex(b, 4) && hex(c, 4) && hex(d, 4) && hex(e, 12)
                    && c.starts_with(['4', '5']) && d.starts_with(['8', '9', 'a', 'b', 'A', 'B']))
        }
        "time" => {
            text.strip_suffix('Z').and_then(|t| t.parse::<jiff::civil::DateTime>().ok()).is_some()
                && text.as_bytes()[10] == b'T'
        }
        "number" => !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()),
        kind => match kind.strip_prefix("= ") {
            Some(words) => words.split(" | ").any(|word| word == text),
            None => panic!("shapes.toml has no `{kind}`"),
        },
    }
}

const FORMATS: [&str; 3] = ["sarif", "oscal", "junit"];

#[test]
fn reports_have_the_shape_that_their_schemas_ask_for() {
    for format in FORMATS {
        let shapes = Shapes::of(format);
        for case in CASES {
            let wrong = shapes.wrong(&written(case, format));
            assert!(wrong.is_empty(), "{case}, {format}: {wrong:#?}");
        }
    }
}

/// Every member that the reports have is one whose loss, another kind of value or a further member beside it is noticed.
#[test]
fn what_is_wrong_is_noticed() {
    for format in FORMATS {
        let shapes = Shapes::of(format);
        let whole = written("zoom-2020", format);
        let mut places = Vec::new();
        objects(&whole, "start", &shapes, String::new(), &mut places);
        assert!(places.len() > 6, "{places:?}");
        let mut lost = 0;
        for (at, kind) in &places {
            let mut more = whole.clone();
            more.pointer_mut(at).unwrap().as_object_mut().unwrap().insert("surplus".into(), json!("x"));
            assert!(!shapes.wrong(&more).is_empty(), "{format}: one more in {at}");
            for (name, of) in shapes.0[kind].as_table().unwrap() {
                let mut other = whole.clone();
                let members = other.pointer_mut(at).unwrap().as_object_mut().unwrap();
                if members.insert(name.clone(), json!(1.5)).is_some() {
                    assert!(!shapes.wrong(&other).is_empty(), "{format}: another {at}/{name}");
                }
                let required = !of.as_str().unwrap().ends_with('?');
                other.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(name);
                assert_eq!(!shapes.wrong(&other).is_empty(), required, "{format}: without {at}/{name}");
                lost += usize::from(required);
            }
        }
        assert!(lost > 5, "{format}: {lost}");
    }
}

/// Pointers (RFC 6901) to the first object of each table.
fn objects(value: &Value, kind: &str, shapes: &Shapes, at: String, found: &mut Vec<(String, String)>) {
    let of_any_name = kind.starts_with('{');
    let kind = kind.trim_end_matches(['?', '*']).trim_start_matches(['[', '{']).trim_end_matches([']', '}']);
    let below = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) if of_any_name => {
            members.iter().for_each(|(name, value)| objects(value, kind, shapes, below(name), found));
        }
        Value::Object(members) => {
            let Some(table) = shapes.0.get(kind).and_then(toml::Value::as_table) else { return };
            if found.iter().any(|(_, known)| known == kind) {
                return;
            }
            found.push((at.clone(), kind.to_owned()));
            for (name, value) in members {
                let of = table.get(name).and_then(toml::Value::as_str).unwrap_or_default();
                objects(value, of, shapes, below(name), found);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| objects(item, kind, shapes, format!("{at}/{i}"), found));
        }
        _ => {}
    }
}
