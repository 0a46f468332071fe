//! A server block as a flat list of locations: what each passes, sets, returns and refers to, with the level it inherits from.
//!
//! ngx_http_core_module, "location": nested blocks are flattened, since each request ends in exactly one of them; named (`@x`) and
//! `internal` ones are reached only through others. ngx_http_rewrite_module: directives run in their order; an `if` that holds
//! takes over with its own `*_pass`. A stream server is one location.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::clients::{Assignment, Assignments, Evaluator, sole_variable};
use super::context::{Level, Protocol, is_block};
use super::known;
use super::lex::{Directive, RENDER, has_escaped_variable, shorten};
use super::output::{Output, Touch};
use super::tree::{Item, Node};
use crate::read::proxy::when::When;
use crate::source::Location as At;

/// Which requests a location takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Matcher {
    /// What no location takes; the server itself.
    Server,
    Exact(String),
    /// `true` for `^~`, which keeps patterns out.
    Prefix(String, bool),
    Pattern,
    Named(String),
}

/// A `*_pass`.
pub(super) struct Pass<'t, 'a> {
    /// `proxy`, `fastcgi`... or `pass` in stream.
    pub module: &'static str,
    pub text: &'a str,
    pub at: At,
    /// From the enclosing `if`.
    pub when: When,
    pub level: Level<'t, 'a>,
}

/// A `return`, `rewrite` or `error_page` that may send the client elsewhere.
pub(super) struct Redirect<'a> {
    pub text: &'a str,
    pub how: String,
    pub at: At,
    pub when: When,
}

pub(super) struct Location<'t, 'a> {
    pub title: String,
    pub matcher: Matcher,
    pub internal: bool,
    pub parent: Option<usize>,
    pub level: Level<'t, 'a>,
    pub passes: Vec<Pass<'t, 'a>>,
    /// For whom the passes outside of any `if` are left, after those whom an `if` with a pass or a `return` takes.
    pub rest: When,
    pub redirects: Vec<Redirect<'a>>,
    /// Last argument of `try_files`, `rewrite ... last` and the like: other locations that this one hands requests to.
    pub refers: Vec<&'a str>,
    pub sets: Assignments,
    /// The names of `sets` in the order of their directives.
    pub set_order: Vec<String>,
}

impl Location<'_, '_> {
    /// Reached by clients directly.
    pub fn is_public(&self) -> bool {
        !self.internal && !matches!(self.matcher, Matcher::Named(_))
    }
}

pub(super) struct Walk<'o, 'e, 'v, 't, 'a> {
    pub out: &'o mut Output,
    pub evaluator: &'e mut Evaluator<'v>,
    pub protocol: Protocol,
    pub server: usize,
    /// The "server" is a whole fragment, among other things.
    pub loose: bool,
    pub locations: Vec<Location<'t, 'a>>,
    /// Every `set` of the server.
    pub all_sets: Assignments,
    /// Some location has `health_check`.
    pub checked: bool,
    /// `api write=on`.
    pub writable_api: Option<At>,
    /// Directives that belong to `server` itself.
    pub zone_sync: Vec<(&'a str, At)>,
}

