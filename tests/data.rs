//! The tables in `data/`: complete, sorted, dated, with valid codes, and hashed. And published files as they are in the wild.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use onshore::geo::data_set::sha256;
use onshore::geo::region::{self, TABLES};
use onshore::geo::{Kind, range, range_file};
use onshore::vocab::places;

const COLUMNS: &str = "id,aliases,countries,subdivision,city,kind,parent,partition,operator,status,confidence,source,date,note";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

#[test]
fn every_region_table_is_compiled_in() {
    let mut files: Vec<String> = std::fs::read_dir(data().join("regions"))
        .unwrap()
        .map(|f| f.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, TABLES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

/// Read with a real CSV reader: it also shows that the small one in `geo::region` splits the same fields.
#[test]
fn region_rows_are_sound() {
    for (provider, text) in TABLES {
        assert_eq!(text.lines().next(), Some(COLUMNS), "{provider}");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len() + 1, text.lines().count(), "{provider}: a field holds a line break");
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for pair in rows.windows(2) {
            assert!(pair[0][0].as_bytes() < pair[1][0].as_bytes(), "{provider}: {} comes before {}", &pair[0][0], &pair[1][0]);
        }
        let ids: BTreeSet<&str> = rows.iter().map(|r| &r[0]).collect();
        for row in &rows {
            let at = format!("{provider}/{}", &row[0]);
            let countries: Vec<&str> = row[2].split('|').filter(|c| !c.is_empty()).collect();
            for code in &countries {
                assert!(places::country(code).is_some(), "{at}: {code}");
            }
            if !row[3].is_empty() {
                assert!(places::subdivision(&row[3]).is_some(), "{at}: {}", &row[3]);
                assert_eq!(countries, [&row[3][..2]], "{at}: subdivision of another country");
            }
            assert!(["region", "local-zone", "multi-region", "global", "edge"].contains(&&row[5]), "{at}: {}", &row[5]);
            assert!(row[6].is_empty() || ids.contains(&row[6]), "{at}: parent {}", &row[6]);
            assert!(["high", "medium", "low"].contains(&&row[10]), "{at}: {}", &row[10]);
            assert!(!row[9].is_empty() && !row[11].is_empty(), "{at}: no status or source");
            let date = if row[12].len() == 7 { format!("{}-01", &row[12]) } else { row[12].to_owned() };
            assert!(date.parse::<jiff::civil::Date>().is_ok(), "{at}: date {}", &row[12]);
            if matches!(&row[5], "global" | "edge") {
                assert!(countries.is_empty(), "{at}: {} with a country", &row[5]);
            }
            // An alias that means two places would be answered by both; only Atlas repeats names across its clouds.
            for alias in row[1].split('|').filter(|a| !a.is_empty()) {
                let countries = row[2].to_owned();
                let other = names.insert(alias.to_lowercase(), countries.clone());
                assert!(other.is_none_or(|o| o == countries), "{at}: alias {alias} means two places");
            }
            let compiled = region::all().find(|r| r.provider == *provider && *r.id == row[0]).unwrap();
            let codes: Vec<String> = compiled.places.iter().map(|p| p.country.to_string()).collect();
            assert_eq!(
                (codes.join("|"), &*compiled.note, &*compiled.confidence),
                (row[2].to_owned(), &row[13], &row[10]),
                "{at}"
            );
        }
    }
}

/// Nine ids mean different countries at different providers; were they to become fewer, a table has lost rows.
#[test]
fn ids_that_collide() {
    let mut by_id: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for row in region::all().filter(|r| ["aws", "alibaba", "huawei"].contains(&r.provider)) {
        by_id.entry(&row.id).or_default().extend(row.places.iter().map(|p| p.country.to_string()));
    }
    let ids: Vec<&str> = by_id.iter().filter(|(_, c)| c.len() > 1).map(|(id, _)| *id).collect();
    let expected = ["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6"];
    assert_eq!(ids, [&expected[..], &["eu-west-1", "me-central-1", "me-east-1"]].concat());
}

#[test]
fn sums_are_current() {
    let sums = std::fs::read_to_string(data().join("SHA256SUMS")).unwrap();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let bytes = if name == "regions/" {
            TABLES.iter().flat_map(|(_, text)| text.bytes()).collect()
        } else {
            std::fs::read(data().join(name)).unwrap()
        };
        assert_eq!(sha256(&bytes), sum, "{name}: see data/README.md for how to renew SHA256SUMS");
    }
}

#[test]
fn every_data_file_is_explained() {
    let readme = std::fs::read_to_string(data().join("README.md")).unwrap();
    for file in [
        "iso3166.tsv",
        "continents.tsv",
        "places.toml",
        "regions/",
        "ranges/cloud.csv",
        "geo/dbip-country-lite.mmdb",
        "refresh/",
        "SHA256SUMS",
    ] {
        assert!(readme.contains(file), "{file} is not in data/README.md");
    }
}

// ---- published files, if the corpus is there ----

fn corpus(path: &str) -> Option<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/ip-ranges").join(path);
    let read = std::fs::read(&file).ok();
    if read.is_none() {
        eprintln!("skipped: {} is not there", file.display());
    }
    read
}

fn says(file: &range_file::RangeFile, address: &str) -> String {
    file.ranges.find(address.parse().unwrap()).map_or("-".into(), |(network, says)| {
        let places: Vec<String> = says.places.iter().map(|p| p.country.to_string()).collect();
        format!("{network} {} {}", says.matched, if places.is_empty() { says.kind.as_str().into() } else { places.join("|") })
    })
}

