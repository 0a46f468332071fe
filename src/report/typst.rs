//! The report for paper and signatures as a Typst document: `typst compile residency.typ` makes the PDF. What it says stands in string
//! literals, which Typst never takes for markup; everything else is this file's own.

use std::io::{self, Write};

use super::gate::{Title, data_sets, details, gravest, line};
use super::{RenderOptions, Reporter, coverage, gap_message, known, safe, safe_list, safe_message, summary};
use crate::finding::{Assessment, Finding};
use crate::lang::{self, Lang, Message, say, tell};
use crate::source::Sources;

/// Lines for a name, a role, a date and a signature.
const SIGNATURES: usize = 3;

pub struct Typst;

impl Reporter for Typst {
    fn name(&self) -> &'static str {
        "typst"
    }

    fn describe(&self) -> &'static str {
        "for paper and signatures: `typst compile` makes a PDF of it"
    }

    fn write(&self, a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let lang = options.lang;
        head(a, lang, out)?;
        gaps(a, sources, lang, out)?;
        rules(a, sources, lang, out)?;
        heading(1, &tell!(lang, "Findings"), out)?;
        if a.findings.is_empty() {
            paragraph(&tell!(lang, "Nothing was found."), out)?;
        }
        for f in gravest(a) {
            finding(f, sources, lang, out)?;
        }
        transfers(a, sources, lang, out)?;
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
        let skipped = a.coverage.files_skipped.iter().map(|(file, why)| vec![safe(file).into_owned(), safe(why).into_owned()]);
        table("(1fr, 1fr)", &[tell!(lang, "File"), tell!(lang, "Why")], skipped, out)?;
        signatures(lang, out)
    }
}

fn head(a: &Assessment, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let unnamed = tell!(lang, "this project");
    let project = a.project.as_deref().unwrap_or(&unnamed);
    let title = tell!(lang, "Where the data of {project} is and can get to", project);
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "// Made by onshore {version}. `typst compile FILE` makes a PDF of it.")?;
    writeln!(out, "#set document(title: {}, date: {})", literal(&title), date(&a.as_of))?;
    writeln!(
        out,
        "#let foot = {}",
        literal(&tell!(lang, "{project}, as of {day}, onshore {version}", project, day = lang::day(&a.as_of), version))
    )?;
    out.write_all(STYLE.as_bytes())?;
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
    )
}

fn gaps(a: &Assessment, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(1, &tell!(lang, "What could not be told"), out)?;
    if a.gaps.is_empty() {
        return paragraph(&tell!(lang, "Everything that was read was understood."), out);
    }
    let rows = a.gaps.iter().map(|g| {
        let help = g.help.iter().map(|help| format!("\n{}", tell!(lang, "Help: {help}", help = safe_message(help))));
        let text = std::iter::once(safe(&gap_message(g).tell(lang)).into_owned()).chain(help).collect();
        vec![text, line(sources, g.location), safe(&g.touches.join(", ")).into_owned()]
    });
    table("(2fr, 1fr, 1fr)", &[tell!(lang, "What"), tell!(lang, "Where"), tell!(lang, "Leaves open")], rows, out)
}

fn rules(a: &Assessment, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(1, &tell!(lang, "Rules"), out)?;
    let rows = a.rules.iter().map(|r| {
        let mut text = format!("{}\n{}\n{}", safe(&r.rule), safe(&r.title.tell(lang)), safe(&r.why.tell(lang)));
        for remedy in a.remedies.iter().filter(|remedy| remedy.rule == r.rule) {
            for step in super::remedy(remedy, sources) {
                text.push('\n');
                text.push_str(&step.tell(lang));
            }
        }
        vec![lang.word(r.verdict.as_str()).to_owned(), lang.word(r.severity.as_str()).to_owned(), text]
    });
    table("(2.6cm, 1.8cm, 1fr)", &[tell!(lang, "Verdict"), tell!(lang, "Severity"), tell!(lang, "Rule")], rows, out)
}

fn finding(f: &Finding, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    heading(2, &format!("{} {}: {}", lang.word(f.severity.as_str()), lang.word(f.verdict.as_str()), f.code), out)?;
    paragraph(&f.message.tell(lang), out)?;
    let rule = f.rule.iter().map(|rule| (Title::Of(say!("rule")), safe(rule).into_owned()));
    let at = f.location.iter().map(|at| (Title::Of(say!("at")), line(sources, *at)));
    let rows = rule.chain(at).chain(details(f, sources, lang));
    table("(2.6cm, 1fr)", &[], rows.map(|(title, text)| vec![title.tell(lang), text]), out)
}

fn transfers(a: &Assessment, sources: &Sources, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    if a.allowed.is_empty() {
        return Ok(());
    }
    heading(1, &tell!(lang, "Allowed by the transfer register only"), out)?;
    let rows = a.allowed.iter().map(|t| {
        let places: Vec<String> = t.places.iter().map(|p| known(p, lang)).collect();
        let until = match &t.until {
            Some(day) => say!(", until {day}", day = lang::day(&safe(day))),
            None => Message::default(),
        };
        vec![
            format!("{}\n{}", safe(&t.endpoint), places.join("; ")),
            tell!(lang, "{data} of people in {origin}", data = safe_list(&t.data), origin = safe_list(&t.origin)),
            format!(
                "{}\n{}",
                tell!(
                    lang,
                    "{mechanism} with {recipient}, {purpose}, {evidence}{until}",
                    mechanism = safe(&t.mechanism),
                    recipient = safe(&t.recipient),
                    purpose = safe(&t.purpose),
                    evidence = safe(&t.evidence),
                    until
                ),
                line(sources, t.location)
            ),
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
// Long names break somewhere, or they run off the paper.
#show regex("\\S{40,}"): name => name.text.codepoints().join(sym.zws)
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

/// A string literal. Line ends in it are ours: a text of the user's has none after [`safe`].
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            out.push_str("\\n");
        }
        for c in safe(line).chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out.push('"');
    out
}

/// `datetime(...)`; `none` if it is no day.
fn date(day: &str) -> String {
    let parts: Vec<u16> = day.split('-').filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [year, month @ 1..=12, day @ 1..=31] => format!("datetime(year: {year}, month: {month}, day: {day})"),
        _ => "none".to_owned(),
    }
}
