//! Frontends: for whom which backend carries, and the other ways that rules send requests.
//!
//! Section 4.2, "use_backend": rules are tried in their order and the first that holds decides, even if its backend is down; if none
//! holds, `default_backend`, then a listen section's own servers. A name may be a format (`%[...]`): a name that no backend has
//! falls to the default. So a backend stands in for another only where rules say so (`nbsrv`, `srv_is_up`, `be_conn`, `queue`...).
//! Section 4.4, "redirect", "set-dst", "use-service", "send-spoe-group"; 4.2, "errorloc", "filter"; chapter 6, the cache.

use std::collections::{BTreeMap, BTreeSet};

use super::conditions::{Acls, Alternative, Test, Trigger, Weigher, inline_tests, others, short};
use super::known;
use super::lex::Line;
use super::samples::{Assigned, Evaluator, Tables, Value};
use super::sections::Config;
use super::servers::{Backend, both};
use crate::model::{Activity, ClientMatch, Reference, RouteRole, Spill};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::{self, split_url};
use crate::read::proxy::shorten;
use crate::read::proxy::when::When;
use crate::read::words::Effect;
use crate::source::Location;

/// Groups of clients that are told apart at one time.
const MAX_GROUPS: usize = 48;

/// Clients that no rule before has taken for good.
#[derive(Clone)]
struct Group {
    when: When,
    /// These come here only once this has come about.
    after: Option<Trigger>,
}

pub(super) struct Proxy<'c> {
    pub config: &'c Config,
    pub section: usize,
    /// Its endpoint.
    pub fact: usize,
    pub backends: &'c BTreeMap<String, Backend>,
}

struct Emitter<'o, 'c> {
    out: &'o mut Output,
    proxy: &'o Proxy<'c>,
    standbys: u32,
    done: BTreeSet<(usize, String, bool)>,
}

/// The host names that a proxy's rules ask for, each with the line that names it.
pub(super) fn hosts(lines: &[&Line], tables: &mut Tables<'_>) -> Vec<(String, Location)> {
    let mut out: Vec<(String, Location)> = Vec::new();
    for line in lines {
        let tests = match line.first() {
            "acl" => vec![Test::parse(&line.words.iter().skip(2).map(|w| w.text.as_str()).collect::<Vec<_>>())],
            "use_backend" => inline_tests(line),
            _ => continue,
        };
        out.extend(tests.iter().flat_map(Test::hosts).map(|name| (name, line.location())));
        if line.first() == "use_backend"
            && let Some(map) = line.word(1).split_once("hdr(host)").and_then(|(_, rest)| rest.split_once(",map("))
        {
            let file = map.1.split([',', ')']).next().unwrap_or("");
            // Of more hosts than these nobody's entry is found by its name, which lets nothing pass.
            for (key, _) in tables.get(file).map(|t| t.entries.as_slice()).unwrap_or_default().iter().take(1000) {
                if peer::is_host_name(key) && key.contains('.') {
                    out.push((key.to_ascii_lowercase(), line.location()));
                }
            }
        }
    }
    let mut seen = BTreeSet::new();
    out.retain(|(name, _)| seen.insert(name.clone()));
    out
}

pub(super) fn routes(out: &mut Output, proxy: &Proxy<'_>, tables: &mut Tables<'_>) {
    let lines = proxy.config.lines_of(proxy.section);
    let name = proxy.config.sections[proxy.section].name.as_str();
    let acls = Acls::read(lines.iter().copied());
    let assigned = Assigned::read(lines.iter().copied());
    let usable = |name: &str| proxy.backends.get(name).and_then(Backend::usable);
    let mut weigher = Weigher {
        evaluator: Evaluator { tables, assigned: &assigned },
        acls: &acls,
        usable: &usable,
        own: name,
        undefined: Vec::new(),
        missing: Vec::new(),
    };
    let mut emitter = Emitter { out, proxy, standbys: 0, done: BTreeSet::new() };
    let mut groups = admitted(&lines, &mut weigher);
    for line in lines.iter().filter(|l| l.first() == "use_backend") {
        if emitter.out.is_full() {
            break;
        }
        let alternatives = weigher.weigh(line, 2);
        emitter.rule(line, &groups, &alternatives, &mut weigher.evaluator);
        // A name that is made while running may be none, and the next rules are tried.
        let fixed = !line.word(1).contains('%') && emitter.is_enabled(line.word(1));
        groups = if fixed { left(groups, &alternatives) } else { groups };
    }
    if let Some(line) = lines.iter().rev().find(|l| l.first() == "default_backend") {
        emitter.rule(line, &groups, &[], &mut weigher.evaluator);
    } else if proxy.config.sections[proxy.section].kind == "listen" {
        let at = proxy.config.sections[proxy.section].header.at(1);
        if let Some(backend) = proxy.backends.get(name).filter(|b| b.section == proxy.section) {
            for group in &groups {
                emitter.forward(backend, group, &Alternative::always(), at);
            }
        }
    }
    let (undefined, missing) = (std::mem::take(&mut weigher.undefined), std::mem::take(&mut weigher.missing));
    emitter.conditions(&lines, undefined, missing);
    for line in &lines {
        other(emitter.out, proxy.fact, line);
    }
    cache(emitter.out, proxy, &lines);
}

