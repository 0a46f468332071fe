//! A serde `Deserializer` over a node. The type asked for decides what a plain word means: a `String` takes `NO` and `010`, a
//! `u64` parses, and [`Spanned<T>`] takes the place along. Errors name the value that is wrong, so that `table` can go on
//! without it.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, U32Deserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};

use super::types::ONE_OR_MANY;
use super::{Entries, Node, Style, is_null};
use crate::source::{Span, Spanned};
use crate::vocab::suggest;

/// The name by which [`Spanned`] asks a deserializer of ours for a place.
pub(super) const SPANNED: &str = "$onshore::Spanned";

/// Parts a message from its remedy in errors made by types; see [`complain`].
const HELP: &str = "\n\nhelp: ";

/// An error for a type's own `Deserialize`: what is wrong, and the remedy.
pub fn complain<E: de::Error>(message: impl fmt::Display, help: Option<&str>) -> E {
    match help {
        Some(help) => E::custom(format!("{message}{HELP}{help}")),
        None => E::custom(message),
    }
}

/// `did you mean ...`, or the choices.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    match suggest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.join(", ")),
    }
}

/// What is wrong with a value, and which one it is.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    help: Option<String>,
    /// The innermost value (or key) that is wrong.
    at: Option<At>,
    missing: Option<&'static str>,
    /// An unknown key that is near to this known one.
    meant: Option<String>,
    in_placeholder: bool,
}

/// `node` is what to leave out to go on; `span` is what to show.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub node: u32,
    pub span: Span,
}

impl Error {
    fn new(message: String) -> Self {
        let (message, help) = match message.rsplit_once(HELP) {
            Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
            None => (message, None),
        };
        Self(Box::new(Inner { message, help, at: None, missing: None, meant: None, in_placeholder: false }))
    }

    fn help(mut self, help: String) -> Self {
        self.0.help = Some(help);
        self
    }

    /// Keeps the innermost place.
    pub(super) fn at(mut self, node: u32, span: Span) -> Self {
        self.0.at.get_or_insert(At { node, span });
        self
    }

    pub(super) fn place(&self) -> Option<At> {
        self.0.at
    }

    /// The key that a table lacks; [`Error::place`] is then the table.
    pub(super) fn missing(&self) -> Option<&'static str> {
        self.0.missing
    }

    pub(super) fn meant(&self) -> Option<&str> {
        self.0.meant.as_deref()
    }

    pub(super) fn in_placeholder(&self) -> bool {
        self.0.in_placeholder
    }

    pub(super) fn placed_in_placeholder(mut self) -> Self {
        self.0.in_placeholder = true;
        self
    }

    pub fn span(&self) -> Option<Span> {
        self.0.at.map(|at| at.span)
    }

    pub fn into_words(self) -> (String, Option<String>) {
        (self.0.message, self.0.help)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found {}", plainly(expected), describe(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found {}", plainly(expected), describe(found)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("`{variant}` is not known here")).help(did_you_mean(variant, expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let mut error = Self::new(format!("unknown key `{field}`")).help(did_you_mean(field, expected));
        error.0.meant = suggest(field, expected.iter().copied()).map(str::to_owned);
        error
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::new(format!("the key `{field}` is missing"));
        error.0.missing = Some(field);
        error
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is written twice"))
    }
}

/// serde's type names in words.
fn plainly(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        other => other.to_owned(),
    }
}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(s) => format!("the text `{s}`"),
        Unexpected::Unsigned(n) => format!("the number {n}"),
        Unexpected::Signed(n) => format!("the number {n}"),
        Unexpected::Float(n) => format!("the number {n}"),
        Unexpected::Bool(b) => format!("`{b}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

/// A whole number as TOML, JSON or YAML 1.2 write it: `150_000_000`, `0x1F`, `-3`. A leading zero (`010`) is not told apart from
/// an octal number by every reader, so it is none.
pub(super) fn integer(text: &str) -> Option<i128> {
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
    let value = i128::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    Some(if negative { -value } else { value })
}

/// As YAML 1.1, 1.2 and people spell it; only asked where a truth value is wanted.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "on" => Some(true),
        "false" | "False" | "FALSE" | "no" | "No" | "off" => Some(false),
        _ => None,
    }
}

/// What [`table`](super::table) has learnt of a value in earlier rounds.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Entries and items to pass over, by the node that uses the value.
    pub excluded: Vec<u32>,
    /// Tables that lack a key which the type cannot do without.
    pub placeholders: Vec<(u32, &'static str)>,
}

/// A value with a plan.
#[derive(Clone, Copy)]
pub(super) struct Planned<'d, 'p> {
    pub node: Node<'d>,
    pub plan: &'p Plan,
}

impl<'d> Planned<'d, '_> {
    fn wrong(&self, error: Error) -> Error {
        error.at(self.node.used, self.node.span())
    }

    fn scalar(&self) -> Option<Scalar<'d>> {
        Some(Scalar { text: self.node.text()?, style: self.node.style()? })
    }

    fn is_excluded(&self, node: Node<'d>) -> bool {
        !self.plan.excluded.is_empty() && self.plan.excluded.contains(&node.used)
    }

    fn table<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        let access = Table { of: self, entries: self.node.entries(), value: None, placeholder: 0 };
        visitor.visit_map(access).map_err(|e| self.wrong(e))
    }

    fn list<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(List { of: self, items: self.node.items() }).map_err(|e| self.wrong(e))
    }

    fn unfit<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        let found = match self.scalar() {
            Some(scalar) => return Err(self.wrong(scalar.unfit(&visitor))),
            None if self.node.is_map() => Unexpected::Map,
            None => Unexpected::Seq,
        };
        Err(self.wrong(de::Error::invalid_type(found, &visitor)))
    }
}

