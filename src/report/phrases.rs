//! The phrases that several formats share, from the whole verdict down to a single place.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{RenderOptions, gate, safe, safe_list, sarif};
use crate::finding::{Allowed, Assessment, Finding, GapResult, KnownPlace, State, Verdict, Waived, WaivedBy};
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::source::{Location, Sources};

/// The verdict in a sentence, with the size of what was looked at. Never "compliant".
pub(crate) fn summary(a: &Assessment) -> Message {
    let of = |v: Verdict| a.rules.iter().filter(|r| r.verdict == v).count();
    let order = [
        Verdict::Violated,
        Verdict::Unsatisfiable,
        Verdict::Conflict,
        Verdict::Indeterminate,
        Verdict::Waived,
        Verdict::Satisfied,
        Verdict::NotApplicable,
    ];
    let parts =
        order.into_iter().filter(|v| of(*v) > 0).map(|v| say!("{n} {verdict}", n = of(v), verdict = Message::Word(v.as_str())));
    let parts: Vec<Message> = parts.collect();
    let by_verdict = if parts.is_empty() { say!("no rule was asked") } else { lang::list(parts) };
    say!(
        "{verdict}: {rules} ({by_verdict}), {findings}, {gaps}, as of {day}",
        verdict = Message::Word(a.verdict.as_str()),
        rules = lang::count(a.rules.len(), "rule", "rules"),
        by_verdict,
        findings = lang::count(a.findings.len(), "finding", "findings"),
        gaps = lang::count(a.gaps.len(), "gap", "gaps"),
        day = lang::day(&safe(&a.as_of))
    )
}

/// On the first page and at the end of every report.
pub(crate) fn limits() -> Message {
    say!("onshore judges where data is and can get to, against declared facts; what is lawful is for people to decide")
}

/// The state of the world in which something is so.
pub(crate) fn state_words(state: State) -> Message {
    match state {
        State::Normal => say!("in normal running"),
        State::Overload => say!("under overload"),
        State::Loss => say!("after a loss"),
    }
}

/// `routing/media.conf:6:9`; `-` when the source is not among those read.
pub(crate) fn position(sources: &Sources, at: Location) -> String {
    let p = sources.position(at);
    format!("{}:{}:{}", safe(&p.file), p.line, p.column)
}

/// `routing/media.conf:6`.
pub(crate) fn line(sources: &Sources, at: Location) -> String {
    let p = sources.position(at);
    format!("{}:{}", safe(&p.file), p.line)
}

/// Where a finding is shown: the line that breaks the rule, else the first known line of its path, else the policy's line.
pub(crate) fn place_of(finding: &Finding) -> Option<Location> {
    finding.location.or_else(|| finding.path.last().map(|h| h.location)).or(finding.policy_location)
}

/// What leads to a line of the user's files, as a hyperlink where the terminal has them. `text` must be safe to show.
pub(crate) fn linked(text: &str, sources: &Sources, at: Location, options: &RenderOptions) -> String {
    let path = &sources.get(at.source).path;
    match sources.folder.as_ref().filter(|_| options.links && gate::is_file(path)) {
        Some(folder) => format!("\u{1b}]8;;{folder}{}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\", sarif::uri(path)),
        None => text.to_owned(),
    }
}

/// Longer notes are cut in reports for people; JSON has them whole.
const NOTE: usize = 70;

/// A place with how it is known: `CN Beijing, by mmdb (network 221.122.0.0/16; DB-IP Lite Country of 2026-11-01)`.
pub(crate) fn known(place: &KnownPlace, lang: Lang) -> String {
    let mut out = match &place.place {
        Some(p) => tell!(lang, "{place}, by {basis}", place = p, basis = Message::Word(place.basis)),
        None => tell!(lang, "place unknown"),
    };
    let mut how: Vec<String> = Vec::new();
    if let Some(matched) = place.matched.as_ref().filter(|m| Some(*m) != place.data_set.as_ref()) {
        how.push(matched.clone());
    }
    if let Some(network) = &place.network
        && place.matched.as_ref() != Some(network)
    {
        how.push(tell!(lang, "network {network}", network));
    }
    match (&place.data_set, &place.data_set_date) {
        (Some(set), Some(date)) => how.push(tell!(lang, "{set} of {day}", set = lang.read(set), day = lang::day(date))),
        (Some(set), None) => how.push(tell!(lang, "{set}, date unknown", set = lang.read(set))),
        (None, _) => {}
    }
    how.extend(place.note.as_ref().map(|n| shorten(&safe(&n.tell(lang)))));
    if !how.is_empty() {
        let how = lang::series(how, Joint::Semicolon);
        out = tell!(lang, "{place} ({how})", place = out, how);
    }
    safe(&out).into_owned()
}

/// What must be true for a way to carry, as a clause: readers write some with their conjunction and some without.
pub(crate) fn condition(message: &Message, lang: Lang) -> String {
    let text = message.tell(lang);
    // What a reader says is in its own words.
    let (Message::Plain(own) | Message::In(_, Cow::Owned(own))) = message else { return safe(&text).into_owned() };
    let has_conjunction = ["when ", "if ", "only ", "for ", "after ", "by "].iter().any(|c| own.starts_with(c));
    let text = safe(&text);
    if has_conjunction { text.into_owned() } else { tell!(lang, "if {condition}", condition = text) }
}

/// The first words of a long note.
fn shorten(note: &str) -> String {
    if note.chars().count() <= NOTE {
        return note.to_owned();
    }
    let cut: String = note.chars().take(NOTE).collect();
    let words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{} ...", words.trim_end_matches([',', ';', ':']))
}

/// Where the data of a finding is: an endpoint by its name, or the phrase for a receiver that the inventory does not have.
pub(crate) fn endpoint_of(finding: &Finding, lang: Lang) -> Cow<'_, str> {
    let is_phrase = finding.code.starts_with("observed-") && finding.location.is_none();
    if is_phrase { lang.read(&finding.endpoint) } else { Cow::Borrowed(&finding.endpoint) }
}

