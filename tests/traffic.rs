//! Observed traffic: what readers get out of logs that nobody here wrote (`../shared/corpus`), what a tally does not depend on, and
//! what a person sees (`tests/traffic/*/expected.txt`; `ONSHORE_BLESS=1 cargo test --test traffic` rewrites it: read it then).
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it reads and writes what it compares"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use onshore::geo::Atlas;
use onshore::model::Snapshot;
use onshore::traffic::flow::{End, Flow, Odd, Sink};
use onshore::traffic::open::{self, Input};
use onshore::traffic::read::{self, Hints};
use onshore::traffic::{Labels, Reading, Tally, count};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A case of the corpus, if it is there.
fn corpus(case: &str) -> Option<PathBuf> {
    let folder = root().join("../shared/corpus").join(case).join("raw");
    let there = folder.is_dir();
    if !there {
        println!("skipped: {} is not there", folder.display());
    }
    there.then_some(folder)
}

/// Everything a reader gives.
#[derive(Default)]
struct Rows {
    flows: Vec<(u64, Flow)>,
    odd: Vec<(u64, Odd)>,
    /// By flow: how the log tells its ends, where not by addresses only.
    ends: BTreeMap<usize, [String; 2]>,
    format: Option<&'static str>,
    broken: bool,
}

impl Sink for Rows {
    fn flow(&mut self, row: u64, flow: Flow) {
        self.flows.push((row, flow));
    }
    fn between(&mut self, row: u64, flow: Flow, from: End<'_>, to: End<'_>) {
        self.ends.insert(self.flows.len(), [from, to].map(|end| format!("{end:?}")));
        self.flows.push((row, flow));
    }
    fn odd(&mut self, row: u64, odd: Odd) {
        self.odd.push((row, odd));
    }
}

impl Rows {
    fn of(bytes: &[u8], columns: &str) -> Self {
        let mut hints = Hints::default();
        match columns.strip_prefix("access ") {
            Some(format) => hints.access.push(read::Template::parse(format).unwrap()),
            None if columns.is_empty() => {}
            None => hints.columns = columns.parse().unwrap(),
        }
        let mut rows = Self::default();
        let Ok((format, mut log)) = open::unpack(bytes).and_then(|log| read::recognize(log, &hints, None)) else {
            return Self { broken: true, ..rows };
        };
        let Some(format) = format else { return rows };
        rows.format = Some(format.name());
        rows.broken = format.read(&mut log, &hints, &mut rows).is_err();
        rows
    }

    fn file(path: &Path) -> Self {
        Self::of(&std::fs::read(path).unwrap(), "")
    }

    fn whole(self, format: &str) -> Self {
        assert_eq!((self.format, self.broken), (Some(format), false));
        self
    }

    fn bytes(&self, wanted: impl Fn(&Flow) -> bool) -> u64 {
        self.flows.iter().filter(|(_, f)| wanted(f)).filter_map(|(_, f)| f.bytes).sum()
    }

