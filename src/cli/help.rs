//! `--help` in the language that `--lang` asks for: the texts of the built command are said again, and with them what clap itself
//! writes in English, such as headings and defaults. Errors of usage are said by [`super::usage`].

use std::ffi::OsString;

use clap::builder::{PossibleValue, StyledStr};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, FromArgMatches};

use super::Cli;
use super::usage::Ended;
use crate::lang::{Book, Lang, Message, list, say, tell};

/// Parses a command line; what is said of it is in its own language.
///
/// # Errors
/// Help, the version, an error of usage.
pub fn parse(args: &[OsString]) -> Result<Cli, Ended> {
    let mut command = Cli::command();
    let lang = asked(args);
    if lang != Lang::En {
        // Adds what clap adds by itself.
        command.build();
        command = said(command, lang);
    }
    let mut matches = command.clone().try_get_matches_from(args);
    if matches.as_ref().is_err_and(asked_of_help) {
        matches = command.try_get_matches_from(without_options(args));
    }
    matches.and_then(|m| Cli::from_arg_matches(&m)).map_err(|error| Ended { error, lang })
}

/// Options that every command takes, which clap's own `help` takes for names of commands.
const EVERYWHERE: [&str; 2] = ["--lang", "--color"];

/// Such an option stood where only `help` looks for a command: everywhere else it is known.
fn asked_of_help(error: &clap::Error) -> bool {
    let is_option =
        |name: &str| EVERYWHERE.iter().any(|o| name.strip_prefix(o).is_some_and(|r| r.is_empty() || r.starts_with('=')));
    error.kind() == ErrorKind::InvalidSubcommand
        && matches!(error.get(ContextKind::InvalidSubcommand), Some(ContextValue::String(name)) if is_option(name))
}

fn without_options(args: &[OsString]) -> Vec<OsString> {
    let mut left = Vec::with_capacity(args.len());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let text = arg.to_str().unwrap_or_default();
        if EVERYWHERE.contains(&text) {
            args.next();
        } else if !EVERYWHERE.iter().any(|o| text.strip_prefix(o).is_some_and(|r| r.starts_with('='))) {
            left.push(arg.clone());
        }
    }
    left
}

/// Known before the rest is parsed: help ends that.
fn asked(args: &[OsString]) -> Lang {
    let mut args = args.iter().take_while(|a| *a != "--").map(|a| a.to_str().unwrap_or_default());
    while let Some(arg) = args.next() {
        let value = if arg == "--lang" { args.next() } else { arg.strip_prefix("--lang=") };
        if let Some(lang) = value.and_then(Lang::parse) {
            return lang;
        }
    }
    Lang::default()
}

fn said(mut command: Command, lang: Lang) -> Command {
    let usage = command.render_usage().to_string();
    // Further lines stand below the first.
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).replace("\n       ", "\n      ");
    let usage = ["OPTIONS", "COMMAND"].into_iter().fold(usage, |usage, word| {
        let told = if word == "OPTIONS" { tell!(lang, "OPTIONS") } else { tell!(lang, "COMMAND") };
        usage.replace(&format!("[{word}]"), &format!("[{told}]")).replace(&format!("<{word}>"), &format!("<{told}>"))
    });
    let text = |text: Option<&StyledStr>| text.map(|text| help(text, lang));
    let (about, long) = (text(command.get_about()), text(command.get_long_about()));
    let (after, after_long) = (text(command.get_after_help()), text(command.get_after_long_help()));
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(long) = long {
        command = command.long_about(long);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    if let Some(after) = after_long {
        command = command.after_long_help(after);
    }
    let usage_heading = tell!(lang, "Usage:");
    command
        .override_usage(usage)
        .subcommand_help_heading(tell!(lang, "Commands"))
        .help_template(format!("{{about-with-newline}}\n{usage_heading}{{usage}}\n\n{{all-args}}{{after-help}}"))
        .mut_args(|arg| argument(arg, lang))
        .mut_subcommands(|command| said(command, lang))
}

fn argument(mut arg: Arg, lang: Lang) -> Arg {
    let heading = if arg.is_positional() { tell!(lang, "Arguments") } else { tell!(lang, "Options") };
    // Clap would say these behind the text, in English.
    let mut behind = String::new();
    let shown = |hidden: bool| !hidden && arg.get_action().takes_values();
    let defaults = arg.get_default_values();
    if shown(arg.is_hide_default_value_set()) && !defaults.is_empty() {
        let values = list(defaults.iter().map(|value| value.to_string_lossy()));
        behind += &format!(" {}", tell!(lang, "[default: {values}]", values));
    }
    let mut explained = Vec::new();
    if shown(arg.is_hide_possible_values_set()) {
        let values: Vec<PossibleValue> = arg.get_possible_values().into_iter().filter(|v| !v.is_hide_set()).collect();
        if !values.is_empty() {
            let names = list(values.iter().map(PossibleValue::get_name));
            behind += &format!(" {}", tell!(lang, "[possible values: {names}]", names));
        }
        let explain = |v: &PossibleValue| Some(say!("- {name}: {text}", name = v.get_name(), text = help(v.get_help()?, lang)));
        explained.extend(values.iter().filter_map(explain).map(|line: Message| line.tell(lang)));
    }
    let (short, long) = (arg.get_help().map(|text| help(text, lang)), arg.get_long_help().map(|text| help(text, lang)));
    if long.is_some() || !explained.is_empty() {
        let mut parts = vec![format!("{}{behind}", long.as_ref().or(short.as_ref()).map_or("", String::as_str))];
        parts.extend((!explained.is_empty()).then(|| explained.join("\n")));
        arg = arg.long_help(parts.join("\n\n"));
    }
    if let Some(short) = short {
        arg = arg.help(format!("{short}{behind}"));
    }
    arg.help_heading(heading).hide_default_value(true).hide_possible_values(true)
}

/// A text of clap's or of a doc comment; paragraphs are said one by one.
fn help(text: &StyledStr, lang: Lang) -> String {
    let text = text.to_string();
    let paragraphs = text.split("\n\n").map(|english| Message::In(Book::Help, english.to_owned().into()));
    paragraphs.map(|p| p.tell(lang)).collect::<Vec<_>>().join("\n\n")
}

/// Every text that help can show, for a test that all have their Chinese.
pub fn texts() -> std::collections::BTreeSet<String> {
    let mut command = Cli::command();
    command.build();
    let mut all = std::collections::BTreeSet::new();
    let mut open = vec![&command];
    while let Some(command) = open.pop() {
        let own = [command.get_about(), command.get_long_about(), command.get_after_help(), command.get_after_long_help()];
        let args = command.get_arguments().flat_map(|a| [a.get_help(), a.get_long_help()]);
        for text in own.into_iter().chain(args).flatten() {
            all.extend(text.to_string().split("\n\n").map(str::to_owned));
        }
        for value in command.get_arguments().flat_map(Arg::get_possible_values) {
            all.extend(
                value.get_help().into_iter().flat_map(|h| h.to_string().split("\n\n").map(str::to_owned).collect::<Vec<_>>()),
            );
        }
        open.extend(command.get_subcommands());
    }
    all
}
