//! Lsyncd ("Config Layer 4: Default Config"): each `sync` with one of the layers that come with it, as far as the file is plain tables.
//! A layer of one's own is code, and a file with such code is a gap.

use std::collections::BTreeMap;

use super::commands::Commands;
use super::known::WORDS;
use super::shell::Word;
use super::targets::{Targets, Variables};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::zone::lua::parse::{Expr, Statement, parse};
use crate::source::{Location, SourceId, Span};

pub(super) fn is_one(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let named = name.ends_with(".lua") || name.contains("lsyncd");
    let calls = ["sync{", "sync {", "sync("].iter().any(|call| text.contains(call));
    named && calls && text.contains("source") && text.contains("default.")
}

pub(super) fn read(copies: &mut Copies<'_>, targets: &Targets, file: SourceId, text: &str) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let at = |offset: usize| Location::new(file, Span::new(offset.min(text.len()), (offset + 1).min(text.len())));
    let statements = match parse(text, 0, false) {
        Ok(statements) => statements,
        Err(wrong) => {
            let message =
                format!("this file is code that is not followed ({}), so what it copies where is not known", wrong.message);
            return copies.unfollowed(message, at(wrong.offset), touch);
        }
    };
    let mut values: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for statement in &statements {
        match statement {
            Statement::Assign(name, Expr::Table(entries)) if name == "settings" => settings(copies, own, entries, &at),
            Statement::Assign(name, value) => match told(value, &values) {
                Some(found) => _ = values.insert(name.clone(), found),
                None => _ = values.remove(name),
            },
            Statement::Call(Expr::Call(name, arguments, start)) => match (name.as_str(), arguments.as_slice()) {
                ("settings", [Expr::Table(entries)]) => settings(copies, own, entries, &at),
                ("sync", [Expr::Table(entries)]) => sync(copies, targets, own, entries, &values, &at, *start),
                (name, _) => {
                    let message = format!("`{}` is code that is not followed, and may copy anything", shorten(name));
                    copies.unfollowed(message, at(*start), touch);
                }
            },
            Statement::Return(_) => {}
            Statement::If(..) | Statement::Call(_) => {
                copies.unfollowed("this file is code that is not followed, and may copy anything".to_owned(), at(0), touch);
            }
        }
    }
}

type Entries = [(Option<Expr>, Expr)];

/// A text that is written out, or put together of such.
fn told(value: &Expr, values: &BTreeMap<String, (String, usize)>) -> Option<(String, usize)> {
    match value {
        Expr::Text(text, at) => Some((text.clone(), *at)),
        Expr::Number(number) => Some((number.clone(), 0)),
        Expr::Name(name) => values.get(name).cloned(),
        Expr::Join(a, b) => {
            let ((a, at), (b, _)) = (told(a, values)?, told(b, values)?);
            (a.len() + b.len() <= 4096).then(|| (a + &b, at))
        }
        _ => None,
    }
}

fn key(entry: &(Option<Expr>, Expr)) -> Option<(&str, usize)> {
    if let Some(Expr::Text(key, at)) = &entry.0 { Some((key, *at)) } else { None }
}

fn settings(copies: &mut Copies<'_>, own: usize, entries: &Entries, at: &dyn Fn(usize) -> Location) {
    for (name, offset) in entries.iter().filter_map(key) {
        copies.word(&WORDS, "lsyncd settings", name, at(offset), Touch::Endpoint(own));
    }
}

fn sync(
    copies: &mut Copies<'_>,
    targets: &Targets,
    own: usize,
    entries: &Entries,
    values: &BTreeMap<String, (String, usize)>,
    at: &dyn Fn(usize) -> Location,
    start: usize,
) {
    let touch = Touch::Endpoint(own);
    for (name, offset) in entries.iter().filter_map(key) {
        copies.word(&WORDS, "lsyncd sync", name, at(offset), touch);
    }
    let layer =
        entries.iter().find_map(|(k, v)| if let (None, Expr::Name(name)) = (k, v) { Some(name.as_str()) } else { None });
    let value = |wanted: &str| {
        // The last one counts.
        let found = entries.iter().rev().find(|e| key(e).is_some_and(|(k, _)| k == wanted))?;
        Some((told(&found.1, values), key(found).map_or(start, |(_, at)| at)))
    };
    let wanted = match layer {
        Some("default.rsync" | "default.direct") => "target",
        Some("default.rsyncssh") => "host",
        _ => {
            let message = format!("the layer `{}` is code that is not followed, and may copy anywhere", layer.unwrap_or("..."));
            return copies.unfollowed(message, at(start), touch);
        }
    };
    let mut commands = Commands::new(copies, targets, Variables::new());
    match value(wanted) {
        Some((Some((text, offset)), key_at)) => {
            let at = at(if offset > 0 { offset } else { key_at });
            let text = if wanted == "host" { format!("{text}:") } else { text };
            commands.replicates(own, &Word { text, at });
        }
        Some((None, offset)) => {
            let message = format!("`{wanted}` is worked out by code, so where this leads is not known");
            commands.copies.unfollowed(message, at(offset), touch);
        }
        None => {
            let message = format!("this `sync` has no `{wanted}`, so where it copies to is not known");
            commands.copies.unfollowed(message, at(start), touch);
        }
    }
    // Programs and options that decide how another machine is reached.
    for (part, table) in entries.iter().filter_map(|e| Some((key(e)?, &e.1))) {
        let Expr::Table(inner) = table else { continue };
        if !matches!(part.0, "rsync" | "ssh") {
            continue;
        }
        for entry in inner {
            let Some((name, offset)) = key(entry) else { continue };
            commands.copies.word(&WORDS, "lsyncd rsync and ssh", name, at(offset), touch);
            let mut texts = Vec::new();
            flat(&entry.1, values, &mut texts);
            match (part.0, name) {
                ("rsync", "rsh") => {
                    let text = texts.join(" ");
                    commands.remote_shell(own, &text, at(offset));
                }
                (_, "binary" | "_extra" | "options" | "config" | "rsh_params" | "rsync_path") => {
                    let lower = texts.join(" ").to_ascii_lowercase();
                    let leads = |w: &str| {
                        matches!(w, "-e" | "-j" | "-w" | "-f") || ["--rsh", "proxy", "hostname"].iter().any(|p| w.contains(p))
                    };
                    if lower.split_whitespace().any(leads) || matches!(name, "binary" | "config") {
                        let message = format!("`{name}` may lead to another machine than the one that is named");
                        commands.copies.unfollowed(message, at(offset), touch);
                    }
                }
                // The table of words has told of it.
                _ => {}
            }
        }
    }
}

/// All texts within a value.
fn flat(value: &Expr, values: &BTreeMap<String, (String, usize)>, into: &mut Vec<String>) {
    match value {
        Expr::Table(entries) => {
            for (name, value) in entries {
                if let Some(Expr::Text(name, _)) = name {
                    into.push(name.clone());
                }
                flat(value, values, into);
            }
        }
        other => into.push(told(other, values).map_or_else(|| "$".to_owned(), |(text, _)| text)),
    }
}
