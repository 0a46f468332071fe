//! The report for people at a terminal: every finding with its lines, the policy's line, the way the data takes, why and what
//! to do; then the rules, what could not be told, what was looked at, and the verdict. The one file that knows miette.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::gate::gravest;
use super::mask::mask;
use super::{
    BOLD, DIM, RenderOptions, Reporter, condition, coverage, gap_message, gaps_by_code, known, limits, line, linked, pad,
    places_short, push_safe, safe, safe_message, screen, severity_style, state_words, summary, table, transfer, tree,
    verdict_style, words,
};
use crate::finding::{Assessment, CutRoute, Finding, Severity, State, Verdict};
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::source::{Location, Source, Sources};

/// Gaps shown per code, files shown as not read; the others are counted here and listed in the other formats.
const SHOWN: usize = 3;

pub struct Pretty;

impl Reporter for Pretty {
    fn name(&self) -> &'static str {
        "pretty"
    }

    fn describe(&self) -> &'static str {
        "for people: excerpts, paths, places and how they are known"
    }

    fn write(&self, a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let p = Page { sources, options };
        p.findings(a, out)?;
        p.rules(a, out)?;
        p.transfers(a, out)?;
        p.gaps(a, out)?;
        p.examined(a, out)?;
        p.data_sets(a, out)?;
        p.who(a, out)?;
        if options.most_findings.is_some() {
            return screen::write(a, sources, options, out);
        }
        let lang = options.lang;
        writeln!(out, "{}", options.wrap("", "  ", &options.paint(verdict_style(a.verdict), &summary(a).tell(lang))))?;
        writeln!(out, "{}", options.wrap("", "  ", &options.paint(DIM, &limits().tell(lang))))
    }
}

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
    let note = Note {
        message: safe(message).into_owned(),
        severity: severity_of(severity),
        help: help.map(|h| safe(h).into_owned()),
        window: at.map(|at| Window::new(sources, at, None, options)),
        related: Vec::new(),
    };
    Page { sources, options }.note(&note, out)
}

struct Page<'a> {
    sources: &'a Sources,
    options: &'a RenderOptions,
}

/// Findings alike in everything but which member of one pool, or which of what one line makes, they are about.
type Cause<'a> =
    (Verdict, Severity, &'a str, Option<&'a str>, [&'a [String]; 3], Option<State>, Vec<&'a str>, Option<Location>, String);

fn cause(f: &Finding) -> Cause<'_> {
    let before = f.path.split_last().map_or(&[][..], |(_, before)| before);
    let pool: Vec<&str> = before.iter().map(|h| h.endpoint.as_str()).collect();
    // Without a way to it, only what stands on the same line has the same cause.
    let line = f.location.filter(|_| pool.is_empty());
    let whose = [f.origin.as_slice(), &f.data, &f.populations];
    let how = format!("{:?} {:?} {:?} {}", f.activity, f.role, f.lost, places_short(&f.places, Lang::En));
    (f.verdict, f.severity, f.code, f.rule.as_deref(), whose, f.state, pool, line, how)
}

/// The findings in the order of `all`, those of one cause together behind the first of them.
fn grouped<'a>(all: &[&'a Finding]) -> Vec<(&'a Finding, Vec<&'a Finding>)> {
    let mut groups: Vec<(&Finding, Vec<&Finding>)> = Vec::new();
    let mut known: BTreeMap<Cause<'_>, usize> = BTreeMap::new();
    for f in all {
        let cause = cause(f);
        if cause.6.is_empty() && cause.7.is_none() || f.waiver.is_some() {
            groups.push((f, Vec::new()));
            continue;
        }
        match known.entry(cause) {
            Entry::Occupied(of) => groups[*of.get()].1.push(f),
            Entry::Vacant(of) => {
                of.insert(groups.len());
                groups.push((f, Vec::new()));
            }
        }
    }
    groups
}