macro_rules! to_scalar {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.scalar() {
                Some(scalar) => scalar.$method(visitor).map_err(|e| self.wrong(e)),
                None => self.unfit(visitor),
            }
        }
    )*};
}

impl<'d> Deserializer<'d> for Planned<'d, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scalar() {
            Some(scalar) => scalar.deserialize_any(visitor).map_err(|e| self.wrong(e)),
            None if self.node.is_map() => self.table(visitor),
            None => self.list(visitor),
        }
    }

    to_scalar! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier
    }

    fn deserialize_option<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self).map_err(|e| self.wrong(e)) }
    }

    fn deserialize_newtype_struct<V: Visitor<'d>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match name {
            SPANNED => visitor.visit_seq(Place { span: self.node.span(), next: 0, value: self }).map_err(|e| self.wrong(e)),
            ONE_OR_MANY if self.node.is_list() => self.list(visitor),
            ONE_OR_MANY => visitor.visit_seq(One(Some(self))).map_err(|e| self.wrong(e)),
            _ => visitor.visit_newtype_struct(self).map_err(|e| self.wrong(e)),
        }
    }

    fn deserialize_seq<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_list() { self.list(visitor) } else { self.unfit(visitor) }
    }

    fn deserialize_tuple<V: Visitor<'d>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'d>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_map() { self.table(visitor) } else { self.unfit(visitor) }
    }

    fn deserialize_struct<V: Visitor<'d>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'d>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.scalar() {
            Some(scalar) => scalar.deserialize_enum(name, variants, visitor).map_err(|e| self.wrong(e)),
            None => self.unfit(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'d>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'d>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// `Node` deserializes without a plan.
pub fn from_node<'d, T: Deserialize<'d>>(node: Node<'d>) -> Result<T, Error> {
    T::deserialize(Planned { node, plan: &Plan::default() })
}

struct Table<'d, 'p> {
    of: Planned<'d, 'p>,
    entries: Entries<'d>,
    value: Option<Node<'d>>,
    /// How many of the plan's placeholders were looked at.
    placeholder: usize,
}

impl<'d> MapAccess<'d> for Table<'d, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'d>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        for entry in self.entries.by_ref() {
            if self.of.is_excluded(entry.value) {
                continue;
            }
            self.value = Some(entry.value);
            let wrong = |e: Error| e.at(entry.value.used, entry.key.span());
            let Some(text) = entry.key.text() else {
                return Err(wrong(de::Error::custom("a key must be a word, not a list or a table")));
            };
            let key = seed.deserialize(Scalar { text, style: Style::Quoted });
            return key.map(Some).map_err(wrong);
        }
        self.value = None;
        while let Some((table, field)) = self.of.plan.placeholders.get(self.placeholder) {
            self.placeholder += 1;
            if *table == self.of.node.used {
                return seed.deserialize(BorrowedStrDeserializer::new(field)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'d>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.value.take() {
            Some(node) => seed.deserialize(Planned { node, plan: self.of.plan }).map_err(|e| e.at(node.used, node.span())),
            None => seed.deserialize(Placeholder).map_err(Error::placed_in_placeholder),
        }
    }
}

struct List<'d, 'p, I> {
    of: Planned<'d, 'p>,
    items: I,
}

impl<'d, I: Iterator<Item = Node<'d>>> SeqAccess<'d> for List<'d, '_, I> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'d>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        for node in self.items.by_ref() {
            if !self.of.is_excluded(node) {
                let value = seed.deserialize(Planned { node, plan: self.of.plan });
                return value.map(Some).map_err(|e| e.at(node.used, node.span()));
            }
        }
        Ok(None)
    }
}

/// A list of one.
struct One<D>(Option<D>);

impl<'d, D: Deserializer<'d, Error = Error>> SeqAccess<'d> for One<D> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'d>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.0.take().map(|value| seed.deserialize(value)).transpose()
    }
}

/// The three parts of a [`Spanned`].
pub(super) struct Place<D> {
    pub span: Span,
    pub next: u8,
    pub value: D,
}

impl<'d, D: Deserializer<'d, Error = Error> + Clone> SeqAccess<'d> for Place<D> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'d>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.next += 1;
        let number = |n: u32| -> U32Deserializer<Error> { n.into_deserializer() };
        match self.next {
            1 => seed.deserialize(number(self.span.start)).map(Some),
            2 => seed.deserialize(number(self.span.end)).map(Some),
            3 => seed.deserialize(self.value.clone()).map(Some),
            _ => Ok(None),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SPANNED, SpannedVisitor(PhantomData))
    }
}

struct SpannedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
    type Value = Spanned<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    /// Any other deserializer: the value alone.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Ok(Spanned::new(T::deserialize(deserializer)?, Span::default()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let short = || de::Error::invalid_length(0, &"a place and a value");
        let start = seq.next_element()?.ok_or_else(short)?;
        let end = seq.next_element()?.ok_or_else(short)?;
        Ok(Spanned { value: seq.next_element()?.ok_or_else(short)?, span: Span { start, end } })
    }
}

/// One scalar's text: from a node, or a cell of a table.
#[derive(Clone, Copy)]
pub(super) struct Scalar<'d> {
    pub text: &'d str,
    pub style: Style,
}

impl<'d> Scalar<'d> {
    pub fn is_null(&self) -> bool {
        is_null(self.text, self.style)
    }

    fn unfit(&self, expected: &dyn Expected) -> Error {
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
pub(super) struct Placeholder;

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
pub fn fields<T: serde::de::DeserializeOwned>() -> &'static [&'static str] {
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
