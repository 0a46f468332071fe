//! One HTML file for people who decide: counsel, auditors, engineers. It holds everything itself - words, map, style and a small
//! script - and asks for nothing: the policy in its head lets only that style and that script in, by their hashes. Without the
//! script all of it can be read; the script picks pictures and rows.
//!
//! What could not be told comes before what was. Every text of the user's files goes through [`Text`].

use std::borrow::Cow;
use std::io::{self, Write};

use maud::{DOCTYPE, Escaper, Markup, PreEscaped, Render, html};
use sha2::{Digest, Sha256};

use super::{line, safe, state_words};
use crate::finding::{Assessment, Severity, Verdict};
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::source::{Location, Sources};
use crate::vocab::places;

pub(super) mod findings;
pub(super) mod matrix;
mod opening;
pub(super) mod record;
mod rests;
pub mod traffic;
pub(super) mod words;
pub mod world;

pub use world::World;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What could not be told first, then the gravest.
const ORDER: [Verdict; 7] = [
    Verdict::Indeterminate,
    Verdict::Conflict,
    Verdict::Violated,
    Verdict::Unsatisfiable,
    Verdict::Waived,
    Verdict::Satisfied,
    Verdict::NotApplicable,
];

/// Everything that is shown.
#[derive(Debug)]
pub struct Report<'a> {
    pub assessment: &'a Assessment,
    pub sources: &'a Sources,
    pub world: &'a World,
    /// Of onshore.
    pub version: &'a str,
    pub lang: Lang,
}

pub fn write(r: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let a = r.assessment;
    let lang = r.lang;
    let unnamed = tell!(lang, "unnamed project");
    let name = a.name(lang).unwrap_or(&unnamed);
    let sections: Vec<Section<'_>> = vec![
        section("verdict", say!("What was decided, and what not"), || opening::verdict(r)),
        section("map", say!("Where data gets to"), || world::section(r)),
        section("matrix", say!("Origin, place and activity"), || matrix::section(r)),
        ("findings", say!("Findings"), Box::new(|out| findings::section(r, out))),
        section("change", say!("What would mend it"), || findings::remedies(r)),
        section("record", say!("Stores, recipients and legal basis"), || record::section(r)),
        section("waivers", say!("Waivers"), || record::waivers(r)),
        section("gaps", say!("Gaps: what was met and not understood"), || rests::gaps(r)),
        section("coverage", say!("What was examined"), || rests::coverage(r)),
        section("data", say!("What places rest on"), || rests::data_sets(r)),
        section("people", say!("Who answers for it"), || rests::who(r)),
        section("words", say!("Words"), || words::section(lang)),
        section("made", say!("How this was made"), || rests::made(r)),
    ];
    let title = tell!(lang, "Data residency of {name}, as of {day}", name, day = lang::day(&a.as_of));
    framed(r, &html! { (Text(&title, lang)) }, &say!("Data residency report"), &limits(), &sections, out)
}

/// Id, title and what writes its content: ten thousand findings are never in memory as markup all at once.
type Section<'s> = (&'static str, Message, Box<dyn Fn(&mut dyn Write) -> io::Result<()> + 's>);

/// One that is written at once.
fn section<'s>(id: &'static str, title: Message, content: impl Fn() -> Markup + 's) -> Section<'s> {
    (id, title, Box::new(move |out| out.write_all(content().into_string().as_bytes())))
}

