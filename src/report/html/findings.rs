//! Findings, the gravest first, each with the way the data takes, the line that breaks the rule and the line that asks for it; and
//! what would mend them.

use maud::{Markup, html};

use super::{ORDER, Prose, Report, Text, at, list, nothing, severity_badge, state_words, verdict_badge, verdict_words};
use crate::finding::{Finding, Hop, Verdict};
use crate::report::{condition, count, known, pretty::pointed_at, remedy};
use crate::source::Location;
use crate::vocab::controls;

/// Columns of an excerpt.
const ROOM: usize = 160;

pub(super) fn section(r: &Report<'_>) -> Markup {
    let all = &r.assessment.findings;
    if all.is_empty() {
        return nothing("Nothing was found.");
    }
    html! {
        div class="tools" hidden data-tools="findings" {
            label for="find" { "Show findings with " }
            input id="find" type="search" autocomplete="off";
            button type="button" data-open="findings" { "Open all" }
            button type="button" data-close="findings" { "Close all" }
            p role="status" id="found" {}
        }
        @for verdict in ORDER {
            @let some: Vec<&Finding> = all.iter().filter(|f| f.verdict == verdict).collect();
            @if !some.is_empty() {
                h3 { (title(verdict)) " (" (some.len()) ")" }
                @for f in some { (finding(r, f)) }
            }
        }
    }
}

fn title(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Indeterminate => "Could not be told",
        Verdict::Conflict => "Contradictions",
        Verdict::Violated => "Broken",
        Verdict::Unsatisfiable => "Cannot be met",
        Verdict::Waived => "Waived",
        Verdict::Satisfied | Verdict::NotApplicable => verdict_words(verdict),
    }
}

fn finding(r: &Report<'_>, f: &Finding) -> Markup {
    let level = f.severity.level();
    html! {
        details class={ "finding v-" (f.verdict.as_str()) } {
            summary {
                (verdict_badge(f.verdict)) " " (severity_badge(f.severity)) " " (Prose(&f.message))
                @if f.lapsed.is_some() { " " span class="badge v-violated" { "waiver lapsed" } }
                @if let Some(rule) = &f.rule { " " span class="id" { (Text(rule)) } }
            }
            div class="inside" {
                dl {
                    @if let Some(why) = &f.why { dt { "Why" } dd { (Prose(why)) } }
                    @if !f.controls.is_empty() { dt { "Controls" } dd { (control_list(&f.controls)) } }
                    @if !f.origin.is_empty() { dt { "People of" } dd { (list(&f.origin)) } }
                    @if !f.data.is_empty() { dt { "Data" } dd { (list(&f.data)) } }
                    @if !f.populations.is_empty() { dt { "Population" } dd { (list(&f.populations)) } }
                    @if !f.endpoint.is_empty() { dt { "At" } dd { (Text(&f.endpoint)) } }
                    @if !f.places.is_empty() { dt { "Where" } dd { @for p in &f.places { p { (Text(&known(p))) } } } }
                    @if let Some(activity) = f.activity { dt { "Activity" } dd { (activity) } }
                    @if let Some(when) = when(f) { dt { "When" } dd { (Prose(&when)) } }
                    @if !f.without.is_empty() { dt { "Lost with it" } dd { (list(&f.without)) } }
                    @if !f.with_rules.is_empty() { dt { "Together with" } dd { (list(&f.with_rules)) } }
                    dt { "Incident level" } dd { (level.level) " " (level.name) ", " span lang="zh-Hans" { (level.native) } }
                    @if let Some(help) = &f.help { dt { "What to do" } dd { (Prose(help)) } }
                    @if let Some(w) = &f.waiver { dt { "Waived" } dd { (Text(&crate::report::waived(w, r.sources))) } }
                    @if let Some(w) = &f.lapsed { dt { "Waiver lapsed" } dd class="loud" { (Text(&crate::report::waived(w, r.sources))) } }
                    dt { "Code" } dd { code { (f.code) } }
                    dt { "Fingerprint" } dd { code { (Text(&f.fingerprint)) } }
                }
                @if !f.path.is_empty() {
                    h4 { "The way the data takes" }
                    ol class="path" { @for hop in &f.path { (step(r, hop)) } }
                }
                @if let Some(location) = f.location { h4 { (broken_line(f)) } (excerpt(r, location)) }
                @if let Some(location) = f.policy_location { h4 { "The line of the policy" } (excerpt(r, location)) }
                @for label in &f.labels { h4 { (Prose(&label.text)) } (excerpt(r, label.location)) }
            }
        }
    }
}

/// "CCC.Core.CN06 Restrict Deployments to Trust Perimeter (FINOS Common Cloud Controls, Core)", one a line.
fn control_list(ids: &[&str]) -> Markup {
    html! {
        @for control in ids.iter().filter_map(|id| controls::known(id)) {
            p { code { (Text(&control.id)) } " " (Text(&control.title)) " (" (Text(&control.catalogue)) ")" }
        }
    }
}

fn broken_line(f: &Finding) -> &'static str {
    match f.verdict {
        Verdict::Violated | Verdict::Unsatisfiable => "The line that breaks the rule",
        _ => "The line it is about",
    }
}

/// The state of the world, what must be true, what is lost.
fn when(f: &Finding) -> Option<String> {
    let state = f.state.map(|s| state_words(s).to_owned());
    let lost = f.lost.as_ref().map(|l| format!("when {l} is lost"));
    let condition = f.condition.as_ref().map(|c| condition(c).into_owned());
    let all: Vec<String> = state.into_iter().chain(lost).chain(condition).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn step(r: &Report<'_>, hop: &Hop) -> Markup {
    html! {
        li {
            strong { (Text(&hop.endpoint)) } " (" (Text(&hop.kind)) ")"
            p {
                @match &hop.route {
                    None => { "from here" }
                    Some(route) => {
                        "by " (route.activity) ", " (route.role.as_str())
                        @if route.priority > 0 { ", priority " (route.priority) }
                        @if let Some(c) = &route.condition { ", " (Prose(&condition(c))) }
                    }
                }
                " - " (at(r.sources, hop.location))
            }
            @for place in &hop.places { p class="place" { (Text(&known(place))) } }
        }
    }
}

/// The line of a location with its number, what is pointed at marked.
fn excerpt(r: &Report<'_>, location: Location) -> Markup {
    let (text, focus) = pointed_at(r.sources.get(location.source), location, ROOM, true);
    let line = r.sources.position(location).line;
    html! {
        figure {
            figcaption { (at(r.sources, location)) }
            pre tabindex="0" {
                span class="number" { (line) } " "
                (Text(&text[..focus.start])) mark { (Text(&text[focus.clone()])) } (Text(&text[focus.end..]))
            }
        }
    }
}

pub(super) fn remedies(r: &Report<'_>) -> Markup {
    let all = &r.assessment.remedies;
    if all.is_empty() {
        return nothing("No change to routes or copies is known to be needed, or none is known that would do.");
    }
    html! {
        p { "For " (count(all.len(), "rule", "rules")) ", what would make it hold, and what else that does." }
        @for one in all {
            h3 { (Text(&one.rule)) }
            ul { @for text in remedy(one, r.sources) { li { (Prose(text.strip_prefix("- ").unwrap_or(&text))) } } }
        }
    }
}
