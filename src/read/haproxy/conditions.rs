//! Conditions: `acl` lines, `if` and `unless` (sections 7.1 and 7.2), and what they say of clients and of the state of servers.
//!
//! Terms that follow each other must all hold, `or` and `||` divide alternatives, `!` negates, `{ ... }` is a test without a name,
//! several `acl` lines of one name are alternatives. A test on the state of a backend (`nbsrv`, `srv_is_up`, `be_conn`, `queue`...)
//! is weighed as it stands in normal running: every server up that is not switched off, no connections waiting.

use std::collections::BTreeMap;

use ipnetwork::IpNetwork;

use super::lex::Line;
use super::samples::{Evaluator, Value, calls};
use crate::model::{ClientMatch, Country};
use crate::read::proxy::shorten;
use crate::read::proxy::when::{Basis, MAX_NETWORKS, When, countries_of_regex, country, sorted};

/// Alternatives of one condition that are told apart.
const MAX_ALTERNATIVES: usize = 64;

/// What makes a rule fire, or stop firing, when servers fail or fill up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trigger {
    /// Of load; else of servers that are down.
    pub load: bool,
    /// The backend that is watched.
    pub backend: String,
    pub text: String,
}

/// One alternative of a condition: all of it must hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alternative {
    pub when: When,
    /// Does not hold in normal running, but when this comes about.
    pub waits: Option<Trigger>,
    /// Holds in normal running, until this comes about.
    pub holds: Option<Trigger>,
    /// `when` says all: whoever it does not name is not meant.
    pub exact: bool,
}

impl Alternative {
    pub fn always() -> Self {
        Self { when: When::default(), waits: None, holds: None, exact: true }
    }

    /// For these clients; networks and the like do not tell who else is meant.
    pub fn of(when: When) -> Self {
        let exact = matches!(when.clients, ClientMatch::Any | ClientMatch::Countries(_) | ClientMatch::Except(_));
        Self { when, waits: None, holds: None, exact }
    }

    /// Both hold; `None` if no client can meet both.
    pub fn and(&self, other: &Self) -> Option<Self> {
        Some(Self {
            when: short(self.when.and(&other.when)?),
            waits: self.waits.clone().or_else(|| other.waits.clone()),
            holds: self.holds.clone().or_else(|| other.holds.clone()),
            exact: self.exact && other.exact,
        })
    }
}

/// One test of an `acl` line or between braces.
#[derive(Clone, Debug)]
pub(super) struct Test {
    criterion: String,
    method: Option<String>,
    operator: Option<String>,
    files: Vec<String>,
    values: Vec<String>,
    shown: String,
}

impl Test {
    pub fn parse(words: &[&str]) -> Self {
        let mut test = Self {
            criterion: words.first().copied().unwrap_or("").to_owned(),
            method: None,
            operator: None,
            files: Vec::new(),
            values: Vec::new(),
            shown: shorten(&words.join(" ")),
        };
        let mut rest = words.iter().skip(1);
        let mut flags = true;
        while let Some(word) = rest.next() {
            match *word {
                "-i" | "-n" | "-M" if flags => {}
                "-m" if flags => test.method = rest.next().map(|w| (*w).to_owned()),
                "-f" if flags => test.files.extend(rest.next().map(|w| (*w).to_owned())),
                "-u" if flags => _ = rest.next(),
                "--" if flags => flags = false,
                "eq" | "ge" | "gt" | "le" | "lt" if test.values.is_empty() && test.operator.is_none() => {
                    flags = false;
                    test.operator = Some((*word).to_owned());
                }
                word => {
                    flags = false;
                    test.values.push(word.to_owned());
                }
            }
        }
        test
    }

    /// The host names that this test asks for: exact ones, and `*.example.com` for ends.
    pub fn hosts(&self) -> Vec<String> {
        let calls = calls(&self.criterion);
        let Some(((fetch, arguments), converters)) = calls.split_first() else { return Vec::new() };
        let of_host = arguments.first().is_some_and(|a| a.eq_ignore_ascii_case("host"));
        let ends = match *fetch {
            "hdr" | "req.hdr" if of_host => false,
            "hdr_end" | "hdr_dom" if of_host => true,
            "req.ssl_sni" | "req_ssl_sni" | "ssl_fc_sni" => false,
            "ssl_fc_sni_end" => true,
            _ => return Vec::new(),
        };
        let keeps = |name: &str| matches!(name, "lower" | "host_only" | "field" | "word");
        let method = self.method.as_deref().unwrap_or("str");
        if !converters.iter().all(|(name, _)| keeps(name)) || !matches!(method, "str" | "end" | "dom") {
            return Vec::new();
        }
        let ends = ends || method != "str";
        let mut names = Vec::new();
        for value in &self.values {
            let name = value.split(':').next().unwrap_or("").trim_end_matches('.').to_ascii_lowercase();
            let bare = name.trim_start_matches('.');
            if !crate::read::proxy::peer::is_host_name(bare) || !bare.contains('.') {
                continue;
            }
            if ends {
                names.push(format!("*.{bare}"));
            }
            if !name.starts_with('.') {
                names.push(bare.to_owned());
            }
        }
        names
    }
}

