//! CSV (RFC 4180) for spreadsheets: a row per finding, then a row per gap, rule and data set, told apart by the first column. No cell
//! can be taken for a formula (OWASP, "CSV Injection").

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::gate::{gap_fingerprints, gravest, hop, spot, spot_of};
use super::{RenderOptions, Reporter, position, safe};
use crate::finding::Assessment;
use crate::source::Sources;

pub struct Csv;

impl Reporter for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn describe(&self) -> &'static str {
        "for spreadsheets: a row per finding, gap, rule and data set"
    }

    fn write(&self, a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let lang = options.lang;
        let mut table =
            WriterBuilder::new().quote_style(QuoteStyle::Always).terminator(Terminator::CRLF).from_writer(&mut *out);
        table.write_record(COLUMNS.map(|(name, _)| name))?;
        let mut put = |row: Row| table.write_record(COLUMNS.map(|(_, cell)| inert(cell(&row))));
        for f in gravest(a) {
            let at = spot_of(f, sources);
            put(Row {
                kind: "finding",
                verdict: f.verdict.as_str(),
                severity: f.severity.as_str(),
                code: f.code.into(),
                rule: f.rule.clone().unwrap_or_default(),
                message: f.message.tell(lang),
                endpoint: f.endpoint.clone(),
                places: super::places_short(&f.places, lang),
                origin: f.origin.join(" "),
                data: f.data.join(" "),
                populations: f.populations.join(" "),
                activity: f.activity.unwrap_or_default(),
                role: f.role.map_or("", |r| r.as_str()),
                state: f.state.map_or("", |s| s.as_str()),
                condition: f.condition.as_ref().map(|c| c.tell(lang)).unwrap_or_default(),
                lost: f.lost.clone().unwrap_or_default(),
                file: at.file,
                line: at.line.to_string(),
                path: f.path.iter().map(|h| hop(h, lang)).collect::<Vec<_>>().join(" > "),
                policy: f.policy_location.map(|at| position(sources, at)).unwrap_or_default(),
                why: f.why.as_ref().map(|w| w.tell(lang)).unwrap_or_default(),
                help: f.help.as_ref().map(|h| h.tell(lang)).unwrap_or_default(),
                waived: f.waiver.as_ref().map(|w| super::waived(w, sources, lang)).unwrap_or_default(),
                fingerprint: f.fingerprint.clone(),
            })?;
        }
        for (g, fingerprint) in a.gaps.iter().zip(gap_fingerprints(&a.gaps, sources)) {
            let at = spot(sources, g.location);
            put(Row {
                kind: "gap",
                code: g.code.into(),
                rule: g.touches.join(" "),
                message: g.message.tell(lang),
                help: g.help.as_ref().map(|h| h.tell(lang)).unwrap_or_default(),
                file: at.file,
                line: at.line.to_string(),
                fingerprint,
                ..Row::default()
            })?;
        }
        for r in &a.rules {
            put(Row {
                kind: "rule",
                verdict: r.verdict.as_str(),
                severity: r.severity.as_str(),
                rule: r.rule.clone(),
                message: r.title.tell(lang),
                why: r.why.tell(lang),
                policy: position(sources, r.location),
                ..Row::default()
            })?;
        }
        for text in super::gate::data_sets(a, lang) {
            put(Row { kind: "data-set", message: text, ..Row::default() })?;
        }
        for text in super::coverage(&a.coverage) {
            put(Row { kind: "coverage", message: text.tell(lang), ..Row::default() })?;
        }
        put(Row { kind: "assessment", verdict: a.verdict.as_str(), message: super::summary(a).tell(lang), ..Row::default() })?;
        table.flush()
    }
}

#[derive(Default)]
struct Row {
    kind: &'static str,
    verdict: &'static str,
    severity: &'static str,
    code: String,
    rule: String,
    message: String,
    endpoint: String,
    places: String,
    origin: String,
    data: String,
    populations: String,
    activity: &'static str,
    role: &'static str,
    state: &'static str,
    condition: String,
    lost: String,
    file: String,
    line: String,
    path: String,
    policy: String,
    why: String,
    help: String,
    waived: String,
    fingerprint: String,
}

type Cell = fn(&Row) -> &str;

/// Names and order are read by programs: new ones go to the end.
const COLUMNS: [(&str, Cell); 24] = [
    ("kind", |r| r.kind),
    ("verdict", |r| r.verdict),
    ("severity", |r| r.severity),
    ("code", |r| &r.code),
    ("rule", |r| &r.rule),
    ("message", |r| &r.message),
    ("endpoint", |r| &r.endpoint),
    ("places", |r| &r.places),
    ("origin", |r| &r.origin),
    ("data", |r| &r.data),
    ("populations", |r| &r.populations),
    ("activity", |r| r.activity),
    ("role", |r| r.role),
    ("state", |r| r.state),
    ("condition", |r| &r.condition),
    ("lost", |r| &r.lost),
    ("file", |r| &r.file),
    ("line", |r| &r.line),
    ("path", |r| &r.path),
    ("policy", |r| &r.policy),
    ("why", |r| &r.why),
    ("help", |r| &r.help),
    ("waived", |r| &r.waived),
    ("fingerprint", |r| &r.fingerprint),
];

/// An apostrophe before whatever a spreadsheet would take for the start of a formula: at the start of the cell, and behind what a
/// program with other separators would take for one (`;`, `,`, a quote). Tabs and line ends are visible escapes already.
fn inert(text: &str) -> String {
    let text = safe(text);
    let mut out = String::with_capacity(text.len() + 2);
    let mut starts = true;
    for c in text.chars() {
        if starts && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
            out.push('\'');
        }
        starts = matches!(c, ';' | ',' | '"' | '|') || starts && c == ' ';
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", " =1", "a;=1", "a\",\"=1", "\t=1", "\r=1", "＝1"] {
            let cell = inert(text);
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '＝']), "{cell}");
            for separator in [';', ',', '"'] {
                assert!(!cell.split(separator).any(|part| part.trim_start().starts_with(['=', '+', '-', '@'])), "{cell}");
            }
        }
        assert_eq!(inert("US-CA San Jose, by site"), "US-CA San Jose, by site");
    }
}
