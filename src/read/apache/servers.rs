//! Servers: which requests go where, and where logs go.
//!
//! mod_proxy: "ProxyPass" (the first that fits a path; `!` leaves a path out), "ProxyPassMatch", inside `<Location>` without a path,
//! "ProxyPassInherit", "ProxyRemote", "ProxyRequests"; core, "SetHandler" with `proxy:`, "ErrorDocument" with a URL; mod_rewrite,
//! "RewriteRule" with `[P]` and with `[R]` or a URL; mod_alias, "Redirect"; mod_log_config, "CustomLog" to a program; mod_cache,
//! "CacheEnable disk"; mod_authnz_ldap, "AuthLDAPURL".

use super::balancers::{Balancers, name_of, peer};
use super::conditions;
use super::known::{self, VOCABULARY};
use crate::model::{Activity, Reference};
use crate::read::proxy::block::Block;
use crate::read::proxy::fronts::{Asks, others};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::split_url;
use crate::read::proxy::shorten;
use crate::read::proxy::turn::{Turn, both};
use crate::read::proxy::when::When;
use crate::source::Location;

/// Programs that only sort or write lines on this machine.
const LOCAL_PROGRAMS: &[&str] =
    &["rotatelogs", "cronolog", "split-logfile", "cat", "tee", "gzip", "multilog", "svlogd", "savelog"];

pub(super) struct Server<'o, 's> {
    pub out: &'o mut Output,
    pub fact: usize,
    /// 0: the main server.
    pub index: usize,
    pub balancers: &'s Balancers,
}

/// Where directives stand.
#[derive(Clone, Default)]
struct Context {
    ask: Asks,
    /// The path of a `<Location>`.
    path: Option<String>,
}

impl Server<'_, '_> {
    pub fn routes(&mut self, blocks: &[Block]) {
        self.level(blocks, &Context::default());
    }

    /// What a virtual host takes over from the main server, as the modules merge their settings.
    pub fn inherits(&mut self, blocks: &[Block], own: &[Block]) {
        let has = |names: &[&str]| own.iter().any(|b| names.contains(&known::spelled(b.name())));
        let (requests, logs) = (has(&["ProxyRequests"]), has(&["CustomLog", "TransferLog"]));
        let (errors, forensic) = (has(&["ErrorLog"]), has(&["ForensicLog"]));
        let says = |blocks: &[Block], name: &str, words: &[&str]| {
            blocks.iter().any(|b| known::spelled(b.name()) == name && words.contains(&b.word(1).to_ascii_lowercase().as_str()))
        };
        let alone = says(own, "ProxyPassInherit", &["off"]);
        let whole = Context::default();
        for block in blocks {
            match known::spelled(block.name()) {
                "ProxyPass" | "ProxyPassMatch" if alone => {}
                "ProxyRequests" if requests => {}
                "CustomLog" | "TransferLog" if logs => {}
                "ErrorLog" if errors => {}
                "ForensicLog" if forensic => {}
                "ProxyPass" | "ProxyPassMatch" | "ProxyRemote" | "ProxyRemoteMatch" | "ProxyRequests" | "ErrorDocument"
                | "Redirect" | "RedirectMatch" | "RedirectPermanent" | "RedirectTemp" | "SetHandler" | "AddHandler"
                | "ForceType" | "CacheEnable" | "CacheSocache" | "CustomLog" | "TransferLog" | "GlobalLog" | "ErrorLog"
                | "ForensicLog" => {
                    self.directive(block, &whole);
                }
                "Location" | "LocationMatch" | "Directory" | "DirectoryMatch" | "Files" | "FilesMatch" => {
                    self.section(block, &whole)
                }
                // The main server's own: its names, its balancers (which are found by name) and its rules.
                _ => {}
            }
        }
        let down = ["inheritdown", "inheritdownbefore"];
        if says(own, "RewriteOptions", &["inherit", "inheritbefore"]) || says(blocks, "RewriteOptions", &down) {
            let rules = blocks.iter().filter(|b| matches!(known::spelled(b.name()), "RewriteCond" | "RewriteRule"));
            self.level(&rules.cloned().collect::<Vec<_>>(), &whole);
        }
        // Sections under a condition are one chain.
        let sections = blocks.iter().filter(|b| matches!(known::spelled(b.name()), "If" | "ElseIf" | "Else"));
        self.level(&sections.cloned().collect::<Vec<_>>(), &whole);
    }

