//! Reports: one file per output format. They show an [`Assessment`] and compute nothing: no verdict, no exit code, no place is
//! decided here, so every format tells the same story. Adding one is a file and its line in [`REPORTERS`].

use std::io::{self, Write};

use crate::finding::{Assessment, Severity, Verdict};
use crate::lang::Lang;
pub(crate) use crate::lang::count;
use crate::source::Sources;

mod causes;
pub mod concise;
pub mod csv;
pub mod draw;
mod examined;
mod excerpt;
mod gate;
pub mod github;
pub mod gitlab;
pub mod html;
mod inert;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod mask;
pub mod note;
pub mod oscal;
#[cfg(feature = "pdf")]
pub mod pdf;
mod phrases;
pub mod pretty;
mod remedies;
pub mod sarif;
pub mod screen;
pub mod table;
pub mod traffic;
pub mod tree;
pub mod typst;
pub mod xlsx;

pub(crate) use examined::{by_format, coverage};
pub(crate) use gate::{gravest, is_file};
pub use inert::safe;
pub(crate) use inert::{safe_list, safe_message, xml};
pub(crate) use phrases::{
    by_what, condition, endpoint_of, gaps_by_code, known, limits, line, linked, place_of, places_short, position, state_words,
    summary, transfer, waived, whose,
};
pub(crate) use remedies::{cut, remedy};

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