impl<'t, 'a> Walk<'_, '_, '_, 't, 'a> {
    pub fn server(&mut self, children: &'t [Node<'a>], level: &Level<'t, 'a>) {
        self.locations.push(Location {
            title: String::new(),
            matcher: Matcher::Server,
            internal: false,
            parent: None,
            level: level.clone(),
            passes: Vec::new(),
            rest: When::default(),
            redirects: Vec::new(),
            refers: Vec::new(),
            sets: Assignments::new(),
            set_order: Vec::new(),
        });
        self.block(children, 0, level, None);
    }

    fn touch(&self) -> Touch {
        Touch::Endpoint(self.server)
    }

    fn block(&mut self, nodes: &'t [Node<'a>], location: usize, level: &Level<'t, 'a>, guard: Option<&When>) {
        for node in nodes {
            match &node.item {
                Item::Problem(problem) => self.out.problem(problem, node.location(), self.touch()),
                Item::Directive { directive, children } => self.directive(node, directive, children, location, level, guard),
            }
        }
    }

    fn directive(
        &mut self,
        node: &'t Node<'a>,
        directive: &'a Directive,
        children: &'t [Node<'a>],
        location: usize,
        level: &Level<'t, 'a>,
        guard: Option<&When>,
    ) {
        let name = directive.name.text.as_str();
        let arg = |i: usize| directive.args.get(i).map_or("", |a| a.text.as_str());
        let arg_at = |i: usize| directive.args.get(i).map_or(node.location(), |a| At::new(node.source, a.span));
        let when = || guard.cloned().unwrap_or_default();
        match name {
            "location" if is_block(directive) => self.location(directive, children, location, level),
            "if" if is_block(directive) => self.condition(directive, children, location, level, guard),
            "limit_except" if is_block(directive) => {
                let methods = directive.args.iter().map(|a| a.text.as_str()).collect::<Vec<_>>().join(", ");
                let other = When::some("by request method", format!("when the method is not {}", shorten(&methods)));
                let both = guard.map_or(Some(other.clone()), |g| g.and(&other)).unwrap_or(other);
                self.block(children, location, &level.enter(children), Some(&both));
            }
            "set" => self.set(directive, location, guard),
            "pass" if self.protocol == Protocol::Stream => {
                self.pass("pass", node, directive, location, level, when());
            }
            "internal" => self.locations[location].internal = true,
            "return" => {
                let (code, url) = if directive.args.len() > 1 { (arg(0), 1) } else { ("302", 0) };
                if self.protocol == Protocol::Http && matches!(code, "301" | "302" | "303" | "307" | "308") {
                    let how = format!("redirect {code}: the client goes there");
                    let redirect = Redirect { text: arg(url), how, at: arg_at(url), when: when() };
                    self.locations[location].redirects.push(redirect);
                }
            }
            "rewrite" => {
                let to = arg(1);
                let absolute = ["http://", "https://", "$scheme"].iter().any(|p| to.starts_with(p));
                if absolute || (matches!(arg(2), "redirect" | "permanent") && to.starts_with(['$', '\\'])) {
                    let code = if arg(2) == "permanent" { "301" } else { "302" };
                    let how = format!("redirect {code}: the client goes there");
                    self.locations[location].redirects.push(Redirect { text: to, how, at: arg_at(1), when: when() });
                } else {
                    self.locations[location].refers.push(to);
                }
            }
            "try_files" => {
                if let Some(last) = directive.args.last() {
                    self.locations[location].refers.push(&last.text);
                }
            }
            "internal_redirect" | "auth_jwt_key_request" | "add_before_body" | "add_after_body" => {
                self.locations[location].refers.push(arg(0));
            }
            "health_check" => self.checked = true,
            "api" if directive.args.iter().any(|a| a.text == "write=on") => self.writable_api = Some(node.location()),
            "upstream_conf" => self.writable_api = Some(node.location()),
            "zone_sync_server" => self.zone_sync.push((arg(0), arg_at(0))),
            "server" | "upstream" | "http" | "stream" if is_block(directive) => {
                if !self.loose {
                    let message = format!("a `{name}` block cannot stand inside a server; a `}}` may be missing above");
                    self.out.gap("misplaced-block", message, None, node.location(), self.touch());
                }
            }
            _ if known::gateway(name).is_some_and(|(_, rest)| rest == "pass") => {
                let module = known::gateway(name).map_or("proxy", |(module, _)| module);
                self.pass(module, node, directive, location, level, when());
            }
            _ if known::is_code(name) => self.out.code(name, node.location(), self.touch()),
            _ if known::is_known(name) => {
                if let Some(word) = directive.args.iter().find(|a| has_escaped_variable(&a.text) && !is_pattern(name)) {
                    self.escaped(&word.text, At::new(node.source, word.span), Touch::Nothing);
                }
            }
            // Said for the whole file already.
            _ if self.loose && location == 0 => {}
            _ => self.out.unknown(name, node.location(), self.touch()),
        }
    }

    fn escaped(&mut self, text: &str, at: At, touch: Touch) {
        let message =
            format!("`{}` has an escaped variable, as in a shell template: nginx would not see the variable", shorten(text));
        self.out.gap("template-not-rendered", message, Some(RENDER.to_owned()), at, touch);
    }

    fn location(&mut self, directive: &'a Directive, children: &'t [Node<'a>], parent: usize, level: &Level<'t, 'a>) {
        let words: Vec<&str> = directive.args.iter().map(|a| a.text.as_str()).collect();
        // The modifier may touch the URI: `=/x`, `~\.php$`.
        let joined = words.join(" ");
        let matcher = if let Some(rest) = joined.strip_prefix('@') {
            Matcher::Named(rest.to_owned())
        } else if let Some(rest) = joined.strip_prefix("^~") {
            Matcher::Prefix(rest.trim().to_owned(), true)
        } else if let Some(rest) = joined.strip_prefix('=') {
            Matcher::Exact(rest.trim().to_owned())
        } else if joined.starts_with('~') {
            Matcher::Pattern
        } else {
            Matcher::Prefix(joined.clone(), false)
        };
        let level = level.enter(children);
        self.locations.push(Location {
            title: format!("location {}", shorten(&joined)),
            matcher,
            internal: false,
            parent: Some(parent),
            level: level.clone(),
            passes: Vec::new(),
            rest: When::default(),
            redirects: Vec::new(),
            refers: Vec::new(),
            sets: Assignments::new(),
            set_order: Vec::new(),
        });
        let index = self.locations.len() - 1;
        self.block(children, index, &level, None);
    }

    fn condition(
        &mut self,
        directive: &'a Directive,
        children: &'t [Node<'a>],
        location: usize,
        level: &Level<'t, 'a>,
        guard: Option<&When>,
    ) {
        let sets = self.sets_at(location);
        let (yes, no) = self.evaluator.condition(&directive.args, &sets);
        let Some(inner) = guard.map_or(Some(yes.clone()), |g| g.and(&yes)) else { return };
        let passes = self.locations[location].passes.len();
        let before = self.locations[location].set_order.len();
        self.block(children, location, &level.enter(children), Some(&inner));
        let here = &mut self.locations[location];
        let returns = children.iter().any(|n| n.directive().is_some_and(|(d, _)| d.name.text == "return"));
        if (returns || here.passes.len() > passes) && guard.is_none() {
            here.rest = here.rest.and(&no).unwrap_or(here.rest.clone());
        }
        // What was set before holds only for the others.
        let mut added: BTreeMap<&str, usize> = BTreeMap::new();
        for name in &here.set_order[before..] {
            *added.entry(name).or_default() += 1;
        }
        for (name, added) in added.into_iter().filter(|_| guard.is_none()) {
            let Some(list) = here.sets.get_mut(name) else { continue };
            let old = list.len().saturating_sub(added);
            if no == When::default() || self.evaluator.burn(name, 16 * old).is_err() {
                continue;
            }
            for assignment in &mut list[..old] {
                if let Some(when) = assignment.when.and(&no) {
                    assignment.when = when;
                }
            }
        }
    }

    fn set(&mut self, directive: &'a Directive, location: usize, guard: Option<&When>) {
        let [name, value] = directive.args.as_slice() else { return };
        let name = name.text.trim_start_matches('\\');
        let Some(name) = sole_variable(name).map(str::to_owned) else { return };
        let assignment =
            Assignment { value: value.text.clone(), when: guard.cloned().unwrap_or_default(), guarded: guard.is_some() };
        let here = self.locations[location].sets.entry(name.clone()).or_default();
        if guard.is_none() {
            here.clear();
        }
        here.push(assignment.clone());
        self.locations[location].set_order.push(name.clone());
        self.all_sets.entry(name).or_default().push(Assignment { guarded: true, ..assignment });
    }

    /// What variables have been set to where a location's passes are: by itself and the blocks around it if these always set them,
    /// else by any `set` of the server.
    pub fn sets_at(&mut self, location: usize) -> Rc<Assignments> {
        let mut chain = vec![location];
        while let Some(parent) = self.locations[chain[chain.len() - 1]].parent {
            chain.push(parent);
        }
        let mut sets = Assignments::new();
        for index in chain.into_iter().rev() {
            for (name, list) in &self.locations[index].sets {
                let cost: usize = list.iter().map(|a| a.value.len() + 64).sum();
                if self.evaluator.burn(name, cost).is_err() {
                    // Out of steps: every text with a variable now counts as not known.
                    return Rc::new(Assignments::new());
                }
                let all = sets.entry(name.clone()).or_default();
                if list.iter().any(|a| !a.guarded) {
                    all.clear();
                }
                all.extend(list.iter().cloned());
            }
        }
        for (name, list) in &self.all_sets {
            let always = sets.get(name).is_some_and(|here| here.iter().any(|a| !a.guarded));
            if !always {
                let cost: usize = list.iter().map(|a| a.value.len() + 64).sum();
                if self.evaluator.burn(name, cost).is_err() {
                    return Rc::new(Assignments::new());
                }
                sets.insert(name.clone(), list.clone());
            }
        }
        Rc::new(sets)
    }

    fn pass(
        &mut self,
        module: &'static str,
        node: &'t Node<'a>,
        directive: &'a Directive,
        location: usize,
        level: &Level<'t, 'a>,
        when: When,
    ) {
        let Some(target) = directive.args.first() else {
            // `tunnel_pass;` goes where the client's CONNECT says.
            let message = format!("`{}` without a target goes where the request says", directive.name.text);
            self.out.gap("unresolved-variable", message, None, node.location(), self.touch());
            return;
        };
        if directive.args.len() > 1 && module != "tunnel" {
            let message = format!("`{}` takes one target; a `;` may be missing", directive.name.text);
            self.out.gap("syntax", message, None, node.location(), self.touch());
        }
        let at = At::new(node.source, target.span);
        self.locations[location].passes.push(Pass { module, text: &target.text, at, when, level: level.clone() });
    }
}

