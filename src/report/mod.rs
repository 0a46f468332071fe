//! Reports: one file per output format. They show an [`Assessment`] and compute nothing: no verdict, no exit code, no place is
//! decided here, so every format tells the same story. Adding one is a file and its line in [`REPORTERS`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::explain;
use crate::finding::{
    Addition, Allowed, Assessment, Coverage, CutRoute, Finding, GapResult, KnownPlace, Remedy, Severity, Smaller, State,
    Verdict, Waived, WaivedBy,
};
pub(crate) use crate::lang::count;
use crate::lang::{self, Joint, Lang, Message, say, tell};
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
    pub lang: Lang,
}

impl RenderOptions {
    /// For files, pipes and tests.
    pub const PLAIN: Self = Self { color: false, width: 100, unicode: true, links: false, most_findings: None, lang: Lang::En };

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
            .word_separator(words(self.lang));
        textwrap::fill(text, options).trim_end().to_owned()
    }
}

/// Where a line may end: at blanks, and in Chinese between any two characters but before what closes and behind what opens.
pub(crate) fn words(lang: Lang) -> textwrap::WordSeparator {
    match lang {
        Lang::En => textwrap::WordSeparator::AsciiSpace,
        Lang::Zh => textwrap::WordSeparator::Custom(|line| {
            let is_wide = |c: char| ('\u{2e80}'..='\u{9fff}').contains(&c) || ('\u{ff00}'..='\u{ffef}').contains(&c);
            let closes = |c: char| "，。、；：？！）》」』”’】".contains(c);
            let opens = |c: char| "（《「『“‘【".contains(c);
            let breaks = move |a: char, b: char| match (a, b) {
                (' ', b) => b != ' ',
                (_, ' ') => false,
                (a, b) => (is_wide(a) || is_wide(b)) && !closes(b) && !opens(a),
            };
            let mut parts = Vec::new();
            let mut start = 0;
            for ((_, a), (at, b)) in line.char_indices().zip(line.char_indices().skip(1)) {
                if breaks(a, b) {
                    parts.push(textwrap::core::Word::from(&line[start..at]));
                    start = at;
                }
            }
            parts.push(textwrap::core::Word::from(&line[start..]));
            Box::new(parts.into_iter())
        }),
    }
}

/// As wide as that many columns at least.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(textwrap::core::display_width(text))))
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
pub(crate) fn cut(cut: &CutRoute, sources: &Sources) -> Message {
    let (from, to, at) = (safe(&cut.from), safe(&cut.to), line(sources, cut.location));
    if cut.instead.is_empty() {
        return say!("cut `{from}` -> `{to}` ({at})", from, to, at);
    }
    let instead = lang::series(cut.instead.iter().map(|name| format!("`{}`", safe(name))), Joint::EachOr);
    say!("cut `{from}` -> `{to}` ({at}), or let it lead to {instead}", from, to, at, instead)
}

/// What to add, and where; or why nowhere.
fn addition(addition: &Addition) -> Message {
    let list = |names: &[String], joint| some(names.iter().map(|n| Message::Plain(format!("`{}`", safe(n)))).collect(), joint);
    let of = list(&addition.of, Joint::And);
    let what = match addition.what {
        "key" => say!("a key for {of}", of),
        "way back" => say!("a way back from {of}", of),
        "move" => of,
        "copy" => say!("a copy of {of}", of),
        _ => say!("a stand-in of {of}", of),
    };
    let refused = addition
        .refused
        .iter()
        .take(4)
        .map(|(name, why)| say!("not in `{name}`: {why}", name = safe(name), why = safe_message(why)));
    let refused: Vec<Message> = refused.collect();
    let why = if refused.is_empty() { Message::default() } else { say!("; {refused}", refused = lang::list(refused)) };
    let existing = list(&addition.existing, Joint::And);
    let like = match addition.existing.as_slice() {
        [] => Message::default(),
        [_] => say!("; {existing} is there already", existing),
        _ => say!("; {existing} are there already", existing),
    };
    let kind = Message::Word(addition.kind);
    let is_ownership = matches!(addition.kind, "account" | "operator" | "provider");
    let offers = match addition.offers.as_str() {
        "" => Message::default(),
        offers => say!("; providers with regions where it may be: {offers}", offers = safe(offers)),
    };
    match (addition.at.as_slice(), addition.what, is_ownership) {
        ([], "move", true) => {
            say!(
                "put {what} under another {kind}: none is declared that would do{like}{why}{offers}",
                what,
                kind,
                like,
                why,
                offers
            )
        }
        ([], "move", false) => {
            say!(
                "put {what} in another {kind}: none is declared that would do{like}{why}{offers}",
                what,
                kind,
                like,
                why,
                offers
            )
        }
        ([], ..) => {
            say!("add {what}: no other {kind} is declared that would do{like}{why}{offers}", what, kind, like, why, offers)
        }
        (at, _, true) => say!("put {what} under {at}, which is declared{like}{why}", what, at = list(at, Joint::Or), like, why),
        (at, _, false) => say!("put {what} in {at}, which is declared{like}{why}", what, at = list(at, Joint::Or), like, why),
    }
}

