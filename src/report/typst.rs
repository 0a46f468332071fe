//! The report for paper and signatures as a Typst document: `typst compile residency.typ` makes the PDF. What it says stands in string
//! literals, which Typst never takes for markup; everything else is this file's own.

mod maps;
mod matrix;
mod record;

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::causes::grouped;
use super::excerpt::pointed_at;
use super::gate::{Title, data_sets, details, gravest, kind_of, line};
use super::html::findings::broken_line;
use super::{RenderOptions, Reporter, by_what, coverage, known, safe, safe_message, summary, whose};
use crate::finding::{Assessment, Finding};
use crate::lang::{self, Lang, Message, say, tell};
use crate::source::{Location, Sources};

/// Lines for a name, a role, a date and a signature.
const SIGNATURES: usize = 3;
/// Causes told with everything; each further finding gets a line with its fingerprint. Nobody signs four thousand pages.
const IN_FULL: usize = 300;
/// Columns of a line of the user's.
const EXCERPT: usize = 160;
/// Lines of a paragraph that lists findings.
const LISTED: usize = 40;
/// Lines on what would make a rule hold.
const STEPS: usize = 40;
/// Characters of the project's name at the foot of each page and in the properties of the document, where PDF/A has no place for more
/// than 32,767 bytes.
const SHORT: usize = 60;
/// Names of more characters without a place to break get one every so many, or they run off the paper.
const LONG: usize = 30;
const STEP: usize = 10;
/// A page with more room from left to right, up to `]`.
const ACROSS: &str = "#page(flipped: true, margin: (x: 1.5cm, top: 1.5cm, bottom: 2cm))[";
/// Hexadecimal digits of SHA-256.
const HASH: usize = 64;

pub use maps::{Sheet, Sheets};

pub struct Typst;

impl Reporter for Typst {
    fn name(&self) -> &'static str {
        "typst"
    }

    fn describe(&self) -> &'static str {
        "for paper and signatures: `typst compile` makes a PDF of it"
    }

    fn shows_hashes(&self) -> bool {
        true
    }

    fn write(&self, a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        document(a, sources, options, &Sheets::default(), out)
    }
}

/// The report with maps and a table of places behind its first page.
pub fn document(
    a: &Assessment,
    sources: &Sources,
    options: &RenderOptions,
    sheets: &Sheets,
    out: &mut dyn Write,
) -> io::Result<()> {
    let lang = options.lang;
    head(a, lang, out)?;
    maps::maps(sheets, lang, out)?;
    matrix::matrix(a, lang, out)?;
    gaps(a, sources, lang, out)?;
    rules(a, sources, lang, out)?;
    heading(1, &tell!(lang, "Findings"), out)?;
    if a.findings.is_empty() {
        paragraph(&tell!(lang, "Nothing was found."), out)?;
    }
    let causes = grouped(&gravest(a));
    let (in_full, in_short) = causes.split_at(causes.len().min(IN_FULL));
    for (f, alike) in in_full {
        finding(f, sources, lang, out)?;
        members(alike, sources, lang, out)?;
    }
    shorter(in_short, sources, lang, out)?;
    record::record(a, sources, lang, out)?;
    transfers(a, sources, lang, out)?;
    record::waivers(a, sources, lang, out)?;
    heading(1, &tell!(lang, "What this rests on"), out)?;
    for text in coverage(&a.coverage).iter().map(|text| text.tell(lang)).chain(data_sets(a, lang)) {
        paragraph(&text, out)?;
    }
    if !a.coverage.files_skipped.is_empty() {
        paragraph(
            &tell!(lang, "{files} not read:", files = lang::count(a.coverage.files_skipped.len(), "file", "files")),
            out,
        )?;
    }
    let skipped =
        a.coverage.files_skipped.iter().map(|(file, why)| vec![safe(file).into_owned(), safe(&lang.read(why)).into_owned()]);
    table("(1fr, 1fr)", &[tell!(lang, "File"), tell!(lang, "Why")], skipped, out)?;
    hashes(a, lang, out)?;
    record::glossary(lang, out)?;
    signatures(lang, out)
}

fn titled(project: &str, lang: Lang) -> String {
    tell!(lang, "Where the data of {project} is and can get to", project)
}

