//! The report for paper and signatures as a Typst document: `typst compile residency.typ` makes the PDF. What it says stands in string
//! literals, which Typst never takes for markup; everything else is this file's own.

use std::io::{self, Write};

use super::gate::{data_sets, details, gravest, line};
use super::{RenderOptions, Reporter, count, coverage, known, safe, summary};
use crate::finding::{Assessment, Finding};
use crate::source::Sources;

/// Lines for a name, a role, a date and a signature.
const SIGNATURES: usize = 3;
/// Findings told with everything; each further one gets a line with its fingerprint. Nobody signs four thousand pages.
const IN_FULL: usize = 300;
/// Characters of the project's name at the foot of each page and in the properties of the document, where PDF/A has no place for more
/// than 32,767 bytes.
const SHORT: usize = 60;
/// Names of more characters without a place to break get one every so many, or they run off the paper.
const LONG: usize = 30;
const STEP: usize = 10;
/// Hexadecimal digits of SHA-256.
const HASH: usize = 64;

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

    fn write(&self, a: &Assessment, sources: &Sources, _: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        head(a, out)?;
        gaps(a, sources, out)?;
        rules(a, sources, out)?;
        heading(1, "Findings", out)?;
        if a.findings.is_empty() {
            say("Nothing was found.", out)?;
        }
        let findings = gravest(a);
        let (in_full, in_short) = findings.split_at(findings.len().min(IN_FULL));
        for f in in_full {
            finding(f, sources, out)?;
        }
        if !in_short.is_empty() {
            heading(2, &format!("{} more, less grave", count(in_short.len(), "finding", "findings")), out)?;
            say("Each with its fingerprint, by which the JSON and HTML reports of this assessment have its ways.", out)?;
            writeln!(out, "#list(")?;
            for f in in_short {
                writeln!(out, "  {},", literal(&short(f, sources)))?;
            }
            writeln!(out, ")")?;
        }
        transfers(a, sources, out)?;
        heading(1, "What this rests on", out)?;
        for text in coverage(&a.coverage).iter().chain(&data_sets(a)) {
            say(text, out)?;
        }
        if !a.coverage.files_skipped.is_empty() {
            say(&format!("{} not read:", count(a.coverage.files_skipped.len(), "file", "files")), out)?;
        }
        let skipped = a.coverage.files_skipped.iter().map(|(file, why)| vec![safe(file).into_owned(), safe(why).into_owned()]);
        table("(1fr, 1fr)", &["File", "Why"], skipped, out)?;
        hashes(a, out)?;
        signatures(out)
    }
}

fn titled(project: &str) -> String {
    format!("Where the data of {project} is and can get to")
}

fn head(a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    let project = a.project.as_deref().unwrap_or("this project");
    let title = titled(project);
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "// Made by onshore {version}. `typst compile FILE` makes a PDF of it.")?;
    let mut short: String = safe(project).chars().take(SHORT).collect();
    if project.chars().nth(SHORT).is_some() {
        short.push_str("...");
    }
    writeln!(out, "#set document(title: \"{}\", date: {})", escaped(&titled(&short), usize::MAX), date(&a.as_of))?;
    writeln!(out, "#let foot = {}", literal(&format!("{short}, as of {}, onshore {version}", a.as_of)))?;
    out.write_all(STYLE.as_bytes())?;
    writeln!(out, "#align(center, text(size: 17pt, weight: \"bold\", {}))", literal(&title))?;
    let notify = a.notify.as_ref().map(|(contact, hours)| format!("{contact}, within {hours} hours"));
    let facts = [
        ("As of", Some(a.as_of.clone())),
        ("Decided", Some(summary(a))),
        ("Answers for it", a.owner.clone()),
        ("Incidents are told to", notify),
        ("Made by", Some(format!("onshore {version}"))),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some(vec![name.to_owned(), safe(&value?).into_owned()]));
    table("(4cm, 1fr)", &[], facts, out)?;
    say(
        "onshore judges where data is and can get to, against declared facts. What is lawful is for people to decide. What \
         could not be told is listed first.",
        out,
    )
}

fn gaps(a: &Assessment, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    heading(1, "What could not be told", out)?;
    if a.gaps.is_empty() {
        return say("Everything that was read was understood.", out);
    }
    let rows = a.gaps.iter().map(|g| {
        let help = g.help.iter().map(|help| format!("\nHelp: {}", safe(help)));
        let text = std::iter::once(safe(&g.message).into_owned()).chain(help).collect();
        vec![text, line(sources, g.location), safe(&g.touches.join(", ")).into_owned()]
    });
    table("(2fr, 1fr, 1fr)", &["What", "Where", "Leaves open"], rows, out)
}

