//! Tables of machines as people keep them: exports of a CMDB and spreadsheets, as CSV, TSV or the sheets of a workbook. The first
//! row whose cells are known words (in English or Chinese) is the header; `columns` of `[[inputs.override]]` says outright which
//! column holds which field. A row is an endpoint; columns of no known field become its tags.
//!
//! A `country` column places a row, as does a `site` that a `[[site]]` declares, and a `region` with its provider. Cells are text
//! and nothing else: what looks like a formula is a word, and a cell in which the spreadsheet shows an error is a gap.
//! onshore's own CSV inventory has a reader of its own, which goes before this one.

use super::{Input, Reader, Reading, Recognized, glance};
use crate::model::{Gap, GapScope, Unread};
use crate::source::{InputError, Location, Span};
use header::{Field, Header};
use rows::{Row, Rows};

mod facts;
mod header;
mod rows;

/// A header stands within so many rows from the top; above it are titles.
const MAX_ABOVE: usize = 20;

pub struct Table;

impl Reader for Table {
    fn format(&self) -> &'static str {
        "table"
    }

    fn describe(&self) -> &'static str {
        "table of machines (CSV, TSV, XLSX, ODS): CMDB exports, with header detection or a column mapping"
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        if is_workbook(path) {
            return Recognized::Yes;
        }
        if !matches!(extension(path).as_str(), "csv" | "tsv") {
            return Recognized::No;
        }
        let found =
            Rows::new(path, glance(text), false).filter_map(Result::ok).take(MAX_ABOVE).any(|r| Header::detect(&r).is_some());
        if found { Recognized::Maybe } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let source = input.sources.get(input.file);
        let told = input.settings.of(input.path());
        let mut reading = Reading::default();
        if let (Some(sheet), Some(wanted)) = (&source.sheet, told.columns.get("sheet"))
            && *sheet != wanted.text
        {
            return reading;
        }
        let mut problem = None;
        let rows: Vec<Row<'_>> = Rows::new(input.path(), input.text(), source.sheet.is_some())
            .map_while(|row| row.map_err(|p| problem = Some(p)).ok())
            .collect();
        let (header, errors) = header(&rows, input, &told.columns);
        reading.errors = errors;
        let Some((at, header)) = header else {
            if !rows.is_empty() && reading.errors.is_empty() {
                let span = rows.first().map_or(Span::default(), |r| r.span);
                reading.facts.gaps.push(no_header(Location::new(input.file, span), source.sheet.as_deref()));
            }
            return reading;
        };
        reading.facts =
            facts::facts(&header, rows.get(at + 1..).unwrap_or_default(), input.file, &told, source.sheet.is_some());
        if let Some((span, why)) = problem {
            reading.facts.gaps.push(gap(
                "malformed-line",
                Location::new(input.file, span),
                why,
                "close the quote; to write a quote inside a quoted cell, double it",
            ));
        }
        reading
    }
}

/// The header with its row: as told, else as detected.
fn header<'r>(
    rows: &[Row<'r>],
    input: &Input<'_>,
    columns: &std::collections::BTreeMap<String, super::Told>,
) -> (Option<(usize, Header)>, Vec<InputError>) {
    let mapped: Vec<(Option<Field>, &super::Told)> =
        columns.iter().filter(|(name, _)| *name != "sheet").map(|(name, told)| (Field::by_key(name), told)).collect();
    let mut errors: Vec<InputError> = Vec::new();
    for (name, told) in columns.iter().filter(|(name, _)| *name != "sheet" && Field::by_key(name).is_none()) {
        let near = crate::vocab::suggest(name, Field::keys());
        let known = Field::keys().collect::<Vec<_>>().join(", ");
        errors.push(InputError {
            location: told.location,
            message: format!("`{name}` is no field that a column can hold"),
            help: Some(
                near.map_or(format!("the fields are {known}"), |near| format!("did you mean `{near}`? the fields are {known}")),
            ),
        });
    }
    let named = |row: &Row<'_>| mapped.iter().filter(|(_, told)| row.has(&told.text)).count();
    let near = rows.iter().take(MAX_ABOVE).enumerate();
    let found = if mapped.is_empty() {
        near.filter_map(|(i, row)| Some((i, Header::detect(row)?))).max_by_key(|(i, h)| (h.known(), std::cmp::Reverse(*i)))
    } else {
        let best = near.max_by_key(|(i, row)| (named(row), std::cmp::Reverse(*i))).filter(|(_, row)| named(row) > 0);
        let asked: Vec<(Field, &str)> =
            mapped.iter().filter_map(|(field, told)| Some(((*field)?, told.text.as_str()))).collect();
        if let Some((_, row)) = best {
            for (_, told) in mapped.iter().filter(|(field, told)| field.is_some() && !row.has(&told.text)) {
                let columns: Vec<&str> = row.cells.iter().map(|c| c.text.as_ref()).filter(|c| !c.is_empty()).take(30).collect();
                errors.push(InputError {
                    location: told.location,
                    message: format!("`{}` has no column `{}`", input.path(), told.text),
                    help: Some(format!("its columns are {}", columns.join(", "))),
                });
            }
        }
        best.map(|(i, row)| (i, Header::mapped(row, &asked)))
    };
    (found, errors)
}

