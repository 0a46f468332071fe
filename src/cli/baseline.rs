//! Baselines: findings that were there when onshore was taken into use, so that a gate can hold back new ones first.
//! `--write-baseline` writes down what an assessment found, `--baseline` lets that pass and shows how long it has stood.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Failure;
use crate::finding::{Assessment, Baseline, Verdict, WaivedBy};
use crate::source::load;

const SCHEMA: &str = "onshore.baseline/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    findings: Vec<Known>,
}

/// Beside the fingerprint, what a person needs to know which finding it is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    fingerprint: String,
    since: String,
    rule: Option<String>,
    code: String,
    endpoint: String,
}

/// Reads a baseline. `name`: the file as the user called it.
pub fn read(name: &Path, folder: &Path) -> Result<Baseline, Failure> {
    parse(&load::read_one(&folder.join(name))?, &name.to_string_lossy())
}

/// The text of one that is called `shown`.
pub fn parse(text: &str, shown: &str) -> Result<Baseline, Failure> {
    let again = "write it anew with `onshore check --write-baseline FILE`";
    let file: File = serde_json::from_str(text)
        .map_err(|e| Failure::with_help(format!("`{shown}` is no baseline of this version: {e}"), again))?;
    if file.schema != SCHEMA {
        return Err(Failure::with_help(format!("`{shown}` is in the form `{}`, not `{SCHEMA}`", file.schema), again));
    }
    let mut since = BTreeMap::new();
    for known in file.findings {
        let day: Date = known.since.parse().map_err(|_| {
            Failure::with_help(format!("`{shown}`: `{}` is not a day ({})", known.since, known.fingerprint), again)
        })?;
        since.insert(known.fingerprint, day);
    }
    Ok(Baseline { since })
}

/// Writes down every finding that counts, or counted but for an older baseline; those keep their day.
pub fn write(name: &Path, folder: &Path, assessment: &Assessment) -> Result<usize, Failure> {
    let known = assessment.findings.iter().filter_map(|f| {
        let since = match (f.verdict, f.waiver.as_ref().map(|w| &w.by)) {
            (Verdict::Waived, Some(WaivedBy::Baseline { since, .. })) => since.clone(),
            (Verdict::Waived, _) => return None,
            _ => assessment.as_of.clone(),
        };
        Some(Known {
            fingerprint: f.fingerprint.clone(),
            since,
            rule: f.rule.clone(),
            code: f.code.to_owned(),
            endpoint: f.endpoint.clone(),
        })
    });
    let mut findings: Vec<Known> = known.collect();
    findings.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
    let count = findings.len();
    let mut text = serde_json::to_string_pretty(&File { schema: SCHEMA.to_owned(), findings })
        .map_err(|e| Failure::usage(format!("the baseline cannot be written: {e}")))?;
    text.push('\n');
    let file = folder.join(name);
    std::fs::write(&file, text).map_err(|e| Failure::usage(format!("`{}` cannot be written: {e}", file.display())))?;
    Ok(count)
}
