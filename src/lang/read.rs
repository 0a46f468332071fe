//! What readers say, in Chinese. A reader makes its sentences with `format!` where it meets something, a thousand of them, and they
//! go as plain English text through every layer. Here the finished text is recognised by the template that made it, and said again
//! by the Chinese of that template (`data/lang/read.zh.toml`); what the tables of regions and of resources say is in `data/lang/regions.zh.toml` and `resources.zh.toml`. What stands in backquotes
//! is the user's and stays as it is; what stands in other places may be a phrase of a reader in its turn.
//!
//! A text that no template fits stays English: `tests/lang.rs` holds that every sentence in the code has its Chinese. The table is
//! opened in Chinese runs only.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use foldhash::{HashMap, HashMapExt};

use crate::vocab::places;

/// So deep do phrases stand in phrases.
const DEEPEST: usize = 6;
/// So many templates are tried for one text: hostile text would fit many of them in many ways.
const MOST_TRIES: usize = 500;
/// Longer texts are no sentences of a reader. In bytes.
const LONGEST: usize = 4 << 10;

/// The Chinese of a text in English, as far as it is known.
pub fn zh(text: &str) -> Cow<'_, str> {
    if text.len() > LONGEST {
        return Cow::Borrowed(text);
    }
    let told = Search { tries: 0, known: HashMap::new() }.say(text, 0);
    match told.text {
        Some(chinese) => Cow::Owned(closed_up(&chinese)),
        None => Cow::Borrowed(text),
    }
}

/// How many words of English prose are left in a text that was to be Chinese; what stands in backquotes is not counted.
pub fn english_in(text: &str) -> usize {
    let mut words = 0;
    for prose in text.split('`').step_by(2) {
        // One word alone is a name.
        let lower = |w: &&str| w.len() > 1 && w.chars().all(|c| c.is_ascii_lowercase());
        let mut run = 0;
        for word in prose.split([' ', ',', ';', ':', '(', ')']).filter(|w| !w.is_empty()) {
            run = if lower(&word) { run + 1 } else { 0 };
            words += match run {
                0 | 1 => 0,
                2 => 2,
                _ => 1,
            };
        }
    }
    words
}

/// `data/lang/read.zh.toml` as it stands, by the folder that says it.
pub fn sections() -> BTreeMap<String, BTreeMap<String, String>> {
    toml::from_str(include_str!("../../data/lang/read.zh.toml")).expect("data/lang/read.zh.toml is tables of texts")
}

/// What the tables of regions remark, as `data/lang/regions.zh.toml` stands.
pub fn regions() -> BTreeMap<String, String> {
    toml::from_str(include_str!("../../data/lang/regions.zh.toml")).expect("data/lang/regions.zh.toml is a table of texts")
}

/// What providers do of themselves, as `data/lang/resources.zh.toml` stands.
pub fn resources() -> BTreeMap<String, String> {
    toml::from_str(include_str!("../../data/lang/resources.zh.toml")).expect("data/lang/resources.zh.toml is a table of texts")
}

/// The places of a template in order: names, or numbers for those without.
pub fn slots_of(template: &str) -> Vec<String> {
    pieces(template).into_iter().filter_map(|p| if let Piece::Slot { name, .. } = p { Some(name) } else { None }).collect()
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot { name: String, quoted: bool },
}