/// The tests of a proxy by name.
#[derive(Default)]
pub(super) struct Acls(BTreeMap<String, Vec<Test>>);

impl Acls {
    pub fn read<'l>(lines: impl Iterator<Item = &'l Line>) -> Self {
        let mut this = Self::default();
        for line in lines.filter(|l| l.first() == "acl") {
            let words: Vec<&str> = line.words.iter().skip(2).map(|w| w.text.as_str()).collect();
            this.0.entry(line.word(1).to_owned()).or_default().push(Test::parse(&words));
        }
        this
    }
}

/// How many servers of a backend carry in normal running; `None`: not known.
pub(super) type Usable<'a> = &'a dyn Fn(&str) -> Option<usize>;

pub(super) struct Weigher<'e, 'a, 't> {
    pub evaluator: Evaluator<'a, 't>,
    pub acls: &'e Acls,
    pub usable: Usable<'e>,
    /// The proxy that a test means if it names none.
    pub own: &'e str,
    /// Names of conditions that no `acl` line has.
    pub undefined: Vec<String>,
    /// Files of patterns that were not read.
    pub missing: Vec<String>,
}

/// A condition's tests without names, for what they ask for.
pub(super) fn inline_tests(line: &Line) -> Vec<Test> {
    let mut out = Vec::new();
    let mut inside: Option<Vec<&str>> = None;
    for word in &line.words {
        match (word.text.as_str(), &mut inside) {
            ("{" | "!{", _) => inside = Some(Vec::new()),
            ("}", Some(words)) => {
                out.push(Test::parse(words));
                inside = None;
            }
            (text, Some(words)) => words.push(text),
            _ => {}
        }
    }
    out
}

/// Where a condition begins: after `if` or `unless` that is no part of a test.
pub(super) fn condition_at(line: &Line, from: usize) -> Option<usize> {
    line.words.iter().enumerate().skip(from).find(|(_, w)| w.text == "if" || w.text == "unless").map(|(i, _)| i)
}