    fn level(&mut self, blocks: &[Block], context: &Context) {
        let mut pending: Vec<&Block> = Vec::new();
        let mut left = Some(When::default());
        for block in blocks {
            match known::spelled(block.name()) {
                "RewriteCond" => pending.push(block),
                "RewriteRule" => {
                    let asks = conditions::of_rule(&std::mem::take(&mut pending));
                    self.rewrite(block, &asks, context, &mut left);
                }
                // The others come below.
                _ => {}
            }
        }
        // Rules of a server go before ProxyPass, wherever they stand, if they are switched on and none ends the rewriting before.
        let on = blocks.iter().any(|b| known::spelled(b.name()) == "RewriteEngine" && b.word(1).eq_ignore_ascii_case("on"));
        let mut rules = blocks.iter().filter(|b| known::spelled(b.name()) == "RewriteRule");
        if !on || context.path.is_some() || context.ask != Asks::default() || !rules.all(is_proxied) {
            left = Some(When::default());
        }
        let mut before: Option<Asks> = None;
        for block in blocks {
            let name = known::spelled(block.name());
            match name {
                "RewriteCond" | "RewriteRule" => {}
                "ProxyPass" | "ProxyPassMatch" => {
                    let mut context = context.clone();
                    match left.as_ref().and_then(|l| context.ask.when.and(l)) {
                        Some(when) => {
                            context.ask.when = when;
                            self.directive(block, &context);
                        }
                        None => {
                            _ = self.out.knows(
                                &VOCABULARY,
                                known::DIRECTIVE,
                                name,
                                block.location(),
                                Touch::Endpoint(self.fact),
                            )
                        }
                    }
                }
                "If" | "ElseIf" | "Else" if block.body.is_some() => {
                    let own = if name == "Else" { Asks::default() } else { conditions::expression(&block.rest(1)) };
                    let ask = match (&before, name) {
                        (Some(before), "ElseIf" | "Else") => own.and(before),
                        _ => Some(own.clone()),
                    };
                    let rest = conditions::otherwise(&own);
                    before = match (before.take(), name) {
                        (Some(b), "ElseIf") => b.and(&rest),
                        _ => Some(rest),
                    };
                    if let Some(ask) = ask.and_then(|a| context.ask.and(&a)) {
                        self.level(block.body(), &Context { ask, ..context.clone() });
                    }
                }
                _ if block.body.is_some() => self.section(block, context),
                _ => self.directive(block, context),
            }
        }
    }

    fn section(&mut self, block: &Block, context: &Context) {
        let name = known::spelled(block.name());
        if !self.out.knows(&VOCABULARY, known::SECTION, name, block.location(), Touch::Endpoint(self.fact)) {
            return;
        }
        match name {
            "VirtualHost" | "Macro" => {}
            "Location" | "LocationMatch" | "Directory" | "DirectoryMatch" | "Files" | "FilesMatch" => {
                let path = (name == "Location").then(|| block.word(1).to_owned()).filter(|p| p != "~");
                let what = if block.word(1) == "/" && name == "Location" {
                    Asks::default()
                } else {
                    Asks::what(format!("{} {}", if name == "Location" { "paths below" } else { name }, shorten(&block.rest(1))))
                };
                if let Some(ask) = context.ask.and(&what) {
                    self.level(block.body(), &Context { ask, path });
                }
            }
            _ => self.level(block.body(), context),
        }
    }