fn framed(
    r: &Report<'_>,
    title: &Markup,
    kind: &Message,
    limits: &Message,
    sections: &[Section<'_>],
    out: &mut dyn Write,
) -> io::Result<()> {
    let style = format!("{STYLE}{}", super::draw::svg::STYLE);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(&style)),
        base64(&Sha256::digest(SCRIPT))
    );
    let (a, lang) = (r.assessment, r.lang);
    let unnamed = tell!(lang, "unnamed project");
    let name = a.name(lang).unwrap_or(&unnamed);
    let page = html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="referrer" content="no-referrer";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "onshore " (r.version) };
                title { (title) }
                style { (PreEscaped(&style)) }
            }
            body {
                a class="skip" href="#main" { (tell!(lang, "Skip to the content")) }
                header {
                    p class="kind" { (kind.tell(lang)) }
                    h1 { (Text(name, r.lang)) }
                    p {
                        @let [before, after] = around(lang, &say!("As of {day}.", day = MARK));
                        (before) time datetime=(safe(&a.as_of)) { (Text(&lang.day(&a.as_of), r.lang)) } (after)
                        @if let Some(owner) = &a.owner { (lang.space()) (Text(&tell!(lang, "{owner} answers for it.", owner), r.lang)) }
                    }
                }
                nav aria-label=(tell!(lang, "Sections")) {
                    ul {
                        @for (id, title, _) in sections { li { a href={ "#" (id) } { (title.tell(lang)) } } }
                    }
                }
                main id="main" tabindex="-1" { (PreEscaped(MARK)) }
                footer {
                    p { (limits.tell(lang)) (lang.space()) (tell!(lang, "Made by onshore {version}.", version = r.version)) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    written_around(page, out, &|out| {
        sections.iter().try_for_each(|(id, title, content)| {
            let section = html! {
                section id=(id) aria-labelledby={ (id) "-title" } {
                    h2 id={ (id) "-title" } { (title.tell(lang)) }
                    (PreEscaped(MARK))
                }
            };
            written_around(section, out, content)
        })
    })
}

/// The markup, with what writes itself in the place of its mark.
fn written_around(markup: Markup, out: &mut dyn Write, content: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let text = markup.into_string();
    let (before, after) = text.split_once(MARK).expect("every frame has a mark, and no text of a user's does");
    out.write_all(before.as_bytes())?;
    content(out)?;
    out.write_all(after.as_bytes())
}

/// On the first page and on the last.
fn limits() -> Message {
    say!(
        "onshore judges where data is and can get to, against what is declared and what was read. \
         It does not judge what is lawful: that is for people to decide."
    )
}

/// Stands for what comes later: in a message for what is marked up, which [`around`] cuts it at, in a frame for what it is around.
const MARK: &str = "\u{0}";

/// What stands before and after the mark.
fn around(lang: Lang, message: &Message) -> [String; 2] {
    let text = message.tell(lang);
    let (before, after) = text.split_once(MARK).unwrap_or((&text, ""));
    [before.to_owned(), after.to_owned()]
}

/// A text from the user's files: what could do harm is visible, and very long texts are cut in the middle, as told there.
struct Text<'a>(&'a str, Lang);

/// In characters.
const LONG: usize = 1200;

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        use std::fmt::Write as _;
        // Writing into memory does not fail.
        let _ = Escaper::new(buffer).write_str(&safe(&cut(self.0, self.1)));
    }
}

/// The same; what stands between backticks is code.
struct Prose<'a>(&'a str, Lang);

impl Render for Prose<'_> {
    fn render_to(&self, buffer: &mut String) {
        let text = cut(self.0, self.1);
        let pieces: Vec<&str> = text.split('`').collect();
        for (i, piece) in pieces.iter().enumerate() {
            if i % 2 == 0 {
                Text(piece, self.1).render_to(buffer);
            } else if i + 1 < pieces.len() {
                buffer.push_str("<code>");
                Text(piece, self.1).render_to(buffer);
                buffer.push_str("</code>");
            } else {
                buffer.push('`');
                Text(piece, self.1).render_to(buffer);
            }
        }
    }
}

/// Without the middle if it is long.
fn cut(text: &str, lang: Lang) -> Cow<'_, str> {
    // Most texts are short, and bytes are counted faster than characters.
    let many = if text.len() > LONG { text.chars().count() } else { 0 };
    if many <= LONG {
        return Cow::Borrowed(text);
    }
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(i, _)| i);
    let (head, tail) = (&text[..at(LONG / 2)], &text[at(many - LONG / 4)..]);
    let left = tell!(lang, "[{n} characters left out]", n = many - LONG / 2 - LONG / 4);
    Cow::Owned(format!("{head} {left} {tail}"))
}

