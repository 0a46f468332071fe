//! What the filters and logs of a listener call beside the clusters that its routes lead to.
//!
//! Access logs: files and standard streams stay, gRPC, OpenTelemetry and the like are ways out; so are tracing, external authorisation
//! and processing, and rate limits.

use std::collections::BTreeSet;

use super::fields::Part;
use super::filters::{self, CLUSTER_KEYS, Role};
use super::listeners::Reader;
use super::routes::{self, Host};
use crate::model::{Activity, DataLimit, Dependence, Reference, RouteFact};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::{self, split_url};
use crate::read::proxy::turn::Turn;
use crate::read::proxy::when::When;
use crate::read::proxy::{LOGGED, shorten};

impl<'d> Reader<'_, 'd> {
    /// Settings of filters for some routes, which may name other servers than the filter itself.
    pub(super) fn settings_of_filters(&self, out: &mut Output, fact: usize, virtual_host: Part<'d>, configuration: Part<'d>) {
        let routes = virtual_host.list("routes");
        let weighted = routes.iter().filter_map(|r| r.path(&["route", "weighted_clusters"]));
        let weights: Vec<Part<'d>> = weighted.flat_map(|w| w.list("clusters")).collect();
        for holder in [configuration, virtual_host].into_iter().chain(routes).chain(weights) {
            for field in ["typed_per_filter_config", "per_filter_config"] {
                let Some(settings) = holder.get(field) else { continue };
                for entry in settings.node.entries() {
                    let config = settings.with(entry.value);
                    let text = format!("told of requests on some routes ({})", shorten(entry.name()));
                    self.services(out, fact, config, &text, |_| {}, false);
                }
            }
        }
    }

    /// "TunnelingConfig", `hostname`: where the server of the cluster is told to connect to.
    pub(super) fn tunnel(&self, out: &mut Output, fact: usize, host: Part<'d>, when: &When) {
        let text = host.node.text().unwrap_or("");
        let touch = Touch::Endpoint(fact);
        if text.contains('%') {
            let message = format!("the far end of the tunnel is `{}`, which is made from the connection", shorten(text));
            let help = "declare the hosts that it can be in an inventory, with routes to them".to_owned();
            out.gap("dynamic-upstream", message, Some(help), host.at(), touch);
        } else if let Some(peer) = out.target("the far end of the tunnel", text, None, host.at(), touch) {
            let turn = Turn::first("tunnel").under("through the server of its cluster (tunneling_config)").for_clients(when);
            out.send(fact, &peer, host.at(), &turn);
        }
    }

    /// One filter that is no proxy itself.
    pub fn filter(&self, out: &mut Output, fact: usize, filter: Part<'d>, name: &str) {
        let touch = Touch::Endpoint(fact);
        if filter.get("config_discovery").is_some() && filter.config().is_none() {
            let message = format!("the configuration of the filter `{}` comes from elsewhere while Envoy runs", shorten(name));
            out.gap("unfollowed-filter", message, None, filter.at(), touch);
            return;
        }
        let config = filter.config().unwrap_or(filter);
        match filters::role(name) {
            Role::Stays => {}
            Role::Asks => {
                // One whose failure lets requests pass is not needed to serve.
                let activity = if config.flag("failure_mode_allow") { Activity::Mirror } else { Activity::Forward };
                let text = format!("asked about each request ({name})");
                self.services(out, fact, config, &text, |route| route.activity = activity, true);
            }
            Role::Counts => {
                let log = |route: &mut RouteFact| {
                    route.activity = Activity::Log;
                    route.data = DataLimit::Only(LOGGED.map(str::to_owned).to_vec());
                    route.data_assumed = true;
                };
                self.services(out, fact, config, &format!("told of each request ({name})"), log, true);
            }
            Role::Needs => {
                let need = |route: &mut RouteFact| {
                    route.activity = Activity::Depend;
                    route.purpose = Dependence::Identity;
                };
                self.services(out, fact, config, &format!("keys and tokens come from there ({name})"), need, false);
            }
            Role::Caches => {
                let store = out.store("envoy-cache", format!("cache of {name}"), fact, filter.at());
                let mut route = Output::plain(fact, store, Activity::Cache, filter.at());
                route.pool = Some(format!("cache {name}"));
                out.route(route);
            }
            Role::Code => {
                let message = format!("the filter `{}` runs code or sends copies that are not followed", shorten(name));
                let help = "declare the routes that it can take in an inventory".to_owned();
                out.gap("embedded-code", message, Some(help), filter.at(), touch);
            }
            Role::AnyHost => {
                let message = format!("`{}` sends connections to whatever host the client asks for", shorten(name));
                let help = "declare the hosts that clients can reach this way in an inventory".to_owned();
                out.gap("dynamic-upstream", message, Some(help), filter.at(), touch);
            }
            Role::AnyCluster => {}
            Role::Unknown => self.named_clusters(out, fact, filter, name, true),
        }
    }

    /// A filter of which only the clusters it names are read.
    pub(super) fn named_clusters(&self, out: &mut Output, fact: usize, filter: Part<'d>, name: &str, unknown: bool) {
        let host = Host { clusters: self.clusters, fact, country_headers: &[], pool: name.to_owned() };
        let mut seen = BTreeSet::new();
        for (text, part) in filter.texts_below(&CLUSTER_KEYS) {
            if seen.insert(text) {
                let when = When::some(format!("by {name}"), format!("when `{name}` chooses it"));
                let when = if unknown { when } else { When { text: None, ..When::default() } };
                routes::forward(out, &host, part, Activity::Forward, &when, name, None);
            }
        }
        if unknown {
            let message = format!("the filter `{}` is not known, so it may send data somewhere", shorten(name));
            let help = "declare the routes that it can take in an inventory".to_owned();
            out.gap("unfollowed-filter", message, Some(help), filter.at(), Touch::Endpoint(fact));
        }
    }

    /// The servers that a message names: clusters, or targets of the Google gRPC client.
    pub(super) fn services(
        &self,
        out: &mut Output,
        fact: usize,
        config: Part<'d>,
        text: &str,
        set: impl Fn(&mut crate::model::RouteFact),
        must: bool,
    ) {
        let mut found = BTreeSet::new();
        for (name, part) in config.texts_below(&CLUSTER_KEYS) {
            if !found.insert(name) {
                continue;
            }
            let Some(to) = self.clusters.facts.get(name) else {
                self.clusters.undefined(out, name, part.at(), fact);
                continue;
            };
            let pool = out.pool(fact, text);
            let mut route = Output::plain(fact, Reference::Fact(*to), Activity::Forward, part.at());
            route.pool = Some(pool);
            route.condition = Some(text.to_owned());
            set(&mut route);
            out.route(route);
        }
        for (target, part) in config.texts_below(&["target_uri"]) {
            if !found.insert(target) {
                continue;
            }
            let (_, authority) = split_url(target);
            let authority = target.strip_prefix("dns:").map_or(authority, |rest| rest.trim_start_matches('/'));
            match peer::peer(authority, Some(443)) {
                Ok(peer) => {
                    let pool = out.pool(fact, text);
                    for (to, more) in out.endpoints_at(&peer, part.at()) {
                        let mut route = Output::plain(fact, to, Activity::Forward, part.at());
                        route.pool = Some(pool.clone());
                        route.condition = super::clusters::both(Some(text.to_owned()), more);
                        set(&mut route);
                        out.route(route);
                    }
                }
                Err(why) => {
                    out.gap("unusable-target", format!("`{}` {why}", shorten(target)), None, part.at(), Touch::Endpoint(fact))
                }
            }
        }
        if found.is_empty() && must {
            let message = format!("no server that is understood is named here: {text}");
            out.gap("unfollowed-filter", message, None, config.at(), Touch::Endpoint(fact));
        }
    }

    pub(super) fn logs(&self, out: &mut Output, fact: usize, logs: &[Part<'d>]) {
        for log in logs {
            let name = log.text("name").unwrap_or("").to_owned();
            let kind = log.config().map_or("", |c| c.kind());
            let stays = ["FileAccessLog", "StdoutAccessLog", "StderrAccessLog"].contains(&kind)
                || ["file", "stdout", "stderr", "file_access_log"].iter().any(|n| name.rsplit('.').next() == Some(n));
            if !stays {
                self.tell(out, fact, *log, "access log");
            }
        }
    }

    /// Logs and traces: what is told of requests.
    pub(super) fn tell(&self, out: &mut Output, fact: usize, part: Part<'d>, what: &str) {
        let config = part.config().unwrap_or(part);
        self.services(
            out,
            fact,
            config,
            what,
            |route| {
                route.activity = Activity::Log;
                route.data = DataLimit::Only(LOGGED.map(str::to_owned).to_vec());
                route.data_assumed = true;
            },
            true,
        );
    }
}
