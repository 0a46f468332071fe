//! What people read, in both languages: nothing that the code says lacks its Chinese, nothing Chinese is said by nobody, and the
//! language changes words only.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use onshore::finding::{Reading, Severity, State, Verdict};
use onshore::geo::Kind;
use onshore::lang::{Lang, places_of, read, sections};
use onshore::model::population::OriginAxis;
use onshore::model::{Activity, Basis, DomainKind, Role, RouteRole};
use onshore::policy::lint::Level;
use onshore::policy::{Binding, Keyword as _, Status};
use onshore::source::SourceId;
use snapbox::{assert_data_eq, file};

/// Sections of the table that are not sentences.
const APART: [&str; 3] = ["words", "counts", "shipped"];

/// What the code says: sentences, and what several of something are called.
#[derive(Default)]
struct Said {
    sentences: BTreeSet<String>,
    several: BTreeSet<String>,
    /// What one of them is called, which Chinese has no word of its own for.
    one: BTreeSet<String>,
}

#[test]
fn every_message_has_its_chinese_and_every_chinese_is_said() {
    let said = said();
    assert!(said.sentences.len() > 500 && said.several.len() > 20, "the source was read");
    let mut table: BTreeMap<String, String> = BTreeMap::new();
    let mut twice = Vec::new();
    for (section, entries) in sections().into_iter().filter(|(name, _)| !APART.contains(&name.as_str())) {
        for (english, chinese) in entries {
            if table.insert(english.clone(), chinese).is_some() {
                twice.push(format!("{section}: {english}"));
            }
        }
    }
    assert!(twice.is_empty(), "said twice in data/lang/zh.toml:\n{}", twice.join("\n"));
    let missing: Vec<&String> = said.sentences.iter().filter(|s| !table.contains_key(*s)).collect();
    assert!(missing.is_empty(), "without Chinese in data/lang/zh.toml: {missing:#?}");
    let orphans: Vec<&String> = table.keys().filter(|s| !said.sentences.contains(*s)).collect();
    assert!(orphans.is_empty(), "nothing says this: {orphans:#?}");
    for (english, chinese) in &table {
        let places = |text: &str| places_of(text).into_iter().collect::<BTreeSet<String>>();
        assert_eq!(places(english), places(chinese), "{english} = {chinese}");
    }
}

/// Of layers whose texts are said as they are made, by `src/lang/read.rs`.
const SAID_AS_MADE: [&str; 10] = ["read", "link", "geo", "doc", "source", "project", "policy", "vocab", "traffic", "cli"];
/// English that makes a sentence of words; names, keys and lists of them have none of it.
const SENTENCE: &str = " a an the is are was were be not no nor none to of and or that which what where who whom when by for in it \
                        its on at with from as has have may can cannot must add give declare write only than more one two this \
                        these those if so into then there does do nothing each every other another several before after behind \
                        until read correct ";

