//! Values with a spelling of their own, as files of ours use them: words of a vocabulary, ISO codes, networks, durations. Each
//! is checked while it is read, so that its error stands at the value itself and joins the other errors of its table.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};

use ipnetwork::IpNetwork;
use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::de::{complain, did_you_mean};
use crate::finding::Severity;
use crate::lang::Lang;
use crate::model::Basis;
use crate::model::{Activity, Country, Dependence, Role, RouteRole};
use crate::source::Spanned;
use crate::vocab::places::PlaceSet;
use crate::vocab::{certifications, classes, mechanisms, places};

/// A closed vocabulary.
pub trait Word: Copy + 'static {
    /// What one of them is called: "role".
    const NAME: &'static str;
    const ALL: &'static [Self];
    fn word(self) -> &'static str;
}

/// One word of a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice<W>(pub W);

macro_rules! word {
    ($type:ty, $name:literal) => {
        impl Word for $type {
            const NAME: &'static str = $name;
            const ALL: &'static [Self] = &<$type>::ALL;

            fn word(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

word!(Role, "role");
word!(Activity, "activity");
word!(RouteRole, "route role");
word!(Dependence, "purpose");
word!(Severity, "severity");
word!(Basis, "basis");
word!(Lang, "language");

impl<'de, W: Word> Deserialize<'de> for Choice<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text(deserializer, "a string")?;
        match W::ALL.iter().find(|w| w.word() == text) {
            Some(word) => Ok(Self(*word)),
            None => {
                let known: Vec<&str> = W::ALL.iter().map(|w| w.word()).collect();
                Err(complain(format_args!("unknown {} `{text}`", W::NAME), Some(&did_you_mean(&text, &known))))
            }
        }
    }
}

impl<W: Word> JsonSchema for Choice<W> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        W::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": W::ALL.iter().map(|w| w.word()).collect::<Vec<_>>() })
    }
}