/// Cuts a template as `format!` would. A brace that holds no name is a brace.
fn pieces(template: &str) -> Vec<Piece> {
    let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), template);
    let (mut unnamed, mut quoted) = (0, false);
    while let Some(c) = rest.chars().next() {
        let slot = rest.strip_prefix('{').and_then(|r| r.split_once('}')).and_then(|(inside, behind)| {
            let name = inside.split(':').next().unwrap_or(inside);
            let named = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            named.then(|| (name.to_owned(), behind))
        });
        if let Some((mut name, behind)) = slot {
            if name.is_empty() {
                name = unnamed.to_string();
                unnamed += 1;
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Slot { name, quoted });
            rest = behind;
            continue;
        }
        quoted ^= c == '`';
        text.push(c);
        rest = &rest[c.len_utf8()..];
        // `{{` and `}}`.
        if matches!(c, '{' | '}') {
            rest = rest.strip_prefix(c).unwrap_or(rest);
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

struct Template {
    pieces: Vec<Piece>,
    chinese: Vec<Piece>,
    /// Bytes of its own words: the more, the surer.
    weight: usize,
}

impl Template {
    /// What stands in its places, by their order, if the text was made by it.
    fn fit<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (mut slots, mut at, mut open) = (Vec::new(), 0, 0);
        for (i, piece) in self.pieces.iter().enumerate() {
            let Piece::Text(words) = piece else {
                open += 1;
                continue;
            };
            let rest = &text[at..];
            let found = match (open, i + 1 == self.pieces.len()) {
                (0, false) => rest.starts_with(words.as_str()).then_some(0),
                (0, true) => (rest == words).then_some(0),
                (_, true) => rest.strip_suffix(words.as_str()).map(str::len).filter(|n| quotes(&rest[..*n]).is_multiple_of(2)),
                (_, false) => outside_of_quotes(rest, words).next(),
            }?;
            if open > 0 {
                slots.push(&rest[..found]);
                slots.extend(std::iter::repeat_n("", open - 1));
                open = 0;
            }
            at += found + words.len();
        }
        let rest = &text[at..];
        match open {
            0 if !rest.is_empty() => return None,
            0 => {}
            _ => {
                slots.push(rest);
                slots.extend(std::iter::repeat_n("", open - 1));
            }
        }
        Some(slots)
    }
}

/// Text in Chinese, if any of it is, and the words of English in it.
#[derive(Clone)]
struct Told {
    text: Option<String>,
    left: usize,
}

struct Search {
    tries: usize,
    /// The same phrase comes up in many readings of a sentence.
    known: HashMap<String, Told>,
}

impl Search {
    fn say(&mut self, text: &str, deep: usize) -> Told {
        if let Some(told) = self.known.get(text) {
            return told.clone();
        }
        let told = self.find(text, deep);
        self.known.insert(text.to_owned(), told.clone());
        told
    }

    fn find(&mut self, text: &str, deep: usize) -> Told {
        let table = &*TABLE;
        if let Some(chinese) = table.exact.get(text) {
            return Told { text: Some(chinese.clone()), left: 0 };
        }
        let left = english_in(text);
        if deep == DEEPEST || self.tries >= MOST_TRIES || !text.bytes().any(|b| b == b' ') {
            return Told { text: None, left };
        }
        let mut best: Option<Told> = None;
        for template in &table.templates {
            if self.tries >= MOST_TRIES {
                break;
            }
            let Some(slots) = template.fit(text) else { continue };
            self.tries += 1;
            let told = self.fill(template, slots, deep);
            if best.as_ref().is_none_or(|b| told.left < b.left) {
                let all = told.left == 0;
                best = Some(told);
                if all {
                    break;
                }
            }
        }
        let series = self.series(text, deep);
        match (best, series) {
            (Some(best), Some(series)) => {
                if series.left < best.left {
                    series
                } else {
                    best
                }
            }
            (Some(told), None) | (None, Some(told)) if told.left < left || left == 0 => told,
            (Some(best), None) => best,
            _ => Told { text: None, left },
        }
    }

    fn fill(&mut self, template: &Template, mut slots: Vec<&str>, deep: usize) -> Told {
        let places: Vec<(&str, bool)> = template
            .pieces
            .iter()
            .filter_map(|p| if let Piece::Slot { name, quoted } = p { Some((name.as_str(), *quoted)) } else { None })
            .collect();
        let (mut told, mut left): (Vec<Cow<'_, str>>, usize) = (Vec::with_capacity(slots.len()), 0);
        for i in 0..slots.len() {
            let (_, quoted) = places[i];
            // Two places side by side: what a phrase of its own begins goes into the second.
            if !quoted
                && slots.get(i + 1).is_some_and(|next| next.is_empty())
                && let Some(cut) = self.cut(slots[i], deep)
            {
                let whole = slots[i];
                slots[i] = &whole[..cut];
                slots[i + 1] = &whole[cut..];
            }
            if quoted {
                // What stands between two quotes is none.
                left += english_in(&format!("`{}`", slots[i]));
                told.push(Cow::Borrowed(slots[i]));
                continue;
            }
            if places[i].0 == PLACES {
                told.push(Cow::Owned(with_countries(slots[i])));
                continue;
            }
            let said = self.say(slots[i], deep + 1);
            left += said.left;
            told.push(said.text.map_or(Cow::Borrowed(slots[i]), Cow::Owned));
        }
        let mut out = String::new();
        for piece in &template.chinese {
            match piece {
                Piece::Text(words) => out.push_str(words),
                Piece::Slot { name, .. } => {
                    let at = places.iter().position(|(own, _)| own == name);
                    out.push_str(at.and_then(|at| told.get(at)).map_or("", |t| t));
                }
            }
        }
        Told { text: Some(out), left }
    }

    /// Where the second of two phrases begins that stand together without a word between them.
    fn cut(&mut self, text: &str, deep: usize) -> Option<usize> {
        let mut inside = false;
        for (at, c) in text.char_indices() {
            inside ^= c == '`';
            if inside || !matches!(c, ' ' | ',' | ';') || self.tries >= MOST_TRIES {
                continue;
            }
            let table = &*TABLE;
            let behind = &text[at..];
            self.tries += 1;
            let known =
                table.exact.contains_key(behind) || table.endings.iter().any(|at| table.templates[*at].fit(behind).is_some());
            if known && self.say(behind, deep + 1).left == 0 {
                return Some(at);
            }
        }
        None
    }

    /// Phrases in a row.
    fn series(&mut self, text: &str, deep: usize) -> Option<Told> {
        for (between, chinese) in [("; ", "；"), (": ", "："), (", ", "，"), (" and ", "和"), (" or ", "或"), (" (", "（")]
        {
            let mut parts = Vec::new();
            let mut from = 0;
            for at in outside_of_quotes(text, between) {
                parts.push(&text[from..at]);
                from = at + between.len();
            }
            if parts.is_empty() || self.tries >= MOST_TRIES {
                continue;
            }
            parts.push(&text[from..]);
            self.tries += 1;
            let (mut out, mut left, mut any) = (String::new(), 0, false);
            for (i, part) in parts.into_iter().enumerate() {
                // A bracket ends what it began.
                let (part, end) = match part.strip_suffix(')') {
                    Some(part) if between == " (" => (part, "）"),
                    _ => (part, ""),
                };
                let said = self.say(part, deep + 1);
                left += said.left;
                any |= said.text.is_some();
                super::push_joined(&mut out, if i > 0 { chinese } else { "" }, said.text.as_deref().unwrap_or(part));
                out.push_str(end);
            }
            if any && left < english_in(text) {
                return Some(Told { text: Some(out), left });
            }
        }
        None
    }
}

/// The name of a slot that holds places, as [`crate::model::Place`] writes them, with ` or ` between them.
const PLACES: &str = "places";

/// `US-VA or NL` with the names of the countries.
fn with_countries(text: &str) -> String {
    let name = |place: &str| match place.get(..2).and_then(places::country) {
        Some(country) => format!("{}（{place}）", places::name_zh(country)),
        None => place.to_owned(),
    };
    text.split(" or ").map(name).collect::<Vec<_>>().join("或")
}

fn quotes(text: &str) -> usize {
    text.bytes().filter(|b| *b == b'`').count()
}

/// Where `words` stand in a text, but for what it quotes.
fn outside_of_quotes<'t>(text: &'t str, words: &'t str) -> impl Iterator<Item = usize> + 't {
    let (mut counted, mut before) = (0, 0);
    text.match_indices(words).map(|(at, _)| at).filter(move |at| {
        before += quotes(&text[counted..*at]);
        counted = *at;
        before.is_multiple_of(2)
    })
}

/// Chinese has no spaces between its own words: takes out those that a filled place left.
fn closed_up(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut chars) = (false, text.chars().peekable());
    while let Some(c) = chars.next() {
        inside ^= c == '`';
        let between = c == ' ' && !inside && out.chars().next_back().is_none_or(super::is_wide);
        if !(between && chars.peek().is_none_or(|next| super::is_wide(*next))) {
            out.push(c);
        }
    }
    out
}

struct Table {
    /// What has no places.
    exact: HashMap<String, String>,
    /// The weightiest first.
    templates: Vec<Template>,
    /// Those of them that can only stand behind something.
    endings: Vec<usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { exact: HashMap::new(), templates: Vec::new(), endings: Vec::new() };
    for (english, chinese) in sections().into_values().flatten().chain(regions()).chain(resources()) {
        let pieces = pieces(&english);
        if let [Piece::Text(words)] = pieces.as_slice() {
            // A literal that no `format!` fills keeps its doubled braces.
            table.exact.insert(words.clone(), plain(&chinese));
            table.exact.insert(english, chinese);
            continue;
        }
        let weight = pieces.iter().map(|p| if let Piece::Text(words) = p { words.len() } else { 0 }).sum();
        table.templates.push(Template { pieces, chinese: self::pieces(&chinese), weight });
    }
    table.templates.sort_by_key(|t| std::cmp::Reverse(t.weight));
    let ends = |t: &Template| matches!(&t.pieces[0], Piece::Text(words) if words.starts_with([' ', ',', ';']));
    table.endings = (0..table.templates.len()).filter(|at| ends(&table.templates[*at])).collect();
    table
});

