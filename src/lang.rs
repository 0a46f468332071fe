//! What people read, in their language. A [`Message`] is an English sentence with named places for what it is about; it is put into
//! words where it is shown, and nowhere before. English is the key: the sentence stands in the code that says it, and
//! `data/lang/zh.toml` has the Chinese one. `tests/lang.rs` reads the code and the table and holds that neither has what the other
//! lacks.
//!
//! Names, lines and words of the user's files are the same in every language. Keys and codes of formats for machines are not words
//! and stay as they are.
//!
//! Own, and small, because two languages need little: Chinese has no plural and no cases, and English has its plural beside the count.
//! Project Fluent would take the sentences out of the code that says them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::LazyLock;

use foldhash::{HashMap, HashMapExt};
use ipnetwork::IpNetwork;
use jiff::civil::{Date, DateTime};

use crate::model::{Country, LossDomain, Place};
use crate::vocab::places;

pub mod read;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    #[default]
    En,
    Zh,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.as_str() == text)
    }

    /// BCP 47, as documents name their language.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// A word of onshore's own vocabulary: `violated`, `overflow`.
    pub fn word(self, word: &str) -> &str {
        match self {
            Self::En => word,
            Self::Zh => ZH.words.get(word).map_or(word, String::as_str),
        }
    }

    /// `United States`, `美国`; the code itself if it is not assigned.
    pub fn country(self, country: Country) -> String {
        match self {
            Self::En => places::name_en(country),
            Self::Zh => places::name_zh(country),
        }
    }

    /// A day as `YYYY-MM-DD`, in the form of the language; what is no day stays as it is.
    pub fn day(self, day: &str) -> Cow<'_, str> {
        match (self, day.parse::<Date>()) {
            (Self::En, _) | (_, Err(_)) => Cow::Borrowed(day),
            (Self::Zh, Ok(date)) => Cow::Owned(format!("{}年{}月{}日", date.year(), date.month(), date.day())),
        }
    }

    /// What a reader or an error says, in this language as far as it is known.
    pub fn read(self, english: &str) -> Cow<'_, str> {
        match self {
            Self::En => Cow::Borrowed(english),
            Self::Zh => read::zh(english),
        }
    }

    /// What stands between two sentences.
    pub fn space(self) -> &'static str {
        match self {
            Self::En => " ",
            Self::Zh => "",
        }
    }

    fn of(self, table: &'static HashMap<String, String>, english: &'static str) -> &'static str {
        if self == Self::En {
            return english;
        }
        let told = table.get(english);
        // English is better than nothing; a test holds that nothing is missing.
        debug_assert!(told.is_some(), "data/lang/zh.toml has no Chinese for `{english}`");
        told.map_or(english, String::as_str)
    }
}

/// Something to be said, in whatever language it will be asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Message {
    /// The same in every language.
    Plain(String),
    /// A word of the vocabulary.
    Word(&'static str),
    /// A country by its name.
    Country(Country),
    Place(Place),
    Day(Date),
    /// So many, of what one and several are called.
    Count(u64, &'static str, &'static str),
    /// A sentence or a part of one; what stands in its places, by name. Made by [`say!`].
    Said(&'static str, Vec<(&'static str, Message)>),
    Series(Vec<Message>, Joint),
    /// English and Chinese, where both come from data.
    Both(Box<(String, String)>),
    /// English whose Chinese stands in a book.
    In(Book, Cow<'static, str>),
}

/// Where the Chinese of an English text is found. A book is opened when something is asked in Chinese.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Book {
    /// What readers say of the files: by the templates that made it.
    Read,
    /// What shipped policies say.
    Shipped,
    /// What is explained of codes.
    Codes,
    /// What `--help` says.
    Help,
    /// What is explained of the keys of files that people write.
    Keys,
}

impl Book {
    fn zh(self, english: &str) -> Cow<'_, str> {
        match self {
            Self::Read => read::zh(english),
            Self::Shipped => Cow::Borrowed(ZH.shipped.get(english).map_or(english, String::as_str)),
            Self::Codes => Cow::Borrowed(CODES.get(english).map_or(english, String::as_str)),
            Self::Help => Cow::Borrowed(HELP.get(english).map_or(english, String::as_str)),
            Self::Keys => Cow::Borrowed(KEYS.get(english).map_or(english, String::as_str)),
        }
    }
}

/// What stands between the members of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Joint {
    Comma,
    Semicolon,
    /// `a, b and c`.
    And,
    /// `a, b or c`.
    Or,
    /// `a and b and c`.
    EachAnd,
    /// `a or b or c`.
    EachOr,
    /// Between clauses.
    Clause,
    ClauseAnd,
    ClauseNor,
    /// Of one phrase.
    Words,
    /// Nothing but what sentences have between them.
    Sentence,
}

