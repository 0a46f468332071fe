use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::source::Spanned;

fn show(doc: &Document<'_>) -> String {
    doc.roots().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(" --- ")
}

fn problems(text: &str, problems: &[Problem]) -> Vec<String> {
    let at = |p: &Problem| text.get(p.span.range()).expect("in bounds and on boundaries").to_owned();
    problems
        .iter()
        .map(|p| format!("[{}] {}{}", at(p), p.message, p.help.iter().fold(String::new(), |_, h| format!(" ({h})"))))
        .collect()
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
struct Pet {
    name: Spanned<String>,
    legs: u64,
    #[serde(default)]
    likes: Vec<Spanned<String>>,
    home: Option<Home>,
    max_age: Option<f64>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    tame: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct Home {
    country: String,
    rooms: Option<u8>,
}

fn read_pet(doc: &Document<'_>) -> (Option<Pet>, Vec<Problem>) {
    read(doc.root().expect("a root"))
}

#[test]
fn one_value_from_three_notations() {
    let toml = "name = 'Ann'\nlegs = 1_000\nlikes = ['a', 'b']\nmax-age = 2.5\ntame = true\n[home]\ncountry = 'NO'\n[tags]\nsince = '010'\n";
    let json = r#"{"name": "Ann", "legs": 1000, "likes": ["a", "b"], "max-age": 2.5, "tame": true,
        "home": {"country": "NO", "rooms": null}, "tags": {"since": "010"}}"#;
    let yaml = "name: Ann\nlegs: 1000\nlikes: [a, b]\nmax-age: 2.5\ntame: yes\nhome:\n  country: NO\n  rooms: ~\ntags:\n  since: 010\n";
    let strip = |doc: Document<'_>| {
        assert_eq!(doc.problems(), []);
        let (pet, problems) = read_pet(&doc);
        assert_eq!(problems, []);
        let mut pet = pet.expect("a pet");
        pet.name.span = Span::default();
        pet.likes.iter_mut().for_each(|l| l.span = Span::default());
        pet
    };
    let expected = strip(toml::parse(toml));
    assert_eq!(expected.home, Some(Home { country: "NO".into(), rooms: None }));
    assert_eq!(expected.tags["since"], "010");
    assert_eq!(strip(json::parse(json)), expected);
    assert_eq!(strip(yaml::parse(yaml)), expected);
}

#[test]
fn spans_are_those_of_the_values() {
    let text = "name: Ünal\nlegs: 2\nlikes:\n  - \"é\"\n";
    let doc = yaml::parse(text);
    let pet = read_pet(&doc).0.expect("a pet");
    assert_eq!((&text[pet.name.span.range()], &text[pet.likes[0].span.range()]), ("Ünal", "\"é\""));

    let text = "\u{feff}{ \"n\\u0061me\" : \"\\u00fc\" , \"legs\":2}";
    let doc = json::parse(text);
    let entry = doc.root().expect("a root").entry("name").expect("an entry");
    assert_eq!((&text[entry.key.span().range()], &text[entry.value.span().range()]), ("\"n\\u0061me\"", "\"\\u00fc\""));
    assert_eq!(entry.value.text(), Some("ü"));
}

#[test]
fn all_errors_of_a_table_at_once() {
    let text =
        "nmae = 'x'\nlegs = 'four'\nlikes = ['a', 3, 'b', true]\ntame = 1\n[home]\ncontry = 'NO'\nrooms = -1\n[tags]\na = 1\n";
    let doc = toml::parse(text);
    let (pet, found) = read_pet(&doc);
    assert!(pet.is_none());
    assert_eq!(
        problems(text, &found),
        [
            "[nmae] unknown key `nmae` (did you mean `name`?)",
            "['four'] expected a whole number, 0 or more, found the text `four`",
            "[3] expected a string, found the number 3",
            "[true] expected a string, found `true`",
            "[1] expected true or false, found the number 1",
            "[contry] unknown key `contry` (did you mean `country`?)",
            "[-1] expected a whole number, 0 or more, found the number -1",
            "[1] expected a string, found the number 1",
        ]
    );
    let text = "tame: true\nhome: []\n";
    let doc = yaml::parse(text);
    assert_eq!(
        problems(text, &read_pet(&doc).1),
        [
            "[tame: true\nhome: []] the key `name` is missing (`onshore explain name` says what to write)",
            "[tame: true\nhome: []] the key `legs` is missing (`onshore explain legs` says what to write)",
            "[[]] expected a table, found a list",
        ]
    );
}

