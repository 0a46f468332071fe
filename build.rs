//! Compiles `data/ranges/cloud.csv` into sorted tables, so that the first lookup of a run parses nothing.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

#[path = "src/geo/flatten.rs"]
mod flatten;

use flatten::{Prefix, encode, flatten};

fn main() {
    let source = "data/ranges/cloud.csv";
    println!("cargo:rerun-if-changed={source}");
    println!("cargo:rerun-if-changed=src/geo/flatten.rs");
    println!("cargo:rerun-if-changed=build.rs");
    #[allow(clippy::disallowed_methods, reason = "the build script reads the project's own data")]
    let text = fs::read_to_string(source).unwrap_or_else(|e| panic!("{source}: {e}"));
    let mut owners: BTreeMap<&str, u32> = text.lines().skip(1).filter_map(|l| l.split_once(',')).map(|(_, o)| (o, 0)).collect();
    for (index, owner) in owners.values_mut().zip(0..).map(|(o, i)| (i, o)) {
        *owner = index;
    }
    let mut lists: [Vec<Prefix>; 2] = [Vec::new(), Vec::new()];
    for (number, line) in text.lines().enumerate().skip(1) {
        let entry = line.split_once(',').and_then(|(prefix, owner)| Some((parse(prefix)?, owner)));
        let Some(((v6, start, length), owner)) = entry else {
            panic!("{source}:{}: not `prefix,provider,region`: {line}", number + 1)
        };
        lists[usize::from(v6)].push(Prefix { start, length, owner: owners[owner] });
    }
    let [v4, v6] = lists;
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let write = |name: &str, bytes: &[u8]| fs::write(Path::new(&out).join(name), bytes).expect("OUT_DIR is writable");
    write("cloud-v4.bin", &encode(32, &flatten(32, v4)));
    write("cloud-v6.bin", &encode(128, &flatten(128, v6)));
    write("cloud-owners.txt", owners.keys().fold(String::new(), |all, o| all + o + "\n").as_bytes());
}

fn parse(prefix: &str) -> Option<(bool, u128, u8)> {
    let (address, length) = prefix.split_once('/')?;
    let length = length.parse().ok()?;
    Some(match address.parse().ok()? {
        IpAddr::V4(a) => (false, u128::from(u32::from(a)), length),
        IpAddr::V6(a) => (true, u128::from(a), length),
    })
}
