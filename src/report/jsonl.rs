//! JSON Lines: the parts of `onshore.assessment/1`, each on a line of its own with its `type`, for `jq`, log pipelines and
//! files too large to hold. Not another contract: what a line says is what the JSON report says of it.

use std::io::{self, Write};

use serde::Serialize;

use super::json::{document, write_line};
use super::{RenderOptions, Reporter};
use crate::finding::Assessment;
use crate::source::Sources;

pub const SCHEMA: &str = "onshore.lines/1";

pub struct JsonLines;

impl Reporter for JsonLines {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn describe(&self) -> &'static str {
        "the parts of the JSON report, one on a line: assessment, coverage, data-set, rule, finding, transfer, remedy, gap"
    }

    fn write(&self, a: &Assessment, sources: &Sources, _: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let d = document(a, sources);
        let (project, verdict, as_of) = (d.project, d.verdict, d.as_of);
        let head = Head { schema: SCHEMA, project, verdict, as_of, findings: a.findings.len(), gaps: a.gaps.len() };
        lines("assessment", [head], out)?;
        lines("coverage", [d.coverage], out)?;
        lines("data-set", d.data_sets, out)?;
        lines("rule", d.rules, out)?;
        lines("finding", d.findings.iter(), out)?;
        lines("transfer", d.transfers, out)?;
        lines("remedy", d.remedies, out)?;
        lines("gap", d.gaps.iter(), out)
    }
}

#[derive(Serialize)]
struct Head<'a> {
    schema: &'static str,
    project: Option<&'a str>,
    verdict: &'static str,
    as_of: &'a str,
    /// How many lines of the kind follow: a file that was cut off tells itself.
    findings: usize,
    gaps: usize,
}

#[derive(Serialize)]
struct Line<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    value: T,
}

fn lines<T: Serialize>(kind: &'static str, values: impl IntoIterator<Item = T>, out: &mut dyn Write) -> io::Result<()> {
    values.into_iter().try_for_each(|value| write_line(&Line { kind, value }, out))
}
