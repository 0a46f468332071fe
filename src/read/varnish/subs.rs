//! Subroutines: which backend a request gets, for whom, and after what.
//!
//! vcl(7), "Subroutines": the last `set req.backend_hint` (`req.backend` in Varnish 3 and at Fastly, `bereq.backend` on the backend's side)
//! that is run decides; nothing set means the default backend. `return` ends a subroutine; `return (restart)` and `return (retry)` run
//! them again, so that what is set under a condition on `req.restarts` or `bereq.retries` is a stand-in.

use std::collections::{BTreeMap, BTreeSet};

use super::backends::Backends;
use super::conditions::{Acls, Way, otherwise, ways};
use super::known::{self, VOCABULARY};
use crate::model::{ClientMatch, Spill};
use crate::read::proxy::block::{Block, Word};
use crate::read::proxy::fronts::{Asks, others};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::shorten;
use crate::read::proxy::turn::{Turn, both};
use crate::read::proxy::when::{When, by_countries};
use crate::source::Location;

const MAX_DEPTH: usize = 16;
/// Assignments of one program.
const MAX_CHOICES: usize = 2_000;

/// What holds the backend of a request.
const BACKEND: [&str; 3] = ["req.backend", "req.backend_hint", "bereq.backend"];

pub(super) struct Choice {
    pub name: String,
    pub at: Location,
    pub way: Way,
    /// Nothing later can replace it.
    fixed: bool,
}

pub(super) struct Walk<'o, 'b> {
    pub out: &'o mut Output,
    pub subs: &'b BTreeMap<String, Vec<Block>>,
    pub tables: &'b BTreeMap<String, Vec<(String, Location)>>,
    pub acls: &'b Acls,
    pub backends: &'b Backends,
    pub fact: usize,
    pub choices: Vec<Choice>,
    pub told: BTreeSet<Location>,
    /// Some statement runs a request again.
    pub restarts: bool,
    /// Some choice is made for every request.
    pub always: bool,
    /// Some request may be answered from the cache, or its answer be kept.
    pub keeps: bool,
    receiving: bool,
    steps: usize,
}

impl<'o, 'b> Walk<'o, 'b> {
    pub fn new(
        out: &'o mut Output,
        subs: &'b BTreeMap<String, Vec<Block>>,
        tables: &'b BTreeMap<String, Vec<(String, Location)>>,
        acls: &'b Acls,
        backends: &'b Backends,
        fact: usize,
    ) -> Self {
        let restarts = subs.values().flatten().any(runs_again);
        let (choices, told) = (Vec::new(), BTreeSet::new());
        Self {
            out,
            subs,
            tables,
            acls,
            backends,
            fact,
            choices,
            told,
            restarts,
            always: false,
            keeps: true,
            receiving: false,
            steps: 200_000,
        }
    }

    pub fn run(&mut self) {
        for (name, after) in [
            ("vcl_recv", 0),
            ("vcl_hash", 0),
            ("vcl_miss", 0),
            ("vcl_pass", 0),
            ("vcl_pipe", 0),
            ("vcl_backend_fetch", 0),
            ("vcl_hit", 1),
            ("vcl_fetch", 1),
            ("vcl_error", 1),
            ("vcl_backend_response", 1),
            ("vcl_backend_error", 1),
            ("vcl_deliver", 1),
            ("vcl_synth", 1),
        ] {
            if let Some(body) = self.subs.get(name) {
                self.receiving = name == "vcl_recv";
                if self.receiving {
                    self.keeps = false;
                }
                let ends = self.level(body, &Way { tries: after, ..Way::default() }, 0);
                // At its end stands what Varnish does by itself, which looks in the cache.
                self.keeps |= self.receiving && !ends;
            }
        }
    }

