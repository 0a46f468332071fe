//! Routers: which requests go to which service, and what the middlewares on the way do.
//!
//! "Routers": of those whose rule holds, the one with the highest `priority` decides, by default the length of its rule; a router
//! without `entryPoints` takes requests of all of them. "Multi-Layer Routing": a router with `parentRefs` only sees what its parents
//! let through. Middlewares: "ForwardAuth" asks another service first, "Errors" has an error answered by another service, "RedirectRegex"
//! sends clients elsewhere, "Plugins" are code.

use std::collections::{BTreeMap, BTreeSet};

use super::known::{self, VOCABULARY};
use super::rules;
use super::services::{Service, Services};
use super::url_peer;
use crate::model::{Reference, RouteRole, Spill};
use crate::read::proxy::fronts::{Asks, Fronts, others};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::part::Part;
use crate::read::proxy::peer::is_host_name;
use crate::read::proxy::shorten;
use crate::read::proxy::turn::{Turn, both};
use crate::read::proxy::when::When;
use crate::source::Location;

/// Chains of chains of...
const MAX_DEPTH: usize = 16;

struct Router<'d> {
    name: &'d str,
    at: Location,
    part: Part<'d>,
    asks: Vec<Asks>,
    points: Vec<&'d str>,
    tls: bool,
    priority: i64,
}

/// Who is taken for good on a host of an entry point: nobody yet, these countries, or (`None`) everybody.
type Taken = BTreeMap<(Option<String>, String, bool), Option<When>>;

struct Reader<'o, 'd> {
    out: &'o mut Output,
    services: Services<'d>,
    middlewares: BTreeMap<&'d str, (Location, Part<'d>)>,
    told: BTreeSet<(usize, Location)>,
}

