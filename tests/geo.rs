//! Where things stand: the traps of cloud regions, address ranges and databases, as tables of input and expected answer.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::net::IpAddr;

use jiff::civil::{Date, date};
use onshore::finding::KnownPlace;
use onshore::geo::atlas::DataFile;
use onshore::geo::{Atlas, Geolocation, known_places};
use onshore::link::link;
use onshore::model::{Address, Country, DeclaredPlace, EndpointFact, Facts, Place, Reference, Site, Snapshot, Standing};
use onshore::project::{GeoOverride, GeoSettings, OverrideTarget, Project, Selector};
use onshore::source::{Location, SourceId, Sources, Span, Spanned};

const TODAY: Date = date(2026, 11, 21);
const HERE: Location = Location { source: SourceId(0), span: Span { start: 0, end: 0 } };

/// `unicast DE by region`, `anycast - by -: why`.
fn show(geo: &Geolocation) -> String {
    let places: Vec<String> =
        geo.places.iter().map(|p| p.subdivision.as_deref().map_or(p.country.to_string(), str::to_owned)).collect();
    let places = if places.is_empty() { "-".to_owned() } else { places.join("|") };
    let unknown = geo.unknown.as_ref().map(|u| format!(": {u}")).unwrap_or_default();
    format!("{} {places} by {}{unknown}", geo.kind.as_str(), geo.basis.map_or("-", |b| b.as_str()))
}

