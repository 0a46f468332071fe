//! Services: servers, and services made of services.
//!
//! "HTTP Services": `loadBalancer` shares requests out among its servers, and takes out those that fail its `healthCheck`;
//! "Weighted Round robin", "Highest Random Weight" and "Mirroring" are made of services by name; "Failover" asks its `fallback`
//! when the main service is known to be down - by the health checks of the main service, without which Traefik does not start the
//! failover - or when an answer has one of the codes of `errors`. A passive health check is not told to the failover
//! (`pkg/server/service/service.go`, version 3.7). Weights of 0 and below carry nothing (`wrr.go`, "Add").

use std::collections::BTreeMap;

use super::known;
use super::known::VOCABULARY;
use crate::model::{Activity, EndpointFact, Reference, Spill, Standing, Trail};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::part::Part;
use crate::read::proxy::peer::Peer;
use crate::read::proxy::shorten;
use crate::read::proxy::turn::Turn;
use crate::read::proxy::when::When;
use crate::source::Location;

/// Fallbacks of fallbacks of...
const MAX_DEPTH: usize = 32;

pub(super) struct Service<'d> {
    pub name: String,
    pub fact: usize,
    at: Location,
    part: Part<'d>,
}

/// The services of one protocol, by name.
pub(super) struct Services<'d> {
    protocol: &'static str,
    by_name: BTreeMap<String, Service<'d>>,
}

struct Server {
    peer: Peer,
    at: Location,
    weight: u64,
    fenced: bool,
    /// By which service it comes, where that is not the one asked for.
    through: Trail,
}

impl<'d> Services<'d> {
    /// Declares an endpoint for each service.
    pub fn declare(out: &mut Output, protocol: &'static str, parts: &[(&'d str, Location, Part<'d>)]) -> Self {
        let mut by_name = BTreeMap::new();
        for (name, at, part) in parts {
            if by_name.contains_key(*name) {
                let message = format!("the {protocol} service `{}` is defined more than once", shorten(name));
                let help = "keep the files of different Traefiks in different folders".to_owned();
                out.gap("duplicate-id", message, Some(help), *at, Touch::Tree);
                continue;
            }
            let mut fact = EndpointFact::new("traefik-service", (*name).to_owned(), *at);
            fact.standing = Standing::Logical;
            let fact = out.principal(fact);
            by_name.insert((*name).to_owned(), Service { name: (*name).to_owned(), fact, at: *at, part: *part });
        }
        Self { protocol, by_name }
    }