fn head(a: &Assessment, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let unnamed = tell!(lang, "this project");
    let project = a.name(lang).unwrap_or(&unnamed);
    let title = titled(project, lang);
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "// Made by onshore {version}. `typst compile FILE` makes a PDF of it.")?;
    let mut short: String = safe(project).chars().take(SHORT).collect();
    if project.chars().nth(SHORT).is_some() {
        short.push_str("...");
    }
    writeln!(out, "#set document(title: \"{}\", date: {})", escaped(&titled(&short, lang), usize::MAX), date(&a.as_of))?;
    let foot = tell!(lang, "{project}, as of {day}, onshore {version}", project = short, day = lang::day(&a.as_of), version);
    writeln!(out, "#let foot = {}", literal(&foot))?;
    out.write_all(STYLE.as_bytes())?;
    writeln!(
        out,
        "#set text({})",
        match lang {
            Lang::En => "lang: \"en\"",
            Lang::Zh => "lang: \"zh\", region: \"cn\"",
        }
    )?;
    writeln!(out, "#align(center, text(size: 17pt, weight: \"bold\", {}))", literal(&title))?;
    let notify = a.notify.as_ref().map(|(contact, hours)| tell!(lang, "{contact}, within {hours} hours", contact, hours));
    let facts = [
        (say!("As of"), Some(lang.day(&a.as_of).into_owned())),
        (say!("Decided"), Some(summary(a).tell(lang))),
        (say!("Answers for it"), a.owner.clone()),
        (say!("Incidents are told to"), notify),
        (say!("Made by"), Some(format!("onshore {version}"))),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some(vec![name.tell(lang), safe(&value?).into_owned()]));
    table("(4cm, 1fr)", &[], facts, out)?;
    paragraph(
        &tell!(
            lang,
            "onshore judges where data is and can get to, against declared facts. What is lawful is for people to decide. What \
             could not be told is listed first."
        ),
        out,
    )?;
    writeln!(out, "#v(1em)\n#outline(title: none, depth: 1)")
}

fn gaps(a: &Assessment, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(1, &tell!(lang, "What could not be told"), out)?;
    if a.gaps.is_empty() {
        return paragraph(&tell!(lang, "Everything that was read was understood."), out);
    }
    let rows = a.gaps.iter().map(|g| {
        let help = g.help.iter().map(|help| format!("\n{}", tell!(lang, "Help: {help}", help = safe_message(help))));
        let text = std::iter::once(safe(&g.message.tell(lang)).into_owned()).chain(help).collect();
        vec![text, line(sources, g.location), safe(&g.touches.join(", ")).into_owned()]
    });
    table("(2fr, 1fr, 1fr)", &[tell!(lang, "What"), tell!(lang, "Where"), tell!(lang, "Leaves open")], rows, out)
}

fn rules(a: &Assessment, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(1, &tell!(lang, "Rules"), out)?;
    let rows = a.rules.iter().map(|r| {
        let mut text = format!("{}\n{}\n{}", safe(&r.rule), safe(&r.title.tell(lang)), safe(&r.why.tell(lang)));
        for remedy in a.remedies.iter().filter(|remedy| remedy.rule == r.rule) {
            let steps = super::remedy(remedy, sources);
            for step in steps.iter().take(STEPS) {
                text.push('\n');
                text.push_str(&step.tell(lang));
            }
            if let Some(n) = steps.len().checked_sub(STEPS).filter(|n| *n > 0) {
                text.push('\n');
                text.push_str(&tell!(lang, "and {n} more; --format json lists all", n));
            }
        }
        vec![lang.word(r.verdict.as_str()).to_owned(), lang.word(r.severity.as_str()).to_owned(), text]
    });
    table("(2.6cm, 1.8cm, 1fr)", &[tell!(lang, "Verdict"), tell!(lang, "Severity"), tell!(lang, "Rule")], rows, out)
}

fn finding(f: &Finding, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(2, &kind_of(f, f.code, lang), out)?;
    paragraph(&f.message.tell(lang), out)?;
    let rule = f.rule.iter().map(|rule| (Title::Of(say!("rule")), safe(rule).into_owned()));
    let at = f.location.iter().map(|at| (Title::Of(say!("at")), line(sources, *at)));
    let excerpt = |title: Message, at: Location| {
        let (text, _) = pointed_at(sources.get(at.source), at, EXCERPT, true);
        (Title::Of(title), text.trim().to_owned())
    };
    let broken = f.location.map(|at| excerpt(broken_line(f), at));
    let asked = f.policy_location.map(|at| excerpt(say!("The line of the policy"), at));
    let rows = rule.chain(at).chain(details(f, sources, lang)).chain(broken).chain(asked);
    table("(3cm, 1fr)", &[], rows.map(|(title, text)| vec![title.tell(lang), text]), out)
}

/// Of one cause with a finding that was told.
fn members(alike: &[&Finding], sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    if alike.is_empty() {
        return Ok(());
    }
    paragraph(&tell!(lang, "{others} of the same cause:", others = lang::count(alike.len(), "other", "others")), out)?;
    listed(alike.iter().map(|f| short(&f.endpoint, f, sources)), out)
}

