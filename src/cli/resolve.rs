//! `--resolve`: asks a DNS server for the host names that no file of the project gives an address for, once for each country of the
//! populations, with an EDNS Client Subnet (RFC 7871) of that country. What comes back is written down as a text that is read like any
//! other input ([`crate::read::geodns::answers`]): evidence, and never better than what is declared.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use domain::base::iana::{OptRcode, Rcode};
use domain::base::opt::ClientSubnet;
use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::rdata::{A, Aaaa};
use ipnetwork::IpNetwork;

use super::Failure;
use super::pipeline::Opened;
use crate::geo::Atlas;
use crate::model::{Activity, Country};
use crate::read::geodns::answers::HEADER;
use crate::source::load;

const PATIENCE: Duration = Duration::from_secs(2);
/// Names asked for at most, each for every country.
const MAX_NAMES: usize = 1000;
/// After so many questions without an answer in a row nothing more is asked.
const MAX_SILENCE: usize = 6;

/// The server to ask: as given, else the first one of the system.
pub fn server(given: Option<&str>) -> Result<SocketAddr, Failure> {
    let parse = |text: &str| {
        let address = text.parse::<SocketAddr>().ok();
        address.or_else(|| text.trim_matches(['[', ']']).parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53)))
    };
    if let Some(text) = given {
        return parse(text).ok_or_else(|| {
            Failure::with_help(format!("`{text}` is no address of a server"), "for example 192.0.2.53 or 192.0.2.53:5353")
        });
    }
    // Without the file there is no server in it, which is told below.
    let told = load::read_one(Path::new("/etc/resolv.conf")).unwrap_or_default();
    let first = told.lines().filter_map(|l| l.trim().strip_prefix("nameserver")).find_map(|a| parse(a.trim()));
    first.ok_or_else(|| Failure::with_help("this system names no DNS server", "name one with `--server ADDRESS`"))
}

/// Names that lead nowhere and stand nowhere as far as the files tell.
fn names(opened: &Opened, atlas: &Atlas) -> BTreeSet<String> {
    let snapshot = &opened.snapshot;
    let mut names = BTreeSet::new();
    for id in snapshot.endpoint_ids() {
        let endpoint = snapshot.endpoint(id);
        let leads = snapshot.routes_from(id).any(|(_, r)| r.activity == Activity::Forward);
        if !endpoint.addresses.is_empty() || leads || endpoint.names.is_empty() || !endpoint.stands_with.is_empty() {
            continue;
        }
        if atlas.locate_endpoint(snapshot, id).places.is_empty() {
            names.extend(endpoint.names.iter().filter(|n| n.contains('.') && !n.contains(['*', ' '])).cloned());
        }
    }
    names
}

/// Asks for everything, and writes down what came back. `now` is the time of asking.
pub fn ask(opened: &Opened, atlas: &Atlas, server: SocketAddr, now: &str) -> String {
    let names = names(opened, atlas);
    let origins: BTreeSet<Country> =
        opened.snapshot.populations.iter().flat_map(|p| p.subject.countries().iter().copied()).collect();
    let networks = atlas.networks_of(&origins);
    let mut text = format!("{HEADER}\nasked {server} at {now}\n");
    let mut silent = 0;
    for name in names.iter().take(MAX_NAMES) {
        for origin in &origins {
            let question = format!("{name} for {origin}");
            let line = match networks.get(origin) {
                None => Err("no network of the country is known".to_owned()),
                Some(_) if silent >= MAX_SILENCE => Err("the server does not answer".to_owned()),
                Some(network) => {
                    let client = client(*network);
                    let answer = resolve(server, name, client);
                    silent = if matches!(&answer, Err(e) if e == SILENT) { silent + 1 } else { 0 };
                    answer.map(|a| a.written(client))
                }
            };
            let _ = match line {
                Ok(line) => writeln!(text, "{question}{line}"),
                Err(why) => writeln!(text, "{question} failed: {why}"),
            };
        }
    }
    for name in names.iter().skip(MAX_NAMES) {
        for origin in &origins {
            let _ = writeln!(text, "{name} for {origin} failed: more than {MAX_NAMES} names");
        }
    }
    text
}

/// No more than 24 bits (RFC 7871 section 11.1), unless the network is smaller than that.
fn client(network: IpNetwork) -> IpNetwork {
    if network.prefix() < 24 { IpNetwork::new(network.network(), 24).unwrap_or(network) } else { network }
}

const SILENT: &str = "no answer in time";

struct Answer {
    addresses: BTreeSet<IpAddr>,
    /// `None`: the server said nothing of the client's network.
    scope: Option<u8>,
}