impl Page<'_> {
    fn findings(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        let mut cuts: BTreeMap<&str, Vec<&CutRoute>> = BTreeMap::new();
        for cut in a.remedies.iter().flat_map(|r| &r.cut) {
            for fingerprint in &cut.findings {
                cuts.entry(fingerprint).or_default().push(cut);
            }
        }
        let all: Vec<&Finding> = match o.most_findings {
            Some(most) if most < a.findings.len() => gravest(a),
            _ => a.findings.iter().collect(),
        };
        let groups = grouped(&all);
        let most = o.most_findings.unwrap_or(usize::MAX);
        for (f, alike) in groups.iter().take(most) {
            self.finding(f, cuts.get(f.fingerprint.as_str()).map_or(&[], Vec::as_slice), out)?;
            self.alike(alike, out)?;
            writeln!(out)?;
        }
        let left_out: usize = groups.iter().skip(most).map(|(_, alike)| 1 + alike.len()).sum();
        if left_out > 0 {
            let more = tell!(
                o.lang,
                "and {findings}, less grave: --max-findings 0 shows all, --format concise each on a line",
                findings = lang::count(left_out, "finding more", "findings more")
            );
            writeln!(out, "{}\n", o.wrap("", "  ", &o.paint(BOLD, &more)))?;
        }
        Ok(())
    }

    /// The others of the same cause, a line each.
    fn alike(&self, others: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        if others.is_empty() {
            return Ok(());
        }
        let title = tell!(o.lang, "{others} of the same cause:", others = lang::count(others.len(), "other", "others"));
        writeln!(out, "  {}", o.paint(DIM, &title))?;
        for f in others {
            let at = f.location.map_or_else(String::new, |at| format!(" - {}", self.at(at)));
            let text = format!("{}{at} [{}]", safe(&f.endpoint), safe(&f.fingerprint));
            writeln!(out, "{}", o.wrap("    - ", "      ", &text))?;
        }
        Ok(())
    }

    /// `routing/media.conf:6`, and it leads there.
    fn at(&self, at: Location) -> String {
        linked(&line(self.sources, at), self.sources, at, self.options)
    }

    fn finding(&self, f: &Finding, cuts: &[&CutRoute], out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        let mut heading = format!(
            "{} {} {}",
            o.paint(verdict_style(f.verdict), o.lang.word(f.verdict.as_str())),
            o.paint(severity_style(f.severity), o.lang.word(f.severity.as_str())),
            o.paint(BOLD, f.code)
        );
        let level = f.severity.level();
        if let Some(rule) = &f.rule {
            heading.push_str(&format!(" [{}]", safe(rule)));
        }
        writeln!(out, "{}", o.wrap("", "  ", &heading))?;

        let label = places_short(&f.places, o.lang);
        let mut related: Vec<Note> = f
            .labels
            .iter()
            .map(|l| Note::advice(safe(&l.text.tell(o.lang)).into_owned(), Window::new(self.sources, l.location, None, o)))
            .collect();
        if let Some(at) = f.policy_location {
            let asked = match &f.rule {
                Some(rule) => say!("asked for by {rule}", rule = safe(rule)),
                None => say!("asked for here"),
            };
            let asked = match &f.why {
                Some(why) => tell!(o.lang, "{asked}: {why}", asked, why = safe_message(why)),
                None => asked.tell(o.lang),
            };
            related.push(Note::advice(asked, Window::new(self.sources, at, None, o)));
        }
        let note = Note {
            message: safe(&f.message.tell(o.lang)).into_owned(),
            severity: severity_of(f.severity),
            help: None,
            window: f.location.map(|at| Window::new(self.sources, at, Some(label), o)),
            related,
        };
        self.note(&note, out)?;

        if f.policy_location.is_none()
            && let Some(why) = &f.why
        {
            self.item(tell!(o.lang, "why"), &safe(&why.tell(o.lang)), out)?;
        }
        let whose = [
            (say!("people of"), &f.origin),
            (say!("data"), &f.data),
            (say!("population"), &f.populations),
            (say!("together with"), &f.with_rules),
        ];
        for (title, values) in whose {
            if !values.is_empty() {
                self.item(title.tell(o.lang), &safe(&values.join(", ")), out)?;
            }
        }
        self.item(tell!(o.lang, "incident level"), &level.tell(o.lang, o.unicode), out)?;
        if let Some(when) = when(f, o.lang) {
            self.item(tell!(o.lang, "when"), &when, out)?;
        }
        if f.path.is_empty() {
            for place in &f.places {
                self.item(tell!(o.lang, "where"), &known(place, o.lang), out)?;
            }
        } else {
            writeln!(out, "  {}", o.paint(DIM, &tell!(o.lang, "path:")))?;
            let path = tree::Tree::merge([f.path.as_slice()]);
            write!(out, "{}", path.render("    ", &|at| self.at(at), o))?;
            // The last hop has said it already, unless the finding is about another endpoint.
            if f.path.last().is_none_or(|h| h.places != f.places) {
                for place in &f.places {
                    self.item(tell!(o.lang, "where"), &format!("{}: {}", safe(&f.endpoint), known(place, o.lang)), out)?;
                }
            }
        }
        if let Some(help) = &f.help {
            self.item(tell!(o.lang, "help"), &safe(&help.tell(o.lang)), out)?;
        }
        if let Some(waived) = &f.waiver {
            self.item(tell!(o.lang, "waived"), &super::waived(waived, self.sources, o.lang), out)?;
        }
        for cut in cuts {
            self.item(tell!(o.lang, "change"), &super::cut(cut, self.sources).tell(o.lang), out)?;
        }
        self.item(tell!(o.lang, "fingerprint"), &safe(&f.fingerprint), out)
    }

    /// `  title: text`, wrapped behind the title.
    fn item(&self, title: String, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let title = tell!(self.options.lang, "{title}:", title);
        let first = format!("  {}{}", self.options.paint(DIM, &title), self.options.lang.space());
        writeln!(out, "{}", self.options.wrap(&first, "      ", text))
    }

    fn rules(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        if a.rules.is_empty() {
            return Ok(());
        }
        let o = self.options;
        self.title(&tell!(o.lang, "Rules"), out)?;
        for r in &a.rules {
            let verdict = o.paint(verdict_style(r.verdict), &pad(o.lang.word(r.verdict.as_str()), 14));
            let severity = o.paint(severity_style(r.severity), &pad(o.lang.word(r.severity.as_str()), 8));
            writeln!(out, "{}", o.wrap("  ", "    ", &format!("{verdict} {severity} {}", safe(&r.rule))))?;
            writeln!(out, "{}", o.wrap("    ", "    ", &o.paint(DIM, &safe(&r.title.tell(o.lang)))))?;
            writeln!(out, "{}", o.wrap("    ", "    ", &safe(&r.why.tell(o.lang))))?;
            for remedy in a.remedies.iter().filter(|remedy| remedy.rule == r.rule) {
                for step in super::remedy(remedy, self.sources) {
                    writeln!(out, "{}", o.wrap("    ", "      ", &step.tell(o.lang)))?;
                }
            }
        }
        writeln!(out)
    }

    /// What holds by the word of the register only.
    fn transfers(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        if a.allowed.is_empty() {
            return Ok(());
        }
        let lang = self.options.lang;
        self.title(&tell!(lang, "Allowed by the transfer register"), out)?;
        for t in &a.allowed {
            let what = format!("{} - {}", transfer(t, lang), self.at(t.location));
            writeln!(out, "{}", self.options.wrap("  - ", "    ", &what))?;
            writeln!(
                out,
                "{}",
                self.options.wrap(&format!("    {}{}", tell!(lang, "for"), lang.space()), "    ", &safe(&t.rule))
            )?;
        }
        writeln!(out)
    }

    fn gaps(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        if a.gaps.is_empty() {
            return Ok(());
        }
        let o = self.options;
        self.title(&tell!(o.lang, "What could not be told"), out)?;
        for (code, gaps) in gaps_by_code(&a.gaps) {
            writeln!(out, "  {} ({})", o.paint(BOLD, code), gaps.len())?;
            for gap in gaps.iter().take(SHOWN) {
                let text = format!("{} - {}", safe(&gap_message(gap).tell(o.lang)), self.at(gap.location));
                writeln!(out, "{}", o.wrap("    - ", "      ", &text))?;
                if let Some(help) = &gap.help {
                    writeln!(
                        out,
                        "{}",
                        o.wrap(
                            &format!("      {}{}", tell!(o.lang, "help:"), o.lang.space()),
                            "        ",
                            &safe(&help.tell(o.lang))
                        )
                    )?;
                }
                if !gap.touches.is_empty() {
                    let rules = safe(&gap.touches.join(", ")).into_owned();
                    writeln!(
                        out,
                        "{}",
                        o.wrap(&format!("      {}{}", tell!(o.lang, "leaves open:"), o.lang.space()), "        ", &rules)
                    )?;
                }
            }
            if gaps.len() > SHOWN {
                let more = tell!(o.lang, "and {n} more; --format concise or json lists all", n = gaps.len() - SHOWN);
                writeln!(out, "{}", o.wrap("    - ", "      ", &more))?;
            }
        }
        writeln!(out)
    }

    fn examined(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        self.title(&tell!(o.lang, "Examined"), out)?;
        for text in coverage(&a.coverage) {
            writeln!(out, "{}", o.wrap("  ", "    ", &text.tell(o.lang)))?;
        }
        let skipped = &a.coverage.files_skipped;
        if !skipped.is_empty() {
            writeln!(out, "  {}", tell!(o.lang, "{files} not read", files = lang::count(skipped.len(), "file", "files")))?;
        }
        for (file, why) in skipped.iter().take(SHOWN) {
            writeln!(out, "{}", o.wrap("    - ", "      ", &format!("{}: {}", safe(file), safe(why))))?;
        }
        if skipped.len() > SHOWN {
            let more = tell!(o.lang, "and {n} more; --format json lists all", n = skipped.len() - SHOWN);
            writeln!(out, "{}", o.wrap("    - ", "      ", &more))?;
        }
        if a.rules.is_empty() && !a.coverage.by_country.is_empty() {
            writeln!(out)?;
            write!(out, "{}", countries(a, o))?;
        }
        writeln!(out)
    }

    /// Who answers for the project, and who is told of incidents.
    fn who(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        let project =
            || a.project.as_deref().map_or_else(|| say!("this project"), |name| Message::Plain(safe(name).into_owned()));
        let owner = a.owner.iter().map(|owner| say!("{owner} answers for {project}", owner = safe(owner), project = project()));
        let notify = a.notify.iter().map(|(contact, hours)| {
            let hours = Message::Count(*hours, "hour", "hours");
            say!("incidents are told to {contact} within {hours}", contact = safe(contact), hours)
        });
        let told: Vec<Message> = owner.chain(notify).collect();
        if told.is_empty() {
            return Ok(());
        }
        let told = lang::series(told, Joint::Semicolon).tell(self.options.lang);
        writeln!(out, "{}\n", self.options.wrap("", "  ", &told))
    }

    fn data_sets(&self, a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
        let used: Vec<_> = a.data_sets.iter().filter(|d| d.used).collect();
        if used.is_empty() {
            return Ok(());
        }
        self.title(&tell!(o.lang, "Places rest on"), out)?;
        for d in used {
            let date = match &d.date {
                Some(date) => say!("of {day}", day = lang::day(&safe(date))),
                None => say!("date unknown"),
            };
            let mut text = tell!(o.lang, "{name} ({kind}), {date}", name = safe(&d.name), kind = safe(&d.kind), date);
            if let Some(licence) = &d.licence {
                text.push_str(&format!(", {}", safe(licence)));
            }
            if let Some(attribution) = &d.attribution {
                text.push_str(&format!(" - {}", safe(attribution)));
            }
            writeln!(out, "{}", o.wrap("  ", "    ", &text))?;
            if let Some(age) = &d.age {
                let warning =
                    tell!(o.lang, "old: {age}; a newer one may tell some places differently", age = safe_message(age));
                writeln!(out, "{}", o.wrap("    ", "    ", &warning))?;
            }
        }
        writeln!(out)
    }

    fn title(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.options.paint(BOLD, text))
    }

    fn note(&self, note: &Note, out: &mut dyn Write) -> io::Result<()> {
        let o = self.options;
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
            .render_report(&mut text, note)
            .map_err(|_| io::Error::other("a diagnostic could not be rendered"))?;
        let mut titles: Vec<(String, String)> = note.titles().map(|w| w.title(self.sources, o)).collect();
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
}