    fn turn(&mut self, context: &Context, pool: &str) -> Turn {
        let pool = self.out.pool(self.fact, pool);
        Turn { condition: context.ask.text(), ..Turn::first(pool) }.for_clients(&context.ask.when)
    }

    fn directive(&mut self, block: &Block, context: &Context) {
        let touch = Touch::Endpoint(self.fact);
        let name = known::spelled(block.name());
        if !self.out.knows(&VOCABULARY, known::DIRECTIVE, name, block.location(), touch) {
            return;
        }
        match name {
            "ProxyPass" | "ProxyPassMatch" => self.proxy_pass(block, context, name),
            "SetHandler" | "AddHandler" | "ForceType" => {
                if let Some(url) = block.word(1).strip_prefix("proxy:") {
                    let turn = self.turn(context, "SetHandler");
                    self.send(url, block.at(1), "the handler", &turn);
                } else if block.word(1).contains("${") {
                    _ = peer(self.out, "the handler", block.word(1), block.at(1), touch);
                } else if matches!(block.word(1), "lua-script" | "perl-script" | "modperl" | "mod_python" | "balancer-fcgi") {
                    let message = format!("`{name} {}` runs code that can send requests anywhere", shorten(block.word(1)));
                    let help = "declare the routes that the code can take in an inventory".to_owned();
                    self.out.gap("embedded-code", message, Some(help), block.at(1), touch);
                }
            }
            "Redirect" | "RedirectMatch" | "RedirectPermanent" | "RedirectTemp" => {
                let last = block.words.len().saturating_sub(1);
                self.redirect(block.word(last), block.at(last), context, "redirect: the client goes there");
            }
            "ErrorDocument" => {
                let condition = format!("when the answer is {}: the client goes there", block.word(1));
                self.redirect(block.word(2), block.at(2), context, &condition);
            }
            "ProxyRemote" | "ProxyRemoteMatch" => {
                let turn = self.turn(context, name);
                let condition = format!("on the way to {} ({name})", shorten(block.word(1)));
                self.send(block.word(2), block.at(2), name, &turn.under(condition));
            }
            "ProxyRequests" if block.word(1).eq_ignore_ascii_case("on") => {
                let message = "`ProxyRequests On` sends requests to whatever server the client names".to_owned();
                let help = "declare the servers that clients can reach this way in an inventory".to_owned();
                self.out.gap("dynamic-upstream", message, Some(help), block.location(), touch);
            }
            "CustomLog" | "TransferLog" | "GlobalLog" | "ErrorLog" | "ForensicLog" => self.log(block, name),
            "CacheEnable" if block.word(1) == "disk" => {
                let at = block.location();
                let to = self.out.store("cache", "disk cache".to_owned(), self.fact, at);
                let turn = self.turn(context, "cache").of(Activity::Cache);
                self.out.send_to(self.fact, to, at, &turn);
            }
            "CacheSocache" => {
                let (provider, servers) = block.word(1).split_once(':').unwrap_or((block.word(1), ""));
                let port = if provider == "redis" { 6379 } else { 11211 };
                let remote = matches!(provider, "memcache" | "redis" | "dc") || provider.contains('$');
                for server in servers.split(',').filter(|_| remote) {
                    if let Some(peer) = self.out.target("CacheSocache", server, Some(port), block.at(1), touch) {
                        let turn = self.turn(context, "cache").of(Activity::Cache);
                        self.out.send(self.fact, &peer, block.at(1), &turn);
                    }
                }
            }
            "AuthLDAPURL" => {
                let turn = self.turn(context, "AuthLDAPURL").under("name and password of each log-in (AuthLDAPURL)");
                let url = block.word(1);
                let port = if url.to_ascii_lowercase().starts_with("ldaps") { 636 } else { 389 };
                // Several hosts stand in one URL, parted by blanks.
                for host in split_url(url).1.split_whitespace() {
                    if let Some(peer) = self.out.target("AuthLDAPURL", host, Some(port), block.at(1), touch) {
                        self.out.send(self.fact, &peer, block.at(1), &turn);
                    }
                }
            }
            // Its words are read elsewhere or change nothing.
            _ => {}
        }
    }