    /// Whether the statements always end the subroutine.
    fn level(&mut self, blocks: &[Block], outer: &Way, depth: usize) -> bool {
        let mut way = outer.clone();
        // Whom the branches of an `if` before have left.
        let mut rest: Option<Way> = None;
        // Where the choices of an `if` with its branches begin, and whether each branch so far chooses.
        let (mut from_choice, mut each) = (0, false);
        for block in blocks {
            if self.steps == 0 || depth > MAX_DEPTH {
                let message = "the program is too large to be followed".to_owned();
                if self.told.insert(block.location()) {
                    self.out.gap("too-large", message, None, block.location(), Touch::Endpoint(self.fact));
                }
                return false;
            }
            self.steps -= 1;
            let name = block.name();
            let touch = Touch::Endpoint(self.fact);
            match name {
                "if" | "elsif" | "elseif" | "elif" | "else" => {
                    let start = if name == "else" { usize::from(block.word(1) == "if") + 1 } else { 1 };
                    let condition = block.words.get(start..).unwrap_or_default();
                    let own = if condition.is_empty() { vec![Way::default()] } else { ways(condition, self.acls) };
                    let from = if name == "if" { Some(Way::default()) } else { rest.clone() };
                    if name == "if" {
                        (from_choice, each) = (self.choices.len(), true);
                    }
                    each &= self.chooses(block.body(), 0);
                    let mut end = false;
                    for own in &own {
                        let Some(inner) = from.as_ref().and_then(|f| f.and(own)).and_then(|w| way.and(&w)) else { continue };
                        end = self.level(block.body(), &inner, depth + 1);
                    }
                    let left = otherwise(&own);
                    if end {
                        // Those who are left go on; a condition on the country tells who they are.
                        if let Some(narrower) = left.as_ref().and_then(|l| way.and(l)) {
                            way = narrower;
                        }
                    }
                    rest = match (from, left) {
                        (Some(from), Some(left)) => from.and(&Way { partly: left.is_plain(), ..left }),
                        _ => None,
                    };
                    // All branches together replace what was chosen before.
                    if condition.is_empty() && each && way.is_plain() {
                        self.always = true;
                        let chosen = self.choices.split_off(from_choice.min(self.choices.len()));
                        self.choices.retain(|c| c.fixed);
                        self.choices.extend(chosen);
                    }
                    continue;
                }
                _ => rest = None,
            }
            match name {
                "set" => self.set(block, &way),
                "call" => {
                    let Some(body) = self.subs.get(block.word(1)) else {
                        if self.told.insert(block.location()) {
                            let message =
                                format!("there is no subroutine `{}` in the files that were read", shorten(block.word(1)));
                            let help = "add the file that defines it to the project".to_owned();
                            self.out.gap("undefined-name", message, Some(help), block.at(1), touch);
                        }
                        continue;
                    };
                    if self.level(body, &way, depth + 1) {
                        return true;
                    }
                }
                "return" => {
                    let what =
                        block.words.iter().map(|w| w.text.as_str()).find(|w| !matches!(*w, "return" | "(" | ")")).unwrap_or("");
                    // Whoever leaves here keeps what was chosen for them.
                    if !matches!(what, "synth" | "error" | "restart" | "purge" | "fail" | "vcl") {
                        for choice in &mut self.choices {
                            choice.fixed |= choice.way.and(&way).is_some();
                        }
                    }
                    self.keeps |= self.receiving && matches!(what, "hash" | "lookup" | "");
                    return true;
                }
                "error" | "restart" => return true,
                "log" => self.log(block),
                _ if name.starts_with("#FASTLY") => self.fastly(block),
                _ => self.statement(block),
            }
        }
        false
    }

    /// Whether no request comes through these statements without a choice, as far as can be seen at once.
    fn chooses(&self, blocks: &[Block], depth: usize) -> bool {
        blocks.iter().any(|block| match block.name() {
            "set" => is_choice(block) && !BACKEND.contains(&block.word(3)),
            "call" if depth < 3 => self.subs.get(block.word(1)).is_some_and(|body| self.chooses(body, depth + 1)),
            "error" => true,
            "return" => block.words.iter().any(|w| matches!(w.text.as_str(), "synth" | "error" | "fail" | "purge")),
            _ => false,
        })
    }

