//! What the readers of databases and message logs share: servers by what they are named by, groups whose members copy to each
//! other, the stores that copies go to, and words in no table. It knows no format.
//!
//! A group (a replica set, a cluster) is a logical endpoint: what gets to one member gets to all that hold copies, whoever is primary
//! just now. So a group of N members takes 2N routes.

pub mod lines;
pub mod sql;
pub mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::proxy::output::{Output, Touch};
use super::proxy::peer::{Peer, peer};
use super::proxy::shorten;
use super::words::{Effect, Vocabulary};
use super::{FileSettings, Input};
use crate::doc::{Document, Node};
use crate::model::{
    Activity, Address, EndpointFact, Facts, GapScope, Reference, Role, Roles, RouteFact, RouteRole, Spill, Standing, Trail,
};
use crate::source::{Location, SourceId, Span, Spanned};

/// Facts about data stores as they are made.
pub struct Copies<'i> {
    pub out: Output,
    pub input: Input<'i>,
    /// What the format's servers are called.
    kind: &'static str,
    servers: BTreeMap<Peer, usize>,
    owns: BTreeMap<SourceId, usize>,
    groups: BTreeMap<String, usize>,
    stores: BTreeMap<String, usize>,
    told: BTreeMap<SourceId, FileSettings>,
    joined: BTreeSet<(usize, usize)>,
}

impl<'i> Copies<'i> {
    pub fn new(input: &Input<'i>, kind: &'static str) -> Self {
        Self {
            out: Output::new(input.text().len() / 16),
            input: *input,
            kind,
            servers: BTreeMap::new(),
            owns: BTreeMap::new(),
            groups: BTreeMap::new(),
            stores: BTreeMap::new(),
            told: BTreeMap::new(),
            joined: BTreeSet::new(),
        }
    }

    pub fn told(&mut self, file: SourceId) -> &FileSettings {
        let (settings, sources) = (self.input.settings, self.input.sources);
        self.told.entry(file).or_insert_with(|| settings.of(&sources.get(file).path))
    }

    /// The server that a file configures. It is called by the file's path, since nothing else tells it from its like.
    pub fn own(&mut self, file: SourceId) -> usize {
        if let Some(own) = self.owns.get(&file) {
            return *own;
        }
        let path = self.input.sources.get(file).path.clone();
        let fact = self.thing(self.kind, path, Location::new(file, Span::default()));
        self.owns.insert(file, fact);
        fact
    }

    /// A store that works on its data, standing where the project file says its file stands.
    pub fn thing(&mut self, kind: &'static str, label: String, at: Location) -> usize {
        let mut fact = EndpointFact::new(kind, label, at);
        fact.roles = Roles::of(&[Role::Process, Role::Store]);
        self.stand(&mut fact, at);
        self.out.principal(fact)
    }

    /// Puts a fact where the project file says that a file stands.
    pub fn stand(&mut self, fact: &mut EndpointFact, at: Location) {
        let told = self.told(at.source).clone();
        fact.account = told.account.map(|a| a.text);
        fact.provider = fact.provider.take().or(told.provider.map(|p| p.text));
        if let Some(region) = told.region.filter(|_| fact.region.is_none()) {
            fact.region = Some(Spanned::new(region.text, at.span));
            fact.trail = Trail::stated(region.location, "the region of this file is told here");
        }
    }

    /// The server at a peer. A loopback address or a socket is the file's own server.
    pub fn server(&mut self, peer: &Peer, at: Location) -> usize {
        if let Some(known) = self.servers.get(peer) {
            return *known;
        }
        let kind = self.kind;
        let mut fact = match peer {
            Peer::Host { name, .. } => {
                let mut fact = EndpointFact::new(kind, name.clone(), at);
                fact.names.push(Spanned::new(name.clone(), at.span));
                fact
            }
            Peer::Address { ip, port } => {
                let mut fact = EndpointFact::new(kind, ip.to_string(), at);
                fact.addresses.push(Address { ip: *ip, port: *port, location: at });
                fact
            }
            Peer::Loopback { .. } | Peer::Unix(_) => return self.own(at.source),
        };
        fact.roles = Roles::of(&[Role::Process, Role::Store]);
        fact.elsewhere = true;
        let index = self.out.principal(fact);
        self.servers.insert(peer.clone(), index);
        index
    }