impl Joint {
    /// Before every member but the first, and before the last.
    fn words(self, lang: Lang) -> (&'static str, &'static str) {
        let (en, zh) = match self {
            Self::Comma => ((", ", ", "), ("、", "、")),
            Self::Semicolon => (("; ", "; "), ("；", "；")),
            Self::And => ((", ", " and "), ("、", "和")),
            Self::Or => ((", ", " or "), ("、", "或")),
            Self::EachAnd => ((" and ", " and "), ("和", "和")),
            Self::EachOr => ((" or ", " or "), ("或", "或")),
            Self::Clause => ((", ", ", "), ("，", "，")),
            Self::ClauseAnd => ((", and ", ", and "), ("；", "；")),
            Self::ClauseNor => ((", nor ", ", nor "), ("；", "；")),
            Self::Words => ((" ", " "), ("，", "，")),
            Self::Sentence => ((" ", " "), ("", "")),
        };
        match lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }
}

impl Message {
    pub fn tell(&self, lang: Lang) -> String {
        let mut out = String::new();
        self.write(lang, &mut out);
        out
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Self::Plain(text) => text.is_empty(),
            Self::In(_, text) => text.is_empty(),
            Self::Series(items, _) => items.iter().all(Self::is_empty),
            Self::Word(_) | Self::Country(_) | Self::Place(_) | Self::Day(_) => false,
            Self::Count(..) | Self::Said(..) | Self::Both(_) => false,
        }
    }

    /// Whether it, or a part of it, was made by this template.
    pub fn says(&self, template: &str) -> bool {
        match self {
            Self::Said(own, args) => *own == template || args.iter().any(|(_, m)| m.says(template)),
            Self::Series(items, _) => items.iter().any(|m| m.says(template)),
            Self::Plain(_) | Self::Word(_) | Self::Country(_) | Self::Place(_) | Self::Day(_) => false,
            Self::Count(..) | Self::Both(_) | Self::In(..) => false,
        }
    }

    /// Orders messages as their English does, which a language of the output must not change.
    pub fn in_order(&self) -> impl Ord + use<> {
        self.tell(Lang::En)
    }

    /// The same with every text in it changed that is not a sentence of onshore's own.
    #[must_use]
    pub fn map_plain(self, change: &dyn Fn(String) -> String) -> Self {
        let all = |items: Vec<Self>| items.into_iter().map(|m| m.map_plain(change)).collect();
        match self {
            Self::Plain(text) => Self::Plain(change(text)),
            Self::Said(template, args) => {
                Self::Said(template, args.into_iter().map(|(name, m)| (name, m.map_plain(change))).collect())
            }
            Self::Series(items, joint) => Self::Series(all(items), joint),
            other @ (Self::Word(_) | Self::Country(_) | Self::Place(_) | Self::Day(_)) => other,
            Self::Both(both) => Self::Both(Box::new((change(both.0), change(both.1)))),
            // Readers quote files, and a policy of the user's says its own where a shipped one is looked up.
            Self::In(book @ (Book::Read | Book::Shipped), text) => Self::In(book, change(text.into_owned()).into()),
            other @ Self::In(Book::Codes | Book::Help | Book::Keys, _) => other,
            other @ Self::Count(..) => other,
        }
    }

    fn write(&self, lang: Lang, out: &mut String) {
        match self {
            Self::Plain(text) => out.push_str(text),
            Self::Word(word) => out.push_str(lang.word(word)),
            Self::In(book, english) => match lang {
                Lang::En => out.push_str(english),
                Lang::Zh => out.push_str(&book.zh(english)),
            },
            Self::Both(both) => out.push_str(match lang {
                Lang::En => &both.0,
                Lang::Zh => &both.1,
            }),
            Self::Country(country) => match lang {
                Lang::En => out.push_str(&with_article(places::name_en(*country))),
                Lang::Zh => out.push_str(&places::name_zh(*country)),
            },
            Self::Place(place) => match lang {
                Lang::En => out.push_str(&place.to_string()),
                Lang::Zh => {
                    out.push_str(&places::name_zh(place.country));
                    out.push_str(&format!("（{place}）"));
                }
            },
            Self::Day(day) => out.push_str(&lang.day(&day.to_string())),
            Self::Count(n, one, many) => match lang {
                Lang::En => out.push_str(&format!("{n} {}", if *n == 1 { one } else { many })),
                Lang::Zh => fill(lang.of(&ZH.counts, many), &mut |_, out| out.push_str(&n.to_string()), close_up, out),
            },
            Self::Said(template, args) => {
                let mut put = |name: &str, out: &mut String| match args.iter().find(|(n, _)| *n == name) {
                    Some((_, message)) => message.write(lang, out),
                    None => out.push_str(name),
                };
                let join = if lang == Lang::Zh { close_up } else { end_to_end };
                fill(lang.of(&ZH.messages, template), &mut put, join, out);
            }
            Self::Series(items, joint) => {
                let (between, last) = joint.words(lang);
                for (i, item) in items.iter().enumerate() {
                    let joint = match i {
                        0 => "",
                        i if i + 1 == items.len() => last,
                        _ => between,
                    };
                    push_joined(out, joint, &item.tell(lang));
                }
            }
        }
    }
}