fn plain(template: &str) -> String {
    pieces(template).into_iter().map(|p| if let Piece::Text(words) = p { words } else { String::new() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_cut_as_format_cuts_them() {
        assert_eq!(slots_of("`{}` of {name}: {0:?} {{x}} {a,b} {"), ["0", "name", "0"]);
        assert_eq!(plain("a {{ }} {a,b} {"), "a { } {a,b} {");
    }

    #[test]
    fn a_sentence_is_known_by_its_template() {
        assert_eq!(zh("the zone `a b` has no file"), "DNS 区 `a b` 没有文件");
        // What looks like a template in a name is a name.
        assert_eq!(zh("the zone `x` has no file, the zone `y` has no file"), "DNS 区 `x` 没有文件，DNS 区 `y` 没有文件");
        assert_eq!(
            zh("upstream `which is empty` has no servers in the files that were read"),
            "所读文件中上游 `which is empty` 没有服务器"
        );
        // A phrase within a phrase.
        assert_eq!(zh("the zone `x` is empty"), "DNS 区 `x` 为空");
        assert_eq!(
            zh(
                "`Calls` may have its keys somewhere that cannot be told: it depends on condition `Prod`, and parameter `Stage` has no value"
            ),
            "`Calls` 其密钥可能位于无法得知之处：它取决于条件 `Prod`，且参数 `Stage` 没有值"
        );
        assert_eq!(zh("`f.lua` was met"), "`f.lua` was met");
        assert_eq!(english_in("what `is this` of 国 aaa"), 0);
        assert_eq!(english_in("what is this"), 3);
    }

    #[test]
    fn hostile_text_costs_little() {
        for unit in ["and {} and ", "` is `", "when when ", "a, or b; c: ", "(", "网 "] {
            let text = unit.repeat(LONGEST / unit.len());
            let start = std::time::Instant::now();
            zh(&text);
            assert!(start.elapsed().as_secs() < 5, "{unit}");
        }
    }
}
