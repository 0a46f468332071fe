//! Cloud exports: what clouds print of themselves. AWS Config and the answers of `aws`, Google's Cloud Asset Inventory, Azure
//! Resource Graph and `az`, Alibaba Cloud's and Tencent Cloud's lists, Cloudflare's and Fastly's APIs. Each dialect makes [`Resource`]s of its records; what those are, and
//! where their data goes, is for the tables of `data/resources/`.
//!
//! All exports of a project are read together, for the same resource may be told several times (the latest counts), and one
//! answer may name only what another one describes.

mod aws;
mod azure;
mod china;
mod edges;
mod gcp;
mod records;
mod survey;
mod value;

use std::collections::BTreeSet;

use crate::model::{Facts, GapScope, Reference, Unread};
use crate::read::resource::{Resource, Value, translate};
use crate::read::settings::FileSettings;
use crate::read::{Input, Reader, Reading, Recognized, Set, alone, glance, side_by_side};
use crate::source::{Location, SourceId, Span};

use records::{Record, Records};
use survey::{Known, Survey};

pub struct CloudExport;

/// Records are translated in batches of so many, so that memory is bounded however long a file is. Resources of one batch find each
/// other by whatever name they have, those of several by their ids.
const BATCH: usize = 10_000;

/// Broken lines that are told one by one; each of them touches everything.
const MAX_BROKEN_LINES: usize = 50;

static DIALECTS: &[&dyn Dialect] = &[
    &aws::Config,
    &aws::Named,
    &aws::Describe,
    &gcp::Assets,
    &azure::Graph,
    &china::Alibaba,
    &china::Tencent,
    &edges::Cloudflare,
    &edges::Fastly,
];

impl Reader for CloudExport {
    fn format(&self) -> &'static str {
        "cloud-export"
    }

    fn describe(&self) -> &'static str {
        "cloud exports (AWS Config and describe-*, GCP assets, Azure Resource Graph and `az`, Alibaba, Tencent, Cloudflare, Fastly)"
    }

    fn recognize(&self, _path: &str, text: &str) -> Recognized {
        let head = glance(text).trim_start_matches('\u{feff}').trim_start();
        if !head.starts_with(['{', '[']) {
            return Recognized::No;
        }
        let records = Records::of(glance(text));
        dialect(&Sample { text, records: &records }).map_or(Recognized::No, |_| Recognized::Yes)
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        let bytes = |file: &SourceId| set.sources.get(*file).text.len();
        let surveys = side_by_side(set.files, bytes, |file| Survey::of(&set.input(*file)));
        let known = Known::of(&surveys);
        let folders = aws::Folders::of(set, &surveys);
        let buckets = aws::Buckets::of(set, &surveys);
        let numbered: Vec<(usize, &Survey)> = surveys.iter().enumerate().collect();
        let mut readings = side_by_side(
            &numbered,
            |(_, survey)| bytes(&survey.file),
            |(index, survey)| {
                let input = set.input(survey.file);
                let told = input.settings.of(input.path());
                let told = Told {
                    input: &input,
                    settings: &told,
                    folder: folders.of_file(survey.file),
                    buckets: &buckets,
                    known: &known,
                };
                (survey.file, read(*index, survey, &told))
            },
        );
        let remarks = aws::private_links(set, &surveys);
        for (file, remark) in remarks {
            if let Some((_, reading)) = readings.iter_mut().find(|(id, _)| *id == file) {
                reading.facts.gaps.push(remark);
            }
        }
        Some(readings)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        alone(self, input)
    }
}

/// What one cloud's interface prints.
trait Dialect: Sync {
    fn recognize(&self, sample: &Sample<'_>) -> bool;
    /// Whether a list, by its path of keys, holds records; beside an outermost object that is one itself, or not.
    fn takes(&self, list: &str, beside_whole: bool) -> bool;
    /// Whether the outermost object is itself a record.
    fn takes_whole(&self, _records: &Records) -> bool {
        false
    }
    /// What is needed to find what is told twice; `None` for what cannot be.
    fn head(&self, list: &str, record: &Record<'_>) -> Option<Head>;
    /// Adds the resources of a record.
    fn convert(&self, list: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made);
}

fn dialect(sample: &Sample<'_>) -> Option<&'static dyn Dialect> {
    DIALECTS.iter().copied().find(|d| d.recognize(sample))
}

/// A text as [`Dialect::recognize`] sees it; only its beginning may be there.
struct Sample<'t> {
    text: &'t str,
    records: &'t Records,
}

impl<'t> Sample<'t> {
    /// The first record of a list, or the outermost object. What it stands in is of no interest here.
    fn first(&self, list: &str) -> Option<Record<'t>> {
        let span = self.records.list(list)?.records.first()?;
        Some(Record::new(SourceId(0), self.text, *span))
    }

    fn whole(&self) -> Option<Record<'t>> {
        Some(Record::new(SourceId(0), self.text, self.records.whole?))
    }