/// In English: the form that is the same in every run.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tell(Lang::En))
    }
}

impl Default for Message {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

/// Puts `put(name)` in the place of every `{name}`; `{{` and `}}` are braces.
fn fill(template: &str, put: &mut dyn FnMut(&str, &mut String), join: fn(&mut String, &str), out: &mut String) {
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        join(out, &rest[..at]);
        let brace = &rest[at..=at];
        let behind = &rest[at + 1..];
        if let Some(behind) = behind.strip_prefix(brace) {
            out.push_str(brace);
            rest = behind;
            continue;
        }
        let end = behind.find('}').unwrap_or(behind.len());
        let mut filled = String::new();
        put(&behind[..end], &mut filled);
        join(out, &filled);
        rest = behind.get(end + 1..).unwrap_or_default();
    }
    join(out, rest);
}

fn end_to_end(out: &mut String, text: &str) {
    out.push_str(text);
}

/// Chinese has no blanks between its own words, nor before what ends a clause: one where two texts meet goes.
fn close_up(out: &mut String, text: &str) {
    let ends_clause = |c: char| "，。；：、）".contains(c);
    let mut text = text;
    if let (Some(own), Some(first)) = (out.strip_suffix(' '), text.chars().next()) {
        let between = is_wide(first) && own.chars().next_back().is_none_or(is_wide);
        if ends_clause(first) || between {
            out.truncate(own.len());
        }
    } else if let Some(behind) = text.strip_prefix(' ') {
        let between = out.chars().next_back().is_some_and(is_wide) && behind.chars().next().is_some_and(is_wide);
        if between {
            text = behind;
        }
    }
    out.push_str(text);
}

/// Takes two columns, and needs no blank beside its like.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

/// Puts a joint and what it joins: `CN 和 US`, but 中国和美国.
fn push_joined(out: &mut String, joint: &str, item: &str) {
    let is_word = joint.chars().all(is_ideograph) && !joint.is_empty();
    let is_latin = |c: char| c.is_ascii_alphanumeric() || c == '`';
    let apart = |c: Option<char>| if is_word && c.is_some_and(is_latin) { " " } else { "" };
    let before = apart(out.chars().next_back());
    out.extend([before, joint, apart(item.chars().next()), item]);
}