    fn rows(&self) -> usize {
        let rows = self.flows.iter().map(|(r, _)| r).chain(self.odd.iter().map(|(r, _)| r));
        rows.collect::<BTreeSet<_>>().len()
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn labels() -> &'static Labels {
    static LABELS: LazyLock<Labels> =
        LazyLock::new(|| Labels::new(&Atlas::embedded("2026-11-22".parse().unwrap()), &Snapshot::default()).unwrap());
    &LABELS
}

/// Public unicast, as the labels have it.
fn is_public(labels: &Labels, address: IpAddr) -> bool {
    let party = labels.party(labels.find(address, 0));
    !party.local && !party.is_own()
}

#[test]
fn corpus_vpc_v2_header() {
    let Some(folder) = corpus("flow-logs/vpc-v2-header") else { return };
    let rows = Rows::file(&folder.join("valid_vpc_flow_log_multi.log")).whole("aws-flow-log");
    // Fact 1, trap 1: two records, the last without a line end; trap 2: what was refused carried nothing.
    let [(2, ssh), (3, rdp)] = rows.flows.as_slice() else { panic!("{:?}", rows.flows) };
    assert_eq!((ssh.from, ssh.from_port, ssh.to, ssh.to_port), (ip("172.31.16.139"), 20641, ip("172.31.16.21"), 22));
    assert_eq!((ssh.protocol, ssh.packets, ssh.bytes, ssh.refused), (6, Some(20), Some(4249), false));
    assert_eq!((rdp.from, rdp.to, rdp.to_port, rdp.refused), (ip("172.31.9.69"), ip("172.31.9.12"), 3389, true));
    // Fact 2: nothing crosses a border.
    let labels = labels();
    assert!(rows.flows.iter().all(|(_, f)| !is_public(labels, f.from) && !is_public(labels, f.to)));
    // Fact 3: a row that lacks a field has its line, and is no end.
    let short = Rows::file(&folder.join("vpc_flow_log_too_few_fields.log")).whole("aws-flow-log");
    assert_eq!((short.flows.len(), short.odd.as_slice()), (0, &[(2, Odd::Unparsable)][..]));
}

#[test]
fn corpus_vpc_opensearch() {
    let Some(folder) = corpus("flow-logs/vpc-opensearch-json") else { return };
    let rows = Rows::file(&folder.join("sample.json")).whole("aws-flow-log-json");
    // Facts 1 and 2: 22 documents with one and the same record. The parsed fields of every other one have it the other way round
    // (which the facts do not say): those are told.
    assert_eq!((rows.flows.len(), rows.odd.len()), (22, 11));
    let same = |f: &Flow| {
        (f.from, f.to, f.from_port, f.to_port, f.packets, f.bytes, f.first)
            == (ip("162.142.125.177"), ip("10.0.0.200"), 38471, 12313, Some(1), Some(44), Some(1_674_898_496))
    };
    assert!(rows.flows.iter().all(|(_, f)| same(f)));
    // Fact 4: the direction alternates, with the fields; the record has none.
    let ingress = rows.flows.iter().filter(|(_, f)| f.ours == Some(false)).count();
    assert_eq!((ingress, rows.flows.iter().filter(|(_, f)| f.ours == Some(true)).count()), (11, 0));
    // Trap 1: one destination, however many rows.
    assert_eq!(rows.flows.iter().map(|(_, f)| f.to).collect::<BTreeSet<_>>().len(), 1);
}

#[test]
fn corpus_zeek_ssh() {
    let Some(folder) = corpus("zeek/btest-ssh") else { return };
    // Trap 2: a comment of another tool comes first.
    let rows = Rows::file(&folder.join("conn.log")).whole("zeek");
    // Fact 1.
    assert_eq!((rows.rows(), rows.odd.len()), (25, 0));
    let there: Vec<&Flow> = rows.flows.iter().map(|(_, f)| f).filter(|f| !f.answers()).collect();
    assert_eq!(there.iter().filter(|f| f.protocol == 6).count(), 23);
    assert_eq!(there.iter().filter(|f| f.protocol == 17).count(), 2);
    let labels = labels();
    let public: BTreeSet<IpAddr> = there.iter().map(|f| f.to).filter(|a| is_public(labels, *a)).collect();
    let sent = |to: &str| rows.bytes(|f| f.to == ip(to) && !f.answers());
    let expected = [
        ("131.103.20.168", 11_839),
        ("128.2.10.238", 11_700),
        ("128.2.13.133", 6_471),
        ("128.2.6.88", 3_813),
        ("131.159.21.1", 2_669),
    ];
    assert_eq!(public, expected.iter().map(|(a, _)| ip(a)).collect());
    for (address, bytes) in expected {
        assert_eq!(sent(address), bytes, "{address}");
    }
    // Fact 2.
    let to_public = there.iter().filter(|f| is_public(labels, f.to));
    assert!(to_public.clone().all(|f| f.to_port == if f.to == ip("128.2.6.88") { 41644 } else { 22 }));
    // Trap 1: a masked time is unknown, the flow is there.
    assert!(rows.flows.iter().all(|(_, f)| f.first.is_none() && f.last.is_none()));
}

#[test]
fn corpus_zeek_lab() {
    let Some(folder) = corpus("zeek/lab-lsass") else { return };
    let rows = Rows::file(&folder.join("conn.log")).whole("zeek");
    let there: Vec<&Flow> = rows.flows.iter().map(|(_, f)| f).filter(|f| !f.answers()).collect();
    // Fact 1.
    let by_protocol = |n: u8| there.iter().filter(|f| f.protocol == n).count();
    assert_eq!((rows.rows(), by_protocol(17), by_protocol(6), by_protocol(1)), (112, 74, 37, 1));
    assert_eq!(there.iter().filter(|f| f.from.is_ipv6()).count(), 8);
    // Fact 2.
    let labels = labels();
    assert!(there.iter().all(|f| !is_public(labels, f.to)), "all receivers are private or multicast");
    // Fact 3: unset is not zero, but no packet carries nothing.
    let unset = |f: &&&Flow| f.bytes.is_none();
    assert!(there.iter().filter(unset).count() > 0 || rows.flows.iter().any(|(_, f)| f.bytes.is_none()));
    // Trap 1.
    assert!(there.iter().any(|f| f.ours == Some(true)));
    // Another log of Zeek is no connection log.
    assert_eq!(Rows::file(&folder.join("dns.log")).format, None);
}

#[test]
fn corpus_netflow_mx80() {
    let Some(folder) = corpus("netflow/v5-juniper-mx80") else { return };
    let rows = Rows::file(&folder.join("netflow5_test_juniper_mx80.dat")).whole("netflow");
    // Fact 1.
    assert_eq!(rows.flows.len(), 29);
    assert!(rows.flows.iter().all(|(_, f)| f.first.is_some_and(|t| (1_469_100_000..1_469_109_173).contains(&t))));
    // Facts 2 and 3: one packet in a thousand was looked at.
    assert_eq!(rows.bytes(|_| true), 3_989_000);
    let pair = |from: &str, to: &str| rows.bytes(|f| f.from == ip(from) && f.to == ip(to)) / 1000;
    assert_eq!(pair("10.0.0.1", "192.168.0.2"), 1500);
    assert_eq!(pair("10.0.2.1", "192.168.0.1"), 1033);
    assert_eq!(pair("66.249.66.180", "192.168.0.1"), 208);
    assert_eq!(pair("66.249.66.138", "192.168.0.1"), 156);
    // Fact 4, trap 1: all that is public comes in.
    let labels = labels();
    let public = |a: IpAddr| is_public(labels, a);
    assert_eq!(rows.flows.iter().map(|(_, f)| f.from).filter(|a| public(*a)).collect::<BTreeSet<_>>().len(), 17);
    assert!(!rows.flows.iter().any(|(_, f)| public(f.to)));
}

#[test]
fn corpus_netflow_virtualbox() {
    let Some(folder) = corpus("netflow/v5-virtualbox") else { return };
    let rows = Rows::file(&folder.join("netflow5.dat")).whole("netflow");
    // Fact 1: 13 packets one after the other.
    assert_eq!((rows.flows.len(), rows.bytes(|_| true)), (30, 18_684));
    // Fact 2.
    assert_eq!(rows.bytes(|f| (f.from, f.to) == (ip("10.0.2.15"), ip("10.0.2.2"))), 11_580);
    assert_eq!(rows.bytes(|f| (f.from, f.to) == (ip("10.0.2.2"), ip("10.0.2.15"))), 7_104);
    // What breaks off is told, and what came before is there.
    let bytes = std::fs::read(folder.join("netflow5.dat")).unwrap();
    let cut = Rows::of(&bytes[..bytes.len() - 10], "");
    assert!(cut.broken && cut.flows.len() == 29, "{}", cut.flows.len());
}

#[test]
fn formats_by_their_own_samples() {
    // (log, columns, format, flows as "from>to bytes opened-by-receiver")
    let flow = |f: &Flow| {
        format!(
            "{}:{}>{}:{} {}{}",
            f.from,
            f.from_port,
            f.to,
            f.to_port,
            f.bytes.map_or("?".into(), |b| b.to_string()),
            if f.answers() { " answer" } else { "" }
        )
    };
    let cases: &[(&str, &str, &str, &[&str], usize)] = &[
        (
            "2 123456789010 eni-1235b8ca123456789 172.31.16.139 52.1.1.1 20641 443 6 20 4249 1418530010 1418530070 ACCEPT OK\n",
            "",
            "aws-flow-log",
            &["172.31.16.139:20641>52.1.1.1:443 4249"],
            0,
        ),
        (
            "srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes log-status\n10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 7 OK\n- - - - - SKIPDATA\n10.0.0.1 x - - 1 OK\n",
            "",
            "aws-flow-log",
            &["10.0.1.5:0>203.0.113.5:0 7"],
            2,
        ),
        (
            "version resource-type account-id tgw-id tgw-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type\n6 TransitGateway 1 tgw-1 tgw-attach-1 10.40.2.1 10.41.1.1 8000 443 6 10 9000 1600000000 1600000060 OK IPv4\n",
            "",
            "aws-flow-log",
            &["10.40.2.1:8000>10.41.1.1:443 9000"],
            0,
        ),
        (
            "{\"ts\":1591367999.3,\"uid\":\"C5\",\"id.orig_h\":\"192.168.4.76\",\"id.orig_p\":36844,\"id.resp_h\":\"192.168.4.1\",\"id.resp_p\":53,\"proto\":\"udp\",\"orig_bytes\":62,\"resp_bytes\":141,\"conn_state\":\"SF\",\"orig_pkts\":2,\"resp_pkts\":2}\n",
            "",
            "zeek-json",
            &["192.168.4.76:36844>192.168.4.1:53 62", "192.168.4.1:53>192.168.4.76:36844 141 answer"],
            0,
        ),
        (
            "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt\n2011-01-07 14:25:02,2011-01-07 14:25:03,1.0,10.0.0.1,1.2.3.4,50000,80,TCP,.AP.SF,0,0,4,440,3,1200\nSummary\nflows,bytes\n1,440\n",
            "",
            "nfdump-csv",
            &["10.0.0.1:50000>1.2.3.4:80 440", "1.2.3.4:80>10.0.0.1:50000 1200 answer"],
            0,
        ),
        (
            "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n2023-01-28 09:34:56.000,0.1,UDP,10.0.0.1,5000,2001:db8::1,53,1,70,1\n",
            "",
            "nfdump-csv",
            &["10.0.0.1:5000>2001:db8::1:53 70"],
            0,
        ),
        (
            "[{\"type\":\"FLOW\",\"first\":\"2023-01-28T09:34:56.000\",\"last\":\"2023-01-28T09:34:57.000\",\"in_packets\":2,\"in_bytes\":300,\"proto\":6,\"src4_addr\":\"10.0.0.1\",\"dst4_addr\":\"1.2.3.4\",\"src_port\":5000,\"dst_port\":443}]",
            "",
            "nfdump-json",
            &["10.0.0.1:5000>1.2.3.4:443 300"],
            0,
        ),
        (
            "who,whom,octets,when\n10.0.0.1,1.2.3.4,\"12\",2023-01-28T09:34:56Z\n10.0.0.1,?,1,1\n",
            "from=who,to=whom,bytes=octets,first=when",
            "csv",
            &["10.0.0.1:0>1.2.3.4:0 12"],
            1,
        ),
        (
            "{\"insertId\":\"1\",\"jsonPayload\":{\"bytes_sent\":\"1776\",\"connection\":{\"dest_ip\":\"10.2.0.3\",\"dest_port\":50000,\"protocol\":6,\"src_ip\":\"203.0.114.9\",\"src_port\":443},\"packets_sent\":\"7\",\"reporter\":\"DEST\",\"start_time\":\"2023-01-28T09:34:56.1Z\",\"end_time\":\"2023-01-28T09:34:57.1Z\"}}\n",
            "",
            "gcp-flow-log",
            &["203.0.114.9:443>10.2.0.3:50000 1776 answer"],
            0,
        ),
        (
            "{\"records\":[{\"time\":\"2018-11-13T12:00:35Z\",\"properties\":{\"Version\":2,\"flows\":[{\"rule\":\"r\",\"flows\":[{\"mac\":\"m\",\"flowTuples\":[\"1542110437,10.5.16.4,13.67.143.118,44931,443,T,O,A,E,1,66,9,588\",\"1542110402,94.102.49.190,10.5.16.4,28746,443,U,I,D,B,,,,\"]}]}]}}]}",
            "",
            "azure-flow-log",
            &[
                "10.5.16.4:44931>13.67.143.118:443 66",
                "13.67.143.118:443>10.5.16.4:44931 588 answer",
                "94.102.49.190:28746>10.5.16.4:443 ?",
            ],
            0,
        ),
        (
            "{\"records\":[{\"time\":\"2022-09-14T09:00:52Z\",\"flowRecords\":{\"flows\":[{\"aclID\":\"a\",\"flowGroups\":[{\"rule\":\"r\",\"flowTuples\":[\"1663146003599,10.0.0.6,52.239.184.180,23956,443,6,O,E,NX,3,767,2,1580\"]}]}]}}]}",
            "",
            "azure-flow-log",
            &["10.0.0.6:23956>52.239.184.180:443 767", "52.239.184.180:443>10.0.0.6:23956 1580 answer"],
            0,
        ),
        (
            "https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 \"GET https://www.example.com:443/ HTTP/1.1\" \"curl/7.46.0\" ECDHE TLSv1.2 arn\nhttp 2018-11-30T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 - 0.000 0.001 0.000 502 - 34 366 \"GET http://www.example.com:80/ HTTP/1.1\" \"curl/7.46.0\" - - arn\n",
            "",
            "elb-access-log",
            &["192.168.131.39:2817>10.0.0.1:80 0", "10.0.0.1:80>192.168.131.39:2817 57 answer"],
            1,
        ),
    ];
    for (log, columns, format, flows, odd) in cases {
        let rows = Rows::of(log.as_bytes(), columns);
        assert_eq!((rows.format, rows.broken), (Some(*format), false), "{log}");
        let found: Vec<String> = rows.flows.iter().map(|(_, f)| flow(f)).collect();
        assert_eq!((found.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), rows.odd.len()), (*flows, *odd), "{log}");
    }
    let vnet = Rows::of(cases[10].0.as_bytes(), "");
    assert_eq!(vnet.flows[0].1.first, Some(1_663_146_003));
    let refused = Rows::of(cases[9].0.as_bytes(), "");
    assert!(refused.flows[2].1.refused);
    for other in ["a b c\n", "{\"a\":1}", "", "PK\u{3}\u{4}", "#fields a b\n", "srcaddr\n"] {
        assert_eq!(Rows::of(other.as_bytes(), "").format, None, "{other}");
    }
}