impl Weigher<'_, '_, '_> {
    /// The alternatives under which a rule's condition holds; one that always holds if it has none.
    pub fn weigh(&mut self, line: &Line, from: usize) -> Vec<Alternative> {
        let Some(at) = condition_at(line, from) else { return vec![Alternative::always()] };
        let words: Vec<&str> = line.words.iter().skip(at + 1).map(|w| w.text.as_str()).collect();
        let alternatives = self.alternatives(&words);
        if line.word(at) == "if" {
            return alternatives;
        }
        // `unless`: only one test can be turned round; else some clients, which may be any.
        let groups = split_or(&words);
        if let [group] = groups.as_slice() {
            let mut negated = group.clone();
            if single_term(&negated) {
                if let Some(first) = negated.first_mut() {
                    first.0 = !first.0;
                }
                return self.group(&negated);
            }
        }
        let shown = shorten(&words.join(" "));
        vec![Alternative::of(When::some(format!("by {shown}"), format!("unless {shown}")))]
    }

    fn alternatives(&mut self, words: &[&str]) -> Vec<Alternative> {
        let mut out = Vec::new();
        for group in split_or(words) {
            out.extend(self.group(&group));
            if out.len() > MAX_ALTERNATIVES {
                let shown = shorten(&words.join(" "));
                let when = When::some(format!("by {shown}"), format!("when {shown}"));
                return vec![Alternative::of(when)];
            }
        }
        out
    }

    /// Terms that must all hold; a name with several tests divides it.
    fn group(&mut self, terms: &[(bool, Vec<&str>)]) -> Vec<Alternative> {
        let mut all = vec![Alternative::always()];
        for (negated, words) in terms {
            let choices = self.term(*negated, words);
            let mut next = Vec::new();
            for left in &all {
                next.extend(choices.iter().filter_map(|right| left.and(right)));
            }
            if next.len() > MAX_ALTERNATIVES {
                next.truncate(0);
                next.push(Alternative::of(When::some("by several conditions", "when several conditions hold")));
            }
            all = next;
        }
        all
    }

    fn term(&mut self, negated: bool, words: &[&str]) -> Vec<Alternative> {
        if let ["{", inner @ ..] = words {
            return self.test(&Test::parse(inner), negated, None).into_iter().collect();
        }
        let name = words.first().copied().unwrap_or("");
        let acls = self.acls;
        let Some(tests) = acls.0.get(name) else { return self.predefined(name, negated) };
        match (negated, tests.as_slice()) {
            (false, tests) => tests.iter().filter_map(|t| self.test(t, false, Some(name))).collect(),
            (true, [one]) => self.test(one, true, Some(name)).into_iter().collect(),
            // None of several: all must fail.
            (true, several) => {
                let mut all = Some(Alternative::always());
                for test in several {
                    let next = self.test(test, true, Some(name));
                    all = all.zip(next).and_then(|(a, b)| a.and(&b));
                }
                all.into_iter().collect()
            }
        }
    }

    /// Section 7.4.
    fn predefined(&mut self, name: &str, negated: bool) -> Vec<Alternative> {
        match (name, negated) {
            ("TRUE" | "always_true", false) | ("FALSE" | "always_false", true) => vec![Alternative::always()],
            ("FALSE" | "always_false", false) | ("TRUE" | "always_true", true) => Vec::new(),
            _ => {
                let upper = name.starts_with(|c: char| c.is_ascii_uppercase());
                if !upper {
                    self.undefined.push(name.to_owned());
                }
                vec![Alternative::of(some(name, negated, None))]
            }
        }
    }

    /// `None`: it never holds.
    fn test(&mut self, test: &Test, negated: bool, name: Option<&str>) -> Option<Alternative> {
        let plain = |when: When| Some(Alternative::of(when));
        let calls = calls(&test.criterion);
        match calls.as_slice() {
            [("always_true", _)] if test.values.is_empty() => return (!negated).then(Alternative::always),
            [("always_false", _)] if test.values.is_empty() => return negated.then(Alternative::always),
            [(fetch, arguments)] => {
                if let Some(alternative) = self.state(test, fetch, arguments, negated) {
                    return Some(alternative);
                }
            }
            _ => {}
        }
        let mut values = test.values.clone();
        for file in &test.files {
            match self.evaluator.tables.get(file) {
                Some(table) => values.extend(table.entries.iter().map(|(key, _)| key.clone())),
                None => self.missing.push(file.clone()),
            }
        }
        let complete = test.files.iter().all(|f| self.evaluator.tables.get(f).is_some());
        let method = test.method.as_deref();
        match self.evaluator.value(&test.criterion) {
            Value::Client if complete && matches!(method, None | Some("ip")) && !values.is_empty() => {
                plain(by_networks(&values, negated, test, name))
            }
            Value::Country { unknown, listed } if complete => {
                let countries = match method {
                    None | Some("str" | "beg" | "end" | "dom" | "sub") => values.iter().map(|v| country(v)).collect(),
                    Some("reg") => values
                        .iter()
                        .map(|v| countries_of_regex(&format!("~{v}")))
                        .collect::<Option<Vec<_>>>()
                        .map(|l| l.concat()),
                    _ => None,
                };
                match countries {
                    Some(countries) => plain(self.by_country(countries, unknown, listed, negated, test, name)),
                    None => plain(some(&test.shown, negated, name)),
                }
            }
            _ => plain(some(&test.shown, negated, name)),
        }
    }

    fn by_country(
        &self,
        countries: Vec<Country>,
        unknown: Option<Country>,
        listed: Option<Vec<Country>>,
        negated: bool,
        test: &Test,
        name: Option<&str>,
    ) -> When {
        let countries = sorted(countries);
        let text = some(&test.shown, negated, name).text;
        // Clients that the file does not list count as `unknown`.
        let among = match (unknown, listed) {
            (Some(u), Some(listed)) if countries.contains(&u) => {
                ClientMatch::Except(listed.into_iter().filter(|c| !countries.contains(c)).collect())
            }
            (Some(u), None) if countries.contains(&u) => return some(&test.shown, negated, name),
            _ => ClientMatch::Countries(countries),
        };
        let clients = match (among, negated) {
            (among, false) => among,
            (ClientMatch::Countries(c), true) => ClientMatch::Except(c),
            (ClientMatch::Except(c), true) => ClientMatch::Countries(c),
            (other, true) => other,
        };
        When { clients, basis: Basis::Geography, text }
    }

    /// A test on servers and connections, as it stands in normal running and as it may become.
    fn state(&mut self, test: &Test, fetch: &str, arguments: &[&str], negated: bool) -> Option<Alternative> {
        let named = arguments.first().copied().filter(|a| !a.is_empty()).unwrap_or(self.own);
        let backend = named.split('/').next().unwrap_or(named).to_owned();
        let (load, normal) = match fetch {
            "nbsrv" => (false, i64::try_from((self.usable)(&backend)?).unwrap_or(i64::MAX)),
            "srv_is_up" => (false, 1),
            "be_conn" | "queue" | "avg_queue" | "be_sess_rate" | "srv_conn" | "srv_queue" | "srv_sess_rate" | "fe_conn"
            | "fe_sess_rate" | "fe_req_rate" | "dst_conn" => (true, 0),
            "be_conn_free" | "connslots" | "srv_conn_free" => (true, i64::MAX),
            _ => return None,
        };
        let operator = test.operator.as_deref().unwrap_or("eq");
        let mut holds = false;
        for value in &test.values {
            let bound: i64 = value.split(':').next()?.parse().ok()?;
            holds |= match operator {
                "eq" => match value.split_once(':') {
                    Some((from, to)) => normal >= from.parse().unwrap_or(i64::MIN) && normal <= to.parse().unwrap_or(i64::MAX),
                    None => normal == bound,
                },
                "ge" => normal >= bound,
                "gt" => normal > bound,
                "le" => normal <= bound,
                _ => normal < bound,
            };
        }
        if test.values.is_empty() {
            holds = normal != 0;
        }
        holds ^= negated;
        let text = format!("{} {}", if negated { "unless" } else { "when" }, test.shown);
        let ends = format!("once {} {} holds", test.shown, if negated { "" } else { "no longer" }).replace("  ", " ");
        let trigger = Some(Trigger { load, backend, text: if holds { ends } else { text } });
        let (waits, holds) = if holds { (None, trigger) } else { (trigger, None) };
        Some(Alternative { when: When::default(), waits, holds, exact: true })
    }
}

