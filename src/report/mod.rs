//! Reports: one file per output format. They show an [`Assessment`] and compute nothing: no verdict, no exit code, no place is
//! decided here, so every format tells the same story. Adding one is a file and its line in [`REPORTERS`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::finding::{
    Addition, Assessment, Coverage, CutRoute, Finding, GapResult, KnownPlace, Remedy, Severity, Smaller, Verdict, Waived,
    WaivedBy,
};
use crate::model::ResourceTally;
use crate::source::{Location, Sources};

pub mod concise;
pub mod csv;
pub mod draw;
mod gate;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod mask;
pub mod oscal;
#[cfg(feature = "pdf")]
pub mod pdf;
pub mod pretty;
pub mod sarif;
pub mod screen;
pub mod table;
pub mod traffic;
pub mod tree;
pub mod typst;
pub mod xlsx;

pub(crate) use gate::is_file;

/// What the terminal (or its absence) allows.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    pub color: bool,
    /// In columns of a terminal cell; reports keep inside it except for paths, names and addresses that are longer.
    pub width: usize,
    /// Whether box-drawing characters can be shown.
    pub unicode: bool,
    /// Whether names of files may be hyperlinks (OSC 8).
    pub links: bool,
    /// Findings shown at most, the gravest first; programs get all.
    pub most_findings: Option<usize>,
}

impl RenderOptions {
    /// For files, pipes and tests.
    pub const PLAIN: Self = Self { color: false, width: 100, unicode: true, links: false, most_findings: None };

    /// A style that vanishes without colour.
    pub(crate) fn paint(&self, style: anstyle::Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Text wrapped to the width, the first line behind `first`, the others behind `rest`.
    pub(crate) fn wrap(&self, first: &str, rest: &str, text: &str) -> String {
        // Never at hyphens: a broken name could not be copied.
        let options = textwrap::Options::new(self.width.max(20))
            .initial_indent(first)
            .subsequent_indent(rest)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .word_separator(textwrap::WordSeparator::AsciiSpace);
        textwrap::fill(text, options).trim_end().to_owned()
    }
}

/// One output format.
pub trait Reporter: Sync {
    /// As `--format` names it.
    fn name(&self) -> &'static str;
    /// One line for `--help`.
    fn describe(&self) -> &'static str;
    fn write(&self, assessment: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write)
    -> io::Result<()>;

    /// Whether it shows how each way goes, which takes a further pass.
    fn shows_ways(&self) -> bool {
        false
    }

    /// Whether it shows the hashes of what was read, which reads it once more.
    fn shows_hashes(&self) -> bool {
        false
    }
}

/// Every format; the first is the default.
pub const REPORTERS: &[&dyn Reporter] = &[
    &pretty::Pretty,
    &concise::Concise,
    &json::Json,
    &jsonl::JsonLines,
    &sarif::Sarif,
    &oscal::Oscal,
    &junit::Junit,
    &github::Github,
    &markdown::GithubSummary,
    &gitlab::Gitlab,
    &csv::Csv,
    &markdown::Markdown,
    &typst::Typst,
];

pub fn reporter(name: &str) -> Option<&'static dyn Reporter> {
    REPORTERS.iter().copied().find(|r| r.name() == name)
}

/// Text from the user's files made safe to show: control characters, bidirectional overrides, invisible characters and line
/// ends become visible escapes, so that a name can neither drive the terminal nor pose as another line of the report.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) && !text.contains(LOG_COMMAND) && !text.contains("::") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        match c {
            // A line may begin here, once it is wrapped.
            ':' if (out.is_empty() || out.ends_with(' ')) && begins_command(&text[at..]) => out.push_str("\\u{3a}"),
            c => push_safe(&mut out, c),
        }
    }
    Cow::Owned(out)
}

/// Whether a log of GitHub Actions takes a line that begins so for a command (`::error ...`). Addresses (`::ffff:1.2.3.4`) are none.
fn begins_command(text: &str) -> bool {
    let Some(word) = text.strip_prefix("::") else { return false };
    let end = word.find(|c: char| !c.is_ascii_alphabetic() && c != '-').unwrap_or(word.len());
    word[..end].bytes().any(|b| !b.is_ascii_hexdigit())
}

/// Begins a command to the runner of GitHub Actions wherever it stands on a line of a log (`ActionCommand.TryParse`).
const LOG_COMMAND: &str = "##[";

