//! Listeners: filter chains, what they match, and what their filters do.
//!
//! "config.listener.v3": a chain is chosen by port, server name (SNI), client networks (`source_prefix_ranges`,
//! `direct_source_prefix_ranges`). A chain with an HTTP connection manager gives an endpoint for each virtual host, by its domains;
//! one with another proxy gives one, by its server names.

use ipnetwork::IpNetwork;

use super::clusters::{Clusters, address_fields, peer_of, sockets};
use super::fields::Part;
use super::filters::{self, Role};
use super::known;
use super::resources::Resources;
use super::routes::{self, Host};
use crate::model::{Activity, Address, ClientMatch, EndpointFact, Role as EndpointRole, Roles};
use crate::read::proxy::output::{Listen, Output, Touch};
use crate::read::proxy::peer::{Peer, is_host_name};
use crate::read::proxy::turn::is_template;
use crate::read::proxy::when::{Basis, MAX_NETWORKS, When};
use crate::read::proxy::{RENDER, shorten};
use crate::source::{Location, Spanned};

pub(super) struct Reader<'a, 'd> {
    pub resources: &'a Resources<'d>,
    pub clusters: &'a Clusters<'d>,
}

/// What is said once of a chain and holds for each endpoint of it.
struct Chain<'d> {
    listener: Part<'d>,
    part: Part<'d>,
    names: Vec<Spanned<String>>,
    when: When,
    /// Filters of the network, and of HTTP.
    filters: Vec<Part<'d>>,
    http: Vec<Part<'d>>,
    logs: Vec<Part<'d>>,
}

