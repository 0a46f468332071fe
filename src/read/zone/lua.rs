//! PowerDNS's LUA records (PowerDNS Authoritative, "Lua Records", versions 4.2 to 5.0): code that is run for each query. It is not run
//! here but followed as far as it can be: every branch that some client may take, and of the functions that pick addresses, what they
//! may pick. Functions and options are those of "Lua Records / Functions available" and of `lua-record.cc`, which differ in one thing:
//! with everything down, older versions answer from all sets, newer ones from the first that is not empty. Both are less than what
//! overload lets through here.
//!
//! | code | becomes |
//! |---|---|
//! | `ifportup`, `ifurlup`, `ifurlextup` | sets in the order of preference; a later one carries when nothing of the earlier ones is up |
//! | `pickclosest`, selector `pickclosest` | each target for the clients that it is nearest to, whoever they are |
//! | `pickrandom`, `pickwrandom`, `pickhashed` and their kin | a share each |
//! | `view`, `netmask`, `country`, `continent`, `region`, `asnum` | conditions on clients |
//! | `include`, `dblookup` | taken from the same zone |
//!
//! A condition that cannot be followed leaves both of its ways open to everybody; a *value* that cannot be followed is a gap.

mod eval;
pub mod parse;
mod values;

use std::collections::BTreeMap;

use super::answer::Answer;
use super::collect::Collected;
use super::record::{Data, Part, known_type};
use crate::source::{Location, Sources, Span};

/// The code of a record, with where each piece of it stands.
pub struct Code<'a> {
    pub text: String,
    /// Where in `text` each piece begins, where it stands in its file, and how it is written there.
    pieces: Vec<(usize, Location, &'a str)>,
}

impl<'a> Code<'a> {
    /// Joins the pieces without anything between them, as the server does.
    pub fn new(parts: &[Part], sources: &'a Sources) -> Self {
        let mut code = Self { text: String::new(), pieces: Vec::new() };
        for part in parts {
            let raw = sources.get(part.location.source).text.get(part.location.span.range()).unwrap_or("");
            code.pieces.push((code.text.len(), part.location, raw));
            unescape(&part.text, &mut code.text);
        }
        code
    }

    /// Where a word of the code stands: its own place if it is written once in its piece, else the whole piece.
    pub fn at(&self, offset: usize, word: &str) -> Location {
        let index = self.pieces.partition_point(|(start, _, _)| *start <= offset).saturating_sub(1);
        let Some((_, location, raw)) = self.pieces.get(index) else { return self.start() };
        let mut found = raw.match_indices(word);
        match (found.next(), found.next()) {
            (Some((at, _)), None) if !word.is_empty() => {
                let start = location.span.start as usize + at;
                Location::new(location.source, Span::new(start, start + word.len()))
            }
            _ => *location,
        }
    }

    pub fn start(&self) -> Location {
        self.pieces.first().map_or(Location::new(crate::source::SourceId(0), Span::default()), |(_, at, _)| *at)
    }
}

/// Zone files escape quotes and backslashes.
fn unescape(text: &str, out: &mut String) {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            out.extend(chars.next());
        } else {
            out.push(c);
        }
    }
}

/// Replaces the LUA records of a zone by what they may answer.
pub fn settle(zone: &mut Collected, sources: &Sources) {
    if !zone.records.iter().any(|r| matches!(r.data, Data::Lua { .. })) {
        return;
    }
    // `include` names a record relative to its zone.
    let mut includes: BTreeMap<String, Vec<Code<'_>>> = BTreeMap::new();
    for record in &zone.records {
        if let Data::Lua { kind, code } = &record.data
            && kind == "LUA"
        {
            includes.entry(record.owner.clone()).or_default().push(Code::new(code, sources));
        }
    }
    let origin = zone.origin.clone().or_else(|| zone.records.iter().find(|r| r.data == Data::Soa).map(|r| r.owner.clone()));
    for record in &mut zone.records {
        let Data::Lua { kind, code } = &record.data else { continue };
        record.data = match (kind.as_str(), known_type(kind)) {
            // Code for others, and types that lead nowhere.
            ("LUA" | "TXT" | "SPF" | "PTR" | "CAA" | "LOC", _) => Data::Inert,
            (_, None) => Data::Unfollowed(format!("LUA {kind}")),
            (kind, Some(_)) => {
                let code = Code::new(code, sources);
                let answer = answer(kind, &code, &includes, origin.as_deref());
                Data::Chosen { kind: kind.to_owned(), answer: Box::new(answer) }
            }
        };
    }
}

fn answer(kind: &str, code: &Code<'_>, includes: &BTreeMap<String, Vec<Code<'_>>>, origin: Option<&str>) -> Answer {
    // Without a semicolon the code is what `return` takes.
    let (text, offset, returns) = match code.text.strip_prefix(';') {
        Some(rest) => (rest, 1, false),
        None => (code.text.as_str(), 0, true),
    };
    match parse::parse(text, offset, returns) {
        Ok(block) => eval::run(kind, code, &block, includes, origin),
        Err(why) => eval::unknown(code.at(why.offset, ""), why.message),
    }
}
