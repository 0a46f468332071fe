//! CSV (RFC 4180) rows, deserialized like the nodes of a tree: a header line names the keys, an empty cell is a key left out, a
//! cell with several values parts them with `;`, and columns `tag.NAME` make up the map `tags`. Cells are text and nothing
//! else: what looks like a spreadsheet formula is a word that begins with an equals sign.

use std::collections::HashSet;

use csv::StringRecord;
use serde::de::value::{BorrowedStrDeserializer, MapDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::de::{Error, Place, Placeholder, Plan, SPANNED, Scalar, did_you_mean, fields};
use super::types::ONE_OR_MANY;
use super::{Problem, Style, table};
use crate::source::Span;

/// Columns of this name are tags.
const TAG: &str = "tag.";

/// Stands for the row itself where errors name columns by index.
const ROW: u32 = u32::MAX;

/// The columns of a text by its first line, trimmed; empty if there is none.
pub fn header(text: &str) -> Vec<String> {
    let line = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start_matches(['\r', '\n']).lines().next().unwrap_or("");
    let mut record = StringRecord::new();
    match reader(line).read_record(&mut record) {
        Ok(true) => record.iter().map(|name| name.trim().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// Whether a column belongs to a type: it is one of its keys, or a tag where it has `tags`.
pub fn has_column(fields: &[&str], name: &str) -> bool {
    fields.contains(&name) || (name.starts_with(TAG) && fields.contains(&"tags"))
}

/// Reads every row as a value of a type; `add` gets it with the span of the row. Rows without any text are passed over.
pub fn read<T: DeserializeOwned>(text: &str, mut problem: impl FnMut(Problem), mut add: impl FnMut(T, Span)) {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = reader(&text[start..]);
    let mut record = StringRecord::new();
    let mut spans = Vec::new();
    let mut columns: Option<Vec<Column>> = None;
    loop {
        let from = start + reader.position().byte() as usize;
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                problem(Problem::new(super::toml::on_boundaries(text, from..from), format!("this is not CSV: {error}")));
                break;
            }
        }
        let row = row_span(text, from, start + reader.position().byte() as usize);
        if let Some(quote) = open_quote(text, row) {
            let help = "close it; to write a quote inside a quoted cell, double it";
            problem(Problem::new(quote, "this quote is never closed, so all behind it is one cell".to_owned()).help(help));
            break;
        }
        cell_spans(text, row, &record, &mut spans);
        let Some(columns) = &columns else {
            columns = Some(Column::all(&record, &spans, fields::<T>(), &mut problem));
            continue;
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() != columns.len() {
            let (cells, header) = (record.len(), columns.len());
            let message = format!("this row has {cells} cells, but the header has {header}");
            let help = "cells that contain a comma need double quotes; lists within a cell use `;`";
            problem(Problem::new(row, message).help(help));
            continue;
        }
        let row = Row { columns, record: &record, spans: &spans, span: row };
        let (value, problems) = row.read();
        problems.into_iter().for_each(&mut problem);
        if let Some(value) = value {
            add(value, row.span);
        }
    }
}

fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// The row without the line ends around it: empty lines before it belong to no row.
fn row_span(text: &str, from: usize, to: usize) -> Span {
    let raw = text.get(from..to).unwrap_or("");
    let start = from + (raw.len() - raw.trim_start_matches(['\r', '\n']).len());
    Span::new(start, from + raw.trim_end_matches(['\r', '\n']).len())
}

/// Where in a cell the reading is; with the offset of the opening quote.
#[derive(Clone, Copy)]
enum At {
    Begins,
    Plain,
    Quoted(usize),
    Closed(usize),
}

/// The quote that opens the last cell of a row, if nothing closes it. The parser takes what is behind, up to the end of the text,
/// for that cell.
fn open_quote(text: &str, row: Span) -> Option<Span> {
    if (row.end as usize) < text.trim_end().len() {
        return None;
    }
    let raw = text.get(row.range())?;
    let mut cell = At::Begins;
    for (at, byte) in raw.bytes().enumerate() {
        cell = match (cell, byte) {
            (At::Begins, b'"') => At::Quoted(at),
            (At::Quoted(from), b'"') => At::Closed(from),
            // A doubled quote stands for one.
            (At::Closed(from), b'"') => At::Quoted(from),
            (At::Quoted(from), _) => At::Quoted(from),
            (_, b',' | b'\n' | b'\r') => At::Begins,
            _ => At::Plain,
        };
    }
    let At::Quoted(at) = cell else { return None };
    Some(Span::new(row.start as usize + at, row.start as usize + at + 1))
}

/// Where each cell stands, with its quotes.
fn cell_spans(text: &str, row: Span, record: &StringRecord, spans: &mut Vec<Span>) {
    spans.clear();
    let raw = text.get(row.range()).unwrap_or("");
    let mut start = row.start as usize;
    if !raw.contains('"') {
        for cell in record {
            spans.push(Span::new(start, start + cell.len()));
            start += cell.len() + 1;
        }
        return;
    }
    let mut quoted = false;
    for (at, byte) in raw.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                let end = row.start as usize + at;
                spans.push(Span::new(start, end));
                start = end + 1;
            }
            _ => {}
        }
    }
    spans.push(Span::new(start, row.end as usize));
    // Stray quotes inside a cell count differently for the parser; such cells share the row's span.
    if spans.len() != record.len() {
        spans.clear();
        spans.resize(record.len(), row);
    }
}

