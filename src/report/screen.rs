//! What fits a screen: the verdict, how the rules stand, the gravest findings and what could not be told. Every finding is counted.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::causes::grouped;
use super::gate::{fails, gravest};
use super::{
    BOLD, DIM, RenderOptions, coverage, gaps_by_code, limits, line, linked, pad, place_of, places_short, safe, safe_message,
    severity_style, summary, verdict_style,
};
use crate::finding::{Assessment, Finding, RuleResult, Verdict};
use crate::lang::{self, Lang, tell};
use crate::source::Sources;

/// Causes of findings, rules of a verdict and codes of gaps shown; the others are counted. All of it comes to less than 24 lines.
const FINDINGS: usize = 5;
const RULES: usize = 3;
const CODES: usize = 3;

pub fn write(a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    let o = options;
    writeln!(out, "{}", one_line(&o.paint(verdict_style(a.verdict), &summary(a).tell(o.lang)), o))?;
    let mut by_verdict: BTreeMap<Verdict, Vec<&RuleResult>> = BTreeMap::new();
    for r in &a.rules {
        by_verdict.entry(r.verdict).or_default().push(r);
    }
    for (verdict, mut rules) in by_verdict.into_iter().rev() {
        rules.sort_by_key(|r| std::cmp::Reverse(r.severity));
        let names: Vec<String> = rules.iter().take(RULES).map(|r| safe(&r.rule).into_owned()).collect();
        let names = more(names.join(", "), rules.len(), RULES, o.lang);
        let head = o.paint(verdict_style(verdict), &pad(o.lang.word(verdict.as_str()), 15));
        writeln!(out, "{}", one_line(&format!("  {head} {:>4}  {names}", rules.len()), o))?;
    }
    let findings = gravest(a);
    let counted: Vec<&Finding> = findings.into_iter().filter(|f| f.verdict != Verdict::Waived).collect();
    if !counted.is_empty() {
        let failing = counted.iter().filter(|f| fails(f.verdict)).count();
        let findings = lang::count(counted.len(), "finding", "findings");
        let title = tell!(o.lang, "{findings}, {failing} of them violations; the gravest:", findings, failing);
        writeln!(out, "{}", one_line(&o.paint(BOLD, &title), o))?;
    }
    for (f, alike) in grouped(&counted).into_iter().take(FINDINGS) {
        let at = place_of(f).map_or_else(|| "-".to_owned(), |at| linked(&line(sources, at), sources, at, o));
        let at = more(at, 1 + alike.len(), 1, o.lang);
        let severity = o.paint(severity_style(f.severity), o.lang.word(f.severity.as_str()));
        // What the line is about first: the end of it may be cut.
        let place = places_short(&f.places, o.lang);
        let (name, message) = (safe(&f.endpoint), safe_message(&f.message));
        let told = match (name.is_empty(), place.is_empty()) {
            (true, _) => safe(&f.message.tell(o.lang)).into_owned(),
            (false, true) => tell!(o.lang, "{name}: {message}", name, message),
            (false, false) => tell!(o.lang, "{name} ({place}): {message}", name, place, message),
        };
        writeln!(out, "{}", one_line(&format!("  {severity} {at}: {told}"), o))?;
    }
    if !a.gaps.is_empty() {
        let mut codes: Vec<(&str, usize)> = gaps_by_code(&a.gaps).into_iter().map(|(code, gaps)| (code, gaps.len())).collect();
        codes.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let names: Vec<String> = codes.iter().take(CODES).map(|(code, n)| format!("{code} {n}")).collect();
        let things = lang::count(a.gaps.len(), "thing", "things");
        let title = o.paint(BOLD, &tell!(o.lang, "{things} could not be told:", things));
        writeln!(out, "{}", one_line(&format!("{title} {}", more(names.join(", "), codes.len(), CODES, o.lang)), o))?;
    }
    for text in coverage(&a.coverage).into_iter().take(2) {
        writeln!(out, "{}", one_line(&o.paint(DIM, &text.tell(o.lang)), o))?;
    }
    writeln!(out, "{}", o.wrap("", "  ", &o.paint(DIM, &limits().tell(o.lang))))
}

fn more(names: String, all: usize, shown: usize, lang: Lang) -> String {
    if all > shown { tell!(lang, "{names} and {n} more", names, n = all - shown) } else { names }
}

/// Cut at the width of the terminal, with its styles and links closed.
fn one_line(text: &str, options: &RenderOptions) -> String {
    let room = options.width.max(20);
    if textwrap::core::display_width(text) <= room {
        return text.to_owned();
    }
    let mark = if options.unicode { "…" } else { "..." };
    let mut left = room - textwrap::core::display_width(mark);
    let mut out = String::new();
    let mut rest = text;
    let mut cut = false;
    while let Some(c) = rest.chars().next() {
        // Styles and links take no room, and what they opened has to be closed.
        let length = escape(rest).unwrap_or(0);
        if length > 0 {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        let width = textwrap::core::display_width(c.encode_utf8(&mut [0; 4]));
        if !cut && width <= left {
            left -= width;
            out.push(c);
        } else if !cut {
            cut = true;
            out.push_str(mark);
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The length of an escape sequence that a text begins with.
fn escape(text: &str) -> Option<usize> {
    let after = text.strip_prefix('\u{1b}')?;
    let length = match after.chars().next()? {
        '[' => after.find(|c: char| c.is_ascii_alphabetic())? + 1,
        ']' => after.find("\u{1b}\\")? + 2,
        _ => 0,
    };
    Some(length + 1)
}
