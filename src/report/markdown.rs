//! Markdown (GitHub Flavored Markdown, as GitLab and others read it too) for people: pull requests, wikis, tickets, and the job
//! summary of GitHub Actions, which takes 1 MiB.
//!
//! A backslash does not keep a name from becoming a mention, a link or a reference to an issue: forges look for those in the
//! finished text, code excepted. So whatever is not plain words is set as code.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::gate::{Title, data_sets, details, gravest, kind_of, line, spot_of};
use super::{RenderOptions, Reporter, coverage, gaps_by_code, limits, places_short, safe, summary, transfer};
use crate::finding::{Assessment, Finding, GapResult};
use crate::lang::{self, Lang, Message, say, tell};
use crate::source::Sources;

/// Bytes of findings and of gaps in a job summary: "each step is restricted to a maximum size of 1MiB", and a larger one is not
/// shown at all.
const MOST_FINDINGS: usize = 600_000;
const MOST_GAPS: usize = 200_000;
/// Rows of rules, remedies and the like in a job summary.
const MOST_ROWS: usize = 300;
/// Characters: longer texts are cut in a job summary.
const MOST_TEXT: usize = 1_200;

pub struct Markdown;

impl Reporter for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn describe(&self) -> &'static str {
        "Markdown for pull requests and tickets: everything, with paths"
    }

    fn write(&self, a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let most = Most { findings: usize::MAX, gaps: usize::MAX, rows: usize::MAX, text: usize::MAX };
        Page { a, sources, most, lang: options.lang }.write(out)
    }
}

pub struct GithubSummary;

impl Reporter for GithubSummary {
    fn name(&self) -> &'static str {
        "github-summary"
    }

    fn describe(&self) -> &'static str {
        "the same within what a job summary of GitHub Actions takes: the gravest first, the rest counted"
    }

    fn write(&self, a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let most = Most { findings: MOST_FINDINGS, gaps: MOST_GAPS, rows: MOST_ROWS, text: MOST_TEXT };
        Page { a, sources, most, lang: options.lang }.write(out)
    }
}

#[derive(Clone, Copy)]
struct Most {
    /// Bytes.
    findings: usize,
    gaps: usize,
    rows: usize,
    /// Characters.
    text: usize,
}

struct Page<'a> {
    a: &'a Assessment,
    sources: &'a Sources,
    most: Most,
    lang: Lang,
}