    /// The server that a text names; a gap about `touch` if it names none.
    pub fn server_at(&mut self, text: &str, port: Option<u16>, at: Location, touch: Touch) -> Option<usize> {
        match peer(text, port) {
            Ok(peer) => Some(self.server(&peer, at)),
            Err(why) => {
                self.no_target(text, &why, at, touch);
                None
            }
        }
    }

    /// The server at a host with its port beside it. Without a port that can be read it may be any that listens there.
    pub fn server_beside(&mut self, host: &str, port: &str, port_at: Location, at: Location, touch: Touch) -> Option<usize> {
        let port = if port.is_empty() { None } else { self.number::<u16>(port, port_at, touch) };
        self.server_at(host, port, at, touch)
    }

    /// A number; a gap about `touch` if the text is none.
    pub fn number<N: FromStr>(&mut self, text: &str, at: Location, touch: Touch) -> Option<N> {
        let number = text.trim().parse().ok();
        if number.is_none() {
            self.unread(text, "is no number that is allowed here", at, touch);
        }
        number
    }

    /// A value that cannot be read. `why` is a clause: "is no number".
    pub fn unread(&mut self, text: &str, why: &str, at: Location, touch: Touch) {
        let (code, help) = if is_template(text) {
            ("unresolved-variable", "put the value in its place, and give onshore the result")
        } else {
            ("unknown-directive", "correct the value")
        };
        let message = format!("`{}` {why}, so what it changes is not known", shorten(text));
        self.gap(code, message, help, at, touch);
    }

    /// What stands in the way of reading a document: behind it, anything may be missing.
    pub fn problems(&mut self, file: SourceId, document: &Document<'_>) {
        for problem in document.problems() {
            let at = Location::new(file, problem.span);
            self.gap("syntax", problem.message.clone(), "what stands behind may be missing", at, Touch::Everything);
        }
    }

    /// A target that cannot be followed. `why` is a clause: "is no host name or address".
    pub fn no_target(&mut self, text: &str, why: &str, at: Location, touch: Touch) {
        let (code, help) = if is_template(text) {
            ("unresolved-variable", "put the value in its place, and give onshore the result")
        } else {
            ("unusable-target", "correct the value")
        };
        let message = format!("`{}` {why}, so where this leads is not known", shorten(text));
        self.out.gap(code, message, Some(help.to_owned()), at, touch);
    }

    /// The name or address by which others reach a server.
    pub fn reached_by(&mut self, server: usize, text: &str, at: Location) {
        // Without a name or an address nothing joins the server, and its place is what its file is told.
        let Ok(peer) = peer(text, None) else { return };
        let fact = &mut self.out.facts.endpoints[server];
        match &peer {
            Peer::Host { name, .. } => {
                // A name stands in the file of its endpoint; one that is told elsewhere is shown by the endpoint's own line.
                let span = if at.source == fact.location.source { at.span } else { fact.location.span };
                if fact.names.iter().all(|n| n.value != *name) {
                    fact.names.push(Spanned::new(name.clone(), span));
                }
            }
            Peer::Address { ip, port } => {
                let address = Address { ip: *ip, port: *port, location: at };
                if fact.addresses.iter().all(|a| (a.ip, a.port) != (*ip, *port)) {
                    fact.addresses.push(address);
                }
            }
            Peer::Loopback { .. } | Peer::Unix(_) => {}
        }
    }