/// Numbers of two bytes, as network order has them.
fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}

#[test]
fn netflow_by_templates() {
    // Template 256: source, destination, ports, protocol, bytes, packets, first and last by the exporter's clock.
    let fields = [8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 4, 2, 4, 22, 4, 21, 4];
    let template = [words(&[0, 8 + 9 * 4, 256, 9]), words(&fields)].concat();
    let record = [
        &[10, 0, 0, 1, 1, 2, 3, 4, 0xc0, 0, 1, 0xbb, 6, 0, 0, 2, 0, 0, 0, 0, 3][..],
        &1000_u32.to_be_bytes(),
        &2000_u32.to_be_bytes(),
    ]
    .concat();
    // Two bytes of padding.
    let data = [words(&[256, 4 + 29 + 3]), record.clone(), vec![0; 3]].concat();
    let header_9 = |count: u16| {
        [words(&[9, count]), 5000_u32.to_be_bytes().to_vec(), 1_700_000_000_u32.to_be_bytes().to_vec(), vec![0; 8]].concat()
    };
    let packet = [header_9(2), template.clone(), data.clone()].concat();
    let rows = Rows::of(&[packet.clone(), header_9(1), data.clone()].concat(), "").whole("netflow");
    assert_eq!((rows.flows.len(), rows.odd.len()), (2, 0), "the template holds for later packets");
    let (_, flow) = rows.flows[1];
    assert_eq!((flow.from, flow.from_port, flow.to, flow.to_port), (ip("10.0.0.1"), 49152, ip("1.2.3.4"), 443));
    assert_eq!((flow.protocol, flow.bytes, flow.packets), (6, Some(512), Some(3)));
    assert_eq!((flow.first, flow.last), (Some(1_699_999_996), Some(1_699_999_997)));
    // Without the template the records are there and cannot be read.
    let lost = Rows::of(&[header_9(1), data].concat(), "").whole("netflow");
    assert_eq!((lost.flows.len(), lost.odd.len()), (0, 1));

    // IPFIX: IPv6, milliseconds, a name of variable length, a maker's own element, bytes of the way back (RFC 5103).
    let template = [
        words(&[2, 8 + 5 * 4 + 2 * 8, 300, 7, 27, 16, 28, 16, 152, 8, 82, 65535, 1, 8]),
        words(&[0x8000 | 77, 2, 0, 9]),
        words(&[0x8000 | 1, 4, 0, 29305]),
    ]
    .concat();
    let record = [
        "2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec(),
        "2001:db8::2".parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec(),
        1_700_000_000_123_u64.to_be_bytes().to_vec(),
        b"\x03eth".to_vec(),
        700_u64.to_be_bytes().to_vec(),
        vec![1, 2],
        90_u32.to_be_bytes().to_vec(),
    ]
    .concat();
    let set = [words(&[300, 4 + record.len() as u16]), record].concat();
    let length = (16 + template.len() + set.len()) as u16;
    let packet_10 = [words(&[10, length]), vec![0; 12], template, set].concat();
    let rows = Rows::of(&[packet_10.clone(), packet].concat(), "").whole("netflow");
    let found: Vec<(IpAddr, Option<u64>, Option<i64>)> = rows.flows.iter().map(|(_, f)| (f.from, f.bytes, f.first)).collect();
    let time = Some(1_700_000_000);
    let expected = [
        (ip("2001:db8::1"), Some(700), time),
        (ip("2001:db8::2"), Some(90), time),
        (ip("10.0.0.1"), Some(512), Some(1_699_999_996)),
    ];
    assert_eq!(found, expected);
    for end in 2..packet_10.len() {
        let cut = Rows::of(&packet_10[..end], "");
        assert!(cut.flows.is_empty() && (cut.broken || cut.format.is_none()), "cut at {end}");
    }
}

/// `client>here 12`: who, to whom, and how many bytes; names as the log has them.
fn conversations(rows: &Rows) -> Vec<String> {
    let end = |i: usize, side: usize, ip: IpAddr, port: u16| match rows.ends.get(&i).map(|ends| ends[side].as_str()) {
        None | Some("Address") => format!("{}:{port}", ip),
        Some(other) => other.to_owned(),
    };
    let flow = |(i, (_, f)): (usize, &(u64, Flow))| {
        let answer = if f.answers() { " answer" } else { "" };
        let bytes = f.bytes.map_or("?".into(), |b| b.to_string());
        format!("{} > {} {bytes}{answer}", end(i, 0, f.from, f.from_port), end(i, 1, f.to, f.to_port))
    };
    rows.flows.iter().enumerate().map(flow).collect()
}

