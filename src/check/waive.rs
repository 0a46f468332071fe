//! Waived findings: those that somebody answers for until a day, and those that a baseline knows from before. They stay in the
//! assessment and break no rule; a waiver that is over, or that is for nothing, is told.

use std::collections::BTreeSet;

use globset::GlobMatcher;

use super::context::Context;
use super::describe::fingerprint;
use super::{Question, judge_all, with_context};
use crate::finding::{Baseline, Coverage, Finding, Label, Severity, Verdict, Waived, WaivedBy};
use crate::lang::{self, Joint, Message, say};
use crate::model::{Country, EndpointId};
use crate::project::Waiver;
use crate::project::waiver::{Covers, FindingSelector};
use crate::source::glob;
use crate::vocab::classes;

pub use crate::finding::FOR_NOTHING;

/// Turns findings that are waived into such, and says which waivers were for nothing. `rules`: those of this run, `pack/rule`.
/// `known`: what is waived where every state is asked about, see [`waived`].
pub fn waive(
    context: &Context<'_>,
    baseline: Option<&Baseline>,
    rules: &[&str],
    known: &[Finding],
    findings: &mut Vec<Finding>,
) {
    let mut waivers: Vec<Matcher<'_>> = context.project.waivers.iter().map(Matcher::new).collect();
    for finding in findings.iter_mut().filter(|f| counts(f)) {
        let mut over: Option<&Waiver> = None;
        let mut waived: Option<&Waiver> = None;
        for matcher in waivers.iter_mut().filter(|m| m.matches(context, finding)) {
            matcher.used = true;
            let waiver = matcher.waiver;
            if waiver.expires.value < context.as_of {
                over = Some(over.map_or(waiver, |o| if waiver.expires.value > o.expires.value { waiver } else { o }));
            } else if waiver.granted.is_none_or(|g| g <= context.as_of) {
                waived = waived.or(Some(waiver));
            }
        }
        if let (None, Some(known)) = (waived, known.iter().find(|k| is_same(k, finding))) {
            finding.verdict = Verdict::Waived;
            finding.waiver.clone_from(&known.waiver);
            continue;
        }
        match (waived, over) {
            (Some(waiver), _) => {
                finding.verdict = Verdict::Waived;
                finding.waiver = Some(Waived::from(waiver));
            }
            (None, Some(waiver)) => lapsed(finding, waiver),
            (None, None) => {}
        }
        if let (None, Some(since)) = (waived, baseline.and_then(|b| b.since.get(&finding.fingerprint))) {
            finding.verdict = Verdict::Waived;
            let days = (context.as_of - *since).get_days();
            finding.waiver = Some(Waived {
                by: WaivedBy::Baseline { since: since.to_string(), days: i64::from(days) },
                granted: None,
                expires: None,
                location: None,
            });
        }
    }
    // In one state of the world a waiver may be for what is found in another.
    if context.world.is_none() {
        findings.extend(waivers.iter().filter(|m| !m.used).map(|m| for_nothing(context, m.waiver, rules)));
    }
}

/// What is waived where every state is asked about: a finding that is the same in one state of the world is waived there too,
/// though it is told of another state, or is about fewer people.
pub fn waived(question: &Question<'_>) -> Vec<Finding> {
    if question.project.waivers.is_empty() && question.baseline.is_none() {
        return Vec::new();
    }
    let question = Question { coverage: Coverage::default(), world: None, ..*question };
    let all = with_context(&question, |context| judge_all(context, &question).findings);
    all.into_iter().filter(|f| f.verdict == Verdict::Waived && f.code != FOR_NOTHING).collect()
}

/// Whether a finding says nothing that a known one does not say: the same thing wrong at the same endpoint by the same line.
fn is_same(known: &Finding, finding: &Finding) -> bool {
    let what = |f: &Finding| (f.code, f.activity, f.location);
    let covered = |own: &[String], all: &[String]| own.iter().all(|o| all.contains(o));
    known.rule == finding.rule
        && what(known) == what(finding)
        && (&known.endpoint, &known.lost, &known.with_rules) == (&finding.endpoint, &finding.lost, &finding.with_rules)
        && covered(&finding.origin, &known.origin)
        && covered(&finding.data, &known.data)
}

/// Who answers for what in the states of the world, for whoever asks state by state.
pub struct Waivers<'a> {
    matchers: Vec<Matcher<'a>>,
    known: Vec<Finding>,
}

impl<'a> Waivers<'a> {
    pub fn new(question: &Question<'a>) -> Self {
        Self { matchers: question.project.waivers.iter().map(Matcher::new).collect(), known: waived(question) }
    }

    /// Endpoints at which a finding of a rule is waived; `None`: the rule has no waiver.
    pub fn at(&self, context: &Context<'_>, rule: &str) -> Option<Vec<EndpointId>> {
        let of_rule = || self.known.iter().filter(|f| f.rule.as_deref() == Some(rule));
        let has_waiver = self.matchers.iter().any(|m| m.waiver.rule.value == rule) || of_rule().next().is_some();
        has_waiver.then(|| of_rule().filter_map(|f| context.snapshot.find(&f.endpoint)).collect())
    }

    pub fn covers(&self, context: &Context<'_>, finding: &Finding) -> bool {
        self.known.iter().any(|k| is_same(k, finding))
            || self.matchers.iter().any(|m| {
                let holds = m.waiver.granted.is_none_or(|g| g <= context.as_of) && m.waiver.expires.value >= context.as_of;
                holds && m.matches(context, finding)
            })
    }
}

/// Whether a finding counts against its rule, so that there is something to waive.
fn counts(finding: &Finding) -> bool {
    !matches!(finding.verdict, Verdict::Waived | Verdict::Satisfied | Verdict::NotApplicable)
}

