//! Backends and directors: where they lead, and which member of a director carries when.
//!
//! vcl-backend(7): `.host` and `.port`, `.path` of a socket, `.via` another backend, `.probe`; vmod_directors(3): `fallback` takes the first
//! healthy backend in the order in which they were added, the others share requests; without a probe a backend counts as healthy until a
//! person says otherwise (varnish-cli(7), "backend.set_health"). Fastly, "director": `random`, `fallback`, `hash`, `client`, `chash`, and
//! `shield`, which is one of Fastly's own points of presence.

use std::collections::BTreeMap;

use super::known::{self, VOCABULARY};
use crate::model::{EndpointFact, Reference, Role, Roles, Spill, Standing};
use crate::read::proxy::block::{Block, Word};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::{self, Peer};
use crate::read::proxy::shorten;
use crate::read::proxy::turn::{Turn, is_template};
use crate::source::Location;

/// Directors of directors of...
const MAX_DEPTH: usize = 16;

#[derive(Default)]
pub(super) struct Backends {
    by_name: BTreeMap<String, Backend>,
    directors: BTreeMap<String, Director>,
    /// The first that is declared, which is the default if none is called so.
    first: Option<String>,
    shields: BTreeMap<String, usize>,
}

struct Backend {
    peer: Option<Peer>,
    at: Location,
    probed: bool,
    via: Option<Word>,
    /// `none`: always sick.
    none: bool,
}

struct Director {
    fact: usize,
    at: Location,
    kind: String,
    members: Vec<(String, Location, u64)>,
    /// A member of it is made in code.
    open: bool,
}

impl Backends {
    /// A `backend NAME { ... }` or `backend NAME none;`.
    pub fn backend(&mut self, out: &mut Output, block: &Block) {
        let name = block.word(1).to_owned();
        let mut backend = Backend { peer: None, at: block.at(1), probed: false, via: None, none: block.word(2) == "none" };
        let (mut host, mut port) = (None, None);
        for line in block.body() {
            let field = line.name().trim_start_matches('.');
            out.knows(&VOCABULARY, known::BACKEND, field, line.location(), Touch::Tree);
            let value = line.words.iter().position(|w| w.text == "=").map_or(1, |i| i + 1);
            match field {
                "host" => host = Some((line.word(value).to_owned(), line.at(value))),
                "port" => {
                    let text = line.word(value);
                    port = peer::scheme_port(text).or_else(|| out.number("`.port`", text, line.at(value), Touch::Tree));
                }
                "path" => backend.peer = Some(Peer::Unix(line.word(value).to_owned())),
                "probe" | "healthcheck" => {
                    let dummy = line.body().iter().any(|l| l.name() == ".dummy" && l.words.iter().any(|w| w.text == "true"));
                    backend.probed = !dummy;
                }
                "via" => backend.via = line.words.get(value).cloned(),
                // How it is connected to, not where.
                _ => {}
            }
        }
        if let Some((host, at)) = host {
            backend.at = at;
            let what = format!("`.host` of backend `{}`", shorten(&name));
            let template = is_template(&host);
            let peer = if template { Err(String::new()) } else { peer::peer(&bracketed(&host), port.or(Some(80))) };
            backend.peer = match peer {
                Ok(peer) => Some(peer),
                Err(_) => out.target(&what, &host, port.or(Some(80)), at, Touch::Tree),
            };
        } else if backend.peer.is_none() && !backend.none {
            let message = format!("backend `{}` has neither `.host` nor `.path`", shorten(&name));
            out.gap("unusable-target", message, None, block.at(1), Touch::Tree);
        }
        self.first.get_or_insert_with(|| name.clone());
        self.by_name.insert(name, backend);
    }

