//! Built with the feature `xlsx`. Texts are written as texts, never as formulas, and marked so that they stay texts when somebody edits them.

use std::io;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use crate::finding::{Assessment, WaivedBy};
use crate::lang::{Lang, Message, say, tell};
use crate::report::gate::{gap_fingerprints, gravest, hop, spot, spot_of};
use crate::report::{places_short, position, safe, summary};
use crate::source::Sources;

mod waivers;

pub const BUILT_IN: bool = true;

/// Of a cell, in UTF-16 units; more is no workbook.
const MOST_TEXT: usize = 32_767;
/// Of a sheet, without its head; more is no workbook.
const MOST_ROWS: usize = 1_048_575;

/// One cell.
enum Cell {
    Text(String),
    Number(f64),
    /// `YYYY-MM-DD`; anything else is a text.
    Day(String),
    Empty,
}

fn text(value: impl AsRef<str>) -> Cell {
    match value.as_ref() {
        "" => Cell::Empty,
        value => Cell::Text(value.to_owned()),
    }
}

fn maybe(value: Option<impl AsRef<str>>) -> Cell {
    value.map_or(Cell::Empty, text)
}

fn day(value: Option<&String>) -> Cell {
    value.map_or(Cell::Empty, |day| Cell::Day(day.clone()))
}

fn number(value: impl TryInto<u32>) -> Cell {
    value.try_into().map_or(Cell::Empty, |n| Cell::Number(f64::from(n)))
}

/// # Errors
/// More than a workbook holds.
pub fn write(a: &Assessment, sources: &Sources, lang: Lang) -> io::Result<Vec<u8>> {
    book(a, sources, lang).map_err(io::Error::other)
}

fn book(a: &Assessment, sources: &Sources, lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let mut sheets = Sheets::new(a, lang)?;
    overview(a, &mut sheets)?;
    findings(a, sources, &mut sheets)?;
    paths(a, sources, &mut sheets)?;
    let rules = a.rules.iter().map(|r| {
        let at = spot(sources, r.location);
        vec![
            text(lang.word(r.verdict.as_str())),
            text(lang.word(r.severity.as_str())),
            text(&r.rule),
            text(r.title.tell(lang)),
            text(r.why.tell(lang)),
            number(r.endpoints_examined),
            number(r.routes_examined),
            text(at.file),
            number(at.line),
        ]
    });
    let head = [
        (say!("verdict"), 14),
        (say!("severity"), 10),
        (say!("rule"), 36),
        (say!("title"), 50),
        (say!("why"), 80),
        (say!("endpoints examined"), 10),
        (say!("routes examined"), 10),
        (say!("file"), 30),
        (say!("line"), 8),
    ];
    sheets.add(say!("Rules"), &head, rules)?;
    let gaps = a.gaps.iter().zip(gap_fingerprints(&a.gaps, sources)).map(|(g, fingerprint)| {
        let at = spot(sources, g.location);
        vec![
            text(g.code),
            text(g.message.tell(lang)),
            maybe(g.help.as_ref().map(|m| m.tell(lang))),
            text(g.touches.join(", ")),
            text(at.file),
            number(at.line),
            text(fingerprint),
        ]
    });
    let head = [
        (say!("code"), 24),
        (say!("message"), 80),
        (say!("help"), 60),
        (say!("leaves open"), 36),
        (say!("file"), 30),
        (say!("line"), 8),
        (say!("fingerprint"), 28),
    ];
    sheets.add(say!("Not told"), &head, gaps)?;
    ways(a, sources, &mut sheets)?;
    waivers::waivers(a, sources, &mut sheets)?;
    transfers(a, sources, &mut sheets)?;
    remedies(a, sources, &mut sheets)?;
    rests(a, &mut sheets)?;
    sheets.book.save_to_buffer()
}