#[test]
fn every_sentence_of_readers_and_errors_has_its_chinese() {
    let table: BTreeMap<String, String> = read::sections().into_values().flatten().collect();
    assert_eq!(
        table.len(),
        read::sections().values().map(BTreeMap::len).sum::<usize>(),
        "said twice in data/lang/read.zh.toml"
    );
    let listed = fs::read_to_string("tests/lang/no-sentences.txt").unwrap();
    let listed: BTreeSet<&str> = listed.lines().skip(2).collect();
    let said = said();
    let words = &sections()["words"];
    let mut literals: BTreeMap<String, String> = BTreeMap::new();
    for layer in SAID_AS_MADE {
        let tests = |path: &PathBuf| {
            path.ends_with("tests.rs")
                || path.ends_with("policy/show.rs")
                || path.components().any(|c| c.as_os_str() == "tests")
        };
        for path in sources(&Path::new("src").join(layer)).into_iter().filter(|path| !tests(path)) {
            for literal in literals_of(&fs::read_to_string(&path).unwrap()) {
                literals.entry(literal).or_insert_with(|| path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let is_sentence = |text: &str| {
        let prose: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        // Lists of names.
        let name = |w: &str| w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.*@:/".contains(c));
        if text.split(' ').all(name) && text.contains(['_', '-', '.', '*']) {
            return false;
        }
        let own =
            prose.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| SENTENCE.contains(&format!(" {w} ")) && !w.is_empty());
        text.contains(' ') && !text.contains('\n') && own.count() > 0 && prose.contains(|c: char| c.is_ascii_lowercase())
    };
    let help = onshore::cli::help::texts();
    let counted = |text: &str| said.several.contains(text) || said.one.contains(text);
    let known = |text: &str| {
        table.contains_key(text)
            || said.sentences.contains(text)
            || counted(text)
            || words.contains_key(text)
            || help.contains(text)
    };
    let missing: Vec<String> = literals
        .iter()
        .filter(|(text, _)| is_sentence(text) && !known(text) && !listed.contains(text.as_str()))
        .map(|(text, path)| format!("{path}: {text}"))
        .collect();
    assert!(
        missing.is_empty(),
        "{} without Chinese in data/lang/read.zh.toml (what is no sentence goes into tests/lang/no-sentences.txt):\n{}",
        missing.len(),
        missing.join("\n")
    );
    let needless: Vec<&&str> = listed.iter().filter(|text| !literals.contains_key(**text)).collect();
    assert!(needless.is_empty(), "nothing says this, in tests/lang/no-sentences.txt: {needless:#?}");
    let (joined, vocabulary) = (&read::sections()["joined"], &read::sections()["vocabulary"]);
    let every: BTreeSet<String> =
        sources(Path::new("src")).iter().flat_map(|p| literals_of(&fs::read_to_string(p).unwrap())).collect();
    let orphans: Vec<&String> = table
        .keys()
        .filter(|text| !every.contains(*text) && !joined.contains_key(*text) && !vocabulary.contains_key(*text))
        .collect();
    assert!(orphans.is_empty(), "nothing says this, in data/lang/read.zh.toml: {orphans:#?}");
    for (english, chinese) in &table {
        let (of_english, of_chinese) = (read::slots_of(english), read::slots_of(chinese));
        let lost: Vec<&String> = of_english.iter().filter(|slot| !of_chinese.contains(slot)).collect();
        // Chinese has no plural: `network{}`, `{are}`.
        let plural = english.contains("network{}") || english.contains("{are}");
        assert!(lost.is_empty() || lost.len() == 1 && plural, "{english} = {chinese}");
        assert!(of_chinese.iter().all(|slot| of_english.contains(slot)), "{english} = {chinese}");
        assert!(chinese.is_empty() == english.is_empty(), "{english}");
    }
}

#[test]
fn every_title_of_the_vocabulary_has_its_chinese() {
    let mut titles = BTreeSet::new();
    for (file, list, key) in [
        ("classes", "class", "label"),
        ("classes", "class", "description"),
        ("mechanisms", "mechanism", "title"),
        ("mechanisms", "mechanism", "note"),
        ("certifications", "certification", "title"),
        ("operator-facts", "fact", "question"),
        ("operator-facts", "fact", "decided-by"),
        ("controls", "control", "title"),
        ("controls", "control", "note"),
        ("controls", "pull", "title"),
        ("controls", "pull", "note"),
    ] {
        let table: toml::Table = toml::from_str(&fs::read_to_string(format!("data/{file}.toml")).unwrap()).unwrap();
        titles.extend(table[list].as_array().unwrap().iter().filter_map(|e| Some(e.get(key)?.as_str()?.to_owned())));
    }
    let places: toml::Table = toml::from_str(&fs::read_to_string("data/places.toml").unwrap()).unwrap();
    let entries = places["set"].as_table().unwrap().values().filter_map(|set| set.get("entries")?.as_array());
    for entry in entries.flatten() {
        titles.extend(entry.get("condition").map(|text| text.as_str().unwrap().to_owned()));
        // Names of documents are the same in both.
        let note = entry.get("note").map(|text| text.as_str().unwrap().to_owned());
        titles.extend(note.filter(|text| !text.starts_with("Commission Decision ")));
    }
    let all: BTreeSet<String> = read::sections().into_values().flat_map(BTreeMap::into_keys).collect();
    let missing: Vec<&String> = titles.difference(&all).collect();
    assert!(missing.is_empty(), "without Chinese under [vocabulary] in data/lang/read.zh.toml: {missing:#?}");
    let orphans: Vec<String> = read::sections()["vocabulary"].keys().filter(|t| !titles.contains(*t)).cloned().collect();
    assert!(orphans.is_empty(), "no table of the vocabulary says this: {orphans:#?}");
}

#[test]
fn every_text_of_help_has_its_chinese() {
    let mut texts = onshore::cli::help::texts();
    // Of the feature `pdf`.
    texts.insert(
        "A font, or a folder of fonts, for a PDF with what the embedded ones and those of the system do not have".into(),
    );
    is_complete("data/lang/help.zh.toml", texts);
}

#[test]
fn every_key_that_people_write_is_explained_in_chinese() {
    is_complete("data/lang/keys.zh.toml", onshore::cli::keys());
}

/// A table of texts has just these.
fn is_complete(file: &str, texts: BTreeSet<String>) {
    let table: BTreeMap<String, String> = toml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let missing: Vec<&String> = texts.iter().filter(|text| !table.contains_key(*text)).collect();
    assert!(missing.is_empty(), "without Chinese in {file}: {missing:#?}");
    let orphans: Vec<&String> = table.keys().filter(|text| !texts.contains(*text)).collect();
    assert!(orphans.is_empty(), "nothing says this, in {file}: {orphans:#?}");
    // Names and words to type are the same.
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<String>>();
    for (english, chinese) in &table {
        assert_eq!(quoted(english), quoted(chinese), "{english} = {chinese}");
    }
}

/// `--help` is in the language that is asked for, and asks for nothing else.
#[test]
fn help_in_chinese() {
    for args in
        [["--help", "--lang", "zh"].as_slice(), &["--lang=zh", "check", "-h"], &["--lang", "zh", "policy", "help", "test"]]
    {
        let out = Command::new(env!("CARGO_BIN_EXE_onshore")).args(args).output().expect("onshore runs");
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(out.status.success() && text.contains("用法：onshore") && text.contains("[选项]"), "{args:?}: {text}");
        assert!(!text.contains("Usage") && !text.contains("[default") && !text.contains("[possible"), "{args:?}: {text}");
    }
}

#[test]
fn every_count_has_its_chinese() {
    let counts = &sections()["counts"];
    let several = said().several;
    assert_eq!(counts.keys().collect::<BTreeSet<_>>(), several.iter().collect::<BTreeSet<_>>());
    for chinese in counts.values() {
        assert_eq!(places_of(chinese), ["n"], "{chinese}");
    }
}

#[test]
fn every_word_of_the_vocabulary_has_its_chinese() {
    let verdicts = [
        Verdict::NotApplicable,
        Verdict::Satisfied,
        Verdict::Waived,
        Verdict::Indeterminate,
        Verdict::Conflict,
        Verdict::Unsatisfiable,
        Verdict::Violated,
    ];
    let kinds = [
        Kind::Unicast,
        Kind::MultiRegion,
        Kind::Anycast,
        Kind::Global,
        Kind::Edge,
        Kind::Special,
        Kind::Private,
        Kind::Unknown,
    ];
    let mut words: BTreeSet<&str> = verdicts.map(Verdict::as_str).into();
    words.extend(kinds.map(Kind::as_str));
    words.extend(Severity::ALL.map(Severity::as_str));
    words.extend(State::ALL.map(State::as_str));
    words.extend(Reading::ALL.map(Reading::as_str));
    words.extend(RouteRole::ALL.map(RouteRole::as_str));
    words.extend(Activity::ALL.map(Activity::as_str));
    words.extend(["sent", "answered", "finding", "gap", "remark"]);
    words.extend(Role::ALL.map(Role::as_str));
    words.extend(Basis::ALL.map(Basis::as_str));
    words.extend(OriginAxis::ALL.map(OriginAxis::as_str));
    words.extend(DomainKind::ALL.map(DomainKind::as_str));
    words.extend(onshore::geo::special_words());
    words.extend(Binding::ALL.iter().map(|b| b.word()));
    words.extend(Status::ALL.iter().map(|s| s.word()));
    words.extend([Level::Note, Level::Warning, Level::Error].map(Level::as_str));
    let table = &sections()["words"];
    assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), words);
}

#[test]
fn what_shipped_policies_say_has_its_chinese() {
    let (mut titles, mut said) = (BTreeSet::new(), BTreeSet::new());
    for file in fs::read_dir("policies").unwrap().map(|entry| entry.unwrap().path()) {
        let pack: toml::Table = toml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let rules = || pack.get("rule").and_then(toml::Value::as_array).into_iter().flatten();
        said.extend(rules().filter_map(|rule| Some(rule.get("rationale")?.as_str().unwrap().to_owned())));
        let limits = pack["pack"].get("limits").and_then(toml::Value::as_array).into_iter().flatten();
        titles.extend(limits.map(|limit| limit.as_str().unwrap().to_owned()));
        for point in pack.get("contested").and_then(toml::Value::as_array).into_iter().flatten() {
            titles.extend(["question", "strict", "lenient"].map(|key| point[key].as_str().unwrap().to_owned()));
        }
        titles.extend(rules().chain(pack.get("pack")).map(|of| of["title"].as_str().unwrap().to_owned()));
    }
    let table: BTreeSet<String> = sections()["shipped"].keys().cloned().collect();
    titles.append(&mut said);
    let missing: Vec<&String> = titles.difference(&table).collect();
    assert!(missing.is_empty(), "without Chinese under [shipped] in data/lang/zh.toml: {missing:#?}");
    let orphans: Vec<&String> = table.difference(&titles).collect();
    assert!(orphans.is_empty(), "no shipped policy says this: {orphans:#?}");
}

/// Laws with a Chinese name of their own are called by that.
#[test]
fn what_shipped_policies_cite_has_its_chinese() {
    let laws: BTreeMap<String, BTreeMap<String, String>> =
        toml::from_str(&fs::read_to_string("data/lang/laws.zh.toml").unwrap()).unwrap();
    let (mut cited, mut left) = (BTreeSet::new(), Vec::new());
    let day = "2026-11-22".parse().unwrap();
    for (_, text) in onshore::policy::shipped() {
        for instrument in onshore::policy::parse(SourceId(0), text, day).0.unwrap().instruments {
            let zh = instrument.cited().tell(Lang::Zh);
            // Titles, numbers and abbreviations stay.
            let english =
                |run: &str| run.split(' ').filter(|w| w.len() > 1 && w.chars().all(|c| c.is_ascii_lowercase())).count();
            if zh.split(|c: char| !c.is_ascii()).any(|run| english(run) > 1) {
                left.push(zh);
            }
            cited.insert(instrument.citation.clone());
            cited.extend(instrument.article.clone());
        }
    }
    for (file, list) in [("mechanisms", "mechanism"), ("certifications", "certification")] {
        let table: toml::Table = toml::from_str(&fs::read_to_string(format!("data/{file}.toml")).unwrap()).unwrap();
        let citations = table[list].as_array().unwrap().iter().map(|one| one["citation"].as_str().unwrap().to_owned());
        for citation in citations {
            if !laws["citation"].contains_key(&citation) {
                left.push(citation.clone());
            }
            cited.insert(citation);
        }
    }
    assert!(left.is_empty(), "without Chinese in data/lang/laws.zh.toml: {left:#?}");
    let orphans: Vec<&String> = laws.values().flat_map(BTreeMap::keys).filter(|text| !cited.contains(*text)).collect();
    assert!(orphans.is_empty(), "nothing shipped cites this: {orphans:#?}");
}

#[test]
fn what_the_tables_of_regions_remark_has_its_chinese() {
    let mut remarks = BTreeSet::new();
    for file in files("data/regions").into_iter().filter(|f| f.extension().is_some_and(|e| e == "csv")) {
        for row in csv::Reader::from_path(file).unwrap().records() {
            remarks.extend(row.unwrap().iter().next_back().filter(|remark| !remark.is_empty()).map(str::to_owned));
        }
    }
    assert!(remarks.len() > 300);
    // `paired=westus`, `TW`.
    let untold = |remark: &&String| remark.contains(' ') && !read::zh(remark).chars().any(is_han);
    let missing: Vec<&String> = remarks.iter().filter(untold).collect();
    assert!(missing.is_empty(), "without Chinese in data/lang/regions.zh.toml: {missing:#?}");
    let orphans: Vec<String> =
        read::regions().into_keys().filter(|text| read::slots_of(text).is_empty() && !remarks.contains(text)).collect();
    assert!(orphans.is_empty(), "no table of regions remarks this: {orphans:#?}");
}

#[test]
fn what_the_tables_of_resources_say_of_providers_has_its_chinese() {
    let mut said = BTreeSet::new();
    for file in files("data/resources").into_iter().filter(|f| f.extension().is_some_and(|e| e == "toml")) {
        let text = fs::read_to_string(file).unwrap();
        let quoted = text.split("implied = \"").skip(1).filter_map(|rest| rest.split('"').next());
        said.extend(quoted.map(str::to_owned));
    }
    assert!(said.len() > 15);
    let chinese = read::resources();
    let without = |text: &String| text.split(" (").next().unwrap_or(text).to_owned();
    for text in &said {
        // As it is told: with what checked it behind.
        let told = read::zh(&format!("the provider determines this: {text} (not checked against that document)")).into_owned();
        assert!(chinese.get(&without(text)).is_some_and(|zh| told.contains(zh.as_str())), "{told}");
    }
    let said: BTreeSet<String> = said.iter().map(without).collect();
    let orphans: Vec<&String> = chinese.keys().filter(|text| !said.contains(*text)).collect();
    assert!(orphans.is_empty(), "no table of resources says this: {orphans:#?}");
}

/// Cases with findings of every check, waivers, transfers, gaps.
const CASES: [&str; 12] = [
    "cloud-exports",
    "kakao-2022",
    "kakao-2022-abroad",
    "tencent-2004",
    "terraform-torture",
    "three-kinds-of-lists",
    "transfers",
    "waived",
    "wechat-2023",
    "weimob-2020",
    "zoom-2020",
    "zoom-four-laws",
];

#[test]
fn the_language_changes_words_only() {
    for case in CASES {
        let told = |format: &str, lang: &str| check(case, format, lang);
        // What programs read is the same to the byte.
        for format in ["json", "jsonl", "sarif", "oscal", "junit", "gitlab"] {
            assert_eq!(told(format, "en"), told(format, "zh"), "{case}: {format}");
        }
        let json: serde_json::Value = serde_json::from_str(&told("json", "en").1).unwrap();
        let prints: Vec<&str> =
            json["findings"].as_array().unwrap().iter().map(|f| f["fingerprint"].as_str().unwrap()).collect();
        for format in ["pretty", "concise", "csv", "markdown", "typst", "github"] {
            let (code, zh) = told(format, "zh");
            let (same_code, en) = told(format, "en");
            assert_eq!(code, same_code, "{case}: {format}");
            for print in &prints {
                assert!(zh.contains(print), "{case}: {format} in Chinese lacks {print}");
                assert_eq!(zh.matches(print).count(), en.matches(print).count(), "{case}: {format} {print}");
            }
            assert!(zh.chars().any(is_han), "{case}: {format}");
        }
        // Each line of the short form says the same of the same.
        let (zh, en) = (told("concise", "zh").1, told("concise", "en").1);
        assert_eq!(zh.lines().count(), en.lines().count(), "{case}");
        for (zh, en) in zh.lines().zip(en.lines()).filter(|(_, en)| en.contains(": gap ") || en.ends_with(']')) {
            let at = |line: &str| line.split(": ").next().unwrap().to_owned();
            assert_eq!(at(zh), at(en), "{case}");
            let words = en.split(' ').nth(2).filter(|_| !en.contains(": gap "));
            if let Some(verdict) = words {
                let (zh_verdict, _) =
                    sections()["words"].iter().find(|(w, _)| *w == verdict).map(|(w, z)| (z.clone(), w.clone())).unwrap();
                assert!(zh.contains(&format!(" {zh_verdict} ")), "{case}: {zh}");
            }
        }
    }
}

#[test]
fn the_founding_case_in_chinese() {
    assert_data_eq!(check("zoom-2020", "pretty", "zh").1, file!["report/zoom-2020/zh/pretty.txt"].raw());
    assert_data_eq!(check("zoom-2020", "concise", "zh").1, file!["report/zoom-2020/zh/concise.txt"].raw());
    assert_data_eq!(check("zoom-2020", "markdown", "zh").1, file!["report/zoom-2020/zh/markdown.txt"].raw());
}

/// Runs of English that nobody quotes: not the inputs' own words, a policy's or those of the data sets of regions, nor a name of
/// `tests/lang/names.txt`.
#[test]
fn no_english_is_left_in_the_founding_case() {
    let quoted: String = ["onshore.toml", "dns", "inventory", "policies", "routing"]
        .iter()
        .flat_map(|part| files(&format!("tests/cases/zoom-2020/{part}")))
        .chain(files("policies"))
        .chain(files("data/regions").into_iter().filter(|f| f.extension().is_some_and(|e| e == "csv")))
        .chain([PathBuf::from("tests/lang/names.txt")])
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let quoted = quoted.split_whitespace().collect::<Vec<_>>().join(" ");
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("a.html");
    let out = onshore(&["report", "tests/cases/zoom-2020", "-o", page.to_str().unwrap(), "--lang", "zh"]);
    assert!(out.status.success());
    let page = fs::read_to_string(page).unwrap();
    let mut told = vec![("html", text_of(&page))];
    for format in ["pretty", "concise", "markdown", "typst"] {
        let text = check("zoom-2020", format, "zh").1;
        // Comments of a source that is compiled, and lines that a box draws in.
        let lines = text.lines().filter(|l| format != "typst" || !l.starts_with("//"));
        let lines = lines.map(|l| l.trim_start_matches([' ', '│', '├', '╰', '─', '▶', '☞', '×', '⚠'])).collect::<Vec<_>>();
        told.push((format, lines.join("\n").replace("\\n", "\n")));
    }
    let mut left = Vec::new();
    for (format, text) in &told {
        let prose: String = text.split('`').step_by(2).collect::<Vec<_>>().join("\n");
        for run in prose.split(|c: char| !(c.is_ascii_alphabetic() || " '-".contains(c))) {
            let words = run.split_whitespace().map(|word| word.trim_matches(['-', '\'']));
            // What stands between two dashes is told apart by them.
            let run = words.collect::<Vec<_>>().join(" ");
            let run = run.split("  ").map(str::trim).max_by_key(|run| run.split(' ').count()).unwrap_or_default();
            if run.split(' ').count() > 2 && !quoted.contains(run) {
                left.push(format!("{format}: {run}"));
            }
        }
    }
    assert!(left.is_empty(), "English in Chinese reports (names go into tests/lang/names.txt):\n{}", left.join("\n"));
}

fn files(folder: &str) -> Vec<PathBuf> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => vec![PathBuf::from(folder)],
    }
}

