//! What a record of processing asks of places (GDPR, article 30(1)(d) and (e); PIPL, articles 55 and 56): where data is kept, who gets
//! it abroad, by what it is allowed. And who waived what until when. What onshore cannot know is named as missing.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{Breaking, Prose, Report, Text, at, comma, country_words, list, nothing, origin_words, state_words, verdict_badge};
use crate::finding::{Allowed, Assessment, Finding, State, Waived, WaivedBy, Way};
use crate::lang::{self, Message, say, tell};
use crate::report::places_short;
use crate::vocab::mechanisms;

/// What the record is for, and what has to come from elsewhere.
pub(in crate::report) fn about() -> Message {
    say!(
        "For the record of processing activities (GDPR, article 30(1)(d) and (e)) and for the impact assessment and its record of handling \
         (PIPL, articles 55 and 56). onshore knows places, ways and the project's transfer register. It does not know contact details, purposes beyond \
         the register, time limits for erasure or security measures: add those from elsewhere."
    )
}

pub(super) fn section(r: &Report<'_>) -> Markup {
    html! {
        p { (about().tell(r.lang)) }
        h3 { (tell!(r.lang, "Stores")) }
        (kept(r))
        h3 { (tell!(r.lang, "Places outside the country of origin")) }
        (outside(r))
        h3 { (tell!(r.lang, "Transfer register: what is allowed by it only")) }
        (register(r))
    }
}

/// The ways that end in a store or a key service.
pub(in crate::report) fn stores(a: &Assessment) -> impl Iterator<Item = &Way> {
    a.ways.iter().filter(|w| matches!(w.activity, "store" | "keys"))
}

fn kept(r: &Report<'_>) -> Markup {
    if stores(r.assessment).next().is_none() {
        return nothing(r.lang, &say!("No store and no key service is reached by declared data."));
    }
    let rows = html! {
        @for way in stores(r.assessment) {
            tr class=[(way.country == "?").then_some("untold")] {
                th scope="row" { (Text(&way.endpoint, r.lang)) br; (at(r, way.location)) }
                td { (Text(&country_words(&way.country, r.lang), r.lang)) }
                td { (Breaking(&way.data, '.', r.lang)) }
                td { @if way.activity == "keys" { (tell!(r.lang, "keys held")) } @else { (tell!(r.lang, "stored")) } }
                td { (Text(&origin_words(&way.origin, r.lang), r.lang)) }
                td { (state_words(way.state).tell(r.lang)) }
            }
        }
    };
    html! {
        p { (tell!(r.lang, "One store for each origin, class and country; there may be more of them there.")) }
        (super::table(r.lang, &say!("Where data and keys are kept"), &[say!("Store"), say!("In"), say!("Data"), say!("What is done"), say!("People of"), say!("When")], rows))
    }
}

/// What of an origin's data gets to one country: classes, and activities with the mildest state.
#[derive(Default)]
pub(in crate::report) struct Abroad<'a> {
    pub data: BTreeSet<&'a str>,
    pub activities: BTreeMap<&'static str, State>,
}

/// By origin, whether the country is known, and country: what is not known comes first.
pub(in crate::report) fn abroad(a: &Assessment) -> BTreeMap<(&str, bool, &str), Abroad<'_>> {
    let mut rows: BTreeMap<(&str, bool, &str), Abroad<'_>> = BTreeMap::new();
    for way in a.ways.iter().filter(|w| w.origin != w.country) {
        let row = rows.entry((&way.origin, way.country != "?", &way.country)).or_default();
        row.data.insert(&way.data);
        let state = row.activities.entry(way.activity).or_insert(way.state);
        *state = way.state.min(*state);
    }
    rows
}

/// The entries of the register that were used for an origin's data in a country.
pub(in crate::report) fn basis(a: &Assessment, origin: &str, country: &str) -> Vec<Message> {
    let there = |t: &Allowed| t.places.iter().any(|p| p.place.as_ref().is_some_and(|p| p.country.as_str() == country));
    let used = a.allowed.iter().filter(|t| t.origin.iter().any(|o| o == origin) && there(t));
    used.map(|t| {
        say!(
            "{mechanism}, for {data} at {endpoint}, recipient {recipient}",
            mechanism = t.mechanism,
            data = lang::list(&t.data),
            endpoint = t.endpoint,
            recipient = t.recipient
        )
    })
    .collect()
}

fn outside(r: &Report<'_>) -> Markup {
    let a = r.assessment;
    let rows = abroad(a);
    if rows.is_empty() {
        return nothing(r.lang, &say!("No way leads out of the country of origin, in what was read."));
    }
    let rows = html! {
        @for ((origin, known, country), row) in &rows {
            tr class=[(!known).then_some("untold")] {
                th scope="row" { (Text(&origin_words(origin, r.lang), r.lang)) }
                th scope="row" { (Text(&country_words(country, r.lang), r.lang)) }
                td { (list(r.lang, &row.data.iter().collect::<Vec<_>>())) }
                td { @for (activity, state) in &row.activities { p { (r.lang.word(activity)) (comma(r.lang)) (state_words(*state).tell(r.lang)) } } }
                td {
                    @let entries = basis(a, origin, country);
                    @if entries.is_empty() { (tell!(r.lang, "no entry of the register was used")) }
                    @for entry in &entries { p { (Text(&entry.tell(r.lang), r.lang)) } }
                }
            }
        }
    };
    html! {
        p {
            (tell!(
                r.lang,
                "Whether such a place is a third country in the sense of a law, and whether a transfer needs a basis, depends on that law: \
                 inside the EEA it does not. An entry is named only where a rule asked for one; it covers the data named with it, and nothing else."
            ))
        }
        (super::table(r.lang, &say!("Outside the country of origin"), &[say!("People of"), say!("In"), say!("Data"), say!("Activity"), say!("Basis on record")], rows))
    }
}