/// The causes after the first ones, a line for each finding, under what they have in common.
fn shorter(causes: &[(&Finding, Vec<&Finding>)], sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let n: usize = causes.iter().map(|(_, alike)| 1 + alike.len()).sum();
    if n == 0 {
        return Ok(());
    }
    let findings = lang::count(n, "finding", "findings");
    heading(2, &tell!(lang, "{findings} more, less grave", findings), out)?;
    let how = tell!(lang, "Each with its fingerprint, by which the JSON and HTML reports of this assessment have its ways.");
    paragraph(&how, out)?;
    // Under one head each, or with two rules at every server there would be a head for every line.
    let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
    let mut by_kind: Vec<Vec<&(&Finding, Vec<&Finding>)>> = Vec::new();
    for cause in causes {
        let (f, _) = cause;
        let at = *kinds.entry((f.severity, f.verdict, f.code, f.rule.as_deref())).or_insert(by_kind.len());
        match by_kind.get_mut(at) {
            Some(of) => of.push(cause),
            None => by_kind.push(vec![cause]),
        }
    }
    for of in by_kind {
        let f = of[0].0;
        let rule = f.rule.as_ref().map_or_else(String::new, |rule| format!(" ({})", safe(rule)));
        heading(3, &kind_of(f, &format!("{}{rule}", f.code), lang), out)?;
        for part in of.chunk_by(|(_, alike), _| alike.is_empty()) {
            listed(part.iter().map(|(f, _)| short(&f.message.tell(lang), f, sources)), out)?;
            part.iter().try_for_each(|(_, alike)| members(alike, sources, lang, out))?;
        }
    }
    Ok(())
}

/// A line each, many in a paragraph: to Typst, a paragraph of its own costs more than the line in it.
fn listed(texts: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    let texts: Vec<String> = texts.map(|text| format!("• {text}")).collect();
    texts.chunks(LISTED).try_for_each(|some| writeln!(out, "#par(spacing: 0.65em, text({}))", literal(&some.join("\n"))))
}

/// `10.86.4.11:8801 - routing/media.conf:7 [853b18cd5402f956e326eb7a]`.
fn short(what: &str, f: &Finding, sources: &Sources) -> String {
    let at = f.location.map_or_else(String::new, |at| format!(" - {}", line(sources, at)));
    format!("{}{at} [{}]", safe(what), safe(&f.fingerprint))
}

/// What was read, so that who has the files can tell whether they are the same.
fn hashes(a: &Assessment, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let hashes = &a.coverage.hashes;
    if hashes.is_empty() {
        return Ok(());
    }
    let what = tell!(lang, "SHA-256 of what was read, the project's file and the policies with it, as `sha256sum` prints it:");
    paragraph(&what, out)?;
    writeln!(out, "#table(columns: (1fr, 10.6cm), stroke: 0.4pt + luma(160), inset: 4pt,")?;
    writeln!(out, "  table.header(strong({}), strong(\"SHA-256\")),", literal(&tell!(lang, "File")))?;
    for (file, hash) in hashes {
        // A hash does not break.
        writeln!(out, "  {}, raw(\"{}\"),", literal(file), escaped(hash, HASH))?;
    }
    writeln!(out, ")")
}

fn transfers(a: &Assessment, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    if a.allowed.is_empty() {
        return Ok(());
    }
    heading(1, &tell!(lang, "Allowed by the transfer register only"), out)?;
    let rows = a.allowed.iter().map(|t| {
        let places: Vec<String> = t.places.iter().map(|p| known(p, lang)).collect();
        vec![
            format!("{}\n{}", safe(&t.endpoint), places.join("; ")),
            whose(t).tell(lang),
            format!("{}\n{}", by_what(t).tell(lang), line(sources, t.location)),
        ]
    });
    table("(1fr, 1fr, 1.4fr)", &[tell!(lang, "Where"), tell!(lang, "Data"), tell!(lang, "By what")], rows, out)
}

fn signatures(lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(1, &tell!(lang, "Signatures"), out)?;
    let empty = vec![String::new(); 4];
    writeln!(out, "#block(breakable: false)[")?;
    table_of(
        "(1.5fr, 1.5fr, 1fr, 2fr)",
        "rows: (auto, 1.2cm),",
        &[tell!(lang, "Name"), tell!(lang, "Role"), tell!(lang, "Date"), tell!(lang, "Signature")],
        vec![empty; SIGNATURES],
        out,
    )?;
    writeln!(out, "]")
}