/// Between two parts of a line.
fn comma(lang: Lang) -> &'static str {
    match lang {
        Lang::En => ", ",
        Lang::Zh => "，",
    }
}

/// Names with commas between them.
fn list<S: AsRef<str>>(lang: Lang, texts: &[S]) -> Markup {
    html! {
        @for (i, text) in texts.iter().enumerate() {
            @if i > 0 { ", " }
            (Breaking(text.as_ref(), '.', lang))
        }
    }
}

/// A table in a box of its own, so that on a narrow screen it scrolls and the page does not.
fn table(lang: Lang, caption: &Message, head: &[Message], rows: Markup) -> Markup {
    let caption = caption.tell(lang);
    html! {
        div class="scroll" role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for title in head { th scope="col" { (title.tell(lang)) } } } }
                tbody { (rows) }
            }
        }
    }
}

fn verdict_badge(verdict: Verdict, lang: Lang) -> Markup {
    html! { span class={ "badge v-" (verdict.as_str()) } { (verdict_words(verdict).tell(lang)) } }
}

fn severity_badge(severity: Severity, lang: Lang) -> Markup {
    html! { span class={ "sev s-" (severity.as_str()) } { (lang.word(severity.as_str())) } }
}

/// The verdict on one rule.
fn verdict_words(verdict: Verdict) -> Message {
    match verdict {
        Verdict::NotApplicable => say!("does not apply"),
        Verdict::Satisfied => say!("holds"),
        Verdict::Waived => say!("waived"),
        Verdict::Indeterminate => say!("not told"),
        Verdict::Conflict => say!("contradiction"),
        Verdict::Unsatisfiable => say!("cannot be met"),
        Verdict::Violated => say!("broken"),
    }
}

/// Whose data, from how an assessment has it.
pub(super) fn origin_words(origin: &str, lang: Lang) -> String {
    match origin {
        "" => tell!(lang, "nobody said whose"),
        codes => lang::series(codes.split('+').map(|code| country_words(code, lang)), Joint::EachAnd).tell(lang),
    }
}

/// `China (CN)`, or that it is not known.
pub(super) fn country_words(code: &str, lang: Lang) -> String {
    match places::country(code) {
        Some(country) => tell!(lang, "{country} ({code})", country = lang.country(country), code),
        None => tell!(lang, "place not known"),
    }
}

/// `file:line`, as code.
fn at(r: &Report<'_>, location: Location) -> Markup {
    html! { code { (Breaking(&line(r.sources, location), '/', r.lang)) } }
}

/// A name of parts, which may go on in the next line behind each.
struct Breaking<'a>(&'a str, char, Lang);

impl Render for Breaking<'_> {
    fn render_to(&self, buffer: &mut String) {
        for part in cut(self.0, self.2).split_inclusive(self.1) {
            Text(part, self.2).render_to(buffer);
            if part.ends_with(self.1) {
                buffer.push_str("<wbr>");
            }
        }
    }
}

fn nothing(lang: Lang, text: &Message) -> Markup {
    html! { p class="none" { (text.tell(lang)) } }
}

/// RFC 4648, as content security policies write hashes.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, i| word << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_rfc_4648_has_it() {
        let table = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in table {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let long = format!("a{}z", "海".repeat(10_000));
        let shown = html! { (Text(&long, Lang::En)) }.into_string();
        assert!(cut(&long, Lang::Zh).contains("[略去 9102 个字符]"));
        assert!(shown.starts_with("a海") && shown.ends_with("海z") && shown.contains("[9102 characters left out]"), "{shown}");
        assert_eq!(html! { (Prose("a `b` <`c", Lang::En)) }.into_string(), "a <code>b</code> &lt;`c");
        assert_eq!(html! { (Text("<b>\u{202e}\u{1b}[1m", Lang::En)) }.into_string(), "&lt;b&gt;\\u{202e}\\u{1b}[1m");
    }
}