fn push_safe(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '[' if out.ends_with("##") => out.push_str("\\u{5b}"),
        c if is_unsafe(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// [`safe`] text for XML 1.0, between tags or in an attribute. Line ends are the caller's: a text of the user's has none after `safe`.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (i, part) in text.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
        }
        for c in safe(part).chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                c => out.push(c),
            }
        }
    }
    out
}

/// Control characters; format characters that are invisible or turn the reading direction (UAX #9, Trojan Source
/// CVE-2021-42574); line and paragraph separators; tag characters; what is no character and XML does not take.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// `routing/media.conf:6:9`; `-` when the source is not among those read.
pub(crate) fn position(sources: &Sources, at: Location) -> String {
    let p = sources.position(at);
    format!("{}:{}:{}", safe(&p.file), p.line, p.column)
}

/// `routing/media.conf:6`.
pub(crate) fn line(sources: &Sources, at: Location) -> String {
    let p = sources.position(at);
    format!("{}:{}", safe(&p.file), p.line)
}

/// `cut `a` -> `b` (routing/media.conf:6), or let it lead to `c``.
pub(crate) fn cut(cut: &CutRoute, sources: &Sources) -> String {
    let instead: Vec<String> = cut.instead.iter().map(|name| format!("`{}`", safe(name))).collect();
    let or = if instead.is_empty() { String::new() } else { format!(", or let it lead to {}", instead.join(" or ")) };
    format!("cut `{}` -> `{}` ({}){or}", safe(&cut.from), safe(&cut.to), line(sources, cut.location))
}

/// What to add, and where; or why nowhere.
fn addition(addition: &Addition) -> String {
    let list = |names: &[String], and: &str| some(names.iter().map(|n| format!("`{}`", safe(n))).collect(), and);
    let of = list(&addition.of, "and");
    let what = match addition.what {
        "key" => format!("a key for {of}"),
        "way back" => format!("a way back from {of}"),
        "move" => of,
        what => format!("a {what} of {of}"),
    };
    let refused = addition.refused.iter().take(4).map(|(name, why)| format!("`{}`: {}", safe(name), safe(why)));
    let refused: Vec<String> = refused.collect();
    let why = if refused.is_empty() { String::new() } else { format!("; not in {}", refused.join(", not in ")) };
    let like = match addition.existing.as_slice() {
        [] => String::new(),
        [_] => format!("; {} is there already", list(&addition.existing, "and")),
        several => format!("; {} are there already", list(several, "and")),
    };
    let kind = addition.kind;
    let under = if matches!(kind, "account" | "operator" | "provider") { "under" } else { "in" };
    match (addition.at.as_slice(), addition.offers.as_str()) {
        ([], offers) => {
            let offers = match offers {
                "" => String::new(),
                offers => format!("; providers with regions where it may be: {}", safe(offers)),
            };
            match addition.what {
                "move" => format!("put {what} {under} another {kind}: none is declared that would do{like}{why}{offers}"),
                _ => format!("add {what}: no other {kind} is declared that would do{like}{why}{offers}"),
            }
        }
        (at, _) => format!("put {what} {under} {}, which is declared{like}{why}", list(at, "or")),
    }
}

/// What would make a rule hold, and what else that does, a line each.
pub(crate) fn remedy(remedy: &Remedy, sources: &Sources) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if !remedy.moves.is_empty() {
        let names: Vec<String> = remedy.moves.iter().map(|m| format!("`{}`", safe(m))).collect();
        lines.push(format!("to change: data enters at {}: move that, or let it enter elsewhere", names.join(", ")));
    }
    lines.extend(remedy.add.iter().map(|a| format!("to change: {}", addition(a))));
    if remedy.cut.is_empty() {
        lines.extend(added(remedy));
        return lines;
    }
    let why = match &remedy.smaller {
        Some(smaller) if remedy.unserved.is_empty() && !smaller.unserved.is_empty() => "; everybody who is served stays served",
        None if remedy.smallest => "; no fewer routes do",
        _ => "",
    };
    let n = remedy.cut.len();
    lines.push(format!(
        "to change: cut {} or lead {} elsewhere{why}:",
        count(n, "route", "routes"),
        if n == 1 { "it" } else { "them" }
    ));
    lines.extend(remedy.cut.iter().map(|c| format!("- {}", cut(c, sources))));
    lines.extend(remedy.smaller.as_ref().map(|s| smaller(s, sources)));
    if !remedy.judged {
        lines.push("what else that changes was not judged: the project is too large".to_owned());
        return lines;
    }
    if let (Some((Verdict::Indeterminate, why)), true) = (&remedy.then, remedy.moves.is_empty()) {
        lines.push(format!("then the rule is no longer broken, and still open: {}", safe(why)));
    }
    if !remedy.unserved.is_empty() {
        lines.push(format!("cutting takes away the last serving path of {}", people(&remedy.unserved)));
    }
    if !remedy.breaks.is_empty() {
        lines.push(format!("cutting breaks {}: lead the routes elsewhere instead", safe(&remedy.breaks.join(", "))));
    }
    lines
}