fn check(cases: &[(&str, &str)], ask: impl Fn(&str) -> Geolocation) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(what, expected)| (what, expected, show(&ask(what))))
        .filter(|(_, e, got)| e != &got)
        .map(|(w, e, g)| format!("{w}\n  is  {g}\n  not {e}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn place(code: &str) -> DeclaredPlace {
    let subdivision = (code.len() > 2).then(|| code.into());
    DeclaredPlace {
        place: Place { country: Country::from_letters(&code[..2]).unwrap(), subdivision, city: None },
        coordinates: None,
    }
}

fn site(id: &str, code: &str, networks: &[&str], scope: Option<&str>) -> Site {
    Site {
        id: id.into(),
        place: place(code),
        domains: Vec::new(),
        networks: networks.iter().map(|n| Spanned::new(n.parse().unwrap(), Span::default())).collect(),
        network_scope: scope.map(str::to_owned),
        location: HERE,
    }
}

fn sites() -> Vec<Site> {
    vec![
        site("sjc1", "US-CA", &["10.20.0.0/16", "198.18.7.0/24"], None),
        site("tsn1", "CN-TJ", &["10.86.0.0/16", "30.1.0.0/16"], None),
        site("fra1", "DE-HE", &["192.168.0.0/16"], Some("fra")),
        site("lon1", "GB-LND", &["192.168.0.0/16"], Some("lon")),
    ]
}

fn endpoint(label: &str, change: impl FnOnce(&mut EndpointFact)) -> EndpointFact {
    let mut fact = EndpointFact::new("server", label, HERE);
    fact.id = Some(label.into());
    change(&mut fact);
    fact
}

fn address(text: &str) -> Address {
    Address { ip: text.parse().unwrap(), port: None, location: HERE }
}

fn spanned(text: &str) -> Spanned<String> {
    Spanned::new(text.to_owned(), Span::default())
}

fn world(endpoints: Vec<EndpointFact>) -> Snapshot {
    let mut sources = Sources::default();
    let id = sources.add("world.toml", "");
    let facts = Facts { sites: sites(), endpoints, ..Facts::default() };
    link(vec![(id, facts)], &Project::default(), &sources)
}

fn locate(snapshot: &Snapshot, atlas: &Atlas, name: &str) -> Geolocation {
    let id = snapshot.find(name).unwrap_or_else(|| panic!("{name} is in the world"));
    atlas.locate_endpoint(snapshot, id)
}

#[test]
fn addresses() {
    let atlas = Atlas::embedded(TODAY);
    check(
        &[
            ("52.94.5.1", "unicast IE-D by range"),
            ("15.220.184.1", "unicast MX-QUE by range"),
            ("96.0.80.1", "unicast NZ-AUK by range"),
            ("18.162.0.1", "unicast HK by range"),
            ("52.80.0.10", "unicast CN-BJ by range"),
            ("20.37.64.1", "unicast AE-AZ by range"),
            ("34.80.0.1", "unicast TW-CHA by range"),
            ("::ffff:52.94.5.1", "unicast IE-D by range"),
            ("64:ff9b::345e:501", "unicast IE-D by range"),
            ("2002:345e:501::1", "unicast IE-D by range"),
            ("114.114.114.114", "unicast CN by mmdb"),
            ("221.122.88.70", "unicast CN by mmdb"),
            ("91.198.174.192", "unicast NL by mmdb"),
            ("10.9.0.4", "private - by -: 10.9.0.4 is private and no declared network covers it"),
            ("fd00::1", "private - by -: fd00::1 is private and no declared network covers it"),
            ("168.63.129.16", "special - by -: 168.63.129.16 is Azure's virtual host address, local to each machine"),
            ("203.0.113.1", "special - by -: 203.0.113.1 is for documentation only (RFC 5737)"),
            ("2001:db8::1", "special - by -: 2001:db8::1 is for documentation only (RFC 3849)"),
            ("1.1.1.1", "anycast - by -: 1.1.1.1 is anycast (Cloudflare's public resolver)"),
            (
                "104.16.0.1",
                "anycast - by -: 104.16.0.0/13 (cloudflare/anycast) is anycast: where data ends depends on the sender",
            ),
            ("3.33.128.1", "anycast - by -: 3.33.128.0/17 (aws/ANYCAST) is anycast: where data ends depends on the sender"),
            (
                "::ffff:10.9.0.4",
                "private - by -: ::ffff:10.9.0.4 (IPv4-mapped for 10.9.0.4) is private and no declared network covers it",
            ),
        ],
        |a| atlas.locate_address(a.parse().unwrap(), None),
    );
    // CloudFront inside mainland China, which the databases place in CN: "global" must not be read as "outside China".
    let cloudfront = show(&atlas.locate_address("120.52.22.100".parse().unwrap(), None));
    assert!(
        cloudfront.starts_with("global - by -: 120.52.22.96/27 (aws/GLOBAL) is a global service without a place"),
        "{cloudfront}"
    );
}

#[test]
fn regions_hosts_and_whatever_people_type() {
    let atlas = Atlas::embedded(TODAY);
    let cases = [
        ("aws/ap-southeast-1", "unicast SG by region"),
        ("huaweicloud:ap-southeast-1", "unicast HK by region"),
        ("aws/us-east-1-bue-1a", "unicast AR-C by region"),
        ("gcp/EUR5", "multi-region BE|GB by region"),
        ("gcp/us-central1-a", "unicast US-IA by region"),
        (
            "gcp/global",
            "global - by -: gcp/global is a global service without a place (44 prefixes in cloud.json scope=global: no country)",
        ),
        (
            "aws/us-north-9",
            "unknown - by -: aws/us-north-9: not in the table of aws regions, and a place is not guessed from a name",
        ),
        ("ap-southeast-1", "unknown HK|SG by region"),
        ("eu-west-1", "unknown GB|IE by region"),
        ("eu-central-2", "unicast CH-ZH by region"),
        ("westeurope", "unicast NL by region"),
        ("arn:aws:rds:eu-central-1:1:db:x", "unicast DE-HE by hostname"),
        ("orders.abc.eu-central-1.rds.amazonaws.com:5432", "unicast DE-HE by hostname"),
        ("https://bucket.oss-cn-hongkong.aliyuncs.com/x?y", "unicast HK by hostname"),
        (
            "s3.amazonaws.com",
            "global - by -: *.amazonaws.com is a global service without a place (the name does not say the region)",
        ),
        ("meet.zoom.example", "unknown - by -: the name `meet.zoom.example` says no place"),
        ("52.94.5.1:443", "unicast IE-D by range"),
        (
            "[2606:4700::1]:443",
            "anycast - by -: 2606:4700::/32 (cloudflare/anycast) is anycast: where data ends depends on the sender",
        ),
        ("52.94.5.0/24", "unicast IE-D by range"),
        ("10.0.0.0/8", "private - by -: 10.0.0.0/8 is private (RFC 1918)"),
        ("nonsense", "unknown - by -: nonsense: no provider's table has such a region"),
    ];
    check(&cases, |t| atlas.locate_text(t));
    // A network over several ranges is all of their places; over too much, or over holes, it is partly unknown.
    let wide = atlas.locate_text("52.94.0.0/16");
    assert!(wide.places.len() > 5 && wide.kind.as_str() == "multi-region", "{}", show(&wide));
    assert!(atlas.locate_text("0.0.0.0/0").unknown.is_some());
    assert!(atlas.locate_text("::/0").unknown.is_some());
    for garbage in ["", " ", "/", ":", "[", "a.b.c.", "....", "1.2.3.4/99", "arn:", "arn:aws", "aws/", "\u{0}", "中国.上海"]
    {
        assert!(atlas.locate_text(garbage).places.is_empty(), "{garbage:?}");
    }
}

#[test]
fn endpoints() {
    let snapshot = world(vec![
        endpoint("by-network", |e| e.addresses = vec![address("10.20.4.1")]),
        endpoint("squatted", |e| e.addresses = vec![address("30.1.2.3")]),
        endpoint("special-but-declared", |e| e.addresses = vec![address("198.18.7.1")]),
        endpoint("ambiguous", |e| e.addresses = vec![address("192.168.1.1")]),
        endpoint("scoped", |e| {
            e.addresses = vec![address("192.168.1.1")];
            e.scope = Some("lon".into());
        }),
        endpoint("two-sites", |e| e.addresses = vec![address("10.20.4.1"), address("10.86.4.1")]),
        endpoint("half-known", |e| e.addresses = vec![address("10.20.4.2"), address("10.9.9.9")]),
        endpoint("site-and-public", |e| e.addresses = vec![address("10.20.4.3"), address("221.122.88.70")]),
        endpoint("two-addresses", |e| e.addresses = vec![address("10.20.0.1"), address("52.94.5.1")]),
        endpoint("declared-site", |e| {
            e.site = Some(spanned("sjc1"));
            e.addresses = vec![address("221.122.88.71")];
        }),
        endpoint("declared-place", |e| {
            e.place = Some((place("FR"), HERE));
            e.addresses = vec![address("10.20.4.4")];
        }),
        endpoint("region", |e| {
            e.provider = Some("aws".into());
            e.region = Some(spanned("eu-west-1"));
        }),
        endpoint("region-against-range", |e| {
            e.provider = Some("aws".into());
            e.region = Some(spanned("us-east-1"));
            e.addresses = vec![address("52.94.5.9")];
        }),
        endpoint("region-against-mmdb", |e| {
            e.provider = Some("aws".into());
            e.region = Some(spanned("us-east-1"));
            e.addresses = vec![address("114.114.114.115")];
        }),
        endpoint("local-zone", |e| {
            e.provider = Some("aws".into());
            e.region = Some(spanned("us-east-1"));
            e.zone = Some(spanned("us-east-1-scl-1a"));
        }),
        endpoint("unknown-zone", |e| {
            e.provider = Some("aws".into());
            e.region = Some(spanned("us-east-1"));
            e.zone = Some(spanned("us-east-1-xyz-1a"));
        }),
        endpoint("azure-zone", |e| {
            e.provider = Some("azurerm".into());
            e.region = Some(spanned("West Europe"));
            e.zone = Some(spanned("1"));
        }),
        endpoint("unknown-region", |e| {
            e.provider = Some("aws".into());
            e.region = Some(spanned("us-north-9"));
            e.addresses = vec![address("91.198.174.192")];
        }),
        endpoint("edge", |e| {
            e.names = vec![spanned("d1.cloudfront.net")];
            e.addresses = vec![address("91.198.174.192")];
        }),
        endpoint("own-data-centre", |e| {
            e.provider = Some("vsphere".into());
            e.region = Some(spanned("dc1"));
        }),
        endpoint("own-data-centre-with-address", |e| {
            e.provider = Some("vsphere".into());
            e.region = Some(spanned("dc1"));
            e.addresses = vec![address("91.198.174.193")];
        }),
        endpoint("distribution", |e| {
            e.provider = Some("aws".into());
            e.region = Some(spanned("us-east-1"));
            e.names = vec![spanned("d2.cloudfront.net")];
        }),
        endpoint("two-names", |e| e.names = vec![spanned("b.s3.amazonaws.com"), spanned("b.s3.eu-west-1.amazonaws.com")]),
        endpoint("nothing", |_| {}),
        endpoint("name", |e| e.standing = Standing::Logical),
        endpoint("part", |e| {
            e.standing = Standing::WithSender;
            e.part_of =
                vec![Reference::Id("by-network".into()), Reference::Id("declared-site".into()), Reference::Id("scoped".into())];
        }),
    ]);
    let atlas = Atlas::embedded(TODAY);
    check(
        &[
            ("by-network", "unicast US-CA by site"),
            ("squatted", "unicast CN-TJ by site"),
            ("special-but-declared", "unicast US-CA by site"),
            (
                "ambiguous",
                "unknown - by -: it lies in networks of the sites `fra1` (192.168.0.0/16) and `lon1` (192.168.0.0/16): give a network-scope",
            ),
            ("scoped", "unicast GB-LND by site"),
            ("two-sites", "multi-region CN-TJ|US-CA by site"),
            ("half-known", "multi-region US-CA by site: 10.9.9.9 is private and no declared network covers it"),
            ("site-and-public", "multi-region CN|US-CA by mmdb"),
            ("two-addresses", "multi-region IE-D|US-CA by range"),
            ("declared-site", "unicast US-CA by site"),
            ("declared-place", "unicast FR by override"),
            ("region", "unicast IE-D by region"),
            ("region-against-range", "unicast US-VA by region"),
            ("region-against-mmdb", "unicast US-VA by region"),
            ("local-zone", "unicast CL-RM by region"),
            (
                "unknown-zone",
                "unknown - by -: aws/us-east-1-xyz-1a: not in the table of aws regions, and a place is not guessed from a name",
            ),
            ("azure-zone", "unicast NL by region"),
            (
                "unknown-region",
                "unknown - by -: aws/us-north-9: not in the table of aws regions, and a place is not guessed from a name",
            ),
            ("edge", "edge - by -: *.cloudfront.net is an edge network: where data ends depends on the client"),
            ("own-data-centre", "unknown - by -: vsphere/dc1: there is no table of regions for `vsphere`"),
            ("own-data-centre-with-address", "unicast NL by mmdb"),
            (
                "distribution",
                "multi-region US-VA by region: *.cloudfront.net is an edge network: where data ends depends on the client",
            ),
            ("two-names", "unicast IE-D by hostname"),
            ("nothing", "unknown - by -: `nothing` has no address, no region and no site"),
            ("name", "unknown - by -: `name` is only a name in a config; what it leads to has places"),
            ("part", "multi-region GB-LND|US-CA by site"),
        ],
        |name| locate(&snapshot, &atlas, name),
    );
    let conflict = |name: &str| locate(&snapshot, &atlas, name).conflict.map(|why| why.to_string());
    assert_eq!(
        conflict("region-against-range").unwrap(),
        "region aws/us-east-1 says US, but the range 52.94.5.0/24 (aws/eu-west-1) says IE"
    );
    assert_eq!(conflict("declared-place").unwrap(), "the declared place says FR, but site `sjc1` says US");
    for calm in ["region-against-mmdb", "declared-site", "two-sites", "site-and-public", "two-addresses", "local-zone"] {
        assert_eq!(conflict(calm), None, "{calm}");
    }
    // A database's disagreement is kept, though it decides nothing.
    let geo = locate(&snapshot, &atlas, "declared-site");
    assert!(geo.evidence.iter().any(|e| e.basis.as_str() == "mmdb" && e.places[0].country.as_str() == "CN"));
}

#[test]
fn overrides() {
    let over = |target, code: &str| GeoOverride {
        target,
        place: place(code),
        domains: Vec::new(),
        because: Some("the colo moved".into()),
        location: HERE,
    };
    let selector = Selector { id: Some(spanned("gw")), ..Selector::default() };
    let settings = GeoSettings {
        overrides: vec![
            over(OverrideTarget::Network("10.20.0.0/16".parse().unwrap()), "US"),
            over(OverrideTarget::Network("10.20.4.0/24".parse().unwrap()), "CA"),
            over(OverrideTarget::Network("168.63.129.16/32".parse().unwrap()), "NL"),
            over(OverrideTarget::Endpoints(Box::new(selector)), "JP"),
        ],
        ..GeoSettings::default()
    };
    let snapshot = world(vec![
        endpoint("gw", |e| {
            // Region and site disagree with the override and with each other.
            e.addresses = vec![address("91.198.174.192"), address("52.94.5.1")];
            e.site = Some(spanned("sjc1"));
            e.provider = Some("aws".into());
            e.region = Some(spanned("eu-west-1"));
        }),
        endpoint("inner", |e| e.addresses = vec![address("10.20.4.9")]),
    ]);
    let atlas = Atlas::new(&settings, Vec::new(), Vec::new(), TODAY).unwrap().with_snapshot(&snapshot, &settings, |s| {
        let id = s.id.as_ref().map(|i| i.value.clone());
        move |e| Some(&e.name) == id.as_ref()
    });
    check(&[("gw", "unicast JP by override"), ("inner", "unicast CA by override")], |n| locate(&snapshot, &atlas, n));
    let gw = locate(&snapshot, &atlas, "gw");
    assert_eq!(gw.conflict, None, "an override settles the matter");
    assert!(gw.evidence.iter().any(|e| e.matched == "sjc1"), "and the rest is kept as evidence");
    let known = known_places(&locate(&snapshot, &atlas, "inner"), &atlas);
    assert_eq!(
        (known[0].network.as_deref(), known[0].note.as_ref().map(ToString::to_string).as_deref()),
        (Some("10.20.4.0/24"), Some("the colo moved"))
    );
    assert_eq!(show(&atlas.locate_text("168.63.129.16")), "unicast NL by override");
    // Sites answer for addresses too, once the atlas knows them.
    assert_eq!(show(&atlas.locate_text("10.86.0.1")), "unicast CN-TJ by site");
    assert_eq!(show(&atlas.locate_text("10.86.7.0/24")), "unicast CN-TJ by site");
}

#[test]
fn known_places_carry_their_evidence() {
    let atlas = Atlas::embedded(TODAY);
    let known = known_places(&atlas.locate_text("221.122.88.70"), &atlas);
    let expected = KnownPlace {
        place: Some(place("CN").place),
        basis: "mmdb",
        matched: Some("DB-IP Lite Country".into()),
        network: known[0].network.clone(),
        data_set: Some("DB-IP Lite Country".into()),
        data_set_date: Some("2026-06-01".into()),
        note: None,
    };
    assert_eq!(known, [expected]);
    assert!(known[0].network.is_some());
    let nowhere = known_places(&atlas.locate_text("10.9.0.4"), &atlas);
    assert_eq!((nowhere.len(), nowhere[0].place.clone(), nowhere[0].basis), (1, None, "unknown"));
    let several = known_places(&atlas.locate_text("gcp/EUR5"), &atlas);
    assert!(
        several.len() == 2 && several[0].note.as_ref().unwrap().to_string().starts_with("any of BE, GB; storage"),
        "{several:?}"
    );
}

#[test]
fn data_sets_are_named_dated_hashed_and_marked_when_used() {
    let atlas = Atlas::embedded(TODAY);
    let used = |atlas: &Atlas| atlas.data_sets().into_iter().filter(|s| s.used).map(|s| s.name).collect::<Vec<_>>();
    assert!(used(&atlas).is_empty());
    atlas.locate_text("52.94.5.1");
    assert_eq!(used(&atlas), ["published cloud ranges"]);
    atlas.locate_text("91.198.174.192");
    assert_eq!(used(&atlas), ["published cloud ranges", "DB-IP Lite Country"]);
    for set in atlas.data_sets() {
        assert_eq!((set.sha256.len(), set.date.is_some()), (64, true), "{set:?}");
    }
    let dbip = &atlas.data_sets()[2];
    assert_eq!(dbip.attribution.as_deref(), Some("IP Geolocation by DB-IP (https://db-ip.com)"));
    // 173 days: a warning, and soon a gap. Ranges only warn.
    let aged: Vec<String> = atlas.data_sets().into_iter().filter_map(|d| d.age).map(|age| age.to_string()).collect();
    assert_eq!(
        aged,
        [
            "`published cloud ranges` was made 91 days before 2026-11-21 (2026-08-22)",
            "`DB-IP Lite Country` was made 173 days before 2026-11-21 (2026-06-01)",
        ]
    );
    let later = Atlas::embedded(date(2027, 1, 1));
    let stale = |atlas: &Atlas| (0..3).map(|i| atlas.is_stale(onshore::geo::DataSetId(i))).collect::<Vec<_>>();
    assert_eq!(stale(&atlas), [false, false, false]);
    assert_eq!(stale(&later), [false, false, true]);
    let patient = GeoSettings { max_age_days: Some(1000), warn_age_days: Some(900), ..GeoSettings::default() };
    let patient = Atlas::new(&patient, Vec::new(), Vec::new(), date(2027, 1, 1)).unwrap();
    assert_eq!(stale(&patient), [false, false, false]);
}

fn fixture(name: &str) -> DataFile {
    let bytes = std::fs::read(format!("{}/tests/data/mmdb/{name}.mmdb", env!("CARGO_MANIFEST_DIR"))).unwrap();
    DataFile { name: format!("{name}.mmdb"), bytes }
}

#[test]
fn the_users_files_come_first() {
    let feed = DataFile { name: "feed.csv".into(), bytes: b"91.198.174.0/24,CH,CH-ZH,Zurich,\n81.2.69.0/24,IE,,,\n".to_vec() };
    let databases = vec![fixture("GeoIP2-Country-Test"), fixture("GeoIP2-City-Test")];
    let atlas = Atlas::new(&GeoSettings::default(), databases, vec![feed], TODAY).unwrap();
    check(
        &[
            ("91.198.174.192", "unicast CH-ZH by range"),
            ("81.2.69.142", "unicast IE by range"),
            ("2.125.160.216", "unicast GB by mmdb"),
            (
                "214.1.1.1",
                "anycast - by -: 214.1.1.0/24 (GeoIP2-Country-Test.mmdb) is anycast: where data ends depends on the sender",
            ),
            ("2001:2e0::1", "unicast HK by mmdb"),
        ],
        |a| atlas.locate_text(a),
    );
    // Found without a country: the next database is asked, the first one's silence is evidence.
    let without = atlas.locate_text("2a02:d500::1");
    assert!(
        without
            .evidence
            .iter()
            .any(|e| e.places.is_empty() && e.note.as_ref().unwrap().to_string().starts_with("found without a country"))
    );
    let sets = atlas.data_sets();
    assert_eq!(sets[3].name, "feed.csv");
    assert_eq!((sets[4].kind.as_str(), sets[4].sha256.len()), ("mmdb", 64));
}

#[test]
fn all_errors_of_all_files_at_once() {
    let bad = |name: &str, text: &str| DataFile { name: name.into(), bytes: text.as_bytes().to_vec() };
    let databases = vec![bad("a.mmdb", "no"), fixture("GeoLite2-ASN-Test")];
    let ranges = vec![bad("b.csv", "1.0.0.0/24,UK,,,\n"), bad("c.csv", "")];
    let errors = Atlas::new(&GeoSettings::default(), databases, ranges, TODAY).map(|_| ()).unwrap_err();
    let files: Vec<&str> = errors.iter().map(|e| e.file.as_str()).collect();
    assert_eq!(files, ["b.csv", "c.csv", "a.mmdb", "GeoLite2-ASN-Test.mmdb"]);
    assert!(errors.iter().all(|e| !e.message.ends_with('.')));
}

/// Same address, any order of questions: same answer.
#[test]
fn answers_do_not_depend_on_history() {
    let a = Atlas::embedded(TODAY);
    let b = Atlas::embedded(TODAY);
    let addresses: Vec<IpAddr> = (0..2000_u32).map(|i| IpAddr::V4((i.wrapping_mul(2_147_001_325)).into())).collect();
    let forward: Vec<Geolocation> = addresses.iter().map(|i| a.locate_address(*i, None)).collect();
    let mut backward: Vec<Geolocation> = addresses.iter().rev().map(|i| b.locate_address(*i, None)).collect();
    backward.reverse();
    assert_eq!(forward, backward);
}

proptest::proptest! {
    /// Whatever people type: an answer or a reason, and never a place without evidence.
    #[test]
    fn any_text_is_answered(text in "(arn:aws[a-z:-]{0,20}|[a-z0-9.-]{0,40}\\.(amazonaws\\.com|cloudapp\\.azure\\.com|aliyuncs\\.com|gcr\\.io|pkg\\.dev)|[0-9a-f:./]{0,24}|\\PC{0,24})") {
        let geo = Atlas::embedded(TODAY).locate_text(&text);
        proptest::prop_assert!(!geo.places.is_empty() || geo.unknown.is_some(), "{text}");
        proptest::prop_assert!(geo.places.iter().all(|p| geo.evidence.iter().any(|e| e.places.contains(p))), "{text}");
        proptest::prop_assert_eq!(geo.basis.is_some(), !geo.places.is_empty());
    }
}