/// A line on what would make a rule hold.
pub(crate) enum Step {
    /// What to change.
    Change(Message),
    /// A route to cut, of the change above.
    Cut(Message),
    /// What comes of it.
    Then(Message),
}

impl Step {
    /// For a list of such lines.
    pub(crate) fn tell(&self, lang: Lang) -> String {
        match self {
            Self::Change(what) => tell!(lang, "to change: {what}", what),
            Self::Cut(what) => format!("- {}", what.tell(lang)),
            Self::Then(what) => what.tell(lang),
        }
    }

    /// The same where the list has marks of its own.
    pub(crate) fn in_list(&self, lang: Lang) -> String {
        match self {
            Self::Cut(what) => what.tell(lang),
            Self::Change(_) | Self::Then(_) => self.tell(lang),
        }
    }

    /// The same where it is plain what it is.
    pub(crate) fn bare(&self, lang: Lang) -> String {
        let (Self::Change(what) | Self::Cut(what) | Self::Then(what)) = self;
        what.tell(lang)
    }
}

/// What would make a rule hold, and what else that does, a line each.
pub(crate) fn remedy(remedy: &Remedy, sources: &Sources) -> Vec<Step> {
    let mut lines: Vec<Step> = Vec::new();
    if !remedy.moves.is_empty() {
        let names = lang::list(remedy.moves.iter().map(|m| format!("`{}`", safe(m))));
        lines.push(Step::Change(say!("data enters at {names}: move that, or let it enter elsewhere", names)));
    }
    lines.extend(remedy.add.iter().map(|a| Step::Change(addition(a))));
    if remedy.cut.is_empty() {
        lines.extend(added(remedy).map(Step::Then));
        return lines;
    }
    let why = match &remedy.smaller {
        Some(smaller) if remedy.unserved.is_empty() && !smaller.unserved.is_empty() => {
            say!("; everybody who is served stays served")
        }
        None if remedy.smallest => say!("; no fewer routes do"),
        _ => Message::default(),
    };
    let n = remedy.cut.len();
    let routes = lang::count(n, "route", "routes");
    lines.push(Step::Change(match n {
        1 => say!("cut {routes} or lead it elsewhere{why}:", routes, why),
        _ => say!("cut {routes} or lead them elsewhere{why}:", routes, why),
    }));
    lines.extend(remedy.cut.iter().map(|c| Step::Cut(cut(c, sources))));
    lines.extend(remedy.smaller.as_ref().map(|s| Step::Then(smaller(s, sources))));
    if !remedy.judged {
        lines.push(Step::Then(say!("what else that changes was not judged: the project is too large")));
        return lines;
    }
    if let (Some((Verdict::Indeterminate, why)), true) = (&remedy.then, remedy.moves.is_empty()) {
        lines.push(Step::Then(say!("then the rule is no longer broken, and still open: {why}", why = safe_message(why))));
    }
    if !remedy.unserved.is_empty() {
        lines.push(Step::Then(say!("cutting takes away the last serving path of {people}", people = people(&remedy.unserved))));
    }
    if !remedy.breaks.is_empty() {
        let rules = safe_list(&remedy.breaks);
        lines.push(Step::Then(say!("cutting breaks {rules}: lead the routes elsewhere instead", rules)));
    }
    lines
}

