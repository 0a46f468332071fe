//! `onshore policy test`: holds the rules of a pack against the tiny worlds of its `[[test]]` tables. Both ways: what a test
//! expects must come out, and what comes out must be expected. The rules are judged by the same code as in `onshore check`.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Packs, junit};
use crate::check::{Question, assess};
use crate::cli::{Context, Failure};
use crate::doc;
use crate::finding::{Assessment, Coverage, Finding, Verdict};
use crate::geo::Atlas;
use crate::lang::{self, Arg as _, Joint, Message, count, say, tell};
use crate::link::{Matcher, link};
use crate::model::{Endpoint, Facts};
use crate::policy::{self, ExpectedFinding, Pack, Status};
use crate::project::{self, Project, Selector};
use crate::read::inventory;
use crate::report::{self, RenderOptions, safe, safe_message};
use crate::source::{InputError, Location, SourceId, Sources, Spanned};

#[derive(Debug, Args)]
pub struct Test {
    /// Files or pack:NAME; nothing: every shipped pack
    policies: Vec<String>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Write the report to a file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fail (exit code 1) unless every rule has a test in which it is satisfied, one in which it is violated and one in which it
    /// is indeterminate
    #[arg(long)]
    require_coverage: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Junit,
}

/// The world of one test, as far as it could be read.
pub struct World {
    facts: Facts,
    project: Project,
    pub errors: Vec<InputError>,
}

/// The tests of a pack, and what came of each, in the order of the file.
pub struct Suite<'p> {
    pub pack: &'p Pack,
    pub outcomes: Vec<Outcome<'p>>,
}

pub struct Outcome<'p> {
    pub test: &'p policy::Test,
    /// Empty: it passed.
    pub mismatches: Vec<Mismatch>,
}

/// Something that is not as a test expects it.
pub struct Mismatch {
    /// The line of the test that says so.
    pub at: Location,
    /// What was expected and what was found, in one line.
    pub message: Message,
    /// What helps to see why, a line each.
    pub details: Vec<Message>,
}

impl Test {
    pub fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let Packs { sources, packs } = super::read(&self.policies, context)?;
        let mut suites = Vec::new();
        for pack in &packs {
            suites.push(Suite { pack, outcomes: outcomes(pack, &sources)? });
        }
        if suites.iter().all(|s| s.outcomes.is_empty()) {
            return Err(Failure::with_help(
                "there is no [[test]] in what was named",
                "`onshore policy new` writes a pack with tests to begin with",
            ));
        }
        context.written_to(self.output.as_deref(), |context| {
            match self.format {
                Format::Text => text(&suites, &sources, &context.options, context.out)?,
                Format::Junit => junit::write(&suites, &sources, context.out)?,
            }
            Ok(())
        })?;
        let failed = suites.iter().flat_map(|s| &s.outcomes).any(|o| !o.mismatches.is_empty());
        let bare = packs.iter().any(|p| p.rules.iter().any(|r| !p.not_shown(r).is_empty()));
        Ok(u8::from(failed || (self.require_coverage && bare)))
    }
}

/// The worlds of a pack's tests, in their order. The text is the one that the pack was parsed from.
pub fn worlds(pack: &Pack, sources: &Sources) -> Vec<World> {
    // By file: most packs keep their tests with them.
    let mut files: Vec<SourceId> = pack.tests.iter().map(|t| t.location.source).collect();
    files.sort_unstable();
    files.dedup();
    let documents: BTreeMap<SourceId, doc::Document<'_>> =
        files.into_iter().map(|file| (file, doc::toml::parse(&sources.get(file).text))).collect();
    let tables: BTreeMap<SourceId, Vec<doc::Node<'_>>> = documents
        .iter()
        .map(|(file, d)| (*file, d.root().and_then(|r| r.get("test")).into_iter().flat_map(|t| t.items()).collect()))
        .collect();
    let read = |test: &policy::Test| {
        let file = test.location.source;
        let (source, node) = (sources.get(file), tables[&file][test.number]);
        let reading = inventory::read_within(node, file, source);
        let (project, mut errors) = project::parse_within(node, file, &source.text);
        errors.extend(reading.errors);
        World { facts: reading.facts, project: project.unwrap_or_default(), errors }
    };
    pack.tests.iter().map(read).collect()
}

fn outcomes<'p>(pack: &'p Pack, sources: &Sources) -> Result<Vec<Outcome<'p>>, Failure> {
    let mut all = Vec::new();
    for (test, world) in pack.tests.iter().zip(worlds(pack, sources)) {
        let assessment = judged(pack, test, world, sources)?;
        all.push(Outcome { test, mismatches: mismatches(pack, test, &assessment, sources) });
    }
    Ok(all)
}

