//! The workbook, by the feature `xlsx`: opened by another crate than the one that wrote it. Without the feature, how to get it.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::path::Path;
use std::process::Command;

fn onshore(args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onshore"));
    let out = command.args(args).args(["--as-of", "2026-11-22"]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    (out.status.code(), [out.stdout, out.stderr].map(|b| String::from_utf8(b).unwrap()).concat())
}

fn report(file: &Path) -> (Option<i32>, String) {
    onshore(&["report", "tests/cases/zoom-2020", "-o", file.to_str().unwrap()])
}

#[cfg(not(feature = "xlsx"))]
#[test]
fn without_the_feature_it_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("residency.xlsx");
    let (code, said) = report(&file);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("XLSX is not built into this onshore") && said.contains("--features xlsx"), "{said}");
    assert!(!file.exists());
}

#[cfg(feature = "xlsx")]
mod with_the_feature {
    use std::collections::BTreeSet;
    use std::io::Cursor;

    use calamine::{Data, Reader as _, Xlsx};
    use onshore::finding::{Assessment, Coverage, Finding, Severity, Verdict};
    use onshore::report::xlsx;
    use onshore::source::Sources;

    use super::*;

    fn open(bytes: Vec<u8>) -> Xlsx<Cursor<Vec<u8>>> {
        Xlsx::new(Cursor::new(bytes)).unwrap()
    }

    fn rows(book: &mut Xlsx<Cursor<Vec<u8>>>, sheet: &str) -> Vec<Vec<Data>> {
        book.worksheet_range(sheet).unwrap().rows().map(<[Data]>::to_vec).collect()
    }

    #[test]
    fn a_sheet_for_each_table_with_real_types() {
        let folder = tempfile::tempdir().unwrap();
        let (file, again) = (folder.path().join("a.xlsx"), folder.path().join("b.xlsx"));
        assert_eq!(report(&file).0, Some(0));
        assert_eq!(report(&again).0, Some(0));
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes == std::fs::read(again).unwrap(), "same inputs, same bytes");
        let mut book = open(bytes);
        let names = book.sheet_names();
        assert_eq!(
            names,
            [
                "Overview",
                "Findings",
                "Paths",
                "Rules",
                "Not told",
                "Where data gets",
                "Waivers",
                "Transfer register",
                "What to change",
                "Data sets",
                "Files"
            ]
        );
        let (_, json) = onshore(&["check", "tests/cases/zoom-2020", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let expected: BTreeSet<&str> =
            json["findings"].as_array().unwrap().iter().map(|f| f["fingerprint"].as_str().unwrap()).collect();
        let findings = rows(&mut book, "Findings");
        let column = |name: &str| findings[0].iter().position(|c| *c == Data::String(name.into())).unwrap();
        let told: BTreeSet<String> = findings[1..].iter().map(|row| row[column("fingerprint")].to_string()).collect();
        assert_eq!(told.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
        assert!(matches!(findings[1][column("line")], Data::Float(_)), "lines are numbers");
        let overview = rows(&mut book, "Overview");
        let as_of = overview.iter().find(|row| row[0] == Data::String("as of".into())).unwrap();
        assert!(matches!(as_of[1], Data::DateTime(day) if day.is_datetime()), "days are days");
        let sets = rows(&mut book, "Data sets");
        assert!(sets.iter().any(|row| row[4] == Data::String("CC BY 4.0".into())), "{sets:?}");
    }

    /// A row for each waiver, with days that are days, in both languages.
    #[test]
    fn waivers_say_who_and_until_when() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("waivers.xlsx");
        for (lang, sheet, states) in [
            ("en", "Waivers", ["lapsed: its findings count", "for nothing", "in force"]),
            ("zh", "豁免", ["已到期：其发现重新计入", "无对应发现", "有效"]),
        ] {
            let out = onshore(&["report", "tests/cases/waived", "-o", file.to_str().unwrap(), "--lang", lang]);
            assert_eq!(out.0, Some(0), "{}", out.1);
            let rows = rows(&mut open(std::fs::read(&file).unwrap()), sheet);
            let of = |state: &str| rows.iter().filter(|row| row[0] == *state).collect::<Vec<_>>();
            for state in states {
                let some = of(state);
                assert!(!some.is_empty(), "{state}: {rows:?}");
                for row in some {
                    assert!(matches!(row[6], Data::DateTime(day) if day.is_datetime()), "{row:?}");
                    assert!(row[2] != Data::Empty && row[3] != Data::Empty && matches!(row[9], Data::Float(_)), "{row:?}");
                    assert_eq!(row[7] == Data::Float(0.0), state == states[1], "{row:?}");
                }
            }
        }
    }

    /// The same findings under Chinese heads; what is no word of onshore's stays.
    #[test]
    fn in_chinese() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("zh.xlsx");
        let out = onshore(&["report", "tests/cases/zoom-2020", "-o", file.to_str().unwrap(), "--lang", "zh"]);
        assert_eq!(out.0, Some(0));
        let mut book = open(std::fs::read(&file).unwrap());
        assert!(book.sheet_names().iter().all(|name| !name.is_ascii()), "{:?}", book.sheet_names());
        let findings = rows(&mut book, "发现");
        assert!(findings[0].iter().all(|head| !head.to_string().is_ascii()), "{:?}", findings[0]);
        let of = |head: &str| findings[0].iter().position(|cell| *cell == *head).unwrap();
        let (_, json) = onshore(&["check", "tests/cases/zoom-2020", "--format", "json"]);
        for row in &findings[1..] {
            assert!(json.contains(&row[of("指纹")].to_string()) && !row[of("内容")].to_string().is_ascii(), "{row:?}");
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        let names =
            ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\u{1b}]0;x\u{7}\u{202e}", "https://evil.example", "1e5"];
        for evil in names.into_iter().map(str::to_owned).chain(["x".repeat(100_000), "深".repeat(40_000)]) {
            let finding = Finding {
                endpoint: evil.clone(),
                rule: Some(evil.clone()),
                help: Some(evil.clone().into()),
                ..Finding::new("place-unknown", Severity::High, Verdict::Violated, evil.clone())
            };
            let a = Assessment {
                project: Some(evil.clone()),
                project_zh: None,
                owner: Some(evil.clone()),
                notify: None,
                as_of: "2026-11-22".into(),
                verdict: Verdict::Violated,
                rules: vec![],
                findings: vec![finding],
                allowed: vec![],
                remedies: vec![],
                gaps: vec![],
                ways: vec![],
                topology: None,
                coverage: Coverage { files_skipped: vec![(evil.clone(), evil.clone())], ..Coverage::default() },
                data_sets: vec![],
            };
            let mut book = open(xlsx::write(&a, &Sources::default(), onshore::Lang::En).unwrap());
            for sheet in book.sheet_names() {
                assert!(book.worksheet_formula(&sheet).unwrap().used_cells().next().is_none(), "{evil}: {sheet}");
                for cell in rows(&mut book, &sheet).iter().flatten() {
                    if let Data::String(text) = cell {
                        assert!(!text.contains(|c: char| c.is_control()) && !text.contains('\u{202e}'), "{text:?}");
                    }
                }
            }
            let findings = rows(&mut book, "Findings");
            assert!(matches!(findings[1][6], Data::String(_)), "a name is a text: {:?}", findings[1][6]);
        }
    }
}
