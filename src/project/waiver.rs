//! Waivers: findings that a person answers for until a day, in `[[waiver]]` tables and in comments of the files that are read.
//! A waived finding stays visible and does not fail the run; which findings a waiver is for, `check` decides.

use jiff::ToSpan;
use jiff::civil::Date;
use memchr::memmem;

use crate::finding::State;
use crate::model::Country;
use crate::source::{InputError, Location, SourceId, Sources, Span, Spanned};

/// A waiver runs for at most so long, unless the project says otherwise.
pub const MAX_DAYS: u32 = 366;

/// Somebody's word that findings of one rule are known and accepted for a time.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// `pack/rule`.
    pub rule: Spanned<String>,
    pub covers: Covers,
    pub reason: String,
    /// Who answers for it.
    pub approver: String,
    pub ticket: Option<String>,
    /// First day; `None`: it holds already.
    pub granted: Option<Date>,
    /// Last day.
    pub expires: Spanned<Date>,
    pub location: Location,
}

/// Which findings of the rule.
#[derive(Clone, Debug)]
pub enum Covers {
    Selected(Box<FindingSelector>),
    /// Those that the line shows, from 1.
    Line(SourceId, u32),
}

/// All given keys must match. A list covers a finding that is about nothing else.
#[derive(Clone, Debug, Default)]
pub struct FindingSelector {
    /// In full, or its first characters.
    pub fingerprint: Option<String>,
    pub code: Option<String>,
    /// A glob.
    pub endpoint: Option<String>,
    /// A glob; the file of the line that breaks the rule.
    pub file: Option<String>,
    /// Empty: whoever.
    pub origin: Vec<Country>,
    /// Empty: whatever; a branch covers its leaves.
    pub data: Vec<String>,
    /// Empty: in any.
    pub state: Vec<State>,
}

/// Waivers that run for longer than the project allows: from the day they were granted, or from today.
pub fn too_long(waivers: &[Waiver], max_days: u32, today: Date) -> Vec<InputError> {
    let last = |from: Date| from.checked_add(i64::from(max_days).days()).unwrap_or(Date::MAX);
    let error = |w: &Waiver| {
        let from = w.granted.unwrap_or(today);
        let until = last(from);
        (w.expires.value > until).then(|| InputError {
            location: w.expires.at(w.location.source),
            message: format!("a waiver until {} runs for more than {max_days} days from {from}", w.expires.value),
            help: Some(format!("let it end by {until} and look at it again then, or raise `[check] max-waiver-days`")),
        })
    };
    waivers.iter().filter_map(error).collect()
}

/// What marks a waiver in a comment.
const MARK: &str = "onshore: allow";
/// What a comment begins with in the formats that are read, the longer ones first: XML; templates of Jinja, Go and ERB; Lua's
/// blocks; shells, YAML, HCL and nginx; C and its like; INI and zone files; SQL and Lua.
const COMMENTS: [&str; 11] = ["<!--", "{#", "{{/*", "{{- /*", "<%#", "--[[", "#", "//", ";", "--", "/*"];
/// The same, where it is one only beside its like: lines of a block, and properties of Java. A name in a zone can be `*`.
const COMMENTS_AMONG_THEIR_LIKE: [&str; 2] = ["*", "!"];
/// What ends one on its line.
const ENDS: [&str; 7] = ["-->", "#}", "*/}}", "*/ -}}", "%>", "]]", "*/"];

/// Waivers in comments: `# onshore: allow PACK/RULE until=2027-01-31 by=NAME ticket=ID because REASON`, on the line that breaks the
/// rule or right above it. What looks like one and lacks a part is an error, for its author takes the finding for waived.
pub fn in_comments(sources: &Sources, files: impl Iterator<Item = SourceId>) -> (Vec<Waiver>, Vec<InputError>) {
    let (mut waivers, mut errors) = (Vec::new(), Vec::new());
    let finder = memmem::Finder::new(MARK);
    for file in files {
        let source = sources.get(file);
        for at in finder.find_iter(source.text.as_bytes()) {
            let line = source.line(Span::new(at, at).start);
            let start = source.line_start(line) as usize;
            let text = source.line_text(line);
            let Some((before, mark)) = comment_before(&text[..at - start]) else { continue };
            let words = text[at - start + MARK.len()..].trim_end();
            let words = ENDS.iter().find_map(|end| words.strip_suffix(end)).unwrap_or(words).trim_end();
            let words = Words { text: words, source: file, start: at + MARK.len() };
            let stands_alone = before.trim().is_empty();
            let covers = if stands_alone { code_below(source, line, mark) } else { line };
            let location = Location::new(file, Span::new(at, start + text.trim_end().len()));
            match words.waiver(Covers::Line(file, covers), location) {
                Ok(waiver) => waivers.push(waiver),
                Err(error) => errors.push(error),
            }
        }
    }
    (waivers, errors)
}

