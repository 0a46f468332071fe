//! What would make a rule hold, in the contract.

use serde::Serialize;

use super::{Position, position};
use crate::finding::{Addition, CutRoute, Remedy, Smaller};
use crate::lang::Message;
use crate::source::Sources;

#[derive(Serialize)]
pub(in crate::report) struct JsonRemedy<'a> {
    rule: &'a str,
    cut: Vec<JsonCut<'a>>,
    #[serde(rename = "move")]
    moves: &'a [String],
    smallest: bool,
    judged: bool,
    then: Option<Then<'a>>,
    unserved: Vec<Unserved<'a>>,
    breaks: &'a [String],
    smaller: Option<JsonSmaller<'a>>,
    add: Vec<JsonAddition<'a>>,
}

/// The verdict of the rule, as if all of it were made.
#[derive(Serialize)]
struct Then<'a> {
    verdict: &'static str,
    why: &'a Message,
}

/// Fewer routes that would do, and what that costs.
#[derive(Serialize)]
struct JsonSmaller<'a> {
    cut: Vec<JsonCut<'a>>,
    unserved: Vec<Unserved<'a>>,
    breaks: &'a [String],
}

#[derive(Serialize)]
struct JsonAddition<'a> {
    what: &'static str,
    kind: &'static str,
    of: &'a [String],
    at: &'a [String],
    existing: &'a [String],
    refused: Vec<Refused<'a>>,
    offers: Option<&'a str>,
    /// Fingerprints.
    findings: &'a [String],
}

#[derive(Serialize)]
struct Refused<'a> {
    at: &'a str,
    why: &'a Message,
}

#[derive(Serialize)]
struct JsonCut<'a> {
    from: &'a str,
    to: &'a str,
    activity: &'static str,
    role: &'static str,
    instead: &'a [String],
    /// Fingerprints.
    findings: &'a [String],
    source: Position<'a>,
}

#[derive(Serialize)]
struct Unserved<'a> {
    population: &'a str,
    data: &'a str,
}

pub(super) fn remedy<'a>(r: &'a Remedy, sources: &'a Sources) -> JsonRemedy<'a> {
    let cut = |c: &'a CutRoute| JsonCut {
        from: &c.from,
        to: &c.to,
        activity: c.activity,
        role: c.role.as_str(),
        instead: &c.instead,
        findings: &c.findings,
        source: position(sources, c.location),
    };
    let unserved = |all: &'a [(String, String)]| -> Vec<Unserved<'a>> {
        all.iter().map(|(population, data)| Unserved { population, data }).collect()
    };
    let smaller = |s: &'a Smaller| JsonSmaller {
        cut: s.cut.iter().map(cut).collect(),
        unserved: unserved(&s.unserved),
        breaks: &s.breaks,
    };
    JsonRemedy {
        rule: &r.rule,
        cut: r.cut.iter().map(cut).collect(),
        moves: &r.moves,
        smallest: r.smallest,
        judged: r.judged,
        then: r.then.as_ref().map(|(verdict, why)| Then { verdict: verdict.as_str(), why }),
        unserved: unserved(&r.unserved),
        breaks: &r.breaks,
        smaller: r.smaller.as_ref().map(smaller),
        add: r.add.iter().map(addition).collect(),
    }
}

fn addition(a: &Addition) -> JsonAddition<'_> {
    JsonAddition {
        what: a.what,
        kind: a.kind,
        of: &a.of,
        at: &a.at,
        existing: &a.existing,
        refused: a.refused.iter().map(|(at, why)| Refused { at, why }).collect(),
        offers: (!a.offers.is_empty()).then_some(a.offers.as_str()),
        findings: &a.findings,
    }
}
