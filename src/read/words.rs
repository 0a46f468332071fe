//! The words of a format and what each means for where data goes: one table for each reader, by which the reader decides and
//! which `onshore explain FORMAT` and the pages under `data/formats` show. A word in no table could route, so it is a gap.

use std::collections::BTreeMap;

use crate::vocab::suggest;

/// What comes of a word that stands in no list.
pub const UNLISTED: &str =
    "A word that stands in no list could route, so it is a gap with its line; `*` in a word stands for any text";
/// Said of a format without such words.
pub const WORDLESS: &str =
    "It has no words of its own to route by: what it lists is placed, and what cannot be placed is a gap";

/// What comes of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Becomes endpoints, routes or conditions on them; a gap where its value cannot be followed.
    Followed,
    /// Cannot change where data goes.
    Harmless,
    /// Can change where data goes and is not followed: always a gap.
    Refused,
}

impl Effect {
    pub fn title(self) -> &'static str {
        match self {
            Self::Followed => "Followed",
            Self::Harmless => "Cannot change where data goes",
            Self::Refused => "Always a gap",
        }
    }
}

/// The words of one part of a format: a section, a block, a message, a kind of object. Each list is parted by white space; a `*`
/// in a word stands for any text, and a word that is written out goes before it.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub part: &'static str,
    pub followed: &'static str,
    pub harmless: &'static str,
    pub refused: &'static str,
}

impl Words {
    /// Each list with what comes of its words.
    pub fn lists(&self) -> [(Effect, &'static str); 3] {
        [(Effect::Followed, self.followed), (Effect::Harmless, self.harmless), (Effect::Refused, self.refused)]
    }
}

/// The same words, ready to be asked for.
#[derive(Debug)]
pub struct Vocabulary(BTreeMap<&'static str, Part>);

#[derive(Debug, Default)]
struct Part {
    words: BTreeMap<&'static str, Effect>,
    /// Words with a `*`, as what stands before and after it.
    patterns: Vec<(&'static str, &'static str, Effect)>,
}

impl Vocabulary {
    pub fn of(table: &'static [Words]) -> Self {
        let mut parts: BTreeMap<_, Part> = BTreeMap::new();
        for words in table {
            let part = parts.entry(words.part).or_default();
            for (effect, list) in words.lists() {
                for word in list.split_whitespace() {
                    match word.split_once('*') {
                        Some((before, after)) => part.patterns.push((before, after, effect)),
                        None => _ = part.words.insert(word, effect),
                    }
                }
            }
        }
        Self(parts)
    }

    /// `None`: not a word of this part as far as is known here.
    pub fn effect(&self, part: &str, word: &str) -> Option<Effect> {
        let part = self.0.get(part)?;
        let fits = |before: &str, after: &str| word.strip_prefix(before).is_some_and(|rest| rest.ends_with(after));
        let by_pattern = || part.patterns.iter().find(|(before, after, _)| fits(before, after)).map(|(_, _, effect)| *effect);
        part.words.get(word).copied().or_else(by_pattern)
    }

    /// The words of a part that are written out.
    pub fn words(&self, part: &str) -> impl Iterator<Item = &'static str> {
        self.0.get(part).into_iter().flat_map(|part| part.words.keys().copied())
    }

    /// The known word of this part that a misspelt one is nearest to.
    pub fn nearest(&self, part: &str, word: &str) -> Option<&'static str> {
        suggest(word, self.words(part))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::read::READERS;

    /// A word that two lists of one part hold would be followed here and harmless there.
    #[test]
    fn no_word_means_two_things() {
        for reader in READERS {
            let mut seen = BTreeSet::new();
            for words in reader.words() {
                for word in words.lists().iter().flat_map(|(_, list)| list.split_whitespace()) {
                    assert!(seen.insert((words.part, word)), "{}: `{word}` stands twice in {}", reader.format(), words.part);
                }
            }
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        static TABLE: &[Words] = &[Words { part: "a", followed: "tune.lua", harmless: "tune.* x", refused: "*_by_lua" }];
        let words = Vocabulary::of(TABLE);
        for (word, expected) in [
            ("tune.lua", Some(Effect::Followed)),
            ("tune.maxconn", Some(Effect::Harmless)),
            ("set_by_lua", Some(Effect::Refused)),
            ("tune", None),
        ] {
            assert_eq!(words.effect("a", word), expected, "{word}");
        }
        assert_eq!((words.effect("b", "x"), words.nearest("a", "tune.lau")), (None, Some("tune.lua")));
    }
}