    /// The facts, with what is one server told once: a server that other files name by an address or a name of its own.
    pub fn finish(self) -> Facts {
        let mut facts = self.out.facts;
        let owns: BTreeSet<usize> = self.owns.values().copied().collect();
        let mut by_name: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for own in &owns {
            let fact = &facts.endpoints[*own];
            let keys = fact.names.iter().map(|n| n.value.clone()).chain(fact.addresses.iter().map(|a| a.ip.to_string()));
            for key in keys {
                by_name.entry(key).or_default().insert(*own);
            }
        }
        let mut becomes: Vec<usize> = (0..facts.endpoints.len()).collect();
        for (peer, server) in &self.servers {
            let key = match peer {
                Peer::Host { name, .. } => name.clone(),
                Peer::Address { ip, .. } => ip.to_string(),
                Peer::Loopback { .. } | Peer::Unix(_) => continue,
            };
            // Several servers of one machine are told apart by nothing.
            if let Some([only]) = by_name.get(&key).map(|all| all.iter().copied().collect::<Vec<_>>()).as_deref() {
                becomes[*server] = *only;
            }
        }
        let mut named = vec![false; facts.endpoints.len()];
        let mut name = |reference: &Reference| {
            if let Reference::Fact(i) = reference {
                named[*i] = true;
            }
        };
        facts.routes.iter().flat_map(|r| [&r.from, &r.to]).for_each(&mut name);
        for gap in &facts.gaps {
            if let GapScope::Endpoints(all) = &gap.scope {
                all.iter().for_each(&mut name);
            }
        }
        facts.endpoints.iter().flat_map(|e| &e.part_of).for_each(&mut name);
        // A file that neither copies nor says which server it is about adds nothing to what others say of that server.
        let says_nothing = |i: usize, fact: &EndpointFact| {
            let told = !fact.names.is_empty()
                || !fact.addresses.is_empty()
                || fact.region.is_some()
                || !fact.attributes.other.is_empty();
            owns.contains(&i) && !named[i] && !told
        };
        let mut place = vec![0; becomes.len()];
        let mut kept: Vec<EndpointFact> = Vec::new();
        let mut told = Vec::new();
        for (i, fact) in std::mem::take(&mut facts.endpoints).into_iter().enumerate() {
            place[i] = kept.len();
            if becomes[i] != i {
                told.push((becomes[i], fact));
            } else if !says_nothing(i, &fact) {
                kept.push(fact);
            }
        }
        // What is told of it elsewhere is told of the server.
        for (own, fact) in told {
            let server = &mut kept[place[own]];
            server.attributes.max_age_hours = server.attributes.max_age_hours.or(fact.attributes.max_age_hours);
            server.tags.extend(fact.tags);
            let span = server.location.span;
            server.site_hints.extend(fact.site_hints.into_iter().map(|h| Spanned::new(h.value, span)));
        }
        let moved = |reference: &mut Reference| {
            if let Reference::Fact(i) = reference {
                *i = place[becomes[*i]];
            }
        };
        for route in &mut facts.routes {
            moved(&mut route.from);
            moved(&mut route.to);
        }
        facts.routes.retain(|r| r.from != r.to);
        let mut seen = BTreeSet::new();
        facts.routes.retain(|r| {
            let plain = r.condition.is_none() && r.activity == Activity::Replicate;
            !plain || seen.insert((r.from.clone(), r.to.clone()))
        });
        for gap in &mut facts.gaps {
            if let GapScope::Endpoints(all) = &mut gap.scope {
                all.iter_mut().for_each(moved);
            }
        }
        kept.iter_mut().flat_map(|f| &mut f.part_of).for_each(moved);
        facts.endpoints = kept;
        facts
    }

    /// A logical endpoint by its name: a replica set, a cluster, a database.
    pub fn group(&mut self, kind: &'static str, name: &str, at: Location) -> usize {
        let key = format!("{kind} {name}");
        if let Some(known) = self.groups.get(&key) {
            return *known;
        }
        let mut fact = EndpointFact::new(kind, name, at);
        fact.standing = Standing::Logical;
        let index = self.out.principal(fact);
        self.groups.insert(key, index);
        index
    }

    pub fn known_group(&self, kind: &'static str, name: &str) -> Option<usize> {
        self.groups.get(&format!("{kind} {name}")).copied()
    }

    /// A member holds copies of whatever gets to any other.
    pub fn member(&mut self, group: usize, member: usize, at: Location) {
        self.way(member, group, Activity::Replicate, at);
        self.way(group, member, Activity::Replicate, at);
    }

    /// A plain route, told once.
    pub fn way(&mut self, from: usize, to: usize, activity: Activity, at: Location) {
        if activity == Activity::Replicate && !self.joined.insert((from, to)) {
            return;
        }
        self.route(from, to, activity, at, |_| {});
    }

    pub fn route(&mut self, from: usize, to: usize, activity: Activity, at: Location, set: impl FnOnce(&mut RouteFact)) {
        if from == to {
            return;
        }
        let mut route = Output::plain(from, Reference::Fact(to), activity, at);
        set(&mut route);
        self.out.route(route);
    }

