//! Annotations of GitHub Actions ("Workflow commands for GitHub Actions"): what a step writes to its log and GitHub shows at the
//! lines of a pull request. It shows ten of each kind per step, so the gravest are annotations and the rest are lines of the log.

use std::io::{self, Write};

use super::gate::{data_sets, gravest, kind_of, spot, spot_of};
use super::{RenderOptions, Reporter, coverage, places_short, safe, safe_list, safe_message, summary};
use crate::finding::{Assessment, Finding, RuleResult, Severity, Verdict};
use crate::lang::{Lang, tell};
use crate::source::Sources;

/// "GitHub Actions are limited to 10 warning annotations and 10 error annotations per step" (REST API, checks).
const MOST: usize = 10;

pub struct Github;

impl Reporter for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn describe(&self) -> &'static str {
        "annotations of GitHub Actions for the gravest, lines of its log for the rest"
    }

    fn write(&self, a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let lang = options.lang;
        let mut log: Vec<String> = Vec::new();
        let mut told = Told::default();
        // First, so that it is among those shown.
        command("notice", &[("title", "onshore")], &summary(a).tell(lang), out)?;
        told.notices += 1;
        for f in gravest(a) {
            let kind = kind(f);
            let at = spot_of(f, sources);
            let text = message(f, sources, lang);
            if !told.room(kind) {
                log.push(format!("{}:{} {kind} {}", safe(&at.file), at.line, text));
                continue;
            }
            let title = kind_of(f, f.rule.as_deref().unwrap_or(f.code), lang);
            annotate(kind, &title, &at, &text, out)?;
        }
        for g in &a.gaps {
            let at = spot(sources, g.location);
            let text = match g.touches.as_slice() {
                [] => safe(&g.message.tell(lang)).into_owned(),
                rules => {
                    tell!(lang, "{message} [leaves open {rules}]", message = safe_message(&g.message), rules = safe_list(rules))
                }
            };
            if told.room("notice") {
                annotate("notice", &tell!(lang, "could not be told: {code}", code = g.code), &at, &text, out)?;
            } else {
                let text = tell!(lang, "gap {code}: {message}", code = g.code, message = text);
                log.push(format!("{}:{} {text}", safe(&at.file), at.line));
            }
        }
        group(&tell!(lang, "{n} more that GitHub would not show", n = log.len()), &log, out)?;
        let rule = |r: &RuleResult| {
            let (verdict, severity) = (lang.word(r.verdict.as_str()), lang.word(r.severity.as_str()));
            format!("{verdict} {severity} {}: {}", r.rule, r.why.tell(lang))
        };
        group(&tell!(lang, "Rules"), &a.rules.iter().map(rule).collect::<Vec<_>>(), out)?;
        let mut examined: Vec<String> = coverage(&a.coverage).iter().map(|text| text.tell(lang)).collect();
        examined.extend(data_sets(a, lang).into_iter().map(|set| tell!(lang, "places rest on {set}", set)));
        group(&tell!(lang, "Examined"), &examined, out)
    }
}

/// How many annotations of each kind there are.
#[derive(Default)]
struct Told {
    errors: usize,
    warnings: usize,
    notices: usize,
}

impl Told {
    fn room(&mut self, kind: &str) -> bool {
        let n = match kind {
            "error" => &mut self.errors,
            "warning" => &mut self.warnings,
            _ => &mut self.notices,
        };
        *n += 1;
        *n <= MOST
    }
}

fn kind(f: &Finding) -> &'static str {
    match (f.verdict, f.severity) {
        (Verdict::Waived, _) => "notice",
        (Verdict::Violated | Verdict::Unsatisfiable, Severity::Medium | Severity::High | Severity::Critical) => "error",
        _ => "warning",
    }
}

fn message(f: &Finding, sources: &Sources, lang: Lang) -> String {
    let mut text = safe(&f.message.tell(lang)).into_owned();
    let places = places_short(&f.places, lang);
    let brackets = [f.rule.as_ref().map(|r| safe(r).into_owned()), (!places.is_empty()).then_some(places)];
    for part in brackets.into_iter().flatten() {
        text.push_str(&format!(" [{part}]"));
    }
    if let Some(waived) = &f.waiver {
        text.push_str(&format!(" [{}]", tell!(lang, "waived {by}", by = super::waived(waived, sources, lang))));
    }
    text.push_str(&format!(" [{}]", safe(&f.fingerprint)));
    text
}

fn annotate(kind: &str, title: &str, at: &super::gate::Spot, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let line = at.line.to_string();
    let column = at.columns.as_ref().map(|c| c.start.to_string());
    let mut words = vec![("file", at.file.as_str()), ("line", &line)];
    words.extend(column.as_deref().map(|c| ("col", c)));
    words.push(("title", title));
    command(kind, &words, text, out)
}

/// `::error file=a.conf,line=6::text`; what would end a value is escaped.
fn command(kind: &str, words: &[(&str, &str)], text: &str, out: &mut dyn Write) -> io::Result<()> {
    let value = |text: &str| safe(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C");
    let words: Vec<String> = words.iter().map(|(name, text)| format!("{name}={}", value(text))).collect();
    writeln!(out, "::{kind} {}::{}", words.join(","), safe(text).replace('%', "%25"))
}

/// Lines of the log that are folded away. None can be a command: each begins with a dash.
fn group(title: &str, lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "::group::{title}")?;
    for line in lines {
        writeln!(out, "- {}", safe(line))?;
    }
    writeln!(out, "::endgroup::")
}
