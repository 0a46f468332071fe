//! The first page: the verdict in plain words, what could not be told first, then what is broken, what is waived, what holds.

use maud::{Markup, html};

use super::{LIMITS, ORDER, Prose, Report, Text, at, nothing, severity_badge, verdict_badge, verdict_words};
use crate::finding::{RuleResult, Verdict};
use crate::report::{count, gaps_by_code};

pub(super) fn verdict(r: &Report<'_>) -> Markup {
    let a = r.assessment;
    let of = |verdicts: &[Verdict]| a.rules.iter().filter(|rule| verdicts.contains(&rule.verdict)).collect::<Vec<_>>();
    let untold = of(&[Verdict::Indeterminate, Verdict::Conflict]);
    let broken = of(&[Verdict::Violated, Verdict::Unsatisfiable]);
    let lapsed = a.findings.iter().filter(|f| f.lapsed.is_some()).count();
    html! {
        div class={ "plain v-" (a.verdict.as_str()) } {
            @for sentence in sentences(r, untold.len()) { p { (sentence) } }
            @if lapsed > 0 {
                p class="loud" {
                    (count(lapsed, "finding was waived, and its waiver is over", "findings were waived, and their waivers are over")) ". "
                    a href="#waivers" { "Which, and by whom" }
                }
            }
        }
        ul class="tiles" aria-label="Rules by verdict" {
            @for verdict in ORDER {
                @let n = of(&[verdict]).len();
                @if n > 0 { li class={ "v-" (verdict.as_str()) } { span class="figure" { (n) } " " (verdict_words(verdict)) } }
            }
            li { span class="figure" { (a.findings.len()) } " " @if a.findings.len() == 1 { "finding" } @else { "findings" } }
            li { span class="figure" { (a.gaps.len()) } " " @if a.gaps.len() == 1 { "gap" } @else { "gaps" } }
        }
        h3 { "What could not be told" }
        @if untold.is_empty() && a.gaps.is_empty() {
            (nothing("Every rule was decided, and everything that was met in the files was understood."))
        } @else {
            @if untold.is_empty() {
                p { "Every rule was decided, but not everything in the files was understood." }
            } @else {
                (rules(r, "Rules that could not be decided", &untold))
            }
            @if !a.gaps.is_empty() {
                p { "What was met and not understood, by kind (" a href="#gaps" { "all, with their lines" } "):" }
                ul {
                    @for (code, gaps) in gaps_by_code(&a.gaps) {
                        li { code { (code) } ", " (count(gaps.len(), "time", "times")) ": " (Prose(&gaps[0].message)) @if gaps.len() > 1 { ", and others" } }
                    }
                }
            }
        }
        h3 { "What is broken" }
        @if broken.is_empty() {
            (nothing(if untold.is_empty() { "No rule." } else { "No rule as far as it could be told; see above." }))
        } @else {
            (rules(r, "Rules that are broken", &broken))
            p { a href="#findings" { "The findings, each with the way the data takes" } }
        }
        @for (title, caption, verdict) in OTHERS {
            @let some = of(&[verdict]);
            @if !some.is_empty() {
                h3 { (title) }
                (rules(r, caption, &some))
            }
        }
        h3 { "What this does not say" }
        p { (LIMITS) " A way that stands in no file that was read, and a machine that is not where it is declared to be, are not seen." }
    }
}

const OTHERS: [(&str, &str, Verdict); 3] = [
    ("What somebody answers for", "Rules with nothing but waived findings", Verdict::Waived),
    ("What holds, for what was read", "Rules that hold", Verdict::Satisfied),
    ("What does not apply", "Rules that do not apply", Verdict::NotApplicable),
];

fn sentences(r: &Report<'_>, untold: usize) -> Vec<String> {
    let a = r.assessment;
    let all = a.rules.len();
    let of = |v: Verdict| a.rules.iter().filter(|rule| rule.verdict == v).count();
    // `1 of 6 rules is`, `All 6 rules are`.
    let some = |n: usize, one: &str, more: &str| {
        let which =
            if n == all && all > 1 { format!("All {all} rules") } else { format!("{n} of {}", count(all, "rule", "rules")) };
        format!("{which} {}", if n == 1 { one } else { more })
    };
    let mut out = Vec::new();
    if all == 0 {
        out.push("No rule was asked, so nothing was decided.".to_owned());
    }
    if untold > 0 {
        let could = some(
            untold,
            "could not be decided: what was read does not tell whether it holds",
            "could not be decided: what was read does not tell whether they hold",
        );
        out.push(format!("{could}."));
    }
    let (broken, never) = (of(Verdict::Violated), of(Verdict::Unsatisfiable));
    if broken > 0 {
        let what = "data is, or can get, where a policy does not want it, or what a policy asks for is missing";
        out.push(format!("{}: {what}.", some(broken, "is broken", "are broken")));
    }
    if never > 0 {
        out.push(format!("{}: no place for the data meets it and the others.", some(never, "cannot be met", "cannot be met")));
    }
    let (held, waived) = (of(Verdict::Satisfied), of(Verdict::Waived));
    if held > 0 {
        out.push(format!("{} for what was read and declared.", some(held, "holds", "hold")));
    }
    if waived > 0 {
        out.push(format!("{}: somebody answers for it until a day.", some(waived, "is waived", "are waived")));
    }
    if untold == 0 && a.verdict == Verdict::Indeterminate {
        out.push("Whether that is all could not be told.".to_owned());
    }
    out
}

fn rules(r: &Report<'_>, caption: &str, rules: &[&RuleResult]) -> Markup {
    super::table(
        caption,
        &["Rule", "Verdict", "Severity", "Why", "Looked at"],
        html! {
            @for rule in rules {
                tr {
                    th scope="row" { (Text(&rule.title)) br; span class="id" { (Text(&rule.rule)) } br; (at(r.sources, rule.location)) }
                    td { (verdict_badge(rule.verdict)) }
                    td { (severity_badge(rule.severity)) }
                    td class="wide" { (Prose(&rule.why)) }
                    td { (count(rule.endpoints_examined, "endpoint", "endpoints")) ", " (count(rule.routes_examined, "route", "routes")) }
                }
            }
        },
    )
}