/// A type that is written as text and checked when read.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident($inner:ty), $parse:expr, $schema:tt) => {
        text_type! { $(#[$doc])* $name($inner): "a string", $parse, $schema }
    };
    // With what a message says is wanted where there is no text.
    ($(#[$doc:meta])* $name:ident($inner:ty): $wanted:literal, $parse:expr, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = text(deserializer, $wanted)?;
                let parse: fn(&str) -> Result<$inner, Complaint> = $parse;
                parse(&text).map(Self).map_err(|(message, help)| complain(message, help.as_deref()))
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// What is wrong, and the remedy.
type Complaint = (String, Option<String>);

fn wrong<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Complaint> {
    Err((message.into(), Some(help.into())))
}

text_type! {
    /// A name or a text that says something: not empty, and without white space around it.
    Name(String),
    |text| match text.trim() {
        "" => wrong("this text is empty", "give it a value, or leave the key out where it is not required"),
        trimmed if trimmed.len() < text.len() => wrong(format!("`{text}` has white space around it"), format!("write `{trimmed}`")),
        _ => Ok(text.to_owned()),
    },
    { "type": "string", "minLength": 1 }
}

text_type! {
    /// An assigned ISO 3166-1 alpha-2 code.
    CountryCode(Country),
    |text| match (places::country(text), places::country_by_name(text)) {
        (Some(country), _) => Ok(country),
        (None, Some(meant)) => wrong(format!("`{text}` is not an ISO 3166-1 country code"), format!("did you mean `{meant}`?")),
        (None, None) => wrong(format!("`{text}` is not an ISO 3166-1 country code"), "use two capital letters, as in `DE`"),
    },
    { "type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2 code" }
}

text_type! {
    /// An ISO 3166-2 code, with its country: `US-CA`.
    SubdivisionCode(Box<str>),
    |text| match places::subdivision(text) {
        Some(_) => Ok(text.into()),
        None => wrong(format!("`{text}` is not an ISO 3166-2 subdivision code"), "write the country, a hyphen and the code, as in `US-CA`"),
    },
    { "type": "string", "pattern": "^[A-Z]{2}-[A-Z0-9]{1,3}$", "description": "ISO 3166-2 code" }
}

text_type! {
    /// A network in CIDR notation, without host bits; an address alone is a network of one.
    Cidr(IpNetwork),
    |text| {
        let Ok(network) = text.parse::<IpNetwork>() else {
            return wrong(format!("`{text}` is not a network"), "write it in CIDR notation, as in `10.20.0.0/16` or `2001:db8::/32`");
        };
        if network.network() == network.ip() {
            return Ok(network);
        }
        let alone = IpNetwork::from(network.ip());
        wrong(
            format!("`{text}` has bits set behind its prefix"),
            format!("write `{}/{}` for the network, or `{alone}` for the address alone", network.network(), network.prefix()),
        )
    },
    { "type": "string", "description": "A network in CIDR notation, without host bits: 10.20.0.0/16" }
}

text_type! {
    /// A length of time in hours, rounded up: `30d`, `24h`, `90 days`.
    Hours(u64),
    |text| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        let number = count.parse::<u64>().ok();
        let hours = number.and_then(|n| match unit.trim() {
            "s" | "sec" | "seconds" => Some(n.div_ceil(3600)),
            "min" | "minute" | "minutes" => Some(n.div_ceil(60)),
            "h" | "hour" | "hours" => Some(n),
            "d" | "day" | "days" => n.checked_mul(24),
            "w" | "week" | "weeks" => n.checked_mul(24 * 7),
            _ => None,
        });
        hours.map_or_else(
            || wrong(format!("`{text}` is not a length of time"), "write hours, days or weeks, as in `24h`, `30d`, `90 days`"),
            Ok,
        )
    },
    { "type": "string", "pattern": "^[0-9]+ *(s|sec|seconds|min|minutes?|h|hours?|d|days?|w|weeks?)$", "description": "A length of time: 24h, 30d, 90 days" }
}

text_type! {
    /// A day, as a TOML date or as text: `2026-11-01`.
    Day(Date): "a day like 2026-11-01",
    |text| match text.parse::<Date>() {
        Ok(day) if text.len() == "2026-11-01".len() => Ok(day),
        _ => wrong(format!("`{text}` is not a day"), "write year-month-day, like 2026-11-01"),
    },
    { "description": "A TOML date, like 2026-11-01", "type": "string", "format": "date" }
}

text_type! {
    /// An address with or without a port: `10.1.2.3`, `10.1.2.3:8080`, `[2001:db8::1]:443`.
    AddressText((IpAddr, Option<u16>)),
    |text| match address(text) {
        Some(address) => Ok(address),
        None => wrong(format!("`{text}` is not an IP address"), "write `10.1.2.3`, `10.1.2.3:8080` or `[2001:db8::1]:443`; host names go into `names`"),
    },
    { "type": "string", "description": "An IP address with or without a port: 10.1.2.3, 10.1.2.3:8080, [2001:db8::1]:443" }
}

text_type! {
    /// A data class, or an own one below a class that is listed.
    DataClass(String),
    |text| match classes::lookup(text) {
        classes::Lookup::Known(_) | classes::Lookup::Below { suggestion: None, .. } => Ok(text.to_owned()),
        classes::Lookup::Below { suggestion: Some(near), .. } | classes::Lookup::Unknown { suggestion: Some(near) } => {
            wrong(format!("unknown data class `{text}`"), format!("did you mean `{near}`?"))
        }
        classes::Lookup::Unknown { suggestion: None } => {
            wrong(format!("unknown data class `{text}`"), "start with a listed class, as in `user.contact.own-name`")
        }
    },
    { "type": "string", "description": "A dotted data class: user.contact.email" }
}

text_type! {
    /// A place code or a named set. Its members depend on a date, so it stays a word here.
    PlaceWord(String): "a place code or a named set",
    // That a word is a place at all does not depend on the date.
    |text| match PlaceSet::resolve(&[text], jiff::civil::date(2026, 1, 1)) {
        Ok(_) => Ok(text.to_owned()),
        Err(unknown) => wrong(format!("unknown place `{text}`"), match unknown.suggestion {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write an ISO 3166 code (CN, US-CA) or a named set (@eea)".to_owned(),
        }),
    },
    { "type": "string", "pattern": "^(@[a-z0-9-]+|[A-Z]{2}(-[A-Z0-9]{1,3})?)$" }
}

/// What a recipient can be: an id of the table of certifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificationId(pub Spanned<String>);

impl<'de> Deserialize<'de> for CertificationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = Spanned::<String>::deserialize(deserializer)?;
        if certifications::known(&id.value).is_some() {
            return Ok(Self(id));
        }
        let known: Vec<&str> = certifications::all().iter().map(|c| c.id.as_str()).collect();
        Err(complain(format!("unknown certification `{}`", id.value), Some(&did_you_mean(&id.value, &known))))
    }
}