/// What `onshore check` would say of the world on the day of the test.
fn judged(pack: &Pack, test: &policy::Test, world: World, sources: &Sources) -> Result<Assessment, Failure> {
    let file = pack.location.source;
    // Named sets of places have the members of that day.
    let (of_day, errors) = policy::parse(file, &sources.get(file).text, test.as_of);
    let Some(mut of_day) = of_day else {
        let mut alone = Sources::default();
        sources.iter().for_each(|(_, s)| _ = alone.add(s.path.clone(), s.text.clone()));
        return Err(Failure::Input { errors, sources: alone });
    };
    // Tests say what the rules mean, not whether they bind yet.
    of_day.status = Status::InForce;
    let World { facts, mut project, .. } = world;
    for (point, reading) in &test.readings {
        project.readings.insert(format!("{}/{}", pack.id, point.value), Spanned::new(*reading, point.span));
    }
    let snapshot = link(vec![(test.location.source, facts)], &project, sources);
    let selected = |selector: &Selector| {
        let matcher = Matcher::new(selector);
        let snapshot = &snapshot;
        move |e: &Endpoint| matcher.matches(snapshot, e, sources)
    };
    let atlas = Atlas::embedded(test.as_of).with_snapshot(&snapshot, &project.geo, selected);
    Ok(assess(Question {
        snapshot: &snapshot,
        sources,
        atlas: &atlas,
        project: &project,
        packs: std::slice::from_ref(&of_day),
        as_of: test.as_of,
        coverage: Coverage::default(),
        baseline: None,
        world: None,
    }))
}

fn mismatches(pack: &Pack, test: &policy::Test, assessment: &Assessment, sources: &Sources) -> Vec<Mismatch> {
    let mut all = Vec::new();
    for rule in &pack.rules {
        let (id, name) = (&rule.id.value, pack.rule_name(rule));
        let Some(result) = assessment.rules.iter().find(|r| r.rule == name) else { continue };
        let found = Message::Word(result.verdict.as_str());
        let why = safe_message(&result.why);
        let (at, message) = match test.expect.iter().find(|(expected, _)| expected.value == *id) {
            Some((_, expected)) if *expected == result.verdict => continue,
            Some((at, expected)) => {
                let expected = Message::Word(expected.as_str());
                let message = say!("`{id}` was to be {expected} and is {found}: {why}", id = safe(id), expected, found, why);
                (at.at(test.location.source), message)
            }
            None if matches!(result.verdict, Verdict::Satisfied | Verdict::NotApplicable) => continue,
            None => {
                let message = say!("`{id}` is {found}, and `expect` does not name it: {why}", id = safe(id), found, why);
                (test.location, message)
            }
        };
        let of_rule = assessment.findings.iter().filter(|f| f.rule.as_ref() == Some(&name));
        all.push(Mismatch { at, message, details: of_rule.map(|f| told(f, sources)).collect() });
    }
    for expected in test.findings.iter().filter(|e| !assessment.findings.iter().any(|f| agrees(e, f, pack))) {
        let near = assessment.findings.iter().filter(|f| id_of(f, pack) == expected.rule.as_deref());
        all.push(Mismatch {
            at: expected.location,
            message: say!("not found: {finding}", finding = wanted(expected)),
            details: near.map(|f| say!("found: {finding}", finding = described(f))).collect(),
        });
    }
    let grave = |f: &&Finding| matches!(f.verdict, Verdict::Violated | Verdict::Unsatisfiable | Verdict::Conflict);
    for finding in assessment.findings.iter().filter(grave) {
        if !test.findings.iter().any(|e| agrees(e, finding, pack)) {
            let mut details = vec![told(finding, sources), say!("if that is right, add:")];
            details.extend(as_table(finding, pack).into_iter().map(Message::Plain));
            let message = say!("found, and no [[test.finding]] expects it: {finding}", finding = described(finding));
            all.push(Mismatch { at: test.location, message, details });
        }
    }
    if let Some(last) = all.last_mut() {
        let gaps = assessment.gaps.iter();
        last.details.extend(gaps.map(|g| {
            let at = report::line(sources, g.location);
            say!("gap at {at}: {message}", at, message = safe_message(&g.message))
        }));
    }
    all
}

/// The id of the finding's rule in the pack.
fn id_of<'f>(finding: &'f Finding, pack: &Pack) -> Option<&'f str> {
    finding.rule.as_deref()?.strip_prefix(pack.id.as_str())?.strip_prefix('/')
}

fn agrees(expected: &ExpectedFinding, found: &Finding, pack: &Pack) -> bool {
    let ExpectedFinding { rule, endpoint, code, verdict, state, path, location: _ } = expected;
    id_of(found, pack) == rule.as_deref()
        && endpoint.as_ref().is_none_or(|e| *e == found.endpoint)
        && code.as_ref().is_none_or(|c| c == found.code)
        && verdict.is_none_or(|v| v == found.verdict)
        && state.is_none_or(|s| Some(s) == found.state)
        && path.as_ref().is_none_or(|p| p.iter().eq(found.path.iter().map(|h| &h.endpoint)))
}