enum Column {
    Key(&'static str),
    Tag(String),
    /// Unknown: it was reported once.
    Ignored,
}

impl Column {
    fn all(
        header: &StringRecord,
        spans: &[Span],
        known: &'static [&'static str],
        problem: &mut impl FnMut(Problem),
    ) -> Vec<Self> {
        let mut seen = HashSet::new();
        let mut columns = Vec::with_capacity(header.len());
        for (name, span) in header.iter().map(str::trim).zip(spans) {
            let mut wrong = |message: String, help: String| {
                problem(Problem::new(*span, message).help(help));
                Self::Ignored
            };
            let key = known.iter().find(|k| **k == name && name != "tags");
            let tag = name.strip_prefix(TAG).filter(|tag| !tag.is_empty() && known.contains(&"tags"));
            columns.push(if !seen.insert(name.to_owned()) {
                wrong(format!("the column `{name}` is there twice"), "remove one of the two".to_owned())
            } else if let Some(key) = key {
                Self::Key(key)
            } else if let Some(tag) = tag {
                Self::Tag(tag.to_owned())
            } else if name == "tags" && known.contains(&"tags") {
                wrong("tags need a column each".to_owned(), "name the columns `tag.NAME`, as in `tag.dataset`".to_owned())
            } else {
                wrong(format!("unknown column `{name}`"), did_you_mean(name, known))
            });
        }
        columns
    }
}

#[derive(Clone, Copy)]
struct Row<'r> {
    columns: &'r [Column],
    record: &'r StringRecord,
    spans: &'r [Span],
    span: Span,
}

impl<'r> Row<'r> {
    fn read<T: DeserializeOwned>(self) -> (Option<T>, Vec<Problem>) {
        table::collect(
            (ROW, self.span),
            |plan| T::deserialize(Planned { row: self, plan }),
            |plan, _, field| {
                let at = self.columns.iter().position(|c| matches!(c, Column::Key(key) if *key == field));
                at.is_some_and(|i| plan.excluded.contains(&(i as u32)))
            },
        )
    }

    fn cell(&self, index: usize) -> Option<Cell<'r>> {
        let text = self.record.get(index)?.trim();
        let cell = Cell { text, span: self.spans[index], column: index as u32 };
        (!text.is_empty()).then_some(cell)
    }
}

#[derive(Clone, Copy)]
struct Planned<'r, 'p> {
    row: Row<'r>,
    plan: &'p Plan,
}

impl<'r> Deserializer<'r> for Planned<'r, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Error> {
        let cells = Cells { of: self, column: 0, value: Value::Placeholder, tags_done: false, placeholder: 0 };
        visitor.visit_map(cells).map_err(|e| e.at(ROW, self.row.span))
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'r>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Cells<'r, 'p> {
    of: Planned<'r, 'p>,
    column: usize,
    value: Value<'r>,
    tags_done: bool,
    placeholder: usize,
}

