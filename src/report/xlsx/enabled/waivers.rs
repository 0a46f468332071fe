//! Who answers for what, from when and until when: a row for each waiver, those that are over first.

use std::collections::BTreeMap;

use rust_xlsxwriter::XlsxError;

use super::{Sheets, day, maybe, number, text};
use crate::finding::{Assessment, FOR_NOTHING, Waived, WaivedBy};
use crate::lang::{Message, say, tell};
use crate::report::gate::spot;
use crate::source::Sources;

/// In the order of the rows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Lapsed,
    ForNothing,
    InForce,
}

impl Standing {
    fn words(self) -> Message {
        match self {
            Self::Lapsed => say!("lapsed: its findings count"),
            Self::ForNothing => say!("for nothing"),
            Self::InForce => say!("in force"),
        }
    }
}

/// What is the same in all findings of a waiver; of a baseline, those of a rule and a day are one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row<'a> {
    standing: Standing,
    rule: Option<&'a str>,
    at: Option<(String, u32)>,
    person: Option<(&'a str, &'a str, Option<&'a str>)>,
    from: Option<&'a String>,
    until: Option<&'a String>,
}

impl<'a> Row<'a> {
    fn new(standing: Standing, rule: Option<&'a str>, w: &'a Waived, sources: &Sources) -> Self {
        let (person, from) = match &w.by {
            WaivedBy::Person { approver, reason, ticket } => {
                (Some((&**approver, &**reason, ticket.as_deref())), w.granted.as_ref())
            }
            WaivedBy::Baseline { since, .. } => (None, Some(since)),
        };
        let at = w.location.map(|at| spot(sources, at)).map(|at| (at.file, at.line));
        Self { standing, rule, at, person, from, until: w.expires.as_ref() }
    }
}

pub(super) fn waivers(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let lang = sheets.lang;
    let mut rows: BTreeMap<Row<'_>, usize> = BTreeMap::new();
    for f in &a.findings {
        let rule = f.rule.as_deref();
        if let Some(w) = &f.lapsed {
            *rows.entry(Row::new(Standing::Lapsed, rule, w, sources)).or_default() += 1;
        }
        if let Some(w) = &f.waiver {
            let is_for_nothing = f.code == FOR_NOTHING;
            let standing = if is_for_nothing { Standing::ForNothing } else { Standing::InForce };
            *rows.entry(Row::new(standing, rule, w, sources)).or_default() += usize::from(!is_for_nothing);
        }
    }
    let rows = rows.into_iter().map(|(row, findings)| {
        let (who, reason, ticket) = match row.person {
            Some((who, reason, ticket)) => (text(who), text(reason), maybe(ticket)),
            None => (text(tell!(lang, "nobody: the baseline")), maybe(None::<&str>), maybe(None::<&str>)),
        };
        let (file, line) = row.at.unzip();
        vec![
            text(row.standing.words().tell(lang)),
            maybe(row.rule),
            who,
            reason,
            ticket,
            day(row.from),
            day(row.until),
            number(findings),
            maybe(file),
            line.map_or(super::Cell::Empty, number),
        ]
    });
    let head = [
        (say!("state"), 24),
        (say!("rule"), 36),
        (say!("approved by"), 24),
        (say!("reason"), 60),
        (say!("ticket"), 16),
        (say!("first day"), 12),
        (say!("last day"), 12),
        (say!("findings in all"), 10),
        (say!("file"), 30),
        (say!("line"), 8),
    ];
    sheets.add(say!("Waivers"), &head, rows)
}