fn register(r: &Report<'_>) -> Markup {
    let all = &r.assessment.allowed;
    if all.is_empty() {
        return nothing(r.lang, &say!("Nothing: no rule was met by an entry of the transfer register."));
    }
    let rows = html! {
        @for t in all {
            @let mechanism = mechanisms::known(&t.mechanism);
            tr {
                th scope="row" { (Text(&t.recipient, r.lang)) br; (at(r, t.location)) }
                td {
                    @match mechanism {
                        Some(m) => { (lang::read(m.title.as_str()).tell(r.lang)) br; span class="id" { (lang::cited(&m.citation).tell(r.lang)) } }
                        None => { (Text(&t.mechanism, r.lang)) }
                    }
                }
                td { (Text(&tell!(r.lang, "{data} of people of {origin}", data = lang::list(&t.data), origin = lang::list(&t.origin)), r.lang)) }
                td { (Text(&t.endpoint, r.lang)) (comma(r.lang)) (Text(&places_short(&t.places, r.lang), r.lang)) @if let Some(l) = t.found_at { br; (at(r, l)) } }
                td { (Text(&t.purpose, r.lang)) }
                td { (Text(&t.evidence, r.lang)) }
                td { @match &t.until { Some(day) => { (Text(&r.lang.day(day), r.lang)) } None => { (tell!(r.lang, "no end")) } } }
                td { span class="id" { (Text(&t.rule, r.lang)) } }
            }
        }
    };
    html! {
        p { (tell!(r.lang, "onshore checks that an entry is there, covers the way and has not ended; not whether the mechanism is valid or enough.")) }
        (super::table(
            r.lang,
            &say!("Allowed by the transfer register"),
            &[say!("Recipient"), say!("Mechanism"), say!("Data"), say!("At"), say!("Purpose"), say!("Evidence"), say!("Until"), say!("Rule")],
            rows,
        ))
    }
}

pub(super) fn waivers(r: &Report<'_>) -> Markup {
    let all = &r.assessment.findings;
    let lapsed: Vec<(&Finding, &Waived)> = all.iter().filter_map(|f| Some((f, f.lapsed.as_ref()?))).collect();
    let current: Vec<(&Finding, &Waived)> = all.iter().filter_map(|f| Some((f, f.waiver.as_ref()?))).collect();
    if lapsed.is_empty() && current.is_empty() {
        return nothing(r.lang, &say!("Nobody waived anything."));
    }
    html! {
        @if !lapsed.is_empty() {
            div class="alarm" role="note" {
                h3 { (tell!(r.lang, "Lapsed: these count again")) }
                p { (tell!(r.lang, "{findings}.", findings = lang::count(lapsed.len(), "waiver is over; its finding breaks its rule", "findings had a waiver that is over; they count"))) }
                (table(r, &say!("Lapsed waivers"), &lapsed))
            }
        }
        @if !current.is_empty() {
            h3 { (tell!(r.lang, "In force, or for nothing")) }
            (table(r, &say!("Waivers in force, or for nothing"), &current))
        }
    }
}

fn table(r: &Report<'_>, caption: &Message, rows: &[(&Finding, &Waived)]) -> Markup {
    let rows = html! {
        @for (f, w) in rows {
            tr {
                th scope="row" {
                    @match &w.by {
                        WaivedBy::Person { approver, .. } => { (Text(approver, r.lang)) }
                        WaivedBy::Baseline { .. } => { (tell!(r.lang, "nobody: the baseline")) }
                    }
                }
                td class="day" { @match &w.expires { Some(day) => { (Text(&r.lang.day(day), r.lang)) } None => { (tell!(r.lang, "no end")) } } }
                td class="wide" {
                    @match &w.by {
                        WaivedBy::Person { reason, ticket, .. } => { (Text(reason, r.lang)) @if let Some(t) = ticket { " (" (Text(t, r.lang)) ")" } }
                        WaivedBy::Baseline { since, days } => { (Text(&tell!(r.lang, "known since {since}, {days} days ago", since = lang::day(since), days), r.lang)) }
                    }
                    @if let Some(l) = w.location { br; (at(r, l)) }
                }
                td class="wide" { (verdict_badge(f.verdict, r.lang)) " " (Prose(&f.message.tell(r.lang), r.lang)) }
                td { code { (Text(&f.fingerprint, r.lang)) } }
            }
        }
    };
    super::table(
        r.lang,
        caption,
        &[say!("Approved by"), say!("Last day"), say!("Reason"), say!("What"), say!("Fingerprint")],
        rows,
    )
}