/// Everybody, less the countries that are refused before any rule is tried.
fn admitted(lines: &[&Line], weigher: &mut Weigher<'_, '_, '_>) -> Vec<Group> {
    let mut when = When::default();
    for line in lines {
        let action = match (line.first(), line.word(1)) {
            ("http-request", action) => action,
            ("tcp-request", "connection" | "content" | "session") => line.word(2),
            _ => continue,
        };
        match action {
            // What is let through here is not refused later.
            "allow" | "accept" => break,
            "deny" | "reject" | "silent-drop" | "tarpit" => {}
            _ => continue,
        }
        for alternative in weigher.weigh(line, 2) {
            if let (None, None) = (&alternative.waits, &alternative.holds)
                && let Some(rest) = others(&alternative).and_then(|o| when.and(&o))
            {
                when = short(rest);
            }
        }
    }
    vec![Group { when, after: None }]
}

/// Who comes to the rules after one with these alternatives.
fn left(groups: Vec<Group>, alternatives: &[Alternative]) -> Vec<Group> {
    let mut groups = groups;
    for alternative in alternatives.iter().filter(|a| a.waits.is_none()) {
        let mut next: Vec<Group> = Vec::new();
        for group in &groups {
            if let Some(when) = others(alternative).and_then(|o| group.when.and(&o)) {
                next.push(Group { when: short(when), after: group.after.clone() });
            }
            if let (Some(trigger), Some(when)) = (&alternative.holds, group.when.and(&alternative.when)) {
                next.push(Group { when: short(when), after: group.after.clone().or_else(|| Some(trigger.clone())) });
            }
        }
        if next.len() > MAX_GROUPS {
            return vec![Group { when: When::default(), after: None }];
        }
        groups = next;
    }
    groups
}

impl Emitter<'_, '_> {
    fn is_enabled(&self, name: &str) -> bool {
        self.proxy.backends.get(name).is_some_and(|b| !b.disabled)
    }

    /// One `use_backend` or `default_backend` (which has no alternatives).
    fn rule(&mut self, line: &Line, groups: &[Group], alternatives: &[Alternative], evaluator: &mut Evaluator<'_, '_>) {
        let touch = Touch::Endpoint(self.proxy.fact);
        let (name, at) = (line.word(1), line.at(1));
        if let Some((_, variable)) = line.unresolved() {
            let message = format!("`{}` depends on the environment variable `{variable}`, which is not known", line.first());
            let help = format!("give `{variable}` in `variables` of an `[[inputs.override]]`");
            self.out.gap("unresolved-variable", message, Some(help), at, touch);
            return;
        }
        let always = [Alternative::always()];
        let alternatives = if line.first() == "default_backend" { &always[..] } else { alternatives };
        if !name.contains('%') {
            let backends = self.proxy.backends;
            let Some(backend) = backends.get(name) else {
                let message =
                    format!("`{} {}`: no backend of this name is in the files that were read", line.first(), shorten(name));
                let help = "add the file that defines it to the project".to_owned();
                self.out.gap("undefined-name", message, Some(help), at, touch);
                return;
            };
            if !backend.disabled {
                self.each_to(backend, groups, alternatives, at);
            }
            return;
        }
        self.format(name, groups, alternatives, evaluator, at);
    }

    fn each_to(&mut self, backend: &Backend, groups: &[Group], alternatives: &[Alternative], at: Location) {
        for group in groups {
            for alternative in alternatives {
                self.forward(backend, group, alternative, at);
            }
        }
    }