fn overview(a: &Assessment, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let lang = sheets.lang;
    let said = |message: Message| text(message.tell(lang));
    let mut rows = vec![
        vec![said(say!("project")), maybe(a.name(lang))],
        vec![said(say!("verdict")), text(lang.word(a.verdict.as_str()))],
        vec![said(say!("as of")), Cell::Day(a.as_of.clone())],
        vec![said(say!("summary")), said(summary(a))],
        vec![said(say!("answers for it")), maybe(a.owner.as_ref())],
        vec![said(say!("incidents are told to")), maybe(a.notify.as_ref().map(|(contact, _)| contact))],
        vec![said(say!("within hours")), a.notify.as_ref().map_or(Cell::Empty, |(_, hours)| number(*hours))],
        vec![said(say!("findings in all")), number(a.findings.len())],
        vec![said(say!("not told")), number(a.gaps.len())],
        vec![said(say!("endpoints")), number(a.coverage.endpoints)],
        vec![said(say!("with a known place")), number(a.coverage.located)],
        vec![said(say!("without")), number(a.coverage.unlocated)],
        vec![said(say!("routes")), number(a.coverage.routes)],
    ];
    rows.extend(crate::report::coverage(&a.coverage).into_iter().map(|line| vec![said(say!("examined")), said(line)]));
    rows.push(vec![text("onshore"), text(env!("CARGO_PKG_VERSION"))]);
    let limits = say!("judges where data is and can get to, against declared facts; what is lawful is for people to decide");
    rows.push(vec![said(say!("limits")), said(limits)]);
    sheets.add(say!("Overview"), &[(say!("what"), 24), (say!("value"), 100)], rows.into_iter())
}

fn findings(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let lang = sheets.lang;
    let rows = gravest(a).into_iter().map(|f| {
        let at = spot_of(f, sources);
        let (by, until) = f.waiver.as_ref().map_or((Cell::Empty, Cell::Empty), |w| {
            let by = match &w.by {
                WaivedBy::Person { approver, reason, .. } => format!("{approver}: {reason}"),
                WaivedBy::Baseline { since, .. } => tell!(lang, "baseline, known since {since}", since),
            };
            (text(by), day(w.expires.as_ref()))
        });
        vec![
            text(lang.word(f.verdict.as_str())),
            text(lang.word(f.severity.as_str())),
            number(f.severity.level().level),
            text(f.code),
            maybe(f.rule.as_ref()),
            text(f.message.tell(lang)),
            text(&f.endpoint),
            text(places_short(&f.places, lang)),
            text(f.origin.join(", ")),
            text(f.data.join(", ")),
            text(f.populations.join(", ")),
            maybe(f.activity.map(|a| lang.word(a))),
            maybe(f.role.map(|r| lang.word(r.as_str()))),
            maybe(f.state.map(|s| lang.word(s.as_str()))),
            maybe(f.condition.as_ref().map(|m| m.tell(lang))),
            maybe(f.lost.as_ref()),
            text(at.file),
            number(at.line),
            maybe(f.policy_location.map(|at| position(sources, at))),
            maybe(f.why.as_ref().map(|m| m.tell(lang))),
            maybe(f.help.as_ref().map(|m| m.tell(lang))),
            by,
            until,
            text(&f.fingerprint),
        ]
    });
    let head = [
        (say!("verdict"), 14),
        (say!("severity"), 10),
        (say!("incident level"), 8),
        (say!("code"), 26),
        (say!("rule"), 36),
        (say!("message"), 80),
        (say!("endpoint"), 30),
        (say!("places"), 20),
        (say!("people of"), 12),
        (say!("data"), 30),
        (say!("populations"), 20),
        (say!("activity"), 12),
        (say!("role"), 12),
        (say!("state"), 12),
        (say!("condition"), 40),
        (say!("lost"), 20),
        (say!("file"), 30),
        (say!("line"), 8),
        (say!("asked for at"), 30),
        (say!("why"), 60),
        (say!("help"), 60),
        (say!("waived by"), 40),
        (say!("until"), 12),
        (say!("fingerprint"), 28),
    ];
    sheets.add(say!("Findings"), &head, rows)
}

