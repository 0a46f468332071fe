//! Routes of HTTP connections: "config.route.v3", virtual hosts and their routes in order.
//!
//! The first route that matches decides; `cluster_header` lets the client name any cluster; weighted clusters share the requests;
//! `request_mirror_policies` of the route, else of its virtual host, else of the configuration send a copy each; a redirect with a
//! `host_redirect` sends the client there; `retry_priority` (previous_priorities) tries other priorities again. A match on a header
//! that holds the client's country (set by the geoip filter, or by a CDN) tells origins apart; other matches do not.

use super::clusters::{Clusters, both};
use super::fields::Part;
use super::known;
use crate::model::{Activity, Reference, RouteFact, RouteRole, Spill};
use crate::read::proxy::fronts::others;
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer;
use crate::read::proxy::shorten;
use crate::read::proxy::when::{When, countries_of_regex, country};
use crate::source::Location;

pub(super) struct Host<'a, 'd> {
    pub clusters: &'a Clusters<'d>,
    pub fact: usize,
    /// Headers that hold the client's country, in lower case.
    pub country_headers: &'a [String],
    pub pool: String,
}

/// The routes of one virtual host. `configuration` is what it belongs to.
pub(super) fn virtual_host(out: &mut Output, host: &Host<'_, '_>, virtual_host: Part<'_>, configuration: Part<'_>) {
    let touch = Touch::Endpoint(host.fact);
    known::check(out, configuration, known::ROUTES, touch);
    known::check(out, virtual_host, known::VIRTUAL_HOST, touch);
    if let Some(matcher) = virtual_host.get("matcher") {
        let message = "the routes of this virtual host are in a matcher tree, of which only the clusters are read".to_owned();
        out.gap("unfollowed-filter", message, None, matcher.at(), Touch::Nothing);
        for (i, route) in actions_below(matcher).into_iter().enumerate() {
            let when = When::some("by a matcher", "when the matcher tree chooses it");
            action(out, host, route, &when, i, &[virtual_host, configuration]);
        }
    }
    let mut rest = Some(When::default());
    for (i, route) in virtual_host.list("routes").into_iter().enumerate() {
        let Some(left) = rest.clone() else { break };
        if out.is_full() {
            break;
        }
        known::check(out, route, known::ROUTE, touch);
        let Some(condition) = route.get("match") else {
            out.gap("syntax", "a route needs a `match`".to_owned(), None, route.at(), touch);
            continue;
        };
        known::check(out, condition, known::MATCH, touch);
        let (when, exact) = matched(condition, host.country_headers);
        if let Some(both) = left.and(&when) {
            action(out, host, route, &both, i, &[virtual_host, configuration]);
        }
        if exact {
            rest = others(&when).and_then(|o| left.and(&o));
        }
    }
}

/// Actions in a matcher tree.
fn actions_below<'d>(part: Part<'d>) -> Vec<Part<'d>> {
    let mut out = Vec::new();
    let mut open = vec![(part, 0)];
    while let Some((part, depth)) = open.pop() {
        if depth > 48 || out.len() > 2_000 {
            break;
        }
        if part.get("route").is_some() || part.get("redirect").is_some() {
            out.push(part);
            continue;
        }
        open.extend(part.node.entries().map(|e| (part.with(e.value), depth + 1)));
        open.extend(part.node.items().map(|n| (part.with(n), depth + 1)));
    }
    out.sort_by_key(|p| p.at());
    out
}

/// For whom a match holds, and whether it says all of them.
fn matched(condition: Part<'_>, country_headers: &[String]) -> (When, bool) {
    let mut when = When::default();
    let path = path_of(condition);
    let everything = matches!(&path, Some((name, text)) if *name == "prefix" && (text == "/" || text.is_empty()));
    let mut exact = everything;
    let mut others = Vec::new();
    if let Some((name, text)) = path.filter(|_| !everything) {
        others.push(format!("{name} {}", shorten(&text)));
    }
    for header in condition.list("headers") {
        match by_country(header, country_headers) {
            Some(country) => match when.and(&country) {
                Some(both) => when = both,
                None => exact = false,
            },
            None => others.push(format!("header {}", header.text("name").unwrap_or("?"))),
        }
    }
    for (field, what) in [
        ("query_parameters", "a query parameter"),
        ("cookies", "a cookie"),
        ("grpc", "a gRPC request"),
        ("tls_context", "the client's certificate"),
        ("dynamic_metadata", "metadata"),
        ("filter_state", "filter state"),
        ("runtime_fraction", "a share of the requests"),
        ("connect_matcher", "a CONNECT request"),
    ] {
        if condition.get(field).is_some() {
            others.push(what.to_owned());
        }
    }
    if !others.is_empty() {
        exact = false;
        let text = shorten(&others.join(", "));
        let some = When::some(format!("by {text}"), format!("when the request has {text}"));
        when = when.and(&some).unwrap_or(some);
    }
    (when, exact)
}

