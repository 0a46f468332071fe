//! Upstreams of a `reverse_proxy`, as Caddyfile and JSON both have them, and when each carries.
//!
//! "reverse_proxy", "Load balancing": `first` takes the first available upstream in their order; without health checks all count as
//! available, so the others never carry. Active checks need `health_uri` or `health_port`, passive ones `fail_duration`;
//! `unhealthy_request_count` makes a busy upstream unavailable. Every other policy lets all upstreams carry; a weight of 0 in
//! `weighted_round_robin` takes one out. "Upstream addresses": a URL of scheme and host, or `network/host:port`, with port ranges.

use crate::model::{Activity, Spill};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::Peer;
use crate::read::proxy::shorten;
use crate::read::proxy::turn::{Turn, both};
use crate::source::Location;

/// Ports of one range that are followed.
const MAX_PORTS: u16 = 64;

#[derive(Default)]
pub(super) struct Proxy {
    pub upstreams: Vec<(String, Location)>,
    /// A module finds them while Caddy runs.
    pub dynamic: Vec<(String, Location)>,
    pub policy: String,
    pub weights: Vec<u64>,
    /// Health checks of either kind, or a bound of requests.
    pub watched: bool,
    /// Another proxy on the way.
    pub through: Option<(String, Location)>,
    /// What it is for, where it only authorises.
    pub purpose: Option<String>,
}

impl Proxy {
    /// The routes from an endpoint; `base` says for whom.
    pub fn routes(&self, out: &mut Output, from: usize, base: &Turn, at: Location) {
        let touch = Touch::Endpoint(from);
        let total: u64 = self.weights.iter().sum();
        let weighted = self.policy == "weighted_round_robin" && self.weights.len() == self.upstreams.len() && total > 0;
        let first = self.policy == "first";
        for (i, (text, at)) in self.upstreams.iter().enumerate() {
            for peer in self.peers(out, text, *at, touch) {
                let turn = base.clone();
                let turn = match i {
                    1.. if first => {
                        let before = if i == 1 { "upstream before it".to_owned() } else { format!("{i} upstreams before it") };
                        let are = if i == 1 { "is" } else { "are" };
                        let condition = format!("when the {before} {are} down or full (lb_policy first)");
                        let pool = turn.pool.clone().unwrap_or_default();
                        let standby = Turn::standby(pool, u32::try_from(i).unwrap_or(u32::MAX), self.spill(), condition);
                        Turn { when: turn.when, condition: both(standby.condition.clone(), turn.condition), ..standby }
                    }
                    _ if weighted && self.weights[i] == 0 => turn.never("its weight is 0"),
                    _ if weighted && self.weights.iter().any(|w| *w != self.weights[0]) => {
                        let condition = turn.condition.clone();
                        let share = turn.share(self.weights[i], total);
                        Turn { condition: both(share.condition.clone(), condition), ..share }
                    }
                    _ => turn,
                };
                out.send(from, &peer, *at, &turn);
            }
        }
        for (name, at) in &self.dynamic {
            let message = format!("`dynamic {}` finds upstreams while Caddy runs, which are not in this file", shorten(name));
            let help = "declare the upstreams that it can find in an inventory, with routes to them".to_owned();
            out.gap("dynamic-upstream", message, Some(help), *at, touch);
        }
        if let Some((text, at)) = &self.through
            && let Some(peer) = out.target("the network proxy", text, Some(80), *at, touch)
        {
            let pool = out.pool(from, "network proxy");
            let turn = Turn { pool: Some(pool), ..base.clone() };
            out.send(
                from,
                &peer,
                *at,
                &Turn { condition: both(Some("on the way to the upstreams".to_owned()), turn.condition.clone()), ..turn },
            );
        }
        if self.upstreams.is_empty() && self.dynamic.is_empty() {
            let message = "this `reverse_proxy` has no upstreams in the files that were read".to_owned();
            out.gap("empty-upstream", message, None, at, touch);
        }
    }