/// What a page shows, without code, styles and scripts.
fn text_of(page: &str) -> String {
    let mut text = page.to_owned();
    for tag in ["style", "script", "code", "pre"] {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        while let Some((before, behind)) = text.split_once(&open) {
            text = format!("{before}\n{}", behind.split_once(&close).map_or("", |(_, behind)| behind));
        }
    }
    let shown = |piece: &str| match piece.split_once('>') {
        Some((tag, behind)) => {
            let label = tag.split_once("aria-label=\"").and_then(|(_, l)| l.split('"').next()).unwrap_or_default();
            format!("{label}\n{behind}")
        }
        None => piece.to_owned(),
    };
    text.split('<').map(shown).collect::<Vec<_>>().join("\n").replace("&#39;", "'")
}

/// Wide characters take two columns.
#[test]
fn chinese_keeps_inside_the_width() {
    let (_, text) = check("zoom-2020", "pretty", "zh");
    for line in text.lines() {
        let width = textwrap::core::display_width(line);
        let longest = line.split([' ', '，', '。', '；', '：', '、', '（', '）']).map(textwrap::core::display_width).max();
        assert!(width <= 100 || longest > Some(40), "{width} columns: {line}");
    }
}

#[test]
fn the_page_says_its_language() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, tag, says) in [(Lang::En, "en", "What could not be told"), (Lang::Zh, "zh-CN", "无法判定的事项")] {
        let file = folder.path().join("a.html");
        let path = file.to_str().unwrap();
        let out = onshore(&["report", "tests/cases/zoom-2020", "-o", path, "--lang", lang.as_str()]);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let page = fs::read_to_string(&file).unwrap();
        assert!(page.contains(&format!("<html lang=\"{tag}\">")) && page.contains(says), "{lang:?}");
    }
}