    /// `director NAME KIND { ... }` of Varnish 3 and Fastly.
    pub fn declared(&mut self, out: &mut Output, block: &Block) {
        let (name, kind) = (block.word(1).to_owned(), block.word(2).to_owned());
        out.knows(&VOCABULARY, known::DIRECTOR, &kind, block.at(2), Touch::Tree);
        let mut members = Vec::new();
        for member in block.body() {
            if member.name() == ".shield" {
                members.push((format!("shield {}", member.word(2)), member.at(2), 1));
            }
            if member.body.is_none() {
                continue;
            }
            let field = |name: &str| member.body().iter().find(|l| l.name() == name);
            let weight = field(".weight").and_then(|l| out.number("`.weight`", l.word(2), l.at(2), Touch::Tree));
            let weight = weight.map_or(1, |w: u32| u64::from(w));
            if let Some(line) = field(".backend") {
                if line.body.is_some() {
                    // A backend that is written where it is named.
                    let own = format!("{name} {}", members.len() + 1);
                    let words = vec![line.words[0].clone(), Word { text: own.clone(), ..line.words[0].clone() }];
                    self.backend(out, &Block { words, ..line.clone() });
                    members.push((own, line.location(), weight));
                } else {
                    members.push((line.word(2).to_owned(), line.at(2), weight));
                }
            }
        }
        self.director(out, name, kind, block.at(1), members);
    }

    fn director(&mut self, out: &mut Output, name: String, kind: String, at: Location, members: Vec<(String, Location, u64)>) {
        let mut fact = EndpointFact::new("varnish-director", name.clone(), at);
        fact.standing = Standing::Logical;
        let fact = out.principal(fact);
        self.directors.insert(name, Director { fact, at, kind, members, open: false });
    }

    /// `new NAME = directors.KIND(...)`.
    pub fn created(&mut self, out: &mut Output, block: &Block) -> bool {
        let Some(kind) = block.word(3).strip_prefix("directors.") else { return false };
        out.knows(&VOCABULARY, known::DIRECTOR, kind, block.at(3), Touch::Tree);
        self.director(out, block.word(1).to_owned(), kind.to_owned(), block.at(1), Vec::new());
        true
    }

    /// `NAME.add_backend(BACKEND, WEIGHT)`; whether it is one.
    pub fn added(&mut self, out: &mut Output, block: &Block) -> bool {
        let Some((name, method)) = block.name().rsplit_once('.') else { return false };
        let Some(director) = self.directors.get_mut(name) else { return false };
        match method {
            "add_backend" => {
                let argument = block.word(2).to_owned();
                let weight = block.words.get(4).filter(|w| w.text != ")");
                let weight =
                    weight.and_then(|w| out.number::<f64>("a weight", &w.text, block.at(4), Touch::Endpoint(director.fact)));
                let weight = weight.map_or(1, |w| w.max(0.0) as u64);
                let plain = block.words.get(3).is_some_and(|w| matches!(w.text.as_str(), ")" | ","));
                if plain {
                    director.members.push((argument, block.at(2), weight));
                } else {
                    director.open = true;
                    let message = format!("a member of director `{}` is made in code", shorten(name));
                    out.gap("dynamic-upstream", message, None, block.location(), Touch::Endpoint(director.fact));
                }
            }
            "remove_backend" => director.members.retain(|(member, _, _)| member != block.word(2)),
            // How members share, not who they are.
            _ => {}
        }
        true
    }

    pub fn is_director(&self, name: &str) -> bool {
        self.directors.contains_key(name)
    }

    /// What carries if nothing is chosen.
    pub fn default_name(&self) -> Option<String> {
        if self.by_name.contains_key("default") {
            return Some("default".to_owned());
        }
        self.first.clone()
    }

    pub fn at(&self, name: &str) -> Option<Location> {
        self.by_name.get(name).map(|b| b.at)
    }

