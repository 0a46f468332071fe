//! Findings, the gravest first, each with the way the data takes, the line that breaks the rule and the line that asks for it; and
//! what would mend them.

use std::io::{self, Write};

use maud::{Markup, html};

use super::{ORDER, Prose, Report, Text, at, list, nothing, severity_badge, state_words, verdict_badge, verdict_words};
use crate::finding::{Finding, Hop, Verdict};
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::report::{condition, endpoint_of, excerpt::pointed_at, known, remedy, tree};
use crate::source::Location;
use crate::vocab::controls;

/// Columns of an excerpt.
const ROOM: usize = 160;

/// One after the other, as there may be very many.
pub(super) fn section(r: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut write = |markup: Markup| out.write_all(markup.into_string().as_bytes());
    let all = &r.assessment.findings;
    if all.is_empty() {
        return write(nothing(r.lang, &say!("Nothing was found.")));
    }
    write(html! {
        div class="tools" hidden data-tools="findings" {
            label for="find" { (tell!(r.lang, "Show findings with ")) }
            input id="find" type="search" autocomplete="off";
            button type="button" data-open="findings" { (tell!(r.lang, "Open all")) }
            button type="button" data-close="findings" { (tell!(r.lang, "Close all")) }
            p role="status" id="found" data-found=(tell!(r.lang, "{n} of {all} findings", n = "{n}", all = "{all}")) {}
        }
    })?;
    for verdict in ORDER {
        let some: Vec<&Finding> = all.iter().filter(|f| f.verdict == verdict).collect();
        if some.is_empty() {
            continue;
        }
        write(html! { h3 { (title(verdict).tell(r.lang)) " (" (some.len()) ")" } })?;
        some.into_iter().try_for_each(|f| write(finding(r, f)))?;
    }
    Ok(())
}

fn title(verdict: Verdict) -> Message {
    match verdict {
        Verdict::Indeterminate => say!("Could not be told"),
        Verdict::Conflict => say!("Contradictions"),
        Verdict::Violated => say!("Broken"),
        Verdict::Unsatisfiable => say!("Cannot be met"),
        Verdict::Waived => say!("Waived"),
        Verdict::Satisfied | Verdict::NotApplicable => verdict_words(verdict),
    }
}

fn finding(r: &Report<'_>, f: &Finding) -> Markup {
    let level = f.severity.level();
    html! {
        details class={ "finding v-" (f.verdict.as_str()) } {
            summary {
                (verdict_badge(f.verdict, r.lang)) " " (severity_badge(f.severity, r.lang)) " " (Prose(&f.message.tell(r.lang), r.lang))
                @if f.lapsed.is_some() { " " span class="badge v-violated" { (tell!(r.lang, "waiver lapsed")) } }
                @if let Some(rule) = &f.rule { " " span class="id" { (Text(rule, r.lang)) } }
            }
            div class="inside" {
                dl {
                    @if let Some(why) = &f.why { dt { (tell!(r.lang, "Why")) } dd { (Prose(&why.tell(r.lang), r.lang)) } }
                    @if !f.controls.is_empty() { dt { (tell!(r.lang, "Controls")) } dd { (control_list(&f.controls, r.lang)) } }
                    @if !f.origin.is_empty() { dt { (tell!(r.lang, "People of")) } dd { (list(r.lang, &f.origin)) } }
                    @if !f.data.is_empty() { dt { (tell!(r.lang, "Data")) } dd { (list(r.lang, &f.data)) } }
                    @if !f.populations.is_empty() { dt { (tell!(r.lang, "Population")) } dd { (list(r.lang, &f.populations)) } }
                    @if !f.endpoint.is_empty() { dt { (tell!(r.lang, "At")) } dd { (Text(&endpoint_of(f, r.lang), r.lang)) } }
                    @if !f.places.is_empty() { dt { (tell!(r.lang, "Where")) } dd { @for p in &f.places { p { (Text(&known(p, r.lang), r.lang)) } } } }
                    @if let Some(activity) = f.activity { dt { (tell!(r.lang, "Activity")) } dd { (r.lang.word(activity)) } }
                    @if let Some(when) = when(f, r.lang) { dt { (tell!(r.lang, "When")) } dd { (Prose(&when, r.lang)) } }
                    @if !f.without.is_empty() { dt { (tell!(r.lang, "Lost with it")) } dd { (list(r.lang, &f.without)) } }
                    @if !f.with_rules.is_empty() { dt { (tell!(r.lang, "Together with")) } dd { (list(r.lang, &f.with_rules)) } }
                    dt { (tell!(r.lang, "Incident level")) } dd {
                        @if r.lang == Lang::En { (level.level) " " (level.name) ", " }
                        span lang="zh-Hans" { (level.native) }
                    }
                    @if let Some(help) = &f.help { dt { (tell!(r.lang, "What to do")) } dd { (Prose(&help.tell(r.lang), r.lang)) } }
                    @if let Some(w) = &f.waiver { dt { (tell!(r.lang, "Waived")) } dd { (Text(&crate::report::waived(w, r.sources, r.lang), r.lang)) } }
                    @if let Some(w) = &f.lapsed { dt { (tell!(r.lang, "Waiver lapsed")) } dd class="loud" { (Text(&crate::report::waived(w, r.sources, r.lang), r.lang)) } }
                    dt { (tell!(r.lang, "Code")) } dd { code { (f.code) } }
                    dt { (tell!(r.lang, "Fingerprint")) } dd { code { (Text(&f.fingerprint, r.lang)) } }
                }
                @if !f.path.is_empty() {
                    h4 { (tell!(r.lang, "The way the data takes")) }
                    ol class="path" { @for hop in &f.path { (step(r, hop)) } }
                }
                @if let Some(location) = f.location { h4 { (broken_line(f).tell(r.lang)) } (excerpt(r, location)) }
                @if let Some(location) = f.policy_location { h4 { (tell!(r.lang, "The line of the policy")) } (excerpt(r, location)) }
                @for label in &f.labels { h4 { (Prose(&label.text.tell(r.lang), r.lang)) } (excerpt(r, label.location)) }
            }
        }
    }
}

