//! SARIF 2.1.0 (OASIS, with Errata 01) for code scanning. Findings and gaps are results; rules, coverage and data sets stand in the
//! properties of the run. Nothing that could not be told is lost: every gap is a `note` with a rule of its own.
//!
//! Kept to what GitHub takes ("SARIF support for code scanning"): every result has a file and a line, paths are relative to the top of
//! the repository, `primaryLocationLineHash` is the fingerprint by which it knows alerts again. GitHub reads no `suppressions`:
//! its action `advanced-security/dismiss-alerts` does.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::gate::{self, Spot, fails, gap_fingerprints, gravest, hop, spot, spot_of};
use super::json::{self, document, write_value};
use super::{RenderOptions, Reporter, safe};
use crate::explain;
use crate::finding::{Assessment, Finding, GapResult, Severity, Verdict};
use crate::lang::{self, Lang, Message};
use crate::source::{Location, Sources};

/// GitHub rejects a run with more.
const MOST_RESULTS: usize = 25_000;
/// Of more, GitHub shows the gravest.
const SHOWN_RESULTS: usize = 5_000;
/// Of more hops on a path, GitHub drops some.
const MOST_HOPS: usize = 1_000;
const MOST_RELATED: usize = 100;
/// GitHub's limit for descriptions of rules, in characters.
const MOST_DESCRIPTION: usize = 1_024;

/// The rule of the result that says that not all results are here or are shown.
const TOO_MANY: &str = "too-many-results";

/// Paths are relative to this; consumers know where it is.
const BASE: &str = "%SRCROOT%";

pub struct Sarif;

impl Reporter for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn describe(&self) -> &'static str {
        "SARIF 2.1.0, for code scanning on GitHub and others"
    }

    fn write(&self, a: &Assessment, sources: &Sources, _: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let rules = Rules::new(a);
        let document = document(a, sources);
        let log = Log {
            schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                results: results(a, sources, &rules),
                tool: Tool {
                    driver: Driver { name: "onshore", semantic_version: env!("CARGO_PKG_VERSION"), rules: rules.list },
                },
                invocations: [Invocation { execution_successful: true }],
                original_uri_base_ids: [(BASE, Base { description: Text::new("the top of the repository") })].into(),
                column_kind: "unicodeCodePoints",
                properties: Properties {
                    project: document.project,
                    verdict: document.verdict,
                    as_of: document.as_of,
                    rules: document.rules,
                    transfers: document.transfers,
                    coverage: document.coverage,
                    data_sets: document.data_sets,
                },
            }],
        };
        write_value(&log, out)
    }
}

fn results(a: &Assessment, sources: &Sources, rules: &Rules) -> Vec<Outcome> {
    let findings = gravest(a);
    let all = findings.len() + a.gaps.len();
    let told = if all > SHOWN_RESULTS { MOST_RESULTS - 1 } else { MOST_RESULTS };
    let mut results = Vec::with_capacity(all.min(MOST_RESULTS));
    if all > SHOWN_RESULTS {
        results.push(too_many(&findings, all, told, sources, rules));
    }
    let of_findings = findings.iter().map(|f| of_finding(f, sources, rules));
    let of_gaps = a.gaps.iter().zip(gap_fingerprints(&a.gaps, sources)).map(|(g, print)| of_gap(g, print, sources, rules));
    results.extend(of_findings.chain(of_gaps).take(told));
    results
}