    /// A route to what a name leads to; `false` if there is no such name.
    pub fn send(&mut self, out: &mut Output, from: usize, name: &str, at: Location, turn: &Turn) -> bool {
        if let Some(director) = self.directors.get(name) {
            out.send_to(from, Reference::Fact(director.fact), at, turn);
            return true;
        }
        let shield = name.strip_prefix("ssl_shield_").or_else(|| name.strip_prefix("shield_"));
        if let Some(place) = shield.or_else(|| name.strip_prefix("shield ")) {
            let place = place.replace('_', "-");
            let fact = *self.shields.entry(place.clone()).or_insert_with(|| {
                let mut fact = EndpointFact::new("fastly-pop", format!("Fastly POP {}", shorten(&place)), at);
                fact.roles = Roles::of(&[Role::Transit]);
                out.principal(fact)
            });
            out.send_to(from, Reference::Fact(fact), at, turn);
            return true;
        }
        let Some(backend) = self.by_name.get(name) else { return false };
        if backend.none {
            return true;
        }
        let (peer, via, place) = (backend.peer.clone(), backend.via.clone(), backend.at);
        if let Some(peer) = peer {
            // The line of the host says where; the line that chooses says when.
            let trail = turn.trail.through(at, format!("backend `{}` is chosen here", shorten(name)));
            let trail = if turn.trail.is_empty() && place == at { turn.trail.clone() } else { trail };
            out.send(from, &peer, place, &Turn { trail, ..turn.clone() });
        }
        let Some(via) = via else { return true };
        let Some(through) = self.by_name.get(&via.text) else {
            let message = format!("there is no backend `{}` in the files that were read", shorten(&via.text));
            out.gap("undefined-name", message, None, place, Touch::Endpoint(from));
            return true;
        };
        if let Backend { peer: Some(peer), at, .. } = through {
            let condition = format!("on the way to backend `{}` (.via)", shorten(name));
            out.send(
                from,
                &peer.clone(),
                *at,
                &Turn { pool: Some(format!("via {}", via.text)), ..turn.clone().under(condition) },
            );
        }
        true
    }

    /// When a name counts as sick: its probes tell, or only a person.
    pub fn spill(&self, name: &str) -> Spill {
        if self.is_probed(name, 0) {
            return Spill::Load;
        }
        Spill::Manual(format!(
            "nothing probes `{}`, so it always counts as healthy: only a person can take it out",
            shorten(name)
        ))
    }

    fn is_probed(&self, name: &str, depth: usize) -> bool {
        if let Some(director) = self.directors.get(name).filter(|_| depth < MAX_DEPTH) {
            return director.open || director.members.iter().all(|(member, _, _)| self.is_probed(member, depth + 1));
        }
        self.by_name.get(name).is_none_or(|b| b.probed || b.none)
    }

    pub fn routes(&mut self, out: &mut Output) {
        let names: Vec<String> = self.directors.keys().cloned().collect();
        for name in names {
            let Some(director) = self.directors.get(&name) else { continue };
            let (fact, at, fallback) = (director.fact, director.at, director.kind == "fallback");
            let members = director.members.clone();
            if members.is_empty() && !director.open {
                let message = format!("director `{}` has no members in the files that were read", shorten(&name));
                out.gap("empty-upstream", message, None, at, Touch::Endpoint(fact));
            }
            let total: u64 = members.iter().map(|(_, _, w)| w).sum();
            let uneven = members.iter().any(|(_, _, w)| *w != members[0].2);
            let mut spill = Spill::Load;
            for (i, (member, at, weight)) in members.iter().enumerate() {
                let turn = match i {
                    1.. if fallback => {
                        let condition = match i {
                            1 => format!("when the member of `{}` before it is sick", shorten(&name)),
                            n => format!("when the {n} members of `{}` before it are sick", shorten(&name)),
                        };
                        Turn::standby("members", u32::try_from(i).unwrap_or(u32::MAX), spill.clone(), condition)
                    }
                    _ if !fallback && *weight == 0 => Turn::first("members").never("its weight is 0"),
                    _ if !fallback && uneven => Turn::first("members").share(*weight, total),
                    _ => Turn::first("members"),
                };
                if spill == Spill::Load {
                    spill = self.spill(member);
                }
                if !self.send(out, fact, member, *at, &turn) {
                    let message = format!("there is no backend `{}` in the files that were read", shorten(member));
                    out.gap("undefined-name", message, None, *at, Touch::Endpoint(fact));
                }
            }
        }
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
