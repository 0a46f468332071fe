//! Built with the feature `xlsx`. Texts are written as texts, never as formulas, and marked so that they stay texts when somebody edits them.

use std::io;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use crate::finding::{Assessment, WaivedBy};
use crate::lang::Lang;
use crate::report::gate::{gap_fingerprints, gravest, hop, spot, spot_of};
use crate::report::{places_short, position, safe, summary};
use crate::source::Sources;

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
pub fn write(a: &Assessment, sources: &Sources) -> io::Result<Vec<u8>> {
    book(a, sources).map_err(io::Error::other)
}

fn book(a: &Assessment, sources: &Sources) -> Result<Vec<u8>, XlsxError> {
    let mut sheets = Sheets::new(a)?;
    overview(a, &mut sheets)?;
    findings(a, sources, &mut sheets)?;
    paths(a, sources, &mut sheets)?;
    let rules = a.rules.iter().map(|r| {
        let at = spot(sources, r.location);
        vec![
            text(r.verdict.as_str()),
            text(r.severity.as_str()),
            text(&r.rule),
            text(r.title.to_string()),
            text(r.why.to_string()),
            number(r.endpoints_examined),
            number(r.routes_examined),
            text(at.file),
            number(at.line),
        ]
    });
    let head = [
        ("verdict", 14),
        ("severity", 10),
        ("rule", 36),
        ("title", 50),
        ("why", 80),
        ("endpoints examined", 10),
        ("routes examined", 10),
        ("file", 30),
        ("line", 8),
    ];
    sheets.add("Rules", &head, rules)?;
    let gaps = a.gaps.iter().zip(gap_fingerprints(&a.gaps, sources)).map(|(g, fingerprint)| {
        let at = spot(sources, g.location);
        vec![
            text(g.code),
            text(g.message.to_string()),
            maybe(g.help.as_ref().map(ToString::to_string)),
            text(g.touches.join(", ")),
            text(at.file),
            number(at.line),
            text(fingerprint),
        ]
    });
    let head =
        [("code", 24), ("message", 80), ("help", 60), ("leaves open", 36), ("file", 30), ("line", 8), ("fingerprint", 28)];
    sheets.add("Not told", &head, gaps)?;
    ways(a, sources, &mut sheets)?;
    transfers(a, sources, &mut sheets)?;
    remedies(a, sources, &mut sheets)?;
    rests(a, &mut sheets)?;
    sheets.book.save_to_buffer()
}

fn overview(a: &Assessment, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let mut rows = vec![
        vec![text("project"), maybe(a.project.as_ref())],
        vec![text("verdict"), text(a.verdict.as_str())],
        vec![text("as of"), Cell::Day(a.as_of.clone())],
        vec![text("summary"), text(summary(a).to_string())],
        vec![text("answers for it"), maybe(a.owner.as_ref())],
        vec![text("incidents are told to"), maybe(a.notify.as_ref().map(|(contact, _)| contact))],
        vec![text("within hours"), a.notify.as_ref().map_or(Cell::Empty, |(_, hours)| number(*hours))],
        vec![text("findings"), number(a.findings.len())],
        vec![text("not told"), number(a.gaps.len())],
        vec![text("endpoints"), number(a.coverage.endpoints)],
        vec![text("with a known place"), number(a.coverage.located)],
        vec![text("without"), number(a.coverage.unlocated)],
        vec![text("routes"), number(a.coverage.routes)],
    ];
    rows.extend(crate::report::coverage(&a.coverage).into_iter().map(|line| vec![text("examined"), text(line.to_string())]));
    rows.push(vec![text("onshore"), text(env!("CARGO_PKG_VERSION"))]);
    let limits = "judges where data is and can get to, against declared facts; what is lawful is for people to decide";
    rows.push(vec![text("limits"), text(limits)]);
    sheets.add("Overview", &[("what", 24), ("value", 100)], rows.into_iter())
}