/// Endpoints per country.
pub fn countries(a: &Assessment, options: &RenderOptions) -> String {
    let rows: Vec<Vec<String>> = a.coverage.by_country.iter().map(|(c, n)| vec![c.clone(), n.to_string()]).collect();
    let lang = options.lang;
    table::render(&[&tell!(lang, "country"), &tell!(lang, "endpoints")], &rows, options)
}

fn severity_of(severity: Severity) -> miette::Severity {
    match severity {
        Severity::Critical | Severity::High => miette::Severity::Error,
        Severity::Medium | Severity::Low => miette::Severity::Warning,
    }
}

/// `transit by failover under overload, if all primaries are down or full`.
fn when(f: &Finding, lang: Lang) -> Option<String> {
    if let Some(lost) = &f.lost {
        let lost = lang::series(lost.split(',').map(safe), Joint::EachAnd);
        return Some(tell!(lang, "after the loss of {lost}", lost));
    }
    let mut parts: Vec<Message> = Vec::new();
    parts.extend(f.activity.map(Message::Word));
    parts.extend(f.role.map(|r| say!("by {role}", role = Message::Word(r.as_str()))));
    parts.extend(f.state.map(state_words));
    let told = lang::series(parts, Joint::Words);
    let condition = f.condition.as_ref().map(|c| Message::Plain(condition(c, lang)));
    let all: Vec<Message> = Some(told).filter(|t| !t.is_empty()).into_iter().chain(condition).collect();
    (!all.is_empty()).then(|| lang::series(all, Joint::Clause).tell(lang))
}

