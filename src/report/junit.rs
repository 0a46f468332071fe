//! JUnit XML, as Jenkins, GitLab and others read it: a test case per rule, and one per code of findings that no rule asked for.
//! Failed is what is violated or can never be met, in error what could not be decided, skipped what does not apply; a rule that
//! only waivers keep passes, and they stand in its output. There is no one schema; it is valid by the strictest
//! in use, that of Jenkins (junit-10.xsd): so lines of files stand in texts, not in attributes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::gate::{Title, data_sets, details, fails, gravest, line, spot_of};
use super::{RenderOptions, Reporter, coverage, safe, summary, xml};
use crate::finding::{Assessment, Finding, GapResult, Severity, Verdict};
use crate::lang::{self, Lang};
use crate::source::{Location, Sources};

/// Gaps shown with a rule that they leave open; all stand at the end.
const GAPS_OF_A_RULE: usize = 20;
/// Bytes of findings of a rule that come with everything; of further ones the line and the fingerprint.
const IN_FULL: usize = 1_000_000;
/// Bytes after which findings and gaps are counted: libxml2, and who reads with it, refuses a text of more than 10 million.
const MOST: usize = 8_000_000;

pub struct Junit;

impl Reporter for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn describe(&self) -> &'static str {
        "JUnit XML: a test case per rule"
    }

    fn write(&self, a: &Assessment, sources: &Sources, _: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let cases = cases(a);
        let of = |outcome: Outcome| cases.iter().filter(|c| c.outcome() == outcome).count();
        let counts =
            format!("tests=\"{}\" failures=\"{}\" errors=\"{}\"", cases.len(), of(Outcome::Failure), of(Outcome::Error));
        let skipped = of(Outcome::Skipped);
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(out, "<testsuites name=\"onshore\" {counts}>")?;
        writeln!(
            out,
            "  <testsuite name=\"{}\" {counts} skipped=\"{skipped}\">",
            xml(a.project.as_deref().unwrap_or("onshore"))
        )?;
        writeln!(out, "    <properties>")?;
        let mut property =
            |name: &str, value: &str| writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", xml(&safe(value)));
        property("verdict", a.verdict.as_str())?;
        property("as-of", &a.as_of)?;
        for text in coverage(&a.coverage) {
            property("examined", &text.to_string())?;
        }
        for text in data_sets(a, Lang::En) {
            property("data-set", &text)?;
        }
        writeln!(out, "    </properties>")?;
        for case in &cases {
            case.write(sources, out)?;
        }
        let mut said = vec![summary(a).to_string()];
        let mut written = 0;
        for (i, g) in a.gaps.iter().enumerate() {
            if written > MOST {
                said.push(format!("and {} more", lang::count(a.gaps.len() - i, "gap", "gaps")));
                break;
            }
            let told = gap(g, sources);
            written += told.len();
            said.push(told);
        }
        writeln!(out, "    <system-out>{}</system-out>", xml(&said.join("\n")))?;
        writeln!(out, "  </testsuite>\n</testsuites>")
    }
}

/// A rule with what was found of it, or a code that no rule asks for.
struct Case<'a> {
    class: &'a str,
    name: &'a str,
    title: String,
    why: String,
    severity: Severity,
    verdict: Verdict,
    location: Option<Location>,
    findings: Vec<&'a Finding>,
    gaps: Vec<&'a GapResult>,
    more_gaps: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failure,
    Error,
    Skipped,
}