/// The path that a match asks for, with the field that says it.
fn path_of(condition: Part<'_>) -> Option<(&'static str, String)> {
    ["prefix", "path", "safe_regex", "regex", "path_separated_prefix", "path_match_policy"].into_iter().find_map(|name| {
        let value = condition.get(name)?;
        let text = value.node.text().or_else(|| value.text("regex")).unwrap_or("a pattern");
        Some((name, text.to_owned()))
    })
}

/// A header that holds a country code.
fn by_country(header: Part<'_>, country_headers: &[String]) -> Option<When> {
    let name = header.text("name")?.to_ascii_lowercase();
    if !country_headers.contains(&name) && !matches!(name.as_str(), "cf-ipcountry" | "cloudfront-viewer-country") {
        return None;
    }
    let string = header.get("string_match").unwrap_or(header);
    let regex = header.path(&["safe_regex_match", "regex"]).or_else(|| string.path(&["safe_regex", "regex"]));
    let countries = match regex {
        Some(regex) => countries_of_regex(&format!("~{}", regex.node.text()?))?,
        None => vec![country(header.text("exact_match").or_else(|| string.text("exact"))?)?],
    };
    let mut when = crate::read::proxy::when::by_countries(&name, countries, !header.flag("invert_match"));
    when.text = when.text.map(|t| t.replace("when $", "when "));
    Some(when)
}

fn action(out: &mut Output, host: &Host<'_, '_>, route: Part<'_>, when: &When, index: usize, above: &[Part<'_>]) {
    let touch = Touch::Endpoint(host.fact);
    // Routes for one path stand for each other: they differ in whom they take.
    let shown = match route.get("match").and_then(path_of) {
        Some((name, text)) => format!("{} {name} {}", host.pool, shorten(&text)),
        None => format!("{} route {}", host.pool, index + 1),
    };
    if let Some(redirect) = route.get("redirect") {
        return redirected(out, host, redirect, when);
    }
    if route.get("direct_response").is_some() || route.get("non_forwarding_action").is_some() {
        return;
    }
    let Some(action) = route.get("route") else {
        let message = "what this route does is not known".to_owned();
        out.gap("unknown-directive", message, None, route.at(), touch);
        return;
    };
    known::check(out, action, known::ROUTE_ACTION, touch);
    targets(out, host, action, when, &shown);
    let mirrors = std::iter::once(action).chain(above.iter().copied()).map(|part| {
        let mut mirrors = part.list("request_mirror_policies");
        mirrors.extend(part.get("request_mirror_policy"));
        mirrors
    });
    for mirror in mirrors.into_iter().find(|m| !m.is_empty()).unwrap_or_default() {
        mirrored(out, host, mirror, when);
    }
    if action.get("internal_redirect_policy").is_some()
        || action.text("internal_redirect_action") == Some("HANDLE_INTERNAL_REDIRECT")
    {
        let message =
            "redirects that a server of this route answers are followed here, by any route of this listener".to_owned();
        let help = "declare the routes that such redirects can take in an inventory".to_owned();
        let at = action.get("internal_redirect_policy").map_or_else(|| action.at(), |p| p.at());
        out.gap("dynamic-upstream", message, Some(help), at, touch);
    }
}

fn targets(out: &mut Output, host: &Host<'_, '_>, action: Part<'_>, when: &When, pool: &str) {
    let touch = Touch::Endpoint(host.fact);
    if let Some(cluster) = action.get("cluster") {
        forward(out, host, cluster, Activity::Forward, when, pool, None);
    } else if let Some(header) = action.get("cluster_header") {
        any_cluster(out, host, header, Activity::Forward, when, pool);
    } else if let Some(weighted) = action.get("weighted_clusters") {
        shares(out, host, weighted, when, pool);
    } else {
        let named = action.get("inline_cluster_specifier_plugin").or_else(|| action.get("cluster_specifier_plugin"));
        let at = named.map_or_else(|| action.at(), |p| p.at());
        let message = "which cluster this route leads to is decided by a plugin, or not said".to_owned();
        let help = "declare the routes that it can take in an inventory".to_owned();
        out.gap("dynamic-upstream", message, Some(help), at, touch);
    }
}

/// `weighted_clusters` of HTTP and TCP.
pub(super) fn shares(out: &mut Output, host: &Host<'_, '_>, weighted: Part<'_>, when: &When, pool: &str) {
    let touch = Touch::Endpoint(host.fact);
    known::check(out, weighted, known::WEIGHTED, touch);
    // No weight is 0; one that cannot be read may be any.
    let weight = |c: &Part<'_>| c.get("weight").map_or(0, |_| c.told_number("weight", out, touch).unwrap_or(1));
    let weights: Vec<u64> = weighted.list("clusters").iter().map(weight).collect();
    let total: u64 = weights.iter().sum();
    let runtime = weighted.get("runtime_key_prefix").is_some();
    for (cluster, weight) in weighted.list("clusters").into_iter().zip(weights) {
        known::check(out, cluster, known::WEIGHT, touch);
        if let Some(header) = cluster.get("cluster_header") {
            any_cluster(out, host, header, Activity::Forward, when, pool);
        } else if let Some(name) = cluster.get("name") {
            forward(out, host, name, Activity::Forward, when, pool, Some((weight, total, runtime)));
        }
    }
}