fn of_finding(f: &Finding, sources: &Sources, rules: &Rules) -> Outcome {
    let id = rule_of(f);
    let policy = f.policy_location.filter(|at| gate::is_file(&sources.get(at.source).path));
    let labels = f.labels.iter().map(|l| (l.location, safe(&l.text.to_string()).into_owned()));
    let related = labels.chain(policy.map(|at| (at, "asked for here".to_owned()))).take(MOST_RELATED);
    let verdict = f.verdict.as_str();
    let mut text = match f.verdict {
        Verdict::Violated => safe(&f.message.to_string()).into_owned(),
        _ => format!("{verdict}: {}", safe(&f.message.to_string())),
    };
    if let Some(help) = &f.help {
        text.push_str(&format!(". What to do: {}", safe(&help.to_string())));
    }
    Outcome {
        rule_index: rules.index.get(&id).copied(),
        rule_id: safe(&id).into_owned(),
        level: match (f.verdict, f.severity) {
            (Verdict::Waived | Verdict::Satisfied | Verdict::NotApplicable, _) | (Verdict::Violated, Severity::Low) => "note",
            (Verdict::Violated | Verdict::Unsatisfiable, Severity::High | Severity::Critical) => "error",
            _ => "warning",
        },
        message: Text::new(&text),
        locations: [Place::new(spot_of(f, sources), None, None)],
        partial_fingerprints: Fingerprints::new(&f.fingerprint),
        code_flows: code_flow(f, sources).into_iter().collect(),
        related_locations: (0..).zip(related).map(|(id, (at, text))| Place::at(at, Some(id), &text, sources)).collect(),
        suppressions: f.waiver.iter().map(|w| Suppression::new(&super::waived(w, sources, Lang::En))).collect(),
        properties: OutcomeProperties {
            verdict,
            severity: f.severity.as_str(),
            code: f.code,
            origin: safe_all(&f.origin),
            data: safe_all(&f.data),
            endpoint: safe(&f.endpoint).into_owned(),
            places: super::places_short(&f.places, Lang::En),
            when: gate::when(f, Lang::En),
            touches: Vec::new(),
        },
    }
}

fn of_gap(g: &GapResult, fingerprint: String, sources: &Sources, rules: &Rules) -> Outcome {
    let id = gap_rule(g.code);
    let help = g.help.iter().map(|help| format!(". What to do: {}", safe(&help.to_string())));
    let open = (!g.touches.is_empty()).then(|| format!(". Leaves open: {}", safe(&g.touches.join(", "))));
    let text: String = [safe(&g.message.to_string()).into_owned()].into_iter().chain(help).chain(open).collect();
    Outcome {
        rule_index: rules.index.get(&id).copied(),
        rule_id: id,
        level: "note",
        message: Text::new(&text),
        locations: [Place::new(spot(sources, g.location), None, None)],
        partial_fingerprints: Fingerprints::new(&fingerprint),
        code_flows: Vec::new(),
        related_locations: Vec::new(),
        suppressions: Vec::new(),
        properties: OutcomeProperties { verdict: "gap", code: g.code, touches: safe_all(&g.touches), ..Default::default() },
    }
}

/// Says how many there are, and what is not here.
fn too_many(findings: &[&Finding], all: usize, told: usize, sources: &Sources, rules: &Rules) -> Outcome {
    let left_out = all.saturating_sub(told);
    let mut text = format!("{all} results, the gravest first; GitHub shows {SHOWN_RESULTS}");
    if left_out > 0 {
        let failing = findings.iter().skip(told).filter(|f| fails(f.verdict)).count();
        let what = if failing > 0 { format!("{failing} of them violated") } else { "none of them violated".to_owned() };
        text.push_str(&format!("; {left_out} do not fit in here, {what}"));
    }
    text.push_str(". What to do: `--format json` has all");
    let project = Spot { file: format!("{}onshore.toml", sources.base), line: 1, columns: None };
    Outcome {
        rule_index: rules.index.get(TOO_MANY).copied(),
        rule_id: TOO_MANY.to_owned(),
        level: if findings.iter().any(|f| fails(f.verdict)) { "error" } else { "warning" },
        message: Text::new(&text),
        locations: [Place::new(project, None, None)],
        partial_fingerprints: Fingerprints::new(TOO_MANY),
        code_flows: Vec::new(),
        related_locations: Vec::new(),
        suppressions: Vec::new(),
        properties: OutcomeProperties { verdict: "summary", code: TOO_MANY, ..Default::default() },
    }
}

