//! The bodies of the fuzz targets over mutated seeds: what a fuzzer would try first, on every run of the tests.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "it reads its seeds")]

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

#[path = "../fuzz/bodies.rs"]
mod bodies;

/// What is put into a seed: words and bytes that mean something to some format.
const WORDS: &[&str] = &[
    "\n",
    "\r\n",
    "\t",
    "\"",
    "'",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ";",
    "#",
    "$",
    "*",
    "&a ",
    "*a",
    "<<: ",
    "- ",
    "? ",
    ": ",
    "::",
    "\0",
    "\u{feff}",
    "\u{1b}[31m",
    "\u{202e}",
    "é",
    "上海",
    "-1",
    "0",
    "99999999999999999999",
    "1e999",
    "/33",
    "$GENERATE 0-9 ",
    "$INCLUDE ",
    "$ORIGIN ",
    "include ",
    "$var",
    "${",
    "{{",
    "~^(",
    "backup",
    "=",
    ",",
    "@",
    "..",
    "[[rule]]\n",
    "[[route]]\n",
];

#[derive(Clone, Debug)]
enum Change {
    Cut(Index, Index),
    Put(Index, &'static str),
    Copy(Index, Index, Index),
    Flip(Index, u8),
    End(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        1 => (index(), index()).prop_map(|(a, b)| Change::Cut(a, b)),
        4 => (index(), proptest::sample::select(WORDS)).prop_map(|(a, w)| Change::Put(a, w)),
        1 => (index(), index(), index()).prop_map(|(a, b, c)| Change::Copy(a, b, c)),
        2 => (index(), any::<u8>()).prop_map(|(a, b)| Change::Flip(a, b)),
        1 => (index(),).prop_map(|(a,)| Change::End(a)),
    ]
}

/// Pieces that are taken away or copied are at most this long, so that much of the seed stays.
const PIECE: usize = 40;

fn apply(change: &Change, data: &mut Vec<u8>) {
    let at = |i: &Index, data: &Vec<u8>| i.index(data.len() + 1);
    let piece = |a: &Index, b: &Index, data: &Vec<u8>| {
        let from = at(a, data);
        from..(from + b.index(PIECE)).min(data.len())
    };
    match change {
        Change::Cut(a, b) => _ = data.drain(piece(a, b, data)),
        Change::Put(a, word) => {
            let at = at(a, data);
            data.splice(at..at, word.bytes());
        }
        Change::Copy(a, b, c) => {
            let (copied, at) = (data[piece(a, b, data)].to_vec(), at(c, data));
            data.splice(at..at, copied);
        }
        Change::Flip(a, byte) if !data.is_empty() => {
            let at = a.index(data.len());
            data[at] ^= byte;
        }
        Change::Flip(..) => {}
        Change::End(a) => data.truncate(at(a, data)),
    }
}

/// Every file below a folder of the tests, in the order of paths.
fn seeds(folder: &str, seeds: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .expect(folder)
        .map(|e| e.expect("entry").path())
        .collect();
    paths.sort();
    for path in paths {
        match path.is_dir() {
            true => self::seeds(path.to_str().expect("UTF-8"), seeds),
            false => seeds.push(std::fs::read(path).expect("a seed")),
        }
    }
}

/// The cases of `tests/unknown` on top of the project that they inherit from: of two files of one name the last counts.
fn whole_projects(seeds: &mut [Vec<u8>]) {
    let base = include_bytes!("unknown/base.txt");
    for seed in seeds {
        let header = seed.windows(4).position(|w| w == b"\n-- ").map_or(0, |at| at + 1);
        *seed = [base, &seed[header..]].concat();
    }
}

/// Runs one body over its seeds as they are, and then mutated. `texts`: a mutated seed that is no UTF-8 is mended, since the
/// body would pass over it.
fn run(name: &str, folders: &[&str], cases: u32, texts: bool) {
    let (_, body) = bodies::BODIES.iter().find(|(n, _)| *n == name).expect("a body");
    let mut all = Vec::new();
    folders.iter().for_each(|f| seeds(f, &mut all));
    if name == "pipeline" {
        whole_projects(&mut all);
    }
    assert!(all.len() > 3, "{name} has seeds");
    all.iter().for_each(|seed| body(seed));
    let input =
        (proptest::sample::select(all), proptest::collection::vec(change(), 1..6)).prop_map(move |(mut data, changes)| {
            changes.iter().for_each(|c| apply(c, &mut data));
            if texts { String::from_utf8_lossy(&data).into_owned().into_bytes() } else { data }
        });
    // For a longer search: FUZZ_FACTOR=50 cargo test --test fuzz_bodies
    let factor = std::env::var("FUZZ_FACTOR").ok().and_then(|f| f.parse().ok()).unwrap_or(1);
    let cases = cases * factor;
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&input, |data| {
        body(&data);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{name}: {failure}");
    }
}

#[test]
fn readers() {
    run("readers", &["tests/read", "tests/cases", "tests/plan_and_source"], 60, true);
}

#[test]
fn documents() {
    run("documents", &["tests/cases", "tests/read/hosts", "policies"], 400, true);
}

#[test]
fn policy_file() {
    run("policy_file", &["policies"], 200, true);
}

#[test]
fn project_file() {
    run("project_file", &["tests/cases"], 200, true);
}

#[test]
fn database() {
    run("database", &["tests/data/mmdb"], 200, false);
}

#[test]
fn ranges() {
    run("ranges", &["tests/cases", "data/regions"], 200, true);
}

#[test]
fn pipeline() {
    run("pipeline", &["tests/unknown"], 200, true);
}
