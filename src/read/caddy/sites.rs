//! What the blocks of a Caddyfile mean: sites, their directives in the order in which Caddy sorts them, and matchers.
//!
//! "Directive order": directives are sorted by their kind; of one kind those with a matcher come before those without. "handle":
//! of several on one level only the first that matches is used. "route": its directives stay in their order. "Request Matchers":
//! `*`, a path, or `@name`; conditions of one matcher are joined by AND, values of one condition by OR.

use std::collections::BTreeMap;

use super::known::{self, VOCABULARY};
use super::upstreams::{Proxy, redirect};
use crate::model::{Address, EndpointFact, Reference, Role, Roles, Standing};
use crate::read::proxy::block::Block;
use crate::read::proxy::fronts::{Asks, by_country, by_networks, is_country_header, others};
use crate::read::proxy::output::{Listen, Output, Touch};
use crate::read::proxy::peer::{self, Peer, is_host_name};
use crate::read::proxy::shorten;
use crate::read::proxy::turn::{Turn, both, is_template};
use crate::read::proxy::when::When;
use crate::source::{Location, Spanned};

/// Alternatives of one matcher.
const MAX_ALTERNATIVES: usize = 64;
/// Named routes in named routes.
const MAX_DEPTH: usize = 16;

pub(super) struct Walk<'o, 'b> {
    pub out: &'o mut Output,
    /// `&(name)` blocks.
    pub named_routes: BTreeMap<String, &'b [Block]>,
    /// The order of directives was changed, so that none is known to come before another.
    pub reordered: bool,
    /// Endpoints of proxies that stand in snippets.
    pub groups: BTreeMap<(Location, String), usize>,
}

#[derive(Clone)]
struct Context {
    fact: usize,
    ask: Asks,
    /// When an error brought it here.
    after: Option<String>,
    depth: usize,
}

type Matchers = BTreeMap<String, Vec<Asks>>;

/// Declares the endpoint of a site block by its addresses.
pub(super) fn declare(out: &mut Output, block: &Block, label: &str) -> usize {
    let mut fact = EndpointFact::new("caddy-site", label, block.location());
    fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
    let mut listens = Vec::new();
    let mut shown = Vec::new();
    let (mut problems, mut unheard) = (Vec::new(), Vec::new());
    for (i, word) in block.words.iter().enumerate() {
        for text in word.text.split(',').filter(|t| !t.is_empty()) {
            shown.push(text.to_owned());
            let at = block.at(i);
            if text.contains("{$") || is_template(text) {
                problems.push((text.to_owned(), at));
                continue;
            }
            let (scheme, authority) = peer::split_url(text);
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) if !port.contains(']') => {
                    let read = port.parse::<u16>().ok();
                    if read.is_none() {
                        unheard.push((text.to_owned(), at));
                    }
                    (host, read)
                }
                _ => (authority, None),
            };
            let bare = host.strip_prefix("*.").unwrap_or(host);
            let port = port.or_else(|| scheme.as_deref().and_then(peer::scheme_port));
            match peer::peer(host, port) {
                Ok(Peer::Address { ip, port }) => fact.addresses.push(Address { ip, port, location: at }),
                Ok(Peer::Loopback { port, .. }) => listens.extend(port.or(Some(443)).map(Listen::Port)),
                _ if host.is_empty() || host == "*" => listens.extend(port.map(Listen::Port)),
                _ if is_host_name(bare) => {
                    fact.names.push(Spanned::new(host.trim_end_matches('.').to_ascii_lowercase(), word.span));
                    listens.extend(port.map(Listen::Port));
                }
                _ => _ = fact.attributes.other.insert("server-name-pattern".to_owned(), shorten(host)),
            }
        }
    }
    for line in block.body().iter().filter(|l| l.name() == "bind") {
        for (i, word) in line.words.iter().enumerate().skip(1) {
            match peer::peer(
                word.text.strip_prefix("unix/").map(|path| format!("unix:{path}")).as_deref().unwrap_or(&word.text),
                None,
            ) {
                Ok(Peer::Address { ip, .. }) => fact.addresses.push(Address { ip, port: None, location: line.at(i) }),
                Ok(Peer::Unix(path)) => listens.push(Listen::Socket(path)),
                // The ports are those of the site.
                Ok(Peer::Loopback { .. }) => {}
                Ok(Peer::Host { .. }) | Err(_) => unheard.push((word.text.clone(), line.at(i))),
            }
        }
    }
    if let Some(first) = fact.names.first() {
        fact.label = first.value.clone();
    }
    fact.attributes.other.insert("listen".to_owned(), shorten(&shown.join(", ")));
    let label = fact.label.clone();
    let index = out.principal(fact);
    for on in listens {
        out.listens(index, on, &label);
    }
    for (text, at) in unheard {
        out.unheard(&text, at, Touch::Endpoint(index));
    }
    for (text, at) in problems {
        let message = format!("the address `{}` of this site is yet to be filled in", shorten(&text));
        let help = "give the environment variable in `variables` of an `[[inputs.override]]`, or render the template first";
        out.gap("unresolved-variable", message, Some(help.to_owned()), at, Touch::Endpoint(index));
    }
    index
}