    fn spill(&self) -> Spill {
        if self.watched || !self.dynamic.is_empty() {
            return Spill::Load;
        }
        let why =
            "nothing checks the upstreams (no health_uri, health_port, fail_duration), so the first always counts as available";
        Spill::Never(why.to_owned())
    }

    fn peers(&self, out: &mut Output, text: &str, at: Location, touch: Touch) -> Vec<Peer> {
        let shown = shorten(text);
        if let Some(name) = text.split_once("{$").and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name) {
            let message = format!("the upstream `{shown}` depends on the environment variable `{name}`, which is not known");
            let help = format!("give `{name}` in `variables` of an `[[inputs.override]]`");
            out.gap("unresolved-variable", message, Some(help), at, touch);
            return Vec::new();
        }
        let placeholder = text.contains('{') && !text.contains("{{");
        if placeholder {
            let message = format!("the upstream `{shown}` is made from the request");
            let help = "declare the upstreams that it can name in an inventory, with routes to them".to_owned();
            out.gap("dynamic-upstream", message, Some(help), at, touch);
            return Vec::new();
        }
        let (network, rest) = match text.split_once('/') {
            Some((network, rest)) if !network.contains(':') && !network.is_empty() => (network, rest),
            _ => ("tcp", text),
        };
        if network.starts_with("unix") {
            return vec![Peer::Unix(rest.to_owned())];
        }
        let rest = rest.strip_prefix("h2c://").map_or(rest.to_owned(), |r| format!("http://{r}"));
        // `:4000` is this machine.
        let rest = if rest.starts_with(':') { format!("localhost{rest}") } else { rest };
        if let Some((host, range)) = rest.rsplit_once(':')
            && let Some((low, high)) = range.split_once('-')
            && let (Ok(low), Ok(high)) = (low.parse::<u16>(), high.parse::<u16>())
            && low <= high
        {
            if high.saturating_sub(low) >= MAX_PORTS {
                let message = format!("the upstream `{shown}` has more ports than are followed");
                out.gap("too-large", message, None, at, touch);
            }
            let ports = (low..=high).take(usize::from(MAX_PORTS));
            return ports.map_while(|port| out.target("an upstream", &format!("{host}:{port}"), None, at, touch)).collect();
        }
        out.target("an upstream", &rest, Some(80), at, touch).into_iter().collect()
    }
}

/// "redir": the client is sent to another host. Placeholders of the request's own host lead nowhere else.
pub(super) fn redirect(out: &mut Output, from: usize, text: &str, base: &Turn, at: Location) {
    let rest = match text.split_once("://") {
        Some((_, rest)) => rest,
        None => match text.strip_prefix("//") {
            Some(rest) => rest,
            None => return,
        },
    };
    let authority = rest.split(['/', '?']).next().unwrap_or("");
    if ["{host}", "{hostport}", "{http.request.host}", "{http.request.hostport}", "{labels."]
        .iter()
        .any(|p| authority.starts_with(p))
    {
        return;
    }
    // `{uri}` stands right behind the host.
    let authority =
        authority.strip_suffix("{uri}").or_else(|| authority.strip_suffix("{http.request.uri}")).unwrap_or(authority);
    let authority = authority.split("{path}").next().unwrap_or(authority);
    let touch = Touch::Endpoint(from);
    if authority.contains('{') {
        let message = format!("where the redirect to `{}` leads is made from the request", shorten(text));
        let help = "declare the host that clients are sent to in an inventory".to_owned();
        out.gap("unresolved-variable", message, Some(help), at, touch);
        return;
    }
    let Some(peer) = out.target("a redirect", authority, Some(443), at, touch) else { return };
    let pool = out.pool(from, "redirect");
    let condition = both(Some("redirect: the client goes there".to_owned()), base.condition.clone());
    out.send(from, &peer, at, &Turn { pool: Some(pool), condition, activity: Activity::Forward, ..base.clone() });
}