/// A client and the machine that keeps the log, that machine and whoever it asked.
#[test]
fn access_logs() {
    // (log, --columns or `access` and a format, format, flows, other rows)
    let cases: &[(&str, &str, &str, &[&str], usize)] = &[
        // nginx and Apache httpd: no server is told, bodies only.
        (
            "203.0.113.9 - - [28/Jan/2023:10:34:56 +0100] \"GET /a HTTP/1.1\" 200 612 \"-\" \"curl/8.0\"\n\
             2001:db8::7 - eve [28/Jan/2023:09:34:56 +0000] \"GET /b HTTP/1.1\" 304 0 \"-\" \"a \\x22b\\x22 \"\nrubbish\n",
            "",
            "combined-access-log",
            &[
                "203.0.113.9:0 > Here(\"\") ?",
                "Here(\"\") > 203.0.113.9:0 612 answer",
                "2001:db8::7:0 > Here(\"\") ?",
                "Here(\"\") > 2001:db8::7:0 ? answer",
            ],
            1,
        ),
        // A log_format with upstreams: one that failed, the next, and one after an internal redirection; a group of which none was asked.
        (
            "203.0.113.9:50123 10.0.0.2 1674898496.123 500 9000 [10.1.0.1:80, 10.1.0.2:80 : [2001:db8::5]:80] [400, 410 : 420] [0, 8000 : 7]\n\
             203.0.113.9:50124 10.0.0.2 1674898497.000 500 300 [media] [-] [-]\n\
             unix:: 10.0.0.2 1674898497.000 500 300 [unix:/run/app.sock] [7] [9]\n",
            "access $remote_addr:$remote_port $server_addr $msec $request_length $bytes_sent [$upstream_addr] [$upstream_bytes_sent] [$upstream_bytes_received]",
            "access-log",
            &[
                "203.0.113.9:50123 > 10.0.0.2:0 500",
                "10.0.0.2:0 > 203.0.113.9:50123 9000 answer",
                "10.0.0.2:0 > 10.1.0.1:80 400",
                "10.1.0.1:80 > 10.0.0.2:0 0 answer",
                "10.0.0.2:0 > 10.1.0.2:80 410",
                "10.1.0.2:80 > 10.0.0.2:0 8000 answer",
                "10.0.0.2:0 > 2001:db8::5:80 420",
                "2001:db8::5:80 > 10.0.0.2:0 7 answer",
                "203.0.113.9:50124 > 10.0.0.2:0 500",
                "10.0.0.2:0 > 203.0.113.9:50124 300 answer",
                "10.0.0.2:0 > 10.0.0.2:0 500",
                "10.0.0.2:0 > 10.0.0.2:0 300 answer",
            ],
            0,
        ),
        // HAProxy: HTTP and TCP, with and without captures and syslog's head; names of servers; its own news.
        (
            "Feb  6 12:14:14 lb1 haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in~ static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {a.example} {} \"GET /index.html HTTP/1.1\"\n\
             haproxy[14389]: 10.0.1.2:33318 [06/Feb/2009:12:14:15.655] http-in http-in/<NOSRV> 10/-1/-1/-1/10 503 +212 - - SC-- 1/1/1/1/0 0/0 \"GET / HTTP/1.1\"\n\
             haproxy[14387]: 2001:db8::1:8080 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0\n\
             haproxy[1]: Server bck/srv1 is DOWN, reason: Layer4 timeout.\nhaproxy[1]: 10.0.1.2:1 [06/Feb/2009:12:12:51.443] fnt/1: SSL handshake failure\n",
            "",
            "haproxy-log",
            &[
                "10.0.1.2:33317 > Here(\"http-in\") ?",
                "Here(\"http-in\") > 10.0.1.2:33317 2750 answer",
                "Here(\"http-in\") > Named(\"static/srv1\", \"static\") ?",
                "Named(\"static/srv1\", \"static\") > Here(\"http-in\") ? answer",
                "10.0.1.2:33318 > Here(\"http-in\") ?",
                "Here(\"http-in\") > 10.0.1.2:33318 212 answer",
                "2001:db8::1:8080 > Here(\"fnt\") ?",
                "Here(\"fnt\") > 2001:db8::1:8080 212 answer",
                "Here(\"fnt\") > Named(\"bck/srv1\", \"bck\") ?",
                "Named(\"bck/srv1\", \"bck\") > Here(\"fnt\") ? answer",
            ],
            2,
        ),
        // A log-format of HAProxy with addresses.
        (
            "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] 10.0.0.9:443 10.3.0.1:8000 120 2750 \"GET / HTTP/1.1\"\n",
            "access %ci:%cp [%tr] %fi:%fp %si:%sp %U %B %{+Q}r",
            "access-log",
            &[
                "10.0.1.2:33317 > 10.0.0.9:443 120",
                "10.0.0.9:443 > 10.0.1.2:33317 2750 answer",
                "10.0.0.9:0 > 10.3.0.1:8000 ?",
                "10.3.0.1:8000 > 10.0.0.9:0 ? answer",
            ],
            0,
        ),
        // Envoy's default: a header claims the client, which is nobody's word.
        (
            "[2016-04-15T20:17:00.310Z] \"POST /api/v1/locations HTTP/2\" 204 - 154 0 226 100 \"10.0.35.28\" \"nsq2http\" \"cc21d9b0\" \"locations\" \"tcp://10.0.2.1:80\"\n\
             [2016-04-15T20:17:01.310Z] \"GET / HTTP/1.1\" 200 - 0 5 1 1 \"-\" \"x\" \"y\" \"z\" \"6.6.6.6:80\" \"a\" \"b\" \"10.0.2.1:80\"\n",
            "",
            "envoy-access-log",
            &[
                "Untold > Here(\"\") 154",
                "Here(\"\") > Untold ? answer",
                "Here(\"\") > 10.0.2.1:80 ?",
                "10.0.2.1:80 > Here(\"\") ? answer",
            ],
            1,
        ),
        // What Istio sets: four addresses.
        (
            "[2020-11-25T21:26:18.409Z] \"GET /status/418 HTTP/1.1\" 418 - via_upstream - \"-\" 0 135 4 4 \"-\" \"curl/7.73.0-DEV\" \"84961386\" \"httpbin:8000\" \"10.44.1.27:80\" outbound|8000||httpbin.foo.svc.cluster.local 10.44.1.23:37652 10.0.45.184:8000 10.44.1.23:46520 - default\n",
            "",
            "envoy-access-log",
            &[
                "10.44.1.23:46520 > 10.0.45.184:8000 ?",
                "10.0.45.184:8000 > 10.44.1.23:46520 135 answer",
                "10.44.1.23:0 > 10.44.1.27:80 ?",
                "10.44.1.27:80 > 10.44.1.23:0 ? answer",
            ],
            0,
        ),
        (
            "{\"start_time\":\"2020-11-25T21:26:18.409Z\",\"bytes_sent\":135,\"bytes_received\":\"0\",\"upstream_host\":\"10.44.1.27:80\",\"upstream_wire_bytes_sent\":90,\"downstream_remote_address\":\"[2001:db8::9]:46520\",\"x_forwarded_for\":\"1.2.3.4\"}\n\
             {\"time\":\"2023-01-28T09:34:56+00:00\",\"remote_addr\":\"203.0.113.9\",\"body_bytes_sent\":\"5\",\"upstream_addr\":\"10.1.0.1:80, 10.1.0.2:80\"}\n{\"level\":\"info\"}\n",
            "",
            "access-log-json",
            &[
                "2001:db8::9:46520 > Here(\"\") ?",
                "Here(\"\") > 2001:db8::9:46520 135 answer",
                "Here(\"\") > 10.44.1.27:80 90",
                "10.44.1.27:80 > Here(\"\") ? answer",
                "203.0.113.9:0 > Here(\"\") ?",
                "Here(\"\") > 203.0.113.9:0 5 answer",
                "Here(\"\") > 10.1.0.1:80 ?",
                "10.1.0.1:80 > Here(\"\") ? answer",
                "Here(\"\") > 10.1.0.2:80 ?",
                "10.1.0.2:80 > Here(\"\") ? answer",
            ],
            1,
        ),
        (
            "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs-bytes c-port\n\
             2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/index.html\t200\t23\t11040\n\
             2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\n",
            "",
            "cloudfront-log",
            &[
                "192.0.2.100:11040 > Here(\"d111111abcdef8.cloudfront.net\") 23",
                "Here(\"d111111abcdef8.cloudfront.net\") > 192.0.2.100:11040 392 answer",
            ],
            1,
        ),
    ];
    for (log, columns, format, flows, odd) in cases {
        let rows = Rows::of(log.as_bytes(), columns).whole(format);
        assert_eq!(conversations(&rows), *flows, "{log}");
        assert_eq!(rows.odd.len(), *odd, "{log}: {:?}", rows.odd);
        assert!(rows.flows.iter().all(|(_, f)| f.first.is_some() && f.ours.is_some()), "{log}");
    }
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

#[test]
fn packed_logs_are_told_by_their_first_bytes_and_may_break_off() {
    let row = "2 1 eni-1 10.0.0.1 1.2.3.4 40000 443 6 20 4249 1418530010 1418530070 ACCEPT OK\n";
    let text = format!("{}\n{}", read_header(), row.repeat(20_000));
    let packed = gz(text.as_bytes());
    for whole in [
        packed.clone(),
        [packed.clone(), gz(row.as_bytes())].concat(),
        zstd(text.as_bytes()),
        [zstd(text.as_bytes()), zstd(row.as_bytes())].concat(),
    ] {
        let rows = Rows::of(&whole, "").whole("aws-flow-log");
        assert!((20_000..=20_001).contains(&rows.flows.len()) && rows.odd.is_empty(), "{}", rows.flows.len());
    }
    for cut in [&packed[..packed.len() / 2], &zstd(text.as_bytes())[..300]] {
        let rows = Rows::of(cut, "");
        assert!(rows.broken, "it is told");
        assert!(rows.flows.iter().all(|(_, f)| f.bytes == Some(4249)), "no half row counts");
    }
    assert!(!Rows::of(&packed[..packed.len() / 2], "").flows.is_empty(), "what came before counts");
}

fn read_header() -> &'static str {
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
}

/// Addresses, hours and ports all over, from a fixed seed.
fn some_log(seed: u64, rows: usize) -> String {
    let mut state = seed;
    let mut next = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut text = format!("{}\n", read_header());
    for _ in 0..rows {
        let start = 1_600_000_000 + next(400_000);
        let (a, b, c) = (next(223) + 1, next(256), next(256));
        text.push_str(&format!(
            "2 1 eni-1 10.{}.0.1 {a}.{b}.{c}.7 {} 443 6 9 {} {start} {} ACCEPT OK\n",
            next(4),
            1024 + next(60_000),
            400 + next(90_000),
            start + 60
        ));
    }
    text
}

#[test]
fn files_in_any_order_on_any_number_of_threads_give_one_tally() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..7_u64 {
        let text = some_log(i, 900);
        let bytes = if i % 2 == 0 { gz(text.as_bytes()) } else { text.into_bytes() };
        std::fs::write(folder.path().join(format!("{i}.log")), bytes).unwrap();
    }
    let labels = labels();
    let inputs = open::inputs(&["*.log".to_owned()], folder.path()).unwrap();
    assert_eq!(inputs.len(), 7);
    let tally = |inputs: &[Input], threads| -> Tally {
        let reading = Reading { threads, ..Reading::default() };
        let (logs, tally) = count(inputs, labels, &reading, &mut std::io::empty());
        assert!(logs.iter().all(|l| l.broken.is_none() && l.rows == 900), "{logs:?}");
        tally
    };
    let one = tally(&inputs, 1);
    assert_eq!(one.rows.read, 6_300);
    assert_eq!(one, tally(&inputs, 4));
    let flows: u64 = one.cells().iter().map(|(_, s)| s.flows).sum();
    assert_eq!(flows + one.other.flows, one.rows.flows);
}