/// Fonts that have Chinese come after the one that Typst brings along; which are there is the reader's.
const STYLE: &str = r#"#set page(paper: "a4", margin: 2cm, footer: context [
  #set text(size: 8pt)
  #text(foot) #h(1fr) #counter(page).display("1 / 1", both: true)
])
#set text(size: 9.5pt, font: ("Libertinus Serif", "Noto Serif CJK SC", "Noto Sans CJK SC"))
#set par(justify: false)
#set heading(numbering: "1.1")
#show heading: set block(above: 1.4em, below: 0.8em, sticky: true)
"#;

fn heading(level: u8, text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "#heading(level: {level}, {})", literal(text))
}

fn paragraph(text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "#par(text({}))", literal(text))
}

fn table(columns: &str, head: &[String], rows: impl Iterator<Item = Vec<String>>, out: &mut dyn Write) -> io::Result<()> {
    table_of(columns, "", head, rows, out)
}

/// Nothing without rows.
fn table_of(
    columns: &str,
    more: &str,
    head: &[String],
    rows: impl IntoIterator<Item = Vec<String>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let stroke = if head.is_empty() { "none" } else { "0.4pt + luma(160)" };
    writeln!(out, "#table(columns: {columns}, {more} stroke: {stroke}, inset: 4pt,")?;
    if !head.is_empty() {
        let titles: Vec<String> = head.iter().map(|title| format!("strong({})", literal(title))).collect();
        writeln!(out, "  table.header({}),", titles.join(", "))?;
    }
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| literal(cell)).collect();
        writeln!(out, "  {},", cells.join(", "))?;
    }
    writeln!(out, ")")
}

/// A string literal.
fn literal(text: &str) -> String {
    format!("\"{}\"", escaped(text, LONG))
}

/// What stands between the quotes of a literal; what is longer without a place to break gets some. Line ends are ours: a text of the
/// user's has none after [`safe`].
fn escaped(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            out.push_str("\\n");
        }
        let line = safe(line);
        let mut rest = &*line;
        while !rest.is_empty() {
            let (run, after) = rest.split_at(unbroken(rest));
            rest = after;
            let long = run.chars().nth(longest).is_some();
            for (i, c) in run.chars().enumerate() {
                if long && i > 0 && i % STEP == 0 {
                    out.push_str(BREAK);
                }
                if matches!(c, '"' | '\\') {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    out
}

/// The bytes up to where a line may break by itself (UAX #14): behind a space, inside of a path or a name of several words, between
/// Chinese characters and behind their commas.
fn unbroken(text: &str) -> usize {
    let wide = |c: char| c >= '\u{2e80}' && c.is_alphanumeric();
    let ends = text.char_indices().zip(text.chars().skip(1)).find(|((_, c), next)| match c {
        ' ' => true,
        '/' | '-' => next.is_ascii_alphabetic(),
        '、' | '，' | '：' | '；' => next.is_alphanumeric(),
        c => wide(*c) || wide(*next),
    });
    ends.map_or(text.len(), |((at, c), _)| at + c.len_utf8())
}

/// A space of no width, as an escape: it must not stand in the text of a report itself.
const BREAK: &str = "\\u{200b}";

/// `datetime(...)`; `none` if it is no day.
fn date(day: &str) -> String {
    let parts: Vec<u16> = day.split('-').filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [year, month @ 1..=12, day @ 1..=31] => format!("datetime(year: {year}, month: {month}, day: {day})"),
        _ => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_can_break_and_the_rest_is_as_it_was() {
        let table = [
            ("infra/zoom/policies/us-meetings-stay.toml:31", "infra/zoom/policies/us-meetings-stay.toml:31"),
            ("communications.recordings.participants", "communicat\\u{200b}ions.recor\\u{200b}dings.part\\u{200b}icipants"),
            (
                "深圳机房个人信息深圳机房个人信息深圳机房个人信息深圳机房个人信息",
                "深圳机房个人信息深圳机房个人信息深圳机房个人信息深圳机房个人信息",
            ),
            ("：communications.content、communications.keys", "：communications.content、communications.keys"),
            ("a\"b\\c\nd\u{202e}", "a\\\"b\\\\c\\nd\\\\u{202e}"),
        ];
        for (text, expected) in table {
            assert_eq!(escaped(text, LONG), expected);
        }
        for hostile in ["-", "/", "。", "W", "-W", " -"] {
            let breaks = escaped(&hostile.repeat(1_000), LONG).matches(BREAK).count();
            let own = matches!(hostile, "-W" | " -");
            assert_eq!(breaks, if own { 0 } else { 99 }, "{hostile}");
        }
    }
}