/// The path, hop by hop; of an endless one the middle is left out.
fn code_flow(f: &Finding, sources: &Sources) -> Option<CodeFlow> {
    if f.path.is_empty() {
        return None;
    }
    let half = MOST_HOPS / 2;
    let left_out = f.path.len().saturating_sub(MOST_HOPS);
    let hops = f.path.iter().enumerate().filter(|(i, _)| left_out == 0 || *i < half || *i >= half + left_out);
    let locations = hops.map(|(i, h)| {
        let skipped = match left_out {
            n if n > 0 && i == half + n => format!(" (before it, {} left out)", lang::count(n, "hop", "hops")),
            _ => String::new(),
        };
        Step { location: Place::at(h.location, None, &format!("{}{skipped}", hop(h, Lang::En)), sources) }
    });
    Some(CodeFlow { thread_flows: [ThreadFlow { locations: locations.collect() }] })
}

/// The rules that results name, each once.
struct Rules {
    list: Vec<Descriptor>,
    index: BTreeMap<String, usize>,
}

impl Rules {
    /// Those that were asked, then codes of findings that no rule asked for, then codes of gaps.
    fn new(a: &Assessment) -> Self {
        let mut rules = Self { list: Vec::new(), index: BTreeMap::new() };
        // Why a rule is there, with its citation, is said by its findings.
        let mut why: BTreeMap<&str, &Message> = BTreeMap::new();
        for f in &a.findings {
            if let (Some(rule), Some(text)) = (&f.rule, &f.why) {
                why.entry(rule).or_insert(text);
            }
        }
        for r in &a.rules {
            let full = why.get(r.rule.as_str()).copied().unwrap_or(&r.title).to_string();
            rules.add(r.rule.clone(), &r.title.to_string(), &full, &full, Some(r.severity));
            rules.tag(&r.controls);
        }
        for f in &a.findings {
            rules.add_code(rule_of(f), f.code, f.why.as_ref().map(ToString::to_string).as_deref(), Some(f.severity));
        }
        for g in &a.gaps {
            rules.add_code(gap_rule(g.code), g.code, None, None);
        }
        if a.findings.len() + a.gaps.len() > SHOWN_RESULTS {
            let title = "There are more results than code scanning shows";
            rules.add(TOO_MANY.to_owned(), title, title, "`--format json` has all; fix the gravest first", None);
        }
        rules
    }

    /// Controls of the rule that was added last.
    fn tag(&mut self, controls: &[&'static str]) {
        if let Some(last) = self.list.last_mut() {
            last.properties.tags.extend(controls);
        }
    }

    fn add_code(&mut self, id: String, code: &str, why: Option<&str>, severity: Option<Severity>) {
        if self.index.contains_key(&id) {
            return;
        }
        match explain::code(code) {
            Some(c) => {
                let help = format!("{}\n\n{}\n\nWhat to do: {}", c.means, c.matters, c.remedy);
                self.add(id, &c.title, &c.means, &help, severity);
            }
            None => self.add(id, code, why.unwrap_or(code), why.unwrap_or(code), severity),
        }
    }

    fn add(&mut self, id: String, short: &str, full: &str, help: &str, severity: Option<Severity>) {
        let title = if short.is_empty() { id.as_str() } else { short };
        self.list.push(Descriptor {
            id: safe(&id).into_owned(),
            short_description: Text::short(title),
            full_description: Text::short(if full.is_empty() { title } else { full }),
            help: Text::lines(if help.is_empty() { title } else { help }),
            default_configuration: Configuration { level: severity.map_or("note", level) },
            properties: DescriptorProperties {
                security_severity: severity.map(score),
                tags: match severity {
                    Some(_) => vec!["security", "data-residency"],
                    None => vec!["data-residency", "not-told"],
                },
            },
        });
        self.index.insert(id, self.list.len() - 1);
    }
}

/// `pack/rule`; the code, for findings that no rule asked for.
fn rule_of(f: &Finding) -> String {
    f.rule.clone().unwrap_or_else(|| f.code.to_owned())
}

fn gap_rule(code: &str) -> String {
    format!("gap/{code}")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// In the middle of GitHub's bands: over 9.0 critical, 7.0 high, 4.0 medium, 0.1 low.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn safe_all(texts: &[String]) -> Vec<String> {
    texts.iter().map(|t| safe(t).into_owned()).collect()
}

/// A relative reference (RFC 3986): everything but unreserved characters and `/` is a percent escape, `pack:x` has no scheme.
pub(crate) fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for b in path.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, Base>,
    column_kind: &'static str,
    results: Vec<Outcome>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: String,
    short_description: Text,
    full_description: Text,
    help: Text,
    default_configuration: Configuration,
    properties: DescriptorProperties,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct DescriptorProperties {
    #[serde(skip_serializing_if = "Option::is_none")]
    security_severity: Option<&'static str>,
    tags: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
}

#[derive(Serialize)]
struct Base {
    description: Text,
}

/// As in the JSON report.
#[derive(Serialize)]
struct Properties<'a> {
    project: Option<&'a str>,
    verdict: &'static str,
    as_of: &'a str,
    rules: Vec<json::Rule<'a>>,
    transfers: Vec<json::JsonTransfer<'a>>,
    coverage: json::JsonCoverage<'a>,
    data_sets: Vec<json::DataSet<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: [Place; 1],
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    code_flows: Vec<CodeFlow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Place>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    properties: OutcomeProperties,
}