#[test]
fn a_day_in_another_form_is_told_once_with_the_form_that_is_meant() {
    for day in ["01.02.2026", "2026/11/01", "1/2/2026", "2026-13-01"] {
        let text = format!("[pack]\nas-of = {day}\nid = 'x'\n");
        let problems = toml::parse(&text).take_problems();
        let told: Vec<(&str, &str)> = problems.iter().map(|p| (p.message.as_str(), &text[p.span.range()])).collect();
        assert_eq!(told, [(format!("`{day}` is not a day").as_str(), day)]);
        assert!(problems[0].help.as_ref().is_some_and(|h| h.contains("2026-11-01")));
    }
    // Not three numbers, or no value.
    for text in ["x = 1.2.3.4\n", "x = [01.02.2026\n", "x = 1..2\n"] {
        assert!(toml::parse(text).take_problems().iter().all(|p| !p.message.contains("is not a day")), "{text}");
    }
}

#[test]
fn all_syntax_errors_of_a_toml_file_at_once() {
    let text = "a = \nb = 1\nc = 'x\nd = 2\n";
    let doc = toml::parse(text);
    assert_eq!(doc.problems().len(), 2, "{:?}", doc.problems());
    assert_eq!(doc.root().and_then(|r| r.get("d")).and_then(|d| d.as_u64()), Some(2));
}

#[test]
fn json_errors_say_what_should_stand_where() {
    for (text, expected) in [
        ("", "[] the JSON text ends too early"),
        ("{\"a\": 1,}", "[}] a comma before a closing bracket is not allowed in JSON"),
        ("{\"a\" 1}", "[1] a colon should stand here, not `1`"),
        ("{a: 1}", "[a] a key in double quotes should stand here, not `a`"),
        ("[1 2]", "[2] a comma or `]` should stand here, not `2`"),
        ("[1] é", "[é] `é` follows after the end of the JSON value"),
        ("{\"a\": 1, \"b\": 2, \"a\": 3}", "[\"a\"] the key `a` is written twice (keep one of the two)"),
        ("[NaN]", "[N] a JSON value should stand here, not `N`"),
    ] {
        assert_eq!(problems(text, json::parse(text).problems()), [expected], "{text}");
    }
    assert_eq!(show(&json::parse("[1, {\"a\": [nul]}]")), "[Number \"1\", {Quoted \"a\": []}]");
}

#[test]
fn yaml_guesses_nothing() {
    let doc = yaml::parse("country: NO\nversion: 010\nempty:\nquoted: 'null'\nblock: |\n  a\n  b\n");
    let root = doc.root().expect("a root");
    let text = |key| root.get(key).and_then(|n| n.as_str());
    assert_eq!(
        [text("country"), text("version"), text("empty"), text("quoted")],
        [Some("NO"), Some("010"), None, Some("null")]
    );
    assert_eq!(text("block"), Some("a\nb\n"));
    let number: Result<u64, _> = de::from_node(root.get("version").expect("a value"));
    assert_eq!(number.map_err(|e| e.to_string()), Err("`010` could be read as a decimal or as an octal number".to_owned()));
}

#[test]
fn aliases_are_edges_and_merge_keys_are_looked_up() {
    let text = "base: &b\n  a: 1\n  c: 2\nmore: &m {d: 4, a: 5}\nit:\n  <<: [*b, *m]\n  c: 3\n";
    let doc = yaml::parse(text);
    let it = doc.root().and_then(|r| r.get("it")).expect("a value");
    let get = |key| it.get(key).and_then(|n| n.as_u64());
    assert_eq!([get("a"), get("c"), get("d"), get("<<")], [Some(1), Some(3), Some(4), None]);
    assert_eq!(it.entries().map(|e| e.name().to_owned()).collect::<Vec<_>>(), ["c", "a", "d"]);
    let map: BTreeMap<String, u64> = de::from_node(it).expect("a map");
    assert_eq!(map, BTreeMap::from([("a".into(), 1), ("c".into(), 3), ("d".into(), 4)]));

    let text = "a: &x 1\nb: *x\n";
    let doc = yaml::parse(text);
    let b = doc.root().and_then(|r| r.get("b")).expect("a value");
    assert_eq!((&text[b.span().range()], &text[b.used_at().range()]), ("1", "*x"));
}

#[test]
fn tags_are_kept() {
    let doc = yaml::parse("a: !Ref Bucket\nb: !!str 12\nc: !Sub [x]\n");
    let tag = |key| doc.root().and_then(|r| r.get(key)).and_then(|n| n.tag());
    assert_eq!([tag("a"), tag("b"), tag("c")], [Some("!Ref"), Some("!!str"), Some("!Sub")]);
    assert_eq!(doc.root().and_then(|r| r.get("b")).and_then(|n| n.as_u64()), None);
}

