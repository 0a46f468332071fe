//! Answers of a DNS server, as `onshore check --resolve` asks for them and `--record` keeps them, so that a report can be had again.
//!
//! One line an answer: `www.example.com for DE 192.0.2.0/24 scope 24: 192.0.2.1, 192.0.2.2`, `... failed: no answer`. A scope says that
//! the server tells clients apart by their network (RFC 7871 section 7.2.1); without one the answer is for whoever asked. What was seen
//! holds for the moment at which it was asked, and says nothing of what is answered when servers are down.

use std::collections::BTreeMap;

use crate::model::{
    Activity, ClientMatch, Country, EndpointFact, Facts, GapScope, Reference, RouteFact, Standing, Trail, Unread,
};
use crate::read::zone::record::shorten;
use crate::read::{Input, Reader, Reading, Recognized};
use crate::source::{Location, Span, Spanned};
use crate::vocab::places;

pub struct Answers;

/// The first line of such a file.
pub const HEADER: &str = "# onshore DNS answers 1";

impl Reader for Answers {
    fn format(&self) -> &'static str {
        "dns-answers"
    }

    fn describe(&self) -> &'static str {
        "answers of a DNS server, recorded by `onshore check --resolve --record`"
    }

    fn recognize(&self, _: &str, text: &str) -> Recognized {
        if text.lines().next() == Some(HEADER) { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut answers = Lines { facts: Facts::default(), names: BTreeMap::new(), asked: String::new() };
        let mut start = 0;
        for line in input.text().split_inclusive('\n') {
            let text = line.trim_end();
            answers.line(text, Location::new(input.file, Span::new(start, start + text.len())));
            start += line.len();
        }
        Reading { facts: answers.facts, ..Reading::default() }
    }
}

struct Lines {
    facts: Facts,
    names: BTreeMap<String, usize>,
    /// Whom and when.
    asked: String,
}

impl Lines {
    fn line(&mut self, text: &str, at: Location) {
        if text.starts_with('#') || text.is_empty() {
            return;
        }
        if text.starts_with("asked ") {
            text.clone_into(&mut self.asked);
            return;
        }
        if self.answer(text, at).is_none() {
            let message = format!("`{}` is no line of recorded answers", shorten(text));
            let help = Some("record the answers again, and do not change the file by hand".to_owned());
            self.facts.gaps.push(Unread { code: "malformed-line", message, help, location: at, scope: GapScope::Everything });
        }
    }

    fn answer(&mut self, text: &str, at: Location) -> Option<()> {
        let (question, answer) = text.split_once(": ")?;
        let (question, failed) = question.strip_suffix(" failed").map_or((question, false), |q| (q, true));
        let mut words = question.split(' ');
        let (name, _, code) = (words.next()?, words.next().filter(|w| *w == "for")?, words.next()?);
        let country: Country = places::country(code)?;
        let network = words.next();
        let told = words.next() == Some("scope") && words.next().is_some_and(|s| s != "0" && s != "none");
        let index = *self.names.entry(name.to_owned()).or_insert_with(|| {
            let mut fact = EndpointFact::new("dns-name", name, at);
            fact.standing = Standing::Logical;
            fact.names.push(Spanned::new(name.to_owned(), at.span));
            self.facts.endpoints.push(fact);
            let index = self.facts.endpoints.len() - 1;
            let message =
                format!("`{name}` was asked once; what it leads to when servers are down or full is not told by that");
            let help =
                Some("add the zone or the settings that it is answered from, or declare all that it may lead to".to_owned());
            let scope = GapScope::Endpoints(vec![Reference::Fact(index)]);
            self.facts.gaps.push(Unread { code: "answer-of-one-moment", message, help, location: at, scope });
            index
        });
        let from = Reference::Fact(index);
        if failed {
            let message = format!("`{name}` could not be resolved for clients in {code}: {}", shorten(answer));
            let help = Some("declare where the name leads, or ask a server that knows it with `--server`".to_owned());
            let scope = GapScope::Endpoints(vec![from]);
            self.facts.gaps.push(Unread { code: "not-resolved", message, help, location: at, scope });
            return Some(());
        }
        let source = if self.asked.is_empty() { "a server was asked".to_owned() } else { self.asked.clone() };
        for address in answer.split(", ") {
            let to = Reference::Address { ip: address.parse().ok()?, port: None };
            let mut route = RouteFact::new(from.clone(), to, Activity::Forward, at);
            route.alias = true;
            route.pool = Some(if told { format!("answers for {code}") } else { "answers".to_owned() });
            route.priority = Some(0);
            if told {
                route.clients = ClientMatch::Countries(vec![country]);
            }
            let client = network.map_or(String::new(), |n| format!(" ({n})"));
            route.trail = Trail::stated(at, format!("{source} for a client in {code}{client}: {address}"));
            self.facts.routes.push(route);
        }
        if !told && network.is_none() {
            let message = format!("the server does not tell clients of `{name}` apart, and may answer others elsewhere");
            let help =
                Some("ask a server of the zone itself with `--server`, which may honour the client's network".to_owned());
            self.facts.gaps.push(Unread {
                code: "not-resolved",
                message,
                help,
                location: at,
                scope: GapScope::Endpoints(vec![from]),
            });
        }
        Some(())
    }
}