fn is_ideograph(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// The names of the places of a template, in order.
pub fn places_of(template: &str) -> Vec<String> {
    let mut names = Vec::new();
    fill(template, &mut |name, _| names.push(name.to_owned()), end_to_end, &mut String::new());
    names
}

/// Whether a template has just these places; asked when the program is compiled.
pub const fn fits(template: &str, names: &[&str]) -> bool {
    let text = template.as_bytes();
    let mut met = [false; 16];
    let mut at = 0;
    while at < text.len() {
        let doubled = at + 1 < text.len() && text[at + 1] == text[at];
        if (text[at] == b'{' || text[at] == b'}') && doubled {
            at += 2;
            continue;
        }
        if text[at] != b'{' {
            at += 1;
            continue;
        }
        let start = at + 1;
        while at < text.len() && text[at] != b'}' {
            at += 1;
        }
        let mut i = 0;
        let mut found = false;
        while i < names.len() {
            if same(text, start, at, names[i].as_bytes()) {
                met[i] = true;
                found = true;
            }
            i += 1;
        }
        if !found {
            return false;
        }
        at += 1;
    }
    let mut i = 0;
    while i < names.len() {
        if !met[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn same(text: &[u8], start: usize, end: usize, name: &[u8]) -> bool {
    if end - start != name.len() {
        return false;
    }
    let mut i = 0;
    while i < name.len() {
        if text[start + i] != name[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// `say!("{n} of {name} are down", n, name = endpoint.name)`: a [`Message`](crate::lang::Message).
macro_rules! say {
    (@arg $name:ident) => { $crate::lang::Arg::arg(&$name) };
    (@arg $name:ident = $value:expr) => { $crate::lang::Arg::arg(&$value) };
    ($template:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {{
        const { assert!($crate::lang::fits($template, &[$(stringify!($name)),*]), "the places of the template are its arguments") };
        $crate::lang::Message::Said($template, vec![$((stringify!($name), $crate::lang::say!(@arg $name $(= $value)?))),*])
    }};
}
pub(crate) use say;

/// The same, said at once in a language: `tell!(lang, "Findings")`.
macro_rules! tell {
    ($lang:expr, $($said:tt)+) => { $crate::lang::say!($($said)+).tell($lang) };
}
pub(crate) use tell;

/// So many, by what one and several are called: `1 route`, `3 routes`.
pub fn count(n: usize, one: &'static str, many: &'static str) -> Message {
    Message::Count(n as u64, one, many)
}

pub fn series<T: Arg>(items: impl IntoIterator<Item = T>, joint: Joint) -> Message {
    Message::Series(items.into_iter().map(|item| item.arg()).collect(), joint)
}

/// What data has in English, and perhaps in Chinese.
pub fn both(english: &str, chinese: Option<&str>) -> Message {
    match chinese {
        Some(chinese) => Message::Both(Box::new((english.to_owned(), chinese.to_owned()))),
        None => Message::Plain(english.to_owned()),
    }
}

/// A sentence of a shipped policy, which a policy of the user's may say as well.
pub fn shipped(english: &str) -> Message {
    Message::In(Book::Shipped, english.to_owned().into())
}

/// A citation, in Chinese if it is one of ours.
pub fn cited(citation: &str) -> Message {
    both(citation, law(citation))
}

/// What shipped policies, mechanisms and certifications cite, by its citation.
pub fn law(citation: &str) -> Option<&'static str> {
    LAWS["citation"].get(citation).map(String::as_str)
}

/// Where in it, if that is more than numbers.
pub fn article(article: &str) -> Option<&'static str> {
    LAWS["article"].get(article).map(String::as_str)
}

/// A sentence of a reader, or a phrase.
pub fn read(english: impl Into<Cow<'static, str>>) -> Message {
    Message::In(Book::Read, english.into())
}

/// A day as `YYYY-MM-DD`; what is no day stays as it is.
pub fn day(text: &str) -> Message {
    text.parse().map_or_else(|_| Message::Plain(text.to_owned()), Message::Day)
}

/// A time as `2026-11-01T00:00:00Z`; what is none stays as it is.
pub fn moment(text: &str) -> Message {
    match text.strip_suffix('Z').and_then(|t| t.parse::<DateTime>().ok()) {
        Some(t) => {
            let (day, time) = (Lang::Zh.day(&t.date().to_string()).into_owned(), t.time());
            both(text, Some(&format!("{day} {time}（UTC）")))
        }
        None => Message::Plain(text.to_owned()),
    }
}

/// A country by its code, as English output has it; in Chinese by its name.
pub fn code(code: &str) -> Message {
    let zh = places::country(code).map(|country| format!("{}（{code}）", places::name_zh(country)));
    both(code, zh.as_deref())
}

/// `a, b, c`.
pub fn list<T: Arg>(items: impl IntoIterator<Item = T>) -> Message {
    series(items, Joint::Comma)
}

/// What can stand in a place of a message.
pub trait Arg {
    fn arg(&self) -> Message;
}

impl<T: Arg + ?Sized> Arg for &T {
    fn arg(&self) -> Message {
        (**self).arg()
    }
}

impl<T: Arg + ?Sized> Arg for &mut T {
    fn arg(&self) -> Message {
        (**self).arg()
    }
}

impl Arg for Message {
    fn arg(&self) -> Message {
        self.clone()
    }
}

impl Arg for Place {
    fn arg(&self) -> Message {
        Message::Place(self.clone())
    }
}

impl Arg for Date {
    fn arg(&self) -> Message {
        Message::Day(*self)
    }
}

macro_rules! plain {
    ($($kind:ty),*) => { $(impl Arg for $kind {
        fn arg(&self) -> Message {
            Message::Plain(self.to_string())
        }
    })* };
}
plain!(str, String, Box<str>, Cow<'_, str>, Country, IpNetwork, IpAddr, LossDomain, usize, u8, u32, u64, i64);

/// Plural and descriptive names take an article in English.
fn with_article(name: String) -> String {
    let takes =
        ["United ", "Netherlands", "Philippines", "Bahamas", "Gambia", "Maldives", "Marshall ", "Solomon ", "Seychelles"];
    let takes = takes.iter().any(|t| name.starts_with(t)) || name.ends_with(" Islands") || name.ends_with("Republic");
    if takes { format!("the {name}") } else { name }
}

/// A language by its English.
struct Table {
    words: HashMap<String, String>,
    /// By what several are called.
    counts: HashMap<String, String>,
    /// What shipped policies say.
    shipped: HashMap<String, String>,
    messages: HashMap<String, String>,
}

static ZH: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { words: HashMap::new(), counts: HashMap::new(), shipped: HashMap::new(), messages: HashMap::new() };
    for (section, entries) in sections() {
        match section.as_str() {
            "words" => table.words.extend(entries),
            "counts" => table.counts.extend(entries),
            "shipped" => table.shipped.extend(entries),
            _ => table.messages.extend(entries),
        }
    }
    table
});

/// What `data/codes.toml` says of codes, with the same of `data/lang/codes.zh.toml`.
static CODES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let read = |text: &str| -> BTreeMap<String, BTreeMap<String, String>> {
        toml::from_str(text).expect("the tables of codes are tables of texts")
    };
    let mut chinese = read(include_str!("../data/lang/codes.zh.toml"));
    let mut told = HashMap::new();
    for (code, english) in read(include_str!("../data/codes.toml")) {
        let Some(mut zh) = chinese.remove(&code) else { continue };
        told.extend(english.into_iter().filter_map(|(key, text)| Some((text, zh.remove(&key)?))));
    }
    told
});

static LAWS: LazyLock<BTreeMap<String, BTreeMap<String, String>>> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/lang/laws.zh.toml")).expect("data/lang/laws.zh.toml is tables of texts")
});
static HELP: LazyLock<HashMap<String, String>> = LazyLock::new(|| flat(include_str!("../data/lang/help.zh.toml")));
static KEYS: LazyLock<HashMap<String, String>> = LazyLock::new(|| flat(include_str!("../data/lang/keys.zh.toml")));

fn flat(text: &str) -> HashMap<String, String> {
    let texts: BTreeMap<String, String> = toml::from_str(text).expect("the table is one of texts");
    texts.into_iter().collect()
}

/// `data/lang/zh.toml` as it stands: `words`, `counts`, `shipped`, and messages by where they are said.
pub fn sections() -> BTreeMap<String, BTreeMap<String, String>> {
    toml::from_str(include_str!("../data/lang/zh.toml")).expect("data/lang/zh.toml is tables of texts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_by_name_and_braces_are_kept() {
        let (n, name) = (3_usize, "a`b");
        let message = say!("{n} of `{name}` match {{ id = {n} }}", n, name);
        assert_eq!(message.tell(Lang::En), "3 of `a`b` match { id = 3 }");
        assert_eq!(places_of("a {b} {{c}} {d}"), ["b", "d"]);
        assert!(fits("{a} and {{x}} {b}", &["a", "b"]) && !fits("{a}", &["a", "b"]) && !fits("{c}", &["a"]));
    }

    #[test]
    fn series_and_counts() {
        let names = ["a", "b", "c"];
        let told = |joint, lang| series(names, joint).tell(lang);
        assert_eq!(told(Joint::And, Lang::En), "a, b and c");
        assert_eq!(told(Joint::Comma, Lang::En), "a, b, c");
        assert_eq!(told(Joint::EachOr, Lang::En), "a or b or c");
        assert_eq!(told(Joint::And, Lang::Zh), "a、b 和 c");
        assert_eq!(series(["甲", "乙"], Joint::And).tell(Lang::Zh), "甲和乙");
        assert_eq!(series(["a"], Joint::And).tell(Lang::En), "a");
        assert_eq!(count(1, "route", "routes").tell(Lang::En), "1 route");
        assert_eq!(count(0, "route", "routes").tell(Lang::En), "0 routes");
        assert_eq!(count(2, "route", "routes").tell(Lang::Zh), "2 条路由");
    }

    #[test]
    fn days_and_places() {
        assert_eq!(Lang::Zh.day("2026-11-22"), "2026年11月22日");
        assert_eq!(Lang::Zh.day("nobody"), "nobody");
        assert_eq!(Lang::En.day("2026-11-22"), "2026-11-22");
        let country = places::country("US").expect("a country");
        assert_eq!(Message::Country(country).tell(Lang::En), "the United States");
        assert_eq!(Message::Country(country).tell(Lang::Zh), "美国");
        let place = Place { country, subdivision: Some("US-CA".into()), city: Some("San Jose".into()) };
        assert_eq!(Message::Place(place.clone()).tell(Lang::En), "US-CA San Jose");
        assert_eq!(Message::Place(place).tell(Lang::Zh), "美国（US-CA San Jose）");
    }
}