impl<'d> Reader<'_, 'd> {
    pub fn listener(&self, out: &mut Output, listener: Part<'d>) {
        let mut chains = listener.list("filter_chains");
        chains.extend(listener.get("default_filter_chain"));
        let mut made = Vec::new();
        for part in &chains {
            let chain = Chain {
                listener,
                part: *part,
                names: server_names(*part),
                when: clients(*part),
                filters: part.list("filters"),
                http: Vec::new(),
                logs: listener.list("access_log"),
            };
            self.chain(out, chain, &mut made);
        }
        if let Some(api) = listener.path(&["api_listener", "api_listener"]) {
            let chain = Chain {
                listener,
                part: api,
                names: Vec::new(),
                when: When::default(),
                filters: Vec::new(),
                http: Vec::new(),
                logs: Vec::new(),
            };
            self.http(out, chain, api, &mut made);
        }
        // UDP proxies are listener filters.
        for filter in listener.list("listener_filters") {
            let name = filters::name_of(filter.text("name").unwrap_or(""), filter.config().map_or("", |c| c.type_url()));
            if matches!(filters::role(&name), Role::Stays) {
                continue;
            }
            let fact = match made.first() {
                Some(fact) => *fact,
                None => {
                    let fact = self.declare(out, listener, filter.at(), &[], &mut made);
                    made.push(fact);
                    fact
                }
            };
            self.named_clusters(out, fact, filter, &name, !matches!(name.as_str(), "udp_proxy" | "dns_filter"));
            if let Some(tunnel) = filter.config().and_then(|c| c.get("tunneling_config")) {
                self.tunnel(out, fact, tunnel.get("target_host").unwrap_or(tunnel), &When::default());
            }
        }
        if chains.is_empty() && made.is_empty() {
            let fact = self.declare(out, listener, listener.at(), &[], &mut made);
            if listener.get("api_listener").is_none() {
                let message = "this listener has no filter chains that are understood".to_owned();
                out.gap("empty-upstream", message, None, listener.at(), Touch::Endpoint(fact));
            }
        }
        let touch = match made.as_slice() {
            [one] => Touch::Endpoint(*one),
            _ => Touch::Tree,
        };
        known::check(out, listener, known::LISTENER, touch);
        for filter in listener.list("listener_filters") {
            known::check(out, filter, known::FILTER, touch);
        }
        for address in addresses(listener) {
            address_fields(out, address, touch);
        }
        for chain in &chains {
            known::check(out, *chain, known::CHAIN, touch);
            chain.get("filter_chain_match").into_iter().for_each(|m| known::check(out, m, known::CHAIN_MATCH, touch));
            chain.list("filters").into_iter().for_each(|f| known::check(out, f, known::FILTER, touch));
            sockets(out, *chain, touch);
        }
        if listener.get("fcds_config").is_some() || listener.get("filter_chain_matcher").is_some() {
            let at =
                listener.get("fcds_config").or_else(|| listener.get("filter_chain_matcher")).map_or(listener.at(), |p| p.at());
            let touch = made.first().map_or(Touch::Tree, |f| Touch::Endpoint(*f));
            let touch = if listener.get("fcds_config").is_some() { touch } else { Touch::Nothing };
            let message =
                "which filter chain takes a connection is decided by a matcher or a server that is not followed".to_owned();
            out.gap("dynamic-upstream", message, None, at, touch);
        }
    }

    fn declare(
        &self,
        out: &mut Output,
        listener: Part<'d>,
        at: Location,
        names: &[Spanned<String>],
        made: &mut Vec<usize>,
    ) -> usize {
        let mut fact = EndpointFact::new("envoy-listener", String::new(), at);
        fact.roles = Roles::of(&[EndpointRole::Entry, EndpointRole::Transit]);
        fact.names = names.to_vec();
        let mut listens = Vec::new();
        let mut shown = Vec::new();
        let mut unclear = Vec::new();
        for address in addresses(listener) {
            let place = address.path(&["socket_address", "address"]).map_or(address.at(), |p| p.at());
            match peer_of(address) {
                Ok(Peer::Address { ip, port }) => {
                    shown.push(port.map_or(ip.to_string(), |p| format!("{ip}:{p}")));
                    fact.addresses.push(Address { ip, port, location: place });
                }
                Ok(Peer::Loopback { ip, port }) => {
                    shown.push(port.map_or(ip.to_string(), |p| format!("{ip}:{p}")));
                    listens.extend(port.map(Listen::Port));
                }
                Ok(Peer::Unix(path)) => {
                    shown.push(path.clone());
                    listens.push(Listen::Socket(path));
                }
                Ok(Peer::Host { name, .. }) => unclear.push((place, format!("is the name `{}`", shorten(&name)))),
                Err(why) => unclear.push((place, why)),
            }
        }
        if let (true, Some(name)) = (listener.get("internal_listener").is_some(), listener.text("name")) {
            listens.push(Listen::Socket(format!("internal:{name}")));
        }
        let what = listener.text("name").map_or_else(|| shown.join(", "), str::to_owned);
        fact.label = fact.names.first().map_or_else(|| format!("listener {what}"), |n| n.value.clone());
        if !shown.is_empty() {
            fact.attributes.other.insert("listen".to_owned(), shown.join(", "));
        }
        let label = fact.label.clone();
        let index = out.principal(fact);
        listens.into_iter().for_each(|on| out.listens(index, on, &label));
        for (place, why) in unclear {
            let message = format!("the address of this listener {why}, so who leads here is not known");
            out.gap("unusable-target", message, None, place, Touch::Endpoint(index));
        }
        made.push(index);
        index
    }

    fn chain(&self, out: &mut Output, mut chain: Chain<'d>, made: &mut Vec<usize>) {
        let is = |filter: &Part<'d>, name: &str| filter_name(*filter) == name;
        if let Some(manager) = chain.filters.iter().find(|f| is(f, "http_connection_manager")).copied() {
            if let Some(config) = manager.config() {
                chain.http = config.list("http_filters");
                chain.logs.extend(config.list("access_log"));
                return self.http(out, chain, config, made);
            }
            let fact = self.declare(out, chain.listener, manager.at(), &chain.names, made);
            let message = "the HTTP connection manager has no configuration here".to_owned();
            out.gap("dynamic-upstream", message, None, manager.at(), Touch::Endpoint(fact));
            return;
        }
        let at = chain.filters.last().map_or(chain.part.at(), |f| f.at());
        let fact = self.declare(out, chain.listener, at, &chain.names, made);
        let host = Host { clusters: self.clusters, fact, country_headers: &[], pool: "chain".to_owned() };
        for filter in chain.filters.clone() {
            let name = filter_name(filter);
            let config = filter.config().unwrap_or(filter);
            match name.as_str() {
                "tcp_proxy" => {
                    known::check(out, config, known::TCP_PROXY, Touch::Endpoint(fact));
                    if let Some(tunnel) = config.get("tunneling_config") {
                        self.tunnel(out, fact, tunnel.get("hostname").unwrap_or(tunnel), &chain.when);
                    }
                    chain.logs.extend(config.list("access_log"));
                    if let Some(cluster) = config.get("cluster") {
                        let sni = chain.filters.iter().any(|f| is(f, "sni_cluster"));
                        if !sni {
                            routes::forward(out, &host, cluster, Activity::Forward, &chain.when, "chain", None);
                        }
                    } else if let Some(weighted) = config.get("weighted_clusters") {
                        routes::shares(out, &host, weighted, &chain.when, "chain");
                    } else {
                        let message = "this proxy names no cluster that is understood".to_owned();
                        out.gap("dynamic-upstream", message, None, filter.at(), Touch::Endpoint(fact));
                    }
                    if let Some(demand) = config.get("on_demand") {
                        let message = "clusters of this proxy may be asked for while Envoy runs (on_demand)".to_owned();
                        out.gap("dynamic-upstream", message, None, demand.at(), Touch::Endpoint(fact));
                    }
                }
                "sni_cluster" => routes::any_cluster(
                    out,
                    &host,
                    filter.get("name").unwrap_or(filter),
                    Activity::Forward,
                    &chain.when,
                    "chain",
                ),
                "redis_proxy" => {
                    // "MOVED" and "ASK" answers name servers that stand nowhere here.
                    if let Some(settings) = config.get("settings").filter(|s| s.flag("enable_redirection")) {
                        let message =
                            "this proxy follows redirections of its servers to others (enable_redirection)".to_owned();
                        let help = "declare the servers that it can be sent to in an inventory, with routes to them".to_owned();
                        out.gap("dynamic-upstream", message, Some(help), settings.at(), Touch::Endpoint(fact));
                    }
                    for (i, (_, cluster)) in config.texts_below(&["cluster"]).into_iter().enumerate() {
                        let by_key = || When::some("by the key", "when the key's prefix chooses it");
                        let when = if i == 0 { chain.when.clone() } else { by_key() };
                        routes::forward(out, &host, cluster, Activity::Forward, &when, "chain", None);
                    }
                }
                "thrift_proxy" | "dubbo_proxy" | "generic_proxy" | "rocketmq_proxy" | "sip_proxy" | "kafka_mesh" => {
                    self.named_clusters(out, fact, filter, &name, name != "thrift_proxy");
                }
                _ => self.filter(out, fact, filter, &name),
            }
        }
        self.logs(out, fact, &chain.logs);
    }

    /// An HTTP connection manager: an endpoint for each virtual host.
    fn http(&self, out: &mut Output, mut chain: Chain<'d>, manager: Part<'d>, made: &mut Vec<usize>) {
        if chain.http.is_empty() {
            chain.http = manager.list("http_filters");
        }
        // Connections that are upgraded may have filters of their own.
        for upgrade in manager.list("upgrade_configs") {
            chain.http.extend(upgrade.list("filters"));
        }
        let mut configurations: Vec<Part<'d>> = manager.get("route_config").into_iter().collect();
        let mut problem: Option<(String, Location)> = None;
        if let Some(rds) = manager.get("rds") {
            let name = rds.text("route_config_name").unwrap_or("");
            match self.resources.routes.get(name) {
                Some(found) => configurations.push(*found),
                None => {
                    let message = format!("the routes `{}` are not in the files that were read (RDS)", shorten(name));
                    problem = Some((message, rds.at()));
                }
            }
        }
        if let Some(scoped) = manager.get("scoped_routes") {
            for (name, _) in scoped.texts_below(&["route_configuration_name"]) {
                configurations.extend(self.resources.routes.get(name));
            }
            configurations.extend(self.resources.scopes.iter().filter_map(|s| s.get("route_configuration")));
            problem = Some(("which routes count is decided by a scope that is not followed".to_owned(), scoped.at()));
        }
        let headers: Vec<String> = chain
            .http
            .iter()
            .filter(|f| filter_name(**f) == "geoip")
            .flat_map(|f| {
                f.texts_below(&["country"]).into_iter().map(|(text, _)| text.to_ascii_lowercase()).collect::<Vec<_>>()
            })
            .collect();
        let before = made.len();
        for configuration in configurations {
            let mut hosts = configuration.list("virtual_hosts");
            let several = hosts.len() > 1;
            if let Some(vhds) = configuration.get("vhds") {
                problem = Some(("virtual hosts come from a server while Envoy runs (VHDS)".to_owned(), vhds.at()));
                hosts.extend(self.resources.virtual_hosts.iter().copied());
            }
            for virtual_host in hosts {
                let (mut names, pattern) = domains(virtual_host);
                let unfilled = virtual_host.list("domains").into_iter().find(|d| d.node.text().is_some_and(is_template));
                if names.is_empty() && pattern.is_none() {
                    names = chain.names.clone();
                }
                let fact = self.declare(out, chain.listener, virtual_host.at(), &names, made);
                if let Some(pattern) = pattern {
                    out.facts.endpoints[fact].attributes.other.insert("server-name-pattern".to_owned(), pattern);
                }
                if let Some(domain) = unfilled {
                    let shown = shorten(domain.node.text().unwrap_or(""));
                    let message =
                        format!("the domain `{shown}` is yet to be filled in, so who asks for this host is not known");
                    out.gap("template-not-rendered", message, Some(RENDER.to_owned()), domain.at(), Touch::Endpoint(fact));
                }
                let pool = virtual_host.text("name").unwrap_or("virtual host").to_owned();
                if several && names.is_empty() {
                    let label = &mut out.facts.endpoints[fact].label;
                    *label = format!("{label} ({pool})");
                }
                let host = Host { clusters: self.clusters, fact, country_headers: &headers, pool };
                let routes_before = out.facts.routes.len();
                routes::virtual_host(out, &host, virtual_host, configuration);
                self.settings_of_filters(out, fact, virtual_host, configuration);
                narrow(out, routes_before, &chain.when);
            }
        }
        if made.len() == before {
            self.declare(out, chain.listener, manager.at(), &chain.names, made);
            if problem.is_none() {
                let message = "this HTTP connection manager has no virtual hosts in the files that were read".to_owned();
                problem = Some((message, manager.at()));
            }
        }
        if let Some((message, at)) = problem {
            let help = "add the file with the routes, or a config dump, to the project".to_owned();
            for fact in &made[before..] {
                out.gap("dynamic-upstream", message.clone(), Some(help.clone()), at, Touch::Endpoint(*fact));
            }
        }
        let facts: Vec<usize> = made[before..].to_vec();
        for fact in facts {
            let touch = Touch::Endpoint(fact);
            known::check(out, manager, known::MANAGER, touch);
            manager.get("tracing").into_iter().for_each(|t| known::check(out, t, known::TRACING, touch));
            manager.list("upgrade_configs").into_iter().for_each(|u| known::check(out, u, known::UPGRADE, touch));
            chain.http.iter().for_each(|f| known::check(out, *f, known::FILTER, touch));
            for filter in
                chain.http.iter().chain(chain.filters.iter().filter(|f| filter_name(**f) != "http_connection_manager"))
            {
                self.filter(out, fact, *filter, &filter_name(*filter));
            }
            self.logs(out, fact, &chain.logs);
            if let Some(provider) = manager.path(&["tracing", "provider"]) {
                self.tell(out, fact, provider, "tracing");
            } else if let (Some(_), Some(http)) =
                (manager.get("tracing"), self.resources.bootstraps.iter().find_map(|b| b.path(&["tracing", "http"])))
            {
                self.tell(out, fact, http, "tracing");
            }
        }
    }
}