fn check(case: &str, format: &str, lang: &str) -> (Option<i32>, String) {
    let out = onshore(&["check", &format!("tests/cases/{case}"), "--format", format, "--lang", lang]);
    assert!(out.stderr.is_empty(), "{case}: {}", String::from_utf8_lossy(&out.stderr));
    (out.status.code(), String::from_utf8(out.stdout).unwrap())
}

fn onshore(args: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onshore"));
    command.args(args).args(["--as-of", "2026-11-22"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env("LANG", "C.UTF-8").output().expect("onshore runs")
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

// ---- reading the source ----

fn said() -> Said {
    let mut said = Said::default();
    for path in sources(Path::new("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code: String =
            text.lines().map(|l| if l.trim_start().starts_with("//") { "\n".into() } else { format!("{l}\n") }).collect();
        for (macro_, at) in [("say!(", 0), ("tell!(", 1)] {
            for after in code.split(macro_).skip(1) {
                if let Some(sentence) = arguments(after).get(at).and_then(|a| literal(a)) {
                    said.sentences.insert(sentence);
                }
            }
        }
        for call in ["count(", "Count(", " of(", ".more(", ".left_out("] {
            for after in code.split(call).skip(1) {
                let words: Vec<String> = arguments(after).iter().filter_map(|a| literal(a)).collect();
                // Other functions take two names, too.
                if let [one, several] = words.as_slice()
                    && several.starts_with(char::is_lowercase)
                {
                    said.one.insert(one.clone());
                    said.several.insert(several.clone());
                }
            }
        }
    }
    said
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = all.into_iter().partition(|p| p.is_dir());
    let files = files.into_iter().filter(|f| f.extension().is_some_and(|e| e == "rs"));
    files.chain(folders.iter().flat_map(|f| sources(f))).collect()
}

/// The texts in a source, without those of its tests, of comments, and of what is said to programmers.
fn literals_of(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut literals = BTreeSet::new();
    let (mut rest, mut before) = (code, String::new());
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '/' if after.starts_with('/') => {
                rest = after.split_once('\n').map_or("", |(_, behind)| behind);
                continue;
            }
            // A character, no lifetime.
            '\'' => {
                let mut chars = after.chars();
                let first = chars.next();
                let escaped = first == Some('\\');
                if escaped || chars.next() == Some('\'') {
                    let inside = &after[first.map_or(0, char::len_utf8)..];
                    let inside = if escaped { &inside[inside.chars().next().map_or(0, char::len_utf8)..] } else { inside };
                    rest = inside.split_once('\'').map_or("", |(_, behind)| behind);
                    continue;
                }
            }
            '"' => {
                let hashes = before.bytes().rev().take_while(|b| *b == b'#').count();
                let raw = before.trim_end_matches('#').ends_with('r') && !before.trim_end_matches('#').ends_with("or");
                let (text, behind) = if raw {
                    let (text, behind) = after.split_once(&format!("\"{}", "#".repeat(hashes))).unwrap();
                    (text.to_owned(), behind)
                } else {
                    let mut escaped = false;
                    let end = after.find(|c| {
                        let end = c == '"' && !escaped;
                        escaped = c == '\\' && !escaped;
                        end
                    });
                    let end = end.unwrap();
                    (literal(&format!("\"{}\"", &after[..end])).unwrap_or_default(), &after[end + 1..])
                };
                let called = before.trim_end();
                let programmers = ["expect(", "reason =", "unreachable!(", "panic!("].iter().any(|call| called.ends_with(call));
                if !programmers {
                    literals.insert(text);
                }
                before.clear();
                rest = behind;
                continue;
            }
            _ => {}
        }
        before.push(c);
        rest = after;
    }
    literals
}

/// What stands between the commas of a call, up to its closing bracket.
fn arguments(after: &str) -> Vec<String> {
    let mut arguments = vec![String::new()];
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut before = ' ';
    for c in after.chars() {
        let last = arguments.last_mut().unwrap();
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            // Not the character `'"'`.
            '"' if quoted || before != '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(String::new());
                before = c;
                continue;
            }
            _ => {}
        }
        before = c;
        last.push(c);
    }
    arguments
}

/// The text of a string literal, if an argument is nothing else.
fn literal(argument: &str) -> Option<String> {
    let inside = argument.trim().strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                'n' => text.push('\n'),
                other => text.push(other),
            },
            // The end of one literal and the beginning of another.
            '"' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}
