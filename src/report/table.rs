//! Tables for terminals: wide (CJK) characters line up, cells wrap inside the width, nothing in a cell can drive the terminal.

use comfy_table::{ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};

use super::{RenderOptions, safe};

/// A table with a header line; ends with a line end. Empty without rows.
pub fn render<S: AsRef<str>>(header: &[&str], rows: &[Vec<S>], options: &RenderOptions) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table
        .load_style(style(options.unicode))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(options.width).unwrap_or(u16::MAX))
        .set_header(header.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| safe(cell.as_ref()).into_owned()));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    let mut out = String::new();
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A line under the header and nothing else.
fn style(unicode: bool) -> TableStyle {
    let line = if unicode { '─' } else { '-' };
    TableStyle::new()
        .header_lines(ContentLineStyle::none().junction(' '))
        .header_separator(LineStyle::none().fill(line).junction(line))
        .content_lines(ContentLineStyle::none().junction(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_line_up_and_cells_cannot_drive_the_terminal() {
        let rows = vec![vec!["深圳 lb", "CN"], vec!["edge\u{1b}[2J", "US"]];
        let options = RenderOptions { width: 60, unicode: false, ..RenderOptions::PLAIN };
        let text = render(&["endpoint", "place"], &rows, &options);
        let column = |line: &str| {
            let at = line.find("CN").or_else(|| line.find("US")).expect("a place");
            textwrap::core::display_width(&line[..at])
        };
        let lines: Vec<&str> = text.lines().filter(|l| l.contains("CN") || l.contains("US")).collect();
        assert_eq!(column(lines[0]), column(lines[1]), "{text}");
        assert!(!text.contains('\u{1b}') && text.contains("edge\\u{1b}[2J"), "{text}");
        assert_eq!(render::<&str>(&["a"], &[], &options), "");
    }
}