    /// Who takes the writes of a group: the lowest rank does, the others when those before them are gone.
    pub fn primaries(&mut self, group: usize, candidates: &[(usize, u32, Location)], why: &str) {
        let Some(first) = candidates.iter().map(|(_, rank, _)| *rank).min() else { return };
        for (member, rank, at) in candidates {
            let is_first = *rank == first;
            self.route(group, *member, Activity::Forward, *at, |route| {
                route.pool = Some("primary".to_owned());
                route.priority = Some(*rank);
                if !is_first {
                    route.role = RouteRole::Failover;
                    route.spill = Spill::Failure(why.to_owned());
                }
            });
        }
    }

    pub fn gap(&mut self, code: &'static str, message: String, help: &str, at: Location, touch: Touch) {
        self.out.gap(code, message, Some(help.to_owned()), at, touch);
    }

    /// A statement that is longer than what is kept of one. Rows of a dump are, and say nothing of places.
    pub fn cut(&mut self, statement: &sql::Statement<'_>) {
        if statement.cut && !statement.starts("insert") && !statement.starts("replace") {
            let message = "this statement has more words than are read; what stands behind them may matter".to_owned();
            self.gap(
                "too-large",
                message,
                "split it, or leave the file out with `exclude`",
                statement.at(0),
                Touch::Everything,
            );
        }
    }

    /// Copies that go by a program or a setting which is not followed.
    pub fn unfollowed(&mut self, message: String, at: Location, touch: Touch) {
        self.gap("unfollowed-copy", message, "declare where it leads as a [[route]] in the inventory", at, touch);
    }

    /// What a table of words says of a word, after the gap that an unknown or a refused one makes.
    pub fn word(&mut self, words: &Vocabulary, part: &str, word: &str, at: Location, touch: Touch) -> Option<Effect> {
        let effect = words.effect(part, word);
        let (message, help) = match effect {
            Some(Effect::Followed | Effect::Harmless) => return effect,
            Some(Effect::Refused) => (
                format!("`{}` can change where data goes and is not followed", shorten(word)),
                "declare where it leads as a [[route]] in the inventory".to_owned(),
            ),
            None => (
                format!("`{}` is not a setting that onshore knows, so it could change where data goes", shorten(word)),
                words.nearest(part, word).filter(|near| !near.ends_with('*')).map_or_else(
                    || "correct it, or declare what it does as a [[route]] in the inventory".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            ),
        };
        self.out.gap("unknown-directive", message, Some(help), at, touch);
        effect
    }

    /// The same for words of families: `ssl.key.password` is one of `ssl.*`, `commitlog_sync` one of `commitlog_*`.
    pub fn dotted(&mut self, words: &Vocabulary, part: &str, word: &str, at: Location, touch: Touch) -> Option<Effect> {
        let families = word.match_indices(['.', '_', '-']).rev().map(|(at, sign)| format!("{}{sign}*", &word[..at]));
        let known = std::iter::once(word.to_owned()).chain(families).find(|w| words.effect(part, w).is_some());
        match known {
            Some(known) if words.effect(part, &known) != Some(Effect::Refused) => words.effect(part, &known),
            Some(_) => {
                let message = format!("`{}` can change where data goes and is not followed", shorten(word));
                self.gap("unknown-directive", message, "declare where it leads as a [[route]] in the inventory", at, touch);
                Some(Effect::Refused)
            }
            None => self.word(words, part, word, at, touch),
        }
    }

    /// Members of a group that some other file or the servers themselves know.
    pub fn members_unknown(&mut self, message: String, help: &str, at: Location, touch: Touch) {
        self.gap("members-not-read", message, help, at, touch);
    }
}

/// Something else fills the text in.
fn is_template(text: &str) -> bool {
    text.contains(['$', '{', '<', '%'])
}

/// The objects of a document that holds one, a list of them, or several after each other.
pub fn objects<'d>(document: &'d Document<'d>) -> Vec<Node<'d>> {
    document.roots().flat_map(|root| if root.is_list() { root.items().collect() } else { vec![root] }).collect()
}

/// Whole hours, at least one, so that a delay is never told shorter than it is.
pub fn hours(seconds: u64) -> u64 {
    seconds.div_ceil(3600)
}
