//! What the formats for forges and other machines share: where a result is shown, which come first, and how a gap is known again
//! in the next run. Nothing here is decided; order and fingerprints follow from the assessment.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{condition, known, safe};
use crate::finding::{Assessment, Finding, GapResult, Hop, Verdict};
use crate::source::{Location, Sources};

/// The project's file: shown where a finding is about no line.
const PROJECT_FILE: &str = "onshore.toml";

/// A place in a file of the repository. Lines and columns count from 1, columns in characters.
pub(super) struct Spot {
    /// From the top of the repository, with `/`.
    pub file: String,
    pub line: u32,
    /// `None` in a workbook: its cells are no columns of text.
    pub columns: Option<Columns>,
}

pub(super) struct Columns {
    pub start: u32,
    /// Line, and the column behind the last character.
    pub end: Option<(u32, u32)>,
}

pub(super) fn spot(sources: &Sources, at: Location) -> Spot {
    let source = sources.get(at.source);
    let start = source.position(at.span.start);
    let columns = source.sheet.is_none().then(|| {
        let end = (at.span.end > at.span.start).then(|| source.position(at.span.end));
        Columns { start: start.column, end: end.map(|e| (e.line, e.column)) }
    });
    let base = if is_file(&source.path) { sources.base.as_str() } else { "" };
    Spot { file: format!("{base}{}", source.path), line: start.line, columns }
}

/// The line that breaks the rule, else the last of the path, a label's or the policy's, as long as it stands in a file: forges
/// reject results without one.
pub(super) fn spot_of(f: &Finding, sources: &Sources) -> Spot {
    let path = f.path.iter().rev().map(|h| h.location);
    let labels = f.labels.iter().map(|l| l.location);
    let all = f.location.into_iter().chain(path).chain(labels).chain(f.policy_location);
    match all.into_iter().find(|at| is_file(&sources.get(at.source).path)) {
        Some(at) => spot(sources, at),
        None => Spot { file: format!("{}{PROJECT_FILE}", sources.base), line: 1, columns: None },
    }
}

/// Shipped packs and answers of a DNS server are read, but stand in no file.
pub(crate) fn is_file(path: &str) -> bool {
    !path.starts_with("pack:") && !path.starts_with('(')
}

/// The findings, those first that weigh most: what counts, then what was accepted; violated before undecided; by severity.
pub(super) fn gravest(a: &Assessment) -> Vec<&Finding> {
    let mut all: Vec<&Finding> = a.findings.iter().collect();
    all.sort_by_key(|f| std::cmp::Reverse((fails(f.verdict), f.verdict != Verdict::Waived, f.severity, f.verdict)));
    all
}

/// Whether it makes a run fail, as soon as it is grave enough.
pub(super) fn fails(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Violated | Verdict::Unsatisfiable)
}

/// One for each gap, in their order. As those of findings they survive moved lines; equal gaps are counted through.
pub(super) fn gap_fingerprints(gaps: &[GapResult], sources: &Sources) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    gaps.iter()
        .map(|g| {
            let mut hash = Sha256::new();
            for text in [g.code, &g.message, &sources.get(g.location.source).path] {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text.as_bytes());
            }
            let first: String = hash.clone().finalize().iter().take(12).map(|b| format!("{b:02x}")).collect();
            let again = seen.entry(first.clone()).or_default();
            *again += 1;
            if *again == 1 {
                return first;
            }
            hash.update(again.to_le_bytes());
            hash.finalize().iter().take(12).map(|b| format!("{b:02x}")).collect()
        })
        .collect()
}

/// Everything about a finding but its message, title and text, safe to show.
pub(super) fn details(f: &Finding, sources: &Sources) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let lists = [("people of", &f.origin), ("data", &f.data), ("population", &f.populations), ("with", &f.with_rules)];
    for (title, values) in lists {
        if !values.is_empty() {
            all.push((title, safe(&values.join(", ")).into_owned()));
        }
    }
    all.extend(when(f).map(|when| ("when", when)));
    if f.path.last().is_none_or(|h| h.places != f.places) {
        all.extend(f.places.iter().map(|p| ("where", format!("{}: {}", safe(&f.endpoint), known(p)))));
    }
    all.extend(f.path.iter().map(|h| (PATH, format!("{} - {}", hop(h), line(sources, h.location)))));
    all.extend(f.labels.iter().map(|l| ("see", format!("{} - {}", safe(&l.text), line(sources, l.location)))));
    all.extend(f.policy_location.map(|at| ("asked for at", line(sources, at))));
    all.extend(f.why.iter().map(|why| ("why", safe(why).into_owned())));
    all.extend(f.help.iter().map(|help| ("help", safe(help).into_owned())));
    all.extend(f.waiver.iter().map(|w| ("waived", super::waived(w, sources))));
    all.push(("fingerprint", safe(&f.fingerprint).into_owned()));
    all
}

/// The title of each hop among [`details`].
pub(super) const PATH: &str = "path";

/// `infra/routing/media.conf:6`, from the top of the repository.
pub(super) fn line(sources: &Sources, at: Location) -> String {
    let at = spot(sources, at);
    format!("{}:{}", safe(&at.file), at.line)
}

/// `overload, if all primaries are down`; nothing if the finding says nothing of states.
pub(super) fn when(f: &Finding) -> Option<String> {
    let mut parts: Vec<String> = f.state.iter().map(|s| s.as_str().to_owned()).collect();
    parts.extend(f.lost.iter().map(|lost| format!("losing {}", safe(lost))));
    parts.extend(f.condition.iter().map(|c| condition(c).into_owned()));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `media (nginx-upstream), by forward, primary, US-CA San Jose, by site`, on one line.
pub(super) fn hop(h: &Hop) -> String {
    let mut out = format!("{} ({})", safe(&h.endpoint), safe(&h.kind));
    if let Some(route) = &h.route {
        out.push_str(&format!(", by {}, {}", route.activity, route.role.as_str()));
        if route.priority > 0 {
            out.push_str(&format!(", priority {}", route.priority));
        }
        if let Some(c) = &route.condition {
            out.push_str(&format!(", {}", condition(c)));
        }
    }
    for place in &h.places {
        out.push_str(&format!("; {}", known(place)));
    }
    out
}

/// The data sets that places rest on, a line each, with date, licence and the attribution they ask for.
pub(super) fn data_sets(a: &Assessment) -> Vec<String> {
    let text = |d: &crate::finding::DataSetInfo| {
        let date = d.date.as_ref().map_or_else(|| "date unknown".to_owned(), |date| format!("of {date}"));
        let further = [d.licence.as_ref(), d.attribution.as_ref(), d.age.as_ref()].into_iter().flatten();
        let further: String = further.map(|text| format!("; {text}")).collect();
        safe(&format!("{} ({}), {date}{further}", d.name, d.kind)).into_owned()
    };
    a.data_sets.iter().filter(|d| d.used).map(text).collect()
}
