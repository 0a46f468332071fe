//! What locating costs: `cargo bench --bench lookup`. Prints figures; asserts nothing, since machines differ.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark")]

use std::borrow::Cow;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use jiff::civil::date;
use maxminddb::{PathElement, Reader};
use onshore::geo::mmdb::Database;
use onshore::geo::{Atlas, range, region};
use onshore::link::link;
use onshore::model::{Address, EndpointFact, Facts};
use onshore::project::Project;
use onshore::source::{Location, SourceId, Sources, Span, Spanned};

const LOOKUPS: u32 = 1_000_000;
const ENDPOINTS: u32 = 100_000;

fn main() {
    cold("region tables, first use", || region::find("aws", "us-east-1").len());
    cold("cloud ranges, first use", || range::cloud().find(IpAddr::V4(Ipv4Addr::new(52, 94, 5, 1))).is_some());
    cold("atlas with its default database, first lookup", || {
        Atlas::embedded(date(2026, 11, 22)).locate_text("91.198.174.192").places.len()
    });

    let bytes: &'static [u8] = include_bytes!("../data/geo/dbip-country-lite.mmdb");
    let bare = Reader::from_source(bytes).unwrap();
    let ours = Database::open("default", Cow::Borrowed(bytes)).unwrap();
    let addresses: Vec<IpAddr> = (0..LOOKUPS).map(|i| IpAddr::V4(i.wrapping_mul(2_654_435_761).into())).collect();
    let mut ratios = Vec::new();
    for round in 0..5 {
        let bare = rate(|| {
            addresses
                .iter()
                .filter(|a| {
                    bare.lookup(**a).unwrap().decode_path::<&str>(&[PathElement::Key("country_code")]).unwrap().is_some()
                })
                .count()
        });
        let ours = rate(|| addresses.iter().filter(|a| ours.find(**a).is_some()).count());
        ratios.push(bare / ours);
        if round == 4 {
            println!(
                "maxminddb lookup and decode_path: {:.1} M/s; ours, with network and memo: {:.1} M/s",
                bare / 1e6,
                ours / 1e6
            );
        }
    }
    ratios.sort_by(f64::total_cmp);
    println!("ours takes {:.2} times as long (median of 5; to stay below 1.5)", ratios[2]);
    let ranges = range::cloud();
    println!("cloud ranges: {:.1} M/s", rate(|| addresses.iter().filter(|a| ranges.find(**a).is_some()).count()) / 1e6);

    let snapshot = world();
    let atlas = Atlas::embedded(date(2026, 11, 22));
    let start = Instant::now();
    let located = snapshot.endpoint_ids().filter(|id| !atlas.locate_endpoint(&snapshot, *id).places.is_empty()).count();
    println!("{ENDPOINTS} endpoints in {:.3} s, {located} with a place (to stay below 0.5 s)", start.elapsed().as_secs_f64());
}

fn cold<T>(what: &str, work: impl FnOnce() -> T) {
    let start = Instant::now();
    black_box(work());
    println!("{what}: {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
}

fn rate(work: impl FnOnce() -> usize) -> f64 {
    let start = Instant::now();
    black_box(work());
    f64::from(LOOKUPS) / start.elapsed().as_secs_f64()
}

/// Servers by address, databases by region, services by name, in equal parts.
fn world() -> onshore::model::Snapshot {
    let here = Location { source: SourceId(0), span: Span::default() };
    let mut facts = Facts::default();
    for i in 0..ENDPOINTS {
        let mut fact = EndpointFact::new("server", format!("e{i}"), here);
        fact.id = Some(format!("e{i:06}"));
        match i % 3 {
            0 => fact.addresses.push(Address {
                ip: IpAddr::V4(i.wrapping_mul(2_654_435_761).into()),
                port: None,
                location: here,
            }),
            1 => {
                fact.provider = Some("aws".into());
                fact.region = Some(Spanned::new("eu-central-1".into(), Span::default()));
            }
            _ => fact.names.push(Spanned::new(format!("db{i}.abc.eu-central-1.rds.amazonaws.com"), Span::default())),
        }
        facts.endpoints.push(fact);
    }
    let mut sources = Sources::default();
    let id = sources.add("world", "");
    link(vec![(id, facts)], &Project::default(), &sources)
}
