//! Logs for tests, and what `onshore` itself says of them.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;
use onshore::cli::{Cli, Screen, Surroundings, run};

/// A project with endpoints in several countries.
pub fn project() -> String {
    root().join("../tests/cases/zoom-2020").to_str().unwrap().to_owned()
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Everything that says what an answer depends on.
pub fn under() -> [String; 4] {
    ["--declared".into(), project(), "--as-of".into(), "2026-11-22".into()]
}

/// AWS flow logs from a fixed seed, to and from the project's endpoints and the rest of the world.
pub fn some_log(seed: u64, rows: usize) -> String {
    let mut state = seed.wrapping_add(7);
    let mut next = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut text =
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
            .to_owned();
    for row in 0..rows {
        let start = 1_584_000_000 + next(400_000);
        let (a, b) = (next(223) + 1, next(256));
        let (port, bytes) = (1024 + next(60_000), 400 + next(90_000));
        match row % 50 {
            0 => text.push_str(&format!("2 1 eni-1 - - - - - - - {start} {} - NODATA\n", start + 60)),
            1 => text.push_str("cut off here\n"),
            _ => text.push_str(&format!(
                "2 1 eni-1 10.{}.4.11 {a}.{b}.9.7 8801 {port} 6 9 {bytes} {start} {} ACCEPT OK\n",
                86 + next(3),
                start + 60
            )),
        }
    }
    text
}

pub fn gz(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// `onshore` in a folder.
pub fn onshore(folder: &Path, words: &[&str]) -> (u8, String) {
    let dumb = Screen { terminal: None, unicode: true, may_color: false, links: false };
    let around = Surroundings {
        today: "2026-11-22".parse().unwrap(),
        folder: folder.to_owned(),
        terraform_variables: std::collections::BTreeMap::new(),
        stdout: dumb,
        stderr: dumb,
    };
    let cli = Cli::try_parse_from([&["onshore"], words].concat()).unwrap_or_else(|e| panic!("{e}"));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(cli, &around, &mut std::io::empty(), &mut out, &mut err).unwrap();
    (code, String::from_utf8(out).unwrap() + &String::from_utf8(err).unwrap())
}

/// The tally that `onshore traffic --out` writes.
pub fn embedded(folder: &Path, logs: &[&str]) -> String {
    let under = under();
    let under: Vec<&str> = under.iter().map(String::as_str).collect();
    let (code, text) = onshore(folder, &[&["traffic"], logs, &["--out", "embedded.json"], &under].concat());
    assert_eq!(code, 0, "{text}");
    std::fs::read_to_string(folder.join("embedded.json")).unwrap()
}

/// Plain, packed and converted logs, of which two break off.
pub fn mixed_logs(folder: &Path, rows: usize) {
    for i in 0..4 {
        std::fs::write(folder.join(format!("{i}.log")), some_log(i, rows)).unwrap();
        std::fs::write(folder.join(format!("{i}.log.gz")), gz(some_log(i + 10, rows).as_bytes())).unwrap();
    }
    let whole = gz(some_log(99, rows).as_bytes());
    std::fs::write(folder.join("cut.log.gz"), &whole[..whole.len() * 2 / 3]).unwrap();
    std::fs::write(folder.join("source.txt"), some_log(50, rows)).unwrap();
    let (code, text) = onshore(folder, &["traffic", "convert", "source.txt", "-o", "."]);
    assert_eq!(code, 0, "{text}");
    let whole = std::fs::read(folder.join("source.txt.parquet")).unwrap();
    std::fs::write(folder.join("cut.parquet"), &whole[..whole.len() / 2]).unwrap();
}

pub const MIXED: [&str; 3] = ["*.log", "*.log.gz", "*.parquet"];
