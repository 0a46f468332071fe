//! What the answer rests on: gaps, coverage, data sets, people, and how the report was made.

use maud::{Markup, html};
use sha2::{Digest, Sha256};

use super::{Prose, Report, Text, at, list, nothing};
use crate::lang::{self, Lang, Message, say, tell};
use crate::report::{count, gaps_by_code};

/// Longer tables are folded.
const MANY: usize = 40;

pub(super) fn gaps(r: &Report<'_>) -> Markup {
    let all = &r.assessment.gaps;
    if all.is_empty() {
        return nothing(r.lang, &say!("None: everything that was met in the files was understood."));
    }
    html! {
        p { (tell!(r.lang, "Nothing unknown passes: a rule that a gap may touch is not told to hold.")) }
        @for (code, gaps) in gaps_by_code(all) {
            h3 { code { (code) } " (" (gaps.len()) ")" }
            (super::table(
                r.lang,
                &say!("Gaps: {code}", code),
                &[say!("What"), say!("Line"), say!("What would tell"), say!("Leaves open")],
                html! {
                    @for gap in gaps {
                        tr {
                            th scope="row" class="wide" { (Prose(&gap.message.tell(r.lang), r.lang)) }
                            td { (at(r, gap.location)) }
                            td class="wide" { @if let Some(help) = &gap.help { (Prose(&help.tell(r.lang), r.lang)) } }
                            td { @if gap.touches.is_empty() { (tell!(r.lang, "no rule")) } @else { (list(r.lang, &gap.touches)) } }
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
        @for (file, why) in &c.files_skipped { tr { th scope="row" { code { (Text(file, r.lang)) } } td class="wide" { (Prose(&r.lang.read(why), r.lang)) } } }
    };
    let countries = html! {
        @for (country, n) in &c.by_country { tr { th scope="row" { (Text(country, r.lang)) } td { (n) } } }
    };
    html! {
        ul { @for line in crate::report::coverage(c) { li { (Text(&line.tell(r.lang), r.lang)) } } }
        @if !c.by_country.is_empty() { (fold(r.lang, c.by_country.len(), super::table(r.lang, &say!("Endpoints by place"), &[say!("Place"), say!("Endpoints")], countries))) }
        @if c.files_skipped.is_empty() {
            p { (tell!(r.lang, "No file of the project was left out.")) }
        } @else {
            (fold(r.lang, c.files_skipped.len(), super::table(r.lang, &say!("Files that were not read"), &[say!("File"), say!("Why")], skipped)))
        }
    }
}

/// A long table is closed at first.
pub(super) fn fold(lang: Lang, rows: usize, table: Markup) -> Markup {
    if rows <= MANY {
        return table;
    }
    html! { details { summary { (count(rows, "row", "rows").tell(lang)) } (table) } }
}

pub(super) fn data_sets(r: &Report<'_>) -> Markup {
    let all = &r.assessment.data_sets;
    if all.is_empty() {
        return nothing(r.lang, &say!("On what the project declares, and on no data set."));
    }
    let rows = html! {
        @for d in all {
            tr {
                th scope="row" { (Text(&r.lang.read(&d.name), r.lang)) }
                td { (Text(&r.lang.read(&d.kind), r.lang)) }
                td {
                    @match &d.date { Some(day) => { (Text(&r.lang.day(day), r.lang)) } None => { (tell!(r.lang, "not known")) } }
                    @if let Some(age) = &d.age { br; span class="loud" { (Text(&age.tell(r.lang), r.lang)) } }
                }
                td { @if d.used { (tell!(r.lang, "yes")) } @else { (tell!(r.lang, "no")) } }
                td class="wide" {
                    @match &d.licence { Some(licence) => { (Text(licence, r.lang)) } None => { (tell!(r.lang, "not told")) } }
                    @if let Some(text) = &d.attribution { br; (Text(text, r.lang)) }
                }
                td class="hash" { code { (Text(&d.sha256, r.lang)) } }
            }
        }
    };
    html! {
        (super::table(r.lang, &say!("Data sets"), &[say!("Data set"), say!("Kind"), say!("Of"), say!("Some place rests on it"), say!("Licence"), say!("SHA-256")], rows))
        p { (crate::report::draw::land::attribution().tell(r.lang)) }
    }
}

pub(super) fn who(r: &Report<'_>) -> Markup {
    let a = r.assessment;
    html! {
        dl {
            dt { (tell!(r.lang, "Owner")) }
            dd { @match &a.owner { Some(owner) => { (Text(owner, r.lang)) } None => { (Prose(&tell!(r.lang, "not declared (`[project] owner`)"), r.lang)) } } }
            dt { (tell!(r.lang, "Told of incidents")) }
            dd {
                @match &a.notify {
                    Some((contact, hours)) => { (Text(&tell!(r.lang, "{contact}, within {hours}", contact, hours = Message::Count(*hours, "hour", "hours")), r.lang)) }
                    None => { (Prose(&tell!(r.lang, "not declared (`[project] notify`)"), r.lang)) }
                }
            }
        }
        div class="sign" {
            p { (tell!(r.lang, "Read by")) }
            p { (tell!(r.lang, "Date")) }
            p { (tell!(r.lang, "Signature")) }
        }
    }
}

pub(super) fn made(r: &Report<'_>) -> Markup {
    let rows = html! {
        @for (_, source) in r.sources.iter() {
            tr {
                th scope="row" { code { (Text(&source.path, r.lang)) @if let Some(sheet) = &source.sheet { ":" (Text(sheet, r.lang)) } } }
                td { (source.text.len()) }
                td class="hash" { code { (hex(&Sha256::digest(&source.text))) } }
            }
        }
    };
    let many = r.sources.iter().count();
    html! {
        p {
            (Text(&tell!(
                r.lang,
                "By onshore {version}, as of {day}. The same inputs, the same day and the same version give the same file.",
                version = r.version,
                day = lang::day(&r.assessment.as_of)
            ), r.lang))
        }
        details {
            summary { (tell!(r.lang, "SHA-256 of {texts} that was read or at hand", texts = lang::count(many, "text", "texts"))) }
            (super::table(r.lang, &say!("Texts as they were read: UTF-8, a sheet of a workbook as lines"), &[say!("Text"), say!("Bytes"), say!("SHA-256")], rows))
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