/// What comes of what is added.
fn added(remedy: &Remedy) -> Option<String> {
    let (verdict, why) = remedy.then.as_ref()?;
    let that = if remedy.add.iter().any(|a| a.at.len() > 1) { "with that, where it is named first," } else { "with that" };
    let breaks = match remedy.breaks.as_slice() {
        [] => String::new(),
        rules => format!("; it breaks {}", safe(&rules.join(", "))),
    };
    Some(match verdict {
        Verdict::Violated | Verdict::Unsatisfiable => format!("{that} alone the rule is still broken: {}{breaks}", safe(why)),
        Verdict::Indeterminate | Verdict::Conflict => {
            format!("{that} the rule is no longer broken, and still open: {}{breaks}", safe(why))
        }
        Verdict::Satisfied | Verdict::Waived | Verdict::NotApplicable if breaks.is_empty() => {
            format!("{that} the rule holds, and no other breaks")
        }
        Verdict::Satisfied | Verdict::Waived | Verdict::NotApplicable => format!("{that} the rule holds{breaks}"),
    })
}

/// `us-users (communications.content), cn-users (user.contact)`.
fn people(unserved: &[(String, String)]) -> String {
    let whom = unserved.iter().map(|(p, data)| format!("{} ({})", safe(p), safe(data)));
    some(whom.collect(), "and")
}

/// As many are named.
const NAMED: usize = 3;

fn smaller(smaller: &Smaller, sources: &Sources) -> String {
    let route = |c: &CutRoute| format!("`{}` -> `{}` ({})", safe(&c.from), safe(&c.to), line(sources, c.location));
    let named = some(smaller.cut.iter().map(route).collect(), "and");
    let mut price = Vec::new();
    if !smaller.unserved.is_empty() {
        price.push(format!("take away the last serving path of {}", people(&smaller.unserved)));
    }
    if !smaller.breaks.is_empty() {
        price.push(format!("break {}", safe(&smaller.breaks.join(", "))));
    }
    let routes = count(smaller.cut.len(), "route", "routes");
    format!("cutting {routes} would do as well, {named}, but would {}", price.join(" and "))
}

/// `a`, `a and b`, `a, b, c and 2 others`.
fn some(mut names: Vec<String>, and: &str) -> String {
    if names.len() > NAMED {
        let more = names.len() - NAMED;
        names.truncate(NAMED);
        names.push(count(more, "other", "others"));
    }
    match names.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} {and} {last}", rest.join(", ")),
        all => all.concat(),
    }
}

/// Longer notes are cut in reports for people; JSON has them whole.
const NOTE: usize = 70;

/// A place with how it is known: `CN Beijing, by mmdb (network 221.122.0.0/16; DB-IP Lite Country of 2026-11-01)`.
pub(crate) fn known(place: &KnownPlace) -> String {
    let mut out = match &place.place {
        Some(p) => format!("{}, by {}", safe(&p.to_string()), place.basis),
        None => "place unknown".to_owned(),
    };
    let mut how: Vec<String> = Vec::new();
    if let Some(matched) = place.matched.as_ref().filter(|m| Some(*m) != place.data_set.as_ref()) {
        how.push(safe(matched).into_owned());
    }
    if let Some(network) = &place.network
        && place.matched.as_ref() != Some(network)
    {
        how.push(format!("network {}", safe(network)));
    }
    match (&place.data_set, &place.data_set_date) {
        (Some(set), Some(date)) => how.push(format!("{} of {}", safe(set), safe(date))),
        (Some(set), None) => how.push(format!("{}, date unknown", safe(set))),
        (None, _) => {}
    }
    how.extend(place.note.as_ref().map(|n| shorten(&safe(n))));
    if !how.is_empty() {
        let _ = write!(out, " ({})", how.join("; "));
    }
    out
}