#[test]
fn aws_ip_ranges_as_published() {
    let Some(bytes) = corpus("aws-ip-ranges/raw/ip-ranges.json") else { return };
    let file = range_file::read("ip-ranges.json", &bytes).unwrap();
    assert_eq!((file.format, file.date), ("AWS ip-ranges", Some(jiff::civil::date(2026, 8, 22))));
    let cases = [
        ("107.176.1.1", "107.176.0.0/15 aws/cn-north-1 CN"),
        ("140.179.1.1", "140.179.0.0/16 aws/cn-north-1 CN"),
        ("96.0.80.1", "96.0.80.0/22 aws/ap-southeast-2-akl-1 NZ"),
        ("15.181.232.1", "15.181.232.0/21 aws/us-east-1-iah-1 US"),
        ("120.52.22.100", "120.52.22.96/27 aws/GLOBAL global"),
        ("3.33.128.1", "3.33.128.0/17 aws/ANYCAST anycast"),
        ("15.220.184.1", "15.220.184.0/24 aws/us-east-1-qro-1 MX"),
        ("91.198.174.192", "-"),
    ];
    for (address, expected) in cases {
        let got = says(&file, address);
        assert!(
            got == expected || got.ends_with(&expected[expected.find(' ').unwrap_or(0)..]),
            "{address}: {got}, not {expected}"
        );
    }
    // The compiled table is the same list: both must agree on every address that either has.
    let mut differ = Vec::new();
    for a in (0..=u32::MAX).step_by(65_521 * 7) {
        let address = std::net::IpAddr::V4(a.into());
        let one = file.ranges.find(address).map(|(_, s)| (s.kind, s.places.clone()));
        let other = range::cloud()
            .find(address)
            .filter(|(_, s)| s.matched.starts_with("aws/"))
            .map(|(_, s)| (s.kind, s.places.clone()));
        if one != other {
            differ.push(address);
        }
    }
    assert_eq!(differ, Vec::<std::net::IpAddr>::new());
}

#[test]
fn plain_lists_know_the_provider_only() {
    for (path, kind) in [
        ("google/ipv4.txt", Kind::Unicast),
        ("google/ipv6_merged.txt", Kind::Unicast),
        ("oracle/ipv4.txt", Kind::Unicast),
        ("digitalocean/ipv6.txt", Kind::Unicast),
        ("cloudflare/ipv4.txt", Kind::Anycast),
        ("cloudflare/ipv6_merged.txt", Kind::Anycast),
    ] {
        let Some(bytes) = corpus(&format!("provider-lists/raw/{path}")) else { return };
        let file = range_file::read(path, &bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        for line in text.lines().filter(|l| !l.is_empty()) {
            let network: ipnetwork::IpNetwork = line.parse().unwrap();
            let (_, says) = file.ranges.find(network.ip()).unwrap();
            assert_eq!((says.kind, says.places.len()), (kind, 0), "{path}: {line}");
        }
    }
}

/// `data/refresh/ranges.py` on the published file gives what is committed.
#[test]
fn ranges_can_be_refreshed() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/ip-ranges/aws-ip-ranges/raw/ip-ranges.json");
    let script = data().join("refresh/ranges.py");
    let run = Command::new("python3")
        .arg(script)
        .arg("--aws")
        .arg(&published)
        .arg("--keep")
        .arg(data().join("ranges/cloud.csv"))
        .output();
    let Some(out) = run.ok().filter(|o| published.exists() && o.status.success()) else {
        eprintln!("skipped: no python3, or {} is not there", published.display());
        return;
    };
    let committed = std::fs::read(data().join("ranges/cloud.csv")).unwrap();
    assert!(out.stdout == committed, "data/ranges/cloud.csv is not what its script makes");
}

// ---- what resources are ----

#[test]
fn every_resource_table_is_compiled_in_and_knows_its_words() {
    use onshore::read::resource::table;
    assert_eq!(table::faults(), Vec::<String>::new());
    let mut files: Vec<String> = std::fs::read_dir(data().join("resources"))
        .unwrap()
        .filter_map(|e| Some(e.unwrap().file_name().to_string_lossy().strip_suffix(".toml")?.to_owned()))
        .collect();
    files.sort();
    let listed: Vec<&str> = table::TABLES.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, listed, "data/resources against TABLES");
    let readme = std::fs::read_to_string(data().join("resources/README.md")).unwrap();
    let mut kinds = std::collections::BTreeMap::new();
    for (table, vocabulary, row) in table::rows() {
        assert!(readme.contains(table), "{table} is not in data/resources/README.md");
        let provider = row.provider.as_deref().unwrap_or("");
        assert!(provider.is_empty() || onshore::geo::region::provider(provider) == Some(provider), "{table}: `{provider}`");
        if let Some(fixed) = &row.fixed_region {
            assert!(!onshore::geo::region::find(provider, fixed).is_empty(), "{table}: `{fixed}` is no region of {provider}");
        }
        for class in row.routes.iter().flat_map(|r| &r.data) {
            assert!(onshore::vocab::classes::known(class).is_some(), "{table}: `{class}` is no class of data");
        }
        for kind in &row.kinds {
            let before = kinds.insert((vocabulary, kind.clone()), table);
            assert_eq!(before, None, "{table}: `{kind}` has two rows");
        }
    }
}

/// A type of these providers that somebody adds tomorrow must be a gap, not one more setting: what is ignored is listed by name.
#[test]
fn what_is_ignored_of_google_and_azure_is_named() {
    use onshore::read::resource::table;
    let mut wide = Vec::new();
    for (table, _, row) in table::rows() {
        if row.ignore.is_some() && (table.starts_with("terraform-google") || table.starts_with("terraform-azure")) {
            let named = |k: &&String| !k.ends_with('*') || k.contains("_iam_") || *k == "azuread_*";
            wide.extend(row.kinds.iter().filter(|k| !named(k)).cloned());
        }
    }
    assert_eq!(wide, Vec::<String>::new());
}
