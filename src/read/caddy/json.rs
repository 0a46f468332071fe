//! Caddy's native configuration in JSON: `apps.http.servers`, as `caddy adapt` makes it from a Caddyfile.
//!
//! "JSON Config Structure", `http`: a server's `routes` are tried in their order; a route's `match` is a list of alternatives, each a map
//! of matchers that must all hold; `handle` is a chain of handlers; `subroute` has routes of its own. Of routes with the same `group`
//! only the first that matches is used.

use std::collections::{BTreeMap, BTreeSet};

use super::known::{self, VOCABULARY};
use super::upstreams::{Proxy, redirect};
use crate::read::proxy::fronts::{Asks, Fronts, by_country, by_networks, is_country_header, others};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::part::Part;
use crate::read::proxy::shorten;
use crate::read::proxy::turn::{Turn, both};
use crate::read::proxy::when::When;

const MAX_DEPTH: usize = 32;

pub(super) fn read(out: &mut Output, root: Part<'_>, path: &str) {
    for (word, at, _) in root.entries() {
        out.knows(&VOCABULARY, known::APP, if word == "apps" { "http" } else { word }, at, Touch::Everything);
    }
    let Some(apps) = root.get("apps") else { return };
    for (word, at, _) in apps.entries() {
        out.knows(&VOCABULARY, known::APP, word, at, Touch::Everything);
    }
    let servers = apps.path(&["http", "servers"]).map(|s| s.entries()).unwrap_or_default();
    let mut every = Vec::new();
    for (name, at, server) in servers {
        let mut fronts = Fronts::new("caddy-server", format!("caddy {name} {path}"));
        for (word, at, _) in server.entries() {
            out.knows(&VOCABULARY, known::SERVER, word, at, Touch::Everything);
        }
        for (text, at) in server.texts("listen") {
            let place = match text.split_once('/') {
                Some((network, path)) if network.starts_with("unix") => format!("unix:{path}"),
                Some(("tcp" | "tcp4" | "tcp6" | "udp" | "udp4" | "udp6", place)) => place.to_owned(),
                _ => text.to_owned(),
            };
            fronts.listen(out, text, &place, at);
        }
        let routes = server.list("routes");
        let mut hosts = BTreeSet::new();
        hosts_of(&routes, &mut hosts, 0);
        hosts.iter().for_each(|host| _ = fronts.of(out, Some(host), at));
        if hosts.is_empty() || routes.iter().any(|r| !r.list("match").iter().any(|m| m.has("host"))) {
            fronts.of(out, None, at);
        }
        let named: BTreeMap<&str, Part<'_>> =
            server.get("named_routes").map(|n| n.entries()).unwrap_or_default().into_iter().map(|(n, _, p)| (n, p)).collect();
        let mut reader = Reader { out, named, told: BTreeSet::new() };
        for (host, front) in fronts.all() {
            let ask = host.map_or_else(Asks::default, Asks::host);
            reader.routes(front, &routes, &ask, None, 0);
            let errors = server.path(&["errors"]).map(|e| e.list("routes")).unwrap_or_default();
            reader.routes(front, &errors, &ask, Some("when an error is answered"), 0);
        }
        every.extend(fronts.all().into_iter().map(|(_, front)| front));
    }
    let logs = root.path(&["logging", "logs"]).map(|l| l.entries()).unwrap_or_default();
    for log in logs.into_iter().map(|(_, _, log)| log).chain(root.path(&["logging", "sink"])) {
        // Without a writer it goes to the program's own output.
        let Some(writer) = log.get("writer") else { continue };
        match writer.get("output").map(|o| o.node.text().unwrap_or("[ ... ]")) {
            Some("net") => {
                let address = writer.get("address").unwrap_or(writer);
                let text = address.node.text().unwrap_or("");
                let text = text.split_once('/').map_or(text, |(_, rest)| rest);
                for front in &every {
                    if let Some(peer) = out.target("`address` of a log", text, None, address.at(), Touch::Endpoint(*front)) {
                        out.log_to(*front, &peer, address.at(), "log");
                    }
                }
            }
            Some("stdout" | "stderr" | "discard" | "file") | None => {}
            Some(other) => {
                let message = format!("a log goes to `{}`, which is not followed", shorten(other));
                out.gap("unfollowed-filter", message, None, writer.at(), Touch::Tree);
            }
        }
    }
}

fn hosts_of(routes: &[Part<'_>], hosts: &mut BTreeSet<String>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for route in routes {
        for matcher in route.list("match") {
            hosts.extend(matcher.texts("host").into_iter().map(|(h, _)| h.to_ascii_lowercase()));
        }
        for handler in route.list("handle") {
            hosts_of(&handler.list("routes"), hosts, depth + 1);
        }
    }
}

struct Reader<'o, 'd> {
    out: &'o mut Output,
    named: BTreeMap<&'d str, Part<'d>>,
    told: BTreeSet<(usize, String)>,
}