/// Only clients of the chain come to these routes.
fn narrow(out: &mut Output, from: usize, when: &When) {
    if *when == When::default() {
        return;
    }
    for route in &mut out.facts.routes[from..] {
        let own = When { clients: route.clients.clone(), basis: Basis::Other, text: route.condition.clone() };
        if let Some(both) = when.and(&own) {
            route.clients = both.clients;
            route.condition = both.text;
        }
    }
}

fn addresses<'d>(listener: Part<'d>) -> Vec<Part<'d>> {
    let more = listener.list("additional_addresses");
    // One without an address is one that cannot be read.
    listener.get("address").into_iter().chain(more.iter().map(|a| a.get("address").unwrap_or(*a))).collect()
}

fn filter_name(filter: Part<'_>) -> String {
    filters::name_of(filter.text("name").unwrap_or(""), filter.config().map_or("", |c| c.type_url()))
}

/// Server names of TLS connections.
fn server_names(chain: Part<'_>) -> Vec<Spanned<String>> {
    let Some(names) = chain.path(&["filter_chain_match", "server_names"]) else { return Vec::new() };
    let name = |node: crate::doc::Node<'_>| {
        let text = node.text()?.trim_end_matches('.').to_ascii_lowercase();
        is_host_name(text.strip_prefix("*.").unwrap_or(&text)).then(|| Spanned::new(text, node.span()))
    };
    names.node.items().filter_map(name).collect()
}