impl Page<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (a, lang) = (self.a, self.lang);
        let verdict = Message::Word(a.verdict.as_str());
        let title = match a.name(lang) {
            Some(project) => tell!(lang, "Data residency of {project}: {verdict}", project = self.text(project), verdict),
            None => tell!(lang, "Data residency: {verdict}", verdict),
        };
        writeln!(out, "# {title}\n")?;
        writeln!(out, "{}\n", self.text(&summary(a).tell(lang)))?;
        self.rules(out)?;
        self.gaps(out)?;
        self.findings(out)?;
        self.transfers(out)?;
        self.remedies(out)?;
        writeln!(out, "## {}\n", tell!(lang, "Examined"))?;
        for text in coverage(&a.coverage) {
            writeln!(out, "- {}", self.text(&text.tell(lang)))?;
        }
        let skipped = &a.coverage.files_skipped;
        if !skipped.is_empty() {
            writeln!(out, "- {}", tell!(lang, "{files} not read", files = lang::count(skipped.len(), "file", "files")))?;
        }
        let sets = data_sets(a, lang);
        if !sets.is_empty() {
            writeln!(out, "\n## {}\n", tell!(lang, "Places rest on"))?;
            for set in sets {
                writeln!(out, "- {}", self.text(&set))?;
            }
        }
        writeln!(out, "\n{}", tell!(lang, "{sentence}.", sentence = limits()))
    }

    fn rules(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut rules: Vec<_> = self.a.rules.iter().collect();
        if rules.is_empty() {
            return Ok(());
        }
        rules.sort_by_key(|r| std::cmp::Reverse((r.verdict, r.severity)));
        let lang = self.lang;
        let heads = [say!("verdict"), say!("severity"), say!("rule"), say!("what was found")].map(|head| head.tell(lang));
        writeln!(out, "## {}\n\n| {} |\n|---|---|---|---|", tell!(lang, "Rules"), heads.join(" | "))?;
        for r in rules.iter().take(self.most.rows) {
            let (verdict, severity) = (lang.word(r.verdict.as_str()), lang.word(r.severity.as_str()));
            let found = format!("{} - {}", r.title.tell(lang), r.why.tell(lang));
            writeln!(out, "| {verdict} | {severity} | {} | {} |", self.cell(&format!("`{}`", r.rule)), self.cell(&found))?;
        }
        writeln!(out)?;
        self.more(rules.len(), self.most.rows, "rule", "rules", out)
    }

    fn gaps(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.a.gaps.is_empty() {
            return Ok(());
        }
        writeln!(out, "## {}\n", tell!(self.lang, "What could not be told"))?;
        let (mut written, mut left_out) = (0, 0);
        for (code, gaps) in gaps_by_code(&self.a.gaps) {
            let lines: Vec<String> = gaps.iter().map(|g| self.gap(g)).collect();
            writeln!(out, "- `{code}` ({})", gaps.len())?;
            for text in lines {
                written += text.len();
                if written > self.most.gaps {
                    left_out += 1;
                } else {
                    writeln!(out, "  - {text}")?;
                }
            }
        }
        writeln!(out)?;
        self.left_out(left_out, "gap", "gaps", out)
    }

    fn gap(&self, g: &GapResult) -> String {
        let lang = self.lang;
        let mut text = format!("{} - {}", self.text(&g.message.tell(lang)), self.text(&line(self.sources, g.location)));
        if !g.touches.is_empty() {
            text = tell!(lang, "{text}; leaves open {rules}", text, rules = self.text(&g.touches.join(", ")));
        }
        if let Some(help) = &g.help {
            text = tell!(lang, "{text}; help: {help}", text, help = self.text(&help.tell(lang)));
        }
        text
    }

    fn findings(&self, out: &mut dyn Write) -> io::Result<()> {
        let findings = gravest(self.a);
        if findings.is_empty() {
            return Ok(());
        }
        writeln!(out, "## {}\n", tell!(self.lang, "Findings"))?;
        let mut written = 0;
        for (i, f) in findings.iter().enumerate() {
            let text = self.finding(f);
            written += text.len();
            if written > self.most.findings {
                return self.rest(&findings[i..], out);
            }
            writeln!(out, "{text}")?;
        }
        Ok(())
    }

    fn finding(&self, f: &Finding) -> String {
        let at = spot_of(f, self.sources);
        let lang = self.lang;
        let places = places_short(&f.places, lang);
        let mut text = format!("### {}\n\n", kind_of(f, &format!("`{}`", f.code), lang));
        text.push_str(&format!("{}\n\n", self.text(&f.message.tell(lang))));
        let item = |title: Message, said: &str| format!("- {}\n", tell!(lang, "{title}: {said}", title, said));
        text.push_str(&item(say!("at"), &self.text(&format!("{}:{}", at.file, at.line))));
        if let Some(rule) = &f.rule {
            text.push_str(&item(say!("rule"), &self.text(&format!("`{rule}`"))));
        }
        if !places.is_empty() {
            text.push_str(&item(say!("places"), &self.text(&places)));
        }
        let mut hops = 0;
        for (title, said) in details(f, self.sources, lang) {
            let said = self.text(&said);
            match title {
                Title::Path => {
                    if hops == 0 {
                        text.push_str(&format!("- {}\n", tell!(lang, "path:")));
                    }
                    hops += 1;
                    text.push_str(&format!("  {hops}. {said}\n"));
                }
                title => text.push_str(&item(Message::Plain(title.tell(lang)), &said)),
            }
        }
        text
    }

    /// What does not fit, by verdict and severity: nothing that is violated goes without a word.
    fn rest(&self, rest: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
        let kinds: BTreeSet<_> = rest.iter().map(|f| std::cmp::Reverse((f.verdict, f.severity))).collect();
        for std::cmp::Reverse((verdict, severity)) in kinds {
            let n = rest.iter().filter(|f| (f.verdict, f.severity) == (verdict, severity)).count();
            let (severity, verdict) = (Message::Word(severity.as_str()), Message::Word(verdict.as_str()));
            writeln!(out, "- {}", tell!(self.lang, "{n} more {severity} {verdict}", n, severity, verdict))?;
        }
        writeln!(out)?;
        self.left_out(rest.len(), "finding", "findings", out)
    }

    fn transfers(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.a.allowed.is_empty() {
            return Ok(());
        }
        writeln!(out, "## {}\n", tell!(self.lang, "Allowed by the transfer register"))?;
        for t in self.a.allowed.iter().take(self.most.rows) {
            let text = transfer(t, self.lang);
            writeln!(out, "- {}: {}", self.text(&format!("`{}`", t.rule)), self.text(&text))?;
        }
        writeln!(out)?;
        self.more(self.a.allowed.len(), self.most.rows, "transfer", "transfers", out)
    }

    fn remedies(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.a.remedies.is_empty() {
            return Ok(());
        }
        writeln!(out, "## {}\n", tell!(self.lang, "What to change"))?;
        for remedy in self.a.remedies.iter().take(self.most.rows) {
            writeln!(out, "- {}", self.text(&format!("`{}`", remedy.rule)))?;
            for step in super::remedy(remedy, self.sources).iter().take(self.most.rows) {
                writeln!(out, "  - {}", self.text(&step.bare(self.lang)))?;
            }
        }
        writeln!(out)?;
        self.more(self.a.remedies.len(), self.most.rows, "rule", "rules", out)
    }

    fn more(&self, all: usize, most: usize, one: &'static str, many: &'static str, out: &mut dyn Write) -> io::Result<()> {
        self.left_out(all.saturating_sub(most), one, many, out)
    }

    fn left_out(&self, n: usize, one: &'static str, many: &'static str, out: &mut dyn Write) -> io::Result<()> {
        if n == 0 {
            return Ok(());
        }
        let more = lang::count(n, one, many);
        writeln!(out, "{}\n", tell!(self.lang, "{more} more did not fit in here; other formats list them.", more))
    }

    fn text(&self, text: &str) -> String {
        let text = safe(text);
        match text.char_indices().nth(self.most.text) {
            Some((at, _)) => inert(&format!("{} ...", &text[..at])),
            None => inert(&text),
        }
    }

    /// Inside a table, where `|` ends a cell even in code.
    fn cell(&self, text: &str) -> String {
        self.text(text).replace('|', "¦")
    }
}

