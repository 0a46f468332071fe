use proptest::prelude::*;

use super::collect::{Collected, MAX_GENERATED, collect};
use super::record::Data;
use super::*;
use crate::source::{SourceId, Sources};

fn zone(files: &[(&str, &str)]) -> (Sources, Collected) {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(*path, *text);
    }
    let collected = collect(&sources, SourceId(0));
    (sources, collected)
}

/// What another implementation (the `domain` crate) reads: owner, type and data of each record that both look into.
fn oracle(text: &str) -> Vec<String> {
    use domain::base::iana::Class;
    use domain::rdata::ZoneRecordData as R;
    use domain::zonefile::inplace::{Entry, Zonefile};
    // It writes a space as `\ `, BIND and this reader as `\032`.
    let name = |n: &dyn std::fmt::Display| n.to_string().replace("\\ ", "\\032");
    let mut file = Zonefile::from(text.as_bytes());
    file.set_default_class(Class::IN);
    let mut records = Vec::new();
    while let Some(entry) = file.next_entry().expect(text) {
        let Entry::Record(record) = entry else { continue };
        let data = match record.data() {
            R::A(a) => a.addr().to_string(),
            R::Aaaa(a) => a.addr().to_string(),
            R::Cname(n) => format!("CNAME {}", name(n.cname())),
            R::Ns(n) => format!("NS {}", name(n.nsdname())),
            R::Mx(m) => format!("MX {} {}", m.preference(), name(m.exchange())),
            R::Srv(s) => format!("SRV {} {} {} {}", s.priority(), s.weight(), s.port(), name(s.target())),
            _ => continue,
        };
        records.push(format!("{} {data}", name(record.owner())).to_ascii_lowercase());
    }
    records
}

fn ours(text: &str) -> Vec<String> {
    let (_, zone) = zone(&[("x", text)]);
    assert!(zone.unclear.is_empty(), "{:?}\n{text}", zone.unclear);
    let show = |name: &str| if name.is_empty() { ".".to_owned() } else { name.to_owned() };
    let records = zone.records.iter().filter_map(|r| {
        let data = match &r.data {
            Data::Address(ip) => ip.to_string(),
            Data::Cname(n) => format!("cname {}", show(n)),
            Data::Ns(n) => format!("ns {}", show(n)),
            Data::Mx { preference, target } => format!("mx {preference} {}", show(target)),
            Data::Srv { priority, weight, port, target } => format!("srv {priority} {weight} {port} {}", show(target)),
            _ => return None,
        };
        Some(format!("{} {data}", show(&r.owner)))
    });
    records.collect()
}

/// A name as a zone may write it.
fn any_name() -> impl Strategy<Value = String> {
    let label = "[a-zA-Z0-9_]([a-zA-Z0-9-]{0,6}[a-z0-9])?|\\\\[.;(\" ][a-z]|\\\\0(49|98)x";
    let labels = proptest::collection::vec(label, 1..4).prop_map(|l| l.join("."));
    prop_oneof![
        4 => labels.clone(),
        2 => labels.clone().prop_map(|n| format!("{n}.")),
        1 => labels.prop_map(|n| format!("*.{n}")),
        1 => Just("@".to_owned()),
    ]
}

/// The oracle takes `@` in data and in `$ORIGIN` for a label, against RFC 1035 section 5.1; see [`the_origin_in_data`].
fn any_target() -> impl Strategy<Value = String> {
    any_name().prop_filter("`@` is tested apart", |n| n != "@")
}

fn any_data() -> impl Strategy<Value = Vec<String>> {
    let word = |s: &str| s.to_owned();
    prop_oneof![
        any::<u32>().prop_map(move |ip| vec![word("A"), std::net::Ipv4Addr::from(ip).to_string()]),
        any::<u128>().prop_map(move |ip| vec![word("aaaa"), std::net::Ipv6Addr::from(ip).to_string()]),
        any_target().prop_map(move |n| vec![word("CNAME"), n]),
        any_target().prop_map(move |n| vec![word("NS"), n]),
        (any::<u16>(), any_target()).prop_map(move |(p, n)| vec![word("MX"), p.to_string(), n]),
        (any::<[u16; 3]>(), any_target()).prop_map(move |(n, t)| vec![
            word("Srv"),
            n[0].to_string(),
            n[1].to_string(),
            n[2].to_string(),
            t
        ]),
        Just(vec![word("SRV"), word("0"), word("0"), word("0"), word(".")]),
        "[ -!#-\\[\\]-~]{0,12}".prop_map(move |t| vec![word("TXT"), format!("\"{t}\""), word("\"x\\\"y\"")]),
    ]
}

/// One record: `None` for the owner repeats the last one; `layout` spreads the data over lines.
fn any_record() -> impl Strategy<Value = String> {
    let front = proptest::sample::select(vec!["", "IN ", "300 ", "300 IN ", "in\t60 "]);
    (proptest::option::weighted(0.7, any_name()), front, any_data(), 0..4_u8).prop_map(|(owner, front, data, layout)| {
        let (kind, data) = data.split_first().expect("a type");
        let data = match layout {
            0 => data.join(" "),
            1 => format!("( {} )", data.join("\n  ; a ) in a comment\n\t")),
            2 => format!("{} ; \"comment (", data.join("\t")),
            _ => format!("(\n{}\n)", data.join(" ")),
        };
        format!("{} {front}{kind} {data}\n", owner.unwrap_or_default())
    })
}

