//! Asking name servers on loopback on behalf of clients.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::time::Duration;

use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::rdata::A;

/// Countries of the test database, with a network of each.
pub const CLIENTS: [(&str, Ipv4Addr); 5] = [
    ("CN", Ipv4Addr::new(111, 235, 160, 0)),
    ("GB", Ipv4Addr::new(2, 125, 160, 216)),
    ("PH", Ipv4Addr::new(202, 196, 224, 0)),
    ("SE", Ipv4Addr::new(89, 160, 20, 112)),
    ("US", Ipv4Addr::new(50, 114, 0, 0)),
];

/// The addresses that a client in a network gets, asked for from an address of this machine; `None` without an answer.
pub fn ask(at: SocketAddr, name: &str, from: Ipv4Addr, client: Option<Ipv4Addr>) -> Option<BTreeSet<String>> {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_rd(false);
    let mut question = builder.question();
    question.push((Name::<Vec<u8>>::from_str(name).unwrap(), Rtype::A)).unwrap();
    let mut additional = question.additional();
    if let Some(client) = client {
        additional.opt(|opt| opt.client_subnet(29, 0, IpAddr::V4(client))).unwrap();
    }
    let socket = UdpSocket::bind((from, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    socket.send_to(&additional.finish(), at).ok()?;
    let mut buffer = [0; 4096];
    let (length, _) = socket.recv_from(&mut buffer).ok()?;
    let message = Message::from_octets(buffer[..length].to_vec()).unwrap();
    let records = message.answer().unwrap().limit_to::<A>();
    Some(records.map(|r| r.unwrap().data().addr().to_string()).collect())
}