/// Plain words as they are; what stands in backticks, and every word with more than letters and digits in it, as code.
pub(super) fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if is_between(c) {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        // A name with spaces is one, if it is quoted.
        let opening = rest.len() - rest.trim_start_matches(['(', '"', '\'']).len();
        if let Some(inside) = rest[opening..].strip_prefix('`')
            && let Some(length) = inside.find('`').filter(|n| *n > 0)
        {
            out.push_str(&rest[..opening]);
            out.push_str(&code(&inside[..length]));
            rest = &inside[length + 1..];
            // Other code would become part of this one's fence.
            let ends = |c: char| is_between(c) || [',', ';', '.', ':', ')', '"', '\''].contains(&c);
            if !rest.starts_with(ends) && !rest.is_empty() {
                out.push(' ');
            }
            continue;
        }
        let end = rest.find(is_between).unwrap_or(rest.len());
        match &rest[..end] {
            // Between others these begin nothing.
            joint @ ("-" | "->" | "%") if !out.is_empty() => out.push_str(joint),
            other => {
                let word = word(other, out.is_empty());
                out.push_str(&word);
            }
        }
        rest = &rest[end..];
    }
    out
}

/// What stands between words and is nothing to Markdown: blanks, and the punctuation of Chinese.
fn is_between(c: char) -> bool {
    " ，。、；：？！（）《》“”‘’—".contains(c)
}

/// Whether it is the `first` on its line matters for numbers only.
fn word(word: &str, first: bool) -> String {
    let start = word.len() - word.trim_start_matches(['(', '"', '\'']).len();
    let core = &word[start..];
    let (core, after) = core.split_at(end_of_word(core));
    let inside = |c: char| c.is_alphanumeric() || c == '\'' || c == '-';
    let ends = |c: Option<char>| c.is_none_or(char::is_alphanumeric);
    let number = core.chars().all(|c| c.is_ascii_digit() || c == '.');
    // `1.` would begin a list.
    let plain = match number {
        true => !(first && after.starts_with(['.', ')'])),
        false => core.chars().all(inside) && ends(core.chars().next()) && ends(core.chars().next_back()),
    };
    if plain {
        return word.to_owned();
    }
    match core {
        "" => code(word),
        core => format!("{}{}{after}", &word[..start], code(core)),
    }
}

/// Where a word ends and what closes the sentence or the bracket around it begins; a bracket that it opens itself is its own.
fn end_of_word(word: &str) -> usize {
    let mut end = word.len();
    while let Some(last) = word[..end].chars().next_back() {
        let own = || word[..end].matches('(').count() >= word[..end].matches(')').count();
        match last {
            ')' if own() => break,
            ')' | '"' | '\'' | ',' | ';' | ':' | '.' | '?' => end -= 1,
            _ => break,
        }
    }
    end
}

/// A code span (CommonMark, section 6.1) whose fence is longer than any run of backticks in it.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words_and_names_are_code() {
        let table = [
            ("people in the United States", "people in the United States"),
            ("held at `kms-bj` in CN-BJ Beijing, outside @us-all", "held at `kms-bj` in CN-BJ Beijing, outside `@us-all`"),
            ("see routing/media.conf:6 (and b.conf)", "see `routing/media.conf:6` (and `b.conf`)"),
            ("1. first 2. ... (4)", "`1`. first 2. ... (4)"),
            ("<script>alert(1)</script>", "`<script>alert(1)</script>`"),
            ("[a](http://x) #12 www.x.y a@b.c **b**", "`[a](http://x)` `#12` `www.x.y` `a@b.c` `**b**`"),
            ("`a b` `", "`a b` `` ` ``"),
            ("a``b", "```a``b```"),
            ("`a``b`", "`a` `b`"),
            ("- x - y", "`-` x - y"),
            ("cut `a`-> `b`, or", "cut `a` -> `b`, or"),
            ("违反：5 条规则（见 a.conf:6），`k`、@all", "违反：5 条规则（见 `a.conf:6`），`k`、`@all`"),
        ];
        for (text, expected) in table {
            assert_eq!(inert(text), expected, "{text}");
        }
    }
}