impl<'d> Reader<'_, 'd> {
    fn routes(&mut self, front: usize, routes: &[Part<'d>], ask: &Asks, after: Option<&str>, depth: usize) {
        if depth > MAX_DEPTH {
            if let Some(route) = routes.first() {
                let message = "routes nest too deeply to be followed".to_owned();
                self.out.gap("too-deep", message, None, route.at(), Touch::Endpoint(front));
            }
            return;
        }
        // Who is left of each group of routes.
        let mut left: BTreeMap<&str, Option<When>> = BTreeMap::new();
        for route in routes {
            for (word, at, _) in route.entries() {
                self.out.knows(&VOCABULARY, known::ROUTE, word, at, Touch::Endpoint(front));
            }
            let matchers = route.list("match");
            let group = route.text("group").unwrap_or("");
            let alternatives: Vec<Asks> = if matchers.is_empty() {
                vec![Asks::default()]
            } else {
                matchers.iter().flat_map(|m| self.matcher(*m, front)).take(256).collect()
            };
            for alternative in &alternatives {
                let Some(mut both) = ask.and(alternative) else { continue };
                // Hosts have entries of their own.
                if ask.host.is_none() && both.host.is_some() {
                    continue;
                }
                let here = left.entry(group).or_insert_with(|| Some(When::default()));
                match here.as_ref().and_then(|h| both.when.and(h)) {
                    Some(when) => both.when = when,
                    None if !group.is_empty() => continue,
                    None => {}
                }
                for handler in route.list("handle") {
                    self.handler(front, handler, &both, after, depth);
                }
            }
            if let ([one], false) = (alternatives.as_slice(), group.is_empty())
                && one.what.is_none()
                && one.host.as_ref().is_none_or(|h| ask.host.as_ref() == Some(h))
            {
                let here = left.remove(group).flatten();
                let rest = match (here, one.when == When::default()) {
                    (_, true) | (None, _) => None,
                    (Some(here), false) => others(&one.when).map_or(Some(here.clone()), |rest| here.and(&rest)),
                };
                left.insert(group, rest);
            }
        }
    }

    fn matcher(&mut self, matcher: Part<'d>, front: usize) -> Vec<Asks> {
        let mut all = vec![Asks::default()];
        for (name, at, value) in matcher.entries() {
            let texts: Vec<&str> = if value.node.is_list() {
                value.node.items().filter_map(|n| n.text()).collect()
            } else {
                value.node.text().into_iter().collect()
            };
            let shown = shorten(&texts.join(" "));
            let some = |what: &str| vec![Asks::when(When::some(format!("by {what}"), format!("when {what} fits")))];
            let more = match name {
                "host" => texts.iter().map(|h| Asks::host(h)).collect(),
                "path" | "method" | "protocol" => vec![Asks::what(format!("{name} {shown}"))],
                "path_regexp" => vec![Asks::what(format!("path regexp {}", shorten(value.text("pattern").unwrap_or(""))))],
                "query" => vec![Asks::what("its query")],
                "remote_ip" | "client_ip" => {
                    let ranges: Vec<&str> = value.texts("ranges").into_iter().map(|(t, _)| t).collect();
                    vec![Asks::when(by_networks(&ranges, true))]
                }
                "header" | "header_regexp" => {
                    let mut found = Vec::new();
                    for (field, _, values) in value.entries() {
                        let pattern = values.text("pattern");
                        let text = pattern.map_or_else(
                            || values.node.items().filter_map(|n| n.text()).collect::<Vec<_>>().join(" "),
                            str::to_owned,
                        );
                        let country =
                            is_country_header(field).then(|| by_country(field, &text, pattern.is_some(), true)).flatten();
                        let header = format!("header {}", shorten(field));
                        found.push(country.unwrap_or_else(|| {
                            When::some(format!("by {header}"), format!("when {header} is {}", shorten(&text)))
                        }));
                    }
                    let joined = found.iter().try_fold(When::default(), |a, b| a.and(b));
                    joined.into_iter().map(Asks::when).collect()
                }
                "not" => {
                    let inner: Vec<Asks> =
                        value.node.items().flat_map(|node| self.matcher(Part { node, source: value.source }, front)).collect();
                    match inner.as_slice() {
                        [Asks { host: None, what: None, when }] if others(when).is_some() => {
                            others(when).into_iter().map(Asks::when).collect()
                        }
                        [Asks { host: None, what: Some(what), when }] if *when == When::default() => {
                            vec![Asks::what(format!("anything but {what}"))]
                        }
                        _ => some("a matcher with `not`"),
                    }
                }
                "expression" | "vars" | "vars_regexp" | "file" => some(name),
                _ => {
                    self.out.knows(&VOCABULARY, known::MATCHER, name, at, Touch::Endpoint(front));
                    some(&shorten(name))
                }
            };
            all = all.iter().flat_map(|a| more.iter().filter_map(|b| a.and(b))).take(64).collect();
        }
        all
    }

    fn handler(&mut self, front: usize, handler: Part<'d>, ask: &Asks, after: Option<&str>, depth: usize) {
        let touch = Touch::Endpoint(front);
        let name = handler.text("handler").unwrap_or("");
        let at = handler.get("handler").map_or(handler.at(), |h| h.at());
        if !self.out.knows(&VOCABULARY, known::HANDLER, name, at, touch) {
            return;
        }
        let condition = both(after.map(str::to_owned), ask.text());
        match name {
            "subroute" => {
                self.routes(front, &handler.list("routes"), ask, after, depth + 1);
                let errors = handler.path(&["errors"]).map(|e| e.list("routes")).unwrap_or_default();
                self.routes(front, &errors, ask, Some("when an error is answered"), depth + 1);
            }
            "invoke" => {
                let named = handler.text("name").unwrap_or("");
                match self.named.get(named) {
                    Some(route) => self.routes(front, &[*route], ask, after, depth + 1),
                    None => {
                        let message = format!("there is no named route `{}`", shorten(named));
                        self.out.gap("undefined-name", message, None, at, touch);
                    }
                }
            }
            "static_response" => {
                let location = handler.get("headers").map(|h| h.list("Location"));
                let base = Turn { condition, ..Turn::first("") }.for_clients(&ask.when);
                for part in location.unwrap_or_default() {
                    redirect(self.out, front, part.node.text().unwrap_or(""), &base, part.at());
                }
            }
            "reverse_proxy" => {
                // The same handler may be reached by several alternatives.
                let key = format!("{at:?} {:?} {:?} {after:?}", ask.when.clients, ask.what);
                if !self.told.insert((front, key)) {
                    return;
                }
                let proxy = proxy(self.out, handler, touch);
                let pool = self.out.pool(front, "reverse_proxy");
                let base = Turn { condition, ..Turn::first(pool) }.for_clients(&ask.when);
                proxy.routes(self.out, front, &base, at);
                for response in handler.list("handle_response") {
                    self.routes(
                        front,
                        &response.list("routes"),
                        ask,
                        Some("when the answer is taken over (handle_response)"),
                        depth + 1,
                    );
                }
            }
            "intercept" => {
                for response in handler.list("handle_response") {
                    self.routes(
                        front,
                        &response.list("routes"),
                        ask,
                        Some("when the answer is taken over (intercept)"),
                        depth + 1,
                    );
                }
            }
            // It answers here, or only changes what passes.
            _ => {}
        }
    }
}

