//! `onshore locate`: where things stand, with all the evidence and not only the winner.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::pipeline::{self, Opened};
use super::{Context, Failure, ProjectArgs};
use crate::finding::DataSetInfo;
use crate::geo::{Atlas, Evidence, Geolocation, Kind};
use crate::lang::{self, Lang, Message, tell};
use crate::report::{json, safe, table};
use crate::source::load;

/// Lines of a list at most.
const MAX_LINES: usize = 1_000_000;

#[derive(Debug, Args)]
pub struct Locate {
    /// Addresses, networks (CIDR), host names, regions (aws/us-east-1); a file with one a line; - for standard input; nothing:
    /// every endpoint of the project
    what: Vec<String>,
    /// table, or jsonl with one object a line
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "jsonl"])]
    format: String,
    #[command(flatten)]
    project: ProjectArgs,
}

impl Locate {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let words = self.words(context)?;
        let (atlas, opened) = pipeline::atlas_for(None, &self.project, context)?;
        let answers: Vec<(String, Geolocation)> = if self.what.is_empty() {
            let Some(o) = &opened else {
                return Err(Failure::with_help(
                    "nothing to locate: no argument, and no onshore.toml here or above",
                    "onshore locate 8.8.8.8 10.0.0.0/8 example.com aws/eu-central-1",
                ));
            };
            let all = o.snapshot.endpoint_ids();
            all.map(|id| (o.snapshot.endpoint(id).name.clone(), atlas.locate_endpoint(&o.snapshot, id))).collect()
        } else {
            if words.is_empty() {
                return Err(Failure::with_help(
                    "nothing to locate: the list is empty",
                    "write an address, network, host name or region a line",
                ));
            }
            words.into_iter().map(|w| answer(w, &atlas, opened.as_ref())).collect()
        };
        let sets = atlas.data_sets();
        match self.format.as_str() {
            "jsonl" => {
                for (asked, geo) in &answers {
                    json::write_line(&Line::new(asked, geo, &sets), context.out)?;
                }
            }
            _ => {
                let lang = context.options.lang;
                let rows: Vec<Vec<String>> = answers.iter().flat_map(|(asked, geo)| rows(asked, geo, &sets, lang)).collect();
                let header = [
                    tell!(lang, "asked"),
                    tell!(lang, "place"),
                    tell!(lang, "basis"),
                    tell!(lang, "what matched, or why not"),
                    tell!(lang, "data set"),
                ];
                write!(context.out, "{}", table::render(&header.each_ref().map(String::as_str), &rows, &context.options))?;
                for note in notes(&answers, lang) {
                    writeln!(context.out, "{}", context.options.wrap("", "  ", &note))?;
                }
            }
        }
        // Not located is an answer, but scripts want to know.
        Ok(if answers.iter().any(|(_, g)| g.places.is_empty()) { 3 } else { 0 })
    }

    /// Arguments, with files and standard input replaced by their lines.
    fn words(&self, context: &mut Context<'_>) -> Result<Vec<String>, Failure> {
        let mut words = Vec::new();
        for word in &self.what {
            let file = context.around.folder.join(word);
            if word == "-" {
                lines(BufReader::new(&mut *context.stdin), &mut words)?;
            } else if word.contains(['/', '\\']) && file.is_dir() {
                return Err(Failure::with_help(
                    format!("`{word}` is a folder"),
                    "to see where a project's endpoints stand, run `onshore locate` in it without arguments",
                ));
            } else if Path::new(word).components().count() > 0 && file.is_file() {
                lines(load::read_one(&file)?.as_bytes(), &mut words)?;
            } else {
                words.push(word.clone());
            }
        }
        Ok(words)
    }
}

/// Every line that says something, without its comment.
fn lines(text: impl BufRead, words: &mut Vec<String>) -> Result<(), Failure> {
    for line in text.take(load::MAX_FILE_BYTES).lines() {
        let line = line.map_err(|e| Failure::usage(format!("the list cannot be read: {e}")))?;
        let word = line.split_once(" #").map_or(line.as_str(), |(word, _)| word).trim();
        if !word.is_empty() && !word.starts_with('#') {
            words.push(word.to_owned());
        }
        if words.len() > MAX_LINES {
            return Err(Failure::usage(format!("the list has more than {MAX_LINES} lines")));
        }
    }
    Ok(())
}

/// As an endpoint of the project if it is one, else by itself.
fn answer(word: String, atlas: &Atlas, opened: Option<&Opened>) -> (String, Geolocation) {
    let known = opened.and_then(|o| o.snapshot.find(&word).map(|id| atlas.locate_endpoint(&o.snapshot, id)));
    let geo = known.unwrap_or_else(|| atlas.locate_text(&word));
    (word, geo)
}