fn rules(a: &Assessment, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    heading(1, "Rules", out)?;
    let rows = a.rules.iter().map(|r| {
        let mut text = format!("{}\n{}\n{}", safe(&r.rule), safe(&r.title), safe(&r.why));
        for remedy in a.remedies.iter().filter(|remedy| remedy.rule == r.rule) {
            for line in super::remedy(remedy, sources) {
                text.push('\n');
                text.push_str(&line);
            }
        }
        vec![r.verdict.as_str().to_owned(), r.severity.as_str().to_owned(), text]
    });
    table("(2.6cm, 1.8cm, 1fr)", &["Verdict", "Severity", "Rule"], rows, out)
}

fn finding(f: &Finding, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    heading(2, &format!("{} {}: {}", f.severity.as_str(), f.verdict.as_str(), f.code), out)?;
    say(&f.message, out)?;
    let rule = f.rule.iter().map(|rule| ("rule", safe(rule).into_owned()));
    let at = f.location.iter().map(|at| ("at", line(sources, *at)));
    let rows = rule.chain(at).chain(details(f, sources));
    table("(2.6cm, 1fr)", &[], rows.map(|(title, text)| vec![title.to_owned(), text]), out)
}

fn short(f: &Finding, sources: &Sources) -> String {
    let rule = f.rule.iter().map(|rule| safe(rule).into_owned());
    let at = f.location.iter().map(|at| line(sources, *at));
    let rest: Vec<String> = rule.chain(at).chain([safe(&f.fingerprint).into_owned()]).collect();
    format!("{} {}, {}: {} ({})", f.severity.as_str(), f.verdict.as_str(), f.code, safe(&f.message), rest.join("; "))
}

/// What was read, so that who has the files can tell whether they are the same.
fn hashes(a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    let hashes = &a.coverage.hashes;
    if hashes.is_empty() {
        return Ok(());
    }
    say("SHA-256 of what was read, the project's file and the policies with it, as `sha256sum` prints it:", out)?;
    writeln!(out, "#table(columns: (1fr, 10.6cm), stroke: 0.4pt + luma(160), inset: 4pt,")?;
    writeln!(out, "  table.header(strong(\"File\"), strong(\"SHA-256\")),")?;
    for (file, hash) in hashes {
        // A hash does not break.
        writeln!(out, "  {}, raw(\"{}\"),", literal(file), escaped(hash, HASH))?;
    }
    writeln!(out, ")")
}

fn transfers(a: &Assessment, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    if a.allowed.is_empty() {
        return Ok(());
    }
    heading(1, "Allowed by the transfer register only", out)?;
    let rows = a.allowed.iter().map(|t| {
        let places: Vec<String> = t.places.iter().map(known).collect();
        let until = t.until.as_ref().map_or_else(String::new, |day| format!(", until {}", safe(day)));
        vec![
            format!("{}\n{}", safe(&t.endpoint), places.join("; ")),
            safe(&format!("{} of people in {}", t.data.join(", "), t.origin.join(", "))).into_owned(),
            format!(
                "{} with {}, {}, {}{until}\n{}",
                safe(&t.mechanism),
                safe(&t.recipient),
                safe(&t.purpose),
                safe(&t.evidence),
                line(sources, t.location)
            ),
        ]
    });
    table("(1fr, 1fr, 1.4fr)", &["Where", "Data", "By what"], rows, out)
}

fn signatures(out: &mut dyn Write) -> io::Result<()> {
    heading(1, "Signatures", out)?;
    let empty = vec![String::new(); 4];
    writeln!(out, "#block(breakable: false)[")?;
    table_of(
        "(1.5fr, 1.5fr, 1fr, 2fr)",
        "rows: (auto, 1.2cm),",
        &["Name", "Role", "Date", "Signature"],
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

fn say(text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "#par(text({}))", literal(text))
}

fn table(columns: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>, out: &mut dyn Write) -> io::Result<()> {
    table_of(columns, "", head, rows, out)
}

/// Nothing without rows.
fn table_of(
    columns: &str,
    more: &str,
    head: &[&str],
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
/// Chinese characters.
fn unbroken(text: &str) -> usize {
    let wide = |c: char| c >= '\u{2e80}' && c.is_alphanumeric();
    let ends = text.char_indices().zip(text.chars().skip(1)).find(|((_, c), next)| match c {
        ' ' => true,
        '/' | '-' => next.is_ascii_alphabetic(),
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