/// One message with an excerpt, as miette wants it.
#[derive(Debug)]
struct Note {
    message: String,
    severity: miette::Severity,
    help: Option<String>,
    window: Option<Window>,
    related: Vec<Note>,
}

impl Note {
    /// The excerpts, in the order in which they are shown.
    fn titles(&self) -> impl Iterator<Item = &Window> {
        self.window.iter().chain(self.related.iter().flat_map(|note| &note.window))
    }

    fn advice(message: String, window: Window) -> Self {
        Self { message, severity: miette::Severity::Advice, help: None, window: Some(window), related: Vec::new() }
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
struct Window {
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
    fn new(sources: &Sources, at: Location, label_text: Option<String>, options: &RenderOptions) -> Self {
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

/// The line of a location in at most `room` columns, without its secrets and made safe, and where in it the location is.
pub(super) fn pointed_at(source: &Source, at: Location, room: usize, unicode: bool) -> (String, Range<usize>) {
    let number = source.line(at.span.start);
    let (line, start) = (source.line_text(number), source.line_start(number));
    let inside = |offset: u32| floor(line, offset.saturating_sub(start) as usize);
    let focus = inside(at.span.start)..inside(at.span.end);
    clip(line, &mask(source, number, focus.clone()), focus, room, unicode)
}

/// A byte offset moved back onto a character boundary inside the text.
fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// At most `room` columns of a line that show the beginning of `focus` and nothing of `masked`, made safe, and where the focus is
/// in them. Looks at no more of the line than it shows.
fn clip(line: &str, masked: &[Range<usize>], focus: Range<usize>, room: usize, unicode: bool) -> (String, Range<usize>) {
    let more = if unicode { "…" } else { "..." };
    // A character, or a masked piece of the line: a long one is a cut, a short one a value that is not shown.
    let unit = |at: usize, c: char| -> (Range<usize>, String) {
        let index = masked.partition_point(|m| m.end <= at);
        match masked.get(index).filter(|m| m.contains(&at)) {
            Some(m) => (m.clone(), if m.len() > room * 4 { more } else { "***" }.to_owned()),
            None => {
                // What it must be told from may begin before it: see `LOG_COMMAND`.
                let before = if c == '[' && line[..at].ends_with("##") { "##" } else { "" };
                let mut piece = before.to_owned();
                push_piece(&mut piece, c);
                (at..at + c.len_utf8(), piece.split_off(before.len()))
            }
        }
    };
    let next = |at: usize| line[at..].chars().next().map(|c| unit(at, c));
    let previous = |at: usize| line[..at].chars().next_back().map(|c| unit(at - c.len_utf8(), c));
    let width = |piece: &str| textwrap::core::display_width(piece);

    let mut start = 0;
    let (mut at, mut columns) = (0, 0);
    while at < focus.end && columns <= room {
        let Some((range, piece)) = next(at) else { break };
        columns += width(&piece).max(1);
        at = range.end;
    }
    if columns > room {
        // A mask that holds the beginning of the focus is shown whole.
        start = next(focus.start).map_or(focus.start, |(range, _)| range.start.min(focus.start));
        let mut left = room / 3;
        while let Some((range, piece)) = previous(start) {
            let Some(rest) = left.checked_sub(width(&piece).max(1)) else { break };
            (left, start) = (rest, range.start);
        }
    }
    let mut out = String::new();
    if start > 0 {
        out.push_str(more);
    }
    let mut range = out.len()..out.len();
    let mut columns = width(&out);
    let mut at = start;
    while let Some((unit, piece)) = next(at) {
        columns += width(&piece);
        if columns > room || out.len() > room * 8 {
            out.push_str(more);
            break;
        }
        if unit.start <= focus.start {
            range.start = out.len();
        }
        out.push_str(&piece);
        if unit.start < focus.end {
            range.end = out.len();
        }
        at = unit.end;
    }
    if focus.start >= line.len() {
        range.start = out.len();
    }
    range.end = range.end.max(range.start);
    (out, range)
}

/// Tabs as one blank: the column that counts is in the frame's title.
fn push_piece(out: &mut String, c: char) {
    if c == '\t' { out.push(' ') } else { push_safe(out, c) }
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