/// Domains of a virtual host: exact ones and `*.example.com`, and whether others match by their beginning.
fn domains(virtual_host: Part<'_>) -> (Vec<Spanned<String>>, Option<String>) {
    let mut names = Vec::new();
    let mut pattern = None;
    for node in virtual_host.get("domains").map(|d| d.node.items().collect::<Vec<_>>()).unwrap_or_default() {
        let Some(text) = node.text().map(str::to_ascii_lowercase) else { continue };
        let name =
            text.rsplit_once(':').map_or(text.as_str(), |(name, port)| if port.parse::<u16>().is_ok() { name } else { &text });
        if name == "*" {
            continue;
        }
        let bare = name.strip_prefix("*.").unwrap_or(name);
        if name.ends_with('*') || (name.starts_with('*') && !name.starts_with("*.")) {
            pattern = pattern.or(Some(shorten(name)));
        } else if is_host_name(bare)
            && bare.parse::<std::net::IpAddr>().is_err()
            && bare != "localhost"
            && !names.iter().any(|n: &Spanned<String>| n.value == name)
        {
            names.push(Spanned::new(name.to_owned(), node.span()));
        }
    }
    (names, pattern)
}

/// The clients that a chain takes.
fn clients(chain: Part<'_>) -> When {
    let mut networks: Vec<IpNetwork> = Vec::new();
    let mut count = 0;
    for field in ["source_prefix_ranges", "direct_source_prefix_ranges"] {
        let Some(matched) = chain.get("filter_chain_match") else { return When::default() };
        for range in matched.list(field) {
            count += 1;
            let length = range.number("prefix_len").unwrap_or(0);
            networks.extend(format!("{}/{length}", range.text("address_prefix").unwrap_or("")).parse::<IpNetwork>());
        }
    }
    if count == 0 || networks.iter().any(|n| n.prefix() == 0) {
        return When::default();
    }
    let text = format!("when the client is in {count} network{} of the filter chain", if count == 1 { "" } else { "s" });
    let clients = if networks.len() == count && count <= MAX_NETWORKS {
        ClientMatch::Networks(networks)
    } else {
        ClientMatch::Some("by the client's network".to_owned())
    };
    When { clients, basis: Basis::Geography, text: Some(text) }
}