impl From<&Waiver> for Waived {
    fn from(waiver: &Waiver) -> Self {
        Self {
            by: WaivedBy::Person {
                approver: waiver.approver.clone(),
                reason: waiver.reason.clone(),
                ticket: waiver.ticket.clone(),
            },
            granted: waiver.granted.map(|day| day.to_string()),
            expires: Some(waiver.expires.value.to_string()),
            location: Some(waiver.location),
        }
    }
}

fn lapsed(finding: &mut Finding, waiver: &Waiver) {
    finding.lapsed = Some(Waived::from(waiver));
    let until = waiver.expires.value;
    finding.message = say!("{message} (its waiver lapsed on {until})", message = finding.message, until);
    finding.labels.push(Label {
        location: waiver.location,
        text: say!("{approver} waived this until {until}: {reason}", approver = waiver.approver, until, reason = waiver.reason),
    });
}

/// A waiver that matches no finding: it would hide the next one that comes its way.
fn for_nothing(context: &Context<'_>, waiver: &Waiver, rules: &[&str]) -> Finding {
    let rule = &waiver.rule.value;
    let known = rules.contains(&rule.as_str());
    let why = match known {
        true => say!("no finding of the rule is what it is for"),
        false => say!("no policy of this run has such a rule"),
    };
    let near = (!known).then(|| crate::vocab::suggest(rule, rules.iter().copied())).flatten();
    let help = match near {
        Some(near) => say!("did you mean `{near}`?", near),
        None => say!("take it out, so that it does not hide what comes later"),
    };
    let message =
        say!("the waiver of `{rule}` until {expires} is for nothing: {why}", rule, expires = waiver.expires.value, why);
    let mut finding = Finding {
        rule: known.then(|| rule.clone()),
        help: Some(help),
        // What it is for is part of its name: a project may have many for one rule.
        endpoint: match &waiver.covers {
            Covers::Selected(s) => s.endpoint.clone().or_else(|| s.fingerprint.clone()).unwrap_or_default(),
            Covers::Line(file, _) => context.sources.get(*file).path.clone(),
        },
        location: Some(waiver.location),
        waiver: Some(Waived::from(waiver)),
        ..Finding::new(FOR_NOTHING, Severity::Low, Verdict::Waived, message)
    };
    finding.fingerprint = fingerprint(&finding);
    finding
}

struct Matcher<'a> {
    waiver: &'a Waiver,
    endpoint: Option<GlobMatcher>,
    file: Option<GlobMatcher>,
    used: bool,
}

impl<'a> Matcher<'a> {
    fn new(waiver: &'a Waiver) -> Self {
        let selector = match &waiver.covers {
            Covers::Selected(selector) => Some(selector),
            Covers::Line(..) => None,
        };
        // They compiled when the project was read.
        let compile = |text: &Option<String>| text.as_ref().and_then(|t| glob::compile(t, false).ok());
        Self {
            waiver,
            endpoint: selector.and_then(|s| compile(&s.endpoint)),
            file: selector.and_then(|s| compile(&s.file)),
            used: false,
        }
    }

    fn matches(&self, context: &Context<'_>, finding: &Finding) -> bool {
        if finding.rule.as_ref() != Some(&self.waiver.rule.value) {
            return false;
        }
        let at = finding.location.map(|at| (at.source, context.sources.position(at).line));
        match &self.waiver.covers {
            Covers::Line(file, line) => at == Some((*file, *line)),
            Covers::Selected(selector) => {
                let file = at.map(|(source, _)| context.sources.get(source).path.as_str());
                self.endpoint.as_ref().is_none_or(|glob| glob.is_match(&finding.endpoint))
                    && self.file.as_ref().is_none_or(|glob| file.is_some_and(|f| glob.is_match(f)))
                    && selects(selector, finding)
            }
        }
    }
}

/// What a selector says without a glob. A finding that is also about others is not covered.
fn selects(selector: &FindingSelector, finding: &Finding) -> bool {
    let origin = |o: &String| o.split('+').all(|code| selector.origin.iter().any(|c: &Country| c.as_str() == code));
    let data = |d: &String| selector.data.iter().any(|own| classes::covers(own, d));
    selector.fingerprint.as_ref().is_none_or(|f| finding.fingerprint.starts_with(f))
        && selector.code.as_ref().is_none_or(|c| finding.code == c)
        && (selector.origin.is_empty() || (!finding.origin.is_empty() && finding.origin.iter().all(origin)))
        && (selector.data.is_empty() || (!finding.data.is_empty() && finding.data.iter().all(data)))
        && (selector.state.is_empty() || finding.state.is_some_and(|s| selector.state.contains(&s)))
}

/// "2 findings are waived, the first until 2027-01-31": for a rule that nothing else breaks.
pub fn why(waived: &[&Finding]) -> Message {
    let until: BTreeSet<&str> = waived.iter().filter_map(|f| f.waiver.as_ref()?.expires.as_deref()).collect();
    let known = waived.iter().filter(|f| matches!(f.waiver.as_ref().map(|w| &w.by), Some(WaivedBy::Baseline { .. }))).count();
    let mut parts = Vec::new();
    if let Some(first) = until.first() {
        let findings = lang::count(waived.len() - known, "finding", "findings");
        let day = lang::day(first);
        parts.push(say!("{findings} waived, the first until {day}", findings, day));
    }
    if known > 0 {
        parts.push(say!("{findings} known from the baseline", findings = lang::count(known, "finding", "findings")));
    }
    lang::series(parts, Joint::Semicolon)
}