    /// `ProxyPass [path] url [key=value ...]`; in a `<Location>` the path is left out.
    fn proxy_pass(&mut self, block: &Block, context: &Context, name: &str) {
        let located = context.path.is_some() && (block.words.len() == 2 || block.word(2).contains('='));
        let located = located || block.word(1) == "!" || block.word(1).contains("://") || block.word(1).starts_with("unix:");
        let (path, url) = if located { (None, 1) } else { (Some(block.word(1)), 2) };
        if block.word(url) == "!" {
            return;
        }
        let touch = Touch::Endpoint(self.fact);
        for (i, word) in block.words.iter().enumerate().skip(url + 1) {
            let key = word.text.split('=').next().unwrap_or("");
            if !key.eq_ignore_ascii_case("nocanon") && !key.eq_ignore_ascii_case("interpolate") {
                self.out.knows(&VOCABULARY, known::PARAMETER, &key.to_ascii_lowercase(), block.at(i), touch);
            }
        }
        let ask = match path.filter(|p| *p != "/") {
            Some(path) => {
                let noun = if name == "ProxyPass" { "paths below" } else { "paths like" };
                context.ask.and(&Asks::what(format!("{noun} {}", shorten(path))))
            }
            None => Some(context.ask.clone()),
        };
        let Some(ask) = ask else { return };
        let turn = self.turn(&Context { ask, path: None }, name);
        self.send(block.word(url), block.at(url), &format!("the target of {name}"), &turn);
    }

    fn send(&mut self, url: &str, at: Location, what: &str, turn: &Turn) {
        let touch = Touch::Endpoint(self.fact);
        if let Some(name) = name_of(url) {
            match self.balancers.find(self.index, name) {
                Some(balancer) => self.out.send_to(self.fact, Reference::Fact(balancer.fact), at, turn),
                None => {
                    let message = format!("there is no balancer `{}` in the files that were read", shorten(name));
                    let help = "add the file with its `<Proxy balancer://...>` to the project".to_owned();
                    self.out.gap("undefined-name", message, Some(help), at, touch);
                }
            }
        } else if let Some(peer) = peer(self.out, what, url, at, touch) {
            self.out.send(self.fact, &peer, at, turn);
        }
    }

    fn rewrite(&mut self, block: &Block, asks: &[Asks], context: &Context, left: &mut Option<When>) {
        let has = |names: &[&str]| has_flag(block, names);
        let (pattern, target) = (block.word(1), block.word(2));
        let proxied = is_proxied(block);
        let redirected = !proxied && (has(&["r", "redirect"]) || target.contains("://"));
        let all = ["^", ".*", "(.*)", "^(.*)$", "^.*$", "^/?(.*)$", "^/(.*)$", "^/", "^/(.*)", "^(.*)", "^/.*$", "/(.*)"]
            .contains(&pattern);
        let path = if all { Asks::default() } else { Asks::what(format!("paths like {}", shorten(pattern))) };
        // `[H=proxy:URL]` sets a handler.
        if let Some(url) = flag(block, &["h", "handler"]).and_then(|h| h.strip_prefix("proxy:").map(str::to_owned)) {
            let turn = self.turn(context, "RewriteRule");
            let turn = turn.under(format!("for requests like {}", shorten(pattern)));
            self.send(&url, block.at(3), "the handler", &turn);
        }
        for ask in asks {
            let Some(mut ask) = context.ask.and(&path).and_then(|a| a.and(ask)) else { continue };
            if !proxied {
                if redirected {
                    self.redirect(target, block.at(2), &Context { ask, path: None }, "redirect: the client goes there");
                }
                continue;
            }
            match left.as_ref().and_then(|l| ask.when.and(l)) {
                Some(when) => ask.when = when,
                None => continue,
            }
            let turn = self.turn(&Context { ask, path: None }, "RewriteRule");
            self.send(target, block.at(2), "the target of RewriteRule", &turn);
        }
        if let ([ask], true, true) = (asks, proxied, all)
            && ask.what.is_none()
        {
            *left = match (left.take(), ask.when == When::default()) {
                (_, true) | (None, _) => None,
                (Some(left), false) => others(&ask.when).map_or(Some(left.clone()), |rest| left.and(&rest)),
            };
        }
    }

