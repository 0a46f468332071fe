//! Workbooks (XLSX, ODS) into text: each sheet becomes a source of its own, a line per row and a tab between cells, so that the
//! line of a fact is the row that people see. A cell gives the value that was last computed; nothing is evaluated here.
//!
//! A workbook is a ZIP archive that may unpack to anything. It is unpacked once just to be counted, and what is too large, or
//! has cells too far out, is refused before the crate that understands it sees it.

use std::fmt::Write as _;
use std::io::{Cursor, Read as _};

use calamine::{Data, DataRef, ExcelDateTime, Reader as _};

/// One sheet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    pub name: String,
    pub text: String,
}

/// All parts of the archive together, unpacked.
const MAX_UNPACKED: u64 = 256 << 20;
const MAX_PARTS: usize = 10_000;
/// Rows of a sheet, as XLSX itself has them.
const MAX_ROWS: u32 = 1 << 20;
/// Tables of machines are narrower.
const MAX_COLUMNS: u32 = 1024;
/// What the text of all sheets may come to.
const MAX_TEXT: usize = 256 << 20;

/// The most that a cell holds in XLSX is 32,767 characters.
const MAX_CELL: usize = 128 << 10;

/// A cell with a formula that was never computed.
const NOT_COMPUTED: &str = "#NOT-COMPUTED!";

/// By the name; what stands in it decides whether it can be read.
pub(super) fn is_one(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
    matches!(extension.as_str(), "xlsx" | "xlsm" | "ods" | "xls" | "xlsb")
}

type Refusal = (String, &'static str);

/// The sheets that have any cell, in their order.
///
/// # Errors
/// Why it cannot be read, and what to do about it.
pub(super) fn sheets(bytes: Vec<u8>) -> Result<Vec<Sheet>, Refusal> {
    sheets_within(bytes, MAX_UNPACKED)
}

fn sheets_within(bytes: Vec<u8>, unpacked: u64) -> Result<Vec<Sheet>, Refusal> {
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err((
            "this is a workbook of the old kind, or one with a password".to_owned(),
            "save it as .xlsx without a password",
        ));
    }
    let kind = measure(&bytes, unpacked)?;
    let refuse = |why: &dyn std::fmt::Display| -> Refusal {
        (
            format!("the workbook cannot be read: {}", plain(&why.to_string())),
            "open it and save it again as .xlsx, or save its sheets as CSV",
        )
    };
    match kind {
        Kind::Xlsx => xlsx(bytes, &refuse),
        Kind::Ods => ods(bytes, &refuse),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Xlsx,
    Ods,
}

/// Unpacks every part without keeping it, and tells the kind of workbook.
fn measure(bytes: &[u8], unpacked: u64) -> Result<Kind, Refusal> {
    let broken = |why: String| -> Refusal {
        (format!("the workbook is broken or cut off: {}", plain(&why)), "fetch it again, or open it and save it as .xlsx")
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken(e.to_string()))?;
    if archive.len() > MAX_PARTS {
        return Err((format!("the workbook has more than {MAX_PARTS} parts"), "save its sheets as CSV"));
    }
    let mut left = unpacked;
    let mut kind = None;
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).map_err(|e| broken(e.to_string()))?;
        let name = part.name().map(|n| n.into_owned()).unwrap_or_default();
        let is_content = name == "content.xml";
        if name == "xl/workbook.xml" {
            kind = Some(Kind::Xlsx);
        }
        let mut content = Vec::new();
        let read = if is_content {
            part.by_ref().take(left + 1).read_to_end(&mut content).map(|n| n as u64)
        } else {
            std::io::copy(&mut part.by_ref().take(left + 1), &mut std::io::sink())
        };
        let size = read.map_err(|e| broken(e.to_string()))?;
        left = left.checked_sub(size).ok_or_else(|| -> Refusal {
            (format!("the workbook unpacks to more than {} MiB", unpacked >> 20), "save its sheets as CSV")
        })?;
        if is_content {
            kind = Some(Kind::Ods);
            if ods_cells(&content) > u64::from(MAX_ROWS) * 16 {
                return Err(("the sheets of this workbook repeat their cells too often".to_owned(), "save its sheets as CSV"));
            }
        }
    }
    kind.ok_or_else(|| broken("it holds no sheets".to_owned()))
}

