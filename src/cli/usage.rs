//! Errors of usage in the language that `--lang` asks for: what clap found wrong is put into words again, from the kind of the error
//! and what it is about, never from its text. In English, and of a kind that is not here, clap's own words stand.

use std::error::Error as _;
use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Color, Screen};
use crate::lang::{self, Joint, Lang, Message, say, series, tell};
use crate::report::safe;

/// What a command line came to that is none to run: help, the version, or an error of usage.
#[derive(Debug)]
pub struct Ended {
    pub(super) error: clap::Error,
    pub(super) lang: Lang,
}

impl Ended {
    /// Writes it where clap would, and gives the exit code. Help and version are "errors" of clap that end with 0. If it cannot be
    /// written, there is nobody left to tell.
    pub fn write(&self, screen: Screen, err: &mut dyn Write) -> u8 {
        let said = if self.lang == Lang::En { None } else { said(&self.error, self.lang) };
        let _ = match said {
            None => self.error.print(),
            Some(lines) => {
                let red = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
                let error = screen.options(Color::Auto, self.lang).paint(red, &tell!(self.lang, "error:"));
                writeln!(err, "{error}{}{lines}", self.lang.space())
            }
        };
        u8::try_from(self.error.exit_code()).unwrap_or(2)
    }
}

/// The whole of it, from behind `error:`.
fn said(error: &clap::Error, lang: Lang) -> Option<String> {
    let mut text = what(error)?.tell(lang);
    for kind in [ContextKind::ValidValue, ContextKind::ValidSubcommand] {
        if let Some(ContextValue::Strings(all)) = error.get(kind).filter(|_| names(error, kind).is_some()) {
            let names = lang::list(all);
            let line = match kind {
                ContextKind::ValidValue => tell!(lang, "[possible values: {names}]", names),
                _ => tell!(lang, "[subcommands: {names}]", names),
            };
            text += &format!("\n  {line}");
        }
    }
    let near = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    for name in near.into_iter().filter_map(|kind| names(error, kind)) {
        text += &format!("\n\n  {}", tell!(lang, "help: {help}", help = say!("did you mean {name}?", name)));
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        text += &format!("\n\n{}{}", tell!(lang, "Usage:"), usage.strip_prefix("Usage: ").unwrap_or(&usage).trim_end());
    }
    Some(format!("{text}\n\n{}", tell!(lang, "For more information, try `--help`.")))
}

fn what(error: &clap::Error) -> Option<Message> {
    let one = |kind| names(error, kind);
    let value = || match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => Some(value.as_str()),
        _ => None,
    };
    let number = |kind| match error.get(kind) {
        Some(ContextValue::Number(n)) => Some(n.to_string()),
        _ => None,
    };
    let arg = one(ContextKind::InvalidArg);
    Some(match error.kind() {
        ErrorKind::UnknownArgument => say!("unexpected argument {arg} found", arg = arg?),
        ErrorKind::InvalidSubcommand => {
            say!("unrecognized subcommand {name}", name = one(ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::MissingSubcommand => {
            say!("{name} requires a subcommand but one was not provided", name = one(ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::MissingRequiredArgument => say!("required arguments were not provided: {args}", args = arg?),
        ErrorKind::InvalidValue if value()?.is_empty() => {
            say!("a value is required for {arg} but none was supplied", arg = arg?)
        }
        ErrorKind::InvalidValue => say!("invalid value {value} for {arg}", value = quoted(value()?), arg = arg?),
        ErrorKind::ValueValidation => {
            let wrong = say!("invalid value {value} for {arg}", value = quoted(value()?), arg = arg?);
            match error.source() {
                Some(why) => say!("{wrong}: {why}", wrong, why = lang::read(safe(&why.to_string()).into_owned())),
                None => wrong,
            }
        }
        ErrorKind::TooManyValues => {
            say!("unexpected value {value} for {arg}; no more were expected", value = quoted(value()?), arg = arg?)
        }
        ErrorKind::TooFewValues => {
            let (least, given) = (number(ContextKind::MinValues)?, number(ContextKind::ActualNumValues)?);
            say!("{arg} needs at least {least} values, and {given} were given", arg = arg?, least, given)
        }
        ErrorKind::WrongNumberOfValues => {
            let (needed, given) = (number(ContextKind::ExpectedNumValues)?, number(ContextKind::ActualNumValues)?);
            say!("{arg} needs {needed} values, and {given} were given", arg = arg?, needed, given)
        }
        ErrorKind::ArgumentConflict => match (arg?, one(ContextKind::PriorArg)?) {
            (arg, prior) if arg == prior => say!("the argument {arg} cannot be used multiple times", arg),
            (arg, prior) => say!("the argument {arg} cannot be used with {prior}", arg, prior),
        },
        ErrorKind::InvalidUtf8 => say!("an argument is no UTF-8"),
        _ => return None,
    })
}

/// The names that a part of the error holds, if it holds some.
fn names(error: &clap::Error, kind: ContextKind) -> Option<Message> {
    match error.get(kind)? {
        ContextValue::String(name) => Some(quoted(name)),
        ContextValue::Strings(all) if !all.is_empty() => Some(series(all.iter().map(|name| quoted(name)), Joint::Comma)),
        _ => None,
    }
}

fn quoted(name: &str) -> Message {
    format!("`{}`", safe(name)).into()
}
