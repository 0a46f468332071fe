//! One message with the lines that it is about, as miette draws them. The one file that knows miette.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::excerpt::{clip, floor, pointed_at};
use super::mask::mask;
use super::{RenderOptions, linked, safe, words};
use crate::finding::Severity;
use crate::lang::{Lang, tell};
use crate::source::{Location, Sources};

/// Shows one mistake (or remark, if it is not severe) in a file of the user's: what is wrong, the excerpt, the remedy.
pub fn problem(
    severity: Severity,
    message: &str,
    help: Option<&str>,
    at: Option<Location>,
    sources: &Sources,
    options: &RenderOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let window = at.map(|at| Window::new(sources, at, None, options));
    let mut note = Note::new(severity, safe(message).into_owned(), window, Vec::new());
    // miette writes its `help:` in English only.
    let (own, miettes) = if options.lang == Lang::En { (None, help) } else { (help, None) };
    note.help = miettes.map(|h| safe(h).into_owned());
    note.write(sources, options, out)?;
    own.map_or(Ok(()), |h| {
        writeln!(out, "{}", options.wrap("  ", "    ", &tell!(options.lang, "help: {help}", help = safe(h))))
    })
}

/// One message with an excerpt.
#[derive(Debug)]
pub(super) struct Note {
    message: String,
    severity: miette::Severity,
    help: Option<String>,
    window: Option<Window>,
    related: Vec<Note>,
}

impl Note {
    /// A message that must be safe to show, and further ones that belong to it.
    pub(super) fn new(severity: Severity, message: String, window: Option<Window>, related: Vec<Self>) -> Self {
        Self { message, severity: severity_of(severity), help: None, window, related }
    }

    /// A message that explains another.
    pub(super) fn advice(message: String, window: Window) -> Self {
        Self { message, severity: miette::Severity::Advice, help: None, window: Some(window), related: Vec::new() }
    }

    pub(super) fn write(&self, sources: &Sources, o: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let theme = GraphicalTheme {
            characters: if o.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
            styles: if o.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
        };
        let mut text = String::new();
        GraphicalReportHandler::new_themed(theme)
            .with_width(o.width.max(24))
            .with_links(false)
            .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
            .with_word_separator(words(o.lang))
            .with_show_related_as_nested(true)
            .render_report(&mut text, self)
            .map_err(|_| io::Error::other("a diagnostic could not be rendered"))?;
        let mut titles: Vec<(String, String)> = self.titles().map(|w| w.title(sources, o)).collect();
        titles.reverse();
        for line in text.lines() {
            let line = line.trim_end();
            match titles.last().filter(|(plain, link)| plain != link && line.contains(plain.as_str())) {
                Some((plain, link)) => {
                    writeln!(out, "{}", line.replacen(plain.as_str(), link, 1))?;
                    titles.pop();
                }
                None => writeln!(out, "{line}")?,
            }
        }
        Ok(())
    }
    /// The excerpts, in the order in which they are shown.
    fn titles(&self) -> impl Iterator<Item = &Window> {
        self.window.iter().chain(self.related.iter().flat_map(|note| &note.window))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Note {}

impl Diagnostic for Note {
    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.window.as_ref().map(|w| w as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let window = self.window.as_ref()?;
        let span = (window.label.start, window.label.len());
        Some(Box::new(std::iter::once(LabeledSpan::new(window.label_text.clone(), span.0, span.1))))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.related.is_empty())
            .then(|| Box::new(self.related.iter().map(|n| n as &dyn Diagnostic)) as Box<dyn Iterator<Item = _>>)
    }
}

/// The line of a location with its neighbours, each cut to the width around what matters and made safe. It stands in for the
/// whole file: miette panics on labels beyond column 65,535 and rescans a source from its start for every report.
#[derive(Debug)]
pub(super) struct Window {
    file: String,
    at: Location,
    /// Of the first line of `text`, from 1.
    first_line: u32,
    /// Where the label really begins, from 1, in characters.
    column: u32,
    text: String,
    label: Range<usize>,
    label_text: Option<String>,
}

impl Window {
    pub(super) fn new(sources: &Sources, at: Location, label_text: Option<String>, options: &RenderOptions) -> Self {
        let source = sources.get(at.source);
        let position = source.position(at.span.start);
        let first_line = position.line.saturating_sub(1).max(1);
        // The frame and line numbers, and the indent of a nested excerpt.
        let room = options.width.saturating_sub(18).clamp(20, 200);
        let mut text = String::new();
        let mut label = 0..0;
        let mut label_column = 0;
        for number in first_line..=position.line + 1 {
            let line = source.line_text(number);
            if number > position.line && line.is_empty() {
                break;
            }
            let base = text.len();
            if number == position.line {
                let (clipped, range) = pointed_at(source, at, room, options.unicode);
                label_column = textwrap::core::display_width(&clipped[..floor(&clipped, range.start + range.len() / 2)]);
                label = base + range.start..base + range.end;
                text.push_str(&clipped);
            } else {
                text.push_str(&clip(line, &mask(source, number, 0..0), 0..0, room, options.unicode).0);
            }
            text.push('\n');
        }
        text.pop();
        // miette does not wrap what stands under the line.
        let label_text = label_text.filter(|l| !l.is_empty() && label_column + textwrap::core::display_width(l) < room);
        Self { file: safe(&source.path).into_owned(), at, first_line, column: position.column, text, label, label_text }
    }
}

impl Window {
    /// What miette writes above the excerpt, and the same as a link.
    fn title(&self, sources: &Sources, options: &RenderOptions) -> (String, String) {
        let line = sources.get(self.at.source).line(self.at.span.start);
        let plain = format!("{}:{line}:{}", self.file, self.column);
        let link = linked(&plain, sources, self.at, options);
        (plain, link)
    }
}

impl SourceCode for Window {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.as_str().read_span(span, before, after)?;
        // Without context, miette asks for the title of the frame: the column in the real line.
        let column = if before == 0 && after == 0 { self.column.saturating_sub(1) as usize } else { inner.column() };
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.clone(),
            inner.data(),
            *inner.span(),
            self.first_line.saturating_sub(1) as usize + inner.line(),
            column,
            inner.line_count(),
        )))
    }
}

fn severity_of(severity: Severity) -> miette::Severity {
    match severity {
        Severity::Critical | Severity::High => miette::Severity::Error,
        Severity::Medium | Severity::Low => miette::Severity::Warning,
    }
}
