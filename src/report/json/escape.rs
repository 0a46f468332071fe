//! JSON with nothing in it that could drive a terminal or a log, whoever reads it: a program gets the same values.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::inert::is_unsafe;

/// Writes any value as indented JSON with a final line end, with characters that could drive a terminal as `\u` escapes: the
/// value a program reads is unchanged.
pub fn write_value<T: Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Escaping(serde_json::ser::PrettyFormatter::new()));
    value.serialize(&mut serializer)?;
    writeln!(out)
}

/// As [`write_value`], on one line.
pub fn write_line<T: Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Escaping(serde_json::ser::CompactFormatter));
    value.serialize(&mut serializer)?;
    writeln!(out)
}

/// Where the next character stands that must not be seen as it is: an unsafe one, or the bracket of `##[`, which CI logs take for a command.
fn next_escaped(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let ends_command = |at: usize| at >= 2 && bytes[at - 2..at] == *b"##";
    text.char_indices().find(|(at, c)| is_unsafe(*c) || *c == '[' && ends_command(*at)).map(|(at, _)| at)
}

/// Escapes what [`crate::report::safe`] escapes, in JSON's own way. Everything but strings goes to the inner formatter.
struct Escaping<F>(F);

impl<F: serde_json::ser::Formatter> serde_json::ser::Formatter for Escaping<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = next_escaped(rest) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let c = after.chars().next().unwrap_or_default();
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &after[c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