fn any_zone() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        12 => any_record(),
        1 => any_target().prop_map(|n| format!("$ORIGIN {n}\n")),
        1 => Just("$TTL 60\n".to_owned()),
        1 => Just("\n  ; nothing\n".to_owned()),
    ];
    proptest::collection::vec(line, 0..20)
        .prop_map(|lines| format!("$ORIGIN Example.org.\n$TTL 300\nfirst IN A 192.0.2.1\n{}", lines.concat()))
}

/// Text that looks like a zone often enough to get anywhere.
fn any_mess() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        any_record(),
        proptest::sample::select(vec![
            "$ORIGIN ",
            "$GENERATE 0-9 a$ A 10.0.0.$\n",
            "$INCLUDE x\n",
            "$INCLUDE y z\n",
            "(",
            ")",
            "\"",
            "\\",
            ";",
            "\n",
            " ",
            "${",
            "HTTPS 1 . port=",
            "ipv4hint=1.2.3.4,",
            "\\#",
            "SOA",
            "\u{feff}",
            "上海",
            "\r\n",
            "\0",
            "TYPE65 ",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    proptest::collection::vec(word, 0..30).prop_map(|words| words.concat())
}

/// Whether a record must show in the facts.
fn leads(record: &record::Record) -> bool {
    let somewhere = match &record.data {
        Data::Inert | Data::Soa => false,
        Data::Mx { target, .. } | Data::Srv { target, .. } => !target.is_empty(),
        Data::Service { target, hints, .. } => !hints.is_empty() || (!target.is_empty() && *target != record.owner),
        _ => true,
    };
    somewhere && !record.owner.ends_with(".arpa")
}

proptest! {
    #[test]
    fn records_equal_those_of_another_implementation(text in any_zone()) {
        prop_assert_eq!(ours(&text), oracle(&text));
    }

    #[test]
    fn any_text_gives_facts_with_spans_inside_it(text in any_mess(), other in any_mess()) {
        let mut sources = Sources::default();
        for (path, text) in [("m.zone", &text), ("x", &other), ("y", &text)] {
            sources.add(path, text.as_str());
        }
        Zone.recognize("m.zone", &text);
        let reading = Zone.read(&Input::new(&sources, SourceId(0)));
        let facts = &reading.facts;
        let addresses = facts.endpoints.iter().flat_map(|e| e.addresses.iter().map(|a| a.location));
        let locations = facts.endpoints.iter().map(|e| e.location).chain(facts.routes.iter().map(|r| r.location));
        for at in locations.chain(addresses).chain(facts.gaps.iter().map(|g| g.location)) {
            prop_assert!(sources.get(at.source).text.get(at.span.range()).is_some(), "{at:?} of {text:?}");
        }
        // No record that leads somewhere vanishes.
        let (_, zone) = zone(&[("m.zone", &text), ("x", &other), ("y", &text)]);
        for record in zone.records.iter().filter(|r| leads(r)) {
            let ids = [record.owner.clone(), format!("*.{}", record.owner), format!("mx:{}", record.owner), format!("ns:{}", record.owner)];
            let found = facts.endpoints.iter().any(|e| {
                ids.iter().any(|id| e.id.as_ref() == Some(id) || e.names.iter().any(|n| n.value == *id))
            });
            prop_assert!(found, "{record:?} of {text:?}");
        }
    }
}

#[test]
fn the_origin_in_data() {
    let (_, zone) = zone(&[("x", "$ORIGIN Example.org.\na SRV 0 0 1 @\nb CNAME @\n")]);
    let srv = Data::Srv { priority: 0, weight: 0, port: 1, target: "example.org".to_owned() };
    assert_eq!(zone.records[0].data, srv);
    assert_eq!(zone.records[1].data, Data::Cname("example.org".to_owned()));
}

#[test]
fn generate_is_bounded() {
    let (_, zone) = zone(&[("x.zone", &"$GENERATE 0-4294967295 a$ A 10.0.0.1\n".repeat(50))]);
    assert_eq!(zone.records.len(), MAX_GENERATED as usize);
    assert_eq!(zone.unclear.len(), 50);
    assert!(zone.unclear.iter().all(|u| u.code == "too-many-records" && u.owner.is_none()));
}

#[test]
fn includes_are_bounded() {
    let files: Vec<(String, String)> =
        (0..20).map(|i| (format!("{i}"), format!("$INCLUDE {}\n", i + 1).repeat(10) + "a. A 10.0.0.1\n")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let (_, zone) = zone(&files);
    assert!(zone.entries < 400_000, "{}", zone.entries);
    assert!(zone.unclear.iter().any(|u| u.message.contains("nested too deeply")));
    assert!(zone.unclear.iter().any(|u| u.message.contains("larger than 64 MiB")));
}

#[test]
fn bad_lines_are_told_up_to_a_bound() {
    let (_, zone) = zone(&[("x", &"relative A 10.0.0.1\n".repeat(1000))]);
    assert_eq!(zone.unclear.len(), 51);
    assert_eq!(zone.unclear[50].message, "950 further lines of this zone are not understood");
}

#[test]
fn an_unclosed_parenthesis_costs_one_line() {
    let (_, zone) = zone(&[("x.zone", &"a ( A 10.0.0.1\nb A 10.0.0.2\n".repeat(50_000))]);
    assert_eq!(zone.unclear.len(), 1);
    assert_eq!(zone.records.len(), 99_999);
}

#[test]
fn a_broken_owner_does_not_lend_its_lines_to_the_one_before() {
    let (_, zone) = zone(&[("x.zone", "a A 10.0.0.1\n..b A 10.0.0.2\n  A 10.0.0.3\n")]);
    assert_eq!(zone.records.len(), 1);
    assert_eq!(zone.unclear.len(), 2);
}
