//! GitLab's code quality report ("Code Quality report format"): one JSON array for the widget of a merge request. It has no place
//! for coverage and data sets; a job that shows it should keep another report beside it.

use std::io::{self, Write};

use serde::Serialize;

use super::gate::{Spot, gap_fingerprints, gravest, spot, spot_of};
use super::json::write_value;
use super::{RenderOptions, Reporter, places_short, safe};
use crate::finding::{Assessment, Severity, Verdict};
use crate::lang::Lang;
use crate::source::Sources;

pub struct Gitlab;

impl Reporter for Gitlab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn describe(&self) -> &'static str {
        "GitLab's code quality report, for merge requests"
    }

    fn write(&self, a: &Assessment, sources: &Sources, _: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let findings = gravest(a).into_iter().map(|f| {
            let rule = f.rule.as_ref().map(|r| format!(" [{}]", safe(r))).unwrap_or_default();
            let places = match places_short(&f.places, Lang::En) {
                places if places.is_empty() => places,
                places => format!(" [{places}]"),
            };
            let waived =
                f.waiver.as_ref().map(|w| format!(" [waived {}]", super::waived(w, sources, Lang::En))).unwrap_or_default();
            Issue {
                description: format!("{}: {}{rule}{places}{waived}", f.verdict.as_str(), safe(&f.message.to_string())),
                check_name: f.code,
                fingerprint: safe(&f.fingerprint).into_owned(),
                severity: match (f.verdict, f.severity) {
                    (Verdict::Waived, _) => "info",
                    (_, Severity::Critical) => "blocker",
                    (_, Severity::High) => "critical",
                    (_, Severity::Medium) => "major",
                    (_, Severity::Low) => "minor",
                },
                location: spot_of(f, sources).into(),
            }
        });
        let gaps = a.gaps.iter().zip(gap_fingerprints(&a.gaps, sources)).map(|(g, fingerprint)| {
            let open = match g.touches.as_slice() {
                [] => String::new(),
                rules => format!(" [leaves open {}]", safe(&rules.join(", "))),
            };
            Issue {
                description: format!("could not be told: {}{open}", safe(&g.message.to_string())),
                check_name: g.code,
                fingerprint,
                severity: "info",
                location: spot(sources, g.location).into(),
            }
        });
        write_value(&findings.chain(gaps).collect::<Vec<Issue>>(), out)
    }
}

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

impl From<Spot> for Place {
    fn from(at: Spot) -> Self {
        Self { path: safe(&at.file).into_owned(), lines: Lines { begin: at.line } }
    }
}