fn findings(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let rows = gravest(a).into_iter().map(|f| {
        let at = spot_of(f, sources);
        let (by, until) = f.waiver.as_ref().map_or((Cell::Empty, Cell::Empty), |w| {
            let by = match &w.by {
                WaivedBy::Person { approver, reason, .. } => format!("{approver}: {reason}"),
                WaivedBy::Baseline { since, .. } => format!("baseline, known since {since}"),
            };
            (text(by), day(w.expires.as_ref()))
        });
        vec![
            text(f.verdict.as_str()),
            text(f.severity.as_str()),
            number(f.severity.level().level),
            text(f.code),
            maybe(f.rule.as_ref()),
            text(f.message.to_string()),
            text(&f.endpoint),
            text(places_short(&f.places, Lang::En)),
            text(f.origin.join(", ")),
            text(f.data.join(", ")),
            text(f.populations.join(", ")),
            maybe(f.activity),
            maybe(f.role.map(|r| r.as_str())),
            maybe(f.state.map(|s| s.as_str())),
            maybe(f.condition.as_ref().map(ToString::to_string)),
            maybe(f.lost.as_ref()),
            text(at.file),
            number(at.line),
            maybe(f.policy_location.map(|at| position(sources, at))),
            maybe(f.why.as_ref().map(ToString::to_string)),
            maybe(f.help.as_ref().map(ToString::to_string)),
            by,
            until,
            text(&f.fingerprint),
        ]
    });
    let head = [
        ("verdict", 14),
        ("severity", 10),
        ("incident level", 8),
        ("code", 26),
        ("rule", 36),
        ("message", 80),
        ("endpoint", 30),
        ("places", 20),
        ("people of", 12),
        ("data", 30),
        ("populations", 20),
        ("activity", 12),
        ("role", 12),
        ("state", 12),
        ("condition", 40),
        ("lost", 20),
        ("file", 30),
        ("line", 8),
        ("asked for at", 30),
        ("why", 60),
        ("help", 60),
        ("waived by", 40),
        ("until", 12),
        ("fingerprint", 28),
    ];
    sheets.add("Findings", &head, rows)
}

fn paths(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let rows = gravest(a).into_iter().flat_map(|f| {
        f.path.iter().zip(1_u32..).map(move |(h, n)| {
            let at = spot(sources, h.location);
            vec![
                text(&f.fingerprint),
                number(n),
                text(&h.endpoint),
                text(&h.kind),
                maybe(h.route.as_ref().map(|r| r.activity)),
                maybe(h.route.as_ref().map(|r| r.role.as_str())),
                h.route.as_ref().map_or(Cell::Empty, |r| number(r.priority)),
                maybe(h.route.as_ref().and_then(|r| r.condition.as_ref()).map(ToString::to_string)),
                text(places_short(&h.places, Lang::En)),
                text(hop(h, Lang::En)),
                text(at.file),
                number(at.line),
            ]
        })
    });
    let head = [
        ("fingerprint", 28),
        ("step", 6),
        ("endpoint", 36),
        ("kind", 20),
        ("activity", 12),
        ("role", 12),
        ("priority", 8),
        ("condition", 40),
        ("places", 20),
        ("in words", 80),
        ("file", 30),
        ("line", 8),
    ];
    sheets.add("Paths", &head, rows)
}

fn ways(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let rows = a.ways.iter().map(|w| {
        let at = spot(sources, w.location);
        let who = if w.origin.is_empty() { "nobody said" } else { &w.origin };
        let country = if w.country == "?" { "not known" } else { &w.country };
        vec![
            text(who),
            text(&w.data),
            text(country),
            text(w.activity),
            text(w.state.as_str()),
            text(&w.endpoint),
            text(at.file),
            number(at.line),
        ]
    });
    let head = [
        ("people of", 14),
        ("data", 36),
        ("country", 10),
        ("what is done", 14),
        ("state", 12),
        ("endpoint", 36),
        ("file", 30),
        ("line", 8),
    ];
    sheets.add("Where data gets", &head, rows)
}

