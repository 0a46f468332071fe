//! What a record of processing asks of places, who waived what until when, and the words: the facts of the page, for paper.

use std::io::{self, Write};

use super::{heading, paragraph, table};
use crate::finding::{Assessment, Finding, Waived, WaivedBy};
use crate::lang::{Joint, Lang, Message, list, say, series, tell};
use crate::report::gate::line;
use crate::report::html::record::{Abroad, about, abroad, basis, stores};
use crate::report::html::words::words;
use crate::report::html::{country_words, origin_words};
use crate::report::{safe, state_words};
use crate::source::Sources;

/// Rows of a table; a project of a hundred origins has more ways than anybody reads on paper.
const ROWS: usize = 500;

pub(super) fn record(a: &Assessment, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(1, &tell!(lang, "Stores, recipients and legal basis"), out)?;
    paragraph(&about().tell(lang), out)?;
    heading(2, &tell!(lang, "Where data and keys are kept"), out)?;
    let rows: Vec<Vec<String>> = stores(a)
        .map(|way| {
            let done = if way.activity == "keys" { say!("keys held") } else { say!("stored") };
            vec![
                format!("{}\n{}", safe(&way.endpoint), line(sources, way.location)),
                country_words(&way.country, lang),
                safe(&way.data).into_owned(),
                series([done, state_words(way.state)], Joint::Clause).tell(lang),
                origin_words(&way.origin, lang),
            ]
        })
        .collect();
    let head = [say!("Store"), say!("In"), say!("Data"), say!("What is done"), say!("People of")];
    let none = say!("No store and no key service is reached by declared data.");
    // A name of thirty letters has no place to break.
    bounded("(5cm, 1fr, 5cm, 1fr, 1fr)", head, rows, none, lang, out)?;
    heading(2, &tell!(lang, "Outside the country of origin"), out)?;
    let rows = abroad(a).into_iter().map(|((origin, _, country), Abroad { data, activities })| {
        let done = activities
            .iter()
            .map(|(activity, state)| series([Message::Word(activity), state_words(*state)], Joint::Clause).tell(lang));
        let basis: Vec<String> = basis(a, origin, country).iter().map(|m| safe(&m.tell(lang)).into_owned()).collect();
        vec![
            origin_words(origin, lang),
            country_words(country, lang),
            safe(&list(data).tell(lang)).into_owned(),
            done.collect::<Vec<_>>().join("\n"),
            if basis.is_empty() { tell!(lang, "no entry of the register was used") } else { basis.join("\n") },
        ]
    });
    let head = [say!("People of"), say!("In"), say!("Data"), say!("Activity"), say!("Basis on record")];
    let none = say!("No way leads out of the country of origin, in what was read.");
    bounded("(1fr, 1fr, 2fr, 1.2fr, 1.6fr)", head, rows.collect(), none, lang, out)
}

pub(super) fn waivers(a: &Assessment, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(1, &tell!(lang, "Waivers"), out)?;
    let lapsed = a.findings.iter().filter_map(|f| Some((f, f.lapsed.as_ref()?, true)));
    let current = a.findings.iter().filter_map(|f| Some((f, f.waiver.as_ref()?, false)));
    let rows = lapsed.chain(current).map(|(f, w, is_over)| waiver(f, w, is_over, sources, lang));
    let head = [say!("Approved by"), say!("Last day"), say!("Reason"), say!("What")];
    bounded("(1fr, 1fr, 1.6fr, 2fr)", head, rows.collect(), say!("Nobody waived anything."), lang, out)
}

fn waiver(f: &Finding, w: &Waived, is_over: bool, sources: &Sources, lang: Lang) -> Vec<String> {
    let (by, reason) = match &w.by {
        WaivedBy::Person { approver, reason, ticket } => {
            let ticket = ticket.as_ref().map_or_else(String::new, |t| format!(" ({})", safe(t)));
            (safe(approver).into_owned(), format!("{}{ticket}", safe(reason)))
        }
        WaivedBy::Baseline { since, days } => {
            let known = tell!(lang, "known since {since}, {days} days ago", since = crate::lang::day(since), days);
            (tell!(lang, "nobody: the baseline"), safe(&known).into_owned())
        }
    };
    let mut until = w.expires.as_ref().map_or_else(|| tell!(lang, "no end"), |day| safe(&lang.day(day)).into_owned());
    if is_over {
        until = format!("{until}\n{}", tell!(lang, "waiver lapsed"));
    }
    let at = w.location.map_or_else(String::new, |at| format!("\n{}", line(sources, at)));
    vec![by, until, format!("{reason}{at}"), format!("{}\n[{}]", safe(&f.message.tell(lang)), safe(&f.fingerprint))]
}

pub(super) fn glossary(lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(1, &tell!(lang, "Words"), out)?;
    table("(4cm, 1fr)", &[], words().into_iter().map(|(word, meaning)| vec![word.tell(lang), meaning.tell(lang)]), out)
}

/// The first rows, and how many more there are; a sentence if there are none.
pub(super) fn bounded<const N: usize>(
    columns: &str,
    head: [Message; N],
    mut rows: Vec<Vec<String>>,
    none: Message,
    lang: Lang,
    out: &mut dyn Write,
) -> io::Result<()> {
    if rows.is_empty() {
        return paragraph(&none.tell(lang), out);
    }
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    table(columns, &head.map(|title| title.tell(lang)), rows.into_iter(), out)?;
    if more == 0 {
        return Ok(());
    }
    paragraph(&tell!(lang, "and {n} more; --format json lists all", n = more), out)
}