    /// A service by the name that a router or another service gives; `None` (with a gap) if there is none. Services of Traefik itself
    /// (`api@internal`) are no endpoints and no gaps: `Some(Err(()))`.
    pub fn find(&self, out: &mut Output, name: &str, at: Location, touch: Touch) -> Option<Result<&Service<'d>, ()>> {
        let (bare, provider) = name.rsplit_once('@').map_or((name, "file"), |(bare, provider)| (bare, provider));
        match provider {
            "internal" => return Some(Err(())),
            "file" => {
                if let Some(service) = self.by_name.get(bare) {
                    return Some(Ok(service));
                }
                let protocol = self.protocol;
                let message = format!("there is no {protocol} service `{}` in the files that were read", shorten(bare));
                let help = "add the file that defines it to the project".to_owned();
                out.gap("undefined-name", message, Some(help), at, touch);
            }
            _ => {
                let message = format!("the service `{}` comes from another provider, not from a file", shorten(name));
                let help = "declare its servers in an inventory, with routes to them".to_owned();
                out.gap("dynamic-upstream", message, Some(help), at, touch);
            }
        }
        None
    }

    pub fn routes(&self, out: &mut Output) {
        for service in self.by_name.values() {
            self.service(out, service);
        }
    }

    fn service(&self, out: &mut Output, service: &Service<'d>) {
        let touch = Touch::Endpoint(service.fact);
        let mut any = false;
        for (kind, at, part) in service.part.entries() {
            let kind = known::spelled(kind);
            if !out.knows(&VOCABULARY, known::SERVICE, kind, at, touch) {
                continue;
            }
            any = true;
            let words = if kind == "loadBalancer" { known::BALANCER } else { known::GROUP };
            for (word, at, _) in part.entries() {
                out.knows(&VOCABULARY, words, known::spelled(word), at, touch);
            }
            match kind {
                "loadBalancer" => self.servers(out, service, part),
                "weighted" | "highestRandomWeight" => self.weighted(out, service, part, kind),
                "mirroring" => self.mirroring(out, service, part),
                _ => self.failover(out, service, part),
            }
        }
        if !any {
            let message = format!("service `{}` has no servers in the files that were read", shorten(&service.name));
            out.gap("empty-upstream", message, None, service.at, touch);
        }
    }

    fn read_servers(&self, out: &mut Output, service: &Service<'d>, balancer: Part<'d>, through: &Trail) -> Vec<Server> {
        let touch = Touch::Endpoint(service.fact);
        let field = if self.protocol == "http" { "url" } else { "address" };
        let mut servers = Vec::new();
        for server in balancer.list("servers") {
            for (word, at, _) in server.entries() {
                out.knows(&VOCABULARY, known::SERVER, known::spelled(word), at, touch);
            }
            let Some(url) = server.get(field) else {
                let message = format!("a server of service `{}` has no `{field}`", shorten(&service.name));
                out.gap("unusable-target", message, None, server.at(), touch);
                continue;
            };
            let what = format!("`{field}` of a server of `{}`", shorten(&service.name));
            let Some(peer) = out.target(&what, url.node.text().unwrap_or(""), None, url.at(), touch) else { continue };
            let weight = server.number("weight", out, touch).unwrap_or(1_i64);
            servers.push(Server {
                peer,
                at: url.at(),
                weight: u64::try_from(weight).unwrap_or(0),
                fenced: server.flag("fenced") == Some(true),
                through: through.clone(),
            });
        }
        if balancer.list("servers").is_empty() {
            let message = format!("service `{}` has no servers in the files that were read", shorten(&service.name));
            out.gap("empty-upstream", message, None, service.at, touch);
        }
        servers
    }

    fn servers(&self, out: &mut Output, service: &Service<'d>, balancer: Part<'d>) {
        let servers = self.read_servers(out, service, balancer, &Trail::default());
        let sticky = balancer.has("sticky");
        for (server, turn) in shared(&servers, sticky) {
            out.send(service.fact, &server.peer, server.at, &turn);
        }
    }

    fn weighted(&self, out: &mut Output, service: &Service<'d>, group: Part<'d>, kind: &str) {
        let touch = Touch::Endpoint(service.fact);
        let weight = |m: &Part<'d>| m.number("weight", out, touch).unwrap_or(1_i64);
        // Those below 0 get nothing, as those with 0.
        let weights: Vec<u64> = group.list("services").iter().map(weight).map(|w| u64::try_from(w).unwrap_or(0)).collect();
        let members: Vec<(Part<'d>, u64)> = group.list("services").into_iter().zip(weights).collect();
        let total: u64 = members.iter().map(|(_, w)| w).sum();
        let uneven = members.iter().any(|(_, w)| *w != members[0].1);
        if members.is_empty() {
            let message = format!("service `{}` names no services to share requests among", shorten(&service.name));
            out.gap("empty-upstream", message, None, service.at, touch);
        }
        for (member, weight) in members {
            let at = member.get("name").map_or(member.at(), |n| n.at());
            let name = member.text("name").unwrap_or("");
            let Some(Ok(to)) = self.find(out, name, at, touch) else { continue };
            let turn = match weight {
                0 => Turn::first("services").never("its weight is 0"),
                _ if uneven => Turn::first("services").share(weight, total),
                _ => Turn::first("services"),
            };
            let turn = if kind == "highestRandomWeight" && weight > 0 {
                let share =
                    When::some("by the client's address", format!("for its share of client addresses ({weight} of {total})"));
                Turn { condition: None, ..turn }.for_clients(&share)
            } else {
                turn
            };
            out.send_to(service.fact, Reference::Fact(to.fact), at, &turn);
        }
    }

    fn mirroring(&self, out: &mut Output, service: &Service<'d>, group: Part<'d>) {
        let touch = Touch::Endpoint(service.fact);
        if let Some(main) = group.get("service")
            && let Some(Ok(to)) = self.find(out, main.node.text().unwrap_or(""), main.at(), touch)
        {
            out.send_to(service.fact, Reference::Fact(to.fact), main.at(), &Turn::first("services"));
        }
        let body = if group.flag("mirrorBody") == Some(false) { ", without its body" } else { "" };
        for mirror in group.list("mirrors") {
            let at = mirror.get("name").map_or(mirror.at(), |n| n.at());
            let name = mirror.text("name").unwrap_or("");
            let Some(Ok(to)) = self.find(out, name, at, touch) else { continue };
            // None said is 0; what cannot be read may be all.
            let percent = if mirror.has("percent") { mirror.number("percent", out, touch).unwrap_or(100_i64) } else { 0 };
            let pool = out.pool(service.fact, &format!("mirror {}", shorten(name)));
            let turn = Turn::first(pool).of(Activity::Mirror);
            let turn = match percent {
                ..=0 => turn.never("its `percent` is 0"),
                100.. => turn.under(format!("a copy of each request{body}")),
                _ => turn.under(format!("a copy of {percent} % of the requests{body}")),
            };
            out.send_to(service.fact, Reference::Fact(to.fact), at, &turn);
        }
    }

    fn failover(&self, out: &mut Output, service: &Service<'d>, group: Part<'d>) {
        let touch = Touch::Endpoint(service.fact);
        self.must_be_watched(out, service, group);
        // Plain servers on both sides are one pool with an order, which is what they are.
        if let Some(tiers) = self.tiers(out, service, service.part, &Trail::default(), 0) {
            for (order, tier) in tiers.iter().enumerate() {
                let order = u32::try_from(order).unwrap_or(u32::MAX);
                for (server, turn) in shared(&tier.servers, tier.sticky) {
                    let turn = if order > 0 && turn.spill == Spill::Load {
                        Turn { trail: turn.trail, ..Turn::standby("servers", order, Spill::Load, tier.when.clone()) }
                    } else {
                        Turn { priority: order, ..turn }
                    };
                    out.send(service.fact, &server.peer, server.at, &turn);
                }
            }
            return;
        }
        let main = group.text("service").unwrap_or("");
        for (field, order) in [("service", 0), ("fallback", 1)] {
            let Some(part) = group.get(field) else { continue };
            let Some(Ok(to)) = self.find(out, part.node.text().unwrap_or(""), part.at(), touch) else { continue };
            let turn = match order {
                0 => Turn::first("services"),
                _ => Turn::standby("services", 1, Spill::Load, when_down(main, group)),
            };
            out.send_to(service.fact, Reference::Fact(to.fact), part.at(), &turn);
        }
    }

    /// The servers of a failover in the order in which they are asked, if it is made of plain services.
    fn tiers(
        &self,
        out: &mut Output,
        service: &Service<'d>,
        part: Part<'d>,
        through: &Trail,
        depth: usize,
    ) -> Option<Vec<Tier>> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(balancer) = part.get("loadBalancer") {
            // Its own gaps are told where it is read for itself.
            let before = out.facts.gaps.len();
            let servers = self.read_servers(out, service, balancer, through);
            out.facts.gaps.truncate(before);
            let sticky = balancer.has("sticky");
            return Some(vec![Tier { servers, sticky, when: String::new() }]);
        }
        let group = part.get("failover")?;
        let child = |field: &str| {
            let named = group.get(field)?;
            let name = named.node.text()?;
            let name = name.strip_suffix("@file").unwrap_or(name);
            let child = self.by_name.get(name)?;
            let noun = if field == "service" { "main service" } else { "fallback" };
            Some((child, through.through(named.at(), format!("`{}` is named as {noun} here", shorten(name)))))
        };
        let (main, main_trail) = child("service")?;
        let (fallback, fallback_trail) = child("fallback")?;
        let mut tiers = self.tiers(out, main, main.part, &main_trail, depth + 1)?;
        let mut more = self.tiers(out, fallback, fallback.part, &fallback_trail, depth + 1)?;
        if tiers.len() + more.len() > MAX_DEPTH {
            return None;
        }
        if let Some(first) = more.first_mut() {
            first.when = when_down(&main.name, group);
        }
        tiers.extend(more);
        Some(tiers)
    }

    /// Without health checks of the main service nothing tells the failover to leave it.
    fn must_be_watched(&self, out: &mut Output, service: &Service<'d>, group: Part<'d>) {
        let Some(main) = group.get("service") else { return };
        let name = main.node.text().unwrap_or("");
        let by_status = group.get("errors").is_some_and(|e| !e.list("status").is_empty());
        let watched = self.by_name.get(name.strip_suffix("@file").unwrap_or(name)).is_none_or(|s| is_watched(s.part));
        if !by_status && !watched {
            let message = format!(
                "the main service `{}` of failover `{}` has no `healthCheck`, and Traefik refuses such a failover",
                shorten(name),
                shorten(&service.name)
            );
            let help = "add a `healthCheck` to the main service, or codes to `errors`; requests are taken to go either way";
            out.gap("unsupported-backup", message, Some(help.to_owned()), main.at(), Touch::Endpoint(service.fact));
        }
    }
}