impl JsonSchema for CertificationId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CertificationId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let ids: Vec<&str> = certifications::all().iter().map(|c| c.id.as_str()).collect();
        json_schema!({ "type": "string", "enum": ids })
    }
}

/// What allows a transfer: an id of the table of mechanisms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MechanismId(pub Spanned<String>);

impl<'de> Deserialize<'de> for MechanismId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = Spanned::<String>::deserialize(deserializer)?;
        if mechanisms::known(&id.value).is_some() {
            return Ok(Self(id));
        }
        let known: Vec<&str> = mechanisms::all().iter().map(|m| m.id.as_str()).collect();
        Err(complain(format!("unknown transfer mechanism `{}`", id.value), Some(&did_you_mean(&id.value, &known))))
    }
}

impl JsonSchema for MechanismId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "MechanismId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let ids: Vec<&str> = mechanisms::all().iter().map(|m| m.id.as_str()).collect();
        json_schema!({ "type": "string", "enum": ids })
    }
}

fn address(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some((ip, None));
    }
    if let Some(ip) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return Some((IpAddr::V6(ip.parse().ok()?), None));
    }
    let socket = text.parse::<SocketAddr>().ok()?;
    Some((socket.ip(), Some(socket.port())))
}

/// Latitude and longitude in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coordinates(pub f64, pub f64);

impl Coordinates {
    /// Refuses what is not on the globe.
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        ((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)).then_some(Self(latitude, longitude))
    }
}

impl<'de> Deserialize<'de> for Coordinates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let help = Some("write latitude and longitude in degrees, as in `[37.34, -121.89]`");
        match Vec::<f64>::deserialize(deserializer)?[..] {
            [latitude, longitude] => Self::new(latitude, longitude)
                .ok_or_else(|| complain(format_args!("{latitude}, {longitude} is not a place on the globe"), help)),
            _ => Err(complain("coordinates are two numbers", help)),
        }
    }
}

impl JsonSchema for Coordinates {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Coordinates".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 })
    }
}

/// A list, or one element without brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The name by which [`OneOrMany`] asks a deserializer of ours for a list.
pub(super) const ONE_OR_MANY: &str = "$onshore::OneOrMany";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ONE_OR_MANY, List { may_be_empty: true, of: PhantomData }).map(Self)
    }
}

/// As [`OneOrMany`], where an empty list would say nothing, or the opposite of what it seems to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMore<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ONE_OR_MANY, List { may_be_empty: false, of: PhantomData }).map(Self)
    }
}

struct List<T> {
    may_be_empty: bool,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    /// A placeholder for a list that is missing.
    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    /// Any other deserializer.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Vec::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(element) = seq.next_element()? {
            all.push(element);
        }
        match all.is_empty() && !self.may_be_empty {
            true => {
                Err(complain("this list is empty", Some("name at least one, or leave the key out where it is not required")))
            }
            false => Ok(all),
        }
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMore<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMore_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

/// The place of a value is no part of what users write.
impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A text without a copy where it stands in the source as it is; `wanted` is what a message says of anything else.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D, wanted: &'static str) -> Result<Cow<'de, str>, D::Error> {
    struct Text(&'static str);

    impl<'de> Visitor<'de> for Text {
        type Value = Cow<'de, str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }
    }

    deserializer.deserialize_str(Text(wanted))
}