/// The places in short, for one line: `CN, US-CA San Jose`, or `place unknown`.
pub(crate) fn places_short(places: &[KnownPlace], lang: Lang) -> String {
    let mut names: Vec<Message> = Vec::new();
    for place in places {
        let name = place.place.as_ref().map_or_else(|| say!("place unknown"), |p| Message::Place(p.clone()));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    safe(&lang::list(names).tell(lang)).into_owned()
}

/// `until 2027-01-31 by Jane Doe (CHG-7): the last users leave in May (onshore.toml:40)`.
pub(crate) fn waived(waived: &Waived, sources: &Sources, lang: Lang) -> String {
    let by = match &waived.by {
        WaivedBy::Person { approver, reason, ticket } => {
            let (approver, reason) = (safe(approver), safe(reason));
            match ticket {
                Some(ticket) => say!("by {approver} ({ticket}): {reason}", approver, ticket = safe(ticket), reason),
                None => say!("by {approver}: {reason}", approver, reason),
            }
        }
        WaivedBy::Baseline { since, days } => {
            let days = Message::Count(days.unsigned_abs(), "day", "days");
            say!("by the baseline: known since {since}, {days} ago", since = lang::day(&safe(since)), days)
        }
    };
    let told = match &waived.expires {
        Some(day) => tell!(lang, "until {day} {by}", day = lang::day(&safe(day)), by),
        None => by.tell(lang),
    };
    match waived.location {
        Some(at) => format!("{told} ({})", line(sources, at)),
        None => told,
    }
}

/// What is allowed by an entry of the transfer register.
pub(crate) fn transfer(t: &Allowed, lang: Lang) -> String {
    let places = places_short(&t.places, lang);
    tell!(
        lang,
        "{whose} at `{endpoint}` in {places}: {by_what}",
        whose = whose(t),
        endpoint = safe(&t.endpoint),
        places,
        by_what = by_what(t)
    )
}

/// `user.contact of people in DE`.
pub(crate) fn whose(t: &Allowed) -> Message {
    say!("{data} of people in {origin}", data = safe_list(&t.data), origin = safe_list(&t.origin))
}

/// `scc with Acme Inc, support (contract 7, until 2027-01-31)`.
pub(crate) fn by_what(t: &Allowed) -> Message {
    let until = match &t.until {
        Some(day) => say!(", until {day}", day = lang::day(&safe(day))),
        None => Message::default(),
    };
    say!(
        "{mechanism} with {recipient}, {purpose} ({evidence}{until})",
        mechanism = safe(&t.mechanism),
        recipient = safe(&t.recipient),
        purpose = safe(&t.purpose),
        evidence = safe(&t.evidence),
        until
    )
}

/// Gaps by code, codes in order of their first gap.
pub(crate) fn gaps_by_code(gaps: &[GapResult]) -> BTreeMap<&'static str, Vec<&GapResult>> {
    let mut groups: BTreeMap<&'static str, Vec<&GapResult>> = BTreeMap::new();
    for gap in gaps {
        groups.entry(gap.code).or_default().push(gap);
    }
    groups
}
