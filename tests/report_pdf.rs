//! The PDF, by the feature `pdf`: read back by `pdftotext` where poppler is installed. Without the feature, how to get it.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::path::Path;
use std::process::Command;

/// In a world without a word about fonts.
fn onshore(args: &[&str], file: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onshore"));
    command.args(["report", "-o"]).arg(file).args(args).args(["--as-of", "2026-11-22"]).env_remove("ONSHORE_FONTS");
    let out = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    (out.status.code(), [out.stdout, out.stderr].map(|b| String::from_utf8(b).unwrap()).concat())
}

#[cfg(not(feature = "pdf"))]
#[test]
fn without_the_feature_it_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("residency.pdf");
    let (code, said) = onshore(&["tests/cases/zoom-2020"], &file);
    assert_eq!(code, Some(2), "{said}");
    let says = ["PDF is not built into this onshore", "--features pdf", "typst compile", "residency.html"];
    assert!(says.iter().all(|words| said.contains(words)), "{said}");
    assert!(!file.exists());
}

#[cfg(feature = "pdf")]
mod made;

#[cfg(feature = "pdf")]
mod with_the_feature {
    use std::time::Instant;

    use onshore::report::RenderOptions;
    use onshore::report::pdf::Pdf;
    use onshore::report::typst::{Sheet, Sheets};
    use sha2::{Digest, Sha256};

    use super::made::{Made, made};
    use super::*;

    const CASES: [&str; 5] = ["zoom-2020", "kakao-2022", "waived", "transfers", "three-kinds-of-lists"];

    /// What `pdftotext` finds, without the white space that lines break at; `None`, and it says so, if it is not here.
    fn text_of(file: &Path) -> Option<String> {
        match Command::new("pdftotext").args(["-raw", "-enc", "UTF-8"]).arg(file).arg("-").output() {
            Ok(out) => {
                assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
                Some(without_space(&String::from_utf8(out.stdout).unwrap()))
            }
            Err(_) => {
                println!("skipped: poppler's `pdftotext` is not here");
                None
            }
        }
    }

    fn without_space(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect()
    }

    fn pdf(case: &Made) -> Pdf {
        Pdf::new(&case.assessment, &case.sources, &RenderOptions::PLAIN, &Sheets::default()).unwrap()
    }

