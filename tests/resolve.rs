//! `onshore check --resolve` against servers that do not answer, answer with errors, or tell clients apart; `tests/real_powerdns.rs`
//! does the last with a real one.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // a test starts servers and may panic

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use domain::base::iana::Rcode;
use domain::base::opt::ClientSubnet;
use domain::base::{Message, MessageBuilder, Rtype, Ttl};
use domain::rdata::A;

/// A project of one name that no file tells of.
fn project(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("resolve").join(name);
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(root.join("inventory")).unwrap();
    let write = |file: &str, text: &str| std::fs::write(root.join(file), text).unwrap();
    write(
        "onshore.toml",
        "[check]\npolicies = [\"p.toml\"]\n[[population]]\nid = \"people\"\norigin = [\"US\", \"GB\"]\ndata = [\"communications.content\"]\nenters = [\"app.example.net\"]\n",
    );
    write(
        "p.toml",
        "[pack]\nid = \"p\"\ntitle = \"Calls stay\"\nversion = \"1.0.0\"\nbinding = \"company\"\nstatus = \"in-force\"\nas-of = 2026-01-01\nverification = \"primary\"\n[[rule]]\nid = \"stays\"\ntitle = \"Calls of people in the United States stay there\"\nseverity = \"high\"\ndata = [\"communications.content\"]\norigin = [\"US\"]\nonly-in = [\"US\"]\n",
    );
    write(
        "inventory/x.toml",
        "[[site]]\nid = \"us1\"\ncountry = \"US\"\nnetworks = [\"10.1.0.0/16\"]\n[[site]]\nid = \"gb1\"\ncountry = \"GB\"\nnetworks = [\"10.2.0.0/16\"]\n",
    );
    root
}

fn check(root: &Path, more: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_onshore"))
        .args(["check", ".", "--as-of", "2026-11-22", "--format", "json"])
        .args(more)
        .current_dir(root)
        .output()
        .unwrap();
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

/// Answers A questions by the client's first octet: 10.1.0.1 unless told otherwise.
fn server(code: Rcode, scope: Option<u8>, address: fn(IpAddr) -> Ipv4Addr) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let asked = Message::from_octets(buffer[..length].to_vec()).unwrap();
            let question = asked.sole_question().unwrap();
            let subnet = asked.opt().unwrap().opt().first::<ClientSubnet>().unwrap();
            let mut answer = MessageBuilder::new_vec().start_answer(&asked, code).unwrap();
            if question.qtype() == Rtype::A && code == Rcode::NOERROR {
                answer.push((question.qname(), Ttl::from_secs(30), A::new(address(subnet.addr())))).unwrap();
            }
            let mut additional = answer.additional();
            if let Some(scope) = scope {
                additional.opt(|o| o.client_subnet(subnet.source_prefix_len(), scope, subnet.addr())).unwrap();
            }
            let _ = socket.send_to(&additional.finish(), from);
        }
    });
    at
}

fn at_home(_: IpAddr) -> Ipv4Addr {
    Ipv4Addr::new(10, 1, 0, 1)
}

#[test]
fn nothing_is_asked_without_the_flag() {
    let root = project("off");
    let (code, text) = check(&root, &[]);
    assert_eq!(code, Some(3), "{text}");
    assert!(!text.contains("asked "), "{text}");
}

#[test]
fn an_answer_for_the_clients_of_a_country_is_evidence_and_can_be_had_again() {
    let root = project("answers");
    let at = server(Rcode::NOERROR, Some(24), at_home).to_string();
    let (code, text) = check(&root, &["--resolve", "--server", &at, "--record", "answers.txt"]);
    // Nothing is against the rule, and what holds under overload or after a loss is not told by one answer.
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("was asked once") && text.contains("\"findings\": []"), "{text}");
    let record = std::fs::read_to_string(root.join("answers.txt")).unwrap();
    assert!(record.contains(&format!("asked {at} at 20")) && record.contains("app.example.net for US "), "{record}");
    // The record among the files gives the same verdict without a server, and nothing more is asked.
    let (again, text) = check(&root, &[]);
    assert_eq!(again, Some(3), "{text}");
    assert!(text.contains("was asked once"), "{text}");
}

#[test]
fn an_answer_abroad_is_a_finding() {
    let root = project("abroad");
    let at = server(Rcode::NOERROR, Some(24), |_| Ipv4Addr::new(10, 2, 0, 1)).to_string();
    let (code, text) = check(&root, &["--resolve", "--server", &at]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("10.2.0.1") && text.contains("for a client in US"), "{text}");
}

#[test]
fn whatever_is_no_answer_is_a_gap() {
    let gap = |name: &str, at: &str, says: &str| {
        let (code, text) = check(&project(name), &["--resolve", "--server", at]);
        assert_eq!(code, Some(3), "{name}: {text}");
        assert!(text.contains(says), "{name}: {text}");
    };
    gap("nxdomain", &server(Rcode::NXDOMAIN, Some(24), at_home).to_string(), "NXDOMAIN");
    gap("servfail", &server(Rcode::SERVFAIL, Some(24), at_home).to_string(), "SERVFAIL");
    gap("no-subnet", &server(Rcode::NOERROR, None, at_home).to_string(), "does not tell clients");
    // Bound, and never read from.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    gap("silent", &silent.local_addr().unwrap().to_string(), "no answer in time");
}

#[test]
fn declared_facts_go_before_answers() {
    let root = project("declared");
    std::fs::write(
        root.join("inventory/y.toml"),
        "[[endpoint]]\nid = \"app\"\nnames = [\"app.example.net\"]\naddresses = [\"10.1.0.9\"]\n",
    )
    .unwrap();
    let at = server(Rcode::NOERROR, Some(24), |_| Ipv4Addr::new(10, 2, 0, 1)).to_string();
    let (code, text) = check(&root, &["--resolve", "--server", &at]);
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("10.2.0.1"), "{text}");
}
