//! Scalars: what a plain word means to the type that asks for it. Also what stands in for a value that is missing, and what
//! asks a type for its keys.

use std::borrow::Cow;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, Expected, Unexpected, Visitor};

use super::super::types::ONE_OR_MANY;
use super::super::{Style, is_null};
use super::Error;

/// A whole number as TOML, JSON or YAML 1.2 write it: `150_000_000`, `0x1F`, `-3`. A leading zero (`010`) is not told apart from
/// an octal number by every reader, so it is none.
pub(in crate::doc) fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => return None,
        _ => (10, digits),
    };
    // `from_str_radix` would take a second sign.
    if digits.starts_with(['+', '-', '_']) || digits.len() > 40 {
        return None;
    }
    let digits = if digits.contains('_') { Cow::Owned(digits.replace('_', "")) } else { Cow::Borrowed(digits) };
    let value = i128::from_str_radix(&digits, radix).ok()?;
    Some(if negative { -value } else { value })
}

/// As YAML 1.1, 1.2 and people spell it; only asked where a truth value is wanted.
pub(in crate::doc) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "on" => Some(true),
        "false" | "False" | "FALSE" | "no" | "No" | "off" => Some(false),
        _ => None,
    }
}

/// One scalar's text: from a node, or a cell of a table.
#[derive(Clone, Copy)]
pub(in crate::doc) struct Scalar<'d> {
    pub text: &'d str,
    pub style: Style,
}

impl<'d> Scalar<'d> {
    pub fn is_null(&self) -> bool {
        is_null(self.text, self.style)
    }

    pub(super) fn unfit(&self, expected: &dyn Expected) -> Error {
        let text = self.text;
        match self.style {
            _ if self.is_null() => de::Error::invalid_type(Unexpected::Unit, expected),
            Style::Quoted | Style::Plain => de::Error::invalid_type(Unexpected::Str(text), expected),
            Style::Number => de::Error::invalid_type(Unexpected::Other(&format!("the number {text}")), expected),
            Style::Date => de::Error::invalid_type(Unexpected::Other(&format!("the date {text}")), expected),
            Style::Bool | Style::Null => de::Error::invalid_type(Unexpected::Other(&format!("`{text}`")), expected),
        }
    }

    fn number<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        match integer(self.text) {
            _ if !matches!(self.style, Style::Number | Style::Plain) => Err(self.unfit(&visitor)),
            Some(n) => match (u64::try_from(n), i64::try_from(n)) {
                (Ok(n), _) => visitor.visit_u64(n),
                (_, Ok(n)) => visitor.visit_i64(n),
                _ => Err(Error::new(format!("the number {} is too large", self.text))),
            },
            None if self.style == Style::Plain && self.text.len() > 1 && self.text.bytes().all(|b| b.is_ascii_digit()) => {
                let message = format!("`{}` could be read as a decimal or as an octal number", self.text);
                Err(Error::new(message).help("write it without leading zeros".to_owned()))
            }
            None => Err(self.unfit(&visitor)),
        }
    }

    fn float<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_number = matches!(self.style, Style::Number | Style::Plain);
        match self.text.replace('_', "").parse::<f64>() {
            Ok(n) if is_number && n.is_finite() => visitor.visit_f64(n),
            _ => Err(self.unfit(&visitor)),
        }
    }

    fn string<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.style {
            Style::Quoted | Style::Plain | Style::Date if !self.is_null() => visitor.visit_borrowed_str(self.text),
            _ => Err(self.unfit(&visitor)),
        }
    }
}

macro_rules! forward {
    ($to:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$to(visitor)
        }
    )*};
}

impl<'d> Deserializer<'d> for Scalar<'d> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.style {
            _ if self.is_null() => visitor.visit_unit(),
            Style::Number if integer(self.text).is_some() => self.number(visitor),
            Style::Number => self.float(visitor),
            Style::Bool => self.deserialize_bool(visitor),
            _ => self.string(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        match boolean(self.text) {
            Some(value) if matches!(self.style, Style::Bool | Style::Plain) => visitor.visit_bool(value),
            _ => Err(self.unfit(&visitor)),
        }
    }

    forward! { number: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
    deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 }
    forward! { float: deserialize_f32 deserialize_f64 }
    forward! { string: deserialize_char deserialize_str deserialize_string deserialize_identifier deserialize_bytes
    deserialize_byte_buf }

    fn deserialize_option<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() { visitor.visit_unit() } else { Err(self.unfit(&visitor)) }
    }

    fn deserialize_newtype_struct<V: Visitor<'d>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'d>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.style {
            Style::Quoted | Style::Plain if !self.is_null() => {
                visitor.visit_enum(BorrowedStrDeserializer::<Error>::new(self.text))
            }
            _ => Err(self.unfit(&visitor)),
        }
    }

    serde::forward_to_deserialize_any! { <V: Visitor<'d>> unit_struct seq tuple tuple_struct map struct ignored_any }
}

/// Stands in for a key that is missing, so that reading goes on to the next error.
#[derive(Clone, Copy)]
pub(in crate::doc) struct Placeholder;

impl<'d> Deserializer<'d> for Placeholder {
    type Error = Error;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        // Most texts may be anything but empty.
        visitor.visit_borrowed_str("-")
    }

    fn deserialize_seq<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(de::value::SeqDeserializer::<_, Error>::new(std::iter::empty::<u32>()))
    }

    fn deserialize_map<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(de::value::MapDeserializer::<_, Error>::new(std::iter::empty::<(u32, u32)>()))
    }

    fn deserialize_u64<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u64(0)
    }

    fn deserialize_option<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'d>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        if name == ONE_OR_MANY { visitor.visit_unit() } else { visitor.visit_newtype_struct(self) }
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'d>> bool i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct
        struct enum identifier ignored_any
    }
}

/// The keys of a struct, as its derived `Deserialize` names them; none for other types.
pub fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut found: &'static [&'static str] = &[];
    // The probe notes what it is asked for and gives nothing.
    _ = T::deserialize(Probe(&mut found)).is_err();
    found
}

struct Probe<'f>(&'f mut &'static [&'static str]);

impl<'d> Deserializer<'d> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'d>>(self, _: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'d>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(de::Error::custom("only its fields were asked for"))
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'d>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