fn paths(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let lang = sheets.lang;
    let rows = gravest(a).into_iter().flat_map(|f| {
        f.path.iter().zip(1_u32..).map(move |(h, n)| {
            let at = spot(sources, h.location);
            vec![
                text(&f.fingerprint),
                number(n),
                text(&h.endpoint),
                text(&h.kind),
                maybe(h.route.as_ref().map(|r| lang.word(r.activity))),
                maybe(h.route.as_ref().map(|r| lang.word(r.role.as_str()))),
                h.route.as_ref().map_or(Cell::Empty, |r| number(r.priority)),
                maybe(h.route.as_ref().and_then(|r| r.condition.as_ref()).map(|m| m.tell(lang))),
                text(places_short(&h.places, lang)),
                text(hop(h, lang)),
                text(at.file),
                number(at.line),
            ]
        })
    });
    let head = [
        (say!("fingerprint"), 28),
        (say!("step"), 6),
        (say!("endpoint"), 36),
        (say!("kind"), 20),
        (say!("activity"), 12),
        (say!("role"), 12),
        (say!("priority"), 8),
        (say!("condition"), 40),
        (say!("places"), 20),
        (say!("in words"), 80),
        (say!("file"), 30),
        (say!("line"), 8),
    ];
    sheets.add(say!("Paths"), &head, rows)
}

fn ways(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let lang = sheets.lang;
    let rows = a.ways.iter().map(|w| {
        let at = spot(sources, w.location);
        let who = if w.origin.is_empty() { tell!(lang, "nobody said") } else { w.origin.clone() };
        let country = if w.country == "?" { tell!(lang, "not known") } else { w.country.clone() };
        vec![
            text(who),
            text(&w.data),
            text(country),
            text(lang.word(w.activity)),
            text(lang.word(w.state.as_str())),
            text(&w.endpoint),
            text(at.file),
            number(at.line),
        ]
    });
    let head = [
        (say!("people of"), 14),
        (say!("data"), 36),
        (say!("country"), 10),
        (say!("what is done"), 14),
        (say!("state"), 12),
        (say!("endpoint"), 36),
        (say!("file"), 30),
        (say!("line"), 8),
    ];
    sheets.add(say!("Where data gets"), &head, rows)
}

fn transfers(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let lang = sheets.lang;
    let rows = a.allowed.iter().map(|t| {
        let at = spot(sources, t.location);
        vec![
            text(&t.rule),
            text(&t.endpoint),
            text(t.origin.join(", ")),
            text(t.data.join(", ")),
            text(places_short(&t.places, lang)),
            text(&t.mechanism),
            text(&t.recipient),
            text(&t.purpose),
            text(&t.evidence),
            day(t.until.as_ref()),
            text(at.file),
            number(at.line),
        ]
    });
    let head = [
        (say!("rule"), 36),
        (say!("endpoint"), 30),
        (say!("people of"), 12),
        (say!("data"), 30),
        (say!("places"), 20),
        (say!("mechanism"), 24),
        (say!("recipient"), 30),
        (say!("purpose"), 30),
        (say!("evidence"), 30),
        (say!("until"), 12),
        (say!("file"), 30),
        (say!("line"), 8),
    ];
    sheets.add(say!("Transfer register"), &head, rows)
}

fn remedies(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let lang = sheets.lang;
    let rows = a.remedies.iter().flat_map(|r| {
        let lines = crate::report::remedy(r, sources);
        lines.into_iter().map(move |line| vec![text(&r.rule), text(line.tell(lang))])
    });
    sheets.add(say!("What to change"), &[(say!("rule"), 36), (say!("what"), 120)], rows)
}

/// What the places rest on, and what was read.
fn rests(a: &Assessment, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let lang = sheets.lang;
    let rows = a.data_sets.iter().map(|d| {
        vec![
            text(lang.read(&d.name)),
            text(lang.read(&d.kind)),
            day(d.date.as_ref()),
            text(if d.used { tell!(lang, "yes") } else { tell!(lang, "no") }),
            maybe(d.licence.as_ref()),
            maybe(d.attribution.as_ref()),
            maybe(d.age.as_ref().map(|m| m.tell(lang))),
            text(&d.sha256),
        ]
    });
    let head = [
        (say!("name"), 30),
        (say!("kind"), 12),
        (say!("date"), 12),
        (say!("used"), 8),
        (say!("licence"), 20),
        (say!("attribution"), 50),
        (say!("age"), 40),
        (say!("sha256"), 66),
    ];
    sheets.add(say!("Data sets"), &head, rows)?;
    let read = a.coverage.files_read.iter().map(|(file, format)| vec![text(file), text(*format), Cell::Empty]);
    let skipped = a.coverage.files_skipped.iter().map(|(file, why)| vec![text(file), Cell::Empty, text(lang.read(why))]);
    sheets.add(say!("Files"), &[(say!("file"), 60), (say!("read as"), 24), (say!("not read because"), 60)], read.chain(skipped))
}