/// Directives whose arguments are regular expressions, where `\$` means a dollar sign.
fn is_pattern(name: &str) -> bool {
    matches!(
        name,
        "rewrite" | "if" | "location" | "sub_filter" | "proxy_redirect" | "proxy_cookie_path" | "proxy_cookie_domain"
    ) || name.ends_with("split_path_info")
        || name == "valid_referers"
}

/// Looks locations up by internal URI.
#[derive(Default)]
pub(super) struct Finder {
    named: HashMap<String, usize>,
    exact: HashMap<String, usize>,
    prefixes: HashMap<String, (usize, bool)>,
    lengths: BTreeSet<usize>,
    /// Those with a pass.
    patterns: Vec<usize>,
}

/// Where a URI may end: one location, and with `patterns` every regular expression that may come before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub one: Option<usize>,
    pub patterns: bool,
}

impl Finder {
    pub fn new(locations: &[Location<'_, '_>]) -> Self {
        let mut this = Self::default();
        for (i, location) in locations.iter().enumerate() {
            match &location.matcher {
                Matcher::Named(name) => _ = this.named.entry(name.clone()).or_insert(i),
                Matcher::Exact(path) => _ = this.exact.entry(path.clone()).or_insert(i),
                Matcher::Prefix(path, hides) => {
                    this.lengths.insert(path.len());
                    this.prefixes.entry(path.clone()).or_insert((i, *hides));
                }
                Matcher::Pattern if !location.passes.is_empty() => this.patterns.push(i),
                Matcher::Pattern | Matcher::Server => {}
            }
        }
        this
    }

    /// The exact location, or the longest prefix and the patterns that may come before it.
    pub fn find(&self, uri: &str) -> Ends {
        if let Some(name) = uri.strip_prefix('@') {
            return Ends { one: self.named.get(name).copied(), patterns: false };
        }
        let path = uri.split(['?', '$']).next().unwrap_or(uri);
        let complete = !uri[path.len()..].starts_with('$');
        if let Some(exact) = self.exact.get(path).filter(|_| complete) {
            return Ends { one: Some(*exact), patterns: false };
        }
        let fitting = self.lengths.range(..=path.len()).rev().filter_map(|length| path.get(..*length));
        let prefix = fitting.filter_map(|p| self.prefixes.get(p)).next();
        Ends { one: prefix.map(|(i, _)| *i), patterns: !prefix.is_some_and(|(_, hides)| *hides) }
    }

    /// The locations of an answer, one by one.
    pub fn list(&self, ends: Ends) -> impl Iterator<Item = usize> + '_ {
        let patterns: &[usize] = if ends.patterns { &self.patterns } else { &[] };
        ends.one.into_iter().chain(patterns.iter().copied())
    }
}
