//! Where logs and traces go: `access_log` and `error_log` to a syslog server, the OpenTelemetry exporter.
//!
//! "Logging to syslog": `syslog:server=ADDRESS[,facility=...]`, an address, a name or `unix:` with a path, UDP port 514 if none is
//! given; several logs may be named at a level. Files, `stderr` and `memory:` stay on the machine. ngx_otel_module: spans go to the
//! exporter's `endpoint` where `otel_trace` is not off (which it is unless set).

use std::collections::BTreeSet;

use super::clients::Piece;
use super::context::{Config, Level};
use super::lex::{self, Body, RENDER, Statement, has_template, shorten};
use super::output::{Output, Touch};
use super::target;
use crate::model::{Activity, DataLimit};
use crate::read::proxy::LOGGED;
use crate::source::Location;

/// How access logs are written: every `log_format` of a text, without its name and parameters.
pub fn log_formats(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut stack = lex::parse(text);
    while let Some(statement) = stack.pop() {
        let Statement::Directive(directive) = statement else { continue };
        if directive.name.text == "log_format" {
            let words = directive.args.iter().skip(1).map(|w| w.text.as_str()).filter(|w| !w.starts_with("escape="));
            found.push(words.collect());
        }
        if let Body::Block(inner) = directive.body {
            stack.extend(inner);
        }
    }
    found.sort();
    found
}

/// What has been said of one server: a block inherits most of its logs.
#[derive(Default)]
pub(super) struct Done {
    lists: BTreeSet<usize>,
    lines: BTreeSet<Location>,
}

pub(super) fn routes(out: &mut Output, config: &Config<'_, '_>, level: &Level<'_, '_>, server: usize, done: &mut Done) {
    for name in ["access_log", "error_log"] {
        if level.identity(name).is_none_or(|list| !done.lists.insert(list)) {
            continue;
        }
        for (node, directive) in level.get(name) {
            let Some(target) = directive.args.first() else { continue };
            let Some(parameters) = target.text.strip_prefix("syslog:") else {
                if has_template(&target.text) && done.lines.insert(node.location()) {
                    let message =
                        format!("`{name} {}` holds template code: where the log goes is not known", shorten(&target.text));
                    out.gap(
                        "template-not-rendered",
                        message,
                        Some(RENDER.to_owned()),
                        node.location(),
                        Touch::Endpoint(server),
                    );
                }
                continue;
            };
            let at = Location::new(node.source, target.span);
            if !done.lines.insert(at) {
                continue;
            }
            let address = parameters.split(',').find_map(|p| p.strip_prefix("server=")).unwrap_or("");
            let format = directive.args.get(1).map(|a| a.text.as_str());
            let everything = format.is_some_and(|f| config.formats_with_content.contains(&f));
            send(out, server, &format!("{name} syslog"), address, Some(514), everything, at);
        }
    }
    if let Some((node, endpoint)) = config.otel
        && level.value("otel_trace").is_some_and(|v| v != "off")
    {
        let at = node.location();
        if done.lines.insert(at) {
            let (_, authority) = target::split_url(endpoint);
            send(out, server, "otel_exporter", authority, Some(4317), false, at);
        }
    }
}

fn send(out: &mut Output, server: usize, what: &str, address: &str, port: Option<u16>, everything: bool, at: Location) {
    let touch = Touch::Endpoint(server);
    let variable = super::clients::pieces(address).iter().any(|p| matches!(p, Piece::Variable(_)));
    let peer = if variable { Err("depends on a variable".to_owned()) } else { target::peer(address, port) };
    match peer {
        Ok(peer) => {
            let pool = out.pool(server, what);
            for (to, more) in out.endpoints_at(&peer, at) {
                let mut route = Output::plain(server, to, Activity::Log, at);
                route.pool = Some(pool.clone());
                route.condition = more;
                if !everything {
                    route.data = DataLimit::Only(LOGGED.map(str::to_owned).to_vec());
                    route.data_assumed = true;
                }
                out.route(route);
            }
        }
        Err(why) => {
            let message = format!("the address `{}` of {what} {why}", shorten(address));
            out.gap("unusable-target", message, None, at, touch);
        }
    }
}