#[test]
fn a_broken_document_costs_only_itself() {
    let text = "a: 1\n---\nb: [1\n---\nc: 3\n";
    let doc = yaml::parse(text);
    assert_eq!(doc.problems().len(), 1, "{:?}", doc.problems());
    assert_eq!(doc.roots().filter_map(|r| r.get("c")?.as_u64()).collect::<Vec<_>>(), [3]);
    assert_eq!(doc.roots().filter_map(|r| r.get("a")?.as_u64()).collect::<Vec<_>>(), [1]);
}

fn size(node: Node<'_>) -> u64 {
    1 + node.items().map(size).sum::<u64>() + node.entries().map(|e| size(e.value)).sum::<u64>()
}

#[test]
fn alias_bombs_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..15 {
        let refs = vec![format!("*a{}", i - 1); 9].join(", ");
        text.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
    }
    let doc = yaml::parse(&text);
    assert_eq!(doc.problems().len(), 1);
    let root = doc.root().expect("a root");
    assert!(size(root) < 2_000_000);
    let lists: Vec<Vec<serde::de::IgnoredAny>> = de::from_node(root.get("a1").expect("a value")).expect("small enough");
    assert_eq!(lists.len(), 9);

    // A chain of aliases is as deep as it is long.
    let mut text = "- &a0 [x]\n".to_owned();
    (1..1000).for_each(|i| text.push_str(&format!("- &a{i} [*a{}]\n", i - 1)));
    let doc = yaml::parse(&text);
    assert_eq!(doc.problems()[0].message, "this alias nests deeper than 128 levels");

    let doc = yaml::parse("a: &a [*a]\n");
    assert_eq!(doc.problems()[0].message, "this alias stands for something that contains it");
}

#[test]
fn deep_nesting_is_refused() {
    let n = 100_000;
    for doc in [
        json::parse(&"[".repeat(n)),
        json::parse(&"{\"a\":".repeat(n)),
        yaml::parse(&"[".repeat(n)),
        yaml::parse(&"- ".repeat(n)),
        yaml::parse(&"{a: ".repeat(n)),
        toml::parse(&format!("a = {}", "[".repeat(n))),
        toml::parse(&format!("a = {}", "{ b = ".repeat(n))),
        toml::parse(&format!("{}a = 1", "a.".repeat(n))),
        toml::parse(&format!("[{}a]\nb.c.d = [[[1]]]", "a.".repeat(n))),
    ] {
        assert!(!doc.problems().is_empty());
        if let Some(root) = doc.root() {
            size(root);
        }
    }
}

#[test]
fn cost_is_linear_in_wide_tables() {
    let text = (0..200_000).fold("{".to_owned(), |s, i| s + &format!("\"k{i}\":1,")) + "\"k\":1}";
    let doc = json::parse(&text);
    assert_eq!((doc.problems().len(), doc.root().map(|r| r.entries().count())), (0, Some(200_001)));
    let (_, found) = read_pet(&doc);
    assert!(found.len() <= 50);
}

/// Text that is nearly in one of the notations.
fn nearly() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "b:",
        " ",
        "\n",
        "- ",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "&x ",
        "*x",
        "<<",
        "|\n",
        "#",
        "=",
        "[[",
        "1",
        "é",
        "\u{feff}",
        "---\n",
        "...\n",
        "!t ",
        "? ",
        "%",
        "\\",
        "\\u00",
        "\t",
        "true",
        "null",
        "'''",
        "0x",
        ".",
        "2020-01-01",
        "上",
        "\r",
        "\0",
    ]);
    prop_oneof![prop::collection::vec(word, 0..60).prop_map(|w| w.concat()), any::<String>()]
}

fn check_tree(text: &str, node: Node<'_>) {
    for span in [node.span(), node.used_at()] {
        assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
    }
    node.items().for_each(|n| check_tree(text, n));
    node.entries().for_each(|e| {
        check_tree(text, e.key);
        check_tree(text, e.value);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_breaks_a_parser(text in nearly()) {
        for doc in [toml::parse(&text), yaml::parse(&text), json::parse(&text)] {
            doc.problems().iter().for_each(|p| assert!(text.get(p.span.range()).is_some(), "{p:?} in {text:?}"));
            for root in doc.roots() {
                check_tree(&text, root);
                let (_, found) = read::<Pet>(root);
                found.iter().for_each(|p| assert!(text.get(p.span.range()).is_some(), "{p:?} in {text:?}"));
            }
        }
    }

    #[test]
    fn json_reads_as_serde_json_reads_it(text in nearly()) {
        let own = json::parse(&text);
        match serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')) {
            // serde_json takes duplicate keys and refuses numbers beyond f64.
            Ok(_) => prop_assert!(own.problems().iter().all(|p| p.message.contains("twice")), "{:?}", own.problems()),
            Err(e) if e.to_string().contains("out of range") => {}
            Err(e) => prop_assert!(!own.problems().is_empty(), "{} in {:?}", e, text),
        }
    }
}