/// One log is read by all threads at once, also where a header in the middle turns its columns round, packed and not.
#[test]
fn one_log_on_any_number_of_threads_gives_one_tally() {
    let folder = tempfile::tempdir().unwrap();
    let plain = some_log(1, 9_000);
    let turned: String = some_log(2, 9_000)
        .lines()
        .map(|l| {
            let mut fields: Vec<&str> = l.split(' ').collect();
            fields.reverse();
            fields.join(" ") + "\n"
        })
        .collect();
    let text = format!("{plain}2 1 eni-1 10.0.0.1 - - rubbish\n{turned}{}", some_log(3, 9_000));
    assert!(text.len() > 8 * (1 << 18), "many pieces");
    let labels = labels();
    let mut all: Vec<Tally> = Vec::new();
    for (name, bytes) in
        [("plain.log", text.clone().into_bytes()), ("log.gz", gz(text.as_bytes())), ("log.zst", zstd(text.as_bytes()))]
    {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let inputs = open::inputs(&[name.to_owned()], folder.path()).unwrap();
        for threads in [1, 2, 5] {
            let (logs, tally) = count(&inputs, labels, &Reading { threads, ..Reading::default() }, &mut std::io::empty());
            assert_eq!((logs[0].rows, &logs[0].broken, logs.len()), (27_001, &None, 1), "{name} on {threads}");
            assert_eq!((tally.rows.unparsable, tally.odd.len()), (1, 1));
            all.push(tally);
        }
    }
    assert_eq!(all[0].odd[0].1, 9_002, "the row is named");
    assert!(all.iter().all(|t| *t == all[0]));
    // What breaks off is told alike, and what came before counts.
    let packed = gz(text.as_bytes());
    std::fs::write(folder.path().join("cut.gz"), &packed[..packed.len() / 2]).unwrap();
    let inputs = open::inputs(&["cut.gz".to_owned()], folder.path()).unwrap();
    let cut = |threads| count(&inputs, labels, &Reading { threads, ..Reading::default() }, &mut std::io::empty());
    let one = cut(1);
    assert!(one.0[0].broken.as_deref() == Some("it breaks off") && one.0[0].rows > 5_000, "{:?}", one.0);
    assert_eq!(one, cut(4));
}

/// Names in access logs are looked up in the inventory; nobody knows where the others are.
#[test]
fn names_of_access_logs_are_those_of_the_inventory() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("onshore.toml", "[project]\nname = \"shop\"\n");
    write(
        "inventory.toml",
        "[[endpoint]]\nid = \"edge\"\nnames = [\"d1.cloudfront.net\"]\naddresses = [\"162.255.36.11\"]\n\n\
         [[endpoint]]\nid = \"web\"\naddresses = [\"10.0.0.9\"]\n",
    );
    write(
        "cf.log",
        "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs(Host) cs-bytes\n\
         2019-12-04\t21:02:31\tLAX1\t392\t81.2.69.142\td1.cloudfront.net\t23\n",
    );
    write("web.log", "81.2.69.142 - - [28/Jan/2023:10:34:56 +0100] \"GET /a HTTP/1.1\" 200 612 \"-\" \"curl/8.0\"\n");
    let ways = |args: &[&str]| -> Vec<(String, String, u64)> {
        let (_, text) = onshore(folder.path(), &[&["traffic", "--declared", ".", "--format", "json"], args].concat());
        let document: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let name = |w: &serde_json::Value, side: &str| w[side]["name"].as_str().unwrap().to_owned();
        let ways = document["ways"].as_array().unwrap();
        ways.iter().map(|w| (name(w, "from"), name(w, "to"), w["bytes"].as_u64().unwrap())).collect()
    };
    let of = |a: &str, b: &str, bytes| (a.to_owned(), b.to_owned(), bytes);
    let gb = "addresses in GB";
    assert_eq!(ways(&["cf.log"]), [of("edge", gb, 392), of(gb, "edge", 23)]);
    let machine = "the machine that keeps the log";
    assert_eq!(ways(&["web.log"]), [of(machine, gb, 612), of(gb, machine, 0)]);
    assert_eq!(ways(&["web.log", "--here", "web"]), [of("web", gb, 612), of(gb, "web", 0)]);
    assert_eq!(ways(&["web.log", "--here", "10.0.0.9"]), [of("web", gb, 612), of(gb, "web", 0)]);
    let (code, text) = onshore(folder.path(), &["traffic", "web.log", "--declared", ".", "--here", "nobody"]);
    assert!(code == 2 && text.contains("neither an address nor the name of an endpoint"), "{text}");
    // How lines are written stands in the project's own configuration.
    write("nginx.conf", "http { log_format up '$msec $remote_addr' ' [$upstream_addr] $bytes_sent'; server { listen 80; } }\n");
    write("up.log", "1674898496.100 81.2.69.142 [10.0.0.9:80] 700\n");
    assert!(ways(&["up.log", "--here", "edge"]).contains(&of("edge", gb, 700)));
    let (code, text) = onshore(folder.path(), &["traffic", "up.log"]);
    assert!(code == 2 && text.contains("in no format"), "{text}");
}

/// A location that changed is told.
#[test]
fn what_the_database_before_had_elsewhere_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let row = |to: &str| format!("2 1 eni-1 10.0.0.1 {to} 40000 443 6 20 4249 1418530010 1418530070 ACCEPT OK\n");
    std::fs::write(folder.path().join("a.log"), row("202.196.224.1") + &row("81.2.69.142")).unwrap();
    let before = root().join("tests/data/mmdb/GeoIP2-Country-Test.mmdb");
    let before = before.to_string_lossy();
    let (_, text) = onshore(folder.path(), &["traffic", "a.log", "--geo-before", &before, "--as-of", "2026-11-22"]);
    assert!(text.contains("Places that the database before had elsewhere"), "{text}");
    let (_, text) =
        onshore(folder.path(), &["traffic", "a.log", "--geo-before", &before, "--as-of", "2026-11-22", "--format", "json"]);
    assert!(text.contains("addresses in CN (in PH by the database before)") && text.contains("\"was\": \"PH\""), "{text}");
    assert!(!text.contains("GB (in"), "{text}");
    let (_, text) = onshore(folder.path(), &["traffic", "a.log", "--as-of", "2026-11-22"]);
    assert!(!text.contains("before"), "{text}");
    std::fs::write(folder.path().join("no.mmdb"), "no database").unwrap();
    let (code, text) = onshore(folder.path(), &["traffic", "a.log", "--geo-before", "no.mmdb"]);
    assert!(code == 2 && text.contains("no.mmdb") && text.contains("this is no MaxMind database"), "{text}");
}

/// A page that asks for nothing, with what flowed most, a matrix and a map; and files that cannot be written or are cut.
#[test]
fn pages_and_files() {
    let case = root().join("tests/traffic/zoom");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let common = ["traffic", "logs", "--declared", "../../cases/zoom-2020", "--as-of", "2026-11-22"];
    let (code, text) = onshore(&case, &[&common[..], &["-o", &at("t.html")]].concat());
    assert_eq!(code, 1, "{text}");
    let page = std::fs::read_to_string(folder.path().join("t.html")).unwrap();
    for part in ["<svg", "Bytes from country to country", "Ways with the most bytes", "default-src 'none'"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("http-equiv=\"refresh\"") && !page.contains("src=\"http"), "it asks for nothing");
    let (again, _) = onshore(&case, &[&common[..], &["-o", &at("u.html")]].concat());
    assert_eq!((again, std::fs::read_to_string(folder.path().join("u.html")).unwrap()), (1, page), "the same bytes");
    for out in [["-o", "/nowhere/t.html"], ["--out", "/nowhere/part.json"]] {
        let (code, text) = onshore(&case, &[&common[..], &out].concat());
        assert!(code == 2 && text.contains("cannot be written"), "{text}");
    }
    // A disk that is full.
    if cfg!(target_os = "linux") {
        let (code, text) = onshore(&case, &[&common[..], &["--out", "/dev/full"]].concat());
        assert!(code == 2 && text.contains("cannot be written"), "{text}");
    }
    // A run that was killed while it wrote.
    let (code, text) = onshore(&case, &[&common[..], &["--out", &at("p.json")]].concat());
    assert_eq!(code, 0, "{text}");
    let part = std::fs::read(folder.path().join("p.json")).unwrap();
    std::fs::write(folder.path().join("p.json"), &part[..part.len() / 2]).unwrap();
    let merge = ["traffic", "merge", &at("p.json"), "--declared", "../../cases/zoom-2020", "--as-of", "2026-11-22"];
    let (code, text) = onshore(&case, &merge);
    assert!(code == 2 && text.contains("it is no part that `--out` wrote"), "{text}");
}