struct Sheets {
    lang: Lang,
    book: Workbook,
    head: Format,
    plain: Format,
    /// For texts that a program could take for a formula: it keeps them texts when they are edited.
    quoted: Format,
    day: Format,
}

impl Sheets {
    fn new(a: &Assessment, lang: Lang) -> Result<Self, XlsxError> {
        let mut book = Workbook::new();
        // The day of the assessment: the clock has no part in what is written.
        let made = ExcelDateTime::parse_from_str(&a.as_of).or_else(|_| ExcelDateTime::from_ymd(2000, 1, 1))?;
        book.set_properties(
            &DocProperties::new().set_title(tell!(lang, "Where data is and can get to")).set_creation_datetime(&made),
        );
        let plain = Format::new().set_align(FormatAlign::Top).set_text_wrap();
        Ok(Self {
            lang,
            book,
            head: Format::new().set_bold().set_align(FormatAlign::Top).set_text_wrap(),
            quoted: plain.clone().set_quote_prefix(),
            day: plain.clone().set_num_format("yyyy-mm-dd"),
            plain,
        })
    }

    fn add(
        &mut self,
        name: Message,
        columns: &[(Message, u16)],
        rows: impl Iterator<Item = Vec<Cell>>,
    ) -> Result<(), XlsxError> {
        let mut sheet = Worksheet::new();
        sheet.set_name(name.tell(self.lang))?;
        for (column, (title, width)) in (0..).zip(columns) {
            sheet.write_string_with_format(0, column, title.tell(self.lang), &self.head)?;
            sheet.set_column_width(column, f64::from(*width))?;
        }
        let (mut last, mut left_out) = (0, 0_usize);
        for (n, row) in (1..).zip(rows) {
            if n as usize > MOST_ROWS {
                left_out += 1;
                continue;
            }
            last = n;
            for (column, cell) in (0..).zip(row) {
                self.put(&mut sheet, n, column, cell)?;
            }
        }
        if left_out > 0 {
            let more = tell!(self.lang, "and {left_out} more, which no sheet holds; `-o residency.json` has all", left_out);
            sheet.write_string_with_format(last, 0, more, &self.plain)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        let width = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        sheet.autofilter(0, 0, last, width.saturating_sub(1))?;
        self.book.push_worksheet(sheet);
        Ok(())
    }

    fn put(&self, sheet: &mut Worksheet, row: u32, column: u16, cell: Cell) -> Result<(), XlsxError> {
        match cell {
            Cell::Empty => {}
            Cell::Number(n) => _ = sheet.write_number_with_format(row, column, n, &self.plain)?,
            Cell::Day(day) => match ExcelDateTime::parse_from_str(&day) {
                Ok(date) if day.len() == "2026-11-22".len() => {
                    sheet.write_datetime_with_format(row, column, &date, &self.day)?;
                }
                _ => self.put(sheet, row, column, text(day))?,
            },
            Cell::Text(text) => {
                let text = cut(&safe(&text));
                let formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
                let format = if formula { &self.quoted } else { &self.plain };
                sheet.write_string_with_format(row, column, text, format)?;
            }
        }
        Ok(())
    }
}

/// What fits a cell.
fn cut(text: &str) -> String {
    if text.len() <= MOST_TEXT {
        return text.to_owned();
    }
    let mut left = MOST_TEXT - 4;
    let fits = |c: &char| {
        left = left.saturating_sub(c.len_utf16());
        left > 0
    };
    text.chars().take_while(fits).chain(" ...".chars()).collect()
}
