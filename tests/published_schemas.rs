//! The reports that others wrote a schema for, held against it: SARIF 2.1.0 (OASIS), OSCAL 1.2.1 assessment results (NIST), JUnit as Jenkins
//! takes it; and Typst documents, which Typst itself compiles. The schemas are others' and not part of the project: `.ci/schemas.py` fetches
//! them into a folder, and `ONSHORE_SCHEMAS` says which. Without it, these tests say that they are skipped; with it, nothing is.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

#[path = "made/hostile.rs"]
mod hostile;

/// One of each sort: every reader, verdicts of all kinds, waivers, transfers, gaps.
const CASES: [&str; 14] = [
    "cloud-exports",
    "kakao-2022",
    "kubernetes-two-clusters",
    "tencent-2004",
    "terraform-torture",
    "terraform-unknown-region",
    "three-kinds-of-lists",
    "transfers",
    "unclassified-store",
    "waived",
    "wechat-2023",
    "weimob-2020-repaired",
    "zoom-2020",
    "zoom-four-laws",
];

/// Python has no classes of characters by property.
const JSON: &str = r#"
import json, sys
import jsonschema
text = open(sys.argv[1], encoding="utf-8").read().replace(r"\\p{L}", r"[^\\W\\d_]").replace(r"\\p{N}", r"\\d")
schema = json.loads(text)
kind = jsonschema.validators.validator_for(schema)
validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
wrong = 0
for file in sys.argv[2:]:
    for error in list(validator.iter_errors(json.load(open(file, encoding="utf-8"))))[:5]:
        wrong += 1
        print(file, list(error.absolute_path), error.message[:300])
sys.exit(wrong > 0)
"#;

const XML: &str = r#"
import sys
from lxml import etree
schema = etree.XMLSchema(etree.parse(sys.argv[1]))
wrong = [(file, error) for file in sys.argv[2:] if not schema.validate(etree.parse(file)) for error in list(schema.error_log)[:5]]
for file, error in wrong:
    print(file, error)
sys.exit(len(wrong) > 0)
"#;

const TYPST: &str = "import sys, typst\nfor file in sys.argv[1:]: typst.compile(file, output=file + '.pdf')";

const FORMATS: [&str; 4] = ["sarif", "oscal", "junit", "typst"];

fn schemas() -> Option<PathBuf> {
    let folder = std::env::var_os("ONSHORE_SCHEMAS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: ONSHORE_SCHEMAS is not set, see .ci/schemas.py");
    }
    folder
}

/// Each case and the hostile project in each format and both languages, `zoom-2020.en.sarif`: a project is assessed once for all formats.
static WRITTEN: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let hostile = tempfile::tempdir().unwrap();
    hostile::project(hostile.path());
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let projects = CASES.iter().map(|case| (*case, cases.join(case))).chain([("hostile", hostile.path().to_owned())]);
    for (name, project) in projects {
        for lang in ["en", "zh"] {
            let file = |format: &str| folder.path().join(format!("{name}.{lang}.{format}"));
            let mut command = Command::new(env!("CARGO_BIN_EXE_onshore"));
            command.arg("check").arg(project.as_os_str()).args([
                "--as-of",
                "2026-11-22",
                "--format",
                "concise",
                "--lang",
                lang,
            ]);
            for format in FORMATS {
                command.args(["-o", &format!("{format}={}", file(format).display())]);
            }
            let out = command.output().unwrap();
            for format in FORMATS {
                assert!(file(format).is_file(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
            }
        }
    }
    folder
});

fn written(format: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(WRITTEN.path()).unwrap().map(|file| file.unwrap().path());
    let files: Vec<_> = files.filter(|file| file.extension().is_some_and(|ending| ending == format)).collect();
    assert_eq!(files.len(), 2 * (CASES.len() + 1));
    files
}

/// By a program in Python, with the schema before the files if there is one.
fn accepted(program: &str, schema: Option<&str>, format: &str) {
    let Some(folder) = schemas() else { return };
    let mut command = Command::new(folder.join("venv/bin/python"));
    command.args(["-c", program]).args(schema.map(|name| folder.join(name))).args(written(format));
    let out = command.output().unwrap_or_else(|e| panic!("{}: {e}; see .ci/schemas.py", folder.display()));
    let said = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    assert!(out.status.success(), "{said}");
}

#[test]
fn sarif_is_valid() {
    accepted(JSON, Some("sarif-schema-2.1.0.json"), "sarif");
}

#[test]
fn oscal_is_valid() {
    accepted(JSON, Some("oscal_assessment-results_schema.json"), "oscal");
}

#[test]
fn junit_is_valid() {
    accepted(XML, Some("junit-10.xsd"), "junit");
}

#[test]
fn typst_documents_compile() {
    accepted(TYPST, None, "typst");
}