    /// Whether the first record of a list has all of these keys.
    fn has(&self, list: &str, keys: &[&str]) -> bool {
        self.first(list).is_some_and(|record| record.root().is_some_and(|root| keys.iter().all(|k| root.get(k).is_some())))
    }
}

/// Which resource a record tells of, and as of when.
#[derive(Debug)]
struct Head {
    key: String,
    /// As written; times of one format and zone compare as texts.
    time: Option<String>,
    gone: bool,
    /// It says more than that the resource exists.
    detailed: bool,
    /// Number and id of its project, where it tells both.
    project: Option<(String, String)>,
}

/// What is known of a file beside its text.
struct Told<'a> {
    input: &'a Input<'a>,
    settings: &'a FileSettings,
    folder: Option<&'a aws::Folder>,
    buckets: &'a aws::Buckets,
    known: &'a Known,
}

impl Told<'_> {
    /// The region that the user gives for the file.
    fn region(&self) -> Option<Value> {
        self.settings.region.as_ref().map(|told| Value::text(told.text.as_str(), told.location))
    }

    fn account(&self) -> Option<Value> {
        self.settings.account.as_ref().map(|told| Value::text(told.text.as_str(), told.location))
    }
}

/// What came of records so far.
#[derive(Default)]
struct Made {
    resources: Vec<Resource>,
    gaps: Vec<Unread>,
    /// Names or ids of resources of which nothing else is told, with the place of each.
    bare: Vec<(String, Location)>,
}

impl Made {
    fn gap(&mut self, code: &'static str, message: String, help: &str, location: Location, scope: GapScope<Reference>) {
        self.gaps.push(Unread { code, message, help: Some(help.to_owned()), location, scope });
    }
}

fn read(index: usize, survey: &Survey, told: &Told<'_>) -> Reading {
    let input = told.input;
    let mut reading = Reading::default();
    let Some(dialect) = survey.dialect else {
        reading.broken = Some(match &survey.records.problem {
            Some(problem) => problem.message.clone(),
            None => "no cloud's export looks like this: none of its lists and keys is known".to_owned(),
        });
        return reading;
    };
    let mut made = Made::default();
    let mut broken_lines = 0;
    for (list, at, span) in survey.taken() {
        if told.known.is_superseded(index, at) {
            continue;
        }
        let record = Record::new(input.file, input.text(), span);
        if let Some((location, problem)) = record.problem() {
            if survey.records.lines {
                broken_lines += 1;
                if broken_lines <= MAX_BROKEN_LINES {
                    let message = format!("this line is not a record: {}", problem.message);
                    let help = "export again, or take the line out; the rest of the file is read";
                    made.gap("broken-record", message, help, location, GapScope::Everything);
                }
            }
            // Elsewhere the file as a whole is broken, and says so.
            continue;
        }
        dialect.convert(list, &record, told, &mut made);
        if made.resources.len() >= BATCH {
            translate(std::mem::take(&mut made.resources), &mut reading.facts);
        }
    }
    translate(std::mem::take(&mut made.resources), &mut reading.facts);
    reading.facts.gaps.append(&mut made.gaps);
    name_bare(&made.bare, &mut reading.facts);
    gcp::collect_logs(&mut reading.facts, survey.file);
    if let Some(problem) = &survey.records.problem {
        let line = input.sources.get(input.file).line(problem.span.start);
        reading.broken = Some(format!("{} (line {line})", problem.message));
    }
    reading
}

/// One gap for all resources of which nothing but the name is told.
fn name_bare(bare: &[(String, Location)], facts: &mut Facts) {
    let Some((first, location)) = bare.first() else { return };
    let ids: BTreeSet<&str> = bare.iter().map(|(id, _)| id.as_str()).collect();
    let is_bare = |i: &usize| {
        let fact = &facts.endpoints[*i];
        ids.contains(fact.label.as_str()) || fact.cloud_ids.iter().any(|id| ids.contains(id.as_str()))
    };
    let scope: Vec<Reference> = (0..facts.endpoints.len()).filter(is_bare).map(Reference::Fact).collect();
    if scope.is_empty() {
        return;
    }
    let message = match scope.len() {
        1 => format!("`{first}` is only named here: where it replicates, backs up, logs or forwards to is not told"),
        n => format!(
            "{n} resources are only named here, as `{first}` is: where they replicate, back up, log or forward to is not told"
        ),
    };
    let help = "add an export with their settings (AWS Config, describe-*, assets with their resource content), or the code that made them";
    facts.gaps.push(Unread {
        code: "names-only",
        message,
        help: Some(help.to_owned()),
        location: *location,
        scope: GapScope::Endpoints(scope),
    });
}

/// Stands for the region of what tells none.
fn no_region(location: Location) -> Value {
    let help = "say it with `region` in an `[[inputs.override]]` for this file";
    Value::unknown("the export does not say its region", Some(help.into()), location)
}

/// The beginning of a record, where it as a whole is meant: a finding should not underline a hundred lines.
fn beginning(location: Location) -> Location {
    let span = Span { start: location.span.start, end: location.span.end.min(location.span.start + 1) };
    Location::new(location.source, span)
}