/// What comes of what is added.
fn added(remedy: &Remedy) -> Option<Message> {
    let (verdict, why) = remedy.then.as_ref()?;
    let that = match remedy.add.iter().any(|a| a.at.len() > 1) {
        true => say!("with that, where it is named first,"),
        false => say!("with that"),
    };
    let breaks = match remedy.breaks.as_slice() {
        [] => Message::default(),
        rules => say!("; it breaks {rules}", rules = safe_list(rules)),
    };
    let why = safe_message(why);
    Some(match verdict {
        Verdict::Violated | Verdict::Unsatisfiable => {
            say!("{that} alone the rule is still broken: {why}{breaks}", that, why, breaks)
        }
        Verdict::Indeterminate | Verdict::Conflict => {
            say!("{that} the rule is no longer broken, and still open: {why}{breaks}", that, why, breaks)
        }
        Verdict::Satisfied | Verdict::Waived | Verdict::NotApplicable if breaks.is_empty() => {
            say!("{that} the rule holds, and no other breaks", that)
        }
        Verdict::Satisfied | Verdict::Waived | Verdict::NotApplicable => say!("{that} the rule holds{breaks}", that, breaks),
    })
}

/// `us-users (communications.content), cn-users (user.contact)`.
fn people(unserved: &[(String, String)]) -> Message {
    let whom = unserved.iter().map(|(p, data)| Message::Plain(format!("{} ({})", safe(p), safe(data))));
    some(whom.collect(), Joint::And)
}

/// As many are named.
const NAMED: usize = 3;

fn smaller(smaller: &Smaller, sources: &Sources) -> Message {
    let route = |c: &CutRoute| format!("`{}` -> `{}` ({})", safe(&c.from), safe(&c.to), line(sources, c.location));
    let named = some(smaller.cut.iter().map(|c| Message::Plain(route(c))).collect(), Joint::And);
    let mut price = Vec::new();
    if !smaller.unserved.is_empty() {
        price.push(say!("take away the last serving path of {people}", people = people(&smaller.unserved)));
    }
    if !smaller.breaks.is_empty() {
        price.push(say!("break {rules}", rules = safe_list(&smaller.breaks)));
    }
    let (routes, price) = (lang::count(smaller.cut.len(), "route", "routes"), lang::series(price, Joint::EachAnd));
    say!("cutting {routes} would do as well, {named}, but would {price}", routes, named, price)
}

/// `a`, `a and b`, `a, b, c and 2 others`.
fn some(mut names: Vec<Message>, joint: Joint) -> Message {
    if names.len() > NAMED {
        let more = names.len() - NAMED;
        names.truncate(NAMED);
        names.push(lang::count(more, "other", "others"));
    }
    lang::series(names, joint)
}

/// Names of the user's, safe to show.
pub(crate) fn safe_list(names: &[String]) -> Message {
    lang::list(names.iter().map(|name| safe(name)))
}

/// A message with nothing in it that could do harm.
pub(crate) fn safe_message(message: &Message) -> Message {
    message.clone().map_plain(&|text| safe(&text).into_owned())
}

/// Longer notes are cut in reports for people; JSON has them whole.
const NOTE: usize = 70;

/// A place with how it is known: `CN Beijing, by mmdb (network 221.122.0.0/16; DB-IP Lite Country of 2026-11-01)`.
pub(crate) fn known(place: &KnownPlace, lang: Lang) -> String {
    let mut out = match &place.place {
        Some(p) => tell!(lang, "{place}, by {basis}", place = p, basis = Message::Word(place.basis)),
        None => tell!(lang, "place unknown"),
    };
    let mut how: Vec<String> = Vec::new();
    if let Some(matched) = place.matched.as_ref().filter(|m| Some(*m) != place.data_set.as_ref()) {
        how.push(matched.clone());
    }
    if let Some(network) = &place.network
        && place.matched.as_ref() != Some(network)
    {
        how.push(tell!(lang, "network {network}", network));
    }
    match (&place.data_set, &place.data_set_date) {
        (Some(set), Some(date)) => how.push(tell!(lang, "{set} of {day}", set, day = lang::day(date))),
        (Some(set), None) => how.push(tell!(lang, "{set}, date unknown", set)),
        (None, _) => {}
    }
    how.extend(place.note.as_ref().map(|n| shorten(&safe(&n.tell(lang)))));
    if !how.is_empty() {
        let how = lang::series(how, Joint::Semicolon);
        out = tell!(lang, "{place} ({how})", place = out, how);
    }
    safe(&out).into_owned()
}

