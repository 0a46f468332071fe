//! What the formats for forges and other machines share: where a result is shown, which come first, and how a gap is known again
//! in the next run. Nothing here is decided; order and fingerprints follow from the assessment.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{condition, known, safe, tree};
use crate::finding::{Assessment, Finding, GapResult, Hop, Verdict};
use crate::lang::{self, Joint, Lang, Message, say, tell};
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
pub(crate) fn gravest(a: &Assessment) -> Vec<&Finding> {
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
            for text in [g.code, &g.message.tell(Lang::En), &sources.get(g.location.source).path] {
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
pub(super) fn details(f: &Finding, sources: &Sources, lang: Lang) -> Vec<(Title, String)> {
    let mut all = Vec::new();
    let lists = [
        (say!("people of"), &f.origin),
        (say!("data"), &f.data),
        (say!("population"), &f.populations),
        (say!("with"), &f.with_rules),
    ];
    for (title, values) in lists {
        if !values.is_empty() {
            all.push((Title::Of(title), safe(&values.join(", ")).into_owned()));
        }
    }
    all.extend(when(f, lang).map(|when| (Title::Of(say!("when")), when)));
    if f.path.last().is_none_or(|h| h.places != f.places) {
        all.extend(f.places.iter().map(|p| (Title::Of(say!("where")), format!("{}: {}", safe(&f.endpoint), known(p, lang)))));
    }
    all.extend(f.path.iter().map(|h| (Title::Path, format!("{} - {}", hop(h, lang), line(sources, h.location)))));
    all.extend(f.labels.iter().map(|l| (Title::See, format!("{} - {}", safe(&l.text.tell(lang)), line(sources, l.location)))));
    all.extend(f.policy_location.map(|at| (Title::Of(say!("asked for at")), line(sources, at))));
    all.extend(f.why.iter().map(|why| (Title::Of(say!("why")), safe(&why.tell(lang)).into_owned())));
    all.extend(f.help.iter().map(|help| (Title::Of(say!("help")), safe(&help.tell(lang)).into_owned())));
    all.extend(f.waiver.iter().map(|w| (Title::Of(say!("waived")), super::waived(w, sources, lang))));
    all.push((Title::Fingerprint, safe(&f.fingerprint).into_owned()));
    all
}

/// What a line of [`details`] is about.
#[derive(PartialEq, Eq)]
pub(super) enum Title {
    /// A step of the path.
    Path,
    /// A further line that explains it.
    See,
    Fingerprint,
    Of(Message),
}

impl Title {
    pub(super) fn tell(&self, lang: Lang) -> String {
        match self {
            Self::Path => tell!(lang, "path"),
            Self::See => tell!(lang, "see"),
            Self::Fingerprint => tell!(lang, "fingerprint"),
            Self::Of(title) => title.tell(lang),
        }
    }
}

/// `infra/routing/media.conf:6`, from the top of the repository.
pub(super) fn line(sources: &Sources, at: Location) -> String {
    let at = spot(sources, at);
    format!("{}:{}", safe(&at.file), at.line)
}

/// `overload, if all primaries are down`; nothing if the finding says nothing of states.
pub(super) fn when(f: &Finding, lang: Lang) -> Option<String> {
    let mut parts: Vec<Message> = f.state.iter().map(|s| Message::Word(s.as_str())).collect();
    parts.extend(f.lost.iter().map(|lost| say!("losing {lost}", lost = safe(lost))));
    parts.extend(f.condition.iter().map(|c| Message::Plain(condition(c, lang))));
    (!parts.is_empty()).then(|| lang::series(parts, Joint::Clause).tell(lang))
}

/// `high violated: data-leaves-boundary`, of what it is about.
pub(super) fn kind_of(f: &Finding, about: &str, lang: Lang) -> String {
    let (severity, verdict) = (Message::Word(f.severity.as_str()), Message::Word(f.verdict.as_str()));
    tell!(lang, "{severity} {verdict}: {about}", severity, verdict, about)
}

/// `media (nginx-upstream), by forward, primary, US-CA San Jose, by site`, on one line.
pub(super) fn hop(h: &Hop, lang: Lang) -> String {
    let mut parts = vec![say!("{name} ({kind})", name = safe(&h.endpoint), kind = safe(&h.kind))];
    parts.extend(h.route.as_ref().map(|route| Message::Plain(tree::by(route, lang))));
    let told = lang::series(parts, Joint::Clause);
    let places = h.places.iter().map(|place| Message::Plain(known(place, lang)));
    lang::series(std::iter::once(told).chain(places), Joint::Semicolon).tell(lang)
}

/// The data sets that places rest on, a line each, with date, licence and the attribution they ask for.
pub(super) fn data_sets(a: &Assessment, lang: Lang) -> Vec<String> {
    let text = |d: &crate::finding::DataSetInfo| {
        let date = match &d.date {
            Some(date) => say!("of {day}", day = lang::day(date)),
            None => say!("date unknown"),
        };
        let first = say!("{name} ({kind}), {date}", name = lang.read(&d.name), kind = lang.read(&d.kind), date);
        let further = [&d.licence, &d.attribution].into_iter().flatten().map(|text| Message::Plain(text.clone()));
        let all = std::iter::once(first).chain(further).chain(d.age.clone());
        safe(&lang::series(all, Joint::Semicolon).tell(lang)).into_owned()
    };
    a.data_sets.iter().filter(|d| d.used).map(text).collect()
}