/// What stands on a line before its comment, and the mark, if `before` ends with the mark of one that is not within quotes.
fn comment_before(before: &str) -> Option<(&str, &'static str)> {
    let before = before.trim_end();
    let marks = COMMENTS.iter().chain(&COMMENTS_AMONG_THEIR_LIKE);
    let (code, mark) = marks.filter_map(|mark| Some((before.strip_suffix(mark)?, *mark))).next()?;
    let quoted = ['"', '\''].iter().any(|q| code.matches(*q).count() % 2 == 1);
    // A document on one line, with a comment in a text of it; a section's header is closed before its comment.
    let trimmed = code.trim().trim_end_matches(',').trim_end();
    let is_json = trimmed.starts_with(['{', '[']) && !trimmed.ends_with(['}', ']']);
    (!quoted && !is_json).then_some((code, mark))
}

/// The first line below that is neither empty nor a comment.
fn code_below(source: &crate::source::Source, line: u32, mark: &str) -> u32 {
    let last = source.line(Span::new(source.text.len(), 0).start);
    // A block goes on in lines that begin with `*`.
    let like = if mark == "/*" { "*" } else { mark };
    let is_code = |n: &u32| {
        let text = source.line_text(*n).trim_start();
        let is_comment = COMMENTS.iter().any(|mark| text.starts_with(mark)) || text.starts_with(like);
        !text.is_empty() && !is_comment
    };
    (line + 1..=last).find(is_code).unwrap_or(line)
}

/// The words behind the mark.
struct Words<'a> {
    text: &'a str,
    source: SourceId,
    /// Where the text begins in its source.
    start: usize,
}

impl<'a> Words<'a> {
    fn waiver(self, covers: Covers, location: Location) -> Result<Waiver, InputError> {
        let mut rest = self.text;
        let rule = word(&mut rest).filter(|(rule, _)| rule.contains('/') && !rule.contains('='));
        let Some((rule, _)) = rule else {
            return Err(self.error(self.span(self.text), "this waiver does not name the rule as PACK/RULE"));
        };
        let rule = Spanned::new(rule.to_owned(), self.span(rule));
        let (mut until, mut by, mut ticket) = (None, None, None);
        let reason = loop {
            let at = rest;
            let Some((key, value)) = word(&mut rest) else {
                return Err(self.error(rule.span, "this waiver does not say why: `because` and the reason are missing"));
            };
            match (key, value) {
                ("because", None) if !rest.trim().is_empty() => break rest.trim(),
                ("because", None) => return Err(self.error(self.span(key), "there is no reason behind `because`")),
                ("until", Some(day)) => until = Some((day, self.span(day))),
                ("by", Some(name)) => by = Some(name),
                ("ticket", Some(id)) => ticket = Some(id),
                _ => {
                    let shown = at.split_whitespace().next().unwrap_or_default();
                    return Err(self.error(self.span(shown), &format!("a waiver has no `{shown}` before `because`")));
                }
            }
        };
        let Some((day, span)) = until else {
            return Err(self.error(rule.span, "this waiver has no last day: `until=` is missing"));
        };
        let Some(expires) = day.parse::<Date>().ok().filter(|_| day.len() == "2027-01-31".len()) else {
            return Err(self.error(span, &format!("`{day}` is not a day")));
        };
        let Some(approver) = by.filter(|name| !name.is_empty()) else {
            return Err(self.error(rule.span, "nobody answers for this waiver: `by=` is missing"));
        };
        Ok(Waiver {
            rule,
            covers,
            reason: reason.to_owned(),
            approver: approver.to_owned(),
            ticket: ticket.map(str::to_owned),
            granted: None,
            expires: Spanned::new(expires, span),
            location,
        })
    }

    fn span(&self, part: &str) -> Span {
        let at = self.start + (part.as_ptr() as usize - self.text.as_ptr() as usize);
        Span::new(at, at + part.len())
    }

    fn error(&self, span: Span, message: &str) -> InputError {
        InputError {
            location: Location::new(self.source, span),
            message: message.to_owned(),
            help: Some(format!("write `{MARK} PACK/RULE until=2027-01-31 by=NAME because REASON`")),
        }
    }
}

