//! The words of a format and what each means for where data goes: one table for each reader, by which the reader decides and
//! which `onshore explain FORMAT` and the pages under `data/formats` show. A word in no table could route, so it is a gap.

use std::collections::BTreeMap;

use crate::vocab::suggest;

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

/// The words of one part of a format: a section, a block, a message, a kind of object. Each list is parted by white space.
#[derive(Debug)]
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
pub struct Vocabulary(BTreeMap<&'static str, BTreeMap<&'static str, Effect>>);

impl Vocabulary {
    pub fn of(table: &'static [Words]) -> Self {
        let mut parts: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for words in table {
            let part = parts.entry(words.part).or_default();
            for (effect, list) in words.lists() {
                part.extend(list.split_whitespace().map(|word| (word, effect)));
            }
        }
        Self(parts)
    }

    /// `None`: not a word of this part as far as is known here.
    pub fn effect(&self, part: &str, word: &str) -> Option<Effect> {
        self.0.get(part)?.get(word).copied()
    }

    /// The known word of this part that a misspelt one is nearest to.
    pub fn nearest(&self, part: &str, word: &str) -> Option<&'static str> {
        suggest(word, self.0.get(part)?.keys().copied())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
}