    #[test]
    fn cases_have_every_finding_and_every_gap() {
        let folder = tempfile::tempdir().unwrap();
        let (file, again) = (folder.path().join("a.pdf"), folder.path().join("b.pdf"));
        for case in CASES {
            let project = format!("tests/cases/{case}");
            let (code, said) = onshore(&[&project], &file);
            assert_eq!(code, Some(0), "{said}");
            onshore(&[&project], &again);
            let bytes = std::fs::read(&file).unwrap();
            assert!(bytes == std::fs::read(&again).unwrap(), "{case}: same inputs, same bytes");
            assert!(bytes.starts_with(b"%PDF-"));
            let Some(text) = text_of(&file) else { return };
            let out = Command::new(env!("CARGO_BIN_EXE_onshore"))
                .args(["check", &project, "--format", "json", "--as-of", "2026-11-22"])
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .output()
                .unwrap();
            let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
            let all = |of: &str, key: &str| -> Vec<String> {
                json[of].as_array().unwrap().iter().map(|f| f[key].as_str().unwrap().to_owned()).collect()
            };
            let told =
                [all("findings", "fingerprint"), all("findings", "message"), all("gaps", "message"), all("rules", "why")];
            for words in told.concat() {
                assert!(text.contains(&without_space(&words)), "{case}: `{words}` is not in the PDF");
            }
            if case == "zoom-2020" {
                for part in [
                    "1Wheredatagetsto:normalrunning",
                    "2Wheredatagetsto:anystate",
                    "2.1",
                    "3Origin,placeandactivity",
                    "underoverload:communications.content",
                    "CNTianjin,1endpoint",
                    "underoverload",
                ] {
                    assert!(text.contains(part), "{part} is not on a map: {text}");
                }
            }
            assert!(text.contains("Signature") && text.contains(&format!("onshore{}1/", env!("CARGO_PKG_VERSION"))), "{text}");
            let config = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&project).join("onshore.toml")).unwrap();
            let hash: String = Sha256::digest(config).iter().map(|b| format!("{b:02x}")).collect();
            assert!(text.contains(&hash), "{case}: the hash of onshore.toml is not in the PDF");
        }
    }

    fn with_maps(case: &Made, states: &[&str]) -> Pdf {
        let graph = &case.world.pictures[0].graph;
        let sheet = |title: &&str| Sheet { title: (*title).to_owned(), graph: graph.clone() };
        let parts = ["A (a)", "A (b)"].iter().map(sheet).collect();
        let sheets = Sheets { states: states.iter().map(sheet).collect(), parts, left_out: 3 };
        Pdf::new(&case.assessment, &case.sources, &RenderOptions::PLAIN, &sheets).unwrap()
    }

    /// Names in it are words of the file, inert; a picture like the last is not drawn twice; what no font has is missing there, too.
    #[test]
    fn maps_are_set() {
        let mut case = made("#eval(1) \"]\\ </svg> & \u{202e}", 1);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("map.pdf");
        let bytes = with_maps(&case, &["one state", "all states"]).write().unwrap();
        assert!(bytes == with_maps(&case, &["one state", "all states"]).write().unwrap(), "the same bytes");
        std::fs::write(&file, bytes).unwrap();
        if let Some(text) = text_of(&file) {
            assert!(text.contains("Wheredatagetsto:allstates") && !text.contains("onestate"), "{text}");
            let (_, map) = text.split_once("Wheredatagetsto:allstates").unwrap();
            let (_, map) = map.split_once("Wheredatagetsto:allstates").unwrap();
            let (map, _) = map.split_once("NaturalEarth").unwrap();
            assert!(map.contains("#eval(1)\"]\\</svg>&\\u{202e}"), "{map}");
            assert!(map.contains("3choicesofpeopleanddataarenotdrawnonpaper"), "{map}");
            assert!(text.contains("1.1A(a),A(b)"), "those that look alike are one: {text}");
        }
        case.world.pictures[0].graph.sites[0].name = "\u{378}".into();
        assert!(with_maps(&case, &["all states"]).missing().contains(&'\u{378}'));
    }

    /// No mark turns the reading direction, no private letter is an empty box, and a name of 10 kB stays on the paper.
    #[test]
    fn hostile_names_are_inert() {
        let mut case = made("#eval(1) \"]\\ $x$ \u{202e}\u{200b}\u{1b}[31m\u{0}\r\n\u{e000}\u{10fffd}", 1);
        let long = || "long".repeat(2_500);
        let a = &mut case.assessment;
        (a.project, a.owner, a.rules[0].title) = (Some(long()), Some(long()), long().into());
        a.findings[0].message = long().into();
        std::sync::Arc::make_mut(&mut a.findings[0].path[0]).endpoint = long();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("evil.pdf");
        std::fs::write(&file, pdf(&case).write().unwrap()).unwrap();
        let Some(text) = text_of(&file) else { return };
        assert!(text.contains("#eval(1)\"]\\$x$\\u{202e}\\u{200b}\\u{1b}[31m\\u{0}\\r\\n\\u{e000}\\u{10fffd}"), "{text}");
        // Feet of pages stand between.
        let n = text.matches("long").count();
        assert!(n > 5 * 2_500 - 100, "names are cut: {n}");
        let out = Command::new("pdftotext").arg("-bbox").arg(&file).arg("-").output().unwrap().stdout;
        let boxes = String::from_utf8(out).unwrap();
        let number = |text: &str| text.split('"').next().unwrap().parse::<f64>().unwrap();
        let mut pages = boxes.split("<page width=\"").skip(1).peekable();
        assert!(pages.peek().is_some(), "{boxes}");
        for page in pages {
            let (width, furthest) = (number(page), page.split("xMax=\"").skip(1).map(number).fold(0.0, f64::max));
            assert!(furthest > 0.0 && furthest < width, "text ends {furthest} points from the left of {width}");
        }
    }

    #[test]
    fn what_no_font_can_set_is_an_error() {
        let case = made("\u{378}", 1);
        assert_eq!(pdf(&case).missing().into_iter().collect::<String>(), "\u{378}");
        let error = pdf(&case).write().unwrap_err().to_string();
        assert!(error.contains("no font at hand can set"), "{error}");

        let folder = tempfile::tempdir().unwrap();
        let (project, file) = (folder.path().join("p"), folder.path().join("a.pdf"));
        std::fs::create_dir(&project).unwrap();
        std::fs::write(
            project.join("onshore.toml"),
            "[project]\nname = \"\u{378}\"\n[check]\npolicies = [\"pack:resilience-base\"]\n",
        )
        .unwrap();
        let (code, said) = onshore(&[project.to_str().unwrap()], &file);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("(U+0378)") && said.contains("--font-path") && said.contains("fonts-noto-cjk"), "{said}");
        assert!(!file.exists());
        let (code, said) = onshore(&[project.to_str().unwrap(), "--font-path", project.to_str().unwrap()], &file);
        assert!(code == Some(2) && said.contains("holds no font"), "{said}");
    }

    /// With a font for it; Debian has one in `fonts-noto-cjk`.
    #[test]
    fn chinese_is_set() {
        let case = made("深圳机房，个人信息。", 2);
        let missing = pdf(&case).missing();
        assert!(missing.contains(&'深') && !missing.contains(&'a'), "{missing:?}");
        let font = Path::new("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc");
        let Ok(data) = std::fs::read(font) else {
            println!("skipped: {} is not here", font.display());
            return;
        };
        let mut set = pdf(&case);
        set.add(data, 2);
        assert_eq!(set.missing().len(), 0);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("zh.pdf");
        std::fs::write(&file, set.write().unwrap()).unwrap();
        let Some(text) = text_of(&file) else { return };
        assert!(text.contains("深圳机房，个人信息。"), "{text}");
    }

    #[test]
    fn ten_thousand_findings() {
        let case = made("db", if cfg!(debug_assertions) { 20 } else { 10_000 });
        let now = Instant::now();
        let bytes = pdf(&case).write().unwrap();
        println!(
            "{} findings: {:.2} s, {:.1} MB",
            case.assessment.findings.len(),
            now.elapsed().as_secs_f64(),
            bytes.len() as f64 / 1e6
        );
    }
}
