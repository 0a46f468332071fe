//! What the answer rests on: gaps, coverage, data sets, people, and how the report was made.

use maud::{Markup, html};
use sha2::{Digest, Sha256};

use super::{Prose, Report, Text, at, list, nothing};
use crate::report::{count, gaps_by_code};

/// Longer tables are folded.
const MANY: usize = 40;

pub(super) fn gaps(r: &Report<'_>) -> Markup {
    let all = &r.assessment.gaps;
    if all.is_empty() {
        return nothing("None: everything that was met in the files was understood.");
    }
    html! {
        p { "Nothing unknown passes: a rule that a gap may touch is not told to hold." }
        @for (code, gaps) in gaps_by_code(all) {
            h3 { code { (code) } " (" (gaps.len()) ")" }
            (super::table(
                &format!("Gaps: {code}"),
                &["What", "Line", "What would tell", "Leaves open"],
                html! {
                    @for gap in gaps {
                        tr {
                            th scope="row" class="wide" { (Prose(&gap.message)) }
                            td { (at(r.sources, gap.location)) }
                            td class="wide" { @if let Some(help) = &gap.help { (Prose(help)) } }
                            td { @if gap.touches.is_empty() { "no rule" } @else { (list(&gap.touches)) } }
                        }
                    }
                },
            ))
        }
    }
}

pub(super) fn coverage(r: &Report<'_>) -> Markup {
    let c = &r.assessment.coverage;
    let skipped = html! {
        @for (file, why) in &c.files_skipped { tr { th scope="row" { code { (Text(file)) } } td class="wide" { (Prose(why)) } } }
    };
    let countries = html! {
        @for (country, n) in &c.by_country { tr { th scope="row" { (Text(country)) } td { (n) } } }
    };
    html! {
        ul { @for line in crate::report::coverage(c) { li { (Text(&line)) } } }
        @if !c.by_country.is_empty() { (fold(c.by_country.len(), super::table("Endpoints by place", &["Place", "Endpoints"], countries))) }
        @if c.files_skipped.is_empty() {
            p { "No file of the project was left out." }
        } @else {
            (fold(c.files_skipped.len(), super::table("Files that were not read", &["File", "Why"], skipped)))
        }
    }
}

/// A long table is closed at first.
pub(super) fn fold(rows: usize, table: Markup) -> Markup {
    if rows <= MANY {
        return table;
    }
    html! { details { summary { (count(rows, "row", "rows")) } (table) } }
}

pub(super) fn data_sets(r: &Report<'_>) -> Markup {
    let all = &r.assessment.data_sets;
    if all.is_empty() {
        return nothing("On what the project declares, and on no data set.");
    }
    let rows = html! {
        @for d in all {
            tr {
                th scope="row" { (Text(&d.name)) }
                td { (Text(&d.kind)) }
                td {
                    @match &d.date { Some(day) => { (Text(day)) } None => { "not known" } }
                    @if let Some(age) = &d.age { br; span class="loud" { (Text(age)) } }
                }
                td { @if d.used { "yes" } @else { "no" } }
                td class="wide" {
                    @match &d.licence { Some(licence) => { (Text(licence)) } None => { "not told" } }
                    @if let Some(text) = &d.attribution { br; (Text(text)) }
                }
                td class="hash" { code { (Text(&d.sha256)) } }
            }
        }
    };
    html! {
        (super::table("Data sets", &["Data set", "Kind", "Of", "Some place rests on it", "Licence", "SHA-256"], rows))
        p { (crate::report::draw::land::ATTRIBUTION) }
    }
}

pub(super) fn who(r: &Report<'_>) -> Markup {
    let a = r.assessment;
    html! {
        dl {
            dt { "Owner" }
            dd { @match &a.owner { Some(owner) => { (Text(owner)) } None => { "not declared (" code { "[project] owner" } ")" } } }
            dt { "Told of incidents" }
            dd {
                @match &a.notify {
                    Some((contact, hours)) => { (Text(contact)) ", within " (hours) @if *hours == 1 { " hour" } @else { " hours" } }
                    None => { "not declared (" code { "[project] notify" } ")" }
                }
            }
        }
        div class="sign" {
            p { "Read by" }
            p { "Date" }
            p { "Signature" }
        }
    }
}

pub(super) fn made(r: &Report<'_>) -> Markup {
    let rows = html! {
        @for (_, source) in r.sources.iter() {
            tr {
                th scope="row" { code { (Text(&source.path)) @if let Some(sheet) = &source.sheet { ":" (Text(sheet)) } } }
                td { (source.text.len()) }
                td class="hash" { code { (hex(&Sha256::digest(&source.text))) } }
            }
        }
    };
    let many = r.sources.iter().count();
    html! {
        p { "By onshore " (r.version) ", as of " (Text(&r.assessment.as_of)) ". The same inputs, the same day and the same version give the same file." }
        details {
            summary { "SHA-256 of " (count(many, "text", "texts")) " that was read or at hand" }
            (super::table("Texts as they were read: UTF-8, a sheet of a workbook as lines", &["Text", "Bytes", "SHA-256"], rows))
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}