pub(super) fn routes(walk: &mut Walk<'_, '_>, fact: usize, body: &[Block]) {
    let context = Context { fact, ask: Asks::default(), after: None, depth: 0 };
    walk.level(body, &context, &Matchers::new(), false);
}

/// In which step of the standard order a directive stands, as far as that matters for which one answers.
fn rank(name: &str) -> u8 {
    match name {
        "redir" => 1,
        "handle" | "handle_path" => 3,
        "route" => 4,
        "abort" | "error" | "respond" => 5,
        "reverse_proxy" => 6,
        "php_fastcgi" => 7,
        "file_server" => 8,
        _ => 2,
    }
}

impl<'b> Walk<'_, 'b> {
    /// The directives of one block. `in_order`: as they are written.
    fn level(&mut self, blocks: &[Block], context: &Context, outer: &Matchers, in_order: bool) {
        let mut matchers = outer.clone();
        let touch = Touch::Endpoint(context.fact);
        for block in blocks.iter().filter(|b| b.name().starts_with('@')) {
            let found = self.matcher(block, touch);
            matchers.insert(block.name().to_owned(), found);
        }
        let mut order: Vec<(&Block, Vec<Asks>, usize)> = Vec::new();
        for block in blocks.iter().filter(|b| !b.name().starts_with('@')) {
            let (asks, from) = self.asks(block, &matchers, touch);
            order.push((block, asks, from));
        }
        let everybody = |asks: &[Asks]| asks.iter().any(|a| *a == Asks::default());
        if !in_order {
            order.sort_by_key(|(block, asks, _)| (rank(block.name()), everybody(asks)));
        }
        let mut left = Some(When::default());
        for (block, asks, from) in order {
            let ends = matches!(
                block.name(),
                "redir" | "abort" | "error" | "respond" | "reverse_proxy" | "php_fastcgi" | "file_server"
            ) || (matches!(block.name(), "handle" | "handle_path") && block.body.is_some());
            for ask in &asks {
                let Some(mut ask) = context.ask.and(ask) else { continue };
                if ends && !self.reordered {
                    let Some(when) = left.as_ref().and_then(|l| ask.when.and(l)) else { continue };
                    ask.when = when;
                }
                self.directive(block, from, &Context { ask, ..context.clone() }, &matchers);
            }
            if let ([ask], true) = (asks.as_slice(), ends && block.name() != "php_fastcgi")
                && ask.host.is_none()
                && ask.what.is_none()
            {
                left = match (left, ask.when == When::default()) {
                    (_, true) => None,
                    (Some(left), false) => others(&ask.when).map_or(Some(left.clone()), |rest| left.and(&rest)),
                    (None, false) => None,
                };
            }
        }
    }

    /// What a directive's own matcher asks for, and where its other words begin.
    fn asks(&mut self, block: &Block, matchers: &Matchers, touch: Touch) -> (Vec<Asks>, usize) {
        let everybody = vec![Asks::default()];
        let takes = !matches!(block.name(), "log" | "import" | "bind" | "tls" | "invoke" | "handle_errors" | "map");
        match block.word(1) {
            "*" if takes => (everybody, 2),
            path if takes && path.starts_with('/') && !block.words[1].quoted => {
                (vec![Asks::what(format!("path {}", shorten(path)))], 2)
            }
            name if takes && name.starts_with('@') => match matchers.get(name) {
                Some(asks) => (asks.clone(), 2),
                None => {
                    let message = format!("there is no matcher `{}`", shorten(name));
                    self.out.gap("undefined-name", message, None, block.at(1), touch);
                    (everybody, 2)
                }
            },
            _ => (everybody, 1),
        }
    }

    fn matcher(&mut self, block: &Block, touch: Touch) -> Vec<Asks> {
        let mut all = vec![Asks::default()];
        let mut conditions: Vec<(&Block, usize)> = Vec::new();
        if block.words.len() > 1 {
            conditions.push((block, 1));
        }
        conditions.extend(block.body().iter().filter(|_| block.words.len() == 1).map(|b| (b, 0)));
        for (condition, at) in conditions {
            let more = self.condition(condition, at, touch);
            all = all.iter().flat_map(|a| more.iter().filter_map(|b| a.and(b))).take(MAX_ALTERNATIVES + 1).collect();
            if all.len() > MAX_ALTERNATIVES {
                return vec![Asks::when(When::some(format!("by {}", block.name()), format!("when {} holds", block.name())))];
            }
        }
        all
    }

    fn condition(&mut self, block: &Block, at: usize, touch: Touch) -> Vec<Asks> {
        let name = block.word(at);
        let values: Vec<&str> = block.words.iter().skip(at + 1).map(|w| w.text.as_str()).collect();
        let shown = shorten(&values.join(" "));
        let some = |what: &str| vec![Asks::when(When::some(format!("by {what}"), format!("when {what} is {shown}")))];
        match name {
            "host" => values.iter().map(|v| Asks::host(v)).collect(),
            "path" | "path_regexp" | "method" | "protocol" | "query" => {
                vec![Asks::what(format!("{} {shown}", name.replace('_', " ")))]
            }
            "remote_ip" | "client_ip" => {
                let list: Vec<&str> = values.iter().copied().filter(|v| *v != "forwarded").collect();
                vec![Asks::when(by_networks(&list, true))]
            }
            "header" | "header_regexp" => {
                let regexp = name == "header_regexp";
                // A regular expression may have a name before the field.
                let skip = usize::from(regexp && values.len() > 2);
                let (field, value) = (values.get(skip).copied().unwrap_or(""), values.get(skip + 1).copied().unwrap_or(""));
                let country = is_country_header(field).then(|| by_country(field, value, regexp, true)).flatten();
                country.map_or_else(|| some(&format!("header {}", shorten(field))), |when| vec![Asks::when(when)])
            }
            "maxmind_geolocation" => {
                let list = |name: &str| block.body().iter().find(|b| b.name() == name).map(|b| b.rest(1));
                let when = match (list("allow_countries"), list("deny_countries")) {
                    (Some(codes), None) => by_country("the client's country", &codes, false, true),
                    (None, Some(codes)) => by_country("the client's country", &codes, false, false),
                    _ => None,
                };
                vec![Asks::when(when.unwrap_or_else(|| When::some("by country", "when the client's place fits")))]
            }
            "not" => {
                let inner = if block.words.len() > at + 1 {
                    self.condition(block, at + 1, touch)
                } else {
                    let mut all = vec![Asks::default()];
                    for condition in block.body() {
                        let more = self.condition(condition, 0, touch);
                        all = all.iter().flat_map(|a| more.iter().filter_map(|b| a.and(b))).take(MAX_ALTERNATIVES).collect();
                    }
                    all
                };
                match inner.as_slice() {
                    [Asks { host: None, what: None, when }] if others(when).is_some() => {
                        others(when).into_iter().map(Asks::when).collect()
                    }
                    [Asks { host: None, what: Some(what), when }] if *when == When::default() => {
                        vec![Asks::what(format!("anything but {what}"))]
                    }
                    _ => vec![Asks::when(When::some("by its matcher", format!("when not {shown}")))],
                }
            }
            "expression" | "vars" | "vars_regexp" | "file" => some(name),
            // A quoted expression stands alone.
            _ if block.words.get(at).is_some_and(|w| w.quoted) => {
                let shown = shorten(name);
                vec![Asks::when(When::some(format!("by {shown}"), format!("when {shown}")))]
            }
            _ => {
                self.out.knows(&VOCABULARY, known::MATCHER, name, block.at(at), touch);
                some(&shorten(name))
            }
        }
    }

    fn base(&self, context: &Context, pool: String) -> Turn {
        let condition = both(context.after.clone(), context.ask.text());
        // A host that one of several addresses of the site is.
        let condition = both(condition, context.ask.host.as_ref().map(|h| format!("when {h} is asked for")));
        Turn { condition, ..Turn::first(pool) }.for_clients(&context.ask.when)
    }

    fn directive(&mut self, block: &Block, from: usize, context: &Context, matchers: &Matchers) {
        let touch = Touch::Endpoint(context.fact);
        let name = block.name();
        if !self.out.knows(&VOCABULARY, known::DIRECTIVE, name, block.location(), touch) {
            return;
        }
        match name {
            "reverse_proxy" | "php_fastcgi" | "forward_auth" => self.proxy(block, from, context, matchers),
            "handle" | "handle_path" | "route" | "handle_response" | "intercept" => {
                // `handle_response @name` matches the answer.
                let mut context = context.clone();
                if name == "handle_response" {
                    context.after = Some("when the answer is taken over (handle_response)".to_owned());
                }
                self.level(block.body(), &context, matchers, name == "route");
            }
            "handle_errors" => {
                let codes = block.rest(1);
                let codes = if codes.is_empty() { String::new() } else { format!(" {codes}") };
                let after = Some(shorten(&format!("when an error{codes} is answered (handle_errors)")));
                self.level(block.body(), &Context { after, ..context.clone() }, matchers, false);
            }
            "redir" => {
                let base = self.base(context, String::new());
                redirect(self.out, context.fact, block.word(from), &base, block.at(from));
            }
            "invoke" => {
                let Some(body) = self.named_routes.get(block.word(1)).copied().filter(|_| context.depth < MAX_DEPTH) else {
                    let message = format!("there is no named route `&({})`", shorten(block.word(1)));
                    self.out.gap("undefined-name", message, None, block.at(1), touch);
                    return;
                };
                self.level(body, &Context { depth: context.depth + 1, ..context.clone() }, matchers, false);
            }
            "log" => logs(self.out, block, &[context.fact]),
            // It answers here, or only changes what passes.
            _ => {}
        }
    }

    fn proxy(&mut self, block: &Block, from: usize, context: &Context, matchers: &Matchers) {
        let touch = Touch::Endpoint(context.fact);
        let proxy = read(self.out, block, from, touch);
        let what = if block.name() == "forward_auth" { "forward_auth" } else { "reverse_proxy" };
        // In a snippet it has a name, and is the same for every site that imports it.
        match block.part_of.as_ref().filter(|_| proxy.purpose.is_none()) {
            Some(snippet) => {
                let key = (block.location(), block.rest(1));
                let known = self.groups.get(&key).copied();
                let group = known.unwrap_or_else(|| {
                    let mut fact = EndpointFact::new("caddy-snippet", snippet.clone(), block.location());
                    fact.standing = Standing::Logical;
                    let group = self.out.principal(fact);
                    self.groups.insert(key, group);
                    proxy.routes(self.out, group, &Turn::first("upstreams"), block.location());
                    group
                });
                let pool = self.out.pool(context.fact, what);
                let base = self.base(context, pool);
                self.out.send_to(context.fact, Reference::Fact(group), block.location(), &base);
            }
            None => {
                let pool = self.out.pool(context.fact, what);
                let base = self.base(context, pool);
                let base = Turn { condition: both(proxy.purpose.clone(), base.condition.clone()), ..base };
                proxy.routes(self.out, context.fact, &base, block.location());
            }
        }
        for inner in block.body().iter().filter(|b| b.name() == "handle_response") {
            let after = Some("when the answer is taken over (handle_response)".to_owned());
            self.level(inner.body(), &Context { after, ..context.clone() }, matchers, false);
        }
    }
}