/// Reads all protocols; whether there is anything to route.
pub(super) fn read(out: &mut Output, fronts: &mut Fronts, roots: &[Part<'_>], before: &[(String, String, Location)]) -> bool {
    let mut any = false;
    for protocol in ["http", "tcp", "udp"] {
        let parts: Vec<Part<'_>> = roots.iter().filter_map(|r| r.get(protocol)).collect();
        any |= !parts.is_empty();
        for part in &parts {
            for (word, at, _) in part.entries() {
                out.knows(&VOCABULARY, known::PROTOCOL, known::spelled(word), at, Touch::Everything);
            }
        }
        let all = |kind: &str| parts.iter().filter_map(|p| p.get(kind)).flat_map(|p| p.entries()).collect::<Vec<_>>();
        let services = Services::declare(out, protocol, &all("services"));
        let middlewares = all("middlewares").into_iter().map(|(name, at, part)| (name, (at, part))).collect();
        let mut reader = Reader { out, services, middlewares, told: BTreeSet::new() };
        reader.routers(fronts, all("routers"), protocol, before);
        let Reader { services, .. } = reader;
        services.routes(out);
    }
    any
}

impl<'d> Reader<'_, 'd> {
    fn routers(
        &mut self,
        fronts: &mut Fronts,
        parts: Vec<(&'d str, Location, Part<'d>)>,
        protocol: &str,
        before: &[(String, String, Location)],
    ) {
        let mut routers: Vec<Router<'d>> =
            parts.into_iter().map(|(name, at, part)| self.router(name, at, part, protocol)).collect();
        // A child sees what its parents take.
        let parents: BTreeMap<&str, (Vec<Asks>, Vec<&str>)> =
            routers.iter().map(|r| (r.name, (r.asks.clone(), r.points.clone()))).collect();
        let mut seen = BTreeSet::new();
        for router in &mut routers {
            if !seen.insert(router.name) {
                let message = format!("the {protocol} router `{}` is defined more than once", shorten(router.name));
                let help = "keep the files of different Traefiks in different folders".to_owned();
                self.out.gap("duplicate-id", message, Some(help), router.at, Touch::Everything);
            }
            let named = router.part.texts("parentRefs");
            if named.is_empty() {
                continue;
            }
            let mut above: Vec<&Asks> = Vec::new();
            for (name, at) in &named {
                match parents.get(name.strip_suffix("@file").unwrap_or(name)) {
                    Some((asks, _)) => above.extend(asks),
                    None => {
                        let message = format!("there is no {protocol} router `{}` in the files that were read", shorten(name));
                        let help = "add the file that defines it to the project".to_owned();
                        self.out.gap("undefined-name", message, Some(help), *at, Touch::Everything);
                    }
                }
            }
            let own = std::mem::take(&mut router.asks);
            router.asks = own.iter().flat_map(|a| above.iter().filter_map(|b| b.and(a))).take(256).collect();
            if above.is_empty() {
                router.asks = own;
            }
        }
        // Hosts first, so that a router for any host finds all of them.
        for router in &routers {
            for ask in &router.asks {
                fronts.of(self.out, ask.host.as_deref(), router.at);
            }
        }
        routers.sort_by(|a, b| b.priority.cmp(&a.priority).then(a.name.cmp(b.name)));
        let mut taken = Taken::new();
        for router in &routers {
            self.route(fronts, router, protocol, before, &mut taken);
        }
    }

    fn router(&mut self, name: &'d str, at: Location, part: Part<'d>, protocol: &str) -> Router<'d> {
        for (word, at, _) in part.entries() {
            self.out.knows(&VOCABULARY, known::ROUTER, known::spelled(word), at, Touch::Everything);
        }
        let rule = part.get("rule");
        let text = rule.and_then(|r| r.node.text()).unwrap_or("");
        let asks = match (rule, rules::alternatives(text)) {
            (None, _) if protocol == "udp" || part.has("parentRefs") => vec![Asks::default()],
            (Some(_), Ok(asks)) => asks,
            (_, Err(why)) => {
                let message = match rule {
                    None => format!("router `{}` has no rule", shorten(name)),
                    Some(_) => format!("the rule of router `{}` has {why}, which is not understood", shorten(name)),
                };
                let help = "the router is taken to be for any request".to_owned();
                let at = rule.map_or(at, |r| r.at());
                self.out.gap("unresolved-condition", message, Some(help), at, Touch::Everything);
                vec![rules::unknown(text)]
            }
            (None, Ok(_)) => vec![Asks::default()],
        };
        let points = part.texts("entryPoints").into_iter().map(|(t, _)| t).collect();
        // 0 is as good as none.
        let priority = part.number("priority", self.out, Touch::Everything).filter(|p| *p != 0);
        let priority = priority.unwrap_or(i64::try_from(text.len()).unwrap_or(i64::MAX));
        Router { name, at, part, asks, points, tls: part.has("tls"), priority }
    }

    fn route(
        &mut self,
        fronts: &mut Fronts,
        router: &Router<'d>,
        protocol: &str,
        before: &[(String, String, Location)],
        taken: &mut Taken,
    ) {
        let service = router.part.get("service");
        let mut names: Vec<(&str, Location)> = before
            .iter()
            .filter(|(p, _, _)| router.points.is_empty() || router.points.contains(&p.as_str()))
            .map(|(_, n, at)| (n.as_str(), *at))
            .collect();
        let own = router.part.texts("middlewares");
        names.extend(own);
        for ask in &router.asks {
            let hosts: Vec<usize> = match &ask.host {
                Some(host) => vec![fronts.of(self.out, Some(host), router.at)],
                // Names that some HTTP router asks for say nothing to other protocols.
                None if protocol != "http" => vec![fronts.of(self.out, None, router.at)],
                None => fronts.all().into_iter().map(|(_, front)| front).collect(),
            };
            let left = self.left(router, ask, taken);
            for front in hosts {
                let touch = Touch::Endpoint(front);
                let pool = format!("{protocol} router {}", router.name);
                let turn = Turn { condition: ask.text(), ..Turn::first(&pool) };
                let turn = match left.as_ref().map(|l| l.and(&ask.when)) {
                    // Another router takes all of these before.
                    None => turn.never("a router with a higher priority takes all of its requests"),
                    Some(None) => continue,
                    Some(Some(when)) => turn.for_clients(&when),
                };
                let never = matches!(turn.spill, Spill::Never(_));
                if let Some(named) = service {
                    let text = named.node.text().unwrap_or("");
                    if let Some(Ok(Service { fact, .. })) = self.services.find(self.out, text, named.at(), touch) {
                        self.out.send_to(front, Reference::Fact(*fact), named.at(), &turn);
                    }
                }
                for (name, at) in names.iter().filter(|_| !never) {
                    self.middleware(front, name, *at, &turn, 0);
                }
            }
        }
        if service.is_none() && !router.part.has("parentRefs") && protocol == "udp" {
            let message = format!("router `{}` has no service", shorten(router.name));
            self.out.gap("empty-upstream", message, None, router.at, Touch::Everything);
        }
    }

    /// Who is left for a router by those before it; takes away whom it takes for good.
    fn left(&mut self, router: &Router<'d>, ask: &Asks, taken: &mut Taken) -> Option<When> {
        let points = if router.points.is_empty() { vec![""] } else { router.points.clone() };
        let fixed = ask.host.as_deref().is_none_or(|h| is_host_name(h.strip_prefix("*.").unwrap_or(h)));
        let mut left: Option<When> = None;
        let mut any = false;
        for point in points {
            let key = (ask.host.clone(), point.to_owned(), router.tls);
            let here = taken.get(&key).cloned().unwrap_or(Some(When::default()));
            if let Some(here) = &here {
                // Of several entry points the widest answer holds.
                left = if any { left.filter(|l| l == here).or(Some(When::default())) } else { Some(here.clone()) };
                any = true;
            }
            // A parent without a service hands on to its children, and a rule on paths leaves the other paths.
            if ask.what.is_some() || !fixed || router.part.has("parentRefs") || !router.part.has("service") {
                continue;
            }
            let rest = match (here, ask.when == When::default()) {
                (_, true) => None,
                (Some(here), false) => match others(&ask.when) {
                    Some(rest) => here.and(&rest),
                    None => Some(here),
                },
                (None, false) => None,
            };
            taken.insert(key, rest);
        }
        left
    }

    fn middleware(&mut self, front: usize, name: &str, at: Location, turn: &Turn, depth: usize) {
        let touch = Touch::Endpoint(front);
        let (bare, provider) = name.rsplit_once('@').unwrap_or((name, "file"));
        let Some((_, part)) = self.middlewares.get(bare).copied().filter(|_| provider == "file") else {
            if provider != "internal" && self.told.insert((front, at)) {
                let message = format!("there is no middleware `{}` in the files that were read", shorten(name));
                let help = "add the file that defines it to the project; a middleware can send requests elsewhere".to_owned();
                self.out.gap("undefined-name", message, Some(help), at, touch);
            }
            return;
        };
        if depth > MAX_DEPTH {
            self.out.gap("too-deep", "chains of middlewares nest too deeply to be followed".to_owned(), None, at, touch);
            return;
        }
        for (kind, at, options) in part.entries() {
            let kind = known::spelled(kind);
            if kind == "plugin" {
                if self.told.insert((front, at)) {
                    let message =
                        format!("the middleware `{}` is a plugin: code that can send requests anywhere", shorten(bare));
                    let help = "declare the routes that the code can take in an inventory".to_owned();
                    self.out.gap("embedded-code", message, Some(help), at, touch);
                }
                continue;
            }
            if !self.out.knows(&VOCABULARY, known::MIDDLEWARE, kind, at, touch) {
                continue;
            }
            match kind {
                "chain" => {
                    for (name, at) in options.texts("middlewares") {
                        self.middleware(front, name, at, turn, depth + 1);
                    }
                }
                "forwardAuth" => self.forward_auth(front, options, turn),
                "errors" => self.errors(front, options, turn),
                "redirectRegex" => self.redirect(front, options),
                "rateLimit" => self.rate_limit(front, options),
                // It refuses or only changes what passes.
                _ => {}
            }
        }
    }

    fn forward_auth(&mut self, front: usize, options: Part<'d>, turn: &Turn) {
        let Some(address) = options.get("address") else { return };
        if !self.told.insert((front, address.at())) {
            return;
        }
        let text = address.node.text().unwrap_or("");
        let Some(peer) = url_peer(self.out, "`address` of forwardAuth", text, address.at(), Touch::Endpoint(front)) else {
            return;
        };
        let pool = self.out.pool(front, "forwardAuth");
        let body = if options.flag("forwardBody") == Some(true) { "with its body" } else { "without its body" };
        let what = format!("to authorise each request, {body} (forwardAuth)");
        let turn = Turn { pool: Some(pool), condition: Some(what), role: RouteRole::Primary, ..turn.clone() };
        self.out.send(front, &peer, address.at(), &turn);
    }

    fn errors(&mut self, front: usize, options: Part<'d>, turn: &Turn) {
        let Some(named) = options.get("service") else { return };
        let touch = Touch::Endpoint(front);
        let text = named.node.text().unwrap_or("");
        let Some(Ok(Service { fact, .. })) = self.services.find(self.out, text, named.at(), touch) else { return };
        let codes: Vec<&str> = options.texts("status").into_iter().map(|(t, _)| t).collect();
        let when = format!("when the answer is {}", shorten(&codes.join(", ")));
        let standby = Turn::standby(turn.pool.clone().unwrap_or_default(), 1, Spill::Load, when);
        let turn =
            Turn { condition: both(turn.condition.clone(), standby.condition.clone()), when: turn.when.clone(), ..standby };
        self.out.send_to(front, Reference::Fact(*fact), named.at(), &turn);
    }

    fn redirect(&mut self, front: usize, options: Part<'d>) {
        let Some(replacement) = options.get("replacement") else { return };
        let text = replacement.node.text().unwrap_or("");
        let rest = match text.split_once("://") {
            Some((_, rest)) => rest,
            None if text.contains("{{") => text,
            // A path of the same host.
            None => return,
        };
        let authority = rest.split(['/', '?']).next().unwrap_or("");
        if !self.told.insert((front, replacement.at())) {
            return;
        }
        // A part of what the client asked for is no other party's host.
        let literal = authority.replace("${", "$");
        if literal.starts_with('$') && !literal.contains('.') {
            return;
        }
        let touch = Touch::Endpoint(front);
        let Some(peer) = self.out.target("`replacement` of redirectRegex", authority, Some(443), replacement.at(), touch)
        else {
            return;
        };
        let pool = self.out.pool(front, "redirect");
        let some = When::some("by a rule for redirects", "when the redirect's pattern holds");
        let turn = Turn::first(pool).under("redirect: the client goes there").for_clients(&some);
        self.out.send(front, &peer, replacement.at(), &turn);
    }

    /// "RateLimit", `redis`: how many requests each client made is kept there.
    fn rate_limit(&mut self, front: usize, options: Part<'d>) {
        for (text, at) in options.get("redis").map(|r| r.texts("endpoints")).unwrap_or_default() {
            if self.told.insert((front, at))
                && let Some(peer) = url_peer(self.out, "an endpoint of rateLimit", text, at, Touch::Endpoint(front))
            {
                self.out.log_to(front, &peer, at, "rateLimit");
            }
        }
    }
}
