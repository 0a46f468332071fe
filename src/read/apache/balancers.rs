//! Balancers and workers: in which order the members of a balancer are asked.
//!
//! mod_proxy, "ProxyPass", "Worker parameters": `lbset` - all members of a lower set are tried before those of a higher one; `status`
//! `D`, `S` (out of use), `N` (only sessions that stick to it), `H` (hot standby: only when no other member of its set is usable),
//! `R` (hot spare: takes the place of one that is not usable), `I` (errors do not count). A member that cannot be connected to is in
//! error for `retry` seconds, and a request goes on to another at once.

use std::collections::BTreeMap;

use super::known::{self, VOCABULARY};
use crate::model::{EndpointFact, Spill, Standing};
use crate::read::proxy::block::Block;
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::Peer;
use crate::read::proxy::shorten;
use crate::read::proxy::turn::Turn;
use crate::read::proxy::when::When;
use crate::source::Location;

#[derive(Default)]
pub(super) struct Balancers {
    /// By the server that it stands in (0: the main server) and name.
    by_name: BTreeMap<(usize, String), Balancer>,
}

pub(super) struct Balancer {
    pub fact: usize,
    name: String,
    members: Vec<Member>,
    at: Location,
    /// A member of it is not in the text.
    open: bool,
}

struct Member {
    peer: Peer,
    at: Location,
    status: String,
    set: u64,
    /// Hundredths.
    factor: u64,
}

/// `balancer://name/path` to the name.
pub(super) fn name_of(url: &str) -> Option<&str> {
    let prefix = url.get(..11).filter(|p| p.eq_ignore_ascii_case("balancer://"))?;
    Some(url[prefix.len()..].split(['/', '?', '$', '%']).next().unwrap_or(""))
}

impl Balancers {
    /// Takes in `<Proxy balancer://NAME>` sections and `BalancerMember balancer://NAME URL` lines of one server.
    pub fn declare(&mut self, out: &mut Output, server: usize, blocks: &[Block]) {
        for block in blocks {
            match known::spelled(block.name()) {
                "Proxy" if block.body.is_some() => {
                    let name = name_of(block.word(1));
                    if let Some(name) = name {
                        self.balancer(out, server, name, block.at(1));
                    }
                    for line in block.body().iter().filter(|l| known::spelled(l.name()) == "BalancerMember") {
                        match name {
                            Some(name) => self.member(out, server, name, line, 1),
                            None => nobodys(out, line),
                        }
                    }
                }
                "BalancerMember" => match name_of(block.word(1)) {
                    Some(name) => self.member(out, server, name, block, 2),
                    None => nobodys(out, block),
                },
                // A server reads what else it has.
                _ => {}
            }
        }
    }

    fn balancer(&mut self, out: &mut Output, server: usize, name: &str, at: Location) -> &mut Balancer {
        self.by_name.entry((server, name.to_ascii_lowercase())).or_insert_with(|| {
            let mut fact = EndpointFact::new("apache-balancer", name, at);
            fact.standing = Standing::Logical;
            let fact = out.principal(fact);
            Balancer { fact, name: name.to_owned(), members: Vec::new(), at, open: false }
        })
    }

    fn member(&mut self, out: &mut Output, server: usize, name: &str, line: &Block, url: usize) {
        let balancer = self.balancer(out, server, name, line.at(1));
        let touch = Touch::Endpoint(balancer.fact);
        let at = line.at(url);
        let peer = peer(out, &format!("a member of `{}`", shorten(name)), line.word(url), at, touch);
        let (mut status, mut set, mut factor) = (String::new(), 0, 100);
        for (i, word) in line.words.iter().enumerate().skip(url + 1) {
            let (key, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
            out.knows(&VOCABULARY, known::PARAMETER, &key.to_ascii_lowercase(), line.at(i), touch);
            match key.to_ascii_lowercase().as_str() {
                "status" => {
                    // `+H`, `H`, `+D-I`: each sign holds for the letters behind it.
                    let mut on = true;
                    for letter in value.to_ascii_uppercase().chars() {
                        match letter {
                            '+' => on = true,
                            '-' => on = false,
                            letter if on => status.push(letter),
                            letter => status.retain(|l| l != letter),
                        }
                    }
                }
                "lbset" => set = out.number("`lbset`", value, line.at(i), touch).unwrap_or(0),
                "loadfactor" => {
                    let read: Option<f64> = out.number("`loadfactor`", value, line.at(i), touch);
                    factor = read.map_or(100, |f| (f.clamp(0.0, 1000.0) * 100.0) as u64);
                }
                // Timeouts and sizes, or a gap already.
                _ => {}
            }
        }
        match peer {
            Some(peer) => balancer.members.push(Member { peer, at, status, set, factor }),
            None => balancer.open = true,
        }
    }

    /// The balancer of a name, as a server sees it.
    pub fn find(&self, server: usize, name: &str) -> Option<&Balancer> {
        let name = name.to_ascii_lowercase();
        self.by_name.get(&(server, name.clone())).or_else(|| self.by_name.get(&(0, name)))
    }

    pub fn routes(&self, out: &mut Output) {
        self.by_name.values().for_each(|b| b.routes(out));
    }
}

impl Member {
    fn is(&self, letter: char) -> bool {
        self.status.contains(letter)
    }