/// Names of tests, negated or not, in groups divided by `or`.
fn split_or<'w>(words: &[&'w str]) -> Vec<Vec<(bool, Vec<&'w str>)>> {
    let mut groups = vec![Vec::new()];
    let mut negated = false;
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        let (word, not) = match word.strip_prefix('!') {
            Some(rest) => (rest, true),
            None => (word, false),
        };
        negated ^= not;
        match word {
            "" => continue,
            "or" | "||" => groups.push(Vec::new()),
            "{" => {
                let mut inner = vec!["{"];
                inner.extend(words.by_ref().take_while(|w| *w != "}"));
                groups.last_mut().into_iter().for_each(|g: &mut Vec<_>| g.push((negated, inner.clone())));
            }
            name => groups.last_mut().into_iter().for_each(|g: &mut Vec<_>| g.push((negated, vec![name]))),
        }
        negated = false;
    }
    groups.retain(|g| !g.is_empty());
    groups
}

fn single_term(group: &[(bool, Vec<&str>)]) -> bool {
    group.len() == 1
}

/// Some clients, which may be of any country.
fn some(shown: &str, negated: bool, name: Option<&str>) -> When {
    let by = name.map_or_else(|| shown.to_owned(), str::to_owned);
    let what = match name {
        Some(name) if name != shown => format!("{name} ({shown})"),
        _ => shown.to_owned(),
    };
    When::some(format!("by {by}"), format!("{} {what}", if negated { "unless" } else { "when" }))
}

fn by_networks(values: &[String], negated: bool, test: &Test, name: Option<&str>) -> When {
    let networks: Option<Vec<IpNetwork>> =
        if values.len() <= MAX_NETWORKS { values.iter().map(|v| v.parse().ok()).collect() } else { None };
    let mut when = some(&test.shown, negated, name);
    when.basis = Basis::Geography;
    if let (Some(networks), false) = (networks, negated) {
        when.clients = ClientMatch::Networks(networks);
    }
    when
}

/// Long chains of conditions are told by their beginning.
pub(super) fn short(mut when: When) -> When {
    let cut = |text: &mut String| {
        if text.len() > 300 {
            text.truncate(text.floor_char_boundary(280));
            text.push_str("...");
        }
    };
    if let Some(text) = &mut when.text {
        cut(text);
    }
    if let ClientMatch::Some(by) = &mut when.clients {
        cut(by);
    }
    when
}

/// Everybody but the clients of an alternative that says all of them; `None` if nobody is left.
pub(super) fn others(alternative: &Alternative) -> Option<When> {
    if !alternative.exact {
        return Some(When::default());
    }
    let when = &alternative.when;
    let text = when.text.as_ref().map(|t| match (t.strip_prefix("when "), t.strip_prefix("unless ")) {
        (Some(rest), _) => format!("unless {rest}"),
        (None, Some(rest)) => format!("when {rest}"),
        (None, None) => format!("not {t}"),
    });
    let clients = match &when.clients {
        ClientMatch::Countries(c) => ClientMatch::Except(c.clone()),
        ClientMatch::Except(c) => ClientMatch::Countries(c.clone()),
        _ => return None,
    };
    Some(When { clients, basis: when.basis, text })
}