impl Answer {
    fn written(&self, client: IpNetwork) -> String {
        let list: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        match self.scope {
            Some(scope) => format!(" {client} scope {scope}: {}", list.join(", ")),
            None => format!(": {}", list.join(", ")),
        }
    }
}

/// The IPv4 and IPv6 addresses of a name for a client.
fn resolve(server: SocketAddr, name: &str, client: IpNetwork) -> Result<Answer, String> {
    let mut all = Answer { addresses: BTreeSet::new(), scope: None };
    for kind in [Rtype::A, Rtype::AAAA] {
        let one = query(server, name, kind, client)?;
        all.addresses.extend(one.addresses);
        all.scope = all.scope.max(one.scope);
    }
    if all.addresses.is_empty() { Err("the name has no address".to_owned()) } else { Ok(all) }
}

fn query(server: SocketAddr, name: &str, kind: Rtype, client: IpNetwork) -> Result<Answer, String> {
    let id = RandomState::new().build_hasher().finish().to_le_bytes();
    let id = u16::from_le_bytes([id[0], id[1]]);
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(id);
    builder.header_mut().set_rd(true);
    let mut question = builder.question();
    let owner = Name::<Vec<u8>>::from_str(name).map_err(|_| "it is no DNS name".to_owned())?;
    question.push((&owner, kind)).map_err(|_| "it is too long".to_owned())?;
    let mut additional = question.additional();
    let built = additional.opt(|opt| {
        opt.set_udp_payload_size(1232);
        opt.client_subnet(client.prefix(), 0, client.network())
    });
    built.map_err(|_| "it is too long".to_owned())?;
    let bytes = additional.finish();
    let message = over_udp(server, &bytes, id)?;
    let message = if message.header().tc() { over_tcp(server, &bytes, id)? } else { message };
    read(&message, &owner, kind)
}

fn over_udp(server: SocketAddr, bytes: &[u8], id: u16) -> Result<Message<Vec<u8>>, String> {
    let own: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (std::net::Ipv6Addr::UNSPECIFIED, 0).into() };
    let failed = |e: std::io::Error| format!("the server cannot be asked ({e})");
    let socket = UdpSocket::bind(own).map_err(failed)?;
    socket.connect(server).map_err(failed)?;
    for _ in 0..2 {
        socket.send(bytes).map_err(failed)?;
        let until = Instant::now() + PATIENCE;
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
            socket.set_read_timeout(Some(left)).map_err(failed)?;
            let mut buffer = [0; 4096];
            let Ok(length) = socket.recv(&mut buffer) else { break };
            // Others than the answer to this question are passed over.
            if let Ok(message) = Message::from_octets(buffer[..length].to_vec())
                && message.header().id() == id
                && message.header().qr()
            {
                return Ok(message);
            }
        }
    }
    Err(SILENT.to_owned())
}

/// For answers that are too long for a datagram (RFC 7766).
fn over_tcp(server: SocketAddr, bytes: &[u8], id: u16) -> Result<Message<Vec<u8>>, String> {
    let cut = |_| "the answer is cut short, and the server does not give it over TCP".to_owned();
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE).map_err(cut)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(cut)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(cut)?;
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
    stream.write_all(&[&length, bytes].concat()).map_err(cut)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).map_err(cut)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).map_err(cut)?;
    let message = Message::from_octets(answer).map_err(|_| "the answer is no DNS message".to_owned())?;
    if message.header().id() == id && message.header().qr() {
        Ok(message)
    } else {
        Err("the answer is to another question".to_owned())
    }
}

fn read(message: &Message<Vec<u8>>, owner: &Name<Vec<u8>>, kind: Rtype) -> Result<Answer, String> {
    let wrong = |_| "the answer is no DNS message".to_owned();
    let asked = message.sole_question().is_ok_and(|q| q.qname() == owner && q.qtype() == kind);
    if !asked {
        return Err("the answer is to another question".to_owned());
    }
    let code = message.opt_rcode();
    if code != OptRcode::NOERROR {
        return Err(match message.header().rcode() {
            Rcode::NXDOMAIN => "there is no such name (NXDOMAIN)".to_owned(),
            _ => format!("the server refused or failed ({code})"),
        });
    }
    let mut addresses = BTreeSet::new();
    let section = message.answer().map_err(wrong)?;
    for record in section.limit_to::<A>() {
        addresses.insert(IpAddr::V4(record.map_err(wrong)?.data().addr()));
    }
    let section = message.answer().map_err(wrong)?;
    for record in section.limit_to::<Aaaa>() {
        addresses.insert(IpAddr::V6(record.map_err(wrong)?.data().addr()));
    }
    let scope = message.opt().and_then(|opt| opt.opt().first::<ClientSubnet>()).map(|subnet| subnet.scope_prefix_len());
    Ok(Answer { addresses, scope })
}