/// Counts of sampled packets are estimates; of a sampler that nobody described they are unknown.
#[test]
fn sampled_counts_are_estimates() {
    let head = |count: u16| {
        [words(&[9, count]), 5000_u32.to_be_bytes().to_vec(), 1_700_000_000_u32.to_be_bytes().to_vec(), vec![0; 8]].concat()
    };
    // Options 257: scope System (1), samplerId (48), samplingInterval (34). Flows 256: addresses, bytes, packets, samplerId.
    let options = words(&[1, 10 + 12, 257, 4, 8, 1, 4, 48, 1, 34, 4]);
    let told = [words(&[257, 4 + 9 + 3]), vec![0, 0, 0, 1, 7], 1000_u32.to_be_bytes().to_vec(), vec![0; 3]].concat();
    let template = words(&[0, 8 + 5 * 4, 256, 5, 8, 4, 12, 4, 1, 4, 2, 4, 48, 1]);
    let flow = |sampler: u8| {
        [vec![10, 0, 0, 1, 1, 2, 3, 4], 1500_u32.to_be_bytes().to_vec(), 1_u32.to_be_bytes().to_vec(), vec![sampler]].concat()
    };
    let flows = [words(&[256, 4 + 17 * 3 + 1]), flow(7), flow(9), flow(0), vec![0]].concat();
    let rows = Rows::of(&[head(4), options, told, template, flows].concat(), "").whole("netflow");
    let found: Vec<(Option<u64>, Option<u64>, bool)> =
        rows.flows.iter().map(|(_, f)| (f.bytes, f.packets, f.estimated)).collect();
    let expected = [(Some(1_500_000), Some(1000), true), (None, None, false), (Some(1500), Some(1), false)];
    assert_eq!((found.as_slice(), rows.odd.len()), (expected.as_slice(), 0));
    let table = "who,whom,octets,one_in\n10.0.0.1,1.2.3.4,12,100\n10.0.0.1,1.2.3.4,12,\n";
    let rows = Rows::of(table.as_bytes(), "from=who,to=whom,bytes=octets,sampling=one_in").whole("csv");
    let found: Vec<(Option<u64>, bool)> = rows.flows.iter().map(|(_, f)| (f.bytes, f.estimated)).collect();
    assert_eq!(found, [(Some(1200), true), (Some(12), false)]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_that_is_not_built_in_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.parquet"), b"PAR1....PAR1").unwrap();
    let (code, text) = onshore(folder.path(), &["traffic", "a.parquet"]);
    assert!(code != 0 && text.contains("--features parquet"), "{text}");
    let (code, text) = onshore(folder.path(), &["traffic", "convert", "a.parquet", "-o", "out"]);
    assert!(code == 2 && text.contains("--features parquet"), "{text}");
}

#[cfg(feature = "parquet")]
mod parquet_tables {
    use std::sync::Arc;

    use onshore::traffic::convert::convert;
    use onshore::traffic::tally::Key;
    use onshore::traffic::{Share, count_share};
    use parquet::basic::{Compression, Encoding};
    use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
    use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    /// A flow log as AWS delivers it: texts, underscores, gzip; a dash or nothing where nothing is known. Groups of 1000 rows.
    fn aws(text: &str, path: &Path) {
        aws_as(text, path, 1_000, WriterProperties::builder());
    }

    /// In groups of so many rows.
    fn aws_as(text: &str, path: &Path, group: usize, properties: WriterPropertiesBuilder) {
        let header: Vec<&str> = text.lines().next().unwrap().split(' ').collect();
        let number = |name: &str| ["packets", "bytes", "start", "end"].contains(&name);
        let short = |name: &str| ["version", "srcport", "dstport", "protocol"].contains(&name);
        let column = |name: &&str| {
            let kind = if number(name) {
                "INT64"
            } else if short(name) {
                "INT32"
            } else {
                "BYTE_ARRAY"
            };
            let text = if kind == "BYTE_ARRAY" { " (STRING)" } else { "" };
            format!("OPTIONAL {kind} {}{text};", name.replace('-', "_"))
        };
        let schema = format!("message flow {{ {} }}", header.iter().map(column).collect::<String>());
        let properties = properties.set_compression(Compression::GZIP(Default::default())).build();
        let file = std::fs::File::create(path).unwrap();
        let schema = Arc::new(parse_message_type(&schema).unwrap());
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(' ').collect()).collect();
        for group in rows.chunks(group) {
            let mut out = writer.next_row_group().unwrap();
            for (i, name) in header.iter().enumerate() {
                let cells: Vec<Option<&str>> =
                    group.iter().map(|r| Some(r[i]).filter(|c| *c != "-" || *name == "srcaddr")).collect();
                let levels: Vec<i16> = cells.iter().map(|c| i16::from(c.is_some())).collect();
                let mut column = out.next_column().unwrap().unwrap();
                if number(name) {
                    let values: Vec<i64> = cells.iter().flatten().map(|c| c.parse().unwrap()).collect();
                    column.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
                } else if short(name) {
                    let values: Vec<i32> = cells.iter().flatten().map(|c| c.parse().unwrap()).collect();
                    column.typed::<Int32Type>().write_batch(&values, Some(&levels), None).unwrap();
                } else {
                    let values: Vec<ByteArray> = cells.iter().flatten().map(|c| c.as_bytes().to_vec().into()).collect();
                    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
                }
                column.close().unwrap();
            }
            out.close().unwrap();
        }
        writer.close().unwrap();
    }

    fn counted(folder: &Path, word: &str, hints: &Hints, threads: usize) -> (Vec<onshore::traffic::Log>, Tally) {
        let inputs = open::inputs(&[word.to_owned()], folder).unwrap();
        let reading = Reading { threads, hints: hints.clone(), ..Reading::default() };
        count(&inputs, labels(), &reading, &mut std::io::empty())
    }

    /// What a store would give.
    struct Held(Vec<u8>);

    impl open::Remote for Held {
        fn length(&self) -> u64 {
            self.0.len() as u64
        }
        fn stream(&self) -> Box<dyn Read + Send> {
            Box::new(std::io::Cursor::new(self.0.clone()))
        }
        fn bytes(&self, from: u64, length: usize) -> std::io::Result<Vec<u8>> {
            let from = usize::try_from(from).unwrap();
            let end = from.checked_add(length).filter(|end| *end <= self.0.len());
            end.map(|end| self.0[from..end].to_vec()).ok_or(std::io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// The shares of a log, the last one first, each with what became of it.
    fn in_shares(place: &open::Place, of: usize) -> (Vec<onshore::traffic::Log>, Tally) {
        let mut tally = Tally::new();
        let shares = (0..of).rev().filter_map(|i| {
            let share = Share { number: 0, name: "bad.parquet".into(), place: place.clone(), which: (i, of) };
            let (log, counted) = count_share(&share, labels(), &Reading::default(), Tally::new());
            tally.merge(&counted);
            log
        });
        (shares.collect(), tally)
    }

    #[test]
    fn aws_tables_count_as_the_text_does() {
        let folder = tempfile::tempdir().unwrap();
        let text = some_log(5, 3_500) + "2 1 eni-1 - - - - - - - 1600000000 1600000060 - NODATA\n";
        std::fs::write(folder.path().join("a.log"), &text).unwrap();
        aws(&text, &folder.path().join("a.parquet"));
        let hints = Hints::default();
        let sums = |t: &Tally| -> Vec<(Key, u64, u64)> { t.cells().iter().map(|(k, s)| (*k, s.flows, s.bytes)).collect() };
        let (_, by_text) = counted(folder.path(), "a.log", &hints, 1);
        for threads in [1, 3] {
            let (logs, by_table) = counted(folder.path(), "a.parquet", &hints, threads);
            assert_eq!((logs[0].format.as_deref(), logs[0].rows, &logs[0].broken), (Some("parquet"), 3_501, &None));
            assert_eq!((sums(&by_table), &by_table.rows), (sums(&by_text), &by_text.rows));
        }
        for (name, of, logs) in [("a.parquet", 3, 3), ("a.parquet", 9, 9), ("a.log", 3, 1)] {
            let (shares, counted) = in_shares(&open::Place::Disk(folder.path().join(name)), of);
            assert_eq!((sums(&counted), &counted.rows), (sums(&by_text), &by_text.rows), "{name}");
            assert_eq!((shares.len(), shares.iter().map(|l| l.rows).sum::<u64>()), (logs, 3_501));
        }
        // The same by columns that the user names, out of a gzip file, and as a stream.
        let packed = gz(&std::fs::read(folder.path().join("a.parquet")).unwrap());
        std::fs::write(folder.path().join("a.parquet.gz"), packed).unwrap();
        let columns = "from=srcaddr,to=dstaddr,from-port=srcport,to-port=dstport,protocol=protocol,packets=packets,bytes=bytes,first=start,last=end";
        let named = Hints { columns: columns.parse().unwrap(), ..Hints::default() };
        for (word, hints) in [("a.parquet.gz", &hints), ("a.parquet", &named)] {
            assert_eq!(sums(&counted(folder.path(), word, hints, 2).1), sums(&by_text), "{word}");
        }
        // With a way back that is as large, each pair has what both ways of it had.
        let both = format!("{columns},packets-back=packets,bytes-back=bytes");
        let back = Hints { columns: both.parse().unwrap(), ..Hints::default() };
        let pairs = |tally: &Tally, ways: &[bool]| {
            let mut pairs: BTreeMap<(u32, u32), u64> = BTreeMap::new();
            for (key, sum) in tally.cells() {
                for back in ways {
                    *pairs.entry(if *back { (key.to, key.from) } else { (key.from, key.to) }).or_default() += sum.bytes;
                }
            }
            pairs
        };
        let (_, with_back) = counted(folder.path(), "a.parquet", &back, 2);
        assert_eq!(pairs(&with_back, &[false]), pairs(&by_text, &[false, true]));
        let wrong = Hints { columns: "from=who,to=whom".parse().unwrap(), ..Hints::default() };
        let (logs, _) = counted(folder.path(), "a.parquet", &wrong, 2);
        assert!(logs[0].broken.as_deref().is_some_and(|b| b.contains("no columns of addresses")), "{logs:?}");
        // What is cut has no end, which is where a table is read first.
        let whole = std::fs::read(folder.path().join("a.parquet")).unwrap();
        std::fs::write(folder.path().join("cut.parquet"), &whole[..whole.len() - 9]).unwrap();
        let (logs, tally) = counted(folder.path(), "cut.parquet", &hints, 2);
        assert!(logs[0].broken.is_some() && tally.rows.flows == 0, "{logs:?}");
        // Whatever is damaged: no panic, no hang.
        for at in (0..whole.len()).step_by(whole.len() / 60) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            std::fs::write(folder.path().join("bad.parquet"), bytes).unwrap();
            let (logs, tally) = counted(folder.path(), "bad.parquet", &hints, 2);
            assert!(logs[0].rows <= 3_501 && tally.rows.read <= 3_501);
            // In shares, and from elsewhere, what is left of it is the same.
            let bytes = std::fs::read(folder.path().join("bad.parquet")).unwrap();
            let disk = open::Place::Disk(folder.path().join("bad.parquet"));
            for (place, of) in [(&disk, 3), (&open::Place::Remote(Arc::new(Held(bytes))), 2)] {
                let (shares, shared) = in_shares(place, of);
                assert_eq!(shared, tally, "at {at}");
                assert_eq!(shares.iter().map(|l| l.rows).sum::<u64>(), logs[0].rows);
                assert_eq!(shares.iter().filter_map(|l| l.broken.clone()).min(), logs[0].broken, "at {at}");
            }
        }
    }

    /// Texts have their numbers over many pages: of a dictionary that becomes too large, and of pages that spell them out; batches end
    /// in the middle of a page, and hold several.
    #[test]
    fn texts_over_many_pages_count_as_the_text_does() {
        let folder = tempfile::tempdir().unwrap();
        let text = some_log(9, 7_000) + "2 1 eni-1 - - - - - - - 1600000000 1600000060 - NODATA\n";
        std::fs::write(folder.path().join("a.log"), &text).unwrap();
        let sums = |t: &Tally| -> Vec<_> {
            t.cells().iter().map(|(k, s)| (*k, s.flows, s.bytes, s.first(), s.last())).collect::<Vec<_>>()
        };
        let (_, by_text) = counted(folder.path(), "a.log", &Hints::default(), 1);
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for (rows_of_a_page, dictionary) in [(77, 2_000), (300, 100_000), (2_000, 20_000), (1_500, 0), (10, 0)] {
                let properties = WriterProperties::builder()
                    .set_writer_version(version)
                    .set_write_batch_size(10)
                    .set_data_page_row_count_limit(rows_of_a_page)
                    .set_dictionary_enabled(dictionary > 0)
                    .set_dictionary_page_size_limit(dictionary)
                    .set_encoding(Encoding::PLAIN);
                aws_as(&text, &folder.path().join("a.parquet"), 100_000, properties);
                let (logs, by_table) = counted(folder.path(), "a.parquet", &Hints::default(), 1);
                assert_eq!((logs[0].rows, &logs[0].broken), (7_001, &None));
                let about = format!("{version:?}, {rows_of_a_page} rows a page, {dictionary} bytes of dictionary");
                assert!(sums(&by_table) == sums(&by_text) && by_table.rows == by_text.rows, "{about}");
            }
        }
    }

    /// Tables that pyarrow wrote, with pages of all kinds: packed in all ways, in both versions, with dictionaries and without.
    #[test]
    fn pages_of_all_kinds_count_as_the_text_does() {
        let folder = root().join("tests/pages");
        let sums = |t: &Tally| -> Vec<(Key, u64, u64)> { t.cells().iter().map(|(k, s)| (*k, s.flows, s.bytes)).collect() };
        let (_, by_text) = counted(&folder, "flows.log", &Hints::default(), 1);
        assert_eq!((by_text.rows.read, by_text.rows.no_data, by_text.rows.refused), (40, 4, 3));
        for name in ["none", "snappy", "gzip", "gzip-v2", "zstd", "zstd-v2", "brotli", "lz4", "delta"] {
            let (logs, tally) = counted(&folder, &format!("{name}.parquet"), &Hints::default(), 1);
            assert_eq!((sums(&tally), &tally.rows, &logs[0].broken), (sums(&by_text), &by_text.rows, &None), "{name}");
            // Whatever is damaged: no panic, no hang.
            let whole = std::fs::read(folder.join(format!("{name}.parquet"))).unwrap();
            let other = tempfile::tempdir().unwrap();
            for at in (0..whole.len()).step_by(whole.len() / 50) {
                let mut bytes = whole.clone();
                bytes[at] ^= 0x55;
                std::fs::write(other.path().join("bad.parquet"), bytes).unwrap();
                assert!(counted(other.path(), "bad.parquet", &Hints::default(), 1).1.rows.read <= 40, "{name} {at}");
            }
        }
    }

    /// A file of some kilobytes whose page unpacks to more than any page is.
    #[test]
    fn a_page_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.parquet");
        let schema = parse_message_type("message flow { REQUIRED BYTE_ARRAY srcaddr; REQUIRED BYTE_ARRAY dstaddr; }").unwrap();
        let properties = WriterProperties::builder().set_compression(Compression::GZIP(Default::default()));
        let properties = properties.set_dictionary_enabled(false).build();
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        for _ in 0..2 {
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&[vec![b'1'; 65 << 20].into()], None, None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
        assert!(path.metadata().unwrap().len() < 1 << 20);
        let (logs, _) = counted(folder.path(), "large.parquet", &Hints::default(), 1);
        assert!(logs[0].broken.as_deref().is_some_and(|b| b.contains("more than 64 MiB")), "{logs:?}");
    }

    /// Everything that a reader gives comes back, to the row.
    #[test]
    fn converted_logs_count_alike() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        std::fs::create_dir(folder.path().join("logs")).unwrap();
        write("logs/a.log.gz", &gz((some_log(6, 3_000) + "rubbish\n2 1 e - - - - - - - 1 2 - NODATA\n").as_bytes()));
        write("logs/b.log", b"haproxy[1]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in~ static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 \"GET / HTTP/1.1\"\n");
        write(
            "logs/c.log",
            b"[2016-04-15T20:17:00.310Z] \"G\" 204 - 154 0 226 100 \"-\" \"a\" \"b\" \"c\" \"[2001:db8::1]:80\"\n",
        );
        write("logs/d.json", b"{\"jsonPayload\":{\"bytes_sent\":\"1776\",\"connection\":{\"dest_ip\":\"10.2.0.3\",\"dest_port\":50000,\"protocol\":6,\"src_ip\":\"2600::9\",\"src_port\":443},\"reporter\":\"DEST\",\"start_time\":\"2023-01-28T09:34:56.1Z\"}}\n");
        let inputs = open::inputs(&["logs".to_owned()], folder.path()).unwrap();
        let made = convert(&inputs, &folder.path().join("out"), &Reading::default(), &mut std::io::empty());
        assert!(made.iter().all(|c| c.failed.is_none() && c.broken.is_none()) && made.len() == 4, "{made:?}");
        let hints = Hints::default();
        let (_, before) = counted(folder.path(), "logs", &hints, 2);
        for threads in [1, 3] {
            let (logs, after) = counted(folder.path(), "out", &hints, threads);
            assert_eq!(after, before, "{logs:?}");
        }
        // What cannot be written leaves nothing behind.
        write("file", b"");
        let (code, text) = onshore(folder.path(), &["traffic", "convert", "logs/b.log", "-o", "file"]);
        assert!(code == 2 && text.contains("cannot be written"), "{text}");
        let left: Vec<_> = std::fs::read_dir(folder.path().join("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(left.len() == 4 && left.iter().all(|n| n.to_string_lossy().ends_with(".parquet")), "{left:?}");
    }
}

/// Nothing named is left out without a word, and no folder is walked twice.
#[test]
#[cfg(unix)]
fn folders_are_walked_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("logs/a/b")).unwrap();
    for name in ["logs/1.log", "logs/a/2.log", "logs/a/b/3.txt", "logs/.hidden.log"] {
        std::fs::write(at(name), "x").unwrap();
    }
    std::os::unix::fs::symlink(at("logs"), at("logs/a/up")).unwrap();
    std::os::unix::fs::symlink(at("logs/a"), at("logs/a/b/up")).unwrap();
    let names = |word: &str| -> Vec<String> {
        open::inputs(&[word.to_owned()], folder.path()).unwrap().into_iter().map(|i| i.name).collect()
    };
    assert_eq!(names("logs"), ["logs/1.log", "logs/a/2.log", "logs/a/b/3.txt"]);
    assert_eq!(names("logs/**/*.log"), ["logs/1.log", "logs/a/2.log"]);
    assert_eq!(names("./logs/*.log"), ["logs/1.log"]);
    let words = ["logs/1.log".to_owned(), "logs".to_owned()];
    assert_eq!(open::inputs(&words, folder.path()).unwrap().len(), 3, "each file once");
    assert!(open::inputs(&["none/*.log".to_owned()], folder.path()).is_err());
}