/// A route to one cluster; `share` is its weight, the sum of all, and whether the runtime may change it.
pub(super) fn forward(
    out: &mut Output,
    host: &Host<'_, '_>,
    cluster: Part<'_>,
    activity: Activity,
    when: &When,
    pool: &str,
    share: Option<(u64, u64, bool)>,
) {
    let name = cluster.node.text().unwrap_or("");
    let Some(to) = host.clusters.facts.get(name) else {
        host.clusters.undefined(out, name, cluster.at(), host.fact);
        return;
    };
    let mut route = way(host, *to, activity, cluster.at(), when, pool);
    if let Some((weight, total, runtime)) = share {
        route.role = route.role.max(RouteRole::Weighted);
        route.condition = both(route.condition, Some(format!("takes {weight} of {total} requests")));
        if weight == 0 {
            if runtime {
                route.role = RouteRole::Manual;
                route.priority = Some(1);
                route.spill = Spill::Manual("its weight is 0 until the runtime gives it one".to_owned());
            } else {
                route.spill = Spill::Never("its weight is 0".to_owned());
            }
        }
    }
    if activity == Activity::Mirror {
        route.condition = both(route.condition, Some("a copy of each request (request_mirror_policies)".to_owned()));
    }
    out.route(route);
}

fn way(host: &Host<'_, '_>, to: usize, activity: Activity, at: Location, when: &When, pool: &str) -> RouteFact {
    let mut route = Output::plain(host.fact, Reference::Fact(to), activity, at);
    route.pool = Some(pool.to_owned());
    route.role = when.basis.role();
    route.clients = when.clients.clone();
    route.condition = when.text.clone();
    route
}

/// The client names the cluster: it may be any.
pub(super) fn any_cluster(
    out: &mut Output,
    host: &Host<'_, '_>,
    header: Part<'_>,
    activity: Activity,
    when: &When,
    pool: &str,
) {
    // A header, or the server name of a TLS connection.
    let name = header.node.text().filter(|n| !n.contains("sni_cluster")).unwrap_or("the server name (SNI)");
    let chosen = When::some(format!("by {name}"), format!("when {name} names it, which may be any cluster"));
    let when = when.and(&chosen).unwrap_or(chosen);
    for to in host.clusters.facts.values() {
        out.route(way(host, *to, activity, header.at(), &when, pool));
    }
    if host.clusters.dynamic {
        let message = format!("`{}` may name any cluster, and some come from a server while Envoy runs", shorten(name));
        let help = "add a config dump to the project, or declare the clusters' hosts in an inventory".to_owned();
        out.gap("dynamic-upstream", message, Some(help), header.at(), Touch::Endpoint(host.fact));
    }
}

/// A copy of each request.
pub(super) fn mirrored(out: &mut Output, host: &Host<'_, '_>, mirror: Part<'_>, when: &When) {
    known::check(out, mirror, known::MIRROR, Touch::Endpoint(host.fact));
    if let Some(cluster) = mirror.get("cluster").filter(|c| c.node.text().is_some_and(|t| !t.is_empty())) {
        let pool = out.pool(host.fact, "mirror");
        forward(out, host, cluster, Activity::Mirror, when, &pool, None);
    } else if let Some(header) = mirror.get("cluster_header") {
        let pool = out.pool(host.fact, "mirror");
        any_cluster(out, host, header, Activity::Mirror, when, &pool);
    }
}

fn redirected(out: &mut Output, host: &Host<'_, '_>, redirect: Part<'_>, when: &When) {
    let touch = Touch::Endpoint(host.fact);
    known::check(out, redirect, known::REDIRECT, touch);
    // Without a host the client comes back to the name it asked for.
    let Some(target) = redirect.get("host_redirect").filter(|t| t.node.text().is_some_and(|t| !t.is_empty())) else { return };
    let scheme = redirect.text("scheme_redirect").and_then(peer::scheme_port);
    // Without a port it may be any of the host's.
    let port = redirect.told_number("port_redirect", out, touch).and_then(|p| u16::try_from(p).ok());
    let port = port.or(scheme).or_else(|| redirect.flag("https_redirect").then_some(443));
    match peer::peer(target.node.text().unwrap_or(""), port) {
        Ok(peer) => {
            let pool = out.pool(host.fact, "redirect");
            for (to, more) in out.endpoints_at(&peer, target.at()) {
                let mut route = Output::plain(host.fact, to, Activity::Forward, target.at());
                route.pool = Some(pool.clone());
                route.role = when.basis.role();
                route.clients = when.clients.clone();
                let text = both(when.text.clone(), Some("redirect: the client goes there".to_owned()));
                route.condition = both(text, more);
                out.route(route);
            }
        }
        Err(why) => {
            let message = format!("the redirect to `{}` {why}", shorten(target.node.text().unwrap_or("")));
            out.gap("unusable-target", message, None, target.at(), Touch::Endpoint(host.fact));
        }
    }
}
