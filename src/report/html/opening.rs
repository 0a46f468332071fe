//! The first page: the verdict in plain words, what could not be told first, then what is broken, what is waived, what holds.

use maud::{Markup, html};

use super::{
    MARK, ORDER, Prose, Report, Text, around, at, comma, limits, nothing, severity_badge, verdict_badge, verdict_words,
};
use crate::finding::{RuleResult, Verdict};
use crate::lang::{self, Message, say, tell};
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
                    (tell!(
                        r.lang,
                        "{findings}.",
                        findings = lang::count(lapsed, "finding was waived, and its waiver is over", "findings were waived, and their waivers are over")
                    ))
                    (r.lang.space())
                    a href="#waivers" { (tell!(r.lang, "Which, and by whom")) }
                }
            }
        }
        ul class="tiles" aria-label=(tell!(r.lang, "Rules by verdict")) {
            @for verdict in ORDER {
                @let n = of(&[verdict]).len();
                @if n > 0 { li class={ "v-" (verdict.as_str()) } { span class="figure" { (n) } " " (verdict_words(verdict).tell(r.lang)) } }
            }
            li { span class="figure" { (a.findings.len()) } " " @if a.findings.len() == 1 { (tell!(r.lang, "finding")) } @else { (tell!(r.lang, "findings")) } }
            li { span class="figure" { (a.gaps.len()) } " " @if a.gaps.len() == 1 { (tell!(r.lang, "gap")) } @else { (tell!(r.lang, "gaps")) } }
        }
        h3 { (tell!(r.lang, "What could not be told")) }
        @if untold.is_empty() && a.gaps.is_empty() {
            (nothing(r.lang, &say!("Every rule was decided, and everything that was met in the files was understood.")))
        } @else {
            @if untold.is_empty() {
                p { (tell!(r.lang, "Every rule was decided, but not everything in the files was understood.")) }
            } @else {
                (rules(r, &say!("Rules that could not be decided"), &untold))
            }
            @if !a.gaps.is_empty() {
                p {
                    @let [before, after] = around(r.lang, &say!("What was met and not understood, by kind ({link}):", link = MARK));
                    (before) a href="#gaps" { (tell!(r.lang, "all, with their lines")) } (after)
                }
                ul {
                    @for (code, gaps) in gaps_by_code(&a.gaps) {
                        li {
                            code { (code) } (comma(r.lang))
                            (Prose(&tell!(r.lang, "{times}: {message}", times = lang::count(gaps.len(), "time", "times"), message = gaps[0].message), r.lang))
                            @if gaps.len() > 1 { (tell!(r.lang, ", and others")) }
                        }
                    }
                }
            }
        }
        h3 { (tell!(r.lang, "What is broken")) }
        @if broken.is_empty() {
            (nothing(r.lang, &if untold.is_empty() { say!("No rule.") } else { say!("No rule as far as it could be told; see above.") }))
        } @else {
            (rules(r, &say!("Rules that are broken"), &broken))
            p { a href="#findings" { (tell!(r.lang, "The findings, each with the way the data takes")) } }
        }
        @for (title, caption, verdict) in others() {
            @let some = of(&[verdict]);
            @if !some.is_empty() {
                h3 { (title.tell(r.lang)) }
                (rules(r, &caption, &some))
            }
        }
        h3 { (tell!(r.lang, "What this does not say")) }
        p { (limits().tell(r.lang)) (r.lang.space()) (tell!(r.lang, "A way that stands in no file that was read, and a machine that is not where it is declared to be, are not seen.")) }
    }
}

fn others() -> [(Message, Message, Verdict); 3] {
    [
        (say!("What somebody answers for"), say!("Rules with nothing but waived findings"), Verdict::Waived),
        (say!("What holds, for what was read"), say!("Rules that hold"), Verdict::Satisfied),
        (say!("What does not apply"), say!("Rules that do not apply"), Verdict::NotApplicable),
    ]
}

fn sentences(r: &Report<'_>, untold: usize) -> Vec<String> {
    let a = r.assessment;
    let all = a.rules.len();
    let of = |v: Verdict| a.rules.iter().filter(|rule| rule.verdict == v).count();
    // `1 of 6 rules`, `All 6 rules`.
    let which = |n: usize| match n == all && all > 1 {
        true => say!("All {all} rules", all),
        false => say!("{n} of {rules}", n, rules = lang::count(all, "rule", "rules")),
    };
    let mut out = Vec::new();
    if all == 0 {
        out.push(say!("No rule was asked, so nothing was decided."));
    }
    match untold {
        0 => {}
        1 => out.push(say!("{which} could not be decided: what was read does not tell whether it holds.", which = which(1))),
        n => out.push(say!("{which} could not be decided: what was read does not tell whether they hold.", which = which(n))),
    }
    let what = say!("data is, or can get, where a policy does not want it, or what a policy asks for is missing");
    match of(Verdict::Violated) {
        0 => {}
        1 => out.push(say!("{which} is broken: {what}.", which = which(1), what)),
        n => out.push(say!("{which} are broken: {what}.", which = which(n), what)),
    }
    let never = of(Verdict::Unsatisfiable);
    if never > 0 {
        out.push(say!("{which} cannot be met: no place for the data meets it and the others.", which = which(never)));
    }
    match of(Verdict::Satisfied) {
        0 => {}
        1 => out.push(say!("{which} holds for what was read and declared.", which = which(1))),
        n => out.push(say!("{which} hold for what was read and declared.", which = which(n))),
    }
    match of(Verdict::Waived) {
        0 => {}
        1 => out.push(say!("{which} is waived: somebody answers for it until a day.", which = which(1))),
        n => out.push(say!("{which} are waived: somebody answers for it until a day.", which = which(n))),
    }
    if untold == 0 && a.verdict == Verdict::Indeterminate {
        out.push(say!("Whether that is all could not be told."));
    }
    out.iter().map(|sentence| sentence.tell(r.lang)).collect()
}

fn rules(r: &Report<'_>, caption: &Message, rules: &[&RuleResult]) -> Markup {
    super::table(
        r.lang,
        caption,
        &[say!("Rule"), say!("Verdict"), say!("Severity"), say!("Why"), say!("Looked at")],
        html! {
            @for rule in rules {
                tr {
                    th scope="row" class="rule" { (Text(&rule.title.tell(r.lang), r.lang)) br; span class="id" { (Text(&rule.rule, r.lang)) } br; (at(r, rule.location)) }
                    td { (verdict_badge(rule.verdict, r.lang)) }
                    td { (severity_badge(rule.severity, r.lang)) }
                    td class="wide" { (Prose(&rule.why.tell(r.lang), r.lang)) }
                    td { (lang::list([count(rule.endpoints_examined, "endpoint", "endpoints"), count(rule.routes_examined, "route", "routes")]).tell(r.lang)) }
                }
            }
        },
    )
}