/// What must be true for a way to carry, as a clause: readers write some with their conjunction and some without.
pub(crate) fn condition(message: &Message, lang: Lang) -> String {
    let text = message.tell(lang);
    // What a reader says is in its own words.
    let Message::Plain(_) = message else { return safe(&text).into_owned() };
    let text = safe(&text);
    let has_conjunction = ["when ", "if ", "only ", "for ", "after ", "by "].iter().any(|c| text.starts_with(c));
    if has_conjunction { text.into_owned() } else { tell!(lang, "if {condition}", condition = text) }
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
pub(crate) fn places_short(places: &[KnownPlace], lang: Lang) -> String {
    let mut names: Vec<Message> = Vec::new();
    for place in places {
        let name = place.place.as_ref().map_or_else(|| say!("place unknown"), |p| Message::Place(p.clone()));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    safe(&lang::list(names).tell(lang)).into_owned()
}

/// Where a finding is shown: the line that breaks the rule, else the first known line of its path, else the policy's line.
pub(crate) fn place_of(finding: &Finding) -> Option<Location> {
    finding.location.or_else(|| finding.path.last().map(|h| h.location)).or(finding.policy_location)
}

/// `until 2027-01-31 by Jane Doe (CHG-7): the last users leave in May (onshore.toml:40)`.
pub(crate) fn waived(waived: &Waived, sources: &Sources, lang: Lang) -> String {
    let by = match &waived.by {
        WaivedBy::Person { approver, reason, ticket } => {
            let (approver, reason) = (safe(approver), safe(reason));
            match ticket {
                Some(ticket) => say!("by {approver} ({ticket}): {reason}", approver, ticket = safe(ticket), reason),
                None => say!("by {approver}: {reason}", approver, reason),
            }
        }
        WaivedBy::Baseline { since, days } => {
            let days = Message::Count(days.unsigned_abs(), "day", "days");
            say!("by the baseline: known since {since}, {days} ago", since = lang::day(&safe(since)), days)
        }
    };
    let told = match &waived.expires {
        Some(day) => tell!(lang, "until {day} {by}", day = lang::day(&safe(day)), by),
        None => by.tell(lang),
    };
    match waived.location {
        Some(at) => format!("{told} ({})", line(sources, at)),
        None => told,
    }
}

/// What is allowed by an entry of the transfer register.
pub(crate) fn transfer(t: &Allowed, lang: Lang) -> String {
    let until = match &t.until {
        Some(day) => say!(", until {day}", day = lang::day(&safe(day))),
        None => Message::default(),
    };
    tell!(
        lang,
        "{data} of people in {origin} at `{endpoint}` in {places}: {mechanism} with {recipient}, {purpose} ({evidence}{until})",
        data = safe_list(&t.data),
        origin = safe_list(&t.origin),
        endpoint = safe(&t.endpoint),
        places = places_short(&t.places, lang),
        mechanism = safe(&t.mechanism),
        recipient = safe(&t.recipient),
        purpose = safe(&t.purpose),
        evidence = safe(&t.evidence),
        until
    )
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
pub(crate) fn summary(a: &Assessment) -> Message {
    let of = |v: Verdict| a.rules.iter().filter(|r| r.verdict == v).count();
    let order = [
        Verdict::Violated,
        Verdict::Unsatisfiable,
        Verdict::Conflict,
        Verdict::Indeterminate,
        Verdict::Waived,
        Verdict::Satisfied,
        Verdict::NotApplicable,
    ];
    let parts =
        order.into_iter().filter(|v| of(*v) > 0).map(|v| say!("{n} {verdict}", n = of(v), verdict = Message::Word(v.as_str())));
    let parts: Vec<Message> = parts.collect();
    let by_verdict = if parts.is_empty() { say!("no rule was asked") } else { lang::list(parts) };
    say!(
        "{verdict}: {rules} ({by_verdict}), {findings}, {gaps}, as of {day}",
        verdict = Message::Word(a.verdict.as_str()),
        rules = lang::count(a.rules.len(), "rule", "rules"),
        by_verdict,
        findings = lang::count(a.findings.len(), "finding", "findings"),
        gaps = lang::count(a.gaps.len(), "gap", "gaps"),
        day = lang::day(&safe(&a.as_of))
    )
}

/// On the first page and at the end of every report.
pub(crate) fn limits() -> Message {
    say!("onshore judges where data is and can get to, against declared facts; what is lawful is for people to decide")
}

/// The state of the world in which something is so.
pub(crate) fn state_words(state: State) -> Message {
    match state {
        State::Normal => say!("in normal running"),
        State::Overload => say!("under overload"),
        State::Loss => say!("after a loss"),
    }
}

/// What was examined, in lines: files by format, endpoints and their places.
pub(crate) fn coverage(c: &Coverage) -> Vec<Message> {
    let files = lang::count(c.files_read.len(), "file", "files");
    let formats: Vec<String> = by_format(c).into_iter().map(|(f, n)| format!("{f} {n}")).collect();
    let mut lines = vec![
        match formats.is_empty() {
            true => say!("{files} read", files),
            false => say!("{files} read ({formats})", files, formats = lang::list(formats)),
        },
        say!(
            "{endpoints}, {located} with a known place, {unlocated} without; {routes}",
            endpoints = lang::count(c.endpoints, "endpoint", "endpoints"),
            located = c.located,
            unlocated = c.unlocated,
            routes = lang::count(c.routes, "route", "routes")
        ),
    ];
    lines.extend(resources(&c.resources));
    lines
}

/// Kinds and reasons shown; JSON has them all.
const FREQUENT: usize = 5;

/// What became of resources: nothing where there are none.
fn resources(r: &ResourceTally) -> Vec<Message> {
    let total = r.total();
    if total == 0 {
        return Vec::new();
    }
    let of = r.of_places();
    // Rounded down: 100 % is all of them.
    let placed = match (r.placed * 100).checked_div(of) {
        Some(percent) => say!("{n} of {of} placed ({percent} %)", n = r.placed, of, percent),
        None => say!("none that stands somewhere"),
    };
    let mut lines = vec![say!(
        "{resources} read: {placed}; {placeless} without a place of their own, {no_data} without data",
        resources = lang::count(total, "resource", "resources"),
        placed,
        placeless = r.placeless,
        no_data = r.no_data
    )];
    if r.uncertain > 0 {
        lines.push(say!("{n} more may or may not exist, and would be placed", n = r.uncertain));
    }
    let (kinds, more) = frequent(&r.unknown);
    if !kinds.is_empty() {
        let kinds = lang::list(kinds.iter().map(|(kind, n)| format!("{} {n}", safe(kind))));
        let all: usize = r.unknown.values().sum();
        lines.push(match more {
            0 => say!("no table knows the kind of {all}: {kinds}", all, kinds),
            more => say!("no table knows the kind of {all}: {kinds}, and {more} more kinds", all, kinds, more),
        });
    }
    let (reasons, more) = frequent(&r.unplaced);
    lines.extend(reasons.iter().map(|(why, n)| say!("{n} not placed: {why}", n, why = safe(why))));
    if more > 0 {
        let reasons = lang::count(more, "more reason", "more reasons");
        lines.push(say!("others not placed for {reasons}; --format json lists all", reasons));
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

/// What was met and not understood. Where its reader says so in English only, the title of its code stands before it in other
/// languages.
pub(crate) fn gap_message(gap: &GapResult) -> Message {
    let title = explain::code(gap.code).map(|c| c.title().tell(Lang::Zh));
    match (&gap.message, title) {
        (Message::Plain(text), Some(title)) => lang::both(text, Some(&format!("{title}：{text}"))),
        (said, _) => said.clone(),
    }
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
