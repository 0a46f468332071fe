//! `[[test]]` tables: name, day, expected verdicts and findings. The world that they are about is read by whoever runs them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::super::raw::{RawFinding, RawTest};
use super::super::{ExpectedFinding, Test};
use super::{Reader, did_you_mean};
use crate::doc::Node;
use crate::source::{Span, Spanned};

impl Reader {
    /// A test, judged at `as_of` unless it says otherwise. `rules` and `points` are ids of the pack.
    pub(super) fn test(
        &mut self,
        node: Node<'_>,
        number: usize,
        (rules, points): (&BTreeSet<&str>, &BTreeSet<&str>),
        as_of: Date,
    ) -> Option<Test> {
        let raw: RawTest = self.read(node)?;
        self.missing(node, &["name", "expect"]);
        let expect = node.get("expect").filter(|e| e.is_map());
        if let Some(empty) = expect.filter(|e| e.entries().next().is_none()) {
            let help = "name the rules that the test is about, as in `expect = { no-overseas-overflow = \"violated\" }`";
            self.problem(empty.span(), "this test expects nothing", Some(help.into()));
        }
        let mut verdicts = Vec::new();
        for entry in expect.into_iter().flat_map(|e| e.entries()) {
            let id = Spanned::new(entry.name().to_owned(), entry.key.span());
            self.known_rule(&id, rules);
            let told = raw.expect.as_ref().and_then(|e| e.get(&id.value));
            verdicts.extend(told.map(|verdict| (id, verdict.0)));
        }
        let mut readings = Vec::new();
        for entry in node.get("readings").filter(|r| r.is_map()).into_iter().flat_map(|r| r.entries()) {
            let point = Spanned::new(entry.name().to_owned(), entry.key.span());
            self.known_point(&point, points);
            readings.extend(raw.readings.get(&point.value).map(|reading| (point, reading.0)));
        }
        let tables = node.get("finding").into_iter().flat_map(|f| f.items()).filter(|f| f.is_map());
        let tables: Vec<Node<'_>> = tables.collect();
        // With a table that could not be read at all they would no longer go together.
        let findings = match tables.len() == raw.finding.len() {
            true => tables.into_iter().zip(raw.finding).map(|(node, raw)| self.finding(node, raw, rules)).collect(),
            false => Vec::new(),
        };
        Some(Test {
            name: raw.name?.map(|n| n.0),
            as_of: raw.as_of.map_or(as_of, |d| d.0),
            readings,
            expect: verdicts,
            findings,
            number,
            location: self.at(node.span()),
        })
    }

    fn finding(&mut self, node: Node<'_>, raw: RawFinding, rules: &BTreeSet<&str>) -> ExpectedFinding {
        if let Some(rule) = &raw.rule {
            self.known_rule(rule, rules);
        }
        if raw.code.is_none() {
            self.missing(node, &["rule", "endpoint"]);
        }
        ExpectedFinding {
            rule: raw.rule.map(|r| r.value),
            endpoint: raw.endpoint.map(|n| n.0),
            code: raw.code.map(|n| n.0),
            verdict: raw.verdict.map(|v| v.0),
            state: raw.state.map(|s| s.0),
            path: raw.path.map(|names| names.into_iter().map(|n| n.0).collect()),
            location: self.at(node.span()),
        }
    }

    fn known_rule(&mut self, id: &Spanned<String>, rules: &BTreeSet<&str>) {
        if rules.contains(id.value.as_str()) {
            return;
        }
        let help = match id.value.rsplit_once('/') {
            Some((_, rule)) if rules.contains(rule) => format!("write it without the pack: `{rule}`"),
            // A suggestion from a huge list would cost more than it helps.
            _ => did_you_mean(&id.value, &rules.iter().copied().take(100).collect::<Vec<_>>()),
        };
        self.problem(id.span, format!("this pack has no rule `{}`", id.value), Some(help));
    }

    pub(super) fn unique_tests(&mut self, tables: &[Node<'_>]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for name in tables.iter().filter_map(|n| n.get("name")) {
            let Some(text) = name.as_str() else { continue };
            if let Some(first) = seen.get(text) {
                let line = self.line(*first);
                let help = "say what this one shows that the other does not";
                self.problem(name.span(), format!("another test has this name (line {line})"), Some(help.into()));
            } else {
                seen.insert(text, name.span());
            }
        }
    }
}