    fn statement(&mut self, block: &Block) {
        let name = block.name();
        let touch = Touch::Endpoint(self.fact);
        let director = name.rsplit_once('.').is_some_and(|(object, _)| self.backends.is_director(object));
        if !director && self.told.insert(block.location()) {
            self.out.knows(&VOCABULARY, known::STATEMENT, name, block.location(), touch);
        }
    }

    /// Fastly's service configuration may choose a backend where the macro of `vcl_recv` and of what asks the backend stands.
    fn fastly(&mut self, block: &Block) {
        let part = block.name().trim_start_matches("#FASTLY").trim();
        if matches!(part, "recv" | "miss" | "pass") && self.told.insert(block.location()) && part == "recv" {
            let message =
                "Fastly puts what the service configuration says in place of `#FASTLY recv`, which can choose backends"
                    .to_owned();
            let help =
                "give onshore the generated VCL of the service, or leave it out if the service has no conditions on backends";
            self.out.gap("missing-include", message, Some(help.to_owned()), block.location(), Touch::Endpoint(self.fact));
        }
    }

    /// Fastly: `log "syslog SERVICE NAME :: ..."` goes to a logging endpoint of the service configuration.
    fn log(&mut self, block: &Block) {
        if self.told.insert(block.location()) {
            let message =
                "`log` sends a line to a logging endpoint of the Fastly service, which is not in this file".to_owned();
            let help = "declare the logging endpoint in an inventory, with a route of activity `log` to it".to_owned();
            self.out.gap("unfollowed-filter", message, Some(help), block.location(), Touch::Endpoint(self.fact));
        }
    }

    fn set(&mut self, block: &Block, way: &Way) {
        if !is_choice(block) {
            return;
        }
        for (name, at, more) in self.targets(block) {
            let Some(way) = way.and(&more) else { continue };
            let plain = way.is_plain();
            // What always happens later replaces what happened before.
            if plain {
                self.always = true;
                self.choices.retain(|c| c.fixed);
            } else if way.tries == 0
                && way.sick.is_none()
                && way.ask.host.is_none()
                && way.ask.what.is_none()
                && let Some(rest) = others(&way.ask.when)
            {
                for choice in self.choices.iter_mut().filter(|c| !c.fixed && c.way.tries == 0) {
                    narrow(&mut choice.way.ask.when, &rest);
                }
            }
            if self.choices.len() < MAX_CHOICES {
                self.choices.push(Choice { name, at, way, fixed: false });
            }
        }
    }

    /// What the right side of an assignment can be.
    fn targets(&mut self, block: &Block) -> Vec<(String, Location, Way)> {
        let words: Vec<&Word> = block.words.iter().skip(3).collect();
        let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
        let at = block.at(3);
        let touch = Touch::Endpoint(self.fact);
        let some =
            |by: &str| Way { ask: Asks::when(When::some(format!("by {by}"), format!("when {by} names it"))), ..Way::default() };
        match texts.as_slice() {
            [itself] if BACKEND.contains(itself) => Vec::new(),
            [name] => vec![((*name).to_owned(), at, Way::default())],
            [method, "(", ..]
                if method.ends_with(".backend") && self.backends.is_director(method.trim_end_matches(".backend")) =>
            {
                vec![(method.trim_end_matches(".backend").to_owned(), at, Way::default())]
            }
            ["fastly.try_select_shield", "(", shield, ",", fallback, ")"] => {
                let way = Way { ask: Asks::what("requests that have not been there"), ..Way::default() };
                let mut found = vec![((*shield).to_owned(), block.at(5), way)];
                if !fallback.starts_with("req.backend") {
                    found.push(((*fallback).to_owned(), block.at(7), Way::default()));
                }
                found
            }
            ["table.lookup_backend", "(", table, ",", rest @ ..] => {
                let entries = self.tables.get(*table).cloned().unwrap_or_else(|| {
                    let message = format!("there is no table `{}` in the files that were read", shorten(table));
                    let help = "add the file that defines it to the project".to_owned();
                    self.out.gap("undefined-name", message, Some(help), block.at(5), touch);
                    Vec::new()
                });
                let default = rest.iter().rev().find(|w| **w != ")").filter(|_| rest.contains(&","));
                let mut found: Vec<_> =
                    entries.into_iter().map(|(name, at)| (name, at, some(&format!("table {table}")))).collect();
                found.extend(default.map(|name| ((*name).to_owned(), at, Way::default())));
                found.reverse();
                found
            }
            _ => {
                if self.told.insert(block.location()) {
                    let message =
                        format!("which backend `{}` is, is decided while the program runs", shorten(&texts.join(" ")));
                    let help = "declare the backends that it can be in an inventory, with routes to them".to_owned();
                    self.out.gap("dynamic-upstream", message, Some(help), at, touch);
                }
                Vec::new()
            }
        }
    }
}