/// What must be true for a way to carry, as a clause: readers write some with their conjunction and some without.
pub(crate) fn condition(text: &str) -> Cow<'_, str> {
    let text = safe(text);
    let has_conjunction = ["when ", "if ", "only ", "for ", "after ", "by "].iter().any(|c| text.starts_with(c));
    if has_conjunction { text } else { Cow::Owned(format!("if {text}")) }
}

/// The first words of a long note.
fn shorten(note: &str) -> String {
    if note.chars().count() <= NOTE {
        return note.to_owned();
    }
    let cut: String = note.chars().take(NOTE).collect();
    let words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{} ...", words.trim_end_matches([',', ';', ':']))
}

/// The places in short, for one line: `CN, US-CA San Jose`, or `place unknown`.
pub(crate) fn places_short(places: &[KnownPlace]) -> String {
    let mut names: Vec<String> = Vec::new();
    for place in places {
        let name = place.place.as_ref().map_or_else(|| "place unknown".to_owned(), |p| safe(&p.to_string()).into_owned());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// `3 findings`, `1 finding`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// Where a finding is shown: the line that breaks the rule, else the first known line of its path, else the policy's line.
pub(crate) fn place_of(finding: &Finding) -> Option<Location> {
    finding.location.or_else(|| finding.path.last().map(|h| h.location)).or(finding.policy_location)
}

/// `until 2027-01-31 by Jane Doe (CHG-7): the last users leave in May (onshore.toml:40)`.
pub(crate) fn waived(waived: &Waived, sources: &Sources) -> String {
    let mut out = String::new();
    if let Some(day) = &waived.expires {
        let _ = write!(out, "until {} ", safe(day));
    }
    match &waived.by {
        WaivedBy::Person { approver, reason, ticket } => {
            let _ = write!(out, "by {}", safe(approver));
            if let Some(ticket) = ticket {
                let _ = write!(out, " ({})", safe(ticket));
            }
            let _ = write!(out, ": {}", safe(reason));
        }
        WaivedBy::Baseline { since, days } => {
            let _ = write!(out, "by the baseline: known since {}, {} ago", safe(since), count_days(*days));
        }
    }
    if let Some(at) = waived.location {
        let _ = write!(out, " ({})", line(sources, at));
    }
    out
}

fn count_days(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// What leads to a line of the user's files, as a hyperlink where the terminal has them. `text` must be safe to show.
pub(crate) fn linked(text: &str, sources: &Sources, at: Location, options: &RenderOptions) -> String {
    let path = &sources.get(at.source).path;
    match sources.folder.as_ref().filter(|_| options.links && gate::is_file(path)) {
        Some(folder) => format!("\u{1b}]8;;{folder}{}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\", sarif::uri(path)),
        None => text.to_owned(),
    }
}

/// The verdict in a sentence, with the size of what was looked at. Never "compliant".
pub(crate) fn summary(a: &Assessment) -> String {
    let of = |v: Verdict| a.rules.iter().filter(|r| r.verdict == v).count();
    let mut parts: Vec<String> = Vec::new();
    for verdict in [
        Verdict::Violated,
        Verdict::Unsatisfiable,
        Verdict::Conflict,
        Verdict::Indeterminate,
        Verdict::Waived,
        Verdict::Satisfied,
        Verdict::NotApplicable,
    ] {
        if of(verdict) > 0 {
            parts.push(format!("{} {}", of(verdict), verdict.as_str()));
        }
    }
    let rules = if parts.is_empty() { "no rule was asked".to_owned() } else { parts.join(", ") };
    format!(
        "{}: {} ({}), {}, {}, as of {}",
        a.verdict.as_str(),
        count(a.rules.len(), "rule", "rules"),
        rules,
        count(a.findings.len(), "finding", "findings"),
        count(a.gaps.len(), "gap", "gaps"),
        safe(&a.as_of)
    )
}

/// What was examined, in lines: files by format, endpoints and their places.
pub(crate) fn coverage(c: &Coverage) -> Vec<String> {
    let mut lines = Vec::new();
    let formats: Vec<String> = by_format(c).into_iter().map(|(f, n)| format!("{f} {n}")).collect();
    let formats = if formats.is_empty() { String::new() } else { format!(" ({})", formats.join(", ")) };
    lines.push(format!("{} read{formats}", count(c.files_read.len(), "file", "files")));
    lines.push(format!(
        "{}, {} with a known place, {} without; {}",
        count(c.endpoints, "endpoint", "endpoints"),
        c.located,
        c.unlocated,
        count(c.routes, "route", "routes")
    ));
    lines.extend(resources(&c.resources));
    lines
}

/// Kinds and reasons shown; JSON has them all.
const FREQUENT: usize = 5;

/// What became of resources: nothing where there are none.
fn resources(r: &ResourceTally) -> Vec<String> {
    let total = r.total();
    if total == 0 {
        return Vec::new();
    }
    let of = r.of_places();
    // Rounded down: 100 % is all of them.
    let placed = match (r.placed * 100).checked_div(of) {
        Some(percent) => format!("{} of {of} placed ({percent} %)", r.placed),
        None => "none that stands somewhere".to_owned(),
    };
    let mut lines = vec![format!(
        "{} read: {placed}; {} without a place of their own, {} without data",
        count(total, "resource", "resources"),
        r.placeless,
        r.no_data
    )];
    if r.uncertain > 0 {
        lines.push(format!("{} more may or may not exist, and would be placed", r.uncertain));
    }
    let (kinds, more) = frequent(&r.unknown);
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.iter().map(|(kind, n)| format!("{} {n}", safe(kind))).collect();
        let more = if more > 0 { format!(", and {more} more kinds") } else { String::new() };
        let all: usize = r.unknown.values().sum();
        lines.push(format!("no table knows the kind of {all}: {}{more}", kinds.join(", ")));
    }
    let (reasons, more) = frequent(&r.unplaced);
    lines.extend(reasons.iter().map(|(why, n)| format!("{n} not placed: {}", safe(why))));
    if more > 0 {
        lines.push(format!("others not placed for {}; --format json lists all", count(more, "more reason", "more reasons")));
    }
    lines
}

/// The most frequent, equally frequent ones by name, and how many more there are.
fn frequent(counts: &BTreeMap<String, usize>) -> (Vec<(&str, usize)>, usize) {
    let mut all: Vec<(&str, usize)> = counts.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let more = all.len().saturating_sub(FREQUENT);
    all.truncate(FREQUENT);
    (all, more)
}

/// Files read per format, by name of format.
pub(crate) fn by_format(c: &Coverage) -> BTreeMap<&'static str, usize> {
    let mut formats = BTreeMap::new();
    for (_, format) in &c.files_read {
        *formats.entry(*format).or_insert(0) += 1;
    }
    formats
}

/// Gaps by code, codes in order of their first gap.
pub(crate) fn gaps_by_code(gaps: &[GapResult]) -> BTreeMap<&'static str, Vec<&GapResult>> {
    let mut groups: BTreeMap<&'static str, Vec<&GapResult>> = BTreeMap::new();
    for gap in gaps {
        groups.entry(gap.code).or_default().push(gap);
    }
    groups
}

pub(crate) fn severity_style(severity: Severity) -> anstyle::Style {
    use anstyle::AnsiColor::{Blue, Magenta, Red, Yellow};
    let color = match severity {
        Severity::Critical => Magenta,
        Severity::High => Red,
        Severity::Medium => Yellow,
        Severity::Low => Blue,
    };
    anstyle::Style::new().bold().fg_color(Some(color.into()))
}

pub(crate) fn verdict_style(verdict: Verdict) -> anstyle::Style {
    use anstyle::AnsiColor::{Green, Red, Yellow};
    let style = anstyle::Style::new();
    match verdict {
        Verdict::Violated | Verdict::Unsatisfiable | Verdict::Conflict => style.bold().fg_color(Some(Red.into())),
        Verdict::Indeterminate => style.bold().fg_color(Some(Yellow.into())),
        Verdict::Satisfied => style.fg_color(Some(Green.into())),
        Verdict::Waived | Verdict::NotApplicable => style.dimmed(),
    }
}

pub(crate) const BOLD: anstyle::Style = anstyle::Style::new().bold();
pub(crate) const DIM: anstyle::Style = anstyle::Style::new().dimmed();