/// ``data-leaves-boundary of `no-overseas-overflow` at `bridge-bj`, violated, in state overload, by edge > bridge-bj``.
fn wanted(expected: &ExpectedFinding) -> Message {
    let ExpectedFinding { rule, endpoint, code, verdict, state, path, location: _ } = expected;
    let mut text = code.as_ref().map_or_else(|| say!("a finding"), |c| safe(c).arg());
    if let Some(rule) = rule {
        text = say!("{finding} of `{rule}`", finding = text, rule = safe(rule));
    }
    if let Some(endpoint) = endpoint {
        text = say!("{finding} at `{endpoint}`", finding = text, endpoint = safe(endpoint));
    }
    let mut parts = vec![text];
    parts.extend(verdict.map(|v| Message::Word(v.as_str())));
    parts.extend(state.map(|s| say!("in state {state}", state = Message::Word(s.as_str()))));
    parts.extend(path.iter().map(|p| say!("by {path}", path = safe(&p.join(" > ")))));
    lang::series(parts, Joint::Clause)
}

/// A finding in the words of [`wanted`].
fn described(finding: &Finding) -> Message {
    let rule = finding.rule.as_deref().map(|r| r.rsplit_once('/').map_or(r, |(_, id)| id).to_owned());
    wanted(&ExpectedFinding {
        rule,
        endpoint: Some(finding.endpoint.clone()),
        code: Some(finding.code.to_owned()),
        verdict: Some(finding.verdict),
        state: finding.state,
        path: (!finding.path.is_empty()).then(|| finding.path.iter().map(|h| h.endpoint.clone()).collect()),
        // Not shown.
        location: Location::new(crate::source::SourceId(0), crate::source::Span::default()),
    })
}

/// The message, with the line that breaks the rule.
fn told(finding: &Finding, sources: &Sources) -> Message {
    let message = safe_message(&finding.message);
    match finding.location {
        Some(at) => say!("{at}: {message}", at = report::line(sources, at), message),
        None => message,
    }
}

/// The lines by which a test would expect the finding.
fn as_table(finding: &Finding, pack: &Pack) -> Vec<String> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut lines = vec!["[[test.finding]]".to_owned()];
    lines.extend(id_of(finding, pack).map(|id| format!("rule = {}", quoted(id))));
    lines.push(format!("endpoint = {}", quoted(&finding.endpoint)));
    lines.push(format!("code = {}", quoted(finding.code)));
    lines.extend(finding.state.map(|s| format!("state = {}", quoted(s.as_str()))));
    if !finding.path.is_empty() {
        let hops: Vec<String> = finding.path.iter().map(|h| quoted(&h.endpoint)).collect();
        lines.push(format!("path = [{}]", hops.join(", ")));
    }
    lines.into_iter().map(|l| safe(&l).into_owned()).collect()
}

fn text(suites: &[Suite<'_>], sources: &Sources, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let lang = options.lang;
    for suite in suites {
        for outcome in suite.outcomes.iter().filter(|o| !o.mismatches.is_empty()) {
            let test = outcome.test;
            let (at, name) = (report::line(sources, test.location), safe(&test.name.value));
            writeln!(out, "{}", tell!(lang, "failed {at}: {name}", at, name))?;
            for m in &outcome.mismatches {
                let line = tell!(lang, "{at}: {message}", at = report::line(sources, m.at), message = m.message);
                writeln!(out, "{}", options.wrap("  ", "    ", &line))?;
                for detail in &m.details {
                    writeln!(out, "{}", options.wrap("    ", "      ", &detail.tell(lang)))?;
                }
            }
        }
    }
    for Suite { pack, outcomes } in suites {
        let passed = outcomes.iter().filter(|o| o.mismatches.is_empty()).count();
        let (id, rules) = (safe(&pack.id), count(pack.rules.len(), "rule", "rules"));
        match outcomes.len() {
            0 => writeln!(out, "{}", tell!(lang, "{id}: {rules}, no tests", id, rules))?,
            n => {
                let tests = count(n, "test", "tests");
                writeln!(out, "{}", tell!(lang, "{id}: {rules}, {passed} of {tests} passed", id, rules, passed, tests))?;
            }
        }
        // Where there are no tests at all, a list of what they do not show is no news.
        for rule in pack.rules.iter().filter(|_| !outcomes.is_empty()) {
            let missing: Vec<&str> = pack.not_shown(rule).into_iter().map(|v| lang.word(v.as_str())).collect();
            if !missing.is_empty() {
                let (rule, verdicts) = (safe(&rule.id.value), missing.join(&tell!(lang, ", or ")));
                writeln!(out, "  {}", tell!(lang, "no test in which `{rule}` is {verdicts}", rule, verdicts))?;
            }
        }
    }
    Ok(())
}