#[test]
fn standard_input_is_a_log() {
    let text = some_log(3, 50);
    let inputs = open::inputs(&["-".to_owned()], Path::new(".")).unwrap();
    let (logs, tally) = count(&inputs, labels(), &Reading::default(), &mut gz(text.as_bytes()).as_slice());
    assert_eq!((logs[0].rows, tally.rows.flows), (50, 50));
}

fn onshore(folder: &Path, args: &[&str]) -> (i32, String) {
    let out =
        Command::new(env!("CARGO_BIN_EXE_onshore")).args(args).current_dir(folder).env("LC_ALL", "C.UTF-8").output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap() + &String::from_utf8_lossy(&out.stderr);
    (out.status.code().unwrap_or(-1), text)
}

/// JSON without what the assessment's contract holds, which has snapshots of its own.
fn own_part(text: &str) -> String {
    const OWN: [&str; 5] = ["code", "rule", "verdict", "message", "observed"];
    let Ok(mut document) = serde_json::from_str::<serde_json::Value>(text) else { return text.to_owned() };
    document.as_object_mut().unwrap().retain(|key, _| key != "rules");
    for finding in document["findings"].as_array_mut().unwrap() {
        finding.as_object_mut().unwrap().retain(|key, _| OWN.contains(&key.as_str()));
    }
    serde_json::to_string_pretty(&document).unwrap() + "\n"
}

