//! The reports that others wrote a schema for, held against it: SARIF 2.1.0 (OASIS), OSCAL 1.2.1 assessment results (NIST), JUnit as Jenkins
//! takes it. The schemas are not part of the project: they are looked for in `../shared/schemas` or where `ONSHORE_SCHEMAS` says, and
//! asked by python3-jsonschema and xmllint where these are installed; Typst documents are compiled by Python's `typst`. What is not there
//! is said, and skipped.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

const CASES: [&str; 6] = ["zoom-2020", "kakao-2022", "waived", "transfers", "terraform-unknown-region", "three-kinds-of-lists"];

/// Python has no classes of characters by property.
const VALIDATE: &str = r#"
import json, sys
import jsonschema
text = open(sys.argv[1], encoding="utf-8").read().replace(r"\\p{L}", r"[^\\W\\d_]").replace(r"\\p{N}", r"\\d")
schema = json.loads(text)
validator = jsonschema.validators.validator_for(schema)(schema)
wrong = 0
for file in sys.argv[2:]:
    for error in list(validator.iter_errors(json.load(open(file, encoding="utf-8"))))[:5]:
        wrong += 1
        print(file, list(error.absolute_path), error.message[:300])
sys.exit(wrong > 0)
"#;

fn schema(name: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/schemas");
    let file = std::env::var_os("ONSHORE_SCHEMAS").map_or(shared, PathBuf::from).join(name);
    if !file.is_file() {
        eprintln!("skipped: no {name} here");
        return None;
    }
    Some(file)
}

fn works(program: &str, args: &[&str]) -> bool {
    let works = Command::new(program).args(args).output().is_ok_and(|out| out.status.success());
    if !works {
        eprintln!("skipped: `{program} {}` does not work here", args.join(" "));
    }
    works
}

/// Each case in a format, as files.
fn written(format: &str, folder: &Path) -> Vec<PathBuf> {
    let write = |case: &str| {
        let file = folder.join(format!("{case}.{format}"));
        let target = format!("{format}={}", file.display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_onshore"));
        command.args(["check", &format!("tests/cases/{case}"), "--as-of", "2026-11-22", "--format", "concise", "-o", &target]);
        let out = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(file.is_file(), "{case}: {}", String::from_utf8_lossy(&out.stderr));
        file
    };
    CASES.iter().map(|case| write(case)).collect()
}

fn accepted(command: &mut Command) {
    let out = command.output().unwrap();
    let said = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    assert!(out.status.success(), "{said}");
}

#[test]
fn json_reports_are_valid() {
    for (format, name) in [("sarif", "sarif-schema-2.1.0.json"), ("oscal", "oscal_assessment-results_schema.json")] {
        let Some(schema) = schema(name) else { continue };
        if !works("python3", &["-c", "import jsonschema"]) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        accepted(Command::new("python3").args(["-c", VALIDATE]).arg(schema).args(written(format, folder.path())));
    }
}

#[test]
fn junit_is_valid() {
    let Some(schema) = schema("junit-10.xsd") else { return };
    if !works("xmllint", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    accepted(Command::new("xmllint").args(["--noout", "--schema"]).arg(schema).args(written("junit", folder.path())));
}

/// Typst itself, as Python ships it.
#[test]
fn typst_documents_compile() {
    if !works("python3", &["-c", "import typst"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let compile = "import sys, typst\nfor file in sys.argv[1:]: typst.compile(file, output=file + '.pdf')";
    accepted(Command::new("python3").args(["-c", compile]).args(written("typst", folder.path())));
}
