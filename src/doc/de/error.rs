//! What is wrong with a value, which value it is, and the remedy.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::source::Span;
use crate::vocab::suggest;

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
pub(in crate::doc) struct At {
    pub node: u32,
    pub span: Span,
}

impl Error {
    pub(super) fn new(message: String) -> Self {
        let (message, help) = match message.rsplit_once(HELP) {
            Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
            None => (message, None),
        };
        Self(Box::new(Inner { message, help, at: None, missing: None, meant: None, in_placeholder: false }))
    }

    pub(super) fn help(mut self, help: String) -> Self {
        self.0.help = Some(help);
        self
    }

    /// Keeps the innermost place.
    pub(in crate::doc) fn at(mut self, node: u32, span: Span) -> Self {
        self.0.at.get_or_insert(At { node, span });
        self
    }

    pub(in crate::doc) fn place(&self) -> Option<At> {
        self.0.at
    }

    /// The key that a table lacks; [`Error::place`] is then the table.
    pub(in crate::doc) fn missing(&self) -> Option<&'static str> {
        self.0.missing
    }

    pub(in crate::doc) fn meant(&self) -> Option<&str> {
        self.0.meant.as_deref()
    }

    pub(in crate::doc) fn in_placeholder(&self) -> bool {
        self.0.in_placeholder
    }

    pub(in crate::doc) fn placed_in_placeholder(mut self) -> Self {
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
        let mut error = Self::new(format!("the key `{field}` is missing")).help(what_for(field));
        error.0.missing = Some(field);
        error
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is written twice"))
    }
}

/// The help for a key that is missing.
pub fn what_for(key: &str) -> String {
    format!("`onshore explain {key}` says what to write")
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
