//! Evidence bundles, as a user makes and verifies them: the same every time, whole, and with nothing of the machine in them; every
//! difference named; bundles from anybody end in an error that says why.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests are tests, and it reads what was written"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;
use sha2::{Digest, Sha256};

const DAY: &str = "2026-11-22";

fn onshore(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    run(Command::new(env!("CARGO_BIN_EXE_onshore")).args(args).current_dir(folder))
}

fn run(command: &mut Command) -> (Option<i32>, String) {
    let out = command.output().unwrap();
    (out.status.code(), [out.stdout, out.stderr].map(|b| String::from_utf8(b).unwrap()).concat())
}

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { _ = std::fs::copy(entry.path(), target).unwrap() }
    }
}

/// A copy of the founding case in a folder of its own, and its bundle.
fn zoom(further: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    copy(&case("zoom-2020"), &folder.path().join("zoom"));
    let bundle = folder.path().join("evidence.tar.zst");
    let args = [&["report", "zoom", "--as-of", DAY, "--bundle", "evidence.tar.zst"], further].concat();
    let (code, said) = onshore(folder.path(), &args);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("evidence.tar.zst: SHA-256 "), "{said}");
    (folder, bundle)
}

type Members = BTreeMap<String, Vec<u8>>;

fn members(bundle: &[u8]) -> Members {
    let mut archive = tar::Archive::new(StreamingDecoder::new(bundle).unwrap());
    let entry = |e: std::io::Result<tar::Entry<'_, _>>| {
        let mut e = e.unwrap();
        let mut bytes = Vec::new();
        let name = e.path().unwrap().to_string_lossy().into_owned();
        Read::read_to_end(&mut e, &mut bytes).unwrap();
        (name, bytes)
    };
    archive.entries().unwrap().map(entry).collect()
}

/// A bundle of these members, whatever they are.
fn packed(members: &Members) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let first = members.iter().filter(|(name, _)| *name == "manifest.json");
    for (name, bytes) in first.chain(members.iter().filter(|(name, _)| *name != "manifest.json")) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    compress_to_vec(archive.into_inner().unwrap().as_slice(), CompressionLevel::Fastest)
}

#[test]
fn the_same_inputs_give_the_same_bytes_anywhere() {
    for further in [&[][..], &["--with-inputs"]] {
        let ((one, first), (two, second)) = (zoom(further), zoom(further));
        let bytes = std::fs::read(&first).unwrap();
        assert!(bytes == std::fs::read(&second).unwrap(), "{further:?}");
        for (name, content) in members(&bytes) {
            let text = String::from_utf8_lossy(&content);
            for folder in [one.path(), two.path()] {
                assert!(!text.contains(&*folder.to_string_lossy()), "{name} names a folder of the machine");
            }
        }
    }
}

