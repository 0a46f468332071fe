//! What people read, in both languages: nothing that the code says lacks its Chinese, nothing Chinese is said by nobody, and the
//! language changes words only.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use onshore::finding::{Reading, Severity, State, Verdict};
use onshore::geo::Kind;
use onshore::lang::{Lang, places_of, sections};
use onshore::model::population::OriginAxis;
use onshore::model::{Activity, Basis, DomainKind, Role, RouteRole};
use snapbox::{assert_data_eq, file};

/// Sections of the table that are not sentences.
const APART: [&str; 3] = ["words", "counts", "shipped"];

/// What the code says: sentences, and what several of something are called.
#[derive(Default)]
struct Said {
    sentences: BTreeSet<String>,
    several: BTreeSet<String>,
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
    words.extend(Role::ALL.map(Role::as_str));
    words.extend(Basis::ALL.map(Basis::as_str));
    words.extend(OriginAxis::ALL.map(OriginAxis::as_str));
    words.extend(DomainKind::ALL.map(DomainKind::as_str));
    words.extend(onshore::geo::special_words());
    let table = &sections()["words"];
    assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), words);
}

#[test]
fn every_title_of_a_shipped_policy_has_its_chinese() {
    let mut titles = BTreeSet::new();
    for file in fs::read_dir("policies").unwrap().map(|entry| entry.unwrap().path()) {
        let pack: toml::Table = toml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let rules = pack.get("rule").and_then(toml::Value::as_array).into_iter().flatten();
        titles.extend(rules.chain(pack.get("pack")).map(|of| of["title"].as_str().unwrap().to_owned()));
    }
    let table: BTreeSet<String> = sections()["shipped"].keys().cloned().collect();
    let missing: Vec<&String> = titles.difference(&table).collect();
    assert!(missing.is_empty(), "without Chinese under [shipped] in data/lang/zh.toml: {missing:#?}");
    let orphans: Vec<&String> = table.difference(&titles).collect();
    assert!(orphans.is_empty(), "no shipped policy says this: {orphans:#?}");
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
                if let [_, several] = words.as_slice()
                    && several.starts_with(char::is_lowercase)
                {
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