    /// A backend whose name is made from the request.
    fn format(
        &mut self,
        name: &str,
        groups: &[Group],
        alternatives: &[Alternative],
        evaluator: &mut Evaluator<'_, '_>,
        at: Location,
    ) {
        let backends = self.proxy.backends;
        let (prefix, expression, suffix) = match parts(name) {
            Some(parts) => parts,
            // Several expressions: only what stands before and after them is known.
            None => {
                let prefix = name.split('%').next().unwrap_or("");
                let suffix = name.rsplit(']').next().unwrap_or("");
                (prefix, "", suffix)
            }
        };
        match if expression.is_empty() { Value::Any(shorten(name)) } else { evaluator.value(expression) } {
            Value::Texts(texts) => {
                for (text, when) in texts {
                    let full = format!("{prefix}{text}{suffix}");
                    // A name that no backend has falls to the default.
                    let Some(backend) = backends.get(&full).filter(|b| !b.disabled) else { continue };
                    let narrowed = alternatives.iter().filter_map(|a| a.and(&Alternative::of(when.clone())));
                    self.each_to(backend, groups, &narrowed.collect::<Vec<_>>(), at);
                }
            }
            Value::Missing(file) => {
                let message =
                    format!("which backend is used stands in the map file `{}`, which is not among the files", shorten(&file));
                let help = "add the map file to the project, and to `include` of its onshore.toml".to_owned();
                self.out.gap("missing-map", message, Some(help), at, Touch::Endpoint(self.proxy.fact));
            }
            Value::Client | Value::Country { .. } | Value::Any(_) => {
                // The request decides, among all backends whose name can come out.
                let when = When::some(format!("by {}", shorten(name)), format!("when {} names it", shorten(name)));
                let fits = |n: &str| n.len() >= prefix.len() + suffix.len() && n.starts_with(prefix) && n.ends_with(suffix);
                for backend in backends.values().filter(|b| fits(&b.name) && !b.disabled) {
                    let narrowed = alternatives.iter().filter_map(|a| a.and(&Alternative::of(when.clone())));
                    self.each_to(backend, groups, &narrowed.collect::<Vec<_>>(), at);
                }
            }
        }
    }

    fn forward(&mut self, backend: &Backend, group: &Group, alternative: &Alternative, at: Location) {
        let Some(when) = group.when.and(&alternative.when) else { return };
        let trigger = alternative.waits.as_ref().or(group.after.as_ref());
        let key = (backend.fact, format!("{:?} {:?}", when.clients, at), trigger.is_some());
        if !self.done.insert(key) {
            return;
        }
        let mut route = Output::plain(self.proxy.fact, Reference::Fact(backend.fact), Activity::Forward, at);
        route.pool = Some("backends".to_owned());
        route.role = when.basis.role();
        route.clients = when.clients;
        route.condition = when.text;
        if let Some(trigger) = trigger {
            self.standbys += 1;
            route.role = if trigger.load { RouteRole::Overflow } else { RouteRole::Failover };
            route.priority = Some(self.standbys);
            route.condition = both(route.condition, Some(trigger.text.clone()));
            route.spill = match self.proxy.backends.get(&trigger.backend) {
                Some(watched) if !trigger.load => watched.spill(self.proxy.backends),
                _ => Spill::Load,
            };
        }
        self.out.route(route);
    }

    fn conditions(&mut self, lines: &[&Line], undefined: Vec<String>, missing: Vec<String>) {
        let touch = Touch::Endpoint(self.proxy.fact);
        for name in undefined.into_iter().collect::<BTreeSet<_>>() {
            let Some(line) = lines.iter().find(|l| l.words.iter().any(|w| w.text.trim_start_matches('!') == name)) else {
                continue;
            };
            let message = format!("the condition `{}` has no `acl` line of this name", shorten(&name));
            self.out.gap("undefined-name", message, None, line.location(), touch);
        }
        for file in missing.into_iter().collect::<BTreeSet<_>>() {
            let Some(line) = lines.iter().find(|l| l.words.iter().any(|w| w.text == file)) else { continue };
            // The clients that it lists count as any clients, which is the wider answer.
            let message = format!("the list `{}` is not among the files, so the rule counts for any client", shorten(&file));
            self.out.gap("missing-map", message, None, line.location(), Touch::Nothing);
        }
    }
}

/// `prefix%[expression]suffix` with one expression.
fn parts(name: &str) -> Option<(&str, &str, &str)> {
    let (prefix, rest) = name.split_once("%[")?;
    let (expression, suffix) = rest.rsplit_once(']')?;
    (!expression.contains("%[") && !suffix.contains('%')).then_some((prefix, expression, suffix))
}