/// How many cells an ODS sheet comes to when its repeated rows and cells are written out: rows up to the last one with a value, by
/// the widest of them.
fn ods_cells(content: &[u8]) -> u64 {
    let repeats = |tag: &[u8], name: &[u8]| -> u64 {
        let at = tag.windows(name.len()).position(|w| w == name).map(|at| at + name.len());
        let digits =
            at.and_then(|at| tag.get(at..)).unwrap_or_default().iter().skip_while(|b| matches!(b, b'=' | b'"' | b'\''));
        digits
            .take_while(|b| b.is_ascii_digit())
            .fold(0_u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')))
            .max(1)
    };
    let (mut total, mut rows, mut filled, mut widest) = (0_u64, 0_u64, 0_u64, 0_u64);
    let (mut row_repeats, mut width, mut used) = (1_u64, 0_u64, 0_u64);
    for tag in content.split(|b| *b == b'<') {
        if tag.starts_with(b"table:table-row ") || tag.starts_with(b"table:table-row>") {
            (row_repeats, width, used) = (repeats(tag, b"number-rows-repeated"), 0, 0);
        } else if tag.starts_with(b"table:table-cell") || tag.starts_with(b"table:covered-table-cell") {
            width = width.saturating_add(repeats(tag, b"number-columns-repeated"));
            if tag.windows(6).any(|w| w == b"value-") {
                used = width;
            }
        } else if tag.starts_with(b"text:p") {
            used = width;
        } else if tag.starts_with(b"/table:table-row") {
            rows = rows.saturating_add(row_repeats);
            if used > 0 {
                (filled, widest) = (rows, widest.max(used));
            }
        } else if tag.starts_with(b"/table:table>") {
            total = total.saturating_add(filled.saturating_mul(widest));
            (rows, filled, widest) = (0, 0, 0);
        }
    }
    total.saturating_add(filled.saturating_mul(widest))
}

fn xlsx(bytes: Vec<u8>, refuse: &dyn Fn(&dyn std::fmt::Display) -> Refusal) -> Result<Vec<Sheet>, Refusal> {
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(bytes)).map_err(|e| refuse(&e))?;
    let mut sheets = Vec::new();
    let mut room = MAX_TEXT;
    for name in book.sheet_names() {
        let mut grid = Grid::default();
        let mut cells = match book.worksheet_cells_reader(&name) {
            Ok(cells) => cells,
            // A sheet that is a chart has no cells.
            Err(calamine::XlsxError::NotAWorksheet(_)) => continue,
            Err(e) => return Err(refuse(&e)),
        };
        while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(|e| refuse(&e))? {
            let text = match cell.value {
                DataRef::Empty if cell.formula.is_some() => NOT_COMPUTED.to_owned(),
                value => text(&Data::from(value)),
            };
            grid.put(cell.pos, text)?;
        }
        sheets.extend(grid.sheet(name, &mut room)?);
    }
    Ok(sheets)
}

fn ods(bytes: Vec<u8>, refuse: &dyn Fn(&dyn std::fmt::Display) -> Refusal) -> Result<Vec<Sheet>, Refusal> {
    let mut book: calamine::Ods<_> = calamine::Ods::new(Cursor::new(bytes)).map_err(|e| refuse(&e))?;
    let mut sheets = Vec::new();
    let mut room = MAX_TEXT;
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).map_err(|e| refuse(&e))?;
        let (top, left) = range.start().unwrap_or_default();
        let mut grid = Grid::default();
        for (row, column, value) in range.used_cells() {
            let at = |from: u32, n: usize| from.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
            grid.put((at(top, row), at(left, column)), text(value))?;
        }
        sheets.extend(grid.sheet(name, &mut room)?);
    }
    Ok(sheets)
}

/// Cells that hold something, by row and column from 0, and their bytes.
#[derive(Default)]
struct Grid(std::collections::BTreeMap<(u32, u32), String>, usize);

impl Grid {
    fn put(&mut self, (row, column): (u32, u32), text: String) -> Result<(), Refusal> {
        if text.is_empty() {
            return Ok(());
        }
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            let message = format!(
                "a cell stands in row {} and column {}, farther out than any that is read",
                row.saturating_add(1),
                column.saturating_add(1)
            );
            return Err((message, "delete the cells beside the table, or save the sheet as CSV"));
        }
        // Many cells may share one long text.
        self.1 = self.1.saturating_add(text.len());
        if text.len() > MAX_CELL || self.1 > MAX_TEXT {
            return Err(("the cells of this workbook hold too much text".to_owned(), "save its sheets as CSV"));
        }
        self.0.insert((row, column), text);
        Ok(())
    }

    /// The text; `None` if no cell holds anything.
    fn sheet(self, name: String, room: &mut usize) -> Result<Option<Sheet>, Refusal> {
        let Some((last, _)) = self.0.last_key_value().map(|((row, column), _)| (*row, *column)) else { return Ok(None) };
        let mut lines = String::new();
        let (mut row, mut column) = (0, 0);
        for ((r, c), cell) in self.0 {
            while row < r {
                lines.push('\n');
                (row, column) = (row + 1, 0);
            }
            while column < c {
                lines.push('\t');
                column += 1;
            }
            lines.push_str(&cell);
            if lines.len() > *room {
                return Err((
                    format!("the sheets of this workbook hold more than {} MiB of text", MAX_TEXT >> 20),
                    "save its sheets as CSV",
                ));
            }
        }
        debug_assert_eq!(row, last);
        lines.push('\n');
        *room = room.saturating_sub(lines.len());
        Ok(Some(Sheet { name: plain(&name), text: lines }))
    }
}