fn transfers(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let rows = a.allowed.iter().map(|t| {
        let at = spot(sources, t.location);
        vec![
            text(&t.rule),
            text(&t.endpoint),
            text(t.origin.join(", ")),
            text(t.data.join(", ")),
            text(places_short(&t.places, Lang::En)),
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
        ("rule", 36),
        ("endpoint", 30),
        ("people of", 12),
        ("data", 30),
        ("places", 20),
        ("mechanism", 24),
        ("recipient", 30),
        ("purpose", 30),
        ("evidence", 30),
        ("until", 12),
        ("file", 30),
        ("line", 8),
    ];
    sheets.add("Transfer register", &head, rows)
}

fn remedies(a: &Assessment, sources: &Sources, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let rows = a.remedies.iter().flat_map(|r| {
        let lines = crate::report::remedy(r, sources);
        lines.into_iter().map(move |line| vec![text(&r.rule), text(line.tell(Lang::En))])
    });
    sheets.add("What to change", &[("rule", 36), ("what", 120)], rows)
}

/// What the places rest on, and what was read.
fn rests(a: &Assessment, sheets: &mut Sheets) -> Result<(), XlsxError> {
    let rows = a.data_sets.iter().map(|d| {
        vec![
            text(&d.name),
            text(&d.kind),
            day(d.date.as_ref()),
            text(if d.used { "yes" } else { "no" }),
            maybe(d.licence.as_ref()),
            maybe(d.attribution.as_ref()),
            maybe(d.age.as_ref().map(ToString::to_string)),
            text(&d.sha256),
        ]
    });
    let head = [
        ("name", 30),
        ("kind", 12),
        ("date", 12),
        ("used", 8),
        ("licence", 20),
        ("attribution", 50),
        ("age", 40),
        ("sha256", 66),
    ];
    sheets.add("Data sets", &head, rows)?;
    let read = a.coverage.files_read.iter().map(|(file, format)| vec![text(file), text(*format), Cell::Empty]);
    let skipped = a.coverage.files_skipped.iter().map(|(file, why)| vec![text(file), Cell::Empty, text(why)]);
    sheets.add("Files", &[("file", 60), ("read as", 24), ("not read because", 60)], read.chain(skipped))
}

struct Sheets {
    book: Workbook,
    head: Format,
    plain: Format,
    /// For texts that a program could take for a formula: it keeps them texts when they are edited.
    quoted: Format,
    day: Format,
}

impl Sheets {
    fn new(a: &Assessment) -> Result<Self, XlsxError> {
        let mut book = Workbook::new();
        // The day of the assessment: the clock has no part in what is written.
        let made = ExcelDateTime::parse_from_str(&a.as_of).or_else(|_| ExcelDateTime::from_ymd(2000, 1, 1))?;
        book.set_properties(&DocProperties::new().set_title("Where data is and can get to").set_creation_datetime(&made));
        let plain = Format::new().set_align(FormatAlign::Top).set_text_wrap();
        Ok(Self {
            book,
            head: Format::new().set_bold().set_align(FormatAlign::Top).set_text_wrap(),
            quoted: plain.clone().set_quote_prefix(),
            day: plain.clone().set_num_format("yyyy-mm-dd"),
            plain,
        })
    }

    fn add(&mut self, name: &str, columns: &[(&str, u16)], rows: impl Iterator<Item = Vec<Cell>>) -> Result<(), XlsxError> {
        let mut sheet = Worksheet::new();
        sheet.set_name(name)?;
        for (column, (title, width)) in (0..).zip(columns) {
            sheet.write_string_with_format(0, column, *title, &self.head)?;
            sheet.set_column_width(column, f64::from(*width))?;
        }
        let (mut last, mut left_out) = (0, 0);
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
            let more = format!("and {left_out} more, which no sheet holds; `-o residency.json` has all");
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