/// Rules and settings that send requests somewhere besides backends; `fact` is the frontend or backend they stand in.
pub(super) fn other(out: &mut Output, fact: usize, line: &Line) {
    let touch = Touch::Endpoint(fact);
    let action = match line.first() {
        "http-request" | "http-response" | "http-after-response" => line.word(1),
        "tcp-request" | "tcp-response" if line.word(1) == "inspect-delay" => return,
        "tcp-request" | "tcp-response" => line.word(2),
        "redirect" => return redirect(out, fact, line, 1),
        "filter" => return filter(out, fact, line),
        "errorloc" | "errorloc302" | "errorloc303" => return stand_in(out, fact, line),
        _ => return,
    };
    match action.split('(').next().unwrap_or(action) {
        "redirect" => redirect(out, fact, line, 2),
        "set-dst" | "set-dst-port" => {
            let message =
                format!("`{}` changes where connections lead to what `{}` says", shorten(action), shorten(&line.rest(2)));
            let help = "declare the destinations that this can lead to in an inventory".to_owned();
            // The port alone keeps the host.
            let touch = if action.starts_with("set-dst-port") { Touch::Nothing } else { touch };
            out.gap("dynamic-upstream", message, Some(help), line.location(), touch);
        }
        "use-service" if line.words.iter().any(|w| w.text.contains("prometheus-exporter")) => {}
        // The SPOE filter that a group belongs to is a gap itself.
        name => match known::action(name) {
            Some(Effect::Followed | Effect::Harmless) => {}
            Some(Effect::Refused) => code(out, line, touch),
            None => {
                let message = format!("the action `{}` is not known, so it may send data somewhere", shorten(name));
                out.gap("unknown-directive", message, None, line.location(), touch);
            }
        },
    }
}

fn code(out: &mut Output, line: &Line, touch: Touch) {
    let message = format!("`{}` runs code that can send the request anywhere and is not followed", shorten(&line.rest(0)));
    let help = "declare the routes that the code can take in an inventory".to_owned();
    out.gap("embedded-code", message, Some(help), line.location(), touch);
}

fn filter(out: &mut Output, fact: usize, line: &Line) {
    let name = line.word(1);
    if known::effect(known::FILTERS, name) != Some(Effect::Harmless) {
        let message =
            format!("the filter `{}` can hand requests or traces to other servers and is not followed", shorten(name));
        let help = "declare the routes that it takes in an inventory".to_owned();
        out.gap("unfollowed-filter", message, Some(help), line.location(), Touch::Endpoint(fact));
    }
}

/// `redirect location|prefix|scheme TARGET`: the client goes there itself.
fn redirect(out: &mut Output, fact: usize, line: &Line, from: usize) {
    let touch = Touch::Endpoint(fact);
    let kind =
        line.words.iter().skip(from).position(|w| matches!(w.text.as_str(), "location" | "prefix")).map(|i| i + from + 1);
    // A change of the scheme keeps the host.
    let Some(at) = kind else { return };
    let (text, location) = (line.word(at), line.at(at));
    let (scheme, authority) = split_url(text);
    // A part of what was asked for is a path of the same host; what a map makes of it may be any address.
    let own = ["%[path", "%[url", "%[capture.req.uri", "%HU", "%HP", "%HQ"].iter().any(|p| text.starts_with(p));
    let made = text.starts_with('%') && (!own || text.contains("map"));
    if scheme.is_none() && !text.starts_with("//") && !made {
        return;
    }
    let authority = if scheme.is_none() && !made { split_url(&text[2..]).1 } else { authority };
    // `https://%[hdr(host)]...`: the host that was asked for.
    let same = ["%[hdr(host)]", "%[req.hdr(host)]", "%[req.hdr(Host)]", "%[hdr(Host)]", "%[ssl_fc_sni]"];
    if same.iter().filter_map(|s| authority.strip_prefix(s)).any(|rest| rest.is_empty() || rest.starts_with([':', '%'])) {
        return;
    }
    let port = scheme.as_deref().and_then(peer::scheme_port);
    match if authority.contains('%') { Err("is made from the request".to_owned()) } else { peer::peer(authority, port) } {
        Ok(peer) => {
            let pool = out.pool(fact, "redirect");
            for (to, more) in out.endpoints_at(&peer, location) {
                let mut route = Output::plain(fact, to, Activity::Forward, location);
                route.pool = Some(pool.clone());
                route.condition = both(Some("redirect: the client goes there".to_owned()), more);
                if line.words.iter().any(|w| w.text == "if" || w.text == "unless") {
                    route.clients = ClientMatch::Some("by a rule for redirects".to_owned());
                }
                out.route(route);
            }
        }
        Err(why) => {
            let message = format!("where the redirect to `{}` leads {why}", shorten(text));
            let help = "declare the host that clients are sent to in an inventory".to_owned();
            out.gap("unresolved-variable", message, Some(help), location, touch);
        }
    }
}

