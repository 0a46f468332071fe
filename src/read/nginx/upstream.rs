//! Upstream groups: who is in them, in which order, and when the backups carry.
//!
//! ngx_http_upstream_module and ngx_stream_upstream_module, "server": `weight` (1), `max_conns` (0: no limit), `max_fails` (1; 0
//! turns the counting of failures off), `fail_timeout` (10s), `backup` (gets requests when the primary servers are unavailable; not
//! with hash, ip_hash and random), `down`, and the commercial or newer `resolve`, `route`, `service`, `slow_start`, `drain`. A port
//! of 80 is assumed in http. A primary is unavailable after `max_fails` errors or timeouts, at `max_conns`, or when a health check
//! fails: load brings all of these about. "state" keeps the members in a file that the API changes.

use super::clients::pieces;
use super::context::{Protocol, Upstream};
use super::known;
use super::lex::{Directive, Word, shorten};
use super::output::{Output, Touch};
use super::target::{self, Peer};
use super::tree::{Item, Node};
use crate::model::{Activity, RouteRole, Spill};
use crate::source::Location;

/// How the servers that pass to an upstream do so.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub passes: usize,
    /// Of these, with `*_next_upstream off`.
    pub never_next: usize,
    /// Some location has `health_check`.
    pub checked: bool,
}

struct Member {
    peer: Peer,
    at: Location,
    weight: u32,
    backup: bool,
    down: bool,
    counts_failures: bool,
    limited: bool,
}

/// What besides members decides how a group carries.
#[derive(Default)]
struct Group<'a> {
    members: Vec<Member>,
    /// The balancing method if it does without backups.
    refuses_backup: Option<&'a str>,
    queue: bool,
    health_check: bool,
    /// Members that are not in the text.
    dynamic: bool,
}

pub(super) fn read(out: &mut Output, upstream: &Upstream<'_, '_>, fact: usize, usage: Usage) {
    let touch = Touch::Endpoint(fact);
    let mut group = Group::default();
    for node in upstream.children {
        match &node.item {
            Item::Problem(problem) => {
                group.dynamic = true;
                out.problem(problem, node.location(), touch);
            }
            Item::Directive { directive, .. } => group.directive(out, upstream, node, directive, touch),
        }
    }
    if group.members.is_empty() && !group.dynamic {
        let message = format!("upstream `{}` has no servers in the files that were read", shorten(upstream.name));
        out.gap("empty-upstream", message, None, upstream.node.location(), touch);
    }
    group.routes(out, upstream, fact, usage);
}

impl<'a> Group<'a> {
    fn directive(
        &mut self,
        out: &mut Output,
        upstream: &Upstream<'_, 'a>,
        node: &Node<'a>,
        directive: &'a Directive,
        touch: Touch,
    ) {
        let name = directive.name.text.as_str();
        match name {
            "server" => {
                if let Some(member) = self.member(out, upstream, node, directive, touch) {
                    self.members.push(member);
                }
            }
            "hash" | "ip_hash" | "random" => self.refuses_backup = Some(name),
            "queue" => self.queue = true,
            "check" => self.health_check = true,
            "state" => {
                self.dynamic = true;
                let message = format!(
                    "the servers of upstream `{}` are kept in a state file and changed while nginx runs",
                    upstream.name
                );
                let help = "list the servers that it can have in an inventory".to_owned();
                out.gap("dynamic-upstream", message, Some(help), node.location(), touch);
            }
            _ if known::is_code(name) => {
                self.dynamic = true;
                out.code(name, node.location(), touch);
            }
            _ if known::is_known(name) => {}
            _ => {
                self.dynamic = true;
                out.unknown(name, node.location(), touch);
            }
        }
    }

    fn member(
        &mut self,
        out: &mut Output,
        upstream: &Upstream<'_, 'a>,
        node: &Node<'a>,
        directive: &Directive,
        touch: Touch,
    ) -> Option<Member> {
        let Some(address) = directive.args.first() else {
            out.gap("syntax", "`server` needs an address".to_owned(), None, node.location(), touch);
            return None;
        };
        let at = Location::new(node.source, address.span);
        if let Some(bad) = directive.args.iter().find(|w| w.is_template()) {
            let message = format!(
                "`server {}` of upstream `{}` holds template code: who it is is not known",
                shorten(&bad.text),
                upstream.name
            );
            out.gap("template-not-rendered", message, Some(super::lex::RENDER.to_owned()), at, touch);
            self.dynamic = true;
            return None;
        }
        let default_port = (upstream.protocol == Protocol::Http).then_some(80);
        let peer = match target::peer(&address.text, default_port) {
            Ok(peer) => peer,
            Err(why) => {
                let variable = pieces(&address.text).iter().any(|p| matches!(p, super::clients::Piece::Variable(_)));
                let (code, why) = if variable {
                    ("unresolved-variable", "holds a variable, which nginx does not resolve here".to_owned())
                } else {
                    ("syntax", why)
                };
                let message = format!("`server {}` of upstream `{}` {why}", shorten(&address.text), upstream.name);
                out.gap(code, message, None, at, touch);
                self.dynamic = true;
                return None;
            }
        };
        let mut member = Member { peer, at, weight: 1, backup: false, down: false, counts_failures: true, limited: false };
        for parameter in &directive.args[1..] {
            self.parameter(out, upstream, &mut member, parameter, touch);
        }
        Some(member)
    }