fn proxy(out: &mut Output, handler: Part<'_>, touch: Touch) -> Proxy {
    for (word, at, _) in handler.entries() {
        out.knows(&VOCABULARY, known::PROXY_JSON, word, at, touch);
    }
    let mut proxy = Proxy { policy: "random".to_owned(), ..Proxy::default() };
    for upstream in handler.list("upstreams") {
        // One without an address leads to no place that can be told.
        let dial = upstream.get("dial").unwrap_or(upstream);
        proxy.upstreams.push((dial.node.text().unwrap_or("").to_owned(), dial.at()));
        proxy.watched |= upstream.number("max_requests", out, touch).is_some_and(|n: i64| n > 0);
    }
    if let Some(source) = handler.get("dynamic_upstreams") {
        proxy.dynamic.push((source.text("source").unwrap_or("").to_owned(), source.at()));
    }
    if let Some(policy) = handler.path(&["load_balancing", "selection_policy"]) {
        proxy.policy = policy.text("policy").unwrap_or("random").to_owned();
        let weight = |(text, at)| out.number("a weight", text, at, touch).unwrap_or(1_u32);
        proxy.weights = policy.texts("weights").into_iter().map(weight).map(u64::from).collect();
    }
    let checks = handler.get("health_checks");
    let passive = checks.and_then(|c| c.get("passive"));
    proxy.watched |= checks
        .is_some_and(|c| c.path(&["active"]).is_some_and(|a| ["uri", "path", "port"].iter().any(|f| a.has(f))))
        || passive.is_some_and(|p| {
            p.text("fail_duration").is_some_and(|d| d != "0")
                || p.number("unhealthy_request_count", out, touch).is_some_and(|n: i64| n > 0)
        });
    if let Some(transport) = handler.get("transport") {
        let protocol = transport.text("protocol").unwrap_or("http");
        out.knows(&VOCABULARY, known::TRANSPORT, protocol, transport.at(), touch);
        for (word, at, _) in transport.entries() {
            out.knows(&VOCABULARY, known::TRANSPORT_JSON, word, at, touch);
        }
        let through = transport.get("network_proxy").filter(|p| p.text("from") != Some("none"));
        // A module of another name finds the proxy by itself.
        if let Some(module) = through.and_then(|p| p.get("from")).filter(|from| from.node.text() != Some("url")) {
            let message =
                format!("the network proxy comes from `{}`, which is not followed", shorten(module.node.text().unwrap_or("")));
            out.gap("unfollowed-filter", message, None, module.at(), touch);
        }
        let url = through.and_then(|p| p.get("url")).or_else(|| transport.get("forward_proxy_url"));
        proxy.through = url.map(|u| (u.node.text().unwrap_or("").to_owned(), u.at()));
    }
    proxy
}