/// `errorloc 503 URL`: the client is sent elsewhere when nobody answers.
fn stand_in(out: &mut Output, fact: usize, line: &Line) {
    let (code, text, at) = (line.word(1), line.word(2), line.at(2));
    let (Some(scheme), authority) = split_url(text) else { return };
    match peer::peer(authority, peer::scheme_port(&scheme)) {
        Ok(peer) => {
            for (to, more) in out.endpoints_at(&peer, at) {
                let mut route = Output::plain(fact, to, Activity::Forward, at);
                let standby = matches!(code, "500" | "502" | "503" | "504");
                let serving =
                    out.facts.routes.iter().find(|r| r.from == Reference::Fact(fact) && r.activity == Activity::Forward);
                match serving.and_then(|r| r.pool.clone()).filter(|_| standby) {
                    Some(pool) => {
                        route.pool = Some(pool);
                        route.role = RouteRole::Failover;
                        route.priority = Some(1000);
                    }
                    None => route.pool = Some(out.pool(fact, "redirect")),
                }
                route.condition = both(Some(format!("redirect when the answer is {code}: the client goes there")), more);
                out.route(route);
            }
        }
        Err(why) => out.gap("unusable-target", format!("`{}` {why}", shorten(text)), None, at, Touch::Endpoint(fact)),
    }
}

/// Answers kept in memory (`http-response cache-store NAME`).
fn cache(out: &mut Output, proxy: &Proxy<'_>, lines: &[&Line]) {
    let mut done = BTreeSet::new();
    for line in lines.iter().filter(|l| l.word(1) == "cache-store" && done.insert(l.word(2))) {
        let store = out.store("haproxy-cache", format!("cache {}", line.word(2)), proxy.fact, line.at(2));
        let mut route = Output::plain(proxy.fact, store, Activity::Cache, line.at(2));
        route.pool = Some(format!("cache {}", line.word(2)));
        route.condition = Some("answers are kept in memory for a while".to_owned());
        out.route(route);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Country;
    use crate::read::proxy::when::Basis;

    fn countries(codes: &str) -> When {
        let list = codes.split(' ').map(|c| Country::from_letters(c).unwrap()).collect();
        When { clients: ClientMatch::Countries(list), basis: Basis::Geography, text: Some(format!("when {codes}")) }
    }

    #[test]
    fn who_is_left_after_a_rule() {
        let all = || vec![Group { when: When::default(), after: None }];
        let of = Alternative::of;
        assert!(left(all(), &[Alternative::always()]).is_empty());
        // Some clients of a country leave the others of it to the next rules.
        let part = of(countries("CN")).and(&of(When::some("by path", "when path_beg /a"))).unwrap();
        assert_eq!(left(all(), &[part])[0].when, When::default());
        let rest = left(all(), &[of(countries("CN")), of(countries("HK"))]);
        assert_eq!(rest.len(), 1);
        assert!(
            matches!(&rest[0].when.clients, ClientMatch::Except(c) if c.len() == 2) && rest[0].when.basis == Basis::Geography
        );
        // Until its servers are down, a rule takes its clients; then they come to the next ones.
        let trigger = Trigger { load: false, backend: "a".to_owned(), text: "down".to_owned() };
        let until = Alternative { holds: Some(trigger.clone()), ..of(countries("CN")) };
        let rest = left(all(), &[until]);
        assert_eq!(rest.iter().map(|g| g.after.is_some()).collect::<Vec<_>>(), [false, true]);
        // A rule that only holds when servers are down takes nobody before.
        let then = Alternative { waits: Some(trigger), ..Alternative::always() };
        assert_eq!(left(all(), &[then]).len(), 1);
    }

    #[test]
    fn formats() {
        assert_eq!(parts("be_%[var(txn.a)]_x"), Some(("be_", "var(txn.a)", "_x")));
        assert_eq!(parts("%[a]%[b]"), None);
    }
}