    fn is_off(&self) -> bool {
        self.is('D') || self.is('S')
    }

    /// Its turn among the members: its set, then members before spares before standbys.
    fn turn(&self) -> (u64, u8) {
        (self.set, if self.is('H') { 2 } else { u8::from(self.is('R')) })
    }
}

impl Balancer {
    fn routes(&self, out: &mut Output) {
        let name = shorten(&self.name);
        let mut turns: Vec<(u64, u8)> = self.members.iter().filter(|m| !m.is_off()).map(Member::turn).collect();
        turns.sort_unstable();
        turns.dedup();
        if self.members.is_empty() && !self.open {
            let message = format!("balancer `{name}` has no members in the files that were read");
            out.gap("empty-upstream", message, None, self.at, Touch::Endpoint(self.fact));
        }
        for member in &self.members {
            let order = turns.iter().position(|t| *t == member.turn()).unwrap_or(0);
            let peers = || self.members.iter().filter(|m| m.turn() == member.turn() && !m.is_off() && !m.is('N'));
            let before: Vec<&Member> = self.members.iter().filter(|m| m.turn() < member.turn() && !m.is_off()).collect();
            let turn = if member.is_off() {
                Turn::first("members").never("it is switched off (status)")
            } else if member.is('N') {
                let when = When::some("by a session that sticks to it", "for sessions that stick to it (status N)");
                Turn::first("members").for_clients(&when)
            } else if order > 0 {
                // Errors of members with `I` never count.
                let spill = match before.iter().all(|m| m.is('I')) {
                    true => Spill::Manual("errors of the members before it do not count (status I)".to_owned()),
                    false => Spill::Load,
                };
                let condition = match (before.len(), member.is('R')) {
                    (1, _) => format!("when the only preferred member of `{name}` is in error or busy"),
                    (n, true) => format!("when one of the {n} preferred members of `{name}` is in error or busy (hot spare)"),
                    (n, false) => format!("when the {n} preferred members of `{name}` are in error or busy"),
                };
                Turn::standby("members", u32::try_from(order).unwrap_or(u32::MAX), spill, condition)
            } else if peers().any(|m| m.factor != member.factor) {
                // Whole numbers where they can be: 2 and 1, not 200 and 100.
                let unit = peers().map(|m| m.factor).fold(0, common_divisor).max(1);
                let total: u64 = peers().map(|m| m.factor).sum();
                Turn::first("members").share(member.factor / unit, total / unit)
            } else {
                Turn::first("members")
            };
            out.send(self.fact, &member.peer, member.at, &turn);
        }
    }
}

/// A member of a balancer whose name is not in the text.
fn nobodys(out: &mut Output, line: &Block) {
    let message = format!("which balancer `{}` is a member of is not known", shorten(&line.rest(1)));
    out.gap("unresolved-variable", message, None, line.location(), Touch::Tree);
}

/// Where the URL of a worker leads: `http`, `https`, `ws`, `h2`, `ajp`, `fcgi`, `scgi`, `uwsgi`, `ftp`; `unix:/path|fcgi://name/`.
pub(super) fn peer(out: &mut Output, what: &str, url: &str, at: Location, touch: Touch) -> Option<Peer> {
    if url.get(..5).is_some_and(|p| p.eq_ignore_ascii_case("unix:")) {
        let path = url[5..].split('|').next().unwrap_or("");
        return Some(Peer::Unix(path.to_owned()));
    }
    let scheme = url.split("://").next().unwrap_or("").to_ascii_lowercase();
    let port = match scheme.as_str() {
        "ajp" => Some(8009),
        "fcgi" => Some(8000),
        "scgi" => Some(4000),
        "uwsgi" => Some(3031),
        "h2" => Some(443),
        "h2c" => Some(80),
        "ftp" => Some(21),
        _ => Some(80),
    };
    if let Some(name) = url.split_once("${").and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name) {
        let message = format!("{what} is `{}`, and `{}` is not known", shorten(url), shorten(name));
        let help = format!("give `{}` in `variables` of an `[[inputs.override]]`", shorten(name));
        out.gap("unresolved-variable", message, Some(help), at, touch);
        return None;
    }
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?']).next().unwrap_or("");
    // What a pattern captured may stand behind the host.
    let fixed = authority.split('$').next().unwrap_or("");
    if authority.starts_with('$') || authority.contains('%') || (authority != fixed && fixed.ends_with([':', '.', '-'])) {
        let message = format!("{what} is `{}`, which is made from the request", shorten(url));
        let help = "declare the servers that it can name in an inventory, with routes to them".to_owned();
        out.gap("dynamic-upstream", message, Some(help), at, touch);
        return None;
    }
    let shown =
        format!("{}{}", if scheme.is_empty() || !url.contains("://") { String::new() } else { format!("{scheme}://") }, fixed);
    out.target(what, &shown, port, at, touch)
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