#[derive(Default, Serialize)]
struct OutcomeProperties {
    verdict: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    severity: &'static str,
    code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    origin: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    data: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    endpoint: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    places: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    touches: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprints {
    /// The only one that GitHub reads.
    primary_location_line_hash: String,
    #[serde(rename = "onshore/v1")]
    own: String,
}

impl Fingerprints {
    fn new(text: &str) -> Self {
        let text = safe(text).into_owned();
        Self { primary_location_line_hash: text.clone(), own: text }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeFlow {
    thread_flows: [ThreadFlow; 1],
}

#[derive(Serialize)]
struct ThreadFlow {
    locations: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    location: Place,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

impl Suppression {
    fn new(justification: &str) -> Self {
        Self { kind: "external", status: "accepted", justification: justification.to_owned() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

impl Place {
    fn new(at: Spot, id: Option<usize>, text: Option<&str>) -> Self {
        let end = at.columns.as_ref().and_then(|c| c.end);
        let region = Region {
            start_line: at.line,
            start_column: at.columns.as_ref().map(|c| c.start),
            end_line: end.map(|(line, _)| line),
            end_column: end.map(|(_, column)| column),
        };
        let artifact_location = Artifact { uri: uri(&at.file), uri_base_id: BASE };
        Self { id, physical_location: Physical { artifact_location, region }, message: text.map(Text::new) }
    }

    fn at(at: Location, id: Option<usize>, text: &str, sources: &Sources) -> Self {
        Self::new(spot(sources, at), id, Some(text))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
}

/// A plain text message. `[a](b)` would be a link in it (section 3.11.6), `{0}` a placeholder (section 3.11.5).
#[derive(Serialize)]
struct Text {
    text: String,
}

impl Text {
    fn new(text: &str) -> Self {
        Self { text: safe(text).replace("](", "] (").replace('{', "{{").replace('}', "}}") }
    }

    /// With the line ends that stand in it.
    fn lines(text: &str) -> Self {
        let lines: Vec<String> = text.split('\n').map(|line| Self::new(line).text).collect();
        Self { text: lines.join("\n") }
    }

    fn short(text: &str) -> Self {
        let Self { text } = Self::new(text);
        if text.chars().count() <= MOST_DESCRIPTION {
            return Self { text };
        }
        let mut cut: String = text.chars().take(MOST_DESCRIPTION - 4).collect();
        // Half of a doubled brace would be a placeholder's.
        let last = cut.chars().next_back().filter(|c| matches!(c, '{' | '}'));
        if last.is_some_and(|brace| (cut.len() - cut.trim_end_matches(brace).len()) % 2 == 1) {
            cut.pop();
        }
        Self { text: cut + " ..." }
    }
}