    fn redirect(&mut self, url: &str, at: Location, context: &Context, what: &str) {
        let rest = match url.split_once("://") {
            Some((_, rest)) => rest,
            None if url.contains("${") && !url.starts_with('/') => url,
            // A path of this server.
            None => return,
        };
        let authority = rest.split(['/', '?']).next().unwrap_or("");
        // The host that was asked for, or what a pattern took of it, with nothing but a port or a path behind it.
        let own = ["%{HTTP_HOST}", "%{SERVER_NAME}", "%{http_host}", "%1", "%2", "$1", "$2"];
        if own.iter().filter_map(|o| authority.strip_prefix(o)).any(|r| r.is_empty() || r.starts_with([':', '%', '$', '#'])) {
            return;
        }
        let touch = Touch::Endpoint(self.fact);
        let mut turn = self.turn(context, "redirect");
        turn.condition = both(Some(what.to_owned()), turn.condition);
        if let Some(peer) = peer(self.out, "the target of a redirect", url, at, touch) {
            self.out.send(self.fact, &peer, at, &turn);
        }
    }

    fn log(&mut self, block: &Block, name: &str) {
        let Some(command) = block.word(1).strip_prefix('|') else { return };
        let command = command.trim_start_matches(['|', '$']).trim();
        let words: Vec<&str> = command.split_whitespace().collect();
        let program = words.first().map_or("", |w| w.rsplit('/').next().unwrap_or(w));
        let at = block.at(1);
        let touch = Touch::Endpoint(self.fact);
        let after = |flags: &[&str]| {
            let at = words.iter().position(|w| flags.contains(w))?;
            words.get(at + 1).copied()
        };
        let (host, port) = match program {
            "logger" => match after(&["-n", "--server"]) {
                Some(host) => (host, after(&["-P", "--port"]).unwrap_or("514")),
                None => return,
            },
            "nc" | "ncat" | "netcat" => {
                let plain: Vec<&str> = words.iter().skip(1).copied().filter(|w| !w.starts_with('-')).collect();
                match plain.as_slice() {
                    [host, port] => (*host, *port),
                    _ => ("", ""),
                }
            }
            _ if LOCAL_PROGRAMS.contains(&program) => return,
            _ => ("", ""),
        };
        if host.is_empty() {
            let message = format!("`{name}` hands its lines to the program `{}`, which is not followed", shorten(program));
            let help = "declare where the program sends them in an inventory".to_owned();
            self.out.gap("embedded-code", message, Some(help), at, touch);
        } else if let Some(peer) = self.out.target(name, &format!("{host}:{port}"), None, at, touch) {
            self.out.log_to(self.fact, &peer, at, name);
        }
    }
}

/// The value of a flag of a rewrite rule, by any of its names; empty where it has none.
fn flag(block: &Block, names: &[&str]) -> Option<String> {
    let flags = block.rest(3).to_ascii_lowercase();
    let mut flags = flags.trim_matches(['[', ']']).split(',').map(|f| f.trim().split_once('=').unwrap_or((f.trim(), "")));
    flags.find(|(name, _)| names.contains(name)).map(|(_, value)| value.to_owned())
}

fn has_flag(block: &Block, names: &[&str]) -> bool {
    flag(block, names).is_some()
}

fn is_proxied(block: &Block) -> bool {
    has_flag(block, &["p", "proxy"]) || block.word(2).starts_with("balancer://")
}