/// "CCC.Core.CN06 Restrict Deployments to Trust Perimeter (FINOS Common Cloud Controls, Core)", one a line.
fn control_list(ids: &[&str], lang: Lang) -> Markup {
    html! {
        @for control in ids.iter().filter_map(|id| controls::known(id)) {
            p { code { (Text(&control.id, lang)) } " " (Text(&lang.read(&control.title), lang)) " (" (Text(&control.catalogue, lang)) ")" }
        }
    }
}

pub(in crate::report) fn broken_line(f: &Finding) -> Message {
    match f.verdict {
        Verdict::Violated | Verdict::Unsatisfiable => say!("The line that breaks the rule"),
        _ => say!("The line it is about"),
    }
}

/// The state of the world, what must be true, what is lost.
fn when(f: &Finding, lang: Lang) -> Option<String> {
    let state = f.state.map(state_words);
    let lost = f.lost.as_ref().map(|lost| say!("when {lost} is lost", lost));
    let condition = f.condition.as_ref().map(|c| Message::Plain(condition(c, lang)));
    let all: Vec<Message> = state.into_iter().chain(lost).chain(condition).collect();
    (!all.is_empty()).then(|| lang::series(all, Joint::Clause).tell(lang))
}

fn step(r: &Report<'_>, hop: &Hop) -> Markup {
    html! {
        li {
            strong { (Text(&hop.endpoint, r.lang)) } " (" (Text(&hop.kind, r.lang)) ")"
            p {
                @match &hop.route {
                    None => { (tell!(r.lang, "from here")) }
                    Some(route) => { (Prose(&tree::by(route, r.lang), r.lang)) }
                }
                " - " (at(r, hop.location))
            }
            @for place in &hop.places { p class="place" { (Text(&known(place, r.lang), r.lang)) } }
        }
    }
}

/// The line of a location with its number, what is pointed at marked.
fn excerpt(r: &Report<'_>, location: Location) -> Markup {
    let (text, focus) = pointed_at(r.sources.get(location.source), location, ROOM, true);
    let line = r.sources.position(location).line;
    html! {
        figure {
            figcaption { (at(r, location)) }
            pre tabindex="0" {
                span class="number" { (line) } " "
                (Text(&text[..focus.start], r.lang)) mark { (Text(&text[focus.clone()], r.lang)) } (Text(&text[focus.end..], r.lang))
            }
        }
    }
}

pub(super) fn remedies(r: &Report<'_>) -> Markup {
    let all = &r.assessment.remedies;
    if all.is_empty() {
        return nothing(r.lang, &say!("No change to routes or copies is known to be needed, or none is known that would do."));
    }
    html! {
        p { (tell!(r.lang, "For {rules}, what would make it hold, and what else that does.", rules = lang::count(all.len(), "rule", "rules"))) }
        @for one in all {
            h3 { (Text(&one.rule, r.lang)) }
            ul { @for step in remedy(one, r.sources) { li { (Prose(&step.in_list(r.lang), r.lang)) } } }
        }
    }
}