/// The winner first, every other piece of evidence below it, then why it is not known or not agreed.
fn rows(asked: &str, geo: &Geolocation, sets: &[DataSetInfo], lang: Lang) -> Vec<Vec<String>> {
    let basis = |e: &Evidence| lang.word(e.basis.as_str()).to_owned();
    let evidence = geo.evidence.iter().map(|e| [names(e, lang), basis(e), matched(e, sets), set_name(e, sets, lang)]);
    let mut rows: Vec<[String; 4]> = evidence.collect();
    let mut remark = |place: &str, why: &str| rows.push([place.to_owned(), "-".into(), why.to_owned(), String::new()]);
    if let Some(why) = &geo.unknown {
        remark(lang.word("unknown"), &why.tell(lang));
    }
    if let Some(conflict) = &geo.conflict {
        remark(lang.word("conflict"), &conflict.tell(lang));
    }
    if rows.is_empty() {
        rows.push([lang.word("unknown").into(), "-".into(), lang.word(geo.kind.as_str()).into(), String::new()]);
    }
    let first = std::iter::once(asked).chain(std::iter::repeat(""));
    first.zip(rows).map(|(asked, row)| std::iter::once(asked.to_owned()).chain(row).collect()).collect()
}

/// What a person should know of what matched, once for each.
fn notes(answers: &[(String, Geolocation)], lang: Lang) -> BTreeSet<String> {
    let evidence = answers.iter().flat_map(|(_, geo)| &geo.evidence);
    let note = |e: &Evidence| {
        let (name, said) = (safe(&e.matched).into_owned(), safe(&e.note.as_ref()?.tell(lang)).into_owned());
        Some(tell!(lang, "{title}: {said}", title = name, said))
    };
    evidence.filter_map(note).collect()
}

/// `DE-HE Frankfurt`, `DE, NL (multi-region)`, `unknown (anycast)`.
fn names(e: &Evidence, lang: Lang) -> String {
    let places = match e.places.as_slice() {
        [] => Message::Word("unknown"),
        places => lang::list(places),
    };
    match e.kind {
        Kind::Unicast => places.tell(lang),
        kind => tell!(lang, "{places} ({kind})", places, kind = Message::Word(kind.as_str())),
    }
}

fn matched(e: &Evidence, sets: &[DataSetInfo]) -> String {
    let by_set = set_of(e, sets).is_some_and(|s| s.name == e.matched);
    let mut parts: Vec<String> = Vec::new();
    parts.extend((!by_set && !e.matched.is_empty()).then(|| e.matched.clone()));
    parts.extend(e.network.map(|n| n.to_string()).filter(|n| *n != e.matched));
    parts.join(", ")
}

fn set_name(e: &Evidence, sets: &[DataSetInfo], lang: Lang) -> String {
    set_of(e, sets).map(|set| dated(set, lang)).unwrap_or_default()
}

fn set_of<'s>(e: &Evidence, sets: &'s [DataSetInfo]) -> Option<&'s DataSetInfo> {
    sets.get(e.data_set?.0 as usize)
}

/// `DB-IP Lite Country of 2026-11-01`.
fn dated(set: &DataSetInfo, lang: Lang) -> String {
    let name = lang::read(set.name.clone());
    match &set.date {
        Some(date) => tell!(lang, "{set} of {day}", set = name, day = lang::day(date)),
        None => name.tell(lang),
    }
}

/// One answer as JSON.
#[derive(Serialize)]
struct Line<'a> {
    asked: &'a str,
    kind: &'static str,
    basis: Option<&'static str>,
    places: Vec<JsonPlace<'a>>,
    unknown: Option<&'a Message>,
    conflict: Option<&'a Message>,
    evidence: Vec<JsonEvidence<'a>>,
}

#[derive(Serialize)]
struct JsonPlace<'a> {
    country: &'a str,
    subdivision: Option<&'a str>,
    city: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonEvidence<'a> {
    basis: &'static str,
    kind: &'static str,
    places: Vec<JsonPlace<'a>>,
    matched: &'a str,
    network: Option<String>,
    data_set: Option<&'a str>,
    data_set_date: Option<&'a str>,
    note: Option<&'a Message>,
}

impl<'a> Line<'a> {
    fn new(asked: &'a str, geo: &'a Geolocation, sets: &'a [DataSetInfo]) -> Self {
        let evidence = |e: &'a Evidence| {
            let set = set_of(e, sets);
            JsonEvidence {
                basis: e.basis.as_str(),
                kind: e.kind.as_str(),
                places: e.places.iter().map(JsonPlace::new).collect(),
                matched: &e.matched,
                network: e.network.map(|n| n.to_string()),
                data_set: set.map(|s| s.name.as_str()),
                data_set_date: set.and_then(|s| s.date.as_deref()),
                note: e.note.as_ref(),
            }
        };
        Self {
            asked,
            kind: geo.kind.as_str(),
            basis: geo.basis.map(|b| b.as_str()),
            places: geo.places.iter().map(JsonPlace::new).collect(),
            unknown: geo.unknown.as_ref(),
            conflict: geo.conflict.as_ref(),
            evidence: geo.evidence.iter().map(evidence).collect(),
        }
    }
}

impl<'a> JsonPlace<'a> {
    fn new(p: &'a crate::model::Place) -> Self {
        Self { country: p.country.as_str(), subdivision: p.subdivision.as_deref(), city: p.city.as_deref() }
    }
}