fn is_choice(block: &Block) -> bool {
    BACKEND.contains(&block.word(1)) && block.word(2) == "="
}

/// Takes clients away that a later choice takes.
fn narrow(when: &mut When, rest: &When) {
    let Some(mut both) = when.and(rest) else { return };
    let told = match &both.clients {
        ClientMatch::Countries(c) => by_countries("the client's country", c.clone(), true).text,
        ClientMatch::Except(c) => by_countries("the client's country", c.clone(), false).text,
        _ => None,
    };
    if let Some(told) = told {
        both.text = Some(told.replacen("when $", "when ", 1));
    }
    *when = both;
}

fn runs_again(block: &Block) -> bool {
    let says = block.name() == "restart"
        || (block.name() == "return" && block.words.iter().any(|w| matches!(w.text.as_str(), "restart" | "retry")));
    says || block.body().iter().any(runs_again)
}

/// The routes of what was chosen.
pub(super) fn routes(out: &mut Output, backends: &mut Backends, fact: usize, choices: &[Choice], restarts: bool) {
    let mut done = BTreeSet::new();
    let mut sick = String::new();
    for choice in choices {
        let Way { ask, tries, sick: watched, .. } = &choice.way;
        // The same stand-in under one more condition says nothing more.
        let key = (choice.name.clone(), *tries, watched.clone(), format!("{:?} {:?}", ask.when.clients, ask.what));
        let general = *tries > 0
            && *ask != Asks::default()
            && choices.iter().any(|c| c.name == choice.name && c.way.tries > 0 && c.way.ask == Asks::default());
        if general || !done.insert(key) {
            continue;
        }
        let condition = both(ask.text(), ask.host.as_ref().map(|h| format!("when {h} is asked for")));
        let turn = match (tries, watched) {
            (0, None) => {
                sick = choice.name.clone();
                Turn { condition, ..Turn::first("backend") }
            }
            (0, Some(name)) => {
                let name = if name.is_empty() { sick.clone() } else { name.clone() };
                let spill = backends.spill(&name);
                let when = format!("when `{}` is sick", shorten(&name));
                let standby = Turn::standby("backend", 1, spill, when);
                Turn { condition: both(standby.condition.clone(), condition), ..standby }
            }
            (tries, _) => {
                let spill =
                    if restarts { Spill::Load } else { Spill::Never("nothing restarts or retries a request".to_owned()) };
                let times = if *tries == 1 { "once".to_owned() } else { format!("{tries} times") };
                let standby =
                    Turn::standby("backend", *tries, spill, format!("when the request has been tried {times} before"));
                Turn { condition: both(standby.condition.clone(), condition), ..standby }
            }
        };
        let turn = turn.for_clients(&ask.when);
        if !backends.send(out, fact, &choice.name, choice.at, &turn) {
            let message = format!("there is no backend `{}` in the files that were read", shorten(&choice.name));
            let help = "add the file that defines it to the project".to_owned();
            out.gap("undefined-name", message, Some(help), choice.at, Touch::Endpoint(fact));
        }
    }
}
