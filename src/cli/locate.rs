//! `onshore locate`: where things stand, with all the evidence and not only the winner.

use std::io::{BufRead, BufReader};
use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::pipeline::{self, Opened};
use super::{Context, Failure, ProjectArgs};
use crate::finding::DataSetInfo;
use crate::geo::{Atlas, Evidence, Geolocation};
use crate::report::{json, table};
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
                let rows: Vec<Vec<String>> = answers.iter().flat_map(|(asked, geo)| rows(asked, geo, &sets)).collect();
                let header = ["asked", "place", "basis", "what matched", "data set", "note"];
                write!(context.out, "{}", table::render(&header, &rows, &context.options))?;
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
            } else if Path::new(word).components().count() > 0 && file.is_file() {
                lines(load::read_one(&file)?.as_bytes(), &mut words)?;
            } else {
                words.push(word.clone());
            }
        }
        Ok(words)
    }
}

/// The first word of every line that is neither empty nor a comment.
fn lines(text: impl BufRead, words: &mut Vec<String>) -> Result<(), Failure> {
    for line in text.take(load::MAX_FILE_BYTES).lines() {
        let line = line.map_err(|e| Failure::usage(format!("the list cannot be read: {e}")))?;
        if let Some(word) = line.split_whitespace().next().filter(|w| !w.starts_with('#')) {
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

/// The winner first, every other piece of evidence below it.
fn rows(asked: &str, geo: &Geolocation, sets: &[DataSetInfo]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for e in &geo.evidence {
        let shown = if rows.is_empty() { asked } else { "" };
        let mut note: Vec<String> = Vec::new();
        if e.kind != crate::geo::Kind::Unicast {
            note.push(e.kind.as_str().to_owned());
        }
        note.extend(e.note.clone());
        rows.push(vec![
            shown.to_owned(),
            names(e),
            e.basis.as_str().to_owned(),
            matched(e),
            set_of(e, sets).map(dated).unwrap_or_default(),
            note.join("; "),
        ]);
    }
    let mut remark = |place: &str, text: &str| {
        let shown = if rows.is_empty() { asked } else { "" };
        rows.push(vec![shown.to_owned(), place.to_owned(), "-".into(), String::new(), String::new(), text.to_owned()]);
    };
    if let Some(why) = &geo.unknown {
        remark("unknown", why);
    } else if geo.evidence.is_empty() {
        remark("unknown", geo.kind.as_str());
    }
    if let Some(conflict) = &geo.conflict {
        remark("conflict", conflict);
    }
    rows
}

fn names(e: &Evidence) -> String {
    if e.places.is_empty() {
        return "unknown".to_owned();
    }
    e.places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn matched(e: &Evidence) -> String {
    match e.network.map(|n| n.to_string()) {
        Some(network) if e.matched.is_empty() || e.matched == network => network,
        Some(network) => format!("{}, {network}", e.matched),
        None => e.matched.clone(),
    }
}

fn set_of<'s>(e: &Evidence, sets: &'s [DataSetInfo]) -> Option<&'s DataSetInfo> {
    sets.get(e.data_set?.0 as usize)
}

/// `DB-IP Lite Country of 2026-11-01`.
fn dated(set: &DataSetInfo) -> String {
    set.date.as_ref().map_or_else(|| set.name.clone(), |date| format!("{} of {date}", set.name))
}

/// One answer as JSON.
#[derive(Serialize)]
struct Line<'a> {
    asked: &'a str,
    kind: &'static str,
    basis: Option<&'static str>,
    places: Vec<JsonPlace<'a>>,
    unknown: Option<&'a str>,
    conflict: Option<&'a str>,
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
    note: Option<&'a str>,
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
                note: e.note.as_deref(),
            }
        };
        Self {
            asked,
            kind: geo.kind.as_str(),
            basis: geo.basis.map(|b| b.as_str()),
            places: geo.places.iter().map(JsonPlace::new).collect(),
            unknown: geo.unknown.as_deref(),
            conflict: geo.conflict.as_deref(),
            evidence: geo.evidence.iter().map(evidence).collect(),
        }
    }
}

impl<'a> JsonPlace<'a> {
    fn new(p: &'a crate::model::Place) -> Self {
        Self { country: p.country.as_str(), subdivision: p.subdivision.as_deref(), city: p.city.as_deref() }
    }
}