/// The words of a `reverse_proxy` and what is made of it.
fn read(out: &mut Output, block: &Block, from: usize, touch: Touch) -> Proxy {
    let mut proxy = Proxy { policy: "random".to_owned(), ..Proxy::default() };
    let words = |b: &Block, from: usize| -> Vec<(String, Location)> {
        b.words.iter().enumerate().skip(from).map(|(i, w)| (w.text.clone(), b.at(i))).collect()
    };
    proxy.upstreams = words(block, from);
    if block.name() == "forward_auth" {
        proxy.purpose = Some("to authorise each request, without its body (forward_auth)".to_owned());
    }
    for line in block.body() {
        if line.name().starts_with('@') || !out.knows(&VOCABULARY, known::PROXY, line.name(), line.location(), touch) {
            continue;
        }
        match line.name() {
            "to" => proxy.upstreams.extend(words(line, 1)),
            "dynamic" => proxy.dynamic.push((line.rest(1), line.location())),
            "lb_policy" => {
                proxy.policy = line.word(1).to_owned();
                if proxy.policy == "weighted_round_robin" {
                    let weight = |(text, at): (String, Location)| out.number("a weight", &text, at, touch).unwrap_or(1_u32);
                    proxy.weights = words(line, 2).into_iter().map(weight).map(u64::from).collect();
                }
            }
            "fail_duration" => proxy.watched |= line.word(1) != "0",
            "health_uri" | "health_port" | "health_path" | "unhealthy_request_count" => proxy.watched = true,
            "transport" => {
                out.knows(&VOCABULARY, known::TRANSPORT, line.word(1), line.at(1), touch);
                for option in line.body() {
                    out.knows(&VOCABULARY, known::TRANSPORT, option.name(), option.location(), touch);
                    match option.name() {
                        "forward_proxy_url" => proxy.through = Some((option.word(1).to_owned(), option.at(1))),
                        "network_proxy" if option.word(1) == "url" => {
                            proxy.through = Some((option.word(2).to_owned(), option.at(2)))
                        }
                        // How it connects, not where to.
                        _ => {}
                    }
                }
            }
            // Neither where to nor when.
            _ => {}
        }
    }
    proxy
}

/// "log": `output net ADDRESS` sends each line there; the others stay on the machine.
pub(super) fn logs(out: &mut Output, block: &Block, fronts: &[usize]) {
    for line in block.body().iter().filter(|l| l.name() == "output") {
        let at = line.at(2);
        match line.word(1) {
            "net" => {
                for front in fronts {
                    let text = line.word(2).split_once('/').map_or(line.word(2), |(_, rest)| rest);
                    if let Some(peer) = out.target("`output net`", text, None, at, Touch::Endpoint(*front)) {
                        out.log_to(*front, &peer, at, "log");
                    }
                }
            }
            "stdout" | "stderr" | "discard" | "file" => {}
            other => {
                let message = format!("the log goes to `{}`, which is not followed", shorten(other));
                let help = "declare where these logs go in an inventory".to_owned();
                for front in fronts {
                    out.gap("unfollowed-filter", message.clone(), Some(help.clone()), line.at(1), Touch::Endpoint(*front));
                }
            }
        }
    }
}
