//! onshore's own inventory: sites, endpoints and routes in TOML, YAML, JSON (tables `site`, `endpoint`, `route`) or CSV (one of
//! the three a file, told by its columns). The same words in every notation.
//!
//! Users write these files for onshore, so that a word nobody knows is an error of the file and not a gap.

mod convert;
mod csv;
mod entry;

use serde::Deserialize;

use super::{Input, Reader, Reading, Recognized};
use crate::doc::de::did_you_mean;
use crate::doc::{self, Document, Entry, Node, Problem};
use crate::source::{Source, SourceId};
use convert::Conversion;

pub(super) use convert::roles;
pub use entry::schema;

/// The tables of an inventory.
const TABLES: [&str; 3] = ["site", "endpoint", "route"];

/// As much of a JSON text is looked at to recognize it.
const JSON_HEAD: usize = 64 * 1024;

pub struct Inventory;

impl Reader for Inventory {
    fn format(&self) -> &'static str {
        "inventory"
    }

    fn describe(&self) -> &'static str {
        "onshore inventory: sites, endpoints and routes (TOML, YAML, JSON, CSV)"
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let (fits, by_name) = match Notation::of(path) {
            Some(Notation::Toml) => (toml_has_table(text), true),
            Some(Notation::Yaml) => (yaml_has_table(text), true),
            Some(Notation::Json) => (json_has_table(text), true),
            Some(Notation::Csv) => (csv::Table::of(path, text).is_some(), true),
            // Prose and programs may quote an inventory; only a file without an ending can be one without saying so.
            None => (!path.contains('.') && (toml_has_table(text) || json_has_table(text)), false),
        };
        match (fits, by_name) {
            (true, true) => Recognized::Yes,
            (true, false) => Recognized::Maybe,
            (false, _) => Recognized::No,
        }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut conversion = Conversion::new(input.file, input.sources.get(input.file));
        let text = input.text();
        let notation = Notation::of(input.path()).unwrap_or(if json_has_table(text) { Notation::Json } else { Notation::Toml });
        match notation {
            Notation::Toml => read_tree(doc::toml::parse(text), &mut conversion),
            Notation::Yaml => read_tree(doc::yaml::parse(text), &mut conversion),
            Notation::Json => read_tree(doc::json::parse(text), &mut conversion),
            Notation::Csv => csv::read(input.path(), text, &mut conversion),
        }
        conversion.finish()
    }
}

#[derive(Clone, Copy)]
enum Notation {
    Toml,
    Yaml,
    Json,
    Csv,
}

impl Notation {
    fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

fn read_tree(mut document: Document<'_>, to: &mut Conversion<'_>) {
    let syntax = document.take_problems();
    read_roots(&document, &syntax, to);
    to.problems(syntax);
}

fn read_roots(document: &Document<'_>, syntax: &[Problem], to: &mut Conversion<'_>) {
    for root in document.roots() {
        if !root.is_map() {
            if !root.is_null() {
                to.problem(
                    Problem::new(root.span(), "an inventory is a table").help("its keys are `site`, `endpoint`, `route`"),
                );
            }
            continue;
        }
        for entry in root.entries() {
            // Editors find the schema by `$schema`.
            if !read_table(entry, syntax, to) && entry.name() != "$schema" {
                let message = format!("unknown key `{}`", entry.name());
                to.problem(Problem::new(entry.key.span(), message).help(did_you_mean(entry.name(), &TABLES)));
            }
        }
    }
}

/// Whether it is one of the tables of an inventory.
fn read_table(entry: Entry<'_>, syntax: &[Problem], to: &mut Conversion<'_>) -> bool {
    match entry.name() {
        "site" => each(entry.value, syntax, to, Conversion::site),
        "endpoint" => each(entry.value, syntax, to, Conversion::endpoint),
        "route" => each(entry.value, syntax, to, Conversion::route),
        _ => return false,
    }
    true
}

/// Reads the tables `site`, `endpoint` and `route` of a table in another file of ours, whose further keys are not looked at.
pub fn read_within(node: Node<'_>, file: SourceId, source: &Source) -> Reading {
    let mut conversion = Conversion::new(file, source);
    for entry in node.entries() {
        read_table(entry, &[], &mut conversion);
    }
    conversion.finish()
}

/// Reads every entry of a list on its own, so that errors stay where they are.
fn each<'d, 's, T: Deserialize<'d>>(
    list: Node<'d>,
    syntax: &[Problem],
    to: &mut Conversion<'s>,
    add: fn(&mut Conversion<'s>, T, crate::source::Span),
) {
    if !list.is_list() && !list.is_null() {
        let help = "write `[[endpoint]]` in TOML, a list in YAML and JSON";
        to.problem(Problem::new(list.span(), "sites, endpoints and routes are lists of tables").help(help));
    }
    for item in list.items() {
        let (entry, mut problems) = doc::read::<T>(item);
        doc::without_echoes(syntax, &mut problems);
        to.problems(problems);
        if let Some(entry) = entry {
            add(to, entry, item.span());
        }
    }
}

/// A `[[site]]`, `[[endpoint]]` or `[[route]]` header.
fn toml_has_table(text: &str) -> bool {
    let header = |line: &str| {
        let name = line.trim_start().strip_prefix("[[")?.split_once("]]")?.0.trim();
        TABLES.contains(&name).then_some(())
    };
    text.lines().any(|line| header(line).is_some())
}

/// `site:`, `endpoint:` or `route:` at the top, with a list. (Other formats have a `route:` with a map.)
fn yaml_has_table(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines().peekable();
    while let Some(line) = lines.next() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        if !TABLES.contains(&name.trim_end()) {
            continue;
        }
        let rest = rest.trim();
        if rest.starts_with('[') {
            return true;
        }
        if rest.is_empty() || rest.starts_with(['#', '&']) {
            let blank = |l: &&str| l.trim().is_empty() || l.trim_start().starts_with('#');
            while lines.next_if(blank).is_some() {}
            if lines.peek().is_some_and(|next| next.trim_start().starts_with("- ") || next.trim() == "-") {
                return true;
            }
        }
    }
    false
}

/// A key `site`, `endpoint` or `route` of the outermost object, with a list.
fn json_has_table(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('{') {
        return false;
    }
    let bytes = &text.as_bytes()[..text.len().min(JSON_HEAD)];
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let start = at;
                while bytes.get(at).is_some_and(|b| *b != b'"') {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let word = bytes.get(start..at).unwrap_or_default();
                at += 1;
                if depth == 1 && TABLES.iter().any(|t| t.as_bytes() == word) {
                    let mut rest = bytes.get(at..).unwrap_or_default().iter().filter(|b| !b.is_ascii_whitespace());
                    if (rest.next(), rest.next()) == (Some(&b':'), Some(&b'[')) {
                        return true;
                    }
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