/// The next word: `rule`, or `key=value` with or without quotes around the value.
fn word<'a>(rest: &mut &'a str) -> Option<(&'a str, Option<&'a str>)> {
    let text = rest.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let Some((key, value)) = text[..end].split_once('=') else {
        *rest = &text[end..];
        return (end > 0).then_some((&text[..end], None));
    };
    if let Some(quoted) = value.strip_prefix('"') {
        let from = key.len() + 2;
        if let Some(close) = text[from..].find('"') {
            *rest = &text[from + close + 1..];
            return Some((key, Some(&text[from..from + close])));
        }
        // The quotation never ends.
        *rest = &text[end..];
        return Some((key, Some(quoted)));
    }
    *rest = &text[end..];
    Some((key, Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Waiver>, Vec<InputError>) {
        let mut sources = Sources::default();
        let file = sources.add("a.conf", text);
        in_comments(&sources, [file].into_iter())
    }

    #[test]
    fn comments_of_every_kind_and_the_lines_they_are_for() {
        let words = "onshore: allow us/stay until=2027-01-31 by=\"Jane Doe\" ticket=CHG-7 because the last users leave in May";
        for (text, line) in [
            (format!("server a;\n  # {words}\n\n  # and this\n  server b;\n"), 5),
            (format!("server a; # {words}\nserver b;\n"), 1),
            (format!("a: 1\n// {words}\nb: 2\n"), 3),
            (format!("a\n/* {words} */\nb\n"), 3),
            (format!("<!-- {words} -->\n<a/>\n"), 2),
            (format!("; {words}\nwww IN A 192.0.2.1\n"), 2),
            (format!("-- {words}\nSELECT 1\n"), 2),
            (format!("--[[ {words} ]]\nset('a')\n"), 2),
            (format!("! {words}\n! and this\na=b\n"), 3),
            (format!("/*\n * {words}\n */\nb\n"), 4),
            (format!("; {words}\n*.example.org. IN A 192.0.2.1\n"), 2),
            (format!("{{# {words} #}}\nserver b;\n"), 2),
            (format!("{{{{/* {words} */}}}}\nserver b;\n"), 2),
            (format!("<%# {words} %>\nserver b;\n"), 2),
            (format!("[[endpoint]] # {words}\nid = 'a'\n"), 1),
            (format!("{{ id: a }} # {words}\n"), 1),
            (format!("  {{ address = \"10.0.0.1\" }}, # {words}\n"), 1),
        ] {
            let (waivers, errors) = read(&text);
            assert!(errors.is_empty(), "{text}: {errors:?}");
            let [w] = waivers.as_slice() else { panic!("{text}: {waivers:?}") };
            assert!(matches!(w.covers, Covers::Line(_, n) if n == line), "{text}: {:?}", w.covers);
            assert_eq!(
                (w.rule.value.as_str(), w.approver.as_str(), w.ticket.as_deref()),
                ("us/stay", "Jane Doe", Some("CHG-7"))
            );
            assert_eq!(
                (w.expires.value.to_string().as_str(), w.reason.as_str()),
                ("2027-01-31", "the last users leave in May")
            );
        }
    }

    #[test]
    fn what_is_within_a_text_waives_nothing() {
        let words = "onshore: allow us/stay until=2027-01-31 by=me because I say so";
        for text in [format!("a: \"x # {words}\"\n"), format!("{{\"a\": 1, \"b\": 2, # {words}"), words.to_owned()] {
            let (waivers, errors) = read(&text);
            assert!(waivers.is_empty() && errors.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_waiver_that_lacks_a_part_is_an_error() {
        for (words, wrong) in [
            ("", "does not name the rule"),
            (" until=2027-01-31", "does not name the rule"),
            (" us/stay by=me because x", "no last day"),
            (" us/stay until=2027-01-31 because x", "nobody answers"),
            (" us/stay until=2027-01-31 by=\"\" because x", "nobody answers"),
            (" us/stay until=2027-01-31 by=me", "does not say why"),
            (" us/stay until=2027-01-31 by=me because", "no reason behind"),
            (" us/stay until=31.1.2027 by=me because x", "`31.1.2027` is not a day"),
            (" us/stay for=ever by=me because x", "a waiver has no `for=ever`"),
        ] {
            let (waivers, errors) = read(&format!("# onshore: allow{words}\nserver b;\n"));
            assert!(waivers.is_empty(), "{words}");
            assert!(errors.len() == 1 && errors[0].message.contains(wrong), "{words}: {errors:?}");
        }
    }

    #[test]
    fn longer_than_a_year_is_too_long() {
        let (mut waivers, _) = read("# onshore: allow us/stay until=2027-11-23 by=me because x\nb\n");
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert!(too_long(&waivers, MAX_DAYS, day("2026-11-22")).is_empty());
        assert_eq!(too_long(&waivers, MAX_DAYS, day("2026-11-21")).len(), 1);
        waivers[0].granted = Some(day("2026-11-22"));
        assert!(too_long(&waivers, MAX_DAYS, day("2020-01-01")).is_empty());
    }
}