#[test]
fn golden_cases() {
    let mut wrong = Vec::new();
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root().join("tests/traffic")).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 4);
    for case in cases {
        let args = std::fs::read_to_string(case.join("args.txt")).unwrap();
        let (code, text) = onshore(&case, &args.split_whitespace().collect::<Vec<_>>());
        let text = format!("exit code {code}\n{}", own_part(&text));
        let stored = case.join("expected.txt");
        if std::env::var_os("ONSHORE_BLESS").is_some() {
            std::fs::write(&stored, &text).unwrap();
        } else if std::fs::read_to_string(&stored).ok().as_deref() != Some(text.as_str()) {
            wrong.push(format!("{}:\n{text}", stored.display()));
        }
    }
    assert!(wrong.is_empty(), "ONSHORE_BLESS=1 rewrites these; read them then\n{}", wrong.join("\n"));
}

/// Shares counted apart and merged say what one run says; other labels are refused.
#[test]
fn parts_merge_to_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let project = root().join("tests/cases/zoom-2020").to_string_lossy().into_owned();
    let log = std::fs::read_to_string(root().join("tests/traffic/zoom/logs/2020-03.log")).unwrap();
    let (header, rest) = log.split_once('\n').unwrap();
    let (a, b): (Vec<&str>, Vec<&str>) =
        rest.lines().enumerate().fold((vec![header], vec![header]), |(mut a, mut b), (i, l)| {
            if i % 2 == 0 {
                a.push(l)
            } else {
                b.push(l)
            }
            (a, b)
        });
    std::fs::write(folder.path().join("a.log"), a.join("\n")).unwrap();
    std::fs::write(folder.path().join("b.log"), b.join("\n")).unwrap();
    let common = ["--declared", &project, "--as-of", "2026-11-22"];
    let run = |args: &[&str]| onshore(folder.path(), &[args, &common].concat());
    for name in ["a", "b"] {
        let (code, text) = run(&["traffic", &format!("{name}.log"), "--out", &format!("{name}.json")]);
        assert_eq!(code, 0, "{text}");
    }
    let merged = run(&["traffic", "merge", "a.json", "b.json", "--format", "json"]);
    let whole = run(&["traffic", "a.log", "b.log", "--format", "json"]);
    assert_eq!(whole.0, 1, "{}", whole.1);
    assert_eq!(merged, whole);
    let (code, text) = onshore(folder.path(), &["traffic", "merge", "a.json"]);
    assert!(code == 2 && text.contains("under another project or other data sets"), "{text}");
    let (code, text) = run(&["traffic", "merge", "a.json", "a.json"]);
    assert!(code == 2 && text.contains("would count twice"), "{text}");
}

/// A share of the traffic that was not seen lets no rule pass; what was seen is there all the same.
#[test]
fn a_log_that_breaks_off_leaves_rules_open() {
    let case = root().join("tests/traffic/kept");
    let folder = tempfile::tempdir().unwrap();
    let log = std::fs::read_to_string(case.join("flows.log")).unwrap();
    let (header, rows) = log.split_once('\n').unwrap();
    let packed = gz(format!("{header}\n{}", rows.repeat(2_000)).as_bytes());
    let file = folder.path().join("cut.gz");
    std::fs::write(&file, &packed[..packed.len() - 100]).unwrap();
    let (code, text) = onshore(&case, &["traffic", &file.to_string_lossy(), "--declared", ".", "--as-of", "2026-11-22"]);
    assert!(code == 3 && text.contains("cut.gz was not read to its end after") && text.contains("it breaks off"), "{text}");
    let (code, text) = onshore(&case, &["traffic", "nothing.log", "--declared", "."]);
    assert!(code == 2 && text.contains("nothing.log"), "{text}");
    let (code, text) = onshore(&case, &["traffic", "policy.toml"]);
    assert!(code == 2 && text.contains("--log-format"), "{text}");
}

/// No log makes a reader panic, hang, or count what is not there.
#[test]
fn hostile_logs() {
    let labels = labels();
    let seeds: Vec<Vec<u8>> = vec![
        some_log(9, 3).into_bytes(),
        gz(some_log(9, 3).as_bytes()),
        zstd(some_log(9, 3).as_bytes()),
        b"#separator \\x09\n#fields\tts\tid.orig_h\tid.resp_h\tconn_state\n1\t1.1.1.1\t2.2.2.2\tSF\n".to_vec(),
        b"[{\"event_type\":\"flow\",\"timestamp\":\"x\",\"src_ip\":\"1.2.3.4\",\"dest_ip\":\"::1\",\"flow\":{\"bytes_toserver\":-1}}]".to_vec(),
        b"{\"records\":[{\"flowTuples\":[\"1,2,3\",\"1,1.1.1.1,2.2.2.2,1,2,T,O,A\"]}]}".to_vec(),
        [&[0, 5, 0, 30][..], &[255; 1000]].concat(),
        [words(&[10, 60, 0, 0, 0, 0, 0, 0, 2, 16, 256, 2, 8, 4, 12, 4, 256, 28]), vec![1; 24]].concat(),
        [words(&[9, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 256, 2, 8, 4, 82, 65535, 256, 28]), vec![1; 24]].concat(),
        [b"{".repeat(5000), b"[".repeat(5000)].concat(),
    ];
    let mut state = 7_u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for seed in &seeds {
        for _ in 0..200 {
            let mut bytes = seed.clone();
            for _ in 0..random(4) {
                let at = random(bytes.len());
                bytes[at] = random(256) as u8;
            }
            bytes.truncate(random(bytes.len() + 1));
            let mut rows = Rows::of(&bytes, "");
            rows.flows.retain(|(_, f)| f.bytes.is_some());
            for (_, flow) in &rows.flows {
                let _ = (flow.answers(), flow.is_attempt(), labels.find(flow.to, flow.to_port));
            }
        }
    }
    let mut endless = std::io::repeat(b'x').take(1 << 24);
    let (format, _) = read::recognize(&mut endless, &Hints::default(), None).unwrap();
    assert!(format.is_none());
}