fn cases(a: &Assessment) -> Vec<Case<'_>> {
    let mut cases: Vec<Case> = a
        .rules
        .iter()
        .map(|r| {
            let (class, name) = r.rule.split_once('/').unwrap_or(("onshore", &r.rule));
            Case {
                class,
                name,
                title: r.title.to_string(),
                why: r.why.to_string(),
                severity: r.severity,
                verdict: r.verdict,
                location: Some(r.location),
                findings: Vec::new(),
                gaps: Vec::new(),
                more_gaps: 0,
            }
        })
        .collect();
    let mut index: BTreeMap<&str, usize> = a.rules.iter().enumerate().map(|(i, r)| (r.rule.as_str(), i)).collect();
    for f in gravest(a) {
        let name = f.rule.as_deref().unwrap_or(f.code);
        let i = *index.entry(name).or_insert_with(|| {
            cases.push(Case {
                class: "onshore",
                name,
                title: f.code.to_owned(),
                why: String::new(),
                severity: f.severity,
                verdict: f.verdict,
                location: None,
                findings: Vec::new(),
                gaps: Vec::new(),
                more_gaps: 0,
            });
            cases.len() - 1
        });
        let case = &mut cases[i];
        if case.location.is_none() {
            case.verdict = case.verdict.max(f.verdict);
        }
        case.findings.push(f);
    }
    for g in &a.gaps {
        for rule in &g.touches {
            let Some(case) = index.get(rule.as_str()).map(|i| &mut cases[*i]) else { continue };
            if case.gaps.len() < GAPS_OF_A_RULE {
                case.gaps.push(g);
            } else {
                case.more_gaps += 1;
            }
        }
    }
    cases
}

impl Case<'_> {
    fn outcome(&self) -> Outcome {
        match self.verdict {
            v if fails(v) => Outcome::Failure,
            Verdict::Indeterminate | Verdict::Conflict => Outcome::Error,
            Verdict::NotApplicable => Outcome::Skipped,
            _ => Outcome::Passed,
        }
    }

    fn write(&self, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "    <testcase classname=\"{}\" name=\"{}\">", xml(&safe(self.class)), xml(&safe(self.name)))?;
        let text = xml(&self.text(sources));
        let message = match self.why.as_str() {
            "" => self.findings.first().map(|f| f.message.to_string()).unwrap_or_default(),
            why => why.to_owned(),
        };
        let kind = format!("{} {}", self.severity.as_str(), self.verdict.as_str());
        let attributes = format!("message=\"{}\" type=\"{}\"", xml(&safe(&message)), xml(&kind));
        match self.outcome() {
            Outcome::Failure => writeln!(out, "      <failure {attributes}>{text}</failure>")?,
            Outcome::Error => writeln!(out, "      <error {attributes}>{text}</error>")?,
            // It has a message and no text.
            Outcome::Skipped => writeln!(out, "      <skipped message=\"{}\"/>", xml(&safe(&message)))?,
            Outcome::Passed => {}
        }
        let told = matches!(self.outcome(), Outcome::Failure | Outcome::Error);
        if !(told || self.findings.is_empty() && self.gaps.is_empty()) {
            writeln!(out, "      <system-out>{text}</system-out>")?;
        }
        writeln!(out, "    </testcase>")
    }

    fn text(&self, sources: &Sources) -> String {
        let mut lines = vec![safe(&self.title).into_owned()];
        let mut written = 0;
        for (i, f) in self.findings.iter().enumerate() {
            if written > MOST {
                lines.push(format!("and {} more", lang::count(self.findings.len() - i, "finding", "findings")));
                break;
            }
            let at = spot_of(f, sources);
            let mut told = vec![format!(
                "{}:{}: {} {} {}: {}",
                safe(&at.file),
                at.line,
                f.severity.as_str(),
                f.verdict.as_str(),
                f.code,
                safe(&f.message.to_string())
            )];
            let details = details(f, sources, Lang::En).into_iter();
            let shown = details.filter(|(title, _)| written < IN_FULL || *title == Title::Fingerprint);
            told.extend(shown.map(|(title, text)| format!("  {}: {text}", title.tell(Lang::En))));
            written += told.iter().map(String::len).sum::<usize>();
            lines.push(String::new());
            lines.append(&mut told);
        }
        if !self.gaps.is_empty() {
            lines.push(String::new());
        }
        lines.extend(self.gaps.iter().map(|g| gap(g, sources)));
        if self.more_gaps > 0 {
            lines.push(format!("and {} more, in the output of the suite", lang::count(self.more_gaps, "gap", "gaps")));
        }
        lines.join("\n")
    }
}

fn gap(g: &GapResult, sources: &Sources) -> String {
    format!("{}: gap {}: {}", line(sources, g.location), g.code, safe(&g.message.to_string()))
}