#[test]
fn a_bundle_with_its_inputs_is_verified_by_itself() {
    let (folder, bundle) = zoom(&["--with-inputs"]);
    let all = members(&std::fs::read(&bundle).unwrap());
    let manifest: Value = serde_json::from_slice(&all["manifest.json"]).unwrap();
    assert_eq!(manifest["schema"], "onshore.evidence/1");
    assert_eq!(manifest["as_of"], DAY);
    let assessment: Value = serde_json::from_slice(&all["assessment.json"]).unwrap();
    assert_eq!(assessment["schema"], "onshore.assessment/1");
    for input in manifest["inputs"].as_array().unwrap() {
        let kept = &all[input["file"].as_str().unwrap()];
        assert_eq!(kept, &std::fs::read(folder.path().join("zoom").join(input["path"].as_str().unwrap())).unwrap());
    }
    std::fs::remove_dir_all(folder.path().join("zoom")).unwrap();
    let (code, said) = onshore(folder.path(), &["verify", "evidence.tar.zst"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("inputs in the bundle: violated") && said.ends_with("the same, byte for byte\n"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written");
}

#[test]
fn a_bundle_of_hashes_is_verified_by_a_folder_and_each_difference_is_named() {
    let (folder, bundle) = zoom(&[]);
    assert!(!members(&std::fs::read(bundle).unwrap()).keys().any(|name| name.starts_with("inputs/")));
    let verify = |further: &[&str]| onshore(folder.path(), &[&["verify", "evidence.tar.zst"], further].concat());
    let (code, said) = verify(&[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("hashes of its inputs only") && said.contains("--inputs DIR"), "{said}");
    let (code, said) = verify(&["--inputs", "zoom"]);
    assert_eq!(code, Some(0), "{said}");

    let changed = folder.path().join("zoom/inventory/endpoints.toml");
    let text = std::fs::read_to_string(&changed).unwrap();
    std::fs::write(&changed, text.replacen("role = \"overflow\"", "role = \"primary\"", 100)).unwrap();
    std::fs::write(folder.path().join("zoom/inventory/new.toml"), "[[endpoint]]\nid = \"new\"\n").unwrap();
    let (code, said) = verify(&["--inputs", "zoom"]);
    assert_eq!(code, Some(1), "{said}");
    for part in [
        "different: input `inventory/endpoints.toml`: its SHA-256 was ",
        "different: input `inventory/new.toml`: it was not there",
        "different: findings `",
        "the assessment is not the same",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (code, said) = verify(&["--inputs", "nowhere"]);
    assert_eq!(code, Some(2), "{said}");
}

/// Everything that an assessment can rest on: files left out and unreadable ones, links, workbooks, include patterns, tables and
/// databases of places, policies of the command line, a baseline, variables.
#[test]
fn whatever_an_assessment_rests_on_is_in_the_bundle_or_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("p");
    copy(&case("zoom-2020"), &root);
    let write = |name: &str, bytes: &[u8]| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("broken.tf", b"resource \"\xff\" {}");
    write("zeros.conf", b"a\0b");
    write("logo.png", b"x");
    write("main.tf", b"variable \"region\" {}\nresource \"aws_instance\" \"a\" { availability_zone = \"${var.region}a\" }\n");
    write("ranges/own.csv", b"203.0.113.0/24,DE,,,\n");
    write(&format!("{}/long.csv", "deep/".repeat(40)), b"hostname,country\nfar,US\n");
    let mut book = rust_xlsxwriter::Workbook::new();
    for name in ["Hosts", "More"] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        sheet.write(0, 0, "hostname").unwrap().write(0, 1, "country").unwrap();
        sheet.write(1, 0, format!("in-{name}")).unwrap().write(1, 1, "US").unwrap();
    }
    write("hosts.xlsx", &book.save_to_buffer().unwrap());
    #[cfg(unix)]
    std::os::unix::fs::symlink("inventory/endpoints.toml", root.join("alias.toml")).unwrap();
    let project = std::fs::read_to_string(root.join("onshore.toml")).unwrap();
    write("onshore.toml", format!("{project}\n[geo]\nranges = [\"ranges/own.csv\"]\n").as_bytes());
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("data/geo/dbip-country-lite.mmdb"),
        folder.path().join("places.mmdb"),
    )
    .unwrap();
    std::fs::write(folder.path().join("own.toml"), OWN).unwrap();

    let with = |args: &[&str]| {
        run(Command::new(env!("CARGO_BIN_EXE_onshore")).args(args).current_dir(folder.path()).env("TF_VAR_region", "us-east-1"))
    };
    let common = ["p", "--as-of", DAY, "--policy", "own.toml", "--geoip", "places.mmdb"];
    let (code, said) = with(&[&["check", "--write-baseline", "known.json"], &common[..]].concat());
    assert!(matches!(code, Some(1..=3)), "{said}");
    let further = ["--baseline", "known.json", "--bundle", "b.tar.zst", "--with-inputs"];
    let (_, said) = with(&[&["report"], &common[..], &further].concat());
    assert!(said.contains("SHA-256"), "{said}");
    std::fs::rename(&root, folder.path().join("gone")).unwrap();

    let (code, said) = with(&["verify", "b.tar.zst"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("rests on `places.mmdb`") && said.contains("--geoip FILE"), "{said}");
    let (code, said) = with(&["verify", "b.tar.zst", "--geoip", "known.json"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("does not rest on `known.json`"), "{said}");
    let (code, said) = with(&["verify", "b.tar.zst", "--geoip", "places.mmdb"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = onshore(folder.path(), &["verify", "b.tar.zst", "--geoip", "places.mmdb"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("different: `TF_VAR_region` was set and is not"), "{said}");
    let (code, said) = with(&["verify", "b.tar.zst", "--geoip", "places.mmdb", "--inputs", "gone"]);
    assert_eq!(code, Some(0), "{said}");
    let manifest = &members(&std::fs::read(folder.path().join("b.tar.zst")).unwrap())["manifest.json"];
    assert!(!String::from_utf8_lossy(manifest).contains("us-east-1"), "values of variables may be secrets");
}

const OWN: &str = "[pack]
id = \"own\"
title = \"Ours\"
version = \"1.0.0\"
binding = \"company\"
status = \"in-force\"
as-of = 2026-11-01
review-by = 2027-05-01
verification = \"primary\"

[[rule]]
id = \"at-home\"
title = \"Content stays at home\"
severity = \"high\"
data = [\"communications.content\"]
origin = [\"US\"]
only-in = [\"@us-all\"]
";

/// Every case of the tests: an include list that leaves the project's file out, broken files, all formats.
#[test]
fn every_case_can_be_put_away_and_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    let cases = case("");
    let mut names: Vec<PathBuf> = std::fs::read_dir(cases).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let projects: Vec<&PathBuf> = names.iter().filter(|p| p.join("onshore.toml").is_file()).collect();
    assert!(projects.len() > 10, "{names:?}");
    for project in projects {
        let path = project.to_string_lossy();
        let (_, said) = onshore(folder.path(), &["report", &path, "--as-of", DAY, "--bundle", "b.tar.zst", "--with-inputs"]);
        let (code, verified) = onshore(folder.path(), &["verify", "b.tar.zst"]);
        assert_eq!(code, Some(0), "{path}: {said}{verified}");
    }
}

#[test]
fn a_bundle_that_was_meddled_with_is_refused() {
    let (folder, bundle) = zoom(&["--with-inputs"]);
    let bytes = std::fs::read(&bundle).unwrap();
    let whole = members(&bytes);
    let try_it = |edit: &dyn Fn(&mut Members)| {
        let mut members = whole.clone();
        edit(&mut members);
        std::fs::write(&bundle, packed(&members)).unwrap();
        let (code, said) = onshore(folder.path(), &["verify", "evidence.tar.zst"]);
        assert!(code == Some(2) || code == Some(1), "{said}");
        said
    };
    let manifest = |members: &mut Members, from: &str, to: &str| {
        let text = String::from_utf8(members["manifest.json"].clone()).unwrap();
        assert!(text.contains(from), "{from}");
        members.insert("manifest.json".into(), text.replacen(from, to, 1).into_bytes());
    };
    let said = try_it(&|m| m.get_mut("assessment.json").unwrap().push(b' '));
    assert!(said.contains("`assessment.json` is not what its manifest.json says"), "{said}");
    let said = try_it(&|m| drop(m.insert("extra".into(), vec![])));
    assert!(said.contains("holds `extra`, which its manifest.json does not list"), "{said}");
    let said = try_it(&|m| drop(m.remove("policies/0001.toml")));
    assert!(said.contains("`policies/0001.toml` is missing"), "{said}");
    let said = try_it(&|m| drop(m.remove("manifest.json")));
    assert!(said.contains("it begins with `assessment.json` instead"), "{said}");
    let said = try_it(&|m| manifest(m, "onshore.evidence/1", "onshore.evidence/9"));
    assert!(said.contains("in the form `onshore.evidence/9`, made by onshore 0.1.0"), "{said}");
    let said = try_it(&|m| manifest(m, "\"as_of\": \"2026-11-22\"", "\"as_of\": \"never\""));
    assert!(said.contains("`never` is no day"), "{said}");
    let said = try_it(&|m| manifest(m, "\"as_of\"", "\"as_ov\""));
    assert!(said.contains("its manifest.json is broken: "), "{said}");
    let said = try_it(&|m| manifest(m, "\"as_of\": \"2026-11-22\"", "\"as_of\": \"2026-11-23\""));
    assert!(said.contains("different: as_of: it was `2026-11-22` and is `2026-11-23`"), "{said}");
    std::fs::write(&bundle, &bytes[..bytes.len() - 1]).unwrap();
    let (code, said) = onshore(folder.path(), &["verify", "evidence.tar.zst"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("cut off or damaged"), "{said}");
}

/// Who changes a member and its hash with it is told by what comes out; who says another version is told that it is another.
#[test]
fn a_bundle_that_was_forged_with_care_is_told_apart() {
    let (folder, bundle) = zoom(&["--with-inputs"]);
    let whole = members(&std::fs::read(&bundle).unwrap());
    let try_it = |edit: &dyn Fn(&mut Members)| {
        let mut members = whole.clone();
        edit(&mut members);
        std::fs::write(&bundle, packed(&members)).unwrap();
        onshore(folder.path(), &["verify", "evidence.tar.zst"])
    };
    let manifest: Value = serde_json::from_slice(&whole["manifest.json"]).unwrap();
    let input = manifest["inputs"].as_array().unwrap().iter().find(|i| i["path"] == "inventory/endpoints.toml").unwrap();
    let (input, policy) = (input["file"].as_str().unwrap(), manifest["policies"][0]["file"].as_str().unwrap());

    let (code, said) = try_it(&|m| forge(m, input, "overflow", "primary"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("different: findings `") && said.ends_with("the assessment is not the same\n"), "{said}");
    let (code, said) = try_it(&|m| forge(m, policy, "severity = \"critical\"", "severity = \"low\""));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("critical") && said.ends_with("the assessment is not the same\n"), "{said}");
    let (code, said) = try_it(&|m| forge(m, "assessment.json", "\"violated\"", "\"satisfied\""));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("it was `satisfied` and is `violated`"), "{said}");

    // What the manifest says of itself.
    let (code, said) = try_it(&|m| forge(m, "manifest.json", "\"onshore\": \"0.1.0\"", "\"onshore\": \"0.0.9\""));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("made by onshore 0.0.9") && said.contains("this is onshore 0.1.0: what is different"), "{said}");
    let hash = manifest["policies"][0]["sha256"].as_str().unwrap();
    let (code, said) = try_it(&|m| forge(m, "manifest.json", hash, &"0".repeat(64)));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("`{policy}` is not what its manifest.json says: it was changed")), "{said}");
}

/// Changes a member, and the manifest so that nothing shows.
fn forge(members: &mut Members, file: &str, from: &str, to: &str) {
    let text = String::from_utf8(members[file].clone()).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    let forged = text.replace(from, to).into_bytes();
    if file != "manifest.json" {
        let mut manifest: Value = serde_json::from_slice(&members["manifest.json"]).unwrap();
        seal(&mut manifest, file, &forged);
        members.insert("manifest.json".into(), serde_json::to_vec_pretty(&manifest).unwrap());
    }
    members.insert(file.into(), forged);
}

/// Puts hash and length of a member wherever the manifest has them.
fn seal(value: &mut Value, file: &str, bytes: &[u8]) {
    if value["file"] == file {
        let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        (value["sha256"], value["bytes"]) = (hash.into(), bytes.len().into());
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|v| seal(v, file, bytes)),
        Value::Array(items) => items.iter_mut().for_each(|v| seal(v, file, bytes)),
        _ => {}
    }
}

/// Neither unpacked nor guessed at.
#[test]
fn what_is_no_bundle_is_refused_with_its_reason() {
    let (folder, bundle) = zoom(&["--with-inputs"]);
    let bytes = std::fs::read(&bundle).unwrap();
    let mut tar = Vec::new();
    StreamingDecoder::new(bytes.as_slice()).unwrap().read_to_end(&mut tar).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &tar).unwrap();
    let mut led_out = tar.clone();
    led_out[..16].copy_from_slice(b"../manifest.json");
    let sum = led_out[..512].iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { u32::from(*b) });
    let sum = format!("{:06o}\0 ", sum.sum::<u32>());
    led_out[148..156].copy_from_slice(sum.as_bytes());
    let led_out = compress_to_vec(led_out.as_slice(), CompressionLevel::Fastest);
    let half = &bytes[..bytes.len() / 2];
    let more = [&bytes[..], b"PK"].concat();
    let table: [(&[u8], &str); 7] = [
        (&gzip.finish().unwrap(), "it is not compressed by Zstandard"),
        (&tar, "it is not compressed by Zstandard"),
        (b"", "it is not compressed by Zstandard"),
        (&compress_to_vec(&b""[..], CompressionLevel::Fastest), "it is cut off or damaged"),
        (half, "it is cut off or damaged"),
        (&more, "something stands behind its end"),
        (&led_out, "`../manifest.json` in it leads out of it"),
    ];
    for (bytes, why) in table {
        std::fs::write(&bundle, bytes).unwrap();
        let (code, said) = onshore(folder.path(), &["verify", "evidence.tar.zst"]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(&format!("`evidence.tar.zst` is no bundle that can be read: {why}")), "{why}: {said}");
        assert!(said.contains("fetch it again from where it was put away"), "{said}");
    }
    let (code, said) = onshore(folder.path(), &["verify", "no.tar.zst"]);
    assert!(code == Some(2) && said.contains("no.tar.zst"), "{said}");
}

#[test]
fn a_mistake_in_the_name_shows_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = onshore(folder.path(), &["report", "nowhere", "--bundle", "x.zip"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("does not end in `.tar.zst`"), "{said}");
    let (code, said) = onshore(folder.path(), &["report", "--with-inputs", "-o", "x.html"]);
    assert_eq!(code, Some(2), "{said}");
}

/// Others open it, too.
#[test]
fn tar_and_zstd_of_the_system_open_it() {
    let (folder, _bundle) = zoom(&["--with-inputs"]);
    if Command::new("zstd").arg("--version").output().is_err() {
        eprintln!("skipped: no zstd here");
        return;
    }
    let (code, said) = run(Command::new("tar").args(["--zstd", "-tvf", "evidence.tar.zst"]).current_dir(folder.path()));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.lines().next().unwrap().ends_with(" manifest.json"), "{said}");
    assert!(said.lines().all(|l| l.starts_with("-rw-r--r-- 0/0")), "{said}");
}