    fn parameter(&mut self, out: &mut Output, upstream: &Upstream<'_, 'a>, member: &mut Member, word: &Word, touch: Touch) {
        let at = Location::new(member.at.source, word.span);
        match word.text.split_once('=').map_or((word.text.as_str(), None), |(k, v)| (k, Some(v))) {
            ("weight", Some(value)) if value.parse::<u32>().is_ok() => member.weight = value.parse().unwrap_or(1),
            ("max_fails", Some(value)) if value.parse::<u32>().is_ok() => member.counts_failures = value.parse() != Ok(0_u32),
            ("max_conns", Some(value)) if value.parse::<u32>().is_ok() => member.limited = value.parse() != Ok(0_u32),
            ("backup", None) => member.backup = true,
            ("down", None) => member.down = true,
            // A name that stops resolving leaves no primary.
            ("resolve", None) => member.limited = true,
            ("fail_timeout" | "slow_start" | "route" | "srun_id" | "id", Some(_)) | ("drain", None) => {}
            ("service", Some(_)) => {
                let message = format!(
                    "the servers of upstream `{}` come from DNS SRV records, which are not in this file",
                    upstream.name
                );
                out.gap("dynamic-upstream", message, None, at, touch);
                self.dynamic = true;
            }
            _ => {
                let message = format!("`{}` is no parameter of `server` in upstream `{}`", shorten(&word.text), upstream.name);
                let known =
                    ["weight", "max_fails", "max_conns", "backup", "down", "fail_timeout", "slow_start", "resolve", "service"];
                let name = word.text.split('=').next().unwrap_or("");
                let help = crate::vocab::suggest(name, known).map(|k| format!("did you mean `{k}`?"));
                out.gap("syntax", message, help, at, touch);
            }
        }
    }

    fn routes(self, out: &mut Output, upstream: &Upstream<'_, '_>, fact: usize, usage: Usage) {
        let touch = Touch::Endpoint(fact);
        let name = shorten(upstream.name);
        let primaries: Vec<&Member> = self.members.iter().filter(|m| !m.backup).collect();
        let up = primaries.iter().filter(|m| !m.down).count();
        let weighted = primaries.iter().any(|m| m.weight != primaries[0].weight);
        let total: u64 = primaries.iter().filter(|m| !m.down).map(|m| u64::from(m.weight)).sum();
        let spill = self.spill(&primaries, up, usage);
        let condition = match up {
            0 => None,
            1 => Some(format!("when the only preferred server of `{name}` is down or full")),
            n => Some(format!("when the {n} preferred servers of `{name}` are down or full")),
        };
        if let (Some(method), Some(backup)) = (self.refuses_backup, self.members.iter().find(|m| m.backup)) {
            let message = format!("upstream `{name}` has a `backup` server, which the method `{method}` does not support");
            let help = "nginx refuses the file or ignores the word; choose another method or take `backup` out".to_owned();
            out.gap("unsupported-backup", message, Some(help), backup.at, touch);
        }
        for member in &self.members {
            for (to, more) in out.endpoints_at(&member.peer, member.at) {
                let mut route = Output::plain(fact, to, Activity::Forward, member.at);
                route.pool = Some("servers".to_owned());
                route.priority = Some(u32::from(member.backup));
                if member.backup {
                    route.role = RouteRole::Failover;
                    route.spill = spill.clone();
                    route.condition = condition.clone();
                } else if weighted {
                    route.role = RouteRole::Weighted;
                    if total > 0 && !member.down {
                        route.condition = Some(format!("takes {} of {total} requests", member.weight));
                    }
                }
                if member.down {
                    route.spill = Spill::Never("marked down".to_owned());
                    route.condition = Some("never: it is marked down".to_owned());
                }
                route.condition = match (route.condition, more) {
                    (Some(a), Some(b)) => Some(format!("{a} and {b}")),
                    (a, b) => a.or(b),
                };
                out.route(route);
            }
        }
    }

    /// Backups carry when no primary is available. Nothing ever makes one unavailable if failures are not counted, connections
    /// are not limited, nobody checks, and a failed request is not tried again elsewhere.
    fn spill(&self, primaries: &[&Member], up: usize, usage: Usage) -> Spill {
        let retries = usage.passes == 0 || usage.never_next < usage.passes;
        let notices = primaries.iter().any(|m| m.counts_failures || m.limited);
        if up == 0 || retries || notices || self.queue || self.health_check || usage.checked || self.dynamic {
            return Spill::Load;
        }
        let why = "requests are never passed on (next_upstream off) and failures are never counted (max_fails=0)";
        Spill::Never(why.to_owned())
    }
}
