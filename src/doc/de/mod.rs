//! A serde `Deserializer` over a node. The type asked for decides what a plain word means: a `String` takes `NO` and `010`, a
//! `u64` parses, and [`Spanned<T>`] takes the place along. Errors name the value that is wrong, so that `table` can go on
//! without it.

mod error;
mod scalar;

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, U32Deserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};

use super::types::ONE_OR_MANY;
use super::{Entries, Node, Style};
use crate::source::{Span, Spanned};

pub(super) use error::At;
pub use error::{Error, complain, did_you_mean, what_for};
pub use scalar::fields;
pub(super) use scalar::{Placeholder, Scalar, boolean, integer};

/// The name by which [`Spanned`] asks a deserializer of ours for a place.
pub(super) const SPANNED: &str = "$onshore::Spanned";

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