fn no_header(location: Location, sheet: Option<&str>) -> Unread {
    let (what, more) = match sheet {
        Some(sheet) => {
            (format!("sheet `{sheet}`"), "; name the sheet to read as `sheet = \"...\"` there, and the others are left out")
        }
        None => ("this table".to_owned(), ""),
    };
    let help =
        format!("map its columns in [[inputs.override]], as in `columns = {{ name = \"Server\", site = \"Location\" }}`{more}");
    Gap {
        code: "table-without-header",
        message: format!("{what} has no header that tells which column names machines, so nothing of it was read"),
        help: Some(help),
        location,
        scope: GapScope::Everything,
    }
}

/// A gap that could hide any row.
fn gap(code: &'static str, location: Location, message: String, help: &str) -> Unread {
    Gap { code, message, help: Some(help.to_owned()), location, scope: GapScope::Everything }
}

fn extension(path: &str) -> String {
    path.rsplit('/').next().and_then(|n| n.rsplit_once('.')).map_or("", |(_, e)| e).to_ascii_lowercase()
}

fn is_workbook(path: &str) -> bool {
    matches!(extension(path).as_str(), "xlsx" | "xlsm" | "ods")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_cells_and_separators() {
        let cells = |path: &str, text: &str| -> Vec<String> {
            let row = |r: Result<Row<'_>, (Span, String)>| match r {
                Ok(row) => row.cells.iter().map(|c| format!("{}@{}", c.text, c.span.start)).collect::<Vec<_>>().join("|"),
                Err((span, why)) => format!("{}: {why}", span.start),
            };
            Rows::new(path, text, false).map(row).collect()
        };
        assert_eq!(cells("a.csv", "a,\"b, \"\"c\"\"\nd\", e\r\n\nf"), ["a@0|b, \"c\"\nd@2|e@16", "f@20"]);
        assert_eq!(cells("a.csv", "\u{feff}sep=;\na;b,c"), ["a@9|b,c@11"]);
        assert_eq!(cells("a.csv", "a;b;c\n1;2;3"), ["a@0|b@2|c@4", "1@6|2@8|3@10"]);
        assert_eq!(cells("a.tsv", "a\tb,c"), ["a@0|b,c@2"]);
        assert_eq!(
            cells("a.csv", "a,b\n1,\"2\n3,4"),
            ["a@0|b@2", "6: this quote is never closed, so all behind it is one cell"]
        );
    }

    #[test]
    fn a_table_of_machines_is_told_by_its_header() {
        assert_eq!(Table.recognize("a.csv", ""), Recognized::No);
        assert_eq!(Table.recognize("a.csv", "hostname,ip\na,10.0.0.1\n"), Recognized::Maybe);
        assert_eq!(Table.recognize("a.csv", "主机名;机房\na;b\n"), Recognized::Maybe);
        assert_eq!(Table.recognize("a.csv", "date,amount\n1,2\n"), Recognized::No);
    }
}