enum Value<'r> {
    Cell(Cell<'r>),
    Tags,
    Placeholder,
}

impl<'r> Cells<'r, '_> {
    fn tags(&self) -> impl Iterator<Item = (&'r str, &'r str)> + use<'r> {
        let row = self.of.row;
        row.columns.iter().enumerate().filter_map(move |(i, column)| match column {
            Column::Tag(name) => Some((name.as_str(), row.cell(i)?.text)),
            _ => None,
        })
    }

    fn next_key(&mut self) -> Option<&'static str> {
        let Planned { row, plan } = self.of;
        while let Some(column) = row.columns.get(self.column) {
            let index = self.column;
            self.column += 1;
            if let Column::Key(key) = column
                && let Some(cell) = row.cell(index)
                && !plan.excluded.contains(&cell.column)
            {
                self.value = Value::Cell(cell);
                return Some(key);
            }
        }
        if !std::mem::replace(&mut self.tags_done, true) && self.tags().next().is_some() {
            self.value = Value::Tags;
            return Some("tags");
        }
        let (_, field) = plan.placeholders.get(self.placeholder)?;
        self.placeholder += 1;
        self.value = Value::Placeholder;
        Some(field)
    }
}

impl<'r> MapAccess<'r> for Cells<'r, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'r>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.next_key().map(|key| seed.deserialize(BorrowedStrDeserializer::new(key))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'r>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.value {
            Value::Cell(cell) => seed.deserialize(cell).map_err(|e| e.at(cell.column, cell.span)),
            Value::Tags => seed.deserialize(MapDeserializer::new(self.tags())),
            Value::Placeholder => seed.deserialize(Placeholder).map_err(Error::placed_in_placeholder),
        }
    }
}

/// One cell: a scalar, or a list with `;` between its elements.
#[derive(Clone, Copy)]
struct Cell<'r> {
    text: &'r str,
    span: Span,
    column: u32,
}

impl<'r> Cell<'r> {
    fn scalar(self) -> Scalar<'r> {
        Scalar { text: self.text, style: Style::Plain }
    }

    fn wrong(self, error: Error) -> Error {
        error.at(self.column, self.span)
    }

    fn elements(self) -> Elements<impl Iterator<Item = Cell<'r>>> {
        let trimmed = self.text.split(';').map(str::trim).filter(|t| !t.is_empty());
        Elements(trimmed.map(move |text| {
            // In a cell without quotes an element's own place is known.
            let offset = text.as_ptr() as usize - self.text.as_ptr() as usize;
            let is_bare = self.span.range().len() == self.text.len();
            let start = self.span.start as usize + offset;
            let span = if is_bare { Span::new(start, start + text.len()) } else { self.span };
            Cell { text, span, ..self }
        }))
    }
}

struct Elements<I>(I);

impl<'r, I: Iterator<Item = Cell<'r>>> SeqAccess<'r> for Elements<I> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'r>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.0.next().map(|cell| seed.deserialize(cell).map_err(|e| cell.wrong(e))).transpose()
    }
}

macro_rules! to_scalar {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Error> {
            self.scalar().$method(visitor).map_err(|e| self.wrong(e))
        }
    )*};
}

impl<'r> Deserializer<'r> for Cell<'r> {
    type Error = Error;

    to_scalar! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier deserialize_map
    }

    fn deserialize_option<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scalar().is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'r>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match name {
            SPANNED => visitor.visit_seq(Place { span: self.span, next: 0, value: self }),
            ONE_OR_MANY => visitor.visit_seq(self.elements()),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self.elements())
    }

    fn deserialize_enum<V: Visitor<'r>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.scalar().deserialize_enum(name, variants, visitor).map_err(|e| self.wrong(e))
    }

    serde::forward_to_deserialize_any! { <V: Visitor<'r>> unit_struct tuple tuple_struct struct ignored_any }
}