struct Tier {
    servers: Vec<Server>,
    sticky: bool,
    /// When it is asked.
    when: String,
}

/// The servers of a load balancer as they share requests.
fn shared(servers: &[Server], sticky: bool) -> Vec<(&Server, Turn)> {
    let carries = |s: &&Server| s.weight > 0;
    let total: u64 = servers.iter().filter(carries).map(|s| s.weight).sum();
    let mut weights = servers.iter().filter(carries).map(|s| s.weight);
    let uneven = weights.next().is_some_and(|first| weights.any(|w| w != first));
    let turn = |s: &Server| {
        let turn = match s.weight {
            0 => Turn::first("servers").never("its weight is 0"),
            weight if uneven => Turn::first("servers").share(weight, total),
            _ => Turn::first("servers"),
        };
        let fenced = When::some("by a session that sticks to it", "for sessions that stick to it (fenced)");
        let turn = if s.fenced && sticky { turn.for_clients(&fenced) } else { turn };
        Turn { trail: s.through.clone(), ..turn }
    };
    servers.iter().map(|s| (s, turn(s))).collect()
}

/// Its state is told to whoever is made of it.
fn is_watched(part: Part<'_>) -> bool {
    part.entries().iter().any(|(_, _, kind)| kind.has("healthCheck"))
}

fn when_down(main: &str, group: Part<'_>) -> String {
    let codes: Vec<&str> =
        group.get("errors").map(|e| e.texts("status")).unwrap_or_default().into_iter().map(|(t, _)| t).collect();
    match codes.as_slice() {
        [] => format!("when all servers of `{}` are down", shorten(main)),
        codes => format!("when all servers of `{}` are down or answer {}", shorten(main), shorten(&codes.join(", "))),
    }
}