/// What the cell shows, more or less: dates as ISO 8601, whole numbers without a point, errors as `#REF!`.
fn text(value: &Data) -> String {
    match value {
        Data::Empty => String::new(),
        Data::Int(n) => n.to_string(),
        Data::Float(n) => n.to_string(),
        Data::Bool(b) => b.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => plain(text),
        Data::DateTime(when) => date(*when),
        Data::Error(error) => error.to_string(),
    }
}

fn date(when: ExcelDateTime) -> String {
    if !when.is_datetime() {
        return when.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = when.to_ymd_hms_milli();
    let mut out = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) != (0, 0, 0) {
        let _ = write!(out, "T{hour:02}:{minute:02}:{second:02}");
    }
    out
}

/// One line, without what ends cells and rows of the text.
fn plain(text: &str) -> String {
    let text = text.trim();
    if text.contains(|c: char| c.is_control()) {
        text.split(|c: char| c.is_control()).collect::<Vec<_>>().join(" ")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(fill: impl FnOnce(&mut rust_xlsxwriter::Workbook)) -> Vec<u8> {
        let mut book = rust_xlsxwriter::Workbook::new();
        fill(&mut book);
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn rows_are_lines_and_cells_keep_their_places() {
        let bytes = book(|b| {
            let sheet = b.add_worksheet().set_name("Hosts 主机").unwrap();
            sheet.write(0, 0, "name").unwrap();
            sheet.write(2, 1, "two\nlines\u{1b}[31m").unwrap();
            sheet.write(3, 0, 12.0).unwrap();
            sheet.write(3, 1, 1.5).unwrap();
            sheet.write(3, 2, true).unwrap();
            let date = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 11, 22).unwrap();
            sheet
                .write_datetime_with_format(3, 3, &date, &rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd"))
                .unwrap();
            sheet.write_formula(4, 0, rust_xlsxwriter::Formula::new("=A1").set_result("cached")).unwrap();
            sheet.write_formula(4, 1, rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
            b.add_worksheet();
        });
        let sheets = sheets(bytes).unwrap();
        assert_eq!(sheets.len(), 1, "an empty sheet says nothing");
        assert_eq!(sheets[0].name, "Hosts 主机");
        assert_eq!(sheets[0].text, "name\n\n\ttwo lines [31m\n12\t1.5\ttrue\t2026-11-22\ncached\t#DIV/0!\n");
    }

    #[test]
    fn what_is_broken_or_too_large_is_refused() {
        let bytes = book(|b| _ = b.add_worksheet().write(0, 0, "x").unwrap());
        for cut in [0, 1, 10, bytes.len() / 2, bytes.len() - 1] {
            assert!(sheets(bytes[..cut].to_vec()).is_err(), "cut at {cut}");
        }
        let far = book(|b| _ = b.add_worksheet().write(1_048_575, 16_383, "x").unwrap());
        assert!(sheets(far).unwrap_err().0.contains("farther out"));
        assert!(sheets(vec![0xD0, 0xCF, 0x11, 0xE0, 0]).unwrap_err().0.contains("old kind"));
        let row = |r: &str, c: &str| {
            format!(
                "<table:table-row table:number-rows-repeated=\"{r}\"><table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"{c}\"><text:p>x</text:p></table:table-cell></table:table-row>"
            )
        };
        assert_eq!(ods_cells(row("3", "4").as_bytes()), 12);
        assert!(ods_cells(row("99999999999999999999", "16384").as_bytes()) > 1 << 30);
        let empty = "<table:table-row table:number-rows-repeated=\"1048575\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
        assert_eq!(ods_cells(format!("{}{empty}", row("1", "1")).as_bytes()), 1);
    }

    #[test]
    fn an_open_document_is_read_alike() {
        use std::io::Write as _;
        let cell =
            |text: &str| format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>");
        let content = format!(
            "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\"><office:body><office:spreadsheet>\
             <table:table table:name=\"Hosts\"><table:table-row>{}{}</table:table-row><table:table-row table:number-rows-repeated=\"2\"/>\
             <table:table-row><table:table-cell/>{}</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>",
            cell("name"),
            cell("site"),
            cell("fra1")
        );
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in [
            ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
            ("META-INF/manifest.xml", "<?xml version=\"1.0\"?><manifest:manifest xmlns:manifest=\"m\"/>"),
            ("content.xml", content.as_str()),
        ] {
            let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            zip.start_file(name, stored).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        let read = sheets(bytes).unwrap();
        assert_eq!((read[0].name.as_str(), read[0].text.as_str()), ("Hosts", "name\tsite\n\n\n\tfra1\n"));
    }

    #[test]
    fn a_bomb_is_counted_and_not_kept() {
        use std::io::Write as _;
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&vec![b' '; (1 << 20) + 1]).unwrap();
        let bytes = zip.finish().unwrap().into_inner();
        assert!(sheets_within(bytes, 1 << 20).unwrap_err().0.contains("unpacks to more than 1 MiB"));
    }
}
